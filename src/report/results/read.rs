//! [`Results`]: a folder of results read again, for pictures and pages: what was run, its numbers,
//! how its trials spread, how its means settled, what its assumptions do.
//!
//! A folder of an older ecsim lacks some of it, which is no failure; a damaged file is one.

use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::disk::{self, KeepError, failed};
use super::manifest::Status;
use super::numbers::{self, Numbers};
use super::replay::{Kept, load};
use super::{DISTRIBUTIONS, SENSITIVITY, SUMMARY_JSON, TRIALS};
use crate::observe::metrics::Metric;
use crate::report::distributions;
use crate::scenario::Policy;
use crate::stats::intervals;
use crate::stats::level::Estimate;
use crate::stats::moments::Moments;

/// A folder of results, read again.
#[derive(Debug)]
pub struct Results {
    /// What was run.
    pub kept: Kept,
    /// Its numbers.
    pub numbers: Numbers,
    /// How trials spread; none in a folder of an older ecsim.
    pub curves: Vec<Curve>,
    /// How the means of the reference settled; none where no rows are kept.
    pub settling: Vec<Settling>,
    /// What moving each assumption alone changes; none without `--sensitivity`.
    pub effects: Vec<Effects>,
}

/// For how many trials of a policy a metric is above a value.
#[derive(Clone, PartialEq, Debug)]
pub struct Curve {
    /// The policy.
    pub policy: String,
    /// The metric, by its name.
    pub metric: String,
    /// Values, ascending from zero, each with how many trials have more.
    pub points: Vec<(f64, u64)>,
}

/// The mean of a metric over the first trials of the reference, for more and more of them.
#[derive(Clone, PartialEq, Debug)]
pub struct Settling {
    /// The metric.
    pub metric: Metric,
    /// Numbers of trials, each with the mean of so many.
    pub points: Vec<(u64, Estimate)>,
}

/// What moving each assumption alone does to a number.
#[derive(Clone, PartialEq, Debug)]
pub struct Effects {
    /// The number, as in `write_outage_s` for its mean, or `dataset_loss`.
    pub quantity: String,
    /// What it is as it is now.
    pub now: Estimate,
    /// What each variant does.
    pub moves: Vec<Move>,
}

/// What a variant does to a number.
#[derive(Clone, PartialEq, Debug)]
pub struct Move {
    /// The assumption's path.
    pub path: String,
    /// What is different, in words.
    pub what: String,
    /// The difference from now.
    pub difference: Estimate,
}

/// Metrics whose means are followed.
const SETTLING: [Metric; 2] = [Metric::WriteOutage, Metric::LostWrites];

/// Reads the results in `folder`.
pub fn read(folder: &Path) -> Result<Results, KeepError> {
    let kept = load(folder)?;
    let Some(bytes) = disk::read(&folder.join(SUMMARY_JSON))? else {
        return Err(no_summary(folder, kept.manifest.status));
    };
    let numbers =
        Numbers::read(&bytes).map_err(|what| damaged(&folder.join(SUMMARY_JSON), &what))?;
    Ok(Results {
        curves: curves(&folder.join(DISTRIBUTIONS))?,
        settling: settling(&folder.join(TRIALS), &numbers)?,
        effects: effects(&folder.join(SENSITIVITY))?,
        kept,
        numbers,
    })
}

impl Results {
    /// How many trials each policy had, if the run was interrupted and has not gone on.
    pub fn interrupted_after(&self) -> Option<u64> {
        let trials = self.numbers.entries().next().map_or(0, |entry| entry.trials());
        match self.kept.manifest.status {
            Status::Running | Status::Interrupted => Some(trials),
            Status::Finished => None,
        }
    }

    /// The policies that were run and are in the scenario, in the order of the numbers: all but
    /// variants.
    pub fn policies(&self) -> Vec<&Policy> {
        let policies = &self.kept.experiment.policies;
        let of = |name: &str| policies.iter().find(|policy| policy.name == name);
        self.numbers.entries().filter_map(|entry| of(entry.name())).collect()
    }

    /// The curve of a metric of a policy.
    pub fn curve(&self, policy: &str, metric: Metric) -> Option<&Curve> {
        self.curves.iter().find(|curve| curve.policy == policy && curve.metric == metric.name())
    }
}

/// What a folder without a summary comes to.
pub(super) fn no_summary(folder: &Path, status: Status) -> KeepError {
    let shown = folder.display();
    KeepError::Refused(match status {
        Status::Running | Status::Interrupted => format!(
            "error: {shown} holds an unfinished run that has no numbers yet\n\
             hint: the same command goes on where it stopped, with --resume if it names a folder; \
             {} has the command\n",
            folder.join(super::MANIFEST).display()
        ),
        Status::Finished => format!(
            "error: {shown} has no {SUMMARY_JSON}, which a finished run has\n\
             hint: it was removed; run the scenario again with --overwrite\n"
        ),
    })
}

/// What a file that is not what it was comes to.
fn damaged(path: &Path, what: &str) -> KeepError {
    KeepError::Refused(format!(
        "error: {} {what}\n\
         hint: it was changed, or cut short, or is of another version of ecsim; run the scenario \
         again with --overwrite\n",
        path.display()
    ))
}

/// Rows that somebody sorted.
fn disorder(path: &Path, row: &csv::StringRecord) -> KeepError {
    let line = row.position().map_or(0, csv::Position::line);
    damaged(path, &format!("is in another order than it was written, from line {line} on"))
}

/// A CSV file that may be missing.
fn reader(path: &Path) -> Result<Option<csv::Reader<BufReader<File>>>, KeepError> {
    match File::open(path) {
        Ok(file) => Ok(Some(csv::ReaderBuilder::new().from_reader(BufReader::new(file)))),
        Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(failed("read", path)(cause)),
    }
}

