//! The table of a run: what it came to, each number with its interval, and what was assumed.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::engine::time::{SimTime, Span, YEAR};
use crate::model::fact::{Cause, Phase};
use crate::model::plan::{Group, Membership, Plan, ShardId};
use crate::montecarlo::estimate::Estimator;
use crate::montecarlo::quantity::{Probability, Statistic};
use crate::observe::metrics::{Metric, observed};
use crate::report::losses;
use crate::report::numbers::{count, mean, mean_seconds, probability, seconds, significant, small};
use crate::report::remarks::{self, Remark};
use crate::report::study::Study;
use crate::report::words;
use crate::report::worst;
use crate::scenario::{Assumption, Origin, Policy};
use crate::stats::level::{Estimate, Level};

/// What a table says beside the numbers.
pub struct Caption<'a> {
    /// Files and options with which `ecsim replay` gives a policy's trials again.
    pub replay: &'a dyn Fn(&Policy) -> String,
    /// Whether it is one of several policies, and says which.
    pub one_of: OneOf,
    /// The seed of the random numbers.
    pub seed: u64,
    /// Of a batch that was interrupted, the trials that were asked for.
    pub interrupted_of: Option<u64>,
    /// What may find how likely dataset losses are.
    pub losses_by: LossesBy,
}

/// What may find how likely dataset losses are, where no study was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LossesBy {
    /// Trials did, and a study may be worth it.
    TrialsSoFar,
    /// Trials alone, as somebody asked.
    TrialsOnly,
}

/// How many policies are shown together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OneOf {
    /// One: its name is the scenario's.
    One,
    /// Several.
    Several,
}

