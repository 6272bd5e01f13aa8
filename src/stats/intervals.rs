//! Intervals of means, of their differences, and of a standard deviation.

use crate::stats::level::{Estimate, Level};
use crate::stats::moments::Moments;

/// The fewest numbers whose mean is given an interval.
pub const MIN_N: u64 = 200;
/// The fewest of them that are not zero.
const MIN_NONZERO: u64 = 10;
/// The same where what some of them add others take away.
const MIN_NONZERO_OF_DIFFERENCE: u64 = 75;

/// The fewest numbers whose standard deviation is given an interval.
const MIN_N_OF_SD: u64 = 1_000;
/// The fewest of them that are not zero.
const MIN_NONZERO_OF_SD: u64 = 30;

/// The mean of numbers that are never negative, such as a metric's, with the interval of Hall
/// (see `skewed`).
pub fn mean(moments: &Moments, level: Level) -> Estimate {
    if moments.is_all_zero() {
        // Nothing says how rare the others are, or how large.
        return Estimate { value: 0.0, low: Some(0.0), high: None };
    }
    let mut estimate = mean_with(MIN_NONZERO, moments, level);
    // Too little evidence bounds it from below all the same.
    estimate.low = Some(estimate.low.map_or(0.0, |low| low.max(0.0)));
    estimate
}

/// The mean of numbers of either sign, such as the differences between two policies trial by
/// trial, with the interval of Hall.
///
/// Where few large differences of either sign carry the variance, their skewness is little more
/// than chance, and the interval is that of Student, which is wide enough for heavy tails; where
/// hardly any do, there is none.
pub fn signed_mean(moments: &Moments, level: Level) -> Estimate {
    const MANY: f64 = 50.0;
    const ENOUGH: f64 = 5.0;
    // As many numbers of the same size would have this kurtosis.
    let carriers = moments.kurtosis().map_or(f64::INFINITY, |it| moments.n() as f64 / it);
    let estimate = mean_with(MIN_NONZERO_OF_DIFFERENCE, moments, level);
    if estimate.half_width().is_none() || carriers >= MANY {
        return estimate;
    }
    match moments.standard_error().filter(|_| carriers >= ENOUGH) {
        Some(error) => {
            let half = error * level.t(carriers - 1.0);
            let value = moments.mean();
            Estimate { value, low: Some(value - half), high: Some(value + half) }
        }
        None => Estimate::unbounded(moments.mean()),
    }
}

fn mean_with(min_nonzero: u64, moments: &Moments, level: Level) -> Estimate {
    let value = moments.mean();
    if moments.n() > 1 && moments.is_constant() && !moments.is_all_zero() {
        return Estimate { value, low: Some(value), high: Some(value) };
    }
    match Cumulants::of_mean(moments, min_nonzero).filter(|it| !it.hang_on_few()) {
        Some(cumulants) => skewed(value, cumulants, level.t((moments.n_nonzero() - 1) as f64)),
        None => Estimate::unbounded(value),
    }
}

/// Estimated second and third cumulant of an estimator that is nearly normal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cumulants {
    pub variance: f64,
    pub third: f64,
}

impl Cumulants {
    /// The skewness of the estimator.
    fn lean(&self) -> f64 {
        self.third / (self.variance * self.variance.sqrt())
    }

    /// Whether so few numbers carry the variance that those not seen yet may carry more: one alone
    /// gives a lean of 1, and k alike the root of 1/k. Counting what is not zero does not show
    /// that where every number has a small part beside a rare large one.
    pub(super) fn hang_on_few(&self) -> bool {
        const MOST: f64 = 0.6;
        self.lean().abs() > MOST
    }

    /// Those of a mean that has enough evidence for an interval.
    fn of_mean(moments: &Moments, min_nonzero: u64) -> Option<Self> {
        if moments.n() < MIN_N || moments.n_nonzero() < min_nonzero {
            return None;
        }
        let error = moments.standard_error()?;
        let lean = moments.skewness().unwrap_or(0.0) / (moments.n() as f64).sqrt();
        Some(Cumulants { variance: error * error, third: lean * error * error * error })
    }
}

/// The interval around an estimate after the cubic transformation that takes the skewness out of
/// its studentised distribution (Hall, "On the removal of skewness by transformation", J. R. Stat.
/// Soc. B 54, 1992); `t` is the two-sided quantile of Student's t.
///
/// Student's t alone misses too often above where few trials make up the mean: see
/// `docs/statistics.md`.
pub(super) fn skewed(value: f64, cumulants: Cumulants, t: f64) -> Estimate {
    // Where the transformation is the identity but for rounding.
    const STRAIGHT: f64 = 1e-6;
    let error = cumulants.variance.sqrt();
    let lean = cumulants.lean();
    let inverse = |x: f64| match lean.abs() > STRAIGHT {
        true => 3.0 / lean * ((1.0 + lean * (x - lean / 6.0)).cbrt() - 1.0),
        false => x,
    };
    let (low, high) = (value - error * inverse(t), value - error * inverse(-t));
    Estimate { value, low: Some(low), high: Some(high) }
}

