//! Chained replicas: in a self-hosted group a replica may copy from another one.
//!
//! It trails its primary by both lags, and does not count as a good replica, since its primary
//! hears nothing of it. Who watches the primary does not know it either, so it is no candidate
//! while it is chained. When the replica that it copies from is gone, or has nothing to copy, it
//! turns to the primary (assumed: somebody, or something, points it there), and goes on if the
//! backlog has what it missed. It is chained again when the next primary begins to serve.

use crate::engine::time::Span;
use crate::model::Step;
use crate::model::draws::Purpose;
use crate::model::fact::{Fact, Observer};
use crate::model::plan::{Keeper, NodeId, ShardId};
use crate::model::state::{Data, WRITE};

impl<O: Observer> Step<'_, O> {
    /// Whom the node copies from when it attaches: the primary that serves, or a replica of it.
    pub(super) fn upstream_for(&self, node: NodeId) -> NodeId {
        let shard = self.plan.nodes[node.idx()].shard;
        let primary = self.state.shard(shard).primary;
        let chained = self.plan.nodes[node.idx()].chained_to;
        chained.filter(|other| self.feeds(*other, primary)).unwrap_or(primary)
    }

    /// Whether the replica has what a chained one may copy.
    fn feeds(&self, node: NodeId, primary: NodeId) -> bool {
        self.state.answers(node)
            && self.state.node(node).data == Data::Complete
            && self.state.follows(node, primary)
    }

    /// How far the node trails its primary at the n-th moment for this purpose: each replica on the
    /// way adds its lag.
    pub(super) fn lag_of(&self, node: NodeId, purpose: Purpose, n: u32) -> Span {
        let law = &self.plan.replication.lag;
        let mut lag = self.node_time(law, node, purpose, n);
        let mut at = node;
        while self.state.is_chained(self.plan, at) {
            at = self.state.node(at).upstream.expect("who is chained copies from somebody");
            lag = lag.plus(self.node_time(law, at, purpose, n));
        }
        lag
    }

    /// Something changed in the shard: chains break, and who hung on them turns to the primary.
    pub(super) fn mend_chains(&mut self, shard: ShardId) {
        if self.plan.group_of(shard).keeper == Keeper::ElastiCache {
            return;
        }
        let primary = self.state.shard(shard).primary;
        for node in self.plan.shards[shard.idx()].node_ids() {
            if !self.state.is_chained(self.plan, node) {
                continue;
            }
            let upstream = self.state.node(node).upstream.expect("who is chained copies");
            let holds = match self.state.serves(shard) {
                true => self.feeds(upstream, primary),
                false => self.state.answers(upstream),
            };
            if !holds {
                self.chain_breaks(node, shard);
            }
        }
        if self.state.serves(shard) {
            let nodes = self.plan.shards[shard.idx()].node_ids();
            nodes.for_each(|node| self.turn_to_primary(node, shard));
        }
    }

    /// The node has nobody to copy from any more.
    fn chain_breaks(&mut self, node: NodeId, shard: ShardId) {
        match self.state.node(node).data {
            Data::Complete if self.state.serves(shard) => {
                // The lags of those on the way are drawn as well: the shard counts, not the node.
                let n = self.state.clocks.shards[shard.idx()].chain_breaks;
                self.state.clocks.shards[shard.idx()].chain_breaks += 1;
                let lag = self.lag_of(node, Purpose::ChainLag, n);
                self.settle(shard);
                self.copy_trails(node, shard, lag);
            }
            Data::Syncing => self.abandon_sync(node),
            // Its copy ended when the primary was lost.
            Data::Complete | Data::Empty | Data::Logged => {}
        }
        self.state.node_mut(node).upstream = None;
    }

    /// A chained replica that copies from nobody copies from the primary that serves.
    fn turn_to_primary(&mut self, node: NodeId, shard: ShardId) {
        let primary = self.state.shard(shard).primary;
        let state = *self.state.node(node);
        let is_alone = self.plan.nodes[node.idx()].chained_to.is_some()
            && node != primary
            && state.upstream.is_none()
            && self.state.reaches(primary, node);
        if !is_alone {
            return;
        }
        match state.data {
            Data::Complete => self.goes_on_at_primary(node, shard),
            Data::Syncing => self.start_full_sync(node, primary),
            Data::Empty | Data::Logged => {}
        }
    }

    fn goes_on_at_primary(&mut self, node: NodeId, shard: ShardId) {
        self.settle(shard);
        let primary = self.state.shard(shard).primary;
        let (books, copy) = (*self.state.books(shard), self.state.ledger.copies[node.idx()]);
        let missing = books.offset.saturating_sub(copy.offset);
        let bytes = missing * u128::from(self.plan.workload.write_bytes);
        let backlog = u128::from(self.plan.replication.backlog_bytes) * WRITE;
        if copy.history == books.history && bytes <= backlog {
            self.state.node_mut(node).upstream = Some(primary);
            self.note(Fact::Reattached { node, missing });
        } else {
            self.note(Fact::Flushed { node });
            self.start_full_sync(node, primary);
        }
    }
}
