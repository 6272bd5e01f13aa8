//! The report of a study: one HTML page for a review, made from a folder of results. `answer` says
//! in words what came out, `numbers` is the table, `ways` how datasets are lost, `foundation` what
//! all of it rests on, `commands` how it comes about again; `prose` writes names and numbers.

mod answer;
mod commands;
mod foundation;
mod numbers;
mod prose;
mod ways;

use askama::Template;
use serde_json::Value;

use crate::engine::time::{SimTime, Span};
use crate::model::plan::Plan;
use crate::report::numbers::{count, seconds};
use crate::report::picture::{Gallery, Missing, Picture};
use crate::report::results::{Results, estimate as stat};
use crate::report::shell;
use crate::report::table;
use crate::stats::level::{Estimate, Level};

use answer::Answer;
use commands::Command;
use foundation::Foundation;
use numbers::Table;
use prose as filters;
use prose::isolated;
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
    title: String,
    subtitle: String,
    /// What a reader must know before anything else: an interrupted run, another version.
    notes: Vec<String>,
    answer: Answer,
    expectations: Vec<Expectation>,
    verdict: Option<String>,
    how: String,
    tables: Vec<Table>,
    chapters: Vec<Chapter<'a>>,
    missing: Vec<Missing>,
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
    /// As a sentence.
    title: String,
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

/// The page.
pub fn html(material: &Material<'_>) -> String {
    let Material { results, gallery, warnings, folder } = *material;
    let experiment = &results.kept.experiment;
    let summary = &without_variants(results);
    let page = Page {
        title: isolated(&experiment.name),
        subtitle: subtitle(summary, results),
        notes: notes(material),
        answer: answer::of(summary, experiment),
        verdict: answer::verdict(summary),
        expectations: expectations(summary),
        how: numbers::how(summary),
        tables: numbers::tables(summary, experiment),
        chapters: chapters(&gallery.pictures),
        missing: missing(gallery, folder),
        losses: ways::of(summary, (results, folder)),
        foundation: Foundation::of(results),
        warnings,
        commands: commands::commands(material),
        facts: facts(material),
        css: concat!(
            include_str!("../templates/base.css"),
            include_str!("../templates/report.css")
        ),
    };
    page.render().expect("a page is made in memory, and its template was compiled")
}

/// The numbers of the policies, without those of policies that differ from one in a moved
/// assumption alone, which the tornado has.
fn without_variants(results: &Results) -> Value {
    let mut summary = results.numbers.json().clone();
    let policies = &results.kept.experiment.policies;
    let is_real = |entry: &Value, key: &str| policies.iter().any(|it| entry[key] == it.name);
    for (list, key) in [("policies", "name"), ("comparisons", "policy"), ("expectations", "policy")]
    {
        if let Some(entries) = summary[list].as_array_mut() {
            entries.retain(|entry| is_real(entry, key));
        }
    }
    summary
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

fn subtitle(summary: &Value, results: &Results) -> String {
    let trials = policies(summary).filter_map(|policy| policy["trials"].as_u64());
    let (least, most) = trials.fold((u64::MAX, 0), |(least, most), n| (least.min(n), most.max(n)));
    let asked = summary["trials_asked"].as_u64().filter(|_| results.interrupted_after().is_some());
    let trials = match (least >= most, asked) {
        (true, None) => table::trials(most),
        (true, Some(asked)) => {
            format!("{} of {}", count(u128::from(most)), table::trials(asked))
        }
        (false, _) => format!("{} to {}", count(u128::from(least)), table::trials(most)),
    };
    let plan = &results.kept.experiment.policies[0].plan;
    let n = policies(summary).count();
    let policies = match (n, results.kept.manifest.inputs.options.variants) {
        (1, None) => "1 policy".to_owned(),
        (1, Some(moved)) => format!("1 policy, and {moved} times with one assumption moved"),
        (n, _) => format!("{n} policies on the same faults"),
    };
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
             The same command with --resume goes on where it stopped.",
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

/// The pictures that are not there; whoever wrote why did not know the folder's name.
fn missing(gallery: &Gallery, folder: &str) -> Vec<Missing> {
    let command = format!("ecsim replay {}", shell::path(folder));
    let filled = |it: &Missing| Missing {
        why: it.why.replace("ecsim replay FOLDER", &command),
        name: it.name.clone(),
    };
    gallery.missing.iter().map(filled).collect()
}

fn chapters<'a>(pictures: &'a [Picture]) -> Vec<Chapter<'a>> {
    let chapters = CHAPTERS.iter().map(|(id, heading, lead, beginnings)| {
        let belongs = |picture: &&Picture| {
            beginnings.iter().any(|beginning| picture.name.starts_with(beginning))
        };
        let shown = pictures.iter().filter(belongs).map(|picture| Shown {
            title: match picture.title.ends_with(['?', '.', '!']) {
                true => picture.title.clone(),
                false => format!("{}.", picture.title),
            },
            // What all pictures say of their numbers stands at the top of the page.
            alt: picture.alt.split(" Numbers are of ").next().unwrap_or_default().trim_end(),
            svg: picture.svg(),
        });
        Chapter { id, heading, lead, pictures: shown.collect() }
    });
    chapters.filter(|chapter| !chapter.pictures.is_empty()).collect()
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
