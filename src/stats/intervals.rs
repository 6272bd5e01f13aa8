//! Confidence intervals: of a mean, a probability, a quantile.

use statrs::distribution::{Beta, Binomial, ContinuousCDF, DiscreteCDF, Normal, StudentsT};

use crate::stats::moments::Moments;

/// Confidence level of every interval.
pub const LEVEL: f64 = 0.95;

/// Half-width of the interval of a mean by Student's t; `None` for fewer than two numbers, which
/// say nothing of their spread.
pub fn mean_half_width(moments: &Moments) -> Option<f64> {
    let error = moments.standard_error()?;
    Some(error * t_quantile((moments.n() - 1) as f64))
}

/// The two-sided quantile of Student's t at [`LEVEL`]; for many degrees of freedom by the first
/// term of its expansion around the normal quantile (Abramowitz and Stegun 26.7.5).
fn t_quantile(freedom: f64) -> f64 {
    const MANY: f64 = 10_000.0;
    let p = 0.5 + LEVEL / 2.0;
    if freedom <= MANY {
        let t = StudentsT::new(0.0, 1.0, freedom).expect("at least one degree of freedom");
        return t.inverse_cdf(p);
    }
    let z = Normal::standard().inverse_cdf(p);
    z + z * (z * z + 1.0) / (4.0 * freedom)
}

/// Interval of a probability after `hits` in `n` trials (Clopper and Pearson 1934): exact, never
/// of zero width.
pub fn clopper_pearson(hits: u64, n: u64) -> (f64, f64) {
    assert!(hits <= n && n > 0, "hits are counted among trials");
    let tail = (1.0 - LEVEL) / 2.0;
    let (hits_f, n_f) = (hits as f64, n as f64);
    let quantile = |p, a, b| beta_quantile(&Beta::new(a, b).expect("positive shapes"), p);
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

/// The `p`-quantile of a beta law by bisection of its distribution function, which is sound for
/// shapes of any size (Newton's steps are not).
fn beta_quantile(law: &Beta, p: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            return middle;
        }
        match law.cdf(middle) < p {
            true => low = middle,
            false => high = middle,
        }
    }
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
    let (r, s) = order_statistics(n as u64, p);
    let low = (r > 0).then(|| sorted[r as usize - 1]);
    let high = (s <= n as u64).then(|| sorted[s as usize - 1]);
    Some(Quantile { value, low, high })
}

/// Ranks r and s, counted from 1, of the order statistics that enclose the p-quantile: the number
/// B of values below it is binomial, and P(B < r) and P(B >= s) are at most half the error each.
/// For large n by the normal approximation, widened to whole ranks.
fn order_statistics(n: u64, p: f64) -> (u64, u64) {
    const LARGE: u64 = 100_000;
    let tail = (1.0 - LEVEL) / 2.0;
    if n <= LARGE {
        let below = Binomial::new(p, n).expect("p is a probability");
        return (below.inverse_cdf(tail), below.inverse_cdf(1.0 - tail) + 1);
    }
    let z = Normal::standard().inverse_cdf(1.0 - tail);
    let (mean, sd) = (n as f64 * p, (n as f64 * p * (1.0 - p)).sqrt());
    let low = (mean - z * sd - 0.5).floor().max(0.0);
    let high = (mean + z * sd + 0.5).ceil();
    (low as u64, high as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, expected: f64) {
        assert!((got - expected).abs() < 5e-5 * expected, "{got} instead of {expected}");
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
        // Large batches must not take for ever: these are Poisson bounds, by another library.
        check(1, 10_000_000, 2.531_781e-9, 5.571_642e-7);
        check(50, 10_000_000, 3.711_099e-6, 6.591_871e-6);
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
    fn the_normal_approximation_continues_the_exact_ranks() {
        for p in [0.5, 0.95, 0.99] {
            let (r, s) = order_statistics(100_000, p);
            let (next_r, next_s) = order_statistics(100_001, p);
            assert!(next_r.abs_diff(r) <= 3, "{p}: {r} and {next_r}");
            assert!(next_s.abs_diff(s) <= 3, "{p}: {s} and {next_s}");
        }
        assert!(order_statistics(10_000_000_000, 0.99).0 < 9_900_000_000);
    }

    #[test]
    fn a_mean_of_one_number_has_no_interval() {
        let mut moments = Moments::default();
        moments.add(1.0);
        assert_eq!(mean_half_width(&moments), None);
        moments.add(3.0);
        // One degree more than where the expansion begins: no step to be seen.
        assert!((t_quantile(10_000.0) - t_quantile(10_001.0)).abs() < 1e-7);
        // Two numbers: t(1, 0.975) = 12.7062, standard error 1.
        close(mean_half_width(&moments).expect("two numbers"), 12.706_2);
    }
}
