//! JSON for programs: the facts of one trial, one object per line. `summary` has that of a run.

use serde_json::{Value, json};

use crate::engine::time::SimTime;
use crate::model::api::Call;
use crate::model::fact::{
    Announced, BusFact, Fact, IsolationFact, Loss, OperationFact, ReplicasFact, Role, Stop, Target,
};
use crate::model::plan::{GroupId, NodeId, Plan, ShardId, Switch, UpdateMethod};
use crate::model::state::{NanoWrites, WRITE};
use crate::montecarlo::rare::replication::Told;
use crate::montecarlo::rare::ways::Example;
use crate::observe::metrics::{Metric, Outcome};
use crate::report::aws_events::Announcer;
use crate::report::summary::{SCHEMA, phase_key, rounded};
use crate::report::{backups, migration};

/// One trial as JSON lines: a header, every fact in order, the outcome.
pub fn trace(
    plan: &Plan,
    header: TraceHeader,
    facts: &[(SimTime, Fact)],
    outcome: &Outcome,
) -> String {
    let mut first = json!({
        "schema": SCHEMA,
        "scenario": plan.name,
        "seed": header.seed,
        "trial": header.trial,
        "until_s": secs(header.until),
    });
    if let Some((loss, told)) = header.steered {
        first["steered"] = json!({
            "loss": loss.to_string(),
            "from_s": secs(told.left),
            "chosen": told.n_chosen,
            "likelihood_ratio": rounded(told.ending.likelihood_ratio),
            "weight": rounded(told.weight),
        });
    }
    let mut lines = vec![first];
    let mut announcer = Announcer::new(plan);
    for (at, fact) in facts {
        lines.push(fact_json(plan, *at, fact));
        for event in announcer.entries(fact) {
            lines.push(json!({
                "t_ns": at.as_nanos(),
                "fact": "aws_event",
                "source_type": event.source_type.name(),
                "source": event.source,
                "message": event.message,
            }));
        }
    }
    let metrics: serde_json::Map<String, Value> = Metric::ALL
        .iter()
        .map(|metric| (metric.name().to_owned(), json!(outcome.get(*metric, plan))))
        .collect();
    lines.push(json!({ "t_ns": header.until.as_nanos(), "fact": "outcome", "metrics": metrics }));
    let mut text = String::new();
    for line in lines {
        text.push_str(&line.to_string());
        text.push('\n');
    }
    text
}

/// Which trial a trace is of.
#[derive(Clone, Copy, Debug)]
pub struct TraceHeader {
    /// The seed.
    pub seed: u64,
    /// The trial.
    pub trial: u64,
    /// How far it was run.
    pub until: SimTime,
    /// The loss to which it was led, where failures were chosen, and how.
    pub steered: Option<(Example, Told)>,
}

fn secs(at: SimTime) -> f64 {
    at.since(SimTime::START).as_secs_f64()
}

fn amount(writes: NanoWrites) -> Value {
    json!(writes as f64 / WRITE as f64)
}

/// A fact as an object: `t_ns`, `fact`, and what it carries by name.
fn fact_json(plan: &Plan, at: SimTime, fact: &Fact) -> Value {
    let mut object = json!({ "t_ns": at.as_nanos(), "fact": fact_name(fact) });
    for (key, value) in fact_fields(plan, fact) {
        object[key] = value;
    }
    object
}

