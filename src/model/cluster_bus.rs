//! The cluster bus: the nodes of a cluster find out that a primary is gone, and elect its
//! successor, by majority of the group's primaries.
//!
//! A lost primary is suspected after 1 to 1.5 node timeouts; a majority of the primaries has to
//! agree, and to vote. Replicas stand for election in the order of their offsets, a second apart.
//! Where there is no majority the primaries can neither agree nor elect: they try again later,
//! unless the managed control plane promotes a replica before. Primaries that see no majority
//! refuse writes until a while after it is back. The failure of replicas, and all repair, is left
//! to the managed control plane (`control_plane.rs`), and so is a lost dataset.
//!
//! Who may vote is counted as primaries come and go, so no event looks at all shards of a group
//! but those that stop or resume them all.

use crate::engine::time::{NANOS_PER_SEC, SimTime, Span};
use crate::model::draws::Purpose;
use crate::model::fact::{BusFact, Cause, Fact, Observer};
use crate::model::plan::{Detector, GroupId, Minority, NodeId, ShardId};
use crate::model::policy::ControlView;
use crate::model::replication::age_of_oldest;
use crate::model::state::{Data, Dataset, Failover, Quorum, Serving, Watch, Window};
use crate::model::{Event, Step};

/// What each rank waits longer than the one before.
const RANK_DELAY: u64 = NANOS_PER_SEC;

/// Who finds that a primary is gone: its peers or Sentinels.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Watcher {
    Peers,
    Sentinels,
}

