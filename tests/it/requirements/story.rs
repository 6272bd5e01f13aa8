//! Stories with operations: a quiet plan with fixed times, what is called when, and what came of
//! it.

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::engine::time::{SimTime, Span};
use elasticache_sim::model::api::Refusal;
use elasticache_sim::model::fact::{Fact, OperationFact};
use elasticache_sim::model::plan::{
    Action, Answer, Apply, Changes, GroupId, NodeId, Operation, Plan, Scripted, ScriptedFault,
    ShardId, Switch, UpdateMethod, Victim,
};
use elasticache_sim::model::state::State;
use elasticache_sim::montecarlo::trial::Trial;

use crate::support::{parse, secs, with_fixed_times};

/// A plan with fixed times in which nothing happens by itself: writes of 1000 per second, 1 GiB of
/// data, so that a full sync takes 18 s, and two days.
pub fn quiet(group: &str) -> Plan {
    let text = format!(
        "schema = 1\n[run]\nhorizon = \"2d\"\n[group]\nid = \"g\"\n{group}\n[control-plane]\n\
         detector = \"managed\"\n[workload]\nwrites-per-second = 1_000\ndataset = \"1 GiB\"\n\
         [rules]\nresync-after-failover = \"none\"\n"
    );
    with_fixed_times(parse(&text).plan)
}

/// One shard of so many replicas, each node in an AZ of its own, cluster mode disabled.
pub fn one_shard(replicas: usize) -> Plan {
    quiet(&format!("azs = [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\"]\nreplicas = {replicas}"))
}

/// So many shards of so many replicas in cluster mode.
pub fn cluster(shards: usize, replicas: usize) -> Plan {
    quiet(&format!(
        "azs = [\"a\", \"b\", \"c\"]\nshards = {shards}\nreplicas = {replicas}\n\
         cluster-mode = \"enabled\""
    ))
}

/// The only group.
pub const GROUP: GroupId = GroupId(0);

/// Puts what happens after so many seconds into the plan, earliest first.
pub fn script(plan: &mut Plan, actions: &[(u64, Action)]) {
    for (n, (at, action)) in actions.iter().enumerate() {
        let address = 1 + n as u32;
        plan.script.push(Scripted { at: Law::fixed(secs(*at)), action: action.clone(), address });
    }
    plan.script.sort_by_key(|scripted| scripted.at.range().map(|(earliest, _)| earliest));
}

pub fn modify(changes: Changes) -> Action {
    Action::Operation(Operation::Modify { group: GROUP, changes, apply: Apply::Immediately })
}

pub fn failover(position: Switch) -> Changes {
    Changes { automatic_failover: Some(position), ..Changes::NONE }
}

pub fn multi_az(position: Switch) -> Changes {
    Changes { multi_az: Some(position), ..Changes::NONE }
}

pub fn both(position: Switch) -> Changes {
    Changes { multi_az: Some(position), ..failover(position) }
}

pub fn primary(node: u16) -> Changes {
    Changes { primary: Some(NodeId(node)), ..Changes::NONE }
}

pub fn test_failover(shard: u16) -> Action {
    let answer = Answer::Continue;
    Action::Operation(Operation::TestFailover { shard: ShardId(shard), answer })
}

pub fn update(method: UpdateMethod) -> Action {
    let apply = Apply::Immediately;
    Action::Operation(Operation::ServiceUpdate { group: GROUP, apply, method })
}

pub fn fail_node(node: u16) -> Action {
    Action::Fault(ScriptedFault::FailNode(Victim::Named(NodeId(node))))
}

/// The refusals of a trial, and after how many seconds.
pub fn refusals(facts: &[(SimTime, Fact)]) -> Vec<(u64, Refusal)> {
    let refused = |(at, fact): &(SimTime, Fact)| match *fact {
        Fact::Operation(OperationFact::Refused { refusal, .. }) => {
            Some((at.as_nanos() / 1_000_000_000, refusal))
        }
        _ => None,
    };
    facts.iter().filter_map(refused).collect()
}

/// After how many seconds the facts that match became true.
pub fn seconds_of(facts: &[(SimTime, Fact)], matches: impl Fn(&Fact) -> bool) -> Vec<u64> {
    let seconds = |at: &SimTime| at.as_nanos() / 1_000_000_000;
    facts.iter().filter(|(_, fact)| matches(fact)).map(|(at, _)| seconds(at)).collect()
}

/// The state after so many seconds of the plan's first trial.
pub fn state_at(plan: &Plan, at: u64) -> State {
    let mut trial = Trial::begin(plan, TrialKeys::new(1).key(0));
    trial.run_until(SimTime::START + Span::from_secs(at), &mut ());
    trial.state().clone()
}
