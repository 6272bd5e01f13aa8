//! Facts of what outlives memory: snapshots, the append-only file, the durable log.

use crate::engine::time::Span;
use crate::model::fact::Loss;
use crate::model::persistence::{BackupKind, Method};
use crate::model::plan::{GroupId, NodeId, ShardId};
use crate::model::state::NanoWrites;

/// Something about snapshots, restores, the append-only file and the durable log became true.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BackupFact {
    /// A backup begins.
    Began {
        /// The group.
        group: GroupId,
        /// Who asked for it.
        kind: BackupKind,
        /// How it copies.
        method: Method,
    },
    /// Which node a backup copies, and how far that goes.
    Copies {
        /// The shard.
        shard: ShardId,
        /// The node.
        node: NodeId,
        /// Writes of the shard that the copy lacks.
        behind: NanoWrites,
    },
    /// A backup is complete: there is a new snapshot.
    Completed {
        /// The group.
        group: GroupId,
        /// Who asked for it.
        kind: BackupKind,
    },
    /// A backup failed.
    Failed {
        /// The group.
        group: GroupId,
        /// Who asked for it.
        kind: BackupKind,
        /// Why.
        why: BackupFailure,
    },
    /// Everything is lost, and a snapshot is to be restored.
    RestoreBegan {
        /// The group.
        group: GroupId,
        /// How old the snapshot is.
        age: Span,
    },
    /// A restore waits for AZs to be up.
    RestoreWaits {
        /// The group.
        group: GroupId,
    },
    /// A step of a restore begins.
    RestoreStep {
        /// The group.
        group: GroupId,
        /// Which.
        step: RestoreStep,
    },
    /// The application writes to a new group, filled from the snapshot.
    Restored {
        /// The group in whose place it is.
        group: GroupId,
        /// Which new group it is, from 1.
        number: u32,
        /// How old the snapshot is.
        age: Span,
    },
    /// What that means for a shard.
    ShardRestored {
        /// The shard.
        shard: ShardId,
        /// Its primary.
        node: NodeId,
        /// What the old group took meanwhile, and the new one does not have.
        loss: Loss,
    },
    /// A node of the new group, with all that the snapshot has, is in the place of an old one.
    NodeRestored {
        /// The node.
        node: NodeId,
    },
    /// Everything is lost, and the second region has a copy: somebody is to decide.
    SwitchBegan {
        /// The group.
        group: GroupId,
    },
    /// The application writes to the group of the second region.
    Switched {
        /// The group.
        group: GroupId,
    },
    /// What that means for a shard.
    ShardSwitched {
        /// The shard.
        shard: ShardId,
        /// Its primary.
        node: NodeId,
        /// What the copy lacked.
        loss: Loss,
    },
    /// What a snapshot still has of a lost dataset is given up.
    ArchiveLost {
        /// The shard.
        shard: ShardId,
        /// Acknowledged writes.
        writes: NanoWrites,
        /// Data.
        bytes: u64,
    },
    /// The primary's process is gone, its append-only file is not.
    LogKept {
        /// The node.
        node: NodeId,
        /// Age of the newest write in the file.
        tail: Span,
        /// Writes that it lacks.
        behind: NanoWrites,
    },
    /// The primary reads its append-only file.
    ReplayBegan {
        /// The node.
        node: NodeId,
    },
    /// The primary has what its append-only file has, and serves.
    Replayed {
        /// The shard.
        shard: ShardId,
        /// The node.
        node: NodeId,
        /// What was not on the disk.
        loss: Loss,
    },
    /// The primary of a durable shard is gone, and this is where the log ends.
    DurableLogEnds {
        /// The shard.
        shard: ShardId,
        /// Age of the newest write in the log.
        lag: Span,
        /// Writes that it lacks.
        behind: NanoWrites,
    },
    /// No node has a complete copy of the shard's data any more; the durable log has it.
    OnlyInDurableLog {
        /// The shard.
        shard: ShardId,
    },
    /// A node begins to read the durable log; it is unreachable until it has.
    DurableLogRead {
        /// The node.
        node: NodeId,
        /// How much there is to read.
        bytes: u64,
    },
    /// A node has what the durable log has, and serves.
    ServedFromDurableLog {
        /// The shard.
        shard: ShardId,
        /// The node.
        node: NodeId,
        /// What was not in the log.
        loss: Loss,
    },
}

/// Why a backup failed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum BackupFailure {
    /// No node of a shard was there to be copied.
    NoNode,
    /// The node that was copied stopped.
    NodeStopped,
    /// The node had no room for a fork, and its engine cannot do without.
    NoMemory,
    /// The group was being changed while the window was open.
    GroupBusy,
}

impl BackupFailure {
    /// In words.
    pub fn says(self) -> &'static str {
        match self {
            BackupFailure::NoNode => "no node with a complete copy runs",
            BackupFailure::NodeStopped => "the node stopped that was copied",
            BackupFailure::NoMemory => "too little memory for a fork",
            BackupFailure::GroupBusy => "the group was not available while the window was open",
        }
    }
}

/// Steps of a restore.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RestoreStep {
    /// Somebody decides to restore.
    Deciding,
    /// The new group is provisioned.
    Provisioning,
    /// It reads the snapshot.
    Loading,
    /// The application is given the new endpoint.
    RePointing,
    /// The application is given the endpoint of the second region.
    Switching,
    /// The group of the second region is promoted.
    Promoting,
}
