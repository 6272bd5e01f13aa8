//! [`Loss`]: what a trial loses, at once or in all, as its timelines say it.

use crate::engine::time::SimTime;
use crate::model::fact::Fact;
use crate::model::state::NanoWrites;
use crate::observe::metrics::{Metric, Outcome};
use crate::report::numbers::{bytes, count, writes};
use crate::report::scene::{LossMark, Scene};

/// What is lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Loss {
    datasets: u128,
    /// Data that went with them.
    bytes: u128,
    /// Writes that went with them, overwritten or not.
    with_them: NanoWrites,
    /// Writes lost otherwise.
    writes: NanoWrites,
}

impl Loss {
    /// What a whole trial came to.
    pub(super) fn of_trial(outcome: &Outcome) -> Self {
        Loss {
            datasets: outcome.raw(Metric::DatasetLosses),
            bytes: outcome.raw(Metric::DatasetLostBytes),
            with_them: outcome.raw(Metric::DatasetLostWrites),
            writes: outcome.raw(Metric::LostWrites),
        }
    }

    /// The losses of a scene, each with its amount.
    pub(super) fn all(scene: &Scene, facts: &[(SimTime, Fact)]) -> Vec<(LossMark, Loss)> {
        let lost = |mark: &LossMark| {
            let size = |(at, fact): &(SimTime, Fact)| match *fact {
                Fact::DatasetLost { shard, bytes, .. } if (*at, shard) == (mark.at, mark.shard) => {
                    u128::from(bytes)
                }
                _ => 0,
            };
            // A loss that no dataset is lost with has no size.
            let bytes = if mark.datasets > 0 { facts.iter().map(size).sum() } else { 0 };
            let (datasets, with_them) = (u128::from(mark.datasets), mark.dataset_writes);
            Loss { datasets, bytes, with_them, writes: mark.writes }
        };
        scene.losses.iter().map(|mark| (*mark, lost(mark))).collect()
    }

    pub(super) fn add(&mut self, other: Loss) {
        self.datasets += other.datasets;
        self.bytes += other.bytes;
        self.with_them += other.with_them;
        self.writes += other.writes;
    }

    /// By what trials are ranked.
    pub(super) fn rank(&self) -> [u128; 3] {
        [self.datasets, self.bytes, self.with_them + self.writes]
    }

    /// "404 writes lost", as it stands at a mark.
    pub(super) fn at_once(&self) -> String {
        let size = self.size();
        match self.datasets {
            0 if self.writes == 0 => format!("{} writes lost with a snapshot", self.gone()),
            0 => format!("{} writes lost", writes(self.writes)),
            1 => format!("dataset lost{size}"),
            n => format!("{} datasets lost{size}", count(n)),
        }
    }

    /// The same with the writes that went with datasets.
    pub(super) fn told(&self) -> String {
        let size = if self.bytes > 0 { format!("{}, ", self.bytes()) } else { String::new() };
        let rest = format!("{size}{} writes overwritten or not", self.gone());
        match self.datasets {
            0 => self.at_once(),
            1 => format!("dataset lost ({rest})"),
            n => format!("{} datasets lost ({rest})", count(n)),
        }
    }

    /// "5 datasets of 60 GiB and 2,707 other writes".
    pub(super) fn amount(&self) -> String {
        let size = match self.bytes {
            0 => String::new(),
            _ => format!(" of {}", self.bytes()),
        };
        let datasets = match self.datasets {
            0 => None,
            1 => Some(format!("a dataset{size}")),
            n => Some(format!("{} datasets{size}", count(n))),
        };
        let other = if datasets.is_some() { "other " } else { "" };
        let rest = match self.writes {
            0 => None,
            lost => Some(format!("{} {other}writes", writes(lost))),
        };
        let parts: Vec<String> = datasets.into_iter().chain(rest).collect();
        match parts.is_empty() {
            true => "nothing".to_owned(),
            false => parts.join(" and "),
        }
    }

    fn bytes(&self) -> String {
        bytes(u64::try_from(self.bytes).unwrap_or(u64::MAX))
    }

    fn size(&self) -> String {
        match self.bytes {
            0 => String::new(),
            _ => format!(", {}", self.bytes()),
        }
    }

    fn gone(&self) -> String {
        writes(self.with_them)
    }
}
