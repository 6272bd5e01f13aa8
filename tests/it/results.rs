//! Folders of results, through the program: equal inputs give equal bytes, whatever happens on the
//! way; nothing is overwritten that nobody asked to overwrite; tables and summary agree.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use elasticache_sim::observe::metrics::{Ending, Mechanism};
use elasticache_sim::report::remarks;
use elasticache_sim::report::results::{outage_columns, trial_columns};
use serde_json::Value;

use crate::support::root;

/// A folder of this test's own, empty.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("results").join(name);
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("what an earlier test left goes");
    }
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn command(dir: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ecsim"));
    command.current_dir(dir).env_remove("ECSIM_RESULTS").args(arguments.split(' '));
    command
}

/// Runs a command line in a folder.
fn ecsim(dir: &Path, arguments: &str) -> Output {
    command(dir, arguments).output().expect("ecsim runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs what must come to this exit code; gives what was said.
fn expect(dir: &Path, arguments: &str, code: i32) -> String {
    let output = ecsim(dir, arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments}: {}", said(&output));
    said(&output)
}

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn json(path: impl AsRef<Path>) -> Value {
    serde_json::from_str(&read(path)).expect("JSON")
}

/// All files by their path, the manifest without its invocation.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(dir: &Path, folder: &Path, into: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(dir).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                walk(&path, folder, into);
                continue;
            }
            let name = path.strip_prefix(folder).expect("in it").to_string_lossy().into_owned();
            let bytes = match name.as_str() {
                "manifest.json" => {
                    let mut manifest = json(&path);
                    manifest.as_object_mut().expect("an object").remove("invocation");
                    manifest.to_string().into_bytes()
                }
                _ => std::fs::read(&path).expect("readable"),
            };
            into.insert(name, bytes);
        }
    }
    let mut all = BTreeMap::new();
    walk(folder, folder, &mut all);
    all
}

fn assert_same(one: &Path, other: &Path) {
    let (one, other) = (files(one), files(other));
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&one), names(&other));
    for (name, bytes) in &one {
        assert!(bytes == &other[name], "{name} differs");
    }
}

/// A scenario with two policies, a sample, and names that need quotes.
fn two_policies(dir: &Path) {
    let text = r#"schema = 1
name = "two, with a \"sample\""
[run]
horizon = "1y"
trials = 700
[group]
id = "g1"
azs = ["a", "b", "c"]
replicas = 2
[timing]
detection = { empirical = { file = "../data/detection.csv" } }
[[fault]]
node-failure = { mttf = "30d" }
[[policy]]
name = "both, as \"asked\""
[[policy]]
name = "fewer"
set = { group.replicas = 1 }
"#;
    std::fs::create_dir_all(dir.join("data")).expect("a folder");
    std::fs::create_dir_all(dir.join("my")).expect("a folder");
    std::fs::write(dir.join("data/detection.csv"), "seconds\n8\n10\n15.5\n").expect("written");
    std::fs::write(dir.join("my/two.toml"), text).expect("written");
}

/// Long enough to be stopped in the middle.
fn harsh(trials: u64) -> String {
    format!("run {}/scenarios/w2-harsh.toml --trials {trials} --quiet", root().display())
}

#[test]
fn one_thread_and_two_give_the_same_bytes_of_every_file() {
    let dir = folder("threads");
    two_policies(&dir);
    expect(&dir, "run my/two.toml --keep 7 --threads 1 -o one", 0);
    expect(&dir, "run my/two.toml --keep 7 --threads 2 -o two", 0);
    assert_same(&dir.join("one"), &dir.join("two"));
    let manifest = json(dir.join("one/manifest.json"));
    assert_eq!(manifest["status"], "finished");
    assert_eq!(manifest["invocation"]["threads"], 1);
    let mut listed: BTreeSet<String> = files(&dir.join("one")).into_keys().collect();
    assert!(listed.remove(".lock"), "{listed:?}");
    let files = manifest["files"].as_array().expect("a list").iter();
    let files: BTreeSet<String> =
        files.map(|name| name.as_str().expect("a name").to_owned()).collect();
    assert_eq!(listed, files, "the manifest lists what is there");
    for expected in [
        "samples/data/detection.csv",
        "scenario.toml",
        "trials.csv",
        "traces/both-as-asked.worst-loss.jsonl",
        "traces/fewer.median.jsonl",
        "traces/fewer.mildest-outage.jsonl",
        "traces/fewer.trial-7.jsonl",
    ] {
        assert!(files.contains(expected), "{expected} in {files:?}");
    }
    assert_eq!(read(dir.join("one/scenario.toml")), read(dir.join("my/two.toml")));
}

