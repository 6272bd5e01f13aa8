//! Snapshots at intervals of the users' own: `snapshot-every`, its calls and its values, and a
//! closed form that was published for them.
//!
//! Fixed seeds and a band of 4 standard errors: a right program fails none of these, and the
//! seeds never change.

use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::engine::time::SimTime;
use elasticache_sim::model::api::{Call, Refusal};
use elasticache_sim::model::fact::{BackupFact, BackupFailure, Fact, OperationFact};
use elasticache_sim::model::persistence::BackupKind;
use elasticache_sim::model::plan::{GroupId, Plan};
use elasticache_sim::montecarlo::batch::{self, BatchSpec};
use elasticache_sim::montecarlo::tally::Tally;
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::observe::metrics::{Metric, Metrics};
use elasticache_sim::scenario::resolved;
use elasticache_sim::stats::moments::Moments;
use serde_json::Value;

use crate::support::{codes, ecsim, experiment, parse, root, run, secs};

const HOUR: u64 = 3600;
const HOUR_S: f64 = 3600.0;
const YEARS: f64 = 20.0;
const HOURS_PER_YEAR: f64 = 8760.0;
const SEED: u64 = 20_261_124;

/// One node whose users call for snapshots as a Poisson process, rates per hour.
#[derive(Clone, Copy)]
struct Rates {
    /// The node fails.
    fails: f64,
    /// Somebody calls for a snapshot.
    snapshots: f64,
    /// Its replacement is ready.
    replaces: f64,
    /// It then starts.
    starts: f64,
    /// Writes per second.
    writes: f64,
}

/// What they come to in the long run.
struct ClosedForm {
    /// Share of time without writes.
    unavailability: f64,
    /// Failures of the node.
    failures_per_year: f64,
    /// Acknowledged writes that a failure loses.
    lost_per_failure: f64,
}

impl Rates {
    /// Of the case E02.
    fn published() -> (Rates, Value) {
        let all: Value =
            serde_json::from_str(include_str!("../data/exact-cases.json")).expect("valid JSON");
        let extra = all["extra_cases"].as_array().expect("cases");
        let case = extra.iter().find(|case| case["id"] == "E02").expect("the case is there");
        let of = |key: &str| case["params"][key].as_f64().expect("a rate");
        let rates = Rates {
            fails: of("lam_n"),
            snapshots: of("s"),
            replaces: of("rho"),
            starts: of("delta"),
            writes: of("w"),
        };
        (rates, case["exact"].clone())
    }

    /// The age of what a failure loses is the first of two exponential times, looking back: to the
    /// last snapshot, and to the last start. Times of serving and of being gone take turns.
    fn closed_form(self) -> ClosedForm {
        let (serves, gone) = (1.0 / self.fails, 1.0 / self.replaces + 1.0 / self.starts);
        ClosedForm {
            unavailability: gone / (serves + gone),
            failures_per_year: HOURS_PER_YEAR / (serves + gone),
            lost_per_failure: self.writes * HOUR_S / (self.fails + self.snapshots),
        }
    }

    /// The scenario. A snapshot takes no time. The lost group is never replaced node by node: the
    /// last snapshot is restored, and that takes what the case has for replacement and start.
    /// Service begins with a snapshot, so that there is one to restore after the first failure
    /// too; nothing is in it, and that loses what was written since the start.
    ///
    /// After a year the beginning is forgotten: no snapshot is a year old, and no start without a
    /// snapshot. Only then is anything counted, so the long run is what is counted.
    fn plan(self) -> Plan {
        let mean = |rate: f64| {
            format!("{{ exponential = {{ mean = \"{}ns\" }} }}", (HOUR_S * 1e9 / rate).round())
        };
        let text = format!(
            r#"
schema = 1
[run]
horizon = "{years}y"
warm-up = "1y"
[group]
id = "g"
azs = ["a"]
replicas = 0
snapshot-every = {every}
[workload]
writes-per-second = {writes}
[timing]
snapshot = "0s"
fork = "0s"
restore-decision = "0s"
restore-provision = {provision}
snapshot-load = "0s"
re-pointing = {re_pointing}
replacement = "200y"
[[operation]]
at = "0s"
create-snapshot = {{}}
[[fault]]
node-failure = {{ lifetime = {life} }}
"#,
            years = YEARS + 1.0,
            every = mean(self.snapshots),
            writes = self.writes,
            provision = mean(self.replaces),
            re_pointing = mean(self.starts),
            life = mean(self.fails),
        );
        parse(&text).plan
    }
}

