//! Running a batch from the command line: options, threads, precision, progress, interruption.

use std::io::IsTerminal as _;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::losses::{self, LossMethod, LossWay};
use super::{INTERRUPTED, Talk, parse_trials, say};
use crate::montecarlo::batch::{Batch, BatchError, BatchSpec, Contender, Next, Progress, RowText};
use crate::montecarlo::estimate::Estimator;
use crate::montecarlo::losses::Losses;
use crate::montecarlo::quantity::{Probability, Quantity, Statistic};
use crate::montecarlo::stopping::Target;
use crate::observe::metrics::Metric;
use crate::report::numbers::{count, significant};
use crate::report::results::{KeepError, Keeper};
use crate::report::study::Ended;
use crate::report::table::quantile_text;
use crate::scenario::{Experiment, Policy, nearest};
use crate::stats::level::Level;
use crate::stats::stopping::next_look;

/// How a batch is run.
#[derive(Args, Clone, Debug)]
pub(super) struct BatchOptions {
    /// How many trials, instead of the scenario's: 10000, 10_000 or 1e4; with --precision at most
    /// so many
    #[arg(long, value_name = "N", value_parser = parse_trials)]
    pub(super) trials: Option<u64>,
    /// The seed, instead of the scenario's
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Stop as soon as the half-width of an interval is below a share of its value, as in
    /// write_outage_s=2% or dataset_loss=5%; may be repeated. Without --trials after 10,000,000
    /// trials at the latest; for dataset_loss see --loss-method
    #[arg(long, value_name = "METRIC=P%", value_parser = parse_target)]
    pub(super) precision: Vec<Target>,
    /// How the probability of a dataset loss is found that --precision dataset_loss=P% asks for; a
    /// study of rare losses has at most as many replications as --trials says, else 1,000,000
    #[arg(long, value_enum, value_name = "METHOD", default_value_t = LossMethod::Auto)]
    pub(super) loss_method: LossMethod,
    /// Confidence level of all intervals: 0.95 or 95%
    #[arg(long, value_name = "LEVEL", value_parser = parse_level, default_value = "95%")]
    pub(super) level: Level,
    /// How many threads work; as many as there are cores if left out. No number depends on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) threads: Option<u16>,
}

/// How many trials a precision may take where nobody says how many.
const MOST_FOR_PRECISION: u64 = 10_000_000;

impl BatchOptions {
    /// Trials to run, at most.
    pub(super) fn spec(&self, experiment: &Experiment, way: LossWay) -> BatchSpec {
        let is_for_trials = |target: &Target| match way {
            LossWay::Trials => true,
            LossWay::Study(_) => !losses::is_of_losses(target),
        };
        let trials = match (self.trials, self.precision.iter().any(is_for_trials)) {
            (Some(trials), _) => trials,
            (None, false) => experiment.trials,
            (None, true) => MOST_FOR_PRECISION,
        };
        BatchSpec { seed: experiment.seed, trials }
    }

    /// How many threads work.
    pub(super) fn n_threads(&self) -> usize {
        self.threads.map_or_else(n_cores, usize::from)
    }
}

/// How many threads work at the same time.
pub(super) fn n_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Reads a precision: a quantity and a share in per cent.
fn parse_target(text: &str) -> Result<Target, String> {
    let (name, share) = text
        .split_once('=')
        .ok_or("a quantity and a share are wanted, as in write_outage_s=2%".to_owned())?;
    let quantity = Quantity::parse(name).map_err(|_| not_a_quantity(name))?;
    if quantity.statistic() == Some(Statistic::Max) {
        return Err(format!(
            "`{name}` has no interval: a larger value may only not have been seen"
        ));
    }
    let share = parse_percent(share).filter(|share| *share > 0.0 && *share < 1.0);
    let share =
        share.ok_or("the share lies between 0% and 100%, and has its sign, as in 2%".to_owned())?;
    Ok(Target { quantity, share })
}

