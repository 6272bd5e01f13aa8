//! From groups as written to the flat, numbered tables of a `Plan`: AZs, shards, nodes, hash
//! slots, and each shard's part of the writes and of the data.

use std::collections::{BTreeMap, BTreeSet};

use super::codes::Code;
use super::diagnostics::{Diagnostic, Place, hint_names, listed};
use super::groups::{GroupDraft, ShardDraft};
use super::limits;
use super::migration_calls::Migrating;
use super::reader::{Context, Item};
use super::victims;
use crate::model::api::ApiError;
use crate::model::draws::entity;
use crate::model::plan::{
    Az, AzId, Backups, ClusterMode, Detector, Group, GroupId, HASH_SLOTS, Keeper, Node, NodeId,
    Operation, Promotion, Shard, ShardId,
};

/// The tables, and how to find what a scenario names.
#[derive(Default)]
pub(super) struct Topology {
    pub groups: Vec<Group>,
    pub shards: Vec<Shard>,
    pub nodes: Vec<Node>,
    pub azs: Vec<Az>,
    az_ids: BTreeMap<String, AzId>,
    node_ids: BTreeMap<String, NodeId>,
    /// Whether all groups could be read; if not, an unknown name may be one of theirs.
    pub is_complete: bool,
    /// Where data is migrated from, and whereto.
    pub migration: Migrating,
}

/// Writes per second as the scenario gives them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum WriteRate {
    /// For a whole group, split by slot share.
    PerGroup(u64),
    /// For each shard.
    PerShard(u64),
}

/// What is split over the shards of each group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Load {
    /// Writes.
    pub rate: WriteRate,
    /// Reads of a group per second.
    pub reads_per_sec: u64,
    /// Bytes of data of a group.
    pub dataset_bytes: u64,
}

/// The numbers of AZs for their random numbers: by first appearance over all policies, so that a
/// policy that uses an AZ more moves no other's.
#[derive(Clone, Default, Debug)]
pub(super) struct AzNumbers {
    by_name: BTreeMap<String, u16>,
}

impl AzNumbers {
    /// The number of the AZ of that name, which is the next if it was not named before.
    pub fn number(&mut self, name: &str) -> u16 {
        let next = self.by_name.len() as u16;
        *self.by_name.entry(name.to_owned()).or_insert(next)
    }
}

/// Far beyond what one account runs in a region, and what 16 bits number.
pub(super) const MAX_GROUPS: usize = 1_000;
/// Likewise.
const MAX_NODES: usize = 65_000;
/// Likewise.
const MAX_AZS: usize = 1_000;

/// The AZs that a group names, in order, with repetitions.
fn az_names(draft: &GroupDraft) -> impl Iterator<Item = &str> {
    let of_nodes = draft.shards.iter().flat_map(|shard| &shard.nodes).map(|node| node.az.as_str());
    draft.azs.iter().map(String::as_str).chain(of_nodes)
}

/// Numbers the groups of a trial that begins at `start`, in seconds of Unix time. Each draft has
/// its number of nodes checked; their sum is checked here.
pub(super) fn number(
    drafts: &[GroupDraft],
    load: Load,
    (promotion, start): (Option<Promotion>, i64),
    azs: &mut AzNumbers,
    cx: &mut Context<'_>,
) -> Topology {
    let mut topology = Topology { is_complete: true, ..Topology::default() };
    let n_azs = drafts.iter().flat_map(az_names).collect::<BTreeSet<_>>().len();
    let n_nodes: usize = drafts.iter().flat_map(|g| &g.shards).map(|s| s.nodes.len()).sum();
    if n_nodes > MAX_NODES || n_azs > MAX_AZS || drafts.len() > MAX_GROUPS {
        if let Some(last) = drafts.last() {
            let n_groups = drafts.len();
            let message = format!("makes {n_groups} groups, {n_nodes} nodes and {n_azs} AZs");
            let hint = format!("at most {MAX_GROUPS}, {MAX_NODES} and {MAX_AZS} are possible");
            cx.errors.report(Code::TooMany, &last.place, message).hint(hint);
        }
        topology.is_complete = false;
        return topology;
    }
    for draft in drafts {
        topology.add_group(draft, load, (promotion, start), cx);
    }
    for (n, node) in topology.nodes.iter().enumerate() {
        topology.azs[node.az.idx()].nodes.push(NodeId(n as u16));
    }
    for az in &mut topology.azs {
        az.entity = entity::az(azs.number(&az.name));
    }
    for (rank, id) in topology.node_ids.values().enumerate() {
        topology.nodes[id.idx()].rank = rank as u16;
    }
    topology
}

