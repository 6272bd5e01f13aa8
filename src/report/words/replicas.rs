//! Facts of writes that ask for replicas, in words.

use super::{Line, Words};
use crate::model::fact::ReplicasFact;

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
    };
    Line { kind, text }
}