impl<O: Observer> Step<'_, O> {
    fn watcher(&self, shard: ShardId) -> Option<Watcher> {
        match self.plan.group_of(shard).detector {
            Detector::Managed => None,
            Detector::ClusterBus => Some(Watcher::Peers),
            Detector::Sentinel => Some(Watcher::Sentinels),
        }
    }

    /// Whether the primary's successor is a matter of its peers or of Sentinels.
    pub(super) fn is_watched(&self, shard: ShardId) -> bool {
        self.watcher(shard).is_some() && self.successor_rule(shard).is_some()
    }

    /// Whether they are at it, and there is something to promote.
    pub(super) fn is_left_to_watchers(&self, shard: ShardId) -> bool {
        let state = self.state.shard(shard);
        state.watch != Watch::Calm && state.dataset == Dataset::Held
    }

    /// The primary was lost at this instant; whoever watches it begins to wait.
    pub(super) fn start_watch(&mut self, shard: ShardId) {
        let clock = &mut self.state.clocks.shards[shard.idx()];
        let n = clock.watches;
        clock.watches += 1;
        clock.watched_since = self.now;
        let takes = match self.watcher(shard) {
            Some(Watcher::Peers) => {
                let law = &self.plan.control_plane.bus.suspicion;
                self.shard_time(law, shard, Purpose::Suspicion, n)
            }
            Some(Watcher::Sentinels) => self.sentinels_agree_after(shard, n),
            None => unreachable!("nobody watches but peers and Sentinels"),
        };
        self.watch_goes_on(shard, Watch::Waiting, self.now + takes);
    }

    pub(super) fn watch_goes_on(&mut self, shard: ShardId, watch: Watch, due: SimTime) {
        self.state.shard_mut(shard).watch = watch;
        self.queue.schedule(self.slots.watch(shard), due, Event::WatchDue(shard));
    }

    /// There is a primary, or somebody else sees to it.
    pub(super) fn stop_watch(&mut self, shard: ShardId) {
        if self.state.shard(shard).watch != Watch::Calm {
            self.state.shard_mut(shard).watch = Watch::Calm;
            self.queue.clear(self.slots.watch(shard));
        }
    }

    /// The next step of those who watch the primary.
    pub(super) fn watch_due(&mut self, shard: ShardId) {
        let state = *self.state.shard(shard);
        let is_elected = matches!(state.watch, Watch::Electing(_));
        if state.dataset != Dataset::Held {
            self.nothing_to_elect(shard);
        } else if state.failover == Failover::Promoting && !is_elected {
            // The control plane promotes somebody already, as in a test failover.
            self.stop_watch(shard);
        } else {
            match (self.watcher(shard), state.watch) {
                (None, _) | (_, Watch::Calm) => unreachable!("who does not watch has no next step"),
                (Some(Watcher::Peers), Watch::Waiting) => self.primary_suspected(shard),
                (Some(Watcher::Peers), Watch::Gossiping) => self.elect_or_stall(shard),
                (Some(Watcher::Peers), Watch::Stalled) => self.try_again(shard),
                (Some(Watcher::Peers), Watch::Electing(rank)) => self.vote(shard, rank),
                (Some(Watcher::Sentinels), Watch::Waiting) => self.primary_objectively_down(shard),
                (Some(Watcher::Sentinels), _) => {
                    self.stop_watch(shard);
                    self.promotion_due(shard);
                    return;
                }
            }
        }
        self.repair_shard(shard);
        self.tell_changes(shard);
        self.planned_work_goes_on(shard);
    }

    /// The dataset went while its primary was watched: the control plane sees to what follows,
    /// once it knows that the primary is gone.
    fn nothing_to_elect(&mut self, shard: ShardId) {
        self.stop_watch(shard);
        let state = self.state.shard_mut(shard);
        let was_promoting = state.failover == Failover::Promoting;
        if was_promoting {
            state.failover = Failover::Idle;
        }
        if state.window != Window::Primary {
            state.serving = Serving::No;
        }
        if was_promoting {
            self.queue.clear(self.slots.failover(shard));
            self.note(Fact::FailoverFailed { shard });
        }
        self.try_cold_start(shard);
        self.serve_from_log(shard);
    }

    /// Some peer suspects the primary (PFAIL); that becomes a failure once a majority has heard.
    fn primary_suspected(&mut self, shard: ShardId) {
        if !self.has_majority(shard) {
            self.stall(shard);
            return;
        }
        let node = self.state.shard(shard).primary;
        self.note(Fact::Bus(BusFact::Suspected { node }));
        let n = self.state.clocks.shards[shard.idx()].watches;
        let law = &self.plan.control_plane.bus.gossip;
        let takes = self.shard_time(law, shard, Purpose::Gossip, n);
        self.watch_goes_on(shard, Watch::Gossiping, self.now + takes);
    }

    fn elect_or_stall(&mut self, shard: ShardId) {
        match self.has_majority(shard) {
            true => self.elect(shard),
            false => self.stall(shard),
        }
    }

    /// Without a majority, or a replica that may stand, the peers come to nothing for now.
    fn stall(&mut self, shard: ShardId) {
        if self.state.shard(shard).watch != Watch::Stalled {
            self.note(Fact::Bus(BusFact::NoAgreement { shard }));
        }
        let retry = self.now + self.plan.control_plane.bus.retry();
        let due = retry.min(self.takeover(shard)).max(self.now);
        self.watch_goes_on(shard, Watch::Stalled, due);
    }

    /// When the managed control plane promotes a replica, if nobody did before.
    fn takeover(&self, shard: ShardId) -> SimTime {
        let clock = self.state.clocks.shards[shard.idx()];
        let law = &self.plan.control_plane.bus.takeover;
        clock.watched_since + self.shard_time(law, shard, Purpose::Takeover, clock.watches)
    }

    fn try_again(&mut self, shard: ShardId) {
        if self.now < self.takeover(shard) {
            self.elect_or_stall(shard);
            return;
        }
        self.note(Fact::Bus(BusFact::TakeoverBegan { shard }));
        self.stop_watch(shard);
        self.give_up_primary(shard);
        self.promote_after(shard, Span::ZERO);
    }

    /// From here on the lost primary is no primary, should its process come back.
    pub(super) fn give_up_primary(&mut self, shard: ShardId) {
        let state = self.state.shard_mut(shard);
        state.serving = Serving::No;
        if state.failover == Failover::UpdatingEndpoint {
            state.failover = Failover::Idle;
            self.queue.clear(self.slots.failover(shard));
        }
    }

    /// The failure is agreed on (FAIL): the replicas stand for election, the one with the
    /// greatest offset first.
    fn elect(&mut self, shard: ShardId) {
        let candidates = self.draw_up_ballot(shard);
        if candidates == 0 {
            self.nobody_to_elect(shard);
            return;
        }
        self.give_up_primary(shard);
        self.note(Fact::Bus(BusFact::ElectionBegan { shard, candidates }));
        self.begin_failover(shard);
        self.state.clocks.shards[shard.idx()].agreed = self.now;
        self.turn_of(shard, 1);
    }

    /// Gives each replica its rank, and those that cannot stand none; says how many stand.
    fn draw_up_ballot(&mut self, shard: ShardId) -> u8 {
        let plan = self.plan;
        for node in plan.shards[shard.idx()].node_ids() {
            let view = ControlView::new(plan, self.state, shard);
            let order = |c: &crate::model::policy::Candidate| {
                (std::cmp::Reverse(c.reported_offset), c.rank)
            };
            let own = view.candidates(Data::Complete).find(|c| c.node == node);
            let rank = own.filter(|_| self.may_stand(shard, node)).map_or(0, |own| {
                let better = view
                    .candidates(Data::Complete)
                    .filter(|c| order(c) < order(&own) && self.may_stand(shard, c.node));
                1 + better.count() as u8
            });
            self.state.clocks.nodes[node.idx()].ballot = rank;
        }
        self.n_candidates(shard)
    }

    fn n_candidates(&self, shard: ShardId) -> u8 {
        let nodes = self.plan.shards[shard.idx()].node_range();
        let ballots = self.state.clocks.nodes[nodes].iter().map(|clock| clock.ballot);
        ballots.max().unwrap_or(0)
    }

    /// Whether the replica's data is young enough: the primary's absence and its own lag.
    fn may_stand(&self, shard: ShardId, node: NodeId) -> bool {
        let rate = self.plan.shards[shard.idx()].writes_per_sec;
        let copy = self.state.ledger.copies[node.idx()];
        let behind = self.state.books(shard).offset.saturating_sub(copy.offset);
        let absent = self.now.since(self.state.clocks.shards[shard.idx()].watched_since);
        let age = absent.as_nanos().saturating_add(age_of_oldest(behind, rate).as_nanos());
        age <= self.plan.control_plane.bus.oldest_data().as_nanos()
    }

    /// The replica of this rank asks for votes when its time has come.
    fn turn_of(&mut self, shard: ShardId, rank: u8) {
        let node = self.ranked(shard, rank);
        let clock = self.state.clocks.shards[shard.idx()];
        let law = &self.plan.control_plane.bus.election;
        let takes = self.node_time(law, node, Purpose::Election, clock.promotions);
        let behind = Span::from_nanos(u64::from(rank - 1) * RANK_DELAY);
        self.watch_goes_on(shard, Watch::Electing(rank), clock.agreed + takes + behind);
    }

    fn ranked(&self, shard: ShardId, rank: u8) -> NodeId {
        let mut nodes = self.plan.shards[shard.idx()].node_ids();
        let ranked = nodes.find(|node| self.state.clocks.nodes[node.idx()].ballot == rank);
        ranked.expect("ranks have no gaps")
    }

    /// The replica of this rank asks for votes: it gets them, if it still can and the majority is
    /// still there. Otherwise the next one has its turn.
    fn vote(&mut self, shard: ShardId, rank: u8) {
        let node = self.ranked(shard, rank);
        let candidates = self.n_candidates(shard);
        let is_able = ControlView::new(self.plan, self.state, shard)
            .candidates(Data::Complete)
            .any(|candidate| candidate.node == node);
        if !self.has_majority(shard) || self.failover_is_hindered(shard) {
            self.give_up_failover(shard);
            self.state.shard_mut(shard).failover = Failover::Idle;
            self.stall(shard);
        } else if is_able && self.may_stand(shard, node) {
            self.state.shard_mut(shard).failover = Failover::Idle;
            self.promote(shard, node, candidates);
        } else if rank < candidates {
            self.turn_of(shard, rank + 1);
        } else {
            self.state.shard_mut(shard).failover = Failover::Idle;
            self.note(Fact::FailoverFailed { shard });
            self.nobody_to_elect(shard);
        }
    }

    /// No replica can stand: the old primary goes on, if it is back with what a durable log has.
    fn nobody_to_elect(&mut self, shard: ShardId) {
        let primary = self.state.shard(shard).primary;
        match self.has_read_log(primary) {
            true => self.serve_what_log_had(shard, primary),
            false => self.stall(shard),
        }
    }
}

