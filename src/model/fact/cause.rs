//! What facts speak of: causes, phases of an outage, aims of faults, roles and losses.

use crate::engine::time::Span;
use crate::model::plan::{AzId, GroupId, NodeId, ShardId};
use crate::model::state::NanoWrites;

/// What struck: the kinds that outages are attributed to (MZ-01).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Cause {
    /// A single host was lost.
    Node,
    /// Several replicas' hosts were lost by one scheduled fault.
    Replicas,
    /// An AZ.
    Az,
    /// A whole group.
    Group,
    /// A process died, its host did not.
    Crash,
    /// The customer rebooted a node.
    CustomerReboot,
    /// The service rebooted a node.
    ServiceReboot,
    /// Planned: maintenance, or a promotion by hand.
    Planned,
    /// A test failover.
    TestFailover,
    /// A node that runs could not be reached (MZ-67).
    Isolation,
    /// An online migration: clients were stopped or moved, or the target is a replica.
    Migration,
}

impl Cause {
    /// All causes, in the order of their numbers.
    pub const ALL: [Cause; 11] = [
        Cause::Node,
        Cause::Replicas,
        Cause::Az,
        Cause::Group,
        Cause::Crash,
        Cause::CustomerReboot,
        Cause::ServiceReboot,
        Cause::Planned,
        Cause::TestFailover,
        Cause::Isolation,
        Cause::Migration,
    ];

    /// The name in results.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Node => "node",
            Cause::Replicas => "replicas",
            Cause::Az => "az",
            Cause::Group => "group",
            Cause::Crash => "crash",
            Cause::CustomerReboot => "customer-reboot",
            Cause::ServiceReboot => "service-reboot",
            Cause::Planned => "planned",
            Cause::TestFailover => "test-failover",
            Cause::Isolation => "isolation",
            Cause::Migration => "migration",
        }
    }
}

/// What an outage is waiting for at an instant; the phases of an outage sum to its length.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Phase {
    /// The control plane does not know yet.
    Detection,
    /// A replica is being promoted, or the copy in a second region.
    Promotion,
    /// The endpoint still names the old primary, or the application writes to the old group.
    Endpoint,
    /// A replacement, or a new group, waits for its AZ.
    WaitingForAz,
    /// A replacement, or a new group, is being provisioned.
    Provisioning,
    /// The recreated primary copies the data from a replica.
    Sync,
    /// An empty node is being made primary.
    ColdStart,
    /// A process restarts on its host.
    Restart,
    /// The primary reads its append-only file.
    Replay,
    /// The primaries of the cluster have no majority.
    Quorum,
    /// The primary has fewer good replicas than writes ask for.
    Replicas,
    /// A person has to decide on a restore, or on a switch to a second region.
    Decision,
    /// A snapshot is being loaded into a new group.
    Loading,
    /// Writes to the source of a migration were stopped, and the target catches up.
    Draining,
    /// The target of a migration is a replica, and takes no writes.
    Following,
}

impl Phase {
    /// All phases, in the order of their numbers.
    pub const ALL: [Phase; 15] = [
        Phase::Detection,
        Phase::Promotion,
        Phase::Endpoint,
        Phase::WaitingForAz,
        Phase::Provisioning,
        Phase::Sync,
        Phase::ColdStart,
        Phase::Restart,
        Phase::Replay,
        Phase::Quorum,
        Phase::Replicas,
        Phase::Decision,
        Phase::Loading,
        Phase::Draining,
        Phase::Following,
    ];

    /// The name in results and in the timeline.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Detection => "detection",
            Phase::Promotion => "promotion",
            Phase::Endpoint => "endpoint",
            Phase::WaitingForAz => "waiting for the AZ",
            Phase::Provisioning => "provisioning",
            Phase::Sync => "sync",
            Phase::ColdStart => "cold start",
            Phase::Restart => "restart",
            Phase::Replay => "replay",
            Phase::Quorum => "no majority",
            Phase::Replicas => "too few replicas",
            Phase::Decision => "decision",
            Phase::Loading => "loading a snapshot",
            Phase::Draining => "target catches up",
            Phase::Following => "target is a replica",
        }
    }
}

/// What a fault was aimed at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// A node.
    Node(NodeId),
    /// The primary of a shard.
    Primary(ShardId),
    /// Replicas of a shard.
    Replicas(ShardId),
    /// An AZ.
    Az(AzId),
    /// A group.
    Group(GroupId),
    /// The network between source and target of the migration.
    MigrationLink,
}

/// How a node stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// Its host is lost.
    HostLost,
    /// Its process died.
    Crashed,
    /// It was shut down to be rebooted.
    Rebooted,
    /// The control plane took it offline to replace it.
    TakenOffline,
    /// It was shut down to be patched in place.
    Patched,
    /// It was removed from its group.
    Removed,
}

/// The role in which a node stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// It was the primary.
    Primary,
    /// It was a replica.
    Replica,
}

/// What a promotion or a refill cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Loss {
    /// Acknowledged writes that are in no history any more.
    pub writes: NanoWrites,
    /// How many of them an isolated node took after it was cut off.
    pub beside: NanoWrites,
    /// Age of the oldest of them at the failure; of writes beside, when they ended.
    pub window: Span,
}

/// `Status` of a group in the API.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Status {
    /// It can be worked with.
    Available,
    /// A modification or a service update is under way.
    Modifying,
    /// A backup is running.
    Snapshotting,
    /// It is the target of an online migration.
    Migrating,
}

impl Status {
    /// The word in the API.
    pub fn name(self) -> &'static str {
        match self {
            Status::Available => "available",
            Status::Modifying => "modifying",
            Status::Snapshotting => "snapshotting",
            Status::Migrating => "migrating",
        }
    }
}
