//! Planned replacements: who is updated when, and what that costs (MZ-01, MZ-07 to MZ-12, MZ-39).

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::time::SimTime;
use elasticache_sim::model::fact::{Cause, Fact, OperationFact, Stop};
use elasticache_sim::model::plan::{
    Action, HASH_SLOTS, Handover, NodeId, Plan, RebootBy, ScriptedFault, Switch, UpdateMethod,
    Victim,
};
use elasticache_sim::model::state::Update;
use elasticache_sim::observe::metrics::{Metric, Outcome};

use super::story::{cluster, fail_node, one_shard, quiet, script, seconds_of, state_at, update};
use super::{count, last_state, once};
use crate::rules::seconds;
use crate::support::{load_all, run, secs};

use UpdateMethod::{Patch, Replace};

/// What happens to a plan that is updated after an hour.
fn updated(mut plan: Plan, method: UpdateMethod) -> (Vec<(SimTime, Fact)>, Outcome) {
    script(&mut plan, &[(3_600, update(method))]);
    let (facts, outcome) = run(&plan, 1, 0);
    once(&facts, |f| matches!(f, Fact::Operation(OperationFact::UpdateEnded { .. })));
    let state = last_state(&plan, 1, 0);
    assert!(state.config.nodes.iter().all(|node| node.update == Update::UpToDate));
    (facts, outcome)
}

/// The nodes that were taken down as planned, in order, with the role that they had.
fn taken_down(facts: &[(SimTime, Fact)]) -> Vec<NodeId> {
    let node = |(_, fact): &(SimTime, Fact)| match *fact {
        Fact::NodeDown { node, stop: Stop::TakenOffline | Stop::Patched, .. } => Some(node),
        _ => None,
    };
    facts.iter().filter_map(node).collect()
}

/// No write was refused and none was lost; each shard had one hand-over and every node its turn.
fn check_seamless(plan: Plan, method: UpdateMethod) {
    let n_shards = plan.shards.len();
    let mut nodes: Vec<NodeId> = plan.node_ids().collect();
    let (facts, outcome) = updated(plan, method);
    for metric in [Metric::WriteOutage, Metric::RejectedWrites, Metric::LostWrites] {
        assert_eq!(outcome.raw(metric), 0, "{}", metric.name());
    }
    assert_eq!(outcome.raw(Metric::Handovers), n_shards as u128);
    let mut down = taken_down(&facts);
    down.sort();
    nodes.sort();
    assert_eq!(down, nodes);
    // Half a second of each shard's slots, which together are all.
    assert_eq!(outcome.raw(Metric::HandoverPause), 500_000_000 * u128::from(HASH_SLOTS));
}

#[test]
fn mz_01_planned_replacements_are_a_cause_of_their_own() {
    let mut plan = one_shard(2);
    plan.groups[0].handover = Handover::DnsGap;
    let (_, outcome) = updated(plan, Replace);
    for cause in Cause::ALL {
        let is_planned = cause == Cause::Planned;
        assert_eq!(outcome.by_cause[cause as usize] > 0, is_planned, "{}", cause.name());
    }
}

#[test]
fn mz_07_cluster_mode_serves_all_writes_while_every_node_is_replaced() {
    check_seamless(cluster(3, 1), Replace);
    check_seamless(cluster(2, 2), Patch);
}

#[test]
fn mz_08_so_does_a_group_with_multi_az_from_5_0_6_on() {
    check_seamless(one_shard(1), Replace);
    check_seamless(one_shard(2), Patch);
}

#[test]
fn mz_09_before_that_writes_are_refused_until_dns_is_updated() {
    let mut plan = one_shard(2);
    plan.groups[0].handover = Handover::DnsGap;
    let (_, outcome) = updated(plan, Replace);
    assert_eq!(seconds(&outcome, Metric::WriteOutage), 4);
    assert_eq!(outcome.raw(Metric::LostWrites), 0);
    // By the law that a scenario has which names none, the interruption is at most ten seconds.
    let policies = load_all("maintenance-4-0-10-against-7-1").policies;
    let plan = &policies.iter().find(|it| it.name == "Redis OSS 4.0.10").expect("it is there").plan;
    assert_eq!(plan.groups[0].handover, Handover::DnsGap);
    let mut sum = 0;
    for trial in 0..300 {
        let (_, outcome) = run(plan, 1, trial);
        let gap = outcome.raw(Metric::WriteOutage) / u128::from(HASH_SLOTS);
        assert!(gap <= 10_000_000_000, "{gap} ns");
        assert_eq!(outcome.raw(Metric::Handovers), 1);
        assert_eq!(outcome.raw(Metric::LostWrites) + outcome.raw(Metric::DatasetLostWrites), 0);
        sum += gap;
    }
    assert!(sum > 0, "in the mean there is one");
}

