//! Requests of the query API: `https://elasticache.us-west-2.amazonaws.com/?Action=…`, also with
//! the blanks before `?` and `&` that the guide's text has.

use super::{Mistake, Words};
use crate::model::api::ApiError;

/// The version of the service model that is understood.
const VERSION: &str = "2015-02-02";
/// Who signs a request is no concern of a simulation.
const SIGNATURE: [&str; 5] =
    ["SignatureVersion", "SignatureMethod", "Signature", "Timestamp", "AWSAccessKeyId"];

const HINT: &str = "as in https://elasticache.us-west-2.amazonaws.com/?Action=TestFailover\
                    &ReplicationGroupId=cache&NodeGroupId=0001&Version=2015-02-02";

/// The words of a request.
pub(super) fn words(text: &str) -> Result<Words, Mistake> {
    let text = joined(text);
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let Some((place, query)) = rest.and_then(|rest| rest.split_once('?')) else {
        return Err(Mistake::new("is not a request of the query API", HINT));
    };
    let mut words = Words { region: region(place)?, ..Words::default() };
    let mut version = None;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "" => {}
            "Action" => words.action = value.into_owned(),
            "Version" => version = Some(value.into_owned()),
            name if SIGNATURE.contains(&name) || name.starts_with("X-Amz-") => {}
            _ => words.given.push((name.into_owned(), value.into_owned())),
        }
    }
    if words.action.is_empty() {
        let missing = Mistake::new("names no `Action`", HINT);
        return Err(missing.answered(ApiError::MissingAction));
    }
    match version {
        Some(version) if version == VERSION => Ok(words),
        Some(other) => {
            let hint = format!("write Version={VERSION}");
            let wrong = Mistake::new("is another version of the API", &hint);
            let wrong = wrong.answered(ApiError::InvalidParameterValue);
            Err(Mistake { part: other, ..wrong })
        }
        None => {
            let missing = Mistake::new("names no `Version`", &format!("add &Version={VERSION}"));
            Err(missing.answered(ApiError::MissingParameter))
        }
    }
}

/// The region of a host with its path: "elasticache.us-west-2.amazonaws.com/".
fn region(place: &str) -> Result<Option<String>, Mistake> {
    let host = place.strip_suffix('/').unwrap_or(place);
    let labels: Vec<&str> = host.split('.').collect();
    match labels.as_slice() {
        ["elasticache", "amazonaws", "com"] => Ok(None),
        ["elasticache", region, "amazonaws", "com"]
        | ["elasticache", region, "amazonaws", "com", "cn"] => Ok(Some((*region).to_owned())),
        _ => {
            let wrong = Mistake::new("is not the address of ElastiCache", HINT);
            Err(Mistake { part: place.to_owned(), ..wrong })
        }
    }
}

/// The text without line breaks, and without blanks beside `?` and `&`.
fn joined(text: &str) -> String {
    let parts: Vec<&str> = text.split('&').map(str::trim).collect();
    let joined = parts.join("&");
    match joined.split_once('?') {
        Some((place, query)) => format!("{}?{}", place.trim(), query.trim()),
        None => joined.trim().to_owned(),
    }
}
