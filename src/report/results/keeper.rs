//! [`Keeper`]: claims a folder of results and fills it while a batch runs.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::checkpoint::Checkpoint;
use super::disk::{self, KeepError, failed};
use super::manifest::{self, Inputs, Invocation, Manifest, Options, RowsKept, Status};
use super::rows::{self, OUTAGES, Rows, TRIALS};
use super::traces::{self, MOST_TRACED, Notable};
use super::{
    CHECKPOINT, DISTRIBUTIONS, MANIFEST, RESOLVED, SENSITIVITY, SUMMARY_CSV, SUMMARY_JSON,
};
use crate::montecarlo::batch::{Progress, RowText};
use crate::report::study::{Ended, Study};
use crate::report::{distributions, sensitivity, summary, summary_csv};
use crate::scenario::sensitivity::Variants;
use crate::scenario::{Experiment, Policy, resolved};

/// The shortest time between two checkpoints.
const PAUSE: Duration = Duration::from_secs(1);
/// A checkpoint is written after so many times as long as the last one took.
const PAUSES: u32 = 50;

/// What is wanted of a folder.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Intent {
    /// A new one.
    New,
    /// That an unfinished batch goes on, if there is one.
    Resume,
    /// That what is there goes.
    Overwrite,
}

/// What a folder is to hold.
#[derive(Clone, Debug)]
pub struct Contents {
    inputs: Inputs,
    /// The files of the beginning: path in the folder, the same without detours, bytes.
    sources: Vec<(PathBuf, Vec<u8>)>,
    /// All files of a complete folder.
    files: Vec<String>,
    rows: Option<Rows>,
    n_policies: usize,
}

impl Contents {
    /// The results of these policies of `experiment`, run with `options`.
    pub fn new(experiment: &Experiment, policies: &[&Policy], options: Options) -> Self {
        let inputs = Inputs::new(experiment, options);
        let mut sources = Vec::new();
        for (n, group) in manifest::groups(&experiment.inputs).enumerate() {
            let (scenario, samples) = group.split_first().expect("a group has a scenario");
            let (file, _) = inputs.scenarios()[n];
            let kept_as = file.kept_as.as_ref().expect("scenarios are kept");
            sources.push((PathBuf::from(kept_as), scenario.bytes.clone()));
            let names: Vec<&Path> = samples.iter().map(|sample| sample.path.as_path()).collect();
            let base = manifest::sample_base(n, &names);
            let kept = samples.iter().filter(|sample| sample.path.is_relative());
            sources.extend(kept.map(|sample| (base.join(&sample.path), sample.bytes.clone())));
        }
        let resolved = resolved::render(experiment).into_bytes();
        sources.push((PathBuf::from(RESOLVED), resolved));
        let rows = match inputs.options.rows {
            RowsKept::Kept => Some(Rows::new(policies)),
            RowsKept::None => None,
        };
        let files = files(&inputs, policies);
        Contents { inputs, sources, files, rows, n_policies: policies.len() }
    }

    /// All that decides the results.
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }
}

/// The files of a complete folder, sorted.
fn files(inputs: &Inputs, policies: &[&Policy]) -> Vec<String> {
    let mut files: Vec<String> =
        [DISTRIBUTIONS, MANIFEST, RESOLVED, SUMMARY_CSV, SUMMARY_JSON].map(str::to_owned).into();
    files.extend(inputs.options.variants.map(|_| SENSITIVITY.to_owned()));
    files.extend(inputs.files.iter().filter_map(|file| file.kept_as.clone()));
    match inputs.options.rows {
        RowsKept::Kept => files.extend([TRIALS, OUTAGES].map(str::to_owned)),
        RowsKept::None => {}
    }
    for slug in traces::slugs(policies).iter().take(MOST_TRACED) {
        files.extend(Notable::ALL.map(|notable| traces::file_of_notable(slug, notable)));
        let chosen = inputs.options.keep.iter();
        files.extend(chosen.map(|number| traces::file_of_number(slug, *number)));
    }
    files.sort();
    files.dedup();
    files
}

/// What came of opening a folder.
#[derive(Debug)]
pub enum Opened {
    /// It waits for results.
    Ready(Box<Keeper>),
    /// It holds the complete results of these very inputs.
    Finished,
}

/// What a folder holds.
enum Found {
    /// Nothing.
    Nothing,
    /// Files that are no results of ours.
    Others,
    /// Results.
    Results(Box<Manifest>),
}

