//! What is measured of a trial: metrics, how outages end, how writes are lost.

use crate::engine::time::{NANOS_PER_SEC, Span};
use crate::model::fact::{Cause, Phase};
use crate::model::plan::{HASH_SLOTS, Plan};
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
    /// Acknowledged writes that are in no history any more, in whichever of the ways of
    /// [`Mechanism`], without those that went with a dataset.
    LostWrites,
    /// The same in bytes.
    LostBytes,
    /// Age in seconds of the oldest write that was lost at once in such a way, the largest.
    LossWindow,
    /// Times that a shard lost its last complete copy, or that a migration was completed by force
    /// before the target had one: lost for the application, though the source still has the data.
    DatasetLosses,
    /// Acknowledged writes that went with it.
    DatasetLostWrites,
    /// Data that went with it, with what was there at the start.
    DatasetLostBytes,
    /// Writes that nobody acknowledged: offered in an outage and taken by no node, or left to WAIT
    /// in vain.
    RejectedWrites,
    /// Those of them that a primary took, and that WAIT failed or had not confirmed when they went:
    /// they are in no outage.
    UnconfirmedWrites,
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
    /// Reads that missed while a cache that had lost its data was filled again.
    MissedReads,
    /// Seconds times the number of full syncs that serving primaries fed.
    SyncLoad,
    /// Bytes of the full syncs that serving primaries began to feed.
    SyncBytes,
    /// Seconds of backups that delayed writes, summed over groups.
    ForklessBackup,
    /// Seconds in which a shard's primary is in another AZ than at the start, weighted by slot
    /// share.
    PrimaryDisplaced,
    /// The most primaries of one group that one AZ held at any time.
    MostPrimariesInOneAz,
    /// Seconds from an accepted `StartMigration` until all shards were in sync, or until that was
    /// over, or until the end.
    MigrationSync,
    /// Times that all shards of the target were in sync, the first time after each start.
    MigrationsInSync,
    /// Completed migrations.
    MigrationsCompleted,
    /// Full syncs from the source to the target.
    MigrationFullSyncs,
    /// Those of [`Metric::LostWrites`] that the source took after the completion.
    DivergedWrites,
    /// Those of [`Metric::LostWrites`] and [`Metric::DatasetLostWrites`] that a completion or a
    /// roll-back brought back.
    RegainedWrites,
    /// Writes that a roll-back at the end would lose.
    RollBackPrice,
    /// Seconds for which the source's writes waited for the forks of full syncs, weighted by slot
    /// share.
    ForkPause,
    /// Seconds from the accepted `StartMigration` to the first write on the target after the
    /// completion, the last time that there was one; zero if there was none.
    NoReturn,
    /// Those of [`Metric::MigrationsInSync`] before which the operator had to stop clients.
    MigrationsInSyncStopped,
    /// Seconds from an accepted `StartMigration` until all shards were in sync and all nodes of the
    /// target held a complete copy, or until that was over, or until the end.
    MigrationSafe,
    /// Times that this was so, the first after each start.
    MigrationsSafe,
}

/// Number of metrics.
pub const N_METRICS: usize = Metric::ALL.len();