/// What is said to who names a quantity that there is none of.
fn not_a_quantity(name: &str) -> String {
    let metrics = Metric::ALL.map(Metric::name).join(", ");
    let probabilities = Probability::ALL.map(Probability::name).join(", ");
    let statistics = Statistic::ALL.map(Statistic::name).join(", ");
    let known: Vec<&str> = Metric::ALL.iter().map(|metric| metric.name()).collect();
    let known = [known, Probability::ALL.iter().map(|it| it.name()).collect()].concat();
    if let Some(meant) = nearest(name, &known) {
        return format!("`{name}` is no quantity: did you mean `{meant}`?");
    }
    format!(
        "`{name}` is no quantity: it is one of {probabilities}, or a metric with a statistic as \
         in write_outage_s.p99; metrics are {metrics}; statistics are {statistics}"
    )
}

/// Reads a confidence level: `0.95` or `95%`.
fn parse_level(text: &str) -> Result<Level, String> {
    let level = match text.contains('%') {
        true => parse_percent(text),
        false => text.parse().ok(),
    };
    let wrong = || "a level is at least 50% and less than 100%, as in 95% or 0.95".to_owned();
    level.and_then(Level::new).ok_or_else(wrong)
}

/// A share written as `2%` or `2 %`.
fn parse_percent(text: &str) -> Option<f64> {
    let number: f64 = text.trim().strip_suffix('%')?.trim().parse().ok()?;
    number.is_finite().then_some(number / 100.0)
}

/// What is run.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    /// The policies.
    pub(super) policies: &'a [&'a Policy],
    /// The position among them of the one that the others are compared with.
    pub(super) reference: usize,
    /// Which trials.
    pub(super) spec: BatchSpec,
    /// How.
    pub(super) options: &'a BatchOptions,
    /// What finds the probability of a dataset loss.
    pub(super) way: LossWay,
    /// Whether to say how far it is.
    pub(super) talk: Talk,
}

impl Job<'_> {
    /// Runs it, and keeps its rows and how far it is where somebody keeps them; gives what came of
    /// it and why it ended.
    pub(super) fn run(
        &self,
        mut keeper: Option<&mut Keeper>,
    ) -> Result<(Progress, Ended), BatchError<KeepError>> {
        let contenders: Vec<Contender<'_>> = self
            .policies
            .iter()
            .map(|policy| Contender { plan: &policy.plan, objectives: policy.objectives })
            .collect();
        let batch = Batch {
            contenders: &contenders,
            reference: self.reference,
            spec: self.spec,
            threads: self.options.n_threads(),
        };
        let stop = interruption();
        let bar = self.bar(self.spec.trials, "trials");
        let start = || Progress::start(contenders.len());
        let mut progress = keeper.as_ref().map_or_else(start, |keeper| keeper.progress());
        let rows = keeper.as_ref().and_then(|keeper| keeper.rows());
        let mut look = Look::new(self, &progress);
        let is_over = look.is_reached;
        let listener = |text: &RowText, progress: &Progress| {
            bar.set_position(progress.trials);
            let next = look.at(progress, &bar);
            if let Some(keeper) = &mut keeper {
                keeper.take(text)?;
                if next == Next::GoOn && progress.trials < self.spec.trials {
                    keeper.checkpoint_if_due(progress)?;
                }
            }
            Ok(next)
        };
        let ran = match is_over {
            true => Ok(()),
            false => batch.run(&mut progress, &rows, listener, stop),
        };
        if let (Err(BatchError::Broken(_)), Some(keeper)) = (&ran, keeper) {
            // The bug is what matters, also where the disk fails in its turn.
            let _ = keeper.checkpoint(&progress);
        }
        bar.finish_and_clear();
        ran?;
        let ended = match look.is_reached {
            true => Ended::Precise,
            false if progress.trials < self.spec.trials => Ended::Interrupted,
            false if self.targets().is_empty() => Ended::Complete,
            false => Ended::Imprecise,
        };
        Ok((progress, ended))
    }

    /// What the trials are to reach. A study takes over what they do not know of dataset losses:
    /// trials for that alone end early where they know enough, and are all run otherwise.
    fn targets(&self) -> Vec<Target> {
        let all = &self.options.precision;
        let others = || all.iter().copied().filter(|target| !losses::is_of_losses(target));
        match self.way {
            LossWay::Trials => all.clone(),
            LossWay::Study(asked) if others().next().is_none() => asked.of_trials().collect(),
            LossWay::Study(_) => others().collect(),
        }
    }

    /// A bar on stderr, where somebody looks, that counts to `most`.
    pub(super) fn bar(&self, most: u64, what: &'static str) -> ProgressBar {
        let is_watched = self.talk == Talk::Normal && std::io::stderr().is_terminal();
        if !is_watched {
            return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        }
        let template = format!(
            "{{bar:24}} {{human_pos}}/{{human_len}} {what} · {{rate}} · {{eta}} left · {{msg}}"
        );
        let rate = |state: &ProgressState, text: &mut dyn std::fmt::Write| {
            let _ = write!(text, "{}/s", count(state.per_sec().round() as u128));
        };
        let style = ProgressStyle::with_template(&template).expect("the template is sound");
        let style = style.with_key("rate", rate);
        let bar = ProgressBar::new(most).with_style(style);
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }
}

