//! `ecsim replay --format html` and `--format mermaid`: a trial to look at, or two policies side by
//! side.

use std::io::IsTerminal as _;

use super::{
    Arguments, Asked, Choice, Format, Source, assumed, loss, say_where_it_ends, shortened,
    wanted_end,
};
use crate::cli::{Changes, Failure, quoted, say, shown_files};
use crate::engine::time::SimTime;
use crate::model::fact::Fact;
use crate::model::plan::Plan;
use crate::report::page::{self, Panel, Replay};
use crate::report::scene::Scene;
use crate::report::{losses, mermaid, table};
use crate::scenario::{Experiment, Policy};

/// The most policies that stand side by side.
const MOST: usize = 2;

/// A trial of a policy that was run.
struct Run<'e> {
    policy: &'e Policy,
    plan: Plan,
    facts: Vec<(SimTime, Fact)>,
    /// How a loss was found, whole lines.
    led: String,
}

/// What is shown.
struct What {
    /// As a caption says it; with two hyphens before it, it is the option that chooses it.
    is: String,
    /// What else the command needs that shows it.
    options: &'static str,
}

/// Prints a trial of the policies that are asked for.
pub(super) fn run(arguments: &Arguments, source: &Source) -> Result<(), Failure> {
    let experiment = source.experiment();
    refuse_to_flood(arguments)?;
    let changes = &in_sight(arguments, source, source.changes(&arguments.changes))?;
    let policies = chosen(arguments.format(), changes, experiment)?;
    let asked = |policy| Asked { arguments, experiment, policy, changes };
    say_where_it_ends(&policies[0].plan, arguments);
    let (what, runs) = match arguments.loss {
        Some(example) => {
            let policy = changes.choose_one(experiment, "a loss is told")?;
            let found = loss::find(arguments, (experiment, policy), example)?;
            let led = loss::steered(&found.plan, (example, &found.led));
            let run = Run { policy, plan: found.plan, facts: found.facts, led };
            let method = arguments.loss_method.steering().map_or("", losses::replay_option);
            (What { is: format!("loss {example}"), options: method }, vec![run])
        }
        None => {
            // A notable trial is that of the first policy.
            let number = asked(policies[0]).number(source)?;
            let runs = policies.iter().map(|policy| {
                let plan = shortened(&policy.plan, wanted_end(&policy.plan, arguments));
                let facts = asked(policy).run_trial(&plan, number)?.1.1.facts;
                Ok(Run { policy, plan, facts, led: String::new() })
            });
            let runs = runs.collect::<Result<Vec<Run<'_>>, Failure>>()?;
            (What { is: format!("trial {number}"), options: "" }, runs)
        }
    };
    let scenes: Vec<Scene> =
        runs.iter().map(|run| Scene::of(&run.plan, &run.facts, run.plan.horizon)).collect();
    let until = runs.iter().map(|run| run.plan.horizon).max().expect("a policy is chosen");
    let seed = experiment.batch_spec().seed;
    let whose = whose(arguments, &policies);
    let until = until.since(SimTime::START);
    let trial = format!("{}{whose} · seed {seed} · until {until}", what.is);
    let text = match arguments.format() {
        Format::Mermaid => mermaid::diagram(&runs[0].plan, &scenes[0], &trial),
        Format::Text | Format::Json | Format::Html => page::render(&Replay {
            title: &runs[0].plan.name,
            trial,
            command: command(arguments, changes, &what),
            panels: runs.iter().zip(&scenes).map(|(run, scene)| panel(run, scene)).collect(),
        }),
    };
    arguments.print(&text)
}

/// Which policy's the notable trial is, where several have one.
fn whose(arguments: &Arguments, policies: &[&Policy]) -> String {
    match (arguments.trial, arguments.loss) {
        (Choice::Notable(notable), None) if policies.len() > 1 => {
            format!(" ({} of {})", notable.name(), quoted(&policies[0].name))
        }
        (Choice::Notable(_) | Choice::Number(_), _) => String::new(),
    }
}

/// Nobody reads a page in a terminal.
fn refuse_to_flood(arguments: &Arguments) -> Result<(), Failure> {
    let is_read = arguments.output.is_none() && std::io::stdout().is_terminal();
    if arguments.format() != Format::Html || !is_read {
        return Ok(());
    }
    let text = "error: a page is for a browser, and this is a terminal\n\
                hint: write it into a file: -o page.html\n";
    Err(Failure::Usage(text.to_owned()))
}

/// Of results of more policies than a page has room for the reference, unless some are named.
fn in_sight(arguments: &Arguments, source: &Source, changes: Changes) -> Result<Changes, Failure> {
    let Source::Results(kept) = source else { return Ok(changes) };
    let is_page = arguments.format() == Format::Html;
    let n_policies = changes.choose(source.experiment())?.len();
    if !is_page || !arguments.changes.policy.is_empty() || n_policies <= MOST {
        return Ok(changes);
    }
    let reference = kept.manifest.inputs.options.reference.clone();
    say(&format!(
        "note: of {n_policies} policies the page shows {}, the reference; --policy names another, \
         or two\n",
        quoted(&reference)
    ));
    Ok(Changes { policy: vec![reference], ..changes })
}

/// The policies to show: those that are asked for, or all if they are no more.
fn chosen<'e>(
    format: Format,
    changes: &Changes,
    experiment: &'e Experiment,
) -> Result<Vec<&'e Policy>, Failure> {
    if format == Format::Mermaid {
        return changes.choose_one(experiment, "a diagram is drawn").map(|policy| vec![policy]);
    }
    let policies = changes.choose(experiment)?;
    if policies.len() <= MOST {
        return Ok(policies);
    }
    let names: Vec<String> = policies.iter().map(|policy| quoted(&policy.name)).collect();
    Err(Failure::Usage(format!(
        "error: a page shows one policy, or two side by side; here are {}\n\
         hint: choose one or two with --policy, which may be repeated: {}\n",
        policies.len(),
        names.join(" · ")
    )))
}

fn panel<'a>(run: &'a Run<'_>, scene: &'a Scene) -> Panel<'a> {
    let groups = run.plan.groups.iter().map(|group| table::group_line(&run.plan, group));
    Panel {
        name: &run.policy.name,
        groups: groups.collect(),
        notes: format!("{}{}", run.led, assumed(run.policy)),
        plan: &run.plan,
        scene,
        facts: &run.facts,
    }
}

/// The command that makes the page.
fn command(arguments: &Arguments, changes: &Changes, what: &What) -> String {
    let Arguments { files, seed, until, .. } = arguments;
    let mut text = format!("ecsim replay {}{}", shown_files(files), changes.options(*seed));
    for policy in &changes.policy {
        text.push_str(&format!(" --policy {}", quoted(policy)));
    }
    text.push_str(&format!(" --{}{}", what.is, what.options));
    if let Some(until) = until {
        text.push_str(&format!(" --until {}s", until.as_secs_f64()));
    }
    text + " --format html"
}
