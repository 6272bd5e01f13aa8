//! [`Tally`]: what replications came to, and what may be said on the strength of it.

use serde::{Deserialize, Serialize};

use crate::montecarlo::rare::ways::Ways;
use crate::stats::intervals;
use crate::stats::level::{Estimate, Level};
use crate::stats::moments::Moments;

/// What replications came to. Merged in the order of their numbers, the same ones give the same
/// bits.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Tally {
    /// The sum of the weights of the losses of each replication.
    pub values: Moments,
    /// The largest of them.
    pub largest: f64,
    /// Excursions.
    pub excursions: u64,
    /// Those that came to a loss.
    pub hits: u64,
    /// Their likelihood ratios, with those of all others, 1 on average; none where trials are split.
    pub ratios: Moments,
    /// Events of the trials that were run as they are.
    pub main_events: u64,
    /// Events of the branches.
    pub branch_events: u64,
    /// How the losses happened.
    pub ways: Ways,
}

/// Why an estimate has no interval.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Doubt {
    /// Too few replications came to a loss.
    FewHits,
    /// Few large weights carry the estimate.
    FewEffective,
    /// One of them alone is too large a part of it.
    LargestWeight,
}

/// The fewest losses, and replications of equal weights that would say as much.
const MIN_HITS: u64 = 100;
const MIN_EFFECTIVE: f64 = 100.0;
/// The largest share of the estimate that one replication may have.
const MAX_SHARE: f64 = 0.05;

impl Tally {
    /// One more replication.
    pub fn add(&mut self, value: f64) {
        self.values.add(value);
        self.largest = self.largest.max(value);
    }

    /// Takes in what later replications came to.
    pub fn merge(&mut self, other: &Tally) {
        self.values.merge(&other.values);
        self.largest = self.largest.max(other.largest);
        self.excursions += other.excursions;
        self.hits += other.hits;
        self.ratios.merge(&other.ratios);
        self.main_events += other.main_events;
        self.branch_events += other.branch_events;
        self.ways.merge(&other.ways);
    }

    /// The mean of the values: the probability of a dataset loss.
    pub fn probability(&self) -> f64 {
        self.values.mean()
    }

    /// Replications with equal values that would give the same relative variance of their sum:
    /// (Σx)² / Σx² (Kong 1992).
    pub fn effective(&self) -> f64 {
        let (n, mean) = (self.values.n() as f64, self.values.mean());
        match (self.values.sd(), mean > 0.0) {
            (Some(sd), true) => n / (1.0 + (sd / mean).powi(2) * (n - 1.0) / n),
            _ => 0.0,
        }
    }

    /// Events of trials and branches.
    pub fn n_events(&self) -> u64 {
        self.main_events + self.branch_events
    }

    /// Squared relative error after one event, on average: the smaller, the better was the way to
    /// look; infinite where nothing was seen.
    pub fn effort(&self) -> f64 {
        let events = self.n_events() as f64;
        match self.effective() {
            effective if effective > 1.0 => events / effective,
            _ => f64::INFINITY,
        }
    }

    /// Trials without any help that would know the probability as precisely; nothing while the
    /// precision is unknown.
    pub fn crude_trials(&self) -> Option<f64> {
        let error = self.values.standard_error().filter(|error| *error > 0.0)?;
        let p = self.probability();
        Some(p * (1.0 - p).max(0.0) / (error * error))
    }

    /// The share of the largest value in their sum.
    pub fn largest_share(&self) -> f64 {
        match self.values.mean() > 0.0 {
            true => self.largest / (self.values.mean() * self.values.n() as f64),
            false => 0.0,
        }
    }

    /// Why there is no interval, if there is none.
    pub fn doubt(&self) -> Option<Doubt> {
        if self.hits < MIN_HITS {
            Some(Doubt::FewHits)
        } else if self.effective() < MIN_EFFECTIVE || self.hangs_on_few() {
            Some(Doubt::FewEffective)
        } else if self.largest_share() > MAX_SHARE {
            Some(Doubt::LargestWeight)
        } else {
            None
        }
    }

    /// Whether the values are so skewed, or so few of them not zero, that their mean is given no
    /// interval at any level.
    fn hangs_on_few(&self) -> bool {
        intervals::mean(&self.values, Level::default()).half_width().is_none()
    }

    /// The least variance of a value: replications whose own trial comes to a loss collect only
    /// what lies before it, at an instant that is even over the horizon, so that a share p of them
    /// lacks p times a uniform part, of mean square 1/3. Few replications may have seen none such.
    fn least_variance(&self) -> f64 {
        self.probability().min(1.0).powi(3) / 3.0
    }

    /// The probability with its interval; one that nobody could stand behind is left out.
    pub fn estimate(&self, level: Level) -> Estimate {
        let value = self.probability();
        if self.doubt().is_some() {
            return Estimate::unbounded(value);
        }
        let estimate = intervals::mean(&self.values, level);
        let least = level.z() * (self.least_variance() / self.values.n() as f64).sqrt();
        let low = estimate.low.map(|low| low.min(value - least));
        let high = estimate.high.map(|high| high.max(value + least).min(1.0));
        Estimate { value, low, high }
    }
}
