//! A topology as text: a matrix of AZs and shards for each group, who copies from whom, also in a
//! migration, and what the loss of an AZ or of a node takes along.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::engine::time::Span;
use crate::model::persistence::Durability;
use crate::model::plan::{AzId, GroupId, Layout, NodeId, Plan, ShardId};
use crate::report::numbers::count;
use crate::report::placement::{
    Detail, MOST_ROWS, Row, Rows, plural, rows, shard_list, slot_share,
};
use crate::report::table::group_line;
use crate::scenario::domains::{AzUse, Domain, Hit, Map, Place, Region};

/// Lines are broken here, and a matrix that is wider is written as a list.
const WIDTH: usize = 116;
/// Between what a loss means for some shards and for others.
const SEPARATOR: &str = " · ";

/// The whole topology of a plan.
pub fn text(map: &Map<'_>, detail: Detail) -> String {
    let plan = map.plan;
    let mut text = format!("{} · topology\n", plan.name);
    for region in &map.regions {
        let _ = writeln!(text, " {}", region_line(plan, region));
    }
    for group in plan.group_ids() {
        let rows = rows(map, group, detail);
        let _ = writeln!(text, "\n {}", group_line(plan, &plan.groups[group.idx()]));
        let matrix = matrix(map, group, &rows);
        if matrix.iter().all(|line| line.chars().count() <= WIDTH) {
            text.push_str(&matrix.join("\n"));
            text.push('\n');
        } else {
            listed(map, group, &rows, &mut text);
        }
        spread_lines(map, group, &mut text);
    }
    replication(map, detail, &mut text);
    migration(plan, detail, &mut text);
    let when = if plan.migration.is_some() { " and no client has moved" } else { "" };
    let _ = writeln!(text, "\n failure domains: what one loss takes while everybody is up{when}");
    for line in failure_domains_text(map).lines() {
        let _ = writeln!(text, "  {line}");
    }
    for line in failover_losses(plan) {
        let _ = writeln!(text, "  {line}");
    }
    text
}

/// What a failover loses, a line for each kind of group that has failovers.
fn failover_losses(plan: &Plan) -> Vec<String> {
    let kinds = [
        (Durability::Disabled, "loses the writes that the promoted replica does not have yet"),
        (Durability::Async, "loses the writes that the log does not have yet"),
        (Durability::Sync, "loses no write: the log has every one"),
    ];
    let with_failover = || plan.groups.iter().filter(|group| group.promotes_at_start().is_some());
    let has = |level: Durability| with_failover().any(|group| group.durability == level);
    let is_one = kinds.iter().filter(|(level, _)| has(*level)).count() == 1;
    let line = |(level, loses): &(Durability, &str)| {
        let name = match level {
            Durability::Disabled => "disabled",
            Durability::Async => "async",
            Durability::Sync => "sync",
        };
        match is_one {
            true => format!("a failover {loses}"),
            false => format!("a failover with durability \"{name}\" {loses}"),
        }
    };
    kinds.iter().filter(|(level, _)| has(*level)).map(line).collect()
}

fn region_line(plan: &Plan, region: &Region) -> String {
    let azs: Vec<&str> = region.azs.iter().map(|az| plan.azs[az.idx()].name.as_str()).collect();
    let mut line = match &region.name {
        Some(name) => format!("region {name}:"),
        None => "AZs of no known region:".to_owned(),
    };
    for (n, az) in azs.iter().enumerate() {
        if line.len() + az.len() + 12 > WIDTH {
            let _ = write!(line, " and {} more", azs.len() - n);
            break;
        }
        let _ = write!(line, "{}{az}", if n == 0 { " " } else { ", " });
    }
    line
}

/// Lines of cells, each column as wide as its widest cell.
fn aligned(lines: &[Vec<String>]) -> Vec<String> {
    let n_columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..n_columns).map(width).collect();
    let print = |line: &Vec<String>| {
        let mut printed = "  ".to_owned();
        for (cell, &width) in line.iter().zip(&widths) {
            let _ = write!(printed, "{cell:<width$}  ");
        }
        printed.trim_end().to_owned()
    };
    lines.iter().map(print).collect()
}

