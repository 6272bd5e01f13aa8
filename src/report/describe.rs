//! What the API says of a replication group at an instant of a trial: the documents of
//! `describe-replication-groups`, `modify-replication-group` and `test-failover`.
//!
//! The two calls answer with the fields and in the order of the guide's samples (MZ-19, MZ-51); the
//! describe document has those fields of the service's that the simulator knows. In cluster mode
//! the API tells no roles and no endpoints of nodes. After a restore it tells of the new group, and
//! while that is made, of both. In a second region a group keeps its id, and its AZs their letters
//! (assumed); what AWS puts before the id of the Global Datastore is that of its examples.

use serde::Serialize;

use crate::engine::time::SimTime;
use crate::model::archive::Restore;
use crate::model::fact::{RestoreStep, Status};
use crate::model::persistence::Durability;
use crate::model::plan::{
    Changes, ClusterMode, GroupId, HASH_SLOTS, NodeId, Plan, ShardId, Switch,
};
use crate::model::state::{Process, SlotLayout, State};
use crate::report::endpoint_names::{CACHE_NODE_ID, EndpointNames, PORT};
use crate::report::event_log::Calendar;

/// What AWS puts before the id of a Global Datastore; another in each region.
const GLOBAL_PREFIX: &str = "ldgnf";

/// Which command's answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// `describe-replication-groups`.
    Describe,
    /// `modify-replication-group`.
    Modify,
    /// `test-failover`.
    TestFailover,
    /// `test-migration`, `start-migration` or `complete-migration`, which answer alike (assumed:
    /// with the fields of `test-failover`).
    Migration,
}

/// The document in which `answer` tells of the group as it is in `state`.
pub fn document(plan: &Plan, state: &State, group: GroupId, answer: Answer) -> String {
    document_of(plan, state, (group, None), answer)
}

/// The same, of only that of the groups restored in its place which has the number, if there is
/// one.
pub fn document_of(
    plan: &Plan,
    state: &State,
    (group, number): (GroupId, Option<u32>),
    answer: Answer,
) -> String {
    let view = View { plan, state, group, stage: Stage::Serves };
    let text = match answer {
        Answer::Describe => {
            let views = [Some(view), view.coming()].into_iter().flatten();
            let wanted = views.filter(|view| number.is_none_or(|n| n == view.number()));
            let groups = wanted.map(|view| view.described()).collect();
            serde_json::to_string_pretty(&ReplicationGroups { replication_groups: groups })
        }
        Answer::Modify | Answer::TestFailover | Answer::Migration => {
            let answered = view.answered(answer);
            serde_json::to_string_pretty(&OneGroup { replication_group: answered })
        }
    };
    text.expect("plain data is JSON") + "\n"
}

/// Which of the groups that were restored in the place of a group are described in `state`: 0 is
/// the group itself.
pub fn numbers(state: &State, group: GroupId) -> Vec<u32> {
    let archive = state.archive.group(group);
    let coming = archive.restore.and_then(|restore| stage_of(&restore));
    std::iter::once(archive.restored).chain(coming.map(|_| archive.restored + 1)).collect()
}

/// How far a restore is with its group, if it has made one.
fn stage_of(restore: &Restore) -> Option<Stage> {
    match restore.step {
        RestoreStep::Deciding | RestoreStep::Promoting | RestoreStep::Switching => None,
        RestoreStep::Provisioning | RestoreStep::Loading => Some(Stage::Created(restore.begun)),
        RestoreStep::RePointing => Some(Stage::Answers(restore.begun)),
    }
}

/// The node that automatic backups copy, or nothing where there are none: the one that the
/// scenario names, or else the last replica of the first shard (assumed), or its only node.
pub fn snapshotting_node(plan: &Plan, state: &State, group: GroupId) -> Option<NodeId> {
    let now = state.group(group);
    if now.snapshot_retention == 0 {
        return None;
    }
    now.snapshotting_node.or_else(|| {
        let shard = ShardId(plan.groups[group.idx()].shards.start);
        let primary = state.shard(shard).primary;
        let is_replica = |node: &NodeId| *node != primary && is_member(state, *node);
        let replica = plan.shards[shard.idx()].node_ids().rfind(is_replica);
        Some(replica.unwrap_or(primary))
    })
}

/// Whether the node is part of its group now.
fn is_member(state: &State, node: NodeId) -> bool {
    state.node(node).process != Process::Absent
}