/// The table of the run of one policy of a study, the one at `position`.
pub fn render((study, position): (&Study<'_>, usize), caption: &Caption<'_>) -> String {
    let (policy, estimator) = (study.policies[position], &study.estimator(position));
    let plan = &policy.plan;
    let mut text = String::new();
    let _ = writeln!(
        text,
        "{} · seed {} · {} of {}",
        plan.name,
        caption.seed,
        trials_done(estimator.tally.trials, caption.interrupted_of),
        plan.horizon.since(SimTime::START)
    );
    match caption.one_of {
        OneOf::One => {}
        OneOf::Several => {
            let _ = writeln!(text, " policy: {}", policy.name);
        }
    }
    for group in &plan.groups {
        let _ = writeln!(text, " {}", group_line(plan, group));
    }
    if let Some(line) = script_line(plan) {
        let _ = writeln!(text, " {line}");
    }
    render_remarks(remarks::outcome_of_migration(estimator).as_slice(), &mut text);
    let per = per(plan);
    render_columns(&columns(estimator, &per), &mut text);
    render_parts(estimator, &mut text);
    losses::render((study, position), caption, &mut text);
    if let Some(weights) = remarks::weights(plan) {
        let _ = writeln!(text, " {weights}");
    }
    if let Some(of_dataset) = remarks::lost_for_application(plan, estimator.tally) {
        let _ = writeln!(text, " {of_dataset}");
    }
    render_remarks(remarks::lost_by(estimator.tally).as_slice(), &mut text);
    render_unconfirmed(estimator, &per, &mut text);
    if let Some(line) = remarks::latency(plan) {
        let _ = writeln!(text, " {line}");
    }
    render_lengths(estimator, policy.objectives.rto, &mut text);
    render_losses(estimator, policy.objectives.rpo, &mut text);
    render_handovers(estimator, &per, &mut text);
    let reduced = mean_seconds_cell(estimator, Metric::ReducedRedundancy);
    let _ = writeln!(text, " fewer complete copies than configured{per}: mean {reduced}");
    render_remarks(remarks::length_of_migration(estimator).as_slice(), &mut text);
    render_remarks(&remarks::of_migration(estimator), &mut text);
    render_remarks(&remarks::of_operations(plan, estimator.tally), &mut text);
    render_rare(estimator, &mut text);
    losses::ways((study, position), caption, &mut text);
    worst::render((policy, estimator), caption, &mut text);
    render_assumptions(&policy.assumptions, &mut text);
    text
}

/// The columns of the table, means being `per` something.
fn columns(estimator: &Estimator<'_>, per: &str) -> Vec<(String, Cells)> {
    let head = format!("mean ({})", percent(estimator.level));
    let mean = |metric| vec![(head.clone(), mean_cell(estimator, metric))];
    let mut columns = vec![
        (format!("write outage{per}"), outage_cells(estimator)),
        (format!("writes lost{per}"), lost_cells(estimator)),
        (format!("whole dataset lost{per}"), loss_cells(estimator)),
    ];
    if is_seen(estimator, Metric::DatasetLostWrites) {
        columns.push((format!("writes lost with it{per}"), mean(Metric::DatasetLostWrites)));
    }
    columns.push((format!("failovers{per}"), mean(Metric::Failovers)));
    if estimator.plan.migration.is_some() {
        for (title, metric) in [
            (remarks::REJECTED, Metric::RejectedWrites),
            (remarks::DIVERGED, Metric::DivergedWrites),
        ] {
            if is_seen(estimator, metric) {
                columns.push((format!("{title}{per}"), mean(metric)));
            }
        }
    }
    columns
}

/// Whether a metric is other than zero in any trial.
fn is_seen(estimator: &Estimator<'_>, metric: Metric) -> bool {
    !estimator.tally.of(metric).is_all_zero()
}

/// How many writes WAIT failed, or had not confirmed when they went: they are in no outage.
fn render_unconfirmed(estimator: &Estimator<'_>, per: &str, text: &mut String) {
    if is_seen(estimator, Metric::UnconfirmedWrites) {
        let mean = mean_cell(estimator, Metric::UnconfirmedWrites);
        let _ =
            writeln!(text, " {}{per}: mean {mean}; {}", remarks::UNCONFIRMED, remarks::NO_OUTAGE);
    }
}

/// How often the role of primary was handed over, and how long writes waited for that.
fn render_handovers(estimator: &Estimator<'_>, per: &str, text: &mut String) {
    if !is_seen(estimator, Metric::Handovers) {
        return;
    }
    let times = mean_cell(estimator, Metric::Handovers);
    let _ = write!(text, " planned hand-overs{per}: mean {times}");
    if is_seen(estimator, Metric::HandoverPause) {
        let pause = mean_seconds_cell(estimator, Metric::HandoverPause);
        let _ = write!(text, "; writes wait, and none is refused, for {pause}");
    }
    text.push('\n');
}

fn render_remarks(remarks: &[Remark], text: &mut String) {
    for Remark { label, text: said } in remarks {
        let _ = writeln!(text, " {label}: {said}");
    }
}

/// What a mean is per: a year, or the time that is observed of each trial. Where faults are
/// scheduled the length of a trial says nothing, and it is per trial.
pub fn per(plan: &Plan) -> String {
    match observed(plan) {
        _ if !plan.script.is_empty() => "/trial".to_owned(),
        YEAR => "/y".to_owned(),
        other => format!("/{other}"),
    }
}

/// A confidence level: "95 %".
pub fn percent(level: Level) -> String {
    format!("{} %", significant(level.get() * 100.0, 4).trim_end_matches('0').trim_end_matches('.'))
}

/// How long single episodes were, and how many missed the objective.
fn render_lengths(estimator: &Estimator<'_>, rto: Option<Span>, text: &mut String) {
    let episodes = &estimator.tally.outages;
    let of = |statistic| estimator.length(episodes, statistic);
    let (Some(mean), Some(p95)) = (of(Statistic::Mean), of(Statistic::P95)) else { return };
    let _ = write!(
        text,
        " outages of a shard: {}, each {} in the mean, p95 {}",
        count(u128::from(episodes.n)),
        mean_seconds_text(&mean),
        quantile_text(&p95, seconds)
    );
    if let (Some(rto), Some(missed)) = (rto, episodes.rto_missed.share(estimator.level)) {
        let _ = write!(text, ", longer than the RTO of {rto} {}", share_text(&missed));
    }
    if estimator.plan.migration.is_some() {
        let _ = write!(text, "; {}", remarks::SINGLE_OUTAGES);
    }
    text.push('\n');
}

/// How many failovers lost more than the objective allows, where there is one.
fn render_losses(estimator: &Estimator<'_>, rpo: Option<Span>, text: &mut String) {
    let failovers = &estimator.tally.failovers;
    if let (Some(rpo), Some(missed)) = (rpo, failovers.rpo_missed.share(estimator.level)) {
        let _ = writeln!(
            text,
            " failovers: {}, losing writes older than the RPO of {rpo} {}{}",
            count(u128::from(failovers.n)),
            share_text(&missed),
            match estimator.tally.hits(Probability::DatasetLoss) {
                0 => "",
                _ => "; a lost dataset is no failover",
            }
        );
    }
}

fn share_text(share: &Estimate) -> String {
    format!("in {}", quantile_text(share, |value| format!("{} %", significant(value * 100.0, 2))))
}

/// Says what strikes in every trial, so that nobody takes the figures for rates per year; `None`
/// where nothing is scheduled.
pub fn script_line(plan: &Plan) -> Option<String> {
    const MOST: usize = 3;
    // "And 1 more" would take the room of the one.
    let shown = if plan.script.len() == MOST + 1 { MOST + 1 } else { MOST };
    let told = plan.script.iter().take(shown).map(|scripted| words::scripted(plan, scripted));
    let mut told: Vec<String> = told.collect();
    match plan.script.len().saturating_sub(shown) {
        0 => {}
        n => told.push(format!("and {n} more")),
    }
    (!told.is_empty()).then(|| {
        let mut line = String::new();
        wrap("in every trial:", &told, &mut line);
        line.trim_end().to_owned()
    })
}

/// A group in a line: its size, its places, its switches.
pub fn group_line(plan: &Plan, group: &Group) -> String {
    let shards: Vec<ShardId> = group.shards.clone().map(ShardId).collect();
    let replicas = |shard: &ShardId| plan.n_replicas(*shard);
    let (fewest, most) = (shards.iter().map(replicas).min(), shards.iter().map(replicas).max());
    let size = match (fewest, most) {
        (Some(fewest), Some(most)) if fewest == most => format!("1+{fewest}"),
        (fewest, most) => format!("1+{} to 1+{}", fewest.unwrap_or(0), most.unwrap_or(0)),
    };
    let nodes = shards.iter().flat_map(|shard| plan.shards[shard.idx()].node_ids());
    let members = nodes.map(|node| &plan.nodes[node.idx()]);
    let members = members.filter(|node| node.membership == Membership::Member);
    let azs: BTreeSet<u16> = members.map(|node| node.az.0).collect();
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    let switch = |on: bool| if on { "on" } else { "off" };
    format!(
        "{}: {} shard{} of {size} in {} AZ{}, Multi-AZ {}, automatic failover {}",
        group.id,
        shards.len(),
        plural(shards.len()),
        azs.len(),
        plural(azs.len()),
        switch(group.multi_az == crate::model::plan::Switch::On),
        switch(group.promotes_at_start().is_some()),
    )
}

/// A number of trials, and of how many if the batch was interrupted.
pub fn trials_done(done: u64, interrupted_of: Option<u64>) -> String {
    match interrupted_of {
        None => trials(done),
        Some(asked) => {
            format!("{} of {} (interrupted)", count(u128::from(done)), trials(asked))
        }
    }
}

/// A number of trials in words.
pub fn trials(n: u64) -> String {
    match n {
        1 => "1 trial".to_owned(),
        _ => format!("{} trials", count(u128::from(n))),
    }
}

/// A titled column: its sub-columns as (heading, value).
type Cells = Vec<(String, String)>;

fn render_columns(columns: &[(String, Cells)], text: &mut String) {
    let (mut titles, mut heads, mut values) = (String::new(), String::new(), String::new());
    for (title, cells) in columns {
        let start = values.chars().count();
        for (head, value) in cells {
            let width = head.chars().count().max(value.chars().count()) + 3;
            let _ = write!(heads, "{head:<width$}");
            let _ = write!(values, "{value:<width$}");
        }
        let mut width = values.chars().count() - start;
        let needed = title.chars().count() + 3;
        if needed > width {
            let extra = needed - width;
            let _ = write!(heads, "{:extra$}", "");
            let _ = write!(values, "{:extra$}", "");
            width = needed;
        }
        let _ = write!(titles, "{title:<width$}");
    }
    for line in [titles, heads, values] {
        let _ = writeln!(text, "  {}", line.trim_end());
    }
}

fn outage_cells(estimator: &Estimator<'_>) -> Cells {
    let level = percent(estimator.level);
    let p99 = estimator.metric(Metric::WriteOutage, Statistic::P99);
    let mut cells = vec![
        (format!("mean ({level})"), mean_seconds_cell(estimator, Metric::WriteOutage)),
        (format!("p99 ({level})"), quantile_cell(p99, seconds)),
    ];
    // Where faults are scheduled, nines would measure how long a horizon was chosen.
    if estimator.plan.script.is_empty() {
        let nines = match estimator.nines() {
            None => "no outage seen".to_owned(),
            Some(nines) => quantile_text(&nines, |value| format!("{value:.2}")),
        };
        cells.push((format!("nines of the mean ({level})"), nines));
    }
    cells
}

/// The mean of a metric that counts seconds.
pub fn mean_seconds_cell(estimator: &Estimator<'_>, metric: Metric) -> String {
    let moments = estimator.tally.of(metric);
    match estimator.metric(metric, Statistic::Mean) {
        Some(_) if moments.is_all_zero() => ALL_ZERO.to_owned(),
        Some(mean) if mean.half_width().is_some() => mean_seconds_text(&mean),
        _ => without_interval(estimator, metric, seconds(moments.mean())),
    }
}

/// The mean of a metric that counts seconds over the trials in which it is other than zero.
pub fn mean_nonzero_seconds_cell(estimator: &Estimator<'_>, metric: Metric) -> String {
    let mean = estimator.mean_nonzero(metric);
    match mean.half_width() {
        Some(_) => mean_seconds_text(&mean),
        None => format!("{} in the mean (too few trials for an interval)", seconds(mean.value)),
    }
}

/// A mean of seconds with its interval.
pub fn mean_seconds_text(estimate: &Estimate) -> String {
    match half_of_symmetric(estimate) {
        Some(half) => mean_seconds(estimate.value, half),
        None => quantile_text(estimate, seconds),
    }
}

/// A mean that is no time, with its interval.
pub fn mean_text(estimate: &Estimate) -> String {
    match half_of_symmetric(estimate) {
        Some(half) => mean(estimate.value, half),
        None => quantile_text(estimate, |value| significant(value, 3)),
    }
}

/// A number that may be very small, with its interval.
pub fn small_text(estimate: &Estimate) -> String {
    match half_of_symmetric(estimate) {
        Some(half) => small(estimate.value, half),
        None => quantile_text(estimate, |value| significant(value, 3)),
    }
}

/// Half the width of an interval that lies about evenly around its value, as most do; one that
/// does not is told by its ends.
pub fn half_of_symmetric(estimate: &Estimate) -> Option<f64> {
    const EVEN: f64 = 1.25;
    let (below, above) = (estimate.value - estimate.low?, estimate.high? - estimate.value);
    (above <= EVEN * below && below <= EVEN * above).then_some(0.5 * (below + above))
}

/// A mean of values that are all zero, which says nothing of how rare the others are.
const ALL_ZERO: &str = "0 (in every trial)";

/// A mean that rests on too little to say how sure it is.
fn without_interval(estimator: &Estimator<'_>, metric: Metric, mean: String) -> String {
    let moments = estimator.tally.of(metric);
    match moments.n() {
        1 => format!("{mean} (one trial: no interval)"),
        _ if moments.is_constant() => format!("{mean} (in every trial so far: no interval)"),
        n if moments.n_nonzero() == n => {
            format!("{mean} (few trials, or few carry it: no interval)")
        }
        n => format!(
            "{mean} (in {} of {} trials: too few, or few carry it)",
            count(u128::from(moments.n_nonzero())),
            count(u128::from(n))
        ),
    }
}

fn lost_cells(estimator: &Estimator<'_>) -> Cells {
    let level = percent(estimator.level);
    let p99 = estimator.metric(Metric::LostWrites, Statistic::P99);
    let p99 = quantile_cell(p99, |value| significant(value, 3));
    let mean = mean_cell(estimator, Metric::LostWrites);
    vec![(format!("mean ({level})"), mean), (format!("p99 ({level})"), p99)]
}

fn loss_cells(estimator: &Estimator<'_>) -> Cells {
    let level = percent(estimator.level);
    let cell = probability_cell(estimator, Probability::DatasetLoss);
    let head = match estimator.study_of(Probability::DatasetLoss) {
        Some(_) => "probability",
        None => "in a share of the trials",
    };
    vec![(format!("{head} ({level})"), cell)]
}

/// A share of trials; where there is none, what bounds it. Or what a study found.
pub fn probability_cell(estimator: &Estimator<'_>, of: Probability) -> String {
    if estimator.study_of(of).is_some() {
        return small_text(&estimator.probability(of));
    }
    let (hits, n) = (estimator.tally.hits(of), estimator.tally.trials);
    let estimate = estimator.probability(of);
    match hits {
        0 => {
            let high = estimate.high.map_or("1".to_owned(), probability);
            format!("< {high} (0 of {})", count(u128::from(n)))
        }
        _ => quantile_text(&estimate, probability),
    }
}

/// The mean of a metric that is no time.
pub fn mean_cell(estimator: &Estimator<'_>, metric: Metric) -> String {
    let moments = estimator.tally.of(metric);
    match estimator.metric(metric, Statistic::Mean) {
        Some(_) if moments.is_all_zero() => ALL_ZERO.to_owned(),
        Some(mean) if mean.half_width().is_some() => mean_text(&mean),
        _ => without_interval(estimator, metric, significant(moments.mean(), 3)),
    }
}

/// A quantile with its interval; an end that the sample cannot bound is left open.
pub fn quantile_cell(quantile: Option<Estimate>, print: impl Fn(f64) -> String) -> String {
    quantile.map_or("–".to_owned(), |quantile| quantile_text(&quantile, print))
}

/// An estimate with its interval; an end that the data cannot bound is left open.
pub fn quantile_text(estimate: &Estimate, print: impl Fn(f64) -> String) -> String {
    let end = |end: Option<f64>| end.map_or("no bound".to_owned(), &print);
    match (estimate.low, estimate.high) {
        (None, None) => format!("{} (no interval)", print(estimate.value)),
        (low, high) => format!("{} [{}, {}]", print(estimate.value), end(low), end(high)),
    }
}

/// Where the outage comes from: what was waited for, and what struck.
pub fn render_parts(estimator: &Estimator<'_>, text: &mut String) {
    let parts = &estimator.tally.parts;
    let phases = Phase::ALL.map(Phase::name);
    if let Some(list) = shares(&phases, &parts.outage_by_phase) {
        let _ = writeln!(text, " where the outage seen comes from: {list}");
    }
    let causes = Cause::ALL.map(Cause::name);
    let several = |parts: &[u128]| parts.iter().filter(|part| **part > 0).count() > 1;
    if several(&parts.outage_by_cause)
        && let Some(list) = shares(&causes, &parts.outage_by_cause)
    {
        let _ = writeln!(text, " which faults opened it: {list}");
    }
    if several(&parts.lost_by_cause)
        && let Some(list) = shares(&causes, &parts.lost_by_cause)
    {
        let _ = writeln!(text, " which faults the lost writes go back to: {list}");
    }
}

/// Parts of a whole in per cent, the largest first; `None` where there is nothing.
pub fn shares(names: &[&str], parts: &[u128]) -> Option<String> {
    let total: u128 = parts.iter().sum();
    let mut parts: Vec<(&str, f64)> = names
        .iter()
        .zip(parts)
        .filter(|(_, part)| **part > 0)
        .map(|(name, part)| (*name, *part as f64 / total as f64))
        .collect();
    parts.sort_by(|a, b| b.1.total_cmp(&a.1));
    let told = |(name, share): &(&str, f64)| match *share {
        share if share < 0.005 => format!("{name} < 1 %"),
        share => format!("{name} {:.0} %", share * 100.0),
    };
    let told: Vec<String> = parts.iter().map(told).collect();
    (total > 0).then(|| told.join(" · "))
}

/// Faults that may be missing in the means, since they are so rare.
pub fn render_rare(estimator: &Estimator<'_>, text: &mut String) {
    for (kind, strikes) in estimator.rare_faults() {
        let _ = writeln!(
            text,
            " {kind}: expected {} times in all trials; means, and their intervals, may lack what \
             it does",
            significant(strikes, 2)
        );
    }
}

/// What a result depends on and nobody gave a source for, so that no number looks better founded
/// than it is. Defaults with a source, and rules, are named in one line each.
pub fn render_assumptions(assumptions: &[Assumption], text: &mut String) {
    let is_rule = |a: &&Assumption| a.path.starts_with("rules.");
    let assumed = || assumptions.iter().filter(|a| a.why.is_unfounded());
    let mut heading = " assumed, with no source for it:\n";
    for assumption in assumed().filter(|a| !is_rule(a)) {
        let _ = writeln!(
            text,
            "{heading}   {} = {}  ({})",
            assumption.path, assumption.value, assumption.why
        );
        heading = "";
    }
    let name = |a: &Assumption| match a.path.strip_prefix("rules.") {
        Some(rule) => format!("{rule} = {}", a.value),
        None => format!("{} = {}", a.path, a.value),
    };
    let list = |label: &str, names: Vec<String>, text: &mut String| {
        if !names.is_empty() {
            wrap(label, &names, text);
        }
    };
    list(" assumed rules:", assumed().filter(is_rule).map(name).collect(), text);
    let founded = assumptions.iter().filter(|a| !a.why.is_unfounded());
    let name = |a: &Assumption| match &a.why {
        Origin::Default { confidence, .. } | Origin::Derived { confidence, .. } => {
            format!("{} ({confidence})", name(a))
        }
        Origin::Unsourced | Origin::Sourced(_) | Origin::Convention(_) => name(a),
    };
    list(" defaults with a source:", founded.map(name).collect(), text);
}

/// The same in a line, for where the numbers of one trial are told.
pub fn name_assumptions(assumptions: &[Assumption], text: &mut String) {
    let assumed: Vec<&Assumption> = assumptions.iter().filter(|a| a.why.is_unfounded()).collect();
    let (rules, laws): (Vec<&Assumption>, Vec<&Assumption>) =
        assumed.into_iter().partition(|a| a.path.starts_with("rules."));
    let mut names: Vec<String> = laws.iter().map(|a| a.path.clone()).collect();
    if !rules.is_empty() {
        names.push(format!("{} rules", rules.len()));
    }
    if !names.is_empty() {
        names.push("`ecsim run` shows their values".to_owned());
        wrap(" assumed, with no source for it:", &names, text);
    }
}

/// A labelled list, broken into lines that fit a terminal.
pub fn wrap(label: &str, items: &[String], text: &mut String) {
    const WIDTH: usize = 110;
    let mut line = label.to_owned();
    for (n, item) in items.iter().enumerate() {
        let separator = if n + 1 < items.len() { " ·" } else { "" };
        if line.chars().count() + item.chars().count() + 3 > WIDTH {
            let _ = writeln!(text, "{line}");
            line = "  ".to_owned();
        }
        let _ = write!(line, " {item}{separator}");
    }
    let _ = writeln!(text, "{line}");
}
