//! Replication groups as a scenario writes them: engine, switches, and where every node stands.
//! What becomes of them, flat and numbered, is in `topology`.

use super::diagnostics::{Place, excerpt, join};
use super::reader::{Context, Item, Table, not_in_this_version};
use crate::model::plan::ClusterMode;
use crate::scenario::{Confidence, Origin};

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
    /// Engine and its version.
    pub engine: Engine,
    /// AZs of the shorthand in its order; empty for exact placement.
    pub azs: Vec<String>,
    /// Its shards.
    pub shards: Vec<ShardDraft>,
}

/// A shard's nodes, the primary first.
pub(super) struct ShardDraft {
    /// `NodeGroupId`.
    pub id: String,
    /// Its nodes.
    pub nodes: Vec<NodeDraft>,
}

/// A node's name and place.
pub(super) struct NodeDraft {
    /// `CacheClusterId`.
    pub name: String,
    /// Its AZ.
    pub az: String,
    /// Where the scenario names it.
    pub place: Place,
}

/// A switch of the AWS API.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

impl From<bool> for Switch {
    fn from(on: bool) -> Self {
        if on { Switch::On } else { Switch::Off }
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
/// Nodes per group with cluster mode enabled; 250 below Redis OSS 5.0.6 (user guide, quotas).
const MAX_NODES: usize = 500;
/// The same for older engines.
const MAX_NODES_BEFORE_5_0_6: usize = 250;
/// No group spans more AZs; the largest regions have six.
const MAX_AZS: usize = 100;

/// Reads one group; `None` if its nodes cannot be told.
pub(super) fn read(item: &Item<'_>, cx: &mut Context<'_>) -> Option<GroupDraft> {
    let hint = r#"write [group], or [[group]] for several"#;
    let mut table = item.table(&mut cx.errors, hint)?;
    let place = table.place.clone();
    let id = table.require("id", &mut cx.errors, r#"name the group, as in id = "redis1x3""#);
    let id = id.and_then(|id| name(&id, cx));
    let engine = engine(&mut table, cx);
    let node_type = node_type(&mut table, cx);
    let modes = [("disabled", ClusterMode::Disabled), ("enabled", ClusterMode::Enabled)];
    let cluster_mode = match table.get("cluster-mode") {
        Some(item) => item.choice(&mut cx.errors, &modes),
        None => Some(ClusterMode::Disabled),
    };
    not_modelled(&mut table, cx);
    let switches = Switches {
        automatic_failover: switch(&mut table, "automatic-failover", cx),
        multi_az: switch(&mut table, "multi-az", cx),
    };
    let placement = placement(&mut table, cx);
    table.finish(&mut cx.errors, &[]);
    let (id, cluster_mode) = (id?, cluster_mode?);
    let (azs, shards) = placement?.named(&id, cluster_mode);
    check_size(&shards, cluster_mode, engine, &place, cx);
    let (automatic_failover, multi_az) =
        switches.checked(&shards, (cluster_mode, engine, node_type), &place, cx);
    let engine = engine.unwrap_or(EngineKind::Valkey.newest());
    Some(GroupDraft { id, place, cluster_mode, automatic_failover, multi_az, engine, azs, shards })
}

impl EngineKind {
    /// What a group runs on unless it names a version: Redis OSS ends with 7.1 on ElastiCache.
    fn newest(self) -> Engine {
        let version = match self {
            EngineKind::Valkey => [8, 0, 0],
            EngineKind::Redis => [7, 1, 0],
        };
        Engine { kind: self, version }
    }
}

fn engine(table: &mut Table<'_>, cx: &mut Context<'_>) -> Option<Engine> {
    let kinds = [("valkey", EngineKind::Valkey), ("redis", EngineKind::Redis)];
    let kind = match table.get("engine") {
        Some(item) => item.choice(&mut cx.errors, &kinds),
        None => Some(EngineKind::Valkey),
    };
    let Some(item) = table.get("engine-version") else {
        return kind.map(EngineKind::newest);
    };
    let hint = r#"write it as text, as in engine-version = "8.0""#;
    if !item.is_text() {
        item.expected(&mut cx.errors, "a version", hint);
        return None;
    }
    let text = item.text(&mut cx.errors, "a version")?;
    let mut parts = text.split('.').map(|part| part.parse::<u32>().ok());
    let version = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(Some(major)), Some(Some(minor)), None, None) => Some([major, minor, 0]),
        (Some(Some(major)), Some(Some(minor)), Some(Some(patch)), None) => {
            Some([major, minor, patch])
        }
        _ => None,
    };
    if version.is_none() {
        cx.errors.report(&item.place, "is not a version").hint(hint);
    }
    Some(Engine { kind: kind?, version: version? })
}

/// What kind of machine the nodes are, as far as limits depend on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum NodeType {
    /// `cache.t1.*`
    T1,
    /// Any other.
    Other,
}