impl Topology {
    fn add_group(
        &mut self,
        draft: &GroupDraft,
        load: Load,
        (promotion, start): (Option<Promotion>, i64),
        cx: &mut Context<'_>,
    ) {
        if self.groups.iter().any(|group| group.id == draft.id) {
            let message = format!("another group has the id `{}`", draft.id);
            let told = cx.errors.report(Code::NotUnique, &draft.place, message);
            told.hint(answer(ApiError::ReplicationGroupAlreadyExists));
            self.is_complete = false;
            return;
        }
        for az in &draft.azs {
            self.az(az);
        }
        let first_shard = self.shards.len() as u16;
        let even = || split(u64::from(HASH_SLOTS), &vec![1; draft.shards.len()]);
        let slots = draft.slots.clone().unwrap_or_else(even);
        let rates = match load.rate {
            WriteRate::PerGroup(rate) => split(rate, &slots),
            WriteRate::PerShard(rate) => vec![rate; draft.shards.len()],
        };
        let reads = split(load.reads_per_sec, &slots);
        let bytes = split(load.dataset_bytes, &slots);
        for (h, shard) in draft.shards.iter().enumerate() {
            let first_node = self.nodes.len() as u16;
            let numbers = (GroupId(self.groups.len() as u16), h as u16);
            self.add_nodes(shard, numbers, cx);
            self.shards.push(Shard {
                id: shard.id.clone(),
                group: numbers.0,
                nodes: first_node..self.nodes.len() as u16,
                hash_slots: slots[h] as u32,
                writes_per_sec: rates[h],
                reads_per_sec: reads[h],
                dataset_bytes: bytes[h],
                entity: entity::shard(numbers.0.0, numbers.1),
            });
        }
        self.connect(draft);
        let of_name = |(name, _): &(String, Place)| self.node_ids.get(name).copied();
        let own = draft.self_hosted.as_ref();
        let detector = own.map_or(Some(Detector::Managed), |own| own.detector);
        self.groups.push(Group {
            id: draft.id.clone(),
            shards: first_shard..self.shards.len() as u16,
            keeper: own.map_or(Keeper::ElastiCache, |_| Keeper::Users),
            promotion: promotion.filter(|_| detector.is_some()),
            automatic_failover: draft.automatic_failover,
            multi_az: draft.multi_az,
            cluster_mode: draft.cluster_mode,
            detector: detector.unwrap_or(Detector::Managed),
            handover: draft.handover(),
            external_replicas: limits::external_replicas(draft.engine),
            multi_az_support: draft.multi_az_support(),
            append_only_support: draft.append_only_support(),
            maintenance: draft.schedule.maintenance.window(start),
            backups: Backups {
                retention_days: draft.schedule.retention,
                window: draft.schedule.snapshot.window(start),
                node: draft.schedule.snapshotting_node.as_ref().and_then(of_name),
                every: draft.schedule.every.as_ref().map(|(law, _)| law.clone()),
            },
            append_only_file: draft.append_only_file,
            durability: draft.durability,
            memory_bytes: draft.memory_bytes(),
            forkless: draft.forkless(),
            about: draft.about(),
        });
    }

    /// Lets nodes of a self-hosted group listen where the scenario says, and replicas copy from those
    /// that it names.
    fn connect(&mut self, draft: &GroupDraft) {
        let nodes = draft.shards.iter().flat_map(|shard| &shard.nodes);
        let own = draft.self_hosted.iter().flat_map(|own| &own.endpoints);
        for (node, endpoint) in nodes.zip(own) {
            if let Some(id) = self.node_ids.get(&node.name) {
                self.nodes[id.idx()].listens = Some(endpoint.clone());
            }
        }
        for (replica, upstream) in draft.self_hosted.iter().flat_map(|own| &own.chained) {
            if let (Some(replica), Some(upstream)) =
                (self.node_ids.get(replica), self.node_ids.get(upstream))
            {
                self.nodes[replica.idx()].chained_to = Some(*upstream);
            }
        }
    }

