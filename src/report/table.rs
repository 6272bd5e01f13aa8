//! The table of a run: what it came to, each number with its interval, and what was assumed.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::engine::time::{SimTime, YEAR};
use crate::model::fact::Phase;
use crate::model::plan::{Group, Plan, ShardId};
use crate::montecarlo::batch::Summary;
use crate::observe::metrics::Metric;
use crate::report::numbers::{count, mean, mean_seconds, probability, seconds, significant};
use crate::report::words;
use crate::scenario::{Assumption, Origin, Policy};
use crate::stats::intervals::{Quantile, clopper_pearson, mean_half_width, quantile};

/// What a table says beside the numbers.
pub struct Caption<'a> {
    /// The scenario file as the user named it, for the commands that reproduce something.
    pub file: &'a str,
    /// Options that the user gave and that a reproduction needs, with a leading blank each.
    pub options: &'a str,
    /// Whether it is one of several policies, and says which.
    pub one_of: OneOf,
}

/// How many policies are shown together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OneOf {
    /// One: its name is the scenario's.
    One,
    /// Several.
    Several,
}

/// The table of a policy's run.
pub fn render(policy: &Policy, summary: &Summary, caption: &Caption<'_>) -> String {
    let plan = &policy.plan;
    let mut text = String::new();
    let observed = plan.horizon.since(plan.warm_up);
    let _ = writeln!(
        text,
        "{} · seed {} · {} of {}",
        plan.name,
        summary.spec.seed,
        trials(summary.spec.trials),
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
    render_script(plan, &mut text);
    let per = if observed == YEAR { "/y".to_owned() } else { format!("/{observed}") };
    let columns = [
        (format!("write outage{per}"), outage_cells(plan, summary)),
        (format!("writes lost by lag{per}"), lost_cells(summary)),
        (format!("whole dataset lost{per}"), loss_cells(summary)),
        (format!("failovers{per}"), vec![("mean (95 %)", mean_cell(summary, Metric::Failovers))]),
    ];
    render_columns(&columns, &mut text);
    render_phases(summary, &mut text);
    let reduced = mean_seconds_cell(summary, Metric::ReducedRedundancy);
    let _ = writeln!(text, " fewer complete copies than configured{per}: mean {reduced}");
    render_worst(summary, caption, &mut text);
    render_assumptions(&policy.assumptions, &mut text);
    text
}

/// Says what strikes in every trial, so that nobody takes the figures for rates per year.
fn render_script(plan: &Plan, text: &mut String) {
    const MOST: usize = 3;
    let told: Vec<String> = plan
        .script
        .iter()
        .take(MOST)
        .map(|scripted| {
            let at = scripted.at.since(SimTime::START);
            format!("{} after {at}", words::scripted(plan, &scripted.fault))
        })
        .collect();
    if !told.is_empty() {
        let more = match plan.script.len().saturating_sub(MOST) {
            0 => String::new(),
            n => format!(" · and {n} more"),
        };
        let _ = writeln!(text, " in every trial: {}{more}", told.join(" · "));
    }
}

/// A group in a line: its size, its places, its switches.
pub fn group_line(plan: &Plan, group: &Group) -> String {
    let shards: Vec<ShardId> = group.shards.clone().map(ShardId).collect();
    let replicas = |shard: &ShardId| plan.shards[shard.idx()].nodes.len() - 1;
    let (fewest, most) = (shards.iter().map(replicas).min(), shards.iter().map(replicas).max());
    let size = match (fewest, most) {
        (Some(fewest), Some(most)) if fewest == most => format!("1+{fewest}"),
        (fewest, most) => format!("1+{} to 1+{}", fewest.unwrap_or(0), most.unwrap_or(0)),
    };
    let nodes = shards.iter().flat_map(|shard| plan.shards[shard.idx()].node_ids());
    let azs: BTreeSet<u16> = nodes.map(|node| plan.nodes[node.idx()].az.0).collect();
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    let switch = |on: bool| if on { "on" } else { "off" };
    format!(
        "{}: {} shard{} of {size} in {} AZ{}, Multi-AZ {}, automatic failover {}",
        group.id,
        shards.len(),
        plural(shards.len()),
        azs.len(),
        plural(azs.len()),
        switch(group.multi_az),
        switch(group.promotion.is_some()),
    )
}

fn trials(n: u64) -> String {
    match n {
        1 => "1 trial".to_owned(),
        _ => format!("{} trials", count(u128::from(n))),
    }
}

/// A titled column: its sub-columns as (heading, value).
type Cells = Vec<(&'static str, String)>;

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

fn outage_cells(plan: &Plan, summary: &Summary) -> Cells {
    let p99 = quantile(&summary.write_outages_s, 0.99);
    let mut cells = vec![
        ("mean (95 %)", mean_seconds_cell(summary, Metric::WriteOutage)),
        ("p99 (95 %)", quantile_cell(p99, seconds)),
    ];
    // Where faults are scheduled, nines would measure how long a horizon was chosen.
    if plan.script.is_empty() {
        let mean = summary.of(Metric::WriteUnavailability);
        let nines = |unavailability: f64| format!("{:.2}", -unavailability.log10());
        let nines = match mean_half_width(mean) {
            _ if mean.is_all_zero() => "no outage seen".to_owned(),
            Some(half) if half < mean.mean() => format!(
                "{} [{}, {}]",
                nines(mean.mean()),
                nines(mean.mean() + half),
                nines(mean.mean() - half)
            ),
            _ => format!("{} (no interval)", nines(mean.mean())),
        };
        cells.push(("nines of the mean (95 %)", nines));
    }
    cells
}

fn mean_seconds_cell(summary: &Summary, metric: Metric) -> String {
    let moments = summary.of(metric);
    match mean_half_width(moments) {
        Some(_) if moments.is_all_zero() => ALL_ZERO.to_owned(),
        Some(half) => mean_seconds(moments.mean(), half),
        None => format!("{} (one trial: no interval)", seconds(moments.mean())),
    }
}

/// A mean of values that are all zero, which says nothing of how rare the others are.
const ALL_ZERO: &str = "0 (in every trial)";

fn lost_cells(summary: &Summary) -> Cells {
    let p99 = quantile(&summary.lost_writes, 0.99);
    let p99 = quantile_cell(p99, |value| significant(value, 3));
    vec![("mean (95 %)", mean_cell(summary, Metric::LostWrites)), ("p99 (95 %)", p99)]
}

fn loss_cells(summary: &Summary) -> Cells {
    let (hits, n) = (summary.trials_with_dataset_loss, summary.spec.trials);
    let (low, high) = clopper_pearson(hits, n);
    let cell = match hits {
        0 => format!("< {} (0 of {})", probability(high), count(u128::from(n))),
        _ => {
            let share = probability(hits as f64 / n as f64);
            format!("{share} [{}, {}]", probability(low), probability(high))
        }
    };
    let mut cells = vec![("in a share of the trials (95 %)", cell)];
    if hits > 0 {
        cells.push(("writes in it, mean (95 %)", mean_cell(summary, Metric::DatasetLostWrites)));
    }
    cells
}

fn mean_cell(summary: &Summary, metric: Metric) -> String {
    let moments = summary.of(metric);
    match mean_half_width(moments) {
        Some(_) if moments.is_all_zero() => ALL_ZERO.to_owned(),
        Some(half) => mean(moments.mean(), half),
        None => format!("{} (one trial: no interval)", significant(moments.mean(), 3)),
    }
}

/// A quantile with its interval; an end that the sample cannot bound is left open.
fn quantile_cell(quantile: Option<Quantile>, print: impl Fn(f64) -> String) -> String {
    let Some(q) = quantile else { return "–".to_owned() };
    let end = |end: Option<f64>| end.map_or("no bound".to_owned(), &print);
    format!("{} [{}, {}]", print(q.value), end(q.low), end(q.high))
}

fn render_phases(summary: &Summary, text: &mut String) {
    let mut parts: Vec<(Phase, f64)> = Phase::ALL
        .into_iter()
        .map(|phase| (phase, summary.phase_shares[phase as usize]))
        .filter(|(_, share)| *share > 0.0)
        .collect();
    if parts.is_empty() {
        return;
    }
    parts.sort_by(|a, b| b.1.total_cmp(&a.1));
    let parts: Vec<String> = parts
        .into_iter()
        .map(|(phase, share)| match share {
            share if share < 0.005 => format!("{} < 1 %", phase.name()),
            share => format!("{} {:.0} %", phase.name(), share * 100.0),
        })
        .collect();
    let _ = writeln!(text, " where the outage seen comes from: {}", parts.join(" · "));
}

fn render_worst(summary: &Summary, caption: &Caption<'_>, text: &mut String) {
    let mut line = |what: &str, trial: u64| {
        let _ = writeln!(
            text,
            " {what}: trial {trial} → ecsim replay {}{} --trial {trial}",
            caption.file, caption.options
        );
    };
    if summary.of(Metric::LostWrites).mean() > 0.0 || summary.trials_with_dataset_loss > 0 {
        line("worst loss", summary.worst_loss);
    }
    if summary.of(Metric::WriteOutage).mean() > 0.0 {
        line("worst outage", summary.worst_outage);
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
fn wrap(label: &str, items: &[String], text: &mut String) {
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
