//! `ecsim replay`: the story of a trial; `views` has what else can be seen of it.

mod loss;
mod pictures;
mod views;

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{
    Changes, Failure, keep, load, load_all, policy_option, print, quoted, say, shown_files, study,
};
use crate::cli::losses::LossMethod;
use crate::engine::rng::TrialKeys;
use crate::engine::time::{SimTime, Span};
use crate::model::plan::Plan;
use crate::montecarlo::batch::{self, BrokenTrial};
use crate::montecarlo::estimate::Estimator;
use crate::montecarlo::rare::ways::Example;
use crate::montecarlo::trial::Trial;
use crate::observe::metrics::Metrics;
use crate::observe::trace::Recorder;
use crate::report::results::{self, KeepError, Kept, Notable};
use crate::report::{json, table, timeline};
use crate::scenario::{Experiment, Policy, units};
use crate::stats::level::Level;
use views::Replayed;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The scenario, or a folder of results; or the scenarios that were compared, in that order
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Which trial: its number, or worst-loss, worst-outage, mildest-outage or median of all
    #[arg(long, default_value = "0", value_parser = parse_choice)]
    trial: Choice,
    /// Tell a dataset loss instead, from the list "how a dataset loss happens": its id, as 7.3.
    /// Failures that lead to it are chosen
    #[arg(long, value_name = "ID")]
    #[arg(conflicts_with_all = ["trial", "until", "describe_at", "info_at"])]
    loss: Option<Example>,
    /// How the study of rare losses that is told from looked for them: guided, if it chose itself
    #[arg(long, value_enum, requires = "loss", default_value_t = LossMethod::Auto)]
    loss_method: LossMethod,
    /// Stop after this simulated time: 90s, "1h 30m"
    #[arg(long, value_parser = units::parse_span)]
    until: Option<Span>,
    /// The seed, instead of the scenario's
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    changes: Changes,
    /// How to print it; without it by the ending of the output's name, or as text. A page shows two
    /// policies side by side if two are named
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write it into this file instead; one that is there is replaced
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    views: views::Views,
}

#[derive(Clone, Copy, Debug)]
enum Choice {
    Number(u64),
    Notable(Notable),
}

fn parse_choice(text: &str) -> Result<Choice, String> {
    if let Some(notable) = Notable::ALL.into_iter().find(|notable| notable.name() == text) {
        return Ok(Choice::Notable(notable));
    }
    text.parse().map(Choice::Number).map_err(|_| {
        "a trial's number, worst-loss, worst-outage, mildest-outage or median is wanted".to_owned()
    })
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Format {
    /// A story for people
    Text,
    /// One JSON object per line
    Json,
    /// A sequence diagram of Mermaid, for slides
    Mermaid,
    /// A page that plays it, in one file
    Html,
}

/// What a trial is chosen from.
enum Source {
    /// A scenario file: its trials are run first, where they must be known.
    File(Experiment),
    /// A folder that knows its notable trials.
    Results(Box<Kept>),
}

impl Source {
    fn open(arguments: &Arguments) -> Result<Self, Failure> {
        let Arguments { files, changes, seed, .. } = arguments;
        let [file] = files.as_slice() else {
            return load_all(files, &changes.overrides(None, *seed)).map(Source::File);
        };
        if !file.is_dir() {
            return load(file, &changes.overrides(None, *seed)).map(Source::File);
        }
        if seed.is_some() || !changes.set.is_empty() || !changes.sweep.is_empty() {
            let file = quoted(&file.display().to_string());
            return Err(Failure::Usage(format!(
                "error: {file} holds results, of which seed and values are fixed\n\
                 hint: leave out --seed, --set and --sweep, or replay the scenario file\n"
            )));
        }
        let kept = results::load(file).map_err(|error| not_read(arguments, error))?;
        let (theirs, ours) = (kept.manifest.inputs.ecsim.as_str(), env!("CARGO_PKG_VERSION"));
        if theirs != ours {
            say(&format!(
                "warning: these are results of ecsim {theirs}; this is {ours}, whose histories may \
                 differ\n"
            ));
        }
        Ok(Source::Results(Box::new(kept)))
    }

    fn experiment(&self) -> &Experiment {
        match self {
            Source::File(experiment) => experiment,
            Source::Results(kept) => &kept.experiment,
        }
    }

    /// The changes that choose the policy.
    fn changes(&self, changes: &Changes) -> Changes {
        let mut changes = changes.clone();
        if let Source::Results(kept) = self
            && changes.policy.is_empty()
        {
            changes.policy.clone_from(&kept.manifest.inputs.options.policy);
        }
        changes
    }

    /// The number of a notable trial.
    fn number(
        &self,
        notable: Notable,
        policy: &Policy,
        bug: impl Fn(BrokenTrial) -> Failure,
    ) -> Result<u64, Failure> {
        match self {
            Source::File(experiment) => {
                let spec = experiment.batch_spec();
                let tally = batch::run_on(&policy.plan, spec, study::n_cores()).map_err(bug)?;
                let level = Level::default();
                Ok(notable.number(&Estimator {
                    tally: &tally,
                    plan: &policy.plan,
                    level,
                    losses: None,
                }))
            }
            Source::Results(kept) => {
                let number = kept.number(&policy.name, notable);
                number.map_err(|error| keep::failure(error, bug))
            }
        }
    }
}

/// What it means that results cannot be read.
fn not_read(arguments: &Arguments, error: KeepError) -> Failure {
    keep::failure(error, |broken| {
        let files = shown_files(&arguments.files);
        Failure::Bug { files, options: String::new(), broken }
    })
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let source = Source::open(arguments)?;
    arguments.refuse_to_overwrite()?;
    match arguments.format() {
        Format::Text | Format::Json => run_one(arguments, &source),
        Format::Mermaid | Format::Html => {
            arguments.views.refuse_beside(arguments.format())?;
            pictures::run(arguments, &source)
        }
    }
}

/// A trial that is told of a policy, and what a bug in it is.
struct Asked<'a> {
    arguments: &'a Arguments,
    experiment: &'a Experiment,
    policy: &'a Policy,
    changes: &'a Changes,
}

