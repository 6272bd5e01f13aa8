//! What the target of a migration has of the source's history: while it follows, when its primary
//! fails and a replica of it takes over, and after a restore from a snapshot.
//!
//! Replicas of the target trail their primary in what comes over the link as they do in what is
//! written to it: who is promoted lacks that, also just after the completion.

use crate::engine::time::Span;
use crate::model::Step;
use crate::model::fact::Observer;
use crate::model::plan::{NodeId, ShardId};
use crate::model::state::{Inflow, LinkStage, NanoWrites};

impl<O: Observer> Step<'_, O> {
    /// How far of the source's history the target's copy goes while it follows. A lag does not
    /// reach back to before it began to follow. The source's books are settled.
    pub(super) fn linked_offset(&self, link: usize) -> NanoWrites {
        let lacks = self.waiting(link) + self.on_its_way(link);
        let offset = self.state.books(self.plan.pair(link).1).offset;
        offset.saturating_sub(lacks).max(self.link(link).floor)
    }

    /// What comes over a link that streams: as much as it carries while anything waits, or what is
    /// written to the source, as late as the target trails. The source's books are settled.
    pub(super) fn inflow(&self, link: usize) -> Inflow {
        let (state, books) = (self.link(link), self.state.books(self.plan.pair(link).1));
        let most = self.linked_offset(link) - state.floor;
        if self.waiting(link) > 0 {
            let rate = self.link_plan().bytes_per_sec / self.plan.workload.write_bytes;
            return Inflow { rate, until: self.now, most };
        }
        let (rate, last) = match (books.accepting, books.offer.sent()) {
            (false, sent) => (sent, books.stopped),
            (true, 0) => (books.offer.sent_before, books.offer.since),
            (true, sent) => return Inflow { rate: sent, until: self.now, most },
        };
        Inflow { rate, until: (last + state.trails()).min(self.now), most }
    }

    /// What a replica of the shard that trails by `lag` lacks of what its primary got over the link
    /// while it follows.
    pub(super) fn missed_of_inflow(&mut self, shard: ShardId, lag: Span) -> NanoWrites {
        let Some(source) = self.migrated_from(shard) else { return 0 };
        let Some(link) = self.plan.link_into(shard) else { return 0 };
        self.settle(source);
        let inflow = match self.link(link).stage {
            LinkStage::Streaming => self.inflow(link),
            LinkStage::Off
            | LinkStage::Down
            | LinkStage::Saving
            | LinkStage::Sending
            | LinkStage::Loading => self.link(link).inflow,
        };
        inflow.since(self.now.before(lag))
    }

    /// The same of a target that was promoted so short a time ago that it matters.
    pub(super) fn missed_before_completion(&self, shard: ShardId, lag: Span) -> NanoWrites {
        let Some(link) = self.plan.link_into(shard) else { return 0 };
        let (state, books) = (self.link(link), self.state.books(shard));
        match state.began == Some(books.history) {
            true => state.inflow.since(self.now.before(lag)).min(books.branch.offset),
            false => 0,
        }
    }

    /// The node becomes primary of a shard that follows: what it missed is not in the target.
    pub(super) fn migrated_copy_is_cut(&mut self, shard: ShardId, node: NodeId) {
        if self.migrated_from(shard).is_none() {
            return;
        }
        let missed = self.state.ledger.missed[node.idx()];
        let link = self.plan.link_into(shard).expect("who follows has a link");
        let state = self.link_mut(link);
        state.copy.offset = state.copy.offset.saturating_sub(missed);
        state.common = state.common.min(state.copy.offset);
    }

    /// The shard's history was cut at `offset`: what lay beyond it is not common to both sides any
    /// more, though a target keeps what it had of a source's.
    pub(super) fn history_is_cut(&mut self, shard: ShardId, offset: NanoWrites) {
        let Some(link) = self.plan.link_at(shard) else { return };
        let is_source = self.plan.pair(link).1 == shard;
        let state = self.link_mut(link);
        state.shared = state.shared.min(offset);
        if is_source {
            state.archived = state.archived.min(offset);
        }
        if is_source && state.common > offset {
            // The target went further than its source does now: it cannot go on there.
            state.common = offset;
            state.history = None;
        }
    }

    /// The target's shard lost what it had, of which a snapshot has so much.
    pub(super) fn common_is_archived(&mut self, shard: ShardId, archived: NanoWrites) {
        if let Some(link) = self.plan.link_into(shard) {
            let state = self.link_mut(link);
            state.archived = state.archived.max(state.shared.min(archived));
        }
    }

    /// What the snapshot has of the history of both, for whoever does something else with it.
    pub(super) fn take_archived_common(&mut self, shard: ShardId) -> NanoWrites {
        let link = self.plan.link_into(shard);
        link.map_or(0, |link| std::mem::take(&mut self.link_mut(link).archived))
    }

    /// The target's shard has what the snapshot had, up to `offset`.
    pub(super) fn common_is_restored(&mut self, shard: ShardId, offset: NanoWrites) {
        let common = self.take_archived_common(shard).min(offset);
        if let Some(link) = self.plan.link_into(shard) {
            self.link_mut(link).shared = common;
        }
    }
}
