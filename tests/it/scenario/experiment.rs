//! Policies, sweeps, `--set` and `--sweep`: what they change, in which order, and what is said
//! when they are wrong.

use super::*;
use crate::support::summary_json;
use elasticache_sim::observe::metrics::Outcome;
use elasticache_sim::scenario::{Experiment, Policy, SourceKind};

/// A file to lay something over: two laws with sources, a random fault and two scheduled ones.
fn base() -> String {
    format!(
        "{HEAD}{GROUP}[workload]\nwrites-per-second = 100\n[timing]\n\
         detection = {{ lognormal = {{ median = \"9s\", p95 = \"20s\" }}, source = \"us\" }}\n\
         promotion = {{ fixed = \"2s\", source = \"us\" }}\n\
         [[fault]]\nnode-failure = {{ mttf = \"1y\", source = \"fleet\" }}\n\
         [[fault]]\nat = \"1h\"\nfail-az = {{ az = \"a\", duration = \"1h\" }}\n\
         [[fault]]\nid = \"night\"\nat = \"2h\"\nfail-az = {{ az = \"b\", duration = \"1h\" }}\n"
    )
}

/// A policy table.
fn policy(name: &str, set: &str) -> String {
    format!("[[policy]]\nname = \"{name}\"\nset = {{ {set} }}\n")
}

/// What a text and options come to.
fn read(text: &str, set: &[&str], sweep: &[&str]) -> Result<Experiment, Vec<Diagnostic>> {
    let own = |texts: &[&str]| texts.iter().map(|text| text.to_string()).collect();
    let overrides = Overrides { set: own(set), sweep: own(sweep), ..Overrides::default() };
    scenario::parse("dir/test.toml", text, Path::new("."), &overrides)
}

#[track_caller]
fn accepted(text: &str, set: &[&str], sweep: &[&str]) -> Experiment {
    read(text, set, sweep).unwrap_or_else(|found| {
        let all: String = found.iter().map(Diagnostic::to_string).collect();
        panic!("{text}\n{set:?} {sweep:?}\n{all}")
    })
}

/// The errors of a text and options.
#[track_caller]
fn refused(text: &str, set: &[&str], sweep: &[&str]) -> Vec<Diagnostic> {
    let mut found = read(text, set, sweep).expect_err("a mistake");
    found.retain(|diagnostic| diagnostic.severity() == Severity::Error);
    found
}

/// Code and `PATH = VALUE: MESSAGE` of each.
fn told(found: &[Diagnostic]) -> Vec<(&str, String)> {
    found.iter().map(|d| (d.code.id(), d.summary())).collect()
}

fn names(experiment: &Experiment) -> Vec<&str> {
    experiment.policies.iter().map(|policy| policy.name.as_str()).collect()
}

/// The one policy of the base with an overlay: by `set` of a policy, and by `--set`, if both can
/// say it.
#[track_caller]
fn laid_over(set: &str) -> Policy {
    let text = base() + &policy("p", set);
    accepted(&text, &[], &[]).policies.remove(0)
}

#[track_caller]
fn set(assignment: &str) -> Policy {
    accepted(&base(), &[assignment], &[]).policies.remove(0)
}

fn is_assumed(policy: &Policy, path: &str) -> bool {
    policy.assumptions.iter().any(|assumption| assumption.path == path)
}

#[test]
fn without_policies_the_file_is_the_one_policy() {
    let experiment = accepted(&base(), &[], &[]);
    assert_eq!(names(&experiment), ["test"]);
    let named = accepted(&format!("name = \"calm\"\n{}", base()), &[], &[]);
    assert_eq!((names(&named), named.name.as_str()), (vec!["calm"], "calm"));
    let two = base() + "[[policy]]\nname = \"as it is\"\n" + &policy("b", "group.replicas = 1");
    let two = accepted(&two, &[], &[]);
    assert_eq!((names(&two), two.name.as_str()), (vec!["as it is", "b"], "test"));
    assert_eq!(two.policies[0].plan, experiment.policies[0].plan);
    assert_eq!(two.policies[1].plan.nodes.len(), 2);
}

