//! The event log: texts, order, filters (MZ-44 to MZ-46, MZ-52).

use std::collections::BTreeSet;

use elasticache_sim::engine::time::SimTime;
use elasticache_sim::model::fact::{Announced, Fact, Loss, OperationFact};
use elasticache_sim::model::plan::{EventOrder, NodeId, Plan, ShardId, UpdateMethod};
use elasticache_sim::report::aws_events::SourceType;
use elasticache_sim::report::event_log::{self, Entry, Page, Query, When};
use serde_json::Value;

use super::story::{one_shard, script, test_failover as call, update};
use crate::support::{ecsim, load, run, secs, with_fixed_times};

/// The facts of a test failover, at the seconds of the first timeline from the field.
fn test_failover(announced: Announced) -> (Plan, Vec<(SimTime, Fact)>) {
    let (shard, from, to) = (ShardId(0), NodeId(0), NodeId(1));
    let loss = Loss { writes: 0, beside: 0, window: secs(0) };
    let facts = [
        (0, Fact::Operation(OperationFact::TestFailoverCalled { shard })),
        (63, Fact::Promoted { shard, from, to, candidates: 2, loss, announced }),
        (146, Fact::ReplacementStarted { node: from }),
        (764, Fact::Recovered { node: from }),
    ];
    let facts = facts.map(|(at, fact)| (SimTime::START + secs(at), fact));
    (load("primary-failure").plan, facts.to_vec())
}

fn log(announced: Announced) -> Vec<Entry> {
    let (plan, facts) = test_failover(announced);
    event_log::entries(&plan, &facts)
}

/// The entries as `source type, source: message`.
fn texts(entries: &[Entry]) -> Vec<String> {
    let text = |entry: &Entry| {
        let event = &entry.event;
        format!("{}, {}: {}", event.source_type.name(), event.source, event.message)
    };
    entries.iter().map(text).collect()
}

const CALLED: &str = "replication-group, redis1x3: Test Failover API called for node group 0001";
const OF_NODE: &str = "cache-cluster, redis1x3-001: Failover from primary node redis1x3-001 to \
                       replica node redis1x3-002 completed";
const OF_GROUP: &str = "replication-group, redis1x3: Failover from primary node redis1x3-001 to \
                        replica node redis1x3-002 completed";
const RECOVERING: &str = "cache-cluster, redis1x3-001: Recovering cache nodes 0001";
const FINISHED: &str = "cache-cluster, redis1x3-001: Finished recovery for cache nodes 0001";

#[test]
fn mz_44_a_test_failover_has_its_five_messages_in_order() {
    let expected = [CALLED, OF_NODE, OF_GROUP, RECOVERING, FINISHED];
    assert_eq!(texts(&log(Announced::NodeFirst)), expected);
}

#[test]
fn mz_44_a_test_failover_that_is_run_has_them_too() {
    let mut plan = one_shard(1);
    script(&mut plan, &[(60, call(0))]);
    let entries = event_log::entries(&plan, &run(&plan, 1, 0).0);
    let failover = "Failover from primary node g-001 to replica node g-002 completed";
    let expected = [
        "replication-group, g: Test Failover API called for node group 0001".to_owned(),
        format!("cache-cluster, g-001: {failover}"),
        format!("replication-group, g: {failover}"),
        "cache-cluster, g-001: Recovering cache nodes 0001".to_owned(),
        "cache-cluster, g-001: Finished recovery for cache nodes 0001".to_owned(),
    ];
    assert_eq!(texts(&entries), expected);
}

#[test]
fn mz_44_patching_shuts_down_restarts_and_patches_each_node() {
    let mut plan = one_shard(1);
    script(&mut plan, &[(60, update(UpdateMethod::Patch))]);
    let entries = event_log::entries(&plan, &run(&plan, 1, 0).0);
    let patched = |node: &str| {
        ["Cache node 0001 shutdown", "Cache node 0001 restarted", "Cache cluster patched"]
            .map(|message| format!("cache-cluster, {node}: {message}"))
    };
    let failover = "Failover from primary node g-001 to replica node g-002 completed";
    let mut expected = patched("g-002").to_vec();
    expected.push(format!("cache-cluster, g-001: {failover}"));
    expected.push(format!("replication-group, g: {failover}"));
    expected.extend(patched("g-001"));
    assert_eq!(texts(&entries), expected);
}

#[test]
fn mz_45_node_and_group_may_change_places_and_nothing_else() {
    let expected = [CALLED, OF_GROUP, OF_NODE, RECOVERING, FINISHED];
    assert_eq!(texts(&log(Announced::GroupFirst)), expected);
    let orders = |order: EventOrder| -> BTreeSet<Vec<SourceType>> {
        let mut plan = with_fixed_times(load("primary-failure").plan);
        plan.control_plane.event_order = order;
        let of_trial = |trial: u64| {
            let entries = event_log::entries(&plan, &run(&plan, 1, trial).0);
            let failover = entries.iter().filter(|e| e.event.message.starts_with("Failover"));
            failover.map(|entry| entry.event.source_type).collect()
        };
        (0..64).map(of_trial).collect()
    };
    let documented = vec![SourceType::CacheCluster, SourceType::ReplicationGroup];
    let reversed = vec![SourceType::ReplicationGroup, SourceType::CacheCluster];
    assert_eq!(orders(EventOrder::Documented), BTreeSet::from([documented.clone()]));
    assert_eq!(orders(EventOrder::Jittered), BTreeSet::from([documented, reversed]));
}

