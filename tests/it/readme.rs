//! The examples of the README and of the lessons are run, and print what they say they print.

use std::path::{Path, PathBuf};

use elasticache_sim::montecarlo::batch::{self, BatchSpec};
use elasticache_sim::observe::metrics::Metric;

use crate::support::{ecsim, library, parse, root};

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).expect("readable")
}

#[test]
fn the_commands_print_what_it_says() {
    // Beside which the program is looked for; where it is not, all examples would be passed over.
    let test = std::env::current_exe().expect("a path");
    let program = test.parent().and_then(Path::parent).expect("two folders up").join("ecsim");
    let is_there = program.with_extension(std::env::consts::EXE_EXTENSION).is_file();
    assert!(is_there, "no program at {}", program.display());
    // Examples run side by side in one folder: none keeps results there.
    let cases = trycmd::TestCases::new();
    cases.env("ECSIM_RESULTS", "").case("README.md").case("docs/lessons/*.md");
}

/// The command of each lesson that makes a page, and what is told of that page.
fn pages_of_lessons() -> Vec<(String, String)> {
    let folder = std::fs::read_dir(root().join("docs/lessons")).expect("a folder");
    let files = folder.map(|file| file.expect("readable").path());
    let lessons = files.filter(|path| !path.ends_with("README.md"));
    let page = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("readable");
        let block = text.split("```sh\n").nth(1).expect("a lesson makes a page");
        let (command, rest) = block.split_once("```").expect("the block ends");
        let told = rest.split("\n## ").next().unwrap_or_default();
        (command.trim().to_owned(), told.to_owned())
    };
    lessons.map(page).collect()
}

#[test]
fn the_pages_of_the_lessons_have_what_is_told_of_them() {
    let pages = pages_of_lessons();
    assert_eq!(pages.len(), 8, "a page for each lesson");
    for (command, told) in pages {
        let words = shlex::split(&command).expect("a command");
        let (name, arguments) = words.split_last().expect("it ends with the page's name");
        assert_eq!(arguments.first().map(String::as_str), Some("ecsim"), "{command}");
        let page = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let shown = page.display().to_string();
        let mut arguments: Vec<&str> = arguments[1..].iter().map(String::as_str).collect();
        arguments.push(&shown);
        let output = ecsim(&arguments);
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        let page = std::fs::read_to_string(&page).expect("a page");
        for moment in told.split('*').skip(1).step_by(2).filter(|word| *word != "why?") {
            assert!(page.contains(moment), "{command}: nothing is called {moment}");
        }
    }
}

#[test]
fn its_scenario_runs_and_has_its_failover() {
    let text = readme();
    let block = text.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let plan = parse(block.expect("the README has a scenario")).plan;
    let summary = batch::run(&plan, BatchSpec { seed: 1, trials: 200 }).expect("a sound trial");
    assert!(summary.of(Metric::Failovers).mean() >= 0.9, "the AZ failure promotes a replica");
}

#[test]
fn it_lists_the_whole_library() {
    let text = readme();
    for name in library() {
        assert!(text.contains(&format!("`{name}`")), "{name} is not in the README");
    }
}
