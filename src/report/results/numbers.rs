//! [`Numbers`]: `summary.json` as it was read again, with what is asked for by name.

use serde_json::Value;

use crate::report::summary::SCHEMA;
use crate::stats::level::{Estimate, Level};

/// A summary that was read again.
#[derive(Clone, PartialEq, Debug)]
pub struct Numbers {
    value: Value,
    level: Level,
}

/// What a summary says of one policy.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    value: &'a Value,
}

impl Numbers {
    /// Reads a summary; otherwise what is wrong with it, to follow "the file …".
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let value: Value =
            serde_json::from_slice(bytes).map_err(|error| format!("is no JSON: {error}"))?;
        match value["schema"].as_u64() {
            Some(schema) if schema == u64::from(SCHEMA) => {}
            Some(schema) => return Err(format!("has the schema {schema}, and {SCHEMA} is known")),
            None => return Err("has no `schema`".to_owned()),
        }
        let level = value["level"].as_f64().and_then(Level::new);
        let numbers = Numbers { level: level.ok_or("has no `level`")?, value };
        let is_known = |entry: Entry<'_>| {
            entry.value["name"].is_string() && entry.value["trials"].as_u64().is_some_and(|n| n > 0)
        };
        let is_there = |name: &str| numbers.entries().any(|entry| entry.name() == name);
        match numbers.entries().all(is_known) && is_there(numbers.reference()) {
            true => Ok(numbers),
            false => Err("names no policies with trials, or not their `reference`".to_owned()),
        }
    }

    /// All of it.
    pub fn json(&self) -> &Value {
        &self.value
    }

    /// Level of all intervals.
    pub fn level(&self) -> Level {
        self.level
    }

    /// The policy that the others are compared with.
    pub fn reference(&self) -> &str {
        self.value["reference"].as_str().unwrap_or_default()
    }

    /// The policies, in order.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.value["policies"].as_array().into_iter().flatten().map(|value| Entry { value })
    }

    /// The difference of a policy from the reference in a metric's mean or in a probability; `None`
    /// for the reference itself.
    pub fn difference(&self, policy: &str, metric: &str) -> Option<Estimate> {
        let mut comparisons = self.value["comparisons"].as_array()?.iter();
        let found =
            comparisons.find(|entry| entry["policy"] == policy && entry["metric"] == metric)?;
        estimate(&found["difference"])
    }
}

impl<'a> Entry<'a> {
    /// All that is said of it.
    pub fn json(self) -> &'a Value {
        self.value
    }

    /// The policy's name.
    pub fn name(self) -> &'a str {
        self.value["name"].as_str().unwrap_or_default()
    }

    /// How many trials were run.
    pub fn trials(self) -> u64 {
        self.value["trials"].as_u64().unwrap_or_default()
    }

    /// A statistic of a metric over the trials, as in `write_outage_s` and `mean`.
    pub fn metric(self, metric: &str, statistic: &str) -> Option<Estimate> {
        estimate(&self.value["metrics"][metric][statistic])
    }

    /// A share of trials, as in `dataset_loss`.
    pub fn probability(self, name: &str) -> Option<Estimate> {
        estimate(&self.value["probabilities"][name])
    }

    /// In how many trials it happened; of a study of rare losses, in how many excursions.
    pub fn hits(self, name: &str) -> Option<u64> {
        self.value["probabilities"][name]["hits"].as_u64()
    }

    /// Nines of the write availability; `None` where faults are scheduled, or no outage was seen.
    pub fn nines(self) -> Option<Estimate> {
        estimate(&self.value["nines"])
    }

    /// A mean taken apart, as in `by_phase` and `write_outage_s`: the parts in order.
    pub fn parts(self, by: &str, metric: &str) -> Vec<(&'a str, f64)> {
        let parts = self.value[by][metric].as_object().into_iter().flatten();
        parts.filter_map(|(name, value)| Some((name.as_str(), value.as_f64()?))).collect()
    }

    /// The number of a trial worth a look, as in `worst_loss`.
    pub fn kept_trial(self, key: &str) -> Option<u64> {
        self.value["kept_trials"][key].as_u64()
    }
}

/// An estimate with its interval; `None` where there is none.
pub fn estimate(value: &Value) -> Option<Estimate> {
    let end = |n: usize| value["ci"].get(n).and_then(Value::as_f64);
    Some(Estimate { value: value["value"].as_f64()?, low: end(0), high: end(1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_summary_is_told_so() {
        let check = |text: &str, expected: &str| {
            let error = Numbers::read(text.as_bytes()).expect_err("it is none");
            assert!(error.contains(expected), "{error}");
        };
        check("{", "is no JSON");
        check("{}", "has no `schema`");
        check(r#"{"schema": 2}"#, "has the schema 2, and 1 is known");
        check(r#"{"schema": 1}"#, "has no `level`");
        check(r#"{"schema": 1, "level": 0.95, "reference": "a"}"#, "names no policies");
        check(
            r#"{"schema": 1, "level": 0.95, "reference": "a", "policies": [{"name": "a"}]}"#,
            "names no policies",
        );
    }

    #[test]
    fn numbers_are_found_by_name() {
        let text = r#"{"schema": 1, "level": 0.9, "reference": "a", "policies": [
            {"name": "a", "trials": 7, "nines": null,
             "metrics": {"write_outage_s": {"mean": {"value": 2, "ci": [1, null]}}},
             "by_phase": {"write_outage_s": {"detection": 1.5, "promotion": 0.5}}}],
            "comparisons": []}"#;
        let numbers = Numbers::read(text.as_bytes()).expect("a summary");
        let entry = numbers.entries().next().expect("a policy");
        let mean = entry.metric("write_outage_s", "mean").expect("a mean");
        assert_eq!(mean, Estimate { value: 2.0, low: Some(1.0), high: None });
        let parts = entry.parts("by_phase", "write_outage_s");
        assert_eq!(parts, [("detection", 1.5), ("promotion", 0.5)]);
        assert_eq!((entry.nines(), entry.metric("write_outage_s", "p50")), (None, None));
        assert_eq!(numbers.difference("a", "write_outage_s"), None);
    }
}
