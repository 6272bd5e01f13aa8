//! What the timeline and the event log say of a migration.

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::time::SimTime;
use elasticache_sim::model::fact::{Fact, Hindrance, Intake, LinkLoss, Loss, MigrationFact};
use elasticache_sim::model::plan::{
    CutOver, CutOverBegins, Force, FullSync, GroupId, MigrationCall, NodeId, Obstacle, Plan,
    ShardId,
};
use elasticache_sim::model::state::{Side, WRITE};
use elasticache_sim::report::event_log::{self, Query};
use elasticache_sim::report::timeline;
use elasticache_sim::report::words::Words;

use super::metrics::group_fails;
use super::{FROM, SOURCE, TARGET, TO, call, millis, of, plan};
use crate::support::{load, root, run, secs};

/// One fact of each kind.
pub fn of_each(group: GroupId, shard: ShardId, [from, to]: [NodeId; 2]) -> Vec<Fact> {
    let loss = Loss { writes: 400 * WRITE, beside: 0, window: millis(100) };
    let none = Loss { writes: 0, ..loss };
    let (obstacle, behind) = (Obstacle::Auth, 5 * WRITE);
    let bytes = 1 << 30;
    let facts = vec![
        MigrationFact::Tested { group, obstacle: None },
        MigrationFact::Tested { group, obstacle: Some(Obstacle::TargetTooSmall) },
        MigrationFact::ReshardBegan { group, slots: 4_096 },
        MigrationFact::AttemptFailed { group, obstacle, attempt: 1, attempts: 3 },
        MigrationFact::GaveUp { group, obstacle },
        MigrationFact::Connected { group },
        MigrationFact::LinkSyncBegan { shard, from, to, bytes, pause: millis(10) },
        MigrationFact::LinkLoading { shard, bytes, behind },
        MigrationFact::TargetWiped { shard, loss: none },
        MigrationFact::TargetWiped { shard, loss },
        MigrationFact::LinkStreams { shard, behind },
        MigrationFact::LinkBack { shard, missed: behind },
        MigrationFact::CaughtUp { shard },
        MigrationFact::AllInSync { group, took: secs(90) },
        MigrationFact::LinkLost { shard, why: LinkLoss::OutputBuffer, behind },
        MigrationFact::LinkLost { shard, why: LinkLoss::Target, behind: 0 },
        MigrationFact::LinkLost { shard, why: LinkLoss::TargetTooSmall, behind },
        MigrationFact::NetworkCut,
        MigrationFact::NetworkBack,
        MigrationFact::NotCompleted { group, why: Hindrance::NotInSync },
        MigrationFact::ShardCompleted {
            shard,
            node: to,
            loss: none,
            regained: 0,
            missing_bytes: 0,
        },
        MigrationFact::ShardCompleted { shard, node: to, loss, regained: 0, missing_bytes: 0 },
        MigrationFact::ShardCompleted {
            shard,
            node: to,
            loss,
            regained: 0,
            missing_bytes: 6 << 30,
        },
        MigrationFact::Completed { group, force: Force::No },
        MigrationFact::Completed { group, force: Force::Yes },
        MigrationFact::Stopped { group },
        MigrationFact::Prepared { group },
        MigrationFact::RollBackBegan { group },
        MigrationFact::CutOverBegan { group },
        MigrationFact::CutOverGivenUp { group },
        MigrationFact::CohortMoves { cohort: 0, to: Side::Target },
        MigrationFact::CohortArrived { cohort: 0, at: Side::Target },
        MigrationFact::Clients { shard, cohorts: 4, held: 1, rate: 400, held_rate: 100 },
        MigrationFact::Access { shard, intake: Intake::Refused },
        MigrationFact::PointOfNoReturn { group },
        MigrationFact::Diverged { shard, loss },
        MigrationFact::PriceOfReturn { shard, writes: behind },
        MigrationFact::RolledBack { group },
        MigrationFact::ShardRolledBack { shard, loss, regained: behind },
        MigrationFact::ShardRolledBack { shard, loss: none, regained: behind },
    ];
    facts.into_iter().map(Fact::Migration).collect()
}