/// Hash slots of each shard of a group as the API writes them: "0-5460". Equal shares are cut
/// where ElastiCache cuts them; others follow one another. The target of a migration has another
/// layout before it is resharded than after.
pub fn slots(plan: &Plan, group: GroupId, layout: SlotLayout) -> Vec<String> {
    let shards = plan.groups[group.idx()].shards.clone().map(ShardId);
    let sizes = shards.clone().map(|shard| match layout {
        SlotLayout::Created => plan.slots_at_start(shard),
        SlotLayout::AsInSource => plan.shards[shard.idx()].hash_slots,
    });
    let (fewest, most) = (sizes.clone().min().unwrap_or(0), sizes.clone().max().unwrap_or(0));
    let n = shards.len() as u32;
    let mut next = 0;
    let range = |(i, size): (u32, u32)| {
        let first = next;
        // Rounded half up: the end of the i-th of n equal parts.
        let equal = (2 * (i + 1) * HASH_SLOTS + n) / (2 * n);
        next = if most - fewest <= 1 { equal } else { first + size };
        format!("{first}-{}", next - 1)
    };
    (0..n).zip(sizes).map(range).collect()
}

/// A group at an instant.
#[derive(Clone, Copy)]
struct View<'a> {
    plan: &'a Plan,
    state: &'a State,
    group: GroupId,
    stage: Stage,
}

/// What is described of a group.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The one that the application writes to.
    Serves,
    /// The new one, which is made or reads its snapshot, since then.
    Created(SimTime),
    /// The new one, which answers, made since then.
    Answers(SimTime),
}

