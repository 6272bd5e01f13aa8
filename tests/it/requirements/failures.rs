//! What happens when nodes fail: detection, the choice of a successor, replacements (MZ-23 to
//! MZ-38).

use std::collections::BTreeSet;

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::time::{SimTime, Span};
use elasticache_sim::model::fact::{Fact, Role};
use elasticache_sim::model::plan::{ColdStartNode, NodeId, Plan, ShardId};
use elasticache_sim::model::state::{Data, Process, State, WRITE};
use elasticache_sim::observe::metrics::Metric;

use super::{Milestone, count, in_order, lags, last_state, once, promotion, readers, times};
use crate::rules::{PRIMARY_FAILS, plan, seconds, when};
use crate::support::{load, parse, run, secs, with_fixed_times};

/// A shard whose nodes stand in these AZs, the primary's first, with these faults and fixed times.
fn placed(azs: &[&str], faults: &str) -> Plan {
    let node = |n: usize| format!("{{ node = \"g-00{}\", az = \"{}\" }}", n + 1, azs[n]);
    let replicas: Vec<String> = (1..azs.len()).map(node).collect();
    let text = format!(
        "schema = 1\n[run]\nhorizon = \"4h\"\n[group]\nid = \"g\"\n[[group.shard]]\nid = \
         \"0001\"\nprimary = {}\nreplicas = [{}]\n[workload]\nwrites-per-second = 5_000\n\
         dataset = \"8 GiB\"\n{faults}",
        node(0),
        replicas.join(", ")
    );
    with_fixed_times(parse(&text).plan)
}

/// The loss of a node's host after so many seconds.
fn fail_node(after_secs: u64, node: NodeId) -> String {
    let name = format!("g-00{}", node.0 + 1);
    format!("[[fault]]\nat = \"{after_secs}s\"\nfail-node = {{ node = \"{name}\" }}\n")
}

fn millis(millis: u64) -> Span {
    Span::from_nanos(millis * 1_000_000)
}

/// Lags of 10, 50 or 500 ms, each as often.
fn three_lags() -> Law {
    Law::empirical([10, 50, 500].map(millis).to_vec()).expect("a sample")
}

/// A lag that no two replicas share.
fn any_lag() -> Law {
    Law::uniform(1e6, 1e9).expect("a law")
}

#[test]
fn mz_23_a_failure_at_any_time_is_detected_within_the_law_of_detection() {
    let (low, high) = (secs(2), secs(9));
    let mut delays = Vec::new();
    for at in ["10s", "10m", "1h 1m 1s", "3h 7m"] {
        let faults = PRIMARY_FAILS.replace("10m", at);
        let mut plan = plan("", &faults);
        plan.timing.detection = Law::uniform(2e9, 9e9).expect("a law");
        for trial in 0..50 {
            let (facts, _) = run(&plan, 1, trial);
            let down = once(&facts, |f| matches!(f, Fact::NodeDown { .. }));
            let detected = once(&facts, |f| matches!(f, Fact::NodeDetected { node: NodeId(0) }));
            delays.push(detected.since(down));
        }
    }
    let (least, most) = (delays.iter().min(), delays.iter().max());
    let (least, most) = (*least.expect("trials"), *most.expect("trials"));
    assert!(least > Span::ZERO && least >= low && most <= high, "{least} to {most}");
    assert!(least < secs(3) && most > secs(8), "the whole range is used: {least} to {most}");
}

#[test]
fn mz_24_the_replica_with_the_smallest_lag_is_promoted() {
    let mut plan = placed(&["a", "b", "c", "a"], PRIMARY_FAILS);
    plan.replication.lag = three_lags();
    let mut seen = BTreeSet::new();
    for trial in 0..300 {
        let (facts, _) = run(&plan, 1, trial);
        let lags: Vec<Span> = lags(&facts).into_iter().map(|(_, lag, _)| lag).collect();
        let distinct: BTreeSet<Span> = lags.iter().copied().collect();
        if distinct.len() < 3 {
            continue;
        }
        let least = lags.iter().position(|lag| *lag == millis(10)).expect("one of three");
        let (promoted, lost) = promotion(&facts);
        assert_eq!(promoted, NodeId(1 + least as u16), "lags {lags:?}");
        assert_eq!(lost, 50 * WRITE, "10 ms of 5,000 writes/s");
        seen.insert(lags);
    }
    assert_eq!(seen.len(), 6, "every order of the three lags was tried");
}