/// What is done with a folder.
enum Decision {
    /// Nothing: its results are there.
    Leave,
    /// It is filled from the beginning.
    Start,
    /// It is filled from its checkpoint on.
    GoOn,
}

/// Claims the folder at `path`.
pub fn open(
    path: &Path,
    intent: Intent,
    contents: Contents,
    invocation: Invocation,
) -> Result<Opened, KeepError> {
    // Asked before anything is written, and again when nobody else can write.
    if let Decision::Leave = decide(path, intent, &contents.inputs)? {
        return Ok(Opened::Finished);
    }
    disk::create_folder(path)?;
    let lock = disk::lock(path)?;
    let decision = decide(path, intent, &contents.inputs)?;
    let Contents { inputs, sources, files, rows, n_policies } = contents;
    let mut keeper = Keeper {
        folder: path.to_owned(),
        manifest: Manifest::new(inputs, files, invocation),
        rows,
        sinks: Vec::new(),
        start: Progress::start(n_policies),
        began: Instant::now(),
        next: Instant::now(),
        _lock: lock,
    };
    match decision {
        Decision::Leave => return Ok(Opened::Finished),
        Decision::Start => keeper.start(&sources)?,
        Decision::GoOn => keeper.go_on()?,
    }
    Ok(Opened::Ready(Box::new(keeper)))
}

/// What a folder holds, if it is there.
fn look(folder: &Path) -> Result<Found, KeepError> {
    let is_ours = |name: &str| name == disk::LOCK || name == format!(".{MANIFEST}.tmp");
    let mut names = match fs::read_dir(folder) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        names => names.map_err(failed("read the folder", folder))?,
    };
    let manifest = disk::read(&folder.join(MANIFEST))?;
    if let Some(manifest) = manifest.and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
        return Ok(Found::Results(Box::new(manifest)));
    }
    let other = names.find(|entry| {
        entry.as_ref().map_or(true, |entry| !is_ours(&entry.file_name().to_string_lossy()))
    });
    match other.transpose().map_err(failed("read the folder", folder))? {
        Some(_) => Ok(Found::Others),
        None => Ok(Found::Nothing),
    }
}

fn decide(folder: &Path, intent: Intent, inputs: &Inputs) -> Result<Decision, KeepError> {
    let shown = folder.display();
    let refused = |message: String| Err(KeepError::Refused(message));
    let manifest = match look(folder)? {
        Found::Nothing => return Ok(Decision::Start),
        Found::Others => {
            return refused(format!(
                "error: {shown} holds files that are no results of ecsim\n\
                 hint: choose another folder with -o\n"
            ));
        }
        Found::Results(manifest) => manifest,
    };
    let is_same = manifest.inputs.digest == inputs.digest;
    let has_checkpoint = || folder.join(CHECKPOINT).exists();
    match (intent, is_same, manifest.status) {
        (Intent::New | Intent::Resume, true, Status::Finished) => Ok(Decision::Leave),
        (Intent::Overwrite, ..) => Ok(Decision::Start),
        (Intent::Resume, true, Status::Running | Status::Interrupted) if has_checkpoint() => {
            Ok(Decision::GoOn)
        }
        (Intent::Resume, true, Status::Running | Status::Interrupted) => Ok(Decision::Start),
        (Intent::New, true, Status::Running | Status::Interrupted) => {
            // Who still writes to it is a better answer than what to do with what was left.
            drop(disk::lock(folder)?);
            refused(format!(
                "error: {shown} holds an unfinished run of the same inputs\n\
                 hint: go on with --resume, or start over with --overwrite\n"
            ))
        }
        (Intent::New | Intent::Resume, false, _) => {
            let differences = manifest.inputs.differences(inputs);
            let lines: String = differences.iter().map(|line| format!("  {line}\n")).collect();
            refused(format!(
                "error: {shown} holds the results of other inputs\n{lines}\
                 hint: choose another folder with -o, or replace its results with --overwrite\n"
            ))
        }
    }
}

/// A file that rows are appended to.
#[derive(Debug)]
struct Sink {
    path: PathBuf,
    file: BufWriter<File>,
    length: u64,
}

