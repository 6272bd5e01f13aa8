//! Scenario files: what is accepted, what it becomes, and what is said about mistakes.

mod answers;
mod corpus;
mod expect;
mod experiment;
mod failover_times;
mod files;
mod garbage;
mod generated;
mod migration;
mod mistakes;
mod operations;
mod properties;
mod resolved;
mod sensitivity;
mod writer;

use std::path::Path;

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::time::{SimTime, Span};
use elasticache_sim::model::draws::entity;
use elasticache_sim::model::plan::{
    AzId, ClusterMode, ColdStartNode, DuringFailover, FullSync, GroupId, HASH_SLOTS, NodeId,
    Promotion, RebootBy, ReplacementAz, ReplacementStarts, Resync, ResyncSource, ScriptedFault,
    ShardId, Share, SubDetection, Switch, SyncingCopy, SyncingNodes, Victim,
};
use elasticache_sim::scenario::codes::Severity;
use elasticache_sim::scenario::{
    self, Confidence, Diagnostic, LoadError, Origin, Overrides, units,
};

use crate::support::Scenario;

/// What most scenarios begin with.
const HEAD: &str = "schema = 1\n[run]\nhorizon = \"1y\"\n";
/// A group of one shard with two replicas, and nothing unusual about it.
const GROUP: &str = "[group]\nid = \"g\"\nazs = [\"a\", \"b\", \"c\"]\nreplicas = 2\n";

fn parse(text: &str) -> Result<Scenario, Vec<Diagnostic>> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    scenario::parse("dir/test.toml", text, dir, &Overrides::default()).map(Scenario::from)
}

/// The scenario of a text that must be valid.
fn valid(text: &str) -> Scenario {
    parse(text).unwrap_or_else(|mistakes| {
        let all: String = mistakes.iter().map(Diagnostic::to_string).collect();
        panic!("{text}\n{all}")
    })
}

/// The scenario of the usual head and group, followed by `rest`.
fn with(rest: &str) -> Scenario {
    valid(&format!("{HEAD}{GROUP}{rest}"))
}

/// Checks that `text` has exactly these mistakes, each as `PATH = VALUE: MESSAGE`.
#[track_caller]
fn check_whole(text: &str, expected: &[&str]) {
    let mut mistakes = parse(text).err().unwrap_or_default();
    mistakes.retain(|mistake| mistake.severity() == Severity::Error);
    let found: Vec<String> = mistakes.iter().map(first_line).collect();
    assert_eq!(found, expected, "\nin\n{text}");
    assert!(mistakes.is_sorted_by_key(|mistake| mistake.span.start), "in file order");
}

/// Checks the mistakes of the usual head and group, followed by `rest`.
#[track_caller]
fn check(rest: &str, expected: &[&str]) {
    check_whole(&format!("{HEAD}{GROUP}{rest}"), expected);
}

/// Checks the mistakes of the usual head, followed by a group with these keys.
#[track_caller]
fn check_group(keys: &str, expected: &[&str]) {
    check_whole(&format!("{HEAD}[group]\n{keys}\n"), expected);
}

/// `PATH = VALUE: MESSAGE`, without the place before it and the hints below it.
fn first_line(mistake: &Diagnostic) -> String {
    let shown = mistake.to_string();
    let line = shown.lines().next().expect("a diagnostic has a line");
    let (id, file) = (mistake.code.id(), &mistake.file);
    let prefix = format!("error[{id}]: {file}:{}:{}: ", mistake.line, mistake.column);
    line.strip_prefix(&prefix).expect("a diagnostic begins with its place").to_owned()
}

/// A scripted or random fault, as the one `[[fault]]` of the file.
fn fault(keys: &str) -> Scenario {
    with(&format!("[[fault]]\n{keys}\n"))
}

#[track_caller]
fn check_fault(keys: &str, expected: &[&str]) {
    check(&format!("[[fault]]\n{keys}\n"), expected);
}

fn secs(secs: u64) -> Span {
    Span::from_secs(secs)
}

fn law(law: &str) -> Law {
    with(&format!("[timing]\ndetection = {law}\n")).plan.timing.detection
}

