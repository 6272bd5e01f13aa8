//! What ElastiCache allows a group to be, and what it advises: sizes, the two switches, engines,
//! node types, the append-only file, placement.

use std::collections::BTreeSet;

use super::codes::Code;
use super::diagnostics::{Diagnostic, Place, excerpt, hint_names, join, listed};
use super::domains::region_name;
use super::groups::{Engine, EngineKind, MAX_NODES, ShardDraft, Switch};
use super::reader::{Context, Item};
use super::schedule::Schedule;
use super::topology::answer;
use super::uses::Use;
use super::{Confidence, Origin};
use crate::model::api::ApiError;
use crate::model::plan::{ClusterMode, ExternalReplicas, Handover, SEAMLESS_SINCE, Support};

/// What a group asks for.
pub(super) struct Wishes<'a> {
    /// Whether a replica is promoted when the primary fails.
    pub automatic_failover: Given<'a>,
    /// Whether placement over AZs is promised.
    pub multi_az: Given<'a>,
    /// The append-only file.
    pub append_only: Given<'a>,
    /// `async` or `sync`.
    pub durability: Given<'a>,
    /// Cluster mode, if it could be read.
    pub cluster_mode: Option<ClusterMode>,
    /// The engine, if it could be read.
    pub engine: Option<Engine>,
    /// Where its version stands.
    pub engine_place: Option<Place>,
    /// Where cluster mode stands.
    pub mode_place: Option<Place>,
    /// The kind of node type, if it is given and could be read.
    pub node_type: Option<NodeType>,
    /// Where the node type stands.
    pub node_type_place: Option<Place>,
    /// Whether another region has a copy.
    pub second_region: Use,
    /// The group.
    pub place: Place,
}

/// What a file says about a switch.
pub(super) enum Given<'a> {
    /// Nothing.
    Absent,
    /// Something that cannot be read, and has been reported.
    Broken,
    /// A position, and where it stands.
    Set(Switch, Item<'a>),
}

impl<'a> Given<'a> {
    /// The item that switches it on.
    pub fn on(&self) -> Option<&Item<'a>> {
        match self {
            Given::Set(Switch::On, item) => Some(item),
            Given::Set(Switch::Off, _) | Given::Absent | Given::Broken => None,
        }
    }

    /// The item that switches it off.
    fn off(&self) -> Option<&Item<'a>> {
        match self {
            Given::Set(Switch::Off, item) => Some(item),
            Given::Set(Switch::On, _) | Given::Absent | Given::Broken => None,
        }
    }
}

/// What kind of machine the nodes are, as far as limits depend on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum NodeType {
    /// `cache.t1.*`
    T1,
    /// `cache.t2.*`
    T2,
    /// `cache.r6gd.*`: data tiering, part of the data on disks.
    R6gd,
    /// Any other.
    Other,
}

impl NodeType {
    /// The kind of a node type's name.
    pub fn of(name: &str) -> Self {
        match name.split('.').nth(1) {
            Some("t1") => NodeType::T1,
            Some("t2") => NodeType::T2,
            Some("r6gd") => NodeType::R6gd,
            Some(_) | None => NodeType::Other,
        }
    }
}

/// Nodes per group with cluster mode enabled below Redis OSS 5.0.6 (user guide, quotas).
const MAX_NODES_BEFORE_5_0_6: usize = 250;
/// Nodes per group with cluster mode enabled unless AWS raises the quota (user guide, quotas).
const DEFAULT_QUOTA: usize = 90;
/// Multi-AZ begins with this Redis OSS (MZ-53).
const MULTI_AZ_SINCE: [u32; 3] = [2, 8, 6];
/// From this Redis OSS on there is no append-only file (MZ-58).
const APPEND_ONLY_UNTIL: [u32; 3] = [2, 8, 22];
/// Cluster mode begins with this Redis OSS (user guide, engine versions).
const CLUSTER_SINCE: [u32; 3] = [3, 2, 4];
/// Durability begins with this Valkey (user guide, durability).
const DURABILITY_SINCE: [u32; 3] = [9, 0, 0];

impl Engine {
    /// Whether it is a Redis OSS older than `version`.
    fn is_redis_before(self, version: [u32; 3]) -> bool {
        self.kind == EngineKind::Redis && self.version < version
    }
}

