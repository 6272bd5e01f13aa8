//! `[[fault]]`: what fails, at a given time or at random.

use schemars::JsonSchema;

use super::migration::LinkCut;
use super::operations::UpdateMethod;
use super::values::{Count, Duration, Law, Name, Share, exactly_one};

/// A fault: exactly one kind beside `at`, `id` and `enabled`. Scheduled kinds need `at`, random
/// ones take none.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(transform = exactly_one(&["at", "id", "enabled"]))]
#[schemars(extend("dependencies" = {
    "fail-primary": ["at"],
    "fail-node": ["at"],
    "crash-node": ["at"],
    "isolate-node": ["at"],
    "isolate-primary": ["at"],
    "fail-replicas": ["at"],
    "fail-az": ["at"],
    "fail-group": ["at"],
    "reboot-node": ["at"],
    "cut-migration-link": ["at"],
    "node-failure": { "not": { "required": ["at"] } },
    "az-failure": { "not": { "required": ["at"] } },
    "group-failure": { "not": { "required": ["at"] } },
    "service-update": { "not": { "required": ["at"] } },
}))]
pub(super) struct Fault {
    /// When a scheduled fault strikes, from the start of the trial and before the horizon: a time,
    /// or a law with a latest one (`uniform`, `triangular`, `empirical`), drawn once a trial.
    at: Option<Law>,
    /// Whether it strikes at all. Default: true (convention).
    #[schemars(extend("default" = true))]
    enabled: Option<bool>,
    /// Name for policies and sweeps; it also decides the random numbers of the fault. Default: its
    /// kind and its place among those of its kind.
    id: Option<Name>,
    /// Scheduled: the host of the shard's primary is lost.
    fail_primary: Option<ShardTarget>,
    /// Scheduled: the host of a node is lost.
    fail_node: Option<NodeTarget>,
    /// Scheduled: the process of a node dies and comes back, empty, on the same host.
    crash_node: Option<Crash>,
    /// Scheduled: a node runs, and nobody but the clients on its side reaches it for a while.
    isolate_node: Option<Isolation>,
    /// Scheduled: the same of whoever is the shard's primary then.
    isolate_primary: Option<PrimaryIsolation>,
    /// Scheduled: the hosts of the first replicas of a shard are lost.
    fail_replicas: Option<ReplicasTarget>,
    /// Scheduled: an AZ is down for a while, and the nodes in it are lost.
    fail_az: Option<AzOutage>,
    /// Scheduled: all nodes of a group are lost.
    fail_group: Option<GroupTarget>,
    /// Scheduled: a node is rebooted.
    reboot_node: Option<Reboot>,
    /// Scheduled: the network between source and target of the migration is cut.
    cut_migration_link: Option<LinkCut>,
    /// Random: hosts are lost, each node by a clock of its own.
    node_failure: Option<NodeFailure>,
    /// Random: AZs fail, each by a clock of its own that runs while it is up.
    az_failure: Option<AzFailure>,
    /// Random: whole groups fail, each by a clock of its own.
    group_failure: Option<GroupFailure>,
    /// Random: service updates come, to each group by a clock of its own; each waits for the next
    /// maintenance window of its group.
    service_update: Option<ServiceUpdates>,
}

/// A shard whose primary fails.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct ShardTarget {
    /// The group; need not be named if there is only one.
    group: Option<Name>,
    /// The shard; need not be named if the group has only one. `"any"` is one by chance, of the
    /// group or of all groups.
    shard: Option<Name>,
}

/// A node that fails.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct NodeTarget {
    /// The node whose host is lost, by its name. `"any"` is one by chance, alive or not.
    node: Name,
    /// With `"any"`: the group that it is one of. Default: all groups.
    group: Option<Name>,
}

/// A process that dies.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Crash {
    /// The node whose process dies, by its name. `"any"` is one by chance, alive or not.
    node: Name,
    /// With `"any"`: the group that it is one of. Default: all groups.
    group: Option<Name>,
    /// How long the process is gone. Shorter than the detection, it is never noticed.
    restart_after: Law,
}

/// A node that runs and cannot be reached (MZ-67).
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Isolation {
    /// The node that is cut off, by its name. `"any"` is one by chance.
    node: Name,
    /// With `"any"`: the group that it is one of. Default: all groups.
    group: Option<Name>,
    /// How long nobody on the other side reaches it. Shorter than the detection, it is never
    /// noticed.
    duration: Law,
    /// Writes per second of its shard that it goes on taking from its side, if it is the primary.
    /// Default: 0 (convention).
    #[schemars(extend("default" = 0))]
    writers_beside: Option<Count<0, 1_000_000_000>>,
}