#[track_caller]
fn within_four_errors(summary: &Tally, metric: Metric, expected: f64) {
    let moments = summary.of(metric);
    let error = moments.standard_error().expect("many trials");
    assert!(
        (moments.mean() - expected).abs() <= 4.0 * error,
        "{} is {} ± {error}, exactly {expected}",
        metric.name(),
        moments.mean()
    );
}

/// A batch against the closed form: time without writes, failures, lost writes.
fn check_batch(rates: Rates, trials: u64) {
    let (plan, exact) = (rates.plan(), rates.closed_form());
    let summary = batch::run(&plan, BatchSpec { seed: SEED, trials }).expect("a sound trial");
    let hours = YEARS * HOURS_PER_YEAR;
    let seconds = exact.unavailability * hours * HOUR_S;
    within_four_errors(&summary, Metric::WriteOutageAnyShard, seconds);
    let failures = exact.failures_per_year * YEARS;
    within_four_errors(&summary, Metric::DatasetLosses, failures);
    within_four_errors(&summary, Metric::DatasetLostWrites, failures * exact.lost_per_failure);
    // Nobody writes to the lost group while another is filled.
    assert!(summary.of(Metric::LostWrites).is_all_zero());
}

/// Lost writes per failure against the closed form: what the losses of a trial are more than that
/// for each of its failures is nothing on average.
fn check_per_failure(rates: Rates, trials: u64) {
    let plan = rates.plan();
    let exact = rates.closed_form().lost_per_failure;
    let mut keys = TrialKeys::new(SEED);
    let mut trial = Trial::begin(&plan, keys.key(0));
    let (mut excess, mut failures) = (Moments::default(), 0.0);
    for n in 0..trials {
        trial.restart(keys.key(n));
        let mut metrics = Metrics::new(&plan);
        trial.finish(&mut metrics);
        let outcome = metrics.finish(trial.now());
        let n_failures = outcome.get(Metric::DatasetLosses, &plan);
        excess.add(outcome.get(Metric::DatasetLostWrites, &plan) - exact * n_failures);
        failures += n_failures;
    }
    let per_failure = trials as f64 / failures;
    let found = excess.mean() * per_failure;
    let error = excess.standard_error().expect("many trials") * per_failure;
    assert!(found.abs() <= 4.0 * error, "{found} ± {error} more than {exact}");
    assert!(error < 0.02 * exact, "an error of {error} would let anything pass");
}

#[test]
fn e02_the_closed_form_is_the_published_one() {
    let (rates, published) = Rates::published();
    let form = rates.closed_form();
    let close = |found: f64, key: &str| {
        let expected = published[key].as_f64().expect("a number");
        // In the published case a node that is starting can fail as well, which is 1e-6 of it.
        assert!((found / expected - 1.0).abs() < 2e-6, "{key}: {found}, published {expected}");
    };
    close(form.unavailability, "steady_write_unavail");
    close(form.failures_per_year, "failures_while_serving_per_year");
    close(form.lost_per_failure, "expected_lost_writes_per_failure");
    close(form.lost_per_failure * form.failures_per_year, "expected_lost_writes_per_year");
}

#[test]
fn e02_a_batch_loses_what_was_written_since_the_last_snapshot_or_start() {
    check_batch(Rates::published().0, 1_000);
}

/// A node that fails every day and a half, so that most failures come before the next snapshot.
fn fragile() -> Rates {
    let (published, _) = Rates::published();
    Rates { fails: 1.0 / 36.0, snapshots: 1.0 / 48.0, ..published }
}

#[test]
fn a_batch_of_a_fragile_node_loses_what_the_same_form_says() {
    check_batch(fragile(), 100);
}

#[test]
fn lost_writes_per_failure_are_those_of_the_closed_form() {
    check_per_failure(Rates::published().0, 500);
    check_per_failure(fragile(), 50);
}

/// A group of one shard without faults for so long; a snapshot takes so many seconds.
fn quiet(replicas: u8, horizon: &str, rest: &str) -> String {
    format!(
        "schema = 1\n[run]\nhorizon = \"{horizon}\"\n[group]\nid = \"g\"\nazs = [\"a\", \"b\"]\n\
         replicas = {replicas}\n{rest}\n"
    )
}

/// Takes a minute for each snapshot.
const A_MINUTE: &str = "[timing]\nsnapshot = \"1m\"\nfork = \"0s\"\n";

