//! Facts of online migrations as JSON, and the AWS events that announce them; `words` has their
//! sentences.

use serde_json::{Value, json};

use crate::model::fact::{Hindrance, Intake, LinkLoss, Loss, MigrationFact};
use crate::model::plan::{Force, GroupId, NodeId, Obstacle, Plan, ShardId};
use crate::model::state::{NanoWrites, Side, WRITE};
use crate::report::aws_events::{AwsEvent, SourceType};
use crate::report::words::{hindrance_in_words, obstacle_in_words};

/// What the event log says. The text of a success is documented ("Complete Migration successful
/// for"), as is what the console calls it and a failure ("Migration operation succeeded" and
/// "failed for replication group"), and that a failure is told with its reason; the words of the
/// reasons are assumed, and that a stop, which is a forced completion, is told like one. That a
/// test has its result in an event is documented, and its words are assumed.
pub(super) fn aws_event(fact: &MigrationFact, id: impl Fn(GroupId) -> String) -> Option<AwsEvent> {
    let failed = |group, why: &str| {
        let id = id(group);
        (group, format!("Migration operation failed for replication group {id}. Reason: {why}."))
    };
    let (group, message) = match *fact {
        MigrationFact::Tested { group, obstacle: None } => {
            (group, format!("Test Migration successful for {}", id(group)))
        }
        MigrationFact::Tested { group, obstacle: Some(obstacle) } => {
            let why = obstacle_in_words(obstacle);
            (group, format!("Test Migration failed for {}. Reason: {why}.", id(group)))
        }
        MigrationFact::Completed { group, .. } | MigrationFact::Stopped { group } => {
            (group, format!("Complete Migration successful for {}", id(group)))
        }
        MigrationFact::GaveUp { group, .. } => {
            failed(group, "the primary could not become a replica of the source")
        }
        MigrationFact::NotCompleted { group, why } => failed(group, hindrance_in_words(why)),
        MigrationFact::Prepared { .. }
        | MigrationFact::RollBackBegan { .. }
        | MigrationFact::ReshardBegan { .. }
        | MigrationFact::AttemptFailed { .. }
        | MigrationFact::Connected { .. }
        | MigrationFact::LinkSyncBegan { .. }
        | MigrationFact::LinkLoading { .. }
        | MigrationFact::TargetWiped { .. }
        | MigrationFact::LinkStreams { .. }
        | MigrationFact::LinkBack { .. }
        | MigrationFact::CaughtUp { .. }
        | MigrationFact::AllInSync { .. }
        | MigrationFact::LinkLost { .. }
        | MigrationFact::NetworkCut
        | MigrationFact::NetworkBack
        | MigrationFact::ShardCompleted { .. }
        | MigrationFact::CutOverBegan { .. }
        | MigrationFact::CutOverGivenUp { .. }
        | MigrationFact::CohortMoves { .. }
        | MigrationFact::CohortArrived { .. }
        | MigrationFact::Clients { .. }
        | MigrationFact::Access { .. }
        | MigrationFact::PointOfNoReturn { .. }
        | MigrationFact::Diverged { .. }
        | MigrationFact::PriceOfReturn { .. }
        | MigrationFact::RolledBack { .. }
        | MigrationFact::ShardRolledBack { .. } => return None,
    };
    Some(AwsEvent { source: id(group), source_type: SourceType::ReplicationGroup, message })
}

/// The fact's name in a trace.
pub(super) fn name(fact: &MigrationFact) -> &'static str {
    match fact {
        MigrationFact::Prepared { .. } => "migration_prepared",
        MigrationFact::RollBackBegan { .. } => "roll_back_began",
        MigrationFact::Tested { .. } => "migration_tested",
        MigrationFact::ReshardBegan { .. } => "reshard_began",
        MigrationFact::AttemptFailed { .. } => "migration_attempt_failed",
        MigrationFact::GaveUp { .. } => "migration_given_up",
        MigrationFact::Connected { .. } => "migration_connected",
        MigrationFact::LinkSyncBegan { .. } => "link_sync_began",
        MigrationFact::LinkLoading { .. } => "link_loading",
        MigrationFact::TargetWiped { .. } => "target_wiped",
        MigrationFact::LinkStreams { .. } => "link_streams",
        MigrationFact::LinkBack { .. } => "link_back",
        MigrationFact::CaughtUp { .. } => "caught_up",
        MigrationFact::AllInSync { .. } => "all_in_sync",
        MigrationFact::LinkLost { .. } => "link_lost",
        MigrationFact::NetworkCut => "migration_network_cut",
        MigrationFact::NetworkBack => "migration_network_back",
        MigrationFact::NotCompleted { .. } => "migration_not_completed",
        MigrationFact::ShardCompleted { .. } => "shard_completed",
        MigrationFact::Completed { .. } => "migration_completed",
        MigrationFact::Stopped { .. } => "migration_stopped",
        MigrationFact::CutOverBegan { .. } => "cut_over_began",
        MigrationFact::CutOverGivenUp { .. } => "cut_over_given_up",
        MigrationFact::CohortMoves { .. } => "cohort_moves",
        MigrationFact::CohortArrived { .. } => "cohort_arrived",
        MigrationFact::Clients { .. } => "clients",
        MigrationFact::Access { .. } => "access",
        MigrationFact::PointOfNoReturn { .. } => "point_of_no_return",
        MigrationFact::Diverged { .. } => "diverged",
        MigrationFact::PriceOfReturn { .. } => "price_of_return",
        MigrationFact::RolledBack { .. } => "rolled_back",
        MigrationFact::ShardRolledBack { .. } => "shard_rolled_back",
    }
}

