//! Scenario files: TOML text to a checked [`Plan`], with all mistakes at once.
//!
//! [`load`] reads a file, [`parse`] a text. What a user wrote goes through `reader` (a decoder
//! over a spanned tree that collects [`Diagnostic`]s), section by section in `check`: `sections`
//! holds numbers and choices, `groups` and `topology` the nodes, `faults` what happens to them,
//! `laws` and [`units`] how times are written. Nothing below this layer checks a scenario again.

mod check;
mod diagnostics;
mod faults;
mod groups;
mod laws;
mod reader;
mod sample;
mod sections;
mod topology;
pub mod units;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

pub use diagnostics::Diagnostic;
pub use sections::MAX_TRIALS;

use crate::model::plan::Plan;
use crate::montecarlo::batch::BatchSpec;

/// A checked scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What the file calls itself, or its stem.
    pub name: String,
    /// The file's name without directory and extension; names the results.
    pub stem: String,
    /// The seed of all random numbers.
    pub seed: u64,
    /// Number of trials, at least one.
    pub trials: u64,
    /// The input of a trial.
    pub plan: Plan,
    /// Values for which the file names no source, in the order of the sections.
    pub assumptions: Vec<Assumption>,
}

impl Scenario {
    /// How its plan is run.
    pub fn batch_spec(&self) -> BatchSpec {
        BatchSpec { trials: self.trials, seed: self.seed }
    }
}

/// A value that a result depends on and for which the scenario names no source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Assumption {
    /// Dotted path: `timing.detection`.
    pub path: String,
    /// The value as TOML on one line.
    pub value: String,
    /// Where it comes from.
    pub why: Origin,
}

/// Where a value comes from that the scenario does not explain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The scenario gives it without saying where it comes from.
    Unsourced,
    /// It is the default.
    Default {
        /// How well that is founded.
        confidence: Confidence,
        /// On what.
        source: &'static str,
    },
}

/// How well a default is founded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Confidence {
    /// AWS or the engine documents it.
    Documented,
    /// Somebody measured it.
    Reported,
    /// It follows from figures that are documented or reported.
    Derived,
    /// Nothing is known.
    Assumed,
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Confidence::Documented => "documented",
            Confidence::Reported => "reported",
            Confidence::Derived => "derived",
            Confidence::Assumed => "assumed",
        })
    }
}

impl Origin {
    /// Whether nothing is known about it, as opposed to a default that somebody documents,
    /// measured or derived.
    pub fn is_unfounded(self) -> bool {
        match self {
            Origin::Unsourced => true,
            Origin::Default { confidence, .. } => confidence == Confidence::Assumed,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Unsourced => f.write_str("given without a source"),
            Origin::Default { confidence, source } => {
                write!(f, "default, {confidence}: {source}")
            }
        }
    }
}

/// What the command line puts in place of a scenario's own values.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Overrides {
    /// Number of trials, at least one.
    pub trials: Option<u64>,
    /// The seed.
    pub seed: Option<u64>,
}

/// Why a scenario file gives no scenario.
#[derive(Debug)]
pub enum LoadError {
    /// The file cannot be read: the environment's fault.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file can be read, and is wrong: all its mistakes in file order.
    Invalid(Vec<Diagnostic>),
}

/// Whole lines, ready for stderr.
impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Unreadable { path, source } => {
                writeln!(f, "error: cannot read {}: {source}", path.display())
            }
            LoadError::Invalid(diagnostics) => {
                for diagnostic in diagnostics {
                    write!(f, "{diagnostic}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            LoadError::Unreadable { source, .. } => Some(source),
            LoadError::Invalid(_) => None,
        }
    }
}

/// A larger file is surely not a scenario.
const LARGEST: u64 = 16 << 20;

/// Reads and checks the scenario file `path`.
pub fn load(path: &Path, overrides: Overrides) -> Result<Scenario, LoadError> {
    let unreadable = |source| LoadError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let name = path.display().to_string();
    if bytes.len() as u64 > LARGEST {
        let message = format!("the file is larger than {} MiB", LARGEST >> 20);
        return Err(LoadError::Invalid(vec![not_text(&name, "", message)]));
    }
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let valid = String::from_utf8_lossy(valid);
            let message = "the file is not UTF-8 from here on".to_owned();
            return Err(LoadError::Invalid(vec![not_text(&name, &valid, message)]));
        }
    };
    let base_dir = path.parent().unwrap_or(Path::new(""));
    let mut scenario = parse(&name, text, base_dir).map_err(LoadError::Invalid)?;
    scenario.trials = overrides.trials.unwrap_or(scenario.trials);
    scenario.seed = overrides.seed.unwrap_or(scenario.seed);
    Ok(scenario)
}

/// Checks the scenario `text`. `name` is the file's name for diagnostics and for the stem; files
/// that the scenario names are relative to `base_dir`.
pub fn parse(name: &str, text: &str, base_dir: &Path) -> Result<Scenario, Vec<Diagnostic>> {
    check::scenario(name, text, base_dir)
}

/// A mistake right behind `valid`, the readable beginning of a file.
fn not_text(name: &str, valid: &str, message: String) -> Diagnostic {
    let at = valid.len();
    let mut errors = diagnostics::Errors::new(name, valid);
    errors.syntax(at..at, &message).clone()
}
