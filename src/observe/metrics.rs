//! [`Metrics`] folds the facts of a trial into an [`Outcome`]: integers, exact, one per metric.
//!
//! Intervals are clipped to the observed time, from the end of the warm-up to the horizon; what
//! happens at an instant counts if that instant is observed. Times that concern a shard are
//! weighted by its share of hash slots, kept as nanoseconds × slots.

use crate::engine::time::{NANOS_PER_SEC, SimTime, Span};
use crate::model::fact::{Cause, Fact, Loss, Observer, OperationFact, Phase};
use crate::model::plan::{HASH_SLOTS, Plan, ShardId};
use crate::model::state::WRITE;

/// A number that a trial yields; names and units are those of the results.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Metric {
    /// Seconds until writers reach a primary again, weighted by slot share.
    WriteOutage,
    /// The same, ending at promotion: without the endpoint.
    ServerWriteOutage,
    /// Seconds in which at least one shard accepted no write.
    WriteOutageAnyShard,
    /// Number of such intervals.
    WriteOutages,
    /// Length of the longest of them in seconds.
    LongestWriteOutage,
    /// Share of the observed time in which writers reached no primary.
    WriteUnavailability,
    /// Completed promotions.
    Failovers,
    /// Times that a primary's own slot was recreated and filled from a replica.
    PrimaryRecreations,
    /// Acknowledged writes absent after a promotion or a refill.
    LostWrites,
    /// The same in bytes.
    LostBytes,
    /// Age in seconds of the oldest write of the largest such loss window.
    LossWindow,
    /// Times that a shard lost its last complete copy.
    DatasetLosses,
    /// Acknowledged writes that went with it.
    DatasetLostWrites,
    /// Data that went with it, with what was there at the start.
    DatasetLostBytes,
    /// Writes offered during an outage.
    RejectedWrites,
    /// Seconds in which no node served reads, weighted by slot share.
    ReadOutage,
    /// Seconds with fewer complete copies than configured, weighted by slot share.
    ReducedRedundancy,
    /// Whole clock minutes in which all shards accepted no write.
    SlaMinutes,
    /// Planned hand-overs of the role of primary.
    Handovers,
    /// Seconds for which writes waited in them, none refused, weighted by slot share.
    HandoverPause,
    /// Calls of the API that were refused.
    RefusedOperations,
}

/// Number of metrics.
pub const N_METRICS: usize = Metric::ALL.len();

impl Metric {
    /// All metrics, in the order of their numbers.
    pub const ALL: [Metric; 21] = [
        Metric::WriteOutage,
        Metric::ServerWriteOutage,
        Metric::WriteOutageAnyShard,
        Metric::WriteOutages,
        Metric::LongestWriteOutage,
        Metric::WriteUnavailability,
        Metric::Failovers,
        Metric::PrimaryRecreations,
        Metric::LostWrites,
        Metric::LostBytes,
        Metric::LossWindow,
        Metric::DatasetLosses,
        Metric::DatasetLostWrites,
        Metric::DatasetLostBytes,
        Metric::RejectedWrites,
        Metric::ReadOutage,
        Metric::ReducedRedundancy,
        Metric::SlaMinutes,
        Metric::Handovers,
        Metric::HandoverPause,
        Metric::RefusedOperations,
    ];

    /// The name in results, unit last.
    pub fn name(self) -> &'static str {
        match self {
            Metric::WriteOutage => "write_outage_s",
            Metric::ServerWriteOutage => "server_write_outage_s",
            Metric::WriteOutageAnyShard => "write_outage_any_shard_s",
            Metric::WriteOutages => "write_outages",
            Metric::LongestWriteOutage => "longest_write_outage_s",
            Metric::WriteUnavailability => "write_unavailability",
            Metric::Failovers => "failovers",
            Metric::PrimaryRecreations => "primary_recreations",
            Metric::LostWrites => "lost_writes",
            Metric::LostBytes => "lost_bytes",
            Metric::LossWindow => "loss_window_s",
            Metric::DatasetLosses => "dataset_losses",
            Metric::DatasetLostWrites => "dataset_lost_writes",
            Metric::DatasetLostBytes => "dataset_lost_bytes",
            Metric::RejectedWrites => "rejected_writes",
            Metric::ReadOutage => "read_outage_s",
            Metric::ReducedRedundancy => "reduced_redundancy_s",
            Metric::SlaMinutes => "sla_minutes",
            Metric::Handovers => "handovers",
            Metric::HandoverPause => "handover_pause_s",
            Metric::RefusedOperations => "refused_operations",
        }
    }

    /// What the integer of this metric is divided by to give the number in its unit.
    pub fn divisor(self, plan: &Plan) -> f64 {
        let weight = f64::from(HASH_SLOTS) * plan.groups.len() as f64;
        match self {
            Metric::WriteOutage
            | Metric::ServerWriteOutage
            | Metric::ReadOutage
            | Metric::ReducedRedundancy
            | Metric::HandoverPause => NANOS_PER_SEC as f64 * weight,
            Metric::WriteUnavailability => observed_nanos(plan) as f64 * weight,
            Metric::WriteOutageAnyShard | Metric::LongestWriteOutage | Metric::LossWindow => {
                NANOS_PER_SEC as f64
            }
            Metric::LostWrites
            | Metric::LostBytes
            | Metric::DatasetLostWrites
            | Metric::RejectedWrites => WRITE as f64,
            Metric::WriteOutages
            | Metric::Failovers
            | Metric::PrimaryRecreations
            | Metric::DatasetLosses
            | Metric::DatasetLostBytes
            | Metric::SlaMinutes
            | Metric::Handovers
            | Metric::RefusedOperations => 1.0,
        }
    }
}