/// Shows that something is being worked on that has no length, if anybody sees it.
pub(super) fn spinner() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{spinner} {elapsed} {wide_msg}");
    let style = style.expect("the template is sound");
    let spinner = ProgressBar::new_spinner().with_style(style);
    spinner.enable_steady_tick(Duration::from_millis(200));
    spinner
}

/// Looks at the numbers now and then: whether they are precise enough, and to show one.
struct Look<'a> {
    job: &'a Job<'a>,
    targets: Vec<Target>,
    next: u64,
    is_reached: bool,
}

impl<'a> Look<'a> {
    /// For a batch with so much behind it, the last look among it. It may have ended there.
    fn new(job: &'a Job<'a>, progress: &Progress) -> Self {
        let (targets, done) = (job.targets(), progress.trials);
        let mut look = Look { job, targets, next: next_look(0), is_reached: false };
        while look.next < done {
            look.next = next_look(look.next);
        }
        let is_last = done > 0 && done >= job.spec.trials;
        look.is_reached = (look.next == done || is_last) && look.is_enough(progress);
        look.pass(done);
        look
    }

    /// A batch that goes on where another ended looks where one without a break would have.
    fn pass(&mut self, done: u64) {
        while self.next <= done {
            self.next = next_look(self.next);
        }
    }

    fn at(&mut self, progress: &Progress, bar: &ProgressBar) -> Next {
        if progress.trials < self.next && progress.trials < self.job.spec.trials {
            return Next::GoOn;
        }
        self.pass(progress.trials);
        if !bar.is_hidden() {
            let first = self.estimators(progress).next().expect("a job has policies");
            bar.set_message(message(&first, self.targets.first().map(|target| target.quantity)));
        }
        let is_reached = self.is_enough(progress);
        self.is_reached = is_reached;
        if is_reached { Next::Enough } else { Next::GoOn }
    }

    fn is_enough(&self, progress: &Progress) -> bool {
        let is_reached = |estimator: Estimator<'_>| {
            self.targets.iter().all(|target| target.is_reached(&estimator))
        };
        !self.targets.is_empty() && self.estimators(progress).all(is_reached)
    }

    fn estimators<'p>(&self, progress: &'p Progress) -> impl Iterator<Item = Estimator<'p>>
    where
        'a: 'p,
    {
        let level = self.job.options.level;
        let pairs = self.job.policies.iter().zip(&progress.tallies);
        pairs.map(move |(policy, tally)| Estimator {
            tally,
            plan: &policy.plan,
            level,
            losses: None,
        })
    }
}

/// A number and its interval so far: what is to be precise, or else the write outage.
fn message(estimator: &Estimator<'_>, quantity: Option<Quantity>) -> String {
    let outage = Quantity::Metric { metric: Metric::WriteOutage, statistic: Statistic::Mean };
    let quantity = quantity.unwrap_or(outage);
    let number = |value| significant(value, 3);
    match estimator.of(quantity) {
        Some(estimate) => format!("{} {}", quantity.name(), quantile_text(&estimate, number)),
        None => format!("{} not seen yet", quantity.name()),
    }
}

