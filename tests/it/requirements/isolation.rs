//! A primary that runs and cannot be reached: failover all the same, and what it costs.

use elasticache_sim::engine::time::SimTime;
use elasticache_sim::model::fact::{Cause, Fact, IsolationFact};
use elasticache_sim::model::plan::{NodeId, Plan, ShardId};
use elasticache_sim::model::state::{NanoWrites, WRITE};
use elasticache_sim::observe::metrics::{Mechanism, Metric, Outcome};

use super::{last_state, promotion, story};
use crate::support::{codes, parse, run, with_fixed_times};

const SHARD: ShardId = ShardId(0);

fn writes(n: u128) -> NanoWrites {
    n * WRITE
}

/// One shard of two replicas, 1000 writes a second, a lag of 0.1 s; detection after 10 s, promotion
/// 2 s and endpoint 3 s later.
fn plan(rules: &str, faults: &str) -> Plan {
    plan_of(2, rules, faults)
}

fn plan_of(replicas: u8, rules: &str, faults: &str) -> Plan {
    let text = format!(
        "schema = 1\n[run]\nhorizon = \"2h\"\n[group]\nid = \"g\"\nazs = [\"a\", \"b\", \"c\"]\n\
         replicas = {replicas}\n[workload]\nwrites-per-second = 1_000\ndataset = \"1 GiB\"\n\
         [rules]\n{rules}\n[[fault]]\nat = \"10m\"\n{faults}"
    );
    with_fixed_times(parse(&text).plan)
}

fn cut(duration: u32, beside: u32) -> String {
    format!(
        "isolate-node = {{ node = \"g-001\", duration = \"{duration}s\", writers-beside = {beside} \
         }}\n"
    )
}

/// Facts and outcome of the first trial, with books that agree with the outcome.
#[track_caller]
fn told(plan: &Plan) -> (Vec<(SimTime, Fact)>, Outcome) {
    let (facts, outcome) = run(plan, 1, 0);
    let state = last_state(plan, 1, 0);
    let books = state.books(SHARD);
    assert_eq!(books.acknowledged, books.offset + books.lost + books.dataset_lost + books.archived);
    assert_eq!(books.acknowledged + books.rejected, writes(1_000 * 7_200), "offered");
    assert_eq!(outcome.raw(Metric::RejectedWrites), books.rejected);
    assert_eq!(outcome.raw(Metric::LostWrites), books.lost);
    let parts: u128 = outcome.lost_by_mechanism.iter().sum();
    assert_eq!(parts, books.lost);
    (facts, outcome)
}

fn lost_by(outcome: &Outcome, mechanism: Mechanism) -> u128 {
    outcome.lost_by_mechanism[mechanism as usize]
}

#[test]
fn mz_67_failover_happens_although_the_primary_runs() {
    let (facts, outcome) = told(&plan("", &cut(600, 0)));
    assert_eq!(promotion(&facts), (NodeId(1), writes(100)));
    assert_eq!(story::seconds_of(&facts, |f| matches!(f, Fact::Promoted { .. })), [612]);
    let stopped = |f: &Fact| matches!(f, Fact::NodeDown { .. } | Fact::ReplacementStarted { .. });
    assert_eq!(story::seconds_of(&facts, stopped), [0; 0], "its host is fine");
    // It comes back as a replica that copies everything, 18 s for the GiB.
    let back = |f: &Fact| matches!(f, Fact::Isolation(IsolationFact::Ended { .. }));
    assert_eq!(story::seconds_of(&facts, back), [1_200]);
    let synced = |f: &Fact| matches!(f, Fact::Synced { node: NodeId(0) });
    assert_eq!(story::seconds_of(&facts, synced), [1_218]);
    let slots = 16_384 * 1_000_000_000;
    assert_eq!(outcome.by_cause[Cause::Isolation as usize], 15 * slots);
    assert_eq!(lost_by(&outcome, Mechanism::Lag), writes(100));
    assert_eq!(outcome.raw(Metric::RejectedWrites), writes(15_000));
}

#[test]
fn mz_67_a_cut_shorter_than_the_detection_costs_the_wait_and_loses_nothing() {
    let (facts, outcome) = told(&plan("", &cut(9, 400)));
    assert_eq!(story::seconds_of(&facts, |f| matches!(f, Fact::Promoted { .. })), [0; 0]);
    assert_eq!(outcome.raw(Metric::LostWrites), 0);
    assert_eq!(outcome.raw(Metric::RejectedWrites), writes(9 * 600));
    // The replicas lack their lag and what was written beside, and copy nothing else.
    let syncs = |f: &Fact| matches!(f, Fact::SyncStarted { .. });
    assert_eq!(story::seconds_of(&facts, syncs), [0; 0]);
    let missing = writes(100 + 9 * 400);
    let follows = |f: &Fact| matches!(f, Fact::Reattached { missing: m, .. } if *m == missing);
    assert_eq!(story::seconds_of(&facts, follows), [609, 609]);
    // As a rule may have it, the failover comes all the same: the primary waits for it.
    let rule = "sub-detection-fault = \"failover\"";
    let (facts, outcome) = told(&plan(rule, &cut(9, 400)));
    assert_eq!(story::seconds_of(&facts, |f| matches!(f, Fact::Promoted { .. })), [612]);
    assert_eq!(lost_by(&outcome, Mechanism::SplitBrain), writes(9 * 400));
}

