//! Presets as policies: each is its own file apart from workload, faults and names, is the same as
//! what one would write by hand, and is refused where it cannot be laid over the scenario.

use std::path::Path;

use elasticache_sim::model::persistence::Durability;
use elasticache_sim::model::plan::{Detector, Plan, Switch};
use elasticache_sim::montecarlo::batch::{self, BatchSpec};
use elasticache_sim::observe::metrics::Metric;
use elasticache_sim::scenario::presets::{PRESETS, Preset, Way, find};
use elasticache_sim::scenario::resolved;
use elasticache_sim::scenario::{self, Diagnostic, Experiment, Overrides};

use crate::support::{experiment, parse};

/// A year and a workload of its own, and faults of three kinds.
const HEAD: &str = "schema = 1\nname = \"ways\"\n[run]\nhorizon = \"1y\"\ntrials = 400\n\
    [workload]\nwrites-per-second = 70\ndataset = \"3 GiB\"\n\
    [[fault]]\nnode-failure = { mttf = \"200d\" }\n\
    [[fault]]\naz-failure = { mttf = \"400d\", duration = \"3h\" }\n\
    [[fault]]\ngroup-failure = { mttf = \"800d\" }\n";
/// Names of three AZs that no preset has.
const GROUP: &str = "[group]\nid = \"shop\"\nazs = [\"x\", \"y\", \"z\"]\nreplicas = 2\n";

fn read(text: &str, set: &[&str], sweep: &[&str]) -> Result<Experiment, Vec<Diagnostic>> {
    let own = |texts: &[&str]| texts.iter().map(|text| text.to_string()).collect();
    let overrides = Overrides { set: own(set), sweep: own(sweep), ..Overrides::default() };
    scenario::parse("test.toml", text, Path::new("."), &overrides)
}

/// The presets that can be policies.
fn ways() -> impl Iterator<Item = &'static Preset> {
    PRESETS.iter().filter(|preset| matches!(preset.way, Way::Laid(_)))
}

fn of_preset(name: &str) -> String {
    format!("[[policy]]\npreset = \"{name}\"\n")
}

/// The plan of the only policy.
fn plan(text: &str) -> Plan {
    parse(text).plan
}

/// The preset's own file with another group that has the same names, and nothing else that a way
/// of running a group is made of.
fn around(preset: &Preset, group: &str) -> String {
    const OF_WAYS: [&str; 8] = [
        "[group]",
        "[control-plane]",
        "[replication]",
        "[timing]",
        "[backup]",
        "[persistence]",
        "[durability]",
        "[global-datastore]",
    ];
    let mut is_kept = true;
    let mut text = String::new();
    for line in preset.text.lines().filter(|line| !line.starts_with('#')) {
        if line.starts_with('[') {
            is_kept = !OF_WAYS.contains(&line.trim());
        }
        if is_kept {
            text.push_str(line);
            text.push('\n');
        }
    }
    format!("{text}[group]\nid = \"cache\"\nnode-type = \"cache.r7g.large\"\n{group}")
}

const AZS: &str = "azs = [\"us-west-2a\", \"us-west-2b\", \"us-west-2c\"]\n";

#[test]
fn a_policy_is_the_file_of_its_preset_apart_from_workload_and_faults() {
    let groups = [
        format!("{AZS}replicas = 5\n"),
        format!("{AZS}replicas = 0\nmulti-az = false\nautomatic-failover = false\n"),
        format!(
            "{AZS}replicas = 3\nshards = 4\ncluster-mode = \"enabled\"\n\
             [control-plane]\ndetector = \"cluster-bus\"\n"
        ),
    ];
    assert_eq!(ways().count(), 14);
    for preset in ways() {
        let expected = plan(preset.text);
        for group in &groups {
            let policy = of_preset(preset.name);
            let laid = plan(&format!("{}{policy}", around(preset, group)));
            assert!(laid == expected, "{} over\n{group}", preset.name);
        }
    }
}

#[test]
fn an_append_only_file_is_off_where_the_preset_has_none() {
    let old = "engine = \"redis\"\nengine-version = \"2.8.21\"\nappend-only-file = true\n";
    let group = format!("{GROUP}{old}multi-az = false\nautomatic-failover = false\n")
        .replace("[group]\n", "[group]\nnode-type = \"cache.m3.xlarge\"\n");
    let file = |policy: &str| plan(&format!("{HEAD}{group}{}", of_preset(policy)));
    assert_eq!(file("replicas-no-multi-az").groups[0].append_only_file, Switch::Off);
    assert_eq!(file("single").groups[0].append_only_file, Switch::Off);
    assert_eq!(file("single-aof").groups[0].append_only_file, Switch::On);
}