#[test]
fn dotted_keys_reach_inside_and_braces_replace_below_a_section() {
    let lognormal = |median: f64, p95: f64| Law::lognormal_median_p95(median, p95);
    let detection = |policy: &Policy| Ok(policy.plan.timing.detection.clone());
    // A section in braces, and all of its keys that are not named stay.
    let section = laid_over("timing = { promotion = \"3s\" }");
    assert_eq!(section.plan.timing.promotion, Law::fixed(secs(3)));
    assert_eq!(detection(&section), lognormal(9e9, 20e9));
    assert!(is_assumed(&section, "timing.promotion") && !is_assumed(&section, "timing.detection"));
    let section = laid_over("group = { replicas = 1 }");
    assert_eq!(section.plan.nodes.len(), 2);
    // One parameter of a law.
    let parameter = laid_over("timing.detection.lognormal.median = \"10s\"");
    assert_eq!(detection(&parameter), lognormal(10e9, 20e9));
    assert!(is_assumed(&parameter, "timing.detection"), "its source spoke of the old value");
    assert!(!is_assumed(&parameter, "timing.promotion"), "but of no other");
    // A law key displaces the other and the source.
    let law = laid_over("timing.detection.uniform = [\"1s\", \"2s\"]");
    assert_eq!(detection(&law), Law::uniform(1e9, 2e9));
    assert!(is_assumed(&law, "timing.detection"));
    // Braces replace, with a source of their own.
    let braces = laid_over("timing.detection = { fixed = \"3s\", source = \"me\" }");
    assert_eq!(detection(&braces), Ok(Law::fixed(secs(3))));
    assert!(!is_assumed(&braces, "timing.detection"));
    let text = base() + &policy("p", "timing.detection.lognormal = { median = \"1s\" }");
    let found = refused(&text, &[], &[]);
    assert_eq!(found[0].code.id(), "E0402", "the p95 of the file is gone");
    // A source alone changes no value.
    let source = laid_over("timing.detection.source = \"them\"");
    assert_eq!(detection(&source), lognormal(9e9, 20e9));
    assert!(!is_assumed(&source, "timing.detection"));
    // Sections that the file lacks.
    let rules =
        laid_over("rules = { promotion = \"random\" }, control-plane.detector = \"managed\"");
    assert_eq!(rules.plan.groups[0].promotion, Some(Promotion::Random));
}

#[test]
fn a_policy_may_be_a_table_of_its_own() {
    let text = base()
        + "[[policy]]\nname = \"p\"\n[policy.set.group]\nreplicas = 1\n[policy.set.timing]\n\
           detection = \"4s\"\n[[policy]]\nname = \"q\"\n[policy.set]\n\
           \"timing\".'detection'.fixed = \"5s\"\n";
    let experiment = accepted(&text, &[], &[]);
    let detection = |n: usize| experiment.policies[n].plan.timing.detection.clone();
    assert_eq!(experiment.policies[0].plan.nodes.len(), 2);
    assert_eq!((detection(0), detection(1)), (Law::fixed(secs(4)), Law::fixed(secs(5))));
}

#[test]
fn what_excludes_each_other_displaces_each_other() {
    let per_shard = laid_over("workload.writes-per-second-per-shard = 7");
    assert_eq!(per_shard.plan.shards[0].writes_per_sec, 7);
    let exact = "group.shard = [{ primary = { node = \"n\", az = \"b\" }, \
                 replicas = [{ node = \"m\", az = \"a\" }] }]";
    let exact = laid_over(exact);
    assert_eq!(exact.plan.nodes[0].name, "n");
    let text = format!(
        "{HEAD}[group]\nid = \"g\"\n[[group.shard]]\nprimary = {{ node = \"n\", az = \"b\" }}\n\
         [[policy]]\nname = \"p\"\nset = {{ group.azs = [\"x\", \"y\"], group.replicas = 1 }}\n"
    );
    let shorthand = accepted(&text, &[], &[]);
    assert_eq!(shorthand.policies[0].plan.nodes[0].name, "g-001");
    let life = laid_over("fault.node-failure-1.node-failure.lifetime = \"2y\"");
    assert_eq!(life.plan.node_failures[0].life, Law::fixed(secs(2 * 365 * 86_400)));
    let kind = laid_over("fault.fail-az-1.fail-primary = {}");
    assert!(matches!(kind.plan.script[0].fault(), Some(ScriptedFault::FailPrimary(_))));
    let full_sync = base() + "full-sync = { per-gib = \"9s\" }\n";
    let full_sync = full_sync.replace("full-sync = { per-gib = \"9s\" }\n", "");
    let full_sync = full_sync.replace("[timing]\n", "[timing]\nfull-sync = { per-gib = \"9s\" }\n");
    let law = accepted(&full_sync, &["timing.full-sync.fixed=3s"], &[]);
    assert_eq!(law.policies[0].plan.timing.full_sync, FullSync::Law(Law::fixed(secs(3))));
    // Within one overlay they are a contradiction.
    let both = "workload.writes-per-second = 1, workload.writes-per-second-per-shard = 2";
    let found = refused(&(base() + &policy("p", both)), &[], &[]);
    assert_eq!(found[0].code.id(), "E0203");
    let both = "timing.promotion.fixed = \"1s\", timing.promotion.uniform = [\"1s\", \"2s\"]";
    let found = refused(&(base() + &policy("p", both)), &[], &[]);
    assert_eq!(found[0].code.id(), "E0203");
}

