//! The managed control plane: it suspects, detects, fails over, starts cold.
//!
//! Belief is apart from truth: a node is gone for the control plane only when the detection
//! window of its shard closes, and only commands (promote, make primary, copy) meet the truth,
//! since a node that does not answer cannot obey. All faults inside one window are one scenario
//! with one failover (MZ-36): a window opened by the primary takes every node that is down when it
//! closes; a window opened by a replica starts over if the primary is lost meanwhile, since no
//! primary is detected faster than the detection law says. A replica that joins an open window is
//! detected with it. Where the primary's peers or Sentinels watch it (`cluster_bus.rs`), the
//! successor is their matter, and the window serves repair only.

use crate::engine::time::Span;
use crate::model::draws::{Choice, Purpose};
use crate::model::fact::{Fact, Observer};
use crate::model::plan::{
    ColdStartNode, DuringFailover, NodeId, Promotion, RebootBy, ReplacementStarts, ShardId,
};
use crate::model::policy::{self, ControlView};
use crate::model::state::{Belief, Data, Dataset, Failover, Node, Process, Serving, Watch, Window};
use crate::model::{Event, Step};

/// Whether a node has failed, or cannot be reached (MZ-67), and the control plane does not know it
/// yet. A reboot that the customer asked for is no failure (MZ-60).
fn is_suspect(node: &Node) -> bool {
    let failed = match node.process {
        Process::Running => !node.reach.is_open(),
        Process::Rebooting(RebootBy::Customer) => false,
        Process::Crashed | Process::Rebooting(RebootBy::Service) | Process::Lost => true,
        Process::Absent => false,
    };
    failed && node.belief == Belief::Up
}

