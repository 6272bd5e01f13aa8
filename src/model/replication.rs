//! Copies of the data: who follows whom, how far, and what is lost when a copy is all there is.
//!
//! A copy is a point in a history: (history, offset). While a replica follows a serving primary
//! its offset is implied; it is frozen when the primary is lost, at the primary's offset less
//! what was written during the replica's lag. A promotion begins a new history at the promoted
//! copy's offset, and what the old history held beyond it is lost.

use crate::engine::time::Span;
use crate::model::draws::Purpose;
use crate::model::fact::{Cause, Fact, Loss, Observer};
use crate::model::plan::{
    FullSync, NodeId, Resync, ResyncSource, ShardId, SyncingCopy, SyncingNodes,
};
use crate::model::state::{Copy, Data, Dataset, Failover, NanoWrites, Process, Serving, WRITE};
use crate::model::{Event, Step};

impl<O: Observer> Step<'_, O> {
    /// Complete copies of the shard's data, by the rule that says what counts.
    pub(super) fn complete_copies(&self, shard: ShardId) -> u8 {
        let nodes = self.plan.shards[shard.idx()].node_ids();
        nodes
            .filter(|node| !self.state.is_superseded(*node, shard))
            .filter(|node| self.plan.counts_as_copy(shard, self.state.node(*node).data))
            .count() as u8
    }

    /// The serving primary is gone: writes stop, and every replica's copy ends where its lag was,
    /// since replication is asynchronous (MZ-55).
    pub(super) fn primary_lost(&mut self, shard: ShardId, cause: Cause) {
        let plan = self.plan;
        self.settle(shard);
        let primary = self.state.shard(shard).primary;
        let n = self.state.clocks.shards[shard.idx()].primary_losses;
        self.state.clocks.shards[shard.idx()].primary_losses += 1;
        let is_durable = self.is_durable(shard);
        // Where a log has the writes, only those who wait for replicas care what these had.
        let is_asked = !is_durable || plan.workload.wait.is_some();
        for node in plan.shards[shard.idx()].node_ids() {
            let copy = *self.state.node(node);
            let follows = copy.upstream == Some(primary) || self.state.is_chained(plan, node);
            if follows && copy.data != Data::Empty && is_asked {
                let lag = self.lag_of(node, Purpose::Lag, n);
                match is_durable {
                    true => _ = self.copy_trails(node, shard, lag),
                    false => self.freeze(node, shard, lag),
                }
            }
        }
        self.note_unconfirmed(shard, n);
        // A lost host takes the process with it; a crashed or rebooted process may come back.
        self.state.shard_mut(shard).serving = match self.state.node(primary).process {
            Process::Lost | Process::Absent => Serving::No,
            Process::Running | Process::Crashed | Process::Rebooting(_) => Serving::Interrupted,
        };
        self.links_lose_source(shard);
        self.freeze_log(shard, n);
        self.freeze_durable_log(shard, n);
        self.freeze_second_region(shard, n);
        self.note(Fact::PrimaryStopped { shard });
        self.writers_lose_primary(shard, cause);
        self.voter_lost(shard, cause);
    }

    /// Ends the copy of a follower `lag` before now, but not before its history began.
    pub(super) fn freeze(&mut self, node: NodeId, shard: ShardId, lag: Span) {
        let behind = self.copy_trails(node, shard, lag);
        if self.state.node(node).data == Data::Complete {
            self.note(Fact::LagFrozen { node, lag, behind });
        }
    }

    /// A follower's copy ends so; gives what it lacks, of what was migrated as well.
    pub(super) fn copy_trails(&mut self, node: NodeId, shard: ShardId, lag: Span) -> NanoWrites {
        let behind = self.behind(shard, lag);
        let books = self.state.books(shard);
        let copy = Copy { history: books.history, offset: books.offset - behind };
        self.state.ledger.copies[node.idx()] = copy;
        let missed = self.missed_of_inflow(shard, lag);
        self.state.ledger.missed[node.idx()] = missed;
        behind + missed
    }

    /// Writes of the current history that a copy lacks which trails by `lag`; while no writes were
    /// taken it caught up.
    pub(super) fn behind(&self, shard: ShardId, lag: Span) -> NanoWrites {
        let books = self.state.books(shard);
        let until = match books.accepting {
            true => self.now,
            false => books.stopped,
        };
        let from = self.now.before(lag);
        let sent = books.offer.sent_between(from, until);
        let failing = match books.failing {
            0 => 0,
            failing if from < until => {
                NanoWrites::from(failing) * NanoWrites::from(until.since(from).as_nanos())
            }
            _ => 0,
        };
        let own = sent.saturating_sub(failing).min(books.offset - books.branch.offset);
        own + self.missed_before_completion(shard, lag)
    }

    /// `node`'s copy becomes the shard's history; says what that loses.
    pub(super) fn branch_from(&mut self, shard: ShardId, node: NodeId) -> Loss {
        let rate = self.state.books(shard).offer.rate;
        let copy = self.caught_up(shard, self.state.ledger.copies[node.idx()]);
        self.settle(shard);
        self.primary_superseded(shard);
        let books = self.state.books_mut(shard);
        assert!(
            copy.history == books.history && copy.offset <= books.offset,
            "a complete copy lies in the history of the lost primary"
        );
        let (beside, taken_for) = (books.taken_beside, books.taken_for);
        // A copy in reach ends before the cut: it has nothing of what was taken after it.
        let trailed = books.offset - copy.offset - beside;
        let lost = trailed - self.take_back_unconfirmed(shard, copy.offset);
        let window = if lost > 0 { age_of_oldest(trailed, rate) } else { Span::ZERO };
        let books = self.state.books_mut(shard);
        books.lost += lost + beside;
        books.branch = copy;
        books.history.0 += 1;
        books.offset = copy.offset;
        self.history_is_cut(shard, copy.offset);
        self.migrated_copy_is_cut(shard, node);
        let books = self.state.books_mut(shard);
        (books.taken_beside, books.taken_for) = (0, Span::ZERO);
        self.state.archive.shard_mut(shard).cut(copy.offset);
        Loss { writes: lost + beside, beside, window: window.plus(taken_for) }
    }

    /// The shard's history starts over with nothing in it.
    pub(super) fn begin_empty_history(&mut self, shard: ShardId) {
        self.give_up_archive(shard);
        let books = self.state.books_mut(shard);
        books.history.0 += 1;
        books.branch = Copy { history: books.history, offset: 0 };
        debug_assert!(books.offset == 0, "a dataset loss has emptied the books");
        self.state.shard_mut(shard).dataset = Dataset::Held;
    }

    /// The last complete copy is gone; where there is no replica it is the primary's (MZ-68).
    pub(super) fn dataset_lost(&mut self, shard: ShardId) {
        let facts = self.forget_dataset(shard);
        self.tell_loss(shard, facts);
        self.failover_has_nothing_to_promote(shard);
        self.release_scheduled(shard);
    }

    /// The shard's books close on a lost dataset. Gives the fact that tells it, for the caller to
    /// tell when the last copy is gone in the story too, and the one that tells of a restore.
    fn forget_dataset(&mut self, shard: ShardId) -> [Option<Fact>; 2] {
        self.settle(shard);
        let bytes = self.held_bytes(shard);
        let elsewhere = self.on_other_side(shard);
        let (archived, kept) = self.keep_archive(shard, self.state.books(shard).offset);
        let books = self.state.books_mut(shard);
        let writes = books.offset - archived;
        let writes = writes - self.take_back_unconfirmed(shard, archived);
        let books = self.state.books_mut(shard);
        let bytes = bytes - kept.min(bytes);
        books.dataset_lost += writes;
        books.archived += archived;
        books.offset = 0;
        (books.taken_beside, books.taken_for) = (0, Span::ZERO);
        books.branch.offset = 0;
        books.original = false;
        self.common_is_archived(shard, archived);
        self.history_is_cut(shard, 0);
        self.migrated_copy_is_lost(shard);
        self.state.shard_mut(shard).dataset = Dataset::Lost;
        for node in self.plan.shards[shard.idx()].node_ids() {
            if self.state.node(node).data == Data::Syncing {
                self.stop_sync(node);
                self.state.node_mut(node).data = Data::Empty;
            }
        }
        let restore = self.consider_restore(self.plan.shards[shard.idx()].group);
        let elsewhere = elsewhere.saturating_sub(archived).min(writes);
        [Some(Fact::DatasetLost { shard, writes, bytes, elsewhere }), restore]
    }

    /// Tells of a lost dataset, and of the restore that begins with it.
    fn tell_loss(&mut self, shard: ShardId, facts: [Option<Fact>; 2]) {
        facts.into_iter().flatten().for_each(|fact| self.note(fact));
        if let [_, Some(_)] = facts {
            // The shards that were lost before wait for it as well.
            let shards = self.shards_of(self.plan.shards[shard.idx()].group);
            shards.filter(|other| *other != shard).for_each(|other| self.tell_changes(other));
        }
    }

    /// The primary returned empty before anybody failed over: its empty data is the truth now,
    /// and all who follow it lose what they had (MZ-61).
    pub(super) fn empty_primary_serves(&mut self, shard: ShardId) {
        let node = self.state.shard(shard).primary;
        self.note(Fact::EmptyPrimary { shard, node });
        let held = self.state.shard(shard).dataset == Dataset::Held;
        let lost = held.then(|| self.forget_dataset(shard));
        if let Failover::ColdStarting(_) = self.state.shard(shard).failover {
            self.state.shard_mut(shard).failover = Failover::Idle;
            self.queue.clear(self.slots.failover(shard));
        }
        self.begin_empty_history(shard);
        self.serve(shard, node);
        if let Some(facts) = lost {
            self.tell_loss(shard, facts);
        }
        self.writers_return_to(shard);
    }

    /// `node` holds the shard's data and accepts writes from now on; everybody else follows it
    /// (MZ-32).
    pub(super) fn serve(&mut self, shard: ShardId, node: NodeId) {
        let state = &mut self.state.config;
        state.nodes[node.idx()].data = Data::Complete;
        state.nodes[node.idx()].upstream = None;
        state.shards[shard.idx()].primary = node;
        let was = std::mem::replace(&mut state.shards[shard.idx()].serving, Serving::Yes);
        self.stop_watch(shard);
        self.forget_links(shard);
        self.note(Fact::PrimaryServes { shard, node });
        if was != Serving::Yes {
            self.voter_back(shard);
        }
        for other in self.plan.shards[shard.idx()].node_ids() {
            if other != node && self.state.node(other).data == Data::Logged {
                // Its file ends in a history that is over.
                self.state.node_mut(other).data = Data::Empty;
            }
            self.fence_opens(other);
            if other != node && self.state.reaches(node, other) {
                self.attach(other);
            }
        }
    }

    /// The node attaches to the serving primary: by full sync, or with the little it lacks.
    pub(super) fn attach(&mut self, node: NodeId) {
        let shard = self.plan.nodes[node.idx()].shard;
        let data = self.state.node(node).data;
        let upstream = self.upstream_for(node);
        if data != Data::Complete {
            self.start_full_sync(node, upstream);
            return;
        }
        let books = self.state.books(shard);
        let copy = self.state.ledger.copies[node.idx()];
        let missing = books.branch.offset.saturating_sub(copy.offset);
        let same_history = copy.history == books.branch.history;
        let partial = match self.plan.rules.resync {
            // The log has what it lacks, and never lacked more than the primary.
            _ if self.is_durable(shard) => same_history && copy.offset <= books.branch.offset,
            Resync::Full => false,
            Resync::None => true,
            Resync::Engine => {
                let bytes = missing * u128::from(self.plan.workload.write_bytes);
                let backlog = u128::from(self.plan.replication.backlog_bytes) * WRITE;
                same_history && copy.offset <= books.branch.offset && bytes <= backlog
            }
        };
        if partial {
            if !same_history {
                self.note(Fact::Flushed { node });
            }
            self.state.node_mut(node).upstream = Some(upstream);
            self.note(Fact::Reattached { node, missing });
        } else {
            self.note(Fact::Flushed { node });
            self.start_full_sync(node, upstream);
        }
    }

    /// Copies from the best complete copy, if there is one and the rules let this node read it
    /// while no primary serves.
    pub(super) fn copy_from_best(&mut self, node: NodeId) {
        let shard = self.plan.nodes[node.idx()].shard;
        if self.is_durable(shard) {
            if self.state.node(node).data == Data::Empty {
                self.read_log(node);
            }
            return;
        }
        let recreated =
            self.successor_rule(shard).is_none() && self.state.shard(shard).primary == node;
        let copying = self.state.node(node).upstream.is_some();
        if copying || !recreated && self.plan.rules.resync_source == ResyncSource::Primary {
            return;
        }
        if let Some(from) = self.best_copy(shard, node, Data::Complete) {
            self.start_full_sync(node, from);
        } else if recreated && self.plan.rules.syncing == SyncingCopy::CountsAsComplete {
            self.settle_for_syncing_copy(shard, node);
        }
    }

    /// The copy in state `data` that goes furthest, among the nodes that `reader` reaches.
    fn best_copy(&self, shard: ShardId, reader: NodeId, data: Data) -> Option<NodeId> {
        self.plan.shards[shard.idx()]
            .node_ids()
            .filter(|node| self.state.node(*node).data == data)
            .filter(|node| self.state.reaches(*node, reader))
            .max_by_key(|node| {
                let rank = self.plan.nodes[node.idx()].rank;
                (self.state.ledger.copies[node.idx()].offset, std::cmp::Reverse(rank))
            })
    }

    /// Only copies in sync are left and the rules count them: the best of them is taken as it is,
    /// to recreate the primary from, or as the primary if it is its own.
    fn settle_for_syncing_copy(&mut self, shard: ShardId, primary: NodeId) {
        let Some(best) = self.best_copy(shard, primary, Data::Syncing) else { return };
        self.abandon_sync(best);
        self.state.node_mut(best).data = Data::Complete;
        if best == primary {
            self.primary_recreated(shard, primary);
        } else {
            self.start_full_sync(primary, best);
        }
    }

    /// The node drops what it has and copies everything; nobody can read from it meanwhile.
    pub(super) fn start_full_sync(&mut self, node: NodeId, from: NodeId) {
        let shard = self.plan.nodes[node.idx()].shard;
        self.link_closes(node);
        self.upstream_lost_copy(node);
        if self.is_durable(shard) {
            self.read_log(node);
            return;
        }
        let state = self.state.node_mut(node);
        state.data = Data::Syncing;
        state.upstream = Some(from);
        self.copy_goes_as_far(node, from);
        let (takes, bytes) = self.full_sync_time(node, shard);
        let slot = self.slots.service(node);
        self.queue.schedule(slot, self.now + takes, Event::SyncEnds(node));
        if self.plan.rules.syncing_nodes == SyncingNodes::CannotFail {
            self.pause_node_lives(node);
        }
        self.note(Fact::SyncStarted { node, from, bytes });
    }

    /// The node has as much as the one that it copies.
    fn copy_goes_as_far(&mut self, node: NodeId, from: NodeId) {
        let ledger = &mut self.state.ledger;
        ledger.copies[node.idx()] = ledger.copies[from.idx()];
        ledger.missed[node.idx()] = ledger.missed[from.idx()];
    }

    /// How long it takes `node` to copy everything that the shard holds, and how much that is.
    pub(super) fn full_sync_time(&mut self, node: NodeId, shard: ShardId) -> (Span, u64) {
        let n = self.state.clocks.nodes[node.idx()].syncs;
        self.state.clocks.nodes[node.idx()].syncs += 1;
        // What a target follows is the source's.
        let held_by = self.migrated_from(shard).unwrap_or(shard);
        self.settle(held_by);
        let bytes = self.held_bytes(held_by);
        let takes = match &self.plan.timing.full_sync {
            FullSync::Law(law) => self.node_time(law, node, Purpose::FullSync, n),
            per_gib @ FullSync::PerGib(_) => per_gib.proportional(bytes).unwrap_or(Span::FOREVER),
        };
        (takes, bytes)
    }

    /// Bytes of data that the shard holds: its dataset, or what was written since that was lost.
    /// The books must be settled.
    pub(super) fn held_bytes(&self, shard: ShardId) -> u64 {
        let books = self.state.books(shard);
        debug_assert!(books.settled == self.now, "bytes are counted in settled books");
        let dataset = self.plan.shards[shard.idx()].dataset_bytes;
        if books.original {
            return dataset;
        }
        let written = books.offset * u128::from(self.plan.workload.write_bytes) / WRITE;
        u64::try_from(written).unwrap_or(u64::MAX).min(dataset)
    }

    /// The node holds a complete copy.
    pub(super) fn sync_ends(&mut self, node: NodeId) {
        let shard = self.plan.nodes[node.idx()].shard;
        if self.is_durable(shard) {
            self.log_is_read(node);
            return;
        }
        let source = self.state.node(node).upstream;
        let source = source.expect("a node in full sync has a source");
        self.state.node_mut(node).data = Data::Complete;
        self.start_node_lives(node);
        self.note(Fact::Synced { node });
        self.recovered(node);
        if !self.state.serves(shard) {
            self.copy_goes_as_far(node, source);
            let shard_state = *self.state.shard(shard);
            if self.successor_rule(shard).is_none() && shard_state.primary == node {
                self.primary_recreated(shard, source);
            }
        }
        self.tell_changes(shard);
        self.planned_work_goes_on(shard);
    }

    /// Full syncs whose source is gone stop; some may go on from another copy.
    pub(super) fn sync_sources_lost(&mut self, shard: ShardId) {
        for node in self.plan.shards[shard.idx()].node_ids() {
            let state = *self.state.node(node);
            if self.reads_log(node) && !self.state.answers(node) {
                self.stop_sync(node);
                self.state.node_mut(node).data = Data::Empty;
            }
            let Some(source) = state.upstream.filter(|_| state.data == Data::Syncing) else {
                continue;
            };
            if !self.state.reaches(source, node) {
                self.stop_sync(node);
                self.copy_from_best(node);
            }
        }
    }

    /// A full sync stops; the node keeps what is of no use alone.
    fn stop_sync(&mut self, node: NodeId) {
        let reads_log = self.reads_log(node);
        if self.state.node_mut(node).upstream.take().is_some() || reads_log {
            self.queue.clear(self.slots.service(node));
            self.note(Fact::SyncStopped { node });
        }
    }

    /// Ends a full sync because the node is needed as it is.
    pub(super) fn abandon_sync(&mut self, node: NodeId) {
        if self.state.node(node).data == Data::Syncing {
            self.stop_sync(node);
            self.start_node_lives(node);
        }
    }
}

/// Age of the oldest of `writes` that were accepted at `rate` until now.
pub(super) fn age_of_oldest(writes: NanoWrites, rate: u64) -> Span {
    match rate {
        0 => Span::ZERO,
        _ => Span::from_nanos(u64::try_from(writes / u128::from(rate)).unwrap_or(u64::MAX)),
    }
}
