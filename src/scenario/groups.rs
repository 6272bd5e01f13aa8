//! Replication groups as a scenario writes them: engine, switches, and where every node stands.
//! What becomes of them, flat and numbered, is in `topology`.

use std::collections::BTreeSet;

use super::Origin;
use super::codes::Code;
use super::diagnostics::{Errors, Place, join};
use super::limits::{self, Given, NodeType, Wishes};
use super::reader::{Context, Item, Table};
use super::schedule::{self, Schedule};
use super::self_hosted::{self, SelfHosted};
use super::topology::{answer, answered};
use super::uses::{Need, Use, Uses};
use super::victims;
use crate::model::api::ApiError;
use crate::model::persistence::Durability;
pub(super) use crate::model::plan::Switch;
use crate::model::plan::{About, ClusterMode, HASH_SLOTS, Handover, Membership, Support};

/// A checked group.
pub(super) struct GroupDraft {
    /// `ReplicationGroupId`.
    pub id: String,
    /// Where its table stands.
    pub place: Place,
    /// Its `cluster-mode`.
    pub cluster_mode: ClusterMode,
    /// Whether a replica is promoted when the primary fails.
    pub automatic_failover: Switch,
    /// Whether the group promises placement over AZs.
    pub multi_az: Switch,
    /// Whether primaries log what they write.
    pub append_only_file: Switch,
    /// Whether a log in several AZs has its writes.
    pub durability: Durability,
    /// Engine and its version.
    pub engine: Engine,
    /// What it runs on, if the scenario says so, and where it does.
    pub node_type: Option<(String, Place)>,
    /// AZs of the shorthand in its order; empty for exact placement.
    pub azs: Vec<String>,
    /// Its shards.
    pub shards: Vec<ShardDraft>,
    /// How many hash slots each shard has, unless all have as many.
    pub slots: Option<Vec<u64>>,
    /// Its windows, and what the API says of it.
    pub schedule: Schedule,
    /// What it is as the target of a migration.
    pub target: AsTarget,
    /// What only a group has that its users run.
    pub self_hosted: Option<SelfHosted>,
}

/// A shard's nodes, the primary first.
pub(super) struct ShardDraft {
    /// `NodeGroupId`.
    pub id: String,
    /// Where the scenario says what it consists of.
    pub place: Place,
    /// Its nodes.
    pub nodes: Vec<NodeDraft>,
}

/// A node's name and place.
pub(super) struct NodeDraft {
    /// `CacheClusterId`.
    pub name: String,
    /// Its AZ.
    pub az: String,
    /// Whether it is there from the start.
    pub membership: Membership,
    /// Where the scenario names it.
    pub place: Place,
}

impl ShardDraft {
    /// Its nodes that are there from the start.
    pub fn members(&self) -> impl Iterator<Item = &NodeDraft> {
        self.nodes.iter().filter(|node| node.membership == Membership::Member)
    }
}

impl GroupDraft {
    /// What kind of machine its nodes are, if the scenario says so.
    pub fn node_kind(&self) -> Option<NodeType> {
        self.node_type.as_ref().map(|(name, _)| NodeType::of(name))
    }

    /// What handing over the role of primary costs it.
    pub fn handover(&self) -> Handover {
        limits::handover(self.engine, self.cluster_mode)
    }

    /// Whether it can have Multi-AZ.
    pub fn multi_az_support(&self) -> Support {
        match self.self_hosted {
            Some(_) => Support::Unsupported,
            None => limits::multi_az_support(self.engine, self.node_kind()),
        }
    }

    /// Whether it can have an append-only file.
    pub fn append_only_support(&self) -> Support {
        match self.self_hosted {
            Some(_) => Support::Supported,
            None => limits::append_only_support(self.engine, self.node_kind()),
        }
    }

