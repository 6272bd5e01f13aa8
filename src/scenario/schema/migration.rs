//! `[migration]`, `[group.self-hosted]`, and the operations and faults of a migration.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema};

use super::values::{Count, Duration, Law, Name, Rate, Size, also};

/// A group that its users run, outside ElastiCache: no call of the API reaches it, and none of
/// ElastiCache's limits is about it. Most keys matter where data is migrated from it.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct SelfHosted {
    /// Who decides on the successor of a lost primary. Default: "sentinel", with cluster mode
    /// enabled "cluster-bus" (assumed: what the engine has).
    detector: Option<OwnDetector>,
    /// Addresses of the nodes in their order, without ports. Default: the names of the nodes.
    addresses: Option<Vec<String>>,
    /// Port of all nodes, or an array with one for each. Default: 6379 (convention).
    #[schemars(extend("default" = 6379))]
    ports: Option<Ports>,
    /// Whether the source wants a password. Default: false (convention).
    #[schemars(extend("default" = false))]
    auth: Option<bool>,
    /// `protected-mode`. Default: false (convention).
    #[schemars(extend("default" = false))]
    protected_mode: Option<bool>,
    /// Addresses at which it listens; those of the machine itself only keep ElastiCache out.
    /// Default: "0.0.0.0" (convention).
    #[schemars(extend("default" = "0.0.0.0"))]
    bind: Option<String>,
    /// Whether the source's security group admits the target's nodes. Default: true (convention).
    #[schemars(extend("default" = true))]
    security_group_admits_target: Option<bool>,
    /// Commands that are called otherwise. One that a migration sends, or one that modifies data,
    /// stands in its way. Default: none (convention).
    #[schemars(extend("default" = []))]
    renamed_commands: Option<Vec<String>>,
    /// The number of databases. Default: 16, with cluster mode enabled 1 (convention).
    databases: Option<Count<1, 1_200_000>>,
    /// Memory that each process may take. Without it memory is no limit.
    memory: Option<Size<1, { 1 << 50 }>>,
    /// A reader for which more waits is dropped at once; 0 is no limit. Default: "256 MiB"
    /// (documented: `client-output-buffer-limit` of replicas).
    #[schemars(extend("default" = "256 MiB"))]
    output_buffer_hard_limit: Option<Size<0, { 1 << 50 }>>,
    /// A reader for which more waits all the time of `output-buffer-soft-for` is dropped; 0 is no
    /// limit. Default: "64 MiB" (documented: `client-output-buffer-limit` of replicas).
    #[schemars(extend("default" = "64 MiB"))]
    output_buffer_soft_limit: Option<Size<0, { 1 << 50 }>>,
    /// For how long more than the soft limit may wait. Default: "60s" (documented:
    /// `client-output-buffer-limit` of replicas).
    #[schemars(extend("default" = "60s"))]
    output_buffer_soft_for: Option<Duration>,
    /// History that the source keeps for a target that comes back (`repl-backlog-size`). Default:
    /// "10 MiB" for Valkey 8.0 and later, else "1 MiB" (documented: engine default).
    backlog: Option<Size<0, { 1 << 50 }>>,
    /// Replicas that copy from a replica of their shard, by their names:
    /// `{ "legacy-003" = "legacy-002" }`. Default: all copy from the primary.
    chained: Option<BTreeMap<String, Name>>,
}

/// Who decides on the successor of a lost primary in a self-hosted group.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum OwnDetector {
    /// Redis Sentinel; with cluster mode disabled only.
    Sentinel,
    /// The nodes of a cluster; with cluster mode enabled only.
    ClusterBus,
    /// Nobody: automatic failover is off.
    None,
}

/// A port, or an array with one for each node.
#[derive(JsonSchema)]
#[schemars(inline, extend("type" = ["integer", "string", "array"], "minimum" = 1))]
#[schemars(extend("maximum" = 65_535, "items" = { "minimum": 1, "maximum": 65_535 }))]
struct Ports(String);

