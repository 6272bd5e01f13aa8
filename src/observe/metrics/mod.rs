//! [`Metrics`] folds the facts of a trial into an [`Outcome`]: integers, exact, one per metric.
//!
//! Intervals are clipped to the observed time, from the end of the warm-up to the horizon; what
//! happens at an instant counts if that instant is observed. Times that concern a shard are
//! weighted by its share of hash slots and of the clients, kept as nanoseconds × slots × cohorts of
//! clients; only in a migration is there more than one cohort (`migration`).

mod common;
mod metric;
mod migration;
mod outcome;
mod refusal;

use crate::engine::time::SimTime;
use crate::model::api::Call;
use crate::model::fact::{BackupFact, Cause, Fact, Intake, Loss, Observer, OperationFact, Phase};
use crate::model::persistence::{Durability, Method};
use crate::model::plan::{AzId, GroupId, NodeId, Plan, ShardId};
use crate::observe::clientele::Clientele;
use crate::observe::load::{Reads, WarmUp};

use common::Common;
pub use metric::*;
use migration::Safety;
pub use outcome::*;

/// What is open in a shard.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// Since when there is an outage that concerns as many clients as now.
    writes_since: Option<SimTime>,
    /// What the outage came to before that, weighted.
    outage: u128,
    /// Of the outage that is open, or else of the last one.
    cause: Cause,
    /// How the outage would end if it ended now.
    ending: Ending,
    phase: Option<(Phase, SimTime)>,
    /// Why no node accepts writes, if none does.
    server: u8,
    server_since: Option<SimTime>,
    primary_az: AzId,
    displaced_since: Option<SimTime>,
    reads_since: Option<SimTime>,
    reduced_since: Option<SimTime>,
    /// When a shard of a target was in sync, the last time, unless it lost what it got.
    synced: Option<SimTime>,
    /// Writes per second that isolated nodes take, since when, and what they took in this outage.
    beside: u64,
    beside_since: SimTime,
    taken_beside: u128,
    /// Writes per second that wait in vain, and since when.
    failing: u64,
    failing_since: SimTime,
    /// The primary that serves, and the filling of its cache if it lost its data.
    serving: Option<NodeId>,
    warm_up: Option<WarmUp>,
}

impl Open {
    const NOTHING: Open = Open {
        writes_since: None,
        outage: 0,
        cause: Cause::Node,
        ending: Ending::Restart,
        phase: None,
        server: 0,
        server_since: None,
        primary_az: AzId(0),
        displaced_since: None,
        reads_since: None,
        reduced_since: None,
        synced: None,
        beside: 0,
        beside_since: SimTime::START,
        taken_beside: 0,
        failing: 0,
        failing_since: SimTime::START,
        serving: None,
        warm_up: None,
    };
}

/// The shard has no serving primary.
const NO_PRIMARY: u8 = 1;

/// Its primary refuses writes for want of a majority.
const REFUSED: u8 = 2;

/// Its primary was cut off in a minority, and takes no writes yet.
const REJOINS: u8 = 4;
/// It refuses writes for want of replicas.
const TOO_FEW: u8 = 8;

/// Folds facts into an [`Outcome`].
#[derive(Clone, Debug)]
pub struct Metrics<'p> {
    plan: &'p Plan,
    shards: Vec<Open>,
    /// By node: since when a serving primary feeds its full sync.
    fed_since: Vec<Option<SimTime>>,
    /// By group: since when a backup delays its writes.
    forkless_since: Vec<Option<SimTime>>,
    n_down: usize,
    /// When any shard was out, and when all were.
    any: Common,
    all: Common,
    clientele: Clientele,
    /// Since when a migration is on its way to be in sync.
    migrates_since: Option<SimTime>,
    /// When the last migration was started.
    started: Option<SimTime>,
    safety: Safety,
    /// By group, then AZ: primaries.
    primaries: Vec<u16>,
    outcome: Outcome,
}

