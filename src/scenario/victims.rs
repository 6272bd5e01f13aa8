//! Whom a scheduled fault strikes: a node, an AZ, a shard or a group by its name, or any one of
//! several by chance.

use std::ops::Range;

use super::codes::Code;
use super::reader::{Context, Item, Table};
use super::topology::{Asker, Topology};
use crate::model::api::ApiError;
use crate::model::plan::{AzId, GroupId, NodeId, ShardId, Victim};

/// What leaves a victim to chance. No node, AZ or shard can be called so.
pub(super) const ANY: &str = "any";

const NODE_HINT: &str =
    r#"name the node, as in node = "redis1x3-001", or leave it to chance: node = "any""#;

/// The node that a fault strikes: `node`, and with `"any"` perhaps the `group` that it is one of.
pub(super) fn node(
    table: &mut Table<'_>,
    topology: &Topology,
    cx: &mut Context<'_>,
) -> Option<Victim<NodeId>> {
    let item = table.require("node", &mut cx.errors, NODE_HINT);
    let group = table.get("group");
    let item = item?;
    if is_any(&item, cx) {
        let shards = shards_of(group.as_ref(), topology, cx)?;
        let start = topology.shards[usize::from(shards.start)].nodes.start;
        let end = topology.shards[usize::from(shards.end) - 1].nodes.end;
        return Some(Victim::Any(start..end));
    }
    if let Some(group) = group {
        let message = "says where one is taken by chance, and `node` names one";
        let hint = r#"leave it out, or write node = "any""#;
        cx.errors.report(Code::Exclusive, &group.place, message).hint(hint);
        return None;
    }
    topology.find_node(&item, Asker::Fault, cx).map(Victim::Named)
}

/// The AZ that a fault strikes: `az`.
pub(super) fn az(
    table: &mut Table<'_>,
    topology: &Topology,
    cx: &mut Context<'_>,
) -> Option<Victim<AzId>> {
    let hint = r#"name the AZ, or leave it to chance: az = "any""#;
    let item = table.require("az", &mut cx.errors, hint)?;
    if is_any(&item, cx) {
        let is_known = topology.is_complete && !topology.nodes.is_empty();
        return is_known.then_some(Victim::Any(0..topology.azs.len() as u16));
    }
    topology.find_az(&item, cx).map(Victim::Named)
}

/// The group that a fault or an operation is about, which need not be named if there is only one.
pub(super) fn group(
    table: &mut Table<'_>,
    topology: &Topology,
    asker: Asker,
    cx: &mut Context<'_>,
) -> Option<GroupId> {
    match table.get("group") {
        Some(item) => topology.find_group(&item, asker, cx),
        None if topology.groups.len() == 1 && topology.is_complete => Some(GroupId(0)),
        None => {
            if topology.is_complete && !topology.groups.is_empty() {
                let hint = format!("there are several: {}", topology.group_names());
                let told = cx.errors.missing(&table.place, "group").hint(hint);
                asker.answered(Some(told), (ApiError::MissingParameter, "MZ-21"));
            }
            None
        }
    }
}

/// The shard that a fault strikes, which need not be named if its group has only one.
pub(super) fn shard(
    table: &mut Table<'_>,
    topology: &Topology,
    cx: &mut Context<'_>,
) -> Option<Victim<ShardId>> {
    let item = table.get("shard");
    if item.as_ref().is_some_and(|item| is_any(item, cx)) {
        let group = table.get("group");
        return shards_of(group.as_ref(), topology, cx).map(Victim::Any);
    }
    let group = group(table, topology, Asker::Fault, cx)?;
    if let Some(item) = item {
        return topology.find_shard(group, &item, Asker::Fault, cx).map(Victim::Named);
    }
    let shards = topology.groups[group.idx()].shards.clone();
    if shards.len() != 1 {
        let n = shards.len();
        let message = format!("the group has {n} shards: say which, as in \"0001\", or \"any\"");
        cx.errors.missing(&table.place, "shard").hint(message);
        return None;
    }
    Some(Victim::Named(ShardId(shards.start)))
}

/// The most replicas that a shard among the victims is configured with.
pub(super) fn most_replicas(victim: &Victim<ShardId>, topology: &Topology) -> u64 {
    let shards = match victim {
        Victim::Named(shard) => shard.0..shard.0 + 1,
        Victim::Any(among) => among.clone(),
    };
    let n_nodes = shards.map(|shard| topology.shards[usize::from(shard)].nodes.len());
    n_nodes.max().unwrap_or_default().saturating_sub(1) as u64
}

/// The shards among which chance decides: those of the group, or of all groups. `None` where
/// nobody can know them, which has been reported.
fn shards_of(
    group: Option<&Item<'_>>,
    topology: &Topology,
    cx: &mut Context<'_>,
) -> Option<Range<u16>> {
    let shards = match group {
        Some(group) => {
            topology.groups[topology.find_group(group, Asker::Fault, cx)?.idx()].shards.clone()
        }
        None => 0..topology.shards.len() as u16,
    };
    (topology.is_complete && !shards.is_empty()).then_some(shards)
}

fn is_any(item: &Item<'_>, cx: &mut Context<'_>) -> bool {
    item.is_text() && item.text(&mut cx.errors, "a name") == Some(ANY)
}
