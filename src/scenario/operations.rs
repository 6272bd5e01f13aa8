//! Operations as a scenario writes them: calls of the API, and work that the service begins, each
//! at its moment. An operation is a table with exactly one kind beside `at`, `id` and `enabled`,
//! or a call as AWS writes it (`aws_text`).
//!
//! What depends on the state at that moment is not checked here: the model refuses it, and the
//! refusal is part of the history. What can never be right is told with the code that AWS gives.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::aws_text::{self, Call};
use super::codes::Code;
use super::diagnostics::{Covers, Errors, Place, excerpt, join, listed};
use super::domains::region_name;
use super::faults;
use super::groups::{self, GroupDraft, Switch};
use super::laws;
use super::limits;
use super::migration_calls::{self, CallKind};
use super::reader::{Context, Item, Table};
use super::refused;
use super::script::{self, Addresses, Section};
use super::sections;
use super::topology::{Asker, Topology, answer, answer_by, answered};
use super::tree::{Node, Tree, Value};
use super::units;
use super::uses;
use super::victims;
use super::{Confidence, Origin};
use crate::engine::time::SimTime;
use crate::model::api::{ApiError, Refusal};
use crate::model::plan::{
    Action, Answer, Apply, Changes, Direction, GroupId, Keeper, NodeId, Operation, Scripted,
    ShardId, UpdateMethod,
};

/// The kinds of operations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Modify,
    PromoteReplica,
    TestFailover,
    Reboot,
    IncreaseReplicaCount,
    DecreaseReplicaCount,
    AttachExternalReplica,
    CreateSnapshot,
    ServiceUpdate,
    Migration(CallKind),
}

const KINDS: [(&str, Kind); 15] = [
    ("modify", Kind::Modify),
    ("promote-replica", Kind::PromoteReplica),
    ("test-failover", Kind::TestFailover),
    ("reboot", Kind::Reboot),
    ("increase-replica-count", Kind::IncreaseReplicaCount),
    ("decrease-replica-count", Kind::DecreaseReplicaCount),
    ("attach-external-replica", Kind::AttachExternalReplica),
    ("create-snapshot", Kind::CreateSnapshot),
    ("service-update", Kind::ServiceUpdate),
    ("test-migration", Kind::Migration(CallKind::Test)),
    ("start-migration", Kind::Migration(CallKind::Start)),
    ("complete-migration", Kind::Migration(CallKind::Complete)),
    ("stop-migration", Kind::Migration(CallKind::Stop)),
    ("cut-over", Kind::Migration(CallKind::CutOver)),
    ("roll-back", Kind::Migration(CallKind::RollBack)),
];

/// The keys of all kinds, those for calls as AWS writes them among them.
pub(super) fn kinds() -> impl Iterator<Item = &'static str> {
    let texts = aws_text::FORMS.iter().map(|(key, _)| *key);
    KINDS.iter().map(|(key, _)| *key).chain(texts)
}

/// More lines are surely a slip.
const MAX_OPERATIONS: usize = 10_000;
/// Replicas of a shard (user guide, quotas).
const MAX_REPLICAS: u64 = 5;
/// Days for which an automatic backup is kept (user guide, backups).
const MAX_RETENTION: u64 = 35;

/// An operation as far as it can be told before groups are numbered.
pub(super) struct Sketch {
    /// What it is.
    pub kind: Kind,
    /// Its own table.
    pub table: Tree,
    /// Whether it comes at all.
    pub enabled: Switch,
}

/// The operations of a document, without a word about what is wrong with them.
pub(super) fn sketches(root: &mut Table<'_>) -> Vec<Sketch> {
    let item = root.get("operation");
    let elements = item.as_ref().and_then(|item| item.node().as_array()).unwrap_or_default();
    let sketch = |node: &Node| {
        let table = node.as_table()?;
        let enabled = uses::enabled(table);
        for (key, form) in aws_text::FORMS {
            if let Some(node) = table.get(key) {
                let item = Item::new(String::new(), node);
                let call = aws_text::read(form, &item, &mut Errors::default())?;
                let kind = kind_of(call.kind)?;
                return Some(Sketch { kind, table: call.table.as_table()?.clone(), enabled });
            }
        }
        let kind = KINDS.iter().find(|(key, _)| table.get(key).is_some());
        let (key, kind) = *kind?;
        Some(Sketch { kind, table: table.get(key)?.as_table()?.clone(), enabled })
    };
    elements.iter().filter_map(sketch).collect()
}