    /// What the API says of it.
    pub fn about(&self) -> About {
        let [major, minor, patch] = self.engine.version;
        About {
            description: self.schedule.description.clone(),
            engine: match self.engine.kind {
                EngineKind::Valkey => "valkey",
                EngineKind::Redis => "redis",
            },
            engine_version: format!("{major}.{minor}.{patch}"),
            node_type: self.node_type.as_ref().map(|(name, _)| name.clone()),
            dns_label: self.schedule.dns_label.clone(),
            maintenance_window: self.schedule.maintenance.text.clone(),
            snapshot_window: self.schedule.snapshot.text.clone(),
        }
    }

    /// Gives each shard absent nodes until it has `replicas` replicas: in the AZs of `azs` in
    /// turn, or where the placement would go on. Names go on as ElastiCache numbers them.
    pub fn grow(&mut self, replicas: usize, azs: &[&str]) {
        let id = &self.id;
        let mut taken: BTreeSet<String> = self
            .shards
            .iter()
            .flat_map(|shard| &shard.nodes)
            .map(|node| node.name.clone())
            .collect();
        for (h, shard) in self.shards.iter_mut().enumerate() {
            let stem = match (shard.nodes[0].name.rsplit_once('-'), self.cluster_mode) {
                (Some((stem, number)), _) if number.parse::<u16>().is_ok() => stem.to_owned(),
                (_, ClusterMode::Disabled) => id.clone(),
                (_, ClusterMode::Enabled) => format!("{id}-{}", shard.id),
            };
            let n_members = shard.members().count();
            let mut number = shard.nodes.len();
            for n in 0..(replicas + 1).saturating_sub(shard.nodes.len()) {
                let slot = shard.nodes.len();
                let az = match (azs.get(n % azs.len().max(1)), self.azs.is_empty()) {
                    (Some(az), _) => (*az).to_owned(),
                    (None, false) => self.azs[(h + slot) % self.azs.len()].clone(),
                    (None, true) => shard.nodes[slot % n_members].az.clone(),
                };
                let name = loop {
                    number += 1;
                    let name = format!("{stem}-{number:03}");
                    if taken.insert(name.clone()) {
                        break name;
                    }
                };
                let place = shard.place.clone();
                shard.nodes.push(NodeDraft { name, az, membership: Membership::Absent, place });
            }
        }
    }
}

/// Engine and its version as numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Engine {
    /// Which of the two.
    pub kind: EngineKind,
    /// Major, minor, patch.
    pub version: [u32; 3],
}

/// The engines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum EngineKind {
    /// Valkey.
    Valkey,
    /// Redis OSS.
    Redis,
}

/// ElastiCache allows 1 primary and up to 5 replicas per shard (user guide, replication limits).
const MAX_REPLICAS: u64 = 5;
/// Replicas per shard of a self-hosted group: more are surely a slip.
const MOST_OWN_REPLICAS: u64 = 250;
/// Nodes per group with cluster mode enabled (user guide, quotas).
pub(super) const MAX_NODES: usize = 500;
/// No group spans more AZs; the largest regions have six.
const MAX_AZS: usize = 100;

/// Reads one group; `None` if its nodes cannot be told.
pub(super) fn read(item: &Item<'_>, uses: &mut Uses, cx: &mut Context<'_>) -> Option<GroupDraft> {
    let hint = r#"write [group], or [[group]] for several"#;
    let table = item.table(&mut cx.errors, hint)?;
    match table.peek("self-hosted") {
        Some(own) => {
            let n_before = cx.errors.count();
            let draft = of_users(table, &own, uses, cx);
            cx.errors.forgive_answers_since(n_before);
            draft
        }
        None => of_elasticache(table, uses, cx),
    }
}

/// What every group has, beside its nodes.
struct Basics<'a> {
    id: Option<String>,
    engine: Option<Engine>,
    engine_item: Option<Item<'a>>,
    cluster_mode: Option<ClusterMode>,
    mode_item: Option<Item<'a>>,
}

