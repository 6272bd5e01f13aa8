//! Operations: what is accepted, what is refused with which error, and what follows (MZ-13 to
//! MZ-22, MZ-40 to MZ-49, MZ-57 to MZ-70).

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::time::SimTime;
use elasticache_sim::model::api::{ApiError, Refusal};
use elasticache_sim::model::fact::{Announced, Cause, Fact, OperationFact, Status};
use elasticache_sim::model::plan::{
    Action, Answer, Apply, Changes, Detector, Direction, EventOrder, ExternalReplicas, InAzOutage,
    Membership, NodeId, Operation, Plan, RebootBy, ScriptedFault, ShardId, Share, Switch,
    UpdateMethod, Victim, Window,
};
use elasticache_sim::model::state::{AutomaticFailover, Process};
use elasticache_sim::observe::metrics::Metric;

use super::story::{
    GROUP, both, cluster, fail_node, failover, modify, multi_az, one_shard, primary, quiet,
    refusals, script, seconds_of, state_at, test_failover,
};
use super::{count, in_order, once, promotion, times};
use crate::rules::seconds;
use crate::support::{parse, run, secs};

use Switch::{Off, On};

/// What the plan refuses when all this is called.
fn refused(mut plan: Plan, actions: &[(u64, Action)]) -> Vec<(u64, Refusal)> {
    script(&mut plan, actions);
    refusals(&run(&plan, 1, 0).0)
}

fn switched(facts: &[(SimTime, Fact)]) -> Vec<(u64, AutomaticFailover, Status)> {
    let change = |(at, fact): &(SimTime, Fact)| match *fact {
        Fact::Operation(OperationFact::GroupChanged { automatic_failover, status, .. }) => {
            Some((at.as_nanos() / 1_000_000_000, automatic_failover, status))
        }
        _ => None,
    };
    facts.iter().filter_map(change).collect()
}

/// A plan whose group has both switches off at the start.
fn unprotected(replicas: usize) -> Plan {
    let mut plan = one_shard(replicas);
    plan.groups[0].automatic_failover = Off;
    plan.groups[0].multi_az = Off;
    plan
}

#[test]
fn mz_13_enabled_later_is_as_good_as_enabled_at_creation() {
    let mut later = unprotected(2);
    script(&mut later, &[(60, modify(both(On)))]);
    let created = one_shard(2);
    let state = |plan: &Plan| state_at(plan, 3_600).config;
    assert_eq!(state(&later), state(&created));
    // And both answer a failure alike from then on.
    let after = |plan: &Plan| -> Vec<(SimTime, Fact)> {
        let mut plan = plan.clone();
        script(&mut plan, &[(7_200, fail_node(0))]);
        let (facts, _) = run(&plan, 1, 0);
        facts.into_iter().filter(|(at, _)| at.as_nanos() >= 7_200_000_000_000).collect()
    };
    assert_eq!(after(&later), after(&created));
}

#[test]
fn mz_14_a_replica_that_is_being_provisioned_is_not_available() {
    let enable = |at| (at, modify(both(On)));
    assert_eq!(refused(unprotected(0), &[enable(60)]), [(60, Refusal::NoReplica)]);
    // The replica is lost at 60 s, detected at 70 s, replaced at 550 s and in sync at 568 s.
    let actions = [(60, fail_node(1)), enable(100), enable(560), enable(570)];
    let expected = [100, 560].map(|at| (at, Refusal::NoAvailableReplica));
    assert_eq!(refused(unprotected(1), &actions), expected);
    assert_eq!(Refusal::NoReplica.error(), ApiError::InvalidReplicationGroupState);
}

#[test]
fn mz_15_one_shard_without_replica_is_enough_to_refuse() {
    let group = |replicas: &str| {
        let shard = |id: &str, replicas: &str| {
            format!(
                "[[group.shard]]\nid = \"{id}\"\nprimary = {{ node = \"{id}p\", az = \"a\" }}\n\
                 {replicas}\n"
            )
        };
        let with = "replicas = [{ node = \"1r\", az = \"b\" }]";
        let shards = shard("1", with) + &shard("2", replicas);
        quiet(&format!("cluster-mode = \"enabled\"\nmulti-az = false\n{shards}"))
    };
    let enable = [(60, modify(multi_az(On)))];
    assert_eq!(refused(group(""), &enable), [(60, Refusal::NoReplica)]);
    let complete = group("replicas = [{ node = \"2r\", az = \"b\" }]");
    assert_eq!(refused(complete, &enable), []);
}

