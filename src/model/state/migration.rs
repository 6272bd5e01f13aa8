//! [`Migration`]: how far an online migration is, its links and its clients.

use std::mem::take;

use crate::engine::time::{SimTime, Span};
use crate::model::link::Trail;
use crate::model::plan::{NodeId, Plan, SourceEndpoint};
use crate::model::state::{Copy, HistoryId, NanoWrites, refill};

/// How far the migration of the plan is. Empty where there is none.
#[derive(PartialEq, Eq, Debug)]
pub struct Migration {
    /// By shard of the target.
    pub links: Vec<Link>,
    /// By cohort: where its clients write.
    pub cohorts: Vec<Cohort>,
    /// Which of the two is the application's database.
    pub truth: Side,
    /// Since when the source is that again after a roll-back, or from the start.
    pub went_back: SimTime,
    /// What the operator is doing.
    pub operator: Operator,
    /// When the operator stopped the clients, the last time.
    pub stopped: SimTime,
    /// Until when the network between the two is cut.
    pub cut_until: SimTime,
    /// Whether all links were in sync since the last start.
    pub synced: Synced,
    /// Since when the migration runs, the last one.
    pub started: SimTime,
    /// What the last test named.
    pub tested: SourceEndpoint,
    /// What the last start named.
    pub aim: SourceEndpoint,
    /// Whether the target is laid out like the source.
    pub layout: SlotLayout,
    /// Whether rolling back would lose writes.
    pub way_back: WayBack,
    /// Draws used.
    pub clock: MigrationClock,
}

clone_in_place!(Migration {
    links,
    cohorts,
    truth,
    went_back,
    operator,
    stopped,
    cut_until,
    synced,
    started,
    tested,
    aim,
    layout,
    way_back,
    clock,
});

/// Whether the target was in sync once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Synced {
    /// It was not.
    NotYet,
    /// It was.
    Once,
}

/// Whether the target's hash slots lie as in the source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SlotLayout {
    /// As they were created.
    Created,
    /// As in the source, after resharding.
    AsInSource,
}

/// Whether rolling back would lose writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WayBack {
    /// It would not.
    Free,
    /// The target has writes that the source lacks.
    Costs,
}

/// Source or target.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Side {
    /// The self-hosted tree.
    Source,
    /// The replication group.
    Target,
}

impl Side {
    /// The other of the two.
    pub fn other(self) -> Side {
        match self {
            Side::Source => Side::Target,
            Side::Target => Side::Source,
        }
    }
}

/// Some of the clients, which move as one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cohort {
    /// Where they write, or are to write next.
    pub side: Side,
    /// Whether they write.
    pub voice: Voice,
    /// What they do next, if anything is due.
    pub next: NextMove,
}

/// Whether clients write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Voice {
    /// They do.
    Writing,
    /// The operator has stopped them: what they would write is rejected.
    Stopped,
    /// They are on their way, and reach nobody: what they would write is rejected.
    Travelling,
}

/// What a cohort does next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NextMove {
    /// Nothing is due.
    Stays,
    /// It begins to move to this side.
    Leaves(Side),
    /// It arrives where it is to write.
    Arrives,
    /// It arrives, and leaves for the other side at this instant, or at once if that is over.
    ArrivesAndLeaves(SimTime),
}

/// What the operator is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operator {
    /// Nothing, or he waits for the target to be in sync.
    Idle,
    /// The cut-over is to begin.
    Scheduled,
    /// He completes the migration, and gives up then.
    Completing(SimTime),
    /// The migration is complete, and the clients move.
    Done,
    /// He stops the migration, and tries again until that is done.
    Stopping,
}

/// Draws used by a migration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MigrationClock {
    /// Tests called.
    pub tests: u32,
    /// Starts accepted.
    pub starts: u32,
    /// Attempts to connect.
    pub attempts: u32,
    /// Completions called.
    pub completions: u32,
    /// Times that the completion is to be tried again.
    pub again: u32,
    /// Times that the cut-over was scheduled.
    pub cut_overs: u32,
    /// Times that the clients were moved.
    pub moves: u32,
}

/// The link over which a shard of the target follows one of the source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Link {
    /// How far it is.
    pub stage: LinkStage,
    /// The node of the source that it reads.
    pub upstream: NodeId,
    /// When its stage ends by itself, if it does.
    pub ends: Option<SimTime>,
    /// What the target has not got yet.
    pub trail: Trail,
    /// The history of the source that it can go on in, unless it has to copy everything.
    pub history: Option<HistoryId>,
    /// How far of which history the target's copy goes, as of the last loss of the link.
    pub copy: Copy,
    /// How much of that the source still has.
    pub common: NanoWrites,
    /// How far the target trails the node that it reads while it follows, in time.
    pub lag: Span,
    /// How far that node trails its primary, as of now.
    pub hop: Span,
    /// How far of the source's history the target's copy goes at least while it follows: to where
    /// the snapshot was taken, or to where it went before.
    pub floor: NanoWrites,
    /// What came over the link until it was lost or the target promoted, the last time.
    pub inflow: Inflow,
    /// The history in the target's books that began with the completion.
    pub began: Option<HistoryId>,
    /// When the migration was completed.
    pub completed: SimTime,
    /// Whether the target's primary holds what the source had.
    pub held: LinkHeld,
    /// Bytes that the last full sync copies.
    pub bytes: u64,
    /// For how long its source writes the copy before it sends any of it.
    pub saves: Span,
    /// Until when the source forks for it: what its clients send meanwhile it takes then.
    pub forked: SimTime,
    /// Draws used.
    pub clock: LinkClock,
    /// Since the completion: how much of the history of both is common still.
    pub shared: NanoWrites,
    /// How much of it only a snapshot of the target has, which is to be restored.
    pub archived: NanoWrites,
    /// Acknowledged by the source since the completion, as far as that was told.
    pub told: NanoWrites,
}

