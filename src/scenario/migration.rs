//! `[migration]`: an online migration from a group to another, with its link, its calls and its
//! clients. Its operations and what it refuses beside it are in `migration_calls`, what can be told
//! of it by arithmetic alone in `migration_sums`.

use super::Confidence::{Assumed, Documented};
use super::Origin;
use super::codes::Code;
use super::diagnostics::{Place, join};
use super::groups::{EngineKind, GroupDraft};
use super::laws;
use super::limits::NodeType;
use super::migration_calls::{Migrating, Site};
use super::migration_sums;
use super::node_types;
use super::reader::{Context, Item, Table};
use super::sections::{self, Default, default};
use super::topology::{Asker, Topology, answer};
use crate::engine::law::Law;
use crate::engine::time::Span;
use crate::model::api::{ApiError, Refusal};
use crate::model::persistence::Durability;
use crate::model::plan::{
    Clients, ClusterMode, CutOver, CutOverBegins, FullSync, GroupId, Keeper, Layout, LinkPlan,
    MigrationPlan, MigrationTiming, Obstacle, SEAMLESS_SINCE, ShardId, Switch, Workload,
};

const BANDWIDTH: Default =
    default("bandwidth", "\"100 MB/s\"", Assumed, "a network of 1 Gbit/s, not quite filled");
const FORK_PAUSE: Default = default(
    "fork-pause-per-gib",
    "\"10ms\"",
    Documented,
    "Redis documentation, latency: 10 ms per GB on current instances",
);
const SAVE: Default = default(
    "save-per-gib",
    "\"9s\"",
    Assumed,
    "about 120 MB/s, as one log has it; nothing where copies go without a disk",
);
const LOAD: Default = default("load-per-gib", "\"5s\"", Assumed, "about 200 MB/s");
const PAGE: Default =
    default("source-page", "\"4 KiB\"", Documented, "a page of Linux; huge ones have 2 MiB");
const RESTART: Default =
    default("source-restart", "\"2m\"", Assumed, "somebody sees to a machine without memory");
const RETRY: Default = default("retry", "\"10s\"", Assumed, "nothing is published");
const RECONNECT: Default = default(
    "reconnect",
    "\"1s\"",
    Documented,
    "engine: a replica without its link tries again each second (replicationCron)",
);
const TEST: Default = default("test", "\"1m\"", Assumed, "nothing is published");
const START: Default = default("start", "\"2m\"", Assumed, "nothing is published");
const RESHARD: Default =
    default("reshard-per-slot", "\"100ms\"", Assumed, "about half an hour for all hash slots");
const COMPLETE: Default =
    default("complete", "\"1m\"", Assumed, "documented only as typically within minutes");
const AGAIN: Default = default("complete-again", "\"1m\"", Assumed, "who is told to wait waits");
const PATIENCE: Default =
    default("patience", "\"30m\"", Assumed, "a maintenance window that was announced");
const IN_SYNC_LAG: Default = default(
    "in-sync-lag",
    "\"10s\"",
    Assumed,
    "nothing is published; min-replicas-max-lag takes it for good",
);
const MOVES: Default = default(
    "moves",
    r#"{ uniform = ["0s", "1m"] }"#,
    Assumed,
    "a configuration that is rolled out",
);
const REPOINT: Default =
    default("repoint", "\"2s\"", Assumed, "clients close their connections and open others");

/// Bytes per second: more is surely a slip.
const MOST_BANDWIDTH: u64 = 1 << 50;
/// The largest huge page, 1 GiB.
const MOST_PAGE: u64 = 1 << 30;
/// Each cohort is a thing that moves by itself.
const MOST_COHORTS: u64 = 1_000;
/// Why there are so many cohorts.
const COHORTS_WHY: &str = "how finely the moving of clients is told";

/// What of other sections decides on a migration.
pub(super) struct Surroundings<'a> {
    /// What is written.
    pub workload: Workload,
    /// Where that stands.
    pub workload_place: &'a Place,
    /// How far replicas trail.
    pub lag: &'a Law,
    /// The same as TOML, if it is given.
    pub lag_shown: Option<&'a str>,
    /// Whether a second region has a copy of every group.
    pub second_region: Switch,
}

