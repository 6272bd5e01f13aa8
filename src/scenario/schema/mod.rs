//! The JSON Schema of scenario files, for editors: completion, hover texts, and mistakes seen
//! while one types.
//!
//! The types here and below describe the format and are never made; their comments are the
//! hover texts. The decoder stays the judge: a schema cannot know which nodes there are, compare
//! two durations or weigh one section against another. What it refuses, the decoder refuses too;
//! `tests/it/schema` holds the two against each other.

#![expect(dead_code, reason = "these types describe the format; nobody makes one")]

mod faults;
mod migration;
mod operations;
mod policies;
mod study;
mod values;

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::MAX_TRIALS;
use faults::Fault;
use migration::{Migration, SelfHosted};
use operations::Operation;
use policies::{Policy, Sources, Sweep};
use study::{Expectation, Objectives};
pub(crate) use values::exactly_one;
use values::{Count, Duration, FullSync, Law, Name, NodeType, Size, Title, Version, also};

/// The schema of scenario files.
pub fn scenario() -> Schema {
    let mut settings = settings();
    // Before all others, which would see what is about to go.
    settings.transforms.insert(0, Box::new(RecursiveTransform(without_null)));
    settings.into_generator().into_root_schema_for::<Scenario>()
}

/// How all our schemas are written: in draft 7, which the editors of TOML files understand best.
pub(crate) fn settings() -> SchemaSettings {
    SchemaSettings::draft07()
        .with_transform(RecursiveTransform(unwrap_lines))
        .with_transform(RecursiveTransform(without_format))
}

/// Takes away the formats, which name Rust's types; no other program knows them.
fn without_format(schema: &mut Schema) {
    schema.remove("format");
}

/// Lines of a comment to paragraphs of a description.
fn unwrap_lines(schema: &mut Schema) {
    let description = schema.get("description").and_then(|text| text.as_str());
    if let Some(description) = description {
        let paragraphs: Vec<String> =
            description.split("\n\n").map(|lines| lines.replace('\n', " ")).collect();
        schema.insert("description".to_owned(), paragraphs.join("\n\n").into());
    }
}

/// Takes null away from what may be absent: TOML has no null.
fn without_null(schema: &mut Schema) {
    if let Some(types) = schema.get_mut("type").and_then(|types| types.as_array_mut()) {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    let Some(choices) = schema.get_mut("anyOf").and_then(|choices| choices.as_array_mut()) else {
        return;
    };
    choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
    if let [only] = choices.as_slice()
        && let Some(only) = only.as_object().cloned()
    {
        schema.remove("anyOf");
        for (key, value) in only {
            schema.ensure_object().entry(key).or_insert(value);
        }
    }
}

/// A scenario of ecsim: replication groups, what happens to them, and how often that is simulated.
/// Durations are text with a unit ("30s", "1h 30m"), sizes text like "8 GiB". `ecsim check` knows
/// what a schema cannot: which nodes there are, and which values fit each other.
#[derive(JsonSchema)]
#[schemars(title = "ecsim scenario", deny_unknown_fields, rename_all = "kebab-case")]
struct Scenario {
    /// Version of the format; this one is 1.
    schema: Count<1, 1>,
    /// What results call the scenario: one line, at most 200 bytes. Default: the file's name
    /// without `.toml`.
    name: Option<Title>,
    /// Length, number and seed of the trials.
    run: Run,
    /// The replication group, or `[[group]]` for several of one account.
    group: Groups,
    /// Who decides that a node is gone.
    control_plane: Option<ControlPlane>,
    /// What every group is asked to store.
    workload: Option<Workload>,
    /// How replicas follow their primary.
    replication: Option<Replication>,
    /// How long things take. Each is a law and may name its `source`; without one it is listed as
    /// an assumption.
    timing: Option<Timing>,
    /// Choices that change numbers, where ElastiCache's documentation leaves room.
    rules: Option<Rules>,
    /// What is done with snapshots.
    backup: Option<Backup>,
    /// The append-only file.
    persistence: Option<Persistence>,
    /// The log of durable groups.
    durability: Option<DurableLog>,
    /// A second region that has a copy of every group, and to which a person switches.
    global_datastore: Option<GlobalDatastore>,
    /// An online migration from a self-hosted group to one in ElastiCache.
    migration: Option<Migration>,
    /// What fails: at a given time (`at`), or at random.
    fault: Option<Vec<Fault>>,
    /// Calls of the API, and work that the service begins, each at its moment.
    operation: Option<Vec<Operation>>,
    /// What is asked of single outages and failovers.
    objectives: Option<Objectives>,
    /// Limits that results must keep, as gates of a pipeline.
    expect: Option<Vec<Expectation>>,
    /// Variants of this file that are run on the same faults and compared. With none, the file
    /// itself is the one policy.
    policy: Option<Vec<Policy>>,
    /// Values to run the scenario with, by the dotted path of what they replace:
    /// `"group.replicas" = [0, 1, 2]` or `"0..2"`. Several lines give all combinations.
    sweep: Option<Sweep>,
    /// Where values come from, by dotted path: `"workload.dataset" = "our metrics of May"`. For
    /// values that cannot carry `source = "…"` themselves.
    sources: Option<Sources>,
}

/// Length, number and seed of the trials.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Run {
    /// Simulated time of one trial, as in "1y" or "30d": above zero and below 500 years.
    horizon: Duration,
    /// Number of trials: 10000, 10_000 or "1e4". Default: 10000.
    #[schemars(extend("default" = 10_000))]
    trials: Option<Count<1, MAX_TRIALS>>,
    /// Seed of all random numbers; the same seed gives the same results. Default: 42.
    #[schemars(extend("default" = 42))]
    seed: Option<Count<0, { u64::MAX }>>,
    /// Opening part of each trial that is not counted; shorter than the horizon. Default: "0s".
    #[schemars(extend("default" = "0s"))]
    warm_up: Option<Duration>,
    /// The instant at which a trial begins, as in "2026-01-05T00:00:00Z"; windows count from it.
    /// Default: that Monday.
    #[schemars(extend("default" = "2026-01-05T00:00:00Z"))]
    start: Option<String>,
}

