//! [`Plan`]: the checked, immutable input of a trial.
//!
//! A `Plan` in hand is valid; nobody checks again. `scenario` builds it from a file. Everything is
//! flat and indexed, because the event loop reads it: a shard's nodes lie side by side, and so do
//! a group's shards. Names are here only so that observers and reports can say them.

use std::ops::Range;

use crate::engine::law::Law;
use crate::engine::queue::Slot;
use crate::engine::time::{NANOS_PER_SEC, SimTime, Span};
use crate::model::persistence::{Forkless, LogPlan, SnapshotPlan};

/// Number of hash slots that the shards of a group share.
pub const HASH_SLOTS: u32 = 16_384;

/// A node, counted over all groups; a shard's nodes are consecutive.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId(pub u16);

/// A shard, counted over all groups.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ShardId(pub u16);

/// A replication group.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct GroupId(pub u16);

/// An availability zone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AzId(pub u16);

impl NodeId {
    /// Position in the tables of nodes.
    pub fn idx(self) -> usize {
        usize::from(self.0)
    }
}

impl ShardId {
    /// Position in the tables of shards.
    pub fn idx(self) -> usize {
        usize::from(self.0)
    }
}

impl GroupId {
    /// Position in the table of groups.
    pub fn idx(self) -> usize {
        usize::from(self.0)
    }
}

impl AzId {
    /// Position in the tables of AZs.
    pub fn idx(self) -> usize {
        usize::from(self.0)
    }
}

/// Everything a trial needs to know and never changes.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    /// The scenario's name.
    pub name: String,
    /// End of simulated time.
    pub horizon: SimTime,
    /// The start of the trial, in seconds of Unix time (UTC); only windows and dates depend on it.
    pub start: i64,
    /// Before this instant nothing is counted; it lies inside the horizon.
    pub warm_up: SimTime,
    /// Replication groups in file order.
    pub groups: Vec<Group>,
    /// Shards, group by group.
    pub shards: Vec<Shard>,
    /// Nodes, shard by shard, each shard's first primary first.
    pub nodes: Vec<Node>,
    /// AZs by first appearance.
    pub azs: Vec<Az>,
    /// What is written, and to how much data.
    pub workload: Workload,
    /// How far replicas trail, and how much they may catch up without a full sync.
    pub replication: Replication,
    /// How long things take.
    pub timing: Timing,
    /// The named choices.
    pub rules: Rules,
    /// What the control plane is and how it works.
    pub control_plane: ControlPlane,
    /// Snapshots.
    pub snapshots: SnapshotPlan,
    /// The append-only file.
    pub log: LogPlan,
    /// Scheduled faults and operations, those that can come earliest first; where several come at
    /// the same instant, they do so in this order.
    pub script: Vec<Scripted>,
    /// Random faults: processes per node, per AZ, per group.
    pub node_failures: Vec<NodeFailures>,
    /// Random AZ failures.
    pub az_failures: Vec<AzFailures>,
    /// Random failures of a whole group.
    pub group_failures: Vec<GroupFailures>,
    /// Service updates that come by chance.
    pub service_updates: Vec<ServiceUpdates>,
}

/// A replication group: its name, which shards are its own, and how it begins.
#[derive(Clone, PartialEq, Debug)]
pub struct Group {
    /// `ReplicationGroupId`.
    pub id: String,
    /// Its shards.
    pub shards: Range<u16>,
    /// Which replica follows a lost primary while automatic failover is on; `None` where the rules
    /// say that nobody ever does.
    pub promotion: Option<Promotion>,
    /// Whether a lost primary is followed by a replica, at the start.
    pub automatic_failover: Switch,
    /// The placement promise, at the start. It decides how planned replacements go (MZ-08, MZ-10)
    /// and which operations are refused; failures are up to automatic failover (MZ-66).
    pub multi_az: Switch,
    /// `cluster-mode = "enabled"`.
    pub cluster_mode: ClusterMode,
    /// Who finds out that the primary is gone, and who decides on its successor.
    pub detector: Detector,
    /// What handing over the role of primary costs this engine.
    pub handover: Handover,
    /// Whether its engine and node type have Multi-AZ (MZ-53, MZ-54).
    pub multi_az_support: Support,
    /// Whether its engine and node type have an append-only file (MZ-58).
    pub append_only_support: Support,
    /// What becomes of replicas outside ElastiCache.
    pub external_replicas: ExternalReplicas,
    /// When maintenance may happen, weekly.
    pub maintenance: Window,
    /// Automatic backups.
    pub backups: Backups,
    /// Whether its primaries log what they write, at the start (MZ-58).
    pub append_only_file: Switch,
    /// Bytes of memory of a node, with what is reserved, where that is known.
    pub memory_bytes: Option<u64>,
    /// Whether its engine can back up without forking.
    pub forkless: Forkless,
    /// What only the API's answers need.
    pub about: About,
}

