//! The cluster bus: who agrees on a lost primary, who is elected, and what a minority does. With
//! fixed times every number is arithmetic, and must come out to the nanosecond.

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::time::{SimTime, Span};
use elasticache_sim::model::fact::{BusFact, Fact, Phase};
use elasticache_sim::model::plan::{
    Action, Answer, HASH_SLOTS, Minority, NodeId, Operation, Plan, Scripted, ShardId,
};
use elasticache_sim::model::state::WRITE;
use elasticache_sim::observe::metrics::{Ending, Metric};

use crate::support::{load, parse, run, secs, with_fixed_times};

/// A second in nanoseconds.
const S: u64 = 1_000_000_000;

/// A cluster of `shards` shards, the primary of each in an AZ of its own where there are enough.
fn text(shards: u32, replicas: u32, rest: &str) -> String {
    format!(
        "schema = 1\n[run]\nhorizon = \"2h\"\n[group]\nid = \"g\"\ncluster-mode = \"enabled\"\n\
         azs = [\"a\", \"b\", \"c\"]\nshards = {shards}\nreplicas = {replicas}\n[workload]\n\
         writes-per-second-per-shard = 1_000\ndataset = \"3 GiB\"\n{rest}"
    )
}

fn fault(at: &str, what: &str) -> String {
    format!("[[fault]]\nat = \"{at}\"\n{what}\n")
}

fn lost(at: &str, shard: u32) -> String {
    fault(at, &format!("fail-primary = {{ shard = \"000{shard}\" }}"))
}

/// Suspicion after 18 s, agreement 1 s later, a vote 0.7 s after that; takeover after 45 s. The
/// node timeout is 15 s, so that a retry comes after a minute and a rejoin after 5 s.
fn fixed(text: &str) -> Plan {
    let mut plan = with_fixed_times(parse(text).plan);
    let bus = &mut plan.control_plane.bus;
    bus.suspicion = Law::fixed(secs(18));
    bus.gossip = Law::fixed(secs(1));
    bus.election = Law::fixed(Span::from_nanos(7 * S / 10));
    bus.takeover = Law::fixed(secs(45));
    plan
}

/// When something became true, in nanoseconds.
fn when(facts: &[(SimTime, Fact)], is: impl Fn(&Fact) -> bool) -> Vec<u64> {
    facts.iter().filter(|(_, fact)| is(fact)).map(|(at, _)| at.as_nanos()).collect()
}

fn promoted(facts: &[(SimTime, Fact)]) -> Vec<(u64, NodeId)> {
    let promoted = facts.iter().filter_map(|(at, fact)| match fact {
        Fact::Promoted { to, .. } => Some((at.as_nanos(), *to)),
        _ => None,
    });
    promoted.collect()
}

/// When the writers of a shard stopped and resumed.
fn outages(facts: &[(SimTime, Fact)], of: u16) -> Vec<(u64, u64)> {
    let stops = |f: &Fact| matches!(f, Fact::WritesStopped { shard, .. } if shard.0 == of);
    let resumes = |f: &Fact| matches!(f, Fact::WritesResumed { shard, .. } if shard.0 == of);
    when(facts, stops).into_iter().zip(when(facts, resumes)).collect()
}