#[test]
fn mz_25_the_az_of_a_replica_does_not_matter() {
    // Replica 002 is in the failed primary's AZ, which is healthy; replica 003 is elsewhere.
    for azs in [["a", "a", "b"], ["a", "b", "a"]] {
        let mut plan = placed(&azs, PRIMARY_FAILS);
        plan.replication.lag = any_lag();
        let mut promoted_in = BTreeSet::new();
        for trial in 0..50 {
            let (facts, _) = run(&plan, 1, trial);
            let least = lags(&facts).into_iter().min_by_key(|(_, lag, _)| *lag);
            let (promoted, _) = promotion(&facts);
            assert_eq!(Some(promoted), least.map(|(node, _, _)| node), "trial {trial}");
            promoted_in.insert(plan.nodes[promoted.idx()].az);
        }
        assert_eq!(promoted_in.len(), 2, "in the same AZ and in the other");
    }
}

#[test]
fn mz_26_equal_lags_always_have_the_same_winner() {
    let plan = placed(&["a", "b", "c", "a"], PRIMARY_FAILS);
    for seed in 0..20 {
        for trial in 0..5 {
            let (facts, _) = run(&plan, seed, trial);
            assert_eq!(promotion(&facts).0, NodeId(1), "seed {seed}, trial {trial}");
        }
    }
}

#[test]
fn mz_27_offline_then_promotion_then_sync_with_the_new_primary() {
    let (facts, _) = run(&plan("", PRIMARY_FAILS), 1, 0);
    let steps: [Milestone<'_>; 4] = [
        ("offline", |f| matches!(f, Fact::NodeDetected { node: NodeId(0) })),
        ("promotion", |f| matches!(f, Fact::Promoted { to: NodeId(1), .. })),
        ("sync of the other replica", |f| {
            matches!(f, Fact::SyncStarted { node: NodeId(2), from: NodeId(1), .. })
        }),
        ("a complete copy", |f| matches!(f, Fact::Synced { node: NodeId(2) })),
    ];
    in_order(&facts, &steps);
}

#[test]
fn mz_27_the_replacement_replica_joins_after_the_promotion() {
    // By the guide it is also launched after the promotion; by default here with the detection.
    let launch: Milestone<'_> =
        ("launch", |f| matches!(f, Fact::ReplacementStarted { node: NodeId(0) }));
    let promotion: Milestone<'_> =
        ("promotion", |f| matches!(f, Fact::Promoted { from: NodeId(0), .. }));
    for (rules, [first, second]) in [
        ("", [launch, promotion]),
        ("replacement-starts = \"after-failover\"", [promotion, launch]),
    ] {
        let (facts, _) = run(&plan(rules, PRIMARY_FAILS), 1, 0);
        let steps: [Milestone<'_>; 5] = [
            first,
            second,
            ("an answer", |f| matches!(f, Fact::NodeReplaced { node: NodeId(0) })),
            ("sync", |f| matches!(f, Fact::SyncStarted { node: NodeId(0), from: NodeId(1), .. })),
            ("recovery", |f| matches!(f, Fact::Recovered { node: NodeId(0) })),
        ];
        in_order(&facts, &steps);
    }
}

/// Lets every combination of the four nodes of a shard in three AZs fail at one instant, and shows
/// which failed, the plan, the facts and the state at the end.
fn every_combination(check: impl Fn(&[NodeId], &Plan, &[(SimTime, Fact)], &State)) {
    for combination in 1..16u32 {
        let all = (0..4).map(NodeId);
        let failed: Vec<NodeId> = all.filter(|node| combination >> node.0 & 1 == 1).collect();
        let mut faults = String::new();
        for node in &failed {
            faults.push_str(&fail_node(600, *node));
        }
        let mut plan = placed(&["a", "b", "c", "a"], &faults);
        plan.replication.lag = any_lag();
        let (facts, _) = run(&plan, 1, u64::from(combination));
        let state = last_state(&plan, 1, u64::from(combination));
        check(&failed, &plan, &facts, &state);
    }
}