/// The replication group, or several of one account.
struct Groups;

impl JsonSchema for Groups {
    fn schema_name() -> Cow<'static, str> {
        "Groups".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Group::json_schema(generator);
        also(&mut schema, "array");
        schema.insert("items".to_owned(), generator.subschema_for::<Group>().to_value());
        schema.insert("minItems".to_owned(), 1.into());
        schema
    }
}

/// A replication group: its engine, its switches, and where its nodes stand. Give `azs` and
/// `replicas`, or every node in `[[group.shard]]`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("oneOf" = [
    {
        "required": ["azs", "replicas"],
        "not": { "required": ["shard"] },
    },
    {
        "required": ["shard"],
        "not": {
            "anyOf": [
                { "required": ["azs"] },
                { "required": ["shards"] },
                { "required": ["replicas"] },
            ],
        },
    },
]))]
#[schemars(extend("if" = { "required": ["self-hosted"] }, "else" = { "properties": {
    "replicas": { "maximum": 5, "description": "At most 5 in ElastiCache." },
    "shard": {
        "description": "Each shard has at most 5 replicas in ElastiCache.",
        "items": {
            "properties": {
                "replicas": { "maxItems": 5, "description": "At most 5 in ElastiCache." },
            },
        },
    },
} }))]
struct Group {
    /// ReplicationGroupId. Nodes are called after it: `<id>-001`, or `<id>-0001-001` with cluster
    /// mode enabled.
    id: Name,
    /// Default: "valkey".
    #[schemars(extend("default" = "valkey"))]
    engine: Option<Engine>,
    /// Version of the engine as text, as in "8.0" or "7.0.1". Decides the default backlog and
    /// some limits. Default: "8.0" for Valkey, "7.1" for Redis OSS.
    engine_version: Option<Version>,
    /// Node type, as in "cache.r7g.large". Limits depend on it: Multi-AZ, the append-only file, and
    /// whether the data fits its memory.
    node_type: Option<NodeType>,
    /// Whether the keys are split over shards. With "enabled", `[control-plane]` has to name its
    /// detector. Default: "disabled", with one shard.
    #[schemars(extend("default" = "disabled"))]
    cluster_mode: Option<ClusterMode>,
    /// Whether primaries log what they write, on their own disks: Redis OSS up to 2.8.21 only, and
    /// never beside Multi-AZ. Default: false.
    #[schemars(extend("default" = false))]
    append_only_file: Option<bool>,
    /// Whether a log in several AZs has the writes: Valkey 9.0 and later, with cluster mode
    /// enabled, not on node types with data tiering. Default: "disabled".
    #[schemars(extend("default" = "disabled"))]
    durability: Option<Durability>,
    /// Whether a replica is promoted when the primary fails. Mandatory with cluster mode enabled.
    /// Default: true where there is a replica (documented with cluster mode enabled, assumed
    /// without).
    automatic_failover: Option<bool>,
    /// Whether the group promises placement over AZs. Needs a replica in every shard, and
    /// automatic failover; it changes no number. Default: true where every shard has a replica in
    /// another AZ than its primary's (documented with cluster mode enabled, assumed without).
    multi_az: Option<bool>,
    /// What the API says of the group: one line.
    description: Option<Title>,
    /// The part of endpoint names that AWS invents, as in "v5r9dc": small letters and digits.
    /// Default: one that depends on the id.
    #[schemars(extend("pattern" = "^[a-z0-9]{1,20}$"))]
    dns_label: Option<String>,
    /// PreferredMaintenanceWindow: weekly, in UTC, 60 minutes to 24 hours long. Default:
    /// "sun:05:00-sun:06:00".
    #[schemars(extend("default" = "sun:05:00-sun:06:00"))]
    #[schemars(extend("pattern" = r"^\s*[A-Za-z]{3}:[0-9]{2}:[0-9]{2}\s*-\s*[A-Za-z]{3}:[0-9]{2}:[0-9]{2}\s*$"))]
    maintenance_window: Option<String>,
    /// SnapshotWindow: daily, in UTC, at least 60 minutes long. Default: "07:00-08:00".
    #[schemars(extend("default" = "07:00-08:00"))]
    #[schemars(extend("pattern" = r"^\s*[0-9]{2}:[0-9]{2}\s*-\s*[0-9]{2}:[0-9]{2}\s*$"))]
    snapshot_window: Option<String>,
    /// SnapshotRetentionLimit: days for which an automatic backup is kept, 0 to 35; 0 switches
    /// them off. Default: 0.
    #[schemars(extend("default" = 0))]
    snapshot_retention: Option<Count<0, 35>>,
    /// SnapshottingClusterId: the node that backups are taken from; without cluster mode only.
    /// "any" leaves the choice to ElastiCache, as does its absence.
    snapshotting_node: Option<Name>,
    /// CreateSnapshot, called again and again by something of your own (cron, AWS Backup, a
    /// function): from one call to the next, a mean of at least "1s". Default: nobody calls.
    snapshot_every: Option<Law>,
    /// AZs of the nodes: the primary of the n-th shard stands in the n-th AZ, its replicas in the
    /// following ones; after the last AZ comes the first.
    #[schemars(length(min = 1, max = 100), extend("uniqueItems" = true))]
    azs: Option<Vec<Name>>,
    /// Number of shards; more than one needs cluster mode. Default: 1.
    #[schemars(extend("default" = 1))]
    shards: Option<Count<1, 500>>,
    /// Replicas of each shard, beside its primary: 0 to 5, in a self-hosted group up to 250.
    replicas: Option<Count<0, 250>>,
    /// Every shard with every node by name and AZ, instead of `azs`, `shards` and `replicas`.
    #[schemars(length(min = 1, max = 500))]
    shard: Option<Vec<Shard>>,
    /// How many of the 16384 hash slots each shard has, one after the other: `[8192, 8192]`.
    /// Default: all as many.
    #[schemars(length(min = 1, max = 500))]
    slots: Option<Vec<Count<1, 16_384>>>,
    /// TransitEncryptionEnabled; matters in the target of a migration, which must not have it.
    /// Default: false (convention).
    #[schemars(extend("default" = false))]
    transit_encryption: Option<bool>,
    /// The number of databases; matters in the target of a migration, which must have as many as
    /// the source. Default: 16 (convention).
    #[schemars(extend("default" = 16))]
    databases: Option<Count<1, 1_200_000>>,
    /// Makes the group one that its users run, outside ElastiCache.
    self_hosted: Option<SelfHosted>,
}

