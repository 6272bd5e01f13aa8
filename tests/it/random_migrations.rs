//! Random migrations with random faults, calls and clients: whatever strikes whenever, the
//! invariants hold after every event, and no write of the two systems is counted twice or
//! forgotten.
//! What was struck in which stage, and how migrations ended, is counted: all of it has to be
//! among the cases.

use std::collections::BTreeMap;

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::engine::time::{SimTime, Span};
use elasticache_sim::model::fact::{Cause, Fact, MigrationFact, Observer};
use elasticache_sim::model::persistence::Durability;
use elasticache_sim::model::plan::{
    Action, Clients, CutOver, CutOverBegins, Detector, Force, FullSync, GroupId, Keeper, Layout,
    LinkPlan, MigrationCall, MigrationPlan, MigrationTiming, NodeId, Obstacle, Operation, Plan,
    RebootBy, Scripted, ScriptedFault, ShardId, Share, SourceEndpoint, Switch, Victim,
};
use elasticache_sim::model::state::{NanoWrites, Side, WRITE};
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::observe::metrics::{Metric, Metrics};

use crate::random_configurations::Draw;
use crate::support::{cases, parse, secs};

const SOURCE: GroupId = GroupId(0);
const TARGET: GroupId = GroupId(1);
/// Cases of a usual run: fewer do not meet everything.
const USUAL: u64 = 1_000;

fn time(draw: &mut Draw) -> Law {
    match draw.below(4) {
        0 => Law::fixed(secs(0)),
        1 => Law::fixed(secs(1 + draw.below(60))),
        2 => Law::uniform(0.0, 120e9).expect("a law"),
        _ => Law::exponential(20e9).expect("a law"),
    }
}

fn positive(draw: &mut Draw) -> Law {
    Law::fixed(Span::from_nanos(500_000_000 * (1 + draw.below(60))))
}

fn work(draw: &mut Draw) -> FullSync {
    match draw.below(2) {
        0 => FullSync::Law(time(draw)),
        _ => FullSync::PerGib(secs(draw.below(30))),
    }
}

fn some_of(draw: &mut Draw, size: u64) -> Option<u64> {
    (draw.below(2) == 0).then(|| 1 + draw.below(size))
}

fn scenario(draw: &mut Draw) -> String {
    let n_shards = 1 + draw.below(3);
    let mode = if n_shards > 1 || draw.below(4) == 0 { "enabled" } else { "disabled" };
    let mut own = Draw(draw.0 ^ 0x000f_a017);
    // Random faults of kinds beside those of nodes, and slots that lie unevenly.
    let mut faults = String::new();
    if own.below(3) == 0 {
        let mttf = 2 + own.below(20);
        faults += &format!(
            "[[fault]]\naz-failure = {{ mttf = \"{mttf}h\", duration = \"20m\", share = 0.7 }}\n"
        );
    }
    if own.below(4) == 0 {
        let mttf = 4 + own.below(20);
        faults += &format!("[[fault]]\ngroup-failure = {{ mttf = \"{mttf}h\" }}\n");
    }
    let first = 1 + own.below(5_000);
    let uneven = match (n_shards, own.below(2)) {
        (2, 0) => format!("slots = [{first}, {}]\n", 16_384 - first),
        (3, 0) => format!("slots = [{first}, {}, {first}]\n", 16_384 - 2 * first),
        _ => String::new(),
    };
    let group = |id: &str, replicas: u64, multi_az: bool| {
        format!(
            "[[group]]\nid = \"{id}\"\ncluster-mode = \"{mode}\"\nmulti-az = {multi_az}\n\
             automatic-failover = {multi_az}\nazs = [\"a\", \"b\", \"c\"]\nshards = {n_shards}\n\
             replicas = {replicas}\n"
        )
    };
    let n_source = if mode == "enabled" { 1 + draw.below(3) } else { draw.below(4) };
    let source = group("legacy", n_source, mode == "enabled") + &uneven;
    let target = group("shop", 1 + draw.below(2), true);
    let shards = if mode == "enabled" { format!("shards = {n_shards}\n") } else { String::new() };
    let without = |text: String| text.replace(&format!("shards = {n_shards}\n"), &shards);
    let mttf = 20 + draw.below(300);
    format!(
        "schema = 1\nname = \"m\"\n[run]\nhorizon = \"4h\"\ntrials = 1\n{}{}\
         [workload]\nwrites-per-second = {}\nwrite-size = \"1 KiB\"\ndataset = \"{} GiB\"\n\
         [[fault]]\nnode-failure = {{ mttf = \"{mttf}m\" }}\n{faults}",
        without(source),
        without(target),
        1 + draw.below(20_000),
        draw.below(20),
    )
}

