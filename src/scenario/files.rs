//! Several scenario files side by side: one experiment with the policies of all.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::check::Shared;
use super::codes::Code;
use super::diagnostics::{Covers, Diagnostic, Errors, Place};
use super::expect::Expectation;
use super::experiment::{self, Given, Reading};
use super::overlay::Assignment;
use super::source::{At, Source, SourceKind};
use super::topology::AzNumbers;
use super::tree::Tree;
use super::{Experiment, Input, InputKind, Overrides, RandomNumbers};
use crate::engine::time::SimTime;
use crate::model::draws::entity;

/// A value of `[run]`.
pub(super) struct Common {
    /// Its path.
    pub path: &'static str,
    /// The value, or its default, as a number.
    pub value: u64,
    /// The same for people.
    pub shown: String,
    /// Where it stands, or would stand.
    pub place: Place,
}

/// Checks the scenarios of these files: the name of each as given, its bytes, and where the files
/// are that it names. There is at least one.
pub(super) fn of_files(
    files: &[(String, Vec<u8>, &Path)],
    overrides: &Overrides,
) -> Result<Experiment, Vec<Diagnostic>> {
    let mut shared = Shared::default();
    let mut readings = Vec::new();
    let mut mistakes: Vec<Diagnostic> = Vec::new();
    for (name, bytes, base_dir) in files {
        match experiment::of_file(Given { name, bytes, base_dir }, overrides, &mut shared) {
            Ok(reading) => readings.push(reading),
            Err(found) => add(&mut mistakes, found),
        }
    }
    if !mistakes.is_empty() {
        let remarks = readings.into_iter().map(|reading| reading.experiment.remarks);
        remarks.for_each(|remarks| add(&mut mistakes, remarks));
        return Err(by_file(mistakes, files));
    }
    if let [_] = readings.as_slice() {
        let only = readings.pop().expect("there is one");
        return Ok(only.experiment);
    }
    let found = disagreements(&readings);
    match found.is_empty() {
        true => side_by_side(readings, files),
        false => Err(found),
    }
}

/// Notes for each policy which file it comes from, and what it is called there.
pub(super) fn name_in_file(experiment: &mut Experiment, path: &Path) {
    let is_one = experiment.policies.len() == 1;
    let mut own = AzNumbers::default();
    for policy in &mut experiment.policies {
        policy.file = path.to_owned();
        policy.name_in_file = (!is_one).then(|| policy.name.clone());
        let azs = &policy.plan.azs;
        let is_own = azs
            .iter()
            .fold(true, |is_own, az| is_own & (entity::az(own.number(&az.name)) == az.entity));
        policy.random_numbers =
            if is_own { RandomNumbers::OfFile } else { RandomNumbers::OfAllFiles };
    }
}

/// A file and the samples that were read for it.
pub(super) fn inputs(file: Given<'_>, samples: Vec<(PathBuf, Arc<[u8]>)>) -> Vec<Input> {
    let (path, bytes) = (PathBuf::from(file.name), file.bytes.to_vec());
    let scenario = Input { path, bytes, kind: InputKind::Scenario };
    let sample = |(path, bytes): (PathBuf, Arc<[u8]>)| Input {
        path,
        bytes: bytes.to_vec(),
        kind: InputKind::Sample,
    };
    [scenario].into_iter().chain(samples.into_iter().map(sample)).collect()
}

/// What of `[run]` is common to files that are compared.
/// It is read from `base`, unless options set it.
pub(super) fn common(
    (base, sets): (&Tree, &[Assignment]),
    experiment: &Experiment,
    start: &At,
) -> Vec<Common> {
    let plan = &experiment.policies[0].plan;
    let (horizon, warm_up) =
        (plan.horizon.since(SimTime::START), plan.warm_up.since(SimTime::START));
    let (seed, trials) = (experiment.seed, experiment.trials);
    let values = [
        ("run.horizon", horizon.as_nanos(), horizon.to_string()),
        ("run.warm-up", warm_up.as_nanos(), warm_up.to_string()),
        ("run.seed", seed, seed.to_string()),
        ("run.trials", trials, trials.to_string()),
    ];
    let run = base.entry("run");
    let place = |path: &'static str| {
        let key = path.trim_start_matches("run.");
        let set = sets.iter().rev().find(|set| set.path == path).map(|set| &set.at);
        let table = run.and_then(|run| run.node.as_table());
        let entry = table.and_then(|table| table.entry(key));
        let at = set.or(entry.map(|entry| &entry.key_at)).or(run.map(|run| &run.key_at));
        let at = at.unwrap_or(start).clone();
        Place { path: path.to_owned(), at, covers: Covers::Key }
    };
    let common = |(path, value, shown)| Common { path, value, shown, place: place(path) };
    values.into_iter().map(common).collect()
}

/// Adds what is found to a list, but what is said of an option only once.
fn add(list: &mut Vec<Diagnostic>, found: Vec<Diagnostic>) {
    for diagnostic in found {
        if diagnostic.source.kind != SourceKind::Argument || !list.contains(&diagnostic) {
            list.push(diagnostic);
        }
    }
}

/// In the order of the files, and behind them what is said of options.
fn by_file(mut list: Vec<Diagnostic>, files: &[(String, Vec<u8>, &Path)]) -> Vec<Diagnostic> {
    let number = |diagnostic: &Diagnostic| {
        files.iter().position(|(name, ..)| *name == diagnostic.source.name).unwrap_or(files.len())
    };
    list.sort_by_key(|diagnostic| (diagnostic.order().0, number(diagnostic)));
    list
}