/// Starts a run that is to be stopped, and waits until it can go on from somewhere.
fn start(dir: &Path, arguments: &str, results: &str) -> Child {
    let mut command = command(dir, arguments);
    let mut child =
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("ecsim runs");
    let (folder, begin) = (dir.join(results), Instant::now());
    let has_rows = || match std::fs::metadata(folder.join("outages.csv")) {
        // Far behind the first checkpoint, and far from the end.
        Ok(outages) => outages.len() > 1_000_000,
        Err(_) => arguments.contains("--rows never"),
    };
    while !(folder.join("checkpoint.bin").exists() && has_rows()) {
        assert!(begin.elapsed() < Duration::from_secs(60), "no checkpoint");
        assert!(child.try_wait().expect("a child").is_none(), "it ended too early");
        std::thread::sleep(Duration::from_millis(1));
    }
    child
}

/// A number below a million as people read it.
fn grouped(n: u64) -> String {
    match n / 1_000 {
        0 => n.to_string(),
        thousands => format!("{thousands},{:03}", n % 1_000),
    }
}

fn status(folder: &Path) -> String {
    json(folder.join("manifest.json"))["status"].as_str().expect("a status").to_owned()
}

#[test]
fn a_killed_run_goes_on_to_the_same_bytes() {
    let dir = folder("killed");
    let run = harsh(6_050);
    expect(&dir, &format!("{run} -o whole"), 0);
    let mut child = start(&dir, &format!("{run} --threads 1 -o killed"), "killed");
    child.kill().expect("killed");
    child.wait().expect("it ends");
    assert_eq!(status(&dir.join("killed")), "running");
    let again = expect(&dir, &format!("{run} -o killed"), 1);
    assert!(again.contains("--resume") && again.contains("--overwrite"), "{again}");
    let other = expect(&dir, &format!("{run} --seed 7 -o killed --resume"), 1);
    assert!(other.contains("seed: 42 there, 7 here"), "{other}");
    expect(&dir, &format!("{run} --threads 2 -o killed --resume"), 0);
    assert_same(&dir.join("whole"), &dir.join("killed"));
}