#[test]
fn elements_of_arrays_are_reached_by_their_id() {
    let az = |policy: &Policy, n: usize| match policy.plan.script[n].fault().expect("a fault") {
        ScriptedFault::FailAz { az: Victim::Named(az), .. } => {
            policy.plan.azs[az.idx()].name.clone()
        }
        other => panic!("{other:?}"),
    };
    let changed = laid_over("fault.fail-az-1.fail-az.az = \"c\"");
    assert_eq!((az(&changed, 0), az(&changed, 1)), ("c".to_owned(), "b".to_owned()));
    let changed = laid_over("fault.night.fail-az.az = \"c\"");
    assert_eq!((az(&changed, 0), az(&changed, 1)), ("a".to_owned(), "c".to_owned()));
    let whole = laid_over("fault.night = { at = \"3h\" }");
    assert_eq!(whole.plan.script[1].at, Law::fixed(secs(3 * 3600)));
    assert_eq!(az(&whole, 1), "b", "braces at the level of an element are merged");
    let none = laid_over("fault = []");
    assert!(none.plan.script.is_empty() && none.plan.node_failures.is_empty());
    // The id changes the random numbers, as it would in the file; what it names stays.
    let named = laid_over("fault.node-failure-1.id = \"mine\"");
    let before = laid_over("group.replicas = 2").plan.node_failures[0].address;
    assert_ne!(named.plan.node_failures[0].address, before);

    let groups = format!(
        "{HEAD}[[group]]\nid = \"0\"\nazs = [\"a\", \"b\"]\nreplicas = 1\n[[group]]\nid = \"two\"\n\
         cluster-mode = \"enabled\"\n\
         [[group.shard]]\nprimary = {{ node = \"p\", az = \"a\" }}\n\
         [[group.shard]]\nid = \"x\"\nprimary = {{ node = \"q\", az = \"a\" }}\n\
         [control-plane]\ndetector = \"managed\"\n"
    );
    let change = |set: &str| accepted(&groups, &[set], &[]).policies.remove(0).plan;
    assert_eq!(change("group.0.replicas=0").nodes[0].name, "0-001");
    assert_eq!(change("group.0.replicas=0").nodes.len(), 3);
    let az_of = |plan: &elasticache_sim::model::plan::Plan, n: usize| {
        plan.azs[plan.nodes[n].az.idx()].name.clone()
    };
    assert_eq!(az_of(&change("group.two.shard.0001.primary.az=b"), 2), "b");
    assert_eq!(az_of(&change("group.two.shard.x.primary.az=b"), 3), "b");
}

#[test]
fn unknown_ids_list_what_there_is() {
    let check = |set: &str, path: &str, hint: &str| {
        for found in [refused(&base(), &[set], &[]), {
            let (key, value) = set.split_once('=').expect("an assignment");
            refused(&(base() + &policy("p", &format!("{key} = {value}"))), &[], &[])
        }] {
            assert_eq!(found[0].code.id(), "E0804", "{set}");
            assert_eq!(found[0].path, path);
            assert!(found[0].hints.iter().any(|h| h.contains(hint)), "{:?}", found[0].hints);
        }
    };
    let all = "allowed: `node-failure-1`, `fail-az-1`, `night`";
    check("fault.nigth.at=\"3h\"", "fault.nigth", "did you mean `night`?");
    check("fault.nigth.at=\"3h\"", "fault.nigth", all);
    check("fault.fail-az-2.at=\"3h\"", "fault.fail-az-2", all);
    check("fault.0.at=\"3h\"", "fault.0", all);
    check("fault.\"a.b\".at=\"3h\"", "fault.\"a.b\"", all);
    check("fault.\"ä\".at=\"3h\"", "fault.\"ä\"", all);
    check("group.azs.a=\"b\"", "group.azs.a", "as in group.azs = [");
    // A group that is a table is not reached by its id.
    let found = refused(&base(), &["group.g.replicas=1"], &[]);
    assert_eq!(told(&found), [("E0201", "group.g: unknown key".to_owned())]);
}

#[test]
fn the_file_gives_way_to_the_policy_to_the_sweep_to_the_command_line() {
    let seconds = |experiment: &Experiment| -> Vec<f64> {
        let detection = |policy: &Policy| policy.plan.timing.detection.mean() / 1e9;
        experiment.policies.iter().map(detection).collect()
    };
    let text = format!("{HEAD}{GROUP}[timing]\ndetection = \"1s\"\n");
    assert_eq!(seconds(&accepted(&text, &[], &[])), [1.0]);
    let text = text + &policy("p", "timing.detection = \"2s\"");
    assert_eq!(seconds(&accepted(&text, &[], &[])), [2.0]);
    let text = text + "[sweep]\ntiming.detection = [\"3s\", \"4s\"]\n";
    let swept = accepted(&text, &[], &[]);
    assert_eq!(seconds(&swept), [3.0, 4.0]);
    assert_eq!(names(&swept), ["p, timing.detection=3s", "p, timing.detection=4s"]);
    // --sweep takes the place of the axis, --set does away with it.
    let swept = accepted(&text, &[], &["timing.detection=5s,6s,7s"]);
    assert_eq!(seconds(&swept), [5.0, 6.0, 7.0]);
    let fixed = accepted(&text, &["timing.detection=8s"], &[]);
    assert_eq!((seconds(&fixed), names(&fixed)), (vec![8.0], vec!["p"]));
    let both = accepted(&text, &["timing.detection=8s"], &["timing.detection=5s,6s"]);
    assert_eq!(seconds(&both), [8.0]);
    // The last of several wins, as is usual on a command line.
    let last = accepted(&text, &["timing.detection=8s", "timing.detection.fixed=9s"], &[]);
    assert_eq!(seconds(&last)[0], 9.0);
    // An axis of another path is not in the way.
    let other = accepted(&text, &[], &["timing.promotion=1s,2s"]);
    assert_eq!(seconds(&other), [3.0, 3.0, 4.0, 4.0]);
}

