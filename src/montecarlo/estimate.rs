//! [`Estimator`]: from what a batch gathered to numbers with intervals.

use crate::engine::law::Law;
use crate::engine::time::{NANOS_PER_SEC, SimTime, YEAR};
use crate::model::plan::Plan;
use crate::montecarlo::compare::Differences;
use crate::montecarlo::quantity::{Probability, Quantity, Statistic};
use crate::montecarlo::rare::study::Found;
use crate::montecarlo::tally::{EpisodeTally, Tally};
use crate::observe::metrics::{Metric, observed};
use crate::stats::histogram::{Histogram, Quantile};
use crate::stats::intervals;
use crate::stats::level::{Estimate, Level};
use crate::stats::probability::{self, Discordant};

/// Reads a policy's tally.
#[derive(Clone, Copy, Debug)]
pub struct Estimator<'a> {
    /// What its trials came to.
    pub tally: &'a Tally,
    /// What they were run with.
    pub plan: &'a Plan,
    /// Level of the intervals.
    pub level: Level,
    /// What a study of rare losses found, where that stands in the place of what the trials say
    /// of the probability of a dataset loss.
    pub losses: Option<&'a Found>,
}

/// The difference of a policy and its reference, twice.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Difference {
    /// From the trials in pairs, on the same faults.
    pub paired: Estimate,
    /// As if the two had been run apart; what pairing saved shows beside it.
    pub unpaired: Estimate,
}

/// Whether the interval of a difference leaves no doubt that there is one.
pub fn is_shown(difference: &Estimate) -> bool {
    let Estimate { low, high, .. } = difference;
    low.is_some_and(|low| low > 0.0) || high.is_some_and(|high| high < 0.0)
}

/// Whether the interval of a ratio leaves no doubt that two numbers differ.
pub fn is_not_one(ratio: &Estimate) -> bool {
    let Estimate { low, high, .. } = ratio;
    low.is_some_and(|low| low > 1.0) || high.is_some_and(|high| high < 1.0)
}

/// A time to an event that some trials did not see before they ended.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Incidence {
    /// Seconds since the start of the trial.
    pub t_s: f64,
    /// Share of the trials that have seen it by then.
    pub share: Estimate,
}

