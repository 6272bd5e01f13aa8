//! [`NotedTally`]: how often calls were refused in the trials of a policy, and failovers hindered.

use serde::{Deserialize, Serialize};

use crate::model::api::{Call, Refusal};
use crate::observe::episodes::Episodes;

/// How often something happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Noted {
    /// In all trials together.
    pub times: u64,
    /// In how many trials.
    pub trials: u64,
}

impl Noted {
    fn merge(&mut self, other: Noted) {
        self.times += other.times;
        self.trials += other.trials;
    }
}

/// What became of calls, and of failovers beside an external replica.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct NotedTally {
    /// By call, then by the reason.
    refused: [[Noted; Refusal::ALL.len()]; Call::ALL.len()],
    /// Promotions that an external replica made fail (MZ-65).
    pub hindered: Noted,
}

impl NotedTally {
    /// How often which call was refused for which reason, where it was.
    pub fn refusals(&self) -> impl Iterator<Item = (Call, Refusal, Noted)> {
        Call::ALL.into_iter().flat_map(move |call| {
            let of_call = &self.refused[call as usize];
            let noted = Refusal::ALL.into_iter().zip(of_call);
            let noted = noted.filter(|(_, noted)| noted.times > 0);
            noted.map(move |(refusal, noted)| (call, refusal, *noted))
        })
    }

    /// Takes in a trial.
    pub(super) fn add(&mut self, episodes: &Episodes) {
        for (n, (call, refusal)) in episodes.refusals.iter().enumerate() {
            let is_first = !episodes.refusals[..n].contains(&(*call, *refusal));
            let noted = &mut self.refused[*call as usize][*refusal as usize];
            noted.merge(Noted { times: 1, trials: u64::from(is_first) });
        }
        let times = u64::from(episodes.hindered);
        self.hindered.merge(Noted { times, trials: times.min(1) });
    }

    /// Takes in other trials.
    pub(super) fn merge(&mut self, other: &NotedTally) {
        let sums = self.refused.iter_mut().flatten();
        for (sum, noted) in sums.zip(other.refused.iter().flatten()) {
            sum.merge(*noted);
        }
        self.hindered.merge(other.hindered);
    }
}
