//! [`NotedTally`]: how often calls were refused in the trials of a policy, and failovers and
//! migrations hindered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::api::{Call, Refusal};
use crate::observe::episodes::{Episodes, Trouble};

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
    /// By the number of the call, then by that of the reason.
    refused: BTreeMap<(u8, u8), Noted>,
    /// Promotions that an external replica made fail (MZ-65).
    pub hindered: Noted,
    /// What stood in the way of migrations, by its number.
    troubles: BTreeMap<u8, Noted>,
}

impl NotedTally {
    /// How often which call was refused for which reason, where it was.
    pub fn refusals(&self) -> impl Iterator<Item = (Call, Refusal, Noted)> {
        self.refused.iter().map(|((call, refusal), noted)| {
            (Call::ALL[usize::from(*call)], Refusal::ALL[usize::from(*refusal)], *noted)
        })
    }

    /// How often what stood in the way of a migration, where something did.
    pub fn troubles(&self) -> impl Iterator<Item = (Trouble, Noted)> {
        let all = self.troubles.iter();
        all.map(|(number, noted)| (Trouble::ALL[usize::from(*number)], *noted))
    }

    /// Takes in a trial.
    pub(super) fn add(&mut self, episodes: &Episodes) {
        for (n, (call, refusal)) in episodes.refusals.iter().enumerate() {
            let is_first = !episodes.refusals[..n].contains(&(*call, *refusal));
            let noted = self.refused.entry((*call as u8, *refusal as u8)).or_default();
            noted.merge(Noted { times: 1, trials: u64::from(is_first) });
        }
        let times = u64::from(episodes.hindered);
        self.hindered.merge(Noted { times, trials: times.min(1) });
        for (trouble, times) in &episodes.troubles {
            let noted = Noted { times: u64::from(*times), trials: 1 };
            self.troubles.entry(trouble.number()).or_default().merge(noted);
        }
    }

    /// Takes in other trials.
    pub(super) fn merge(&mut self, other: &NotedTally) {
        for (which, noted) in &other.refused {
            self.refused.entry(*which).or_default().merge(*noted);
        }
        self.hindered.merge(other.hindered);
        for (number, noted) in &other.troubles {
            self.troubles.entry(*number).or_default().merge(*noted);
        }
    }
}
