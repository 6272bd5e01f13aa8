//! Backups: when they are taken, of which node, how, and what a snapshot then holds.
//!
//! A backup copies one node of every shard, as it is when the backup begins. Until it ends, the
//! group is busy and takes no other call (BK-03). What the copy lacks, and what is written later,
//! no snapshot has. Automatic ones come daily; users call for others once, or let something of
//! their own call again and again (cron, AWS Backup, a function).

use crate::engine::time::{DAY, NANOS_PER_SEC, SimTime, Span};
use crate::model::api::{Call, Refusal};
use crate::model::archive::{Part, StartData};
use crate::model::draws::Purpose;
use crate::model::fact::{BackupFact, BackupFailure, Fact, Observer};
use crate::model::persistence::{BackupKind, Forkless, Method};
use crate::model::plan::{Changes, GroupId, NodeId, ShardId};
use crate::model::state::{Data, NanoWrites};
use crate::model::{Event, Step};

/// How often a backup that finds its group busy is tried again.
const RETRY: Span = Span::from_secs(60);

impl<O: Observer> Step<'_, O> {
    /// What a modification changes about backups: the days for which snapshots are kept, 0 for no
    /// more of them (BK-01), and the node that is copied.
    pub(super) fn change_backups(&mut self, group: GroupId, changes: &Changes) {
        let state = self.state.group_mut(group);
        state.snapshotting_node = changes.snapshotting_node.or(state.snapshotting_node);
        let Some(days) = changes.snapshot_retention else { return };
        let before = std::mem::replace(&mut state.snapshot_retention, days);
        if before == 0 {
            self.schedule_backup_window(group);
        } else if days == 0 {
            // No newer one will take its place: from now on the last one ages.
            let kept = Span::from_nanos(u64::from(before) * DAY.as_nanos());
            let archive = self.state.archive.group_mut(group);
            archive.automatic = archive.automatic.map(|(taken, _)| (taken, taken + kept));
        }
    }

    /// `CreateSnapshot`: begins a manual backup, or says why not (BK-03).
    pub(super) fn create_snapshot(&mut self, group: GroupId) -> Result<(), Refusal> {
        self.is_available(group)?;
        let shards = self.shards_of(group);
        let mut sources = shards.filter_map(|shard| self.backup_source(shard));
        if !sources.all(|node| self.state.archive.quota_allows(node, self.now)) {
            return Err(Refusal::SnapshotQuota);
        }
        self.begin_backup(group, BackupKind::Manual);
        Ok(())
    }

    /// Puts the next snapshot at intervals of the users' own into the queue, where there are such.
    pub(super) fn schedule_snapshot(&mut self, group: GroupId) {
        let plan = self.plan;
        let Some(law) = &plan.groups[group.idx()].backups.every else { return };
        let n = self.state.clocks.groups[group.idx()].snapshot_gaps;
        self.state.clocks.groups[group.idx()].snapshot_gaps += 1;
        let gap = self.group_time(law, group, Purpose::SnapshotGap, n);
        let slot = self.slots.snapshot(group);
        self.queue.schedule(slot, self.now + gap, Event::SnapshotDue(group));
    }

    /// Something of the users calls for a snapshot. It asks nobody whether one can be taken now,
    /// and does not try again before its next time.
    pub(super) fn snapshot_due(&mut self, group: GroupId) {
        self.schedule_snapshot(group);
        let answer = self.create_snapshot(group);
        self.answer(Call::CreateSnapshot, group, answer);
    }

    /// Puts the next opening of the daily window into the queue, if backups are taken.
    pub(super) fn schedule_backup_window(&mut self, group: GroupId) {
        if self.state.group(group).snapshot_retention > 0 {
            let at = self.plan.groups[group.idx()].backups.window.next_opening(self.now);
            let slot = self.slots.backup_window(group);
            self.queue.schedule(slot, at, Event::BackupWindowDue(group));
        }
    }

    /// The daily window is open: the backup begins, or waits in it for the group to be available.
    pub(super) fn backup_window_due(&mut self, group: GroupId) {
        if self.state.group(group).snapshot_retention == 0 {
            return;
        }
        let slot = self.slots.backup_window(group);
        let window = self.plan.groups[group.idx()].backups.window;
        let is_free = self.is_available(group).is_ok();
        let is_given_up = self.state.archive.group(group).restore.is_some();
        if !is_free && !is_given_up && window.is_open(self.now + RETRY) {
            self.queue.schedule(slot, self.now + RETRY, Event::BackupWindowDue(group));
            return;
        }
        let next = window.next_opening(self.now + Span::from_nanos(1));
        self.queue.schedule(slot, next, Event::BackupWindowDue(group));
        match (is_given_up, is_free) {
            // Nobody wants snapshots of a group that a restored one is about to replace.
            (true, _) => {}
            (false, true) => self.begin_backup(group, BackupKind::Automatic),
            (false, false) => {
                self.backup_fails(group, BackupKind::Automatic, BackupFailure::GroupBusy);
            }
        }
    }

    /// The node of the shard that a backup copies: the one that is named, or else the last replica
    /// that can be, or else the primary.
    fn backup_source(&self, shard: ShardId) -> Option<NodeId> {
        let group = self.plan.shards[shard.idx()].group;
        let named = self.state.group(group).snapshotting_node;
        let primary = self.state.shard(shard).primary;
        let nodes = self.plan.shards[shard.idx()].node_ids();
        let order = |node: &NodeId| (Some(*node) == named, *node != primary, node.0);
        nodes
            .filter(|node| self.state.answers(*node))
            .filter(|node| self.state.node(*node).data == Data::Complete)
            .max_by_key(order)
    }

    fn begin_backup(&mut self, group: GroupId, kind: BackupKind) {
        let plan = self.plan;
        let shards = self.shards_of(group);
        let n = self.state.clocks.groups[group.idx()].backups;
        self.state.clocks.groups[group.idx()].backups += 1;
        if shards.clone().any(|shard| self.backup_source(shard).is_none()) {
            self.backup_fails(group, kind, BackupFailure::NoNode);
            return;
        }
        for shard in shards.clone() {
            self.settle(shard);
        }
        let largest = shards.clone().map(|shard| self.held_bytes(shard)).max().unwrap_or(0);
        let law = &plan.snapshots.take;
        let takes = self.sized_time(law, largest, group, (Purpose::Backup, n));
        let Some(method) = self.backup_method(group, takes) else {
            self.backup_fails(group, kind, BackupFailure::NoMemory);
            return;
        };
        let fork = match method {
            Method::Forked => {
                self.sized_time(&plan.snapshots.fork, largest, group, (Purpose::Fork, n))
            }
            Method::Forkless => Span::ZERO,
        };
        self.state.group_mut(group).backup = Some((kind, method));
        self.state.archive.group_mut(group).begun = self.now;
        let slot = self.slots.backup(group);
        self.queue.schedule(slot, self.now + fork + takes, Event::BackupDue(group));
        self.note(Fact::Backup(BackupFact::Began { group, kind, method }));
        self.tell_group(group);
        for shard in shards {
            let node = self.backup_source(shard).expect("every shard has a node to copy");
            self.copy_for_backup(shard, node, n);
            if kind == BackupKind::Manual {
                self.state.archive.count_manual(node, self.now, plan.nodes.len());
            }
        }
    }

    /// What the backup has of the shard: its node's copy at this instant.
    fn copy_for_backup(&mut self, shard: ShardId, node: NodeId, n: u32) {
        let books = *self.state.books(shard);
        let behind = if self.state.shard(shard).primary == node {
            0
        } else if self.state.serves(shard) {
            let lag = self.node_time(&self.plan.replication.lag, node, Purpose::BackupLag, n);
            let rate = NanoWrites::from(self.state.books(shard).offer.sent());
            let trailing = rate * NanoWrites::from(lag.as_nanos());
            trailing.min(books.offset - books.branch.offset)
        } else {
            books.offset - self.state.ledger.copies[node.idx()].offset
        };
        let part = Part {
            epoch: self.state.archive.shard(shard).epoch,
            offset: books.offset - behind,
            bytes: self.held_bytes(shard),
            start: if books.original { StartData::Included } else { StartData::Missing },
        };
        self.state.archive.shard_mut(shard).taking = Some((node, part));
        self.note(Fact::Backup(BackupFact::Copies { shard, node, behind }));
    }

    /// Whether the backup forks: only where all that is written meanwhile can be copied beside the
    /// data, in what is reserved and what is free (BK-04). `None` where it would have to and the
    /// engine cannot do without.
    fn backup_method(&self, group: GroupId, takes: Span) -> Option<Method> {
        let plan = &self.plan.groups[group.idx()];
        let Some(memory) = plan.memory_bytes else {
            return Some(Method::Forked);
        };
        let has_room = |shard: ShardId| {
            let held = self.held_bytes(shard);
            let per_sec = u128::from(self.state.books(shard).offer.sent())
                * u128::from(self.plan.workload.write_bytes);
            let written = per_sec * u128::from(takes.as_nanos()) / u128::from(NANOS_PER_SEC);
            written.min(u128::from(held)) <= u128::from(memory.saturating_sub(held))
        };
        match plan.forkless {
            _ if plan.shards.clone().map(ShardId).all(has_room) => Some(Method::Forked),
            Forkless::Available => Some(Method::Forkless),
            Forkless::Missing => None,
        }
    }

    /// The backup is complete: a snapshot of what the nodes had when it began.
    pub(super) fn backup_due(&mut self, group: GroupId) {
        let backup = self.state.group_mut(group).backup.take();
        let (kind, _) = backup.expect("only a backup that runs ends");
        let archive = self.state.archive.group_mut(group);
        let begun = archive.begun;
        let is_wanted = archive.restore.is_none();
        match kind {
            BackupKind::Automatic if is_wanted => {
                // The last one is kept until there is a newer one, however long that takes
                // (assumed): retention decides on those before it.
                archive.automatic = Some((begun, SimTime::NEVER));
            }
            BackupKind::Manual if is_wanted => archive.manual = Some(begun),
            BackupKind::Automatic | BackupKind::Manual => {}
        }
        for shard in self.shards_of(group) {
            let archive = self.state.archive.shard_mut(shard);
            let (_, part) = archive.taking.take().expect("a backup copies every shard");
            match kind {
                BackupKind::Automatic if is_wanted => archive.automatic = part,
                BackupKind::Manual if is_wanted => archive.manual = part,
                BackupKind::Automatic | BackupKind::Manual => {}
            }
        }
        self.note(Fact::Backup(BackupFact::Completed { group, kind }));
        self.tell_group(group);
        self.pending_work(group);
    }

    /// A node stopped; the backup that copies it fails.
    pub(super) fn backup_source_stopped(&mut self, node: NodeId) {
        let shard = self.plan.nodes[node.idx()].shard;
        let copied = self.state.archive.shard(shard).taking.map(|(source, _)| source);
        if copied == Some(node) {
            self.abandon_backup(self.plan.shards[shard.idx()].group);
        }
    }

    /// The backup of the group that runs, if one does, comes to nothing.
    pub(super) fn abandon_backup(&mut self, group: GroupId) {
        let Some((kind, _)) = self.state.group_mut(group).backup.take() else { return };
        self.queue.clear(self.slots.backup(group));
        for shard in self.shards_of(group) {
            self.state.archive.shard_mut(shard).taking = None;
        }
        self.backup_fails(group, kind, BackupFailure::NodeStopped);
        self.tell_group(group);
    }

    fn backup_fails(&mut self, group: GroupId, kind: BackupKind, why: BackupFailure) {
        self.note(Fact::Backup(BackupFact::Failed { group, kind, why }));
    }
}
