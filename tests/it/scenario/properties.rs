//! What holds for every text that anybody may hand to the reader. The tests check it for texts
//! that they generate, and `fuzz/` includes this file and checks it for those that it finds.

use std::path::Path;

use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::engine::time::{SimTime, Span};
use elasticache_sim::model::plan::Plan;
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::observe::metrics::{Metric, Metrics};
use elasticache_sim::report::diagnostic::{self, Colour};
use elasticache_sim::report::{check, table};
use elasticache_sim::scenario::codes::{Code, Severity};
use elasticache_sim::scenario::{self, Diagnostic, Experiment, Overrides, SourceKind, resolved};

/// So many policies of an experiment are run.
const MOST_POLICIES: usize = 4;
/// Plans with more nodes, or with more clocks of random faults, are not run.
const MOST_ENTITIES: usize = 200;
/// So many frames are looked at one by one.
const MOST_FRAMES: usize = 10;
/// About so many events are enough for one trial.
const MOST_EVENTS: u64 = 500;

/// Checks everything that must hold for `text` with `overrides`, and panics with the sentence that
/// does not; files that the text names are relative to `base_dir`. Returns the experiment, if the
/// text is one.
pub fn check_all(text: &str, base_dir: &Path, overrides: &Overrides) -> Option<Experiment> {
    match scenario::parse("text.toml", text, base_dir, overrides) {
        Err(found) => {
            let is_error = |d: &Diagnostic| d.severity() == Severity::Error;
            assert!(found.iter().any(is_error), "a text is refused for a reason");
            check_diagnostics(&found);
            None
        }
        Ok(experiment) => {
            let is_error = |d: &Diagnostic| d.severity() == Severity::Error;
            assert!(!experiment.remarks.iter().any(is_error), "what is accepted has no error");
            assert!(!experiment.policies.is_empty(), "an experiment has a policy");
            assert!(experiment.trials >= 1, "an experiment has a trial");
            check_diagnostics(&experiment.remarks);
            check_printing(&experiment, base_dir);
            for policy in experiment.policies.iter().take(MOST_POLICIES) {
                check_trials(&policy.plan, experiment.seed);
            }
            Some(experiment)
        }
    }
}

/// Each diagnostic has a place, words and a code, and all can be shown.
fn check_diagnostics(found: &[Diagnostic]) {
    for (n, diagnostic) in found.iter().enumerate() {
        check_diagnostic(diagnostic);
        if n < MOST_FRAMES {
            check_frame(diagnostic);
        }
        let again = found[..n].iter().find(|other| *other == diagnostic);
        assert!(again.is_none(), "nothing is said twice: {diagnostic}");
    }
    let order = |d: &Diagnostic| (d.source.kind as u8, d.span.start);
    assert!(found.is_sorted_by_key(order), "diagnostics stand in the order of the text");
    let frames = diagnostic::render(found, Colour::Off);
    let is_raw = |c: char| c.is_control() && c != '\n';
    assert!(!frames.contains(is_raw), "frames hold no control characters: {frames:?}");
    assert!(diagnostic::render(found, Colour::On).len() >= frames.len(), "colours take room");
    let listed = diagnostic::json(found);
    assert_eq!(listed.as_array().map(Vec::len), Some(found.len()), "JSON lists all of them");
}

fn check_diagnostic(diagnostic: &Diagnostic) {
    let told = || format!("{diagnostic:?}");
    let text = diagnostic.source.text.as_str();
    let spans = diagnostic.related.iter().map(|related| (&related.source.text, &related.span));
    for (text, span) in spans.chain([(&diagnostic.source.text, &diagnostic.span)]) {
        assert!(span.start <= span.end, "a span does not end before it begins: {}", told());
        assert!(text.get(span.clone()).is_some(), "a span lies in its text: {}", told());
    }
    if diagnostic.file == diagnostic.source.name {
        let before = &text[..diagnostic.span.start];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        assert_eq!((diagnostic.line, diagnostic.column), (line, column), "place; {}", told());
    }
    assert!(!diagnostic.message.is_empty(), "there is a message: {}", told());
    assert!(diagnostic.hints.iter().all(|hint| !hint.is_empty()), "no hint is empty: {}", told());
    assert_eq!(Code::find(diagnostic.code.id()), Some(diagnostic.code), "{}", told());
    let shown = diagnostic.to_string();
    let is_raw = |c: char| c.is_control() && c != '\n';
    assert!(!shown.contains(is_raw), "what is shown holds no control characters: {}", told());
    assert!(shown.ends_with('\n'), "what is shown is whole lines: {}", told());
}

