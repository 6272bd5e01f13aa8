//! How a command comes to know the probability of a dataset loss: by trials alone, or by a study
//! of rare losses as well.

use clap::ValueEnum;

use super::study::{BatchOptions, Job, interruption};
use super::{Failure, Talk, say};
use crate::model::plan::Plan;
use crate::montecarlo::batch::Progress;
use crate::montecarlo::estimate::Estimator;
use crate::montecarlo::losses::{
    self, Known, Losses, Obstacle, Stage, Stands, StudyEnded, WhyTrials,
};
use crate::montecarlo::quantity::{Probability, Quantity};
use crate::montecarlo::rare::excursion::Steering;
use crate::montecarlo::rare::study::{Found, Preparing, Wish};
use crate::montecarlo::stopping::Target;
use crate::report::losses::{remedy, rough};
use crate::report::numbers::{count, significant};
use crate::report::study::Ended;
use crate::report::table::small_text;
use crate::scenario::Policy;
use crate::stats::level::Level;

/// How the probability of a dataset loss is found.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum LossMethod {
    /// By the trials where they come to know it well enough, else by a study of rare losses
    #[default]
    Auto,
    /// By trials alone, however many it takes
    Crude,
    /// By excursions that a Markov chain guides to a loss
    Guided,
    /// By excursions in which all failures are alike likely (balanced failure biasing)
    Biased,
    /// By excursions that are split when they come nearer to a loss
    Splitting,
}

/// What finds the probability of a dataset loss.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum LossWay {
    /// The trials alone, whether anybody asked for it or not.
    Trials,
    /// A study of rare losses beside them.
    Study(Asked),
}

/// What is asked of a study.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Asked {
    /// Half-width over value.
    pub(super) share: f64,
    /// How excursions are made; nothing to find out.
    steering: Option<Steering>,
    when: When,
    /// Replications at most.
    pub(super) most: u64,
}

/// When a study is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum When {
    /// Where the trials do not know enough, and of those policies.
    IfNeeded,
    /// In any case.
    Always,
}

/// How many replications a study may take where nobody says how many.
const MOST_REPLICATIONS: u64 = 1_000_000;

/// Whether a precision is of the probability of a dataset loss.
pub(super) fn is_of_losses(target: &Target) -> bool {
    target.quantity == Quantity::Probability(Probability::DatasetLoss)
}

impl Asked {
    /// What the trials are to reach, where nothing else is asked of them.
    pub(super) fn of_trials(self) -> impl Iterator<Item = Target> {
        let is_asked = match self.when {
            When::IfNeeded => true,
            When::Always => false,
        };
        is_asked.then(|| target(self.share)).into_iter()
    }
}

impl LossMethod {
    /// How it makes excursions, if it says so.
    pub(super) fn steering(self) -> Option<Steering> {
        match self {
            LossMethod::Auto | LossMethod::Crude => None,
            LossMethod::Guided => Some(Steering::Guide),
            LossMethod::Biased => Some(Steering::Balanced),
            LossMethod::Splitting => Some(Steering::Split),
        }
    }

    /// Its name as an option's value.
    pub(super) fn name(self) -> &'static str {
        match self {
            LossMethod::Auto => "auto",
            LossMethod::Crude => "crude",
            LossMethod::Guided => "guided",
            LossMethod::Biased => "biased",
            LossMethod::Splitting => "splitting",
        }
    }
}

/// What finds the probability of a dataset loss of these policies.
pub(super) fn way(
    options: &BatchOptions,
    policies: &[&Policy],
    talk: Talk,
) -> Result<LossWay, Failure> {
    let method = options.loss_method;
    let steering = method.steering();
    let when = match method {
        LossMethod::Crude => return Ok(LossWay::Trials),
        LossMethod::Auto => When::IfNeeded,
        LossMethod::Guided | LossMethod::Biased | LossMethod::Splitting => When::Always,
    };
    let shares = options.precision.iter().filter(|it| is_of_losses(it)).map(|it| it.share);
    let share = match (shares.min_by(f64::total_cmp), when) {
        (Some(share), _) => share,
        (None, When::IfNeeded) => return Ok(LossWay::Trials),
        (None, When::Always) => {
            return Err(Failure::Usage(format!(
                "error: --loss-method {}: nobody asks how likely a dataset loss is\n\
                 hint: add --precision dataset_loss=5%\n",
                method.name()
            )));
        }
    };
    let obstacle = |policy: &&Policy| Some((policy.name.clone(), losses::obstacle(&policy.plan)?));
    match (policies.iter().find_map(obstacle), when) {
        (None, _) => {
            let most = options.trials.unwrap_or(MOST_REPLICATIONS);
            Ok(LossWay::Study(Asked { share, steering, when, most }))
        }
        (Some((name, obstacle)), When::IfNeeded) => {
            let why = why(obstacle);
            if talk == Talk::Normal {
                say(&format!("note: trials alone find dataset_loss, since `{name}` has {why}\n"));
            }
            Ok(LossWay::Trials)
        }
        (Some((name, obstacle)), When::Always) => Err(Failure::Usage(format!(
            "error: --loss-method {}: `{name}` has {}\n\
             hint: leave it to trials with --loss-method crude\n",
            method.name(),
            why(obstacle)
        ))),
    }
}