/// The AZs of the shard's nodes that hold a complete copy.
fn distribution(plan: &Plan, state: &State) -> Vec<String> {
    let whole = |node: &NodeId| {
        let node = state.node(*node);
        node.process == Process::Running && node.data == Data::Complete
    };
    let az = |node: NodeId| plan.azs[plan.nodes[node.idx()].az.idx()].name.clone();
    let mut azs: Vec<String> = plan.node_ids().filter(whole).map(az).collect();
    azs.sort();
    azs
}

#[test]
fn mz_28_the_distribution_over_azs_is_as_before() {
    every_combination(|failed, plan, _, state| {
        assert_eq!(distribution(plan, state), ["a", "a", "b", "c"], "{failed:?} failed");
    });
}

#[test]
fn mz_28_a_failed_primary_is_replaced_by_a_replica_in_its_az() {
    let (facts, _) = run(&plan("", PRIMARY_FAILS), 1, 0);
    once(&facts, |f| matches!(f, Fact::NodeReplaced { node: NodeId(0) }));
    let state = last_state(&plan("", PRIMARY_FAILS), 1, 0);
    assert_eq!(state.shard(ShardId(0)).primary, NodeId(1), "there is no way back");
    assert_eq!(state.node(NodeId(0)).upstream, Some(NodeId(1)), "it follows");
}

#[test]
fn mz_29_the_return_of_a_replica_leaves_the_primary_endpoint_alone() {
    let (facts, _) = run(&plan("", PRIMARY_FAILS), 1, 0);
    let moved = once(&facts, |f| matches!(f, Fact::EndpointUpdated { .. }));
    let back = once(&facts, |f| matches!(f, Fact::Synced { node: NodeId(0) }));
    assert!(moved < back, "the endpoint moved with the failover, and never again");
    let state = last_state(&plan("", PRIMARY_FAILS), 1, 0);
    assert_eq!(state.shard(ShardId(0)).endpoint, NodeId(1));
}

#[test]
fn mz_29_a_replica_serves_reads_once_it_is_available() {
    let (facts, _) = run(&plan("", PRIMARY_FAILS), 1, 0);
    let back = when(&facts, |f| matches!(f, Fact::Synced { node: NodeId(0) }));
    let back = back.expect("the replacement follows");
    assert_eq!(readers(&facts).last(), Some(&(back, 3)), "all three from then on, not before");
}

#[test]
fn mz_30_a_failed_replica_is_not_promoted_however_small_its_lag() {
    // Replica 002 fails 1 s after the primary, with its lag reported.
    let faults = PRIMARY_FAILS.to_owned() + &fail_node(601, NodeId(1));
    let mut plan = plan("", &faults);
    plan.replication.lag = any_lag();
    let mut would_have_won = 0;
    for trial in 0..50 {
        let (facts, _) = run(&plan, 1, trial);
        let lags = lags(&facts);
        would_have_won += u32::from(lags[0].1 < lags[1].1);
        assert_eq!(promotion(&facts), (NodeId(2), lags[1].2), "trial {trial}");
        in_order(
            &facts,
            &[
                ("offline", |f| matches!(f, Fact::NodeDetected { node: NodeId(1) })),
                ("promotion", |f| matches!(f, Fact::Promoted { .. })),
            ],
        );
    }
    assert!(would_have_won > 10, "it had the smaller lag in {would_have_won} of 50 trials");
}

#[test]
fn mz_30_a_replica_in_full_sync_is_no_candidate() {
    // Replica 002 is lost at 10:00, answers at 18:10 and is in sync until 20:34.
    let faults = fail_node(600, NodeId(1)) + &PRIMARY_FAILS.replace("10m", "20m");
    let mut plan = plan("", &faults);
    plan.replication.lag = any_lag();
    for trial in 0..20 {
        let (facts, _) = run(&plan, 1, trial);
        let promoted = facts.iter().find_map(|(_, fact)| match *fact {
            Fact::Promoted { to, candidates, .. } => Some((to, candidates)),
            _ => None,
        });
        assert_eq!(promoted, Some((NodeId(2), 1)), "trial {trial}");
    }
}

