//! [`Summary`]: the numbers of a study, in the form that programs read.
//!
//! One tree of types is the JSON, its schema and the CSV. Numbers are rounded to twelve digits:
//! nothing beyond says anything, and the last bits of a logarithm may differ between machines.

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::engine::time::{NANOS_PER_SEC, SimTime, Span};
use crate::model::fact::{Cause, Phase};
use crate::montecarlo::estimate::{Estimator, is_not_one, is_shown};
use crate::montecarlo::losses::{Stands, WhyTrials};
use crate::montecarlo::objectives::Objectives;
use crate::montecarlo::quantity::{Probability, Statistic};
use crate::montecarlo::rare::estimate::Doubt;
use crate::montecarlo::rare::excursion::Steering;
use crate::montecarlo::rare::study::Found;
use crate::montecarlo::tally::EpisodeTally;
use crate::observe::metrics::{Ending, Mechanism, Metric};
use crate::report::study::{Ended, Study};
use crate::report::ways::{self, FirstFailure, LossWay};
use crate::report::{expect, schema};
use crate::scenario::expect::{Bound, Verdict};
use crate::scenario::{self, Policy};
use crate::stats::histogram::Histogram;
use crate::stats::level::Estimate;
use crate::stats::ratio::RatioMoments;

/// Version of the JSON forms; it rises when a field changes its meaning or goes.
pub const SCHEMA: u32 = 1;

/// What the trials of a scenario came to: one JSON object, printed by `ecsim run --format json`
/// and kept as `summary.json`.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Summary of an ecsim run")]
pub struct Summary {
    /// Version of the form; this one is 1.
    #[schemars(extend("const" = SCHEMA))]
    schema: u32,
    /// The scenario's name.
    scenario: String,
    /// The seed of all random numbers.
    seed: u64,
    /// Simulated time of one trial, in seconds.
    horizon_s: f64,
    /// Opening part of each trial that is not counted, in seconds.
    warm_up_s: f64,
    /// What the means are of: each trial is observed from `warm_up_s` to `horizon_s`, from a
    /// fresh start with all nodes up at 0.
    estimand: &'static str,
    /// Level of all intervals.
    level: f64,
    /// Trials asked for, at most.
    trials_asked: u64,
    /// Why there are no more trials.
    ended: EndedName,
    /// The policy that the others are compared with.
    reference: String,
    /// One entry per policy.
    policies: Vec<PolicySummary>,
    /// Differences of the other policies from the reference, on the same faults.
    comparisons: Vec<Comparison>,
    /// What the scenario expects, and what came of it.
    expectations: Vec<Expectation>,
    /// Values that the results depend on and for which the scenario names no source.
    assumptions: Vec<Assumption>,
}

/// Numbers by name, in order: an object in JSON.
type Named<T> = Vec<(&'static str, T)>;

fn as_object<S: Serializer, T: Serialize>(named: &Named<T>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(named.iter().map(|(name, value)| (name, value)))
}

/// Why a batch ended.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum EndedName {
    /// All trials were run.
    Complete,
    /// The precision asked for was reached.
    Precise,
    /// All trials were run, and the precision asked for was not reached.
    Imprecise,
    /// It was interrupted; the trials counted are finished ones.
    Interrupted,
}

/// What the trials of one policy came to.
#[derive(Serialize, JsonSchema)]
struct PolicySummary {
    /// Its name.
    name: String,
    /// How many trials were run.
    trials: u64,
    /// Statistics over the trials, by metric; each metric is a number per trial.
    #[serde(serialize_with = "as_object")]
    #[schemars(with = "schema::Metrics<Statistics>")]
    metrics: Named<Statistics>,
    /// Shares of trials in which something happened at all.
    probabilities: Probabilities,
    /// Counts and seconds per year of observed time; null where faults are scheduled.
    per_year: Option<PerYear>,
    /// Nines of the mean write availability: 3.5 for 99.97 %; null where faults are scheduled, or
    /// no outage was seen.
    nines: Option<Stat>,
    /// Time to the first loss, by Kaplan and Meier.
    time_to_first_loss: FirstLosses,
    /// Outages of shards, each counted.
    outages: Episodes,
    /// Completed promotions, each counted.
    failovers: Episodes,
    /// Means taken apart by the kind of fault; each sums to the mean of the metric.
    by_fault: ByFault,
    /// Means taken apart by what was waited for.
    by_phase: ByPhase,
    /// Means taken apart by how it happened.
    by_mechanism: ByMechanism,
    /// Trials worth a look: `ecsim replay --trial N` tells them.
    kept_trials: KeptTrials,
    /// Values that its results depend on and for which the scenario names no source.
    assumptions: Vec<Assumption>,
}

