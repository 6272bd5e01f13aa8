//! Where the model's random numbers come from: what each is for, and its address.
//!
//! A draw's address is (entity, purpose, line, n). A new random quantity is a new [`Purpose`];
//! the numbers of the old ones never change.

use crate::engine::law::{self, Law};
use crate::engine::outcomes::{Odds, Outcomes};
use crate::engine::rng::{self, Address, TrialKey};
use crate::engine::time::Span;
use crate::model::Step;
use crate::model::fact::{Announced, Observer};
use crate::model::lives::LifeOf;
use crate::model::plan::{
    AzId, EventOrder, FullSync, GroupId, NodeId, Plan, ShardId, Share, Victim,
};

/// What a random number decides. Append only: the discriminants are part of every address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Purpose {
    /// n-th life of a node's host.
    NodeLife = 1,
    /// n-th time that an AZ is up.
    AzLife = 2,
    /// n-th time between failures of a group.
    GroupLife = 3,
    /// Length of the AZ outage that ends the n-th life.
    AzOutage = 4,
    /// Share of nodes that it hits.
    AzShare = 5,
    /// Whether it hits this node.
    AzHit = 6,
    /// n-th detection of a failure of this node.
    Detection = 7,
    /// n-th promotion in this shard.
    Promotion = 8,
    /// n-th endpoint update of this shard.
    Endpoint = 9,
    /// n-th replacement of this node.
    Replacement = 10,
    /// n-th full sync of this node.
    FullSync = 11,
    /// n-th cold start of this shard.
    ColdStart = 12,
    /// n-th reboot of this node.
    Reboot = 13,
    /// This node's lag at the n-th loss of its primary.
    Lag = 14,
    /// Which candidate the n-th promotion takes, where the rule is random.
    Successor = 15,
    /// How long the process of a scheduled crash is gone.
    Restart = 16,
    /// When a scheduled fault strikes.
    Moment = 17,
    /// This entity's number in the lot that decides whom a scheduled fault strikes.
    Victim = 18,
    /// n-th modification of this group.
    Modify = 19,
    /// How long after the n-th call of a test failover in this group it strikes.
    TestFailover = 20,
    /// n-th step of service updates of this group.
    UpdateStep = 21,
    /// n-th planned step at this node.
    Planned = 22,
    /// n-th planned hand-over or recreation in this shard.
    Handover = 23,
    /// n-th time between announcements of service updates of this group.
    UpdateLife = 24,
    /// Whose event log announces the n-th promotion of this shard first.
    EventOrder = 25,
    /// Whether an external replica makes the n-th promotion of this shard fail.
    Hindrance = 26,
    /// How long the peers of this shard's primary take to suspect its n-th loss.
    Suspicion = 40,
    /// How long a majority then takes to agree.
    Gossip = 41,
    /// How long the managed control plane takes where there is no majority.
    Takeover = 42,
    /// How long this node waits before it asks for votes after the n-th loss of its primary.
    Election = 43,
    /// How long the primaries of this group take to notice that they are no majority, the n-th
    /// time.
    Minority = 44,
    /// How long each Sentinel takes beyond its limit to find this shard's primary down.
    SentinelDown = 45,
    /// Lengths of the ticks of Sentinels.
    SentinelTick = 46,
    /// Whether the votes of the Sentinels split.
    SplitVote = 47,
    /// This node's lag when the n-th backup of its group begins.
    BackupLag = 60,
    /// How long the n-th backup of this group takes.
    Backup = 61,
    /// How long its fork takes.
    Fork = 62,
    /// How long the n-th restore of this group takes to be decided.
    RestoreDecision = 63,
    /// How long its new group takes to be provisioned.
    RestoreProvision = 64,
    /// How long its snapshot takes to be read.
    SnapshotLoad = 65,
    /// How long the application takes to write to it.
    RePointing = 66,
    /// End of this node's log that the n-th loss of its primary cuts off.
    LogTail = 67,
    /// How long this node's n-th replay of its log takes.
    Replay = 68,
    /// n-th time between snapshots of this group at intervals of its users' own.
    SnapshotGap = 69,
    /// How long a scheduled isolation lasts.
    Isolation = 80,
    /// This node's lag when it is cut off as a replica, the n-th time.
    IsolationLag = 81,
    /// How long this node takes, cut off as a primary, to notice that it is in a minority.
    IsolatedMinority = 82,
    /// How far this shard's durable log trails at the n-th loss of its primary.
    LogLag = 100,
    /// How long this node's n-th sync takes where it reads the durable log.
    LogRead = 101,
    /// How far the other region's copy of this shard trails at the n-th loss of its primary.
    RegionLag = 102,
    /// How long this group's n-th switch to the other region takes to be decided.
    RegionDecision = 103,
    /// How long its promotion takes.
    RegionPromotion = 104,
    /// How long the application then takes to write to it.
    RegionEndpoint = 105,
    /// How long the n-th test of the migration takes.
    MigrationTest = 120,
    /// How long the n-th start takes until the first attempt.
    MigrationStart = 121,
    /// How long until the next attempt to connect, after the n-th that failed.
    MigrationAttempt = 122,
    /// How long the n-th completion takes.
    MigrationComplete = 123,
    /// How long until the completion is called again, the n-th time.
    MigrationAgain = 124,
    /// When the operator begins with the n-th cut-over.
    CutOver = 125,
    /// How far this shard of the target trails at the n-th change of its link.
    LinkLag = 126,
    /// How far the replica trails that it copies from.
    LinkHopLag = 135,
    /// This node's lag at the n-th break of a chain in its shard.
    ChainLag = 136,
    /// How long its n-th retry takes to come.
    LinkRetry = 127,
    /// How long writes wait for its n-th fork.
    LinkFork = 128,
    /// How long the source writes its n-th copy to disk.
    LinkSave = 137,
    /// How long its n-th load takes.
    LinkLoad = 129,
    /// How long the source's process is gone when it had no memory left for the n-th time.
    LinkRestart = 130,
    /// When a cohort of clients begins its n-th move.
    CohortMove = 131,
    /// When a cohort hears that it is to go back, the n-th time that clients are moved.
    CohortReturn = 138,
    /// How long it is on its way then.
    CohortRepoint = 132,
    /// When the early ones move.
    EarlyMove = 133,
    /// How long a scheduled cut between source and target lasts.
    Cut = 134,
}

