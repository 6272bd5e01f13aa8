//! [`Study`]: a batch that is over, with what it was run for: all that a report needs.

use crate::montecarlo::batch::Progress;
use crate::montecarlo::estimate::{Difference, Estimator};
use crate::montecarlo::tally::Tally;
use crate::observe::metrics::Metric;
use crate::scenario::{Experiment, Policy};
use crate::stats::level::Level;

/// What came of an experiment.
#[derive(Clone, Copy, Debug)]
pub struct Study<'a> {
    /// What was run.
    pub experiment: &'a Experiment,
    /// Its policies, or some of them, or one with its variants; at least one.
    pub policies: &'a [&'a Policy],
    /// The position among them of the one that the others are compared with.
    pub reference: usize,
    /// Level of the intervals.
    pub level: Level,
    /// What the trials came to.
    pub progress: &'a Progress,
    /// How many trials were asked for, at most.
    pub asked: u64,
    /// Why there are no more trials.
    pub ended: Ended,
}

/// Why a batch ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// All trials are done.
    Complete,
    /// The precision that was asked for is reached.
    Precise,
    /// All trials are done, and the precision that was asked for is not reached.
    Imprecise,
    /// Somebody interrupted it.
    Interrupted,
}

impl<'a> Study<'a> {
    /// What is known of each policy, in order.
    pub fn entries(&self) -> impl Iterator<Item = (&'a Policy, Estimator<'a>)> + use<'a> {
        let Study { policies, progress, level, .. } = *self;
        policies
            .iter()
            .zip(&progress.tallies)
            .map(move |(policy, tally)| (*policy, Estimator { tally, plan: &policy.plan, level }))
    }

    /// What is known of the policy at `position`.
    pub fn estimator(&self, position: usize) -> Estimator<'a> {
        let tally = &self.progress.tallies[position];
        Estimator { tally, plan: &self.policies[position].plan, level: self.level }
    }

    /// The reference's tally.
    pub fn reference_tally(&self) -> &'a Tally {
        &self.progress.tallies[self.reference]
    }

    /// How the policy at `position` differs from the reference in the mean of a metric; `None`
    /// for the reference itself.
    pub fn difference(&self, position: usize, metric: Metric) -> Option<Difference> {
        (position != self.reference).then(|| {
            let pair = (&self.progress.differences[position], self.reference_tally());
            self.estimator(position).difference(metric, pair)
        })
    }
}
