//! Writes that ask for replicas, by hand: when they are refused, for how long, and what that is
//! good for.

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::engine::time::{SimTime, Span};
use elasticache_sim::model::fact::{Cause, Fact, OperationFact, Phase, ReplicasFact};
use elasticache_sim::model::plan::{FullSync, HASH_SLOTS, NodeId, Plan, ShardId};
use elasticache_sim::model::state::WRITE;
use elasticache_sim::montecarlo::batch::{self, BatchSpec};
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::observe::episodes::Episodes;
use elasticache_sim::observe::metrics::{Ending, Mechanism, Metric, Outcome};
use elasticache_sim::observe::trace::Recorder;

use crate::support::{codes, experiment, parse, run, with_fixed_times};

/// Nanoseconds of all slots in a second.
const S: u128 = 1_000_000_000 * HASH_SLOTS as u128;

/// One shard, 1000 writes a second of 512 B, 1 GiB of data, a lag of 0.1 s. Detection after 10 s,
/// promotion 2 s and endpoint 3 s later, a replacement 8 min, a full sync 18 s. Faults at 600 s.
fn plan(replicas: u8, replication: &str, rules: &str, faults: &str) -> Plan {
    let text = format!(
        "schema = 1\n[run]\nhorizon = \"2h\"\n[group]\nid = \"g\"\nazs = [\"a\", \"b\", \"c\"]\n\
         replicas = {replicas}\n[workload]\nwrites-per-second = 1_000\ndataset = \"1 GiB\"\n\
         [replication]\n{replication}\n[rules]\n{rules}\n{faults}"
    );
    with_fixed_times(parse(&text).plan)
}

const ONE: &str = "min-replicas-to-write = 1";
const TWO: &str = "min-replicas-to-write = 2";

fn fault(fault: &str) -> String {
    format!("[[fault]]\nat = \"10m\"\n{fault}\n")
}

/// When writes stop and go on, in nanoseconds after the fault.
fn interruptions(facts: &[(SimTime, Fact)]) -> Vec<(u64, u64)> {
    const FAULT: u64 = 600_000_000_000;
    let at = |is: fn(&Fact) -> bool| -> Vec<u64> {
        let found = facts.iter().filter(|(_, fact)| is(fact));
        found.map(|(at, _)| at.as_nanos() - FAULT).collect()
    };
    let stops = at(|fact| matches!(fact, Fact::WritesStopped { .. }));
    let resumes = at(|fact| matches!(fact, Fact::WritesResumed { .. }));
    let end = 6_600_000_000_000;
    stops.into_iter().zip(resumes.into_iter().chain([end])).collect()
}

const fn secs(secs: u64) -> u64 {
    secs * 1_000_000_000
}

#[track_caller]
fn check(plan: &Plan, expected: &[(u64, u64)]) -> Outcome {
    let (facts, outcome) = run(plan, 1, 0);
    assert_eq!(interruptions(&facts), expected);
    let length: u128 = expected.iter().map(|(from, to)| u128::from(to - from)).sum();
    assert_eq!(outcome.raw(Metric::WriteOutage), length * u128::from(HASH_SLOTS));
    outcome
}

fn phase(outcome: &Outcome, phase: Phase) -> u128 {
    outcome.by_phase[phase as usize] / S
}

/// Its host is lost, and the primary hears of it after ten seconds; the replacement is there 480 s
/// after the detection, and in sync 18 s later.
#[test]
fn the_only_replica_is_lost() {
    let lost = fault("fail-node = { node = \"g-002\" }");
    let outcome = check(&plan(1, ONE, "", &lost), &[(secs(10), secs(508))]);
    assert_eq!(phase(&outcome, Phase::Replicas), 498);
    assert_eq!(outcome.by_ending[Ending::Replica as usize], 498 * S);
    assert_eq!(outcome.by_cause[Cause::Node as usize], 498 * S);
    assert_eq!(outcome.raw(Metric::ServerWriteOutage), 498 * S);
    assert_eq!(outcome.raw(Metric::RejectedWrites), 498_000 * WRITE);
    assert_eq!(outcome.raw(Metric::LostWrites), 0);
    // Another time, to the second; and where nothing is asked for nobody notices.
    let short = format!("{ONE}\nmin-replicas-max-lag = \"3s\"");
    check(&plan(1, &short, "", &lost), &[(secs(3), secs(508))]);
    check(&plan(1, "min-replicas-to-write = 0", "", &lost), &[]);
    // A process that ends closes its link at once, and copies everything when it is back.
    let crash = fault("crash-node = { node = \"g-002\", restart-after = \"2s\" }");
    let outcome = check(&plan(1, ONE, "", &crash), &[(0, secs(20))]);
    assert_eq!(outcome.by_cause[Cause::Crash as usize], 20 * S);
    let reboot = fault("reboot-node = { node = \"g-002\", by = \"customer\" }");
    check(&plan(1, ONE, "", &reboot), &[(0, secs(138))]);
    // An AZ that is down for a minute, and then the replacement.
    let az = fault("fail-az = { az = \"b\", duration = \"1m\" }");
    let outcome = check(&plan(1, ONE, "", &az), &[(secs(10), secs(60 + 480 + 18))]);
    assert_eq!(outcome.by_cause[Cause::Az as usize], 548 * S);
}