/// How long the n-th life of `of` is in the trial of `key`.
pub(super) fn life_length(of: LifeOf, plan: &Plan, key: TrialKey, n: u32) -> Span {
    let (entity, purpose, line) = match of {
        LifeOf::Node(line, node) => {
            let address = plan.node_failures[usize::from(line)].address;
            (plan.nodes[node.idx()].entity, Purpose::NodeLife, address)
        }
        LifeOf::Az(line, az) => {
            let address = plan.az_failures[usize::from(line)].address;
            (plan.azs[az.idx()].entity, Purpose::AzLife, address)
        }
        LifeOf::Group(line, group) => {
            let address = plan.group_failures[usize::from(line)].address;
            (entity::group(group.0), Purpose::GroupLife, address)
        }
    };
    of.law(plan).lifetime(rng::draw(key, Address { entity, purpose: purpose as u8, line, n }))
}

/// Where the randomness of a step comes from.
#[derive(Clone, Copy, Debug)]
pub enum Chance<'a> {
    /// Every number is drawn at its address, under the key of the trial.
    Drawn(TrialKey),
    /// Decisions are taken from outside, for those who try all of them in turn. No law that a step
    /// meets may need a random number then: the plan's laws are all fixed.
    Decided(&'a Outcomes),
}

/// A decision among few outcomes, as opposed to a waiting time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Choice {
    /// Which of `candidates` is promoted in `shard`.
    Successor {
        /// The shard.
        shard: ShardId,
        /// How many there are; at least one.
        candidates: u32,
    },
}

