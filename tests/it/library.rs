//! The scripted scenarios of the library, by hand: with fixed times every number is arithmetic,
//! and must come out to the nanosecond and to the nano-write.

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::time::{SimTime, Span};
use elasticache_sim::model::api::Refusal;
use elasticache_sim::model::fact::{Fact, OperationFact, Phase};
use elasticache_sim::model::plan::HASH_SLOTS;
use elasticache_sim::model::state::WRITE;
use elasticache_sim::montecarlo::batch::{self, BatchSpec};
use elasticache_sim::montecarlo::quantity::Probability;
use elasticache_sim::montecarlo::tally::Tally;
use elasticache_sim::observe::metrics::Metric;
use elasticache_sim::scenario::Experiment;

use crate::support::{load, load_all, run, secs, stories, with_fixed_times};

/// A second in nanoseconds.
const S: u128 = 1_000_000_000;

/// Exact numbers of a trial; seconds and writes are whole here.
#[derive(PartialEq, Eq, Debug, Default)]
struct Expected {
    outage_s: u128,
    server_outage_s: u128,
    outages: u128,
    failovers: u128,
    recreations: u128,
    lost_writes: u128,
    dataset_losses: u128,
    dataset_lost_writes: u128,
    dataset_lost_gib: u128,
    rejected_writes: u128,
    /// Nanoseconds, for a sync need not take whole seconds.
    reduced_ns: u128,
    phases_s: Vec<(Phase, u128)>,
}

fn check(name: &str, expected: &Expected) {
    let plan = with_fixed_times(load(name).plan);
    let (_, outcome) = run(&plan, 42, 0);
    let weighted = S * u128::from(HASH_SLOTS);
    let exactly = |metric: Metric, unit: u128| {
        let raw = outcome.raw(metric);
        assert_eq!(raw % unit, 0, "{name}: {} is {raw}, not whole in {unit}", metric.name());
        raw / unit
    };
    let got = Expected {
        outage_s: exactly(Metric::WriteOutage, weighted),
        server_outage_s: exactly(Metric::ServerWriteOutage, weighted),
        outages: exactly(Metric::WriteOutages, 1),
        failovers: exactly(Metric::Failovers, 1),
        recreations: exactly(Metric::PrimaryRecreations, 1),
        lost_writes: exactly(Metric::LostWrites, WRITE),
        dataset_losses: exactly(Metric::DatasetLosses, 1),
        dataset_lost_writes: exactly(Metric::DatasetLostWrites, WRITE),
        dataset_lost_gib: exactly(Metric::DatasetLostBytes, 1 << 30),
        rejected_writes: exactly(Metric::RejectedWrites, WRITE),
        reduced_ns: exactly(Metric::ReducedRedundancy, u128::from(HASH_SLOTS)),
        phases_s: Phase::ALL
            .into_iter()
            .map(|phase| (phase, outcome.by_phase[phase as usize] / weighted))
            .filter(|(_, seconds)| *seconds > 0)
            .collect(),
    };
    assert_eq!(got, *expected, "{name}");
    assert_eq!(outcome.by_phase.iter().sum::<u128>(), outcome.raw(Metric::WriteOutage));
    assert_eq!(outcome.by_cause.iter().sum::<u128>(), outcome.raw(Metric::WriteOutage));
}

/// Detection 10 s, promotion 2 s, endpoint 3 s; 5,000 writes/s.
fn one_failover(reduced_s: u128) -> Expected {
    Expected {
        outage_s: 15,
        server_outage_s: 12,
        outages: 1,
        failovers: 1,
        lost_writes: 500,
        rejected_writes: 75_000,
        reduced_ns: reduced_s * S,
        phases_s: vec![(Phase::Detection, 10), (Phase::Promotion, 2), (Phase::Endpoint, 3)],
        ..Expected::default()
    }
}

