//! The resolved scenario: every value that a result depends on, whether given, default or derived,
//! and where it comes from. As text it is a scenario again, which gives the same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::diagnostics::join;
use super::overlay;
use super::source::{Source, SourceKind};
use super::tree::{self, Entry, Node, Tree, Value, key, quoted};
use super::units::shown_size;
use super::{Assumption, Confidence, Experiment, Origin, Policy};
use crate::model::plan::{HASH_SLOTS, Membership, Plan, Shard};

/// All values of one policy, in the order in which they are shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resolved {
    /// The values, section by section.
    pub values: Vec<ResolvedValue>,
}

/// A value and where it comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResolvedValue {
    /// Dotted path: `timing.detection`.
    pub path: String,
    /// The value as TOML on one line.
    pub value: String,
    /// Who gives it.
    pub giver: Giver,
    /// Where it comes from, as far as that is known or known to be unknown; for parts of the value
    /// with their path below this one.
    pub origins: Vec<(String, Origin)>,
    /// The lengths between which its mean may be, if they are stated and the value itself does not
    /// show them.
    pub range: Option<(String, String)>,
    /// The header that it stands under.
    block: Block,
    key: String,
    /// The elements, if it is an array.
    elements: Vec<String>,
    /// How many entries it has, if it is a table.
    n_parts: usize,
}

/// Who gives a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Giver {
    /// The scenario file, perhaps in a policy or a sweep.
    File,
    /// An option.
    CommandLine,
    /// Nobody: it is a default or derived.
    Nobody,
}

/// A header of the text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Block {
    /// The beginning, which has none.
    Top,
    /// `[section]`.
    Section(String),
    /// `[[section]]`, and the path of the element.
    Element(String, String),
}

/// The order in which sections and their keys are shown; other keys follow as written.
const ORDER: [(&str, &[&str]); 17] = [
    ("schema", &[]),
    ("name", &[]),
    ("run", &["horizon", "trials", "seed", "warm-up", "start"]),
    (
        "group",
        &[
            "id",
            "engine",
            "engine-version",
            "node-type",
            "cluster-mode",
            "multi-az",
            "automatic-failover",
            "append-only-file",
            "snapshot-retention",
            "durability",
            "transit-encryption",
            "databases",
            "description",
            "dns-label",
            "maintenance-window",
            "snapshot-window",
            "snapshot-retention",
            "snapshotting-node",
            "snapshot-every",
            "azs",
            "shards",
            "replicas",
            "shard",
            "slots",
            "self-hosted",
        ],
    ),
    (
        "workload",
        &[
            "writes-per-second",
            "writes-per-second-per-shard",
            "reads-per-second",
            "write-size",
            "dataset",
            "wait",
        ],
    ),
    ("replication", &["lag", "backlog", "min-replicas-to-write", "min-replicas-max-lag"]),
    (
        "timing",
        &[
            "preset",
            "detection",
            "promotion",
            "endpoint",
            "replacement",
            "full-sync",
            "cold-start",
            "reboot",
            "modify",
            "test-failover",
            "maintenance-step",
            "handover-start",
            "handover-pause",
            "handover-gap",
            "planned-replacement",
            "patch-restart",
            "patch",
        ],
    ),
    (
        "control-plane",
        &[
            "detector",
            "node-timeout",
            "gossip",
            "takeover",
            "minority",
            "down-after",
            "sentinels",
            "quorum",
            "failover-timeout",
            "az-event-slowdown",
            "test-failover-in-az-outage",
            "event-order",
        ],
    ),
    (
        "rules",
        &[
            "replacement-starts",
            "resync-after-failover",
            "promotion",
            "replacement-waits-for-az",
            "resync-needs-primary",
            "syncing-counts-as-complete",
            "failure-during-failover",
            "syncing-nodes-can-fail",
            "cold-start-node",
            "sub-detection-fault",
            "fencing",
            "wait-timeout",
        ],
    ),
    ("backup", &["after-dataset-loss"]),
    ("persistence", &["fsync", "replay"]),
    ("durability", &["log-lag", "restore"]),
    ("global-datastore", &["enabled", "region", "lag", "decision", "promotion", "endpoint"]),
    (
        "migration",
        &[
            "source",
            "target",
            "bandwidth",
            "lag",
            "fork-pause-per-gib",
            "fork-pause",
            "save-per-gib",
            "save",
            "load-per-gib",
            "load",
            "source-page",
            "source-restart",
            "retry",
            "attempts",
            "test",
            "start",
            "reshard-per-slot",
            "complete",
            "complete-again",
            "patience",
            "in-sync-lag",
            "cut-over",
            "cut-over-after-sync",
            "cut-over-after-start",
            "clients",
        ],
    ),
    ("objectives", &["rto", "rpo"]),
    ("fault", &["id", "at", "enabled"]),
    ("operation", &["id", "at", "enabled"]),
];