/// Addresses of entities: the kind in the upper bits, what identifies it below.
pub mod entity {
    /// A node: group, shard within the group, slot within the shard.
    pub fn node(group: u16, shard: u16, slot: u16) -> u64 {
        1 << 60 | u64::from(group) << 32 | u64::from(shard) << 16 | u64::from(slot)
    }

    /// A shard of a group.
    pub fn shard(group: u16, shard: u16) -> u64 {
        2 << 60 | u64::from(group) << 32 | u64::from(shard) << 16
    }

    /// An AZ, by first appearance in the experiment.
    pub fn az(az: u16) -> u64 {
        3 << 60 | u64::from(az)
    }

    /// The script: its faults differ by the address of their line.
    pub const SCRIPT: u64 = 5 << 60;

    /// The migration, whose cohorts of clients differ by the address of their line.
    pub const MIGRATION: u64 = 6 << 60;

    /// A group, by first appearance in the experiment.
    pub fn group(group: u16) -> u64 {
        4 << 60 | u64::from(group)
    }
}

impl<O: Observer> Step<'_, O> {
    #[inline]
    fn word(&self, entity: u64, purpose: Purpose, address: u32, n: u32) -> u64 {
        match self.chance {
            Chance::Drawn(key) => {
                rng::draw(key, Address { entity, purpose: purpose as u8, line: address, n })
            }
            // Asked for by laws that are fixed, and for what is told and never changes a number.
            Chance::Decided(_) => 0,
        }
    }

    /// The n-th word for `purpose` at `node`.
    pub(super) fn node_word(&self, node: NodeId, purpose: Purpose, n: u32) -> u64 {
        self.word(self.plan.nodes[node.idx()].entity, purpose, 0, n)
    }

    /// The n-th time for `purpose` at `node`, by `law`.
    #[inline]
    pub(super) fn node_time(&self, law: &Law, node: NodeId, purpose: Purpose, n: u32) -> Span {
        self.time(law, self.plan.nodes[node.idx()].entity, purpose, n)
    }

    /// The n-th time for `purpose` in `shard`, by `law`.
    #[inline]
    pub(super) fn shard_time(&self, law: &Law, shard: ShardId, purpose: Purpose, n: u32) -> Span {
        self.time(law, self.plan.shards[shard.idx()].entity, purpose, n)
    }

    /// The n-th time of an entity; a fixed time needs no random number.
    #[inline]
    fn time(&self, law: &Law, entity: u64, purpose: Purpose, n: u32) -> Span {
        if let Law::Fixed(span) = law {
            return *span;
        }
        law.duration(self.word(entity, purpose, 0, n))
    }

    /// The `line`-th number of several for `purpose` at the n-th time in `shard`.
    pub(super) fn shard_word(&self, shard: ShardId, purpose: Purpose, line: u32, n: u32) -> u64 {
        self.word(self.plan.shards[shard.idx()].entity, purpose, line, n)
    }

    /// The n-th life of `node` by a process of failures: an Exp(1) budget spent at the law's
    /// hazard.
    #[inline]
    pub(super) fn node_life(&self, law: &Law, node: NodeId, address: u32, n: u32) -> Span {
        law.lifetime(self.word(self.plan.nodes[node.idx()].entity, Purpose::NodeLife, address, n))
    }

    /// The n-th life of `az` by a process of failures.
    #[inline]
    pub(super) fn az_life(&self, law: &Law, az: AzId, address: u32, n: u32) -> Span {
        law.lifetime(self.word(self.plan.azs[az.idx()].entity, Purpose::AzLife, address, n))
    }

    /// The n-th time for `purpose` of `group`, by `law`.
    pub(super) fn group_time(&self, law: &Law, group: GroupId, purpose: Purpose, n: u32) -> Span {
        self.time(law, entity::group(group.0), purpose, n)
    }

    /// The n-th time between announcements of service updates of `group`.
    pub(super) fn update_life(&self, law: &Law, group: GroupId, address: u32, n: u32) -> Span {
        law.lifetime(self.word(entity::group(group.0), Purpose::UpdateLife, address, n))
    }

    /// Whose event log announces the promotion or hand-over of this instant first.
    pub(super) fn announced(&self, shard: ShardId) -> Announced {
        match self.plan.control_plane.event_order {
            EventOrder::Documented => Announced::NodeFirst,
            EventOrder::Jittered => {
                let clock = &self.state.clocks.shards[shard.idx()];
                let n = clock.promotions + clock.handovers;
                let entity = self.plan.shards[shard.idx()].entity;
                match self.word(entity, Purpose::EventOrder, 0, n) >> 63 {
                    0 => Announced::NodeFirst,
                    _ => Announced::GroupFirst,
                }
            }
        }
    }

    /// Whether an external replica, with the chance `permille` / 1000, makes the promotion of this
    /// instant fail.
    pub(super) fn is_hindered(&self, shard: ShardId, permille: u16) -> bool {
        let n = self.state.clocks.shards[shard.idx()].promotions;
        let entity = self.plan.shards[shard.idx()].entity;
        law::uniform(self.word(entity, Purpose::Hindrance, 0, n)) * 1000.0 < f64::from(permille)
    }

    /// The n-th life of `group` by a process of failures.
    #[inline]
    pub(super) fn group_life(&self, law: &Law, group: GroupId, address: u32, n: u32) -> Span {
        law.lifetime(self.word(entity::group(group.0), Purpose::GroupLife, address, n))
    }

    /// How long the outage of `az` lasts.
    #[inline]
    pub(super) fn az_outage(&self, law: &Law, az: AzId, address: u32, n: u32) -> Span {
        law.duration(self.word(self.plan.azs[az.idx()].entity, Purpose::AzOutage, address, n))
    }

    /// How long the process of a scheduled crash of `node` is gone.
    pub(super) fn restart_time(&self, law: &Law, node: NodeId, address: u32) -> Span {
        law.duration(self.word(self.plan.nodes[node.idx()].entity, Purpose::Restart, address, 0))
    }

    /// How long the scheduled isolation of `node` lasts.
    pub(super) fn isolation_time(&self, law: &Law, node: NodeId, address: u32) -> Span {
        law.duration(self.word(self.plan.nodes[node.idx()].entity, Purpose::Isolation, address, 0))
    }

    /// How long the scheduled isolation of the primary of `shard` lasts, whoever that is.
    pub(super) fn primary_isolation_time(&self, law: &Law, shard: ShardId, address: u32) -> Span {
        let entity = self.plan.shards[shard.idx()].entity;
        law.duration(self.word(entity, Purpose::Isolation, address, 0))
    }

    /// How long the scheduled cut between source and target of the migration lasts.
    pub(super) fn cut_time(&self, law: &Law, address: u32) -> Span {
        law.duration(self.word(entity::MIGRATION, Purpose::Cut, address, 0))
    }

    /// The n-th time for `purpose` of a cohort of clients, by `law`.
    pub(super) fn cohort_time(&self, law: &Law, cohort: u16, purpose: Purpose, n: u32) -> Span {
        law.duration(self.word(entity::MIGRATION, purpose, u32::from(cohort), n))
    }

    /// The n-th time for `purpose` of a shard that works on so many bytes: proportional to them,
    /// or by a law.
    pub(super) fn shard_work(
        &self,
        takes: &FullSync,
        (shard, bytes): (ShardId, u64),
        purpose: Purpose,
        n: u32,
    ) -> Span {
        match takes {
            FullSync::Law(law) => self.shard_time(law, shard, purpose, n),
            per_gib @ FullSync::PerGib(_) => per_gib.proportional(bytes).unwrap_or(Span::FOREVER),
        }
    }

    /// When the scheduled fault at `address` strikes, from the start of the trial.
    pub(super) fn moment(&self, law: &Law, address: u32) -> Span {
        if let Law::Fixed(span) = law {
            return *span;
        }
        law.duration(self.word(entity::SCRIPT, Purpose::Moment, address, 0))
    }

    /// The node that the scheduled fault at `address` strikes, alive or not.
    pub(super) fn victim_node(&self, victim: &Victim<NodeId>, address: u32) -> NodeId {
        let nodes = &self.plan.nodes;
        match victim {
            Victim::Named(node) => *node,
            Victim::Any(among) => {
                let entity = |node: &NodeId| nodes[node.idx()].entity;
                self.draw_lots(among.clone().map(NodeId), entity, address)
            }
        }
    }

    /// The AZ that the scheduled fault at `address` strikes, up or not; one by chance has nodes.
    pub(super) fn victim_az(&self, victim: &Victim<AzId>, address: u32) -> AzId {
        let azs = &self.plan.azs;
        match victim {
            Victim::Named(az) => *az,
            Victim::Any(among) => {
                let has_nodes = |az: &AzId| !azs[az.idx()].nodes.is_empty();
                let among = among.clone().map(AzId).filter(has_nodes);
                self.draw_lots(among, |az| azs[az.idx()].entity, address)
            }
        }
    }

    /// The shard that the scheduled fault at `address` strikes; one by chance is configured with
    /// at least so many replicas.
    pub(super) fn victim_shard(
        &self,
        victim: &Victim<ShardId>,
        address: u32,
        n_replicas: u8,
    ) -> ShardId {
        let plan = self.plan;
        match victim {
            Victim::Named(shard) => *shard,
            Victim::Any(among) => {
                let is_large = |shard: &ShardId| plan.n_replicas(*shard) >= usize::from(n_replicas);
                let among = among.clone().map(ShardId).filter(is_large);
                self.draw_lots(among, |shard| plan.shards[shard.idx()].entity, address)
            }
        }
    }

    /// One of several with equal chances: the one with the smallest number at its own address. So
    /// a policy that has one entity more strikes the same one, unless it strikes the new one.
    fn draw_lots<Id: Copy>(
        &self,
        among: impl Iterator<Item = Id>,
        entity: impl Fn(&Id) -> u64,
        address: u32,
    ) -> Id {
        among
            .min_by_key(|id| self.word(entity(id), Purpose::Victim, address, 0))
            .expect("a checked plan leaves nothing to chance that nobody can be")
    }

    /// The chance with which the event of `az` hits each of its nodes.
    pub(super) fn az_share(&self, share: Share, az: AzId, address: u32, n: u32) -> f64 {
        match share {
            Share::All => 1.0,
            Share::Uniform { low, high } => {
                let entity = self.plan.azs[az.idx()].entity;
                let u = law::uniform(self.word(entity, Purpose::AzShare, address, n));
                low + (high - low) * u
            }
        }
    }

    /// Whether an AZ event with chance `share` per node hits `node`.
    pub(super) fn az_hits(&self, node: NodeId, share: f64, address: u32, n: u32) -> bool {
        let entity = self.plan.nodes[node.idx()].entity;
        match self.chance {
            _ if share >= 1.0 => true,
            Chance::Drawn(_) => law::uniform(self.word(entity, Purpose::AzHit, address, n)) < share,
            Chance::Decided(_) if share <= 0.0 => false,
            Chance::Decided(outcomes) => outcomes.decide(Odds::Yes(share)) == 1,
        }
    }

    /// Decides among `0..n` outcomes with equal chances.
    pub(super) fn choose(&self, choice: Choice) -> u32 {
        match choice {
            Choice::Successor { shard, candidates } => {
                if let Chance::Decided(outcomes) = self.chance {
                    return outcomes.decide(Odds::Equal(candidates));
                }
                let n = self.state.clocks.shards[shard.idx()].promotions;
                let entity = self.plan.shards[shard.idx()].entity;
                let word = self.word(entity, Purpose::Successor, 0, n);
                // The high part of word × candidates; biased by less than candidates / 2^64.
                ((u128::from(word) * u128::from(candidates)) >> 64) as u32
            }
        }
    }
}