/// Reads what every group has; `why` it is without cluster mode unless it asks for it.
fn basics<'a>(table: &mut Table<'a>, why: &'static str, cx: &mut Context<'_>) -> Basics<'a> {
    let hint = r#"name the group, as in id = "redis1x3""#;
    let id =
        answered(ApiError::MissingParameter, cx, |cx| table.require("id", &mut cx.errors, hint));
    let id = id.and_then(|id| answered(WRONG, cx, |cx| name(&id, cx)));
    let (engine, engine_item) = answered(WRONG, cx, |cx| engine(table, cx));
    let modes = [("disabled", ClusterMode::Disabled), ("enabled", ClusterMode::Enabled)];
    let mode_item = table.get("cluster-mode");
    let cluster_mode = match &mode_item {
        Some(item) => answered(WRONG, cx, |cx| item.choice(&mut cx.errors, &modes)),
        None => {
            assume(table, "cluster-mode", "\"disabled\"", why, cx);
            Some(ClusterMode::Disabled)
        }
    };
    Basics { id, engine, engine_item, cluster_mode, mode_item }
}

/// Reads a group that ElastiCache runs.
fn of_elasticache(
    mut table: Table<'_>,
    uses: &mut Uses,
    cx: &mut Context<'_>,
) -> Option<GroupDraft> {
    let place = table.place.clone();
    let Basics { id, engine, engine_item, cluster_mode, mode_item } =
        basics(&mut table, API_DEFAULT, cx);
    let node_type_item = table.get("node-type");
    let node_type =
        node_type_item.as_ref().and_then(|item| answered(WRONG, cx, |cx| node_type(item, cx)));
    let append_only = switch(&mut table, "append-only-file", cx);
    if matches!(append_only, Given::Absent) {
        assume(&table, "append-only-file", "false", API_DEFAULT, cx);
    }
    let (level, durability) = durability(&mut table, cx);
    let wishes = Wishes {
        automatic_failover: switch(&mut table, "automatic-failover", cx),
        multi_az: switch(&mut table, "multi-az", cx),
        append_only,
        durability,
        cluster_mode,
        engine,
        engine_place: engine_item.map(|item| item.place),
        mode_place: mode_item.map(|item| item.place),
        node_type: node_type.as_ref().map(|(_, kind)| *kind),
        node_type_place: node_type_item.as_ref().map(|item| item.place.clone()),
        second_region: uses.of_need(Need::SecondRegion),
        place: place.clone(),
    };
    let placement = placement(&mut table, MAX_REPLICAS, cx);
    let schedule = schedule::read(&mut table, id.as_deref(), uses, cx);
    let is_target = uses.of_target(id.as_deref().unwrap_or_default());
    let target = of_target(&mut table, is_target, cx);
    let slots = slots(&mut table, placement.as_ref(), cx);
    // It would make the group another one.
    table.allow(&["self-hosted"]);
    table.finish(&mut cx.errors, &[]);
    let (id, cluster_mode) = (id?, cluster_mode?);
    let (azs, shards) = placement?.named(&id, cluster_mode);
    let (automatic_failover, multi_az) = limits::check(&wishes, &shards, cx);
    let engine = engine.unwrap_or(EngineKind::Valkey.usual());
    limits::check_snapshotting_node(&schedule, cluster_mode, &shards, cx);
    let node_type = node_type.map(|(name, _)| name).zip(wishes.node_type_place);
    Some(GroupDraft {
        id,
        place,
        cluster_mode,
        automatic_failover,
        multi_az,
        append_only_file: Switch::from(wishes.append_only.on().is_some()),
        durability: level,
        engine,
        node_type,
        azs,
        shards,
        slots,
        schedule,
        target,
        self_hosted: None,
    })
}

