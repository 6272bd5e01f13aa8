//! Primaries that are there and refuse writes, for want of a majority or of replicas, and isolated
//! ones that take them.

use crate::engine::time::SimTime;
use crate::model::fact::{BusFact, Cause, IsolationFact, Phase, ReplicasFact, Role};
use crate::model::plan::ShardId;
use crate::observe::metrics::{Ending, Mechanism, Metric, Metrics, REFUSED, REJOINS, TOO_FEW};

impl Metrics<'_> {
    /// What primaries without a majority refuse.
    pub(super) fn of_bus(&mut self, now: SimTime, fact: BusFact) {
        match fact {
            BusFact::WritesRefused { group, .. } => {
                for shard in self.plan.groups[group.idx()].shards.clone().map(ShardId) {
                    self.server(now, shard, self.shards[shard.idx()].server | REFUSED);
                }
            }
            BusFact::WritesTaken { group } => {
                for shard in self.plan.groups[group.idx()].shards.clone().map(ShardId) {
                    self.server(now, shard, self.shards[shard.idx()].server & !REFUSED);
                }
            }
            BusFact::Suspected { .. }
            | BusFact::NoAgreement { .. }
            | BusFact::ElectionBegan { .. }
            | BusFact::TakeoverBegan { .. }
            | BusFact::ObjectivelyDown { .. }
            | BusFact::VoteSplit { .. }
            | BusFact::MajorityLost { .. }
            | BusFact::MajorityBack { .. } => {}
        }
    }

    /// What primaries without enough replicas refuse, and what WAIT does not confirm.
    pub(super) fn of_replicas(&mut self, now: SimTime, fact: ReplicasFact) {
        match fact {
            ReplicasFact::TooFew { shard, .. } => {
                self.server(now, shard, self.shards[shard.idx()].server | TOO_FEW);
            }
            ReplicasFact::Enough { shard, .. } => {
                let open = self.shards[shard.idx()];
                if open.phase.is_some_and(|(phase, _)| phase == Phase::Replicas) {
                    self.would_end_by(shard, Ending::Replica);
                }
                self.server(now, shard, open.server & !TOO_FEW);
            }
            ReplicasFact::Unconfirmed { writes, .. } => {
                self.count(Metric::RejectedWrites, now, writes);
                self.count(Metric::UnconfirmedWrites, now, writes);
            }
            ReplicasFact::WaitFails { shard, per_sec } => {
                self.count_failing(now, shard);
                self.shards[shard.idx()].failing = per_sec;
            }
        }
    }

    /// What isolated nodes take beside their shard.
    pub(super) fn of_isolation(&mut self, now: SimTime, fact: IsolationFact) {
        match fact {
            IsolationFact::Beside { shard, kept, astray } => {
                self.count_beside(now, shard);
                self.count_failing(now, shard);
                self.shards[shard.idx()].beside = kept + astray;
            }
            IsolationFact::SplitBrain { shard, loss, .. } if self.clientele.is_missed(shard) => {
                self.lost(now, Cause::Isolation, Mechanism::SplitBrain, loss);
            }
            IsolationFact::Waits { shard, role: Role::Primary, .. } => {
                self.server(now, shard, self.shards[shard.idx()].server | REJOINS);
            }
            IsolationFact::Takes { shard, .. } => {
                self.server(now, shard, self.shards[shard.idx()].server & !REJOINS);
            }
            IsolationFact::Began { .. }
            | IsolationFact::SplitBrain { .. }
            | IsolationFact::Refuses { .. }
            | IsolationFact::Waits { role: Role::Replica, .. }
            | IsolationFact::Ended { .. } => {}
        }
    }
}