/// What a row that cannot be read comes to.
fn broken(path: &Path, error: csv::Error) -> KeepError {
    let path: PathBuf = path.to_owned();
    match error.into_kind() {
        csv::ErrorKind::Io(cause) => failed("read", &path)(cause),
        csv::ErrorKind::UnequalLengths { pos: Some(at), .. } => {
            damaged(&path, &format!("has too few or too many cells in line {}", at.line()))
        }
        csv::ErrorKind::Utf8 { pos: Some(at), .. } => {
            damaged(&path, &format!("is no UTF-8 in line {}", at.line()))
        }
        // Others come of seeking and of serde, which are not used.
        other => damaged(&path, &format!("is no CSV: {other:?}")),
    }
}

/// How trials spread.
fn curves(path: &Path) -> Result<Vec<Curve>, KeepError> {
    let mut curves: Vec<Curve> = Vec::new();
    let Some(mut reader) = reader(path)? else { return Ok(curves) };
    let heading = reader.headers().map_err(|error| broken(path, error))?;
    if !heading.iter().eq(distributions::COLUMNS) {
        return Err(damaged(path, "has other columns than are known"));
    }
    for row in reader.records() {
        let row = row.map_err(|error| broken(path, error))?;
        let (value, above) = (row[2].parse(), row[3].parse());
        let (Ok(value), Ok(above)) = (value, above) else {
            let line = row.position().map_or(0, csv::Position::line);
            return Err(damaged(path, &format!("has no numbers in line {line}")));
        };
        match curves.last_mut() {
            Some(curve) if curve.policy == row[0] && curve.metric == row[1] => {
                if curve.points.last().is_some_and(|(before, _)| *before >= value) {
                    return Err(disorder(path, &row));
                }
                curve.points.push((value, above));
            }
            Some(_) | None => {
                let (policy, metric) = (row[0].to_owned(), row[1].to_owned());
                curves.push(Curve { policy, metric, points: vec![(value, above)] });
            }
        }
    }
    Ok(curves)
}

/// How the means of the reference settled over the trials that its numbers count.
fn settling(path: &Path, numbers: &Numbers) -> Result<Vec<Settling>, KeepError> {
    let Some(mut reader) = reader(path)? else { return Ok(Vec::new()) };
    let reference = numbers.reference();
    let entry = numbers.entries().find(|entry| entry.name() == reference);
    let n_trials = entry.map_or(0, |entry| entry.trials());
    let heading = reader.headers().map_err(|error| broken(path, error))?;
    let column = |name: &str| {
        let found = heading.iter().position(|column| column == name);
        found.ok_or_else(|| damaged(path, &format!("has no column `{name}`")))
    };
    let (policy, trial) = (column("policy")?, column("trial")?);
    let columns = [column(SETTLING[0].name())?, column(SETTLING[1].name())?];
    let mut of = SETTLING.map(|metric| Settling { metric, points: Vec::new() });
    let mut moments = [Moments::default(); 2];
    let mut next = 0;
    let mut row = csv::StringRecord::new();
    while reader.read_record(&mut row).map_err(|error| broken(path, error))? {
        let number: Option<u64> = row[trial].parse().ok();
        if row[policy] != *reference || number.is_some_and(|number| number >= n_trials) {
            continue;
        }
        if number.is_some_and(|number| number < next) {
            return Err(disorder(path, &row));
        }
        next = number.map_or(next, |number| number + 1);
        for ((column, moments), of) in columns.iter().zip(&mut moments).zip(&mut of) {
            let Ok(value) = row[*column].parse() else {
                let line = row.position().map_or(0, csv::Position::line);
                return Err(damaged(path, &format!("has no number in line {line}")));
            };
            moments.add(value);
            let n = moments.n();
            if is_milestone(n) || n == n_trials {
                of.points.push((n, intervals::mean(moments, numbers.level())));
            }
        }
    }
    Ok(of.into())
}

/// Whether a mean of so many is kept: about sixteen per power of ten, from ten on.
fn is_milestone(n: u64) -> bool {
    const PER_TEN: f64 = 16.0;
    let step = |n: u64| ((n as f64).log10() * PER_TEN + 1e-9).floor();
    n >= 10 && step(n) > step(n - 1)
}

/// What assumptions do.
fn effects(path: &Path) -> Result<Vec<Effects>, KeepError> {
    let Some(bytes) = disk::read(path)? else { return Ok(Vec::new()) };
    let value: Value = serde_json::from_slice(&bytes)
        .map_err(|error| damaged(path, &format!("is no JSON: {error}")))?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let step = |value: &Value| {
        Some(Move {
            path: text(&value["path"])?,
            what: text(&value["what"])?,
            difference: numbers::estimate(&value["difference"])?,
        })
    };
    let of = |value: &Value| {
        Some(Effects {
            quantity: text(&value["quantity"])?,
            now: numbers::estimate(&value["now"])?,
            moves: value["moves"].as_array()?.iter().map(step).collect::<Option<Vec<Move>>>()?,
        })
    };
    let ranked = value["ranked"].as_array().and_then(|ranked| ranked.iter().map(of).collect());
    ranked.ok_or_else(|| damaged(path, "lacks numbers that it should have"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milestones_are_few_and_start_at_ten() {
        let milestones: Vec<u64> = (1..=100_000).filter(|n| is_milestone(*n)).collect();
        assert_eq!(milestones[0], 10);
        assert!(milestones.contains(&100) && milestones.contains(&100_000));
        assert!((50..=70).contains(&milestones.len()), "{}", milestones.len());
    }
}
