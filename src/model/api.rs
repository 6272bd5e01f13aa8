//! The API of the service as far as the model answers it: which calls there are, with which errors
//! it refuses them, and by which rule.
//!
//! Names and codes are those of the service model of version 2015-02-02, and of the errors that all
//! query APIs of AWS have in common.

/// A call of the API, or work that the service begins by itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Call {
    /// `ModifyReplicationGroup`.
    ModifyReplicationGroup,
    /// `TestFailover`.
    TestFailover,
    /// `RebootCacheCluster`.
    RebootCacheCluster,
    /// `IncreaseReplicaCount`.
    IncreaseReplicaCount,
    /// `DecreaseReplicaCount`.
    DecreaseReplicaCount,
    /// `CreateSnapshot`.
    CreateSnapshot,
    /// `REPLICAOF`, sent by a node outside ElastiCache: no call of the API.
    AttachExternalReplica,
    /// A service update.
    ServiceUpdate,
    /// `TestMigration`.
    TestMigration,
    /// `StartMigration`.
    StartMigration,
    /// `CompleteMigration`.
    CompleteMigration,
}

impl Call {
    /// All of them.
    pub const ALL: [Call; 11] = [
        Call::ModifyReplicationGroup,
        Call::TestFailover,
        Call::RebootCacheCluster,
        Call::IncreaseReplicaCount,
        Call::DecreaseReplicaCount,
        Call::CreateSnapshot,
        Call::AttachExternalReplica,
        Call::ServiceUpdate,
        Call::TestMigration,
        Call::StartMigration,
        Call::CompleteMigration,
    ];

    /// The name of the action; of what is none, in words.
    pub fn name(self) -> &'static str {
        match self {
            Call::ModifyReplicationGroup => "ModifyReplicationGroup",
            Call::TestFailover => "TestFailover",
            Call::RebootCacheCluster => "RebootCacheCluster",
            Call::IncreaseReplicaCount => "IncreaseReplicaCount",
            Call::DecreaseReplicaCount => "DecreaseReplicaCount",
            Call::CreateSnapshot => "CreateSnapshot",
            Call::AttachExternalReplica => "attaching an external replica",
            Call::ServiceUpdate => "service update",
            Call::TestMigration => "TestMigration",
            Call::StartMigration => "StartMigration",
            Call::CompleteMigration => "CompleteMigration",
        }
    }
}

/// An error of the API, by its code on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ApiError {
    /// There is no such call.
    InvalidAction,
    /// A request names no call.
    MissingAction,
    /// A parameter that is mandatory is absent.
    MissingParameter,
    /// There is no such group.
    ReplicationGroupNotFound,
    /// There is such a group already.
    ReplicationGroupAlreadyExists,
    /// There is no such shard.
    NodeGroupNotFound,
    /// There is no such node.
    CacheClusterNotFound,
    /// The group is not in a state that allows it.
    InvalidReplicationGroupState,
    /// The node is not in a state that allows it.
    InvalidCacheClusterState,
    /// Test failover is blocked by the service.
    TestFailoverNotAvailable,
    /// Too many calls in a while.
    ApiCallRateForCustomerExceeded,
    /// Too many manual snapshots.
    SnapshotQuotaExceeded,
    /// A parameter has a value that it must not have.
    InvalidParameterValue,
    /// Parameters do not go together.
    InvalidParameterCombination,
    /// More nodes than a group, or more replicas than a shard may have.
    NodeQuotaForClusterExceeded,
    /// More shards than a group may have.
    NodeGroupsPerReplicationGroupQuotaExceeded,
    /// Data is being migrated into the group.
    ReplicationGroupAlreadyUnderMigration,
    /// No data is being migrated into the group.
    ReplicationGroupNotUnderMigration,
}

impl ApiError {
    /// All of them.
    pub const ALL: [ApiError; 18] = [
        ApiError::InvalidAction,
        ApiError::MissingAction,
        ApiError::MissingParameter,
        ApiError::ReplicationGroupNotFound,
        ApiError::ReplicationGroupAlreadyExists,
        ApiError::NodeGroupNotFound,
        ApiError::CacheClusterNotFound,
        ApiError::InvalidReplicationGroupState,
        ApiError::InvalidCacheClusterState,
        ApiError::TestFailoverNotAvailable,
        ApiError::ApiCallRateForCustomerExceeded,
        ApiError::SnapshotQuotaExceeded,
        ApiError::InvalidParameterValue,
        ApiError::InvalidParameterCombination,
        ApiError::NodeQuotaForClusterExceeded,
        ApiError::NodeGroupsPerReplicationGroupQuotaExceeded,
        ApiError::ReplicationGroupAlreadyUnderMigration,
        ApiError::ReplicationGroupNotUnderMigration,
    ];