impl Resolved {
    /// All values of the document `tree`, which is valid, with its `assumptions`; brings those
    /// into the order of the values.
    pub(super) fn new(mut tree: Tree, assumptions: &mut [Assumption]) -> Self {
        tree.remove("sources");
        let all: BTreeMap<&str, &str> =
            assumptions.iter().map(|a| (a.path.as_str(), a.value.as_str())).collect();
        fill(&mut tree, "", &all);
        order(&mut tree);
        let mut values = Vec::new();
        for entry in &tree.entries {
            section(entry, &mut values);
        }
        let lines: BTreeMap<String, usize> =
            values.iter().enumerate().map(|(n, value)| (value.path.clone(), n)).collect();
        assumptions.sort_by_cached_key(|a| (line_of(&lines, &a.path), a.path.clone()));
        for assumption in assumptions.iter() {
            if let Some(value) = values.get_mut(line_of(&lines, &assumption.path)) {
                value.origins.push((assumption.path.clone(), assumption.why.clone()));
                if assumption.path == value.path && assumption.why.is_claim() {
                    value.range.clone_from(&assumption.range);
                }
            }
        }
        Resolved { values }
    }

    /// The paths of values for which the scenario names a source.
    pub fn sourced(&self) -> impl Iterator<Item = String> + '_ {
        let origins = self.values.iter().flat_map(|value| &value.origins);
        origins.filter_map(|(path, why)| match why {
            Origin::Sourced(_) => Some(path.clone()),
            Origin::Unsourced
            | Origin::Default { .. }
            | Origin::Derived { .. }
            | Origin::Convention(_) => None,
        })
    }
}

/// The line of the value that `path` is, or is part of.
fn line_of(lines: &BTreeMap<String, usize>, path: &str) -> usize {
    let mut path = path;
    loop {
        match (lines.get(path), path.rsplit_once('.')) {
            (Some(line), _) => return *line,
            (None, Some((outer, _))) => path = outer,
            (None, None) => return usize::MAX,
        }
    }
}

/// Puts those of `all` values, by path, that belong into the table at `path` and below it where
/// nothing is.
fn fill(tree: &mut Tree, path: &str, all: &BTreeMap<&str, &str>) {
    let start = if path.is_empty() { String::new() } else { format!("{path}.") };
    let below = all.range(start.as_str()..).take_while(|(path, _)| path.starts_with(&start));
    for (inner, value) in below {
        let rest = &inner[start.len()..];
        match rest.split_once('.') {
            None if tree.get(rest).is_none() => {
                tree.entries.push(default_entry(rest, default_node(value)));
            }
            // Of what is absent as a whole only sections have defaults, and those below
            // `[migration]`.
            Some((section, _))
                if ["", "migration"].contains(&path) && tree.get(section).is_none() =>
            {
                let table = Node { value: Value::Table(Tree::default()), ..default_node("0") };
                tree.entries.push(default_entry(section, table));
            }
            None | Some(_) => {}
        }
    }
    for entry in &mut tree.entries {
        let path = join(path, &entry.key);
        match &mut entry.node.value {
            Value::Table(tree) => fill(tree, &path, all),
            Value::Array(array) => {
                let paths = overlay::element_paths(array, &path);
                for (element, path) in array.iter_mut().zip(&paths) {
                    if let Value::Table(tree) = &mut element.value {
                        fill(tree, path, all);
                    }
                }
            }
            Value::Text(_)
            | Value::Integer(..)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_) => {}
        }
    }
}

