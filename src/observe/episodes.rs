//! [`Episodes`] gathers what happened to the shards of a trial one by one: each outage and each
//! failover, with its parts; and which calls were refused.
//!
//! Lengths are the observed ones, from the end of the warm-up to the horizon; what has none of it
//! observed is left out. An outage here is of one shard; [`Metric::WriteOutages`] counts intervals
//! in which any shard is out.
//!
//! [`Metric::WriteOutages`]: crate::observe::metrics::Metric::WriteOutages

use std::collections::BTreeMap;

use crate::engine::time::{SimTime, Span};
use crate::model::api::{Call, Refusal};
use crate::model::fact::{
    BackupFact, Cause, Fact, Hindrance, IsolationFact, LinkLoss, Loss, MigrationFact, Observer,
    OperationFact, Phase, ReplicasFact, Role,
};
use crate::model::plan::{NodeId, Obstacle, Plan, ShardId};
use crate::model::state::NanoWrites;
use crate::observe::clientele::Clientele;
use crate::observe::metrics::Ending;

/// An interval in which writers of a shard reached no primary.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outage {
    /// The shard.
    pub shard: ShardId,
    /// The fault that opened it.
    pub cause: Cause,
    /// What ended it.
    pub ending: Ending,
    /// Where its observed part begins.
    pub start: SimTime,
    /// Where its observed part ends.
    pub end: SimTime,
    /// Nanoseconds by what it waited for; they sum to its length.
    pub by_phase: [u64; Phase::ALL.len()],
    /// Promotions in it.
    pub failovers: u32,
    /// Acknowledged writes lost in it, short of a dataset loss.
    pub lost_writes: NanoWrites,
    /// Age of the oldest of the writes that one promotion or refill in it lost, the largest.
    pub loss_window: Span,
    /// Whether the dataset was lost in it.
    pub dataset: DatasetFate,
}

impl Outage {
    /// How long it was.
    pub fn length(&self) -> Span {
        self.end.since(self.start)
    }
}

/// What became of a shard's data in an outage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DatasetFate {
    /// A complete copy was left.
    Held,
    /// None was.
    Lost,
}

/// A completed promotion, from the loss of the old primary until writers reach the new one, or
/// until that is lost in its turn, or until the horizon.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Failover {
    /// The shard.
    pub shard: ShardId,
    /// The fault that opened the outage.
    pub cause: Cause,
    /// When the old primary was lost, or the warm-up ended if that was later.
    pub start: SimTime,
    /// When the replica became primary.
    pub promoted: SimTime,
    /// When it was over.
    pub end: SimTime,
    /// What the promotion lost.
    pub loss: Loss,
}

impl Failover {
    /// How long it took.
    pub fn length(&self) -> Span {
        self.end.since(self.start)
    }
}

/// Something that stood in the way of a migration.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Trouble {
    /// The target could not become a replica of the source.
    Attempt(Obstacle),
    /// A link was lost.
    Link(LinkLoss),
    /// The migration could not be completed.
    Completion(Hindrance),
}

impl Trouble {
    /// All of them, in the order of their numbers.
    pub const ALL: [Trouble; 19] = [
        Trouble::Attempt(Obstacle::WrongAddress),
        Trouble::Attempt(Obstacle::BlockedNetwork),
        Trouble::Attempt(Obstacle::Auth),
        Trouble::Attempt(Obstacle::ProtectedMode),
        Trouble::Attempt(Obstacle::RenamedCommand),
        Trouble::Attempt(Obstacle::SourceTooOld),
        Trouble::Attempt(Obstacle::UnequalPorts),
        Trouble::Attempt(Obstacle::SourceDown),
        Trouble::Attempt(Obstacle::TargetDown),
        Trouble::Attempt(Obstacle::TargetTooSmall),
        Trouble::Link(LinkLoss::Network),
        Trouble::Link(LinkLoss::Source),
        Trouble::Link(LinkLoss::Target),
        Trouble::Link(LinkLoss::OutputBuffer),
        Trouble::Link(LinkLoss::OutOfMemory),
        Trouble::Link(LinkLoss::TargetTooSmall),
        Trouble::Completion(Hindrance::NotInSync),
        Trouble::Completion(Hindrance::NodeIsReplaced),
        Trouble::Completion(Hindrance::NoPrimary),
    ];

