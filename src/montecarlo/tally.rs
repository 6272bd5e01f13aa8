//! [`Tally`]: what the trials of one policy came to together, without keeping the trials.
//!
//! A worker runs a block of consecutive trials into a [`BlockTally`]; blocks are merged into the
//! [`Tally`] in the order of their trials. Floating-point sums depend on the order in which they
//! are made, so this order is fixed: no result depends on the number of threads. Memory depends
//! on how far the values spread, not on how many there are.

use serde::{Deserialize, Serialize};

use crate::engine::time::SimTime;
use crate::model::fact::{Cause, Phase};
use crate::montecarlo::noted::NotedTally;
use crate::montecarlo::objectives::{Episode, Objectives};
use crate::montecarlo::quantity::Probability;
use crate::observe::episodes::Episodes;
use crate::observe::metrics::{Ending, Mechanism, Metric, N_METRICS, Outcome};
use crate::stats::histogram::Histogram;
use crate::stats::moments::Moments;
use crate::stats::ratio::RatioMoments;

/// Amounts taken apart, in the integers of [`Outcome`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Parts {
    /// The write outage by the fault that opened it.
    pub outage_by_cause: [u128; Cause::ALL.len()],
    /// The write outage by what it waited for.
    pub outage_by_phase: [u128; Phase::ALL.len()],
    /// The write outage by how it ended.
    pub outage_by_ending: [u128; Ending::ALL.len()],
    /// Lost writes by the fault that opened the outage in which they were lost.
    pub lost_by_cause: [u128; Cause::ALL.len()],
    /// Lost writes by how they were lost.
    pub lost_by_mechanism: [u128; Mechanism::ALL.len()],
    /// Writes lost with a dataset by fault.
    pub dataset_lost_by_cause: [u128; Cause::ALL.len()],
}

impl Parts {
    fn add(&mut self, outcome: &Outcome) {
        add_all(&mut self.outage_by_cause, &outcome.by_cause);
        add_all(&mut self.outage_by_phase, &outcome.by_phase);
        add_all(&mut self.outage_by_ending, &outcome.by_ending);
        add_all(&mut self.lost_by_cause, &outcome.lost_by_cause);
        add_all(&mut self.lost_by_mechanism, &outcome.lost_by_mechanism);
        add_all(&mut self.dataset_lost_by_cause, &outcome.dataset_lost_by_cause);
    }

    fn merge(&mut self, other: &Parts) {
        add_all(&mut self.outage_by_cause, &other.outage_by_cause);
        add_all(&mut self.outage_by_phase, &other.outage_by_phase);
        add_all(&mut self.outage_by_ending, &other.outage_by_ending);
        add_all(&mut self.lost_by_cause, &other.lost_by_cause);
        add_all(&mut self.lost_by_mechanism, &other.lost_by_mechanism);
        add_all(&mut self.dataset_lost_by_cause, &other.dataset_lost_by_cause);
    }
}

fn add_all(sums: &mut [u128], parts: &[u128]) {
    for (sum, part) in sums.iter_mut().zip(parts) {
        *sum += part;
    }
}

/// What is known of all outages, or of all failovers, of the trials.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct EpisodeTally {
    /// Lengths in nanoseconds.
    pub lengths: Histogram,
    /// Seconds per episode, as a ratio of sums over trials.
    pub length: RatioMoments,
    /// Episodes longer than the RTO, as a share of all.
    pub rto_missed: RatioMoments,
    /// Episodes whose loss window is larger than the RPO, or that lost a dataset, as a share.
    pub rpo_missed: RatioMoments,
    /// How many there were.
    pub n: u64,
    /// Sum over trials of the square of how many there were.
    n_squares: u128,
}

impl EpisodeTally {
    /// How many independent episodes say at least as much as these, of which those of one trial
    /// may depend on each other (Kish 1965: squared sum over sum of squares of cluster sizes).
    pub fn effective_n(&self) -> f64 {
        match self.n_squares {
            0 => 0.0,
            squares => self.n as f64 * self.n as f64 / squares as f64,
        }
    }
}

/// The same for one block.
#[derive(Clone, Debug, Default)]
struct EpisodeBlock {
    /// Nanoseconds and trials.
    lengths: Vec<(u64, u64)>,
    length: RatioMoments,
    rto_missed: RatioMoments,
    rpo_missed: RatioMoments,
    n_squares: u128,
}

impl EpisodeBlock {
    /// Takes in the episodes of a trial.
    fn add(&mut self, trial: u64, episodes: impl Iterator<Item = Episode>) {
        let (mut n, mut seconds, mut rto_missed, mut rpo_missed) = (0u32, 0.0, 0u32, 0u32);
        for episode in episodes {
            n += 1;
            seconds += episode.length.as_secs_f64();
            rto_missed += u32::from(episode.misses_rto);
            rpo_missed += u32::from(episode.misses_rpo);
            self.lengths.push((episode.length.as_nanos(), trial));
        }
        let count = f64::from(n);
        self.length.add(seconds, count);
        self.rto_missed.add(f64::from(rto_missed), count);
        self.rpo_missed.add(f64::from(rpo_missed), count);
        self.n_squares += u128::from(n) * u128::from(n);
    }