/// A primary that runs and cannot be reached (MZ-67).
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct PrimaryIsolation {
    /// The group; need not be named if there is only one.
    group: Option<Name>,
    /// The shard; need not be named if the group has only one. `"any"` is one by chance, of the
    /// group or of all groups.
    shard: Option<Name>,
    /// How long nobody on the other side reaches its primary. Shorter than the detection, it is
    /// never noticed.
    duration: Law,
    /// Writes per second of its shard that it goes on taking from its side. Default: 0
    /// (convention).
    #[schemars(extend("default" = 0))]
    writers_beside: Option<Count<0, 1_000_000_000>>,
}

/// Replicas that fail.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct ReplicasTarget {
    /// How many: from 1 to the number of the shard's replicas.
    count: Count<1, 250>,
    /// The group; need not be named if there is only one.
    group: Option<Name>,
    /// The shard; need not be named if the group has only one. `"any"` is one by chance, of the
    /// group or of all groups, among those with so many replicas.
    shard: Option<Name>,
}

/// An AZ that fails.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct AzOutage {
    /// The AZ that fails, by its name. `"any"` is one by chance among those with nodes.
    az: Name,
    /// How long it is down.
    duration: Law,
    /// Share of its nodes that are lost, above 0 and up to 1. Default: 1.
    #[schemars(extend("default" = 1))]
    share: Option<Share>,
}

/// A group that fails.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct GroupTarget {
    /// The group; need not be named if there is only one.
    group: Option<Name>,
}

/// A node that is rebooted.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Reboot {
    /// The node that is rebooted, by its name. `"any"` is one by chance, alive or not.
    node: Name,
    /// With `"any"`: the group that it is one of. Default: all groups.
    group: Option<Name>,
    /// Who asks for it.
    by: RebootBy,
}

/// Who asks for a reboot.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum RebootBy {
    /// The customer: no failover, the node comes back empty as what it was (MZ-60, MZ-61). Not
    /// with cluster mode enabled.
    Customer,
    /// The service: a failure like others, if it is detected.
    Service,
}

/// Random failures of nodes. Give `mttf` or `lifetime`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(transform = exactly_one(&["source", "range"]))]
struct NodeFailure {
    /// Mean time to failure of one node, with an exponential law: at least "1s".
    mttf: Option<Duration>,
    /// Age at failure of one node, by any law: a mean of at least "1s".
    lifetime: Option<Law>,
    /// Where the time to failure comes from.
    source: Option<String>,
    /// Between which lengths the mean time to failure may be. Default: half to double.
    range: Option<[Duration; 2]>,
}

/// Random failures of AZs. Give `mttf` or `lifetime`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(transform = exactly_one(&["duration", "share", "source", "range"]))]
struct AzFailure {
    /// Mean time up of one AZ, with an exponential law: at least "1s".
    mttf: Option<Duration>,
    /// Time up of one AZ, by any law: a mean of at least "1s".
    lifetime: Option<Law>,
    /// How long the AZ is down.
    duration: Law,
    /// Share of its nodes that are lost, above 0 and up to 1. Default: 1.
    #[schemars(extend("default" = 1))]
    share: Option<Share>,
    /// Where the time up comes from.
    source: Option<String>,
    /// Between which lengths the mean time up may be. Default: half to double.
    range: Option<[Duration; 2]>,
}

/// Random failures of whole groups. Give `mttf` or `lifetime`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(transform = exactly_one(&["group", "source", "range"]))]
struct GroupFailure {
    /// Mean time between failures of one group, with an exponential law: at least "1s".
    mttf: Option<Duration>,
    /// Time between failures of one group, by any law: a mean of at least "1s".
    lifetime: Option<Law>,
    /// The group. Default: every group, each by a clock of its own.
    group: Option<Name>,
    /// Where the time between failures comes from.
    source: Option<String>,
    /// Between which lengths the mean time between failures may be. Default: half to double.
    range: Option<[Duration; 2]>,
}

/// Service updates that come by chance, or again and again.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct ServiceUpdates {
    /// From one announcement to the next: a mean of at least "1s".
    every: Law,
    /// The group. Default: every group, each by a clock of its own.
    group: Option<Name>,
    /// How a node is updated. Default: "replace" (assumed: published timelines show both).
    #[schemars(extend("default" = "replace"))]
    method: Option<UpdateMethod>,
}