impl View<'_> {
    /// The group that a restore is making.
    fn coming(&self) -> Option<Self> {
        let stage = stage_of(&self.state.archive.group(self.group).restore?)?;
        Some(View { stage, ..*self })
    }

    /// How many restores made the group.
    fn number(&self) -> u32 {
        let restored = self.state.archive.group(self.group).restored;
        match self.stage {
            Stage::Serves => restored,
            Stage::Created(_) | Stage::Answers(_) => restored + 1,
        }
    }

    fn names(&self) -> EndpointNames<'_> {
        let region = self.state.group(self.group).region;
        EndpointNames::new(self.plan, self.group).restored(self.number()).in_region(region)
    }

    fn created(&self) -> SimTime {
        match self.stage {
            Stage::Serves => self.state.archive.group(self.group).created,
            Stage::Created(at) | Stage::Answers(at) => at,
        }
    }

    /// Its place in a Global Datastore: none of a restored group.
    fn in_global_datastore(&self) -> GlobalInfo {
        let is_member = self.plan.region.is_some() && self.number() == 0;
        let id = is_member.then(|| format!("{GLOBAL_PREFIX}-{}", self.names().id()));
        GlobalInfo {
            global_replication_group_id: id,
            global_replication_group_member_role: is_member.then_some("PRIMARY"),
        }
    }

    /// `Durability`, of groups that have any.
    fn durability(&self) -> Option<&'static str> {
        match self.plan.groups[self.group.idx()].durability {
            Durability::Disabled => None,
            Durability::Async => Some("async"),
            Durability::Sync => Some("sync"),
        }
    }

    fn cluster_mode(&self) -> ClusterMode {
        self.plan.groups[self.group.idx()].cluster_mode
    }

    fn status(&self) -> &'static str {
        match self.stage {
            Stage::Serves => self.state.group(self.group).status().name(),
            Stage::Created(_) => "creating",
            Stage::Answers(_) => Status::Available.name(),
        }
    }

    fn shards(&self) -> impl Iterator<Item = ShardId> {
        self.plan.groups[self.group.idx()].shards.clone().map(ShardId)
    }

    fn members(&self, shard: ShardId) -> impl Iterator<Item = NodeId> {
        let nodes = self.plan.shards[shard.idx()].node_ids();
        nodes.filter(|node| is_member(self.state, *node))
    }

    fn member_clusters(&self) -> Vec<String> {
        let nodes = self.shards().flat_map(|shard| self.members(shard));
        nodes.map(|node| self.node_name(node)).collect()
    }

    /// What only cluster mode disabled tells, or only cluster mode enabled: of a group that is
    /// there.
    fn without_cluster<T>(&self, value: impl FnOnce() -> T) -> Option<T> {
        (self.cluster_mode() == ClusterMode::Disabled && self.is_there()).then(value)
    }

    fn with_cluster<T>(&self, value: impl FnOnce() -> T) -> Option<T> {
        (self.cluster_mode() == ClusterMode::Enabled && self.is_there()).then(value)
    }

    fn is_there(&self) -> bool {
        match self.stage {
            Stage::Serves | Stage::Answers(_) => true,
            Stage::Created(_) => false,
        }
    }

    fn role(&self, node: NodeId) -> &'static str {
        let shard = self.plan.nodes[node.idx()].shard;
        let primary = match self.stage {
            Stage::Serves => Some(self.state.shard(shard).primary),
            Stage::Created(_) | Stage::Answers(_) => self.members(shard).next(),
        };
        if primary == Some(node) { "primary" } else { "replica" }
    }

    fn az(&self, node: NodeId) -> String {
        self.names().az(node)
    }

    fn node_name(&self, node: NodeId) -> String {
        self.names().member(node)
    }

    fn pending(&self) -> PendingModifiedValues {
        let pending = match self.stage {
            Stage::Serves => self.state.group(self.group).pending,
            Stage::Created(_) | Stage::Answers(_) => Changes::NONE,
        };
        PendingModifiedValues {
            primary_cluster_id: pending.primary.map(|node| self.node_name(node)),
            automatic_failover_status: pending.automatic_failover.map(enabled),
        }
    }

    fn snapshotting(&self) -> Option<String> {
        snapshotting_node(self.plan, self.state, self.group).map(|node| self.node_name(node))
    }

    /// The answer of a call that changes something.
    fn answered(&self, answer: Answer) -> AnsweredGroup {
        let group = &self.plan.groups[self.group.idx()];
        let state = self.state.group(self.group);
        let tells_more = match answer {
            Answer::TestFailover | Answer::Migration => true,
            Answer::Describe | Answer::Modify => false,
        };
        let is_cluster = self.cluster_mode() == ClusterMode::Enabled;
        let slots = slots(self.plan, self.group, self.state.migration.layout);
        AnsweredGroup {
            status: self.status(),
            description: group.about.description.clone(),
            node_groups: self
                .shards()
                .zip(slots)
                .map(|(shard, slots)| self.answered_shard(shard, slots))
                .collect(),
            cluster_enabled: tells_more.then_some(is_cluster),
            replication_group_id: self.names().id(),
            snapshot_retention_limit: state.snapshot_retention,
            automatic_failover: state.automatic_failover.name(),
            multi_az: enabled(state.multi_az),
            configuration_endpoint: self
                .with_cluster(|| PortFirst::at(self.names().configuration())),
            snapshot_window: group.about.snapshot_window.clone(),
            snapshotting_cluster_id: self.snapshotting(),
            member_clusters: self.member_clusters(),
            cache_node_type: group.about.node_type.clone().filter(|_| tells_more),
            data_tiering: tells_more.then_some("disabled"),
            pending_modified_values: self.pending(),
        }
    }

    fn answered_shard(&self, shard: ShardId, slots: String) -> AnsweredShard {
        let member = |node: NodeId| AnsweredNode {
            current_role: self.without_cluster(|| self.role(node)),
            preferred_availability_zone: self.az(node),
            cache_node_id: CACHE_NODE_ID,
            read_endpoint: self.without_cluster(|| PortFirst::at(self.names().node(node))),
            cache_cluster_id: self.node_name(node),
        };
        AnsweredShard {
            status: self.status(),
            slots: self.with_cluster(|| slots),
            node_group_members: self.members(shard).map(member).collect(),
            node_group_id: self.plan.shards[shard.idx()].id.clone(),
            primary_endpoint: self.without_cluster(|| PortFirst::at(self.names().primary())),
        }
    }

    fn described(&self) -> DescribedGroup {
        let group = &self.plan.groups[self.group.idx()];
        let state = self.state.group(self.group);
        let slots = slots(self.plan, self.group, self.state.migration.layout);
        DescribedGroup {
            replication_group_id: self.names().id(),
            description: group.about.description.clone(),
            global_replication_group_info: self.in_global_datastore(),
            status: self.status(),
            pending_modified_values: self.pending(),
            snapshot_retention_limit: state.snapshot_retention,
            snapshot_window: group.about.snapshot_window.clone(),
            cache_node_type: group.about.node_type.clone(),
            arn: self.names().arn(),
            replication_group_create_time: Calendar::of(self.plan).date(self.created()),
            data_tiering: "disabled",
            engine: group.about.engine,
            durability: self.durability(),
            effective_durability: self.durability(),
            member_clusters: self.member_clusters(),
            node_groups: self
                .shards()
                .zip(slots)
                .map(|(shard, slots)| self.described_shard(shard, slots))
                .collect(),
            snapshotting_cluster_id: self.snapshotting(),
            automatic_failover: state.automatic_failover.name(),
            multi_az: enabled(state.multi_az),
            configuration_endpoint: self
                .with_cluster(|| AddressFirst::at(self.names().configuration())),
            cluster_enabled: self.cluster_mode() == ClusterMode::Enabled,
            cluster_mode: match self.cluster_mode() {
                ClusterMode::Disabled => "disabled",
                ClusterMode::Enabled => "enabled",
            },
        }
    }

    fn described_shard(&self, shard: ShardId, slots: String) -> DescribedShard {
        let member = |node: NodeId| DescribedNode {
            cache_cluster_id: self.node_name(node),
            cache_node_id: CACHE_NODE_ID,
            read_endpoint: self.without_cluster(|| AddressFirst::at(self.names().node(node))),
            preferred_availability_zone: self.az(node),
            current_role: self.without_cluster(|| self.role(node)),
        };
        DescribedShard {
            node_group_id: self.plan.shards[shard.idx()].id.clone(),
            status: self.status(),
            primary_endpoint: self.without_cluster(|| AddressFirst::at(self.names().primary())),
            reader_endpoint: self.without_cluster(|| AddressFirst::at(self.names().reader())),
            slots: self.with_cluster(|| slots),
            node_group_members: self.members(shard).map(member).collect(),
        }
    }
}

