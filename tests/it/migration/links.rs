//! What the links of a migration, and the chains of its source, hold after faults: each number is
//! arithmetic from the scenario above it.

use elasticache_sim::engine::time::SimTime;
use elasticache_sim::model::fact::{BackupFact, Fact, MigrationFact};
use elasticache_sim::model::plan::NodeId;
use elasticache_sim::model::state::WRITE;
use elasticache_sim::observe::metrics::{Metric, Outcome};

use crate::support::{parse, run};

/// A source with a backlog that holds all, and a target, of three nodes each; 1000 writes of 512
/// bytes a second. `rest` is the migration, its operations and the faults.
fn story(source: &str, target: &str, rest: &str) -> (Vec<(SimTime, Fact)>, Outcome) {
    let text = format!(
        "schema = 1\n[run]\nhorizon = \"3h\"\n\
         [[group]]\nid = \"legacy\"\nengine = \"redis\"\nengine-version = \"7.0\"\n\
         azs = [\"a\", \"b\", \"c\"]\nreplicas = 2\n\
         [group.self-hosted]\nbacklog = \"512 MiB\"\n{source}\n\
         [[group]]\nid = \"shop\"\nengine = \"valkey\"\nengine-version = \"8.0\"\n\
         multi-az = true\nazs = [\"a\", \"b\", \"c\"]\nreplicas = 2\n{target}\n\
         [workload]\nwrites-per-second = 1_000\nwrite-size = \"512 B\"\ndataset = \"1 GiB\"\n\
         [migration]\nsource = \"legacy\"\ntarget = \"shop\"\n{rest}\n"
    );
    run(&parse(&text).plan, 42, 0)
}

const START: &str = "[[operation]]\nat = \"5m\"\nstart-migration = \"shop\"\n";

fn count(facts: &[(SimTime, Fact)], of: impl Fn(&Fact) -> bool) -> usize {
    facts.iter().filter(|(_, fact)| of(fact)).count()
}

fn of_migration(facts: &[(SimTime, Fact)], of: impl Fn(&MigrationFact) -> bool) -> usize {
    count(facts, |fact| matches!(fact, Fact::Migration(fact) if of(fact)))
}

fn writes(outcome: &Outcome, metric: Metric) -> u128 {
    outcome.raw(metric) / WRITE
}

#[test]
fn a_replica_chained_to_the_next_primary_is_a_replica_like_others() {
    let text = "schema = 1\n[run]\nhorizon = \"5h\"\n\
        [[group]]\nid = \"legacy\"\nengine = \"redis\"\nengine-version = \"6.2\"\n\
        azs = [\"a\", \"b\", \"c\"]\nreplicas = 2\n\
        [group.self-hosted]\nchained = { \"legacy-003\" = \"legacy-002\" }\n\
        [workload]\nwrites-per-second = 1_000\ndataset = \"100 MiB\"\n\
        [replication]\nlag = \"1s\"\n\
        [[fault]]\nat = \"60m\"\ncrash-node = { node = \"legacy-001\", restart-after = \"20m\" }\n\
        [[fault]]\nat = \"120m\"\ncrash-node = { node = \"legacy-001\", restart-after = \"1m\" }\n\
        [[fault]]\nat = \"180m\"\n\
        crash-node = { node = \"legacy-002\", restart-after = \"20m\" }\n";
    let (facts, outcome) = run(&parse(text).plan, 42, 0);
    // The former primary copies everything after each of its crashes; who copies from it is not
    // concerned by that.
    let third = NodeId(2);
    let until = SimTime::START + crate::support::secs(170 * 60);
    let before = facts.iter().filter(|(at, _)| *at < until);
    let moved = before.filter(|(_, fact)| match fact {
        Fact::Reattached { node, .. } | Fact::SyncStarted { node, .. } => *node == third,
        _ => false,
    });
    assert_eq!(moved.count(), 1, "it attaches once, to the primary that it copied from before");
    // The first time only the second node is a candidate, 1 s behind; the second time the third
    // node is one hop behind, not two.
    assert_eq!(writes(&outcome, Metric::LostWrites), 2_000);
}