#[test]
fn mz_19_the_switch_of_failover_goes_through_enabling() {
    use AutomaticFailover::{Disabled, Disabling, Enabled, Enabling};
    let mut plan = unprotected(1);
    script(&mut plan, &[(60, modify(both(On))), (600, modify(both(Off)))]);
    let changes = switched(&run(&plan, 1, 0).0);
    let expected = [
        (60, Enabling, Status::Modifying),
        (120, Enabled, Status::Available),
        (600, Disabling, Status::Modifying),
        (660, Disabled, Status::Available),
    ];
    assert_eq!(changes, expected);
    assert_eq!(state_at(&plan, 61).config.groups[0].multi_az, On, "Multi-AZ shows at once");
}

#[test]
fn mz_22_a_modification_that_may_wait_waits_for_the_window() {
    let mut plan = unprotected(1);
    plan.groups[0].maintenance =
        Window { first: SimTime::START + secs(5_000), every: secs(86_400), length: secs(3_600) };
    let modify = |at, changes| {
        let apply = Apply::InWindow;
        (at, Action::Operation(Operation::Modify { group: GROUP, changes, apply }))
    };
    script(&mut plan, &[modify(60, failover(On)), modify(70, both(On)), modify(5_500, both(Off))]);
    let (facts, _) = run(&plan, 1, 0);
    let pending = Changes { multi_az: Some(On), ..failover(On) };
    assert_eq!(state_at(&plan, 4_999).config.groups[0].pending, pending);
    assert_eq!(state_at(&plan, 5_001).config.groups[0].pending, Changes::NONE);
    let times: Vec<u64> = switched(&facts).iter().map(|(at, ..)| *at).collect();
    assert_eq!(times, [5_000, 5_060, 5_500, 5_560], "in the open window at once");
}

#[test]
fn mz_22_a_reboot_after_a_failure_applies_it_if_that_comes_first() {
    let switched_with = |fault: Action| {
        let mut plan = unprotected(2);
        plan.groups[0].maintenance =
            Window { first: SimTime::START + secs(5_000), every: secs(86_400), length: secs(60) };
        let (changes, apply) = (failover(On), Apply::InWindow);
        let modify = Action::Operation(Operation::Modify { group: GROUP, changes, apply });
        script(&mut plan, &[(60, modify), (100, fault)]);
        let (facts, _) = run(&plan, 1, 0);
        switched(&facts).iter().map(|(at, ..)| *at).collect::<Vec<u64>>()
    };
    let node = Victim::Named(NodeId(1));
    let restart_after = Law::fixed(secs(20));
    let crash = ScriptedFault::CrashNode { node: node.clone(), restart_after };
    assert_eq!(switched_with(Action::Fault(crash)), [120, 180]);
    assert_eq!(switched_with(fail_node(1)), [110 + 480, 110 + 480 + 60]);
    // What the customer asks for is no failure.
    let reboot = ScriptedFault::RebootNode { node, by: RebootBy::Customer };
    assert_eq!(switched_with(Action::Fault(reboot)), [5_000, 5_060]);
}

/// A modification that waits for the maintenance window.
fn in_window(at: u64, changes: Changes) -> (u64, Action) {
    (at, Action::Operation(Operation::Modify { group: GROUP, changes, apply: Apply::InWindow }))
}

#[test]
fn mz_22_a_modification_at_once_takes_along_what_waits() {
    let mut plan = unprotected(1);
    let retention = Changes { snapshot_retention: Some(3), ..Changes::NONE };
    script(&mut plan, &[in_window(60, both(On)), (70, modify(retention))]);
    let (facts, _) = run(&plan, 1, 0);
    assert_eq!(refusals(&facts), []);
    assert_eq!(state_at(&plan, 65).config.groups[0].pending, both(On));
    let group = state_at(&plan, 200).config.groups[0];
    assert_eq!((group.pending, group.snapshot_retention), (Changes::NONE, 3));
    assert_eq!((group.automatic_failover, group.multi_az), (AutomaticFailover::Enabled, On));
    // What waits is asked about again: its replica is gone meanwhile.
    let mut plan = unprotected(1);
    let calls = [in_window(60, both(On)), (100, fail_node(1)), (120, modify(retention))];
    script(&mut plan, &calls);
    assert_eq!(refusals(&run(&plan, 1, 0).0), [(120, Refusal::NoAvailableReplica)]);
}

/// Shards of a cluster tested one after the other, as soon as each is recovered.
fn tests_in_a_row(n: u64) -> Vec<(u64, Action)> {
    (0..n).map(|shard| (shard * 1_000, test_failover(shard as u16))).collect()
}