/// A switch of the AWS API.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

impl From<bool> for Switch {
    fn from(on: bool) -> Self {
        if on { Switch::On } else { Switch::Off }
    }
}

/// Who notices that a primary is gone, and who decides on its successor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detector {
    /// The managed control plane, by the law of detection.
    Managed,
    /// The nodes of the cluster: node timeout, gossip, a majority of primaries, an election. Where
    /// there is no majority the managed control plane steps in.
    ClusterBus,
    /// Redis Sentinel, self-hosted.
    Sentinel,
}

/// What a planned hand-over of the role of primary costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Handover {
    /// Writes wait for a moment, none is refused (MZ-07, MZ-08).
    Seamless,
    /// Writes are refused until DNS names the new primary (MZ-09).
    DnsGap,
}

/// Whether an engine and a node type have something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Support {
    /// They do.
    Supported,
    /// They do not.
    Unsupported,
}

/// What becomes of a replica outside ElastiCache that is to follow a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExternalReplicas {
    /// The engine takes none: Redis OSS from 2.8.22, Valkey from 7.2.6 on (MZ-64).
    Refused,
    /// It follows, and can hinder failovers while Multi-AZ is on (MZ-65).
    Hazard,
}

/// The first engine, and Redis OSS version, whose planned replacements refuse no write in a group
/// without cluster mode (MZ-08); older ones, those between 4.0.10 and this among them, have a gap
/// (MZ-09, MZ-11).
pub const SEAMLESS_SINCE: [u32; 3] = [5, 0, 6];

/// A recurring interval of simulated time, such as a weekly maintenance window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// When it opens for the first time at or after the start of the trial.
    pub first: SimTime,
    /// From one opening to the next.
    pub every: Span,
    /// How long it is open.
    pub length: Span,
}

impl Window {
    /// When it opens next, at `now` or later.
    pub fn next_opening(&self, now: SimTime) -> SimTime {
        if now <= self.first {
            return self.first;
        }
        let since = now.since(self.first).as_nanos();
        let n = since.div_ceil(self.every.as_nanos());
        self.first + Span::from_nanos(n.saturating_mul(self.every.as_nanos()))
    }

    /// Whether it is open at `now`, or has been open since before the trial.
    pub fn is_open(&self, now: SimTime) -> bool {
        let since = now.as_nanos() + self.every.as_nanos() - self.first.as_nanos();
        since % self.every.as_nanos() < self.length.as_nanos()
    }
}

/// Automatic backups of a group (BK-01).
#[derive(Clone, PartialEq, Debug)]
pub struct Backups {
    /// Days for which a snapshot is kept; 0 switches automatic backups off.
    pub retention_days: u8,
    /// When they are taken, daily.
    pub window: Window,
    /// The node that is copied, where the scenario names it.
    pub node: Option<NodeId>,
}

/// What the API says of a group and the model does not need.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct About {
    /// `Description`.
    pub description: String,
    /// `Engine`: "valkey" or "redis".
    pub engine: &'static str,
    /// `EngineVersion`: "8.0.0".
    pub engine_version: String,
    /// `CacheNodeType`, or nothing where the scenario is silent.
    pub node_type: Option<String>,
    /// The part of endpoint names that AWS invents per group: "v5r9dc".
    pub dns_label: String,
    /// `PreferredMaintenanceWindow`: "sun:05:00-sun:06:00".
    pub maintenance_window: String,
    /// `SnapshotWindow`: "07:00-08:00".
    pub snapshot_window: String,
}

