//! `[group.self-hosted]`: a group that its users run on machines of their own, outside ElastiCache.
//! No call of the API reaches it, and none of ElastiCache's limits and advice is about it. Data can
//! be migrated from it: what an attempt to connect finds in its way is told here.

use std::collections::BTreeSet;

use super::Confidence::{Assumed, Documented};
use super::Origin;
use super::codes::Code;
use super::diagnostics::{Covers, Place, excerpt, hint_names, join};
use super::groups::{Engine, EngineKind, MOST_DATABASES, ShardDraft, Switch};
use super::migration_sums::amount;
use super::persistence;
use super::reader::{Context, Item, Table};
use super::sections::MAX_DATASET_BYTES;
use super::uses::Use;
use crate::engine::time::Span;
use crate::model::plan::{ClusterMode, Detector, Obstacle};

/// What only a self-hosted group has.
pub(super) struct SelfHosted {
    /// Who decides on the successor of a lost primary; nobody where automatic failover is off.
    pub detector: Option<Detector>,
    /// Where its nodes listen, in their order: addresses and ports.
    pub endpoints: Vec<(String, u16)>,
    /// What keeps ElastiCache from copying its data, and where the scenario says so.
    pub obstacles: Vec<(Obstacle, Place)>,
    /// The number of databases.
    pub databases: u32,
    /// Bytes of memory of each process, where they are limited.
    pub memory: Option<u64>,
    /// A reader for which more bytes wait is dropped; `None` for no limit.
    pub hard_limit: Option<u64>,
    /// A reader is dropped for which more bytes wait all the time of `soft_for`.
    pub soft_limit: Option<u64>,
    /// For how long.
    pub soft_for: Span,
    /// Bytes of history that are kept for readers that come back.
    pub backlog: u64,
    /// Replicas that copy from a replica, and from which.
    pub chained: Vec<(String, String)>,
}

/// Keys of a group that say something of ElastiCache, and what to write instead.
const OF_ELASTICACHE: [(&str, &str); 13] = [
    (
        "node-type",
        "leave it out: `memory` below [group.self-hosted] says how large its processes are",
    ),
    ("multi-az", "leave it out: where the nodes are is said by `azs`"),
    (
        "automatic-failover",
        r#"leave it out: detector = "none" below [group.self-hosted] switches it off"#,
    ),
    ("durability", "leave it out"),
    ("description", "leave it out"),
    ("dns-label", "leave it out: `addresses` below [group.self-hosted] are those of its nodes"),
    ("maintenance-window", "leave it out"),
    ("snapshot-window", "leave it out"),
    ("snapshot-retention", "leave it out"),
    ("snapshotting-node", "leave it out"),
    ("snapshot-every", "leave it out"),
    ("transit-encryption", "leave it out"),
    ("databases", "write it below [group.self-hosted]"),
];

/// Reports the keys that only a group in ElastiCache has.
pub(super) fn refuse_keys(table: &mut Table<'_>, cx: &mut Context<'_>) {
    for (key, hint) in OF_ELASTICACHE {
        if let Some(item) = table.peek(key) {
            table.allow(&[key]);
            let place = Place { covers: Covers::Key, ..item.place };
            let message = "is a key of ElastiCache, and the group is self-hosted";
            cx.errors.report(Code::SelfHosted, &place, message).hint(hint);
        }
    }
}

/// Reads `[group.self-hosted]` of a group with these nodes; `used` is whether data is migrated from
/// it, since most of the keys matter then only.
pub(super) fn read(
    item: &Item<'_>,
    (cluster_mode, engine, engine_place): (ClusterMode, Engine, &Place),
    (shards, used): (&[ShardDraft], Use),
    cx: &mut Context<'_>,
) -> Option<SelfHosted> {
    let mut table = item.table(&mut cx.errors, "write [group.self-hosted]")?;
    let t = &mut table;
    let detector = detector(t, cluster_mode, cx);
    let names: Vec<&str> =
        shards.iter().flat_map(|shard| &shard.nodes).map(|node| node.name.as_str()).collect();
    let own = persistence::quietly(used, cx, |cx| {
        let addresses = addresses(t, &names, cx);
        let ports = ports(t, names.len(), cx);
        let mut obstacles = obstacles(t, cx);
        if let (Some(port), Some(place)) = (ports.first(), t.peek("ports").map(|item| item.place))
            && ports.iter().any(|other| other != port)
        {
            obstacles.push((Obstacle::UnequalPorts, place));
        }
        if is_too_old(engine, cluster_mode) {
            obstacles.push((Obstacle::SourceTooOld, engine_place.clone()));
        }
        let endpoints: Vec<(String, u16)> = addresses.into_iter().zip(ports).collect();
        check_unique(&endpoints, &t.place, cx);
        let memory = t.get("memory");
        let hard_limit = limit(t, ("output-buffer-hard-limit", "\"256 MiB\"", 256 << 20), cx);
        let soft_limit = limit(t, ("output-buffer-soft-limit", "\"64 MiB\"", 64 << 20), cx);
        let soft_for = soft_for(t, cx);
        let backlog = backlog(t, engine, cx);
        SelfHosted {
            detector,
            endpoints,
            obstacles,
            databases: databases(t, cluster_mode, cx),
            memory: memory.and_then(|item| item.size(&mut cx.errors, 1..=MAX_DATASET_BYTES)),
            hard_limit: hard_limit.map(|hard| effective(hard, (backlog, engine), &t.place, cx)),
            soft_limit,
            soft_for,
            backlog,
            chained: Vec::new(),
        }
    });
    let chained = chained(&mut table, shards, cx);
    table.finish(&mut cx.errors, &[]);
    Some(SelfHosted { chained, ..own })
}

