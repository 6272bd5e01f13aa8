//! Snapshots, restores, the append-only file and the durable log in words, as
//! JSON, and as the AWS events that announce them.

use serde_json::{Value, json};

use crate::engine::time::Span;
use crate::model::fact::{BackupFact, Loss, RestoreStep};
use crate::model::persistence::{BackupKind, Method};
use crate::model::plan::{GroupId, NodeId, Plan, ShardId};
use crate::model::state::{NanoWrites, WRITE};
use crate::report::aws_events::{AwsEvent, SourceType};
use crate::report::endpoint_names::EndpointNames;
use crate::report::numbers::{bytes, writes};
use crate::report::words::{Line, Words};

/// The id of the n-th group, from 1, that was restored in the place of a group.
pub fn restored_id(plan: &Plan, group: GroupId, number: u32) -> String {
    EndpointNames::new(plan, group).restored(number).id()
}

/// What the event log says: the names of the notifications, since the guide gives no texts. `id` is
/// what a group is called at the time.
pub(super) fn aws_event(fact: &BackupFact, id: impl Fn(GroupId) -> String) -> Option<AwsEvent> {
    let (group, name) = match *fact {
        BackupFact::Completed { group, .. } => (group, "ElastiCache:SnapshotComplete"),
        BackupFact::Failed { group, .. } => (group, "ElastiCache:SnapshotFailed"),
        _ => return None,
    };
    let id = id(group);
    Some(AwsEvent {
        source: id.clone(),
        source_type: SourceType::ReplicationGroup,
        message: format!("{name} : {id}"),
    })
}

/// The fact's name in a trace.
pub(super) fn name(fact: &BackupFact) -> &'static str {
    match fact {
        BackupFact::Began { .. } => "backup_began",
        BackupFact::Copies { .. } => "backup_copies",
        BackupFact::Completed { .. } => "backup_completed",
        BackupFact::Failed { .. } => "backup_failed",
        BackupFact::RestoreBegan { .. } => "restore_began",
        BackupFact::RestoreWaits { .. } => "restore_waits",
        BackupFact::RestoreStep { .. } => "restore_step",
        BackupFact::Restored { .. } => "restored",
        BackupFact::ShardRestored { .. } => "shard_restored",
        BackupFact::NodeRestored { .. } => "node_restored",
        BackupFact::SwitchBegan { .. } => "switch_began",
        BackupFact::Switched { .. } => "switched",
        BackupFact::ShardSwitched { .. } => "shard_switched",
        BackupFact::ArchiveLost { .. } => "archive_lost",
        BackupFact::LogKept { .. } => "log_kept",
        BackupFact::ReplayBegan { .. } => "replay_began",
        BackupFact::Replayed { .. } => "replayed",
        BackupFact::DurableLogEnds { .. } => "durable_log_ends",
        BackupFact::OnlyInDurableLog { .. } => "only_in_durable_log",
        BackupFact::DurableLogRead { .. } => "durable_log_read",
        BackupFact::ServedFromDurableLog { .. } => "served_from_durable_log",
    }
}

