//! The module map and the doors, enforced: a module uses only what stands above it, and each
//! external crate is named in few places only.
//!
//! A scan of the text, on purpose: something that anybody can read. It knows `crate::layer::…`,
//! `dep::…` and `use dep`, and refuses the forms that it could not see through: `use crate::{…}`
//! and `super::super`.

use std::path::{Path, PathBuf};

use crate::support::root;

/// The layers, lowest first, and what each may use.
const LAYERS: [(&str, &[&str]); 9] = [
    ("engine", &[]),
    ("stats", &[]),
    ("model", &["engine"]),
    ("observe", &["engine", "model"]),
    ("exact", &["engine", "model", "observe"]),
    ("montecarlo", &["engine", "stats", "model", "observe", "exact"]),
    ("scenario", &["engine", "stats", "model", "observe", "exact", "montecarlo"]),
    ("report", &["engine", "stats", "model", "observe", "exact", "montecarlo", "scenario"]),
    ("cli", &["engine", "stats", "model", "observe", "exact", "montecarlo", "scenario", "report"]),
];

/// External crates and the files or folders that may name them.
const DOORS: [(&str, &[&str]); 28] = [
    ("rand", &["engine/rng.rs"]),
    ("rand_chacha", &["engine/rng.rs"]),
    ("libm", &["engine/law.rs", "engine/special.rs"]),
    ("statrs", &["stats/level.rs", "stats/ranks.rs", "stats/probability.rs"]),
    ("rayon", &["montecarlo/batch.rs"]),
    // A batch can be kept between two blocks; a summary, exact answers, a manifest and what the API
    // answers are objects in JSON.
    (
        "serde",
        &[
            "stats/",
            "montecarlo/",
            "report/summary.rs",
            "report/exact.rs",
            "report/ways.rs",
            "report/results/",
            "report/describe.rs",
        ],
    ),
    // A checkpoint has all bits of all numbers, and knows when it is damaged.
    ("postcard", &["report/results/checkpoint.rs"]),
    ("sha2", &["report/results/"]),
    ("toml", &["scenario/toml_text.rs", "scenario/tree.rs", "scenario/overlay.rs"]),
    ("toml_writer", &["scenario/tree.rs"]),
    ("strsim", &["scenario/diagnostics.rs"]),
    // Durations, the instants at which a trial and a run began, and the dates of events.
    ("jiff", &["scenario/units.rs", "scenario/schedule.rs", "cli/keep.rs", "report/event_log.rs"]),
    // Calls of the API as AWS writes them: quotes of a shell, percent signs of a URL.
    ("shlex", &["scenario/aws_text/cli.rs"]),
    ("form_urlencoded", &["scenario/aws_text/query.rs"]),
    (
        "csv",
        &[
            "scenario/sample.rs",
            "report/results/",
            "report/summary_csv.rs",
            "report/distributions.rs",
        ],
    ),
    ("petgraph", &["scenario/domains.rs"]),
    (
        "schemars",
        &[
            "scenario/schema/",
            "report/schema.rs",
            "report/summary.rs",
            "report/exact.rs",
            "report/ways.rs",
        ],
    ),
    ("annotate_snippets", &["report/diagnostic.rs"]),
    ("plotters", &["report/picture/"]),
    ("png", &["report/picture/"]),
    // The letters of pictures in PNG.
    ("dejavu", &["report/picture/"]),
    // Pages, with all that a scenario calls things escaped.
    ("askama", &["report/page/"]),
    ("serde_json", &["report/", "scenario/aws_text/"]),
    ("clap", &["cli/"]),
    ("comfy_table", &["report/compare.rs", "report/exact.rs"]),
    ("clap_complete", &["cli/completions.rs"]),
    ("indicatif", &["cli/study.rs"]),
    ("ctrlc", &["cli/study.rs"]),
];

/// Words that a layer must not contain: the model does no I/O, reads no clock, starts no thread,
/// has no order that a hash decides, and no mathematics that differ between machines; none of its
/// types can be serialized.
const FORBIDDEN: [(&[&str], &[&str]); 2] = [
    (
        &["engine", "stats", "model", "observe"],
        &[
            "std::fs",
            "std::io",
            "std::env",
            "std::thread",
            "Instant",
            "SystemTime",
            "HashMap",
            "println!",
        ],
    ),
    (&["engine", "model", "observe"], &[".ln()", ".exp()", ".powf(", ".powi(", "serde"]),
];