/// The mean of one batch less that of another as if the two were independent, with the degrees of
/// freedom of Welch 1947; to be printed beside the paired difference.
pub fn unpaired(this: &Moments, reference: &Moments, level: Level) -> Estimate {
    let value = this.mean() - reference.mean();
    let fixed = |moments: &Moments| moments.n() > 1 && moments.is_constant();
    if fixed(this) && fixed(reference) && !this.is_all_zero() && !reference.is_all_zero() {
        return Estimate { value, low: Some(value), high: Some(value) };
    }
    let cumulants = |moments| Cumulants::of_mean(moments, MIN_NONZERO_OF_DIFFERENCE);
    let (Some(a), Some(b)) = (cumulants(this), cumulants(reference)) else {
        return Estimate::unbounded(value);
    };
    let both = Cumulants { variance: a.variance + b.variance, third: a.third - b.third };
    let share = |own: Cumulants, n: u64| own.variance * own.variance / (n - 1) as f64;
    let freedom = both.variance * both.variance
        / (share(a, this.n_nonzero()) + share(b, reference.n_nonzero()));
    skewed(value, both, level.t(freedom))
}

/// The sample standard deviation; `None` for fewer than two numbers.
///
/// The interval is that of its logarithm by the delta method with the fourth moment, for any law
/// that has one: the variance of ln s is (kurtosis - 1) / 4n in the limit. A sample that happens to
/// lack its rare large numbers understates the standard deviation and its error at once, so that
/// the upper end is moved out further; by how much was chosen by measurement.
pub fn sd(moments: &Moments, level: Level) -> Option<Estimate> {
    const FURTHER: f64 = 5.0;
    let value = moments.sd()?;
    let enough = moments.n() >= MIN_N_OF_SD && moments.n_nonzero() >= MIN_NONZERO_OF_SD;
    let Some(kurtosis) = moments.kurtosis().filter(|_| enough) else {
        return Some(Estimate::unbounded(value));
    };
    let n = moments.n() as f64;
    let t = level.t((moments.n_nonzero() - 1) as f64);
    let half = t * ((kurtosis - 1.0).max(0.0) / (4.0 * n)).sqrt();
    let further = half * (1.0 + FURTHER * ((kurtosis - 3.0).max(0.0) / n).sqrt());
    Some(Estimate { value, low: Some(value * (-half).exp()), high: Some(value * further.exp()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = f64>) -> Moments {
        let mut moments = Moments::default();
        values.into_iter().for_each(|value| moments.add(value));
        moments
    }

    fn close(got: Option<f64>, expected: f64) {
        let got = got.expect("there is one");
        assert!((got - expected).abs() < 1e-6 * expected.abs(), "{got} instead of {expected}");
    }

    #[test]
    fn too_little_evidence_gives_no_interval() {
        let level = Level::default();
        let rare = |hits: u64| of((0..1_000).map(|n| if n < hits { n as f64 + 1.0 } else { 0.0 }));
        let one_less = |least: u64| (rare(least - 1), rare(least));
        let (few, enough) = one_less(MIN_NONZERO);
        assert_eq!(mean(&few, level), Estimate { low: Some(0.0), ..Estimate::unbounded(0.045) });
        assert!(mean(&enough, level).half_width().is_some());
        let (few, enough) = one_less(MIN_NONZERO_OF_DIFFERENCE);
        assert_eq!(signed_mean(&few, level).half_width(), None);
        assert!(signed_mean(&enough, level).half_width().is_some());
        assert_eq!(unpaired(&few, &enough, level).half_width(), None);
        assert!(unpaired(&enough, &enough, level).half_width().is_some());
        let (few, enough) = one_less(MIN_NONZERO_OF_SD);
        assert_eq!(sd(&few, level).and_then(|sd| sd.half_width()), None);
        assert!(sd(&enough, level).and_then(|sd| sd.half_width()).is_some());
        let short = of((1..MIN_N).map(|n| n as f64));
        let from_zero = |value| Estimate { low: Some(0.0), ..Estimate::unbounded(value) };
        assert_eq!(mean(&short, level), from_zero(100.0));
        assert_eq!(mean(&of([3.0]), level), from_zero(3.0));
        assert_eq!(mean(&Moments::default(), level), from_zero(0.0));
    }

    #[test]
    fn where_few_carry_the_variance_there_is_no_interval() {
        let level = Level::default();
        // Ten seconds in each of ten thousand trials, and hours in some of them.
        let with = |rare: u64| {
            of((0..10_000).map(|n| 10.0 + n as f64 % 7.0 + if n < rare { 9e3 } else { 0.0 }))
        };
        assert_eq!(mean(&with(2), level).high, None);
        assert!(mean(&with(12), level).high.is_some());
        let either_way = |rare: u64| {
            of((0..10_000).map(|n| match n {
                n if n < rare && n % 2 == 0 => 9e3,
                n if n < rare => -9e3,
                n => n as f64 % 7.0 - 3.0,
            }))
        };
        assert_eq!(signed_mean(&either_way(4), level).high, None);
        let wide = signed_mean(&either_way(12), level);
        let plain = 2.0 * either_way(12).standard_error().expect("many") * level.z();
        assert!(wide.high.zip(wide.low).is_some_and(|(high, low)| high - low > plain), "{wide:?}");
    }

    #[test]
    fn numbers_that_are_all_the_same_say_what_they_can() {
        let level = Level::default();
        let zeros = of([0.0; 50]);
        assert_eq!(mean(&zeros, level), Estimate { value: 0.0, low: Some(0.0), high: None });
        assert_eq!(signed_mean(&zeros, level), Estimate::unbounded(0.0));
        assert_eq!(mean(&of([15.0; 2]), level).half_width(), Some(0.0));
        let fixed = of([15.0; 20]);
        assert_eq!(unpaired(&fixed, &of([10.0; 20]), level).half_width(), Some(0.0));
        assert_eq!(sd(&fixed, level), Some(Estimate::unbounded(0.0)));
        assert_eq!(sd(&of([15.0]), level), None);
    }

    /// The numbers from 1 to `most`, so many times: their distribution is symmetric.
    fn evenly(most: u32, times: usize) -> Moments {
        of((0..times).flat_map(|_| (1..=most).map(f64::from)))
    }

    #[test]
    fn intervals_are_those_by_hand() {
        let level = Level::default();
        // 200 numbers of variance 8.25 (divisor n); t(199) = 1.971957.
        let interval = mean(&evenly(10, 20), level);
        close(interval.low, 5.5 - 1.971_957 * (8.25f64 / 199.0).sqrt());
        close(interval.high, 5.5 + 1.971_957 * (8.25f64 / 199.0).sqrt());
        // 240 numbers of variance 143/12; 438.000 degrees of freedom, of which t = 1.965395.
        let difference = unpaired(&evenly(10, 20), &evenly(12, 20), level);
        close(Some(difference.value), -1.0);
        let error = (8.25f64 / 199.0 + 143.0 / 12.0 / 239.0).sqrt();
        close(difference.half_width(), 1.965_395 * error);
        // Second moment 8.25, fourth 120.8625; t(999) = 1.962341.
        let sd = sd(&evenly(10, 100), level).expect("a thousand");
        assert!((sd.value - (8.25f64 * 1_000.0 / 999.0).sqrt()).abs() < 1e-12);
        let kurtosis = 120.862_5f64 / 8.25 / 8.25;
        let factor = (1.962_341 * ((kurtosis - 1.0) / 4_000.0).sqrt()).exp();
        close(sd.low, sd.value / factor);
        close(sd.high, sd.value * factor);
    }

    #[test]
    fn the_transformation_is_the_inverse_of_halls_cubic() {
        let t = 1.96;
        for lean in [-0.9, -0.2, 1e-5, 0.3, 1.5] {
            let cumulants = Cumulants { variance: 4.0, third: lean * 8.0 };
            let interval = skewed(10.0, cumulants, t);
            // Hall 1992: g(T) = T + lean T² / 3 + lean² T³ / 27 + lean / 6 is nearly normal.
            let g = |end: Option<f64>| {
                let studentised = (10.0 - end.expect("bounded")) / 2.0;
                let cubic = lean * lean * studentised.powi(3) / 27.0;
                studentised + lean * studentised.powi(2) / 3.0 + cubic + lean / 6.0
            };
            assert!((g(interval.low) - t).abs() < 1e-9, "{lean}: {interval:?}");
            assert!((g(interval.high) + t).abs() < 1e-9, "{lean}: {interval:?}");
        }
        let straight = skewed(10.0, Cumulants { variance: 4.0, third: 0.0 }, t);
        close(straight.low, 10.0 - 2.0 * t);
    }

    #[test]
    fn rare_large_numbers_move_the_upper_end_out() {
        let rare = of((0..1_000u32).map(|n| if n < 40 { f64::from(n % 7 + 1) } else { 0.0 }));
        let interval = mean(&rare, Level::default());
        let (low, high) = (interval.low.expect("bounded"), interval.high.expect("bounded"));
        assert!(high - interval.value > 1.2 * (interval.value - low), "{interval:?}");
        let sd = sd(&rare, Level::default()).expect("a thousand");
        let (low, high) = (sd.low.expect("bounded"), sd.high.expect("bounded"));
        assert!(high / sd.value > 1.2 * (sd.value / low), "{sd:?}");
    }
}
