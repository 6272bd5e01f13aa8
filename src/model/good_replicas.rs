//! Writes that ask for replicas: `min-replicas-to-write`, and clients that send WAIT.
//!
//! A primary takes writes only while enough of its replicas are good: in sync, linked, and heard of
//! within `min-replicas-max-lag`. A replica whose process ends closes its link at once. One that
//! cannot be heard any more, because its host is lost or the network is, counts until that time has
//! passed; the same time bounds for how long an isolated primary goes on. A new primary counts
//! those that follow it already, and refuses writes (NOREPLICAS) until they are enough.
//!
//! A client that sends WAIT takes its write as done once so many replicas have it. Of what a
//! promotion loses beyond the offset that so many replicas had, the share that waits was never
//! acknowledged: the books count it as rejected, in whole nano-writes, rounded down, and the rest
//! as lost. In a durable group that is what lies beyond both, the replicas and the log: what the
//! replicas had was confirmed, and is lost all the same if the log has not. Where so few replicas
//! follow that WAIT runs into its time-out, the client proceeds, or takes the write for failed,
//! whatever becomes of it.

use crate::engine::time::SimTime;
use crate::model::draws::Purpose;
use crate::model::fact::{Cause, Fact, Observer, ReplicasFact};
use crate::model::plan::{NodeId, ShardId};
use crate::model::state::{Data, GoodReplicas, NanoWrites, Stretch};
use crate::model::{Event, Step};

impl<O: Observer> Step<'_, O> {
    /// The replica is gone without a word to its primary: as far as that knows, it is good for a
    /// while.
    pub(super) fn link_falls_silent(&mut self, node: NodeId, shard: ShardId) {
        if self.plan.replication.min_replicas > 0 && self.state.is_linked(node, shard) {
            let until = self.now + self.plan.replication.max_lag;
            self.state.clocks.nodes[node.idx()].counts_until = Some(until);
        }
    }

    /// The primary is cut off from all of its replicas at this instant: when it ceases to take the
    /// writes that still reach it, if it does.
    pub(super) fn primary_hears_nobody(&mut self, shard: ShardId) -> Option<SimTime> {
        let needed = usize::from(self.plan.replication.min_replicas);
        if needed == 0 {
            return None;
        }
        for node in self.plan.shards[shard.idx()].node_ids() {
            self.link_falls_silent(node, shard);
        }
        let nodes = self.plan.shards[shard.idx()].node_range();
        let last = self.state.clocks.nodes[nodes].iter().filter_map(|clock| clock.counts_until);
        // The last moment at which so many count.
        last.clone().filter(|at| last.clone().filter(|other| other >= at).count() >= needed).max()
    }

    /// The primary knows that the node is no good replica, or hears it again: nothing is left that
    /// could run out.
    pub(super) fn link_closes(&mut self, node: NodeId) {
        self.state.clocks.nodes[node.idx()].counts_until = None;
    }

    /// What the former primary knew of its replicas is of no use to the next one.
    pub(super) fn forget_links(&mut self, shard: ShardId) {
        self.plan.shards[shard.idx()].node_ids().for_each(|node| self.link_closes(node));
    }

    /// What strikes a replica may stop the shard's writes now or later: by this cause.
    pub(super) fn blame(&mut self, shard: ShardId, cause: Cause) {
        self.state.told[shard.idx()].struck = cause;
    }

    /// Counts the good replicas of the shard's primary: its writes stop where they are too few, and
    /// go on where they are enough.
    pub(super) fn count_replicas(&mut self, shard: ShardId) {
        self.count_followers(shard);
        let needed = self.plan.replication.min_replicas;
        if needed == 0 {
            return;
        }
        for node in self.plan.shards[shard.idx()].node_ids() {
            if self.state.is_linked(node, shard) {
                self.link_closes(node);
            }
        }
        self.watch_links(shard);
        let good = self.state.n_good_replicas(self.plan, shard);
        let serves = self.state.serves(shard);
        let now = match serves && good < needed {
            true => GoodReplicas::TooFew,
            false => GoodReplicas::Enough,
        };
        let before = std::mem::replace(&mut self.state.shard_mut(shard).good, now);
        match (before, now) {
            (GoodReplicas::Enough, GoodReplicas::TooFew) => {
                self.note(Fact::Replicas(ReplicasFact::TooFew { shard, good, needed }));
                self.writers_lose_primary(shard, self.state.told[shard.idx()].struck);
            }
            (GoodReplicas::TooFew, GoodReplicas::Enough) if serves => {
                self.note(Fact::Replicas(ReplicasFact::Enough { shard, good, needed }));
            }
            (GoodReplicas::TooFew, _) | (GoodReplicas::Enough, GoodReplicas::Enough) => {}
        }
        self.writers_retry(shard);
    }

    /// Waits for the next moment at which a replica of the shard counts no more, or an isolated
    /// node ceases to take writes.
    pub(super) fn watch_links(&mut self, shard: ShardId) {
        if self.plan.replication.min_replicas == 0 {
            return;
        }
        let nodes = self.plan.shards[shard.idx()].node_ids();
        let next = nodes.flat_map(|node| {
            let counts_until = self.state.clocks.nodes[node.idx()].counts_until;
            [counts_until, self.state.ledger.beside[node.idx()].until]
        });
        let slot = self.slots.links(shard);
        match next.flatten().min() {
            Some(due) => self.queue.schedule(slot, due, Event::LinkTimesOut(shard)),
            None => self.queue.clear(slot),
        }
    }

    /// The time has passed in which somebody should have been heard of.
    pub(super) fn link_times_out(&mut self, shard: ShardId) {
        let now = self.now;
        let is_over = |until: Option<SimTime>| until.is_some_and(|until| until <= now);
        for node in self.plan.shards[shard.idx()].node_ids() {
            if is_over(self.state.clocks.nodes[node.idx()].counts_until) {
                self.link_closes(node);
            }
            if is_over(self.state.ledger.beside[node.idx()].until) {
                self.end_beside(node);
            }
        }
        self.tell_changes(shard);
    }
}

