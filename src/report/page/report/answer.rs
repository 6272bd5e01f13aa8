//! What a study came to, in sentences: the first is the answer.

use serde_json::Value;

use super::numbers::{difference, share};
use super::{level, policies, stat, text};
use crate::model::plan::Plan;
use crate::report::compare::{signed, signed_seconds};
use crate::report::numbers::{probability, seconds};
use crate::report::remarks::{latency, weights};
use crate::report::table::{mean_seconds_text, mean_text, quantile_text};
use crate::scenario::Experiment;
use crate::stats::level::Estimate;

/// What is said of a study.
pub(super) struct Answer {
    /// The answer in a sentence.
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
    let per = match plan.script.is_empty() && plan.warm_up.as_nanos() == 0 {
        true => format!("in {}", super::length(plan)),
        false => "in a trial".to_owned(),
    };
    let mut cautions = vec![format!(
        "The intervals are at {}: they say how much chance is left in the simulation, not how well \
         the assumptions fit your system.",
        level(summary)
    )];
    if policies(summary).any(|entry| with_datasets(entry).is_some()) {
        cautions.push(
            "Writes that are lost with a whole dataset are counted apart: few lost writes are no \
             merit of a policy that loses datasets."
                .to_owned(),
        );
    }
    cautions.extend(what_counts(experiment));
    let compared = if policies(summary).count() > 1 { compared(summary) } else { Vec::new() };
    let of_several = weights(experiment_plan(experiment, reference)).is_some();
    let shards = if of_several { Shards::Several } else { Shards::One };
    Answer { lead: of_one((summary, reference), (&per, shards)), compared, cautions }
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
fn with_datasets(entry: &Value) -> Option<Estimate> {
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

/// Trials of which one in a hundred says something.
const ENOUGH_FOR_P99: u64 = 100;

/// What one policy costs.
fn of_one((summary, entry): (&Value, &Value), (per, shards): (&str, Shards)) -> String {
    let name = text(&entry["name"]);
    let metrics = &entry["metrics"];
    let is_alone = policies(summary).count() == 1;
    let mut sentence = match is_alone {
        true => "Writers are without a primary ".to_owned(),
        false => format!("With “{name}”, writers are without a primary "),
    };
    let outage = stat(&metrics["write_outage_s"]["mean"]);
    let trials = entry["trials"].as_u64().unwrap_or(0);
    match outage {
        Some(outage) if outage.value > 0.0 => {
            sentence.push_str(&format!("for {} {per} on average", mean_seconds_text(&outage)));
            if shards == Shards::Several {
                sentence.push_str(", each shard by its share of the slots");
            }
            let worst =
                stat(&metrics["write_outage_s"]["p99"]).filter(|_| trials >= ENOUGH_FOR_P99);
            if let Some(worst) = worst {
                let longest = quantile_text(&worst, seconds);
                sentence.push_str(&format!(" (in 99 of 100 trials for at most {longest})"));
            }
            let any = stat(&metrics["write_outage_any_shard_s"]["mean"]);
            if let Some(any) = any.filter(|_| shards == Shards::Several) {
                let any = mean_seconds_text(&any);
                sentence.push_str(&format!("; some shard is without one for {any}"));
            }
        }
        Some(_) | None => sentence.push_str("in none of the trials"),
    }
    match stat(&metrics["lost_writes"]["mean"]) {
        Some(lost) if lost.value > 0.0 => {
            sentence.push_str(&format!(
                "; {} writes that were acknowledged are lost on average",
                mean_text(&lost)
            ));
        }
        Some(_) | None => sentence.push_str("; no acknowledged write is lost in any trial"),
    }
    if let Some(lost) = with_datasets(entry) {
        let lost = mean_text(&lost);
        sentence.push_str(&format!(", but for {lost} on average that go with lost datasets"));
    }
    let loss = &entry["probabilities"]["dataset_loss"];
    if let Some(estimate) = stat(loss) {
        sentence.push_str(&format!(
            "; the probability that a shard loses its dataset is {}",
            share((loss, trials), &estimate)
        ));
    }
    sentence.push('.');
    sentence
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
        print: signed,
    },
    Measure {
        metric: "dataset_loss",
        less: "A dataset loss is less likely than with",
        more: "A dataset loss is more likely than with",
        print: signed_share,
    },
];

/// A difference of probabilities with its sign and interval.
fn signed_share(difference: &Estimate) -> String {
    let sign = |value: f64| if value < 0.0 { "-" } else { "+" };
    quantile_text(difference, |value| format!("{}{}", sign(value), probability(value.abs())))
}

/// More policies than these are counted, not named.
const MOST_NAMED: usize = 4;

/// Which policies differ from the reference by more than chance, and which could not be told apart.
fn compared(summary: &Value) -> Vec<String> {
    let reference = text(&summary["reference"]);
    let mut sentences = Vec::new();
    for measure in &MEASURES {
        let (mut less, mut more, mut alike, mut unsure) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for entry in policies(summary).filter(|entry| entry["name"] != reference) {
            let name = text(&entry["name"]);
            let Some(found) = difference((summary, entry), measure.metric) else {
                alike.push(format!("“{name}”"));
                continue;
            };
            let beside = with_datasets(entry).filter(|_| measure.metric == "lost_writes");
            let beside = beside.map_or(String::new(), |lost| {
                format!(", but for {} that go with lost datasets", mean_text(&lost))
            });
            let told = format!("“{name}” ({}{beside})", (measure.print)(&found));
            match found {
                Estimate { high: Some(high), .. } if high < 0.0 => less.push(told),
                Estimate { low: Some(low), .. } if low > 0.0 => more.push(told),
                Estimate { value, low, high } if value != 0.0 && (low, high) == (None, None) => {
                    unsure.push(told);
                }
                Estimate { .. } => alike.push(format!("“{name}”")),
            }
        }
        for (words, named) in [(measure.less, less), (measure.more, more)] {
            if !named.is_empty() {
                sentences.push(format!("{words} “{reference}”: {}.", list(&named)));
            }
        }
        let what = match measure.metric {
            "write_outage_s" => "outage",
            "lost_writes" => "lost writes",
            _ => "the probability of a dataset loss",
        };
        if !unsure.is_empty() {
            sentences.push(format!(
                "Too few trials to say whether these differ from “{reference}” in {what}: {}.",
                list(&unsure)
            ));
        }
        if !alike.is_empty() {
            sentences.push(format!(
                "No difference from “{reference}” in {what} was shown for {}.",
                list(&alike)
            ));
        }
    }
    sentences
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
