//! The commands: from arguments to calls, nothing else. Data goes to stdout, talk to stderr.

mod check;
mod compare;
mod completions;
mod exact;
mod explain;
mod keep;
mod losses;
mod new;
mod plot;
mod replay;
mod report;
mod run;
mod schema;
mod show;
mod study;
mod topology;

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::montecarlo::batch::BrokenTrial;
use crate::report::diagnostic::{self, Colour};
use crate::report::labels::Labels;
use crate::report::shell::quoted;
use crate::scenario::{self, Experiment, LoadError, Overrides, Policy, units};

/// What `ecsim` alone says.
const QUICK_START: &str = "\
ecsim simulates AWS ElastiCache replication groups that fail.
  ecsim run scenarios/primary-failure.toml       what it costs, over many trials
  ecsim replay scenarios/primary-failure.toml    one trial, told as a story
  ecsim new my.toml                              a scenario of your own; ecsim --help for the rest
";

/// Simulates AWS ElastiCache replication groups that fail: write unavailability and data loss.
#[derive(Parser, Debug)]
#[command(name = "ecsim", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Colours in what is said on stderr
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = When::Auto)]
    color: When,
    /// Say nothing on stderr but errors and warnings
    #[arg(long, short, global = true)]
    quiet: bool,
}

/// How much is said beside results.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Talk {
    /// Notes, and how far a batch is.
    Normal,
    /// Errors and warnings.
    Quiet,
}

/// The exit code of a batch that was interrupted.
const INTERRUPTED: i32 = 130;

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum When {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Yes
    Always,
    /// No
    Never,
}

impl When {
    fn colour(self) -> Colour {
        let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        match self {
            When::Always => Colour::On,
            When::Auto if std::io::stderr().is_terminal() && !is_plain => Colour::On,
            When::Auto | When::Never => Colour::Off,
        }
    }
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Check scenarios: all mistakes, what losing a node or an AZ takes with it, every default
    Check(check::Arguments),
    /// Run a scenario's trials and print what they came to
    Run(run::Arguments),
    /// Put policies side by side on the same faults: differences, with intervals
    Compare(compare::Arguments),
    /// Solve a scenario exactly where that can be done: all laws exponential or Erlang
    ///
    /// The rules of the simulation unfold a Markov chain, which is solved: means over the horizon
    /// from a fresh start and in the long run, and the probability to lose a dataset, without
    /// trials and to nine digits. Where a policy has no exact answer, all that stands in the way
    /// is listed, and the exit code is 3.
    Exact(exact::Arguments),
    /// Tell one trial of a scenario as a story
    Replay(replay::Arguments),
    /// Draw pictures of a folder of results, as SVG and PNG
    Plot(plot::Arguments),
    /// Make one self-contained page of a folder of results, for a review
    Report(report::Arguments),
    /// Show a scenario's placement, replication links and failure domains
    Topology(topology::Arguments),
    /// Write a commented scenario to start with
    New(new::Arguments),
    /// Explain the code of a mistake, such as E0201
    Explain(explain::Arguments),
    /// Print a JSON Schema, for editors and for programs
    Schema(schema::Arguments),
    /// Print a script with which a shell completes this program's commands
    Completions(completions::Arguments),
}

/// What is put on top of a scenario file.
#[derive(Args, Clone, Default, Debug)]
struct Changes {
    /// Change a value of the scenario, as in group.replicas=2 or timing.detection=10s; may be
    /// repeated
    #[arg(long, value_name = "KEY=VALUE", allow_hyphen_values = true)]
    set: Vec<String>,
    /// Run each of several values, as in group.replicas=0..3 or timing.detection=5s,10s; several
    /// sweeps make all combinations
    #[arg(long, value_name = "KEY=VALUES", allow_hyphen_values = true)]
    sweep: Vec<String>,
    /// Only this policy, or this cell of a sweep; may be repeated
    #[arg(long, value_name = "NAME", allow_hyphen_values = true)]
    policy: Vec<String>,
}

impl Changes {
    fn overrides(&self, trials: Option<u64>, seed: Option<u64>) -> Overrides {
        Overrides { trials, seed, set: self.set.clone(), sweep: self.sweep.clone() }
    }