    /// Its place among all.
    pub fn number(self) -> u8 {
        let number = match self {
            Trouble::Attempt(why) => why as usize,
            Trouble::Link(why) => 10 + why as usize,
            Trouble::Completion(why) => 16 + why as usize,
        };
        number as u8
    }

    /// What a fact of a migration tells of one.
    fn of(fact: MigrationFact) -> Option<Trouble> {
        match fact {
            MigrationFact::AttemptFailed { obstacle, .. } => Some(Trouble::Attempt(obstacle)),
            MigrationFact::LinkLost { why, .. } => Some(Trouble::Link(why)),
            MigrationFact::NotCompleted { why, .. } => Some(Trouble::Completion(why)),
            _ => None,
        }
    }
}

/// What is under way in a shard.
#[derive(Clone, Copy, Debug, Default)]
struct Current {
    outage: Option<Outage>,
    cause: Option<Cause>,
    phase: Option<(Phase, SimTime)>,
    primary_lost: Option<SimTime>,
    failover: Option<Failover>,
}

/// Gathers the outages and failovers of one trial, in the order in which they end.
#[derive(Clone, Debug)]
pub struct Episodes {
    warm_up: SimTime,
    horizon: SimTime,
    shards: Vec<Current>,
    /// By node: its shard.
    nodes: Vec<ShardId>,
    clientele: Clientele,
    /// The outages that are over.
    pub outages: Vec<Outage>,
    /// The failovers that are over.
    pub failovers: Vec<Failover>,
    /// The calls that were refused after the warm-up, and why.
    pub refusals: Vec<(Call, Refusal)>,
    /// How often an external replica made a promotion fail after the warm-up (MZ-65).
    pub hindered: u32,
    /// How often what stood in the way of a migration after the warm-up.
    pub troubles: BTreeMap<Trouble, u32>,
}

impl Episodes {
    /// For one trial of `plan`.
    pub fn new(plan: &Plan) -> Self {
        Episodes {
            warm_up: plan.warm_up,
            horizon: plan.horizon,
            shards: vec![Current::default(); plan.shards.len()],
            nodes: plan.nodes.iter().map(|node| node.shard).collect(),
            clientele: Clientele::new(plan),
            outages: Vec::new(),
            failovers: Vec::new(),
            refusals: Vec::new(),
            hindered: 0,
            troubles: BTreeMap::new(),
        }
    }

    /// Forgets everything, keeping the memory.
    pub fn restart(&mut self) {
        self.shards.fill(Current::default());
        self.clientele.restart();
        self.outages.clear();
        self.failovers.clear();
        self.refusals.clear();
        self.hindered = 0;
        self.troubles.clear();
    }

    /// Closes at `end` what is still under way.
    pub fn finish(&mut self, end: SimTime) {
        for shard in 0..self.shards.len() as u16 {
            let shard = ShardId(shard);
            if let Some(outage) = &mut self.current(shard).outage {
                outage.ending = Ending::Open;
            }
            self.outage_ends(end, shard);
            self.failover_ends(end, shard);
        }
    }

    fn current(&mut self, shard: ShardId) -> &mut Current {
        &mut self.shards[shard.idx()]
    }

    /// The nearest observed instant.
    fn observed(&self, at: SimTime) -> SimTime {
        at.max(self.warm_up).min(self.horizon)
    }

    fn outage_begins(&mut self, now: SimTime, shard: ShardId, cause: Cause) {
        let start = self.observed(now);
        let current = self.current(shard);
        current.cause = Some(cause);
        current.phase = None;
        current.outage = Some(Outage {
            shard,
            cause,
            ending: Ending::Restart,
            start,
            end: start,
            by_phase: [0; Phase::ALL.len()],
            failovers: 0,
            lost_writes: 0,
            loss_window: Span::ZERO,
            dataset: DatasetFate::Held,
        });
    }

