//! What the timeline, the trace and the line of a table say of operations, planned work and nodes
//! that come and go: told from facts and plans made by hand.

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::engine::time::{SimTime, Span};
use elasticache_sim::model::api::{Call, Refusal};
use elasticache_sim::model::fact::{Announced, Cause, Fact, OperationFact, Role, Status, Stop};
use elasticache_sim::model::plan::{
    Action, Answer, Apply, Changes, Direction, GroupId, Membership, NodeId, Operation, Plan,
    Scripted, ShardId, Switch, UpdateMethod,
};
use elasticache_sim::model::state::AutomaticFailover;
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::observe::metrics::Metrics;
use elasticache_sim::report::{describe, timeline, words};

use crate::support::{load, parse, run, secs};

const GROUP: GroupId = GroupId(0);
const SHARD: ShardId = ShardId(0);
const NODES: [NodeId; 3] = [NodeId(0), NodeId(1), NodeId(2)];

/// One fact of each kind that only operations and planned work have.
pub fn one_of_each() -> Vec<Fact> {
    let [first, second, third] = NODES;
    let mut facts: Vec<Fact> = vec![
        OperationFact::Accepted { call: Call::ModifyReplicationGroup, group: GROUP },
        OperationFact::Accepted { call: Call::AttachExternalReplica, group: GROUP },
        OperationFact::Refused {
            call: Call::ModifyReplicationGroup,
            group: GROUP,
            refusal: Refusal::PromotionIsProtected,
        },
        OperationFact::TestFailoverCalled { shard: SHARD },
        OperationFact::TestFailoverCancelled { shard: SHARD },
        OperationFact::GroupChanged {
            group: GROUP,
            status: Status::Modifying,
            automatic_failover: AutomaticFailover::Enabling,
            multi_az: Switch::On,
        },
        OperationFact::ChangesPending { group: GROUP },
        OperationFact::UpdatePending { group: GROUP },
        OperationFact::UpdateBegan { group: GROUP, method: UpdateMethod::Patch },
        OperationFact::UpdateEnded { group: GROUP },
        OperationFact::RecreationBegan { shard: SHARD, node: first },
        OperationFact::Patched { node: second },
        OperationFact::NodeAdded { node: third },
        OperationFact::NodeRemoved { node: third },
        OperationFact::ExternalReplicaAttached { group: GROUP },
        OperationFact::FailoverHindered { shard: SHARD },
    ]
    .into_iter()
    .map(Fact::Operation)
    .collect();
    let announced = Announced::GroupFirst;
    let pause = Span::from_nanos(500_000_000);
    facts.push(Fact::HandedOver { shard: SHARD, from: first, to: second, pause, announced });
    let stops = [Stop::TakenOffline, Stop::Patched, Stop::Removed];
    facts.extend(stops.map(|stop| Fact::NodeDown {
        node: third,
        stop,
        role: Role::Replica,
        cause: Cause::Planned,
    }));
    facts
}

fn group_plan() -> Plan {
    load("primary-failure").plan
}

/// The lines of facts, as `kind: text`.
fn told(plan: &Plan, facts: &[Fact]) -> Vec<String> {
    let words = words::Words::new(plan);
    let lines = facts.iter().flat_map(|fact| words.of(fact));
    lines.map(|line| format!("{}: {}", line.kind, line.text)).collect()
}

/// A timeline of facts at whole seconds.
fn timeline_of(plan: &Plan, facts: &[(u64, Fact)]) -> String {
    let facts: Vec<(SimTime, Fact)> =
        facts.iter().map(|(at, fact)| (SimTime::START + secs(*at), *fact)).collect();
    let outcome = Metrics::new(plan).finish(SimTime::START + secs(3600));
    timeline::render(plan, &facts, &outcome)
}

