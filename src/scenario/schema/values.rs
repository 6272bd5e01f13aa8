//! How single values are written: texts with a grammar, counts, sizes, and laws.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// Requires exactly one of the properties that are not named in `beside`.
pub(crate) fn exactly_one(beside: &[&str]) -> impl FnMut(&mut Schema) {
    move |schema| {
        let properties = schema.get("properties").and_then(|properties| properties.as_object());
        let keys = properties.into_iter().flat_map(|properties| properties.keys());
        let choices: Vec<_> = keys
            .filter(|key| !beside.contains(&key.as_str()))
            .map(|key| json_schema!({ "required": [key] }).to_value())
            .collect();
        schema.insert("oneOf".to_owned(), choices.into());
    }
}

/// The grammar of `scenario::units::duration` without its limits: no minus, no month, a unit with
/// every number, a fraction with hours and smaller units only.
pub(super) fn duration_pattern() -> String {
    let calendar = r"[0-9]+\s*(y|yrs?|years?|w|wks?|weeks?|d|days?)";
    let clock = concat!(
        r"[0-9]+([.,][0-9]+)?\s*(h|hrs?|hours?|m|mins?|minutes?|s|secs?|seconds?",
        r"|ms|msecs?|millis?|milliseconds?|[uµ]s|[uµ]secs?|micros?|microseconds?",
        r"|ns|nsecs?|nanos?|nanoseconds?)"
    );
    let units = format!(r"({calendar}|{clock})(,?\s*({calendar}|{clock}))*");
    let hms = format!(r"({calendar},?\s*)*[0-9]+:[0-9]+:[0-9]+([.,][0-9]+)?");
    let iso_date = "([0-9]+[YyWwDd])";
    let iso_time = "[Tt]([0-9]+([.,][0-9]+)?[HhMmSs])+";
    let iso = format!("[Pp]({iso_date}+({iso_time})?|{iso_time})");
    format!(r"^\s*\+?({units}|{hms}|{iso})\s*$")
}

/// A length of time: text with a unit, as in "30s", "200ms", "1h 30m", "30d", "1y" or "PT1H". A
/// day has 24 hours, a year 365 days; months are refused.
#[derive(JsonSchema)]
#[schemars(extend("pattern" = duration_pattern(), "examples" = ["30s", "200ms", "1h 30m"]))]
pub(super) struct Duration(String);

/// The name of a group, a shard, a node, an AZ or a fault: letters, digits, `-` and `_`.
#[derive(JsonSchema)]
#[schemars(extend("pattern" = "^[A-Za-z0-9_-]{1,63}$"))]
pub(super) struct Name(String);

/// One line of text.
#[derive(JsonSchema)]
#[schemars(extend("pattern" = r"^[^\u0000-\u001f\u007f-\u009f]*\S[^\u0000-\u001f\u007f-\u009f]*$"))]
#[schemars(extend("maxLength" = 200))]
pub(super) struct Title(String);

/// The name of a policy or of a cell of a sweep.
#[derive(JsonSchema)]
#[schemars(inline)]
pub(super) struct PolicyName(String);

/// A version as text, as in "8.0" or "7.0.1".
#[derive(JsonSchema)]
#[schemars(extend("pattern" = r"^[0-9]+\.[0-9]+(\.[0-9]+)?$"))]
pub(super) struct Version(String);

/// A node type, as in "cache.r7g.large".
#[derive(JsonSchema)]
#[schemars(extend("pattern" = r"^cache\.[A-Za-z0-9.-]+$"))]
pub(super) struct NodeType(String);

/// A whole number within bounds: an integer, a whole float, or text like "1e4" or "10_000".
pub(super) struct Count<const LOW: u64, const HIGH: u64>;

impl<const LOW: u64, const HIGH: u64> JsonSchema for Count<LOW, HIGH> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Count_{LOW}_{HIGH}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let text = r"^\s*[+_]*[0-9._]*[0-9][0-9._]*([eE][+_]*[0-9][0-9_]*)?\s*$";
        number_or_text(LOW, HIGH, text)
    }
}

/// A size in bytes within bounds: text with a unit, or a whole number.
pub(super) struct Size<const LOW: u64, const HIGH: u64>;

impl<const LOW: u64, const HIGH: u64> JsonSchema for Size<LOW, HIGH> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Size_{LOW}_{HIGH}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let number = "[0-9_]*[0-9][0-9_]*";
        let unit = "(([kKmMgGtT][iI]?)?[bB])?";
        number_or_text(LOW, HIGH, &format!(r"^\s*{number}(\.{number})?\s*{unit}\s*$"))
    }
}

/// A rate in bytes per second: text with a unit, as in "100 MB/s" or "1 Gbit/s", or a whole number.
pub(super) struct Rate;

impl JsonSchema for Rate {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Rate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let number = "[0-9_]*[0-9][0-9_]*";
        let unit = "([kKmMgGtT][iI]?)?[bB]([iI][tT])?";
        number_or_text(1, 1 << 50, &format!(r"^\s*{number}(\.{number})?\s*{unit}\s*/s\s*$"))
    }
}

/// An integer from `low` to `high`, or text. Not two schemas to choose from, since then a mistake
/// would only be told as "none of these".
fn number_or_text(low: u64, high: u64, pattern: &str) -> Schema {
    let mut schema = json_schema!({
        "type": ["integer", "string"],
        "minimum": low,
        "pattern": pattern,
    });
    // No word of a bound that 64 bits set anyway.
    if high < u64::MAX {
        schema.insert("maximum".to_owned(), high.into());
    }
    schema
}

