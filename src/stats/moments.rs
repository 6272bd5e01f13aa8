//! The first four moments of a stream of numbers.

use serde::{Deserialize, Serialize};

/// Running moments of a stream of numbers, without storing the numbers.
///
/// Zeros are only counted: most metrics of most trials are zero. Of the other numbers the mean
/// and the sums of the second to fourth power of their deviations from it are kept up to date, by
/// the formulas of Pébay, "Formulas for robust, one-pass parallel computation of covariances and
/// arbitrary-order statistical moments", SAND2008-6212, 2008. A merge is a function of its two
/// sides: merged in the same order, the same parts give the same bits.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Moments {
    zeros: u64,
    others: Central,
}

/// Numbers by their count, mean and sums of powers of the deviations from it.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
struct Central {
    n: u64,
    mean: f64,
    squares: f64,
    cubes: f64,
    fourths: f64,
}

impl Moments {
    /// Takes in one more number.
    #[inline]
    pub fn add(&mut self, value: f64) {
        if value == 0.0 {
            self.zeros += 1;
        } else {
            self.others.add(value);
        }
    }

    /// Takes in all numbers of `other`.
    pub fn merge(&mut self, other: &Moments) {
        self.zeros += other.zeros;
        self.others = self.others.and(&other.others);
    }

    /// Takes in so many zeros.
    pub fn add_zeros(&mut self, count: u64) {
        self.zeros += count;
    }

    /// How many numbers there were.
    pub fn n(&self) -> u64 {
        self.zeros + self.others.n
    }

    /// How many of them were not zero.
    pub fn n_nonzero(&self) -> u64 {
        self.others.n
    }

    /// Those of the numbers that are not zero.
    pub fn nonzero(&self) -> Moments {
        Moments { zeros: 0, ..*self }
    }

    /// Their mean; 0 for none.
    pub fn mean(&self) -> f64 {
        self.all().mean
    }

    /// Whether there were numbers, all of them zero.
    pub fn is_all_zero(&self) -> bool {
        self.zeros > 0 && self.others.n == 0
    }

    /// Whether there were numbers, all of them the same.
    pub fn is_constant(&self) -> bool {
        self.n() > 0 && self.all().squares == 0.0
    }

    /// Their sample standard deviation; `None` for fewer than two.
    pub fn sd(&self) -> Option<f64> {
        (self.n() > 1).then(|| (self.all().squares / (self.n() - 1) as f64).sqrt())
    }

    /// Standard error of the mean; `None` for fewer than two.
    pub fn standard_error(&self) -> Option<f64> {
        self.sd().map(|sd| sd / (self.n() as f64).sqrt())
    }

    /// Their skewness, the third moment over the cube of the standard deviation (both with the
    /// divisor n); `None` where all are the same.
    pub fn skewness(&self) -> Option<f64> {
        let all = self.all();
        let variance = all.squares / all.n as f64;
        (all.squares > 0.0).then(|| all.cubes / all.n as f64 / variance.powf(1.5))
    }

    /// Their kurtosis, the fourth moment over the square of the variance (both with the divisor
    /// n): 3 for a normal law; `None` where all are the same.
    pub fn kurtosis(&self) -> Option<f64> {
        let all = self.all();
        let variance = all.squares / all.n as f64;
        (all.squares > 0.0).then(|| all.fourths / all.n as f64 / (variance * variance))
    }

    /// The zeros taken together with the other numbers.
    fn all(&self) -> Central {
        let zeros = Central { n: self.zeros, ..Central::default() };
        zeros.and(&self.others)
    }
}

impl Central {
    #[inline]
    fn add(&mut self, value: f64) {
        let before = self.n as f64;
        self.n += 1;
        let n = self.n as f64;
        let delta = value - self.mean;
        // Numbers that are all the same keep their mean to the bit, and sums of zero.
        if delta == 0.0 {
            return;
        }
        let step = delta / n;
        let square = delta * step * before;
        self.mean += step;
        self.fourths += square * step * step * (n * n - 3.0 * n + 3.0)
            + 6.0 * step * step * self.squares
            - 4.0 * step * self.cubes;
        self.cubes += square * step * (n - 2.0) - 3.0 * step * self.squares;
        self.squares += square;
    }

