//! How dataset losses happen: the likeliest chains of failures with their shares of the
//! probability, who fails first, and the command that tells an example; as text and as JSON.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::plan::{AzId, GroupId, NodeId, Plan, Resync, ShardId};
use crate::montecarlo::rare::excursion::Steering;
use crate::montecarlo::rare::study::Found;
use crate::montecarlo::rare::ways::{Chain, Culprit, Example, Link, Share, Struck, Way, Ways};
use crate::report::numbers::{count, significant};
use crate::report::summary::rounded;
use crate::report::words::Words;
use crate::stats::level::Level;

/// Ways are told until so much of the probability is, at least and at most so many of them.
const ENOUGH: f64 = 0.9;
const LEAST: usize = 5;
const MOST: usize = 8;
/// As JSON at most so many, the likeliest first.
const MOST_IN_JSON: usize = 100;
/// Culprits and shards that are named at most.
const MOST_NAMED: usize = 4;
/// Fewer losses than these say nothing of how far off a share may be.
const FEW: u64 = 10;
/// A share of a way's losses that is worth a word.
const WORTH_A_WORD: f64 = 0.01;
const WIDTH: usize = 100;

/// The likeliest ways, a line or a few each, and who fails first. `replay` is what `ecsim replay`
/// needs for the policy: its file and options. Empty where nothing was lost.
pub fn render(plan: &Plan, found: &Found, (replay, level): (&str, Level)) -> String {
    let ways = &found.tally.ways;
    let all = ways.most_likely();
    let n_told = n_told(&all);
    let mut text = String::new();
    if all.is_empty() {
        return text;
    }
    let losses = so_many(found.tally.hits, ["loss", "losses"]);
    let _ = match found.manner.steering {
        Steering::Guide | Steering::Balanced => writeln!(
            text,
            " how a dataset loss happens (share of its probability, of {losses} · an example):"
        ),
        Steering::Split => writeln!(
            text,
            " how a dataset loss happens (share of its probability, of {losses}; split trials \
             cannot be told):"
        ),
    };
    let shares: Vec<String> = all.iter().map(|(_, _, share)| percent(share, level)).collect();
    let width = shares[..n_told].iter().map(|share| share.chars().count()).max().unwrap_or(0);
    let id = |way: &Way| match found.manner.steering {
        Steering::Guide | Steering::Balanced => way.example.to_string(),
        Steering::Split => String::new(),
    };
    let ids: Vec<String> = all[..n_told].iter().map(|(_, way, _)| id(way)).collect();
    let id_width = ids.iter().map(String::len).max().unwrap_or(0);
    for (((chain, way, _), share), id) in all.iter().zip(&shares).zip(&ids) {
        let margin = format!("   {share:>width$}  {id:<id_width$}");
        let margin = format!("{}  ", margin.trim_end_matches(' '));
        let full = 3 + width + 2 + id_width + 2;
        fold((&format!("{margin:<full$}"), full), &sentence(chain, way), &mut text);
    }
    if n_told < all.len() {
        let told: f64 = all[..n_told].iter().map(|(_, _, share)| share.value).sum();
        let rest = all.len() - n_told;
        let share = percent_text(1.0 - told);
        let others = if rest == 1 { "another way" } else { "other ways" };
        let n = if rest == 1 { String::new() } else { format!("{} ", count(rest as u128)) };
        let _ = writeln!(text, "   {share:>width$}  in {n}{others}");
    }
    if found.manner.steering != Steering::Split {
        let example = all[0].1.example;
        let _ = writeln!(text, " the first of them: ecsim replay {replay} --loss {example}");
    }
    render_firsts(plan, (ways, level), &mut text);
    render_refills(plan, &all, &mut text);
    text
}

/// How much rests on the rule that replicas drop what they have after a failover, where much does.
fn render_refills(plan: &Plan, all: &[(&Chain, &Way, Share)], text: &mut String) {
    const WORTH_A_LINE: f64 = 0.1;
    if plan.rules.resync != Resync::Full {
        return;
    }
    let refilled = all.iter().filter(|(chain, ..)| has_refill(chain));
    let share: f64 = refilled.map(|(_, _, share)| share.value).sum();
    if share >= WORTH_A_LINE {
        let words = format!(
            "in {} of it a node that had not failed is being filled, because a failover came \
             before (resync-after-failover = \"full\"); --set rules.resync-after-failover=engine \
             shows how much hangs on that rule",
            percent_text(share)
        );
        fold((" ", 4), &words, text);
    }
}

