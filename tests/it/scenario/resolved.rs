//! The resolved scenario: a scenario itself, which gives the same plans, the same assumptions and
//! the same bytes, and says of every value where it comes from.

use super::*;
use crate::support::{library, root, summary_json};
use elasticache_sim::scenario::Experiment;
use elasticache_sim::scenario::presets::PRESETS;
use elasticache_sim::scenario::resolved::{self, Giver};

const FAULTS: &str = "[[fault]]\nnode-failure = { mttf = \"90d\" }\n\
                      [[fault]]\nat = \"1h\"\nfail-az = { az = \"a\", duration = \"1h\" }\n\
                      [[fault]]\nid = \"night\"\nat = \"2h\"\nfail-primary = {}\n";

fn read(text: &str, dir: &Path) -> Experiment {
    let found = scenario::parse("dir/test.toml", text, dir, &Overrides::default());
    found.unwrap_or_else(|found| {
        let all: String = found.iter().map(Diagnostic::to_string).collect();
        panic!("{text}\n{all}")
    })
}

/// What a policy comes to in a few trials, as JSON.
fn summary(experiment: &Experiment) -> String {
    summary_json(experiment, 20).to_string()
}

/// Whether trials are cheap enough to run some: those of thousands of nodes are not.
fn is_quick(experiment: &Experiment) -> bool {
    experiment.policies.iter().all(|policy| policy.plan.nodes.len() < 30)
}

/// Checks all that is promised of the resolved form of a scenario.
#[track_caller]
fn check(text: &str) -> String {
    check_in(text, &root())
}

#[track_caller]
fn check_in(text: &str, dir: &Path) -> String {
    let first = read(text, dir);
    let rendered = resolved::render(&first);
    let second = read(&rendered, dir);
    assert_eq!(resolved::render(&second), rendered, "rendered again, it is the same");
    assert_eq!((second.seed, second.trials), (first.seed, first.trials));
    assert_eq!(second.name, first.name);
    assert_eq!(second.policies.len(), first.policies.len(), "{rendered}");
    for (before, after) in first.policies.iter().zip(&second.policies) {
        assert_eq!(after.name, before.name);
        assert_eq!(after.plan, before.plan, "{}", before.name);
        assert_eq!(after.assumptions, before.assumptions, "{}", before.name);
        let shown = |policy: &scenario::Policy| -> Vec<(String, String)> {
            let values = policy.resolved.values.iter();
            values.map(|value| (value.path.clone(), value.value.clone())).collect()
        };
        assert_eq!(shown(after), shown(before), "{}", before.name);
        assert!(after.resolved.values.iter().all(|value| value.giver == Giver::File));
    }
    if is_quick(&first) {
        assert_eq!(summary(&second), summary(&first));
    }
    check_marks(&first, &rendered);
    rendered
}

/// Every assumption of every policy stands under its path, marked if nothing backs it.
#[track_caller]
fn check_marks(experiment: &Experiment, rendered: &str) {
    for policy in &experiment.policies {
        for assumption in &policy.assumptions {
            let path = &assumption.path;
            let value = policy.resolved.values.iter().find(|value| {
                value.origins.iter().any(|(of, why)| (of, why) == (path, &assumption.why))
            });
            let value = value.unwrap_or_else(|| panic!("{path} is nowhere"));
            let remark = value.remark();
            // A table has a remark for each of its parts, and a mark for each that needs one.
            let n_unfounded = value.origins.iter().filter(|(_, why)| why.is_unfounded()).count();
            let marks = ["ASSUMED", "NO SOURCE"].map(|mark| remark.matches(mark).count());
            assert_eq!(n_unfounded, marks[0] + marks[1], "{path}: {remark} {:?}", value.origins);
            assert!(rendered.contains(&remark), "{path}: {remark}\n{rendered}");
            if assumption.why.is_unfounded() {
                let listed = format!("\n#   {path}\n");
                assert!(rendered.contains(&listed), "{path} is not among what rests on nothing");
            }
        }
    }
}

#[test]
fn of_every_scenario_of_the_library() {
    for name in library() {
        let path = root().join("scenarios").join(format!("{name}.toml"));
        let text = std::fs::read_to_string(path).expect("the library is there");
        check_in(&text, &root().join("scenarios"));
    }
}

#[test]
fn of_every_preset() {
    for preset in PRESETS {
        check(preset.text);
    }
}

#[test]
fn of_the_example_of_the_reference() {
    check(EXAMPLE);
}

