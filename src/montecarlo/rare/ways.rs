//! [`Ways`]: how dataset losses happen, as chains of failures, with how much of the probability
//! each of them has.
//!
//! Chains are told at the grain at which somebody could act on them. A failure is told by what
//! failed, by the copies that it took and left, and by what was out of order at that moment in the
//! shard that lost its dataset in the end. Who was primary makes no chain of its own: it is summed
//! beside the chains, as is who failed first. Failures that took nothing of that shard are left
//! out.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::model::Event;
use crate::model::lives::LifeOf;
use crate::model::plan::{NodeId, Plan, ShardId};
use crate::model::state::{Az, Data, Failover, Process, State};

/// What failed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Struck {
    /// A node's host.
    Node,
    /// An AZ.
    Az,
    /// The whole group.
    Group,
    /// Something that was scheduled took nodes: a fault, an operation.
    Scheduled,
}

/// What was out of order in the shard when it struck.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub struct Disorder {
    /// Nodes that are down or being replaced.
    pub down: u8,
    /// Nodes that are being filled.
    pub syncing: u8,
    /// Nodes that are up and empty, and wait.
    pub empty: u8,
    /// AZs of the shard that are down.
    pub azs_down: u8,
}

/// One failure of a chain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Link {
    /// What failed.
    pub struck: Struck,
    /// Complete copies that it took; with none, it took a node that was being filled.
    pub copies: u8,
    /// Complete copies that it left.
    pub left: u8,
    /// What was out of order before.
    pub disorder: Disorder,
}

/// A chain of failures; an empty one is a loss without any.
pub type Chain = Vec<Link>;

/// Who failed, by its position in the plan.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Culprit {
    /// A node.
    Node(u16),
    /// An AZ.
    Az(u16),
    /// A group.
    Group(u16),
    /// Nobody by chance: it was scheduled.
    Scheduled,
}

/// Whether the primary was among what a failure took.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum With {
    /// It was.
    Primary,
    /// There were replicas only.
    Replicas,
}

/// Whether a failover was under way when a failure struck.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum During {
    /// It was, or nobody had noticed yet that one was needed.
    Failover,
    /// There was none.
    Rest,
}

/// A failure, as one shard saw it.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Blow {
    shard: ShardId,
    link: Link,
    culprit: Culprit,
    with: With,
    during: During,
}

/// The failures of an excursion, in order.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Path {
    blows: Vec<Blow>,
    /// Failures that were chosen, whomever they struck.
    n_chosen: u32,
    /// By shard: what there was before something scheduled happens.
    before: Vec<Before>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
struct Before {
    copies: u8,
    disorder: Disorder,
    with: With,
    during: During,
}

/// A path, as the shard saw it that lost its dataset.
#[derive(Clone, PartialEq, Debug)]
pub struct Course {
    /// The shard, by its position in the plan.
    pub shard: u16,
    /// What took something from it.
    pub chain: Chain,
    /// The first of that, and whether the primary went with it.
    pub first: Option<(Culprit, With)>,
    /// What was under way at the last of it.
    pub last: During,
}

/// Where an example of a chain is found: a replication and one of its branches, as `7.3`, or
/// `7.s0` if the branch begins with something scheduled.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Example {
    /// The number of the replication, which is that of the trial that it leaves.
    pub replication: u64,
    /// The number of the branch.
    pub branch: u32,
}

/// Branches from here on are those of departures that are no ends of lives.
pub const SCHEDULED: u32 = 1 << 16;

/// A part of the probability.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Portion {
    /// Sum of the weights.
    pub weight: f64,
    /// Sum of their squares.
    pub squares: f64,
    /// Excursions.
    pub hits: u64,
}

/// How often a chain of failures led to a loss.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Way {
    /// All of them.
    pub portion: Portion,
    /// Those in which a failover was under way at the last failure.
    pub in_failover: Portion,
    /// The first of them.
    pub example: Example,
}

/// A share of the probability.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Share {
    /// From 0 to 1.
    pub value: f64,
    /// Its standard error; excursions count as independent.
    pub error: f64,
    /// The excursions behind it.
    pub hits: u64,
}

/// All chains that were seen.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Ways {
    ways: BTreeMap<Chain, Way>,
    firsts: BTreeMap<(Culprit, With), Portion>,
    shards: BTreeMap<u16, Portion>,
}

