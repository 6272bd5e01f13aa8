//! Keeping results: which folder, what is said about it, and what the manifest says of us.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::{Args, ValueEnum};

use super::losses::{self, LossWay};
use super::study::Job;
use super::{Changes, Failure, Talk, quoted, say};
use crate::montecarlo::batch::{BrokenTrial, Progress};
use crate::montecarlo::stopping::Target;
use crate::report::numbers::count;
use crate::report::results::{
    self, Contents, Intent, Invocation, KeepError, Keeper, MOST_ROWS, MOST_TRACED, Opened, Options,
    RowsKept,
};
use crate::report::study::{Ended, Study};
use crate::report::summary::rounded;
use crate::scenario::Experiment;
use crate::scenario::sensitivity::Variants;

/// Whether and how results are kept.
#[derive(Args, Clone, Debug)]
pub(super) struct KeepOptions {
    /// Keep the results in this folder, rather than in results/ under the file's name
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Keep no results: only print
    #[arg(long, conflicts_with_all = ["output", "resume", "overwrite", "rows", "keep"])]
    no_output: bool,
    /// Go on with an unfinished run of the same inputs
    #[arg(long, conflicts_with = "overwrite")]
    resume: bool,
    /// Replace the results that the folder holds
    #[arg(long)]
    overwrite: bool,
    /// Whether to keep a row per trial and per outage; auto keeps them up to 100,000 trials
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Choice::Auto)]
    rows: Choice,
    /// Keep this trial of each policy with every fact, beside the notable ones; may be repeated
    #[arg(long, value_name = "N")]
    keep: Vec<u64>,
}

/// The variable of the environment that names the folder of all results. Where it is empty, results
/// are kept only if a command asks for it.
const RESULTS: &str = "ECSIM_RESULTS";

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Choice {
    /// Up to 100,000 trials
    Auto,
    /// Yes
    Always,
    /// No
    Never,
}

/// Where the results of a job go.
pub(super) enum Keeping {
    /// Nowhere, or only to stdout.
    Nothing,
    /// To a folder; and the command that goes on if it is interrupted.
    Into(Box<Keeper>, String),
    /// To a folder that has them already, and is left alone.
    Held,
}

impl KeepOptions {
    /// Claims the folder: the one that is asked for, or the default one. Where nobody asks for
    /// anything and the default one cannot be had, nothing is kept, which is said.
    pub(super) fn open(
        &self,
        experiment: &Experiment,
        job: &Job<'_>,
        (changes, variants): (&Changes, Option<&Variants>),
    ) -> Result<Keeping, KeepError> {
        let base = std::env::var_os(RESULTS).map(PathBuf::from);
        let is_unwanted = base.as_ref().is_some_and(|base| base.as_os_str().is_empty());
        if self.no_output || (is_unwanted && !self.is_asked_for()) {
            return Ok(Keeping::Nothing);
        }
        let base = base.filter(|_| !is_unwanted).unwrap_or_else(|| PathBuf::from("results"));
        let variants = variants.map(|variants| variants.variants.len() as u64);
        let options = Options { variants, ..self.options(job, changes) };
        let contents = Contents::new(experiment, job.policies, options);
        let opened = match &self.output {
            Some(folder) => self.claim(folder, contents, job),
            None => results::default_folder(&base, &experiment.stem, contents.inputs())
                .and_then(|folder| self.claim(&folder, contents, job)),
        };
        let why = match opened {
            Err(KeepError::Disk(doing, cause)) if !self.is_asked_for() => {
                format!("cannot {doing}: {cause}\n")
            }
            Err(KeepError::Refused(message)) if !self.is_asked_for() => {
                let hints = |line: &&str| !line.starts_with("hint:");
                let lines: Vec<&str> = message.lines().filter(hints).collect();
                lines.join("\n").trim_start_matches("error: ").to_owned() + "\n"
            }
            opened => return opened,
        };
        let hint = "hint: -o DIR keeps them elsewhere, and --no-output keeps none";
        say(&format!("warning: the results are not kept: {why}{hint}\n"));
        Ok(Keeping::Nothing)
    }

    /// Whether the command line says anything about what is to be kept.
    fn is_asked_for(&self) -> bool {
        let KeepOptions { output, no_output: _, resume, overwrite, rows, keep } = self;
        output.is_some() || *resume || *overwrite || *rows != Choice::Auto || !keep.is_empty()
    }

    /// Claims a folder. What an earlier run left there of the same inputs is gone on with if nobody
    /// asks for anything: that it was interrupted is known to who interrupted it.
    fn claim(
        &self,
        folder: &Path,
        contents: Contents,
        job: &Job<'_>,
    ) -> Result<Keeping, KeepError> {
        let intent = match (self.resume, self.overwrite) {
            (true, _) => Intent::Resume,
            (false, true) => Intent::Overwrite,
            (false, false) if self.is_asked_for() => Intent::New,
            (false, false) => Intent::Resume,
        };
        let shown = quoted(&folder.display().to_string());
        match results::open(folder, intent, contents, invocation(job))? {
            Opened::Ready(keeper) => {
                self.say_what_is_left_out(job);
                say_where_it_goes_on(job, &keeper.progress());
                Ok(Keeping::Into(keeper, self.resuming()))
            }
            Opened::Finished => {
                let what = "holds this very run, and is left as it is: it is run again to be shown";
                note(job.talk, &format!("{shown} {what}"));
                Ok(Keeping::Held)
            }
        }
    }