/// Reads `[migration]`, and makes the target what it is in one: nobody writes to it, or reads from
/// it, at the start, and its shards hold what those of the source do once they follow them.
pub(super) fn read(
    root: &mut Table<'_>,
    (drafts, topology): (&[GroupDraft], &mut Topology),
    around: &Surroundings<'_>,
    cx: &mut Context<'_>,
) -> Option<MigrationPlan> {
    let item = root.get("migration")?;
    topology.migration = Migrating::Unreadable;
    let mut table = item.table(&mut cx.errors, "write [migration]")?;
    let place = table.place.clone();
    let ends = ends(&mut table, topology, cx);
    let bandwidth = bandwidth(&mut table, cx);
    let link = LinkPlan {
        bytes_per_sec: bandwidth,
        lag: lag(&mut table, around, cx),
        fork_pause: work(&mut table, ("fork-pause", &FORK_PAUSE), cx),
        save: work(&mut table, ("save", &SAVE), cx),
        load: work(&mut table, ("load", &LOAD), cx),
        page_bytes: page(&mut table, cx),
        restart: sections::law(&mut table, &RESTART, cx),
        retry: above_zero(&mut table, &RETRY, cx),
        reconnect: above_zero(&mut table, &RECONNECT, cx),
        attempts: attempts(&mut table, cx),
        // What is the source's business follows once it is known.
        hard_limit: None,
        soft_limit: None,
        soft_for: Span::ZERO,
        backlog_bytes: 0,
        source_memory: None,
        // And of the target's size once that is known.
        room: None,
    };
    let timing = MigrationTiming {
        test: sections::law(&mut table, &TEST, cx),
        start: sections::law(&mut table, &START, cx),
        reshard_slot: length(&mut table, &RESHARD, cx),
        complete: sections::law(&mut table, &COMPLETE, cx),
        again: above_zero(&mut table, &AGAIN, cx),
        patience: length(&mut table, &PATIENCE, cx),
    };
    let in_sync_lag = length(&mut table, &IN_SYNC_LAG, cx);
    let cut_over = cut_over(&mut table, cx);
    let cut_over_begins = cut_over_begins(&mut table, cx);
    let clients = clients(&mut table, cx);
    table.finish(&mut cx.errors, &[]);
    let (source, target) = ends?;
    let drafts = Drafts::of((source, target), drafts, topology)?;
    refuse_beside(&drafts, around, cx);
    let link = LinkPlan { room: room(drafts.target), ..of_source(link, drafts.source) };
    let refusals = refusals(&drafts, around);
    let obstacles = obstacles(drafts.source, cx);
    let created_slots = slots_of(target, topology);
    let (pairs, layout) = pair(source, target, topology);
    topology.migration = Migrating::Into(Site::new((source, target), &drafts, &refusals, topology));
    let plan = MigrationPlan {
        source,
        target,
        pairs,
        layout,
        created_slots,
        refusals,
        obstacles,
        link,
        timing,
        in_sync_lag,
        clients: clients?,
        cut_over,
        cut_over_begins,
    };
    migration_sums::check(&plan, (topology, around.workload), &place, cx);
    Some(plan)
}

/// Source and target, as they are written.
pub(super) struct Drafts<'a> {
    /// The source.
    pub source: &'a GroupDraft,
    /// The target.
    pub target: &'a GroupDraft,
}

impl<'a> Drafts<'a> {
    fn of(
        (source, target): (GroupId, GroupId),
        drafts: &'a [GroupDraft],
        topology: &Topology,
    ) -> Option<Self> {
        let find = |id: GroupId| drafts.iter().find(|it| it.id == topology.groups[id.idx()].id);
        Some(Drafts { source: find(source)?, target: find(target)? })
    }
}

/// Source and target.
fn ends(
    table: &mut Table<'_>,
    topology: &Topology,
    cx: &mut Context<'_>,
) -> Option<(GroupId, GroupId)> {
    let hint = r#"name the self-hosted group, as in source = "legacy""#;
    let source = table.require("source", &mut cx.errors, hint);
    let hint = r#"name the group in ElastiCache, as in target = "shop""#;
    let target = table.require("target", &mut cx.errors, hint);
    let source = source.and_then(|item| topology.find_group(&item, Asker::Fault, cx));
    let target_item = target?;
    let target = topology.find_group(&target_item, Asker::Operation, cx)?;
    let source = source?;
    if source == target {
        let message = "is the source too";
        let hint = "data is migrated from one group into another: write two [[group]]";
        cx.errors.report(Code::MigrationGroups, &target_item.place, message).hint(hint);
        return None;
    }
    if topology.groups[target.idx()].keeper == Keeper::Users {
        let message = "is self-hosted, and StartMigration knows groups in ElastiCache only";
        let told = cx.errors.report(Code::MigrationGroups, &target_item.place, message);
        told.hint("leave [group.self-hosted] out there").hint(answer(NOT_FOUND));
        return None;
    }
    Some((source, target))
}