#[test]
fn mz_40_fifteen_shards_may_be_tested_in_any_24_hours() {
    let mut calls = tests_in_a_row(16);
    let day = 86_400;
    // A second before 24 h after the first, and then.
    calls.push((day - 1, test_failover(15)));
    calls.push((day, test_failover(15)));
    calls.push((day + 900, test_failover(0)));
    let refusals = refused(cluster(16, 1), &calls);
    let expected = [15_000, day - 1, day + 900].map(|at| (at, Refusal::TestQuota));
    assert_eq!(refusals, expected);
}

#[test]
fn mz_40_the_quota_is_that_of_the_account_and_refused_calls_use_none() {
    let group = |id: &str, shards: usize| {
        format!(
            "[[group]]\nid = \"{id}\"\ncluster-mode = \"enabled\"\nazs = [\"a\", \"b\"]\n\
             shards = {shards}\nreplicas = 1\n"
        )
    };
    let text = format!(
        "schema = 1\n[run]\nhorizon = \"2d\"\n{}{}[control-plane]\ndetector = \"managed\"\n\
         [workload]\nwrites-per-second = 1\ndataset = \"1 GiB\"\n",
        group("one", 10),
        group("two", 10)
    );
    let plan = crate::support::with_fixed_times(parse(&text).plan);
    let mut calls = tests_in_a_row(20);
    // While the first shard is tested the group is busy, which costs nothing.
    calls.push((10, test_failover(1)));
    let refusals = refused(plan, &calls);
    let quota = (15..20).map(|n| (n * 1_000, Refusal::TestQuota));
    let expected: Vec<_> = [(10, Refusal::TestInProgress)].into_iter().chain(quota).collect();
    assert_eq!(refusals, expected);
}

#[test]
fn mz_41_the_quota_answers_with_the_error_for_too_many_calls() {
    let error = Refusal::TestQuota.error();
    assert_eq!((error.code(), error.http_status()), ("APICallRateForCustomerExceeded", 400));
}

#[test]
fn mz_42_groups_are_tested_at_the_same_time() {
    let group =
        |id: &str| format!("[[group]]\nid = \"{id}\"\nazs = [\"a\", \"b\"]\nreplicas = 1\n");
    let text = format!(
        "schema = 1\n[run]\nhorizon = \"2d\"\n{}{}[workload]\nwrites-per-second = 1\n\
         dataset = \"1 GiB\"\n",
        group("one"),
        group("two")
    );
    let mut plan = crate::support::with_fixed_times(parse(&text).plan);
    script(&mut plan, &[(60, test_failover(0)), (61, test_failover(1))]);
    let (facts, _) = run(&plan, 1, 0);
    assert_eq!(refusals(&facts), []);
    let promoted = seconds_of(&facts, |f| matches!(f, Fact::Promoted { .. }));
    assert_eq!(promoted, [122, 123], "the second began before the first was over");
}

#[test]
fn mz_43_within_a_group_the_first_replacement_must_be_complete() {
    // Called at 0 s, taken offline at 60 s, promoted at 62 s, recovering at 102 s, replaced at
    // 702 s, and in sync with its half of the data at 711 s.
    let second = |at| (at, test_failover(1));
    let calls = [(0, test_failover(0)), second(30), second(100), second(710), second(712)];
    let expected = [30, 100, 710].map(|at| (at, Refusal::TestInProgress));
    assert_eq!(refused(cluster(2, 1), &calls), expected);
    // The same shard is no exception, nor is a group without cluster mode.
    let calls = [(0, test_failover(0)), (719, test_failover(0)), (721, test_failover(0))];
    assert_eq!(refused(one_shard(1), &calls), [(719, Refusal::TestInProgress)]);
    assert_eq!(Refusal::TestInProgress.error(), ApiError::InvalidReplicationGroupState);
}

#[test]
fn mz_44_a_test_goes_through_the_documented_steps() {
    let mut plan = one_shard(2);
    script(&mut plan, &[(60, test_failover(0))]);
    let (facts, outcome) = run(&plan, 1, 0);
    in_order(
        &facts,
        &[
            ("the call", |f| {
                matches!(f, Fact::Operation(OperationFact::TestFailoverCalled { .. }))
            }),
            ("the failover", |f| matches!(f, Fact::Promoted { .. })),
            ("the recovery", |f| matches!(f, Fact::ReplacementStarted { .. })),
            ("its end", |f| matches!(f, Fact::Recovered { .. })),
        ],
    );
    // The control plane knows what it does: promotion and endpoint, nothing to detect.
    assert_eq!(seconds(&outcome, Metric::WriteOutage), 5);
    assert_eq!(promotion(&facts).0, NodeId(1));
}

