//! `ecsim check`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Changes, Failure, load, print, say};
use crate::report::check;
use crate::report::diagnostic::{self, Colour};
use crate::scenario::{Experiment, LoadError, resolved};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The scenarios
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print the resolved scenario: every value, who gives it and what it rests on. It is a
    /// scenario itself, and gives the same bytes
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    changes: Changes,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Format {
    /// For people
    Text,
    /// For editors and other programs
    Json,
}

pub(super) fn run(arguments: &Arguments, colour: Colour) -> Result<(), Failure> {
    let Arguments { files, changes, .. } = arguments;
    let mut results = Vec::new();
    let mut worst = Ok(());
    for file in files {
        let name = file.display().to_string();
        match load(file, &changes.overrides(None, None)) {
            Ok(mut experiment) => {
                let chosen = changes.choose(&experiment)?.into_iter().cloned().collect();
                experiment.policies = chosen;
                match arguments.format {
                    Format::Text => {
                        say(&diagnostic::render(&experiment.remarks, colour));
                        print(&answer(arguments, &name, &experiment))?;
                    }
                    Format::Json => results.push(check::json(&name, &experiment)),
                }
            }
            Err(Failure::Load(LoadError::Invalid(diagnostics))) => {
                worst = worst.and(Err(Failure::Invalid));
                match arguments.format {
                    Format::Text => {
                        say(&diagnostic::render(&diagnostics, colour));
                        print(&format!("{name}: invalid\n"))?;
                    }
                    Format::Json => results.push(check::json_of_invalid(&name, &diagnostics)),
                }
            }
            // The other files have answers of their own.
            Err(failure) => {
                say(&failure.message(colour));
                worst = Err(Failure::Said(Box::new(failure)));
            }
        }
    }
    match arguments.format {
        Format::Text => {}
        Format::Json => print(&format!("{:#}\n", check::json_of_all(results)))?,
    }
    worst
}

/// What is said about a valid scenario.
fn answer(arguments: &Arguments, name: &str, experiment: &Experiment) -> String {
    match arguments.explain {
        true => resolved::render(experiment),
        false => check::text(name, experiment),
    }
}
