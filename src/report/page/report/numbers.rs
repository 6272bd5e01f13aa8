//! The numbers of a study as tables: a row per policy, each number with its interval, and below it
//! how it differs from the reference on the same faults.

use serde_json::Value;

use super::answer::with_datasets;
use super::prose::{amount_text, bound, is_large, points, share_text, signed_amount};
use super::{level, policies, stat, text};
use crate::engine::time::Span;
use crate::model::plan::{Group, Membership, Plan};
use crate::montecarlo::objectives::Objectives;
use crate::report::compare::{signed, signed_seconds};
use crate::report::numbers::{count, seconds, significant};
use crate::report::table::{
    group_line, mean_seconds_text, mean_text, per, quantile_text, small_text,
};
use crate::scenario::Experiment;
use crate::stats::level::Estimate;

/// A table with a row per policy.
pub(super) struct Table {
    pub(super) caption: String,
    pub(super) heads: Vec<Head>,
    pub(super) rows: Vec<Row>,
}

/// A column's name, and what the number is.
pub(super) struct Head {
    pub(super) name: String,
    pub(super) of: String,
}

/// A policy.
pub(super) struct Row {
    pub(super) policy: String,
    pub(super) layout: String,
    pub(super) role: &'static str,
    pub(super) cells: Vec<Cell>,
}

/// A number in words.
pub(super) struct Cell {
    pub(super) value: String,
    /// Its difference from the reference, if that is known.
    pub(super) difference: String,
    pub(super) class: &'static str,
}

/// How a number is written.
#[derive(Clone, Copy)]
enum Kind {
    MeanSeconds,
    Seconds,
    Mean,
    Minutes,
    Failovers,
    Amount,
    Share,
    Nines,
}

/// A column.
struct Column {
    name: &'static str,
    of: &'static str,
    path: &'static [&'static str],
    kind: Kind,
    /// Of which metric the difference is shown.
    difference: Option<&'static str>,
}

const fn column(
    (name, of): (&'static str, &'static str),
    path: &'static [&'static str],
    kind: Kind,
    difference: Option<&'static str>,
) -> Column {
    Column { name, of, path, kind, difference }
}

const OUTAGE: [Column; 6] = [
    column(
        ("Write outage", "mean{per}"),
        &["metrics", "write_outage_s", "mean"],
        Kind::MeanSeconds,
        Some("write_outage_s"),
    ),
    column(
        ("Write outage", "p99 of trials"),
        &["metrics", "write_outage_s", "p99"],
        Kind::Seconds,
        None,
    ),
    column(("Availability", "nines of the mean"), &["nines"], Kind::Nines, None),
    column(
        ("A single outage", "p99 of outages"),
        &["outages", "length_s", "p99"],
        Kind::Seconds,
        None,
    ),
    column(("Over the RTO", "share of outages"), &["outages", "rto_missed"], Kind::Share, None),
    column(
        ("Failovers", "mean{per}"),
        &["metrics", "failovers", "mean"],
        Kind::Failovers,
        Some("failovers"),
    ),
];

const LOSS: [Column; 5] = [
    column(
        ("Writes lost", "without those of lost datasets, mean{per}"),
        &["metrics", "lost_writes", "mean"],
        Kind::Mean,
        Some("lost_writes"),
    ),
    column(
        ("Writes lost", "p99 of trials"),
        &["metrics", "lost_writes", "p99"],
        Kind::Amount,
        None,
    ),
    column(
        ("Dataset lost", "probability{per}"),
        &["probabilities", "dataset_loss"],
        Kind::Share,
        Some("dataset_loss"),
    ),
    column(
        ("Writes lost with it", "mean{per}"),
        &["metrics", "dataset_lost_writes", "mean"],
        Kind::Mean,
        Some("dataset_lost_writes"),
    ),
    column(
        ("Over the RPO", "share of failovers, which a lost dataset is not (see Dataset lost)"),
        &["failovers", "rpo_missed"],
        Kind::Share,
        None,
    ),
];

const BESIDE: [Column; 5] = [
    column(
        ("Write outage of servers", "until a promotion, mean{per}"),
        &["metrics", "server_write_outage_s", "mean"],
        Kind::MeanSeconds,
        Some("server_write_outage_s"),
    ),
    column(
        ("Any shard without writes", "mean{per}"),
        &["metrics", "write_outage_any_shard_s", "mean"],
        Kind::MeanSeconds,
        Some("write_outage_any_shard_s"),
    ),
    column(
        ("All shards without writes", "whole clock minutes, as an SLA counts, mean{per}"),
        &["metrics", "sla_minutes", "mean"],
        Kind::Minutes,
        Some("sla_minutes"),
    ),
    column(
        ("No reads", "mean{per}"),
        &["metrics", "read_outage_s", "mean"],
        Kind::MeanSeconds,
        Some("read_outage_s"),
    ),
    column(
        ("Fewer copies than planned", "of those that the policy itself is to have, mean{per}"),
        &["metrics", "reduced_redundancy_s", "mean"],
        Kind::MeanSeconds,
        Some("reduced_redundancy_s"),
    ),
];

