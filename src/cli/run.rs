//! `ecsim run`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Failure, load, parse_trials, print};
use crate::montecarlo::batch;
use crate::report::{json, table};
use crate::scenario::Overrides;

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

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let overrides = Overrides { trials: arguments.trials, seed: arguments.seed };
    let scenario = load(&arguments.file, overrides)?;
    let options = arguments.seed.map_or(String::new(), |seed| format!(" --seed {seed}"));
    let summary = batch::run(&scenario.plan, scenario.batch_spec()).map_err(|broken| {
        Failure::Bug { file: arguments.file.clone(), options: options.clone(), broken }
    })?;
    let text = match arguments.format {
        Format::Table => {
            let file = arguments.file.display().to_string();
            let caption = table::Caption {
                file: &file,
                options: &options,
                assumptions: &scenario.assumptions,
            };
            table::render(&scenario.plan, &summary, &caption)
        }
        Format::Json => {
            format!("{:#}\n", json::summary(&scenario.plan, &summary, &scenario.assumptions))
        }
    };
    print(&text)
}