impl Estimator<'_> {
    /// A quantity; `None` where the trials say nothing of it: no outage has a length.
    pub fn of(&self, quantity: Quantity) -> Option<Estimate> {
        match quantity {
            Quantity::Metric { metric, statistic } => self.metric(metric, statistic),
            Quantity::Probability(probability) => Some(self.probability(probability)),
            Quantity::OutageLength(statistic) => self.length(&self.tally.outages, statistic),
            Quantity::FailoverLength(statistic) => self.length(&self.tally.failovers, statistic),
            Quantity::RtoMissed => self.tally.outages.rto_missed.share(self.level),
            Quantity::RpoMissed => self.tally.failovers.rpo_missed.share(self.level),
        }
    }

    /// In how many trials, outages or failovers there was something to be counted: what an
    /// interval of the quantity rests on.
    pub fn evidence(&self, quantity: Quantity) -> u64 {
        match quantity {
            Quantity::Metric { metric, .. } => self.tally.of(metric).n_nonzero(),
            Quantity::Probability(probability) => match self.study_of(probability) {
                Some(found) => found.tally.hits,
                None => self.tally.hits(probability),
            },
            Quantity::OutageLength(_) => self.tally.outages.n,
            Quantity::FailoverLength(_) => self.tally.failovers.n,
            Quantity::RtoMissed => self.tally.outages.rto_missed.numerator() as u64,
            Quantity::RpoMissed => self.tally.failovers.rpo_missed.numerator() as u64,
        }
    }

    /// A statistic of a metric over the trials, in the metric's unit.
    pub fn metric(&self, metric: Metric, statistic: Statistic) -> Option<Estimate> {
        let moments = self.tally.of(metric);
        let values = self.tally.values(metric);
        let divisor = metric.divisor(self.plan);
        match statistic {
            Statistic::Mean => Some(self.mean(metric)),
            Statistic::Sd => intervals::sd(moments, self.level),
            Statistic::P50 => self.metric_quantile(metric, 0.5),
            Statistic::P95 => self.metric_quantile(metric, 0.95),
            Statistic::P99 => self.metric_quantile(metric, 0.99),
            Statistic::Max => {
                let (value, _) = values.max()?;
                Some(Estimate::unbounded(value as f64 / divisor))
            }
            Statistic::Zero => {
                Some(probability::clopper_pearson(values.zeros(), values.n(), self.level))
            }
        }
    }

    /// The kinds of random faults that are expected to strike so few times in all trials that
    /// means may lack what they do, with how often that is.
    pub fn rare_faults(&self) -> Vec<(&'static str, f64)> {
        const ENOUGH: f64 = 10.0;
        let plan = self.plan;
        let time = plan.horizon.since(SimTime::START).as_nanos() as f64 * self.tally.trials as f64;
        let strikes = |life: &Law, n: usize| time * n as f64 / life.mean();
        let n_azs = plan.azs.iter().filter(|az| !az.nodes.is_empty()).count();
        let nodes = plan.node_failures.iter().map(|it| (&it.life, plan.nodes.len()));
        let azs = plan.az_failures.iter().map(|it| (&it.life, n_azs));
        let groups = plan
            .group_failures
            .iter()
            .map(|it| (&it.life, it.group.map_or(plan.groups.len(), |_| 1)));
        let named = |name| move |(life, n): (&Law, usize)| (name, strikes(life, n));
        nodes
            .map(named("node-failure"))
            .chain(azs.map(named("az-failure")))
            .chain(groups.map(named("group-failure")))
            .filter(|(_, strikes)| *strikes < ENOUGH)
            .collect()
    }

    /// The mean of a metric. Trials that are all alike so far say nothing of a fault that comes by
    /// chance and has not come yet.
    fn mean(&self, metric: Metric) -> Estimate {
        let moments = self.tally.of(metric);
        let mean = intervals::mean(moments, self.level);
        match moments.is_constant() && self.plan.has_random_faults() {
            true => Estimate { low: Some(0.0), high: None, ..mean },
            false => mean,
        }
    }

    /// The mean of a metric over the trials in which it is other than zero, in the metric's unit.
    pub fn mean_nonzero(&self, metric: Metric) -> Estimate {
        intervals::mean(&self.tally.of(metric).nonzero(), self.level)
    }

    fn metric_quantile(&self, metric: Metric, p: f64) -> Option<Estimate> {
        let quantile = self.tally.values(metric).quantile(p, self.level)?;
        Some(in_unit(quantile, metric.divisor(self.plan)))
    }

    /// The trial whose write outage is in the middle of all; the earliest of those alike.
    pub fn median_trial(&self) -> u64 {
        let outages = self.tally.values(Metric::WriteOutage);
        outages.quantile(0.5, self.level).map_or(0, |median| median.trial)
    }

    /// The study that a probability is from; nothing if it is from the trials.
    pub fn study_of(&self, probability: Probability) -> Option<&Found> {
        self.losses.filter(|_| probability == Probability::DatasetLoss)
    }

    /// How likely it is: the share of trials in which it happened, or what a study found.
    pub fn probability(&self, probability: Probability) -> Estimate {
        if let Some(found) = self.study_of(probability) {
            return found.tally.estimate(self.level);
        }
        let hits = self.tally.hits(probability);
        probability::clopper_pearson(hits, self.tally.trials, self.level)
    }

    /// A statistic of the lengths of episodes, in seconds. The episodes of one trial may depend
    /// on each other; intervals allow for that.
    pub fn length(&self, episodes: &EpisodeTally, statistic: Statistic) -> Option<Estimate> {
        let quantile = |p| {
            let n = episodes.effective_n();
            let quantile = episodes.lengths.quantile_clustered(p, self.level, n)?;
            Some(in_unit(quantile, NANOS_PER_SEC as f64))
        };
        match statistic {
            Statistic::Mean => episodes.length.estimate(self.level),
            Statistic::P50 => quantile(0.5),
            Statistic::P95 => quantile(0.95),
            Statistic::P99 => quantile(0.99),
            Statistic::Max => {
                let (nanos, _) = episodes.lengths.max()?;
                Some(Estimate::unbounded(nanos as f64 / NANOS_PER_SEC as f64))
            }
            Statistic::Sd | Statistic::Zero => None,
        }
    }

    /// A metric per year of observed time; `None` where faults are scheduled, since it would say
    /// how long a horizon was chosen.
    pub fn per_year(&self, metric: Metric) -> Option<Estimate> {
        let years = observed(self.plan).as_secs_f64() / YEAR.as_secs_f64();
        let mean = self.mean(metric);
        let scaled = |value: f64| value / years;
        self.plan.script.is_empty().then(|| Estimate {
            value: scaled(mean.value),
            low: mean.low.map(scaled),
            high: mean.high.map(scaled),
        })
    }

    /// Nines of the mean write availability, as in 3.5 for 99.97 %; `None` where faults are
    /// scheduled, or no outage was seen.
    pub fn nines(&self) -> Option<Estimate> {
        let mean = self.mean(Metric::WriteUnavailability);
        let nines = |share: f64| -share.log10();
        (self.plan.script.is_empty() && mean.value > 0.0).then(|| Estimate {
            value: nines(mean.value),
            low: mean.high.map(nines),
            high: mean.low.filter(|low| *low > 0.0).map(nines),
        })
    }

    /// How many of the trials have seen something by each quarter of the horizon, by Kaplan and
    /// Meier (1958): one less the survival. All trials that did not see it are censored at the
    /// horizon, so this is the empirical distribution, and each point is a binomial share.
    pub fn incidence(&self, first: &Histogram) -> [Incidence; 4] {
        [1, 2, 3, 4].map(|quarter| {
            let t = self.plan.horizon.since(SimTime::START).as_nanos() / 4 * quarter;
            let hits = match quarter {
                4 => first.n(),
                _ => first.count_at_most(u128::from(t)),
            };
            Incidence {
                t_s: t as f64 / NANOS_PER_SEC as f64,
                share: probability::clopper_pearson(hits, self.tally.trials, self.level),
            }
        })
    }

    /// The time, in seconds since the start of the trial, by which a share `p` of the trials has
    /// seen something; `None`, or an open end, beyond the horizon.
    pub fn time_to(&self, first: &Histogram, p: f64) -> Option<Estimate> {
        let mut times = first.clone();
        times.add_many(u128::MAX, u64::MAX, self.tally.trials - first.n());
        let seconds = |nanos: u128| nanos as f64 / NANOS_PER_SEC as f64;
        let is_seen = |nanos: &u128| *nanos < u128::MAX;
        let quantile = times.quantile(p, self.level)?;
        is_seen(&quantile.value).then(|| Estimate {
            value: seconds(quantile.value),
            low: quantile.low.filter(is_seen).map(seconds),
            high: quantile.high.filter(is_seen).map(seconds),
        })
    }

    /// How the mean of a metric differs from that of a reference.
    pub fn difference(
        &self,
        metric: Metric,
        (differences, reference): (&Differences, &Tally),
    ) -> Difference {
        Difference {
            paired: intervals::signed_mean(differences.of(metric), self.level),
            unpaired: intervals::unpaired(self.tally.of(metric), reference.of(metric), self.level),
        }
    }

    /// How a probability differs from that of a reference; paired only.
    pub fn probability_difference(
        &self,
        probability: Probability,
        differences: &Differences,
    ) -> Estimate {
        let counts = differences.discordance(probability);
        let discordant = Discordant {
            only_this: counts.only_this,
            only_reference: counts.only_reference,
            n: self.tally.trials,
        };
        probability::paired_probability(discordant, self.level)
    }
}

fn in_unit(quantile: Quantile, divisor: f64) -> Estimate {
    let in_unit = |value: u128| value as f64 / divisor;
    Estimate {
        value: in_unit(quantile.value),
        low: quantile.low.map(in_unit),
        high: quantile.high.map(in_unit),
    }
}
