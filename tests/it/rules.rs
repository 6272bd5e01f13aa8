//! Every rule is data: each value of each rule makes the difference that it says.

use elasticache_sim::engine::time::SimTime;
use elasticache_sim::model::fact::Fact;
use elasticache_sim::model::plan::{HASH_SLOTS, NodeId, Plan};
use elasticache_sim::model::state::WRITE;
use elasticache_sim::montecarlo::batch::{self, BatchSpec};
use elasticache_sim::observe::metrics::{Metric, Outcome};

use crate::support::{load, parse, run, with_fixed_times};

/// A group of three nodes in three AZs with the given rules and faults, and fixed times.
pub fn plan(rules: &str, faults: &str) -> Plan {
    let text = format!(
        r#"
schema = 1
[run]
horizon = "4h"
[group]
id = "g"
azs = ["az-a", "az-b", "az-c"]
replicas = 2
[workload]
writes-per-second = 5_000
write-size = "512 B"
dataset = "8 GiB"
[rules]
{rules}
{faults}
"#
    );
    with_fixed_times(parse(&text).plan)
}

pub fn seconds(outcome: &Outcome, metric: Metric) -> u128 {
    outcome.raw(metric) / (1_000_000_000 * u128::from(HASH_SLOTS))
}

/// When the fact first became true, in whole seconds after the first fault at 600 s.
pub fn when(facts: &[(SimTime, Fact)], matches: impl Fn(&Fact) -> bool) -> Option<u64> {
    let nanos = facts.iter().find(|(_, fact)| matches(fact))?.0.as_nanos();
    assert_eq!(nanos % 1_000_000_000, 0, "fixed times are whole seconds");
    Some(nanos / 1_000_000_000 - 600)
}

pub const PRIMARY_FAILS: &str = "[[fault]]\nat = \"10m\"\nfail-primary = {}\n";

#[test]
fn replacement_starts() {
    let check = |rule: &str, expected: u64| {
        let plan = plan(&format!("replacement-starts = \"{rule}\""), PRIMARY_FAILS);
        let (facts, _) = run(&plan, 1, 0);
        let started = when(&facts, |f| matches!(f, Fact::ReplacementStarted { .. }));
        assert_eq!(started, Some(expected), "{rule}");
    };
    check("at-failure", 0);
    check("after-detection", 10);
    check("after-failover", 15);
}

#[test]
fn resync_after_failover() {
    let follows = |rule: &str, lags: &str| {
        let mut plan = plan(&format!("resync-after-failover = \"{rule}\""), PRIMARY_FAILS);
        let text = format!(
            "schema = 1\n[run]\nhorizon = \"1h\"\n[group]\nid = \"g\"\nazs = [\"a\", \"b\"]\n\
             replicas = 1\n[replication]\nlag = {lags}\n"
        );
        plan.replication = parse(&text).plan.replication;
        let (facts, _) = run(&plan, 1, 0);
        let node = NodeId(2);
        let full = facts.iter().any(
            |(_, f)| matches!(f, Fact::SyncStarted { node: n, from: NodeId(1), .. } if *n == node),
        );
        let partial =
            facts.iter().any(|(_, f)| matches!(f, Fact::Reattached { node: n, .. } if *n == node));
        assert!(full != partial, "a sibling follows by full sync or without");
        partial
    };
    let equal = "\"100ms\"";
    assert!(!follows("full", equal));
    assert!(follows("none", equal));
    assert!(follows("engine", equal));
}

