//! docs/validation.md, written from the timelines and from what is simulated: it cannot say another
//! number than the program. `SNAPSHOTS=overwrite cargo test timelines` writes it anew.

use std::fmt::Write as _;

use super::{
    A, B, C, Spread, TOLERANCE, TRIALS, Timeline, az_outage_times, election_times, full_sync_time,
    simulated, spreads,
};
use crate::support::root;

const INTRODUCTION: &str = "\
# What was compared with the field

ElastiCache publishes few times. Some people have published event logs, and these are the ones that
the model is held against: each is a scenario of the library with the setting that is known, and
`ecsim replay scenarios/timeline-….toml --events` prints its simulated log.";

const LAWS: &str = "\
**Fitted, reported, assumed.** The laws that the timelines use stand in their scenarios, each with
what it rests on, and are the defaults that [scenario.md](scenario.md#timing) lists. *Fitted* are
those that were chosen so that these very logs are likely draws: agreement with them shows that the
order and the sum of the steps are right, and is no forecast. What spreads the few published values
do not show is assumed, wide rather than narrow. *Reported* are values from elsewhere.";

const FIGURES: &str = "
## Single figures

| what | published | simulated |
|---|---|---|
";

const END: &str = "
Sources, in this order: the AWS Database Blog on recovery \"usually within 30 seconds\", and the
engine's cluster code, whose formulas give 17 to 25 s; the hypothesis of AWS FIS' power interruption
of an AZ, and the guide (MZ-59); the log in redis issue 2315, save and transfer, and the time to load.

Held elsewhere in the tests: after the failure of one of ten nodes a second failure makes a cluster
of five shards unavailable in one case of nine, as the Redis cluster specification says
(`cluster_bus`); and failovers of Redis Sentinel agree with measurements of Redis 7.0.15
(`sentinel`).

## What was not compared

- **What clients see.** The author of timelines A and C saw errors in a client for six minutes after
  the test failover and none during the upgrade. Clients are not modelled: a result is what a writer
  sees that tries again at once and caches nothing.
- **Networks.** How long the wire of a node type takes for a full sync, and a sync that never ends
  since writes come faster than it copies.
- **The managed detector.** Nothing is published about the time from a failure to its detection;
  all these logs begin with a call or with planned work.
";

/// Minutes and seconds, as in 12:44.
fn clock(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    format!("{}:{:02}", whole / 60, whole % 60)
}

fn range(spread: Spread, text: impl Fn(f64) -> String) -> String {
    format!("{} to {}", text(spread.low), text(spread.high))
}

/// A text in lines of at most 100 columns.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is one");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= 100 {
            *line += " ";
            *line += word;
        } else {
            lines.push(word.to_owned());
        }
    }
    lines.join("\n")
}

fn section(letter: &str, timeline: &Timeline) -> String {
    let Timeline { scenario, publication, setting, steps } = timeline;
    let mut text = format!("\n## Timeline {letter}\n\n");
    let about = format!("Published: {publication}. {setting} Scenario: `{scenario}`.");
    text += &wrapped(&about);
    text +=
        "\n\n| entry | of | published | simulated median | central 95 % |\n|---|---|---|---|---|\n";
    for (step, spread) in steps.iter().zip(spreads(&simulated(timeline), steps)) {
        let (published, median) = (clock(step.published), clock(spread.median));
        let (source, message, range) = (step.source, step.message, range(spread, clock));
        writeln!(text, "| {message} | {source} | {published} | {median} | {range} |")
            .expect("a string takes it");
    }
    text
}

fn figures() -> String {
    let tenths = |seconds: f64| format!("{seconds:.1} s");
    let (election, (outage, begins)) = (election_times(), az_outage_times());
    let rows = [
        [
            "loss of a primary to the election of its successor, node timeout 15 s",
            "17 to 25 s",
            &format!("{}; {}", tenths(election.median), range(election, tenths)),
        ],
        [
            "write outage when an AZ fails for two hours, without cluster mode",
            "at most 30 s",
            &format!("{}; {}", tenths(outage.median), range(outage, tenths)),
        ],
        [
            "the same: when the replacement of the lost node begins",
            "once the AZ is back, after 2 h",
            &format!("{} h", begins.median / 3_600.0),
        ],
        ["full sync of 8 GB", "110 to 150 s", &format!("{:.0} s", full_sync_time())],
    ];
    rows.map(|cells| format!("| {} |\n", cells.join(" | "))).concat()
}

/// docs/validation.md.
fn document() -> String {
    let how = format!(
        "The tables set the published times beside those of {TRIALS} trials: their median, and \
         between which times the central 95 % of them lie, in minutes and seconds after the first \
         entry. A test asks that every trial has exactly these entries in this order, that each \
         published time, and each time between two neighbours, lies in the central 95 %, and that \
         the median is within {:.0} % of the published time. A log is a single draw, so nothing \
         narrower can be asked.",
        100.0 * TOLERANCE
    );
    let written = "This page is written by `tests/it/timelines`, so its numbers are the program's; \
                   `SNAPSHOTS=overwrite cargo test timelines` writes it anew.";
    let head = [INTRODUCTION, &wrapped(&how), LAWS, &wrapped(written)].join("\n\n");
    let timelines = [("A", A), ("B", B), ("C", C)].map(|(letter, t)| section(letter, &t));
    [&head, "\n", &timelines.concat(), FIGURES, &figures(), END].concat()
}

#[test]
fn the_document_says_what_is_simulated() {
    let path = root().join("docs/validation.md");
    snapbox::assert_data_eq!(document(), snapbox::Data::read_from(&path, None).raw());
}