/// The frame of a mistake in the file says where it is.
fn check_frame(diagnostic: &Diagnostic) {
    let is_file = diagnostic.source.kind == SourceKind::File;
    if is_file && diagnostic.file == diagnostic.source.name {
        let frame = diagnostic::render(std::slice::from_ref(diagnostic), Colour::Off);
        let place = format!("--> {}:{}:", diagnostic.file, diagnostic.line);
        assert!(frame.contains(&place), "the frame says where:\n{frame}{diagnostic:?}");
    }
}

/// What is printed of an experiment is a scenario that gives the same.
fn check_printing(experiment: &Experiment, base_dir: &Path) {
    let _ = check::text("text.toml", experiment);
    for policy in experiment.policies.iter().take(MOST_POLICIES) {
        let mut text = String::new();
        table::render_assumptions(&policy.assumptions, &mut text);
    }
    let printed = resolved::render(experiment);
    let parse = |text: &str| {
        let read = scenario::parse("printed.toml", text, base_dir, &Overrides::default());
        read.unwrap_or_else(|found| {
            panic!("what is printed is valid:\n{}\n{text}", diagnostic::render(&found, Colour::Off))
        })
    };
    let again = parse(&printed);
    let told = || format!("what is printed gives the same:\n{printed}");
    assert_eq!(again.name, experiment.name, "{}", told());
    assert_eq!((again.seed, again.trials), (experiment.seed, experiment.trials), "{}", told());
    assert_eq!(again.policies.len(), experiment.policies.len(), "{}", told());
    for (again, policy) in again.policies.iter().zip(&experiment.policies) {
        assert_eq!(again.name, policy.name, "{}", told());
        assert_eq!(again.plan, policy.plan, "{}", told());
        assert_eq!(again.objectives, policy.objectives, "{}", told());
        assert_eq!(again.assumptions, policy.assumptions, "{}", told());
    }
    if experiment.expectations.iter().all(|expectation| expectation.policy.is_none()) {
        assert_eq!(again.expectations, experiment.expectations, "{}", told());
    }
    // What came from an option stands in the file now, and is remarked so.
    let printed_again = resolved::render(&again);
    let without_remarks = |text: &str| text.replace("given on the command line", "given");
    let is_same = printed_again == printed
        || words(&without_remarks(&printed_again)) == words(&without_remarks(&printed));
    assert!(is_same, "what is printed prints the same again:\n{printed}\n{printed_again}");
}

/// A text without its line breaks: a shorter remark may have room behind its value.
fn words(text: &str) -> Vec<&str> {
    let mut words: Vec<&str> = text.split_whitespace().filter(|word| *word != "#").collect();
    words.sort_unstable();
    words
}

/// A plan can be run: short trials keep the invariants, close their books and come to something.
fn check_trials(plan: &Plan, seed: u64) {
    let n_clocks = plan.node_failures.len() * plan.nodes.len()
        + plan.az_failures.len() * plan.azs.len()
        + plan.group_failures.len() * plan.groups.len();
    if plan.nodes.len() > MOST_ENTITIES || n_clocks > MOST_ENTITIES {
        return;
    }
    for trial in 0..2 {
        let key = TrialKeys::new(seed).key(trial);
        let mut short = plan.clone();
        // Twice the time as long as little happens.
        let mut probe = Trial::begin(plan, key);
        let mut until = SimTime::START + Span::from_secs(1).min(plan.horizon.since(SimTime::START));
        loop {
            probe.run_until(until, &mut ());
            if probe.n_events() > MOST_EVENTS || until == plan.horizon {
                break;
            }
            let length = until.since(SimTime::START).as_nanos().saturating_mul(2);
            until = (SimTime::START + Span::from_nanos(length)).min(plan.horizon);
        }
        short.horizon = until;
        short.warm_up = short.warm_up.min(SimTime::START + Span::from_nanos(until.as_nanos() / 2));
        let mut metrics = Metrics::new(&short);
        let mut run = Trial::begin(&short, key);
        run.finish(&mut metrics);
        let outcome = metrics.finish(run.now());
        for metric in Metric::ALL {
            let value = outcome.get(metric, &short);
            assert!(value.is_finite() && value >= 0.0, "{} is {value}", metric.name());
        }
        let outage = outcome.raw(Metric::WriteOutage);
        assert_eq!(outcome.by_phase.iter().sum::<u128>(), outage, "phases sum to the outage");
        assert_eq!(outcome.by_cause.iter().sum::<u128>(), outage, "causes sum to the outage");
        for (shard, books) in short.shards.iter().zip(&run.state().ledger.shards) {
            let offered = u128::from(shard.writes_per_sec) * u128::from(until.as_nanos());
            assert_eq!(books.acknowledged + books.rejected, offered, "the books close");
        }
    }
}
