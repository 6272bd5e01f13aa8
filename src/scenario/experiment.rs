//! From a text and its overlays to an [`Experiment`]: the policies, the cells of the sweep, and
//! which mistake belongs to which of them.

use std::path::Path;
use std::sync::Arc;

use super::check::{self, Checked, Shared};
use super::codes::{Code, Severity};
use super::diagnostics::{Covers, Diagnostic, Errors, Place, hint_likest};
use super::expect::{self, Fate, Subject};
use super::files::{self, Common};
use super::overlay::{self, Assignment, Axis};
use super::policies::{self, PolicyDraft};
use super::sensitivity::Origins;
use super::source::{At, Source, SourceKind};
use super::toml_text;
use super::tree::{Node, Tree};
use super::{Experiment, LARGEST, Overrides, Policy};
use crate::model::plan::Plan;

/// Cells of an experiment: more would be a slip, and take long to check.
pub(super) const MOST_CELLS: usize = 1_000;
/// Values that all cells together are read from.
const MOST_CELL_VALUES: usize = 1_000_000;
/// Nodes of all cells together.
const MOST_CELL_NODES: usize = 300_000;

/// A policy with values for all axes of the sweep.
struct Cell<'a> {
    policy: &'a PolicyDraft,
    values: Vec<&'a Assignment>,
}

impl Cell<'_> {
    /// The values in words: "group.replicas=1, run.horizon=1y".
    fn values_shown(&self) -> String {
        let shown: Vec<String> =
            self.values.iter().map(|value| format!("{}={}", value.path, value.shown)).collect();
        shown.join(", ")
    }

    fn name(&self) -> String {
        match (self.policy.place.is_some(), self.values.is_empty()) {
            (_, true) => self.policy.name.clone(),
            (true, false) => format!("{}, {}", self.policy.name, self.values_shown()),
            (false, false) => self.values_shown(),
        }
    }
}

/// Everything that a text and the options say, before it is read.
struct Parts {
    base: Tree,
    policies: Vec<PolicyDraft>,
    axes: Vec<Axis>,
    sets: Vec<Assignment>,
    expectations: Vec<expect::Draft>,
}

/// A file that was read.
pub(super) struct Given<'a> {
    /// Its name as the user wrote it.
    pub name: &'a str,
    /// What it holds.
    pub bytes: &'a [u8],
    /// Files that it names are relative to this directory.
    pub base_dir: &'a Path,
}

/// What a file comes to.
pub(super) struct Reading {
    /// Its policies.
    pub experiment: Experiment,
    /// What it and those that it is compared with must agree in.
    pub common: Vec<Common>,
}