/// An estimate with its interval.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Estimate")]
struct Stat {
    /// The estimate.
    value: f64,
    /// Interval at the summary's level; an end is null where the trials cannot bound it.
    ci: [Option<f64>; 2],
}

/// The largest value seen.
#[derive(Serialize, JsonSchema)]
struct Max {
    /// The value; it says nothing of larger ones that were not seen.
    value: f64,
    /// The earliest trial that had it.
    trial: u64,
}

/// Statistics of one metric over the trials.
#[derive(Serialize, JsonSchema)]
struct Statistics {
    /// The mean.
    mean: Stat,
    /// The standard deviation; null after one trial.
    sd: Option<Stat>,
    /// Half of the trials are at most this.
    p50: Stat,
    /// 95 % of the trials are at most this.
    p95: Stat,
    /// 99 % of the trials are at most this.
    p99: Stat,
    /// The largest value.
    max: Max,
    /// The share of trials with exactly zero.
    zero: Stat,
}

/// Shares of trials.
#[derive(Serialize, JsonSchema)]
struct Probabilities {
    /// In which a shard lost its last complete copy, or a migration was completed by force before
    /// its target had one: lost for the application, though the source still has the data.
    dataset_loss: LossShare,
    /// In which acknowledged writes were lost.
    write_loss: Share,
    /// In which writers reached no primary for a while.
    write_outage: Share,
}

/// A share of the trials.
#[derive(Serialize, JsonSchema)]
struct Share {
    /// Hits divided by trials.
    #[schemars(range(min = 0, max = 1))]
    value: f64,
    /// Interval at the summary's level.
    #[schemars(inner(range(min = 0, max = 1)))]
    ci: [Option<f64>; 2],
    /// How the interval was found.
    method: IntervalMethod,
    /// In how many trials it happened.
    hits: u64,
}

/// The probability of a dataset loss: a share of the trials, or what a study of rare losses found.
#[derive(Serialize, JsonSchema)]
struct LossShare {
    /// The probability.
    #[schemars(range(min = 0, max = 1))]
    value: f64,
    /// Interval at the summary's level.
    #[schemars(inner(range(min = 0, max = 1)))]
    ci: [Option<f64>; 2],
    /// How the probability and its interval were found.
    method: IntervalMethod,
    /// In how many trials it happened; of a study, how many of its excursions came to a loss.
    hits: u64,
    /// What the study rests on; only where there was one.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    study: Option<LossStudy>,
}

/// What a study of rare losses rests on, whether its estimate stands or not.
#[derive(Serialize, JsonSchema)]
struct LossStudy {
    /// Why `value`, `ci`, `method` and `hits` are those of the trials; absent where they are of the
    /// study.
    #[serde(skip_serializing_if = "Option::is_none")]
    declined: Option<Declined>,
    /// How the study looked for losses.
    steering: SteeringName,
    /// Trials with excursions from them.
    replications: u64,
    /// Excursions in which failures are chosen instead of waited for.
    excursions: u64,
    /// Replications of equal weight that would say as much.
    effective_sample_size: f64,
    /// Share of the replication with the largest weight in the estimate.
    #[schemars(range(min = 0, max = 1))]
    largest_weight_share: f64,
    /// Mean of the likelihood ratios of all excursions; 1 is expected. Null where trials are split.
    mean_likelihood_ratio: Option<f64>,
    /// Standard error of that mean; null after one excursion.
    likelihood_ratio_error: Option<f64>,
    /// Trials that would know the probability as precisely; null while the precision is unknown.
    crude_trials: Option<f64>,
    /// States of the Markov chain that guides excursions.
    guide_states: usize,
    /// Instants per replication from which excursions depart.
    departures: u32,
    /// How losses happen, the likeliest way first.
    ways: Vec<LossWay>,
    /// Who fails first, in the order of the plan.
    first_failures: Vec<FirstFailure>,
}