fn fact_name(fact: &Fact) -> &'static str {
    match fact {
        Fact::FaultStruck { .. } => "fault_struck",
        Fact::FaultMissed { .. } => "fault_missed",
        Fact::AzDown { .. } => "az_down",
        Fact::AzUp { .. } => "az_up",
        Fact::NodeDown { .. } => "node_down",
        Fact::LagFrozen { .. } => "lag_frozen",
        Fact::PrimaryStopped { .. } => "primary_stopped",
        Fact::PrimaryServes { .. } => "primary_serves",
        Fact::WritesStopped { .. } => "writes_stopped",
        Fact::WritesResumed { .. } => "writes_resumed",
        Fact::PhaseBegan { .. } => "phase_began",
        Fact::NodeDetected { .. } => "node_detected",
        Fact::FailoverBegan { .. } => "failover_began",
        Fact::FailoverFailed { .. } => "failover_failed",
        Fact::FailoverGivenUp { .. } => "failover_given_up",
        Fact::Promoted { .. } => "promoted",
        Fact::PrimaryRecreated { .. } => "primary_recreated",
        Fact::EndpointUpdated { .. } => "endpoint_updated",
        Fact::ReplacementWaits { .. } => "replacement_waits",
        Fact::ReplacementStarted { .. } => "replacement_started",
        Fact::NodeReplaced { .. } => "node_replaced",
        Fact::ProcessBack { .. } => "process_back",
        Fact::Flushed { .. } => "flushed",
        Fact::SyncStarted { .. } => "sync_started",
        Fact::SyncStopped { .. } => "sync_stopped",
        Fact::Synced { .. } => "synced",
        Fact::Reattached { .. } => "reattached",
        Fact::Recovered { .. } => "recovered",
        Fact::DatasetLost { .. } => "dataset_lost",
        Fact::ColdStartBegan { .. } => "cold_start_began",
        Fact::ColdStarted { .. } => "cold_started",
        Fact::EmptyPrimary { .. } => "empty_primary",
        Fact::Copies { .. } => "copies",
        Fact::HandedOver { .. } => "handed_over",
        Fact::Operation(operation) => operation_name(operation),
        Fact::Backup(fact) => backups::name(fact),
        Fact::Bus(fact) => bus_name(fact),
        Fact::Isolation(fact) => isolation_name(fact),
        Fact::Replicas(fact) => replicas_name(fact),
        Fact::Migration(fact) => migration::name(fact),
    }
}

fn fact_fields(plan: &Plan, fact: &Fact) -> Vec<(&'static str, Value)> {
    let node = |id: NodeId| json!(plan.nodes[id.idx()].name);
    let shard_of = |id: ShardId| ("shard", shard_name(plan, id));
    let lost = |loss: Loss| {
        [("lost_writes", amount(loss.writes)), ("loss_window_s", json!(loss.window.as_secs_f64()))]
    };
    match *fact {
        Fact::FaultStruck { cause, target } | Fact::FaultMissed { cause, target } => {
            vec![("cause", json!(cause.name())), target_field(plan, target)]
        }
        Fact::AzDown { az } | Fact::AzUp { az } => vec![("az", json!(plan.azs[az.idx()].name))],
        Fact::NodeDown { node: id, stop, role, cause } => vec![
            ("node", node(id)),
            ("stop", json!(stop_name(stop))),
            ("role", json!(role_name(role))),
            ("cause", json!(cause.name())),
        ],
        Fact::LagFrozen { node: id, lag, behind } => vec![
            ("node", node(id)),
            ("lag_s", json!(lag.as_secs_f64())),
            ("behind_writes", amount(behind)),
        ],
        Fact::PrimaryStopped { shard }
        | Fact::FailoverBegan { shard }
        | Fact::FailoverFailed { shard }
        | Fact::FailoverGivenUp { shard } => vec![shard_of(shard)],
        Fact::PrimaryServes { shard, node: id }
        | Fact::WritesResumed { shard, node: id }
        | Fact::EndpointUpdated { shard, node: id }
        | Fact::ColdStartBegan { shard, node: id }
        | Fact::ColdStarted { shard, node: id }
        | Fact::EmptyPrimary { shard, node: id } => vec![shard_of(shard), ("node", node(id))],
        Fact::WritesStopped { shard, cause } => {
            vec![shard_of(shard), ("cause", json!(cause.name()))]
        }
        Fact::PhaseBegan { shard, phase } => {
            vec![shard_of(shard), ("phase", json!(phase_key(phase)))]
        }
        Fact::Promoted { shard, from, to, candidates, loss, announced } => {
            let mut fields = vec![
                shard_of(shard),
                ("from", node(from)),
                ("to", node(to)),
                ("candidates", json!(candidates)),
                ("announced", json!(announced_name(announced))),
            ];
            fields.extend(lost(loss));
            fields
        }
        Fact::PrimaryRecreated { shard, node: id, from, loss } => {
            let mut fields = vec![shard_of(shard), ("node", node(id)), ("from", node(from))];
            fields.extend(lost(loss));
            fields
        }
        Fact::NodeDetected { node: id }
        | Fact::ReplacementWaits { node: id }
        | Fact::ReplacementStarted { node: id }
        | Fact::NodeReplaced { node: id }
        | Fact::ProcessBack { node: id }
        | Fact::Flushed { node: id }
        | Fact::SyncStopped { node: id }
        | Fact::Synced { node: id }
        | Fact::Recovered { node: id } => vec![("node", node(id))],
        Fact::SyncStarted { node: id, from, bytes } => {
            vec![("node", node(id)), ("from", node(from)), ("bytes", json!(bytes))]
        }
        Fact::Reattached { node: id, missing } => {
            vec![("node", node(id)), ("missing_writes", amount(missing))]
        }
        Fact::DatasetLost { shard, writes, bytes, elsewhere } => {
            let kept = (elsewhere > 0).then(|| ("elsewhere_writes", amount(elsewhere)));
            let lost = [shard_of(shard), ("writes", amount(writes)), ("bytes", json!(bytes))];
            lost.into_iter().chain(kept).collect()
        }
        Fact::Copies { shard, complete, configured, readers } => vec![
            shard_of(shard),
            ("complete", json!(complete)),
            ("configured", json!(configured)),
            ("readers", json!(readers)),
        ],
        Fact::HandedOver { shard, from, to, pause, announced } => vec![
            shard_of(shard),
            ("from", node(from)),
            ("to", node(to)),
            ("pause_s", json!(pause.as_secs_f64())),
            ("announced", json!(announced_name(announced))),
        ],
        Fact::Operation(ref operation) => operation_fields(plan, operation),
        Fact::Backup(ref fact) => backups::fields(plan, fact),
        Fact::Bus(fact) => bus_fields(plan, fact),
        Fact::Isolation(fact) => isolation_fields(plan, fact),
        Fact::Replicas(fact) => replicas_fields(plan, fact),
        Fact::Migration(ref fact) => migration::fields(plan, fact),
    }
}