/// AZs as columns, shards as rows.
fn matrix(map: &Map<'_>, group: GroupId, rows: &Rows) -> Vec<String> {
    let plan = map.plan;
    let spread = map.spread(group);
    let azs: Vec<AzId> = spread.azs.iter().map(|used| used.az).collect();
    let mut head = vec!["shards".to_owned()];
    head.extend(azs.iter().map(|az| plan.azs[az.idx()].name.clone()));
    head.extend(["hash slots".to_owned(), "writes/s".to_owned()]);
    let mut lines = vec![head];
    for row in &rows.shown {
        let mut line = vec![shard_list(plan, &row.shards)];
        line.extend(azs.iter().map(|az| glyphs(map, row, *az)));
        let weight = row.weight(plan);
        line.extend([slot_share(weight.hash_slots, 1), count(weight.writes_per_sec)]);
        lines.push(line);
    }
    type NumberOf = fn(&AzUse) -> usize;
    let totals: [(&str, NumberOf); 3] = [
        ("primaries", |used| used.primaries),
        ("replicas", |used| used.replicas),
        ("nodes", |used| used.primaries + used.replicas),
    ];
    for (label, number) in totals {
        let mut line = vec![label.to_owned()];
        line.extend(spread.azs.iter().map(|used| count(number(used) as u128)));
        lines.push(line);
    }
    let mut lines = aligned(&lines);
    if rows.n_left_out > 0 {
        lines.insert(lines.len() - totals.len(), format!("  {}", left_out(rows)));
    }
    lines
}

/// What of a row stands in an AZ: `P` for the primary, `r` for each replica.
fn glyphs(map: &Map<'_>, row: &Row, az: AzId) -> String {
    let primary = map.primary(row.first());
    let nodes = row.cells.get(&az).map_or(&[][..], |nodes| nodes);
    let glyph = |node| if node == primary { "P" } else { "r" };
    match nodes {
        [] => "·".to_owned(),
        nodes => nodes.iter().map(|node| glyph(*node)).collect::<Vec<_>>().join(" "),
    }
}

fn left_out(rows: &Rows) -> String {
    format!("… and {} with other placements (--all)", plural(rows.n_left_out, "shard"))
}

/// The same as a list, for more AZs than fit a line.
fn listed(map: &Map<'_>, group: GroupId, rows: &Rows, text: &mut String) {
    let plan = map.plan;
    let azs = map.spread(group).azs;
    let name = |used: &AzUse| plan.azs[used.az.idx()].name.as_str();
    for row in &rows.shown {
        let cells = azs.iter().filter(|used| row.cells.contains_key(&used.az));
        let cells = cells.map(|used| format!("{} in {}", glyphs(map, row, used.az), name(used)));
        let label = format!("  {}:", shard_list(plan, &row.shards));
        wrap(&label, &cells.collect::<Vec<_>>(), ",", text);
    }
    if rows.n_left_out > 0 {
        let _ = writeln!(text, "  {}", left_out(rows));
    }
    let total = |used: &AzUse| format!("{} {}+{}", name(used), used.primaries, used.replicas);
    wrap("  primaries + replicas:", &azs.iter().map(total).collect::<Vec<_>>(), ",", text);
}

/// What is remarkable about a group's placement.
fn spread_lines(map: &Map<'_>, group: GroupId, text: &mut String) {
    let spread = map.spread(group);
    let skew = spread.primary_skew();
    if skew > 1 {
        let _ = writeln!(text, "  primaries are uneven: one AZ has {skew} more than another");
    }
    let has_replica = |shard: &ShardId| !map.replicas(*shard).is_empty();
    let (in_one_az, bare) = spread.in_one_az.iter().copied().partition(has_replica);
    let lists: [(&str, Vec<ShardId>); 3] = [
        ("no replica", bare),
        ("all nodes in one AZ", in_one_az),
        ("a replica in the AZ of its primary", spread.beside_primary),
    ];
    for (what, shards) in lists.iter().filter(|(_, shards)| !shards.is_empty()) {
        let _ = writeln!(text, "  {what}: {}", shard_list(map.plan, shards));
    }
}