impl<'p> Metrics<'p> {
    /// For one trial of `plan`.
    pub fn new(plan: &'p Plan) -> Self {
        let mut metrics = Metrics {
            plan,
            shards: fresh(plan).collect(),
            fed_since: vec![None; plan.nodes.len()],
            forkless_since: vec![None; plan.groups.len()],
            n_down: 0,
            any: Common::default(),
            all: Common::default(),
            clientele: Clientele::new(plan),
            migrates_since: None,
            started: None,
            safety: Safety::NONE,
            primaries: vec![0; plan.groups.len() * plan.azs.len()],
            outcome: Outcome::ZERO,
        };
        metrics.restart();
        metrics
    }

    /// Forgets everything but the plan, keeping the memory.
    pub fn restart(&mut self) {
        self.shards.clear();
        self.shards.extend(fresh(self.plan));
        self.fed_since.fill(None);
        self.forkless_since.fill(None);
        self.n_down = 0;
        (self.any, self.all) = (Common::default(), Common::default());
        self.clientele.restart();
        (self.migrates_since, self.started, self.safety) = (None, None, Safety::NONE);
        self.outcome = Outcome::ZERO;
        self.primaries.fill(0);
        for shard in self.plan.shard_ids() {
            let first = NodeId(self.plan.shards[shard.idx()].nodes.start);
            let az = self.plan.nodes[first.idx()].az;
            self.shards[shard.idx()].primary_az = az;
            let place = self.place(shard, az);
            self.primaries[place] += 1;
        }
        self.count_most_primaries();
    }

    fn place(&self, shard: ShardId, az: AzId) -> usize {
        self.plan.shards[shard.idx()].group.idx() * self.plan.azs.len() + az.idx()
    }

    /// The most primaries of one group in one AZ at this instant.
    fn count_most_primaries(&mut self) {
        let most = self.primaries.iter().max().copied().unwrap_or(0);
        self.outcome.values[Metric::MostPrimariesInOneAz as usize] = u128::from(most);
    }

    /// The role of primary is `node`'s from now on, who serves.
    fn primary_moves(&mut self, now: SimTime, shard: ShardId, node: NodeId) {
        self.shards[shard.idx()].serving = Some(node);
        let az = self.plan.nodes[node.idx()].az;
        let before = std::mem::replace(&mut self.shards[shard.idx()].primary_az, az);
        if az == before {
            return;
        }
        let (from, to) = (self.place(shard, before), self.place(shard, az));
        self.primaries[from] -= 1;
        self.primaries[to] += 1;
        let primaries = u128::from(self.primaries[to]);
        if now <= self.plan.warm_up {
            self.count_most_primaries();
        } else if now <= self.plan.horizon {
            self.largest(Metric::MostPrimariesInOneAz, primaries);
        }
        let first = NodeId(self.plan.shards[shard.idx()].nodes.start);
        let is_away = self.plan.nodes[first.idx()].az != az;
        let open = &mut self.shards[shard.idx()];
        if let Some(since) = toggle(&mut open.displaced_since, is_away, now) {
            self.add_weighted(Metric::PrimaryDisplaced, shard, since, now);
        }
    }

    /// Why no node accepts the shard's writes from now on: nothing, if one does.
    fn server(&mut self, now: SimTime, shard: ShardId, why: u8) {
        let open = &mut self.shards[shard.idx()];
        open.server = why;
        if let Some(since) = toggle(&mut open.server_since, why != 0, now) {
            self.add_weighted(Metric::ServerWriteOutage, shard, since, now);
        }
    }