/// The mark of lost writes beside which datasets were lost, as in the tables of a terminal.
const LOST: &str = "‡";

/// How the tables are read.
pub(super) fn how(summary: &Value) -> String {
    let what = format!("Brackets and ± are intervals at {}.", level(summary));
    let lost = match policies(summary).any(|entry| with_datasets(entry).is_some()) {
        true => format!(" {LOST} Datasets were lost as well: what went with them is not in it."),
        false => String::new(),
    };
    match policies(summary).count() {
        1 => format!("{what}{lost}"),
        _ => format!(
            "{what} In small letters: the difference from the reference on the same faults, in \
             bold where its interval excludes zero; pp are percentage points.{lost}"
        ),
    }
}

/// Outage, loss, and what else tells of outages.
pub(super) fn tables(summary: &Value, experiment: &Experiment) -> Vec<Table> {
    let all = [
        ("Time without writes", &OUTAGE[..]),
        ("Writes that were acknowledged and are gone", &LOSS[..]),
        ("Seen from other sides", &BESIDE[..]),
    ];
    all.map(|(caption, columns)| table(caption.to_owned(), columns, (summary, experiment))).into()
}

fn table(
    caption: String,
    columns: &[Column],
    (summary, experiment): (&Value, &Experiment),
) -> Table {
    let per = per(&experiment.policies[0].plan);
    let is_there = |column: &&Column| policies(summary).any(|it| !at(it, column.path).is_null());
    let columns: Vec<&Column> = columns.iter().filter(is_there).collect();
    let heads = columns.iter().map(|column| {
        let of = column.of.replace("{per}", &per);
        let limit = match column.path {
            ["outages", "rto_missed"] => common(experiment, |it| it.rto),
            ["failovers", "rpo_missed"] => common(experiment, |it| it.rpo),
            _ => None,
        };
        let of = limit.map_or(of.clone(), |limit| format!("{of}, limit {limit}"));
        Head { name: column.name.to_owned(), of }
    });
    let rows = policies(summary).map(|entry| {
        let name = text(&entry["name"]);
        let is_reference = summary["reference"] == name && policies(summary).count() > 1;
        Row {
            policy: name.to_owned(),
            layout: layout(name, experiment),
            role: if is_reference { "reference" } else { "" },
            cells: columns
                .iter()
                .map(|column| cell((summary, entry), column, experiment))
                .collect(),
        }
    });
    Table { caption, heads: heads.collect(), rows: rows.collect() }
}

/// An objective, if all policies have the same.
fn common(experiment: &Experiment, of: fn(&Objectives) -> Option<Span>) -> Option<Span> {
    let mut all = experiment.policies.iter().map(|policy| of(&policy.objectives));
    let first = all.next().flatten()?;
    all.all(|other| other == Some(first)).then_some(first)
}

/// The groups of a policy in a line.
fn layout(policy: &str, experiment: &Experiment) -> String {
    let Some(policy) = experiment.policies.iter().find(|it| it.name == policy) else {
        return String::new();
    };
    let plan = &policy.plan;
    let line = |group: &Group| format!("{}, {}", group_line(plan, group), nodes(plan, group));
    plan.groups.iter().take(3).map(line).collect::<Vec<String>>().join("; ")
}

/// "9 nodes cache.r7g.large".
fn nodes(plan: &Plan, group: &Group) -> String {
    let of = group.shards.clone().flat_map(|shard| plan.shards[usize::from(shard)].node_ids());
    let n = of.filter(|id| plan.nodes[id.idx()].membership == Membership::Member).count();
    let plural = if n == 1 { "" } else { "s" };
    let of_type = group.about.node_type.as_ref().map_or(String::new(), |name| format!(" {name}"));
    format!("{n} node{plural}{of_type}")
}

fn at<'v>(value: &'v Value, path: &[&str]) -> &'v Value {
    path.iter().fold(value, |value, key| &value[*key])
}

