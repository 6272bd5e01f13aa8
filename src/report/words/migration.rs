//! Facts of online migrations in words: the stages prepare, test, start, verify and complete as an
//! operator follows them, and what becomes of clients and writes.

use super::{Line, Words};
use crate::model::fact::{Hindrance, LinkLoss, Loss, MigrationFact};
use crate::model::plan::{CutOver, Force, GroupId, Obstacle};
use crate::model::state::Side;
use crate::report::numbers::{bytes, count, writes};

/// The fact in words; nothing where other lines say it already.
pub(super) fn line(words: &Words<'_>, fact: &MigrationFact) -> Option<Line> {
    let (kind, text) = of_start(words, fact)?;
    Some(Line { kind, text })
}

/// A kind and a sentence.
type Said = Option<(&'static str, String)>;

/// Prepare, test and start; the functions below go on with the other facts.
fn of_start(words: &Words<'_>, fact: &MigrationFact) -> Said {
    Some(match *fact {
        MigrationFact::Prepared { group } => ("prepare", prepared_in_words(words, group)),
        MigrationFact::Tested { group, obstacle: None } => {
            ("test", format!("nothing stands in the way of a migration to {}", words.group(group)))
        }
        MigrationFact::Tested { group, obstacle: Some(obstacle) } => {
            let group = words.group(group);
            ("test", format!("a migration to {group} would fail: {}", obstacle_in_words(obstacle)))
        }
        MigrationFact::ReshardBegan { group, slots } => {
            let (slots, group) = (count(u128::from(slots)), words.group(group));
            ("prepare", format!("{slots} hash slots move within {group}, to lie as in the source"))
        }
        MigrationFact::AttemptFailed { group, obstacle, attempt, attempts } => {
            let (group, why) = (words.group(group), obstacle_in_words(obstacle));
            ("start", format!("{group} cannot follow, attempt {attempt} of {attempts}: {why}"))
        }
        MigrationFact::GaveUp { group, .. } => {
            ("start", format!("{} gives up, and is its own master again", words.group(group)))
        }
        MigrationFact::Connected { group } => {
            let (group, source) = (words.group(group), source(words));
            ("start", format!("{group} is a replica of {source}: to be read, not to be written"))
        }
        _ => return of_link(words, fact),
    })
}

/// The source's id; facts of a migration are told only where there is one.
fn source<'p>(words: &Words<'p>) -> &'p str {
    let migration = words.plan.migration.as_ref();
    migration.map_or("the source", |migration| words.group(migration.source))
}

/// Full syncs, and verify.
fn of_link(words: &Words<'_>, fact: &MigrationFact) -> Said {
    Some(match *fact {
        MigrationFact::LinkSyncBegan { from, to, bytes: size, pause, .. } => {
            let (from, to, size) = (words.node(from), words.node(to), bytes(size));
            let text = match pause.as_nanos() {
                0 => format!("{to} copies everything from {from}: {size}"),
                _ => format!(
                    "{to} copies everything from {from}, {size}: its writes wait {pause} for the \
                     fork"
                ),
            };
            ("sync", text)
        }
        MigrationFact::LinkLoading { shard, bytes: size, behind } => {
            let (shard, size, behind) = (words.shard(shard), bytes(size), writes(behind));
            ("sync", format!("{shard} has got {size} and loads them; {behind} writes wait"))
        }
        MigrationFact::TargetWiped { shard, loss: Loss { writes: 0, .. } } => {
            let shard = words.shard(shard);
            ("flush", format!("what {shard} had is gone: the source's data takes its place"))
        }
        MigrationFact::TargetWiped { shard, loss } => {
            let (shard, amount) = (words.shard(shard), writes(loss.writes));
            let text = format!(
                "{amount} acknowledged writes that {shard} had taken by itself: the source's data \
                 takes their place"
            );
            ("lost", text)
        }
        MigrationFact::LinkStreams { shard, behind } => {
            let (shard, behind) = (words.shard(shard), writes(behind));
            ("follow", format!("{shard} has the copy and follows; {behind} writes wait for it"))
        }
        MigrationFact::LinkBack { shard, missed } => {
            let (shard, missed) = (words.shard(shard), writes(missed));
            ("follow", format!("{shard} goes on where it was: it missed {missed} writes"))
        }
        MigrationFact::CaughtUp { shard } => {
            ("verify", format!("{} has caught up: nothing waits for it", words.shard(shard)))
        }
        MigrationFact::AllInSync { group, took } => {
            let text = format!(
                "{} is in sync {took} after the start: its link is up, its health 1",
                words.group(group)
            );
            ("verify", text)
        }
        MigrationFact::LinkLost { shard, why, behind } => {
            let (shard, why) = (words.shard(shard), loss_in_words(why));
            let waited = match behind {
                0 => String::new(),
                behind => format!("; {} writes waited", writes(behind)),
            };
            ("link", format!("{shard} loses its link: {why}{waited}"))
        }
        MigrationFact::NetworkCut => ("link", "source and target do not reach each other".into()),
        MigrationFact::NetworkBack => ("link", "source and target reach each other again".into()),
        _ => return of_completion(words, fact),
    })
}