/// Who copies from whom, and how far behind.
fn replication(map: &Map<'_>, detail: Detail, text: &mut String) {
    let plan = map.plan;
    if plan.shards.iter().all(|shard| shard.nodes.len() == 1) {
        text.push_str("\n replication: there is no replica\n");
        return;
    }
    let lag = &plan.replication.lag;
    let (mean, p99) = (Span::from_nanos_f64(lag.mean()), Span::from_nanos_f64(lag.quantile(0.99)));
    let lag = match p99 == mean {
        true => format!("always {mean}"),
        false => format!("{mean} in the mean, 99 % of the time at most {p99}"),
    };
    let _ = writeln!(text, "\n replication: replicas copy from their primary and trail by {lag}");
    for group in plan.group_ids() {
        let of_group = match plan.groups.len() {
            1 => String::new(),
            _ => format!("{} ", plan.groups[group.idx()].id),
        };
        let rows = rows(map, group, detail);
        for row in &rows.shown {
            let like = if row.shards.len() > 1 { " like" } else { "" };
            let name = |node: NodeId| plan.nodes[node.idx()].name.as_str();
            let primary = name(map.primary(row.first()));
            let replicas = map.replicas(row.first());
            let replicas: Vec<String> = replicas.into_iter().map(|n| name(n).to_owned()).collect();
            let feeds = if replicas.is_empty() { ", no replica" } else { " →" };
            let list = shard_list(plan, &row.shards);
            let label = format!("  {of_group}{list}:{like} {primary}{feeds}");
            wrap(&label, &replicas, ",", text);
        }
        if rows.n_left_out > 0 {
            let _ = writeln!(text, "  {of_group}{}", left_out(&rows));
        }
    }
}

/// Which shards of a migration's target copy from which of its source.
fn migration(plan: &Plan, detail: Detail, text: &mut String) {
    let Some(migration) = &plan.migration else { return };
    let id = |group: GroupId| plan.groups[group.idx()].id.as_str();
    let (source, target) = (id(migration.source), id(migration.target));
    if !migration.refusals.is_empty() || migration.pairs.is_empty() {
        let _ =
            writeln!(text, "\n migration: {target} cannot follow {source} (ecsim check tells why)");
        return;
    }
    let first = match migration.layout {
        Layout::Same => String::new(),
        Layout::Resharded { slots } => {
            format!(", after {} have moved within {target}", plural(slots as usize, "hash slot"))
        }
    };
    let _ =
        writeln!(text, "\n migration: once it is started, {target} copies from {source}{first}");
    let most = match detail {
        Detail::Folded => MOST_ROWS,
        Detail::Every => usize::MAX,
    };
    for link in (0..migration.pairs.len()).take(most) {
        let (to, from) = plan.pair(link);
        let name = |shard: ShardId| {
            let shard = &plan.shards[shard.idx()];
            (shard.id.as_str(), plan.nodes[usize::from(shard.nodes.start)].name.as_str())
        };
        let ((to, to_node), (from, from_node)) = (name(to), name(from));
        let _ = writeln!(text, "  {source} {from} → {target} {to}: {from_node} → {to_node}");
    }
    let n_more = migration.pairs.len().saturating_sub(most);
    if n_more > 0 {
        let _ = writeln!(text, "  … and {} (--all)", plural(n_more, "further shard"));
    }
}

/// A labelled list, broken into lines of at most [`WIDTH`].
fn wrap(label: &str, items: &[String], separator: &str, text: &mut String) {
    let mut line = label.to_owned();
    for (n, item) in items.iter().enumerate() {
        let separator = if n + 1 < items.len() { separator } else { "" };
        if line.chars().count() + item.chars().count() + 1 + separator.len() > WIDTH {
            let _ = writeln!(text, "{line}");
            line = "     ".to_owned();
        }
        let _ = write!(line, " {item}{separator}");
    }
    let _ = writeln!(text, "{line}");
}

/// Failure domains of one kind that mean the same, in one line.
struct Class<'a> {
    domains: Vec<&'a Domain>,
}

/// What one loss means, a line for each distinct kind of loss with the worst first, and how many
/// losses at once lose data. Long lines are broken.
pub fn failure_domains_text(map: &Map<'_>) -> String {
    let mut text = String::new();
    for line in failure_domain_lines(map) {
        let mut parts = line.split(SEPARATOR).map(str::to_owned);
        let first = parts.next().unwrap_or_default();
        let rest: Vec<String> = parts.collect();
        let first = if rest.is_empty() { first } else { format!("{first} ·") };
        wrap(&first, &rest, " ·", &mut text);
    }
    text
}