#[test]
fn every_default_is_written_out() {
    let rendered = check(&format!("{HEAD}{GROUP}"));
    // All keys of the example, which has every key of the format once, and their defaults.
    for line in [
        "name = \"test\"",
        "trials = 10000",
        "seed = 42",
        "warm-up = \"0s\"",
        "engine = \"valkey\"",
        "engine-version = \"8.0\"",
        "cluster-mode = \"disabled\"",
        "multi-az = true",
        "automatic-failover = true",
        "append-only-file = false",
        "durability = \"disabled\"",
        "shards = 1",
        "writes-per-second = 1000",
        "write-size = \"512 B\"",
        "dataset = \"1 GiB\"",
        "lag = { exponential = { mean = \"200ms\" } }",
        "backlog = \"10 MiB\"",
        "detection = { lognormal = { median = \"10s\", p95 = \"25s\" } }",
        "promotion = { uniform = [\"1s\", \"5s\"] }",
        "endpoint = { uniform = [\"1s\", \"5s\"] }",
        "replacement = { lognormal = { median = \"8m\", p95 = \"20m\" } }",
        "full-sync = { per-gib = \"18s\" }",
        "cold-start = \"0s\"",
        "reboot = { uniform = [\"1m\", \"3m\"] }",
        "detector = \"managed\"",
        "replacement-starts = \"after-detection\"",
        "resync-after-failover = \"full\"",
        "promotion = \"least-lag\"",
        "replacement-waits-for-az = true",
        "resync-needs-primary = true",
        "syncing-counts-as-complete = false",
        "failure-during-failover = \"continue\"",
        "syncing-nodes-can-fail = true",
        "cold-start-node = \"first-ready\"",
        "sub-detection-fault = \"blip\"",
    ] {
        let found = rendered.lines().filter(|l| {
            l.strip_prefix(line).is_some_and(|rest| rest.is_empty() || rest.starts_with("  # "))
        });
        assert_eq!(found.count(), 1, "{line}\n{rendered}");
    }
    let share = check(&format!(
        "{HEAD}{GROUP}[[fault]]\naz-failure = {{ mttf = \"1y\", duration = \"1h\" }}\n"
    ));
    assert!(share.contains("share = 1 }"), "{share}");
    assert!(share.contains("share: default, ASSUMED: an AZ event hits all its nodes"), "{share}");
}

#[test]
fn remarks_tell_who_gives_a_value_and_what_it_rests_on() {
    let rendered = check(&format!(
        "{HEAD}{GROUP}[timing]\ndetection = {{ fixed = \"7s\", source = \"measured in May\" }}\n\
         promotion = \"2s\"\nendpoint = \"3s\"\n[sources]\n\"timing.endpoint\" = \"ours\"\n\
         \"group.azs\" = \"the map\"\n"
    ));
    for line in [
        "horizon = \"1y\"  # given",
        "seed = 42  # default: any seed is as good",
        "replicas = 2  # given",
        "azs = [\"a\", \"b\", \"c\"]  # given: the map",
        "detection = { fixed = \"7s\", source = \"measured in May\" }  # given",
        "promotion = \"2s\"  # given, NO SOURCE",
        "endpoint = \"3s\"  # given: ours",
        "cold-start = \"0s\"  # default, ASSUMED: an empty node takes writes at once",
        "detector = \"managed\"  # default, documented: ElastiCache user guide (MZ-23)",
        "#   timing.promotion",
    ] {
        assert!(rendered.lines().any(|l| l == line), "{line}\n{rendered}");
    }
    assert!(!rendered.contains("\n#   timing.detection\n"), "{rendered}");
    let overrides =
        Overrides { set: vec!["timing.promotion=4s".to_owned()], ..Overrides::default() };
    let text = format!("{HEAD}{GROUP}");
    let experiment = scenario::parse("t.toml", &text, Path::new(""), &overrides).expect("valid");
    let rendered = resolved::render(&experiment);
    let line = "promotion = \"4s\"  # given on the command line, NO SOURCE";
    assert!(rendered.lines().any(|l| l == line), "{rendered}");
    let value =
        experiment.policies[0].resolved.values.iter().find(|v| v.path == "timing.promotion");
    assert_eq!(value.map(|value| value.giver), Some(Giver::CommandLine));
}