#[test]
fn an_interrupted_run_keeps_what_is_finished_and_goes_on_to_the_same_bytes() {
    let dir = folder("interrupted");
    let run = harsh(6_050);
    expect(&dir, &format!("{run} -o whole"), 0);
    let child = start(&dir, &format!("{run} --threads 1 -o part"), "part");
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status().expect("kill runs");
    assert!(sent.success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    assert_eq!(status(&dir.join("part")), "interrupted");
    let summary = json(dir.join("part/summary.json"));
    assert_eq!(summary["ended"], "interrupted");
    let trials = summary["policies"][0]["trials"].as_u64().expect("a number");
    assert!(trials < 6_050, "{trials}");
    assert_eq!(read(dir.join("part/trials.csv")).lines().count() as u64, 1 + trials);
    // It says how to go on, and that is so.
    let said = said(&output);
    assert!(said.starts_with("stopping; what is finished is kept\n"), "{said}");
    let command = said.lines().find_map(|line| line.strip_prefix("to go on: ecsim "));
    let command = command.unwrap_or_else(|| panic!("{said}"));
    assert!(command.ends_with("-o part --resume"), "{command}");
    let again = expect(&dir, &command.replace(" --quiet", ""), 0);
    assert!(again.starts_with(&format!("note: goes on from trial {}", grouped(trials))), "{again}");
    assert_same(&dir.join("whole"), &dir.join("part"));
}

#[test]
fn a_precision_is_reached_where_it_would_have_been_without_a_break() {
    let dir = folder("precision");
    let run = format!("{} --precision write_outage_s=0.55%", harsh(20_000));
    expect(&dir, &format!("{run} -o whole"), 0);
    let mut child = start(&dir, &format!("{run} --threads 1 -o part"), "part");
    child.kill().expect("killed");
    child.wait().expect("it ends");
    assert_eq!(status(&dir.join("part")), "running");
    expect(&dir, &format!("{run} -o part --resume"), 0);
    assert_same(&dir.join("whole"), &dir.join("part"));
    assert_eq!(json(dir.join("part/summary.json"))["ended"], "precise");
}

#[test]
fn nothing_is_replaced_that_nobody_asked_to_replace() {
    let dir = folder("again");
    let run = format!("run {}/scenarios/primary-failure.toml --trials 200", root().display());
    expect(&dir, &format!("{run} -o a"), 0);
    let before = std::fs::read(dir.join("a/manifest.json")).expect("readable");
    let same = expect(&dir, &format!("{run} --threads 1 -o a"), 0);
    assert!(same.contains("holds this very run"), "{same}");
    let finished = expect(&dir, &format!("{run} -o a --resume"), 0);
    assert!(finished.contains("holds this very run"), "{finished}");
    assert_eq!(std::fs::read(dir.join("a/manifest.json")).expect("readable"), before);
    let other = expect(&dir, &format!("{run} --seed 7 -o a"), 1);
    assert!(other.contains("--overwrite") && other.contains("seed: 42 there, 7 here"), "{other}");
    // What is not ours stays.
    std::fs::write(dir.join("a/traces/mine.txt"), "mine").expect("written");
    expect(&dir, &format!("{run} --seed 7 --rows never -o a --overwrite"), 0);
    assert_eq!(json(dir.join("a/summary.json"))["seed"], 7);
    assert!(!dir.join("a/trials.csv").exists(), "rows of other inputs are gone");
    assert_eq!(read(dir.join("a/traces/mine.txt")), "mine");
    std::fs::create_dir_all(dir.join("full")).expect("a folder");
    std::fs::write(dir.join("full/mine.txt"), "mine").expect("written");
    for option in ["", " --overwrite", " --resume"] {
        let refused = expect(&dir, &format!("{run} -o full{option}"), 1);
        assert!(refused.contains("no results of ecsim"), "{refused}");
    }
    let wrong = expect(&dir, &format!("{run} --resume --no-output"), 2);
    assert!(wrong.contains("--no-output"), "{wrong}");
}

#[test]
fn rows_are_kept_of_so_many_trials_that_somebody_may_read_them() {
    let dir = folder("rows");
    // At most ten millions, though it takes few.
    let run = format!(
        "run {}/scenarios/primary-failure.toml --precision write_outage_s=10%",
        root().display()
    );
    let left_out = expect(&dir, &format!("{run} -o a"), 0);
    assert!(left_out.contains("note: no rows are kept of more than 100,000 trials"), "{left_out}");
    let kept = expect(&dir, &format!("{run} --rows always -o b"), 0);
    assert!(!kept.contains("no rows"), "{kept}");
    for (folder, is_kept) in [("a", false), ("b", true)] {
        for file in ["trials.csv", "outages.csv"] {
            assert_eq!(dir.join(folder).join(file).exists(), is_kept, "{folder}/{file}");
        }
    }
}

#[test]
fn without_a_name_the_folder_is_called_after_the_scenario() {
    let dir = folder("unnamed");
    let run = format!("run {}/scenarios/primary-failure.toml --trials 100", root().display());
    expect(&dir, &format!("{run} --no-output"), 0);
    assert!(!dir.join("results").exists(), "nothing is kept that nobody wants");
    let first = expect(&dir, &run, 0);
    assert!(first.contains("the results are in results/primary-failure"), "{first}");
    expect(&dir, &format!("{run} --seed 7"), 0);
    expect(&dir, &format!("{run} --seed 8"), 0);
    let again = expect(&dir, &format!("{run} --seed 7"), 0);
    assert!(again.contains("results/primary-failure-2 holds this very run"), "{again}");
    for (name, seed) in [("", 42), ("-2", 7), ("-3", 8)] {
        let summary = dir.join(format!("results/primary-failure{name}/summary.json"));
        assert_eq!(json(summary)["seed"], seed);
    }
}

#[test]
fn the_environment_says_where_results_are_kept() {
    let dir = folder("environment");
    let run = format!("run {}/scenarios/primary-failure.toml --trials 100", root().display());
    let with = |value: &str, options: &str| {
        let run = command(&dir, &format!("{run}{options}")).env("ECSIM_RESULTS", value).output();
        let run = run.expect("ecsim runs");
        assert_eq!(run.status.code(), Some(0), "{}", said(&run));
    };
    with("", "");
    assert!(!dir.join("results").exists(), "empty, it keeps none");
    with("", " --keep 3");
    assert!(dir.join("results/primary-failure/summary.json").exists(), "unless one is asked for");
    with("elsewhere/kept", "");
    assert!(dir.join("elsewhere/kept/primary-failure/summary.json").exists());
}

#[test]
fn what_nobody_asked_to_keep_stops_no_run() {
    let dir = folder("unasked");
    let run = format!("run {}/scenarios/primary-failure.toml --trials 100", root().display());
    std::fs::write(dir.join("results"), "a file\n").expect("written");
    let warned = expect(&dir, &run, 0);
    assert!(warned.contains("warning: the results are not kept: cannot "), "{warned}");
    assert!(warned.contains("--no-output"), "{warned}");
    let refused = expect(&dir, &format!("{run} --rows always"), 1);
    assert!(refused.contains("error: cannot "), "{refused}");
}

#[test]
fn a_stopped_run_that_nobody_named_goes_on_by_itself() {
    let dir = folder("unnamed-stopped");
    let run = harsh(6_050).replace(" --quiet", "");
    let child = start(&dir, &format!("{run} --threads 1"), "results/w2-harsh");
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
    let said = said(&child.wait_with_output().expect("it ends"));
    let where_it_is = "the results are in results/w2-harsh; `ecsim report results/w2-harsh` shows";
    assert!(said.contains(where_it_is), "{said}");
    assert!(said.ends_with(&format!("to go on: ecsim {run} --threads 1\n")), "{said}");
    expect(&dir, &run, 0);
    expect(&dir, &format!("{run} -o whole"), 0);
    assert_same(&dir.join("results/w2-harsh"), &dir.join("whole"));
}

#[test]
fn a_disk_that_fails_is_told_and_loses_nothing() {
    let dir = folder("disk");
    let run = harsh(1_000);
    std::fs::write(dir.join("file"), "").expect("written");
    for place in ["file", "file/below", "/proc/nowhere"] {
        let failed = expect(&dir, &format!("{run} -o {place}"), 1);
        assert!(failed.contains("error: cannot") && failed.contains(place), "{failed}");
    }
    // A disk that is full in the middle: no file may grow above one or two MiB, as the shell has
    // it, and there are three of rows.
    let limited = format!(
        "trap '' XFSZ; ulimit -f 2048; exec {} {run} --threads 1 -o full",
        env!("CARGO_BIN_EXE_ecsim")
    );
    let mut shell = Command::new("sh");
    let output = shell.current_dir(&dir).args(["-c", &limited]).output().expect("a shell");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("cannot write full/outages.csv"), "{}", said(&output));
    assert_eq!(status(&dir.join("full")), "running");
    assert!(dir.join("full/checkpoint.bin").exists(), "there is something to go on from");
    expect(&dir, &format!("{run} -o full --resume"), 0);
    expect(&dir, &format!("{run} -o whole"), 0);
    assert_same(&dir.join("whole"), &dir.join("full"));
}

