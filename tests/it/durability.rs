//! Durable clusters: what a log in several AZs gives back. With fixed times every number is
//! arithmetic, and must come out to the nanosecond and to the nano-write.

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::engine::time::SimTime;
use elasticache_sim::model::fact::{BackupFact, Fact};
use elasticache_sim::model::plan::{FullSync, GroupId, NodeId, Plan, ShardId};
use elasticache_sim::model::state::WRITE;
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::observe::metrics::{Ending, Mechanism, Metric, Outcome};
use elasticache_sim::report::describe::{self, Answer};

use crate::support::{codes, experiment, parse, run, secs, with_fixed_times};

/// A second in nanoseconds.
const S: u64 = 1_000_000_000;

/// A cluster of three shards of 1 GiB and 1000 writes a second each, whose primaries the managed
/// control plane watches: detection 10 s, promotion 2 s, endpoint 3 s, replacement 480 s; the log
/// trails by 4 s where it may, and takes 7 s per GiB to read.
fn plan(level: &str, replicas: u32, faults: &str) -> Plan {
    let mut plan = with_fixed_times(parse(&text(level, replicas, faults)).plan);
    plan.durable_log.lag = Law::fixed(secs(4));
    plan.durable_log.restore = FullSync::PerGib(secs(7));
    plan
}

fn text(level: &str, replicas: u32, faults: &str) -> String {
    format!(
        "schema = 1\n[run]\nhorizon = \"1h\"\n[group]\nid = \"g\"\nengine-version = \"9.0\"\n\
         cluster-mode = \"enabled\"\ndurability = \"{level}\"\nazs = [\"a\", \"b\", \"c\"]\n\
         shards = 3\nreplicas = {replicas}\n[control-plane]\ndetector = \"managed\"\n[workload]\n\
         writes-per-second-per-shard = 1_000\ndataset = \"3 GiB\"\n{faults}"
    )
}

fn node_fails(node: &str) -> String {
    format!("[[fault]]\nat = \"10m\"\nfail-node = {{ node = \"g-000{node}\" }}\n")
}

fn both_fail() -> String {
    node_fails("2-001") + &node_fails("2-002")
}

/// The writes lost, all of them by the log, in whole writes.
#[track_caller]
fn lost(outcome: &Outcome) -> u128 {
    let lost = outcome.raw(Metric::LostWrites);
    assert_eq!(lost, outcome.lost_by_mechanism[Mechanism::Log as usize]);
    assert_eq!(lost % WRITE, 0);
    assert_eq!(outcome.raw(Metric::DatasetLosses), 0);
    assert_eq!(outcome.raw(Metric::DatasetLostWrites), 0);
    lost / WRITE
}

fn when(facts: &[(SimTime, Fact)], is: impl Fn(&Fact) -> bool) -> Vec<u64> {
    facts.iter().filter(|(_, fact)| is(fact)).map(|(at, _)| at.as_nanos() / S).collect()
}

fn log_facts(facts: &[(SimTime, Fact)], is: fn(&BackupFact) -> bool) -> Vec<u64> {
    when(facts, |fact| matches!(fact, Fact::Backup(fact) if is(fact)))
}

#[test]
fn a_promotion_loses_what_the_log_lacked_whatever_the_replica_had() {
    // The replica trails by 100 ms, which is more than a log that has everything and less than
    // one that trails by 4 s.
    let fault = node_fails("2-001");
    for (level, expected) in [("sync", 0), ("async", 4_000)] {
        let (facts, outcome) = run(&plan(level, 1, &fault), 1, 0);
        assert_eq!(lost(&outcome), expected, "{level}");
        assert_eq!(outcome.raw(Metric::Failovers), 1);
        assert_eq!(outcome.raw(Metric::LongestWriteOutage), u128::from(15 * S), "{level}");
        let lags = when(&facts, |fact| matches!(fact, Fact::LagFrozen { .. }));
        assert!(lags.is_empty(), "{level}: no copy has a lag of its own");
        let ends = log_facts(&facts, |fact| matches!(fact, BackupFact::DurableLogEnds { .. }));
        assert_eq!(ends, [600], "{level}");
    }
    let (_, plain) = run(&plan("disabled", 1, &fault), 1, 0);
    assert_eq!(plain.raw(Metric::LostWrites), 100 * WRITE);
    assert_eq!(plain.lost_by_mechanism[Mechanism::Log as usize], 0);
}

#[test]
fn the_log_never_trails_by_more_than_ten_seconds_nor_beyond_its_history() {
    let mut late = plan("async", 1, &node_fails("2-001"));
    late.durable_log.lag = Law::fixed(secs(60));
    assert_eq!(lost(&run(&late, 1, 0).1), 10_000);
    // The replica that was promoted is lost in its turn 3 s after writers reach it.
    let again = "[[fault]]\nat = \"618s\"\nfail-node = { node = \"g-0002-002\" }\n";
    let again = plan("async", 1, &(node_fails("2-001") + again));
    assert_eq!(lost(&run(&again, 1, 0).1), 4_000 + 3_000);
}

