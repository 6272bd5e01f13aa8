//! [`Study`]: a batch that is over, with what it was run for: all that a report needs.

use crate::montecarlo::batch::Progress;
use crate::montecarlo::estimate::{Difference, Estimator};
use crate::montecarlo::losses::Losses;
use crate::montecarlo::quantity::Probability;
use crate::montecarlo::tally::Tally;
use crate::observe::metrics::Metric;
use crate::scenario::{Experiment, Policy};
use crate::stats::level::{Estimate, Level};

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
    /// What a study of rare dataset losses came to, if there was one.
    pub losses: Option<&'a Losses>,
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
        let study = *self;
        self.policies
            .iter()
            .enumerate()
            .map(move |(position, policy)| (*policy, study.estimator(position)))
    }

    /// What is known of the policy at `position`.
    pub fn estimator(&self, position: usize) -> Estimator<'a> {
        let tally = &self.progress.tallies[position];
        let losses = self.losses.and_then(|losses| losses.standing(position));
        Estimator { tally, plan: &self.policies[position].plan, level: self.level, losses }
    }

    /// The reference's tally.
    pub fn reference_tally(&self) -> &'a Tally {
        &self.progress.tallies[self.reference]
    }

    /// How the policy at `position` differs from the reference in a probability; `None` for the
    /// reference itself.
    pub fn probability_difference(
        &self,
        position: usize,
        probability: Probability,
    ) -> Option<Estimate> {
        if position == self.reference {
            return None;
        }
        let of_study = match probability {
            Probability::DatasetLoss => self
                .losses
                .and_then(|losses| losses.difference(position, self.reference, self.level)),
            Probability::WriteLoss | Probability::WriteOutage => None,
        };
        let of_trials = || {
            let differences = &self.progress.differences[position];
            self.estimator(position).probability_difference(probability, differences)
        };
        Some(of_study.unwrap_or_else(of_trials))
    }

    /// The probability of a dataset loss of the policy at `position` over that of the reference,
    /// where a study of rare losses found it.
    pub fn loss_ratio(&self, position: usize) -> Option<Estimate> {
        self.losses?.ratio(position, self.reference, self.level)
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