/// Clients that send WAIT.
impl<O: Observer> Step<'_, O> {
    /// The node stops at this instant; if it follows, it has confirmed what it had.
    pub(super) fn follower_stops(&mut self, node: NodeId, shard: ShardId) {
        let (primary, state) = (self.state.shard(shard).primary, *self.state.node(node));
        let follows = state.upstream == Some(primary) && state.data == Data::Complete;
        if self.plan.workload.wait.is_some() && follows {
            self.state.clocks.nodes[node.idx()].followed_until = Some(self.now);
        }
    }

    /// Whether the node, which stopped at this instant, had followed its primary until then.
    fn followed_until_now(&self, node: NodeId) -> bool {
        self.state.clocks.nodes[node.idx()].followed_until == Some(self.now)
            && self.state.node(node).upstream.is_none()
    }

    /// The primary is lost for the n-th time and every copy frozen: what it took beyond the copies
    /// of enough replicas is not confirmed. Who stopped at the same instant had followed until
    /// then, whichever came first. Where fewer followed, WAIT had timed out before. The books are
    /// settled.
    pub(super) fn note_unconfirmed(&mut self, shard: ShardId, n: u32) {
        let Some(wait) = self.plan.workload.wait else { return };
        let primary = self.state.shard(shard).primary;
        let nodes = self.plan.shards[shard.idx()].node_ids();
        for node in nodes.clone() {
            if !self.followed_until_now(node) {
                continue;
            }
            // Its copy is gone with it, what it confirmed is not.
            let lag = self.node_time(&self.plan.replication.lag, node, Purpose::Lag, n);
            self.copy_trails(node, shard, lag);
        }
        let followers = nodes.filter(|node| {
            let state = self.state.node(*node);
            let follows = state.upstream == Some(primary) && state.data == Data::Complete;
            follows || self.followed_until_now(*node)
        });
        let offsets = followers.map(|node| self.state.ledger.copies[node.idx()].offset);
        let is_confirmed = |offset: &NanoWrites| {
            let n_have = offsets.clone().filter(|other| other >= offset).count();
            n_have >= usize::from(wait.replicas)
        };
        let offset = self.state.books(shard).offset;
        let confirmed = offsets.clone().filter(is_confirmed).max().unwrap_or(offset);
        self.state.books_mut(shard).unconfirmed = Stretch { from: confirmed, to: offset };
    }

    /// Only what lies before offset `kept` is left: of the unconfirmed writes beyond it, the share
    /// that waits was never acknowledged. Gives how much that is.
    pub(super) fn take_back_unconfirmed(&mut self, shard: ShardId, kept: NanoWrites) -> NanoWrites {
        let rate = self.plan.shards[shard.idx()].writes_per_sec;
        let waiting = NanoWrites::from(self.plan.waiting(rate));
        let books = self.state.books_mut(shard);
        let unconfirmed = std::mem::replace(&mut books.unconfirmed, Stretch::NOTHING);
        let beyond = unconfirmed.to.saturating_sub(unconfirmed.from.max(kept));
        let writes = (beyond * waiting).checked_div(NanoWrites::from(rate)).unwrap_or(0);
        books.acknowledged -= writes;
        books.rejected += writes;
        if writes > 0 {
            self.note(Fact::Replicas(ReplicasFact::Unconfirmed { shard, writes }));
        }
        writes
    }

    /// Whether WAIT is answered: where too few replicas follow, clients may take their writes for
    /// failed.
    fn count_followers(&mut self, shard: ShardId) {
        if self.plan.workload.wait.is_none() {
            return;
        }
        let nodes = self.plan.shards[shard.idx()].node_ids();
        let n_linked = nodes.filter(|node| self.state.is_linked(*node, shard)).count();
        let failing = match self.state.serves(shard) {
            true => self.plan.failing(shard, n_linked),
            false => 0,
        };
        if failing != self.state.books(shard).failing {
            self.settle(shard);
            self.state.books_mut(shard).failing = failing;
            self.note(Fact::Replicas(ReplicasFact::WaitFails { shard, per_sec: failing }));
        }
    }
}