#[test]
fn mz_45_with_jitter_the_two_announcements_of_a_failover_come_in_either_order() {
    let mut plan = one_shard(1);
    script(&mut plan, &[(60, test_failover(0))]);
    let firsts = |plan: &Plan| -> usize {
        let of_group = |trial| {
            let (facts, _) = run(plan, 1, trial);
            let group_first =
                |f: &Fact| matches!(f, Fact::Promoted { announced: Announced::GroupFirst, .. });
            count(&facts, group_first)
        };
        (0..100).map(of_group).sum()
    };
    assert_eq!(firsts(&plan), 0, "as documented");
    plan.control_plane.event_order = EventOrder::Jittered;
    // Of a hundred fair coins, four sigmas around fifty.
    assert!((30..=70).contains(&firsts(&plan)));
}

#[test]
fn mz_47_tests_are_blocked_in_large_events() {
    let outage = Action::Fault(ScriptedFault::FailAz {
        az: Victim::Named(elasticache_sim::model::plan::AzId(5)),
        duration: Law::fixed(secs(600)),
        share: Share::All,
    });
    // The AZ holds no node of this group, and it is an event of the region all the same.
    let calls = [(50, outage), (60, test_failover(0)), (700, test_failover(0))];
    assert_eq!(refused(one_shard(1), &calls), [(60, Refusal::LargeEvent)]);
    assert_eq!(Refusal::LargeEvent.error().code(), "TestFailoverNotAvailableFault");
    let mut plan = one_shard(1);
    plan.control_plane.test_failover_in_az_outage = InAzOutage::Allowed;
    assert_eq!(refused(plan, &calls[..2]), []);
}

#[test]
fn mz_48_a_test_needs_a_replica_failover_and_multi_az() {
    let test = [(60, test_failover(0))];
    let mut alone = one_shard(0);
    alone.groups[0].automatic_failover = On;
    alone.groups[0].multi_az = On;
    assert_eq!(refused(alone, &test), [(60, Refusal::NoReplica)]);
    assert_eq!(refused(unprotected(1), &test), [(60, Refusal::FailoverOff)]);
    let mut without = one_shard(1);
    without.groups[0].multi_az = Off;
    assert_eq!(refused(without, &test), [(60, Refusal::MultiAzOff)]);
    // And a replica that is there, and a primary to take offline.
    let lost = [(49, fail_node(1)), (60, test_failover(0))];
    assert_eq!(refused(one_shard(1), &lost), [(60, Refusal::NoAvailableReplica)]);
    let lost = [(49, fail_node(0)), (60, test_failover(0))];
    assert_eq!(refused(one_shard(1), &lost), [(60, Refusal::NoPrimary)]);
}

#[test]
fn an_update_that_waits_for_the_window_waits_for_a_tested_primary_too() {
    let mut plan = one_shard(1);
    plan.groups[0].maintenance =
        Window { first: SimTime::START, every: secs(86_400), length: secs(80_000) };
    let (apply, method) = (Apply::InWindow, UpdateMethod::Patch);
    let update = Operation::ServiceUpdate { group: GROUP, apply, method };
    script(&mut plan, &[(60, test_failover(0)), (130, Action::Operation(update))]);
    let (facts, _) = run(&plan, 1, 0);
    let synced = times(&facts, |f| matches!(f, Fact::Synced { node: NodeId(0) }));
    let begins = once(&facts, |f| matches!(f, Fact::Operation(OperationFact::UpdateBegan { .. })));
    assert_eq!(begins, synced[0], "as soon as the tested node is back");
}

#[test]
fn a_call_is_judged_by_what_the_control_plane_knows() {
    // Within the 10 s of its detection a lost node counts as available; the test finds out.
    for node in [0, 1] {
        let mut plan = one_shard(1);
        script(&mut plan, &[(50, fail_node(node)), (55, test_failover(0))]);
        let (facts, _) = run(&plan, 1, 0);
        assert_eq!(refusals(&facts), []);
        let missed = |f: &Fact| matches!(f, Fact::FaultMissed { cause: Cause::TestFailover, .. });
        assert_eq!(seconds_of(&facts, missed), [55 + 60]);
    }
}