#[test]
fn a_checkpoint_that_is_torn_or_of_another_run_is_refused() {
    let dir = folder("checkpoint");
    let run = harsh(6_000);
    let mut child = start(&dir, &format!("{run} --threads 1 -o a"), "a");
    child.kill().expect("killed");
    child.wait().expect("it ends");
    let path = dir.join("a/checkpoint.bin");
    let whole = std::fs::read(&path).expect("readable");
    let resume = format!("{run} -o a --resume");
    let check = |bytes: &[u8], expected: &str| {
        std::fs::write(&path, bytes).expect("written");
        let refused = expect(&dir, &resume, 1);
        assert!(refused.contains(expected) && refused.contains("--overwrite"), "{refused}");
    };
    check(&whole[..whole.len() - 1], "is damaged");
    check(&whole[..30], "is cut off");
    check(b"something else", "is no checkpoint of this version");
    let mut child = start(&dir, &format!("{run} --threads 1 --seed 7 -o b"), "b");
    child.kill().expect("killed");
    child.wait().expect("it ends");
    check(&std::fs::read(dir.join("b/checkpoint.bin")).expect("readable"), "is of another run");
    // Rows that were there when it was written are not made up.
    std::fs::write(&path, &whole).expect("written");
    std::fs::write(dir.join("a/trials.csv"), "policy").expect("written");
    let short = expect(&dir, &resume, 1);
    assert!(short.contains("trials.csv has 6 bytes"), "{short}");
    // Without one a run starts over.
    std::fs::remove_file(&path).expect("removed");
    expect(&dir, &resume, 0);
    expect(&dir, &format!("{run} -o whole"), 0);
    assert_same(&dir.join("whole"), &dir.join("a"));
}