    /// Closes at `end` what is still open and says what the trial came to.
    pub fn finish(&mut self, end: SimTime) -> Outcome {
        for shard in self.plan.shard_ids() {
            let open = self.shards[shard.idx()];
            if open.writes_since.is_some() {
                self.shards[shard.idx()].ending = Ending::Open;
                self.writes_resume(end, shard);
            }
            if let Some(since) = open.server_since {
                self.add_weighted(Metric::ServerWriteOutage, shard, since, end);
            }
            if let Some(since) = open.displaced_since {
                self.add_weighted(Metric::PrimaryDisplaced, shard, since, end);
            }
            if let Some(since) = open.reads_since {
                self.add_weighted(Metric::ReadOutage, shard, since, end);
            }
            if let Some(since) = open.reduced_since {
                self.add_weighted(Metric::ReducedRedundancy, shard, since, end);
            }
        }
        for shard in self.plan.shard_ids() {
            self.reads_stop_missing(end, shard);
            self.count_failing(end, shard);
        }
        for node in self.plan.node_ids() {
            self.sync_ends(end, node);
        }
        for group in self.plan.group_ids() {
            self.backup_ends(end, group);
        }
        self.common_outages_end();
        self.migration_in_sync(end);
        // Nothing more comes at this instant.
        self.look_after_replicas(SimTime::NEVER);
        self.waits_no_more(end);
        self.outcome
    }

    /// The observed part of an interval in nanoseconds.
    fn observed(&self, from: SimTime, to: SimTime) -> u64 {
        let from = from.max(self.plan.warm_up);
        let to = to.min(self.plan.horizon);
        if from < to { to.since(from).as_nanos() } else { 0 }
    }

    fn is_observed(&self, at: SimTime) -> bool {
        self.plan.warm_up <= at && at <= self.plan.horizon
    }

    /// The observed part of an interval that concerns so many cohorts of the shard's clients.
    fn weighted(&self, shard: ShardId, cohorts: u16, (from, to): (SimTime, SimTime)) -> u128 {
        let slots = self.plan.shards[shard.idx()].hash_slots;
        u128::from(self.observed(from, to)) * u128::from(slots) * u128::from(cohorts)
    }

    fn add_weighted(&mut self, metric: Metric, shard: ShardId, from: SimTime, to: SimTime) {
        let cohorts = self.clientele.of(shard).cohorts;
        self.outcome.values[metric as usize] += self.weighted(shard, cohorts, (from, to));
    }

    fn count(&mut self, metric: Metric, now: SimTime, amount: u128) {
        if self.is_observed(now) {
            self.outcome.values[metric as usize] += amount;
        }
    }

    fn largest(&mut self, metric: Metric, value: u128) {
        let slot = &mut self.outcome.values[metric as usize];
        *slot = (*slot).max(value);
    }

    fn writes_stop(&mut self, now: SimTime, shard: ShardId, cause: Cause) {
        self.count_failing(now, shard);
        let open = &mut self.shards[shard.idx()];
        open.writes_since = Some(now);
        open.beside_since = now;
        open.cause = cause;
        open.ending = Ending::Restart;
        self.n_down += 1;
        if self.plan.migration.is_none() {
            self.clientele.take(shard, Intake::Refused);
        }
        self.common_outages_change(now);
    }

    fn writes_resume(&mut self, now: SimTime, shard: ShardId) {
        self.phase_ends(now, shard);
        self.count_failing(now, shard);
        self.piece_of_outage_ends(now, shard);
        let open = &mut self.shards[shard.idx()];
        let outage = std::mem::take(&mut open.outage);
        open.writes_since = None;
        let (cause, ending) = (open.cause, open.ending);
        self.outcome.values[Metric::WriteOutage as usize] += outage;
        self.outcome.values[Metric::WriteUnavailability as usize] += outage;
        self.outcome.by_cause[cause as usize] += outage;
        self.outcome.by_ending[ending as usize] += outage;
        if self.plan.migration.is_none() {
            self.clientele.take(shard, Intake::Taken);
        }
        self.n_down -= 1;
        self.common_outages_change(now);
    }

