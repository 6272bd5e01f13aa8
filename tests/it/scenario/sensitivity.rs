//! Ranges of means, and the variants of a policy that move one assumption at a time.

use super::*;
use crate::support::{library, root, run};
use elasticache_sim::model::plan::{Plan, Rules};
use elasticache_sim::scenario::sensitivity::{RangeOrigin, Variant, Variants, variants};
use elasticache_sim::scenario::{Policy, resolved};

fn policy(rest: &str) -> Policy {
    let text = format!("{HEAD}{GROUP}{rest}");
    let experiment = scenario::parse("dir/test.toml", &text, &root(), &Overrides::default());
    experiment.expect("valid").policies.remove(0)
}

fn of<'v>(found: &'v Variants, path: &str) -> Vec<&'v Variant> {
    found.variants.iter().filter(|variant| variant.path == path).collect()
}

fn what<'v>(found: &'v Variants, path: &str) -> Vec<&'v str> {
    of(found, path).iter().map(|variant| variant.what.as_str()).collect()
}

/// Two lengths in nanoseconds that differ by rounding only.
#[track_caller]
fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-8 * expected, "{found} instead of {expected}");
}

#[test]
fn a_law_is_scaled_to_the_ends_of_its_range() {
    let path = root().join("scenarios/primary-failure.toml");
    let experiment = scenario::load(&path, &Overrides::default()).expect("valid");
    let base = &experiment.policies[0].plan;
    let found = variants(&experiment.policies[0]);
    let [low, high] = of(&found, "timing.detection")[..] else { panic!("two ends") };
    assert_eq!(low.what, "timing.detection: mean 5s instead of 11.7s");
    close(low.policy.plan.timing.detection.mean(), 5e9);
    close(high.policy.plan.timing.detection.mean(), 30e9);
    assert_eq!(low.range_origin, RangeOrigin::Stated);
    // Nothing else differs.
    let mut plan = low.policy.plan.clone();
    plan.timing.detection = base.timing.detection.clone();
    assert_eq!(plan, *base);
    let by_convention = of(&found, "timing.promotion");
    let means: Vec<f64> =
        by_convention.iter().map(|v| v.policy.plan.timing.promotion.mean()).collect();
    assert_eq!(means, [1.5e9, 6e9]);
    assert!(by_convention.iter().all(|v| v.range_origin == RangeOrigin::Convention));
    let found = variants(&policy("[[fault]]\nnode-failure = { mttf = \"10y\" }\n"));
    let life = of(&found, "fault.node-failure-1.node-failure.mttf");
    assert_eq!(life[1].set, "fault.node-failure-1.node-failure.mttf=\"20y\"");
}

#[test]
fn a_rule_takes_each_other_choice() {
    let path = root().join("scenarios/primary-failure.toml");
    let experiment = scenario::load(&path, &Overrides::default()).expect("valid");
    let found = variants(&experiment.policies[0]);
    let rules = [
        ("replacement-starts", 2),
        ("resync-after-failover", 2),
        ("promotion", 3),
        ("replacement-waits-for-az", 1),
        ("resync-needs-primary", 1),
        ("syncing-counts-as-complete", 1),
        ("failure-during-failover", 1),
        ("syncing-nodes-can-fail", 1),
        ("cold-start-node", 1),
        ("sub-detection-fault", 1),
    ];
    let mut seen: Vec<(Rules, Option<Promotion>)> = Vec::new();
    for (rule, expected) in rules {
        let choices = of(&found, &format!("rules.{rule}"));
        assert_eq!(choices.len(), expected, "{rule}");
        for variant in choices {
            assert_eq!(variant.range_origin, RangeOrigin::Choices);
            let plan = &variant.policy.plan;
            let rules = (plan.rules, plan.groups[0].promotion);
            assert!(!seen.contains(&rules), "{}", variant.what);
            seen.push(rules);
        }
    }
    assert_eq!(seen.len(), 14);
    assert_eq!(what(&found, "rules.promotion")[0], "rules.promotion: random instead of least-lag");
    // What is given is no assumption.
    let given = variants(&policy("[rules]\npromotion = \"random\"\n"));
    assert!(of(&given, "rules.promotion").is_empty());
}

