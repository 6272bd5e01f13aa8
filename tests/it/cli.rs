//! The program as people run it: exit codes, streams, and what it says when something is wrong.

use crate::support::{ecsim, library, load_all, policy_options, program, root};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs a scenario text from a file of its own; gives the exit code and what was said.
fn run_text(name: &str, scenario: &[u8]) -> (i32, String) {
    let dir = std::env::temp_dir().join(format!("ecsim-test-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a temporary folder");
    let file = dir.join("bad.toml");
    std::fs::write(&file, scenario).expect("a temporary file");
    let output = ecsim(&["run", &file.to_string_lossy()]);
    std::fs::remove_dir_all(&dir).expect("the temporary folder goes");
    let said = text(&output.stderr);
    assert!(output.stdout.is_empty(), "{name}: talk belongs to stderr");
    (output.status.code().expect("no signal"), said)
}

#[test]
fn alone_it_tells_how_to_start() {
    let output = ecsim(&[]);
    assert!(output.status.success());
    assert_eq!(text(&output.stdout).lines().count(), 4);
}

#[test]
fn the_whole_library_runs_and_replays() {
    for name in library() {
        let file = format!("scenarios/{name}.toml");
        let experiment = load_all(&name);
        let one = policy_options(&experiment, &experiment.policies[0]);
        let one: Vec<&str> = one.iter().map(String::as_str).collect();
        for arguments in [
            vec!["run", &file, "--trials", "10"],
            vec!["run", &file, "--trials", "10", "--format", "json"],
            [&["replay", &file, "--trial", "3", "--until", "1h"], &one[..]].concat(),
            [&["replay", &file, "--format", "json", "--until", "1h"], &one[..]].concat(),
        ] {
            let output = ecsim(&arguments);
            let said = text(&output.stderr);
            // Ten trials are too few to decide what a gate asks for, which is exit code 4.
            if arguments[0] == "run" && !experiment.expectations.is_empty() {
                assert_eq!(output.status.code(), Some(4), "{arguments:?}: {said}");
                assert!(said.contains("expectations failed or are undecided"), "{said}");
                continue;
            }
            assert!(output.status.success(), "{arguments:?}: {said}");
            // What stories are about may be worth a warning.
            assert!(!said.contains("error"), "{arguments:?}: {said}");
            let is_study = experiment.policies.len() > 1 && !name.starts_with("migration");
            if !name.contains("one-az") && !is_study {
                let warned = warnings(&said);
                let may = may_warn_of(&name);
                assert!(warned.iter().all(|code| may.contains(code)), "{arguments:?}: {said}");
                assert!(said.is_empty() || !warned.is_empty(), "{arguments:?}: {said}");
            }
        }
    }
}

/// The codes of the warnings in what was said.
fn warnings(said: &str) -> Vec<&str> {
    let after = said.split("warning[").skip(1);
    after.filter_map(|rest| rest.split_once(']')).map(|(code, _)| code).collect()
}

/// What a scenario of the library is warned of, because that is its subject.
fn may_warn_of(name: &str) -> &'static [&'static str] {
    match name {
        "migration-target-too-small" => &["W0907"],
        "migration-output-buffer" | "migration-planning" => &["W0925"],
        "migration-source-memory" => &["W0926"],
        "migration-blocked-network" | "migration-wrong-address" => &["W0927"],
        _ => &[],
    }
}

#[test]
fn json_is_json() {
    let output =
        ecsim(&["run", "scenarios/primary-failure.toml", "--trials", "500", "--format", "json"]);
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).expect("valid JSON");
    assert_eq!(summary["schema"], 1);
    let outage = &summary["policies"][0]["metrics"]["write_outage_s"];
    let [low, high] = [0, 1].map(|i| outage["mean"]["ci"][i].as_f64().expect("a bound"));
    let mean = outage["mean"]["value"].as_f64().expect("a mean");
    assert!(low < mean && mean < high);
    let lines = ecsim(&["replay", "scenarios/primary-failure.toml", "--format", "json"]);
    for line in text(&lines.stdout).lines() {
        let fact: serde_json::Value = serde_json::from_str(line).expect("valid JSON");
        assert!(fact["schema"] == 1 || fact["fact"].is_string(), "{line}");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let arguments = ["run", "scenarios/w2-harsh.toml", "--trials", "200", "--format", "json"];
    assert_eq!(ecsim(&arguments).stdout, ecsim(&arguments).stdout);
    let other = ecsim(&[&arguments[..], &["--seed", "7"]].concat());
    assert_ne!(ecsim(&arguments).stdout, other.stdout);
}

#[test]
fn worst_trials_are_those_that_the_table_names() {
    let table = text(&ecsim(&["run", "scenarios/primary-failure.toml"]).stdout);
    for (choice, label) in [("worst-loss", "worst loss: "), ("worst-outage", "worst outage: ")] {
        let line = table.lines().find_map(|line| line.trim().strip_prefix(label));
        let command = line.and_then(|line| line.split("→ ecsim ").nth(1)).expect("a command");
        let words: Vec<&str> = command.split(' ').collect();
        let by_number = ecsim(&words);
        let by_name = ecsim(&["replay", "scenarios/primary-failure.toml", "--trial", choice]);
        assert!(by_number.status.success());
        assert_eq!(text(&by_number.stdout), text(&by_name.stdout), "{choice}");
    }
}