/// The engine of a group.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum Engine {
    /// Valkey.
    Valkey,
    /// Redis OSS.
    Redis,
}

/// Whether the keys are split over shards.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum ClusterMode {
    /// One shard holds all keys.
    Disabled,
    /// Hash slots are split over the shards.
    Enabled,
}

/// Durability of writes.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum Durability {
    /// A write is acknowledged before any replica has it.
    Disabled,
    /// The log follows the writes by ten seconds at most.
    Async,
    /// A write is in the log before it is acknowledged.
    Sync,
}

/// A shard: one primary and its replicas.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Shard {
    /// NodeGroupId. Default: "0001" for the first, "0002" for the second.
    id: Option<Name>,
    /// The primary at the start of a trial.
    primary: Node,
    /// Its replicas, at most 5, in a self-hosted group 250. Default: none.
    #[schemars(length(max = 250))]
    replicas: Option<Vec<Node>>,
}

/// A node: `{ node = "redis1x3-001", az = "us-west-2c" }`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Node {
    /// CacheClusterId, unlike that of any other node.
    node: Name,
    /// Its AZ, where its replacements stand too.
    az: Name,
}

/// How fast failovers are.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum TimingPreset {
    /// Detection is lognormal with a median of 10 s and a 95 % quantile of 25 s (assumed).
    Typical,
    /// Detection takes 5 s (assumed).
    Fast,
    /// Detection takes 30 s (assumed).
    Slow,
    /// The whole failover takes the guide's few seconds: detection 1 s to 3 s, promotion and
    /// endpoint 0.5 s to 1.5 s each (our reading).
    Documented,
}

