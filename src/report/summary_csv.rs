//! The summary of a study as a table: each estimate one row, made of the JSON, so that no field
//! can be in the one and not in the other.

use serde_json::{Map, Value};

use crate::report::exact::{self, Answer};
use crate::report::study::Study;
use crate::report::summary;
use crate::scenario::Experiment;

/// The columns.
pub const COLUMNS: [&str; 9] =
    ["policy", "section", "name", "statistic", "value", "ci_low", "ci_high", "trial", "hits"];

/// The summary of a study as CSV.
pub fn csv(study: &Study<'_>) -> String {
    let summary = serde_json::to_value(summary::summary(study)).expect("a summary is JSON");
    of_json(&summary)
}

/// Exact answers as CSV; why a policy has none stands in the JSON only.
pub fn exact(experiment: &Experiment, answers: &[Answer<'_>]) -> String {
    let mut whole = serde_json::to_value(exact::answers(experiment, answers)).expect("it is JSON");
    if let Some(members) = whole.as_object_mut() {
        members.shift_remove("refused");
    }
    of_json(&whole)
}

/// The rows of a summary.
fn of_json(summary: &Value) -> String {
    let mut table = Table { writer: csv::WriterBuilder::new().from_writer(Vec::new()) };
    table.write(COLUMNS);
    for (key, value) in summary.as_object().into_iter().flatten() {
        let Some(elements) = value.as_array() else {
            table.walk(&Place { policy: "", path: vec!["run".to_owned(), key.clone()] }, value);
            continue;
        };
        for element in elements {
            table.element(key, element);
        }
    }
    let bytes = table.writer.into_inner().expect("memory takes all that is written");
    String::from_utf8(bytes).expect("quotes keep text what it is")
}

/// Where in the summary something stands.
struct Place<'v> {
    policy: &'v str,
    path: Vec<String>,
}

impl Place<'_> {
    fn of(&self, key: &str) -> Self {
        Place { policy: self.policy, path: [&self.path[..], &[key.to_owned()]].concat() }
    }
}

struct Table {
    writer: csv::Writer<Vec<u8>>,
}

impl Table {
    fn write<'c>(&mut self, cells: impl IntoIterator<Item = &'c str>) {
        self.writer.write_record(cells).expect("memory takes all that is written");
    }

    /// An element of a list at the top: of a policy, or of something that has a name.
    fn element(&mut self, list: &str, element: &Value) {
        let text = |key: &str| element.get(key).and_then(Value::as_str);
        let (policy, name, ids): (&str, &str, &[&str]) = match list {
            "policies" => (text("name").unwrap_or_default(), "", &["name"]),
            _ => {
                let name = text("metric").or(text("path")).unwrap_or_default();
                (text("policy").unwrap_or_default(), name, &["policy", "metric", "path"])
            }
        };
        let path = match name {
            "" => Vec::new(),
            name => vec![list.to_owned(), name.to_owned()],
        };
        let place = Place { policy, path };
        let rest = element.as_object().into_iter().flatten();
        let rest: Map<String, Value> = rest
            .filter(|(key, _)| !ids.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        match list {
            // Their sections stand on their own; a number alone belongs to the policy.
            "policies" => {
                for (key, value) in &rest {
                    let place = match value {
                        Value::Object(_) | Value::Array(_) => place.of(key),
                        _ => place.of("policy").of(key),
                    };
                    self.walk(&place, value);
                }
            }
            _ => self.walk(&place, &Value::Object(rest)),
        }
    }

    /// What stands at a place, down to the last number.
    fn walk(&mut self, place: &Place<'_>, value: &Value) {
        match value {
            Value::Object(members) => self.object(place, members),
            Value::Array(elements) => match elements.as_slice() {
                [low, high] if is_end(low) && is_end(high) => {
                    self.row(place, ["", &cell(low), &cell(high), "", ""]);
                }
                _ => {
                    for (n, element) in elements.iter().enumerate() {
                        match element.get("path").and_then(Value::as_str) {
                            Some(path) => self.element_of(place, path, element),
                            None => self.walk(&place.of(&n.to_string()), element),
                        }
                    }
                }
            },
            scalar => self.row(place, [&cell(scalar), "", "", "", ""]),
        }
    }

    /// An element of a list within a policy that says what it is about.
    fn element_of(&mut self, place: &Place<'_>, path: &str, element: &Value) {
        let rest = element.as_object().into_iter().flatten();
        for (key, value) in rest.filter(|(key, _)| *key != "path") {
            self.walk(&place.of(path).of(key), value);
        }
    }

    /// An estimate is one row; what else an object holds has rows of its own.
    fn object(&mut self, place: &Place<'_>, members: &Map<String, Value>) {
        const OF_ESTIMATES: [&str; 4] = ["value", "ci", "trial", "hits"];
        let is_estimate = members.get("value").is_some_and(Value::is_number);
        if is_estimate {
            let of = |key: &str| members.get(key).map(cell).unwrap_or_default();
            let end =
                |n: usize| members.get("ci").and_then(|ci| ci.get(n)).map(cell).unwrap_or_default();
            self.row(place, [&of("value"), &end(0), &end(1), &of("trial"), &of("hits")]);
        }
        for (key, value) in members {
            if !is_estimate || !OF_ESTIMATES.contains(&key.as_str()) {
                self.walk(&place.of(key), value);
            }
        }
    }

    fn row(&mut self, place: &Place<'_>, values: [&str; 5]) {
        let part = |n: usize| place.path.get(n).map_or("", String::as_str);
        let statistic = place.path.get(2..).unwrap_or_default().join(".");
        let ids = [place.policy, part(0), part(1), &statistic];
        self.write(ids.into_iter().chain(values));
    }
}

fn is_end(value: &Value) -> bool {
    value.is_number() || value.is_null()
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
