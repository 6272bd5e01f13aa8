//! [`Reach`]: which shards an event may change, and which lives concern them, so that nobody has to
//! look at all of a fleet after each event.

use crate::model::Event;
use crate::model::lives::LifeOf;
use crate::model::plan::{AzId, GroupId, NodeId, Plan, ShardId};

/// Whom events reach in a plan.
#[derive(Clone, Debug)]
pub struct Reach {
    shards: Vec<ShardId>,
    /// By node.
    shard_of: Vec<ShardId>,
    /// By AZ.
    by_az: Vec<Vec<ShardId>>,
    /// By group.
    by_group: Vec<Vec<ShardId>>,
    extent: Extent,
}

/// How far the consequences of an event go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Extent {
    /// What happens to a node or a shard is a matter of that shard.
    Local,
    /// Work on one shard may begin because another has become whole.
    Everywhere,
}

impl Reach {
    /// For the events of a plan.
    pub fn new(plan: &Plan) -> Self {
        let shard_of: Vec<ShardId> = plan.nodes.iter().map(|node| node.shard).collect();
        let of_az = |az: AzId| {
            let of_nodes = plan.azs[az.idx()].nodes.iter().map(|node| shard_of[node.idx()]);
            let mut shards: Vec<ShardId> = of_nodes.collect();
            shards.sort_unstable();
            shards.dedup();
            shards
        };
        let of_group =
            |group: GroupId| plan.groups[group.idx()].shards.clone().map(ShardId).collect();
        let is_left_alone = plan.script.is_empty()
            && plan.service_updates.is_empty()
            && plan.region.is_none()
            && plan.migration.is_none();
        Reach {
            shards: plan.shard_ids().collect(),
            by_az: plan.az_ids().map(of_az).collect(),
            by_group: plan.group_ids().map(of_group).collect(),
            shard_of,
            extent: if is_left_alone { Extent::Local } else { Extent::Everywhere },
        }
    }

    /// All shards.
    pub fn all(&self) -> &[ShardId] {
        &self.shards
    }

    /// The shards whose nodes a life takes away when it ends.
    pub fn of_life(&self, life: LifeOf) -> &[ShardId] {
        match life {
            LifeOf::Node(_, node) => self.of_node(node),
            LifeOf::Az(_, az) => &self.by_az[az.idx()],
            LifeOf::Group(_, group) => &self.by_group[group.idx()],
        }
    }

    /// The shards that may look different after an event.
    pub fn of(&self, event: Event) -> &[ShardId] {
        if self.extent == Extent::Everywhere {
            return &self.shards;
        }
        match event {
            Event::NodeFails { node, .. }
            | Event::ProcessReturns(node)
            | Event::ReplacementReady(node)
            | Event::SyncEnds(node)
            | Event::RecoveryDue(node)
            | Event::ReplayDue(node)
            | Event::MinorityNoticed(node)
            | Event::IsolationEnds(node) => self.of_node(node),
            Event::DetectionDue(shard)
            | Event::PromotionDue(shard)
            | Event::EndpointDue(shard)
            | Event::ColdStartDue(shard)
            | Event::RecreationDue(shard)
            | Event::WatchDue(shard)
            | Event::LinkTimesOut(shard) => self.one(shard),
            Event::AzFails { az, .. } | Event::AzReturns(az) => &self.by_az[az.idx()],
            Event::GroupFails { group, .. }
            | Event::UpdateAnnounced { group, .. }
            | Event::WorkflowDue(group)
            | Event::WindowOpens(group)
            | Event::BackupWindowDue(group)
            | Event::BackupDue(group)
            | Event::SnapshotDue(group)
            | Event::QuorumDue(group) => &self.by_group[group.idx()],
            Event::ScriptDue
            | Event::RestoreDue(_)
            | Event::LinkDue(_)
            | Event::OperatorDue
            | Event::MigrationTested
            | Event::CutEnds
            | Event::CohortDue(_) => &self.shards,
        }
    }

    fn of_node(&self, node: NodeId) -> &[ShardId] {
        self.one(self.shard_of[node.idx()])
    }

    fn one(&self, shard: ShardId) -> &[ShardId] {
        &self.shards[shard.idx()..=shard.idx()]
    }
}