    /// The code on the wire.
    pub fn code(self) -> &'static str {
        match self {
            ApiError::InvalidAction => "InvalidAction",
            ApiError::MissingAction => "MissingAction",
            ApiError::MissingParameter => "MissingParameter",
            ApiError::ReplicationGroupNotFound => "ReplicationGroupNotFoundFault",
            ApiError::ReplicationGroupAlreadyExists => "ReplicationGroupAlreadyExists",
            ApiError::NodeGroupNotFound => "NodeGroupNotFoundFault",
            ApiError::CacheClusterNotFound => "CacheClusterNotFound",
            ApiError::InvalidReplicationGroupState => "InvalidReplicationGroupState",
            ApiError::InvalidCacheClusterState => "InvalidCacheClusterState",
            ApiError::TestFailoverNotAvailable => "TestFailoverNotAvailableFault",
            ApiError::ApiCallRateForCustomerExceeded => "APICallRateForCustomerExceeded",
            ApiError::SnapshotQuotaExceeded => "SnapshotQuotaExceededFault",
            ApiError::InvalidParameterValue => "InvalidParameterValue",
            ApiError::InvalidParameterCombination => "InvalidParameterCombination",
            ApiError::NodeQuotaForClusterExceeded => "NodeQuotaForClusterExceeded",
            ApiError::NodeGroupsPerReplicationGroupQuotaExceeded => {
                "NodeGroupsPerReplicationGroupQuotaExceeded"
            }
            ApiError::ReplicationGroupAlreadyUnderMigration => {
                "ReplicationGroupAlreadyUnderMigrationFault"
            }
            ApiError::ReplicationGroupNotUnderMigration => "ReplicationGroupNotUnderMigrationFault",
        }
    }

    /// The HTTP status that comes with it.
    pub fn http_status(self) -> u16 {
        match self {
            ApiError::ReplicationGroupNotFound
            | ApiError::NodeGroupNotFound
            | ApiError::CacheClusterNotFound => 404,
            ApiError::InvalidAction
            | ApiError::MissingAction
            | ApiError::MissingParameter
            | ApiError::ReplicationGroupAlreadyExists
            | ApiError::InvalidReplicationGroupState
            | ApiError::InvalidCacheClusterState
            | ApiError::TestFailoverNotAvailable
            | ApiError::ApiCallRateForCustomerExceeded
            | ApiError::SnapshotQuotaExceeded
            | ApiError::InvalidParameterValue
            | ApiError::InvalidParameterCombination
            | ApiError::NodeQuotaForClusterExceeded
            | ApiError::NodeGroupsPerReplicationGroupQuotaExceeded
            | ApiError::ReplicationGroupAlreadyUnderMigration
            | ApiError::ReplicationGroupNotUnderMigration => 400,
        }
    }
}

