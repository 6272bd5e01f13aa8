//! Exact answers as a table and as JSON, beside each other what a fresh start comes to and what the
//! long run does; and everything that stands in the way of one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use comfy_table::{Table, presets};
use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::time::{SimTime, Span, YEAR};
use crate::exact::size::TOO_LARGE;
use crate::exact::symbols::{Obstacle, SCHEDULED};
use crate::exact::{Exact, OfShards};
use crate::model::plan::{ColdStartNode, Plan, Shard, ShardId};
use crate::montecarlo::losses;
use crate::observe::metrics::Metric;
use crate::report::numbers::{count, seconds, significant};
use crate::report::summary::{Assumption, SCHEMA, assumption, rounded};
use crate::report::table;
use crate::report::words::Words;
use crate::scenario::{self, Experiment, Origin, Policy};

/// What a policy has instead of an estimate: its exact numbers, or what stands in their way.
pub type Answer<'a> = (&'a Policy, Result<Exact, Vec<Obstacle>>);

/// Digits that a table shows; there are about twelve.
const DIGITS: usize = 9;

/// What stands where there is no number.
const NOTHING: &str = "–";

/// The metrics of the table of one policy, as its rows have them.
const SHOWN: [(Metric, &str); 8] = [
    (Metric::WriteOutage, "write outage"),
    (Metric::WriteOutageAnyShard, "write outage of any shard"),
    (Metric::WriteOutages, "number of write outages"),
    (Metric::Failovers, "failovers"),
    (Metric::LostWrites, "writes lost"),
    (Metric::RejectedWrites, "writes rejected"),
    (Metric::DatasetLosses, "datasets lost"),
    (Metric::ReducedRedundancy, "fewer copies than configured"),
];

/// The answers as text; empty if there are none. One policy has a table of its own, several have a
/// row each.
pub fn render(experiment: &Experiment, answers: &[Answer<'_>]) -> String {
    let answered: Vec<(&Policy, &Exact)> = answers
        .iter()
        .filter_map(|(policy, answer)| Some((*policy, answer.as_ref().ok()?)))
        .collect();
    let mut text = String::new();
    match answered.as_slice() {
        [] => {}
        [(policy, exact)] => of_one(experiment, (policy, exact), &mut text),
        several => of_several(experiment, several, &mut text),
    }
    text
}

fn of_one(experiment: &Experiment, (policy, exact): (&Policy, &Exact), text: &mut String) {
    let plan = &policy.plan;
    let horizon = plan.horizon.since(SimTime::START);
    let _ = writeln!(text, "{} · exact", experiment.name);
    if experiment.policies.len() > 1 {
        let _ = writeln!(text, " policy: {}", policy.name);
    }
    for group in &plan.groups {
        let _ = writeln!(text, " {}", table::group_line(plan, group));
    }
    text.push('\n');
    let mut table = new_table();
    let in_horizon = format!("mean over {horizon} from a fresh start");
    table.set_header([String::new(), in_horizon, "long run, mean per y".to_owned()]);
    for (metric, name) in SHOWN {
        if plan.shards.len() == 1 && metric == Metric::WriteOutageAnyShard {
            continue;
        }
        let cell = |mean: Option<f64>| mean.map_or(NOTHING.to_owned(), |mean| shown(metric, mean));
        let long_run = exact.long_run(metric).map(|per_sec| per_sec * YEAR.as_secs_f64());
        table.add_row([name.to_owned(), cell(exact.horizon(metric)), cell(long_run)]);
    }
    let [in_horizon, long_run] = unavailability(plan, exact);
    table.add_row(["share of time without writes".to_owned(), in_horizon, long_run]);
    for kind in kinds_of_shards(exact) {
        let shares = [kind.out_in_horizon / horizon.as_secs_f64(), kind.out];
        let [in_horizon, long_run] = shares.map(|share| significant(share, DIGITS));
        table.add_row([format!("  of {}", names(plan, &kind.shards)), in_horizon, long_run]);
    }
    let loss = significant(exact.loss, DIGITS);
    let name = format!("probability to lose a dataset in {horizon}");
    table.add_row([name, loss, NOTHING.to_owned()]);
    for kind in kinds_of_shards(exact) {
        let loss = significant(kind.loss, DIGITS);
        table.add_row([format!("  of {}", names(plan, &kind.shards)), loss, NOTHING.to_owned()]);
    }
    print_table(&table, text);
    notes(&[(policy, exact)], text);
    table::render_assumptions(&policy.assumptions, text);
}

fn of_several(experiment: &Experiment, several: &[(&Policy, &Exact)], text: &mut String) {
    let horizons: Vec<Span> =
        several.iter().map(|(policy, _)| policy.plan.horizon.since(SimTime::START)).collect();
    let is_one = horizons.iter().all(|horizon| *horizon == horizons[0]);
    let over = match is_one {
        true => format!("over {}", horizons[0]),
        false => "over the horizon".to_owned(),
    };
    let _ = writeln!(
        text,
        "{} · exact · means {over} from a fresh start, and in the long run\n",
        experiment.name
    );
    let mut table = new_table();
    table.set_header([
        "policy",
        "write outage",
        "failovers",
        "writes lost",
        "P(dataset loss)",
        "long run: no writes",
        "states",
    ]);
    for (policy, exact) in several {
        let cell = |metric: Metric| {
            exact.horizon(metric).map_or(NOTHING.to_owned(), |mean| shown(metric, mean))
        };
        let [_, long_run] = unavailability(&policy.plan, exact);
        table.add_row([
            policy.name.clone(),
            cell(Metric::WriteOutage),
            cell(Metric::Failovers),
            cell(Metric::LostWrites),
            significant(exact.loss, DIGITS),
            long_run,
            count(exact.n_states as u128),
        ]);
    }
    print_table(&table, text);
    text.push_str(
        " write outage weighs each shard by its slots; no writes: the share of time, likewise\n",
    );
    notes(several, text);
    let mut assumptions: Vec<scenario::Assumption> = Vec::new();
    for assumption in several.iter().flat_map(|(policy, _)| &policy.assumptions) {
        if !assumptions.contains(assumption) {
            assumptions.push(assumption.clone());
        }
    }
    table::render_assumptions(&assumptions, text);
    text.push_str(" --policy NAME shows all numbers of one\n");
}

fn new_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table
}