/// Checks the scenario of one file.
pub(super) fn of_file(
    file: Given<'_>,
    overrides: &Overrides,
    shared: &mut Shared,
) -> Result<Reading, Vec<Diagnostic>> {
    let Given { name, bytes, base_dir } = file;
    let mut errors = Errors::default();
    let source = text_of(name, bytes, &mut errors);
    if errors.has_errors() {
        return Err(errors.into_list());
    }
    let stem = Path::new(name).file_stem().map_or("scenario".into(), |stem| stem.to_string_lossy());
    let start = At { source: source.clone(), span: 0..0 };
    let root = toml_text::parse(&source, &mut errors);
    let is_broken = errors.has_errors();
    let mut parts = parts(root, &stem, overrides, &mut errors);
    let mut expectations = std::mem::take(&mut parts.expectations);
    if is_broken {
        // The policies that they name may stand in lines that could not be read.
        expectations.clear();
    }
    let cells = cells(&parts, &start, &mut errors);
    let mut judge = Judge { expectations, ..Judge::default() };
    let mut n_nodes = 0;
    for cell in &cells {
        let azs_before = shared.azs.clone();
        let mut in_cell = Errors::default();
        let mut tree = parts.base.clone();
        overlay::apply(&mut tree, &cell.policy.overlay, &mut in_cell);
        for assignment in cell.values.iter().copied().chain(&parts.sets) {
            overlay::apply(&mut tree, &assignment.tree, &mut in_cell);
        }
        for assignment in cell.values.iter().filter(|value| !overlay::holds(&tree, value)) {
            let path = assignment.path.clone();
            let place = Place { path, at: assignment.at.clone(), covers: Covers::Key };
            let message = "another sweep or option takes the place of these values";
            let hint = "the cells would not have the values that they are called by: leave one out";
            in_cell.report(Code::SetTwice, &place, message).hint(hint);
        }
        let (checked, mut found) = check::check(&tree, (&start, &stem), base_dir, shared);
        if is_broken {
            // What seems to be absent may stand in the lines that could not be read.
            let is_doubtful =
                |code| matches!(code, Code::MissingKey | Code::NoneOf | Code::NothingHappens);
            found.retain(|d| !is_doubtful(d.code));
        }
        let checked = checked.filter(|_| !in_cell.has_errors());
        found.extend(in_cell.into_list());
        match &checked {
            Some(checked) => n_nodes += checked.plan.nodes.len(),
            None => shared.azs = azs_before,
        }
        let read = Origins {
            tree,
            start: start.clone(),
            stem: stem.to_string(),
            base_dir: base_dir.to_owned(),
            shared: shared.clone(),
        };
        judge.add(cell, read, checked, found);
        if n_nodes > MOST_CELL_NODES {
            let message = format!("the cells have more than {MOST_CELL_NODES} nodes together");
            too_many_cells(&parts, &start, message, &mut errors);
            break;
        }
    }
    let mut experiment = judge.verdict(&cells, errors, (stem.into_owned(), overrides))?;
    files::name_in_file(&mut experiment, Path::new(name));
    experiment.inputs = files::inputs(file, shared.samples.take_read());
    let common = files::common((&parts.base, &parts.sets), &experiment, &start);
    Ok(Reading { experiment, common })
}

/// The bytes as a text, if they are one.
fn text_of(name: &str, bytes: &[u8], errors: &mut Errors) -> Arc<Source> {
    if bytes.len() as u64 > LARGEST {
        let source = Source::new(name, "", SourceKind::File);
        let message = format!("the file is larger than {}", super::units::shown_size(LARGEST));
        let hint = "ten thousand nodes fit, each written out; is this a scenario?";
        let at = At { source: source.clone(), span: 0..0 };
        errors.syntax(Code::TooLarge, at, &message).hint(hint);
        return source;
    }
    match std::str::from_utf8(bytes) {
        // Editors do not count the byte order mark as a character, and neither do we.
        Ok(text) => {
            let text = text.strip_prefix('\u{feff}').unwrap_or(text);
            Source::new(name, text, SourceKind::File)
        }
        Err(error) => {
            let end = error.valid_up_to();
            let valid = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default());
            let source = Source::new(name, valid, SourceKind::File);
            let at = At { source: source.clone(), span: end..end };
            let hint = match bytes {
                [0xfe, 0xff, ..] | [0xff, 0xfe, ..] => "this looks like UTF-16: save it as UTF-8",
                _ => "save it as UTF-8; is this a text file?",
            };
            let message = "the file is not UTF-8 from here on";
            errors.syntax(Code::NotUtf8, at, message).hint(hint);
            source
        }
    }
}