#[test]
fn primary_failure() {
    // The replacement begins at detection and has its copy 480 + 144 s later.
    check("primary-failure", &one_failover(10 + 480 + 144));
}

#[test]
fn primary_failure_without_failover() {
    check(
        "primary-failure-no-failover",
        &Expected {
            outage_s: 634,
            server_outage_s: 634,
            outages: 1,
            recreations: 1,
            lost_writes: 500,
            rejected_writes: 634 * 5_000,
            // The replicas copy everything from the recreated primary.
            reduced_ns: (634 + 144) * S,
            phases_s: vec![(Phase::Detection, 10), (Phase::Provisioning, 480), (Phase::Sync, 144)],
            ..Expected::default()
        },
    );
}

#[test]
fn primary_and_one_of_two_replicas() {
    check("primary-and-replica", &one_failover(10 + 480 + 144));
}

#[test]
fn whole_group() {
    check(
        "whole-group",
        &Expected {
            outage_s: 495,
            server_outage_s: 495,
            outages: 1,
            dataset_losses: 1,
            dataset_lost_writes: 3_000_000,
            dataset_lost_gib: 8,
            rejected_writes: 495 * 5_000,
            // What there is to copy after a cold start is nothing, in no time.
            reduced_ns: (495) * S,
            phases_s: vec![
                (Phase::Detection, 10),
                (Phase::Provisioning, 480),
                (Phase::ColdStart, 5),
            ],
            ..Expected::default()
        },
    );
}

#[test]
fn az_outage_with_nodes_in_three_azs() {
    check("az-outage", &one_failover(7_200 + 480 + 144));
}

#[test]
fn az_outage_with_all_nodes_in_one() {
    check(
        "az-outage-one-az",
        &Expected {
            outage_s: 7_685,
            server_outage_s: 7_685,
            outages: 1,
            dataset_losses: 1,
            dataset_lost_writes: 3_000_000,
            dataset_lost_gib: 8,
            rejected_writes: 7_685 * 5_000,
            reduced_ns: (7_685) * S,
            phases_s: vec![
                (Phase::Detection, 10),
                (Phase::WaitingForAz, 7_190),
                (Phase::Provisioning, 480),
                (Phase::ColdStart, 5),
            ],
            ..Expected::default()
        },
    );
}

#[test]
fn replica_failure() {
    check("replica-failure", &Expected { reduced_ns: (10 + 480 + 144) * S, ..Expected::default() });
}

#[test]
fn customer_reboot_of_the_primary() {
    check(
        "customer-reboot",
        &Expected {
            outage_s: 120,
            server_outage_s: 120,
            outages: 1,
            dataset_losses: 1,
            dataset_lost_writes: 3_000_000,
            dataset_lost_gib: 8,
            rejected_writes: 120 * 5_000,
            reduced_ns: (120) * S,
            phases_s: vec![(Phase::Restart, 120)],
            ..Expected::default()
        },
    );
}

#[test]
fn crash_faster_than_detection() {
    check(
        "crash-faster-than-detection",
        &Expected {
            outage_s: 2,
            server_outage_s: 2,
            outages: 1,
            dataset_losses: 1,
            dataset_lost_writes: 3_000_000,
            dataset_lost_gib: 8,
            rejected_writes: 10_000,
            reduced_ns: (2) * S,
            phases_s: vec![(Phase::Detection, 2)],
            ..Expected::default()
        },
    );
}

#[test]
fn crash_slower_than_detection() {
    check("crash-slower-than-detection", &one_failover(300 + 144));
}

#[test]
fn isolated_primary() {
    // The cut ends after 600 s, and the old primary has its copy 144 s later. It takes 1,000 writes
    // a second until the promotion after 12 s.
    let expected = Expected {
        lost_writes: 500 + 12 * 1_000,
        rejected_writes: 75_000 - 12 * 1_000,
        ..one_failover(600 + 144)
    };
    check("isolated-primary", &expected);
}

