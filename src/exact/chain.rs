//! A Markov chain in continuous time with rewards: so much per second in a state, so much at a
//! transition.

use std::collections::BTreeMap;

use crate::model::plan::{HASH_SLOTS, Plan, ShardId};
use crate::model::state::{Process, State};
use crate::observe::metrics::Metric;

use super::explore::{Part, Point};

/// What is counted when it happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Impulse {
    /// A promotion.
    Failover,
    /// A primary's own slot serves again, filled from a replica.
    PrimaryRecreation,
    /// The last complete copy of a shard is gone.
    DatasetLoss,
    /// An outage of any shard begins, none being open.
    WriteOutage,
}

/// What a transition counts.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Effects {
    counts: [u32; 4],
    /// Writes that are lost on average.
    pub lost_writes: f64,
}

impl Effects {
    /// Counts one.
    pub fn count(&mut self, what: Impulse) {
        self.counts[what as usize] += 1;
    }

    /// How many were counted.
    pub fn n(&self, what: Impulse) -> u32 {
        self.counts[what as usize]
    }

    /// Both together.
    pub fn plus(&self, other: &Effects) -> Effects {
        let mut sum = *self;
        sum.counts.iter_mut().zip(other.counts).for_each(|(sum, more)| *sum += more);
        sum.lost_writes += other.lost_writes;
        sum
    }
}

/// The metrics that a chain has exact means of, in the order of its rewards.
pub const METRICS: [Metric; 11] = [
    Metric::WriteOutage,
    Metric::ServerWriteOutage,
    Metric::WriteOutageAnyShard,
    Metric::WriteOutages,
    Metric::Failovers,
    Metric::PrimaryRecreations,
    Metric::LostWrites,
    Metric::DatasetLosses,
    Metric::RejectedWrites,
    Metric::ReadOutage,
    Metric::ReducedRedundancy,
];

/// Number of rewards.
pub const N_REWARDS: usize = METRICS.len();

/// Where a metric stands among the rewards, if a chain has it.
pub fn place(metric: Metric) -> Option<usize> {
    METRICS.iter().position(|other| *other == metric)
}

/// A chain; state 0 is the start.
#[derive(Clone, Debug)]
pub struct Chain {
    /// By state: where it goes, how often per second, and how often of that with a dataset loss.
    pub exits: Vec<Vec<Exit>>,
    /// By state: dataset losses per second.
    pub losses: Vec<f64>,
    /// By state: rewards per second, impulses included, by [`METRICS`].
    pub rewards: Vec<[f64; N_REWARDS]>,
    /// Transitions of the state that is being described, by target.
    open: BTreeMap<u32, Exit>,
    n_shards: usize,
}

/// Transitions from one state to another.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Exit {
    /// The state that follows.
    pub to: u32,
    /// How often per second.
    pub per_sec: f64,
    /// Those of them without a dataset loss.
    pub safe_per_sec: f64,
}

impl Chain {
    /// A chain with no states yet.
    pub fn new(n_shards: usize) -> Chain {
        Chain {
            exits: Vec::new(),
            losses: Vec::new(),
            rewards: Vec::new(),
            open: BTreeMap::new(),
            n_shards,
        }
    }

    /// A chain of which only losses are of interest; its start is like no other state.
    pub fn of_losses(exits: Vec<Vec<Exit>>, losses: Vec<f64>) -> Chain {
        let mut rewards = vec![[0.0; N_REWARDS]; exits.len()];
        rewards[0][0] = 1.0;
        Chain { exits, losses, rewards, open: BTreeMap::new(), n_shards: 1 }
    }

    /// Number of states.
    pub fn n_states(&self) -> usize {
        self.exits.len()
    }

    /// Number of transitions.
    pub fn n_exits(&self) -> usize {
        self.exits.iter().map(Vec::len).sum()
    }

    /// Number of shards that it is about.
    pub fn n_shards(&self) -> usize {
        self.n_shards
    }

    /// Begins the next state; what is added from now on leaves it.
    pub fn begin_state(&mut self, plan: &Plan, part: &Part, point: &Point) {
        self.close_state();
        self.exits.push(Vec::new());
        self.losses.push(0.0);
        self.rewards.push(rewards(plan, part, &point.state));
    }

    /// Adds a transition.
    pub fn add(&mut self, to: u32, per_sec: f64, effects: &Effects) {
        let from = self.exits.len() - 1;
        let loses = effects.n(Impulse::DatasetLoss) > 0;
        let rewards = &mut self.rewards[from];
        let mut reward = |metric: Metric, amount: f64| {
            rewards[place(metric).expect("a metric of the chain")] += per_sec * amount;
        };
        let counted = |what: Impulse| f64::from(effects.n(what));
        reward(Metric::Failovers, counted(Impulse::Failover));
        reward(Metric::PrimaryRecreations, counted(Impulse::PrimaryRecreation));
        reward(Metric::DatasetLosses, counted(Impulse::DatasetLoss));
        reward(Metric::WriteOutages, counted(Impulse::WriteOutage));
        reward(Metric::LostWrites, effects.lost_writes);
        let safe = if loses { 0.0 } else { per_sec };
        self.losses[from] += per_sec - safe;
        let exit = Exit { to, per_sec: 0.0, safe_per_sec: 0.0 };
        let exit = self.open.entry(to).or_insert(exit);
        exit.per_sec += per_sec;
        exit.safe_per_sec += safe;
    }

    /// The last state is described.
    pub fn finish(&mut self) {
        self.close_state();
    }

    fn close_state(&mut self) {
        if let Some(last) = self.exits.last_mut() {
            *last = std::mem::take(&mut self.open).into_values().collect();
        }
    }
}

/// Whether any shard of the part is out.
pub fn is_any_out(part: &Part, state: &State) -> bool {
    part.shards.iter().any(|shard| state.books(*shard).is_out())
}

/// Rewards per second in a state, without impulses.
fn rewards(plan: &Plan, part: &Part, state: &State) -> [f64; N_REWARDS] {
    let mut sums = [0.0; N_REWARDS];
    let mut add = |metric: Metric, amount: f64| {
        sums[place(metric).expect("a metric of the chain")] += amount;
    };
    for &shard in &part.shards {
        let of = &plan.shards[shard.idx()];
        let share = f64::from(of.hash_slots) / (f64::from(HASH_SLOTS) * plan.n_clienteles() as f64);
        let is = |yes: bool| if yes { share } else { 0.0 };
        let is_out = state.books(shard).is_out();
        add(Metric::WriteOutage, is(is_out));
        add(Metric::ServerWriteOutage, is(!state.serves(shard)));
        if is_out {
            add(Metric::RejectedWrites, of.writes_per_sec as f64);
        }
        let (complete, readers, configured) = copies(plan, state, shard);
        add(Metric::ReadOutage, is(readers == 0));
        add(Metric::ReducedRedundancy, is(complete < configured));
    }
    if is_any_out(part, state) {
        add(Metric::WriteOutageAnyShard, 1.0);
    }
    sums
}

/// Complete copies, nodes that serve reads, and copies that there are to be.
fn copies(plan: &Plan, state: &State, shard: ShardId) -> (usize, usize, usize) {
    let ids = plan.shards[shard.idx()].node_ids();
    let readers = ids.clone().filter(|node| state.can_be_read(*node, shard)).count();
    let nodes = ids.map(|node| state.node(node));
    let complete = nodes.clone().filter(|node| plan.counts_as_copy(shard, node.data)).count();
    let configured = nodes.filter(|node| node.process != Process::Absent).count();
    (complete, readers, configured)
}