#[test]
fn two_runs_do_not_write_to_one_folder() {
    let dir = folder("lock");
    let run = harsh(1_000_000);
    let mut child = start(&dir, &format!("{run} --rows never -o a"), "a");
    for option in ["", " --resume", " --overwrite"] {
        let refused = expect(&dir, &format!("{run} --rows never -o a{option}"), 1);
        assert!(refused.contains("another ecsim is writing to a"), "{refused}");
    }
    child.kill().expect("killed");
    child.wait().expect("it ends");
}

/// The rows of a CSV file, each by the names of its columns.
fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).expect("readable");
    let heading = reader.headers().expect("a heading").clone();
    let named = |row: csv::StringRecord| {
        let cells = row.iter().map(str::to_owned);
        heading.iter().map(str::to_owned).zip(cells).collect()
    };
    reader.records().map(|row| named(row.expect("as many cells as columns"))).collect()
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column}: {:?}", row[column]))
}

fn assert_close(one: f64, other: f64, what: &str) {
    assert!((one - other).abs() <= 1e-9 * one.abs().max(1.0), "{what}: {one} and {other}");
}

#[test]
fn rows_and_summary_agree() {
    let dir = folder("agree");
    two_policies(&dir);
    expect(&dir, "run my/two.toml -o a", 0);
    let summary = json(dir.join("a/summary.json"));
    let (trials, outages) = (rows(&dir.join("a/trials.csv")), rows(&dir.join("a/outages.csv")));
    for policy in summary["policies"].as_array().expect("a list") {
        let name = policy["name"].as_str().expect("a name");
        let of = |rows: &[BTreeMap<String, String>]| -> Vec<BTreeMap<String, String>> {
            rows.iter().filter(|row| row["policy"] == name).cloned().collect()
        };
        let (trials, episodes) = (of(&trials), of(&outages));
        assert_eq!(trials.len(), 700);
        for (metric, statistics) in policy["metrics"].as_object().expect("an object") {
            let sum: f64 = trials.iter().map(|row| number(row, metric)).sum();
            let mean = statistics["mean"]["value"].as_f64().expect("a mean");
            assert_close(mean, sum / 700.0, metric);
        }
        for kind in ["outage", "failover"] {
            let n = episodes.iter().filter(|row| row["kind"] == kind).count();
            assert_eq!(policy[format!("{kind}s")]["n"], n, "{kind}");
            assert!(n > 700, "{kind}: {n}");
        }
        // With one shard the outages of a trial, taken apart, are its write outage.
        let phases: Vec<String> = outage_columns()
            .into_iter()
            .skip_while(|column| column != "ending")
            .skip(1)
            .take_while(|column| column != "failovers")
            .collect();
        let mut by_trial: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        for row in episodes.iter().filter(|row| row["kind"] == "outage") {
            let parts: f64 = phases.iter().map(|phase| number(row, phase)).sum();
            assert_close(parts, number(row, "length_s"), "an outage");
            let sums = by_trial.entry(&row["trial"]).or_default();
            sums.0 += parts;
            sums.1 += number(row, "lost_writes");
        }
        for row in &trials {
            let (outage, lost) = by_trial.get(row["trial"].as_str()).copied().unwrap_or_default();
            assert_close(number(row, "write_outage_s"), outage, "a trial's outage");
            assert_close(number(row, "lost_writes"), lost, "a trial's lost writes");
        }
    }
    // Every number of the summary is in its table.
    let table = read(dir.join("a/summary.csv"));
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let mut cells: BTreeMap<String, usize> = BTreeMap::new();
    for row in reader.records() {
        let row = row.expect("as many cells as columns");
        row.iter().for_each(|cell| *cells.entry(cell.to_owned()).or_default() += 1);
    }
    let mut scalars = Vec::new();
    leaves(&summary, &mut scalars);
    assert!(scalars.len() > 500, "{}", scalars.len());
    for scalar in scalars {
        let left = cells.get_mut(&scalar).unwrap_or_else(|| panic!("{scalar} is not in the CSV"));
        *left = left.checked_sub(1).unwrap_or_else(|| panic!("{scalar} is too seldom in the CSV"));
    }
}

/// All numbers of a JSON value as they are written.
fn leaves(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.values().for_each(|value| leaves(value, into)),
        Value::Array(elements) => elements.iter().for_each(|value| leaves(value, into)),
        Value::Number(_) | Value::Bool(_) => into.push(value.to_string()),
        Value::String(_) | Value::Null => {}
    }
}