fn node_type(table: &mut Table<'_>, cx: &mut Context<'_>) -> Option<NodeType> {
    let Some(item) = table.get("node-type") else {
        return Some(NodeType::Other);
    };
    let text = item.text(&mut cx.errors, "a node type")?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
    if text.strip_prefix("cache.").is_none_or(str::is_empty) || !text.chars().all(is_plain) {
        let hint = r#"node types begin with "cache.", as in "cache.r7g.large""#;
        cx.errors.report(&item.place, "is not a node type").hint(hint);
        return None;
    }
    Some(if text.starts_with("cache.t1.") { NodeType::T1 } else { NodeType::Other })
}

/// Keys of the format whose other values come with a later version.
fn not_modelled(table: &mut Table<'_>, cx: &mut Context<'_>) {
    if let Some(item) = table.get("append-only-file")
        && item.boolean(&mut cx.errors) == Some(true)
    {
        let hint = "write append-only-file = false; Multi-AZ excludes it anyway (MZ-58)";
        not_in_this_version(&mut cx.errors, &item.place).hint(hint);
    }
    if let Some(item) = table.get("durability") {
        let levels = [("disabled", Switch::Off), ("async", Switch::On), ("sync", Switch::On)];
        if item.choice(&mut cx.errors, &levels) == Some(Switch::On) {
            let hint = r#"write durability = "disabled""#;
            not_in_this_version(&mut cx.errors, &item.place).hint(hint);
        }
    }
}

/// A name in the style of AWS identifiers.
pub(super) fn name(item: &Item<'_>, cx: &mut Context<'_>) -> Option<String> {
    const LONGEST: usize = 63;
    let text = item.text(&mut cx.errors, "a name")?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if text.is_empty() || text.len() > LONGEST || !text.chars().all(is_plain) {
        let hint = "letters, digits, `-` and `_`, at most 63 of them";
        cx.errors.report(&item.place, "is not a name").hint(hint);
        return None;
    }
    Some(text.to_owned())
}

/// Where the nodes are, before they have names.
enum Placement {
    /// The primary of shard h in `azs[h]`, its replicas in the following AZs.
    Shorthand { azs: Vec<String>, shards: u64, replicas: u64, place: Place },
    /// Every node by name.
    Exact(Vec<ShardDraft>),
}