#[test]
fn a_short_file_has_all_defaults() {
    let scenario = with("");
    let plan = &scenario.plan;
    assert_eq!((scenario.name.as_str(), scenario.stem.as_str()), ("test", "test"));
    assert_eq!((scenario.seed, scenario.trials), (42, 10_000));
    assert_eq!(plan.horizon, SimTime::START + secs(365 * 86_400));
    assert_eq!(plan.warm_up, SimTime::START);
    assert_eq!(plan.shards[0].writes_per_sec, 1000);
    assert_eq!(plan.shards[0].dataset_bytes, 1 << 30);
    assert_eq!(plan.workload.write_bytes, 512);
    assert_eq!(Ok(plan.replication.lag.clone()), Law::exponential(200e6));
    assert_eq!(plan.replication.backlog_bytes, 10 << 20);
    let timing = &plan.timing;
    assert_eq!(Ok(timing.detection.clone()), Law::lognormal_median_p95(10e9, 25e9));
    assert_eq!(Ok(timing.promotion.clone()), Law::uniform(1e9, 5e9));
    assert_eq!(Ok(timing.endpoint.clone()), Law::uniform(1e9, 5e9));
    assert_eq!(Ok(timing.replacement.clone()), Law::lognormal_median_p95(480e9, 1200e9));
    assert!(matches!(timing.full_sync, FullSync::PerGib(span) if span == secs(18)));
    assert_eq!(timing.cold_start, Law::fixed(Span::ZERO));
    assert_eq!(Ok(timing.reboot.clone()), Law::uniform(60e9, 180e9));
    let rules = plan.rules;
    assert_eq!(rules.replacement_starts, ReplacementStarts::AfterDetection);
    assert_eq!(rules.resync, Resync::Full);
    assert_eq!(rules.replacement_az, ReplacementAz::Waits);
    assert_eq!(rules.resync_source, ResyncSource::Primary);
    assert_eq!(rules.syncing, SyncingCopy::Incomplete);
    assert_eq!(rules.failure_during_failover, DuringFailover::Continue);
    assert_eq!(rules.syncing_nodes, SyncingNodes::CanFail);
    assert_eq!(rules.cold_start_node, ColdStartNode::FirstReady);
    assert_eq!(rules.sub_detection_fault, SubDetection::Blip);
    let group = &plan.groups[0];
    assert_eq!(group.promotion, Some(Promotion::LeastLag));
    assert_eq!((group.multi_az, group.cluster_mode), (Switch::On, ClusterMode::Disabled));
    assert!(plan.script.is_empty() && plan.node_failures.is_empty());
    assert!(plan.az_failures.is_empty() && plan.group_failures.is_empty());
}

#[test]
fn every_rule_can_be_changed() {
    let rules = "[rules]\nreplacement-starts = \"after-failover\"\n\
                 resync-after-failover = \"engine\"\npromotion = \"lowest-id\"\n\
                 replacement-waits-for-az = false\nresync-needs-primary = false\n\
                 syncing-counts-as-complete = true\nfailure-during-failover = \"restart\"\n\
                 syncing-nodes-can-fail = false\ncold-start-node = \"primary-slot\"\n\
                 sub-detection-fault = \"failover\"\n";
    let plan = with(rules).plan;
    let rules = plan.rules;
    assert_eq!(rules.replacement_starts, ReplacementStarts::AfterFailover);
    assert_eq!(rules.resync, Resync::Engine);
    assert_eq!(rules.replacement_az, ReplacementAz::Ignores);
    assert_eq!(rules.resync_source, ResyncSource::AnyCopy);
    assert_eq!(rules.syncing, SyncingCopy::CountsAsComplete);
    assert_eq!(rules.failure_during_failover, DuringFailover::Restart);
    assert_eq!(rules.syncing_nodes, SyncingNodes::CannotFail);
    assert_eq!(rules.cold_start_node, ColdStartNode::PrimarySlot);
    assert_eq!(rules.sub_detection_fault, SubDetection::Failover);
    assert_eq!(plan.groups[0].promotion, Some(Promotion::LowestId));
    assert_eq!(with("[rules]\npromotion = \"none\"\n").plan.groups[0].promotion, None);
}

#[test]
fn assumptions_say_what_has_no_source_and_why() {
    let file = "[workload]\nwrites-per-second = 5\n[timing]\n\
                detection = { fixed = \"7s\", source = \"measured in May\" }\n\
                promotion = \"2s\"\n\
                full-sync = { per-gib = \"9s\", source = \"measured in May\" }\n\
                [[fault]]\nnode-failure = { mttf = \"10y\" }\n\
                [[fault]]\nnode-failure = { mttf = \"20y\", source = \"the fleet\" }\n\
                [[fault]]\nat = \"1h\"\nfail-az = { az = \"a\", duration = \"1h\" }\n";
    let scenario = with(file);
    let find = |path: &str| scenario.assumptions.iter().find(|a| a.path == path);
    for absent in [
        "workload.writes-per-second",
        "timing.detection",
        "timing.full-sync",
        "fault.node-failure-2.node-failure.mttf",
        "fault.fail-az-1.fail-az.duration",
    ] {
        assert_eq!(find(absent), None);
    }
    let shown = |path: &str| find(path).map(|a| (a.value.as_str(), a.why.to_string()));
    let unsourced = "given without a source".to_owned();
    assert_eq!(shown("timing.promotion"), Some(("\"2s\"", unsourced.clone())));
    assert_eq!(shown("fault.node-failure-1.node-failure.mttf"), Some(("\"10y\"", unsourced)));
    let reboot = "default, documented: AWS FIS template: primary node reboot".to_owned();
    assert_eq!(shown("timing.reboot"), Some(("{ uniform = [\"1m\", \"3m\"] }", reboot)));
    let detection = with("").assumptions.into_iter().find(|a| a.path == "timing.detection");
    let detection = detection.expect("detection has a default");
    assert_eq!(detection.value, "{ lognormal = { median = \"10s\", p95 = \"25s\" } }");
    assert!(detection.why.is_unfounded());
    let Some(Origin::Default { confidence, .. }) = find("rules.promotion").map(|a| a.why.clone())
    else {
        panic!("a rule that is not given is a default");
    };
    assert_eq!(confidence, Confidence::Documented);
    // What nobody documents is assumed; in cluster mode the API does.
    for key in ["group.automatic-failover", "group.multi-az"] {
        let switch = find(key).expect("a switch that is not given is a default");
        assert_eq!(switch.value, "true");
        assert!(switch.why.is_unfounded(), "{key}: {}", switch.why);
    }
    let cluster = valid(&format!(
        "{HEAD}{GROUP}cluster-mode = \"enabled\"\n[control-plane]\ndetector = \"managed\"\n"
    ));
    let switches = cluster.assumptions.iter().filter(|a| a.path.starts_with("group."));
    assert!(switches.clone().any(|a| a.path == "group.multi-az" && !a.why.is_unfounded()));
    let failover = switches.clone().find(|a| a.path == "group.automatic-failover");
    assert!(failover.is_some_and(|a| !a.why.is_unfounded()));
    // All in the order of the sections.
    let order = ["group", "workload", "replication", "timing", "control-plane", "rules", "fault"];
    let section = |path: &str| order.iter().position(|name| path.starts_with(name));
    assert!(scenario.assumptions.is_sorted_by_key(|a| section(&a.path)));
}