#[test]
fn sweeps_are_products_of_lists_and_inclusive_ranges() {
    let experiment = accepted(
        &(base()
            + &policy("p", "timing.endpoint = \"1s\"")
            + &policy("q", "timing.endpoint = \"2s\"")
            + "[sweep]\n\"group.replicas\" = \"0..2\"\ntiming.reboot = [\"5s\", { fixed = \"6s\" }]\n"),
        &[],
        &[],
    );
    let expected: Vec<String> = ["p", "q"]
        .iter()
        .flat_map(|policy| {
            (0..=2).flat_map(move |n| {
                ["5s", "{ fixed = \"6s\" }"]
                    .map(|reboot| format!("{policy}, group.replicas={n}, timing.reboot={reboot}"))
            })
        })
        .collect();
    assert_eq!(names(&experiment), expected);
    assert_eq!(experiment.called("p").count(), 6);
    assert_eq!(experiment.called(&expected[7]).count(), 1);
    let nodes: Vec<usize> = experiment.policies.iter().map(|p| p.plan.nodes.len()).collect();
    assert_eq!(nodes, [1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3]);
    assert!(experiment.policies.iter().all(|p| p.base == p.name[..1]));

    let names_of = |sweep: &str| -> Vec<String> {
        names(&accepted(&base(), &[], &[sweep])).iter().map(|name| name.to_string()).collect()
    };
    assert_eq!(names_of("group.replicas=1..2"), ["group.replicas=1", "group.replicas=2"]);
    assert_eq!(names_of("group.replicas=1..=2"), ["group.replicas=1", "group.replicas=2"]);
    assert_eq!(names_of("group.replicas=2..2"), ["group.replicas=2"]);
    assert_eq!(names_of("group.replicas= 1 .. 2 "), ["group.replicas=1", "group.replicas=2"]);
    assert_eq!(names_of("group.replicas=[1,2]"), ["group.replicas=1", "group.replicas=2"]);
    // Text needs no quotes; commas in brackets and quotes divide nothing.
    assert_eq!(
        names_of("timing.detection=10s, '1m 5s' ,{ uniform = [\"1s\", \"2s\"] }"),
        [
            "timing.detection=10s",
            "timing.detection=1m 5s",
            "timing.detection={ uniform = [\"1s\", \"2s\"] }"
        ]
    );
    assert_eq!(
        names_of("group.azs=[\"a\",\"b\"],[\"a\",\"b\",\"c\"]"),
        ["group.azs=[\"a\", \"b\"]", "group.azs=[\"a\", \"b\", \"c\"]"]
    );
    assert_eq!(names_of("group.engine-version=7.2,8.0").len(), 2);
    // Long values that begin alike keep names of their own.
    let source = "a source of more than sixty-four characters, of which all are alike, number";
    let law = |n: u8| format!("{{ fixed = \"1s\", source = \"{source} {n}\" }}");
    let long = names_of(&format!("timing.detection=[{}, {}]", law(1), law(2)));
    assert_ne!(long[0], long[1]);
}

#[test]
fn text_needs_no_quotes_on_the_command_line() {
    let detection = |assignment: &str| set(assignment).plan.timing.detection;
    for assignment in [
        "timing.detection=10s",
        "timing.detection=\"10s\"",
        " timing . detection = 10s ",
        "\"timing\".'detection' = { fixed = \"10s\" }",
        "timing.detection.fixed=10s",
        "timing.detection={ fixed = '10s', source = \"a = b\" }",
    ] {
        assert_eq!(detection(assignment), Law::fixed(secs(10)), "{assignment}");
    }
    // Numbers are text where text is wanted: versions, ids.
    let backlog = |assignment: &str| set(assignment).plan.replication.backlog_bytes;
    assert_eq!(backlog("group.engine-version=8.0"), 10 << 20);
    assert_eq!(backlog("group.engine-version=7.2"), 1 << 20);
    assert_eq!(set("group.id=12").plan.nodes[0].name, "12-001");
    assert_eq!(set("group.replicas=0x1").plan.nodes.len(), 2);
    assert_eq!(set("workload.write-size=1 KiB").plan.workload.write_bytes, 1024);
    assert_eq!(set("workload.write-size=4_096").plan.workload.write_bytes, 4096);
    // In a file they are not.
    let found = refused(&(base() + &policy("p", "group.engine-version = 8.0")), &[], &[]);
    assert_eq!(found[0].code.id(), "E0206");
}

