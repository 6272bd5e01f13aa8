//! Confidence intervals: of a mean, a probability, a quantile.

use statrs::distribution::{Beta, Binomial, ContinuousCDF, DiscreteCDF, StudentsT};

use crate::stats::moments::Moments;

/// Confidence level of every interval.
pub const LEVEL: f64 = 0.95;

/// Half-width of the interval of a mean by Student's t; `None` for fewer than two numbers, which
/// say nothing of their spread.
pub fn mean_half_width(moments: &Moments) -> Option<f64> {
    let error = moments.standard_error()?;
    let t = StudentsT::new(0.0, 1.0, (moments.n() - 1) as f64).expect("n - 1 is positive");
    Some(error * t.inverse_cdf(0.5 + LEVEL / 2.0))
}

/// Interval of a probability after `hits` in `n` trials (Clopper and Pearson 1934): exact, never
/// of zero width.
pub fn clopper_pearson(hits: u64, n: u64) -> (f64, f64) {
    assert!(hits <= n && n > 0, "hits are counted among trials");
    let tail = (1.0 - LEVEL) / 2.0;
    let (hits_f, n_f) = (hits as f64, n as f64);
    let quantile = |p, a, b| Beta::new(a, b).expect("positive shapes").inverse_cdf(p);
    let low = match hits {
        0 => 0.0,
        _ => quantile(tail, hits_f, n_f - hits_f + 1.0),
    };
    let high = match n - hits {
        0 => 1.0,
        _ => quantile(1.0 - tail, hits_f + 1.0, n_f - hits_f),
    };
    (low, high)
}

/// A quantile of a sorted sample with its order-statistic interval; an end that the sample cannot
/// bound is `None`. Empty samples have no quantile.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Quantile {
    /// The smallest value that at least a share `p` of the sample does not exceed.
    pub value: f64,
    /// Lower end.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

/// The `p`-quantile of an ascending sample, `0 < p < 1`, with the interval between two order
/// statistics that covers it with at least [`LEVEL`] (David and Nagaraja 2003, section 7.1).
pub fn quantile(sorted: &[f64], p: f64) -> Option<Quantile> {
    let n = sorted.len();
    let value = *sorted.get(((p * n as f64).ceil() as usize).max(1) - 1)?;
    let below = Binomial::new(p, n as u64).expect("p is a probability");
    let tail = (1.0 - LEVEL) / 2.0;
    // Lower end X(r): P(Binomial < r) <= tail; upper end X(s): P(Binomial >= s) <= tail.
    let r = below.inverse_cdf(tail);
    let low = (r > 0).then(|| sorted[r as usize - 1]);
    let s = below.inverse_cdf(1.0 - tail) + 1;
    let high = (s <= n as u64).then(|| sorted[s as usize - 1]);
    Some(Quantile { value, low, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, expected: f64) {
        assert!((got - expected).abs() < 5e-5 * expected.max(0.01), "{got} instead of {expected}");
    }

    #[test]
    fn probabilities_have_the_published_intervals() {
        // Tables of Clopper and Pearson as given by R's binom.test.
        let check = |hits, n, low, high| {
            let (l, h) = clopper_pearson(hits, n);
            close(l, low);
            close(h, high);
        };
        check(5, 10, 0.187_086, 0.812_914);
        check(1, 100, 0.000_253_146, 0.054_459);
        let (low, high) = clopper_pearson(0, 10_000);
        assert_eq!(low, 0.0);
        close(high, 3.688_199e-4);
    }

    #[test]
    fn quantiles_are_bounded_only_where_the_sample_can() {
        let sample: Vec<f64> = (1..=368).map(f64::from).collect();
        let p99 = quantile(&sample, 0.99).expect("not empty");
        assert_eq!(p99.value, 365.0);
        assert!(p99.high.is_some(), "368 numbers bound a p99 from above");
        let short = quantile(&sample[..367], 0.99).expect("not empty");
        assert_eq!(short.high, None, "367 do not");
        let p95 = |n: usize| quantile(&sample[..n], 0.95).expect("not empty").high;
        assert!(p95(72).is_some() && p95(71).is_none());
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn a_mean_of_one_number_has_no_interval() {
        let mut moments = Moments::default();
        moments.add(1.0);
        assert_eq!(mean_half_width(&moments), None);
        moments.add(3.0);
        // Two numbers: t(1, 0.975) = 12.7062, standard error 1.
        close(mean_half_width(&moments).expect("two numbers"), 12.706_2);
    }
}