#[test]
fn mz_10_without_multi_az_the_primary_is_recreated() {
    let check = |mut plan: Plan, unread: u128, what: &str| {
        plan.groups[0].multi_az = Switch::Off;
        let (facts, outcome) = updated(plan, Replace);
        // 10 min for the new node, 18 s for its 1 GiB of data.
        assert_eq!(seconds(&outcome, Metric::WriteOutage), 618, "{what}");
        // The old node serves nobody meanwhile; replicas are read.
        assert_eq!(seconds(&outcome, Metric::ReadOutage), unread, "{what}");
        assert_eq!(outcome.raw(Metric::LostWrites), 0, "{what}");
        assert_eq!(outcome.raw(Metric::DatasetLosses), 0, "{what}");
        assert_eq!(outcome.raw(Metric::Handovers), 0, "{what}");
        assert_eq!(count(&facts, |f| matches!(f, Fact::Promoted { .. })), 0, "{what}");
    };
    check(one_shard(0), 618, "a node alone");
    let mut off = one_shard(2);
    off.groups[0].automatic_failover = Switch::Off;
    check(off, 0, "replicas without failover");
    check(one_shard(2), 0, "failover without Multi-AZ");
    check(cluster(1, 0), 618, "a shard of a cluster without replica");
}

#[test]
fn mz_10_a_fault_during_the_recreation_is_a_failure_like_others() {
    let with_fault = |replicas: usize| {
        let mut plan = one_shard(replicas);
        plan.groups[0].multi_az = Switch::Off;
        // The recreation begins when the replicas are done; the old primary dies in the midst.
        let begins = if replicas == 0 { 3_600 } else { 3_600 + 618 + 40 };
        script(&mut plan, &[(3_600, update(Replace)), (begins + 100, fail_node(0))]);
        run(&plan, 1, 0).1
    };
    let alone = with_fault(0);
    assert_eq!(alone.raw(Metric::DatasetLosses), 1, "the old node had the only copy");
    // 100 s of the recreation, detection, promotion, endpoint; then the new primary's turn comes.
    let with_replica = with_fault(1);
    assert_eq!(with_replica.raw(Metric::DatasetLosses), 0);
    assert_eq!(with_replica.raw(Metric::LostWrites), 0, "nobody could write any more");
    assert_eq!(with_replica.raw(Metric::Failovers), 1);
}

#[test]
fn mz_10_a_reboot_by_the_customer_during_the_recreation_ends_it() {
    let rebooted = |replicas: usize, failover: Switch| {
        let mut plan = one_shard(replicas);
        plan.groups[0].multi_az = Switch::Off;
        plan.groups[0].automatic_failover = failover;
        let begins = 3_600 + 40 + replicas as u64 * (618 + 40);
        let node = Victim::Named(NodeId(0));
        let reboot = Action::Fault(ScriptedFault::RebootNode { node, by: RebootBy::Customer });
        script(&mut plan, &[(3_600, update(Replace)), (begins + 100, reboot)]);
        run(&plan, 1, 0)
    };
    // Nobody would notice such a reboot, but the control plane took this primary offline itself:
    // it promotes the replica, and the node that was rebooted is still to be updated.
    let (facts, outcome) = rebooted(1, Switch::On);
    assert_eq!(outcome.raw(Metric::Failovers), 1);
    assert_eq!(outcome.raw(Metric::LostWrites), 0);
    let last = facts.iter().rfind(|(_, f)| matches!(f, Fact::WritesResumed { .. }));
    let stopped = facts.iter().rfind(|(_, f)| matches!(f, Fact::WritesStopped { .. }));
    assert!(last.map(|(at, _)| at) > stopped.map(|(at, _)| at), "the shard serves again");
    once(&facts, |f| matches!(f, Fact::Operation(OperationFact::UpdateEnded { .. })));
    assert_eq!(taken_down(&facts), [NodeId(1), NodeId(0)], "the replica, then the rebooted node");
    // Alone it comes back empty on its old host, and the update begins anew.
    let (facts, outcome) = rebooted(0, Switch::Off);
    assert_eq!(outcome.raw(Metric::DatasetLosses), 1);
    let begun = |f: &Fact| matches!(f, Fact::Operation(OperationFact::RecreationBegan { .. }));
    assert_eq!(count(&facts, begun), 2);
}

#[test]
fn mz_11_the_class_of_an_engine_is_that_of_its_version() {
    let handover = |engine: &str, version: &str| {
        let keys = format!("engine = \"{engine}\"\nengine-version = \"{version}\"");
        quiet(&format!("azs = [\"a\", \"b\"]\nreplicas = 1\n{keys}")).groups[0].handover
    };
    for old in ["4.0.10", "5.0.0", "5.0.5"] {
        assert_eq!(handover("redis", old), Handover::DnsGap, "{old}");
    }
    for new in ["5.0.6", "6.2", "7.1"] {
        assert_eq!(handover("redis", new), Handover::Seamless, "{new}");
    }
    assert_eq!(handover("valkey", "7.2"), Handover::Seamless);
}

