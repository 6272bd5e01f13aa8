//! Mean and variance of a stream of numbers.

/// Running mean and sum of squared deviations (Welford 1962), without storing the numbers.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Moments {
    n: u64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Takes in one more number.
    #[inline]
    pub fn add(&mut self, value: f64) {
        self.n += 1;
        let before = value - self.mean;
        // A value at the mean changes neither sum; most metrics of most trials are zero.
        if before == 0.0 {
            return;
        }
        self.mean += before / self.n as f64;
        self.squares += before * (value - self.mean);
    }

    /// How many numbers there were.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// Their mean; 0 for none.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Whether there were numbers, all of them zero.
    pub fn is_all_zero(&self) -> bool {
        self.n > 0 && self.mean == 0.0 && self.squares == 0.0
    }

    /// Their sample standard deviation; `None` for fewer than two.
    pub fn sd(&self) -> Option<f64> {
        (self.n > 1).then(|| (self.squares / (self.n - 1) as f64).sqrt())
    }

    /// Standard error of the mean; `None` for fewer than two.
    pub fn standard_error(&self) -> Option<f64> {
        self.sd().map(|sd| sd / (self.n as f64).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::Moments;

    #[test]
    fn moments_of_a_small_sample_are_those_by_hand() {
        let mut moments = Moments::default();
        assert_eq!((moments.n(), moments.mean(), moments.sd()), (0, 0.0, None));
        for value in [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0] {
            moments.add(value);
        }
        assert_eq!(moments.mean(), 5.0);
        // Squared deviations sum to 32; the sample variance is 32 / 7.
        assert!((moments.sd().expect("eight numbers") - (32.0f64 / 7.0).sqrt()).abs() < 1e-15);
    }
}
