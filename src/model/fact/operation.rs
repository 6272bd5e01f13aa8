//! Facts of calls and of planned work.

use crate::model::api::{Call, Refusal};
use crate::model::fact::Status;
use crate::model::plan::{GroupId, NodeId, ShardId, Switch, UpdateMethod};
use crate::model::state::AutomaticFailover;

/// Something about operations, planned workflows and the nodes of a group became true.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OperationFact {
    /// A call was accepted, or work of the service begins.
    Accepted {
        /// Which.
        call: Call,
        /// On which group.
        group: GroupId,
    },
    /// A call was refused; nothing changed.
    Refused {
        /// Which.
        call: Call,
        /// On which group.
        group: GroupId,
        /// Why.
        refusal: Refusal,
    },
    /// A test failover was called: part of the quota is used.
    TestFailoverCalled {
        /// The shard.
        shard: ShardId,
    },
    /// A test failover was begun in the console and not confirmed: nothing happens.
    TestFailoverCancelled {
        /// The shard.
        shard: ShardId,
    },
    /// What the API says of the group changed.
    GroupChanged {
        /// The group.
        group: GroupId,
        /// `Status`.
        status: Status,
        /// `AutomaticFailover`.
        automatic_failover: AutomaticFailover,
        /// `MultiAZ`.
        multi_az: Switch,
    },
    /// Changes wait for the maintenance window.
    ChangesPending {
        /// The group.
        group: GroupId,
    },
    /// A service update was announced and waits for the maintenance window.
    UpdatePending {
        /// The group.
        group: GroupId,
    },
    /// A service update begins.
    UpdateBegan {
        /// The group.
        group: GroupId,
        /// How its nodes are updated.
        method: UpdateMethod,
    },
    /// All nodes are updated.
    UpdateEnded {
        /// The group.
        group: GroupId,
    },
    /// Planned: the primary serves nobody until its slot has a new node with its data.
    RecreationBegan {
        /// The shard.
        shard: ShardId,
        /// The primary.
        node: NodeId,
    },
    /// The node is patched.
    Patched {
        /// The node.
        node: NodeId,
    },
    /// A replica is being added.
    NodeAdded {
        /// The node.
        node: NodeId,
    },
    /// The replica is no longer part of the group.
    NodeRemoved {
        /// The node.
        node: NodeId,
    },
    /// A node outside ElastiCache follows the primaries of the group.
    ExternalReplicaAttached {
        /// The group.
        group: GroupId,
    },
    /// An external replica made a promotion fail; it is tried again.
    FailoverHindered {
        /// The shard.
        shard: ShardId,
    },
}

/// Whose event log announces a failover first (MZ-44, MZ-45).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Announced {
    /// The node's, as documented.
    NodeFirst,
    /// The group's.
    GroupFirst,
}