/// The table without the blanks that fill its last column.
fn print_table(table: &Table, text: &mut String) {
    for line in table.to_string().lines() {
        let _ = writeln!(text, "{}", line.trim_end());
    }
}

/// The share of time without writes, over the horizon and in the long run.
fn unavailability(plan: &Plan, exact: &Exact) -> [String; 2] {
    let horizon = plan.horizon.since(SimTime::START).as_secs_f64();
    let means = [
        exact.horizon(Metric::WriteOutage).map(|mean| mean / horizon),
        exact.long_run(Metric::WriteOutage),
    ];
    means.map(|mean| mean.map_or(NOTHING.to_owned(), |share| significant(share, DIGITS)))
}

/// Shards by kind, where there are several kinds.
fn kinds_of_shards(exact: &Exact) -> &[OfShards] {
    match exact.by_shard.as_slice() {
        [] | [_] => &[],
        several => several,
    }
}

/// Shards by name, at most a few.
fn names(plan: &Plan, shards: &[ShardId]) -> String {
    const MOST: usize = 3;
    let words = Words::new(plan);
    let told = shards.iter().take(MOST).map(|shard| words.shard(*shard));
    let told = told.collect::<Vec<_>>().join(", ");
    match shards.len() {
        n if n > MOST => format!("each of {told}, … ({n} shards)"),
        1 => told,
        _ => format!("each of {told}"),
    }
}

fn shown(metric: Metric, mean: f64) -> String {
    match metric.name().ends_with("_s") {
        true if mean >= 600.0 => format!("{} s ({})", significant(mean, DIGITS), seconds(mean)),
        true => format!("{} s", significant(mean, DIGITS)),
        false => significant(mean, DIGITS),
    }
}

fn notes(answered: &[(&Policy, &Exact)], text: &mut String) {
    if let [(_, exact)] = answered {
        let _ = writeln!(
            text,
            " Markov chain of {} states, merged from {}, unfolded from the rules of the simulation",
            count(exact.n_states as u128),
            count(exact.n_explored as u128)
        );
        if exact.n_parts > 1 {
            let _ = writeln!(
                text,
                " {} parts that nothing connects, solved apart; {NOTHING} where a mean needs them \
                 together",
                exact.n_parts
            );
        }
    }
    for sentence in what_is_assumed(answered.iter().map(|(policy, _)| &policy.plan)) {
        let _ = writeln!(text, " {sentence}");
    }
}

