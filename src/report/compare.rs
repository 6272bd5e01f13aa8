//! The table of several policies on the same faults: one is the reference, the others are told by
//! their differences from it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use comfy_table::{Table, presets};

use crate::engine::time::{SimTime, Span};
use crate::model::fact::Phase;
use crate::montecarlo::estimate::{Estimator, is_shown};
use crate::montecarlo::quantity::{Probability, Statistic};
use crate::observe::metrics::Metric;
use crate::report::expect;
use crate::report::labels::Labels;
use crate::report::numbers::{count, mean, mean_seconds, seconds, significant};
use crate::report::study::Study;
use crate::report::table::{self, Caption, percent, quantile_text};
use crate::scenario::Assumption;
use crate::stats::level::Estimate;
use crate::stats::moments::Moments;

/// The table of a study of several policies; the caption is the reference's.
pub fn render(study: &Study<'_>, caption: &Caption<'_>) -> String {
    let shown = Shown::new(study);
    let mut text = String::new();
    let plan = &study.policies[study.reference].plan;
    let _ = writeln!(
        text,
        "{} · seed {} · {} of {} · {} policies on the same faults",
        study.experiment.name,
        caption.seed,
        table::trials(study.progress.trials),
        plan.horizon.since(SimTime::START),
        study.policies.len()
    );
    shown.render_layouts(&mut text);
    text.push('\n');
    let mut notes = Notes::default();
    let columns = shown.main_columns(&mut notes);
    shown.render_columns(&columns, &mut text);
    text.push('\n');
    let columns = shown.further_columns(&mut notes);
    shown.render_columns(&columns, &mut text);
    shown.render_notes(&notes, &mut text);
    shown.render_parts(&mut text);
    shown.render_pairing(&mut text);
    expect::render(study, &mut text);
    table::render_worst(&study.estimator(study.reference), caption, &mut text);
    shown.render_assumptions(&mut text);
    text
}

/// A study and how its policies are called.
struct Shown<'a> {
    study: &'a Study<'a>,
    labels: Labels,
    /// Positions of the policies in the order of the rows: the reference first.
    order: Vec<usize>,
}

/// A column: two lines of heading, and a text per row.
struct Column {
    head: [String; 2],
    cells: Vec<String>,
}

/// A mark in a table that is explained below it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Note {
    /// No difference is shown.
    NotShown,
    /// A difference is shown of what is printed without one.
    Shown,
    /// There is too little for an interval.
    Few,
}

/// The marks that a table has.
type Notes = BTreeSet<Note>;

impl<'a> Shown<'a> {
    fn new(study: &'a Study<'a>) -> Self {
        let others = (0..study.policies.len()).filter(|&n| n != study.reference);
        let order = std::iter::once(study.reference).chain(others).collect();
        Shown { study, labels: Labels::of(study), order }
    }

    /// What the policies are, as far as they differ, and what strikes in every trial.
    fn render_layouts(&self, text: &mut String) {
        let policies = self.study.policies;
        for (n, name) in self.labels.legend.iter().enumerate() {
            let _ = writeln!(text, " {}: {name}", n + 1);
        }
        for (label, list) in [("swept", &self.labels.axes), ("in all", &self.labels.common)] {
            if !list.is_empty() {
                table::wrap(&format!(" {label}:"), list, text);
            }
        }
        let layout = |n: usize| {
            let plan = &policies[n].plan;
            let lines = plan.groups.iter().map(|group| table::group_line(plan, group));
            lines.collect::<Vec<String>>().join("; ")
        };
        self.render_alike(layout, text);
        self.render_alike(|n| table::script_line(&policies[n].plan).unwrap_or_default(), text);
    }

    /// Writes a line per policy, but what several share once, and what all share without a name.
    fn render_alike(&self, line: impl Fn(usize) -> String, text: &mut String) {
        let alike = self.alike(line);
        for (line, positions) in &alike {
            if line.is_empty() {
                continue;
            }
            let _ = match alike.len() {
                1 => writeln!(text, " {line}"),
                _ => writeln!(text, " {line} ({})", self.labels.list(positions)),
            };
        }
    }

    /// Groups the policies by a text, in the order of the rows.
    fn alike(&self, text_of: impl Fn(usize) -> String) -> Vec<(String, Vec<usize>)> {
        let mut alike: Vec<(String, Vec<usize>)> = Vec::new();
        for &n in &self.order {
            let text = text_of(n);
            match alike.iter_mut().find(|(other, _)| *other == text) {
                Some((_, positions)) => positions.push(n),
                None => alike.push((text, vec![n])),
            }
        }
        alike
    }

