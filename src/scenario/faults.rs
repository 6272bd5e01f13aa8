//! Faults as a scenario writes them: scheduled ones with `at`, random ones without. A fault is a
//! table with exactly one kind key beside `at`, `id` and `enabled`. Whom scheduled ones strike is
//! in `victims`, what they have in common with operations in `script`.

use super::codes::Code;
use super::diagnostics::{Covers, Place, join};
use super::groups::Switch;
use super::laws::{self, Source};
use super::migration_calls;
use super::operations;
use super::reader::{Context, Item, Table};
use super::script::{self, Addresses, Section};
use super::topology::{Asker, Topology, answer};
use super::victims;
use super::{Confidence, Origin};
use crate::engine::law::Law;
use crate::engine::time::{SimTime, Span};
use crate::model::api::Refusal;
use crate::model::persistence::Durability;
use crate::model::plan::{
    Action, AzFailures, ClusterMode, Group, GroupFailures, GroupId, Keeper, NodeFailures, NodeId,
    RebootBy, Scripted, ScriptedFault, ServiceUpdates, ShardId, Share, Victim,
};

/// Scheduled kinds.
const SCRIPTED: [(&str, Scheduled); 10] = [
    ("fail-primary", Scheduled::FailPrimary),
    ("fail-node", Scheduled::FailNode),
    ("crash-node", Scheduled::CrashNode),
    ("isolate-node", Scheduled::IsolateNode),
    ("isolate-primary", Scheduled::IsolatePrimary),
    ("fail-replicas", Scheduled::FailReplicas),
    ("fail-az", Scheduled::FailAz),
    ("fail-group", Scheduled::FailGroup),
    ("reboot-node", Scheduled::RebootNode),
    ("cut-migration-link", Scheduled::CutMigrationLink),
];
/// Random kinds.
const RANDOM: [(&str, Random); 4] = [
    ("node-failure", Random::Node),
    ("az-failure", Random::Az),
    ("group-failure", Random::Group),
    ("service-update", Random::ServiceUpdate),
];
/// The kinds of scheduled faults.
#[derive(Clone, Copy)]
enum Scheduled {
    FailPrimary,
    FailNode,
    CrashNode,
    IsolateNode,
    IsolatePrimary,
    FailReplicas,
    FailAz,
    FailGroup,
    RebootNode,
    CutMigrationLink,
}

/// The kinds of random faults.
#[derive(Clone, Copy)]
enum Random {
    Node,
    Az,
    Group,
    ServiceUpdate,
}

/// The keys of all kinds.
pub(super) fn kinds() -> impl Iterator<Item = &'static str> {
    let scheduled = SCRIPTED.iter().map(|(key, _)| *key);
    scheduled.chain(RANDOM.iter().map(|(key, _)| *key))
}

/// Kinds of the format that come with later versions.
const LATER: [&str; 1] = ["partition-az"];
/// More writes per second are surely a slip; the shard's rate is the limit in any case.
const MOST_WRITERS_BESIDE: u64 = 1_000_000_000;
/// More lines are surely a slip.
const MAX_FAULTS: usize = 10_000;
/// All clocks of random processes together; each is a slot of the event queue.
const MAX_CLOCKS: usize = 1_000_000;
/// Mean lives below this, in nanoseconds, are a slip of the unit: a year would hold millions.
pub(super) const SHORTEST_MEAN_LIFE: f64 = 1e9;
/// And whose median is shorter than this, in nanoseconds: simulated time would hardly go on.
pub(super) const SHORTEST_MEDIAN_LIFE: f64 = 1e6;

/// The faults of a scenario.
#[derive(Default)]
pub(super) struct Faults {
    /// Scheduled, in file order.
    pub script: Vec<Scripted>,
    /// Random node failures in file order.
    pub node_failures: Vec<NodeFailures>,
    /// Random AZ failures in file order.
    pub az_failures: Vec<AzFailures>,
    /// Random group failures in file order.
    pub group_failures: Vec<GroupFailures>,
    /// Random service updates in file order.
    pub service_updates: Vec<ServiceUpdates>,
    /// How many faults are switched off; they are nowhere above.
    pub n_off: usize,
    /// Where lives of nodes and groups stand that random faults end, and their means in
    /// nanoseconds.
    lives: Vec<(Place, f64)>,
}

