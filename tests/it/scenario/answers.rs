//! Every wrong value that AWS would see is told with the error that AWS gives, by its code.

use elasticache_sim::model::api::ApiError;

use super::*;

const GROUP_OF: &str = "azs = [\"a\", \"b\"]\nreplicas = 1\n";

/// Checks that every mistake of `text` names the error, and nothing else that AWS answers.
#[track_caller]
fn check_answer(text: &str, error: ApiError) {
    let mut mistakes = parse(text).err().unwrap_or_default();
    mistakes.retain(|mistake| mistake.severity() == Severity::Error);
    assert!(!mistakes.is_empty(), "nothing is wrong in\n{text}");
    let expected = format!("AWS answers {} ({})", error.code(), error.http_status());
    for mistake in mistakes {
        let answers: Vec<&String> =
            mistake.hints.iter().filter(|hint| hint.contains("AWS answers")).collect();
        assert_eq!(answers.len(), 1, "{mistake}in\n{text}");
        assert!(answers[0].contains(&expected), "{expected}, not\n{mistake}in\n{text}");
    }
}

/// A group with its id and these keys.
fn group(keys: &str) -> String {
    let mode = match keys.contains("cluster-mode = \"enabled\"") {
        true => "[control-plane]\ndetector = \"managed\"\n",
        false => "",
    };
    format!("{HEAD}[group]\nid = \"g\"\n{keys}\n{mode}")
}

fn operation(keys: &str) -> String {
    format!("{HEAD}{GROUP}[[operation]]\nat = \"1h\"\n{keys}\n")
}

#[test]
fn groups_that_aws_would_not_create() {
    use ApiError::{
        InvalidParameterCombination as Combination, InvalidParameterValue as Value,
        MissingParameter as Missing, NodeGroupsPerReplicationGroupQuotaExceeded as ShardQuota,
        NodeQuotaForClusterExceeded as NodeQuota, ReplicationGroupAlreadyExists as Exists,
    };
    let clustered = "cluster-mode = \"enabled\"\nazs = [\"a\", \"b\"]\n";
    let old = |version: &str, keys: &str| {
        format!("engine = \"redis\"\nengine-version = \"{version}\"\n{GROUP_OF}{keys}")
    };
    let with = |keys: &str| format!("{GROUP_OF}{keys}");
    let shard = "[[group.shard]]\nid = \"1\"\nprimary = { node = \"n\", az = \"a\" }\n";
    let six: String = (0..6).map(|n| format!("{{ node = \"r{n}\", az = \"b\" }}, ")).collect();
    for (keys, error) in [
        ("azs = [\"a\", \"b\"]\nreplicas = 6".to_owned(), Value),
        (format!("{clustered}replicas = -1"), Value),
        (format!("{clustered}replicas = 1\nshards = 501"), ShardQuota),
        (format!("{clustered}replicas = 1\nshards = 0"), Value),
        (format!("{clustered}replicas = 5\nshards = 100"), NodeQuota),
        (format!("{shard}replicas = [{six}]"), Value),
        (with("shards = 2"), Combination),
        (with("engine = \"memcached\""), Value),
        (with("engine-version = \"new\""), Value),
        (with("node-type = \"r7g.large\""), Value),
        (with("cluster-mode = \"on\""), Value),
        (with("durability = \"maybe\""), Value),
        (with("durability = \"sync\""), Combination),
        (with("snapshot-retention = 36"), Value),
        (with("snapshot-retention = \"7d\""), Value),
        (with("snapshot-window = \"07:00-07:30\""), Value),
        (with("maintenance-window = \"sunday\""), Value),
        (with("snapshot-window = \"05:30-06:30\""), Combination),
        (with("snapshotting-node = \"x\""), ApiError::CacheClusterNotFound),
        (format!("{clustered}replicas = 1\nsnapshotting-node = \"g-0001-001\""), Combination),
        (format!("{clustered}replicas = 1\nautomatic-failover = false"), Combination),
        ("azs = [\"a\"]\nreplicas = 0\nautomatic-failover = true".to_owned(), Combination),
        ("azs = [\"a\"]\nreplicas = 0\nmulti-az = true".to_owned(), Combination),
        (with("multi-az = true\nautomatic-failover = false"), Combination),
        (with("multi-az = true\nnode-type = \"cache.t1.micro\""), Combination),
        (old("2.8.5", "multi-az = true"), Combination),
        (old("2.8.6", "multi-az = true\nappend-only-file = true"), Combination),
        (old("3.2.3", "cluster-mode = \"enabled\""), Combination),
        (old("7.1", "append-only-file = true"), Combination),
        ("azs = [\"not an AZ\"]\nreplicas = 1".to_owned(), Value),
    ] {
        check_answer(&group(&keys), error);
    }
    check_answer(&format!("{HEAD}[group]\n{GROUP_OF}"), Missing);
    check_answer(&format!("{HEAD}[group]\nid = \"my cache\"\n{GROUP_OF}"), Value);
    let twice = format!("[[group]]\nid = \"g\"\n{GROUP_OF}").repeat(2);
    check_answer(&format!("{HEAD}{twice}"), Exists);
    let fault = "[[fault]]\nat = \"1h\"\nreboot-node = { node = \"g-0001-001\", by = \
                 \"customer\" }";
    check_answer(&group(&format!("{clustered}replicas = 1\n{fault}")), Value);
}

