//! Random configurations, not just random seeds: the whole scenario is drawn, run with the
//! invariants checked after every event (this is a debug build), and the books are closed by
//! hand. Then the faults stop, and writes must come back within a bound computed from the plan.
//!
//! A failure prints the number of the case and its scenario.

use std::fmt::Write as _;

use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::engine::time::{SimTime, Span};
use elasticache_sim::model::fact::{BackupFact, Fact, IsolationFact};
use elasticache_sim::model::plan::{Detector, FullSync, NodeId, Plan};
use elasticache_sim::model::state::{Data, Process, Reach, State};
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::observe::metrics::{Metric, Metrics, Outcome};
use elasticache_sim::observe::trace::Recorder;

use crate::support::{cases, parse, secs};

/// A small generator (Steele and others 2014, SplitMix64); what it draws is the test, and never
/// changes.
pub struct Draw(pub u64);

impl Draw {
    fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.word() % n
    }

    pub fn one_of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[self.below(choices.len() as u64) as usize]
    }
}

/// What kind of faults a drawn scenario has.
#[derive(Clone, Copy, PartialEq)]
pub enum Faults {
    /// Random ones without end, and scripted ones.
    Endless,
    /// Scripted ones, all in the first hour.
    Stop,
}

const RULES: [(&str, &[&str]); 10] = [
    ("replacement-starts", &["\"at-failure\"", "\"after-detection\"", "\"after-failover\""]),
    ("resync-after-failover", &["\"full\"", "\"engine\"", "\"none\""]),
    ("promotion", &["\"least-lag\"", "\"random\"", "\"lowest-id\"", "\"none\""]),
    ("replacement-waits-for-az", &["true", "false"]),
    ("resync-needs-primary", &["true", "false"]),
    ("syncing-counts-as-complete", &["true", "false"]),
    ("failure-during-failover", &["\"continue\"", "\"restart\""]),
    ("syncing-nodes-can-fail", &["true", "false"]),
    ("cold-start-node", &["\"first-ready\"", "\"primary-slot\""]),
    ("sub-detection-fault", &["\"blip\"", "\"failover\""]),
];

const TIMES: [&str; 9] = [
    "\"0s\"",
    "\"1s\"",
    "\"30s\"",
    "{ uniform = [\"1s\", \"20s\"] }",
    "{ uniform = [\"0s\", \"10m\"] }",
    "{ triangular = [\"1s\", \"10s\", \"5m\"] }",
    "{ exponential = { mean = \"20s\" } }",
    "{ lognormal = { median = \"10s\", p95 = \"2m\" } }",
    "{ erlang = { mean = \"1m\", stages = 3 } }",
];

/// Times of a restore, short ones so that there are several in a trial.
const RESTORE: &str = "restore-decision = \"1m\"\nrestore-provision = \"2m\"\n\
                       re-pointing = { uniform = [\"0s\", \"1m\"] }\n";

/// Times that end: the liveness bound adds them up.
const BOUNDED: usize = 6;

