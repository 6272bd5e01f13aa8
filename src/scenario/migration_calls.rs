//! What a scenario does to its migration: the operations that test, start, complete and stop it,
//! the operator's own, and what of other faults is not modelled beside one.
//!
//! What the API refuses it refuses when the call comes, and the run goes on; only what names
//! nothing at all is a mistake of the file.

use super::Origin;
use super::codes::Code;
use super::diagnostics::{Place, excerpt, join, listed};
use super::groups::Switch;
use super::migration::Drafts;
use super::reader::{Context, Item, Table};
use super::self_hosted::is_address;
use super::topology::{Asker, Topology, answered};
use crate::model::api::{ApiError, Refusal};
use crate::model::plan::{
    Force, GroupId, Keeper, MigrationCall, NodeId, Operation, ShardId, SourceEndpoint, Support,
};

/// The calls of a migration, and what its operator does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CallKind {
    /// `TestMigration`.
    Test,
    /// `StartMigration`.
    Start,
    /// `CompleteMigration`.
    Complete,
    /// "Stop data migration" of the console.
    Stop,
    /// The operator begins with the cut-over.
    CutOver,
    /// The operator brings the clients back.
    RollBack,
}

/// Where data is migrated from, and whereto, as far as that could be read.
#[derive(Clone, Debug, Default)]
pub(super) enum Migrating {
    /// There is no `[migration]`.
    #[default]
    Absent,
    /// There is one, with mistakes that have been reported.
    Unreadable,
    /// It is between these groups.
    Into(Site),
}

/// The groups of a migration.
#[derive(Clone, Debug)]
pub(super) struct Site {
    /// Whose clients move.
    source: GroupId,
    /// Whereto.
    target: GroupId,
    /// What the API answers to whoever tests or starts it.
    refusals: Vec<Refusal>,
    /// Where the nodes of the source listen, if it is self-hosted.
    endpoints: Vec<(String, u16, NodeId)>,
}

impl Site {
    /// Of these groups, which the API refuses for these reasons.
    pub fn new(
        (source, target): (GroupId, GroupId),
        drafts: &Drafts<'_>,
        refusals: &[Refusal],
        topology: &Topology,
    ) -> Site {
        let shards = topology.groups[source.idx()].shards.clone().map(ShardId);
        let nodes = shards.flat_map(|shard| topology.shards[shard.idx()].node_ids());
        let own = drafts.source.self_hosted.as_ref();
        let listening = own.into_iter().flat_map(|own| own.endpoints.iter().cloned());
        let endpoints = listening.zip(nodes).map(|((address, port), node)| (address, port, node));
        Site { source, target, refusals: refusals.to_vec(), endpoints: endpoints.collect() }
    }

    /// What is told of an endpoint of a group that nobody calls by an address: its first primary's.
    fn usual(&self, topology: &Topology) -> (String, SourceEndpoint) {
        match self.endpoints.first() {
            Some((address, port, node)) => (written(address, *port), SourceEndpoint::Node(*node)),
            None => {
                let shard = usize::from(topology.groups[self.source.idx()].shards.start);
                let node = &topology.nodes[usize::from(topology.shards[shard].nodes.start)];
                let refused = SourceEndpoint::Refused(Refusal::SourceIsElastiCache);
                (written(&node.name, USUAL_PORT), refused)
            }
        }
    }
}

/// The group from which data is migrated, if that could be read.
pub(super) fn source(topology: &Topology) -> Option<GroupId> {
    match &topology.migration {
        Migrating::Into(site) => Some(site.source),
        Migrating::Absent | Migrating::Unreadable => None,
    }
}

/// The group into which data is migrated, if that could be read.
pub(super) fn target(topology: &Topology) -> Option<GroupId> {
    match &topology.migration {
        Migrating::Into(site) => Some(site.target),
        Migrating::Absent | Migrating::Unreadable => None,
    }
}

/// The port of nodes in ElastiCache, unless they say otherwise.
const USUAL_PORT: u16 = 6379;

/// An endpoint as a scenario writes it.
fn written(address: &str, port: u16) -> String {
    if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
}

