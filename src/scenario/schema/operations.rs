//! `[[operation]]`: calls of the API, and work that the service begins.

use schemars::JsonSchema;

use super::migration::{MigrationComplete, MigrationStart, MigrationStep};
use super::values::{Count, Law, Name, exactly_one};

/// An operation: exactly one kind beside `at`, `id` and `enabled`. The model refuses it if the
/// state of the group at that moment does not allow it, as AWS would.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(transform = exactly_one(&["at", "id", "enabled"]))]
pub(super) struct Operation {
    /// When it comes, from the start of the trial and before the horizon: a time, or a law with a
    /// latest one (`uniform`, `triangular`, `empirical`), drawn once a trial.
    at: Law,
    /// Whether it comes at all. Default: true (convention).
    #[schemars(extend("default" = true))]
    enabled: Option<bool>,
    /// Name for policies and sweeps; it also decides the random numbers of the operation. Default:
    /// its kind and its place among those of its kind.
    id: Option<Name>,
    /// ModifyReplicationGroup: switches, the primary, backups.
    modify: Option<Modify>,
    /// The four steps of a manual promotion: Multi-AZ off, automatic failover off, promote, both on
    /// again (MZ-57).
    promote_replica: Option<OperatedNode>,
    /// TestFailover: the primary of a shard is taken offline, and a replica promoted.
    test_failover: Option<Test>,
    /// RebootCacheCluster: the customer reboots a node (MZ-60).
    reboot: Option<OperatedNode>,
    /// IncreaseReplicaCount: each shard gets replicas.
    increase_replica_count: Option<Increase>,
    /// DecreaseReplicaCount: each shard loses replicas.
    decrease_replica_count: Option<Decrease>,
    /// A node outside ElastiCache becomes a replica of the primary (MZ-64, MZ-65).
    attach_external_replica: Option<External>,
    /// CreateSnapshot: a backup by hand.
    create_snapshot: Option<OperatedGroup>,
    /// A service update: all nodes are replaced or patched, replicas first (MZ-12).
    service_update: Option<Update>,
    /// TestMigration: checks whether the target could become a replica of the source.
    test_migration: Option<MigrationStart>,
    /// StartMigration: the target becomes a replica of the source.
    start_migration: Option<MigrationStart>,
    /// CompleteMigration: the target is promoted.
    complete_migration: Option<MigrationComplete>,
    /// "Stop data migration" of the console: the target is promoted as it is, to abort.
    stop_migration: Option<MigrationStep>,
    /// The operator begins with the cut-over.
    cut_over: Option<MigrationStep>,
    /// The operator brings the clients back to the source.
    roll_back: Option<MigrationStep>,
    /// A command line of the AWS CLI: `aws elasticache test-failover …`.
    cli: Option<String>,
    /// A request of the query API: `https://elasticache.us-west-2.amazonaws.com/?Action=…`.
    request: Option<String>,
}

/// What is to change; at least one thing is.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Modify {
    /// The group; need not be named if there is only one.
    group: Option<Name>,
    /// AutomaticFailoverEnabled.
    automatic_failover: Option<bool>,
    /// MultiAZEnabled.
    multi_az: Option<bool>,
    /// PrimaryClusterId: this replica becomes the primary (MZ-57).
    primary: Option<Name>,
    /// The append-only file, by way of a parameter group.
    append_only_file: Option<bool>,
    /// SnapshotRetentionLimit in days, 0 to 35; 0 switches automatic backups off.
    snapshot_retention: Option<Count<0, 35>>,
    /// SnapshottingClusterId: the node that backups are taken from.
    snapshotting_node: Option<Name>,
    /// At once, or when the maintenance window opens (MZ-22). Default: false.
    #[schemars(extend("default" = false))]
    apply_immediately: Option<bool>,
}

/// A node that an operation is about.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct OperatedNode {
    /// The node, by its name.
    node: Name,
}

/// A group that an operation is about.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct OperatedGroup {
    /// The group; need not be named if there is only one.
    group: Option<Name>,
}

/// A test failover.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Test {
    /// The group; need not be named if there is only one.
    group: Option<Name>,
    /// The shard, as in "0003" or "cache-0003"; need not be named if the group has only one.
    shard: Option<Name>,
    /// Whether the question of the console is answered with cancel (MZ-70). Default: false.
    #[schemars(extend("default" = false))]
    cancel: Option<bool>,
}

/// More replicas.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Increase {
    /// The group; need not be named if there is only one.
    group: Option<Name>,
    /// Replicas of each shard from then on.
    to: Count<1, 5>,
    /// AZs of the new replicas of each shard, in turn. Default: where the placement goes on.
    #[schemars(length(min = 1, max = 5))]
    azs: Option<Vec<Name>>,
    /// At once, or when the maintenance window opens (MZ-22). Default: false.
    #[schemars(extend("default" = false))]
    apply_immediately: Option<bool>,
}

/// Fewer replicas.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Decrease {
    /// The group; need not be named if there is only one.
    group: Option<Name>,
    /// Replicas of each shard from then on.
    to: Count<0, 4>,
    /// The API wants true here. Default: false.
    #[schemars(extend("default" = false))]
    apply_immediately: Option<bool>,
}

/// A replica from outside.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct External {
    /// The group; need not be named if there is only one.
    group: Option<Name>,
    /// The chance with which each promotion fails from then on, 0 to 1. Default: 0.5 (assumed:
    /// documented only as: it can hinder failover, MZ-65).
    #[schemars(range(min = 0, max = 1), extend("default" = 0.5))]
    hinders: Option<f64>,
}

/// A service update.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, rename_all = "kebab-case")]
struct Update {
    /// The group; need not be named if there is only one.
    group: Option<Name>,
    /// How a node is updated. Default: "replace" (assumed: published timelines show both).
    #[schemars(extend("default" = "replace"))]
    method: Option<UpdateMethod>,
    /// At once, or when the maintenance window opens. Default: false.
    #[schemars(extend("default" = false))]
    apply_immediately: Option<bool>,
}

/// How a service update brings a node to its new version.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub(super) enum UpdateMethod {
    /// By a new node in its place.
    Replace,
    /// In place, with a restart of the process.
    Patch,
}
