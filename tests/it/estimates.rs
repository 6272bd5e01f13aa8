//! Estimates against closed forms, within four standard errors; and quantiles that can be replayed.

use elasticache_sim::engine::time::Span;
use elasticache_sim::model::plan::Plan;
use elasticache_sim::montecarlo::batch::{
    Batch, BatchSpec, Contender, Next, Progress, RowText, RowWriter, TrialRow,
};
use elasticache_sim::montecarlo::estimate::Estimator;
use elasticache_sim::montecarlo::objectives::Objectives;
use elasticache_sim::montecarlo::quantity::{Probability, Quantity, Statistic};
use elasticache_sim::montecarlo::stopping::Target;
use elasticache_sim::montecarlo::tally::Tally;
use elasticache_sim::observe::metrics::Metric;
use elasticache_sim::stats::intervals;
use elasticache_sim::stats::level::{Estimate, Level};
use elasticache_sim::stats::moments::Moments;
use elasticache_sim::stats::stopping::next_look;
use std::sync::atomic::AtomicBool;

use crate::support::{parse, run};

const HEAD: &str = "schema = 1\n[run]\nhorizon = \"100d\"\n[group]\nid = \"g\"\n";

fn tally(plan: &Plan, objectives: Objectives, trials: u64) -> Tally {
    let contenders = [Contender { plan, objectives }];
    let spec = BatchSpec { seed: 11, trials };
    let batch = Batch { contenders: &contenders, reference: 0, spec, threads: 1 };
    let mut progress = Progress::start(1);
    let go_on = |_: &RowText, _: &Progress| Ok::<Next, ()>(Next::GoOn);
    batch.run(&mut progress, &(), go_on, &AtomicBool::new(false)).expect("no bug");
    progress.tallies.remove(0)
}

/// A level whose intervals are about four standard errors wide to each side.
fn four_errors() -> Level {
    Level::new(0.999_94).expect("a level")
}

fn holds(what: &str, estimate: Option<Estimate>, expected: f64) {
    let Estimate { value, low, high } = estimate.unwrap_or_else(|| panic!("{what}: nothing"));
    let (low, high) = (low.expect("a low end"), high.expect("a high end"));
    assert!(low <= expected && expected <= high, "{what}: {value} [{low}, {high}], {expected}");
    assert!(high - low < 0.5 * expected, "{what}: [{low}, {high}] says nothing");
}

#[test]
fn the_time_to_the_first_loss_of_a_lone_node_is_its_life() {
    let text = format!(
        "{HEAD}azs = [\"a\"]\nreplicas = 0\n\
        [[fault]]\nnode-failure = {{ mttf = \"200d\" }}\n"
    );
    let plan = parse(&text).plan;
    let tally = tally(&plan, Objectives::default(), 20_000);
    let estimator = Estimator { tally: &tally, plan: &plan, level: four_errors(), losses: None };
    for (quarter, point) in estimator.incidence(&tally.first_dataset_loss).iter().enumerate() {
        let days = 25.0 * (quarter + 1) as f64;
        assert_eq!(point.t_s, days * 86_400.0);
        holds("incidence", Some(point.share), 1.0 - (-days / 200.0).exp());
    }
    let time = |p| estimator.time_to(&tally.first_dataset_loss, p);
    holds("p5", time(0.05), -(0.95f64.ln()) * 200.0 * 86_400.0);
    // 39 % have lost by the horizon.
    assert_eq!(time(0.5), None);
    holds("losses", Some(estimator.probability(Probability::DatasetLoss)), 1.0 - (-0.5f64).exp());
}