/// The groups of the migration without which what stands at `place` means nothing; its absence is
/// reported.
pub(super) fn required<'t>(
    place: &Place,
    topology: &'t Topology,
    cx: &mut Context<'_>,
) -> Option<&'t Site> {
    match &topology.migration {
        Migrating::Into(site) => Some(site),
        Migrating::Unreadable => None,
        Migrating::Absent => {
            let message = "there is no migration";
            let hint = r#"write [migration], and below it source = "legacy" and target = "shop""#;
            cx.errors.report(Code::NeedsMigration, place, message).hint(hint);
            None
        }
    }
}

/// Reports that a node of source or target is cut off, which is not modelled.
pub(super) fn refuse_isolation(
    table: &Table<'_>,
    (shards, topology): (Option<&[ShardId]>, &Topology),
    cx: &mut Context<'_>,
) {
    let Migrating::Into(site) = &topology.migration else {
        return;
    };
    let is_its =
        |shard: &ShardId| [site.source, site.target].contains(&topology.shards[shard.idx()].group);
    if shards.is_some_and(|shards| shards.iter().any(is_its)) {
        let message = "nodes of a migration's source and target that are cut off are not modelled";
        let hint = r#"cut-migration-link = { duration = "30s" } cuts the network between the two"#;
        cx.errors.report(Code::NotWithMigration, &table.place, message).hint(hint);
    }
}

/// Reads a call in its short form, the name of the group: `start-migration = "shop"`.
pub(super) fn of_text(
    kind: CallKind,
    item: &Item<'_>,
    topology: &Topology,
    cx: &mut Context<'_>,
) -> Option<Operation> {
    let site = required(&item.place, topology, cx);
    let group = topology.find_group(item, Asker::Operation, cx);
    let (site, group) = (site?, group?);
    let (_, endpoint) = site.usual(topology);
    called(kind, (group, item), site, (endpoint, Force::No), (topology, cx))
}

/// Reads the table of a call.
pub(super) fn of_table(
    kind: CallKind,
    table: &mut Table<'_>,
    topology: &Topology,
    cx: &mut Context<'_>,
) -> Option<Operation> {
    let group = table.get("group");
    let written = match kind {
        CallKind::Test | CallKind::Start => Keys::of_endpoint(table),
        CallKind::Complete | CallKind::Stop | CallKind::CutOver | CallKind::RollBack => Keys::NONE,
    };
    let force = match kind {
        CallKind::Complete => force(table, cx),
        CallKind::Test
        | CallKind::Start
        | CallKind::Stop
        | CallKind::CutOver
        | CallKind::RollBack => Force::No,
    };
    let site = required(&table.place, topology, cx)?;
    let endpoint = match kind {
        CallKind::Test | CallKind::Start => endpoint(table, &written, (site, topology), cx)?,
        // It is not asked for.
        CallKind::Complete | CallKind::Stop | CallKind::CutOver | CallKind::RollBack => {
            SourceEndpoint::Unknown
        }
    };
    match group {
        Some(item) => {
            let id = topology.find_group(&item, Asker::Operation, cx)?;
            called(kind, (id, &item), site, (endpoint, force), (topology, cx))
        }
        None => {
            let path = join(&table.place.path, "group");
            let id = &topology.groups[site.target.idx()].id;
            let why = Origin::convention("the target of the migration");
            cx.assume(&path, super::tree::quoted(id), why);
            Some(operation(kind, site.target, (endpoint, force)))
        }
    }
}

/// The keys of a call that say where data comes from.
struct Keys<'a> {
    one: Option<Item<'a>>,
    several: Option<Item<'a>>,
    serverless: Option<Item<'a>>,
}

impl<'a> Keys<'a> {
    const NONE: Self = Keys { one: None, several: None, serverless: None };

    fn of_endpoint(table: &mut Table<'a>) -> Self {
        Keys {
            one: table.get("endpoint"),
            several: table.get("endpoints"),
            serverless: table.get("serverless-cache"),
        }
    }
}