    fn add_nodes(&mut self, shard: &ShardDraft, (group, h): (GroupId, u16), cx: &mut Context<'_>) {
        for (slot, draft) in shard.nodes.iter().enumerate() {
            let az = self.az(&draft.az);
            let id = NodeId(self.nodes.len() as u16);
            if self.node_ids.insert(draft.name.clone(), id).is_some() {
                let message = format!("another node has the name `{}`", draft.name);
                cx.errors.report(Code::NotUnique, &draft.place, message);
            }
            self.nodes.push(Node {
                name: draft.name.clone(),
                shard: ShardId(self.shards.len() as u16),
                // By name, once all names are known.
                rank: 0,
                az,
                membership: draft.membership,
                chained_to: None,
                listens: None,
                entity: entity::node(group.0, h, slot as u16),
            });
        }
    }

    /// The AZ of that name, which is new if it was not named before.
    fn az(&mut self, name: &str) -> AzId {
        if let Some(&id) = self.az_ids.get(name) {
            return id;
        }
        let id = AzId(self.azs.len() as u16);
        self.az_ids.insert(name.to_owned(), id);
        // The address of its random numbers comes when all are known.
        self.azs.push(Az { name: name.to_owned(), nodes: Vec::new(), entity: 0 });
        id
    }

    /// The AZ that `item` names.
    pub fn find_az(&self, item: &Item<'_>, cx: &mut Context<'_>) -> Option<AzId> {
        let name = item.text(&mut cx.errors, "the name of an AZ")?;
        let found = self.az_ids.get(name).copied();
        if found.is_none() {
            let names = self.azs.iter().map(|az| az.name.as_str());
            let names: Vec<&str> = names.chain([victims::ANY]).collect();
            self.unknown(item, "no node is in this AZ", &names, cx);
        }
        found
    }

    /// The node that `item` names.
    pub fn find_node(&self, item: &Item<'_>, asker: Asker, cx: &mut Context<'_>) -> Option<NodeId> {
        let name = item.text(&mut cx.errors, "the name of a node")?;
        let found = self.node_ids.get(name).copied();
        if found.is_none() {
            let names = self.nodes.iter().map(|node| node.name.as_str());
            let names: Vec<&str> = names.chain(asker.any()).collect();
            let told = self.unknown(item, "there is no such node", &names, cx);
            asker.answered(told, (ApiError::CacheClusterNotFound, "MZ-57, MZ-60"));
        }
        found
    }

    /// The group that `item` names.
    pub fn find_group(
        &self,
        item: &Item<'_>,
        asker: Asker,
        cx: &mut Context<'_>,
    ) -> Option<GroupId> {
        let name = item.text(&mut cx.errors, "the id of a group")?;
        let found = self.groups.iter().position(|group| group.id == name);
        if found.is_none() {
            let names: Vec<&str> = self.groups.iter().map(|group| group.id.as_str()).collect();
            let told = self.unknown(item, "there is no such group", &names, cx);
            // The group must be there already.
            asker.answered(told, (ApiError::ReplicationGroupNotFound, "MZ-21"));
        }
        found.map(|n| GroupId(n as u16))
    }

    /// The shard of `group` that `item` names: by its id, in an operation also with the group's in
    /// front, as the guide's samples have it (MZ-50).
    pub fn find_shard(
        &self,
        group: GroupId,
        item: &Item<'_>,
        asker: Asker,
        cx: &mut Context<'_>,
    ) -> Option<ShardId> {
        let name = item.text(&mut cx.errors, "the id of a shard")?;
        let range = self.groups[group.idx()].shards.clone();
        let called =
            |name: &str| range.clone().map(ShardId).find(|id| self.shards[id.idx()].id == name);
        let inner = name.strip_prefix(&self.groups[group.idx()].id);
        let inner = inner.and_then(|rest| rest.strip_prefix('-'));
        let found = called(name).or_else(|| match asker {
            Asker::Fault => None,
            Asker::Operation => inner.and_then(called),
        });
        if found.is_none() {
            let shards = range.map(|n| self.shards[usize::from(n)].id.as_str());
            let names: Vec<&str> = shards.chain(asker.any()).collect();
            let told = self.unknown(item, "the group has no such shard", &names, cx);
            asker.answered(told, (ApiError::NodeGroupNotFound, "MZ-50"));
        }
        found
    }

    /// The cluster mode of the node's group.
    pub fn cluster_mode_of(&self, node: NodeId) -> ClusterMode {
        let shard = &self.shards[self.nodes[node.idx()].shard.idx()];
        self.groups[shard.group.idx()].cluster_mode
    }