/// Who decides that a node is gone.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct ControlPlane {
    /// For all groups. Default: "cluster-bus" for groups with cluster mode enabled, "managed" for
    /// others (documented).
    detector: Option<Detector>,
    /// Cluster bus: `cluster-node-timeout`, after 1 to 1.5 of which a node is suspected. 10 ms to
    /// a day. Default: "15s" (assumed: the engine's default).
    node_timeout: Option<Duration>,
    /// Cluster bus: from a suspicion to the agreement of a majority. Default: uniform from 0.5 s to
    /// 2 s (assumed).
    gossip: Option<Law>,
    /// Cluster bus: from the loss of a primary to the managed control plane promoting a replica,
    /// where the primaries have no majority. Default: uniform from 30 s to 60 s (assumed: nothing
    /// is published).
    takeover: Option<Law>,
    /// Cluster bus: what primaries do that see no majority. Default: "refuse" (documented).
    minority: Option<Minority>,
    /// Sentinel: `down-after-milliseconds`. 10 ms to a day. Default: "30s" (documented).
    down_after: Option<Duration>,
    /// Sentinel: how many there are, up to 9. Default: 3 (documented).
    sentinels: Option<Count<1, 9>>,
    /// Sentinel: how many must find the primary down. Default: 2 (documented).
    quorum: Option<Count<1, 9>>,
    /// Sentinel: `failover-timeout`; twice that is lost when their votes split. 10 ms to a day.
    /// Default: "3m" (documented).
    failover_timeout: Option<Duration>,
    /// How many times longer replacements take that begin during an AZ outage or up to two hours
    /// after it, 1 to 1000. Default: 1 (convention: off).
    #[schemars(range(min = 1, max = 1000), extend("default" = 1))]
    az_event_slowdown: Option<f64>,
    /// Whether AWS blocks test failovers while an AZ is down. Default: "blocked" (documented: user
    /// guide, MZ-47).
    #[schemars(extend("default" = "blocked"))]
    test_failover_in_az_outage: Option<InAzOutage>,
    /// The order in which a failover is announced. Default: "documented".
    #[schemars(extend("default" = "documented"))]
    event_order: Option<EventOrder>,
}

/// What an AZ outage does to test failovers.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum InAzOutage {
    /// They are blocked.
    Blocked,
    /// They are not.
    Allowed,
}

/// The order in which a failover is announced.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum EventOrder {
    /// The node's announcement first, then the group's.
    Documented,
    /// Either first, with equal chances (MZ-45).
    Jittered,
}

/// Who decides that a node is gone.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum Detector {
    /// The service, after the time of `timing.detection`.
    Managed,
    /// The nodes of a cluster, by majority of its primaries.
    ClusterBus,
    /// Redis Sentinel, self-hosted.
    Sentinel,
}

/// What primaries do that see no majority of the primaries.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum Minority {
    /// They refuse writes after the node timeout, until a while after the majority is back.
    Refuse,
    /// They go on.
    Serve,
}