/// Why an operation is refused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Refusal {
    /// The group is being modified or updated.
    GroupIsModifying,
    /// A backup of the group is running.
    GroupIsSnapshotting,
    /// A test failover of the group is not over.
    TestInProgress,
    /// Fifteen shards were tested in the last 24 hours.
    TestQuota,
    /// An AZ is down, and AWS blocks tests meanwhile.
    LargeEvent,
    /// The shard has no replica.
    NoReplica,
    /// No replica of some shard is available.
    NoAvailableReplica,
    /// Automatic failover is not enabled.
    FailoverOff,
    /// Multi-AZ is not enabled.
    MultiAzOff,
    /// Multi-AZ was to be on without automatic failover.
    MultiAzNeedsFailover,
    /// Automatic failover was to go off in cluster mode.
    FailoverIsMandatory,
    /// A manual promotion while Multi-AZ or automatic failover is on.
    PromotionIsProtected,
    /// A manual promotion in cluster mode.
    PromotionInClusterMode,
    /// The primary of a shard is not available.
    NoPrimary,
    /// The node to promote is the primary already.
    AlreadyPrimary,
    /// The node is not there, or does not answer, or has no complete copy.
    NodeNotAvailable,
    /// A customer's reboot in cluster mode.
    RebootInClusterMode,
    /// Multi-AZ on an engine or a node type that has none.
    MultiAzUnsupported,
    /// An append-only file on an engine or a node type that has none.
    AppendOnlyUnsupported,
    /// Multi-AZ beside an append-only file.
    AppendOnlyFile,
    /// Replicas were to be added or removed at a later time.
    ReplicaCountAtOnce,
    /// The new number of replicas is not above, or not below, the one there is.
    ReplicaCountDirection,
    /// Too few replicas would be left.
    TooFewReplicas,
    /// The engine takes no external replicas.
    ExternalReplicas,
    /// The node to copy was to be named in cluster mode.
    SnapshottingNodeInClusterMode,
    /// Twenty manual snapshots of the node were taken in the last 24 hours.
    SnapshotQuota,
    /// Data is being migrated into the group.
    GroupIsMigrating,
    /// The same, for a call that would begin it.
    AlreadyUnderMigration,
    /// A test of the migration is not over.
    MigrationIsTested,
    /// No data is being migrated into the group.
    NotUnderMigration,
    /// The group is self-hosted: the API does not know it.
    NotInElastiCache,
    /// Data was to be migrated from a group in ElastiCache.
    SourceIsElastiCache,
    /// Not exactly one endpoint of the source is named.
    OneSourceEndpoint,
    /// Data was to be migrated into a serverless cache.
    MigrationToServerless,
    /// Data was to be migrated into nodes with data tiering.
    MigrationToDataTiering,
    /// Data was to be migrated into a group with encryption in transit.
    MigrationToEncrypted,
    /// Data was to be migrated into a group with an old engine.
    MigrationToOldEngine,
    /// Data was to be migrated into a group of a global datastore.
    MigrationToGlobalDatastore,
    /// Data was to be migrated into a group without Multi-AZ.
    MigrationNeedsMultiAz,
    /// Source and target differ in cluster mode.
    MigrationModes,
    /// Source and target have different numbers of shards.
    MigrationShards,
    /// Source and target have different numbers of databases.
    MigrationDatabases,
}

impl Refusal {
    /// All of them.
    pub const ALL: [Refusal; 42] = [
        Refusal::GroupIsModifying,
        Refusal::GroupIsSnapshotting,
        Refusal::TestInProgress,
        Refusal::TestQuota,
        Refusal::LargeEvent,
        Refusal::NoReplica,
        Refusal::NoAvailableReplica,
        Refusal::FailoverOff,
        Refusal::MultiAzOff,
        Refusal::MultiAzNeedsFailover,
        Refusal::FailoverIsMandatory,
        Refusal::PromotionIsProtected,
        Refusal::PromotionInClusterMode,
        Refusal::NoPrimary,
        Refusal::AlreadyPrimary,
        Refusal::NodeNotAvailable,
        Refusal::RebootInClusterMode,
        Refusal::MultiAzUnsupported,
        Refusal::AppendOnlyUnsupported,
        Refusal::AppendOnlyFile,
        Refusal::ReplicaCountAtOnce,
        Refusal::ReplicaCountDirection,
        Refusal::TooFewReplicas,
        Refusal::ExternalReplicas,
        Refusal::SnapshottingNodeInClusterMode,
        Refusal::SnapshotQuota,
        Refusal::GroupIsMigrating,
        Refusal::AlreadyUnderMigration,
        Refusal::MigrationIsTested,
        Refusal::NotUnderMigration,
        Refusal::NotInElastiCache,
        Refusal::SourceIsElastiCache,
        Refusal::OneSourceEndpoint,
        Refusal::MigrationToServerless,
        Refusal::MigrationToDataTiering,
        Refusal::MigrationToEncrypted,
        Refusal::MigrationToOldEngine,
        Refusal::MigrationToGlobalDatastore,
        Refusal::MigrationNeedsMultiAz,
        Refusal::MigrationModes,
        Refusal::MigrationShards,
        Refusal::MigrationDatabases,
    ];