/// Where the chains of these plans differ from the rules, in sentences.
fn what_is_assumed<'p>(plans: impl Iterator<Item = &'p Plan> + Clone) -> Vec<&'static str> {
    let writes = |plan: &Plan| plan.shards.iter().any(|shard| shard.writes_per_sec > 0);
    let mut sentences = Vec::new();
    if plans.clone().any(writes) {
        sentences.push(
            "writes lost: as if no lag reached back behind the promotion before; `ecsim run` \
             clips it there",
        );
    }
    if plans.clone().any(starts_differ) {
        sentences.push(
            "cold starts: any live node, all equally likely, where the rule takes the first that is \
             ready; AZs hold different numbers of a shard's nodes, so that matters after a first \
             dataset loss, and not before",
        );
    }
    sentences
}

/// Whether it matters who starts cold, which a chain does not remember: nodes are alike only where
/// all AZs hold as many of their shard.
fn starts_differ(plan: &Plan) -> bool {
    let promotes = |shard: &&Shard| plan.groups[shard.group.idx()].promotes_at_start().is_some();
    let is_uneven = |shard: &Shard| {
        let mut by_az: BTreeMap<u16, usize> = BTreeMap::new();
        for node in shard.node_ids() {
            *by_az.entry(plan.nodes[node.idx()].az.0).or_default() += 1;
        }
        let mut counts = by_az.values();
        let first = counts.next();
        counts.any(|other| Some(other) != first)
    };
    plan.rules.cold_start_node == ColdStartNode::FirstReady
        && !plan.az_failures.is_empty()
        && plan.shards.iter().filter(promotes).any(is_uneven)
}

/// Exact answers: one JSON object, printed by `ecsim exact --format json`.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Exact answers of ecsim")]
pub struct Answers {
    /// Version of the form; this one is 1.
    #[schemars(extend("const" = SCHEMA))]
    schema: u32,
    /// The scenario's name.
    scenario: String,
    /// What the numbers are of.
    estimand: &'static str,
    /// One entry per policy that has an exact answer.
    policies: Vec<PolicyAnswer>,
    /// One entry per policy that has none, with everything that stands in its way.
    refused: Vec<Refused>,
}

/// How numbers were come by.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Method {
    /// A Markov chain was solved.
    Exact,
}

/// The exact numbers of one policy.
#[derive(Serialize, JsonSchema)]
struct PolicyAnswer {
    /// Its name.
    name: String,
    /// How they were come by.
    method: Method,
    /// States of the Markov chains that were solved, all parts together.
    states: usize,
    /// States that were found before those that are alike were merged.
    states_explored: usize,
    /// Parts of the plan that nothing connects, solved apart.
    parts: usize,
    /// Time over which the numbers below `horizon` are, in seconds.
    horizon_s: f64,
    /// Over the time from 0 to `horizon_s`, from a fresh start with all nodes up.
    horizon: InHorizon,
    /// In the long run, per year of 365 days.
    long_run: LongRun,
    /// The same of single shards, one entry for those that are alike.
    shards: Vec<ShardsAnswer>,
    /// Where the chain differs from the rules that `ecsim run` follows, in sentences.
    notes: Vec<&'static str>,
    /// Values that its results depend on and for which the scenario names no source.
    assumptions: Vec<Assumption>,
}

/// The exact numbers of each of some shards that are alike.
#[derive(Serialize, JsonSchema)]
struct ShardsAnswer {
    /// Their names.
    names: Vec<String>,
    /// The share of the horizon in which writers reach no primary, from a fresh start.
    write_unavailability: Number,
    /// The same in the long run.
    long_run_write_unavailability: Number,
    /// Probability that the shard loses its last complete copy within the horizon.
    dataset_loss: Number,
}

/// Numbers over a time from a fresh start.
#[derive(Serialize, JsonSchema)]
struct InHorizon {
    /// Means of totals, by metric.
    metrics: Means,
    /// Probabilities that something happens at all.
    probabilities: Probabilities,
}

/// Numbers of the long run.
#[derive(Serialize, JsonSchema)]
struct LongRun {
    /// Means of totals per year, by metric.
    metrics: Means,
}

/// Probabilities that something happens at all.
#[derive(Serialize, JsonSchema)]
struct Probabilities {
    /// Any shard lost its last complete copy.
    dataset_loss: Number,
}