/// What every group is asked to store. Give the rate per group or per shard.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("not" = {
    "required": ["writes-per-second", "writes-per-second-per-shard"],
}))]
struct Workload {
    /// Writes per second that clients offer to each group, split over its shards by hash slots:
    /// 0 to 1e9. Default: 1000 (assumed: an example).
    #[schemars(extend("default" = 1000))]
    writes_per_second: Option<Count<0, 1_000_000_000>>,
    /// Writes per second that clients offer to each shard, instead of `writes-per-second`.
    writes_per_second_per_shard: Option<Count<0, 1_000_000_000>>,
    /// Reads per second that clients offer to each group: 0 to 1e9. They change nothing but the
    /// number of those that miss. Default: 0 (convention).
    #[schemars(extend("default" = 0))]
    reads_per_second: Option<Count<0, 1_000_000_000>>,
    /// Bytes of one write, from 1 B to 512 MiB. Default: "512 B" (assumed: an example).
    #[schemars(extend("default" = "512 B"))]
    write_size: Option<Size<1, { 512 << 20 }>>,
    /// Data of each group at the start, split over its shards: up to 1 PiB. Default: "1 GiB"
    /// (assumed: an example).
    #[schemars(extend("default" = "1 GiB"))]
    dataset: Option<Size<0, { 1 << 50 }>>,
    /// Writes that clients follow by WAIT, and take as done once replicas have them. Without it
    /// nobody waits.
    wait: Option<Wait>,
}

/// Writes that wait for replicas.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Wait {
    /// How many replicas have to have a write, from 1 to 5.
    replicas: Count<1, 5>,
    /// Share of the writes that wait, above 0 and up to 1, in millionths. Default: 1.0
    /// (convention).
    #[schemars(extend("default" = 1.0, "exclusiveMinimum" = 0, "maximum" = 1))]
    share: Option<f64>,
}

/// How replicas follow their primary.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Replication {
    /// Age of the newest write that a replica holds when its primary is lost. Default:
    /// exponential with a mean of 200 ms (assumed: healthy links are faster; load and spikes are
    /// not modelled).
    #[schemars(extend("default" = { "exponential": { "mean": "200ms" } }))]
    lag: Option<Law>,
    /// How much history a primary keeps for replicas that fell behind (`repl-backlog-size`);
    /// matters with `resync-after-failover = "engine"` only. Default: "10 MiB" if all groups run
    /// Valkey 8.0 or later, else "1 MiB" (documented: engine default).
    backlog: Option<Size<0, { 1 << 50 }>>,
    /// How many good replicas a primary needs to take writes, from 0 to 5: in sync, linked, and
    /// heard of within `min-replicas-max-lag`. No more than each shard has. Default: 0, which is
    /// off (convention).
    #[schemars(extend("default" = 0))]
    min_replicas_to_write: Option<Count<0, 5>>,
    /// For how long a replica is good that is not heard of, in whole seconds; matters with
    /// `min-replicas-to-write` above 0. Default: "10s" (documented: engine default).
    #[schemars(extend("default" = "10s"))]
    min_replicas_max_lag: Option<Duration>,
}

