//! A second region: what a copy elsewhere gives back once everything is lost here. With fixed times
//! every number is arithmetic, and must come out to the nanosecond and to the nano-write.

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::engine::time::{SimTime, Span};
use elasticache_sim::model::fact::{BackupFact, Fact, Phase};
use elasticache_sim::model::plan::{FullSync, GroupId, HASH_SLOTS, Plan};
use elasticache_sim::model::state::{Region, State, WRITE};
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::observe::metrics::{Ending, Mechanism, Metric, Outcome};
use elasticache_sim::report::describe::{self, Answer};
use elasticache_sim::report::endpoints;
use elasticache_sim::report::words::Words;

use crate::support::{codes, experiment, parse, run, secs, with_fixed_times};

/// A second in nanoseconds.
const S: u64 = 1_000_000_000;

/// Two nodes in two AZs, 1000 writes a second and 1 GiB; a copy elsewhere that trails by 400 ms, a
/// decision of 15 min, a promotion of 1 min, and 2 min until the application writes there.
fn plan(faults: &str) -> Plan {
    let mut plan = with_fixed_times(parse(&text(faults)).plan);
    let region = plan.region.as_mut().expect("there is a second region");
    region.lag = Law::fixed(Span::from_nanos(400_000_000));
    region.decision = Law::fixed(secs(900));
    region.promotion = Law::fixed(secs(60));
    region.endpoint = Law::fixed(secs(120));
    plan
}

fn text(faults: &str) -> String {
    format!(
        "schema = 1\n[run]\nhorizon = \"1d\"\n[group]\nid = \"g\"\n\
         azs = [\"us-west-2a\", \"us-west-2b\"]\nreplicas = 1\n[global-datastore]\n\
         region = \"eu-west-1\"\n[workload]\nwrites-per-second = 1_000\ndataset = \"1 GiB\"\n\
         {faults}"
    )
}

fn az_fails(at: &str, az: &str, duration: &str) -> String {
    format!(
        "[[fault]]\nat = \"{at}\"\n\
         fail-az = {{ az = \"us-west-2{az}\", duration = \"{duration}\" }}\n"
    )
}

/// Both AZs fail after an hour, for six hours.
fn region_fails() -> String {
    az_fails("1h", "a", "6h") + &az_fails("1h", "b", "6h")
}

fn last_state(plan: &Plan) -> State {
    let mut run = Trial::begin(plan, TrialKeys::new(1).key(0));
    run.finish(&mut ());
    run.state().clone()
}

/// Facts and outcome of a trial whose books agree with it.
#[track_caller]
fn balanced(plan: &Plan) -> (Vec<(SimTime, Fact)>, Outcome) {
    let (facts, outcome) = run(plan, 1, 0);
    let state = last_state(plan);
    let lost: u128 = state.ledger.shards.iter().map(|books| books.lost).sum();
    let dataset: u128 = state.ledger.shards.iter().map(|books| books.dataset_lost).sum();
    assert_eq!(lost, outcome.raw(Metric::LostWrites));
    assert_eq!(dataset, outcome.raw(Metric::DatasetLostWrites));
    (facts, outcome)
}

/// What the outages waited for, in whole seconds, in the order in which such waits come.
fn phases(outcome: &Outcome) -> Vec<(Phase, u128)> {
    let order = [
        Phase::Detection,
        Phase::Decision,
        Phase::WaitingForAz,
        Phase::Provisioning,
        Phase::Loading,
        Phase::ColdStart,
        Phase::Promotion,
        Phase::Endpoint,
    ];
    let slots = u128::from(S) * u128::from(HASH_SLOTS);
    let of = |phase: Phase| (phase, outcome.by_phase[phase as usize] / slots);
    let sum: u128 = order.map(|phase| of(phase).1).iter().sum();
    assert_eq!(sum, outcome.raw(Metric::WriteOutage) / slots, "there are no others");
    order.map(of).into_iter().filter(|(_, length)| *length > 0).collect()
}

/// When the group was switched, in nanoseconds.
fn switched(facts: &[(SimTime, Fact)]) -> Vec<u64> {
    let is_switch = |fact: &Fact| matches!(fact, Fact::Backup(BackupFact::Switched { .. }));
    facts.iter().filter(|(_, fact)| is_switch(fact)).map(|(at, _)| at.as_nanos()).collect()
}

