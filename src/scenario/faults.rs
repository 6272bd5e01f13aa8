//! Faults as a scenario writes them: scheduled ones with `at`, random ones without. A fault is a
//! table with exactly one kind key beside `at`, `id` and `enabled`. Whom scheduled ones strike is
//! in `victims`.

use std::collections::{BTreeMap, BTreeSet};

use super::codes::Code;
use super::diagnostics::{Place, excerpt, join};
use super::groups::{self, Switch};
use super::laws::{self, Source};
use super::reader::{Context, Item, Table};
use super::topology::Topology;
use super::victims;
use super::{Confidence, Origin};
use crate::engine::law::Law;
use crate::engine::time::SimTime;
use crate::model::plan::{
    Action, AzFailures, ClusterMode, GroupFailures, NodeFailures, NodeId, RebootBy, Scripted,
    ScriptedFault, Share, Victim,
};

/// Scheduled kinds.
const SCRIPTED: [(&str, Scheduled); 7] = [
    ("fail-primary", Scheduled::FailPrimary),
    ("fail-node", Scheduled::FailNode),
    ("crash-node", Scheduled::CrashNode),
    ("fail-replicas", Scheduled::FailReplicas),
    ("fail-az", Scheduled::FailAz),
    ("fail-group", Scheduled::FailGroup),
    ("reboot-node", Scheduled::RebootNode),
];
/// Random kinds.
const RANDOM: [(&str, Random); 3] =
    [("node-failure", Random::Node), ("az-failure", Random::Az), ("group-failure", Random::Group)];
/// The kinds of scheduled faults.
#[derive(Clone, Copy)]
enum Scheduled {
    FailPrimary,
    FailNode,
    CrashNode,
    FailReplicas,
    FailAz,
    FailGroup,
    RebootNode,
}

/// The kinds of random faults.
#[derive(Clone, Copy)]
enum Random {
    Node,
    Az,
    Group,
}

/// The keys of all kinds.
pub(super) fn kinds() -> impl Iterator<Item = &'static str> {
    let scheduled = SCRIPTED.iter().map(|(key, _)| *key);
    scheduled.chain(RANDOM.iter().map(|(key, _)| *key))
}

/// How a fault without an id is addressed in overlays: the `n`-th of its kind, from 1.
pub(super) fn default_id(kind: &str, n: usize) -> String {
    format!("{kind}-{n}")
}

/// Kinds of the format that come with later versions.
const LATER: [&str; 4] = ["partition-az", "maintenance", "test-failover", "start-migration"];
/// More lines are surely a slip.
const MAX_FAULTS: usize = 10_000;
/// All clocks of random processes together; each is a slot of the event queue.
const MAX_CLOCKS: usize = 1_000_000;
/// Mean lives below this, in nanoseconds, are a slip of the unit: a year would hold millions.
const SHORTEST_MEAN_LIFE: f64 = 1e9;
/// And whose median is shorter than this, in nanoseconds: simulated time would hardly go on.
const SHORTEST_MEDIAN_LIFE: f64 = 1e6;

/// The faults of a scenario.
#[derive(Default)]
pub(super) struct Faults {
    /// Scheduled, those that can strike earliest first; ties in file order.
    pub script: Vec<Scripted>,
    /// Random node failures in file order.
    pub node_failures: Vec<NodeFailures>,
    /// Random AZ failures in file order.
    pub az_failures: Vec<AzFailures>,
    /// Random group failures in file order.
    pub group_failures: Vec<GroupFailures>,
    /// How many faults are switched off; they are nowhere above.
    pub n_off: usize,
}

