//! Relations between runs that must hold to the bit.

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::engine::time::{SimTime, Span};
use elasticache_sim::model::fact::{Fact, Target};
use elasticache_sim::model::plan::{NodeId, Plan};
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::observe::metrics::{Metric, Metrics};
use elasticache_sim::observe::trace::Recorder;
use elasticache_sim::scenario::Policy;

use crate::support::{library, load, load_all, parse, run, secs, stories, with_fixed_times};

const TRIALS: u64 = 20;

/// Random years with everything in them, short enough for many.
const BUSY: &str = r#"
schema = 1
[run]
horizon = "60d"
[group]
id = "g"
azs = ["a", "b", "c"]
replicas = 2
[[fault]]
node-failure = { mttf = "10d" }
[[fault]]
az-failure = { mttf = "20d", duration = { exponential = { mean = "2h" } }, share = { uniform = [0.0, 1.0] } }
[[fault]]
group-failure = { mttf = "40d" }
[[fault]]
at = "5d"
reboot-node = { node = "g-001", by = "customer" }
"#;

#[test]
fn observers_make_no_difference() {
    for name in library() {
        for Policy { name: policy, plan, .. } in load_all(&name).policies {
            for trial in 0..TRIALS.min(3) {
                let key = TrialKeys::new(42).key(trial);
                let mut watched = Trial::begin(&plan, key);
                watched.finish(&mut (Metrics::new(&plan), Recorder::default()));
                let mut alone = Trial::begin(&plan, key);
                alone.finish(&mut ());
                assert_eq!(watched.state(), alone.state(), "{name}, {policy}, trial {trial}");
                assert_eq!(watched.n_events(), alone.n_events(), "{name}, {policy}");
            }
        }
    }
}

#[test]
fn a_restarted_trial_is_a_new_one() {
    let plan = parse(BUSY).plan;
    let mut keys = TrialKeys::new(1);
    let mut reused = Trial::begin(&plan, keys.key(99));
    for trial in 0..TRIALS {
        let key = keys.key(trial);
        let (mut a, mut b) = (Recorder::default(), Recorder::default());
        reused.restart(key);
        reused.finish(&mut a);
        Trial::begin(&plan, key).finish(&mut b);
        assert_eq!(a, b, "trial {trial}");
    }
}

#[test]
fn a_clone_goes_on_like_its_original() {
    let plan = parse(BUSY).plan;
    for trial in 0..TRIALS {
        let mut original = Trial::begin(&plan, TrialKeys::new(1).key(trial));
        original.run_until(SimTime::START + secs(30 * 86_400), &mut ());
        let mut copy = original.clone();
        let (mut a, mut b) = (Recorder::default(), Recorder::default());
        original.finish(&mut a);
        copy.finish(&mut b);
        assert_eq!(a, b, "trial {trial}");
        assert_eq!(original.state(), copy.state());
    }
}

#[test]
fn a_longer_horizon_only_adds() {
    let short = parse(BUSY).plan;
    let mut long = short.clone();
    long.horizon = SimTime::START + secs(90 * 86_400);
    for trial in 0..TRIALS {
        let (short_facts, _) = run(&short, 1, trial);
        let (long_facts, _) = run(&long, 1, trial);
        assert!(long_facts.starts_with(&short_facts), "trial {trial}");
        assert!(long_facts.len() > short_facts.len(), "trial {trial}");
    }
}

#[test]
fn twice_the_writes_lose_twice_as_many_and_last_as_long() {
    let once = parse(BUSY).plan;
    let mut twice = once.clone();
    twice.shards[0].writes_per_sec *= 2;
    // Full syncs after a dataset loss depend on what was written; keep them equal.
    twice.workload.write_bytes /= 2;
    for trial in 0..TRIALS {
        let (_, a) = run(&once, 1, trial);
        let (_, b) = run(&twice, 1, trial);
        for metric in [Metric::LostWrites, Metric::DatasetLostWrites, Metric::RejectedWrites] {
            assert_eq!(b.raw(metric), 2 * a.raw(metric), "{}", metric.name());
        }
        for metric in [Metric::WriteOutage, Metric::LossWindow, Metric::Failovers] {
            assert_eq!(b.raw(metric), a.raw(metric), "{}", metric.name());
        }
    }
}

