//! Every amount is the sum of its parts, to the last nanosecond and nano-write: by fault, by phase,
//! by mechanism, and by single outages and failovers.

use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::engine::time::SimTime;
use elasticache_sim::model::fact::{Cause, Phase};
use elasticache_sim::model::persistence::Durability;
use elasticache_sim::model::plan::Plan;
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::observe::episodes::{DatasetFate, Episodes};
use elasticache_sim::observe::metrics::{Ending, Mechanism, Metric, Metrics, Outcome};

use crate::support::{library, load, parse, secs, with_fixed_times};

/// One trial, in sum and one by one.
fn trial(plan: &Plan, seed: u64, number: u64) -> (Outcome, Episodes) {
    let mut observers = (Metrics::new(plan), Episodes::new(plan));
    let mut trial = Trial::begin(plan, TrialKeys::new(seed).key(number));
    trial.finish(&mut observers);
    observers.1.finish(trial.now());
    (observers.0.finish(trial.now()), observers.1)
}

fn sum(parts: &[u128]) -> u128 {
    parts.iter().sum()
}

fn check(plan: &Plan, seed: u64, number: u64) -> Outcome {
    let (outcome, episodes) = trial(plan, seed, number);
    let what = format!("{}, trial {number}", plan.name);
    let outage = outcome.raw(Metric::WriteOutage);
    assert_eq!(sum(&outcome.by_cause), outage, "{what}: outage by fault");
    assert_eq!(sum(&outcome.by_phase), outage, "{what}: outage by phase");
    assert_eq!(sum(&outcome.by_ending), outage, "{what}: outage by ending");
    let lost = outcome.raw(Metric::LostWrites);
    assert_eq!(sum(&outcome.lost_by_cause), lost, "{what}: lost writes by fault");
    assert_eq!(sum(&outcome.lost_by_mechanism), lost, "{what}: lost writes by mechanism");
    let dataset = outcome.raw(Metric::DatasetLostWrites);
    assert_eq!(sum(&outcome.dataset_lost_by_cause), dataset, "{what}: dataset by fault");

    let mut one_by_one = Outcome::ZERO;
    for outage in &episodes.outages {
        let slots = u128::from(plan.shards[outage.shard.idx()].hash_slots);
        let length = u128::from(outage.length().as_nanos());
        let by_phase: u64 = outage.by_phase.iter().sum();
        assert_eq!(u128::from(by_phase), length, "{what}: phases of an outage");
        one_by_one.by_cause[outage.cause as usize] += length * slots;
        one_by_one.by_ending[outage.ending as usize] += length * slots;
        for (sum, part) in one_by_one.by_phase.iter_mut().zip(outage.by_phase) {
            *sum += u128::from(part) * slots;
        }
        assert!(plan.warm_up <= outage.start && outage.end <= plan.horizon, "{what}: clipped");
    }
    let by_kind: [(&str, &[u128], &[u128]); 3] = [
        ("fault", &one_by_one.by_cause, &outcome.by_cause),
        ("ending", &one_by_one.by_ending, &outcome.by_ending),
        ("phase", &one_by_one.by_phase, &outcome.by_phase),
    ];
    for (kind, single, whole) in by_kind {
        match plan.migration {
            None => assert_eq!(single, whole, "{what}: outages by {kind}"),
            Some(_) => check_clienteles(plan, (single, whole), &format!("{what}: by {kind}")),
        }
    }
    let n_failovers = episodes.failovers.len() as u128;
    assert_eq!(n_failovers, outcome.raw(Metric::Failovers), "{what}: failovers");
    let by_lag: u128 = episodes.failovers.iter().map(|it| it.loss.writes - it.loss.beside).sum();
    if plan.groups.iter().all(|group| group.durability == Durability::Disabled) {
        assert_eq!(by_lag, outcome.lost_by_mechanism[Mechanism::Lag as usize], "{what}: by lag");
    } else {
        assert!(by_lag <= outcome.lost_by_mechanism[Mechanism::Log as usize], "{what}: by log");
    }
    if plan.shards.len() == 1 {
        let longest = episodes.outages.iter().map(|outage| outage.length().as_nanos()).max();
        let metric = outcome.raw(Metric::LongestWriteOutage);
        assert_eq!(u128::from(longest.unwrap_or(0)), metric, "{what}: the longest");
        assert_eq!(episodes.outages.len() as u128, outcome.raw(Metric::WriteOutages), "{what}");
    }
    assert_eq!(outcome.first_write_loss.is_some(), lost > 0, "{what}: first write loss");
    let losses = outcome.raw(Metric::DatasetLosses);
    assert_eq!(outcome.first_dataset_loss.is_some(), losses > 0, "{what}: first dataset loss");
    outcome
}