fn replicas_name(fact: &ReplicasFact) -> &'static str {
    match fact {
        ReplicasFact::TooFew { .. } => "too_few_replicas",
        ReplicasFact::Enough { .. } => "enough_replicas",
        ReplicasFact::Unconfirmed { .. } => "unconfirmed",
        ReplicasFact::WaitFails { .. } => "wait_fails",
    }
}

fn replicas_fields(plan: &Plan, fact: ReplicasFact) -> Vec<(&'static str, Value)> {
    match fact {
        ReplicasFact::TooFew { shard, good, needed }
        | ReplicasFact::Enough { shard, good, needed } => vec![
            ("shard", shard_name(plan, shard)),
            ("good", json!(good)),
            ("needed", json!(needed)),
        ],
        ReplicasFact::Unconfirmed { shard, writes } => {
            vec![("shard", shard_name(plan, shard)), ("writes", amount(writes))]
        }
        ReplicasFact::WaitFails { shard, per_sec } => {
            vec![("shard", shard_name(plan, shard)), ("per_second", json!(per_sec))]
        }
    }
}

fn isolation_name(fact: &IsolationFact) -> &'static str {
    match fact {
        IsolationFact::Began { .. } => "isolation_began",
        IsolationFact::Ended { .. } => "isolation_ended",
        IsolationFact::Refuses { .. } => "primary_refuses",
        IsolationFact::Waits { .. } => "rejoin_waits",
        IsolationFact::Takes { .. } => "primary_takes_writes",
        IsolationFact::Beside { .. } => "writes_beside",
        IsolationFact::SplitBrain { .. } => "split_brain",
    }
}

