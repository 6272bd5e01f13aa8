//! What the player of a replay reads: who is there, and frame by frame what changes.

use serde_json::{Map, Value, json};

use super::replay::{Panel, Step, in_writes, warm_up};
use crate::engine::time::{SimTime, Span};
use crate::model::fact::Phase;
use crate::model::plan::{ClusterMode, NodeId, Plan};
use crate::report::numbers::{count, writes};
use crate::report::scene::{Emptied, Frame, Scene, Totals, totals_at};
use crate::report::status::{AzIs, Ending, NodeIs, NodeView, OutageView, Reach, ShardView, Writes};

/// The data of a page, to stand inside an element `script`.
pub(super) fn json(panels: &[Panel<'_>], steps: &[Step<'_>]) -> String {
    let data = json!({
        "steps": timed(steps),
        "panels": panels.iter().enumerate().map(|(n, panel)| {
            panel_json(panel, steps, n)
        }).collect::<Vec<Value>>(),
    });
    harmless(&data.to_string())
}

/// No name can end the element that the data stands in, nor begin another.
fn harmless(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                text.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => text.push(c),
        }
    }
    text
}

/// Microseconds: exact in the numbers of JavaScript for centuries.
fn micros(at: SimTime) -> u64 {
    at.as_nanos() / 1_000
}

fn timed(steps: &[Step<'_>]) -> Vec<Value> {
    let mut before = SimTime::START;
    let timed = steps.iter().map(|step| {
        let passed = step.at.since(std::mem::replace(&mut before, step.at));
        let passed = if passed == Span::ZERO { String::new() } else { passed.to_string() };
        json!({ "at": micros(step.at), "clock": step.at.to_string(), "passed": passed })
    });
    timed.collect()
}

fn panel_json(panel: &Panel<'_>, steps: &[Step<'_>], n: usize) -> Value {
    let plan = panel.plan;
    // Where something happens in the other panel alone, this one's outages go on.
    let others = steps.iter().filter(|step| step.frames[n].is_none());
    let others: Vec<SimTime> = others.map(|step| step.at.min(plan.horizon)).collect();
    let mut meanwhile = totals_at(plan, panel.facts, &others).into_iter();
    let mut before: Option<&Frame> = None;
    let frames = steps.iter().map(|step| match step.frames[n] {
        Some(frame) => changes(before.replace(frame), frame),
        None => json!({ "totals": meanwhile.next().as_ref().map(totals_json) }),
    });
    let frames: Vec<Value> = frames.collect();
    json!({
        "name": panel.name,
        "about": panel.groups,
        "azs": plan.azs.iter().map(|az| &az.name).collect::<Vec<_>>(),
        "nodes": plan.nodes.iter().map(|node| json!({
            "name": node.name, "az": node.az.idx(), "shard": node.shard.idx(),
        })).collect::<Vec<Value>>(),
        "shards": shards_json(plan),
        "warmUp": warm_up(plan).map(|length| json!({
            "at": micros(plan.warm_up), "says": length.to_string(),
        })),
        "frames": frames,
        "outages": shown_outages(panel.scene).map(outage_json).collect::<Vec<Value>>(),
        "losses": losses_json(panel.scene),
    })
}

fn shards_json(plan: &Plan) -> Vec<Value> {
    let of_several = plan.groups.len() > 1;
    let shard = |shard: &crate::model::plan::Shard| {
        let group = &plan.groups[shard.group.idx()];
        let id = match (of_several, group.cluster_mode) {
            (true, ClusterMode::Disabled) => group.id.clone(),
            (true, ClusterMode::Enabled) => format!("{} {}", group.id, shard.id),
            (false, _) => shard.id.clone(),
        };
        // In a migration clients move, and take their writes along.
        let rate = match plan.migration {
            Some(_) => String::new(),
            None => format!("{} writes/s", count(u128::from(shard.writes_per_sec))),
        };
        json!({ "id": id, "rate": rate })
    };
    plan.shards.iter().map(shard).collect()
}

/// What began at an instant that a frame shows; the list says that others are left out.
fn shown_outages(scene: &Scene) -> impl Iterator<Item = &OutageView> {
    scene.outages.iter().filter(|outage| is_shown(scene, outage.from))
}

fn is_shown(scene: &Scene, at: SimTime) -> bool {
    scene.frames.binary_search_by_key(&at, |frame| frame.at).is_ok()
}

fn outage_json(outage: &OutageView) -> Value {
    let length = outage.to.since(outage.from);
    let phases = outage.phases_until(outage.to);
    json!({
        "shard": outage.shard.idx(),
        "from": micros(outage.from),
        "to": micros(outage.to),
        "says": match outage.ending {
            Ending::Over => length.to_string(),
            Ending::Open => format!("{length}, and not over"),
        },
        "phases": phases.map(|(phase, from, to)| json!({
            "name": phase.name(),
            "from": micros(from),
            "to": micros(to),
            "says": to.since(from).to_string(),
        })).collect::<Vec<Value>>(),
    })
}

fn losses_json(scene: &Scene) -> Vec<Value> {
    let loss = |loss: &crate::report::scene::LossMark| {
        let mut parts = Vec::new();
        if loss.datasets > 0 {
            let n = loss.dataset_writes;
            parts.push(format!("the dataset, and {} of this trial", in_writes(n)));
        } else if loss.dataset_writes > 0 {
            let n = in_writes(loss.dataset_writes);
            parts.push(format!("{n} in a snapshot"));
        }
        if loss.writes > 0 {
            parts.push(in_writes(loss.writes));
        }
        json!({
            "at": micros(loss.at),
            "says": format!("{} lost", parts.join(", ")),
            "dataset": loss.datasets > 0,
        })
    };
    scene.losses.iter().filter(|loss| is_shown(scene, loss.at)).map(loss).collect()
}