impl Path {
    /// A life ends, as things stand before it, since that was chosen.
    pub fn choose(&mut self, life: LifeOf, of: (&Plan, &State)) {
        self.n_chosen += 1;
        self.push(life, of);
    }

    /// A life ends, as things stand before it.
    pub fn push(&mut self, life: LifeOf, (plan, state): (&Plan, &State)) {
        match life {
            LifeOf::Node(_, node) => {
                let shard = plan.nodes[node.idx()].shard;
                self.strike((life, shard), (plan, state));
            }
            LifeOf::Az(_, az) => {
                let mut last = None;
                for node in &plan.azs[az.idx()].nodes {
                    let shard = plan.nodes[node.idx()].shard;
                    if last.replace(shard) != Some(shard) {
                        self.strike((life, shard), (plan, state));
                    }
                }
            }
            LifeOf::Group(_, group) => {
                for shard in plan.groups[group.idx()].shards.clone().map(ShardId) {
                    self.strike((life, shard), (plan, state));
                }
            }
        }
    }

    /// Takes note of what a failure does to a shard, if it does anything.
    fn strike(&mut self, (life, shard): (LifeOf, ShardId), (plan, state): (&Plan, &State)) {
        let is_hit = |node: NodeId| match life {
            LifeOf::Node(_, victim) => node == victim,
            LifeOf::Az(_, az) => plan.nodes[node.idx()].az == az,
            LifeOf::Group(..) => true,
        };
        let primary = state.shard(shard).primary;
        let (mut copies, mut left, mut syncing, mut with) = (0, 0, 0, With::Replicas);
        for id in plan.shards[shard.idx()].node_ids() {
            let node = state.node(id);
            match (node.process, node.data, is_hit(id)) {
                (Process::Running, Data::Complete, true) => {
                    copies += 1;
                    if id == primary {
                        with = With::Primary;
                    }
                }
                (Process::Running, Data::Complete, false) => left += 1,
                (Process::Running, Data::Syncing, true) => syncing += 1,
                (Process::Running, Data::Syncing | Data::Empty | Data::Logged, _) => {}
                (Process::Lost | Process::Crashed | Process::Rebooting(_), _, _) => {}
                (Process::Absent, _, _) => {}
            }
        }
        if copies + syncing == 0 {
            return;
        }
        let (struck, culprit) = named(life);
        let link = Link { struck, copies, left, disorder: disorder(plan, state, shard) };
        self.blows.push(Blow { shard, link, culprit, with, during: during(state, shard) });
    }

    /// The excursion begins after `event`, which is no chosen end of a life, has happened to a
    /// system that was well; nothing if it begins with the trial.
    pub fn begin(&mut self, event: Option<Event>, (plan, state): (&Plan, &State)) {
        let (struck, culprit) = event.and_then(LifeOf::ended_by).map_or(AS_SCHEDULED, named);
        for shard in plan.shard_ids() {
            let primary = state.shard(shard).primary;
            let (mut copies, mut left, mut with) = (0, 0, With::Replicas);
            for id in plan.shards[shard.idx()].node_ids() {
                let node = state.node(id);
                match (node.process, node.data) {
                    (Process::Lost | Process::Crashed | Process::Rebooting(_), _) => {
                        copies += 1;
                        if id == primary {
                            with = With::Primary;
                        }
                    }
                    (Process::Running, Data::Complete) => left += 1,
                    (Process::Running, Data::Syncing | Data::Empty | Data::Logged) => {}
                    (Process::Absent, _) => {}
                }
            }
            if copies > 0 {
                let link = Link { struck, copies, left, disorder: Disorder::default() };
                self.blows.push(Blow { shard, link, culprit, with, during: During::Rest });
            }
        }
    }

    /// Something that is due may take nodes.
    pub fn look_before(&mut self, (plan, state): (&Plan, &State)) {
        let look = |shard: ShardId| Before {
            copies: n_copies(plan, state, shard),
            disorder: disorder(plan, state, shard),
            with: match state.node(state.shard(shard).primary).process {
                Process::Running => With::Primary,
                Process::Lost | Process::Crashed | Process::Rebooting(_) | Process::Absent => {
                    With::Replicas
                }
            },
            during: during(state, shard),
        };
        self.before.clear();
        self.before.extend(plan.shard_ids().map(look));
    }