/// When calls for a snapshot came, and how they were answered.
fn calls(plan: &Plan, trial: u64) -> Vec<(SimTime, Result<(), Refusal>)> {
    let (facts, _) = run(plan, 7, trial);
    let answers = facts.into_iter().filter_map(|(at, fact)| match fact {
        Fact::Operation(OperationFact::Accepted { call: Call::CreateSnapshot, .. }) => {
            Some((at, Ok(())))
        }
        Fact::Operation(OperationFact::Refused { call, refusal, .. }) => {
            assert_eq!(call, Call::CreateSnapshot);
            Some((at, Err(refusal)))
        }
        _ => None,
    });
    answers.collect()
}

fn at(secs_: u64) -> SimTime {
    SimTime::START + secs(secs_)
}

#[test]
fn a_fixed_interval_counts_from_the_start_and_calls_again_and_again() {
    let plan = parse(&quiet(1, "1d", &format!("snapshot-every = \"6h\"\n{A_MINUTE}"))).plan;
    let expected = [6, 12, 18, 24].map(|hours| (at(hours * HOUR), Ok(())));
    assert_eq!(calls(&plan, 0), expected);
    assert_eq!(calls(&plan, 1), expected, "no number is drawn");
    let (facts, _) = run(&plan, 7, 0);
    let done = |fact: &Fact| {
        matches!(fact, Fact::Backup(BackupFact::Completed { kind: BackupKind::Manual, .. }))
    };
    let done: Vec<SimTime> = facts.iter().filter(|(_, f)| done(f)).map(|(at, _)| *at).collect();
    assert_eq!(done, [6, 12, 18].map(|hours| at(hours * HOUR + 60)));
}

#[test]
fn a_drawn_interval_has_an_address_of_its_own() {
    let text = quiet(1, "30d", "snapshot-every = { exponential = { mean = \"12h\" } }\n");
    let at_once = parse(&format!("{text}[timing]\nsnapshot = \"0s\"\nfork = \"0s\"\n")).plan;
    let times = |plan: &Plan, trial: u64| -> Vec<SimTime> {
        calls(plan, trial).into_iter().map(|(at, _)| at).collect()
    };
    let first = times(&at_once, 0);
    assert_ne!(first, times(&at_once, 1));
    // Whatever becomes of the calls, and whatever else happens, they come when they come.
    let slow = parse(&format!(
        "{text}[timing]\nsnapshot = {{ uniform = [\"5h\", \"9h\"] }}\n[[fault]]\nnode-failure = \
         {{ mttf = \"2d\" }}\n"
    ));
    assert_eq!(first, times(&slow.plan, 0));
    // 4 standard errors of a Poisson count of mean 60 in each of 50 trials.
    let n: usize = (0..50).map(|trial| times(&at_once, trial).len()).sum();
    assert!((n as f64 - 3_000.0).abs() <= 4.0 * 3_000_f64.sqrt(), "{n} calls");
}

#[test]
fn a_call_is_refused_while_another_snapshot_is_taken_and_the_next_comes_in_its_time() {
    let every = "snapshot-every = \"2h\"\n[timing]\nsnapshot = \"3h\"\nfork = \"0s\"\n";
    let busy = Err(Refusal::GroupIsSnapshotting);
    let expected = [(2, Ok(())), (4, busy), (6, Ok(())), (8, busy)];
    let expected = expected.map(|(hours, answer)| (at(hours * HOUR), answer));
    assert_eq!(calls(&parse(&quiet(1, "9h", every)).plan, 0), expected);
}

#[test]
fn a_call_beyond_the_quota_of_a_day_is_refused() {
    let text = quiet(1, "25h", &format!("snapshot-every = \"1h\"\n{A_MINUTE}"));
    let answers = calls(&parse(&text).plan, 0);
    let taken = |(_, answer): &&(SimTime, Result<(), Refusal>)| answer.is_ok();
    // The first is a day old after 25 hours, and counts until then.
    assert_eq!(answers.iter().take(20).filter(taken).count(), 20);
    let refused = Err(Refusal::SnapshotQuota);
    assert_eq!(answers[20..24], [21, 22, 23, 24].map(|hours| (at(hours * HOUR), refused)));
    assert_eq!(answers[24..], [(at(25 * HOUR), Ok(()))]);
}

