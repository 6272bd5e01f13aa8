//! [`Outlook`]: what the guide says of the present state, looked up quickly.
//!
//! What a guide knows is a function of what it sees, so it is asked once for every sight and shard
//! and remembered; who remembers what changes no number.

use std::collections::HashMap;

use crate::exact::guide::Guide;
use crate::model::Event;
use crate::model::lives::LifeOf;
use crate::model::plan::{Plan, ShardId};
use crate::model::state::State;
use crate::montecarlo::rare::clocks::Clocks;

/// The chance of a dataset loss before all is well again: now, and after what may happen next.
#[derive(Clone, Debug)]
pub struct Outlook<'g> {
    guide: &'g Guide,
    /// By shard: the lives whose end concerns it.
    lives: Vec<Vec<usize>>,
    known: HashMap<(ShardId, u128), usize>,
    entries: Vec<Entry>,
    /// By shard: what it looks like now.
    now: Vec<usize>,
    value: f64,
    after_lives: Vec<f64>,
}

/// What is known of a shard that looks in one way.
#[derive(Clone, Debug)]
struct Entry {
    value: f64,
    /// After the end of each life that concerns it.
    after_lives: Vec<f64>,
    /// After other events, as they were asked for.
    after: Vec<(Event, f64)>,
}

impl<'g> Outlook<'g> {
    /// For the lives of a plan.
    pub fn new(guide: &'g Guide, plan: &Plan, clocks: &Clocks<'_>) -> Self {
        let concerns = |shard: ShardId, life: LifeOf| match life {
            LifeOf::Node(_, node) => plan.nodes[node.idx()].shard == shard,
            LifeOf::Az(_, az) => {
                plan.azs[az.idx()].nodes.iter().any(|node| plan.nodes[node.idx()].shard == shard)
            }
            LifeOf::Group(_, group) => plan.shards[shard.idx()].group == group,
        };
        let of = |shard: ShardId| {
            (0..clocks.n_clocks()).filter(|clock| concerns(shard, clocks.of(*clock))).collect()
        };
        Outlook {
            guide,
            lives: plan.shard_ids().map(of).collect(),
            known: HashMap::new(),
            entries: Vec::new(),
            now: Vec::new(),
            value: 0.0,
            after_lives: vec![0.0; clocks.n_clocks()],
        }
    }

    /// Whether all shards are well.
    pub fn is_well(&self, state: &State) -> bool {
        (0..self.lives.len() as u16).all(|shard| self.guide.is_well(state, ShardId(shard)))
    }

    /// Looks at the state.
    pub fn look(&mut self, state: &State, clocks: &Clocks<'_>) {
        self.now.clear();
        for shard in (0..self.lives.len() as u16).map(ShardId) {
            let entry = self.entry((state, shard), clocks);
            self.now.push(entry);
        }
        self.value = self.now.iter().map(|entry| self.entries[*entry].value).sum();
        self.after_lives.fill(self.value);
        for (lives, entry) in self.lives.iter().zip(&self.now) {
            let entry = &self.entries[*entry];
            for (life, after) in lives.iter().zip(&entry.after_lives) {
                self.after_lives[*life] += after - entry.value;
            }
        }
    }

    fn entry(&mut self, (state, shard): (&State, ShardId), clocks: &Clocks<'_>) -> usize {
        let sight = self.guide.sight(state, shard);
        if let Some(known) = sight.and_then(|sight| self.known.get(&(shard, sight))) {
            return *known;
        }
        let value = self.guide.value(state, shard);
        let after =
            |life: &usize| self.guide.after(state, shard, clocks.of(*life).end()).unwrap_or(value);
        let after_lives = self.lives[shard.idx()].iter().map(after).collect();
        self.entries.push(Entry { value, after_lives, after: Vec::new() });
        let entry = self.entries.len() - 1;
        if let Some(sight) = sight {
            self.known.insert((shard, sight), entry);
        }
        entry
    }

    /// The chance now.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// By life: the chance after its end.
    pub fn after_lives(&self) -> &[f64] {
        &self.after_lives
    }

    /// The chance after another event.
    pub fn after(&mut self, state: &State, event: Event) -> f64 {
        let mut value = self.value;
        for (shard, entry) in self.now.iter().enumerate() {
            let entry = &mut self.entries[*entry];
            let known = entry.after.iter().find(|(other, _)| *other == event);
            let after = match known {
                Some((_, after)) => *after,
                None => {
                    let shard = ShardId(shard as u16);
                    let after = self.guide.after(state, shard, event).unwrap_or(entry.value);
                    entry.after.push((event, after));
                    after
                }
            };
            value += after - entry.value;
        }
        value.max(0.0)
    }
}