/// An online migration from a self-hosted group to one in ElastiCache.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("not" = { "anyOf": [
    { "required": ["fork-pause", "fork-pause-per-gib"] },
    { "required": ["save", "save-per-gib"] },
    { "required": ["load", "load-per-gib"] },
    { "required": ["cut-over-after-sync", "cut-over-after-start"] },
] }))]
pub(super) struct Migration {
    /// The self-hosted group whose clients move.
    source: Name,
    /// The group in ElastiCache that they move to. Nobody writes to it before.
    target: Name,
    /// What the network carries from a shard of the source to one of the target. Default: "100
    /// MB/s" (assumed: a network of 1 Gbit/s, not quite filled).
    #[schemars(extend("default" = "100 MB/s"))]
    bandwidth: Option<Rate>,
    /// How far the target trails while nothing waits. Default: that of `[replication]` (assumed).
    lag: Option<Law>,
    /// How long the source's writes wait for the fork of a full sync, per GiB. Default: "10ms"
    /// (documented: Redis documentation, latency).
    #[schemars(extend("default" = "10ms"))]
    fork_pause_per_gib: Option<Duration>,
    /// The same as a law whatever the size.
    fork_pause: Option<Law>,
    /// How long the source writes its copy to disk before it sends it, per GiB. Default: "9s"
    /// (assumed: about 120 MB/s, as one log has it; nothing where copies go without a disk).
    #[schemars(extend("default" = "9s"))]
    save_per_gib: Option<Duration>,
    /// The same, whatever the size.
    save: Option<Law>,
    /// How long the target loads what it was sent, per GiB. Default: "5s" (assumed: about 200
    /// MB/s).
    #[schemars(extend("default" = "5s"))]
    load_per_gib: Option<Duration>,
    /// The same as a law whatever the size.
    load: Option<Law>,
    /// Memory that a write makes the source copy while a full sync is sent. Default: "4 KiB"
    /// (documented: a page of Linux).
    #[schemars(extend("default" = "4 KiB"))]
    source_page: Option<Size<0, { 1 << 30 }>>,
    /// How long the source's process is gone when it had no memory left. Default: "2m" (assumed:
    /// somebody sees to a machine without memory).
    #[schemars(extend("default" = "2m"))]
    source_restart: Option<Law>,
    /// Until an attempt to connect is made again that failed after StartMigration; never zero.
    /// Default: "10s" (assumed: nothing is published).
    #[schemars(extend("default" = "10s"))]
    retry: Option<Law>,
    /// Until a link that broke is tried again, once both ends reach each other; never zero.
    /// Default: "1s" (documented: engine, a replica without its link tries again each second).
    #[schemars(extend("default" = "1s"))]
    reconnect: Option<Law>,
    /// How often the target tries to become a replica before it gives up. Default: 10 (assumed:
    /// documented only as several retries).
    #[schemars(extend("default" = 10))]
    attempts: Option<Count<1, 65_535>>,
    /// TestMigration, from the call to its result. Default: "1m" (assumed: nothing is published).
    #[schemars(extend("default" = "1m"))]
    test: Option<Law>,
    /// StartMigration, from the call to the first attempt to connect. Default: "2m" (assumed:
    /// nothing is published).
    #[schemars(extend("default" = "2m"))]
    start: Option<Law>,
    /// Resharding the target where its hash slots are not the source's, per slot that moves.
    /// Default: "100ms" (assumed: about half an hour for all).
    #[schemars(extend("default" = "100ms"))]
    reshard_per_slot: Option<Duration>,
    /// CompleteMigration, from the call to the promotion or to the event that tells why not.
    /// Default: "1m" (assumed: documented only as typically within minutes).
    #[schemars(extend("default" = "1m"))]
    complete: Option<Law>,
    /// Until CompleteMigration is called again when it could not be completed; never zero.
    /// Default: "1m" (assumed: who is told to wait waits).
    #[schemars(extend("default" = "1m"))]
    complete_again: Option<Law>,
    /// How long the operator tries before he gives up the cut-over. Default: "30m" (assumed: a
    /// maintenance window that was announced).
    #[schemars(extend("default" = "30m"))]
    patience: Option<Duration>,
    /// The control plane takes a target for in sync that trails by no more. Default: "10s"
    /// (assumed: nothing is published; min-replicas-max-lag takes it for good).
    #[schemars(extend("default" = "10s"))]
    in_sync_lag: Option<Duration>,
    /// What is done first when the migration is completed. Default: "stop-writes-first" (assumed:
    /// the one that loses nothing).
    #[schemars(extend("default" = "stop-writes-first"))]
    cut_over: Option<CutOver>,
    /// The operator begins with the cut-over so long after the target was in sync for the first
    /// time. Without this and the next key he does so by an operation only.
    cut_over_after_sync: Option<Law>,
    /// The operator begins with the cut-over so long after StartMigration was accepted.
    cut_over_after_start: Option<Law>,
    /// How the clients move.
    clients: Option<MigrationClients>,
}

