//! The messages that ElastiCache would put into its event log: the texts of MZ-44, those that the
//! service has for reboots and patches, and those of migrations. `event_log` keeps and filters
//! them.

use crate::model::fact::{Announced, BackupFact, Fact, OperationFact, Stop};
use crate::model::plan::{GroupId, Keeper, NodeId, Plan, ShardId};
use crate::report::endpoint_names::{CACHE_NODE_ID, EndpointNames};
use crate::report::{backups, migration};

/// The kind of thing that an event is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SourceType {
    /// A node.
    CacheCluster,
    /// A replication group.
    ReplicationGroup,
}

impl SourceType {
    /// The name in the API.
    pub fn name(self) -> &'static str {
        match self {
            SourceType::CacheCluster => "cache-cluster",
            SourceType::ReplicationGroup => "replication-group",
        }
    }
}

/// An entry of the event log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AwsEvent {
    /// `SourceIdentifier`.
    pub source: String,
    /// `SourceType`.
    pub source_type: SourceType,
    /// `Message`.
    pub message: String,
}

/// Writes the event log of a trial: fed with its facts in order, it knows what groups and nodes are
/// called after a restore.
pub struct Announcer<'p> {
    plan: &'p Plan,
    /// By group: restores so far.
    restored: Vec<u32>,
}

impl<'p> Announcer<'p> {
    /// One for a trial of `plan` that begins.
    pub fn new(plan: &'p Plan) -> Self {
        Announcer { plan, restored: vec![0; plan.groups.len()] }
    }

    /// What the event log says of the next fact: nothing, one entry or two.
    pub fn entries(&mut self, fact: &Fact) -> Vec<AwsEvent> {
        let of_node = |node, message: String| vec![self.of_node(node, message)];
        if self.is_of_users(fact) {
            return Vec::new();
        }
        match *fact {
            Fact::Operation(OperationFact::TestFailoverCalled { shard }) => {
                let id = &self.plan.shards[shard.idx()].id;
                let message = format!("Test Failover API called for node group {id}");
                vec![self.of_group(shard, message)]
            }
            Fact::Promoted { shard, from, to, announced, .. }
            | Fact::HandedOver { shard, from, to, announced, .. } => {
                self.failover_completed(shard, [from, to], announced)
            }
            Fact::ReplacementStarted { node } => {
                of_node(node, format!("Recovering cache nodes {CACHE_NODE_ID}"))
            }
            Fact::Recovered { node } => {
                of_node(node, format!("Finished recovery for cache nodes {CACHE_NODE_ID}"))
            }
            Fact::NodeDown { node, stop: Stop::Rebooted | Stop::Patched, .. } => {
                of_node(node, format!("Cache node {CACHE_NODE_ID} shutdown"))
            }
            Fact::ProcessBack { node } => {
                of_node(node, format!("Cache node {CACHE_NODE_ID} restarted"))
            }
            Fact::Operation(OperationFact::Patched { node }) => {
                of_node(node, "Cache cluster patched".to_owned())
            }
            Fact::Backup(BackupFact::Restored { group, number, .. }) => {
                self.restored[group.idx()] = number;
                Vec::new()
            }
            Fact::Backup(ref fact) => {
                backups::aws_event(fact, |group| self.names(group).id()).into_iter().collect()
            }
            Fact::Migration(ref fact) => {
                migration::aws_event(fact, |group| self.names(group).id()).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether the fact is about nodes that ElastiCache does not know, since users run them.
    fn is_of_users(&self, fact: &Fact) -> bool {
        let shard_of = |node: NodeId| self.plan.nodes[node.idx()].shard;
        let shard = match *fact {
            Fact::Promoted { shard, .. } | Fact::HandedOver { shard, .. } => shard,
            Fact::ReplacementStarted { node }
            | Fact::Recovered { node }
            | Fact::NodeDown { node, .. }
            | Fact::ProcessBack { node } => shard_of(node),
            _ => return false,
        };
        self.plan.group_of(shard).keeper == Keeper::Users
    }

    fn names(&self, group: GroupId) -> EndpointNames<'p> {
        EndpointNames::new(self.plan, group).restored(self.restored[group.idx()])
    }

    fn node(&self, node: NodeId) -> String {
        let shard = self.plan.nodes[node.idx()].shard;
        self.names(self.plan.shards[shard.idx()].group).member(node)
    }

    fn of_node(&self, node: NodeId, message: String) -> AwsEvent {
        AwsEvent { source: self.node(node), source_type: SourceType::CacheCluster, message }
    }

    fn of_group(&self, shard: ShardId, message: String) -> AwsEvent {
        let source = self.names(self.plan.shards[shard.idx()].group).id();
        AwsEvent { source, source_type: SourceType::ReplicationGroup, message }
    }

    /// The two entries of a failover, or of a hand-over, from the one node to the other (MZ-44);
    /// which comes first is not promised (MZ-45).
    fn failover_completed(
        &self,
        shard: ShardId,
        nodes: [NodeId; 2],
        announced: Announced,
    ) -> Vec<AwsEvent> {
        let [from, to] = nodes.map(|node| self.node(node));
        let message = format!("Failover from primary node {from} to replica node {to} completed");
        let node = self.of_node(nodes[0], message.clone());
        let group = self.of_group(shard, message);
        match announced {
            Announced::NodeFirst => vec![node, group],
            Announced::GroupFirst => vec![group, node],
        }
    }
}
