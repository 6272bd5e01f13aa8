//! Scenario files: TOML text to a checked [`Experiment`], with all mistakes at once.
//!
//! [`load`] reads a file, [`load_all`] several (`files`), [`parse`] a text. The text becomes a tree
//! whose values know where they stand (`toml_text`, `tree`, `source`); policies, sweeps and `--set`
//! are overlays on it (`overlay`); each combination of a policy and the values of a sweep is a cell
//! (`experiment`), read section by section (`check`): `sections` holds numbers and choices,
//! `groups`, `limits` and `topology` the nodes, `faults` what happens to them, `laws` and [`units`]
//! how times are written, `sources` where values come from, [`expect`] what results must keep.
//! Nothing below this layer checks a scenario again.
//!
//! [`resolved`] writes it all down again, with every default; [`sensitivity`] moves one assumption
//! at a time. [`presets`] are scenarios to begin with, [`schema`] describes the format to editors,
//! [`domains`] reads a plan as a graph, [`codes`] numbers the kinds of mistakes.

mod aws_names;
mod aws_text;
mod check;
pub mod codes;
mod control_plane;
mod detectors;
mod diagnostics;
pub mod domains;
pub mod expect;
mod experiment;
mod failover_times;
mod faults;
mod files;
mod groups;
mod laws;
mod limits;
mod migration;
mod migration_calls;
mod migration_sums;
mod migration_times;
mod node_types;
mod operations;
mod overlay;
mod persistence;
mod policies;
pub mod presets;
mod reader;
mod refused;
mod region;
pub mod resolved;
mod sample;
mod schedule;
pub mod schema;
mod script;
mod sections;
mod self_hosted;
pub mod sensitivity;
mod source;
mod sources;
mod toml_text;
mod topology;
mod tree;
pub mod units;
mod uses;
mod victims;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use diagnostics::{Diagnostic, Related, nearest};
use expect::Expectation;
pub(crate) use experiment::{Asked, unknown_policy};
pub use sections::MAX_TRIALS;
pub use source::{Source, SourceKind};
pub use tree::value_without_sources;

use crate::model::plan::Plan;
use crate::montecarlo::batch::BatchSpec;
use crate::montecarlo::objectives::Objectives;
use resolved::Resolved;
use sensitivity::Origins;

/// A checked scenario: its policies, and how they are run.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// What the file calls itself, or its stem.
    pub name: String,
    /// The file's name without directory and extension; names the results.
    pub stem: String,
    /// The seed of all random numbers.
    pub seed: u64,
    /// Number of trials of each policy, at least one.
    pub trials: u64,
    /// The policies in file order, at least one; with a sweep, each once per cell.
    pub policies: Vec<Policy>,
    /// What its results must keep, in the order of the text.
    pub expectations: Vec<Expectation>,
    /// Every file that was read for it: the scenarios in the order in which they were named, behind
    /// each its samples.
    pub inputs: Vec<Input>,
    /// Warnings and advice, in the order of the text.
    pub remarks: Vec<Diagnostic>,
}

impl Experiment {
    /// How each policy is run.
    pub fn batch_spec(&self) -> BatchSpec {
        BatchSpec { trials: self.trials, seed: self.seed }
    }

    /// The policies called `name`: one cell, or all cells of a policy.
    pub fn called<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Policy> {
        self.policies.iter().filter(move |policy| policy.name == name || policy.base == name)
    }
}

/// A file that was read for an experiment; each is read once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Input {
    /// Its path: of a scenario as given, of a sample as the scenario in front of it names it.
    pub path: PathBuf,
    /// What was read.
    pub bytes: Vec<u8>,
    /// What it is.
    pub kind: InputKind,
}

/// What a file is to an experiment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InputKind {
    /// A scenario.
    Scenario,
    /// Observed lengths of an empirical law.
    Sample,
}

/// Which files decide the random numbers of a policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RandomNumbers {
    /// Its own: that file alone gives the same histories.
    OfFile,
    /// All files of the experiment, in their order: the others name AZs before its own do, and the
    /// file alone numbers them otherwise.
    OfAllFiles,
}