#[test]
fn a_group_is_not_durable_where_the_preset_is_not() {
    let durable = GROUP.replace("replicas = 2", "replicas = 2\nshards = 3")
        + "engine-version = \"9.0\"\ncluster-mode = \"enabled\"\ndurability = \"sync\"\n";
    let level =
        |policy: &str| plan(&format!("{HEAD}{durable}{}", of_preset(policy))).groups[0].durability;
    assert_eq!(level("multi-az-1x2"), Durability::Disabled);
    assert_eq!(level("cluster-3x2"), Durability::Disabled);
    assert_eq!(level("durable-async"), Durability::Async);
    assert_eq!(level("durable-sync"), Durability::Sync);
}

/// Each preset by hand, over [`GROUP`].
const BY_HAND: [(&str, &str); 6] = [
    (
        "single",
        "group = { azs = [\"x\"], replicas = 0, multi-az = false, automatic-failover = false }",
    ),
    (
        "replicas-no-multi-az",
        "group = { azs = [\"x\", \"y\"], replicas = 1, multi-az = false, \
         automatic-failover = false }",
    ),
    ("multi-az-1x2", "group = { azs = [\"x\", \"y\"], replicas = 1, multi-az = true }"),
    ("multi-az-one-az", "group = { azs = [\"x\"], multi-az = true }"),
    (
        "snapshots-daily",
        "group = { azs = [\"x\", \"y\"], replicas = 1, multi-az = true, \
         snapshot-retention = 1 }, backup = { after-dataset-loss = \"restore\" }",
    ),
    (
        "durable-async",
        "group = { engine-version = \"9.0\", cluster-mode = \"enabled\", shards = 3, \
         replicas = 1, multi-az = true, durability = \"async\" }, \
         control-plane = { detector = \"cluster-bus\" }, timing = { endpoint = \"0s\" }",
    ),
];

#[test]
fn by_hand_it_comes_to_the_same_trial_by_trial() {
    for (name, set) in BY_HAND {
        // The first column makes the AZs those of the whole file, as a study of many policies has.
        let text = format!(
            "{HEAD}{GROUP}[[policy]]\nname = \"file\"\n{}\
             [[policy]]\nname = \"by hand\"\nset = {{ {set} }}\n",
            of_preset(name)
        );
        let study = experiment(&text);
        let [file, laid, by_hand] = study.policies.as_slice() else {
            panic!("{} policies", study.policies.len());
        };
        assert_eq!(laid.name, name);
        assert!(laid.plan == by_hand.plan, "{name}");
        assert!(laid.plan != file.plan, "{name}");
        let run = |plan: &Plan| batch::run(plan, BatchSpec { seed: 42, trials: 400 });
        let (one, two) = (run(&laid.plan).expect("sound"), run(&by_hand.plan).expect("sound"));
        for metric in Metric::ALL {
            assert_eq!(one.values(metric), two.values(metric), "{name}: {}", metric.name());
        }
        assert!(one.of(Metric::WriteOutage).mean() > 0.0, "{name}: there is something to compare");
    }
}

#[test]
fn workload_faults_and_names_stay_the_scenarios() {
    let text: String = ways().map(|preset| of_preset(preset.name)).collect();
    let study = experiment(&format!("{HEAD}{GROUP}{text}"));
    let own = plan(&format!("{HEAD}{GROUP}"));
    let expected = ["x", "y", "z"];
    for policy in &study.policies {
        let plan = &policy.plan;
        assert_eq!((plan.horizon, &plan.name), (own.horizon, &own.name));
        assert_eq!(plan.groups[0].id, "shop", "{}", policy.name);
        assert!(plan.script.is_empty(), "{}", policy.name);
        assert_eq!(plan.node_failures.len(), 1, "{}", policy.name);
        assert_eq!(plan.az_failures.len(), own.az_failures.len(), "{}", policy.name);
        assert_eq!(plan.group_failures, own.group_failures, "{}", policy.name);
        let writes: u64 = plan.shards.iter().map(|shard| shard.writes_per_sec).sum();
        assert!((69..=72).contains(&writes), "{}: {writes}", policy.name);
        let azs: Vec<&str> = plan.azs.iter().map(|az| az.name.as_str()).collect();
        assert!(azs.iter().all(|az| expected.contains(az)), "{}: {azs:?}", policy.name);
    }
}

