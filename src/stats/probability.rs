//! Intervals of probabilities, and of the difference of two from paired trials.

use statrs::distribution::{Beta, ContinuousCDF};

use crate::stats::level::{Estimate, Level};

/// A probability after `hits` in `n > 0` trials with the interval of Clopper and Pearson 1934:
/// exact, never of zero width.
pub fn clopper_pearson(hits: u64, n: u64, level: Level) -> Estimate {
    assert!(hits <= n && n > 0, "hits are counted among trials");
    between_betas(hits as f64, n as f64, level)
}

/// The interval of Clopper and Pearson for numbers of hits and trials that need not be whole, as
/// an effective number of trials is not; `0 <= hits <= n`, `n > 0`.
pub(super) fn between_betas(hits: f64, n: f64, level: Level) -> Estimate {
    let quantile = |p, a, b| beta_quantile(&Beta::new(a, b).expect("positive shapes"), p);
    let low = match hits > 0.0 {
        true => quantile(level.tail(), hits, n - hits + 1.0),
        false => 0.0,
    };
    let high = match hits < n {
        true => quantile(1.0 - level.tail(), hits + 1.0, n - hits),
        false => 1.0,
    };
    Estimate { value: hits / n, low: Some(low), high: Some(high) }
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

/// Pairs of trials with the same random numbers, by where the event happened; the other pairs
/// agree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Discordant {
    /// Pairs in which it happened with this policy only.
    pub only_this: u64,
    /// Pairs in which it happened with the reference only.
    pub only_reference: u64,
    /// All pairs.
    pub n: u64,
}

/// The probability with this policy less that with the reference, from paired trials: the
/// adjusted Wald interval of Bonett and Price, "Adjusted Wald confidence interval for a
/// difference of binomial proportions based on paired data", J. Educ. Behav. Stat. 37, 2012. It
/// has a width even where no pair differs.
pub fn paired_probability(discordant: Discordant, level: Level) -> Estimate {
    let Discordant { only_this, only_reference, n } = discordant;
    assert!(n > 0 && only_this + only_reference <= n, "pairs that differ are counted among pairs");
    let adjusted = n as f64 + 2.0;
    let this = (only_this as f64 + 1.0) / adjusted;
    let reference = (only_reference as f64 + 1.0) / adjusted;
    let middle = this - reference;
    let half = level.z() * ((this + reference - middle * middle) / adjusted).sqrt();
    Estimate {
        value: (only_this as f64 - only_reference as f64) / n as f64,
        low: Some((middle - half).max(-1.0)),
        high: Some((middle + half).min(1.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: Option<f64>, expected: f64) {
        let got = got.expect("there is one");
        assert!((got - expected).abs() < 5e-5 * expected.abs(), "{got} instead of {expected}");
    }

    #[test]
    fn probabilities_have_the_published_intervals() {
        // Tables of Clopper and Pearson as given by R's binom.test.
        let check = |hits, n, low, high| {
            let interval = clopper_pearson(hits, n, Level::default());
            close(interval.low, low);
            close(interval.high, high);
        };
        check(5, 10, 0.187_086, 0.812_914);
        check(1, 100, 0.000_253_146, 0.054_459);
        // Large batches must not take for ever: these are Poisson bounds, by another library.
        check(1, 10_000_000, 2.531_781e-9, 5.571_642e-7);
        check(50, 10_000_000, 3.711_099e-6, 6.591_871e-6);
        let none = clopper_pearson(0, 10_000, Level::default());
        assert_eq!((none.value, none.low), (0.0, Some(0.0)));
        close(none.high, 3.688_199e-4);
        let all = clopper_pearson(10_000, 10_000, Level::default());
        assert_eq!((all.value, all.high), (1.0, Some(1.0)));
        close(all.low, 1.0 - 3.688_199e-4);
        // 90 %: none of 10 leaves less than 1 - 0.05^(1/10).
        close(
            clopper_pearson(0, 10, Level::new(0.9).expect("a level")).high,
            1.0 - 0.05f64.powf(0.1),
        );
    }

    #[test]
    fn paired_probabilities_are_those_by_hand() {
        // (12 + 1) / 102 - (4 + 1) / 102 = 8 / 102; z sqrt((18/102 - (8/102)²) / 102).
        let discordant = Discordant { only_this: 12, only_reference: 4, n: 100 };
        let difference = paired_probability(discordant, Level::default());
        assert_eq!(difference.value, 0.08);
        let half = 1.959_964 * ((18.0 / 102.0 - (8.0f64 / 102.0).powi(2)) / 102.0).sqrt();
        close(difference.low, 8.0 / 102.0 - half);
        close(difference.high, 8.0 / 102.0 + half);
        let swapped = Discordant { only_this: 4, only_reference: 12, n: 100 };
        let swapped = paired_probability(swapped, Level::default());
        assert_eq!(swapped.low, difference.high.map(|high| -high));
    }

    #[test]
    fn pairs_that_all_agree_still_leave_a_doubt() {
        let none = Discordant { only_this: 0, only_reference: 0, n: 1_000_000 };
        let difference = paired_probability(none, Level::default());
        assert_eq!(difference.value, 0.0);
        close(difference.high, 1.959_964 * 2.0f64.sqrt() / 1_000_002.0);
        close(difference.low, -1.959_964 * 2.0f64.sqrt() / 1_000_002.0);
        let all = Discordant { only_this: 1, only_reference: 0, n: 1 };
        assert_eq!(paired_probability(all, Level::default()).high, Some(1.0));
    }
}
