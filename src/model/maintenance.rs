//! Planned work: service updates, hand-overs of the role of primary, recreations without one, and
//! the maintenance window that they wait for.
//!
//! An update goes through the shards in order, one node at a time: replicas first, then the role
//! moves to one of them, then the old primary (MZ-12). It goes on only while its shard is whole: a
//! failure in the middle of it is dealt with first. Where no role can be handed over, the primary
//! is recreated, and serves nobody meanwhile (MZ-10).

use crate::engine::law::Law;
use crate::engine::time::Span;
use crate::model::api::{Call, Refusal};
use crate::model::draws::Purpose;
use crate::model::fact::{Cause, Fact, Observer, OperationFact};
use crate::model::node::Haste;
use crate::model::plan::{
    Apply, Changes, ClusterMode, GroupId, Handover, NodeId, RebootBy, ShardId, Switch, UpdateMethod,
};
use crate::model::state::{
    Belief, Copy, Data, Dataset, Failover, Process, Reach, Recovery, Replacement, Serving, Update,
    Window, Workflow,
};
use crate::model::{Event, Step};

impl<O: Observer> Step<'_, O> {
    /// Draws the next announcement of a service update for every process of them.
    pub(super) fn start_update_lives(&mut self, group: GroupId) {
        for line in 0..self.plan.service_updates.len() as u16 {
            self.start_update_life(line, group);
        }
    }

    fn start_update_life(&mut self, line: u16, group: GroupId) {
        let updates = &self.plan.service_updates[usize::from(line)];
        let is_managed = self.runs_in_elasticache(group).is_ok();
        if updates.group.is_some_and(|only| only != group) || !is_managed {
            return;
        }
        let idx = usize::from(line) * self.plan.groups.len() + group.idx();
        let n = self.state.clocks.update_lives[idx];
        self.state.clocks.update_lives[idx] += 1;
        let life = self.update_life(&updates.life, group, updates.address, n);
        let slot = self.slots.update_life(line, group);
        self.queue.schedule(slot, self.now + life, Event::UpdateAnnounced { line, group });
    }

    /// A service update is announced: it waits for the maintenance window, with others that do.
    pub(super) fn update_announced(&mut self, line: u16, group: GroupId) {
        self.start_update_life(line, group);
        let method = self.plan.service_updates[usize::from(line)].method;
        self.update_waits(group, method);
    }

    fn update_waits(&mut self, group: GroupId, method: UpdateMethod) {
        self.state.group_mut(group).pending_update = Some(method);
        self.note(Fact::Operation(OperationFact::UpdatePending { group }));
        self.pending_work(group);
    }

    /// A service update that the scenario schedules.
    pub(super) fn service_update(&mut self, group: GroupId, apply: Apply, method: UpdateMethod) {
        let answer = match apply {
            Apply::Immediately => {
                self.is_available(group).and_then(|()| match self.state.group(group).testing {
                    Some(_) => Err(Refusal::TestInProgress),
                    None => Ok(()),
                })
            }
            Apply::InWindow => self.runs_in_elasticache(group),
        };
        if !self.answer(Call::ServiceUpdate, group, answer) {
            return;
        }
        match apply {
            Apply::Immediately => self.begin_update(group, method),
            Apply::InWindow => self.update_waits(group, method),
        }
    }

    /// What waits for the maintenance window begins if that is open, and is put off until it opens
    /// otherwise.
    pub(super) fn pending_work(&mut self, group: GroupId) {
        let state = self.state.group(group);
        if state.pending == Changes::NONE && state.pending_update.is_none() {
            return;
        }
        // A service update takes nodes down, and waits until a tested primary is back (MZ-43).
        let is_tested = state.pending == Changes::NONE && state.testing.is_some();
        let window = self.plan.groups[group.idx()].maintenance;
        if self.is_available(group).is_ok() && !is_tested && window.is_open(self.now) {
            self.begin_pending(group);
        } else {
            let opens = window.next_opening(self.now + Span::from_nanos(1));
            self.queue.schedule(self.slots.window(group), opens, Event::WindowOpens(group));
        }
    }

    /// The maintenance window opens.
    pub(super) fn window_opens(&mut self, group: GroupId) {
        self.pending_work(group);
    }

    /// The node is back after a failure: changes that wait for the maintenance window are applied
    /// with its reboot or replacement, if that comes first (MZ-22). Those that are not possible at
    /// this moment go on waiting.
    pub(super) fn changes_come_with_failure(&mut self, node: NodeId) {
        let group = self.plan.shards[self.plan.nodes[node.idx()].shard.idx()].group;
        let pending = self.state.group(group).pending;
        let is_possible =
            || self.is_available(group).and_then(|()| self.may_modify(group, &pending)).is_ok();
        if pending != Changes::NONE && is_possible() {
            self.begin_pending(group);
        }
    }

    /// Begins one thing that waited; its end lets the next one begin.
    fn begin_pending(&mut self, group: GroupId) {
        let state = self.state.group_mut(group);
        if state.pending != Changes::NONE {
            let changes = std::mem::replace(&mut state.pending, Changes::NONE);
            let answer = self.may_modify(group, &changes);
            if self.answer(Call::ModifyReplicationGroup, group, answer) {
                self.begin_modification(group, changes, None);
            } else {
                self.pending_work(group);
            }
        } else if let Some(method) = state.pending_update.take() {
            self.begin_update(group, method);
        }
    }

    fn begin_update(&mut self, group: GroupId, method: UpdateMethod) {
        self.set_workflow(group, Workflow::Updating(method));
        for shard in self.shards_of(group) {
            for node in self.plan.shards[shard.idx()].node_ids() {
                let state = self.state.node_mut(node);
                if state.process != Process::Absent {
                    state.update = Update::Due;
                }
            }
        }
        self.note(Fact::Operation(OperationFact::UpdateBegan { group, method }));
        self.tell_group(group);
        // The first node at once.
        self.schedule_step(group, Span::ZERO);
    }

    /// How long until the next step of a planned workflow at `node`.
    pub(super) fn planned_step(&mut self, node: NodeId) -> Span {
        let n = self.state.clocks.nodes[node.idx()].planned;
        self.state.clocks.nodes[node.idx()].planned += 1;
        self.node_time(&self.plan.timing.maintenance_step, node, Purpose::Planned, n)
    }

    fn schedule_step(&mut self, group: GroupId, after: Span) {
        let slot = self.slots.workflow(group);
        self.queue.schedule(slot, self.now + after, Event::WorkflowDue(group));
    }

    /// The time of the next step of the group's update, by `law`.
    fn update_step_time(&mut self, group: GroupId, law: &Law) -> Span {
        let n = self.state.clocks.groups[group.idx()].update_steps;
        self.state.clocks.groups[group.idx()].update_steps += 1;
        self.group_time(law, group, Purpose::UpdateStep, n)
    }

    /// Whether the shard serves, every node of it is there with a complete copy, and the control
    /// plane has nothing to do.
    fn is_whole(&self, shard: ShardId) -> bool {
        let state = self.state.shard(shard);
        let is_idle = state.failover == Failover::Idle && state.window == Window::Closed;
        let is_fine = |node: &crate::model::state::Node| match node.process {
            Process::Absent => true,
            Process::Running => node.reach == Reach::Connected && node.data == Data::Complete,
            Process::Crashed | Process::Rebooting(_) | Process::Lost => false,
        };
        state.serving == Serving::Yes && is_idle && self.nodes_of(shard).iter().all(is_fine)
    }

    /// Something in the shard became better: planned work of its group may go on.
    pub(super) fn planned_work_goes_on(&mut self, shard: ShardId) {
        let group = self.plan.shards[shard.idx()].group;
        match self.state.group(group).workflow {
            Workflow::TestCalled(_) => return,
            Workflow::Idle
            | Workflow::Modifying(..)
            | Workflow::Updating(_)
            | Workflow::Scaling
            | Workflow::Migrating(_) => {
                self.test_may_be_over(group);
                self.pending_work(group);
            }
        }
        match self.state.group(group).workflow {
            Workflow::TestCalled(_)
            | Workflow::Idle
            | Workflow::Modifying(..)
            | Workflow::Migrating(_) => {}
            Workflow::Updating(_) => {
                if self.queue.pending(self.slots.workflow(group)).is_none() {
                    self.update_goes_on(group);
                }
            }
            Workflow::Scaling => {
                if self.shards_of(group).all(|shard| self.is_whole(shard)) {
                    self.state.group_mut(group).workflow = Workflow::Idle;
                    self.tell_group(group);
                    self.pending_work(group);
                }
            }
        }
    }

    /// Schedules the next step of the update, unless its shard has to become whole first.
    fn update_goes_on(&mut self, group: GroupId) {
        for shard in self.shards_of(group) {
            if self.nodes_of(shard).iter().all(|node| node.update == Update::UpToDate) {
                continue;
            }
            if !self.is_whole(shard) {
                return;
            }
            self.settle_updated(shard);
            let primary = self.state.shard(shard).primary;
            let due = |step: &Self, node: NodeId| step.state.node(node).update == Update::Due;
            let mut nodes = self.plan.shards[shard.idx()].node_ids();
            let replicas_due = nodes.any(|node| node != primary && due(self, node));
            let law = if replicas_due || !self.hands_over(shard) {
                &self.plan.timing.maintenance_step
            } else if due(self, primary) {
                &self.plan.timing.handover_start
            } else {
                continue;
            };
            if replicas_due || due(self, primary) {
                let after = self.update_step_time(group, law);
                self.schedule_step(group, after);
                return;
            }
        }
        self.state.group_mut(group).workflow = Workflow::Idle;
        self.note(Fact::Operation(OperationFact::UpdateEnded { group }));
        self.tell_group(group);
        self.pending_work(group);
    }

    /// Nodes of a whole shard that were being updated are done.
    fn settle_updated(&mut self, shard: ShardId) {
        for node in self.plan.shards[shard.idx()].node_ids() {
            if self.state.node(node).update == Update::UnderWay {
                self.state.node_mut(node).update = Update::UpToDate;
                self.note(Fact::Operation(OperationFact::Patched { node }));
            }
        }
    }

    /// The next step of the update: a replica, the hand-over, or a recreation.
    pub(super) fn update_step_due(&mut self, group: GroupId, method: UpdateMethod) {
        let has_work = |step: &Self, shard: &ShardId| {
            step.nodes_of(*shard).iter().any(|node| node.update != Update::UpToDate)
        };
        let Some(shard) = self.shards_of(group).find(|shard| has_work(self, shard)) else {
            self.update_goes_on(group);
            return;
        };
        if !self.is_whole(shard) {
            return;
        }
        let is_patched = self.nodes_of(shard).iter().any(|n| n.update == Update::UnderWay);
        if is_patched {
            self.update_goes_on(group);
            return;
        }
        let primary = self.state.shard(shard).primary;
        let is_due = |node: &NodeId| self.state.node(*node).update == Update::Due;
        let mut due = self.plan.shards[shard.idx()].node_ids().filter(is_due);
        let replica = due.clone().find(|node| *node != primary);
        match replica {
            Some(node) => self.update_replica(node, method),
            None if self.hands_over(shard) && due.next().is_some() => {
                let to = self.heir(shard).expect("a whole shard with a replica has an heir");
                self.hand_over(shard, to);
                self.tell_changes(shard);
                self.update_goes_on(group);
            }
            None => self.begin_recreation(shard),
        }
    }

    /// A replica is taken down to be replaced or patched. It serves no reads until it is back
    /// (MZ-39).
    fn update_replica(&mut self, node: NodeId, method: UpdateMethod) {
        let shard = self.plan.nodes[node.idx()].shard;
        let process = match method {
            UpdateMethod::Replace => Process::Lost,
            UpdateMethod::Patch => Process::Crashed,
        };
        self.node_stops(node, process, Cause::Planned);
        let state = self.state.node_mut(node);
        state.belief = Belief::Down;
        state.update = Update::UnderWay;
        self.sync_sources_lost(shard);
        match method {
            UpdateMethod::Replace => self.begin_replacement(node, Haste::Planned),
            UpdateMethod::Patch => {
                let group = self.plan.shards[shard.idx()].group;
                let timing = &self.plan.timing;
                let gone = self.update_step_time(group, &timing.patch_restart);
                let slot = self.slots.service(node);
                self.queue.schedule(slot, self.now + gone, Event::ProcessReturns(node));
                let patched = self.update_step_time(group, &timing.patch);
                let patched = gone.as_nanos().saturating_add(patched.as_nanos());
                self.schedule_step(group, Span::from_nanos(patched));
            }
        }
        self.tell_changes(shard);
    }

    /// Whether a planned change of the primary is a hand-over: in cluster mode with a replica
    /// (MZ-07), without it where Multi-AZ is on (MZ-08, MZ-09). Elsewhere the primary is recreated
    /// (MZ-10).
    fn hands_over(&self, shard: ShardId) -> bool {
        let group = self.plan.shards[shard.idx()].group;
        let promises = match self.plan.groups[group.idx()].cluster_mode {
            ClusterMode::Enabled => true,
            ClusterMode::Disabled => self.state.group(group).multi_az == Switch::On,
        };
        promises && self.successor_rule(shard).is_some() && self.heir(shard).is_some()
    }

    /// Who takes over as planned: of the replicas in sync the one with the smallest id (MZ-26).
    fn heir(&self, shard: ShardId) -> Option<NodeId> {
        let primary = self.state.shard(shard).primary;
        self.plan.shards[shard.idx()]
            .node_ids()
            .filter(|node| *node != primary && self.state.answers(*node))
            .filter(|node| self.state.node(*node).data == Data::Complete)
            .min_by_key(|node| self.plan.nodes[node.idx()].rank)
    }

    /// The role of primary moves as planned: writes wait until `to` has everything, so nothing is
    /// lost (MZ-07). The old primary follows it; of the others the rules say how they do.
    pub(super) fn hand_over(&mut self, shard: ShardId, to: NodeId) {
        let group = self.plan.shards[shard.idx()].group;
        let from = self.state.shard(shard).primary;
        self.settle(shard);
        self.copies_catch_up(shard);
        let loss = self.branch_from(shard, to);
        debug_assert!(loss.writes == 0, "a hand-over loses nothing");
        self.state.node_mut(to).upstream = None;
        self.state.node_mut(from).upstream = Some(to);
        self.state.shard_mut(shard).primary = to;
        self.forget_links(shard);
        self.blame(shard, Cause::Planned);
        let n = self.state.clocks.shards[shard.idx()].handovers;
        self.state.clocks.shards[shard.idx()].handovers += 1;
        let timing = &self.plan.timing;
        let announced = self.announced(shard);
        match self.plan.groups[group.idx()].handover {
            Handover::Seamless => {
                let law = &timing.handover_pause;
                let pause = self.shard_time(law, shard, Purpose::Handover, n);
                self.note(Fact::HandedOver { shard, from, to, pause, announced });
                self.point_endpoint_at_primary(shard);
                self.state.shard_mut(shard).failover = Failover::Idle;
                self.queue.clear(self.slots.failover(shard));
                // An endpoint update may have been under way.
                self.writers_retry(shard);
            }
            Handover::DnsGap => {
                let gap = self.shard_time(&timing.handover_gap, shard, Purpose::Handover, n);
                self.writers_lose_primary(shard, Cause::Planned);
                let pause = Span::ZERO;
                self.note(Fact::HandedOver { shard, from, to, pause, announced });
                self.state.shard_mut(shard).failover = Failover::UpdatingEndpoint;
                let slot = self.slots.failover(shard);
                self.queue.schedule(slot, self.now + gap, Event::EndpointDue(shard));
                // An endpoint that was never moved away from the new primary needs no time.
                self.writers_retry(shard);
            }
        }
        self.note(Fact::Reattached { node: from, missing: 0 });
        for other in self.plan.shards[shard.idx()].node_ids() {
            if other != to && other != from && self.state.reaches(to, other) {
                self.attach(other);
            }
        }
    }

    /// Writes have stopped for a moment, and every complete copy has all of them.
    fn copies_catch_up(&mut self, shard: ShardId) {
        let books = self.state.books(shard);
        let all = Copy { history: books.history, offset: books.offset };
        self.state.books_mut(shard).elsewhere = all.offset;
        for node in self.plan.shards[shard.idx()].node_ids() {
            if self.state.node(node).data != Data::Empty {
                self.state.ledger.copies[node.idx()] = all;
                self.state.ledger.missed[node.idx()] = 0;
            }
        }
    }

    /// The primary stops serving, and a new node is provisioned in its place while it keeps the
    /// data (MZ-10).
    fn begin_recreation(&mut self, shard: ShardId) {
        let node = self.state.shard(shard).primary;
        self.settle(shard);
        self.copies_catch_up(shard);
        let state = self.state.shard_mut(shard);
        state.serving = Serving::No;
        state.failover = Failover::Recreating;
        self.state.node_mut(node).update = Update::UnderWay;
        self.state.node_mut(node).recovery = Recovery::Announced;
        self.note(Fact::PrimaryStopped { shard });
        self.writers_lose_primary(shard, Cause::Planned);
        self.voter_lost(shard, Cause::Planned);
        self.note(Fact::Operation(OperationFact::RecreationBegan { shard, node }));
        self.note(Fact::ReplacementStarted { node });
        let n = self.state.clocks.shards[shard.idx()].handovers;
        self.state.clocks.shards[shard.idx()].handovers += 1;
        let law = &self.plan.timing.planned_replacement;
        let takes = self.shard_time(law, shard, Purpose::Handover, n);
        let slot = self.slots.failover(shard);
        self.queue.schedule(slot, self.now + takes, Event::RecreationDue(shard));
        self.tell_changes(shard);
    }

    /// The new node is there, and then has the data.
    pub(super) fn recreation_due(&mut self, shard: ShardId) {
        let node = self.state.shard(shard).primary;
        if self.state.shard(shard).failover == Failover::Recreating {
            self.state.shard_mut(shard).failover = Failover::Refilling;
            self.note(Fact::NodeReplaced { node });
            let (takes, _) = self.full_sync_time(node, shard);
            let slot = self.slots.failover(shard);
            self.queue.schedule(slot, self.now + takes, Event::RecreationDue(shard));
            self.tell_changes(shard);
            return;
        }
        self.state.shard_mut(shard).failover = Failover::Idle;
        self.state.node_mut(node).update = Update::UpToDate;
        // The host is a new one.
        self.end_node_lives(node);
        self.start_node_lives(node);
        self.primary_recreated(shard, node);
        self.recovered(node);
        self.repair_shard(shard);
        self.tell_changes(shard);
        self.planned_work_goes_on(shard);
    }

    /// The old primary of a recreation is gone, and the new node with it: what is left is a failure
    /// like others. A reboot that the customer asked for is none that anybody would notice (MZ-60);
    /// but the control plane has taken this primary offline itself.
    pub(super) fn recreation_struck(&mut self, shard: ShardId) {
        let state = *self.state.shard(shard);
        let is_recreating = matches!(state.failover, Failover::Recreating | Failover::Refilling);
        if !is_recreating || self.state.answers(state.primary) {
            return;
        }
        self.state.shard_mut(shard).failover = Failover::Idle;
        self.queue.clear(self.slots.failover(shard));
        let primary = self.state.node_mut(state.primary);
        debug_assert!(
            primary.replacement == Replacement::Idle,
            "the new node had no place of its own"
        );
        if primary.process != Process::Lost && primary.update == Update::UnderWay {
            // On the host that it was on.
            primary.update = Update::Due;
        }
        let is_asked_for = primary.process == Process::Rebooting(RebootBy::Customer);
        let has_copy = self.state.shard(shard).dataset == Dataset::Held;
        if is_asked_for && has_copy && self.successor_rule(shard).is_some() {
            self.start_promotion(shard);
        }
    }
}
