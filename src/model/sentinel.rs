//! Redis Sentinel: processes beside the group that find its primary down, and promote a replica.
//!
//! Each Sentinel finds the primary down on its own, `down-after` after its last answer; when a
//! quorum does, one of them is elected and promotes a replica. A Sentinel acts in ticks, the length
//! of which it varies from tick to tick. All numbers that are no options were measured on Redis
//! 7.0.15 (`tests/data/sentinel-failovers.md`). Sentinels themselves do not fail in this model.

use crate::engine::law;
use crate::engine::time::{NANOS_PER_SEC, Span};
use crate::model::Step;
use crate::model::draws::Purpose;
use crate::model::fact::{BusFact, Fact, Observer};
use crate::model::plan::{Sentinel, ShardId};
use crate::model::state::{Process, Watch};

/// A Sentinel wakes 10 to 19 times a second, and draws anew how often each time it does.
const HZ: (u64, u64) = (10, 19);

/// Up to so long after `down-after` a Sentinel finds a process down whose host says that the
/// connection is closed.
const CRASH_SPREAD: u64 = NANOS_PER_SEC * 12 / 100;

/// A Sentinel sends a ping each second: a host that vanishes is missed from the next one on.
const PING_PERIOD: u64 = NANOS_PER_SEC;

/// Ticks from the quorum's agreement to a replica that takes writes: elect a leader, choose,
/// promote.
const FAILOVER_TICKS: u32 = 3;

/// Sentinels name the new primary when the leader has asked it for its role, which it does once a
/// second: so long after the quorum's agreement.
const TOLD_AFTER: Span = Span::from_nanos(NANOS_PER_SEC * 105 / 100);

/// The chance that one more Sentinel asks for votes at the same time: a second one did in 12 of 84
/// measured failovers.
const SAME_TIME: f64 = 12.0 / 84.0;

/// More split votes in a row than ever happen.
const MOST_SPLITS: u32 = 16;

/// Numbers of one watch are drawn at lines of one address: first those of the Sentinels' pings,
/// then those of their ticks.
const FAILOVER_LINE: u32 = Sentinel::MOST as u32;

impl<O: Observer> Step<'_, O> {
    /// How long it takes until a quorum of Sentinels finds the primary down that was lost now.
    pub(super) fn sentinels_agree_after(&self, shard: ShardId, n: u32) -> Span {
        let sentinel = &self.plan.control_plane.sentinel;
        let primary = self.state.shard(shard).primary;
        let n_sentinels = usize::from(sentinel.sentinels.min(Sentinel::MOST));
        let mut down = [u64::MAX; Sentinel::MOST as usize];
        for (line, found) in (0..).zip(&mut down[..n_sentinels]) {
            let u = law::uniform(self.shard_word(shard, Purpose::SentinelDown, line, n));
            let silent = || (u * PING_PERIOD as f64) as u64 + self.tick(shard, line, n);
            let state = self.state.node(primary);
            *found = match state.process {
                Process::Lost | Process::Absent => silent(),
                Process::Running if !state.reach.is_open() => silent(),
                Process::Running | Process::Crashed | Process::Rebooting(_) => {
                    (u * CRASH_SPREAD as f64) as u64
                }
            };
        }
        down[..n_sentinels].sort_unstable();
        let agreed = down[usize::from(sentinel.quorum) - 1] + self.tick(shard, FAILOVER_LINE, n);
        Span::from_nanos(sentinel.down_after.as_nanos().saturating_add(agreed))
    }

    /// The length of a tick in nanoseconds.
    fn tick(&self, shard: ShardId, line: u32, n: u32) -> u64 {
        let word = self.shard_word(shard, Purpose::SentinelTick, line, n);
        let (low, high) = HZ;
        let hz = low + ((u128::from(word) * u128::from(high - low + 1)) >> 64) as u64;
        NANOS_PER_SEC / hz
    }

    /// How often the votes of the Sentinels split: all of them ask for votes at once, and each has
    /// its own. A Sentinel alone agrees with itself.
    fn split_votes(&self, shard: ShardId, n: u32) -> u32 {
        let others = usize::from(self.plan.control_plane.sentinel.sentinels) - 1;
        if others == 0 {
            return 0;
        }
        let chance: f64 = std::iter::repeat_n(SAME_TIME, others).product();
        let splits = |line: &u32| {
            law::uniform(self.shard_word(shard, Purpose::SplitVote, *line, n)) < chance
        };
        (0..MOST_SPLITS).take_while(splits).count() as u32
    }

    /// A quorum of Sentinels finds the primary down: they elect one of them, who promotes.
    pub(super) fn primary_objectively_down(&mut self, shard: ShardId) {
        let node = self.state.shard(shard).primary;
        self.note(Fact::Bus(BusFact::ObjectivelyDown { node }));
        self.give_up_primary(shard);
        self.begin_failover(shard);
        let n = self.state.clocks.shards[shard.idx()].watches - 1;
        let splits = self.split_votes(shard, n);
        if splits > 0 {
            self.note(Fact::Bus(BusFact::VoteSplit { shard }));
        }
        let timeout = self.plan.control_plane.sentinel.failover_timeout.as_nanos();
        let wait = timeout.saturating_mul(2).saturating_mul(u64::from(splits));
        let ticks: u64 =
            (1..=FAILOVER_TICKS).map(|tick| self.tick(shard, FAILOVER_LINE + tick, n)).sum();
        let elected = self.now + Span::from_nanos(wait);
        self.state.clocks.shards[shard.idx()].agreed = elected + TOLD_AFTER;
        self.watch_goes_on(shard, Watch::Electing(1), elected + Span::from_nanos(ticks));
    }
}
