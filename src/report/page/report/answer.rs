//! What a study came to, in sentences: the first are the answer.

use std::cmp::Ordering;

use serde_json::Value;

use super::numbers::{comparison, difference, share};
use super::prose::{amount_text, bound, named, once_in, points, share_text, signed_amount, size};
use super::{level, policies, stat, text};
use crate::engine::time::{Span, YEAR};
use crate::model::plan::Plan;
use crate::report::compare::signed_seconds;
use crate::report::numbers::{seconds, significant};
use crate::report::remarks::{latency, weights};
use crate::report::table::{self, mean_seconds_text, quantile_text};
use crate::scenario::Experiment;
use crate::stats::level::Estimate;

/// What is said of a study.
pub(super) struct Answer {
    /// What the reference, or the only policy, costs.
    pub(super) lead: String,
    /// How policies differ from the reference.
    pub(super) compared: Vec<String>,
    /// What one must know to read them.
    pub(super) cautions: Vec<String>,
}

/// The answer.
pub(super) fn of(summary: &Value, experiment: &Experiment) -> Answer {
    let Some(reference) = policies(summary).find(|it| it["name"] == summary["reference"]) else {
        let lead = "The results hold no policy.".to_owned();
        return Answer { lead, compared: Vec::new(), cautions: Vec::new() };
    };
    let plan = &experiment.policies[0].plan;
    let span = match plan.script.is_empty() && plan.warm_up.as_nanos() == 0 {
        true => Of::Time(super::length(plan)),
        false => Of::Trial,
    };
    let mut cautions = vec![format!(
        "The intervals are at {}: they say how much chance is left in the simulation, not how well \
         the assumptions fit your system.",
        level(summary)
    )];
    cautions.extend(what_counts(experiment));
    let compared = if policies(summary).count() > 1 { compared(summary) } else { Vec::new() };
    let of_several = weights(experiment_plan(experiment, reference)).is_some();
    let shards = if of_several { Shards::Several } else { Shards::One };
    Answer { lead: of_one((summary, reference), (span, shards)), compared, cautions }
}

/// What means and probabilities are of.
#[derive(Clone, Copy)]
enum Of {
    /// So much time, whatever it is that strikes.
    Time(Span),
    /// A trial in which something strikes that is scheduled.
    Trial,
}

impl Of {
    /// "in 1y"
    fn inside(self) -> String {
        match self {
            Of::Time(length) => format!("in {length}"),
            Of::Trial => "in a trial".to_owned(),
        }
    }

    /// "per 1y", and how seldom that is.
    fn per(self, probability: f64, than: &str) -> String {
        match self {
            Of::Trial => "per trial".to_owned(),
            Of::Time(length) => {
                let years = length.as_secs_f64() / YEAR.as_secs_f64();
                let seldom = once_in(probability, years);
                let seldom = seldom.map_or(String::new(), |it| format!(", {than}{it}"));
                format!("per {length}{seldom}")
            }
        }
    }
}

/// How many shards writers have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shards {
    One,
    Several,
}

fn experiment_plan<'e>(experiment: &'e Experiment, entry: &Value) -> &'e Plan {
    let named = experiment.policies.iter().find(|policy| entry["name"] == policy.name);
    &named.unwrap_or(&experiment.policies[0]).plan
}

/// What the numbers count and what not, where a policy of the study makes that a question.
fn what_counts(experiment: &Experiment) -> Vec<String> {
    let mut sentences: Vec<String> = Vec::new();
    for policy in &experiment.policies {
        for remark in [weights(&policy.plan), latency(&policy.plan)].into_iter().flatten() {
            let mut sentence = remark.to_owned();
            sentence[..1].make_ascii_uppercase();
            sentence.push('.');
            if !sentences.contains(&sentence) {
                sentences.push(sentence);
            }
        }
    }
    sentences
}

/// Mean of the acknowledged writes that go with lost datasets; nothing if none is lost.
pub(super) fn with_datasets(entry: &Value) -> Option<Estimate> {
    stat(&entry["metrics"]["dataset_lost_writes"]["mean"]).filter(|mean| mean.value > 0.0)
}