#[test]
fn mz_31_every_failed_node_has_one_replacement() {
    every_combination(|failed, _, facts, _| {
        for node in (0..4).map(NodeId) {
            let expected = usize::from(failed.contains(&node));
            let launched =
                count(facts, |f| matches!(f, Fact::ReplacementStarted { node: n } if *n == node));
            let answers =
                count(facts, |f| matches!(f, Fact::NodeReplaced { node: n } if *n == node));
            assert_eq!((launched, answers), (expected, expected), "{node:?} of {failed:?}");
        }
    });
}

#[test]
fn mz_32_afterwards_everybody_follows_the_new_primary() {
    every_combination(|failed, plan, facts, state| {
        let shard = state.shard(ShardId(0));
        let primary = shard.primary;
        let moved = failed.contains(&NodeId(0)) && failed.len() < 4;
        assert_eq!(primary != NodeId(0), moved, "{failed:?} failed");
        for node in plan.node_ids() {
            let expected = (node != primary).then_some(primary);
            assert_eq!(state.node(node).upstream, expected, "{node:?} after {failed:?}");
        }
        // Survivors come from another history: they follow after a sync with the new primary.
        if moved {
            for node in plan.node_ids().filter(|node| *node != primary) {
                let synced = count(facts, |f| {
                    matches!(f, Fact::SyncStarted { node: n, from, .. }
                        if *n == node && *from == primary)
                });
                assert_eq!(synced, 1, "{node:?} after {failed:?}");
            }
        }
    });
}

/// The node that served first after the loss of the whole group, and those that answered, in
/// order.
fn cold_start(facts: &[(SimTime, Fact)]) -> (NodeId, Vec<NodeId>) {
    let (mut first, mut answered) = (None, Vec::new());
    for (_, fact) in facts {
        match *fact {
            Fact::ColdStarted { node, .. } => first = Some(node),
            Fact::NodeReplaced { node } => answered.push(node),
            _ => {}
        }
    }
    (first.expect("a cold start"), answered)
}

#[test]
fn mz_33_a_lost_group_is_rebuilt_from_its_primary_on() {
    let plan = load("whole-group").plan;
    let steps: [Milestone<'_>; 6] = [
        ("offline", |f| matches!(f, Fact::NodeDetected { .. })),
        ("provisioning", |f| matches!(f, Fact::ReplacementStarted { .. })),
        ("a node", |f| matches!(f, Fact::NodeReplaced { .. })),
        ("a primary", |f| matches!(f, Fact::ColdStarted { .. })),
        ("writes", |f| matches!(f, Fact::WritesResumed { .. })),
        ("a replica", |f| matches!(f, Fact::SyncStarted { .. })),
    ];
    for trial in 0..30 {
        let (facts, _) = run(&plan, 1, trial);
        in_order(&facts, &steps);
        assert_eq!(count(&facts, |f| matches!(f, Fact::Promoted { .. })), 0);
        let (primary, answered) = cold_start(&facts);
        assert_eq!(answered.len(), 3, "all are replaced");
        for (_, fact) in &facts {
            if let Fact::SyncStarted { from, .. } = *fact {
                assert_eq!(from, primary, "replicas follow the replacement primary");
            }
        }
        let azs = distribution(&plan, &last_state(&plan, 1, trial));
        assert_eq!(azs, ["us-west-2a", "us-west-2b", "us-west-2c"]);
    }
}

#[test]
fn mz_33_a_rule_says_which_node_serves_first() {
    let mut plan = load("whole-group").plan;
    let mut first_ready = BTreeSet::new();
    for trial in 0..30 {
        let (primary, answered) = cold_start(&run(&plan, 1, trial).0);
        assert_eq!(primary, answered[0], "whoever is ready first");
        first_ready.insert(primary);
    }
    assert_eq!(first_ready.len(), 3, "anybody may be");
    plan.rules.cold_start_node = ColdStartNode::PrimarySlot;
    for trial in 0..30 {
        let (primary, _) = cold_start(&run(&plan, 1, trial).0);
        assert_eq!(primary, NodeId(0), "the original, whoever is ready first");
    }
}

