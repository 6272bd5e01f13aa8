//! Faults that meet: in each other's failovers, detections, outages and repairs. By hand, with the
//! group and the fixed times of the tests of the rules.

use elasticache_sim::engine::law::Law;
use elasticache_sim::model::fact::{Fact, Phase, Stop};
use elasticache_sim::model::plan::{AzId, HASH_SLOTS, NodeId};
use elasticache_sim::model::state::WRITE;
use elasticache_sim::montecarlo::batch::{self, BatchSpec};
use elasticache_sim::observe::metrics::Metric;

use crate::rules::{PRIMARY_FAILS, plan, seconds, when};
use crate::support::{codes, parse, run, secs, with_fixed_times};

/// A replacement under way when its AZ fails starts over when the AZ is back.
#[test]
fn a_replacement_starts_over_after_its_az_failed() {
    let faults = "[[fault]]\nat = \"10m\"\nfail-node = { node = \"g-002\" }\n[[fault]]\nat = \
                  \"15m\"\nfail-az = { az = \"az-b\", duration = \"1h\" }\n";
    let plan = plan("", faults);
    let (facts, _) = run(&plan, 1, 0);
    let replaced = when(&facts, |f| matches!(f, Fact::NodeReplaced { .. }));
    assert_eq!(replaced, Some(300 + 3_600 + 480));
}

/// Of AZ failures that overlap, the one that ends last decides when the AZ is back.
#[test]
fn overlapping_az_failures_last_until_the_later_end() {
    let back = |later: &str| {
        let faults = format!(
            "[[fault]]\nat = \"10m\"\nfail-az = {{ az = \"az-a\", duration = \"1h\" }}\n\
             [[fault]]\nat = \"20m\"\nfail-az = {{ az = \"az-a\", duration = \"{later}\" }}\n"
        );
        let (facts, _) = run(&plan("", &faults), 1, 0);
        facts
            .iter()
            .filter(|(_, f)| matches!(f, Fact::AzUp { .. }))
            .map(|(at, _)| at.as_nanos() / 60_000_000_000)
            .collect::<Vec<_>>()
    };
    assert_eq!(back("10m"), [70]);
    assert_eq!(back("1h"), [80]);
}

/// In a partial AZ event the missed nodes live on, yet the lost ones wait for the AZ.
#[test]
fn a_partial_az_event_hits_its_share() {
    let az = |share: &str| {
        let text = format!(
            "schema = 1\n[run]\nhorizon = \"4h\"\n[group]\nid = \"g\"\nazs = [\"a\"]\nreplicas = 5\n\
             [[fault]]\nat = \"10m\"\nfail-az = {{ az = \"a\", duration = \"1h\", share = {share} \
             }}\n"
        );
        let plan = parse(&text).plan;
        let (mut down, mut early) = (0u32, 0u32);
        for trial in 0..2_000 {
            let (facts, _) = run(&plan, 5, trial);
            for (at, fact) in facts {
                match fact {
                    Fact::NodeDown { .. } => down += 1,
                    Fact::ReplacementStarted { .. } => {
                        early += u32::from(at.as_nanos() < 4_200_000_000_000);
                    }
                    _ => {}
                }
            }
        }
        assert_eq!(early, 0, "no replacement starts before the AZ is back");
        f64::from(down) / (2_000.0 * 6.0)
    };
    // 12,000 nodes: a standard deviation of 0.0046 at a share of one half; a share drawn per
    // event is worth 2,000 events only: 0.29 / sqrt(2000) = 0.0065 more.
    assert!((az("0.5") - 0.5).abs() < 0.023);
    assert!((az("{ uniform = [0.0, 1.0] }") - 0.5).abs() < 0.04);
    assert_eq!(az("1.0"), 1.0);
}

