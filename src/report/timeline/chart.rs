//! The chart of an episode: a lane per node and one for each shard's writes, a column group per
//! moment, not to scale.

use std::fmt::Write as _;

use super::{Episode, so_many};
use crate::engine::time::SimTime;
use crate::model::fact::{
    BackupFact, Fact, IsolationFact, MigrationFact, OperationFact, ReplicasFact,
};
use crate::model::plan::{NodeId, Plan, ShardId};
use crate::report::status::{Fold, NodeIs, Writes};

/// The widest chart that is still drawn.
const MAX_CHART_WIDTH: usize = 110;
/// The most lanes that are still drawn.
const MAX_LANES: usize = 24;

/// What the glyphs of any chart mean.
const LEGEND: &str = "\
chart: = primary   - replica   ~ full sync   . down   c process down   r being replaced   o empty
       X stops   P promoted   H handed over   W flushed   columns: numbered moments, not to scale
";

/// What the glyphs mean: those of any chart, and the others that there are in this trial.
pub(super) fn legend(plan: &Plan, facts: &[(SimTime, Fact)], episodes: &[Episode<'_>]) -> String {
    let writes = legend_of_writes(plan, facts, episodes);
    let lines = [legend_of_isolation(facts), legend_of_logs(facts), writes];
    std::iter::once(LEGEND.to_owned()).chain(lines.into_iter().flatten()).collect()
}

/// Where a node is cut off.
fn legend_of_isolation(facts: &[(SimTime, Fact)]) -> Option<String> {
    let is_cut_off =
        |(_, fact): &(SimTime, Fact)| matches!(fact, Fact::Isolation(IsolationFact::Began { .. }));
    let text =
        "       C cut off   B reached again   # former primary, does not know its successor\n";
    facts.iter().any(is_cut_off).then(|| text.to_owned())
}

/// Where a node reads what its disk has.
fn legend_of_logs(facts: &[(SimTime, Fact)]) -> Option<String> {
    let is_replay =
        |(_, fact): &(SimTime, Fact)| matches!(fact, Fact::Backup(BackupFact::ReplayBegan { .. }));
    facts.iter().any(is_replay).then(|| "       l reads its log\n".to_owned())
}

/// What the glyphs of the writes' lanes mean, where there are others than in any chart: clients
/// take those writes for failed that WAIT does not confirm, or nobody writes to a shard.
fn legend_of_writes(
    plan: &Plan,
    facts: &[(SimTime, Fact)],
    episodes: &[Episode<'_>],
) -> Option<String> {
    let fails = |(_, fact): &(SimTime, Fact)| {
        matches!(fact, Fact::Replicas(ReplicasFact::WaitFails { .. }))
    };
    let is_left_at_some_time = |left: ShardId| {
        let is_left_by = |(_, fact): &(SimTime, Fact)| match *fact {
            Fact::Migration(MigrationFact::Clients { shard, cohorts, .. }) => {
                shard == left && cohorts == 0
            }
            _ => false,
        };
        plan.cohorts_at_start(left) == 0 || facts.iter().any(is_left_by)
    };
    let mut drawn = episodes.iter().flat_map(|episode| concerned(plan, episode));
    let is_parted = |(_, fact): &(SimTime, Fact)| match *fact {
        Fact::Migration(MigrationFact::Clients { cohorts, held, .. }) => 0 < held && held < cohorts,
        _ => false,
    };
    let waits = facts.iter().any(fails).then_some("   w taken, and WAIT fails");
    let parted = facts.iter().any(is_parted).then_some("   / some clients' are taken");
    let left = drawn.any(is_left_at_some_time).then_some("   . no client writes there");
    let more: String = waits.into_iter().chain(parted).chain(left).collect();
    (!more.is_empty()).then(|| format!("writes: = taken   x none is taken{more}\n"))
}

/// The chart of an episode: one lane per node of the shards concerned, and their writes.
pub(super) fn render(plan: &Plan, episode: &Episode<'_>, status: &Fold<'_>, text: &mut String) {
    let shards = concerned(plan, episode);
    let n_lanes: usize = shards.iter().map(|s| plan.shards[s.idx()].nodes.len() + 1).sum();
    let widths = widths(episode);
    let chart_width = widths.iter().sum::<usize>() + LEAD;
    if shards.is_empty() {
        return;
    }
    if n_lanes > MAX_LANES || chart_width > MAX_CHART_WIDTH {
        let _ = writeln!(
            text,
            "({}, {}: too much for a chart)",
            so_many(shards.len(), "shard"),
            so_many(episode.moments.len(), "moment")
        );
        return;
    }
    let columns = draw_columns(episode, status.clone(), &widths);
    let az_width = plan.azs.iter().map(|az| az.name.len()).max().unwrap_or(0);
    let name_width = plan.nodes.iter().map(|node| node.name.len()).max().unwrap_or(0);
    let margin = name_width + az_width + 2;
    let mut ruler = format!("{:<margin$} {:LEAD$}", "moment", "");
    for (n, width) in widths.iter().enumerate() {
        let _ = write!(ruler, "{:<width$}", n + 1);
    }
    let _ = writeln!(text, "{}", ruler.trim_end());
    for shard in shards {
        for node in plan.shards[shard.idx()].node_ids() {
            let place = &plan.nodes[node.idx()];
            let az = &plan.azs[place.az.idx()].name;
            let lane = &columns.nodes[node.idx()];
            let _ = writeln!(text, "{:<name_width$}  {az:<az_width$} {lane}", place.name);
        }
        let label = match plan.shards.len() {
            1 => "writes".to_owned(),
            _ => format!("writes {}", plan.shards[shard.idx()].id),
        };
        let _ = writeln!(text, "{label:<margin$} {}", columns.writes[shard.idx()]);
    }
    text.push('\n');
}

/// Columns before the first moment.
const LEAD: usize = 3;

/// The width of each moment's column group: it grows with the logarithm of the time until the
/// next moment, so that seconds and hours fit one line.
fn widths(episode: &Episode<'_>) -> Vec<usize> {
    let mut widths: Vec<usize> = episode
        .moments
        .windows(2)
        .map(|pair| {
            let secs = pair[1].at.since(pair[0].at).as_secs_f64();
            2 + (2.0 * (1.0 + secs).log10()) as usize
        })
        .collect();
    widths.push(4);
    widths
}

/// The shards that an episode says anything of, in order.
fn concerned(plan: &Plan, episode: &Episode<'_>) -> Vec<ShardId> {
    let mut seen = vec![false; plan.shards.len()];
    for (_, fact) in episode.moments.iter().flat_map(|moment| moment.facts) {
        let shard = match *fact {
            Fact::Copies { shard, .. }
            | Fact::WritesStopped { shard, .. }
            | Fact::HandedOver { shard, .. } => shard,
            Fact::NodeDown { node, .. }
            | Fact::Migration(MigrationFact::LinkSyncBegan { from: node, .. }) => {
                plan.nodes[node.idx()].shard
            }
            _ => continue,
        };
        seen[shard.idx()] = true;
    }
    plan.shard_ids().filter(|shard| seen[shard.idx()]).collect()
}

struct Columns {
    nodes: Vec<String>,
    writes: Vec<String>,
}

/// Follows an episode from what everything is before it.
fn draw_columns(episode: &Episode<'_>, mut status: Fold<'_>, widths: &[usize]) -> Columns {
    let repeat = |glyph: char, n: usize| std::iter::repeat_n(glyph, n);
    let nodes = |status: &Fold<'_>| status.nodes().into_iter().map(|view| glyph(view.is));
    let writes = |status: &Fold<'_>| status.shards().into_iter().map(|view| taken(view.writes));
    let mut columns = Columns {
        nodes: nodes(&status).map(|glyph| repeat(glyph, LEAD).collect()).collect(),
        writes: writes(&status).map(|glyph| repeat(glyph, LEAD).collect()).collect(),
    };
    for (moment, &width) in episode.moments.iter().zip(widths) {
        let mut marks: Vec<Option<char>> = vec![None; columns.nodes.len()];
        for (at, fact) in moment.facts {
            status.take_in(*at, fact);
            if let Some((node, mark)) = mark(fact) {
                marks[node.idx()] = Some(mark);
            }
        }
        for (lane, (glyph, mark)) in columns.nodes.iter_mut().zip(nodes(&status).zip(marks)) {
            lane.push(mark.unwrap_or(glyph));
            lane.extend(repeat(glyph, width - 1));
        }
        for (lane, glyph) in columns.writes.iter_mut().zip(writes(&status)) {
            lane.extend(repeat(glyph, width));
        }
    }
    columns
}

/// How a lane shows what its node is.
fn glyph(is: NodeIs) -> char {
    match is {
        NodeIs::Primary => '=',
        NodeIs::FormerPrimary => '#',
        NodeIs::Replica => '-',
        NodeIs::Syncing => '~',
        NodeIs::Reading => 'l',
        NodeIs::Empty => 'o',
        NodeIs::Down | NodeIs::WaitingForAz => '.',
        NodeIs::ProcessDown | NodeIs::Rebooting => 'c',
        NodeIs::Provisioning => 'r',
        NodeIs::Absent => ' ',
    }
}

/// How the lane of a shard's writes shows what becomes of them.
fn taken(writes: Writes) -> char {
    match writes {
        Writes::Accepted => '=',
        Writes::Unconfirmed(_) => 'w',
        Writes::Refused(_) => 'x',
        Writes::Parted => '/',
        Writes::Nobody => '.',
    }
}

/// The node that deserves a mark at this moment.
fn mark(fact: &Fact) -> Option<(NodeId, char)> {
    match *fact {
        Fact::NodeDown { node, .. } | Fact::Operation(OperationFact::NodeRemoved { node }) => {
            Some((node, 'X'))
        }
        Fact::Promoted { to, .. }
        | Fact::Migration(MigrationFact::ShardCompleted { node: to, .. }) => Some((to, 'P')),
        Fact::HandedOver { to, .. } => Some((to, 'H')),
        Fact::Flushed { node } => Some((node, 'W')),
        Fact::Isolation(IsolationFact::Began { node, .. }) => Some((node, 'C')),
        Fact::Isolation(IsolationFact::Ended { node }) => Some((node, 'B')),
        _ => None,
    }
}
