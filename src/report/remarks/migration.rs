//! What is said of a migration under a table of results, and above that of a run.

use super::{Remark, how_often};
use crate::engine::time::SimTime;
use crate::model::plan::{MigrationCall, MigrationPlan, Operation, Plan};
use crate::montecarlo::estimate::Estimator;
use crate::montecarlo::noted::Noted;
use crate::montecarlo::quantity::Statistic;
use crate::observe::episodes::Trouble;
use crate::observe::metrics::Metric;
use crate::report::numbers::{count, seconds, significant};
use crate::report::table::{
    mean_cell, mean_nonzero_seconds_cell, mean_seconds_cell, quantile_cell, trials,
};
use crate::report::words::{hindrance_in_words, loss_in_words, obstacle_in_words};
use crate::stats::level::Estimate;

/// Whether migrations were completed, and in sync before; `None` where there is none.
pub fn outcome_of_migration(estimator: &Estimator<'_>) -> Option<Remark> {
    estimator.plan.migration.as_ref()?;
    let in_sync = match hits(estimator, Metric::MigrationsInSyncStopped) {
        0 => in_share(estimator, Metric::MigrationsInSync),
        _ => format!(
            "{}, but {} only after the clients were stopped",
            in_share(estimator, Metric::MigrationsInSync),
            in_share(estimator, Metric::MigrationsInSyncStopped)
        ),
    };
    let text = format!(
        "completed {}; in sync {in_sync}; full syncs {}",
        in_share(estimator, Metric::MigrationsCompleted),
        mean_cell(estimator, Metric::MigrationFullSyncs)
    );
    Some(Remark { label: "migration", text })
}

/// How long a migration took to be in sync, and so with all replicas; `None` where there is none.
pub fn length_of_migration(estimator: &Estimator<'_>) -> Option<Remark> {
    let migration = estimator.plan.migration.as_ref()?;
    Some(Remark { label: "until in sync", text: until_in_sync(estimator, migration) })
}

/// Whether a migration starts early, what stood in its way, and what a way back would cost; nothing
/// where there is none.
pub fn of_migration(estimator: &Estimator<'_>) -> Vec<Remark> {
    if estimator.plan.migration.is_none() {
        return Vec::new();
    }
    let starts_early = starts_early(estimator.plan).map(|text| Remark { label: "started", text });
    let price = Remark { label: "rolling back", text: way_back(estimator) };
    starts_early.into_iter().chain(troubles(estimator)).chain([price]).collect()
}

/// In how many trials a metric is other than zero.
fn hits(estimator: &Estimator<'_>, metric: Metric) -> u64 {
    estimator.tally.of(metric).n_nonzero()
}

/// How long it took until the target was in sync, and until its replicas were, too.
fn until_in_sync(estimator: &Estimator<'_>, migration: &MigrationPlan) -> String {
    let n = estimator.tally.trials;
    let shop = &estimator.plan.groups[migration.target.idx()].id;
    let took = |metric| {
        let p95 = quantile_cell(estimator.metric(metric, Statistic::P95), seconds);
        format!("{} in the mean, p95 {p95}", mean_seconds_cell(estimator, metric))
    };
    let seen = match starts_early(estimator.plan) {
        None => "never",
        Some(_) => "not seen",
    };
    let at_least = |hits: u64| match n - hits {
        0 => String::new(),
        short => format!("at least ({seen} in {} of {}) ", count(u128::from(short)), trials(n)),
    };
    let (synced, safe) =
        (hits(estimator, Metric::MigrationsInSync), hits(estimator, Metric::MigrationsSafe));
    let stopped = hits(estimator, Metric::MigrationsInSyncStopped);
    let while_stopped = match stopped {
        0 => String::new(),
        _ => format!(
            ", which the stop of the clients ended in {} of {}: nothing says that {shop} keeps up \
             with what they write",
            count(u128::from(stopped)),
            trials(n)
        ),
    };
    if synced == 0 {
        return format!("{seen} in {}", trials(n));
    }
    let sync = format!("{}{}", at_least(synced), took(Metric::MigrationSync));
    match safe {
        0 => format!("{sync}{while_stopped}; the replicas of {shop} have never all of it"),
        _ => format!(
            "{sync}{while_stopped}; until the replicas of {shop} have it too {}{}: before that, to \
             lose a primary of {shop} is to lose what its shard got",
            at_least(safe),
            took(Metric::MigrationSafe)
        ),
    }
}