#[test]
fn a_replacement_reads_the_log_and_burdens_nobody() {
    let (facts, outcome) = run(&plan("async", 2, &node_fails("2-001")), 1, 0);
    let reads = log_facts(&facts, |fact| matches!(fact, BackupFact::DurableLogRead { .. }));
    assert_eq!(reads, [600 + 10 + 480], "the replacement alone: the other replica goes on");
    // 1 GiB less a slot's share, at 7 s per GiB.
    let synced = when(&facts, |fact| matches!(fact, Fact::Synced { .. }));
    assert!(synced == [1096] || synced == [1097], "{synced:?}");
    assert!(when(&facts, |fact| matches!(fact, Fact::SyncStarted { .. })).is_empty());
    assert_eq!(outcome.raw(Metric::SyncLoad), 0);
    assert_eq!(outcome.raw(Metric::SyncBytes), 0);
    let (_, plain) = run(&plan("disabled", 2, &node_fails("2-001")), 1, 0);
    assert!(plain.raw(Metric::SyncLoad) > 0);
}

#[test]
fn a_shard_whose_nodes_are_all_lost_is_read_from_the_log() {
    for (level, expected) in [("sync", 0), ("async", 4_000)] {
        let plan = plan(level, 1, &both_fail());
        let (facts, outcome) = run(&plan, 1, 0);
        assert_eq!(lost(&outcome), expected, "{level}");
        let only = log_facts(&facts, |f| matches!(f, BackupFact::OnlyInDurableLog { .. }));
        assert_eq!(only, [600], "{level}");
        let served: Vec<(u64, ShardId, NodeId)> = facts
            .iter()
            .filter_map(|(at, fact)| match *fact {
                Fact::Backup(BackupFact::ServedFromDurableLog { shard, node, .. }) => {
                    Some((at.as_nanos(), shard, node))
                }
                _ => None,
            })
            .collect();
        // Detected, replaced, and the bytes of the shard read at 7 s per GiB.
        let bytes = plan.shards[1].dataset_bytes;
        let reading = (u128::from(7 * S) * u128::from(bytes)) >> 30;
        let at = 600 * S + 490 * S + reading as u64;
        assert_eq!(served, [(at, ShardId(1), NodeId(2))], "{level}");
        assert_eq!(outcome.raw(Metric::LongestWriteOutage), u128::from(490 * S) + reading);
        let slots = u128::from(plan.shards[1].hash_slots);
        let by_log = outcome.by_ending[Ending::Replay as usize];
        assert_eq!(by_log, (u128::from(490 * S) + reading) * slots);
    }
    let (_, plain) = run(&plan("disabled", 1, &both_fail()), 1, 0);
    assert_eq!(plain.raw(Metric::DatasetLosses), 1);
}

#[test]
fn a_single_node_whose_process_crashes_reads_the_log() {
    let crash = "[[fault]]\nat = \"10m\"\n\
                 crash-node = { node = \"g-0002-001\", restart-after = \"2s\" }\n";
    let plan = plan("async", 0, crash);
    let (facts, outcome) = run(&plan, 1, 0);
    assert_eq!(lost(&outcome), 4_000);
    let reads = log_facts(&facts, |fact| matches!(fact, BackupFact::DurableLogRead { .. }));
    assert_eq!(reads, [602]);
    // It has read by 609 s, before anybody noticed.
    let served = log_facts(&facts, |f| matches!(f, BackupFact::ServedFromDurableLog { .. }));
    let promoted = when(&facts, |fact| matches!(fact, Fact::Promoted { .. }));
    assert_eq!((served, promoted), (vec![608], vec![]), "3 GiB by three shards, less a share");
}

fn crash(restart_after: u64) -> String {
    format!(
        "[[fault]]\nat = \"10m\"\ncrash-node = {{ node = \"g-0002-001\", restart-after = \
         \"{restart_after}s\" }}\n"
    )
}

/// Who followed whom, and when.
type Promotions = Vec<(u64, NodeId, NodeId)>;

/// Who followed whom, and who served with what the log had; in whole seconds.
fn successors(facts: &[(SimTime, Fact)]) -> (Promotions, Vec<(u64, NodeId)>) {
    let (mut promoted, mut served) = (vec![], vec![]);
    for (at, fact) in facts {
        let at = at.as_nanos() / S;
        match *fact {
            Fact::Promoted { from, to, .. } => promoted.push((at, from, to)),
            Fact::Backup(BackupFact::ServedFromDurableLog { node, .. }) => served.push((at, node)),
            _ => {}
        }
    }
    (promoted, served)
}

