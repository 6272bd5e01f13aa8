//! [`Clocks`]: how many numbers have been drawn, so that the next one has an address, and the lives
//! under way.

use crate::engine::time::{SimTime, Span};

/// Draws used so far, which the next draw's address continues, and the lives under way.
#[derive(PartialEq, Eq, Debug)]
pub struct Clocks {
    /// When each scheduled fault strikes, earliest first, and its place in the plan.
    pub script: Vec<(SimTime, u16)>,
    /// How many of them have struck.
    pub n_due: u16,
    /// By line of group failures, then group: lives drawn.
    pub group_lives: Vec<u32>,
    /// By line of service updates, then group: announcements drawn.
    pub update_lives: Vec<u32>,
    /// By group.
    pub groups: Vec<GroupClock>,
    /// When test failovers were accepted in this account, the last fifteen, oldest first (MZ-40).
    pub tests: TestQuota,
    /// Until when replacements take longer because of an AZ outage, once no AZ is down.
    pub slow_until: SimTime,
    /// By line of AZ failures, then AZ.
    pub az_lives: Vec<LifeClock>,
    /// By line of node failures, then node.
    pub node_lives: Vec<LifeClock>,
    /// By node.
    pub nodes: Vec<NodeClock>,
    /// By shard.
    pub shards: Vec<ShardClock>,
}

clone_in_place!(Clocks {
    script,
    n_due,
    group_lives,
    update_lives,
    groups,
    tests,
    slow_until,
    az_lives,
    node_lives,
    nodes,
    shards,
});

/// The clock of a life that can be stopped: of a node's host, or of an AZ's time up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LifeClock {
    /// Lives drawn so far.
    pub drawn: u32,
    /// What the current one is doing.
    pub life: Life,
}

/// What a life is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Life {
    /// Over, or not begun: the next one is drawn anew.
    Ended,
    /// Its end is in the queue, unless that is never.
    Running,
    /// Stopped with so much of it left.
    Paused(Span),
}

impl LifeClock {
    /// No life drawn yet.
    pub const FRESH: LifeClock = LifeClock { drawn: 0, life: Life::Ended };

    /// Lets the life run: gives how long it still lasts, or nothing if it runs already. `draw`
    /// gives the n-th life, should the current one be over.
    pub fn start(&mut self, draw: impl FnOnce(u32) -> Span) -> Option<Span> {
        let left = match self.life {
            Life::Running => return None,
            Life::Paused(left) => left,
            Life::Ended => {
                self.drawn += 1;
                draw(self.drawn - 1)
            }
        };
        self.life = Life::Running;
        Some(left)
    }

    /// Stops the life, if it runs, with what is left of it until `ends`; `None` is never.
    pub fn pause(&mut self, now: SimTime, ends: Option<SimTime>) {
        if self.life == Life::Running {
            self.life = Life::Paused(ends.map_or(Span::FOREVER, |at| at.since(now)));
        }
    }
}

/// When the last test failovers were accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TestQuota {
    /// The times; of those beyond the number accepted nothing is to be read.
    accepted: [SimTime; TestQuota::SHARDS],
    /// How many were accepted so far.
    n: u32,
}

impl TestQuota {
    /// Shards that may be tested in any 24 hours (MZ-40).
    pub const SHARDS: usize = 15;
    /// The period.
    pub const PERIOD: Span = crate::engine::time::DAY;

    /// Counts a call at `now`, unless the quota is used up; says whether it was counted.
    pub fn take(&mut self, now: SimTime) -> bool {
        let place = self.n as usize % Self::SHARDS;
        let is_full = self.n as usize >= Self::SHARDS;
        if is_full && now.since(self.accepted[place]) < Self::PERIOD {
            return false;
        }
        self.accepted[place] = now;
        self.n += 1;
        true
    }
}

/// A group's used draws.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct GroupClock {
    /// Modifications begun.
    pub modifications: u32,
    /// Test failovers begun.
    pub tests: u32,
    /// Steps of service updates begun.
    pub update_steps: u32,
    /// Backups begun.
    pub backups: u32,
    /// Gaps between snapshots at intervals of the users' own.
    pub snapshot_gaps: u32,
    /// Restores begun.
    pub restores: u32,
    /// Times that the primaries ceased to be a majority.
    pub minorities: u32,
}

/// A node's used draws.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct NodeClock {
    /// Detection windows that its failure opened.
    pub detections: u32,
    /// Replacements started.
    pub replacements: u32,
    /// Full syncs started.
    pub syncs: u32,
    /// Reboots.
    pub reboots: u32,
    /// Recoveries that a workflow scheduled, and planned replacements and patches.
    pub planned: u32,
    /// Replays of the append-only file begun.
    pub replays: u32,
    /// Times that it was cut off.
    pub isolations: u32,
    /// When it ceased to follow its primary with a complete copy, the last time that clients waited
    /// for such replicas.
    pub followed_until: Option<SimTime>,
    /// When the last cut that a minority is to notice ends.
    pub cut_ends: SimTime,
    /// Until when its primary counts it as good although it is not heard of any more.
    pub counts_until: Option<SimTime>,
    /// Its rank in its shard's last election, from 1; 0 if it did not stand.
    pub ballot: u8,
}

/// A shard's used draws.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ShardClock {
    /// Losses of the primary; addresses the lags frozen then.
    pub primary_losses: u32,
    /// Chains broken; addresses the lags frozen then.
    pub chain_breaks: u32,
    /// Promotions begun.
    pub promotions: u32,
    /// Endpoint updates begun.
    pub endpoints: u32,
    /// Cold starts begun.
    pub cold_starts: u32,
    /// Planned hand-overs and planned recreations of the primary.
    pub handovers: u32,
    /// Losses of the primary that its peers, or Sentinels, began to notice.
    pub watches: u32,
    /// When the last of these was.
    pub watched_since: SimTime,
    /// Their last suspicion or agreement; with Sentinels, when they name the new primary.
    pub agreed: SimTime,
}