/// Notes the default of a key.
fn assume(table: &Table<'_>, key: &str, value: &str, why: Origin, cx: &mut Context<'_>) {
    cx.assume(&join(&table.place.path, key), value, why);
}

/// Who decides on the successor of a lost primary.
fn detector(
    table: &mut Table<'_>,
    cluster_mode: ClusterMode,
    cx: &mut Context<'_>,
) -> Option<Detector> {
    let choices = [
        ("sentinel", Some(Detector::Sentinel)),
        ("cluster-bus", Some(Detector::ClusterBus)),
        ("none", None),
    ];
    let (usual, shown) = match cluster_mode {
        ClusterMode::Disabled => (Detector::Sentinel, "\"sentinel\""),
        ClusterMode::Enabled => (Detector::ClusterBus, "\"cluster-bus\""),
    };
    let Some(item) = table.get("detector") else {
        let why = "what the engine has: Sentinel, or with cluster mode the bus";
        assume(table, "detector", shown, Origin::derived(Assumed, why), cx);
        return Some(usual);
    };
    let detector = item.choice(&mut cx.errors, &choices)?;
    if detector.is_some_and(|detector| detector != usual) {
        let (message, hint) = match cluster_mode {
            ClusterMode::Disabled => {
                ("the group has cluster mode disabled", r#"write detector = "sentinel" or "none""#)
            }
            ClusterMode::Enabled => (
                "the group has cluster mode enabled",
                r#"write detector = "cluster-bus" or "none""#,
            ),
        };
        cx.errors.report(Code::DetectorMode, &item.place, message).hint(hint);
    }
    detector
}

/// The addresses of the nodes in their order; unless they are given, those are their names.
fn addresses(table: &mut Table<'_>, names: &[&str], cx: &mut Context<'_>) -> Vec<String> {
    const HINT: &str = r#"one per node, as in addresses = ["10.0.0.241", "10.0.0.242"]"#;
    let own = || names.iter().map(|name| (*name).to_owned()).collect();
    let Some(item) = table.get("addresses") else {
        return own();
    };
    let items = item.array(&mut cx.errors, "an array of addresses", HINT);
    let address = |item: &Item<'_>, cx: &mut Context<'_>| {
        let text = item.text(&mut cx.errors, "an address")?.trim();
        if !is_address(text) {
            let hint = "an IP address or the name of a host, without a port";
            cx.errors.report(Code::NotAnEndpoint, &item.place, "is not an address").hint(hint);
            return None;
        }
        Some(text.to_owned())
    };
    let read: Vec<Option<String>> =
        items.unwrap_or_default().iter().map(|item| address(item, cx)).collect();
    if item.node().as_array().is_some() && read.len() != names.len() {
        report_number(&item, ("addresses", read.len(), names.len()), HINT, cx);
    }
    let read: Option<Vec<String>> = read.into_iter().collect();
    read.filter(|read| read.len() == names.len()).unwrap_or_else(own)
}

/// Whether a text can be an IP address or the name of a host.
pub(super) fn is_address(text: &str) -> bool {
    const LONGEST: usize = 253;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
    // One colon stands before a port; IPv6 has more.
    let has_port = text.matches(':').count() == 1;
    !text.is_empty() && text.len() <= LONGEST && !has_port && text.chars().all(is_plain)
}

/// Reports a list that has not one element per node.
fn report_number(
    item: &Item<'_>,
    (what, n, n_nodes): (&str, usize, usize),
    hint: &str,
    cx: &mut Context<'_>,
) {
    let message = format!("has {n} {what} for {n_nodes} nodes");
    cx.errors.report(Code::OutOfRange, &item.place, message).hint(hint);
}

/// The ports of `n` nodes: one number for all, or one for each.
fn ports(table: &mut Table<'_>, n: usize, cx: &mut Context<'_>) -> Vec<u16> {
    const HINT: &str = "one number, or one per node, as in ports = [6379, 6380]";
    const USUAL: u16 = 6379;
    let read = |item: &Item<'_>, cx: &mut Context<'_>| {
        item.count(&mut cx.errors, 1..=u64::from(u16::MAX)).map_or(USUAL, |port| port as u16)
    };
    let Some(item) = table.get("ports") else {
        assume(table, "ports", "6379", Origin::convention("as redis.conf has it"), cx);
        return vec![USUAL; n];
    };
    if item.node().as_array().is_none() {
        return vec![read(&item, cx); n];
    }
    let items = item.array(&mut cx.errors, "an array of ports", HINT).unwrap_or_default();
    let ports: Vec<u16> = items.iter().map(|item| read(item, cx)).collect();
    if ports.len() != n {
        report_number(&item, ("ports", ports.len(), n), HINT, cx);
        return vec![USUAL; n];
    }
    ports
}

/// No two nodes listen at one endpoint.
fn check_unique(endpoints: &[(String, u16)], place: &Place, cx: &mut Context<'_>) {
    let mut seen = BTreeSet::new();
    if let Some((address, port)) = endpoints.iter().find(|endpoint| !seen.insert(*endpoint)) {
        let place = Place { path: join(&place.path, "addresses"), ..place.clone() };
        let message = format!("two nodes listen at `{}:{port}`", excerpt(address));
        let hint = "give each node an address or a port of its own";
        cx.errors.report(Code::NotUnique, &place, message).hint(hint);
    }
}

/// What of the source's settings keeps ElastiCache's nodes out.
fn obstacles(table: &mut Table<'_>, cx: &mut Context<'_>) -> Vec<(Obstacle, Place)> {
    let mut found = Vec::new();
    let ready = "as a migration needs it";
    let mut switched = |key, needed: Switch, obstacle, cx: &mut Context<'_>| {
        let item: Option<Item<'_>> = table.get(key);
        let position = item.as_ref().map(|item| item.boolean(&mut cx.errors).map(Switch::from));
        match (item, position.flatten()) {
            (Some(item), Some(position)) if position != needed => {
                found.push((obstacle, item.place));
            }
            (Some(_), _) => {}
            (None, _) => {
                let shown = if needed == Switch::On { "true" } else { "false" };
                assume(table, key, shown, Origin::convention(ready), cx);
            }
        }
    };
    switched("auth", Switch::Off, Obstacle::Auth, cx);
    switched("protected-mode", Switch::Off, Obstacle::ProtectedMode, cx);
    let admits = "security-group-admits-target";
    switched(admits, Switch::On, Obstacle::BlockedNetwork, cx);
    match table.get("bind") {
        Some(item) => {
            let bind = item.text(&mut cx.errors, "addresses to listen at").unwrap_or_default();
            if is_loopback(bind) {
                found.push((Obstacle::BlockedNetwork, item.place));
            }
        }
        None => assume(table, "bind", "\"0.0.0.0\"", Origin::convention(ready), cx),
    }
    match table.get("renamed-commands") {
        Some(item) => {
            let what = "an array of commands";
            let hint = r#"as in renamed-commands = ["config"]"#;
            let items = item.array(&mut cx.errors, what, hint).unwrap_or_default();
            for item in items {
                let command = item.text(&mut cx.errors, "a command").unwrap_or_default();
                if is_needed(command) {
                    found.push((Obstacle::RenamedCommand, item.place));
                }
            }
        }
        None => assume(table, "renamed-commands", "[]", Origin::convention(ready), cx),
    }
    found
}

