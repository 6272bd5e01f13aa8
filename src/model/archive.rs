//! What changes about snapshots: which there are, what they hold, which backup and which restore
//! is under way.

use crate::engine::time::{DAY, SimTime};
use crate::model::fact::RestoreStep;
use crate::model::plan::{GroupId, NodeId, Plan, ShardId};
use crate::model::state::{NanoWrites, clone_in_place, refill};

/// Manual backups of a node in any 24 hours (BK-03).
pub const MANUAL_QUOTA: usize = 20;

/// Snapshots, backups and restores.
#[derive(PartialEq, Eq, Debug, Default)]
pub struct Archive {
    /// By group.
    pub groups: Vec<GroupArchive>,
    /// By shard.
    pub shards: Vec<ShardArchive>,
    /// By node: when manual backups copied it, the last twenty, oldest first; empty until the first
    /// manual backup of the trial.
    manual: Vec<Vec<SimTime>>,
}

clone_in_place!(Archive { groups, shards, manual });

/// What a group has of snapshots.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct GroupArchive {
    /// When the newest automatic snapshot was begun, and until when it is kept.
    pub automatic: Option<(SimTime, SimTime)>,
    /// When the newest manual snapshot was begun; it is kept for ever.
    pub manual: Option<SimTime>,
    /// When the running backup began.
    pub begun: SimTime,
    /// The restore under way.
    pub restore: Option<Restore>,
    /// Restores done: the number of the group that the application writes to.
    pub restored: u32,
    /// When that group was begun.
    pub created: SimTime,
}

/// A restore under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Restore {
    /// The step that is next to end.
    pub step: RestoreStep,
    /// Whether that has ended and only an AZ is awaited.
    pub awaits: Awaits,
    /// When the snapshot was begun; when everything was lost, where there is none.
    pub taken: SimTime,
    /// When the new group was begun; before that, when the restore was.
    pub begun: SimTime,
    /// Where the data comes from.
    pub from: RestoreFrom,
}

/// Where a restore has its data from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RestoreFrom {
    /// A snapshot.
    Snapshot,
    /// The copy in the second region, which becomes the group.
    SecondRegion,
}

/// What a step of a restore waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Awaits {
    /// Its time.
    Time,
    /// An AZ in which the group has nodes.
    Az,
}

/// What there is of a shard in snapshots.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ShardArchive {
    /// How often its data began anew; what a snapshot holds of an earlier time was written off.
    pub epoch: u32,
    /// Its part of the newest automatic snapshot.
    pub automatic: Part,
    /// Its part of the newest manual snapshot.
    pub manual: Part,
    /// Its part of the snapshot that is being taken, and the node that is copied.
    pub taking: Option<(NodeId, Part)>,
    /// Its part of the snapshot that is kept to be restored.
    pub kept: Option<Part>,
}

/// A shard's part of a snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Part {
    /// The time of the shard's data.
    pub epoch: u32,
    /// Writes in it that are retained and counted nowhere as lost.
    pub offset: NanoWrites,
    /// Bytes in it.
    pub bytes: u64,
    /// What there is of the data of the start of the trial.
    pub start: StartData,
}

/// Whether the data of the start of the trial is in a copy.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum StartData {
    /// It is not.
    #[default]
    Missing,
    /// It is.
    Included,
}

/// A snapshot of a group that can be restored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Newest {
    /// The automatic one.
    Automatic(SimTime),
    /// The manual one.
    Manual(SimTime),
}

impl GroupArchive {
    /// The newest snapshot that is kept at `now`.
    pub fn newest(&self, now: SimTime) -> Option<Newest> {
        let automatic = self.automatic.filter(|(_, until)| now < *until).map(|(taken, _)| taken);
        match (automatic, self.manual) {
            (Some(automatic), Some(manual)) if manual > automatic => Some(Newest::Manual(manual)),
            (Some(automatic), _) => Some(Newest::Automatic(automatic)),
            (None, Some(manual)) => Some(Newest::Manual(manual)),
            (None, None) => None,
        }
    }
}

impl Newest {
    /// When it was begun.
    pub fn taken(self) -> SimTime {
        match self {
            Newest::Automatic(taken) | Newest::Manual(taken) => taken,
        }
    }
}

impl ShardArchive {
    /// Its part of a snapshot, unless that is of an earlier time of its data.
    pub fn part(&self, of: Newest) -> Option<Part> {
        let part = match of {
            Newest::Automatic(_) => self.automatic,
            Newest::Manual(_) => self.manual,
        };
        Some(part).filter(|part| part.epoch == self.epoch)
    }

    /// What a promotion lost counts as lost, whatever snapshots hold of it.
    pub fn cut(&mut self, offset: NanoWrites) {
        let epoch = self.epoch;
        let taking = self.taking.as_mut().map(|(_, part)| part);
        for part in [&mut self.automatic, &mut self.manual].into_iter().chain(taking) {
            if part.epoch == epoch {
                part.offset = part.offset.min(offset);
            }
        }
    }
}

impl Archive {
    /// Puts everything back to the start, keeping the memory.
    pub(super) fn restart(&mut self, plan: &Plan) {
        refill(&mut self.groups, plan.groups.len(), |_| GroupArchive::default());
        refill(&mut self.shards, plan.shards.len(), |_| {
            // No snapshot is of the time before the first.
            ShardArchive { epoch: 1, ..ShardArchive::default() }
        });
        self.manual.clear();
    }

    /// A group's snapshots.
    pub fn group(&self, group: GroupId) -> &GroupArchive {
        &self.groups[group.idx()]
    }

    /// A group's snapshots, to be changed by a rule.
    pub(super) fn group_mut(&mut self, group: GroupId) -> &mut GroupArchive {
        &mut self.groups[group.idx()]
    }

    /// A shard's parts of snapshots.
    pub fn shard(&self, shard: ShardId) -> &ShardArchive {
        &self.shards[shard.idx()]
    }

    /// A shard's parts of snapshots, to be changed by a rule.
    pub(super) fn shard_mut(&mut self, shard: ShardId) -> &mut ShardArchive {
        &mut self.shards[shard.idx()]
    }

    /// Whether one more manual backup may copy `node` at `now` (BK-03).
    pub fn quota_allows(&self, node: NodeId, now: SimTime) -> bool {
        let Some(times) = self.manual.get(node.idx()).filter(|t| t.len() >= MANUAL_QUOTA) else {
            return true;
        };
        now.since(times[times.len() - MANUAL_QUOTA]) >= DAY
    }

    /// A manual backup copies `node`.
    pub(super) fn count_manual(&mut self, node: NodeId, now: SimTime, n_nodes: usize) {
        if self.manual.is_empty() {
            self.manual.resize(n_nodes, Vec::new());
        }
        let times = &mut self.manual[node.idx()];
        if times.len() == MANUAL_QUOTA {
            times.remove(0);
        }
        times.push(now);
    }
}
