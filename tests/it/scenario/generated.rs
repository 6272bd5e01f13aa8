//! Properties of generated scenarios. The cases are the same in every run; `SCENARIO_CASES=30000`
//! checks more of them. A failure prints the smallest scenario that was found to fail.

use std::cell::Cell;
use std::fmt;

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy as _, any};
use proptest::test_runner::{RngAlgorithm, TestCaseError, TestRng, TestRunner};

use super::properties::check_all;
use super::writer::{Choices, Document, scenario as written};
use super::*;
use crate::support::root;
use elasticache_sim::scenario::sensitivity;

/// Words that make a scenario.
#[derive(Clone)]
struct Case(Vec<u32>);

impl Case {
    fn document(&self) -> Document {
        written(&mut Choices::new(&self.0))
    }

    /// The same in another order.
    fn in_another_order(&self) -> Document {
        let words: Vec<u32> = self.0.iter().rev().map(|word| word.reverse_bits()).collect();
        self.document().shuffled(&mut Choices::new(&words))
    }
}

/// What a failure prints.
impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}", self.document().text())
    }
}

/// Calls `check` with as many cases as are asked for.
fn for_each_case(cases: u32, check: impl Fn(&Case)) {
    let cases = match std::env::var("SCENARIO_CASES") {
        Ok(cases) => cases.parse().expect("a number of cases"),
        Err(_) => cases,
    };
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let strategy = vec(any::<u32>(), 0..500).prop_map(Case);
    let run = |case: Case| {
        check(&case);
        Ok::<(), TestCaseError>(())
    };
    if let Err(failure) = TestRunner::new_with_rng(config, rng).run(&strategy, run) {
        panic!("{failure}");
    }
}

#[test]
fn generated_scenarios_keep_every_property() {
    let (n_valid, n_all) = (Cell::new(0_u32), Cell::new(0_u32));
    for_each_case(600, |case| {
        let text = case.document().text();
        let checked = check_all(&text, &root().join("tests/data"), &Overrides::default());
        n_valid.set(n_valid.get() + u32::from(checked.is_some()));
        n_all.set(n_all.get() + 1);
    });
    let (n_valid, n_all) = (n_valid.get(), n_all.get());
    assert!(n_valid * 4 > n_all, "only {n_valid} of {n_all} are valid: they mean little");
    assert!(n_valid < n_all, "none is invalid: there is nothing to be told");
}

/// Every variant is another plan, and says what it is; what is skipped says why.
#[test]
fn generated_scenarios_have_variants() {
    let n_variants = Cell::new(0);
    for_each_case(60, |case| {
        let (text, base_dir) = (case.document().text(), root().join("tests/data"));
        let read = scenario::parse("text.toml", &text, &base_dir, &Overrides::default());
        let Some(policy) = read.ok().and_then(|experiment| experiment.policies.into_iter().next())
        else {
            return;
        };
        let found = sensitivity::variants(&policy);
        for variant in &found.variants {
            assert_ne!(variant.policy.plan, policy.plan, "{} in\n{text}", variant.what);
            assert!(variant.set.starts_with(&variant.path), "{} in\n{text}", variant.set);
        }
        for skipped in &found.skipped {
            assert!(!skipped.reason.is_empty(), "{} in\n{text}", skipped.what);
        }
        n_variants.set(n_variants.get() + found.variants.len());
    });
    assert!(n_variants.get() > 100, "only {} variants", n_variants.get());
}

#[test]
fn the_order_of_sections_and_keys_means_nothing() {
    for_each_case(600, |case| {
        let (document, other) = (case.document(), case.in_another_order());
        let read = |text: &str| {
            let base_dir = root().join("tests/data");
            scenario::parse("test.toml", text, &base_dir, &Overrides::default())
        };
        let told = || format!("\n{}\nand in another order\n{}", document.text(), other.text());
        match (read(&document.text()), read(&other.text())) {
            (Ok(one), Ok(other)) => {
                assert_eq!((one.seed, one.trials), (other.seed, other.trials), "{}", told());
                assert_eq!(one.policies.len(), other.policies.len(), "{}", told());
                for (one, other) in one.policies.iter().zip(&other.policies) {
                    assert_eq!(one.name, other.name, "{}", told());
                    assert_eq!(one.plan, other.plan, "{}", told());
                    assert_eq!(one.assumptions, other.assumptions, "{}", told());
                }
            }
            (Err(one), Err(other)) => assert_eq!(codes_of(&one), codes_of(&other), "{}", told()),
            (Ok(_), Err(_)) | (Err(_), Ok(_)) => panic!("only one is valid:{}", told()),
        }
    });
}

/// The codes of diagnostics, sorted.
fn codes_of(found: &[Diagnostic]) -> Vec<&'static str> {
    let mut codes: Vec<&str> = found.iter().map(|diagnostic| diagnostic.code.id()).collect();
    codes.sort_unstable();
    codes
}

/// Scenarios of which a property did not hold once.
#[test]
fn what_failed_once_holds() {
    let long = "x".repeat(63);
    let rests = [
        // The source of a default, which was then not printed.
        "[sources]\n\"timing.promotion\" = \"our last game day\"\n".to_owned(),
        // One of several lines, which left the comment that it was printed in.
        "[sources]\n\"timing.promotion\" = \"one\\ntwo = 2 \\u001b[31m\"\n".to_owned(),
        // A fault of which nothing but its kind is written, and that differs.
        "[[fault]]\naz-failure = { mttf = \"1y\", duration = \"2h\" }\n\
         [[policy]]\nname = \"rare\"\nset = { fault.az-failure-1.az-failure.mttf = \"50y\" }\n\
         [[policy]]\nname = \"often\"\n"
            .to_owned(),
        // A fault that overlays could find by nothing that is common to the policies.
        "[[fault]]\nat = \"1h\"\nfail-az = { az = \"a\", duration = \"2h\" }\n\
         [[policy]]\nname = \"long\"\nset = { fault.fail-az-1.fail-az.duration = \"9h\" }\n\
         [[policy]]\nname = \"short\"\n"
            .to_owned(),
        // A path with an id of the greatest length, which was cut.
        format!(
            "[[fault]]\nid = \"{long}\"\naz-failure = {{ mttf = \"1y\", duration = \"2h\" }}\n\
             [[policy]]\nname = \"rare\"\nset = {{ fault.{long}.az-failure.mttf = \"50y\" }}\n\
             [[policy]]\nname = \"often\"\n"
        ),
    ];
    for rest in rests {
        let text = format!("{HEAD}{GROUP}{rest}");
        let checked = check_all(&text, &root().join("tests/data"), &Overrides::default());
        assert!(checked.is_some(), "this is valid:\n{text}");
    }
}