#[test]
fn some_values_belong_to_the_experiment() {
    let experiment = accepted(&base(), &["run.seed=7", "run.trials=1e3", "name=other"], &[]);
    assert_eq!((experiment.seed, experiment.trials), (7, 1000));
    assert_eq!((experiment.name.as_str(), names(&experiment)), ("other", vec!["other"]));
    for (key, value) in [
        ("run.seed", "1"),
        ("run", "{ seed = 1 }"),
        ("run.horizon", "\"2y\""),
        ("name", "\"x\""),
        ("schema", "2"),
        ("policy", "3"),
        ("sweep", "3"),
    ] {
        let found = refused(&(base() + &policy("p", &format!("{key} = {value}"))), &[], &[]);
        assert_eq!(found.len(), 1, "{key}: {found:?}");
        assert_eq!(found[0].code.id(), "E0803", "{key}");
        let found = refused(&base(), &[], &[&format!("{key}={value}")]);
        assert!(found.iter().any(|d| d.code.id() == "E0803"), "{key}: {found:?}");
        let found = refused(&(base() + &format!("[sweep]\n{key} = [{value}]\n")), &[], &[]);
        assert_eq!(found[0].code.id(), "E0803", "{key}");
    }
    for set in ["schema=1", "policy=[]", "sweep.group.replicas=1"] {
        let found = refused(&base(), &[set], &[]);
        assert_eq!(found.len(), 1, "{set}: {found:?}");
        assert_eq!(found[0].code.id(), "E0803", "{set}");
    }
}

#[test]
fn options_that_are_no_assignments() {
    for set in ["", "bla", "=3", "a..b=1", "a b=1", "[x]=1", "a.=1", "a=b=c.d\n", "\"x=1"] {
        let found = read(&base(), &[set], &[]).expect_err(set);
        let codes: Vec<&str> = found.iter().map(|d| d.code.id()).collect();
        match set {
            // The value may hold anything; here the key is not known.
            "a=b=c.d\n" => assert_eq!(codes, ["E0201"]),
            _ => assert_eq!(codes, ["E0801"], "{set}"),
        }
        assert_eq!(found[0].source.kind, SourceKind::Argument);
    }
    for sweep in ["group.replicas", "=1..2", "a..b=1..2"] {
        let found = refused(&base(), &[], &[sweep]);
        assert_eq!(found[0].code.id(), "E0801", "{sweep}");
    }
    for (sweep, code) in [
        ("group.replicas=3..1", "E0802"),
        ("group.replicas=[]", "E0802"),
        ("group.replicas=1,1", "E0805"),
        ("group.replicas=0..1000000000", "E0806"),
        ("group.replicas=0..9223372036854775807", "E0806"),
        ("group.replicas=-9223372036854775808..9223372036854775807", "E0806"),
    ] {
        let found = refused(&base(), &[], &[sweep]);
        assert_eq!(found[0].code.id(), code, "{sweep}: {found:?}");
    }
    for (sweep, code) in [
        ("group.replicas = 3", "E0802"),
        ("group.replicas = true", "E0802"),
        ("group.replicas = \"many\"", "E0802"),
        ("group.replicas = \"1...3\"", "E0802"),
        ("group.replicas = []", "E0802"),
        ("group.replicas = [1, 2, 1]", "E0805"),
        ("group.replicas = [1]\n\"group.replicas\" = [2]", "E0805"),
        ("group.replicas = \"0..1_000_000\"", "E0802"),
        ("group.replicas = \"0..1000000\"", "E0806"),
    ] {
        let found = refused(&(base() + &format!("[sweep]\n{sweep}\n")), &[], &[]);
        assert_eq!(found[0].code.id(), code, "{sweep}: {found:?}");
    }
    let found = refused(&(base().replace("[run]", "sweep = 3\n[run]")), &[], &[]);
    assert_eq!(told(&found), [("E0206", "sweep = 3: expected a table".to_owned())]);
    let twice = refused(&base(), &[], &["group.replicas=1", "group.replicas=2"]);
    assert_eq!(twice[0].code.id(), "E0805");
    assert_eq!(twice[0].related[0].source.text, "group.replicas=1");
}

#[test]
fn mistakes_say_where_they_come_from() {
    let text = base()
        + &policy("p", "group.replcias = 1, timing.detection = 3")
        + "[sweep]\n\
         group.shards = [0, \"x\"]\n";
    let found = read(&text, &["timing.endpoint=3x"], &["group.multi-az=ja,nein"]);
    let found = found.expect_err("mistakes");
    let at = |d: &Diagnostic| d.source.text[d.span.clone()].to_owned();
    let places: Vec<(String, String)> = found
        .iter()
        .filter(|d| d.severity() == Severity::Error)
        .map(|d| (d.file.clone(), at(d)))
        .collect();
    let expected = [
        ("dir/test.toml", "replcias"),
        ("dir/test.toml", "3"),
        ("dir/test.toml", "0"),
        ("dir/test.toml", "\"x\""),
        ("--sweep 'group.multi-az=ja,nein'", "ja"),
        ("--sweep 'group.multi-az=ja,nein'", "nein"),
        ("--set 'timing.endpoint=3x'", "3x"),
    ];
    let mut places: Vec<(&str, &str)> =
        places.iter().map(|(file, at)| (file.as_str(), at.as_str())).collect();
    let mut expected = expected.to_vec();
    places.sort_unstable();
    expected.sort_unstable();
    assert_eq!(places, expected);
    // Each says in which cells, unless it is in all.
    let of = |text: &str| found.iter().find(|d| at(d) == text).expect("told").policies.clone();
    assert_eq!(of("3x"), Vec::<String>::new());
    assert_eq!(of("replcias"), Vec::<String>::new());
    let cells = ["ja", "nein"].map(|is| format!("p, group.shards=0, group.multi-az={is}"));
    assert_eq!(of("0"), cells);
    // Files come before options.
    let kinds: Vec<u8> = found.iter().map(|d| d.source.kind as u8).collect();
    assert!(kinds.is_sorted());
}