#[test]
fn a_majority_elects_a_successor() {
    let plan = fixed(&text(3, 1, &lost("10m", 1)));
    let (facts, outcome) = run(&plan, 1, 0);
    let suspected = |f: &Fact| matches!(f, Fact::Bus(BusFact::Suspected { node: NodeId(0) }));
    assert_eq!(when(&facts, suspected), [618 * S]);
    let elects = |f: &Fact| matches!(f, Fact::Bus(BusFact::ElectionBegan { candidates: 1, .. }));
    assert_eq!(when(&facts, elects), [619 * S]);
    assert_eq!(promoted(&facts), [(619 * S + 7 * S / 10, NodeId(1))]);
    // The slot map changes 3 s later; the other shards never stop.
    assert_eq!(outages(&facts, 0), [(600 * S, 622 * S + 7 * S / 10)]);
    assert_eq!((outages(&facts, 1), outages(&facts, 2)), (vec![], vec![]));
    // Repair is the matter of the managed control plane, which detects after 10 s.
    assert_eq!(when(&facts, |f| matches!(f, Fact::NodeDetected { .. })), [610 * S]);
    assert_eq!(when(&facts, |f| matches!(f, Fact::ReplacementStarted { .. })), [610 * S]);
    let slots = u128::from(plan.shards[0].hash_slots);
    let phase = |phase: Phase| outcome.by_phase[phase as usize] / slots;
    assert_eq!(phase(Phase::Detection), u128::from(19 * S));
    assert_eq!(phase(Phase::Promotion), u128::from(7 * S / 10));
    assert_eq!(phase(Phase::Endpoint), u128::from(3 * S));
    assert_eq!(outcome.raw(Metric::LostWrites), 100 * WRITE);
}

#[test]
fn two_shards_wait_for_the_control_plane_and_refuse_meanwhile() {
    let plan = fixed(&text(2, 1, &lost("10m", 1)));
    let (facts, outcome) = run(&plan, 1, 0);
    let stalls = |f: &Fact| matches!(f, Fact::Bus(BusFact::NoAgreement { shard: ShardId(0) }));
    assert_eq!(when(&facts, stalls), [618 * S]);
    assert_eq!(promoted(&facts), [(645 * S, NodeId(1))]);
    // Both primaries take writes 5 s after the majority is back; the slot map is ready by then.
    assert_eq!(outages(&facts, 0), [(600 * S, 650 * S)]);
    assert_eq!(outages(&facts, 1), [(618 * S, 650 * S)]);
    let slots = u128::from(HASH_SLOTS / 2);
    let quorum = outcome.by_phase[Phase::Quorum as usize] / slots;
    // 27 s until the takeover and 2 s after the slot map, and the other shard's 32 s.
    assert_eq!(quorum, u128::from((27 + 2 + 32) * S));
    let ended_by = |ending: Ending| outcome.by_ending[ending as usize] / slots;
    assert_eq!(ended_by(Ending::Failover), u128::from(50 * S));
    assert_eq!(ended_by(Ending::Majority), u128::from(32 * S), "that of the other shard");
    let server = outcome.raw(Metric::ServerWriteOutage);
    assert_eq!(server, outcome.raw(Metric::WriteOutage), "no node accepts writes before either");
    // Where primaries go on without a majority, the other shard never notices.
    let mut lenient = plan;
    lenient.control_plane.bus.minority = Minority::Serves;
    let (facts, _) = run(&lenient, 1, 0);
    assert_eq!(promoted(&facts), [(645 * S, NodeId(1))]);
    assert_eq!(outages(&facts, 0), [(600 * S, 648 * S)]);
    assert_eq!(outages(&facts, 1), []);
}

#[test]
fn a_single_shard_has_nobody_to_elect_its_primary() {
    let plan = fixed(&text(1, 2, &lost("10m", 1)));
    assert_eq!(promoted(&run(&plan, 1, 0).0), [(645 * S, NodeId(1))]);
    // Nobody is promoted before the loss is suspected, however fast the control plane is.
    let mut fast = plan;
    fast.control_plane.bus.takeover = Law::fixed(secs(2));
    assert_eq!(promoted(&run(&fast, 1, 0).0), [(618 * S, NodeId(1))]);
}