/// Checks a group; returns its automatic failover and Multi-AZ, with defaults filled in.
pub(super) fn check(
    wishes: &Wishes<'_>,
    shards: &[ShardDraft],
    cx: &mut Context<'_>,
) -> (Switch, Switch) {
    check_size(wishes, shards, cx);
    check_engine(wishes, cx);
    check_append_only(wishes, cx);
    check_durability(wishes, cx);
    let failover = failover(wishes, shards, cx);
    let multi_az = multi_az(wishes, shards, failover, cx);
    check_placement(wishes, shards, cx);
    check_regions(wishes, shards, cx);
    (failover, multi_az)
}

/// The most nodes of a group with cluster mode enabled.
pub(super) fn most_nodes(engine: Engine) -> usize {
    if engine.is_redis_before([5, 0, 6]) { MAX_NODES_BEFORE_5_0_6 } else { MAX_NODES }
}

/// What handing over the role of primary costs: from 5.0.6 on nothing, and with cluster mode
/// nothing either (MZ-07 to MZ-11).
pub(super) fn handover(engine: Engine, cluster_mode: ClusterMode) -> Handover {
    match cluster_mode {
        ClusterMode::Disabled if engine.is_redis_before(SEAMLESS_SINCE) => Handover::DnsGap,
        ClusterMode::Disabled | ClusterMode::Enabled => Handover::Seamless,
    }
}

/// Whether the engine takes replicas from outside: Redis OSS did before 2.8.22, Valkey before 7.2.6
/// (MZ-64, MZ-65).
pub(super) fn external_replicas(engine: Engine) -> ExternalReplicas {
    let refused_since = match engine.kind {
        EngineKind::Redis => [2, 8, 22],
        EngineKind::Valkey => [7, 2, 6],
    };
    match engine.version < refused_since {
        true => ExternalReplicas::Hazard,
        false => ExternalReplicas::Refused,
    }
}

/// Whether a group can have Multi-AZ (MZ-53, MZ-54).
pub(super) fn multi_az_support(engine: Engine, node_type: Option<NodeType>) -> Support {
    let is_old = engine.is_redis_before(MULTI_AZ_SINCE);
    match is_old || node_type == Some(NodeType::T1) {
        true => Support::Unsupported,
        false => Support::Supported,
    }
}

/// Whether a group can have an append-only file (MZ-58).
pub(super) fn append_only_support(engine: Engine, node_type: Option<NodeType>) -> Support {
    let is_small = matches!(node_type, Some(NodeType::T1 | NodeType::T2));
    match engine.is_redis_before(APPEND_ONLY_UNTIL) && !is_small {
        true => Support::Supported,
        false => Support::Unsupported,
    }
}

/// The node that backups are taken from is one of the group's, and named without cluster mode only.
pub(super) fn check_snapshotting_node(
    schedule: &Schedule,
    cluster_mode: ClusterMode,
    shards: &[ShardDraft],
    cx: &mut Context<'_>,
) {
    let Some((name, place)) = &schedule.snapshotting_node else {
        return;
    };
    if cluster_mode == ClusterMode::Enabled {
        let message = "cluster mode chooses the nodes that are copied itself";
        cx.errors
            .report(Code::Exclusive, place, message)
            .hint("leave it out")
            .hint(answer(ApiError::InvalidParameterCombination));
        return;
    }
    let nodes = shards.iter().flat_map(|shard| &shard.nodes);
    let names: Vec<&str> = nodes.map(|node| node.name.as_str()).collect();
    if !names.contains(&name.as_str()) {
        let message = "is no node of the group";
        let diagnostic = cx.errors.report(Code::UnknownTarget, place, message);
        hint_names(diagnostic, name, &names);
        diagnostic.hint(answer(ApiError::CacheClusterNotFound));
    }
}