/// Takes the document apart and reads the options.
fn parts(mut base: Tree, stem: &str, overrides: &Overrides, errors: &mut Errors) -> Parts {
    let mut policies = Vec::new();
    if let Some(entry) = base.remove("policy") {
        policies = policies::read(&entry.node, errors);
    }
    let expectations = base.remove("expect");
    let expectations = expectations.map(|entry| expect::read(&entry.node, errors));
    let sweep = base.remove("sweep");
    let mut axes = sweep.map(|entry| overlay::sweep_table(&entry.node, errors)).unwrap_or_default();
    check_axes(&axes, errors);
    let given: Vec<Axis> =
        overrides.sweep.iter().filter_map(|text| overlay::sweep(text, errors)).collect();
    check_axes(&given, errors);
    let mut sets: Vec<Assignment> =
        overrides.set.iter().filter_map(|text| overlay::set(text, errors)).collect();
    // What the command line says comes in place of the file's axis of the same path.
    axes.retain(|axis| given.iter().all(|other| other.path != axis.path));
    axes.extend(given);
    axes.retain(|axis| sets.iter().all(|set| set.path != axis.path));
    axes.retain(|axis| check_common(&axis.path, &axis.at, CommonTo::Cells, errors));
    sets.retain(|set| check_common(&set.path, &set.at, CommonTo::Experiment, errors));
    let others = axes.iter().flat_map(|axis| axis.values.first()).chain(&sets);
    let others: Vec<&Tree> = others.map(|assignment| &assignment.tree).collect();
    for policy in &mut policies {
        policies::lay_preset(policy, &base, &others, errors);
    }
    for policy in &policies {
        check_replaced(policy, &axes, &sets, errors);
    }
    if policies.is_empty() {
        let set = sets.iter().rev().find_map(|set| set.tree.get("name"));
        let name = match set.or_else(|| base.get("name")).and_then(Node::as_text) {
            Some(name) => name.to_owned(),
            None => stem.to_owned(),
        };
        policies.push(PolicyDraft::of_file(name));
    }
    Parts { base, policies, axes, sets, expectations: expectations.unwrap_or_default() }
}

/// What a value may not differ in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum CommonTo {
    /// The cells of an experiment.
    Cells,
    /// Nothing may change it but the file.
    Experiment,
}

/// Whether an overlay may set a path; if not, that is reported.
pub(super) fn check_common(path: &str, at: &At, common_to: CommonTo, errors: &mut Errors) -> bool {
    let first = path.split('.').next().unwrap_or_default();
    let is_refused = match first {
        "schema" | "policy" | "sweep" | "expect" => true,
        "run" | "name" => common_to == CommonTo::Cells,
        _ => false,
    };
    if is_refused {
        let place = Place { path: path.to_owned(), at: at.clone(), covers: Covers::Key };
        let (message, hint) = match common_to {
            CommonTo::Cells => (
                "is common to all policies and cells",
                "they are run over the same time with the same random numbers",
            ),
            CommonTo::Experiment => ("cannot be set from here", "change it in the file"),
        };
        errors.report(Code::NotForOnePolicy, &place, message).hint(hint);
    }
    !is_refused
}

/// Warns of values of a policy in place of which a sweep or an option puts its own.
fn check_replaced(policy: &PolicyDraft, axes: &[Axis], sets: &[Assignment], errors: &mut Errors) {
    let swept = axes.iter().map(|axis| (&axis.path, &axis.at));
    let set = sets.iter().map(|set| (&set.path, &set.at));
    let others: Vec<(&String, &At)> = swept.chain(set).collect();
    overlay::each_value(&policy.overlay, &mut |path, key_at| {
        if let Some((_, at)) = others.iter().find(|(other, _)| overlay::is_in(other, path)) {
            let path = path.to_owned();
            let place = Place { path, at: key_at.clone(), covers: Covers::Key };
            let message = format!("another value comes in place of that of `{}`", policy.name);
            errors
                .report(Code::WithoutEffect, &place, message)
                .hint("leave it out of the policy, or do not sweep or set it")
                .relate(at, "it comes from here");
        }
    });
}

