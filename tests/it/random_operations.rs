//! Random operations in random configurations with random faults: whatever is called whenever, the
//! invariants hold after every event, the books close, and once faults and calls stop every
//! workflow comes to its end with all nodes whole.

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::engine::time::{SimTime, Span};
use elasticache_sim::model::api::Call;
use elasticache_sim::model::fact::{Fact, OperationFact};
use elasticache_sim::model::plan::{
    Action, Answer, Apply, Changes, Direction, ExternalReplicas, GroupId, Handover, Membership,
    NodeId, Operation, Plan, Scripted, ScriptedFault, ServiceUpdates, ShardId, Switch,
    UpdateMethod, Victim, Window,
};
use elasticache_sim::model::state::{Data, Process, State, Update, Workflow};
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::observe::metrics::{Metric, Metrics, Outcome};
use elasticache_sim::observe::trace::Recorder;

use crate::random_configurations::{Draw, Faults, failovers_end, scenario};
use crate::support::{cases, parse, secs};

fn switch(draw: &mut Draw) -> Option<Switch> {
    [None, Some(Switch::On), Some(Switch::Off), Some(Switch::On)][draw.below(4) as usize]
}

fn apply(draw: &mut Draw) -> Apply {
    if draw.below(4) == 0 { Apply::InWindow } else { Apply::Immediately }
}

fn operation(draw: &mut Draw, plan: &Plan) -> Operation {
    let group = GroupId(0);
    let node = NodeId(draw.below(plan.nodes.len() as u64) as u16);
    let shard = ShardId(draw.below(plan.shards.len() as u64) as u16);
    let most = plan.shards[0].nodes.len() as u64;
    match draw.below(9) {
        0 | 1 => {
            let changes = Changes {
                automatic_failover: switch(draw),
                multi_az: switch(draw),
                primary: (draw.below(4) == 0).then_some(node),
                ..Changes::NONE
            };
            Operation::Modify { group, changes, apply: apply(draw) }
        }
        2 => Operation::PromoteReplica { node },
        3 => {
            let answer = if draw.below(5) == 0 { Answer::Cancel } else { Answer::Continue };
            Operation::TestFailover { shard, answer }
        }
        4 => Operation::Reboot { node },
        5 | 6 => {
            let direction =
                if draw.below(2) == 0 { Direction::Increase } else { Direction::Decrease };
            let apply = Apply::Immediately;
            Operation::SetReplicas { group, count: draw.below(most) as u8, direction, apply }
        }
        7 => Operation::AttachExternalReplica { group, hinders_permille: 400 },
        _ => {
            let method = match draw.below(2) {
                0 => UpdateMethod::Replace,
                _ => UpdateMethod::Patch,
            };
            Operation::ServiceUpdate { group, apply: apply(draw), method }
        }
    }
}

fn time(draw: &mut Draw) -> Law {
    match draw.below(4) {
        0 => Law::fixed(secs(0)),
        1 => Law::fixed(secs(1)),
        2 => Law::fixed(secs(45)),
        _ => Law::uniform(0.0, 120e9).expect("a law"),
    }
}

/// A drawn plan with operations in its first hour, and by chance with everything that they touch.
fn plan(draw: &mut Draw, faults: Faults) -> (Plan, String) {
    let text = scenario(draw, faults);
    let mut plan = parse(&text).plan;
    let group = &mut plan.groups[0];
    if draw.below(2) == 0 && group.promotes_at_start().is_some() {
        group.multi_az = Switch::On;
    }
    if draw.below(2) == 0 {
        group.handover = Handover::DnsGap;
    }
    if draw.below(2) == 0 {
        group.external_replicas = ExternalReplicas::Hazard;
    }
    group.maintenance = Window {
        first: SimTime::START + secs(draw.below(5_000)),
        every: secs(7_000),
        length: secs(3_600),
    };
    // Chance was checked to find enough replicas among those of the start.
    let by_chance = |scripted: &Scripted| {
        matches!(scripted.fault(), Some(ScriptedFault::FailReplicas { shard: Victim::Any(_), .. }))
    };
    let may_grow = !plan.script.iter().any(by_chance);
    for shard in 0..if may_grow { plan.shards.len() } else { 0 } {
        for node in plan.shards[shard].node_range().skip(1) {
            if draw.below(4) == 0 {
                plan.nodes[node].membership = Membership::Absent;
            }
        }
    }
    let most = plan.shard_ids().map(|shard| plan.n_replicas(shard)).min().unwrap_or(0);
    plan.replication.min_replicas = plan.replication.min_replicas.min(most as u8);
    let timing = &mut plan.timing;
    for law in [
        &mut timing.modify,
        &mut timing.test_failover,
        &mut timing.maintenance_step,
        &mut timing.handover_start,
        &mut timing.handover_pause,
        &mut timing.handover_gap,
        &mut timing.planned_replacement,
        &mut timing.patch_restart,
        &mut timing.patch,
    ] {
        *law = time(draw);
    }
    // A promotion that takes no time and fails could be tried for ever at one instant.
    if timing.promotion == Law::fixed(secs(0)) {
        timing.promotion = Law::fixed(secs(1));
    }
    for n in 0..1 + draw.below(10) {
        let at =
            Law::fixed(secs([600, 601, 605, 610, 660, 700, 900, 1_300][draw.below(8) as usize]));
        let action = Action::Operation(operation(draw, &plan));
        plan.script.push(Scripted { at, action, address: 1_000 + n as u32 });
    }
    plan.script.sort_by_key(|scripted| scripted.at.range().map(|(earliest, _)| earliest));
    if faults == Faults::Endless && draw.below(2) == 0 {
        let life = Law::exponential(3_600e9).expect("a law");
        let method = UpdateMethod::Replace;
        plan.service_updates = vec![ServiceUpdates { life, group: None, method, address: 77 }];
    }
    (plan, text)
}

