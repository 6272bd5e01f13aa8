//! Where the endpoints lead, and when that changes (MZ-04, MZ-05, MZ-29, MZ-35, MZ-39).

use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::engine::time::SimTime;
use elasticache_sim::model::plan::{GroupId, NodeId, Plan, ShardId};
use elasticache_sim::observe::endpoints::{Endpoints, Record, Target};
use elasticache_sim::report::describe::{self, Answer};
use elasticache_sim::report::endpoint_names::EndpointNames;
use elasticache_sim::report::endpoints;
use serde_json::Value;

use super::story::state_at;
use crate::rules::{PRIMARY_FAILS, plan};
use crate::support::{load, run, with_fixed_times};

const SHARD: ShardId = ShardId(0);

/// The records of a trial.
fn follow(plan: &Plan) -> Endpoints {
    let (facts, _) = run(plan, 1, 0);
    endpoints::follow(plan, TrialKeys::new(1).key(0), &facts)
}

/// When a record changed, in seconds after the first fault at 600 s, and to what.
fn changes(endpoints: &Endpoints, record: Record) -> Vec<(u64, Target)> {
    let of_record = endpoints.changes.iter().filter(|change| change.record == record);
    let seconds = |at: SimTime| at.as_nanos() / 1_000_000_000 - 600;
    of_record.map(|change| (seconds(change.at), change.to.clone())).collect()
}

fn nodes(ids: &[u16]) -> Target {
    Target::Nodes(ids.iter().copied().map(NodeId).collect())
}

/// A primary fails after 600 s; every replica has the same lag, so that the second node follows.
fn primary_fails() -> Plan {
    plan("", PRIMARY_FAILS)
}

#[test]
fn mz_04_the_primary_endpoint_changes_its_target_once_per_failover() {
    let endpoints = follow(&primary_fails());
    let primary = Record::Primary(SHARD);
    assert_eq!(endpoints.first[&primary], Target::Node(NodeId(0)));
    // Detection 10 s, promotion 2 s, and the name takes 3 s to spread.
    assert_eq!(changes(&endpoints, primary), [(15, Target::Node(NodeId(1)))]);
}

#[test]
fn mz_05_the_endpoint_of_the_promoted_node_stays_with_the_node() {
    let endpoints = follow(&primary_fails());
    let promoted = Record::Node(NodeId(1));
    assert_eq!(endpoints.now[&Record::Primary(SHARD)], Target::Node(NodeId(1)));
    assert_eq!(changes(&endpoints, promoted), [], "who reads from it reads from the primary now");
    assert_eq!(endpoints.now[&promoted], endpoints.first[&promoted]);
    assert_eq!(endpoints.now[&Record::Reader(SHARD)], nodes(&[0, 2]), "it is no reader any more");
}

/// What share of its reads a client sends to the primary, in per cent, that reads from these node
/// endpoints in turn; and the roles of the nodes that they lead to, as the API tells them.
fn reads(plan: &Plan, after: u64, addresses: &[String]) -> (usize, Vec<String>) {
    let state = state_at(plan, after);
    let text = describe::document(plan, &state, GroupId(0), Answer::Describe);
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let members = &document["ReplicationGroups"][0]["NodeGroups"][0]["NodeGroupMembers"];
    let members = members.as_array().expect("members");
    let role = |address: &String| {
        let is_it = |member: &&Value| member["ReadEndpoint"]["Address"] == address.as_str();
        let member = members.iter().find(is_it).expect("a node keeps its endpoint");
        member["CurrentRole"].as_str().expect("a role").to_owned()
    };
    let roles: Vec<String> = addresses.iter().map(role).collect();
    let n = roles.iter().filter(|role| *role == "primary").count();
    (100 * n / roles.len(), roles)
}