/// Reports paths that two axes share.
fn check_axes(axes: &[Axis], errors: &mut Errors) {
    for (n, axis) in axes.iter().enumerate() {
        let is_inside = |other: &&Axis| {
            overlay::is_in(&axis.path, &other.path) || overlay::is_in(&other.path, &axis.path)
        };
        if let Some(first) = axes[..n].iter().find(is_inside) {
            let place = Place { path: axis.path.clone(), at: axis.at.clone(), covers: Covers::Key };
            let (message, hint) = match first.path == axis.path {
                true => ("is swept twice", "write one list with all its values"),
                false => ("is swept as a whole and in part", "sweep one of the two"),
            };
            let diagnostic = errors.report(Code::SetTwice, &place, message);
            diagnostic.hint(hint);
            diagnostic.relate(&first.at, "the first time");
        }
    }
}

/// All combinations of a policy and a value of each axis, the last axis fastest.
fn cells<'p>(parts: &'p Parts, start: &At, errors: &mut Errors) -> Vec<Cell<'p>> {
    let n_values = |axis: &Axis| axis.values.len().max(1);
    let n_cells = parts.axes.iter().map(n_values).fold(parts.policies.len(), usize::saturating_mul);
    let n_read = n_cells.saturating_mul(parts.base.n_values());
    if n_cells > MOST_CELLS || n_cells > 1 && n_read > MOST_CELL_VALUES {
        let message = format!("policies and sweep make {n_cells} cells");
        too_many_cells(parts, start, message, errors);
        return Vec::new();
    }
    let mut cells: Vec<Cell<'p>> =
        parts.policies.iter().map(|policy| Cell { policy, values: Vec::new() }).collect();
    for axis in &parts.axes {
        let with_each = |cell: Cell<'p>| {
            let Cell { policy, values } = cell;
            axis.values.iter().map(move |value| {
                let values = values.iter().copied().chain([value]).collect();
                Cell { policy, values }
            })
        };
        cells = cells.into_iter().flat_map(with_each).collect();
    }
    cells
}

fn too_many_cells(parts: &Parts, start: &At, message: String, errors: &mut Errors) {
    let at = match (parts.axes.first(), parts.policies.first()) {
        (Some(axis), _) => axis.at.clone(),
        (None, Some(PolicyDraft { place: Some(place), .. })) => place.at.clone(),
        (None, _) => start.clone(),
    };
    let place = Place { path: String::new(), at, covers: Covers::Key };
    let hint = format!(
        "at most {MOST_CELLS} cells, with {MOST_CELL_NODES} nodes and {MOST_CELL_VALUES} values \
         in all, are possible"
    );
    errors.report(Code::TooManyCells, &place, message).hint(hint);
}

/// Gathers what was found in each cell.
#[derive(Default)]
struct Judge {
    policies: Vec<(usize, Policy, Checked)>,
    /// What was found, and in which cells.
    found: Vec<(Diagnostic, Vec<usize>)>,
    n_cells: usize,
    expectations: Vec<expect::Draft>,
}

impl Judge {
    fn add(
        &mut self,
        cell: &Cell<'_>,
        read: Origins,
        checked: Option<Checked>,
        found: Vec<Diagnostic>,
    ) {
        let n = self.n_cells;
        self.n_cells += 1;
        for diagnostic in found {
            match self.found.iter_mut().find(|(other, _)| other.is_same(&diagnostic)) {
                Some((_, cells)) if cells.last() == Some(&n) => {}
                Some((_, cells)) => cells.push(n),
                None => self.found.push((diagnostic, vec![n])),
            }
        }
        let Some(mut checked) = checked else {
            return;
        };
        let policy = Policy::new(cell.name(), cell.policy.name.clone(), &mut checked, read);
        self.policies.push((n, policy, checked));
    }