    /// A primary that nobody writes to is lost: its failover goes back to that, without an outage.
    fn idle_primary_lost(&mut self, node: NodeId, cause: Cause) {
        let shard = self.nodes[node.idx()];
        if self.clientele.of(shard).cohorts == 0 {
            self.current(shard).cause = Some(cause);
        }
    }

    fn phase_ends(&mut self, now: SimTime, shard: ShardId) {
        let Some((phase, since)) = self.current(shard).phase.take() else { return };
        let length = self.observed(now).since(self.observed(since)).as_nanos();
        if let Some(outage) = &mut self.current(shard).outage {
            outage.by_phase[phase as usize] += length;
        }
    }

    fn outage_ends(&mut self, now: SimTime, shard: ShardId) {
        self.phase_ends(now, shard);
        let end = self.observed(now);
        let Some(mut outage) = self.current(shard).outage.take() else { return };
        outage.end = end;
        if outage.start < outage.end {
            self.outages.push(outage);
        }
    }

    fn failover_ends(&mut self, now: SimTime, shard: ShardId) {
        let end = self.observed(now);
        let Some(mut failover) = self.current(shard).failover.take() else { return };
        failover.end = end;
        if failover.promoted >= self.warm_up {
            self.failovers.push(failover);
        }
    }

    fn promoted(&mut self, now: SimTime, shard: ShardId, loss: Loss) {
        self.failover_ends(now, shard);
        let lost = self.current(shard).primary_lost.unwrap_or(now);
        let start = self.observed(lost);
        let current = self.current(shard);
        let cause = current.cause.expect("a primary is followed after a fault");
        current.failover = Some(Failover { shard, cause, start, promoted: now, end: now, loss });
        if let Some(outage) = &mut current.outage {
            outage.failovers += 1;
            outage.ending = Ending::Failover;
        }
        self.lost(now, shard, loss);
    }

    fn lost(&mut self, now: SimTime, shard: ShardId, loss: Loss) {
        let counts = self.warm_up <= now && self.clientele.is_missed(shard);
        if let Some(outage) = self.current(shard).outage.as_mut().filter(|_| counts) {
            outage.lost_writes += loss.writes;
            outage.loss_window = outage.loss_window.max(loss.window);
        }
    }

    fn on_backup(&mut self, now: SimTime, fact: BackupFact) {
        match fact {
            BackupFact::ShardRestored { shard, loss, .. } => {
                self.lost(now, shard, loss);
                self.would_end_by(shard, Ending::Restore);
            }
            BackupFact::ShardSwitched { shard, loss, .. } => {
                self.lost(now, shard, loss);
                self.would_end_by(shard, Ending::Region);
            }
            BackupFact::Replayed { shard, loss, .. }
            | BackupFact::ServedFromDurableLog { shard, loss, .. } => {
                self.lost(now, shard, loss);
                self.would_end_by(shard, Ending::Replay);
            }
            BackupFact::Began { .. }
            | BackupFact::Copies { .. }
            | BackupFact::Completed { .. }
            | BackupFact::Failed { .. }
            | BackupFact::RestoreBegan { .. }
            | BackupFact::RestoreWaits { .. }
            | BackupFact::RestoreStep { .. }
            | BackupFact::Restored { .. }
            | BackupFact::NodeRestored { .. }
            | BackupFact::SwitchBegan { .. }
            | BackupFact::Switched { .. }
            | BackupFact::ArchiveLost { .. }
            | BackupFact::LogKept { .. }
            | BackupFact::ReplayBegan { .. }
            | BackupFact::DurableLogEnds { .. }
            | BackupFact::OnlyInDurableLog { .. }
            | BackupFact::DurableLogRead { .. } => {}
        }
    }

    fn of_migration(&mut self, now: SimTime, fact: MigrationFact) {
        if let Some(trouble) = Trouble::of(fact).filter(|_| self.warm_up <= now) {
            *self.troubles.entry(trouble).or_default() += 1;
        }
        self.clientele.on_fact(fact);
        for shard in self.clientele.freed_by(fact) {
            self.would_end_by(shard, Ending::CutOver);
        }
        if let MigrationFact::TargetWiped { shard, loss }
        | MigrationFact::ShardCompleted { shard, loss, .. }
        | MigrationFact::ShardRolledBack { shard, loss, .. } = fact
        {
            self.lost(now, shard, loss);
        }
    }

