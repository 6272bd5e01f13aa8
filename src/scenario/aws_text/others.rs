//! Actions of the API, version 2015-02-02, that are no operation of a scenario, and what does here
//! what somebody may want of them.

use super::Form;

/// Their names in the query API.
const NAMES: [&str; 68] = [
    "AddTagsToResource",
    "AuthorizeCacheSecurityGroupIngress",
    "BatchApplyUpdateAction",
    "BatchStopUpdateAction",
    "CopyServerlessCacheSnapshot",
    "CopySnapshot",
    "CreateCacheCluster",
    "CreateCacheParameterGroup",
    "CreateCacheSecurityGroup",
    "CreateCacheSubnetGroup",
    "CreateGlobalReplicationGroup",
    "CreateReplicationGroup",
    "CreateServerlessCache",
    "CreateServerlessCacheSnapshot",
    "CreateUser",
    "CreateUserGroup",
    "DecreaseNodeGroupsInGlobalReplicationGroup",
    "DeleteCacheCluster",
    "DeleteCacheParameterGroup",
    "DeleteCacheSecurityGroup",
    "DeleteCacheSubnetGroup",
    "DeleteGlobalReplicationGroup",
    "DeleteReplicationGroup",
    "DeleteServerlessCache",
    "DeleteServerlessCacheSnapshot",
    "DeleteSnapshot",
    "DeleteUser",
    "DeleteUserGroup",
    "DescribeCacheClusters",
    "DescribeCacheEngineVersions",
    "DescribeCacheParameterGroups",
    "DescribeCacheParameters",
    "DescribeCacheSecurityGroups",
    "DescribeCacheSubnetGroups",
    "DescribeEngineDefaultParameters",
    "DescribeEvents",
    "DescribeGlobalReplicationGroups",
    "DescribeReplicationGroups",
    "DescribeReservedCacheNodes",
    "DescribeReservedCacheNodesOfferings",
    "DescribeServerlessCacheSnapshots",
    "DescribeServerlessCaches",
    "DescribeServiceUpdates",
    "DescribeSnapshots",
    "DescribeUpdateActions",
    "DescribeUserGroups",
    "DescribeUsers",
    "DisassociateGlobalReplicationGroup",
    "ExportServerlessCacheSnapshot",
    "FailoverGlobalReplicationGroup",
    "IncreaseNodeGroupsInGlobalReplicationGroup",
    "ListAllowedNodeTypeModifications",
    "ListTagsForResource",
    "ModifyCacheCluster",
    "ModifyCacheParameterGroup",
    "ModifyCacheSubnetGroup",
    "ModifyGlobalReplicationGroup",
    "ModifyReplicationGroupShardConfiguration",
    "ModifyServerlessCache",
    "ModifyUser",
    "ModifyUserGroup",
    "PrepareMigration",
    "PurchaseReservedCacheNodesOffering",
    "RebalanceSlotsInGlobalReplicationGroup",
    "RemoveTagsFromResource",
    "ResetCacheParameterGroup",
    "RevokeCacheSecurityGroupIngress",
    "StopMigration",
];

/// What does the same here, as a hint.
const INSTEAD: [(&str, &str); 12] = [
    ("BatchApplyUpdateAction", "write service-update = {} in place of it"),
    ("CreateGlobalReplicationGroup", "[global-datastore] gives every group a second region"),
    ("CreateReplicationGroup", "groups are there from the start: write [[group]]"),
    ("DescribeCacheClusters", DESCRIBE),
    ("DescribeEvents", "`ecsim replay FILE --events` prints the events of a trial"),
    ("DescribeGlobalReplicationGroups", DESCRIBE),
    ("DescribeReplicationGroups", DESCRIBE),
    (
        "FailoverGlobalReplicationGroup",
        "the switch of [global-datastore] comes by itself, after `decision`",
    ),
    ("ModifyCacheCluster", "what is about a whole group is modify-replication-group"),
    ("ModifyGlobalReplicationGroup", "what is about one group is modify-replication-group"),
    ("PrepareMigration", SERVERLESS),
    (
        "StopMigration",
        "it belongs to migrations into serverless caches: write stop-migration = {} for what the \
         console calls Stop data migration",
    ),
];

/// Why parts of migrations are not modelled.
pub(super) const SERVERLESS: &str =
    "it belongs to migrations into serverless caches, another procedure: leave it out";

const DESCRIBE: &str = "`ecsim replay FILE --describe-at 1h` prints a group as it is then";

/// What to say of the action, if AWS has it: a hint, where something here does the same.
pub(super) fn find(form: Form, action: &str) -> Option<Option<&'static str>> {
    let name = NAMES.iter().find(|name| match form {
        Form::Request => **name == action,
        Form::Cli => command(name) == action,
    })?;
    Some(INSTEAD.iter().find(|(of, _)| of == name).map(|(_, hint)| *hint))
}

/// "test-migration" of "TestMigration".
fn command(name: &str) -> String {
    let mut command = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !command.is_empty() {
            command.push('-');
        }
        command.push(c.to_ascii_lowercase());
    }
    command
}

#[cfg(test)]
mod tests {
    use super::{Form, INSTEAD, NAMES, find};

    #[test]
    fn actions_are_known_in_both_spellings() {
        assert!(find(Form::Cli, "delete-replication-group").is_some());
        assert!(find(Form::Request, "DeleteReplicationGroup").is_some());
        assert!(find(Form::Cli, "DeleteReplicationGroup").is_none());
        assert!(find(Form::Request, "TestFialover").is_none());
        assert!(NAMES.is_sorted());
        assert!(INSTEAD.iter().all(|(name, _)| NAMES.contains(name)));
    }
}