fn lines(plan: &Plan, facts: &[Fact]) -> Vec<String> {
    let words = Words::new(plan);
    let lines = facts.iter().flat_map(|fact| words.of(fact));
    lines.map(|line| format!("{}: {}", line.kind, line.text)).collect()
}

/// Compares a text with a golden file, reviewed by eye; `SNAPSHOTS=overwrite` writes it anew.
pub fn compare(text: String, file: &str) {
    let path = root().join("tests/golden/migration").join(file);
    snapbox::assert_data_eq!(text, snapbox::Data::read_from(&path, None).raw());
}

#[test]
fn every_fact_has_a_readable_line() {
    let mut plan = plan();
    of(&mut plan).clients.cohorts = 4;
    let facts = of_each(TARGET, TO, [NodeId(0), NodeId(2)]);
    let lines = lines(&plan, &facts);
    compare(lines.join("\n") + "\n", "facts.txt");
    for line in &lines {
        let kind = line.split(':').next().expect("a kind");
        assert!(kind.len() <= 9, "{kind} is wider than its column");
    }
}

#[test]
fn the_event_log_tells_how_a_migration_ended() {
    let plan = plan();
    let facts = of_each(TARGET, FROM, [NodeId(0), NodeId(2)]);
    let facts: Vec<(SimTime, Fact)> =
        facts.into_iter().map(|fact| (SimTime::START, fact)).collect();
    let entries = event_log::entries(&plan, &facts);
    let said: Vec<&str> = entries.iter().map(|entry| entry.event.message.as_str()).collect();
    assert_eq!(
        said,
        [
            "Test Migration successful for tgt",
            "Test Migration failed for tgt. Reason: the target's memory does not hold the data.",
            "Migration operation failed for replication group tgt. Reason: the primary could not \
             become a replica of the source.",
            "Migration operation failed for replication group tgt. Reason: the data is not in \
             sync.",
            "Complete Migration successful for tgt",
            "Complete Migration successful for tgt",
            "Complete Migration successful for tgt",
        ]
    );
    assert!(entries.iter().all(|entry| entry.event.source == "tgt"));
    let message = Some("Migration operation succeeded".to_owned());
    let by_label = Query { message, ..Query::default() };
    assert_eq!(by_label.select(&plan, entries, SimTime::START).len(), 3);
}

#[test]
fn a_story_tells_the_stages() {
    let plan = plan();
    let (facts, outcome) = run(&plan, 1, 0);
    let story = timeline::render(&plan, &facts, &outcome);
    let stages = [
        "StartMigration of tgt accepted",
        "prepare   tgt is available",
        "tgt is migrating",
        "tgt is a replica of src: to be read, not to be written",
        "copies everything from src-001",
        "its link is up, its health 1",
        "cut-over",
        "CompleteMigration of tgt accepted",
        "lacks 400 acknowledged writes",
        "tgt is its own master: it was in sync",
        "tgt is available: automatic failover",
        "the clients leave for tgt",
        "the clients write to tgt",
        "rolling back loses writes from here on",
        "stop for clients of shard 0001 of tgt",
    ];
    for stage in stages {
        assert!(story.contains(stage), "no {stage:?} in\n{story}");
    }
    compare(story.clone(), "by-hand.trace");
    let places: Vec<Option<usize>> = stages[..13].iter().map(|stage| story.find(stage)).collect();
    assert!(places.is_sorted(), "the stages come one after the other");
}

#[test]
fn what_is_nothing_is_not_told() {
    let (none, shard) = (Loss { writes: 0, beside: 0, window: secs(0) }, TO);
    let facts = [
        MigrationFact::LinkLost { shard, why: LinkLoss::Network, behind: 0 },
        MigrationFact::ShardRolledBack { shard, loss: none, regained: 0 },
    ];
    assert_eq!(
        lines(&plan(), &facts.map(Fact::Migration)),
        [
            "link: shard 0001 of tgt loses its link: the network is cut",
            "rollback: shard 0001 of tgt has no write that the source lacks",
        ]
    );
    let mut plan = plan();
    of(&mut plan).cut_over_begins = None;
    let (facts, outcome) = run(&plan, 1, 0);
    let story = timeline::render(&plan, &facts, &outcome);
    let line = "in sync 1 time; waiting for it 3m 33s, until the replicas were, too, ";
    assert!(story.contains(line), "{story}");
    assert!(!story.contains("brought back"), "{story}");
}

