//! Facts of writes that ask for replicas.

use crate::model::plan::ShardId;

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
}