#[test]
fn mz_49_the_group_stays_available_while_it_fails_over() {
    let mut plan = one_shard(1);
    script(&mut plan, &[(60, test_failover(0))]);
    for at in [61, 119, 121, 123, 300, 1_000] {
        let group = state_at(&plan, at).config.groups[0];
        assert_eq!(group.status(), Status::Available, "at {at} s");
        assert_eq!(group.automatic_failover, AutomaticFailover::Enabled);
    }
}

#[test]
fn mz_48_a_test_is_given_up_when_the_replica_goes_before_it_strikes() {
    let mut plan = one_shard(1);
    script(&mut plan, &[(60, test_failover(0)), (100, fail_node(1)), (2_000, test_failover(0))]);
    let (facts, outcome) = run(&plan, 1, 0);
    assert_eq!(outcome.raw(Metric::DatasetLosses), 0);
    assert_eq!(refusals(&facts), [], "and the next one may come");
    assert_eq!(seconds_of(&facts, |f| matches!(f, Fact::Promoted { .. })), [2_062]);
}

#[test]
fn mz_43_adding_replicas_meanwhile_blocks_no_later_test() {
    let mut plan = growing(1, 1);
    let grow = set_replicas(Direction::Increase, 2);
    script(&mut plan, &[(0, test_failover(0)), (200, grow), (4_000, test_failover(0))]);
    assert_eq!(refusals(&run(&plan, 1, 0).0), []);
}

#[test]
fn mz_49_a_primary_that_is_lost_before_the_test_strikes_is_a_failure_like_others() {
    let mut plan = one_shard(2);
    script(&mut plan, &[(60, test_failover(0)), (100, fail_node(0)), (900, test_failover(0))]);
    let (facts, outcome) = run(&plan, 1, 0);
    // Lost at 100 s and promoted at 112 s: at 120 s there is another primary, and no test.
    let promoted = seconds_of(&facts, |f| matches!(f, Fact::Promoted { .. }));
    assert_eq!(promoted, [112, 962]);
    assert_eq!(refusals(&facts), []);
    assert_eq!(outcome.raw(Metric::Failovers), 2);
}

#[test]
fn mz_57_a_replica_is_promoted_by_hand_in_four_steps_only() {
    let promote = |at| (at, modify(primary(1)));
    let protected = [(60, Refusal::PromotionIsProtected)];
    assert_eq!(refused(one_shard(1), &[promote(60)]), protected);
    // Multi-AZ alone is not enough, and failover cannot go before it.
    let steps = [(0, modify(multi_az(Off))), promote(61)];
    assert_eq!(refused(one_shard(1), &steps), [(61, Refusal::PromotionIsProtected)]);
    let wrong = [(0, modify(failover(Off)))];
    assert_eq!(refused(one_shard(1), &wrong), [(0, Refusal::MultiAzNeedsFailover)]);
    assert_eq!(refused(cluster(2, 1), &[promote(60)]), [(60, Refusal::PromotionInClusterMode)]);
    let failover_off = [(0, modify(failover(Off)))];
    let mandatory = [(0, Refusal::FailoverIsMandatory)];
    assert_eq!(refused(cluster(2, 1), &failover_off), mandatory);
    // While a step is under way the group takes no other call.
    let hasty = [(0, modify(multi_az(Off))), (30, modify(failover(Off)))];
    assert_eq!(refused(one_shard(1), &hasty), [(30, Refusal::GroupIsModifying)]);

    let mut plan = one_shard(1);
    let steps = [multi_az(Off), failover(Off), primary(1), both(On)];
    let calls: Vec<_> = (0..).step_by(100).zip(steps.map(modify)).collect();
    script(&mut plan, &calls);
    let (facts, outcome) = run(&plan, 1, 0);
    assert_eq!(refusals(&facts), []);
    assert_eq!(seconds_of(&facts, |f| matches!(f, Fact::HandedOver { .. })), [260]);
    assert_eq!(outcome.raw(Metric::LostWrites), 0);
    let group = state_at(&plan, 1_000).config.groups[0];
    assert_eq!((group.automatic_failover, group.multi_az), (AutomaticFailover::Enabled, On));
}

#[test]
fn mz_57_one_operation_takes_all_four_steps() {
    let mut plan = one_shard(1);
    script(&mut plan, &[(0, Action::Operation(Operation::PromoteReplica { node: NodeId(1) }))]);
    let (facts, _) = run(&plan, 1, 0);
    assert_eq!(refusals(&facts), []);
    let accepted = |f: &Fact| matches!(f, Fact::Operation(OperationFact::Accepted { .. }));
    assert_eq!(seconds_of(&facts, accepted), [0, 60, 120, 180]);
    assert_eq!(seconds_of(&facts, |f| matches!(f, Fact::HandedOver { .. })), [180]);
    let group = |at| state_at(&plan, at).config.groups[0];
    assert_eq!(group(130).automatic_failover, AutomaticFailover::Disabled);
    assert_eq!(group(241), state_at(&one_shard(1), 241).config.groups[0]);
}

