//! What a scenario schedules, in words: for the line that says what happens in every trial.

use std::ops::Range;

use crate::model::plan::{
    Action, Answer, Apply, Direction, Force, MigrationCall, NodeId, Operation, Plan, Scripted,
    ScriptedFault, ShardId, Victim,
};
use crate::report::words::Words;
use crate::report::words::operations::updated;

/// A scheduled fault or operation and when it comes, in a few words.
pub fn scripted(plan: &Plan, scripted: &Scripted) -> String {
    let what = match &scripted.action {
        Action::Fault(fault) => fault_text(plan, fault),
        Action::Operation(operation) => operation_text(plan, operation),
    };
    match scripted.at.range() {
        Some((at, latest)) if at == latest => format!("{what} after {at}"),
        Some((earliest, latest)) => {
            format!("{what} at a random moment between {earliest} and {latest}")
        }
        None => format!("{what} at a random moment"),
    }
}

fn fault_text(plan: &Plan, fault: &ScriptedFault) -> String {
    match fault {
        ScriptedFault::FailPrimary(shard) => {
            format!("the primary of {} fails", shard_by_chance(plan, shard))
        }
        ScriptedFault::FailNode(node) => format!("{} fails", node_by_chance(plan, node)),
        ScriptedFault::CrashNode { node, .. } => {
            format!("{} crashes", node_by_chance(plan, node))
        }
        ScriptedFault::FailReplicas { shard, count } => {
            format!("replicas of {} fail ({count})", shard_by_chance(plan, shard))
        }
        ScriptedFault::FailAz { az: Victim::Named(az), .. } => {
            format!("{} fails", plan.azs[az.idx()].name)
        }
        ScriptedFault::FailAz { az: Victim::Any(_), .. } => "an AZ by chance fails".to_owned(),
        ScriptedFault::IsolateNode { node, .. } => {
            format!("{} is cut off", node_by_chance(plan, node))
        }
        ScriptedFault::IsolatePrimary { shard, .. } => {
            format!("the primary of {} is cut off", shard_by_chance(plan, shard))
        }
        ScriptedFault::CutMigrationLink { .. } => {
            "the network between source and target is cut".to_owned()
        }
        ScriptedFault::FailGroup(id) => format!("all of {} fails", plan.groups[id.idx()].id),
        ScriptedFault::RebootNode { node, .. } => {
            format!("{} is rebooted", node_by_chance(plan, node))
        }
    }
}

fn operation_text(plan: &Plan, operation: &Operation) -> String {
    let words = Words::new(plan);
    match *operation {
        Operation::Modify { group, ref changes, apply } => {
            let changes = words.changes(changes);
            format!("{} is modified{} ({changes})", words.group(group), in_window(apply))
        }
        Operation::PromoteReplica { node } => format!("{} is promoted by hand", words.node(node)),
        Operation::TestFailover { shard, answer: Answer::Continue } => {
            format!("a test failover of {}", words.shard(shard))
        }
        Operation::TestFailover { shard, answer: Answer::Cancel } => {
            format!("a test failover of {} is begun and cancelled", words.shard(shard))
        }
        Operation::Reboot { node } => format!("the customer reboots {}", words.node(node)),
        Operation::SetReplicas { group, count, direction, apply } => {
            let how = match direction {
                Direction::Increase => "gets more replicas",
                Direction::Decrease => "gets fewer replicas",
            };
            format!("{} {how}, {count} per shard{},", words.group(group), in_window(apply))
        }
        Operation::AttachExternalReplica { group, .. } => {
            format!("an external replica is attached to {}", words.group(group))
        }
        Operation::CreateSnapshot { group } => {
            format!("a manual backup of {}", words.group(group))
        }
        Operation::Migration { target, call } => {
            let group = words.group(target);
            match call {
                MigrationCall::Test(_) => format!("the migration to {group} is tested"),
                MigrationCall::Start(_) => format!("the migration to {group} is started"),
                MigrationCall::Complete(Force::No) => {
                    format!("the migration to {group} is to be completed")
                }
                MigrationCall::Complete(Force::Yes) => {
                    format!("the migration to {group} is to be completed with force")
                }
                MigrationCall::Stop => format!("the migration to {group} is stopped"),
                MigrationCall::CutOver => format!("the cut-over to {group} begins"),
                MigrationCall::RollBack => format!("the migration to {group} is rolled back"),
            }
        }
        Operation::ServiceUpdate { group, apply, method } => {
            let how = updated(method);
            format!("a service update of {}{}, {how},", words.group(group), in_window(apply))
        }
    }
}

/// Where a change waits, if it does.
fn in_window(apply: Apply) -> &'static str {
    match apply {
        Apply::Immediately => "",
        Apply::InWindow => " in the next maintenance window",
    }
}

fn node_by_chance(plan: &Plan, victim: &Victim<NodeId>) -> String {
    match victim {
        Victim::Named(node) => plan.nodes[node.idx()].name.clone(),
        Victim::Any(among) => {
            let shard = |node: u16| plan.nodes[usize::from(node)].shard;
            format!("a node by chance{}", of_group(plan, shard(among.start)..shard(among.end - 1)))
        }
    }
}

fn shard_by_chance(plan: &Plan, victim: &Victim<ShardId>) -> String {
    match victim {
        Victim::Named(shard) => format!("shard {}", plan.shards[shard.idx()].id),
        Victim::Any(among) => {
            let ends = ShardId(among.start)..ShardId(among.end - 1);
            format!("a shard by chance{}", of_group(plan, ends))
        }
    }
}

/// The group that the shards from the first to the last are of, if it is one.
fn of_group(plan: &Plan, shards: Range<ShardId>) -> String {
    let (first, last) = (plan.group_of(shards.start), plan.group_of(shards.end));
    if first.id == last.id { format!(" of {}", first.id) } else { String::new() }
}