fn call(draw: &mut Draw, plan: &Plan) -> MigrationCall {
    let nodes = plan.shards[0].node_range();
    let node = NodeId(draw.below(nodes.end as u64) as u16);
    let endpoint = match draw.below(8) {
        0 => SourceEndpoint::Unknown,
        1 | 2 => SourceEndpoint::Node(node),
        _ => SourceEndpoint::Node(NodeId(0)),
    };
    match draw.below(9) {
        0 => MigrationCall::Test(endpoint),
        1..=3 => MigrationCall::Start(endpoint),
        4 => MigrationCall::Complete(Force::No),
        5 => MigrationCall::Complete(Force::Yes),
        6 => MigrationCall::Stop,
        7 => MigrationCall::CutOver,
        _ => MigrationCall::RollBack,
    }
}

/// A drawn migration, with calls and cuts of the network at random moments.
fn plan(draw: &mut Draw) -> Plan {
    let mut plan = parse(&scenario(draw)).plan;
    let of_source = plan.groups[SOURCE.idx()].shards.clone();
    let of_target = plan.groups[TARGET.idx()].shards.clone();
    let source = &mut plan.groups[SOURCE.idx()];
    source.keeper = Keeper::Users;
    source.multi_az = Switch::Off;
    if source.automatic_failover == Switch::Off && draw.below(2) == 0 {
        source.automatic_failover = Switch::On;
        source.detector = Detector::Sentinel;
    }
    assert!(source.durability == Durability::Disabled);
    let mut created_slots = Vec::new();
    for (target, source) in of_target.zip(of_source.clone()) {
        let source = plan.shards[usize::from(source)].clone();
        let shard = &mut plan.shards[usize::from(target)];
        (shard.writes_per_sec, shard.reads_per_sec) = (0, 0);
        shard.dataset_bytes = source.dataset_bytes;
        created_slots.push(std::mem::replace(&mut shard.hash_slots, source.hash_slots));
    }
    let slots = |shard: u16| plan.shards[usize::from(shard)].hash_slots;
    let is_resharded = of_source.clone().zip(&created_slots).any(|(of, own)| slots(of) != *own);
    for shard in of_source.clone() {
        let nodes = plan.shards[usize::from(shard)].node_range();
        for node in nodes.clone().skip(2) {
            if draw.below(3) == 0 {
                plan.nodes[node].chained_to = Some(NodeId(node as u16 - 1));
            }
        }
    }
    let begins = match draw.below(3) {
        0 => None,
        1 => Some(CutOverBegins::AfterSync(time(draw))),
        _ => Some(CutOverBegins::AfterStart(Law::fixed(secs(draw.below(3_000))))),
    };
    let cohorts = 1 + draw.below(7) as u16;
    plan.migration = Some(MigrationPlan {
        source: SOURCE,
        target: TARGET,
        pairs: of_source.map(ShardId).collect(),
        created_slots,
        layout: match draw.below(4) {
            _ if is_resharded => Layout::Resharded { slots: 1 + draw.below(9_000) as u32 },
            0 => Layout::Resharded { slots: draw.below(9_000) as u32 },
            _ => Layout::Same,
        },
        refusals: Vec::new(),
        obstacles: match draw.below(12) {
            0 => vec![Obstacle::Auth],
            _ => Vec::new(),
        },
        link: LinkPlan {
            bytes_per_sec: 1_000_000 * (1 + draw.below(300)),
            lag: time(draw),
            hard_limit: some_of(draw, 1 << 28),
            soft_limit: some_of(draw, 1 << 26),
            soft_for: secs(draw.below(90)),
            backlog_bytes: draw.below(1 << 24),
            fork_pause: work(draw),
            save: work(draw),
            load: work(draw),
            source_memory: (draw.below(4) == 0).then(|| draw.below(40 << 30)),
            page_bytes: 4_096,
            restart: time(draw),
            room: (draw.below(8) == 0).then(|| draw.below(8 << 30)),
            retry: positive(draw),
            reconnect: positive(draw),
            attempts: 1 + draw.below(4) as u16,
        },
        timing: MigrationTiming {
            test: time(draw),
            start: time(draw),
            reshard_slot: Span::from_nanos(draw.below(100_000_000)),
            complete: time(draw),
            again: positive(draw),
            patience: secs(draw.below(3_000)),
        },
        in_sync_lag: secs(draw.below(60)),
        clients: Clients {
            cohorts,
            moves: time(draw),
            repoint: time(draw),
            stray: draw.below(u64::from(cohorts) + 1) as u16 / 2,
            early: draw.below(u64::from(cohorts) + 1) as u16 / 3,
            early_at: Law::fixed(secs(draw.below(3_600))),
        },
        cut_over: [CutOver::StopWritesFirst, CutOver::SwitchOnTheFly, CutOver::Force]
            [draw.below(3) as usize],
        cut_over_begins: begins,
    });
    let mut at = 0;
    for address in 0..draw.below(10) as u32 {
        at += draw.below(1_500);
        let action = match draw.below(5) {
            0 => Action::Fault(ScriptedFault::CutMigrationLink { duration: time(draw) }),
            _ => {
                Action::Operation(Operation::Migration { target: TARGET, call: call(draw, &plan) })
            }
        };
        plan.script.push(Scripted { at: Law::fixed(secs(at)), action, address });
    }
    let mut own = Draw(draw.0 ^ 0x005c_2197);
    // Half of them come soon after a call, when most of a migration happens.
    let calls: Vec<Span> =
        plan.script.iter().filter_map(|it| it.at.range()).map(|(at, _)| at).collect();
    for address in 0..own.below(16) as u32 {
        let at = match own.below(2) {
            0 if !calls.is_empty() => {
                let call = calls[own.below(calls.len() as u64) as usize];
                let soon = [40, 400][own.below(2) as usize];
                secs(call.as_nanos() / 1_000_000_000 + own.below(soon))
            }
            _ => secs(own.below(4 * 3_600)),
        };
        let action = Action::Fault(scripted(&mut own, &plan));
        plan.script.push(Scripted { at: Law::fixed(at), action, address: 100 + address });
    }
    plan.script.sort_by_key(|scripted| scripted.at.range().map(|(earliest, _)| earliest));
    plan
}