#[test]
fn a_lost_region_is_left_after_decision_promotion_and_endpoint() {
    let plan = plan(&region_fails());
    let (facts, outcome) = balanced(&plan);
    let down = 900 + 60 + 120;
    assert_eq!(switched(&facts), [(3_600 + down) * S]);
    assert_eq!(outcome.raw(Metric::LongestWriteOutage), u128::from(down * S));
    assert_eq!(outcome.by_ending[Ending::Region as usize], outcome.raw(Metric::WriteOutage));
    // The AZs are down all the time, and nobody waits for them.
    let waits = [(Phase::Detection, 10), (Phase::Decision, 890), (Phase::Promotion, 60)];
    assert_eq!(phases(&outcome), [waits.as_slice(), &[(Phase::Endpoint, 120)]].concat());
    // What the copy lacked, and nothing else: the replica's lag of 100 ms is nobody's matter.
    assert_eq!(outcome.raw(Metric::LostWrites), 400 * WRITE);
    assert_eq!(outcome.lost_by_mechanism[Mechanism::Region as usize], 400 * WRITE);
    assert_eq!(outcome.raw(Metric::LossWindow), u128::from(400_000_000_u64));
    assert_eq!(outcome.raw(Metric::DatasetLosses), 1, "here all was lost");
    assert_eq!(outcome.raw(Metric::DatasetLostWrites), 0, "and there it is");
    assert_eq!(outcome.raw(Metric::DatasetLostBytes), 0);
    let state = last_state(&plan);
    assert_eq!(state.group(GroupId(0)).region, Region::Second);
    let kept = 1_000 * u128::from(86_400 - down) * WRITE - 400 * WRITE;
    assert_eq!(state.ledger.shards[0].offset, kept);
}

#[test]
fn az_failures_do_not_reach_it_from_then_on_and_node_failures_do() {
    let later = az_fails("5h", "a", "1h") + &az_fails("20h", "a", "1h");
    let (_, quiet) = balanced(&plan(&(region_fails() + &later)));
    assert_eq!(quiet.raw(Metric::Failovers), 0);
    assert_eq!(quiet.raw(Metric::WriteOutages), 1);
    // While the AZs here are down a node there is replaced all the same.
    let node = "[[fault]]\nat = \"2h\"\nfail-node = { node = \"g-001\" }\n";
    let (facts, struck) = balanced(&plan(&(region_fails() + node)));
    assert_eq!(struck.raw(Metric::Failovers), 1);
    let replaced = facts.iter().find(|(_, fact)| matches!(fact, Fact::NodeReplaced { .. }));
    assert_eq!(replaced.map(|(at, _)| at.as_nanos()), Some((7_200 + 10 + 480) * S));
}

#[test]
fn one_az_is_a_failover_here() {
    let (facts, outcome) = balanced(&plan(&az_fails("1h", "a", "6h")));
    assert!(switched(&facts).is_empty());
    assert_eq!(outcome.raw(Metric::LostWrites), 100 * WRITE, "the replica's lag");
    assert_eq!(outcome.lost_by_mechanism[Mechanism::Lag as usize], 100 * WRITE);
}

#[test]
fn what_a_cold_group_took_until_the_switch_is_lost_as_in_a_restore() {
    let (facts, outcome) = balanced(&plan("[[fault]]\nat = \"1h\"\nfail-group = {}\n"));
    // Detected, replaced, started cold: 10 + 480 + 5 s; switched after 1080 s.
    assert_eq!(switched(&facts), [(3_600 + 1_080) * S]);
    let cold = 1_000 * (1_080 - 495) * WRITE;
    assert_eq!(outcome.lost_by_mechanism[Mechanism::Restore as usize], cold);
    assert_eq!(outcome.lost_by_mechanism[Mechanism::Region as usize], 400 * WRITE);
    assert_eq!(outcome.raw(Metric::LostWrites), cold + 400 * WRITE);
    assert_eq!(outcome.raw(Metric::LongestWriteOutage), u128::from(495 * S));
    // The cold start is nearer than the decision.
    let cold = [(Phase::Detection, 10), (Phase::Provisioning, 480), (Phase::ColdStart, 5)];
    assert_eq!(phases(&outcome), cold);
}