    /// The options that bring the same experiment about, with a leading blank each.
    fn options(&self, seed: Option<u64>) -> String {
        let set = self.set.iter().map(|set| format!(" --set {}", quoted(set)));
        let sweep = self.sweep.iter().map(|sweep| format!(" --sweep {}", quoted(sweep)));
        let seed = seed.iter().map(|seed| format!(" --seed {seed}"));
        set.chain(sweep).chain(seed).collect()
    }

    /// The policies that are asked for, in the experiment's order; at least one.
    fn choose<'e>(&self, experiment: &'e Experiment) -> Result<Vec<&'e Policy>, Failure> {
        let policies = || experiment.policies.iter();
        if self.policy.is_empty() {
            return Ok(policies().collect());
        }
        let mut asked: Vec<&Policy> = Vec::new();
        for name in &self.policy {
            let called = called(experiment, name);
            if called.is_empty() {
                let asked = scenario::Asked { option: "--policy", name };
                return Err(Failure::Usage(scenario::unknown_policy(experiment, &asked)));
            }
            asked.extend(called);
        }
        Ok(policies().filter(|policy| asked.iter().any(|it| std::ptr::eq(*it, *policy))).collect())
    }

    /// The one policy that is asked for, since `what` of one at a time.
    fn choose_one<'e>(
        &self,
        experiment: &'e Experiment,
        what: &str,
    ) -> Result<&'e Policy, Failure> {
        let policies = self.choose(experiment)?;
        if let [policy] = policies.as_slice() {
            return Ok(policy);
        }
        let names: Vec<String> = policies.iter().map(|policy| quoted(&policy.name)).collect();
        Err(Failure::Usage(format!(
            "error: {what} of one policy at a time\nhint: choose with --policy: {}\n",
            names.join(" · ")
        )))
    }
}

/// The policies that a name means: a cell, all cells of a policy, or the cell that pictures and
/// tables call so.
fn called<'e>(experiment: &'e Experiment, name: &str) -> Vec<&'e Policy> {
    let policies: Vec<&Policy> = experiment.policies.iter().collect();
    let is_called = |policy: &&Policy| policy.name == name || policy.base == name;
    let called: Vec<&Policy> = policies.iter().copied().filter(is_called).collect();
    if !called.is_empty() {
        return called;
    }
    let short = Labels::unnumbered(&policies).short;
    let pairs = policies.into_iter().zip(&short);
    pairs.filter(|(_, short)| *short == name).map(|(policy, _)| policy).collect()
}

/// The option that names a policy, where there are several.
fn policy_option(experiment: &Experiment, policy: &Policy) -> String {
    match experiment.policies.len() {
        1 => String::new(),
        _ => format!(" --policy {}", quoted(&policy.name)),
    }
}

/// Files as a POSIX shell reads them.
fn shown_files<'p>(files: impl IntoIterator<Item = &'p PathBuf>) -> String {
    let quoted = files.into_iter().map(|file| quoted(&file.display().to_string()));
    quoted.collect::<Vec<String>>().join(" ")
}

/// Why a command did not do what was asked.
#[derive(Debug)]
enum Failure {
    /// A scenario is invalid, or cannot be read.
    Load(LoadError),
    /// Some of several scenarios are invalid, which has been said.
    Invalid,
    /// Policies have no exact answer; whole lines.
    Unanswerable(String),
    /// Something that has been said already.
    Said(Box<Failure>),
    /// The command line asks for something that is not there; whole lines.
    Usage(String),
    /// Something around us failed: what we were doing, and the cause.
    Environment(String, std::io::Error),
    /// A folder holds something else than what we were asked to put there; whole lines.
    Refused(String),
    /// A file is in the way that we were asked to create.
    Exists(PathBuf),
    /// Somebody interrupted a batch, which has been said; what was finished is kept.
    Interrupted,
    /// Of `n` expectations so many failed or are undecided.
    Expectation { n_missed: usize, n: usize },
    /// One of our own assertions failed.
    Bug { files: String, options: String, broken: BrokenTrial },
}