#[test]
fn mz_67_writes_beside_it_are_lost_until_the_promotion() {
    let (facts, outcome) = told(&plan("", &cut(600, 400)));
    assert_eq!(promotion(&facts).1, writes(100 + 12 * 400));
    assert_eq!(lost_by(&outcome, Mechanism::Lag), writes(100));
    assert_eq!(lost_by(&outcome, Mechanism::SplitBrain), writes(12 * 400));
    assert_eq!(outcome.raw(Metric::RejectedWrites), writes(12 * 600 + 3 * 1_000));
    assert_eq!(outcome.raw(Metric::LossWindow), 12_100_000_000);
}

#[test]
fn mz_67_without_a_fence_they_are_lost_until_the_cut_ends() {
    let rule = "fencing = \"on-return\"";
    let (facts, outcome) = told(&plan(rule, &cut(600, 400)));
    assert_eq!(promotion(&facts).1, writes(100 + 12 * 400));
    assert_eq!(lost_by(&outcome, Mechanism::SplitBrain), writes(600 * 400));
    assert_eq!(outcome.raw(Metric::RejectedWrites), writes(15 * 600));
    let astray = facts.iter().find_map(|(_, fact)| match *fact {
        Fact::Isolation(IsolationFact::SplitBrain { loss, .. }) => Some(loss.writes),
        _ => None,
    });
    assert_eq!(astray, Some(writes(588 * 400)));
    // A cut that outlasts the trial loses them until its end.
    let (_, outcome) = told(&plan(rule, &cut(100_000, 400)));
    assert_eq!(lost_by(&outcome, Mechanism::SplitBrain), writes(6_600 * 400));
}

#[test]
fn mz_67_where_nobody_follows_it_serves_again_with_everything() {
    let alone = plan_of(0, "", &cut(600, 400));
    let (_, outcome) = told(&alone);
    assert_eq!(outcome.raw(Metric::LostWrites) + outcome.raw(Metric::DatasetLosses), 0);
    assert_eq!(outcome.raw(Metric::RejectedWrites), writes(600 * 600));
    let nobody = plan("promotion = \"none\"", &cut(600, 400));
    assert_eq!(told(&nobody).1.raw(Metric::RejectedWrites), writes(600 * 600));
}

#[test]
fn mz_67_an_isolated_replica_is_neither_replaced_nor_promoted() {
    let cut = "isolate-node = { node = \"g-002\", duration = \"10m\" }\n";
    let then = "[[fault]]\nat = \"11m\"\nfail-node = { node = \"g-001\" }\n";
    let (facts, outcome) = told(&plan("", &format!("{cut}{then}")));
    assert_eq!(promotion(&facts).0, NodeId(2));
    assert_eq!(outcome.raw(Metric::ReadOutage), 0);
    let of_it = |f: &Fact| matches!(f, Fact::ReplacementStarted { node: NodeId(1) });
    assert_eq!(story::seconds_of(&facts, of_it), [0; 0]);
    // If it is all there is, the shard waits for it, and has lost what came after the cut.
    let (facts, outcome) = told(&plan_of(1, "", &format!("{cut}{then}")));
    assert_eq!(outcome.raw(Metric::DatasetLosses), 0);
    assert_eq!(story::seconds_of(&facts, |f| matches!(f, Fact::Promoted { .. })), [1_202]);
    assert_eq!(promotion(&facts), (NodeId(1), writes(60_000 + 100)));
}

#[test]
fn mz_67_a_copy_in_sync_that_was_cut_off_is_promoted_where_such_copies_count() {
    let faults = "crash-node = { node = \"g-002\", restart-after = \"1s\" }\n\
                  [[fault]]\nat = \"10m5s\"\n\
                  isolate-node = { node = \"g-002\", duration = \"10m\" }\n\
                  [[fault]]\nat = \"11m\"\nfail-node = { node = \"g-001\" }\n";
    let (facts, outcome) = told(&plan_of(1, "syncing-counts-as-complete = true", faults));
    assert_eq!(outcome.raw(Metric::DatasetLosses), 0);
    assert_eq!(story::seconds_of(&facts, |f| matches!(f, Fact::Promoted { .. })), [1_207]);
}

#[test]
fn mz_67_cluster_mode_is_refused() {
    let text = "schema = 1\n[run]\nhorizon = \"2h\"\n[group]\nid = \"g\"\nazs = [\"a\", \"b\"]\n\
                replicas = 1\nshards = 2\ncluster-mode = \"enabled\"\n[[fault]]\nat = \"10m\"\n\
                isolate-node = { node = \"any\", duration = \"10m\" }\n";
    assert!(codes(text).contains(&"E0205".to_owned()));
}