/// Limits on the number of shards and nodes.
fn check_size(wishes: &Wishes<'_>, shards: &[ShardDraft], cx: &mut Context<'_>) {
    let n_nodes: usize = shards.iter().map(|shard| shard.nodes.len()).sum();
    match wishes.cluster_mode {
        Some(ClusterMode::Disabled) if shards.len() > 1 => {
            let message = format!("has {} shards with cluster mode disabled", shards.len());
            let hint = "without cluster mode a group has one shard (user guide, replication): \
                        write cluster-mode = \"enabled\"";
            let diagnostic = cx.errors.report(Code::SeveralShards, &wishes.place, message);
            diagnostic.hint(hint).hint(answer(ApiError::InvalidParameterCombination));
        }
        Some(ClusterMode::Enabled) => {
            let most = wishes.engine.map_or(MAX_NODES, most_nodes);
            if n_nodes > most {
                let message = format!("has {n_nodes} nodes");
                let hint = format!(
                    "a group has at most {most} nodes, primaries and replicas (user guide, quotas)"
                );
                let diagnostic = cx.errors.report(Code::TooMany, &wishes.place, message);
                diagnostic.hint(hint).hint(answer(ApiError::NodeQuotaForClusterExceeded));
            } else if n_nodes > DEFAULT_QUOTA {
                let message = format!("has {n_nodes} nodes, more than the default quota");
                let hint = format!("above {DEFAULT_QUOTA} nodes AWS must raise the quota first");
                let told = cx.errors.report(Code::NeedsQuota, &wishes.place, message).hint(hint);
                let error = ApiError::NodeQuotaForClusterExceeded.code();
                told.hint(format!("until then AWS answers {error}"));
            }
        }
        Some(ClusterMode::Disabled) | None => {}
    }
}

/// What the engine's version allows.
fn check_engine(wishes: &Wishes<'_>, cx: &mut Context<'_>) {
    let (Some(engine), Some(place)) = (wishes.engine, &wishes.engine_place) else {
        return;
    };
    if wishes.cluster_mode == Some(ClusterMode::Enabled) && engine.is_redis_before(CLUSTER_SINCE) {
        let message = "this engine version has no cluster mode";
        let hint = "cluster mode begins with Redis OSS 3.2.4 (user guide, engine versions)";
        let diagnostic = cx.errors.report(Code::ClusterEngine, place, message).hint(hint);
        diagnostic.hint(answer(ApiError::InvalidParameterCombination));
        relate(diagnostic, wishes.mode_place.as_ref(), "cluster mode is asked for here");
    }
    let unusual = match engine.kind {
        EngineKind::Valkey if engine.version < [7, 2, 0] => Some("Valkey begins with 7.2"),
        EngineKind::Redis if engine.version >= [7, 2, 0] => Some("Redis OSS ends with 7.1"),
        EngineKind::Valkey | EngineKind::Redis => None,
    };
    if let Some(hint) = unusual {
        let message = "ElastiCache does not offer this version";
        cx.errors.report(Code::UnusualEngine, place, message).hint(format!("{hint} there"));
    }
}

fn relate(diagnostic: &mut Diagnostic, place: Option<&Place>, label: &str) {
    if let Some(place) = place {
        diagnostic.relate(&place.at, label);
    }
}

/// The append-only file exists on old engines only, and never beside Multi-AZ (MZ-58).
fn check_append_only(wishes: &Wishes<'_>, cx: &mut Context<'_>) {
    let Some(item) = wishes.append_only.on() else {
        return;
    };
    let is_old = wishes.engine.is_none_or(|engine| engine.is_redis_before(APPEND_ONLY_UNTIL));
    let is_small = matches!(wishes.node_type, Some(NodeType::T1 | NodeType::T2));
    if !is_old {
        let hint = "it ended with Redis OSS 2.8.21 (MZ-58): write append-only-file = false";
        let message = "this engine version has no append-only file";
        let diagnostic = cx.errors.report(Code::AofUnsupported, &item.place, message).hint(hint);
        diagnostic.hint(answer(ApiError::InvalidParameterCombination));
        relate(diagnostic, wishes.engine_place.as_ref(), "the engine version");
    } else if is_small {
        let hint = "T1 and T2 nodes have none (MZ-58): write append-only-file = false";
        let message = "this node type has no append-only file";
        let diagnostic = cx.errors.report(Code::AofUnsupported, &item.place, message).hint(hint);
        diagnostic.hint(answer(ApiError::InvalidParameterCombination));
        relate(diagnostic, wishes.node_type_place.as_ref(), "the node type");
    } else if let Some(multi_az) = wishes.multi_az.on() {
        let hint = "switch one of them off (MZ-58)";
        let message = "excludes Multi-AZ, which is on";
        let diagnostic = cx.errors.report(Code::AofWithMultiAz, &item.place, message).hint(hint);
        diagnostic.hint(answer(ApiError::InvalidParameterCombination));
        diagnostic.relate(&multi_az.place.at, "Multi-AZ is switched on here");
    }
}