/// Reports each value of `[run]` in which a file differs from the first one.
fn disagreements(readings: &[Reading]) -> Vec<Diagnostic> {
    let mut errors = Errors::default();
    let (first, others) = readings.split_first().expect("there are several files");
    for (n, one) in first.common.iter().enumerate() {
        let differs = |other: &&Common| other.value != one.value;
        let Some(other) = others.iter().map(|other| &other.common[n]).find(differs) else {
            continue;
        };
        let message = format!(
            "is {} in {} and {} in {}: files that are compared must agree",
            other.shown, other.place.at.source.name, one.shown, one.place.at.source.name
        );
        let hint = match one.path {
            "run.seed" => "write the same in both, or give --seed".to_owned(),
            "run.trials" => "write the same in both, or give --trials".to_owned(),
            path => format!("write the same in both, or give --set {path}=…"),
        };
        let diagnostic = errors.report(Code::FilesDisagree, &other.place, message);
        diagnostic.hint(hint);
        diagnostic.relate(&one.place.at, "the first file");
    }
    errors.into_list()
}

/// One experiment of all readings, at least two, which agree.
fn side_by_side(
    readings: Vec<Reading>,
    files: &[(String, Vec<u8>, &Path)],
) -> Result<Experiment, Vec<Diagnostic>> {
    let mut experiments: Vec<Experiment> =
        readings.into_iter().map(|reading| reading.experiment).collect();
    let labels = labels(&experiments, files);
    for (experiment, label) in experiments.iter_mut().zip(&labels) {
        rename(experiment, label);
    }
    let mut names = BTreeSet::new();
    let mut policies = experiments.iter().flat_map(|experiment| &experiment.policies);
    if let Some(twice) = policies.find(|policy| !names.insert(&policy.name)) {
        let mut errors = Errors::default();
        let message = format!("another file has a policy that is called `{}` too", twice.name);
        let hint = "results are told apart by it: rename the policy or the file";
        errors.report(Code::NotUnique, &start_of(&twice.file), message).hint(hint);
        return Err(errors.into_list());
    }
    let stems: Vec<&str> = experiments.iter().map(|experiment| experiment.stem.as_str()).collect();
    let (name, stem) = (stems.join(" + "), stems.join("+"));
    let same = same_policies(&experiments);
    let mut experiments = experiments.into_iter();
    let mut all = experiments.next().expect("there are several files");
    for experiment in experiments {
        all.policies.extend(experiment.policies);
        all.expectations.extend(experiment.expectations);
        all.inputs.extend(experiment.inputs);
        add(&mut all.remarks, experiment.remarks);
    }
    all.remarks.extend(same);
    all.remarks = by_file(all.remarks, files);
    Ok(Experiment { name, stem, ..all })
}

/// What the policies of each file are called after: its stem, or its path where two files have
/// the same stem or policies would have the same name.
fn labels(experiments: &[Experiment], files: &[(String, Vec<u8>, &Path)]) -> Vec<String> {
    let stems: Vec<String> = experiments.iter().map(|experiment| experiment.stem.clone()).collect();
    let n_different = stems.iter().collect::<BTreeSet<&String>>().len();
    match n_different == stems.len() {
        true => stems,
        false => files.iter().map(|(name, ..)| name.clone()).collect(),
    }
}

/// Calls all policies after their file.
fn rename(experiment: &mut Experiment, label: &str) {
    let bases: BTreeSet<String> =
        experiment.policies.iter().map(|policy| policy.base.clone()).collect();
    let (n_policies, n_bases) = (experiment.policies.len(), bases.len());
    let name_of = |name: &str, n: usize| match n {
        1 => label.to_owned(),
        _ => format!("{label}: {name}"),
    };
    let mut expectations = Vec::new();
    for expectation in &experiment.expectations {
        let named = expectation.policy.as_ref();
        let renamed = |policy| Expectation { policy: Some(policy), ..expectation.clone() };
        match named {
            Some(name) if !bases.contains(name) => {
                expectations.push(renamed(name_of(name, n_policies)));
            }
            _ => {
                let meant = bases.iter().filter(|base| named.is_none_or(|name| name == *base));
                expectations.extend(meant.map(|base| renamed(name_of(base, n_bases))));
            }
        }
    }
    experiment.expectations = expectations;
    for policy in &mut experiment.policies {
        policy.name = name_of(&policy.name, n_policies);
        policy.base = name_of(&policy.base, n_bases);
    }
}

/// The start of a file that has no mistake to point at.
fn start_of(file: &Path) -> Place {
    let source = Source::new(file.display().to_string(), "", SourceKind::File);
    Place { path: String::new(), at: At { source, span: 0..0 }, covers: Covers::Key }
}

/// Warns of policies that are the same in two files; each file has told of its own.
fn same_policies(experiments: &[Experiment]) -> Option<Diagnostic> {
    let mut same = Vec::new();
    for (n, experiment) in experiments.iter().enumerate() {
        for policy in &experiment.policies {
            let mut before = experiments[..n].iter().flat_map(|other| &other.policies);
            let other = before.find(|other| {
                other.objectives == policy.objectives
                    && experiment::are_alike(&other.plan, &policy.plan)
            });
            same.extend(other.map(|other| (policy, other)));
        }
    }
    let (policy, other) = same.first()?;
    let mut errors = Errors::default();
    let message = format!("`{}` comes to the same as `{}`", policy.name, other.name);
    let diagnostic = errors.report(Code::SamePolicies, &start_of(&policy.file), message);
    diagnostic.hint("no number depends on what they differ in: their difference will be zero");
    if same.len() > 1 {
        diagnostic.hint(format!("and {} more are the same as others", same.len() - 1));
    }
    Some(diagnostic.clone())
}