/// A scheduled fault of any kind that a migration may meet, more often of the source than of the
/// target.
fn scripted(draw: &mut Draw, plan: &Plan) -> ScriptedFault {
    let group = if draw.below(3) == 0 { TARGET } else { SOURCE };
    let shards = plan.groups[group.idx()].shards.clone();
    let shard = shards.start + draw.below(u64::from(shards.end - shards.start)) as u16;
    let nodes = plan.shards[usize::from(shard)].nodes.clone();
    let node = NodeId(nodes.start + draw.below(u64::from(nodes.end - nodes.start)) as u16);
    let (shard, node) = (Victim::Named(ShardId(shard)), Victim::Named(node));
    match draw.below(9) {
        0 => ScriptedFault::FailPrimary(shard),
        1 => ScriptedFault::FailNode(node),
        2 => ScriptedFault::CrashNode { node, restart_after: time(draw) },
        3 => ScriptedFault::FailReplicas { shard, count: 1 },
        4 => {
            let az = Victim::Any(0..plan.azs.len() as u16);
            ScriptedFault::FailAz { az, duration: time(draw), share: Share::All }
        }
        5 => ScriptedFault::FailGroup(group),
        6 => ScriptedFault::CutMigrationLink { duration: time(draw) },
        7 => ScriptedFault::RebootNode { node, by: RebootBy::Customer },
        _ => ScriptedFault::RebootNode { node, by: RebootBy::Service },
    }
}

/// How far the newest link of a migration is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Phase {
    Before,
    Starting,
    Copying,
    Following,
    /// In sync, or the operator cuts over.
    Ready,
    Broken,
    Completed,
}

/// What strikes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Struck {
    By(Cause),
    NetworkCut,
}

/// How a migration ended, or went on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum End {
    Completed(Force),
    Stopped,
    NotCompleted,
    GaveUp,
    CutOverGivenUp,
    RolledBack,
    RegainedAtCompletion,
    RegainedAtRollBack,
    Resharded,
}

