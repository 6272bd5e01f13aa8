//! Rare dataset losses as people ask for them: `--precision dataset_loss=P%` of `run` and
//! `compare`, and `--loss-method`.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use elasticache_sim::montecarlo::losses::{self, Known, Stage, Stands, StudyEnded, WhyTrials};
use elasticache_sim::montecarlo::rare::estimate::Tally;
use elasticache_sim::montecarlo::rare::study::{Preparing, Wish};
use elasticache_sim::stats::level::Level;
use serde_json::Value;

use crate::support::{ecsim, load, program, root};

const FILE: &str = "scenarios/rare-loss.toml";
const FIVE: [&str; 2] = ["--precision", "dataset_loss=5%"];

/// Runs the program; gives the exit code, what it printed and what it said.
fn said(arguments: &[&str]) -> (i32, String, String) {
    let output = ecsim(arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().expect("no signal"), text(&output.stdout), text(&output.stderr))
}

fn stdout(arguments: &[&str]) -> String {
    let (code, printed, said) = said(arguments);
    assert_eq!(code, 0, "{arguments:?}: {said}");
    printed
}

fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&stdout(&[arguments, &["--format", "json"]].concat())).expect("JSON")
}

fn losses_of(summary: &Value, policy: usize) -> &Value {
    &summary["policies"][policy]["probabilities"]["dataset_loss"]
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// The lines about the study of losses, and the table above them.
fn golden(name: &str, text: String) {
    let path = root().join("tests/golden/rare").join(name);
    snapbox::assert_data_eq!(text, snapbox::Data::read_from(&path, None).raw());
}

/// Floats with six digits: the last bits of a logarithm may differ between machines.
fn with_six_digits(value: &Value) -> Value {
    match value {
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().expect("a float");
            let rounded: f64 = format!("{float:.5e}").parse().expect("it was printed");
            Value::from(rounded)
        }
        Value::Array(list) => list.iter().map(with_six_digits).collect(),
        Value::Object(object) => {
            let members = object.iter();
            members.map(|(key, value)| (key.clone(), with_six_digits(value))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[test]
fn tables_and_json_are_as_reviewed() {
    let run = ["run", FILE, "--trials", "1000"];
    let compare = ["compare", FILE, "--trials", "1000", "--sweep", "group.replicas=1..2"];
    golden("run.txt", stdout(&[&run[..], &FIVE].concat()));
    golden("compare.txt", stdout(&[&compare[..], &FIVE].concat()));
    let summary = json(&[&compare[..], &FIVE].concat());
    let is_of_losses = |comparison: &&Value| comparison["metric"] == "dataset_loss";
    let comparisons = summary["comparisons"].as_array().expect("a list").iter();
    let policies = [0, 1].map(|n| losses_of(&summary, n).clone());
    let part = serde_json::json!({
        "ended": summary["ended"],
        "policies": policies,
        "comparisons": comparisons.filter(is_of_losses).cloned().collect::<Vec<Value>>(),
    });
    let text = serde_json::to_string_pretty(&with_six_digits(&part)).expect("JSON");
    golden("compare.json", text + "\n");
    let csv = stdout(&[&compare[..], &FIVE, &["--format", "csv"]].concat());
    for place in ["dataset_loss,ratio", "dataset_loss,effective_sample_size"] {
        assert!(csv.lines().any(|line| line.contains(place)), "no {place}");
    }
}

#[test]
fn what_the_table_says_is_what_the_json_says() {
    let arguments = ["run", FILE, "--trials", "1000", "--precision", "dataset_loss=5%"];
    let summary = json(&arguments);
    let loss = losses_of(&summary, 0);
    let [low, high] = [0, 1].map(|end| number(&loss["ci"][end]));
    let value = number(&loss["value"]);
    assert!(low < value && value < high && (high - low) / 2.0 <= 0.05 * value, "{loss}");
    assert!(value < 1e-6, "trials alone would never see it: {value}");
    assert_eq!((&loss["method"], &summary["ended"]), (&"guided".into(), &"precise".into()));
    assert!(number(&loss["effective_sample_size"]) > 100.0);
    let trials = number(&loss["crude_trials"]);
    assert!(trials > 1e8, "{trials}");
    let table = stdout(&arguments);
    for part in ["probability (95 %)", "guided by a Markov chain of ", " excursions, "] {
        assert!(table.contains(part), "no `{part}` in\n{table}");
    }
}

#[test]
fn no_byte_depends_on_the_number_of_threads() {
    let sweep = ["--sweep", "group.replicas=1..2", "--trials", "900"];
    for (command, more) in [("run", &["--trials", "900"][..]), ("compare", &sweep)] {
        for format in ["table", "json", "csv"] {
            let with = |threads: &str| {
                let options = ["--format", format, "--threads", threads];
                stdout(&[&[command, FILE][..], more, &FIVE, &options].concat())
            };
            let one = with("1");
            assert!(one == with("2") && one == with("7"), "{command} {format}");
        }
    }
}

/// A year so bad that every method sees losses, and trials as well.
const HARSH: [&str; 6] = [
    "--set",
    "fault.node.node-failure.mttf=3d",
    "--set",
    "fault.az.enabled=false",
    "--set",
    "group.replicas=1",
];

#[test]
fn all_methods_agree_with_the_trials() {
    let of = |method: &str| {
        let options = ["--trials", "2500", "--loss-method", method];
        let precise = ["--precision", "dataset_loss=15%"];
        let summary = json(&[&["run", FILE][..], &HARSH, &precise, &options].concat());
        let loss = losses_of(&summary, 0).clone();
        let ends = [0, 1].map(|end| number(&loss["ci"][end]));
        (loss["method"].as_str().expect("a name").to_owned(), number(&loss["value"]), ends)
    };
    let (name, crude, [low, high]) = of("crude");
    assert_eq!(name, "clopper-pearson");
    for (method, expected) in
        [("guided", "guided"), ("biased", "balanced-biasing"), ("splitting", "splitting")]
    {
        let (name, value, ends) = of(method);
        assert_eq!(name, expected);
        // Two standard errors of each side: more than four of the difference.
        let apart = (value - crude).abs();
        let errors = (high - low) / 2.0 + (ends[1] - ends[0]) / 2.0;
        assert!(apart <= 2.0 * errors, "{method}: {value}, trials say {crude}");
    }
}

#[test]
fn trials_that_know_enough_are_all_there_is() {
    let harsh = [&["run", FILE, "--trials", "20000"][..], &HARSH].concat();
    let summary = json(&[&harsh[..], &["--precision", "dataset_loss=20%"]].concat());
    let loss = losses_of(&summary, 0);
    assert_eq!(loss["method"], "clopper-pearson");
    assert_eq!(loss["replications"], Value::Null);
    assert_eq!(summary["ended"], "precise");
    assert!(number(&summary["policies"][0]["trials"]) < 20_000.0);
}

#[test]
fn a_precision_that_is_not_reached_is_a_warning() {
    let options = ["--trials", "300", "--precision", "dataset_loss=0.01%"];
    let (code, _, warned) = said(&[&["run", FILE][..], &options].concat());
    assert_eq!(code, 0, "{warned}");
    assert!(warned.contains("not reached within 300 trials and 300 replications"), "{warned}");
    assert!(warned.contains("dataset_loss is known to"), "{warned}");
    assert!(warned.contains(" would take about "), "{warned}");
}

#[test]
fn what_cannot_be_lost_is_not_given_an_interval_by_the_study() {
    let arguments = ["run", "scenarios/primary-failure.toml", "--trials", "300"];
    let (code, table, warned) = said(&[&arguments[..], &FIVE].concat());
    assert_eq!(code, 0, "{warned}");
    assert!(warned.contains("no dataset loss was seen in 300 replications"), "{warned}");
    assert!(table.contains("(0 of 300)"), "the trials bound it:\n{table}");
    assert!(table.contains("no loss seen in "), "{table}");
    let summary = json(&[&arguments[..], &FIVE].concat());
    let loss = losses_of(&summary, 0);
    assert_eq!(loss["declined"], "none-seen");
    assert_eq!(loss["method"], "clopper-pearson");
    assert!(number(&loss["ci"][1]) > 0.0);
}

#[test]
fn an_interval_that_nobody_could_stand_behind_is_not_printed() {
    // A hundred replications are never worth a hundred that are all alike.
    let options = ["--trials", "100", "--loss-method", "guided"];
    let (code, table, warned) = said(&[&["run", FILE][..], &FIVE, &options].concat());
    assert_eq!(code, 0, "{warned}");
    assert!(warned.contains("has no interval by the study"), "{warned}");
    assert!(table.contains("(0 of 100)") && table.contains("no interval"), "{table}");
}

#[test]
fn a_gate_is_decided_by_the_study() {
    let dir = std::env::temp_dir().join(format!("ecsim-test-{}-rare-gate", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a temporary folder");
    let file = dir.join("gate.toml");
    let text = std::fs::read_to_string(root().join(FILE)).expect("readable");
    let gate = "\n[[expect]]\nmetric = \"dataset_loss\"\nbelow = 1e-6\n";
    std::fs::write(&file, text + gate).expect("written");
    let file = file.to_string_lossy();
    let (code, printed, _) = said(&["run", &file, "--trials", "500"]);
    assert_eq!(code, 4, "trials alone cannot say it:\n{printed}");
    let (code, printed, _) = said(&[&["run", &file, "--trials", "500"][..], &FIVE].concat());
    assert_eq!(code, 0, "{printed}");
    assert!(printed.contains("expect dataset_loss < 1e-6: pass"), "{printed}");
    std::fs::remove_dir_all(&dir).expect("the temporary folder goes");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let check = |arguments: &[&str], wanted: &str| {
        let (code, _, said) = said(&[&["run", FILE, "--trials", "100"][..], arguments].concat());
        assert_eq!(code, 2, "{arguments:?}: {said}");
        assert!(said.contains(wanted), "{arguments:?}: no `{wanted}` in {said}");
    };
    check(&["--loss-method", "magic"], "splitting");
    check(&["--loss-method", "guided"], "--precision dataset_loss=5%");
    check(&[&FIVE[..], &["--loss-method", "guided", "--sensitivity"]].concat(), "--sensitivity");
    let warm_up = ["--loss-method", "biased", "--set", "run.warm-up=1d"];
    check(&[&FIVE[..], &warm_up].concat(), "warm-up");
}

#[test]
fn losses_that_only_trials_count_are_left_to_them() {
    for set in ["run.warm-up=1d", "run.horizon=400y"] {
        let options = ["--trials", "200", "--set", set, "--format", "json"];
        let (code, printed, said) = said(&[&["run", FILE][..], &FIVE, &options].concat());
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("trials alone find dataset_loss"), "{said}");
        let summary: Value = serde_json::from_str(&printed).expect("JSON");
        assert_eq!(losses_of(&summary, 0)["method"], "clopper-pearson");
    }
}

#[test]
fn who_sees_few_losses_is_told_how_to_estimate_them() {
    let hint = "--precision dataset_loss=5%";
    let few = stdout(&["run", FILE, "--trials", "200"]);
    assert!(few.contains(hint), "{few}");
    let many = stdout(&[&["run", FILE, "--trials", "4000"][..], &HARSH].concat());
    assert!(!many.contains(hint), "{many}");
    let scheduled = stdout(&["run", "scenarios/primary-failure.toml", "--trials", "200"]);
    assert!(!scheduled.contains(hint), "{scheduled}");
}

#[test]
fn a_policy_that_never_loses_is_given_up_at_the_same_place_on_any_threads() {
    let never = load("primary-failure");
    let of = |threads: usize| {
        let wish = Wish {
            seed: 1,
            share: None,
            level: Level::default(),
            most: 1_000_000,
            steering: None,
            threads,
        };
        let plans = ([&never.plan], 0);
        let stop = AtomicBool::new(false);
        let known = [Known::Otherwise];
        losses::study((&plans.0, plans.1), (wish, 0.05), &known, |_| {}, &stop)
    };
    let one = of(1);
    assert_eq!(one.stands, [Stands::Trials(WhyTrials::Unseen)]);
    assert_eq!(one.ended, StudyEnded::Imprecise);
    assert!((20_000..25_000).contains(&one.replications()), "{}", one.replications());
    assert_eq!(one, of(3));
}

/// A large fleet is not looked at for ever: what has cost too much without an interval is given up,
/// and what has one goes on.
#[test]
fn what_costs_too_much_without_an_interval_is_given_up() {
    let tally = |n_hits: u64, main_events| {
        let mut tally = Tally { hits: n_hits, main_events, ..Tally::default() };
        (0..1_000).for_each(|n| tally.add(if n < n_hits { 1e-6 } else { 0.0 }));
        tally
    };
    assert!(tally(300, 0).doubt().is_none() && tally(20, 0).doubt().is_some());
    assert!(!losses::is_hopeless(&tally(20, 999_999_999)));
    assert!(losses::is_hopeless(&tally(20, 1_000_000_000)));
    assert!(losses::is_hopeless(&tally(0, 1_000_000_000)));
    assert!(!losses::is_hopeless(&tally(300, 1_000_000_000)));
}

#[test]
fn a_study_that_is_stopped_keeps_whole_blocks() {
    let rare = load("rare-loss");
    let wish = Wish {
        seed: 1,
        share: None,
        level: Level::default(),
        most: 1_000_000,
        steering: None,
        threads: 2,
    };
    let stopped_at = |is_it: fn(Stage<'_>) -> bool| {
        let stop = AtomicBool::new(false);
        let listener = |stage: Stage<'_>| {
            assert!(!stop.load(Ordering::Relaxed), "nothing goes on: {stage:?}");
            stop.fetch_or(is_it(stage), Ordering::Relaxed);
        };
        let known = [Known::Otherwise];
        losses::study((&[&rare.plan], 0), (wish, 1e-5), &known, listener, &stop)
    };
    let stopped = stopped_at(|stage| matches!(stage, Stage::Running(_)));
    assert_eq!(stopped.ended, StudyEnded::Interrupted);
    let n = stopped.replications();
    assert!(n > 0 && n < 10_000 && n.is_multiple_of(100), "{n}");
    let early: [fn(Stage<'_>) -> bool; 2] = [
        |stage| stage == Stage::Preparing(Preparing::Guide(0)),
        |stage| stage == Stage::Preparing(Preparing::Pilot(0)),
    ];
    for is_it in early {
        let stopped = stopped_at(is_it);
        assert_eq!(stopped.ended, StudyEnded::Interrupted);
        assert_eq!(stopped.stands, [Stands::Trials(WhyTrials::Unseen)]);
        assert_eq!(stopped.replications(), 0);
    }
}

/// A folder of a test.
fn folder(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("ecsim-test-{}-{name}", std::process::id()));
    drop(std::fs::remove_dir_all(&dir));
    std::fs::create_dir_all(&dir).expect("a temporary folder");
    dir
}

#[test]
fn a_study_that_was_interrupted_is_made_again_to_the_same_bytes() {
    let dir = folder("rare-resumed");
    let path = |name: &str| dir.join(name).to_string_lossy().into_owned();
    let run = ["run", FILE, "--trials", "4000", "--precision", "dataset_loss=0.001%"];
    let with = |more: &[&str]| said(&[&run[..], more].concat());
    let (code, ..) = with(&["-o", &path("whole")]);
    assert_eq!(code, 0);
    let mut child = program()
        .current_dir(root())
        .args(run)
        .args(["--threads", "1", "-o", &path("part")])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("ecsim runs");
    let trials = dir.join("part/trials.csv");
    // Nearly all rows are there: the study has begun, or is about to.
    let has_rows = || std::fs::metadata(&trials).is_ok_and(|it| it.len() > 200_000);
    while !has_rows() && child.try_wait().expect("a child").is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().expect("kill runs").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    let (code, _, warned) = with(&["-o", &path("part"), "--resume", "--quiet"]);
    assert_eq!(code, 0, "{warned}");
    for name in ["summary.json", "summary.csv", "trials.csv", "outages.csv"] {
        let [whole, part] = ["whole", "part"].map(|it| std::fs::read(dir.join(it).join(name)));
        assert!(whole.expect("there") == part.expect("there"), "{name}");
    }
    let manifest = std::fs::read(dir.join("part/manifest.json")).expect("there");
    let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
    let options = &manifest["inputs"]["options"];
    assert_eq!(options["loss_method"], "auto");
    assert_eq!(options["replications"], 4000);
    std::fs::remove_dir_all(&dir).expect("the temporary folder goes");
}
