//! A ratio of two sums over trials, such as the mean length of an outage.

use serde::{Deserialize, Serialize};

use crate::stats::intervals::{Cumulants, skewed};
use crate::stats::level::{Estimate, Level};
use crate::stats::probability::between_betas;

/// Sums of a numerator and a denominator per trial, for the ratio of their totals.
///
/// The outages of one trial depend on each other and their number is random, so the mean length
/// of an outage is not a mean of independent numbers: trials are independent, and the ratio of
/// two sums over trials has an interval by the delta method (renewal-reward; Cochran, "Sampling
/// techniques", 1977, chapter 6). Both parts are never negative, and a trial whose denominator is
/// zero has a numerator of zero.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct RatioMoments {
    /// Trials with a denominator above zero.
    trials: u64,
    numerator: f64,
    denominator: f64,
    numerator_squares: f64,
    products: f64,
    denominator_squares: f64,
    /// Sums of x³, x²y, xy², y³ for a numerator x and a denominator y.
    cubes: [f64; 4],
}

/// The fewest trials with a denominator above zero whose ratio is given an interval.
const MIN_TRIALS: u64 = 100;

impl RatioMoments {
    /// Takes in one more trial.
    #[inline]
    pub fn add(&mut self, numerator: f64, denominator: f64) {
        if denominator == 0.0 {
            return;
        }
        self.trials += 1;
        self.numerator += numerator;
        self.denominator += denominator;
        self.numerator_squares += numerator * numerator;
        self.products += numerator * denominator;
        self.denominator_squares += denominator * denominator;
        let cubes = [
            numerator * numerator * numerator,
            numerator * numerator * denominator,
            numerator * denominator * denominator,
            denominator * denominator * denominator,
        ];
        for (sum, cube) in self.cubes.iter_mut().zip(cubes) {
            *sum += cube;
        }
    }

    /// Takes in all trials of `other`.
    pub fn merge(&mut self, other: &RatioMoments) {
        self.trials += other.trials;
        self.numerator += other.numerator;
        self.denominator += other.denominator;
        self.numerator_squares += other.numerator_squares;
        self.products += other.products;
        self.denominator_squares += other.denominator_squares;
        for (sum, cube) in self.cubes.iter_mut().zip(other.cubes) {
            *sum += cube;
        }
    }

    /// Trials with a denominator above zero.
    pub fn trials(&self) -> u64 {
        self.trials
    }

    /// The total of the numerators.
    pub fn numerator(&self) -> f64 {
        self.numerator
    }

    /// The total of the denominators.
    pub fn denominator(&self) -> f64 {
        self.denominator
    }

    /// How many independent units the denominators are worth if the units of one trial are
    /// entirely alike: (Σm)² / Σm² (Kish, "Survey sampling", 1965); 0 for none.
    pub fn effective_n(&self) -> f64 {
        match self.trials {
            0 => 0.0,
            _ => self.denominator * self.denominator / self.denominator_squares,
        }
    }

    /// The ratio of the totals; `None` when the denominator is all zero.
    pub fn estimate(&self, level: Level) -> Option<Estimate> {
        let value = (self.trials > 0).then(|| self.numerator / self.denominator)?;
        if self.trials < MIN_TRIALS {
            return Some(Estimate::unbounded(value));
        }
        let variance = self.variance(value);
        if variance == 0.0 {
            return Some(Estimate { value, low: Some(value), high: Some(value) });
        }
        let cumulants = Cumulants { variance, third: self.third(value) };
        if cumulants.hang_on_few() {
            return Some(Estimate::unbounded(value));
        }
        let interval = skewed(value, cumulants, level.t((self.trials - 1) as f64));
        Some(Estimate { low: interval.low.map(|low| low.max(0.0)), ..interval })
    }

    /// The ratio where the numerator counts some of what the denominator counts, such as the
    /// outages that were too long; `None` when the denominator is all zero.
    ///
    /// The interval is that of Clopper and Pearson for the number of independent units with the
    /// same variance (Korn and Graubard, "Confidence intervals for proportions with small
    /// expected number of positive counts estimated from survey data", Survey Methodology 24,
    /// 1998), at most as many as there are. It has a width even when none or all were counted.
    pub fn share(&self, level: Level) -> Option<Estimate> {
        let value = (self.trials > 0).then(|| (self.numerator / self.denominator).min(1.0))?;
        let variance = self.variance(value);
        let spread = value * (1.0 - value);
        let effective = match variance > 0.0 && spread > 0.0 {
            true => {
                // Few trials know their variance badly: t instead of z, on either side.
                let student = level.z() / level.t((self.trials - 1) as f64);
                (spread / variance * student * student).clamp(1.0, self.denominator.max(1.0))
            }
            false => self.effective_n().max(1.0),
        };
        let interval = between_betas(value * effective, effective, level);
        Some(Estimate { value, ..interval })
    }