/// What it carries, by name.
pub(super) fn fields(plan: &Plan, fact: &BackupFact) -> Vec<(&'static str, Value)> {
    let of_group = |id: GroupId| ("group", json!(plan.groups[id.idx()].id));
    let of_node = |id: NodeId| ("node", json!(plan.nodes[id.idx()].name));
    let of_shard = |id: ShardId| {
        let name = format!("{}/{}", plan.group_of(id).id, plan.shards[id.idx()].id);
        ("shard", json!(name))
    };
    let amount = |writes: NanoWrites| json!(writes as f64 / WRITE as f64);
    let lost = |loss: Loss| {
        [("lost_writes", amount(loss.writes)), ("loss_window_s", json!(loss.window.as_secs_f64()))]
    };
    match *fact {
        BackupFact::Began { group, kind, method } => vec![
            of_group(group),
            ("kind", json!(kind_name(kind))),
            ("method", json!(method_name(method))),
        ],
        BackupFact::Copies { shard, node, behind } => {
            vec![of_shard(shard), of_node(node), ("behind_writes", amount(behind))]
        }
        BackupFact::Completed { group, kind } => {
            vec![of_group(group), ("kind", json!(kind_name(kind)))]
        }
        BackupFact::Failed { group, kind, why } => {
            let kind = ("kind", json!(kind_name(kind)));
            vec![of_group(group), kind, ("why", json!(why.says()))]
        }
        BackupFact::RestoreBegan { group, age } => {
            vec![of_group(group), ("age_s", json!(age.as_secs_f64()))]
        }
        BackupFact::RestoreWaits { group } | BackupFact::SwitchBegan { group } => {
            vec![of_group(group)]
        }
        BackupFact::Switched { group } => {
            vec![of_group(group), ("region", json!(region_name(plan)))]
        }
        BackupFact::RestoreStep { group, step } => {
            vec![of_group(group), ("step", json!(step_name(step)))]
        }
        BackupFact::Restored { group, number, age } => vec![
            of_group(group),
            ("new_group", json!(restored_id(plan, group, number))),
            ("age_s", json!(age.as_secs_f64())),
        ],
        BackupFact::ShardRestored { shard, node, loss }
        | BackupFact::ShardSwitched { shard, node, loss }
        | BackupFact::Replayed { shard, node, loss }
        | BackupFact::ServedFromDurableLog { shard, node, loss } => {
            [of_shard(shard), of_node(node)].into_iter().chain(lost(loss)).collect()
        }
        BackupFact::ArchiveLost { shard, writes, bytes } => {
            vec![of_shard(shard), ("writes", amount(writes)), ("bytes", json!(bytes))]
        }
        BackupFact::LogKept { node, tail, behind } => vec![
            of_node(node),
            ("tail_s", json!(tail.as_secs_f64())),
            ("behind_writes", amount(behind)),
        ],
        BackupFact::NodeRestored { node } | BackupFact::ReplayBegan { node } => {
            vec![of_node(node)]
        }
        BackupFact::DurableLogEnds { shard, lag, behind } => vec![
            of_shard(shard),
            ("lag_s", json!(lag.as_secs_f64())),
            ("behind_writes", amount(behind)),
        ],
        BackupFact::OnlyInDurableLog { shard } => vec![of_shard(shard)],
        BackupFact::DurableLogRead { node, bytes } => {
            vec![of_node(node), ("bytes", json!(bytes))]
        }
    }
}

