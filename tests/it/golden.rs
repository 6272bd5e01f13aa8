//! Golden traces: the story of trial 0 of every scripted scenario, reviewed by eye. After a change
//! of a rule, `SNAPSHOTS=overwrite cargo test golden` writes them anew, and the diff is part of
//! the change.

use crate::support::{program, root, stories};

/// A story that is too long to be read as a whole.
const LONG: &str = "test-failover-quota";

/// What `ecsim replay` prints of a scenario.
fn replay(name: &str, options: &[&str]) -> String {
    let output = program()
        .current_dir(root())
        .args(["replay", &format!("scenarios/{name}.toml")])
        .args(options)
        .output()
        .expect("ecsim runs");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn check(name: &str, file: &str, options: &[&str]) {
    let story = replay(name, options);
    assert!(story.lines().count() <= 100, "{name}: a story has at most 100 lines");
    for line in story.lines().filter(|line| !line.starts_with('{')) {
        // A refusal tells its error, reason and rule, a hand-over what becomes of writes, an event
        // and a lost link their reasons, and the sum of what was lost each of the ways.
        let is_long = |part: &&str| line.contains(*part);
        let long = [" refused", " Reason: ", " loses its link: ", "lost writes  "];
        let is_long = long.iter().any(is_long);
        let limit = if is_long { 170 } else { 140 };
        assert!(line.chars().count() <= limit, "{name}: a line is too long: {line}");
    }
    compare(story, file);
}

fn compare(story: String, file: &str) {
    let path = root().join("tests/golden").join(file);
    snapbox::assert_data_eq!(story, snapbox::Data::read_from(&path, None).raw());
}

#[test]
fn every_scripted_scenario_reads_like_its_golden_trace() {
    for name in stories().iter().filter(|name| *name != LONG) {
        check(name, &format!("{name}.trace"), &[]);
    }
}

#[test]
fn the_calls_of_a_long_story() {
    let story = replay(LONG, &[]);
    let is_call = |line: &&str| line.contains(" operation ") || line.contains(" refused ");
    let calls: Vec<&str> = story.lines().filter(is_call).collect();
    compare(calls.join("\n") + "\n", &format!("{LONG}.calls"));
}

#[test]
fn a_trial_in_which_chance_strikes_the_primary() {
    let options = ["--policy", "one replica", "--trial", "2"];
    check("given-a-node-fails", "given-a-node-fails.trace", &options);
}

#[test]
fn a_shard_that_a_durable_log_gives_back() {
    check("durability", "durability.trace", &["--policy", "log after (async)"]);
}

#[test]
fn a_cut_that_is_sat_out_and_one_that_is_not() {
    let morning = ["--policy", "waits 5 s", "--trial", "7", "--until", "5h"];
    check("flapping-link", "flapping-link.trace", &morning);
}

/// With the updates a year is too long a story.
#[test]
fn a_year_of_the_recommended_group() {
    let year = ["--policy", "1+2", "--trial", "2", "--set", "fault.update.enabled=false"];
    check("capacity-study", "capacity-study.trace", &year);
}

#[test]
fn the_first_weeks_of_a_harsh_year() {
    check("w2-harsh", "w2-harsh-3w.trace", &["--until", "21d"]);
}

#[test]
fn the_first_days_of_five_hundred_nodes() {
    check("five-hundred-nodes", "five-hundred-nodes-5d.trace", &["--until", "5d"]);
}

#[test]
fn json_lines_say_the_same() {
    check("primary-failure", "primary-failure.jsonl", &["--format", "json"]);
}
