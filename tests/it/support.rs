//! What several subjects need: scenarios of the library, trials, fixed times.

pub mod browser;
pub mod exact_cases;
pub mod markup;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::AtomicBool;

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::engine::time::{SimTime, Span};
use elasticache_sim::model::fact::Fact;
use elasticache_sim::model::plan::{FullSync, MigrationPlan, Plan, Timing};
use elasticache_sim::montecarlo::batch::{Batch, BatchSpec, Contender, Next, Progress, RowText};
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::observe::metrics::{Metrics, Outcome};
use elasticache_sim::observe::trace::Recorder;
use elasticache_sim::report;
use elasticache_sim::report::study::{Ended, Study};
use elasticache_sim::scenario::{self, Assumption, Experiment, Overrides, Policy};
use elasticache_sim::stats::level::Level;

/// The repository's root.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The program, which keeps results only where it is told to.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ecsim"));
    command.env("ECSIM_RESULTS", "");
    command
}

/// Runs the program in the repository's root.
pub fn ecsim(arguments: &[&str]) -> Output {
    program().current_dir(root()).args(arguments).output().expect("ecsim runs")
}

/// Names of all scenarios of the library, without `.toml`, sorted.
pub fn library() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(root().join("scenarios"))
        .expect("the library is there")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "toml"))
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Names of the scenarios of the library that tell one story: one policy, and no random faults.
pub fn stories() -> Vec<String> {
    let is_story = |name: &String| {
        let policies = load_all(name).policies;
        let [Policy { plan, .. }] = policies.as_slice() else {
            return false;
        };
        let is_random = !plan.node_failures.is_empty()
            || !plan.az_failures.is_empty()
            || !plan.group_failures.is_empty();
        !is_random
    };
    library().into_iter().filter(is_story).collect()
}

/// An experiment with one policy.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub name: String,
    pub stem: String,
    pub seed: u64,
    pub trials: u64,
    pub plan: Plan,
    pub assumptions: Vec<Assumption>,
}

impl Scenario {
    pub fn batch_spec(&self) -> BatchSpec {
        BatchSpec { trials: self.trials, seed: self.seed }
    }
}

impl From<Experiment> for Scenario {
    fn from(experiment: Experiment) -> Self {
        let [policy] = experiment.policies.as_slice() else {
            panic!("{} policies", experiment.policies.len());
        };
        Scenario {
            name: experiment.name.clone(),
            stem: experiment.stem.clone(),
            seed: experiment.seed,
            trials: experiment.trials,
            plan: policy.plan.clone(),
            assumptions: policy.assumptions.clone(),
        }
    }
}

/// A scenario of the library that has one policy.
pub fn load(name: &str) -> Scenario {
    load_all(name).into()
}