/// Means by metric; null where parts that were solved apart leave it open.
#[derive(Serialize, JsonSchema)]
struct Means {
    /// Seconds until writers reach a primary again, weighted by the shards' shares of the slots.
    write_outage_s: Option<Mean>,
    /// The same, ending at promotion: without the endpoint.
    server_write_outage_s: Option<Mean>,
    /// Seconds in which at least one shard accepted no write.
    write_outage_any_shard_s: Option<Mean>,
    /// Number of such intervals.
    write_outages: Option<Mean>,
    /// Completed promotions.
    failovers: Option<Mean>,
    /// Times that a primary's own slot was recreated and filled from a replica.
    primary_recreations: Option<Mean>,
    /// Acknowledged writes that are in no history any more, without those that went with a dataset.
    lost_writes: Option<Mean>,
    /// Times that a shard lost its last complete copy.
    dataset_losses: Option<Mean>,
    /// Writes offered in an outage and taken by no node.
    rejected_writes: Option<Mean>,
    /// Seconds in which no node served reads, weighted by the shards' shares of the slots.
    read_outage_s: Option<Mean>,
    /// Seconds with fewer complete copies than configured, weighted likewise.
    reduced_redundancy_s: Option<Mean>,
}

/// A mean, in the form of a summary's.
#[derive(Serialize, JsonSchema)]
struct Mean {
    /// The mean.
    mean: Number,
}

/// A number to about twelve digits; it has no interval, since it is no estimate.
#[derive(Serialize, JsonSchema)]
struct Number {
    /// The number.
    value: f64,
}

/// Why a policy has no exact answer.
#[derive(Serialize, JsonSchema)]
struct Refused {
    /// Its name.
    name: String,
    /// Everything that stands in the way.
    obstacles: Vec<Reason>,
}

/// One thing that stands in the way of an exact answer.
#[derive(Serialize, JsonSchema)]
struct Reason {
    /// Dotted path of the value, as in `timing.detection`; of several values of the kind one.
    path: String,
    /// What is the matter with it.
    why: String,
    /// The value as TOML on one line; null where it is no single value.
    value: Option<String>,
}

