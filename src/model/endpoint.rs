//! Endpoints and writers: where writes go, and when an outage begins and ends.
//!
//! Writers have no cache and try again at once: they write to whatever the primary endpoint names,
//! and their writes are acknowledged if that node is a serving primary. They are as one, but for
//! the clients of an online migration, which fall into cohorts (`clients`).

use crate::model::draws::Purpose;
use crate::model::fact::{Cause, Fact, Intake, MigrationFact, Observer};
use crate::model::plan::{Detector, ShardId};
use crate::model::state::{Failover, ShardLedger};
use crate::model::{Event, Step};

impl<O: Observer> Step<'_, O> {
    /// The control plane points the endpoint at the shard's primary, which takes its time (MZ-04).
    /// Only a new primary moves it: a replica that returns does not (MZ-29).
    pub(super) fn start_endpoint_update(&mut self, shard: ShardId) {
        self.state.shard_mut(shard).failover = Failover::UpdatingEndpoint;
        let n = self.state.clocks.shards[shard.idx()].endpoints;
        self.state.clocks.shards[shard.idx()].endpoints += 1;
        let takes = self.shard_time(&self.plan.timing.endpoint, shard, Purpose::Endpoint, n);
        let agreed = self.state.clocks.shards[shard.idx()].agreed;
        let due = match self.plan.group_of(shard).detector {
            // Clients ask the Sentinels, who know when they will tell.
            Detector::Sentinel if agreed > self.now => agreed,
            Detector::Managed | Detector::ClusterBus | Detector::Sentinel => self.now + takes,
        };
        let slot = self.slots.failover(shard);
        self.queue.schedule(slot, due, Event::EndpointDue(shard));
    }

    /// The primary serves in the place that it had: writers reach it, unless the endpoint names
    /// another node since a promotion that it never followed, and has to be moved.
    pub(super) fn writers_return_to(&mut self, shard: ShardId) {
        self.writers_retry(shard);
        let state = *self.state.shard(shard);
        if state.endpoint != state.primary && state.failover == Failover::Idle {
            self.start_endpoint_update(shard);
        }
    }

    /// The endpoint names the promoted node; the failover is over.
    pub(super) fn endpoint_due(&mut self, shard: ShardId) {
        self.state.shard_mut(shard).failover = Failover::Idle;
        self.point_endpoint_at_primary(shard);
        self.writers_retry(shard);
        self.repair_shard(shard);
        self.tell_changes(shard);
        self.planned_work_goes_on(shard);
    }

    /// The endpoint names the shard's primary from now on.
    pub(super) fn point_endpoint_at_primary(&mut self, shard: ShardId) {
        let node = self.state.shard(shard).primary;
        self.state.shard_mut(shard).endpoint = node;
        self.note(Fact::EndpointUpdated { shard, node });
    }

    /// The primary stopped, struck by `cause`: writers reach nobody from now on, if they reached
    /// somebody.
    pub(super) fn writers_lose_primary(&mut self, shard: ShardId, cause: Cause) {
        if !self.state.books(shard).accepting {
            return;
        }
        let now = self.now;
        self.change_access(shard, cause, |books| {
            books.accepting = false;
            books.stopped = now;
        });
    }

    /// Changes who writes to the shard, or whether they are heard: outages begin and end with it.
    pub(super) fn change_access(
        &mut self,
        shard: ShardId,
        cause: Cause,
        change: impl FnOnce(&mut ShardLedger),
    ) {
        let before = *self.state.books(shard);
        self.settle(shard);
        change(self.state.books_mut(shard));
        let accepting = self.state.books(shard).accepting;
        if self.plan.migration.is_some() && accepting != before.accepting {
            let intake = match accepting {
                true => Intake::Taken,
                false => Intake::Refused,
            };
            self.note(Fact::Migration(MigrationFact::Access { shard, intake }));
        }
        match (before.is_out(), self.state.books(shard).is_out()) {
            (false, true) => {
                let told = &mut self.state.told[shard.idx()];
                told.phase = None;
                told.cause = cause;
                self.note(Fact::WritesStopped { shard, cause });
            }
            (true, false) => {
                self.state.told[shard.idx()].phase = None;
                let node = self.state.shard(shard).primary;
                self.note(Fact::WritesResumed { shard, node });
            }
            (false, false) | (true, true) => {}
        }
    }

    /// Something changed for the better: the outage ends if the endpoint leads to a serving
    /// primary now that takes writes.
    pub(super) fn writers_retry(&mut self, shard: ShardId) {
        let state = *self.state.shard(shard);
        let group = self.plan.shards[shard.idx()].group;
        let refuses = self.state.refuses(group)
            || self.state.rejoins(shard)
            || self.follows_source(shard)
            || !self.state.has_good_replicas(self.plan, shard);
        let takes = self.state.serves(shard) && !refuses;
        let reached = takes && state.endpoint == state.primary;
        if !reached || self.state.books(shard).accepting {
            return;
        }
        let cause = self.state.told[shard.idx()].cause;
        self.change_access(shard, cause, |books| books.accepting = true);
    }
}