    /// The experiment, or everything that is wrong. A cell that is invalid is skipped if its
    /// policy has a valid one.
    fn verdict(
        mut self,
        cells: &[Cell<'_>],
        errors: Errors,
        (stem, overrides): (String, &Overrides),
    ) -> Result<Experiment, Vec<Diagnostic>> {
        let is_valid = |n: usize| self.policies.iter().any(|(valid, ..)| *valid == n);
        let has_valid_sibling = |n: usize| {
            let of = |n: usize| cells[n].policy as *const PolicyDraft;
            (0..self.n_cells).any(|other| is_valid(other) && of(other) == of(n))
        };
        let is_skipped: Vec<bool> =
            (0..self.n_cells).map(|n| !is_valid(n) && has_valid_sibling(n)).collect();
        let mut list = Vec::new();
        let mut skipped: Vec<(usize, Vec<Diagnostic>)> = Vec::new();
        for (mut diagnostic, places) in std::mem::take(&mut self.found) {
            let (lost, kept): (Vec<usize>, Vec<usize>) =
                places.into_iter().partition(|&n| is_skipped[n]);
            if diagnostic.severity() == Severity::Error {
                for n in lost {
                    match skipped.iter_mut().find(|(other, _)| *other == n) {
                        Some((_, reasons)) => reasons.push(diagnostic.clone()),
                        None => skipped.push((n, vec![diagnostic.clone()])),
                    }
                }
            }
            if kept.is_empty() {
                continue;
            }
            if kept.len() < self.n_cells {
                diagnostic.policies = kept.iter().map(|&n| cells[n].name()).collect();
            }
            list.push(diagnostic);
        }
        skipped.sort_by_key(|(n, _)| *n);
        for (n, reasons) in &skipped {
            list.push(skipped_cell(&cells[*n], reasons));
        }
        let subjects = self.subjects(cells, &is_skipped);
        let drafts = std::mem::take(&mut self.expectations);
        let (expectations, mut about_expectations) = expect::settle(drafts, &subjects);
        list.append(&mut about_expectations);
        let mut whole = errors.into_list();
        let is_broken = whole.iter().chain(&list).any(|d| d.severity() == Severity::Error);
        if !is_broken {
            list.extend(same_policies(&self.policies, cells));
        }
        whole.append(&mut list);
        whole.sort_by_key(Diagnostic::order);
        if is_broken {
            return Err(whole);
        }
        let first = &self.policies.first().expect("without errors there is a valid cell").2;
        Ok(Experiment {
            name: first.plan.name.clone(),
            stem,
            seed: overrides.seed.unwrap_or(first.seed),
            trials: overrides.trials.unwrap_or(first.trials),
            policies: self.policies.into_iter().map(|(_, policy, _)| policy).collect(),
            expectations,
            inputs: Vec::new(),
            remarks: whole,
        })
    }

    /// The cells as expectations may name them.
    fn subjects(&self, cells: &[Cell<'_>], is_skipped: &[bool]) -> Vec<Subject> {
        let fate = |n: usize| match self.policies.iter().find(|(valid, ..)| *valid == n) {
            Some((_, policy, _)) => Fate::Run(policy.objectives),
            None if is_skipped[n] => Fate::Skipped,
            None => Fate::Invalid,
        };
        let subject = |n: usize| {
            let (name, base) = (cells[n].name(), cells[n].policy.name.clone());
            Subject { name, base, fate: fate(n) }
        };
        (0..self.n_cells).map(subject).collect()
    }
}

/// Tells that a cell is skipped, and why.
fn skipped_cell(cell: &Cell<'_>, reasons: &[Diagnostic]) -> Diagnostic {
    let mut errors = Errors::default();
    let at = cell
        .values
        .last()
        .map_or_else(|| reasons[0].source.clone(), |value| value.value_at.source.clone());
    let span = cell.values.last().map_or(0..0, |value| value.value_at.span.clone());
    let place = Place { path: String::new(), at: At { source: at, span }, covers: Covers::Key };
    let message = format!("`{}` is invalid and skipped", cell.name());
    let diagnostic = errors.report(Code::CellSkipped, &place, message);
    for reason in reasons {
        diagnostic.hint(format!("{}: {}", reason.code.id(), reason.summary()));
        for hint in &reason.hints {
            diagnostic.hint(hint.clone());
        }
    }
    let lacks_replica = |reason: &Diagnostic| {
        [Code::MultiAzWithoutReplica, Code::FailoverWithoutReplica].contains(&reason.code)
    };
    if reasons.iter().all(lacks_replica) {
        diagnostic.hint(
            "leave group.multi-az and group.automatic-failover out of the scenario: then they are \
             on where there are replicas, and off where there are none",
        );
    }
    diagnostic.clone()
}

/// Whether two plans give the same numbers. Multi-AZ is a promise that changes none (MZ-66) where
/// nobody calls the API and nothing is replaced as planned (MZ-08, MZ-10).
pub(super) fn are_alike(one: &Plan, other: &Plan) -> bool {
    let is_planned = |plan: &Plan| {
        let mut script = plan.script.iter();
        !plan.service_updates.is_empty() || script.any(|scripted| scripted.fault().is_none())
    };
    if is_planned(one) || is_planned(other) {
        let mut one = one.clone();
        one.name.clone_from(&other.name);
        return one == *other;
    }
    let multi_az = |plan: &Plan| plan.groups.iter().map(|g| g.multi_az).collect::<Vec<_>>();
    if multi_az(one) == multi_az(other) && one.name == other.name {
        return one == other;
    }
    let mut one = one.clone();
    one.name.clone_from(&other.name);
    for (group, other) in one.groups.iter_mut().zip(&other.groups) {
        group.multi_az = other.multi_az;
    }
    one == *other
}

/// Warns of policies that are the same.
fn same_policies(policies: &[(usize, Policy, Checked)], cells: &[Cell<'_>]) -> Option<Diagnostic> {
    let mut same = policies.iter().enumerate().filter_map(|(n, (cell, policy, _))| {
        let mut before = policies[..n].iter();
        let other = before.find(|(_, other, _)| {
            other.objectives == policy.objectives && are_alike(&other.plan, &policy.plan)
        })?;
        Some((*cell, policy, &other.1))
    });
    let (cell, policy, other) = same.next()?;
    let n_more = same.count();
    let cell = &cells[cell];
    let at = match (&cell.policy.place, cell.values.last()) {
        (_, Some(value)) => value.value_at.clone(),
        (Some(place), None) => place.at.clone(),
        (None, None) => return None,
    };
    let place = Place { path: String::new(), at, covers: Covers::Key };
    let is_same = policy.plan == other.plan;
    let message = match is_same {
        true => format!("`{}` is the same as `{}`", policy.name, other.name),
        false => format!("`{}` differs from `{}` in multi-az only", policy.name, other.name),
    };
    let mut errors = Errors::default();
    let diagnostic = errors.report(Code::SamePolicies, &place, message);
    diagnostic.hint(match is_same {
        true => "what it sets is so without it already: their difference will be zero",
        false => {
            "Multi-AZ promises placement and changes no number itself: compare azs, or \
             automatic-failover (MZ-66)"
        }
    });
    if n_more > 0 {
        diagnostic.hint(format!("and {n_more} more are the same as others"));
    }
    Some(diagnostic.clone())
}

/// A policy that an option names.
pub(crate) struct Asked<'a> {
    /// The option.
    pub(crate) option: &'static str,
    /// The name.
    pub(crate) name: &'a str,
}

/// What is said to who asks for a policy that is none of the experiment's.
pub(crate) fn unknown_policy(experiment: &Experiment, asked: &Asked<'_>) -> String {
    let Asked { option, name } = *asked;
    let source = Source::new(option, name, SourceKind::Argument);
    let place = Place {
        path: String::new(),
        at: At { source, span: 0..name.len() },
        covers: Covers::Value,
    };
    let mut errors = Errors::default();
    let diagnostic = errors.report(Code::UnknownId, &place, "is not a policy of the scenario");
    let mut known: Vec<&str> = Vec::new();
    for policy in &experiment.policies {
        for name in [&policy.base, &policy.name] {
            if !known.contains(&name.as_str()) {
                known.push(name);
            }
        }
    }
    hint_likest(diagnostic, name, known);
    diagnostic.to_string()
}