    /// Both together.
    fn and(&self, other: &Central) -> Central {
        if self.n == 0 {
            return *other;
        }
        if other.n == 0 {
            return *self;
        }
        let (a, b) = (self.n as f64, other.n as f64);
        let n = a + b;
        let delta = other.mean - self.mean;
        let step = delta / n;
        let square = delta * step * a * b;
        Central {
            n: self.n + other.n,
            mean: self.mean + step * b,
            squares: self.squares + other.squares + square,
            cubes: self.cubes
                + other.cubes
                + square * step * (a - b)
                + 3.0 * step * (a * other.squares - b * self.squares),
            fourths: self.fourths
                + other.fourths
                + square * step * step * (a * a - a * b + b * b)
                + 6.0 * step * step * (a * a * other.squares + b * b * self.squares)
                + 4.0 * step * (a * other.cubes - b * self.cubes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Moments;

    fn of(values: &[f64]) -> Moments {
        let mut moments = Moments::default();
        for value in values {
            moments.add(*value);
        }
        moments
    }

    fn close(got: Option<f64>, expected: f64) {
        let got = got.expect("there is one");
        assert!((got - expected).abs() <= 1e-12 * expected.abs(), "{got} instead of {expected}");
    }

    #[test]
    fn moments_of_a_small_sample_are_those_by_hand() {
        let none = Moments::default();
        assert_eq!((none.n(), none.mean(), none.sd()), (0, 0.0, None));
        assert!(!none.is_all_zero() && !none.is_constant());
        let moments = of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]);
        assert_eq!(moments.mean(), 5.0);
        // Deviations: -3, -1, -1, -1, 0, 0, 2, 4. Their squares sum to 32, their cubes to 42,
        // their fourth powers to 356.
        close(moments.sd(), (32.0f64 / 7.0).sqrt());
        close(moments.standard_error(), (32.0f64 / 56.0).sqrt());
        close(moments.skewness(), 42.0 / 8.0 / 8.0);
        close(moments.kurtosis(), 356.0 / 8.0 / 16.0);
    }

    #[test]
    fn zeros_count_like_any_other_number() {
        // Deviations from the mean 1: five of -1, one each of 0, 1 and 5, and their sums are
        // 31 squares, 121 cubes, 631 fourth powers.
        let moments = of(&[0.0, 1.0, 0.0, 0.0, 6.0, 0.0, 2.0, -1.0, 1.0, 1.0]);
        assert_eq!((moments.n(), moments.n_nonzero(), moments.mean()), (10, 6, 1.0));
        let deviations: [f64; 10] = [-1.0, 0.0, -1.0, -1.0, 5.0, -1.0, 1.0, -2.0, 0.0, 0.0];
        let sum = |power: i32| deviations.iter().map(|d| d.powi(power)).sum::<f64>();
        close(moments.sd(), (sum(2) / 9.0).sqrt());
        close(moments.skewness(), sum(3) / 10.0 / (sum(2) / 10.0f64).powf(1.5));
        close(moments.kurtosis(), sum(4) / 10.0 / (sum(2) / 10.0).powi(2));
    }

    #[test]
    fn merging_is_adding_all() {
        // A fixed sequence without structure, a third of it zeros, with a large offset.
        let mut word = 1u64;
        let values: Vec<f64> = (0..3_000)
            .map(|_| {
                word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let u = (word >> 11) as f64 / (1u64 << 53) as f64;
                if u < 0.33 { 0.0 } else { 1e3 + u.powi(8) * 1e4 }
            })
            .collect();
        let whole = of(&values);
        let mut parts = Moments::default();
        for part in values.chunks(700) {
            parts.merge(&of(part));
        }
        parts.merge(&Moments::default());
        assert_eq!((parts.n(), parts.n_nonzero()), (whole.n(), whole.n_nonzero()));
        close(Some(parts.mean()), whole.mean());
        close(parts.sd(), whole.sd().expect("many"));
        close(parts.skewness(), whole.skewness().expect("many"));
        close(parts.kurtosis(), whole.kurtosis().expect("many"));
        // And to the definition.
        let mean = values.iter().sum::<f64>() / 3_000.0;
        let sum = |power: i32| values.iter().map(|v| (v - mean).powi(power)).sum::<f64>();
        close(whole.kurtosis(), 3_000.0 * sum(4) / sum(2).powi(2));
    }

    #[test]
    fn equal_numbers_have_no_spread_to_the_bit() {
        let value = 0.1 + 0.2;
        let mut moments = of(&[value; 7]);
        moments.merge(&of(&[value; 1_000]));
        assert!(moments.is_constant() && !moments.is_all_zero());
        assert_eq!((moments.mean(), moments.sd()), (value, Some(0.0)));
        assert_eq!((moments.skewness(), moments.kurtosis()), (None, None));
        moments.merge(&of(&[0.0]));
        assert!(!moments.is_constant());
        let zeros = of(&[0.0, -0.0]);
        assert!(zeros.is_all_zero() && zeros.is_constant());
    }
}