/// A snapshot is restored once somebody has decided and the AZs are back.
#[test]
fn a_restore_waits_for_one_thing_after_the_other() {
    let faults = az_fails("30h", "a", "1h") + &az_fails("30h", "b", "1h");
    let text = text(&faults)
        .replace("[global-datastore]\nregion = \"eu-west-1\"\n", "")
        .replace("[group]\n", "[group]\nsnapshot-retention = 1\n")
        .replace("horizon = \"1d\"", "horizon = \"3d\"");
    let mut plan = with_fixed_times(parse(&text).plan);
    let fixed = |s| Law::fixed(secs(s));
    plan.snapshots.decision = fixed(900);
    plan.snapshots.provision = fixed(600);
    plan.snapshots.load = FullSync::Law(fixed(60));
    plan.snapshots.re_pointing = fixed(120);
    plan.timing.replacement = fixed(36_000);
    let (_, outcome) = balanced(&plan);
    let expected = [
        (Phase::Detection, 10),
        (Phase::Decision, 890),
        (Phase::WaitingForAz, 2_700),
        (Phase::Provisioning, 600),
        (Phase::Loading, 60),
        (Phase::Endpoint, 120),
    ];
    assert_eq!(phases(&outcome), expected);
    assert_eq!(outcome.by_ending[Ending::Restore as usize], outcome.raw(Metric::WriteOutage));
}

#[test]
fn a_second_loss_finds_no_copy() {
    let twice = region_fails() + "[[fault]]\nat = \"12h\"\nfail-group = {}\n";
    let (facts, outcome) = balanced(&plan(&twice));
    assert_eq!(switched(&facts).len(), 1);
    assert_eq!(outcome.raw(Metric::DatasetLosses), 2);
    let written = 1_000 * (12 * 3_600 - 1_080) * WRITE - 400 * WRITE;
    assert_eq!(outcome.raw(Metric::DatasetLostWrites), written);
    assert_eq!(outcome.raw(Metric::DatasetLostBytes), 1 << 30);
}

#[test]
fn no_snapshot_is_restored_while_there_is_a_copy() {
    let text = text(&region_fails()).replace("[group]\n", "[group]\nsnapshot-retention = 1\n");
    let plan = with_fixed_times(parse(&text).plan);
    let (facts, _) = balanced(&plan);
    assert_eq!(switched(&facts).len(), 1);
    let is_restore = |fact: &Fact| matches!(fact, Fact::Backup(BackupFact::RestoreBegan { .. }));
    assert!(!facts.iter().any(|(_, fact)| is_restore(fact)));
}

#[test]
fn what_a_second_region_needs_is_checked() {
    let check = |from: &str, to: &str, expected: Option<&str>| {
        let text = text("[[fault]]\nat = \"1h\"\nfail-group = {}\n");
        assert!(text.contains(from));
        let found = codes(&text.replacen(from, to, 1));
        let error = found.iter().find(|code| code.starts_with('E')).map(String::as_str);
        assert_eq!(error, expected, "{to}: {found:?}");
    };
    let with = |line: &str| format!("{line}\nreplicas = 1");
    let redis =
        |version: &str| with(&format!("engine = \"redis\"\nengine-version = \"{version}\""));
    check("replicas = 1", "replicas = 1", None);
    check("replicas = 1", &redis("5.0.6"), None);
    check("replicas = 1", &redis("5.0.5"), Some("E0516"));
    check("replicas = 1", &with("node-type = \"cache.r6g.large\""), None);
    check("replicas = 1", &with("node-type = \"cache.t4g.micro\""), Some("E0516"));
    let durable = "engine-version = \"9.0\"\ncluster-mode = \"enabled\"\ndurability = \"sync\"";
    check("replicas = 1", &with(durable), Some("E0516"));
    check("\"eu-west-1\"", "\"us-west-2\"", Some("E0516"));
    for name in ["the moon", "mars", "eu-west-1a", "EU-WEST-1", "us-east-9z", "us-west-2a", ""] {
        check("\"eu-west-1\"", &format!("\"{name}\""), Some("E0516"));
    }
    check("region = \"eu-west-1\"", "lag = \"1s\"", Some("E0202"));
}