/// How long things take.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Timing {
    /// Which defaults `detection`, `promotion` and `endpoint` have; what is given wins. Default:
    /// "typical".
    #[schemars(extend("default" = "typical"))]
    preset: Option<TimingPreset>,
    /// From the failure to the control plane's decision that the node is gone. Default: lognormal
    /// with a median of 10 s and a 95 % quantile of 25 s (assumed: nothing is published about the
    /// managed detector).
    #[schemars(extend("default" = { "lognormal": { "median": "10s", "p95": "25s" } }))]
    detection: Option<Law>,
    /// From detection to the chosen replica being primary. Default: uniform from 1 s to 5 s
    /// (assumed: documented only as a few seconds for the whole failover).
    #[schemars(extend("default" = { "uniform": ["1s", "5s"] }))]
    promotion: Option<Law>,
    /// From promotion to the primary endpoint naming the new primary. Default: uniform from 1 s to
    /// 5 s (assumed: nothing is published).
    #[schemars(extend("default" = { "uniform": ["1s", "5s"] }))]
    endpoint: Option<Law>,
    /// From the start of a replacement to an empty node that answers. Default: lognormal with a
    /// median of 8 min and a 95 % quantile of 20 min (reported: AWS maintenance FAQ and timelines
    /// of service updates).
    #[schemars(extend("default" = { "lognormal": { "median": "8m", "p95": "20m" } }))]
    replacement: Option<Law>,
    /// How long a replica copies everything: `{ per-gib = "18s" }`, or a law whatever the size.
    /// Default: 18 s per GiB (derived: save, transfer and load times in the log of redis issue
    /// 2315).
    #[schemars(extend("default" = { "per-gib": "18s" }))]
    full_sync: Option<FullSync>,
    /// After a dataset loss, from the first live node to one that takes writes. Default: "0s"
    /// (assumed: an empty node takes writes at once).
    #[schemars(extend("default" = "0s"))]
    cold_start: Option<Law>,
    /// A reboot, from shutdown to a process that answers. Default: uniform from 1 min to 3 min
    /// (documented: AWS FIS template for a reboot of the primary).
    #[schemars(extend("default" = { "uniform": ["1m", "3m"] }))]
    reboot: Option<Law>,
    /// A modification of a group, from the call to the group being available again. Default:
    /// uniform from 30 s to 2 min (assumed: nothing is published).
    #[schemars(extend("default" = { "uniform": ["30s", "2m"] }))]
    modify: Option<Law>,
    /// A test failover, from the call to the primary being taken offline. Default: triangular from
    /// 52 s over 60 s to 115 s (reported: published logs).
    #[schemars(extend("default" = { "triangular": ["52s", "60s", "115s"] }))]
    test_failover: Option<Law>,
    /// From one step of planned work to the next. Default: uniform from 30 s to 90 s (reported:
    /// three published timelines).
    #[schemars(extend("default" = { "uniform": ["30s", "90s"] }))]
    maintenance_step: Option<Law>,
    /// From the last updated replica to the hand-over. Default: uniform from 30 s to 3 min
    /// (reported: two published timelines).
    #[schemars(extend("default" = { "uniform": ["30s", "3m"] }))]
    handover_start: Option<Law>,
    /// How long writes wait in a hand-over that refuses none. Default: uniform from 0 s to 1 s
    /// (reported: documented as none; half a second was seen).
    #[schemars(extend("default" = { "uniform": ["0s", "1s"] }))]
    handover_pause: Option<Law>,
    /// How long writes are refused in a hand-over without cluster mode before Redis OSS 5.0.6.
    /// Default: uniform from 1 s to 5 s (documented: up to a few seconds, MZ-09).
    #[schemars(extend("default" = { "uniform": ["1s", "5s"] }))]
    handover_gap: Option<Law>,
    /// A planned replacement, from taking the node down to an empty node that answers. Default:
    /// lognormal with a median of 10 min and a 95 % quantile of 10 min 49 s (reported: two
    /// published timelines).
    #[schemars(extend("default" = { "lognormal": { "median": "10m", "p95": "10m 49s" } }))]
    planned_replacement: Option<Law>,
    /// Patching in place: how long the process is gone. Default: 2 s (reported: a published
    /// timeline).
    #[schemars(extend("default" = { "fixed": "2s" }))]
    patch_restart: Option<Law>,
    /// Patching in place: from a process that answers again to a patched node. Default: lognormal
    /// with a median of 53 s and a 95 % quantile of 61 s (reported: a published timeline).
    #[schemars(extend("default" = { "lognormal": { "median": "53s", "p95": "61s" } }))]
    patch: Option<Law>,
    /// A backup: `{ per-gib = "8.4s" }`, or a law whatever the size. Default: 8.4 s per GiB
    /// (reported: save times in the log of redis issue 2315).
    #[schemars(extend("default" = { "per-gib": "8.4s" }))]
    snapshot: Option<FullSync>,
    /// Forking before a backup. Default: 10 ms per GiB (documented: Redis documentation, latency).
    #[schemars(extend("default" = { "per-gib": "10ms" }))]
    fork: Option<FullSync>,
    /// From the loss of everything to the decision to restore. Default: "15m" (assumed: somebody is
    /// on call).
    #[schemars(extend("default" = { "fixed": "15m" }))]
    restore_decision: Option<Law>,
    /// Provisioning a new group. Default: lognormal with a median of 8 min and a 95 % quantile of
    /// 25 min (reported: creation times in issues of terraform).
    #[schemars(extend("default" = { "lognormal": { "median": "8m", "p95": "25m" } }))]
    restore_provision: Option<Law>,
    /// Reading a snapshot. Default: 5.4 s per GiB (assumed: 200 MB/s).
    #[schemars(extend("default" = { "per-gib": "5.4s" }))]
    snapshot_load: Option<FullSync>,
    /// From a restored group that answers to the application writing to it. Default: "5m"
    /// (assumed: a new endpoint in the application's configuration).
    #[schemars(extend("default" = { "fixed": "5m" }))]
    re_pointing: Option<Law>,
}

