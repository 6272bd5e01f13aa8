//! What is asked of results: `[objectives]` and `[[expect]]`.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::values::{Duration, PolicyName, duration_pattern, exactly_one};
use crate::montecarlo::quantity::{Quantity, Statistic};

/// What is asked of single outages and failovers; results say how often it is missed.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Objectives {
    /// Recovery time objective: no write outage should be longer. Above zero.
    rto: Option<Duration>,
    /// Recovery point objective: no failover should lose writes older than this. Above zero.
    rpo: Option<Duration>,
}

/// A limit that results must keep: `metric = "write_outage_s.p99"` and `below = 60`. Give `below`
/// or `above`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(transform = exactly_one(&["metric", "policy"]))]
pub(super) struct Expectation {
    /// What is expected: a metric and a statistic, as in "write_outage_s.p99", a probability such
    /// as "dataset_loss", or "outages.length_s.p95", "outages.rto_missed" and the like.
    metric: QuantityName,
    /// The policy or the cell of a sweep that is meant. Default: every one.
    policy: Option<PolicyName>,
    /// The quantity must be smaller: a number, or for seconds also a duration.
    below: Option<Limit>,
    /// The quantity must be larger: a number, or for seconds also a duration.
    above: Option<Limit>,
}

/// The name of a quantity.
struct QuantityName;

impl JsonSchema for QuantityName {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "QuantityName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let statistics = Statistic::ALL.map(Statistic::name);
        let names = Quantity::subjects().map(|subject| {
            let with = |name: &&str| Quantity::parse(&format!("{subject}.{name}")).is_ok();
            let own: Vec<&str> = statistics.iter().copied().filter(|name| with(name)).collect();
            let subject = subject.replace('.', r"\.");
            match own.is_empty() {
                true => subject,
                false => format!(r"{subject}(\.({}))?", own.join("|")),
            }
        });
        let names: Vec<String> = names.collect();
        json_schema!({
            "type": "string",
            "pattern": format!("^({})$", names.join("|")),
            "examples": ["write_outage_s.p99", "lost_writes.mean", "dataset_loss"],
        })
    }
}

/// A limit: a number, or text for a duration.
struct Limit;

impl JsonSchema for Limit {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Limit".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["number", "string"],
            "minimum": 0,
            "pattern": duration_pattern(),
        })
    }
}
