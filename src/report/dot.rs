//! A topology as a graph for Graphviz: regions and AZs as boxes, a row per shard, an arrow from
//! each primary to each of its replicas, and a dashed one for each link of a migration.

use std::fmt::Write as _;

use crate::model::plan::{AzId, Membership, NodeId, Plan, ShardId};
use crate::report::table::group_line;
use crate::scenario::domains::Map;

/// From this many shards on, nodes are drawn small.
const MANY_SHARDS: usize = 13;

/// The graph of a plan's topology in the DOT language.
pub fn topology_dot(map: &Map<'_>) -> String {
    let plan = map.plan;
    let mut title = vec![plan.name.clone()];
    title.extend(plan.groups.iter().map(|group| group_line(plan, group)));
    let title: Vec<String> = title.iter().map(|line| escaped(line)).collect();
    let (font, height, gap) = match plan.shards.len() {
        n if n < MANY_SHARDS => (10, 0.3, 0.35),
        _ => (7, 0.16, 0.05),
    };
    let mut text = format!(
        "digraph topology {{\n\
         \x20 graph [label=\"{}\\n\", labelloc=t, fontname=\"Helvetica\", fontsize=12, \
         newrank=true, splines=line, outputorder=edgesfirst, \
         nodesep=0.12, ranksep={gap}];\n\
         \x20 node [shape=box, fontname=\"Helvetica\", fontsize={font}, height={height}, width=0.2, \
         margin=\"0.06,0.02\"];\n\
         \x20 edge [color=\"#555555\", arrowsize=0.5, constraint=false];\n",
        title.join("\\n")
    );
    row_labels(plan, &mut text);
    // With ranks over clusters dot sets them from right to left, so the last comes first.
    for (n, region) in map.regions.iter().enumerate().rev() {
        let label = region.name.as_ref().map_or("no known region".to_owned(), |name| escaped(name));
        let _ = writeln!(text, "  subgraph \"cluster region {n}\" {{");
        let _ = writeln!(text, "    label=\"{label}\"; color=\"#999999\"; style=dashed;");
        for az in region.azs.iter().rev() {
            az_cluster(map, *az, &mut text);
        }
        text.push_str("  }\n");
    }
    rows(map, &mut text);
    migration_links(map, &mut text);
    text.push_str("}\n");
    text
}

/// What stands left of each shard's row; the labels keep the rows in their order.
fn row_labels(plan: &Plan, text: &mut String) {
    for shard in plan.shard_ids() {
        let name = &plan.shards[shard.idx()].id;
        let label = match plan.groups.len() {
            1 => escaped(name),
            _ => escaped(&format!("{} {name}", plan.group_of(shard).id)),
        };
        let _ = writeln!(text, "  {} [shape=plaintext, label=\"{label}\"];", row(shard));
        if let Some(above) = shard.0.checked_sub(1).map(ShardId) {
            let (above, below) = (row(above), row(shard));
            let _ = writeln!(text, "  {above} -> {below} [style=invis, constraint=true];");
        }
    }
}

/// Who labels the row of `shard`. No name has a blank in it, so this is nobody's.
fn row(shard: ShardId) -> String {
    format!("\"shard {}\"", shard.0)
}

fn az_cluster(map: &Map<'_>, az: AzId, text: &mut String) {
    let plan = map.plan;
    let _ = writeln!(text, "    subgraph \"cluster az {}\" {{", az.0);
    let name = escaped(&plan.azs[az.idx()].name);
    let _ = writeln!(
        text,
        "      label=\"{name}\"; style=filled; color=\"#999999\"; fillcolor=\"#f4f4f4\";"
    );
    let is_member = |node: &&NodeId| plan.nodes[node.idx()].membership == Membership::Member;
    let nodes: Vec<NodeId> = plan.azs[az.idx()].nodes.iter().filter(is_member).copied().collect();
    for &node in nodes.iter().rev() {
        let shard = plan.nodes[node.idx()].shard;
        let look = match map.primary(shard) == node {
            true => "style=filled, fillcolor=\"#0072b2\", fontcolor=white, label=\"P ",
            false => "style=filled, fillcolor=white, color=\"#d55e00\", label=\"r ",
        };
        let name = escaped(&plan.nodes[node.idx()].name);
        let _ = writeln!(text, "      \"{name}\" [{look}{name}\"];");
    }
    if nodes.is_empty() {
        let _ = writeln!(text, "      \"az {}\" [shape=plaintext, label=\"no node\"];", az.0);
    }
    text.push_str("    }\n");
}

/// Each shard's nodes on one rank, and who copies from whom.
fn rows(map: &Map<'_>, text: &mut String) {
    let plan = map.plan;
    for shard in plan.shard_ids() {
        let members: Vec<String> =
            map.members(shard).into_iter().map(|node| quoted(plan, node)).collect();
        let _ = writeln!(text, "  {{ rank=same; {}; {}; }}", row(shard), members.join("; "));
        let primary = quoted(plan, map.primary(shard));
        for replica in map.replicas(shard) {
            let _ = writeln!(text, "  {primary} -> {};", quoted(plan, replica));
        }
    }
}

/// The primaries that copy from another system once the migration is started.
fn migration_links(map: &Map<'_>, text: &mut String) {
    let plan = map.plan;
    let n_links = plan.migration.as_ref().map_or(0, |migration| migration.pairs.len());
    for link in 0..n_links {
        let (to, from) = plan.pair(link);
        let [from, to] = [from, to].map(|shard| quoted(plan, map.primary(shard)));
        let look = "style=dashed, color=\"#009e73\", label=\"migration\", fontsize=8";
        let _ = writeln!(text, "  {from} -> {to} [{look}];");
    }
}

fn quoted(plan: &Plan, node: NodeId) -> String {
    format!("\"{}\"", escaped(&plan.nodes[node.idx()].name))
}

/// Text for a quoted string of DOT: nothing in it ends the string, begins an escape sequence, or
/// is read as an HTML entity.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '&' => escaped.push_str("&amp;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn text_stays_inside_its_quotes() {
        assert_eq!(escaped(r#"a "b" \N &lt; c"#), r#"a \"b\" \\N &amp;lt; c"#);
        assert_eq!(escaped(r"\"), r"\\");
    }
}