/// Whether the target is promoted whatever it lacks.
fn force(table: &mut Table<'_>, cx: &mut Context<'_>) -> Force {
    let Some(item) = table.get("force") else {
        let why = Origin::convention("as the API has it");
        cx.assume(&join(&table.place.path, "force"), "false", why);
        return Force::No;
    };
    match item.boolean(&mut cx.errors).map(Switch::from) {
        Some(Switch::On) => Force::Yes,
        Some(Switch::Off) | None => Force::No,
    }
}

/// The call on the group that `item` names, if that is one on which it can be called: the target,
/// or a self-hosted one, of which the API knows nothing.
fn called(
    kind: CallKind,
    (group, item): (GroupId, &Item<'_>),
    site: &Site,
    how: (SourceEndpoint, Force),
    (topology, cx): (&Topology, &mut Context<'_>),
) -> Option<Operation> {
    let is_call = match kind {
        CallKind::Test | CallKind::Start | CallKind::Complete | CallKind::Stop => Switch::On,
        CallKind::CutOver | CallKind::RollBack => Switch::Off,
    };
    let keeper = topology.groups[group.idx()].keeper;
    if group != site.target && (keeper == Keeper::ElastiCache || is_call == Switch::Off) {
        let target = &topology.groups[site.target.idx()].id;
        let message = "is not the group to which data is migrated";
        let told = cx.errors.report(Code::UnknownTarget, &item.place, message);
        told.hint(format!("the scenario has one migration, into `{}`", excerpt(target)));
        return None;
    }
    Some(operation(kind, group, how))
}

fn operation(
    kind: CallKind,
    target: GroupId,
    (endpoint, force): (SourceEndpoint, Force),
) -> Operation {
    let call = match kind {
        CallKind::Test => MigrationCall::Test(endpoint),
        CallKind::Start => MigrationCall::Start(endpoint),
        CallKind::Complete => MigrationCall::Complete(force),
        CallKind::Stop => MigrationCall::Stop,
        CallKind::CutOver => MigrationCall::CutOver,
        CallKind::RollBack => MigrationCall::RollBack,
    };
    Operation::Migration { target, call }
}

/// What the call names as the source.
fn endpoint(
    table: &Table<'_>,
    keys: &Keys<'_>,
    (site, topology): (&Site, &Topology),
    cx: &mut Context<'_>,
) -> Option<SourceEndpoint> {
    const HINT: &str = r#"exactly one, as in endpoint = "10.0.0.241:6379""#;
    let found = match (&keys.one, &keys.several) {
        (Some(one), Some(several)) => {
            let message = "`endpoint` and `endpoints` exclude each other";
            let told = cx.errors.report(Code::Exclusive, &one.place, message).hint(HINT);
            told.relate(&several.place.at, "the list");
            return None;
        }
        (Some(item), None) => found_at(item, (site, topology), cx)?,
        (None, Some(item)) => {
            let items = item.array(&mut cx.errors, "an array of endpoints", HINT)?;
            let read: Option<Vec<SourceEndpoint>> =
                items.iter().map(|item| found_at(item, (site, topology), cx)).collect();
            match read?.as_slice() {
                [one] => *one,
                _ => SourceEndpoint::Refused(Refusal::OneSourceEndpoint),
            }
        }
        (None, None) => {
            let (written, usual) = site.usual(topology);
            let why = Origin::convention("the first primary of the source");
            cx.assume(&join(&table.place.path, "endpoint"), super::tree::quoted(&written), why);
            usual
        }
    };
    let Some(item) = &keys.serverless else {
        return Some(found);
    };
    item.text(&mut cx.errors, "the name of a serverless cache")?;
    Some(SourceEndpoint::Refused(Refusal::MigrationToServerless))
}

/// Who listens at an endpoint; warns if nobody does.
fn found_at(
    item: &Item<'_>,
    (site, topology): (&Site, &Topology),
    cx: &mut Context<'_>,
) -> Option<SourceEndpoint> {
    let text = item.text(&mut cx.errors, "an endpoint")?.trim();
    let Some((address, port)) = parts(text) else {
        let hint = r#"write address and port, as in "10.0.0.241:6379""#;
        answered(ApiError::InvalidParameterValue, cx, |cx| {
            let place = &item.place;
            let message = format!("`{}` is not an endpoint: {}", excerpt(text), flaw(text));
            cx.errors.report(Code::NotAnEndpoint, place, message).hint(hint);
        });
        return None;
    };
    let is_at = |other: &str| other.eq_ignore_ascii_case(address);
    let own = site.endpoints.iter().find(|(at, of, _)| is_at(at) && *of == port);
    if let Some((_, _, node)) = own {
        return Some(SourceEndpoint::Node(*node));
    }
    let is_managed = |node: &crate::model::plan::Node| {
        let group = topology.shards[node.shard.idx()].group;
        topology.groups[group.idx()].keeper == Keeper::ElastiCache
    };
    let is_node = topology.nodes.iter().any(|node| is_managed(node) && is_at(&node.name));
    let is_aws = address.to_ascii_lowercase().ends_with(".cache.amazonaws.com");
    if is_node || is_aws {
        return Some(SourceEndpoint::Refused(Refusal::SourceIsElastiCache));
    }
    // Where nodes listen is not known if it could not be read, or if the source is in ElastiCache.
    if cx.errors.has_errors() || site.endpoints.is_empty() {
        return Some(SourceEndpoint::Unknown);
    }
    let message = format!("nobody listens at `{}`: the migration cannot connect", excerpt(text));
    let told = cx.errors.report(Code::CannotConnect, &item.place, message);
    let known: Vec<String> = site.endpoints.iter().map(|(at, of, _)| written(at, *of)).collect();
    let id = &topology.groups[site.source.idx()].id;
    let known = listed(known.iter().map(String::as_str));
    told.hint(format!("the nodes of `{}` listen at {known}", excerpt(id)));
    Some(SourceEndpoint::Unknown)
}

/// Address and port of "10.0.0.241:6379" or "[::1]:6379".
fn parts(text: &str) -> Option<(&str, u16)> {
    let (address, port) = text.rsplit_once(':')?;
    let inner = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = inner.unwrap_or(address);
    let is_whole = inner.is_some() || !address.contains(':');
    let port = port.parse::<u16>().ok().filter(|port| *port > 0)?;
    (is_whole && is_address(address)).then_some((address, port))
}

/// What is wrong with a text that is no address and port.
fn flaw(text: &str) -> String {
    match text.rsplit_once(':') {
        None => "it has no port".to_owned(),
        Some((_, port)) if port.parse::<u16>().ok().is_none_or(|port| port == 0) => {
            format!("port `{}` is no number from 1 to 65535", excerpt(port))
        }
        Some((address, _)) => format!("`{}` is no address", excerpt(address)),
    }
}

/// Why the API refuses a call of the migration at any time, if it does.
pub(super) fn always_refused(
    target: GroupId,
    call: MigrationCall,
    topology: &Topology,
) -> Option<Refusal> {
    let group = &topology.groups[target.idx()];
    match call {
        MigrationCall::CutOver | MigrationCall::RollBack => None,
        _ if group.keeper == Keeper::Users => Some(Refusal::NotInElastiCache),
        MigrationCall::Complete(_) | MigrationCall::Stop => None,
        MigrationCall::Test(SourceEndpoint::Refused(refusal))
        | MigrationCall::Start(SourceEndpoint::Refused(refusal)) => Some(refusal),
        MigrationCall::Test(_) | MigrationCall::Start(_) => {
            let Migrating::Into(site) = &topology.migration else {
                return None;
            };
            let lacks = group.multi_az_support == Support::Unsupported;
            let needs = lacks.then_some(Refusal::MigrationNeedsMultiAz);
            site.refusals.first().copied().or(needs)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{parts, written};

    #[test]
    fn endpoints_are_an_address_and_a_port() {
        assert_eq!(parts("10.0.0.241:6379"), Some(("10.0.0.241", 6379)));
        assert_eq!(parts("[::1]:6379"), Some(("::1", 6379)));
        assert_eq!(written("::1", 6379), "[::1]:6379");
        for wrong in ["10.0.0.241", ":6379", "a:0", "a:65536", "::1:6379", "a b:1", "a:b"] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
    }
}