/// Durable groups need Valkey 9.0 and cluster mode, and no data tiering.
fn check_durability(wishes: &Wishes<'_>, cx: &mut Context<'_>) {
    let Some(item) = wishes.durability.on() else {
        return;
    };
    let is_able = |e: Engine| e.kind == EngineKind::Valkey && e.version >= DURABILITY_SINCE;
    if !wishes.engine.is_none_or(is_able) {
        let message = "this engine version has no durability";
        let hint =
            r#"it begins with Valkey 9.0 (user guide, durability): write durability = "disabled""#;
        let code = Code::DurabilityUnsupported;
        let diagnostic = cx.errors.report(code, &item.place, message).hint(hint);
        diagnostic.hint(answer(ApiError::InvalidParameterCombination));
        relate(diagnostic, wishes.engine_place.as_ref(), "the engine version");
    } else if wishes.cluster_mode == Some(ClusterMode::Disabled) {
        let message = "there is no durability without cluster mode";
        let hint = r#"write cluster-mode = "enabled", or durability = "disabled""#;
        let code = Code::DurabilityUnsupported;
        let diagnostic = cx.errors.report(code, &item.place, message).hint(hint);
        diagnostic.hint(answer(ApiError::InvalidParameterCombination));
        relate(diagnostic, wishes.mode_place.as_ref(), "cluster mode");
    } else if wishes.node_type == Some(NodeType::R6gd) {
        let message = "there is no durability with data tiering";
        let hint = r#"take another node type than r6gd, or write durability = "disabled""#;
        let code = Code::DurabilityUnsupported;
        let diagnostic = cx.errors.report(code, &item.place, message).hint(hint);
        diagnostic.hint(answer(ApiError::InvalidParameterCombination));
        relate(diagnostic, wishes.node_type_place.as_ref(), "the node type");
    }
}

/// Automatic failover as given, checked, or its default.
fn failover(wishes: &Wishes<'_>, shards: &[ShardDraft], cx: &mut Context<'_>) -> Switch {
    let has_replica = shards.iter().any(|shard| shard.nodes.len() > 1);
    let (position, item) = match &wishes.automatic_failover {
        Given::Absent => {
            let position = Switch::from(has_replica);
            let (confidence, source) = match wishes.cluster_mode {
                Some(ClusterMode::Enabled) if has_replica => {
                    (Confidence::Documented, "CreateReplicationGroup: mandatory in cluster mode")
                }
                Some(ClusterMode::Enabled | ClusterMode::Disabled) | None => {
                    (Confidence::Assumed, "on where there is a replica to promote")
                }
            };
            let why = Origin::derived(confidence, source);
            assume_switch("automatic-failover", position, why, &wishes.place, cx);
            return position;
        }
        Given::Broken => return Switch::On,
        Given::Set(position, item) => (*position, item),
    };
    match (position, wishes.cluster_mode) {
        (Switch::On, _) if !has_replica => {
            let message = "there is no replica to fail over to";
            let hint = "CreateReplicationGroup wants at least two nodes for it: add a replica";
            let code = Code::FailoverWithoutReplica;
            let diagnostic = cx.errors.report(code, &item.place, message).hint(hint);
            diagnostic.hint(answer(ApiError::InvalidParameterCombination));
            let bare = shards.first().map(|shard| &shard.place);
            relate(diagnostic, bare, "no replica here");
        }
        (Switch::Off, Some(ClusterMode::Enabled)) if has_replica => {
            let message = "cluster mode has automatic failover";
            let hint = "CreateReplicationGroup makes it mandatory for cluster mode enabled";
            let code = Code::ClusterWithoutFailover;
            let diagnostic = cx.errors.report(code, &item.place, message).hint(hint);
            diagnostic.hint(answer(ApiError::InvalidParameterCombination));
            relate(diagnostic, wishes.mode_place.as_ref(), "cluster mode is asked for here");
        }
        (Switch::On | Switch::Off, Some(ClusterMode::Disabled | ClusterMode::Enabled) | None) => {}
    }
    position
}