/// A length of time that may differ from one time to the next: text for a fixed one, or a table
/// with exactly one law.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[schemars(transform = exactly_one(&["source", "range"]), transform = or_duration)]
pub(super) struct Law {
    #[schemars(flatten)]
    law: LawKeys,
}

/// How long a full sync takes: a time per GiB, or a law whatever the size: text for a fixed
/// length, or a table with exactly one law.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(transform = exactly_one(&["source", "range"]), transform = or_duration)]
pub(super) struct FullSync {
    /// Time per GiB of the data held when the sync begins.
    per_gib: Option<Duration>,
    #[schemars(flatten)]
    law: LawKeys,
}

/// Allows the text of a duration in place of a table whose `oneOf` asks for one of its keys.
fn or_duration(schema: &mut Schema) {
    schema.insert("pattern".to_owned(), duration_pattern().into());
    also(schema, "string");
}

/// Adds a type to those of a table whose `oneOf` says which of its keys go together.
pub(super) fn also(schema: &mut Schema, name: &str) {
    schema.insert("type".to_owned(), vec!["object", name].into());
    if let Some(choices) = schema.get_mut("oneOf").and_then(|choices| choices.as_array_mut()) {
        for choice in choices.iter_mut() {
            choice["type"] = "object".into();
        }
        choices.push(json_schema!({ "type": name }).to_value());
    }
}

/// The laws.
#[derive(JsonSchema)]
struct LawKeys {
    /// Always this length: `fixed = "30s"`.
    fixed: Option<Duration>,
    /// Equally likely anywhere between two lengths: `uniform = ["1s", "5s"]`.
    uniform: Option<[Duration; 2]>,
    /// Without memory: `exponential = { mean = "200ms" }`.
    exponential: Option<Exponential>,
    /// The logarithm is normal: `lognormal = { median = "10s", p95 = "25s" }`; `p99` instead of
    /// `p95`, or `mean` and `sd`.
    lognormal: Option<Lognormal>,
    /// `weibull = { mean = "10y", shape = 1.5 }`: the rate of failures falls with age for a shape
    /// below 1 and rises above.
    weibull: Option<MeanAndShape>,
    /// `gamma = { mean = "10s", shape = 2.0 }`.
    gamma: Option<MeanAndShape>,
    /// The sum of exponential stages: `erlang = { mean = "10s", stages = 3 }`.
    erlang: Option<Erlang>,
    /// Shortest, most likely and longest: `triangular = ["1s", "2s", "5s"]`.
    triangular: Option<[Duration; 3]>,
    /// Drawn from observed lengths: `empirical = { file = "measured.csv", column = "seconds" }`.
    empirical: Option<Empirical>,
    /// Where the law comes from. Without it the law is listed as an assumption.
    source: Option<String>,
    /// Between which lengths the mean may be, the lower one first; how much a result depends on
    /// it can be asked. Default: half to double.
    range: Option<[Duration; 2]>,
}

/// An exponential law.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Exponential {
    /// Mean, above zero.
    mean: Duration,
}

/// A lognormal law: by its median and a quantile, or by its mean and standard deviation.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[schemars(extend("maxProperties" = 2, "oneOf" = [
    { "required": ["median", "p95"] },
    { "required": ["median", "p99"] },
    { "required": ["mean", "sd"] },
]))]
struct Lognormal {
    /// Half of the lengths are shorter.
    median: Option<Duration>,
    /// 95 % of the lengths are shorter; above the median.
    p95: Option<Duration>,
    /// 99 % of the lengths are shorter; above the median.
    p99: Option<Duration>,
    /// Mean, above zero.
    mean: Option<Duration>,
    /// Standard deviation, above zero.
    sd: Option<Duration>,
}

/// A law by its mean and its shape.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct MeanAndShape {
    /// Mean, above zero.
    mean: Duration,
    /// Shape, a number from 0.001 to 10000; 1 makes the law exponential.
    #[schemars(range(min = 0.001, max = 10_000))]
    shape: f64,
}

/// The sum of exponential stages.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Erlang {
    /// Mean of the sum, above zero.
    mean: Duration,
    /// Number of stages, 1 to 10000.
    stages: Count<1, 10_000>,
}

/// Observed lengths.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Empirical {
    /// A CSV file, relative to the scenario: one length per row, in seconds or with a unit.
    file: String,
    /// The column, by its heading or by its number from 1. Default: 1.
    #[schemars(extend("default" = 1))]
    column: Option<Column>,
}

/// A column of a CSV file.
#[derive(JsonSchema)]
#[schemars(inline, extend("type" = ["string", "integer"], "minimum" = 1, "maximum" = 65_535))]
struct Column(String);

/// Share of an AZ's nodes that an event hits: a number above 0 and up to 1, or
/// `{ uniform = [0, 1] }` for one that is drawn for each event. Each node is hit with that chance.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[schemars(extend("type" = ["number", "object"], "exclusiveMinimum" = 0, "maximum" = 1))]
pub(super) struct Share {
    /// The smallest and the largest share: `uniform = [0, 1]`.
    #[schemars(inner(range(min = 0, max = 1)))]
    uniform: [f64; 2],
}

/// Any value.
pub(super) struct Anything;

impl JsonSchema for Anything {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Anything".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        true.into()
    }
}

/// A table whose keys only the decoder knows.
pub(super) type AnyTable = BTreeMap<String, Anything>;
