//! [`Plan`]: the checked, immutable input of a trial.
//!
//! A `Plan` in hand is valid; nobody checks again. `scenario` builds it from a file. Everything is
//! flat and indexed, because the event loop reads it: a shard's nodes lie side by side, and so do
//! a group's shards. Names are here only so that observers and reports can say them.

use std::ops::Range;

use crate::engine::law::Law;
use crate::engine::queue::Slot;
use crate::engine::time::{SimTime, Span};

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
    /// Scheduled faults, those that can strike earliest first; where several strike at the same
    /// instant, they do so in this order.
    pub script: Vec<Scripted>,
    /// Random faults: processes per node, per AZ, per group.
    pub node_failures: Vec<NodeFailures>,
    /// Random AZ failures.
    pub az_failures: Vec<AzFailures>,
    /// Random failures of a whole group.
    pub group_failures: Vec<GroupFailures>,
}

/// A replication group: its name and which shards are its own.
#[derive(Clone, PartialEq, Debug)]
pub struct Group {
    /// `ReplicationGroupId`.
    pub id: String,
    /// Its shards.
    pub shards: Range<u16>,
    /// Which replica follows a lost primary; `None` when automatic failover is off.
    pub promotion: Option<Promotion>,
    /// The placement promise. It changes no number: `promotion` drives the model (MZ-66).
    pub multi_az: bool,
    /// `cluster-mode = "enabled"`.
    pub cluster_mode: ClusterMode,
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
    /// Address of its random numbers: group, shard and slot, so that one more replica in another
    /// policy does not move anybody else's life.
    pub entity: u64,
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

/// A scheduled fault.
#[derive(Clone, PartialEq, Debug)]
pub struct Scripted {
    /// When it strikes, from the start of the trial: a fixed length, or a law from which each
    /// trial draws once.
    pub at: Law,
    /// What it does.
    pub fault: ScriptedFault,
    /// Address of its random numbers: 24 bits, from its id or from its place among its kind.
    pub address: u32,
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
}

impl Rules {
    /// Whether a node that holds `data` counts as a complete copy.
    pub fn counts_as_copy(&self, data: crate::model::state::Data) -> bool {
        use crate::model::state::Data;
        match data {
            Data::Complete => true,
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

impl Plan {
    /// Whether faults come by chance, so that the next trial may differ from all before it.
    pub fn has_random_faults(&self) -> bool {
        !self.node_failures.is_empty()
            || !self.az_failures.is_empty()
            || !self.group_failures.is_empty()
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

    /// The number of replicas that the shard is configured with.
    pub fn n_replicas(&self, shard: ShardId) -> usize {
        self.shards[shard.idx()].nodes.len() - 1
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
        let az_lives = group_lives + self.group_failures.len() as u32 * groups;
        let node_lives = az_lives + self.az_failures.len() as u32 * azs;
        let az_returns = node_lives + self.node_failures.len() as u32 * nodes;
        let services = az_returns + azs;
        let detections = services + nodes;
        let failovers = detections + shards;
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
            len: failovers + shards,
        }
    }
}

/// The layout of the queue: one slot per thing that can be pending, in the order in which events
/// of one instant happen: faults, repairs, detections, failovers.
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
}