fn default_entry(name: &str, node: Node) -> Entry {
    Entry { key: name.to_owned(), key_at: node.at.clone(), node }
}

/// A value of ours. All defaults are valid TOML; a test reads them.
fn default_node(value: &str) -> Node {
    let source = Source::new("default", value, SourceKind::Internal);
    tree::value(&source).expect("a default is TOML")
}

/// Brings sections and their keys into the order in which they are shown.
fn order(tree: &mut Tree) {
    let rank = |key: &str| ORDER.iter().position(|(name, _)| *name == key).unwrap_or(ORDER.len());
    tree.entries.sort_by_key(|entry| rank(&entry.key));
    for entry in &mut tree.entries {
        let Some((_, keys)) = ORDER.iter().find(|(name, _)| *name == entry.key) else {
            continue;
        };
        let rank =
            |entry: &Entry| keys.iter().position(|key| *key == entry.key).unwrap_or(keys.len());
        match &mut entry.node.value {
            Value::Table(section) => section.entries.sort_by_key(rank),
            Value::Array(elements) => {
                for element in elements {
                    if let Value::Table(section) = &mut element.value {
                        section.entries.sort_by_key(rank);
                    }
                }
            }
            Value::Text(_)
            | Value::Integer(..)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_) => {}
        }
    }
}

/// The values of a section, or of each element of an array of tables.
fn section(entry: &Entry, values: &mut Vec<ResolvedValue>) {
    let path = join("", &entry.key);
    match &entry.node.value {
        Value::Table(tree) => block(&Block::Section(path.clone()), &path, tree, values),
        Value::Array(array) => {
            for (element, node) in overlay::element_paths(array, &path).iter().zip(array) {
                if let Some(tree) = node.as_table() {
                    let header = Block::Element(path.clone(), element.clone());
                    block(&header, element, tree, values);
                }
            }
        }
        Value::Text(_)
        | Value::Integer(..)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_) => values.push(value(&Block::Top, "", entry)),
    }
}

fn block(header: &Block, path: &str, tree: &Tree, values: &mut Vec<ResolvedValue>) {
    values.extend(tree.entries.iter().map(|entry| value(header, path, entry)));
}

fn value(header: &Block, path: &str, entry: &Entry) -> ResolvedValue {
    ResolvedValue {
        path: join(path, &entry.key),
        value: entry.node.printed(),
        giver: match entry.node.at.source.kind {
            SourceKind::File | SourceKind::Preset => Giver::File,
            SourceKind::Argument => Giver::CommandLine,
            SourceKind::Internal => Giver::Nobody,
        },
        origins: Vec::new(),
        range: None,
        block: header.clone(),
        key: entry.key.clone(),
        elements: entry.node.as_array().unwrap_or_default().iter().map(Node::printed).collect(),
        n_parts: entry.node.as_table().map_or(0, |table| table.entries.len()),
    }
}