    fn would_end_by(&mut self, shard: ShardId, ending: Ending) {
        self.outage_changes(shard, |_| ending);
    }

    fn outage_changes(&mut self, shard: ShardId, ending: impl FnOnce(Ending) -> Ending) {
        if let Some(outage) = &mut self.current(shard).outage {
            outage.ending = ending(outage.ending);
        }
    }
}

impl Observer for Episodes {
    fn on_fact(&mut self, now: SimTime, fact: Fact) {
        match fact {
            Fact::WritesStopped { shard, cause } => self.outage_begins(now, shard, cause),
            Fact::WritesResumed { shard, .. } => self.outage_ends(now, shard),
            Fact::PhaseBegan { shard, phase } => {
                self.phase_ends(now, shard);
                self.current(shard).phase = Some((phase, now));
                self.outage_changes(shard, |ending| ending.waiting_for(phase));
            }
            Fact::PrimaryStopped { shard } => {
                self.failover_ends(now, shard);
                self.current(shard).primary_lost = Some(now);
                self.outage_changes(shard, Ending::without_primary);
            }
            Fact::NodeDown { node, role: Role::Primary, cause, .. } => {
                self.idle_primary_lost(node, cause);
            }
            Fact::Isolation(IsolationFact::Began { node, role: Role::Primary }) => {
                self.idle_primary_lost(node, Cause::Isolation);
            }
            Fact::Promoted { shard, loss, .. } => self.promoted(now, shard, loss),
            Fact::PrimaryRecreated { shard, loss, .. } => {
                self.lost(now, shard, loss);
                self.would_end_by(shard, Ending::Refill);
            }
            Fact::EndpointUpdated { shard, .. } => self.failover_ends(now, shard),
            Fact::HandedOver { shard, .. } => self.would_end_by(shard, Ending::Handover),
            Fact::ColdStarted { shard, .. } => self.would_end_by(shard, Ending::ColdStart),
            Fact::EmptyPrimary { shard, .. } => self.would_end_by(shard, Ending::Restart),
            Fact::DatasetLost { shard, .. } => {
                let counts = self.warm_up <= now && self.clientele.is_dataset_missed(shard);
                if let Some(outage) = self.current(shard).outage.as_mut().filter(|_| counts) {
                    outage.dataset = DatasetFate::Lost;
                }
            }
            Fact::Operation(OperationFact::Refused { call, refusal, .. })
                if self.warm_up <= now =>
            {
                self.refusals.push((call, refusal));
            }
            Fact::Operation(OperationFact::FailoverHindered { .. }) if self.warm_up <= now => {
                self.hindered += 1;
            }
            Fact::FaultStruck { .. }
            | Fact::FaultMissed { .. }
            | Fact::AzDown { .. }
            | Fact::AzUp { .. }
            | Fact::NodeDown { .. }
            | Fact::LagFrozen { .. }
            | Fact::PrimaryServes { .. }
            | Fact::NodeDetected { .. }
            | Fact::FailoverBegan { .. }
            | Fact::FailoverFailed { .. }
            | Fact::FailoverGivenUp { .. }
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
            | Fact::Copies { .. }
            | Fact::Operation(_)
            | Fact::Bus(_)
            | Fact::Isolation(_)
            | Fact::Replicas(
                ReplicasFact::TooFew { .. }
                | ReplicasFact::Unconfirmed { .. }
                | ReplicasFact::WaitFails { .. },
            ) => {}
            Fact::Replicas(ReplicasFact::Enough { shard, .. }) => {
                let phase = self.current(shard).phase;
                if phase.is_some_and(|(phase, _)| phase == Phase::Replicas) {
                    self.would_end_by(shard, Ending::Replica);
                }
            }
            Fact::Backup(fact) => self.on_backup(now, fact),
            Fact::Migration(fact) => self.of_migration(now, fact),
        }
    }
}
