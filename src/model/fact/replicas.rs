//! Facts of writes that ask for replicas.

use crate::model::plan::ShardId;
use crate::model::state::NanoWrites;

/// Something about writes that ask for replicas became true.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReplicasFact {
    /// The primary has too few good replicas, and refuses writes (NOREPLICAS).
    TooFew {
        /// The shard.
        shard: ShardId,
        /// How many it has.
        good: u8,
        /// How many it needs.
        needed: u8,
    },
    /// The primary has enough good replicas again.
    Enough {
        /// The shard.
        shard: ShardId,
        /// How many it has.
        good: u8,
        /// How many it needs.
        needed: u8,
    },
    /// Writes that WAIT had not confirmed are gone with their primary: nobody was told that they
    /// were done.
    Unconfirmed {
        /// The shard.
        shard: ShardId,
        /// How many.
        writes: NanoWrites,
    },
    /// So many writes a second wait in vain from now on, and count as failed.
    WaitFails {
        /// The shard.
        shard: ShardId,
        /// Writes per second; none where enough replicas follow.
        per_sec: u64,
    },
}