/// The peers suspect after 18 s, agree in 1 s and elect in 0.7 s; the primary itself stops at 18 s.
#[test]
fn isolated_primary_in_a_cluster() {
    let mut plan = with_fixed_times(load("isolated-primary-cluster").plan);
    let bus = &mut plan.control_plane.bus;
    bus.suspicion = Law::fixed(secs(18));
    bus.gossip = Law::fixed(secs(1));
    bus.election = Law::fixed(Span::from_nanos(700_000_000));
    let (_, outcome) = run(&plan, 42, 0);
    let outage = 22_700_000_000 * u128::from(plan.shards[0].hash_slots);
    assert_eq!(outcome.raw(Metric::WriteOutage), outage, "the slot map follows 3 s later");
    assert_eq!(outcome.raw(Metric::Failovers), 1);
    let rate = u128::from(plan.shards[0].writes_per_sec);
    let beside = 18 * 1_000 * WRITE;
    assert_eq!(outcome.raw(Metric::LostWrites), rate * WRITE / 10 + beside);
    assert_eq!(outcome.raw(Metric::RejectedWrites), rate * WRITE * 227 / 10 - beside);
}

#[test]
fn second_failure_with_one_replica() {
    // At 13:00 node 002 is alone with the data; node 001 is provisioned at 10:00 + 490 s.
    check(
        "second-failure-1x2",
        &Expected {
            outage_s: 15 + 315,
            server_outage_s: 12 + 315,
            outages: 2,
            failovers: 1,
            lost_writes: 500,
            dataset_losses: 1,
            dataset_lost_writes: 3_000_000 - 500 + (180 - 15) * 5_000,
            dataset_lost_gib: 8,
            rejected_writes: 330 * 5_000,
            // Node 002 is detected at 13:10 and provisioned 480 s later, with little to copy
            // (175 s of 5,000 writes of 512 B), at 18 s per GiB.
            reduced_ns: (180 + 490) * S + 18 * S * (175 * 5_000 * 512) / (1 << 30),
            phases_s: vec![
                (Phase::Detection, 10 + 10),
                (Phase::Promotion, 2),
                (Phase::Endpoint, 3),
                (Phase::Provisioning, 300),
                (Phase::ColdStart, 5),
            ],
            ..Expected::default()
        },
    );
}

#[test]
fn second_failure_with_two_replicas() {
    check(
        "second-failure-1x3",
        &Expected {
            outage_s: 30,
            server_outage_s: 24,
            outages: 2,
            failovers: 2,
            lost_writes: 1_000,
            rejected_writes: 150_000,
            // Node 002 is provisioned 490 s after 13:00 and syncs last.
            reduced_ns: (180 + 490 + 144) * S,
            phases_s: vec![(Phase::Detection, 20), (Phase::Promotion, 4), (Phase::Endpoint, 6)],
            ..Expected::default()
        },
    );
}

#[test]
fn two_shards_lose_the_az_of_both_primaries() {
    // Both shards at once, with half the writes and half the data each.
    check("two-shards-az-outage", &Expected { failovers: 2, ..one_failover(7_200 + 480 + 72) });
}

/// A test of a primary, whose failover needs no detection: promotion 2 s, endpoint 3 s. Its
/// recovery begins 40 s later, and a planned replacement takes 600 s.
fn one_test(lost_writes: u128, sync_s: u128) -> Expected {
    Expected {
        outage_s: 5,
        server_outage_s: 2,
        outages: 1,
        failovers: 1,
        lost_writes,
        rejected_writes: 5 * 10 * lost_writes,
        reduced_ns: (2 + 40 + 600 + sync_s) * S,
        phases_s: vec![(Phase::Promotion, 2), (Phase::Endpoint, 3)],
        ..Expected::default()
    }
}

#[test]
fn test_failover() {
    check("test-failover", &one_test(500, 144));
}

