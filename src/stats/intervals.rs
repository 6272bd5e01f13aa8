//! Intervals of means, of their differences, and of a standard deviation.

use crate::stats::level::{Estimate, Level};
use crate::stats::moments::Moments;

/// The fewest non-zero numbers whose mean is given an interval.
const MIN_NONZERO: u64 = 10;

/// The mean of numbers that are never negative, such as a metric's, with the interval of
/// Student's t.
pub fn mean(moments: &Moments, level: Level) -> Estimate {
    let value = moments.mean();
    if moments.is_all_zero() {
        // Nothing says how rare the others are, or how large.
        return Estimate { value, low: Some(0.0), high: None };
    }
    let mut estimate = signed_mean(moments, level);
    estimate.low = estimate.low.map(|low| low.max(0.0));
    estimate
}

/// The mean of numbers of either sign, such as the differences between two policies trial by
/// trial, with the interval of Student's t.
pub fn signed_mean(moments: &Moments, level: Level) -> Estimate {
    let value = moments.mean();
    if moments.n() > 1 && moments.is_constant() && !moments.is_all_zero() {
        return Estimate { value, low: Some(value), high: Some(value) };
    }
    match standing_error(moments) {
        Some(error) => around(value, error * level.t((moments.n() - 1) as f64)),
        None => Estimate::unbounded(value),
    }
}

/// Standard error of a mean whose interval can be stood behind.
fn standing_error(moments: &Moments) -> Option<f64> {
    moments.standard_error().filter(|_| moments.n_nonzero() >= MIN_NONZERO)
}

fn around(value: f64, half: f64) -> Estimate {
    Estimate { value, low: Some(value - half), high: Some(value + half) }
}

/// The mean of one batch less that of another as if the two were independent (Welch 1947); to be
/// printed beside the paired difference.
pub fn unpaired(this: &Moments, reference: &Moments, level: Level) -> Estimate {
    let value = this.mean() - reference.mean();
    let (Some(a), Some(b)) = (standing_error(this), standing_error(reference)) else {
        return Estimate::unbounded(value);
    };
    let (a, b) = (a * a, b * b);
    let freedom = (this.n() - 1) as f64 * (reference.n() - 1) as f64 * (a + b).powi(2)
        / (a * a * (reference.n() - 1) as f64 + b * b * (this.n() - 1) as f64);
    match a + b > 0.0 {
        true => around(value, (a + b).sqrt() * level.t(freedom)),
        false => around(value, 0.0),
    }
}

/// The sample standard deviation; `None` for fewer than two numbers.
///
/// The interval is that of its logarithm by the delta method with the fourth moment, for any law
/// that has one: the variance of ln s is (kurtosis - 1) / 4n in the limit.
pub fn sd(moments: &Moments, level: Level) -> Option<Estimate> {
    let value = moments.sd()?;
    let Some(kurtosis) = moments.kurtosis().filter(|_| moments.n_nonzero() >= MIN_NONZERO) else {
        return Some(Estimate::unbounded(value));
    };
    let n = moments.n() as f64;
    let factor = (level.t(n - 1.0) * ((kurtosis - 1.0) / (4.0 * n)).sqrt()).exp();
    Some(Estimate { value, low: Some(value / factor), high: Some(value * factor) })
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
        assert_eq!(mean(&of([3.0]), level), Estimate::unbounded(3.0));
        assert_eq!(signed_mean(&of([1.0, -1.0]), level), Estimate::unbounded(0.0));
        let rare =
            |hits: usize| of((0..1_000).map(|n| if n < hits { n as f64 + 1.0 } else { 0.0 }));
        let few = MIN_NONZERO as usize - 1;
        assert_eq!(mean(&rare(few), level).high, None);
        assert!(mean(&rare(few + 1), level).high.is_some());
        assert_eq!(sd(&rare(few), level).expect("a thousand").high, None);
        assert_eq!(unpaired(&rare(few), &rare(few + 1), level).low, None);
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

    #[test]
    fn intervals_are_those_by_hand() {
        let level = Level::default();
        let ten = of((1..=10).map(f64::from));
        // Variance 55/6, standard error 0.957427, t(9) = 2.262157.
        let interval = mean(&ten, level);
        close(interval.low, 5.5 - 2.262_157_163 * (55.0f64 / 60.0).sqrt());
        close(interval.high, 5.5 + 2.262_157_163 * (55.0f64 / 60.0).sqrt());
        // Squared errors 11/12 and 13/12, 19.994 degrees of freedom: t lies between t(20) = 2.085963 and
        // t(19) = 2.093024: 2.086001.
        let difference = unpaired(&ten, &of((1..=12).map(f64::from)), level);
        assert_eq!(difference.value, -1.0);
        close(difference.half_width(), 2.086_001 * 2.0f64.sqrt());
        // Second moment 8.25, fourth 120.8625.
        let sd = sd(&ten, level).expect("ten");
        assert!((sd.value - (55.0f64 / 6.0).sqrt()).abs() < 1e-12);
        let kurtosis = 120.862_5f64 / 8.25 / 8.25;
        let factor = (2.262_157_163 * ((kurtosis - 1.0) / 40.0).sqrt()).exp();
        close(sd.low, sd.value / factor);
        close(sd.high, sd.value * factor);
    }
}