pub fn scenario(draw: &mut Draw, faults: Faults) -> String {
    let times = match faults {
        Faults::Endless => &TIMES[..],
        Faults::Stop => &TIMES[..BOUNDED],
    };
    // What writes ask for has draws of its own: it changes nobody's failures.
    let mut asks = Draw(draw.0 ^ 0x5eed);
    let n_azs = 1 + draw.below(3);
    let replicas = draw.below(4);
    let azs: Vec<String> = (0..n_azs).map(|az| format!("\"az{az}\"")).collect();
    let shards = if draw.below(3) == 0 { 1 + draw.below(3) } else { 1 };
    let mode = if shards > 1 { "enabled" } else { "disabled" };
    let failover = replicas > 0 && (shards > 1 || draw.below(4) > 0);
    let logged = shards == 1 && draw.below(4) == 0;
    let engine = match logged {
        true => "engine = \"redis\"\nengine-version = \"2.8.21\"\nappend-only-file = true\n",
        false => "",
    };
    let retention = draw.below(2);
    // Of its own, so that the other draws stay what they were.
    let mut own = Draw(draw.0 ^ 0xd0_7ab1e);
    let durable = match shards {
        1 => "",
        _ => own.one_of(&["", "durability = \"async\"\n", "durability = \"sync\"\n"]),
    };
    // Calls for snapshots never stop.
    let every = match faults {
        Faults::Endless => Draw(draw.0 ^ 0x5a9_5407).one_of(&[
            "",
            "snapshot-every = \"80m\"\n",
            "snapshot-every = { exponential = { mean = \"2h\" } }\n",
        ]),
        Faults::Stop => "",
    };
    let engine = if durable.is_empty() { engine } else { "engine-version = \"9.0\"\n" };
    let mut text = format!(
        "schema = 1\n[run]\nhorizon = \"12h\"\n[group]\nid = \"g\"\ncluster-mode = \"{mode}\"\n\
         {engine}{durable}{every}snapshot-retention = {retention}\n\
         azs = [{}]\nshards = {shards}\nreplicas = {replicas}\nautomatic-failover = {failover}\n\
         multi-az = false\n{}[workload]\nwrites-per-second = {}\nwrite-size = {}\n\
         dataset = {}\n",
        azs.join(", "),
        control_plane(draw, shards, times),
        draw.one_of(&["0", "1", "7", "5000", "1_000_000"]),
        draw.one_of(&["1", "\"512 B\"", "\"1 MiB\""]),
        draw.one_of(&["0", "\"1 MiB\"", "\"8 GiB\""]),
    );
    let waits = asks.below(2) == 0;
    if waits {
        let (n, share) = (1 + asks.below(2), asks.one_of(&["1.0", "0.3", "0.000_001"]));
        let _ = writeln!(text, "wait = {{ replicas = {n}, share = {share} }}");
    }
    let lag = draw.one_of(times);
    let _ = writeln!(text, "[replication]\nlag = {lag}\nbacklog = \"64 KiB\"");
    let min_replicas = asks.below(3).min(replicas);
    let _ = writeln!(text, "min-replicas-to-write = {min_replicas}");
    if min_replicas > 0 {
        let max_lag = asks.one_of(&["1s", "10s", "1m"]);
        let _ = writeln!(text, "min-replicas-max-lag = \"{max_lag}\"");
    }
    text.push_str("[timing]\n");
    text.push_str(RESTORE);
    for key in ["detection", "promotion", "endpoint", "replacement", "cold-start", "reboot"] {
        let _ = writeln!(text, "{key} = {}", draw.one_of(times));
    }
    if draw.below(2) == 0 {
        text.push_str("full-sync = { per-gib = \"18s\" }\n");
    } else {
        let _ = writeln!(text, "full-sync = {}", draw.one_of(times));
    }
    let _ = writeln!(text, "[durability]\nlog-lag = {}", own.one_of(times));
    if durable.is_empty() && !logged && own.below(4) == 0 {
        let _ = writeln!(
            text,
            "[global-datastore]\nregion = \"eu-west-1\"\nlag = {}\ndecision = \"3m\"\n\
             promotion = \"1m\"\nendpoint = {}",
            own.one_of(times),
            own.one_of(&["\"0s\"", "\"30s\""])
        );
    }
    text.push_str("[rules]\n");
    for (rule, values) in RULES {
        let _ = writeln!(text, "{rule} = {}", draw.one_of(values));
    }
    let fencing = draw.one_of(&["at-promotion", "on-return"]);
    let _ = writeln!(text, "fencing = \"{fencing}\"");
    if waits {
        let timeout = asks.one_of(&["proceed", "fail"]);
        let _ = writeln!(text, "wait-timeout = \"{timeout}\"");
    }
    for _ in 0..draw.below(14) {
        text.push_str(&scripted(draw, n_azs, shards, replicas));
    }
    if faults == Faults::Endless {
        text.push_str(&random(draw));
    }
    text
}