const NOT_FOUND: ApiError = ApiError::ReplicationGroupNotFound;

/// Bytes per second that a link carries.
fn bandwidth(table: &mut Table<'_>, cx: &mut Context<'_>) -> u64 {
    let read =
        |item: &Item<'_>, cx: &mut Context<'_>| item.rate(&mut cx.errors, 1..=MOST_BANDWIDTH);
    match table.get(BANDWIDTH.key) {
        Some(item) => {
            cx.assume(&item.place.path, item.printed(), Origin::Unsourced);
            read(&item, cx).unwrap_or(1)
        }
        None => defaulted(table, &BANDWIDTH, read, cx),
    }
}

/// Notes a default and reads it.
fn defaulted<T>(
    table: &Table<'_>,
    default: &Default,
    read: impl FnOnce(&Item<'_>, &mut Context<'_>) -> Option<T>,
    cx: &mut Context<'_>,
) -> T {
    let path = join(&table.place.path, default.key);
    cx.assume(&path, default.toml, default.origin.clone());
    sections::with_default(default, read)
}

/// How far the target trails: as far as replicas do, unless something else is said.
fn lag(table: &mut Table<'_>, around: &Surroundings<'_>, cx: &mut Context<'_>) -> Law {
    match table.get("lag") {
        Some(item) => laws::read(&item, cx).unwrap_or(Law::fixed(Span::ZERO)),
        None => {
            let path = join(&table.place.path, "lag");
            let shown = around.lag_shown.unwrap_or(sections::LAG.toml);
            cx.assume(&path, shown, Origin::derived(Assumed, "that of [replication]"));
            around.lag.clone()
        }
    }
}

