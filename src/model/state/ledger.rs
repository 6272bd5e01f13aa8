//! [`Ledger`]: amounts of writes, exact to the last digit.

use crate::engine::time::{SimTime, Span};
use crate::model::plan::{Plan, ShardId};

/// An amount of writes in nano-writes: writes per second times nanoseconds.
pub type NanoWrites = u128;

/// One write in [`NanoWrites`].
pub const WRITE: NanoWrites = 1_000_000_000;

/// A history of a shard's writes; a promotion or an emptied restart begins a new one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HistoryId(pub u32);

/// Amounts.
#[derive(PartialEq, Eq, Debug)]
pub struct Ledger {
    /// By shard.
    pub shards: Vec<ShardLedger>,
    /// By node: how far its copy goes once its upstream is gone.
    pub copies: Vec<Copy>,
    /// By node: what its copy lacks of what came over the link into its primary, which follows the
    /// source of a migration; as of the loss of that primary.
    pub missed: Vec<NanoWrites>,
    /// By node: what it takes, as an isolated primary, from the writers on its side.
    pub beside: Vec<Beside>,
}

clone_in_place!(Ledger { shards, copies, missed, beside });

/// What an isolated primary takes from the writers on its side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Beside {
    /// Writes per second.
    pub rate: u64,
    /// Since when its shard has another primary, so that all it takes is lost.
    pub astray_since: Option<SimTime>,
    /// When it ceases for want of replicas.
    pub until: Option<SimTime>,
}

impl Beside {
    /// Nothing.
    pub const NOTHING: Beside = Beside { rate: 0, astray_since: None, until: None };
}

/// A node's copy of the data, frozen when its upstream was lost: a point in a history.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Copy {
    /// The history.
    pub history: HistoryId,
    /// How much of it.
    pub offset: NanoWrites,
}

/// Who writes to a shard, and how much.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Offer {
    /// Writes per second that its clients offer.
    pub rate: u64,
    /// Those of clients that were stopped or are on their way: they reach nobody.
    pub held_rate: u64,
    /// Cohorts of clients that write to it, or are to.
    pub cohorts: u16,
    /// Those of them that are held.
    pub held: u16,
    /// Since when that is so.
    pub since: SimTime,
    /// Writes per second that were sent before.
    pub sent_before: u64,
}

impl Offer {
    /// As the plan has it.
    pub(super) fn at_start(plan: &Plan, shard: ShardId) -> Self {
        let rate = plan.shards[shard.idx()].writes_per_sec;
        let cohorts = plan.cohorts_at_start(shard);
        let since = SimTime::START;
        Offer { rate, held_rate: 0, cohorts, held: 0, since, sent_before: rate }
    }

    /// Whether as many clients offer as much, and as many of them are held: whatever was before.
    pub fn is_by_the_same(&self, other: &Offer) -> bool {
        let since = |offer: &Offer| Offer { since: SimTime::START, sent_before: 0, ..*offer };
        since(self) == since(other)
    }

    /// Writes per second that clients send, and that are acknowledged while they reach a primary.
    #[inline]
    pub fn sent(&self) -> u64 {
        self.rate - self.held_rate
    }

    /// What was sent from one instant to another.
    pub fn sent_between(&self, from: SimTime, to: SimTime) -> NanoWrites {
        let during =
            |rate: u64, span: Span| NanoWrites::from(rate) * NanoWrites::from(span.as_nanos());
        if from >= to {
            return 0;
        }
        let turn = self.since.clamp(from, to);
        during(self.sent_before, turn.since(from)) + during(self.sent(), to.since(turn))
    }
}

/// The books of a shard. `acknowledged + inherited = offset + archived + lost + dataset_lost` at
/// every instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShardLedger {
    /// Up to when the amounts below are counted.
    pub settled: SimTime,
    /// Who writes, and how much.
    pub offer: Offer,
    /// Whether writers reach a primary that accepts.
    pub accepting: bool,
    /// When they ceased to, the last time.
    pub stopped: SimTime,
    /// Writes per second that the isolated primary takes, in the shard's current history.
    pub kept: u64,
    /// Writes per second that former primaries take that are isolated: lost at once.
    pub astray: u64,
    /// Writes of the current history that its primary took while it was isolated.
    pub taken_beside: NanoWrites,
    /// For how long it took them.
    pub taken_for: Span,
    /// Offered and acknowledged.
    pub acknowledged: NanoWrites,
    /// Offered during an outage; the client knows.
    pub rejected: NanoWrites,
    /// Acknowledged, then absent after a promotion.
    pub lost: NanoWrites,
    /// Acknowledged, then in no copy and no snapshot after a dataset loss.
    pub dataset_lost: NanoWrites,
    /// Acknowledged, and since a dataset loss only in a snapshot that is to be restored.
    pub archived: NanoWrites,
    /// What came into this history by a migration, acknowledged by its source.
    pub inherited: NanoWrites,
    /// The current history.
    pub history: HistoryId,
    /// Its parent, and the offset at which it began.
    pub branch: Copy,
    /// Acknowledged writes in the current history and its ancestors: the primary's offset, or
    /// the lost primary's.
    pub offset: NanoWrites,
    /// How far of the current history that copy goes which stands elsewhere than on the nodes, in
    /// the durable log or in another region; of meaning from the loss of the primary until there is
    /// another.
    pub elsewhere: NanoWrites,
    /// Whether the data of the start of the trial is still there.
    pub original: bool,
    /// Writes per second that the primary takes and WAIT does not confirm: the client counts them
    /// as rejected, and so do these books, though the primary may keep them.
    pub failing: u64,
    /// What a lost primary had taken and WAIT had not confirmed yet.
    pub unconfirmed: Stretch,
}

/// A part of a history, from one offset to another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stretch {
    /// Where it begins.
    pub from: NanoWrites,
    /// Where it ends.
    pub to: NanoWrites,
}

impl Stretch {
    /// Nothing of it.
    pub const NOTHING: Stretch = Stretch { from: 0, to: 0 };
}

impl ShardLedger {
    /// Whether any clients of the shard reach no primary that accepts.
    pub fn is_out(&self) -> bool {
        self.offer.held > 0 || self.offer.cohorts > 0 && !self.accepting
    }

    /// Counts the writes offered since the last call.
    #[inline]
    pub fn settle(&mut self, now: SimTime) {
        let span: Span = now.since(self.settled);
        let during = |rate: u64| NanoWrites::from(rate) * NanoWrites::from(span.as_nanos());
        let reaching = self.offer.sent() - self.kept - self.astray;
        let writes = during(reaching);
        if self.kept + self.astray > 0 {
            let (kept, astray) = (during(self.kept), during(self.astray));
            self.acknowledged += kept + astray;
            self.offset += kept;
            self.taken_beside += kept;
            if self.kept > 0 {
                self.taken_for = self.taken_for.plus(span);
            }
            self.lost += astray;
        }
        if self.offer.held_rate > 0 {
            self.rejected += during(self.offer.held_rate);
        }
        if self.accepting {
            let failing = match self.failing {
                0 => 0,
                failing => during(failing.min(reaching)),
            };
            self.acknowledged += writes - failing;
            self.offset += writes - failing;
            self.rejected += failing;
        } else {
            self.rejected += writes;
        }
        self.settled = now;
    }
}