    /// The group that an operation is about.
    pub fn group_of(&self, operation: &Operation) -> GroupId {
        match operation {
            Operation::Modify { group, .. }
            | Operation::SetReplicas { group, .. }
            | Operation::AttachExternalReplica { group, .. }
            | Operation::CreateSnapshot { group }
            | Operation::ServiceUpdate { group, .. }
            | Operation::Migration { target: group, .. } => *group,
            Operation::PromoteReplica { node } | Operation::Reboot { node } => {
                self.shards[self.nodes[node.idx()].shard.idx()].group
            }
            Operation::TestFailover { shard, .. } => self.shards[shard.idx()].group,
        }
    }

    /// Whether the node is one of the group's.
    pub fn is_in(&self, node: &Node, group: GroupId) -> bool {
        self.shards[node.shard.idx()].group == group
    }

    /// Ids of all groups, for hints.
    pub fn group_names(&self) -> String {
        listed(self.groups.iter().map(|group| group.id.as_str()))
    }

    /// Reports a name that is not among `names`, if all names are known.
    fn unknown<'e>(
        &self,
        item: &Item<'_>,
        message: &str,
        names: &[&str],
        cx: &'e mut Context<'_>,
    ) -> Option<&'e mut Diagnostic> {
        let name = item.text(&mut cx.errors, "a name").filter(|_| self.is_complete)?;
        let diagnostic: &mut Diagnostic =
            cx.errors.report(Code::UnknownTarget, &item.place, message);
        hint_names(diagnostic, name, names);
        Some(diagnostic)
    }
}

/// Who looks for something by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Asker {
    /// A fault, which may leave to chance what it strikes.
    Fault,
    /// An operation, which the API answers.
    Operation,
}

impl Asker {
    /// The word for any one, for those who know it.
    fn any(self) -> Option<&'static str> {
        match self {
            Asker::Fault => Some(victims::ANY),
            Asker::Operation => None,
        }
    }

    /// Says what the API answers and by which rule, to those who ask it.
    pub fn answered(self, told: Option<&mut Diagnostic>, (error, rule): (ApiError, &str)) {
        match (self, told) {
            (Asker::Operation, Some(diagnostic)) => drop(diagnostic.hint(answer_by(error, rule))),
            (Asker::Operation, None) | (Asker::Fault, _) => {}
        }
    }
}

/// What the API says to it, as a hint.
pub(super) fn answer(error: ApiError) -> String {
    format!("AWS answers {} ({})", error.code(), error.http_status())
}

/// Reads, and says of each mistake that is met what the API says to it.
pub(super) fn answered<'a, T>(
    error: ApiError,
    cx: &mut Context<'a>,
    read: impl FnOnce(&mut Context<'a>) -> T,
) -> T {
    let n = cx.errors.count();
    let value = read(cx);
    cx.errors.hint_since(n, &answer(error));
    value
}

/// What the API says to it and by which rule, as a hint.
pub(super) fn answer_by(error: ApiError, rule: &str) -> String {
    format!("{}: {rule}", answer(error))
}

/// Splits `total` in proportion to `weights` into whole parts whose sum is exact: the largest
/// remainders get one more, of equal ones the earlier.
fn split(total: u64, weights: &[u64]) -> Vec<u64> {
    let sum: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
    let sum = sum.max(1);
    let exact = |weight: u64| u128::from(total) * u128::from(weight);
    let mut parts: Vec<u64> = weights.iter().map(|&weight| (exact(weight) / sum) as u64).collect();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|&n| std::cmp::Reverse(exact(weights[n]) % sum));
    let left = total.saturating_sub(parts.iter().sum());
    for &n in by_remainder.iter().take(left as usize) {
        parts[n] += 1;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn parts_sum_to_the_total_and_the_largest_remainders_get_more() {
        let check = |total: u64, weights: &[u64], expected: &[u64]| {
            assert_eq!(split(total, weights), expected, "{total} by {weights:?}");
        };
        check(16_384, &[1, 1, 1], &[5_462, 5_461, 5_461]);
        check(10, &[5_462, 5_461, 5_461], &[4, 3, 3]);
        check(0, &[1, 2], &[0, 0]);
        check(7, &[1, 2, 4], &[1, 2, 4]);
        check(1, &[1, 3], &[0, 1]);
        check(u64::MAX, &[1], &[u64::MAX]);
    }
}