impl Group {
    /// Who follows a primary lost at the start of the trial; nobody where automatic failover is
    /// off then.
    pub fn promotes_at_start(&self) -> Option<Promotion> {
        self.promotion.filter(|_| self.automatic_failover == Switch::On)
    }
}

/// Whether the keys of a group are spread over shards by hash slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClusterMode {
    /// One shard, reached through the primary endpoint.
    Disabled,
    /// Any number of shards, reached through the slot map.
    Enabled,
}

/// A shard of a group.
#[derive(Clone, PartialEq, Debug)]
pub struct Shard {
    /// `NodeGroupId`: "0001", ….
    pub id: String,
    /// Its group.
    pub group: GroupId,
    /// Its nodes, the first primary first.
    pub nodes: Range<u16>,
    /// Hash slots of [`HASH_SLOTS`] that it owns.
    pub hash_slots: u32,
    /// Writes offered per second.
    pub writes_per_sec: u64,
    /// Reads offered per second.
    pub reads_per_sec: u64,
    /// Bytes of data that it holds at the start, and at most.
    pub dataset_bytes: u64,
    /// Address of its random numbers.
    pub entity: u64,
}

impl Shard {
    /// Where the shard's nodes stand in the tables of nodes.
    pub fn node_range(&self) -> Range<usize> {
        usize::from(self.nodes.start)..usize::from(self.nodes.end)
    }

    /// The shard's nodes.
    pub fn node_ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + Clone + use<> {
        self.nodes.clone().map(NodeId)
    }
}

/// A node's place.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// `CacheClusterId`.
    pub name: String,
    /// Its shard.
    pub shard: ShardId,
    /// Its place among all nodes by name: wherever "the smallest id" decides, this does (MZ-26).
    pub rank: u16,
    /// Where it and its replacements run.
    pub az: AzId,
    /// Whether it is there from the start, or only once replicas are added.
    pub membership: Membership,
    /// Address of its random numbers: group, shard and slot, so that one more replica in another
    /// policy does not move anybody else's life.
    pub entity: u64,
}

/// Whether a node is part of its group.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Membership {
    /// It is.
    Member,
    /// It was not added yet, or has been removed.
    Absent,
}

/// An availability zone.
#[derive(Clone, PartialEq, Debug)]
pub struct Az {
    /// "us-west-2a", ….
    pub name: String,
    /// Its nodes in ascending order, so that a shard's nodes come together.
    pub nodes: Vec<NodeId>,
    /// Address of its random numbers.
    pub entity: u64,
}

/// The write stream, a fluid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Workload {
    /// Bytes of one write.
    pub write_bytes: u64,
}

/// Asynchronous replication.
#[derive(Clone, PartialEq, Debug)]
pub struct Replication {
    /// How far behind its primary a replica is, in time.
    pub lag: Law,
    /// Bytes of replication stream that a node keeps for replicas that come back.
    pub backlog_bytes: u64,
}

/// How long things take.
#[derive(Clone, PartialEq, Debug)]
pub struct Timing {
    /// Failure to the control plane's decision that the node is gone.
    pub detection: Law,
    /// Detection to the chosen replica being primary.
    pub promotion: Law,
    /// Promotion to the primary endpoint naming the new primary.
    pub endpoint: Law,
    /// Start of a replacement to an empty node that answers.
    pub replacement: Law,
    /// Attaching to a complete copy by copying everything.
    pub full_sync: FullSync,
    /// After a dataset loss: first live node to writable again.
    pub cold_start: Law,
    /// A reboot, from shutdown to a process that answers.
    pub reboot: Law,
    /// A modification of a group, from the call to the group being available again.
    pub modify: Law,
    /// Test failover: from the call to the primary being taken offline.
    pub test_failover: Law,
    /// From one step of a planned workflow to the next: from a promotion to the recovery of the
    /// old primary, from one updated node to the next.
    pub maintenance_step: Law,
    /// From the last updated replica to the hand-over.
    pub handover_start: Law,
    /// How long writes wait in a hand-over that refuses none.
    pub handover_pause: Law,
    /// How long writes are refused in a hand-over of an old engine.
    pub handover_gap: Law,
    /// A planned replacement, from taking the node down to an empty node that answers.
    pub planned_replacement: Law,
    /// Patching in place: how long the process is gone.
    pub patch_restart: Law,
    /// Patching in place: from a process that answers again to a patched node.
    pub patch: Law,
}