fn isolation_fields(plan: &Plan, fact: IsolationFact) -> Vec<(&'static str, Value)> {
    let node_of = |id: NodeId| ("node", json!(plan.nodes[id.idx()].name));
    let shard_of = |id: ShardId| ("shard", shard_name(plan, id));
    match fact {
        IsolationFact::Began { node, role } => {
            vec![node_of(node), ("role", json!(role_name(role)))]
        }
        IsolationFact::Ended { node } | IsolationFact::Refuses { node } => vec![node_of(node)],
        IsolationFact::Waits { shard, node, role } => {
            vec![shard_of(shard), node_of(node), ("role", json!(role_name(role)))]
        }
        IsolationFact::Takes { shard, node } => vec![shard_of(shard), node_of(node)],
        IsolationFact::Beside { shard, kept, astray } => vec![
            shard_of(shard),
            ("kept_per_second", json!(kept)),
            ("astray_per_second", json!(astray)),
        ],
        IsolationFact::SplitBrain { shard, node, loss } => vec![
            shard_of(shard),
            node_of(node),
            ("lost_writes", amount(loss.writes)),
            ("loss_window_s", json!(loss.window.as_secs_f64())),
        ],
    }
}

fn bus_name(fact: &BusFact) -> &'static str {
    match fact {
        BusFact::Suspected { .. } => "suspected",
        BusFact::NoAgreement { .. } => "no_agreement",
        BusFact::ElectionBegan { .. } => "election_began",
        BusFact::TakeoverBegan { .. } => "takeover_began",
        BusFact::ObjectivelyDown { .. } => "objectively_down",
        BusFact::VoteSplit { .. } => "vote_split",
        BusFact::MajorityLost { .. } => "majority_lost",
        BusFact::WritesRefused { .. } => "writes_refused",
        BusFact::MajorityBack { .. } => "majority_back",
        BusFact::WritesTaken { .. } => "writes_taken",
    }
}

fn bus_fields(plan: &Plan, fact: BusFact) -> Vec<(&'static str, Value)> {
    let shard_of = |id: crate::model::plan::ShardId| {
        let name = format!("{}/{}", plan.group_of(id).id, plan.shards[id.idx()].id);
        ("shard", json!(name))
    };
    let group_of = |id: crate::model::plan::GroupId| ("group", json!(plan.groups[id.idx()].id));
    match fact {
        BusFact::Suspected { node } | BusFact::ObjectivelyDown { node } => {
            vec![("node", json!(plan.nodes[node.idx()].name))]
        }
        BusFact::NoAgreement { shard }
        | BusFact::TakeoverBegan { shard }
        | BusFact::VoteSplit { shard } => vec![shard_of(shard)],
        BusFact::ElectionBegan { shard, candidates } => {
            vec![shard_of(shard), ("candidates", json!(candidates))]
        }
        BusFact::MajorityLost { group, serving, majority } => {
            vec![group_of(group), ("serving", json!(serving)), ("majority", json!(majority))]
        }
        BusFact::MajorityBack { group, serving } | BusFact::WritesRefused { group, serving } => {
            vec![group_of(group), ("serving", json!(serving))]
        }
        BusFact::WritesTaken { group } => vec![group_of(group)],
    }
}

/// The kinds of facts of operations, planned work and membership.
fn operation_name(fact: &OperationFact) -> &'static str {
    match fact {
        OperationFact::Accepted { .. } => "call_accepted",
        OperationFact::Refused { .. } => "call_refused",
        OperationFact::TestFailoverCalled { .. } => "test_failover_called",
        OperationFact::TestFailoverCancelled { .. } => "test_failover_cancelled",
        OperationFact::GroupChanged { .. } => "group_changed",
        OperationFact::ChangesPending { .. } => "changes_pending",
        OperationFact::UpdatePending { .. } => "update_pending",
        OperationFact::UpdateBegan { .. } => "update_began",
        OperationFact::UpdateEnded { .. } => "update_ended",
        OperationFact::RecreationBegan { .. } => "recreation_began",
        OperationFact::Patched { .. } => "patched",
        OperationFact::NodeAdded { .. } => "node_added",
        OperationFact::NodeRemoved { .. } => "node_removed",
        OperationFact::ExternalReplicaAttached { .. } => "external_replica_attached",
        OperationFact::FailoverHindered { .. } => "failover_hindered",
    }
}

