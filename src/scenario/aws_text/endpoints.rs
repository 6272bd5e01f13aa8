//! `CustomerNodeEndpointList`, the endpoints of a migration's source: in the CLI's shorthand
//! (`Address='10.0.0.241',Port=6379`), in its JSON (`[{"Address":"10.0.0.241","Port":6379}]`), and
//! as the numbered parameters of a request.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Mistake, spot};
use crate::model::api::ApiError;
use crate::scenario::reader::Item;
use crate::scenario::tree::{Entry, Node, Value};

/// The name of the list in requests, and the key of the operation that it becomes.
const LIST: &str = "CustomerNodeEndpointList";
const KEY: &str = "endpoints";

/// An endpoint as far as it was read.
#[derive(Default)]
struct Parts<'a> {
    address: Option<&'a str>,
    port: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// Takes in a field of the shape `CustomerNodeEndpoint`.
    fn add(&mut self, field: &str, value: &'a str) -> Result<(), Mistake> {
        match field {
            "Address" => self.address = Some(value),
            "Port" => self.port = Some(value),
            _ => {
                let hint = "an endpoint has an Address and a Port";
                return Err(wrong("is no part of an endpoint", hint, field));
            }
        }
        Ok(())
    }

    /// The endpoint as an operation has it, where it stands.
    fn node(&self, whole: &str, item: &Item<'_>) -> Result<Node, Mistake> {
        let (Some(address), Some(port)) = (self.address, self.port) else {
            let missing = if self.address.is_none() { "Address" } else { "Port" };
            let message = format!("an endpoint has no `{missing}`");
            return Err(wrong(&message, "write Address=10.0.0.241,Port=6379", whole));
        };
        let text = match address.contains(':') {
            true => format!("[{address}]:{port}"),
            false => format!("{address}:{port}"),
        };
        Ok(Node { at: spot(address, item), value: Value::Text(text) })
    }
}

/// The endpoints of a command line, the value of the option `name`.
pub(super) fn of_command(
    value: &str,
    (name, key): (&str, &str),
    item: &Item<'_>,
) -> Result<Entry, Mistake> {
    if value.trim_start().starts_with('[') {
        return Ok(entry((name, key), of_json(value, item)?, item));
    }
    let mut nodes = Vec::new();
    for word in value.split_whitespace() {
        let mut parts = Parts::default();
        for field in word.split(',') {
            let Some((field, value)) = field.split_once('=') else {
                let hint = "write Address=10.0.0.241,Port=6379";
                return Err(wrong("is not an endpoint", hint, word));
            };
            parts.add(field, value.trim_matches(['\'', '"']))?;
        }
        nodes.push(parts.node(word, item)?);
    }
    Ok(entry((name, key), nodes, item))
}

/// The endpoints of a list in JSON.
fn of_json(value: &str, item: &Item<'_>) -> Result<Vec<Node>, Mistake> {
    const HINT: &str = r#"write [{"Address":"10.0.0.241","Port":6379}]"#;
    let list: Vec<BTreeMap<String, Json>> = serde_json::from_str(value)
        .map_err(|error| wrong(&format!("is no JSON list of endpoints: {error}"), HINT, value))?;
    let node = |fields: &BTreeMap<String, Json>| {
        let plain = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let texts: Vec<(&str, String)> =
            fields.iter().map(|(field, value)| (field.as_str(), plain(value))).collect();
        let mut parts = Parts::default();
        for (field, value) in &texts {
            parts.add(field, value)?;
        }
        parts.node(value, item)
    };
    list.iter().map(node).collect()
}

/// The endpoints of a request; nothing where it names none.
pub(super) fn of_request(
    given: &[(&str, &str)],
    item: &Item<'_>,
) -> Result<Option<Entry>, Mistake> {
    let mut all: BTreeMap<u32, Parts<'_>> = BTreeMap::new();
    for (name, value) in given {
        // CustomerNodeEndpointList.member.1.Address
        let rest: Vec<&str> = name.trim_start_matches(LIST).split('.').skip(1).collect();
        let member = match rest.as_slice() {
            [_, number, field] => number.parse::<u32>().ok().map(|number| (number, *field)),
            _ => None,
        };
        let Some((number, field)) = member else {
            let hint = "as in CustomerNodeEndpointList.member.1.Address";
            return Err(wrong("is no member of the list", hint, name));
        };
        all.entry(number).or_default().add(field, value)?;
    }
    if all.is_empty() {
        return Ok(None);
    }
    let nodes: Result<Vec<Node>, Mistake> =
        all.values().map(|parts| parts.node(LIST, item)).collect();
    Ok(Some(entry((LIST, KEY), nodes?, item)))
}

fn entry((name, key): (&str, &str), nodes: Vec<Node>, item: &Item<'_>) -> Entry {
    let at = nodes.first().map_or_else(|| spot(name, item), |node| node.at.clone());
    let node = Node { at, value: Value::Array(nodes) };
    Entry { key: key.to_owned(), key_at: spot(name, item), node }
}

fn wrong(message: &str, hint: &str, part: &str) -> Mistake {
    let mistake = Mistake::new(message, hint).answered(ApiError::InvalidParameterValue);
    Mistake { part: part.to_owned(), ..mistake }
}
