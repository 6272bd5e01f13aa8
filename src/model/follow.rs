//! The links of an online migration: a shard of the target copies from one of the source, and then
//! follows it.
//!
//! A full sync forks the source, sends what it holds over the link, and loads it; meanwhile the
//! source's writes wait in its output buffer for the target (`link`). The engine empties itself
//! before it loads: from then on what was in the target is gone, whatever becomes of the load, and
//! no stop of the migration brings it back. When it is loaded, the target's replicas copy from
//! their primary anew; until then what they hold counts for nothing (assumed).
//!
//! A link that is lost is tried again, and goes on where it was if the source's backlog has what
//! was missed; otherwise, or when the source follows another history, everything is copied again.
//! Buffers and backlogs are rates × time against sizes.
//!
//! While the target follows, its books stand still: what it holds belongs to the source's history.

use crate::engine::time::{SimTime, Span};
use crate::model::draws::Purpose;
use crate::model::fact::{Cause, Fact, LinkLoss, Loss, MigrationFact, Observer};
use crate::model::link::{Capacity, NANO, NanoBytes, Trail};
use crate::model::plan::{LinkPlan, NodeId, Obstacle, Plan, ShardId};
use crate::model::state::{
    Copy, Data, Inflow, Link, LinkHeld, LinkStage, NanoWrites, Process, Side, State,
};
use crate::model::{Event, Step};

/// Whether a child of the source writes a copy, for which pages that change exist twice.
#[derive(Clone, Copy)]
enum Child {
    /// It does.
    Copies,
    /// It has.
    Ended,
}