/// One of the choices under comparison: an overlay on the file, or the file itself.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its name; with a sweep, behind it the values of the cell.
    pub name: String,
    /// Its name without the values of the cell.
    pub base: String,
    /// The file that it comes from, as given.
    pub file: PathBuf,
    /// What it is called when that file is read alone; `None` if it is the file's only one.
    pub name_in_file: Option<String>,
    /// Whether that file alone gives it the same histories.
    pub random_numbers: RandomNumbers,
    /// The input of a trial.
    pub plan: Plan,
    /// What is asked of its outages and failovers.
    pub objectives: Objectives,
    /// Values that a result depends on and that the file does not explain, in the order of the
    /// resolved scenario.
    pub assumptions: Vec<Assumption>,
    /// Every value, given or not.
    pub resolved: Resolved,
    /// The ranges that the scenario states for means, by the path of what has the mean.
    ranges: BTreeMap<String, (String, String)>,
    /// The choices of each rule, by its path, as TOML.
    choices: BTreeMap<String, Vec<String>>,
    /// What it was read from.
    read: Arc<Origins>,
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
    /// The lengths between which its mean may be, as far as somebody states them.
    pub range: Option<(String, String)>,
}

/// Where a value comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The scenario gives it without saying where it comes from.
    Unsourced,
    /// The scenario gives it and says where it comes from.
    Sourced(String),
    /// It is the default.
    Default {
        /// How well that is founded.
        confidence: Confidence,
        /// On what.
        source: Cow<'static, str>,
    },
    /// It follows from other values of the scenario.
    Derived {
        /// How well the rule is founded.
        confidence: Confidence,
        /// On what.
        source: Cow<'static, str>,
    },
    /// It is the default, and says nothing about the world.
    Convention(Cow<'static, str>),
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

impl Confidence {
    /// All, the best first.
    pub const ALL: [Confidence; 4] =
        [Confidence::Documented, Confidence::Reported, Confidence::Derived, Confidence::Assumed];
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
    /// The origin of a default.
    pub(crate) const fn default(confidence: Confidence, source: &'static str) -> Origin {
        Origin::Default { confidence, source: Cow::Borrowed(source) }
    }

    /// The origin of a value that follows from others.
    pub(crate) const fn derived(confidence: Confidence, source: &'static str) -> Origin {
        Origin::Derived { confidence, source: Cow::Borrowed(source) }
    }

    /// The origin of a default that says nothing about the world.
    pub(crate) const fn convention(source: &'static str) -> Origin {
        Origin::Convention(Cow::Borrowed(source))
    }

    /// Whether nothing is known about it, as opposed to a value that somebody documents,
    /// measured, derived or explains.
    pub fn is_unfounded(&self) -> bool {
        match self {
            Origin::Unsourced => true,
            Origin::Sourced(_) | Origin::Convention(_) => false,
            Origin::Default { confidence, .. } | Origin::Derived { confidence, .. } => {
                *confidence == Confidence::Assumed
            }
        }
    }

    /// Whether it claims that the value is the one that ecsim chooses, for a reason. Of conventions
    /// anybody may choose another.
    pub fn is_claim(&self) -> bool {
        match self {
            Origin::Default { .. } | Origin::Derived { .. } => true,
            Origin::Unsourced | Origin::Sourced(_) | Origin::Convention(_) => false,
        }
    }

    /// Whether a result should name it: it says something about the world, and the scenario does
    /// not explain it.
    pub fn is_told(&self) -> bool {
        match self {
            Origin::Unsourced | Origin::Default { .. } | Origin::Derived { .. } => true,
            Origin::Sourced(_) | Origin::Convention(_) => false,
        }
    }

    /// Reads what [`Origin`] prints; any other text is a source that the scenario names.
    pub(crate) fn read(text: &str) -> Origin {
        let source = |rest: &str| Cow::Owned(rest.to_owned());
        if let Some(rest) = text.strip_prefix("convention: ") {
            return Origin::Convention(source(rest));
        }
        for confidence in Confidence::ALL {
            if let Some(rest) = text.strip_prefix(&format!("default, {confidence}: ")) {
                return Origin::Default { confidence, source: source(rest) };
            }
            if let Some(rest) = text.strip_prefix(&format!("derived, {confidence}: ")) {
                return Origin::Derived { confidence, source: source(rest) };
            }
        }
        Origin::Sourced(text.to_owned())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Unsourced => f.write_str("given without a source"),
            Origin::Sourced(source) => f.write_str(source),
            Origin::Default { confidence, source } => {
                write!(f, "default, {confidence}: {source}")
            }
            Origin::Derived { confidence, source } => {
                write!(f, "derived, {confidence}: {source}")
            }
            Origin::Convention(source) => write!(f, "convention: {source}"),
        }
    }
}

