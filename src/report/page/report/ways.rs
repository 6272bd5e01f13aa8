//! How datasets are lost, policy by policy, where a study of rare losses says so.

use serde_json::Value;

use super::answer::list;
use super::commands::replay;
use super::numbers::share;
use super::prose::{amount_text, isolated, named};
use super::{policies, stat, text};
use crate::montecarlo::rare::excursion::Steering;
use crate::montecarlo::rare::ways::{Disorder, Link, Struck};
use crate::observe::metrics::Mechanism;
use crate::report::losses::replay_option;
use crate::report::numbers::{count, significant};
use crate::report::remarks::how_lost;
use crate::report::results::Results;
use crate::report::table::shares;
use crate::report::ways::words;
use crate::stats::level::Estimate;

/// How a policy loses data.
pub(super) struct LossesOf {
    pub(super) policy: String,
    /// What its trials saw.
    pub(super) told: Vec<String>,
    /// The command that tells the worst of them, if they saw any.
    pub(super) replay: String,
    /// What a study of rare losses found.
    pub(super) chains: Option<Chains>,
}

/// How a study says that datasets are lost.
pub(super) struct Chains {
    pub(super) told: String,
    pub(super) ways: Vec<Way>,
}

/// A chain of failures.
pub(super) struct Way {
    pub(super) share: String,
    /// Its share in percent of the widest bar.
    pub(super) width: String,
    pub(super) chain: Vec<String>,
    pub(super) replay: String,
}

/// Ways that are told of a policy, at most.
const MOST: usize = 6;

/// How data is lost.
pub(super) struct Losses {
    pub(super) of: Vec<LossesOf>,
    /// Policies that lost something as well, and are not among those.
    pub(super) n_others: usize,
    /// Of whom more could be known, and how; a sentence.
    pub(super) hint: Option<String>,
}

/// Policies without a study of which it is told what their trials saw, at most.
const MOST_SEEN: usize = 8;
/// With fewer losses in trials than this, a study says more.
const FEW: u64 = 10;

/// How all policies lose data, as far as trials and studies saw it.
pub(super) fn of(summary: &Value, (results, folder): (&Results, &str)) -> Losses {
    let (mut of, mut n_seen) = (Vec::new(), 0);
    for entry in policies(summary) {
        let name = text(&entry["name"]);
        let command = replay((results, folder), name);
        let (told, chains) = (seen(entry), chains(entry, &command));
        n_seen += usize::from(chains.is_none() && !told.is_empty());
        if chains.is_some() || (!told.is_empty() && n_seen <= MOST_SEEN) {
            let worst = match told.is_empty() {
                true => String::new(),
                false => format!("{command} --trial worst-loss"),
            };
            of.push(LossesOf { policy: isolated(name), told, replay: worst, chains });
        }
    }
    Losses { of, n_others: n_seen.saturating_sub(MOST_SEEN), hint: hint(summary) }
}

/// What the trials of a policy saw; nothing if they lost nothing.
fn seen(entry: &Value) -> Vec<String> {
    let loss = &entry["probabilities"]["dataset_loss"];
    let trials = entry["trials"].as_u64().unwrap_or(0);
    let is_of_trials = loss["ways"].is_null();
    let mut told = Vec::new();
    if let Some(estimate) = stat(loss).filter(|it| is_of_trials && it.value > 0.0) {
        let by = by(&entry["by_fault"]["dataset_lost_writes"], str::to_owned);
        let by =
            by.map_or(String::new(), |by| format!("; the writes that go with it, by fault: {by}"));
        told.push(format!(
            "A dataset is lost in {} of the trials{by}.",
            share((loss, trials), &estimate)
        ));
    }
    if let Some(mean) = stat(&entry["metrics"]["lost_writes"]["mean"]).filter(|it| it.value > 0.0) {
        let how = by(&entry["by_mechanism"]["lost_writes"], mechanism).unwrap_or_default();
        let faults = by(&entry["by_fault"]["lost_writes"], str::to_owned).unwrap_or_default();
        told.push(format!(
            "Of the acknowledged writes, {} are lost in a trial on average: {how}. By the fault \
             that began it: {faults}.",
            amount_text(&mean)
        ));
    }
    told
}

