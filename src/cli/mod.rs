//! The commands: from arguments to calls, nothing else. Data goes to stdout, talk to stderr.

mod replay;
mod run;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::montecarlo::batch::BrokenTrial;
use crate::scenario::{self, LoadError, Overrides, Scenario, units};

/// What `ecsim` alone says.
const QUICK_START: &str = "\
ecsim simulates AWS ElastiCache replication groups that fail.
  ecsim run scenarios/primary-failure.toml       what it costs, over many trials
  ecsim replay scenarios/primary-failure.toml    one trial, told as a story
  ecsim --help                                   everything else
";

/// Simulates AWS ElastiCache replication groups that fail: write unavailability and data loss.
#[derive(Parser, Debug)]
#[command(name = "ecsim", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run a scenario's trials and print what they came to
    Run(run::Arguments),
    /// Tell one trial of a scenario as a story
    Replay(replay::Arguments),
}

/// Why a command did not do what was asked.
#[derive(Debug)]
enum Failure {
    /// The scenario is invalid, or cannot be read.
    Load(LoadError),
    /// Something around us failed: what we were doing, and the cause.
    Environment(String, std::io::Error),
    /// One of our own assertions failed.
    Bug { file: PathBuf, options: String, broken: BrokenTrial },
}

impl Failure {
    fn exit_code(&self) -> u8 {
        match self {
            Failure::Load(LoadError::Unreadable { .. }) | Failure::Environment(..) => 1,
            Failure::Load(LoadError::Invalid(_)) => 3,
            Failure::Bug { .. } => 101,
        }
    }

    fn message(&self) -> String {
        match self {
            Failure::Load(error) => error.to_string(),
            Failure::Environment(doing, cause) => format!("error: cannot {doing}: {cause}\n"),
            Failure::Bug { file, options, broken } => format!(
                "error: this is a bug in ecsim: seed {}, trial {}, simulated time {}\n\
                 hint: please report it with the scenario; this repeats it: \
                 ecsim replay {}{options} --trial {}\n",
                broken.seed,
                broken.trial,
                broken.at,
                file.display(),
                broken.trial
            ),
        }
    }
}

/// Runs the command line; gives the process its exit code.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match &arguments.command {
        None => print(QUICK_START),
        Some(Command::Run(arguments)) => run::run(arguments),
        Some(Command::Replay(arguments)) => replay::run(arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprint!("{}", failure.message());
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Writes data to stdout. A reader that has seen enough is no failure.
fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::Environment("write to stdout".to_owned(), error))
        }
        _ => Ok(()),
    }
}

fn load(file: &Path, overrides: Overrides) -> Result<Scenario, Failure> {
    scenario::load(file, overrides).map_err(Failure::Load)
}

/// Reads a number of trials: `10000`, `10_000` or `1e4`.
fn parse_trials(text: &str) -> Result<u64, String> {
    let value = units::count(text).map_err(|c| format!("{}; {}", c.message, c.hint))?;
    match value {
        0 => Err("at least one trial is needed".to_owned()),
        n if n > scenario::MAX_TRIALS => {
            Err(format!("a batch has at most {} trials", scenario::MAX_TRIALS))
        }
        _ => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trials_are_read_as_people_write_them() {
        for text in ["10000", "10_000", "1e4"] {
            assert_eq!(parse_trials(text), Ok(10_000), "{text}");
        }
        for text in ["0", "-1", "1.5", "many", "1e99", ""] {
            assert!(parse_trials(text).is_err(), "{text}");
        }
    }
}