#[test]
fn what_comes_later_is_laid_on_top() {
    let nodes = |experiment: &Experiment| {
        experiment.policies.iter().map(|policy| policy.plan.nodes.len()).collect::<Vec<_>>()
    };
    let two = format!("{HEAD}{GROUP}{}{}", of_preset("multi-az-1x2"), of_preset("multi-az-1x3"));
    assert_eq!(nodes(&experiment(&two)), [2, 3]);
    let set = read(&two, &["group.replicas=3"], &[]).expect("valid");
    assert_eq!(nodes(&set), [4, 4]);
    let told: Vec<&str> = set.remarks.iter().map(|found| found.code.id()).collect();
    assert!(told.contains(&"W0914"), "the presets' own number has no effect: {told:?}");
    let swept = read(&two, &[], &["timing.detection=5s,10s"]).expect("valid");
    assert_eq!(nodes(&swept), [2, 2, 3, 3]);
    assert_eq!(swept.called("multi-az-1x3").count(), 2);
    assert_eq!(swept.policies[0].name, "multi-az-1x2, timing.detection=5s");

    let own =
        "[[policy]]\nname = \"mine\"\npreset = \"multi-az-1x2\"\nset = { group.replicas = 4 }\n";
    let own = experiment(&format!("{HEAD}{GROUP}{own}"));
    assert_eq!((own.policies[0].name.as_str(), nodes(&own)), ("mine", vec![5]));
}

#[test]
fn azs_may_be_named_on_top() {
    let few = GROUP.replace("\"x\", \"y\", \"z\"", "\"x\"");
    let text = format!("{HEAD}{few}{}", of_preset("multi-az-1x2"));
    assert!(read(&text, &[], &[]).is_err());
    let azs = "[\"p\", \"q\"]";
    let set = read(&text, &[&format!("group.azs={azs}")], &[]).expect("valid");
    let swept = read(&text, &[], &[&format!("group.azs=[{azs}]")]).expect("valid");
    let own = experiment(&format!("{text}set = {{ group.azs = {azs} }}\n"));
    for experiment in [set, swept, own] {
        let plan = &experiment.policies[0].plan;
        let names: Vec<&str> = plan.azs.iter().map(|az| az.name.as_str()).collect();
        assert_eq!((names, plan.nodes.len()), (vec!["p", "q"], 2));
    }
}

#[test]
fn one_group_in_a_list_is_as_good_as_one_group() {
    let policies = format!("{}set = {{ timing.detection = \"4s\" }}\n", of_preset("multi-az-1x2"));
    let one = plan(&format!("{HEAD}{GROUP}{policies}"));
    let listed = GROUP.replace("[group]", "[[group]]");
    assert!(plan(&format!("{HEAD}{listed}{policies}")) == one);
    let own = format!("{}set = {{ group.shop.replicas = 2 }}\n", of_preset("multi-az-1x2"));
    assert_eq!(plan(&format!("{HEAD}{listed}{own}")).nodes.len(), 3);
}

#[test]
fn sentinel_stays_where_there_is_no_cluster() {
    let detector = |detector: &str, group: &str| {
        let control_plane = format!("[control-plane]\ndetector = \"{detector}\"\n");
        plan(&format!("{HEAD}{control_plane}{group}{}", of_preset("multi-az-1x2"))).groups[0]
            .detector
    };
    let cluster = format!("{GROUP}cluster-mode = \"enabled\"\nshards = 3\n");
    assert_eq!(detector("sentinel", GROUP), Detector::Sentinel);
    assert_eq!(detector("managed", &cluster), Detector::Managed);
    assert_eq!(detector("cluster-bus", &cluster), Detector::Managed);
}

#[test]
fn the_resolved_scenario_holds_what_the_preset_laid_over() {
    let text: String = ways().map(|preset| of_preset(preset.name)).collect();
    let study = experiment(&format!("{HEAD}{GROUP}{text}"));
    let written = resolved::render(&study);
    let is_of_policy =
        |line: &str| line.starts_with("preset =") && !line.starts_with("preset = \"typical\"");
    assert!(!written.lines().any(is_of_policy), "values, not where they come from:\n{written}");
    let again = experiment(&written);
    assert_eq!(again.policies.len(), study.policies.len());
    for (one, other) in study.policies.iter().zip(&again.policies) {
        assert_eq!(one.name, other.name);
        assert!(one.plan == other.plan, "{}", one.name);
    }
}

/// The one error of a text: its code, what it says, and its hints.
#[track_caller]
fn mistake(text: &str) -> (String, String, String) {
    let mut found = read(text, &[], &[]).expect_err("a mistake");
    found.retain(|d| d.code.id().starts_with('E'));
    let [one] = found.as_slice() else {
        panic!("{text}\n{}", found.iter().map(Diagnostic::to_string).collect::<String>());
    };
    (one.code.id().to_owned(), one.summary(), one.hints.join("\n"))
}