/// Whether `bind` names addresses of the machine itself only.
fn is_loopback(bind: &str) -> bool {
    let mut addresses = bind.split([' ', ',']).filter(|address| !address.is_empty()).peekable();
    let is_own = |address: &str| {
        // A minus says that the address may be missing.
        let address = address.trim_start_matches('-');
        address.starts_with("127.") || ["::1", "localhost"].contains(&address)
    };
    addresses.peek().is_some() && addresses.all(is_own)
}

/// Commands that a migration sends itself (user guide, prerequisites).
const SENT: [&str; 6] = ["cluster", "command", "config", "info", "psync", "sync"];

/// Commands that modify data, which reach the target under their own names.
const MODIFYING: &str = "\
    append bitfield bitop blmove blmpop blpop brpop brpoplpush bzmpop bzpopmax bzpopmin copy \
    decr decrby del eval evalsha exec expire expireat fcall flushall flushdb function geoadd \
    georadius georadiusbymember geosearchstore getdel getex getset hdel hincrby hincrbyfloat \
    hmset hset hsetnx incr incrby incrbyfloat linsert lmove lmpop lpop lpush lpushx lrem lset \
    ltrim migrate move mset msetnx multi persist pexpire pexpireat pfadd pfmerge psetex rename \
    renamenx restore rpop rpoplpush rpush rpushx sadd sdiffstore select set setbit setex setnx \
    setrange sinterstore smove sort spop srem sunionstore swapdb unlink xack xadd xclaim xdel \
    xgroup xtrim zadd zincrby zrem zunionstore";