#[test]
fn a_lag_above_the_limit_is_waited_for_once_the_clients_have_stopped() {
    let rest = format!(
        "bandwidth = \"1 MB/s\"\nsave-per-gib = \"0s\"\nlag = \"60s\"\n\
         cut-over = \"stop-writes-first\"\n{START}\
         [[fault]]\nat = \"58m\"\ncut-migration-link = {{ duration = \"30s\" }}\n\
         [[operation]]\nat = \"59m\"\ncut-over = \"shop\"\n"
    );
    let (facts, outcome) = story("", "", &rest);
    assert_eq!(of_migration(&facts, |it| matches!(it, MigrationFact::CutOverGivenUp { .. })), 0);
    assert_eq!(of_migration(&facts, |it| matches!(it, MigrationFact::Completed { .. })), 1);
    assert_eq!(outcome.raw(Metric::MigrationsInSync), 1, "who is completed was in sync");
    assert_eq!(writes(&outcome, Metric::LostWrites), 0);
}

#[test]
fn a_link_that_went_on_across_a_failover_goes_on_again() {
    let rest = "[[operation]]\nat = \"5m\"\n\
        start-migration = { group = \"shop\", endpoint = \"legacy-003:6379\" }\n\
        [[fault]]\nat = \"30m\"\nfail-node = { node = \"legacy-001\" }\n\
        [[fault]]\nat = \"60m\"\ncut-migration-link = { duration = \"30s\" }\n";
    let (facts, outcome) = story("", "", rest);
    assert_eq!(outcome.raw(Metric::MigrationFullSyncs), 1);
    assert_eq!(of_migration(&facts, |it| matches!(it, MigrationFact::LinkBack { .. })), 2);
}

const RESTORED: &str = "snapshot-retention = 2";
const RESTORE: &str = "[backup]\nafter-dataset-loss = \"restore\"\n";

#[test]
fn a_target_that_is_lost_while_it_follows_is_not_restored() {
    let rest = format!(
        "cut-over = \"stop-writes-first\"\n{RESTORE}\
         [[operation]]\nat = \"1s\"\ncreate-snapshot = {{ group = \"shop\" }}\n{START}\
         [[fault]]\nat = \"40m\"\nfail-group = {{ group = \"shop\" }}\n\
         [[operation]]\nat = \"80m\"\ncut-over = \"shop\"\n"
    );
    let (facts, outcome) = story("", RESTORED, &rest);
    let began = |fact: &Fact| matches!(fact, Fact::Backup(BackupFact::RestoreBegan { .. }));
    assert_eq!(count(&facts, began), 0);
    assert_eq!(outcome.raw(Metric::MigrationsCompleted), 1);
    assert_eq!(writes(&outcome, Metric::LostWrites), 0);
}

/// Completed at 31 min without a loss, when source and target have 30 min of writes; a snapshot at
/// 35 min; everything in the target lost at 60 min, and back to the source then.
fn rolled_back_at(at: &str) -> (Vec<(SimTime, Fact)>, Outcome) {
    let rest = format!(
        "cut-over = \"stop-writes-first\"\nlag = \"0s\"\ncomplete = \"1m\"\n\
         [migration.clients]\ncohorts = 1\nmoves = \"0s\"\nrepoint = \"0s\"\n{RESTORE}{START}\
         [[operation]]\nat = \"30m\"\ncut-over = \"shop\"\n\
         [[operation]]\nat = \"35m\"\ncreate-snapshot = {{ group = \"shop\" }}\n\
         [[fault]]\nat = \"60m\"\nfail-group = {{ group = \"shop\" }}\n\
         [[operation]]\nat = \"{at}\"\nroll-back = \"shop\"\n"
    );
    story("", RESTORED, &rest)
}

#[test]
fn what_a_snapshot_has_of_the_common_history_comes_back_with_the_source() {
    for at in ["75m", "120m"] {
        let (facts, outcome) = rolled_back_at(at);
        let is_shard = |it: &MigrationFact| matches!(it, MigrationFact::ShardRolledBack { .. });
        assert_eq!(of_migration(&facts, is_shard), 1);
        // The source has nothing that was told to be lost, whether it was restored or not.
        assert_eq!(outcome.raw(Metric::RegainedWrites), 0, "rolled back at {at}");
    }
    let (facts, _) = rolled_back_at("75m");
    let restored = |fact: &Fact| matches!(fact, Fact::Backup(BackupFact::Restored { .. }));
    assert_eq!(count(&facts, restored), 0, "a way back gives up the restore");
    let (facts, _) = rolled_back_at("120m");
    assert_eq!(count(&facts, restored), 1);
}

const FORCE: &str =
    "complete-migration = { group = \"shop\", force = true }\n[replication]\nlag = \"5s\"\n";
const ON_THE_FLY: &str = "lag = \"1s\"\ncomplete = \"0s\"\ncut-over = \"switch-on-the-fly\"\n\
    [migration.clients]\ncohorts = 1\nmoves = \"0s\"\nrepoint = \"0s\"\n";