#[test]
fn mz_12_replicas_come_first_then_the_hand_over_then_the_old_primary() {
    let (facts, _) = updated(one_shard(2), Replace);
    assert_eq!(taken_down(&facts), [NodeId(1), NodeId(2), NodeId(0)]);
    let down = seconds_of(&facts, |f| matches!(f, Fact::NodeDown { .. }));
    let handed = seconds_of(&facts, |f| matches!(f, Fact::HandedOver { .. }));
    let recovered = seconds_of(&facts, |f| matches!(f, Fact::Recovered { .. }));
    // A replacement of 600 s and a sync of 18 s each, 40 s between nodes, 100 s to the hand-over.
    assert_eq!(down, [3_600, 4_258, 5_016]);
    assert_eq!(recovered, [4_218, 4_876, 5_634]);
    assert_eq!(handed, [4_976]);
    // One shard after the other.
    let (facts, _) = updated(cluster(2, 1), Replace);
    assert_eq!(taken_down(&facts), [1, 0, 3, 2].map(NodeId));
}

#[test]
fn mz_12_patching_in_place_follows_the_same_order() {
    let (facts, _) = updated(one_shard(2), Patch);
    let patched =
        seconds_of(&facts, |f| matches!(f, Fact::Operation(OperationFact::Patched { .. })));
    let back = seconds_of(&facts, |f| matches!(f, Fact::ProcessBack { .. }));
    assert_eq!(taken_down(&facts), [NodeId(1), NodeId(2), NodeId(0)]);
    assert_eq!(back, [3_602, 3_697, 3_892]);
    assert_eq!(patched, [3_655, 3_750, 3_945]);
}

#[test]
fn mz_12_a_failure_in_the_middle_is_dealt_with_first() {
    let mut plan = one_shard(2);
    // While node 1 is being replaced node 2 fails, and later the primary before the hand-over.
    script(&mut plan, &[(3_600, update(Replace)), (3_700, fail_node(2)), (4_300, fail_node(0))]);
    let (facts, outcome) = run(&plan, 1, 0);
    let end = once(&facts, |f| matches!(f, Fact::Operation(OperationFact::UpdateEnded { .. })));
    // Both that failed came back on new hosts, which need no update any more.
    assert_eq!(taken_down(&facts), [NodeId(1)]);
    assert_eq!(outcome.raw(Metric::Handovers), 0, "the failover has moved the role already");
    assert_eq!(outcome.raw(Metric::Failovers), 1);
    let last = facts.iter().rfind(|(_, f)| matches!(f, Fact::Recovered { .. }));
    assert_eq!(last.map(|(at, _)| *at), Some(end));
    assert_eq!(state_at(&plan, 3_650).config.nodes[1].update, Update::UnderWay);
}

#[test]
fn mz_39_a_single_replica_is_not_there_while_it_is_updated() {
    // Reads from replicas: how long fewer than one replica serves beside the primary.
    let gaps = |replicas: usize| -> u64 {
        let (facts, _) = updated(one_shard(replicas), Replace);
        let mut without = None;
        let mut gap = 0;
        for (at, fact) in &facts {
            if let Fact::Copies { readers, .. } = *fact {
                match (readers, without) {
                    (0 | 1, None) => without = Some(*at),
                    (2.., Some(since)) => {
                        gap += at.since(since).as_nanos() / 1_000_000_000;
                        without = None;
                    }
                    (0 | 1, Some(_)) | (2.., None) => {}
                }
            }
        }
        gap
    };
    assert_eq!(gaps(1), 2 * 618, "once for the replica, once for the old primary");
    assert_eq!(gaps(2), 0);
}

#[test]
fn updates_by_chance_wait_for_the_window() {
    use elasticache_sim::model::plan::{ServiceUpdates, Window};
    let mut plan = one_shard(1);
    let hours = |n: u64| secs(3_600 * n);
    plan.groups[0].maintenance =
        Window { first: SimTime::START + hours(5), every: hours(24), length: hours(1) };
    let life = Law::fixed(hours(7));
    plan.service_updates = vec![ServiceUpdates { life, group: None, method: Replace, address: 1 }];
    let (facts, _) = run(&plan, 1, 0);
    let began =
        seconds_of(&facts, |f| matches!(f, Fact::Operation(OperationFact::UpdateBegan { .. })));
    // Announced after 7, 14, 21 … hours; what waits together is one update.
    assert_eq!(began, [(24 + 5) * 3_600]);
}