/// What the command line puts in place of a scenario's own values.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Overrides {
    /// Number of trials, at least one.
    pub trials: Option<u64>,
    /// The seed.
    pub seed: Option<u64>,
    /// Arguments of `--set`: `KEY=VALUE`.
    pub set: Vec<String>,
    /// Arguments of `--sweep`: `KEY=A..B` or `KEY=V,V,V`.
    pub sweep: Vec<String>,
}

/// Why a scenario file gives no experiment.
#[derive(Debug)]
pub enum LoadError {
    /// The file cannot be read: the environment's fault.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file can be read, and is wrong: all its mistakes, with warnings and advice.
    Invalid(Vec<Diagnostic>),
    /// The same file was named twice, and would be compared with itself.
    Twice(PathBuf),
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
            LoadError::Twice(path) => {
                writeln!(f, "error: {} is named twice", path.display())?;
                writeln!(f, "hint: a scenario has no difference to itself: leave one out")
            }
        }
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            LoadError::Unreadable { source, .. } => Some(source),
            LoadError::Invalid(_) | LoadError::Twice(_) => None,
        }
    }
}

/// A larger file is surely not a scenario: ten thousand nodes fit, each written out.
const LARGEST: u64 = 1 << 20;

/// Reads and checks the scenario file `path`.
pub fn load(path: &Path, overrides: &Overrides) -> Result<Experiment, LoadError> {
    let bytes = bytes_of(path)?;
    let name = path.display().to_string();
    files::of_files(&[(name, bytes, base_dir(path))], overrides).map_err(LoadError::Invalid)
}

/// Reads and checks several scenario files and puts their policies side by side, so that all are
/// run on the same faults: AZs are numbered over all files, and the files must agree in `[run]`.
/// A policy is called after its file, `stem`, or `stem: policy` where the file has several. Of one
/// file it is the same as [`load`]. Panics if there is no file.
///
/// ```
/// use elasticache_sim::scenario::{self, Overrides};
///
/// let files = ["scenarios/second-failure-1x2.toml", "scenarios/second-failure-1x3.toml"];
/// let files = files.map(|file| format!("{}/{file}", env!("CARGO_MANIFEST_DIR")).into());
/// let both = scenario::load_all(&files, &Overrides::default()).expect("both are valid");
/// assert_eq!(both.name, "second-failure-1x2 + second-failure-1x3");
/// assert_eq!(both.policies[1].name, "second-failure-1x3");
/// ```
pub fn load_all(paths: &[PathBuf], overrides: &Overrides) -> Result<Experiment, LoadError> {
    assert!(!paths.is_empty(), "an experiment has a file");
    let mut read = Vec::new();
    let mut known: Vec<PathBuf> = Vec::new();
    for path in paths {
        let bytes = bytes_of(path)?;
        // One file may have several names.
        let place = std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
        if known.contains(&place) {
            return Err(LoadError::Twice(path.clone()));
        }
        known.push(place);
        read.push((path.display().to_string(), bytes, base_dir(path)));
    }
    files::of_files(&read, overrides).map_err(LoadError::Invalid)
}

/// A scenario that was read before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Text {
    /// The file's name, for diagnostics and for the stem.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
    /// Files that the scenario names are relative to this directory.
    pub base_dir: PathBuf,
}

/// As [`load_all`], of scenarios that were read before; at least one.
pub fn parse_all(texts: &[Text], overrides: &Overrides) -> Result<Experiment, Vec<Diagnostic>> {
    let files: Vec<(String, Vec<u8>, &Path)> = texts
        .iter()
        .map(|text| (text.name.clone(), text.bytes.clone(), text.base_dir.as_path()))
        .collect();
    files::of_files(&files, overrides)
}

/// What the file holds, as far as it may be a scenario.
fn bytes_of(path: &Path) -> Result<Vec<u8>, LoadError> {
    let unreadable = |source| LoadError::Unreadable { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

fn base_dir(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

/// Checks the scenario `text`. `name` is the file's name for diagnostics and for the stem; files
/// that the scenario names are relative to `base_dir`.
pub fn parse(
    name: &str,
    text: &str,
    base_dir: &Path,
    overrides: &Overrides,
) -> Result<Experiment, Vec<Diagnostic>> {
    files::of_files(&[(name.to_owned(), text.as_bytes().to_vec(), base_dir)], overrides)
}