/// Complete.
fn of_completion(words: &Words<'_>, fact: &MigrationFact) -> Said {
    Some(match *fact {
        MigrationFact::NotCompleted { group, why } => {
            let (group, why) = (words.group(group), hindrance_in_words(why));
            ("complete", format!("fails: {why}; {group} stays a replica, and migrating"))
        }
        MigrationFact::ShardCompleted { node, loss, missing_bytes, .. } if missing_bytes > 0 => {
            let (node, amount) = (words.node(node), writes(loss.writes));
            let bytes = bytes(missing_bytes);
            let text = format!(
                "{node} is primary, with nothing of the source: it lacks {bytes} and {amount} \
                 acknowledged writes"
            );
            ("lost", text)
        }
        MigrationFact::ShardCompleted { node, loss: Loss { writes: 0, .. }, regained, .. } => {
            let more = match regained {
                0 => String::new(),
                more => format!(", and {} that the source has lost", writes(more)),
            };
            ("promoted", format!("{} is primary, with every write{more}", words.node(node)))
        }
        MigrationFact::ShardCompleted { node, loss, .. } => {
            let (node, amount) = (words.node(node), writes(loss.writes));
            let text = format!(
                "{node} is primary, and lacks {amount} acknowledged writes, those of the last {}",
                loss.window
            );
            ("lost", text)
        }
        MigrationFact::Completed { group, force } => {
            let how = match force {
                Force::No => "it was in sync",
                Force::Yes => "by force, in sync or not",
            };
            ("complete", format!("{} is its own master: {how}", words.group(group)))
        }
        MigrationFact::Stopped { group } => {
            let (group, source) = (words.group(group), source(words));
            ("stop", format!("{group} is its own master; the clients stay with {source}"))
        }
        MigrationFact::CutOverBegan { group } => ("cut-over", cut_over_in_words(words, group)),
        MigrationFact::RollBackBegan { .. } => {
            ("rollback", format!("begins: the clients go on with {}", source(words)))
        }
        MigrationFact::CutOverGivenUp { .. } => {
            ("cut-over", format!("is given up: all clients go on with {}", source(words)))
        }
        _ => return of_clients(words, fact),
    })
}

/// What the API sees of a target that may be migrated to.
fn prepared_in_words(words: &Words<'_>, group: GroupId) -> String {
    let of = &words.plan.groups[group.idx()];
    let (engine, version) = (of.about.engine, &of.about.engine_version);
    format!(
        "{} is available: {engine} {version}, Multi-AZ, not encrypted, shards and \
         databases as in {}",
        words.group(group),
        source(words)
    )
}

/// What the operator does first.
fn cut_over_in_words(words: &Words<'_>, group: GroupId) -> String {
    let how = match words.plan.migration.as_ref().map(|migration| migration.cut_over) {
        None => "begins",
        Some(CutOver::StopWritesFirst) => "begins: the clients are stopped until it is complete",
        Some(CutOver::SwitchOnTheFly) => "begins, while the clients write",
        Some(CutOver::Force) => "begins by force, while the clients write",
    };
    format!("to {} {how}", words.group(group))
}

