//! Intervals of quantiles: which order statistics enclose them.

use statrs::distribution::{Binomial, DiscreteCDF};

use crate::stats::level::{Estimate, Level};

/// The rank, counted from 1, of the `p`-quantile of `n` values, `0 < p < 1`: that of the smallest
/// value which at least a share `p` of them does not exceed.
pub fn rank(n: u64, p: f64) -> u64 {
    // The product may lie a rounding error above the whole number that it should be.
    let exact = p * n as f64;
    ((exact * (1.0 - 1e-15)).ceil() as u64).clamp(1, n.max(1))
}

/// Ranks r and s, counted from 1, of the order statistics of `n` independent values between which
/// the true `p`-quantile lies with at least the level (David and Nagaraja, "Order statistics",
/// 2003, section 7.1). Rank 0 or n + 1 means that the sample bounds nothing on that side.
///
/// The number B of values below the quantile is binomial; P(B < r) and P(B >= s) are at most half
/// the error each. For large n by the normal approximation, widened to whole ranks.
pub fn enclosing_ranks(n: u64, p: f64, level: Level) -> (u64, u64) {
    const LARGE: u64 = 100_000;
    let tail = level.tail();
    if n <= LARGE {
        let below = Binomial::new(p, n).expect("p is a probability");
        return (below.inverse_cdf(tail), below.inverse_cdf(1.0 - tail) + 1);
    }
    let z = level.z();
    let (mean, sd) = (n as f64 * p, (n as f64 * p * (1.0 - p)).sqrt());
    let low = (mean - z * sd - 0.5).floor().max(0.0);
    let high = (mean + z * sd + 0.5).ceil().min(n as f64 + 1.0);
    (low as u64, high as u64)
}

/// The `p`-quantile of an ascending sample, `0 < p < 1`, with the interval between two order
/// statistics; `None` for an empty sample.
pub fn quantile(sorted: &[f64], p: f64, level: Level) -> Option<Estimate> {
    let n = sorted.len() as u64;
    let value = *sorted.get(rank(n, p) as usize - 1)?;
    let (r, s) = enclosing_ranks(n, p, level);
    let low = (r > 0).then(|| sorted[r as usize - 1]);
    let high = (s <= n).then(|| sorted[s as usize - 1]);
    Some(Estimate { value, low, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_bounded_only_where_the_sample_can() {
        let level = Level::default();
        let sample: Vec<f64> = (1..=368).map(f64::from).collect();
        let p99 = quantile(&sample, 0.99, level).expect("not empty");
        assert_eq!(p99.value, 365.0);
        assert!(p99.high.is_some(), "368 numbers bound a p99 from above");
        let short = quantile(&sample[..367], 0.99, level).expect("not empty");
        assert_eq!(short.high, None, "367 do not");
        let p95 = |n: usize| quantile(&sample[..n], 0.95, level).expect("not empty").high;
        assert!(p95(72).is_some() && p95(71).is_none());
        assert_eq!(quantile(&[], 0.5, level), None);
    }

    #[test]
    fn a_median_of_ten_lies_between_the_second_and_the_ninth() {
        // David and Nagaraja 2003, section 7.1: level 0.979; the next narrower has 0.891.
        assert_eq!(enclosing_ranks(10, 0.5, Level::default()), (2, 9));
        assert_eq!(enclosing_ranks(10, 0.5, Level::new(0.8).expect("a level")), (3, 8));
    }

    #[test]
    fn ranks_are_whole_where_they_should_be() {
        assert_eq!(rank(100, 0.07), 7, "0.07 * 100 is a little more than 7 in binary");
        assert_eq!((rank(1, 0.5), rank(2, 0.5), rank(3, 0.5)), (1, 1, 2));
        assert_eq!(rank(1_000_000_000, 0.999), 999_000_000);
    }

    #[test]
    fn the_normal_approximation_continues_the_exact_ranks() {
        let level = Level::default();
        for p in [0.5, 0.95, 0.99] {
            let (r, s) = enclosing_ranks(100_000, p, level);
            let (next_r, next_s) = enclosing_ranks(100_001, p, level);
            assert!(next_r.abs_diff(r) <= 3, "{p}: {r} and {next_r}");
            assert!(next_s.abs_diff(s) <= 3, "{p}: {s} and {next_s}");
        }
        assert!(enclosing_ranks(10_000_000_000, 0.99, level).0 < 9_900_000_000);
    }
}