    /// Variance of the ratio, which is `ratio`; 0 for a single trial.
    fn variance(&self, ratio: f64) -> f64 {
        // What rounding leaves of squares that cancel, relative to the squares.
        const ROUNDING: f64 = 1e-12;
        let residuals = self.numerator_squares - 2.0 * ratio * self.products
            + ratio * ratio * self.denominator_squares;
        if self.trials < 2 || residuals <= ROUNDING * self.numerator_squares {
            return 0.0;
        }
        let n = self.trials as f64;
        residuals * n / (n - 1.0) / (self.denominator * self.denominator)
    }

    /// Third cumulant of the ratio, which is `ratio`.
    fn third(&self, ratio: f64) -> f64 {
        let [xxx, xxy, xyy, yyy] = self.cubes;
        let residuals = xxx - 3.0 * ratio * xxy + 3.0 * ratio * ratio * xyy - ratio.powi(3) * yyy;
        residuals / self.denominator.powi(3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(f64, f64)]) -> RatioMoments {
        let mut moments = RatioMoments::default();
        for (numerator, denominator) in pairs {
            moments.add(*numerator, *denominator);
        }
        moments
    }

    fn close(got: Option<f64>, expected: f64) {
        let got = got.expect("there is one");
        assert!((got - expected).abs() < 1e-6 * expected.abs(), "{got} instead of {expected}");
    }

    #[test]
    fn a_ratio_is_that_by_hand() {
        // Fifty times (10 of 1, 50 of 2): 3,000 of 150, ratio 20; residuals -10 and 10, so their
        // squares sum to 10,000 and their cubes to 0; t(99) = 1.984217.
        let moments = of(&[(10.0, 1.0), (50.0, 2.0), (0.0, 0.0)].repeat(50));
        let ratio = moments.estimate(Level::default()).expect("150 outages");
        assert_eq!((moments.trials(), ratio.value), (100, 20.0));
        let half = 1.984_217 * (10_000.0f64 * 100.0 / 99.0 / 22_500.0).sqrt();
        close(ratio.low, 20.0 - half);
        close(ratio.high, 20.0 + half);
        close(Some(moments.effective_n()), 22_500.0 / 250.0);
    }

    #[test]
    fn a_few_long_outages_move_the_upper_end_out() {
        let moments = of(&[vec![(1.0, 1.0); 95], vec![(20.0, 1.0); 5]].concat());
        let ratio = moments.estimate(Level::default()).expect("a hundred");
        let (low, high) = (ratio.low.expect("bounded"), ratio.high.expect("bounded"));
        assert!(high - ratio.value > 1.5 * (ratio.value - low), "{ratio:?}");
    }

    #[test]
    fn a_ratio_needs_a_denominator_and_evidence() {
        let level = Level::default();
        assert_eq!(of(&[(0.0, 0.0)]).estimate(level), None);
        assert_eq!(of(&[(0.0, 0.0)]).share(level), None);
        assert_eq!(of(&[(6.0, 2.0); 99]).estimate(level), Some(Estimate::unbounded(3.0)));
        let fixed = of(&[(0.3, 1.0), (0.1 + 0.2 + 0.3, 2.0)].repeat(50)).estimate(level);
        assert_eq!(fixed.expect("many").half_width(), Some(0.0));
    }

    #[test]
    fn merging_is_adding_all() {
        let pairs: Vec<(f64, f64)> =
            (0..100).map(|n| (f64::from(n * n % 17), f64::from(n % 3))).collect();
        let pairs: Vec<(f64, f64)> =
            pairs.into_iter().map(|(x, y)| (if y == 0.0 { 0.0 } else { x }, y)).collect();
        let mut parts = of(&pairs[..30]);
        parts.merge(&of(&pairs[30..]));
        assert_eq!(parts, of(&pairs), "small whole numbers add up exactly");
    }

    #[test]
    fn a_share_of_independent_units_is_a_probability() {
        // One outage per trial, 50 of 1,000 too long. The design effect is 1 but for n/(n-1) and
        // for t in the place of z: nearly Clopper and Pearson's (0.037354, 0.065391).
        let moments = of(&[vec![(1.0, 1.0); 50], vec![(0.0, 1.0); 950]].concat());
        let share = moments.share(Level::default()).expect("a thousand");
        assert_eq!(share.value, 0.05);
        assert!((share.low.expect("bounded") - 0.037_354).abs() < 1e-4, "{share:?}");
        assert!((share.high.expect("bounded") - 0.065_391).abs() < 1e-4, "{share:?}");
    }

    #[test]
    fn a_share_of_none_or_all_is_not_certain() {
        let level = Level::default();
        // Ten trials of 3 outages are taken for ten independent outages: 1 - 0.025^(1/10).
        let none = of(&[(0.0, 3.0); 10]).share(level).expect("thirty");
        assert_eq!((none.value, none.low), (0.0, Some(0.0)));
        close(none.high, 1.0 - 0.025f64.powf(0.1));
        let all = of(&[(3.0, 3.0); 10]).share(level).expect("thirty");
        assert_eq!((all.value, all.high), (1.0, Some(1.0)));
        close(all.low, 0.025f64.powf(0.1));
        let one = of(&[(1.0, 2.0)]).share(level).expect("two");
        assert!(one.low < Some(0.05) && one.high > Some(0.95), "{one:?}");
    }
}