fn kind_of(key: &str) -> Option<Kind> {
    KINDS.iter().find(|(name, _)| *name == key).map(|(_, kind)| *kind)
}

/// Gives the groups the nodes that operations add later, as members that are absent until then.
pub(super) fn add_nodes(sketches: &[Sketch], drafts: &mut [GroupDraft], cx: &mut Context<'_>) {
    let is_only = drafts.len() == 1;
    for sketch in sketches.iter().filter(|sketch| sketch.enabled == Switch::On) {
        if sketch.kind != Kind::IncreaseReplicaCount {
            continue;
        }
        let named = sketch.table.get("group").and_then(Node::as_text);
        let group = drafts.iter_mut().find(|draft| match named {
            Some(name) => draft.id == name,
            None => is_only,
        });
        let to = sketch.table.get("to").and_then(|node| match &node.value {
            Value::Integer(digits, 10) | Value::Float(digits) => units::count(digits).ok(),
            Value::Text(text) => units::count(text).ok(),
            Value::Integer(..)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Array(_)
            | Value::Table(_) => None,
        });
        let azs = sketch.table.get("azs").and_then(Node::as_array).unwrap_or_default();
        let azs: Vec<&str> = azs.iter().filter_map(Node::as_text).collect();
        // To a self-hosted group the API adds nothing.
        let group = group.filter(|group| group.self_hosted.is_none());
        if let (Some(group), Some(to)) = (group, to.filter(|to| *to <= MAX_REPLICAS)) {
            group.grow(to as usize, &azs);
        }
    }
    for draft in drafts {
        if draft.self_hosted.is_some() {
            continue;
        }
        let n_nodes: usize = draft.shards.iter().map(|shard| shard.nodes.len()).sum();
        let n_members: usize = draft.shards.iter().map(|shard| shard.members().count()).sum();
        let most = limits::most_nodes(draft.engine);
        if n_nodes > most && n_members <= most {
            let message = format!("would have {n_nodes} nodes once its replicas are added");
            cx.errors
                .report(Code::TooMany, &draft.place, message)
                .hint(format!("a group has at most {most} nodes, primaries and replicas"))
                .hint(answer(ApiError::NodeQuotaForClusterExceeded));
        }
    }
}

/// Reads `[[operation]]`; returns the operations in file order, and how many are switched off.
/// Without a horizon, which then has been reported, no time is too late.
pub(super) fn read(
    item: &Item<'_>,
    topology: &Topology,
    horizon: Option<SimTime>,
    addresses: &mut Addresses,
    cx: &mut Context<'_>,
) -> (Vec<(Scripted, Place)>, usize) {
    let items = item.elements(&mut cx.errors, "write [[operation]]").unwrap_or_default();
    if items.len() > MAX_OPERATIONS {
        let message = format!("there are {} operations", items.len());
        let hint = format!("at most {MAX_OPERATIONS} are possible");
        cx.errors.report(Code::TooMany, &item.place, message).hint(hint);
        return (Vec::new(), 0);
    }
    let (mut operations, mut n_off) = (Vec::new(), 0);
    for item in items {
        let Some(mut table) = item.table(&mut cx.errors, "write [[operation]]") else {
            continue;
        };
        let enabled = script::enabled(&mut table, Section::Operation, cx);
        let read = operation(&mut table, (topology, horizon), addresses, cx);
        if let (Switch::On, Some((scripted, place))) = (enabled, &read) {
            check_answer(scripted, place, topology, cx);
        }
        told_faults(&mut table, cx);
        table.finish(&mut cx.errors, &[]);
        match enabled {
            Switch::On => operations.extend(read),
            Switch::Off => n_off += 1,
        }
    }
    (operations, n_off)
}

/// Reports kinds of faults among the keys of an operation, and where they belong.
fn told_faults(table: &mut Table<'_>, cx: &mut Context<'_>) {
    for key in faults::kinds().filter(|kind| kind_of(kind).is_none()) {
        if let Some(item) = table.peek(key) {
            table.allow(&[key]);
            let place = Place { covers: Covers::Key, ..item.place };
            let hint = format!("write [[fault]], and below it {key} = {{ … }}");
            cx.errors.report(Code::UnknownKey, &place, "is a fault, no operation").hint(hint);
        }
    }
}