#[test]
fn laws_have_nine_forms_and_a_short_one() {
    let check = |text: &str, expected: Result<Law, elasticache_sim::engine::law::LawError>| {
        assert_eq!(Ok(law(text)), expected, "{text}");
    };
    check(r#""30s""#, Ok(Law::fixed(secs(30))));
    check(r#"{ fixed = "1m 30s", source = "us" }"#, Ok(Law::fixed(secs(90))));
    check(r#"{ uniform = ["1s", "5s"] }"#, Law::uniform(1e9, 5e9));
    check(r#"{ exponential = { mean = "200ms" } }"#, Law::exponential(200e6));
    check(r#"{ lognormal = { median = "1s", p95 = "2s" } }"#, Law::lognormal_median_p95(1e9, 2e9));
    check(r#"{ lognormal = { median = "1s", p99 = "2s" } }"#, Law::lognormal_median_p99(1e9, 2e9));
    check(r#"{ lognormal = { mean = "1s", sd = "2s" } }"#, Law::lognormal_mean_sd(1e9, 2e9));
    check(r#"{ weibull = { mean = "1s", shape = 2 } }"#, Law::weibull_mean_shape(1e9, 2.0));
    check(r#"{ gamma = { mean = "1s", shape = 0.5 } }"#, Law::gamma_mean_shape(1e9, 0.5));
    check(r#"{ erlang = { mean = "1s", stages = 3 } }"#, Law::erlang(1e9, 3));
    check(r#"{ triangular = ["1s", "2s", "4s"] }"#, Law::triangular(1e9, 2e9, 4e9));
    // A parameter may be far longer than simulated time.
    check(r#"{ exponential = { mean = "5000y" } }"#, Law::exponential(5000.0 * 365.0 * 86_400e9));
    let table = "[timing.detection.exponential]\nmean = \"3s\"\n";
    assert_eq!(Ok(with(table).plan.timing.detection), Law::exponential(3e9));
    let full_sync = with("[timing]\nfull-sync = \"9s\"\n").plan.timing.full_sync;
    assert!(matches!(full_sync, FullSync::Law(law) if law == Law::fixed(secs(9))));
}

#[test]
fn samples_come_from_csv_files() {
    let directory = std::env::temp_dir().join(format!("scenario-samples-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a temporary directory");
    let read = |content: &str, column: &str| {
        std::fs::write(directory.join("sample.csv"), content).expect("a temporary file");
        let law = format!("{{ empirical = {{ file = \"sample.csv\"{column} }} }}");
        let text = format!("{HEAD}{GROUP}[timing]\ndetection = {law}\n");
        scenario::parse("t.toml", &text, &directory, &Overrides::default())
            .map(|experiment| experiment.policies[0].plan.timing.detection.clone())
    };
    let sample = |nanos: &[u64]| {
        let spans: Vec<Span> = nanos.iter().map(|&n| Span::from_nanos(n)).collect();
        Law::empirical(spans).expect("a sample")
    };
    let check = |content: &str, column: &str, expected: &[u64]| {
        assert_eq!(read(content, column), Ok(sample(expected)), "{content}");
    };
    check("1.5\n2\n", "", &[1_500_000_000, 2_000_000_000]);
    check("# seen in May\nseconds\n3\n1\n", "", &[1_000_000_000, 3_000_000_000]);
    check("n,lag\n1,200ms\n2, 1m 1s \n", ", column = \"lag\"", &[200_000_000, 61_000_000_000]);
    check("7,200ms\n", ", column = 2", &[200_000_000]);
    let check_mistakes = |content: &str, column: &str, expected: &[&str]| {
        let mistakes = read(content, column).expect_err("a bad sample");
        let shown: Vec<String> = mistakes
            .iter()
            .map(|m| {
                format!("{}:{}: {}", m.file.rsplit('/').next().unwrap_or(""), m.line, m.message)
            })
            .collect();
        assert_eq!(shown, expected, "{content}");
    };
    check_mistakes(
        "seconds\n1\nlong\n-3\n1e300\nnan\n",
        "",
        &[
            "sample.csv:3: long: is not a duration",
            "sample.csv:4: -3: seconds must be from 0 to 584 years",
            "sample.csv:5: 1e300: seconds must be from 0 to 584 years",
            "sample.csv:6: nan: seconds must be from 0 to 584 years",
        ],
    );
    check_mistakes("a,b\n1,2\n", ", column = \"c\"", &["sample.csv:1: has no column `c`"]);
    check_mistakes("1,2\n1\n", ", column = 2", &["sample.csv:2: has no column 2"]);
    check_mistakes("seconds\n", "", &["t.toml:9: the sample holds no length"]);
    check_mistakes("", "", &["t.toml:9: the sample holds no length"]);
    let many = "x\n".repeat(40);
    let shown = read(&many, "").expect_err("bad rows");
    assert_eq!(shown.len(), 11, "ten bad rows and how many more");
    std::fs::remove_dir_all(&directory).expect("ours to remove");
    let mistakes = parse(&format!(
        "{HEAD}{GROUP}[timing]\nreboot = {{ empirical = {{ file = \"no/such.csv\" }} }}\n"
    ));
    let shown = mistakes.expect_err("no file")[0].message.clone();
    assert!(shown.starts_with("cannot read the sample: "), "{shown}");
}

#[test]
fn durations_are_jiffs_with_days_and_years_of_ours() {
    const DAY: u64 = 86_400;
    let check = |text: &str, expected: u64| {
        let nanos = units::duration(text).map(|length| length.as_span());
        assert_eq!(nanos, Ok(Some(Span::from_nanos(expected))), "{text}");
    };
    let s = 1_000_000_000;
    check("1h 30m", 5400 * s);
    check("200ms", 200_000_000);
    check("0s", 0);
    check("1.5 h", 5400 * s);
    check("PT1H", 3600 * s);
    check("P1DT12H", 129_600 * s);
    check("1y", 365 * DAY * s);
    check("1 year 2 weeks 3 days", (365 + 14 + 3) * DAY * s);
    check("30d", 30 * DAY * s);
    check("01:02:03", 3723 * s);
    check("1us 1ns", 1001);
    check("584y", 584 * 365 * DAY * s);
    assert_eq!(units::duration("585y").map(|length| length.as_span()), Ok(None));
    let wrong = |text: &str, message: &str| {
        let found = units::duration(text).map_err(|complaint| complaint.message);
        assert_eq!(found, Err(message.to_owned()), "{text}");
    };
    wrong("1 month", "months are not accepted");
    wrong("P1M", "months are not accepted");
    wrong("-1h", "a duration must not be negative");
    wrong("1h ago", "a duration must not be negative");
    wrong("30", "a duration needs a unit");
    wrong("", "is not a duration");
    wrong("1.5d", "is not a duration");
    wrong("1M", "is not a duration");
    wrong("\0", "is not a duration");
    wrong("99999999999999999999s", "is too long, or not a duration");
    wrong("20000y", "is too long, or not a duration");
    assert!(units::duration("1.5d").is_err_and(|complaint| complaint.hint.contains("36h")));
    assert_eq!(units::parse_span("90s"), Ok(secs(90)));
    assert!(units::parse_span("90").is_err() && units::parse_span("999y").is_err());
}

#[test]
fn sizes_and_counts() {
    let size = |text: &str, expected: u64| assert_eq!(units::size(text), Ok(expected), "{text}");
    size("512 B", 512);
    size("8 GiB", 8 << 30);
    size("8gib", 8 << 30);
    size("1 MB", 1_000_000);
    size("1.5 KiB", 1536);
    size("0.1 kB", 100);
    size("1_000", 1000);
    size("16777215 TiB", 16_777_215 << 40);
    for wrong in ["", "B", "1 XB", "-1 B", "1..2 B", ".5 B", "1. B", "8 Gib it", "\0"] {
        assert!(units::size(wrong).is_err(), "{wrong}");
    }
    let large = units::size("16777216 TiB").map_err(|complaint| complaint.message);
    assert_eq!(large, Err("is too large".to_owned()));
    let count = |text: &str, expected: u64| assert_eq!(units::count(text), Ok(expected), "{text}");
    count("10000", 10_000);
    count("10_000", 10_000);
    count("1e4", 10_000);
    count("1.5E3", 1500);
    count("18446744073709551615", u64::MAX);
    for wrong in ["", "1.5", "-1", "inf", "nan", "1e400", "0x10", "99999999999999999999"] {
        assert!(units::count(wrong).is_err(), "{wrong}");
    }
    let counts = "schema = 1\n[run]\nhorizon = \"1y\"\ntrials = \"1e4\"\nseed = 0xff\n";
    let scenario = valid(&format!("{counts}{GROUP}[workload]\ndataset = 4_096\n"));
    assert_eq!((scenario.trials, scenario.seed), (10_000, 255));
    assert_eq!(scenario.plan.shards[0].dataset_bytes, 4096);
}

#[test]
fn the_shorthand_places_replicas_in_the_following_azs() {
    let plan = valid(&format!(
        "{HEAD}[control-plane]\ndetector = \"managed\"\n[group]\nid = \"g\"\n\
         cluster-mode = \"enabled\"\nazs = [\"a\", \"b\", \"c\", \"d\"]\nshards = 3\nreplicas = 1\n\
         [workload]\nwrites-per-second = 10\ndataset = \"16384 B\"\n"
    ))
    .plan;
    let names: Vec<&str> = plan.nodes.iter().map(|node| node.name.as_str()).collect();
    let expected =
        ["g-0001-001", "g-0001-002", "g-0002-001", "g-0002-002", "g-0003-001", "g-0003-002"];
    assert_eq!(names, expected);
    let azs: Vec<u16> = plan.nodes.iter().map(|node| node.az.0).collect();
    assert_eq!(azs, [0, 1, 1, 2, 2, 3]);
    assert_eq!(plan.azs[1].nodes, [NodeId(1), NodeId(2)]);
    assert_eq!(plan.azs[3].entity, entity::az(3));
    let shards: Vec<(&str, u32, u64, u64)> = plan
        .shards
        .iter()
        .map(|s| (s.id.as_str(), s.hash_slots, s.writes_per_sec, s.dataset_bytes))
        .collect();
    let expected = [("0001", 5462, 4, 5462), ("0002", 5461, 3, 5461), ("0003", 5461, 3, 5461)];
    assert_eq!(shards, expected);
    assert_eq!(plan.shards.iter().map(|s| s.hash_slots).sum::<u32>(), HASH_SLOTS);
    assert_eq!(plan.shards[2].entity, entity::shard(0, 2));
    assert_eq!(plan.nodes[5].entity, entity::node(0, 2, 1));
    assert_eq!(plan.shards[2].nodes, 4..6);
    assert_eq!(plan.groups[0].cluster_mode, ClusterMode::Enabled);
}

#[test]
fn groups_lie_side_by_side_and_nodes_may_be_placed_exactly() {
    let plan = valid(&format!(
        "{HEAD}[[group]]\nid = \"one\"\nazs = [\"b\", \"unused\"]\nreplicas = 0\n\
         [[group]]\nid = \"two\"\n[[group.shard]]\nid = \"x\"\n\
         primary = {{ node = \"p\", az = \"a\" }}\n\
         replicas = [{{ node = \"r\", az = \"b\" }}, {{ node = \"q\", az = \"a\" }}]\n\
         [workload]\nwrites-per-second-per-shard = 7\n\
         [[fault]]\nat = \"1h\"\nfail-primary = {{ group = \"two\" }}\n\
         [[fault]]\ngroup-failure = {{ group = \"one\", mttf = \"9y\" }}\n"
    ))
    .plan;
    let azs: Vec<&str> = plan.azs.iter().map(|az| az.name.as_str()).collect();
    assert_eq!(azs, ["b", "unused", "a"]);
    assert_eq!(plan.azs[0].nodes, [NodeId(0), NodeId(2)]);
    assert!(plan.azs[1].nodes.is_empty());
    assert_eq!(plan.groups[1].shards, 1..2);
    assert_eq!((plan.shards[1].id.as_str(), plan.shards[1].group), ("x", GroupId(1)));
    assert_eq!(plan.nodes[1].name, "p");
    assert_eq!(plan.nodes[3].entity, entity::node(1, 0, 2));
    assert_eq!(plan.groups[0].promotes_at_start(), None);
    assert_eq!(plan.groups[0].multi_az, Switch::Off);
    assert_eq!(plan.groups[1].promotes_at_start(), Some(Promotion::LeastLag));
    assert_eq!(plan.groups[1].multi_az, Switch::On);
    assert!(plan.shards.iter().all(|shard| shard.writes_per_sec == 7));
    assert!(matches!(
        plan.script[0].fault(),
        Some(ScriptedFault::FailPrimary(Victim::Named(ShardId(1))))
    ));
    assert_eq!(plan.group_failures[0].group, Some(GroupId(0)));
}

#[test]
fn switches_have_defaults_that_depend_on_the_nodes() {
    let check = |keys: &str, failover: bool, multi_az: bool| {
        let plan = valid(&format!("{HEAD}[group]\nid = \"g\"\n{keys}\n")).plan;
        let group = &plan.groups[0];
        let found = (group.automatic_failover, group.multi_az);
        assert_eq!(found, (failover.into(), multi_az.into()), "{keys}");
    };
    check("azs = [\"a\", \"b\"]\nreplicas = 1", true, true);
    check("azs = [\"a\"]\nreplicas = 1", true, false);
    check("azs = [\"a\"]\nreplicas = 1\nmulti-az = true", true, true);
    check("azs = [\"a\", \"b\"]\nreplicas = 0", false, false);
    check("azs = [\"a\", \"b\"]\nreplicas = 1\nautomatic-failover = false", false, false);
    check("azs = [\"a\", \"b\"]\nreplicas = 1\nmulti-az = false", true, false);
}

#[test]
fn the_backlog_grew_with_valkey_8() {
    let check = |keys: &str, expected: u64| {
        let plan = valid(&format!("{HEAD}{GROUP}{keys}\n")).plan;
        assert_eq!(plan.replication.backlog_bytes, expected, "{keys}");
    };
    check("engine = \"redis\"", 1 << 20);
    check("engine = \"redis\"\nengine-version = \"7.0.1\"", 1 << 20);
    check("engine-version = \"7.2\"", 1 << 20);
    check("engine-version = \"8.1\"", 10 << 20);
    check("[replication]\nbacklog = \"64 MB\"", 64_000_000);
}

#[test]
fn scheduled_faults() {
    let first = |keys: &str| {
        let scripted = fault(&format!("at = \"1h\"\n{keys}")).plan.script;
        assert_eq!(scripted[0].at, Law::fixed(secs(3600)));
        assert!((1..1 << 24).contains(&scripted[0].address));
        scripted[0].fault().expect("a fault").clone()
    };
    let two_hours = Law::fixed(secs(7200));
    assert!(matches!(
        first("fail-primary = {}"),
        ScriptedFault::FailPrimary(Victim::Named(ShardId(0)))
    ));
    let named = first("fail-primary = { shard = \"0001\", group = \"g\" }");
    assert!(matches!(named, ScriptedFault::FailPrimary(Victim::Named(ShardId(0)))));
    let node = first("fail-node = { node = \"g-002\" }");
    assert!(matches!(node, ScriptedFault::FailNode(Victim::Named(NodeId(1)))));
    let crash = first("crash-node = { node = \"g-001\", restart-after = \"2h\" }");
    assert!(
        matches!(crash, ScriptedFault::CrashNode { node: Victim::Named(NodeId(0)), restart_after }
        if restart_after == two_hours)
    );
    let replicas = first("fail-replicas = { count = 2 }");
    assert!(matches!(
        replicas,
        ScriptedFault::FailReplicas { shard: Victim::Named(ShardId(0)), count: 2 }
    ));
    let az = first("fail-az = { az = \"b\", duration = \"2h\" }");
    assert!(
        matches!(az, ScriptedFault::FailAz { az: Victim::Named(AzId(1)), duration, share: Share::All }
        if duration == two_hours)
    );
    assert!(matches!(first("fail-group = {}"), ScriptedFault::FailGroup(GroupId(0))));
    let reboot = first("reboot-node = { node = \"g-001\", by = \"customer\" }");
    assert!(matches!(
        reboot,
        ScriptedFault::RebootNode { node: Victim::Named(NodeId(0)), by: RebootBy::Customer }
    ));
    let share = |share: &str| match first(&format!(
        "fail-az = {{ az = \"b\", duration = \"2h\", share = {share} }}"
    )) {
        ScriptedFault::FailAz { share, .. } => share,
        other => panic!("{other:?}"),
    };
    assert_eq!(share("1"), Share::All);
    assert_eq!(share("0.25"), Share::Uniform { low: 0.25, high: 0.25 });
    assert_eq!(share("{ uniform = [0, 0.5] }"), Share::Uniform { low: 0.0, high: 0.5 });
}

#[test]
fn scheduled_faults_of_any_one() {
    let first = |keys: &str| {
        fault(&format!("at = \"1h\"\n{keys}")).plan.script[0].fault().expect("a fault").clone()
    };
    let node = first("fail-node = { node = \"any\" }");
    assert_eq!(node, ScriptedFault::FailNode(Victim::Any(0..3)));
    let named = first("fail-node = { node = \"any\", group = \"g\" }");
    assert_eq!(named, node);
    let crash = first("crash-node = { node = \"any\", restart-after = \"1s\" }");
    assert!(matches!(crash, ScriptedFault::CrashNode { node: Victim::Any(among), .. }
        if among == (0..3)));
    let reboot = first("reboot-node = { node = \"any\", by = \"customer\" }");
    assert!(matches!(reboot, ScriptedFault::RebootNode { node: Victim::Any(among), .. }
        if among == (0..3)));
    let az = first("fail-az = { az = \"any\", duration = \"1h\" }");
    assert!(matches!(az, ScriptedFault::FailAz { az: Victim::Any(among), .. } if among == (0..3)));
    let primary = first("fail-primary = { shard = \"any\" }");
    assert_eq!(primary, ScriptedFault::FailPrimary(Victim::Any(0..1)));
    let replicas = first("fail-replicas = { shard = \"any\", count = 2 }");
    assert_eq!(replicas, ScriptedFault::FailReplicas { shard: Victim::Any(0..1), count: 2 });
    // The second of two groups: its nodes and its shards only.
    let two = GROUP.replace("[group]", "[[group]]");
    let second = two.replace("\"g\"", "\"h\"");
    let of_second = |fault: &str| {
        let text = format!("{HEAD}{two}{second}[[fault]]\nat = \"1h\"\n{fault}\n");
        valid(&text).plan.script[0].fault().expect("a fault").clone()
    };
    let node = of_second("fail-node = { node = \"any\", group = \"h\" }");
    assert_eq!(node, ScriptedFault::FailNode(Victim::Any(3..6)));
    let node = of_second("fail-node = { node = \"any\" }");
    assert_eq!(node, ScriptedFault::FailNode(Victim::Any(0..6)));
    let shard = of_second("fail-primary = { shard = \"any\", group = \"h\" }");
    assert_eq!(shard, ScriptedFault::FailPrimary(Victim::Any(1..2)));
    let shard = of_second("fail-primary = { shard = \"any\" }");
    assert_eq!(shard, ScriptedFault::FailPrimary(Victim::Any(0..2)));
}

#[test]
fn moments_of_scheduled_faults() {
    let at = |at: &str| fault(&format!("at = {at}\nfail-group = {{}}")).plan.script[0].at.clone();
    assert_eq!(at("{ fixed = \"1h\" }"), Law::fixed(secs(3600)));
    assert_eq!(Ok(at("{ uniform = [\"1h\", \"2h\"] }")), Law::uniform(3600e9, 7200e9));
    let triangular = Law::triangular(3600e9, 7200e9, 10_800e9);
    assert_eq!(Ok(at("{ triangular = [\"1h\", \"2h\", \"3h\"], source = \"us\" }")), triangular);
    let sample = at("{ empirical = { file = \"tests/data/lengths.csv\" } }");
    assert!(matches!(sample, Law::Empirical(_)));
    // Up to the horizon, where no moment strikes it exactly.
    let year = 365.0 * 86_400e9;
    assert_eq!(Ok(at("{ uniform = [\"0s\", \"1y\"] }")), Law::uniform(0.0, year));
    let check_at = |at: &str, expected: &str| {
        check_fault(&format!("at = {at}\nfail-group = {{}}"), &[expected]);
    };
    let path = "fault.fail-group-1.at";
    check_at("\"1y\"", &format!("{path} = \"1y\": is at the horizon, the end"));
    check_at("{ fixed = \"1y\" }", &format!("{path}: is at the horizon, the end"));
    check_at("{ uniform = [\"1y\", \"1y\"] }", &format!("{path}: is at the horizon, the end"));
    check_at("{ uniform = [\"0s\", \"366d\"] }", &format!("{path}: can be after the horizon"));
    let unbounded =
        format!("{path}: knows no latest time, and the fault must strike in every trial");
    for law in [
        "exponential = { mean = \"1h\" }",
        "lognormal = { median = \"1h\", p95 = \"2h\" }",
        "weibull = { mean = \"1h\", shape = 2 }",
        "gamma = { mean = \"1h\", shape = 2 }",
        "erlang = { mean = \"1h\", stages = 2 }",
    ] {
        check_at(&format!("{{ {law} }}"), &unbounded);
    }
}

#[test]
fn faults_that_are_off_are_checked_and_leave_the_plan() {
    let node = "node-failure = { mttf = \"10y\" }\n";
    let both = |first: &str| {
        let text = format!("[[fault]]\n{first}\n{node}[[fault]]\nenabled = true\n{node}");
        with(&text).plan.node_failures
    };
    let (on, off) = (both(""), both("enabled = false"));
    assert_eq!(off, on[1..], "the second keeps the address of the second");
    check_fault(
        "enabled = false\nat = \"1h\"\nfail-node = { node = \"g-004\" }",
        &["fault.fail-node-1.fail-node.node = \"g-004\": there is no such node"],
    );
    let all_off = format!("{HEAD}{GROUP}[[fault]]\nenabled = false\n{node}");
    assert_eq!(crate::support::codes(&all_off), ["W0901"]);
}

#[test]
fn nothing_that_chance_can_strike_is_called_any() {
    let check_any = |group: &str, path: &str| {
        check_group(group, &[&format!("{path} = \"any\": is a word of faults")]);
    };
    check_any("id = \"g\"\nazs = [\"a\", \"any\"]\nreplicas = 1", "group.azs[1]");
    let shard = |node: &str, az: &str, id: &str| {
        format!("id = \"g\"\n[[group.shard]]\n{id}primary = {{ node = \"{node}\", az = \"{az}\" }}")
    };
    check_any(&shard("any", "a", ""), "group.shard.0001.primary.node");
    check_any(&shard("n", "any", ""), "group.shard.0001.primary.az");
    check_any(&shard("n", "a", "id = \"any\"\n"), "group.shard.any.id");
    // A group may: no fault asks for any group.
    let plan = valid(&format!("{HEAD}[group]\nid = \"any\"\nazs = [\"a\"]\nreplicas = 0\n")).plan;
    assert_eq!(plan.nodes[0].name, "any-001");
}

#[test]
fn the_script_is_sorted_by_time_and_then_by_line() {
    let at = |at: &str, node: u8| {
        format!("[[fault]]\nat = \"{at}\"\nfail-node = {{ node = \"g-00{node}\" }}\n")
    };
    let file = at("2h", 3) + &at("1h", 1) + &at("1h", 2) + &at("364d", 1);
    let script = with(&file).plan.script;
    let nodes: Vec<u16> = script
        .iter()
        .map(|scripted| match *scripted.fault().expect("a fault") {
            ScriptedFault::FailNode(Victim::Named(NodeId(node))) => node,
            ref other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(nodes, [0, 1, 2, 0]);
}

#[test]
fn random_faults_have_addresses_that_survive_edits() {
    let node = "[[fault]]\nnode-failure = { mttf = \"10y\" }\n";
    let az = "[[fault]]\naz-failure = { mttf = \"50y\", duration = \"2h\" }\n";
    let named = "[[fault]]\nid = \"mine\"\nnode-failure = { lifetime = \
                 { weibull = { mean = \"10y\", shape = 1.5 } } }\n";
    let alone = with(node).plan;
    let among = with(&format!("{az}{named}{az}{node}")).plan;
    assert_eq!(Ok(alone.node_failures[0].life.clone()), Law::exponential(3650.0 * 86_400e9));
    let lines: Vec<u32> = among.node_failures.iter().map(|failures| failures.address).collect();
    assert_ne!(lines[0], lines[1]);
    // The id takes no part in the count, but the fault does.
    assert_ne!(lines[1], alone.node_failures[0].address);
    assert_eq!(with(named).plan.node_failures[0].address, lines[0]);
    assert_eq!(
        with(&format!("{az}{node}")).plan.node_failures[0].address,
        alone.node_failures[0].address
    );
    assert_eq!(among.az_failures.len(), 2);
    assert_eq!(among.az_failures[0].duration, Law::fixed(secs(7200)));
}

/// The example of the reference, without what this version does not model.
const EXAMPLE: &str = r#"#:schema ./scenario.schema.json
schema = 1
name   = "AZ loss, 1x3 Multi-AZ"

[run]
horizon = "1y"            # simulated time of one trial; d, h, m, s, ms, "1h 30m", ISO 8601
trials  = 10_000
seed    = 42
warm-up = "0s"

[group]                   # one replication group; [[group]] for several of one account
id                 = "redis1x3"
engine             = "valkey"        # valkey | redis
engine-version     = "8.0"
node-type          = "cache.r7g.large"
cluster-mode       = "disabled"      # disabled | enabled
multi-az           = true
automatic-failover = true
append-only-file   = false
durability         = "disabled"      # disabled | async | sync
azs      = ["us-west-2c", "us-west-2a", "us-west-2b"]
shards   = 1
replicas = 2

[workload]
writes-per-second = 5_000
write-size = "512 B"
dataset    = "8 GiB"

[replication]
lag = { exponential = { mean = "200ms" } }

[timing]
detection   = { lognormal = { median = "10s", p95 = "25s" } }
promotion   = { uniform = ["1s", "5s"] }
endpoint    = { uniform = ["1s", "5s"] }
replacement = { lognormal = { median = "8m", p95 = "20m" } }
full-sync   = { per-gib = "18s" }              # or any law
cold-start  = { fixed = "0s" }
reboot      = { uniform = ["1m", "3m"] }

[control-plane]
detector = "managed"

[rules]                   # every choice that changes a number is named (defaults shown)
replacement-starts           = "after-detection"
resync-after-failover        = "full"
promotion                    = "least-lag"
replacement-waits-for-az     = true
resync-needs-primary         = true
syncing-counts-as-complete   = false
failure-during-failover      = "continue"
syncing-nodes-can-fail       = true
cold-start-node              = "first-ready"
sub-detection-fault          = "blip"

[[fault]]                 # scripted …
at = "1h"
fail-az = { az = "us-west-2c", duration = "2h" }
[[fault]]                 # … or random
node-failure = { mttf = "10y" }
[[fault]]
az-failure = { mttf = "50y", duration = { lognormal = { median = "2h", p95 = "9h" } } }
[[fault]]
group-failure = { mttf = "200y" }
"#;

#[test]
fn the_example_of_the_reference_is_valid() {
    let scenario = valid(EXAMPLE);
    assert_eq!(scenario.name, "AZ loss, 1x3 Multi-AZ");
    assert_eq!(scenario.batch_spec().trials, 10_000);
    let plan = &scenario.plan;
    assert_eq!(plan.nodes[2].name, "redis1x3-003");
    assert_eq!(plan.azs[0].name, "us-west-2c");
    assert_eq!(plan.shards[0].hash_slots, HASH_SLOTS);
    assert_eq!((plan.script.len(), plan.node_failures.len()), (1, 1));
    assert_eq!((plan.az_failures.len(), plan.group_failures.len()), (1, 1));
}
