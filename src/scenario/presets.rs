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
}

/// The name of the preset that is written when nobody asks for another.
pub const STARTER: &str = "multi-az-1x3";

macro_rules! preset {
    ($name:literal, $summary:literal) => {
        Preset {
            name: $name,
            summary: $summary,
            text: include_str!(concat!("presets/", $name, ".toml")),
        }
    };
}

/// All presets: groups from the plainest on, then what protects data, then clients.
pub const PRESETS: &[Preset] = &[
    preset!("single", "one node and no replica"),
    preset!("single-aof", "one node of an old engine, with an append-only file"),
    preset!("replicas-no-multi-az", "a primary and a replica, automatic failover off"),
    preset!("multi-az-1x2", "Multi-AZ: a primary and a replica in two AZs"),
    preset!("multi-az-1x3", "Multi-AZ: a primary and two replicas in three AZs, to start with"),
    preset!("multi-az-one-az", "Multi-AZ with all nodes in one AZ: a what-if"),
    preset!("cluster-3x2", "cluster mode: three shards of two nodes, a majority after a fault"),
    preset!("cluster-2x2", "cluster mode: two shards of two nodes, no majority after a fault"),
    preset!("min-replicas-to-write", "a primary that refuses writes without a replica"),
    preset!("wait-1", "clients that wait until a replica has their writes"),
    preset!("durable-sync", "durable cluster, each write in the log before it is acknowledged"),
    preset!("durable-async", "durable cluster, the log at most ten seconds behind"),
    preset!("snapshots-daily", "daily snapshots: what is missing after a restore"),
    preset!("global-datastore", "a second region, to which a person switches"),
    preset!("client-aws-lettuce", "a client tuned as AWS advises for Lettuce"),
    preset!("client-resolve-once-pool", "a pool that never resolves the endpoint again"),
    preset!("client-no-keepalive", "a client that waits 15 minutes for a lost host"),
    preset!("client-jedis-2022", "Jedis of 2022: six minutes of errors, as measured"),
    preset!("client-reconnect-on-readonly", "a client that reconnects when told READONLY"),
    preset!("client-max-connection-age", "a pool whose connections live a minute at most"),
];

/// The preset `name`.
pub fn find(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}