impl Faults {
    /// Warns of nodes that fail again about as soon as they are replaced.
    pub fn check_lives(&self, replacement: &Law, cx: &mut Context<'_>) {
        for (place, mean) in &self.lives {
            check_life((place, *mean), ("a replacement", replacement), cx);
        }
    }
}

/// Warns of a life that is hardly longer than what follows on it: hardly anything is like that, and
/// mostly the unit is a slip.
fn check_life((place, mean): (&Place, f64), (what, law): (&str, &Law), cx: &mut Context<'_>) {
    const TIMES: f64 = 2.0;
    if mean >= TIMES * law.mean() {
        return;
    }
    let [lives, takes] = [mean, law.mean()].map(Span::from_nanos_f64);
    let message =
        format!("the next failure comes {lives} later in the mean, and {what} takes {takes}");
    let hint = "they are away more than a third of the time; \"m\" means minutes: of months write \
                the days, as in \"300d\"";
    cx.errors.report(Code::FailsTooSoon, place, message).hint(hint);
}

/// Reads `[[fault]]`. Without a horizon, which then has been reported, no time is too late.
pub(super) fn read(
    item: &Item<'_>,
    topology: &Topology,
    horizon: Option<SimTime>,
    addresses: &mut Addresses,
    cx: &mut Context<'_>,
) -> Faults {
    let mut faults = Faults::default();
    let items = item.elements(&mut cx.errors, "write [[fault]]");
    let items = items.unwrap_or_default();
    if items.len() > MAX_FAULTS {
        let message = format!("there are {} faults", items.len());
        let hint = format!("at most {MAX_FAULTS} are possible");
        cx.errors.report(Code::TooMany, &item.place, message).hint(hint);
        return faults;
    }
    for item in items {
        if let Some(mut table) = item.table(&mut cx.errors, "write [[fault]]") {
            fault(&mut table, topology, horizon, (&mut faults, addresses), cx);
            told_operations(&mut table, cx);
            table.finish(&mut cx.errors, &LATER);
        }
    }
    let n_clocks = faults.node_failures.len() * topology.nodes.len()
        + faults.az_failures.len() * topology.azs.len()
        + (faults.group_failures.len() + faults.service_updates.len()) * topology.groups.len();
    if n_clocks > MAX_CLOCKS {
        let message = format!("random faults need {n_clocks} clocks, one per line and target");
        cx.errors
            .report(Code::TooMany, &item.place, message)
            .hint(format!("at most {MAX_CLOCKS} are possible"));
    }
    faults
}

/// Reports kinds of operations among the keys of a fault, and where they belong.
fn told_operations(table: &mut Table<'_>, cx: &mut Context<'_>) {
    // A service update that comes again and again is a fault.
    let others = operations::kinds().filter(|kind| kinds().all(|own| own != *kind));
    let named = others.map(|kind| (kind, kind)).chain([("maintenance", "service-update")]);
    for (key, kind) in named {
        if let Some(item) = table.peek(key) {
            table.allow(&[key]);
            let place = Place { covers: Covers::Key, ..item.place };
            let hint = format!("write [[operation]], and below it at = \"1h\" and {kind} = {{}}");
            cx.errors.report(Code::UnknownKey, &place, "is an operation, no fault").hint(hint);
        }
    }
}