#[test]
fn counts_sizes_and_shares_are_halved_and_doubled() {
    let fault = "[[fault]]\naz-failure = { mttf = \"50y\", duration = \"2h\" }\n";
    let found = variants(&policy(fault));
    let check = |path: &str, expected: &[&str]| {
        let differences: Vec<String> =
            expected.iter().map(|words| format!("{path}: {words}")).collect();
        assert_eq!(what(&found, path), differences, "{path}");
    };
    check("workload.writes-per-second", &["500 instead of 1000", "2000 instead of 1000"]);
    check("workload.write-size", &["256 B instead of 512 B", "1 KiB instead of 512 B"]);
    check("workload.dataset", &["512 MiB instead of 1 GiB", "2 GiB instead of 1 GiB"]);
    check("timing.full-sync", &["mean 10s instead of 18s", "mean 24s instead of 18s"]);
    check("fault.az-failure-1.az-failure.share", &["0.5 instead of 1"]);
    check(
        "fault.az-failure-1.az-failure.duration",
        &["mean 1h instead of 2h", "mean 4h instead of 2h"],
    );
    check("group.automatic-failover", &["false instead of true"]);
    // Conventions say nothing about the world.
    for path in ["run.seed", "run.trials", "name", "group.engine-version", "group.shards"] {
        assert!(found.variants.iter().all(|variant| variant.path != path), "{path}");
        assert!(found.skipped.iter().all(|skipped| skipped.path != path), "{path}");
    }
}

#[test]
fn what_cannot_be_moved_says_why() {
    let sample = "{ empirical = { file = \"tests/data/lengths.csv\", column = \"seconds\" } }";
    let cluster = format!(
        "cluster-mode = \"enabled\"\n[control-plane]\ndetector = \"managed\"\n\
         [timing]\nreboot = {sample}\n"
    );
    let mut skipped = variants(&policy(&cluster)).skipped;
    skipped.extend(variants(&policy("")).skipped);
    let check = |path: &str, reason: &str| {
        let found: Vec<&str> =
            skipped.iter().filter(|s| s.path == path).map(|s| s.reason.as_str()).collect();
        assert!(found.iter().any(|found| found.starts_with(reason)), "{path}: {found:?}");
    };
    check("timing.cold-start", "the mean is zero");
    check("timing.reboot", "a sample is what was observed");
    check("group.multi-az", "it changes no number");
    check("group.automatic-failover", "E0508: group.automatic-failover = false: ");
    check("control-plane.detector", "the other detectors are those of other groups");
}