/// What was refused in a trial with fixed times, and after how many seconds.
fn refused(name: &str) -> Vec<(u64, Refusal)> {
    let plan = with_fixed_times(load(name).plan);
    let refused = |(at, fact): &(SimTime, Fact)| match *fact {
        Fact::Operation(OperationFact::Refused { refusal, .. }) => {
            Some((at.as_nanos() / 1_000_000_000, refusal))
        }
        _ => None,
    };
    run(&plan, 42, 0).0.iter().filter_map(refused).collect()
}

#[test]
fn sixteen_test_failovers_and_a_quota_of_fifteen() {
    // Each of the 16 costs a sixteenth of the slots what one costs alone, and copies 2 GiB.
    let expected = Expected { outages: 16, failovers: 16, ..one_test(1_600, 36) };
    check("test-failover-quota", &expected);
    assert_eq!(refused("test-failover-quota"), [(15 * 3_600, Refusal::TestQuota)]);
}

#[test]
fn promotion_by_hand() {
    // Failover is off from 12:00; the failure at 12:30 is detected at 12:40, the promotion done at
    // 13:00, in the third step, and the endpoint follows. The lost node is replaced meanwhile.
    check(
        "promotion-by-hand",
        &Expected {
            outage_s: 33,
            server_outage_s: 30,
            phases_s: vec![(Phase::Detection, 10), (Phase::Endpoint, 3), (Phase::Provisioning, 20)],
            rejected_writes: 33 * 5_000,
            ..one_failover(10 + 480 + 144)
        },
    );
    // The other replica has its copy 144 s after the promotion: until then, once a minute.
    let expected = [13, 14, 15].map(|minute| (minute * 60, Refusal::NoAvailableReplica));
    assert_eq!(refused("promotion-by-hand"), expected);
}

#[test]
fn service_update_interrupted() {
    // Node 002 is replaced from 10:00 on. The primary, lost at 15:00, is back with its data 634 s
    // later, long after node 002. A hand-over 100 s after that makes node 002 copy again, and 40 s
    // after its copy the last node's turn comes.
    let interrupted = 300 + 634;
    check("service-update-interrupted", &one_failover(interrupted + 144 + 600 + 144));
}

/// Two of three primaries are lost with their AZ; everybody notices after 18 s, the control plane
/// steps in after 45 s, and the primaries take writes 5 s after the majority is back.
#[test]
fn three_shards_lose_their_quorum() {
    let mut plan = with_fixed_times(load("three-shards-quorum").plan);
    plan.control_plane.bus.suspicion = Law::fixed(secs(18));
    plan.control_plane.bus.takeover = Law::fixed(secs(45));
    let (_, outcome) = run(&plan, 42, 0);
    let slots = |shard: usize| u128::from(plan.shards[shard].hash_slots);
    let outage = (slots(0) + slots(1)) * 50 * S + slots(2) * (50 - 18) * S;
    assert_eq!(outcome.raw(Metric::WriteOutage), outage);
    assert_eq!(outcome.raw(Metric::ServerWriteOutage), outage, "the slot map is ready by then");
    assert_eq!(outcome.by_phase[Phase::Detection as usize], (slots(0) + slots(1)) * 18 * S);
    // 27 s until the control plane steps in and 2 s after the slot map; the third shard's 32 s.
    let quorum = (slots(0) + slots(1)) * 29 * S + slots(2) * 32 * S;
    assert_eq!(outcome.by_phase[Phase::Quorum as usize], quorum);
    assert_eq!(outcome.raw(Metric::Failovers), 2);
    let rate = |shard: usize| u128::from(plan.shards[shard].writes_per_sec);
    assert_eq!(outcome.raw(Metric::LostWrites), (rate(0) + rate(1)) * WRITE / 10);
    let rejected = (rate(0) + rate(1)) * 50 + rate(2) * 32;
    assert_eq!(outcome.raw(Metric::RejectedWrites), rejected * WRITE);
    assert_eq!(outcome.raw(Metric::DatasetLosses), 0);
}