/// Says what somebody who waited for a batch needs to know beside its numbers.
pub(super) fn say_how_it_ended(
    job: &Job<'_>,
    (progress, losses): (&Progress, Option<&Losses>),
    ended: Ended,
) {
    let done = count(u128::from(progress.trials));
    let asked = count(u128::from(job.spec.trials));
    let replications = match losses {
        None => String::new(),
        Some(losses) => format!(" and {} replications", count(u128::from(losses.replications()))),
    };
    match (ended, losses) {
        (Ended::Complete, _) => {}
        (Ended::Precise, _) if job.talk == Talk::Normal => {
            say(&format!("note: the precision is reached after {done} trials{replications}\n"));
        }
        (Ended::Precise, _) => {}
        (Ended::Interrupted, Some(losses)) => say(&losses::interrupted(losses)),
        (Ended::Interrupted, None) if progress.trials == 0 => {
            say(&format!("interrupted: too few of {asked} trials are finished to show numbers\n"));
        }
        (Ended::Interrupted, None) => say(&format!(
            "interrupted: {done} of {asked} trials are finished, and the numbers are theirs\n"
        )),
        (Ended::Imprecise, _) => {
            say(&format!(
                "warning: the precision is not reached within {asked} trials{replications}\n"
            ));
            for line in missed(job, progress) {
                say(&line);
            }
            for line in losses.iter().flat_map(|it| losses::missed(job, it)) {
                say(&line);
            }
        }
    }
}

/// How far each precision is, where it is not reached, and how many trials it might take.
fn missed(job: &Job<'_>, progress: &Progress) -> Vec<String> {
    let mut lines = Vec::new();
    for (policy, tally) in job.policies.iter().zip(&progress.tallies) {
        let level = job.options.level;
        let estimator = Estimator { tally, plan: &policy.plan, level, losses: None };
        for target in &job.options.precision {
            let is_left_to_study = job.way != LossWay::Trials && losses::is_of_losses(target);
            if is_left_to_study || target.is_reached(&estimator) {
                continue;
            }
            let wanted = format!("{}%", significant(target.share * 100.0, 3));
            let name = target.quantity.name();
            lines.push(match target.reached(&estimator) {
                Some(share) if share <= target.share => format!(
                    "  {}: {name} is known to {}%, but a fault is expected fewer than ten times\n",
                    policy.name,
                    significant(share * 100.0, 2),
                ),
                Some(share) => {
                    let factor = (share / target.share).powi(2).max(1.0);
                    let trials = about(progress.trials as f64 * factor);
                    format!(
                        "  {}: {name} is known to {}%, {wanted} would take about {trials} trials\n",
                        policy.name,
                        significant(share * 100.0, 2),
                    )
                }
                None => {
                    let seen = estimator.evidence(target.quantity);
                    let trials = if seen == 1 { "trial" } else { "trials" };
                    format!(
                        "  {}: {name} was seen in {seen} {trials}: too few for an interval{}\n",
                        policy.name,
                        instead(target.quantity)
                    )
                }
            });
        }
    }
    lines
}

/// What to ask for instead of a quantity that trials do not come to know.
fn instead(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::Metric { metric: Metric::DatasetLosses, .. } => {
            "; --precision dataset_loss=5% finds how likely it is, however rare"
        }
        Quantity::Metric { .. }
        | Quantity::Probability(_)
        | Quantity::OutageLength(_)
        | Quantity::FailoverLength(_)
        | Quantity::RtoMissed
        | Quantity::RpoMissed => "",
    }
}

/// A number of trials to one digit.
fn about(trials: f64) -> String {
    let unit = 10f64.powf(trials.log10().floor());
    significant((trials / unit).ceil() * unit, 1)
}

/// Set when somebody presses Ctrl-C, which is said at once: the batch ends after the trials under
/// way. Once more, and the program ends at once.
pub(super) fn interruption() -> &'static AtomicBool {
    static STOP: AtomicBool = AtomicBool::new(false);
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // A terminal has a bar on the line, and what it shows of the key.
        let begin = if std::io::stderr().is_terminal() { "\n" } else { "" };
        let on_signal = move || {
            if STOP.load(Ordering::Relaxed) {
                say(&format!("{begin}ended at once, without numbers\n"));
                std::process::exit(INTERRUPTED);
            }
            // Before anybody can say what came of it.
            say(&format!("{begin}stopping; what is finished is kept\n"));
            STOP.store(true, Ordering::Relaxed);
        };
        // Without a handler the signal ends the program, as it does everywhere.
        let _ = ctrlc::set_handler(on_signal);
    });
    &STOP
}
