//! The append-only file: a primary whose process is gone has its writes on the disk, up to the
//! end that was not brought there (MZ-58). It helps a process that returns on its host; a lost
//! host takes the file with it.

use crate::engine::law;
use crate::engine::time::Span;
use crate::model::draws::Purpose;
use crate::model::fact::{BackupFact, Fact, Observer};
use crate::model::plan::{FullSync, NodeId, RebootBy, ShardId, SubDetection, Switch};
use crate::model::state::{Belief, Copy, Data, Failover, NanoWrites, Process, Serving, Window};
use crate::model::{Event, Step};

impl<O: Observer> Step<'_, O> {
    /// What a node that stops holds from now on: its file, if it is the serving primary or was
    /// reading that file, and keeps its host.
    pub(super) fn left_on_disk(&self, id: NodeId, process: Process) -> Data {
        let keeps_host = match process {
            Process::Crashed | Process::Rebooting(_) => true,
            Process::Running | Process::Lost | Process::Absent => false,
        };
        let shard = self.plan.nodes[id.idx()].shard;
        let group = self.plan.shards[shard.idx()].group;
        let state = self.state.shard(shard);
        let data = self.state.node(id).data;
        let logs = self.state.group(group).append_only_file == Switch::On;
        let is_writer = state.primary == id && state.serving == Serving::Yes && logs;
        match data {
            Data::Complete if keeps_host && is_writer => Data::Logged,
            Data::Logged if keeps_host => Data::Logged,
            Data::Complete | Data::Logged | Data::Empty | Data::Syncing => Data::Empty,
        }
    }

    /// The primary's process is gone and its file is not: the file lacks what had not been brought
    /// to the disk. The books are settled.
    pub(super) fn freeze_log(&mut self, shard: ShardId, n: u32) {
        let node = self.state.shard(shard).primary;
        if self.state.node(node).data != Data::Logged {
            return;
        }
        let longest = self.plan.log.fsync.longest_tail();
        let tail = match longest {
            Span::ZERO => Span::ZERO,
            _ => {
                let share = law::uniform(self.node_word(node, Purpose::LogTail, n));
                Span::from_nanos_f64(longest.as_nanos() as f64 * share)
            }
        };
        let books = self.state.books(shard);
        let rate = books.offer.sent() - books.failing;
        let unsaved = NanoWrites::from(rate) * NanoWrites::from(tail.as_nanos());
        let behind = unsaved.min(books.offset - books.branch.offset);
        let copy = Copy { history: books.history, offset: books.offset - behind };
        self.state.ledger.copies[node.idx()] = copy;
        self.note(Fact::Backup(BackupFact::LogKept { node, tail, behind }));
    }

    /// The process of `id` answers again and was `was`: if it is the primary still and nobody fails
    /// over, it reads its file. Says whether it does.
    pub(super) fn replays(&mut self, id: NodeId, was: Process) -> bool {
        let shard = self.plan.nodes[id.idx()].shard;
        let state = *self.state.shard(shard);
        let fails_over_anyway = state.serving == Serving::Interrupted
            && was != Process::Rebooting(RebootBy::Customer)
            && self.plan.rules.sub_detection_fault == SubDetection::Failover
            && self.successor_rule(shard).is_some();
        let may = self.state.node(id).data == Data::Logged
            && state.primary == id
            && state.failover != Failover::Promoting
            && !fails_over_anyway;
        if may {
            self.start_replay(shard);
        }
        may
    }

    /// Whether the shard's primary is back and reads its file: nobody misses it any more.
    pub(super) fn reads_file(&self, shard: ShardId) -> bool {
        let primary = self.state.shard(shard).primary;
        let is_pending = self.queue.pending(self.slots.service(primary)).is_some();
        self.state.node(primary).data == Data::Logged && self.state.answers(primary) && is_pending
    }

    /// The failover found nobody to promote; if the primary is back, its file is what there is.
    pub(super) fn replay_instead_of_failover(&mut self, shard: ShardId) {
        let primary = self.state.shard(shard).primary;
        let has_file = self.state.node(primary).data == Data::Logged;
        if has_file && self.state.answers(primary) && !self.reads_file(shard) {
            self.start_replay(shard);
        }
    }

    fn start_replay(&mut self, shard: ShardId) {
        let node = self.state.shard(shard).primary;
        self.state.node_mut(node).belief = Belief::Up;
        let n = self.state.clocks.nodes[node.idx()].replays;
        self.state.clocks.nodes[node.idx()].replays += 1;
        self.settle(shard);
        let takes = match &self.plan.log.replay {
            FullSync::Law(law) => self.node_time(law, node, Purpose::Replay, n),
            per_gib @ FullSync::PerGib(_) => {
                per_gib.proportional(self.held_bytes(shard)).unwrap_or(Span::FOREVER)
            }
        };
        self.queue.schedule(self.slots.service(node), self.now + takes, Event::ReplayDue(node));
        self.note(Fact::Backup(BackupFact::ReplayBegan { node }));
        // A process that answers is not suspected, though it serves nobody yet.
        let state = self.state.shard_mut(shard);
        if state.window == Window::Primary {
            state.window = Window::Replica;
        }
        self.close_window_if_settled(shard);
        self.tell_changes(shard);
    }

    /// The file is read: the primary serves what was in it.
    pub(super) fn replay_due(&mut self, node: NodeId) {
        let shard = self.plan.nodes[node.idx()].shard;
        self.state.node_mut(node).data = Data::Complete;
        let loss = self.branch_from(shard, node);
        self.start_node_lives(node);
        self.note(Fact::Backup(BackupFact::Replayed { shard, node, loss }));
        self.recovered(node);
        self.serve(shard, node);
        self.writers_return_to(shard);
        self.repair_shard(shard);
        self.close_window_if_settled(shard);
        self.tell_changes(shard);
        self.planned_work_goes_on(shard);
    }
}
