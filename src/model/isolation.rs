//! Nodes that run and cannot be reached: neither by the control plane nor by other nodes nor by the
//! clients elsewhere (MZ-67).
//!
//! An isolated node counts as failed. An isolated primary goes on taking the writes of the clients
//! on its side: in its history until a replica is promoted, and then, unless it is fenced, astray:
//! acknowledged and lost at once. Where primaries watch each other nobody fences it: as soon as it
//! notices that it is in a minority it takes no writes, and after the cut it waits for a while
//! before it takes writes again or follows its successor (`cluster_bus`). A cut that ends before
//! anybody follows the primary costs writes nothing but the wait: it serves again with all it has.
//! A fenced node is back and kept offline until its successor serves. The clients on its side reach
//! the others as well: they go where all go as soon as it takes nothing from them.

use crate::engine::time::{SimTime, Span};
use crate::model::draws::Purpose;
use crate::model::fact::{Cause, Fact, IsolationFact, Loss, Observer, Role, Target};
use crate::model::plan::{Fencing, NodeId, Resync, ShardId, SubDetection, WaitTimeout};
use crate::model::state::{
    Belief, Beside, Copy, Data, Dataset, Failover, NanoWrites, Process, Reach, Serving, Stretch,
    WRITE, Watch, Window,
};
use crate::model::{Event, Step};

