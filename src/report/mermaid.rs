//! A trial as a sequence diagram of Mermaid, for slides: clients, whoever controls the group, and
//! the nodes that something happens to, from the first moment on.

use std::fmt::Write as _;

use crate::model::plan::{Detector, NodeId, Plan, ShardId};
use crate::report::numbers::{count, writes};
use crate::report::scene::{Frame, FrameKind, LossMark, Scene, Told};
use crate::report::status::{NodeIs, Reach, Writes};
use crate::report::words::Words;

/// The most lines of what happens; a slide has no room for more.
const MOST_LINES: usize = 48;
/// The most nodes that stand side by side.
const MOST_NODES: usize = 8;

/// The diagram of a scene; `trial` says which it is.
pub fn diagram(plan: &Plan, scene: &Scene, trial: &str) -> String {
    let drawing = Drawing { plan, words: Words::new(plan), nodes: concerned(plan, scene) };
    let mut text = String::from("sequenceDiagram\n");
    let _ = writeln!(text, "  %% {}", comment(&format!("{} · {trial}", plan.name)));
    text.push_str("  participant C as clients\n  participant P as control plane\n");
    for node in &drawing.nodes {
        let (place, name) = (&plan.nodes[node.idx()], escaped(drawing.words.node(*node)));
        let az = escaped(drawing.words.az(place.az));
        let _ = writeln!(text, "  participant N{} as {name}<br/>{az}", node.0);
    }
    let (mut lines, mut without_room) = (0, 0);
    for pair in scene.frames.windows(2) {
        let told = drawing.lines(scene, [&pair[0], &pair[1]]);
        if told.is_empty() || pair[1].kind == FrameKind::End {
            continue;
        }
        if without_room > 0 || lines + told.len() + 2 > MOST_LINES {
            without_room += 1;
            continue;
        }
        if let FrameKind::AfterOmission(n) = pair[1].kind {
            lines += 1;
            let _ = writeln!(text, "  Note over C,P: left out here: {}", moments(n));
        }
        lines += told.len() + 1;
        let _ = writeln!(text, "  Note over C,P: {}", pair[1].at);
        for line in told {
            let _ = writeln!(text, "  {line}");
        }
    }
    if lines == 0 {
        text.push_str("  Note over C,P: nothing happens\n");
    }
    if without_room > 0 {
        let _ = writeln!(text, "  Note over C,P: left out: {}", moments(without_room));
    }
    let n_others = shown_at_all(plan, scene).count() - drawing.nodes.len();
    if n_others > 0 {
        let _ = writeln!(text, "  Note over C,P: left out: {n_others} nodes");
    }
    text
}

/// So many moments.
fn moments(n: usize) -> String {
    if n == 1 { "1 moment".to_owned() } else { format!("{} moments", count(n as u128)) }
}

/// The nodes that anything happens to, of which a diagram has the first.
fn shown_at_all<'a>(plan: &'a Plan, scene: &'a Scene) -> impl Iterator<Item = NodeId> + 'a {
    let changes = |node: NodeId| {
        let mut pairs = scene.frames.windows(2);
        pairs.any(|pair| pair[0].nodes[node.idx()] != pair[1].nodes[node.idx()])
    };
    plan.node_ids().filter(move |node| {
        let shard = plan.nodes[node.idx()].shard;
        changes(*node) || scene.outages_of(shard).next().is_some()
    })
}

fn concerned(plan: &Plan, scene: &Scene) -> Vec<NodeId> {
    shown_at_all(plan, scene).take(MOST_NODES).collect()
}

struct Drawing<'a> {
    plan: &'a Plan,
    words: Words<'a>,
    nodes: Vec<NodeId>,
}