#[test]
fn mz_57_protection_ends_when_the_second_step_is_complete() {
    let promotions = |fault_at: u64| {
        let mut plan = one_shard(2);
        let steps = [(0, modify(multi_az(Off))), (61, modify(failover(Off)))];
        script(&mut plan, &steps);
        script(&mut plan, &[(fault_at, fail_node(0))]);
        count(&run(&plan, 1, 0).0, |f| matches!(f, Fact::Promoted { .. }))
    };
    assert_eq!(promotions(30), 1, "between the steps");
    assert_eq!(promotions(100), 1, "detected while failover is still being switched off");
    assert_eq!(promotions(130), 0, "from then on nobody follows");
}

#[test]
fn mz_57_a_fault_in_the_unprotected_time_is_answered_by_the_promotion_itself() {
    let mut plan = one_shard(2);
    let promote = Action::Operation(Operation::PromoteReplica { node: NodeId(2) });
    script(&mut plan, &[(0, promote), (130, fail_node(0))]);
    let (facts, outcome) = run(&plan, 1, 0);
    // Lost at 130 s; the third step completes at 180 s, and the endpoint follows 3 s later.
    assert_eq!(promotion(&facts).0, NodeId(2));
    assert_eq!(seconds(&outcome, Metric::WriteOutage), 53);
    // The last step waits for the replica to be available again.
    let group = state_at(&plan, 3_600).config.groups[0];
    assert_eq!((group.automatic_failover, group.multi_az), (AutomaticFailover::Enabled, On));
}

/// Together they would be refused when the window opens, and the switches with the promotion.
#[test]
fn mz_57_no_promotion_waits_for_the_window_beside_what_protects() {
    let protected = [(70, Refusal::PromotionIsProtected)];
    let one_way = [in_window(60, failover(On)), in_window(70, primary(1))];
    assert_eq!(refused(unprotected(1), &one_way), protected);
    let other_way = [in_window(60, primary(1)), in_window(70, failover(On))];
    assert_eq!(refused(unprotected(1), &other_way), protected);
    let at_once = [in_window(60, failover(On)), (70, modify(primary(1)))];
    assert_eq!(refused(unprotected(1), &at_once), protected);
    let mut plan = unprotected(1);
    plan.groups[0].maintenance =
        Window { first: SimTime::START + secs(5_000), every: secs(86_400), length: secs(3_600) };
    script(&mut plan, &other_way);
    let handed_over = |f: &Fact| matches!(f, Fact::HandedOver { .. });
    assert_eq!(seconds_of(&run(&plan, 1, 0).0, handed_over), [5_060], "the promotion comes");
}

#[test]
fn mz_58_the_file_and_multi_az_exclude_each_other_in_operations_too() {
    let file = |position| Changes { append_only_file: Some(position), ..Changes::NONE };
    let old = |version: &str, keys: &str| {
        quiet(&format!(
            "engine = \"redis\"\nengine-version = \"{version}\"\nazs = [\"a\", \"b\"]\n\
             replicas = 1\n{keys}"
        ))
    };
    let off = "automatic-failover = false";
    let refusal = |at| [(at, Refusal::AppendOnlyFile)];
    assert_eq!(refused(old("2.8.21", ""), &[(0, modify(file(On)))]), refusal(0));
    let steps = [(0, modify(file(On))), (100, modify(both(On)))];
    assert_eq!(refused(old("2.8.21", off), &steps), refusal(100));
    let both_ways = [(0, modify(file(On))), (100, modify(file(Off))), (200, modify(both(On)))];
    assert_eq!(refused(old("2.8.21", off), &both_ways), []);
    // Elsewhere the version, or the node type, answers first.
    let no_file = [(0, Refusal::AppendOnlyUnsupported)];
    assert_eq!(refused(old("2.8.22", off), &[(0, modify(file(On)))]), no_file);
    let small = "automatic-failover = false\nnode-type = \"cache.t2.micro\"";
    assert_eq!(refused(old("2.8.21", small), &[(0, modify(file(On)))]), no_file);
}