/// The gap of 4 s in each update of the old engine, and a pause of half a second with the new one.
#[test]
fn maintenance_of_an_old_engine_and_of_a_new_one() {
    let experiment = load_all("maintenance-4-0-10-against-7-1");
    let outcome = |policy: &str| {
        let found = experiment.policies.iter().find(|candidate| candidate.name == policy);
        let plan = with_fixed_times(found.expect("it is there").plan.clone());
        run(&plan, 42, 0).1
    };
    let (old, new) = (outcome("Redis OSS 4.0.10"), outcome("Redis OSS 7.1"));
    let weighted = S * u128::from(HASH_SLOTS);
    assert_eq!(old.raw(Metric::WriteOutage), 4 * weighted);
    assert_eq!(old.raw(Metric::RejectedWrites), 4 * 5_000 * WRITE);
    assert_eq!(old.raw(Metric::HandoverPause), 0);
    assert_eq!((new.raw(Metric::WriteOutage), new.raw(Metric::RejectedWrites)), (0, 0));
    assert_eq!(new.raw(Metric::HandoverPause), weighted / 2);
    for outcome in [old, new] {
        assert_eq!(outcome.raw(Metric::Handovers), 1);
        assert_eq!((outcome.raw(Metric::LostWrites), outcome.raw(Metric::Failovers)), (0, 0));
        // Two nodes, each with a new host and a copy of 8 GiB.
        assert_eq!(outcome.raw(Metric::ReducedRedundancy), 2 * (600 + 144) * weighted);
    }
}

/// Each timeline's numbers by hand: what its group serves while the log is written.
#[test]
fn timelines_from_the_field() {
    // 100 MiB at 18 s per GiB, which with writes of 512 B comes out to the nanosecond.
    let sync_ns = S * 18 * 100 / 1_024;
    check(
        "timeline-a-test-failover",
        &Expected { reduced_ns: (2 + 40 + 600) * S + sync_ns, ..one_test(100, 0) },
    );
    // Two nodes, one after the other, and no write refused.
    let update = Expected { reduced_ns: 2 * (600 * S + sync_ns), ..Expected::default() };
    check("timeline-b-service-update", &update);
    // Three restarts of 2 s with a copy each; the hand-over makes the third node copy once more.
    let patch = Expected { reduced_ns: 3 * 2 * S + 4 * sync_ns, ..Expected::default() };
    check("timeline-c-patch", &patch);
}

#[test]
fn every_scripted_scenario_is_checked_by_hand() {
    let source = [include_str!("library.rs"), include_str!("library_migrations.rs")].concat();
    for name in stories() {
        assert!(source.contains(&format!("\"{name}\"")), "{name} has no numbers by hand");
    }
}

/// Within a few parts in a thousand, as the workload's definition says, and 4 standard errors.
#[test]
fn the_yardsticks_have_their_known_means() {
    let check = |name: &str, failovers: f64, outage_s: f64, lost_writes: f64| {
        let scenario = load(name);
        let spec = BatchSpec { seed: scenario.seed, trials: 20_000 };
        let summary = batch::run(&scenario.plan, spec).expect("a sound trial");
        for (metric, expected) in [
            (Metric::Failovers, failovers),
            (Metric::WriteOutage, outage_s),
            (Metric::LostWrites, lost_writes),
        ] {
            let moments = summary.of(metric);
            let error = moments.standard_error().expect("many trials");
            let band = 4.0 * error + 0.004 * expected;
            assert!(
                (moments.mean() - expected).abs() < band,
                "{name}: {} is {} ± {error}, not {expected}",
                metric.name(),
                moments.mean()
            );
        }
    };
    check("w2-harsh", 13.17, 461.0, 330.0);
    check("w2-calm", 2.00, 70.0, 50.0);
}

