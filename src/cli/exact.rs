//! `ecsim exact`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Changes, Failure, load, print, quoted, say};
use crate::exact;
use crate::report::diagnostic::{self, Colour};
use crate::report::exact::{self as report, Answer};
use crate::scenario::Diagnostic;
use crate::scenario::codes::Severity;

/// How the answer is printed.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Format {
    /// For people
    Table,
    /// For programs
    Json,
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
    let answers: Vec<Answer<'_>> =
        policies.into_iter().map(|policy| (policy, exact::solve(&policy.plan))).collect();
    print(&match format {
        Format::Table => report::render(&experiment, &answers),
        Format::Json => report::json(&experiment, &answers),
    })?;
    let file = quoted(&file.display().to_string());
    let command = format!("ecsim exact {file}{}", changes.options(None));
    let refusals = report::refusals(&answers, &command);
    match refusals.is_empty() {
        true => Ok(()),
        false => Err(Failure::Unanswerable(refusals)),
    }
}