#[test]
fn a_later_rank_has_its_turn_a_second_later() {
    let dies = fault("619500ms", "fail-node = { node = \"g-0001-002\" }");
    let plan = fixed(&text(3, 3, &format!("{}{dies}", lost("10m", 1))));
    assert_eq!(promoted(&run(&plan, 1, 0).0), [(620 * S + 7 * S / 10, NodeId(2))]);
    let both = format!("{dies}{}", fault("620s", "fail-node = { node = \"g-0001-003\" }"));
    let plan = fixed(&text(3, 3, &format!("{}{both}", lost("10m", 1))));
    assert_eq!(promoted(&run(&plan, 1, 0).0), [(621 * S + 7 * S / 10, NodeId(3))]);
}

#[test]
fn the_replica_that_trails_least_comes_first() {
    let mut plan = fixed(&text(3, 3, &lost("10m", 1)));
    plan.replication.lag = Law::uniform(0.0, 10.0 * S as f64).expect("lengths in range");
    for trial in 0..50 {
        let (facts, _) = run(&plan, 1, trial);
        let lags = facts.iter().filter_map(|(_, fact)| match fact {
            Fact::LagFrozen { node, behind, .. } => Some((*behind, *node)),
            _ => None,
        });
        let (_, best) = lags.min().expect("three replicas trail");
        assert_eq!(promoted(&facts), [(619 * S + 7 * S / 10, best)], "trial {trial}");
    }
}

#[test]
fn the_primaries_try_again_when_a_majority_is_back() {
    // Two of three are gone; one of them comes back after 9 s, unnoticed as far as the bus goes.
    let crash = "crash-node = { node = \"g-0002-001\", restart-after = \"9s\" }";
    let mut plan = fixed(&text(3, 1, &format!("{}{}", lost("10m", 1), fault("10m", crash))));
    plan.timing.detection = Law::fixed(secs(5));
    let bus = &mut plan.control_plane.bus;
    bus.node_timeout = secs(1);
    bus.suspicion = Law::fixed(secs(2));
    bus.takeover = Law::fixed(secs(300));
    let (facts, _) = run(&plan, 1, 0);
    // 602, 606, 610: the first time after 609.
    assert_eq!(promoted(&facts), [(610 * S + 7 * S / 10, NodeId(1))]);
    let refused = |f: &Fact| matches!(f, Fact::Bus(BusFact::WritesRefused { .. }));
    let taken = |f: &Fact| matches!(f, Fact::Bus(BusFact::WritesTaken { .. }));
    assert_eq!((when(&facts, refused), when(&facts, taken)), (vec![602 * S], vec![610 * S]));
    // The crashed primary is primary still, though the control plane had missed it.
    let back = |f: &Fact| matches!(f, Fact::EmptyPrimary { shard: ShardId(1), .. });
    assert_eq!(when(&facts, back), [609 * S]);
    assert_eq!(outages(&facts, 1), [(600 * S, 610 * S)]);
    assert_eq!(outages(&facts, 2), [(602 * S, 610 * S)]);
}

#[test]
fn what_was_written_before_a_refusal_has_arrived_when_the_primary_fails() {
    let faults = [lost("10m", 1), lost("10m", 2), lost("640s", 3)].concat();
    let plan = fixed(&text(3, 1, &faults));
    let (facts, outcome) = run(&plan, 1, 0);
    assert_eq!(promoted(&facts).len(), 3);
    // The third has taken no writes for 22 s, and its replica trailed by a tenth of one.
    assert_eq!(outcome.raw(Metric::LostWrites), 2 * 100 * WRITE);
    let mut lenient = plan;
    lenient.control_plane.bus.minority = Minority::Serves;
    assert_eq!(run(&lenient, 1, 0).1.raw(Metric::LostWrites), 3 * 100 * WRITE);
}

#[test]
fn replicas_with_old_data_are_left_to_the_control_plane() {
    // With a node timeout of 15 s data may be 160 s old, 19.7 s of which pass before the vote.
    let check = |lag: u64, at: u64| {
        let mut plan = fixed(&text(3, 1, &lost("10m", 1)));
        plan.replication.lag = Law::fixed(secs(lag));
        assert_eq!(promoted(&run(&plan, 1, 0).0), [(at, NodeId(1))], "a lag of {lag} s");
    };
    check(140, 619 * S + 7 * S / 10);
    check(142, 645 * S);
}