#[test]
fn every_operation_has_a_readable_line() {
    let expected = "\
operation: ModifyReplicationGroup of redis1x3 accepted
operation: attaching an external replica to redis1x3 accepted
refused: ModifyReplicationGroup of redis1x3: InvalidReplicationGroupState (400): a replica is \
promoted by hand only while Multi-AZ and automatic failover are off (MZ-57)
operation: TestFailover of shard 0001 accepted
operation: TestFailover of shard 0001 cancelled in the console: nothing happens (MZ-70)
group: redis1x3 is modifying: automatic failover enabling, Multi-AZ on
pending: the changes of redis1x3 wait for its maintenance window
pending: an update of redis1x3 waits for its maintenance window
update: of redis1x3 begins, in place, replicas first
update: of redis1x3 ends: all its nodes are updated
recreate: redis1x3-001 serves nobody until a new node has the data of shard 0001: no replica \
takes over
patched: redis1x3-002 runs the new version
added: redis1x3-003 is being added in us-west-2b, as a replica
removed: redis1x3-003 is no longer part of its group
external: a node outside ElastiCache follows redis1x3
failover: of shard 0001 fails because of the external replica: it is tried again (MZ-65)
handover: redis1x3-002 is primary, redis1x3-001 its replica: writes wait for 500ms, none is \
refused; none is lost
down: replica redis1x3-003 is taken offline
down: replica redis1x3-003 shuts down to be patched";
    let lines = told(&group_plan(), &one_of_each());
    assert_eq!(lines.join("\n"), expected);
    for line in &lines {
        let kind = line.split(':').next().expect("a kind");
        assert!(kind.len() <= 9, "{kind} is wider than its column");
    }
}

#[test]
fn the_lanes_show_roles_that_move_without_an_outage() {
    let [first, second, third] = NODES;
    let announced = Announced::NodeFirst;
    let down = |node, stop, role| Fact::NodeDown { node, stop, role, cause: Cause::Planned };
    let copies =
        |complete| Fact::Copies { shard: SHARD, complete, configured: 3, readers: complete };
    let handed =
        Fact::HandedOver { shard: SHARD, from: first, to: second, pause: Span::ZERO, announced };
    let text = timeline_of(
        &group_plan(),
        &[
            (10, down(third, Stop::TakenOffline, Role::Replica)),
            (10, copies(2)),
            (20, Fact::ReplacementStarted { node: third }),
            (30, handed),
            (40, down(second, Stop::Patched, Role::Primary)),
            (50, Fact::Synced { node: third }),
            (50, copies(3)),
        ],
    );
    let lane = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).expect("a lane");
        line.split_whitespace().last().expect("glyphs").to_owned()
    };
    assert_eq!(lane("redis1x3-001"), "===========------------", "{text}");
    assert_eq!(lane("redis1x3-002"), "-----------H===Xccccccc", "{text}");
    assert_eq!(lane("redis1x3-003"), "---X...rrrrrrrrrrrr----", "{text}");
}

#[test]
fn a_lane_is_blank_before_its_node_is_added_and_after_it_is_removed() {
    let third = NODES[2];
    let mut plan = group_plan();
    plan.nodes[third.idx()].membership = Membership::Absent;
    let copies = |complete, configured| Fact::Copies {
        shard: SHARD,
        complete,
        configured,
        readers: complete,
    };
    let text = timeline_of(
        &plan,
        &[
            (10, Fact::Operation(OperationFact::NodeAdded { node: third })),
            (10, copies(2, 3)),
            (20, Fact::Synced { node: third }),
            (30, Fact::Operation(OperationFact::NodeRemoved { node: third })),
            (30, copies(2, 2)),
        ],
    );
    let line = text.lines().find(|line| line.starts_with("redis1x3-003")).expect("a lane");
    assert_eq!(line.trim_end(), "redis1x3-003  us-west-2b    rrrr----X", "{text}");
    assert_eq!(text.matches("moment ").count(), 1, "one episode: {text}");
}

#[test]
fn a_change_of_roles_in_a_cluster_tells_where_the_primaries_are() {
    let plan = load("two-shards-az-outage").plan;
    let [first, second] = [plan.shards[0].nodes.start, plan.shards[0].nodes.start + 1].map(NodeId);
    let announced = Announced::NodeFirst;
    let handed =
        Fact::HandedOver { shard: SHARD, from: first, to: second, pause: Span::ZERO, announced };
    let text = timeline_of(&plan, &[(10, handed)]);
    let line = text.lines().find(|line| line.contains("primaries")).expect("told");
    assert_eq!(line.trim(), "primaries us-west-2a has 1, us-west-2b has 1, us-west-2c has 0");
}