/// A primary that dies before the endpoint names it costs another detection, and no write.
#[test]
fn a_new_primary_may_die_before_anybody_reached_it() {
    let faults = "[[fault]]\nat = \"10m\"\nfail-primary = {}\n[[fault]]\nat = \"10m 13s\"\n\
                  fail-primary = {}\n";
    let (_, outcome) = run(&plan("resync-after-failover = \"none\"", faults), 1, 0);
    assert_eq!(seconds(&outcome, Metric::WriteOutage), 13 + 15);
    assert_eq!(outcome.raw(Metric::Failovers), 2);
    assert_eq!(outcome.raw(Metric::WriteOutages), 1);
    assert_eq!(outcome.raw(Metric::LostWrites), 500 * WRITE, "the second had taken none");
    let phases: Vec<u128> = [Phase::Detection, Phase::Promotion, Phase::Endpoint]
        .map(|p| outcome.by_phase[p as usize] / (1_000_000_000 * u128::from(HASH_SLOTS)))
        .to_vec();
    assert_eq!(phases, [20, 4, 1 + 3]);
}

/// A fault that finds its target down already says so and does nothing.
#[test]
fn faults_that_find_nothing_are_told() {
    let faults = "[[fault]]\nat = \"10m\"\nfail-node = { node = \"g-001\" }\n[[fault]]\nat = \
                  \"10m 1s\"\nfail-node = { node = \"g-001\" }\n[[fault]]\nat = \"10m 2s\"\n\
                  fail-primary = {}\n";
    let (facts, outcome) = run(&plan("", faults), 1, 0);
    let missed = facts.iter().filter(|(_, f)| matches!(f, Fact::FaultMissed { .. })).count();
    assert_eq!(missed, 2);
    assert_eq!(seconds(&outcome, Metric::WriteOutage), 15);
}

/// An AZ's clock runs only while the AZ is up, and is neither drawn anew nor lost when something
/// else takes the AZ down.
#[test]
fn an_azs_clock_pauses_while_it_is_down() {
    let az_faults = |scripted: &str| {
        let faults = format!(
            "[[fault]]\naz-failure = {{ lifetime = \"1h\", duration = \"1m\" }}\n{scripted}"
        );
        let (facts, _) = run(&plan("", &faults), 1, 0);
        facts
            .iter()
            .filter(|(_, f)| matches!(f, Fact::AzDown { az: AzId(0) }))
            .map(|(at, _)| at.as_nanos() / 60_000_000_000)
            .collect::<Vec<_>>()
    };
    assert_eq!(az_faults(""), [60, 121, 182]);
    let half = "[[fault]]\nat = \"30m\"\nfail-az = { az = \"az-a\", duration = \"10m\" }\n";
    assert_eq!(az_faults(half), [30, 70, 131, 192]);
}

/// A survivor that resyncs keeps its host, and what is left of its life.
#[test]
fn a_resync_does_not_make_a_host_young() {
    // Lives of two hours, and a crash of node 003 after one: its resync takes 144 s.
    let faults = "[[fault]]\nat = \"1h\"\ncrash-node = { node = \"g-003\", restart-after = \"1s\" \
                  }\n[[fault]]\nnode-failure = { lifetime = \"2h\" }\n";
    let loss = |can_fail: bool| {
        let (facts, _) = run(&plan(&format!("syncing-nodes-can-fail = {can_fail}"), faults), 1, 0);
        let lost = facts.iter().find(|(_, f)| {
            matches!(f, Fact::NodeDown { node: NodeId(2), stop: Stop::HostLost, .. })
        });
        lost.map(|(at, _)| at.as_nanos() / 1_000_000_000)
    };
    assert_eq!(loss(true), Some(7_200));
    assert_eq!(loss(false), Some(7_200 + 144));
}

/// Whoever answers in the place of a lost primary is not the primary, even if it is rebooted
/// before anybody noticed the loss.
#[test]
fn a_replacement_is_not_the_primary_that_was_lost() {
    let faults = "[[fault]]\nat = \"10m\"\nfail-primary = {}\n[[fault]]\nat = \"12m\"\n\
                  reboot-node = { node = \"g-001\", by = \"customer\" }\n";
    let mut plan = plan("replacement-starts = \"at-failure\"", faults);
    plan.timing.detection = Law::fixed(secs(600));
    plan.timing.replacement = Law::fixed(secs(60));
    plan.timing.reboot = Law::fixed(secs(30));
    let (_, outcome) = run(&plan, 1, 0);
    assert_eq!(outcome.raw(Metric::DatasetLosses), 0);
    assert_eq!(outcome.raw(Metric::Failovers), 1);
    assert_eq!(seconds(&outcome, Metric::WriteOutage), 600 + 2 + 3);
}