/// Whether all expectations passed, if there are any.
pub(super) fn verdict(summary: &Value) -> Option<String> {
    let all = summary["expectations"].as_array()?;
    let n = |verdict: &str| all.iter().filter(|it| it["verdict"] == verdict).count();
    let (failed, undecided) = (n("fail"), n("undecided"));
    match (all.len(), failed, undecided) {
        (0, ..) => None,
        (n, 0, 0) => Some(format!("All {n} expectations passed.")),
        (n, failed, undecided) => Some(format!(
            "Of {n} expectations {} passed, {failed} failed, and {undecided} the trials could not \
             decide.",
            n - failed - undecided
        )),
    }
}

/// Outages of which one in a hundred says something.
const ENOUGH_FOR_P99: u64 = 100;

/// What one policy costs.
fn of_one((summary, entry): (&Value, &Value), (span, shards): (Of, Shards)) -> String {
    let is_alone = policies(summary).count() == 1;
    let with = match is_alone {
        true => String::new(),
        false => format!("With {}: ", named(text(&entry["name"]))),
    };
    format!(
        "{with}{} {} {}",
        outage((entry, span), shards),
        lost(entry, span),
        datasets(entry, span)
    )
}

/// How often writers are without a primary, how long, and what that comes to.
fn outage((entry, span): (&Value, Of), shards: Shards) -> String {
    let metrics = &entry["metrics"];
    let mean = |metric: &str| stat(&metrics[metric]["mean"]).filter(|it| it.value > 0.0);
    let Some(sum) = mean("write_outage_s") else {
        return "Writers are without a primary in none of the trials.".to_owned();
    };
    let trials = entry["trials"].as_u64().unwrap_or(0);
    let seen = &entry["probabilities"]["write_outage"];
    let often = match (stat(seen), seen["hits"].as_u64() == Some(trials)) {
        (_, true) => "in every trial".to_owned(),
        (Some(share), false) => format!("in {} of the trials", share_text(&share)),
        (None, false) => "in a share of the trials that the folder does not say".to_owned(),
    };
    let whom = match shards {
        Shards::One => "Writers are without a primary",
        Shards::Several => "Writers to some shard are without a primary",
    };
    let mut told = match span {
        Of::Time(length) => format!("{whom} {often} (of {length} each)."),
        Of::Trial => format!("{whom} {often}."),
    };
    let lengths = &entry["outages"]["length_s"];
    if let Some(length) = stat(&lengths["mean"]) {
        told.push_str(&format!(" An outage lasts {} on average", mean_seconds_text(&length)));
        let enough = entry["outages"]["n"].as_u64() >= Some(ENOUGH_FOR_P99);
        if let Some(longest) = stat(&lengths["p99"]).filter(|_| enough) {
            let longest = quantile_text(&longest, seconds);
            told.push_str(&format!(", and 99 of 100 at most {longest}"));
        }
        told.push('.');
    }
    let inside = span.inside();
    told.push_str(&format!(" In sum that is {} {inside} on average", mean_seconds_text(&sum)));
    if shards == Shards::Several {
        told.push_str(", each shard by its share of the slots");
    }
    if let Some(any) = mean("write_outage_any_shard_s").filter(|_| shards == Shards::Several) {
        let any = mean_seconds_text(&any);
        told.push_str(&format!("; some shard is without one for {any}"));
    }
    told.push('.');
    told
}

/// How many acknowledged writes are lost, but for those that go with datasets.
fn lost(entry: &Value, span: Of) -> String {
    match stat(&entry["metrics"]["lost_writes"]["mean"]).filter(|lost| lost.value > 0.0) {
        Some(lost) => format!(
            "Of the acknowledged writes, {} are lost {} on average.",
            amount_text(&lost),
            span.inside()
        ),
        None => match with_datasets(entry) {
            Some(_) => "But for lost datasets, no acknowledged write is lost in any trial.",
            None => "No acknowledged write is lost in any trial.",
        }
        .to_owned(),
    }
}

