//! What the script and chance do to groups: faults, and calls of the API.

use std::ops::Range;

use crate::engine::law::Law;
use crate::model::plan::{AzId, GroupId, MigrationCall, NodeId, ShardId, Switch};

/// Something that the scenario schedules.
#[derive(Clone, PartialEq, Debug)]
pub struct Scripted {
    /// When it comes, from the start of the trial: a fixed length, or a law from which each
    /// trial draws once.
    pub at: Law,
    /// What it is.
    pub action: Action,
    /// Address of its random numbers: 24 bits, from its id or from its place among its kind.
    pub address: u32,
}

impl Scripted {
    /// The fault that it is, unless it is an operation.
    pub fn fault(&self) -> Option<&ScriptedFault> {
        match &self.action {
            Action::Fault(fault) => Some(fault),
            Action::Operation(_) => None,
        }
    }
}

/// What the scenario schedules.
#[derive(Clone, PartialEq, Debug)]
pub enum Action {
    /// Something breaks.
    Fault(ScriptedFault),
    /// Somebody calls the API, or the service begins its work.
    Operation(Operation),
}

/// A call of the API, or work that the service begins. It may be refused, by the state of the group
/// at that moment; what can never be right does not get past the scenario.
#[derive(Clone, PartialEq, Debug)]
pub enum Operation {
    /// `ModifyReplicationGroup`.
    Modify {
        /// The group.
        group: GroupId,
        /// What is to change.
        changes: Changes,
        /// When.
        apply: Apply,
    },
    /// The four steps of a manual promotion, each begun when the one before is complete: Multi-AZ
    /// off, automatic failover off, promote, both on again (MZ-57).
    PromoteReplica {
        /// Whom.
        node: NodeId,
    },
    /// `TestFailover`.
    TestFailover {
        /// On which shard.
        shard: ShardId,
        /// What is answered when the console asks (MZ-70).
        answer: Answer,
    },
    /// `RebootCacheCluster`.
    Reboot {
        /// The node.
        node: NodeId,
    },
    /// `IncreaseReplicaCount` and `DecreaseReplicaCount`.
    SetReplicas {
        /// The group.
        group: GroupId,
        /// Replicas of each shard from then on.
        count: u8,
        /// Which of the two calls it is.
        direction: Direction,
        /// When.
        apply: Apply,
    },
    /// Somebody makes a node outside ElastiCache a replica of the primary (MZ-64, MZ-65).
    AttachExternalReplica {
        /// The group.
        group: GroupId,
        /// The chance with which each promotion fails from then on, in thousandths.
        hinders_permille: u16,
    },
    /// `CreateSnapshot`.
    CreateSnapshot {
        /// The group.
        group: GroupId,
    },
    /// A service update: all nodes are replaced or patched, replicas first (MZ-12).
    ServiceUpdate {
        /// The group.
        group: GroupId,
        /// At once, or when the maintenance window opens.
        apply: Apply,
        /// How a node is updated.
        method: UpdateMethod,
    },
    /// A call of an online migration, or what its operator does.
    Migration {
        /// The group to which data is to be migrated.
        target: GroupId,
        /// What is called.
        call: MigrationCall,
    },
}

/// What `ModifyReplicationGroup` is to change; what is `None` stays.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Changes {
    /// `AutomaticFailoverEnabled`.
    pub automatic_failover: Option<Switch>,
    /// `MultiAZEnabled`.
    pub multi_az: Option<Switch>,
    /// `PrimaryClusterId`: this replica is promoted.
    pub primary: Option<NodeId>,
    /// `SnapshotRetentionLimit` in days.
    pub snapshot_retention: Option<u8>,
    /// `SnapshottingClusterId`.
    pub snapshotting_node: Option<NodeId>,
    /// The append-only file, by way of a parameter group.
    pub append_only_file: Option<Switch>,
}

impl Changes {
    /// These changes, and of the earlier ones what they leave alone.
    pub fn over(&self, earlier: &Changes) -> Changes {
        Changes {
            automatic_failover: self.automatic_failover.or(earlier.automatic_failover),
            multi_az: self.multi_az.or(earlier.multi_az),
            primary: self.primary.or(earlier.primary),
            snapshot_retention: self.snapshot_retention.or(earlier.snapshot_retention),
            snapshotting_node: self.snapshotting_node.or(earlier.snapshotting_node),
            append_only_file: self.append_only_file.or(earlier.append_only_file),
        }
    }

    /// Nothing.
    pub const NONE: Changes = Changes {
        automatic_failover: None,
        multi_az: None,
        primary: None,
        snapshot_retention: None,
        snapshotting_node: None,
        append_only_file: None,
    };
}