fn cell((summary, entry): (&Value, &Value), column: &Column, experiment: &Experiment) -> Cell {
    let found = at(entry, column.path);
    let value = match (stat(found), column.kind) {
        (None, _) => "–".to_owned(),
        (Some(none), Kind::Failovers)
            if none.value == 0.0 && never_fails_over(entry, experiment) =>
        {
            "–, automatic failover is off".to_owned()
        }
        (Some(estimate), kind) => written((entry, found), &estimate, kind),
    };
    // Fewer writes are lost by lag where whole datasets are: no advantage.
    let is_beside = column.path.contains(&"lost_writes") && with_datasets(entry).is_some();
    let value = if is_beside { format!("{value} {LOST}") } else { value };
    let other = column.difference.and_then(|metric| difference((summary, entry), metric));
    let Some(other) = other else { return Cell { value, difference: String::new(), class: "" } };
    let is_known =
        other.low.is_some_and(|low| low > 0.0) || other.high.is_some_and(|high| high < 0.0);
    let difference = match column.kind {
        // Neither has seen any.
        _ if other.value == 0.0 && other.half_width().is_none() => String::new(),
        _ if other.value == 0.0 && other.half_width() == Some(0.0) => {
            "the same in every trial".to_owned()
        }
        Kind::Share => points(&other),
        Kind::MeanSeconds | Kind::Seconds => signed_seconds(&other),
        Kind::Mean if is_large(&other) => signed_amount(&other),
        Kind::Minutes => minutes(signed(&other)),
        Kind::Mean | Kind::Failovers | Kind::Amount | Kind::Nines => signed(&other),
    };
    let difference = difference.replace("(no interval)", "(too few trials for an interval)");
    Cell { value, difference, class: if is_known && !is_beside { "known" } else { "" } }
}

/// Whether nobody succeeds a lost primary in any group of a policy.
fn never_fails_over(entry: &Value, experiment: &Experiment) -> bool {
    let policy = experiment.policies.iter().find(|policy| entry["name"] == policy.name);
    policy.is_some_and(|policy| {
        policy.plan.groups.iter().all(|group| group.promotes_at_start().is_none())
    })
}

/// A number with its unit, in front of its interval.
fn minutes(mut text: String) -> String {
    let at = text.find(" [").or_else(|| text.find(" (")).unwrap_or(text.len());
    text.insert_str(at, " min");
    text
}

/// How a policy differs from the reference in a metric.
pub(super) fn difference(of: (&Value, &Value), metric: &str) -> Option<Estimate> {
    stat(&comparison(of, metric)?["difference"])
}

/// What is said of a policy and the reference in a metric.
pub(super) fn comparison<'v>(
    (summary, entry): (&'v Value, &Value),
    metric: &str,
) -> Option<&'v Value> {
    let mut all = summary["comparisons"].as_array()?.iter();
    all.find(|it| it["policy"] == entry["name"] && it["metric"] == metric)
}

fn written((entry, found): (&Value, &Value), estimate: &Estimate, kind: Kind) -> String {
    let trials = entry["trials"].as_u64().unwrap_or(0);
    match kind {
        Kind::MeanSeconds | Kind::Mean | Kind::Minutes | Kind::Failovers
            if estimate.value == 0.0 && estimate.high.is_none() =>
        {
            format!("0 in {} (no upper bound)", all_trials(trials))
        }
        Kind::MeanSeconds => mean_seconds_text(estimate),
        Kind::Seconds => quantile_text(estimate, seconds),
        Kind::Mean if is_large(estimate) => amount_text(estimate),
        Kind::Mean | Kind::Failovers => mean_text(estimate),
        Kind::Minutes => minutes(mean_text(estimate)),
        Kind::Amount => plain(estimate),
        Kind::Nines => quantile_text(estimate, |value| format!("{value:.2}")),
        Kind::Share => share((found, trials), estimate),
    }
}

/// "all 5,000 trials", "the only trial".
fn all_trials(n: u64) -> String {
    match n {
        1 => "the only trial".to_owned(),
        n => format!("all {} trials", count(u128::from(n))),
    }
}

/// A share; where nothing was seen, what bounds it.
pub(super) fn share((found, trials): (&Value, u64), estimate: &Estimate) -> String {
    const SMALL: f64 = 1e-3;
    if found["replications"].is_u64() && found["declined"].is_null() && estimate.value < SMALL {
        return small_text(estimate);
    }
    match (found["hits"].as_u64(), estimate.high) {
        (Some(0), Some(high)) => format!("< {} (0 of {})", bound(high), count(u128::from(trials))),
        _ => share_text(estimate),
    }
}

/// A number of no known unit with its interval.
pub(super) fn plain(estimate: &Estimate) -> String {
    quantile_text(estimate, |value| significant(value, 3))
}