#[test]
fn a_folder_replays_what_its_scenario_does() {
    let dir = folder("replay");
    two_policies(&dir);
    expect(&dir, "run my/two.toml --seed 9 --set run.horizon=100d -o a --keep 3", 0);
    let slug = "fewer";
    for (trial, file) in [("worst-loss", "worst-loss"), ("median", "median"), ("3", "trial-3")] {
        let options = format!("--trial {trial} --policy {slug}");
        let by_file = format!("replay my/two.toml --seed 9 --set run.horizon=100d {options}");
        let by_file = ecsim(&dir, &by_file);
        // The scenario itself is no longer needed.
        std::fs::rename(dir.join("data"), dir.join("gone")).expect("renamed");
        let by_folder = ecsim(&dir, &format!("replay a {options}"));
        let lines = ecsim(&dir, &format!("replay a {options} --format json"));
        std::fs::rename(dir.join("gone"), dir.join("data")).expect("renamed");
        assert!(by_folder.status.success(), "{}", said(&by_folder));
        assert_eq!(by_file.stdout, by_folder.stdout, "{trial}");
        let trace = std::fs::read(dir.join(format!("a/traces/{slug}.{file}.jsonl")));
        assert_eq!(lines.stdout, trace.expect("readable"), "{trial}");
    }
    let seed = expect(&dir, "replay a --policy fewer --seed 1", 2);
    assert!(seed.contains("leave out --seed"), "{seed}");
    let none = expect(&dir, "replay my --policy fewer", 1);
    assert!(none.contains("holds no results of ecsim"), "{none}");
    let above = expect(&dir, "report .", 1);
    assert!(above.contains("folders in it do: ./a"), "{above}");
    let sample = dir.join("a/samples/data/detection.csv");
    std::fs::write(
        &sample,
        "seconds
9
",
    )
    .expect("written");
    let changed = expect(&dir, "replay a --policy fewer", 1);
    assert!(changed.contains("is not the one that was run"), "{changed}");
}

/// The first cells of the table under a heading of the docs, without backticks.
fn documented(heading: &str) -> Vec<String> {
    let text = read(root().join("docs/results.md"));
    let section = text
        .split(&format!(
            "
## {heading}
"
        ))
        .nth(1)
        .expect("the section is there");
    let section = section
        .split(
            "
## ",
        )
        .next()
        .expect("a section");
    let cells = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    cells.map(str::to_owned).collect()
}

#[test]
fn the_docs_name_every_file_and_every_column() {
    assert_eq!(documented("`trials.csv`"), trial_columns());
    assert_eq!(documented("`outages.csv`"), outage_columns());
    assert_eq!(
        documented("`summary.csv`"),
        elasticache_sim::report::summary_csv::COLUMNS.map(str::to_owned)
    );
    assert_eq!(
        documented("`distributions.csv`"),
        elasticache_sim::report::distributions::COLUMNS.map(str::to_owned)
    );
    let dir = folder("docs");
    two_policies(&dir);
    expect(&dir, "run my/two.toml --policy fewer --trials 60 --sensitivity -o a", 0);
    let listed = documented("Files");
    for name in files(&dir.join("a")).keys() {
        let shown = match name.split('/').next() {
            Some("traces") => "traces/*.jsonl",
            Some("samples") => "samples/*",
            _ => name,
        };
        assert!(listed.iter().any(|file| file == shown), "{name} is not in {listed:?}");
    }
    // Every key of the manifest and every entry of its options is explained.
    let text = read(root().join("docs/results.md"));
    let manifest = json(dir.join("a/manifest.json"));
    for part in [&manifest, &manifest["inputs"], &manifest["inputs"]["options"]] {
        for key in part.as_object().expect("an object").keys() {
            assert!(text.contains(&format!("`{key}`")), "{key} is not explained");
        }
    }
    for key in manifest["invocation"].as_object().expect("an object").keys() {
        assert!(text.contains(&format!("`{key}`")), "{key} is not explained");
    }
}

#[test]
fn the_docs_name_every_ending_and_every_way_of_loss() {
    let results = read(root().join("docs/results.md"));
    let row = results.lines().find(|line| line.starts_with("| `ending` |")).expect("a row");
    for ending in Ending::ALL {
        assert!(row.contains(&format!("`{}`", ending.name())), "{} is missing", ending.name());
    }
    let tables = read(root().join("docs/tables.md"));
    let is_row = |line: &&str| line.starts_with(&format!("| {} |", remarks::HOW_LOST));
    let row = tables.lines().find(is_row).expect("a row");
    for way in Mechanism::ALL.map(remarks::how_lost) {
        assert!(row.contains(&format!("`{way}`")), "{way} is missing");
    }
}