    /// The outage goes on, if there is one, and concerns other clients from now on.
    fn piece_of_outage_ends(&mut self, now: SimTime, shard: ShardId) {
        self.count_beside(now, shard);
        let open = &mut self.shards[shard.idx()];
        let taken_beside = std::mem::take(&mut open.taken_beside);
        let Some(since) = open.writes_since.replace(now) else {
            open.writes_since = None;
            return;
        };
        let clients = self.clientele.of(shard);
        let outage = self.weighted(shard, clients.concerned(), (since, now));
        self.shards[shard.idx()].outage += outage;
        let rate = match clients.intake {
            Intake::Taken => clients.held_rate,
            Intake::Refused => clients.rate,
        };
        let rejected = u128::from(rate) * u128::from(self.observed(since, now)) - taken_beside;
        self.outcome.values[Metric::RejectedWrites as usize] += rejected;
    }

    /// What waited in vain was rejected, though there was no outage.
    fn count_failing(&mut self, now: SimTime, shard: ShardId) {
        let (open, clients) = (self.shards[shard.idx()], self.clientele.of(shard));
        if open.failing > 0 && clients.intake == Intake::Taken {
            let offered = clients.rate - clients.held_rate;
            let failing = u128::from(open.failing.min(offered - open.beside));
            let length = u128::from(self.observed(open.failing_since, now));
            self.outcome.values[Metric::RejectedWrites as usize] += failing * length;
            self.outcome.values[Metric::UnconfirmedWrites as usize] += failing * length;
        }
        self.shards[shard.idx()].failing_since = now;
    }

    /// What isolated nodes took in an outage was not rejected.
    fn count_beside(&mut self, now: SimTime, shard: ShardId) {
        let open = self.shards[shard.idx()];
        if open.writes_since.is_some() && self.clientele.of(shard).intake == Intake::Refused {
            let taken = u128::from(open.beside) * u128::from(self.observed(open.beside_since, now));
            self.shards[shard.idx()].taken_beside += taken;
        }
        self.shards[shard.idx()].beside_since = now;
    }

    fn phase_ends(&mut self, now: SimTime, shard: ShardId) {
        if let Some((phase, since)) = self.shards[shard.idx()].phase.take() {
            let cohorts = self.clientele.of(shard).concerned();
            self.outcome.by_phase[phase as usize] += self.weighted(shard, cohorts, (since, now));
        }
    }

    /// Writes are lost by the fault that opened the outage.
    fn lost_in_outage(&mut self, now: SimTime, shard: ShardId, mechanism: Mechanism, loss: Loss) {
        if self.clientele.is_missed(shard) {
            self.lost(now, self.shards[shard.idx()].cause, mechanism, loss);
        }
    }

    /// What trailed where a copy of the shard did: in a durable group its log.
    fn trailing(&self, shard: ShardId, otherwise: Mechanism) -> Mechanism {
        match self.plan.group_of(shard).durability {
            Durability::Disabled => otherwise,
            Durability::Async | Durability::Sync => Mechanism::Log,
        }
    }

    fn lost(&mut self, now: SimTime, cause: Cause, mechanism: Mechanism, loss: Loss) {
        if !self.is_observed(now) {
            return;
        }
        let bytes = loss.writes * u128::from(self.plan.workload.write_bytes);
        self.count(Metric::LostWrites, now, loss.writes);
        self.count(Metric::LostBytes, now, bytes);
        self.largest(Metric::LossWindow, u128::from(loss.window.as_nanos()));
        self.outcome.lost_by_cause[cause as usize] += loss.writes;
        self.outcome.lost_by_mechanism[mechanism as usize] += loss.writes - loss.beside;
        self.outcome.lost_by_mechanism[Mechanism::SplitBrain as usize] += loss.beside;
        if loss.writes > 0 {
            self.outcome.first_write_loss.get_or_insert(now);
        }
    }

    fn dataset_lost(&mut self, now: SimTime, shard: ShardId, (writes, bytes): (u128, u64)) {
        if self.clientele.is_dataset_missed(shard) {
            self.count_dataset(now, self.shards[shard.idx()].cause, (writes, bytes));
        }
    }