    /// The error that the API answers.
    pub fn error(self) -> ApiError {
        match self {
            Refusal::GroupIsModifying
            | Refusal::GroupIsSnapshotting
            | Refusal::TestInProgress
            | Refusal::NoReplica
            | Refusal::NoAvailableReplica
            | Refusal::FailoverOff
            | Refusal::MultiAzOff
            | Refusal::NoPrimary
            | Refusal::PromotionIsProtected => ApiError::InvalidReplicationGroupState,
            Refusal::TestQuota => ApiError::ApiCallRateForCustomerExceeded,
            Refusal::LargeEvent => ApiError::TestFailoverNotAvailable,
            Refusal::MultiAzNeedsFailover
            | Refusal::FailoverIsMandatory
            | Refusal::PromotionInClusterMode
            | Refusal::MultiAzUnsupported
            | Refusal::AppendOnlyUnsupported
            | Refusal::AppendOnlyFile
            | Refusal::SnapshottingNodeInClusterMode
            | Refusal::ReplicaCountAtOnce => ApiError::InvalidParameterCombination,
            Refusal::AlreadyPrimary
            | Refusal::ReplicaCountDirection
            | Refusal::TooFewReplicas
            | Refusal::RebootInClusterMode
            | Refusal::ExternalReplicas => ApiError::InvalidParameterValue,
            Refusal::NodeNotAvailable => ApiError::InvalidCacheClusterState,
            Refusal::SnapshotQuota => ApiError::SnapshotQuotaExceeded,
            Refusal::GroupIsMigrating => ApiError::InvalidReplicationGroupState,
            Refusal::AlreadyUnderMigration => ApiError::ReplicationGroupAlreadyUnderMigration,
            Refusal::MigrationIsTested => ApiError::InvalidReplicationGroupState,
            Refusal::NotUnderMigration => ApiError::ReplicationGroupNotUnderMigration,
            Refusal::NotInElastiCache => ApiError::ReplicationGroupNotFound,
            Refusal::SourceIsElastiCache => ApiError::InvalidParameterValue,
            Refusal::OneSourceEndpoint => ApiError::InvalidParameterValue,
            Refusal::MigrationToServerless => ApiError::InvalidParameterCombination,
            Refusal::MigrationToDataTiering => ApiError::InvalidParameterCombination,
            Refusal::MigrationToEncrypted => ApiError::InvalidParameterCombination,
            Refusal::MigrationToOldEngine => ApiError::InvalidParameterCombination,
            Refusal::MigrationToGlobalDatastore => ApiError::InvalidParameterCombination,
            Refusal::MigrationNeedsMultiAz => ApiError::InvalidReplicationGroupState,
            Refusal::MigrationModes => ApiError::InvalidParameterCombination,
            Refusal::MigrationShards => ApiError::InvalidParameterCombination,
            Refusal::MigrationDatabases => ApiError::InvalidParameterCombination,
        }
    }