/// Why trials alone can find it, in words that follow "has".
fn why(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::WarmUp => "a warm-up, whose losses do not count, and a study would count them",
        Obstacle::Horizon => "a horizon of more than 292 years, too long for a study",
        Obstacle::Migration => "a migration, in which other losses count than a study looks for",
    }
}

impl Job<'_> {
    /// The study of rare losses, if one is asked for and the trials do not know enough.
    pub(super) fn study_losses(&self, progress: &Progress, ended: Ended) -> Option<Losses> {
        let asked = match (self.way, ended) {
            (LossWay::Trials, _) | (_, Ended::Interrupted) => return None,
            (LossWay::Study(asked), Ended::Complete | Ended::Precise | Ended::Imprecise) => asked,
        };
        let level = self.options.level;
        let known = |(policy, tally)| {
            let policy: &&Policy = policy;
            let estimator = Estimator { tally, plan: &policy.plan, level, losses: None };
            match asked.when {
                When::IfNeeded if target(asked.share).is_reached(&estimator) => Known::Precisely,
                When::IfNeeded | When::Always => Known::Otherwise,
            }
        };
        let known: Vec<Known> = self.policies.iter().zip(&progress.tallies).map(known).collect();
        if known.iter().all(|known| *known == Known::Precisely) {
            return None;
        }
        let plans: Vec<&Plan> = self.policies.iter().map(|policy| &policy.plan).collect();
        let wish = Wish {
            seed: self.spec.seed,
            share: Some(asked.share),
            level,
            most: asked.most,
            steering: asked.steering,
            threads: self.options.n_threads(),
        };
        let bar = self.bar(asked.most, "replications");
        let listener = |stage: Stage<'_>| match stage {
            Stage::Preparing(preparing) => bar.set_message(self.preparing(preparing)),
            Stage::Running(found) => {
                bar.set_position(found.first().map_or(0, |found| found.tally.values.n()));
                if let (false, Some(message)) = (bar.is_hidden(), message(found, &known, level)) {
                    bar.set_message(message);
                }
            }
        };
        let of = (plans.as_slice(), self.reference);
        let losses = losses::study(of, (wish, asked.share), &known, listener, interruption());
        bar.finish_and_clear();
        Some(losses)
    }

    /// What is done before the first replication.
    fn preparing(&self, preparing: Preparing) -> String {
        let (what, policy) = match preparing {
            Preparing::Guide(policy) => ("building the guide", policy),
            Preparing::Pilot(policy) => ("pilot", policy),
        };
        match self.policies.len() {
            1 => what.to_owned(),
            _ => format!("{what} of {}", self.policies[policy].name),
        }
    }

    /// Why all of it ended: the batch, and the study behind it.
    pub(super) fn ended(&self, batch: Ended, losses: Option<&Losses>) -> Ended {
        let Some(losses) = losses else { return batch };
        let others = self.options.precision.iter().any(|target| !is_of_losses(target));
        match losses.ended {
            StudyEnded::Interrupted => Ended::Interrupted,
            StudyEnded::Imprecise => Ended::Imprecise,
            StudyEnded::Precise if others && batch == Ended::Imprecise => Ended::Imprecise,
            StudyEnded::Precise => Ended::Precise,
        }
    }
}

fn target(share: f64) -> Target {
    Target { quantity: Quantity::Probability(Probability::DatasetLoss), share }
}

/// What is known so far of the policy that is known least.
fn message(found: &[Found], known: &[Known], level: Level) -> Option<String> {
    let open = found.iter().zip(known).filter(|(_, known)| **known == Known::Otherwise);
    let least = |found: &&Found| found.tally.effective();
    let found = open.map(|(found, _)| found).min_by(|a, b| least(a).total_cmp(&least(b)))?;
    Some(match found.tally.hits {
        0 => "dataset_loss not seen yet".to_owned(),
        _ => format!("dataset_loss {}", small_text(&found.tally.estimate(level))),
    })
}

/// How far a study is from its precision, where it is not reached.
pub(super) fn missed(job: &Job<'_>, losses: &Losses) -> Vec<String> {
    let mut lines = Vec::new();
    let wanted = losses.share;
    let percent = |share: f64, digits| significant(share * 100.0, digits);
    for (n, policy) in job.policies.iter().enumerate() {
        let name = &policy.name;
        let done = losses.replications();
        let line = match losses.stands[n] {
            Stands::Trials(WhyTrials::Precise) => continue,
            Stands::Trials(WhyTrials::Unseen) => {
                let done = count(u128::from(done));
                format!("no dataset loss was seen in {done} replications")
            }
            Stands::Trials(WhyTrials::Doubt(doubt)) => {
                format!("dataset_loss has no interval by the study: {}", remedy(doubt))
            }
            Stands::Study => match losses.reached(n, job.options.level) {
                Some(share) if share > wanted => {
                    let more = rough(done as f64 * (share / wanted).powi(2));
                    format!(
                        "dataset_loss is known to {}%, {}% would take about {more} replications",
                        percent(share, 2),
                        percent(wanted, 3)
                    )
                }
                Some(_) | None => continue,
            },
        };
        lines.push(format!("  {name}: {line}\n"));
    }
    lines
}

/// What is said of a study that was interrupted.
pub(super) fn interrupted(losses: &Losses) -> String {
    let [done, asked] = [losses.replications(), losses.asked].map(|n| count(u128::from(n)));
    format!(
        "interrupted: all trials and {done} replications (of {asked} at most) are finished, and the \
         numbers are theirs\n"
    )
}