/// Warns of a call that is refused whenever it comes.
fn check_answer(scripted: &Scripted, place: &Place, topology: &Topology, cx: &mut Context<'_>) {
    let Action::Operation(operation) = &scripted.action else {
        return;
    };
    if let Some(refusal) = refused::always(operation, topology) {
        let message = "is refused whenever it comes, and changes nothing";
        let place = Place { covers: Covers::Key, ..place.clone() };
        let told = cx.errors.report(Code::AlwaysRefused, &place, message).hint(refusal.says());
        if let (Refusal::SourceIsElastiCache, Some(source)) =
            (refusal, migration_calls::source(topology))
        {
            let source = &topology.groups[source.idx()];
            if source.keeper == Keeper::ElastiCache {
                let id = excerpt(&source.id);
                told.hint(format!("if `{id}` is self-hosted, add [group.self-hosted] below it"));
            }
        }
        told.hint(answer_by(refusal.error(), refusal.rule()));
    }
}

/// Reads an operation; with it comes the place of its kind.
fn operation(
    table: &mut Table<'_>,
    (topology, horizon): (&Topology, Option<SimTime>),
    addresses: &mut Addresses,
    cx: &mut Context<'_>,
) -> Option<(Scripted, Place)> {
    let (at, id) = (table.get("at"), table.get("id"));
    let moment = at.as_ref().and_then(|at| script::moment(at, Section::Operation, horizon, cx));
    let only = laws::one_of(table, &kinds().collect::<Vec<_>>(), "operation", cx);
    if at.is_none() && only.is_some() {
        cx.errors.missing(&table.place, "at").hint(r#"say when, as in at = "1h""#);
    }
    let (key, item) = only?;
    let address = addresses.line((Section::Operation, key), id.as_ref(), &item.place, cx);
    let form = aws_text::FORMS.iter().find(|(name, _)| *name == key);
    let operation = match form {
        Some((_, form)) => {
            let call = aws_text::read(*form, &item, &mut cx.errors)?;
            of_call(&call, &item, topology, cx)
        }
        None => {
            let kind = kind_of(key)?;
            if let (Kind::Migration(call), true) = (kind, item.is_text()) {
                let operation = migration_calls::of_text(call, &item, topology, cx)?;
                let action = Action::Operation(operation);
                return Some((Scripted { at: moment?, action, address: address? }, item.place));
            }
            let mut table = item.table(&mut cx.errors, "")?;
            let operation = of_kind(kind, &mut table, topology, cx);
            table.finish(&mut cx.errors, &[]);
            operation
        }
    };
    let action = Action::Operation(operation?);
    Some((Scripted { at: moment?, action, address: address? }, item.place))
}

/// The operation that a call comes to.
fn of_call(
    call: &Call,
    item: &Item<'_>,
    topology: &Topology,
    cx: &mut Context<'_>,
) -> Option<Operation> {
    let inner = Item::new(item.place.path.clone(), &call.table);
    let mut table = inner.table(&mut cx.errors, "")?;
    let n_before = cx.assumptions.len();
    let operation = of_kind(kind_of(call.kind)?, &mut table, topology, cx);
    // What a call leaves out the API decides, and the text has no place to write it down.
    cx.assumptions.truncate(n_before);
    table.finish(&mut cx.errors, &[]);
    let operation = operation?;
    match &call.region {
        Some((region, at)) => {
            let place = Place { at: at.clone(), ..item.place.clone() };
            is_known_in(region, &place, (&operation, topology), cx).then_some(operation)
        }
        None => Some(operation),
    }
}

/// Whether a call goes to the region of the group that it is about; what is known in one region is
/// not found in another, which is reported (MZ-20, MZ-21).
fn is_known_in(
    region: &str,
    place: &Place,
    (operation, topology): (&Operation, &Topology),
    cx: &mut Context<'_>,
) -> bool {
    let group = topology.group_of(operation);
    let nodes = topology.nodes.iter().filter(|node| topology.is_in(node, group));
    let azs = nodes.map(|node| topology.azs[node.az.idx()].name.as_str());
    let regions: BTreeSet<&str> = azs.filter_map(region_name).collect();
    if regions.is_empty() || regions.contains(region) {
        return true;
    }
    let group = &topology.groups[group.idx()].id;
    let message = format!("there is no group `{}` in this region", excerpt(group));
    let error = match operation {
        Operation::Reboot { .. } => ApiError::CacheClusterNotFound,
        Operation::Modify { .. }
        | Operation::PromoteReplica { .. }
        | Operation::TestFailover { .. }
        | Operation::SetReplicas { .. }
        | Operation::AttachExternalReplica { .. }
        | Operation::CreateSnapshot { .. }
        | Operation::ServiceUpdate { .. }
        | Operation::Migration { .. } => ApiError::ReplicationGroupNotFound,
    };
    cx.errors
        .report(Code::UnknownTarget, place, message)
        .hint(format!("its AZs are in {}: send the call there", listed(regions)))
        .hint(answer_by(error, "MZ-20, MZ-21"));
    false
}

/// Reads the table of an operation of the kind `kind`.
fn of_kind(
    kind: Kind,
    table: &mut Table<'_>,
    topology: &Topology,
    cx: &mut Context<'_>,
) -> Option<Operation> {
    let group =
        |table: &mut Table<'_>, cx: &mut _| victims::group(table, topology, Asker::Operation, cx);
    match kind {
        Kind::Modify => {
            let group = group(table, cx);
            // Before the changes, which ask whether anything else is there.
            let apply = apply(table, cx);
            let changes = changes(table, group, topology, cx);
            Some(Operation::Modify { group: group?, changes: changes?, apply })
        }
        Kind::PromoteReplica => {
            node(table, topology, cx).map(|node| Operation::PromoteReplica { node })
        }
        Kind::TestFailover => {
            let shard = shard(table, topology, cx);
            let answer = match switch(table, "cancel", "the console asks, and the test goes on", cx)
            {
                Switch::On => Answer::Cancel,
                Switch::Off => Answer::Continue,
            };
            Some(Operation::TestFailover { shard: shard?, answer })
        }
        Kind::Reboot => node(table, topology, cx).map(|node| Operation::Reboot { node }),
        Kind::IncreaseReplicaCount => {
            let group = group(table, cx);
            azs(table, cx);
            let count = replica_count(table, 1..=MAX_REPLICAS, cx);
            let (direction, apply) = (Direction::Increase, apply_at_once(table, cx));
            Some(Operation::SetReplicas { group: group?, count: count?, direction, apply })
        }
        Kind::DecreaseReplicaCount => {
            let group = group(table, cx);
            let count = replica_count(table, 0..=MAX_REPLICAS - 1, cx);
            let (direction, apply) = (Direction::Decrease, apply_at_once(table, cx));
            Some(Operation::SetReplicas { group: group?, count: count?, direction, apply })
        }
        Kind::AttachExternalReplica => {
            let group = group(table, cx);
            let hinders_permille = hinders(table, cx);
            let (group, hinders_permille) = (group?, hinders_permille?);
            Some(Operation::AttachExternalReplica { group, hinders_permille })
        }
        Kind::CreateSnapshot => group(table, cx).map(|group| Operation::CreateSnapshot { group }),
        Kind::ServiceUpdate => {
            let group = group(table, cx);
            let place = table.peek("group").map_or(table.place.clone(), |item| item.place);
            faults::check_updated(group, &place, topology, cx);
            let (method, apply) = (method(table, cx), apply(table, cx));
            Some(Operation::ServiceUpdate { group: group?, apply, method })
        }
        Kind::Migration(call) => migration_calls::of_table(call, table, topology, cx),
    }
}

fn node(table: &mut Table<'_>, topology: &Topology, cx: &mut Context<'_>) -> Option<NodeId> {
    let hint = r#"name the node, as in node = "redis1x3-002""#;
    let missing = ApiError::MissingParameter;
    let item = answered(missing, cx, |cx| table.require("node", &mut cx.errors, hint))?;
    topology.find_node(&item, Asker::Operation, cx)
}

/// The shard of a test failover, which need not be named if its group has only one.
fn shard(table: &mut Table<'_>, topology: &Topology, cx: &mut Context<'_>) -> Option<ShardId> {
    let group = victims::group(table, topology, Asker::Operation, cx);
    let item = table.get("shard");
    let group = group?;
    if let Some(item) = item {
        return topology.find_shard(group, &item, Asker::Operation, cx);
    }
    let shards = topology.groups[group.idx()].shards.clone();
    if shards.len() != 1 {
        let hint = format!("the group has {} shards: say which, as in \"0001\"", shards.len());
        let told = cx.errors.missing(&table.place, "shard").hint(hint);
        told.hint(answer_by(ApiError::MissingParameter, "MZ-50"));
        return None;
    }
    Some(ShardId(shards.start))
}

/// What a modification is to change.
fn changes(
    table: &mut Table<'_>,
    group: Option<GroupId>,
    topology: &Topology,
    cx: &mut Context<'_>,
) -> Option<Changes> {
    const KEYS: [&str; 6] = [
        "automatic-failover",
        "multi-az",
        "primary",
        "append-only-file",
        "snapshot-retention",
        "snapshotting-node",
    ];
    let is_empty = KEYS.iter().all(|key| table.peek(key).is_none());
    let mut position = |key: &'static str| {
        let item: Option<Item<'_>> = table.get(key);
        item.and_then(|item| item.boolean(&mut cx.errors)).map(Switch::from)
    };
    let (automatic_failover, multi_az) = (position("automatic-failover"), position("multi-az"));
    let append_only_file = position("append-only-file");
    let primary = member(table, "primary", (group, topology), cx);
    let snapshotting_node = member(table, "snapshotting-node", (group, topology), cx);
    let retention = table.get("snapshot-retention");
    let snapshot_retention = retention.and_then(|item| days_kept(&item, cx));
    if is_empty && !table.has_others() {
        let hint = format!("name what is to change: {}", listed(KEYS));
        cx.errors
            .report(Code::NothingToDo, &table.place, "changes nothing")
            .hint(hint)
            .hint(answer(ApiError::InvalidParameterCombination));
        return None;
    }
    Some(Changes {
        automatic_failover,
        multi_az,
        primary,
        snapshot_retention,
        snapshotting_node,
        append_only_file,
    })
}

