//! Running the policies of an experiment and printing what they came to: what `run` and `compare`
//! share.

use clap::ValueEnum;

use super::keep::{self, KeepOptions};
use super::losses::{self, LossMethod, LossWay};
use super::study::{self, BatchOptions, Job};
use super::{Changes, Failure, Talk, print, quoted, say, shown_files};
use crate::montecarlo::batch::{BatchError, BrokenTrial};
use crate::montecarlo::quantity::Quantity;
use crate::montecarlo::stopping::Target;
use crate::report::diagnostic::{self, Colour};
use crate::report::study::{Ended, Study};
use crate::report::{compare, expect, sensitivity, summary, summary_csv, table};
use crate::scenario::codes::Severity;
use crate::scenario::expect::Verdict;
use crate::scenario::sensitivity::Variants;
use crate::scenario::{Diagnostic, Experiment, InputKind, Policy, RandomNumbers};

/// How a result is printed.
#[derive(ValueEnum, Clone, Copy, Debug)]
pub(super) enum Format {
    /// For people
    Table,
    /// For programs
    Json,
    /// For spreadsheets: a row per number
    Csv,
}

/// What is run and printed.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    /// The experiment.
    pub(super) experiment: &'a Experiment,
    /// Its policies, or some of them, or one with its variants; at least one.
    pub(super) policies: &'a [&'a Policy],
    /// The position among them of the one that the others are compared with.
    pub(super) reference: usize,
    /// How the batch is run.
    pub(super) options: &'a BatchOptions,
    /// What was put on top of the files.
    pub(super) changes: &'a Changes,
    /// Whether and how results are kept.
    pub(super) keep: &'a KeepOptions,
    /// How to print it.
    pub(super) format: Format,
    /// Where the policies behind the reference are its variants: all of them.
    pub(super) variants: Option<&'a Variants>,
}