/// What is done with snapshots.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Backup {
    /// What follows the loss of everything a group holds. Default: "restore" (assumed: who takes
    /// snapshots uses them).
    #[schemars(extend("default" = "restore"))]
    after_dataset_loss: Option<AfterLoss>,
}

/// What follows the loss of everything a group holds.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum AfterLoss {
    /// The last snapshot is restored into a new group.
    Restore,
    /// The group starts cold, and stays it.
    StartCold,
}

/// The append-only file.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Persistence {
    /// When it is brought to the disk (`appendfsync`). Default: "everysec" (documented: engine
    /// default).
    #[schemars(extend("default" = "everysec"))]
    fsync: Option<Fsync>,
    /// Reading it after a restart. Default: 14 s per GiB (assumed: 75 MB/s, and a file as large as
    /// the data).
    #[schemars(extend("default" = { "per-gib": "14s" }))]
    replay: Option<FullSync>,
}

/// The log of durable groups.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct DurableLog {
    /// With `durability = "async"`: age of the newest write in the log when the primary is lost.
    /// What exceeds 10 s counts as 10 s. Default: uniform from 0 s to 10 s (assumed: only the bound
    /// is documented).
    #[schemars(extend("default" = { "uniform": ["0s", "10s"] }))]
    log_lag: Option<Law>,
    /// How long a node without data reads the log: `{ per-gib = "18s" }`, or a law whatever the
    /// size. Default: 18 s per GiB (assumed: as long as a full sync).
    #[schemars(extend("default" = { "per-gib": "18s" }))]
    restore: Option<FullSync>,
}

/// A second region that has a copy of every group: Redis OSS 5.0.6 and later, not beside
/// `durability`. When all of a group is lost somebody decides, and the copy becomes the group.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct GlobalDatastore {
    /// Whether there is a second region. Default: true (convention).
    #[schemars(extend("default" = true))]
    enabled: Option<bool>,
    /// Its name, as in "eu-west-1": another one than that of the nodes.
    #[schemars(extend("pattern" = "^[a-z]+(-[a-z]+)+-[0-9]+$"))]
    region: String,
    /// Age of the newest write in the copy when the primary is lost. Default: uniform from 0 s to
    /// 1 s (assumed: disaster-recovery.workshop.aws says usually below 1 s).
    #[schemars(extend("default" = { "uniform": ["0s", "1s"] }))]
    lag: Option<Law>,
    /// From the loss of everything to the decision. Default: lognormal with a median of 15 min and
    /// a 95 % quantile of 1 h (assumed: a person decides).
    #[schemars(extend("default" = { "lognormal": { "median": "15m", "p95": "1h" } }))]
    decision: Option<Law>,
    /// From the decision to a group there that takes writes. Default: "1m" (reported:
    /// disaster-recovery.workshop.aws).
    #[schemars(extend("default" = { "fixed": "1m" }))]
    promotion: Option<Law>,
    /// From a group that takes writes to the application writing to it, under its other endpoint.
    /// Default: "0s" (assumed: the decision covers it).
    #[schemars(extend("default" = { "fixed": "0s" }))]
    endpoint: Option<Law>,
}

/// When the append-only file is brought to the disk.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
enum Fsync {
    /// Once a second.
    EverySec,
    /// With every write.
    Always,
    /// When the kernel likes.
    No,
}

