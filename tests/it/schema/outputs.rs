//! What the commands print is what the schemas say, key by key.

use std::collections::BTreeSet;

use elasticache_sim::engine::time::{SimTime, Span};
use elasticache_sim::model::fact::{
    BackupFact, BackupFailure, BusFact, Fact, IsolationFact, Loss, ReplicasFact, RestoreStep, Role,
};
use elasticache_sim::model::persistence::{BackupKind, Method};
use elasticache_sim::model::plan::{GroupId, NodeId, ShardId};
use elasticache_sim::model::state::WRITE;
use elasticache_sim::report;
use elasticache_sim::report::json::TraceHeader;
use serde_json::{Value, json};

use super::{each_object, validator};
use crate::migration::of_each;
use crate::support::{library, load, load_all, parse, policy_options, program, root, run};
use crate::telling::one_of_each;

fn ecsim(arguments: &[&str]) -> String {
    let output = program().current_dir(root()).args(arguments).output().expect("ecsim runs");
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The same schema for readers who want no key that it does not name.
fn closed(mut schema: Value) -> Value {
    fn close(value: &mut Value) {
        match value {
            Value::Object(object) => {
                if object.get("properties").is_some_and(Value::is_object) {
                    object.insert("additionalProperties".to_owned(), json!(false));
                }
                object.values_mut().for_each(close);
            }
            Value::Array(array) => array.iter_mut().for_each(close),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    close(&mut schema);
    schema
}

/// Checks that the schema accepts `output`, names all its keys, misses each that goes, and sees
/// each value that has another type. `optional` keys may go.
fn check(schema: &Value, output: &Value, optional: &[&str]) {
    let open = validator(schema);
    let strict = validator(&closed(schema.clone()));
    let errors: Vec<String> = strict.iter_errors(output).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}\nin\n{output:#}");
    assert!(open.is_valid(output));
    each_object(output, "", &mut |path, object| {
        for key in object.keys() {
            let mut other = output.clone();
            let table = other.pointer_mut(path).and_then(Value::as_object_mut).expect("there");
            table.shift_remove(key);
            assert_eq!(open.is_valid(&other), optional.contains(&key.as_str()), "no {path}/{key}");
            let table = other.pointer_mut(path).and_then(Value::as_object_mut).expect("there");
            table.insert(key.clone(), json!([{}]));
            // An empty list of assumptions is a list as well, but not of empty objects.
            assert!(!open.is_valid(&other), "a list as {path}/{key}");
        }
    });
}

#[test]
fn summaries_are_as_described() {
    let schema = report::schema::summary().to_value();
    for (name, trials) in [("primary-failure", "100"), ("w2-harsh", "20"), ("az-outage", "1")] {
        let file = format!("scenarios/{name}.toml");
        let printed = ecsim(&["run", &file, "--trials", trials, "--format", "json"]);
        let summary: Value = serde_json::from_str(&printed).expect("JSON");
        check(&schema, &summary, &[]);
    }
}

#[test]
fn exact_answers_are_as_described() {
    let schema = report::schema::exact().to_value();
    let file = "scenarios/exact-one-replica.toml";
    let output = program()
        .current_dir(root())
        .args(["exact", file, "--sweep", "timing.endpoint={exponential={mean=\"3s\"}},3s"])
        .args(["--format", "json"])
        .output()
        .expect("ecsim runs");
    assert_eq!(output.status.code(), Some(3), "one policy is answered, one is refused");
    let answers: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    check(&schema, &answers, &[]);
}

#[test]
fn summaries_with_a_study_of_losses_are_as_described() {
    let schema = report::schema::summary().to_value();
    let optional = [
        "declined",
        "steering",
        "replications",
        "excursions",
        "effective_sample_size",
        "largest_weight_share",
        "mean_likelihood_ratio",
        "likelihood_ratio_error",
        "crude_trials",
        "guide_states",
        "departures",
        "ways",
        "first_failures",
        "ratio",
    ];
    let precision = ["--precision", "dataset_loss=10%", "--trials", "300", "--format", "json"];
    for case in [
        &["scenarios/rare-loss.toml", "--sweep", "group.replicas=1..2"][..],
        &["scenarios/primary-failure.toml"],
    ] {
        let printed = ecsim(&[&["run"][..], case, &precision].concat());
        let summary: Value = serde_json::from_str(&printed).expect("JSON");
        check(&schema, &summary, &optional);
    }
}

#[test]
fn traces_are_as_described() {
    let schema = report::schema::trace().to_value();
    let mut lines = Vec::new();
    for name in library().iter().filter(|name| !name.starts_with("w2-calm")) {
        let file = format!("scenarios/{name}.toml");
        let experiment = load_all(name);
        let options = policy_options(&experiment, &experiment.policies[0]);
        let mut arguments = vec!["replay", &file, "--format", "json"];
        arguments.extend(options.iter().map(String::as_str));
        let printed = ecsim(&arguments);
        lines.extend(printed.lines().map(|line| serde_json::from_str(line).expect("JSON")));
    }
    let led = ecsim(&["replay", "tests/data/ways.toml", "--loss", "0.0", "--format", "json"]);
    lines.extend(led.lines().map(|line| serde_json::from_str(line).expect("JSON")));
    for rest in MORE {
        let scenario = parse(&format!("{BEGINNING}{rest}"));
        let (facts, outcome) = run(&scenario.plan, 1, 0);
        let header = TraceHeader { seed: 1, trial: 0, until: scenario.plan.horizon, steered: None };
        let text = report::json::trace(&scenario.plan, header, &facts, &outcome);
        lines.extend(text.lines().map(|line| serde_json::from_str(line).expect("JSON")));
    }
    let scenario = load("primary-failure");
    let at = SimTime::START;
    let facts: Vec<(SimTime, Fact)> =
        one_of_each().into_iter().chain(rare()).map(|fact| (at, fact)).collect();
    let (_, outcome) = run(&scenario.plan, 1, 0);
    let header = TraceHeader { seed: 1, trial: 0, until: scenario.plan.horizon, steered: None };
    let text = report::json::trace(&scenario.plan, header, &facts, &outcome);
    lines.extend(text.lines().map(|line| serde_json::from_str(line).expect("JSON")));
    // One line per kind and shape is looked at key by key, the others as a whole.
    let strict = validator(&closed(schema.clone()));
    let (mut shapes, mut kinds) = (BTreeSet::new(), BTreeSet::new());
    for line in &lines {
        assert!(strict.is_valid(line), "{line}");
        let object: &serde_json::Map<String, Value> = line.as_object().expect("an object");
        let shape: Vec<&str> = object.keys().map(String::as_str).collect();
        if shapes.insert((line["fact"].to_string(), shape.join(" "))) {
            check(&schema, line, &["steered"]);
        }
        kinds.extend(line["fact"].as_str().map(str::to_owned));
    }
    let described = schema["definitions"]["Fact"]["oneOf"].as_array().expect("kinds of facts");
    let described = described.iter().map(|kind| kind["properties"]["fact"]["const"].as_str());
    let described: BTreeSet<String> =
        described.map(|name| name.expect("a name").to_owned()).collect();
    assert_eq!(kinds, described, "kinds of facts seen, and described");
}

/// Facts of backups and of detectors that few scenarios of the library bring about.
fn rare() -> Vec<Fact> {
    let (group, shard, node) = (GroupId(0), ShardId(0), NodeId(1));
    let (kind, age) = (BackupKind::Manual, Span::from_secs(60));
    let loss = Loss { writes: WRITE, beside: 0, window: age };
    let backups = [
        BackupFact::Began { group, kind, method: Method::Forked },
        BackupFact::Copies { shard, node, behind: WRITE },
        BackupFact::Completed { group, kind },
        BackupFact::Failed { group, kind, why: BackupFailure::NodeStopped },
        BackupFact::RestoreBegan { group, age },
        BackupFact::RestoreWaits { group },
        BackupFact::RestoreStep { group, step: RestoreStep::Provisioning },
        BackupFact::Restored { group, number: 1, age },
        BackupFact::ShardRestored { shard, node, loss },
        BackupFact::NodeRestored { node },
        BackupFact::SwitchBegan { group },
        BackupFact::Switched { group },
        BackupFact::ShardSwitched { shard, node, loss },
        BackupFact::ArchiveLost { shard, writes: WRITE, bytes: 512 },
        BackupFact::LogKept { node, tail: age, behind: WRITE },
        BackupFact::ReplayBegan { node },
        BackupFact::Replayed { shard, node, loss },
        BackupFact::DurableLogEnds { shard, lag: age, behind: WRITE },
        BackupFact::OnlyInDurableLog { shard },
        BackupFact::DurableLogRead { node, bytes: 512 },
        BackupFact::ServedFromDurableLog { shard, node, loss },
    ];
    let detectors = [
        BusFact::Suspected { node },
        BusFact::NoAgreement { shard },
        BusFact::ElectionBegan { shard, candidates: 2 },
        BusFact::TakeoverBegan { shard },
        BusFact::ObjectivelyDown { node },
        BusFact::VoteSplit { shard },
        BusFact::MajorityLost { group, serving: 1, majority: 2 },
        BusFact::WritesRefused { group, serving: 1 },
        BusFact::MajorityBack { group, serving: 2 },
        BusFact::WritesTaken { group },
    ];
    let isolations = [
        IsolationFact::Began { node, role: Role::Primary },
        IsolationFact::Ended { node },
        IsolationFact::Refuses { node },
        IsolationFact::Waits { shard, node, role: Role::Primary },
        IsolationFact::Takes { shard, node },
        IsolationFact::Beside { shard, kept: 1, astray: 0 },
        IsolationFact::SplitBrain { shard, node, loss },
    ];
    let replicas = [
        ReplicasFact::TooFew { shard, good: 0, needed: 1 },
        ReplicasFact::Enough { shard, good: 1, needed: 1 },
        ReplicasFact::Unconfirmed { shard, writes: WRITE },
        ReplicasFact::WaitFails { shard, per_sec: 7 },
    ];
    let migrations = of_each(group, shard, [NodeId(0), node]);
    let isolations = isolations.map(Fact::Isolation).into_iter();
    let backups = backups.map(Fact::Backup).into_iter().chain(detectors.map(Fact::Bus));
    let backups = backups.chain([Fact::FailoverGivenUp { shard }]);
    let others = isolations.chain(replicas.map(Fact::Replicas)).chain(migrations);
    backups.chain(others).collect()
}

/// A group whose life holds what the library's do not.
const BEGINNING: &str = "schema = 1\n[run]\nhorizon = \"2h\"\n[group]\nid = \"g\"\n\
     azs = [\"a\", \"b\", \"c\"]\nreplicas = 2\n[workload]\ndataset = \"8 GiB\"\n\
     [timing]\ndetection = \"10s\"\npromotion = \"2s\"\n[[fault]]\nat = \"60s\"\n\
     fail-primary = {}\n";
/// Endings of that scenario.
const MORE: [&str; 3] = [
    // The others follow at once; a fault finds nothing to strike.
    "[[fault]]\nat = \"61s\"\nfail-node = { node = \"g-001\" }\n\
     [rules]\nresync-after-failover = \"none\"\n",
    // Nobody is left to promote.
    "[[fault]]\nat = \"71s\"\nfail-replicas = { count = 2 }\n",
    // A sync loses its source.
    "[[fault]]\nat = \"90s\"\nfail-primary = {}\n",
];