/// Whether more nodes were out of order at the last failure than the failures before had taken.
fn has_refill(chain: &Chain) -> bool {
    let Some((last, before)) = chain.split_last() else { return false };
    let taken: u32 = before.iter().map(|link| u32::from(link.copies.max(1))).sum();
    let disorder = last.disorder;
    let out = [disorder.down, disorder.syncing, disorder.empty].map(u32::from);
    disorder.syncing > 0 && out.iter().sum::<u32>() > taken
}

/// How many of the ways are told.
fn n_told(all: &[(&Chain, &Way, Share)]) -> usize {
    let mut sum = 0.0;
    let enough = all.iter().position(|(_, _, share)| {
        sum += share.value;
        sum >= ENOUGH
    });
    enough.map_or(all.len(), |last| last + 1).clamp(LEAST, MOST).min(all.len())
}

/// Who fails first: what kind, and by name where not all of a kind are alike.
fn render_firsts(plan: &Plan, (ways, level): (&Ways, Level), text: &mut String) {
    let firsts = ways.firsts();
    let kinds: Vec<String> = KINDS
        .into_iter()
        .filter_map(|(struck, name)| {
            let of = firsts.iter().filter(|(culprit, _)| kind(*culprit) == struck);
            let share: f64 = of.map(|(_, share)| share.value).sum();
            (share > 0.0).then(|| format!("{name} {}", percent_text(share)))
        })
        .collect();
    let primary = percent_text(ways.primary_first().value);
    let _ = writeln!(
        text,
        " what fails first: {}; it takes the primary in {primary}",
        kinds.join(" · ")
    );
    let differ = KINDS.into_iter().any(|(struck, _)| {
        let of = firsts.iter().filter(|(culprit, _)| kind(*culprit) == struck);
        are_unlike(of.map(|(_, share)| share))
    });
    if differ {
        let named = firsts.iter().map(|(culprit, share)| (name(plan, *culprit), *share));
        render_named(("who fails first", level), named.collect(), text);
    }
    let shards = ways.shards();
    if are_unlike(shards.iter().map(|(_, share)| share)) {
        let words = Words::new(plan);
        let named = shards.iter().map(|(shard, share)| (words.shard(ShardId(*shard)), *share));
        render_named(("who loses its dataset", level), named.collect(), text);
    }
}

/// What can fail first, and what it is called.
const KINDS: [(Struck, &str); 4] = [
    (Struck::Node, "a node"),
    (Struck::Az, "an AZ"),
    (Struck::Group, "the whole group"),
    (Struck::Scheduled, "what is scheduled"),
];

fn kind(culprit: Culprit) -> Struck {
    match culprit {
        Culprit::Node(_) => Struck::Node,
        Culprit::Az(_) => Struck::Az,
        Culprit::Group(_) => Struck::Group,
        Culprit::Scheduled => Struck::Scheduled,
    }
}

fn name(plan: &Plan, culprit: Culprit) -> String {
    let words = Words::new(plan);
    match culprit {
        Culprit::Node(node) => {
            let node = NodeId(node);
            let shard = &plan.shards[plan.nodes[node.idx()].shard.idx()];
            let role =
                if shard.node_ids().next() == Some(node) { " (primary at the start)" } else { "" };
            format!("{}{role}", words.node(node))
        }
        Culprit::Az(az) => format!("AZ {}", words.az(AzId(az))),
        Culprit::Group(group) => words.group(GroupId(group)).to_owned(),
        Culprit::Scheduled => "what is scheduled".to_owned(),
    }
}

/// Whether shares differ by more than chance and enough to matter: by a quarter of their mean.
fn are_unlike<'a>(shares: impl Iterator<Item = &'a Share>) -> bool {
    let shares: Vec<&Share> = shares.collect();
    let mean = shares.iter().map(|share| share.value).sum::<f64>() / shares.len().max(1) as f64;
    let is_unlike = |share: &&Share| {
        let off = (share.value - mean).abs();
        share.hits >= FEW && off > 4.0 * share.error && off > 0.25 * mean
    };
    shares.iter().any(is_unlike)
}

/// A line with the largest of named shares.
fn render_named((what, level): (&str, Level), mut named: Vec<(String, Share)>, text: &mut String) {
    named.sort_by(|a, b| b.1.value.total_cmp(&a.1.value));
    let told = named.iter().take(MOST_NAMED);
    let told: Vec<String> =
        told.map(|(name, share)| format!("{name} {}", percent(share, level))).collect();
    let more = if named.len() > MOST_NAMED { " · …" } else { "" };
    fold((&format!(" {what}: "), 4), &format!("{}{more}", told.join(" · ")), text);
}

/// A share in percent with the half-width of its interval, or with the few losses behind it.
fn percent(share: &Share, level: Level) -> String {
    let half_width = 100.0 * share.error * level.z();
    if share.hits < FEW {
        format!("{} ({} seen)", percent_text(share.value), share.hits)
    } else if half_width < 5e-3 {
        percent_text(share.value)
    } else {
        let decimals = [0.95, 0.095].iter().filter(|limit| half_width < **limit).count();
        format!("{:.decimals$} ± {half_width:.decimals$} %", 100.0 * share.value)
    }
}

