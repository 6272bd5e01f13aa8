//! [`Fact`]: something that became true, told to observers.
//!
//! Events are causes we schedule; facts are effects we tell. A fact carries what a reader needs
//! (who, how much), so that observers never look into the state, and cannot influence it.

mod backup;
mod bus;
mod cause;
mod migration;
mod operation;
mod replicas;

use crate::engine::time::{SimTime, Span};
use crate::model::plan::{AzId, NodeId, ShardId};
use crate::model::state::NanoWrites;

pub use backup::*;
pub use bus::*;
pub use cause::*;
pub use migration::*;
pub use operation::*;
pub use replicas::*;

/// Something that became true.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fact {
    /// A fault struck; what it did follows.
    FaultStruck {
        /// Its kind.
        cause: Cause,
        /// Its aim.
        target: Target,
    },
    /// A fault found nothing to strike: the node was down already, or there was no primary.
    FaultMissed {
        /// Its kind.
        cause: Cause,
        /// Its aim.
        target: Target,
    },
    /// The AZ is down; which nodes it took follows.
    AzDown {
        /// The AZ.
        az: AzId,
    },
    /// The AZ is up again.
    AzUp {
        /// The AZ.
        az: AzId,
    },
    /// A node stopped.
    NodeDown {
        /// The node.
        node: NodeId,
        /// How.
        stop: Stop,
        /// Its role.
        role: Role,
        /// Why.
        cause: Cause,
    },
    /// How far a replica trailed its primary when that was lost.
    LagFrozen {
        /// The replica.
        node: NodeId,
        /// Age of its newest write.
        lag: Span,
        /// Writes it lacks.
        behind: NanoWrites,
    },
    /// No node accepts the shard's writes any more (server side).
    PrimaryStopped {
        /// The shard.
        shard: ShardId,
    },
    /// A node accepts the shard's writes (server side).
    PrimaryServes {
        /// The shard.
        shard: ShardId,
        /// The node.
        node: NodeId,
    },
    /// Writers reach no primary: the outage begins.
    WritesStopped {
        /// The shard.
        shard: ShardId,
        /// The fault that opened the outage.
        cause: Cause,
    },
    /// Writers reach a primary: the outage ends.
    WritesResumed {
        /// The shard.
        shard: ShardId,
        /// The node they reach.
        node: NodeId,
    },
    /// What the outage waits for from now on.
    PhaseBegan {
        /// The shard.
        shard: ShardId,
        /// What for.
        phase: Phase,
    },
    /// The control plane knows that the node is gone.
    NodeDetected {
        /// The node.
        node: NodeId,
    },
    /// The control plane begins to promote a replica.
    FailoverBegan {
        /// The shard.
        shard: ShardId,
    },
    /// No replica was left to promote.
    FailoverFailed {
        /// The shard.
        shard: ShardId,
    },
    /// The failover is called off before anybody was promoted: it begins anew, or nobody needs it.
    FailoverGivenUp {
        /// The shard.
        shard: ShardId,
    },
    /// A replica became primary.
    Promoted {
        /// The shard.
        shard: ShardId,
        /// The former primary.
        from: NodeId,
        /// The new primary.
        to: NodeId,
        /// How many replicas it was chosen from.
        candidates: u8,
        /// What that cost.
        loss: Loss,
        /// Whose event log has it first.
        announced: Announced,
    },
    /// The primary's own slot serves again, filled from a replica.
    PrimaryRecreated {
        /// The shard.
        shard: ShardId,
        /// The primary.
        node: NodeId,
        /// Where its data came from.
        from: NodeId,
        /// What that cost.
        loss: Loss,
    },
    /// The primary endpoint names the node.
    EndpointUpdated {
        /// The shard.
        shard: ShardId,
        /// The node.
        node: NodeId,
    },
    /// A replacement is to be made once the AZ is up.
    ReplacementWaits {
        /// The node.
        node: NodeId,
    },
    /// A replacement is being provisioned.
    ReplacementStarted {
        /// The node.
        node: NodeId,
    },
    /// An empty node answers in the place of the lost one.
    NodeReplaced {
        /// The node.
        node: NodeId,
    },
    /// The process answers again, empty.
    ProcessBack {
        /// The node.
        node: NodeId,
    },
    /// The node flushed what it had, because it attaches to a primary with another history.
    Flushed {
        /// The node.
        node: NodeId,
    },
    /// A full sync began; the node is unreachable until it ends.
    SyncStarted {
        /// The node.
        node: NodeId,
        /// The copy it reads.
        from: NodeId,
        /// How much there is to copy.
        bytes: u64,
    },
    /// The full sync stopped, its source is gone.
    SyncStopped {
        /// The node.
        node: NodeId,
    },
    /// The node holds a complete copy and follows.
    Synced {
        /// The node.
        node: NodeId,
    },
    /// The node follows the primary without a full sync.
    Reattached {
        /// The node.
        node: NodeId,
        /// What it had to catch up.
        missing: NanoWrites,
    },
    /// The control plane is done with the node that it recovered.
    Recovered {
        /// The node.
        node: NodeId,
    },
    /// The last complete copy is gone.
    DatasetLost {
        /// The shard.
        shard: ShardId,
        /// Acknowledged writes that went with it.
        writes: NanoWrites,
        /// Data that went with it.
        bytes: u64,
        /// Of the writes those that the other side of a migration holds still.
        elsewhere: NanoWrites,
    },
    /// An empty node is being made primary.
    ColdStartBegan {
        /// The shard.
        shard: ShardId,
        /// The node.
        node: NodeId,
    },
    /// An empty node is primary.
    ColdStarted {
        /// The shard.
        shard: ShardId,
        /// The node.
        node: NodeId,
    },
    /// The primary came back empty; whoever follows it loses what it had.
    EmptyPrimary {
        /// The shard.
        shard: ShardId,
        /// The node.
        node: NodeId,
    },
    /// The numbers of complete copies and of nodes that serve reads changed.
    Copies {
        /// The shard.
        shard: ShardId,
        /// Complete copies.
        complete: u8,
        /// Copies that there are to be.
        configured: u8,
        /// Nodes that serve reads.
        readers: u8,
    },
    /// The role of primary was handed over as planned, without loss.
    HandedOver {
        /// The shard.
        shard: ShardId,
        /// The former primary.
        from: NodeId,
        /// The new primary.
        to: NodeId,
        /// How long writes waited.
        pause: Span,
        /// Whose event log has it first.
        announced: Announced,
    },
    /// Something about operations, workflows and membership.
    Operation(OperationFact),
    /// Something about snapshots, restores and the append-only file.
    Backup(BackupFact),
    /// Something that the peers of a primary, or Sentinels, found out or decided.
    Bus(BusFact),
    /// Something about nodes that run and cannot be reached.
    Isolation(IsolationFact),
    /// Something about writes that ask for replicas.
    Replicas(ReplicasFact),
    /// Something about an online migration.
    Migration(MigrationFact),
}