/// Reads a group that its users run, of which `own` says what only such a group has.
fn of_users(
    mut table: Table<'_>,
    own: &Item<'_>,
    uses: &Uses,
    cx: &mut Context<'_>,
) -> Option<GroupDraft> {
    let place = table.place.clone();
    let Basics { id, engine, engine_item, cluster_mode, .. } =
        basics(&mut table, "as redis.conf has it", cx);
    let append_only = switch(&mut table, "append-only-file", cx);
    if matches!(append_only, Given::Absent) {
        assume(&table, "append-only-file", "false", "as redis.conf has it", cx);
    }
    let placement = placement(&mut table, MOST_OWN_REPLICAS, cx);
    let slots = slots(&mut table, placement.as_ref(), cx);
    self_hosted::refuse_keys(&mut table, cx);
    table.allow(&["self-hosted"]);
    table.finish(&mut cx.errors, &[]);
    let (id, cluster_mode) = (id?, cluster_mode?);
    let (azs, shards) = placement?.named(&id, cluster_mode);
    if cluster_mode == ClusterMode::Disabled && shards.len() > 1 {
        let message = format!("has {} shards with cluster mode disabled", shards.len());
        let hint = r#"without it there is one primary: write cluster-mode = "enabled""#;
        cx.errors.report(Code::SeveralShards, &place, message).hint(hint);
    }
    let engine = engine.unwrap_or(EngineKind::Valkey.usual());
    let engine_place = engine_item.map_or(place.clone(), |item| item.place);
    let about = (cluster_mode, engine, &engine_place);
    let own = self_hosted::read(own, about, (&shards, uses.of_source(&id)), cx)?;
    let can_promote = own.detector.is_some() && shards.iter().any(|shard| shard.nodes.len() > 1);
    let schedule = schedule::of_self_hosted(&id);
    Some(GroupDraft {
        id,
        place,
        cluster_mode,
        automatic_failover: Switch::from(can_promote),
        multi_az: Switch::Off,
        append_only_file: Switch::from(append_only.on().is_some()),
        durability: Durability::Disabled,
        engine,
        node_type: None,
        azs,
        shards,
        slots,
        schedule,
        target: AsTarget::USUAL,
        self_hosted: Some(own),
    })
}

/// What matters where data is migrated into a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct AsTarget {
    /// `TransitEncryptionEnabled`.
    pub transit_encryption: Switch,
    /// The parameter `databases`.
    pub databases: u32,
}

impl AsTarget {
    /// What a group is unless it says otherwise.
    const USUAL: AsTarget = AsTarget { transit_encryption: Switch::Off, databases: 16 };
}

/// The most databases of a group (user guide, parameter groups).
pub(super) const MOST_DATABASES: u64 = 1_200_000;

/// Reads what matters in the target of a migration.
fn of_target(table: &mut Table<'_>, used: Use, cx: &mut Context<'_>) -> AsTarget {
    let unused = |item: &Item<'_>, cx: &mut Context<'_>| {
        if used == Use::Unused {
            let message = "no data is migrated into the group";
            let hint = "it matters in the target of [migration] only: leave it out";
            cx.errors.report(Code::WithoutEffect, &item.place, message).hint(hint);
        }
    };
    let mut target = AsTarget::USUAL;
    match table.get("transit-encryption") {
        Some(item) => {
            unused(&item, cx);
            let position = item.boolean(&mut cx.errors).map(Switch::from);
            target.transit_encryption = position.unwrap_or(target.transit_encryption);
        }
        None if used == Use::Used => assume(table, "transit-encryption", "false", API_DEFAULT, cx),
        None => {}
    }
    match table.get("databases") {
        Some(item) => {
            unused(&item, cx);
            let count = answered(WRONG, cx, |cx| item.count(&mut cx.errors, 1..=MOST_DATABASES));
            target.databases = count.map_or(target.databases, |count| count as u32);
        }
        None if used == Use::Used => {
            assume(table, "databases", "16", "as the parameter groups have it", cx);
        }
        None => {}
    }
    target
}