/// A share in percent; what is there never reads as nothing.
fn percent_text(share: f64) -> String {
    match 100.0 * share {
        percent if percent < 0.1 => "< 0.1 %".to_owned(),
        percent if percent < 9.95 => format!("{} %", significant(percent, 2)),
        percent => format!("{percent:.0} %"),
    }
}

fn so_many(n: u64, [one, many]: [&str; 2]) -> String {
    format!("{} {}", count(u128::from(n)), if n == 1 { one } else { many })
}

/// A chain in words.
fn sentence(chain: &Chain, way: &Way) -> String {
    let Some(last) = chain.last() else {
        return "without any failure: what is scheduled takes all copies".to_owned();
    };
    let mut text = chain.iter().map(words).collect::<Vec<String>>().join("; ");
    if last.left > 0 {
        text.push_str("; no failure takes the rest");
    }
    let in_failover = way.in_failover.share_of(&way.portion).value;
    if in_failover >= WORTH_A_WORD {
        let _ = write!(text, " (a failover is under way in {})", percent_text(in_failover));
    }
    text
}

/// A failure in words: "while 1 of 2 nodes is down, the node with the last copy fails".
pub fn words(link: &Link) -> String {
    let Link { struck, copies, left, disorder } = *link;
    let n = copies + left + disorder.down + disorder.syncing + disorder.empty;
    let mut states: Vec<String> = Vec::new();
    for (number, state) in
        [(disorder.down, "down"), (disorder.syncing, "being filled"), (disorder.empty, "empty")]
    {
        let of = match states.as_slice() {
            [] if n == 1 => " of 1 node".to_owned(),
            [] => format!(" of {n} nodes"),
            _ => String::new(),
        };
        let (verb, with) = match (state, disorder.azs_down) {
            ("down", 1) => ("are", " and an AZ".to_owned()),
            ("down", azs) if azs > 1 => ("are", format!(" and {azs} AZs")),
            _ if number == 1 => ("is", String::new()),
            _ => ("are", String::new()),
        };
        if number > 0 {
            states.push(format!("{number}{of}{with} {verb} {state}"));
        }
    }
    match disorder.azs_down {
        1 if disorder.down == 0 => states.push("an AZ is down".to_owned()),
        azs if azs > 1 && disorder.down == 0 => states.push(format!("{azs} AZs are down")),
        _ => {}
    }
    let what = struck_words(struck, (copies, left));
    match states.as_slice() {
        [] => what,
        [one] => format!("while {one}, {what}"),
        [most @ .., last] => format!("while {} and {last}, {what}", most.join(", ")),
    }
}

fn struck_words(struck: Struck, (copies, left): (u8, u8)) -> String {
    let taken = match (copies, left) {
        (0, _) => "a node that is being filled".to_owned(),
        (1, 0) => "the last copy".to_owned(),
        (_, 0) => format!("the last {copies} copies"),
        _ => format!("{copies} of {} copies", copies + left),
    };
    match struck {
        Struck::Node if copies == 0 => format!("{taken} fails"),
        Struck::Node if left > 0 => "a node fails".to_owned(),
        Struck::Node => format!("the node with {taken} fails"),
        Struck::Az => format!("an AZ fails with {taken}"),
        Struck::Group => format!("the whole group fails with {taken}"),
        Struck::Scheduled => format!("what is scheduled takes {taken}"),
    }
}

/// Puts words behind a margin (the first line's, and how many blanks the others have), in lines
/// that are not too wide.
fn fold((margin, indent): (&str, usize), words: &str, text: &mut String) {
    let mut line = margin.to_owned();
    let mut is_fresh = Fresh::Yes;
    // A percent sign stays with its number.
    let words = words.replace(" %", "\u{a0}%");
    for word in words.split(' ').map(|word| word.replace('\u{a0}', " ")) {
        let width = line.chars().count() + 1 + word.chars().count();
        if is_fresh == Fresh::No && width > WIDTH {
            let _ = writeln!(text, "{line}");
            line = " ".repeat(indent);
            is_fresh = Fresh::Yes;
        }
        if is_fresh == Fresh::No {
            line.push(' ');
        }
        line.push_str(&word);
        is_fresh = Fresh::No;
    }
    let _ = writeln!(text, "{line}");
}

/// Whether a line has no word yet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fresh {
    Yes,
    No,
}