/// How long a full sync takes.
#[derive(Clone, PartialEq, Debug)]
pub enum FullSync {
    /// Proportional to the data held at its start.
    PerGib(Span),
    /// Whatever the size.
    Law(Law),
}

/// The named choices that change a number; defaults and their reasons stand in the scenario
/// reference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rules {
    /// When the control plane begins to repair.
    pub replacement_starts: ReplacementStarts,
    /// What the other replicas do after a promotion.
    pub resync: Resync,
    /// Whether a replacement needs its AZ to be up.
    pub replacement_az: ReplacementAz,
    /// Where a full sync may read from.
    pub resync_source: ResyncSource,
    /// Whether a node in full sync counts as a copy.
    pub syncing: SyncingCopy,
    /// What a further fault does to a failover under way.
    pub failure_during_failover: DuringFailover,
    /// Whether random node failures strike nodes in full sync.
    pub syncing_nodes: SyncingNodes,
    /// Who serves first after a dataset loss.
    pub cold_start_node: ColdStartNode,
    /// What a fault shorter than its detection does.
    pub sub_detection_fault: SubDetection,
    /// When a primary that could not be reached ceases to take writes.
    pub fencing: Fencing,
}

/// When the repair of a failed node (replacement, cold start) may begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReplacementStarts {
    /// At once, as if failures were known without delay.
    AtFailure,
    /// When the failure is detected.
    AfterDetection,
    /// When the failure is detected and no failover of the shard is under way (MZ-27).
    AfterFailover,
}

/// Which replica follows a lost primary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Promotion {
    /// The greatest replication offset, which loses least (MZ-24, MZ-56); ties go to the smallest
    /// node id (MZ-26).
    LeastLag,
    /// Any complete replica with equal chances.
    Random,
    /// The smallest node id.
    LowestId,
}

/// What the other replicas do after a promotion (MZ-62, and D-1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resync {
    /// They flush and copy everything, unreachable meanwhile (the guide's text, MZ-62).
    Full,
    /// Redis PSYNC2: the missing tail if the backlog holds it, everything otherwise.
    Engine,
    /// They follow at once.
    None,
}

/// Whether a replacement needs its AZ to be up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReplacementAz {
    /// It waits, and starts over if the AZ fails meanwhile (MZ-59).
    Waits,
    /// It goes on whatever the AZ does.
    Ignores,
}

/// Where a full sync may read from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResyncSource {
    /// Only a serving primary; a sync stops with it and starts over with the next.
    Primary,
    /// Any complete copy.
    AnyCopy,
}

/// Whether a node in full sync counts as a complete copy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SyncingCopy {
    /// It does not.
    Incomplete,
    /// It does, and is promoted where no synced replica is left.
    CountsAsComplete,
}

/// What a further fault in the shard does to a failover under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DuringFailover {
    /// Nothing: neither restarts nor extends it.
    Continue,
    /// Detection begins anew.
    Restart,
}

/// Whether random node failures strike nodes in full sync.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SyncingNodes {
    /// A node's life begins when it joins.
    CanFail,
    /// A node's life begins when its sync ends.
    CannotFail,
}

/// Who serves first after a dataset loss.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ColdStartNode {
    /// The first live node (MZ-33, `cold-start-node = first-ready`).
    FirstReady,
    /// The lost primary's slot.
    PrimarySlot,
}

/// What a fault of the primary does that ends before it is detected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SubDetection {
    /// The process serves again, empty; nobody fails over (D-2).
    Blip,
    /// The failover happens all the same.
    Failover,
}