/// Multi-AZ as given, checked, or its default.
fn multi_az(
    wishes: &Wishes<'_>,
    shards: &[ShardDraft],
    failover: Switch,
    cx: &mut Context<'_>,
) -> Switch {
    let is_engine_able = !wishes.engine.is_some_and(|e| e.is_redis_before(MULTI_AZ_SINCE));
    let is_type_able = wishes.node_type != Some(NodeType::T1);
    let item = match &wishes.multi_az {
        Given::Absent => {
            // MZ-16, MZ-17: enabled by itself only if every shard has a replica outside its
            // primary's AZ.
            let is_spread = shards.iter().all(|shard| {
                let mut replicas = shard.nodes.iter().skip(1);
                replicas.any(|replica| replica.az != shard.nodes[0].az)
            });
            let is_able = is_engine_able && is_type_able && wishes.append_only.on().is_none();
            let position = Switch::from(is_spread && is_able && failover == Switch::On);
            let (confidence, source) = match wishes.cluster_mode {
                Some(ClusterMode::Enabled) => {
                    (Confidence::Documented, "ElastiCache user guide (MZ-17)")
                }
                Some(ClusterMode::Disabled) | None => (
                    Confidence::Assumed,
                    "as cluster mode does it (MZ-17); matters to planned work only",
                ),
            };
            let why = Origin::derived(confidence, source);
            assume_switch("multi-az", position, why, &wishes.place, cx);
            return position;
        }
        Given::Broken | Given::Set(Switch::Off, _) => return Switch::Off,
        Given::Set(Switch::On, item) => item,
    };
    if let Some(bare) = shards.iter().find(|shard| shard.nodes.len() < 2) {
        let message = format!("shard `{}` has no replica", excerpt(&bare.id));
        let hint = "Multi-AZ needs more than one node in every shard (MZ-14, MZ-15)";
        let code = Code::MultiAzWithoutReplica;
        let diagnostic = cx.errors.report(code, &item.place, message).hint(hint);
        diagnostic.hint(answer(ApiError::InvalidParameterCombination));
        diagnostic.relate(&bare.place.at, "no replica here");
    } else if failover == Switch::Off {
        let hint = "write automatic-failover = true, or multi-az = false (MZ-66)";
        let code = Code::MultiAzWithoutFailover;
        let diagnostic = cx.errors.report(code, &item.place, "needs automatic failover").hint(hint);
        diagnostic.hint(answer(ApiError::InvalidParameterCombination));
        let off = wishes.automatic_failover.off().map(|item| &item.place);
        relate(diagnostic, off, "it is switched off here");
    }
    if !is_engine_able {
        let hint = "Multi-AZ begins with Redis OSS 2.8.6 (MZ-53)";
        let message = "this engine version has no Multi-AZ";
        let diagnostic = cx.errors.report(Code::MultiAzEngine, &item.place, message).hint(hint);
        diagnostic.hint(answer(ApiError::InvalidParameterCombination));
        relate(diagnostic, wishes.engine_place.as_ref(), "the engine version");
    }
    if !is_type_able {
        let hint = "T1 nodes have no Multi-AZ (MZ-54)";
        let message = "this node type has no Multi-AZ";
        let diagnostic = cx.errors.report(Code::MultiAzNodeType, &item.place, message).hint(hint);
        diagnostic.hint(answer(ApiError::InvalidParameterCombination));
        relate(diagnostic, wishes.node_type_place.as_ref(), "the node type");
    }
    Switch::On
}

/// Lists a switch that the file leaves to its default.
fn assume_switch(key: &str, position: Switch, why: Origin, place: &Place, cx: &mut Context<'_>) {
    let value = if position == Switch::On { "true" } else { "false" };
    cx.assume(&join(&place.path, key), value, why);
}