#[test]
fn one_of_two_replicas_is_missed_only_by_those_who_ask_for_both() {
    let lost = fault("fail-node = { node = \"g-002\" }");
    check(&plan(2, ONE, "", &lost), &[]);
    check(&plan(2, TWO, "", &lost), &[(secs(10), secs(508))]);
    // The second one is lost before the first is back.
    let both = format!("{lost}[[fault]]\nat = \"11m\"\nfail-node = {{ node = \"g-003\" }}\n");
    check(&plan(2, ONE, "", &both), &[(secs(70), secs(508))]);
    // Both together.
    let both = fault("fail-replicas = { count = 2 }");
    let outcome = check(&plan(2, ONE, "", &both), &[(secs(10), secs(508))]);
    assert_eq!(outcome.by_cause[Cause::Replicas as usize], 498 * S);
}

/// The new primary counts those that follow it already: with full resyncs nobody, at first.
#[test]
fn after_a_failover_writes_wait_for_a_replica() {
    let lost = fault("fail-primary = {}");
    let outcome = check(&plan(2, ONE, "", &lost), &[(0, secs(12 + 18))]);
    assert_eq!(phase(&outcome, Phase::Detection), 10);
    assert_eq!(phase(&outcome, Phase::Promotion), 2);
    assert_eq!(phase(&outcome, Phase::Endpoint), 3);
    assert_eq!(phase(&outcome, Phase::Replicas), 15);
    assert_eq!(outcome.by_ending[Ending::Replica as usize], 30 * S);
    assert_eq!(outcome.raw(Metric::ServerWriteOutage), 30 * S, "nobody takes writes");
    assert_eq!(outcome.raw(Metric::LostWrites), 100 * WRITE, "what it lagged");
    // A replica that follows at once is one.
    for rule in ["resync-after-failover = \"none\"", "resync-after-failover = \"engine\""] {
        let outcome = check(&plan(2, ONE, rule, &lost), &[(0, secs(15))]);
        assert_eq!(outcome.by_ending[Ending::Failover as usize], 15 * S);
    }
    // With one replica it takes the replacement of the old primary.
    check(&plan(1, ONE, "", &lost), &[(0, secs(508))]);
    check(&plan(2, TWO, "", &lost), &[(0, secs(508))]);
    check(&plan(2, "", "", &lost), &[(0, secs(15))]);
}

/// The primary is lost while it refuses writes: one outage, by what came first.
#[test]
fn a_failover_of_a_primary_that_refuses() {
    let faults = format!(
        "{}[[fault]]\nat = \"11m\"\nfail-node = {{ node = \"g-001\" }}\n",
        fault("fail-replicas = { count = 1, shard = \"0001\" }")
    );
    let plan = plan(2, TWO, "resync-after-failover = \"none\"", &faults);
    let outcome = check(&plan, &[(secs(10), secs(60 + 10 + 480 + 18))]);
    assert_eq!(outcome.raw(Metric::WriteOutages), 1);
    assert_eq!(outcome.raw(Metric::Failovers), 1);
    assert_eq!(outcome.raw(Metric::LostWrites), 0, "nothing was written meanwhile");
    assert_eq!(outcome.by_cause[Cause::Replicas as usize], outcome.raw(Metric::WriteOutage));
}