impl<O: Observer> Step<'_, O> {
    fn any_suspect(&self, shard: ShardId) -> bool {
        self.nodes_of(shard).iter().any(is_suspect)
    }

    /// A fault struck `struck`, and perhaps others of its shard: opens the detection window, or
    /// lets the fault join the one that is open.
    pub(super) fn suspect(&mut self, shard: ShardId, struck: NodeId) {
        if !self.any_suspect(shard) {
            return;
        }
        let state = *self.state.shard(shard);
        let primary_suspect =
            state.serving != Serving::Yes && is_suspect(self.state.node(state.primary));
        // A reboot that the customer asked for is no failure, and restarts nothing.
        let restarts = self.plan.rules.failure_during_failover == DuringFailover::Restart
            && is_suspect(self.state.node(struck));
        let in_failover = state.failover == Failover::Promoting || state.watch != Watch::Calm;
        let is_new = primary_suspect && !in_failover;
        if restarts && in_failover {
            self.give_up_failover(shard);
            self.abandon_promotion(shard);
        }
        if self.is_watched(shard) && (is_new || restarts && in_failover) {
            self.start_watch(shard);
        }
        match state.window {
            _ if restarts && in_failover => self.open_window(shard, Window::Primary, struck),
            Window::Primary if restarts => self.open_window(shard, Window::Primary, struck),
            Window::Primary => {}
            Window::Closed | Window::Replica if primary_suspect => {
                self.open_window(shard, Window::Primary, state.primary);
            }
            Window::Closed => self.open_window(shard, Window::Replica, struck),
            Window::Replica => {}
        }
    }

    /// Tells that the promotion under way does not come, if there is one. The caller ends it.
    pub(super) fn give_up_failover(&mut self, shard: ShardId) {
        if self.state.shard(shard).failover == Failover::Promoting {
            self.note(Fact::FailoverGivenUp { shard });
        }
    }

    /// A promotion under way, or on its way, is called off.
    fn abandon_promotion(&mut self, shard: ShardId) {
        if self.state.shard(shard).failover == Failover::Promoting {
            self.state.shard_mut(shard).failover = Failover::Idle;
            self.queue.clear(self.slots.failover(shard));
        }
        self.stop_watch(shard);
    }

    /// What failed is noticed once the detection's time has passed (MZ-23).
    fn open_window(&mut self, shard: ShardId, window: Window, opener: NodeId) {
        self.state.shard_mut(shard).window = window;
        let n = self.state.clocks.nodes[opener.idx()].detections;
        self.state.clocks.nodes[opener.idx()].detections += 1;
        let takes = self.node_time(&self.plan.timing.detection, opener, Purpose::Detection, n);
        let slot = self.slots.detection(shard);
        self.queue.schedule(slot, self.now + takes, Event::DetectionDue(shard));
    }

    /// What was suspected may have come back unnoticed: the window closes if nobody is left, and
    /// is no longer about the primary if that serves.
    pub(super) fn close_window_if_settled(&mut self, shard: ShardId) {
        let anybody = self.any_suspect(shard);
        let state = self.state.shard_mut(shard);
        if state.window == Window::Primary && state.serving == Serving::Yes {
            // The primary came back unnoticed; what is left is about replicas.
            state.window = Window::Replica;
        }
        if state.window == Window::Replica && !anybody {
            state.window = Window::Closed;
            self.queue.clear(self.slots.detection(shard));
        }
    }

    /// The window closes: all that is down is known to be down, and dealt with together. If that
    /// is replicas only, they are repaired, and nothing else changes (MZ-37).
    pub(super) fn detection_due(&mut self, shard: ShardId) {
        let is_left = self.is_left_to_watchers(shard);
        let state = self.state.shard_mut(shard);
        let window = std::mem::replace(&mut state.window, Window::Closed);
        // Its peers decide on a primary that they watch.
        let decides = window == Window::Primary && state.serving != Serving::Yes && !is_left;
        if decides {
            state.serving = Serving::No;
        }
        for node in self.plan.shards[shard.idx()].node_ids() {
            if is_suspect(self.state.node(node)) {
                self.state.node_mut(node).belief = Belief::Down;
                self.note(Fact::NodeDetected { node });
            }
        }
        if decides {
            self.primary_detected(shard);
        }
        self.repair_shard(shard);
        self.tell_changes(shard);
        self.planned_work_goes_on(shard);
    }

    /// The shard's primary is known to be gone.
    fn primary_detected(&mut self, shard: ShardId) {
        let state = *self.state.shard(shard);
        match state.failover {
            Failover::Promoting | Failover::ColdStarting(_) => return,
            Failover::Idle | Failover::UpdatingEndpoint => {}
            Failover::Recreating | Failover::Refilling => {
                unreachable!("a planned recreation ends when its primary is struck")
            }
        }
        self.state.shard_mut(shard).failover = Failover::Idle;
        self.queue.clear(self.slots.failover(shard));
        if state.dataset != Dataset::Held {
            self.try_cold_start(shard);
            return;
        }
        match self.successor_rule(shard) {
            Some(_) => self.start_promotion(shard),
            // Automatic failover is off: the primary is recreated (MZ-06). If its process is back
            // already, it fills up at once.
            None => self.nobody_follows(shard),
        }
    }

    /// The primary is gone or back, and nobody is to follow it: it has what its file has, or fills
    /// up from the best copy.
    pub(super) fn nobody_follows(&mut self, shard: ShardId) {
        let primary = self.state.shard(shard).primary;
        if !self.state.answers(primary) {
            self.fenced_primary_serves(shard);
            return;
        }
        match self.state.node(primary).data {
            Data::Logged => self.replay_instead_of_failover(shard),
            // It filled up while a replica was to follow it.
            Data::Complete => self.primary_recreated(shard, primary),
            Data::Syncing | Data::Empty => self.copy_from_best(primary),
        }
        self.serve_from_log(shard);
    }

    /// The role is to move to a replica; nothing from here on waits for a new node (MZ-02).
    pub(super) fn start_promotion(&mut self, shard: ShardId) {
        let n = self.state.clocks.shards[shard.idx()].promotions;
        let takes = self.shard_time(&self.plan.timing.promotion, shard, Purpose::Promotion, n);
        self.promote_after(shard, takes);
    }

    /// A replica is to be promoted after so long.
    pub(super) fn promote_after(&mut self, shard: ShardId, takes: Span) {
        let slot = self.slots.failover(shard);
        self.queue.schedule(slot, self.now + takes, Event::PromotionDue(shard));
        self.begin_failover(shard);
    }

    /// From here on the shard is in failover, and this is its next promotion.
    pub(super) fn begin_failover(&mut self, shard: ShardId) {
        self.state.shard_mut(shard).failover = Failover::Promoting;
        self.state.clocks.shards[shard.idx()].promotions += 1;
        self.note(Fact::FailoverBegan { shard });
    }

    /// A replica is promoted: chosen now, among those that answer and are complete (MZ-24,
    /// MZ-30).
    pub(super) fn promotion_due(&mut self, shard: ShardId) {
        // Automatic failover may have been switched off meanwhile; what has begun goes on.
        let rule = self.plan.group_of(shard).promotion.expect("only automatic failover promotes");
        let is_hindered = self.failover_is_hindered(shard);
        if is_hindered {
            self.give_up_failover(shard);
        }
        self.state.shard_mut(shard).failover = Failover::Idle;
        if is_hindered {
            self.start_promotion(shard);
            return;
        }
        match self.find_successor(shard, rule) {
            Some((node, candidates)) => self.promote(shard, node, candidates),
            None => {
                self.note(Fact::FailoverFailed { shard });
                self.release_scheduled(shard);
                self.try_cold_start(shard);
                self.replay_instead_of_failover(shard);
                self.fenced_primary_serves(shard);
                self.serve_from_log(shard);
            }
        }
        self.repair_shard(shard);
        self.tell_changes(shard);
        // A primary that opened its fence may be all that planned work was waiting for.
        self.planned_work_goes_on(shard);
    }

    /// Who follows a lost primary; nobody while automatic failover is off.
    pub(super) fn successor_rule(&self, shard: ShardId) -> Option<Promotion> {
        let group = self.plan.shards[shard.idx()].group;
        let protects = self.state.group(group).automatic_failover.protects();
        self.plan.groups[group.idx()].promotion.filter(|_| protects)
    }

    fn find_successor(&self, shard: ShardId, rule: Promotion) -> Option<(NodeId, u8)> {
        let find = |data| {
            let view = ControlView::new(self.plan, self.state, shard);
            let candidates = view.candidates(data).count() as u8;
            policy::successor(rule, view.candidates(data), |candidates| {
                self.choose(Choice::Successor { shard, candidates })
            })
            .map(|node| (node, candidates))
        };
        match self.plan.counts_as_copy(shard, Data::Syncing) {
            false => find(Data::Complete),
            true => find(Data::Complete).or_else(|| find(Data::Syncing)),
        }
    }

    /// The replica is primary and accepts writes from this instant (MZ-03).
    pub(super) fn promote(&mut self, shard: ShardId, to: NodeId, candidates: u8) {
        let from = self.state.shard(shard).primary;
        debug_assert!(from != to || !self.is_durable(shard), "a failover has a new primary");
        self.abandon_sync(to);
        let loss = self.branch_from(shard, to);
        let announced = self.announced(shard);
        self.note(Fact::Promoted { shard, from, to, candidates, loss, announced });
        self.serve(shard, to);
        // An endpoint that was never moved away may name the new primary already.
        self.writers_retry(shard);
        self.start_endpoint_update(shard);
        self.close_window_if_settled(shard);
        self.recover_tested(from);
    }

    /// Automatic failover is off and the primary's slot holds the data again: it serves under
    /// the endpoint it always had.
    pub(super) fn primary_recreated(&mut self, shard: ShardId, from: NodeId) {
        let node = self.state.shard(shard).primary;
        let loss = self.branch_from(shard, node);
        self.note(Fact::PrimaryRecreated { shard, node, from, loss });
        self.serve(shard, node);
        // Failover was switched off while a replica was being promoted: nobody needs it any more.
        self.give_up_failover(shard);
        if self.state.shard(shard).failover == Failover::Promoting {
            self.state.shard_mut(shard).failover = Failover::Idle;
            self.queue.clear(self.slots.failover(shard));
        }
        self.writers_return_to(shard);
        self.close_window_if_settled(shard);
    }

    /// The dataset is lost while a promotion is under way. A control plane that knows at once
    /// gives it up; another one learns it when the promotion fails.
    pub(super) fn failover_has_nothing_to_promote(&mut self, shard: ShardId) {
        let failover = self.state.shard(shard).failover;
        let knows = self.plan.rules.replacement_starts == ReplacementStarts::AtFailure;
        if knows && failover == Failover::Promoting {
            self.abandon_promotion(shard);
            self.note(Fact::FailoverFailed { shard });
        }
    }

    /// Starts cold, if the dataset is lost, somebody is there to serve, and the control plane
    /// knows (by default: has detected that the primary is gone, and does not expect it back).
    pub(super) fn try_cold_start(&mut self, shard: ShardId) {
        let state = *self.state.shard(shard);
        let knows = self.plan.rules.replacement_starts == ReplacementStarts::AtFailure
            || state.window != Window::Primary;
        let busy = matches!(state.failover, Failover::Promoting | Failover::ColdStarting(_));
        let needed = state.dataset == Dataset::Lost && state.serving != Serving::Yes;
        if !needed || busy || !knows || self.expects_primary(shard) {
            return;
        }
        let Some(node) = self.cold_start_node(shard) else { return };
        self.state.shard_mut(shard).failover = Failover::ColdStarting(node);
        let n = self.state.clocks.shards[shard.idx()].cold_starts;
        self.state.clocks.shards[shard.idx()].cold_starts += 1;
        let takes = self.shard_time(&self.plan.timing.cold_start, shard, Purpose::ColdStart, n);
        let slot = self.slots.failover(shard);
        self.queue.schedule(slot, self.now + takes, Event::ColdStartDue(shard));
        self.note(Fact::ColdStartBegan { shard, node });
    }

    /// Whether the primary is being rebooted on the customer's request, and nobody has taken it
    /// offline: the control plane waits for it.
    pub(super) fn expects_primary(&self, shard: ShardId) -> bool {
        let state = self.state.shard(shard);
        state.serving == Serving::Interrupted
            && self.state.node(state.primary).process == Process::Rebooting(RebootBy::Customer)
    }

    /// The live node that serves first after a dataset loss, by the rule; without automatic
    /// failover it can only be the primary's slot.
    fn cold_start_node(&self, shard: ShardId) -> Option<NodeId> {
        let primary = self.state.shard(shard).primary;
        let rule = match self.successor_rule(shard) {
            Some(_) => self.plan.rules.cold_start_node,
            None => ColdStartNode::PrimarySlot,
        };
        match rule {
            ColdStartNode::PrimarySlot => Some(primary).filter(|node| self.state.answers(*node)),
            ColdStartNode::FirstReady => {
                let nodes = self.plan.shards[shard.idx()].node_ids();
                nodes
                    .filter(|node| self.state.answers(*node))
                    .min_by_key(|node| self.plan.nodes[node.idx()].rank)
            }
        }
    }

    /// The node that was to start cold may be gone: another one takes its place without delay
    /// (assumed; in the exact cases the law of a cold start has no memory, so it is the same).
    pub(super) fn cold_start_struck(&mut self, shard: ShardId) {
        let Failover::ColdStarting(node) = self.state.shard(shard).failover else {
            return;
        };
        if self.state.answers(node) {
            return;
        }
        match self.cold_start_node(shard) {
            Some(other) => {
                let state = self.state.shard_mut(shard);
                state.failover = Failover::ColdStarting(other);
                self.note(Fact::ColdStartBegan { shard, node: other });
            }
            None => {
                self.state.shard_mut(shard).failover = Failover::Idle;
                self.queue.clear(self.slots.failover(shard));
            }
        }
    }

    /// The empty node serves, and writers reach it (MZ-33, MZ-34).
    pub(super) fn cold_start_due(&mut self, shard: ShardId) {
        let Failover::ColdStarting(node) = self.state.shard(shard).failover else {
            unreachable!("a cold start is due only while one is under way");
        };
        self.state.shard_mut(shard).failover = Failover::Idle;
        self.begin_empty_history(shard);
        self.start_node_lives(node);
        self.note(Fact::ColdStarted { shard, node });
        self.recovered(node);
        self.serve(shard, node);
        if self.state.shard(shard).endpoint != node {
            self.point_endpoint_at_primary(shard);
        }
        self.writers_retry(shard);
        self.repair_shard(shard);
        self.close_window_if_settled(shard);
        self.tell_changes(shard);
        self.planned_work_goes_on(shard);
    }
}
