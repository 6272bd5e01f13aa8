//! [`Rows`]: the rows of `trials.csv` and `outages.csv`, which the threads of a batch write.
//!
//! Times and amounts of writes are exact decimals of their integers; what a trial's metric comes
//! to is a floating-point number, which is rounded as in the summary.

use std::fmt::Display;
use std::io::Write as _;

use crate::engine::time::{NANOS_PER_SEC, SimTime, Span};
use crate::model::fact::Phase;
use crate::model::plan::ShardId;
use crate::montecarlo::batch::{RowText, RowWriter, TrialRow};
use crate::montecarlo::objectives::{Episode, Objectives};
use crate::observe::episodes::{DatasetFate, Failover, Outage};
use crate::observe::metrics::Metric;
use crate::report::summary::{phase_key, rounded};
use crate::scenario::Policy;

/// Where rows of trials go.
pub const TRIALS: &str = "trials.csv";
/// Where rows of outages and failovers go.
pub const OUTAGES: &str = "outages.csv";

/// The columns of `trials.csv`.
pub fn trial_columns() -> Vec<String> {
    let ids = ["policy", "trial"].map(str::to_owned);
    ids.into_iter().chain(Metric::ALL.map(|metric| metric.name().to_owned())).collect()
}

/// The columns of `outages.csv`.
pub fn outage_columns() -> Vec<String> {
    let before =
        ["policy", "trial", "kind", "group", "shard", "start_s", "length_s", "fault", "ending"];
    let after =
        ["failovers", "lost_writes", "loss_window_s", "dataset_lost", "rto_missed", "rpo_missed"];
    let phases = Phase::ALL.map(|phase| format!("{}_s", phase_key(phase)));
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    [names(&before), phases.to_vec(), names(&after)].concat()
}

/// The names of columns as the first line of a file.
pub(super) fn heading(columns: &[String]) -> Vec<u8> {
    let mut line = columns.join(",").into_bytes();
    line.push(b'\n');
    line
}

/// Writes the rows of a batch.
#[derive(Clone, Debug)]
pub struct Rows {
    policies: Vec<Names>,
}

/// What the rows of a policy begin with, quoted where it must be.
#[derive(Clone, Debug)]
struct Names {
    policy: String,
    /// By shard: the group's name and the shard's.
    shards: Vec<String>,
    objectives: Objectives,
}

impl Rows {
    /// For a batch of these policies.
    pub fn new(policies: &[&Policy]) -> Self {
        let names = |policy: &&Policy| {
            let plan = &policy.plan;
            let shard = |id: ShardId| {
                format!("{},{}", cell(&plan.group_of(id).id), cell(&plan.shards[id.idx()].id))
            };
            Names {
                policy: cell(&policy.name),
                shards: plan.shard_ids().map(shard).collect(),
                objectives: policy.objectives,
            }
        };
        Rows { policies: policies.iter().map(names).collect() }
    }
}

impl RowWriter for Rows {
    fn write(&self, row: &TrialRow<'_>, text: &mut RowText) {
        let names = &self.policies[row.policy];
        add(&mut text.trials, format_args!("{},{}", names.policy, row.trial));
        for value in row.values {
            add_number(&mut text.trials, *value);
        }
        text.trials.push(b'\n');
        for outage in &row.episodes.outages {
            names.outage(row.trial, outage, &mut text.outages);
        }
        for failover in &row.episodes.failovers {
            names.failover(row.trial, failover, &mut text.outages);
        }
    }
}

impl Names {
    fn outage(&self, trial: u64, outage: &Outage, line: &mut Vec<u8>) {
        let Names { policy, shards, objectives } = self;
        let shard = &shards[outage.shard.idx()];
        let (start, length) = (since_start(outage.start), secs(outage.length()));
        let (fault, ending) = (outage.cause.name(), outage.ending.name());
        add(
            line,
            format_args!("{policy},{trial},outage,{shard},{start},{length},{fault},{ending}"),
        );
        for nanos in outage.by_phase {
            add(line, format_args!(",{}", secs(Span::from_nanos(nanos))));
        }
        let (lost, window) = (billionths(outage.lost_writes), secs(outage.loss_window));
        let is_dataset_lost = match outage.dataset {
            DatasetFate::Lost => true,
            DatasetFate::Held => false,
        };
        add(line, format_args!(",{},{lost},{window},{is_dataset_lost}", outage.failovers));
        self.missed(objectives.of_outage(outage), line);
    }