impl Metric {
    /// All metrics, in the order of their numbers.
    pub const ALL: [Metric; 40] = [
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
        Metric::UnconfirmedWrites,
        Metric::ReadOutage,
        Metric::ReducedRedundancy,
        Metric::SlaMinutes,
        Metric::Handovers,
        Metric::HandoverPause,
        Metric::RefusedOperations,
        Metric::MissedReads,
        Metric::SyncLoad,
        Metric::SyncBytes,
        Metric::ForklessBackup,
        Metric::PrimaryDisplaced,
        Metric::MostPrimariesInOneAz,
        Metric::MigrationSync,
        Metric::MigrationsInSync,
        Metric::MigrationsCompleted,
        Metric::MigrationFullSyncs,
        Metric::DivergedWrites,
        Metric::RegainedWrites,
        Metric::RollBackPrice,
        Metric::ForkPause,
        Metric::NoReturn,
        Metric::MigrationsInSyncStopped,
        Metric::MigrationSafe,
        Metric::MigrationsSafe,
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
            Metric::UnconfirmedWrites => "unconfirmed_writes",
            Metric::ReadOutage => "read_outage_s",
            Metric::ReducedRedundancy => "reduced_redundancy_s",
            Metric::SlaMinutes => "sla_minutes",
            Metric::Handovers => "handovers",
            Metric::HandoverPause => "handover_pause_s",
            Metric::RefusedOperations => "refused_operations",
            Metric::MissedReads => "missed_reads",
            Metric::SyncLoad => "sync_load_s",
            Metric::SyncBytes => "sync_bytes",
            Metric::ForklessBackup => "forkless_backup_s",
            Metric::PrimaryDisplaced => "primary_displaced_s",
            Metric::MostPrimariesInOneAz => "most_primaries_in_one_az",
            Metric::MigrationSync => "migration_sync_s",
            Metric::MigrationsInSync => "migrations_in_sync",
            Metric::MigrationsCompleted => "migrations_completed",
            Metric::MigrationFullSyncs => "migration_full_syncs",
            Metric::DivergedWrites => "diverged_writes",
            Metric::RegainedWrites => "regained_writes",
            Metric::RollBackPrice => "roll_back_price_writes",
            Metric::ForkPause => "fork_pause_s",
            Metric::NoReturn => "no_return_s",
            Metric::MigrationsInSyncStopped => "migrations_in_sync_stopped",
            Metric::MigrationSafe => "migration_safe_s",
            Metric::MigrationsSafe => "migrations_safe",
        }
    }

    /// What the integer of this metric is divided by to give the number in its unit.
    pub fn divisor(self, plan: &Plan) -> f64 {
        // All clients of all groups; those of a migration's source and target are the same.
        let clients = plan.n_clienteles() as f64 * f64::from(plan.n_cohorts());
        let weight = f64::from(HASH_SLOTS) * clients;
        match self {
            Metric::WriteOutage
            | Metric::ServerWriteOutage
            | Metric::ReadOutage
            | Metric::ReducedRedundancy
            | Metric::HandoverPause
            | Metric::PrimaryDisplaced
            | Metric::ForkPause => NANOS_PER_SEC as f64 * weight,
            Metric::WriteUnavailability => observed_nanos(plan) as f64 * weight,
            Metric::WriteOutageAnyShard
            | Metric::LongestWriteOutage
            | Metric::LossWindow
            | Metric::SyncLoad
            | Metric::ForklessBackup
            | Metric::MigrationSync
            | Metric::NoReturn
            | Metric::MigrationSafe => NANOS_PER_SEC as f64,
            Metric::LostWrites
            | Metric::LostBytes
            | Metric::DatasetLostWrites
            | Metric::RejectedWrites
            | Metric::UnconfirmedWrites
            | Metric::MissedReads
            | Metric::DivergedWrites
            | Metric::RegainedWrites
            | Metric::RollBackPrice => WRITE as f64,
            Metric::WriteOutages
            | Metric::Failovers
            | Metric::PrimaryRecreations
            | Metric::DatasetLosses
            | Metric::DatasetLostBytes
            | Metric::SlaMinutes
            | Metric::Handovers
            | Metric::RefusedOperations
            | Metric::SyncBytes
            | Metric::MostPrimariesInOneAz
            | Metric::MigrationsInSync
            | Metric::MigrationsCompleted
            | Metric::MigrationFullSyncs
            | Metric::MigrationsInSyncStopped
            | Metric::MigrationsSafe => 1.0,
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
    /// A process came back and read its append-only file, or a node the durable log.
    Replay,
    /// The application writes to a new group, restored from a snapshot.
    Restore,
    /// The primaries of the cluster had a majority again.
    Majority,
    /// The primary had enough good replicas again.
    Replica,
    /// The application writes to the group of another region.
    Region,
    /// A migration was completed or ended, or its clients arrived, left or were released.
    CutOver,
    /// Nothing had by the end of the trial.
    Open,
}

impl Ending {
    /// How an outage ends that would have ended by `self`, now that it waits for `phase`: a primary
    /// that is there and has no majority waits for that. A failover that took place stays one.
    pub fn waiting_for(self, phase: Phase) -> Ending {
        match (self, phase) {
            (Ending::Restart, Phase::Quorum) => Ending::Majority,
            (ending, _) => ending,
        }
    }

    /// How the outage would end from now on, its primary being lost: neither a majority nor a
    /// replica nor the clients' own doing brings that back.
    pub fn without_primary(self) -> Ending {
        match self {
            Ending::Majority | Ending::Replica | Ending::CutOver => Ending::Restart,
            kept => kept,
        }
    }

    /// All endings, in the order of their numbers.
    pub const ALL: [Ending; 12] = [
        Ending::Failover,
        Ending::Refill,
        Ending::ColdStart,
        Ending::Restart,
        Ending::Handover,
        Ending::Replay,
        Ending::Restore,
        Ending::Majority,
        Ending::Replica,
        Ending::Region,
        Ending::CutOver,
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
            Ending::Replay => "replay",
            Ending::Restore => "restore",
            Ending::Majority => "majority",
            Ending::Replica => "replica",
            Ending::Region => "region",
            Ending::CutOver => "cut-over",
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
    /// A restored group replaced the one that took them.
    Restore,
    /// The end of the append-only file had not been brought to the disk.
    AofTail,
    /// An isolated primary took them, and nobody else.
    SplitBrain,
    /// The durable log trailed.
    Log,
    /// The other region's copy trailed.
    Region,
    /// The target of a migration lacked them when it was completed.
    Migration,
    /// The source of a migration took them after it was completed.
    Diverged,
    /// The target of a migration had taken them by itself, before the source's data replaced them.
    Wiped,
    /// The target of a migration had taken them, and the application went back to the source.
    RollBack,
}

impl Mechanism {
    /// All mechanisms, in the order of their numbers.
    pub const ALL: [Mechanism; 11] = [
        Mechanism::Lag,
        Mechanism::RefillLag,
        Mechanism::Restore,
        Mechanism::AofTail,
        Mechanism::SplitBrain,
        Mechanism::Log,
        Mechanism::Region,
        Mechanism::Migration,
        Mechanism::Diverged,
        Mechanism::Wiped,
        Mechanism::RollBack,
    ];

    /// The name in results.
    pub fn name(self) -> &'static str {
        match self {
            Mechanism::Lag => "lag",
            Mechanism::RefillLag => "refill-lag",
            Mechanism::Restore => "restore",
            Mechanism::AofTail => "aof-tail",
            Mechanism::SplitBrain => "split-brain",
            Mechanism::Log => "log",
            Mechanism::Region => "region",
            Mechanism::Migration => "migration",
            Mechanism::Diverged => "diverged",
            Mechanism::Wiped => "wiped",
            Mechanism::RollBack => "roll-back",
        }
    }
}

/// An amount taken apart by the kind of fault.
pub type ByCause = [u128; Cause::ALL.len()];