    fn count_dataset(&mut self, now: SimTime, cause: Cause, (writes, bytes): (u128, u64)) {
        if !self.is_observed(now) {
            return;
        }
        self.count(Metric::DatasetLosses, now, 1);
        self.count(Metric::DatasetLostBytes, now, u128::from(bytes));
        self.count(Metric::DatasetLostWrites, now, writes);
        self.outcome.dataset_lost_by_cause[cause as usize] += writes;
        self.outcome.first_dataset_loss.get_or_insert(now);
    }

    fn primary_serves(&mut self, now: SimTime, shard: ShardId, node: NodeId) {
        if let Some(warm_up) = &mut self.shards[shard.idx()].warm_up {
            warm_up.go_on(now);
        }
        self.server(now, shard, self.shards[shard.idx()].server & !(NO_PRIMARY | REJOINS));
        self.primary_moves(now, shard, node);
    }

    fn primary_stops(&mut self, now: SimTime, shard: ShardId) {
        self.reads_stop_missing(now, shard);
        let open = &mut self.shards[shard.idx()];
        open.serving = None;
        open.ending = open.ending.without_primary();
        let refused = open.server & (REFUSED | REJOINS);
        self.server(now, shard, refused | NO_PRIMARY);
        for node in self.plan.shards[shard.idx()].node_ids() {
            self.sync_ends(now, node);
        }
    }

    /// The shard serves, and holds nothing: from here on reads miss until it is filled again.
    fn reads_miss(&mut self, now: SimTime, shard: ShardId) {
        self.reads_stop_missing(now, shard);
        let dataset = self.plan.shards[shard.idx()].dataset_bytes;
        let write = self.plan.workload.write_bytes;
        let warm_up = WarmUp::begin(dataset, write, self.reads_of(shard), now);
        self.shards[shard.idx()].warm_up = Some(warm_up);
    }

    fn reads_stop_missing(&mut self, now: SimTime, shard: ShardId) {
        let plan = self.plan;
        let clip = |from: SimTime, to: SimTime| (from.max(plan.warm_up), to.min(plan.horizon));
        let reads = self.reads_of(shard);
        if let Some(warm_up) = &mut self.shards[shard.idx()].warm_up {
            let missed = warm_up.stop(now, reads, clip);
            self.outcome.values[Metric::MissedReads as usize] += missed;
        }
    }

    /// Who reads from the shard: those of a migration read where they write.
    fn reads_of(&self, shard: ShardId) -> Reads {
        let source = self.plan.link_into(shard).map_or(shard, |link| self.plan.pair(link).1);
        Reads {
            per_sec: self.plan.shards[source.idx()].reads_per_sec,
            cohorts: self.clientele.of(shard).cohorts,
            of: self.plan.n_cohorts(),
        }
    }

    fn sync_starts(&mut self, now: SimTime, node: NodeId, from: NodeId, bytes: u64) {
        self.sync_ends(now, node);
        let shard = self.plan.nodes[node.idx()].shard;
        if self.shards[shard.idx()].serving == Some(from) {
            self.fed_since[node.idx()] = Some(now);
            self.count(Metric::SyncBytes, now, u128::from(bytes));
        }
    }

    fn sync_ends(&mut self, now: SimTime, node: NodeId) {
        if let Some(since) = self.fed_since[node.idx()].take() {
            let length = self.observed(since, now);
            self.outcome.values[Metric::SyncLoad as usize] += u128::from(length);
        }
    }

    fn backup_ends(&mut self, now: SimTime, group: GroupId) {
        if let Some(since) = self.forkless_since[group.idx()].take() {
            let length = self.observed(since, now);
            self.outcome.values[Metric::ForklessBackup as usize] += u128::from(length);
        }
    }