impl Asked<'_> {
    fn bug(&self, broken: BrokenTrial) -> Failure {
        let options = self.changes.options(self.arguments.seed);
        let options = options + &policy_option(self.experiment, self.policy);
        Failure::Bug { files: shown_files(&self.arguments.files), options, broken }
    }

    /// The trial's number.
    fn number(&self, source: &Source) -> Result<u64, Failure> {
        match self.arguments.trial {
            Choice::Number(number) => Ok(number),
            Choice::Notable(notable) => {
                source.number(notable, self.policy, |broken| self.bug(broken))
            }
        }
    }

    /// Runs a trial of `plan` to the end of its horizon.
    fn run_trial<'p>(
        &self,
        plan: &'p Plan,
        number: u64,
    ) -> Result<(Trial<'p>, Observed<'p>), Failure> {
        let seed = self.experiment.batch_spec().seed;
        let mut trial = Trial::begin(plan, TrialKeys::new(seed).key(number));
        let mut observers = (Metrics::new(plan), Recorder::default());
        let ran = trial.run_guarded(plan.horizon, &mut observers);
        ran.map_err(|broken| {
            self.bug(BrokenTrial { seed, trial: number, policy: 0, at: broken.at })
        })?;
        Ok((trial, observers))
    }
}

/// What a trial came to, and its facts.
type Observed<'p> = (Metrics<'p>, Recorder);

/// Tells a trial of one policy as text or as JSON.
fn run_one(arguments: &Arguments, source: &Source) -> Result<(), Failure> {
    let experiment = source.experiment();
    let changes = &source.changes(&arguments.changes);
    let policy = changes.choose_one(experiment, "a trial is told")?;
    let seed = experiment.batch_spec().seed;
    let view = arguments.views.view(&policy.plan)?;
    if let Some(example) = arguments.loss {
        return loss::run(arguments, (experiment, policy), (&view, example));
    }
    let asked = Asked { arguments, experiment, policy, changes };
    let number = asked.number(source)?;
    say_where_it_ends(&policy.plan, arguments);
    let until = wanted_end(&policy.plan, arguments);
    let plan = &shortened(&policy.plan, until);
    let (trial, mut observers) = asked.run_trial(plan, number)?;
    let outcome = observers.0.finish(until);
    let facts = &observers.1.facts;
    let replayed = Replayed { plan, key: trial.key(), facts, state: trial.state(), until };
    view.check(&replayed)?;
    if let Some(text) = view.text(&replayed, arguments.format()) {
        return arguments.print(&text);
    }
    if arguments.format() == Format::Json {
        let header = json::TraceHeader { seed, trial: number, until, steered: None };
        return arguments.print(&json::trace(plan, header, facts, &outcome));
    }
    let caption = Caption { what: format!("trial {number}"), seed, until };
    let story = timeline::render(plan, facts, &outcome);
    arguments.print(&(told(plan, experiment, policy, caption) + &story + &assumed(policy)))
}

