//! What an online migration comes to. Its clients move between shards, so that what is open in a
//! shard concerns more or fewer of them than before: the piece with the old weight is closed, and
//! the next one begins.

use crate::engine::time::SimTime;
use crate::model::fact::{Cause, Loss, MigrationFact};
use crate::model::plan::{NodeId, ShardId};
use crate::observe::metrics::{Ending, Mechanism, Metric, Metrics};

/// Whether a target that is in sync is held by more than its primary.
#[derive(Clone, Copy, Debug)]
pub(super) struct Safety {
    /// Since when a migration is on its way there.
    since: Option<SimTime>,
    /// When a shard had more or fewer copies, the last time.
    pub copied: SimTime,
}

impl Safety {
    pub(super) const NONE: Safety = Safety { since: None, copied: SimTime::START };
}

impl Metrics<'_> {
    /// What a fact of a migration counts for.
    pub(super) fn of_migration(&mut self, now: SimTime, fact: MigrationFact) {
        match fact {
            MigrationFact::Clients { shard, .. } | MigrationFact::Access { shard, .. } => {
                self.pieces_end(now, shard);
            }
            MigrationFact::LinkSyncBegan { from, pause, .. } => {
                self.count(Metric::MigrationFullSyncs, now, 1);
                let source = self.shard_of(from);
                self.add_weighted(Metric::ForkPause, source, now, now + pause);
            }
            MigrationFact::TargetWiped { loss, .. } => {
                self.lost_in_migration(now, Mechanism::Wiped, loss);
            }
            MigrationFact::ShardCompleted { shard, loss, regained, missing_bytes: 0, .. } => {
                self.target_is_as_full(now, shard);
                self.lost_in_migration(now, Mechanism::Migration, loss);
                self.count(Metric::RegainedWrites, now, regained);
            }
            // The application goes on with nothing of what it had.
            MigrationFact::ShardCompleted { shard, loss, missing_bytes, .. } => {
                self.reads_miss(now, shard);
                self.count_dataset(now, Cause::Migration, (loss.writes, missing_bytes));
            }
            MigrationFact::Diverged { loss, .. } => {
                self.lost_in_migration(now, Mechanism::Diverged, loss);
                self.count(Metric::DivergedWrites, now, loss.writes);
            }
            MigrationFact::ShardRolledBack { loss, regained, .. } => {
                self.lost_in_migration(now, Mechanism::RollBack, loss);
                self.count(Metric::RegainedWrites, now, regained);
            }
            MigrationFact::PriceOfReturn { writes, .. } => {
                self.count(Metric::RollBackPrice, now, writes);
            }
            MigrationFact::AllInSync { .. } => {
                self.count(Metric::MigrationsInSync, now, 1);
                if self.clientele.is_source_held() {
                    self.count(Metric::MigrationsInSyncStopped, now, 1);
                }
                self.migration_in_sync(now);
            }
            MigrationFact::CaughtUp { shard } => self.shards[shard.idx()].synced = Some(now),
            MigrationFact::Completed { .. } => {
                self.count(Metric::MigrationsCompleted, now, 1);
                self.migration_in_sync(now);
                // By force, before it was in sync: it never will be.
                if self.targets().any(|shard| self.shards[shard.idx()].synced.is_none()) {
                    self.waits_no_more(now);
                }
            }
            MigrationFact::GaveUp { .. }
            | MigrationFact::Stopped { .. }
            | MigrationFact::RolledBack { .. } => {
                self.migration_in_sync(now);
                self.waits_no_more(now);
            }
            MigrationFact::PointOfNoReturn { .. } => self.no_return(now),
            MigrationFact::Prepared { .. }
            | MigrationFact::RollBackBegan { .. }
            | MigrationFact::Tested { .. }
            | MigrationFact::ReshardBegan { .. }
            | MigrationFact::AttemptFailed { .. }
            | MigrationFact::Connected { .. }
            | MigrationFact::LinkLoading { .. }
            | MigrationFact::LinkStreams { .. }
            | MigrationFact::LinkBack { .. }
            | MigrationFact::LinkLost { .. }
            | MigrationFact::NetworkCut
            | MigrationFact::NetworkBack
            | MigrationFact::NotCompleted { .. }
            | MigrationFact::CutOverBegan { .. }
            | MigrationFact::CutOverGivenUp { .. }
            | MigrationFact::CohortMoves { .. }
            | MigrationFact::CohortArrived { .. } => {}
        }
        self.clientele.on_fact(fact);
        for shard in self.clientele.freed_by(fact) {
            self.would_end_by(shard, Ending::CutOver);
        }
        self.common_outages_change(now);
    }

    fn shard_of(&self, node: NodeId) -> ShardId {
        self.plan.nodes[node.idx()].shard
    }

    fn lost_in_migration(&mut self, now: SimTime, mechanism: Mechanism, loss: Loss) {
        self.lost(now, Cause::Migration, mechanism, loss);
    }

    /// A migration that was on its way is in sync, or over.
    pub(super) fn migration_in_sync(&mut self, now: SimTime) {
        if let Some(since) = self.migrates_since.take() {
            let took = self.took(since, now);
            self.outcome.values[Metric::MigrationSync as usize] += took;
        }
    }

    /// A migration is started: it is on its way.
    pub(super) fn migration_starts(&mut self, now: SimTime) {
        self.waits_no_more(now);
        self.safety.since = Some(now);
        self.targets().for_each(|shard| self.shards[shard.idx()].synced = None);
        (self.migrates_since, self.started) = (Some(now), Some(now));
    }

    /// Before what comes at `now`: whether the target, in sync, is held by all of its nodes. What
    /// came at one instant counts together, for a copy that replaces others is told first.
    pub(super) fn look_after_replicas(&mut self, now: SimTime) {
        let Safety { since: Some(_), copied } = self.safety else { return };
        let whole = |shard: ShardId| {
            let open = &self.shards[shard.idx()];
            open.synced.filter(|_| open.reduced_since.is_none())
        };
        let settled = self.targets().try_fold(copied, |at, shard| Some(at.max(whole(shard)?)));
        if let Some(settled) = settled.filter(|settled| *settled < now) {
            self.count(Metric::MigrationsSafe, settled, 1);
            self.waits_no_more(settled);
        }
    }

    /// The time until all nodes of the target hold what the source had is over.
    pub(super) fn waits_no_more(&mut self, now: SimTime) {
        if let Some(since) = self.safety.since {
            let took = self.took(since, now);
            self.outcome.values[Metric::MigrationSafe as usize] += took;
        }
        self.safety = Safety::NONE;
    }

    fn targets(&self) -> impl Iterator<Item = ShardId> + use<> {
        let target = self.plan.migration.as_ref().map(|migration| migration.target);
        let shards = target.map(|target| self.plan.groups[target.idx()].shards.clone());
        shards.into_iter().flatten().map(ShardId)
    }

    /// How long something took, in nanoseconds, whenever it began; nothing where it came before
    /// the observed time.
    fn took(&self, since: SimTime, now: SimTime) -> u128 {
        match self.plan.warm_up <= now {
            true => u128::from(now.min(self.plan.horizon).since(since).as_nanos()),
            false => 0,
        }
    }

    /// The target's shard goes on with what the source had: as many reads miss.
    fn target_is_as_full(&mut self, now: SimTime, shard: ShardId) {
        let Some(link) = self.plan.link_into(shard) else { return };
        let (_, source) = self.plan.pair(link);
        self.piece_of_misses_ends(now, source);
        self.reads_stop_missing(now, shard);
        let mut warm_up = self.shards[source.idx()].warm_up;
        if let Some(warm_up) = &mut warm_up {
            warm_up.go_on(now);
        }
        self.shards[shard.idx()].warm_up = warm_up;
    }

    /// Others read from the shard from now on, if it is being filled.
    fn piece_of_misses_ends(&mut self, now: SimTime, shard: ShardId) {
        if self.shards[shard.idx()].warm_up.is_some_and(|warm_up| warm_up.goes_on()) {
            self.reads_stop_missing(now, shard);
            if let Some(warm_up) = &mut self.shards[shard.idx()].warm_up {
                warm_up.go_on(now);
            }
        }
    }

    /// A client wrote to the target after the completion, for the first time.
    fn no_return(&mut self, now: SimTime) {
        if let Some(since) = self.started {
            self.outcome.values[Metric::NoReturn as usize] = self.took(since, now);
        }
    }

    /// The shard has other clients from now on, or others of them are heard: closes the pieces of
    /// all that is open in it, and begins the next ones.
    fn pieces_end(&mut self, now: SimTime, shard: ShardId) {
        self.count_failing(now, shard);
        self.piece_of_outage_ends(now, shard);
        self.piece_of_misses_ends(now, shard);
        let phase = self.shards[shard.idx()].phase.map(|(phase, _)| phase);
        self.phase_ends(now, shard);
        let open = &mut self.shards[shard.idx()];
        open.phase = phase.map(|phase| (phase, now));
        let pieces = [
            (Metric::ServerWriteOutage, &mut open.server_since),
            (Metric::PrimaryDisplaced, &mut open.displaced_since),
            (Metric::ReadOutage, &mut open.reads_since),
            (Metric::ReducedRedundancy, &mut open.reduced_since),
        ]
        .map(|(metric, since)| (metric, since.as_mut().map(|at| std::mem::replace(at, now))));
        for (metric, since) in pieces {
            if let Some(since) = since {
                self.add_weighted(metric, shard, since, now);
            }
        }
    }
}