/// A time that is a law, or grows with the data: of the two keys one can be given.
fn work(
    table: &mut Table<'_>,
    (key, per_gib): (&'static str, &Default),
    cx: &mut Context<'_>,
) -> FullSync {
    let read = |item: &Item<'_>, cx: &mut Context<'_>| item.span(&mut cx.errors);
    match (table.get(key), table.get(per_gib.key)) {
        (Some(law), Some(grows)) => {
            let message = format!("`{key}` and `{}` exclude each other", per_gib.key);
            let hint = "the first is a law whatever the size, the second a time per GiB";
            let told = cx.errors.report(Code::Exclusive, &law.place, message).hint(hint);
            told.relate(&grows.place.at, "the time per GiB");
            FullSync::PerGib(Span::ZERO)
        }
        (Some(item), None) => {
            FullSync::Law(laws::read(&item, cx).unwrap_or(Law::fixed(Span::ZERO)))
        }
        (None, Some(item)) => {
            cx.assume(&item.place.path, item.printed(), Origin::Unsourced);
            FullSync::PerGib(read(&item, cx).unwrap_or(Span::ZERO))
        }
        (None, None) => FullSync::PerGib(defaulted(table, per_gib, read, cx)),
    }
}

/// Bytes that a write makes the source copy while it is forked.
fn page(table: &mut Table<'_>, cx: &mut Context<'_>) -> u64 {
    let read = |item: &Item<'_>, cx: &mut Context<'_>| item.size(&mut cx.errors, 0..=MOST_PAGE);
    match table.get(PAGE.key) {
        Some(item) => {
            cx.assume(&item.place.path, item.printed(), Origin::Unsourced);
            read(&item, cx).unwrap_or(0)
        }
        None => defaulted(table, &PAGE, read, cx),
    }
}

/// A law that is never zero.
fn above_zero(table: &mut Table<'_>, default: &Default, cx: &mut Context<'_>) -> Law {
    let law = sections::law(table, default, cx);
    let is_zero = law.range().is_some_and(|(shortest, _)| shortest == Span::ZERO);
    if let Some(item) = table.get(default.key).filter(|_| is_zero) {
        let message = "can be zero, and would be tried for ever at one instant";
        let hint = format!("begin above zero, as in {} = {}", default.key, default.toml);
        cx.errors.report(Code::DurationRange, &item.place, message).hint(hint);
    }
    law
}

/// How often the target tries to connect.
fn attempts(table: &mut Table<'_>, cx: &mut Context<'_>) -> u16 {
    const USUAL: u16 = 10;
    match table.get("attempts") {
        Some(item) => {
            cx.assume(&item.place.path, item.printed(), Origin::Unsourced);
            let count = item.count(&mut cx.errors, 1..=u64::from(u16::MAX));
            count.map_or(USUAL, |count| count as u16)
        }
        None => {
            let why = Origin::default(Assumed, "documented only as several retries");
            cx.assume(&join(&table.place.path, "attempts"), USUAL.to_string(), why);
            USUAL
        }
    }
}

/// A length of which no law is made.
fn length(table: &mut Table<'_>, default: &Default, cx: &mut Context<'_>) -> Span {
    let read = |item: &Item<'_>, cx: &mut Context<'_>| item.span(&mut cx.errors);
    match table.get(default.key) {
        Some(item) => {
            cx.assume(&item.place.path, item.printed(), Origin::Unsourced);
            read(&item, cx).unwrap_or(Span::ZERO)
        }
        None => defaulted(table, default, read, cx),
    }
}

fn cut_over(table: &mut Table<'_>, cx: &mut Context<'_>) -> CutOver {
    let ways = [
        ("stop-writes-first", CutOver::StopWritesFirst),
        ("switch-on-the-fly", CutOver::SwitchOnTheFly),
        ("force", CutOver::Force),
    ];
    sections::rule(table, "cut-over", &ways, (Assumed, "the one that loses nothing"), cx)
}

/// When the operator begins with the cut-over by himself.
fn cut_over_begins(table: &mut Table<'_>, cx: &mut Context<'_>) -> Option<CutOverBegins> {
    const KEYS: [&str; 2] = ["cut-over-after-sync", "cut-over-after-start"];
    match KEYS.map(|key| table.get(key)) {
        [Some(sync), Some(start)] => {
            let message = format!("`{}` and `{}` exclude each other", KEYS[0], KEYS[1]);
            let told = cx.errors.report(Code::Exclusive, &sync.place, message);
            told.hint("the cut-over begins once: leave one of the two out");
            told.relate(&start.place.at, "the other");
            None
        }
        [Some(item), None] => laws::read_scripted(&item, cx).map(CutOverBegins::AfterSync),
        [None, Some(item)] => laws::read_scripted(&item, cx).map(CutOverBegins::AfterStart),
        [None, None] => None,
    }
}

/// Reads `[migration.clients]`.
fn clients(table: &mut Table<'_>, cx: &mut Context<'_>) -> Option<Clients> {
    let given = table.get("clients");
    let mut inner = match &given {
        Some(item) => item.table(&mut cx.errors, "write [migration.clients]")?,
        None => table.absent(&join(&table.place.path, "clients")),
    };
    let t = &mut inner;
    let cohorts = match t.get("cohorts") {
        Some(item) => item.count(&mut cx.errors, 1..=MOST_COHORTS),
        None => {
            let path = join(&t.place.path, "cohorts");
            cx.assume(&path, "10", Origin::convention(COHORTS_WHY));
            Some(10)
        }
    };
    let most = cohorts.unwrap_or(MOST_COHORTS);
    let moves = sections::law(t, &MOVES, cx);
    let repoint = sections::law(t, &REPOINT, cx);
    let stray = some(t, ("stray", most), "everybody hears of the migration", cx);
    let early = some(t, ("early", most), "nobody moves before he is told", cx);
    let early_item = t.get("early");
    let at = t.get("early-at");
    let early_at = match (&at, early) {
        (Some(item), _) => laws::read_scripted(item, cx),
        (None, 0) => Some(Law::fixed(Span::ZERO)),
        (None, _) => {
            let hint = r#"say when, from the start of the trial, as in early-at = "5m""#;
            cx.errors.missing(&t.place, "early-at").hint(hint);
            None
        }
    };
    if let Some(item) = at.filter(|_| early == 0) {
        let message = "nobody moves early";
        let hint = "write early = 1, or leave this out";
        cx.errors.report(Code::WithoutEffect, &item.place, message).hint(hint);
    }
    if let Some(item) = early_item.filter(|_| stray + early > most) {
        let message = format!("{early} move early and {stray} never, of {most} cohorts");
        let hint = "the same cohort cannot do both: lower `early` or `stray`, or raise `cohorts`";
        cx.errors.report(Code::OutOfRange, &item.place, message).hint(hint);
    }
    inner.finish(&mut cx.errors, &[]);
    Some(Clients {
        cohorts: cohorts? as u16,
        moves,
        repoint,
        stray: stray as u16,
        early: early as u16,
        early_at: early_at?,
    })
}

/// How many cohorts do something; by convention none.
fn some(
    table: &mut Table<'_>,
    (key, most): (&'static str, u64),
    why: &'static str,
    cx: &mut Context<'_>,
) -> u64 {
    match table.get(key) {
        Some(item) => item.count(&mut cx.errors, 0..=most).unwrap_or(0),
        None => {
            cx.assume(&join(&table.place.path, key), "0", Origin::convention(why));
            0
        }
    }
}

/// Reports what is not modelled beside a migration.
fn refuse_beside(drafts: &Drafts<'_>, around: &Surroundings<'_>, cx: &mut Context<'_>) {
    if around.workload.wait.is_some() {
        let path = join(&around.workload_place.path, "wait");
        let place = Place { path, ..around.workload_place.clone() };
        let message = "is not modelled beside a migration";
        let hint = "replicas of source and target do not answer for each other: leave `wait` out";
        cx.errors.report(Code::NotWithMigration, &place, message).hint(hint);
    }
    for draft in [drafts.source, drafts.target] {
        if draft.durability != Durability::Disabled {
            let message = "a durable group is not modelled beside a migration of its data";
            let hint = r#"the log has one history only: write durability = "disabled""#;
            cx.errors.report(Code::NotWithMigration, &draft.place, message).hint(hint);
        }
    }
}

/// The link with what the source's settings say of it.
fn of_source(link: LinkPlan, source: &GroupDraft) -> LinkPlan {
    match &source.self_hosted {
        Some(own) => LinkPlan {
            hard_limit: own.hard_limit,
            soft_limit: own.soft_limit,
            soft_for: own.soft_for,
            backlog_bytes: own.backlog,
            source_memory: own.memory,
            ..link
        },
        // The API refuses such a source, and no link ever begins there.
        None => link,
    }
}

/// What the API answers because of how source and target are set up, in its order.
fn refusals(drafts: &Drafts<'_>, around: &Surroundings<'_>) -> Vec<Refusal> {
    let Drafts { source, target } = drafts;
    let databases = |draft: &GroupDraft| match (draft.cluster_mode, &draft.self_hosted) {
        (ClusterMode::Enabled, _) => 1,
        (ClusterMode::Disabled, Some(own)) => own.databases,
        (ClusterMode::Disabled, None) => draft.target.databases,
    };
    let engine = target.engine;
    let is_old = engine.kind == EngineKind::Redis && engine.version < SEAMLESS_SINCE;
    let all = [
        (source.self_hosted.is_none(), Refusal::SourceIsElastiCache),
        (target.node_kind() == Some(NodeType::R6gd), Refusal::MigrationToDataTiering),
        (target.target.transit_encryption == Switch::On, Refusal::MigrationToEncrypted),
        (is_old, Refusal::MigrationToOldEngine),
        (around.second_region == Switch::On, Refusal::MigrationToGlobalDatastore),
        (source.cluster_mode != target.cluster_mode, Refusal::MigrationModes),
        (source.shards.len() != target.shards.len(), Refusal::MigrationShards),
        (databases(source) != databases(target), Refusal::MigrationDatabases),
    ];
    all.into_iter().filter(|(is_so, _)| *is_so).map(|(_, refusal)| refusal).collect()
}

/// Bytes of data for which a node of the target has room besides what is reserved.
fn room(target: &GroupDraft) -> Option<u64> {
    let (name, _) = target.node_type.as_ref()?;
    node_types::usable_bytes(name)
}

/// What an attempt to connect finds in its way; warns of it.
fn obstacles(source: &GroupDraft, cx: &mut Context<'_>) -> Vec<Obstacle> {
    let mut found: Vec<Obstacle> = Vec::new();
    for (obstacle, place) in source.self_hosted.iter().flat_map(|own| &own.obstacles) {
        if let Some((message, hint)) = said(*obstacle) {
            let message = format!("{message}: the migration cannot connect");
            cx.errors.report(Code::CannotConnect, place, message).hint(hint);
        }
        if !found.contains(obstacle) {
            found.push(*obstacle);
        }
    }
    found
}

/// An obstacle that the source's settings are, and what to do about it.
fn said(obstacle: Obstacle) -> Option<(&'static str, &'static str)> {
    match obstacle {
        Obstacle::Auth => {
            Some(("the source wants a password", "switch it off until the migration is complete"))
        }
        Obstacle::ProtectedMode => {
            Some(("the source is in protected mode", "write protected-mode = false"))
        }
        Obstacle::BlockedNetwork => Some((
            "nobody outside reaches the source",
            r#"write bind = "0.0.0.0", and let the security group admit the target"#,
        )),
        Obstacle::RenamedCommand => {
            Some(("a migration needs this command", "give it its own name back"))
        }
        Obstacle::SourceTooOld => Some((
            "the source's engine is too old",
            "it has to be Redis OSS 2.8.21 or later, with cluster mode 3.0",
        )),
        Obstacle::UnequalPorts => {
            Some(("the nodes listen at different ports", "let all listen at the same one"))
        }
        Obstacle::WrongAddress
        | Obstacle::SourceDown
        | Obstacle::TargetDown
        | Obstacle::TargetTooSmall => None,
    }
}

/// Hash slots of each shard of a group.
fn slots_of(group: GroupId, topology: &Topology) -> Vec<u32> {
    let shards = topology.groups[group.idx()].shards.clone();
    shards.map(|shard| topology.shards[usize::from(shard)].hash_slots).collect()
}

/// Pairs the shards of source and target in the order of their hash slots, counts the slots that
/// have to move first, and makes the target's shards what they are.
fn pair(source: GroupId, target: GroupId, topology: &mut Topology) -> (Vec<ShardId>, Layout) {
    let shards_of = |id: GroupId| -> Vec<ShardId> {
        topology.groups[id.idx()].shards.clone().map(ShardId).collect()
    };
    let (own, aimed) = (shards_of(source), shards_of(target));
    // Nobody writes to the target, or reads from it, before clients move: all that is offered is
    // offered to the source, and goes with the clients.
    for shard in &aimed {
        let shard = &mut topology.shards[shard.idx()];
        shard.writes_per_sec = 0;
        shard.reads_per_sec = 0;
    }
    if own.len() != aimed.len() {
        return (Vec::new(), Layout::Same);
    }
    let slots = moved_slots(&slots_of(source, topology), &slots_of(target, topology));
    for (from, to) in own.iter().zip(&aimed) {
        let source = topology.shards[from.idx()].clone();
        let shard = &mut topology.shards[to.idx()];
        // A shard that follows another has its hash slots, and grows to its size.
        shard.hash_slots = source.hash_slots;
        shard.dataset_bytes = source.dataset_bytes;
    }
    let layout = if slots == 0 { Layout::Same } else { Layout::Resharded { slots } };
    (own, layout)
}

/// How many hash slots have another owner in one layout than in the other; in both each shard has
/// the slots that follow those of the shard before.
fn moved_slots(one: &[u32], other: &[u32]) -> u32 {
    let (mut kept, mut one_from, mut other_from) = (0, 0, 0);
    for (one, other) in one.iter().zip(other) {
        let end = (one_from + one).min(other_from + other);
        kept += end.saturating_sub(one_from.max(other_from));
        one_from += one;
        other_from += other;
    }
    one_from - kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_can_be_read() {
        let laws = [RESTART, RETRY, RECONNECT, TEST, START, COMPLETE, AGAIN, MOVES, REPOINT];
        for default in laws {
            sections::with_default(&default, laws::read);
        }
        for default in [FORK_PAUSE, SAVE, LOAD, RESHARD, PATIENCE, IN_SYNC_LAG] {
            sections::with_default(&default, |item, cx| item.span(&mut cx.errors));
        }
        let bandwidth =
            |item: &Item<'_>, cx: &mut Context<'_>| item.rate(&mut cx.errors, 1..=9 << 40);
        assert_eq!(sections::with_default(&BANDWIDTH, bandwidth), 100_000_000);
        let page = |item: &Item<'_>, cx: &mut Context<'_>| item.size(&mut cx.errors, 0..=MOST_PAGE);
        assert_eq!(sections::with_default(&PAGE, page), 4096);
    }

    #[test]
    fn slots_move_that_have_another_owner() {
        assert_eq!(moved_slots(&[16_384], &[16_384]), 0);
        assert_eq!(moved_slots(&[8_192, 8_192], &[8_192, 8_192]), 0);
        assert_eq!(moved_slots(&[6_000, 10_384], &[8_192, 8_192]), 2_192);
        // Two layouts whose middle shards do not meet at all.
        assert_eq!(moved_slots(&[1, 1, 16_382], &[16_382, 1, 1]), 16_384 - 2);
    }
}
