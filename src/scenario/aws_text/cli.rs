//! Command lines of the AWS CLI: `aws elasticache test-failover --replication-group-id …`, over
//! several lines as Unix and Windows write them, or flattened to one as the guide's text has them.

use super::{Mistake, Words};

/// Options of every command that say how it is sent and what is printed; with a value or without.
const GLOBAL: [(&str, Takes); 9] = [
    ("--region", Takes::Value),
    ("--profile", Takes::Value),
    ("--output", Takes::Value),
    ("--endpoint-url", Takes::Value),
    ("--query", Takes::Value),
    ("--color", Takes::Value),
    ("--no-cli-pager", Takes::Nothing),
    ("--no-paginate", Takes::Nothing),
    ("--debug", Takes::Nothing),
];

/// Whether an option is followed by a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Value,
    Nothing,
}

const HINT: &str = "as in aws elasticache test-failover --replication-group-id cache \
                    --node-group-id 0001";

/// The words of a command line.
pub(super) fn words(text: &str) -> Result<Words, Mistake> {
    let Some(split) = shlex::split(&joined(text)) else {
        return Err(Mistake::new("a quote is not closed", HINT));
    };
    let rest = match split.as_slice() {
        [aws, service, rest @ ..] if aws == "aws" && service == "elasticache" => rest,
        _ => return Err(Mistake::new("does not begin with `aws elasticache`", HINT)),
    };
    let Some((action, mut rest)) = rest.split_first() else {
        return Err(Mistake::new("names no action", HINT));
    };
    let mut words = Words { action: action.clone(), ..Words::default() };
    while let Some((option, after)) = rest.split_first() {
        rest = after;
        if !option.starts_with("--") {
            let wrong = Mistake::new("is no option, and no option takes it", HINT);
            return Err(Mistake { part: option.clone(), ..wrong });
        }
        let (name, inline) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (option.as_str(), None),
        };
        let value = match inline {
            Some(value) => value,
            None => {
                let n_values = rest.iter().take_while(|word| !word.starts_with("--")).count();
                let (values, after) = rest.split_at(n_values);
                rest = after;
                values.join(" ")
            }
        };
        if let Some((_, takes)) = GLOBAL.iter().find(|(global, _)| *global == name) {
            if *takes == Takes::Value && value.is_empty() {
                return Err(without_value(name));
            }
            if name == "--region" {
                words.region = Some(value);
            }
            continue;
        }
        words.given.push((name.to_owned(), settled(name, value)?));
    }
    Ok(words)
}

/// The value of an option: a switch has none, and is on unless its name says no.
fn settled(name: &str, value: String) -> Result<String, Mistake> {
    let is_off = name.starts_with("--no-");
    let is_switch = is_off
        || ["-enabled", "-immediately"].iter().any(|end| name.ends_with(end))
        || ["--force", "--auto-cutover", "--clear-target-cache-data"].contains(&name);
    match (is_switch, value.is_empty()) {
        (true, true) => Ok(if is_off { "false" } else { "true" }.to_owned()),
        (true, false) => {
            let message = format!("`{name}` takes no value");
            let hint = "write --no- in front of its name to switch it off";
            Err(Mistake { part: value, ..Mistake::new(message, hint) })
        }
        (false, true) => Err(without_value(name)),
        (false, false) => Ok(value),
    }
}

fn without_value(name: &str) -> Mistake {
    let wrong = Mistake::new(format!("`{name}` has no value"), "write it behind the option");
    Mistake { part: name.to_owned(), ..wrong }
}

/// The text without the marks that continue a line: `\` and `^` before a line break, or alone
/// between blanks where the line break is gone.
fn joined(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let is_blank =
        |n: Option<usize>| n.and_then(|n| chars.get(n)).is_none_or(|c| c.is_whitespace());
    let mark = |(n, c): (usize, &char)| {
        let is_mark = matches!(c, '\\' | '^');
        let breaks = matches!(chars.get(n + 1), Some('\n' | '\r'));
        let is_alone = is_blank(n.checked_sub(1)) && is_blank(Some(n + 1));
        if is_mark && (breaks || is_alone) || c.is_whitespace() { ' ' } else { *c }
    };
    chars.iter().enumerate().map(mark).collect()
}