#[test]
fn of_policies_that_differ_in_anything() {
    let base = format!(
        "{HEAD}{GROUP}[timing]\npromotion = {{ fixed = \"2s\", source = \"us\" }}\n{FAULTS}"
    );
    let policies = |sets: &[&str]| -> String {
        let tables = sets
            .iter()
            .enumerate()
            .map(|(n, set)| format!("[[policy]]\nname = \"policy {n}\"\nset = {{ {set} }}\n"));
        tables.collect()
    };
    let alike = "";
    for set in [
        "group.replicas = 1",
        "group.node-type = \"cache.r7g.large\"",
        "group.shard = [{ primary = { node = \"n\", az = \"b\" }, replicas = [{ node = \"m\", az = \"a\" }] }]",
        "group = [{ id = \"x\", azs = [\"a\", \"b\"], replicas = 1 }], fault = []",
        "workload.writes-per-second-per-shard = 5",
        "timing.promotion = \"3s\"",
        "timing.promotion.uniform = [\"3s\", \"4s\"]",
        "timing.promotion = { fixed = \"2s\", source = \"them\" }",
        "rules = { promotion = \"random\", resync-needs-primary = false }",
        "control-plane.detector = \"managed\"",
        "fault = []",
        "fault = [{ at = \"3h\", fail-primary = {} }]",
        // Of such a fault nothing is shared that names it.
        "fault.node-failure-1.node-failure.mttf = \"60d\"",
        "fault.node-failure-1.node-failure = { lifetime = \"60d\" }",
        "fault.fail-az-1.fail-az.az = \"b\"",
        "fault.fail-az-1.fail-az.share = 0.5",
        "fault.fail-az-1.at = \"3h\"",
        "fault.fail-az-1.fail-primary = {}",
        "fault.fail-az-1.id = \"mine\"",
        "fault.night.fail-az = { az = \"a\", duration = \"1h\" }",
        "fault.night.at = \"3h\"",
        "sources.\"group.azs\" = \"the map\"",
        "sources.\"timing.endpoint\" = \"ours\"",
    ] {
        check(&(base.clone() + &policies(&[alike, set])));
        check(&(base.clone() + &policies(&[set, alike])));
        check(&(base.clone() + &policies(&[set])));
        check(&(base.clone() + &policies(&[set, set, "group.id = \"h\""])));
    }
}

#[test]
fn of_sweeps() {
    let base = format!("{HEAD}{GROUP}{FAULTS}");
    for sweep in [
        "group.replicas = \"0..3\"",
        "group.replicas = [1]",
        "group.replicas = [1, \"1\"]",
        "group.azs = [[\"a\", \"b\"], [\"c\", \"a\"], [\"a\"]]",
        "fault.node-failure-1.node-failure.mttf = [\"30d\", \"60d\"]",
        "timing.detection = [\"1s\", { fixed = \"2s\" }, { uniform = [\"1s\", \"2s\"] }]",
        // One cell is skipped.
        "group.replicas = [1, 6]\ntiming.detection = [\"1s\", \"2s\"]",
    ] {
        check(&format!("{base}[sweep]\n{sweep}\n"));
        let policies = "[[policy]]\nname = \"p\"\n[[policy]]\nname = \"q \\\"'# = [x]\"\n\
                        set = { timing.reboot = \"9s\" }\n";
        check(&format!("{base}{policies}[sweep]\n{sweep}\n"));
    }
    // Names of cells grow long.
    let law = |n: u8| {
        let source = "a source of more than sixty-four characters, of which all are alike, number";
        format!("{{ lognormal = {{ median = \"1s\", p95 = \"2s\" }}, source = \"{source} {n}\" }}")
    };
    let laws = format!("[{}, {}]", law(1), law(2));
    let keys = ["detection", "promotion", "endpoint", "reboot"];
    let axes: String = keys.iter().map(|key| format!("timing.{key} = {laws}\n")).collect();
    let text = format!("{base}[sweep]\n{axes}");
    check(&text);
    assert!(read(&text, &root()).policies[0].name.len() > 200);
}