/// Who watches the primaries, and how fast.
fn control_plane(draw: &mut Draw, shards: u64, times: &[&str]) -> String {
    let detector = match shards {
        1 => draw.one_of(&["managed", "managed", "sentinel"]),
        _ => draw.one_of(&["managed", "cluster-bus", "cluster-bus"]),
    };
    let mut text = format!("[control-plane]\ndetector = \"{detector}\"\n");
    match detector {
        "cluster-bus" => {
            let timeout = draw.one_of(&["100ms", "5s", "15s"]);
            let minority = draw.one_of(&["refuse", "refuse", "serve"]);
            let (gossip, takeover) = (draw.one_of(times), draw.one_of(times));
            let _ = writeln!(
                text,
                "node-timeout = \"{timeout}\"\nminority = \"{minority}\"\ngossip = {gossip}\n\
                 takeover = {takeover}"
            );
        }
        "sentinel" => {
            let sentinels = 1 + draw.below(5);
            let quorum = 1 + draw.below(sentinels);
            let after = draw.one_of(&["1s", "30s"]);
            let _ = writeln!(
                text,
                "sentinels = {sentinels}\nquorum = {quorum}\ndown-after = \"{after}\"\n\
                 failover-timeout = \"10s\""
            );
        }
        _ => {}
    }
    text
}

fn scripted(draw: &mut Draw, n_azs: u64, shards: u64, replicas: u64) -> String {
    // A coarse grid, so that faults fall together and into each other's failovers.
    let at = [600, 601, 605, 610, 611, 613, 620, 660, 900, 1_200, 1_800][draw.below(11) as usize];
    let at = match draw.below(6) {
        0 => "{ uniform = [\"600s\", \"1800s\"] }".to_owned(),
        1 => "{ triangular = [\"600s\", \"610s\", \"900s\"] }".to_owned(),
        _ => format!("\"{at}s\""),
    };
    let shard = match draw.below(5) {
        0 => "any".to_owned(),
        _ => format!("{:04}", 1 + draw.below(shards)),
    };
    let h = 1 + draw.below(shards);
    let slot = 1 + draw.below(replicas + 1);
    let node = match (draw.below(4), shards) {
        (0, _) => "any".to_owned(),
        (_, 1) => format!("g-{slot:03}"),
        _ => format!("g-{h:04}-{slot:03}"),
    };
    let az = match draw.below(4) {
        0 => "any".to_owned(),
        _ => format!("az{}", draw.below(n_azs)),
    };
    let enabled = draw.one_of(&["", "", "", "enabled = true\n", "enabled = false\n"]);
    let kind = match draw.below(if replicas > 0 { 8 } else { 7 }) {
        _ if draw.below(4) == 0 => isolation(draw, &node),
        0 => format!("fail-primary = {{ shard = \"{shard}\" }}"),
        1 => format!("fail-node = {{ node = \"{node}\" }}"),
        2 => format!("crash-node = {{ node = \"{node}\", restart-after = \"2s\" }}"),
        3 => format!(
            "crash-node = {{ node = \"{node}\", restart-after = {{ uniform = [\"0s\", \"2m\"] }} }}"
        ),
        4 => format!(
            "fail-az = {{ az = \"{az}\", duration = \"{}m\", share = {} }}",
            draw.below(20),
            draw.one_of(&["1.0", "0.5"])
        ),
        5 => "fail-group = {}".to_owned(),
        6 => format!(
            "reboot-node = {{ node = \"{node}\", by = {} }}",
            if shards > 1 { "\"service\"" } else { draw.one_of(&["\"customer\"", "\"service\""]) }
        ),
        _ => format!("fail-replicas = {{ shard = \"{shard}\", count = {replicas} }}"),
    };
    format!("[[fault]]\nat = {at}\n{enabled}{kind}\n")
}

fn isolation(draw: &mut Draw, node: &str) -> String {
    let duration = draw.one_of(&["5s", "1m", "10m", "3h"]);
    let beside = draw.one_of(&["0", "1", "3000", "1_000_000"]);
    format!(
        "isolate-node = {{ node = \"{node}\", duration = \"{duration}\", writers-beside = {beside} }}"
    )
}

fn random(draw: &mut Draw) -> String {
    let mut text = String::new();
    let mttf = draw.one_of(&["2m", "20m", "3h"]);
    let _ = writeln!(text, "[[fault]]\nnode-failure = {{ mttf = \"{mttf}\" }}");
    if draw.below(2) == 0 {
        text.push_str(
            "[[fault]]\nnode-failure = { lifetime = { weibull = { mean = \"1h\", shape = 2.0 } } }\n",
        );
    }
    if draw.below(2) == 0 {
        text.push_str(
            "[[fault]]\naz-failure = { mttf = \"1h\", duration = { exponential = { mean = \"5m\" \
             } }, share = { uniform = [0.0, 1.0] } }\n",
        );
    }
    if draw.below(3) == 0 {
        text.push_str("[[fault]]\ngroup-failure = { mttf = \"3h\" }\n");
    }
    text
}