const OLD: NodeId = NodeId(2);
const REPLICA: NodeId = NodeId(3);

/// Reading takes almost 7 s, detection 10 s.
#[test]
fn a_primary_that_has_read_the_log_before_it_is_missed_serves_again() {
    for (level, expected) in [("sync", 0), ("async", 4_000)] {
        let (facts, outcome) = run(&plan(level, 1, &crash(2)), 1, 0);
        assert_eq!(lost(&outcome), expected, "{level}");
        assert_eq!(successors(&facts), (vec![], vec![(608, OLD)]), "{level}");
        assert!(when(&facts, |fact| matches!(fact, Fact::FailoverBegan { .. })).is_empty());
        assert!(when(&facts, |fact| matches!(fact, Fact::NodeDetected { .. })).is_empty());
        assert_eq!(outcome.by_ending[Ending::Replay as usize], outcome.raw(Metric::WriteOutage));
        // Too late by a second, or never where the rule says so: its replica follows.
        let (facts, outcome) = run(&plan(level, 1, &crash(4)), 1, 0);
        assert_eq!(lost(&outcome), expected, "{level}");
        assert_eq!(successors(&facts), (vec![(612, OLD, REPLICA)], vec![]), "{level}");
        let rule = crash(2) + "[rules]\nsub-detection-fault = \"failover\"\n";
        let (facts, outcome) = run(&plan(level, 1, &rule), 1, 0);
        assert_eq!(lost(&outcome), expected, "{level}");
        assert_eq!(successors(&facts), (vec![(612, OLD, REPLICA)], vec![]), "{level}");
        assert!(when(&facts, |fact| matches!(fact, Fact::EmptyPrimary { .. })).is_empty());
    }
}

/// The same under the eyes of its peers: a suspicion after 18 s, agreement a second later, a vote
/// 0.7 s after that.
#[test]
fn nobody_is_elected_in_the_place_of_itself() {
    let plan = |reading: u64, replicas: u32, faults: &str| {
        let text = text("async", replicas, faults);
        let bus = text.replace("[control-plane]\ndetector = \"managed\"\n", "");
        assert_ne!(bus, text);
        let mut plan = with_fixed_times(parse(&bus).plan);
        plan.durable_log.lag = Law::fixed(secs(4));
        plan.durable_log.restore = FullSync::Law(Law::fixed(secs(reading)));
        let bus = &mut plan.control_plane.bus;
        bus.suspicion = Law::fixed(secs(18));
        bus.gossip = Law::fixed(secs(1));
        bus.election = Law::fixed(secs(1));
        plan
    };
    let told = |reading, replicas, faults: &str| {
        let (facts, outcome) = run(&plan(reading, replicas, faults), 1, 0);
        assert_eq!(lost(&outcome), 4_000);
        successors(&facts)
    };
    assert_eq!(told(16, 1, &crash(2)), (vec![], vec![(618, OLD)]));
    assert_eq!(told(7, 1, &crash(2)), (vec![], vec![(609, OLD)]));
    // In the instant of the agreement: repairs come first.
    assert_eq!(told(17, 1, &crash(2)), (vec![], vec![(619, OLD)]));
    // When they vote it is too late.
    for reading in [18, 60] {
        assert_eq!(told(reading, 1, &crash(2)), (vec![(620, OLD, REPLICA)], vec![]), "{reading}");
    }
    // Nobody else is left, and the rule wants a failover: there is none to be had.
    let both = crash(2) + &node_fails("2-002");
    assert_eq!(told(7, 1, &both), (vec![], vec![(609, OLD)]));
    let rule = both + "[rules]\nsub-detection-fault = \"failover\"\n";
    assert_eq!(told(7, 1, &rule), (vec![], vec![(619, OLD)]));
}

/// The replica has all but 100 ms, the log all but 4 s: clients that wait for the replica have not
/// been told of the former, and lose what the log lacks of the rest.
#[test]
fn who_waits_for_a_replica_is_told_what_the_log_has_not() {
    let told = |level: &str, lag: Law| {
        let wait = "[workload]\nwait = { replicas = 1, share = 1.0 }\n";
        let text = text(level, 1, &node_fails("2-001")).replace("[workload]\n", wait);
        let mut plan = with_fixed_times(parse(&text).plan);
        plan.durable_log.lag = Law::fixed(secs(4));
        plan.replication.lag = lag;
        let (facts, outcome) = run(&plan, 1, 0);
        assert!(when(&facts, |fact| matches!(fact, Fact::LagFrozen { .. })).is_empty());
        let outage = 1_000 * 15 * WRITE;
        (lost(&outcome), (outcome.raw(Metric::RejectedWrites) - outage) * 1_000 / WRITE)
    };
    let short = || Law::fixed(elasticache_sim::engine::time::Span::from_nanos(S / 10));
    assert_eq!(told("async", short()), (3_900, 100_000));
    assert_eq!(told("async", Law::fixed(secs(4))), (0, 4_000_000));
    // The log has what the replica lacks, and nothing of that is gone.
    assert_eq!(told("async", Law::fixed(secs(6))), (0, 4_000_000));
    assert_eq!(told("sync", short()), (0, 0));
}