    fn merge_into(&self, total: &mut EpisodeTally) {
        for (nanos, trial) in &self.lengths {
            total.lengths.add(u128::from(*nanos), *trial);
        }
        total.length.merge(&self.length);
        total.rto_missed.merge(&self.rto_missed);
        total.rpo_missed.merge(&self.rpo_missed);
        total.n += self.lengths.len() as u64;
        total.n_squares += self.n_squares;
    }
}

/// The trial that lost most: by dataset losses, then by bytes lost with them, then by writes lost
/// in any way; the earliest among equals.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
struct WorstLoss {
    loss: [u128; 3],
    trial: u64,
}

impl WorstLoss {
    fn consider(&mut self, other: WorstLoss) {
        if other.loss > self.loss {
            *self = other;
        }
    }
}

/// What the trials of one policy came to.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Tally {
    /// Trials counted.
    pub trials: u64,
    moments: Vec<Moments>,
    histograms: Vec<Histogram>,
    /// The great amounts taken apart.
    pub parts: Parts,
    trials_with: [u64; Probability::ALL.len()],
    worst_loss: WorstLoss,
    /// When writes were lost first, in nanoseconds, in the trials in which they were.
    pub first_write_loss: Histogram,
    /// When a dataset was lost first, likewise.
    pub first_dataset_loss: Histogram,
    /// Outages of shards.
    pub outages: EpisodeTally,
    /// Promotions.
    pub failovers: EpisodeTally,
    /// Refused calls, and hindered failovers.
    pub noted: NotedTally,
    /// Events applied in all trials.
    pub n_events: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Tally {
            trials: 0,
            moments: vec![Moments::default(); N_METRICS],
            histograms: vec![Histogram::default(); N_METRICS],
            parts: Parts::default(),
            trials_with: [0; Probability::ALL.len()],
            worst_loss: WorstLoss::default(),
            first_write_loss: Histogram::default(),
            first_dataset_loss: Histogram::default(),
            outages: EpisodeTally::default(),
            failovers: EpisodeTally::default(),
            noted: NotedTally::default(),
            n_events: 0,
        }
    }
}

impl Tally {
    /// Whether it knows of all metrics.
    pub(super) fn is_whole(&self) -> bool {
        self.moments.len() == N_METRICS && self.histograms.len() == N_METRICS
    }

    /// The moments of a metric, in its unit.
    pub fn of(&self, metric: Metric) -> &Moments {
        &self.moments[metric as usize]
    }

    /// The values of a metric, in its integers.
    pub fn values(&self, metric: Metric) -> &Histogram {
        &self.histograms[histogram_of(metric) as usize]
    }

    /// Trials in which it happened.
    pub fn hits(&self, probability: Probability) -> u64 {
        self.trials_with[probability as usize]
    }

    /// The trial that lost most; the first where none lost anything.
    pub fn worst_loss(&self) -> u64 {
        self.worst_loss.trial
    }

    /// What that lost, for comparison with other policies: datasets, bytes with them, writes.
    pub fn most_lost(&self) -> [u128; 3] {
        self.worst_loss.loss
    }

    /// The trial with the longest write outage; the earliest among equals.
    pub fn worst_outage(&self) -> u64 {
        self.values(Metric::WriteOutage).max().map_or(0, |(_, trial)| trial)
    }

    /// The trial with the shortest write outage of those that have one; the earliest among equals,
    /// and the first of all where none has one.
    pub fn mildest_outage(&self) -> u64 {
        self.values(Metric::WriteOutage).least_above_zero().map_or(0, |(_, trial)| trial)
    }

    /// Takes in the next block.
    pub fn merge(&mut self, block: &BlockTally) {
        self.trials += block.trials;
        for (sum, moments) in self.moments.iter_mut().zip(&block.moments) {
            sum.merge(moments);
        }
        for value in &block.values {
            self.histograms[value.metric as usize].add(value.raw, value.trial);
        }
        for (histogram, zeros) in self.histograms.iter_mut().zip(&block.zeros) {
            histogram.add_zeros(zeros.count, zeros.first_trial);
        }
        self.parts.merge(&block.parts);
        for (sum, hits) in self.trials_with.iter_mut().zip(block.trials_with) {
            *sum += hits;
        }
        self.worst_loss.consider(block.worst_loss);
        for (nanos, trial) in &block.first_write_losses {
            self.first_write_loss.add(u128::from(*nanos), *trial);
        }
        for (nanos, trial) in &block.first_dataset_losses {
            self.first_dataset_loss.add(u128::from(*nanos), *trial);
        }
        block.outages.merge_into(&mut self.outages);
        block.failovers.merge_into(&mut self.failovers);
        self.noted.merge(&block.noted);
        self.n_events += block.n_events;
    }
}

