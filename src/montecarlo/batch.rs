//! [`run`]: all trials of one plan, one after the other, and what they came to together.

use crate::engine::rng::TrialKeys;
use crate::engine::time::SimTime;
use crate::model::fact::{Cause, Phase};
use crate::model::plan::Plan;
use crate::montecarlo::trial::Trial;
use crate::observe::metrics::{Metric, Metrics, N_METRICS, Outcome};
use crate::stats::moments::Moments;

/// Which trials to run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BatchSpec {
    /// One number per run.
    pub seed: u64,
    /// Trials 0 to this, exclusive; at least one.
    pub trials: u64,
}

/// What a batch came to.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What was run.
    pub spec: BatchSpec,
    /// By metric, in its unit.
    pub moments: [Moments; N_METRICS],
    /// Per trial, the write outage in seconds, ascending.
    pub write_outages_s: Vec<f64>,
    /// Per trial, the lost writes, ascending.
    pub lost_writes: Vec<f64>,
    /// Share of the write outage by phase; zero where there was no outage.
    pub phase_shares: [f64; Phase::ALL.len()],
    /// Share of the write outage by cause.
    pub cause_shares: [f64; Cause::ALL.len()],
    /// Trials with at least one dataset loss.
    pub trials_with_dataset_loss: u64,
    /// Trials with lost writes.
    pub trials_with_write_loss: u64,
    /// Trials with a write outage.
    pub trials_with_write_outage: u64,
    /// The trial that lost most: by dataset losses, then by bytes lost with them, then by writes
    /// lost in any way; the earliest among equals.
    pub worst_loss: u64,
    /// The trial with the longest write outage; the earliest among equals.
    pub worst_outage: u64,
    /// Events applied in all trials.
    pub n_events: u64,
}

impl Summary {
    /// The moments of a metric.
    pub fn of(&self, metric: Metric) -> &Moments {
        &self.moments[metric as usize]
    }
}

/// A trial broke one of our own assertions: a bug of ours, with what reproduces it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BrokenTrial {
    /// The seed.
    pub seed: u64,
    /// The trial.
    pub trial: u64,
    /// When in it.
    pub at: SimTime,
}

/// Runs the trials of `spec` one after the other.
pub fn run(plan: &Plan, spec: BatchSpec) -> Result<Summary, BrokenTrial> {
    assert!(spec.trials > 0, "a batch has at least one trial");
    let mut keys = TrialKeys::new(spec.seed);
    let mut trial = Trial::begin(plan, keys.key(0));
    let mut metrics = Metrics::new(plan);
    let mut fold = Fold::new(plan, spec);
    for n in 0..spec.trials {
        trial.restart(keys.key(n));
        trial.run_guarded(plan.horizon, &mut metrics).map_err(|broken| BrokenTrial {
            seed: spec.seed,
            trial: n,
            at: broken.at,
        })?;
        let outcome = metrics.finish(trial.now());
        metrics.restart();
        fold.add(n, &outcome, trial.n_events());
    }
    Ok(fold.finish())
}

/// What is gathered while the trials run.
struct Fold {
    divisors: [f64; N_METRICS],
    summary: Summary,
    by_phase: [u128; Phase::ALL.len()],
    by_cause: [u128; Cause::ALL.len()],
    worst_loss: [u128; 3],
    worst_outage: u128,
}

impl Fold {
    fn new(plan: &Plan, spec: BatchSpec) -> Self {
        let summary = Summary {
            spec,
            moments: [Moments::default(); N_METRICS],
            write_outages_s: Vec::with_capacity(spec.trials as usize),
            lost_writes: Vec::with_capacity(spec.trials as usize),
            phase_shares: [0.0; Phase::ALL.len()],
            cause_shares: [0.0; Cause::ALL.len()],
            trials_with_dataset_loss: 0,
            trials_with_write_loss: 0,
            trials_with_write_outage: 0,
            worst_loss: 0,
            worst_outage: 0,
            n_events: 0,
        };
        Fold {
            divisors: Metric::ALL.map(|metric| metric.divisor(plan)),
            summary,
            by_phase: [0; Phase::ALL.len()],
            by_cause: [0; Cause::ALL.len()],
            worst_loss: [0; 3],
            worst_outage: 0,
        }
    }

    fn add(&mut self, n: u64, outcome: &Outcome, n_events: u64) {
        let mut values = [0.0; N_METRICS];
        for (value, (raw, divisor)) in
            values.iter_mut().zip(outcome.values.iter().zip(&self.divisors))
        {
            if *raw > 0 {
                *value = *raw as f64 / divisor;
            }
        }
        for (moments, value) in self.summary.moments.iter_mut().zip(values) {
            moments.add(value);
        }
        self.summary.write_outages_s.push(values[Metric::WriteOutage as usize]);
        self.summary.lost_writes.push(values[Metric::LostWrites as usize]);
        for (sum, part) in self.by_phase.iter_mut().zip(outcome.by_phase) {
            *sum += part;
        }
        for (sum, part) in self.by_cause.iter_mut().zip(outcome.by_cause) {
            *sum += part;
        }
        let datasets = outcome.raw(Metric::DatasetLosses);
        self.summary.trials_with_dataset_loss += u64::from(datasets > 0);
        self.summary.trials_with_write_loss += u64::from(outcome.raw(Metric::LostWrites) > 0);
        let loss = [
            datasets,
            outcome.raw(Metric::DatasetLostBytes),
            outcome.raw(Metric::LostWrites) + outcome.raw(Metric::DatasetLostWrites),
        ];
        if loss > self.worst_loss {
            self.worst_loss = loss;
            self.summary.worst_loss = n;
        }
        let outage = outcome.raw(Metric::WriteOutage);
        self.summary.trials_with_write_outage += u64::from(outage > 0);
        if outage > self.worst_outage {
            self.worst_outage = outage;
            self.summary.worst_outage = n;
        }
        self.summary.n_events += n_events;
    }

    fn finish(self) -> Summary {
        let mut summary = self.summary;
        summary.write_outages_s.sort_by(f64::total_cmp);
        summary.lost_writes.sort_by(f64::total_cmp);
        let total: u128 = self.by_phase.iter().sum();
        if total > 0 {
            summary.phase_shares = self.by_phase.map(|part| part as f64 / total as f64);
            summary.cause_shares = self.by_cause.map(|part| part as f64 / total as f64);
        }
        summary
    }
}
