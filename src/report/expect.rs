//! Expectations of a scenario, held against what its trials came to.

use std::fmt::Write as _;

use crate::montecarlo::estimate::Estimator;
use crate::montecarlo::quantity::{Probability, Quantity, Unit};
use crate::report::numbers::{seconds, significant};
use crate::report::study::Study;
use crate::report::table::quantile_text;
use crate::scenario::expect::{Expectation, Verdict};
use crate::stats::level::Estimate;

/// An expectation of one policy, and what came of it.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// The policy's name.
    pub policy: &'a str,
    /// What was expected.
    pub expectation: &'a Expectation,
    /// What was found; `None` where the trials say nothing of it.
    pub estimate: Option<Estimate>,
    /// Whether that is as expected.
    pub verdict: Verdict,
}

/// All expectations of a study, each for each policy that it is about.
pub fn judge<'a>(study: &Study<'a>) -> Vec<Judged<'a>> {
    let mut judged = Vec::new();
    for expectation in &study.experiment.expectations {
        for (policy, estimator) in study.entries() {
            let is_meant = |name: &String| *name == policy.name || *name == policy.base;
            if expectation.policy.as_ref().is_none_or(is_meant) {
                judged.push(of_policy(&policy.name, expectation, &estimator));
            }
        }
    }
    judged
}

fn of_policy<'a>(
    policy: &'a str,
    expectation: &'a Expectation,
    estimator: &Estimator<'_>,
) -> Judged<'a> {
    let estimate = estimator.of(expectation.quantity);
    let verdict = match &estimate {
        Some(estimate) => expectation.judge(estimate.value, estimate.low, estimate.high),
        None => Verdict::Undecided,
    };
    Judged { policy, expectation, estimate, verdict }
}

/// A verdict's name in results.
pub fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Undecided => "undecided",
    }
}

/// A line for each expectation: what was expected, the verdict, the value with its interval.
pub fn render(study: &Study<'_>, text: &mut String) {
    let is_alone = study.policies.len() == 1;
    for judged in judge(study) {
        let Expectation { quantity, bound, limit_shown, .. } = judged.expectation;
        let whose = if is_alone { String::new() } else { format!(" ({})", judged.policy) };
        let _ = writeln!(
            text,
            " expect {} {} {limit_shown}{whose}: {} · {}",
            quantity.name(),
            bound.sign(),
            name(judged.verdict),
            found(&judged)
        );
    }
}

/// The value with its interval, and for what is undecided what would decide it.
fn found(judged: &Judged<'_>) -> String {
    let quantity = judged.expectation.quantity;
    let Some(estimate) = &judged.estimate else {
        return "nothing was seen that has such a length".to_owned();
    };
    let print = |value: f64| match quantity.unit() {
        Unit::Seconds => seconds(value),
        Unit::Share | Unit::Count => significant(value, 3),
    };
    let value = quantile_text(estimate, print);
    match judged.verdict {
        Verdict::Pass | Verdict::Fail => value,
        Verdict::Undecided => format!("{value}: {}", advice(quantity, estimate)),
    }
}

fn advice(quantity: Quantity, estimate: &Estimate) -> &'static str {
    let is_of_losses = quantity == Quantity::Probability(Probability::DatasetLoss);
    let is_mean = matches!(quantity, Quantity::Metric { .. }) && estimate.value == 0.0;
    match (estimate.low, estimate.high) {
        _ if is_of_losses => {
            "--precision dataset_loss=5% may decide, however rare it is, or more trials"
        }
        (Some(_), Some(_)) => "the interval holds the limit, more trials may decide",
        (_, None) if is_mean => "no trial had any, which bounds no mean: expect a probability",
        _ => "too few trials for an interval, run more",
    }
}
