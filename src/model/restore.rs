//! Restores: after the loss of everything the last snapshot fills a new group (BK-02).
//!
//! The new group takes the place of the old one in the state, once the application writes to it.
//! Until then the old one goes on as it can: it starts cold and takes writes, which nobody has any
//! more afterwards. What only the snapshot has stands in the books as archived.

use crate::engine::time::Span;
use crate::model::archive::{Awaits, Newest, Part, Restore, RestoreFrom, StartData};
use crate::model::draws::Purpose;
use crate::model::fact::{BackupFact, Fact, Loss, Observer, RestoreStep};
use crate::model::persistence::AfterLoss;
use crate::model::plan::{Changes, FullSync, GroupId, NodeId, ReplacementAz, ShardId};
use crate::model::replication::age_of_oldest;
use crate::model::state::{
    AutomaticFailover, Belief, Copy, Data, Dataset, Failover, NanoWrites, Node, Process, Reach,
    Recovery, Region, Replacement, Serving, Stretch, Update, Window, Workflow,
};
use crate::model::{Event, Step};

impl<O: Observer> Step<'_, O> {
    /// The shard's dataset is lost: keeps its part of the last snapshot, if that may be restored.
    /// Gives what of the `writes` of the shard is in it, and how many bytes.
    pub(super) fn keep_archive(&mut self, shard: ShardId, writes: NanoWrites) -> (NanoWrites, u64) {
        let group = self.plan.shards[shard.idx()].group;
        if self.second_region(group).is_some() {
            return self.keep_second_region(shard);
        }
        let newest = self.state.archive.group(group).newest(self.now);
        let archive = *self.state.archive.shard(shard);
        let starts_cold = self.plan.snapshots.after_dataset_loss == AfterLoss::StartCold;
        if starts_cold || archive.kept.is_some() || self.is_under_migration(group) {
            return (0, 0);
        }
        let Some(newest) = newest else { return (0, 0) };
        let mut part = archive.part(newest).unwrap_or_default();
        part.offset = part.offset.min(writes);
        self.state.archive.shard_mut(shard).kept = Some(part);
        (part.offset, part.bytes)
    }

    /// Begins to restore the last snapshot, if the whole group has lost what it had. Gives the fact
    /// that tells it.
    pub(super) fn consider_restore(&mut self, group: GroupId) -> Option<Fact> {
        let mut shards = self.shards_of(group);
        let is_lost = shards.all(|shard| self.state.archive.shard(shard).kept.is_some());
        let archive = *self.state.archive.group(group);
        if !is_lost || self.is_under_migration(group) || archive.restore.is_some() {
            return None;
        }
        let (taken, from) = match self.second_region(group) {
            Some(_) => (self.now, RestoreFrom::SecondRegion),
            None => (archive.newest(self.now).map(Newest::taken)?, RestoreFrom::Snapshot),
        };
        self.state.clocks.groups[group.idx()].restores += 1;
        let (step, begun) = (RestoreStep::Deciding, self.now);
        let restore = Restore { step, awaits: Awaits::Time, taken, begun, from };
        self.state.archive.group_mut(group).restore = Some(restore);
        self.schedule_restore(group, RestoreStep::Deciding);
        let age = self.now.since(taken);
        Some(Fact::Backup(match from {
            RestoreFrom::Snapshot => BackupFact::RestoreBegan { group, age },
            RestoreFrom::SecondRegion => BackupFact::SwitchBegan { group },
        }))
    }

    /// Whether data is being migrated into the group. Nobody restores it then: the application's
    /// data is in the source, and the target copies it again once it has an empty primary.
    fn is_under_migration(&self, group: GroupId) -> bool {
        matches!(self.state.group(group).workflow, Workflow::Migrating(_))
    }

    /// The shard's data begins anew. What a snapshot has of the old is written off, unless it is
    /// being restored.
    pub(super) fn give_up_archive(&mut self, shard: ShardId) {
        let group = self.plan.shards[shard.idx()].group;
        let archive = self.state.archive.shard_mut(shard);
        archive.epoch += 1;
        if self.state.archive.group(group).restore.is_some() {
            return;
        }
        self.write_off_archive(shard);
    }

    /// What a snapshot has of the shard is not restored any more.
    fn write_off_archive(&mut self, shard: ShardId) {
        let Some(part) = self.state.archive.shard_mut(shard).kept.take() else { return };
        self.take_archived_common(shard);
        let books = self.state.books_mut(shard);
        let writes = std::mem::take(&mut books.archived);
        books.dataset_lost += writes;
        self.note(Fact::Backup(BackupFact::ArchiveLost { shard, writes, bytes: part.bytes }));
    }

    /// A restore that is under way is given up, since the application's data is elsewhere, or is to
    /// come from there.
    pub(super) fn give_up_restore(&mut self, group: GroupId) {
        if self.state.archive.group_mut(group).restore.take().is_some() {
            self.queue.clear(self.slots.restore(group));
            self.shards_of(group).for_each(|shard| self.write_off_archive(shard));
            self.tell_shards(group);
        }
    }

    /// The end of a step comes when its time has passed.
    fn schedule_restore(&mut self, group: GroupId, step: RestoreStep) {
        let plan = self.plan;
        let n = self.state.clocks.groups[group.idx()].restores;
        let snapshots = &plan.snapshots;
        let takes = match step {
            _ if let Some(region) = self.second_region(group) => {
                self.switch_time(region, group, step)
            }
            RestoreStep::Deciding => {
                self.group_time(&snapshots.decision, group, Purpose::RestoreDecision, n)
            }
            RestoreStep::Provisioning => {
                self.group_time(&snapshots.provision, group, Purpose::RestoreProvision, n)
            }
            RestoreStep::Loading => {
                let shards = self.shards_of(group);
                let parts = shards.filter_map(|shard| self.state.archive.shard(shard).kept);
                let largest = parts.map(|part| part.bytes).max().unwrap_or(0);
                self.sized_time(&snapshots.load, largest, group, (Purpose::SnapshotLoad, n))
            }
            RestoreStep::RePointing => {
                self.group_time(&snapshots.re_pointing, group, Purpose::RePointing, n)
            }
            RestoreStep::Promoting | RestoreStep::Switching => {
                unreachable!("only a group in a second region is promoted and switched to")
            }
        };
        let slot = self.slots.restore(group);
        self.queue.schedule(slot, self.now + takes, Event::RestoreDue(group));
    }

    /// A time for the group that may depend on an amount of data; `draw` is what it is for, and
    /// which.
    pub(super) fn sized_time(
        &self,
        law: &FullSync,
        bytes: u64,
        group: GroupId,
        (purpose, n): (Purpose, u32),
    ) -> Span {
        match law {
            FullSync::Law(law) => self.group_time(law, group, purpose, n),
            FullSync::PerGib(_) => law.proportional(bytes).unwrap_or(Span::FOREVER),
        }
    }

    /// A step of a restore ends.
    pub(super) fn restore_due(&mut self, group: GroupId) {
        let restore = self.state.archive.group(group).restore;
        let restore = restore.expect("only a restore under way has a next step");
        let next = match (restore.step, restore.from) {
            (RestoreStep::Deciding, RestoreFrom::SecondRegion) => RestoreStep::Promoting,
            (RestoreStep::Deciding, RestoreFrom::Snapshot) => RestoreStep::Provisioning,
            (RestoreStep::Provisioning, _) => RestoreStep::Loading,
            (RestoreStep::Loading, _) => RestoreStep::RePointing,
            (RestoreStep::Promoting, _) => RestoreStep::Switching,
            (RestoreStep::Switching, _) => return self.re_point(group),
            (RestoreStep::RePointing, _) if self.restore_waits(group) => return,
            (RestoreStep::RePointing, _) => return self.re_point(group),
        };
        if next == RestoreStep::Provisioning && self.restore_waits(group) {
            return;
        }
        let begun = match next {
            RestoreStep::Provisioning => self.now,
            RestoreStep::Deciding
            | RestoreStep::Promoting
            | RestoreStep::Loading
            | RestoreStep::RePointing
            | RestoreStep::Switching => restore.begun,
        };
        let restore = Restore { step: next, awaits: Awaits::Time, begun, ..restore };
        self.state.archive.group_mut(group).restore = Some(restore);
        self.note(Fact::Backup(BackupFact::RestoreStep { group, step: next }));
        self.schedule_restore(group, next);
        self.tell_shards(group);
    }

    /// A new group needs the AZs of its nodes (MZ-59): waits for them while one is down.
    fn restore_waits(&mut self, group: GroupId) -> bool {
        let waits =
            self.plan.rules.replacement_az == ReplacementAz::Waits && self.has_down_az(group);
        if waits && let Some(restore) = &mut self.state.archive.group_mut(group).restore {
            restore.awaits = Awaits::Az;
            self.note(Fact::Backup(BackupFact::RestoreWaits { group }));
            self.tell_shards(group);
        }
        waits
    }

    fn has_down_az(&self, group: GroupId) -> bool {
        let mut shards = self.shards_of(group);
        shards.any(|shard| {
            self.plan.shards[shard.idx()].node_ids().any(|node| {
                let is_member = self.state.node(node).process != Process::Absent;
                is_member && self.is_az_down(node)
            })
        })
    }

    /// An AZ is up: restores that waited for it go on.
    pub(super) fn restores_go_on(&mut self) {
        for group in self.plan.group_ids() {
            let restore = self.state.archive.group(group).restore;
            let waits = restore.is_some_and(|restore| restore.awaits == Awaits::Az);
            if waits && !self.has_down_az(group) {
                self.restore_due(group);
            }
        }
    }

    /// The application writes to the new group from now on.
    fn re_point(&mut self, group: GroupId) {
        self.abandon_backup(group);
        let archive = self.state.archive.group_mut(group);
        let restore = archive.restore.take().expect("a restore is under way");
        let age = self.now.since(restore.taken);
        let told = match restore.from {
            RestoreFrom::Snapshot => {
                archive.restored += 1;
                archive.created = restore.begun;
                BackupFact::Restored { group, number: archive.restored, age }
            }
            RestoreFrom::SecondRegion => {
                self.state.group_mut(group).region = Region::Second;
                BackupFact::Switched { group }
            }
        };
        self.renew_group(group);
        self.note(Fact::Backup(told));
        for shard in self.shards_of(group) {
            self.restore_shard(shard, restore.from);
        }
        self.tell_group(group);
    }

    /// The new group is as the old one was asked to be, and nothing is under way in it.
    fn renew_group(&mut self, group: GroupId) {
        let state = self.state.group_mut(group);
        state.workflow = Workflow::Idle;
        state.pending = Changes::NONE;
        state.pending_update = None;
        state.testing = None;
        state.hindered_permille = 0;
        state.automatic_failover = match state.automatic_failover {
            AutomaticFailover::Enabled | AutomaticFailover::Enabling => AutomaticFailover::Enabled,
            AutomaticFailover::Disabled | AutomaticFailover::Disabling => {
                AutomaticFailover::Disabled
            }
        };
        self.queue.clear(self.slots.workflow(group));
    }

    /// The shard is what the snapshot has, on new nodes; what the old one took since the loss is
    /// gone.
    fn restore_shard(&mut self, shard: ShardId, from: RestoreFrom) {
        self.settle(shard);
        let rate = self.state.books(shard).offer.rate;
        let archive = self.state.archive.shard_mut(shard);
        let part = archive.kept.take().expect("every shard of a restore is kept");
        archive.epoch += 1;
        rebase(archive.epoch, part, &mut archive.automatic);
        rebase(archive.epoch, part, &mut archive.manual);
        let books = self.state.books_mut(shard);
        let writes = books.offset;
        let lacked = std::mem::take(&mut books.archived) - part.offset;
        books.lost += writes + lacked;
        books.unconfirmed = Stretch::NOTHING;
        // Whatever isolated nodes of the old group took went with it.
        (books.taken_beside, books.taken_for) = (0, Span::ZERO);
        books.offset = part.offset;
        books.history.0 += 1;
        books.branch = Copy { history: books.history, offset: books.offset };
        books.original = part.start == StartData::Included;
        let copy = books.branch;
        self.common_is_restored(shard, part.offset);
        let members = self.plan.shards[shard.idx()].node_ids();
        let mut members = members.filter(|node| self.state.node(*node).process != Process::Absent);
        let node = members.next().expect("a shard keeps a node");
        let loss = Loss { writes, beside: 0, window: age_of_oldest(writes, rate) };
        self.note(Fact::Backup(BackupFact::ShardRestored { shard, node, loss }));
        if from == RestoreFrom::SecondRegion {
            self.tell_shard_switched(shard, node, lacked);
        }
        for member in self.plan.shards[shard.idx()].node_ids() {
            self.renew_node(member, node, copy);
        }
        self.give_up_failover(shard);
        self.queue.clear(self.slots.detection(shard));
        self.queue.clear(self.slots.failover(shard));
        self.stop_watch(shard);
        self.forget_links(shard);
        let served = self.state.serves(shard);
        let state = self.state.shard_mut(shard);
        state.primary = node;
        state.endpoint = node;
        state.serving = Serving::Yes;
        state.window = Window::Closed;
        state.failover = Failover::Idle;
        state.dataset = Dataset::Held;
        self.note(Fact::PrimaryServes { shard, node });
        if !served {
            self.voter_back(shard);
        }
        self.writers_retry(shard);
        self.tell_changes(shard);
    }

    /// A new node in the place of an old one, with the snapshot's data.
    fn renew_node(&mut self, id: NodeId, primary: NodeId, copy: Copy) {
        if self.state.node(id).process == Process::Absent {
            return;
        }
        self.queue.clear(self.slots.service(id));
        self.isolation_is_over(id);
        *self.state.node_mut(id) = Node {
            process: Process::Running,
            reach: Reach::Connected,
            data: Data::Complete,
            upstream: Some(primary).filter(|primary| *primary != id),
            belief: Belief::Up,
            replacement: Replacement::Idle,
            recovery: Recovery::Settled,
            update: Update::UpToDate,
        };
        self.state.ledger.copies[id.idx()] = copy;
        self.end_node_lives(id);
        self.start_node_lives(id);
        self.note(Fact::Backup(BackupFact::NodeRestored { node: id }));
    }
}

/// A snapshot of the same time as the one that was restored holds a part of the new group's data.
fn rebase(epoch: u32, restored: Part, part: &mut Part) {
    if part.epoch == restored.epoch {
        part.epoch = epoch;
        part.offset = part.offset.min(restored.offset);
    }
}