/// How likely a lost dataset is, and what goes with it.
fn datasets(entry: &Value, span: Of) -> String {
    let trials = entry["trials"].as_u64().unwrap_or(0);
    let loss = &entry["probabilities"]["dataset_loss"];
    let Some(estimate) = stat(loss) else { return String::new() };
    let mut told = match (estimate.value > 0.0, estimate.high) {
        (false, Some(high)) => format!(
            "The probability that a shard loses its dataset is below {} {}; none of {} did",
            bound(high),
            span.per(high, "less than "),
            table::trials(trials)
        ),
        _ => format!(
            "The probability that a shard loses its dataset is {} {}",
            share((loss, trials), &estimate),
            span.per(estimate.value, "about ")
        ),
    };
    if let Some(writes) = with_datasets(entry) {
        let inside = span.inside();
        let size = lost_size(entry).map_or(String::new(), |size| format!("{size} and "));
        told.push_str(&format!(
            "; {size}{} acknowledged writes, overwritten or not, go with lost datasets {inside} \
             on average",
            amount_text(&writes)
        ));
    }
    told.push('.');
    told
}

/// Mean of what lost datasets held.
fn lost_size(entry: &Value) -> Option<String> {
    stat(&entry["metrics"]["dataset_lost_bytes"]["mean"]).map(|mean| size(&mean))
}

/// A measure by which policies are compared with the reference.
struct Measure {
    metric: &'static str,
    less: &'static str,
    more: &'static str,
    print: fn(&Estimate) -> String,
}

const MEASURES: [Measure; 3] = [
    Measure {
        metric: "write_outage_s",
        less: "Less outage than",
        more: "More outage than",
        print: signed_seconds,
    },
    Measure {
        metric: "lost_writes",
        less: "Fewer lost writes than",
        more: "More lost writes than",
        print: signed_amount,
    },
    Measure {
        metric: "dataset_loss",
        less: "A dataset loss is less likely than with",
        more: "A dataset loss is more likely than with",
        print: points,
    },
];

/// More policies than these are counted, not named.
const MOST_NAMED: usize = 4;

/// Policies by how they differ from the reference in a measure, each as it is told.
#[derive(Default)]
struct Sorted {
    less: Vec<String>,
    more: Vec<String>,
    alike: Vec<String>,
    unsure: Vec<String>,
    /// Of which the writes say little, since whole datasets go, here or with the reference.
    incomparable: Vec<String>,
    unsaid: Vec<String>,
}

/// Which policies differ from the reference by more than chance, and which could not be told apart.
fn compared(summary: &Value) -> Vec<String> {
    MEASURES.iter().flat_map(|measure| told(measure, sorted(measure, summary), summary)).collect()
}

/// A policy against the reference, and where it belongs.
fn sorted(measure: &Measure, summary: &Value) -> Sorted {
    let mut sorted = Sorted::default();
    let is_reference = |entry: &&Value| entry["name"] == summary["reference"];
    let reference = policies(summary).find(is_reference);
    let is_of_writes = measure.metric == "lost_writes";
    let loses = |entry: &Value| is_of_writes && with_datasets(entry).is_some();
    let risk = |entry: &Value| stat(&entry["probabilities"]["dataset_loss"]).map(|it| it.value);
    let reference_risk = reference.and_then(risk);
    let reference_loses = reference.is_some_and(loses);
    for entry in policies(summary).filter(|entry| !is_reference(entry)) {
        let name = named(text(&entry["name"]));
        let Some(found) = difference((summary, entry), measure.metric) else {
            sorted.unsaid.push(name);
            continue;
        };
        let ratio = ratio((summary, entry), measure.metric);
        let beside = with_datasets(entry)
            .filter(|_| is_of_writes)
            .map(|lost| format!(", as well as {} that go with lost datasets", amount_text(&lost)));
        let beside = beside.or(ratio.as_ref().map(times)).unwrap_or_default();
        let told = format!("{name} ({}{beside})", (measure.print)(&found));
        let sign = match (ratio, found) {
            (Some(ratio), _) => side(&ratio, 1.0),
            (None, found) => side(&found, 0.0),
        };
        match (sign, found) {
            (Some(Ordering::Less), _) if loses(entry) && risk(entry) > reference_risk => {
                sorted.incomparable.push(with_risk(&name, entry));
            }
            // What they do not lose with datasets is counted.
            (Some(Ordering::Greater), _) if reference_loses && reference_risk > risk(entry) => {
                sorted.incomparable.push(with_risk(&name, entry));
            }
            (Some(Ordering::Less), _) => sorted.less.push(told),
            (Some(Ordering::Greater), _) => sorted.more.push(told),
            (_, Estimate { value, low: None, high: None }) if value != 0.0 => {
                sorted.unsure.push(told);
            }
            _ => sorted.alike.push(name),
        }
    }
    sorted
}