/// How many hash slots each shard has, where the scenario says it.
fn slots(
    table: &mut Table<'_>,
    placement: Option<&Placement>,
    cx: &mut Context<'_>,
) -> Option<Vec<u64>> {
    const HINT: &str = "how many of the 16384 each shard has, one after the other, as in slots = \
                        [8192, 8192]";
    const ALL: u64 = HASH_SLOTS as u64;
    let item = table.get("slots")?;
    let items = item.array(&mut cx.errors, "an array of numbers of hash slots", HINT)?;
    let sizes: Option<Vec<u64>> =
        items.iter().map(|item| item.count(&mut cx.errors, 1..=ALL)).collect();
    let (sizes, placement) = (sizes?, placement?);
    let n_shards = placement.n_shards();
    let sum: u64 = sizes.iter().sum();
    let message = match sizes.len() == n_shards {
        false => format!("names {} shards of {n_shards}", sizes.len()),
        true if sum != ALL => format!("sums to {sum}, not to {ALL}"),
        true => return Some(sizes),
    };
    cx.errors.report(Code::SlotLayout, &item.place, message).hint(HINT).hint(answer(WRONG));
    None
}

/// What the API says to a value that no group has.
const WRONG: ApiError = ApiError::InvalidParameterValue;

/// Why a group is as it is unless it is asked for something else.
const API_DEFAULT: &str = "as CreateReplicationGroup has it";

/// Notes the default of a key of the group.
fn assume(table: &Table<'_>, key: &str, value: &str, source: &'static str, cx: &mut Context<'_>) {
    cx.assume(&join(&table.place.path, key), value, Origin::convention(source));
}

/// The level of durability, and whether one is asked for.
fn durability<'a>(table: &mut Table<'a>, cx: &mut Context<'_>) -> (Durability, Given<'a>) {
    let levels = [
        ("disabled", Durability::Disabled),
        ("async", Durability::Async),
        ("sync", Durability::Sync),
    ];
    let Some(item) = table.get("durability") else {
        assume(table, "durability", "\"disabled\"", API_DEFAULT, cx);
        return (Durability::Disabled, Given::Absent);
    };
    match answered(WRONG, cx, |cx| item.choice(&mut cx.errors, &levels)) {
        None => (Durability::Disabled, Given::Broken),
        Some(Durability::Disabled) => (Durability::Disabled, Given::Set(Switch::Off, item)),
        Some(level) => (level, Given::Set(Switch::On, item)),
    }
}

fn switch<'a>(table: &mut Table<'a>, key: &'static str, cx: &mut Context<'_>) -> Given<'a> {
    match table.get(key) {
        None => Given::Absent,
        Some(item) => match item.boolean(&mut cx.errors) {
            Some(on) => Given::Set(Switch::from(on), item),
            None => Given::Broken,
        },
    }
}

impl EngineKind {
    /// What a group runs on unless it names a version: Redis OSS ends with 7.1 on ElastiCache.
    fn usual(self) -> Engine {
        let version = match self {
            EngineKind::Valkey => [8, 0, 0],
            EngineKind::Redis => [7, 1, 0],
        };
        Engine { kind: self, version }
    }
}

/// The engine, and the item that gives its version.
fn engine<'a>(table: &mut Table<'a>, cx: &mut Context<'_>) -> (Option<Engine>, Option<Item<'a>>) {
    let kinds = [("valkey", EngineKind::Valkey), ("redis", EngineKind::Redis)];
    let kind = match table.get("engine") {
        Some(item) => item.choice(&mut cx.errors, &kinds),
        None => {
            assume(table, "engine", "\"valkey\"", "the engine that the console recommends", cx);
            Some(EngineKind::Valkey)
        }
    };
    let Some(item) = table.get("engine-version") else {
        let usual = kind.map(EngineKind::usual);
        if let Some(Engine { version: [major, minor, _], .. }) = usual {
            let version = format!("\"{major}.{minor}\"");
            assume(table, "engine-version", &version, "a recent version of the engine", cx);
        }
        return (usual, None);
    };
    let hint = r#"write it as text, as in engine-version = "8.0""#;
    if !item.is_text() {
        item.expected(&mut cx.errors, "a version", hint);
        return (None, None);
    }
    let version = item.text(&mut cx.errors, "a version").and_then(version);
    if version.is_none() {
        let hint = r#"write major and minor version, as in engine-version = "8.0""#;
        cx.errors.report(Code::NotAVersion, &item.place, "is not a version").hint(hint);
    }
    let engine = kind.zip(version).map(|(kind, version)| Engine { kind, version });
    (engine, Some(item))
}