    /// Outages and losses: what policies are chosen by.
    fn main_columns(&self, notes: &mut Notes) -> Vec<Column> {
        let per = table::per(&self.study.policies[self.study.reference].plan);
        let level = percent(self.study.level);
        let mut columns = vec![
            self.means(
                [&format!("write outage{per}"), &self.mean_head()],
                Metric::WriteOutage,
                notes,
            ),
            self.column(["", &format!("p99 ({level})")], |_, estimator| {
                let p99 = estimator.metric(Metric::WriteOutage, Statistic::P99);
                table::quantile_cell(p99, seconds)
            }),
        ];
        if self.study.policies.iter().all(|policy| policy.plan.script.is_empty()) {
            let nines = |_, estimator: &Estimator<'_>| match estimator.nines() {
                None => "no outage seen".to_owned(),
                Some(nines) => quantile_text(&nines, |value| format!("{value:.2}")),
            };
            columns.push(self.column(["", &format!("nines ({level})")], nines));
        }
        let lost = [&format!("lost writes{per}"), &self.mean_head()];
        columns.push(self.means([lost[0], lost[1]], Metric::LostWrites, notes));
        let loss = |position, estimator: &Estimator<'_>| {
            let cell = table::probability_cell(estimator, Probability::DatasetLoss);
            match self.is_dataset_loss_shown(position) {
                true => {
                    notes.insert(Note::Shown);
                    format!("≠ {cell}")
                }
                false => format!("  {cell}"),
            }
        };
        let head = [format!("  dataset lost{per}"), format!("  share of trials ({level})")];
        columns.push(self.column([&head[0], &head[1]], loss));
        columns
    }

    fn is_dataset_loss_shown(&self, position: usize) -> bool {
        let differences = &self.study.progress.differences[position];
        let estimator = self.study.estimator(position);
        position != self.study.reference
            && is_shown(&estimator.probability_difference(Probability::DatasetLoss, differences))
    }

    /// What else a planner asks for; what never happened is not shown.
    fn further_columns(&self, notes: &mut Notes) -> Vec<Column> {
        let per = table::per(&self.study.policies[self.study.reference].plan);
        let level = percent(self.study.level);
        let is_seen = |metric| {
            self.study.progress.tallies.iter().any(|tally| !tally.of(metric).is_all_zero())
        };
        let mut columns = Vec::new();
        for (head, metric) in [
            ("failovers", Metric::Failovers),
            ("copies missing", Metric::ReducedRedundancy),
            ("read outage", Metric::ReadOutage),
        ] {
            if is_seen(metric) {
                let head = format!("{head}{per}");
                columns.push(self.means([&head, &self.mean_head()], metric, notes));
            }
        }
        if is_seen(Metric::LostWrites) {
            columns.push(self.column(
                [&format!("lost writes{per}"), &format!("p99 ({level})")],
                |_, estimator| {
                    let p99 = estimator.metric(Metric::LostWrites, Statistic::P99);
                    table::quantile_cell(p99, |value| significant(value, 3))
                },
            ));
        }
        columns.extend(self.objective_columns(&level));
        columns
    }

    /// Shares of outages and failovers that miss an objective, where some policy has one.
    fn objective_columns(&self, level: &str) -> Vec<Column> {
        let objectives = || self.study.policies.iter().map(|policy| policy.objectives);
        let head = |what: &str, spans: Vec<Option<Span>>| {
            let first = spans.first().copied().flatten();
            let of = match first {
                Some(span) if spans.iter().all(|other| *other == first) => format!(" of {span}"),
                _ => String::new(),
            };
            spans.iter().any(Option::is_some).then(|| format!("{what}{of}"))
        };
        let share = |share: Option<Estimate>| match share {
            None => "–".to_owned(),
            Some(share) => {
                quantile_text(&share, |value| format!("{} %", significant(value * 100.0, 2)))
            }
        };
        let rto = head("over the RTO", objectives().map(|it| it.rto).collect()).map(|head| {
            self.column([&head, &format!("of outages ({level})")], |n, estimator| {
                let missed = estimator.tally.outages.rto_missed.share(estimator.level);
                share(missed.filter(|_| self.study.policies[n].objectives.rto.is_some()))
            })
        });
        let rpo = head("over the RPO", objectives().map(|it| it.rpo).collect()).map(|head| {
            self.column([&head, &format!("of failovers ({level})")], |n, estimator| {
                let missed = estimator.tally.failovers.rpo_missed.share(estimator.level);
                share(missed.filter(|_| self.study.policies[n].objectives.rpo.is_some()))
            })
        });
        rto.into_iter().chain(rpo).collect()
    }

    fn mean_head(&self) -> String {
        format!("  mean ({})", percent(self.study.level))
    }

    fn column(
        &self,
        [title, head]: [&str; 2],
        mut cell: impl FnMut(usize, &Estimator<'_>) -> String,
    ) -> Column {
        let cells = self.order.iter().map(|&n| cell(n, &self.study.estimator(n))).collect();
        Column { head: [title.to_owned(), head.to_owned()], cells }
    }

    /// The mean of a metric: of the reference itself, of the others its difference.
    fn means(&self, [title, head]: [&str; 2], metric: Metric, notes: &mut Notes) -> Column {
        let cell = |n, estimator: &Estimator<'_>| match self.study.difference(n, metric) {
            None => {
                let mean = estimator.metric(metric, Statistic::Mean);
                mean_cell(mean, (metric, estimator.tally.of(metric)), notes)
            }
            Some(difference) => {
                let moments = self.study.progress.differences[n].of(metric);
                difference_cell(&difference.paired, (metric, moments), notes)
            }
        };
        self.column([&format!("  {title}"), head], cell)
    }

    /// The columns beside the policies' names.
    fn render_columns(&self, columns: &[Column], text: &mut String) {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        let names = self.labels.heads.iter().map(|head| format!("\n{head}"));
        let heads = columns.iter().map(|column| column.head.join("\n"));
        table.set_header(std::iter::once(String::new()).chain(names).chain(heads));
        for (row, &n) in self.order.iter().enumerate() {
            let mark = if n == self.study.reference { "*" } else { "" };
            let names = self.labels.rows[n].iter().cloned();
            let cells = columns.iter().map(|column| column.cells[row].clone());
            table.add_row(std::iter::once(mark.to_owned()).chain(names).chain(cells));
        }
        for (n, column) in table.column_iter_mut().enumerate() {
            column.set_padding(if n == 0 { (1, 1) } else { (0, 2) });
        }
        for line in table.lines() {
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }

    /// What the marks mean; nothing is taken for equal because it is not seen to differ.
    fn render_notes(&self, notes: &Notes, text: &mut String) {
        let level = percent(self.study.level);
        text.push_str(
            " * reference; numbers with a sign are differences from it, trial by trial\n   numbers \
             without a sign are the policy's own\n",
        );
        for note in notes {
            let _ = match note {
                Note::NotShown => {
                    writeln!(text, " ≈ no difference is shown at {level}; there may be one")
                }
                Note::Shown => {
                    writeln!(text, " ≠ a difference is shown at {level}, trial by trial")
                }
                Note::Few => {
                    writeln!(
                        text,
                        " (in k of n) other than 0 in k of n trials: too few for an interval"
                    )
                }
            };
        }
    }

    /// Where the outage comes from: of the reference, and of policies that are quite different.
    fn render_parts(&self, text: &mut String) {
        const QUITE: f64 = 0.1;
        let of = |n: usize| self.study.progress.tallies[n].parts;
        let phases = |n: usize| table::shares(&Phase::ALL.map(Phase::name), &of(n).outage_by_phase);
        let reference = self.study.reference;
        let is_told = |n: &usize| {
            let (here, there) = (of(*n).outage_by_phase, of(reference).outage_by_phase);
            *n == reference || distance(&here, &there) > QUITE
        };
        for n in self.order.iter().copied().filter(is_told) {
            if let Some(list) = phases(n) {
                let _ = writeln!(
                    text,
                    " where the outage comes from ({}): {list}",
                    self.labels.short[n]
                );
            }
        }
    }

    /// What comparing on the same faults gains, where it gains most.
    fn render_pairing(&self, text: &mut String) {
        for (name, metric) in
            [("write outage", Metric::WriteOutage), ("lost writes", Metric::LostWrites)]
        {
            let gain = |&n: &usize| {
                let difference = self.study.difference(n, metric)?;
                let halves = (difference.paired.half_width()?, difference.unpaired.half_width()?);
                (halves.1 > 0.0).then_some((n, halves))
            };
            let by_gain = |a: &(usize, (f64, f64)), b: &(usize, (f64, f64))| {
                (a.1.1 / a.1.0).total_cmp(&(b.1.1 / b.1.0))
            };
            if let Some((n, (paired, unpaired))) =
                self.order.iter().filter_map(gain).max_by(by_gain)
            {
                let _ = writeln!(
                    text,
                    " paired: {name} of {} differs by {}; two independent batches would give {}",
                    self.labels.short[n],
                    half_width(metric, paired),
                    half_width(metric, unpaired),
                );
            }
        }
    }

    /// What the results depend on: once for all policies, and what differs between them.
    fn render_assumptions(&self, text: &mut String) {
        let of = |n: usize| &self.study.policies[n].assumptions;
        let is_shared = |it: &&Assumption| self.order.iter().all(|&n| of(n).contains(it));
        let reference = of(self.study.reference);
        let shared: Vec<Assumption> = reference.iter().filter(is_shared).cloned().collect();
        table::render_assumptions(&shared, text);
        let mut paths: Vec<&str> = Vec::new();
        for assumption in self.order.iter().flat_map(|&n| of(n)) {
            if !shared.contains(assumption) && !paths.contains(&assumption.path.as_str()) {
                paths.push(&assumption.path);
            }
        }
        let mut lines = Vec::new();
        for path in paths {
            let at = |n: usize| of(n).iter().find(|it| it.path == path);
            let told = |it: &Assumption| format!("{path} = {}  ({}", it.value, it.why);
            if self.labels.axes.iter().any(|axis| axis == path) {
                let why = at(self.study.reference).map_or(String::new(), |it| it.why.to_string());
                lines.push(format!("{path} = the value of the sweep  ({why})"));
                continue;
            }
            for (line, positions) in self.alike(|n| at(n).map(told).unwrap_or_default()) {
                if !line.is_empty() {
                    lines.push(format!("{line}; {})", self.labels.list(&positions)));
                }
            }
        }
        if !lines.is_empty() {
            text.push_str(" not the same in all policies:\n");
        }
        for line in lines {
            let _ = writeln!(text, "   {line}");
        }
    }
}

