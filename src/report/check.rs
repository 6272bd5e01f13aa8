//! What `ecsim check` says about a scenario: what it is, what losing a node or an AZ takes with
//! it; for editors, also every value and everything that is remarkable.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::engine::time::SimTime;
use crate::report::numbers::count;
use crate::report::summary::SCHEMA;
use crate::report::{diagnostic, table, topology};
use crate::scenario::domains::Map;
use crate::scenario::resolved::{Giver, ResolvedValue};
use crate::scenario::{Diagnostic, Experiment, Policy};

/// So many policies are told one by one.
const MOST_POLICIES: usize = 12;

/// A valid scenario in a few lines.
pub fn text(file: &str, experiment: &Experiment) -> String {
    let mut text = String::new();
    let n = experiment.policies.len();
    let horizon = experiment.policies[0].plan.horizon.since(SimTime::START);
    let policies = if n == 1 { String::new() } else { format!(" · {n} policies") };
    let _ = writeln!(
        text,
        "{file}: ok · {}{policies} · seed {} · {} trials of {horizon}",
        experiment.name,
        experiment.seed,
        count(u128::from(experiment.trials)),
    );
    for policy in experiment.policies.iter().take(MOST_POLICIES) {
        if n > 1 {
            let _ = writeln!(text, " policy: {}", policy.name);
        }
        for group in &policy.plan.groups {
            let _ = writeln!(text, " {}", table::group_line(&policy.plan, group));
        }
        for line in topology::failure_domains_text(&Map::of(&policy.plan)).lines() {
            let _ = writeln!(text, "  {line}");
        }
        let _ = writeln!(text, " {}", foundations(policy));
    }
    if n > MOST_POLICIES {
        let _ = writeln!(text, " and {} more policies", n - MOST_POLICIES);
    }
    text
}

/// How many values rest on what.
fn foundations(policy: &Policy) -> String {
    let n = policy.assumptions.iter().filter(|a| a.why.is_unfounded()).count();
    let founded = policy.assumptions.len() - n;
    format!("{n} values are assumed, {founded} defaults have a source: --explain shows them all")
}

/// A valid scenario for programs.
pub fn json(file: &str, experiment: &Experiment) -> Value {
    let policies: Vec<Value> = experiment
        .policies
        .iter()
        .map(|policy| {
            let values: Vec<Value> = policy.resolved.values.iter().map(value_json).collect();
            json!({ "name": policy.name, "values": values })
        })
        .collect();
    json!({
        "file": file,
        "valid": true,
        "name": experiment.name,
        "policies": policies,
        "diagnostics": diagnostic::json(&experiment.remarks),
    })
}

/// An invalid scenario for programs.
pub fn json_of_invalid(file: &str, diagnostics: &[Diagnostic]) -> Value {
    json!({ "file": file, "valid": false, "diagnostics": diagnostic::json(diagnostics) })
}

/// The answers about all files.
pub fn json_of_all(files: Vec<Value>) -> Value {
    json!({ "schema": SCHEMA, "files": files })
}

fn value_json(value: &ResolvedValue) -> Value {
    let giver = match value.giver {
        Giver::File => "scenario",
        Giver::CommandLine => "command line",
        Giver::Nobody => "default",
    };
    let origins: Vec<Value> = value
        .origins
        .iter()
        .map(|(path, origin)| {
            json!({ "path": path, "why": origin.to_string(), "founded": !origin.is_unfounded() })
        })
        .collect();
    let mut json =
        json!({ "path": value.path, "value": value.value, "given_by": giver, "origins": origins });
    if let Some((low, high)) = &value.range {
        json["range"] = json!([low, high]);
    }
    json
}