/// Given that a node fails, by hand: the share of trials in which it is the primary, times what
/// losing the primary costs.
#[test]
fn given_a_node_fails() {
    let experiment = load_all("given-a-node-fails");
    let check = |policy: &str, share: f64, primary_s: f64, losses: f64| {
        let plan = experiment.policies.iter().find(|p| p.name == policy).expect("it is there");
        let plan = with_fixed_times(plan.plan.clone());
        let spec = BatchSpec { seed: experiment.seed, trials: 2_000 };
        let summary = batch::run(&plan, spec).expect("a sound trial");
        let outage = summary.of(Metric::WriteOutage);
        let band = 4.0 * primary_s * (share * (1.0 - share) / 2_000.0).sqrt();
        let expected = share * primary_s;
        let mean = outage.mean();
        assert!((mean - expected).abs() <= band, "{policy}: {mean}, not {expected} ± {band}");
        assert_eq!(summary.hits(Probability::DatasetLoss) as f64, losses * 2_000.0, "{policy}");
    };
    check("two replicas", 1.0 / 3.0, 15.0, 0.0);
    check("one replica", 1.0 / 2.0, 15.0, 0.0);
    // Detection, a new host, and a cold start.
    check("no replica", 1.0, 495.0, 1.0);
    // Detection, a new host, and a full copy.
    check("two, no failover", 1.0 / 3.0, 634.0, 0.0);
    check("one, no failover", 1.0 / 2.0, 634.0, 0.0);
}

/// What a policy of a study comes to in a few trials.
fn of_policy(experiment: &Experiment, policy: &str, trials: u64) -> Tally {
    let found = experiment.policies.iter().find(|candidate| candidate.name == policy);
    let plan = &found.unwrap_or_else(|| panic!("no policy {policy}")).plan;
    batch::run(plan, BatchSpec { seed: experiment.seed, trials }).expect("a sound trial")
}

/// What the story of the study asks to look at is there to be seen.
#[test]
fn policy_study() {
    let experiment = load_all("policy-study");
    assert_eq!(experiment.policies.len(), 8);
    assert!(experiment.policies.iter().all(|policy| policy.name.len() <= 24), "they head rows");
    let of = |policy: &str| of_policy(&experiment, policy, 500);
    let outage = |summary: &Tally| summary.of(Metric::WriteOutage).mean();
    let lost = |summary: &Tally| summary.of(Metric::LostWrites).mean();
    let reference = of("Multi-AZ, 1+2");
    let (fast, slow) = (of("detects in 1 to 3 s"), of("detects in a minute"));
    assert!(outage(&fast) < 0.7 * outage(&reference) && outage(&reference) < 0.5 * outage(&slow));
    assert_eq!((lost(&fast), lost(&slow)), (lost(&reference), lost(&reference)));
    for blind in ["promotes at random", "promotes lowest id"] {
        let blind = of(blind);
        assert!(lost(&blind) > 1.5 * lost(&reference));
        assert!((outage(&blind) / outage(&reference) - 1.0).abs() < 0.05);
    }
    assert!(lost(&of("one replica")) > 1.5 * lost(&reference));
    assert!(outage(&of("no failover")) > 3_600.0, "writes wait for the AZ");
    assert_eq!(of("all in one AZ").hits(Probability::DatasetLoss), 500);
    assert_eq!(reference.hits(Probability::DatasetLoss), 0);
}

