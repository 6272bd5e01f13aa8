//! Why a primary is replaced, what takes its place, and when writes come back (MZ-01 to MZ-06).

use std::collections::BTreeMap;

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::engine::time::{SimTime, Span};
use elasticache_sim::model::fact::{Cause, Fact, Role};
use elasticache_sim::model::plan::{HASH_SLOTS, NodeId, ShardId};
use elasticache_sim::model::state::{Data, WRITE};
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::observe::metrics::Metric;

use super::{count, in_order, lags, last_state, once};
use crate::rules::{PRIMARY_FAILS, plan, seconds};
use crate::support::{load, parse, run, secs, with_fixed_times};

/// What made each failover necessary: the cause for which its former primary had stopped.
fn causes(facts: &[(SimTime, Fact)]) -> Vec<Cause> {
    let mut stopped = BTreeMap::new();
    let mut causes = Vec::new();
    for (_, fact) in facts {
        match *fact {
            Fact::NodeDown { node, role: Role::Primary, cause, .. } => {
                stopped.insert(node, cause);
            }
            Fact::Promoted { from, .. } => causes.push(stopped[&from]),
            _ => {}
        }
    }
    causes
}

#[test]
fn mz_01_a_failover_and_its_outage_have_the_cause_of_the_failure() {
    let check = |name: &str, expected: &[Cause]| {
        let (facts, outcome) = run(&with_fixed_times(load(name).plan), 1, 0);
        assert_eq!(causes(&facts), expected, "{name}");
        for cause in Cause::ALL {
            let booked = outcome.by_cause[cause as usize] > 0;
            assert_eq!(booked, expected.contains(&cause), "{name}: {}", cause.name());
        }
    };
    check("primary-failure", &[Cause::Node]);
    check("az-outage", &[Cause::Az]);
    check("two-shards-az-outage", &[Cause::Az, Cause::Az]);
    check("second-failure-1x3", &[Cause::Node, Cause::Node]);
    check("crash-slower-than-detection", &[Cause::Crash]);
}

#[test]
fn mz_02_a_failover_is_much_shorter_than_a_new_primary() {
    let with = load("primary-failure").plan;
    let without = load("primary-failure-no-failover").plan;
    let (mut sum_with, mut sum_without) = (0, 0);
    for trial in 0..100 {
        let (facts, failover) = run(&with, 42, trial);
        let (_, recreation) = run(&without, 42, trial);
        let (failover, recreation) =
            (failover.raw(Metric::WriteOutage), recreation.raw(Metric::WriteOutage));
        assert!(0 < failover && failover < recreation, "trial {trial}");
        let resumed = once(&facts, |f| matches!(f, Fact::WritesResumed { .. }));
        let replaced = once(&facts, |f| matches!(f, Fact::NodeReplaced { .. }));
        assert!(resumed < replaced, "trial {trial}: writes waited for the replacement");
        sum_with += failover;
        sum_without += recreation;
    }
    assert!(10 * sum_with < sum_without, "the one is an order of magnitude above the other");
}

#[test]
fn mz_02_a_failover_never_waits_for_provisioning() {
    for rule in ["at-failure", "after-detection", "after-failover"] {
        let mut plan = plan(&format!("replacement-starts = \"{rule}\""), PRIMARY_FAILS);
        plan.timing.replacement = Law::fixed(secs(86_400));
        let (facts, outcome) = run(&plan, 1, 0);
        assert_eq!(count(&facts, |f| matches!(f, Fact::NodeReplaced { .. })), 0, "{rule}");
        assert_eq!(seconds(&outcome, Metric::WriteOutage), 15, "{rule}");
    }
}

#[test]
fn mz_03_the_new_primary_accepts_writes_from_the_promotion_on() {
    let plan = plan("", PRIMARY_FAILS);
    let shard = ShardId(0);
    let mut trial = Trial::begin(&plan, TrialKeys::new(1).key(0));
    let promotion = secs(600 + 10 + 2);
    let before = SimTime::START + Span::from_nanos(promotion.as_nanos() - 1);
    trial.run_until(before, &mut ());
    assert!(!trial.state().serves(shard), "nobody accepts writes before the promotion");
    trial.run_until(SimTime::START + promotion, &mut ());
    assert!(trial.state().serves(shard), "somebody does from then on");
    assert_eq!(trial.state().shard(shard).primary, NodeId(1));

    let (facts, outcome) = run(&plan, 1, 0);
    let promoted = once(&facts, |f| matches!(f, Fact::Promoted { .. }));
    let serves = once(&facts, |f| matches!(f, Fact::PrimaryServes { node: NodeId(1), .. }));
    assert_eq!((promoted, serves), (SimTime::START + promotion, SimTime::START + promotion));
    assert_eq!(seconds(&outcome, Metric::ServerWriteOutage), 12);
}