impl Sink {
    /// An empty file with a heading.
    fn start(path: PathBuf, columns: &[String]) -> Result<Self, KeepError> {
        disk::remove(&path)?;
        let file = File::create_new(&path).map_err(failed("create", &path))?;
        let mut sink = Sink { path, file: BufWriter::new(file), length: 0 };
        sink.append(&rows::heading(columns))?;
        Ok(sink)
    }

    /// A file of which only the first `length` bytes are to stay.
    fn go_on(path: PathBuf, length: u64) -> Result<Self, KeepError> {
        let mut file = File::options().write(true).open(&path).map_err(failed("open", &path))?;
        let has = file.metadata().map_err(failed("read", &path))?.len();
        if has < length {
            return Err(KeepError::Refused(format!(
                "error: {} has {has} bytes, and {length} when its checkpoint was written\n\
                 hint: it was changed since; start over with --overwrite\n",
                path.display()
            )));
        }
        let cut = file.set_len(length).and_then(|()| file.seek(SeekFrom::End(0)));
        cut.map_err(failed("write", &path))?;
        Ok(Sink { path, file: BufWriter::new(file), length })
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), KeepError> {
        self.length += bytes.len() as u64;
        self.file.write_all(bytes).map_err(failed("write", &self.path))
    }

    /// Brings all that was appended to the disk.
    fn settle(&mut self) -> Result<(), KeepError> {
        let settled = self.file.flush().and_then(|()| self.file.get_ref().sync_data());
        settled.map_err(failed("write", &self.path))
    }
}

/// Fills a folder of results.
#[derive(Debug)]
pub struct Keeper {
    folder: PathBuf,
    manifest: Manifest,
    rows: Option<Rows>,
    /// For [`TRIALS`] and [`OUTAGES`]; none where no rows are kept.
    sinks: Vec<Sink>,
    /// From where the batch is to go on.
    start: Progress,
    began: Instant,
    /// When the next checkpoint is due.
    next: Instant,
    _lock: File,
}

impl Keeper {
    /// From where the batch is to go on.
    pub fn progress(&self) -> Progress {
        self.start.clone()
    }

    /// Who is to write the rows; `None` where none are kept.
    pub fn rows(&self) -> Option<Rows> {
        self.rows.clone()
    }

    /// Where the results are.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes the rows of the next block.
    pub fn take(&mut self, text: &RowText) -> Result<(), KeepError> {
        for (sink, rows) in self.sinks.iter_mut().zip([&text.trials, &text.outages]) {
            sink.append(rows)?;
        }
        Ok(())
    }

    /// Writes down how far a batch is that goes on, if it is time to.
    pub fn checkpoint_if_due(&mut self, progress: &Progress) -> Result<(), KeepError> {
        match Instant::now() >= self.next {
            true => self.checkpoint(progress),
            false => Ok(()),
        }
    }

    /// Writes down how far a batch is that has not come to its end.
    pub fn checkpoint(&mut self, progress: &Progress) -> Result<(), KeepError> {
        let start = Instant::now();
        for sink in &mut self.sinks {
            sink.settle()?;
        }
        let checkpoint = Checkpoint {
            inputs: self.manifest.inputs.digest.clone(),
            lengths: self.sinks.iter().map(|sink| sink.length).collect(),
            progress: progress.clone(),
        };
        disk::write_atomically(&self.folder.join(CHECKPOINT), &checkpoint.to_bytes())?;
        disk::settle_names(&self.folder)?;
        let now = Instant::now();
        self.next = now + PAUSE.max((now - start) * PAUSES);
        Ok(())
    }

