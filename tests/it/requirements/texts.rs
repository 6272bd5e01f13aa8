//! Calls of the API as AWS writes them: the guide's samples, letter by letter.

use elasticache_sim::model::plan::{
    Action, Answer, Apply, Changes, GroupId, Operation, ShardId, Switch,
};
use elasticache_sim::scenario::{self, Overrides};

use crate::support::{experiment, root};

const MODIFY_UNIX: &str = r"aws elasticache modify-replication-group \ --replication-group-id redis12 \ --automatic-failover-enabled \ --multi-az-enabled \ --apply-immediately";
const MODIFY_WINDOWS: &str = "aws elasticache modify-replication-group ^ --replication-group-id redis12 ^ --automatic-failover-enabled ^ --multi-az-enabled ^ --apply-immediately";
const MODIFY_REQUEST: &str = "https://elasticache.us-west-2.amazonaws.com/ ?Action=ModifyReplicationGroup &ApplyImmediately=true &AutoFailover=true &MultiAZEnabled=true &ReplicationGroupId=redis12 &Version=2015-02-02 &SignatureVersion=4 &SignatureMethod=HmacSHA256 &Timestamp=20140401T192317Z &X-Amz-Credential=<credential>";
const TEST_UNIX: &str = r"aws elasticache test-failover \ --replication-group-id redis00 \ --node-group-id redis00-0003";
const TEST_WINDOWS: &str =
    "aws elasticache test-failover ^ --replication-group-id redis00 ^ --node-group-id redis00-0003";
const TEST_REQUEST: &str = "https://elasticache.us-west-2.amazonaws.com/ ?Action=TestFailover &NodeGroupId=redis00-0003 &ReplicationGroupId=redis00 &Version=2015-02-02 &SignatureVersion=4 &SignatureMethod=HmacSHA256 &Timestamp=20140401T192317Z &X-Amz-Credential=<credential>";

/// A scenario with the guide's two groups and one operation.
fn text(operation: &str) -> String {
    format!(
        "schema = 1\n[run]\nhorizon = \"1d\"\n[control-plane]\ndetector = \"managed\"\n\
         [[group]]\nid = \"redis12\"\nazs = [\"us-west-2b\", \"us-west-2a\"]\nreplicas = 1\n\
         [[group]]\nid = \"redis00\"\ncluster-mode = \"enabled\"\nshards = 3\nreplicas = 2\n\
         azs = [\"us-west-2c\", \"us-west-2a\", \"us-west-2b\"]\n\
         [[operation]]\nat = \"1h\"\n{operation}\n"
    )
}

/// The operation of such a scenario.
fn operation(line: &str) -> Operation {
    match &experiment(&text(line)).policies[0].plan.script[0].action {
        Action::Operation(operation) => operation.clone(),
        Action::Fault(fault) => panic!("{fault:?}"),
    }
}

fn call(key: &str, text: &str) -> Operation {
    operation(&format!("{key} = '''{text}'''"))
}

/// What is wrong with such a scenario: codes and hints.
fn mistakes(line: &str) -> String {
    let found = scenario::parse("test", &text(line), &root(), &Overrides::default());
    let found = found.err().unwrap_or_default();
    found.iter().map(|diagnostic| diagnostic.to_string()).collect()
}

#[test]
fn mz_21_a_group_that_does_not_exist_is_not_found() {
    for line in [
        "modify = { group = \"redis13\", multi-az = true }",
        "cli = 'aws elasticache modify-replication-group --replication-group-id redis13 \
         --multi-az-enabled'",
        "request = \"https://elasticache.us-west-2.amazonaws.com/?Action=ModifyReplicationGroup\
         &ReplicationGroupId=redis13&MultiAZEnabled=true&Version=2015-02-02\"",
    ] {
        let said = mistakes(line);
        assert!(said.contains("ReplicationGroupNotFoundFault"), "{line}: {said}");
        assert!(said.contains("404") && said.contains("redis12"), "{line}: {said}");
    }
}

fn enabled() -> Operation {
    Operation::Modify {
        group: GroupId(0),
        changes: Changes {
            automatic_failover: Some(Switch::On),
            multi_az: Some(Switch::On),
            ..Changes::NONE
        },
        apply: Apply::Immediately,
    }
}

#[test]
fn mz_18_the_guides_command_line_enables_multi_az() {
    assert_eq!(call("cli", MODIFY_UNIX), enabled());
    assert_eq!(call("cli", MODIFY_WINDOWS), enabled());
    for (mark, sample) in [("\\", MODIFY_UNIX), ("^", MODIFY_WINDOWS)] {
        for line_break in ["\n", "\r\n", "\n    "] {
            let lines = sample.replace(&format!("{mark} "), &format!("{mark}{line_break}"));
            assert_eq!(call("cli", &lines), enabled(), "{lines}");
        }
    }
    let toml = "modify = { group = \"redis12\", automatic-failover = true, multi-az = true, \
                apply-immediately = true }";
    assert_eq!(operation(toml), enabled());
    let quoted = MODIFY_WINDOWS.replace("^ ", "").replace("redis12", "\"redis12\"");
    assert_eq!(call("cli", &quoted.replace("-id ", "-id=")), enabled());
    let global = format!("{MODIFY_UNIX} --region us-west-2 --output json --profile me");
    assert_eq!(call("cli", &global), enabled());
}

#[test]
fn mz_18_options_switch_off_with_no_in_front() {
    let off = MODIFY_UNIX.replace("--multi", "--no-multi").replace("--apply", "--no-apply");
    let Operation::Modify { changes, apply, .. } = call("cli", &off) else {
        panic!("a modification");
    };
    assert_eq!((changes.multi_az, apply), (Some(Switch::Off), Apply::InWindow));
}