#[test]
fn of_several_groups_and_exact_placement() {
    let groups = "[[group]]\nid = \"one\"\nazs = [\"b\", \"unused\"]\nreplicas = 0\n\
                  [[group]]\nid = \"two\"\ncluster-mode = \"enabled\"\n\
                  [[group.shard]]\nid = \"x\"\nprimary = { node = \"p\", az = \"a\" }\n\
                  replicas = [{ node = \"r\", az = \"b\" }]\n\
                  [[group.shard]]\nprimary = { node = \"q\", az = \"c\" }\n\
                  replicas = [{ node = \"s\", az = \"a\" }]\n\
                  [control-plane]\ndetector = \"managed\"\n\
                  [[fault]]\ngroup-failure = { group = \"one\", mttf = \"90d\" }\n\
                  [[fault]]\nat = \"1h\"\nfail-primary = { group = \"two\", shard = \"0002\" }\n";
    check(&format!("{HEAD}{groups}"));
    for set in [
        "group.one.replicas = 1",
        "group.two.shard.x.primary.az = \"d\"",
        "group.two.shard.0002.replicas = []",
        "group.two.multi-az = false",
        "group.one.id = \"three\", fault.group-failure-1.group-failure.group = \"three\"",
        "group.two.shard.x.id = \"y\"",
        "fault.fail-primary-1.fail-primary.shard = \"x\"",
        "fault = []",
        "group = { id = \"g\", azs = [\"a\"], replicas = 0 }, fault = []",
    ] {
        let set = format!("[[policy]]\nname = \"q\"\nset = {{ {set} }}\n");
        if set.contains("group = { id") {
            // Braces that address elements of an array by id name none here.
            let text = format!("{HEAD}{groups}{set}");
            assert!(scenario::parse("t", &text, Path::new(""), &Overrides::default()).is_err());
            continue;
        }
        check(&format!("{HEAD}{groups}[[policy]]\nname = \"p\"\n{set}"));
    }
    // Fault lists that differ by policy, over nodes that are placed one by one.
    let placed = format!(
        "{HEAD}[group]\nid = \"g\"\n[[group.shard]]\nprimary = {{ node = \"n\", az = \"a\" }}\n\
         replicas = [{{ node = \"m\", az = \"b\" }}]\n{FAULTS}"
    );
    let policies = "[[policy]]\nname = \"file\"\n\
         [[policy]]\nname = \"none\"\nset = { fault = [] }\n\
         [[policy]]\nname = \"one\"\nset = { fault = [{ id = \"x\", at = \"1h\", fail-node = { node = \"m\" } }] }\n\
         [[policy]]\nname = \"other\"\n[[policy.set.fault]]\nat = \"1h\"\nfail-az = { az = \"b\", duration = \"1h\" }\n\
         [[policy.set.fault]]\nat = \"5h\"\nfail-az = { az = \"b\", duration = { uniform = [\"1h\", \"2h\"] } }\n";
    check(&(placed + policies));
}

#[test]
fn of_ids_and_sources_of_all_kinds() {
    let long = "x".repeat(63);
    let text = format!(
        "{HEAD}{GROUP}[[fault]]\nid = \"0\"\nnode-failure = {{ mttf = \"1y\" }}\n\
         [[fault]]\nid = \"node-failure-2\"\nnode-failure = {{ mttf = \"2y\" }}\n\
         [[fault]]\nid = \"{long}\"\naz-failure = {{ mttf = \"3y\", duration = \"1h\" }}\n\
         [[fault]]\nid = \"{long}\"\naz-failure = {{ mttf = \"4y\", duration = \"1h\" }}\n"
    );
    let text = text.replacen(&long, &("y".to_owned() + &long[1..]), 1);
    check(&text);
    let set = format!("fault.0.node-failure.mttf = \"5y\", fault.{long}.az-failure.mttf = \"6y\"");
    check(&format!(
        "{text}[[policy]]\nname = \"p\"\n[[policy]]\nname = \"q\"\nset = {{ {set} }}\n"
    ));
    // A source is any text; in a comment it stays on its line.
    let text = format!(
        "{HEAD}{GROUP}[timing]\npromotion = \"2s\"\nreboot = \"9s\"\ncold-start = '''\n1s'''\n\
         endpoint = {{ fixed = \"1s\", source = \"a\\nb = 3\\u0007\" }}\n[sources]\n\
         \"timing.promotion\" = \"one\\nseed = 3 # \\u001b \\t \\\" ' \\\\ ä 🦀\"\n\
         \"timing.reboot\" = \"?\"\n\"timing.detection\" = \"a default explained\"\n\
         \"group.multi-az\" = \"default, documented: by us\"\n\
         \"workload.dataset\" = \"derived, assumed: from nothing\"\n\
         \"rules.promotion\" = \"convention: of ours\"\n\"group.replicas\" = \"a fact\"\n\
         \"run.seed\" = \"dice\"\n"
    );
    let rendered = check(&text);
    for path in ["timing.promotion", "timing.detection", "run.seed", "group.replicas"] {
        assert!(rendered.contains(&format!("\n\"{path}\" = ")), "{path}\n{rendered}");
    }
    assert!(
        rendered.contains("dataset = \"1 GiB\"  # derived, ASSUMED: from nothing"),
        "{rendered}"
    );
}

#[test]
fn of_samples_beside_the_file() {
    let directory = std::env::temp_dir().join(format!("resolved-samples-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a temporary directory");
    std::fs::write(directory.join("s.csv"), "1\n2\n3\n").expect("a temporary file");
    let text = format!(
        "{HEAD}{GROUP}{FAULTS}[timing]\ndetection = {{ empirical = {{ file = \"s.csv\" }} }}\n\
         [[policy]]\nname = \"p\"\n[[policy]]\nname = \"q\"\n\
         set = {{ timing.detection.empirical.column = 1 }}\n"
    );
    check_in(&text, &directory);
    std::fs::remove_dir_all(&directory).expect("ours to remove");
}