#[test]
fn every_scheduled_operation_is_named_with_its_time() {
    let plan = group_plan();
    let changes = Changes { multi_az: Some(Switch::On), ..Changes::NONE };
    let operations = [
        Operation::Modify { group: GROUP, changes, apply: Apply::InWindow },
        Operation::PromoteReplica { node: NODES[1] },
        Operation::TestFailover { shard: SHARD, answer: Answer::Continue },
        Operation::TestFailover { shard: SHARD, answer: Answer::Cancel },
        Operation::Reboot { node: NODES[0] },
        Operation::SetReplicas {
            group: GROUP,
            count: 1,
            direction: Direction::Decrease,
            apply: Apply::Immediately,
        },
        Operation::AttachExternalReplica { group: GROUP, hinders_permille: 500 },
        Operation::CreateSnapshot { group: GROUP },
        Operation::ServiceUpdate {
            group: GROUP,
            apply: Apply::Immediately,
            method: UpdateMethod::Replace,
        },
    ];
    let lines = operations.map(|operation| {
        let scripted = Scripted {
            at: Law::fixed(secs(600)),
            action: Action::Operation(operation),
            address: 0,
        };
        words::scripted(&plan, &scripted)
    });
    let expected = "\
redis1x3 is modified in the next maintenance window (Multi-AZ on) after 10m
redis1x3-002 is promoted by hand after 10m
a test failover of shard 0001 after 10m
a test failover of shard 0001 is begun and cancelled after 10m
the customer reboots redis1x3-001 after 10m
redis1x3 gets fewer replicas, 1 per shard, after 10m
an external replica is attached to redis1x3 after 10m
a manual backup of redis1x3 after 10m
a service update of redis1x3, by new nodes, after 10m";
    assert_eq!(lines.join("\n"), expected);
}

#[test]
fn daily_backups_that_nobody_disturbs_are_a_line() {
    let plan = |fault: &str| {
        let text = format!(
            "schema = 1\n[run]\nhorizon = \"6d\"\n[group]\nid = \"g\"\nazs = [\"a\", \"b\"]\n\
             replicas = 1\nsnapshot-retention = 2\n[workload]\nwrites-per-second = 10\n{fault}"
        );
        parse(&text).plan
    };
    let story = |plan: &Plan| {
        let (facts, outcome) = run(plan, 1, 0);
        timeline::render(plan, &facts, &outcome)
    };
    let quiet = story(&plan(""));
    assert!(quiet.contains("\n6 daily backups from "), "{quiet}");
    assert!(!quiet.contains("the daily backup begins"), "{quiet}");
    let disturbed = story(&plan("[[fault]]\nat = \"2d 23h\"\nfail-primary = {}\n"));
    assert_eq!(disturbed.matches("\n3 daily backups from ").count(), 2, "{disturbed}");
}

#[test]
fn while_a_restore_makes_a_group_both_are_described() {
    let text = "schema = 1\n[run]\nhorizon = \"1d\"\n[group]\nid = \"g\"\nazs = [\"a\", \"b\"]\n\
                replicas = 1\nsnapshot-retention = 2\n[workload]\nwrites-per-second = 10\n\
                [timing]\nrestore-decision = \"15m\"\nrestore-provision = \"8m\"\n\
                snapshot-load = \"1m\"\nre-pointing = \"5m\"\n\
                [[fault]]\nat = \"12h\"\nfail-group = {}\n";
    let plan = parse(text).plan;
    let described = |minutes: u64, number| {
        let mut trial = Trial::begin(&plan, TrialKeys::new(1).key(0));
        trial.run_until(SimTime::START + secs(12 * 3_600 + 60 * minutes), &mut ());
        let of = (GROUP, number);
        let text = describe::document_of(&plan, trial.state(), of, describe::Answer::Describe);
        let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        let groups = document["ReplicationGroups"].as_array().expect("groups").clone();
        let told = |group: &serde_json::Value| {
            let word = |key: &str| group[key].as_str().expect("a text").to_owned();
            let has_endpoint = group["NodeGroups"][0]["PrimaryEndpoint"].is_object();
            format!("{} {} {has_endpoint}", word("ReplicationGroupId"), word("Status"))
        };
        groups.iter().map(told).collect::<Vec<String>>()
    };
    let old = "g available true";
    assert_eq!(described(14, None), [old]);
    assert_eq!(described(16, None), [old, "g-restored-1 creating false"]);
    assert_eq!(described(23, None), [old, "g-restored-1 creating false"]);
    assert_eq!(described(25, None), [old, "g-restored-1 available true"]);
    assert_eq!(described(25, Some(1)), ["g-restored-1 available true"]);
    assert_eq!(described(30, None), ["g-restored-1 available true"]);
}
