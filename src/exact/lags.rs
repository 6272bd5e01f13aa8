//! How far the furthest of several frozen copies trails, on average.
//!
//! Lags are independent and of one law. The least of k has k times its hazard, so that its mean is
//! E[H⁻¹(X/k)] with X standard exponential and H the cumulative hazard of the law. Where the
//! furthest copy is lost and the next one takes its place, the hazards add up.

use crate::engine::law::Law;

use super::symbols::lags_differ;

/// The lags of a plan.
#[derive(Clone, Debug)]
pub struct Lags {
    law: Law,
    decides: Tie,
}

/// What decides between copies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Tie {
    /// Their lags, which are never equal.
    Lag,
    /// The smallest id: all lags are equal, or the rule asks for it.
    Id,
}

/// Whether the rule by which a group promotes asks for ids.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AsksForIds {
    /// It does.
    Yes,
    /// It does not.
    No,
}

impl Lags {
    /// By the law of lags, for groups that have several replicas.
    pub fn new(law: &Law, asks: AsksForIds) -> Lags {
        let decides = match asks {
            AsksForIds::No if lags_differ(law) => Tie::Lag,
            AsksForIds::Yes | AsksForIds::No => Tie::Id,
        };
        Lags { law: law.clone(), decides }
    }

    /// Whether ids decide, so that nodes are not interchangeable.
    pub fn decides_by_id(&self) -> bool {
        self.decides == Tie::Id
    }

    /// Mean of the least of so many lags, in seconds.
    pub fn least_of(&self, n: u8) -> f64 {
        mean_of_least(&self.law, u32::from(n)) / 1e9
    }

    /// Mean lag in seconds of the copy that was chosen last, as the furthest of so many each time:
    /// of all at first, then of fewer. In the hazard of the law, each choice adds Exp(1) divided by
    /// their number: a hypoexponential sum, whose density is a sum of exponentials since the
    /// numbers differ (Ross, Introduction to Probability Models, 5.2.4).
    pub fn after_choices(&self, of: &[u8]) -> f64 {
        let weight = |place: usize| -> f64 {
            let own = f64::from(of[place]);
            let others = of.iter().enumerate().filter(|(other, _)| *other != place);
            others.map(|(_, other)| f64::from(*other) / (f64::from(*other) - own)).product()
        };
        (0..of.len()).map(|place| weight(place) * self.least_of(of[place])).sum()
    }
}

/// Mean of the least of `n` lengths of the law, in nanoseconds.
fn mean_of_least(law: &Law, n: u32) -> f64 {
    let k = f64::from(n);
    match *law {
        _ if n == 1 => law.mean(),
        Law::Fixed(length) => length.as_nanos() as f64,
        Law::Exponential { mean } => mean / k,
        Law::Uniform { low, high } => low + (high - low) / (k + 1.0),
        Law::Empirical(ref sample) => {
            let total = sample.len() as f64;
            let beyond = |rank: usize| ((total - rank as f64) / total).powf(k);
            let parts = sample.iter().enumerate();
            parts.map(|(rank, x)| *x as f64 * (beyond(rank) - beyond(rank + 1))).sum()
        }
        Law::Lognormal { .. }
        | Law::Weibull { .. }
        | Law::Gamma { .. }
        | Law::Triangular { .. } => half_line(|x| law.inverse_hazard(x / k) * (-x).exp()),
    }
}

/// ∫ f from 0 to ∞, by the double exponential rule x = exp(t − e^(−t)) for integrands that fall
/// like e^(−x) (Takahasi and Mori 1974).
fn half_line(f: impl Fn(f64) -> f64) -> f64 {
    const STEP: f64 = 1.0 / 64.0;
    let term = |i: i32| {
        let t = f64::from(i) * STEP;
        let x = (t - (-t).exp()).exp();
        let weight = (1.0 + (-t).exp()) * x;
        match x > 0.0 && x < 700.0 {
            true => f(x) * weight,
            false => 0.0,
        }
    };
    STEP * (-400..=450).map(term).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 1e-11, "{found} instead of {expected}");
    }

    #[test]
    fn the_least_of_several_has_its_closed_form() {
        let weibull = Law::weibull_mean_shape(3e6, 0.7).expect("a law");
        for n in [1, 2, 5] {
            let power = f64::from(n).powf(-1.0 / 0.7);
            close(mean_of_least(&weibull, n), 3e6 * power);
        }
        let gamma = Law::erlang(2e6, 2).expect("a law");
        // For two stages of mean 1: ∫ (1 + x)² e^(−2x) dx = 5/4.
        close(mean_of_least(&gamma, 2), 1.25e6);
        // A triangle from 0 over 0 to 1: ∫ (1 − x)^(2k) dx = 1 / (2k + 1).
        let triangle = Law::triangular(0.0, 0.0, 1e6).expect("a law");
        close(mean_of_least(&triangle, 3), 1e6 / 7.0);
        let sample = Law::empirical([1, 3].map(crate::engine::time::Span::from_nanos));
        close(mean_of_least(&sample.expect("a law"), 2), 1.5);
    }

    #[test]
    fn choices_add_up() {
        let law = Law::exponential(6e9).expect("a law");
        let lags = Lags::new(&law, AsksForIds::No);
        close(lags.after_choices(&[3]), 2.0);
        // The least of three, and then the least of the two that are left.
        close(lags.after_choices(&[3, 2]), 5.0);
        close(lags.after_choices(&[3, 2, 1]), 11.0);
        // Uniform: the order statistics i / 4.
        let law = Law::uniform(0.0, 1e9).expect("a law");
        let lags = Lags::new(&law, AsksForIds::No);
        close(lags.after_choices(&[3, 2]), 0.5);
    }
}