/// The fact as a line of a timeline; nothing where another line says it.
pub(super) fn line(words: &Words<'_>, fact: &BackupFact) -> Option<Line> {
    let (kind, text) = match *fact {
        BackupFact::Began { kind, method, .. } => {
            let how = match method {
                Method::Forked => "forked",
                Method::Forkless => "forkless for want of memory, which delays writes",
            };
            ("backup", format!("{} begins, {how}", kind_in_words(kind)))
        }
        // The chart shows the new group's nodes.
        BackupFact::Copies { .. } | BackupFact::NodeRestored { .. } => return None,
        BackupFact::Completed { kind, .. } => {
            ("backup", format!("{} is complete", kind_in_words(kind)))
        }
        BackupFact::Failed { kind, why, .. } => {
            ("backup", format!("{} fails: {}", kind_in_words(kind), why.says()))
        }
        BackupFact::RestoreBegan { age, .. } => {
            ("restore", format!("everything is lost; the last snapshot is {age} old"))
        }
        BackupFact::RestoreWaits { .. } => ("restore", "waits for AZs to be up".to_owned()),
        BackupFact::RestoreStep { step, .. } => {
            let region = region_name(words.plan);
            match step {
                RestoreStep::Deciding => return None,
                RestoreStep::Provisioning => ("restore", "a new group is provisioned".to_owned()),
                RestoreStep::Loading => ("restore", "the new group reads the snapshot".to_owned()),
                RestoreStep::RePointing => {
                    ("restore", "the new group answers, at a new endpoint".to_owned())
                }
                RestoreStep::Promoting => {
                    ("region", format!("it is decided: the group in {region} is promoted"))
                }
                RestoreStep::Switching => {
                    ("region", format!("the group in {region} answers, at its own endpoint"))
                }
            }
        }
        BackupFact::Restored { group, number, age } => {
            let id = words.restored(group, number);
            ("restored", format!("the application writes to {id}, whose data is {age} old"))
        }
        BackupFact::ShardRestored { shard, loss, .. } if loss.writes > 0 => {
            let shard = words.shard(shard);
            let amount = writes(loss.writes);
            ("lost", format!("{amount} acknowledged writes, which {shard} took since the loss"))
        }
        BackupFact::ShardRestored { .. } => return None,
        BackupFact::SwitchBegan { .. } => {
            let region = region_name(words.plan);
            (
                "region",
                format!("everything is lost here; {region} has a copy, and somebody decides"),
            )
        }
        BackupFact::Switched { .. } => {
            let region = region_name(words.plan);
            let text =
                format!("the application writes to {region}, which no AZ failure here reaches");
            ("region", text)
        }
        BackupFact::ShardSwitched { shard, loss, .. } => {
            let (shard, amount) = (words.shard(shard), writes(loss.writes));
            ("lost", format!("{amount} acknowledged writes: the copy of {shard} did not have them"))
        }
        BackupFact::ArchiveLost { shard, writes: amount, bytes: size } => {
            let shard = words.shard(shard);
            let (amount, size) = (writes(amount), bytes(size));
            ("LOST", format!("{amount} writes, {size} of {shard}: nobody restores them"))
        }
        BackupFact::LogKept { node, tail, behind } => {
            let (node, behind) = (words.node(node), writes(behind));
            ("log", format!("the file of {node} lacks the last {tail}: {behind} writes"))
        }
        BackupFact::ReplayBegan { node } => {
            ("replay", format!("{} reads its append-only file", words.node(node)))
        }
        BackupFact::Replayed { node, loss, .. } => {
            let (node, amount) = (words.node(node), writes(loss.writes));
            ("replayed", format!("{node} serves what its file had: {amount} writes are lost"))
        }
        BackupFact::DurableLogEnds { lag: Span::ZERO, .. } => return None,
        BackupFact::DurableLogEnds { shard, lag, behind } => {
            let (shard, behind) = (words.shard(shard), writes(behind));
            ("log", format!("the log of {shard} lacks the last {lag}: {behind} writes"))
        }
        BackupFact::OnlyInDurableLog { shard } => (
            "log",
            format!("no node of {} has its data any more; the log does", words.shard(shard)),
        ),
        BackupFact::DurableLogRead { node, bytes: size } => {
            ("sync", format!("{} reads the log: {}", words.node(node), bytes(size)))
        }
        BackupFact::ServedFromDurableLog { node, loss, .. } => {
            let (node, amount) = (words.node(node), writes(loss.writes));
            ("replayed", format!("{node} serves what the log had: {amount} writes are lost"))
        }
    };
    Some(Line { kind, text })
}

/// The second region's name; a switch is told only where there is one.
fn region_name(plan: &Plan) -> &str {
    plan.region.as_ref().map_or("", |region| &region.name)
}

fn kind_name(kind: BackupKind) -> &'static str {
    match kind {
        BackupKind::Automatic => "automatic",
        BackupKind::Manual => "manual",
    }
}

fn kind_in_words(kind: BackupKind) -> &'static str {
    match kind {
        BackupKind::Automatic => "the daily backup",
        BackupKind::Manual => "a manual backup",
    }
}

fn method_name(method: Method) -> &'static str {
    match method {
        Method::Forked => "forked",
        Method::Forkless => "forkless",
    }
}

fn step_name(step: RestoreStep) -> &'static str {
    match step {
        RestoreStep::Deciding => "deciding",
        RestoreStep::Provisioning => "provisioning",
        RestoreStep::Loading => "loading",
        RestoreStep::RePointing => "re-pointing",
        RestoreStep::Promoting => "promoting",
        RestoreStep::Switching => "switching",
    }
}
