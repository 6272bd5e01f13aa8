//! `ecsim compare`.

use std::path::PathBuf;

use clap::Args;

use super::keep::KeepOptions;
use super::show::{Format, Request};
use super::study::BatchOptions;
use super::{Changes, Failure, Talk, called, load_all, quoted};
use crate::report::diagnostic::Colour;
use crate::scenario::{self, Experiment, Policy};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The scenarios
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The policy, or cell of a sweep, that the others are compared with; the first if left out
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    reference: Option<String>,
    #[command(flatten)]
    options: BatchOptions,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    keep: KeepOptions,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

pub(super) fn run(arguments: &Arguments, colour: Colour, talk: Talk) -> Result<(), Failure> {
    let Arguments { files, options, changes, keep, format, .. } = arguments;
    let experiment = load_all(files, &changes.overrides(options.trials, options.seed))?;
    let mut policies = changes.choose(&experiment)?;
    let reference = match &arguments.reference {
        None => policies[0],
        Some(name) => find(&experiment, name)?,
    };
    let is_reference = |policy: &&Policy| std::ptr::eq(*policy, reference);
    if !policies.iter().any(is_reference) {
        policies.insert(0, reference);
    }
    if policies.len() == 1 {
        let hint = match experiment.policies.len() {
            1 => "add [[policy]] tables to it, or give --sweep group.replicas=0..2",
            _ => "name more with --policy, which may be repeated, or leave it out",
        };
        let message = "error: there is one policy only, and nothing to compare it with";
        return Err(Failure::Usage(format!("{message}\nhint: {hint}\n")));
    }
    let position = policies.iter().position(is_reference);
    let request = Request {
        experiment: &experiment,
        policies: &policies,
        reference: position.expect("it is among them"),
        options,
        changes,
        keep,
        format: *format,
        variants: None,
    };
    request.serve(colour, talk)
}

/// The policy that `--reference` names.
fn find<'e>(experiment: &'e Experiment, name: &'e str) -> Result<&'e Policy, Failure> {
    let message = match called(experiment, name).as_slice() {
        [policy] => return Ok(policy),
        [] => {
            let asked = scenario::Asked { option: "--reference", name };
            scenario::unknown_policy(experiment, &asked)
        }
        cells => {
            let names: Vec<String> = cells.iter().map(|policy| quoted(&policy.name)).collect();
            format!(
                "error: `{name}` is {} cells of a sweep, and the reference is one\n\
                 hint: choose with --reference: {}\n",
                cells.len(),
                names.join(" · ")
            )
        }
    };
    Err(Failure::Usage(message))
}
