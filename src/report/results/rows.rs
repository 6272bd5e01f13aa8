//! [`Rows`]: the rows of `trials.csv` and `outages.csv`, which the threads of a batch write.
//!
//! Times and amounts of writes are exact decimals of their integers; what a trial's metric comes
//! to is a floating-point number, which is rounded as in the summary.

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
        let line = &mut text.trials;
        line.extend_from_slice(names.policy.as_bytes());
        add_whole(line, row.trial);
        for value in row.values {
            add_number(line, *value);
        }
        line.push(b'\n');
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
        line.extend_from_slice(self.policy.as_bytes());
        add_whole(line, trial);
        add_texts(line, &["outage", &self.shards[outage.shard.idx()]]);
        add_span(line, outage.start.since(SimTime::START));
        add_span(line, outage.length());
        add_texts(line, &[outage.cause.name(), outage.ending.name()]);
        for nanos in outage.by_phase {
            add_span(line, Span::from_nanos(nanos));
        }
        add_whole(line, u64::from(outage.failovers));
        add_billionths(line, outage.lost_writes);
        add_span(line, outage.loss_window);
        let is_dataset_lost = match outage.dataset {
            DatasetFate::Lost => "true",
            DatasetFate::Held => "false",
        };
        add_texts(line, &[is_dataset_lost]);
        self.add_missed(self.objectives.of_outage(outage), line);
    }

    fn failover(&self, trial: u64, failover: &Failover, line: &mut Vec<u8>) {
        line.extend_from_slice(self.policy.as_bytes());
        add_whole(line, trial);
        add_texts(line, &["failover", &self.shards[failover.shard.idx()]]);
        add_span(line, failover.start.since(SimTime::START));
        add_span(line, failover.length());
        // No ending, no phases, no failovers of its own.
        add_texts(line, &[failover.cause.name(), ""]);
        add_texts(line, &[""; Phase::ALL.len()]);
        add_texts(line, &[""]);
        add_billionths(line, failover.loss.writes);
        add_span(line, failover.loss.window);
        add_texts(line, &[""]);
        self.add_missed(self.objectives.of_failover(failover), line);
    }

    /// The last two cells: empty where nothing is wanted.
    fn add_missed(&self, episode: Episode, line: &mut Vec<u8>) {
        let Objectives { rto, rpo } = self.objectives;
        let cell = |objective: Option<Span>, is_missed: bool| match (objective, is_missed) {
            (None, _) => "",
            (Some(_), true) => "true",
            (Some(_), false) => "false",
        };
        add_texts(line, &[cell(rto, episode.misses_rto), cell(rpo, episode.misses_rpo)]);
        line.push(b'\n');
    }
}

/// Cells, a comma in front of each.
fn add_texts(line: &mut Vec<u8>, cells: &[&str]) {
    for cell in cells {
        line.push(b',');
        line.extend_from_slice(cell.as_bytes());
    }
}

/// A cell with a whole number.
fn add_whole(line: &mut Vec<u8>, n: u64) {
    line.push(b',');
    add_digits(line, n, 1);
}

/// The digits of a number, at least `least` of them. Most cells are numbers, and the machinery of
/// `write!` takes more than twice as long.
fn add_digits(line: &mut Vec<u8>, mut n: u64, least: usize) {
    /// 2^64 has twenty.
    const MOST: usize = 20;
    let mut digits = [b'0'; MOST];
    let mut first = MOST;
    while n > 0 {
        first -= 1;
        digits[first] += (n % 10) as u8;
        n /= 10;
    }
    line.extend_from_slice(&digits[first.min(MOST - least)..]);
}

/// A cell with a number to twelve significant digits, as short as it can be.
fn add_number(line: &mut Vec<u8>, value: f64) {
    /// Below, whole numbers have twelve digits at most.
    const WHOLE: f64 = 1e12;
    if value.fract() == 0.0 && (0.0..WHOLE).contains(&value) {
        // Most are, and most of these are zero.
        add_whole(line, value as u64);
    } else {
        write!(line, ",{}", rounded(value)).expect("memory takes all that is written");
    }
}

/// A cell with a length in seconds, exactly.
fn add_span(line: &mut Vec<u8>, length: Span) {
    add_billionths(line, u128::from(length.as_nanos()));
}

/// A cell with a number of billionths as a decimal number, exactly.
fn add_billionths(line: &mut Vec<u8>, amount: u128) {
    let one = u128::from(NANOS_PER_SEC);
    let whole = u64::try_from(amount / one).expect("a trial loses fewer than 2^64 writes");
    add_whole(line, whole);
    let rest = (amount % one) as u64;
    if rest > 0 {
        line.push(b'.');
        add_digits(line, rest, 9);
        while line.last() == Some(&b'0') {
            line.pop();
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

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut line = Vec::new();
        write(&mut line);
        String::from_utf8(line).expect("digits")
    }

    #[test]
    fn numbers_are_short_and_exact() {
        let check = |amount: u128, expected: &str| {
            assert_eq!(text(|line| add_billionths(line, amount)), format!(",{expected}"));
        };
        check(0, "0");
        check(15_000_000_000, "15");
        check(15_020_000_000, "15.02");
        check(1, "0.000000001");
        check(u128::from(u64::MAX), "18446744073.709551615");
        assert_eq!(text(|line| add_whole(line, u64::MAX)), ",18446744073709551615");
        let check = |value: f64, expected: &str| {
            assert_eq!(text(|line| add_number(line, value)), format!(",{expected}"));
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
