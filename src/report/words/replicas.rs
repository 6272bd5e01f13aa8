//! Facts of writes that ask for replicas, in words.

use super::{Line, Words};
use crate::model::fact::ReplicasFact;
use crate::report::numbers::writes;

/// The fact in words.
pub(super) fn line(words: &Words<'_>, fact: ReplicasFact) -> Line {
    let (kind, text) = match fact {
        ReplicasFact::TooFew { shard, good, needed } => (
            "refused",
            format!(
                "the primary of {} refuses writes (NOREPLICAS): good replicas {good}, needed \
                 {needed}",
                words.shard(shard)
            ),
        ),
        ReplicasFact::Enough { shard, good, needed } => (
            "replicas",
            format!(
                "the primary of {} has enough of them: good replicas {good}, needed {needed}",
                words.shard(shard)
            ),
        ),
        ReplicasFact::Unconfirmed { writes: amount, .. } => {
            ("waiting", format!("{} writes are gone that WAIT had not confirmed", writes(amount)))
        }
        ReplicasFact::WaitFails { shard, per_sec: 0 } => {
            ("waiting", format!("WAIT is answered again in {}", words.shard(shard)))
        }
        ReplicasFact::WaitFails { shard, per_sec } => {
            let shard = words.shard(shard);
            (
                "waiting",
                format!("too few replicas for WAIT in {shard}: {per_sec} writes a second fail"),
            )
        }
    };
    Line { kind, text }
}
