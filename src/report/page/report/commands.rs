//! The commands of a page: how its numbers come about again, and what tells more of them.

use std::path::Path;

use super::Material;
use super::prose::isolated;
use crate::report::results::{FileKind, MOST_ROWS, Options, Results, RowsKept};
use crate::report::shell::{option, path};
use crate::scenario::Policy;
use crate::stats::level::Level;

/// A command line and what it is for.
pub(super) struct Command {
    pub(super) what: String,
    pub(super) line: String,
}

/// Where the numbers go that come about again.
const AGAIN: &str = "again";
/// Where scenarios are put whose names, or whose samples, their numbers depend on.
const FILES: &str = "again-files";

/// All commands of a page.
pub(super) fn commands(material: &Material<'_>) -> Vec<Command> {
    let Material { results, folder, .. } = *material;
    let what = match results.interrupted_after() {
        None => "These numbers again, in a folder of their own".to_owned(),
        Some(_) => "The numbers of the finished trials again, in a folder of their own".to_owned(),
    };
    let page = format!("ecsim report {}", path(folder));
    let mut commands = vec![
        Command { what, line: again(results, folder) },
        Command { what: "This page".to_owned(), line: page },
    ];
    for policy in results.policies().into_iter().take(5) {
        commands.push(Command {
            what: format!("The worst outage of {}, event by event", isolated(&policy.name)),
            line: format!("{} --trial worst-outage", replay((results, folder), &policy.name)),
        });
    }
    commands
}

/// The command that tells trials of a policy, without their number.
pub(super) fn replay((results, folder): (&Results, &str), policy: &str) -> String {
    let of = match results.kept.experiment.policies.len() {
        1 => String::new(),
        _ => option("--policy", policy),
    };
    format!("ecsim replay {}{of}", path(folder))
}

/// The command that comes to the same numbers.
fn again(results: &Results, folder: &str) -> String {
    let options = &results.kept.manifest.inputs.options;
    let (copies, files) = scenarios(results, folder);
    let command = if is_by_run(results) { "run" } else { "compare" };
    let mut line = format!("{copies}ecsim {command}{files}");
    let done = results.interrupted_after();
    // What was not given leaves the trials to the scenario or the precision, and the replications
    // of a study to the program.
    let is_open = options.replications.is_some_and(|most| most != options.trials);
    let trials = done.unwrap_or(options.trials);
    if done.is_some() || !is_open {
        line.push_str(&format!(" --trials {trials}"));
    }
    line.push_str(&format!(" --seed {}", options.seed));
    line.push_str(&of_all("--set", &options.set));
    line.push_str(&of_all("--sweep", &options.sweep));
    line.push_str(&of_all("--policy", &options.policy));
    if command == "compare" {
        line.push_str(&option("--reference", &options.reference));
    }
    if options.variants.is_some() {
        line.push_str(" --sensitivity");
    }
    // The finished trials are as many as they are, however precise.
    if done.is_none() {
        line.push_str(&precision(options));
    }
    if options.level != Level::default().get() {
        line.push_str(&format!(" --level {}", options.level));
    }
    line.push_str(match (options.rows, trials <= MOST_ROWS) {
        (RowsKept::Kept, true) | (RowsKept::None, false) => "",
        (RowsKept::Kept, false) => " --rows always",
        (RowsKept::None, true) => " --rows never",
    });
    options.keep.iter().for_each(|n| line.push_str(&format!(" --keep {n}")));
    format!("{line} -o {AGAIN}")
}

fn of_all(name: &str, values: &[String]) -> String {
    values.iter().map(|value| option(name, value)).collect()
}

fn precision(options: &Options) -> String {
    let method = options.loss_method.as_deref().filter(|method| *method != "auto");
    let method = method.map_or(String::new(), |method| option("--loss-method", method));
    of_all("--precision", &options.precision) + &method
}

/// Whether `ecsim run` comes to it: of one file, its first policy being the reference.
fn is_by_run(results: &Results) -> bool {
    let inputs = &results.kept.manifest.inputs;
    let asked = &inputs.options.policy;
    let is_asked = |policy: &&Policy| {
        asked.is_empty() || asked.iter().any(|name| policy.name == *name || policy.base == *name)
    };
    let first = results.kept.experiment.policies.iter().find(is_asked);
    let is_first = first.is_some_and(|policy| policy.name == inputs.options.reference);
    inputs.scenarios().len() == 1 && is_first
}

/// The scenarios of a command line, and what is to be done before, if anything. A scenario that
/// is called after its file, or has samples beside it, is put where it finds both.
fn scenarios(results: &Results, folder: &str) -> (String, String) {
    let (inputs, experiment) = (&results.kept.manifest.inputs, &results.kept.experiment);
    let has_samples = inputs.files.iter().any(|file| match file.kind {
        FileKind::Scenario => false,
        FileKind::Sample => file.kept_as.is_some(),
    });
    let scenarios = inputs.scenarios();
    let kept = |n: usize| {
        let (file, _) = &scenarios[n];
        path(&in_folder(folder, file.kept_as.as_deref().unwrap_or(&file.name)))
    };
    let is_named_by_file = scenarios.len() > 1 || experiment.name == experiment.stem;
    if !has_samples && !is_named_by_file {
        return (String::new(), format!(" {}", kept(0)));
    }
    let (mut copies, mut files) = (String::new(), String::new());
    for (n, (file, samples)) in scenarios.iter().enumerate() {
        let base = in_folder(FILES, &inputs.sample_base(n));
        let own = path(&in_folder(&base, &file.name));
        copies.push_str(&format!("mkdir -p {} && ", path(&base)));
        let root = inputs.sample_base(n).split('/').next().unwrap_or_default().to_owned();
        if has_samples && !samples.is_empty() {
            let from = path(&in_folder(folder, &root));
            copies.push_str(&format!("cp -r {from} {FILES} && "));
        }
        copies.push_str(&format!("cp {} {own} && ", kept(n)));
        files.push_str(&format!(" {own}"));
    }
    (copies, files)
}

fn in_folder(folder: &str, name: &str) -> String {
    Path::new(folder).join(name).display().to_string()
}