/// Likewise.
#[test]
fn capacity_planning() {
    const TRIALS: u64 = 3_000;
    let experiment = load_all("capacity-planning");
    assert_eq!(experiment.policies.len(), 18, "no cell is skipped");
    let cell = |azs: &str, replicas: u64| {
        let name = format!("group.azs=[{azs}], group.replicas={replicas}");
        of_policy(&experiment, &name, TRIALS)
    };
    let azs = ["\"az1\"", "\"az1\", \"az2\"", "\"az1\", \"az2\", \"az3\""];
    let bare = azs.map(|azs| cell(azs, 0));
    let share = bare[0].hits(Probability::DatasetLoss) as f64 / TRIALS as f64;
    // One node in ten years, and its AZ in fifty with a chance of one half: 0.104 in a year.
    let deviation = (0.104_f64 * 0.896 / TRIALS as f64).sqrt();
    assert!((share - 0.104).abs() < 4.0 * deviation, "{share}");
    // An AZ without a node changes nothing.
    for other in &bare[1..] {
        assert_eq!(other.values(Metric::WriteOutage), bare[0].values(Metric::WriteOutage));
    }
    let (two, three) = (cell(azs[1], 1), cell(azs[2], 1));
    assert_eq!(two.values(Metric::WriteOutage), three.values(Metric::WriteOutage));
    let crowded = cell(azs[0], 2);
    assert!(two.hits(Probability::DatasetLoss) < crowded.hits(Probability::DatasetLoss));
    assert!(crowded.hits(Probability::DatasetLoss) < bare[0].hits(Probability::DatasetLoss));
}

/// Likewise.
#[test]
fn min_replicas() {
    const TRIALS: u64 = 1_000;
    let experiment = load_all("min-replicas");
    let of = |policy: &str| of_policy(&experiment, policy, TRIALS);
    let mean = |tally: &Tally, metric| tally.of(metric).mean();
    let lost = |tally: &Tally| mean(tally, Metric::LostWrites);
    let outage = |tally: &Tally| mean(tally, Metric::WriteOutage);
    let free = of("1+2, N = 0");
    // The cut loses 600 s of 1,000 writes a second, or 10 s of them.
    assert!(lost(&free) > 595_000.0, "{}", lost(&free));
    let [one, two] = ["1+2, N = 1", "1+2, N = 2"].map(of);
    for guarded in [&one, &two] {
        assert!((10_000.0..25_000.0).contains(&lost(guarded)), "{}", lost(guarded));
    }
    let (small, small_free) = (of("1+1, N = 1"), of("1+1, N = 0"));
    assert!(lost(&small) < 0.1 * lost(&small_free));
    assert!(outage(&free) < outage(&one), "it has its price");
    assert!(2.0 * outage(&one) < outage(&two) && 2.0 * outage(&one) < outage(&small));
}

/// Likewise.
#[test]
fn ways_to_run_a_group() {
    const TRIALS: u64 = 5_000;
    let experiment = load_all("ways-to-run-a-group");
    let of = |policy: &str| of_policy(&experiment, policy, TRIALS);
    let outage = |tally: &Tally| tally.of(Metric::WriteOutage).mean();
    let lost = |tally: &Tally| tally.hits(Probability::DatasetLoss) as f64 / TRIALS as f64;
    let (reference, manual) = (of("multi-az-1x2"), of("replicas-no-multi-az"));
    assert!(outage(&manual) > 20.0 * outage(&reference), "the switch is what shortens it");
    let (single, crowded) = (of("single"), of("multi-az-one-az"));
    // Node, AZ and group: 0.1, 0.02 and 0.005 a year, within 4 standard errors.
    let check = |tally: &Tally, per_year: f64| {
        let share = 1.0 - (-per_year).exp();
        let deviation = (share * (1.0 - share) / TRIALS as f64).sqrt();
        assert!((lost(tally) - share).abs() < 4.0 * deviation, "{}, not {share}", lost(tally));
    };
    check(&single, 0.125);
    check(&crowded, 0.025);
    check(&reference, 0.005);
    check(&of("multi-az-1x3"), 0.005);
    let saved = of("snapshots-daily");
    assert_eq!(saved.hits(Probability::DatasetLoss), reference.hits(Probability::DatasetLoss));
    let gone = |tally: &Tally| tally.of(Metric::DatasetLostBytes).mean();
    assert!(gone(&saved) < 0.1 * gone(&reference), "a snapshot gives most of it back");
}