impl Request<'_> {
    /// Does it.
    pub(super) fn serve(&self, colour: Colour, talk: Talk) -> Result<(), Failure> {
        let Request { experiment, policies, reference, options, .. } = *self;
        let remarks = experiment.remarks.iter();
        let warnings: Vec<Diagnostic> = remarks.filter(is_warning).cloned().collect();
        say(&diagnostic::render(&warnings, colour));
        self.check_precision()?;
        let way = self.way(talk)?;
        let spec = options.spec(experiment, way);
        let job = Job { policies, reference, spec, options, way, talk };
        let not_kept = |error| keep::failure(error, |broken| self.bug(broken));
        let asked = (self.changes, self.variants);
        let mut keeping = self.keep.open(experiment, &job, asked).map_err(not_kept)?;
        let (progress, ended) = job.run(keeping.keeper()).map_err(|error| match error {
            BatchError::Broken(broken) => self.bug(broken),
            BatchError::Listener(error) => not_kept(error),
        })?;
        let losses = job.study_losses(&progress, ended);
        let ended = job.ended(ended, losses.as_ref());
        study::say_how_it_ended(&job, (&progress, losses.as_ref()), ended);
        if progress.trials == 0 {
            keeping.close((&progress, ended), None, talk).map_err(not_kept)?;
            return Err(Failure::Interrupted);
        }
        let level = options.level;
        let (progress, asked, losses) = (&progress, spec.trials, losses.as_ref());
        let study =
            Study { experiment, policies, reference, level, progress, losses, asked, ended };
        let text = self.text(&study);
        // Before numbers are shown that might be lost; but they are shown if they are.
        let found = Some((&study, self.variants));
        let kept = keeping.close((progress, ended), found, talk).map_err(not_kept);
        print(&text)?;
        kept?;
        // Variants are there to be looked at, not to be kept within limits.
        let judged = match self.variants {
            None => expect::judge(&study),
            Some(_) => Vec::new(),
        };
        let n_missed = judged.iter().filter(|it| it.verdict != Verdict::Pass).count();
        match ended {
            Ended::Interrupted => Err(Failure::Interrupted),
            Ended::Complete | Ended::Precise | Ended::Imprecise if n_missed == 0 => Ok(()),
            Ended::Complete | Ended::Precise | Ended::Imprecise => {
                Err(Failure::Expectation { n_missed, n: judged.len() })
            }
        }
    }

    /// What finds the probability of a dataset loss. Of variants it is ranked by trials.
    fn way(&self, talk: Talk) -> Result<LossWay, Failure> {
        let method = self.options.loss_method;
        match (self.variants, method) {
            (None, _) => losses::way(self.options, self.policies, talk),
            (Some(_), LossMethod::Auto | LossMethod::Crude) => Ok(LossWay::Trials),
            (Some(_), LossMethod::Guided | LossMethod::Biased | LossMethod::Splitting) => {
                Err(Failure::Usage(format!(
                    "error: --loss-method {}: --sensitivity compares trials\n\
                     hint: leave out one of the two\n",
                    method.name()
                )))
            }
        }
    }

    /// Refuses a precision that no number of trials can reach.
    fn check_precision(&self) -> Result<(), Failure> {
        for Target { quantity, .. } in &self.options.precision {
            let lacks = |policy: &&&Policy| match quantity {
                Quantity::RtoMissed => policy.objectives.rto.is_none(),
                Quantity::RpoMissed => policy.objectives.rpo.is_none(),
                Quantity::Metric { .. }
                | Quantity::Probability(_)
                | Quantity::OutageLength(_)
                | Quantity::FailoverLength(_) => false,
            };
            if let Some(policy) = self.policies.iter().find(lacks) {
                let name = quantity.name();
                let key = if *quantity == Quantity::RtoMissed { "rto" } else { "rpo" };
                return Err(Failure::Usage(format!(
                    "error: --precision {name}: `{}` has no objective to miss\n\
                     hint: give one, as in --set objectives.{key}=60s\n",
                    policy.name
                )));
            }
        }
        Ok(())
    }

    /// What is printed.
    fn text(&self, study: &Study<'_>) -> String {
        let replay = |policy: &Policy| {
            let (files, options) = self.replay(policy);
            files + &options
        };
        let caption = table::Caption {
            replay: &replay,
            one_of: match self.experiment.policies.len() {
                1 => table::OneOf::One,
                _ => table::OneOf::Several,
            },
            seed: self.experiment.seed,
            interrupted_of: (study.ended == Ended::Interrupted).then_some(study.asked),
            losses_by: match self.options.loss_method {
                LossMethod::Crude => table::LossesBy::TrialsOnly,
                LossMethod::Auto
                | LossMethod::Guided
                | LossMethod::Biased
                | LossMethod::Splitting => table::LossesBy::TrialsSoFar,
            },
        };
        let alone = || table::render((study, study.reference), &caption);
        if let (Format::Table, Some(variants)) = (self.format, self.variants) {
            return alone() + &sensitivity::render(study, variants);
        }
        match (self.format, study.policies) {
            (Format::Table, [_]) => {
                let mut text = alone();
                expect::render(study, &mut text);
                text
            }
            (Format::Table, _) => compare::render(study, &caption),
            (Format::Json, _) => summary::json(study),
            (Format::Csv, _) => summary_csv::csv(study),
        }
    }

    fn bug(&self, broken: BrokenTrial) -> Failure {
        let (files, options) = self.replay(self.policies[broken.policy]);
        Failure::Bug { files, options, broken }
    }

    /// The files and the options with which `ecsim replay` gives a policy's trials again, as a
    /// shell reads them. Of several files it takes all where the policy's AZs are numbered over
    /// them.
    fn replay(&self, policy: &Policy) -> (String, String) {
        let mut options = self.changes.options(self.options.seed);
        let (files, name) = match policy.random_numbers {
            RandomNumbers::OfFile => (vec![&policy.file], policy.name_in_file.as_ref()),
            RandomNumbers::OfAllFiles => {
                let inputs = self.experiment.inputs.iter();
                let scenarios = inputs.filter(|input| input.kind == InputKind::Scenario);
                (scenarios.map(|input| &input.path).collect(), Some(&policy.name))
            }
        };
        if let Some(name) = name {
            options.push_str(&format!(" --policy {}", quoted(name)));
        }
        (shown_files(files), options)
    }
}

fn is_warning(diagnostic: &&Diagnostic) -> bool {
    match diagnostic.severity() {
        Severity::Error | Severity::Warning => true,
        Severity::Advice => false,
    }
}