/// What becomes of enabling Multi-AZ on such a group.
fn enabled_on(version: &str, node_type: &str) -> Vec<(u64, Refusal)> {
    let plan = quiet(&format!(
        "engine = \"redis\"\nengine-version = \"{version}\"\nnode-type = \"{node_type}\"\n\
         azs = [\"a\", \"b\"]\nreplicas = 1\nautomatic-failover = false"
    ));
    refused(plan, &[(0, modify(both(On)))])
}

#[test]
fn mz_53_multi_az_cannot_be_enabled_on_older_engines() {
    let none = [(0, Refusal::MultiAzUnsupported)];
    assert_eq!(enabled_on("2.8.5", "cache.m3.medium"), none);
    assert_eq!(enabled_on("2.8.6", "cache.m3.medium"), []);
}

#[test]
fn mz_54_multi_az_cannot_be_enabled_on_t1() {
    let none = [(0, Refusal::MultiAzUnsupported)];
    assert_eq!(enabled_on("2.8.6", "cache.t1.micro"), none);
    assert_eq!(enabled_on("2.8.6", "cache.t2.micro"), []);
}

#[test]
fn mz_60_a_reboot_by_the_customer_is_refused_in_cluster_mode() {
    let reboot = |at, node| (at, Action::Operation(Operation::Reboot { node: NodeId(node) }));
    let refusal = |at, refusal| [(at, refusal)];
    let clustered = refused(cluster(2, 1), &[reboot(60, 0)]);
    assert_eq!(clustered, refusal(60, Refusal::RebootInClusterMode));
    let down = refused(one_shard(1), &[(49, fail_node(1)), reboot(60, 1)]);
    assert_eq!(down, refusal(60, Refusal::NodeNotAvailable));
    let mut plan = one_shard(1);
    script(&mut plan, &[reboot(60, 0)]);
    let (facts, outcome) = run(&plan, 1, 0);
    assert_eq!(count(&facts, |f| matches!(f, Fact::Promoted { .. })), 0);
    assert_eq!(seconds(&outcome, Metric::WriteOutage), 120, "the reboot, and nothing else");
}

#[test]
fn mz_64_new_engines_take_no_external_replicas() {
    let attach = |hinders_permille| {
        Action::Operation(Operation::AttachExternalReplica { group: GROUP, hinders_permille })
    };
    let plan = one_shard(1);
    assert_eq!(refused(plan, &[(60, attach(500))]), [(60, Refusal::ExternalReplicas)]);
    let of = |engine: &str, version: &str| {
        let keys = format!("engine = \"{engine}\"\nengine-version = \"{version}\"");
        let group = quiet(&format!("azs = [\"a\", \"b\"]\nreplicas = 1\n{keys}"));
        group.groups[0].external_replicas
    };
    assert_eq!(of("redis", "2.8.21"), ExternalReplicas::Hazard);
    assert_eq!(of("redis", "2.8.22"), ExternalReplicas::Refused);
    assert_eq!(of("valkey", "7.2.5"), ExternalReplicas::Hazard);
    assert_eq!(of("valkey", "7.2.6"), ExternalReplicas::Refused);
}

#[test]
fn mz_65_an_external_replica_can_hinder_failover_while_multi_az_is_on() {
    let outage = |multi_az: Switch, hinders_permille: u16| -> u128 {
        let mut plan = one_shard(1);
        plan.groups[0].external_replicas = ExternalReplicas::Hazard;
        plan.groups[0].multi_az = multi_az;
        let attach = Operation::AttachExternalReplica { group: GROUP, hinders_permille };
        script(&mut plan, &[(0, Action::Operation(attach)), (60, fail_node(0))]);
        let outages = (0..200).map(|trial| seconds(&run(&plan, 1, trial).1, Metric::WriteOutage));
        outages.sum()
    };
    assert_eq!(outage(On, 0), 200 * 15);
    assert_eq!(outage(Off, 500), 200 * 15, "attached after making sure that Multi-AZ is off");
    // An election that is hindered, and so all of them, leaves the shard without a primary.
    let mut plan = cluster(3, 1);
    plan.groups.iter_mut().for_each(|group| {
        group.detector = Detector::ClusterBus;
        group.external_replicas = ExternalReplicas::Hazard;
    });
    let attach = Operation::AttachExternalReplica { group: GROUP, hinders_permille: 1_000 };
    script(&mut plan, &[(0, Action::Operation(attach)), (60, fail_node(0))]);
    let (facts, outcome) = run(&plan, 1, 0);
    assert!(count(&facts, |f| matches!(f, Fact::FailoverGivenUp { .. })) > 0);
    assert_eq!(outcome.raw(Metric::Failovers), 0);
    // Each promotion of 2 s fails with chance 1/2, so one more is to be expected: 4 sigmas.
    let hindered = outage(On, 500) as f64 / 200.0 - 15.0;
    assert!((1.2..2.8).contains(&hindered), "{hindered} s more");
}

