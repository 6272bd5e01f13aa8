//! Conditional studies: scheduled faults at a moment and of a victim by chance, and faults that
//! are switched off. What is drawn has its law, is the same for all policies, and moves nothing.

use std::collections::BTreeMap;

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::engine::time::SimTime;
use elasticache_sim::model::fact::{Fact, Target};
use elasticache_sim::model::plan::{FullSync, NodeId, Plan};
use elasticache_sim::montecarlo::batch::{self, BatchSpec};
use elasticache_sim::montecarlo::quantity::Probability;
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::observe::metrics::Metric;
use elasticache_sim::observe::trace::Recorder;
use elasticache_sim::report::words;
use elasticache_sim::scenario::{self, Overrides};

use crate::support::{experiment, parse, run, secs};

/// A group of one primary and one replica for a year, and what strikes it.
fn with(rest: &str) -> String {
    format!(
        "schema = 1\n[run]\nhorizon = \"1y\"\n[group]\nid = \"g\"\nazs = [\"a\", \"b\", \"c\"]\n\
         replicas = 1\n{rest}\n"
    )
}

/// Several shards of one replica each.
fn clustered(shards: u64, rest: &str) -> String {
    format!(
        "schema = 1\n[run]\nhorizon = \"1y\"\n[group]\nid = \"g\"\nazs = [\"a\", \"b\", \"c\"]\n\
         cluster-mode = \"enabled\"\nshards = {shards}\nreplicas = 1\n[control-plane]\n\
         detector = \"managed\"\n{rest}\n"
    )
}

/// All facts of a trial, which need not be finished.
fn facts(plan: &Plan, trial: u64) -> Vec<(SimTime, Fact)> {
    let mut recorder = Recorder::default();
    Trial::begin(plan, TrialKeys::new(7).key(trial)).finish(&mut recorder);
    recorder.facts
}

/// When faults strike, whom they strike, and whether there was anybody to strike.
fn strikes(plan: &Plan, trial: u64) -> Vec<(SimTime, Target, bool)> {
    let strike = |(at, fact): (SimTime, Fact)| match fact {
        Fact::FaultStruck { target, .. } => Some((at, target, true)),
        Fact::FaultMissed { target, .. } => Some((at, target, false)),
        _ => None,
    };
    facts(plan, trial).into_iter().filter_map(strike).collect()
}

/// A count of `n` trials of this chance lies within 4 standard deviations of its mean.
#[track_caller]
fn check_count(count: u64, n: u64, chance: f64) {
    let (mean, variance) = (n as f64 * chance, n as f64 * chance * (1.0 - chance));
    let off = (count as f64 - mean).abs();
    assert!(off < 4.0 * variance.sqrt(), "{count} of {n}, not about {mean}");
}

#[test]
fn the_moment_has_its_law() {
    const N: u64 = 4_000;
    const PARTS: u64 = 8;
    let day = 86_400_000_000_000;
    let plan = parse(&with(
        "[[fault]]\nat = { uniform = [\"10d\", \"90d\"] }\nfail-node = { node = \"g-002\" }",
    ))
    .plan;
    let mut counts = [0; PARTS as usize];
    for trial in 0..N {
        let [(at, Target::Node(NodeId(1)), true)] = strikes(&plan, trial)[..] else {
            panic!("one strike in each trial");
        };
        let days = at.as_nanos() / day;
        assert!((10..90).contains(&days), "{at}");
        counts[((days - 10) / 10) as usize] += 1;
    }
    for count in counts {
        check_count(count, N, 1.0 / PARTS as f64);
    }
}

#[test]
fn all_policies_meet_the_fault_at_the_same_moment() {
    let text = with(
        "[[fault]]\nat = { triangular = [\"1d\", \"2d\", \"300d\"] }\nfail-primary = {}\n\
         [[policy]]\nname = \"as it is\"\n[[policy]]\nname = \"others\"\n\
         set = { group.replicas = 4, timing.detection = \"3s\", rules.promotion = \"random\" }\n\
         [[policy]]\nname = \"more faults\"\n\
         set = { fault.late.enabled = true }\n\
         [[fault]]\nid = \"late\"\nenabled = false\nat = { uniform = [\"310d\", \"320d\"] }\n\
         fail-group = {}\n",
    );
    let experiment = experiment(&text);
    let mut moments = Vec::new();
    for trial in 0..50 {
        let firsts: Vec<_> =
            experiment.policies.iter().map(|policy| strikes(&policy.plan, trial)[0]).collect();
        assert!(firsts.iter().all(|first| *first == firsts[0]), "trial {trial}: {firsts:?}");
        assert_eq!(strikes(&experiment.policies[2].plan, trial).len(), 2);
        moments.push(firsts[0].0);
    }
    moments.dedup();
    assert_eq!(moments.len(), 50, "each trial has a moment of its own");
}