/// MZ-41 and its like go by the control plane, which needs no vote.
#[test]
fn a_test_failover_needs_no_election() {
    let mut plan = fixed(&text(3, 1, &lost("1h", 2)));
    plan.script[0].at = Law::fixed(secs(600));
    plan.script[0] = Scripted {
        action: Action::Operation(Operation::TestFailover {
            shard: ShardId(0),
            answer: Answer::Continue,
        }),
        ..plan.script[0].clone()
    };
    let (facts, _) = run(&plan, 1, 0);
    // A minute until it strikes, and the managed promotion.
    assert_eq!(promoted(&facts), [(662 * S, NodeId(1))]);
    assert!(when(&facts, |f| matches!(f, Fact::Bus(_))).is_empty());
}

/// Domain anchor: with a node timeout of 15 s a primary is followed 17 to 25 s after its loss. By
/// the engine's formulas it is 16 to 25.5 s, and the tails are thin.
#[test]
fn with_the_engines_timeout_it_takes_about_twenty_seconds() {
    let plan = parse(&text(3, 1, &lost("10m", 1))).plan;
    let took: Vec<f64> = (0..1_000)
        .map(|trial| {
            let (at, _) = promoted(&run(&plan, 1, trial).0)[0];
            (at - 600 * S) as f64 / S as f64
        })
        .collect();
    assert!(took.iter().all(|took| (16.0..=25.5).contains(took)));
    let inside = took.iter().filter(|took| (17.0..=25.0).contains(*took)).count();
    assert!(inside >= 950, "{inside} of 1000");
    let mean = took.iter().sum::<f64>() / took.len() as f64;
    // 18.75 + 1.25 + 0.75, with a standard error of 0.07.
    assert!((mean - 20.75).abs() < 0.3, "{mean}");
}

/// The cluster specification: five masters with a replica each; after one failure, a second one
/// takes the other node of the same shard with a chance of 1/9.
#[test]
fn a_second_failure_is_fatal_in_one_of_nine_cases() {
    let any = "fail-node = { node = \"any\" }";
    let plan = parse(&text(5, 1, &[fault("10m", any), fault("11m", any)].concat())).plan;
    let (mut both, mut fatal) = (0_u32, 0_u32);
    for trial in 0..4_000 {
        let (facts, _) = run(&plan, 1, trial);
        if when(&facts, |f| matches!(f, Fact::FaultStruck { .. })).len() == 2 {
            both += 1;
            fatal += u32::from(facts.iter().any(|(_, f)| matches!(f, Fact::DatasetLost { .. })));
        }
    }
    let (share, expected) = (f64::from(fatal) / f64::from(both), 1.0 / 9.0);
    let deviation = (expected * (1.0 - expected) / f64::from(both)).sqrt();
    assert!(both > 3_400, "the second one finds another node in nine of ten trials: {both}");
    assert!((share - expected).abs() < 4.0 * deviation, "{share}");
}

/// Where there is nobody to vote, the takeover is a managed failover by another name.
#[test]
fn a_single_shard_is_as_if_managed() {
    let faults = "[[fault]]\nnode-failure = { mttf = \"20m\" }\n[[fault]]\nat = \"30m\"\n\
                  crash-node = { node = \"any\", restart-after = { uniform = [\"1s\", \"1m\"] } }\n";
    let bus = "[control-plane]\nnode-timeout = \"5s\"\ntakeover = \"12s\"\nminority = \"serve\"\n\
               [timing]\ndetection = \"12s\"\nfull-sync = \"1m\"\n";
    let managed = "[control-plane]\ndetector = \"managed\"\n\
                   [timing]\ndetection = \"12s\"\nfull-sync = \"1m\"\npromotion = \"0s\"\n";
    let (bus, managed) =
        (text(1, 2, &format!("{bus}{faults}")), text(1, 2, &format!("{managed}{faults}")));
    let (bus, managed) = (parse(&bus).plan, parse(&managed).plan);
    let mut failovers = 0;
    for trial in 0..100 {
        let (one, other) = (run(&bus, 1, trial).1, run(&managed, 1, trial).1);
        assert_eq!((one.values, one.by_cause), (other.values, other.by_cause), "trial {trial}");
        failovers += one.raw(Metric::Failovers);
    }
    assert!(failovers > 200, "{failovers} failovers mean little");
}

