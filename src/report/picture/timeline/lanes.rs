//! The lanes above the nodes of a timeline: writes, what is taken beside a cut, what outages wait
//! for; and what the signs on nodes mean.

use super::window::Window;
use crate::engine::time::SimTime;
use crate::model::plan::{NodeId, Plan, ShardId};
use crate::report::scene::{Frame, Scene};
use crate::report::status::NodeIs;

/// From the top of the frame to the middle of the first lane.
pub(super) const FIRST_LANE: i32 = 22;
/// From the middle of a lane to that of the next.
pub(super) const LANE: i32 = 32;

/// A lane above the rows of nodes.
pub(super) struct Lane {
    pub(super) name: String,
    pub(super) of: LaneOf,
}

/// What a lane shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum LaneOf {
    /// Whether a shard takes writes.
    Writes(ShardId),
    /// What a cut-off primary takes.
    Beside,
    /// What outages wait for.
    Phases,
}

/// How far below the top of the frame the rows of nodes begin, under so many lanes.
pub(super) fn rows_below(n_lanes: usize) -> i32 {
    FIRST_LANE + LANE * n_lanes as i32 - 12
}

/// The lanes of a timeline.
pub(super) fn lanes(plan: &Plan, scene: &Scene, window: &Window) -> Vec<Lane> {
    let sides = sides(plan, window.shard);
    let writes = |shard: &ShardId| {
        let name = match sides.len() {
            1 => "writes".to_owned(),
            _ => format!("writes to {}", plan.group_of(*shard).id),
        };
        Lane { name, of: LaneOf::Writes(*shard) }
    };
    let mut lanes: Vec<Lane> = sides.iter().map(writes).collect();
    let is_beside = |frame: &Frame| {
        let shard = frame.shards[window.shard.idx()];
        window.has(frame.at) && shard.kept + shard.astray > 0
    };
    if scene.frames.iter().any(is_beside) {
        lanes.push(Lane { name: "beside the cut".to_owned(), of: LaneOf::Beside });
    }
    lanes.push(Lane { name: String::new(), of: LaneOf::Phases });
    lanes
}

/// The shard, and of a migration that of the other side with the same slots: source and target.
fn sides(plan: &Plan, shard: ShardId) -> Vec<ShardId> {
    let Some(migration) = &plan.migration else { return vec![shard] };
    let of_target = plan.shard_ids().filter(|it| plan.shards[it.idx()].group == migration.target);
    let mut pairs = migration.pairs.iter().copied().zip(of_target);
    let pair = pairs.find(|(source, target)| *source == shard || *target == shard);
    pair.map_or_else(|| vec![shard], |(source, target)| vec![source, target])
}

/// Whether the end of the warm-up is in sight.
pub(super) fn has_warm_up(plan: &Plan, window: &Window) -> bool {
    plan.warm_up > SimTime::START && window.has(plan.warm_up)
}

/// What the signs on nodes that are in sight mean.
pub(super) fn legend(scene: &Scene, window: &Window, nodes: &[NodeId]) -> String {
    let signs: [(&[NodeIs], &str); 7] = [
        (&[NodeIs::Primary], "P primary"),
        (&[NodeIs::FormerPrimary], "(P) former primary"),
        (&[NodeIs::Replica], "R replica"),
        (&[NodeIs::Syncing], "~ full sync"),
        (&[NodeIs::Reading], "log: reading it"),
        (&[NodeIs::WaitingForAz, NodeIs::Provisioning], "… waiting for an AZ or a node"),
        (&[NodeIs::Down, NodeIs::ProcessDown, NodeIs::Rebooting], "x lost or down"),
    ];
    let in_sight = |n: usize, frame: &Frame| {
        let until = scene.frames.get(n + 1).map_or(frame.at, |next| next.at);
        window.time(until) >= window.from && window.time(frame.at) <= window.to
    };
    let frames = scene.frames.iter().enumerate().filter(|(n, frame)| in_sight(*n, frame));
    let seen: Vec<NodeIs> =
        frames.flat_map(|(_, frame)| nodes.iter().map(|node| frame.nodes[node.idx()].is)).collect();
    let words: Vec<&str> = signs
        .into_iter()
        .filter(|(states, _)| states.iter().any(|is| seen.contains(is)))
        .map(|(_, word)| word)
        .collect();
    words.join(" · ")
}