#[test]
fn an_unrelated_group_changes_nothing() {
    let alone = parse(BUSY).plan;
    let second = "[[group]]\nid = \"other\"\nazs = [\"a\", \"b\", \"c\"]\nreplicas = 1\n";
    let text = BUSY
        .replace("[group]", "[[group]]")
        .replace("[[fault]]\nnode-failure", &format!("{second}[[fault]]\nnode-failure"))
        .replace("group-failure = {", "group-failure = { group = \"g\",");
    let together = parse(&text).plan;
    let n_nodes = alone.nodes.len();
    for trial in 0..TRIALS {
        let (facts, _) = run(&alone, 1, trial);
        let (mixed, _) = run(&together, 1, trial);
        let of_first = |fact: &Fact| match *fact {
            Fact::FaultStruck { target: Target::Node(node), .. }
            | Fact::NodeDown { node, .. }
            | Fact::LagFrozen { node, .. }
            | Fact::NodeDetected { node }
            | Fact::ReplacementWaits { node }
            | Fact::ReplacementStarted { node }
            | Fact::NodeReplaced { node }
            | Fact::ProcessBack { node }
            | Fact::Flushed { node }
            | Fact::SyncStarted { node, .. }
            | Fact::SyncStopped { node }
            | Fact::Synced { node }
            | Fact::Reattached { node, .. }
            | Fact::Recovered { node } => node.idx() < n_nodes,
            Fact::PrimaryStopped { shard }
            | Fact::PrimaryServes { shard, .. }
            | Fact::WritesStopped { shard, .. }
            | Fact::WritesResumed { shard, .. }
            | Fact::PhaseBegan { shard, .. }
            | Fact::FailoverBegan { shard }
            | Fact::FailoverFailed { shard }
            | Fact::FailoverGivenUp { shard }
            | Fact::Promoted { shard, .. }
            | Fact::PrimaryRecreated { shard, .. }
            | Fact::EndpointUpdated { shard, .. }
            | Fact::DatasetLost { shard, .. }
            | Fact::ColdStartBegan { shard, .. }
            | Fact::ColdStarted { shard, .. }
            | Fact::EmptyPrimary { shard, .. }
            | Fact::HandedOver { shard, .. }
            | Fact::Copies { shard, .. } => shard.0 == 0,
            Fact::FaultStruck { .. }
            | Fact::FaultMissed { .. }
            | Fact::AzDown { .. }
            | Fact::AzUp { .. } => true,
            Fact::Isolation(_) => unreachable!("nobody is cut off here"),
            Fact::Migration(_) => unreachable!("nobody migrates here"),
            Fact::Replicas(_) => unreachable!("nobody asks for replicas here"),
            Fact::Bus(_) => unreachable!("the control plane watches these groups"),
            Fact::Operation(_) => unreachable!("nobody calls the API here"),
            Fact::Backup(_) => unreachable!("nothing outlives memory here"),
        };
        let mixed: Vec<_> = mixed.into_iter().filter(|(_, fact)| of_first(fact)).collect();
        assert_eq!(facts, mixed, "trial {trial}");
    }
}

#[test]
fn one_more_replica_moves_nobody_elses_life() {
    let two = parse(BUSY).plan;
    let three = parse(&BUSY.replace("replicas = 2", "replicas = 3")).plan;
    let first_losses = |plan: &Plan, trial| {
        let mut plan = plan.clone();
        plan.az_failures.clear();
        plan.group_failures.clear();
        plan.script.clear();
        let (facts, _) = run(&plan, 1, trial);
        let first = |node: NodeId| {
            let down = |f: &Fact| matches!(f, Fact::NodeDown { node: other, .. } if *other == node);
            facts.iter().find(|(_, fact)| down(fact)).map(|(at, _)| *at)
        };
        [NodeId(0), NodeId(1), NodeId(2)].map(first)
    };
    for trial in 0..TRIALS {
        assert_eq!(first_losses(&two, trial), first_losses(&three, trial), "trial {trial}");
    }
}

#[test]
fn weibull_of_shape_one_is_exponential_to_the_bit() {
    let exponential = parse(BUSY).plan;
    let text = BUSY.replace(
        "node-failure = { mttf = \"10d\" }",
        "node-failure = { lifetime = { weibull = { mean = \"10d\", shape = 1.0 } } }",
    );
    assert_ne!(text, BUSY);
    let weibull = parse(&text).plan;
    for trial in 0..TRIALS {
        assert_eq!(run(&exponential, 1, trial), run(&weibull, 1, trial), "trial {trial}");
    }
}

