//! Nodes stop and return.
//!
//! What stops loses its memory; an append-only file may be left on its disk (`append_only`). A
//! lost host is replaced in its own AZ; a crashed or rebooted process returns on its host. Whoever
//! returns is empty,
//! and what happens next depends on whether a primary serves, and on who knew of the failure.

use crate::engine::time::Span;
use crate::model::draws::Purpose;
use crate::model::fact::{Cause, Fact, Observer, Role, Stop};
use crate::model::plan::{
    NodeId, RebootBy, ReplacementAz, ReplacementStarts, ShardId, SubDetection, SyncingNodes,
};
use crate::model::state::{
    Az, Belief, Dataset, Failover, Process, Recovery, Replacement, Serving, Update, Watch,
};
use crate::model::{Event, Step};

/// Why a host is made anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Haste {
    /// It was lost.
    Unplanned,
    /// The control plane took it offline.
    Planned,
    /// It never was: a replica is added.
    Addition,
}

impl<O: Observer> Step<'_, O> {
    /// One fault strikes one shard: the nodes that `hits` names stop, in node order, and the
    /// shard sees it once. Hosts lost before are not asked about. Says whether anybody stopped.
    pub(super) fn strike(
        &mut self,
        shard: ShardId,
        process: Process,
        cause: Cause,
        mut hits: impl FnMut(&Self, NodeId) -> bool,
    ) -> bool {
        let mut first = None;
        for node in self.plan.shards[shard.idx()].node_ids() {
            if !self.state.node(node).is_gone() && hits(self, node) {
                self.node_stops(node, process, cause);
                first = first.or(Some(node));
            }
        }
        if let Some(first) = first {
            self.shard_struck(shard, first, cause);
        }
        first.is_some()
    }

    pub(super) fn node_stops(&mut self, id: NodeId, process: Process, cause: Cause) {
        let stop = match process {
            Process::Running => unreachable!("a node that stops does not run"),
            Process::Crashed if cause == Cause::Planned => Stop::Patched,
            Process::Crashed => Stop::Crashed,
            Process::Rebooting(_) => Stop::Rebooted,
            Process::Lost if matches!(cause, Cause::TestFailover | Cause::Planned) => {
                Stop::TakenOffline
            }
            Process::Lost => Stop::HostLost,
            Process::Absent => Stop::Removed,
        };
        let shard = self.plan.nodes[id.idx()].shard;
        let role = match self.state.shard(shard).primary == id {
            true => Role::Primary,
            false => Role::Replica,
        };
        self.isolation_is_over(id);
        self.upstream_lost_copy(id);
        let left = self.left_on_disk(id, process);
        self.blame(shard, cause);
        self.follower_stops(id, shard);
        match stop {
            Stop::HostLost => self.link_falls_silent(id, shard),
            Stop::Removed => self.link_closes(id),
            // Whoever was not heard of before is not heard of now.
            Stop::Crashed | Stop::Rebooted | Stop::TakenOffline | Stop::Patched => {}
        }
        let shard_state = self.state.shard_mut(shard);
        if process == Process::Lost
            && shard_state.primary == id
            && shard_state.serving == Serving::Interrupted
        {
            // A process that may come back lost its host: whoever returns is somebody else.
            shard_state.serving = Serving::No;
        }
        let node = self.state.node_mut(id);
        node.process = process;
        node.data = left;
        node.upstream = None;
        node.replacement = Replacement::Idle;
        node.recovery = Recovery::Settled;
        self.queue.clear(self.slots.service(id));
        if matches!(process, Process::Lost | Process::Absent) {
            self.end_node_lives(id);
        }
        self.note(Fact::NodeDown { node: id, stop, role, cause });
        self.backup_source_stopped(id);
    }

    /// What one fault means for a shard of which at least `struck` stopped. The order matters:
    /// first what is true (the primary, the syncs, the copies), then what the control plane makes
    /// of it (suspicion, cold start, repair), then the telling.
    pub(super) fn shard_struck(&mut self, shard: ShardId, struck: NodeId, cause: Cause) {
        self.shard_loses(shard, cause);
        self.cold_start_struck(shard);
        self.recreation_struck(shard);
        self.suspect(shard, struck);
        self.try_cold_start(shard);
        self.repair_shard(shard);
        self.tell_changes(shard);
    }

    /// What is true of the shard now that nodes of it stopped, whoever knows: its primary, the
    /// syncs, the copies.
    pub(super) fn shard_loses(&mut self, shard: ShardId, cause: Cause) {
        let primary = self.state.shard(shard).primary;
        if self.state.serves(shard) && !self.state.answers(primary) {
            self.primary_lost(shard, cause);
        }
        self.sync_sources_lost(shard);
        if self.state.shard(shard).dataset == Dataset::Held && self.complete_copies(shard) == 0 {
            self.copies_gone(shard);
        }
    }

    /// Repairs what may be repaired now in the shard, node by node (MZ-31).
    pub(super) fn repair_shard(&mut self, shard: ShardId) {
        for node in self.plan.shards[shard.idx()].node_ids() {
            self.repair(node);
        }
    }

    /// Starts the replacement of a lost host, if it may start: the replacement runs in the AZ of
    /// the node it replaces (MZ-28), and by default only while that AZ is up (MZ-59).
    pub(super) fn repair(&mut self, node: NodeId) {
        let state = *self.state.node(node);
        let is_settled =
            matches!(state.replacement, Replacement::Provisioning | Replacement::Scheduled);
        if state.process != Process::Lost || is_settled {
            return;
        }
        if self.repair_may_start(node) {
            self.begin_replacement(node, Haste::Unplanned);
        }
    }

    /// Begins the replacement of a lost host, or lets it wait for its AZ.
    pub(super) fn begin_replacement(&mut self, node: NodeId, haste: Haste) {
        let state = *self.state.node(node);
        if self.is_az_down(node) && self.plan.rules.replacement_az == ReplacementAz::Waits {
            if state.replacement != Replacement::WaitingForAz {
                self.state.node_mut(node).replacement = Replacement::WaitingForAz;
                self.note(Fact::ReplacementWaits { node });
            }
            return;
        }
        self.state.node_mut(node).replacement = Replacement::Provisioning;
        let takes = self.replacement_time(node, haste);
        let slot = self.slots.service(node);
        self.queue.schedule(slot, self.now + takes, Event::ReplacementReady(node));
        match haste {
            Haste::Unplanned | Haste::Planned => {
                self.state.node_mut(node).recovery = Recovery::Announced;
                self.note(Fact::ReplacementStarted { node });
            }
            Haste::Addition => {}
        }
    }

    /// How long the replacement of a host takes. While an AZ is down, and for two hours after,
    /// everybody wants new nodes, and it may take longer (domain reference 4.23, assumed).
    fn replacement_time(&mut self, node: NodeId, haste: Haste) -> Span {
        let timing = &self.plan.timing;
        let clock = &mut self.state.clocks.nodes[node.idx()];
        let takes = match haste {
            Haste::Unplanned | Haste::Addition => {
                clock.replacements += 1;
                let n = clock.replacements - 1;
                self.node_time(&timing.replacement, node, Purpose::Replacement, n)
            }
            Haste::Planned => {
                clock.planned += 1;
                let n = clock.planned - 1;
                self.node_time(&timing.planned_replacement, node, Purpose::Planned, n)
            }
        };
        let factor = self.plan.control_plane.az_event_slowdown_permille;
        let group = self.plan.group_of(self.plan.nodes[node.idx()].shard);
        let is_slow = factor != 1000
            && self.is_home(self.plan.shards[usize::from(group.shards.start)].group)
            && (self.now < self.state.clocks.slow_until
                || self.state.config.azs.contains(&Az::Down));
        match is_slow {
            true => takes.scaled_permille(factor),
            false => takes,
        }
    }

    fn repair_may_start(&self, node: NodeId) -> bool {
        let detected = self.state.node(node).belief == Belief::Down;
        let shard = self.plan.nodes[node.idx()].shard;
        let state = self.state.shard(shard);
        let in_failover =
            matches!(state.failover, Failover::Promoting | Failover::UpdatingEndpoint)
                || state.watch != Watch::Calm;
        match self.plan.rules.replacement_starts {
            ReplacementStarts::AtFailure => true,
            ReplacementStarts::AfterDetection => detected,
            ReplacementStarts::AfterFailover => detected && !in_failover,
        }
    }

    /// The replacement answers, empty.
    pub(super) fn replacement_ready(&mut self, id: NodeId) {
        let node = self.state.node_mut(id);
        debug_assert!(node.process == Process::Lost, "only a lost host is replaced");
        let was_planned = node.update == Update::UnderWay;
        let was_there = node.recovery == Recovery::Announced;
        node.process = Process::Running;
        node.replacement = Replacement::Idle;
        node.belief = Belief::Up;
        // Whatever took the old host: the new one has the new version.
        node.update = Update::UpToDate;
        self.note(Fact::NodeReplaced { node: id });
        if self.plan.rules.syncing_nodes == SyncingNodes::CanFail {
            self.start_node_lives(id);
        }
        self.node_joins(id);
        let group = self.plan.shards[self.plan.nodes[id.idx()].shard.idx()].group;
        let is_tested = self.state.group(group).testing == Some(id);
        if was_there && !was_planned && !is_tested {
            self.changes_come_with_failure(id);
        }
    }

    /// A crashed or rebooted process answers again, empty. If it was the primary, and nobody has
    /// noticed or nobody minds, it is the primary still (MZ-60, MZ-61).
    pub(super) fn process_returns(&mut self, id: NodeId) {
        let shard = self.plan.nodes[id.idx()].shard;
        let node = self.state.node_mut(id);
        let (was, was_planned) = (node.process, node.update == Update::UnderWay);
        node.process = Process::Running;
        self.note(Fact::ProcessBack { node: id });
        if !self.replays(id, was) {
            self.process_joins(id, was);
        }
        self.planned_work_goes_on(shard);
        if was != Process::Rebooting(RebootBy::Customer) && !was_planned {
            self.changes_come_with_failure(id);
        }
    }

    /// The process that was `was` is part of its shard again.
    fn process_joins(&mut self, id: NodeId, was: Process) {
        let shard = self.plan.nodes[id.idx()].shard;
        self.state.node_mut(id).belief = Belief::Up;
        let shard_state = *self.state.shard(shard);
        let still_primary =
            shard_state.primary == id && shard_state.serving == Serving::Interrupted;
        let by_customer = was == Process::Rebooting(RebootBy::Customer);
        let blip = self.plan.rules.sub_detection_fault == SubDetection::Blip;
        let is_durable = self.is_durable(shard);
        if still_primary && (by_customer || blip) && is_durable {
            // It reads the log, and serves if nobody has decided on a successor by then.
            self.node_joins(id);
        } else if still_primary && (by_customer || blip) {
            self.empty_primary_serves(shard);
            self.close_window_if_settled(shard);
            self.repair_shard(shard);
            self.tell_changes(shard);
        } else if still_primary {
            // The failover comes all the same; until then the node waits, fenced for good, unless
            // the control plane repairs as if it knew.
            self.state.shard_mut(shard).serving = Serving::No;
            if self.plan.rules.repairs_at_once() || is_durable {
                self.node_joins(id);
            } else {
                self.tell_changes(shard);
            }
        } else {
            self.node_joins(id);
        }
    }

    /// An empty node answers: it copies from whom it may, or starts cold, or waits.
    pub(super) fn node_joins(&mut self, node: NodeId) {
        let shard = self.plan.nodes[node.idx()].shard;
        if self.state.serves(shard) {
            self.attach(node);
        } else if self.state.shard(shard).dataset == Dataset::Lost {
            self.try_cold_start(shard);
        } else {
            self.copy_from_best(node);
        }
        self.close_window_if_settled(shard);
        self.tell_changes(shard);
    }

    /// The control plane has the node where it wants it.
    pub(super) fn recovered(&mut self, node: NodeId) {
        if self.state.node(node).recovery == Recovery::Announced {
            self.state.node_mut(node).recovery = Recovery::Settled;
            self.note(Fact::Recovered { node });
        }
    }
}