/// When an isolated primary ceases to take the writes beside it, if a replica is promoted (MZ-67).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fencing {
    /// From the promotion on: it is taken offline first.
    AtPromotion,
    /// When it can be reached again.
    OnReturn,
}

/// The control plane, as far as it is not a matter of time or choice.
#[derive(Clone, PartialEq, Debug)]
pub struct ControlPlane {
    /// How many times longer replacements take that begin in or up to two hours after the outage
    /// of any AZ, in thousandths.
    pub az_event_slowdown_permille: u32,
    /// What an AZ outage does to test failovers.
    pub test_failover_in_az_outage: InAzOutage,
    /// The order in which a failover is announced.
    pub event_order: EventOrder,
    /// How the nodes of a cluster find out, and decide.
    pub bus: Bus,
    /// How Sentinels do.
    pub sentinel: Sentinel,
}

/// The cluster bus: how the nodes of a cluster watch each other.
#[derive(Clone, PartialEq, Debug)]
pub struct Bus {
    /// `cluster-node-timeout`.
    pub node_timeout: Span,
    /// Loss of a primary to the others suspecting it: 1 to 1.5 node timeouts.
    pub suspicion: Law,
    /// Suspicion to the agreement of a majority of primaries.
    pub gossip: Law,
    /// Agreement to the vote for a replica of rank 0; each further rank waits a second longer.
    pub election: Law,
    /// Loss of a primary to the managed control plane promoting a replica, where the primaries
    /// cannot.
    pub takeover: Law,
    /// What primaries do that see no majority.
    pub minority: Minority,
}

impl Bus {
    /// The engine's formulas for a node timeout, with the laws that no formula gives.
    pub fn new(node_timeout: Span, gossip: Law, takeover: Law, minority: Minority) -> Bus {
        let timeout = node_timeout.as_nanos() as f64;
        let second = NANOS_PER_SEC as f64;
        let between = |low, high| Law::uniform(low, high).expect("lengths in range");
        Bus {
            node_timeout,
            suspicion: between(timeout, 1.5 * timeout),
            gossip,
            election: between(0.5 * second, second),
            takeover,
            minority,
        }
    }

    /// How long a failover waits that did not get its votes: four node timeouts, 4 s at least.
    pub fn retry(&self) -> Span {
        let nanos = self.node_timeout.as_nanos().saturating_mul(4);
        Span::from_nanos(nanos.max(4 * NANOS_PER_SEC))
    }

    /// How long primaries go on refusing after the majority is back: a node timeout, but half a
    /// second at least and 5 s at most.
    pub fn rejoin(&self) -> Span {
        let nanos = self.node_timeout.as_nanos();
        Span::from_nanos(nanos.clamp(NANOS_PER_SEC / 2, 5 * NANOS_PER_SEC))
    }

    /// How old the data of a replica may be that stands for election: ten node timeouts and
    /// `repl-ping-replica-period`, 10 s.
    pub fn oldest_data(&self) -> Span {
        let nanos = self.node_timeout.as_nanos().saturating_mul(10);
        Span::from_nanos(nanos.saturating_add(10 * NANOS_PER_SEC))
    }
}

/// What a primary does that sees no majority of the primaries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Minority {
    /// It refuses writes after the node timeout.
    Refuses,
    /// It goes on.
    Serves,
}

/// Redis Sentinel.
#[derive(Clone, PartialEq, Debug)]
pub struct Sentinel {
    /// `down-after-milliseconds`.
    pub down_after: Span,
    /// How many Sentinels there are; at most [`Sentinel::MOST`].
    pub sentinels: u8,
    /// How many must agree that the primary is down.
    pub quorum: u8,
    /// `failover-timeout`.
    pub failover_timeout: Span,
}

impl Sentinel {
    /// The most Sentinels.
    pub const MOST: u8 = 9;
}

/// Whether AWS blocks test failovers while an AZ is down (MZ-47).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InAzOutage {
    /// It does.
    Blocked,
    /// It does not.
    Allowed,
}