/// Why the estimate of a study is not given.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Declined {
    /// The trials reach the precision that is asked for.
    TrialsArePrecise,
    /// No excursion came to a loss.
    NoneSeen,
    /// Too few did.
    FewHits,
    /// Few large weights carry the estimate.
    FewEffective,
    /// One replication alone is too large a part of it.
    LargestWeight,
}

/// How a study looked for losses.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum SteeringName {
    /// Failures are chosen as a Markov chain says that they lead to a loss.
    Guided,
    /// All failures are alike likely.
    BalancedBiasing,
    /// Failures come by their own laws; excursions that come nearer to a loss are split.
    Splitting,
}

/// How an interval was found.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum IntervalMethod {
    /// Exact for a binomial count (Clopper and Pearson).
    ClopperPearson,
    /// By a study of rare losses, guided by a Markov chain.
    Guided,
    /// By a study of rare losses, by balanced failure biasing.
    BalancedBiasing,
    /// By a study of rare losses, by splitting.
    Splitting,
}

/// Means per year of observed time.
#[derive(Serialize, JsonSchema)]
struct PerYear {
    /// Seconds of write outage.
    write_outage_s: Stat,
    /// Intervals in which any shard accepted no write.
    write_outages: Stat,
    /// Completed promotions.
    failovers: Stat,
    /// Lost writes.
    lost_writes: Stat,
    /// Lost datasets.
    dataset_losses: Stat,
}

/// Times to the first loss since the start of a trial.
#[derive(Serialize, JsonSchema)]
struct FirstLosses {
    /// Of acknowledged writes, short of a dataset.
    write_loss: FirstLoss,
    /// Of a dataset.
    dataset_loss: FirstLoss,
}

/// The time to a first loss; trials without one are censored at the horizon.
#[derive(Serialize, JsonSchema)]
struct FirstLoss {
    /// The time in seconds by which one trial in a hundred has seen one; null beyond the horizon.
    p1_s: Option<Stat>,
    /// The same for one in twenty.
    p5_s: Option<Stat>,
    /// The same for half of them.
    p50_s: Option<Stat>,
    /// The share of trials that have seen one, by each quarter of the horizon.
    by: Vec<Incidence>,
}

/// A point of the distribution of a time to a loss.
#[derive(Serialize, JsonSchema)]
struct Incidence {
    /// Seconds since the start of the trial.
    t_s: f64,
    /// Share of the trials that have seen it by then.
    share: Stat,
}

/// All outages, or all failovers, of all trials.
#[derive(Serialize, JsonSchema)]
struct Episodes {
    /// How many there were.
    n: u64,
    /// Their lengths in seconds; null where there was none.
    length_s: Option<Lengths>,
    /// Share that was longer than `objectives.rto`; null without it.
    rto_missed: Option<Stat>,
    /// Share that lost writes older than `objectives.rpo`, or a dataset; null without it.
    rpo_missed: Option<Stat>,
}

/// Statistics of lengths.
#[derive(Serialize, JsonSchema)]
struct Lengths {
    /// Their mean.
    mean: Stat,
    /// Their median.
    p50: Stat,
    /// 95 % are at most this.
    p95: Stat,
    /// 99 % are at most this.
    p99: Stat,
    /// The longest.
    max: Max,
}

/// Means by the kind of fault.
#[derive(Serialize, JsonSchema)]
struct ByFault {
    /// By the fault that opened the outage.
    #[serde(serialize_with = "as_object")]
    #[schemars(with = "schema::Causes")]
    write_outage_s: Named<f64>,
    /// By the fault that opened the outage in which they were lost.
    #[serde(serialize_with = "as_object")]
    #[schemars(with = "schema::Causes")]
    lost_writes: Named<f64>,
    /// Likewise.
    #[serde(serialize_with = "as_object")]
    #[schemars(with = "schema::Causes")]
    dataset_lost_writes: Named<f64>,
}