    /// It has happened: takes note of the copies that it took.
    pub fn look_after(&mut self, (plan, state): (&Plan, &State)) {
        for shard in plan.shard_ids() {
            let (before, left) = (self.before[shard.idx()], n_copies(plan, state, shard));
            if left >= before.copies {
                continue;
            }
            let with = match state.node(state.shard(shard).primary).process {
                Process::Running => With::Replicas,
                Process::Lost | Process::Crashed | Process::Rebooting(_) | Process::Absent => {
                    before.with
                }
            };
            let (struck, culprit) = AS_SCHEDULED;
            let copies = before.copies - left;
            let Before { disorder, during, .. } = before;
            let link = Link { struck, copies, left, disorder };
            self.blows.push(Blow { shard, link, culprit, with, during });
        }
    }

    /// From the beginning.
    pub fn clear(&mut self) {
        self.blows.clear();
        self.n_chosen = 0;
    }

    /// How many failures were chosen.
    pub fn n_chosen(&self) -> u32 {
        self.n_chosen
    }

    /// What led to the loss of a shard's dataset.
    pub fn course(&self, lost: ShardId) -> Course {
        let ours = || self.blows.iter().filter(|blow| blow.shard == lost);
        Course {
            shard: lost.0,
            chain: ours().map(|blow| blow.link).collect(),
            first: ours().next().map(|blow| (blow.culprit, blow.with)),
            last: ours().next_back().map_or(During::Rest, |blow| blow.during),
        }
    }
}

/// What is not by chance.
const AS_SCHEDULED: (Struck, Culprit) = (Struck::Scheduled, Culprit::Scheduled);

fn named(life: LifeOf) -> (Struck, Culprit) {
    match life {
        LifeOf::Node(_, node) => (Struck::Node, Culprit::Node(node.0)),
        LifeOf::Az(_, az) => (Struck::Az, Culprit::Az(az.0)),
        LifeOf::Group(_, group) => (Struck::Group, Culprit::Group(group.0)),
    }
}

fn n_copies(plan: &Plan, state: &State, shard: ShardId) -> u8 {
    let is_complete = |id: &NodeId| {
        let node = state.node(*id);
        node.process == Process::Running && node.data == Data::Complete
    };
    plan.shards[shard.idx()].node_ids().filter(is_complete).count() as u8
}

fn disorder(plan: &Plan, state: &State, shard: ShardId) -> Disorder {
    let mut disorder = Disorder::default();
    let nodes = || plan.shards[shard.idx()].node_ids();
    let az_of = |id: NodeId| plan.nodes[id.idx()].az;
    for (n, id) in nodes().enumerate() {
        let node = state.node(id);
        match (node.process, node.data) {
            (Process::Absent, _) | (Process::Running, Data::Complete) => {}
            (Process::Lost | Process::Crashed | Process::Rebooting(_), _) => disorder.down += 1,
            (Process::Running, Data::Syncing) => disorder.syncing += 1,
            (Process::Running, Data::Empty | Data::Logged) => disorder.empty += 1,
        }
        let az = az_of(id);
        let is_down = state.config.azs[az.idx()] == Az::Down;
        if is_down && !nodes().take(n).any(|other| az_of(other) == az) {
            disorder.azs_down += 1;
        }
    }
    disorder
}

fn during(state: &State, shard: ShardId) -> During {
    match state.shard(shard).failover {
        Failover::Promoting | Failover::UpdatingEndpoint => During::Failover,
        Failover::Idle if state.serves(shard) => During::Rest,
        Failover::Idle => During::Failover,
        Failover::ColdStarting(_) | Failover::Recreating | Failover::Refilling => During::Rest,
    }
}

impl Example {
    /// Whether the branch begins with something scheduled.
    pub fn is_scheduled(self) -> bool {
        self.branch >= SCHEDULED
    }
}

impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Example { replication, branch } = self;
        match branch.checked_sub(SCHEDULED) {
            Some(scheduled) => write!(f, "{replication}.s{scheduled}"),
            None => write!(f, "{replication}.{branch}"),
        }
    }
}

