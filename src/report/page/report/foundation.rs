//! What the numbers rest on: every value with its source, assumptions first, and what the model
//! leaves out.

use std::collections::BTreeMap;

use crate::scenario::resolved::{self, Giver, ResolvedValue};
use crate::scenario::{Experiment, Origin};

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
    /// Of all policies of an experiment.
    pub(super) fn of(experiment: &Experiment) -> Foundation {
        let mut order: Vec<&str> = Vec::new();
        let mut told: BTreeMap<&str, Vec<(Told, Vec<&str>)>> = BTreeMap::new();
        for policy in &experiment.policies {
            for value in &policy.resolved.values {
                let entries = told.entry(&value.path).or_insert_with(|| {
                    order.push(&value.path);
                    Vec::new()
                });
                let (mark, class) = mark(value);
                let this = (value.value.clone(), value.remark(), mark, class);
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
                of: if names.len() < n_policies { names.join(", ") } else { String::new() },
                remark: remark.clone(),
                class,
                mark,
            };
        let is_assumed = |(_, ((_, _, _, class), _)): &(&str, &(Told, Vec<&str>))| *class == "bad";
        Foundation {
            assumed: rows().filter(is_assumed).map(row).collect(),
            all: rows().map(row).collect(),
            model: resolved::model_assumptions().collect(),
            never: resolved::never_strikes(experiment),
        }
    }
}

/// Who gives a value, and how well it is founded.
fn mark(value: &ResolvedValue) -> (&'static str, &'static str) {
    let is_unfounded = value.origins.iter().any(|(_, origin)| origin.is_unfounded());
    let is_unsourced = value.origins.iter().any(|(_, origin)| *origin == Origin::Unsourced);
    match (value.giver, is_unfounded) {
        (Giver::Nobody, true) => ("default, assumed", "bad"),
        (Giver::Nobody, false) => ("default", "default"),
        (Giver::File | Giver::CommandLine, _) if is_unsourced => ("given, no source", "bad"),
        (Giver::File | Giver::CommandLine, _) => ("given", "given"),
    }
}
