//! Endpoints and writers, and what observers are told of a shard.
//!
//! Writers are one cohort without cache and with instant retry: they write to whatever the
//! primary endpoint names, and their writes are acknowledged if that node is a serving primary.

use crate::model::Step;
use crate::model::fact::{Cause, Fact, Observer, Phase};
use crate::model::plan::{ColdStartNode, RebootBy, ReplacementStarts, ShardId, SyncingCopy};
use crate::model::state::{
    Belief, Data, Dataset, Failover, Node, Process, Replacement, Serving, Told, Window,
};

impl<O: Observer> Step<'_, O> {
    /// The endpoint names the shard's primary from now on.
    pub(super) fn point_endpoint_at_primary(&mut self, shard: ShardId) {
        let node = self.state.config.shards[shard.idx()].primary;
        self.state.config.shards[shard.idx()].endpoint = node;
        self.note(Fact::EndpointUpdated { shard, node });
    }

    /// Begins or ends the outage, as writers see it. `cause` is what struck, should one begin.
    pub(super) fn update_acceptance(&mut self, shard: ShardId, cause: Cause) {
        let state = self.state.config.shards[shard.idx()];
        let accepting = state.serving == Serving::Yes && state.endpoint == state.primary;
        let books = &mut self.state.ledger.shards[shard.idx()];
        if accepting == books.accepting {
            return;
        }
        books.settle(self.now, self.plan.shards[shard.idx()].writes_per_sec);
        books.accepting = accepting;
        let told = &mut self.state.told[shard.idx()];
        told.phase = None;
        if accepting {
            self.note(Fact::WritesResumed { shard, node: state.primary });
        } else {
            told.cause = cause;
            self.note(Fact::WritesStopped { shard, cause });
        }
    }

    /// Ends the outage if a rule has made that possible.
    pub(super) fn writers_retry(&mut self, shard: ShardId) {
        let cause = self.state.told[shard.idx()].cause;
        self.update_acceptance(shard, cause);
    }

    /// Tells observers what changed in the shard: copies, readers, and what an outage waits for.
    pub(super) fn watch(&mut self, shard: ShardId) {
        let (mut complete, mut readers) = (0, 0);
        let syncing_counts = self.plan.rules.syncing == SyncingCopy::CountsAsComplete;
        for node in self.nodes_of(shard) {
            // Only what runs holds data: a complete copy serves reads.
            readers += u8::from(node.data == Data::Complete);
            complete += u8::from(node.data == Data::Complete)
                + u8::from(node.data == Data::Syncing && syncing_counts);
        }
        let phase = match self.state.ledger.shards[shard.idx()].accepting {
            true => None,
            false => Some(self.phase(shard)),
        };
        let told = self.state.told[shard.idx()];
        self.state.told[shard.idx()] = Told { copies: complete, readers, phase, ..told };
        if (complete, readers) != (told.copies, told.readers) {
            self.note(Fact::Copies { shard, complete, readers });
        }
        if let Some(phase) = phase.filter(|_| phase != told.phase) {
            self.note(Fact::PhaseBegan { shard, phase });
        }
    }

    /// What the outage of the shard waits for at this instant.
    fn phase(&self, shard: ShardId) -> Phase {
        let state = self.state.config.shards[shard.idx()];
        if state.serving == Serving::Yes {
            return Phase::Endpoint;
        }
        match state.failover {
            Failover::ColdStarting(_) => return Phase::ColdStart,
            Failover::Promoting => return Phase::Promotion,
            Failover::Idle | Failover::UpdatingEndpoint => {}
        }
        let knows_at_once = self.plan.rules.replacement_starts == ReplacementStarts::AtFailure;
        let promotes = self.plan.group_of(shard).promotion.is_some();
        let decides = match state.dataset {
            Dataset::Held => promotes || !knows_at_once,
            Dataset::Lost => !knows_at_once,
        };
        if state.window == Window::Primary && decides {
            return Phase::Detection;
        }
        let anybody = state.dataset == Dataset::Lost
            && promotes
            && self.plan.rules.cold_start_node == ColdStartNode::FirstReady;
        if !anybody {
            return awaited(&self.state.config.nodes[state.primary.idx()]);
        }
        self.nodes_of(shard)
            .iter()
            .map(awaited)
            .max_by_key(|phase| nearness(*phase))
            .expect("a shard has nodes")
    }
}

/// What an outage waits for that needs this node.
fn awaited(node: &Node) -> Phase {
    match (node.process, node.replacement) {
        (Process::Running, _) => Phase::Sync,
        (Process::Rebooting(RebootBy::Customer), _) => Phase::Restart,
        (_, Replacement::Provisioning) => Phase::Provisioning,
        (_, Replacement::WaitingForAz) => Phase::WaitingForAz,
        (_, Replacement::Idle) if node.belief == Belief::Up => Phase::Detection,
        (Process::Crashed | Process::Rebooting(_), Replacement::Idle) => Phase::Restart,
        (Process::Lost, Replacement::Idle) => Phase::Provisioning,
    }
}

/// How near to the end of an outage a phase is, where any of several nodes may end it.
fn nearness(phase: Phase) -> u8 {
    match phase {
        Phase::WaitingForAz => 0,
        Phase::Detection => 1,
        Phase::Provisioning => 2,
        Phase::Restart => 3,
        Phase::Sync => 4,
        Phase::Promotion | Phase::ColdStart | Phase::Endpoint => 5,
    }
}