#[test]
fn a_backup_without_a_node_to_copy_fails_and_the_next_comes_in_its_time() {
    let gone = "[[fault]]\nat = \"5h 59m\"\nfail-group = {}\n";
    let times = format!("{A_MINUTE}replacement = \"2h\"\ncold-start = \"1m\"\n");
    let text = quiet(1, "13h", &format!("snapshot-every = \"6h\"\n{times}{gone}"));
    let (facts, _) = run(&parse(&text).plan, 7, 0);
    let backups = facts.iter().filter_map(|(at, fact)| match fact {
        Fact::Backup(BackupFact::Failed { why, kind: BackupKind::Manual, .. }) => {
            Some((*at, Some(*why)))
        }
        Fact::Backup(BackupFact::Began { kind: BackupKind::Manual, .. }) => Some((*at, None)),
        _ => None,
    });
    let expected = [(at(6 * HOUR), Some(BackupFailure::NoNode)), (at(12 * HOUR), None)];
    assert_eq!(backups.collect::<Vec<_>>(), expected);
}

#[test]
fn whoever_calls_for_none_has_no_place_for_them_in_the_queue() {
    let plan = |rest: &str| parse(&quiet(1, "1d", rest)).plan;
    let (none, some) = (plan(""), plan("snapshot-every = \"6h\""));
    assert_eq!(none.slots().n_slots() + 1, some.slots().n_slots());
    assert_eq!(none.groups[0].backups.every, None);
    assert!(some.slots().snapshot(GroupId(0)).0 < some.slots().n_slots() as u32);
}

#[test]
fn what_makes_no_sense_is_told() {
    let fault = "[[fault]]\nat = \"1h\"\nfail-primary = {}\n";
    let told = |horizon: &str, value: &str| {
        codes(&quiet(1, horizon, &format!("snapshot-every = {value}\n{fault}")))
            .into_iter()
            .filter(|code| code != "W0905")
            .collect::<Vec<String>>()
    };
    for value in ["\"0s\"", "\"1ns\"", "{ exponential = { mean = \"0.5s\" } }"] {
        assert_eq!(told("1d", value), ["E0403"], "{value}");
    }
    assert_eq!(told("1d", "{ weibull = { mean = \"1h\", shape = 0.02 } }"), ["E0403"]);
    for value in ["\"-6h\"", "\"6\"", "\"often\""] {
        assert_eq!(told("1d", value), ["E0301"], "{value}");
    }
    assert_eq!(told("1d", "6"), ["E0206"]);
    assert_eq!(told("1d", "{ exponential = { mean = \"0s\" } }"), ["E0401"]);
    assert_eq!(told("1d", "\"1d\""), ["W0914"]);
    assert_eq!(told("1d", "{ uniform = [\"2d\", \"3d\"] }"), ["W0914"]);
    assert_eq!(told("1d", "\"71m\""), ["W0942"]);
    assert_eq!(told("1d", "\"72m\""), [""; 0]);
    assert_eq!(told("1d", "{ exponential = { mean = \"24h\" } }"), [""; 0]);
    let own = "snapshot-every = \"6h\"\nself-hosted = {}\n";
    assert!(codes(&quiet(1, "1d", own)).contains(&"E0517".to_owned()));
}

#[test]
fn it_is_written_down_again_and_the_times_of_snapshots_are_assumptions_with_it() {
    let written = |rest: &str| resolved::render(&experiment(&quiet(1, "1d", rest)));
    let text = written("snapshot-every = \"6h\"");
    assert!(text.contains("snapshot-every = \"6h\""), "{text}");
    assert_eq!(resolved::render(&experiment(&text)), text);
    let assumed = |rest: &str| -> Vec<String> {
        let assumptions = experiment(&quiet(1, "1d", rest)).policies[0].assumptions.clone();
        assumptions.into_iter().map(|assumption| assumption.path).collect()
    };
    let (with, without) = (assumed("snapshot-every = \"6h\""), assumed(""));
    let is_about = |path: &str| with.contains(&path.to_owned());
    assert!(is_about("timing.snapshot") && is_about("backup.after-dataset-loss"), "{with:?}");
    assert!(!is_about("group.snapshot-every"), "a schedule is no assumption");
    assert!(!without.contains(&"timing.snapshot".to_owned()));
}

#[test]
fn the_story_of_snapshots_every_six_hours() {
    let output = ecsim(&["replay", "tests/data/snapshot-every.toml"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let story = String::from_utf8(output.stdout).expect("UTF-8");
    let path = root().join("tests/golden/snapshot-every.trace");
    snapbox::assert_data_eq!(story, snapbox::Data::read_from(&path, None).raw());
}