/// Runs a case; a broken invariant is told with its scenario.
fn run_case(case: u64, faults: Faults) -> (Plan, String, State, Outcome, Vec<(SimTime, Fact)>) {
    let text = scenario(&mut Draw(case), faults);
    let plan = parse(&text).plan;
    let ran = std::panic::catch_unwind(|| {
        let mut observers = (Metrics::new(&plan), Recorder::default());
        let mut trial = Trial::begin(&plan, TrialKeys::new(case).key(0));
        trial.finish(&mut observers);
        let outcome = observers.0.finish(trial.now());
        (trial.state().clone(), outcome, observers.1.facts)
    });
    match ran {
        Ok((state, outcome, facts)) => (plan, text, state, outcome, facts),
        Err(_) => panic!("case {case} breaks an invariant:\n{text}"),
    }
}

fn is_replay(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::Backup(BackupFact::Replayed { .. } | BackupFact::ServedFromDurableLog { .. })
    )
}

/// Whether every failover that began ended before the next one of its shard did: completed, failed
/// or given up.
pub fn failovers_end(plan: &Plan, facts: &[(SimTime, Fact)]) -> bool {
    let mut is_open = vec![false; plan.shards.len()];
    facts.iter().all(|(_, fact)| match *fact {
        Fact::FailoverBegan { shard } => !std::mem::replace(&mut is_open[shard.idx()], true),
        Fact::Promoted { shard, .. }
        | Fact::FailoverFailed { shard }
        | Fact::FailoverGivenUp { shard } => {
            is_open[shard.idx()] = false;
            true
        }
        _ => true,
    })
}

fn check_safety(case: u64) -> u64 {
    let (plan, text, state, outcome, facts) = run_case(case, Faults::Endless);
    let told = || format!("case {case}:\n{text}");
    assert!(facts.windows(2).all(|pair| pair[0].0 <= pair[1].0), "time goes on; {}", told());
    let sum = |amount: fn(&elasticache_sim::model::state::ShardLedger) -> u128| -> u128 {
        state.ledger.shards.iter().map(amount).sum()
    };
    let offered: u128 = plan
        .shards
        .iter()
        .map(|shard| u128::from(shard.writes_per_sec) * u128::from(plan.horizon.as_nanos()))
        .sum();
    assert_eq!(sum(|b| b.acknowledged) + sum(|b| b.rejected), offered, "{}", told());
    assert_eq!(outcome.raw(Metric::RejectedWrites), sum(|b| b.rejected), "{}", told());
    assert_eq!(outcome.raw(Metric::LostWrites), sum(|b| b.lost), "{}", told());
    assert_eq!(outcome.raw(Metric::DatasetLostWrites), sum(|b| b.dataset_lost), "{}", told());
    let outage = outcome.raw(Metric::WriteOutage);
    assert_eq!(outcome.by_phase.iter().sum::<u128>(), outage, "phases; {}", told());
    assert_eq!(outcome.by_cause.iter().sum::<u128>(), outage, "causes; {}", told());
    assert!(outcome.raw(Metric::ServerWriteOutage) <= outage, "{}", told());
    let struck = facts.iter().any(|(_, fact)| matches!(fact, Fact::FaultStruck { .. }));
    assert!(struck || outage == 0, "no fault, no outage; {}", told());
    let changes = outcome.raw(Metric::Failovers)
        + outcome.raw(Metric::PrimaryRecreations)
        + outcome.raw(Metric::DatasetLosses)
        + facts.iter().filter(|(_, fact)| is_replay(fact)).count() as u128;
    assert!(failovers_end(&plan, &facts), "a failover begins within another; {}", told());
    let lost = outcome.raw(Metric::LostWrites) + outcome.raw(Metric::DatasetLostWrites);
    assert!(changes > 0 || lost == 0, "no loss without a promotion or a wipe; {}", told());
    facts.len() as u64
}

