//! How sure an interval is, and what a statistic with its interval looks like.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// Confidence level of an interval: the share of batches whose interval holds the true value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Level(f64);

impl Level {
    /// A level of at least a half and less than one; `None` for any other number.
    pub fn new(level: f64) -> Option<Self> {
        (0.5..1.0).contains(&level).then_some(Level(level))
    }

    /// The level as a share.
    pub fn get(self) -> f64 {
        self.0
    }

    /// The share of batches that an interval may miss on either side.
    pub fn tail(self) -> f64 {
        0.5 * (1.0 - self.0)
    }

    /// The two-sided quantile of the normal law: 1.96 at 95 %.
    pub fn z(self) -> f64 {
        -Normal::standard().inverse_cdf(self.tail())
    }

    /// The two-sided quantile of Student's t, for `freedom > 0` degrees of freedom; for many of
    /// them by its expansion around the normal quantile (Abramowitz and Stegun 26.7.5).
    pub fn t(self, freedom: f64) -> f64 {
        const MANY: f64 = 400.0;
        if freedom <= MANY {
            let t = StudentsT::new(0.0, 1.0, freedom).expect("some degrees of freedom");
            return -t.inverse_cdf(self.tail());
        }
        let z = self.z();
        let s = z * z;
        let first = z * (s + 1.0) / 4.0;
        let second = z * ((5.0 * s + 16.0) * s + 3.0) / 96.0;
        let third = z * (((3.0 * s + 19.0) * s + 17.0) * s - 15.0) / 384.0;
        z + (first + (second + third / freedom) / freedom) / freedom
    }
}

impl Default for Level {
    /// 95 %.
    fn default() -> Self {
        Level(0.95)
    }
}

/// A statistic with its interval.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Estimate {
    /// The statistic.
    pub value: f64,
    /// Lower end; `None` if the data cannot bound it.
    pub low: Option<f64>,
    /// Upper end; `None` if the data cannot bound it.
    pub high: Option<f64>,
}

impl Estimate {
    /// A statistic without an interval.
    pub fn unbounded(value: f64) -> Self {
        Estimate { value, low: None, high: None }
    }

    /// Half the width of the interval; `None` if an end is missing.
    pub fn half_width(&self) -> Option<f64> {
        Some(0.5 * (self.high? - self.low?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_at_least_a_half_and_less_than_one() {
        for wrong in [-0.1, 0.0, 0.49, 1.0, 95.0, f64::NAN] {
            assert_eq!(Level::new(wrong), None);
        }
        let level = Level::new(0.9).expect("a level");
        assert_eq!(level.get(), 0.9);
        assert!((level.tail() - 0.05).abs() < 1e-15);
        assert_eq!(Level::default().get(), 0.95);
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        let level = Level::default();
        assert!((level.z() - 1.959_964).abs() < 1e-6);
        assert!((level.t(1.0) - 12.706_2).abs() < 1e-4);
        assert!((level.t(10.0) - 2.228_139).abs() < 1e-6);
        assert!((Level::new(0.99).expect("a level").t(30.0) - 2.749_996).abs() < 1e-6);
        // Where the expansion begins there is no step to be seen, however small the error.
        for level in [0.5, 0.95, 0.999_999] {
            let level = Level::new(level).expect("a level");
            let (last, first) = (level.t(400.0), level.t(400.0 + 1e-9));
            assert!((last - first).abs() < 1e-7 * last, "{last} and {first}");
        }
    }

    #[test]
    fn half_a_width_needs_both_ends() {
        let estimate = Estimate { value: 2.0, low: Some(1.0), high: Some(4.0) };
        assert_eq!(estimate.half_width(), Some(1.5));
        assert_eq!(Estimate { high: None, ..estimate }.half_width(), None);
    }
}