#[test]
fn mz_45_over_many_seeds_only_the_two_documented_orders_of_five_messages_occur() {
    let mut plan = load("test-failover").plan;
    plan.control_plane.event_order = EventOrder::Jittered;
    let order = |seed: u64| -> Vec<String> {
        let entries = event_log::entries(&plan, &run(&plan, seed, 0).0);
        let text = |entry: &Entry| {
            let words: Vec<&str> = entry.event.message.split(' ').take(2).collect();
            format!("{} {}", entry.event.source_type.name(), words.join(" "))
        };
        entries.iter().map(text).collect()
    };
    let [node, group] =
        ["cache-cluster", "replication-group"].map(|of| [of, "Failover from"].join(" "));
    let in_order = |second: &str, third: &str| {
        [
            "replication-group Test Failover",
            second,
            third,
            "cache-cluster Recovering cache",
            "cache-cluster Finished recovery",
        ]
        .map(str::to_owned)
        .to_vec()
    };
    let seen: BTreeSet<Vec<String>> = (0..100).map(order).collect();
    assert_eq!(seen, BTreeSet::from([in_order(&node, &group), in_order(&group, &node)]));
}

/// What a query finds in the log of a replay that ended after 20 minutes.
fn found(query: &Query) -> Vec<String> {
    let until = SimTime::START + secs(1200);
    let (plan, facts) = test_failover(Announced::NodeFirst);
    texts(&query.select(&plan, event_log::entries(&plan, &facts), until))
}

#[test]
fn mz_46_the_consoles_label_finds_the_end_of_the_recovery() {
    let by =
        |message: &str| found(&Query { message: Some(message.to_owned()), ..Query::default() });
    assert_eq!(by("Recovery completed"), [FINISHED]);
    assert_eq!(by("recovery completed"), [FINISHED]);
    assert_eq!(by("Finished recovery for cache nodes"), [FINISHED]);
    assert_eq!(by("Test Failover API called"), [CALLED]);
    assert_eq!(by("no such message"), [""; 0]);
}

#[test]
fn mz_52_events_are_filtered_as_describe_events_filters_them() {
    assert_eq!(found(&Query::default()).len(), 5, "no filter, no limit");
    let of_groups = Query { source_type: Some(SourceType::ReplicationGroup), ..Query::default() };
    assert_eq!(found(&of_groups), [CALLED, OF_GROUP]);
    let source = Some("redis1x3-001".to_owned());
    let of_node = Query { source, ..Query::default() };
    assert_eq!(found(&of_node), [OF_NODE, RECOVERING, FINISHED]);
    let (start, end) = (When::parse("63s").ok(), When::parse("2026-01-05T00:02:26Z").ok());
    let between = Query { start, end, ..Query::default() };
    assert_eq!(found(&between), [OF_NODE, OF_GROUP, RECOVERING], "both ends belong to it");
    let after = Query { start, minutes: Some(1), ..Query::default() };
    assert_eq!(found(&after), [OF_NODE, OF_GROUP]);
    let before = Query { end, minutes: Some(1), ..Query::default() };
    assert_eq!(found(&before), [RECOVERING]);
    let last = Query { minutes: Some(10), ..Query::default() };
    assert_eq!(found(&last), [FINISHED], "the ten minutes before the replay ends");
    assert!(When::parse("yesterday").is_err());
}

#[test]
fn mz_52_the_document_is_newest_first_and_comes_in_pages() {
    let (plan, facts) = test_failover(Announced::NodeFirst);
    let entries = event_log::entries(&plan, &facts);
    let page = |marker, max_records| -> Value {
        let text = event_log::document(&plan, &entries, Page { marker, max_records });
        serde_json::from_str(&text).expect("JSON")
    };
    let first = page(0, 2);
    assert_eq!(first["Marker"], "2");
    let newest = serde_json::json!({
        "SourceIdentifier": "redis1x3-001",
        "SourceType": "cache-cluster",
        "Message": "Finished recovery for cache nodes 0001",
        "Date": "2026-01-05T00:12:44.000000+00:00",
    });
    assert_eq!(first["Events"][0], newest);
    let last = page(3, 2);
    assert_eq!(last["Events"][1]["Message"], "Test Failover API called for node group 0001");
    assert_eq!(last.get("Marker"), None, "nothing follows");
    assert_eq!(page(9, 2)["Events"], serde_json::json!([]));
}

#[test]
fn mz_52_the_program_prints_both_forms() {
    let printed = |arguments: &[&str]| {
        let mut all = vec!["replay", "scenarios/primary-failure.toml", "--events"];
        all.extend(arguments);
        let output = ecsim(&all);
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        text
    };
    let table = printed(&["--source-type", "replication-group"]);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 2, "{table}");
    assert!(lines[0].starts_with("Date "), "{table}");
    assert!(lines[1].contains("T00:10:22.538Z  00:10:22.538  replication-group  redis1x3"));
    let oldest_first = printed(&[]);
    let place = |text: &str| oldest_first.find(text).expect("told");
    assert!(place("Recovering cache nodes") < place("Finished recovery"));
    let json: Value = serde_json::from_str(&printed(&["--format", "json"])).expect("JSON");
    assert_eq!(json["Events"][0]["Message"], "Finished recovery for cache nodes 0001");
    for wrong in [["--max-records", "19"], ["--duration", "0"], ["--start-time", "soon"]] {
        let mut all = vec!["replay", "scenarios/primary-failure.toml", "--events"];
        all.extend(wrong);
        assert!(!ecsim(&all).status.success(), "{wrong:?}");
    }
}