/// While there is a majority, what happens in one shard is nothing to another.
#[test]
fn shards_with_a_majority_are_strangers() {
    let (first, second) = (lost("10m", 1), lost("605s", 4));
    let alone = parse(&text(5, 2, &first)).plan;
    let together = parse(&text(5, 2, &format!("{first}{second}"))).plan;
    let of_first = |facts: Vec<(SimTime, Fact)>| -> Vec<(u64, u64)> { outages(&facts, 0) };
    for trial in 0..50 {
        let alone = of_first(run(&alone, 1, trial).0);
        assert_eq!(alone.len(), 1);
        assert_eq!(alone, of_first(run(&together, 1, trial).0), "trial {trial}");
    }
}

/// There is no fail-back: primaries stay where failovers took them.
#[test]
fn primaries_drift_and_stay_away() {
    let mut plan = with_fixed_times(load("three-shards-quorum").plan);
    plan.control_plane.bus.takeover = Law::fixed(secs(45));
    let (_, outcome) = run(&plan, 42, 0);
    let slots = plan.shards[0].hash_slots + plan.shards[1].hash_slots;
    // Both primaries of the failed AZ from 45 s after it until the end, hours after its return.
    let displaced = u128::from((4 * 3_600 - 645) * S) * u128::from(slots);
    assert_eq!(outcome.raw(Metric::PrimaryDisplaced), displaced);
    assert_eq!(outcome.raw(Metric::MostPrimariesInOneAz), 2);
    let gathered = [lost("10m", 1), lost("20m", 2)].concat();
    let nodes = |shard: u32, home: &str| {
        format!(
            "[[group.shard]]\nid = \"000{shard}\"\nprimary = {{ node = \"n{shard}1\", az = \
             \"{home}\" }}\nreplicas = [{{ node = \"n{shard}2\", az = \"c\" }}]\n"
        )
    };
    let placed = [nodes(1, "a"), nodes(2, "b"), nodes(3, "c")].concat();
    let placed = text(3, 1, &gathered)
        .replace("azs = [\"a\", \"b\", \"c\"]\nshards = 3\nreplicas = 1\n", &placed);
    let (_, outcome) = run(&fixed(&placed), 1, 0);
    assert_eq!(outcome.raw(Metric::MostPrimariesInOneAz), 3);
}

/// The only replica is cut off while it stands for election, and is back before its primary is.
#[test]
fn whoever_is_cut_off_one_after_the_other_comes_back() {
    let cut = |at: &str, node: &str, duration: &str| {
        let what = format!("isolate-node = {{ node = \"{node}\", duration = \"{duration}\" }}");
        fault(at, &what)
    };
    let faults = cut("1h", "g-0001-001", "25s") + &cut("1h 20s", "g-0001-002", "7s");
    let text = text(2, 1, &faults);
    for plan in [parse(&text).plan, fixed(&text)] {
        for seed in 0..50 {
            let (facts, outcome) = run(&plan, seed, 0);
            let stopped = when(&facts, |fact| matches!(fact, Fact::WritesStopped { .. }));
            let resumed = when(&facts, |fact| matches!(fact, Fact::WritesResumed { .. }));
            assert_eq!(stopped.len(), resumed.len(), "seed {seed}");
            assert!(outcome.raw(Metric::WriteOutage) > 0, "seed {seed}");
        }
    }
}
