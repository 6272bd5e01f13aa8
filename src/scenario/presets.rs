//! The presets of `ecsim new`: commented scenarios to begin with, one per way of running a group.
//!
//! Each is a file under `presets/`, built into the program. Where a preset needs what the model
//! does not have yet, it is the nearest form, and its comment says what the figures then mean.

/// A scenario to begin with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Preset {
    /// What it is called on the command line, and inside.
    pub name: &'static str,
    /// What it is, in a line.
    pub summary: &'static str,
    /// The scenario, comments and all.
    pub text: &'static str,
    /// What it is as a policy.
    pub way: Way,
}

/// What a preset is as a policy of another scenario.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// It lays values of its file over that scenario: the [`SHAPE`] and these paths. A section
    /// stands for all its keys.
    Laid(&'static [&'static str]),
    /// It cannot be one: the file only stands in for something that the model lacks, in words.
    StandIn(&'static str),
    /// It cannot be one: the file is about something else than a way of running a group, in words.
    Apart(&'static str),
}

/// What every preset that can be a policy says of the group, by its paths.
pub const SHAPE: &[&str] = &[
    "group.cluster-mode",
    "group.multi-az",
    "group.automatic-failover",
    "group.azs",
    "group.shards",
    "group.replicas",
];

/// The name of the preset that is written when nobody asks for another.
pub const STARTER: &str = "multi-az-1x3";

const PLAIN: Way = Way::Laid(&[]);
/// Only old engines on old nodes have the file.
const AOF: Way = Way::Laid(&[
    "group.engine",
    "group.engine-version",
    "group.node-type",
    "group.append-only-file",
    "persistence",
]);
/// With cluster mode no endpoint has to follow the primary.
const CLUSTER: Way = Way::Laid(&["control-plane", "timing.endpoint"]);
const SNAPSHOTS: Way = Way::Laid(&["group.snapshot-retention", "backup"]);
const MIN_REPLICAS: Way =
    Way::Laid(&["replication.min-replicas-to-write", "replication.min-replicas-max-lag"]);
const WAIT: Way = Way::Laid(&["workload.wait"]);
/// The log needs a new engine and a cluster.
const DURABLE: Way = Way::Laid(&[
    "group.engine",
    "group.engine-version",
    "group.durability",
    "control-plane",
    "timing.endpoint",
]);
const MIGRATION: Way = Way::Apart("it is about two groups, and how clients move between them");
const CLIENT: Way = Way::StandIn("the model has no clients");

macro_rules! preset {
    ($name:literal, $summary:literal, $way:expr) => {
        Preset {
            name: $name,
            summary: $summary,
            text: include_str!(concat!("presets/", $name, ".toml")),
            way: $way,
        }
    };
}

/// All presets: groups from the plainest on, then what protects data, a migration, then clients.
pub const PRESETS: &[Preset] = &[
    preset!("single", "one node and no replica", PLAIN),
    preset!("single-aof", "one node of an old engine, with an append-only file", AOF),
    preset!("replicas-no-multi-az", "a primary and a replica, automatic failover off", PLAIN),
    preset!("multi-az-1x2", "Multi-AZ: a primary and a replica in two AZs", PLAIN),
    preset!(
        "multi-az-1x3",
        "Multi-AZ: a primary and two replicas in three AZs, to start with",
        PLAIN
    ),
    preset!("multi-az-one-az", "Multi-AZ with all nodes in one AZ: a what-if", PLAIN),
    preset!(
        "cluster-3x2",
        "cluster mode: three shards of two nodes, a majority after a fault",
        CLUSTER
    ),
    preset!(
        "cluster-2x2",
        "cluster mode: two shards of two nodes, no majority after a fault",
        CLUSTER
    ),
    preset!(
        "min-replicas-to-write",
        "a primary that refuses writes without a replica",
        MIN_REPLICAS
    ),
    preset!("wait-1", "clients that wait until a replica has their writes", WAIT),
    preset!(
        "durable-sync",
        "durable cluster, each write in the log before it is acknowledged",
        DURABLE
    ),
    preset!("durable-async", "durable cluster, the log at most ten seconds behind", DURABLE),
    preset!("snapshots-daily", "daily snapshots: what is missing after a restore", SNAPSHOTS),
    preset!(
        "global-datastore",
        "a second region, to which a person switches",
        Way::Laid(&["global-datastore"])
    ),
    preset!("migration", "a self-hosted Redis or Valkey that moves to ElastiCache", MIGRATION),
    preset!("client-aws-lettuce", "a client tuned as AWS advises for Lettuce", CLIENT),
    preset!("client-resolve-once-pool", "a pool that never resolves the endpoint again", CLIENT),
    preset!("client-no-keepalive", "a client that waits 15 minutes for a lost host", CLIENT),
    preset!("client-jedis-2022", "Jedis of 2022: six minutes of errors, as measured", CLIENT),
    preset!("client-reconnect-on-readonly", "a client that reconnects when told READONLY", CLIENT),
    preset!("client-max-connection-age", "a pool whose connections live a minute at most", CLIENT),
];

/// The preset `name`.
pub fn find(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}