/// Choices that change numbers, where ElastiCache's documentation leaves room.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Rules {
    /// When the repair of a failed node may begin. Default: "after-detection" (assumed: nothing is
    /// repaired before it is known to be lost).
    #[schemars(extend("default" = "after-detection"))]
    replacement_starts: Option<ReplacementStarts>,
    /// What the other replicas do after a promotion. Default: "full" (documented: user guide,
    /// MZ-62).
    #[schemars(extend("default" = "full"))]
    resync_after_failover: Option<Resync>,
    /// Which replica follows a lost primary. Default: "least-lag" (documented: user guide, MZ-24).
    #[schemars(extend("default" = "least-lag"))]
    promotion: Option<Promotion>,
    /// Whether a replacement waits until its AZ is up. Default: true (documented: user guide,
    /// MZ-59).
    #[schemars(extend("default" = true))]
    replacement_waits_for_az: Option<bool>,
    /// Whether only a serving primary can be copied from; with false any complete copy can.
    /// Default: true (assumed: replicas attach to a primary only).
    #[schemars(extend("default" = true))]
    resync_needs_primary: Option<bool>,
    /// Whether a node in full sync counts as a complete copy and may be promoted where no synced
    /// replica is left. Default: false (derived: only available replicas are candidates, MZ-30).
    #[schemars(extend("default" = false))]
    syncing_counts_as_complete: Option<bool>,
    /// What a further fault in the shard does to a failover under way. Default: "continue"
    /// (assumed: simultaneous failures are one scenario, MZ-36).
    #[schemars(extend("default" = "continue"))]
    failure_during_failover: Option<DuringFailover>,
    /// Whether random node failures strike nodes in full sync; with false a node's life begins
    /// when its sync ends. Default: true (assumed: a host's life begins when it joins).
    #[schemars(extend("default" = true))]
    syncing_nodes_can_fail: Option<bool>,
    /// Who serves first after a dataset loss. Default: "first-ready" (assumed: the guide leaves it
    /// open, MZ-33).
    #[schemars(extend("default" = "first-ready"))]
    cold_start_node: Option<ColdStartNode>,
    /// What a fault of the primary does that ends before it is detected. Default: "blip" (assumed:
    /// what is never detected cannot start a failover).
    #[schemars(extend("default" = "blip"))]
    sub_detection_fault: Option<SubDetection>,
    /// When a primary that could not be reached ceases to take writes, if a replica is promoted.
    /// Default: "at-promotion" (assumed: a failed primary is taken offline first, MZ-67).
    #[schemars(extend("default" = "at-promotion"))]
    fencing: Option<Fencing>,
    /// What a client makes of a WAIT that runs into its time-out, since too few replicas follow.
    /// Default: "proceed" (assumed: the reply only counts replicas, and few clients look at it).
    #[schemars(extend("default" = "proceed"))]
    wait_timeout: Option<WaitTimeout>,
}

/// When the repair of a failed node may begin.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum ReplacementStarts {
    /// When the failure is detected.
    AfterDetection,
    /// At once, as if failures were known without delay.
    AtFailure,
    /// When the failure is detected and no failover of the shard is under way.
    AfterFailover,
}

/// What the other replicas do after a promotion.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum Resync {
    /// They drop what they have and copy everything, unreachable meanwhile.
    Full,
    /// They fetch the missing tail if the backlog holds it, else everything.
    Engine,
    /// They follow at once.
    None,
}

/// Which replica follows a lost primary.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum Promotion {
    /// The one that trails least; of equal ones the smallest id.
    LeastLag,
    /// Any complete one, with equal chances.
    Random,
    /// The one with the smallest id.
    LowestId,
    /// None: the primary's own replacement serves again.
    None,
}

/// What a further fault does to a failover under way.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum DuringFailover {
    /// Nothing: neither restarts nor extends it.
    Continue,
    /// Detection begins anew.
    Restart,
}

/// Who serves first after a dataset loss.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum ColdStartNode {
    /// The first live node.
    FirstReady,
    /// The lost primary's slot.
    PrimarySlot,
}

/// When an isolated primary ceases to take writes.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum Fencing {
    /// At the promotion of its successor.
    AtPromotion,
    /// When it is reached again; what it takes until then is lost.
    OnReturn,
}

/// What a fault of the primary does that ends before it is detected.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum SubDetection {
    /// The process serves again, empty; nobody fails over.
    Blip,
    /// The failover happens all the same.
    Failover,
}

/// What a client makes of a WAIT that too few replicas answer.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum WaitTimeout {
    /// It takes the write as done.
    Proceed,
    /// It takes the write as failed, so it counts as rejected.
    Fail,
}