/// Means by what was waited for.
#[derive(Serialize, JsonSchema)]
struct ByPhase {
    /// Parts of the mean of `write_outage_s`.
    #[serde(serialize_with = "as_object")]
    #[schemars(with = "schema::Phases")]
    write_outage_s: Named<f64>,
}

/// Means by how it happened.
#[derive(Serialize, JsonSchema)]
struct ByMechanism {
    /// By how the outage ended.
    #[serde(serialize_with = "as_object")]
    #[schemars(with = "schema::Endings")]
    write_outage_s: Named<f64>,
    /// By how the writes were lost.
    #[serde(serialize_with = "as_object")]
    #[schemars(with = "schema::Mechanisms")]
    lost_writes: Named<f64>,
}

/// Trials worth a look.
#[derive(Serialize, JsonSchema)]
struct KeptTrials {
    /// The one that lost most: by datasets, then by their bytes, then by writes.
    worst_loss: u64,
    /// The one with the longest write outage.
    worst_outage: u64,
    /// The one with the shortest write outage of those that have one.
    mildest_outage: u64,
    /// The one whose write outage is in the middle of all.
    median: u64,
}

/// A policy against the reference.
#[derive(Serialize, JsonSchema)]
struct Comparison {
    /// The policy.
    policy: String,
    /// What it is compared with.
    reference: String,
    /// A metric, or a probability by its name.
    metric: &'static str,
    /// Policy less reference, from the trials in pairs.
    difference: Stat,
    /// Whether the interval excludes zero, of a ratio one; where it does not, no difference is shown, which does
    /// not mean that there is none.
    shown: bool,
    /// The interval that two batches without common random numbers would have; null for
    /// probabilities.
    unpaired_ci: Option<[Option<f64>; 2]>,
    /// The probability with the policy over that with the reference; only where a study of rare
    /// losses found it.
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<Stat>,
}

/// An expectation of a policy, and what came of it.
#[derive(Serialize, JsonSchema)]
struct Expectation {
    /// The policy.
    policy: String,
    /// The quantity by its name, as in `write_outage_s.p99`.
    metric: String,
    /// On which side of the limit it has to be.
    side: Side,
    /// The limit, in the quantity's unit.
    limit: f64,
    /// What was found; null where the trials say nothing of it.
    value: Option<f64>,
    /// Its interval at the summary's level; an end is null where the trials cannot bound it.
    ci: [Option<f64>; 2],
    /// Whether the whole interval is on the right side.
    passed: bool,
    /// Whether it passed, failed (the whole interval is on the wrong side), or neither.
    verdict: VerdictName,
}

/// A side of a limit.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Side {
    /// Less than it.
    Below,
    /// More than it.
    Above,
}

/// What came of an expectation.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum VerdictName {
    /// It is kept.
    Pass,
    /// It is not.
    Fail,
    /// The interval holds the limit.
    Undecided,
}

/// A value for which the scenario names no source.
#[derive(Clone, PartialEq, Serialize, JsonSchema)]
pub(super) struct Assumption {
    /// Dotted path, as in `timing.detection`.
    path: String,
    /// The value as TOML on one line.
    value: String,
    /// Whether it is a default, and how well that is founded.
    why: String,
}

/// The summary of a study.
pub fn summary(study: &Study<'_>) -> Summary {
    let plan = &study.policies[study.reference].plan;
    let entries = study.entries().enumerate();
    let policies: Vec<PolicySummary> =
        entries.map(|(n, (policy, estimator))| of_policy((study, n), policy, &estimator)).collect();
    let mut assumptions: Vec<Assumption> = Vec::new();
    for assumption in policies.iter().flat_map(|policy| &policy.assumptions) {
        if !assumptions.contains(assumption) {
            assumptions.push(assumption.clone());
        }
    }
    Summary {
        schema: SCHEMA,
        scenario: study.experiment.name.clone(),
        seed: study.experiment.seed,
        horizon_s: secs(plan.horizon),
        warm_up_s: secs(plan.warm_up),
        estimand: ESTIMAND,
        level: study.level.get(),
        trials_asked: study.asked,
        ended: match study.ended {
            Ended::Complete => EndedName::Complete,
            Ended::Precise => EndedName::Precise,
            Ended::Imprecise => EndedName::Imprecise,
            Ended::Interrupted => EndedName::Interrupted,
        },
        reference: study.policies[study.reference].name.clone(),
        policies,
        comparisons: comparisons(study),
        expectations: expect::judge(study).iter().map(expectation).collect(),
        assumptions,
    }
}