/// Warns of placements that fault tolerance does not gain from, one word per kind and group.
fn check_placement(wishes: &Wishes<'_>, shards: &[ShardDraft], cx: &mut Context<'_>) {
    let ids = |of: &[&ShardDraft]| match of.len() == shards.len() && of.len() > 1 {
        true => "every shard".to_owned(),
        false => {
            let noun = if of.len() == 1 { "shard" } else { "shards" };
            format!("{noun} {}", listed(of.iter().map(|shard| shard.id.as_str())))
        }
    };
    let verb =
        |of: &[&ShardDraft]| if of.len() == 1 || of.len() == shards.len() { "s" } else { "" };
    let have = |of: &[&ShardDraft]| if verb(of).is_empty() { "have" } else { "has" };
    let with = |rule: &dyn Fn(&ShardDraft) -> bool| -> Vec<&ShardDraft> {
        shards.iter().filter(|shard| rule(shard)).collect()
    };

    let bare = with(&|shard| shard.nodes.len() == 1);
    // Where Multi-AZ or failover is asked for, the missing replica is an error.
    if let Some(first) = bare.first()
        && wishes.multi_az.on().is_none()
        && (wishes.automatic_failover.on().is_none() || bare.len() < shards.len())
    {
        let message = format!("{} {} no replica", ids(&bare), have(&bare));
        let hint = match (wishes.durability.on(), wishes.second_region) {
            (Some(_), _) => {
                "such a shard has no fault tolerance: it serves nobody until a new node has read \
                 the log (MZ-68)"
            }
            (None, Use::Used) => {
                "such a shard has no fault tolerance: losing its node loses its data in this \
                 region (MZ-68)"
            }
            (None, Use::SwitchedOff | Use::Unused) => {
                "such a shard has no fault tolerance: losing its node loses its data (MZ-68)"
            }
        };
        cx.errors.report(Code::NoReplica, &first.place, message).hint(hint);
    }
    let in_one_az = |shard: &ShardDraft| shard.nodes.iter().all(|n| n.az == shard.nodes[0].az);
    let crowded = with(&|shard| shard.nodes.len() > 1 && in_one_az(shard));
    if let Some(first) = crowded.first() {
        let place = wishes.multi_az.on().map_or(&first.place, |item| &item.place);
        let message = format!("{} {} all nodes in one AZ", ids(&crowded), have(&crowded));
        let what = match (wishes.durability.on(), wishes.second_region) {
            (Some(_), _) => "takes all its nodes, and a new one has to read the log first",
            (None, Use::Used) => "loses all copies in this region",
            (None, Use::SwitchedOff | Use::Unused) => "loses all copies",
        };
        let hint = format!("an AZ failure then {what}; AWS advises nodes in several AZs (MZ-38)");
        cx.errors.report(Code::PlacementWithoutSpread, place, message).hint(hint);
    }
    let beside = with(&|shard| {
        let mut replicas = shard.nodes.iter().skip(1);
        !in_one_az(shard) && replicas.any(|replica| replica.az == shard.nodes[0].az)
    });
    if let Some(first) = beside.first() {
        let message = format!("{} {} a replica in the primary's AZ", ids(&beside), have(&beside));
        let hint = "it falls with its primary's AZ; AWS advises different AZs (MZ-38)";
        cx.errors.report(Code::ReplicaBesidePrimary, &first.place, message).hint(hint);
    }
    let single = with(&|shard| shard.nodes.len() == 2);
    if let Some(first) = single.first() {
        let message = format!("{} {} one replica", ids(&single), have(&single));
        let hint =
            "valid; AWS advises more than one, since during its repair there is none (MZ-69)";
        cx.errors.report(Code::OneReplica, &first.place, message).hint(hint);
    }
}

/// A group lives in one region.
fn check_regions(wishes: &Wishes<'_>, shards: &[ShardDraft], cx: &mut Context<'_>) {
    let azs = shards.iter().flat_map(|shard| &shard.nodes).map(|node| node.az.as_str());
    let azs: BTreeSet<&str> = azs.collect();
    let regions: BTreeSet<&str> = azs.iter().filter_map(|az| region_name(az)).collect();
    if let Some(region) = azs.iter().find(|az| regions.contains(*az)) {
        let message = format!("`{}` is a region, and other AZs are in it", excerpt(region));
        let hint = "the name of an AZ ends with a letter, as in us-west-2a; here it is an AZ \
                    beside the others";
        cx.errors.report(Code::RegionAmongAzs, &wishes.place, message).hint(hint);
    }
    if regions.len() > 1 {
        let message = format!("spans the regions {}", listed(regions.iter().copied()));
        let hint = "a replication group lives in one region; between regions there is \
                    Global Datastore";
        cx.errors.report(Code::SeveralRegions, &wishes.place, message).hint(hint);
    }
}