impl Format {
    /// That of files with this ending; text unless it says otherwise.
    fn of(file: &Path) -> Self {
        match file.extension().and_then(|ending| ending.to_str()) {
            Some("html" | "htm") => Format::Html,
            Some("mmd" | "mermaid") => Format::Mermaid,
            Some("json" | "jsonl") => Format::Json,
            Some(_) | None => Format::Text,
        }
    }
}

impl Arguments {
    /// How it is printed.
    fn format(&self) -> Format {
        let by_name = || self.output.as_deref().map_or(Format::Text, Format::of);
        self.format.unwrap_or_else(by_name)
    }

    /// Writes data to where it is wanted.
    fn print(&self, text: &str) -> Result<(), Failure> {
        let Some(file) = &self.output else { return print(text) };
        std::fs::write(file, text)
            .map_err(|error| Failure::Environment(format!("write {}", file.display()), error))
    }

    /// What is read is not written over.
    fn refuse_to_overwrite(&self) -> Result<(), Failure> {
        let Some(output) = &self.output else { return Ok(()) };
        let is_output = |file: &PathBuf| match (file.canonicalize(), output.canonicalize()) {
            (Ok(file), Ok(output)) => file == output,
            _ => false,
        };
        match self.files.iter().find(|file| is_output(file)) {
            None => Ok(()),
            Some(file) => Err(Failure::Usage(format!(
                "error: {} is what is replayed, and is not overwritten\n\
                 hint: name another file after --output\n",
                quoted(&file.display().to_string())
            ))),
        }
    }
}

/// The instant at which the replay ends: the one that is asked for, or the plan's end before it.
fn wanted_end(plan: &Plan, arguments: &Arguments) -> SimTime {
    asked_end(plan, arguments).min(plan.horizon)
}

/// The instant at which the replay is asked to end.
fn asked_end(plan: &Plan, arguments: &Arguments) -> SimTime {
    let until = arguments.views.instant().or(arguments.until);
    until.map_or(plan.horizon, |span| SimTime::START + span)
}

/// Says so if the replay ends before it is asked to.
fn say_where_it_ends(plan: &Plan, arguments: &Arguments) {
    if asked_end(plan, arguments) > plan.horizon {
        let horizon = plan.horizon.since(SimTime::START);
        say(&format!("note: the scenario ends after {horizon}, and so does the replay\n"));
    }
}

/// The plan up to where a replay ends.
fn shortened(plan: &Plan, until: SimTime) -> Plan {
    let mut plan = plan.clone();
    // A longer horizon only adds to a history: what is told is the same, and ends here.
    plan.horizon = until;
    plan.warm_up = plan.warm_up.min(until);
    plan
}

/// Which trial a story is of.
struct Caption {
    what: String,
    seed: u64,
    until: SimTime,
}

/// The lines above a story.
fn told(plan: &Plan, experiment: &Experiment, policy: &Policy, caption: Caption) -> String {
    let Caption { what, seed, until } = caption;
    let until = until.since(SimTime::START);
    let mut text = format!("{} · {what} · seed {seed} · until {until}\n", plan.name);
    if experiment.policies.len() > 1 {
        text.push_str(&format!(" policy: {}\n", policy.name));
    }
    for group in &plan.groups {
        text.push_str(&format!(" {}\n", table::group_line(plan, group)));
    }
    text.push('\n');
    text
}

/// The lines below a story.
fn assumed(policy: &Policy) -> String {
    let mut text = String::new();
    table::name_assumptions(&policy.assumptions, &mut text);
    text
}