/// The summary of a study as indented JSON.
pub fn json(study: &Study<'_>) -> String {
    serde_json::to_string_pretty(&summary(study)).expect("a summary is JSON") + "\n"
}

/// What all numbers are of.
const ESTIMAND: &str = "over [warm_up_s, horizon_s] from a fresh start";

fn of_policy(of: (&Study<'_>, usize), policy: &Policy, estimator: &Estimator<'_>) -> PolicySummary {
    let tally = estimator.tally;
    let objectives = policy.objectives;
    let first = |seen: &Histogram| first_loss(estimator, seen);
    let by = |metric, amounts: Parts<'_>| parts(estimator, metric, amounts);
    let (causes, sums) = (Cause::ALL.map(Cause::name), &tally.parts);
    PolicySummary {
        name: policy.name.clone(),
        trials: tally.trials,
        metrics: Metric::ALL.map(|m| (m.name(), statistics(estimator, m))).into(),
        probabilities: Probabilities {
            dataset_loss: loss_share(of),
            write_loss: share(estimator, Probability::WriteLoss),
            write_outage: share(estimator, Probability::WriteOutage),
        },
        per_year: per_year(estimator),
        nines: estimator.nines().map(stat),
        time_to_first_loss: FirstLosses {
            write_loss: first(&tally.first_write_loss),
            dataset_loss: first(&tally.first_dataset_loss),
        },
        outages: episodes(estimator, &tally.outages, objectives),
        failovers: episodes(estimator, &tally.failovers, objectives),
        by_fault: ByFault {
            write_outage_s: by(Metric::WriteOutage, (&causes, &sums.outage_by_cause)),
            lost_writes: by(Metric::LostWrites, (&causes, &sums.lost_by_cause)),
            dataset_lost_writes: by(
                Metric::DatasetLostWrites,
                (&causes, &sums.dataset_lost_by_cause),
            ),
        },
        by_phase: ByPhase {
            write_outage_s: by(
                Metric::WriteOutage,
                (&Phase::ALL.map(phase_key), &sums.outage_by_phase),
            ),
        },
        by_mechanism: ByMechanism {
            write_outage_s: by(
                Metric::WriteOutage,
                (&Ending::ALL.map(Ending::name), &sums.outage_by_ending),
            ),
            lost_writes: by(
                Metric::LostWrites,
                (&Mechanism::ALL.map(Mechanism::name), &sums.lost_by_mechanism),
            ),
        },
        kept_trials: KeptTrials {
            worst_loss: tally.worst_loss(),
            worst_outage: tally.worst_outage(),
            mildest_outage: tally.mildest_outage(),
            median: estimator.median_trial(),
        },
        assumptions: policy.assumptions.iter().map(assumption).collect(),
    }
}

fn statistics(estimator: &Estimator<'_>, metric: Metric) -> Statistics {
    let of = |statistic| estimator.metric(metric, statistic).map(stat);
    let some = |statistic| of(statistic).expect("a batch has trials, and they have values");
    let (raw, trial) = estimator.tally.values(metric).max().expect("a batch has trials");
    Statistics {
        mean: some(Statistic::Mean),
        sd: of(Statistic::Sd),
        p50: some(Statistic::P50),
        p95: some(Statistic::P95),
        p99: some(Statistic::P99),
        max: Max { value: rounded(raw as f64 / metric.divisor(estimator.plan)), trial },
        zero: some(Statistic::Zero),
    }
}

fn share(estimator: &Estimator<'_>, probability: Probability) -> Share {
    let Stat { value, ci } = stat(estimator.probability(probability));
    let hits = estimator.tally.hits(probability);
    Share { value, ci, method: IntervalMethod::ClopperPearson, hits }
}

fn loss_share((study, position): (&Study<'_>, usize)) -> LossShare {
    let estimator = study.estimator(position);
    let Share { value, ci, method, hits } = share(&estimator, Probability::DatasetLoss);
    let found = study.losses.map(|losses| (&losses.found[position], losses.stands[position]));
    let standing = estimator.study_of(Probability::DatasetLoss);
    LossShare {
        value,
        ci,
        method: standing.map_or(method, |found| match found.manner.steering {
            Steering::Guide => IntervalMethod::Guided,
            Steering::Balanced => IntervalMethod::BalancedBiasing,
            Steering::Split => IntervalMethod::Splitting,
        }),
        hits: standing.map_or(hits, |found| found.tally.hits),
        study: found.map(|found| loss_study(found, &estimator)),
    }
}

fn loss_study((found, stands): (&Found, Stands), estimator: &Estimator<'_>) -> LossStudy {
    let tally = &found.tally;
    LossStudy {
        declined: match stands {
            Stands::Study => None,
            Stands::Trials(WhyTrials::Precise) => Some(Declined::TrialsArePrecise),
            Stands::Trials(WhyTrials::Unseen) => Some(Declined::NoneSeen),
            Stands::Trials(WhyTrials::Doubt(Doubt::FewHits)) => Some(Declined::FewHits),
            Stands::Trials(WhyTrials::Doubt(Doubt::FewEffective)) => Some(Declined::FewEffective),
            Stands::Trials(WhyTrials::Doubt(Doubt::LargestWeight)) => Some(Declined::LargestWeight),
        },
        steering: match found.manner.steering {
            Steering::Guide => SteeringName::Guided,
            Steering::Balanced => SteeringName::BalancedBiasing,
            Steering::Split => SteeringName::Splitting,
        },
        replications: tally.values.n(),
        excursions: tally.excursions,
        effective_sample_size: rounded(tally.effective()),
        largest_weight_share: rounded(tally.largest_share()),
        mean_likelihood_ratio: (tally.ratios.n() > 0).then(|| rounded(tally.ratios.mean())),
        likelihood_ratio_error: tally.ratios.standard_error().map(rounded),
        crude_trials: tally.crude_trials().map(rounded),
        guide_states: found.guide_states,
        departures: found.manner.departures,
        ways: ways::ways(found, estimator.level),
        first_failures: ways::first_failures(estimator.plan, found, estimator.level),
    }
}

fn per_year(estimator: &Estimator<'_>) -> Option<PerYear> {
    let of = |metric| estimator.per_year(metric).map(stat);
    Some(PerYear {
        write_outage_s: of(Metric::WriteOutage)?,
        write_outages: of(Metric::WriteOutages)?,
        failovers: of(Metric::Failovers)?,
        lost_writes: of(Metric::LostWrites)?,
        dataset_losses: of(Metric::DatasetLosses)?,
    })
}

fn first_loss(estimator: &Estimator<'_>, seen: &Histogram) -> FirstLoss {
    let by = |p| estimator.time_to(seen, p).map(stat);
    let points = estimator
        .incidence(seen)
        .map(|point| Incidence { t_s: rounded(point.t_s), share: stat(point.share) });
    FirstLoss { p1_s: by(0.01), p5_s: by(0.05), p50_s: by(0.5), by: points.into() }
}

fn episodes(estimator: &Estimator<'_>, tally: &EpisodeTally, objectives: Objectives) -> Episodes {
    let level = estimator.level;
    let lengths = || {
        let of = |statistic| estimator.length(tally, statistic).map(stat);
        let (nanos, trial) = tally.lengths.max()?;
        Some(Lengths {
            mean: of(Statistic::Mean)?,
            p50: of(Statistic::P50)?,
            p95: of(Statistic::P95)?,
            p99: of(Statistic::P99)?,
            max: Max { value: rounded(nanos as f64 / NANOS_PER_SEC as f64), trial },
        })
    };
    let missed = |objective: Option<Span>, missed: &RatioMoments| {
        objective.and_then(|_| missed.share(level)).map(stat)
    };
    Episodes {
        n: tally.n,
        length_s: lengths(),
        rto_missed: missed(objectives.rto, &tally.rto_missed),
        rpo_missed: missed(objectives.rpo, &tally.rpo_missed),
    }
}

/// An amount and its parts: the name and the integer of each.
type Parts<'a> = (&'a [&'static str], &'a [u128]);

/// What each part adds to the mean of a metric.
fn parts(estimator: &Estimator<'_>, metric: Metric, (names, amounts): Parts<'_>) -> Named<f64> {
    let per_trial = metric.divisor(estimator.plan) * estimator.tally.trials as f64;
    let mean = |amount: &u128| rounded(*amount as f64 / per_trial);
    names.iter().copied().zip(amounts.iter().map(mean)).collect()
}

fn comparisons(study: &Study<'_>) -> Vec<Comparison> {
    let reference = &study.policies[study.reference].name;
    let mut list = Vec::new();
    for (position, policy) in study.policies.iter().enumerate() {
        if position == study.reference {
            continue;
        }
        let estimator = study.estimator(position);
        let differences = &study.progress.differences[position];
        let new = |metric, difference: Estimate, unpaired: Option<Estimate>| Comparison {
            policy: policy.name.clone(),
            reference: reference.clone(),
            metric,
            difference: stat(difference),
            shown: is_shown(&difference),
            unpaired_ci: unpaired.map(|unpaired| stat(unpaired).ci),
            ratio: None,
        };
        for metric in Metric::ALL {
            let pair = (differences, study.reference_tally());
            let difference = estimator.difference(metric, pair);
            list.push(new(metric.name(), difference.paired, Some(difference.unpaired)));
        }
        for probability in Probability::ALL {
            let difference = study.probability_difference(position, probability);
            let difference = difference.expect("it is not the reference");
            let ratio = match probability {
                Probability::DatasetLoss => study.loss_ratio(position),
                Probability::WriteLoss | Probability::WriteOutage => None,
            };
            let comparison = new(probability.name(), difference, None);
            list.push(Comparison {
                shown: ratio.map_or(comparison.shown, |ratio| is_not_one(&ratio)),
                ratio: ratio.map(stat),
                ..comparison
            });
        }
    }
    list
}

fn expectation(judged: &expect::Judged<'_>) -> Expectation {
    let ends = judged.estimate.map_or([None, None], |estimate| [estimate.low, estimate.high]);
    Expectation {
        policy: judged.policy.to_owned(),
        metric: judged.expectation.quantity.name(),
        side: match judged.expectation.bound {
            Bound::Below(_) => Side::Below,
            Bound::Above(_) => Side::Above,
        },
        limit: judged.expectation.bound.limit(),
        value: judged.estimate.map(|estimate| rounded(estimate.value)),
        ci: ends.map(|end| end.map(rounded)),
        passed: judged.verdict == Verdict::Pass,
        verdict: match judged.verdict {
            Verdict::Pass => VerdictName::Pass,
            Verdict::Fail => VerdictName::Fail,
            Verdict::Undecided => VerdictName::Undecided,
        },
    }
}

pub(super) fn assumption(assumption: &scenario::Assumption) -> Assumption {
    Assumption {
        path: assumption.path.clone(),
        value: assumption.value.clone(),
        why: assumption.why.to_string(),
    }
}

/// A phase's name in JSON.
pub fn phase_key(phase: Phase) -> &'static str {
    match phase {
        Phase::Detection => "detection",
        Phase::Promotion => "promotion",
        Phase::Endpoint => "endpoint",
        Phase::WaitingForAz => "waiting_for_az",
        Phase::Provisioning => "provisioning",
        Phase::Sync => "sync",
        Phase::ColdStart => "cold_start",
        Phase::Restart => "restart",
        Phase::Replay => "replay",
        Phase::Quorum => "no_majority",
        Phase::Replicas => "too_few_replicas",
        Phase::Decision => "decision",
        Phase::Loading => "loading",
        Phase::Draining => "draining",
        Phase::Following => "following",
    }
}

fn secs(at: SimTime) -> f64 {
    at.since(SimTime::START).as_secs_f64()
}

fn stat(estimate: Estimate) -> Stat {
    let Estimate { value, low, high } = estimate;
    Stat { value: rounded(value), ci: [low.map(rounded), high.map(rounded)] }
}

/// A number to twelve significant digits.
pub fn rounded(value: f64) -> f64 {
    format!("{value:.11e}").parse().expect("a number that was printed can be read")
}