/// In a migration an outage concerns some of the clients, and others from moment to moment; single
/// outages do not tell which. So the same parts are above zero, and none is more than if all
/// clients had waited for all of it, or less than if one part of them had.
fn check_clienteles(plan: &Plan, (single, whole): (&[u128], &[u128]), what: &str) {
    let cohorts = u128::from(plan.n_cohorts());
    for (single, whole) in single.iter().zip(whole) {
        assert!((*single..=single * cohorts).contains(whole), "{what}: {single}, {whole}");
    }
}

#[test]
fn parts_sum_to_the_whole_in_every_scenario_of_the_library() {
    for name in library() {
        let experiment = crate::support::load_all(&name);
        let trials = if name.starts_with("w2") { 200 } else { 20 };
        for policy in experiment.policies.iter().filter(|policy| policy.plan.nodes.len() < 50) {
            for number in 0..trials {
                check(&policy.plan, experiment.seed, number);
            }
        }
    }
}

#[test]
fn a_harsh_life_with_a_warm_up_has_parts_of_many_kinds() {
    let text = "schema = 1\n[run]\nhorizon = \"60d\"\nwarm-up = \"10d\"\n\
        [[group]]\nid = \"one\"\nazs = [\"a\", \"b\"]\nreplicas = 1\n\
        [[group]]\nid = \"off\"\nazs = [\"a\", \"b\"]\nreplicas = 1\nautomatic-failover = false\n\
        multi-az = false\n\
        [[group]]\nid = \"old\"\nengine = \"redis\"\nengine-version = \"4.0.10\"\n\
        azs = [\"a\", \"b\"]\nreplicas = 1\nmulti-az = true\nsnapshot-retention = 1\n\
        [[group]]\nid = \"log\"\nengine = \"redis\"\nengine-version = \"2.8.21\"\n\
        azs = [\"a\"]\nreplicas = 0\nappend-only-file = true\n\
        [workload]\nwrites-per-second = 100\n\
        [[fault]]\nservice-update = { every = \"9d\", group = \"old\" }\n\
        [[fault]]\nat = \"13d\"\ncrash-node = { node = \"log-001\", restart-after = \"9s\" }\n\
        [[fault]]\nat = \"15d\"\nisolate-node = { node = \"one-001\", duration = \"1h\", \
        writers-beside = 9 }\n\
        [[fault]]\nat = \"15d 6h\"\nisolate-node = { node = \"one-002\", duration = \"1h\", \
        writers-beside = 9 }\n\
        [[fault]]\nnode-failure = { mttf = \"2d\" }\n\
        [[fault]]\naz-failure = { mttf = \"5d\", duration = \"3h\" }\n\
        [[fault]]\ngroup-failure = { mttf = \"20d\" }\n\
        [[fault]]\nat = \"12d\"\nreboot-node = { node = \"one-001\", by = \"customer\" }\n";
    let plan = parse(text).plan;
    let mut causes = [0; Cause::ALL.len()];
    let (mut endings, mut mechanisms) = ([0; Ending::ALL.len()], [0; Mechanism::ALL.len()]);
    let mut phases = [0; Phase::ALL.len()];
    for number in 0..40 {
        let outcome = check(&plan, 3, number);
        let add = |sums: &mut [u128], parts: &[u128]| {
            sums.iter_mut().zip(parts).for_each(|(sum, part)| *sum += part);
        };
        add(&mut causes, &outcome.by_cause);
        add(&mut endings, &outcome.by_ending);
        add(&mut mechanisms, &outcome.lost_by_mechanism);
        add(&mut phases, &outcome.by_phase);
    }
    for cause in [Cause::Node, Cause::Az, Cause::Group, Cause::CustomerReboot] {
        assert!(causes[cause as usize] > 0, "{} opened no outage", cause.name());
    }
    // A restore takes longer than a cold start, which ends the outage before it; and a majority
    // ends none where primaries do not watch each other (`cluster_bus` has those), nor a replica
    // where writes ask for none (`good_replicas`), nor a region where there is no second one, nor a
    // migration where there is none (`migration`).
    let may_come = |ending: &Ending| {
        !matches!(
            ending,
            Ending::Restore | Ending::Majority | Ending::Replica | Ending::Region | Ending::CutOver
        )
    };
    for ending in Ending::ALL.into_iter().filter(may_come) {
        assert!(endings[ending as usize] > 0, "{} ended no outage", ending.name());
    }
    // The group has no durable log, no second region and no migration.
    let is_absent = |it: &Mechanism| {
        matches!(
            it,
            Mechanism::Log
                | Mechanism::Region
                | Mechanism::Migration
                | Mechanism::Diverged
                | Mechanism::Wiped
                | Mechanism::RollBack
        )
    };
    for mechanism in Mechanism::ALL.into_iter().filter(|mechanism| !is_absent(mechanism)) {
        assert!(mechanisms[mechanism as usize] > 0, "{} lost nothing", mechanism.name());
    }
    assert!(phases.iter().filter(|part| **part > 0).count() >= 6, "{phases:?}");
}