/// `ApplyImmediately`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Apply {
    /// True.
    Immediately,
    /// False: when the maintenance window opens (MZ-22).
    InWindow,
}

/// What is answered when the console asks whether to go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Continue.
    Continue,
    /// Cancel.
    Cancel,
}

/// Which way the number of replicas goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// More.
    Increase,
    /// Fewer.
    Decrease,
}

/// How a service update brings a node to its new version.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum UpdateMethod {
    /// By a new node in its place.
    Replace,
    /// In place, with a restart of the process.
    Patch,
}

/// Whom a scheduled fault strikes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Victim<Id> {
    /// This one, in every trial.
    Named(Id),
    /// In each trial one of those at these positions, with equal chances.
    Any(Range<u16>),
}

/// What a scheduled fault does.
#[derive(Clone, PartialEq, Debug)]
pub enum ScriptedFault {
    /// The host of the shard's primary is lost.
    FailPrimary(Victim<ShardId>),
    /// The node's host is lost.
    FailNode(Victim<NodeId>),
    /// The node's process dies and comes back, empty, on the same host.
    CrashNode {
        /// The node.
        node: Victim<NodeId>,
        /// Crash to a process that answers.
        restart_after: Law,
    },
    /// The hosts of the shard's first `count` live replicas, in node order, are lost.
    FailReplicas {
        /// The shard; one by chance has at least `count` replicas.
        shard: Victim<ShardId>,
        /// How many.
        count: u8,
    },
    /// Every node of the AZ is lost, and the AZ is down for `duration`.
    FailAz {
        /// The AZ; one by chance has nodes.
        az: Victim<AzId>,
        /// How long it is down.
        duration: Law,
        /// Share of its nodes that are lost.
        share: Share,
    },
    /// Every node of the group is lost.
    FailGroup(GroupId),
    /// The node is rebooted.
    RebootNode {
        /// The node.
        node: Victim<NodeId>,
        /// On whose request.
        by: RebootBy,
    },
    /// The node runs, and nobody but the clients on its side reaches it.
    IsolateNode {
        /// The node.
        node: Victim<NodeId>,
        /// For how long.
        duration: Law,
        /// Writes per second that it takes meanwhile, if it is the primary.
        writers_beside: u64,
    },
    /// The same of the shard's primary, whoever that is then.
    IsolatePrimary {
        /// The shard.
        shard: Victim<ShardId>,
        /// For how long.
        duration: Law,
        /// Writes per second that it takes meanwhile.
        writers_beside: u64,
    },
    /// The network between source and target of the migration is cut.
    CutMigrationLink {
        /// For how long.
        duration: Law,
    },
}

/// Who asked for a reboot; decides whether it leads to a failover (MZ-60).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum RebootBy {
    /// The customer: no failover, the node comes back empty as what it was.
    Customer,
    /// The service: a failure like others, if it is detected.
    Service,
}

/// Which share of an AZ's nodes an AZ event hits; each node then is hit with that chance.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Share {
    /// All of them.
    All,
    /// A share drawn per event between `low` and `high`.
    Uniform {
        /// Smallest share, 0 to 1.
        low: f64,
        /// Largest share, `low` to 1.
        high: f64,
    },
}

/// A random process of host losses, one clock per node.
#[derive(Clone, PartialEq, Debug)]
pub struct NodeFailures {
    /// Age at failure.
    pub life: Law,
    /// Address of its random numbers: 24 bits, from its id or from its place among its kind.
    pub address: u32,
}

/// A random process of AZ failures, one clock per AZ that runs while the AZ is up.
#[derive(Clone, PartialEq, Debug)]
pub struct AzFailures {
    /// Time up.
    pub life: Law,
    /// Time down.
    pub duration: Law,
    /// Share of nodes lost.
    pub share: Share,
    /// Address of its random numbers: 24 bits, from its id or from its place among its kind.
    pub address: u32,
}

/// A random process of whole-group failures, one clock per group.
#[derive(Clone, PartialEq, Debug)]
pub struct GroupFailures {
    /// Time between failures.
    pub life: Law,
    /// The group, or each.
    pub group: Option<GroupId>,
    /// Address of its random numbers: 24 bits, from its id or from its place among its kind.
    pub address: u32,
}

/// A random process of service updates, one clock per group; each waits for the group's next
/// maintenance window.
#[derive(Clone, PartialEq, Debug)]
pub struct ServiceUpdates {
    /// Time between announcements.
    pub life: Law,
    /// The group, or each.
    pub group: Option<GroupId>,
    /// How a node is updated.
    pub method: UpdateMethod,
    /// Address of its random numbers: 24 bits, from its id or from its place among its kind.
    pub address: u32,
}