impl FromStr for Example {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = || {
            let (replication, branch) = text.split_once('.')?;
            let (first, digits) = match branch.strip_prefix('s') {
                Some(digits) => (SCHEDULED, digits),
                None => (0, branch),
            };
            let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            if !is_number(replication) || !is_number(digits) {
                return None;
            }
            let number: u32 = digits.parse().ok()?;
            let branch = first.checked_add(number)?;
            let is_its_kind = first == SCHEDULED || branch < SCHEDULED;
            is_its_kind.then_some(Example { replication: replication.parse().ok()?, branch })
        };
        read().ok_or_else(|| "an id from the list of losses is wanted, as 7.3 or 7.s0".to_owned())
    }
}

impl Portion {
    fn add(&mut self, weight: f64) {
        self.weight += weight;
        self.squares += weight * weight;
        self.hits += 1;
    }

    fn merge(&mut self, other: &Portion) {
        self.weight += other.weight;
        self.squares += other.squares;
        self.hits += other.hits;
    }

    /// Its share of a whole: a ratio of sums, whose error is that of its linear part.
    pub fn share_of(&self, whole: &Portion) -> Share {
        if whole.weight <= 0.0 {
            return Share { value: 0.0, error: 0.0, hits: self.hits };
        }
        let value = self.weight / whole.weight;
        let others = (whole.squares - self.squares).max(0.0);
        let variance = (1.0 - value).powi(2) * self.squares + value * value * others;
        Share { value, error: variance.sqrt() / whole.weight, hits: self.hits }
    }
}

impl Ways {
    /// One more loss.
    pub fn add(&mut self, course: Course, (weight, example): (f64, Example)) {
        let Course { shard, chain, first, last } = course;
        let way = self.ways.entry(chain).or_insert_with(|| Way { example, ..Way::default() });
        way.portion.add(weight);
        if last == During::Failover {
            way.in_failover.add(weight);
        }
        let first = first.unwrap_or((Culprit::Scheduled, With::Replicas));
        self.firsts.entry(first).or_default().add(weight);
        self.shards.entry(shard).or_default().add(weight);
    }

    /// Takes in those of later replications.
    pub fn merge(&mut self, other: &Ways) {
        for (chain, more) in &other.ways {
            match self.ways.get_mut(chain) {
                Some(way) => {
                    way.portion.merge(&more.portion);
                    way.in_failover.merge(&more.in_failover);
                }
                None => {
                    self.ways.insert(chain.clone(), *more);
                }
            }
        }
        for (first, more) in &other.firsts {
            self.firsts.entry(*first).or_default().merge(more);
        }
        for (shard, more) in &other.shards {
            self.shards.entry(*shard).or_default().merge(more);
        }
    }

    /// All losses together.
    pub fn all(&self) -> Portion {
        sum(self.ways.values().map(|way| &way.portion))
    }

    /// The most likely chains first, with the share of the probability of each.
    pub fn most_likely(&self) -> Vec<(&Chain, &Way, Share)> {
        let whole = self.all();
        let told = |(chain, way)| {
            let way: &Way = way;
            (chain, way, way.portion.share_of(&whole))
        };
        let mut all: Vec<(&Chain, &Way, Share)> = self.ways.iter().map(told).collect();
        all.sort_by(|a, b| b.2.value.total_cmp(&a.2.value).then_with(|| a.0.cmp(b.0)));
        all
    }

    /// The share of the probability of each who failed first, in the order of the plan.
    pub fn firsts(&self) -> Vec<(Culprit, Share)> {
        let whole = self.all();
        let mut by_culprit: BTreeMap<Culprit, Portion> = BTreeMap::new();
        for ((culprit, _), portion) in &self.firsts {
            by_culprit.entry(*culprit).or_default().merge(portion);
        }
        by_culprit.iter().map(|(culprit, portion)| (*culprit, portion.share_of(&whole))).collect()
    }

    /// The share of the probability of those whose first failure took the primary.
    pub fn primary_first(&self) -> Share {
        let with = self.firsts.iter().filter(|((_, with), _)| *with == With::Primary);
        sum(with.map(|(_, portion)| portion)).share_of(&self.all())
    }

    /// The share of the probability of each shard, by its position in the plan.
    pub fn shards(&self) -> Vec<(u16, Share)> {
        let whole = self.all();
        self.shards.iter().map(|(shard, portion)| (*shard, portion.share_of(&whole))).collect()
    }
}

fn sum<'a>(portions: impl Iterator<Item = &'a Portion>) -> Portion {
    let mut all = Portion::default();
    portions.for_each(|portion| all.merge(portion));
    all
}