/// The node of the group that the value of `key` names, if there is one.
pub(super) fn member(
    table: &mut Table<'_>,
    key: &'static str,
    (group, topology): (Option<GroupId>, &Topology),
    cx: &mut Context<'_>,
) -> Option<NodeId> {
    let item = table.get(key)?;
    let node = topology.find_node(&item, Asker::Operation, cx)?;
    let group = group?;
    if !topology.is_in(&topology.nodes[node.idx()], group) {
        let id = &topology.groups[group.idx()].id;
        let message = format!("is no node of the group `{}`", excerpt(id));
        cx.errors
            .report(Code::UnknownTarget, &item.place, message)
            .hint(answer(ApiError::InvalidParameterValue));
        return None;
    }
    Some(node)
}

/// When a change is applied.
fn apply(table: &mut Table<'_>, cx: &mut Context<'_>) -> Apply {
    match switch(table, "apply-immediately", "as the API has it", cx) {
        Switch::On => Apply::Immediately,
        Switch::Off => Apply::InWindow,
    }
}

/// When the number of replicas changes: at once, unless somebody asks for what AWS refuses.
fn apply_at_once(table: &mut Table<'_>, cx: &mut Context<'_>) -> Apply {
    const KEY: &str = "apply-immediately";
    let Some(item) = table.get(KEY) else {
        let path = join(&table.place.path, KEY);
        cx.assume(&path, "true", Origin::convention("AWS takes nothing else here"));
        return Apply::Immediately;
    };
    match item.boolean(&mut cx.errors) {
        Some(false) => Apply::InWindow,
        Some(true) | None => Apply::Immediately,
    }
}