#[test]
fn a_whole_group_is_read_from_the_log_and_no_snapshot_is_restored() {
    let text = text("async", 1, "[[fault]]\nat = \"10m\"\nfail-group = {}\n")
        .replace("[group]\n", "[group]\nsnapshot-retention = 1\n");
    let mut plan = with_fixed_times(parse(&text).plan);
    plan.durable_log.lag = Law::fixed(secs(1));
    let (facts, outcome) = run(&plan, 1, 0);
    assert_eq!(lost(&outcome), 3_000);
    let restores = log_facts(&facts, |fact| matches!(fact, BackupFact::RestoreBegan { .. }));
    assert!(restores.is_empty());
    let served = log_facts(&facts, |f| matches!(f, BackupFact::ServedFromDurableLog { .. }));
    assert_eq!(served.len(), 3);
}

#[test]
fn a_planned_hand_over_loses_nothing() {
    let update = "[[operation]]\nat = \"10m\"\nservice-update = { apply-immediately = true }\n";
    let text = text("async", 1, update).replace("horizon = \"1h\"", "horizon = \"6h\"");
    let (_, outcome) = run(&with_fixed_times(parse(&text).plan), 1, 0);
    assert_eq!(outcome.raw(Metric::Handovers), 3);
    assert_eq!(lost(&outcome), 0);
}

#[test]
fn what_a_durable_group_needs_is_checked() {
    let check = |from: &str, to: &str, expected: Option<&str>| {
        let text = text("sync", 1, &node_fails("2-001"));
        assert!(text.contains(from));
        let found = codes(&text.replace(from, to));
        let error = found.iter().find(|code| code.starts_with('E')).map(String::as_str);
        assert_eq!(error, expected, "{to}: {found:?}");
    };
    check("\"9.0\"", "\"9.0\"", None);
    check("\"9.0\"", "\"8.1\"", Some("E0511"));
    check("\"9.0\"", "\"7.1\"\nengine = \"redis\"", Some("E0511"));
    check("shards = 3", "node-type = \"cache.r6gd.xlarge\"\nshards = 3", Some("E0511"));
    check("shards = 3", "node-type = \"cache.r7g.large\"\nshards = 3", None);
    let single = "cluster-mode = \"disabled\"\nid2";
    let text = text("sync", 1, "[[fault]]\nat = \"1m\"\nfail-group = {}\n")
        .replace("cluster-mode = \"enabled\"", single.trim_end_matches("\nid2"))
        .replace("shards = 3", "shards = 1");
    assert!(codes(&text).contains(&"E0511".to_owned()));
}

#[test]
fn its_assumptions_are_shown_where_they_matter() {
    let listed = |level: &str| {
        let experiment = experiment(&text(level, 1, &node_fails("2-001")));
        let paths = experiment.policies[0].assumptions.iter().map(|a| a.path.clone());
        paths.filter(|path| path.starts_with("durability.")).collect::<Vec<String>>()
    };
    assert!(listed("disabled").is_empty());
    assert_eq!(listed("sync"), ["durability.restore"]);
    assert_eq!(listed("async"), ["durability.log-lag", "durability.restore"]);
}

/// The lag of the log is drawn, and bounded.
#[test]
fn a_drawn_lag_is_clipped_trial_by_trial() {
    let mut plan = plan("async", 1, &node_fails("2-001"));
    plan.durable_log.lag = Law::Uniform { low: 0.0, high: 20.0 * S as f64 };
    let lost: Vec<u128> = (0..40)
        .map(|trial| {
            let (_, outcome) = run(&plan, 7, trial);
            outcome.raw(Metric::LostWrites)
        })
        .collect();
    let most = 10_000 * WRITE;
    assert!(lost.iter().all(|lost| *lost <= most));
    let clipped = lost.iter().filter(|lost| **lost == most).count();
    assert!((10..30).contains(&clipped), "half of them: {clipped}");
}

#[test]
fn the_api_tells_how_durable_a_group_is() {
    for level in ["async", "sync", "disabled"] {
        let plan = plan(level, 1, "");
        let trial = Trial::begin(&plan, TrialKeys::new(1).key(0));
        let text = describe::document(&plan, trial.state(), GroupId(0), Answer::Describe);
        let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let group = &document["ReplicationGroups"][0];
        let wanted = (level != "disabled").then_some(level);
        for field in ["Durability", "EffectiveDurability"] {
            assert_eq!(group[field].as_str(), wanted, "{field}");
        }
    }
}
