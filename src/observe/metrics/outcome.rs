//! [`Outcome`]: the figures of one trial.

use crate::engine::time::SimTime;
use crate::model::fact::{Cause, Phase};
use crate::model::plan::Plan;
use crate::observe::metrics::{ByCause, Ending, Mechanism, Metric, N_METRICS};

/// What a trial came to: one integer per metric, and the great ones taken apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// By metric, in the unit that [`Metric::divisor`] explains.
    pub values: [u128; N_METRICS],
    /// [`Metric::WriteOutage`] by the fault that opened it; sums exactly.
    pub by_cause: ByCause,
    /// [`Metric::WriteOutage`] by what it waited for; sums exactly.
    pub by_phase: [u128; Phase::ALL.len()],
    /// [`Metric::WriteOutage`] by how it ended; sums exactly.
    pub by_ending: [u128; Ending::ALL.len()],
    /// [`Metric::LostWrites`] by the fault that opened the outage in which they were lost; sums
    /// exactly.
    pub lost_by_cause: ByCause,
    /// [`Metric::LostWrites`] by how they were lost; sums exactly.
    pub lost_by_mechanism: [u128; Mechanism::ALL.len()],
    /// [`Metric::DatasetLostWrites`] by the fault that opened the outage in which they were lost;
    /// sums exactly.
    pub dataset_lost_by_cause: ByCause,
    /// When writes were lost first, short of a dataset loss.
    pub first_write_loss: Option<SimTime>,
    /// When a dataset was lost first.
    pub first_dataset_loss: Option<SimTime>,
}

impl Outcome {
    /// Nothing happened.
    pub const ZERO: Outcome = Outcome {
        values: [0; N_METRICS],
        by_cause: [0; Cause::ALL.len()],
        by_phase: [0; Phase::ALL.len()],
        by_ending: [0; Ending::ALL.len()],
        lost_by_cause: [0; Cause::ALL.len()],
        lost_by_mechanism: [0; Mechanism::ALL.len()],
        dataset_lost_by_cause: [0; Cause::ALL.len()],
        first_write_loss: None,
        first_dataset_loss: None,
    };

    /// The exact integer of a metric.
    pub fn raw(&self, metric: Metric) -> u128 {
        self.values[metric as usize]
    }

    /// A metric in its unit.
    pub fn get(&self, metric: Metric, plan: &Plan) -> f64 {
        self.raw(metric) as f64 / metric.divisor(plan)
    }
}