fn operation_fields(plan: &Plan, fact: &OperationFact) -> Vec<(&'static str, Value)> {
    let node = |id: NodeId| ("node", json!(plan.nodes[id.idx()].name));
    let shard_of = |id: ShardId| ("shard", shard_name(plan, id));
    let group_of = |id: GroupId| ("group", json!(plan.groups[id.idx()].id));
    match *fact {
        OperationFact::Accepted { call, group } => {
            vec![("call", json!(call_name(call))), group_of(group)]
        }
        OperationFact::Refused { call, group, refusal } => vec![
            ("call", json!(call_name(call))),
            group_of(group),
            ("error", json!(refusal.error().code())),
            ("http_status", json!(refusal.error().http_status())),
            ("message", json!(refusal.says())),
            ("rule", json!(refusal.rule())),
        ],
        OperationFact::TestFailoverCalled { shard }
        | OperationFact::TestFailoverCancelled { shard }
        | OperationFact::FailoverHindered { shard } => vec![shard_of(shard)],
        OperationFact::GroupChanged { group, status, automatic_failover, multi_az } => vec![
            group_of(group),
            ("status", json!(status.name())),
            ("automatic_failover", json!(automatic_failover.name())),
            ("multi_az", json!(switch_name(multi_az))),
        ],
        OperationFact::ChangesPending { group }
        | OperationFact::UpdatePending { group }
        | OperationFact::UpdateEnded { group }
        | OperationFact::ExternalReplicaAttached { group } => vec![group_of(group)],
        OperationFact::UpdateBegan { group, method } => {
            let method = match method {
                UpdateMethod::Replace => "replace",
                UpdateMethod::Patch => "patch",
            };
            vec![group_of(group), ("method", json!(method))]
        }
        OperationFact::RecreationBegan { shard, node: id } => vec![shard_of(shard), node(id)],
        OperationFact::Patched { node: id }
        | OperationFact::NodeAdded { node: id }
        | OperationFact::NodeRemoved { node: id } => vec![node(id)],
    }
}

/// The name of a call; what is no action of the API has one in kebab case.
fn call_name(call: Call) -> &'static str {
    match call {
        Call::AttachExternalReplica => "attach-external-replica",
        Call::ServiceUpdate => "service-update",
        Call::ModifyReplicationGroup
        | Call::TestFailover
        | Call::RebootCacheCluster
        | Call::IncreaseReplicaCount
        | Call::DecreaseReplicaCount
        | Call::CreateSnapshot
        | Call::TestMigration
        | Call::StartMigration
        | Call::CompleteMigration => call.name(),
    }
}

fn announced_name(announced: Announced) -> &'static str {
    match announced {
        Announced::NodeFirst => "node-first",
        Announced::GroupFirst => "group-first",
    }
}

fn switch_name(switch: Switch) -> &'static str {
    match switch {
        Switch::On => "enabled",
        Switch::Off => "disabled",
    }
}

/// A shard with its group: "redis1x3/0001".
fn shard_name(plan: &Plan, shard: ShardId) -> Value {
    json!(format!("{}/{}", plan.group_of(shard).id, plan.shards[shard.idx()].id))
}

fn target_field(plan: &Plan, target: Target) -> (&'static str, Value) {
    match target {
        Target::Node(node) => ("node", json!(plan.nodes[node.idx()].name)),
        Target::Primary(shard) | Target::Replicas(shard) => ("shard", shard_name(plan, shard)),
        Target::Az(az) => ("az", json!(plan.azs[az.idx()].name)),
        Target::Group(group) => ("group", json!(plan.groups[group.idx()].id)),
        Target::MigrationLink => ("link", json!("migration")),
    }
}

fn stop_name(stop: Stop) -> &'static str {
    match stop {
        Stop::HostLost => "host-lost",
        Stop::Crashed => "crashed",
        Stop::Rebooted => "rebooted",
        Stop::TakenOffline => "taken-offline",
        Stop::Patched => "patched",
        Stop::Removed => "removed",
    }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Primary => "primary",
        Role::Replica => "replica",
    }
}