/// A key and what it holds.
type Field = (&'static str, Value);

fn amount(writes: NanoWrites) -> Value {
    json!(writes as f64 / WRITE as f64)
}

fn lost(loss: Loss) -> [Field; 2] {
    [("lost_writes", amount(loss.writes)), ("loss_window_s", json!(loss.window.as_secs_f64()))]
}

/// What the fact carries, by name.
pub(super) fn fields(plan: &Plan, fact: &MigrationFact) -> Vec<Field> {
    let group_of = |id: GroupId| ("group", json!(plan.groups[id.idx()].id));
    match *fact {
        MigrationFact::Tested { group, obstacle } => {
            let obstacle = obstacle.map_or("none", obstacle_name);
            vec![group_of(group), ("obstacle", json!(obstacle))]
        }
        MigrationFact::ReshardBegan { group, slots } => {
            vec![group_of(group), ("slots", json!(slots))]
        }
        MigrationFact::AttemptFailed { group, obstacle, attempt, attempts } => vec![
            group_of(group),
            ("obstacle", json!(obstacle_name(obstacle))),
            ("attempt", json!(attempt)),
            ("attempts", json!(attempts)),
        ],
        MigrationFact::GaveUp { group, obstacle } => {
            vec![group_of(group), ("obstacle", json!(obstacle_name(obstacle)))]
        }
        MigrationFact::Connected { group }
        | MigrationFact::Stopped { group }
        | MigrationFact::Prepared { group }
        | MigrationFact::RollBackBegan { group }
        | MigrationFact::CutOverBegan { group }
        | MigrationFact::CutOverGivenUp { group }
        | MigrationFact::PointOfNoReturn { group }
        | MigrationFact::RolledBack { group } => vec![group_of(group)],
        MigrationFact::AllInSync { group, took } => {
            vec![group_of(group), ("took_s", json!(took.as_secs_f64()))]
        }
        MigrationFact::NotCompleted { group, why } => {
            vec![group_of(group), ("why", json!(hindrance_name(why)))]
        }
        MigrationFact::Completed { group, force } => {
            vec![group_of(group), ("force", json!(force == Force::Yes))]
        }
        MigrationFact::NetworkCut | MigrationFact::NetworkBack => Vec::new(),
        MigrationFact::CohortMoves { cohort, to } => {
            vec![("cohort", json!(cohort)), ("to", json!(side_name(to)))]
        }
        MigrationFact::CohortArrived { cohort, at } => {
            vec![("cohort", json!(cohort)), ("at", json!(side_name(at)))]
        }
        _ => link_fields(plan, fact),
    }
}

fn shard_of(plan: &Plan, shard: ShardId) -> Field {
    let name = format!("{}/{}", plan.group_of(shard).id, plan.shards[shard.idx()].id);
    ("shard", json!(name))
}

fn node_of(plan: &Plan, node: NodeId) -> Value {
    json!(plan.nodes[node.idx()].name)
}

/// What a fact of one link carries, by name.
fn link_fields(plan: &Plan, fact: &MigrationFact) -> Vec<Field> {
    let shard_of = |shard| shard_of(plan, shard);
    match *fact {
        MigrationFact::LinkSyncBegan { shard, from, to, bytes, pause } => vec![
            shard_of(shard),
            ("from", node_of(plan, from)),
            ("to", node_of(plan, to)),
            ("bytes", json!(bytes)),
            ("pause_s", json!(pause.as_secs_f64())),
        ],
        MigrationFact::LinkLoading { shard, bytes, behind } => {
            vec![shard_of(shard), ("bytes", json!(bytes)), ("behind_writes", amount(behind))]
        }
        MigrationFact::LinkStreams { shard, behind } => {
            vec![shard_of(shard), ("behind_writes", amount(behind))]
        }
        MigrationFact::LinkBack { shard, missed } => {
            vec![shard_of(shard), ("missing_writes", amount(missed))]
        }
        MigrationFact::CaughtUp { shard } => vec![shard_of(shard)],
        MigrationFact::LinkLost { shard, why, behind } => vec![
            shard_of(shard),
            ("why", json!(link_loss_name(why))),
            ("behind_writes", amount(behind)),
        ],
        _ => shard_fields(plan, fact),
    }
}

/// What another fact of one shard carries, by name; the compiler asks where a new fact belongs.
fn shard_fields(plan: &Plan, fact: &MigrationFact) -> Vec<Field> {
    let shard_of = |shard| shard_of(plan, shard);
    let shard_lost = |shard, loss| [shard_of(shard)].into_iter().chain(lost(loss)).collect();
    match *fact {
        MigrationFact::TargetWiped { shard, loss } | MigrationFact::Diverged { shard, loss } => {
            shard_lost(shard, loss)
        }
        MigrationFact::ShardCompleted { shard, node, loss, regained, missing_bytes } => {
            let more =
                [("regained_writes", amount(regained)), ("missing_bytes", json!(missing_bytes))];
            let node = ("node", node_of(plan, node));
            [shard_of(shard), node].into_iter().chain(lost(loss)).chain(more).collect()
        }
        MigrationFact::ShardRolledBack { shard, loss, regained } => {
            let mut fields: Vec<Field> = shard_lost(shard, loss);
            fields.push(("regained_writes", amount(regained)));
            fields
        }
        MigrationFact::PriceOfReturn { shard, writes } => {
            vec![shard_of(shard), ("writes", amount(writes))]
        }
        MigrationFact::Clients { shard, cohorts, held, rate, held_rate } => vec![
            shard_of(shard),
            ("cohorts", json!(cohorts)),
            ("held", json!(held)),
            ("per_second", json!(rate)),
            ("held_per_second", json!(held_rate)),
        ],
        MigrationFact::Access { shard, intake } => {
            vec![shard_of(shard), ("taken", json!(intake == Intake::Taken))]
        }
        MigrationFact::LinkSyncBegan { .. }
        | MigrationFact::LinkLoading { .. }
        | MigrationFact::LinkStreams { .. }
        | MigrationFact::LinkBack { .. }
        | MigrationFact::CaughtUp { .. }
        | MigrationFact::LinkLost { .. }
        | MigrationFact::Tested { .. }
        | MigrationFact::ReshardBegan { .. }
        | MigrationFact::AttemptFailed { .. }
        | MigrationFact::GaveUp { .. }
        | MigrationFact::Connected { .. }
        | MigrationFact::Stopped { .. }
        | MigrationFact::Prepared { .. }
        | MigrationFact::RollBackBegan { .. }
        | MigrationFact::CutOverBegan { .. }
        | MigrationFact::CutOverGivenUp { .. }
        | MigrationFact::PointOfNoReturn { .. }
        | MigrationFact::RolledBack { .. }
        | MigrationFact::AllInSync { .. }
        | MigrationFact::NotCompleted { .. }
        | MigrationFact::Completed { .. }
        | MigrationFact::NetworkCut
        | MigrationFact::NetworkBack
        | MigrationFact::CohortMoves { .. }
        | MigrationFact::CohortArrived { .. } => unreachable!("its fields are told above"),
    }
}

fn side_name(side: Side) -> &'static str {
    match side {
        Side::Source => "source",
        Side::Target => "target",
    }
}

fn obstacle_name(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::WrongAddress => "wrong-address",
        Obstacle::BlockedNetwork => "blocked-network",
        Obstacle::Auth => "auth",
        Obstacle::ProtectedMode => "protected-mode",
        Obstacle::RenamedCommand => "renamed-command",
        Obstacle::SourceTooOld => "source-too-old",
        Obstacle::UnequalPorts => "unequal-ports",
        Obstacle::SourceDown => "source-down",
        Obstacle::TargetDown => "target-down",
        Obstacle::TargetTooSmall => "target-too-small",
    }
}

fn link_loss_name(why: LinkLoss) -> &'static str {
    match why {
        LinkLoss::Network => "network",
        LinkLoss::Source => "source",
        LinkLoss::Target => "target",
        LinkLoss::OutputBuffer => "output-buffer",
        LinkLoss::OutOfMemory => "out-of-memory",
        LinkLoss::TargetTooSmall => "target-too-small",
    }
}

fn hindrance_name(why: Hindrance) -> &'static str {
    match why {
        Hindrance::NotInSync => "not-in-sync",
        Hindrance::NodeIsReplaced => "node-is-replaced",
        Hindrance::NoPrimary => "no-primary",
    }
}