/// The answers as one JSON object, of the shape of a summary.
pub fn json(experiment: &Experiment, answers: &[Answer<'_>]) -> String {
    let whole = self::answers(experiment, answers);
    format!("{}\n", serde_json::to_string_pretty(&whole).expect("numbers and names"))
}

/// The answers as they are written for programs.
pub fn answers(experiment: &Experiment, answers: &[Answer<'_>]) -> Answers {
    let answered = |(policy, answer): &Answer<'_>| Some(of_policy(policy, answer.as_ref().ok()?));
    let refused = |(policy, answer): &Answer<'_>| {
        let obstacles = reasons(policy, answer.as_ref().err()?);
        Some(Refused { name: policy.name.clone(), obstacles })
    };
    Answers {
        schema: SCHEMA,
        scenario: experiment.name.clone(),
        estimand: "horizon: mean totals over [0, horizon_s] from a fresh start; \
                   long_run: mean totals per year of 365 days",
        policies: answers.iter().filter_map(answered).collect(),
        refused: answers.iter().filter_map(refused).collect(),
    }
}

fn of_policy(policy: &Policy, exact: &Exact) -> PolicyAnswer {
    let year = YEAR.as_secs_f64();
    let told = policy.assumptions.iter().filter(|assumption| assumption.why.is_unfounded());
    PolicyAnswer {
        name: policy.name.clone(),
        method: Method::Exact,
        states: exact.n_states,
        states_explored: exact.n_explored,
        parts: exact.n_parts,
        horizon_s: policy.plan.horizon.since(SimTime::START).as_secs_f64(),
        horizon: InHorizon {
            metrics: means(&|metric| exact.horizon(metric)),
            probabilities: Probabilities { dataset_loss: number(exact.loss) },
        },
        long_run: LongRun {
            metrics: means(&|metric| exact.long_run(metric).map(|per_sec| per_sec * year)),
        },
        shards: exact.by_shard.iter().map(|kind| of_shards(&policy.plan, kind)).collect(),
        notes: what_is_assumed(std::iter::once(&policy.plan)),
        assumptions: told.map(assumption).collect(),
    }
}

fn of_shards(plan: &Plan, kind: &OfShards) -> ShardsAnswer {
    let horizon = plan.horizon.since(SimTime::START).as_secs_f64();
    let words = Words::new(plan);
    ShardsAnswer {
        names: kind.shards.iter().map(|shard| words.shard(*shard)).collect(),
        write_unavailability: number(kind.out_in_horizon / horizon),
        long_run_write_unavailability: number(kind.out),
        dataset_loss: number(kind.loss),
    }
}

fn means(of: &dyn Fn(Metric) -> Option<f64>) -> Means {
    let mean = |metric| of(metric).map(|mean| Mean { mean: number(mean) });
    Means {
        write_outage_s: mean(Metric::WriteOutage),
        server_write_outage_s: mean(Metric::ServerWriteOutage),
        write_outage_any_shard_s: mean(Metric::WriteOutageAnyShard),
        write_outages: mean(Metric::WriteOutages),
        failovers: mean(Metric::Failovers),
        primary_recreations: mean(Metric::PrimaryRecreations),
        lost_writes: mean(Metric::LostWrites),
        dataset_losses: mean(Metric::DatasetLosses),
        rejected_writes: mean(Metric::RejectedWrites),
        read_outage_s: mean(Metric::ReadOutage),
        reduced_redundancy_s: mean(Metric::ReducedRedundancy),
    }
}

fn number(value: f64) -> Number {
    Number { value: rounded(value) }
}

/// Why policies have no exact answer, whole lines; policies with the same reasons are named
/// together. `called` is the file and the options of the call.
pub fn refusals(answers: &[Answer<'_>], called: &str) -> String {
    let mut told: Vec<(String, Vec<&str>, String)> = Vec::new();
    for (policy, answer) in answers {
        let Err(obstacles) = answer else { continue };
        let reasons = reasons_text(policy, obstacles);
        match told.iter_mut().find(|(other, ..)| *other == reasons) {
            Some((_, names, _)) => names.push(&policy.name),
            None => told.push((reasons, vec![&policy.name], other_laws(policy, obstacles, called))),
        }
    }
    let mut text = String::new();
    for (reasons, names, other_laws) in &told {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let verb = if names.len() == 1 { "has" } else { "have" };
        let _ = writeln!(text, "error: {} {verb} no exact answer", names.join(", "));
        text.push_str(reasons);
        text.push_str(other_laws);
    }
    let refused: Vec<&Answer<'_>> = answers.iter().filter(|(_, answer)| answer.is_err()).collect();
    let all = || refused.iter().filter_map(|(_, answer)| answer.as_ref().err()).flatten();
    if all().any(|obstacle| obstacle.key != TOO_LARGE) {
        text.push_str("hint: a Markov chain needs exponential or Erlang laws, and no set times\n");
    }
    if !refused.is_empty() {
        let is_for_trials = |(policy, _): &&Answer<'_>| losses::obstacle(&policy.plan).is_some();
        let precision = match refused.iter().any(is_for_trials) {
            true => "",
            false => " --precision dataset_loss=5%",
        };
        let _ = writeln!(
            text,
            "hint: what has no exact answer is estimated: ecsim run {called}{precision}"
        );
    }
    text
}

fn reasons_text(policy: &Policy, obstacles: &[Obstacle]) -> String {
    let mut text = String::new();
    for Reason { path, why, value } in reasons(policy, obstacles) {
        let _ = match value {
            Some(value) => {
                let value = scenario::value_without_sources(&value, None);
                writeln!(text, "  {path} {why}: {value}{}", origin(policy, &path))
            }
            None => writeln!(text, "  {path} {why}"),
        };
    }
    text
}

/// That a value is a default, and how well that is founded.
fn origin(policy: &Policy, path: &str) -> String {
    let of = policy.assumptions.iter().find(|assumption| assumption.path == path);
    match of.map(|assumption| &assumption.why) {
        Some(Origin::Default { confidence, .. }) => format!(" (the default, {confidence})"),
        Some(Origin::Derived { confidence, .. }) => format!(" (derived, {confidence})"),
        Some(Origin::Unsourced | Origin::Sourced(_) | Origin::Convention(_)) | None => {
            String::new()
        }
    }
}

/// A hint with the options that put exponential laws in the place of those that stand in the way,
/// and with exponential laws in the place of those in stages where that makes a chain too large;
/// empty if no law does.
fn other_laws(policy: &Policy, obstacles: &[Obstacle], called: &str) -> String {
    let is_law = |obstacle: &&Obstacle| obstacle.mean.is_some();
    let option = |obstacle: &Obstacle| {
        let mean = length(obstacle.mean?);
        Some(format!(" --set {}.exponential.mean={mean}", path_of(policy, &obstacle.key)))
    };
    let options: String = obstacles.iter().filter_map(option).collect();
    let n_laws = obstacles.iter().filter(is_law).count();
    if n_laws == 0 {
        return String::new();
    }
    match n_laws == obstacles.len() {
        true => format!(
            "hint: with exponential laws of the same means it is another scenario, near to this \
             one, and can be solved: ecsim exact {called}{options}\n"
        ),
        false => format!("hint: exponential laws of the same means:{options}\n"),
    }
}

/// A length to a few digits, as a scenario reads it.
fn length(length: Span) -> String {
    let millis = length.as_nanos() as f64 / 1e6;
    match millis {
        _ if millis >= 1e6 => format!("{}s", (millis / 1e3).round()),
        _ if millis >= 1.0 && (millis / 1e3).fract() == 0.0 => format!("{}s", millis / 1e3),
        _ if millis >= 1.0 => format!("{}ms", millis.round()),
        _ => format!("{}ns", length.as_nanos()),
    }
}

/// The obstacles by the names that the scenario has for them.
fn reasons(policy: &Policy, obstacles: &[Obstacle]) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for Obstacle { key, why, .. } in obstacles {
        if key == SCHEDULED {
            let scheduled = scheduled(policy);
            reasons.extend(scheduled.map(|(path, value)| Reason {
                path: path.to_owned(),
                why: why.clone(),
                value: Some(value.to_owned()),
            }));
            continue;
        }
        let path = path_of(policy, key);
        // What has a source is shown as part of its fault.
        let (whole, last) = path.rsplit_once('.').unwrap_or_default();
        let part = || {
            let whole = value_at(policy, whole)?;
            Some(scenario::value_without_sources(whole, Some(last)))
        };
        let value = value_at(policy, &path).map(str::to_owned).or_else(part);
        reasons.push(Reason { path, why: why.clone(), value });
    }
    reasons
}

/// The moments of faults and operations that are on.
fn scheduled(policy: &Policy) -> impl Iterator<Item = (&str, &str)> {
    let values = policy.resolved.values.iter();
    values.filter_map(|value| {
        let element = value.path.strip_suffix(".at")?;
        let is_one = element.starts_with("fault") || element.starts_with("operation");
        (is_one && is_on(policy, element)).then_some((value.path.as_str(), value.value.as_str()))
    })
}

/// The path of an obstacle's key: `fault.az-failure[2].duration` is that of the second such fault
/// which is on.
fn path_of(policy: &Policy, key: &str) -> String {
    let parts = key.strip_prefix("fault.").and_then(|rest| rest.split_once('['));
    let Some((kind, (place, below))) =
        parts.and_then(|(kind, rest)| Some((kind, rest.split_once(']')?)))
    else {
        return key.to_owned();
    };
    let place: usize = place.parse().expect("it is written by symbols and obstacles");
    let suffix = format!(".{kind}");
    let is_it = |path: &&str| {
        path.strip_suffix(&suffix)
            .is_some_and(|element| element.starts_with("fault") && is_on(policy, element))
    };
    let paths = policy.resolved.values.iter().map(|value| value.path.as_str());
    let path = paths.filter(is_it).nth(place - 1);
    format!("{}{below}", path.expect("a plan has the faults of its scenario"))
}

/// Whether the fault or operation at this path is not switched off.
fn is_on(policy: &Policy, element: &str) -> bool {
    value_at(policy, &format!("{element}.enabled")) != Some("false")
}

/// A value as TOML, if it is a line of the resolved scenario or an assumption.
fn value_at<'p>(policy: &'p Policy, path: &str) -> Option<&'p str> {
    let values = policy.resolved.values.iter();
    let mut values = values.filter(|value| value.path == path).map(|value| value.value.as_str());
    let assumptions = policy.assumptions.iter().filter(|assumption| assumption.path == path);
    values.next().or_else(|| assumptions.map(|assumption| assumption.value.as_str()).next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_as_scenarios_read_them() {
        let check = |nanos: u64, text: &str| assert_eq!(length(Span::from_nanos(nanos)), text);
        check(10_000_000_000, "10s");
        check(11_568_912_345, "11569ms");
        check(9_876_543_210_987, "9877s");
        check(1_500, "1500ns");
    }
}
