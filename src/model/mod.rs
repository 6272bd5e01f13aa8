//! The simulated replication groups: no I/O, no threads, no clock but the simulated one.
//!
//! [`Event`] lists everything that can happen, [`Step::apply`] says which rule answers it, and the
//! rules stand one file per concern: [`fault`] injects, [`node`] stops and returns nodes,
//! [`isolation`] cuts nodes off, [`replication`] copies data, [`control_plane`] detects, fails over
//! and repairs, [`cluster_bus`] and [`sentinel`] find out and fail over where a group is not left
//! to it, [`endpoint`] moves the writers, [`good_replicas`] stops those that ask for replicas,
//! [`chain`] lets replicas copy from replicas, [`narration`] tells what changed. An online
//! migration has six: [`migration`] answers its calls, [`follow`] lets the target copy and follow
//! over what [`link`] reckons, [`inflow`] says what it has of the source then, [`operator`] cuts
//! over and goes back, [`clients`] moves who writes. [`state`] is all that changes, [`plan`] all
//! that does not, [`fact`] what observers are told. The model cannot fail: a [`plan::Plan`] is
//! checked before it gets here.

pub mod api;
pub mod append_only;
pub mod archive;
pub mod backup;
pub mod chain;
pub mod clients;
pub mod cluster_bus;
pub mod control_plane;
pub mod draws;
pub mod durability;
pub mod endpoint;
pub mod fact;
pub mod fault;
pub mod follow;
pub mod good_replicas;
pub mod inflow;
pub mod invariants;
pub mod isolation;
pub mod link;
pub mod lives;
pub mod maintenance;
pub mod migration;
pub mod narration;
pub mod node;
pub mod operation;
pub mod operator;
pub mod persistence;
pub mod plan;
pub mod policy;
pub mod region;
pub mod replication;
pub mod restore;
pub mod script;
pub mod sentinel;
pub mod state;

use crate::engine::queue::EventQueue;
use crate::engine::time::SimTime;
use draws::Chance;
use fact::{Fact, Observer};
use plan::{AzId, GroupId, NodeId, Plan, ShardId, Slots};
use state::State;

/// Everything that can happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// The next of what is scheduled is due.
    ScriptDue,
    /// A random failure of a whole group, by the process `line`.
    GroupFails {
        /// Position among the group-failure lines.
        line: u16,
        /// The group.
        group: GroupId,
    },
    /// A random AZ failure, by the process `line`.
    AzFails {
        /// Position among the az-failure lines.
        line: u16,
        /// The AZ.
        az: AzId,
    },
    /// A random loss of a node's host, by the process `line`.
    NodeFails {
        /// Position among the node-failure lines.
        line: u16,
        /// The node.
        node: NodeId,
    },
    /// The AZ is up again.
    AzReturns(AzId),
    /// The crashed or rebooted process answers again.
    ProcessReturns(NodeId),
    /// The replacement of a lost host answers.
    ReplacementReady(NodeId),
    /// The full sync of the node ends.
    SyncEnds(NodeId),
    /// The control plane decides on what it suspects in the shard.
    DetectionDue(ShardId),
    /// The control plane promotes a replica.
    PromotionDue(ShardId),
    /// The endpoint names the new primary.
    EndpointDue(ShardId),
    /// The empty node becomes primary.
    ColdStartDue(ShardId),
    /// A service update of the group is announced, by the process `line`.
    UpdateAnnounced {
        /// Position among the service-update lines.
        line: u16,
        /// The group.
        group: GroupId,
    },
    /// A planned recreation of the primary comes to its next stage.
    RecreationDue(ShardId),
    /// What the control plane scheduled for the node that it took offline begins.
    RecoveryDue(NodeId),
    /// The next step of what the control plane does to the group as a whole.
    WorkflowDue(GroupId),
    /// The maintenance window of the group opens.
    WindowOpens(GroupId),
    /// An automatic backup of the group is to begin.
    BackupWindowDue(GroupId),
    /// The backup of the group ends.
    BackupDue(GroupId),
    /// Something of the group's users calls for a snapshot.
    SnapshotDue(GroupId),
    /// The next step of restoring the group.
    RestoreDue(GroupId),
    /// The node has read its append-only file.
    ReplayDue(NodeId),
    /// Those who watch the primary of the shard come to their next step.
    WatchDue(ShardId),
    /// The primaries of the group begin or cease to refuse writes.
    QuorumDue(GroupId),
    /// The isolated primary notices that it sees no majority of its peers.
    MinorityNoticed(NodeId),
    /// The isolated node is reached again, or takes part again after it was.
    IsolationEnds(NodeId),
    /// A primary of the shard has not heard of a replica for as long as it may.
    LinkTimesOut(ShardId),
    /// The next thing happens to the link of the migration with this number.
    LinkDue(u16),
    /// The operator of the migration does what he does next.
    OperatorDue,
    /// The result of the test of the migration is there.
    MigrationTested,
    /// The network between source and target is whole again.
    CutEnds,
    /// The cohort of clients with this number moves on.
    CohortDue(u16),
}