/// Reads "8.0" or "2.8.21".
fn version(text: &str) -> Option<[u32; 3]> {
    let mut parts = text.split('.').map(|part| part.parse::<u32>().ok());
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(Some(major)), Some(Some(minor)), None, None) => Some([major, minor, 0]),
        (Some(Some(major)), Some(Some(minor)), Some(Some(patch)), None) => {
            Some([major, minor, patch])
        }
        _ => None,
    }
}

fn node_type(item: &Item<'_>, cx: &mut Context<'_>) -> Option<(String, NodeType)> {
    let text = item.text(&mut cx.errors, "a node type")?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    if text.strip_prefix("cache.").is_none_or(str::is_empty) || !text.chars().all(is_plain) {
        let hint = r#"node types begin with "cache.", as in "cache.r7g.large""#;
        cx.errors.report(Code::NotANodeType, &item.place, "is not a node type").hint(hint);
        return None;
    }
    Some((text.to_owned(), NodeType::of(text)))
}

/// A name in the style of AWS identifiers.
pub(super) fn name(item: &Item<'_>, cx: &mut Context<'_>) -> Option<String> {
    const LONGEST: usize = 63;
    let text = item.text(&mut cx.errors, "a name")?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if text.is_empty() || text.len() > LONGEST || !text.chars().all(is_plain) {
        let hint = "ASCII letters, digits, `-` and `_`, at most 63 of them";
        cx.errors.report(Code::NotAName, &item.place, "is not a name").hint(hint);
        return None;
    }
    Some(text.to_owned())
}

/// A name of what a fault can leave to chance: a node, an AZ or a shard.
pub(super) fn name_of_one(item: &Item<'_>, cx: &mut Context<'_>) -> Option<String> {
    let name = name(item, cx)?;
    if name == victims::ANY {
        let hint = "faults call so what they leave to chance: choose another name";
        cx.errors.report(Code::NotAName, &item.place, "is a word of faults").hint(hint);
        return None;
    }
    Some(name)
}

/// Where the nodes are, before they have names.
enum Placement {
    /// The primary of shard h in `azs[h]`, its replicas in the following AZs; the place is that of
    /// `replicas`.
    Shorthand { azs: Vec<String>, shards: u64, replicas: u64, place: Place },
    /// Every node by name.
    Exact(Vec<ShardDraft>),
}

/// Where the nodes are; a shard has at most `most` replicas.
fn placement(table: &mut Table<'_>, most: u64, cx: &mut Context<'_>) -> Option<Placement> {
    let place = table.place.clone();
    let (azs, shards) = (table.get("azs"), table.get("shards"));
    let (replicas, exact) = (table.get("replicas"), table.get("shard"));
    if let Some(exact) = exact {
        let shorthand = [("azs", &azs), ("shards", &shards), ("replicas", &replicas)];
        let both = shorthand.iter().find_map(|(key, item)| item.as_ref().map(|item| (key, item)));
        if let Some((key, item)) = both {
            let hint = "give `azs`, `shards` and `replicas`, or every [[group.shard]]";
            let message = format!("`{key}` and `shard` exclude each other");
            let diagnostic = cx.errors.report(Code::Exclusive, &item.place, message).hint(hint);
            diagnostic.relate(&exact.place.at, "every node is named here");
        }
        return exact_shards(&exact, most, cx).map(Placement::Exact);
    }
    let shards = match shards {
        Some(item) => shard_count(&item, cx),
        None => {
            let why = if most == MAX_REPLICAS { API_DEFAULT } else { "one primary" };
            assume(table, "shards", "1", why, cx);
            Some(1)
        }
    };
    let replicas_place = replicas.as_ref().map_or(place.clone(), |item| item.place.clone());
    let replicas = match replicas {
        Some(item) => answered(WRONG, cx, |cx| item.count(&mut cx.errors, 0..=most)),
        None => {
            let hint = format!("say how many each shard has, 0 to {most}, as in replicas = 2");
            cx.errors.missing(&place, "replicas").hint(hint);
            None
        }
    };
    let azs = match azs {
        Some(item) => az_list(&item, cx),
        None => {
            let hint = r#"list AZs, as in azs = ["us-west-2a", "us-west-2b"]"#;
            cx.errors.missing(&place, "azs").hint(hint);
            None
        }
    };
    let (azs, shards, replicas) = (azs?, shards?, replicas?);
    Some(Placement::Shorthand { azs, shards, replicas, place: replicas_place })
}