#[test]
fn shares_above_the_objectives_are_the_tails_of_the_laws() {
    let text = format!(
        "{HEAD}azs = [\"a\", \"b\"]\nreplicas = 1\n\
        [replication]\nlag = {{ exponential = {{ mean = \"200ms\" }} }}\n\
        [timing]\ndetection = {{ exponential = {{ mean = \"20s\" }} }}\npromotion = \"2s\"\n\
        endpoint = \"3s\"\nreplacement = \"5m\"\nfull-sync = \"10s\"\n\
        [[fault]]\nat = \"1d\"\nfail-primary = {{}}\n\
        [[fault]]\nat = \"2d\"\nfail-primary = {{}}\n"
    );
    let plan = parse(&text).plan;
    let second = |s: f64| Some(Span::from_nanos_f64(s * 1e9));
    let objectives = Objectives { rto: second(35.0), rpo: second(0.3) };
    let tally = tally(&plan, objectives, 10_000);
    let estimator = Estimator { tally: &tally, plan: &plan, level: four_errors(), losses: None };
    assert_eq!((tally.outages.n, tally.failovers.n), (20_000, 20_000));
    holds("rto", estimator.of(Quantity::RtoMissed), (-30.0f64 / 20.0).exp());
    holds("rpo", estimator.of(Quantity::RpoMissed), (-1.5f64).exp());
    let of = |statistic| estimator.of(Quantity::OutageLength(statistic));
    holds("mean length", of(Statistic::Mean), 25.0);
    holds("p50", of(Statistic::P50), 5.0 + 20.0 * 2.0f64.ln());
    holds("p95", of(Statistic::P95), 5.0 + 20.0 * 20.0f64.ln());
    assert_eq!(
        estimator.of(Quantity::FailoverLength(Statistic::P95)),
        of(Statistic::P95),
        "each outage is one failover"
    );
    // Two failovers of 25 s, independent: the standard deviation is 20 s times the root of two.
    let sd = estimator.metric(Metric::WriteOutage, Statistic::Sd);
    holds("sd", sd, 20.0 * 2.0f64.sqrt());
}

#[test]
fn rates_are_per_year_of_observed_time() {
    let text = "schema = 1\n[run]\nhorizon = \"120d\"\nwarm-up = \"47d\"\n[group]\nid = \"g\"\n\
        azs = [\"a\", \"b\"]\nreplicas = 1\n[[fault]]\nnode-failure = { mttf = \"73d\" }\n";
    let plan = parse(text).plan;
    let tally = tally(&plan, Objectives::default(), 20_000);
    let estimator = Estimator { tally: &tally, plan: &plan, level: four_errors(), losses: None };
    // The primary fails once in 73 days, five times a year; the few minutes down are less than
    // the interval.
    holds("failovers", estimator.per_year(Metric::Failovers), 5.0);
    let unavailable = tally.of(Metric::WriteUnavailability).mean();
    let nines = estimator.nines().expect("outages");
    assert!((nines.value + unavailable.log10()).abs() < 1e-12);
    assert!(nines.low < Some(nines.value) && Some(nines.value) < nines.high);
}

#[test]
fn a_quantile_is_a_value_that_its_trial_has() {
    let text = format!(
        "{HEAD}azs = [\"a\", \"b\"]\nreplicas = 1\n\
        [[fault]]\nnode-failure = {{ mttf = \"50d\" }}\n"
    );
    let plan = parse(&text).plan;
    let tally = tally(&plan, Objectives::default(), 3_000);
    for metric in [Metric::WriteOutage, Metric::LostWrites, Metric::ReducedRedundancy] {
        for p in [0.5, 0.95, 0.99] {
            let quantile = tally.values(metric).quantile(p, Level::default()).expect("trials");
            let (_, outcome) = run(&plan, 11, quantile.trial);
            assert_eq!(outcome.raw(metric), quantile.value, "{}", metric.name());
        }
        let (largest, trial) = tally.values(metric).max().expect("trials");
        assert_eq!(run(&plan, 11, trial).1.raw(metric), largest, "{}", metric.name());
    }
    let (_, worst) = run(&plan, 11, tally.worst_outage());
    let most = (0..3_000).map(|n| run(&plan, 11, n).1.raw(Metric::WriteOutage)).max();
    assert_eq!(Some(worst.raw(Metric::WriteOutage)), most);
}