#[test]
fn mz_20_the_guides_request_enables_multi_az() {
    assert_eq!(call("request", MODIFY_REQUEST), enabled());
    let other = MODIFY_REQUEST.replace("AutoFailover", "AutomaticFailoverEnabled");
    assert_eq!(call("request", &other), enabled());
    assert_eq!(call("request", &other.replace(" ", "")), enabled());
    assert_eq!(call("request", &other.replace("redis12", "redis%31%32")), enabled());
}

/// In another region nothing of that id is known: neither a group nor a node.
#[test]
fn mz_20_the_region_is_that_of_the_host() {
    let elsewhere = MODIFY_REQUEST.replace("us-west-2", "eu-west-1");
    let said = mistakes(&format!("request = '{elsewhere}'"));
    let group = "ReplicationGroupNotFoundFault (404): MZ-20, MZ-21";
    assert!(said.contains("error[E0601]") && said.contains(group), "{said}");
    assert!(said.contains("there is no group `redis12` in this region"), "{said}");
    assert!(said.contains("its AZs are in `us-west-2`"), "{said}");
    let said = mistakes(&format!("cli = '''{TEST_UNIX} --region eu-west-1'''"));
    assert!(said.contains("error[E0601]") && said.contains(group), "{said}");
    assert!(said.contains("= eu-west-1: there is no group"), "{said}");
    let reboot = "aws elasticache reboot-cache-cluster --cache-cluster-id redis12-001 \
                  --cache-node-ids-to-reboot 0001 --region";
    let said = mistakes(&format!("cli = '{reboot} eu-west-1'"));
    assert!(said.contains("CacheClusterNotFound (404)"), "{said}");
    assert_eq!(mistakes(&format!("cli = '{reboot} us-west-2'")), "", "it is known there");
    assert_eq!(mistakes(&format!("request = '{MODIFY_REQUEST}'")), "");
}

#[test]
fn mz_50_the_guides_calls_test_a_shard() {
    let test = Operation::TestFailover { shard: ShardId(3), answer: Answer::Continue };
    assert_eq!(call("cli", TEST_UNIX), test);
    assert_eq!(call("cli", TEST_WINDOWS), test);
    assert_eq!(call("request", TEST_REQUEST), test);
    assert_eq!(call("cli", &TEST_UNIX.replace("redis00-0003", "0003")), test);
    assert_eq!(operation("test-failover = { group = \"redis00\", shard = \"0003\" }"), test);
}

#[test]
fn mz_50_unknown_groups_and_shards_are_answered_with_404() {
    let check = |text: &str, expected: &str| {
        let said = mistakes(&format!("cli = '''{text}'''"));
        assert!(said.contains("E0601") && said.contains(expected), "{said}");
    };
    check(&TEST_UNIX.replace("redis00", "redis99"), "ReplicationGroupNotFoundFault (404)");
    check(&TEST_UNIX.replace("0003", "0004"), "NodeGroupNotFoundFault (404)");
    let reboot = "aws elasticache reboot-cache-cluster --cache-cluster-id redis12-009 \
                  --cache-node-ids-to-reboot 0001";
    check(reboot, "CacheClusterNotFound (404)");
    let said = mistakes("cli = 'aws elasticache test-failover --replication-group-id redis00'");
    assert!(said.contains("`node-group-id` is missing"), "{said}");
}

/// The other calls, in all their forms.
#[test]
fn every_call_is_the_operation_of_its_kind() {
    let same = |cli: &str, request: &str, toml: &str| {
        let expected = operation(toml);
        assert_eq!(call("cli", &format!("aws elasticache {cli}")), expected, "{cli}");
        let host = "https://elasticache.us-west-2.amazonaws.com/?Version=2015-02-02&Action=";
        assert_eq!(call("request", &format!("{host}{request}")), expected, "{request}");
    };
    same(
        "reboot-cache-cluster --cache-cluster-id redis12-001 --cache-node-ids-to-reboot 0001",
        "RebootCacheCluster&CacheClusterId=redis12-001&CacheNodeIdsToReboot.CacheNodeId.1=0001",
        "reboot = { node = \"redis12-001\" }",
    );
    same(
        "increase-replica-count --replication-group-id redis12 --new-replica-count 2 \
         --apply-immediately",
        "IncreaseReplicaCount&ReplicationGroupId=redis12&NewReplicaCount=2&ApplyImmediately=true",
        "increase-replica-count = { group = \"redis12\", to = 2, apply-immediately = true }",
    );
    same(
        "decrease-replica-count --replication-group-id redis00 --new-replica-count 1 \
         --no-apply-immediately",
        "DecreaseReplicaCount&ReplicationGroupId=redis00&NewReplicaCount=1&ApplyImmediately=false",
        "decrease-replica-count = { group = \"redis00\", to = 1, apply-immediately = false }",
    );
    same(
        "create-snapshot --replication-group-id redis12 --snapshot-name mine",
        "CreateSnapshot&ReplicationGroupId=redis12&SnapshotName=mine",
        "create-snapshot = { group = \"redis12\" }",
    );
    same(
        "modify-replication-group --replication-group-id redis12 --primary-cluster-id redis12-002 \
         --snapshotting-cluster-id redis12-001 --snapshot-retention-limit 7",
        "ModifyReplicationGroup&ReplicationGroupId=redis12&PrimaryClusterId=redis12-002\
         &SnapshottingClusterId=redis12-001&SnapshotRetentionLimit=7",
        "modify = { group = \"redis12\", primary = \"redis12-002\", \
         snapshotting-node = \"redis12-001\", snapshot-retention = 7 }",
    );
}
