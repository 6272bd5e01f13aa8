//! Durable clusters: a log in several AZs has the writes of a shard, beside its nodes.
//!
//! With `sync` a write is in the log before it is acknowledged, with `async` the log trails, by
//! ten seconds at most. Who takes over reads from the log what it lacks, so all that a lost
//! primary costs is what the log lacked, and no copy is worth more than another. New nodes read
//! the log as well: they need no primary for that and burden none. A shard whose nodes are all
//! gone has its data in the log still: the first node that has read it serves.
//!
//! A primary whose process returns has nothing in memory and reads the log like all others. If it
//! has read it before anybody decided that it failed it serves again; otherwise it is none of those
//! who may follow it. An isolated primary does not reach the log either, and takes no writes.

use crate::engine::time::Span;
use crate::model::draws::Purpose;
use crate::model::fact::{BackupFact, Fact, Observer};
use crate::model::persistence::Durability;
use crate::model::plan::{FullSync, NodeId, ShardId, SyncingNodes};
use crate::model::state::{Copy, Data, Dataset, Failover, Reach, Serving, Window};
use crate::model::{Event, Step};

/// No log trails further: the primary refuses writes before.
const LONGEST_TAIL: Span = Span::from_secs(10);

impl<O: Observer> Step<'_, O> {
    /// Whether a log has the shard's writes.
    pub(super) fn is_durable(&self, shard: ShardId) -> bool {
        match self.plan.group_of(shard).durability {
            Durability::Disabled => false,
            Durability::Async | Durability::Sync => true,
        }
    }

    /// The shard's primary is lost, for the n-th time: the log ends where it trailed, and with it
    /// all copies that can be reached. The books are settled.
    pub(super) fn freeze_durable_log(&mut self, shard: ShardId, n: u32) {
        let lag = match self.plan.group_of(shard).durability {
            Durability::Disabled => return,
            Durability::Sync => Span::ZERO,
            Durability::Async => {
                self.shard_time(&self.plan.durable_log.lag, shard, Purpose::LogLag, n)
            }
        };
        let lag = lag.min(LONGEST_TAIL);
        let behind = self.behind(shard, lag);
        let books = self.state.books_mut(shard);
        books.elsewhere = books.offset - behind;
        let end = Copy { history: books.history, offset: books.elsewhere };
        for node in self.plan.shards[shard.idx()].node_ids() {
            let state = self.state.node(node);
            if state.reach == Reach::Connected && state.data != Data::Empty {
                self.state.ledger.copies[node.idx()] = end;
            }
        }
        self.note(Fact::Backup(BackupFact::DurableLogEnds { shard, lag, behind }));
    }

    /// `copy` of a shard without a serving primary, with what it can read from the log.
    pub(super) fn caught_up(&self, shard: ShardId, copy: Copy) -> Copy {
        let books = self.state.books(shard);
        match self.is_durable(shard) && !self.state.serves(shard) {
            true => Copy { offset: copy.offset.max(books.elsewhere), ..copy },
            false => copy,
        }
    }

    /// The last complete copy among the shard's nodes is gone: the log has the data, or nobody.
    pub(super) fn copies_gone(&mut self, shard: ShardId) {
        if !self.is_durable(shard) {
            self.dataset_lost(shard);
            return;
        }
        self.state.shard_mut(shard).dataset = Dataset::InLog;
        self.note(Fact::Backup(BackupFact::OnlyInDurableLog { shard }));
        self.failover_has_nothing_to_promote(shard);
        self.release_scheduled(shard);
    }

    /// Whether the node is reading the log.
    pub(super) fn reads_log(&self, node: NodeId) -> bool {
        self.state.node(node).data == Data::Syncing
            && self.is_durable(self.plan.nodes[node.idx()].shard)
            && self.queue.pending(self.slots.service(node)).is_some()
    }

    /// The node reads the log from its beginning, unless it is at it.
    pub(super) fn read_log(&mut self, node: NodeId) {
        if self.reads_log(node) {
            return;
        }
        let shard = self.plan.nodes[node.idx()].shard;
        let books = self.state.books(shard);
        self.state.ledger.copies[node.idx()] =
            Copy { history: books.history, offset: books.elsewhere.min(books.offset) };
        let state = self.state.node_mut(node);
        state.data = Data::Syncing;
        state.upstream = None;
        let n = self.state.clocks.nodes[node.idx()].syncs;
        self.state.clocks.nodes[node.idx()].syncs += 1;
        self.settle(shard);
        let bytes = self.held_bytes(shard);
        let takes = match &self.plan.durable_log.restore {
            FullSync::Law(law) => self.node_time(law, node, Purpose::LogRead, n),
            per_gib @ FullSync::PerGib(_) => per_gib.proportional(bytes).unwrap_or(Span::FOREVER),
        };
        self.queue.schedule(self.slots.service(node), self.now + takes, Event::SyncEnds(node));
        if self.plan.rules.syncing_nodes == SyncingNodes::CannotFail {
            self.pause_node_lives(node);
        }
        self.note(Fact::Backup(BackupFact::DurableLogRead { node, bytes }));
    }

    /// The node has read the log: it follows the primary, or is one if nobody else is to be.
    pub(super) fn log_is_read(&mut self, node: NodeId) {
        let shard = self.plan.nodes[node.idx()].shard;
        let books = self.state.books(shard);
        let end = Copy { history: books.history, offset: books.elsewhere };
        let state = *self.state.shard(shard);
        let serves = self.state.serves(shard);
        self.state.node_mut(node).data = Data::Complete;
        self.state.node_mut(node).upstream = Some(state.primary).filter(|_| serves);
        self.start_node_lives(node);
        self.note(Fact::Synced { node });
        self.recovered(node);
        if !serves {
            self.state.ledger.copies[node.idx()] = end;
            self.state.shard_mut(shard).dataset = Dataset::Held;
            self.serve_from_log(shard);
        }
        self.repair_shard(shard);
        self.tell_changes(shard);
        self.planned_work_goes_on(shard);
    }

    /// Whether the node of a durable shard answers and has all that the log has.
    pub(super) fn has_read_log(&self, node: NodeId) -> bool {
        self.state.answers(node)
            && self.state.node(node).data == Data::Complete
            && self.is_durable(self.plan.nodes[node.idx()].shard)
    }

    /// Somebody who has read the log serves what it had, if the shard has no primary and nobody
    /// is about to decide on one; its primary even then, if it is back before they have.
    pub(super) fn serve_from_log(&mut self, shard: ShardId) {
        let state = *self.state.shard(shard);
        let is_idle = match state.failover {
            Failover::Idle | Failover::UpdatingEndpoint => true,
            Failover::Promoting
            | Failover::ColdStarting(_)
            | Failover::Recreating
            | Failover::Refilling => false,
        };
        if !self.is_durable(shard) || self.state.serves(shard) || !is_idle {
            return;
        }
        let is_back = state.serving == Serving::Interrupted && self.has_read_log(state.primary);
        let is_decided = state.window != Window::Primary && !self.is_left_to_watchers(shard);
        let nodes = self.plan.shards[shard.idx()].node_ids();
        let first = nodes
            .filter(|node| is_decided && self.has_read_log(*node))
            .min_by_key(|node| self.plan.nodes[node.idx()].rank);
        if let Some(node) = Some(state.primary).filter(|_| is_back).or(first) {
            self.serve_what_log_had(shard, node);
        }
    }

    /// The node, which has read the log, is the primary from now on.
    pub(super) fn serve_what_log_had(&mut self, shard: ShardId, node: NodeId) {
        self.state.shard_mut(shard).failover = Failover::Idle;
        self.queue.clear(self.slots.failover(shard));
        let loss = self.branch_from(shard, node);
        self.note(Fact::Backup(BackupFact::ServedFromDurableLog { shard, node, loss }));
        self.serve(shard, node);
        if self.state.shard(shard).endpoint != node {
            self.point_endpoint_at_primary(shard);
        }
        self.writers_retry(shard);
        self.close_window_if_settled(shard);
    }
}