/// What is different in a frame from the one before it in its panel; everything in the first.
fn changes(before: Option<&Frame>, frame: &Frame) -> Value {
    let mut object = Map::new();
    let nodes = changed(before.map(|it| it.nodes.as_slice()), &frame.nodes, node_json);
    let azs = changed(before.map(|it| it.azs.as_slice()), &frame.azs, az_json);
    let shards = changed(before.map(|it| it.shards.as_slice()), &frame.shards, shard_json);
    for (key, values) in [("nodes", nodes), ("azs", azs), ("shards", shards)] {
        if !values.is_empty() {
            object.insert(key.to_owned(), Value::Object(values));
        }
    }
    if before.is_none_or(|before| before.totals != frame.totals) {
        object.insert("totals".to_owned(), totals_json(&frame.totals));
    }
    if !frame.emptied.is_empty() {
        let says = |(node, how): &(NodeId, Emptied)| (node.idx().to_string(), json!(how.says()));
        object.insert("emptied".to_owned(), frame.emptied.iter().map(says).collect());
    }
    Value::Object(object)
}

/// The values that are new, by their position.
fn changed<T: PartialEq>(
    before: Option<&[T]>,
    now: &[T],
    as_json: fn(&T) -> Value,
) -> Map<String, Value> {
    let is_new = |(n, value): &(usize, &T)| before.is_none_or(|before| before[*n] != **value);
    let new = now.iter().enumerate().filter(is_new);
    new.map(|(n, value)| (n.to_string(), as_json(value))).collect()
}

/// The key of what a node is, for the style sheet.
fn node_key(is: NodeIs) -> &'static str {
    match is {
        NodeIs::Primary => "primary",
        NodeIs::FormerPrimary => "former",
        NodeIs::Replica => "replica",
        NodeIs::Syncing => "sync",
        NodeIs::Reading => "reading",
        NodeIs::Empty => "empty",
        NodeIs::Down => "down",
        NodeIs::ProcessDown => "crashed",
        NodeIs::Rebooting => "reboot",
        NodeIs::WaitingForAz => "waits",
        NodeIs::Provisioning => "new",
        NodeIs::Absent => "absent",
    }
}

fn node_json(node: &NodeView) -> Value {
    let mut value = json!({ "is": node_key(node.is), "says": node.is.name() });
    match node.reach {
        Reach::Open => {}
        Reach::CutOff => value["reach"] = json!("cut off"),
        Reach::Waiting => value["reach"] = json!("waits to take part"),
    }
    if let Some(lag) = node.lag {
        value["lag"] = json!(format!("{} behind", lag.time));
        value["lacks"] = json!(format!("lacks {}", in_writes(lag.behind)));
    }
    value
}

fn az_json(az: &AzIs) -> Value {
    json!(az.name())
}

fn shard_json(shard: &ShardView) -> Value {
    let (key, says) = match shard.writes {
        Writes::Accepted => ("taken", "writes are taken".to_owned()),
        Writes::Unconfirmed(n) => {
            let n = count(u128::from(n));
            ("doubtful", format!("writes are taken, but WAIT fails {n} a second"))
        }
        Writes::Refused(None) => ("refused", "no write is taken".to_owned()),
        Writes::Refused(Some(phase)) => {
            ("refused", format!("no write is taken: {}", in_words(phase)))
        }

        Writes::Parted => ("parted", "some clients' writes are taken, others are held".to_owned()),
        Writes::Nobody => ("nobody", "no client writes here".to_owned()),
    };
    let mut value = json!({
        "primary": shard.primary.idx(),
        "endpoint": shard.endpoint.idx(),
        "writes": key,
        "says": says,
    });
    if shard.kept + shard.astray > 0 {
        let (n, fate) = match shard.astray {
            0 => (shard.kept, "an isolated primary takes them from clients beside it"),
            astray => (astray, "a former primary takes them: split brain, each one is lost"),
        };
        value["beside"] = json!(format!("{} writes/s: {fate}", count(u128::from(n))));
    }
    value
}

/// What an outage waits for, for somebody who has not read what phases are.
fn in_words(phase: Phase) -> &'static str {
    match phase {
        Phase::Detection => "nobody has noticed yet",
        Phase::Promotion => "a successor is being promoted",
        Phase::Endpoint => "clients are still sent to the old primary",
        Phase::WaitingForAz => "the AZ has to be up first",
        Phase::Provisioning => "a new node is being made",
        Phase::Sync => "the primary's new node copies the data",
        Phase::ColdStart => "an empty node is made primary",
        Phase::Restart => "the process restarts",
        Phase::Replay => "the primary reads its log",
        Phase::Quorum => "the primaries have no majority",
        Phase::Replicas => "the primary has too few replicas",
        Phase::Decision => "a person has to decide",
        Phase::Loading => "a snapshot is being loaded",
        Phase::Draining => "clients are stopped, the target catches up",
        Phase::Following => "it is still a replica of the source",
    }
}

fn totals_json(totals: &Totals) -> Value {
    let mut value = json!({
        "lost": writes(totals.lost),
        "rejected": writes(totals.rejected),
        "failovers": count(u128::from(totals.failovers)),
        "bad": totals.lost > 0,
    });
    if totals.datasets > 0 {
        value["datasets"] = json!(count(u128::from(totals.datasets)));
        value["gone"] = json!(writes(totals.dataset_lost));
    }
    value
}