#[test]
fn mz_03_with_the_documented_preset_the_whole_failover_takes_a_few_seconds() {
    let text = |preset: &str| {
        format!(
            "schema = 1\n[run]\nhorizon = \"1h\"\n[group]\nid = \"g\"\nazs = [\"a\", \"b\"]\n\
             replicas = 1\n[timing]\npreset = \"{preset}\"\n[[fault]]\nat = \"10m\"\n\
             fail-primary = {{}}\n"
        )
    };
    let outages = |preset: &str| {
        let plan = parse(&text(preset)).plan;
        // All hash slots are out of service together.
        let slots = u128::from(HASH_SLOTS);
        let outage = |trial| run(&plan, 1, trial).1.raw(Metric::WriteOutage) / slots;
        (0..200).map(outage).collect::<Vec<u128>>()
    };
    // Detection from 1 s, promotion and endpoint from 0.5 s each, to 3 s and 1.5 s each.
    let few = 2_000_000_000..6_000_000_000;
    let documented = outages("documented");
    assert!(documented.iter().all(|outage| few.contains(outage)), "{documented:?}");
    for slower in ["fast", "typical", "slow"] {
        let mean = |outages: &[u128]| outages.iter().sum::<u128>() / outages.len() as u128;
        assert!(mean(&outages(slower)) > 2 * mean(&documented), "{slower}");
    }
}

#[test]
fn mz_04_the_primary_endpoint_moves_once_per_failover_and_writers_follow() {
    let check = |name: &str, n_failovers: usize| {
        let plan = with_fixed_times(load(name).plan);
        let (facts, _) = run(&plan, 1, 0);
        for shard in plan.shard_ids() {
            let of = |pick: fn(&Fact) -> Option<(ShardId, NodeId)>| {
                let hits = facts.iter().filter_map(|(at, fact)| Some((*at, pick(fact)?)));
                let of_shard = hits.filter(|(_, (of, _))| *of == shard);
                of_shard.map(|(at, (_, node))| (at, node)).collect::<Vec<_>>()
            };
            let promoted = of(|fact| match *fact {
                Fact::Promoted { shard, to, .. } => Some((shard, to)),
                _ => None,
            });
            let named = of(|fact| match *fact {
                Fact::EndpointUpdated { shard, node } => Some((shard, node)),
                _ => None,
            });
            let resumed = of(|fact| match *fact {
                Fact::WritesResumed { shard, node } => Some((shard, node)),
                _ => None,
            });
            assert_eq!(promoted.len(), n_failovers, "{name}");
            // The name takes its 3 s to spread; who writes to it has nothing to do but wait.
            let later: Vec<_> = promoted.iter().map(|(at, to)| (*at + secs(3), *to)).collect();
            assert_eq!(named, later, "{name}: once per failover, to the promoted node");
            assert_eq!(resumed, later, "{name}: writers reach it with the name");
        }
    };
    check("primary-failure", 1);
    check("az-outage", 1);
    check("two-shards-az-outage", 1);
    check("second-failure-1x3", 2);
    check("replica-failure", 0);
}

#[test]
fn mz_06_without_failover_the_primary_is_recreated_and_filled_from_a_replica() {
    let plan = with_fixed_times(load("primary-failure-no-failover").plan);
    let (facts, outcome) = run(&plan, 1, 0);
    in_order(
        &facts,
        &[
            ("offline", |f| matches!(f, Fact::NodeDetected { node: NodeId(0) })),
            ("provisioning", |f| matches!(f, Fact::ReplacementStarted { node: NodeId(0) })),
            ("provisioned", |f| matches!(f, Fact::NodeReplaced { node: NodeId(0) })),
            ("sync from a replica", |f| {
                matches!(f, Fact::SyncStarted { node: NodeId(0), from: NodeId(1 | 2), .. })
            }),
            ("synced", |f| matches!(f, Fact::Synced { node: NodeId(0) })),
            ("primary", |f| matches!(f, Fact::PrimaryRecreated { node: NodeId(0), .. })),
            ("writes", |f| matches!(f, Fact::WritesResumed { node: NodeId(0), .. })),
        ],
    );
    assert_eq!(count(&facts, |f| matches!(f, Fact::Promoted { .. })), 0);
    // Writes are refused all the while, reads from the replicas go on.
    let (provisioning, sync) = (480, 144);
    let outage = seconds(&outcome, Metric::WriteOutage);
    assert!(outage >= provisioning + sync, "{outage} s");
    assert_eq!(outcome.raw(Metric::RejectedWrites), outage * 5_000 * WRITE);
    assert_eq!(outcome.raw(Metric::ReadOutage), 0);
    assert_eq!(outcome.raw(Metric::DatasetLosses), 0);
}

#[test]
fn mz_06_a_recreated_primary_lacks_what_its_source_lacked() {
    let plan = load("primary-failure-no-failover").plan;
    for trial in 0..50 {
        let (facts, _) = run(&plan, 42, trial);
        let best = lags(&facts).into_iter().min_by_key(|(_, _, behind)| *behind);
        let (source, lag, behind) = best.expect("there are replicas");
        assert!(behind > 0, "replicas trail");
        let recreated = facts.iter().find_map(|(_, fact)| match *fact {
            Fact::PrimaryRecreated { from, loss, .. } => Some((from, loss.window, loss.writes)),
            _ => None,
        });
        assert_eq!(recreated, Some((source, lag, behind)), "trial {trial}");
    }
}

#[test]
fn mz_06_a_failed_primary_is_replaced_with_and_without_failover() {
    for name in ["primary-failure", "primary-failure-no-failover"] {
        let plan = with_fixed_times(load(name).plan);
        let (facts, _) = run(&plan, 1, 0);
        once(&facts, |f| matches!(f, Fact::NodeReplaced { node: NodeId(0) }));
        assert_eq!(last_state(&plan, 1, 0).node(NodeId(0)).data, Data::Complete, "{name}");
    }
}
