//! How datasets are lost, policy by policy, where a study of rare losses says so.

use serde_json::Value;

use super::{policies, quoted, stat, text};
use crate::montecarlo::rare::ways::{Disorder, Link, Struck};
use crate::report::numbers::{count, significant};
use crate::report::ways::words;
use crate::scenario::Experiment;
use crate::stats::level::Estimate;

/// The ways of one policy.
pub(super) struct WaysOf {
    pub(super) policy: String,
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

/// The ways of all policies, or why there are none.
pub(super) fn of(
    summary: &Value,
    (experiment, folder): (&Experiment, &str),
) -> (Vec<WaysOf>, Option<String>) {
    let all: Vec<WaysOf> =
        policies(summary).filter_map(|entry| of_policy(entry, (experiment, folder))).collect();
    let why = all.is_empty().then(|| {
        "No study of rare losses was made. Run the scenario with --precision dataset_loss=10% to \
         learn by which chains of failures a dataset is lost, and how likely each is."
            .to_owned()
    });
    (all, why)
}

fn of_policy(entry: &Value, (experiment, folder): (&Experiment, &str)) -> Option<WaysOf> {
    let name = text(&entry["name"]);
    let loss = &entry["probabilities"]["dataset_loss"];
    let ways = loss["ways"].as_array().filter(|ways| !ways.is_empty())?;
    let of = match experiment.policies.len() {
        1 => String::new(),
        _ => format!(" --policy {}", quoted(name)),
    };
    let replay = format!("ecsim replay {}{of} --loss ", quoted(folder));
    let ways: Vec<Way> = ways.iter().take(MOST).filter_map(|way| one(way, &replay)).collect();
    let hits = loss["hits"].as_u64().unwrap_or(0);
    Some(WaysOf {
        policy: name.to_owned(),
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