impl Failure {
    fn exit_code(&self) -> u8 {
        match self {
            Failure::Load(LoadError::Unreadable { .. })
            | Failure::Environment(..)
            | Failure::Refused(_)
            | Failure::Exists(_) => 1,
            Failure::Load(LoadError::Invalid(_)) | Failure::Invalid | Failure::Unanswerable(_) => 3,
            Failure::Usage(_) | Failure::Load(LoadError::Twice(_)) => 2,
            Failure::Said(failure) => failure.exit_code(),
            Failure::Interrupted => INTERRUPTED as u8,
            Failure::Expectation { .. } => 4,
            Failure::Bug { .. } => 101,
        }
    }

    fn message(&self, colour: Colour) -> String {
        match self {
            Failure::Load(LoadError::Invalid(diagnostics)) => {
                diagnostic::render(diagnostics, colour)
            }
            Failure::Load(error @ (LoadError::Unreadable { .. } | LoadError::Twice(_))) => {
                error.to_string()
            }
            Failure::Invalid | Failure::Said(_) | Failure::Interrupted => String::new(),
            Failure::Expectation { n_missed, n } => {
                format!(
                    "error: {n_missed} of {n} expectations failed or are undecided
"
                )
            }
            Failure::Usage(message)
            | Failure::Refused(message)
            | Failure::Unanswerable(message) => message.clone(),
            Failure::Environment(doing, cause) => format!("error: cannot {doing}: {cause}\n"),
            Failure::Exists(path) => format!(
                "error: {} exists, and nothing is overwritten\n\
                 hint: choose another name, or remove it first\n",
                path.display()
            ),
            Failure::Bug { files, options, broken } => format!(
                "error: this is a bug in ecsim: seed {}, trial {}, simulated time {}\n\
                 hint: please report it with the scenario; this repeats it: \
                 ecsim replay {files}{options} --trial {}\n",
                broken.seed, broken.trial, broken.at, broken.trial
            ),
        }
    }
}

/// Runs the command line; gives the process its exit code.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let colour = arguments.color.colour();
    let talk = if arguments.quiet { Talk::Quiet } else { Talk::Normal };
    let result = match &arguments.command {
        None => print(QUICK_START),
        Some(Command::Check(arguments)) => check::run(arguments, colour),
        Some(Command::Run(arguments)) => run::run(arguments, colour, talk),
        Some(Command::Compare(arguments)) => compare::run(arguments, colour, talk),
        Some(Command::Exact(arguments)) => exact::run(arguments, colour),
        Some(Command::Replay(arguments)) => replay::run(arguments),
        Some(Command::Plot(arguments)) => plot::run(arguments, talk),
        Some(Command::Report(arguments)) => report::run(arguments, talk),
        Some(Command::Topology(arguments)) => topology::run(arguments),
        Some(Command::New(arguments)) => new::run(arguments),
        Some(Command::Explain(arguments)) => explain::run(arguments),
        Some(Command::Schema(arguments)) => schema::run(arguments),
        Some(Command::Completions(arguments)) => completions::run(arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&failure.message(colour));
            ExitCode::from(failure.exit_code())
        }
    }
}

/// Writes talk to stderr. Where nobody listens there is nobody to tell.
fn say(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
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

fn load(file: &Path, overrides: &Overrides) -> Result<Experiment, Failure> {
    refuse_folder(file)?;
    scenario::load(file, overrides).map_err(Failure::Load)
}

/// Says of a folder that it is no scenario, and where there may be one.
fn refuse_folder(file: &Path) -> Result<(), Failure> {
    if !file.is_dir() {
        return Ok(());
    }
    let (name, its) = (file.display().to_string(), file.join("scenario.toml"));
    let hint = match its.is_file() {
        true => {
            let (name, its) = (quoted(&name), quoted(&its.display().to_string()));
            format!("`ecsim replay {name}` tells its trials; its scenario is {its}")
        }
        false => "name a file".to_owned(),
    };
    Err(Failure::Refused(format!("error: {name} is a folder, not a scenario\nhint: {hint}\n")))
}

/// Reads the experiment of several files side by side.
fn load_all(files: &[PathBuf], overrides: &Overrides) -> Result<Experiment, Failure> {
    files.iter().try_for_each(|file| refuse_folder(file))?;
    scenario::load_all(files, overrides).map_err(Failure::Load)
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
