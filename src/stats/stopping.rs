//! When a batch may stop because it is precise enough.
//!
//! A batch that looks at its interval again and again and stops at the first one that is narrow
//! enough stops too often when the spread happens to look small. In the limit of narrow intervals
//! that does no harm (Chow and Robbins, "On the asymptotic theory of fixed-width sequential
//! confidence intervals for the mean", 1965; Nadas, "An extension of a theorem of Chow and Robbins
//! on sequential confidence intervals for the mean", 1969, for a width relative to the mean; Glynn
//! and Whitt, "The asymptotic validity of sequential stopping rules for stochastic simulations",
//! 1992). Short of the limit a rule is made safe by looking seldom and by not stopping before there
//! is some evidence; how much was chosen by measuring the coverage after stopping
//! (`benches/precision/`, and the table in `docs/statistics.md`).

use crate::stats::level::Estimate;

/// Trials between two places where a batch may stop.
const BLOCK: u64 = 100;
/// Trials before the first look.
const FIRST: u64 = 1_000;
/// Trials from look to look, as the share of those that there are.
const GROWTH: u64 = 20;
/// Trials with an event, or with a value other than zero, before a batch may stop.
const EVIDENCE: u64 = 100;

/// The number of trials, a multiple of 100, at which a batch looks next, after it has looked at
/// `after` trials or not at all (0).
pub fn next_look(after: u64) -> u64 {
    let next = after.saturating_add((after / GROWTH).max(1));
    next.checked_next_multiple_of(BLOCK).unwrap_or(u64::MAX).max(FIRST)
}

/// Whether the interval of `estimate` is at most `share` of its value to either side, and rests on
/// enough evidence: `n_nonzero` trials in which the value was not zero or the event happened.
pub fn is_reached(estimate: &Estimate, share: f64, n_nonzero: u64) -> bool {
    let narrow = |half: f64| half <= share * estimate.value.abs();
    n_nonzero >= EVIDENCE && estimate.half_width().is_some_and(narrow)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_grow_by_a_twentieth_in_whole_blocks() {
        let mut looks = vec![next_look(0)];
        while looks[looks.len() - 1] < 10_000_000 {
            looks.push(next_look(looks[looks.len() - 1]));
        }
        assert_eq!(looks[..3], [1_000, 1_100, 1_200]);
        assert!(looks.iter().all(|look| look % 100 == 0));
        for pair in looks.windows(2) {
            let growth = pair[1] - pair[0];
            assert!(growth <= (pair[0] / 20).next_multiple_of(100), "{pair:?}");
        }
        assert!(looks.len() < 220, "{} looks", looks.len());
        assert_eq!(next_look(u64::MAX), u64::MAX);
    }

    #[test]
    fn an_interval_must_be_narrow_and_well_founded() {
        let estimate = Estimate { value: -10.0, low: Some(-10.5), high: Some(-9.5) };
        assert!(is_reached(&estimate, 0.05, EVIDENCE));
        assert!(!is_reached(&estimate, 0.049, EVIDENCE));
        assert!(!is_reached(&estimate, 0.05, EVIDENCE - 1));
        assert!(!is_reached(&Estimate { low: None, ..estimate }, 0.05, EVIDENCE));
        assert!(!is_reached(&Estimate { value: 0.0, ..estimate }, 0.05, EVIDENCE));
    }
}
