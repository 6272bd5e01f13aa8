//! What a failover may lose, and what Multi-AZ does not protect from (MZ-55 to MZ-62, MZ-68).

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::time::Span;
use elasticache_sim::model::fact::{Fact, Phase};
use elasticache_sim::model::plan::{NodeId, Promotion, ShardId};
use elasticache_sim::model::state::WRITE;
use elasticache_sim::observe::metrics::Metric;

use super::{count, in_order, lags, last_state, once, promotion, readers, times};
use crate::rules::{PRIMARY_FAILS, plan, seconds, when};
use crate::support::{codes, load, parse, run, with_fixed_times};

#[test]
fn mz_55_a_failover_loses_what_lag_there_was() {
    let mut plan = plan("", PRIMARY_FAILS);
    for nanos in [0, 1, 1_000_000, 700_000_000, 30_000_000_000] {
        plan.replication.lag = Law::fixed(Span::from_nanos(nanos));
        let (_, outcome) = run(&plan, 1, 0);
        // 5,000 writes a second, in nano-writes.
        assert_eq!(outcome.raw(Metric::LostWrites), 5_000 * u128::from(nanos), "{nanos} ns");
        assert_eq!(outcome.raw(Metric::LossWindow), u128::from(nanos), "{nanos} ns");
    }
}

#[test]
fn mz_55_the_loss_is_what_the_promoted_replica_lacked() {
    let plan = load("primary-failure").plan;
    for trial in 0..50 {
        let (facts, outcome) = run(&plan, 1, trial);
        let (promoted, lost) = promotion(&facts);
        let own = lags(&facts).into_iter().find(|(node, _, _)| *node == promoted);
        assert_eq!(own.map(|(_, _, behind)| behind), Some(lost), "trial {trial}");
        assert_eq!(outcome.raw(Metric::LostWrites), lost);
        assert!(lost > 0, "an exponential lag is never zero");
    }
}

#[test]
fn mz_56_no_other_choice_loses_less() {
    let mut plan = load("primary-failure").plan;
    let mut loses = |rule: Promotion, trial: u64| {
        plan.groups[0].promotion = Some(rule);
        promotion(&run(&plan, 1, trial).0).1
    };
    let mut more = 0;
    for trial in 0..50 {
        // The same lags for each rule: the draws do not depend on it.
        let least = loses(Promotion::LeastLag, trial);
        for other in [Promotion::LowestId, Promotion::Random] {
            let lost = loses(other, trial);
            assert!(least <= lost, "trial {trial}: {other:?} loses less");
            more += u32::from(least < lost);
        }
    }
    assert!(more > 20, "other choices lost more in {more} of 100 cases");
}

#[test]
fn mz_59_what_an_az_took_is_replaced_when_it_is_back() {
    let plan = with_fixed_times(load("az-outage").plan);
    let (facts, outcome) = run(&plan, 1, 0);
    let up = when(&facts, |f| matches!(f, Fact::AzUp { .. }));
    let started = when(&facts, |f| matches!(f, Fact::ReplacementStarted { node: NodeId(0) }));
    assert_eq!((up, started), (Some(7_200), Some(7_200)));
    // The group lives on fewer copies a little longer than the AZ is down.
    let reduced = seconds(&outcome, Metric::ReducedRedundancy);
    assert_eq!(reduced, 7_200 + 480 + 144);
    assert_eq!(seconds(&outcome, Metric::WriteOutage), 15, "which costs no more writes");
}

#[test]
fn mz_59_only_the_az_that_is_down_is_waited_for() {
    let faults = "[[fault]]\nat = \"10m\"\nfail-az = { az = \"az-a\", duration = \"2h\" }\n\
                  [[fault]]\nat = \"30m\"\nfail-node = { node = \"g-003\" }\n";
    let (facts, _) = run(&plan("", faults), 1, 0);
    let started = |node: NodeId| {
        when(&facts, |f| matches!(f, Fact::ReplacementStarted { node: n } if *n == node))
    };
    assert_eq!(started(NodeId(0)), Some(7_200));
    assert_eq!(started(NodeId(2)), Some(1_200 + 10), "its AZ is up");
    once(&facts, |f| matches!(f, Fact::ReplacementWaits { node: NodeId(0) }));
}

