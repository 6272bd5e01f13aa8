//! The examples of the README and of the lessons are run, and print what they say they print.

use elasticache_sim::montecarlo::batch::{self, BatchSpec};
use elasticache_sim::observe::metrics::Metric;

use crate::support::{library, parse, root};

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).expect("readable")
}

#[test]
fn the_commands_print_what_it_says() {
    // Examples run side by side in one folder: none keeps results there.
    let cases = trycmd::TestCases::new();
    cases.env("ECSIM_RESULTS", "").case("README.md").case("docs/lessons/*.md");
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