/// The order of the two announcements of a failover (MZ-45).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventOrder {
    /// The node's first, as documented.
    Documented,
    /// Either, with equal chances.
    Jittered,
}

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
        /// The node; none is in cluster mode.
        node: Victim<NodeId>,
        /// For how long.
        duration: Law,
        /// Writes per second that it takes meanwhile, if it is the primary.
        writers_beside: u64,
    },
}

impl Rules {
    /// Whether a node that holds `data` counts as a complete copy.
    pub fn counts_as_copy(&self, data: crate::model::state::Data) -> bool {
        use crate::model::state::Data;
        match data {
            Data::Complete | Data::Logged => true,
            Data::Syncing => self.syncing == SyncingCopy::CountsAsComplete,
            Data::Empty => false,
        }
    }

    /// Whether repair begins as if failures were known without delay.
    pub fn repairs_at_once(&self) -> bool {
        self.replacement_starts == ReplacementStarts::AtFailure
    }
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

impl Plan {
    /// Whether faults come by chance, so that the next trial may differ from all before it.
    pub fn has_random_faults(&self) -> bool {
        !self.node_failures.is_empty()
            || !self.az_failures.is_empty()
            || !self.group_failures.is_empty()
            || !self.service_updates.is_empty()
    }

    /// The shard's group.
    pub fn group_of(&self, shard: ShardId) -> &Group {
        &self.groups[self.shards[shard.idx()].group.idx()]
    }

    /// Where the life clock of `node` in the `line`-th process of node failures stands.
    pub fn node_clock(&self, line: u16, node: NodeId) -> usize {
        usize::from(line) * self.nodes.len() + node.idx()
    }

    /// Where the life clock of `az` in the `line`-th process of AZ failures stands.
    pub fn az_clock(&self, line: u16, az: AzId) -> usize {
        usize::from(line) * self.azs.len() + az.idx()
    }

    /// The number of replicas that the shard begins with.
    pub fn n_replicas(&self, shard: ShardId) -> usize {
        self.n_members(shard) - 1
    }

    /// The number of nodes that the shard begins with.
    pub fn n_members(&self, shard: ShardId) -> usize {
        let nodes = &self.nodes[self.shards[shard.idx()].node_range()];
        nodes.iter().filter(|node| node.membership == Membership::Member).count()
    }

    /// All shards.
    pub fn shard_ids(&self) -> impl Iterator<Item = ShardId> + use<> {
        (0..self.shards.len() as u16).map(ShardId)
    }

    /// All nodes.
    pub fn node_ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes.len() as u16).map(NodeId)
    }

    /// All AZs.
    pub fn az_ids(&self) -> impl Iterator<Item = AzId> + use<> {
        (0..self.azs.len() as u16).map(AzId)
    }

    /// All groups.
    pub fn group_ids(&self) -> impl Iterator<Item = GroupId> + use<> {
        (0..self.groups.len() as u16).map(GroupId)
    }

    /// Where each kind of pending event lives in the queue.
    pub fn slots(&self) -> Slots {
        let (nodes, azs) = (self.nodes.len() as u32, self.azs.len() as u32);
        let (shards, groups) = (self.shards.len() as u32, self.groups.len() as u32);
        let group_lives = 1;
        let update_lives = group_lives + self.group_failures.len() as u32 * groups;
        let az_lives = update_lives + self.service_updates.len() as u32 * groups;
        let node_lives = az_lives + self.az_failures.len() as u32 * azs;
        let az_returns = node_lives + self.node_failures.len() as u32 * nodes;
        let services = az_returns + azs;
        let detections = services + nodes;
        let failovers = detections + shards;
        let workflows = failovers + shards;
        let windows = workflows + groups;
        let watches = windows + 4 * groups;
        let quorums = watches + shards;
        Slots {
            n_groups: groups,
            n_azs: azs,
            n_nodes: nodes,
            group_lives,
            az_lives,
            node_lives,
            az_returns,
            services,
            detections,
            failovers,
            update_lives,
            workflows,
            windows,
            backup_windows: windows + groups,
            backups: windows + 2 * groups,
            restores: windows + 3 * groups,
            watches,
            quorums,
            isolations: quorums + groups,
            len: quorums + groups + nodes,
        }
    }
}