/// How often each of it was seen.
#[derive(Default)]
struct Coverage {
    struck: BTreeMap<(Phase, Struck), u64>,
    ends: BTreeMap<End, u64>,
}

impl Coverage {
    fn add(&mut self, other: Coverage) {
        for (what, n) in other.struck {
            *self.struck.entry(what).or_default() += n;
        }
        for (what, n) in other.ends {
            *self.ends.entry(what).or_default() += n;
        }
    }

    /// Every end, and every kind of fault in every phase, is among what was seen.
    fn check(&self) {
        use Phase::*;
        let phases = [Before, Starting, Copying, Following, Ready, Broken, Completed];
        let causes = [
            Cause::Node,
            Cause::Replicas,
            Cause::Az,
            Cause::Group,
            Cause::Crash,
            Cause::CustomerReboot,
            Cause::ServiceReboot,
        ];
        let kinds = causes.map(Struck::By).into_iter().chain([Struck::NetworkCut]);
        let all = kinds.flat_map(|kind| phases.map(|phase| (phase, kind)));
        let missing: Vec<_> = all.filter(|what| !self.struck.contains_key(what)).collect();
        assert!(missing.is_empty(), "never struck: {missing:?} of {:?}", self.struck);
        let ends = [
            End::Completed(Force::No),
            End::Completed(Force::Yes),
            End::Stopped,
            End::NotCompleted,
            End::GaveUp,
            End::CutOverGivenUp,
            End::RolledBack,
            End::RegainedAtCompletion,
            End::RegainedAtRollBack,
            End::Resharded,
        ];
        for end in ends {
            assert!(self.ends.contains_key(&end), "never seen: {end:?} of {:?}", self.ends);
        }
    }
}

/// Follows the phases of a trial, and counts what happens in them.
struct Cover {
    phase: Phase,
    truth: Side,
    seen: Coverage,
}

impl Cover {
    fn new() -> Self {
        Cover { phase: Phase::Before, truth: Side::Source, seen: Coverage::default() }
    }

    fn struck(&mut self, by: Struck) {
        *self.seen.struck.entry((self.phase, by)).or_default() += 1;
    }

    fn end(&mut self, end: End) {
        *self.seen.ends.entry(end).or_default() += 1;
    }

    /// Nothing is migrated any more, or not yet.
    fn rest(&mut self) {
        self.phase = match self.truth {
            Side::Source => Phase::Before,
            Side::Target => Phase::Completed,
        };
    }

    fn migration(&mut self, fact: MigrationFact) {
        match fact {
            MigrationFact::Prepared { .. } | MigrationFact::AttemptFailed { .. } => {
                self.phase = Phase::Starting;
            }
            MigrationFact::Tested { .. } => self.rest(),
            MigrationFact::ReshardBegan { .. } => self.end(End::Resharded),
            MigrationFact::LinkSyncBegan { .. } | MigrationFact::LinkLoading { .. } => {
                self.phase = Phase::Copying;
            }
            MigrationFact::LinkStreams { .. } | MigrationFact::LinkBack { .. } => {
                self.phase = Phase::Following;
            }
            MigrationFact::AllInSync { .. } | MigrationFact::CutOverBegan { .. } => {
                self.phase = Phase::Ready;
            }
            MigrationFact::LinkLost { .. } => self.phase = Phase::Broken,
            MigrationFact::NetworkCut => self.struck(Struck::NetworkCut),
            MigrationFact::CutOverGivenUp { .. } => self.end(End::CutOverGivenUp),
            MigrationFact::NotCompleted { .. } => self.end(End::NotCompleted),
            MigrationFact::GaveUp { .. } => {
                self.end(End::GaveUp);
                self.rest();
            }
            MigrationFact::Stopped { .. } => {
                self.end(End::Stopped);
                self.rest();
            }
            MigrationFact::Completed { force, .. } => {
                self.end(End::Completed(force));
                self.truth = Side::Target;
                self.rest();
            }
            MigrationFact::RolledBack { .. } => {
                self.end(End::RolledBack);
                self.truth = Side::Source;
                self.rest();
            }
            MigrationFact::ShardCompleted { regained, .. } if regained > 0 => {
                self.end(End::RegainedAtCompletion);
            }
            MigrationFact::ShardRolledBack { regained, .. } if regained > 0 => {
                self.end(End::RegainedAtRollBack);
            }
            _ => {}
        }
    }
}

