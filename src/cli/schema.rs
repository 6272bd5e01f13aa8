//! `ecsim schema`.

use clap::{Args, ValueEnum};

use super::{Failure, print};
use crate::report::schema;
use crate::scenario;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Of what
    #[arg(value_enum, default_value_t = Subject::Scenario)]
    of: Subject,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Subject {
    /// Scenario files
    Scenario,
    /// What `run --format json` prints
    Summary,
    /// What `exact --format json` prints
    Exact,
    /// Each line that `replay --format json` prints
    Trace,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let schema = match arguments.of {
        Subject::Scenario => scenario::schema::scenario(),
        Subject::Summary => schema::summary(),
        Subject::Exact => schema::exact(),
        Subject::Trace => schema::trace(),
    };
    print(&schema::printed(&schema))
}