/// The number of shards of the shorthand.
fn shard_count(item: &Item<'_>, cx: &mut Context<'_>) -> Option<u64> {
    const MOST: u64 = MAX_NODES as u64;
    let is_above = item.count(&mut Errors::default(), MOST + 1..=u64::MAX).is_some();
    let error = match is_above {
        true => ApiError::NodeGroupsPerReplicationGroupQuotaExceeded,
        false => WRONG,
    };
    answered(error, cx, |cx| item.count(&mut cx.errors, 1..=MOST))
}

fn az_list(item: &Item<'_>, cx: &mut Context<'_>) -> Option<Vec<String>> {
    let hint = r#"write azs = ["us-west-2a", "us-west-2b"]"#;
    let items = item.array(&mut cx.errors, "an array of AZ names", hint)?;
    if items.is_empty() {
        cx.errors.report(Code::Empty, &item.place, "names no AZ").hint(hint);
        return None;
    }
    if items.len() > MAX_AZS {
        let message = format!("names {} AZs", items.len());
        cx.errors
            .report(Code::TooMany, &item.place, message)
            .hint(format!("at most {MAX_AZS} are possible"));
        return None;
    }
    let mut azs: Vec<String> = Vec::new();
    let mut n_bad = 0;
    for item in &items {
        match answered(WRONG, cx, |cx| name_of_one(item, cx)) {
            Some(az) if azs.contains(&az) => {
                let hint = "shards walk through the list and begin again at its end";
                cx.errors.report(Code::NotUnique, &item.place, "is in the list already").hint(hint);
            }
            Some(az) => azs.push(az),
            None => n_bad += 1,
        }
    }
    (n_bad == 0).then_some(azs)
}

fn exact_shards(item: &Item<'_>, most: u64, cx: &mut Context<'_>) -> Option<Vec<ShardDraft>> {
    let items = item.elements(&mut cx.errors, "write [[group.shard]]")?;
    if items.is_empty() {
        cx.errors.report(Code::Empty, &item.place, "holds no shard").hint("write [[group.shard]]");
        return None;
    }
    if items.len() > MAX_NODES {
        let message = format!("holds {} shards", items.len());
        cx.errors
            .report(Code::TooMany, &item.place, message)
            .hint("a group has at most 500 shards")
            .hint(answer(ApiError::NodeGroupsPerReplicationGroupQuotaExceeded));
        return None;
    }
    let mut shards: Vec<ShardDraft> = Vec::new();
    let mut is_complete = true;
    for (n, item) in items.iter().enumerate() {
        let Some((shard, place)) = exact_shard(item, (n, most), cx) else {
            is_complete = false;
            continue;
        };
        if shards.iter().any(|other| other.id == shard.id) {
            let message = format!("another shard has the id `{}`", shard.id);
            let told = cx.errors.report(Code::NotUnique, &place, message);
            told.hint("give it another id").hint(answer(WRONG));
        }
        shards.push(shard);
    }
    is_complete.then_some(shards)
}