/// The same in lines of any length.
pub(super) fn failure_domain_lines(map: &Map<'_>) -> Vec<String> {
    /// Distinct losses of each kind that are told; more would not be read.
    const MOST: usize = 8;
    let plan = map.plan;
    let domains = map.failure_domains();
    let (azs, nodes): (Vec<&Domain>, Vec<&Domain>) =
        domains.iter().partition(|domain| matches!(domain.place, Place::Az(_)));
    let mut lines = Vec::new();
    for (thing, domains) in [("AZ", azs), ("node", nodes)] {
        let n_domains = domains.len();
        let classes = classes(domains);
        for class in classes.iter().take(MOST) {
            let who = match class.domains.len() {
                n if n == n_domains && n > 1 => format!("any one {thing}"),
                _ => named(map, thing, class),
            };
            lines.push(format!("losing {who}: {}", meaning(plan, class)));
        }
        let others = classes.iter().skip(MOST);
        match others.map(|class| class.domains.len()).sum::<usize>() {
            0 => {}
            n => lines.push(format!(
                "losing one of {}: nothing worse",
                plural(n, &format!("further {thing}"))
            )),
        }
    }
    lines.push(fewest_to_lose_data(map));
    lines
}

/// How many losses at once lose data, and where it is kept otherwise.
fn fewest_to_lose_data(map: &Map<'_>) -> String {
    let plan = map.plan;
    // What a log has is not lost with the nodes.
    let is_bare = |id: &GroupId| plan.groups[id.idx()].durability == Durability::Disabled;
    let spreads = plan.group_ids().filter(is_bare).map(|group| map.spread(group));
    let fewest = spreads.map(|spread| (spread.fewest_azs, spread.fewest_nodes));
    let Some((azs, nodes)) = fewest.reduce(|a, b| (a.0.min(b.0), a.1.min(b.1))) else {
        return "no loss of nodes loses a dataset: the log has it".to_owned();
    };
    let at_once = if azs > 1 || nodes > 1 { " at once" } else { "" };
    let (azs, nodes) = (plural(azs, "AZ"), plural(nodes, "node"));
    let line = format!("it takes at least {azs}, or {nodes}, lost{at_once} to lose a dataset");
    match &plan.region {
        Some(region) => format!("{line} here{SEPARATOR}{} has a copy of each group", region.name),
        None => line,
    }
}

/// Domains that mean the same together, the worst first.
fn classes<'a>(domains: Vec<&'a Domain>) -> Vec<Class<'a>> {
    let badness = |domain: &Domain| {
        [
            &domain.loses_dataset,
            &domain.reads_log,
            &domain.waits,
            &domain.lacks_replicas,
            &domain.fails_over,
            &domain.loses_replicas,
        ]
        .map(|hit| hit.shards.len())
    };
    // Nobody notices what happens to a migration's target as long as no client has moved.
    let is_used = |domain: &Domain| STOPS.iter().any(|(hit, _)| hit(domain).hash_slots > 0);
    let badness = |domain: &Domain| (badness(domain), is_used(domain));
    let mut classes: BTreeMap<Reverse<([usize; 6], bool)>, Vec<&Domain>> = BTreeMap::new();
    for domain in domains {
        classes.entry(Reverse(badness(domain))).or_default().push(domain);
    }
    classes.into_values().map(|domains| Class { domains }).collect()
}