#[test]
fn outages_one_by_one_end_with_a_replica() {
    let plan = plan(1, ONE, "", &fault("fail-node = { node = \"g-002\" }"));
    let mut observers = (Episodes::new(&plan), Recorder::default());
    let mut trial = Trial::begin(&plan, TrialKeys::new(1).key(0));
    trial.finish(&mut observers);
    let (mut episodes, recorder) = observers;
    episodes.finish(trial.now());
    let [outage] = episodes.outages.as_slice() else {
        panic!("{} outages", episodes.outages.len());
    };
    assert_eq!(outage.ending, Ending::Replica);
    assert_eq!(outage.by_phase[Phase::Replicas as usize], secs(498));
    let told: Vec<ReplicasFact> = recorder
        .facts
        .iter()
        .filter_map(|(_, fact)| match *fact {
            Fact::Replicas(fact) => Some(fact),
            _ => None,
        })
        .collect();
    let shard = ShardId(0);
    let expected = [
        ReplicasFact::TooFew { shard, good: 0, needed: 1 },
        ReplicasFact::Enough { shard, good: 1, needed: 1 },
    ];
    assert_eq!(told, expected);
}

fn cut(node: u8, duration: u32) -> String {
    fault(&format!(
        "isolate-node = {{ node = \"g-00{node}\", duration = \"{duration}s\", writers-beside = \
         400 }}"
    ))
}

/// What an isolated primary takes and nobody has is bounded by the time for which its replicas
/// count: ten seconds, whatever the fence.
#[test]
fn a_split_brain_is_bounded() {
    let lost = |replication: &str, fencing: &str, seconds: u128| {
        let plan = plan(2, replication, &format!("fencing = \"{fencing}\""), &cut(1, 600));
        let (facts, outcome) = run(&plan, 1, 0);
        let astray = outcome.lost_by_mechanism[Mechanism::SplitBrain as usize];
        assert_eq!(astray, seconds * 400 * WRITE, "{replication} {fencing}");
        assert_eq!(outcome.raw(Metric::LostWrites), astray + 100 * WRITE);
        (interruptions(&facts), outcome)
    };
    let refused = vec![(0, secs(30))];
    let (stops, outcome) = lost(ONE, "at-promotion", 10);
    assert_eq!(stops, refused);
    assert_eq!(outcome.raw(Metric::RejectedWrites), (30_000 - 4_000) * WRITE);
    assert_eq!(outcome.raw(Metric::LossWindow), 10_100_000_000);
    assert_eq!(lost(ONE, "on-return", 10).0, refused);
    assert_eq!(lost("", "at-promotion", 12).0, [(0, secs(15))]);
    assert_eq!(lost("", "on-return", 600).0, [(0, secs(15))]);
    // Longer than it takes to promote: without a fence it goes on until then.
    let long = format!("{ONE}\nmin-replicas-max-lag = \"60s\"");
    assert_eq!(lost(&long, "at-promotion", 12).0, refused);
    assert_eq!(lost(&long, "on-return", 60).0, refused);
    let long = format!("{TWO}\nmin-replicas-max-lag = \"60s\"");
    assert_eq!(lost(&long, "on-return", 60).0, [(0, secs(600 + 18))]);
}

/// Links that were silent before the cut give out earlier.
#[test]
fn an_isolated_primary_counts_as_it_did() {
    let faults =
        format!("[[fault]]\nat = \"9m 56s\"\nfail-node = {{ node = \"g-003\" }}\n{}", cut(1, 600));
    let beside = |replication: &str| {
        let (_, outcome) = run(&plan(2, replication, "", &faults), 1, 0);
        outcome.lost_by_mechanism[Mechanism::SplitBrain as usize] / (400 * WRITE)
    };
    assert_eq!(beside(ONE), 10);
    assert_eq!(beside(TWO), 6);
}

/// A cut that ends before anybody decides: the primary and its replicas are linked again.
#[test]
fn a_short_cut_costs_the_wait() {
    let outcome = check(&plan(2, ONE, "", &cut(1, 9)), &[(0, secs(9))]);
    assert_eq!(outcome.raw(Metric::LostWrites), 0);
    assert_eq!(outcome.raw(Metric::RejectedWrites), 9 * 600 * WRITE);
    // Of a replica nobody notices: it counts for ten seconds, and follows again after nine.
    check(&plan(1, ONE, "", &cut(2, 9)), &[]);
    let outcome = check(&plan(1, ONE, "", &cut(2, 600)), &[(secs(10), secs(600))]);
    assert_eq!(outcome.by_cause[Cause::Isolation as usize], 590 * S);
}