/// The parts of a mean in per cent, the largest first.
fn by(parts: &Value, word: impl Fn(&str) -> String) -> Option<String> {
    let parts = parts.as_object()?;
    let names: Vec<String> = parts.keys().map(|name| word(name)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    // Only their ratios count.
    let sizes = parts.values().map(|part| (part.as_f64().unwrap_or(0.0) * 1e9) as u128);
    shares(&names, &sizes.collect::<Vec<u128>>())
}

fn mechanism(name: &str) -> String {
    let known = Mechanism::ALL.into_iter().find(|mechanism| mechanism.name() == name);
    known.map_or(name.to_owned(), |mechanism| how_lost(mechanism).to_owned())
}

/// Of whom too few trials lost a dataset to say how.
fn hint(summary: &Value) -> Option<String> {
    let is_rare = |entry: &&Value| {
        let loss = &entry["probabilities"]["dataset_loss"];
        loss["ways"].is_null() && loss["hits"].as_u64().is_some_and(|hits| hits < FEW)
    };
    let names: Vec<String> =
        policies(summary).filter(is_rare).map(|it| named(text(&it["name"]))).collect();
    (!names.is_empty()).then(|| {
        format!(
            "Fewer than {FEW} trials lost a dataset with {}, too few to say how. Run with \
             --precision dataset_loss=10% to learn how likely that is, however rare, and by which \
             chains of failures it happens.",
            list(&names)
        )
    })
}

fn chains(entry: &Value, command: &str) -> Option<Chains> {
    let loss = &entry["probabilities"]["dataset_loss"];
    let ways = loss["ways"].as_array().filter(|ways| !ways.is_empty())?;
    let method = match text(&loss["method"]) {
        "balanced-biasing" => replay_option(Steering::Balanced),
        _ => "",
    };
    let replay = format!("{command}{method} --loss ");
    let ways: Vec<Way> = ways.iter().take(MOST).filter_map(|way| one(way, &replay)).collect();
    let hits = loss["hits"].as_u64().unwrap_or(0);
    Some(Chains {
        told: format!(
            "{} losses seen by the method “{}”; shares are of the probability of a loss",
            count(u128::from(hits)),
            text(&loss["method"])
        ),
        ways,
    })
}

fn one(way: &Value, replay: &str) -> Option<Way> {
    let share = stat(&way["share"])?;
    let chain = way["chain"].as_array()?.iter().map(|link| words(&link_of(link)));
    let example = way["example"]["loss"].as_str();
    Some(Way {
        share: percent(&share),
        width: format!("{:.1}", 100.0 * share.value.clamp(0.0, 1.0)),
        chain: chain.collect(),
        replay: example.map_or(String::new(), |id| format!("{replay}{id}")),
    })
}

fn percent(share: &Estimate) -> String {
    let of = |value: f64| significant(100.0 * value, 2);
    match (share.low, share.high) {
        (Some(low), Some(high)) => {
            format!("{} % [{}, {}]", of(share.value), of(low), of(high))
        }
        _ => format!("{} % (no interval)", of(share.value)),
    }
}

fn link_of(link: &Value) -> Link {
    let n = |key: &str| link[key].as_u64().and_then(|n| u8::try_from(n).ok()).unwrap_or(0);
    let struck = match text(&link["struck"]) {
        "node" => Struck::Node,
        "az" => Struck::Az,
        "group" => Struck::Group,
        _ => Struck::Scheduled,
    };
    Link {
        struck,
        copies: n("copies"),
        left: n("left"),
        disorder: Disorder {
            down: n("down"),
            syncing: n("syncing"),
            empty: n("empty"),
            azs_down: n("azs_down"),
        },
    }
}