/// What is done first when a migration is completed.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum CutOver {
    /// The clients stop to write, the target catches up, then the migration is completed.
    StopWritesFirst,
    /// The migration is completed while clients write; those that have not moved go on with the
    /// source.
    SwitchOnTheFly,
    /// It is completed at once, whatever the target lacks (`--force`).
    Force,
}

/// How clients move from the source to the target.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct MigrationClients {
    /// Into how many parts of equal size clients fall; each moves as one. Default: 10
    /// (convention).
    #[schemars(extend("default" = 10))]
    cohorts: Option<Count<1, 1_000>>,
    /// When a cohort begins to move, from the completion of the migration; or back, from a
    /// roll-back. Default: uniform from 0 s to 1 min (assumed: a configuration that is rolled
    /// out).
    #[schemars(extend("default" = { "uniform": ["0s", "1m"] }))]
    moves: Option<Law>,
    /// How long it reaches neither of the two then. Default: "2s" (assumed: clients close their
    /// connections and open others).
    #[schemars(extend("default" = "2s"))]
    repoint: Option<Law>,
    /// How many of the last cohorts never hear of anything: neither stop to write nor move.
    /// Default: 0 (convention).
    #[schemars(extend("default" = 0))]
    stray: Option<Count<0, 1_000>>,
    /// How many of the first cohorts move before anybody told them. Default: 0 (convention).
    #[schemars(extend("default" = 0))]
    early: Option<Count<0, 1_000>>,
    /// When these do, from the start of the trial; needed with `early` above 0.
    early_at: Option<Law>,
}

/// A call that tests or starts a migration: a table, or the name of the target alone.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case", transform = or_name)]
#[schemars(extend("dependencies" = { "endpoint": { "not": { "required": ["endpoints"] } } }))]
pub(super) struct MigrationStart {
    /// The group to which data is migrated. Default: the target of `[migration]`.
    group: Option<Name>,
    /// Address and port of the source: "10.0.0.241:6379". Default: those of its first primary.
    endpoint: Option<String>,
    /// The same as a list, of which the API takes one only.
    endpoints: Option<Vec<String>>,
    /// A serverless cache in place of the group, which is refused (OM-02).
    serverless_cache: Option<String>,
}

/// A call that completes a migration: a table, or the name of the target alone.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case", transform = or_name)]
pub(super) struct MigrationComplete {
    /// The group to which data is migrated. Default: the target of `[migration]`.
    group: Option<Name>,
    /// Whether the target is promoted whatever it lacks. Default: false (convention).
    #[schemars(extend("default" = false))]
    force: Option<bool>,
}

/// What is done to a migration: a table, or the name of the target alone.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case", transform = or_name)]
pub(super) struct MigrationStep {
    /// The group to which data is migrated. Default: the target of `[migration]`.
    group: Option<Name>,
}

/// A cut of the network between source and target.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct LinkCut {
    /// How long it is cut.
    duration: Law,
}

/// Allows the name of a group in place of a table.
fn or_name(schema: &mut Schema) {
    also(schema, "string");
}