/// Whether a metric counts seconds.
fn is_time(metric: Metric) -> bool {
    metric.name().ends_with("_s")
}

/// The mean of a policy of its own, behind the blanks that marks would need.
fn mean_cell(
    estimate: Option<Estimate>,
    (metric, moments): (Metric, &Moments),
    notes: &mut Notes,
) -> String {
    let estimate = estimate.unwrap_or(Estimate::unbounded(moments.mean()));
    match estimate.half_width() {
        _ if moments.is_all_zero() => "  0 (in every trial)".to_owned(),
        Some(_) if is_time(metric) => format!("  {}", table::mean_seconds_text(&estimate)),
        Some(_) => format!("  {}", table::mean_text(&estimate)),
        None => format!("  {}", few(estimate.value, (metric, moments), notes)),
    }
}

/// The mean of differences: with its sign, and with a mark where none is shown.
fn difference_cell(
    paired: &Estimate,
    (metric, moments): (Metric, &Moments),
    notes: &mut Notes,
) -> String {
    if moments.is_all_zero() {
        return "  = (in every trial)".to_owned();
    }
    let mark = match is_shown(paired) {
        true => " ",
        false => {
            notes.insert(Note::NotShown);
            "≈"
        }
    };
    let told = match paired.half_width() {
        Some(_) if is_time(metric) => signed_seconds(paired),
        Some(_) => signed(paired),
        None => {
            format!("{}{}", sign(paired.value), few(paired.value.abs(), (metric, moments), notes))
        }
    };
    format!("{mark} {told}")
}

