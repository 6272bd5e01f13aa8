//! [`Common`]: when any shard of a trial is out, and when all are.

use crate::engine::time::{NANOS_PER_SEC, SimTime};
use crate::model::plan::ShardId;
use crate::observe::metrics::{Metric, Metrics};

/// An interval in which some condition holds, and the one before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Common {
    open: Option<SimTime>,
    /// The last one that was closed; another that opens at the same instant continues it.
    closed: Option<(SimTime, SimTime)>,
}

impl Common {
    /// Whether the condition holds from now on; gives an interval that is over for good.
    fn turn(&mut self, holds: bool, now: SimTime) -> Option<(SimTime, SimTime)> {
        match (holds, self.open) {
            (true, None) => match self.closed.take() {
                Some((since, until)) if until == now => {
                    self.open = Some(since);
                    None
                }
                other => {
                    self.open = Some(now);
                    other
                }
            },
            (false, Some(since)) => {
                self.open = None;
                self.closed.replace((since, now))
            }
            (true, Some(_)) | (false, None) => None,
        }
    }
}

impl Metrics<'_> {
    /// The outage of a shard began or ended, or concerns other clients. Where clients move from one
    /// shard to another, the outage of the one continues that of the other.
    pub(super) fn common_outages_change(&mut self, now: SimTime) {
        let any = self.n_down > 0;
        let all = any && self.is_everything_down();
        if let Some(interval) = self.any.turn(any, now) {
            self.any_was_down(interval);
        }
        if let Some(interval) = self.all.turn(all, now) {
            self.all_were_down(interval);
        }
        if self.plan.migration.is_none() {
            self.common_outages_end();
        }
    }

    /// What was closed last is not continued.
    pub(super) fn common_outages_end(&mut self) {
        if let Some(interval) = self.any.closed.take() {
            self.any_was_down(interval);
        }
        if let Some(interval) = self.all.closed.take() {
            self.all_were_down(interval);
        }
    }

    /// Whether no client reaches anybody.
    fn is_everything_down(&self) -> bool {
        if self.plan.migration.is_none() {
            return self.n_down == self.shards.len();
        }
        self.plan.shard_ids().all(|shard| self.are_all_out(shard))
    }

    /// Whether no client of the shard reaches a primary, if it has any.
    fn are_all_out(&self, shard: ShardId) -> bool {
        let clients = self.clientele.of(shard);
        let is_out = self.shards[shard.idx()].writes_since.is_some();
        clients.cohorts == 0 || is_out && clients.concerned() == clients.cohorts
    }

    fn any_was_down(&mut self, (from, to): (SimTime, SimTime)) {
        let length = self.observed(from, to);
        self.outcome.values[Metric::WriteOutageAnyShard as usize] += u128::from(length);
        self.outcome.values[Metric::WriteOutages as usize] += u128::from(length > 0);
        self.largest(Metric::LongestWriteOutage, u128::from(length));
    }

    /// Counts the whole clock minutes of a common outage.
    fn all_were_down(&mut self, (from, to): (SimTime, SimTime)) {
        const MINUTE: u64 = 60 * NANOS_PER_SEC;
        let from = from.max(self.plan.warm_up).as_nanos();
        let to = to.min(self.plan.horizon).as_nanos();
        let whole = (to / MINUTE).saturating_sub(from.div_ceil(MINUTE));
        self.outcome.values[Metric::SlaMinutes as usize] += u128::from(whole);
    }
}