/// Checks that the larger plan's victim is the smaller plan's, or one that only the larger has, and
/// that all victims of the larger have equal chances. Victims are known by name.
#[track_caller]
fn check_coupling(name: impl Fn(&Plan, Target) -> String, plans: [&Plan; 2], sizes: [u64; 2]) {
    const N: u64 = 3_000;
    let mut counts = [BTreeMap::new(), BTreeMap::new()];
    let mut n_alike = 0;
    for trial in 0..N {
        let victims = plans.map(|plan| name(plan, strikes(plan, trial)[0].1));
        n_alike += u64::from(victims[0] == victims[1]);
        for (counts, victim) in counts.iter_mut().zip(victims) {
            *counts.entry(victim).or_insert(0) += 1;
        }
    }
    for (counts, size) in counts.iter().zip(sizes) {
        assert_eq!(counts.len() as u64, size, "{counts:?}");
        counts.values().for_each(|count| check_count(*count, N, 1.0 / size as f64));
    }
    // Where they differ, one is struck that the smaller plan does not have: never another.
    let new: u64 =
        counts[1].iter().filter(|(name, _)| !counts[0].contains_key(*name)).map(|(_, n)| n).sum();
    assert_eq!(n_alike, N - new);
}

#[test]
fn one_more_replica_is_struck_or_changes_nobody() {
    let any = "[[fault]]\nat = \"1h\"\nfail-node = { node = \"any\" }\n";
    let name = |plan: &Plan, target| match target {
        Target::Node(node) => plan.nodes[node.idx()].name.clone(),
        other => panic!("{other:?}"),
    };
    let one = parse(&with(any)).plan;
    for replicas in [2, 5] {
        let more = with(any).replace("replicas = 1", &format!("replicas = {replicas}"));
        check_coupling(name, [&one, &parse(&more).plan], [2, replicas + 1]);
    }
    // All groups, or one of them.
    let second = "[[group]]\nid = \"h\"\nazs = [\"a\"]\nreplicas = 1\n";
    let both = with(&format!("{second}{any}")).replacen("[group]", "[[group]]", 1);
    let both = parse(&both).plan;
    check_coupling(name, [&one, &both], [2, 4]);
    let only = any.replace("\"any\"", "\"any\", group = \"g\"");
    let only = parse(&with(&format!("{second}{only}")).replacen("[group]", "[[group]]", 1)).plan;
    assert!((0..200).all(|trial| strikes(&only, trial) == strikes(&one, trial)));
}

#[test]
fn an_az_by_chance_holds_nodes() {
    let any = "[[fault]]\nat = \"1h\"\nfail-az = { az = \"any\", duration = \"1h\" }\n";
    let name = |plan: &Plan, target| match target {
        Target::Az(az) => plan.azs[az.idx()].name.clone(),
        other => panic!("{other:?}"),
    };
    // Two nodes in the first two of three AZs: the third is never struck.
    let two = parse(&with(any)).plan;
    let three = parse(&with(any).replace("replicas = 1", "replicas = 2")).plan;
    assert_eq!((two.azs.len(), three.azs.len()), (3, 3));
    check_coupling(name, [&two, &three], [2, 3]);
}

#[test]
fn a_shard_by_chance_has_enough_replicas() {
    let any = "[[fault]]\nat = \"1h\"\nfail-primary = { shard = \"any\" }\n";
    let name = |plan: &Plan, target| match target {
        Target::Primary(shard) | Target::Replicas(shard) => plan.shards[shard.idx()].id.clone(),
        other => panic!("{other:?}"),
    };
    let (two, five) = (parse(&clustered(2, any)).plan, parse(&clustered(5, any)).plan);
    check_coupling(name, [&two, &five], [2, 5]);
    let uneven = "schema = 1\n[run]\nhorizon = \"1d\"\n[control-plane]\ndetector = \"managed\"\n\
         [group]\nid = \"g\"\ncluster-mode = \"enabled\"\n\
         [[group.shard]]\nprimary = { node = \"p1\", az = \"a\" }\n\
         replicas = [{ node = \"r1\", az = \"b\" }]\n\
         [[group.shard]]\nprimary = { node = \"p2\", az = \"a\" }\n\
         replicas = [{ node = \"r2\", az = \"b\" }, { node = \"r3\", az = \"c\" }]\n\
         [[group.shard]]\nprimary = { node = \"p3\", az = \"a\" }\n\
         replicas = [{ node = \"r4\", az = \"b\" }, { node = \"r5\", az = \"c\" }]\n\
         [[fault]]\nat = \"1h\"\nfail-replicas = { shard = \"any\", count = 2 }\n";
    let one = parse(&uneven.replace("count = 2", "count = 1")).plan;
    check_coupling(name, [&parse(uneven).plan, &one], [2, 3]);
}