/// Each of the replicas is replaced in its turn, orderly: its link closes at once. The hand-over
/// leaves the old primary as a replica, until it is replaced as well.
#[test]
fn planned_work_stops_writes_while_a_replica_is_replaced() {
    let update = "[[operation]]\nat = \"10m\"\nservice-update = { apply-immediately = true }\n";
    let replaced = secs(600 + 18);
    let handover = replaced + secs(100);
    let last = handover + secs(40);
    let expected = [(0, replaced), (last, last + secs(618))];
    let outcome = check(&plan(1, ONE, "", update), &expected);
    assert_eq!(outcome.by_cause[Cause::Planned as usize], 2 * 618 * S);
    assert_eq!(outcome.raw(Metric::Handovers), 1);
    check(&plan(1, "", "", update), &[]);
}

#[test]
fn a_replica_that_is_taken_away_is_missed() {
    let call = "[[operation]]\nat = \"10m\"\ndecrease-replica-count = { to = 1, \
                apply-immediately = true }\n";
    let (facts, outcome) = run(&plan(2, TWO, "", call), 1, 0);
    let [(from, to)] = interruptions(&facts)[..] else {
        panic!("writes stop once");
    };
    assert_eq!(to, secs(6_600), "nobody brings it back");
    assert_eq!(outcome.by_ending[Ending::Open as usize], outcome.raw(Metric::WriteOutage));
    let removed = facts.iter().find(|(_, fact)| matches!(fact, Fact::Copies { .. }));
    assert_eq!(removed.map(|(at, _)| at.as_nanos()), Some(from + secs(600)), "with the replica");
    let second = |fact: &Fact| matches!(fact, Fact::NodeDown { node: NodeId(2), .. });
    assert!(facts.iter().any(|(_, fact)| second(fact)));
}

/// In a cluster both a majority and replicas are asked for; writes go on when neither is missed.
#[test]
fn a_minority_and_too_few_replicas_are_two_reasons() {
    let text = "schema = 1\n[run]\nhorizon = \"2h\"\n[group]\nid = \"g\"\nazs = [\"a\", \"b\", \
                \"c\"]\nshards = 3\nreplicas = 1\ncluster-mode = \"enabled\"\n[control-plane]\n\
                detector = \"cluster-bus\"\n[workload]\nwrites-per-second = 3_000\n\
                [replication]\nmin-replicas-to-write = 1\n[[fault]]\nat = \"10m\"\n\
                fail-node = { node = \"g-0001-002\" }\n[[fault]]\nat = \"11m\"\n\
                fail-node = { node = \"g-0002-001\" }\n[[fault]]\nat = \"11m\"\n\
                fail-node = { node = \"g-0003-001\" }\n";
    let plan = with_fixed_times(parse(text).plan);
    let (facts, outcome) = run(&plan, 1, 0);
    let of_first = |is: fn(&Fact) -> Option<ShardId>| -> Vec<u64> {
        let found = facts.iter().filter(|(_, fact)| is(fact) == Some(ShardId(0)));
        found.map(|(at, _)| at.as_nanos() / 1_000_000_000).collect()
    };
    let stops = of_first(|fact| match *fact {
        Fact::WritesStopped { shard, .. } => Some(shard),
        _ => None,
    });
    let resumes = of_first(|fact| match *fact {
        Fact::WritesResumed { shard, .. } => Some(shard),
        _ => None,
    });
    assert_eq!(stops, [610], "once, although there is no majority from about 680 s on");
    let back = facts.iter().find_map(|(at, fact)| match *fact {
        Fact::Replicas(ReplicasFact::Enough { shard: ShardId(0), .. }) => Some(*at),
        _ => None,
    });
    let back = back.expect("its replica is replaced").as_nanos() / 1_000_000_000;
    assert!(resumes.len() == 1 && resumes[0] >= back, "{resumes:?}, and its replica at {back}");
    assert!(outcome.by_phase[Phase::Quorum as usize] > 0);
    assert!(outcome.by_phase[Phase::Replicas as usize] > 0);
}