/// A node promoted out of its sync is as mortal as any other.
#[test]
fn who_is_promoted_early_can_fail() {
    let text = "schema = 1\n[run]\nhorizon = \"1y\"\n[group]\nid = \"g\"\nazs = [\"a\", \"b\"]\n\
                replicas = 1\n[rules]\nsyncing-counts-as-complete = true\n\
                syncing-nodes-can-fail = CAN\n[[fault]]\nnode-failure = { mttf = \"100h\" }\n";
    let failovers = |can: &str| {
        let plan = with_fixed_times(parse(&text.replace("CAN", can)).plan);
        let summary = batch::run(&plan, BatchSpec { seed: 5, trials: 300 }).expect("sound");
        summary.of(Metric::Failovers).mean()
    };
    // A little fewer, for a node in sync is spared; not a twentieth.
    let (mortal, spared) = (failovers("true"), failovers("false"));
    assert!(spared > 0.9 * mortal, "{spared} failovers instead of {mortal}");
}

/// A window that the primary opened, and from which it came back, is about replicas only: what
/// strikes the primary later has a detection of its own.
#[test]
fn a_primary_that_came_back_is_not_suspected_any_more() {
    let crash = "[[fault]]\nat = \"10m\"\ncrash-node = { node = \"g-001\", restart-after = \"2s\" }\n\
                 [[fault]]\nat = \"10m 1s\"\nfail-node = { node = \"g-002\" }\n";
    let reboot =
        "[[fault]]\nat = \"10m 5s\"\nreboot-node = { node = \"g-001\", by = \"customer\" }\n";
    let (_, outcome) = run(&plan("", &format!("{crash}{reboot}")), 1, 0);
    assert_eq!(outcome.raw(Metric::Failovers), 0, "a customer's reboot never fails over");
    assert_eq!(seconds(&outcome, Metric::WriteOutage), 2 + 120);

    let loss = "[[fault]]\nat = \"10m 9s\"\nfail-node = { node = \"g-001\" }\n";
    let (facts, _) = run(&plan("", &format!("{crash}{loss}")), 1, 0);
    let detected = when(&facts, |f| matches!(f, Fact::NodeDetected { node: NodeId(0) }));
    assert_eq!(detected, Some(9 + 10), "nothing is detected faster than the law says");
}

/// While the customer's reboot lasts the control plane waits for the primary, even if nobody else
/// has the data and somebody empty could serve; the outage waits for the restart.
#[test]
fn a_rebooting_primary_is_waited_for() {
    let faults = "[[fault]]\nat = \"10m\"\nreboot-node = { node = \"g-001\", by = \"customer\" }\n\
                  [[fault]]\nat = \"10m 10s\"\nfail-replicas = { count = 2 }\n";
    let mut plan = plan("", faults);
    plan.timing.reboot = Law::fixed(secs(1_800));
    let (facts, outcome) = run(&plan, 1, 0);
    assert!(!facts.iter().any(|(_, f)| matches!(f, Fact::ColdStartBegan { .. })));
    assert_eq!(seconds(&outcome, Metric::WriteOutage), 1_800);
    assert_eq!(outcome.by_phase[Phase::Restart as usize], outcome.raw(Metric::WriteOutage));
}

/// Reads stop only while nobody holds the data, and clock minutes count only where they are down
/// from end to end.
#[test]
fn reads_and_minutes_are_counted_by_hand() {
    // Everything is lost at 10:00 and serves again 495 s later, at 18:15: eight whole minutes.
    let group = "[[fault]]\nat = \"10m\"\nfail-group = {}\n";
    let (_, outcome) = run(&plan("", group), 1, 0);
    assert_eq!(seconds(&outcome, Metric::ReadOutage), 495);
    assert_eq!(outcome.raw(Metric::SlaMinutes), 8);
    // A second later: from 10:01 to 18:16, of which 11:00 to 18:00 are whole.
    let (_, outcome) = run(&plan("", &group.replace("10m", "10m 1s")), 1, 0);
    assert_eq!(outcome.raw(Metric::SlaMinutes), 7);
    // A failover costs writes, and no reads.
    let (_, outcome) = run(&plan("", PRIMARY_FAILS), 1, 0);
    assert_eq!(outcome.raw(Metric::ReadOutage), 0);
    assert_eq!(outcome.raw(Metric::SlaMinutes), 0);
}