#[test]
fn mz_05_who_reads_from_the_promoted_nodes_endpoint_loads_the_primary() {
    let plan = primary_fails();
    let names = EndpointNames::new(&plan, GroupId(0));
    let list = |nodes: [u16; 2]| nodes.map(|node| names.node(NodeId(node)));
    let before = list([1, 2]);
    let replicas = || vec!["replica".to_owned(); 2];
    assert_eq!(reads(&plan, 599, &before), (0, replicas()));
    // Promoted 12 s after the failure at 600 s. Nothing ever changes that by itself.
    let pinned = (50, vec!["primary".to_owned(), "replica".to_owned()]);
    assert_eq!(reads(&plan, 613, &before), pinned);
    assert_eq!(reads(&plan, 4 * 3600 - 1, &before), pinned);
    // The new replica, which the service made in the place of the lost primary, is to be named.
    assert_eq!(reads(&plan, 4 * 3600 - 1, &list([0, 2])), (0, replicas()));
}

#[test]
fn mz_29_the_reader_endpoint_names_the_new_replicas_and_the_primary_endpoint_stays() {
    let endpoints = follow(&primary_fails());
    let reader = Record::Reader(SHARD);
    assert_eq!(endpoints.first[&reader], nodes(&[1, 2]));
    // 12: promoted, and the third node syncs; 12 + 144: it has synced; the replacement, begun
    // when the failure was detected, takes 480 s and its sync 144 s.
    let expected = [(12, nodes(&[1])), (156, nodes(&[2])), (10 + 480 + 144, nodes(&[0, 2]))];
    assert_eq!(changes(&endpoints, reader), expected);
    assert_eq!(changes(&endpoints, Record::Primary(SHARD)).len(), 1, "moved by the failover only");
}

#[test]
fn mz_35_a_replacement_keeps_the_name_and_has_another_address() {
    let endpoints = follow(&primary_fails());
    let lost = Record::Node(NodeId(0));
    assert_eq!(endpoints.first[&lost], Target::Host(1));
    assert_eq!(changes(&endpoints, lost), [(10 + 480, Target::Host(2))]);
    assert_eq!(changes(&endpoints, Record::Node(NodeId(2))), [], "the others keep their address");
    // A crash leaves the host, and with it the address.
    let crashed = follow(&with_fixed_times(load("crash-slower-than-detection").plan));
    let addresses = crashed.changes.iter().filter(|c| matches!(c.record, Record::Node(_)));
    assert_eq!(addresses.count(), 0);
    let table = endpoints::table(&primary_fails(), &endpoints);
    let line = table.lines().find(|line| line.contains("host 2")).expect("the change is listed");
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[..2], ["00:18:10.000", "node"]);
    assert_eq!(words[3..], ["host", "1", "host", "2"]);
}

#[test]
fn mz_39_the_only_replica_leaves_nobody_to_read_from_and_two_do_not() {
    let replica_fails = "[[fault]]\nat = \"10m\"\nfail-replicas = { count = 1 }\n";
    let readers = |plan: &Plan| changes(&follow(plan), Record::Reader(SHARD));
    let two = plan("", replica_fails);
    let mut one = two.clone();
    one.nodes.truncate(2);
    one.shards[0].nodes = 0..2;
    one.azs.iter_mut().for_each(|az| az.nodes.retain(|node| node.idx() < 2));
    // Detection 10 s, replacement 480 s, sync 144 s; who asks for a reader meanwhile gets the
    // primary.
    assert_eq!(readers(&one), [(0, nodes(&[0])), (634, nodes(&[1]))]);
    assert_eq!(readers(&two), [(0, nodes(&[2])), (634, nodes(&[1, 2]))]);
}

#[test]
fn cluster_mode_has_a_configuration_endpoint_and_a_slot_map() {
    let plan = with_fixed_times(load("two-shards-az-outage").plan);
    let endpoints = follow(&plan);
    let configuration = Record::Configuration(GroupId(0));
    assert_eq!(endpoints.first[&configuration], nodes(&[0, 1, 2, 3]));
    assert_eq!(changes(&endpoints, configuration)[0], (0, nodes(&[1, 3])), "the AZ is gone");
    assert_eq!(endpoints.now[&configuration], nodes(&[0, 1, 2, 3]));
    assert_eq!(changes(&endpoints, Record::Slots(SHARD)), [(15, Target::Node(NodeId(1)))]);
    assert_eq!(changes(&endpoints, Record::Slots(ShardId(1))), [(15, Target::Node(NodeId(3)))]);
    let has = |is: fn(&Record) -> bool| endpoints.first.keys().any(is);
    assert!(!has(|record| matches!(record, Record::Primary(_) | Record::Reader(_))));
}