/// All configured nodes can be struck: who is down already is missed, as if it had been named.
#[test]
fn any_node_may_be_down_already() {
    let text = with(
        "[[fault]]\nat = \"1h\"\nfail-node = { node = \"g-001\" }\n\
         [[fault]]\nat = \"1h 1s\"\nfail-node = { node = \"any\" }",
    );
    let plan = parse(&text).plan;
    const N: u64 = 1_000;
    let missed = (0..N).filter(|trial| !strikes(&plan, *trial)[1].2).count() as u64;
    check_count(missed, N, 0.5);
}

/// A crash and a reboot of one by chance: the victim is back later.
#[test]
fn processes_by_chance_stop_and_return() {
    let kinds = [
        "crash-node = { node = \"any\", restart-after = { uniform = [\"1s\", \"3s\"] } }",
        "reboot-node = { node = \"any\", by = \"customer\" }",
    ];
    for kind in kinds {
        let plan = parse(&with(&format!("[[fault]]\nat = \"1h\"\n{kind}"))).plan;
        for trial in 0..20 {
            let [(at, Target::Node(victim), true)] = strikes(&plan, trial)[..] else {
                panic!("one strike in each trial");
            };
            assert_eq!(at, SimTime::START + secs(3_600));
            let is_back = |fact: &Fact| *fact == Fact::ProcessBack { node: victim };
            assert!(
                facts(&plan, trial).iter().any(|(_, fact)| is_back(fact)),
                "{kind}, trial {trial}"
            );
        }
    }
}

#[test]
fn drawn_faults_strike_in_the_order_of_their_moments() {
    let text = with(
        "[[fault]]\nat = { uniform = [\"1d\", \"9d\"] }\n\
         fail-az = { az = \"a\", duration = \"1h\" }\n\
         [[fault]]\nat = \"5d\"\nfail-node = { node = \"any\" }\n\
         [[fault]]\nat = { uniform = [\"1d\", \"9d\"] }\nfail-group = {}",
    );
    let plan = parse(&text).plan;
    const N: u64 = 1_000;
    let mut n_group_first = 0;
    for trial in 0..N {
        let strikes = strikes(&plan, trial);
        assert_eq!(strikes.len(), 3, "trial {trial}");
        assert!(strikes.is_sorted_by_key(|(at, ..)| *at), "trial {trial}");
        let place = |is: fn(&Target) -> bool| strikes.iter().position(|(_, t, _)| is(t));
        let group = place(|target| matches!(target, Target::Group(_)));
        n_group_first += u64::from(group < place(|target| matches!(target, Target::Az(_))));
    }
    check_count(n_group_first, N, 0.5);
}

#[test]
fn faults_at_the_same_instant_strike_in_the_order_of_the_plan() {
    let text = with(
        "[[fault]]\nat = { uniform = [\"2h\", \"2h\"] }\nfail-node = { node = \"g-002\" }\n\
         [[fault]]\nat = \"2h\"\nfail-group = {}\n\
         [[fault]]\nat = { triangular = [\"2h\", \"2h\", \"2h\"] }\nfail-primary = {}",
    );
    let plan = parse(&text).plan;
    for trial in 0..20 {
        let order: Vec<Target> = strikes(&plan, trial).into_iter().map(|(_, t, _)| t).collect();
        assert!(
            matches!(order[..], [Target::Node(_), Target::Group(_), Target::Primary(_)]),
            "{order:?}"
        );
    }
}

/// A restarted trial draws its own moments, and a clone in the middle keeps those it has.
#[test]
fn moments_belong_to_their_trial() {
    let fault =
        "[[fault]]\nat = { uniform = [\"1d\", \"300d\"] }\nfail-node = { node = \"any\" }\n";
    let plan = parse(&with(&fault.repeat(4))).plan;
    let mut keys = TrialKeys::new(1);
    let mut reused = Trial::begin(&plan, keys.key(99));
    for trial in 0..20 {
        let key = keys.key(trial);
        let (mut a, mut b, mut c) = (Recorder::default(), Recorder::default(), Recorder::default());
        reused.restart(key);
        reused.run_until(SimTime::START + secs(100 * 86_400), &mut a);
        c.clone_from(&a);
        let mut copy = reused.clone();
        reused.finish(&mut a);
        copy.finish(&mut c);
        Trial::begin(&plan, key).finish(&mut b);
        assert_eq!(a, b, "trial {trial}");
        assert_eq!(a, c, "trial {trial}");
    }
}

