//! `ecsim exact`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::study::spinner;
use super::{Changes, Failure, load, print, quoted, say};
use crate::exact;
use crate::report::diagnostic::{self, Colour};
use crate::report::exact::{self as report, Answer};
use crate::report::summary_csv;
use crate::scenario::codes::Severity;
use crate::scenario::{Diagnostic, Policy};

/// How the answer is printed.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Format {
    /// For people
    Table,
    /// For programs
    Json,
    /// For spreadsheets: one number a row
    Csv,
}

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The scenario
    file: PathBuf,
    #[command(flatten)]
    changes: Changes,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

pub(super) fn run(arguments: &Arguments, colour: Colour) -> Result<(), Failure> {
    let Arguments { file, changes, format } = arguments;
    let experiment = load(file, &changes.overrides(None, None))?;
    let is_warning = |remark: &&Diagnostic| remark.severity() == Severity::Warning;
    let warnings: Vec<_> = experiment.remarks.iter().filter(is_warning).cloned().collect();
    say(&diagnostic::render(&warnings, colour));
    let policies = changes.choose(&experiment)?;
    let spinner = spinner();
    let solve = |policy| {
        let policy: &Policy = policy;
        spinner.set_message(format!("unfolding and solving the chain of {}", policy.name));
        (policy, exact::solve(&policy.plan))
    };
    let answers: Vec<Answer<'_>> = policies.into_iter().map(solve).collect();
    spinner.finish_and_clear();
    if !experiment.expectations.is_empty() {
        say("note: what [[expect]] asks for is not judged here; `ecsim run` judges it\n");
    }
    print(&match format {
        Format::Table => report::render(&experiment, &answers),
        Format::Json => report::json(&experiment, &answers),
        Format::Csv => summary_csv::exact(&experiment, &answers),
    })?;
    let file = quoted(&file.display().to_string());
    let called = format!("{file}{}", changes.options(None));
    let refusals = report::refusals(&answers, &called);
    match refusals.is_empty() {
        true => Ok(()),
        false => Err(Failure::Unanswerable(refusals)),
    }
}
