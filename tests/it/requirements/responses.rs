//! What the API answers at an instant (MZ-19, MZ-49, MZ-51), held against the samples of the guide
//! in tests/data/responses.

use elasticache_sim::model::plan::{About, Changes, ClusterMode, NodeId, Plan, ShardId, Switch};
use elasticache_sim::model::state::{AutomaticFailover, SlotLayout, State, Workflow};
use elasticache_sim::report::describe::{self, Answer};
use serde_json::{Value, json};

use super::story::{GROUP, both, modify, one_shard, script, state_at, test_failover};
use crate::support::{load, parse, root, with_fixed_times};

/// A group with what the API says of it, its nodes in `azs`, the primary's first.
fn group(id: &str, azs: [&str; 3], about: About) -> Plan {
    let azs: Vec<String> =
        azs.iter().filter(|az| !az.is_empty()).map(|az| format!("\"{az}\"")).collect();
    let text = format!(
        "schema = 1\n[run]\nhorizon = \"4h\"\n[group]\nid = \"{id}\"\nazs = [{}]\nreplicas = {}\n\
         [workload]\ndataset = \"8 GiB\"\n[[fault]]\nat = \"10m\"\nfail-primary = {{}}\n",
        azs.join(", "),
        azs.len() - 1
    );
    let mut plan = with_fixed_times(parse(&text).plan);
    plan.groups[0].backups.retention_days = 1;
    plan.groups[0].about = about;
    plan
}

/// The group of the guide's first sample.
fn redis12() -> Plan {
    let about = About {
        description: "One shard, two nodes".to_owned(),
        engine: "redis",
        engine_version: "7.1.0".to_owned(),
        node_type: Some("cache.r7g.large".to_owned()),
        dns_label: "v5r9dc".to_owned(),
        maintenance_window: "sun:05:00-sun:06:00".to_owned(),
        snapshot_window: "07:00-08:00".to_owned(),
    };
    group("redis12", ["us-west-2b", "us-west-2a", ""], about)
}

/// That of the second.
fn redis1x3() -> Plan {
    let about = About {
        description: "1 shard, 3 nodes (1 + 2 replicas)".to_owned(),
        engine: "redis",
        engine_version: "7.1.0".to_owned(),
        node_type: Some("cache.m3.medium".to_owned()),
        dns_label: "7ekv3t".to_owned(),
        maintenance_window: "sun:05:00-sun:06:00".to_owned(),
        snapshot_window: "11:30-12:30".to_owned(),
    };
    let mut plan = group("redis1x3", ["us-west-2c", "us-west-2a", "us-west-2b"], about);
    plan.groups[0].backups.node = Some(NodeId(1));
    plan
}