/// The time of a trial in which something is counted.
pub fn observed(plan: &Plan) -> Span {
    plan.horizon.since(plan.warm_up)
}

fn observed_nanos(plan: &Plan) -> u64 {
    // At least one, for a replay may end with the warm-up.
    observed(plan).as_nanos().max(1)
}

/// How an outage ended: the mechanism that brought writers back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Ending {
    /// A replica was promoted.
    Failover,
    /// The primary's own slot was recreated and filled from a replica.
    Refill,
    /// An empty node was made primary.
    ColdStart,
    /// The primary's process came back.
    Restart,
    /// DNS named the node that the role was handed over to.
    Handover,
    /// Nothing had by the end of the trial.
    Open,
}

impl Ending {
    /// All endings, in the order of their numbers.
    pub const ALL: [Ending; 6] = [
        Ending::Failover,
        Ending::Refill,
        Ending::ColdStart,
        Ending::Restart,
        Ending::Handover,
        Ending::Open,
    ];

    /// The name in results.
    pub fn name(self) -> &'static str {
        match self {
            Ending::Failover => "failover",
            Ending::Refill => "refill",
            Ending::ColdStart => "cold-start",
            Ending::Restart => "restart",
            Ending::Handover => "handover",
            Ending::Open => "open",
        }
    }
}

/// How acknowledged writes came to be in no history, short of a dataset loss.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Mechanism {
    /// The promoted replica trailed.
    Lag,
    /// The replica trailed from which the primary's slot was filled.
    RefillLag,
}

impl Mechanism {
    /// All mechanisms, in the order of their numbers.
    pub const ALL: [Mechanism; 2] = [Mechanism::Lag, Mechanism::RefillLag];

    /// The name in results.
    pub fn name(self) -> &'static str {
        match self {
            Mechanism::Lag => "lag",
            Mechanism::RefillLag => "refill-lag",
        }
    }
}

/// An amount taken apart by the kind of fault.
pub type ByCause = [u128; Cause::ALL.len()];

/// What a trial came to: one integer per metric, and the great ones taken apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// By metric, in the unit that [`Metric::divisor`] explains.
    pub values: [u128; N_METRICS],
    /// [`Metric::WriteOutage`] by the fault that opened it; sums exactly.
    pub by_cause: ByCause,
    /// [`Metric::WriteOutage`] by what it waited for; sums exactly.
    pub by_phase: [u128; Phase::ALL.len()],
    /// [`Metric::WriteOutage`] by how it ended; sums exactly.
    pub by_ending: [u128; Ending::ALL.len()],
    /// [`Metric::LostWrites`] by the fault that opened the outage in which they were lost; sums
    /// exactly.
    pub lost_by_cause: ByCause,
    /// [`Metric::LostWrites`] by how they were lost; sums exactly.
    pub lost_by_mechanism: [u128; Mechanism::ALL.len()],
    /// [`Metric::DatasetLostWrites`] by the fault that opened the outage in which they were lost;
    /// sums exactly.
    pub dataset_lost_by_cause: ByCause,
    /// When writes were lost first, short of a dataset loss.
    pub first_write_loss: Option<SimTime>,
    /// When a dataset was lost first.
    pub first_dataset_loss: Option<SimTime>,
}

impl Outcome {
    /// Nothing happened.
    pub const ZERO: Outcome = Outcome {
        values: [0; N_METRICS],
        by_cause: [0; Cause::ALL.len()],
        by_phase: [0; Phase::ALL.len()],
        by_ending: [0; Ending::ALL.len()],
        lost_by_cause: [0; Cause::ALL.len()],
        lost_by_mechanism: [0; Mechanism::ALL.len()],
        dataset_lost_by_cause: [0; Cause::ALL.len()],
        first_write_loss: None,
        first_dataset_loss: None,
    };