/// A node that is lost again while it recovers has finished nothing: one end per beginning that
/// got there.
#[test]
fn a_recovery_that_is_cut_short_is_not_announced_as_finished() {
    let faults = "[[fault]]\nat = \"10m\"\nfail-node = { node = \"g-003\" }\n[[fault]]\nat = \
                  \"18m 20s\"\ncrash-node = { node = \"g-003\", restart-after = \"1s\" }\n";
    let (facts, _) = run(&plan("", faults), 1, 0);
    let n = |matches: fn(&Fact) -> bool| facts.iter().filter(|(_, f)| matches(f)).count();
    assert_eq!(n(|f| matches!(f, Fact::ReplacementStarted { .. })), 1);
    assert_eq!(n(|f| matches!(f, Fact::Recovered { .. })), 0);
    assert_eq!(n(|f| matches!(f, Fact::Synced { .. })), 1);
}

/// A customer's reboot is no failure, and restarts no failover under way.
#[test]
fn a_customers_reboot_restarts_nothing() {
    let faults = "[[fault]]\nat = \"10m\"\nfail-primary = {}\n[[fault]]\nat = \"10m 9s\"\n\
                  reboot-node = { node = \"g-003\", by = \"customer\" }\n";
    let (_, outcome) = run(&plan("failure-during-failover = \"restart\"", faults), 1, 0);
    assert_eq!(seconds(&outcome, Metric::WriteOutage), 15);
}

/// A control plane that repairs as if it knew does not wait for a detection to start cold.
#[test]
fn repair_at_once_includes_a_process_that_came_back() {
    let faults = "[[fault]]\nat = \"10m\"\nfail-replicas = { count = 2 }\n[[fault]]\nat = \
                  \"10m 1s\"\ncrash-node = { node = \"g-001\", restart-after = \"2s\" }\n";
    let rules = "replacement-starts = \"at-failure\"\nsub-detection-fault = \"failover\"";
    let (_, outcome) = run(&plan(rules, faults), 1, 0);
    assert_eq!(seconds(&outcome, Metric::WriteOutage), 2 + 5, "restart and cold start");
}

/// Cut off is whoever is primary then: after a failover the one that was promoted.
#[test]
fn an_isolated_primary_is_the_one_of_that_moment() {
    let after = |isolation: &str| {
        let faults = format!("{PRIMARY_FAILS}[[fault]]\nat = \"3h\"\n{isolation}\n");
        run(&plan("", &faults), 1, 0).0
    };
    let facts = after("isolate-primary = { duration = \"10m\", writers-beside = 5 }");
    let promoted = facts.iter().find_map(|(_, fact)| match fact {
        Fact::Promoted { to, .. } => Some(*to),
        _ => None,
    });
    let name = format!("g-{:03}", promoted.expect("a failover").idx() + 1);
    assert_ne!(name, "g-001");
    let named =
        format!("isolate-node = {{ node = \"{name}\", duration = \"10m\", writers-beside = 5 }}");
    assert_eq!(facts, after(&named));
}

/// What an isolated primary cannot take is told.
#[test]
fn writers_beside_that_have_no_effect_are_told() {
    let with = |group: &str, writers: u32| {
        let text = format!(
            "schema = 1\n[run]\nhorizon = \"4h\"\n[group]\nid = \"g\"\n{group}replicas = 2\n\
             azs = [\"a\", \"b\", \"c\"]\n[workload]\nwrites-per-second = 100\n[[fault]]\n\
             at = \"1h\"\nisolate-primary = {{ duration = \"1m\", writers-beside = {writers} }}\n"
        );
        codes(&text).contains(&"W0914".to_owned())
    };
    let durable = "engine-version = \"9.0\"\ncluster-mode = \"enabled\"\ndurability = \"sync\"\n";
    assert!(!with("", 100) && with("", 101));
    assert!(!with(durable, 0) && with(durable, 1));
}