impl ResolvedValue {
    /// Where it comes from, in words for people, on one line; assumptions in capitals.
    pub fn remark(&self) -> String {
        let given = match self.giver {
            Giver::File => "given",
            Giver::CommandLine => "given on the command line",
            Giver::Nobody => "",
        };
        let mut parts: Vec<String> = Vec::new();
        let is_told = self.origins.iter().any(|(path, _)| *path == self.path);
        if !is_told && !given.is_empty() && !self.is_of_defaults() {
            parts.push(given.to_owned());
        }
        for (path, origin) in &self.origins {
            let words = match origin {
                Origin::Unsourced => format!("{given}, NO SOURCE"),
                // A default with a source of the scenario's own becomes a given value when it is
                // written down.
                Origin::Sourced(source) if given.is_empty() => format!("given: {source}"),
                Origin::Sourced(source) => format!("{given}: {source}"),
                Origin::Default { confidence: Confidence::Assumed, source } => {
                    format!("default, ASSUMED: {source}")
                }
                Origin::Derived { confidence: Confidence::Assumed, source } => {
                    format!("derived, ASSUMED: {source}")
                }
                Origin::Convention(source) => format!("default: {source}"),
                Origin::Default { .. } | Origin::Derived { .. } => origin.to_string(),
            };
            match path.strip_prefix(&self.path).unwrap_or_default().trim_start_matches('.') {
                "" => parts.push(words),
                below => parts.push(format!("{below}: {words}")),
            }
        }
        if let Some((low, high)) = &self.range {
            parts.push(format!("its mean may be from {low} to {high}"));
        }
        // It stands in a comment, which ends with its line.
        parts.join("; ").replace(char::is_control, " ")
    }

    /// Whether it is a table of a section all of whose parts have origins of their own: who gives
    /// them says nothing then.
    fn is_of_defaults(&self) -> bool {
        let of_section = matches!(self.block, Block::Section(_));
        let explained = self.origins.iter().filter(|(_, why)| *why != Origin::Unsourced).count();
        of_section && self.n_parts > 0 && explained >= self.n_parts
    }

    /// The entries of `[sources]` that bring its origins back.
    fn sources(&self) -> impl Iterator<Item = (&str, String)> {
        self.origins.iter().filter_map(|(path, origin)| match origin {
            Origin::Unsourced => None,
            Origin::Sourced(_)
            | Origin::Default { .. }
            | Origin::Derived { .. }
            | Origin::Convention(_) => Some((path.as_str(), origin.to_string())),
        })
    }
}

/// The experiment as a scenario that gives the same bytes: what all policies share under its
/// sections, what differs as their overlays. Files that stand side by side have no scenario in
/// common: load each of them alone.
pub fn render(experiment: &Experiment) -> String {
    let policies = &experiment.policies;
    let mut text = format!(
        "# Resolved by ecsim {}: every value, who gives it, and what it rests on.\n\
         #   given    the scenario says so      default  nobody does, this is what ecsim takes\n\
         #   derived  it follows from others    ASSUMED, NO SOURCE  nobody documents or measured it\n\
         # Running this file gives the same bytes. Files that it names are relative to it.\n",
        env!("CARGO_PKG_VERSION")
    );
    let unfounded = unfounded(experiment);
    if !unfounded.is_empty() {
        text.push_str("# Without foundation:\n");
        for path in unfounded {
            let _ = writeln!(text, "#   {path}");
        }
    }
    text.push_str(MODEL);
    for policy in policies {
        let absent = absent(&policy.plan);
        if !absent.is_empty() {
            let _ = writeln!(text, "# Never strikes{}: {}", of_policy(experiment, policy), absent);
        }
    }
    text.push('\n');
    let layout = Layout::of(experiment);
    let shared = shared_values(policies, &layout);
    let mut header = Block::Top;
    let placements: Vec<Vec<String>> =
        policies.iter().map(|policy| placement(&policy.plan)).collect();
    let is_placement_shared = placements.iter().all(|other| *other == placements[0]);
    for value in &shared {
        if value.block != header {
            if is_placement_shared && is_group(&header) && !is_group(&value.block) {
                placements[0].iter().for_each(|line| text.push_str(line));
            }
            header = value.block.clone();
            match &header {
                Block::Top => {}
                Block::Section(name) => {
                    let _ = writeln!(text, "\n[{name}]");
                }
                Block::Element(name, _) => {
                    let _ = writeln!(text, "\n[[{name}]]");
                }
            }
        }
        line(&key(&value.key), value, &mut text);
    }
    let mut sources = String::new();
    for (path, source) in shared.iter().flat_map(|value| value.sources()) {
        let _ = writeln!(sources, "{} = {}", quoted(path), quoted(&source));
    }
    if !sources.is_empty() {
        let _ = write!(text, "\n# The same for programs.\n[sources]\n{sources}");
    }
    let is_one = policies.len() == 1 && policies[0].name == experiment.name;
    for (policy, placement) in policies.iter().zip(&placements).filter(|_| !is_one) {
        let _ = write!(text, "\n[[policy]]\nname = {}\n", quoted(&policy.name));
        overlay_of(&policy.resolved, &layout, &mut text);
        if !is_placement_shared {
            placement.iter().for_each(|line| text.push_str(line));
        }
    }
    expectations(experiment, &mut text);
    text
}

