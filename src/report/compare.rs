//! The table of several policies on the same faults: one is the reference, the others are told by
//! their differences from it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use comfy_table::{Table, presets};

use crate::engine::time::{SimTime, Span};
use crate::model::fact::Phase;
use crate::montecarlo::estimate::{Estimator, is_not_one, is_shown};
use crate::montecarlo::quantity::{Probability, Quantity, Statistic};
use crate::montecarlo::tally::Parts;
use crate::observe::metrics::{Mechanism, Metric};
use crate::report::expect;
use crate::report::labels::Labels;
use crate::report::losses;
use crate::report::numbers::{count, mean, mean_seconds, seconds, significant};
use crate::report::remarks::{self, Remark};
use crate::report::study::Study;
use crate::report::table::{self, Caption, percent, quantile_text};
use crate::report::worst;
use crate::scenario::{Assumption, Policy};
use crate::stats::level::Estimate;
use crate::stats::moments::Moments;

/// The table of a study of several policies; one is the reference.
pub fn render(study: &Study<'_>, caption: &Caption<'_>) -> String {
    let shown = Shown::new(study);
    let mut text = String::new();
    let plan = &study.policies[study.reference].plan;
    let _ = writeln!(
        text,
        "{} · seed {} · {} of {} · {} policies on the same faults",
        study.experiment.name,
        caption.seed,
        table::trials_done(study.progress.trials, caption.interrupted_of),
        plan.horizon.since(SimTime::START),
        study.policies.len()
    );
    shown.render_layouts(&mut text);
    text.push('\n');
    let mut columns = shown.migration_columns();
    columns.extend(shown.main_columns());
    columns.extend(shown.further_columns());
    columns.extend(shown.objective_columns());
    shown.render_columns(&columns, &mut text);
    shown.render_notes(&columns, &mut text);
    shown.render_parts(&mut text);
    losses::compared((study, &shown.order), &shown.labels, caption, &mut text);
    shown.render_remarks(&mut text);
    shown.render_pairing(&mut text);
    expect::render(study, &mut text);
    table::render_rare(&study.estimator(study.reference), &mut text);
    losses::ways_compared((study, &shown.order), &shown.labels, caption, &mut text);
    worst::compared((study, &shown.order), &shown.labels, caption, &mut text);
    shown.render_assumptions(&mut text);
    text
}

/// How wide a table may be, in characters.
const WIDTH: usize = 120;

/// The heading of columns that leave out what went with a dataset.
const LOST: &str = "writes lost";

/// The heading of a column that policies of different sizes are easily misread by.
const COPIES: &str = "copies missing";

/// A study and how its policies are called.
struct Shown<'a> {
    study: &'a Study<'a>,
    labels: Labels,
    /// Positions of the policies in the order of the rows: the reference first.
    order: Vec<usize>,
}

/// A column: two lines of heading, and a cell per row.
struct Column {
    head: [String; 2],
    gutter: Gutter,
    cells: Vec<Cell>,
}

/// What stands in front of a cell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gutter {
    /// A blank.
    Narrow,
    /// A mark and a blank.
    ForMarks,
}

/// A cell: its text, and what is to be said about it.
struct Cell {
    text: String,
    notes: Vec<Note>,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell { text, notes: Vec::new() }
    }
}

/// Something that is explained below the tables.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Note {
    /// No difference is shown.
    NotShown,
    /// A difference is shown of what is printed without one.
    Shown,
    /// There is too little for an interval.
    Few,
    /// All trials have the same value, and there are too few of them for an interval.
    SoFar,
    /// Some trials ended before what is measured was there.
    AtLeast,
    /// In some trials the target was in sync only after the clients were stopped.
    Stopped,
    /// The policy lost datasets, of which the number says nothing.
    LostDatasets,
}