/// That a migration starts before anything is counted; `None` where it does not.
fn starts_early(plan: &Plan) -> Option<String> {
    let is_early = super::scripted(plan).any(|(at, operation)| {
        let is_start =
            matches!(operation, Operation::Migration { call: MigrationCall::Start(_), .. });
        is_start && at.mean() < plan.warm_up.as_nanos() as f64
    });
    is_early.then(|| {
        format!(
            "before the observed time, which begins after {}: what came before that is not \
             counted, and times are those since the start",
            plan.warm_up.since(SimTime::START)
        )
    })
}

/// What stood in the way of migrations, the most frequent first.
fn troubles(estimator: &Estimator<'_>) -> Vec<Remark> {
    let mut troubles: Vec<(Trouble, Noted)> = estimator.tally.noted.troubles().collect();
    troubles.sort_by_key(|(_, noted)| std::cmp::Reverse((noted.trials, noted.times)));
    let line = |(trouble, noted): &(Trouble, Noted)| {
        let (what, why) = match *trouble {
            Trouble::Attempt(why) => ("an attempt to start fails", obstacle_in_words(why)),
            Trouble::Link(why) => ("a link is lost", loss_in_words(why)),
            Trouble::Completion(why) => ("the completion fails", hindrance_in_words(why)),
        };
        let text = format!("{what} {}: {why}", how_often(*noted, estimator.tally.trials));
        Remark { label: "migration hindered", text }
    };
    troubles.iter().map(line).collect()
}

/// From when on a way back loses writes, and how many.
fn way_back(estimator: &Estimator<'_>) -> String {
    let first = estimator.tally.values(Metric::NoReturn);
    let amount = |value: f64| significant(value, 3);
    let p95 = estimator.metric(Metric::RollBackPrice, Statistic::P95);
    let price = || {
        format!(
            "from there on a way back loses writes: at the end {} in the mean, p95 {}",
            mean_cell(estimator, Metric::RollBackPrice),
            quantile_cell(p95, amount)
        )
    };
    let comes = || mean_nonzero_seconds_cell(estimator, Metric::NoReturn);
    match (first.zeros(), first.n()) {
        (never, n) if never == n => "no client wrote to a complete target: a way back loses \
                                     nothing"
            .to_owned(),
        (0, _) => {
            format!("the first write on the target comes {} after the start; {}", comes(), price())
        }
        (_, _) => format!(
            "the first write on the target comes {}, there {} after the start; {}",
            in_share(estimator, Metric::NoReturn),
            comes(),
            price()
        ),
    }
}

/// In which share of the trials a metric is other than zero.
fn in_share(estimator: &Estimator<'_>, metric: Metric) -> String {
    match hits(estimator, metric) {
        0 => format!("in NONE of {}", trials(estimator.tally.trials)),
        _ => format!("in {} of the trials", share(estimator, metric)),
    }
}

/// The share of the trials in which a metric is other than zero: "20 % [18 %, 22 %]".
pub fn share(estimator: &Estimator<'_>, metric: Metric) -> String {
    let never = estimator.metric(metric, Statistic::Zero);
    let ever = never.map(|never| Estimate {
        value: 1.0 - never.value,
        low: never.high.map(|high| 1.0 - high),
        high: never.low.map(|low| 1.0 - low),
    });
    quantile_cell(ever, |share: f64| format!("{} %", significant(share * 100.0, 3)))
}
