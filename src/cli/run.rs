//! `ecsim run`.

use std::path::PathBuf;

use clap::Args;

use super::show::{Format, Request};
use super::study::BatchOptions;
use super::{Changes, Failure, Talk, load};
use crate::report::diagnostic::Colour;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The scenario
    file: PathBuf,
    #[command(flatten)]
    options: BatchOptions,
    #[command(flatten)]
    changes: Changes,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

pub(super) fn run(arguments: &Arguments, colour: Colour, talk: Talk) -> Result<(), Failure> {
    let Arguments { file, options, changes, format } = arguments;
    let experiment = load(file, &changes.overrides(options.trials, options.seed))?;
    let request = Request {
        files: std::slice::from_ref(file),
        experiment: &experiment,
        policies: &changes.choose(&experiment)?,
        reference: 0,
        options,
        changes,
        format: *format,
    };
    request.serve(colour, talk)
}