#[test]
fn a_batch_stops_where_its_precision_is_reached_and_not_before() {
    let text = format!(
        "{HEAD}azs = [\"a\", \"b\"]\nreplicas = 1\n\
        [[fault]]\nat = \"1d\"\nfail-primary = {{}}\n"
    );
    let plan = parse(&text).plan;
    let quantity = Quantity::parse("write_outage_s").expect("a quantity");
    let target = Target { quantity, share: 0.02 };
    let contenders = [Contender { plan: &plan, objectives: Objectives::default() }];
    let spec = BatchSpec { seed: 4, trials: 1_000_000 };
    let batch = Batch { contenders: &contenders, reference: 0, spec, threads: 2 };
    let mut progress = Progress::start(1);
    let mut looks = Vec::new();
    let look = |_: &RowText, progress: &Progress| {
        let last = looks.last().map_or(0, |(trials, _)| *trials);
        if progress.trials < next_look(last) {
            return Ok::<Next, ()>(Next::GoOn);
        }
        let level = Level::default();
        let estimator = Estimator { tally: &progress.tallies[0], plan: &plan, level, losses: None };
        looks.push((progress.trials, target.reached(&estimator)));
        Ok(if target.is_reached(&estimator) { Next::Enough } else { Next::GoOn })
    };
    batch.run(&mut progress, &(), look, &AtomicBool::new(false)).expect("no bug");
    let (stopped, reached) = *looks.last().expect("looks");
    assert_eq!(progress.trials, stopped);
    assert!(reached.expect("an interval") <= 0.02);
    assert!(looks.len() > 1 && stopped < 20_000, "{looks:?}");
    // Who asked for just so many trials beforehand would have the same numbers.
    let spec = BatchSpec { seed: 4, trials: stopped };
    let asked = Batch { contenders: &contenders, reference: 0, spec, threads: 1 };
    let mut again = Progress::start(1);
    let go_on = |_: &RowText, _: &Progress| Ok::<Next, ()>(Next::GoOn);
    asked.run(&mut again, &(), go_on, &AtomicBool::new(false)).expect("no bug");
    assert_eq!(again, progress);
}

#[test]
fn a_panic_in_a_worker_is_seen_and_nobody_waits_for_ever() {
    struct Panics;
    impl RowWriter for Panics {
        fn write(&self, row: &TrialRow<'_>, _: &mut RowText) {
            assert!(row.trial < 300, "this writer cannot count further");
        }
    }
    let text = format!(
        "{HEAD}azs = [\"a\"]\nreplicas = 0\n\
        [[fault]]\nnode-failure = {{ mttf = \"200d\" }}\n"
    );
    let plan = parse(&text).plan;
    let contenders = [Contender { plan: &plan, objectives: Objectives::default() }];
    let spec = BatchSpec { seed: 4, trials: 100_000 };
    for threads in [1, 2, 5] {
        let batch = Batch { contenders: &contenders, reference: 0, spec, threads };
        let ran = std::panic::catch_unwind(|| {
            let mut progress = Progress::start(1);
            let go_on = |_: &RowText, _: &Progress| Ok::<Next, ()>(Next::GoOn);
            batch.run(&mut progress, &Panics, go_on, &AtomicBool::new(false))
        });
        assert!(ran.is_err(), "{threads} threads");
    }
}

#[test]
fn half_the_trials_alike_and_half_zero_have_a_standard_deviation() {
    let mut moments = Moments::default();
    for n in 0..1_000 {
        moments.add(if n % 2 == 0 { 3.0 } else { 0.0 });
    }
    let sd = intervals::sd(&moments, Level::default()).expect("many numbers");
    assert!(sd.low.is_some_and(|low| low <= sd.value && low > 1.4), "{sd:?}");
    assert!(sd.high.is_some_and(|high| high >= sd.value && high < 1.6), "{sd:?}");
}