impl Observer for Cover {
    fn on_fact(&mut self, _: SimTime, fact: Fact) {
        match fact {
            Fact::FaultStruck { cause, .. } => self.struck(Struck::By(cause)),
            Fact::Migration(fact) => self.migration(fact),
            _ => {}
        }
    }
}

/// Counts, from what observers are told, which acknowledged writes the application has lost.
struct Losses<'p> {
    plan: &'p Plan,
    truth: Side,
    lost: NanoWrites,
    regained: NanoWrites,
}

impl Losses<'_> {
    fn lose(&mut self, shard: ShardId, writes: NanoWrites) {
        let is_source = self.plan.shards[shard.idx()].group == SOURCE;
        // After the completion what the source loses is in the target, or was counted as diverged.
        if !is_source || self.truth == Side::Source {
            self.lost += writes;
        }
    }
}

impl Observer for Losses<'_> {
    fn on_fact(&mut self, _: SimTime, fact: Fact) {
        match fact {
            Fact::Promoted { shard, loss, .. } | Fact::PrimaryRecreated { shard, loss, .. } => {
                self.lose(shard, loss.writes);
            }
            Fact::DatasetLost { shard, writes, .. } => self.lose(shard, writes),
            Fact::Migration(fact) => match fact {
                MigrationFact::Diverged { loss, .. } | MigrationFact::TargetWiped { loss, .. } => {
                    self.lost += loss.writes;
                }
                MigrationFact::ShardCompleted { loss, regained, .. }
                | MigrationFact::ShardRolledBack { loss, regained, .. } => {
                    self.lost += loss.writes;
                    self.regained += regained;
                }
                MigrationFact::Completed { .. } => self.truth = Side::Target,
                MigrationFact::RolledBack { .. } => self.truth = Side::Source,
                _ => {}
            },
            _ => {}
        }
    }
}

fn check(case: u64) -> Coverage {
    let mut draw = Draw(0x6d69_6772 + case);
    let plan = plan(&mut draw);
    let key = TrialKeys::new(case).key(0);
    let mut trial = Trial::begin(&plan, key);
    let losses = Losses { plan: &plan, truth: Side::Source, lost: 0, regained: 0 };
    let mut observer = ((losses, Cover::new()), Metrics::new(&plan));
    trial.finish(&mut observer);
    let ((losses, cover), mut metrics) = observer;
    let books = |group: GroupId| {
        let shards = plan.groups[group.idx()].shards.clone().map(ShardId);
        shards.map(|shard| *trial.state().books(shard))
    };
    let both = || books(SOURCE).chain(books(TARGET));
    let acknowledged: NanoWrites = both().map(|books| books.acknowledged).sum();
    let rejected: NanoWrites = both().map(|books| books.rejected).sum();
    let rate: u64 = plan.shards.iter().map(|shard| shard.writes_per_sec).sum();
    let offered = NanoWrites::from(rate) * NanoWrites::from(plan.horizon.as_nanos());
    assert_eq!(offered, acknowledged + rejected, "case {case}: offered");
    let of_target: NanoWrites = books(TARGET).map(|books| books.offset).sum();
    let of_source: NanoWrites = books(SOURCE).map(|books| books.offset).sum();
    let retained = match losses.truth {
        Side::Source => of_source,
        Side::Target => of_target,
    };
    assert_eq!(
        acknowledged + losses.regained,
        retained + losses.lost,
        "case {case}: acknowledged, with {} regained",
        losses.regained / WRITE
    );
    let outcome = metrics.finish(plan.horizon);
    assert_eq!(outcome.raw(Metric::RejectedWrites), rejected, "case {case}: rejected");
    let told = outcome.raw(Metric::LostWrites) + outcome.raw(Metric::DatasetLostWrites);
    assert_eq!(told, losses.lost, "case {case}: the metrics count what is lost");
    cover.seen
}

#[test]
fn random_migrations_keep_the_invariants_and_count_every_write_once() {
    let mut seen = Coverage::default();
    let n = cases(USUAL);
    for case in 0..n {
        seen.add(check(case));
    }
    if n >= USUAL {
        seen.check();
    }
}