/// A switch that is off by convention.
fn switch(
    table: &mut Table<'_>,
    key: &'static str,
    why: &'static str,
    cx: &mut Context<'_>,
) -> Switch {
    match table.get(key) {
        Some(item) => item.boolean(&mut cx.errors).map_or(Switch::Off, Switch::from),
        None => {
            let path = join(&table.place.path, key);
            cx.assume(&path, "false", Origin::convention(why));
            Switch::Off
        }
    }
}

/// How a service update brings nodes to their new version.
pub(super) fn method(table: &mut Table<'_>, cx: &mut Context<'_>) -> UpdateMethod {
    let ways = [("replace", UpdateMethod::Replace), ("patch", UpdateMethod::Patch)];
    let why = (Confidence::Assumed, "published timelines show both");
    sections::rule(table, "method", &ways, why, cx)
}

/// The number of replicas that each shard is to have.
fn replica_count(
    table: &mut Table<'_>,
    range: RangeInclusive<u64>,
    cx: &mut Context<'_>,
) -> Option<u8> {
    let hint = "how many replicas each shard is to have, as in to = 2";
    let missing = ApiError::MissingParameter;
    let item = answered(missing, cx, |cx| table.require("to", &mut cx.errors, hint))?;
    let is_above = item.count(&mut Errors::default(), MAX_REPLICAS + 1..=u64::MAX).is_some();
    let error = match is_above {
        true => ApiError::NodeQuotaForClusterExceeded,
        false => ApiError::InvalidParameterValue,
    };
    let hint = format!("a shard has at most {MAX_REPLICAS} replicas; {}", answer(error));
    count_within(&item, range, &hint, cx)
}