/// On which side of a number an interval lies, if on one.
fn side(estimate: &Estimate, of: f64) -> Option<Ordering> {
    match (estimate.low, estimate.high) {
        (_, Some(high)) if high < of => Some(Ordering::Less),
        (Some(low), _) if low > of => Some(Ordering::Greater),
        _ => None,
    }
}

/// A policy, how likely it loses a dataset, and how much goes with it.
fn with_risk(name: &str, entry: &Value) -> String {
    let trials = entry["trials"].as_u64().unwrap_or(0);
    let loss = &entry["probabilities"]["dataset_loss"];
    let Some(estimate) = stat(loss) else { return name.to_owned() };
    let size = lost_size(entry).map_or(String::new(), |size| format!(", {size} on average"));
    format!("{name} (probability {}{size})", share((loss, trials), &estimate))
}

/// How many times as likely something is as with the reference, where a study of rare losses says.
fn ratio((summary, entry): (&Value, &Value), metric: &str) -> Option<Estimate> {
    stat(&comparison((summary, entry), metric)?["ratio"])
}

fn times(ratio: &Estimate) -> String {
    let of = |value: f64| significant(value, 3);
    match (ratio.low, ratio.high) {
        (Some(low), Some(high)) => {
            format!(", {} times as likely [{}, {}]", of(ratio.value), of(low), of(high))
        }
        _ => format!(", {} times as likely (no interval)", of(ratio.value)),
    }
}

/// What is said of a measure.
fn told(measure: &Measure, sorted: Sorted, summary: &Value) -> Vec<String> {
    let reference = named(text(&summary["reference"]));
    let what = match measure.metric {
        "write_outage_s" => "outage",
        "lost_writes" => "lost writes",
        _ => "the probability of a dataset loss",
    };
    let entry = policies(summary).find(|entry| entry["name"] == summary["reference"]);
    let itself = match entry.filter(|entry| with_datasets(entry).is_some()) {
        Some(entry) => with_risk(&reference, entry),
        None => reference.clone(),
    };
    let openings = [
        (format!("{} {reference}: ", measure.less), &sorted.less),
        (format!("{} {reference}: ", measure.more), &sorted.more),
        (
            format!("Not comparable with {itself} in {what}, since whole datasets are lost: "),
            &sorted.incomparable,
        ),
        (
            format!("Too few trials to say whether these differ from {reference} in {what}: "),
            &sorted.unsure,
        ),
        (format!("No difference from {reference} in {what} was shown for "), &sorted.alike),
        (
            format!("The folder does not say how these differ from {reference} in {what}: "),
            &sorted.unsaid,
        ),
    ];
    let is_there = openings.into_iter().filter(|(_, named)| !named.is_empty());
    is_there.map(|(opening, named)| format!("{opening}{}.", list(named))).collect()
}

/// Names in a row, of many the first.
pub(super) fn list(named: &[String]) -> String {
    match named.len() {
        n if n > MOST_NAMED => {
            format!("{} and {} more", named[..MOST_NAMED].join(", "), n - MOST_NAMED)
        }
        _ => named.join(", "),
    }
}