/// The n-th shard, from 0, of an exact placement, and where its id stands; it has at most `most`
/// replicas.
fn exact_shard(
    item: &Item<'_>,
    (n, most): (usize, u64),
    cx: &mut Context<'_>,
) -> Option<(ShardDraft, Place)> {
    let mut table = item.table(&mut cx.errors, "write [[group.shard]]")?;
    let table_place = table.place.clone();
    let mut place = table_place.clone();
    let id = match table.get("id") {
        Some(item) => {
            place = item.place.clone();
            name_of_one(&item, cx)
        }
        None => Some(shard_id(n)),
    };
    let hint = r#"as in primary = { node = "redis1x3-001", az = "us-west-2c" }"#;
    let primary = table.require("primary", &mut cx.errors, hint);
    let primary = primary.and_then(|item| exact_node(&item, cx));
    let hint = r#"as in replicas = [{ node = "redis1x3-002", az = "us-west-2a" }]"#;
    let replicas = match table.get("replicas") {
        Some(item) => item.array(&mut cx.errors, "an array of nodes", hint).map(|items| {
            if items.len() as u64 > most {
                let message = format!("holds {} replicas", items.len());
                cx.errors
                    .report(Code::TooMany, &item.place, message)
                    .hint(match most {
                        MAX_REPLICAS => "a shard has at most 5 replicas (user guide, quotas)",
                        _ => "a self-hosted shard has at most 250 replicas here",
                    })
                    .hint(answer(WRONG));
            }
            items.iter().map(|item| exact_node(item, cx)).collect::<Vec<_>>()
        }),
        None => Some(Vec::new()),
    };
    table.finish(&mut cx.errors, &[]);
    let mut nodes = vec![primary?];
    for replica in replicas? {
        nodes.push(replica?);
    }
    Some((ShardDraft { id: id?, place: table_place, nodes }, place))
}

fn exact_node(item: &Item<'_>, cx: &mut Context<'_>) -> Option<NodeDraft> {
    let hint = r#"as in { node = "redis1x3-001", az = "us-west-2c" }"#;
    let mut table = item.table(&mut cx.errors, hint)?;
    let node = table.require("node", &mut cx.errors, hint);
    let place = node.as_ref().map(|node| node.place.clone());
    let node = node.and_then(|node| name_of_one(&node, cx));
    let az = table.require("az", &mut cx.errors, hint);
    let az = az.and_then(|az| name_of_one(&az, cx));
    table.finish(&mut cx.errors, &[]);
    Some(NodeDraft { name: node?, az: az?, membership: Membership::Member, place: place? })
}

/// "0001" for the first shard.
pub(super) fn shard_id(n: usize) -> String {
    format!("{:04}", n + 1)
}

impl Placement {
    /// The number of shards.
    fn n_shards(&self) -> usize {
        match self {
            Placement::Shorthand { shards, .. } => *shards as usize,
            Placement::Exact(shards) => shards.len(),
        }
    }

    /// The AZs of the shorthand, and all shards with named nodes: `<id>-001`, or
    /// `<id>-0001-001` with cluster mode enabled, as ElastiCache names them.
    fn named(self, id: &str, cluster_mode: ClusterMode) -> (Vec<String>, Vec<ShardDraft>) {
        let (azs, n_shards, replicas, place) = match self {
            Placement::Exact(shards) => return (Vec::new(), shards),
            Placement::Shorthand { azs, shards, replicas, place } => {
                (azs, shards as usize, replicas as usize, place)
            }
        };
        let shard = |h: usize| {
            let node = |slot: usize| {
                let name = match cluster_mode {
                    ClusterMode::Disabled if n_shards == 1 => format!("{id}-{:03}", slot + 1),
                    ClusterMode::Disabled | ClusterMode::Enabled => {
                        format!("{id}-{}-{:03}", shard_id(h), slot + 1)
                    }
                };
                let az = azs[(h + slot) % azs.len()].clone();
                NodeDraft { name, az, membership: Membership::Member, place: place.clone() }
            };
            ShardDraft {
                id: shard_id(h),
                place: place.clone(),
                nodes: (0..=replicas).map(node).collect(),
            }
        };
        let shards = (0..n_shards).map(shard).collect();
        (azs, shards)
    }
}
