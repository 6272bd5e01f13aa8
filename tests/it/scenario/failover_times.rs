//! `timing.preset`: the defaults that it chooses, and what wins over it.

use elasticache_sim::model::plan::Timing;
use elasticache_sim::scenario::resolved;

use super::*;
use crate::support::{codes, experiment};

const FAULT: &str = "[[fault]]\nat = \"1h\"\nfail-primary = {}\n";

fn timing(keys: &str) -> Timing {
    with(&format!("[timing]\n{keys}\n{FAULT}")).plan.timing
}

fn uniform(low: f64, high: f64) -> Law {
    Law::uniform(low * 1e9, high * 1e9).expect("a law")
}

#[test]
fn presets_choose_the_laws_of_a_failover() {
    let typical = timing("");
    assert_eq!(timing("preset = \"typical\""), typical);
    let fast = Timing { detection: Law::fixed(secs(5)), ..typical.clone() };
    assert_eq!(timing("preset = \"fast\""), fast);
    let slow = Timing { detection: Law::fixed(secs(30)), ..typical.clone() };
    assert_eq!(timing("preset = \"slow\""), slow);
    let documented = timing("preset = \"documented\"");
    assert_eq!(documented.detection, uniform(1.0, 3.0));
    assert_eq!(documented.promotion, uniform(0.5, 1.5));
    assert_eq!(documented.endpoint, uniform(0.5, 1.5));
    let rest = Timing {
        detection: typical.detection.clone(),
        promotion: typical.promotion.clone(),
        endpoint: typical.endpoint.clone(),
        ..documented
    };
    assert_eq!(rest, typical, "nothing else changes");
    check(
        "[timing]\npreset = \"quick\"\n",
        &["timing.preset = \"quick\": is not one of the choices"],
    );
}

#[test]
fn a_law_that_is_given_wins() {
    let given = timing("preset = \"documented\"\npromotion = \"7s\"");
    assert_eq!(given.promotion, Law::fixed(secs(7)));
    assert_eq!(given.detection, uniform(1.0, 3.0));
    let said = |keys: &str| codes(&format!("{HEAD}{GROUP}[timing]\n{keys}\n{FAULT}"));
    assert_eq!(said("preset = \"documented\"\npromotion = \"7s\""), [""; 0]);
    assert_eq!(said("preset = \"fast\"\ndetection = \"7s\""), ["W0914"]);
    let all = "detection = \"7s\"\npromotion = \"7s\"\nendpoint = \"7s\"";
    assert_eq!(said(&format!("preset = \"documented\"\n{all}")), ["W0914"]);
    assert_eq!(said(&format!("preset = \"typical\"\n{all}")), [""; 0]);
}

#[test]
fn each_value_says_which_preset_chose_it() {
    let source = |keys: &str, path: &str| {
        let found = with(&format!("[timing]\n{keys}\n{FAULT}")).assumptions;
        let found = found.into_iter().find(|assumption| assumption.path == path);
        found.map(|assumption| (assumption.why.to_string(), assumption.range))
    };
    let begins = |keys: &str, path: &str, start: &str| {
        let (why, _) = source(keys, path).expect("it is an assumption");
        assert!(why.starts_with(start), "{why}");
    };
    begins("", "timing.detection", "default, assumed: preset typical: ");
    begins("preset = \"fast\"", "timing.detection", "default, assumed: preset fast: ");
    begins("preset = \"slow\"", "timing.detection", "default, assumed: preset slow: ");
    for part in ["detection", "promotion", "endpoint"] {
        let path = format!("timing.{part}");
        begins("preset = \"documented\"", &path, "default, derived: preset documented: ");
    }
    let range = |keys: &str| source(keys, "timing.detection").expect("it is there").1;
    assert!(range("preset = \"slow\"").is_some());
    assert_eq!(range("preset = \"documented\""), None, "its mean is far below");
}

#[test]
fn the_resolved_scenario_keeps_the_preset() {
    let policies = "[[policy]]\nname = \"as it is\"\n[[policy]]\nname = \"slow\"\n\
                    set = { timing.preset = \"slow\" }\n[[policy]]\nname = \"guide\"\n\
                    set = { timing.preset = \"documented\", timing.endpoint = \"1s\" }\n";
    for text in [
        FAULT.to_owned(),
        format!("[timing]\npreset = \"documented\"\n{FAULT}"),
        format!("[timing]\npreset = \"fast\"\ndetection = \"9s\"\n{FAULT}"),
        format!("{FAULT}{policies}"),
        format!("{FAULT}[sweep]\ntiming.preset = [\"fast\", \"typical\", \"slow\"]\n"),
    ] {
        let first = experiment(&format!("{HEAD}{GROUP}{text}"));
        let written = resolved::render(&first);
        let again = experiment(&written);
        assert_eq!(resolved::render(&again), written);
        assert_eq!(first.policies.len(), again.policies.len());
        for (one, other) in first.policies.iter().zip(&again.policies) {
            assert_eq!(one.plan, other.plan, "{written}");
        }
        let codes = |e: &scenario::Experiment| -> Vec<&str> {
            e.remarks.iter().map(|remark| remark.code.id()).collect()
        };
        assert_eq!(codes(&first), codes(&again), "{written}");
    }
}

#[test]
fn options_set_and_sweep_the_preset() {
    let read = |overrides: Overrides| {
        let text = format!("{HEAD}{GROUP}{FAULT}");
        let read = scenario::parse("test.toml", &text, Path::new("."), &overrides);
        let policies = read.unwrap_or_else(|_| panic!("{overrides:?}")).policies;
        policies.into_iter().map(|policy| policy.plan.timing.detection).collect::<Vec<Law>>()
    };
    let set = vec!["timing.preset=slow".to_owned()];
    assert_eq!(read(Overrides { set, ..Overrides::default() }), [Law::fixed(secs(30))]);
    let sweep = vec!["timing.preset=fast,slow".to_owned()];
    let both = [Law::fixed(secs(5)), Law::fixed(secs(30))];
    assert_eq!(read(Overrides { sweep, ..Overrides::default() }), both);
}