#[test]
fn the_order_of_unlike_faults_in_the_file_is_nothing() {
    let blocks: Vec<&str> = BUSY.split("[[fault]]").collect();
    let mut swapped = blocks.clone();
    swapped[1..].reverse();
    let (a, b) = (parse(BUSY).plan, parse(&swapped.join("[[fault]]")).plan);
    for trial in 0..TRIALS {
        assert_eq!(run(&a, 1, trial), run(&b, 1, trial), "trial {trial}");
    }
}

/// All times of a scripted scenario, scaled by k, scale what they add up to by k.
#[test]
fn scaling_all_times_scales_all_outages() {
    const K: u64 = 7;
    let scaled = |law: &Law| match law {
        Law::Fixed(span) => Law::fixed(Span::from_nanos(span.as_nanos() * K)),
        other => panic!("{other:?} is not fixed"),
    };
    for name in stories() {
        use elasticache_sim::model::plan::{Action, Detector, FullSync, Group, ScriptedFault};
        let mut plan = with_fixed_times(load(&name).plan);
        // Elections and rejoining have limits in seconds, calendars are days.
        let has_limits = |group: &Group| group.detector == Detector::ClusterBus;
        let is_planned = plan.script.iter().any(|scripted| scripted.fault().is_none());
        if plan.groups.iter().any(has_limits) || is_planned {
            continue;
        }
        // What is copied after a cold start depends on what was written since: not on time alone.
        plan.timing.full_sync = FullSync::Law(Law::fixed(secs(144)));
        let mut slow = plan.clone();
        slow.horizon = SimTime::from_nanos(plan.horizon.as_nanos() * K);
        let FullSync::Law(sync) = &plan.timing.full_sync else { unreachable!("just set") };
        slow.timing.full_sync = FullSync::Law(scaled(sync));
        for law in [
            &mut slow.timing.detection,
            &mut slow.timing.promotion,
            &mut slow.timing.endpoint,
            &mut slow.timing.replacement,
            &mut slow.timing.cold_start,
            &mut slow.timing.reboot,
            &mut slow.replication.lag,
        ] {
            *law = scaled(law);
        }
        for scripted in &mut slow.script {
            scripted.at = scaled(&scripted.at);
            let Action::Fault(fault) = &mut scripted.action else {
                unreachable!("the library's stories here have no operations");
            };
            match fault {
                ScriptedFault::CrashNode { restart_after, .. } => {
                    *restart_after = scaled(restart_after);
                }
                ScriptedFault::FailAz { duration, .. }
                | ScriptedFault::IsolateNode { duration, .. }
                | ScriptedFault::IsolatePrimary { duration, .. } => *duration = scaled(duration),
                _ => {}
            }
        }
        let (_, a) = run(&plan, 1, 0);
        let (_, b) = run(&slow, 1, 0);
        for metric in Metric::ALL {
            use Metric::{
                DatasetLosses, DatasetLostBytes, Failovers, MostPrimariesInOneAz,
                PrimaryRecreations, SlaMinutes, SyncBytes, WriteOutages,
            };
            let factor = match metric {
                // Syncs copy what was written since a loss, or the dataset: the one scales.
                SlaMinutes | SyncBytes => continue,
                DatasetLosses | DatasetLostBytes | Failovers | PrimaryRecreations
                | WriteOutages | MostPrimariesInOneAz => 1,
                _ => u128::from(K),
            };
            assert_eq!(b.raw(metric), factor * a.raw(metric), "{name}: {}", metric.name());
        }
    }
}

/// What is before the end of the warm-up counts for nothing; the two parts add up.
#[test]
fn warm_up_cuts_exactly() {
    let whole = parse(BUSY).plan;
    let cut = SimTime::START + secs(20 * 86_400 + 1);
    let mut late = whole.clone();
    late.warm_up = cut;
    let mut early = whole.clone();
    early.horizon = cut;
    for trial in 0..TRIALS {
        let [all, first, rest] = [&whole, &early, &late].map(|plan| run(plan, 1, trial).1);
        for metric in [
            Metric::WriteOutage,
            Metric::ServerWriteOutage,
            Metric::WriteOutageAnyShard,
            Metric::RejectedWrites,
            Metric::ReadOutage,
            Metric::ReducedRedundancy,
            Metric::LostWrites,
            Metric::DatasetLosses,
            Metric::Failovers,
        ] {
            let sum = first.raw(metric) + rest.raw(metric);
            assert_eq!(all.raw(metric), sum, "{} in trial {trial}", metric.name());
        }
    }
}
