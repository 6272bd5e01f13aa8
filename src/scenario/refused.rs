//! Calls that are refused whenever they come: what of their preconditions the plan alone decides.
//!
//! The refusal is part of the history, so such a call is no mistake; whoever writes one should
//! know. A test holds these rules against those by which the model refuses.

use super::migration_calls;
use super::topology::Topology;
use crate::model::api::Refusal;
use crate::model::plan::{
    Answer, Apply, Changes, ClusterMode, Direction, ExternalReplicas, GroupId, Keeper, Operation,
    ShardId, Support, Switch,
};

/// Why an operation is refused at any time, if it is.
pub(super) fn always(operation: &Operation, topology: &Topology) -> Option<Refusal> {
    let group = &topology.groups[topology.group_of(operation).idx()];
    let is_clustered = group.cluster_mode == ClusterMode::Enabled;
    match *operation {
        Operation::Migration { target, call } => {
            migration_calls::always_refused(target, call, topology)
        }
        // Whoever answers no to the console's question calls nobody.
        Operation::TestFailover { answer: Answer::Cancel, .. } => None,
        _ if group.keeper == Keeper::Users => Some(Refusal::NotInElastiCache),
        Operation::Modify { group, ref changes, .. } => modification(group, changes, topology),
        Operation::PromoteReplica { .. } if is_clustered => Some(Refusal::PromotionInClusterMode),
        Operation::Reboot { .. } if is_clustered => Some(Refusal::RebootInClusterMode),
        Operation::TestFailover { shard, .. } => test(shard, topology),
        Operation::SetReplicas { apply: Apply::InWindow, .. } => Some(Refusal::ReplicaCountAtOnce),
        Operation::SetReplicas { group, count: 0, direction: Direction::Decrease, .. } => {
            last_replicas(group, topology)
        }
        Operation::AttachExternalReplica { .. } => match group.external_replicas {
            ExternalReplicas::Refused => Some(Refusal::ExternalReplicas),
            ExternalReplicas::Hazard => None,
        },
        Operation::PromoteReplica { .. }
        | Operation::Reboot { .. }
        | Operation::SetReplicas { .. }
        | Operation::CreateSnapshot { .. }
        | Operation::ServiceUpdate { .. } => None,
    }
}

fn modification(id: GroupId, changes: &Changes, topology: &Topology) -> Option<Refusal> {
    let group = &topology.groups[id.idx()];
    let is_clustered = group.cluster_mode == ClusterMode::Enabled;
    let lacks = |support: Support, asked: Option<Switch>| {
        asked == Some(Switch::On) && support == Support::Unsupported
    };
    let is_protecting = [changes.automatic_failover, changes.multi_az].contains(&Some(Switch::On));
    let mut shards = group.shards.clone().map(ShardId);
    if let Err(refusal) = changes.go_together() {
        Some(refusal)
    } else if is_clustered && changes.automatic_failover == Some(Switch::Off) {
        Some(Refusal::FailoverIsMandatory)
    } else if lacks(group.multi_az_support, changes.multi_az) {
        Some(Refusal::MultiAzUnsupported)
    } else if lacks(group.append_only_support, changes.append_only_file) {
        Some(Refusal::AppendOnlyUnsupported)
    } else if is_protecting && shards.any(|shard| is_bare(shard, topology)) {
        Some(Refusal::NoReplica)
    } else if is_clustered && changes.snapshotting_node.is_some() {
        Some(Refusal::SnapshottingNodeInClusterMode)
    } else if is_clustered && changes.primary.is_some() {
        Some(Refusal::PromotionInClusterMode)
    } else {
        None
    }
}

/// Cluster mode keeps its automatic failover, and with that a replica in every shard.
fn last_replicas(id: GroupId, topology: &Topology) -> Option<Refusal> {
    let group = &topology.groups[id.idx()];
    let is_clustered = group.cluster_mode == ClusterMode::Enabled;
    let mut shards = group.shards.clone().map(ShardId);
    let has_replicas = !shards.any(|shard| is_bare(shard, topology));
    let protects = group.automatic_failover == Switch::On;
    (is_clustered && protects && has_replicas).then_some(Refusal::TooFewReplicas)
}

fn test(shard: ShardId, topology: &Topology) -> Option<Refusal> {
    let group = &topology.groups[topology.shards[shard.idx()].group.idx()];
    if is_bare(shard, topology) {
        Some(Refusal::NoReplica)
    } else if group.promotion.is_none() {
        Some(Refusal::FailoverOff)
    } else if group.multi_az_support == Support::Unsupported {
        Some(Refusal::MultiAzOff)
    } else {
        None
    }
}

/// Whether a shard never has a replica, not even one that is added later.
fn is_bare(shard: ShardId, topology: &Topology) -> bool {
    topology.shards[shard.idx()].nodes.len() == 1
}