#[test]
fn a_target_is_drawn_as_a_replica_while_it_follows() {
    let plan = plan();
    let (facts, outcome) = run(&plan, 1, 0);
    let story = timeline::render(&plan, &facts, &outcome);
    assert!(story.contains("\nwrites: = taken   x none is taken   . no client writes there\n"));
    let lanes = |label: &str| -> Vec<String> {
        let of_label = story.lines().filter(|line| line.starts_with(label));
        of_label.map(|line| line.rsplit(' ').next().expect("a lane").to_owned()).collect()
    };
    // Each glyph once: a master, which copies everything, follows, is promoted and a master again.
    let in_turn = |lane: &str| {
        let mut glyphs: Vec<char> = lane.chars().collect();
        glyphs.dedup();
        glyphs.into_iter().collect::<String>()
    };
    let target = lanes("tgt-001");
    assert!(target.iter().any(|lane| in_turn(lane) == "=~-P="), "{story}");
    let (of_source, of_target) = (lanes("src-001"), lanes("writes 0001"));
    assert!(of_source.iter().all(|lane| in_turn(lane) == "="), "{story}");
    assert!(of_target.iter().any(|lane| in_turn(lane) == ".x="), "{story}");
    // Where somebody writes to every shard there is no such legend.
    let plan = load("primary-failure").plan;
    let (facts, outcome) = run(&plan, 1, 0);
    assert!(!timeline::render(&plan, &facts, &outcome).contains("no client writes"));
}

#[test]
fn a_story_tells_how_clients_come_and_go() {
    let mut plan = plan();
    let migration = of(&mut plan);
    migration.clients.cohorts = 2;
    migration.cut_over = CutOver::StopWritesFirst;
    call(&mut plan, 600, MigrationCall::RollBack);
    let (facts, outcome) = run(&plan, 1, 0);
    compare(timeline::render(&plan, &facts, &outcome), "there-and-back.trace");
}

#[test]
fn a_lost_copy_is_not_the_datasets_loss_and_a_lost_dataset_may_be_held_elsewhere() {
    let story = |at: u64, group: GroupId| {
        let mut plan = plan();
        group_fails(&mut plan, at, group);
        let (facts, outcome) = run(&plan, 1, 0);
        timeline::render(&plan, &facts, &outcome)
    };
    let copy = story(290, TARGET);
    let has_lost = "copy      shard 0001 of tgt has lost it, 953.7 MiB: the data is in src";
    assert!(copy.contains(has_lost) && !copy.contains("LOST"), "{copy}");
    let former = story(700, SOURCE);
    let has_lost = "copy      shard 0001 of src has lost what it had: the data is in tgt";
    assert!(former.contains(has_lost) && !former.contains("LOST"), "{former}");
    // Until 305 s there are 4,000 a second, of which 100 ms were on their way.
    let dataset = story(600, TARGET);
    assert!(dataset.contains("; src still has 1,219,600 of them"), "{dataset}");
}

#[test]
fn a_story_says_what_being_in_sync_does_not_mean() {
    let mut plan = plan();
    plan.timing.full_sync = FullSync::Law(Law::fixed(secs(100)));
    let (facts, outcome) = run(&plan, 1, 0);
    let story = timeline::render(&plan, &facts, &outcome);
    let but = "but 1 of 1 replicas of tgt have no copy yet: to lose tgt-001 is to lose what it got";
    assert!(story.contains(but), "{story}");
    let whole = "all nodes of tgt hold what it got, 3m 52s after the start";
    assert!(story.contains(whole), "{story}");
    of(&mut plan).cut_over = CutOver::StopWritesFirst;
    of(&mut plan).cut_over_begins = Some(CutOverBegins::AfterStart(Law::fixed(secs(140))));
    let (facts, outcome) = run(&plan, 1, 0);
    let story = timeline::render(&plan, &facts, &outcome);
    assert!(story.contains("but only since clients are stopped"), "{story}");
    assert!(story.contains("in sync 1 time, only after the clients were stopped"), "{story}");
}