#[test]
fn invariants_hold_in_random_configurations() {
    let facts: u64 = (0..1_500).map(check_safety).sum();
    assert!(facts > 150_000, "only {facts} facts: the cases are too quiet to mean anything");
}

/// From a loss to a successor that takes writes, where peers or Sentinels watch: agreement and
/// takeover, a retry, five ranks and the rejoin; or four split votes.
fn watch(plan: &Plan) -> Span {
    let (bus, sentinel) = (&plan.control_plane.bus, &plan.control_plane.sentinel);
    let peers = longest(&bus.suspicion).as_nanos()
        + longest(&bus.gossip).as_nanos()
        + longest(&bus.takeover).as_nanos()
        + bus.retry().as_nanos()
        + secs(6).as_nanos()
        + bus.rejoin().as_nanos();
    let sentinels = sentinel.down_after.as_nanos()
        + 8 * sentinel.failover_timeout.as_nanos()
        + secs(4).as_nanos();
    Span::from_nanos(match plan.groups[0].detector {
        Detector::Managed => 0,
        Detector::ClusterBus => peers,
        Detector::Sentinel => sentinels,
    })
}

/// The longest that a law can take.
fn longest(law: &elasticache_sim::engine::law::Law) -> Span {
    law.longest()
}

/// After the last fault and the last AZ's return, a shard needs at most: a process's restart or
/// two detections (a replica's window may hold up a primary's), a promotion that finds nobody or
/// whose promoted node was lost before the endpoint named it, a replacement, a sync and a cold
/// start. Who is watched by peers or Sentinels may wait for them, and for its votes, twice.
fn bound(plan: &Plan) -> Span {
    let timing = &plan.timing;
    let sync = match &timing.full_sync {
        FullSync::Law(law) => longest(law),
        FullSync::PerGib(per_gib) => Span::from_nanos(per_gib.as_nanos() * 8),
    };
    let restart = longest(&timing.reboot).as_nanos().max(120_000_000_000);
    let nanos = restart
        + 2 * longest(&timing.detection).as_nanos()
        + longest(&timing.promotion).as_nanos()
        + longest(&timing.endpoint).as_nanos()
        + longest(&timing.replacement).as_nanos()
        + longest(&timing.cold_start).as_nanos()
        + 3 * sync.as_nanos()
        + 2 * watch(plan).as_nanos();
    // A restore's decision, provisioning, reading of 8 GiB and re-pointing; reading a file of 8 GiB,
    // and three times a log.
    let persistence = secs(60 + 120 + 44 + 60 + 112 + 3 * 144);
    Span::from_nanos(nanos + persistence.as_nanos())
}

fn is_reached(fact: &Fact) -> bool {
    matches!(fact, Fact::Isolation(IsolationFact::Ended { .. }))
}

#[test]
fn when_the_faults_stop_everything_heals_in_bounded_time() {
    for case in 0..cases(1_500) {
        let (plan, text, state, _, facts) = run_case(case, Faults::Stop);
        let calm = facts
            .iter()
            .filter(|(_, f)| {
                matches!(f, Fact::FaultStruck { .. } | Fact::AzUp { .. }) || is_reached(f)
            })
            .map(|(at, _)| *at)
            .max()
            .unwrap_or(SimTime::START);
        // Daily snapshots go on, and nothing is wrong with that.
        let heals =
            |(_, fact): &&(SimTime, Fact)| !matches!(fact, Fact::Backup(_) | Fact::Operation(_));
        let healed = facts.iter().rfind(heals).map_or(SimTime::START, |(at, _)| *at);
        let deadline = calm + bound(&plan);
        assert!(deadline < plan.horizon, "the bound says something");
        assert!(healed <= deadline, "case {case} heals at {healed}, not by {deadline}:\n{text}");
        for shard in &state.ledger.shards {
            assert!(shard.accepting, "case {case}: no writes any more:\n{text}");
        }
        for node in (0..plan.nodes.len() as u16).map(NodeId) {
            let node = &state.config.nodes[node.idx()];
            let whole = node.reach == Reach::Connected
                && node.process == Process::Running
                && node.data == Data::Complete;
            assert!(whole, "case {case}: a node is not whole at the end: {node:?}\n{text}");
        }
    }
}