/// Whether a migration needs the command under its own name.
fn is_needed(command: &str) -> bool {
    let command = command.trim().to_ascii_lowercase();
    SENT.contains(&command.as_str()) || MODIFYING.split(' ').any(|other| other == command)
}

/// Whether the engine is older than what can be migrated: 2.8.21 is needed, with cluster mode 3.0
/// (user guide, prerequisites).
fn is_too_old(engine: Engine, cluster_mode: ClusterMode) -> bool {
    let since = match cluster_mode {
        ClusterMode::Disabled => [2, 8, 21],
        ClusterMode::Enabled => [3, 0, 0],
    };
    engine.kind == EngineKind::Redis && engine.version < since
}

/// The number of databases; in cluster mode there is one.
fn databases(table: &mut Table<'_>, cluster_mode: ClusterMode, cx: &mut Context<'_>) -> u32 {
    let (usual, shown) = match cluster_mode {
        ClusterMode::Disabled => (16, "16"),
        ClusterMode::Enabled => (1, "1"),
    };
    let Some(item) = table.get("databases") else {
        let why = Origin::convention("as redis.conf has it; cluster mode has database 0 only");
        assume(table, "databases", shown, why, cx);
        return usual;
    };
    let count = item.count(&mut cx.errors, 1..=MOST_DATABASES);
    count.map_or(usual, |count| count as u32)
}