/// 10 MiB of backlog hold 20,480 writes of 512 B: 4.096 s at 5,000 writes/s.
#[test]
fn the_engine_resyncs_what_its_backlog_holds() {
    let faults = PRIMARY_FAILS;
    let mut plan = plan("resync-after-failover = \"engine\"", faults);
    plan.replication.backlog_bytes = 10 << 20;
    let text = |low: &str, high: &str| {
        format!(
            "schema = 1\n[run]\nhorizon = \"1h\"\n[group]\nid = \"g\"\nazs = [\"a\", \"b\"]\n\
             replicas = 1\n[replication]\nlag = {{ uniform = [\"{low}\", \"{high}\"] }}\n"
        )
    };
    plan.replication.lag = parse(&text("0s", "20s")).plan.replication.lag;
    let (mut partial, mut full) = (0, 0);
    for trial in 0..400 {
        let (facts, _) = run(&plan, 7, trial);
        let mut behind = Vec::new();
        for (_, fact) in &facts {
            match *fact {
                Fact::LagFrozen { behind: amount, .. } => behind.push(amount),
                Fact::Reattached { missing, .. } if missing > 0 => {
                    assert_eq!(missing, behind[0].abs_diff(behind[1]));
                    assert!(missing * 512 <= (10 << 20) * WRITE, "more than the backlog holds");
                    partial += 1;
                }
                Fact::SyncStarted { .. } if behind.len() == 2 => {
                    let missing = behind[0].abs_diff(behind[1]);
                    if missing * 512 > (10 << 20) * WRITE {
                        full += 1;
                    }
                }
                _ => {}
            }
        }
    }
    assert!(partial > 50 && full > 50, "both happen: {partial} partial, {full} full");
}

/// A sibling that is ahead of the promoted replica can never resync partially.
#[test]
fn who_is_ahead_of_the_new_primary_copies_everything() {
    let plan = {
        let mut plan = plan("resync-after-failover = \"engine\"", PRIMARY_FAILS);
        plan.groups[0].promotion = Some(elasticache_sim::model::plan::Promotion::LowestId);
        plan.replication.lag = load("primary-failure").plan.replication.lag;
        plan
    };
    let mut ahead = 0;
    for trial in 0..200 {
        let (facts, _) = run(&plan, 7, trial);
        let mut behind = [0; 3];
        for (_, fact) in &facts {
            match *fact {
                Fact::LagFrozen { node, behind: amount, .. } => behind[node.idx()] = amount,
                Fact::Reattached { node: NodeId(2), .. } => {
                    assert!(behind[2] >= behind[1], "a sibling ahead was attached partially");
                }
                Fact::SyncStarted { node: NodeId(2), .. } if behind[2] < behind[1] => ahead += 1,
                _ => {}
            }
        }
    }
    assert!(ahead > 50, "{ahead} of 200 siblings were ahead");
}

#[test]
fn promotion() {
    let lost = |rule: &str| {
        let mut plan = plan(&format!("promotion = \"{rule}\""), PRIMARY_FAILS);
        plan.replication.lag = load("primary-failure").plan.replication.lag;
        let spec = BatchSpec { seed: 3, trials: 20_000 };
        let summary = batch::run(&plan, spec).expect("a sound trial");
        *summary.of(Metric::LostWrites)
    };
    // Lags are independent and exponential with mean L: the best of two has L/2, any one has L.
    let least = lost("least-lag");
    for rule in ["random", "lowest-id"] {
        let other = lost(rule);
        let ratio = other.mean() / least.mean();
        let relative = |m: &elasticache_sim::stats::moments::Moments| {
            m.standard_error().expect("many trials") / m.mean()
        };
        let error = ratio * relative(&least).hypot(relative(&other));
        assert!((ratio - 2.0).abs() < 4.0 * error, "{rule}: {ratio} ± {error}");
    }
    let none = plan("promotion = \"none\"", PRIMARY_FAILS);
    let (_, outcome) = run(&none, 1, 0);
    assert_eq!(outcome.raw(Metric::Failovers), 0);
    assert_eq!(outcome.raw(Metric::PrimaryRecreations), 1);
}

#[test]
fn the_random_rule_takes_each_candidate_as_often() {
    let plan = plan("promotion = \"random\"", PRIMARY_FAILS);
    let mut taken = [0u32; 3];
    for trial in 0..2_000 {
        let (facts, _) = run(&plan, 11, trial);
        for (_, fact) in facts {
            if let Fact::Promoted { to, .. } = fact {
                taken[to.idx()] += 1;
            }
        }
    }
    // 2,000 throws of a fair coin: 5 standard deviations are 112.
    assert_eq!(taken[0], 0);
    assert!(taken[1].abs_diff(1_000) < 112, "{taken:?}");
}