    /// The exact integer of a metric.
    pub fn raw(&self, metric: Metric) -> u128 {
        self.values[metric as usize]
    }

    /// A metric in its unit.
    pub fn get(&self, metric: Metric, plan: &Plan) -> f64 {
        self.raw(metric) as f64 / metric.divisor(plan)
    }
}

/// What is open in a shard.
#[derive(Clone, Copy, Debug)]
struct Open {
    writes_since: Option<SimTime>,
    /// Of the outage that is open, or else of the last one.
    cause: Cause,
    /// How the outage would end if it ended now.
    ending: Ending,
    phase: Option<(Phase, SimTime)>,
    server_since: Option<SimTime>,
    reads_since: Option<SimTime>,
    reduced_since: Option<SimTime>,
}

impl Open {
    const NOTHING: Open = Open {
        writes_since: None,
        cause: Cause::Node,
        ending: Ending::Restart,
        phase: None,
        server_since: None,
        reads_since: None,
        reduced_since: None,
    };
}

/// Folds facts into an [`Outcome`].
#[derive(Clone, Debug)]
pub struct Metrics<'p> {
    plan: &'p Plan,
    shards: Vec<Open>,
    n_down: usize,
    any_since: SimTime,
    all_since: SimTime,
    outcome: Outcome,
}

impl<'p> Metrics<'p> {
    /// For one trial of `plan`.
    pub fn new(plan: &'p Plan) -> Self {
        Metrics {
            plan,
            shards: vec![Open::NOTHING; plan.shards.len()],
            n_down: 0,
            any_since: SimTime::START,
            all_since: SimTime::START,
            outcome: Outcome::ZERO,
        }
    }

    /// Forgets everything but the plan, keeping the memory.
    pub fn restart(&mut self) {
        self.shards.fill(Open::NOTHING);
        self.n_down = 0;
        self.outcome = Outcome::ZERO;
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
            if let Some(since) = open.reads_since {
                self.add_weighted(Metric::ReadOutage, shard, since, end);
            }
            if let Some(since) = open.reduced_since {
                self.add_weighted(Metric::ReducedRedundancy, shard, since, end);
            }
        }
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

    fn weighted(&self, shard: ShardId, from: SimTime, to: SimTime) -> u128 {
        let slots = self.plan.shards[shard.idx()].hash_slots;
        u128::from(self.observed(from, to)) * u128::from(slots)
    }

    fn add_weighted(&mut self, metric: Metric, shard: ShardId, from: SimTime, to: SimTime) {
        self.outcome.values[metric as usize] += self.weighted(shard, from, to);
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
        let open = &mut self.shards[shard.idx()];
        open.writes_since = Some(now);
        open.cause = cause;
        open.ending = Ending::Restart;
        self.n_down += 1;
        if self.n_down == 1 {
            self.any_since = now;
        }
        if self.n_down == self.shards.len() {
            self.all_since = now;
        }
    }

    fn writes_resume(&mut self, now: SimTime, shard: ShardId) {
        self.phase_ends(now, shard);
        let open = &mut self.shards[shard.idx()];
        let since = open.writes_since.take().expect("an outage that ends has begun");
        let (cause, ending) = (open.cause, open.ending);
        let outage = self.weighted(shard, since, now);
        self.outcome.values[Metric::WriteOutage as usize] += outage;
        self.outcome.values[Metric::WriteUnavailability as usize] += outage;
        self.outcome.by_cause[cause as usize] += outage;
        self.outcome.by_ending[ending as usize] += outage;
        let rate = u128::from(self.plan.shards[shard.idx()].writes_per_sec);
        let rejected = rate * u128::from(self.observed(since, now));
        self.outcome.values[Metric::RejectedWrites as usize] += rejected;
        if self.n_down == self.shards.len() {
            self.all_down_ends(now);
        }
        self.n_down -= 1;
        if self.n_down == 0 {
            let length = self.observed(self.any_since, now);
            self.outcome.values[Metric::WriteOutageAnyShard as usize] += u128::from(length);
            self.outcome.values[Metric::WriteOutages as usize] += u128::from(length > 0);
            self.largest(Metric::LongestWriteOutage, u128::from(length));
        }
    }

    /// Counts the whole clock minutes between the start of the common outage and now.
    fn all_down_ends(&mut self, now: SimTime) {
        const MINUTE: u64 = 60 * NANOS_PER_SEC;
        let from = self.all_since.max(self.plan.warm_up).as_nanos();
        let to = now.min(self.plan.horizon).as_nanos();
        let whole = (to / MINUTE).saturating_sub(from.div_ceil(MINUTE));
        self.outcome.values[Metric::SlaMinutes as usize] += u128::from(whole);
    }