    /// Our explanation: what is wrong, and what is allowed.
    pub fn says(self) -> &'static str {
        match self {
            Refusal::GroupIsModifying => "the group is being modified: wait until it is available",
            Refusal::GroupIsSnapshotting => "a backup is running, which blocks all other calls",
            Refusal::TestInProgress => {
                "the test failover before is not over: wait for its `Finished recovery`"
            }
            Refusal::TestQuota => "15 shards were tested in the last 24 hours, and no more may be",
            Refusal::LargeEvent => "an AZ is down, and AWS blocks test failovers in large events",
            Refusal::NoReplica => "a shard has no replica to fail over to",
            Refusal::NoAvailableReplica => "a shard has no replica that is available",
            Refusal::FailoverOff => "automatic failover is not enabled",
            Refusal::MultiAzOff => "Multi-AZ is not enabled",
            Refusal::MultiAzNeedsFailover => {
                "Multi-AZ needs automatic failover: switch both on, or Multi-AZ off first"
            }
            Refusal::FailoverIsMandatory => "cluster mode always has automatic failover",
            Refusal::PromotionIsProtected => {
                "a replica is promoted by hand only while Multi-AZ and automatic failover are off"
            }
            Refusal::PromotionInClusterMode => "cluster mode knows no promotion by hand",
            Refusal::NoPrimary => "the primary of a shard is not available: wait until it is",
            Refusal::AlreadyPrimary => "the node is the primary already",
            Refusal::NodeNotAvailable => "the node is not available",
            Refusal::RebootInClusterMode => "cluster mode knows no reboot by the customer",
            Refusal::MultiAzUnsupported => {
                "Multi-AZ begins with Redis OSS 2.8.6, and T1 nodes have none"
            }
            Refusal::AppendOnlyUnsupported => {
                "the append-only file ended with Redis OSS 2.8.21, and T1 and T2 nodes have none"
            }
            Refusal::AppendOnlyFile => "Multi-AZ and the append-only file exclude each other",
            Refusal::ReplicaCountAtOnce => {
                "replicas are added and removed at once only: apply immediately"
            }
            Refusal::ReplicaCountDirection => {
                "increasing needs more replicas than there are, decreasing fewer"
            }
            Refusal::TooFewReplicas => {
                "Multi-AZ and automatic failover need a replica in every shard"
            }
            Refusal::ExternalReplicas => {
                "the engine takes no external replicas: Redis OSS did before 2.8.22, Valkey \
                 before 7.2.6"
            }
            Refusal::SnapshottingNodeInClusterMode => {
                "cluster mode chooses the nodes that are copied itself"
            }
            Refusal::SnapshotQuota => "20 manual backups of the node were made in the last 24 h",
            Refusal::GroupIsMigrating => {
                "data is being migrated into the group: complete or stop the migration first"
            }
            Refusal::AlreadyUnderMigration => "data is being migrated into the group already",
            Refusal::MigrationIsTested => {
                "a test of the migration is under way: wait for its result"
            }
            Refusal::NotUnderMigration => {
                "no data is being migrated into the group: start a migration first"
            }
            Refusal::NotInElastiCache => {
                "the group is self-hosted, and the API knows nothing of it"
            }
            Refusal::SourceIsElastiCache => {
                "the source is in ElastiCache, and migrations come from self-hosted Redis only"
            }
            Refusal::OneSourceEndpoint => "exactly one endpoint of the source is to be named",
            Refusal::MigrationToServerless => {
                "online migration to a serverless cache is another procedure, which is not modelled"
            }
            Refusal::MigrationToDataTiering => {
                "no data is migrated into nodes with data tiering (r6gd)"
            }
            Refusal::MigrationToEncrypted => "the target must not have encryption in transit",
            Refusal::MigrationToOldEngine => "the target needs Valkey, or Redis OSS 5.0.6 or later",
            Refusal::MigrationToGlobalDatastore => {
                "the target must not be part of a global datastore"
            }
            Refusal::MigrationNeedsMultiAz => "the target must have Multi-AZ enabled",
            Refusal::MigrationModes => "source and target must have the same cluster mode",
            Refusal::MigrationShards => "the target must have as many shards as the source",
            Refusal::MigrationDatabases => {
                "source and target must have the same number of databases"
            }
        }
    }

    /// The rows that say so, or the page of the API reference.
    pub fn rule(self) -> &'static str {
        match self {
            Refusal::GroupIsModifying => "MZ-22",
            Refusal::GroupIsSnapshotting | Refusal::SnapshotQuota => "BK-03",
            Refusal::TestInProgress => "MZ-43",
            Refusal::NoPrimary => "MZ-48",
            Refusal::TestQuota => "MZ-40, MZ-41",
            Refusal::LargeEvent => "MZ-47",
            Refusal::NoReplica => "MZ-15, MZ-48",
            Refusal::NoAvailableReplica => "MZ-14, MZ-48",
            Refusal::FailoverOff | Refusal::MultiAzOff => "MZ-48",
            Refusal::MultiAzNeedsFailover | Refusal::FailoverIsMandatory => "MZ-66",
            Refusal::PromotionIsProtected
            | Refusal::PromotionInClusterMode
            | Refusal::AlreadyPrimary => "MZ-57",
            Refusal::NodeNotAvailable => "MZ-57, MZ-60",
            Refusal::RebootInClusterMode => "MZ-60",
            Refusal::MultiAzUnsupported => "MZ-53, MZ-54",
            Refusal::AppendOnlyUnsupported | Refusal::AppendOnlyFile => "MZ-58",
            Refusal::TooFewReplicas => "MZ-14, MZ-15",
            Refusal::ReplicaCountAtOnce | Refusal::ReplicaCountDirection => {
                "API, IncreaseReplicaCount"
            }
            Refusal::ExternalReplicas => "MZ-64",
            Refusal::SnapshottingNodeInClusterMode => "BK-01",
            Refusal::GroupIsMigrating => "OM-12",
            Refusal::AlreadyUnderMigration => "OM-12",
            Refusal::MigrationIsTested => "OM-12",
            Refusal::NotUnderMigration => "OM-12",
            Refusal::NotInElastiCache => "OM-01",
            Refusal::SourceIsElastiCache => "OM-01",
            Refusal::OneSourceEndpoint => "OM-07, OM-08",
            Refusal::MigrationToServerless => "OM-02",
            Refusal::MigrationToDataTiering => "OM-03",
            Refusal::MigrationToEncrypted => "OM-04",
            Refusal::MigrationToOldEngine => "OM-04",
            Refusal::MigrationToGlobalDatastore => "OM-04",
            Refusal::MigrationNeedsMultiAz => "OM-04",
            Refusal::MigrationModes => "OM-07, OM-08",
            Refusal::MigrationShards => "OM-05",
            Refusal::MigrationDatabases => "OM-04",
        }
    }
}