    fn on_backup(&mut self, now: SimTime, fact: BackupFact) {
        match fact {
            BackupFact::Began { group, method: Method::Forkless, .. } => {
                self.forkless_since[group.idx()] = Some(now);
            }
            BackupFact::Completed { group, .. } | BackupFact::Failed { group, .. } => {
                self.backup_ends(now, group);
            }
            BackupFact::ShardRestored { shard, loss, .. } => {
                self.lost_in_outage(now, shard, Mechanism::Restore, loss);
                self.would_end_by(shard, Ending::Restore);
                self.reads_stop_missing(now, shard);
                self.shards[shard.idx()].warm_up = None;
                for node in self.plan.shards[shard.idx()].node_ids() {
                    self.sync_ends(now, node);
                }
            }
            BackupFact::ShardSwitched { shard, loss, .. } => {
                self.lost_in_outage(now, shard, Mechanism::Region, loss);
                self.would_end_by(shard, Ending::Region);
            }
            BackupFact::ArchiveLost { shard, writes, bytes } => {
                self.archive_lost(now, shard, (writes, bytes));
            }
            BackupFact::Replayed { shard, loss, .. } => {
                self.lost_in_outage(now, shard, Mechanism::AofTail, loss);
                self.would_end_by(shard, Ending::Replay);
            }
            BackupFact::ServedFromDurableLog { shard, loss, .. } => {
                self.lost_in_outage(now, shard, Mechanism::Log, loss);
                self.would_end_by(shard, Ending::Replay);
            }
            BackupFact::Began { method: Method::Forked, .. }
            | BackupFact::Copies { .. }
            | BackupFact::RestoreBegan { .. }
            | BackupFact::RestoreWaits { .. }
            | BackupFact::RestoreStep { .. }
            | BackupFact::Restored { .. }
            | BackupFact::NodeRestored { .. }
            | BackupFact::SwitchBegan { .. }
            | BackupFact::Switched { .. }
            | BackupFact::LogKept { .. }
            | BackupFact::ReplayBegan { .. }
            | BackupFact::DurableLogEnds { .. }
            | BackupFact::OnlyInDurableLog { .. }
            | BackupFact::DurableLogRead { .. } => {}
        }
    }

    /// What a snapshot had of a lost dataset went with it after all.
    fn archive_lost(&mut self, now: SimTime, shard: ShardId, (writes, bytes): (u128, u64)) {
        if self.is_observed(now) && self.clientele.is_dataset_missed(shard) {
            self.count(Metric::DatasetLostBytes, now, u128::from(bytes));
            let cause = self.shards[shard.idx()].cause;
            self.count(Metric::DatasetLostWrites, now, writes);
            self.outcome.dataset_lost_by_cause[cause as usize] += writes;
        }
    }

    fn would_end_by(&mut self, shard: ShardId, ending: Ending) {
        self.shards[shard.idx()].ending = ending;
    }

    fn copies(
        &mut self,
        now: SimTime,
        shard: ShardId,
        (complete, configured): (u8, u8),
        readers: u8,
    ) {
        self.safety.copied = now;
        let open = &mut self.shards[shard.idx()];
        let reduced = complete < configured;
        let reduced_ended = toggle(&mut open.reduced_since, reduced, now);
        let reads_ended = toggle(&mut open.reads_since, readers == 0, now);
        if let Some(since) = reduced_ended {
            self.add_weighted(Metric::ReducedRedundancy, shard, since, now);
        }
        if let Some(since) = reads_ended {
            self.add_weighted(Metric::ReadOutage, shard, since, now);
        }
    }
}

/// What is open at the start of a trial.
fn fresh(plan: &Plan) -> impl Iterator<Item = Open> + '_ {
    plan.shard_ids().map(|shard| Open {
        serving: Some(NodeId(plan.shards[shard.idx()].nodes.start)),
        failing: plan.failing(shard, plan.n_replicas(shard)),
        ..Open::NOTHING
    })
}

/// Opens or closes an interval; gives the start of one that ends.
fn toggle(since: &mut Option<SimTime>, open: bool, now: SimTime) -> Option<SimTime> {
    match (open, *since) {
        (true, None) => {
            *since = Some(now);
            None
        }
        (false, Some(_)) => since.take(),
        (true, Some(_)) | (false, None) => None,
    }
}