/// What all policies share, in the order of the first; of what only some of them use the values
/// that are common to all, as when the trials begin.
fn shared_values<'e>(policies: &'e [Policy], layout: &Layout<'_>) -> Vec<&'e ResolvedValue> {
    let of_policy =
        |policy: &'e Policy| policy.resolved.values.iter().filter(|value| layout.is_shared(value));
    let mut shared: Vec<&ResolvedValue> = of_policy(&policies[0]).collect();
    for value in policies[1..].iter().flat_map(of_policy) {
        if shared.iter().all(|other| other.path != value.path) {
            let behind = shared.iter().rposition(|other| other.block == value.block);
            shared.insert(behind.map_or(0, |n| n + 1), value);
        }
    }
    shared
}

/// The expectations, each under the names that the policies have here.
fn expectations(experiment: &Experiment, text: &mut String) {
    for expectation in &experiment.expectations {
        let Some(name) = &expectation.policy else {
            let _ = write!(text, "\n[[expect]]\n{}", expectation.toml(None));
            continue;
        };
        for policy in experiment.called(name) {
            let _ = write!(text, "\n[[expect]]\n{}", expectation.toml(Some(&policy.name)));
        }
    }
}

/// Whether it is a section about a group.
fn is_group(header: &Block) -> bool {
    match header {
        Block::Section(name) | Block::Element(name, _) => name == "group",
        Block::Top => false,
    }
}

/// Where the nodes are and what each shard has of the whole, as comments.
fn placement(plan: &Plan) -> Vec<String> {
    const MOST: usize = 12;
    let mut lines = Vec::new();
    for group in &plan.groups {
        let shards: Vec<&Shard> =
            group.shards.clone().map(|shard| &plan.shards[usize::from(shard)]).collect();
        for shard in shards.iter().take(MOST) {
            let nodes: Vec<String> = shard
                .node_range()
                .map(|n| &plan.nodes[n])
                .map(|node| {
                    let (name, az) = (&node.name, &plan.azs[node.az.idx()].name);
                    match node.membership {
                        Membership::Member => format!("{name} {az}"),
                        Membership::Absent => format!("{name} {az} once it is added"),
                    }
                })
                .collect();
            lines.push(format!(
                "# derived: {} {}: primary {} · {} of {HASH_SLOTS} slots · {} writes/s · {}\n",
                group.id,
                shard.id,
                nodes.join(", "),
                shard.hash_slots,
                shard.writes_per_sec,
                shown_size(shard.dataset_bytes),
            ));
        }
        if shards.len() > MOST {
            let n_more = shards.len() - MOST;
            lines.push(format!("# and {n_more} more shards: `ecsim topology` shows them\n"));
        }
    }
    lines
}

/// What no value of a scenario can change.
const MODEL: &str = "\
# Assumed by the model itself, whatever the values are:
#   Lives of nodes and AZs are independent of each other, and `mttf` means an exponential law.
#   Lags of replicas are independent of each other and of the fault.
#   Writes are a steady stream; one writer without cache retries at once.
#   A replacement always finds a host in its AZ once the AZ is up.
#   A network fault cuts off single nodes, or a link of a migration; never AZs from each other.
#   Links within a group have no output buffers and never break alone: laws of lag and sync stand for them.
#   Clients remember no addresses and keep no broken connections: the law of the endpoint stands for that.
";