/// A primary that is cut off alone.
impl<O: Observer> Step<'_, O> {
    /// When the serving primary, cut off now, finds itself in a minority and refuses writes; a
    /// single primary is a majority by itself.
    pub(super) fn isolated_primary_refuses_at(&mut self, node: NodeId) -> Option<SimTime> {
        let shard = self.plan.nodes[node.idx()].shard;
        let group = self.plan.shards[shard.idx()].group;
        let bus = &self.plan.control_plane.bus;
        let is_alone = self.majority(group) > 1 && bus.minority == Minority::Refuses;
        if self.watcher(shard) != Some(Watcher::Peers) || !is_alone {
            return None;
        }
        let n = self.state.clocks.nodes[node.idx()].isolations;
        self.state.clocks.nodes[node.idx()].isolations += 1;
        let takes = self.node_time(&bus.suspicion, node, Purpose::IsolatedMinority, n);
        let notices = self.now + takes;
        let refuses = match self.state.group(group).quorum {
            Quorum::Held => notices,
            Quorum::Slipping(_) => {
                let slipped = self.queue.pending(self.slots.quorum(group));
                slipped.map_or(notices, |slipped| slipped.min(notices))
            }
            Quorum::Lost(_) | Quorum::Regaining(_) => self.now,
        };
        Some(if self.state.rejoins(shard) { self.now } else { refuses })
    }

    /// Whether it is the peers who elect the shard's next primary at this instant. They cannot
    /// take the old one offline.
    pub(super) fn is_elected_by_peers(&self, shard: ShardId) -> bool {
        let is_election = matches!(self.state.shard(shard).watch, Watch::Electing(_));
        self.watcher(shard) == Some(Watcher::Peers) && is_election
    }
}