    /// Completes the folder; after an interruption as far as there are trials, so that the batch
    /// can go on. `found` is there if there are trials: the study, and the variants of its
    /// reference, if it is one of those.
    pub fn close(
        mut self,
        (progress, ended): (&Progress, Ended),
        found: Option<(&Study<'_>, Option<&Variants>)>,
    ) -> Result<(), KeepError> {
        let status = match ended {
            Ended::Interrupted => {
                self.checkpoint(progress)?;
                Status::Interrupted
            }
            Ended::Complete | Ended::Precise | Ended::Imprecise => Status::Finished,
        };
        for sink in &mut self.sinks {
            sink.settle()?;
        }
        if let Some((study, variants)) = found {
            self.write(SUMMARY_JSON, summary::json(study).as_bytes())?;
            self.write(SUMMARY_CSV, summary_csv::csv(study).as_bytes())?;
            self.write(DISTRIBUTIONS, distributions::csv(study).as_bytes())?;
            if let Some(variants) = variants {
                self.write(SENSITIVITY, sensitivity::json(study, variants).as_bytes())?;
            }
            self.write_traces(study)?;
        }
        self.manifest.status = status;
        self.manifest.invocation.wall_s = self.began.elapsed().as_secs_f64();
        // What it says is there before it says so.
        disk::settle_names(&self.folder)?;
        self.write(MANIFEST, &self.manifest.to_bytes())?;
        disk::settle_names(&self.folder)?;
        match status {
            Status::Running | Status::Interrupted => Ok(()),
            Status::Finished => {
                let checkpoint = self.folder.join(CHECKPOINT);
                // Who was killed in the middle of writing one left half of it.
                disk::remove(&disk::temporary(&checkpoint))?;
                disk::remove(&checkpoint)
            }
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), KeepError> {
        disk::write_atomically(&self.folder.join(name), bytes)
    }

    fn write_traces(&self, study: &Study<'_>) -> Result<(), KeepError> {
        disk::create_folder(&self.folder.join("traces"))?;
        let seed = study.experiment.seed;
        let slugs = traces::slugs(study.policies);
        let entries = study.entries().zip(&slugs).take(MOST_TRACED).enumerate();
        for (position, ((policy, estimator), slug)) in entries {
            let trace = |number| traces::trace((policy, position), (seed, number));
            for notable in Notable::ALL {
                let text = trace(notable.number(&estimator))?;
                self.write(&traces::file_of_notable(slug, notable), text.as_bytes())?;
            }
            for number in &self.manifest.inputs.options.keep {
                let text = trace(*number)?;
                self.write(&traces::file_of_number(slug, *number), text.as_bytes())?;
            }
        }
        disk::settle_names(&self.folder.join("traces"))
    }

    /// Fills the folder from the beginning.
    fn start(&mut self, sources: &[(PathBuf, Vec<u8>)]) -> Result<(), KeepError> {
        let before = disk::read(&self.folder.join(MANIFEST))?;
        let before: Option<Manifest> = before.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        // In this order, so that the folder can be told apart from others and gone on with
        // whenever this ends.
        disk::remove(&self.folder.join(CHECKPOINT))?;
        let old = before.map_or(Vec::new(), |manifest| manifest.files);
        let mut both = self.manifest.clone();
        both.files.extend(old.iter().filter(|file| !self.manifest.files.contains(file)).cloned());
        self.write(MANIFEST, &both.to_bytes())?;
        disk::settle_names(&self.folder)?;
        for file in &old {
            if file != MANIFEST && disk::is_inside(Path::new(file)) {
                disk::remove(&self.folder.join(file))?;
            }
        }
        self.write(MANIFEST, &self.manifest.to_bytes())?;
        for (path, bytes) in sources {
            let path = self.folder.join(path);
            disk::create_folder(path.parent().expect("it is in the folder"))?;
            disk::write_atomically(&path, bytes)?;
        }
        if self.rows.is_some() {
            self.sinks = vec![
                Sink::start(self.folder.join(TRIALS), &rows::trial_columns())?,
                Sink::start(self.folder.join(OUTAGES), &rows::outage_columns())?,
            ];
        }
        disk::settle_names(&self.folder)
    }

    /// Puts the folder back to its checkpoint.
    fn go_on(&mut self) -> Result<(), KeepError> {
        let path = self.folder.join(CHECKPOINT);
        let bytes = fs::read(&path).map_err(failed("read", &path))?;
        let refused = |what: &str| {
            KeepError::Refused(format!(
                "error: {} {what}\nhint: start over with --overwrite\n",
                path.display()
            ))
        };
        let checkpoint = Checkpoint::from_bytes(&bytes).map_err(refused)?;
        let names: &[&str] = if self.rows.is_some() { &[TRIALS, OUTAGES] } else { &[] };
        let is_ours = checkpoint.inputs == self.manifest.inputs.digest
            && checkpoint.lengths.len() == names.len()
            && checkpoint.progress.is_of(self.start.tallies.len());
        if !is_ours {
            return Err(refused("is of another run"));
        }
        for (name, length) in names.iter().zip(checkpoint.lengths) {
            self.sinks.push(Sink::go_on(self.folder.join(name), length)?);
        }
        self.start = checkpoint.progress;
        self.write(MANIFEST, &self.manifest.to_bytes())
    }
}
