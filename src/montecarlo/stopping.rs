//! [`Target`]: a precision that is wanted, and whether a batch has reached it.

use crate::montecarlo::estimate::Estimator;
use crate::montecarlo::quantity::Quantity;
use crate::stats::stopping::is_reached;

/// A precision that is wanted: the half-width of a quantity's interval, as a share of its value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Target {
    /// Of what.
    pub quantity: Quantity,
    /// Half-width over value; above zero.
    pub share: f64,
}

impl Target {
    /// Whether a policy's trials reach it. While a kind of faults is expected to have struck
    /// hardly ever, a narrow interval only says that it has not.
    pub fn is_reached(&self, estimator: &Estimator<'_>) -> bool {
        let evidence = estimator.evidence(self.quantity);
        let estimate = estimator.of(self.quantity);
        estimator.rare_faults().is_empty()
            && estimate.is_some_and(|estimate| is_reached(&estimate, self.share, evidence))
    }

    /// The share that is reached so far; `None` while there is no interval.
    pub fn reached(&self, estimator: &Estimator<'_>) -> Option<f64> {
        let estimate = estimator.of(self.quantity)?;
        let half = estimate.half_width()?;
        (estimate.value > 0.0).then(|| half / estimate.value)
    }
}