#[test]
fn mz_70_a_cancelled_test_leaves_nothing_behind() {
    let mut plan = one_shard(1);
    let answer = Answer::Cancel;
    let cancelled = Operation::TestFailover { shard: ShardId(0), answer };
    let cancelled = || Action::Operation(cancelled.clone());
    // More of them than the quota has room for, and then a real one.
    let mut calls: Vec<_> = (0..20).map(|n| (n, cancelled())).collect();
    calls.push((100, test_failover(0)));
    script(&mut plan, &calls);
    let (facts, outcome) = run(&plan, 1, 0);
    assert_eq!(refusals(&facts), []);
    assert_eq!(outcome.raw(Metric::Failovers), 1);
    let called = |f: &Fact| matches!(f, Fact::Operation(OperationFact::TestFailoverCalled { .. }));
    assert_eq!(seconds_of(&facts, called), [100]);
}

/// A shard that may grow: its last `n` nodes are not there at the start.
fn growing(replicas: usize, n: usize) -> Plan {
    let mut plan = one_shard(replicas + n);
    for node in plan.nodes.iter_mut().skip(1 + replicas) {
        node.membership = Membership::Absent;
    }
    plan
}

fn set_replicas(direction: Direction, count: u8) -> Action {
    let apply = Apply::Immediately;
    Action::Operation(Operation::SetReplicas { group: GROUP, count, direction, apply })
}

#[test]
fn replicas_are_added_and_serve_once_they_are_in_sync() {
    let mut plan = growing(1, 2);
    script(&mut plan, &[(60, set_replicas(Direction::Increase, 3)), (5_000, fail_node(0))]);
    let (facts, outcome) = run(&plan, 1, 0);
    assert_eq!(refusals(&facts), []);
    // 8 min for the nodes, 18 s for the data; meanwhile there are fewer copies than configured.
    assert_eq!(state_at(&plan, 557).config.groups[0].status(), Status::Modifying);
    assert_eq!(state_at(&plan, 558).config.groups[0].status(), Status::Available);
    assert_eq!(seconds(&outcome, Metric::WriteOutage), 15, "that of the fault");
    let reduced = seconds(&outcome, Metric::ReducedRedundancy);
    assert_eq!(reduced, 498 + 10 + 498, "while they come, and while the lost one is replaced");
}

#[test]
fn replicas_are_removed_at_once_and_only_so_many() {
    let fewer = |count| set_replicas(Direction::Decrease, count);
    let mut plan = one_shard(2);
    script(&mut plan, &[(60, fewer(1)), (70, fewer(0))]);
    let (facts, outcome) = run(&plan, 1, 0);
    assert_eq!(refusals(&facts), [(70, Refusal::TooFewReplicas)]);
    assert_eq!(state_at(&plan, 61).config.nodes[2].process, Process::Absent);
    assert_eq!(outcome.raw(Metric::ReducedRedundancy), 0, "there are as many as there are to be");
    once(&facts, |f| matches!(f, Fact::Operation(OperationFact::NodeRemoved { .. })));

    assert_eq!(refused(one_shard(2), &[(0, fewer(2))]), [(0, Refusal::ReplicaCountDirection)]);
    let (count, direction) = (1, Direction::Decrease);
    let apply = Apply::InWindow;
    let later = Operation::SetReplicas { group: GROUP, count, direction, apply };
    let later = [(0, Action::Operation(later))];
    assert_eq!(refused(one_shard(2), &later), [(0, Refusal::ReplicaCountAtOnce)]);
    let during = [(50, fail_node(0)), (55, fewer(1))];
    assert_eq!(refused(one_shard(2), &during), [(55, Refusal::NoPrimary)]);
    assert_eq!(refused(unprotected(1), &[(0, fewer(0))]), []);
}

#[test]
fn every_refusal_has_an_error_a_rule_and_an_explanation_of_its_own() {
    let mut said = std::collections::BTreeSet::new();
    for refusal in Refusal::ALL {
        assert!(said.insert(refusal.says()), "{}", refusal.says());
        assert!(["MZ-", "BK-", "OM-", "API, "].iter().any(|of| refusal.rule().starts_with(of)));
        assert!([400, 404].contains(&refusal.error().http_status()));
    }
}