#[test]
fn stated_ranges_are_used_and_kept() {
    let law = "{ uniform = [\"8s\", \"12s\"], source = \"a drill\", range = [\"9s\", \"20s\"] }";
    let rest = format!(
        "[timing]\ndetection = {law}\ncold-start = {{ fixed = \"0s\", range = [\"0s\", \"1m\"] }}\n\
         [[fault]]\nnode-failure = {{ mttf = \"10y\", range = [\"5y\", \"40y\"] }}\n"
    );
    let policy = policy(&rest);
    let found = variants(&policy);
    assert_eq!(
        what(&found, "timing.detection"),
        ["timing.detection: mean 9s instead of 10s", "timing.detection: mean 20s instead of 10s"]
    );
    let [_, slow] = of(&found, "timing.detection")[..] else { panic!("two ends") };
    assert_eq!(Ok(slow.policy.plan.timing.detection.clone()), Law::uniform(16e9, 24e9));
    let [cold] = of(&found, "timing.cold-start")[..] else { panic!("one end differs") };
    assert_eq!(cold.policy.plan.timing.cold_start, Law::fixed(secs(60)));
    let path = "fault.node-failure-1.node-failure.mttf";
    let sets: Vec<&str> = of(&found, path).iter().map(|variant| variant.set.as_str()).collect();
    assert_eq!(sets, [format!("{path}=\"5y\""), format!("{path}=\"40y\"")]);
    let of_life = policy.assumptions.iter().find(|a| a.path == path).expect("it is told");
    assert_eq!(of_life.range, Some(("5y".to_owned(), "40y".to_owned())));
    // A changed law loses its range, unless only the range is changed.
    let text = format!("{HEAD}{GROUP}{rest}");
    let range = |set: &str| {
        let overrides = Overrides { set: vec![set.to_owned()], ..Overrides::default() };
        let experiment = scenario::parse("t.toml", &text, Path::new(""), &overrides);
        let policy = experiment.expect("valid").policies.remove(0);
        let found = policy.assumptions.iter().find(|a| a.path == path);
        found.map(|a| a.range.clone())
    };
    assert_eq!(range(&format!("{path}=20y")), Some(None));
    let ends = Some(("1y".to_owned(), "11y".to_owned()));
    let set = "fault.node-failure-1.node-failure.range=[\"1y\", \"11y\"]";
    assert_eq!(range(set), Some(ends));
}

#[test]
fn explaining_shows_the_ranges_of_defaults() {
    let text = format!("{HEAD}{GROUP}");
    let experiment = scenario::parse("t.toml", &text, Path::new(""), &Overrides::default());
    let rendered = resolved::render(&experiment.expect("valid"));
    let line = "# default, ASSUMED: preset typical: nothing is published about the managed \
                detector; its mean may be from 5s to 30s";
    assert!(rendered.lines().any(|l| l == line), "{rendered}");
}

/// The variant of `--set` is the variant that is returned, and meets the same faults.
#[test]
fn variants_are_what_set_makes() {
    let text = std::fs::read_to_string(root().join("scenarios/w2-harsh.toml")).expect("readable");
    let parse = |overrides: &Overrides| {
        let found = scenario::parse("w2.toml", &text, &root(), overrides).expect("valid");
        found.policies.into_iter().next().expect("a policy")
    };
    let found = variants(&parse(&Overrides::default()));
    assert!(found.variants.len() > 10);
    for variant in &found.variants {
        let overrides = Overrides { set: vec![variant.set.clone()], ..Overrides::default() };
        assert_eq!(parse(&overrides).plan, variant.policy.plan, "{}", variant.set);
    }
    // Another promotion moves no fault.
    let faults = |plan: &Plan| {
        let (facts, _) = run(plan, 42, 0);
        let is_fault = |fact: &&(SimTime, elasticache_sim::model::fact::Fact)| {
            matches!(fact.1, elasticache_sim::model::fact::Fact::AzDown { .. })
        };
        facts.iter().filter(is_fault).map(|(at, _)| *at).collect::<Vec<SimTime>>()
    };
    let base = faults(&parse(&Overrides::default()).plan);
    assert!(!base.is_empty());
    for variant in of(&found, "rules.promotion") {
        assert_eq!(faults(&variant.policy.plan), base, "{}", variant.what);
    }
}

#[test]
fn every_scenario_of_the_library_has_variants() {
    for name in library() {
        let path = root().join("scenarios").join(format!("{name}.toml"));
        let experiment = scenario::load(&path, &Overrides::default()).expect("valid");
        for policy in experiment.policies.iter().take(2) {
            let found = variants(policy);
            for variant in &found.variants {
                assert_ne!(variant.policy.plan, policy.plan, "{name}: {}", variant.what);
                assert_eq!(variant.policy.name, policy.name);
                assert!(variant.policy.plan.horizon == policy.plan.horizon, "{name}");
            }
            assert!(!found.variants.is_empty(), "{name}");
        }
    }
}