impl Observer for Metrics<'_> {
    fn on_fact(&mut self, now: SimTime, fact: Fact) {
        self.look_after_replicas(now);
        match fact {
            Fact::WritesStopped { shard, cause } => self.writes_stop(now, shard, cause),
            Fact::WritesResumed { shard, .. } => self.writes_resume(now, shard),
            Fact::PhaseBegan { shard, phase } => {
                self.phase_ends(now, shard);
                let open = &mut self.shards[shard.idx()];
                open.phase = Some((phase, now));
                open.ending = open.ending.waiting_for(phase);
            }
            Fact::PrimaryStopped { shard } => self.primary_stops(now, shard),
            Fact::PrimaryServes { shard, node } => self.primary_serves(now, shard, node),
            Fact::Bus(fact) => self.of_bus(now, fact),
            Fact::Isolation(fact) => self.of_isolation(now, fact),
            Fact::Replicas(fact) => self.of_replicas(now, fact),
            Fact::Promoted { shard, loss, .. } => {
                self.count(Metric::Failovers, now, 1);
                self.lost_in_outage(now, shard, self.trailing(shard, Mechanism::Lag), loss);
                self.would_end_by(shard, Ending::Failover);
            }
            Fact::PrimaryRecreated { shard, loss, .. } => {
                self.count(Metric::PrimaryRecreations, now, 1);
                let mechanism = self.trailing(shard, Mechanism::RefillLag);
                self.lost_in_outage(now, shard, mechanism, loss);
                self.would_end_by(shard, Ending::Refill);
            }
            Fact::HandedOver { shard, to, pause, .. } => {
                self.primary_moves(now, shard, to);
                self.count(Metric::Handovers, now, 1);
                self.add_weighted(Metric::HandoverPause, shard, now, now + pause);
                self.would_end_by(shard, Ending::Handover);
            }
            Fact::Operation(OperationFact::Accepted { call: Call::StartMigration, .. }) => {
                self.migration_starts(now);
            }
            Fact::Operation(OperationFact::Refused { .. }) => {
                self.count(Metric::RefusedOperations, now, 1);
            }
            Fact::ColdStarted { shard, .. } => {
                self.would_end_by(shard, Ending::ColdStart);
                self.reads_miss(now, shard);
            }
            Fact::EmptyPrimary { shard, .. } => {
                self.would_end_by(shard, Ending::Restart);
                self.reads_miss(now, shard);
            }
            Fact::DatasetLost { shard, writes, bytes, .. } => {
                self.shards[shard.idx()].synced = None;
                self.dataset_lost(now, shard, (writes, bytes));
            }
            Fact::Copies { shard, complete, configured, readers } => {
                self.copies(now, shard, (complete, configured), readers);
            }
            Fact::SyncStarted { node, from, bytes } => self.sync_starts(now, node, from, bytes),
            Fact::Synced { node } | Fact::SyncStopped { node } | Fact::NodeDown { node, .. } => {
                self.sync_ends(now, node);
            }
            Fact::Backup(fact) => self.on_backup(now, fact),
            Fact::Migration(fact) => self.of_migration(now, fact),
            Fact::FaultStruck { .. }
            | Fact::FaultMissed { .. }
            | Fact::AzDown { .. }
            | Fact::AzUp { .. }
            | Fact::LagFrozen { .. }
            | Fact::NodeDetected { .. }
            | Fact::FailoverBegan { .. }
            | Fact::FailoverFailed { .. }
            | Fact::FailoverGivenUp { .. }
            | Fact::EndpointUpdated { .. }
            | Fact::ReplacementWaits { .. }
            | Fact::ReplacementStarted { .. }
            | Fact::NodeReplaced { .. }
            | Fact::ProcessBack { .. }
            | Fact::Flushed { .. }
            | Fact::Reattached { .. }
            | Fact::Recovered { .. }
            | Fact::ColdStartBegan { .. }
            | Fact::Operation(_) => {}
        }
    }
}
