//! How far the target of a migration trails its source: rates × time against sizes.
//!
//! What the target has not applied yet waits in the source's output buffer for it. While a full
//! sync is under way nothing is taken from there, so the buffer grows at the rate at which clients
//! write; afterwards it shrinks by what the link carries beyond that, or grows on, if the link
//! carries less. A source drops a reader whose buffer is over its hard limit, or over its soft
//! limit for too long (`client-output-buffer-limit replica`). All amounts are linear between two
//! changes of a rate, so every crossing has a time.

use crate::engine::time::{SimTime, Span};

/// An amount of bytes in billionths: bytes per second times nanoseconds.
pub type NanoBytes = u128;

/// One byte in [`NanoBytes`].
pub const NANO: NanoBytes = 1_000_000_000;

/// What a link carries, and what its source's buffers hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Capacity {
    /// Bytes per second that the link carries.
    pub carries: u64,
    /// A reader is dropped as soon as so much waits for it; `None` for no limit.
    pub hard: Option<NanoBytes>,
    /// A reader is dropped when so much has waited for it all the time of `soft_for`.
    pub soft: Option<NanoBytes>,
    /// For how long.
    pub soft_for: Span,
    /// What a reader may have missed and still go on where it was.
    pub backlog: NanoBytes,
}

/// What waits in a buffer: it changes linearly since the last change of a rate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trail {
    /// So much waited then.
    pub behind: NanoBytes,
    /// When.
    pub since: SimTime,
    /// Bytes per second that arrive.
    pub arriving: u64,
    /// Bytes per second that leave, as long as anything waits.
    pub leaving: u64,
    /// Since when the soft limit is exceeded, if it is.
    pub over_soft: Option<SimTime>,
}

impl Trail {
    /// Nothing waits at `now`, and nothing comes or goes.
    pub fn empty(now: SimTime) -> Self {
        Trail { behind: 0, since: now, arriving: 0, leaving: 0, over_soft: None }
    }

    /// What waits at `now`.
    pub fn behind_at(&self, now: SimTime) -> NanoBytes {
        let nanos = NanoBytes::from(now.since(self.since).as_nanos());
        let came = NanoBytes::from(self.arriving) * nanos;
        let went = NanoBytes::from(self.leaving) * nanos;
        (self.behind + came).saturating_sub(went)
    }

    /// The same buffer from `now` on, with other rates.
    pub fn at_rates(&self, now: SimTime, arriving: u64, leaving: u64, limits: &Capacity) -> Self {
        let behind = self.behind_at(now);
        let is_over = limits.soft.is_some_and(|soft| behind > soft);
        let over_soft = match (is_over, self.over_soft) {
            (false, _) => None,
            (true, Some(since)) => Some(since),
            (true, None) => Some(self.crossing(limits.soft.unwrap_or(0)).unwrap_or(now).min(now)),
        };
        Trail { behind, since: now, arriving, leaving, over_soft }
    }

    /// When nothing waits any more, if that comes.
    pub fn caught_up(&self) -> Option<SimTime> {
        if self.behind == 0 {
            return (self.leaving >= self.arriving).then_some(self.since);
        }
        let gain = self.leaving.checked_sub(self.arriving).filter(|gain| *gain > 0)?;
        Some(self.since + whole_nanos(self.behind, gain))
    }

    /// When the source drops this reader, if it does.
    pub fn dropped(&self, limits: &Capacity) -> Option<SimTime> {
        let hard = limits.hard.and_then(|hard| self.exceeds(hard));
        let soft = limits.soft.and_then(|soft| {
            let over = self.over_soft.or_else(|| self.crossing(soft))?;
            let due = (over + limits.soft_for).max(self.since);
            (self.behind_at(due) > soft).then_some(due)
        });
        match (hard, soft) {
            (Some(hard), Some(soft)) => Some(hard.min(soft)),
            (hard, soft) => hard.or(soft),
        }
    }

    /// When more than `limit` waits, if it ever does.
    pub fn exceeds(&self, limit: NanoBytes) -> Option<SimTime> {
        if self.behind > limit { Some(self.since) } else { self.crossing(limit) }
    }

    /// When more than `limit` waits, if the buffer grows beyond it.
    fn crossing(&self, limit: NanoBytes) -> Option<SimTime> {
        let growth = self.arriving.checked_sub(self.leaving).filter(|growth| *growth > 0)?;
        Some(self.since + whole_nanos((limit + 1).saturating_sub(self.behind), growth))
    }
}

/// The first whole nanosecond at which `amount` has come together at `rate` bytes per second.
fn whole_nanos(amount: NanoBytes, rate: u64) -> Span {
    Span::from_nanos(u64::try_from(amount.div_ceil(NanoBytes::from(rate))).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Capacity = Capacity {
        carries: 3_000,
        hard: Some(256_000 * NANO),
        soft: Some(64_000 * NANO),
        soft_for: Span::from_secs(60),
        backlog: 1_000 * NANO,
    };

    fn at(seconds: u64) -> SimTime {
        SimTime::START + Span::from_secs(seconds)
    }

    fn trail(behind: u128, arriving: u64, leaving: u64) -> Trail {
        let empty = Trail::empty(at(100));
        Trail { behind: behind * NANO, arriving, leaving, ..empty }
    }

    #[test]
    fn a_buffer_that_nobody_reads_is_dropped_at_the_hard_limit_or_after_the_soft_one() {
        // 64,000 writes are exceeded after 6.4 s, 256,000 after 25.6 s: before the minute is over.
        let fast = trail(0, 10_000, 0);
        assert_eq!(fast.dropped(&LIMITS), Some(at(100) + Span::from_nanos(25_600_000_001)));
        // 64 s to the soft limit, and a minute of it before the hard one is reached.
        let slow = trail(0, 1_000, 0);
        assert_eq!(slow.dropped(&LIMITS), Some(at(100) + Span::from_nanos(124_000_000_001)));
        assert_eq!(trail(0, 0, 0).dropped(&LIMITS), None);
    }

    #[test]
    fn a_buffer_that_shrinks_below_the_soft_limit_in_time_is_kept() {
        let full = Trail { over_soft: Some(at(90)), ..trail(100_000, 1_000, 3_000) };
        // Below 64,000 after 18 s, before 150 s.
        assert_eq!(full.dropped(&LIMITS), None);
        assert_eq!(full.caught_up(), Some(at(150)));
        let slower = Trail { over_soft: Some(at(90)), ..trail(100_000, 1_000, 1_500) };
        assert_eq!(slower.dropped(&LIMITS), Some(at(150)));
    }

    #[test]
    fn a_link_that_carries_less_than_is_written_never_catches_up() {
        assert_eq!(trail(5, 3_000, 2_999).caught_up(), None);
        assert_eq!(trail(5, 3_000, 3_000).caught_up(), None);
        assert_eq!(trail(5, 3_000, 3_005).caught_up(), Some(at(101)));
    }

    #[test]
    fn other_rates_go_on_from_what_waits() {
        let growing = trail(0, 1_000, 0);
        let later = growing.at_rates(at(200), 1_000, 3_000, &LIMITS);
        assert_eq!(later.behind, 100_000 * NANO);
        let crossed = at(100) + Span::from_nanos(64_000_000_001);
        assert_eq!(later.over_soft, Some(crossed));
        assert_eq!(later.caught_up(), Some(at(250)));
        assert_eq!(later.behind_at(at(400)), 0);
    }
}