    /// The options that decide results, for the manifest.
    fn options(&self, job: &Job<'_>, changes: &Changes) -> Options {
        let rows = match self.rows {
            Choice::Always => RowsKept::Kept,
            Choice::Auto if job.spec.trials <= MOST_ROWS => RowsKept::Kept,
            Choice::Auto | Choice::Never => RowsKept::None,
        };
        let target = |target: &Target| {
            format!("{}={}%", target.quantity.name(), rounded(target.share * 100.0))
        };
        let (loss_method, replications) = match job.way {
            LossWay::Trials if !job.options.precision.iter().any(losses::is_of_losses) => {
                (None, None)
            }
            LossWay::Trials => (Some(job.options.loss_method), None),
            LossWay::Study(asked) => (Some(job.options.loss_method), Some(asked.most)),
        };
        let mut keep = self.keep.clone();
        keep.sort_unstable();
        keep.dedup();
        Options {
            set: changes.set.clone(),
            sweep: changes.sweep.clone(),
            policy: changes.policy.clone(),
            reference: job.policies[job.reference].name.clone(),
            seed: job.spec.seed,
            trials: job.spec.trials,
            precision: job.options.precision.iter().map(target).collect(),
            loss_method: loss_method.map(|method| method.name().to_owned()),
            replications,
            variants: None,
            level: job.options.level.get(),
            rows,
            keep,
        }
    }

    /// The command that goes on with this one: the same, with `--resume` where it says what is to be
    /// kept.
    fn resuming(&self) -> String {
        let ours = ["--resume", "--overwrite"];
        let words = words().filter(|word| !ours.contains(&word.as_str()));
        let resume = self.is_asked_for().then(|| "--resume".to_owned());
        words.chain(resume).collect::<Vec<String>>().join(" ")
    }

    fn say_what_is_left_out(&self, job: &Job<'_>) {
        if self.rows == Choice::Auto && job.spec.trials > MOST_ROWS {
            let most = count(u128::from(MOST_ROWS));
            let hint = "--rows always keeps them";
            note(job.talk, &format!("no rows are kept of more than {most} trials; {hint}"));
        }
        if job.policies.len() > MOST_TRACED {
            say(&format!(
                "warning: trials are kept of the first {MOST_TRACED} policies only; --policy \
                 chooses one\n"
            ));
        }
    }
}

impl Keeping {
    /// The folder that is filled.
    pub(super) fn keeper(&mut self) -> Option<&mut Keeper> {
        match self {
            Keeping::Into(keeper, _) => Some(keeper),
            Keeping::Nothing | Keeping::Held => None,
        }
    }

    /// Completes the folder, and says where the results are. `found` is there if there are trials:
    /// the study, and the variants of its reference, if it is one of those.
    pub(super) fn close(
        self,
        (progress, ended): (&Progress, Ended),
        found: Option<(&Study<'_>, Option<&Variants>)>,
        talk: Talk,
    ) -> Result<(), KeepError> {
        match self {
            Keeping::Nothing | Keeping::Held => Ok(()),
            Keeping::Into(keeper, resuming) => {
                let folder = quoted(&keeper.folder().display().to_string());
                keeper.close((progress, ended), found)?;
                match ended {
                    Ended::Interrupted => {
                        if progress.trials > 0 {
                            let shows = format!("`ecsim report {folder}` shows what there is");
                            note(talk, &format!("the results are in {folder}; {shows}"));
                        }
                        say(&format!("to go on: {resuming}\n"));
                    }
                    Ended::Complete | Ended::Precise | Ended::Imprecise => {
                        note(talk, &format!("the results are in {folder}"));
                    }
                }
                Ok(())
            }
        }
    }
}

/// Says how far a run is that goes on.
fn say_where_it_goes_on(job: &Job<'_>, progress: &Progress) {
    let done = count(u128::from(progress.trials));
    match progress.trials {
        0 => {}
        n if n < job.spec.trials => note(job.talk, &format!("goes on from trial {done}")),
        _ => note(job.talk, &format!("goes on behind its {done} trials")),
    }
}

/// Says something that nobody needs to know.
fn note(talk: Talk, text: &str) {
    match talk {
        Talk::Normal => say(&format!("note: {text}\n")),
        Talk::Quiet => {}
    }
}

/// What a failure to keep results means for the command.
pub(super) fn failure(error: KeepError, bug: impl Fn(BrokenTrial) -> Failure) -> Failure {
    match error {
        KeepError::Disk(doing, cause) => Failure::Environment(doing, cause),
        KeepError::Refused(message) => Failure::Refused(message),
        KeepError::Load(error) => Failure::Load(error),
        KeepError::Broken(broken) => bug(broken),
    }
}

/// The words of the command line, as a shell reads them.
fn words() -> impl Iterator<Item = String> {
    let words = std::env::args_os().skip(1).map(|word| quoted(&word.to_string_lossy()));
    std::iter::once("ecsim".to_owned()).chain(words)
}

fn invocation(job: &Job<'_>) -> Invocation {
    Invocation {
        command: words().collect::<Vec<String>>().join(" "),
        threads: job.options.n_threads(),
        git: git_revision(),
        started: jiff::Timestamp::now().to_string(),
        wall_s: 0.0,
        os: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
    }
}

/// The revision of the work tree that we are in, if git knows one.
fn git_revision() -> Option<String> {
    let mut command = Command::new("git");
    command.args(["rev-parse", "HEAD"]).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok().filter(|output| output.status.success())?;
    let revision = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    let is_revision = revision.len() >= 40 && revision.bytes().all(|c| c.is_ascii_hexdigit());
    is_revision.then_some(revision)
}