#[test]
fn an_outage_is_told_with_its_parts() {
    let mut plan = with_fixed_times(load("primary-failure").plan);
    plan.timing.cold_start = plan.timing.detection.clone();
    let (_, episodes) = trial(&plan, 1, 0);
    let [outage] = episodes.outages.as_slice() else { panic!("one outage") };
    assert_eq!((outage.cause, outage.ending), (Cause::Node, Ending::Failover));
    assert_eq!(outage.start, SimTime::START + secs(600));
    assert_eq!(outage.length(), secs(15));
    let of = |phase: Phase| outage.by_phase[phase as usize] / 1_000_000_000;
    assert_eq!((of(Phase::Detection), of(Phase::Promotion), of(Phase::Endpoint)), (10, 2, 3));
    assert_eq!((outage.failovers, outage.dataset), (1, DatasetFate::Held));
    // 100 ms of 5,000 writes per second.
    assert_eq!(outage.lost_writes, 500 * 1_000_000_000);
    assert_eq!(outage.loss_window.as_secs_f64(), 0.1);
    let [failover] = episodes.failovers.as_slice() else { panic!("one failover") };
    assert_eq!(failover.length(), secs(15));
    assert_eq!(failover.promoted, SimTime::START + secs(612));
    assert_eq!(failover.loss.writes, outage.lost_writes);
}

#[test]
fn what_a_whole_group_loses_is_the_group_s_fault() {
    let plan = load("whole-group").plan;
    let (outcome, episodes) = trial(&plan, 1, 0);
    assert!(outcome.dataset_lost_by_cause[Cause::Group as usize] > 0);
    assert_eq!(episodes.outages[0].dataset, DatasetFate::Lost);
    assert_eq!(episodes.outages[0].ending, Ending::ColdStart);
    let lost = outcome.first_dataset_loss.expect("a lost dataset");
    assert_eq!(lost, SimTime::START + plan.script[0].at.longest());
}