/// Reads `[[fault]]`. Without a horizon, which then has been reported, no time is too late.
pub(super) fn read(
    item: &Item<'_>,
    topology: &Topology,
    horizon: Option<SimTime>,
    cx: &mut Context<'_>,
) -> Faults {
    let mut faults = Faults::default();
    let mut addresses = Addresses::default();
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
            fault(&mut table, topology, horizon, (&mut faults, &mut addresses), cx);
            table.finish(&mut cx.errors, &LATER);
        }
    }
    faults.script.sort_by_key(|scripted| scripted.at.range().map(|(earliest, _)| earliest));
    let n_clocks = faults.node_failures.len() * topology.nodes.len()
        + faults.az_failures.len() * topology.azs.len()
        + faults.group_failures.len() * topology.groups.len();
    if n_clocks > MAX_CLOCKS {
        let message = format!("random faults need {n_clocks} clocks, one per line and target");
        cx.errors
            .report(Code::TooMany, &item.place, message)
            .hint(format!("at most {MAX_CLOCKS} are possible"));
    }
    faults
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
    let moment = at.as_ref().and_then(|at| moment(at, horizon, cx));
    let enabled = enabled(table, cx);
    let only = laws::one_of(table, &kinds().collect::<Vec<_>>(), "fault", cx);
    let Some((kind, item)) = only else {
        return;
    };
    let address = addresses.line(kind, id.as_ref(), &item.place, cx);
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
    let Some(mut table) = item.table(&mut cx.errors, "") else {
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

/// Whether a fault is switched on, as it is by default.
fn enabled(table: &mut Table<'_>, cx: &mut Context<'_>) -> Switch {
    let Some(item) = table.get("enabled") else {
        let why = Origin::convention("a fault strikes unless it is switched off");
        cx.assume(&join(&table.place.path, "enabled"), "true", why);
        return Switch::On;
    };
    // A broken one has been reported.
    item.boolean(&mut cx.errors).map_or(Switch::On, Switch::from)
}

/// When a scheduled fault strikes: a time before the horizon, or a law of such times.
fn moment(item: &Item<'_>, horizon: Option<SimTime>, cx: &mut Context<'_>) -> Option<Law> {
    let law = laws::read_scripted(item, cx)?;
    let Some((earliest, latest)) = law.range() else {
        let message = "knows no latest time, and the fault must strike in every trial";
        let hint =
            r#"take uniform, triangular or empirical, as in at = { uniform = ["1d", "300d"] }"#;
        cx.errors.report(Code::UnboundedMoment, &item.place, message).hint(hint);
        return None;
    };
    let Some(horizon) = horizon else {
        return Some(law);
    };
    let last = SimTime::START + latest;
    // Where every moment in between is possible, none strikes the last one.
    let is_dense = matches!(law, Law::Uniform { .. } | Law::Triangular { .. });
    if last < horizon || last == horizon && is_dense && earliest < latest {
        return Some(law);
    }
    let what = if earliest < latest { "can be" } else { "is" };
    let when = if last > horizon { "after the horizon" } else { "at the horizon, the end" };
    let length = horizon.since(SimTime::START);
    let hint = format!("the horizon is {length}: raise run.horizon or strike earlier");
    cx.errors.report(Code::AfterHorizon, &item.place, format!("{what} {when}")).hint(hint);
    None
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
        Scheduled::FailGroup => victims::group(table, topology, cx).map(ScriptedFault::FailGroup),
        Scheduled::RebootNode => reboot_node(table, topology, cx),
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
    let is_clustered = |node: NodeId| topology.cluster_mode_of(node) == ClusterMode::Enabled;
    let can_be_clustered = match &node {
        Some(Victim::Named(node)) => is_clustered(*node),
        Some(Victim::Any(among)) => among.clone().map(NodeId).any(is_clustered),
        None => false,
    };
    if let (Some(asked), Some(RebootBy::Customer)) = (&asked, by)
        && can_be_clustered
    {
        let message = "cluster mode has no such reboot";
        let hint = "RebootCacheCluster is refused there: write by = \"service\" (MZ-60)";
        let code = Code::CustomerRebootInClusterMode;
        cx.errors.report(code, &asked.place, message).hint(hint);
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
            if let (Some(life), Some(address)) = (life, address) {
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
            if let (Some(life), Some(duration), Some(share), Some(address)) =
                (life, duration, share, address)
            {
                faults.az_failures.push(AzFailures { life, duration, share, address });
            }
        }
        Random::Group => {
            let named = table.get("group");
            let group = named.as_ref().and_then(|item| topology.find_group(item, cx));
            let life = life(table, cx);
            if let (Some(life), Some(address)) = (life, address) {
                faults.group_failures.push(GroupFailures { life, group, address });
            }
        }
    }
}

/// The time between failures: `mttf`, the mean of an exponential law, or `lifetime`, any law.
/// To be asked last, because it complains only if no unknown key could have been meant.
fn life(table: &mut Table<'_>, cx: &mut Context<'_>) -> Option<Law> {
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
    if law.mean() < SHORTEST_MEAN_LIFE {
        let hint = "a process that fails more often than every second is not simulated";
        cx.errors
            .report(Code::LifeTooShort, &item.place, "the mean life must be at least 1s")
            .hint(hint);
        return None;
    }
    if law.quantile(0.5) < SHORTEST_MEDIAN_LIFE {
        let hint = "every second life would end within a millisecond: choose a larger shape";
        cx.errors
            .report(Code::LifeTooShort, &item.place, "the median life must be at least 1ms")
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

/// Addresses of fault lines: a hash of the id, or of kind and position among its kind, so that
/// adding a fault elsewhere moves nobody's random numbers.
#[derive(Default)]
struct Addresses {
    /// Faults so far by kind.
    n_of_kind: BTreeMap<&'static str, usize>,
    /// Which fault has which address.
    taken: BTreeMap<u32, String>,
    /// The names by which overlays address them.
    names: BTreeSet<String>,
}

impl Addresses {
    fn line(
        &mut self,
        kind: &'static str,
        id: Option<&Item<'_>>,
        place: &Place,
        cx: &mut Context<'_>,
    ) -> Option<u32> {
        let n = self.n_of_kind.entry(kind).or_insert(0);
        *n += 1;
        let (key, name) = match id {
            Some(id) => {
                let name = groups::name(id, cx)?;
                (format!("id:{name}"), name)
            }
            None => (format!("{kind}#{n}"), default_id(kind, *n)),
        };
        let line = address(&key);
        let place = id.map_or(place, |id| &id.place);
        if !self.names.insert(name.clone()) {
            let message = format!("another fault has the id `{}`", excerpt(&name));
            let hint = "ids name faults in overlays; a fault without one is called by its kind \
                        and position, as in `fail-az-1`";
            cx.errors.report(Code::NotUnique, place, message).hint(hint);
            return None;
        }
        match self.taken.insert(line, name) {
            None => Some(line),
            Some(other) => {
                let message = format!("has the same random numbers as `{}`", excerpt(&other));
                cx.errors
                    .report(Code::SameRandomNumbers, place, message)
                    .hint("give one of them another id");
                None
            }
        }
    }
}

/// FNV-1a of `key` (Fowler, Noll, Vo; 32 bits), folded to 24 bits and never zero.
fn address(key: &str) -> u32 {
    let mix = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let hash = key.bytes().fold(0x811c_9dc5, mix);
    ((hash >> 24) ^ (hash & 0x00ff_ffff)).max(1)
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn addresses_never_change() {
        // FNV-1a of the empty text and of "foobar" are published test vectors.
        assert_eq!(address(""), 0x81 ^ 0x1c_9dc5);
        assert_eq!(address("foobar"), 0xbf ^ 0x9c_f968);
        assert!(address("node-failure#1") < 1 << 24);
    }
}
