//! [`Plan`]: the checked, immutable input of a trial.
//!
//! A `Plan` in hand is valid; nobody checks again. `scenario` builds it from a file. Everything is
//! flat and indexed, because the event loop reads it: a shard's nodes lie side by side, and so do
//! a group's shards. Names are here only so that observers and reports can say them.

mod action;
mod control;
mod migration;
mod rules;
mod slots;

use std::ops::Range;

use crate::engine::law::Law;
use crate::engine::time::{SimTime, Span};
use crate::model::persistence::{
    Durability, DurableLogPlan, Forkless, LogPlan, RegionPlan, SnapshotPlan,
};
use crate::model::state::Data;

pub use action::*;
pub use control::*;
pub use migration::*;
pub use rules::*;
pub use slots::*;

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
    /// The log of durable groups.
    pub durable_log: DurableLogPlan,
    /// The second region that has a copy of every group.
    pub region: Option<RegionPlan>,
    /// The online migration from a self-hosted tree.
    pub migration: Option<MigrationPlan>,
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
    /// Who runs it.
    pub keeper: Keeper,
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
    /// Backups that come again and again.
    pub backups: Backups,
    /// Whether its primaries log what they write, at the start (MZ-58).
    pub append_only_file: Switch,
    /// Whether a log in several AZs has its writes.
    pub durability: Durability,
    /// Bytes of memory of a node, with what is reserved, where that is known.
    pub memory_bytes: Option<u64>,
    /// Whether its engine can back up without forking.
    pub forkless: Forkless,
    /// What only the API's answers need.
    pub about: About,
}

/// Who runs a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keeper {
    /// ElastiCache.
    ElastiCache,
    /// Its users, on machines of their own: no call of the API reaches it.
    Users,
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

/// Whether an engine and a node type have something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Support {
    /// They do.
    Supported,
    /// They do not.
    Unsupported,
}

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

/// Backups of a group that come again and again: automatic ones (BK-01), and its users' own.
#[derive(Clone, PartialEq, Debug)]
pub struct Backups {
    /// Days for which a snapshot is kept; 0 switches automatic backups off.
    pub retention_days: u8,
    /// When they are taken, daily.
    pub window: Window,
    /// The node that is copied, where the scenario names it.
    pub node: Option<NodeId>,
    /// From one call of `CreateSnapshot` to the next, where something of the users makes them.
    pub every: Option<Law>,
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
    /// The node of its shard from which it copies while that holds the data and it is no primary
    /// itself; `None` for the primary (chained replicas, in self-hosted groups only).
    pub chained_to: Option<NodeId>,
    /// Address and port at which it listens, where the scenario says so; no rule asks.
    pub listens: Option<(String, u16)>,
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
    /// Which writes wait for replicas.
    pub wait: Option<Wait>,
}

/// Writes that are followed by WAIT: the client takes them as done once replicas have them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wait {
    /// How many replicas; at least one.
    pub replicas: u8,
    /// Which share of the writes, in millionths; above zero.
    pub share_ppm: u32,
}

/// Asynchronous replication.
#[derive(Clone, PartialEq, Debug)]
pub struct Replication {
    /// How far behind its primary a replica is, in time.
    pub lag: Law,
    /// Bytes of replication stream that a node keeps for replicas that come back.
    pub backlog_bytes: u64,
    /// Good replicas that a primary needs to take writes; 0 switches that off. No more than any
    /// shard begins with.
    pub min_replicas: u8,
    /// For how long a replica is good that is not heard of.
    pub max_lag: Span,
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

impl Plan {
    /// Whether faults come by chance, so that the next trial may differ from all before it.
    pub fn has_random_faults(&self) -> bool {
        !self.node_failures.is_empty()
            || !self.az_failures.is_empty()
            || !self.group_failures.is_empty()
            || !self.service_updates.is_empty()
    }

    /// Writes per second that WAIT fails while so many replicas of the shard follow.
    pub fn failing(&self, shard: ShardId, n_followers: usize) -> u64 {
        let is_answered = |wait: Wait| n_followers >= usize::from(wait.replicas);
        match self.rules.wait_timeout {
            WaitTimeout::Fail if !self.workload.wait.is_none_or(is_answered) => {
                self.waiting(self.shards[shard.idx()].writes_per_sec)
            }
            WaitTimeout::Fail | WaitTimeout::Proceed => 0,
        }
    }

    /// Of so many writes per second those that wait for replicas, in whole ones.
    pub fn waiting(&self, per_sec: u64) -> u64 {
        let share = self.workload.wait.map_or(0, |wait| u64::from(wait.share_ppm));
        per_sec * share / 1_000_000
    }

    /// Whether a node of the shard that holds `data` counts as a complete copy; one that reads a
    /// durable log does not, whatever the rule on syncing nodes.
    pub fn counts_as_copy(&self, shard: ShardId, data: Data) -> bool {
        match data {
            Data::Complete | Data::Logged => true,
            Data::Syncing => match self.group_of(shard).durability {
                Durability::Disabled => self.rules.syncing == SyncingCopy::CountsAsComplete,
                Durability::Async | Durability::Sync => false,
            },
            Data::Empty => false,
        }
    }

    /// The target's shard and the source's that are linked so in the migration.
    pub fn pair(&self, link: usize) -> (ShardId, ShardId) {
        let migration = self.migration.as_ref().expect("only a migration has links");
        let first = self.groups[migration.target.idx()].shards.start;
        (ShardId(first + link as u16), migration.pairs[link])
    }

    /// The link of the migration that begins or ends in the shard.
    pub fn link_at(&self, shard: ShardId) -> Option<usize> {
        let migration = self.migration.as_ref()?;
        let group = self.shards[shard.idx()].group;
        let link = match (group == migration.target, group == migration.source) {
            (true, _) => usize::from(shard.0 - self.groups[group.idx()].shards.start),
            (false, true) => migration.pairs.iter().position(|source| *source == shard)?,
            (false, false) => return None,
        };
        (link < migration.pairs.len()).then_some(link)
    }

    /// The link of the migration by which the shard of the target is a replica, or is to be.
    pub fn link_into(&self, shard: ShardId) -> Option<usize> {
        self.link_at(shard).filter(|link| self.pair(*link).0 == shard)
    }

    /// Into how many parts of equal size clients fall.
    pub fn n_cohorts(&self) -> u16 {
        self.migration.as_ref().map_or(1, |migration| migration.clients.cohorts)
    }

    /// The cohorts that write to a shard at the start.
    pub fn cohorts_at_start(&self, shard: ShardId) -> u16 {
        let group = Some(self.shards[shard.idx()].group);
        match self.migration.as_ref().map(|migration| migration.target) == group {
            true => 0,
            false => self.n_cohorts(),
        }
    }

    /// Hash slots that the shard owns at the start: those of a migration's target lie elsewhere
    /// until it is resharded.
    pub fn slots_at_start(&self, shard: ShardId) -> u32 {
        let created = self.migration.as_ref().and_then(|migration| {
            let nth = shard.0.checked_sub(self.groups[migration.target.idx()].shards.start)?;
            migration.created_slots.get(usize::from(nth)).copied()
        });
        created.unwrap_or(self.shards[shard.idx()].hash_slots)
    }

    /// The number of groups whose clients are counted: source and target of a migration share
    /// theirs.
    pub fn n_clienteles(&self) -> usize {
        self.groups.len() - usize::from(self.migration.is_some())
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
}