impl Fact {
    /// What acknowledged writes a shard loses by it, short of a dataset loss; nothing if it tells
    /// of no such loss.
    pub fn loss(&self) -> Option<(ShardId, Loss)> {
        if let Fact::Promoted { shard, loss, .. }
        | Fact::PrimaryRecreated { shard, loss, .. }
        | Fact::Isolation(IsolationFact::SplitBrain { shard, loss, .. })
        | Fact::Backup(
            BackupFact::ShardRestored { shard, loss, .. }
            | BackupFact::ShardSwitched { shard, loss, .. }
            | BackupFact::Replayed { shard, loss, .. }
            | BackupFact::ServedFromDurableLog { shard, loss, .. },
        )
        | Fact::Migration(
            MigrationFact::TargetWiped { shard, loss }
            | MigrationFact::ShardCompleted { shard, loss, .. }
            | MigrationFact::Diverged { shard, loss, .. }
            | MigrationFact::ShardRolledBack { shard, loss, .. },
        ) = *self
        {
            Some((shard, loss))
        } else {
            None
        }
    }

    /// The shard that may lose something by it: acknowledged writes, its dataset, or what a
    /// snapshot still has of that.
    pub fn loser(&self) -> Option<ShardId> {
        match *self {
            Fact::DatasetLost { shard, .. }
            | Fact::Backup(BackupFact::ArchiveLost { shard, .. }) => Some(shard),
            _ => self.loss().map(|(shard, _)| shard),
        }
    }
}

/// Listens to a trial. Observers see facts and never influence it.
pub trait Observer {
    /// `fact` became true at `now`; called in order of time.
    fn on_fact(&mut self, now: SimTime, fact: Fact);
}

impl Observer for () {
    #[inline(always)]
    fn on_fact(&mut self, _: SimTime, _: Fact) {}
}

impl<A: Observer, B: Observer> Observer for (A, B) {
    #[inline]
    fn on_fact(&mut self, now: SimTime, fact: Fact) {
        self.0.on_fact(now, fact);
        self.1.on_fact(now, fact);
    }
}

impl<O: Observer> Observer for &mut O {
    #[inline]
    fn on_fact(&mut self, now: SimTime, fact: Fact) {
        (**self).on_fact(now, fact);
    }
}