    fn failover(&self, trial: u64, failover: &Failover, line: &mut Vec<u8>) {
        let Names { policy, shards, objectives } = self;
        let shard = &shards[failover.shard.idx()];
        let (start, length) = (since_start(failover.start), secs(failover.length()));
        let fault = failover.cause.name();
        add(line, format_args!("{policy},{trial},failover,{shard},{start},{length},{fault},"));
        line.extend([b','; Phase::ALL.len()]);
        let (lost, window) = (billionths(failover.loss.writes), secs(failover.loss.window));
        add(line, format_args!(",,{lost},{window},"));
        self.missed(objectives.of_failover(failover), line);
    }

    /// The last two cells: empty where nothing is wanted.
    fn missed(&self, episode: Episode, line: &mut Vec<u8>) {
        let Objectives { rto, rpo } = self.objectives;
        let cell = |objective: Option<Span>, is_missed: bool| match (objective, is_missed) {
            (None, _) => "",
            (Some(_), true) => "true",
            (Some(_), false) => "false",
        };
        let (rto, rpo) = (cell(rto, episode.misses_rto), cell(rpo, episode.misses_rpo));
        add(line, format_args!(",{rto},{rpo}\n"));
    }
}

fn add(line: &mut Vec<u8>, text: impl Display) {
    write!(line, "{text}").expect("memory takes all that is written");
}

/// A comma and a number to twelve significant digits, as short as it can be.
fn add_number(line: &mut Vec<u8>, value: f64) {
    /// Up to here whole numbers have twelve digits at most.
    const WHOLE: f64 = 1e12;
    if value.fract() == 0.0 && (0.0..WHOLE).contains(&value) {
        // Most are, and most of these are zero.
        add(line, format_args!(",{}", value as u64));
    } else {
        add(line, format_args!(",{}", rounded(value)));
    }
}

fn since_start(at: SimTime) -> String {
    secs(at.since(SimTime::START))
}

fn secs(length: Span) -> String {
    billionths(u128::from(length.as_nanos()))
}

/// A number of billionths as a decimal number, exactly.
fn billionths(amount: u128) -> String {
    const ONE: u128 = NANOS_PER_SEC as u128;
    match amount % ONE {
        0 => (amount / ONE).to_string(),
        rest => {
            let text = format!("{}.{rest:09}", amount / ONE);
            text.trim_end_matches('0').to_owned()
        }
    }
}

/// A text as a cell, in quotes where it must be.
pub(super) fn cell(text: &str) -> String {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    writer.write_record([text]).expect("memory takes all that is written");
    let line = writer.into_inner().expect("memory takes all that is written");
    let line = String::from_utf8(line).expect("quotes keep text what it is");
    line.trim_end_matches('\n').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_exact() {
        assert_eq!(billionths(0), "0");
        assert_eq!(billionths(15_000_000_000), "15");
        assert_eq!(billionths(15_020_000_000), "15.02");
        assert_eq!(billionths(1), "0.000000001");
        let check = |value: f64, expected: &str| {
            let mut line = Vec::new();
            add_number(&mut line, value);
            assert_eq!(String::from_utf8(line).expect("digits"), format!(",{expected}"));
        };
        check(0.0, "0");
        check(17.0, "17");
        check(0.1 + 0.2, "0.3");
        check(1.0 / 3.0, "0.333333333333");
        check(123_456_789_012_345.0, "123456789012000");
    }

    #[test]
    fn names_are_quoted_where_they_must_be() {
        assert_eq!(cell("multi-az"), "multi-az");
        assert_eq!(cell("a, \"b\""), "\"a, \"\"b\"\"\"");
    }

    #[test]
    fn columns_have_names_of_their_own() {
        for columns in [trial_columns(), outage_columns()] {
            for (n, column) in columns.iter().enumerate() {
                assert!(!columns[..n].contains(column), "{column}");
            }
        }
    }
}