/// A small whole number; outside of `range` the hint says what AWS answers.
fn count_within(
    item: &Item<'_>,
    range: RangeInclusive<u64>,
    hint: &str,
    cx: &mut Context<'_>,
) -> Option<u8> {
    let wrong = ApiError::InvalidParameterValue;
    let count = answered(wrong, cx, |cx| item.count(&mut cx.errors, 0..=u64::MAX))?;
    if !range.contains(&count) {
        let (low, high) = range.into_inner();
        let message = format!("must be from {low} to {high}");
        cx.errors.report(Code::OutOfRange, &item.place, message).hint(hint);
        return None;
    }
    u8::try_from(count).ok()
}

/// The number of days for which automatic backups are kept.
pub(super) fn days_kept(item: &Item<'_>, cx: &mut Context<'_>) -> Option<u8> {
    let n_before = cx.errors.count();
    let error = answer(ApiError::InvalidParameterValue);
    let days = count_within(item, 0..=MAX_RETENTION, &error, cx);
    let hint = "a number of days, as in snapshot-retention = 7; 0 switches backups off (BK-01)";
    cx.errors.hint_since(n_before, hint);
    days
}

/// Checks the AZs of the replicas that are added; `add_nodes` has used them already.
fn azs(table: &mut Table<'_>, cx: &mut Context<'_>) {
    let Some(item) = table.get("azs") else {
        return;
    };
    let hint = r#"write azs = ["us-west-2a", "us-west-2b"]"#;
    let items = item.array(&mut cx.errors, "an array of AZ names", hint).unwrap_or_default();
    if items.is_empty() || items.len() as u64 > MAX_REPLICAS {
        if item.node().as_array().is_some() {
            let message = format!("names {} AZs", items.len());
            let hint = format!("name one to {MAX_REPLICAS}: the added replicas go there in turn");
            let told = cx.errors.report(Code::OutOfRange, &item.place, message).hint(hint);
            told.hint(answer(ApiError::InvalidParameterValue));
        }
        return;
    }
    for item in &items {
        // Only its name is checked: a replica may be the first node in its AZ.
        let wrong = ApiError::InvalidParameterValue;
        let _ = answered(wrong, cx, |cx| groups::name_of_one(item, cx));
    }
}

/// The chance with which an external replica makes a promotion fail, in thousandths.
fn hinders(table: &mut Table<'_>, cx: &mut Context<'_>) -> Option<u16> {
    let path = join(&table.place.path, "hinders");
    let Some(item) = table.get("hinders") else {
        let why = "documented only as: it can hinder failover (MZ-65)";
        cx.assume(&path, "0.5", Origin::default(Confidence::Assumed, why));
        return Some(500);
    };
    cx.assume(&path, item.node().printed(), Origin::Unsourced);
    let chance = item.number(&mut cx.errors)?;
    if !(0.0..=1.0).contains(&chance) {
        let hint = "the chance that a promotion fails, as in hinders = 0.5";
        cx.errors.report(Code::NotAChance, &item.place, "must be from 0 to 1").hint(hint);
        return None;
    }
    Some((chance * 1000.0).round() as u16)
}
