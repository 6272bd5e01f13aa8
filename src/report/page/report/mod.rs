//! The report of a study: one HTML page for a review, made from a folder of results. `answer` says
//! in words what came out, `numbers` is the table, `ways` how datasets are lost, `foundation` what
//! all of it rests on.

mod answer;
mod foundation;
mod numbers;
mod ways;

use askama::Template;
use serde_json::Value;

use crate::engine::time::{SimTime, Span};
use crate::model::plan::Plan;
use crate::report::numbers::{count, seconds};
use crate::report::picture::{Gallery, Missing, Picture};
use crate::report::results::{Results, estimate as stat};
use crate::report::shell::quoted;
use crate::report::table;
use crate::scenario::Experiment;
use crate::stats::level::{Estimate, Level};

use answer::Answer;
use foundation::Foundation;
use numbers::Table;
use ways::Losses;

/// What a page is made from.
#[derive(Debug)]
pub struct Material<'a> {
    /// The folder, what was run, and what came of it.
    pub results: &'a Results,
    /// Its pictures.
    pub gallery: &'a Gallery,
    /// What the scenario is warned of, as text.
    pub warnings: &'a str,
    /// The folder as a command line names it.
    pub folder: &'a str,
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    title: &'a str,
    subtitle: String,
    /// What a reader must know before anything else: an interrupted run, another version.
    notes: Vec<String>,
    answer: Answer,
    expectations: Vec<Expectation>,
    verdict: Option<String>,
    how: String,
    tables: Vec<Table>,
    chapters: Vec<Chapter<'a>>,
    missing: &'a [Missing],
    losses: Losses,
    foundation: Foundation,
    warnings: &'a str,
    commands: Vec<Command>,
    facts: Vec<(&'static str, String)>,
    css: &'static str,
}

/// Pictures under one heading.
struct Chapter<'a> {
    id: &'static str,
    heading: &'static str,
    /// How to read them.
    lead: &'static str,
    pictures: Vec<Shown<'a>>,
}

/// A picture in the page.
struct Shown<'a> {
    title: &'a str,
    alt: &'a str,
    svg: String,
}

/// A gate of the scenario and what became of it.
struct Expectation {
    verdict: &'static str,
    class: &'static str,
    policy: String,
    what: String,
    found: String,
}

/// A command line and what it is for.
struct Command {
    what: String,
    line: String,
}

/// The page.
pub fn html(material: &Material<'_>) -> String {
    let Material { results, gallery, warnings, folder } = *material;
    let (experiment, summary) = (&results.kept.experiment, results.numbers.json());
    let expectations = expectations(summary);
    let page = Page {
        title: &experiment.name,
        subtitle: subtitle(summary, experiment),
        notes: notes(material),
        answer: answer::of(summary, experiment),
        verdict: answer::verdict(summary),
        expectations,
        how: numbers::how(summary),
        tables: numbers::tables(summary, experiment),
        chapters: chapters(&gallery.pictures),
        missing: &gallery.missing,
        losses: ways::of(summary, (experiment, folder)),
        foundation: Foundation::of(experiment),
        warnings,
        commands: commands(material),
        facts: facts(material),
        css: concat!(
            include_str!("../templates/base.css"),
            include_str!("../templates/report.css")
        ),
    };
    page.render().expect("a page is made in memory, and its template was compiled")
}