#[test]
fn a_mistake_of_all_cells_is_told_once() {
    let text = format!("{HEAD}{GROUP}dog = 1\n[sweep]\ngroup.replicas = [1, 2]\n")
        + &policy("p", "timing.detection = \"1s\"")
        + &policy("q", "timing.detection = \"x\"");
    let found = refused(&text, &[], &[]);
    assert_eq!(told(&found).len(), 2, "{found:?}");
    assert_eq!((found[0].path.as_str(), found[0].policies.len()), ("group.dog", 0));
    assert_eq!(found[0].whereabouts(), None);
    assert_eq!(found[1].path, "timing.detection");
    let of_q = "in the policies `q, group.replicas=1`, `q, group.replicas=2`";
    assert_eq!(found[1].whereabouts().as_deref(), Some(of_q));
    // Syntax is broken for all.
    let found = refused(&format!("{text}x = \n"), &[], &[]);
    let syntax: Vec<&Diagnostic> = found.iter().filter(|d| d.code.id() == "E0103").collect();
    assert_eq!((syntax.len(), syntax[0].policies.len()), (1, 0));
}

#[test]
fn invalid_cells_are_skipped_and_their_reasons_told() {
    let text = base() + "[sweep]\ngroup.replicas = \"4..6\"\ngroup.shards = [1, 2]\n";
    let experiment = accepted(&text, &[], &[]);
    assert_eq!(
        names(&experiment),
        ["group.replicas=4, group.shards=1", "group.replicas=5, group.shards=1"]
    );
    let skipped: Vec<&Diagnostic> =
        experiment.remarks.iter().filter(|d| d.code.id() == "W0913").collect();
    assert_eq!(skipped.len(), 4);
    let of = |name: &str| {
        let message = format!("`{name}` is invalid and skipped");
        skipped.iter().find(|d| d.message == message).expect("told")
    };
    let hints = |name: &str| of(name).hints.join("\n");
    let both = hints("group.replicas=6, group.shards=2");
    assert!(both.contains("E0305: group.replicas"), "{both}");
    let one = hints("group.replicas=5, group.shards=2");
    assert!(one.contains("E0502: group: has 2 shards with cluster mode disabled"), "{one}");
    assert!(one.contains("cluster-mode = \"enabled\""), "the way out is told as well: {one}");
    // What is worth a word only in a skipped cell is not told.
    let text = base() + "[sweep]\n\"group.engine-version\" = [\"8.0\", \"nine\"]\n";
    let experiment = accepted(&text, &[], &[]);
    assert_eq!(names(&experiment), ["group.engine-version=8.0"]);
    assert!(experiment.remarks.iter().all(|d| d.policies.is_empty()));
}

#[test]
fn a_policy_without_a_valid_cell_is_a_mistake() {
    let text =
        base() + &policy("good", "timing.endpoint = \"1s\"") + &policy("bad", "group.id = 3");
    let found = refused(&(text.clone() + "[sweep]\ngroup.replicas = [1, 2, 9]\n"), &[], &[]);
    assert_eq!(found.len(), 2, "{found:?}");
    let bad = found.iter().find(|d| d.path == "group.id").expect("told");
    assert_eq!(bad.code.id(), "E0206");
    let shown = bad.whereabouts().expect("not in all");
    assert!(shown.contains("`bad, group.replicas=1`") && !shown.contains("good"), "{shown}");
    let range = found.iter().find(|d| d.path == "group.replicas").expect("told");
    assert_eq!(range.policies, ["bad, group.replicas=9"], "in the good one it is only skipped");
    let found = refused(&text, &[], &[]);
    assert_eq!(found[0].whereabouts().as_deref(), Some("in the policy `bad`"));
    // Without policies, all cells invalid: each reason is told.
    let found = refused(&base(), &[], &["group.replicas=7,8"]);
    assert_eq!(told(&found).len(), 2);
    assert_eq!(found[0].policies, ["group.replicas=7"]);
}

