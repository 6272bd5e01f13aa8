//! What observers are told of a shard after each event: changes in copies and readers, and what
//! an outage waits for. No rule reads any of this. Since every event that changes a shard ends
//! here, its chains are mended first, its good replicas counted, and the link of a migration
//! follows.

use crate::model::Step;
use crate::model::archive::Awaits;
use crate::model::fact::{Fact, Observer, Phase, RestoreStep};
use crate::model::plan::{ColdStartNode, GroupId, RebootBy, ShardId};
use crate::model::state::{
    Belief, Data, Dataset, Failover, GoodReplicas, Node, Process, Replacement, Serving, Stage,
    Told, Watch, Window, Workflow,
};

impl<O: Observer> Step<'_, O> {
    /// Something changed in the shard: counts its good replicas, which may stop or resume its
    /// writes, and then tells observers of copies, readers, and what an outage waits for.
    pub(super) fn tell_changes(&mut self, shard: ShardId) {
        self.mend_chains(shard);
        self.count_replicas(shard);
        self.follow_up(shard);
        let (mut complete, mut readers, mut configured) = (0, 0, 0);
        for id in self.plan.shards[shard.idx()].node_ids() {
            let node = self.state.node(id);
            // Only what runs holds data.
            readers += u8::from(self.state.can_be_read(id, shard));
            complete +=
                u8::from(node.reach.is_open() && self.plan.counts_as_copy(shard, node.data));
            configured += u8::from(node.process != Process::Absent);
        }
        let phase = match self.state.books(shard).is_out() {
            false => None,
            true => Some(self.phase(shard)),
        };
        let told = self.state.told[shard.idx()];
        let copies = complete;
        self.state.told[shard.idx()] = Told { copies, configured, readers, phase, ..told };
        if (complete, configured, readers) != (told.copies, told.configured, told.readers) {
            self.note(Fact::Copies { shard, complete, configured, readers });
        }
        if let Some(phase) = phase.filter(|_| phase != told.phase) {
            self.note(Fact::PhaseBegan { shard, phase });
        }
    }

    /// Tells what changed for all shards of the group: what they wait for is one thing.
    pub(super) fn tell_shards(&mut self, group: GroupId) {
        self.shards_of(group).for_each(|shard| self.tell_changes(shard));
    }

    /// What the outage of the shard waits for at this instant. A lost dataset may come back from
    /// elsewhere while the group starts cold: what seems nearer to the end.
    fn phase(&self, shard: ShardId) -> Phase {
        let here = self.phase_here(shard);
        let restore = self.restore_phase(self.plan.shards[shard.idx()].group);
        match (self.state.shard(shard).dataset, restore) {
            (Dataset::Lost, Some(restore)) if nearness(restore) > nearness(here) => restore,
            (Dataset::Lost | Dataset::Held | Dataset::InLog, _) => here,
        }
    }

    /// What the restore of the group, or its switch to the second region, waits for.
    fn restore_phase(&self, group: GroupId) -> Option<Phase> {
        let restore = self.state.archive.group(group).restore?;
        Some(match (restore.awaits, restore.step) {
            (Awaits::Az, _) => Phase::WaitingForAz,
            (Awaits::Time, RestoreStep::Deciding) => Phase::Decision,
            (Awaits::Time, RestoreStep::Promoting) => Phase::Promotion,
            (Awaits::Time, RestoreStep::Provisioning) => Phase::Provisioning,
            (Awaits::Time, RestoreStep::Loading) => Phase::Loading,
            (Awaits::Time, RestoreStep::RePointing | RestoreStep::Switching) => Phase::Endpoint,
        })
    }

    /// What the outage waits for in the group as it is.
    fn phase_here(&self, shard: ShardId) -> Phase {
        let state = *self.state.shard(shard);
        if state.serving == Serving::Yes && state.endpoint != state.primary {
            return Phase::Endpoint;
        }
        let group = self.plan.shards[shard.idx()].group;
        if state.serving == Serving::Yes
            && let Some(phase) = self.phase_of_clients(shard)
        {
            return phase;
        }
        if state.serving == Serving::Yes {
            return match state.good {
                GoodReplicas::TooFew if !self.state.refuses(group) => Phase::Replicas,
                GoodReplicas::TooFew | GoodReplicas::Enough => Phase::Quorum,
            };
        }
        match state.failover {
            Failover::ColdStarting(_) => return Phase::ColdStart,
            Failover::Promoting => return Phase::Promotion,
            Failover::Recreating => return Phase::Provisioning,
            Failover::Refilling => return Phase::Sync,
            Failover::Idle | Failover::UpdatingEndpoint => {}
        }
        if self.expects_primary(shard) {
            return Phase::Restart;
        }
        if self.is_left_to_watchers(shard) {
            return match state.watch {
                Watch::Stalled if !self.has_majority(shard) => Phase::Quorum,
                Watch::Calm | Watch::Waiting | Watch::Gossiping => Phase::Detection,
                Watch::Stalled | Watch::Electing(_) => Phase::Promotion,
            };
        }
        let knows_at_once = self.plan.rules.repairs_at_once();
        let promotes = self.successor_rule(shard).is_some();
        let decides = match state.dataset {
            Dataset::Held => promotes || !knows_at_once,
            Dataset::InLog => true,
            Dataset::Lost => !knows_at_once,
        };
        if state.window == Window::Primary && decides {
            return Phase::Detection;
        }
        let anybody = match state.dataset {
            Dataset::Held => false,
            Dataset::InLog => true,
            Dataset::Lost => {
                promotes && self.plan.rules.cold_start_node == ColdStartNode::FirstReady
            }
        };
        if !anybody {
            return awaited(self.state.node(state.primary));
        }
        let nearest = self.nodes_of(shard).iter().map(awaited);
        let nearest = nearest.max_by_key(|phase| nearness(*phase)).expect("a shard has nodes");
        match state.dataset {
            Dataset::InLog if nearest == Phase::Sync => Phase::Replay,
            Dataset::Held | Dataset::InLog | Dataset::Lost => nearest,
        }
    }
}

