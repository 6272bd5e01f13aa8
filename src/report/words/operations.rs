//! Operations, planned work and membership in words.

use std::collections::BTreeMap;

use crate::engine::time::Span;
use crate::model::api::Call;
use crate::model::fact::OperationFact;
use crate::model::plan::{Changes, ClusterMode, Handover, NodeId, ShardId, Switch, UpdateMethod};
use crate::report::words::{Line, Words};

impl Words<'_> {
    /// The line of a planned hand-over from the one node to the other.
    pub(super) fn handed_over(&self, shard: ShardId, nodes: [NodeId; 2], pause: Span) -> Line {
        let [from, to] = nodes.map(|node| self.node(node));
        let cost = match (self.plan.group_of(shard).handover, pause) {
            (Handover::DnsGap, _) => "writes are refused until DNS names it".to_owned(),
            (Handover::Seamless, Span::ZERO) => "no write waits".to_owned(),
            (Handover::Seamless, pause) => format!("writes wait for {pause}, none is refused"),
        };
        Line {
            kind: "handover",
            text: format!("{to} is primary, {from} its replica: {cost}; none is lost"),
        }
    }

    /// What an operation fact says; nothing where another line says it already.
    pub(super) fn of_operation(&self, fact: &OperationFact) -> Option<Line> {
        let (kind, text) = match *fact {
            // The call names a shard; the fact beside this one says which.
            OperationFact::Accepted { call: Call::TestFailover, .. } => return None,
            OperationFact::Accepted { call, group } => {
                ("operation", format!("{} accepted", self.call(call, self.group(group))))
            }
            OperationFact::TestFailoverCalled { shard } => (
                "operation",
                format!("{} accepted", self.call(Call::TestFailover, &self.shard(shard))),
            ),
            OperationFact::Refused { call, group, refusal } => {
                let error = refusal.error();
                let text = format!(
                    "{}: {} ({}): {} ({})",
                    self.call(call, self.group(group)),
                    error.code(),
                    error.http_status(),
                    refusal.says(),
                    refusal.rule()
                );
                ("refused", text)
            }
            OperationFact::TestFailoverCancelled { shard } => (
                "operation",
                format!(
                    "{} cancelled in the console: nothing happens (MZ-70)",
                    self.call(Call::TestFailover, &self.shard(shard))
                ),
            ),
            OperationFact::GroupChanged { .. }
            | OperationFact::ChangesPending { .. }
            | OperationFact::UpdatePending { .. }
            | OperationFact::UpdateBegan { .. }
            | OperationFact::UpdateEnded { .. }
            | OperationFact::ExternalReplicaAttached { .. } => return self.of_group(fact),
            OperationFact::RecreationBegan { .. }
            | OperationFact::Patched { .. }
            | OperationFact::NodeAdded { .. }
            | OperationFact::NodeRemoved { .. }
            | OperationFact::FailoverHindered { .. } => return self.of_member(fact),
        };
        Some(Line { kind, text })
    }

    /// What became true of a group as a whole.
    fn of_group(&self, fact: &OperationFact) -> Option<Line> {
        let (kind, text) = match *fact {
            OperationFact::GroupChanged { group, status, automatic_failover, multi_az } => {
                let text = format!(
                    "{} is {}: automatic failover {}, Multi-AZ {}",
                    self.group(group),
                    status.name(),
                    automatic_failover.name(),
                    on_off(multi_az),
                );
                ("group", text)
            }
            OperationFact::ChangesPending { group } => (
                "pending",
                format!("the changes of {} wait for its maintenance window", self.group(group)),
            ),
            OperationFact::UpdatePending { group } => (
                "pending",
                format!("an update of {} waits for its maintenance window", self.group(group)),
            ),
            OperationFact::UpdateBegan { group, method } => (
                "update",
                format!("of {} begins, {}, replicas first", self.group(group), updated(method)),
            ),
            OperationFact::UpdateEnded { group } => {
                ("update", format!("of {} ends: all its nodes are updated", self.group(group)))
            }
            OperationFact::ExternalReplicaAttached { group } => {
                ("external", format!("a node outside ElastiCache follows {}", self.group(group)))
            }
            _ => return None,
        };
        Some(Line { kind, text })
    }

    /// What became true of a shard's nodes.
    fn of_member(&self, fact: &OperationFact) -> Option<Line> {
        let (kind, text) = match *fact {
            OperationFact::RecreationBegan { shard, node } => {
                let (shard, node) = (self.shard(shard), self.node(node));
                let text = format!(
                    "{node} serves nobody until a new node has the data of {shard}: no replica \
                     takes over"
                );
                ("recreate", text)
            }
            OperationFact::Patched { node } => {
                ("patched", format!("{} runs the new version", self.node(node)))
            }
            OperationFact::NodeAdded { node } => {
                let az = self.az(self.plan.nodes[node.idx()].az);
                ("added", format!("{} is being added in {az}, as a replica", self.node(node)))
            }
            OperationFact::NodeRemoved { node } => {
                ("removed", format!("{} is no longer part of its group", self.node(node)))
            }
            OperationFact::FailoverHindered { shard } => (
                "failover",
                format!(
                    "of {} fails because of the external replica: it is tried again (MZ-65)",
                    self.shard(shard)
                ),
            ),
            _ => return None,
        };
        Some(Line { kind, text })
    }

    /// A call and what it was made on.
    fn call(&self, call: Call, on: &str) -> String {
        match call {
            Call::ModifyReplicationGroup
            | Call::TestFailover
            | Call::RebootCacheCluster
            | Call::IncreaseReplicaCount
            | Call::DecreaseReplicaCount
            | Call::CreateSnapshot
            | Call::ServiceUpdate
            | Call::TestMigration
            | Call::StartMigration
            | Call::CompleteMigration => format!("{} of {on}", call.name()),
            Call::AttachExternalReplica => format!("{} to {on}", call.name()),
        }
    }

    /// What a modification changes.
    pub(super) fn changes(&self, changes: &Changes) -> String {
        let Changes {
            automatic_failover,
            multi_az,
            primary,
            snapshot_retention,
            snapshotting_node,
            append_only_file,
        } = *changes;
        let switch = |name: &str, switch: Option<Switch>| {
            switch.map(|switch| format!("{name} {}", on_off(switch)))
        };
        let parts = [
            switch("Multi-AZ", multi_az),
            switch("automatic failover", automatic_failover),
            primary.map(|node| format!("{} primary", self.node(node))),
            snapshot_retention.map(|days| format!("backups kept for {days} days")),
            snapshotting_node.map(|node| format!("backups of {}", self.node(node))),
            switch("append-only file", append_only_file),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        parts.join(", ")
    }

    /// Where the primaries of the shard's group are now, by AZ; nothing where there is only one.
    /// A role does not move back by itself, so that repeated faults gather the primaries.
    pub fn primaries(&self, shard: ShardId, primary: impl Fn(ShardId) -> NodeId) -> Option<Line> {
        let group = self.plan.group_of(shard);
        if group.cluster_mode == ClusterMode::Disabled || group.shards.len() < 2 {
            return None;
        }
        let mut by_az = BTreeMap::new();
        for shard in group.shards.clone().map(ShardId) {
            // An AZ without a primary is told as well.
            for node in self.plan.shards[shard.idx()].node_ids() {
                by_az.entry(self.plan.nodes[node.idx()].az).or_insert(0);
            }
            *by_az.entry(self.plan.nodes[primary(shard).idx()].az).or_insert(0) += 1;
        }
        let counts: Vec<String> =
            by_az.iter().map(|(az, n)| format!("{} has {n}", self.az(*az))).collect();
        let text = match self.plan.groups.len() {
            1 => counts.join(", "),
            _ => format!("of {}: {}", group.id, counts.join(", ")),
        };
        Some(Line { kind: "primaries", text })
    }
}

/// How an update brings a node to its version.
pub(super) fn updated(method: UpdateMethod) -> &'static str {
    match method {
        UpdateMethod::Replace => "by new nodes",
        UpdateMethod::Patch => "in place",
    }
}

fn on_off(switch: Switch) -> &'static str {
    match switch {
        Switch::On => "on",
        Switch::Off => "off",
    }
}