/// What came over a link until some instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inflow {
    /// Writes per second.
    pub rate: u64,
    /// Until when they came.
    pub until: SimTime,
    /// No more than so many came since the link was made.
    pub most: NanoWrites,
}

impl Inflow {
    /// Nothing came.
    pub(in crate::model) const NOTHING: Inflow = Inflow { rate: 0, until: SimTime::START, most: 0 };

    /// Writes that came since then.
    pub fn since(&self, from: SimTime) -> NanoWrites {
        let nanos = match from < self.until {
            true => self.until.since(from).as_nanos(),
            false => 0,
        };
        (NanoWrites::from(self.rate) * NanoWrites::from(nanos)).min(self.most)
    }
}

/// Draws used by a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LinkClock {
    /// Times that it was to be tried again.
    pub retries: u32,
    /// Full syncs begun.
    pub syncs: u32,
    /// Times that the target began to follow.
    pub streams: u32,
    /// Times that the source's process died for want of memory.
    pub restarts: u32,
}

/// How far a link is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LinkStage {
    /// There is none: the target is its own master.
    Off,
    /// It is lost, or not made yet.
    Down,
    /// A full sync: the source forks, for which its writes wait, and writes a copy to its disk.
    Saving,
    /// A full sync: the copy is being sent.
    Sending,
    /// A full sync: the target loads the copy.
    Loading,
    /// The target follows.
    Streaming,
}

/// What a shard of the target holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LinkHeld {
    /// What was there before the migration.
    Own,
    /// Nothing: it was emptied to load a copy, and has not loaded it.
    Nothing,
    /// What the source had.
    Migrated,
}

impl Link {
    /// Whether the target's shard takes no writes of clients because it is a replica.
    pub fn follows(&self) -> bool {
        match self.stage {
            LinkStage::Off => false,
            LinkStage::Down
            | LinkStage::Saving
            | LinkStage::Sending
            | LinkStage::Loading
            | LinkStage::Streaming => true,
        }
    }

    /// Whether a connection to the source is open.
    pub fn is_connected(&self) -> bool {
        match self.stage {
            LinkStage::Off | LinkStage::Down => false,
            LinkStage::Saving | LinkStage::Sending | LinkStage::Loading | LinkStage::Streaming => {
                true
            }
        }
    }

    /// Since the completion: how much of the history of both the target has still, or a snapshot of
    /// it that is to be restored.
    pub fn common_since(&self) -> NanoWrites {
        self.shared.max(self.archived)
    }

    /// How far the target trails the source's primary while it follows and nothing waits for it.
    pub fn trails(&self) -> Span {
        self.lag.plus(self.hop)
    }

    /// Whether the last full sync is sent while it is written.
    pub fn is_diskless(&self) -> bool {
        self.saves == Span::ZERO
    }

    /// Whether nothing waits for the target: it has all that the source has but what is on its way.
    pub fn is_caught_up(&self, now: SimTime) -> bool {
        self.stage == LinkStage::Streaming && self.trail.behind_at(now) == 0
    }
}

impl Migration {
    /// No migration at all.
    pub(super) const NONE: Migration = Migration {
        links: Vec::new(),
        cohorts: Vec::new(),
        truth: Side::Source,
        went_back: SimTime::START,
        operator: Operator::Idle,
        stopped: SimTime::START,
        cut_until: SimTime::START,
        synced: Synced::NotYet,
        started: SimTime::START,
        tested: SourceEndpoint::Unknown,
        aim: SourceEndpoint::Unknown,
        layout: SlotLayout::Created,
        way_back: WayBack::Free,
        clock: MigrationClock::NONE,
    };

    /// Puts everything back to the start of a trial, keeping the memory.
    pub(super) fn restart(&mut self, plan: &Plan) {
        let (links, cohorts) = (take(&mut self.links), take(&mut self.cohorts));
        *self = Migration { links, cohorts, ..Migration::NONE };
        let Some(migration) = &plan.migration else { return };
        let first = |shard: usize| plan.shards[migration.pairs[shard].idx()].nodes.start;
        refill(&mut self.links, migration.pairs.len(), |i| Link::off(NodeId(first(i))));
        let still = Cohort { side: Side::Source, voice: Voice::Writing, next: NextMove::Stays };
        refill(&mut self.cohorts, usize::from(migration.clients.cohorts), |_| still);
    }
}

impl MigrationClock {
    /// Nothing drawn yet.
    const NONE: MigrationClock = MigrationClock {
        tests: 0,
        starts: 0,
        attempts: 0,
        completions: 0,
        again: 0,
        cut_overs: 0,
        moves: 0,
    };
}

impl Link {
    /// No link, and none ever made.
    fn off(upstream: NodeId) -> Self {
        Link {
            stage: LinkStage::Off,
            upstream,
            ends: None,
            trail: Trail::empty(SimTime::START),
            history: None,
            copy: Copy { history: HistoryId(0), offset: 0 },
            common: 0,
            lag: Span::ZERO,
            hop: Span::ZERO,
            floor: 0,
            inflow: Inflow::NOTHING,
            began: None,
            completed: SimTime::START,
            held: LinkHeld::Own,
            bytes: 0,
            saves: Span::ZERO,
            forked: SimTime::START,
            clock: LinkClock { retries: 0, syncs: 0, streams: 0, restarts: 0 },
            shared: 0,
            archived: 0,
            told: 0,
        }
    }
}