#[test]
fn calls_that_aws_would_refuse() {
    use ApiError::{
        CacheClusterNotFound as NoNode, InvalidParameterCombination as Combination,
        InvalidParameterValue as Value, MissingParameter as Missing, NodeGroupNotFound as NoShard,
        NodeQuotaForClusterExceeded as NodeQuota, ReplicationGroupNotFound as NoGroup,
    };
    let request =
        |rest: &str| format!("request = 'https://elasticache.us-west-2.amazonaws.com/?{rest}'");
    let version = "Version=2015-02-02";
    let cli = |rest: &str| format!("cli = 'aws elasticache {rest}'");
    let test = "test-failover --replication-group-id g --node-group-id";
    let modify = "Action=ModifyReplicationGroup&ReplicationGroupId=g&";
    for (keys, error) in [
        ("modify = { group = \"h\", multi-az = true }".to_owned(), NoGroup),
        ("test-failover = { shard = \"0002\" }".to_owned(), NoShard),
        ("reboot = { node = \"g-009\" }".to_owned(), NoNode),
        ("reboot = {}".to_owned(), Missing),
        ("modify = {}".to_owned(), Combination),
        ("modify = { snapshot-retention = 36 }".to_owned(), Value),
        ("modify = { snapshot-retention = \"7d\" }".to_owned(), Value),
        ("increase-replica-count = {}".to_owned(), Missing),
        ("increase-replica-count = { to = 6 }".to_owned(), NodeQuota),
        ("increase-replica-count = { to = 0 }".to_owned(), Value),
        ("increase-replica-count = { to = 3, azs = [] }".to_owned(), Value),
        ("increase-replica-count = { to = 3, azs = [\"not one\"] }".to_owned(), Value),
        ("decrease-replica-count = { to = \"few\" }".to_owned(), Value),
        (cli(&format!("{test} 0002")), NoShard),
        (cli("test-failover --replication-group-id g"), Missing),
        (cli(&format!("{test} 0001 --node-groupid 0001")), Value),
        (cli(&format!("{test} 0001 --node-group-id 0001")), Combination),
        (cli("test-fialover --replication-group-id g"), ApiError::InvalidAction),
        (cli("reboot-cache-cluster --cache-cluster-id g-001 --cache-node-ids-to-reboot 2"), Value),
        (cli("increase-replica-count --replication-group-id g --new-replica-count many"), Value),
        (request(&format!("Action=TestFailover&ReplicationGroupId=g&{version}")), Missing),
        (
            request(&format!("Action=TestFialover&ReplicationGroupId=g&{version}")),
            ApiError::InvalidAction,
        ),
        (request(&format!("ReplicationGroupId=g&{version}")), ApiError::MissingAction),
        (request(&format!("{modify}MultiAZEnabled=true")), Missing),
        (request(&format!("{modify}MultiAZEnabled=true&Version=2014-09-30")), Value),
        (request(&format!("{modify}MultiAZEnabled=yes&{version}")), Value),
        (request(&format!("{modify}SnapshotRetentionLimit=x&{version}")), Value),
    ] {
        check_answer(&operation(&keys), error);
    }
    let two = GROUP.replace("[group]", "[[group]]");
    let two = format!("{HEAD}{two}{}", two.replace("\"g\"", "\"h\""));
    check_answer(&format!("{two}[[operation]]\nat = \"1h\"\ntest-failover = {{}}\n"), Missing);
}

/// What is ours, and what TOML does not take, AWS never sees.
#[test]
fn of_what_is_ours_nobody_claims_an_answer() {
    for text in [
        group("azs = []\nreplicas = 1"),
        group("azs = [\"a\"]\nreplicas = 1\nmulti-az = \"yes\""),
        group("azs = [\"a\"]\nreplicas = 1\ndns-label = \"_\""),
        operation("modify = { multi-az = true, zzz = 1 }"),
        operation("cli = 'redis-cli shutdown'"),
        format!("{HEAD}{GROUP}[[fault]]\nat = \"1h\"\nfail-node = {{ node = \"x\" }}\n"),
    ] {
        let mistakes = parse(&text).err().unwrap_or_default();
        assert!(!mistakes.is_empty(), "nothing is wrong in\n{text}");
        for mistake in mistakes {
            assert!(!mistake.to_string().contains("AWS answers"), "{mistake}in\n{text}");
        }
    }
}

#[test]
fn every_code_is_said_once() {
    let codes: std::collections::BTreeSet<&str> =
        ApiError::ALL.iter().map(|error| error.code()).collect();
    assert_eq!(codes.len(), ApiError::ALL.len());
}