/// The policies of a summary.
fn policies(summary: &Value) -> impl Iterator<Item = &Value> {
    summary["policies"].as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// The level of the intervals: "95 %".
fn level(summary: &Value) -> String {
    let level = summary["level"].as_f64().and_then(Level::new);
    table::percent(level.unwrap_or_default())
}

/// Simulated time of a trial.
fn length(plan: &Plan) -> Span {
    plan.horizon.since(SimTime::START)
}

fn subtitle(summary: &Value, experiment: &Experiment) -> String {
    let trials = policies(summary).filter_map(|policy| policy["trials"].as_u64());
    let (least, most) = trials.fold((u64::MAX, 0), |(least, most), n| (least.min(n), most.max(n)));
    let trials = match least >= most {
        true => table::trials(most),
        false => format!("{} to {}", count(u128::from(least)), table::trials(most)),
    };
    let plan = &experiment.policies[0].plan;
    let n = policies(summary).count();
    let policies =
        if n == 1 { "1 policy".to_owned() } else { format!("{n} policies on the same faults") };
    format!("{trials} of {} · {policies} · seed {}", length(plan), summary["seed"])
}

fn notes(material: &Material<'_>) -> Vec<String> {
    let Results { kept, numbers, .. } = material.results;
    let summary = numbers.json();
    let mut notes = Vec::new();
    if material.results.interrupted_after().is_some() {
        let asked = summary["trials_asked"].as_u64().unwrap_or(0);
        notes.push(format!(
            "The run was interrupted: these are the trials that were finished, of {} asked for. \
             The same command goes on where it stopped, with --resume if it names a folder.",
            table::trials(asked)
        ));
    }
    if summary["ended"] == "imprecise" {
        notes.push(
            "The precision that was asked for was not reached within the trials allowed."
                .to_owned(),
        );
    }
    let (theirs, ours) = (kept.manifest.inputs.ecsim.as_str(), env!("CARGO_PKG_VERSION"));
    if theirs != ours {
        notes.push(format!(
            "The numbers are those of ecsim {theirs}; this page was made by {ours}."
        ));
    }
    notes
}

fn expectations(summary: &Value) -> Vec<Expectation> {
    let all = summary["expectations"].as_array().into_iter().flatten();
    all.map(|entry| {
        let (verdict, class) = match text(&entry["verdict"]) {
            "pass" => ("passed", "good"),
            "fail" => ("FAILED", "bad"),
            _ => ("undecided", "unsure"),
        };
        let metric = text(&entry["metric"]);
        let is_time = metric.split('.').next().is_some_and(|metric| metric.ends_with("_s"));
        let told = |found: &Estimate| match is_time {
            true => table::quantile_text(found, seconds),
            false => numbers::plain(found),
        };
        let shown = |limit: f64| if is_time { seconds(limit) } else { limit.to_string() };
        let limit = entry["limit"].as_f64().map_or(String::new(), shown);
        Expectation {
            verdict,
            class,
            policy: text(&entry["policy"]).to_owned(),
            what: format!("{metric} {} {limit}", text(&entry["side"])),
            found: stat(entry).map_or("nothing found".to_owned(), |it| told(&it)),
        }
    })
    .collect()
}

/// Pictures by what their names begin with, what they are called together, and how to read them.
const CHAPTERS: [(&str, &str, &str, &[&str]); 6] = [
    (
        "distributions",
        "How bad can a trial be?",
        "Each curve says in which share of the trials it was worse than the value below it.",
        &["survival", "availability"],
    ),
    (
        "differences",
        "What the policies change",
        "All policies live through the same faults, so that differences are known better than the \
         values themselves. An interval that crosses zero has not shown a difference.",
        &["difference", "tradeoff"],
    ),
    (
        "causes",
        "Where the outage comes from",
        "Every instant of an outage belongs to the fault that opened it, and to what was waited for.",
        &["outage-by"],
    ),
    (
        "sweeps",
        "What depends on what",
        "One value is changed, all others stay.",
        &["sweep", "tornado"],
    ),
    (
        "histories",
        "Histories worth a look",
        "Single trials: what happened to whom, and when. They are examples, the worst among them \
         chosen for being the worst.",
        &["timeline"],
    ),
    (
        "method",
        "Placement and precision",
        "Where the nodes are, and how the estimate settled as trials were added.",
        &["topology", "convergence"],
    ),
];

fn chapters<'a>(pictures: &'a [Picture]) -> Vec<Chapter<'a>> {
    let chapters = CHAPTERS.iter().map(|(id, heading, lead, beginnings)| {
        let belongs = |picture: &&Picture| {
            beginnings.iter().any(|beginning| picture.name.starts_with(beginning))
        };
        let shown = pictures.iter().filter(belongs).map(|picture| Shown {
            title: &picture.title,
            alt: &picture.alt,
            svg: picture.svg(),
        });
        Chapter { id, heading, lead, pictures: shown.collect() }
    });
    chapters.filter(|chapter| !chapter.pictures.is_empty()).collect()
}

fn commands(material: &Material<'_>) -> Vec<Command> {
    let Material { results: Results { kept, numbers, .. }, folder, .. } = material;
    let summary = numbers.json();
    let options = &kept.manifest.inputs.options;
    let mut run = String::from("ecsim run");
    for (file, _) in kept.manifest.inputs.scenarios() {
        run.push_str(&format!(" {}", quoted(file.kept_as.as_deref().unwrap_or(&file.name))));
    }
    let trials = material.results.interrupted_after().unwrap_or(options.trials);
    run.push_str(&format!(" --trials {trials} --seed {}", options.seed));
    let repeated = [
        ("--set", &options.set),
        ("--sweep", &options.sweep),
        ("--policy", &options.policy),
        ("--precision", &options.precision),
    ];
    for (option, values) in repeated {
        values.iter().for_each(|value| run.push_str(&format!(" {option} {}", quoted(value))));
    }
    let page = format!("ecsim report {}", quoted(folder));
    let mut commands = vec![
        Command { what: "These numbers, in the folder of the results".to_owned(), line: run },
        Command { what: "This page".to_owned(), line: page },
    ];
    let n = policies(summary).count();
    for policy in policies(summary).take(5) {
        let name = text(&policy["name"]);
        let of = if n > 1 { format!(" --policy {}", quoted(name)) } else { String::new() };
        commands.push(Command {
            what: format!("The worst outage of {name}, event by event"),
            line: format!("ecsim replay {}{of} --trial worst-outage", quoted(folder)),
        });
    }
    commands
}

fn facts(material: &Material<'_>) -> Vec<(&'static str, String)> {
    let inputs = &material.results.kept.manifest.inputs;
    let mut facts = vec![
        ("Program", format!("ecsim {}", inputs.ecsim)),
        ("Seed of all random numbers", inputs.options.seed.to_string()),
        (
            "Digest of the scenario with every default (SHA-256), the same wherever it is run",
            inputs.resolved_sha256.clone(),
        ),
        ("Digest of all inputs, with the names of their files", inputs.digest.clone()),
    ];
    for file in &inputs.files {
        facts.push(("Digest of a file", format!("{}  {}", file.sha256, file.name)));
    }
    facts.push((
        "What the means are of",
        text(&material.results.numbers.json()["estimand"]).to_owned(),
    ));
    facts
}