#[test]
fn replacement_waits_for_az() {
    let az = "[[fault]]\nat = \"10m\"\nfail-az = { az = \"az-a\", duration = \"1h\" }\n";
    let replaced = |waits: bool| {
        let plan = plan(&format!("replacement-waits-for-az = {waits}"), az);
        let (facts, _) = run(&plan, 1, 0);
        when(&facts, |f| matches!(f, Fact::NodeReplaced { .. }))
    };
    assert_eq!(replaced(true), Some(3_600 + 480));
    assert_eq!(replaced(false), Some(10 + 480));
}

#[test]
fn resync_needs_primary() {
    // The replica 003 is lost, replaced at 490 s and in sync until 634 s; the primary fails at
    // 500 s. With the rule the sync stops and starts over from the new primary at 512 s; without
    // it, it goes on from replica 002 at once, until that becomes primary and it starts anew.
    let faults = "[[fault]]\nat = \"10m\"\nfail-node = { node = \"g-003\" }\n[[fault]]\nat = \
                  \"18m 20s\"\nfail-primary = {}\n";
    let starts = |rule: &str| {
        let plan = plan(rule, faults);
        let (facts, _) = run(&plan, 1, 0);
        facts
            .iter()
            .filter_map(|(at, fact)| match fact {
                Fact::SyncStarted { node: NodeId(2), from, .. } => {
                    Some((at.as_nanos() / 1_000_000_000 - 600, from.0))
                }
                _ => None,
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(starts("resync-needs-primary = true")[..2], [(490, 0), (512, 1)]);
    assert_eq!(starts("resync-needs-primary = false")[..2], [(490, 0), (500, 1)]);
}

#[test]
fn syncing_counts_as_complete() {
    // Node 002 and 003 are in full sync when the primary fails at 11:00 + 490 s.
    let faults = "[[fault]]\nat = \"10m\"\nfail-replicas = { count = 2 }\n[[fault]]\nat = \"20m\"\n\
                  fail-primary = {}\n";
    let losses = |rule: &str| {
        let plan = plan(rule, faults);
        let (_, outcome) = run(&plan, 1, 0);
        (outcome.raw(Metric::DatasetLosses), outcome.raw(Metric::Failovers))
    };
    assert_eq!(losses("syncing-counts-as-complete = false"), (1, 0));
    assert_eq!(losses("syncing-counts-as-complete = true"), (0, 1));
}

#[test]
fn failure_during_failover() {
    // Another replica fails 5 s into the detection of the primary.
    let faults = "[[fault]]\nat = \"10m\"\nfail-primary = {}\n[[fault]]\nat = \"10m 5s\"\n\
                  fail-node = { node = \"g-003\" }\n";
    let outage = |rule: &str| {
        let plan = plan(&format!("failure-during-failover = \"{rule}\""), faults);
        seconds(&run(&plan, 1, 0).1, Metric::WriteOutage)
    };
    assert_eq!(outage("continue"), 15);
    assert_eq!(outage("restart"), 20);
    // And 1 s into its promotion: the detection starts over.
    let faults = faults.replace("10m 5s", "10m 11s");
    let outage = |rule: &str| {
        let plan = plan(&format!("failure-during-failover = \"{rule}\""), &faults);
        seconds(&run(&plan, 1, 0).1, Metric::WriteOutage)
    };
    assert_eq!(outage("continue"), 15);
    assert_eq!(outage("restart"), 11 + 15);
}

#[test]
fn syncing_nodes_can_fail() {
    // Lives of exactly an hour: a node that joins at 10:00 + 490 s lives until 60 min later, or
    // until 60 min after its sync of 144 s.
    let faults = "[[fault]]\nat = \"10m\"\nfail-node = { node = \"g-003\" }\n[[fault]]\n\
                  node-failure = { lifetime = { fixed = \"1h\" } }\n";
    let second_loss = |rule: &str| {
        let plan = plan(rule, faults);
        let (facts, _) = run(&plan, 1, 0);
        let losses: Vec<u64> = facts
            .iter()
            .filter(|(_, f)| matches!(f, Fact::NodeDown { node: NodeId(2), .. }))
            .map(|(at, _)| at.as_nanos() / 1_000_000_000 - 600)
            .collect();
        losses[1]
    };
    assert_eq!(second_loss("syncing-nodes-can-fail = true"), 490 + 3_600);
    // Its sync ends later still: all others fail at 60:00 and take the sync's source with them,
    // but this one was done long before.
    assert_eq!(second_loss("syncing-nodes-can-fail = false"), 490 + 144 + 3_600);
}

#[test]
fn cold_start_node() {
    // The AZ of the primary is down for two hours, the others' nodes are lost too.
    let faults = "[[fault]]\nat = \"10m\"\nfail-az = { az = \"az-a\", duration = \"2h\" }\n\
                  [[fault]]\nat = \"10m\"\nfail-group = {}\n";
    let cold = |rule: &str| {
        let plan = plan(&format!("cold-start-node = \"{rule}\""), faults);
        let (facts, outcome) = run(&plan, 1, 0);
        let node = facts.iter().find_map(|(_, fact)| match fact {
            Fact::ColdStarted { node, .. } => Some(node.0),
            _ => None,
        });
        (node, seconds(&outcome, Metric::WriteOutage))
    };
    assert_eq!(cold("first-ready"), (Some(1), 495));
    assert_eq!(cold("primary-slot"), (Some(0), 7_200 + 480 + 5));
}

#[test]
fn sub_detection_fault() {
    let faults =
        "[[fault]]\nat = \"10m\"\ncrash-node = { node = \"g-001\", restart-after = \"2s\" }\n";
    let outcome = |rule: &str| {
        let plan = plan(&format!("sub-detection-fault = \"{rule}\""), faults);
        let (_, outcome) = run(&plan, 1, 0);
        (seconds(&outcome, Metric::WriteOutage), outcome.raw(Metric::DatasetLosses))
    };
    assert_eq!(outcome("blip"), (2, 1));
    assert_eq!(outcome("failover"), (15, 0));
}

/// A service reboot is a failure like others; a customer's is not (MZ-60).
#[test]
fn who_reboots_decides() {
    let reboot = |by: &str| {
        let faults = format!(
            "[[fault]]\nat = \"10m\"\nreboot-node = {{ node = \"g-001\", by = \"{by}\" }}\n"
        );
        let (_, outcome) = run(&plan("", &faults), 1, 0);
        (
            seconds(&outcome, Metric::WriteOutage),
            outcome.raw(Metric::Failovers),
            outcome.raw(Metric::DatasetLosses),
        )
    };
    assert_eq!(reboot("service"), (15, 1, 0));
    assert_eq!(reboot("customer"), (120, 0, 1));
}

/// A restart just faster than detection wipes the data, one just slower saves it: the cliff.
#[test]
fn the_loss_has_a_cliff_at_the_detection_time() {
    let losses = |restart: &str| {
        let faults = format!(
            "[[fault]]\nat = \"10m\"\ncrash-node = {{ node = \"g-001\", restart-after = \
             \"{restart}\" }}\n"
        );
        run(&plan("", &faults), 1, 0).1.raw(Metric::DatasetLosses)
    };
    assert_eq!(losses("9s 999ms"), 1);
    assert_eq!(losses("10s 1ms"), 0);
}

/// Equal offsets go to the smaller cache cluster id, in whatever order the file lists the nodes
/// (MZ-26).
#[test]
fn ties_go_to_the_smaller_id() {
    let promoted = |rule: &str, replicas: &str| {
        let text = format!(
            "schema = 1\n[run]\nhorizon = \"1h\"\n[group]\nid = \"g\"\n[[group.shard]]\nid = \
             \"0001\"\nprimary = {{ node = \"g-005\", az = \"a\" }}\nreplicas = [{replicas}]\n\
             [rules]\npromotion = \"{rule}\"\n{PRIMARY_FAILS}"
        );
        let plan = with_fixed_times(parse(&text).plan);
        let (facts, _) = run(&plan, 1, 0);
        facts.iter().find_map(|(_, fact)| match fact {
            Fact::Promoted { to, .. } => Some(plan.nodes[to.idx()].name.clone()),
            _ => None,
        })
    };
    let nine = "{ node = \"g-009\", az = \"b\" }";
    let two = "{ node = \"g-002\", az = \"c\" }";
    for rule in ["least-lag", "lowest-id"] {
        for replicas in [format!("{nine}, {two}"), format!("{two}, {nine}")] {
            assert_eq!(promoted(rule, &replicas).as_deref(), Some("g-002"), "{rule}: {replicas}");
        }
    }
}
