//! `ecsim replay`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Changes, Failure, load, policy_option, print, say};
use crate::engine::rng::TrialKeys;
use crate::engine::time::{SimTime, Span};
use crate::montecarlo::batch::{self, BatchSpec, BrokenTrial};
use crate::montecarlo::trial::Trial;
use crate::observe::metrics::Metrics;
use crate::observe::trace::Recorder;
use crate::report::{json, table, timeline};
use crate::scenario::{Policy, units};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The scenario
    file: PathBuf,
    /// Which trial: its number, or worst-loss or worst-outage of the scenario's trials
    #[arg(long, default_value = "0", value_parser = parse_choice)]
    trial: Choice,
    /// Stop after this simulated time: 90s, "1h 30m"
    #[arg(long, value_parser = units::parse_span)]
    until: Option<Span>,
    /// The seed, instead of the scenario's
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    changes: Changes,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug)]
enum Choice {
    Number(u64),
    WorstLoss,
    WorstOutage,
}

fn parse_choice(text: &str) -> Result<Choice, String> {
    match text {
        "worst-loss" => Ok(Choice::WorstLoss),
        "worst-outage" => Ok(Choice::WorstOutage),
        _ => text
            .parse()
            .map(Choice::Number)
            .map_err(|_| "a trial's number, worst-loss or worst-outage is wanted".to_owned()),
    }
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum Format {
    /// A story for people
    Text,
    /// One JSON object per line
    Json,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { changes, .. } = arguments;
    let experiment = load(&arguments.file, &changes.overrides(None, arguments.seed))?;
    let policy = changes.choose_one(&experiment, "a trial is told")?;
    let spec = experiment.batch_spec();
    let mut plan = policy.plan.clone();
    let options =
        format!("{}{}", changes.options(arguments.seed), policy_option(&experiment, policy));
    let bug =
        |broken| Failure::Bug { file: arguments.file.clone(), options: options.clone(), broken };
    let number = choose(arguments.trial, policy, spec).map_err(&bug)?;
    let until = arguments.until.map_or(plan.horizon, |span| SimTime::START + span);
    if until > plan.horizon {
        let horizon = plan.horizon.since(SimTime::START);
        say(&format!("note: the scenario ends after {horizon}, and so does the replay\n"));
    }
    let until = until.min(plan.horizon);
    // A longer horizon only adds to a history: what is told is the same, and ends here.
    plan.horizon = until;
    plan.warm_up = plan.warm_up.min(until);
    let plan = &plan;

    let key = TrialKeys::new(spec.seed).key(number);
    let mut trial = Trial::begin(plan, key);
    let mut observers = (Metrics::new(plan), Recorder::default());
    let ran = trial.run_guarded(until, &mut observers);
    ran.map_err(|broken| {
        bug(BrokenTrial { seed: spec.seed, trial: number, policy: 0, at: broken.at })
    })?;
    let outcome = observers.0.finish(until);
    let facts = &observers.1.facts;

    let text = match arguments.format {
        Format::Text => {
            let mut text = format!(
                "{} · trial {number} · seed {} · until {}\n",
                plan.name,
                spec.seed,
                until.since(SimTime::START)
            );
            if experiment.policies.len() > 1 {
                text.push_str(&format!(" policy: {}\n", policy.name));
            }
            for group in &plan.groups {
                text.push_str(&format!(" {}\n", table::group_line(plan, group)));
            }
            text.push('\n');
            text.push_str(&timeline::render(plan, facts, &outcome));
            table::name_assumptions(&policy.assumptions, &mut text);
            text
        }
        Format::Json => {
            let header = json::TraceHeader { seed: spec.seed, trial: number, until };
            json::trace(plan, header, facts, &outcome)
        }
    };
    print(&text)
}

/// The number of the trial that was asked for.
fn choose(choice: Choice, policy: &Policy, spec: BatchSpec) -> Result<u64, BrokenTrial> {
    let worst = || batch::run(&policy.plan, spec);
    match choice {
        Choice::Number(number) => Ok(number),
        Choice::WorstLoss => Ok(worst()?.worst_loss()),
        Choice::WorstOutage => Ok(worst()?.worst_outage()),
    }
}
