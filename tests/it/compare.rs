//! Several policies on the same faults: the table, and what pairing promises.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use elasticache_sim::engine::time::Span;
use elasticache_sim::montecarlo::batch::{
    Batch, BatchSpec, Contender, Next, Progress, RowText, RowWriter, TrialRow,
};
use elasticache_sim::montecarlo::estimate::is_shown;
use elasticache_sim::montecarlo::quantity::{Probability, Quantity};
use elasticache_sim::observe::metrics::Metric;
use elasticache_sim::report::compare;
use elasticache_sim::report::study::{Ended, Study};
use elasticache_sim::report::table::{Caption, LossesBy, OneOf};
use elasticache_sim::scenario::expect::{Bound, Expectation};
use elasticache_sim::scenario::{self, Experiment, Overrides, Policy};
use elasticache_sim::stats::level::{Estimate, Level};

use crate::migration;
use crate::support::{ecsim, root};

fn stdout(arguments: &[&str]) -> String {
    let output = ecsim(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn experiment(file: &str, sweep: &[&str]) -> Experiment {
    let sweep = sweep.iter().map(|&text| text.to_owned()).collect();
    let overrides = Overrides { sweep, ..Overrides::default() };
    scenario::load(&root().join(file), &overrides).expect("a valid scenario")
}

/// Runs trials that `progress` lacks, to `until`.
fn run(
    experiment: &Experiment,
    progress: &mut Progress,
    rows: &impl RowWriter,
    (trials, until): (u64, u64),
) -> Vec<u8> {
    let contenders: Vec<Contender<'_>> = experiment
        .policies
        .iter()
        .map(|policy| Contender { plan: &policy.plan, objectives: policy.objectives })
        .collect();
    let spec = BatchSpec { seed: experiment.seed, trials };
    let batch = Batch { contenders: &contenders, reference: 0, spec, threads: 2 };
    let mut text = Vec::new();
    let listener = |rows: &RowText, progress: &Progress| {
        text.extend_from_slice(&rows.trials);
        Ok::<Next, Infallible>(if progress.trials < until { Next::GoOn } else { Next::Enough })
    };
    batch.run(progress, rows, listener, &AtomicBool::new(false)).expect("no bug");
    text
}

fn all(experiment: &Experiment, trials: u64) -> Progress {
    let mut progress = Progress::start(experiment.policies.len());
    run(experiment, &mut progress, &(), (trials, trials));
    progress
}

fn study<'a>(
    (experiment, policies): (&'a Experiment, &'a [&'a Policy]),
    progress: &'a Progress,
) -> Study<'a> {
    Study {
        experiment,
        policies,
        reference: 0,
        level: Level::default(),
        progress,
        losses: None,
        asked: progress.trials,
        ended: Ended::Complete,
    }
}

#[test]
fn tables_are_as_reviewed() {
    let sweep = ["--sweep", "group.replicas=1..2"];
    let law = r#"timing.detection={ uniform = ["5s", "15s"] },1m"#;
    let replacement = ["--sweep", "timing.replacement=5m,2h"];
    let cases: [(&str, Vec<&str>); 5] = [
        (
            "two-axes",
            [&["scenarios/w2-calm.toml", "--trials", "500"][..], &sweep, &replacement].concat(),
        ),
        ("fixed", vec!["tests/data/compare/fixed.toml"]),
        ("replicas", [&["scenarios/primary-failure.toml"][..], &sweep].concat()),
        (
            "reference",
            [
                &["scenarios/w2-harsh.toml", "--trials", "1000"][..],
                &sweep,
                &["--reference", "group.replicas=2"],
            ]
            .concat(),
        ),
        (
            "long-names",
            [&["scenarios/w2-harsh.toml", "--trials", "100"][..], &sweep, &["--sweep", law]]
                .concat(),
        ),
    ];
    for (name, arguments) in cases {
        let table = stdout(&[&["compare"][..], &arguments].concat());
        let numbers = table.split(" * reference").next().expect("there is text");
        for line in numbers.lines() {
            assert!(line.chars().count() <= 120, "{name}: {line}");
        }
        let path = root().join("tests/golden/compare").join(format!("{name}.txt"));
        snapbox::assert_data_eq!(table, snapbox::Data::read_from(&path, None).raw());
    }
}

#[test]
fn run_of_several_policies_prints_the_same_table() {
    let file = "tests/data/compare/fixed.toml";
    assert_eq!(stdout(&["run", file]), stdout(&["compare", file]));
    let one = stdout(&["run", file, "--policy", "slow detection"]);
    assert!(one.contains(" policy: slow detection\n"), "{one}");
}

#[test]
fn no_byte_depends_on_the_number_of_threads() {
    let common = ["scenarios/w2-harsh.toml", "--trials", "1150", "--sweep", "group.replicas=1..2"];
    for command in ["run", "compare"] {
        for format in ["table", "json", "csv"] {
            let with = |threads: &str| {
                let options = ["--format", format, "--threads", threads];
                stdout(&[&[command][..], &common, &options].concat())
            };
            let one = with("1");
            assert!(one == with("2") && one == with("7"), "{command} {format}");
        }
    }
}

/// Stops a batch in the middle of its second block, and counts what is still told.
struct StopsIt<'s> {
    stop: &'s AtomicBool,
    after: AtomicU64,
}

impl RowWriter for StopsIt<'_> {
    fn write(&self, row: &TrialRow<'_>, _: &mut RowText) {
        if self.stop.load(Ordering::Relaxed) {
            self.after.fetch_add(1, Ordering::Relaxed);
        }
        if row.trial == 130 {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
}

#[test]
fn a_batch_that_is_stopped_ends_with_its_trial_and_goes_on_between_two_blocks() {
    let experiment = experiment("scenarios/w2-calm.toml", &[]);
    let plan = &experiment.policies[0].plan;
    let contenders = [Contender { plan, objectives: experiment.policies[0].objectives }];
    let spec = BatchSpec { seed: experiment.seed, trials: 1_000 };
    let of = |threads| Batch { contenders: &contenders, reference: 0, spec, threads };
    let go_on = |_: &RowText, _: &Progress| Ok::<Next, Infallible>(Next::GoOn);
    // Of several workers one may be in the first block yet when another stops them.
    for threads in [1, 3] {
        let (mut progress, stop) = (Progress::start(1), AtomicBool::new(false));
        let rows = StopsIt { stop: &stop, after: AtomicU64::new(0) };
        of(threads).run(&mut progress, &rows, go_on, &stop).expect("no bug");
        assert!(rows.after.into_inner() < threads as u64, "each ends the trial that it is in");
        assert!(progress.trials < 1_000 && progress.is_of(1), "{}", progress.trials);
        assert!(threads > 1 || progress.trials == 100, "the block under way is thrown away");
        of(2).run(&mut progress, &(), go_on, &AtomicBool::new(false)).expect("no bug");
        assert!(progress == all(&experiment, 1_000), "as without a break");
    }
}

#[test]
fn reference_and_policies_are_chosen() {
    let file = "tests/data/compare/fixed.toml";
    let json = |options: &[&str]| -> serde_json::Value {
        let text = stdout(&[&["compare", file, "--format", "json"][..], options].concat());
        serde_json::from_str(&text).expect("JSON")
    };
    let names = |summary: &serde_json::Value| -> Vec<String> {
        let policies = summary["policies"].as_array().expect("a list");
        policies.iter().map(|p| p["name"].as_str().expect("a name").to_owned()).collect()
    };
    let summary = json(&["--policy", "slow detection", "--policy", "as it is"]);
    assert_eq!(names(&summary), ["as it is", "slow detection"]);
    assert_eq!(summary["reference"], "as it is");
    let summary = json(&["--policy", "as it is", "--reference", "slow detection"]);
    assert_eq!(names(&summary).len(), 2);
    assert_eq!(summary["reference"], "slow detection");
    assert_eq!(summary["comparisons"][0]["difference"]["value"], -10.0);
}

#[test]
fn cells_go_by_what_tables_and_pictures_call_them() {
    let sweep = ["--sweep", "group.replicas=1..5", "--sweep", "timing.detection=5s,10s"];
    let run = [&["run", "scenarios/primary-failure.toml", "--trials", "10"][..], &sweep].concat();
    let of = |name: &str| stdout(&[&run[..], &["--policy", name]].concat());
    let whole = "group.replicas=2, timing.detection=5s";
    assert_eq!(of("replicas=2, detection=5s"), of(whole));
    let other = ecsim(&[&run[..], &["--policy", "group.replicas=2, timing.detection=5"]].concat());
    assert_eq!(other.status.code(), Some(2));
    let said = String::from_utf8_lossy(&other.stderr).into_owned();
    assert!(said.contains(&format!("did you mean `{whole}`?")), "{said}");
    assert!(said.contains(&format!("allowed: `{whole}`, ")), "{said}");
    assert!(said.contains(" and 5 others\n"), "{said}");
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let check = |arguments: &[&str], wanted: &[&str]| {
        let output = ecsim(&[&["compare"][..], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        for part in wanted {
            assert!(said.contains(part), "{arguments:?}: no `{part}` in {said}");
        }
    };
    let file = "tests/data/compare/fixed.toml";
    check(&["scenarios/w2-calm.toml"], &["one policy only", "[[policy]]", "--sweep"]);
    check(&[file, "--policy", "as it is"], &["one policy only", "repeated"]);
    check(&[file, "--reference", "as it was"], &["--reference", "did you mean `as it is`"]);
    check(&[file, "--policy", "slow detecton"], &["--policy", "did you mean `slow detection`"]);
    let sweep = ["--sweep", "timing.promotion=1s,2s", "--reference", "as it is"];
    check(&[&[file][..], &sweep].concat(), &["2 cells", "promotion=1s"]);
}

#[test]
fn the_same_policy_under_two_names_differs_in_nothing() {
    let mut experiment = experiment("scenarios/w2-harsh.toml", &[]);
    let mut copy = experiment.policies[0].clone();
    copy.name = "copy".to_owned();
    experiment.policies.push(copy);
    let progress = all(&experiment, 500);
    assert_eq!(progress.tallies[0], progress.tallies[1]);
    for metric in Metric::ALL {
        assert!(progress.differences[1].of(metric).is_all_zero(), "{}", metric.name());
    }
    for probability in Probability::ALL {
        let counts = progress.differences[1].discordance(probability);
        assert_eq!((counts.only_this, counts.only_reference), (0, 0));
    }
}

/// The primary fails in every trial and takes long to be missed; a node lasts half a day. What
/// differs is a second failure before the promotion, and only trials in pairs show it.
#[test]
fn three_nodes_beat_two_by_a_paired_interval_far_narrower_than_the_unpaired_one() {
    let experiment = crate::support::load_all("two-or-three-nodes");
    let progress = all(&experiment, experiment.trials);
    let policies: Vec<&Policy> = experiment.policies.iter().collect();
    let study = study((&experiment, &policies), &progress);
    let difference = study.difference(1, Metric::WriteOutage).expect("it is no reference");
    let half = |estimate: &Estimate| estimate.half_width().expect("many trials");
    let (paired, unpaired) = (&difference.paired, &difference.unpaired);
    assert!((paired.value - unpaired.value).abs() < 1e-9 * paired.value.abs());
    assert!(is_shown(paired) && paired.value < 0.0, "{paired:?}");
    assert!(4.0 * half(paired) < half(unpaired), "{paired:?}, unpaired {unpaired:?}");
    assert!(!is_shown(unpaired), "two batches would show nothing: {unpaired:?}");
    let caption = caption();
    let table = compare::render(&study, &caption);
    let line = table.lines().find(|line| line.starts_with(" write outage: differences in pairs"));
    assert!(line.is_some_and(|line| line.contains("3 nodes ±")), "{table}");
}

#[test]
fn objectives_and_expectations_are_told_where_there_are_some() {
    let mut experiment = experiment("tests/data/compare/fixed.toml", &[]);
    for policy in &mut experiment.policies {
        policy.objectives.rto = Some(Span::from_secs(20));
    }
    experiment.policies[1].objectives.rpo = Some(Span::from_nanos(50_000_000));
    experiment.expectations = vec![Expectation {
        policy: None,
        metric: "write_outage_s.p99".to_owned(),
        quantity: Quantity::parse("write_outage_s.p99").expect("a quantity"),
        bound: Bound::Below(20.0),
        limit_shown: "20 s".to_owned(),
    }];
    let progress = all(&experiment, 50);
    let policies: Vec<&Policy> = experiment.policies.iter().collect();
    let study = study((&experiment, &policies), &progress);
    let caption = caption();
    let table = compare::render(&study, &caption);
    let name = |n: usize| &policies[n].name;
    for part in [
        "over the RTO of 20s",
        "over the RPO\n",
        // 50 trials do not bound a p99 from above, but the third is beyond the limit anyhow.
        &format!(" expect write_outage_s.p99 < 20 s ({}): undecided · 15s", name(0)),
        &format!(" expect write_outage_s.p99 < 20 s ({}): fail · 25s", name(2)),
    ] {
        assert!(table.contains(part), "no `{part}` in\n{table}");
    }
    let rows = |mark: &str| -> Vec<&str> {
        table.lines().filter(|line| line.trim_start().starts_with(mark)).collect()
    };
    assert!(rows("3 ").iter().any(|row| row.contains("100 %")), "25 s are over it in\n{table}");
    let is_none = |row: &&str| row.trim_end().ends_with('–');
    assert!(rows("* 1").iter().any(is_none), "the reference has no RPO in\n{table}");
}

fn caption() -> Caption<'static> {
    let one_of = OneOf::Several;
    let replay = &|_: &Policy| "f.toml".to_owned();
    let losses_by = LossesBy::TrialsSoFar;
    Caption { replay, one_of, seed: 42, interrupted_of: None, losses_by }
}

/// Every number of a trial, to the bit.
struct Everything;

impl RowWriter for Everything {
    fn write(&self, row: &TrialRow<'_>, text: &mut RowText) {
        let line = format!("{} {} {:?}\n", row.policy, row.trial, row.outcome);
        text.trials.extend_from_slice(line.as_bytes());
    }
}

#[test]
fn a_small_batch_is_the_beginning_of_a_large_one() {
    let experiment = experiment("scenarios/w2-harsh.toml", &["group.replicas=1..2"]);
    let rows = |trials| {
        let mut progress = Progress::start(experiment.policies.len());
        run(&experiment, &mut progress, &Everything, (trials, trials))
    };
    let (few, many) = (rows(10), rows(1_000));
    assert!(!few.is_empty() && few.len() < many.len());
    assert!(many.starts_with(&few), "trial i is the same trial in every batch");
}

#[test]
fn a_batch_that_is_written_down_and_gone_on_from_comes_to_the_same() {
    let experiment = experiment("scenarios/w2-harsh.toml", &["group.replicas=1..2"]);
    let whole = all(&experiment, 950);
    let mut part = Progress::start(experiment.policies.len());
    run(&experiment, &mut part, &(), (950, 300));
    assert_eq!(part.trials, 300);
    let bytes = postcard::to_allocvec(&part).expect("numbers");
    let mut read: Progress = postcard::from_bytes(&bytes).expect("the same");
    assert!(read == part, "what is read is what was written");
    run(&experiment, &mut read, &(), (950, 950));
    assert!(read == whole, "a break changes nothing");
}

#[test]
fn the_tables_page_names_columns_marks_and_quantities_that_there_are() {
    let page = std::fs::read_to_string(root().join("docs/tables.md")).expect("readable");
    let columns = page.split("\n## ").find(|part| part.starts_with("Columns")).expect("a section");
    let rows: Vec<Vec<&str>> = columns
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1)
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let mut experiment = experiment("scenarios/w2-harsh.toml", &["group.replicas=1..2"]);
    for policy in &mut experiment.policies {
        policy.objectives.rto = Some(Span::from_secs(20));
        policy.objectives.rpo = Some(Span::from_secs(1));
    }
    let progress = all(&experiment, 1_000);
    let policies: Vec<&Policy> = experiment.policies.iter().collect();
    let study = study((&experiment, &policies), &progress);
    let caption = caption();
    let table = compare::render(&study, &caption);
    let first = table.split("\n\n").nth(1).expect("a block of columns");
    assert!(first.contains("dataset lost/"), "datasets come before numbers without them\n{table}");
    // Hand-overs are planned, and nothing is in that study.
    let updates = stdout(&["compare", "scenarios/maintenance-4-0-10-against-7-1.toml"]);
    let waits = stdout(&["compare", "tests/data/wait.toml"]);
    let moves = moves();
    for row in &rows {
        let [column, _, name] = row.as_slice() else { panic!("{row:?}") };
        let head = column.split(", ").next().expect("a heading");
        let is_shown = [&table, &updates, &waits, &moves].iter().any(|table| table.contains(head));
        assert!(is_shown, "no column `{head}` in\n{table}\n{updates}");
        let name = name.trim_matches('`');
        assert!(name == "nines" || Quantity::parse(name).is_ok(), "{name}");
    }
    assert!(rows.len() > 8, "{rows:?}");
    for mark in ["*", "≈", "≠", "‡"] {
        assert!(page.contains(&format!("| `{mark}` |")), "{mark}");
        assert!(table.contains(&format!("\n {mark} ")), "{mark} is explained in\n{table}");
    }
}

/// The table of two policies that migrate alike.
fn moves() -> String {
    let mut experiment = experiment("scenarios/w2-harsh.toml", &["group.replicas=1..2"]);
    for policy in &mut experiment.policies {
        policy.plan = migration::plan();
    }
    let progress = all(&experiment, 20);
    let policies: Vec<&Policy> = experiment.policies.iter().collect();
    compare::render(&study((&experiment, &policies), &progress), &caption())
}

#[test]
fn migrations_are_told_under_the_table() {
    migration::compare(moves(), "table.txt");
}

#[test]
fn the_worst_trials_are_named_with_their_policy() {
    let table = stdout(&["compare", "tests/data/wait.toml"]);
    let of = |label: &str| table.lines().find(|line| line.starts_with(label));
    let (reference, all) = ("they fail", "half of them, slowly detected");
    let own = of(&format!(" worst outage ({reference}): trial ")).expect("a line");
    assert!(own.contains("ecsim replay tests/data/wait.toml --policy 'they fail' --trial "));
    let worst = of(&format!(" worst outage of all policies ({all}): trial ")).expect("a line");
    assert!(worst.contains(&format!(" --policy '{all}' --trial ")), "{worst}");
    assert!(of(&format!(" worst loss ({reference})")).is_none(), "it loses nothing\n{table}");
    assert!(of(" worst loss of all policies (").is_some(), "others do\n{table}");
}