/// A scenario of the library with all its policies.
pub fn load_all(name: &str) -> Experiment {
    let path = root().join("scenarios").join(format!("{name}.toml"));
    let loaded = scenario::load(&path, &Overrides::default());
    loaded.unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The options that choose a policy where a command tells of one at a time.
pub fn policy_options(experiment: &Experiment, policy: &Policy) -> Vec<String> {
    match experiment.policies.len() {
        1 => Vec::new(),
        _ => vec!["--policy".to_owned(), policy.name.clone()],
    }
}

/// An experiment from text; the text must be valid.
pub fn experiment(text: &str) -> Experiment {
    scenario::parse("test", text, ".".as_ref(), &Overrides::default()).unwrap_or_else(|mistakes| {
        let mistakes: Vec<String> = mistakes.iter().map(|m| m.to_string()).collect();
        panic!("{}\nin\n{text}", mistakes.join(""))
    })
}

/// A scenario from text; the text must be valid.
pub fn parse(text: &str) -> Scenario {
    experiment(text).into()
}

/// The codes of all that is said about a scenario text: errors, warnings and advice, in the order
/// of the text.
pub fn codes(text: &str) -> Vec<String> {
    let found = match scenario::parse("test", text, ".".as_ref(), &Overrides::default()) {
        Ok(experiment) => experiment.remarks,
        Err(mistakes) => mistakes,
    };
    found.iter().map(|diagnostic| diagnostic.code.id().to_owned()).collect()
}

/// One trial, its facts and what it came to.
pub fn run(plan: &Plan, seed: u64, trial: u64) -> (Vec<(SimTime, Fact)>, Outcome) {
    let mut observers = (Metrics::new(plan), Recorder::default());
    let mut run = Trial::begin(plan, TrialKeys::new(seed).key(trial));
    run.finish(&mut observers);
    (observers.1.facts, observers.0.finish(run.now()))
}

/// The summary of an experiment's first trials, as JSON.
pub fn summary_json(experiment: &Experiment, trials: u64) -> serde_json::Value {
    serde_json::from_str(&summary_text(experiment, trials, 1)).expect("JSON")
}

/// The same as it is printed, worked out by so many threads.
pub fn summary_text(experiment: &Experiment, trials: u64, threads: usize) -> String {
    let policies: Vec<&Policy> = experiment.policies.iter().collect();
    let contenders: Vec<Contender> = policies
        .iter()
        .map(|policy| Contender { plan: &policy.plan, objectives: policy.objectives })
        .collect();
    let spec = BatchSpec { seed: experiment.seed, trials };
    let batch = Batch { contenders: &contenders, reference: 0, spec, threads };
    let mut progress = Progress::start(policies.len());
    let go_on = |_: &RowText, _: &Progress| Ok::<Next, ()>(Next::GoOn);
    batch.run(&mut progress, &(), go_on, &AtomicBool::new(false)).expect("no bug");
    let study = Study {
        experiment,
        policies: &policies,
        reference: 0,
        level: Level::default(),
        progress: &progress,
        losses: None,
        asked: trials,
        ended: Ended::Complete,
    };
    report::summary::json(&study)
}

/// How many random cases a test takes: `usual`, or what `RANDOM_CASES` says for a longer run.
pub fn cases(usual: u64) -> u64 {
    let given = std::env::var("RANDOM_CASES").ok();
    given.map_or(usual, |text| text.parse().expect("RANDOM_CASES is a whole number"))
}

/// Seconds as a span.
pub fn secs(secs: u64) -> Span {
    Span::from_secs(secs)
}

/// Fixed times instead of the plan's laws, round enough for mental arithmetic: detection 10 s,
/// promotion 2 s, endpoint 3 s, replacement 8 min, full sync 18 s per GiB, cold start 5 s,
/// reboot 2 min, modification 1 min, test failover 1 min, planned steps 40 s, hand-over after
/// 100 s with a pause of half a second or a gap of 4 s, planned replacement 10 min, patch 2 s and
/// 53 s, lag 100 ms; of a migration those of [`fix_migration`].
pub fn with_fixed_times(mut plan: Plan) -> Plan {
    let fixed = |s| Law::fixed(secs(s));
    plan.timing = Timing {
        detection: fixed(10),
        promotion: fixed(2),
        endpoint: fixed(3),
        replacement: fixed(480),
        full_sync: FullSync::PerGib(secs(18)),
        cold_start: fixed(5),
        reboot: fixed(120),
        modify: fixed(60),
        test_failover: fixed(60),
        maintenance_step: fixed(40),
        handover_start: fixed(100),
        handover_pause: Law::fixed(Span::from_nanos(500_000_000)),
        handover_gap: fixed(4),
        planned_replacement: fixed(600),
        patch_restart: fixed(2),
        patch: fixed(53),
    };
    plan.replication.lag = Law::fixed(Span::from_nanos(100_000_000));
    plan.migration = plan.migration.map(fix_migration);
    plan
}

/// Likewise of a migration: a full sync 24 s per GiB (fork 0.5 s, save 3.5 s, sent 16 s, load 4 s),
/// lag 100 ms, retry and reconnection half a second, restart of the source's process 30 s, test 1 min, start 2 min,
/// resharding 100 ms per hash slot, completion 1 min, called again after 1 min for up to 30 min;
/// clients hear of it after 30 s, and are on their way for 2 s. When clients move early, and when
/// the operator begins, is the story's business.
fn fix_migration(mut plan: MigrationPlan) -> MigrationPlan {
    let fixed = |s| Law::fixed(secs(s));
    let half_seconds = |n: u64| FullSync::PerGib(Span::from_nanos(n * 500_000_000));
    plan.link.bytes_per_sec = (1 << 30) / 16;
    plan.link.lag = Law::fixed(Span::from_nanos(100_000_000));
    plan.link.fork_pause = half_seconds(1);
    plan.link.save = half_seconds(7);
    plan.link.load = half_seconds(8);
    plan.link.restart = fixed(30);
    plan.link.retry = Law::fixed(Span::from_nanos(500_000_000));
    plan.link.reconnect = Law::fixed(Span::from_nanos(500_000_000));
    plan.timing.test = fixed(60);
    plan.timing.start = fixed(120);
    plan.timing.reshard_slot = Span::from_nanos(100_000_000);
    plan.timing.complete = fixed(60);
    plan.timing.again = fixed(60);
    plan.timing.patience = secs(1_800);
    plan.clients.moves = fixed(30);
    plan.clients.repoint = fixed(2);
    plan
}

/// Whether a text is well-formed XML as far as SVG files of ours need it: one root, balanced tags,
/// quoted attributes, nothing raw that must be escaped.
pub fn check_xml(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut n_roots = 0;
    let text_is_escaped = |text: &str| {
        let mut entities = text.split('&').skip(1);
        let known = ["amp;", "lt;", "gt;", "quot;", "apos;"];
        assert!(!text.contains('>'), "{text}");
        assert!(entities.all(|rest| known.iter().any(|name| rest.starts_with(name))), "{text}");
    };
    let mut rest = svg;
    while let Some((text, tag)) = rest.split_once('<') {
        text_is_escaped(text);
        assert!(!open.is_empty() || text.trim().is_empty(), "text outside of the root: {text}");
        let (tag, after) = tag.split_once('>').expect("a tag ends");
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "tags are balanced");
            continue;
        }
        let (tag, is_closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(!name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase()), "{name}");
        let mut parts = attributes.split('"');
        let mut keys = BTreeSet::new();
        while let Some(key) = parts.next().map(str::trim).filter(|key| !key.is_empty()) {
            assert!(key.ends_with('=') && keys.insert(key), "{tag}");
            text_is_escaped(parts.next().expect("a quoted value"));
        }
        n_roots += usize::from(open.is_empty());
        if !is_closed {
            open.push(name);
        }
    }
    assert!(rest.trim().is_empty() && open.is_empty() && n_roots == 1, "{rest}");
}