/// Where nothing is asked for, everything is as without the key.
#[test]
fn zero_is_as_good_as_nothing() {
    let with = |key: &str| {
        let random = "[[fault]]\nnode-failure = { mttf = \"2h\" }\n[[fault]]\naz-failure = { mttf \
                      = \"3h\", duration = \"10m\" }\n";
        plan(2, key, "", &format!("{}{random}", cut(1, 600)))
    };
    let (zero, nothing) = (with("min-replicas-to-write = 0"), with(""));
    assert!(zero == nothing);
    for trial in 0..20 {
        assert_eq!(run(&zero, 7, trial), run(&nothing, 7, trial));
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let check = |replicas: u8, keys: &str, expected: &[&str]| {
        let text = format!(
            "schema = 1\n[run]\nhorizon = \"2h\"\n[group]\nid = \"g\"\nazs = [\"a\", \"b\", \
             \"c\"]\nreplicas = {replicas}\n[replication]\n{keys}\n[[fault]]\nat = \"1h\"\n\
             fail-primary = {{}}\n"
        );
        assert_eq!(codes(&text), expected, "{keys}");
    };
    check(2, "min-replicas-to-write = 0", &[]);
    check(2, "min-replicas-to-write = 1", &[]);
    check(2, "min-replicas-to-write = 2", &["W0922"]);
    check(2, "min-replicas-to-write = 3", &["E0515"]);
    check(2, "min-replicas-to-write = 6", &["E0305"]);
    check(2, "min-replicas-max-lag = \"10s\"", &["W0914"]);
    let lag = |lag: &str| format!("min-replicas-to-write = 1\nmin-replicas-max-lag = \"{lag}\"");
    check(2, &lag("1s"), &[]);
    check(2, &lag("0s"), &["E0302"]);
    check(2, &lag("1500ms"), &["E0302"]);
    check(2, &lag("90y"), &["E0302"]);
}

/// As a policy beside others, on the same faults.
#[test]
fn the_preset_beside_others() {
    let text = "schema = 1\n[run]\nhorizon = \"1y\"\n[group]\nid = \"g\"\nazs = [\"a\", \"b\", \
                \"c\"]\nreplicas = 2\n[replication]\nmin-replicas-to-write = 2\n[[fault]]\n\
                node-failure = { mttf = \"60d\" }\n[[policy]]\npreset = \"multi-az-1x3\"\n\
                [[policy]]\npreset = \"min-replicas-to-write\"\n[[policy]]\npreset = \"single\"\n";
    let study = experiment(text);
    let needed: Vec<u8> =
        study.policies.iter().map(|policy| policy.plan.replication.min_replicas).collect();
    assert_eq!(needed, [0, 1, 0], "others are without it, like the file of each");
    let [plain, guarded] = [0, 1].map(|n| {
        let spec = BatchSpec { seed: 42, trials: 200 };
        batch::run(&study.policies[n].plan, spec).expect("sound trials")
    });
    let outage =
        |tally: &elasticache_sim::montecarlo::tally::Tally| tally.of(Metric::WriteOutage).mean();
    assert!(outage(&guarded) > 1.5 * outage(&plain), "it costs the sync after each failover");
}

/// A silent replica may count for long. Its replacement, once it is heard of, reads the log, and
/// counts when it has.
#[test]
fn who_reads_the_log_does_not_count() {
    let text = format!(
        "schema = 1\n[run]\nhorizon = \"2h\"\n[group]\nid = \"g\"\nengine-version = \"9.0\"\n\
         cluster-mode = \"enabled\"\ndurability = \"sync\"\nazs = [\"a\", \"b\", \"c\"]\n\
         shards = 1\nreplicas = 1\n[control-plane]\ndetector = \"managed\"\n\
         [replication]\n{ONE}\n{}",
        fault("fail-node = { node = \"g-0001-002\" }")
    );
    let mut plan = with_fixed_times(parse(&text).plan);
    plan.replication.max_lag = Span::from_secs(1_200);
    plan.durable_log.restore = FullSync::Law(Law::fixed(Span::from_secs(70)));
    check(&plan, &[(secs(490), secs(560))]);
}

/// Nobody counts who was removed, however short the time since it was heard of.
#[test]
fn who_is_removed_does_not_count() {
    let removed = "[[operation]]\nat = \"11m\"\n\
                   decrease-replica-count = { to = 1, apply-immediately = true }\n";
    let cut = fault("isolate-node = { node = \"g-003\", duration = \"1h\" }");
    let mut plan = plan(2, TWO, "", &(cut + removed));
    plan.replication.max_lag = Span::from_secs(1_200);
    let (facts, _) = run(&plan, 1, 0);
    let is_removal = |fact: &Fact| {
        matches!(fact, Fact::Operation(OperationFact::NodeRemoved { node: NodeId(2) }))
    };
    let at = facts.iter().find(|(_, fact)| is_removal(fact)).expect("it is removed").0;
    let stops = at.as_nanos() - secs(600);
    assert!((secs(60)..secs(1_200)).contains(&stops));
    check(&plan, &[(stops, secs(6_600))]);
}