#[test]
fn mz_60_a_customers_reboot_of_the_primary_is_no_failover() {
    let plan = with_fixed_times(load("customer-reboot").plan);
    let (facts, outcome) = run(&plan, 1, 0);
    for failover in [
        |f: &Fact| matches!(f, Fact::FailoverBegan { .. }),
        |f: &Fact| matches!(f, Fact::Promoted { .. }),
        |f: &Fact| matches!(f, Fact::NodeDetected { .. }),
    ] {
        assert_eq!(count(&facts, failover), 0);
    }
    assert_eq!(last_state(&plan, 1, 0).shard(ShardId(0)).primary, NodeId(0));
    assert_eq!(seconds(&outcome, Metric::WriteOutage), 120, "the time of the reboot");
    assert_eq!(outcome.by_phase[Phase::Restart as usize], outcome.raw(Metric::WriteOutage));
}

#[test]
fn mz_60_other_reboots_and_failures_are() {
    for fault in [
        "reboot-node = { node = \"g-001\", by = \"service\" }",
        "crash-node = { node = \"g-001\", restart-after = \"2m\" }",
        "fail-node = { node = \"g-001\" }",
        "fail-primary = {}",
        "fail-az = { az = \"az-a\", duration = \"1h\" }",
    ] {
        let (facts, outcome) = run(&plan("", &format!("[[fault]]\nat = \"10m\"\n{fault}\n")), 1, 0);
        assert_eq!(promotion(&facts).0, NodeId(1), "{fault}");
        assert_eq!(seconds(&outcome, Metric::WriteOutage), 15, "{fault}");
        assert_eq!(outcome.raw(Metric::DatasetLosses), 0, "{fault}");
    }
}

#[test]
fn mz_60_cluster_mode_has_no_reboot_by_the_customer() {
    let is_refused = |mode: &str, node: &str, by: &str| {
        let text = format!(
            "schema = 1\n[run]\nhorizon = \"1h\"\n[group]\nid = \"g\"\ncluster-mode = \"{mode}\"\n\
             azs = [\"a\", \"b\"]\nreplicas = 1\n[control-plane]\ndetector = \"managed\"\n\
             [[fault]]\nat = \"10m\"\nreboot-node = {{ node = \"{node}\", by = \"{by}\" }}\n"
        );
        codes(&text).iter().any(|code| code.starts_with('E'))
    };
    assert!(is_refused("enabled", "g-0001-001", "customer"));
    assert!(!is_refused("enabled", "g-0001-001", "service"));
    assert!(!is_refused("disabled", "g-001", "customer"));
}

#[test]
fn mz_61_a_rebooted_primary_comes_back_empty_and_empties_its_replicas() {
    let plan = with_fixed_times(load("customer-reboot").plan);
    let (facts, outcome) = run(&plan, 1, 0);
    let copies_before = facts.iter().find_map(|(_, fact)| match fact {
        Fact::Copies { complete, .. } => Some(*complete),
        _ => None,
    });
    assert_eq!(copies_before, Some(2), "both replicas are healthy while the primary is away");
    let back = once(&facts, |f| matches!(f, Fact::EmptyPrimary { node: NodeId(0), .. }));
    for replica in [1, 2].map(NodeId) {
        let flushed = once(&facts, |f| matches!(f, Fact::Flushed { node } if *node == replica));
        assert_eq!(flushed, back);
        let copies_nothing = |f: &Fact| match *f {
            Fact::SyncStarted { node, from, bytes } => {
                (node, from, bytes) == (replica, NodeId(0), 0)
            }
            _ => false,
        };
        let empty = once(&facts, copies_nothing);
        assert_eq!(empty, back, "it copies the empty dataset");
    }
    assert_eq!(outcome.raw(Metric::DatasetLosses), 1);
    assert_eq!(outcome.raw(Metric::DatasetLostBytes), 8 << 30);
    assert_eq!(outcome.raw(Metric::DatasetLostWrites), 600 * 5_000 * WRITE, "all of them");
}

