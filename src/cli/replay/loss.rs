//! `ecsim replay --loss`: the story of a dataset loss that a study of rare losses found.

use super::views::View;
use super::{Arguments, Caption, Format, assumed, shortened, told};
use crate::cli::Failure;
use crate::engine::rng::TrialKeys;
use crate::engine::time::SimTime;
use crate::model::fact::Fact;
use crate::model::plan::Plan;
use crate::montecarlo::rare::excursion::Steering;
use crate::montecarlo::rare::replication::Told;
use crate::montecarlo::rare::study::{Study, Untold, Wish};
use crate::montecarlo::rare::ways::Example;
use crate::observe::metrics::{Metrics, Outcome};
use crate::observe::trace::Recorder;
use crate::report::numbers::significant;
use crate::report::words::Words;
use crate::report::{json, timeline};
use crate::scenario::{Experiment, Policy};
use crate::stats::level::Level;

/// A loss of a policy, as it was found.
pub(super) struct Found {
    /// How the study found it.
    pub(super) led: Told,
    /// The plan up to the loss.
    pub(super) plan: Plan,
    pub(super) facts: Vec<(SimTime, Fact)>,
    pub(super) outcome: Outcome,
}

/// Runs a loss of a policy.
pub(super) fn find(
    arguments: &Arguments,
    (experiment, policy): (&Experiment, &Policy),
    example: Example,
) -> Result<Found, Failure> {
    let (full, seed) = (&policy.plan, experiment.batch_spec().seed);
    let mut observers = (Metrics::new(full), Recorder::default());
    let steering = arguments.loss_method.steering().unwrap_or(Steering::Guide);
    let study = Study::new(&[full], 0, wish((seed, steering)));
    let led = study.replay(0, example, &mut observers);
    let led = led.map_err(|untold| Failure::Usage(refusal(example, untold)))?;
    let outcome = observers.0.finish(led.ended);
    Ok(Found { plan: shortened(full, led.ended), led, facts: observers.1.facts, outcome })
}

/// Prints a loss of a policy.
pub(super) fn run(
    arguments: &Arguments,
    (experiment, policy): (&Experiment, &Policy),
    (view, example): (&View, Example),
) -> Result<(), Failure> {
    let seed = experiment.batch_spec().seed;
    let Found { led, plan, facts, outcome } = &find(arguments, (experiment, policy), example)?;
    let until = led.ended;
    let key = TrialKeys::new(seed).key(example.replication);
    if let Some(text) = view.of_facts((plan, key), (facts, until), arguments.format()) {
        return arguments.print(&text);
    }
    if arguments.format() == Format::Json {
        let trial = example.replication;
        let header = json::TraceHeader { seed, trial, until, steered: Some((example, *led)) };
        return arguments.print(&json::trace(plan, header, facts, outcome));
    }
    let caption = Caption { what: format!("loss {example}"), seed, until };
    let above = told(plan, experiment, policy, caption);
    let story = timeline::render(plan, facts, outcome);
    let text = above.trim_end().to_owned()
        + "\n"
        + &steered(plan, (example, led))
        + "\n"
        + &story
        + &assumed(policy);
    arguments.print(&text)
}

/// What a study is asked for of which only single branches are run.
fn wish((seed, steering): (u64, Steering)) -> Wish {
    let steering = Some(steering);
    Wish { seed, share: None, level: Level::default(), most: 1, steering, threads: 1 }
}

/// The lines that say how much of the story is by chance.
pub(super) fn steered(plan: &Plan, (example, led): (Example, &Told)) -> String {
    let trial = example.replication;
    let left = led.left;
    let chosen = match led.n_chosen {
        0 => "no failure had to be chosen".to_owned(),
        1 => "one failure is chosen, not drawn".to_owned(),
        n => format!("{n} failures are chosen, not drawn"),
    };
    let lost = match led.ending.lost {
        Some(shard) if plan.shards.len() > 1 => {
            format!(" of {}", Words::new(plan).shard(shard))
        }
        Some(_) | None => String::new(),
    };
    let ratio = significant(led.ending.likelihood_ratio, 2);
    let weight = significant(led.weight, 2);
    format!(
        " a steered history: trial {trial} as it is until {left}; then {chosen}\n \
         it shows how the dataset{lost} can be lost, not how often; it ends with the loss\n \
         likelihood ratio {ratio}; it adds {weight} to what replication {trial} collects, of which \
         the probability is the mean\n"
    )
}

/// Why a loss cannot be told, whole lines.
fn refusal(example: Example, untold: Untold) -> String {
    match untold {
        Untold::IsSplit => format!(
            "error: loss {example} cannot be told: here the failures of trials are not chosen; \
             those that come nearer to a loss are split into copies, and what led to one of them \
             is not kept\n\
             hint: `ecsim replay --trial {}` tells the trial that was split, as it is\n",
            example.replication
        ),
        Untold::NoBranch | Untold::NoLoss => {
            let what = match untold {
                Untold::NoBranch => "there is no such branch",
                Untold::NoLoss | Untold::IsSplit => "that branch comes to no loss",
            };
            format!(
                "error: loss {example} is not there: {what}\n\
                 hint: take an id from the list \"how a dataset loss happens\", with the seed and \
                 the values for which it was printed\n"
            )
        }
    }
}
