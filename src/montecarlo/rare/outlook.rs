//! [`Outlook`]: what the guide says of the shards that are at stake, looked up quickly.
//!
//! What a guide knows is a function of what it sees, so it is asked once for every sight and shard
//! and remembered; who remembers what changes no number.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::exact::guide::Guide;
use crate::model::Event;
use crate::model::plan::ShardId;
use crate::model::state::State;
use crate::montecarlo::rare::clocks::Clocks;
use crate::montecarlo::rare::wellness::{Is, Wellness};

/// The chance that a shard at stake loses its dataset before it is well again: now, and after what
/// may happen next. The chances of several shards are added up to one: of what takes many shards at
/// once that is too much, and would be far too much without a limit.
#[derive(Clone, Debug)]
pub struct Outlook<'g> {
    guide: &'g Guide,
    /// By shard: the entry of each sight.
    known: Vec<HashMap<u128, usize, BuildHasherDefault<Folded>>>,
    entries: Vec<Entry>,
    /// The shards at stake, in order.
    at_stake: Vec<ShardId>,
    /// By shard: what it looks like now, if it is at stake.
    now: Vec<Option<usize>>,
    /// Whether what follows is of now.
    looked: Looked,
    sum: f64,
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

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Looked {
    Yes,
    NotYet,
}

impl<'g> Outlook<'g> {
    /// For what a guide knows.
    pub fn new(guide: &'g Guide) -> Self {
        let n_shards = guide.n_shards();
        Outlook {
            guide,
            known: vec![HashMap::default(); n_shards],
            entries: Vec::new(),
            at_stake: Vec::new(),
            now: vec![None; n_shards],
            looked: Looked::NotYet,
            sum: 0.0,
            after_lives: Vec::new(),
        }
    }

    /// By life: the chance after its end, for all shards together that are well.
    pub fn departures(
        &mut self,
        (state, wellness): (&State, &Wellness),
        clocks: &Clocks<'_>,
        after: &mut Vec<f64>,
    ) {
        after.clear();
        after.resize(clocks.n_lives(), 0.0);
        let shards = (0..self.known.len() as u16).map(ShardId);
        for shard in shards.filter(|shard| wellness.of(*shard) == Is::Well) {
            let entry = self.entry((state, shard), clocks);
            let entry = &self.entries[entry];
            for (life, chance) in clocks.of_shard(shard).iter().zip(&entry.after_lives) {
                after[*life] += chance - entry.value;
            }
        }
        for chance in after {
            *chance = chance.clamp(0.0, 1.0);
        }
    }

    /// From now on these shards are at stake.
    pub fn stake(&mut self, shards: &[ShardId], state: &State, clocks: &Clocks<'_>) {
        for shard in self.at_stake.drain(..) {
            self.now[shard.idx()] = None;
        }
        self.at_stake.extend(shards);
        for &shard in shards {
            self.now[shard.idx()] = Some(self.entry((state, shard), clocks));
        }
        self.looked = Looked::NotYet;
    }

    /// The shards that are at stake.
    pub fn at_stake(&self) -> &[ShardId] {
        &self.at_stake
    }

    /// Looks again at those that may have changed; one that is well is no longer at stake.
    pub fn notice(&mut self, changed: &[ShardId], state: &State, clocks: &Clocks<'_>) {
        for &shard in changed {
            let Some(was) = self.now[shard.idx()] else { continue };
            if self.guide.is_well(state, shard) {
                self.now[shard.idx()] = None;
                self.at_stake.retain(|other| *other != shard);
                self.looked = Looked::NotYet;
                continue;
            }
            let is = self.entry((state, shard), clocks);
            if is != was {
                self.now[shard.idx()] = Some(is);
                self.looked = Looked::NotYet;
            }
        }
        debug_assert!(
            self.at_stake.iter().all(|shard| !self.guide.is_well(state, *shard)),
            "an event changes no shard beyond its reach"
        );
    }

    /// Adds the chances up.
    pub fn look(&mut self, clocks: &Clocks<'_>) {
        if self.looked == Looked::Yes {
            return;
        }
        self.looked = Looked::Yes;
        let entry = |shard: &ShardId| self.now[shard.idx()].map(|entry| &self.entries[entry]);
        let entries = || self.at_stake.iter().filter_map(|shard| Some((*shard, entry(shard)?)));
        self.sum = entries().map(|(_, entry)| entry.value).sum();
        self.after_lives.clear();
        self.after_lives.resize(clocks.n_taken(), self.sum);
        for (shard, entry) in entries() {
            for (life, after) in clocks.of_shard(shard).iter().zip(&entry.after_lives) {
                if let Some(place) = clocks.place(*life) {
                    self.after_lives[place] += after - entry.value;
                }
            }
        }
        for chance in &mut self.after_lives {
            *chance = chance.clamp(0.0, 1.0);
        }
    }

    fn entry(&mut self, (state, shard): (&State, ShardId), clocks: &Clocks<'_>) -> usize {
        let sight = self.guide.sight(state, shard);
        let known = &self.known[shard.idx()];
        if let Some(known) = sight.and_then(|sight| known.get(&sight)) {
            return *known;
        }
        let value = self.guide.value(state, shard);
        let after =
            |life: &usize| self.guide.after(state, shard, clocks.of(*life).end()).unwrap_or(value);
        let after_lives = clocks.of_shard(shard).iter().map(after).collect();
        self.entries.push(Entry { value, after_lives, after: Vec::new() });
        let entry = self.entries.len() - 1;
        if let Some(sight) = sight {
            self.known[shard.idx()].insert(sight, entry);
        }
        entry
    }

    /// The chance now.
    pub fn value(&self) -> f64 {
        self.sum.min(1.0)
    }

    /// By place of a life: the chance after its end.
    pub fn after_lives(&self) -> &[f64] {
        &self.after_lives
    }

    /// The chance after another event, which reaches some shards.
    pub fn after(&mut self, state: &State, (event, reached): (Event, &[ShardId])) -> f64 {
        let mut sum = self.sum;
        for &shard in reached {
            let Some(entry) = self.now[shard.idx()] else { continue };
            let entry = &mut self.entries[entry];
            let known = entry.after.iter().find(|(other, _)| *other == event);
            let after = match known {
                Some((_, after)) => *after,
                None => {
                    let after = self.guide.after(state, shard, event).unwrap_or(entry.value);
                    entry.after.push((event, after));
                    after
                }
            };
            sum += after - entry.value;
        }
        sum.clamp(0.0, 1.0)
    }
}

/// Hashes one number of 128 bits by a multiplication, whose halves are put together: sights come
/// from ourselves, and nobody looks at the order of a table.
#[derive(Clone, Copy, Debug, Default)]
struct Folded(u64);

/// The fraction of the golden ratio in 64 bits: odd, and without a pattern.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u128(u128::from(*byte));
        }
    }

    fn write_u128(&mut self, number: u128) {
        let (high, low) = ((number >> 64) as u64, number as u64);
        let word = self.0 ^ low ^ high.wrapping_mul(GOLDEN).rotate_left(32);
        let product = u128::from(word ^ GOLDEN) * u128::from(GOLDEN);
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
