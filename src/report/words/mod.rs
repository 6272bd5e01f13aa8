//! Facts in words: one line of a timeline each. What operations and planned work say stands in
//! `operations`, what a scenario schedules in `scripted`.

mod isolation;
mod migration;
mod operations;
mod replicas;
mod scripted;

pub(crate) use migration::{hindrance_in_words, loss_in_words, obstacle_in_words};
pub use scripted::scripted;

use crate::model::fact::{BusFact, Cause, Fact, Role, Stop, Target};
use crate::model::persistence::Durability;
use crate::model::plan::{AzId, ClusterMode, Detector, GroupId, Keeper, NodeId, Plan, ShardId};
use crate::report::backups;
use crate::report::numbers::{bytes, writes};

/// A fact as a line: a short kind, then a sentence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// What kind of thing happened, one word.
    pub kind: &'static str,
    /// The sentence.
    pub text: String,
}

/// Names for ids.
#[derive(Clone, Copy)]
pub struct Words<'p> {
    pub(super) plan: &'p Plan,
}

impl<'p> Words<'p> {
    /// Words for the names of `plan`.
    pub fn new(plan: &'p Plan) -> Self {
        Words { plan }
    }

    /// A node's name.
    pub fn node(&self, node: NodeId) -> &'p str {
        &self.plan.nodes[node.idx()].name
    }

    /// The n-th group, from 1, that was restored in the place of a group.
    pub fn restored(&self, group: GroupId, number: u32) -> String {
        backups::restored_id(self.plan, group, number)
    }

    /// An AZ's name.
    pub fn az(&self, az: AzId) -> &'p str {
        &self.plan.azs[az.idx()].name
    }

    /// A shard, with its group where there are several.
    pub fn shard(&self, shard: ShardId) -> String {
        let id = &self.plan.shards[shard.idx()].id;
        match self.plan.groups.len() {
            1 => format!("shard {id}"),
            _ => format!("shard {id} of {}", self.plan.group_of(shard).id),
        }
    }

    /// Whether ElastiCache runs the shard.
    fn is_managed(&self, shard: ShardId) -> bool {
        self.plan.group_of(shard).keeper == Keeper::ElastiCache
    }

    /// A group's id.
    pub fn group(&self, group: GroupId) -> &'p str {
        &self.plan.groups[group.idx()].id
    }

    /// The group that a migration pairs the shard's with.
    fn other_side(&self, shard: ShardId) -> &'p str {
        let group = self.plan.shards[shard.idx()].group;
        match &self.plan.migration {
            Some(migration) if migration.target == group => self.group(migration.source),
            Some(migration) => self.group(migration.target),
            None => "nobody else",
        }
    }

    fn target(&self, target: Target) -> String {
        match target {
            Target::Node(node) => format!("node {}", self.node(node)),
            Target::Primary(shard) => format!("the primary of {}", self.shard(shard)),
            Target::Replicas(shard) => format!("replicas of {}", self.shard(shard)),
            Target::Az(az) => format!("AZ {}", self.az(az)),
            Target::Group(group) => format!("group {}", self.group(group)),
            Target::MigrationLink => "the network between source and target".to_owned(),
        }
    }

    /// The fact in words; nothing where other lines say it already. Every fact is listed, so
    /// that a new one is not forgotten.
    pub fn of(&self, fact: &Fact) -> Vec<Line> {
        let line = match *fact {
            Fact::FaultStruck { .. }
            | Fact::FaultMissed { .. }
            | Fact::AzDown { .. }
            | Fact::AzUp { .. }
            | Fact::NodeDown { .. }
            | Fact::LagFrozen { .. } => self.of_fault(fact),
            Fact::WritesStopped { .. }
            | Fact::NodeDetected { .. }
            | Fact::FailoverBegan { .. }
            | Fact::FailoverFailed { .. }
            | Fact::FailoverGivenUp { .. }
            | Fact::Promoted { .. }
            | Fact::PrimaryRecreated { .. }
            | Fact::EndpointUpdated { .. }
            | Fact::DatasetLost { .. }
            | Fact::ColdStartBegan { .. }
            | Fact::ColdStarted { .. }
            | Fact::EmptyPrimary { .. } => self.of_service(fact),
            Fact::ReplacementWaits { .. }
            | Fact::ReplacementStarted { .. }
            | Fact::NodeReplaced { .. }
            | Fact::ProcessBack { .. }
            | Fact::Flushed { .. }
            | Fact::SyncStarted { .. }
            | Fact::SyncStopped { .. }
            | Fact::Synced { .. }
            | Fact::Reattached { .. } => self.of_copies(fact),
            // The chart, the line that ends an outage and the AWS events tell these.
            Fact::PrimaryStopped { .. }
            | Fact::PrimaryServes { .. }
            | Fact::WritesResumed { .. }
            | Fact::PhaseBegan { .. }
            | Fact::Recovered { .. }
            | Fact::Copies { .. } => None,
            Fact::HandedOver { shard, from, to, pause, announced: _ } => {
                Some(self.handed_over(shard, [from, to], pause))
            }
            Fact::Operation(ref operation) => self.of_operation(operation),
            Fact::Backup(ref fact) => backups::line(self, fact),
            Fact::Bus(fact) => Some(self.of_bus(fact)),
            Fact::Isolation(fact) => Some(isolation::line(self, fact)),
            Fact::Replicas(fact) => Some(replicas::line(self, fact)),
            Fact::Migration(ref fact) => migration::line(self, fact),
        };
        line.into_iter().chain(self.of_loss(fact)).collect()
    }

    /// What a promotion or a refill cost, and why.
    fn of_loss(&self, fact: &Fact) -> Option<Line> {
        let (shard, copy, loss) = match *fact {
            Fact::Promoted { shard, to, loss, .. } => (shard, to, loss),
            Fact::PrimaryRecreated { shard, from, loss, .. } => (shard, from, loss),
            _ => return None,
        };
        let copy = match self.plan.group_of(shard).durability {
            Durability::Disabled => self.node(copy),
            Durability::Async | Durability::Sync => "the log",
        };
        let text = match (loss.writes, loss.beside, loss.window) {
            // What WAIT had not confirmed may be gone all the same.
            (0, _, _) if self.plan.workload.wait.is_some() => {
                format!("nothing that was acknowledged: {copy} had all of that")
            }
            (0, _, _) => format!("nothing: {copy} had every write"),
            (amount, 0, window) => format!(
                "{} acknowledged writes, those of the last {window}: {copy} did not have them yet",
                writes(amount)
            ),
            (amount, beside, window) => format!(
                "{} acknowledged writes, the oldest {window} old: {} by lag, {} in a split brain",
                writes(amount),
                writes(amount - beside),
                writes(beside)
            ),
        };
        Some(Line { kind: "lost", text })
    }

    fn of_fault(&self, fact: &Fact) -> Option<Line> {
        let line = match *fact {
            Fact::FaultStruck { target: Target::MigrationLink, .. } => {
                let text = "the network between source and target is cut".to_owned();
                Line { kind: "fault", text }
            }
            Fact::FaultStruck { cause, target } => {
                Line { kind: "fault", text: struck(cause, &self.target(target)) }
            }
            Fact::FaultMissed { cause: Cause::TestFailover, target } => Line {
                kind: "test",
                text: format!(
                    "given up: {} has changed, or no replica of it is available",
                    self.target(target)
                ),
            },
            Fact::FaultMissed { cause, target } => Line {
                kind: "fault",
                text: format!(
                    "{} finds nothing to strike: {} is down already",
                    cause.name(),
                    self.target(target)
                ),
            },
            Fact::AzDown { az } => Line { kind: "az", text: format!("{} is down", self.az(az)) },
            Fact::AzUp { az } => {
                Line { kind: "az", text: format!("{} is up and available again", self.az(az)) }
            }
            // The fact beside it says so.
            Fact::NodeDown { stop: Stop::Removed, .. } => return None,
            Fact::NodeDown { node, stop, role, cause } => {
                Line { kind: "down", text: self.down(node, stop, role, cause) }
            }
            Fact::LagFrozen { node, lag, behind } => Line {
                kind: "lag",
                text: format!(
                    "{} trails by {lag}: it lacks {} writes",
                    self.node(node),
                    writes(behind)
                ),
            },
            _ => return None,
        };
        Some(line)
    }

    fn down(&self, node: NodeId, stop: Stop, role: Role, cause: Cause) -> String {
        let role = match role {
            Role::Primary => "primary",
            Role::Replica => "replica",
        };
        let how = match (stop, cause) {
            (Stop::HostLost, _) => "is gone, host and memory",
            (Stop::Crashed, _) => "crashes: its process and memory are gone, its host is not",
            (Stop::Rebooted, Cause::CustomerReboot) => "shuts down for the customer's reboot",
            (Stop::Rebooted, _) => "shuts down for the service's reboot",
            (Stop::TakenOffline, _) => "is taken offline",
            (Stop::Patched, _) => "shuts down to be patched",
            (Stop::Removed, _) => "is removed",
        };
        format!("{role} {} {how}", self.node(node))
    }

    fn of_service(&self, fact: &Fact) -> Option<Line> {
        let (kind, text) = match *fact {
            Fact::WritesStopped { shard, cause: Cause::Migration } => {
                ("writes", format!("stop for clients of {}", self.shard(shard)))
            }
            Fact::WritesStopped { shard, .. } => {
                ("writes", format!("stop: {} accepts none", self.shard(shard)))
            }
            Fact::NodeDetected { node } => {
                let shard = self.plan.nodes[node.idx()].shard;
                let text = match self.plan.group_of(shard).detector {
                    Detector::Managed if self.is_managed(shard) => {
                        format!("takes {} offline", self.node(node))
                    }
                    // On primaries their peers decide, or Sentinels.
                    Detector::Managed | Detector::ClusterBus | Detector::Sentinel => {
                        format!("sees that {} is gone", self.node(node))
                    }
                };
                let who = if self.is_managed(shard) { "the control plane" } else { "somebody" };
                ("detected", format!("{who} {text}"))
            }
            Fact::FailoverBegan { shard } => {
                ("failover", format!("of {} begins", self.shard(shard)))
            }
            Fact::FailoverGivenUp { shard } => {
                ("failover", format!("of {} is given up", self.shard(shard)))
            }
            Fact::FailoverFailed { shard } => {
                ("failover", format!("of {} finds no replica to promote", self.shard(shard)))
            }
            Fact::Promoted { to, candidates: 1, .. } => {
                ("promoted", format!("{} is primary: the only candidate", self.node(to)))
            }
            Fact::Promoted { to, candidates, .. } => {
                ("promoted", format!("{} is primary: 1 of {candidates} candidates", self.node(to)))
            }
            Fact::PrimaryRecreated { node, from, .. } => {
                let (node, from) = (self.node(node), self.node(from));
                ("primary", format!("{node} serves again, with the data of {from}"))
            }
            Fact::EndpointUpdated { shard, node } => {
                let record = match self.plan.group_of(shard).cluster_mode {
                    ClusterMode::Disabled => "primary endpoint",
                    ClusterMode::Enabled => "slot map",
                };
                ("endpoint", format!("the {record} names {}", self.node(node)))
            }
            // Nothing was in it, or snapshots have what was.
            Fact::DatasetLost { writes: amount, bytes: 0, elsewhere: 0, .. } => (
                "LOST",
                format!("the last complete copy: {} writes are in no other", writes(amount)),
            ),
            Fact::DatasetLost { writes: amount, bytes: size, elsewhere: 0, .. } => (
                "LOST",
                format!(
                    "the whole dataset, {}: no copy is left of the {} writes so far",
                    bytes(size),
                    writes(amount)
                ),
            ),
            Fact::DatasetLost { shard, writes: amount, bytes: size, elsewhere } => (
                "LOST",
                format!(
                    "the whole dataset, {}: no copy is left in {} of the {} writes so far; {} \
                     still has {} of them",
                    bytes(size),
                    self.plan.group_of(shard).id,
                    writes(amount),
                    self.other_side(shard),
                    writes(elsewhere)
                ),
            ),
            Fact::ColdStartBegan { node, .. } => {
                ("cold", format!("{} is made an empty primary", self.node(node)))
            }
            Fact::ColdStarted { node, .. } => {
                ("cold", format!("{} is primary, with no data", self.node(node)))
            }
            Fact::EmptyPrimary { node, .. } => {
                ("empty", format!("{} is primary as before, but came back empty", self.node(node)))
            }
            _ => return None,
        };
        Some(Line { kind, text })
    }

    fn of_bus(&self, fact: BusFact) -> Line {
        let group = |id: GroupId| &self.plan.groups[id.idx()].id;
        let (kind, text) = match fact {
            BusFact::Suspected { node } => {
                ("suspected", format!("{} does not answer its peers", self.node(node)))
            }
            BusFact::NoAgreement { shard } => {
                ("no vote", format!("on {}: the primaries elect nobody", self.shard(shard)))
            }
            BusFact::ElectionBegan { shard, candidates: 1 } => {
                ("election", format!("in {}: 1 replica stands", self.shard(shard)))
            }
            BusFact::ElectionBegan { shard, candidates } => {
                ("election", format!("in {}: {candidates} replicas stand", self.shard(shard)))
            }
            BusFact::TakeoverBegan { shard } => {
                ("takeover", format!("the control plane steps in for {}", self.shard(shard)))
            }
            BusFact::ObjectivelyDown { node } => {
                ("down", format!("a quorum of Sentinels finds {} down", self.node(node)))
            }
            BusFact::VoteSplit { shard } => {
                ("no vote", format!("on {}: the Sentinels' votes split", self.shard(shard)))
            }
            BusFact::MajorityLost { group: id, serving, majority } => (
                "minority",
                format!("serving primaries of {}: {serving}, a majority is {majority}", group(id)),
            ),
            BusFact::WritesRefused { group: id, serving: 0 } => {
                ("minority", format!("no primary of {} is left that writers reach", group(id)))
            }
            BusFact::WritesRefused { group: id, .. } => {
                ("minority", format!("the primaries left of {} refuse writes", group(id)))
            }
            BusFact::MajorityBack { group: id, serving } => {
                ("majority", format!("serving primaries of {}: {serving}", group(id)))
            }
            BusFact::WritesTaken { group: id } => {
                ("majority", format!("the primaries of {} take writes again", group(id)))
            }
        };
        Line { kind, text }
    }

    fn of_copies(&self, fact: &Fact) -> Option<Line> {
        let (kind, text) = match *fact {
            Fact::ReplacementWaits { node } => {
                let az = self.az(self.plan.nodes[node.idx()].az);
                ("waits", format!("the replacement of {} waits for {az}", self.node(node)))
            }
            Fact::ReplacementStarted { node } => {
                let az = self.az(self.plan.nodes[node.idx()].az);
                ("replace", format!("{} is being replaced in {az}", self.node(node)))
            }
            Fact::NodeReplaced { node } => {
                ("replaced", format!("{} answers again, empty", self.node(node)))
            }
            Fact::ProcessBack { node } => {
                ("restart", format!("{} answers again, empty", self.node(node)))
            }
            Fact::Flushed { node } => ("flush", format!("{} drops its copy", self.node(node))),
            Fact::SyncStarted { node, from, bytes: 0 } => {
                let (node, from) = (self.node(node), self.node(from));
                ("sync", format!("{node} copies what {from} has: nothing"))
            }
            Fact::SyncStarted { node, from, bytes: size } => {
                let (node, from) = (self.node(node), self.node(from));
                ("sync", format!("{node} copies everything from {from}: {}", bytes(size)))
            }
            Fact::SyncStopped { node } => {
                ("sync", format!("{} stops copying: its source is gone", self.node(node)))
            }
            Fact::Synced { node } => {
                ("synced", format!("{} holds a complete copy", self.node(node)))
            }
            Fact::Reattached { node, missing: 0 } => {
                ("follow", format!("{} follows the primary", self.node(node)))
            }
            Fact::Reattached { node, missing } => (
                "follow",
                format!(
                    "{} follows the primary after fetching {} writes",
                    self.node(node),
                    writes(missing)
                ),
            ),
            _ => return None,
        };
        Some(Line { kind, text })
    }
}

fn struck(cause: Cause, target: &str) -> String {
    match cause {
        Cause::Node => format!("{target} loses its host"),
        Cause::Replicas => format!("{target} lose their hosts"),
        Cause::Az => format!("{target} fails"),
        Cause::Group => format!("{target} loses all its hosts"),
        Cause::Crash => format!("{target} crashes"),
        Cause::CustomerReboot => format!("the customer reboots {target}"),
        Cause::ServiceReboot => format!("the service reboots {target}"),
        Cause::Planned => format!("planned work on {target}"),
        Cause::TestFailover => format!("a test failover of {target}"),
        Cause::Isolation => format!("{target} is cut off"),
        // A cut of the network says itself what it is.
        Cause::Migration => format!("{target} has no memory left, and its process is killed"),
    }
}
