//! How the endpoints of a trial changed, as a table for people and as JSON lines.

use serde_json::{Value, json};

use crate::engine::rng::TrialKey;
use crate::engine::time::SimTime;
use crate::model::fact::Fact;
use crate::model::plan::{GroupId, Plan};
use crate::model::state::Region;
use crate::montecarlo::trial::Trial;
use crate::observe::endpoints::{Change, Endpoints, Record, Target};
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
    let names = Names { plan, group_number: 0, region: Region::Home };
    for (record, target) in &endpoints.first {
        let at = SimTime::START.to_string();
        rows.push([
            at,
            kind(*record).to_owned(),
            names.of(*record),
            String::new(),
            names.shown(*record, target),
        ]);
    }
    for change in &endpoints.changes {
        let names = Names::at(plan, change);
        rows.push([
            change.at.to_string(),
            kind(change.record).to_owned(),
            names.of(change.record),
            names.shown(change.record, &change.from),
            names.shown(change.record, &change.to),
        ]);
    }
    columns(&rows)
}

/// The same as JSON, one object per line; those of the start have no `from`.
pub fn lines(plan: &Plan, endpoints: &Endpoints) -> String {
    let start = Names { plan, group_number: 0, region: Region::Home };
    let first = endpoints.first.iter().map(|(record, to)| {
        let mut object = start.object(SimTime::START, *record);
        object["to"] = start.json(*record, to);
        object
    });
    let changes = endpoints.changes.iter().map(|change| {
        let names = Names::at(plan, change);
        let mut object = names.object(change.at, change.record);
        object["from"] = names.json(change.record, &change.from);
        object["to"] = names.json(change.record, &change.to);
        object
    });
    first.chain(changes).map(|object| object.to_string() + "\n").collect()
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

/// What records and nodes are called in the groups that were restored so often, and stand there.
#[derive(Clone, Copy)]
struct Names<'p> {
    plan: &'p Plan,
    group_number: u32,
    region: Region,
}

impl<'p> Names<'p> {
    /// The names that a change speaks of.
    fn at(plan: &'p Plan, change: &Change) -> Self {
        let Change { group_number, region, .. } = *change;
        Names { plan, group_number, region }
    }

    fn in_group(&self, group: GroupId) -> EndpointNames<'p> {
        EndpointNames::new(self.plan, group).restored(self.group_number).in_region(self.region)
    }

    /// The host name of an endpoint; a line of the slot map is called after its shard.
    fn of(&self, record: Record) -> String {
        let names = self.in_group(record.group(self.plan));
        match record {
            Record::Primary(_) => names.primary(),
            Record::Reader(_) => names.reader(),
            Record::Configuration(_) => names.configuration(),
            Record::Slots(shard) => {
                format!("{}/{}", names.id(), self.plan.shards[shard.idx()].id)
            }
            Record::Node(node) => names.node(node),
        }
    }

    fn shown(&self, record: Record, target: &Target) -> String {
        let names = self.in_group(record.group(self.plan));
        match target {
            Target::Node(node) => names.member(*node),
            Target::Nodes(nodes) => {
                let names: Vec<String> = nodes.iter().map(|node| names.member(*node)).collect();
                names.join(" ")
            }
            Target::Host(n) => format!("host {n}"),
            Target::Nothing => "nothing".to_owned(),
        }
    }

    /// A record at an instant, as an object that lacks only what it leads to.
    fn object(&self, at: SimTime, record: Record) -> Value {
        json!({ "t_ns": at.as_nanos(), "record": kind(record), "name": self.of(record) })
    }

    fn json(&self, record: Record, target: &Target) -> Value {
        let names = self.in_group(record.group(self.plan));
        match target {
            Target::Node(node) => json!([names.member(*node)]),
            Target::Nodes(nodes) => nodes.iter().map(|node| json!(names.member(*node))).collect(),
            Target::Host(_) => json!([self.shown(record, target)]),
            Target::Nothing => json!([]),
        }
    }
}