/// A way in which dataset losses happen.
#[derive(Clone, PartialEq, Debug, Serialize, JsonSchema)]
pub struct LossWay {
    /// Its share of the probability of a dataset loss.
    share: ShareJson,
    /// How many losses of this way were seen.
    hits: u64,
    /// The share of the way in which a failover was under way at the last failure.
    in_failover: f64,
    /// The failures, in order; empty where what is scheduled did it alone.
    chain: Vec<LinkJson>,
    /// One of the losses; null where excursions were split.
    example: Option<ExampleJson>,
}

/// A share with its interval at the summary's level; an end is null where too few losses were seen.
#[derive(Clone, PartialEq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Share")]
struct ShareJson {
    /// From 0 to 1.
    value: f64,
    /// Interval at the summary's level; null where too few losses were seen.
    ci: [Option<f64>; 2],
}

/// A failure of a chain, as the shard saw it that lost its dataset.
#[derive(Clone, PartialEq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Failure")]
struct LinkJson {
    /// What failed.
    struck: StruckJson,
    /// Complete copies that it took; with none, it took a node that was being filled.
    copies: u8,
    /// Complete copies that it left.
    left: u8,
    /// Nodes that were down or being replaced before it.
    down: u8,
    /// Nodes that were being filled before it.
    syncing: u8,
    /// Nodes that were up and empty before it.
    empty: u8,
    /// AZs of the shard that were down before it.
    azs_down: u8,
}

/// What failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "Struck")]
enum StruckJson {
    /// A node's host.
    Node,
    /// An AZ.
    Az,
    /// The whole group.
    Group,
    /// Nothing by chance: something that was scheduled took nodes.
    Scheduled,
}

/// Where a loss is found.
#[derive(Clone, PartialEq, Debug, Serialize, JsonSchema)]
#[schemars(rename = "LossExample")]
struct ExampleJson {
    /// What `ecsim replay --loss` takes.
    loss: String,
    /// The replication, which has the number of the trial that it leaves.
    replication: u64,
    /// The branch of the replication.
    branch: u32,
}

/// Who fails first in a dataset loss.
#[derive(Clone, PartialEq, Debug, Serialize, JsonSchema)]
pub struct FirstFailure {
    /// What fails.
    struck: StruckJson,
    /// Its name; null for what is scheduled.
    name: Option<String>,
    /// Its share of the probability of a dataset loss.
    share: ShareJson,
}

/// The likeliest ways for programs.
pub fn ways(found: &Found, level: Level) -> Vec<LossWay> {
    let all = found.tally.ways.most_likely();
    let way = |(chain, way, share): &(&Chain, &Way, Share)| LossWay {
        share: share_json(share, level),
        hits: share.hits,
        in_failover: rounded(way.in_failover.share_of(&way.portion).value),
        chain: chain.iter().map(link_json).collect(),
        example: (found.manner.steering != Steering::Split).then(|| example_json(way.example)),
    };
    all.iter().take(MOST_IN_JSON).map(way).collect()
}

/// Who fails first for programs, in the order of the plan.
pub fn first_failures(plan: &Plan, found: &Found, level: Level) -> Vec<FirstFailure> {
    let first = |(culprit, share): (Culprit, Share)| FirstFailure {
        struck: struck_json(kind(culprit)),
        name: match culprit {
            Culprit::Node(node) => Some(Words::new(plan).node(NodeId(node)).to_owned()),
            Culprit::Az(az) => Some(Words::new(plan).az(AzId(az)).to_owned()),
            Culprit::Group(group) => Some(Words::new(plan).group(GroupId(group)).to_owned()),
            Culprit::Scheduled => None,
        },
        share: share_json(&share, level),
    };
    found.tally.ways.firsts().into_iter().map(first).collect()
}

fn share_json(share: &Share, level: Level) -> ShareJson {
    let half_width = share.error * level.z();
    let end = |value: f64| (share.hits >= FEW).then(|| rounded(value.clamp(0.0, 1.0)));
    ShareJson {
        value: rounded(share.value),
        ci: [end(share.value - half_width), end(share.value + half_width)],
    }
}

fn link_json(link: &Link) -> LinkJson {
    let Link { struck, copies, left, disorder } = *link;
    LinkJson {
        struck: struck_json(struck),
        copies,
        left,
        down: disorder.down,
        syncing: disorder.syncing,
        empty: disorder.empty,
        azs_down: disorder.azs_down,
    }
}

fn struck_json(struck: Struck) -> StruckJson {
    match struck {
        Struck::Node => StruckJson::Node,
        Struck::Az => StruckJson::Az,
        Struck::Group => StruckJson::Group,
        Struck::Scheduled => StruckJson::Scheduled,
    }
}

fn example_json(example: Example) -> ExampleJson {
    let Example { replication, branch } = example;
    ExampleJson { loss: example.to_string(), replication, branch }
}
