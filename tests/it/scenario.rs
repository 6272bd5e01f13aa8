//! Scenario files: what is accepted, what it becomes, and what is said about mistakes.

use std::path::Path;

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::time::{SimTime, Span};
use elasticache_sim::model::draws::entity;
use elasticache_sim::model::plan::{
    AzId, ClusterMode, ColdStartNode, DuringFailover, FullSync, GroupId, HASH_SLOTS, NodeId,
    Promotion, RebootBy, ReplacementAz, ReplacementStarts, Resync, ResyncSource, ScriptedFault,
    ShardId, Share, SubDetection, SyncingCopy, SyncingNodes,
};
use elasticache_sim::scenario::{
    self, Confidence, Diagnostic, LoadError, Origin, Overrides, Scenario, units,
};

/// What most scenarios begin with.
const HEAD: &str = "schema = 1\n[run]\nhorizon = \"1y\"\n";
/// A group of one shard with two replicas, and nothing unusual about it.
const GROUP: &str = "[group]\nid = \"g\"\nazs = [\"a\", \"b\", \"c\"]\nreplicas = 2\n";

fn parse(text: &str) -> Result<Scenario, Vec<Diagnostic>> {
    scenario::parse("dir/test.toml", text, Path::new(env!("CARGO_MANIFEST_DIR")))
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
    let mistakes = parse(text).err().unwrap_or_default();
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
    let prefix = format!("error: {}:{}:{}: ", mistake.file, mistake.line, mistake.column);
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
    assert_eq!((group.multi_az, group.cluster_mode), (true, ClusterMode::Disabled));
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
        "fault[1].node-failure.mttf",
        "fault[2].fail-az.duration",
    ] {
        assert_eq!(find(absent), None);
    }
    let shown = |path: &str| find(path).map(|a| (a.value.as_str(), a.why.to_string()));
    let unsourced = "given without a source".to_owned();
    assert_eq!(shown("timing.promotion"), Some(("\"2s\"", unsourced.clone())));
    assert_eq!(shown("fault[0].node-failure.mttf"), Some(("\"10y\"", unsourced)));
    let reboot = "default, documented: AWS FIS template: primary node reboot".to_owned();
    assert_eq!(shown("timing.reboot"), Some(("{ uniform = [\"1m\", \"3m\"] }", reboot)));
    let detection = with("").assumptions.into_iter().find(|a| a.path == "timing.detection");
    let detection = detection.expect("detection has a default");
    assert_eq!(detection.value, "{ lognormal = { median = \"10s\", p95 = \"25s\" } }");
    assert!(detection.why.is_unfounded());
    let Some(Origin::Default { confidence, .. }) = find("rules.promotion").map(|a| a.why) else {
        panic!("a rule that is not given is a default");
    };
    assert_eq!(confidence, Confidence::Documented);
    // All in the order of the sections.
    let order = ["workload", "replication", "timing", "rules", "fault"];
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
fn laws_that_are_none() {
    let check = |text: &str, expected: &[&str]| {
        check(&format!("[timing]\ndetection = {text}\n"), expected);
    };
    let at = "timing.detection";
    check("5", &[&format!("{at} = 5: expected a duration or a law, found an integer")]);
    check("{ }", &[&format!("{at}: names no law")]);
    check("{ source = \"x\" }", &[&format!("{at}: names no law")]);
    check(
        "{ fixed = \"1s\", source = 1 }",
        &[&format!(
            "{at}.source = 1: expected text that says where the value comes from, found an integer"
        )],
    );
    check(
        r#"{ fixed = "1s", uniform = ["1s", "2s"] }"#,
        &[&format!("{at}: names more than one law: `fixed` and `uniform`")],
    );
    check("{ exponentail = 1 }", &[&format!("{at}.exponentail: unknown key")]);
    check(
        r#"{ exponential = "1s" }"#,
        &[&format!(r#"{at}.exponential = "1s": expected a table, found a string"#)],
    );
    check("{ exponential = { } }", &[&format!("{at}.exponential.mean: is missing")]);
    check(
        r#"{ exponential = { mean = "0s" } }"#,
        &[&format!("{at}.exponential: the mean must be above zero (1e-30 to 1e30 ns)")],
    );
    check(
        r#"{ uniform = ["5s", "1s"] }"#,
        &[&format!(r#"{at}.uniform = ["5s", "1s"]: high must not be below low"#)],
    );
    check(
        r#"{ uniform = ["5s"] }"#,
        &[&format!(r#"{at}.uniform = ["5s"]: needs 2 durations, not 1"#)],
    );
    check(
        r#"{ triangular = ["1s", 2, "x"] }"#,
        &[
            &format!("{at}.triangular[1] = 2: expected a duration, found an integer"),
            &format!(r#"{at}.triangular[2] = "x": is not a duration"#),
        ],
    );
    check(
        r#"{ lognormal = { median = "10s", p95 = "5s" } }"#,
        &[&format!("{at}.lognormal: p95 must be above the median")],
    );
    check(
        r#"{ lognormal = { median = "10s", sd = "5s" } }"#,
        &[&format!(
            "{at}.lognormal: needs `median` and `p95`, `median` and `p99`, or `mean` and `sd`"
        )],
    );
    check(
        r#"{ lognormal = { median = "10s", p59 = "5s" } }"#,
        &[&format!("{at}.lognormal.p59: unknown key")],
    );
    for shape in ["nan", "inf", "-1", "0", "1e999"] {
        check(
            &format!(r#"{{ weibull = {{ mean = "10s", shape = {shape} }} }}"#),
            &[&format!("{at}.weibull: the shape must be from 0.001 to 10000")],
        );
    }
    check(
        r#"{ gamma = { mean = "1s", shape = "2" } }"#,
        &[&format!(r#"{at}.gamma.shape = "2": expected a number, found a string"#)],
    );
    check(
        r#"{ erlang = { mean = "1s", stages = 0 } }"#,
        &[&format!("{at}.erlang.stages = 0: must be from 1 to 4294967295")],
    );
    check(
        r#"{ erlang = { mean = "1s", stages = 1_000_000 } }"#,
        &[&format!("{at}.erlang: the number of stages must be from 1 to 10000")],
    );
    check(r#""600y""#, &[&format!(r#"{at} = "600y": is too long"#)]);
}

#[test]
fn samples_come_from_csv_files() {
    let directory = std::env::temp_dir().join(format!("scenario-samples-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a temporary directory");
    let read = |content: &str, column: &str| {
        std::fs::write(directory.join("sample.csv"), content).expect("a temporary file");
        let law = format!("{{ empirical = {{ file = \"sample.csv\"{column} }} }}");
        let text = format!("{HEAD}{GROUP}[timing]\ndetection = {law}\n");
        scenario::parse("t.toml", &text, &directory).map(|s| s.plan.timing.detection)
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
    wrong("99999999999999999999s", "is not a duration");
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
    assert_eq!((plan.groups[0].promotion, plan.groups[0].multi_az), (None, false));
    assert_eq!(plan.groups[1].promotion, Some(Promotion::LeastLag));
    assert!(plan.groups[1].multi_az);
    assert!(plan.shards.iter().all(|shard| shard.writes_per_sec == 7));
    assert!(matches!(plan.script[0].fault, ScriptedFault::FailPrimary(ShardId(1))));
    assert_eq!(plan.group_failures[0].group, Some(GroupId(0)));
}

#[test]
fn switches_have_defaults_that_depend_on_the_nodes() {
    let check = |keys: &str, failover: bool, multi_az: bool| {
        let plan = valid(&format!("{HEAD}[group]\nid = \"g\"\n{keys}\n")).plan;
        let group = &plan.groups[0];
        assert_eq!((group.promotion.is_some(), group.multi_az), (failover, multi_az), "{keys}");
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
        assert_eq!(scripted[0].at, SimTime::START + secs(3600));
        assert!((1..1 << 24).contains(&scripted[0].address));
        scripted[0].fault.clone()
    };
    let two_hours = Law::fixed(secs(7200));
    assert!(matches!(first("fail-primary = {}"), ScriptedFault::FailPrimary(ShardId(0))));
    let named = first("fail-primary = { shard = \"0001\", group = \"g\" }");
    assert!(matches!(named, ScriptedFault::FailPrimary(ShardId(0))));
    let node = first("fail-node = { node = \"g-002\" }");
    assert!(matches!(node, ScriptedFault::FailNode(NodeId(1))));
    let crash = first("crash-node = { node = \"g-001\", restart-after = \"2h\" }");
    assert!(matches!(crash, ScriptedFault::CrashNode { node: NodeId(0), restart_after }
        if restart_after == two_hours));
    let replicas = first("fail-replicas = { count = 2 }");
    assert!(matches!(replicas, ScriptedFault::FailReplicas { shard: ShardId(0), count: 2 }));
    let az = first("fail-az = { az = \"b\", duration = \"2h\" }");
    assert!(matches!(az, ScriptedFault::FailAz { az: AzId(1), duration, share: Share::All }
        if duration == two_hours));
    assert!(matches!(first("fail-group = {}"), ScriptedFault::FailGroup(GroupId(0))));
    let reboot = first("reboot-node = { node = \"g-001\", by = \"customer\" }");
    assert!(matches!(
        reboot,
        ScriptedFault::RebootNode { node: NodeId(0), by: RebootBy::Customer }
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
fn the_script_is_sorted_by_time_and_then_by_line() {
    let at = |at: &str, node: u8| {
        format!("[[fault]]\nat = \"{at}\"\nfail-node = {{ node = \"g-00{node}\" }}\n")
    };
    let file = at("2h", 3) + &at("1h", 1) + &at("1h", 2) + &at("1y", 1);
    let script = with(&file).plan.script;
    let nodes: Vec<u16> = script
        .iter()
        .map(|scripted| match scripted.fault {
            ScriptedFault::FailNode(NodeId(node)) => node,
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

#[test]
fn mistakes_in_the_head() {
    check_whole("", &["schema: is missing", "run: is missing", "group: is missing"]);
    check_whole(&format!("[run]\nhorizon = \"1y\"\n{GROUP}"), &["schema: is missing"]);
    let run = |schema: &str, run: &str, expected: &[&str]| {
        check_whole(&format!("{schema}\n[run]\n{run}\n{GROUP}"), expected);
    };
    let one = "schema = 1";
    run("schema = 2", "horizon = \"1d\"", &["schema = 2: is not a known schema"]);
    run("schema = \"one\"", "horizon = \"1d\"", &["schema = \"one\": is not a whole number"]);
    run(
        "schema = 1\nname = \"\"",
        "horizon = \"1d\"",
        &["name = \"\": must be one line of at most 200 bytes"],
    );
    run("schema = 1\nnmae = 5", "horizon = \"1d\"", &["nmae: unknown key"]);
    run(one, "", &["run.horizon: is missing"]);
    run(one, "horizon = 5", &["run.horizon = 5: expected a duration, found an integer"]);
    run(one, "horizon = \"5\"", &["run.horizon = \"5\": a duration needs a unit"]);
    run(one, "horizon = \"2mo\"", &["run.horizon = \"2mo\": months are not accepted"]);
    let limits = "must be above zero and below 500 years";
    for horizon in ["0s", "500y", "600y"] {
        let expected = format!("run.horizon = \"{horizon}\": {limits}");
        run(one, &format!("horizon = \"{horizon}\""), &[&expected]);
    }
    let negative = "run.horizon = \"-1h\": a duration must not be negative";
    run(one, "horizon = \"-1h\"", &[negative]);
    let trials = |value: &str, message: &str| {
        let expected = format!("run.trials = {value}: {message}");
        run(one, &format!("horizon = \"1d\"\ntrials = {value}"), &[&expected]);
    };
    trials("0", "must be from 1 to 100000000");
    trials("-1", "must not be negative");
    trials("1.5", "is not a whole number");
    trials("nan", "is not a whole number");
    trials("inf", "is not a whole number");
    trials("99999999999999999999", "is too large");
    trials("\"many\"", "is not a whole number");
    trials("true", "expected a whole number, found a boolean");
    trials("2026-11-21", "expected a whole number, found a datetime");
    run(
        one,
        "horizon = \"1d\"\nwarm-up = \"1d\"",
        &["run.warm-up = \"1d\": must be shorter than the horizon"],
    );
    run(
        one,
        "horizon = \"1d\"\nstart = 2026-11-21T00:00:00Z",
        &["run.start: is not in this version"],
    );
    run("schema = 1\ngroup = 5", "horizon = \"1d\"", &["group: duplicate key"]);
    check_whole(
        &format!("schema = 1\nrun = 3\n{GROUP}"),
        &["run = 3: expected a table, found an integer"],
    );
    check_whole(&format!("{HEAD}group = [1]\n"), &["group: is missing", "run.group: unknown key"]);
    check_whole(
        "schema = 1\ngroup = 3\n[run]\nhorizon = \"1y\"\n",
        &["group = 3: expected a table, found an integer"],
    );
    check_whole("schema = 1\ngroup = []\n[run]\nhorizon = \"1y\"\n", &["group: is missing"]);
}

#[test]
fn mistakes_in_a_group() {
    let rest = "azs = [\"a\", \"b\"]\nreplicas = 1\n";
    let with_rest = |keys: &str, expected: &[&str]| {
        check_group(&format!("id = \"g\"\n{rest}{keys}"), expected);
    };
    check_group(
        "",
        &["group.id: is missing", "group.replicas: is missing", "group.azs: is missing"],
    );
    check_group(rest, &["group.id: is missing"]);
    check_group(&format!("id = \"a b\"\n{rest}"), &["group.id = \"a b\": is not a name"]);
    with_rest("engine = \"redsi\"", &["group.engine = \"redsi\": is not one of the choices"]);
    with_rest(
        "engine-version = 8.0",
        &["group.engine-version = 8.0: expected a version, found a float"],
    );
    with_rest("engine-version = \"new\"", &["group.engine-version = \"new\": is not a version"]);
    with_rest(
        "node-type = \"r7g.large\"",
        &["group.node-type = \"r7g.large\": is not a node type"],
    );
    with_rest(
        "cluster-mode = true",
        &["group.cluster-mode = true: expected a string, found a boolean"],
    );
    with_rest(
        "multi-az = \"yes\"",
        &["group.multi-az = \"yes\": expected true or false, found a string"],
    );
    with_rest(
        "append-only-file = true",
        &["group.append-only-file = true: is not in this version"],
    );
    with_rest("durability = \"sync\"", &["group.durability = \"sync\": is not in this version"]);
    with_rest(
        "multi-az = true\nautomatic-failover = false",
        &["group.multi-az = true: needs automatic failover"],
    );
    with_rest(
        "multi-az = true\nengine = \"redis\"\nengine-version = \"2.8.5\"",
        &["group.multi-az = true: this engine version cannot"],
    );
    with_rest(
        "multi-az = true\nnode-type = \"cache.t1.micro\"",
        &["group.multi-az = true: this node type cannot"],
    );
    with_rest("shards = 2", &["group: has 2 shards with cluster mode disabled"]);
    with_rest("shards = 0", &["group.shards = 0: must be from 1 to 500"]);
    with_rest("replcias = 2", &["group.replcias: unknown key"]);
    with_rest(
        "[[group.shard]]\nprimary = { node = \"n\", az = \"a\" }",
        &["group.azs = [\"a\", \"b\"]: `azs` and `shard` exclude each other"],
    );
    let keys =
        |azs: &str, replicas: &str| format!("id = \"g\"\nazs = {azs}\nreplicas = {replicas}");
    check_group(&keys("[\"a\"]", "6"), &["group.replicas = 6: must be from 0 to 5"]);
    check_group(&keys("[]", "1"), &["group.azs = []: names no AZ"]);
    check_group(
        &keys("\"a\"", "1"),
        &["group.azs = \"a\": expected an array of AZ names, found a string"],
    );
    check_group(
        &keys("[\"a\", \"a\", 3, \"\"]", "1"),
        &[
            "group.azs[1] = \"a\": is in the list already",
            "group.azs[2] = 3: expected a name, found an integer",
            "group.azs[3] = \"\": is not a name",
        ],
    );
    check_group(
        &format!("{}\nautomatic-failover = true", keys("[\"a\"]", "0")),
        &["group.automatic-failover = true: there is no replica to fail over to"],
    );
    check_group(
        &format!("{}\nmulti-az = true", keys("[\"a\", \"b\"]", "0")),
        &["group.multi-az = true: shard `0001` has no replica"],
    );
}

#[test]
fn mistakes_in_exact_placement() {
    let shard = "[[group.shard]]\nprimary = { node = \"n1\", az = \"a\" }\n";
    let check =
        |rest: &str, expected: &[&str]| check_group(&format!("id = \"g\"\n{rest}"), expected);
    check("shard = 5", &["group.shard = 5: expected an array of tables, found an integer"]);
    check("shard = []", &["group.shard = []: holds no shard"]);
    check("[[group.shard]]", &["group.shard[0].primary: is missing"]);
    check(
        "[[group.shard]]\nprimary = { node = \"n\" }",
        &["group.shard[0].primary.az: is missing"],
    );
    check(
        &format!("{shard}replicas = [{{ node = \"n1\", az = \"b\" }}]"),
        &["group.shard[0].replicas[0].node = \"n1\": another node has the name `n1`"],
    );
    let seven = "{ node = \"x\", az = \"b\" }, ".repeat(6);
    let found = parse(&format!("{HEAD}[group]\nid = \"g\"\n{shard}replicas = [{seven}]\n"));
    let found = found.expect_err("six replicas");
    assert_eq!(found[0].message, "holds 6 replicas");
    check(
        &format!("{shard}replicas = [5]\nslots = 3"),
        &[
            "group.shard[0].replicas[0] = 5: expected a table, found an integer",
            "group.shard[0].slots: unknown key",
        ],
    );
    let twice = shard.replace("n1", "n2");
    check(
        &format!(
            "cluster-mode = \"enabled\"\n{shard}id = \"x\"\n{twice}id = \"x\"\n\
                    [control-plane]\ndetector = \"managed\""
        ),
        &["group.shard[1].id = \"x\": another shard has the id `x`"],
    );
}

#[test]
fn mistakes_in_clusters_and_between_groups() {
    let group = |keys: &str| {
        format!(
            "{HEAD}[group]\nid = \"g\"\ncluster-mode = \"enabled\"\nazs = [\"a\", \"b\"]\n{keys}\n"
        )
    };
    let managed = "[control-plane]\ndetector = \"managed\"\n";
    let unmodelled = "control-plane.detector: group `g` has cluster mode enabled, and detection \
                      over the cluster bus is not modelled yet";
    check_whole(&group("replicas = 1"), &[unmodelled]);
    check_whole(
        &group("replicas = 1\n[control-plane]\ndetector = \"cluster-bus\""),
        &["control-plane.detector = \"cluster-bus\": is not in this version"],
    );
    check_whole(
        &group(&format!("shards = 100\nreplicas = 5\n{managed}")),
        &["group: has 600 nodes"],
    );
    check_whole(
        &group(&format!("replicas = 1\nautomatic-failover = false\n{managed}")),
        &["group.automatic-failover = false: cluster mode has automatic failover"],
    );
    let two = "[[group]]\nid = \"g\"\nazs = [\"a\"]\nreplicas = 0\n".repeat(2);
    check_whole(&format!("{HEAD}{two}"), &["group[1]: another group has the id `g`"]);
    let two = two.replacen("\"g\"", "\"h\"", 1);
    let fault = |fault: &str| format!("{HEAD}{two}[[fault]]\nat = \"1h\"\n{fault}\n");
    check_whole(&fault("fail-primary = {}"), &["fault[0].fail-primary.group: is missing"]);
    check_whole(
        &fault("fail-group = { group = \"x\" }"),
        &["fault[0].fail-group.group = \"x\": there is no such group"],
    );
    let clustered = group(&format!("shards = 2\nreplicas = 1\n{managed}[[fault]]\nat = \"1h\"\n"));
    check_whole(
        &format!("{clustered}fail-primary = {{}}\n"),
        &["fault[0].fail-primary.shard: is missing"],
    );
    check_whole(
        &format!("{clustered}fail-primary = {{ shard = \"3\" }}\n"),
        &["fault[0].fail-primary.shard = \"3\": the group has no such shard"],
    );
}

#[test]
fn mistakes_in_workload_and_elsewhere() {
    check(
        "[workload]\nwrites-per-second = -5\nwrite-size = \"0 B\"\ndataset = \"2 PB\"\n",
        &[
            "workload.writes-per-second = -5: must not be negative",
            "workload.write-size = \"0 B\": must be from 1 to 536870912 bytes",
            "workload.dataset = \"2 PB\": is not a size",
        ],
    );
    check(
        "[workload]\nwrites-per-second = 1\nwrites-per-second-per-shard = 1\n",
        &["workload.writes-per-second-per-shard = 1: `writes-per-second` and \
         `writes-per-second-per-shard` exclude each other"],
    );
    check(
        "[replication]\nlag = 0.2\nbacklog = \"17000000 TiB\"\n",
        &[
            "replication.lag = 0.2: expected a duration or a law, found a float",
            "replication.backlog = \"17000000 TiB\": is too large",
        ],
    );
    check(
        "[timing]\nfull-sync = { per-gb = \"1s\" }\ndetcetion = \"1s\"\n",
        &["timing.full-sync.per-gb: unknown key", "timing.detcetion: unknown key"],
    );
    check("[timing]\nfull-sync = {}\n", &["timing.full-sync: names no law"]);
    check(
        "[rules]\npromotion = \"first\"\nresync-needs-primary = 1\n",
        &[
            "rules.promotion = \"first\": is not one of the choices",
            "rules.resync-needs-primary = 1: expected true or false, found an integer",
        ],
    );
    check(
        "[control-plane]\ndetector = \"sentinel\"\nspeed = 1\n",
        &[
            "control-plane.detector = \"sentinel\": is not in this version",
            "control-plane.speed: unknown key",
        ],
    );
    check(
        "timing = 3\n[rules]\n[[rules]]\n",
        &["group.timing: unknown key", "rules: duplicate key"],
    );
    check(
        "[sweep]\n[[policy]]\n[objectives]\n[[expect]]\n[polcy]\n",
        &[
            "sweep: is not in this version",
            "policy: is not in this version",
            "objectives: is not in this version",
            "expect: is not in this version",
            "polcy: unknown key",
        ],
    );
}

#[test]
fn mistakes_in_faults() {
    check("[fault]\nat = \"1h\"\n", &["fault: expected an array of tables, found a table"]);
    check_fault("", &["fault[0]: names no fault"]);
    check_fault("at = \"1h\"\nfial-az = 1", &["fault[0].fial-az: unknown key"]);
    check_fault(
        "at = \"1h\"\nfail-group = {}\nfail-primary = {}",
        &["fault[0]: names more than one fault: `fail-group` and `fail-primary`"],
    );
    for later in ["partition-az", "maintenance", "test-failover", "start-migration"] {
        check_fault(
            &format!("at = \"1h\"\n{later} = {{}}"),
            &[&format!("fault[0].{later}: is not in this version")],
        );
    }
    check_fault("fail-primary = {}", &["fault[0].at: is missing"]);
    check_fault("at = \"2y\"\nfail-primary = {}", &["fault[0].at = \"2y\": is after the horizon"]);
    check_fault(
        "at = 5\nfail-primary = 3",
        &[
            "fault[0].at = 5: expected a duration, found an integer",
            "fault[0].fail-primary = 3: expected a table, found an integer",
        ],
    );
    check_fault(
        "at = \"1h\"\nnode-failure = { mttf = \"1y\" }",
        &["fault[0].at = \"1h\": `node-failure` strikes at random times and takes no `at`"],
    );
    let at =
        |fault: &str, expected: &[&str]| check_fault(&format!("at = \"1h\"\n{fault}"), expected);
    at(
        "fail-primary = { shard = 1 }",
        &["fault[0].fail-primary.shard = 1: expected the id of a shard, found an integer"],
    );
    at("fail-node = {}", &["fault[0].fail-node.node: is missing"]);
    at(
        "fail-node = { node = \"g-004\" }",
        &["fault[0].fail-node.node = \"g-004\": there is no such node"],
    );
    at("crash-node = { node = \"g-001\" }", &["fault[0].crash-node.restart-after: is missing"]);
    at("fail-replicas = {}", &["fault[0].fail-replicas.count: is missing"]);
    at("fail-replicas = { count = 3 }", &["fault[0].fail-replicas.count = 3: must be from 1 to 2"]);
    at(
        "fail-az = { az = \"d\", duration = \"1h\" }",
        &["fault[0].fail-az.az = \"d\": no node is in this AZ"],
    );
    at("fail-az = { az = \"a\" }", &["fault[0].fail-az.duration: is missing"]);
    for share in ["0", "1.5", "-1", "nan", "{ uniform = [0.5, 0.2] }"] {
        let mistakes = parse(&format!(
            "{HEAD}{GROUP}[[fault]]\nat = \"1h\"\n\
             fail-az = {{ az = \"a\", duration = \"1h\", share = {share} }}\n"
        ));
        let message = mistakes.expect_err("a bad share")[0].message.clone();
        assert_eq!(message, "a share lies above 0 and up to 1", "{share}");
    }
    at(
        "reboot-node = { node = \"g-001\", by = \"me\" }",
        &["fault[0].reboot-node.by = \"me\": is not one of the choices"],
    );
    check_fault("node-failure = {}", &["fault[0].node-failure: names no lifetime"]);
    check_fault(
        "node-failure = { mttf = \"0s\" }",
        &["fault[0].node-failure.mttf = \"0s\": the mean life must be at least 1s"],
    );
    check_fault(
        "node-failure = { lifetime = \"0s\" }",
        &["fault[0].node-failure.lifetime = \"0s\": the mean life must be at least 1s"],
    );
    check_fault("node-failure = { mtbf = \"1y\" }", &["fault[0].node-failure.mtbf: unknown key"]);
    check_fault(
        "node-failure = { mttf = \"1y\", lifetime = \"1y\" }",
        &["fault[0].node-failure: names more than one lifetime: `mttf` and `lifetime`"],
    );
    check_fault("az-failure = { mttf = \"1y\" }", &["fault[0].az-failure.duration: is missing"]);
    check_fault(
        "id = \"a b\"\nnode-failure = { mttf = \"1y\" }",
        &["fault[0].id = \"a b\": is not a name"],
    );
    let twice = "[[fault]]\nid = \"x\"\nnode-failure = { mttf = \"1y\" }\n".repeat(2);
    check(&twice, &["fault[1].id = \"x\": another fault has this id"]);
}

#[test]
fn all_mistakes_are_told_at_once_in_file_order_and_none_twice() {
    let text = "schema = 1\nname = 5\n[run]\nhorizon = \"1 month\"\ntrials = 0\n\
                [group]\nid = \"g\"\nazs = [\"a\"]\nreplicas = \"two\"\nmulti-az = 1\n\
                [timing]\ndetection = { fixed = 5 }\n\
                [[fault]]\nat = \"3y\"\nfail-node = { node = \"g-001\" }\n\
                [[fault]]\nnode-failure = { mttf = \"1 mo\" }\n";
    // Without a horizon no time is late, and without the group's nodes no name is unknown.
    check_whole(
        text,
        &[
            "name = 5: expected a name, found an integer",
            "run.horizon = \"1 month\": months are not accepted",
            "run.trials = 0: must be from 1 to 100000000",
            "group.replicas = \"two\": is not a whole number",
            "group.multi-az = 1: expected true or false, found an integer",
            "timing.detection.fixed = 5: expected a duration, found an integer",
            "fault[1].node-failure.mttf = \"1 mo\": months are not accepted",
        ],
    );
}

#[test]
fn broken_toml_is_told_together_with_the_rest() {
    let text = format!("{HEAD}{GROUP}engine = valkey\nshards = \n[workload]\nwrite-size = 0\n");
    check_whole(
        &text,
        &[
            "valkey: string values must be quoted, expected literal string",
            "string values must be quoted, expected literal string",
            "workload.write-size = 0: must be from 1 to 536870912",
        ],
    );
    // Where text is broken, nobody is told that something is missing.
    check_whole("schema = 1\n[run\nhorizon =\n", &["unclosed table, expected `]`"]);
    for text in ["\0", "=", "[", "]]", "a.b.c", "a = \"", "\u{feff}=", "'''", "{", "🦀 = 1"] {
        assert!(parse(text).is_err_and(|mistakes| !mistakes.is_empty()), "{text:?}");
    }
}

#[test]
fn a_diagnostic_names_the_place_and_hints() {
    let text = format!(
        "{HEAD}{GROUP}[timing]\r\n  ä = 1 \nendpiont = \"1s\"\n[[fault]]\nat = \"1h\"\n\
                        fail-az = {{ az = \"aa\", duration = \"1h\" }}\n"
    );
    let mistakes = parse(&text).expect_err("mistakes");
    let shown: Vec<String> = mistakes.iter().map(Diagnostic::to_string).collect();
    assert_eq!(
        shown[1],
        "error: dir/test.toml:10:1: timing.endpiont: unknown key\n\
        hint: did you mean `endpoint`?\n\
        hint: allowed: `detection`, `promotion`, `endpoint`, `replacement`, `full-sync`, \
        `cold-start`, `reboot`\n"
    );
    assert_eq!(
        shown[2],
        "error: dir/test.toml:13:18: fault[0].fail-az.az = \"aa\": no node is \
        in this AZ\nhint: did you mean `a`?\nhint: allowed: `a`, `b`, `c`\n"
    );
    let multi_az = format!("{HEAD}{GROUP}multi-az = true\nautomatic-failover = false\n");
    let shown = parse(&multi_az).expect_err("MZ-66")[0].to_string();
    assert!(shown.contains("hint: write automatic-failover = true, or multi-az = false (MZ-66)"));
    // Control characters of a file never reach a terminal.
    let shown = parse("\"\\u001b[31m\" = \"\u{7f}\"\nx = \"\\u001b\"\n").expect_err("unknown keys");
    assert!(shown.iter().all(|mistake| !mistake.to_string().contains(['\u{1b}', '\u{7f}'])));
}

#[test]
fn files_that_cannot_be_read_are_the_environments_fault() {
    let missing = scenario::load(Path::new("no/such/file.toml"), Overrides::default());
    assert!(matches!(missing, Err(LoadError::Unreadable { .. })));
    let directory = std::env::temp_dir().join(format!("scenario-files-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a temporary directory");
    let path = directory.join("story.toml");
    let load = |content: &[u8], overrides: Overrides| {
        std::fs::write(&path, content).expect("a temporary file");
        scenario::load(&path, overrides)
    };
    let text = format!("{HEAD}{GROUP}");
    let scenario = load(text.as_bytes(), Overrides { trials: Some(7), seed: Some(8) });
    let scenario = scenario.expect("a valid file");
    assert_eq!((scenario.trials, scenario.seed, scenario.stem.as_str()), (7, 8, "story"));
    let Err(LoadError::Invalid(mistakes)) = load(b"schema = 1\nx = \"\xff\"", Overrides::default())
    else {
        panic!("not UTF-8");
    };
    assert_eq!((mistakes[0].line, mistakes[0].column), (2, 6));
    let large = vec![b'\n'; (16 << 20) + 1];
    assert!(matches!(load(&large, Overrides::default()), Err(LoadError::Invalid(_))));
    std::fs::remove_dir_all(&directory).expect("ours to remove");
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

/// Numerical Recipes' quick generator; good enough to choose what to break.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

#[test]
fn no_text_makes_the_reader_panic() {
    const SNIPPETS: [&str; 24] = [
        "\0",
        "\"",
        "'''",
        "[",
        "]",
        "[[",
        "{",
        "}",
        "=",
        ".",
        ",",
        "\n",
        "-",
        "1e999",
        "nan",
        "-inf",
        "99999999999999999999",
        "\"1 month\"",
        "{ fixed = \"0s\" }",
        "[[fault]]\n",
        "a.a.a.a.a.a",
        "\u{feff}",
        "🦀",
        "{ x = { x = [ [ [",
    ];
    let rounds: usize = match std::env::var("SCENARIO_MUTATIONS") {
        Ok(rounds) => rounds.parse().expect("a number of rounds"),
        Err(_) => 3_000,
    };
    let mut dice = Dice(1);
    let lines: Vec<&str> = EXAMPLE.lines().collect();
    for _ in 0..rounds {
        let mut text = EXAMPLE.as_bytes().to_vec();
        for _ in 0..=dice.below(6) {
            let at = dice.below(text.len());
            match dice.below(5) {
                0 => text[at] = dice.below(256) as u8,
                1 => drop(text.drain(at..(at + dice.below(40)).min(text.len()))),
                2 => drop(text.splice(at..at, SNIPPETS[dice.below(SNIPPETS.len())].bytes())),
                3 => {
                    let line = format!("\n{}\n", lines[dice.below(lines.len())]);
                    drop(text.splice(at..at, line.into_bytes()));
                }
                _ => {
                    // One value in place of another.
                    let end = (at + dice.below(12)).min(text.len());
                    let value = SNIPPETS[dice.below(SNIPPETS.len())];
                    drop(text.splice(at..end, value.bytes()));
                }
            }
        }
        let text = String::from_utf8_lossy(&text);
        if let Err(mistakes) = parse(&text) {
            assert!(!mistakes.is_empty(), "no scenario and no reason:\n{text}");
            for mistake in mistakes {
                assert!(mistake.line >= 1 && !mistake.to_string().is_empty());
            }
        }
    }
    // Nesting far beyond any limit.
    for (open, close) in [("[", "]"), ("{ a = ", "}"), ("a.", "")] {
        let deep = format!("x = {}1{}", open.repeat(100_000), close.repeat(100_000));
        assert!(parse(&deep).is_err());
        let deep = format!("{}x = 1", open.repeat(100_000));
        assert!(parse(&deep).is_err());
    }
}
