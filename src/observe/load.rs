//! Loads as simple rates: reads that miss while an emptied cache fills up (MZ-34), and full syncs
//! that primaries feed (MZ-63). All in integers.

use crate::engine::time::{NANOS_PER_SEC, SimTime};
use crate::model::plan::Shard;

/// How far a shard that lost its data has been filled again by reads that missed. The ratio of
/// misses falls from 1 to 0 in a straight line over the time in which the reads of the shard, were
/// they all misses, would write its dataset.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WarmUp {
    /// Nanoseconds that it takes; 0 where nothing misses.
    length: u128,
    /// Nanoseconds served so far.
    served: u128,
    /// Since when it goes on.
    since: Option<SimTime>,
}

impl WarmUp {
    /// The shard holds nothing and serves from `now` on.
    pub fn begin(shard: &Shard, write_bytes: u64, now: SimTime) -> Self {
        let per_sec = u128::from(shard.reads_per_sec) * u128::from(write_bytes);
        let nanos = u128::from(shard.dataset_bytes) * u128::from(NANOS_PER_SEC);
        let length = nanos.checked_div(per_sec).unwrap_or(0);
        WarmUp { length, served: 0, since: Some(now) }
    }

    /// It goes on, if it had been interrupted.
    pub fn go_on(&mut self, now: SimTime) {
        self.since = Some(now);
    }

    /// It is interrupted, or over. Gives the reads that missed since it went on, in nano-reads:
    /// those in the part of the time that `observed` clips.
    pub fn stop(
        &mut self,
        now: SimTime,
        reads_per_sec: u64,
        observed: impl FnOnce(SimTime, SimTime) -> (SimTime, SimTime),
    ) -> u128 {
        let Some(since) = self.since.take() else { return 0 };
        let (from, to) = observed(since, now);
        let at = |instant: SimTime| {
            let passed = u128::from(instant.since(since).as_nanos());
            self.missed(self.served + passed, reads_per_sec)
        };
        let missed = if from < to { at(to) - at(from) } else { 0 };
        self.served += u128::from(now.since(since).as_nanos());
        missed
    }

    /// Nano-reads that missed in the first `served` nanoseconds: the area under the line.
    fn missed(&self, served: u128, reads_per_sec: u64) -> u128 {
        if self.length == 0 {
            return 0;
        }
        let rate = u128::from(reads_per_sec);
        let served = served.min(self.length);
        let (square, double) = (served * served, 2 * self.length);
        let hits = square.checked_mul(rate).map_or(square / double * rate, |n| n / double);
        rate * served - hits
    }
}