/// The majority of the group's primaries.
impl<O: Observer> Step<'_, O> {
    /// How many of the primaries are a majority.
    fn majority(&self, group: GroupId) -> u16 {
        self.plan.groups[group.idx()].shards.len() as u16 / 2 + 1
    }

    /// Whether so many primaries of the shard's group serve that they are a majority.
    pub(super) fn has_majority(&self, shard: ShardId) -> bool {
        let group = self.plan.shards[shard.idx()].group;
        self.state.group(group).voters >= self.majority(group)
    }

    /// The shard has lost its serving primary, struck by `cause`.
    pub(super) fn voter_lost(&mut self, shard: ShardId, cause: Cause) {
        let group = self.plan.shards[shard.idx()].group;
        let state = self.state.group_mut(group);
        state.voters -= 1;
        let (serving, quorum) = (state.voters, state.quorum);
        let majority = self.majority(group);
        if self.watcher(shard) != Some(Watcher::Peers) || serving + 1 != majority {
            return;
        }
        self.note(Fact::Bus(BusFact::MajorityLost { group, serving, majority }));
        if self.plan.control_plane.bus.minority == Minority::Serves {
            return;
        }
        let slot = self.slots.quorum(group);
        let quorum = match quorum {
            Quorum::Held => {
                let n = self.state.clocks.groups[group.idx()].minorities;
                self.state.clocks.groups[group.idx()].minorities += 1;
                let law = &self.plan.control_plane.bus.suspicion;
                let takes = self.group_time(law, group, Purpose::Minority, n);
                self.queue.schedule(slot, self.now + takes, Event::QuorumDue(group));
                Quorum::Slipping(cause)
            }
            Quorum::Regaining(cause) => {
                self.queue.clear(slot);
                Quorum::Lost(cause)
            }
            Quorum::Slipping(_) | Quorum::Lost(_) => {
                unreachable!("a majority is lost only where there is one")
            }
        };
        self.state.group_mut(group).quorum = quorum;
    }

    /// The shard has a serving primary again.
    pub(super) fn voter_back(&mut self, shard: ShardId) {
        let group = self.plan.shards[shard.idx()].group;
        let state = self.state.group_mut(group);
        state.voters += 1;
        let (serving, quorum) = (state.voters, state.quorum);
        if self.watcher(shard) != Some(Watcher::Peers) || serving != self.majority(group) {
            return;
        }
        self.note(Fact::Bus(BusFact::MajorityBack { group, serving }));
        let slot = self.slots.quorum(group);
        let quorum = match quorum {
            // Where primaries go on without a majority nothing was at stake.
            Quorum::Held => Quorum::Held,
            Quorum::Slipping(_) => {
                self.queue.clear(slot);
                Quorum::Held
            }
            Quorum::Lost(cause) => {
                let due = self.now + self.plan.control_plane.bus.rejoin();
                self.queue.schedule(slot, due, Event::QuorumDue(group));
                Quorum::Regaining(cause)
            }
            Quorum::Regaining(_) => unreachable!("a majority comes back only where it was lost"),
        };
        self.state.group_mut(group).quorum = quorum;
    }

    /// All primaries of the group begin, or cease, to refuse writes.
    pub(super) fn quorum_due(&mut self, group: GroupId) {
        let shards = self.shards_of(group);
        match self.state.group(group).quorum {
            Quorum::Slipping(cause) => {
                self.state.group_mut(group).quorum = Quorum::Lost(cause);
                let serving = self.state.group(group).voters;
                self.note(Fact::Bus(BusFact::WritesRefused { group, serving }));
                for shard in shards {
                    if self.state.serves(shard) {
                        self.writers_lose_primary(shard, cause);
                        self.tell_changes(shard);
                    }
                }
            }
            Quorum::Regaining(_) => {
                self.state.group_mut(group).quorum = Quorum::Held;
                self.note(Fact::Bus(BusFact::WritesTaken { group }));
                for shard in shards {
                    self.writers_retry(shard);
                    self.tell_changes(shard);
                }
            }
            Quorum::Held | Quorum::Lost(_) => unreachable!("these wait for nothing"),
        }
    }
}