/// What is wrong with a source file, one line per finding.
fn findings(path: &str, text: &str) -> Vec<String> {
    let layer = path.split(['/', '.']).next().unwrap_or(path);
    let allowed = LAYERS.iter().find(|(name, _)| *name == layer).map(|(_, uses)| *uses);
    let mut findings = Vec::new();
    for (n, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or("");
        let at = format!("src/{path}:{}", n + 1);
        if code.contains("crate::{") || code.contains("super::super") {
            findings.push(format!("{at}: name the layer: `use crate::layer::…`"));
        }
        for (layers, words) in FORBIDDEN {
            for word in words.iter().filter(|word| layers.contains(&layer) && code.contains(**word))
            {
                findings.push(format!("{at}: no {word} in {layer}"));
            }
        }
        for (used, _) in LAYERS {
            let named = code.contains(&format!("crate::{used}"));
            let own = used == layer || allowed.is_none_or(|uses| uses.contains(&used));
            if named && !own {
                findings.push(format!("{at}: {layer} may not use {used}"));
            }
        }
        for (dep, doors) in DOORS {
            let starts = |i: usize| {
                i == 0
                    || !code.as_bytes()[i - 1].is_ascii_alphanumeric()
                        && !matches!(code.as_bytes()[i - 1], b'_' | b':')
            };
            let pattern = format!("{dep}::");
            let used = [format!("use {dep};"), format!("use {dep} as")];
            let named = code.match_indices(&pattern).any(|(i, _)| starts(i))
                || used.iter().any(|form| code.contains(form));
            if named && !doors.iter().any(|door| path.starts_with(door)) {
                findings.push(format!("{at}: {dep} has its door in {}", doors.join(", ")));
            }
        }
    }
    findings
}

fn sources(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("readable") {
        let path = entry.expect("readable").path();
        match path.is_dir() {
            true => sources(&path, into),
            false => into.push(path),
        }
    }
}

#[test]
fn the_module_map_holds() {
    let src = root().join("src");
    let mut files = Vec::new();
    sources(&src, &mut files);
    let mut all = Vec::new();
    for file in files {
        let path = file.strip_prefix(&src).expect("under src").to_string_lossy().into_owned();
        all.extend(findings(&path, &std::fs::read_to_string(&file).expect("UTF-8")));
    }
    assert!(all.is_empty(), "\n{}", all.join("\n"));
}

#[test]
fn a_breach_is_seen() {
    let check = |path: &str, text: &str, expected: usize| {
        assert_eq!(findings(path, text).len(), expected, "{path}: {text}");
    };
    check("engine/rng.rs", "use crate::model::plan::Plan;", 1);
    check("model/fault.rs", "use crate::engine::time::Span;", 0);
    check("model/fault.rs", "use crate::scenario::load;", 1);
    check("model/fault.rs", "use crate::{engine, model};", 1);
    check("model/fault.rs", "let x = serde_json::json!(1);", 2);
    check("model/fault.rs", "let x = rand_chacha::ChaCha8Rng::new();", 1);
    check("engine/rng.rs", "use rand_chacha::ChaCha8Rng;", 0);
    check("lib.rs", "use crate::cli::main;", 0);
    check("model/fault.rs", "use super::super::cli;", 1);
    check("model/fault.rs", "use serde_json as json;", 2);
    check("model/fault.rs", "let now = std::time::Instant::now();", 1);
    check("engine/law.rs", "let y = x.ln();", 1);
    check("stats/intervals.rs", "let y = x.ln();", 0);
}

/// Every external crate has a door, and every door leads to a crate.
#[test]
fn every_dependency_has_its_door() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).expect("readable");
    let section = manifest.split("\n[dependencies]\n").nth(1).expect("there are dependencies");
    let section = section.split("\n[").next().expect("a section");
    let mut names = Vec::new();
    for line in section.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let name = line.split([' ', '=']).next().expect("a name").replace('-', "_");
        assert!(DOORS.iter().any(|(door, _)| *door == name), "{name} has no door");
        names.push(name);
    }
    for (door, _) in DOORS {
        assert!(names.iter().any(|name| name == door), "the door of {door} leads nowhere");
    }
}

/// Whether one of these files speaks of a type `a` and of its `b`, or is in a module `a` and has or
/// is `b`.
fn is_there(files: &[(String, String)], (a, b): (&str, &str)) -> bool {
    let is_word = |text: &str, word: &str| {
        text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|found| found == word)
    };
    let defines = |text: &str| {
        ["struct", "enum", "trait", "fn", "mod"].iter().any(|what| {
            let rest = text.split(&format!("{what} {b}")).nth(1);
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    };
    let is_module = |path: &str, name: &str| path.split(['/', '.']).any(|part| part == name);
    let is_type = a.starts_with(|c: char| c.is_uppercase());
    files.iter().any(|(path, text)| match is_type {
        true => is_word(text, a) && is_word(text, b),
        false => is_module(path, a) && (is_module(path, b) || defines(text)),
    })
}

#[test]
fn what_the_map_names_is_there() {
    let src = root().join("src");
    let mut paths = Vec::new();
    sources(&src, &mut paths);
    let read = |path: &PathBuf| {
        let name = path.strip_prefix(&src).expect("a source").display().to_string();
        std::fs::read_to_string(path).ok().map(|text| (name, text))
    };
    let files: Vec<(String, String)> = paths.iter().filter_map(read).collect();
    let map = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("readable");
    let code = map.split('`').skip(1).step_by(2).filter(|code| !code.contains(char::is_whitespace));
    let named = code.filter_map(|code| code.split_once("::"));
    let pairs: Vec<(&str, &str)> = named
        .map(|(a, b)| (a, b.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or(b)))
        .collect();
    assert!(pairs.len() > 10, "{pairs:?}");
    let gone: Vec<_> = pairs.into_iter().filter(|pair| !is_there(&files, *pair)).collect();
    assert!(gone.is_empty(), "ARCHITECTURE.md names what is not there: {gone:?}");
    assert!(!is_there(&files, ("scene", "Fold")) && is_there(&files, ("status", "Fold")));
}
