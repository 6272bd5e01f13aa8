//! The event log of a trial, asked as `DescribeEvents` is (MZ-52): filters, a table for people and
//! the JSON of the API.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::engine::time::{SimTime, Span};
use crate::model::fact::Fact;
use crate::model::plan::Plan;
use crate::report::aws_events::{Announcer, AwsEvent, SourceType};
use crate::scenario::units;

/// What the console calls the end of a recovery (MZ-46) and that of a migration, and what the log
/// says.
const CONSOLE_LABELS: [(&str, &str); 2] = [
    ("Recovery completed", "Finished recovery for cache nodes"),
    ("Migration operation succeeded", "Complete Migration successful"),
];

/// Minutes for which the service keeps events: 14 days.
pub const KEPT_MINUTES: u64 = 14 * 24 * 60;

/// An entry and when it was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Simulated time.
    pub at: SimTime,
    /// What it says.
    pub event: AwsEvent,
}

/// The log of a trial, oldest entry first.
pub fn entries(plan: &Plan, facts: &[(SimTime, Fact)]) -> Vec<Entry> {
    let mut announcer = Announcer::new(plan);
    let of = |(at, fact): &(SimTime, Fact)| {
        let at = *at;
        announcer.entries(fact).into_iter().map(move |event| Entry { at, event })
    };
    facts.iter().flat_map(of).collect()
}

/// What simulated time is in UTC.
#[derive(Clone, Copy, Debug)]
pub struct Calendar {
    start: Timestamp,
}

impl Calendar {
    /// That of the trials of `plan`.
    pub fn of(plan: &Plan) -> Self {
        Calendar { start: Timestamp::from_second(plan.start).unwrap_or(Timestamp::UNIX_EPOCH) }
    }

    /// The instant in UTC that a simulated one stands for.
    pub fn utc(&self, at: SimTime) -> Timestamp {
        let since = SignedDuration::from_nanos_i128(i128::from(at.as_nanos()));
        self.start.checked_add(since).unwrap_or(Timestamp::MAX)
    }

    /// `Date` as the API writes it.
    pub fn date(&self, at: SimTime) -> String {
        self.utc(at).strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
    }
}

/// An instant as a user names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// So long after the start of the trial.
    After(Span),
    /// In UTC.
    Utc(Timestamp),
}

impl When {
    /// Reads "90s" or "2026-01-05T00:10:00Z".
    pub fn parse(text: &str) -> Result<When, String> {
        if let Ok(span) = units::parse_span(text) {
            return Ok(When::After(span));
        }
        text.parse().map(When::Utc).map_err(|_| {
            "a time after the start is wanted, such as 90s, or an instant in UTC, such as \
             2026-01-05T00:10:00Z"
                .to_owned()
        })
    }

    fn utc(self, calendar: Calendar) -> Timestamp {
        match self {
            When::After(span) => calendar.utc(SimTime::START + span),
            When::Utc(at) => at,
        }
    }
}

/// What `DescribeEvents` is asked for; what is `None` filters nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Query {
    /// `SourceType`.
    pub source_type: Option<SourceType>,
    /// `SourceIdentifier`.
    pub source: Option<String>,
    /// `StartTime`.
    pub start: Option<When>,
    /// `EndTime`.
    pub end: Option<When>,
    /// `Duration` in minutes: after the start time, or else before the end time, which is the end
    /// of the replay where none is given.
    pub minutes: Option<u64>,
    /// A part of the message, or the console's label of it.
    pub message: Option<String>,
}

impl Query {
    /// Those entries of a log that are asked for; the replay of `plan` ended at `until`.
    pub fn select(&self, plan: &Plan, entries: Vec<Entry>, until: SimTime) -> Vec<Entry> {
        let calendar = Calendar::of(plan);
        let (first, last) = self.interval(calendar, until);
        let wanted = |entry: &Entry| {
            let at = calendar.utc(entry.at);
            first <= at && at <= last && self.matches(&entry.event)
        };
        entries.into_iter().filter(wanted).collect()
    }

    fn interval(&self, calendar: Calendar, until: SimTime) -> (Timestamp, Timestamp) {
        let utc = |when: When| when.utc(calendar);
        let (start, end) = (self.start.map(utc), self.end.map(utc));
        let length = self.minutes.map(|minutes| SignedDuration::from_mins(minutes as i64));
        let plus = |at: Timestamp, length| at.checked_add(length).unwrap_or(Timestamp::MAX);
        match (start, end, length) {
            (Some(start), None, Some(length)) => (start, plus(start, length)),
            (_, end, Some(length)) => {
                let end = end.unwrap_or(calendar.utc(until));
                (start.unwrap_or(plus(end, -length)), end)
            }
            (start, end, None) => (start.unwrap_or(Timestamp::MIN), end.unwrap_or(Timestamp::MAX)),
        }
    }

    fn matches(&self, event: &AwsEvent) -> bool {
        let message = self.message.as_deref().map(|wanted| {
            let is_label = |(label, _): &&(&str, &str)| wanted.eq_ignore_ascii_case(label);
            CONSOLE_LABELS.iter().find(is_label).map_or(wanted, |(_, message)| message)
        });
        self.source_type.is_none_or(|wanted| wanted == event.source_type)
            && self.source.as_ref().is_none_or(|wanted| *wanted == event.source)
            && message.is_none_or(|wanted| event.message.contains(wanted))
    }
}

/// A page of the answer of `DescribeEvents`: which entries, newest first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Page {
    /// How many entries stood on the pages before; the `Marker`.
    pub marker: usize,
    /// `MaxRecords`.
    pub max_records: usize,
}

/// The JSON that `describe-events` answers: newest first, with a `Marker` where more follow.
pub fn document(plan: &Plan, entries: &[Entry], page: Page) -> String {
    let calendar = Calendar::of(plan);
    let event = |entry: &Entry| {
        json!({
            "SourceIdentifier": entry.event.source,
            "SourceType": entry.event.source_type.name(),
            "Message": entry.event.message,
            "Date": calendar.date(entry.at),
        })
    };
    let rest = entries.iter().rev().skip(page.marker);
    let events: Vec<Value> = rest.take(page.max_records).map(event).collect();
    let next = page.marker.saturating_add(events.len());
    let document = match next < entries.len() {
        true => json!({ "Marker": next.to_string(), "Events": events }),
        false => json!({ "Events": events }),
    };
    serde_json::to_string_pretty(&document).expect("JSON") + "\n"
}

/// The log as a table, oldest entry first.
pub fn table(plan: &Plan, entries: &[Entry]) -> String {
    let calendar = Calendar::of(plan);
    if entries.is_empty() {
        return "no events\n".to_owned();
    }
    let heads = ["Date", "simulated", "SourceType", "SourceIdentifier", "Message"];
    let mut rows = vec![heads.map(str::to_owned)];
    rows.extend(entries.iter().map(|entry| {
        [
            calendar.utc(entry.at).strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
            entry.at.to_string(),
            entry.event.source_type.name().to_owned(),
            entry.event.source.clone(),
            entry.event.message.clone(),
        ]
    }));
    columns(&rows)
}

/// Rows of text as columns, two blanks apart.
pub fn columns<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |n: usize| rows.iter().map(|row| row[n].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        text.push_str(cells.collect::<Vec<String>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}