impl<O: Observer> Step<'_, O> {
    /// What clients of a migration wait for where there is a primary.
    fn phase_of_clients(&self, shard: ShardId) -> Option<Phase> {
        let link = self.plan.link_at(shard)?;
        let books = self.state.books(shard);
        if self.link(link).follows() && self.plan.pair(link).0 == shard {
            return Some(Phase::Following);
        }
        if !books.accepting || books.offer.held == 0 {
            return None;
        }
        let target = self.target();
        let is_target = self.plan.shards[shard.idx()].group == target;
        Some(match self.state.group(target).workflow {
            _ if is_target => Phase::Endpoint,
            Workflow::Migrating(Stage::Completing(_)) => Phase::Promotion,
            Workflow::Migrating(_) => Phase::Draining,
            Workflow::Idle
            | Workflow::Modifying(..)
            | Workflow::TestCalled(_)
            | Workflow::Updating(_)
            | Workflow::Scaling => Phase::Endpoint,
        })
    }
}

/// What an outage waits for that needs this node.
fn awaited(node: &Node) -> Phase {
    match (node.process, node.replacement) {
        // It has to be reached again, which is like a restart for all who wait.
        (Process::Running, _) if !node.reach.is_open() => match node.belief {
            Belief::Up => Phase::Detection,
            Belief::Down => Phase::Restart,
        },
        (Process::Running, _) if node.data == Data::Logged => Phase::Replay,
        (Process::Running, _) => Phase::Sync,
        (Process::Rebooting(RebootBy::Customer), _) => Phase::Restart,
        (_, Replacement::Provisioning) => Phase::Provisioning,
        (_, Replacement::WaitingForAz) => Phase::WaitingForAz,
        (_, Replacement::Idle) if node.belief == Belief::Up => Phase::Detection,
        (Process::Crashed | Process::Rebooting(_), Replacement::Idle | Replacement::Scheduled) => {
            Phase::Restart
        }
        (Process::Lost | Process::Absent, Replacement::Idle | Replacement::Scheduled) => {
            Phase::Provisioning
        }
    }
}

/// How near to the end of an outage a phase is, where any of several nodes may end it.
fn nearness(phase: Phase) -> u8 {
    match phase {
        Phase::WaitingForAz => 0,
        Phase::Decision => 1,
        Phase::Detection => 2,
        Phase::Provisioning => 3,
        Phase::Restart => 4,
        Phase::Sync | Phase::Replay | Phase::Loading => 5,
        Phase::Promotion
        | Phase::ColdStart
        | Phase::Endpoint
        | Phase::Quorum
        | Phase::Replicas
        | Phase::Draining
        | Phase::Following => 6,
    }
}