/// Reads one fault into `faults`, unless it is switched off: then it is checked, and keeps its
/// name and its random numbers to itself.
fn fault(
    table: &mut Table<'_>,
    topology: &Topology,
    horizon: Option<SimTime>,
    (faults, addresses): (&mut Faults, &mut Addresses),
    cx: &mut Context<'_>,
) {
    let (at, id) = (table.get("at"), table.get("id"));
    let moment = at.as_ref().and_then(|at| script::moment(at, Section::Fault, horizon, cx));
    let enabled = script::enabled(table, Section::Fault, cx);
    let only = laws::one_of(table, &kinds().collect::<Vec<_>>(), "fault", cx);
    let Some((kind, item)) = only else {
        return;
    };
    let address = addresses.line((Section::Fault, kind), id.as_ref(), &item.place, cx);
    let random_kind = RANDOM.iter().find(|(name, _)| *name == kind).map(|(_, kind)| *kind);
    let is_random = random_kind.is_some();
    match &at {
        Some(at) if is_random => {
            let message = format!("`{kind}` strikes at random times and takes no `at`");
            let hint = "leave `at` out, or take a scheduled kind such as `fail-az`";
            cx.errors.report(Code::RandomFaultWithTime, &at.place, message).hint(hint);
        }
        None if !is_random => {
            let hint = format!(r#"say when, as in at = "1h"; `{kind}` is a scheduled fault"#);
            cx.errors.missing(&table.place, "at").hint(hint);
        }
        Some(_) | None => {}
    }
    let hint = match kind {
        "fail-primary" | "fail-group" => format!("write {kind} = {{}}"),
        _ => format!("its keys stand in braces: write {kind} = {{ … }}"),
    };
    let Some(mut table) = item.table(&mut cx.errors, &hint) else {
        return;
    };
    let mut off = Faults::default();
    let faults = match enabled {
        Switch::On => faults,
        Switch::Off => {
            faults.n_off += 1;
            &mut off
        }
    };
    let scheduled_kind = SCRIPTED.iter().find(|(name, _)| *name == kind).map(|(_, kind)| *kind);
    if let Some(kind) = random_kind {
        random(kind, &mut table, address, (topology, faults), cx);
    } else if let Some(kind) = scheduled_kind {
        let fault = scripted(kind, &mut table, topology, cx);
        if let (Some(at), Some(fault), Some(address)) = (moment, fault, address) {
            let action = Action::Fault(fault);
            faults.script.push(Scripted { at, action, address });
        }
    }
    table.finish(&mut cx.errors, &[]);
}

/// Reads a scheduled fault of the kind `kind`.
fn scripted(
    kind: Scheduled,
    table: &mut Table<'_>,
    topology: &Topology,
    cx: &mut Context<'_>,
) -> Option<ScriptedFault> {
    match kind {
        Scheduled::FailPrimary => {
            victims::shard(table, topology, cx).map(ScriptedFault::FailPrimary)
        }
        Scheduled::FailNode => victims::node(table, topology, cx).map(ScriptedFault::FailNode),
        Scheduled::CrashNode => {
            let node = victims::node(table, topology, cx);
            let hint = r#"how long the process is gone, as in restart-after = "20s""#;
            let after = table.require("restart-after", &mut cx.errors, hint);
            let restart_after = after.and_then(|after| laws::read_scripted(&after, cx));
            Some(ScriptedFault::CrashNode { node: node?, restart_after: restart_after? })
        }
        Scheduled::IsolateNode => isolate_node(table, topology, cx),
        Scheduled::IsolatePrimary => isolate_primary(table, topology, cx),
        Scheduled::FailReplicas => fail_replicas(table, topology, cx),
        Scheduled::FailAz => {
            let az = victims::az(table, topology, cx);
            let hint = r#"how long it is down, as in duration = "2h""#;
            let duration = table.require("duration", &mut cx.errors, hint);
            let duration = duration.and_then(|duration| laws::read_scripted(&duration, cx));
            let why = Origin::convention("a scheduled AZ failure hits all its nodes");
            let share = share(table, why, cx);
            Some(ScriptedFault::FailAz { az: az?, duration: duration?, share: share? })
        }
        Scheduled::FailGroup => {
            victims::group(table, topology, Asker::Fault, cx).map(ScriptedFault::FailGroup)
        }
        Scheduled::RebootNode => reboot_node(table, topology, cx),
        Scheduled::CutMigrationLink => {
            let hint = r#"how long it is cut, as in duration = "30s""#;
            let duration = table.require("duration", &mut cx.errors, hint);
            let duration = duration.and_then(|duration| laws::read_scripted(&duration, cx));
            migration_calls::required(&table.place, topology, cx)?;
            Some(ScriptedFault::CutMigrationLink { duration: duration? })
        }
    }
}

fn isolate_node(
    table: &mut Table<'_>,
    topology: &Topology,
    cx: &mut Context<'_>,
) -> Option<ScriptedFault> {
    let node = victims::node(table, topology, cx);
    let duration = isolation(table, cx);
    let shards = node.as_ref().map(|node| match node {
        Victim::Named(node) => vec![topology.nodes[node.idx()].shard],
        Victim::Any(among) => {
            among.clone().map(|node| topology.nodes[usize::from(node)].shard).collect()
        }
    });
    migration_calls::refuse_isolation(table, (shards.as_deref(), topology), cx);
    let writers_beside = writers_beside(table, (shards, topology), cx);
    Some(ScriptedFault::IsolateNode {
        node: node?,
        duration: duration?,
        writers_beside: writers_beside?,
    })
}

fn isolate_primary(
    table: &mut Table<'_>,
    topology: &Topology,
    cx: &mut Context<'_>,
) -> Option<ScriptedFault> {
    let shard = victims::shard(table, topology, cx);
    let duration = isolation(table, cx);
    let shards = shard.as_ref().map(|shard| match shard {
        Victim::Named(shard) => vec![*shard],
        Victim::Any(among) => among.clone().map(ShardId).collect(),
    });
    migration_calls::refuse_isolation(table, (shards.as_deref(), topology), cx);
    let writers_beside = writers_beside(table, (shards, topology), cx);
    Some(ScriptedFault::IsolatePrimary {
        shard: shard?,
        duration: duration?,
        writers_beside: writers_beside?,
    })
}

/// How long a node is cut off.
fn isolation(table: &mut Table<'_>, cx: &mut Context<'_>) -> Option<Law> {
    let hint = r#"how long nobody reaches it, as in duration = "10m""#;
    let duration = table.require("duration", &mut cx.errors, hint);
    duration.and_then(|duration| laws::read_scripted(&duration, cx))
}

/// The writes per second that a primary of one of `shards` goes on taking while it is cut off.
fn writers_beside(
    table: &mut Table<'_>,
    (shards, topology): (Option<Vec<ShardId>>, &Topology),
    cx: &mut Context<'_>,
) -> Option<u64> {
    let Some(item) = table.get("writers-beside") else {
        let why = Origin::convention("no writer sits on the side of an isolated node");
        cx.assume(&join(&table.place.path, "writers-beside"), "0", why);
        return Some(0);
    };
    let rate = item.count(&mut cx.errors, 0..=MOST_WRITERS_BESIDE)?;
    let shards = shards?;
    let group = |shard: &ShardId| &topology.groups[topology.shards[shard.idx()].group.idx()];
    let is_durable = |shard: &ShardId| group(shard).durability != Durability::Disabled;
    let offered = |shard: &ShardId| topology.shards[shard.idx()].writes_per_sec;
    let most = shards.iter().map(offered).max().unwrap_or(0);
    if rate > 0 && shards.iter().all(is_durable) {
        let message = "an isolated primary of a durable group takes no writes";
        let hint = "it does not reach the log: leave this out";
        cx.errors.report(Code::WithoutEffect, &item.place, message).hint(hint);
    } else if rate > most {
        let message = format!("only {most} count, which is all that the shard is offered");
        let hint = "lower it, or raise the writes per second of [workload]";
        cx.errors.report(Code::WithoutEffect, &item.place, message).hint(hint);
    }
    Some(rate)
}

/// Whether the victim is in cluster mode, or may be.
fn is_clustered(victim: &Victim<NodeId>, topology: &Topology) -> bool {
    let is_clustered = |node: NodeId| topology.cluster_mode_of(node) == ClusterMode::Enabled;
    match victim {
        Victim::Named(node) => is_clustered(*node),
        Victim::Any(among) => among.clone().map(NodeId).any(is_clustered),
    }
}

fn fail_replicas(
    table: &mut Table<'_>,
    topology: &Topology,
    cx: &mut Context<'_>,
) -> Option<ScriptedFault> {
    let count = table.require("count", &mut cx.errors, "how many, as in count = 1");
    let shard = victims::shard(table, topology, cx);
    // Where the shard is unknown, any number that some shard could have will do.
    let most = shard.as_ref().map_or(5, |shard| victims::most_replicas(shard, topology));
    if most == 0 {
        let message = match shard {
            Some(Victim::Any(_)) => "no shard has a replica",
            Some(Victim::Named(_)) | None => "the shard has no replica",
        };
        cx.errors
            .report(Code::NoReplicaToFail, &table.place, message)
            .hint("give it one with group.replicas, or strike with `fail-primary`");
        return None;
    }
    let count = count?.count(&mut cx.errors, 1..=most)?;
    Some(ScriptedFault::FailReplicas { shard: shard?, count: u8::try_from(count).ok()? })
}

fn reboot_node(
    table: &mut Table<'_>,
    topology: &Topology,
    cx: &mut Context<'_>,
) -> Option<ScriptedFault> {
    let node = victims::node(table, topology, cx);
    let by = [("customer", RebootBy::Customer), ("service", RebootBy::Service)];
    let hint = r#"by = "customer" never leads to a failover, "service" does (MZ-60)"#;
    let asked = table.require("by", &mut cx.errors, hint);
    let by = asked.as_ref().and_then(|asked| asked.choice(&mut cx.errors, &by));
    let can_be_clustered = node.as_ref().is_some_and(|node| is_clustered(node, topology));
    if let (Some(asked), Some(RebootBy::Customer)) = (&asked, by)
        && can_be_clustered
    {
        let message = "cluster mode has no such reboot";
        let hint = "RebootCacheCluster is refused there: write by = \"service\" (MZ-60)";
        let code = Code::CustomerRebootInClusterMode;
        let told = cx.errors.report(code, &asked.place, message).hint(hint);
        told.hint(answer(Refusal::RebootInClusterMode.error()));
        return None;
    }
    Some(ScriptedFault::RebootNode { node: node?, by: by? })
}

/// Reads a random fault of the kind `kind` into `faults`.
fn random(
    kind: Random,
    table: &mut Table<'_>,
    address: Option<u32>,
    (topology, faults): (&Topology, &mut Faults),
    cx: &mut Context<'_>,
) {
    match kind {
        Random::Node => {
            let life = life(table, cx);
            if let (Some((life, place)), Some(address)) = (life, address) {
                faults.lives.push((place, life.mean()));
                faults.node_failures.push(NodeFailures { life, address });
            }
        }
        Random::Az => {
            let hint = r#"how long the AZ is down, as in duration = "2h", or a law"#;
            let duration = table.require("duration", &mut cx.errors, hint);
            let duration = duration.and_then(|duration| laws::read(&duration, cx));
            let why = Origin::default(Confidence::Assumed, "an AZ event hits all its nodes");
            let share = share(table, why, cx);
            let life = life(table, cx);
            if let (Some((life, place)), Some(duration), Some(share), Some(address)) =
                (life, duration, share, address)
            {
                check_life((&place, life.mean()), ("an outage", &duration), cx);
                faults.az_failures.push(AzFailures { life, duration, share, address });
            }
        }
        Random::Group => {
            let named = table.get("group");
            let group = named.as_ref().and_then(|item| topology.find_group(item, Asker::Fault, cx));
            let life = life(table, cx);
            if let (Some((life, place)), Some(address)) = (life, address) {
                faults.lives.push((place, life.mean()));
                faults.group_failures.push(GroupFailures { life, group, address });
            }
        }
        Random::ServiceUpdate => {
            let named = table.get("group");
            let group = named.as_ref().and_then(|item| topology.find_group(item, Asker::Fault, cx));
            let method = operations::method(table, cx);
            let hint = r#"how often they come, as in every = "90d", or a law"#;
            let every = table.require("every", &mut cx.errors, hint);
            let life = every.and_then(|every| {
                let law = laws::read(&every, cx)?;
                long_enough(law, &every.place, cx)
            });
            if let Some(item) = &named {
                check_updated(group, &item.place, topology, cx);
            }
            if let (Some(life), Some(address)) = (life, address) {
                let updates = ServiceUpdates { life, group, method, address };
                faults.service_updates.extend(of_each_managed(updates, topology));
            }
        }
    }
}

/// Reports updates of a group that the service does not run.
pub(super) fn check_updated(
    group: Option<GroupId>,
    place: &Place,
    topology: &Topology,
    cx: &mut Context<'_>,
) {
    if group.is_some_and(|group| topology.groups[group.idx()].keeper == Keeper::Users) {
        let message = "is about a self-hosted group, and the service updates groups of its own";
        cx.errors.report(Code::SelfHosted, place, message).hint("name a group in ElastiCache");
    }
}

/// Service updates of every group are those of the groups in ElastiCache: where others stand
/// beside them, each of these has a process of its own, with the same random numbers as before.
fn of_each_managed(updates: ServiceUpdates, topology: &Topology) -> Vec<ServiceUpdates> {
    let is_managed = |group: &Group| group.keeper == Keeper::ElastiCache;
    if updates.group.is_some() || topology.groups.iter().all(is_managed) {
        return vec![updates];
    }
    let ids = (0..topology.groups.len() as u16).map(GroupId);
    let managed = ids.filter(|group| is_managed(&topology.groups[group.idx()]));
    managed.map(|group| ServiceUpdates { group: Some(group), ..updates.clone() }).collect()
}

/// The time between failures and where it stands: `mttf`, the mean of an exponential law, or
/// `lifetime`, any law. To be asked last, because it complains only if no unknown key could have
/// been meant.
fn life(table: &mut Table<'_>, cx: &mut Context<'_>) -> Option<(Law, Place)> {
    let source = laws::source(table, cx);
    let (key, item) = laws::one_of(table, &["mttf", "lifetime"], "lifetime", cx)?;
    let law = if key == "lifetime" {
        match source {
            Source::Given => laws::read_scripted(&item, cx)?,
            Source::Absent => laws::read(&item, cx)?,
        }
    } else {
        let mean = item.length(&mut cx.errors)?.as_nanos_f64();
        if source == Source::Absent {
            cx.assume(&item.place.path, item.printed(), Origin::Unsourced);
        }
        // Zero is refused below, in the same words as other short lives.
        let hint = r#"as in mttf = "10y""#;
        laws::checked(Law::exponential(mean.max(1.0)), (&item.place, hint), cx)?
    };
    Some((long_enough(law, &item.place, cx)?, item.place))
}

/// The law of a life, unless lives are so short that simulated time would hardly go on.
fn long_enough(law: Law, place: &Place, cx: &mut Context<'_>) -> Option<Law> {
    if law.mean() < SHORTEST_MEAN_LIFE {
        let hint = "a process that fails more often than every second is not simulated";
        cx.errors.report(Code::LifeTooShort, place, "the mean life must be at least 1s").hint(hint);
        return None;
    }
    if law.quantile(0.5) < SHORTEST_MEDIAN_LIFE {
        let hint = "every second life would end within a millisecond: choose a larger shape";
        cx.errors
            .report(Code::LifeTooShort, place, "the median life must be at least 1ms")
            .hint(hint);
        return None;
    }
    Some(law)
}

/// The share of an AZ's nodes that an event hits; all of them by default, and why.
fn share(table: &mut Table<'_>, why: Origin, cx: &mut Context<'_>) -> Option<Share> {
    let Some(item) = table.get("share") else {
        cx.assume(&join(&table.place.path, "share"), "1", why);
        return Some(Share::All);
    };
    const HINT: &str = "write share = 0.5, or share = { uniform = [0, 1] }";
    cx.assume(&join(&table.place.path, "share"), item.node().printed(), Origin::Unsourced);
    if !item.is_table() && !item.is_number() {
        item.expected(&mut cx.errors, "a number from 0 to 1", HINT);
        return None;
    }
    let (low, high) = if item.is_number() {
        let share = item.number(&mut cx.errors)?;
        (share, share)
    } else {
        let mut table = item.table(&mut cx.errors, HINT)?;
        let range = table.require("uniform", &mut cx.errors, HINT);
        table.finish(&mut cx.errors, &[]);
        let ends = range?.array(&mut cx.errors, "two numbers", HINT)?;
        let [low, high] = ends.as_slice() else {
            cx.errors.report(Code::LawParameters, &item.place, "needs two numbers").hint(HINT);
            return None;
        };
        let (low, high) = (low.number(&mut cx.errors), high.number(&mut cx.errors));
        (low?, high?)
    };
    // Written so that NaN fails it.
    let is_valid = low >= 0.0 && low <= high && high <= 1.0 && high > 0.0;
    if !is_valid {
        cx.errors
            .report(Code::NotAShare, &item.place, "a share lies above 0 and up to 1")
            .hint(HINT);
        return None;
    }
    Some(if low >= 1.0 { Share::All } else { Share::Uniform { low, high } })
}
