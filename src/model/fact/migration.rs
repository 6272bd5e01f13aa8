//! Facts of online migrations.

use crate::engine::time::Span;
use crate::model::fact::Loss;
use crate::model::plan::{Force, GroupId, NodeId, Obstacle, ShardId};
use crate::model::state::{NanoWrites, Side};

/// Something about an online migration became true. Shards are those of the target, unless it says
/// otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MigrationFact {
    /// The target is prepared, as far as the API can see: a call to test or start was accepted.
    Prepared {
        /// The target.
        group: GroupId,
    },
    /// The result of `TestMigration`.
    Tested {
        /// The target.
        group: GroupId,
        /// What stands in the way first; nothing if the target could follow.
        obstacle: Option<Obstacle>,
    },
    /// The target is resharded to the slots of the source.
    ReshardBegan {
        /// The target.
        group: GroupId,
        /// How many slots move.
        slots: u32,
    },
    /// The target could not become a replica of the source.
    AttemptFailed {
        /// The target.
        group: GroupId,
        /// Why.
        obstacle: Obstacle,
        /// Which attempt it was, from 1.
        attempt: u16,
        /// How many there are at most.
        attempts: u16,
    },
    /// It has tried often enough, and is its own master again.
    GaveUp {
        /// The target.
        group: GroupId,
        /// Why the last attempt failed.
        obstacle: Obstacle,
    },
    /// Every shard of the target is a replica of the source now.
    Connected {
        /// The target.
        group: GroupId,
    },
    /// A full sync from the source begins: it forks, and its writes wait for `pause`.
    LinkSyncBegan {
        /// The shard.
        shard: ShardId,
        /// The node of the source.
        from: NodeId,
        /// The primary of the target's shard.
        to: NodeId,
        /// Bytes to send.
        bytes: u64,
        /// How long writes to the source wait for the fork.
        pause: Span,
    },
    /// The copy was sent, and the target loads it.
    LinkLoading {
        /// The shard.
        shard: ShardId,
        /// Bytes to load.
        bytes: u64,
        /// Writes that wait in the source for the target.
        behind: NanoWrites,
    },
    /// What was in the target's shard is gone: the source's data takes its place.
    TargetWiped {
        /// The shard.
        shard: ShardId,
        /// Writes that it had taken by itself.
        loss: Loss,
    },
    /// The full sync is done and the target follows.
    LinkStreams {
        /// The shard.
        shard: ShardId,
        /// Writes that wait for it still.
        behind: NanoWrites,
    },
    /// The link is up again without a full sync.
    LinkBack {
        /// The shard.
        shard: ShardId,
        /// Writes that it missed and now gets.
        missed: NanoWrites,
    },
    /// Nothing waits for the target's shard: it has all that the source's has but what is on its
    /// way.
    CaughtUp {
        /// The shard.
        shard: ShardId,
    },
    /// All shards of the target are in sync, for the first time since the start.
    AllInSync {
        /// The target.
        group: GroupId,
        /// Since `StartMigration` was accepted.
        took: Span,
    },
    /// The link is lost.
    LinkLost {
        /// The shard.
        shard: ShardId,
        /// Why.
        why: LinkLoss,
        /// Writes that waited for the target.
        behind: NanoWrites,
    },
    /// The network between source and target is cut.
    NetworkCut,
    /// It is whole again.
    NetworkBack,
    /// `CompleteMigration` could not be completed: everything stays as it is.
    NotCompleted {
        /// The target.
        group: GroupId,
        /// Why.
        why: Hindrance,
    },
    /// A shard of the target is promoted, and what it lacked is only in the source.
    ShardCompleted {
        /// The shard.
        shard: ShardId,
        /// Its primary.
        node: NodeId,
        /// What it lacked.
        loss: Loss,
        /// Writes that the source had lost since the target got them, and that are not lost any
        /// more.
        regained: NanoWrites,
        /// Bytes of data that it has nothing of, if nothing was ever copied into it.
        missing_bytes: u64,
    },
    /// The migration is complete: the target is its own master.
    Completed {
        /// The target.
        group: GroupId,
        /// Whether it was ensured that the target is in sync.
        force: Force,
    },
    /// The migration is stopped: the target is its own master, and the clients stay where they are.
    Stopped {
        /// The target.
        group: GroupId,
    },
    /// The operator begins with the cut-over.
    CutOverBegan {
        /// The target.
        group: GroupId,
    },
    /// He gives it up: clients that were stopped write to the source again.
    CutOverGivenUp {
        /// The target.
        group: GroupId,
    },
    /// A part of the clients moves.
    CohortMoves {
        /// Which, from 0.
        cohort: u16,
        /// Where to.
        to: Side,
    },
    /// It has arrived, and writes there.
    CohortArrived {
        /// Which, from 0.
        cohort: u16,
        /// Where.
        at: Side,
    },
    /// Who writes to a shard of the source or of the target changed.
    Clients {
        /// The shard.
        shard: ShardId,
        /// Cohorts that write to it, or are to.
        cohorts: u16,
        /// Those of them that were stopped or are on their way.
        held: u16,
        /// Writes per second that these cohorts offer.
        rate: u64,
        /// Those of the held ones.
        held_rate: u64,
    },
    /// Whether clients that write to a shard reach a primary that takes writes; told in a plan with
    /// a migration, where it changes. Held clients do not, whatever it says.
    Access {
        /// The shard.
        shard: ShardId,
        /// Whether they do.
        intake: Intake,
    },
    /// The first write on the target after the completion: from here on rolling back loses writes.
    PointOfNoReturn {
        /// The target.
        group: GroupId,
    },
    /// A shard of the source took writes after the completion: they are in no target.
    Diverged {
        /// The shard, of the source.
        shard: ShardId,
        /// Those that were not told before.
        loss: Loss,
    },
    /// What a roll-back at the end of the trial would lose of a shard.
    PriceOfReturn {
        /// The shard.
        shard: ShardId,
        /// Writes that only the target has.
        writes: NanoWrites,
    },
    /// The source is the application's database again: what only the target has is lost.
    RolledBack {
        /// The target.
        group: GroupId,
    },
    /// The operator begins to bring everybody back to the source.
    RollBackBegan {
        /// The target.
        group: GroupId,
    },
    /// What rolling back means for a shard.
    ShardRolledBack {
        /// The shard.
        shard: ShardId,
        /// Writes that only the target has.
        loss: Loss,
        /// Writes that were lost since only the source had them, and are not lost any more.
        regained: NanoWrites,
    },
}

/// Whether a shard takes the writes of clients that are not held.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Intake {
    /// They reach a primary that takes them.
    Taken,
    /// They reach none.
    Refused,
}

/// Why a link is lost.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LinkLoss {
    /// The network between source and target is cut.
    Network,
    /// The node of the source does not answer, or follows another history.
    Source,
    /// The primary of the target's shard does not answer.
    Target,
    /// More waited in the source than its output buffer may hold.
    OutputBuffer,
    /// The source's process had no memory left.
    OutOfMemory,
    /// The target has not enough memory to load the copy.
    TargetTooSmall,
}

/// Why a migration could not be completed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Hindrance {
    /// A shard of the target is not in sync.
    NotInSync,
    /// A node of the target is being replaced.
    NodeIsReplaced,
    /// A shard of the target has no primary.
    NoPrimary,
}