/// The command that a table has after such words, without the name of the program.
fn printed_command(table: &str, label: &str) -> Vec<String> {
    let line = table.lines().find(|line| line.contains(label)).expect("a line");
    let command = line.split("→ ecsim ").nth(1).expect("a command");
    command.split(' ').map(str::to_owned).collect()
}

#[test]
fn names_that_begin_with_a_hyphen_are_values_of_options() {
    let file = "tests/data/hyphens.toml";
    let both = ecsim(&["compare", file, "--reference", "-far"]);
    assert!(both.status.success(), "{}", text(&both.stderr));
    let replay = printed_command(&text(&both.stdout), "worst outage");
    assert!(replay.windows(2).any(|pair| pair == ["--policy", "-far"]), "{replay:?}");
    let replay: Vec<&str> = replay.iter().map(String::as_str).collect();
    let told = ecsim(&replay);
    assert!(told.status.success(), "{}", text(&told.stderr));
    let set = ecsim(&["check", file, "--set", "-x=1"]);
    assert!(text(&set.stderr).contains("E0201"), "{}", text(&set.stderr));
}

#[test]
fn bad_usage_exits_with_2() {
    for arguments in [
        &["run"][..],
        &["run", "scenarios/primary-failure.toml", "--trials", "0"],
        &["run", "scenarios/primary-failure.toml", "--trials", "some"],
        &["replay", "scenarios/primary-failure.toml", "--until", "soon"],
        &["replay", "scenarios/primary-failure.toml", "--trial", "-1"],
        &["fly"],
    ] {
        let output = ecsim(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?} is refused without a word");
    }
}

#[test]
fn a_missing_file_is_the_environments_fault() {
    let output = ecsim(&["run", "scenarios/no-such.toml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("no-such.toml"));
}

#[test]
fn bad_scenarios_exit_with_3_and_say_where_and_what() {
    let valid = std::fs::read_to_string(root().join("scenarios/primary-failure.toml"))
        .expect("the library is there");
    let check = |name: &str, scenario: &str, wanted: &[&str]| {
        let (code, said) = run_text(name, scenario.as_bytes());
        assert_eq!(code, 3, "{name}: {said}");
        for part in wanted.iter().chain(&["bad.toml"]) {
            assert!(said.contains(part), "{name}: no `{part}` in:\n{said}");
        }
    };
    let with = |from: &str, to: &str| {
        assert!(valid.contains(from), "{from}");
        valid.replace(from, to)
    };
    check("broken", &with("[run]", "[run"), &[]);
    check("empty", "", &["schema"]);
    check("unknown-key", &with("horizon =", "horizont ="), &["horizont", "horizon"]);
    check(
        "unknown-node",
        &with("fail-primary = {}", "fail-node = { node = \"x\" }"),
        &["redis1x3-001"],
    );
    check("horizon", &with("\"1h\"", "\"600y\""), &["horizon"]);
    check("rate", &with("5_000", "99999999999999999999999"), &[]);
    check("negative-rate", &with("5_000", "-5"), &["writes-per-second"]);
    check("size", &with("\"8 GiB\"", "\"99999999999 GiB\""), &["dataset"]);
    check("replicas", &with("replicas = 2", "replicas = 6"), &["replicas", "5"]);
    check(
        "contradiction",
        &with("automatic-failover = true", "automatic-failover = false"),
        &["multi-az"],
    );
    check("months", &with("\"10m\"", "\"1mo\""), &["at"]);
    let two = with("replicas = 2", "replicas = 9").replace("schema = 1", "schema = 2");
    check("two-at-once", &two, &["replicas", "schema"]);
    let (code, said) = run_text("not-utf8", b"schema = 1\n\xff\xfe");
    assert_eq!(code, 3, "{said}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    use std::process::Stdio;
    let mut child = program()
        .current_dir(root())
        .args(["replay", "scenarios/w2-harsh.toml", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("ecsim runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ecsim ends");
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
}

/// Several moments by chance make a long line, which is broken.
#[test]
fn what_strikes_in_every_trial_fits_a_terminal() {
    let study = "scenarios/policy-study.toml";
    let output = ecsim(&["run", study, "--trials", "10", "--policy", "one replica"]);
    let printed = text(&output.stdout);
    let mut lines = printed.lines().skip_while(|line| !line.starts_with(" in every trial: "));
    let (first, second) = (lines.next().expect("it is there"), lines.next().expect("and goes on"));
    assert!(first.ends_with(" between 1d and 360d ·"), "{first}");
    assert_eq!(second, "   us-west-2a fails at a random moment between 1d and 360d");
}

#[test]
fn a_study_of_rare_losses_is_offered_unless_trials_alone_are_asked_for() {
    let run = ["run", "scenarios/w2-calm.toml", "--trials", "20"];
    let hint = "--precision dataset_loss=5% estimates how likely it is";
    assert!(text(&ecsim(&run).stdout).contains(hint));
    let crude = ecsim(&[&run[..], &["--loss-method", "crude"]].concat());
    assert!(crude.status.success() && !text(&crude.stdout).contains(hint));
}
