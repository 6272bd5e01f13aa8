//! Probability laws as a scenario writes them: a duration, or a table with exactly one law key
//! beside `source`.

use super::Origin;
use super::codes::Code;
use super::diagnostics::{Place, hint_names, is_visible};
use super::reader::{Context, Item, Table};
use super::sample;
use super::source::SourceKind;
use crate::engine::law::{Law, LawError};
use crate::engine::time::Span;

/// The laws: key, and how to write one.
const FORMS: [(&str, &str); 9] = [
    ("fixed", r#"as in fixed = "30s""#),
    ("uniform", r#"as in uniform = ["1s", "5s"]"#),
    ("exponential", r#"as in exponential = { mean = "200ms" }"#),
    ("lognormal", r#"as in lognormal = { median = "10s", p95 = "25s" }"#),
    ("weibull", r#"as in weibull = { mean = "10y", shape = 1.5 }"#),
    ("gamma", r#"as in gamma = { mean = "10s", shape = 2.0 }"#),
    ("erlang", r#"as in erlang = { mean = "10s", stages = 3 }"#),
    ("triangular", r#"as in triangular = ["1s", "2s", "5s"]"#),
    ("empirical", r#"as in empirical = { file = "measured.csv", column = "seconds" }"#),
];

/// The keys of the laws.
pub(super) fn keys() -> impl Iterator<Item = &'static str> {
    FORMS.iter().map(|(key, _)| *key)
}

/// What may stand beside a law and says something about it.
pub(super) const BESIDE: [&str; 2] = ["source", "range"];

/// Reads a law; one without `source` is noted as an assumption.
pub(super) fn read(item: &Item<'_>, cx: &mut Context<'_>) -> Option<Law> {
    let (law, source) = read_quietly(item, cx)?;
    if source == Source::Absent {
        cx.assume(&item.place.path, item.printed(), Origin::Unsourced);
    }
    Some(law)
}

/// Reads a law that is part of the question rather than an assumption about the world: a
/// scheduled fault.
pub(super) fn read_scripted(item: &Item<'_>, cx: &mut Context<'_>) -> Option<Law> {
    read_quietly(item, cx).map(|(law, _)| law)
}

/// Whether the file says where a value comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Source {
    /// `source = "…"` stands beside it.
    Given,
    /// Nothing does.
    Absent,
}

/// Reads the keys `source` and `range` of a table; a range is noted under the table's path.
pub(super) fn source(table: &mut Table<'_>, cx: &mut Context<'_>) -> Source {
    if let Some(item) = table.get("range") {
        range(&item, table, cx);
    }
    match table.get("source") {
        Some(item) => {
            // One that says nothing has been reported; it is a source nevertheless.
            let _ = source_text(&item, cx);
            Source::Given
        }
        None => Source::Absent,
    }
}

/// Reads the range of a mean, and warns if the mean is not in it.
fn range(item: &Item<'_>, table: &Table<'_>, cx: &mut Context<'_>) {
    const FORM: &str = r#"as in range = ["5s", "30s"]"#;
    let Some(items) = item.array(&mut cx.errors, "an array of two durations", FORM) else {
        return;
    };
    let [low, high] = items.as_slice() else {
        let message = format!("needs 2 durations, not {}", items.len());
        cx.errors.report(Code::NotARange, &item.place, message).hint(FORM);
        return;
    };
    let (low_read, high_read) = (low.length(&mut cx.errors), high.length(&mut cx.errors));
    let (Some(low_length), Some(high_length)) = (low_read, high_read) else {
        return;
    };
    if low_length >= high_length {
        let hint = "write the shortest mean first, then the longest";
        let message = "does not go from a low to a high end";
        cx.errors.report(Code::NotARange, &item.place, message).hint(hint);
        return;
    }
    let written = |item: &Item<'_>| item.node().as_text().unwrap_or_default().trim().to_owned();
    cx.ranges.insert(table.place.path.clone(), (written(low), written(high)));
    // The law itself is read, and its mistakes told, by the caller.
    let mut scratch = Context::new(cx.base_dir);
    scratch.samples = cx.samples.clone();
    let Some(mean) = mean_in(table, &mut scratch) else {
        return;
    };
    if !(low_length.as_nanos_f64()..=high_length.as_nanos_f64()).contains(&mean) {
        let message = format!("does not hold the mean, which is {}", Span::from_nanos_f64(mean));
        let hint = "the range is that of the mean, not of single lengths";
        cx.errors.report(Code::MeanBesideRange, &item.place, message).hint(hint);
    }
}

/// The mean of what a table says, in nanoseconds: of its law, of the law that is its `lifetime`,
/// or the length that it names.
fn mean_in(table: &Table<'_>, scratch: &mut Context<'_>) -> Option<f64> {
    for key in ["mttf", "per-gib"] {
        if let Some(item) = table.peek(key) {
            return Some(item.length(&mut scratch.errors)?.as_nanos_f64());
        }
    }
    if let Some(item) = table.peek("lifetime") {
        return read(&item, scratch).map(|law| law.mean());
    }
    let (key, item) = keys().find_map(|key| Some((key, table.peek(key)?)))?;
    law(key, &item, scratch).map(|law| law.mean())
}

/// The text of a source, which must say something: it takes a value off the list of assumptions.
pub(super) fn source_text<'a>(item: &Item<'a>, cx: &mut Context<'_>) -> Option<&'a str> {
    let text = item.text(&mut cx.errors, "text that says where the value comes from")?;
    if !text.chars().any(|c| is_visible(c) && !c.is_whitespace()) {
        let hint = "leave it out: the value is then listed as an assumption";
        cx.errors.report(Code::Empty, &item.place, "names no source").hint(hint);
        return None;
    }
    Some(text)
}

/// Reads a law from a table whose other keys the caller has asked for already.
pub(super) fn read_table(
    item: &Item<'_>,
    mut table: Table<'_>,
    cx: &mut Context<'_>,
) -> Option<Law> {
    let source = source(&mut table, cx);
    let law = law_in(table, cx)?;
    if source == Source::Absent {
        cx.assume(&item.place.path, item.printed(), Origin::Unsourced);
    }
    Some(law)
}

fn read_quietly(item: &Item<'_>, cx: &mut Context<'_>) -> Option<(Law, Source)> {
    if item.is_text() {
        return item.span(&mut cx.errors).map(|span| (Law::fixed(span), Source::Absent));
    }
    if !item.is_table() {
        let hint = r#"write "30s", or a law like { uniform = ["1s", "5s"] }"#;
        item.expected(&mut cx.errors, "a duration or a law", hint);
        return None;
    }
    let mut table = item.table(&mut cx.errors, "")?;
    let source = source(&mut table, cx);
    Some((law_in(table, cx)?, source))
}

/// The one law in a table.
fn law_in(mut table: Table<'_>, cx: &mut Context<'_>) -> Option<Law> {
    let form = one_of(&mut table, &FORMS.map(|(key, _)| key), "law", cx);
    table.finish(&mut cx.errors, &[]);
    let (key, item) = form?;
    law(key, &item, cx)
}

/// The one key of `table` among `keys`, with its value. Reports when there is none or more than
/// one; a misspelt one is left to [`Table::finish`].
pub(super) fn one_of<'t>(
    table: &mut Table<'t>,
    keys: &[&'static str],
    what: &str,
    cx: &mut Context<'_>,
) -> Option<(&'static str, Item<'t>)> {
    let mut found: Vec<(&'static str, Item<'t>)> = Vec::new();
    for &key in keys {
        found.extend(table.get(key).map(|item| (key, item)));
    }
    found.sort_by_key(|(_, item)| item.place.at.span.start);
    if found.len() > 1 {
        let (first, second) = (found[0].0, found[1].0);
        let message = format!("names more than one {what}: `{first}` and `{second}`");
        let hint = format!("a table holds exactly one {what}");
        cx.errors.report(Code::Exclusive, &table.place, message).hint(hint);
        return None;
    }
    let only = found.pop();
    if only.is_none() && !table.has_others() {
        let message = format!("names no {what}");
        hint_names(cx.errors.report(Code::NoneOf, &table.place, message), "", keys);
    }
    only
}

/// The law `key` with the parameters in `item`.
fn law(key: &str, item: &Item<'_>, cx: &mut Context<'_>) -> Option<Law> {
    let law = match key {
        "fixed" => return item.span(&mut cx.errors).map(Law::fixed),
        "uniform" => {
            let [low, high] = lengths(item, key, cx)?;
            Law::uniform(low, high)
        }
        "triangular" => {
            let [low, mode, high] = lengths(item, key, cx)?;
            Law::triangular(low, mode, high)
        }
        "exponential" => {
            let mut table = item.table(&mut cx.errors, form(key))?;
            let mean = length(&mut table, "mean", form(key), cx);
            table.finish(&mut cx.errors, &[]);
            Law::exponential(mean?)
        }
        "lognormal" => lognormal(item, cx)?,
        "weibull" => {
            let (mean, shape) = mean_and_shape(item, key, cx)?;
            Law::weibull_mean_shape(mean, shape)
        }
        "gamma" => {
            let (mean, shape) = mean_and_shape(item, key, cx)?;
            Law::gamma_mean_shape(mean, shape)
        }
        "erlang" => {
            let mut table = item.table(&mut cx.errors, form(key))?;
            let mean = length(&mut table, "mean", form(key), cx);
            let stages = table.require("stages", &mut cx.errors, form(key));
            let stages = stages.and_then(|s| s.count(&mut cx.errors, 1..=u64::from(u32::MAX)));
            table.finish(&mut cx.errors, &[]);
            Law::erlang(mean?, u32::try_from(stages?).unwrap_or(u32::MAX))
        }
        _ => Law::empirical(empirical(item, cx)?),
    };
    checked(law, (&item.place, form(key)), cx)
}

/// How to write the law `key`.
fn form(key: &str) -> &'static str {
    FORMS.iter().find(|(name, _)| *name == key).map_or("", |&(_, form)| form)
}

/// The law, or a report of what its parameters lack.
pub(super) fn checked(
    law: Result<Law, LawError>,
    (place, form): (&Place, &str),
    cx: &mut Context<'_>,
) -> Option<Law> {
    match law {
        Ok(law) => Some(law),
        Err(error) => {
            cx.errors.report(Code::NotALaw, place, error.to_string()).hint(form);
            None
        }
    }
}

/// A required duration in nanoseconds.
fn length(
    table: &mut Table<'_>,
    key: &'static str,
    form: &str,
    cx: &mut Context<'_>,
) -> Option<f64> {
    let item = table.require(key, &mut cx.errors, form)?;
    Some(item.length(&mut cx.errors)?.as_nanos_f64())
}

/// Exactly `N` durations in nanoseconds.
fn lengths<const N: usize>(item: &Item<'_>, key: &str, cx: &mut Context<'_>) -> Option<[f64; N]> {
    let items = item.array(&mut cx.errors, "an array of durations", form(key))?;
    if items.len() != N {
        let message = format!("needs {N} durations, not {}", items.len());
        cx.errors.report(Code::LawParameters, &item.place, message).hint(form(key));
        return None;
    }
    let mut nanos = [Some(0.0); N];
    for (slot, item) in nanos.iter_mut().zip(&items) {
        *slot = item.length(&mut cx.errors).map(|length| length.as_nanos_f64());
    }
    let mut read = [0.0; N];
    for (slot, nanos) in read.iter_mut().zip(nanos) {
        *slot = nanos?;
    }
    Some(read)
}

fn lognormal(item: &Item<'_>, cx: &mut Context<'_>) -> Option<Result<Law, LawError>> {
    let mut table = item.table(&mut cx.errors, form("lognormal"))?;
    let mut optional = |key| {
        let item: Option<Item<'_>> = table.get(key);
        item.map(|item| item.length(&mut cx.errors).map(|length| length.as_nanos_f64()))
    };
    let [median, p95, p99] = ["median", "p95", "p99"].map(&mut optional);
    let [mean, sd] = ["mean", "sd"].map(&mut optional);
    let mistyped = table.has_others();
    let place = table.place.clone();
    table.finish(&mut cx.errors, &[]);
    match (median, p95, p99, mean, sd) {
        (Some(median), Some(p95), None, None, None) => {
            Some(Law::lognormal_median_p95(median?, p95?))
        }
        (Some(median), None, Some(p99), None, None) => {
            Some(Law::lognormal_median_p99(median?, p99?))
        }
        (None, None, None, Some(mean), Some(sd)) => Some(Law::lognormal_mean_sd(mean?, sd?)),
        _ => {
            if !mistyped {
                let message = "needs `median` and `p95`, `median` and `p99`, or `mean` and `sd`";
                let told = cx.errors.report(Code::LawParameters, &place, message);
                told.hint(form("lognormal"));
                let of = place.path.strip_suffix(".lognormal");
                if let (SourceKind::Argument, Some(path)) = (place.at.source.kind, of) {
                    let whole = form("lognormal").trim_start_matches("as in ");
                    told.hint(format!(
                        "a law is replaced as a whole, as in '{path}={{ {whole} }}'"
                    ));
                }
            }
            None
        }
    }
}

fn mean_and_shape(item: &Item<'_>, key: &str, cx: &mut Context<'_>) -> Option<(f64, f64)> {
    let mut table = item.table(&mut cx.errors, form(key))?;
    let mean = length(&mut table, "mean", form(key), cx);
    let shape = table.require("shape", &mut cx.errors, form(key));
    let shape = shape.and_then(|shape| shape.number(&mut cx.errors));
    table.finish(&mut cx.errors, &[]);
    Some((mean?, shape?))
}

fn empirical(item: &Item<'_>, cx: &mut Context<'_>) -> Option<Vec<Span>> {
    let mut table = item.table(&mut cx.errors, form("empirical"))?;
    let file = table.require("file", &mut cx.errors, form("empirical"));
    let file_place = file.as_ref().map(|file| file.place.clone());
    let file = file.and_then(|file| file.text(&mut cx.errors, "the name of a CSV file"));
    let column = match table.get("column") {
        None => Some(sample::Column::Position(1)),
        Some(item) if item.is_text() && !item.is_number() => {
            item.text(&mut cx.errors, "a column").map(|name| sample::Column::Name(name.to_owned()))
        }
        Some(item) => item
            .count(&mut cx.errors, 1..=u64::from(u16::MAX))
            .map(|position| sample::Column::Position(position as usize)),
    };
    table.finish(&mut cx.errors, &[]);
    sample::read(&file_place?, file?, &column?, cx)
}