/// The clients, and what a way back costs.
fn of_clients(words: &Words<'_>, fact: &MigrationFact) -> Said {
    let n = words.plan.n_cohorts();
    let of_cohort = |cohort: u16, [they_do, it_does]: [&str; 2]| match n {
        1 => format!("the clients {they_do}"),
        _ => format!("cohort {} {it_does}", cohort + 1),
    };
    Some(match *fact {
        MigrationFact::CohortMoves { cohort, to } => {
            let (who, to) = (of_cohort(cohort, ["leave", "leaves"]), side(words, to));
            let write = if n == 1 { "write" } else { "writes" };
            ("clients", format!("{who} for {to}, and {write} to nobody"))
        }
        MigrationFact::CohortArrived { cohort, at } => {
            let who = of_cohort(cohort, ["write", "writes"]);
            ("clients", format!("{who} to {}", side(words, at)))
        }
        MigrationFact::PointOfNoReturn { group } => {
            let group = words.group(group);
            (
                "no return",
                format!("clients write to {group}: rolling back loses writes from here on"),
            )
        }
        MigrationFact::Diverged { shard, loss } => {
            let amount = writes(loss.writes);
            let why = match words.plan.link_into(shard) {
                None => "after the completion",
                Some(_) => "without ever being the application's database",
            };
            ("lost", format!("{amount} acknowledged writes that {} took {why}", words.shard(shard)))
        }
        MigrationFact::RolledBack { .. } => {
            let source = source(words);
            ("rollback", format!("{source} is the application's database again"))
        }
        MigrationFact::ShardRolledBack { shard, loss, regained } => {
            let (shard, amount) = (words.shard(shard), writes(loss.writes));
            let regained = match regained {
                0 => String::new(),
                regained => format!("; {} that only the source has are back", writes(regained)),
            };
            match loss.writes {
                0 => ("rollback", format!("{shard} has no write that the source lacks{regained}")),
                _ => {
                    let what = format!("{amount} acknowledged writes that only {shard} has");
                    ("lost", format!("{what}{regained}"))
                }
            }
        }
        _ => return of_the_rest(fact),
    })
}

/// Facts that have no line of their own, beside those that are told above: the compiler asks where
/// a new one belongs.
fn of_the_rest(fact: &MigrationFact) -> Said {
    match fact {
        // The cohorts' lines and those of outages say it, or the outcome does.
        MigrationFact::Clients { .. }
        | MigrationFact::Access { .. }
        | MigrationFact::PriceOfReturn { .. } => None,
        MigrationFact::Prepared { .. }
        | MigrationFact::Tested { .. }
        | MigrationFact::ReshardBegan { .. }
        | MigrationFact::AttemptFailed { .. }
        | MigrationFact::GaveUp { .. }
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
        | MigrationFact::NotCompleted { .. }
        | MigrationFact::ShardCompleted { .. }
        | MigrationFact::Completed { .. }
        | MigrationFact::Stopped { .. }
        | MigrationFact::CutOverBegan { .. }
        | MigrationFact::RollBackBegan { .. }
        | MigrationFact::CutOverGivenUp { .. }
        | MigrationFact::CohortMoves { .. }
        | MigrationFact::CohortArrived { .. }
        | MigrationFact::PointOfNoReturn { .. }
        | MigrationFact::Diverged { .. }
        | MigrationFact::RolledBack { .. }
        | MigrationFact::ShardRolledBack { .. } => unreachable!("facts that have a line have it"),
    }
}

fn side<'p>(words: &Words<'p>, side: Side) -> &'p str {
    let migration = words.plan.migration.as_ref();
    match side {
        Side::Source => source(words),
        Side::Target => migration.map_or("the target", |migration| words.group(migration.target)),
    }
}

/// What keeps a target from following, in words that follow a colon.
pub(crate) fn obstacle_in_words(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::WrongAddress => "nobody listens at that address",
        Obstacle::BlockedNetwork => "the network does not let it through",
        Obstacle::Auth => "the source wants a password",
        Obstacle::ProtectedMode => "the source has protected-mode on",
        Obstacle::RenamedCommand => "a command that it needs is renamed in the source",
        Obstacle::SourceTooOld => "the source is too old",
        Obstacle::UnequalPorts => "the instances of the source have different ports",
        Obstacle::SourceDown => "the source does not answer, or has nothing to copy",
        Obstacle::TargetDown => "a shard of the target has no primary",
        Obstacle::TargetTooSmall => "the target's memory does not hold the data",
    }
}

/// Why a link is lost, in words that follow a colon.
pub(crate) fn loss_in_words(why: LinkLoss) -> &'static str {
    match why {
        LinkLoss::Network => "the network is cut",
        LinkLoss::Source => {
            "the node of the source that it reads is gone, or follows another history"
        }
        LinkLoss::Target => "the target's own primary is gone, or another node has its role",
        LinkLoss::OutputBuffer => "more waited in the source than its output buffer may hold",
        LinkLoss::OutOfMemory => "the source ran out of memory",
        LinkLoss::TargetTooSmall => "the target's memory does not hold the copy",
    }
}

/// Why a migration could not be completed, in words that follow a colon.
pub(crate) fn hindrance_in_words(why: Hindrance) -> &'static str {
    match why {
        Hindrance::NotInSync => "the data is not in sync",
        Hindrance::NodeIsReplaced => "a node is being replaced",
        Hindrance::NoPrimary => "a shard has no primary",
    }
}