/// What is lost in a class of domains, as the object of "losing".
fn named(map: &Map<'_>, thing: &str, class: &Class<'_>) -> String {
    const MOST: usize = 4;
    let plan = map.plan;
    let nodes = class.domains.iter().filter_map(|domain| match domain.place {
        Place::Az(_) => None,
        Place::Node(node) => Some(node),
    });
    let nodes: BTreeSet<_> = nodes.collect();
    let primaries: BTreeSet<_> = plan.shard_ids().map(|shard| map.primary(shard)).collect();
    if nodes.len() > 1 && nodes == primaries {
        return "any one primary".to_owned();
    }
    let n_replicas = plan.nodes.len() - primaries.len();
    if nodes.len() > 1 && nodes.len() == n_replicas && nodes.is_disjoint(&primaries) {
        return "any one replica".to_owned();
    }
    let name = |domain: &&Domain| match domain.place {
        Place::Az(az) => plan.azs[az.idx()].name.clone(),
        Place::Node(node) => plan.nodes[node.idx()].name.clone(),
    };
    let names: Vec<String> = class.domains.iter().take(MOST).map(name).collect();
    match (names.as_slice(), class.domains.len()) {
        ([only], 1) => only.clone(),
        (few, n) if n <= MOST => {
            let (last, others) = few.split_last().expect("a class is not empty");
            format!("{} or {last}", others.join(", "))
        }
        (few, n) => format!("one of {} ({}, …)", plural(n, thing), few[..2].join(", ")),
    }
}

/// What a class of domains means.
fn meaning(plan: &Plan, class: &Class<'_>) -> String {
    let domain = class.domains[0];
    let number = |n: usize, [one, many]: Words| match n {
        1 => format!("1 {one}"),
        n => format!("{} {many}", count(n as u128)),
    };
    let mut parts: Vec<String> = STOPS
        .into_iter()
        .map(|(hit, words)| (hit(domain).shards.len(), hit, words))
        .filter(|(n, _, _)| *n > 0)
        .map(|(n, hit, words)| format!("{}{}", number(n, words), weight(plan, class, hit)))
        .collect();
    let writes_stop = !parts.is_empty();
    match domain.loses_replicas.shards.len() {
        0 if !writes_stop => return "no node runs there".to_owned(),
        0 => {}
        n => parts.push(number(n, ["shard has fewer replicas", "shards have fewer replicas"])),
    }
    if !writes_stop {
        parts.push("writes go on".to_owned());
    }
    if domain.loses_dataset.shards.is_empty() {
        let kept = match domain.reads_log.shards.is_empty() {
            true => "no dataset lost",
            false => "no dataset lost: the log has it",
        };
        parts.push(kept.to_owned());
    }
    parts.join(SEPARATOR)
}

/// The shards that a domain hits in one way.
type HitOf = fn(&Domain) -> &Hit;
/// Who is hit: for one and for many.
type Words = [&'static str; 2];

/// What stops writes, worst first.
const STOPS: [(HitOf, Words); 5] = [
    (|domain| &domain.loses_dataset, ["shard loses its dataset", "shards lose their datasets"]),
    (
        |domain| &domain.reads_log,
        [
            "shard takes no writes until a new node has read the log",
            "shards take no writes until new nodes have read the log",
        ],
    ),
    (
        |domain| &domain.waits,
        [
            "shard takes no writes until its primary is replaced",
            "shards take no writes until their primaries are replaced",
        ],
    ),
    (
        |domain| &domain.lacks_replicas,
        [
            "shard takes no writes until it has enough replicas again",
            "shards take no writes until they have enough replicas again",
        ],
    ),
    (|domain| &domain.fails_over, ["primary fails over", "primaries fail over"]),
];

/// How much of everything a class of domains hits, unless there is only one shard; the most of
/// them, since shards of one group differ by a slot.
fn weight(plan: &Plan, class: &Class<'_>, hit: HitOf) -> String {
    if plan.shards.len() == 1 {
        return String::new();
    }
    let hits = || class.domains.iter().map(|domain| hit(domain));
    let slots = hits().map(|hit| hit.hash_slots).max().unwrap_or(0);
    let writes = hits().map(|hit| hit.writes_per_sec).max().unwrap_or(0);
    if slots == 0 {
        return " (no client uses it yet)".to_owned();
    }
    let all = if plan.n_clienteles() == 1 { "the" } else { "all" };
    let share = slot_share(slots, plan.n_clienteles());
    // Shards of one group differ by a slot, which is nothing.
    let least = hits().map(|hit| hit.hash_slots).min().unwrap_or(0);
    let at_most = if slots > least + least / 100 + 1 { "at most " } else { "" };
    format!(" ({at_most}{share} of {all} slots, {} writes/s)", count(writes))
}