impl Note {
    /// The mark in front of a cell, if it has one.
    fn mark(self) -> Option<&'static str> {
        match self {
            Note::NotShown => Some("≈"),
            Note::Shown => Some("≠"),
            Note::AtLeast => Some("≥"),
            // Its mark stands behind the number, for it may have another one in front.
            Note::Few | Note::SoFar | Note::Stopped | Note::LostDatasets => None,
        }
    }
}

/// A number that says nothing of datasets that were lost: where some were, it looks too good.
fn beside_datasets(mut cell: Cell, estimator: &Estimator<'_>) -> Cell {
    if estimator.tally.hits(Probability::DatasetLoss) > 0 {
        cell.text.push_str(" ‡");
        cell.notes.push(Note::LostDatasets);
    }
    cell
}

impl Column {
    /// The two lines of the heading.
    fn heading(&self) -> String {
        let blank = match self.gutter {
            Gutter::Narrow => " ",
            Gutter::ForMarks => "  ",
        };
        let [title, head] = &self.head;
        format!("{blank}{title}\n{blank}{head}")
    }

    /// The text of a row.
    fn text(&self, row: usize) -> String {
        let Cell { text, notes } = &self.cells[row];
        let mark = notes.iter().find_map(|note| note.mark()).unwrap_or(" ");
        match self.gutter {
            Gutter::Narrow => format!(" {text}"),
            Gutter::ForMarks => format!("{mark} {text}"),
        }
    }
}

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
            if !list.is_empty() && self.labels.legend.is_empty() {
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
            let list = self.labels.list(positions);
            let whole = format!(" {line} ({list})");
            if alike.len() > 1 && whole.chars().count() <= WIDTH {
                let _ = writeln!(text, "{whole}");
                continue;
            }
            let _ = writeln!(text, " {line}");
            if alike.len() > 1 {
                let names: Vec<String> = list.split(" · ").map(str::to_owned).collect();
                table::wrap("  ", &names, text);
            }
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
    fn main_columns(&self) -> Vec<Column> {
        let per = self.per();
        let level = percent(self.study.level);
        let outage = format!("write outage{per}");
        let p99 = |_, estimator: &Estimator<'_>| {
            let p99 = estimator.metric(Metric::WriteOutage, Statistic::P99);
            table::quantile_cell(p99, seconds).into()
        };
        let lost = |n, estimator: &Estimator<'_>| {
            beside_datasets(self.mean_or_difference(n, estimator, Metric::LostWrites), estimator)
        };
        let mut columns = vec![
            self.means(&outage, Metric::WriteOutage),
            self.column([&outage, &format!("p99 of trials ({level})")], Gutter::Narrow, p99),
            self.dataset_column(),
            self.column([&format!("{LOST}{per}"), &self.head_of_means()], Gutter::ForMarks, lost),
        ];
        if self.is_seen(Metric::DatasetLostWrites) {
            columns.push(self.means(&format!("{LOST} with it{per}"), Metric::DatasetLostWrites));
        }
        if self.study.policies.iter().all(|policy| policy.plan.script.is_empty()) {
            let nines = |_, estimator: &Estimator<'_>| match estimator.nines() {
                None => "no outage seen".to_owned().into(),
                Some(nines) => quantile_text(&nines, |value| format!("{value:.2}")).into(),
            };
            columns.push(self.column(
                ["availability", &format!("nines ({level})")],
                Gutter::Narrow,
                nines,
            ));
        }
        columns
    }

    /// In which share of the trials a dataset was lost, or how likely that is.
    fn dataset_column(&self) -> Column {
        let loss = |position, estimator: &Estimator<'_>| {
            let text = table::probability_cell(estimator, Probability::DatasetLoss);
            let notes = match self.is_dataset_loss_shown(position) {
                true => vec![Note::Shown],
                false => Vec::new(),
            };
            Cell { text, notes }
        };
        let what = match self.study.losses {
            None => "share of trials",
            Some(_) => "probability",
        };
        let head = [
            format!("dataset lost{}", self.per()),
            format!("{what} ({})", percent(self.study.level)),
        ];
        self.column([&head[0], &head[1]], Gutter::ForMarks, loss)
    }

    fn per(&self) -> String {
        table::per(&self.study.policies[self.study.reference].plan)
    }

    fn is_dataset_loss_shown(&self, position: usize) -> bool {
        match self.study.loss_ratio(position) {
            Some(ratio) => is_not_one(&ratio),
            None => {
                let of = |position| {
                    self.study.probability_difference(position, Probability::DatasetLoss)
                };
                of(position).is_some_and(|difference| is_shown(&difference))
            }
        }
    }

    /// Whether a metric is other than zero anywhere.
    fn is_seen(&self, metric: Metric) -> bool {
        self.study.progress.tallies.iter().any(|tally| !tally.of(metric).is_all_zero())
    }

    /// What else a planner asks for; what never happened is not shown.
    fn further_columns(&self) -> Vec<Column> {
        let per = self.per();
        let level = percent(self.study.level);
        let mut columns = Vec::new();
        if self.is_seen(Metric::WriteOutage) {
            let p99 = |_, estimator: &Estimator<'_>| {
                let p99 = estimator.of(Quantity::OutageLength(Statistic::P99));
                table::quantile_cell(p99, seconds).into()
            };
            let head = ["a single outage", &format!("p99 of outages ({level})")];
            columns.push(self.column(head, Gutter::Narrow, p99));
        }
        if self.is_seen(Metric::LostWrites) {
            let p99 = |_, estimator: &Estimator<'_>| {
                let p99 = estimator.metric(Metric::LostWrites, Statistic::P99);
                let cell = table::quantile_cell(p99, |value| significant(value, 3)).into();
                beside_datasets(cell, estimator)
            };
            let head = [format!("{LOST}{per}"), format!("p99 of trials ({level})")];
            columns.push(self.column([&head[0], &head[1]], Gutter::Narrow, p99));
        }
        if self.has_migration() && self.is_seen(Metric::RejectedWrites) {
            columns
                .push(self.means(&format!("{}{per}", remarks::REJECTED), Metric::RejectedWrites));
        }
        for (head, metric) in [
            (remarks::UNCONFIRMED, Metric::UnconfirmedWrites),
            (remarks::DIVERGED, Metric::DivergedWrites),
            ("price of a way back", Metric::RollBackPrice),
            ("failovers", Metric::Failovers),
            ("hand-overs", Metric::Handovers),
            (COPIES, Metric::ReducedRedundancy),
            ("read outage", Metric::ReadOutage),
        ] {
            if self.is_seen(metric) {
                columns.push(self.means(&format!("{head}{per}"), metric));
            }
        }
        columns
    }

    /// Whether a policy has a migration.
    fn has_migration(&self) -> bool {
        self.study.policies.iter().any(|policy| policy.plan.migration.is_some())
    }

    /// Whether migrations were completed, and how long they took to be in sync: of each policy
    /// itself, for that is what a migration is for.
    fn migration_columns(&self) -> Vec<Column> {
        if !self.has_migration() {
            return Vec::new();
        }
        let migrated = |_, estimator: &Estimator<'_>| match estimator.plan.migration {
            None => "–".to_owned().into(),
            Some(_) if estimator.tally.of(Metric::MigrationsCompleted).is_all_zero() => {
                never(estimator).into()
            }
            Some(_) => remarks::share(estimator, Metric::MigrationsCompleted).into(),
        };
        let head = ["migrated", &format!("share of trials ({})", percent(self.study.level))];
        let synced = (Metric::MigrationSync, Metric::MigrationsInSync);
        let safe = (Metric::MigrationSafe, Metric::MigrationsSafe);
        vec![
            self.column(head, Gutter::Narrow, migrated),
            self.until("until in sync", synced),
            self.until("until its replicas are", safe),
        ]
    }

    /// How long migrations took to be in sync, or so with all replicas, and how many of them ever
    /// were. Where some were not, it is at least the time until those were over.
    fn until(&self, title: &str, (metric, times): (Metric, Metric)) -> Column {
        let cell = |_, estimator: &Estimator<'_>| {
            let tally = estimator.tally;
            if estimator.plan.migration.is_none() {
                return "–".to_owned().into();
            }
            if tally.of(times).is_all_zero() {
                return never(estimator).into();
            }
            let mean = estimator.metric(metric, Statistic::Mean);
            let mean = mean.expect("every batch has a mean");
            let mut cell = mean_cell(&mean, (metric, tally.of(metric)));
            if tally.of(times).n_nonzero() < tally.trials {
                cell.notes.push(Note::AtLeast);
            }
            if !tally.of(Metric::MigrationsInSyncStopped).is_all_zero() {
                cell.text.push_str(" †");
                cell.notes.push(Note::Stopped);
            }
            cell
        };
        self.column([title, &self.head_of_means()], Gutter::ForMarks, cell)
    }

    /// Shares of outages and failovers that miss an objective, where some policy has one.
    fn objective_columns(&self) -> Vec<Column> {
        let level = percent(self.study.level);
        let objectives = || self.study.policies.iter().map(|policy| policy.objectives);
        let head = |what: &str, spans: Vec<Option<Span>>| {
            let first = spans.first().copied().flatten();
            let of = match first {
                Some(span) if spans.iter().all(|other| *other == first) => format!(" of {span}"),
                _ => String::new(),
            };
            spans.iter().any(Option::is_some).then(|| format!("{what}{of}"))
        };
        let share = |share: Option<Estimate>| -> Cell {
            let percent = |value| format!("{} %", significant(value * 100.0, 2));
            table::quantile_cell(share, percent).into()
        };
        let rto = head("over the RTO", objectives().map(|it| it.rto).collect()).map(|head| {
            self.column(
                [&head, &format!("of outages ({level})")],
                Gutter::Narrow,
                |n, estimator| {
                    let missed = estimator.tally.outages.rto_missed.share(estimator.level);
                    share(missed.filter(|_| self.study.policies[n].objectives.rto.is_some()))
                },
            )
        });
        let rpo = head("over the RPO", objectives().map(|it| it.rpo).collect()).map(|head| {
            self.column(
                [&head, &format!("of failovers ({level})")],
                Gutter::Narrow,
                |n, estimator| {
                    let missed = estimator.tally.failovers.rpo_missed.share(estimator.level);
                    match self.study.policies[n].objectives.rpo {
                        None => share(None),
                        Some(_) => beside_datasets(share(missed), estimator),
                    }
                },
            )
        });
        rto.into_iter().chain(rpo).collect()
    }

    fn column(
        &self,
        head: [&str; 2],
        gutter: Gutter,
        cell: impl Fn(usize, &Estimator<'_>) -> Cell,
    ) -> Column {
        let cells = self.order.iter().map(|&n| cell(n, &self.study.estimator(n))).collect();
        Column { head: head.map(str::to_owned), gutter, cells }
    }

    /// The mean of a metric: of the reference itself, of the others its difference.
    fn means(&self, title: &str, metric: Metric) -> Column {
        let cell = |n, estimator: &Estimator<'_>| self.mean_or_difference(n, estimator, metric);
        self.column([title, &self.head_of_means()], Gutter::ForMarks, cell)
    }

    fn head_of_means(&self) -> String {
        format!("mean ({})", percent(self.study.level))
    }

    fn mean_or_difference(&self, n: usize, estimator: &Estimator<'_>, metric: Metric) -> Cell {
        match self.study.difference(n, metric) {
            None => {
                let mean = estimator.metric(metric, Statistic::Mean);
                let mean = mean.expect("every batch has a mean");
                mean_cell(&mean, (metric, estimator.tally.of(metric)))
            }
            Some(difference) => {
                let moments = self.study.progress.differences[n].of(metric);
                difference_cell(&difference.paired, (metric, moments))
            }
        }
    }

    /// The columns beside the policies' names, in as many tables as the width asks for.
    fn render_columns(&self, columns: &[Column], text: &mut String) {
        let mut rest = columns;
        while !rest.is_empty() {
            let is_narrow = |line: &String| line.chars().count() <= WIDTH;
            let fits = |n: &usize| self.table(&rest[..*n]).iter().all(is_narrow);
            let n = (1..=rest.len()).rev().find(fits).unwrap_or(1);
            for line in self.table(&rest[..n]) {
                let _ = writeln!(text, "{line}");
            }
            rest = &rest[n..];
            if !rest.is_empty() {
                text.push('\n');
            }
        }
    }

    /// The lines of one table.
    fn table(&self, columns: &[Column]) -> Vec<String> {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        let names = self.labels.heads.iter().map(|head| format!("\n{head}"));
        let heads = columns.iter().map(Column::heading);
        table.set_header(std::iter::once(String::new()).chain(names).chain(heads));
        for (row, &n) in self.order.iter().enumerate() {
            let mark = if n == self.study.reference { "*" } else { "" };
            let names = self.labels.rows[n].iter().cloned();
            let cells = columns.iter().map(|column| column.text(row));
            table.add_row(std::iter::once(mark.to_owned()).chain(names).chain(cells));
        }
        for (n, column) in table.column_iter_mut().enumerate() {
            column.set_padding(if n == 0 { (1, 1) } else { (0, 1) });
        }
        table.lines().map(|line| line.trim_end().to_owned()).collect()
    }

    /// What the marks mean; nothing is taken for equal because it is not seen to differ.
    fn render_notes(&self, columns: &[Column], text: &mut String) {
        let level = percent(self.study.level);
        text.push_str(
            " * reference; numbers with a sign are differences from it, trial by trial\n   numbers \
             without a sign are the policy's own\n",
        );
        let n_nodes = |policy: &&Policy| policy.plan.nodes.len();
        let policies = self.study.policies;
        let is_as_large = |policy| n_nodes(policy) == n_nodes(&policies[0]);
        let is_copies = |column: &Column| column.head[0].starts_with(COPIES);
        if columns.iter().any(is_copies) && !policies.iter().all(is_as_large) {
            let _ = writeln!(text, " {COPIES}: of those that the policy itself is to have");
        }
        if self.is_seen(Metric::UnconfirmedWrites) {
            let _ = writeln!(text, " {}: {}", remarks::UNCONFIRMED, remarks::NO_OUTAGE);
        }
        let cells = columns.iter().flat_map(|column| &column.cells);
        let notes: BTreeSet<Note> = cells.flat_map(|cell| cell.notes.iter().copied()).collect();
        for note in notes {
            let _ = match note {
                Note::NotShown => {
                    writeln!(text, " ≈ no difference is shown at {level}; there may be one")
                }
                Note::Shown => {
                    writeln!(
                        text,
                        " ≠ a difference of it is shown at {level}; of those without it none is"
                    )
                }
                Note::Few => writeln!(
                    text,
                    " (in N of M) other than 0 in so many of the trials: too few trials, or too \
                     few of them, for an interval"
                ),
                Note::SoFar => writeln!(
                    text,
                    " (so far in every trial) too few trials to say how seldom another value is"
                ),
                Note::AtLeast => writeln!(
                    text,
                    " ≥ some trials never were: theirs is the time until that was over, so that \
                     it is at least this"
                ),
                Note::Stopped => writeln!(
                    text,
                    " † in some trials only after the clients were stopped: nothing says that the \
                     target keeps up with what they write"
                ),
                Note::LostDatasets => writeln!(
                    text,
                    " ‡ this policy lost datasets: what went with them is not in the number, and \
                     to lose one is no failover"
                ),
            };
        }
    }

    /// Where the outage comes from, and how writes were lost.
    fn render_parts(&self, text: &mut String) {
        let phases = Phase::ALL.map(Phase::name);
        self.render_shares("where the outage comes from", &phases, |p| &p.outage_by_phase, text);
        let ways = Mechanism::ALL.map(remarks::how_lost);
        self.render_shares(remarks::HOW_LOST, &ways, |p| &p.lost_by_mechanism, text);
    }

    /// Parts of a whole: of the reference, and of some policies that are quite different.
    fn render_shares(
        &self,
        label: &str,
        names: &[&str],
        parts: impl Fn(&Parts) -> &[u128],
        text: &mut String,
    ) {
        const QUITE: f64 = 0.1;
        const MOST: usize = 3;
        let of = |n: usize| parts(&self.study.progress.tallies[n].parts);
        let reference = self.study.reference;
        let is_different = |n: &usize| {
            of(*n).iter().any(|part| *part > 0) && distance(of(*n), of(reference)) > QUITE
        };
        let different: Vec<usize> = self.order.iter().copied().filter(is_different).collect();
        let shown = if different.len() == MOST + 1 { MOST + 1 } else { MOST };
        let told = std::iter::once(reference).chain(different.iter().copied().take(shown));
        for n in told {
            if let Some(list) = table::shares(names, of(n)) {
                let _ = writeln!(text, " {label} ({}): {list}", self.labels.short[n]);
            }
        }
        if different.len() > shown {
            let n = different.len() - shown;
            let _ = writeln!(text, "   and otherwise in {n} more: --policy NAME tells of one");
        }
    }

    /// How shards count, which calls were refused, and which failovers hindered: what several
    /// policies share once.
    fn render_remarks(&self, text: &mut String) {
        let policies = self.study.policies;
        let tallies = &self.study.progress.tallies;
        if let Some(weights) = policies.iter().find_map(|policy| remarks::weights(&policy.plan)) {
            let _ = writeln!(text, " {weights}");
        }
        let of_dataset = |&n: &usize| remarks::lost_for_application(&policies[n].plan, &tallies[n]);
        if let Some(said) = self.order.iter().find_map(of_dataset) {
            let _ = writeln!(text, " {said}");
        }
        if self.has_migration() && self.is_seen(Metric::WriteOutage) {
            let _ = writeln!(text, " a single outage: {}", remarks::SINGLE_OUTAGES);
        }
        let latency = |n: usize| remarks::latency(&policies[n].plan).unwrap_or_default().to_owned();
        for (said, positions) in self.alike(latency) {
            if !said.is_empty() {
                let _ = writeln!(text, " {said} ({})", self.whose(&positions));
            }
        }
        let of_migration = |n: usize| {
            let estimator = self.study.estimator(n);
            let outcome = remarks::outcome_of_migration(&estimator);
            outcome.into_iter().chain(remarks::of_migration(&estimator)).collect()
        };
        self.render_lines(of_migration, text);
        self.render_lines(|n| remarks::of_operations(&policies[n].plan, &tallies[n]), text);
    }

    /// Lines of policies; those that several share stand once.
    fn render_lines(&self, of: impl Fn(usize) -> Vec<Remark>, text: &mut String) {
        const MOST: usize = 8;
        let mut lines: Vec<(Remark, Vec<usize>)> = Vec::new();
        for &n in &self.order {
            for remark in of(n) {
                match lines.iter_mut().find(|(other, _)| *other == remark) {
                    Some((_, positions)) => positions.push(n),
                    None => lines.push((remark, vec![n])),
                }
            }
        }
        for (Remark { label, text: said }, positions) in lines.iter().take(MOST) {
            let _ = writeln!(text, " {label} ({}): {said}", self.whose(positions));
        }
        if lines.len() > MOST {
            let n = lines.len() - MOST;
            let _ = writeln!(text, "   and {n} more such lines: --policy NAME tells those of one");
        }
    }

    /// Of which policies something is said.
    fn whose(&self, positions: &[usize]) -> String {
        match positions.len() == self.study.policies.len() {
            true => "all policies".to_owned(),
            false => self.labels.list(positions),
        }
    }

    /// What comparing on the same faults gains, where it gains most.
    fn render_pairing(&self, text: &mut String) {
        const MOST: usize = 8;
        for (name, metric) in
            [("write outage", Metric::WriteOutage), ("lost writes", Metric::LostWrites)]
        {
            let halves = |&n: &usize| {
                let difference = self.study.difference(n, metric)?;
                let halves = (difference.paired.half_width()?, difference.unpaired.half_width()?);
                (halves.1 > 0.0).then_some((n, halves))
            };
            let told: Vec<String> = self
                .order
                .iter()
                .filter_map(halves)
                .take(MOST)
                .map(|(n, (paired, unpaired))| {
                    let name = &self.labels.short[n];
                    let paired = half_width(metric, paired);
                    format!("{name} {paired}, apart {}", half_width(metric, unpaired))
                })
                .collect();
            if !told.is_empty() {
                let label = format!(" {name}: differences in pairs, and of two batches run apart:");
                table::wrap(&label, &told, text);
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

/// That something was the case in no trial.
fn never(estimator: &Estimator<'_>) -> String {
    format!("never (0 of {})", count(u128::from(estimator.tally.trials)))
}

/// The mean of a policy of its own.
fn mean_cell(estimate: &Estimate, (metric, moments): (Metric, &Moments)) -> Cell {
    match estimate.half_width() {
        _ if moments.is_all_zero() => "0 (in every trial)".to_owned().into(),
        Some(_) if is_time(metric) => table::mean_seconds_text(estimate).into(),
        Some(_) => table::mean_text(estimate).into(),
        None => few(estimate.value, (metric, moments)),
    }
}

/// The mean of differences: with its sign, and with a mark where none is shown.
fn difference_cell(paired: &Estimate, (metric, moments): (Metric, &Moments)) -> Cell {
    if moments.is_all_zero() {
        return "= (in every trial)".to_owned().into();
    }
    let mut cell: Cell = match paired.half_width() {
        Some(_) if is_time(metric) => signed_seconds(paired).into(),
        Some(_) => signed(paired).into(),
        None => {
            let mut cell = few(paired.value.abs(), (metric, moments));
            cell.text.insert_str(0, sign(paired.value));
            cell
        }
    };
    if paired.half_width().is_some() && !is_shown(paired) {
        cell.notes.push(Note::NotShown);
    }
    cell
}

/// A difference that is nothing but the rounding of sums, as zero.
fn without_noise(difference: &Estimate) -> Estimate {
    const NOISE: f64 = 1e-9;
    let half = difference.half_width().unwrap_or(0.0);
    let value = if difference.value.abs() < NOISE * half { 0.0 } else { difference.value };
    Estimate { value, ..*difference }
}

/// A mean difference of seconds with its sign and interval.
pub fn signed_seconds(difference: &Estimate) -> String {
    let difference = &without_noise(difference);
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
    let difference = &without_noise(difference);
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
fn few(value: f64, (metric, moments): (Metric, &Moments)) -> Cell {
    let value = if is_time(metric) { seconds(value) } else { significant(value, 3) };
    if moments.is_constant() {
        let text = format!("{value} (so far in every trial)");
        return Cell { text, notes: vec![Note::SoFar] };
    }
    let [some, all] = [moments.n_nonzero(), moments.n()].map(|n| count(u128::from(n)));
    Cell { text: format!("{value} (in {some} of {all})"), notes: vec![Note::Few] }
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
