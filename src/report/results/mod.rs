//! A folder of results: what a run was, its rows, its numbers and the trials worth a look.
//!
//! [`open`] claims a folder and gives the [`Keeper`] that fills it while a batch runs: workers
//! write rows (`rows`), which are appended in the order of the blocks; now and then a checkpoint
//! says how far they are (`checkpoint`), from which a batch goes on after whatever ended it. The
//! manifest (`manifest`) names all that decides the results. Files that are not appended to are
//! there as a whole or not at all (`disk`). [`read`] reads a folder again, with its [`Numbers`],
//! for pictures and pages. `docs/results.md` describes every file.

mod checkpoint;
mod disk;
mod keeper;
mod manifest;
mod numbers;
mod read;
mod replay;
mod rows;
mod traces;

pub use disk::KeepError;
pub use keeper::{Contents, Intent, Keeper, Opened, open};
pub use manifest::{FileKind, InputFile, Inputs, Invocation, Manifest, Options, RowsKept, Status};
pub use numbers::{Entry, Numbers, estimate};
pub use read::{Curve, Effects, Move, Results, Settling, read};
pub use replay::{Kept, default_folder, load};
pub use rows::{OUTAGES, Rows, TRIALS, outage_columns, trial_columns};
pub use traces::{MOST_TRACED, Notable};

/// Trials of which rows are kept where nobody says.
pub const MOST_ROWS: u64 = 100_000;
/// What the folder is of, and how it came about.
pub const MANIFEST: &str = "manifest.json";
/// The scenario with every default filled in.
pub const RESOLVED: &str = "scenario.resolved.toml";
/// The numbers.
pub const SUMMARY_JSON: &str = "summary.json";
/// The same as a table.
pub const SUMMARY_CSV: &str = "summary.csv";
/// How the trials of each policy spread.
pub const DISTRIBUTIONS: &str = "distributions.csv";
/// What moving each assumption alone changes.
pub const SENSITIVITY: &str = "sensitivity.json";
/// How far an unfinished batch is.
pub const CHECKPOINT: &str = "checkpoint.bin";