/// What the model assumes whatever the values are, a sentence each.
pub fn model_assumptions() -> impl Iterator<Item = &'static str> {
    MODEL.lines().filter_map(|line| line.strip_prefix("#   "))
}

/// Which random faults never strike, in words, and in which policies; no names where in all.
pub fn never_strikes(experiment: &Experiment) -> Vec<(String, Vec<&str>)> {
    let mut told: Vec<(String, Vec<&str>)> = Vec::new();
    for policy in &experiment.policies {
        let absent = absent(&policy.plan);
        match told.iter_mut().find(|(other, _)| *other == absent) {
            _ if absent.is_empty() => {}
            Some((_, names)) => names.push(&policy.name),
            None => told.push((absent, vec![&policy.name])),
        }
    }
    let n = experiment.policies.len();
    for (_, names) in &mut told {
        if names.len() == n {
            names.clear();
        }
    }
    told
}

/// Kinds of random faults that a plan does not have.
fn absent(plan: &Plan) -> String {
    let kinds = [
        ("node failures", plan.node_failures.is_empty()),
        ("AZ failures", plan.az_failures.is_empty()),
        ("group failures", plan.group_failures.is_empty()),
    ];
    let absent = kinds.iter().filter(|(_, is_absent)| *is_absent).map(|(kind, _)| *kind);
    let absent: Vec<&str> = absent.collect();
    match absent.is_empty() {
        true => String::new(),
        false => format!("random {}", absent.join(", ")),
    }
}

/// Which policy is meant, where there are several.
fn of_policy(experiment: &Experiment, policy: &Policy) -> String {
    match experiment.policies.len() {
        1 => String::new(),
        _ => format!(" in {}", policy.name),
    }
}

/// Paths that rest on nothing, over all policies.
fn unfounded(experiment: &Experiment) -> Vec<&str> {
    let mut paths: Vec<&str> = Vec::new();
    for policy in &experiment.policies {
        for assumption in policy.assumptions.iter().filter(|a| a.why.is_unfounded()) {
            if !paths.contains(&assumption.path.as_str()) {
                paths.push(&assumption.path);
            }
        }
    }
    paths
}

/// What the policies of an experiment share.
struct Layout<'e> {
    /// In how many policies a value is the same, by path, value and origins.
    n_alike: BTreeMap<(&'e str, &'e str, String), usize>,
    n_policies: usize,
    /// Arrays of tables that are written as a whole: their elements differ between policies, or one
    /// cannot be addressed by what all policies share of it.
    whole: Vec<&'e str>,
}

impl<'e> Layout<'e> {
    fn of(experiment: &'e Experiment) -> Self {
        let mut n_alike = BTreeMap::new();
        let mut elements: BTreeMap<&str, Vec<Vec<&Block>>> = BTreeMap::new();
        for (n, policy) in experiment.policies.iter().enumerate() {
            for value in &policy.resolved.values {
                *n_alike.entry(alike(value)).or_insert(0) += 1;
                if let Block::Element(name, _) = &value.block {
                    let of_policy = elements.entry(name).or_default();
                    of_policy.resize(n + 1, Vec::new());
                    if of_policy[n].last() != Some(&&value.block) {
                        of_policy[n].push(&value.block);
                    }
                }
            }
        }
        let n_policies = experiment.policies.len();
        let whole = elements
            .into_iter()
            .filter(|(_, of)| of.len() < n_policies || of.iter().any(|names| *names != of[0]))
            .map(|(name, _)| name)
            .collect();
        let mut layout = Layout { n_alike, n_policies, whole };
        let nameless = layout.nameless(&experiment.policies[0].resolved);
        layout.whole.extend(nameless);
        layout
    }

