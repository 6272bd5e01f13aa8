//! Loads as simple rates: reads that miss while an emptied cache fills up (MZ-34), and full syncs
//! that primaries feed (MZ-63). All in integers.

use crate::engine::time::{NANOS_PER_SEC, SimTime};

/// The reads of a shard's dataset, and how many of them are offered to the shard.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reads {
    /// Reads per second of all clients.
    pub per_sec: u64,
    /// Cohorts of clients that are at the shard.
    pub cohorts: u16,
    /// All cohorts.
    pub of: u16,
}

impl Reads {
    /// Nano-reads that the clients at the shard make in so many nanoseconds.
    fn during(&self, nanos: u128) -> u128 {
        nanos * u128::from(self.per_sec) * u128::from(self.cohorts) / u128::from(self.of)
    }
}

/// How far a shard that lost its data has been filled again by reads that missed. The ratio of
/// misses falls from 1 to 0 in a straight line over as many reads as, were they all misses, would
/// write its dataset.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WarmUp {
    /// Nano-reads that it takes; 0 where nothing misses.
    length: u128,
    /// Nano-reads made so far.
    made: u128,
    /// Since when it goes on.
    since: Option<SimTime>,
}

impl WarmUp {
    /// A shard of so many bytes, to which all clients together would make `reads`, holds nothing
    /// and serves from `now` on.
    pub fn begin(dataset_bytes: u64, write_bytes: u64, reads: Reads, now: SimTime) -> Self {
        let rate = u128::from(reads.per_sec);
        let nanos = u128::from(dataset_bytes) * u128::from(NANOS_PER_SEC);
        let length = nanos.checked_div(rate * u128::from(write_bytes)).unwrap_or(0) * rate;
        WarmUp { length, made: 0, since: Some(now) }
    }

    /// It goes on, if it had been interrupted.
    pub fn go_on(&mut self, now: SimTime) {
        self.since = Some(now);
    }

    /// Whether it goes on.
    pub fn goes_on(&self) -> bool {
        self.since.is_some()
    }

    /// It is interrupted, or over. Gives the reads that missed since it went on, in nano-reads:
    /// those in the part of the time that `observed` clips.
    pub fn stop(
        &mut self,
        now: SimTime,
        reads: Reads,
        observed: impl FnOnce(SimTime, SimTime) -> (SimTime, SimTime),
    ) -> u128 {
        let Some(since) = self.since.take() else { return 0 };
        let (from, to) = observed(since, now);
        let made = |until: SimTime| reads.during(u128::from(until.since(since).as_nanos()));
        let at = |instant: SimTime| self.missed(self.made + made(instant));
        let missed = if from < to { at(to) - at(from) } else { 0 };
        self.made += made(now);
        missed
    }

    /// Nano-reads that missed of the first `made`: the area under the line.
    fn missed(&self, made: u128) -> u128 {
        if self.length == 0 {
            return 0;
        }
        let (made, double) = (made.min(self.length), 2 * self.length);
        let hits = match made.checked_mul(made) {
            Some(square) => square / double,
            // So many that the lower half of the digits does not matter.
            None => ((made >> 32) * (made >> 32) / (double >> 32)) << 32,
        };
        made - hits
    }
}