#[test]
fn mz_34_the_loss_of_a_group_loses_everything() {
    let plan = with_fixed_times(load("whole-group").plan);
    let (facts, outcome) = run(&plan, 1, 0);
    let (bytes, writes) = (8 << 30, 600 * 5_000 * WRITE);
    let told = facts.iter().find_map(|(_, fact)| match *fact {
        Fact::DatasetLost { bytes, writes, .. } => Some((bytes, writes)),
        _ => None,
    });
    assert_eq!(told, Some((bytes, writes)));
    assert_eq!(outcome.raw(Metric::DatasetLosses), 1);
    assert_eq!(outcome.raw(Metric::DatasetLostBytes), u128::from(bytes));
    assert_eq!(outcome.raw(Metric::DatasetLostWrites), writes, "every write until then");
    assert_eq!(outcome.raw(Metric::ReadOutage), outcome.raw(Metric::WriteOutage));
    // What the replicas copy from the new primary is nothing: it starts cold.
    let copied = |f: &Fact| matches!(f, Fact::SyncStarted { bytes: 0, .. });
    assert_eq!(count(&facts, copied), 2);
    assert_eq!(count(&facts, |f| matches!(f, Fact::SyncStarted { .. })), 2);
}

#[test]
fn mz_36_failures_a_second_apart_are_one_failover() {
    let check = |first: u16, second: u16, promoted: u16| {
        let faults = fail_node(600, NodeId(first)) + &fail_node(601, NodeId(second));
        let (facts, outcome) = run(&plan("", &faults), 1, 0);
        let detected = times(&facts, |f| matches!(f, Fact::NodeDetected { .. }));
        assert_eq!(detected.len(), 2, "{first} and {second}");
        assert_eq!(detected[0], detected[1], "{first} and {second} are known at once");
        assert_eq!(count(&facts, |f| matches!(f, Fact::FailoverBegan { .. })), 1);
        assert_eq!(promotion(&facts).0, NodeId(promoted));
        assert_eq!(outcome.raw(Metric::WriteOutages), 1);
    };
    check(0, 1, 2);
    check(0, 2, 1);
    check(1, 0, 2);
    check(2, 0, 1);
}

#[test]
fn mz_37_a_replica_is_replaced_while_writes_go_on() {
    let plan = with_fixed_times(load("replica-failure").plan);
    let (facts, outcome) = run(&plan, 1, 0);
    once(&facts, |f| matches!(f, Fact::NodeDown { node: NodeId(1), role: Role::Replica, .. }));
    in_order(
        &facts,
        &[
            ("offline", |f| matches!(f, Fact::NodeDetected { node: NodeId(1) })),
            ("launch", |f| matches!(f, Fact::ReplacementStarted { node: NodeId(1) })),
            ("an answer", |f| matches!(f, Fact::NodeReplaced { node: NodeId(1) })),
            ("sync", |f| matches!(f, Fact::SyncStarted { node: NodeId(1), from: NodeId(0), .. })),
            ("a complete copy", |f| matches!(f, Fact::Synced { node: NodeId(1) })),
        ],
    );
    for metric in [
        Metric::WriteOutage,
        Metric::ServerWriteOutage,
        Metric::RejectedWrites,
        Metric::LostWrites,
        Metric::ReadOutage,
        Metric::Failovers,
    ] {
        assert_eq!(outcome.raw(metric), 0, "{}", metric.name());
    }
    // One reader less from the failure to the end of the sync.
    assert_eq!(readers(&facts), [(0, 2), (634, 3)]);
}

#[test]
fn mz_38_spread_nodes_survive_an_az_and_crowded_ones_do_not() {
    let (facts, spread) = run(&with_fixed_times(load("az-outage").plan), 1, 0);
    assert_eq!(spread.raw(Metric::DatasetLosses), 0);
    assert_eq!(count(&facts, |f| matches!(f, Fact::Promoted { .. })), 1);

    let (facts, crowded) = run(&with_fixed_times(load("az-outage-one-az").plan), 1, 0);
    assert_eq!(crowded.raw(Metric::DatasetLosses), 1);
    assert_eq!(count(&facts, |f| matches!(f, Fact::Promoted { .. })), 0);
    let az_up = when(&facts, |f| matches!(f, Fact::AzUp { .. }));
    let serves = when(&facts, |f| matches!(f, Fact::ColdStarted { .. }));
    assert_eq!((az_up, serves), (Some(7_200), Some(7_200 + 480 + 5)));
    assert!(
        seconds(&crowded, Metric::WriteOutage) > 500 * seconds(&spread, Metric::WriteOutage),
        "hours, not seconds"
    );
}