    /// Arrays with an element that policies differ in and that has no name in what they share.
    fn nameless(&self, resolved: &'e Resolved) -> BTreeSet<&'e str> {
        let mut elements: BTreeMap<(&str, &str), (bool, bool)> = BTreeMap::new();
        for value in &resolved.values {
            if let Block::Element(array, element) = &value.block
                && !self.whole.contains(&array.as_str())
            {
                let is_shared = self.is_shared(value);
                let is_name = is_shared && overlay::is_name(array, &value.key);
                let (is_alike, is_named) =
                    elements.entry((array, element)).or_insert((true, false));
                *is_alike &= is_shared;
                *is_named |= is_name;
            }
        }
        let nameless = elements.iter().filter(|(_, (is_alike, is_named))| !is_alike && !is_named);
        nameless.map(|((array, _), _)| *array).collect()
    }

    fn is_shared(&self, value: &ResolvedValue) -> bool {
        let is_in_whole = match &value.block {
            Block::Element(name, _) => self.whole.contains(&name.as_str()),
            // All policies have it in common, even where only some of them use it.
            Block::Section(name) if name == "run" => return true,
            Block::Top | Block::Section(_) => false,
        };
        !is_in_whole && self.n_alike.get(&alike(value)) == Some(&self.n_policies)
    }
}

fn alike(value: &ResolvedValue) -> (&str, &str, String) {
    (&value.path, &value.value, format!("{:?}", value.origins))
}

/// The overlay that makes the shared values those of one policy.
fn overlay_of(resolved: &Resolved, layout: &Layout<'_>, text: &mut String) {
    let own = || resolved.values.iter().filter(|value| !layout.is_shared(value));
    if own().next().is_none() {
        return;
    }
    let _ = writeln!(text, "[policy.set]");
    for value in own() {
        let is_in_whole = match &value.block {
            Block::Element(name, _) => layout.whole.contains(&name.as_str()),
            Block::Top | Block::Section(_) => false,
        };
        if !is_in_whole {
            line(&value.path, value, text);
        }
    }
    for name in &layout.whole {
        let mut values = resolved.values.iter();
        if values.any(|v| matches!(&v.block, Block::Section(section) if section == name)) {
            // In this policy it is a single table, and told above.
            continue;
        }
        let mut elements: Vec<(&Block, Vec<&ResolvedValue>)> = Vec::new();
        let is_its =
            |value: &&ResolvedValue| matches!(&value.block, Block::Element(of, _) if of == name);
        for value in resolved.values.iter().filter(is_its) {
            match elements.last_mut() {
                Some((block, before)) if **block == value.block => before.push(value),
                Some(_) | None => elements.push((&value.block, vec![value])),
            }
        }
        let _ = writeln!(text, "{name} = [");
        for (_, values) in elements {
            for value in values.iter().filter(|value| !value.origins.is_empty()) {
                let _ = writeln!(text, "  # {}: {}", value.path, value.remark());
            }
            let keys = values.iter().map(|value| format!("{} = {}", key(&value.key), value.value));
            let _ = writeln!(text, "  {{ {} }},", keys.collect::<Vec<String>>().join(", "));
        }
        text.push_str("]\n");
    }
    for (path, source) in own().flat_map(|value| value.sources()) {
        let _ = writeln!(text, "sources.{} = {}", quoted(path), quoted(&source));
    }
}

/// A value under its name, with its remark behind it if both fit, or above it; elements of a long
/// array each on a line.
fn line(name: &str, value: &ResolvedValue, text: &mut String) {
    const WIDTH: usize = 110;
    let (code, remark) = (format!("{name} = {}", value.value), value.remark());
    let length = code.chars().count();
    if length + remark.chars().count() + 4 <= WIDTH {
        let _ = writeln!(text, "{code}  # {remark}");
    } else if length <= WIDTH || value.elements.len() < 2 {
        let _ = writeln!(text, "# {remark}\n{code}");
    } else {
        let _ = writeln!(text, "# {remark}\n{name} = [");
        for element in &value.elements {
            let _ = writeln!(text, "  {element},");
        }
        let _ = writeln!(text, "]");
    }
}
