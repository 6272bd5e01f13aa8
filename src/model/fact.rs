//! [`Fact`]: something that became true, told to observers.
//!
//! Events are causes we schedule; facts are effects we tell. A fact carries what a reader needs
//! (who, how much), so that observers never look into the state, and cannot influence it.

use crate::engine::time::{SimTime, Span};
use crate::model::api::{Call, Refusal};
use crate::model::persistence::{BackupKind, Method};
use crate::model::plan::{AzId, GroupId, NodeId, ShardId, Switch, UpdateMethod};
use crate::model::state::{AutomaticFailover, NanoWrites};

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
}

impl Cause {
    /// All causes, in the order of their numbers.
    pub const ALL: [Cause; 10] = [
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
        }
    }
}

/// What an outage is waiting for at an instant; the phases of an outage sum to its length.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Phase {
    /// The control plane does not know yet.
    Detection,
    /// A replica is being promoted.
    Promotion,
    /// The endpoint still names the old primary.
    Endpoint,
    /// A replacement waits for its AZ.
    WaitingForAz,
    /// A replacement is being provisioned.
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
}

impl Phase {
    /// All phases, in the order of their numbers.
    pub const ALL: [Phase; 10] = [
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

/// Something that became true.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fact {
    /// A fault struck; what it did follows.
    FaultStruck {
        /// Its kind.
        cause: Cause,
        /// Its aim.
        target: Target,
    },
    /// A fault found nothing to strike: the node was down already, or there was no primary.
    FaultMissed {
        /// Its kind.
        cause: Cause,
        /// Its aim.
        target: Target,
    },
    /// The AZ is down; which nodes it took follows.
    AzDown {
        /// The AZ.
        az: AzId,
    },
    /// The AZ is up again.
    AzUp {
        /// The AZ.
        az: AzId,
    },
    /// A node stopped.
    NodeDown {
        /// The node.
        node: NodeId,
        /// How.
        stop: Stop,
        /// Its role.
        role: Role,
        /// Why.
        cause: Cause,
    },
    /// How far a replica trailed its primary when that was lost.
    LagFrozen {
        /// The replica.
        node: NodeId,
        /// Age of its newest write.
        lag: Span,
        /// Writes it lacks.
        behind: NanoWrites,
    },
    /// No node accepts the shard's writes any more (server side).
    PrimaryStopped {
        /// The shard.
        shard: ShardId,
    },
    /// A node accepts the shard's writes (server side).
    PrimaryServes {
        /// The shard.
        shard: ShardId,
        /// The node.
        node: NodeId,
    },
    /// Writers reach no primary: the outage begins.
    WritesStopped {
        /// The shard.
        shard: ShardId,
        /// The fault that opened the outage.
        cause: Cause,
    },
    /// Writers reach a primary: the outage ends.
    WritesResumed {
        /// The shard.
        shard: ShardId,
        /// The node they reach.
        node: NodeId,
    },
    /// What the outage waits for from now on.
    PhaseBegan {
        /// The shard.
        shard: ShardId,
        /// What for.
        phase: Phase,
    },
    /// The control plane knows that the node is gone.
    NodeDetected {
        /// The node.
        node: NodeId,
    },
    /// The control plane begins to promote a replica.
    FailoverBegan {
        /// The shard.
        shard: ShardId,
    },
    /// No replica was left to promote.
    FailoverFailed {
        /// The shard.
        shard: ShardId,
    },
    /// A replica became primary.
    Promoted {
        /// The shard.
        shard: ShardId,
        /// The former primary.
        from: NodeId,
        /// The new primary.
        to: NodeId,
        /// How many replicas it was chosen from.
        candidates: u8,
        /// What that cost.
        loss: Loss,
        /// Whose event log has it first.
        announced: Announced,
    },
    /// The primary's own slot serves again, filled from a replica.
    PrimaryRecreated {
        /// The shard.
        shard: ShardId,
        /// The primary.
        node: NodeId,
        /// Where its data came from.
        from: NodeId,
        /// What that cost.
        loss: Loss,
    },
    /// The primary endpoint names the node.
    EndpointUpdated {
        /// The shard.
        shard: ShardId,
        /// The node.
        node: NodeId,
    },
    /// A replacement is to be made once the AZ is up.
    ReplacementWaits {
        /// The node.
        node: NodeId,
    },
    /// A replacement is being provisioned.
    ReplacementStarted {
        /// The node.
        node: NodeId,
    },
    /// An empty node answers in the place of the lost one.
    NodeReplaced {
        /// The node.
        node: NodeId,
    },
    /// The process answers again, empty.
    ProcessBack {
        /// The node.
        node: NodeId,
    },
    /// The node flushed what it had, because it attaches to a primary with another history.
    Flushed {
        /// The node.
        node: NodeId,
    },
    /// A full sync began; the node is unreachable until it ends.
    SyncStarted {
        /// The node.
        node: NodeId,
        /// The copy it reads.
        from: NodeId,
        /// How much there is to copy.
        bytes: u64,
    },
    /// The full sync stopped, its source is gone.
    SyncStopped {
        /// The node.
        node: NodeId,
    },
    /// The node holds a complete copy and follows.
    Synced {
        /// The node.
        node: NodeId,
    },
    /// The node follows the new primary without a full sync.
    Reattached {
        /// The node.
        node: NodeId,
        /// What it had to catch up.
        missing: NanoWrites,
    },
    /// The control plane is done with the node that it recovered.
    Recovered {
        /// The node.
        node: NodeId,
    },
    /// The last complete copy is gone.
    DatasetLost {
        /// The shard.
        shard: ShardId,
        /// Acknowledged writes that went with it.
        writes: NanoWrites,
        /// Data that went with it.
        bytes: u64,
    },
    /// An empty node is being made primary.
    ColdStartBegan {
        /// The shard.
        shard: ShardId,
        /// The node.
        node: NodeId,
    },
    /// An empty node is primary.
    ColdStarted {
        /// The shard.
        shard: ShardId,
        /// The node.
        node: NodeId,
    },
    /// The primary came back empty; whoever follows it loses what it had.
    EmptyPrimary {
        /// The shard.
        shard: ShardId,
        /// The node.
        node: NodeId,
    },
    /// The numbers of complete copies and of nodes that serve reads changed.
    Copies {
        /// The shard.
        shard: ShardId,
        /// Complete copies.
        complete: u8,
        /// Copies that there are to be.
        configured: u8,
        /// Nodes that serve reads.
        readers: u8,
    },
    /// The role of primary was handed over as planned, without loss.
    HandedOver {
        /// The shard.
        shard: ShardId,
        /// The former primary.
        from: NodeId,
        /// The new primary.
        to: NodeId,
        /// How long writes waited.
        pause: Span,
        /// Whose event log has it first.
        announced: Announced,
    },
    /// Something about operations, workflows and membership.
    Operation(OperationFact),
    /// Something about snapshots, restores and the append-only file.
    Backup(BackupFact),
    /// Something that the peers of a primary, or Sentinels, found out or decided.
    Bus(BusFact),
    /// Something about nodes that run and cannot be reached.
    Isolation(IsolationFact),
}

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

/// Something about snapshots, restores and the append-only file became true.
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
}

/// Whose event log announces a failover first (MZ-44, MZ-45).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Announced {
    /// The node's, as documented.
    NodeFirst,
    /// The group's.
    GroupFirst,
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
}

impl Status {
    /// The word in the API.
    pub fn name(self) -> &'static str {
        match self {
            Status::Available => "available",
            Status::Modifying => "modifying",
            Status::Snapshotting => "snapshotting",
        }
    }
}

/// Listens to a trial. Observers see facts and never influence it.
pub trait Observer {
    /// `fact` became true at `now`; called in order of time.
    fn on_fact(&mut self, now: SimTime, fact: Fact);
}

impl Observer for () {
    #[inline(always)]
    fn on_fact(&mut self, _: SimTime, _: Fact) {}
}

impl<A: Observer, B: Observer> Observer for (A, B) {
    #[inline]
    fn on_fact(&mut self, now: SimTime, fact: Fact) {
        self.0.on_fact(now, fact);
        self.1.on_fact(now, fact);
    }
}

impl<O: Observer> Observer for &mut O {
    #[inline]
    fn on_fact(&mut self, now: SimTime, fact: Fact) {
        (**self).on_fact(now, fact);
    }
}
