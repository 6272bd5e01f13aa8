//! What the numbers rest on: every value with its source, assumptions first, and what the model
//! leaves out.

use std::collections::BTreeMap;

use super::prose::isolated;
use crate::report::results::{Options, Results};
use crate::scenario::Origin;
use crate::scenario::resolved::{self, Giver, ResolvedValue};

/// All of it.
pub(super) struct Foundation {
    pub(super) assumed: Vec<Value>,
    pub(super) all: Vec<Value>,
    pub(super) model: Vec<&'static str>,
    pub(super) never: Vec<String>,
}

/// A value that results depend on.
pub(super) struct Value {
    pub(super) path: String,
    pub(super) value: String,
    /// The policies that have it, where others have another.
    pub(super) of: String,
    pub(super) remark: String,
    pub(super) class: &'static str,
    /// Who gives it, in a word.
    pub(super) mark: &'static str,
}

/// A value and what is said of it.
type Told = (String, String, &'static str, &'static str);

impl Foundation {
    /// Of all policies of a study.
    pub(super) fn of(results: &Results) -> Foundation {
        let experiment = &results.kept.experiment;
        let options = &results.kept.manifest.inputs.options;
        let mut order: Vec<&str> = Vec::new();
        let mut told: BTreeMap<&str, Vec<(Told, Vec<&str>)>> = BTreeMap::new();
        for policy in &experiment.policies {
            for value in &policy.resolved.values {
                let entries = told.entry(&value.path).or_insert_with(|| {
                    order.push(&value.path);
                    Vec::new()
                });
                let this = by_option(value, options).unwrap_or_else(|| {
                    let (mark, class) = mark(value);
                    (value.value.clone(), value.remark(), mark, class)
                });
                match entries.iter_mut().find(|(other, _)| *other == this) {
                    Some((_, names)) => names.push(&policy.name),
                    None => entries.push((this, vec![&policy.name])),
                }
            }
        }
        let n_policies = experiment.policies.len();
        let rows = || order.iter().flat_map(|path| told[path].iter().map(move |it| (*path, it)));
        let row =
            |(path, ((value, remark, mark, class), names)): (&str, &(Told, Vec<&str>))| Value {
                path: path.to_owned(),
                value: value.clone(),
                of: if names.len() < n_policies { list(names) } else { String::new() },
                remark: remark.clone(),
                class,
                mark,
            };
        let is_assumed = |(_, ((_, _, _, class), _)): &(&str, &(Told, Vec<&str>))| *class == "bad";
        let never = resolved::never_strikes(experiment).into_iter();
        let never = never.map(|(absent, names)| match names.is_empty() {
            true => absent,
            false => format!("{absent} in {}", list(&names)),
        });
        Foundation {
            assumed: rows().filter(is_assumed).map(row).collect(),
            all: rows().map(row).collect(),
            model: resolved::model_assumptions().collect(),
            never: never.collect(),
        }
    }
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| isolated(name)).collect::<Vec<String>>().join(", ")
}

/// A value of `[run]` in whose place an option put another.
fn by_option(value: &ResolvedValue, options: &Options) -> Option<Told> {
    let (ran, remark) = match value.path.as_str() {
        "run.seed" => (options.seed, "by an option of the command line"),
        "run.trials" if options.precision.is_empty() => {
            (options.trials, "by an option of the command line")
        }
        "run.trials" => (options.trials, "at most, by options of the command line"),
        _ => return None,
    };
    let is_as_written = value.value.replace('_', "").parse() == Ok(ran);
    (!is_as_written).then(|| (ran.to_string(), remark.to_owned(), "command line", "given"))
}

/// Who gives a value, and how well it is founded.
fn mark(value: &ResolvedValue) -> (&'static str, &'static str) {
    let is_unfounded = value.origins.iter().any(|(_, origin)| origin.is_unfounded());
    let is_unsourced = value.origins.iter().any(|(_, origin)| *origin == Origin::Unsourced);
    match (value.giver, is_unfounded) {
        (Giver::Nobody, true) => ("default, assumed", "bad"),
        (Giver::Nobody, false) => ("default", "default"),
        (Giver::File | Giver::CommandLine, _) if is_unsourced => ("given, no source", "bad"),
        (Giver::File, _) => ("given", "given"),
        (Giver::CommandLine, _) => ("command line", "given"),
    }
}
