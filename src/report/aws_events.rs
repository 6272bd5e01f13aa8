//! The messages that ElastiCache would put into its event log (the texts of MZ-44, and those that
//! the service documents for reboots).

use crate::model::fact::{Fact, Stop};
use crate::model::plan::{NodeId, Plan};

/// The kind of thing that an event is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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
    match *fact {
        Fact::Promoted { from, to, .. } => failover_completed(plan, from, to),
        Fact::ReplacementStarted { node } => {
            vec![of_node(plan, node, format!("Recovering cache nodes {CACHE_NODE_ID}"))]
        }
        Fact::Recovered { node } => {
            vec![of_node(plan, node, format!("Finished recovery for cache nodes {CACHE_NODE_ID}"))]
        }
        Fact::NodeDown { node, stop: Stop::Rebooted, .. } => {
            vec![of_node(plan, node, format!("Cache node {CACHE_NODE_ID} shutdown"))]
        }
        Fact::ProcessBack { node } => {
            vec![of_node(plan, node, format!("Cache node {CACHE_NODE_ID} restarted"))]
        }
        _ => Vec::new(),
    }
}

fn of_node(plan: &Plan, node: NodeId, message: String) -> AwsEvent {
    let source = plan.nodes[node.idx()].name.clone();
    AwsEvent { source, source_type: SourceType::CacheCluster, message }
}

fn failover_completed(plan: &Plan, from: NodeId, to: NodeId) -> Vec<AwsEvent> {
    let [from_name, to_name] = [from, to].map(|node| plan.nodes[node.idx()].name.as_str());
    let message =
        format!("Failover from primary node {from_name} to replica node {to_name} completed");
    let group = plan.group_of(plan.nodes[to.idx()].shard).id.clone();
    let of_group = AwsEvent {
        source: group,
        source_type: SourceType::ReplicationGroup,
        message: message.clone(),
    };
    vec![of_node(plan, from, message), of_group]
}