#[test]
fn what_is_no_policy_is_refused() {
    let check = |text: &str, code: &str, message: &str, hint: &str| {
        let (found, said, hints) = mistake(text);
        assert_eq!(found, code, "{said}");
        assert!(said.contains(message), "{said}");
        assert!(hints.contains(hint), "{hints}");
    };
    let with = |group: &str, preset: &str| format!("{HEAD}{group}{}", of_preset(preset));
    check(&with(GROUP, "multi-az-1x4"), "E0209", "multi-az-1x4", "did you mean `multi-az-1x3`?");
    for preset in PRESETS.iter().filter(|preset| matches!(preset.way, Way::StandIn(_))) {
        let hint = format!("`ecsim new --preset {}", preset.name);
        check(&with(GROUP, preset.name), "E0205", "is not in this version", &hint);
        assert!(preset.text.contains("# Not modelled yet: "), "{}", preset.name);
    }
    let apart = "cannot be a policy of another scenario";
    check(&with(GROUP, "migration"), "E0809", apart, "`ecsim new --preset migration my.toml`");
    let two = GROUP.replace(", \"z\"", "");
    let message = "needs 3 AZs, and the scenario has 2";
    check(&with(&two, "multi-az-1x3"), "E0809", message, "name 3 in group.azs");
    let shops = GROUP.replace("[group]", "[[group]]");
    let several = format!("{shops}{}", shops.replace("\"shop\"", "\"other\""));
    check(&with(&several, "single"), "E0809", "the scenario has several", "set = {");
    let exact = "[group]\nid = \"shop\"\n[[group.shard]]\nprimary = { node = \"n\", az = \"x\" }\n";
    check(&with(exact, "single"), "E0809", "places each by itself", "[[group.shard]]");
    check(&format!("{HEAD}{GROUP}[[policy]]\npreset = 3\n"), "E0206", "expected a string", "");
    let twice = of_preset("single").repeat(2);
    let message = "another policy has this name";
    check(&format!("{HEAD}{GROUP}{twice}"), "E0207", message, "choose another");
}

/// A mistake in what a preset says is shown where it stands in the preset.
#[test]
fn a_value_of_a_preset_that_does_not_fit_is_shown_in_the_preset() {
    let old = "engine = \"redis\"\nengine-version = \"2.8.5\"\n";
    let text = format!("{HEAD}{GROUP}multi-az = false\n{old}{}", of_preset("multi-az-1x2"));
    let found = read(&text, &[], &[]).expect_err("no Multi-AZ");
    let file = |d: &Diagnostic| d.related.iter().map(|r| r.source.name.clone()).collect::<Vec<_>>();
    let is_there = found.iter().any(|d| {
        d.code.id() == "E0505"
            && (d.file == "preset multi-az-1x2" || file(d).iter().any(|f| f.starts_with("preset")))
    });
    let all: String = found.iter().map(Diagnostic::to_string).collect();
    assert!(is_there, "{all}");
    assert!(find("multi-az-1x2").expect("it is there").text.contains("multi-az = true"));
}

/// Nothing of a second region, and no node by name, is left where the preset has other nodes.
#[test]
fn a_second_region_and_the_node_that_is_copied_give_way() {
    let home =
        GROUP.replace("\"x\", \"y\", \"z\"", "\"eu-west-1a\", \"eu-west-1b\", \"eu-west-1c\"");
    let named = home.replace("replicas = 2", "replicas = 2\nsnapshotting-node = \"shop-003\"");
    let region = "[global-datastore]\nregion = \"eu-north-1\"\n";
    let laid = |scenario: &str, preset: &str| {
        let plan = plan(&format!("{HEAD}{scenario}{}", of_preset(preset)));
        (plan.region.map(|region| region.name), plan.groups[0].backups.node)
    };
    let with_region = format!("{named}{region}");
    for preset in ways() {
        let expected = (preset.name == "global-datastore").then(|| "eu-north-1".to_owned());
        assert_eq!(laid(&with_region, preset.name), (expected, None), "{}", preset.name);
    }
    let off = format!("{home}{region}enabled = false\n");
    assert_eq!(laid(&off, "global-datastore"), (Some("eu-north-1".to_owned()), None));
    assert_eq!(laid(&home, "global-datastore"), (Some("us-west-2".to_owned()), None));
    assert_eq!(laid(GROUP, "global-datastore"), (Some("eu-west-1".to_owned()), None));
}

/// Where a preset takes a default of ours, the default stays listed as an assumption.
#[test]
fn presets_state_no_assumed_default_as_given() {
    for preset in PRESETS {
        let experiment = experiment(preset.text);
        let assumed: Vec<&str> =
            experiment.policies[0].assumptions.iter().map(|a| a.path.as_str()).collect();
        let is_watched = preset.text.contains("\ndetector = \"cluster-bus\"");
        assert_eq!(assumed.contains(&"control-plane.node-timeout"), is_watched, "{}", preset.name);
        let is_async = preset.name == "durable-async";
        assert_eq!(assumed.contains(&"durability.log-lag"), is_async, "{}", preset.name);
    }
}