impl<O: Observer> Step<'_, O> {
    /// The node is cut off for `duration`; as a serving primary it goes on taking
    /// `writers_beside` writes per second.
    pub(super) fn isolate(&mut self, node: NodeId, duration: Span, writers_beside: u64) {
        let (cause, target) = (Cause::Isolation, Target::Node(node));
        let shard = self.plan.nodes[node.idx()].shard;
        // A primary that serves nobody is offline already, as is one that reads its log.
        let is_offline = self.state.shard(shard).primary == node && !self.state.serves(shard);
        if !self.state.answers(node) || is_offline {
            self.note(Fact::FaultMissed { cause, target });
            return;
        }
        self.note(Fact::FaultStruck { cause, target });
        let role = match self.state.shard(shard).primary == node {
            true => Role::Primary,
            false => Role::Replica,
        };
        self.settle(shard);
        self.blame(shard, cause);
        let until = match role {
            Role::Primary => self.primary_hears_nobody(shard),
            Role::Replica => {
                self.link_falls_silent(node, shard);
                None
            }
        };
        self.schedule_cut((node, role), duration);
        self.state.node_mut(node).reach = Reach::Isolated;
        self.note(Fact::Isolation(IsolationFact::Began { node, role }));
        let accepted = self.state.books(shard).accepting;
        match role {
            Role::Primary => self.primary_is_cut_off(shard, node),
            Role::Replica => self.replica_is_cut_off(shard, node),
        }
        self.backup_source_stopped(node);
        self.shard_struck(shard, node, cause);
        if role == Role::Primary && accepted {
            self.writers_stay_beside(node, writers_beside, until);
        }
    }

    /// Schedules the end of the cut, or first what the node does before it.
    fn schedule_cut(&mut self, (node, role): (NodeId, Role), duration: Span) {
        let ends = self.now + duration;
        let refuses = match role {
            Role::Primary => self.isolated_primary_refuses_at(node),
            Role::Replica => None,
        };
        let (due, event) = match refuses.filter(|refuses| *refuses < ends) {
            Some(refuses) => (refuses, Event::MinorityNoticed(node)),
            None => (ends, Event::IsolationEnds(node)),
        };
        self.state.clocks.nodes[node.idx()].cut_ends = ends;
        self.queue.schedule(self.slots.isolation(node), due, event);
    }

    /// The isolated primary sees no majority of its peers: it takes writes from nobody.
    pub(super) fn minority_noticed(&mut self, node: NodeId) {
        let shard = self.plan.nodes[node.idx()].shard;
        self.note(Fact::Isolation(IsolationFact::Refuses { node }));
        self.end_beside(node);
        self.state.node_mut(node).reach = Reach::Minority;
        let ends = self.state.clocks.nodes[node.idx()].cut_ends;
        self.queue.schedule(self.slots.isolation(node), ends, Event::IsolationEnds(node));
        self.tell_changes(shard);
    }

    fn primary_is_cut_off(&mut self, shard: ShardId, node: NodeId) {
        let books = self.state.books(shard);
        let copy = Copy { history: books.history, offset: books.offset };
        self.state.ledger.copies[node.idx()] = copy;
    }

    /// The replica's copy ends where its lag was.
    fn replica_is_cut_off(&mut self, shard: ShardId, node: NodeId) {
        let n = self.state.clocks.nodes[node.idx()].isolations;
        self.state.clocks.nodes[node.idx()].isolations += 1;
        if self.state.node(node).data != Data::Complete {
            return;
        }
        self.follower_stops(node, shard);
        if self.state.serves(shard) {
            let law = &self.plan.replication.lag;
            let lag = self.node_time(law, node, Purpose::IsolationLag, n);
            self.freeze(node, shard, lag);
        }
        self.state.node_mut(node).upstream = None;
    }

    fn writers_stay_beside(&mut self, node: NodeId, writers_beside: u64, until: Option<SimTime>) {
        let shard = self.plan.nodes[node.idx()].shard;
        // An isolated primary does not reach the durable log either.
        let offered = match self.is_durable(shard) {
            true => 0,
            false => self.plan.shards[shard.idx()].writes_per_sec,
        };
        let books = self.state.books(shard);
        let rate = writers_beside.min(offered.saturating_sub(books.astray));
        let rate = match self.plan.rules.wait_timeout {
            WaitTimeout::Proceed => rate,
            // Those that wait see that nobody answers, and write elsewhere.
            WaitTimeout::Fail => rate - self.plan.waiting(rate),
        };
        let books = self.state.books_mut(shard);
        books.kept = rate;
        if rate > 0 {
            self.state.ledger.beside[node.idx()] = Beside { rate, astray_since: None, until };
            self.watch_links(shard);
            self.tell_beside(shard);
        }
    }

    /// Another history than the primary's begins now; an isolated primary holds the old one. It is
    /// taken offline first, or goes on. The books must be settled.
    pub(super) fn primary_superseded(&mut self, shard: ShardId) {
        let primary = self.state.shard(shard).primary;
        if self.state.node(primary).reach.is_open() {
            return;
        }
        let books = self.state.books_mut(shard);
        self.state.ledger.copies[primary.idx()] =
            Copy { history: books.history, offset: books.offset };
        let books = self.state.books_mut(shard);
        let rate = std::mem::take(&mut books.kept);
        if rate == 0 {
            return;
        }
        let is_elected = self.is_elected_by_peers(shard);
        let beside = self.state.ledger.beside[primary.idx()];
        self.state.ledger.beside[primary.idx()] = match self.plan.rules.fencing {
            Fencing::AtPromotion if !is_elected => Beside::NOTHING,
            Fencing::AtPromotion | Fencing::OnReturn => {
                self.state.books_mut(shard).astray += rate;
                Beside { rate, astray_since: Some(self.now), ..beside }
            }
        };
        self.tell_beside(shard);
    }

    /// The node takes no writes beside it any more.
    pub(super) fn end_beside(&mut self, node: NodeId) {
        let shard = self.plan.nodes[node.idx()].shard;
        self.settle(shard);
        let beside = std::mem::replace(&mut self.state.ledger.beside[node.idx()], Beside::NOTHING);
        if beside.rate == 0 {
            return;
        }
        let books = self.state.books_mut(shard);
        match beside.astray_since {
            None => books.kept -= beside.rate,
            Some(_) => books.astray -= beside.rate,
        }
        if let Some(loss) = self.astray_loss(beside) {
            self.state.ledger.copies[node.idx()].offset += loss.writes;
            self.note(Fact::Isolation(IsolationFact::SplitBrain { shard, node, loss }));
        }
        self.tell_beside(shard);
    }

    fn astray_loss(&self, beside: Beside) -> Option<Loss> {
        let window = self.now.since(beside.astray_since?);
        let writes = NanoWrites::from(beside.rate) * NanoWrites::from(window.as_nanos());
        Some(Loss { writes, beside: writes, window })
    }

    /// Tells what isolated nodes have lost so far, at the end of a trial.
    pub(super) fn tell_astray(&mut self) {
        for node in self.plan.node_ids() {
            if let Some(loss) = self.astray_loss(self.state.ledger.beside[node.idx()]) {
                let shard = self.plan.nodes[node.idx()].shard;
                self.note(Fact::Isolation(IsolationFact::SplitBrain { shard, node, loss }));
            }
        }
    }

    fn tell_beside(&mut self, shard: ShardId) {
        let books = self.state.books(shard);
        let (kept, astray) = (books.kept, books.astray);
        self.note(Fact::Isolation(IsolationFact::Beside { shard, kept, astray }));
    }

    /// The node stops, or is renewed: whoever comes after it can be reached.
    pub(super) fn isolation_is_over(&mut self, node: NodeId) {
        if self.state.node(node).reach != Reach::Connected {
            self.end_beside(node);
            self.state.node_mut(node).reach = Reach::Connected;
            self.queue.clear(self.slots.isolation(node));
        }
    }

    /// The cut ends: the node is reached again. A primary that was in a minority waits then.
    pub(super) fn isolation_ends(&mut self, node: NodeId) {
        let shard = self.plan.nodes[node.idx()].shard;
        match self.state.node(node).reach {
            Reach::Isolated => {
                self.cut_is_over(node);
                self.takes_part_again(node, Reach::Connected);
            }
            Reach::Minority => {
                self.cut_is_over(node);
                if self.state.is_superseded(node, shard) {
                    self.state.node_mut(node).reach = Reach::Returning;
                    self.waits_to_rejoin(node, Role::Replica);
                } else {
                    self.takes_part_again(node, Reach::Rejoining);
                }
            }
            Reach::Returning => self.takes_part_again(node, Reach::Connected),
            Reach::Rejoining => {
                self.state.node_mut(node).reach = Reach::Connected;
                self.note(Fact::Isolation(IsolationFact::Takes { shard, node }));
                self.writers_retry(shard);
                self.tell_changes(shard);
                self.planned_work_goes_on(shard);
            }
            Reach::Connected | Reach::Fenced => unreachable!("these wait for no end of a cut"),
        }
    }

    fn cut_is_over(&mut self, node: NodeId) {
        self.end_beside(node);
        self.note(Fact::Isolation(IsolationFact::Ended { node }));
    }

    /// Whoever was a primary in a minority waits, so that it hears of a successor before it takes
    /// writes or follows.
    fn waits_to_rejoin(&mut self, node: NodeId, role: Role) {
        let shard = self.plan.nodes[node.idx()].shard;
        self.note(Fact::Isolation(IsolationFact::Waits { shard, node, role }));
        let due = self.now + self.plan.control_plane.bus.rejoin();
        self.queue.schedule(self.slots.isolation(node), due, Event::IsolationEnds(node));
    }

    /// The node is part of its shard again, as a primary that serves again with `reach`.
    fn takes_part_again(&mut self, node: NodeId, reach: Reach) {
        let shard = self.plan.nodes[node.idx()].shard;
        let superseded = self.state.is_superseded(node, shard);
        let state = *self.state.shard(shard);
        let is_whole = self.state.node(node).data == Data::Complete && !superseded;
        let is_primary = state.primary == node && is_whole && state.serving != Serving::Yes;
        if is_primary && self.is_given_up(shard) {
            let offset = self.state.books(shard).offset;
            self.state.ledger.copies[node.idx()].offset = offset;
            self.state.node_mut(node).reach = Reach::Fenced;
            self.state.shard_mut(shard).serving = Serving::No;
        } else {
            self.state.node_mut(node).reach = Reach::Connected;
            self.state.node_mut(node).belief = Belief::Up;
            if is_primary {
                self.state.node_mut(node).reach = reach;
                self.serves_again(shard);
            } else if is_whole {
                self.replica_is_back(shard, node);
            } else {
                self.straggler_is_back(shard, node);
            }
        }
        if self.state.node(node).reach == Reach::Rejoining {
            self.waits_to_rejoin(node, Role::Primary);
        }
        self.close_window_if_settled(shard);
        self.repair_shard(shard);
        self.tell_changes(shard);
        self.planned_work_goes_on(shard);
    }

    /// Whether a replica is about to follow the primary, whatever that does.
    fn is_given_up(&self, shard: ShardId) -> bool {
        let state = self.state.shard(shard);
        let fails_over_anyway = state.window == Window::Primary
            && self.plan.rules.sub_detection_fault == SubDetection::Failover
            && self.successor_rule(shard).is_some();
        state.failover == Failover::Promoting || fails_over_anyway
    }

    /// The failover found nobody, or nobody is to follow: a fenced primary serves again.
    pub(super) fn fenced_primary_serves(&mut self, shard: ShardId) {
        let primary = self.state.shard(shard).primary;
        let is_idle = self.state.shard(shard).failover == Failover::Idle;
        if is_idle && self.state.node(primary).reach == Reach::Fenced {
            self.fence_opens(primary);
            self.serves_again(shard);
            self.close_window_if_settled(shard);
        }
    }

    /// A fenced node may take part again.
    pub(super) fn fence_opens(&mut self, node: NodeId) {
        let state = self.state.node_mut(node);
        if state.reach == Reach::Fenced {
            state.reach = Reach::Connected;
            state.belief = Belief::Up;
        }
    }

    /// The primary serves again with all it has; its replicas have not diverged from it.
    fn serves_again(&mut self, shard: ShardId) {
        let node = self.state.shard(shard).primary;
        let books = self.state.books_mut(shard);
        (books.taken_beside, books.taken_for) = (0, Span::ZERO);
        books.unconfirmed = Stretch::NOTHING;
        self.state.shard_mut(shard).serving = Serving::Yes;
        self.stop_watch(shard);
        self.note(Fact::PrimaryServes { shard, node });
        self.voter_back(shard);
        for other in self.plan.shards[shard.idx()].node_ids() {
            if other != node && self.state.reaches(node, other) {
                self.rejoin(other);
            }
        }
        self.writers_return_to(shard);
    }

    /// The replica follows the serving primary again: with what it lacks, if its copy belongs to
    /// the primary's history and the backlog holds that, or like after a failover.
    fn rejoin(&mut self, node: NodeId) {
        let shard = self.plan.nodes[node.idx()].shard;
        self.settle(shard);
        let primary = self.state.shard(shard).primary;
        let (books, copy) = (self.state.books(shard), self.state.ledger.copies[node.idx()]);
        if self.state.node(node).data != Data::Complete || copy.history != books.history {
            self.attach(node);
            return;
        }
        let missing = books.offset - copy.offset;
        let bytes = missing * u128::from(self.plan.workload.write_bytes);
        let backlog = u128::from(self.plan.replication.backlog_bytes) * WRITE;
        let is_durable = self.is_durable(shard);
        if bytes <= backlog || self.plan.rules.resync == Resync::None || is_durable {
            self.state.node_mut(node).upstream = Some(primary);
            self.note(Fact::Reattached { node, missing });
        } else {
            self.start_full_sync(node, primary);
        }
    }

    /// A replica is back whose copy belongs to the shard's history. If the failover found nobody,
    /// here is somebody.
    fn replica_is_back(&mut self, shard: ShardId, node: NodeId) {
        let state = *self.state.shard(shard);
        if state.serving == Serving::Yes {
            self.rejoin(node);
            return;
        }
        let was_missed = state.serving == Serving::No
            && state.failover == Failover::Idle
            && state.window != Window::Primary
            && state.watch == Watch::Calm;
        let primary = *self.state.node(state.primary);
        let is_replaying = primary.data == Data::Logged && primary.process == Process::Running;
        if !was_missed || is_replaying {
            return;
        }
        match self.successor_rule(shard) {
            Some(_) => self.start_promotion(shard),
            None if self.state.answers(state.primary) => self.copy_from_best(state.primary),
            None => {}
        }
    }

    /// A node is back that the shard has gone on without, or that holds nothing complete.
    fn straggler_is_back(&mut self, shard: ShardId, node: NodeId) {
        // What is left of a history that is over, complete or not.
        let is_left = match self.state.node(node).data {
            Data::Complete | Data::Syncing => true,
            Data::Empty | Data::Logged => false,
        };
        let is_over =
            self.state.ledger.copies[node.idx()].history != self.state.books(shard).history;
        if is_left && is_over && !self.state.serves(shard) {
            debug_assert!(
                self.state.shard(shard).dataset == Dataset::Lost || self.complete_copies(shard) > 0,
                "what it holds was no copy"
            );
            self.state.node_mut(node).data = Data::Empty;
            self.note(Fact::Flushed { node });
        }
        self.node_joins(node);
        // A copy in sync may be all that is left, where such copies count.
        let state = *self.state.node(node);
        if is_left && state.data == Data::Syncing && state.upstream.is_none() {
            self.replica_is_back(shard, node);
        }
    }
}
