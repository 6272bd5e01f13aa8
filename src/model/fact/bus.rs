//! Facts of those who watch a primary, and of nodes that cannot be reached.

use crate::model::fact::{Loss, Role};
use crate::model::plan::{GroupId, NodeId, ShardId};

/// Something about a node that runs and cannot be reached became true (MZ-67).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IsolationFact {
    /// The node is cut off.
    Began {
        /// The node.
        node: NodeId,
        /// Its role.
        role: Role,
    },
    /// The node is reached again.
    Ended {
        /// The node.
        node: NodeId,
    },
    /// The isolated primary sees no majority of its peers, and takes writes from nobody.
    Refuses {
        /// The primary.
        node: NodeId,
    },
    /// Who was primary in a minority and is reached again waits: with taking writes, or with
    /// following its successor.
    Waits {
        /// The shard.
        shard: ShardId,
        /// The node.
        node: NodeId,
        /// Its role from now on.
        role: Role,
    },
    /// The primary that was in a minority takes writes again.
    Takes {
        /// The shard.
        shard: ShardId,
        /// The primary.
        node: NodeId,
    },
    /// How many writes of the shard isolated nodes take from now on, in writes per second.
    Beside {
        /// The shard.
        shard: ShardId,
        /// Taken by its primary, in its history.
        kept: u64,
        /// Taken by former primaries, and lost at once.
        astray: u64,
    },
    /// What a former primary took since the promotion is lost.
    SplitBrain {
        /// The shard.
        shard: ShardId,
        /// The former primary.
        node: NodeId,
        /// What that cost.
        loss: Loss,
    },
}

/// Something that the peers of a primary, or Sentinels, found out or decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BusFact {
    /// The lost primary is suspected, and a majority of the primaries is there to hear of it.
    Suspected {
        /// The primary.
        node: NodeId,
    },
    /// The primaries have no majority to agree on the failure, or to elect anybody.
    NoAgreement {
        /// The shard without a primary.
        shard: ShardId,
    },
    /// The failure is agreed on, and replicas stand for election.
    ElectionBegan {
        /// The shard.
        shard: ShardId,
        /// How many stand.
        candidates: u8,
    },
    /// The managed control plane promotes a replica, since the primaries cannot.
    TakeoverBegan {
        /// The shard.
        shard: ShardId,
    },
    /// Enough Sentinels find the primary down.
    ObjectivelyDown {
        /// The primary.
        node: NodeId,
    },
    /// The votes of the Sentinels split: they try again much later.
    VoteSplit {
        /// The shard.
        shard: ShardId,
    },
    /// The serving primaries of a group are no majority any more.
    MajorityLost {
        /// The group.
        group: GroupId,
        /// How many serve.
        serving: u16,
        /// How many it takes.
        majority: u16,
    },
    /// The primaries that are left have noticed, and refuse writes.
    WritesRefused {
        /// The group.
        group: GroupId,
        /// How many are left.
        serving: u16,
    },
    /// The serving primaries are a majority again.
    MajorityBack {
        /// The group.
        group: GroupId,
        /// How many serve.
        serving: u16,
    },
    /// The primaries take writes again.
    WritesTaken {
        /// The group.
        group: GroupId,
    },
}
