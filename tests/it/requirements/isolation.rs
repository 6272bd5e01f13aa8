//! A primary that runs and cannot be reached: failover all the same, and what it costs.

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::time::{SimTime, Span};
use elasticache_sim::model::fact::{Cause, Fact, IsolationFact, Role};
use elasticache_sim::model::plan::{NodeId, Plan, ShardId};
use elasticache_sim::model::state::{NanoWrites, ShardLedger, WRITE};
use elasticache_sim::observe::metrics::{Mechanism, Metric, Outcome};

use super::{last_state, promotion, story};
use crate::support::{parse, run, secs, with_fixed_times};

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

/// Whoever is back in the instant in which it would be noticed is back: repairs come first.
#[test]
fn mz_67_a_cut_that_ends_with_the_detection_is_not_detected() {
    let (facts, _) = told(&plan("", &cut(10, 400)));
    assert_eq!(story::seconds_of(&facts, |f| matches!(f, Fact::NodeDetected { .. })), [0; 0]);
    assert_eq!(story::seconds_of(&facts, |f| matches!(f, Fact::PrimaryServes { .. })), [610]);
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

/// A cluster of shards of 1000 writes a second each. Suspicion, of the peers and of itself, takes
/// 18 s, agreement 1 s, votes 0.7 s, the control plane's takeover 45 s, a rejoin 5 s.
fn cluster(shards: u8, replicas: u8, rules: &str, faults: &str) -> Plan {
    let text = format!(
        "schema = 1\n[run]\nhorizon = \"2h\"\n[group]\nid = \"g\"\nazs = [\"a\", \"b\", \"c\"]\n\
         cluster-mode = \"enabled\"\nshards = {shards}\nreplicas = {replicas}\n[workload]\n\
         writes-per-second-per-shard = 1_000\ndataset = \"{shards} GiB\"\n{rules}\n\
         [[fault]]\nat = \"10m\"\n{faults}"
    );
    let mut plan = with_fixed_times(parse(&text).plan);
    let bus = &mut plan.control_plane.bus;
    bus.suspicion = Law::fixed(secs(18));
    bus.gossip = Law::fixed(secs(1));
    bus.election = Law::fixed(Span::from_nanos(700_000_000));
    bus.takeover = Law::fixed(secs(45));
    plan
}

fn cut_in_cluster(duration: u32, beside: u32) -> String {
    cut(duration, beside).replace("g-001", "g-0001-001")
}

/// Facts and outcome of the first trial of a cluster, with books that agree with the outcome.
#[track_caller]
fn told_of_cluster(plan: &Plan) -> (Vec<(SimTime, Fact)>, Outcome) {
    let (facts, outcome) = run(plan, 1, 0);
    let state = last_state(plan, 1, 0);
    let sum = |of: fn(&ShardLedger) -> NanoWrites| state.ledger.shards.iter().map(of).sum::<u128>();
    let offered = 1_000 * 7_200 * plan.shards.len() as u128;
    assert_eq!(sum(|b| b.acknowledged) + sum(|b| b.rejected), writes(offered), "offered");
    assert_eq!(outcome.raw(Metric::RejectedWrites), sum(|b| b.rejected));
    assert_eq!(outcome.raw(Metric::LostWrites), sum(|b| b.lost));
    (facts, outcome)
}

/// When the writers of the shard stopped and when they resumed, in nanoseconds.
fn outage(facts: &[(SimTime, Fact)], of: u16) -> Vec<u64> {
    let is_end = |fact: &Fact| match *fact {
        Fact::WritesStopped { shard, .. } | Fact::WritesResumed { shard, .. } => shard.0 == of,
        _ => false,
    };
    facts.iter().filter(|(_, fact)| is_end(fact)).map(|(at, _)| at.as_nanos()).collect()
}

fn nanos(seconds: &[f64]) -> Vec<u64> {
    seconds.iter().map(|seconds| (seconds * 1e9).round() as u64).collect()
}

fn is_promotion(fact: &Fact) -> bool {
    matches!(fact, Fact::Promoted { .. })
}

fn is_rejoin_of_replica(fact: &Fact) -> bool {
    matches!(fact, Fact::Isolation(IsolationFact::Waits { role: Role::Replica, .. }))
}

#[test]
fn mz_67_in_cluster_mode_the_peers_elect_and_the_minority_refuses() {
    let plan = cluster(3, 1, "", &cut_in_cluster(60, 400));
    let (facts, outcome) = told_of_cluster(&plan);
    let refuses = |f: &Fact| matches!(f, Fact::Isolation(IsolationFact::Refuses { .. }));
    assert_eq!(story::seconds_of(&facts, refuses), [618]);
    assert_eq!(promotion(&facts), (NodeId(1), writes(100 + 18 * 400)));
    assert_eq!(outage(&facts, 0), nanos(&[600.0, 622.7]));
    assert_eq!((outage(&facts, 1), outage(&facts, 2)), (vec![], vec![]), "two of three go on");
    assert_eq!(lost_by(&outcome, Mechanism::SplitBrain), writes(18 * 400));
    assert_eq!(outcome.raw(Metric::RejectedWrites), writes(22_700 - 18 * 400));
    // The cut ends, and a node timeout, 5 s at most, later it follows its successor.
    assert_eq!(story::seconds_of(&facts, is_rejoin_of_replica), [660]);
    let syncs = |f: &Fact| matches!(f, Fact::SyncStarted { node: NodeId(0), .. });
    assert_eq!(story::seconds_of(&facts, syncs), [665]);
}

#[test]
fn mz_67_in_cluster_mode_a_cut_that_nobody_noticed_costs_the_wait() {
    let plan = cluster(3, 1, "", &cut_in_cluster(17, 400));
    let (facts, outcome) = told_of_cluster(&plan);
    assert_eq!(outage(&facts, 0), nanos(&[600.0, 617.0]));
    assert_eq!(story::seconds_of(&facts, is_promotion), [0; 0]);
    assert_eq!(outcome.raw(Metric::LostWrites), 0);
    assert_eq!(outcome.raw(Metric::RejectedWrites), writes(17 * 600));
}

#[test]
fn mz_67_a_minority_that_is_reached_again_waits_before_it_takes_writes() {
    // Of two primaries neither is a majority, so nobody is elected within half a minute.
    let plan = cluster(2, 1, "", &cut_in_cluster(30, 400));
    let (facts, outcome) = told_of_cluster(&plan);
    assert_eq!(story::seconds_of(&facts, is_promotion), [0; 0]);
    assert_eq!(outage(&facts, 0), nanos(&[600.0, 635.0]));
    assert_eq!(outage(&facts, 1), nanos(&[618.0, 635.0]));
    assert_eq!(outcome.raw(Metric::LostWrites), 0);
    assert_eq!(outcome.raw(Metric::RejectedWrites), writes(35_000 - 18 * 400 + 17_000));
    let server = outcome.raw(Metric::ServerWriteOutage);
    assert_eq!(server, outcome.raw(Metric::WriteOutage), "no node takes writes before either");
}

#[test]
fn mz_67_where_the_peers_are_no_majority_the_control_plane_steps_in() {
    let (facts, outcome) = told_of_cluster(&cluster(2, 1, "", &cut_in_cluster(600, 400)));
    assert_eq!(story::seconds_of(&facts, is_promotion), [645]);
    assert_eq!(lost_by(&outcome, Mechanism::SplitBrain), writes(18 * 400));
    // An isolated primary is no voter for others: with it and another gone, one of three is left.
    let other = "[[fault]]\nat = \"10m\"\nfail-primary = { shard = \"0002\" }\n";
    let faults = format!("{}{other}", cut_in_cluster(600, 0));
    let (facts, _) = told_of_cluster(&cluster(3, 1, "", &faults));
    assert_eq!(story::seconds_of(&facts, is_promotion), [645, 645]);
    assert_eq!(outage(&facts, 2), nanos(&[618.0, 650.0]));
}

#[test]
fn mz_67_a_primary_that_is_a_majority_by_itself_goes_on_until_it_is_fenced() {
    let (facts, outcome) = told_of_cluster(&cluster(1, 1, "", &cut_in_cluster(600, 400)));
    assert_eq!(story::seconds_of(&facts, is_promotion), [645]);
    assert_eq!(lost_by(&outcome, Mechanism::SplitBrain), writes(45 * 400));
    assert_eq!(story::seconds_of(&facts, is_rejoin_of_replica), [0; 0], "it never refused");
    // Nobody fences a primary whose successor its peers elect: it stops by itself or not at all.
    let serve = "[control-plane]\nminority = \"serve\"";
    let (_, outcome) = told_of_cluster(&cluster(3, 1, serve, &cut_in_cluster(60, 400)));
    assert_eq!(lost_by(&outcome, Mechanism::SplitBrain), writes(60 * 400));
}

#[test]
fn mz_67_in_cluster_mode_an_isolated_replica_does_not_stand_for_election() {
    let cut = "isolate-node = { node = \"g-0001-002\", duration = \"10m\" }\n";
    let then = "[[fault]]\nat = \"11m\"\nfail-primary = { shard = \"0001\" }\n";
    let (facts, _) = told_of_cluster(&cluster(3, 2, "", &format!("{cut}{then}")));
    assert_eq!(promotion(&facts).0, NodeId(2));
    assert_eq!(outage(&facts, 0), nanos(&[660.0, 682.7]));
}