fn placement(table: &mut Table<'_>, cx: &mut Context<'_>) -> Option<Placement> {
    let place = table.place.clone();
    let (azs, shards) = (table.get("azs"), table.get("shards"));
    let (replicas, exact) = (table.get("replicas"), table.get("shard"));
    if let Some(exact) = exact {
        let shorthand = [("azs", &azs), ("shards", &shards), ("replicas", &replicas)];
        let both = shorthand.iter().find_map(|(key, item)| item.as_ref().map(|item| (key, item)));
        if let Some((key, item)) = both {
            let hint = "give `azs`, `shards` and `replicas`, or every [[group.shard]]";
            let message = format!("`{key}` and `shard` exclude each other");
            cx.errors.report(&item.place, message).hint(hint);
        }
        return exact_shards(&exact, cx).map(Placement::Exact);
    }
    let shards = match shards {
        Some(item) => item.count(&mut cx.errors, 1..=MAX_NODES as u64),
        None => Some(1),
    };
    let replicas = match replicas {
        Some(item) => item.count(&mut cx.errors, 0..=MAX_REPLICAS),
        None => {
            let hint = "say how many each shard has, 0 to 5, as in replicas = 2";
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
    Some(Placement::Shorthand { azs, shards, replicas, place })
}

fn az_list(item: &Item<'_>, cx: &mut Context<'_>) -> Option<Vec<String>> {
    let hint = r#"write azs = ["us-west-2a", "us-west-2b"]"#;
    let items = item.array(&mut cx.errors, "an array of AZ names", hint)?;
    if items.is_empty() {
        cx.errors.report(&item.place, "names no AZ").hint(hint);
        return None;
    }
    if items.len() > MAX_AZS {
        let message = format!("names {} AZs", items.len());
        cx.errors.report(&item.place, message).hint(format!("at most {MAX_AZS} are possible"));
        return None;
    }
    let mut azs: Vec<String> = Vec::new();
    let mut n_bad = 0;
    for item in &items {
        match name(item, cx) {
            Some(az) if azs.contains(&az) => {
                let hint = "shards walk through the list and begin again at its end";
                cx.errors.report(&item.place, "is in the list already").hint(hint);
            }
            Some(az) => azs.push(az),
            None => n_bad += 1,
        }
    }
    (n_bad == 0).then_some(azs)
}

fn exact_shards(item: &Item<'_>, cx: &mut Context<'_>) -> Option<Vec<ShardDraft>> {
    let items = item.array(&mut cx.errors, "an array of tables", "write [[group.shard]]")?;
    if items.is_empty() {
        cx.errors.report(&item.place, "holds no shard");
        return None;
    }
    if items.len() > MAX_NODES {
        let message = format!("holds {} shards", items.len());
        cx.errors.report(&item.place, message).hint("a group has at most 500 shards");
        return None;
    }
    let mut shards: Vec<ShardDraft> = Vec::new();
    let mut is_complete = true;
    for (n, item) in items.iter().enumerate() {
        let Some((shard, place)) = exact_shard(item, n, cx) else {
            is_complete = false;
            continue;
        };
        if shards.iter().any(|other| other.id == shard.id) {
            let message = format!("another shard has the id `{}`", shard.id);
            cx.errors.report(&place, message);
        }
        shards.push(shard);
    }
    is_complete.then_some(shards)
}

/// The n-th shard, from 0, of an exact placement, and where its id stands.
fn exact_shard(item: &Item<'_>, n: usize, cx: &mut Context<'_>) -> Option<(ShardDraft, Place)> {
    let mut table = item.table(&mut cx.errors, "write [[group.shard]]")?;
    let mut place = table.place.clone();
    let id = match table.get("id") {
        Some(item) => {
            place = item.place.clone();
            name(&item, cx)
        }
        None => Some(shard_id(n)),
    };
    let hint = r#"as in primary = { node = "redis1x3-001", az = "us-west-2c" }"#;
    let primary = table.require("primary", &mut cx.errors, hint);
    let primary = primary.and_then(|item| exact_node(&item, cx));
    let hint = r#"as in replicas = [{ node = "redis1x3-002", az = "us-west-2a" }]"#;
    let replicas = match table.get("replicas") {
        Some(item) => item.array(&mut cx.errors, "an array of nodes", hint).map(|items| {
            if items.len() as u64 > MAX_REPLICAS {
                let message = format!("holds {} replicas", items.len());
                cx.errors.report(&item.place, message).hint("a shard has at most 5 replicas");
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
    Some((ShardDraft { id: id?, nodes }, place))
}

fn exact_node(item: &Item<'_>, cx: &mut Context<'_>) -> Option<NodeDraft> {
    let hint = r#"as in { node = "redis1x3-001", az = "us-west-2c" }"#;
    let mut table = item.table(&mut cx.errors, hint)?;
    let node = table.require("node", &mut cx.errors, hint);
    let place = node.as_ref().map(|node| node.place.clone());
    let node = node.and_then(|node| name(&node, cx));
    let az = table.require("az", &mut cx.errors, hint).and_then(|az| name(&az, cx));
    table.finish(&mut cx.errors, &[]);
    Some(NodeDraft { name: node?, az: az?, place: place? })
}

/// "0001" for the first shard.
fn shard_id(n: usize) -> String {
    format!("{:04}", n + 1)
}

impl Placement {
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
                NodeDraft { name, az, place: place.clone() }
            };
            ShardDraft { id: shard_id(h), nodes: (0..=replicas).map(node).collect() }
        };
        let shards = (0..n_shards).map(shard).collect();
        (azs, shards)
    }
}

/// Limits on the number of shards and nodes.
fn check_size(
    shards: &[ShardDraft],
    cluster_mode: ClusterMode,
    engine: Option<Engine>,
    place: &Place,
    cx: &mut Context<'_>,
) {
    let n_nodes: usize = shards.iter().map(|shard| shard.nodes.len()).sum();
    match cluster_mode {
        ClusterMode::Disabled if shards.len() > 1 => {
            let message = format!("has {} shards with cluster mode disabled", shards.len());
            let hint = r#"without cluster mode there is one shard; or cluster-mode = "enabled""#;
            cx.errors.report(place, message).hint(hint);
        }
        ClusterMode::Disabled => {}
        ClusterMode::Enabled => {
            let is_old =
                engine.is_some_and(|e| e.kind == EngineKind::Redis && e.version < [5, 0, 6]);
            let most = if is_old { MAX_NODES_BEFORE_5_0_6 } else { MAX_NODES };
            if n_nodes > most {
                let message = format!("has {n_nodes} nodes");
                let hint = format!("a group has at most {most} nodes, primaries and replicas");
                cx.errors.report(place, message).hint(hint);
            }
        }
    }
}

/// The two switches as far as the file sets them.
struct Switches<'a> {
    automatic_failover: Given<'a>,
    multi_az: Given<'a>,
}

/// What a file says about a switch.
enum Given<'a> {
    /// Nothing.
    Absent,
    /// Something that is neither true nor false, and has been reported.
    Broken,
    /// A position, and where it stands.
    Set(Switch, Item<'a>),
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

impl Switches<'_> {
    /// Fills in the defaults and checks what excludes what. Returns automatic failover and
    /// Multi-AZ.
    fn checked(
        &self,
        shards: &[ShardDraft],
        (cluster_mode, engine, node_type): (ClusterMode, Option<Engine>, Option<NodeType>),
        place: &Place,
        cx: &mut Context<'_>,
    ) -> (Switch, Switch) {
        let bare = shards.iter().find(|shard| shard.nodes.len() < 2);
        let failover = match &self.automatic_failover {
            Given::Absent => {
                let position = Switch::from(shards.iter().any(|shard| shard.nodes.len() > 1));
                let why = match cluster_mode {
                    ClusterMode::Enabled => (Confidence::Documented, "CreateReplicationGroup"),
                    ClusterMode::Disabled => {
                        (Confidence::Assumed, "on where there is a replica to promote")
                    }
                };
                assume_switch("automatic-failover", position, why, place, cx);
                position
            }
            Given::Broken => Switch::On,
            Given::Set(position, _) => *position,
        };
        if let Given::Set(position, item) = &self.automatic_failover {
            check_failover(*position, (cluster_mode, shards), &item.place, cx);
        }
        // MZ-17: enabled by itself only if every shard has a replica outside its primary's AZ.
        let is_spread = shards
            .iter()
            .all(|shard| shard.nodes.iter().skip(1).any(|replica| replica.az != shard.nodes[0].az));
        let Given::Set(multi_az, item) = &self.multi_az else {
            let position = Switch::from(is_spread && failover == Switch::On);
            let why = match cluster_mode {
                ClusterMode::Enabled => (Confidence::Documented, "ElastiCache user guide (MZ-17)"),
                ClusterMode::Disabled => {
                    (Confidence::Assumed, "as cluster mode does it (MZ-17); changes no number")
                }
            };
            assume_switch("multi-az", position, why, place, cx);
            return (failover, position);
        };
        if *multi_az == Switch::Off {
            return (failover, Switch::Off);
        }
        if let Some(bare) = bare {
            let message = format!("shard `{}` has no replica", excerpt(&bare.id));
            let hint = "Multi-AZ needs more than one node in every shard (MZ-15)";
            cx.errors.report(&item.place, message).hint(hint);
        } else if failover == Switch::Off {
            let hint = "write automatic-failover = true, or multi-az = false (MZ-66)";
            cx.errors.report(&item.place, "needs automatic failover").hint(hint);
        }
        if engine.is_some_and(|e| e.kind == EngineKind::Redis && e.version < [2, 8, 6]) {
            let hint = "Multi-AZ begins with Redis OSS 2.8.6 (MZ-53)";
            cx.errors.report(&item.place, "this engine version cannot").hint(hint);
        }
        if node_type == Some(NodeType::T1) {
            let hint = "T1 nodes have no Multi-AZ (MZ-54)";
            cx.errors.report(&item.place, "this node type cannot").hint(hint);
        }
        (failover, Switch::On)
    }
}

/// Lists a switch that the file leaves to its default.
fn assume_switch(
    key: &str,
    position: Switch,
    (confidence, source): (Confidence, &'static str),
    place: &Place,
    cx: &mut Context<'_>,
) {
    let why = Origin::Default { confidence, source };
    let value = if position == Switch::On { "true" } else { "false" };
    cx.assume(&join(&place.path, key), value, why);
}

/// Checks an explicit `automatic-failover`.
fn check_failover(
    position: Switch,
    (cluster_mode, shards): (ClusterMode, &[ShardDraft]),
    place: &Place,
    cx: &mut Context<'_>,
) {
    let has_replica = shards.iter().any(|shard| shard.nodes.len() > 1);
    match (position, cluster_mode) {
        (Switch::On, ClusterMode::Disabled | ClusterMode::Enabled) if !has_replica => {
            let hint = "CreateReplicationGroup wants at least two nodes for it: add a replica";
            cx.errors.report(place, "there is no replica to fail over to").hint(hint);
        }
        (Switch::Off, ClusterMode::Enabled) if has_replica => {
            let hint = "CreateReplicationGroup makes it mandatory for cluster mode enabled";
            cx.errors.report(place, "cluster mode has automatic failover").hint(hint);
        }
        (Switch::On | Switch::Off, ClusterMode::Disabled | ClusterMode::Enabled) => {}
    }
}