const _: () = assert!(size_of::<Event>() <= 16, "events are copied in the innermost loop");

/// One step of a trial: what a rule may read and change.
pub struct Step<'a, O> {
    /// The current instant.
    pub now: SimTime,
    /// Where its random numbers come from.
    pub chance: Chance<'a>,
    /// The immutable input.
    pub plan: &'a Plan,
    /// Layout of the queue.
    pub slots: Slots,
    /// All that changes.
    pub state: &'a mut State,
    /// What is pending.
    pub queue: &'a mut EventQueue<Event>,
    /// Who listens.
    pub observer: &'a mut O,
}

impl<O: Observer> Step<'_, O> {
    /// Applies one event. Everything that changes, changes here.
    pub fn apply(&mut self, event: Event) {
        match event {
            Event::ScriptDue => self.script_due(),
            Event::GroupFails { line, group } => self.group_life_ends(line, group),
            Event::AzFails { line, az } => self.az_life_ends(line, az),
            Event::NodeFails { line, node } => self.node_life_ends(line, node),
            Event::AzReturns(az) => self.az_returns(az),
            Event::ProcessReturns(node) => self.process_returns(node),
            Event::ReplacementReady(node) => self.replacement_ready(node),
            Event::SyncEnds(node) => self.sync_ends(node),
            Event::DetectionDue(shard) => self.detection_due(shard),
            Event::PromotionDue(shard) => self.promotion_due(shard),
            Event::EndpointDue(shard) => self.endpoint_due(shard),
            Event::ColdStartDue(shard) => self.cold_start_due(shard),
            Event::UpdateAnnounced { line, group } => self.update_announced(line, group),
            Event::RecreationDue(shard) => self.recreation_due(shard),
            Event::RecoveryDue(node) => self.recovery_due(node),
            Event::WorkflowDue(group) => self.workflow_due(group),
            Event::WindowOpens(group) => self.window_opens(group),
            Event::BackupWindowDue(group) => self.backup_window_due(group),
            Event::BackupDue(group) => self.backup_due(group),
            Event::SnapshotDue(group) => self.snapshot_due(group),
            Event::RestoreDue(group) => self.restore_due(group),
            Event::ReplayDue(node) => self.replay_due(node),
            Event::WatchDue(shard) => self.watch_due(shard),
            Event::QuorumDue(group) => self.quorum_due(group),
            Event::MinorityNoticed(node) => self.minority_noticed(node),
            Event::IsolationEnds(node) => self.isolation_ends(node),
            Event::LinkTimesOut(shard) => self.link_times_out(shard),
            Event::LinkDue(link) => self.link_due(usize::from(link)),
            Event::OperatorDue => self.operator_due(),
            Event::MigrationTested => self.migration_tested(),
            Event::CutEnds => self.cut_ends(),
            Event::CohortDue(cohort) => self.cohort_due(cohort),
        }
    }

    /// Schedules what is pending at the start of a trial.
    pub fn begin(&mut self) {
        self.draw_script();
        self.schedule_early_clients();
        for group in self.plan.group_ids() {
            self.start_group_lives(group);
            self.start_update_lives(group);
            self.schedule_backup_window(group);
            self.schedule_snapshot(group);
        }
        for az in self.plan.az_ids() {
            self.start_az_lives(az);
        }
        for node in self.plan.node_ids() {
            if self.plan.nodes[node.idx()].membership == plan::Membership::Member {
                self.start_node_lives(node);
            }
        }
    }

    /// Closes the trial's books at the current instant.
    pub fn finish(&mut self) {
        for shard in self.plan.shard_ids() {
            self.settle(shard);
        }
        self.tell_astray();
        self.tell_migration();
    }

    /// Counts the writes offered to a shard up to now.
    #[inline]
    fn settle(&mut self, shard: ShardId) {
        self.state.books_mut(shard).settle(self.now);
    }

    /// The nodes of a shard.
    #[inline]
    fn nodes_of(&self, shard: ShardId) -> &[state::Node] {
        &self.state.config.nodes[self.plan.shards[shard.idx()].node_range()]
    }

    #[inline]
    fn note(&mut self, fact: Fact) {
        self.observer.on_fact(self.now, fact);
    }
}
