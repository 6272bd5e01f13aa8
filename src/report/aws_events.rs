//! The messages that ElastiCache would put into its event log: the texts of MZ-44, and those that
//! the service has for reboots and patches. `event_log` keeps and filters them.

use crate::model::fact::{Announced, Fact, OperationFact, Stop};
use crate::model::plan::{NodeId, Plan, ShardId};
use crate::report::backups;

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

/// The id of the one cache node in a cache cluster, as the API counts them.
const CACHE_NODE_ID: &str = "0001";

/// What the event log says of a fact: nothing, one entry or two.
pub fn of_fact(plan: &Plan, fact: &Fact) -> Vec<AwsEvent> {
    let of_node = |node, message: String| vec![of_node(plan, node, message)];
    match *fact {
        Fact::Operation(OperationFact::TestFailoverCalled { shard }) => {
            let id = &plan.shards[shard.idx()].id;
            let message = format!("Test Failover API called for node group {id}");
            vec![of_group(plan, shard, message)]
        }
        Fact::Promoted { shard, from, to, announced, .. }
        | Fact::HandedOver { shard, from, to, announced, .. } => {
            failover_completed(plan, shard, [from, to], announced)
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
        Fact::Backup(ref fact) => backups::aws_event(plan, fact).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn of_node(plan: &Plan, node: NodeId, message: String) -> AwsEvent {
    let source = plan.nodes[node.idx()].name.clone();
    AwsEvent { source, source_type: SourceType::CacheCluster, message }
}

fn of_group(plan: &Plan, shard: ShardId, message: String) -> AwsEvent {
    let source = plan.group_of(shard).id.clone();
    AwsEvent { source, source_type: SourceType::ReplicationGroup, message }
}

/// The two entries of a failover, or of a hand-over, from the one node to the other (MZ-44); which
/// comes first is not promised (MZ-45).
fn failover_completed(
    plan: &Plan,
    shard: ShardId,
    nodes: [NodeId; 2],
    announced: Announced,
) -> Vec<AwsEvent> {
    let [from, to] = nodes.map(|node| plan.nodes[node.idx()].name.as_str());
    let message = format!("Failover from primary node {from} to replica node {to} completed");
    let node = of_node(plan, nodes[0], message.clone());
    let group = of_group(plan, shard, message);
    match announced {
        Announced::NodeFirst => vec![node, group],
        Announced::GroupFirst => vec![group, node],
    }
}