/// Faults of every kind, each with another before and behind it.
const BUSY: &str = "[[fault]]\nnode-failure = { mttf = \"30d\" }\n\
     [[fault]]\nid = \"x\"\nnode-failure = { mttf = \"20d\" }\n\
     [[fault]]\nnode-failure = { mttf = \"40d\" }\n\
     [[fault]]\nat = { uniform = [\"1d\", \"300d\"] }\nfail-node = { node = \"any\" }\n\
     [[fault]]\nid = \"y\"\nat = { uniform = [\"1d\", \"300d\"] }\n\
     fail-az = { az = \"any\", duration = { exponential = { mean = \"1h\" } } }\n\
     [[fault]]\nat = { uniform = [\"1d\", \"300d\"] }\nfail-node = { node = \"any\" }\n";

#[test]
fn a_fault_that_is_off_moves_no_other() {
    let whole = parse(&with(BUSY)).plan;
    let off = |id: &str| {
        let overrides =
            Overrides { set: vec![format!("fault.{id}.enabled=false")], ..Overrides::default() };
        let parsed = scenario::parse("test", &with(BUSY), ".".as_ref(), &overrides);
        parsed.expect("it is valid").policies[0].plan.clone()
    };
    let mut without_x = whole.clone();
    without_x.node_failures.remove(1);
    let mut without_y = whole.clone();
    without_y.script.remove(1);
    assert_eq!((off("x"), off("y")), (without_x.clone(), without_y.clone()));
    for trial in 0..20 {
        let outcome = |plan: &Plan| run(plan, 1, trial).1;
        assert_eq!(outcome(&off("x")), outcome(&without_x), "trial {trial}");
        assert_eq!(outcome(&off("y")), outcome(&without_y), "trial {trial}");
        assert_ne!(outcome(&whole), outcome(&without_x), "trial {trial}");
    }
}

/// 1+1, one node by chance at a random moment: with chance 1/2 it is the primary, and writes are
/// out for detection, promotion and endpoint, whose means are known.
#[test]
fn the_cost_of_a_node_has_a_closed_form() {
    const N: u64 = 20_000;
    let text = with(
        "[timing]\ndetection = { exponential = { mean = \"10s\" } }\n\
         promotion = { uniform = [\"1s\", \"5s\"] }\nendpoint = { uniform = [\"0s\", \"4s\"] }\n\
         [[fault]]\nat = { uniform = [\"0s\", \"364d\"] }\nfail-node = { node = \"any\" }",
    );
    let plan = parse(&text).plan;
    assert!(matches!(plan.timing.full_sync, FullSync::PerGib(_)));
    assert!(matches!(plan.script[0].at, Law::Uniform { .. }));
    let summary = batch::run(&plan, BatchSpec { seed: 11, trials: N }).expect("a sound trial");
    for (metric, expected) in [(Metric::WriteOutage, 0.5 * 15.0), (Metric::Failovers, 0.5)] {
        let moments = summary.of(metric);
        let error = moments.standard_error().expect("many trials");
        let off = (moments.mean() - expected).abs();
        assert!(off < 4.0 * error, "{}: {} ± {error}", metric.name(), moments.mean());
    }
    check_count(summary.hits(Probability::WriteOutage), N, 0.5);
}

/// What a table says strikes in every trial.
#[test]
fn chance_in_words() {
    let check = |fault: &str, expected: &str| {
        let plan = parse(&clustered(2, &format!("[[fault]]\n{fault}\n"))).plan;
        assert_eq!(words::scripted(&plan, &plan.script[0]), expected);
    };
    check(
        "at = { uniform = [\"1d\", \"300d\"] }\nfail-node = { node = \"any\" }",
        "a node by chance of g fails at a random moment between 1d and 300d",
    );
    check("at = \"1h\"\nfail-node = { node = \"g-0001-001\" }", "g-0001-001 fails after 1h");
    check(
        "at = { uniform = [\"1h\", \"1h\"] }\nfail-primary = { shard = \"any\" }",
        "the primary of a shard by chance of g fails after 1h",
    );
    check(
        "at = \"1h\"\nfail-replicas = { shard = \"any\", count = 1 }",
        "replicas of a shard by chance of g fail (1) after 1h",
    );
    check(
        "at = \"1h\"\nfail-az = { az = \"any\", duration = \"1h\" }",
        "an AZ by chance fails after 1h",
    );
    check(
        "at = \"1h\"\ncrash-node = { node = \"any\", restart-after = \"1s\" }",
        "a node by chance of g crashes after 1h",
    );
    let two = with(
        "[[group]]\nid = \"h\"\nazs = [\"a\"]\nreplicas = 1\n[[fault]]\nat = \"1h\"\n\
                    reboot-node = { node = \"any\", by = \"service\" }",
    );
    let plan = parse(&two.replacen("[group]", "[[group]]", 1)).plan;
    let said = words::scripted(&plan, &plan.script[0]);
    assert_eq!(said, "a node by chance is rebooted after 1h");
}