impl Drawing<'_> {
    /// What happens from one frame to the next.
    fn lines(&self, scene: &Scene, frames: [&Frame; 2]) -> Vec<String> {
        let after = frames[1];
        let mut lines: Vec<String> = match after.kind {
            // What is different may be so for long: only what is told is of this instant.
            FrameKind::AfterOmission(_) => after.told.iter().filter_map(told).collect(),
            FrameKind::Start | FrameKind::Moment | FrameKind::End => self.changes(frames),
        };
        for loss in scene.losses.iter().filter(|loss| loss.at == after.at) {
            lines.push(format!("Note over C,P: lost: {}", self.what_is_lost(loss)));
        }
        lines
    }

    /// What is different from one frame to the next.
    fn changes(&self, frames: [&Frame; 2]) -> Vec<String> {
        let mut lines: Vec<String> = frames[1].told.iter().filter_map(detected).collect();
        // Who becomes primary comes before those who copy from it.
        let becomes_primary = |node: &&NodeId| frames[1].nodes[node.idx()].is == NodeIs::Primary;
        let (primaries, others): (Vec<&NodeId>, Vec<&NodeId>) =
            self.nodes.iter().partition(becomes_primary);
        for node in primaries.into_iter().chain(others) {
            self.of_node(*node, frames, &mut lines);
        }
        for shard in self.plan.shard_ids() {
            self.of_shard(shard, frames, &mut lines);
        }
        lines
    }

    fn what_is_lost(&self, loss: &LossMark) -> String {
        let of = match self.plan.shards.len() {
            1 => String::new(),
            _ => format!(" of {}", escaped(&self.words.shard(loss.shard))),
        };
        let amount = match writes(loss.writes + loss.dataset_writes).as_str() {
            "1" => "1 acknowledged write".to_owned(),
            n => format!("{n} acknowledged writes"),
        };
        match (loss.datasets, loss.dataset_writes) {
            (0, 0) => format!("{amount}{of}"),
            (0, _) => format!("{amount}{of} that a snapshot had"),
            _ => format!("the whole dataset{of}, with {amount}"),
        }
    }

    fn is_shown(&self, node: NodeId) -> bool {
        self.nodes.contains(&node)
    }

    fn of_node(&self, node: NodeId, [before, after]: [&Frame; 2], lines: &mut Vec<String>) {
        let (old, new) = (before.nodes[node.idx()], after.nodes[node.idx()]);
        let id = node.0;
        // Of a node that stops it does not matter any more who reaches it.
        if old.reach != new.reach && new.is.runs() {
            let says = match new.reach {
                Reach::Open => "is reached again",
                Reach::CutOff => "is cut off",
                Reach::Waiting => "is reached again, and waits",
            };
            lines.push(format!("Note over N{id}: {says}"));
        }
        if old.is == new.is {
            let emptied = after.emptied.iter().find(|(emptied, _)| *emptied == node);
            lines.extend(emptied.map(|(_, how)| format!("Note over N{id}: {}", how.says())));
            return;
        }
        let shard = self.plan.nodes[node.idx()].shard;
        let primary = after.shards[shard.idx()].primary;
        let from_primary = primary != node && self.is_shown(primary);
        lines.push(match new.is {
            NodeIs::Primary => {
                let had_the_role = before.shards[shard.idx()].primary == node;
                let lag =
                    old.lag.map_or(String::new(), |lag| format!(", it trailed by {}", lag.time));
                match self.plan.group_of(shard).detector {
                    _ if had_the_role && old.is != NodeIs::Replica => {
                        format!("Note over N{id}: is primary again")
                    }
                    Detector::Managed | Detector::Sentinel => format!("P->>N{id}: promote{lag}"),
                    // Its peers elect it.
                    Detector::ClusterBus => format!("Note over N{id}: becomes primary{lag}"),
                }
            }
            NodeIs::Provisioning => format!("P->>N{id}: replace"),
            NodeIs::Syncing if from_primary => format!("N{}->>N{id}: full sync begins", primary.0),
            NodeIs::Replica if from_primary => format!("N{}->>N{id}: in sync, follows", primary.0),
            NodeIs::FormerPrimary
            | NodeIs::Replica
            | NodeIs::Syncing
            | NodeIs::Reading
            | NodeIs::Empty
            | NodeIs::Down
            | NodeIs::ProcessDown
            | NodeIs::Rebooting
            | NodeIs::WaitingForAz
            | NodeIs::Absent => format!("Note over N{id}: {}", new.is.name()),
        });
    }

    fn of_shard(&self, shard: ShardId, [before, after]: [&Frame; 2], lines: &mut Vec<String>) {
        let (old, new) = (before.shards[shard.idx()], after.shards[shard.idx()]);
        if !self.is_shown(new.endpoint) || !self.is_shown(new.primary) {
            return;
        }
        if old.endpoint != new.endpoint {
            lines.push(format!("P-->>C: the endpoint names {}", self.name(new.endpoint)));
        }
        if old.writes == new.writes {
            return;
        }
        let id = new.endpoint.0;
        lines.push(match new.writes {
            Writes::Accepted => format!("C->>N{id}: writes are taken"),
            Writes::Unconfirmed(_) => format!("C->>N{id}: writes are taken, WAIT fails"),
            Writes::Refused(Some(phase)) => format!("C-xN{id}: writes fail: {}", phase.name()),
            Writes::Refused(None) => format!("C-xN{id}: writes fail"),
            Writes::Parted => format!("C->>N{id}: writes of some clients are taken"),
            Writes::Nobody => format!("Note over N{id}: no client writes here"),
        });
    }

    fn name(&self, node: NodeId) -> String {
        escaped(self.words.node(node))
    }
}

/// What is told of a moment before which others are left out: faults and what is made of them.
fn told(told: &Told) -> Option<String> {
    match told {
        Told::Line { kind: "promoted", text } => Some(format!("Note over C,P: {}", escaped(text))),
        Told::Line { .. } | Told::Event { .. } => detected(told),
    }
}

/// What strikes, what is called for, and what the control plane finds out.
fn detected(told: &Told) -> Option<String> {
    match told {
        Told::Line { kind: "detected", text } => Some(format!("Note over P: {}", escaped(text))),
        Told::Line { kind: "fault" | "operation" | "az", text } => {
            Some(format!("Note over C,P: {}", escaped(text)))
        }
        Told::Line { .. } | Told::Event { .. } => None,
    }
}

/// A name that Mermaid shows as it is: what means something to it, or to HTML, is written as the
/// number of its character.
fn escaped(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        match c {
            '#' | ';' | '<' | '>' | '&' | '"' | ':' | ',' | '%' | '{' | '}' | '(' | ')' | '+' => {
                let _ = write!(text, "#{};", u32::from(c));
            }
            c if c.is_control() => text.push(' '),
            c => text.push(c),
        }
    }
    // The word ends a block.
    text.replace("end", "e#110;d").replace("End", "E#110;d").replace("END", "E#78;D")
}

/// A name in a comment, of which a line's end is the only end.
fn comment(name: &str) -> String {
    let harmless = |c: char| if c.is_control() || matches!(c, '{' | '}') { ' ' } else { c };
    name.chars().map(harmless).collect()
}
