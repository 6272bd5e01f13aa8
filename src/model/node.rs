//! Nodes stop and return.
//!
//! What stops loses its memory: there is no persistence in this model. A lost host is replaced
//! in its own AZ; a crashed or rebooted process returns on its host. Whoever returns is empty,
//! and what happens next depends on whether a primary serves, and on who knew of the failure.

use crate::model::draws::Purpose;
use crate::model::fact::{Cause, Fact, Observer, Role, Stop};
use crate::model::plan::{
    NodeId, RebootBy, ReplacementAz, ReplacementStarts, ShardId, SubDetection, SyncingNodes,
};
use crate::model::state::{
    Az, Belief, Data, Dataset, Failover, Process, Recovery, Replacement, Serving,
};
use crate::model::{Event, Step};

impl<O: Observer> Step<'_, O> {
    /// A node stops; [`Self::shard_struck`] must follow once all nodes of one fault have.
    pub(super) fn node_stops(&mut self, id: NodeId, process: Process, stop: Stop, cause: Cause) {
        debug_assert!(process != Process::Running, "a node that stops does not run");
        let shard = self.plan.nodes[id.idx()].shard;
        let role = match self.state.config.shards[shard.idx()].primary == id {
            true => Role::Primary,
            false => Role::Replica,
        };
        let shard_state = &mut self.state.config.shards[shard.idx()];
        if process == Process::Lost
            && shard_state.primary == id
            && shard_state.serving == Serving::Interrupted
        {
            // A process that may come back lost its host: whoever returns is somebody else.
            shard_state.serving = Serving::No;
        }
        let node = &mut self.state.config.nodes[id.idx()];
        node.process = process;
        node.data = Data::Empty;
        node.upstream = None;
        node.replacement = Replacement::Idle;
        node.recovery = Recovery::Settled;
        self.queue.clear(self.slots.service(id));
        if process == Process::Lost {
            self.end_node_lives(id);
        }
        self.note(Fact::NodeDown { node: id, stop, role, cause });
    }

    /// Draws the consequences of one fault for one shard, of which at least `struck` stopped.
    pub(super) fn shard_struck(&mut self, shard: ShardId, struck: NodeId, cause: Cause) {
        let primary = self.state.config.shards[shard.idx()].primary;
        if self.state.serves(shard) && !self.state.answers(primary) {
            self.primary_lost(shard, cause);
        }
        self.sync_sources_lost(shard);
        if self.state.config.shards[shard.idx()].dataset == Dataset::Held
            && self.complete_copies(shard) == 0
        {
            self.dataset_lost(shard);
        }
        self.cold_start_struck(shard);
        self.suspect(shard, struck);
        self.try_cold_start(shard);
        self.repair_shard(shard);
        self.watch(shard);
    }

    /// Repairs what may be repaired now in the shard.
    pub(super) fn repair_shard(&mut self, shard: ShardId) {
        for node in self.plan.shards[shard.idx()].node_ids() {
            self.repair(node);
        }
    }

    /// Starts the replacement of a lost host, if it may start: the replacement runs in the AZ of
    /// the node it replaces (MZ-28), and by default only while that AZ is up (MZ-59).
    pub(super) fn repair(&mut self, node: NodeId) {
        let state = self.state.config.nodes[node.idx()];
        if state.process != Process::Lost || state.replacement == Replacement::Provisioning {
            return;
        }
        let az_down = self.state.config.azs[self.plan.nodes[node.idx()].az.idx()] == Az::Down;
        if !self.repair_may_start(node) {
            return;
        }
        if az_down && self.plan.rules.replacement_az == ReplacementAz::Waits {
            if state.replacement == Replacement::Idle {
                self.state.config.nodes[node.idx()].replacement = Replacement::WaitingForAz;
                self.note(Fact::ReplacementWaits { node });
            }
            return;
        }
        self.state.config.nodes[node.idx()].replacement = Replacement::Provisioning;
        self.state.config.nodes[node.idx()].recovery = Recovery::Announced;
        let n = self.state.clocks.nodes[node.idx()].replacements;
        self.state.clocks.nodes[node.idx()].replacements += 1;
        let takes = self.node_time(&self.plan.timing.replacement, node, Purpose::Replacement, n);
        let slot = self.slots.service(node);
        self.queue.schedule(slot, self.now + takes, Event::ReplacementReady(node));
        self.note(Fact::ReplacementStarted { node });
    }

    fn repair_may_start(&self, node: NodeId) -> bool {
        let detected = self.state.config.nodes[node.idx()].belief == Belief::Down;
        let shard = self.plan.nodes[node.idx()].shard;
        let in_failover = matches!(
            self.state.config.shards[shard.idx()].failover,
            Failover::Promoting | Failover::UpdatingEndpoint
        );
        match self.plan.rules.replacement_starts {
            ReplacementStarts::AtFailure => true,
            ReplacementStarts::AfterDetection => detected,
            ReplacementStarts::AfterFailover => detected && !in_failover,
        }
    }

    /// The replacement answers, empty.
    pub(super) fn replacement_ready(&mut self, id: NodeId) {
        let node = &mut self.state.config.nodes[id.idx()];
        debug_assert!(node.process == Process::Lost, "only a lost host is replaced");
        node.process = Process::Running;
        node.replacement = Replacement::Idle;
        node.belief = Belief::Up;
        self.note(Fact::NodeReplaced { node: id });
        if self.plan.rules.syncing_nodes == SyncingNodes::CanFail {
            self.start_node_lives(id);
        }
        self.node_joins(id);
    }

    /// A crashed or rebooted process answers again, empty. If it was the primary, and nobody has
    /// noticed or nobody minds, it is the primary still (MZ-60, MZ-61).
    pub(super) fn process_returns(&mut self, id: NodeId) {
        let shard = self.plan.nodes[id.idx()].shard;
        let node = &mut self.state.config.nodes[id.idx()];
        let was = node.process;
        node.process = Process::Running;
        self.note(Fact::ProcessBack { node: id });
        let shard_state = self.state.config.shards[shard.idx()];
        let still_primary =
            shard_state.primary == id && shard_state.serving == Serving::Interrupted;
        let by_customer = was == Process::Rebooting(RebootBy::Customer);
        let blip = self.plan.rules.sub_detection_fault == SubDetection::Blip;
        if still_primary && (by_customer || blip) {
            self.empty_primary_serves(shard);
            self.close_window_if_settled(shard);
            self.watch(shard);
        } else if still_primary {
            // The failover comes all the same; until then the node waits, fenced for good.
            self.state.config.shards[shard.idx()].serving = Serving::No;
            self.watch(shard);
        } else {
            self.state.config.nodes[id.idx()].belief = Belief::Up;
            self.node_joins(id);
        }
    }

    /// An empty node answers: it copies from whom it may, or starts cold, or waits.
    fn node_joins(&mut self, node: NodeId) {
        let shard = self.plan.nodes[node.idx()].shard;
        if self.state.serves(shard) {
            self.attach(node);
        } else if self.state.config.shards[shard.idx()].dataset == Dataset::Lost {
            self.try_cold_start(shard);
        } else {
            self.copy_from_best(node);
        }
        self.close_window_if_settled(shard);
        self.watch(shard);
    }

    /// The control plane has the node where it wants it.
    pub(super) fn recovered(&mut self, node: NodeId) {
        if self.state.config.nodes[node.idx()].recovery == Recovery::Announced {
            self.state.config.nodes[node.idx()].recovery = Recovery::Settled;
            self.note(Fact::Recovered { node });
        }
    }
}
