//! [`Wellness`]: which shards of a trial are well, kept up to date event by event.

use crate::exact::guide::Guide;
use crate::model::plan::ShardId;
use crate::model::state::State;

/// How a shard is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Is {
    /// Nothing of it is down, under way or incomplete.
    Well,
    /// Something is.
    Unwell,
}

/// Which shards are well.
#[derive(Clone, Debug, Default)]
pub struct Wellness {
    /// By shard.
    shards: Vec<Is>,
    n_well: usize,
}

impl Wellness {
    /// Looks at all shards.
    pub fn look(&mut self, guide: &Guide, state: &State) {
        let shards = (0..guide.n_shards() as u16).map(ShardId);
        self.shards.clear();
        self.shards.extend(shards.map(|shard| now(guide, state, shard)));
        self.n_well = self.shards.iter().filter(|is| **is == Is::Well).count();
    }

    /// Looks at those that an event may have changed; gives each that is no longer well to `left`.
    pub fn notice(
        &mut self,
        changed: &[ShardId],
        (guide, state): (&Guide, &State),
        mut left: impl FnMut(ShardId),
    ) {
        for &shard in changed {
            let was = self.shards[shard.idx()];
            let is = now(guide, state, shard);
            self.shards[shard.idx()] = is;
            match (was, is) {
                (Is::Well, Is::Unwell) => {
                    self.n_well -= 1;
                    left(shard);
                }
                (Is::Unwell, Is::Well) => self.n_well += 1,
                (Is::Well, Is::Well) | (Is::Unwell, Is::Unwell) => {}
            }
        }
        debug_assert!(
            (0..self.shards.len()).all(|n| self.shards[n] == now(guide, state, ShardId(n as u16))),
            "an event changes nobody beyond its reach"
        );
    }

    /// How a shard is.
    pub fn of(&self, shard: ShardId) -> Is {
        self.shards[shard.idx()]
    }

    /// Whether any shard is well.
    pub fn is_any_well(&self) -> bool {
        self.n_well > 0
    }
}

fn now(guide: &Guide, state: &State, shard: ShardId) -> Is {
    match guide.is_well(state, shard) {
        true => Is::Well,
        false => Is::Unwell,
    }
}