/// The layout of the queue: one slot per thing that can be pending, in the order in which events
/// of one instant happen: faults, repairs, detections, failovers, workflows of groups.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slots {
    n_groups: u32,
    n_azs: u32,
    n_nodes: u32,
    group_lives: u32,
    az_lives: u32,
    node_lives: u32,
    az_returns: u32,
    services: u32,
    detections: u32,
    failovers: u32,
    update_lives: u32,
    workflows: u32,
    windows: u32,
    backup_windows: u32,
    backups: u32,
    restores: u32,
    watches: u32,
    quorums: u32,
    isolations: u32,
    len: u32,
}

impl Slots {
    /// Number of slots.
    pub fn n_slots(&self) -> usize {
        self.len as usize
    }

    /// The next scheduled fault.
    pub fn script(&self) -> Slot {
        Slot(0)
    }

    /// The next failure of `group` by the `line`-th process of group failures.
    pub fn group_life(&self, line: u16, group: GroupId) -> Slot {
        Slot(self.group_lives + u32::from(line) * self.n_groups + u32::from(group.0))
    }

    /// The next failure of `az` by the `line`-th process of AZ failures.
    pub fn az_life(&self, line: u16, az: AzId) -> Slot {
        Slot(self.az_lives + u32::from(line) * self.n_azs + u32::from(az.0))
    }

    /// The next failure of `node` by the `line`-th process of node failures.
    pub fn node_life(&self, line: u16, node: NodeId) -> Slot {
        Slot(self.node_lives + u32::from(line) * self.n_nodes + u32::from(node.0))
    }

    /// The end of the outage of `az`.
    pub fn az_return(&self, az: AzId) -> Slot {
        Slot(self.az_returns + u32::from(az.0))
    }

    /// The one thing under way at `node`: a restart, a replacement or a full sync.
    pub fn service(&self, node: NodeId) -> Slot {
        Slot(self.services + u32::from(node.0))
    }

    /// The end of the detection window of `shard`.
    pub fn detection(&self, shard: ShardId) -> Slot {
        Slot(self.detections + u32::from(shard.0))
    }

    /// The next step of the failover or cold start of `shard`.
    pub fn failover(&self, shard: ShardId) -> Slot {
        Slot(self.failovers + u32::from(shard.0))
    }

    /// The next announcement of a service update of `group` by the `line`-th process.
    pub fn update_life(&self, line: u16, group: GroupId) -> Slot {
        Slot(self.update_lives + u32::from(line) * self.n_groups + u32::from(group.0))
    }

    /// The next step of what the control plane does to `group` as a whole.
    pub fn workflow(&self, group: GroupId) -> Slot {
        Slot(self.workflows + u32::from(group.0))
    }

    /// The next opening of the maintenance window of `group` that anything waits for.
    pub fn window(&self, group: GroupId) -> Slot {
        Slot(self.windows + u32::from(group.0))
    }

    /// The next automatic backup of `group`.
    pub fn backup_window(&self, group: GroupId) -> Slot {
        Slot(self.backup_windows + u32::from(group.0))
    }

    /// The end of the backup of `group` that runs.
    pub fn backup(&self, group: GroupId) -> Slot {
        Slot(self.backups + u32::from(group.0))
    }

    /// The next step of restoring `group`.
    pub fn restore(&self, group: GroupId) -> Slot {
        Slot(self.restores + u32::from(group.0))
    }

    /// The next step of those who watch the primary of `shard`: its peers, or Sentinels.
    pub fn watch(&self, shard: ShardId) -> Slot {
        Slot(self.watches + u32::from(shard.0))
    }

    /// When the primaries of `group` begin or cease to refuse writes for want of a majority.
    pub fn quorum(&self, group: GroupId) -> Slot {
        Slot(self.quorums + u32::from(group.0))
    }

    /// When the isolated `node` is reached again.
    pub fn isolation(&self, node: NodeId) -> Slot {
        Slot(self.isolations + u32::from(node.0))
    }
}
