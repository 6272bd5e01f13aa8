//! The scripted scenarios of the library, by hand: with fixed times every number is arithmetic,
//! and must come out to the nanosecond and to the nano-write.

use elasticache_sim::model::fact::Phase;
use elasticache_sim::model::plan::HASH_SLOTS;
use elasticache_sim::model::state::WRITE;
use elasticache_sim::montecarlo::batch::{self, BatchSpec};
use elasticache_sim::montecarlo::quantity::Probability;
use elasticache_sim::montecarlo::tally::Tally;
use elasticache_sim::observe::metrics::Metric;
use elasticache_sim::scenario::Experiment;

use crate::support::{load, load_all, run, stories, with_fixed_times};

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

#[test]
fn every_scripted_scenario_is_checked_by_hand() {
    let source = include_str!("library.rs");
    for name in stories() {
        assert!(source.contains(&format!("\"{name}\"")), "{name} has no numbers by hand");
    }
}

/// Within a few parts in a thousand, as the workload's definition says, and 4 standard errors.
#[test]
fn the_yardsticks_have_their_known_means() {
    let check = |name: &str, failovers: f64, outage_s: f64, lost_writes: f64| {
        let scenario = load(name);
        let spec = BatchSpec { seed: scenario.seed, trials: 40_000 };
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
