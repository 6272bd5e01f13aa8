//! What outlives memory, as the plan has it: snapshots, the append-only file, the durable log.

use crate::engine::law::Law;
use crate::engine::time::Span;
use crate::model::plan::FullSync;

/// Bytes in a GiB, the unit of per-size times.
const GIB: u128 = 1 << 30;

impl FullSync {
    /// A time that is proportional to `bytes`; nothing where it is a law whatever the size.
    pub(super) fn proportional(&self, bytes: u64) -> Option<Span> {
        match self {
            FullSync::Law(_) => None,
            FullSync::PerGib(per_gib) => {
                let nanos = u128::from(per_gib.as_nanos()) * u128::from(bytes) / GIB;
                Some(Span::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
            }
        }
    }
}

/// Snapshots: how long they take, and what is done with them.
#[derive(Clone, PartialEq, Debug)]
pub struct SnapshotPlan {
    /// What follows the loss of everything.
    pub after_dataset_loss: AfterLoss,
    /// Taking one.
    pub take: FullSync,
    /// Forking before it, where the backup forks.
    pub fork: FullSync,
    /// From the loss of everything to the decision to restore.
    pub decision: Law,
    /// The new group, from the call to nodes that answer.
    pub provision: Law,
    /// Reading the snapshot.
    pub load: FullSync,
    /// From a group that answers to the application writing to it.
    pub re_pointing: Law,
}

/// What follows the loss of everything a group holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AfterLoss {
    /// The last snapshot is restored into a new group (BK-02).
    Restore,
    /// The group starts cold, and stays it.
    StartCold,
}

/// The append-only file.
#[derive(Clone, PartialEq, Debug)]
pub struct LogPlan {
    /// When it is brought to the disk.
    pub fsync: Fsync,
    /// Reading it after a restart.
    pub replay: FullSync,
}

/// When the append-only file is brought to the disk (`appendfsync`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fsync {
    /// Once a second: a crash loses up to a second.
    EverySecond,
    /// With every write: nothing is lost.
    Always,
    /// When the kernel likes: up to half a minute is lost.
    No,
}

impl Fsync {
    /// The longest end of the log that a crash can cut off; every length up to it is as likely.
    pub fn longest_tail(self) -> Span {
        match self {
            Fsync::EverySecond => Span::from_secs(1),
            Fsync::Always => Span::ZERO,
            Fsync::No => Span::from_secs(30),
        }
    }
}

/// Whether a log in several AZs has the writes of a group (`Durability`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Durability {
    /// There is none.
    Disabled,
    /// It trails the writes.
    Async,
    /// A write is in it before it is acknowledged.
    Sync,
}

/// The log of durable groups.
#[derive(Clone, PartialEq, Debug)]
pub struct DurableLogPlan {
    /// With `async`: how far it trails, in time.
    pub lag: Law,
    /// Reading it, by a node that has nothing.
    pub restore: FullSync,
}

/// A second region, whose copy of a group a person makes the group when everything is lost.
#[derive(Clone, PartialEq, Debug)]
pub struct RegionPlan {
    /// Its name: "eu-west-1".
    pub name: String,
    /// How far its copy trails, in time.
    pub lag: Law,
    /// From the loss of everything to somebody's decision.
    pub decision: Law,
    /// From the decision to a group there that takes writes.
    pub promotion: Law,
    /// From a group that takes writes to the application writing to it.
    pub endpoint: Law,
}

/// How a backup copies a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Method {
    /// A child process writes the snapshot, and needs room for what is written meanwhile.
    Forked,
    /// Without the room: writes are delayed instead (BK-04).
    Forkless,
}

/// Whether an engine can back up without forking.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Forkless {
    /// Redis OSS 2.8.22 and later, and Valkey.
    Available,
    /// Older ones: a backup without room fails.
    Missing,
}

/// Who asked for a backup.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum BackupKind {
    /// The daily window; kept for the retention period.
    Automatic,
    /// `CreateSnapshot`; kept for ever.
    Manual,
}