    fn phase_ends(&mut self, now: SimTime, shard: ShardId) {
        if let Some((phase, since)) = self.shards[shard.idx()].phase.take() {
            self.outcome.by_phase[phase as usize] += self.weighted(shard, since, now);
        }
    }

    fn lost(&mut self, now: SimTime, shard: ShardId, mechanism: Mechanism, loss: Loss) {
        if !self.is_observed(now) {
            return;
        }
        let bytes = loss.writes * u128::from(self.plan.workload.write_bytes);
        let cause = self.shards[shard.idx()].cause;
        self.count(Metric::LostWrites, now, loss.writes);
        self.count(Metric::LostBytes, now, bytes);
        self.largest(Metric::LossWindow, u128::from(loss.window.as_nanos()));
        self.outcome.lost_by_cause[cause as usize] += loss.writes;
        self.outcome.lost_by_mechanism[mechanism as usize] += loss.writes;
        if loss.writes > 0 {
            self.outcome.first_write_loss.get_or_insert(now);
        }
    }

    fn dataset_lost(&mut self, now: SimTime, shard: ShardId, writes: u128) {
        if !self.is_observed(now) {
            return;
        }
        let cause = self.shards[shard.idx()].cause;
        self.count(Metric::DatasetLosses, now, 1);
        self.count(Metric::DatasetLostWrites, now, writes);
        self.outcome.dataset_lost_by_cause[cause as usize] += writes;
        self.outcome.first_dataset_loss.get_or_insert(now);
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
        match fact {
            Fact::WritesStopped { shard, cause } => self.writes_stop(now, shard, cause),
            Fact::WritesResumed { shard, .. } => self.writes_resume(now, shard),
            Fact::PhaseBegan { shard, phase } => {
                self.phase_ends(now, shard);
                self.shards[shard.idx()].phase = Some((phase, now));
            }
            Fact::PrimaryStopped { shard } => {
                self.shards[shard.idx()].server_since = Some(now);
            }
            Fact::PrimaryServes { shard, .. } => {
                if let Some(since) = self.shards[shard.idx()].server_since.take() {
                    self.add_weighted(Metric::ServerWriteOutage, shard, since, now);
                }
            }
            Fact::Promoted { shard, loss, .. } => {
                self.count(Metric::Failovers, now, 1);
                self.lost(now, shard, Mechanism::Lag, loss);
                self.would_end_by(shard, Ending::Failover);
            }
            Fact::PrimaryRecreated { shard, loss, .. } => {
                self.count(Metric::PrimaryRecreations, now, 1);
                self.lost(now, shard, Mechanism::RefillLag, loss);
                self.would_end_by(shard, Ending::Refill);
            }
            Fact::HandedOver { shard, pause, .. } => {
                self.count(Metric::Handovers, now, 1);
                self.add_weighted(Metric::HandoverPause, shard, now, now + pause);
                self.would_end_by(shard, Ending::Handover);
            }
            Fact::Operation(OperationFact::Refused { .. }) => {
                self.count(Metric::RefusedOperations, now, 1);
            }
            Fact::ColdStarted { shard, .. } => self.would_end_by(shard, Ending::ColdStart),
            Fact::EmptyPrimary { shard, .. } => self.would_end_by(shard, Ending::Restart),
            Fact::DatasetLost { shard, writes, bytes } => {
                self.dataset_lost(now, shard, writes);
                self.count(Metric::DatasetLostBytes, now, u128::from(bytes));
            }
            Fact::Copies { shard, complete, configured, readers } => {
                self.copies(now, shard, (complete, configured), readers);
            }
            Fact::FaultStruck { .. }
            | Fact::FaultMissed { .. }
            | Fact::AzDown { .. }
            | Fact::AzUp { .. }
            | Fact::NodeDown { .. }
            | Fact::LagFrozen { .. }
            | Fact::NodeDetected { .. }
            | Fact::FailoverBegan { .. }
            | Fact::FailoverFailed { .. }
            | Fact::EndpointUpdated { .. }
            | Fact::ReplacementWaits { .. }
            | Fact::ReplacementStarted { .. }
            | Fact::NodeReplaced { .. }
            | Fact::ProcessBack { .. }
            | Fact::Flushed { .. }
            | Fact::SyncStarted { .. }
            | Fact::SyncStopped { .. }
            | Fact::Synced { .. }
            | Fact::Reattached { .. }
            | Fact::Recovered { .. }
            | Fact::ColdStartBegan { .. }
            | Fact::Operation(_) => {}
        }
    }
}