/// A mean difference of seconds with its sign and interval.
pub fn signed_seconds(difference: &Estimate) -> String {
    match table::half_of_symmetric(difference) {
        Some(half) => {
            format!("{}{}", sign(difference.value), mean_seconds(difference.value.abs(), half))
        }
        None => {
            quantile_text(difference, |value| format!("{}{}", sign(value), seconds(value.abs())))
        }
    }
}

/// A mean difference that is no time, likewise.
pub fn signed(difference: &Estimate) -> String {
    match table::half_of_symmetric(difference) {
        Some(half) => format!("{}{}", sign(difference.value), mean(difference.value.abs(), half)),
        None => {
            let print = |value: f64| format!("{}{}", sign(value), significant(value.abs(), 3));
            quantile_text(difference, print)
        }
    }
}

fn sign(value: f64) -> &'static str {
    if value < 0.0 { "-" } else { "+" }
}

/// A mean that rests on too little for an interval.
fn few(value: f64, (metric, moments): (Metric, &Moments), notes: &mut Notes) -> String {
    notes.insert(Note::Few);
    let value = if is_time(metric) { seconds(value) } else { significant(value, 3) };
    let (k, n) = (count(u128::from(moments.n_nonzero())), count(u128::from(moments.n())));
    format!("{value} (in {k} of {n})")
}

fn half_width(metric: Metric, half: f64) -> String {
    match is_time(metric) {
        true if half >= 600.0 => format!("± {}", seconds(half)),
        true => format!("± {} s", significant(half, 2)),
        false => format!("± {}", significant(half, 2)),
    }
}

/// How far two lists of shares are apart: 0 for the same, 1 for nothing in common.
fn distance(one: &[u128], other: &[u128]) -> f64 {
    let share = |parts: &[u128], n: usize| {
        let total: u128 = parts.iter().sum();
        if total == 0 { 0.0 } else { parts[n] as f64 / total as f64 }
    };
    (0..one.len()).map(|n| (share(one, n) - share(other, n)).abs()).sum::<f64>() / 2.0
}
