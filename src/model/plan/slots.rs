//! [`Slots`]: the layout of the queue.

use crate::engine::queue::Slot;
use crate::model::plan::{AzId, GroupId, NodeId, Plan, ShardId};

/// The layout of the queue: one slot per thing that can be pending, in the order in which events
/// of one instant happen: faults, repairs, detections, failovers, workflows of groups.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slots {
    n_groups: u32,
    n_azs: u32,
    n_nodes: u32,
    group_lives: u32,
    az_lives: u32,
    node_lives: u32,
    az_returns: u32,
    services: u32,
    detections: u32,
    failovers: u32,
    update_lives: u32,
    workflows: u32,
    windows: u32,
    backup_windows: u32,
    backups: u32,
    restores: u32,
    watches: u32,
    quorums: u32,
    isolations: u32,
    links: u32,
    snapshots: u32,
    migration: u32,
    len: u32,
}

impl Slots {
    /// Number of slots.
    pub fn n_slots(&self) -> usize {
        self.len as usize
    }

    /// The next scheduled fault.
    pub fn script(&self) -> Slot {
        Slot(0)
    }

    /// The next failure of `group` by the `line`-th process of group failures.
    pub fn group_life(&self, line: u16, group: GroupId) -> Slot {
        Slot(self.group_lives + u32::from(line) * self.n_groups + u32::from(group.0))
    }

    /// The next failure of `az` by the `line`-th process of AZ failures.
    pub fn az_life(&self, line: u16, az: AzId) -> Slot {
        Slot(self.az_lives + u32::from(line) * self.n_azs + u32::from(az.0))
    }

    /// The next failure of `node` by the `line`-th process of node failures.
    pub fn node_life(&self, line: u16, node: NodeId) -> Slot {
        Slot(self.node_lives + u32::from(line) * self.n_nodes + u32::from(node.0))
    }

    /// The end of the outage of `az`.
    pub fn az_return(&self, az: AzId) -> Slot {
        Slot(self.az_returns + u32::from(az.0))
    }

    /// The one thing under way at `node`: a restart, a replacement or a full sync.
    pub fn service(&self, node: NodeId) -> Slot {
        Slot(self.services + u32::from(node.0))
    }

    /// The end of the detection window of `shard`.
    pub fn detection(&self, shard: ShardId) -> Slot {
        Slot(self.detections + u32::from(shard.0))
    }

    /// The next step of the failover or cold start of `shard`.
    pub fn failover(&self, shard: ShardId) -> Slot {
        Slot(self.failovers + u32::from(shard.0))
    }

    /// The next announcement of a service update of `group` by the `line`-th process.
    pub fn update_life(&self, line: u16, group: GroupId) -> Slot {
        Slot(self.update_lives + u32::from(line) * self.n_groups + u32::from(group.0))
    }

    /// The next step of what the control plane does to `group` as a whole.
    pub fn workflow(&self, group: GroupId) -> Slot {
        Slot(self.workflows + u32::from(group.0))
    }

    /// The next opening of the maintenance window of `group` that anything waits for.
    pub fn window(&self, group: GroupId) -> Slot {
        Slot(self.windows + u32::from(group.0))
    }

    /// The next automatic backup of `group`.
    pub fn backup_window(&self, group: GroupId) -> Slot {
        Slot(self.backup_windows + u32::from(group.0))
    }

    /// The end of the backup of `group` that runs.
    pub fn backup(&self, group: GroupId) -> Slot {
        Slot(self.backups + u32::from(group.0))
    }

    /// The next step of restoring `group`.
    pub fn restore(&self, group: GroupId) -> Slot {
        Slot(self.restores + u32::from(group.0))
    }

    /// The next step of those who watch the primary of `shard`: its peers, or Sentinels.
    pub fn watch(&self, shard: ShardId) -> Slot {
        Slot(self.watches + u32::from(shard.0))
    }

    /// When the primaries of `group` begin or cease to refuse writes for want of a majority.
    pub fn quorum(&self, group: GroupId) -> Slot {
        Slot(self.quorums + u32::from(group.0))
    }

    /// When the isolated `node` is reached again.
    pub fn isolation(&self, node: NodeId) -> Slot {
        Slot(self.isolations + u32::from(node.0))
    }

    /// What the operator of the migration does next.
    pub fn operator(&self) -> Slot {
        Slot(self.migration)
    }

    /// The result of the test of the migration.
    pub fn migration_test(&self) -> Slot {
        Slot(self.migration + 1)
    }

    /// The end of the cut between source and target.
    pub fn cut(&self) -> Slot {
        Slot(self.migration + 2)
    }

    /// The next thing that happens to a link of the migration.
    pub fn migration_link(&self, link: usize) -> Slot {
        Slot(self.migration + 3 + link as u32)
    }

    /// The next move of a cohort of clients; they come after the links.
    pub fn cohort(&self, plan: &Plan, cohort: u16) -> Slot {
        let n_links = plan.migration.as_ref().map_or(0, |migration| migration.pairs.len());
        Slot(self.migration + 3 + n_links as u32 + u32::from(cohort))
    }

    /// The next moment at which a primary of `shard` has not heard of a replica for too long; there
    /// is none where no writes ask for replicas.
    pub fn links(&self, shard: ShardId) -> Slot {
        Slot(self.links + u32::from(shard.0))
    }

    /// The next snapshot of `group` at intervals of its users' own; there is none where no group
    /// has such.
    pub fn snapshot(&self, group: GroupId) -> Slot {
        Slot(self.snapshots + u32::from(group.0))
    }
}

impl Plan {
    /// Where each kind of pending event lives in the queue.
    pub fn slots(&self) -> Slots {
        let (nodes, azs) = (self.nodes.len() as u32, self.azs.len() as u32);
        let (shards, groups) = (self.shards.len() as u32, self.groups.len() as u32);
        let group_lives = 1;
        let update_lives = group_lives + self.group_failures.len() as u32 * groups;
        let az_lives = update_lives + self.service_updates.len() as u32 * groups;
        let node_lives = az_lives + self.az_failures.len() as u32 * azs;
        let az_returns = node_lives + self.node_failures.len() as u32 * nodes;
        let services = az_returns + azs;
        let isolations = services + nodes;
        let detections = isolations + nodes;
        let failovers = detections + shards;
        let workflows = failovers + shards;
        let windows = workflows + groups;
        let watches = windows + 4 * groups;
        let quorums = watches + shards;
        let links = quorums + groups;
        let n_links = if self.replication.min_replicas > 0 { shards } else { 0 };
        let snapshots = links + n_links;
        let has_snapshots = self.groups.iter().any(|group| group.backups.every.is_some());
        let migration = snapshots + if has_snapshots { groups } else { 0 };
        let n_migration = self.migration.as_ref().map_or(0, |migration| {
            3 + migration.pairs.len() as u32 + u32::from(migration.clients.cohorts)
        });
        Slots {
            n_groups: groups,
            n_azs: azs,
            n_nodes: nodes,
            group_lives,
            az_lives,
            node_lives,
            az_returns,
            services,
            detections,
            failovers,
            update_lives,
            workflows,
            windows,
            backup_windows: windows + groups,
            backups: windows + 2 * groups,
            restores: windows + 3 * groups,
            watches,
            quorums,
            isolations,
            links,
            snapshots,
            migration,
            len: migration + n_migration,
        }
    }
}