fn enabled(switch: Switch) -> &'static str {
    match switch {
        Switch::On => "enabled",
        Switch::Off => "disabled",
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ReplicationGroups {
    replication_groups: Vec<DescribedGroup>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct OneGroup {
    replication_group: AnsweredGroup,
}

/// An object without fields, of a group without a second region.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GlobalInfo {
    #[serde(skip_serializing_if = "Option::is_none")]
    global_replication_group_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    global_replication_group_member_role: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PendingModifiedValues {
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_cluster_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    automatic_failover_status: Option<&'static str>,
}

/// An endpoint as the answers of calls write it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PortFirst {
    port: u16,
    address: String,
}

impl PortFirst {
    fn at(address: String) -> Self {
        PortFirst { port: PORT, address }
    }
}

/// An endpoint as the describe document writes it.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AddressFirst {
    address: String,
    port: u16,
}

impl AddressFirst {
    fn at(address: String) -> Self {
        AddressFirst { address, port: PORT }
    }
}

/// The fields of the two samples in their order; the second has three that the first lacks.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AnsweredGroup {
    status: &'static str,
    description: String,
    node_groups: Vec<AnsweredShard>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster_enabled: Option<bool>,
    replication_group_id: String,
    snapshot_retention_limit: u8,
    automatic_failover: &'static str,
    #[serde(rename = "MultiAZ")]
    multi_az: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    configuration_endpoint: Option<PortFirst>,
    snapshot_window: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshotting_cluster_id: Option<String>,
    member_clusters: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_node_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_tiering: Option<&'static str>,
    pending_modified_values: PendingModifiedValues,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AnsweredShard {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    slots: Option<String>,
    node_group_members: Vec<AnsweredNode>,
    node_group_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_endpoint: Option<PortFirst>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AnsweredNode {
    #[serde(skip_serializing_if = "Option::is_none")]
    current_role: Option<&'static str>,
    preferred_availability_zone: String,
    cache_node_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_endpoint: Option<PortFirst>,
    cache_cluster_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DescribedGroup {
    replication_group_id: String,
    description: String,
    global_replication_group_info: GlobalInfo,
    status: &'static str,
    pending_modified_values: PendingModifiedValues,
    snapshot_retention_limit: u8,
    snapshot_window: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_node_type: Option<String>,
    #[serde(rename = "ARN")]
    arn: String,
    replication_group_create_time: String,
    data_tiering: &'static str,
    engine: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    durability: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effective_durability: Option<&'static str>,
    member_clusters: Vec<String>,
    node_groups: Vec<DescribedShard>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshotting_cluster_id: Option<String>,
    automatic_failover: &'static str,
    #[serde(rename = "MultiAZ")]
    multi_az: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    configuration_endpoint: Option<AddressFirst>,
    cluster_enabled: bool,
    cluster_mode: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DescribedShard {
    node_group_id: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    primary_endpoint: Option<AddressFirst>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reader_endpoint: Option<AddressFirst>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slots: Option<String>,
    node_group_members: Vec<DescribedNode>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DescribedNode {
    cache_cluster_id: String,
    cache_node_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    read_endpoint: Option<AddressFirst>,
    preferred_availability_zone: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_role: Option<&'static str>,
}
