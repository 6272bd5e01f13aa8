//! `ecsim run`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Changes, Failure, load, parse_trials, policy_option, print, say};
use crate::montecarlo::batch::{self, Summary};
use crate::report::diagnostic::{self, Colour};
use crate::report::{json, table};
use crate::scenario::codes::Severity;
use crate::scenario::{Diagnostic, Policy};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The scenario
    file: PathBuf,
    /// How many trials, instead of the scenario's: 10000, 10_000 or 1e4
    #[arg(long, value_parser = parse_trials)]
    trials: Option<u64>,
    /// The seed, instead of the scenario's
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    changes: Changes,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

pub(super) fn run(arguments: &Arguments, colour: Colour) -> Result<(), Failure> {
    let Arguments { changes, .. } = arguments;
    let overrides = changes.overrides(arguments.trials, arguments.seed);
    let experiment = load(&arguments.file, &overrides)?;
    let policies = changes.choose(&experiment)?;
    let warnings: Vec<Diagnostic> = experiment.remarks.iter().filter(is_warning).cloned().collect();
    say(&diagnostic::render(&warnings, colour));

    let options = |policy: &Policy| {
        let options = changes.options(arguments.seed);
        format!("{options}{}", policy_option(&experiment, policy))
    };
    let mut results: Vec<(&Policy, Summary)> = Vec::new();
    for policy in policies {
        let ran = batch::run(&policy.plan, experiment.batch_spec());
        let summary = ran.map_err(|broken| Failure::Bug {
            file: arguments.file.clone(),
            options: options(policy),
            broken,
        })?;
        results.push((policy, summary));
    }
    let text = match arguments.format {
        Format::Table => {
            let file = super::quoted(&arguments.file.display().to_string());
            let one_of = match experiment.policies.len() {
                1 => table::OneOf::One,
                _ => table::OneOf::Several,
            };
            let tables = results.iter().map(|(policy, summary)| {
                let options = options(policy);
                let caption = table::Caption { file: &file, options: &options, one_of };
                table::render(policy, summary, &caption)
            });
            tables.collect::<Vec<String>>().join("\n")
        }
        Format::Json => {
            let results = results.iter().map(|(policy, summary)| (*policy, summary));
            format!("{:#}\n", json::summary(results))
        }
    };
    print(&text)
}

fn is_warning(diagnostic: &&Diagnostic) -> bool {
    match diagnostic.severity() {
        Severity::Error | Severity::Warning => true,
        Severity::Advice => false,
    }
}
