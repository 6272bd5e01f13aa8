//! `ecsim run`.

use std::path::PathBuf;

use clap::Args;

use super::keep::KeepOptions;
use super::show::{Format, Request};
use super::study::BatchOptions;
use super::{Changes, Failure, Talk, load};
use crate::report::diagnostic::Colour;
use crate::scenario::{Policy, sensitivity};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The scenario
    file: PathBuf,
    #[command(flatten)]
    options: BatchOptions,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    keep: KeepOptions,
    /// Move each assumption alone over its range, on the same faults, and rank what matters
    #[arg(long)]
    sensitivity: bool,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

pub(super) fn run(arguments: &Arguments, colour: Colour, talk: Talk) -> Result<(), Failure> {
    let Arguments { file, options, changes, keep, format, .. } = arguments;
    let experiment = load(file, &changes.overrides(options.trials, options.seed))?;
    let request = Request {
        experiment: &experiment,
        policies: &changes.choose(&experiment)?,
        reference: 0,
        options,
        changes,
        keep,
        format: *format,
        variants: None,
    };
    if !arguments.sensitivity {
        return request.serve(colour, talk);
    }
    let policy = changes.choose_one(&experiment, "assumptions are moved")?;
    let variants = sensitivity::variants(policy);
    let moved = variants.policies();
    let policies: Vec<&Policy> = std::iter::once(policy).chain(&moved).collect();
    Request { policies: &policies, variants: Some(&variants), ..request }.serve(colour, talk)
}