#[test]
fn mz_62_the_other_replicas_fetch_everything_anew_and_serve_no_reads_meanwhile() {
    let (facts, _) = run(&plan("", PRIMARY_FAILS), 1, 0);
    in_order(
        &facts,
        &[
            ("promotion", |f| matches!(f, Fact::Promoted { to: NodeId(1), .. })),
            ("content deleted", |f| matches!(f, Fact::Flushed { node: NodeId(2) })),
            ("content fetched", |f| {
                matches!(f, Fact::SyncStarted { node: NodeId(2), from: NodeId(1), bytes }
                    if *bytes == 8 << 30)
            }),
            ("content there", |f| matches!(f, Fact::Synced { node: NodeId(2) })),
        ],
    );
    // At promotion only the new primary is left; 8 GiB take 144 s; the replacement comes last.
    assert_eq!(readers(&facts)[..3], [(0, 2), (12, 1), (12 + 144, 2)]);
    assert_eq!(readers(&facts).last().map(|(_, readers)| *readers), Some(3));
}

#[test]
fn mz_62_other_ways_of_resync_keep_reads_up() {
    for rule in ["engine", "none"] {
        let rule = format!("resync-after-failover = \"{rule}\"");
        let (facts, _) = run(&plan(&rule, PRIMARY_FAILS), 1, 0);
        assert_eq!(times(&facts, |f| matches!(f, Fact::Reattached { .. })).len(), 1, "{rule}");
        assert!(readers(&facts).iter().all(|(_, readers)| *readers >= 2), "{rule}");
    }
}

#[test]
fn mz_68_the_loss_of_the_only_node_loses_everything_until_a_new_one_is_there() {
    let text = "schema = 1\n[run]\nhorizon = \"1h\"\n[group]\nid = \"g\"\nazs = [\"a\"]\n\
                replicas = 0\n[workload]\nwrites-per-second = 5_000\ndataset = \"8 GiB\"\n\
                [[fault]]\nat = \"10m\"\nfail-primary = {}\n";
    let plan = with_fixed_times(parse(text).plan);
    let (facts, outcome) = run(&plan, 1, 0);
    assert_eq!(outcome.raw(Metric::DatasetLosses), 1);
    assert_eq!(outcome.raw(Metric::DatasetLostBytes), 8 << 30);
    assert_eq!(outcome.raw(Metric::DatasetLostWrites), 600 * 5_000 * WRITE);
    let replaced = once(&facts, |f| matches!(f, Fact::NodeReplaced { .. }));
    let resumed = once(&facts, |f| matches!(f, Fact::WritesResumed { .. }));
    assert!(replaced <= resumed);
    let outage = seconds(&outcome, Metric::WriteOutage);
    assert!(outage >= 480, "{outage} s, and provisioning takes 480 s");
}

#[test]
fn mz_68_a_shard_without_replica_loses_its_own_dataset_only() {
    let text = "schema = 1\n[run]\nhorizon = \"1h\"\n[group]\nid = \"g\"\ncluster-mode = \
                \"enabled\"\n[[group.shard]]\nid = \"0001\"\nprimary = { node = \"x\", az = \"a\" \
                }\nreplicas = [{ node = \"y\", az = \"b\" }]\n[[group.shard]]\nid = \"0002\"\n\
                primary = { node = \"z\", az = \"b\" }\n[control-plane]\ndetector = \"managed\"\n\
                [workload]\ndataset = \"8 GiB\"\n[[fault]]\nat = \"10m\"\nfail-az = { az = \
                \"b\", duration = \"1m\" }\n[[fault]]\nat = \"30m\"\nfail-primary = { shard = \
                \"0001\" }\n";
    let (facts, outcome) = run(&with_fixed_times(parse(text).plan), 1, 0);
    once(&facts, |f| matches!(f, Fact::DatasetLost { shard: ShardId(1), .. }));
    assert_eq!(outcome.raw(Metric::DatasetLosses), 1);
    assert_eq!(outcome.raw(Metric::DatasetLostBytes), 4 << 30);
    let from_replica = count(&facts, |f| matches!(f, Fact::Promoted { shard: ShardId(0), .. }));
    assert_eq!(from_replica, 1, "the shard with a replica lives on");
}