impl<O: Observer> Step<'_, O> {
    /// The links' part of the plan.
    pub(super) fn link_plan(&self) -> &LinkPlan {
        &self.migration_plan().link
    }

    pub(super) fn link(&self, link: usize) -> &Link {
        &self.state.migration.links[link]
    }

    pub(super) fn link_mut(&mut self, link: usize) -> &mut Link {
        &mut self.state.migration.links[link]
    }

    /// Whether the shard takes no writes because it is a replica of the source (OM-10).
    pub(super) fn follows_source(&self, shard: ShardId) -> bool {
        self.plan.link_into(shard).is_some_and(|link| self.link(link).follows())
    }

    /// Something changed in the shard: its link breaks, may be tried again, or carries more or less
    /// than before. Since every event that changes a shard ends here, no rule that moves nodes
    /// needs to think of migrations.
    pub(super) fn follow_up(&mut self, shard: ShardId) {
        let Some(link) = self.plan.link_at(shard) else { return };
        match self.link(link).stage {
            LinkStage::Off => {}
            LinkStage::Down => self.retry_if_possible(link),
            LinkStage::Saving | LinkStage::Sending | LinkStage::Loading | LinkStage::Streaming => {
                match self.link_condition(link, self.link(link).upstream) {
                    Ok(()) => {
                        self.hop_changes(link);
                        self.rates_change(link);
                    }
                    Err(why) => self.lose_link(link, why),
                }
            }
        }
    }

    fn link_condition(&self, link: usize, upstream: NodeId) -> Result<(), LinkLoss> {
        condition(self.plan, self.state, self.now, (link, upstream))
    }

    /// What keeps the link from being made at this instant, as the operator is told.
    pub(super) fn link_obstacle(&self, link: usize, upstream: NodeId) -> Option<Obstacle> {
        match self.link_condition(link, upstream) {
            Ok(()) => None,
            Err(LinkLoss::Network) => Some(Obstacle::BlockedNetwork),
            Err(LinkLoss::Target) => Some(Obstacle::TargetDown),
            Err(
                LinkLoss::Source
                | LinkLoss::OutputBuffer
                | LinkLoss::OutOfMemory
                | LinkLoss::TargetTooSmall,
            ) => Some(Obstacle::SourceDown),
        }
    }

    /// What the link carries, and what its source's buffers hold.
    fn capacity(&self) -> Capacity {
        let plan = self.link_plan();
        let nano = |bytes: u64| NanoBytes::from(bytes) * NANO;
        Capacity {
            carries: plan.bytes_per_sec,
            hard: plan.hard_limit.map(nano),
            soft: plan.soft_limit.map(nano),
            soft_for: plan.soft_for,
            backlog: nano(plan.backlog_bytes),
        }
    }

    /// Bytes per second that the source's shard takes now.
    fn arriving(&self, link: usize) -> u64 {
        let books = self.state.books(self.plan.pair(link).1);
        let sent = if books.accepting { books.offer.sent() } else { 0 };
        sent.saturating_mul(self.plan.workload.write_bytes)
    }

    /// Bytes of so many writes, in nano-bytes.
    fn bytes_of(&self, writes: NanoWrites) -> NanoBytes {
        writes * NanoBytes::from(self.plan.workload.write_bytes)
    }

    /// Writes that wait in the source for the target; a write that was sent in part waits.
    pub(super) fn waiting(&self, link: usize) -> NanoWrites {
        let behind = self.link(link).trail.behind_at(self.now);
        behind.div_ceil(NanoBytes::from(self.plan.workload.write_bytes))
    }

    /// How much may wait before the source's process has no memory left, while a child of it writes
    /// the copy, or afterwards.
    fn memory_limit(&self, link: usize, child: Child) -> Option<NanoBytes> {
        let plan = self.link_plan();
        let data = u128::from(self.link(link).bytes);
        let Some(spare) = u128::from(plan.source_memory?).checked_sub(data) else {
            return Some(0);
        };
        let write = u128::from(self.plan.workload.write_bytes);
        let page = u128::from(plan.page_bytes);
        Some(match child {
            Child::Ended => spare * NANO,
            // Each write waits in the buffer and copies a page, until all pages are copied.
            Child::Copies => match spare * NANO / (write + page) * write {
                waits if waits / write * page <= data * NANO => waits,
                _ => spare.saturating_sub(data) * NANO,
            },
        })
    }

    /// Schedules the next thing that happens to the link: the end of its stage, a limit that is
    /// exceeded, or the target having caught up.
    fn schedule_link(&mut self, link: usize) {
        let due = [
            self.link(link).ends,
            self.dropped_at(link),
            self.out_of_memory_at(link),
            self.caught_up_at(link),
        ];
        let slot = self.slots.migration_link(link);
        match due.into_iter().flatten().min() {
            Some(due) => {
                self.queue.schedule(slot, due.max(self.now), Event::LinkDue(link as u16));
            }
            None => self.queue.clear(slot),
        }
    }

    /// When the source drops the target because too much waits for it.
    fn dropped_at(&self, link: usize) -> Option<SimTime> {
        let state = self.link(link);
        let dropped = state.trail.dropped(&self.capacity()).filter(|_| state.is_connected());
        dropped.map(|at| at.max(state.forked))
    }

    /// When the source's process has no memory left.
    fn out_of_memory_at(&self, link: usize) -> Option<SimTime> {
        let state = self.link(link);
        let child = match state.stage {
            LinkStage::Saving => Child::Copies,
            // A copy that goes without a disk is written while it is sent.
            LinkStage::Sending if state.is_diskless() => Child::Copies,
            LinkStage::Sending | LinkStage::Loading | LinkStage::Streaming => Child::Ended,
            LinkStage::Off | LinkStage::Down => return None,
        };
        let exceeds = state.trail.exceeds(self.memory_limit(link, child)?);
        exceeds.map(|at| at.max(state.forked))
    }

    /// When nothing waits for the target any more, if that is still to come.
    fn caught_up_at(&self, link: usize) -> Option<SimTime> {
        let state = self.link(link);
        let waits = state.stage == LinkStage::Streaming && state.trail.behind > 0;
        state.trail.caught_up().filter(|_| waits)
    }

    /// Something about the link is due.
    pub(super) fn link_due(&mut self, link: usize) {
        let is_due = |at: Option<SimTime>| at.is_some_and(|at| at <= self.now);
        if is_due(self.out_of_memory_at(link)) {
            self.source_out_of_memory(link);
        } else if is_due(self.dropped_at(link)) {
            self.lose_link(link, LinkLoss::OutputBuffer);
        } else if is_due(self.link(link).ends) {
            self.link_mut(link).ends = None;
            self.stage_ends(link);
        } else {
            self.link_caught_up(link);
        }
        self.tell_changes(self.plan.pair(link).0);
    }

    fn stage_ends(&mut self, link: usize) {
        let bytes = self.link(link).bytes;
        match self.link(link).stage {
            LinkStage::Down => self.connect(link),
            LinkStage::Saving => {
                let per_sec = u128::from(self.link_plan().bytes_per_sec.max(1));
                let nanos = u128::from(bytes) * 1_000_000_000 / per_sec;
                let takes = Span::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
                self.link_enters(link, LinkStage::Sending, Some(takes));
            }
            LinkStage::Sending => {
                let n = self.link(link).clock.syncs - 1;
                let (shard, _) = self.plan.pair(link);
                let takes =
                    self.shard_work(&self.link_plan().load, (shard, bytes), Purpose::LinkLoad, n);
                self.link_enters(link, LinkStage::Loading, Some(takes));
                let behind = self.waiting(link);
                let fact = MigrationFact::LinkLoading { shard, bytes, behind };
                self.note(Fact::Migration(fact));
                self.wipe_target(link);
            }
            LinkStage::Loading => self.copy_is_loaded(link),
            LinkStage::Off | LinkStage::Streaming => unreachable!("neither ends by itself"),
        }
    }

    /// The link is in this stage from now on, for so long if that is known.
    fn link_enters(&mut self, link: usize, stage: LinkStage, lasts: Option<Span>) {
        let now = self.now;
        let state = self.link_mut(link);
        state.stage = stage;
        state.ends = lasts.map(|span| now + span);
        self.rates_change(link);
        self.schedule_link(link);
    }

    /// More or less is written to the source, or carried over the link, than before.
    pub(super) fn rates_change(&mut self, link: usize) {
        let (arriving, capacity) = (self.arriving(link), self.capacity());
        let leaving = match self.link(link).stage {
            LinkStage::Streaming => capacity.carries,
            LinkStage::Off
            | LinkStage::Down
            | LinkStage::Saving
            | LinkStage::Sending
            | LinkStage::Loading => 0,
        };
        let trail = self.link(link).trail;
        if (trail.arriving, trail.leaving) != (arriving, leaving) {
            let next = trail.at_rates(self.now, arriving, leaving, &capacity);
            self.link_mut(link).trail = next;
            self.schedule_link(link);
            if trail.behind > 0 && next.behind == 0 {
                self.link_caught_up(link);
            }
        }
    }

    /// Everybody is there again, and nobody has begun to try: the link is tried again in a while.
    fn retry_if_possible(&mut self, link: usize) {
        let (target, _) = self.plan.pair(link);
        let group = self.plan.shards[target.idx()].group;
        if self.is_replica(group)
            && self.link(link).ends.is_none()
            && self.link_condition(link, self.link(link).upstream).is_ok()
        {
            let n = self.link(link).clock.retries;
            self.link_mut(link).clock.retries += 1;
            let takes = self.shard_time(&self.link_plan().reconnect, target, Purpose::LinkRetry, n);
            self.link_mut(link).ends = Some(self.now + takes);
            self.schedule_link(link);
        }
    }

    /// The target tries to become a replica: it goes on where it was, or copies everything.
    pub(super) fn connect(&mut self, link: usize) {
        if self.link_condition(link, self.link(link).upstream).is_err() {
            return;
        }
        let (target, source) = self.plan.pair(link);
        self.settle(source);
        let to = self.state.shard(target).primary;
        let upstream = self.link(link).upstream;
        self.state.node_mut(to).upstream = Some(upstream);
        let state = *self.link(link);
        let books = *self.state.books(source);
        let goes_on = state.history.is_some_and(|history| {
            let is_same = history == books.history;
            let is_before =
                history == books.branch.history && state.copy.offset <= books.branch.offset;
            let missed = books.offset.saturating_sub(state.copy.offset);
            (is_same || is_before) && self.bytes_of(missed) <= self.capacity().backlog
        });
        if goes_on {
            let missed = books.offset - state.copy.offset;
            let trail = Trail { behind: self.bytes_of(missed), ..Trail::empty(self.now) };
            let link_state = self.link_mut(link);
            link_state.history = Some(books.history);
            link_state.floor = link_state.copy.offset;
            link_state.trail = trail;
            self.draw_lag(link);
            self.link_enters(link, LinkStage::Streaming, None);
            self.note(Fact::Migration(MigrationFact::LinkBack { shard: target, missed }));
            self.link_caught_up(link);
        } else {
            self.begin_link_sync(link);
        }
    }

    fn begin_link_sync(&mut self, link: usize) {
        let (shard, source) = self.plan.pair(link);
        let n = self.link(link).clock.syncs;
        self.link_mut(link).clock.syncs += 1;
        let bytes = self.held_bytes(source);
        let of_shard = (shard, bytes);
        let fork = self.shard_work(&self.link_plan().fork_pause, of_shard, Purpose::LinkFork, n);
        let save = self.shard_work(&self.link_plan().save, of_shard, Purpose::LinkSave, n);
        let now = self.now;
        let state = self.link_mut(link);
        state.history = None;
        state.bytes = bytes;
        state.saves = save;
        state.trail = Trail::empty(now);
        let from = state.upstream;
        let hop = self.hop(link, self.link(link).clock.streams);
        let floor = self.state.books(source).offset - self.behind(source, hop);
        self.link_mut(link).floor = floor;
        let to = self.state.shard(shard).primary;
        // Nobody waits for the fork of a replica.
        let pause = match self.state.shard(source).primary == from {
            true => fork,
            false => Span::ZERO,
        };
        self.link_mut(link).forked = now + pause;
        let fact = MigrationFact::LinkSyncBegan { shard, from, to, bytes, pause };
        self.note(Fact::Migration(fact));
        self.link_enters(link, LinkStage::Saving, Some(fork.plus(save)));
    }

    /// The target has loaded what it was sent: that takes the place of what it had, and its
    /// replicas copy it.
    fn copy_is_loaded(&mut self, link: usize) {
        if self.link_plan().has_no_room_for(self.link(link).bytes) {
            self.lose_link(link, LinkLoss::TargetTooSmall);
            return;
        }
        let (shard, source) = self.plan.pair(link);
        self.settle(shard);
        let original = self.state.books(source).original;
        self.state.books_mut(shard).original = original;
        let history = self.state.books(source).history;
        let state = self.link_mut(link);
        state.held = LinkHeld::Migrated;
        state.history = Some(history);
        self.draw_lag(link);
        self.link_enters(link, LinkStage::Streaming, None);
        let behind = self.waiting(link);
        self.note(Fact::Migration(MigrationFact::LinkStreams { shard, behind }));
        let primary = self.state.shard(shard).primary;
        for node in self.plan.shards[shard.idx()].node_ids() {
            if node != primary && self.state.reaches(primary, node) {
                self.abandon_sync(node);
                self.note(Fact::Flushed { node });
                self.start_full_sync(node, primary);
            }
        }
        self.link_caught_up(link);
    }

    /// What the shard of the target had by itself is gone, and a new history begins in its books.
    fn wipe_target(&mut self, link: usize) {
        let (shard, _) = self.plan.pair(link);
        self.settle(shard);
        let books = self.state.books_mut(shard);
        let writes = std::mem::take(&mut books.offset);
        books.lost += writes;
        books.history.0 += 1;
        books.branch = Copy { history: books.history, offset: 0 };
        books.original = false;
        self.state.archive.shard_mut(shard).cut(0);
        let nodes = self.plan.shards[shard.idx()].node_range();
        self.state.ledger.missed[nodes].fill(0);
        if writes > 0 || self.link(link).held == LinkHeld::Own {
            let loss = Loss { writes, beside: 0, window: self.age_of_last(shard, writes) };
            self.note(Fact::Migration(MigrationFact::TargetWiped { shard, loss }));
        }
        let state = self.link_mut(link);
        (state.copy.offset, state.common) = (0, 0);
        state.held = LinkHeld::Nothing;
        state.inflow = Inflow::NOTHING;
    }

    /// Nothing waits for the target any more, if that is so.
    fn link_caught_up(&mut self, link: usize) {
        if self.link(link).is_caught_up(self.now) {
            let (arriving, capacity) = (self.arriving(link), self.capacity());
            let trail =
                self.link(link).trail.at_rates(self.now, arriving, capacity.carries, &capacity);
            self.link_mut(link).trail = trail;
            let shard = self.plan.pair(link).0;
            self.note(Fact::Migration(MigrationFact::CaughtUp { shard }));
            self.schedule_link(link);
            self.link_may_be_in_sync();
        }
    }

    /// The link is lost; the target keeps what it has and stays a replica.
    pub(super) fn lose_link(&mut self, link: usize, why: LinkLoss) {
        let (target, source) = self.plan.pair(link);
        self.settle(source);
        let behind = self.waiting(link);
        self.freeze_link(link);
        if why == LinkLoss::Target {
            // Another node takes its place, and copies everything.
            self.link_mut(link).history = None;
        }
        let to = self.state.shard(target).primary;
        if self.state.node(to).upstream == Some(self.link(link).upstream) {
            self.state.node_mut(to).upstream = None;
        }
        let now = self.now;
        let state = self.link_mut(link);
        state.stage = LinkStage::Down;
        state.ends = None;
        state.trail = Trail::empty(now);
        self.queue.clear(self.slots.migration_link(link));
        let fact = MigrationFact::LinkLost { shard: target, why, behind };
        self.note(Fact::Migration(fact));
        self.retry_if_possible(link);
    }

    /// What the target has of the source's history at this instant stays so. The source's books
    /// are settled.
    pub(super) fn freeze_link(&mut self, link: usize) {
        if self.link(link).stage != LinkStage::Streaming {
            return;
        }
        let (offset, inflow) = (self.linked_offset(link), self.inflow(link));
        let history = self.state.books(self.plan.pair(link).1).history;
        let state = self.link_mut(link);
        (state.copy, state.common) = (Copy { history, offset }, offset);
        state.inflow = inflow;
    }

    /// The source's primary is lost: whoever follows it ends here, with what it has of this
    /// history.
    pub(super) fn links_lose_source(&mut self, shard: ShardId) {
        let Some(link) = self.plan.link_at(shard) else { return };
        if self.plan.pair(link).1 == shard && self.link(link).is_connected() {
            self.lose_link(link, LinkLoss::Source);
        }
    }

    /// The shard of the source whose data the target's shard holds while it follows.
    pub(super) fn migrated_from(&self, shard: ShardId) -> Option<ShardId> {
        let link = self.plan.link_into(shard)?;
        let state = self.link(link);
        let holds = state.follows() && state.held == LinkHeld::Migrated;
        holds.then(|| self.plan.pair(link).1)
    }

    /// The node has lost, or drops, what it had: whoever copied from it cannot go on where he was.
    pub(super) fn upstream_lost_copy(&mut self, node: NodeId) {
        for link in &mut self.state.migration.links {
            if link.upstream == node {
                link.history = None;
            }
        }
    }

    /// Of the writes of the shard, whose books are settled, those that the other side of a
    /// migration holds: before the completion a target that has lost its link to the source, and
    /// after it either of the two.
    pub(super) fn on_other_side(&self, shard: ShardId) -> NanoWrites {
        let Some(link) = self.plan.link_at(shard) else { return 0 };
        let (target, source) = self.plan.pair(link);
        let of_source = self.state.books(source).offset;
        let state = self.link(link);
        match (self.state.migration.truth, state.held) {
            (Side::Target, _) => state.shared.min(of_source).min(self.state.books(target).offset),
            (Side::Source, LinkHeld::Migrated) if shard == source => {
                state.copy.offset.min(state.common).min(of_source)
            }
            (Side::Source, LinkHeld::Migrated | LinkHeld::Own | LinkHeld::Nothing) => 0,
        }
    }

    /// All nodes of the target's shard lost what they had, and what was migrated with it.
    pub(super) fn migrated_copy_is_lost(&mut self, shard: ShardId) {
        if let Some(link) = self.plan.link_into(shard) {
            let state = self.link_mut(link);
            state.held = LinkHeld::Own;
            state.history = None;
            (state.copy.offset, state.common) = (0, 0);
        }
    }

    /// Writes that were sent and did not arrive yet: those of the link's lag. The books of the
    /// source are settled, or nothing is taken.
    pub(super) fn on_its_way(&self, link: usize) -> NanoWrites {
        let (_, source) = self.plan.pair(link);
        self.behind(source, self.link(link).trails())
    }

    /// The target begins to follow, and trails by so much until the link is lost.
    fn draw_lag(&mut self, link: usize) {
        let n = self.link(link).clock.streams;
        self.link_mut(link).clock.streams += 1;
        let (target, _) = self.plan.pair(link);
        let lag = self.shard_time(&self.link_plan().lag, target, Purpose::LinkLag, n);
        let hop = self.hop(link, n);
        let state = self.link_mut(link);
        (state.lag, state.hop) = (lag, hop);
    }

    /// A replica that the target copies from adds its own lag, and those of its chain, each its own
    /// for as long as the n-th stream lasts.
    fn hop(&self, link: usize, n: u32) -> Span {
        let (_, source) = self.plan.pair(link);
        let upstream = self.link(link).upstream;
        match self.state.shard(source).primary == upstream {
            true => Span::ZERO,
            false => self.lag_of(upstream, Purpose::LinkHopLag, n),
        }
    }

    /// The node that the target copies from may copy from another one than before. What the target
    /// has does not become less by that.
    fn hop_changes(&mut self, link: usize) {
        let state = *self.link(link);
        if state.stage != LinkStage::Streaming {
            return;
        }
        let hop = self.hop(link, state.clock.streams - 1);
        if hop != state.hop {
            let (_, source) = self.plan.pair(link);
            self.settle(source);
            let floor = self.linked_offset(link);
            let changed = self.link_mut(link);
            (changed.hop, changed.floor) = (hop, floor);
            if self.link(link).is_caught_up(self.now) {
                self.link_may_be_in_sync();
            }
        }
    }

    /// The source's process dies for want of memory: an outage of the source, and the end of the
    /// link.
    fn source_out_of_memory(&mut self, link: usize) {
        let (target, _) = self.plan.pair(link);
        let upstream = self.link(link).upstream;
        self.lose_link(link, LinkLoss::OutOfMemory);
        let n = self.link(link).clock.restarts;
        self.link_mut(link).clock.restarts += 1;
        let gone = self.shard_time(&self.link_plan().restart, target, Purpose::LinkRestart, n);
        self.stop_process(upstream, Process::Crashed, Cause::Migration, gone);
    }

    /// The network between source and target is cut for so long.
    pub(super) fn cut_migration_link(&mut self, duration: Span) {
        let until = self.now + duration;
        if until <= self.state.migration.cut_until {
            return;
        }
        if self.now >= self.state.migration.cut_until {
            self.note(Fact::Migration(MigrationFact::NetworkCut));
        }
        self.state.migration.cut_until = until;
        self.queue.schedule(self.slots.cut(), until, Event::CutEnds);
        self.tell_targets();
    }

    /// The network is whole again.
    pub(super) fn cut_ends(&mut self) {
        self.note(Fact::Migration(MigrationFact::NetworkBack));
        self.tell_targets();
    }

    /// Tells what changed in every shard of the target.
    pub(super) fn tell_targets(&mut self) {
        for link in 0..self.state.migration.links.len() {
            self.tell_changes(self.plan.pair(link).0);
        }
    }

    /// The node of the source that the target's shard reads if the endpoint is at that node.
    pub(super) fn upstream_at(&self, link: usize, at: NodeId) -> NodeId {
        let (_, source) = self.plan.pair(link);
        match self.plan.nodes[at.idx()].shard == source {
            true => at,
            // One endpoint is named, and the cluster tells the others.
            false => self.state.shard(source).primary,
        }
    }

    /// Whether the target has all that the source has but what is on its way, and that is not too
    /// far behind.
    pub(super) fn is_in_sync(&self, link: usize) -> bool {
        let state = self.link(link);
        let is_close = state.trails() <= self.migration_plan().in_sync_lag;
        state.is_caught_up(self.now) && (is_close || self.on_its_way(link) == 0)
    }

    /// Whether that is so of all shards.
    pub(super) fn all_in_sync(&self) -> bool {
        (0..self.state.migration.links.len()).all(|link| self.is_in_sync(link))
    }
}

/// Whether the two ends of the link reach each other, and the source has something to copy at
/// `upstream`.
pub(super) fn condition(
    plan: &Plan,
    state: &State,
    now: SimTime,
    (link, upstream): (usize, NodeId),
) -> Result<(), LinkLoss> {
    let (target, source) = plan.pair(link);
    if !state.serves(target) {
        return Err(LinkLoss::Target);
    }
    let to = state.shard(target).primary;
    if state.migration.links[link].is_connected() && state.node(to).upstream != Some(upstream) {
        // Another node has become primary of the target's shard.
        return Err(LinkLoss::Target);
    }
    let primary = state.shard(source).primary;
    let is_in_tree = upstream == primary || state.follows(upstream, primary);
    if !state.serves(source) || !state.answers(upstream) || !is_in_tree {
        return Err(LinkLoss::Source);
    }
    if state.node(upstream).data != Data::Complete {
        return Err(LinkLoss::Source);
    }
    match now < state.migration.cut_until {
        true => Err(LinkLoss::Network),
        false => Ok(()),
    }
}