#[test]
fn mistakes_in_policy_tables() {
    let check = |policies: &str, expected: &[(&str, &str)]| {
        let found = refused(&(base() + policies), &[], &[]);
        let expected: Vec<(&str, String)> =
            expected.iter().map(|(code, shown)| (*code, shown.to_string())).collect();
        assert_eq!(told(&found), expected);
    };
    check("[[policy]]\n", &[("E0202", "policy[0].name: is missing")]);
    check("[policy]\n", &[("E0206", "policy: expected an array of tables, found a table")]);
    check(
        "[[policy]]\nname = 3\nset = 4\nsett = 5\n",
        &[
            ("E0206", "policy[0].name = 3: expected a name, found an integer"),
            ("E0206", "policy[0].set = 4: expected a table, found an integer"),
            ("E0201", "policy[0].sett: unknown key"),
        ],
    );
    check(
        "[[policy]]\nname = \"a\\nb\"\n",
        &[("E0208", "policy[0].name = \"a\\nb\": must be one line of at most 65536 bytes")],
    );
    check(
        &(policy("p", "")
            + &policy("q", "group.replicas = 1")
            + &policy("p", "group.replicas = 0")),
        &[("E0207", "policy[2].name = \"p\": another policy has this name")],
    );
    check(&policy("p", "\"group.replicas\" = 1"), &[("E0201", "\"group.replicas\": unknown key")]);
    let found = refused(&base().replace("[run]", "policy = [3]\n[run]"), &[], &[]);
    let expected = "policy[0] = 3: expected a table, found an integer".to_owned();
    assert_eq!(told(&found), [("E0206", expected)]);
}

#[test]
fn policies_that_are_the_same_are_warned_of() {
    let text = base()
        + &policy("one", "")
        + &policy("two", "group.replicas = 2")
        + &policy("three", "group.replicas = 1");
    let experiment = accepted(&text, &[], &[]);
    let same: Vec<&Diagnostic> =
        experiment.remarks.iter().filter(|d| d.code.id() == "W0912").collect();
    assert_eq!(same.len(), 1);
    assert_eq!(same[0].message, "`two` is the same as `one`");
    assert_eq!(&same[0].source.text[same[0].span.clone()], "\"two\"");
    let different = base() + &policy("one", "") + &policy("three", "group.replicas = 1");
    let experiment = accepted(&different, &[], &[]);
    assert!(experiment.remarks.iter().all(|d| d.code.id() != "W0912"));
}

#[test]
fn there_are_bounds_to_cells_and_nodes() {
    let axes = ["workload.writes-per-second=1..100", "workload.dataset=1..11"];
    let found = refused(&base(), &[], &axes);
    assert_eq!(found[0].code.id(), "E0806");
    assert_eq!(found[0].message, "policies and sweep make 1100 cells");
    assert_eq!(accepted(&base(), &[], &axes[..1]).policies.len(), 100);
    // Many cells of a long file.
    let long = base() + &"[[fault]]\nat = \"1h\"\nfail-primary = {}\n".repeat(4_000);
    let found = refused(&long, &[], &axes[..1]);
    assert_eq!(found[0].code.id(), "E0806");
    assert_eq!(accepted(&long, &[], &[]).policies.len(), 1);
    // Many nodes in each of many cells.
    let large = "[control-plane]\ndetector = \"managed\"\n".to_owned()
        + &(0..20)
            .map(|n| {
                format!(
                    "[[group]]\nid = \"g{n}\"\nazs = [\"a\"]\nreplicas = 0\nshards = 500\n\
                     cluster-mode = \"enabled\"\n"
                )
            })
            .collect::<String>();
    let found = refused(&format!("{HEAD}{large}"), &[], &["workload.writes-per-second=1..50"]);
    assert_eq!(found[0].code.id(), "E0806");
    assert!(found[0].message.contains("300000 nodes"), "{}", found[0].message);
}

#[test]
fn sources_go_with_the_values_that_they_explain() {
    let sources = "[sources]\n\"workload.writes-per-second\" = \"the meter\"\n\
                   \"timing.promotion\" = \"seen\"\n\"fault.fail-az-1.fail-az.duration\" = \"news\"\n\
                   \"timing.endpoint\" = \"seen\"\n";
    let text = format!(
        "{HEAD}{GROUP}[timing]\npromotion = \"2s\"\n[workload]\n\
         writes-per-second = 100\n[[fault]]\nat = \"1h\"\nfail-az = {{ az = \"a\", duration = \
         \"1h\" }}\n{sources}"
    );
    let why = |experiment: &Experiment, n: usize, path: &str| {
        let values = &experiment.policies[n].resolved.values;
        let value = values.iter().find(|value| value.path == path).expect("resolved");
        value.remark()
    };
    let policies = policy("as it is", "")
        + &policy("changed", "timing.promotion = \"3s\"")
        + &policy("inside", "timing.promotion.fixed = \"3s\"")
        + &policy("explained", "timing.promotion = \"3s\", sources.\"timing.promotion\" = \"me\"")
        + &policy("displaced", "workload.writes-per-second-per-shard = 5")
        + &policy("renamed", "fault.fail-az-1.id = \"x\"")
        + &policy("another kind", "fault.fail-az-1.fail-primary = {}");
    let experiment = accepted(&(text + &policies), &[], &[]);
    assert_eq!(why(&experiment, 0, "timing.promotion"), "given: seen");
    assert_eq!(why(&experiment, 0, "timing.endpoint"), "given: seen");
    assert_eq!(why(&experiment, 1, "timing.promotion"), "given, NO SOURCE");
    assert_eq!(why(&experiment, 2, "timing.promotion"), "given, NO SOURCE");
    assert_eq!(why(&experiment, 3, "timing.promotion"), "given: me");
    assert_eq!(why(&experiment, 4, "workload.writes-per-second-per-shard"), "given");
    let wrong = format!("{HEAD}{GROUP}[sources]\n\"timing.detecton\" = \"x\"\ntiming.reboot = 3\n");
    let found = refused(&wrong, &[], &[]);
    let codes: Vec<&str> = found.iter().map(|d| d.code.id()).collect();
    assert_eq!(codes, ["E0807", "E0206"]);
    assert!(found[0].hints[0].contains("`timing.detection`"), "{:?}", found[0].hints);
    assert!(found[1].hints[0].contains("in quotes"), "{:?}", found[1].hints);
}

