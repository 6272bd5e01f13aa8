//! [`Differences`]: two policies, trial by trial on the same faults.
//!
//! Trial i of one policy is compared with trial i of the other. Both met the same random numbers,
//! so most of what chance did cancels: the interval of the mean difference is far narrower than
//! that of two batches that know nothing of each other.

use serde::{Deserialize, Serialize};

use crate::montecarlo::quantity::Probability;
use crate::montecarlo::tally::happened;
use crate::observe::metrics::{Metric, N_METRICS, Outcome};
use crate::stats::moments::Moments;

/// How a policy differed from the reference.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Differences {
    moments: Vec<Moments>,
    discordant: [Discordance; Probability::ALL.len()],
}

/// In how many trials something happened with only one of two policies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Discordance {
    /// With the policy.
    pub only_this: u64,
    /// With the reference.
    pub only_reference: u64,
}

impl Default for Differences {
    fn default() -> Self {
        Differences {
            moments: vec![Moments::default(); N_METRICS],
            discordant: [Discordance::default(); Probability::ALL.len()],
        }
    }
}

/// What a trial came to.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// In integers.
    pub outcome: &'a Outcome,
    /// In the units of the metrics.
    pub values: &'a [f64; N_METRICS],
}

impl Differences {
    /// Whether it knows of all metrics.
    pub(super) fn is_whole(&self) -> bool {
        self.moments.len() == N_METRICS
    }

    /// The moments of the difference of a metric, policy less reference, in its unit.
    pub fn of(&self, metric: Metric) -> &Moments {
        &self.moments[metric as usize]
    }

    /// In how many trials it happened with only one of the two.
    pub fn discordance(&self, probability: Probability) -> Discordance {
        self.discordant[probability as usize]
    }

    /// Takes in the next trial of a block. What is alike is passed over until [`Self::finish`].
    pub fn add(&mut self, this: Side<'_>, reference: Side<'_>) {
        for ((moments, this), reference) in
            self.moments.iter_mut().zip(this.values).zip(reference.values)
        {
            let difference = this - reference;
            if difference != 0.0 {
                moments.add(difference);
            }
        }
        for probability in Probability::ALL {
            let discordance = &mut self.discordant[probability as usize];
            let happened =
                (happened(probability, this.outcome), happened(probability, reference.outcome));
            discordance.only_this += u64::from(happened == (true, false));
            discordance.only_reference += u64::from(happened == (false, true));
        }
    }

    /// Counts the differences of zero of a block of `trials` trials.
    pub fn finish(&mut self, trials: u64) {
        for moments in &mut self.moments {
            moments.add_zeros(trials - moments.n());
        }
    }

    /// Takes in the next block.
    pub fn merge(&mut self, block: &Differences) {
        for (sum, moments) in self.moments.iter_mut().zip(&block.moments) {
            sum.merge(moments);
        }
        for (sum, counts) in self.discordant.iter_mut().zip(block.discordant) {
            sum.only_this += counts.only_this;
            sum.only_reference += counts.only_reference;
        }
    }
}