#[test]
fn a_promoted_replica_of_the_target_trails_by_both_lags() {
    // The target's primary fails at 30 min, when its replica is 5 s behind it and it 1 s behind the
    // source; the completion is forced a minute later, before the link is tried again.
    let rest = format!(
        "reconnect = \"10m\"\n{ON_THE_FLY}{START}\
         [[fault]]\nat = \"30m\"\nfail-primary = {{ group = \"shop\" }}\n\
         [[operation]]\nat = \"31m\"\n{FORCE}"
    );
    let (_, outcome) = story("", "", &rest);
    assert_eq!(writes(&outcome, Metric::LostWrites), 66_000);
}

#[test]
fn just_after_the_completion_a_replica_lacks_what_came_over_the_link() {
    // Completed at 30 min with a lag of 1 s; the primary fails 2 s later, its replica 5 s behind:
    // 2 s of its own writes and 3 s of what came over the link.
    let rest = format!(
        "{ON_THE_FLY}[replication]\nlag = \"5s\"\n{START}\
         [[operation]]\nat = \"30m\"\ncut-over = \"shop\"\n\
         [[fault]]\nat = \"1802s\"\nfail-primary = {{ group = \"shop\" }}\n"
    );
    let (_, outcome) = story("", "", &rest);
    assert_eq!(writes(&outcome, Metric::LostWrites), 1_000 + 5_000);
}

#[test]
fn who_loads_has_nothing_else() {
    // 1 GiB: 2 min to connect, the save and the transfer; then the load takes 10 min, in which the
    // migration is stopped: what the target had is gone, and nothing came in its place.
    let rest = format!(
        "load = \"10m\"\n{START}\
         [[operation]]\nat = \"10m\"\ncomplete-migration = {{ group = \"shop\", force = true }}\n"
    );
    let (facts, outcome) = story("", "", &rest);
    assert_eq!(of_migration(&facts, |it| matches!(it, MigrationFact::TargetWiped { .. })), 1);
    assert_eq!(of_migration(&facts, |it| matches!(it, MigrationFact::LinkStreams { .. })), 0);
    let missing = facts.iter().find_map(|(_, fact)| match fact {
        Fact::Migration(MigrationFact::ShardCompleted { missing_bytes, .. }) => {
            Some(*missing_bytes)
        }
        _ => None,
    });
    assert_eq!(missing, Some(1 << 30));
    assert_eq!(outcome.raw(Metric::MigrationsCompleted), 1);
}

#[test]
fn who_is_on_the_way_back_turns_round_when_he_arrives() {
    let rest = format!(
        "cut-over = \"switch-on-the-fly\"\nstart = \"1m\"\ncomplete = \"1m\"\n\
         [migration.clients]\ncohorts = 1\nmoves = \"10s\"\nrepoint = \"40m\"\n{START}\
         [[operation]]\nat = \"20m\"\ncut-over = \"shop\"\n\
         [[operation]]\nat = \"70m\"\nroll-back = \"shop\"\n\
         [[operation]]\nat = \"75m\"\nstart-migration = \"shop\"\n\
         [[operation]]\nat = \"85m\"\ncut-over = \"shop\"\n"
    );
    let (facts, _) = story("", "", &rest);
    let arrived = |it: &MigrationFact| matches!(it, MigrationFact::CohortArrived { .. });
    assert_eq!(of_migration(&facts, arrived), 3, "there, back, and there again");
}

#[test]
fn a_hard_limit_below_the_backlog_counts_as_that_since_redis_7() {
    let limit = |version: &str| {
        let text = format!(
            "schema = 1\n[run]\nhorizon = \"1h\"\n\
             [[group]]\nid = \"legacy\"\nengine = \"redis\"\nengine-version = \"{version}\"\n\
             azs = [\"a\", \"b\"]\nreplicas = 1\n\
             self-hosted = {{ backlog = \"512 MiB\", output-buffer-hard-limit = \"64 MiB\" }}\n\
             [[group]]\nid = \"shop\"\nazs = [\"a\", \"b\"]\nreplicas = 1\n\
             [migration]\nsource = \"legacy\"\ntarget = \"shop\"\n"
        );
        parse(&text).plan.migration.expect("the scenario has one").link.hard_limit
    };
    assert_eq!(limit("6.2"), Some(64 << 20));
    assert_eq!(limit("7.0"), Some(512 << 20));
}
