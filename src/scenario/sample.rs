//! Observed lengths of time from a CSV file: one column of seconds or of durations.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use csv::StringRecord;

use super::codes::Code;
use super::diagnostics::{Place, excerpt, hint_names};
use super::reader::Context;
use super::units;
use crate::engine::time::{NANOS_PER_SEC, Span};

/// Which column of the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Column {
    /// The one with this heading.
    Name(String),
    /// The n-th, from 1; a heading is recognised by being no number and no duration.
    Position(usize),
}

/// The sample files of an experiment, each read once, so that all cells see the same bytes.
#[derive(Clone, Default, Debug)]
pub(super) struct Samples {
    /// By the path that was opened.
    by_path: BTreeMap<PathBuf, Result<Arc<[u8]>, String>>,
    /// Those that could be read, as the scenario names them, in the order of reading.
    read: Vec<(PathBuf, Arc<[u8]>)>,
}

impl Samples {
    /// The bytes of the file at `path`, which the scenario calls `name`; or why there are none.
    fn bytes(&mut self, path: PathBuf, name: &str) -> Result<Arc<[u8]>, String> {
        if let Some(known) = self.by_path.get(&path) {
            return known.clone();
        }
        let found = text_of(&path).map(Arc::<[u8]>::from);
        if let Ok(bytes) = &found {
            self.read.push((PathBuf::from(name), bytes.clone()));
        }
        self.by_path.insert(path, found.clone());
        found
    }

    /// The files that were read since the last call: as the scenario names them, and their bytes.
    pub fn take_read(&mut self) -> Vec<(PathBuf, Arc<[u8]>)> {
        std::mem::take(&mut self.read)
    }
}

/// A larger file is surely not a sample.
const LARGEST: u64 = 8 << 20;
/// So many bad rows are shown; more would hide the other mistakes.
const MOST_BAD_ROWS: usize = 10;

/// Reads the sample in `file`, which the scenario names at `place`. Bad rows are reported with
/// their file and line.
pub(super) fn read(
    place: &Place,
    file: &str,
    column: &Column,
    cx: &mut Context<'_>,
) -> Option<Vec<Span>> {
    let path = cx.base_dir.join(file);
    let text = match cx.samples.bytes(path.clone(), file) {
        Ok(text) => text,
        Err(why) => {
            cx.errors.report(Code::BadSample, place, format!("cannot read the sample: {why}"));
            return None;
        }
    };
    let shown = path.display().to_string();
    let mut rows = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .from_reader(&*text);
    let mut index = match column {
        Column::Name(_) => None,
        Column::Position(position) => Some(position - 1),
    };
    let (mut sample, mut n_bad, mut is_first) = (Vec::new(), 0_usize, true);
    let mut row = StringRecord::new();
    loop {
        let complaint = match rows.read_record(&mut row) {
            Ok(false) => break,
            Ok(true) => {
                let heading = std::mem::take(&mut is_first);
                match (index, column) {
                    (None, Column::Name(name)) => {
                        index = Some(named(&row, name, (place, &shown), cx)?);
                        continue;
                    }
                    (index, _) => match length(&row, index.unwrap_or(0)) {
                        Ok(span) => {
                            sample.push(span);
                            continue;
                        }
                        Err(_) if heading => continue,
                        Err(_) if row.len() <= index.unwrap_or(0) => {
                            // The other rows are surely no longer.
                            let line = row.position().map_or(0, csv::Position::line) as usize;
                            let message = format!("has no column {}", index.unwrap_or(0) + 1);
                            let hint = format!("this row has {}", row.len());
                            let errors = &mut cx.errors;
                            errors.elsewhere(place, (shown, line), message).hint(hint);
                            return None;
                        }
                        Err(complaint) => complaint,
                    },
                }
            }
            Err(error) => match error.kind() {
                csv::ErrorKind::Utf8 { .. } => "is not UTF-8".to_owned(),
                _ => "is not CSV".to_owned(),
            },
        };
        n_bad += 1;
        if n_bad <= MOST_BAD_ROWS {
            let line = row.position().map_or(0, csv::Position::line) as usize;
            cx.errors.elsewhere(place, (shown.clone(), line), complaint);
        }
    }
    if n_bad > MOST_BAD_ROWS {
        let more = format!("and {} more bad rows", n_bad - MOST_BAD_ROWS);
        cx.errors.report(Code::BadSample, place, more);
    }
    if sample.is_empty() && n_bad == 0 {
        cx.errors.report(Code::BadSample, place, "the sample holds no length");
    }
    (n_bad == 0 && !sample.is_empty()).then_some(sample)
}

/// The bytes of a regular file of bearable size.
fn text_of(path: &Path) -> Result<Vec<u8>, String> {
    // Asked before opening, since opening a pipe would wait for its writer.
    let metadata = std::fs::metadata(path).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("not a file".to_owned());
    }
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("it is larger than {} MiB", LARGEST >> 20));
    }
    Ok(bytes)
}

/// The position of the column called `name` in the heading row.
fn named(
    row: &StringRecord,
    name: &str,
    (place, file): (&Place, &str),
    cx: &mut Context<'_>,
) -> Option<usize> {
    let found = row.iter().position(|heading| heading == name);
    if found.is_none() {
        let message = format!("has no column `{}`", excerpt(name));
        let diagnostic = cx.errors.elsewhere(place, (file.to_owned(), 1), message);
        hint_names(diagnostic, name, &row.iter().collect::<Vec<_>>());
    }
    found
}

/// The length in one cell: a number of seconds, or a duration.
fn length(row: &StringRecord, index: usize) -> Result<Span, String> {
    let Some(cell) = row.get(index) else {
        return Err(format!("has no column {}", index + 1));
    };
    let shown = excerpt(cell);
    if let Ok(seconds) = cell.parse::<f64>() {
        let nanos = seconds * NANOS_PER_SEC as f64;
        // 2^64 ns; this comparison is also false for NaN.
        return match (0.0..18_446_744_073_709_551_615.0).contains(&nanos) {
            true => Ok(Span::from_nanos_f64(nanos)),
            false => Err(format!("{shown}: seconds must be from 0 to 584 years")),
        };
    }
    match units::duration(cell) {
        Ok(length) => length.as_span().ok_or(format!("{shown}: is longer than 584 years")),
        Err(complaint) => Err(format!("{shown}: {}", complaint.message)),
    }
}
