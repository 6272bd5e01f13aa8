//! How the endpoints of a trial changed, as a table for people and as JSON lines.

use serde_json::{Value, json};

use crate::engine::rng::TrialKey;
use crate::engine::time::SimTime;
use crate::model::fact::Fact;
use crate::model::plan::Plan;
use crate::montecarlo::trial::Trial;
use crate::observe::endpoints::{Endpoints, Record, Target};
use crate::report::endpoint_names::EndpointNames;
use crate::report::event_log::columns;

/// Runs the trial again, through the moments of its `facts`, and notes where each record leads.
pub fn follow(plan: &Plan, key: TrialKey, facts: &[(SimTime, Fact)]) -> Endpoints {
    let mut trial = Trial::begin(plan, key);
    let mut endpoints = Endpoints::new(plan, trial.state());
    for moment in facts.chunk_by(|a, b| a.0 == b.0) {
        let at = moment[0].0;
        trial.run_until(at, &mut ());
        endpoints.take_in(at, plan, trial.state(), moment);
    }
    endpoints
}

/// What the records lead to at the start, then each change, oldest first.
pub fn table(plan: &Plan, endpoints: &Endpoints) -> String {
    let head = ["simulated", "kind", "record", "from", "to"].map(str::to_owned);
    let mut rows = vec![head];
    for (record, target) in &endpoints.first {
        let at = SimTime::START.to_string();
        rows.push([
            at,
            kind(*record).to_owned(),
            name(plan, *record),
            String::new(),
            shown(plan, target),
        ]);
    }
    for change in &endpoints.changes {
        rows.push([
            change.at.to_string(),
            kind(change.record).to_owned(),
            name(plan, change.record),
            shown(plan, &change.from),
            shown(plan, &change.to),
        ]);
    }
    columns(&rows)
}

/// The same as JSON, one object per line; those of the start have no `from`.
pub fn lines(plan: &Plan, endpoints: &Endpoints) -> String {
    let object = |at: SimTime, record: Record, from: Option<&Target>, to: &Target| {
        let mut object = json!({
            "t_ns": at.as_nanos(),
            "record": kind(record),
            "name": name(plan, record),
        });
        if let Some(from) = from {
            object["from"] = target_json(plan, from);
        }
        object["to"] = target_json(plan, to);
        object.to_string() + "\n"
    };
    let first = endpoints.first.iter();
    let first = first.map(|(record, to)| object(SimTime::START, *record, None, to));
    let changes = endpoints.changes.iter();
    let changes =
        changes.map(|change| object(change.at, change.record, Some(&change.from), &change.to));
    first.chain(changes).collect()
}

fn kind(record: Record) -> &'static str {
    match record {
        Record::Primary(_) => "primary",
        Record::Reader(_) => "reader",
        Record::Configuration(_) => "configuration",
        Record::Slots(_) => "slots",
        Record::Node(_) => "node",
    }
}

/// The host name of an endpoint; a line of the slot map is called after its shard.
fn name(plan: &Plan, record: Record) -> String {
    match record {
        Record::Primary(shard) => EndpointNames::new(plan, plan.group_of(shard)).primary(),
        Record::Reader(shard) => EndpointNames::new(plan, plan.group_of(shard)).reader(),
        Record::Configuration(group) => {
            EndpointNames::new(plan, &plan.groups[group.idx()]).configuration()
        }
        Record::Slots(shard) => {
            format!("{}/{}", plan.group_of(shard).id, plan.shards[shard.idx()].id)
        }
        Record::Node(node) => {
            let group = plan.group_of(plan.nodes[node.idx()].shard);
            EndpointNames::new(plan, group).node(node)
        }
    }
}

fn shown(plan: &Plan, target: &Target) -> String {
    match target {
        Target::Node(node) => plan.nodes[node.idx()].name.clone(),
        Target::Nodes(nodes) => {
            let names: Vec<&str> =
                nodes.iter().map(|node| plan.nodes[node.idx()].name.as_str()).collect();
            names.join(" ")
        }
        Target::Host(n) => format!("host {n}"),
        Target::Nothing => "nothing".to_owned(),
    }
}

fn target_json(plan: &Plan, target: &Target) -> Value {
    match target {
        Target::Node(node) => json!([plan.nodes[node.idx()].name]),
        Target::Nodes(nodes) => {
            nodes.iter().map(|node| json!(plan.nodes[node.idx()].name)).collect()
        }
        Target::Host(_) => json!([shown(plan, target)]),
        Target::Nothing => json!([]),
    }
}