/// A sample of the guide.
fn sample(name: &str) -> String {
    let path = root().join("tests/data/responses").join(name);
    std::fs::read_to_string(path).expect("readable")
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// The only group as `describe-replication-groups` tells it.
fn described(plan: &Plan, state: &State) -> Value {
    value(&describe::document(plan, state, GROUP, Answer::Describe))["ReplicationGroups"][0].take()
}

#[test]
fn mz_19_a_modification_answers_as_in_the_guide() {
    let plan = redis12();
    let mut state = State::new(&plan);
    let changes = Changes {
        automatic_failover: Some(Switch::On),
        multi_az: Some(Switch::On),
        ..Changes::NONE
    };
    state.config.groups[0].workflow = Workflow::Modifying(changes, None);
    state.config.groups[0].automatic_failover = AutomaticFailover::Enabling;
    state.config.groups[0].multi_az = Switch::On;
    let answer = describe::document(&plan, &state, GROUP, Answer::Modify);
    assert_eq!(answer, sample("modify-replication-group.json"));
    state.config.groups[0].workflow = Workflow::Idle;
    state.config.groups[0].automatic_failover = AutomaticFailover::Enabled;
    let after = value(&describe::document(&plan, &state, GROUP, Answer::Modify));
    assert_eq!(after["ReplicationGroup"]["Status"], "available");
    assert_eq!(after["ReplicationGroup"]["NodeGroups"][0]["Status"], "available");
    assert_eq!(after["ReplicationGroup"]["AutomaticFailover"], "enabled");
}

#[test]
fn mz_51_a_test_failover_answers_as_in_the_guide() {
    let plan = redis1x3();
    let mut state = State::new(&plan);
    state.config.groups[0].workflow = Workflow::TestCalled(ShardId(0));
    let answer = describe::document(&plan, &state, GROUP, Answer::TestFailover);
    assert_eq!(answer, sample("test-failover.json"));
}

#[test]
fn mz_51_roles_are_those_of_the_instant() {
    let plan = redis1x3();
    let roles = |at: u64| -> Vec<String> {
        let state = state_at(&plan, at);
        let answer = value(&describe::document(&plan, &state, GROUP, Answer::TestFailover));
        let members = &answer["ReplicationGroup"]["NodeGroups"][0]["NodeGroupMembers"];
        let members = members.as_array().expect("members").iter();
        members.map(|member| member["CurrentRole"].as_str().expect("a role").to_owned()).collect()
    };
    // The primary fails after 600 s, detection takes 10 s, promotion 2 s.
    assert_eq!(roles(0), ["primary", "replica", "replica"]);
    assert_eq!(roles(611), ["primary", "replica", "replica"]);
    assert_eq!(roles(612), ["replica", "primary", "replica"]);
}

#[test]
fn mz_49_the_group_stays_available_while_it_fails_over() {
    let plan = redis1x3();
    for at in [599, 600, 610, 611, 612, 615, 1200] {
        let group = described(&plan, &state_at(&plan, at));
        assert_eq!(group["Status"], "available", "at {at} s");
        assert_eq!(group["NodeGroups"][0]["Status"], "available", "at {at} s");
    }
    let mut state = State::new(&plan);
    state.config.groups[0].workflow = Workflow::Modifying(Changes::NONE, None);
    assert_eq!(described(&plan, &state)["Status"], "modifying", "other work does show");
}

#[test]
fn mz_19_a_modification_shows_while_it_lasts() {
    let mut plan = one_shard(1);
    plan.groups[0].automatic_failover = Switch::Off;
    plan.groups[0].multi_az = Switch::Off;
    script(&mut plan, &[(60, modify(both(Switch::On)))]);
    let shown = |at: u64| {
        let group = described(&plan, &state_at(&plan, at));
        ["Status", "AutomaticFailover", "MultiAZ"].map(|key| group[key].clone())
    };
    assert_eq!(shown(59), ["available", "disabled", "disabled"]);
    assert_eq!(shown(60), ["modifying", "enabling", "enabled"], "at the instant of the call");
    assert_eq!(shown(120), ["available", "enabled", "enabled"]);
}

#[test]
fn mz_51_a_call_shows_the_roles_before_the_failover() {
    let mut plan = one_shard(1);
    script(&mut plan, &[(60, test_failover(0))]);
    let primary = |at: u64| {
        let group = described(&plan, &state_at(&plan, at));
        assert_eq!(group["Status"], "available", "at {at} s");
        let members = group["NodeGroups"][0]["NodeGroupMembers"].as_array().expect("members");
        let is_primary = |member: &&Value| member["CurrentRole"] == "primary";
        members.iter().find(is_primary).expect("a primary")["CacheClusterId"].clone()
    };
    assert_eq!(primary(60), "g-001");
    assert_eq!(primary(600), "g-002");
}

#[test]
fn the_describe_document_has_what_the_simulator_knows() {
    let plan = redis12();
    let expected = json!({
        "ReplicationGroupId": "redis12",
        "Description": "One shard, two nodes",
        "GlobalReplicationGroupInfo": {},
        "Status": "available",
        "PendingModifiedValues": {},
        "SnapshotRetentionLimit": 1,
        "SnapshotWindow": "07:00-08:00",
        "CacheNodeType": "cache.r7g.large",
        "ARN": "arn:aws:elasticache:us-west-2:123456789012:replicationgroup:redis12",
        "ReplicationGroupCreateTime": "2026-01-05T00:00:00.000000+00:00",
        "DataTiering": "disabled",
        "Engine": "redis",
        "MemberClusters": ["redis12-001", "redis12-002"],
        "NodeGroups": [{
            "NodeGroupId": "0001",
            "Status": "available",
            "PrimaryEndpoint": {
                "Address": "redis12.v5r9dc.ng.0001.usw2.cache.amazonaws.com",
                "Port": 6379,
            },
            "ReaderEndpoint": {
                "Address": "redis12-ro.v5r9dc.ng.0001.usw2.cache.amazonaws.com",
                "Port": 6379,
            },
            "NodeGroupMembers": [
                {
                    "CacheClusterId": "redis12-001",
                    "CacheNodeId": "0001",
                    "ReadEndpoint": {
                        "Address": "redis12-001.v5r9dc.0001.usw2.cache.amazonaws.com",
                        "Port": 6379,
                    },
                    "PreferredAvailabilityZone": "us-west-2b",
                    "CurrentRole": "primary",
                },
                {
                    "CacheClusterId": "redis12-002",
                    "CacheNodeId": "0001",
                    "ReadEndpoint": {
                        "Address": "redis12-002.v5r9dc.0001.usw2.cache.amazonaws.com",
                        "Port": 6379,
                    },
                    "PreferredAvailabilityZone": "us-west-2a",
                    "CurrentRole": "replica",
                },
            ],
        }],
        "SnapshottingClusterId": "redis12-002",
        "AutomaticFailover": "enabled",
        "MultiAZ": "enabled",
        "ClusterEnabled": false,
        "ClusterMode": "disabled",
    });
    let mut plan_on = plan;
    plan_on.groups[0].multi_az = Switch::On;
    plan_on.groups[0].automatic_failover = Switch::On;
    let group = described(&plan_on, &State::new(&plan_on));
    let text = |value: &Value| serde_json::to_string_pretty(value).expect("JSON");
    assert_eq!(text(&group), text(&expected), "the fields and their order");
}

#[test]
fn cluster_mode_has_slots_and_a_configuration_endpoint_but_tells_no_roles() {
    let mut plan = load("two-shards-az-outage").plan;
    plan.groups[0].about.dns_label = "q8zk1m".to_owned();
    let state = State::new(&plan);
    for answer in [Answer::Describe, Answer::Modify, Answer::TestFailover, Answer::Migration] {
        let text = describe::document(&plan, &state, GROUP, answer);
        for absent in ["CurrentRole", "ReadEndpoint", "PrimaryEndpoint", "ReaderEndpoint"] {
            assert!(!text.contains(absent), "{absent} in {text}");
        }
        let document = value(&text);
        let group = match answer {
            Answer::Describe => &document["ReplicationGroups"][0],
            Answer::Modify | Answer::TestFailover | Answer::Migration => {
                &document["ReplicationGroup"]
            }
        };
        assert_eq!(
            group["ConfigurationEndpoint"]["Address"],
            "shop.q8zk1m.clustercfg.usw2.cache.amazonaws.com"
        );
        assert_eq!(group["NodeGroups"][0]["Slots"], "0-8191");
        assert_eq!(group["NodeGroups"][1]["Slots"], "8192-16383");
    }
}

#[test]
fn slots_are_cut_where_the_service_cuts_them() {
    let mut plan = load("two-shards-az-outage").plan;
    let third = plan.shards[1].clone();
    plan.shards.push(third);
    plan.groups[0].shards = 0..3;
    for (shard, size) in [5462, 5461, 5461].into_iter().enumerate() {
        plan.shards[shard].hash_slots = size;
    }
    assert_eq!(
        describe::slots(&plan, GROUP, SlotLayout::Created),
        ["0-5460", "5461-10922", "10923-16383"]
    );
    for (shard, size) in [10_000, 6_000, 384].into_iter().enumerate() {
        plan.shards[shard].hash_slots = size;
    }
    assert_eq!(
        describe::slots(&plan, GROUP, SlotLayout::Created),
        ["0-9999", "10000-15999", "16000-16383"]
    );
}

#[test]
fn backups_copy_the_last_replica_unless_another_node_is_named() {
    let mut plan = redis1x3();
    let node = |plan: &Plan, at: u64| describe::snapshotting_node(plan, &state_at(plan, at), GROUP);
    assert_eq!(node(&plan, 0), Some(NodeId(1)), "the one that is named");
    plan.groups[0].backups.node = None;
    assert_eq!(node(&plan, 0), Some(NodeId(2)));
    plan.groups[0].backups.retention_days = 0;
    assert_eq!(node(&plan, 0), None, "no backups, no node");
    let mut pair = redis12();
    assert_eq!(node(&pair, 599), Some(NodeId(1)));
    assert_eq!(node(&pair, 700), Some(NodeId(0)), "it is primary now, the other one a replica");
    pair.groups[0].cluster_mode = ClusterMode::Enabled;
    assert_eq!(node(&pair, 0), Some(NodeId(1)));
}

#[test]
fn changes_that_wait_are_told_as_far_as_the_api_has_fields_for_them() {
    let plan = redis12();
    let mut state = State::new(&plan);
    state.config.groups[0].pending = Changes {
        automatic_failover: Some(Switch::Off),
        primary: Some(NodeId(1)),
        multi_az: Some(Switch::Off),
        ..Changes::NONE
    };
    let pending = &described(&plan, &state)["PendingModifiedValues"];
    let expected =
        json!({ "PrimaryClusterId": "redis12-002", "AutomaticFailoverStatus": "disabled" });
    assert_eq!(*pending, expected);
}
