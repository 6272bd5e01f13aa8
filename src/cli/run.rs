//! `ecsim run`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::study::{self, BatchOptions, Job};
use super::{Changes, Failure, Talk, load, policy_option, print, say};
use crate::montecarlo::batch::BatchError;
use crate::report::diagnostic::{self, Colour};
use crate::report::study::{Ended, Study};
use crate::report::{expect, summary, table};
use crate::scenario::codes::Severity;
use crate::scenario::expect::Verdict;
use crate::scenario::{Diagnostic, Policy};

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

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

pub(super) fn run(arguments: &Arguments, colour: Colour, talk: Talk) -> Result<(), Failure> {
    let Arguments { changes, options, .. } = arguments;
    let overrides = changes.overrides(options.trials, options.seed);
    let experiment = load(&arguments.file, &overrides)?;
    let policies = changes.choose(&experiment)?;
    let warnings: Vec<Diagnostic> = experiment.remarks.iter().filter(is_warning).cloned().collect();
    say(&diagnostic::render(&warnings, colour));

    let reproduce = |policy: &Policy| {
        let options = changes.options(options.seed);
        format!("{options}{}", policy_option(&experiment, policy))
    };
    let spec = options.spec(&experiment);
    let job = Job { policies: &policies, reference: 0, spec, options, talk };
    let (progress, ended) = job.run().map_err(|error| match error {
        BatchError::Broken(broken) => Failure::Bug {
            file: arguments.file.clone(),
            options: reproduce(policies[broken.policy]),
            broken,
        },
        BatchError::Listener(never) => match never {},
    })?;
    study::say_how_it_ended(&job, &progress, ended);
    if progress.trials == 0 {
        return Err(Failure::Interrupted);
    }
    let study = Study {
        experiment: &experiment,
        policies: &policies,
        reference: 0,
        level: options.level,
        progress: &progress,
        asked: spec.trials,
        ended,
    };
    let text = match arguments.format {
        Format::Table => {
            let file = super::quoted(&arguments.file.display().to_string());
            let one_of = match experiment.policies.len() {
                1 => table::OneOf::One,
                _ => table::OneOf::Several,
            };
            let tables = study.entries().map(|(policy, estimator)| {
                let options = reproduce(policy);
                let seed = spec.seed;
                let caption = table::Caption { file: &file, options: &options, one_of, seed };
                table::render(policy, &estimator, &caption)
            });
            let mut text = tables.collect::<Vec<String>>().join("\n");
            expect::render(&study, &mut text);
            text
        }
        Format::Json => summary::json(&study),
    };
    print(&text)?;
    let is_kept = expect::judge(&study).iter().all(|judged| judged.verdict == Verdict::Pass);
    match ended {
        Ended::Interrupted => Err(Failure::Interrupted),
        Ended::Complete | Ended::Precise | Ended::Imprecise if is_kept => Ok(()),
        Ended::Complete | Ended::Precise | Ended::Imprecise => Err(Failure::Expectation),
    }
}

fn is_warning(diagnostic: &&Diagnostic) -> bool {
    match diagnostic.severity() {
        Severity::Error | Severity::Warning => true,
        Severity::Advice => false,
    }
}
