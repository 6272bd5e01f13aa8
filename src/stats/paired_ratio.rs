//! The ratio of two means, of numbers that come in pairs.

use serde::{Deserialize, Serialize};

use crate::stats::level::{Estimate, Level};

/// Pairs of numbers that are never negative, for the ratio of their means: of probabilities that
/// the same replications estimate under two policies.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct PairedRatio {
    n: u64,
    means: [f64; 2],
    squares: [f64; 2],
    products: f64,
}

/// The fewest pairs whose ratio is given an interval.
const MIN_PAIRS: u64 = 200;

impl PairedRatio {
    /// Takes in one more pair.
    pub fn add(&mut self, numerator: f64, denominator: f64) {
        self.merge(&PairedRatio {
            n: 1,
            means: [numerator, denominator],
            ..PairedRatio::default()
        });
    }

    /// Takes in all pairs of `other` (Chan, Golub and LeVeque 1983).
    pub fn merge(&mut self, other: &PairedRatio) {
        if other.n == 0 {
            return;
        }
        let (mine, theirs) = (self.n as f64, other.n as f64);
        let n = mine + theirs;
        let gaps = [0, 1].map(|side| other.means[side] - self.means[side]);
        let between = mine * theirs / n;
        for (side, gap) in gaps.into_iter().enumerate() {
            self.means[side] += gap * theirs / n;
            self.squares[side] += other.squares[side] + gap * gap * between;
        }
        self.products += other.products + gaps[0] * gaps[1] * between;
        self.n += other.n;
    }

    /// The ratio of the means, with an interval that is symmetric in its logarithm: a probability
    /// ratio of 2 and one of 1/2 are the same statement (delta method; Cochran 1977, 6.4). Nothing
    /// where either mean is zero.
    pub fn estimate(&self, level: Level) -> Option<Estimate> {
        if self.means.iter().any(|mean| *mean <= 0.0) {
            return None;
        }
        let value = self.means[0] / self.means[1];
        if self.n < MIN_PAIRS {
            return Some(Estimate::unbounded(value));
        }
        let n = self.n as f64;
        let [a, b] = self.means;
        let [va, vb] = self.squares;
        let spread = va / (a * a) + vb / (b * b) - 2.0 * self.products / (a * b);
        let error = (spread.max(0.0) / (n - 1.0) / n).sqrt();
        let factor = (level.t(n - 1.0) * error).exp();
        Some(Estimate { value, low: Some(value / factor), high: Some(value * factor) })
    }

    /// The difference of the means, first less second, with its interval from the pairs.
    pub fn difference(&self, level: Level) -> Option<Estimate> {
        let value = self.means[0] - self.means[1];
        if self.n < MIN_PAIRS {
            return (self.n > 0).then(|| Estimate::unbounded(value));
        }
        let n = self.n as f64;
        let spread = self.squares[0] + self.squares[1] - 2.0 * self.products;
        let half = level.t(n - 1.0) * (spread.max(0.0) / (n - 1.0) / n).sqrt();
        Some(Estimate { value, low: Some(value - half), high: Some(value + half) })
    }

    /// What pairing is worth: the variance that two independent estimates would have, over the one
    /// that there is. Nothing where that is zero.
    pub fn gain(&self) -> Option<f64> {
        let [a, b] = self.means;
        let [va, vb] = self.squares;
        let apart = va / (a * a) + vb / (b * b);
        let paired = apart - 2.0 * self.products / (a * b);
        (paired > 0.0).then(|| apart / paired)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merged_or_not_the_pairs_say_the_same() {
        let pairs: Vec<(f64, f64)> =
            (0..400).map(|i| (1.0 + f64::from(i % 7), 2.0 + f64::from(i % 5))).collect();
        let of = |pairs: &[(f64, f64)]| {
            let mut ratio = PairedRatio::default();
            pairs.iter().for_each(|(a, b)| ratio.add(*a, *b));
            ratio
        };
        let mut merged = of(&pairs[..150]);
        merged.merge(&of(&pairs[150..]));
        let level = Level::new(0.95).expect("a level");
        let (one, two) = (of(&pairs).estimate(level), merged.estimate(level));
        let (one, two) = (one.expect("positive means"), two.expect("positive means"));
        assert!((one.value - two.value).abs() < 1e-12);
        let widths = [one, two].map(|e| e.half_width().expect("many pairs"));
        assert!((widths[0] / widths[1] - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_difference_of_pairs_is_that_of_their_differences() {
        let pairs = || (0..400).map(|i| (1.0 + f64::from(i % 7), 2.0 + f64::from(i % 5)));
        let (mut ratio, mut single) = (PairedRatio::default(), PairedRatio::default());
        pairs().for_each(|(a, b)| ratio.add(a, b));
        pairs().for_each(|(a, b)| single.add(a - b, 0.0));
        let level = Level::new(0.95).expect("a level");
        let [paired, single] =
            [ratio, single].map(|it| it.difference(level).expect("there are pairs"));
        assert!((paired.value - single.value).abs() < 1e-12);
        let [paired, single] = [paired, single].map(|it| it.half_width().expect("many pairs"));
        assert!(paired > 0.0 && (paired / single - 1.0).abs() < 1e-9);
        assert_eq!(PairedRatio::default().difference(level), None);
    }

    #[test]
    fn a_multiple_of_the_other_has_an_exact_ratio() {
        let mut ratio = PairedRatio::default();
        (1..=300).for_each(|i| ratio.add(3.0 * f64::from(i), f64::from(i)));
        let estimate = ratio.estimate(Level::new(0.95).expect("a level")).expect("a ratio");
        assert!((estimate.value - 3.0).abs() < 1e-12);
        assert!(estimate.half_width().expect("an interval") < 1e-6);
        let mut zero = PairedRatio::default();
        zero.add(0.0, 1.0);
        assert_eq!(zero.estimate(Level::new(0.95).expect("a level")), None);
    }
}