/// A limit of the output buffer in bytes; 0 is none, as in redis.conf.
fn limit(
    table: &mut Table<'_>,
    (key, shown, usual): (&'static str, &str, u64),
    cx: &mut Context<'_>,
) -> Option<u64> {
    let bytes = match table.get(key) {
        Some(item) => item.size(&mut cx.errors, 0..=MAX_DATASET_BYTES).unwrap_or(usual),
        None => {
            assume(table, key, shown, Origin::default(Documented, BUFFER), cx);
            usual
        }
    };
    (bytes > 0).then_some(bytes)
}

/// The hard limit that the engine goes by. One below the backlog makes little sense: a reader that
/// goes on where it was would be dropped for what it reads. Redis OSS 7.0 and later and Valkey take
/// the size of the backlog instead (`client-output-buffer-limit` in their redis.conf).
fn effective(
    hard: u64,
    (backlog, engine): (u64, Engine),
    place: &Place,
    cx: &mut Context<'_>,
) -> u64 {
    if hard >= backlog {
        return hard;
    }
    if engine.kind == EngineKind::Redis && engine.version < [7, 0, 0] {
        let place = Place { path: join(&place.path, "output-buffer-hard-limit"), ..place.clone() };
        let message = format!(
            "the source drops a reader for which more than {} waits, though its backlog of {} \
             would let one go on that missed more",
            amount(hard as f64),
            amount(backlog as f64),
        );
        let hint = "raise output-buffer-hard-limit to the backlog: Redis OSS takes that from 7.0 \
                    on, and Valkey, whatever is written";
        cx.errors.report(Code::LimitBelowBacklog, &place, message).hint(hint);
        return hard;
    }
    backlog
}

const BUFFER: &str = "client-output-buffer-limit of replicas in redis.conf and valkey.conf";

fn soft_for(table: &mut Table<'_>, cx: &mut Context<'_>) -> Span {
    const KEY: &str = "output-buffer-soft-for";
    const USUAL: Span = Span::from_secs(60);
    match table.get(KEY) {
        Some(item) => item.span(&mut cx.errors).unwrap_or(USUAL),
        None => {
            assume(table, KEY, "\"60s\"", Origin::default(Documented, BUFFER), cx);
            USUAL
        }
    }
}

/// Bytes of history that the source keeps for a target that comes back.
fn backlog(table: &mut Table<'_>, engine: Engine, cx: &mut Context<'_>) -> u64 {
    if let Some(item) = table.get("backlog") {
        return item.size(&mut cx.errors, 0..=MAX_DATASET_BYTES).unwrap_or(0);
    }
    let is_large = engine.kind == EngineKind::Valkey && engine.version >= [8, 0, 0];
    let (mib, shown) = if is_large { (10, "\"10 MiB\"") } else { (1, "\"1 MiB\"") };
    let why = Origin::derived(Documented, "repl-backlog-size of the engine version");
    assume(table, "backlog", shown, why, cx);
    mib << 20
}

/// Replicas that copy from a replica instead of the primary: by name, from which.
fn chained(
    table: &mut Table<'_>,
    shards: &[ShardDraft],
    cx: &mut Context<'_>,
) -> Vec<(String, String)> {
    const HINT: &str = r#"as in chained = { "legacy-003" = "legacy-002" }"#;
    let Some(item) = table.get("chained") else {
        return Vec::new();
    };
    let Some(tree) = item.node().as_table() else {
        item.expected(&mut cx.errors, "a table", HINT);
        return Vec::new();
    };
    let names: Vec<&str> =
        shards.iter().flat_map(|shard| &shard.nodes).map(|node| node.name.as_str()).collect();
    let shard_of = |name: &str| {
        shards.iter().position(|shard| shard.nodes.iter().any(|node| node.name == name))
    };
    let mut chained: Vec<(String, String)> = Vec::new();
    for entry in &tree.entries {
        let path = join(&item.place.path, &entry.key);
        let key = Place { path: path.clone(), at: entry.key_at.clone(), covers: Covers::Key };
        let value = Item::new(path, &entry.node);
        let Some(upstream) = value.text(&mut cx.errors, "the name of a node") else {
            continue;
        };
        let of = [(entry.key.as_str(), &key), (upstream, &value.place)];
        if let Some((name, place)) = of.into_iter().find(|(name, _)| shard_of(name).is_none()) {
            let message = "is no node of the group";
            let told = cx.errors.report(Code::UnknownTarget, place, message);
            hint_names(told, name, &names);
            continue;
        }
        let is_primary = |name: &str| shards.iter().any(|shard| shard.nodes[0].name == name);
        let wrong = if is_primary(&entry.key) {
            Some((&key, "is the primary, which copies from nobody"))
        } else if is_primary(upstream) {
            Some((&value.place, "is the primary, from which replicas copy anyway"))
        } else if shard_of(&entry.key) != shard_of(upstream) {
            Some((&value.place, "is a node of another shard"))
        } else if is_below(upstream, &entry.key, &chained) {
            Some((&value.place, "copies from this replica itself"))
        } else {
            None
        };
        match wrong {
            Some((place, message)) => {
                let hint = "a replica copies from another replica of its shard, and no chain ends \
                            where it began";
                cx.errors.report(Code::ChainedReplica, place, message).hint(hint);
            }
            None => chained.push((entry.key.clone(), upstream.to_owned())),
        }
    }
    chained
}

/// Whether `node` is `above`, or copies from it over however many replicas.
fn is_below(node: &str, above: &str, chained: &[(String, String)]) -> bool {
    let mut at = node;
    // The chains so far have no circle, so this ends.
    while at != above {
        match chained.iter().find(|(replica, _)| replica == at) {
            Some((_, upstream)) => at = upstream,
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{MODIFYING, SENT, is_below, is_loopback, is_needed};

    #[test]
    fn commands_are_sorted_and_found_in_any_case() {
        let modifying: Vec<&str> = MODIFYING.split(' ').collect();
        assert!(modifying.is_sorted() && SENT.is_sorted());
        assert!(modifying.iter().all(|command| !command.is_empty()));
        assert!(is_needed("CONFIG") && is_needed(" flushall") && !is_needed("debug"));
    }

    #[test]
    fn loopback_is_what_names_nobody_else() {
        for bind in ["127.0.0.1", "127.0.0.1 -::1", "localhost", "::1,127.0.0.1"] {
            assert!(is_loopback(bind), "{bind}");
        }
        for bind in ["0.0.0.0", "127.0.0.1 10.0.0.5", "*", ""] {
            assert!(!is_loopback(bind), "{bind}");
        }
    }

    #[test]
    fn chains_are_followed_to_their_end() {
        let own = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
        };
        let chained = own(&[("c", "b"), ("d", "c")]);
        assert!(is_below("d", "b", &chained) && is_below("b", "b", &chained));
        assert!(!is_below("b", "d", &chained));
    }
}