/// The metric whose integers are those of this one.
fn histogram_of(metric: Metric) -> Metric {
    match metric {
        // The same time, divided by something else.
        Metric::WriteUnavailability => Metric::WriteOutage,
        other => other,
    }
}

/// What one trial yields, where it is not zero.
#[derive(Clone, Copy, Debug)]
struct MetricValue {
    raw: u128,
    trial: u64,
    metric: Metric,
}

/// How often a metric was zero in a block.
#[derive(Clone, Copy, Debug, Default)]
struct Zeros {
    count: u64,
    first_trial: u64,
}

impl Zeros {
    fn add(&mut self, trial: u64) {
        if self.count == 0 {
            self.first_trial = trial;
        }
        self.count += 1;
    }
}

/// What a block of consecutive trials of one policy came to.
#[derive(Clone, Debug)]
pub struct BlockTally {
    first_trial: u64,
    trials: u64,
    moments: [Moments; N_METRICS],
    /// What is not zero.
    values: Vec<MetricValue>,
    zeros: [Zeros; N_METRICS],
    parts: Parts,
    trials_with: [u64; Probability::ALL.len()],
    worst_loss: WorstLoss,
    first_write_losses: Vec<(u64, u64)>,
    first_dataset_losses: Vec<(u64, u64)>,
    outages: EpisodeBlock,
    failovers: EpisodeBlock,
    noted: NotedTally,
    n_events: u64,
}

impl BlockTally {
    /// For trials from `first_trial` on.
    pub fn new(first_trial: u64) -> Self {
        BlockTally {
            first_trial,
            trials: 0,
            moments: [Moments::default(); N_METRICS],
            values: Vec::new(),
            zeros: [Zeros::default(); N_METRICS],
            parts: Parts::default(),
            trials_with: [0; Probability::ALL.len()],
            worst_loss: WorstLoss::default(),
            first_write_losses: Vec::new(),
            first_dataset_losses: Vec::new(),
            outages: EpisodeBlock::default(),
            failovers: EpisodeBlock::default(),
            noted: NotedTally::default(),
            n_events: 0,
        }
    }

    /// Takes in the next trial.
    pub fn add(&mut self, trial: &Finished<'_>) {
        let number = self.first_trial + self.trials;
        self.trials += 1;
        let Finished { outcome, values, episodes, objectives, n_events } = *trial;
        for metric in Metric::ALL {
            let raw = outcome.raw(metric);
            if raw == 0 {
                self.zeros[metric as usize].add(number);
                continue;
            }
            self.moments[metric as usize].add(values[metric as usize]);
            if histogram_of(metric) == metric {
                self.values.push(MetricValue { raw, trial: number, metric });
            }
        }
        self.parts.add(outcome);
        for probability in Probability::ALL {
            self.trials_with[probability as usize] += u64::from(happened(probability, outcome));
        }
        self.worst_loss.consider(WorstLoss {
            loss: [
                outcome.raw(Metric::DatasetLosses),
                outcome.raw(Metric::DatasetLostBytes),
                outcome.raw(Metric::LostWrites) + outcome.raw(Metric::DatasetLostWrites),
            ],
            trial: number,
        });
        let since_start = |at: SimTime| (at.as_nanos(), number);
        self.first_write_losses.extend(outcome.first_write_loss.map(since_start));
        self.first_dataset_losses.extend(outcome.first_dataset_loss.map(since_start));
        let outages = episodes.outages.iter().map(|outage| objectives.of_outage(outage));
        self.outages.add(number, outages);
        let failovers = episodes.failovers.iter().map(|it| objectives.of_failover(it));
        self.failovers.add(number, failovers);
        self.noted.add(episodes);
        self.n_events += n_events;
    }

    /// Counts the zeros, which [`Self::add`] passes over.
    pub fn finish(&mut self) {
        for (moments, zeros) in self.moments.iter_mut().zip(&self.zeros) {
            moments.add_zeros(zeros.count);
        }
    }
}

/// A trial that is over.
#[derive(Clone, Copy, Debug)]
pub struct Finished<'a> {
    /// Its integers.
    pub outcome: &'a Outcome,
    /// The same in the units of the metrics.
    pub values: &'a [f64; N_METRICS],
    /// Its outages and failovers.
    pub episodes: &'a Episodes,
    /// What the policy's owner wants.
    pub objectives: Objectives,
    /// Events applied.
    pub n_events: u64,
}

/// Whether it happened in a trial.
pub fn happened(probability: Probability, outcome: &Outcome) -> bool {
    let metric = match probability {
        Probability::DatasetLoss => Metric::DatasetLosses,
        Probability::WriteLoss => Metric::LostWrites,
        Probability::WriteOutage => Metric::WriteOutage,
    };
    outcome.raw(metric) > 0
}
