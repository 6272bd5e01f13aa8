//! What keys of the AWS API and console are called here, for people who write from memory.

/// A key of AWS and what stands for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Alias {
    /// Its letters and digits in lower case.
    name: &'static str,
    /// The key that says the same here.
    pub meant: &'static str,
    /// What to write.
    pub hint: &'static str,
}

const fn alias(name: &'static str, meant: &'static str, hint: &'static str) -> Alias {
    Alias { name, meant, hint }
}

/// What stands for a key of AWS, in any spelling: "NumCacheClusters", "num-cache-clusters".
pub(super) fn find(key: &str) -> Option<&'static Alias> {
    let letters = key.chars().filter(char::is_ascii_alphanumeric);
    let plain: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    ALIASES.iter().find(|alias| alias.name == plain)
}

/// Parameters of CreateReplicationGroup and labels of the console.
const ALIASES: [Alias; 25] = [
    alias("replicationgroupid", "id", "this is called `id` here"),
    alias("clustername", "id", "this is called `id` here"),
    alias("cachenodetype", "node-type", "this is called `node-type` here"),
    alias("instancetype", "node-type", "this is called `node-type` here"),
    alias("clusterenabled", "cluster-mode", r#"write cluster-mode = "enabled" or "disabled""#),
    alias("clustermodeenabled", "cluster-mode", r#"write cluster-mode = "enabled" or "disabled""#),
    alias("multiazenabled", "multi-az", "this is called `multi-az` here"),
    alias("autofailover", "automatic-failover", "this is called `automatic-failover` here"),
    alias(
        "automaticfailoverenabled",
        "automatic-failover",
        "this is called `automatic-failover` here",
    ),
    alias(
        "numcacheclusters",
        "replicas",
        "this counts the primary too: write `replicas`, which is one less",
    ),
    alias(
        "numcachenodes",
        "replicas",
        "this counts the primary too: write `replicas`, which is one less",
    ),
    alias("nodes", "replicas", "write `replicas`: the primary is not counted"),
    alias("replicaspernodegroup", "replicas", "this is called `replicas` here"),
    alias("numberofreplicas", "replicas", "this is called `replicas` here"),
    alias("replicacount", "replicas", "this is called `replicas` here"),
    alias("numnodegroups", "shards", "this is called `shards` here"),
    alias("numberofshards", "shards", "this is called `shards` here"),
    alias("nodegroupconfiguration", "shard", "write [[group.shard]], with a primary and replicas"),
    alias("nodegroupid", "id", "this is `shard` here, and the `id` of a [[group.shard]]"),
    alias("cacheclusterid", "node", "this is called `node` here"),
    alias("preferredcacheclusterazs", "azs", "this is called `azs` here"),
    alias("preferredavailabilityzones", "azs", "this is called `azs` here"),
    alias("availabilityzones", "azs", "this is called `azs` here"),
    alias(
        "snapshotretentionlimit",
        "snapshot-retention",
        "this is called `snapshot-retention` here",
    ),
    alias("appendonly", "append-only-file", "this is called `append-only-file` here"),
];
