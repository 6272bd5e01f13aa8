//! Endpoints as records: what each name leads to at an instant, and when that changed.
//!
//! The primary endpoint (cluster mode: the slot map) follows the promotion once its update has
//! spread (MZ-04), and nothing else moves it (MZ-29). The reader endpoint names the replicas that
//! can be read. A node's endpoint stays with the node, whatever its role (MZ-05), and keeps its
//! name over a replacement, which has another address (MZ-35). A restore makes a new group with
//! names of its own, and those of the old one lead nowhere any more (BK-02); so does the
//! switch to a second region, where the group of that one has its names.

use std::collections::BTreeMap;

use crate::engine::time::SimTime;
use crate::model::fact::{BackupFact, Fact};
use crate::model::plan::{ClusterMode, GroupId, NodeId, Plan, ShardId};
use crate::model::state::{Process, Region, State};

/// A name that clients resolve.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Record {
    /// The primary endpoint of a group without cluster mode.
    Primary(ShardId),
    /// Its reader endpoint.
    Reader(ShardId),
    /// The configuration endpoint of a group with cluster mode.
    Configuration(GroupId),
    /// The line of a shard in its slot map.
    Slots(ShardId),
    /// The endpoint of a node.
    Node(NodeId),
}

/// What a record leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    /// A node.
    Node(NodeId),
    /// Any of several nodes, in their order.
    Nodes(Vec<NodeId>),
    /// The address of the node's n-th host, from 1.
    Host(u32),
    /// Nothing: there is no such node.
    Nothing,
}

/// A record that leads elsewhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// Since when.
    pub at: SimTime,
    /// Which record.
    pub record: Record,
    /// Of which of the groups that were restored in the place of the scenario's; 0 is that itself.
    pub group_number: u32,
    /// Where that group stands.
    pub region: Region,
    /// Whereto before.
    pub from: Target,
    /// Whereto now.
    pub to: Target,
}

/// All records of a trial, and how they changed so far.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoints {
    /// What they lead to at the start, in the scenario's groups.
    pub first: BTreeMap<Record, Target>,
    /// What they lead to now, in the newest groups.
    pub now: BTreeMap<Record, Target>,
    /// What happened between the two, in order of time.
    pub changes: Vec<Change>,
    /// By node: hosts that have carried it.
    hosts: Vec<u32>,
    /// By group: restores so far.
    restored: Vec<u32>,
    /// By group: where it stands.
    regions: Vec<Region>,
}

impl Endpoints {
    /// The records at the start of a trial, of which `state` is the state.
    pub fn new(plan: &Plan, state: &State) -> Self {
        let hosts = |node: NodeId| u32::from(state.node(node).process != Process::Absent);
        let hosts: Vec<u32> = plan.node_ids().map(hosts).collect();
        let first = records(plan, state, &hosts);
        let restored = vec![0; plan.groups.len()];
        let regions = vec![Region::Home; plan.groups.len()];
        Endpoints { now: first.clone(), first, changes: Vec::new(), hosts, restored, regions }
    }

    /// Takes in what became true at `at`, which left the trial in `state`.
    pub fn take_in(&mut self, at: SimTime, plan: &Plan, state: &State, facts: &[(SimTime, Fact)]) {
        for (_, fact) in facts {
            match *fact {
                Fact::NodeReplaced { node } => self.hosts[node.idx()] += 1,
                Fact::Backup(BackupFact::Restored { group, number, .. }) => {
                    self.group_ends(at, plan, group);
                    self.restored[group.idx()] = number;
                }
                Fact::Backup(BackupFact::Switched { group }) => {
                    self.group_ends(at, plan, group);
                    self.regions[group.idx()] = Region::Second;
                }
                Fact::Backup(BackupFact::NodeRestored { node }) => self.hosts[node.idx()] = 1,
                _ => {}
            }
        }
        let now = records(plan, state, &self.hosts);
        for (record, to) in &now {
            let from = &self.now[record];
            if from != to {
                let group = record.group(plan).idx();
                let (group_number, region) = (self.restored[group], self.regions[group]);
                let (from, to) = (from.clone(), to.clone());
                self.changes.push(Change { at, record: *record, group_number, region, from, to });
            }
        }
        self.now = now;
    }

    /// The names of a group lead nowhere from now on.
    fn group_ends(&mut self, at: SimTime, plan: &Plan, group: GroupId) {
        let (group_number, region) = (self.restored[group.idx()], self.regions[group.idx()]);
        for (record, target) in &mut self.now {
            if record.group(plan) == group && *target != Target::Nothing {
                let (to, record) = (Target::Nothing, *record);
                let from = std::mem::replace(target, to.clone());
                self.changes.push(Change { at, record, group_number, region, from, to });
            }
        }
    }
}

impl Record {
    /// The group to which it belongs.
    pub fn group(self, plan: &Plan) -> GroupId {
        match self {
            Record::Primary(shard) | Record::Reader(shard) | Record::Slots(shard) => {
                plan.shards[shard.idx()].group
            }
            Record::Configuration(group) => group,
            Record::Node(node) => plan.shards[plan.nodes[node.idx()].shard.idx()].group,
        }
    }
}

/// What every record leads to, `hosts` having carried each node.
fn records(plan: &Plan, state: &State, hosts: &[u32]) -> BTreeMap<Record, Target> {
    let mut records = BTreeMap::new();
    for group in plan.group_ids() {
        let shards = plan.groups[group.idx()].shards.clone().map(ShardId);
        let cluster_mode = plan.groups[group.idx()].cluster_mode;
        for shard in shards {
            let primary = Target::Node(state.shard(shard).endpoint);
            match cluster_mode {
                ClusterMode::Disabled => {
                    records.insert(Record::Primary(shard), primary);
                    let readers = Target::Nodes(readers(plan, state, shard));
                    records.insert(Record::Reader(shard), readers);
                }
                ClusterMode::Enabled => {
                    records.insert(Record::Slots(shard), primary);
                }
            }
            for node in plan.shards[shard.idx()].node_ids() {
                let target = match (state.node(node).process, hosts[node.idx()]) {
                    // One that is being added has no address before its first host answers.
                    (Process::Absent, _) | (_, 0) => Target::Nothing,
                    (_, n) => Target::Host(n),
                };
                records.insert(Record::Node(node), target);
            }
        }
        if cluster_mode == ClusterMode::Enabled {
            let nodes = Target::Nodes(answering(plan, state, group));
            records.insert(Record::Configuration(group), nodes);
        }
    }
    records
}

/// The nodes that the reader endpoint names: replicas that answer with a complete copy, and the
/// primary where none is left: who wants to read from replicas only reads nowhere then (MZ-39).
pub fn readers(plan: &Plan, state: &State, shard: ShardId) -> Vec<NodeId> {
    let primary = state.shard(shard).primary;
    let can_be_read = |node: &NodeId| *node != primary && state.can_be_read(*node, shard);
    let replicas: Vec<NodeId> = plan.shards[shard.idx()].node_ids().filter(can_be_read).collect();
    if replicas.is_empty() { vec![primary] } else { replicas }
}

/// The nodes that the configuration endpoint names: all of the group that answer.
pub fn answering(plan: &Plan, state: &State, group: GroupId) -> Vec<NodeId> {
    let shards = plan.groups[group.idx()].shards.clone();
    let nodes = shards.flat_map(|shard| plan.shards[usize::from(shard)].node_ids());
    nodes.filter(|node| state.answers(*node)).collect()
}