type Story = (Plan, State, Outcome, Vec<(SimTime, Fact)>);

fn run_case(case: u64, faults: Faults) -> Story {
    let (plan, text) = plan(&mut Draw(case ^ 0x0bad_cafe), faults);
    let ran = std::panic::catch_unwind(|| {
        let mut observers = (Metrics::new(&plan), Recorder::default());
        let mut trial = Trial::begin(&plan, TrialKeys::new(case).key(0));
        trial.finish(&mut observers);
        let outcome = observers.0.finish(trial.now());
        (trial.state().clone(), outcome, observers.1.facts)
    });
    match ran {
        Ok((state, outcome, facts)) => (plan, state, outcome, facts),
        Err(_) => panic!("case {case} breaks an invariant:\n{text}\n{:#?}", plan.script),
    }
}

#[test]
fn invariants_hold_whatever_is_called() {
    let (mut accepted, mut refused, mut handovers) = (0, 0, 0);
    for case in 0..cases(1_000) {
        let (plan, state, outcome, facts) = run_case(case, Faults::Endless);
        for (shard, books) in plan.shards.iter().zip(&state.ledger.shards) {
            let horizon = u128::from(plan.horizon.as_nanos());
            let offered = u128::from(shard.writes_per_sec) * horizon;
            assert_eq!(books.acknowledged + books.rejected, offered, "case {case}");
            let kept = books.offset + books.lost + books.dataset_lost + books.archived;
            assert_eq!(books.acknowledged, kept, "case {case}");
        }
        assert!(failovers_end(&plan, &facts), "case {case}: a failover begins within another");
        let outage = outcome.raw(Metric::WriteOutage);
        assert_eq!(outcome.by_phase.iter().sum::<u128>(), outage, "case {case}");
        assert_eq!(outcome.by_cause.iter().sum::<u128>(), outage, "case {case}");
        assert_eq!(outcome.by_ending.iter().sum::<u128>(), outage, "case {case}");
        for (_, fact) in facts {
            match fact {
                // Those come by themselves, too.
                Fact::Operation(
                    OperationFact::Accepted { call: Call::CreateSnapshot, .. }
                    | OperationFact::Refused { call: Call::CreateSnapshot, .. },
                ) => {}
                Fact::Operation(OperationFact::Accepted { .. }) => accepted += 1,
                Fact::Operation(OperationFact::Refused { .. }) => refused += 1,
                Fact::HandedOver { .. } => handovers += 1,
                _ => {}
            }
        }
    }
    assert!(accepted > 1_000 && refused > 1_000, "{accepted} accepted, {refused} refused");
    assert!(handovers > 250, "{handovers} hand-overs");
}

#[test]
fn once_faults_and_calls_stop_every_workflow_ends() {
    for case in 0..cases(1_000) {
        let (plan, state, _, facts) = run_case(case, Faults::Stop);
        let told = || {
            let actions: Vec<_> = plan.script.iter().map(|s| (s.at.range(), &s.action)).collect();
            format!("case {case}: {actions:?}\n{:?}", facts.last())
        };
        for group in &state.config.groups {
            assert_eq!(group.workflow, Workflow::Idle, "{}", told());
            assert_eq!(group.pending, Changes::NONE, "{}", told());
            assert_eq!(group.testing, None, "{}", told());
        }
        for shard in plan.shard_ids() {
            // A call may have taken away the replicas that writes ask for.
            let takes = state.has_good_replicas(&plan, shard);
            assert_eq!(state.books(shard).accepting, takes, "no writes any more: {}", told());
            let members = state.config.nodes[plan.shards[shard.idx()].node_range()].iter();
            let n_replicas = members.filter(|node| node.process == Process::Running).count() - 1;
            let is_short = n_replicas < usize::from(plan.replication.min_replicas);
            assert_eq!(takes, !is_short, "{}", told());
        }
        for node in &state.config.nodes {
            let is_whole = match node.process {
                Process::Absent => true,
                Process::Running => node.data == Data::Complete,
                Process::Crashed | Process::Rebooting(_) | Process::Lost => false,
            };
            assert!(is_whole && node.update == Update::UpToDate, "{node:?} {}", told());
        }
        let last = facts.last().map_or(SimTime::START, |(at, _)| *at);
        assert!(last.since(SimTime::START) < Span::from_secs(11 * 3_600), "{}", told());
    }
}