#[test]
fn its_assumptions_are_shown_where_there_is_one() {
    let fault = "[[fault]]\nat = \"1h\"\nfail-group = {}\n";
    let listed = |text: &str| {
        let experiment = experiment(text);
        let paths = experiment.policies[0].assumptions.iter().map(|a| a.path.clone());
        paths.filter(|path| path.starts_with("global-datastore.")).collect::<Vec<String>>()
    };
    let keys = ["lag", "decision", "promotion", "endpoint"];
    let expected: Vec<String> = keys.map(|key| format!("global-datastore.{key}")).into();
    assert_eq!(listed(&text(fault)), expected);
    let without = text(fault).replace("[global-datastore]\nregion = \"eu-west-1\"\n", "");
    assert!(listed(&without).is_empty());
}

#[test]
fn the_group_has_the_names_of_its_region() {
    let plan = plan(&region_fails());
    let (facts, _) = run(&plan, 1, 0);
    let described = |at: u64| {
        let mut trial = Trial::begin(&plan, TrialKeys::new(1).key(0));
        trial.run_until(SimTime::START + secs(at), &mut ());
        let text = describe::document(&plan, trial.state(), GroupId(0), Answer::Describe);
        let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let groups = document["ReplicationGroups"].as_array().expect("groups").clone();
        let [group] = groups.as_slice() else { panic!("one group: {text}") };
        group.clone()
    };
    let switched_at = 3_600 + 900 + 60 + 120;
    let (here, there) = (described(switched_at - 1), described(switched_at));
    for (group, region, short) in [(&here, "us-west-2", "usw2"), (&there, "eu-west-1", "euw1")] {
        assert_eq!(
            group["ARN"],
            format!("arn:aws:elasticache:{region}:123456789012:replicationgroup:g")
        );
        let info = &group["GlobalReplicationGroupInfo"];
        assert_eq!(info["GlobalReplicationGroupId"], "ldgnf-g");
        assert_eq!(info["GlobalReplicationGroupMemberRole"], "PRIMARY");
        let shard = &group["NodeGroups"][0];
        let address = shard["PrimaryEndpoint"]["Address"].as_str().expect("an address");
        assert!(address.ends_with(&format!(".{short}.cache.amazonaws.com")), "{address}");
        for (n, letter) in ["a", "b"].iter().enumerate() {
            let zone = &shard["NodeGroupMembers"][n]["PreferredAvailabilityZone"];
            assert_eq!(*zone, format!("{region}{letter}"));
        }
    }
    let endpoints = endpoints::follow(&plan, TrialKeys::new(1).key(0), &facts);
    let table = endpoints::table(&plan, &endpoints);
    let rows = |short: &str| {
        let is_primary = |line: &&str| line.contains(" primary ") && line.contains(short);
        table.lines().filter(is_primary).collect::<Vec<&str>>()
    };
    assert!(rows(".usw2.").last().expect("a row").ends_with(" nothing"), "{table}");
    assert!(rows(".euw1.").last().expect("a row").ends_with(" g-001"), "{table}");
    let words = Words::new(&plan);
    let lines: Vec<String> =
        facts.iter().flat_map(|(_, fact)| words.of(fact)).map(|line| line.text).collect();
    assert!(lines.iter().any(|line| line == "the group in eu-west-1 answers, at its own endpoint"));
    assert!(!lines.iter().any(|line| line.contains("new group")), "{lines:?}");
}

/// Switched off it is as if it were not there, also in a group that cannot have it.
#[test]
fn it_can_be_switched_off() {
    let fault = "[[fault]]\nat = \"1h\"\nfail-group = {}\n";
    let off = text(fault).replace("\"eu-west-1\"", "\"us-west-2\"\nenabled = false");
    let experiment = experiment(&off);
    let without = text(fault).replace("[global-datastore]\nregion = \"eu-west-1\"\n", "");
    assert!(experiment.policies[0].plan == parse(&without).plan);
    assert!(codes(&text(fault).replace("eu-west-1", "us-west-2")).contains(&"E0516".to_owned()));
}