fn az_entities(policy: &Policy) -> Vec<(&str, u64)> {
    policy.plan.azs.iter().map(|az| (az.name.as_str(), az.entity)).collect()
}

#[test]
fn azs_are_numbered_by_first_appearance_over_the_whole_experiment() {
    let az = entity::az;
    let text = format!("{HEAD}{GROUP}")
        + &policy("file", "")
        + &policy("one more first", "group.azs = [\"z\", \"a\", \"b\", \"c\"]")
        + &policy("turned", "group.azs = [\"c\", \"b\", \"a\"]")
        + &policy("others", "group.azs = [\"y\", \"z\", \"x\"]");
    let experiment = accepted(&text, &[], &[]);
    let of = |n: usize| az_entities(&experiment.policies[n]);
    assert_eq!(of(0), [("a", az(0)), ("b", az(1)), ("c", az(2))]);
    assert_eq!(of(1), [("z", az(3)), ("a", az(0)), ("b", az(1)), ("c", az(2))]);
    assert_eq!(of(2), [("c", az(2)), ("b", az(1)), ("a", az(0))]);
    assert_eq!(of(3), [("y", az(4)), ("z", az(3)), ("x", az(5))]);
    // What is skipped or refused takes no number.
    let text =
        format!("{HEAD}{GROUP}[sweep]\ngroup.azs = [[\"a\", \"b\"], [\"q\", \"q\"], [\"d\"]]\n");
    let experiment = accepted(&text, &[], &[]);
    assert_eq!(experiment.policies.len(), 2);
    assert_eq!(az_entities(&experiment.policies[1]), [("d", az(2))]);
}

#[test]
fn one_policys_nodes_move_nobody_elses_numbers() {
    let text = format!("{HEAD}{GROUP}[[fault]]\nnode-failure = {{ mttf = \"30d\" }}\n")
        + &policy("two", "group.replicas = 1")
        + &policy("three", "group.replicas = 2");
    let experiment = accepted(&text, &[], &[]);
    let entities =
        |n: usize| experiment.policies[n].plan.nodes.iter().map(|node| node.entity).collect();
    let (two, three): (Vec<_>, Vec<_>) = (entities(0), entities(1));
    assert_eq!(two, three[..2]);
    let address = |n: usize| experiment.policies[n].plan.node_failures[0].address;
    assert_eq!(address(0), address(1));
}

#[test]
fn a_policy_has_the_same_outcomes_whoever_stands_behind_it() {
    let outcomes = |policy: &Policy| -> Vec<Outcome> {
        (0..20).map(|trial| crate::support::run(&policy.plan, 42, trial).1).collect()
    };
    let first = policy("first", "group.azs = [\"b\", \"d\", \"a\"]");
    let later = policy("later", "group.azs = [\"z\", \"a\", \"b\"], fault = []")
        + &policy("last", "group.replicas = 0, fault.night.fail-az.share = 0.5");
    let random = "[[fault]]\naz-failure = { mttf = \"30d\", duration = \"3h\" }\n";
    let base = base() + random;
    let alone = accepted(&(base.clone() + &first), &[], &[]);
    let among = accepted(&(base.clone() + &first + &later), &[], &[]);
    assert_eq!(alone.policies[0].plan, among.policies[0].plan);
    assert_eq!(outcomes(&alone.policies[0]), outcomes(&among.policies[0]));
    assert_ne!(outcomes(&among.policies[0]), outcomes(&among.policies[1]));
    let of_first = |experiment| summary_json(experiment, 50)["policies"][0].clone();
    assert_eq!(of_first(&alone), of_first(&among));
    // Nor does it matter that cells are skipped behind it.
    let swept = accepted(&(base + &first), &[], &["group.replicas=2,9"]);
    assert_eq!(swept.policies[0].plan, alone.policies[0].plan);
}

#[test]
fn every_code_of_experiments_is_seen_here() {
    // The other tests of this module hold the details; this one holds that none is forgotten.
    let seen = [
        ("E0801", read(&base(), &["x"], &[])),
        ("E0802", read(&base(), &[], &["group.replicas=2..1"])),
        ("E0803", read(&base(), &[], &["run.seed=1,2"])),
        ("E0804", read(&base(), &["fault.x.at=1h"], &[])),
        ("E0805", read(&base(), &[], &["group.replicas=1,1"])),
        ("E0806", read(&base(), &[], &["group.replicas=1..1001"])),
        ("E0807", read(&base(), &["sources.x=y"], &[])),
    ];
    for (code, found) in seen {
        let found = found.expect_err(code);
        assert!(found.iter().any(|d| d.code.id() == code), "{code}: {found:?}");
    }
}
