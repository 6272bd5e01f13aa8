//! [`Study`]: replications of one or several policies, until the probabilities of a dataset loss
//! are known well enough.
//!
//! As in a batch, one replication number runs all policies, on the same trials, so that the ratio
//! of two probabilities is one of pairs. Blocks of replications are merged in their order.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::exact::guide::Guide;
use crate::model::fact::Observer;
use crate::model::plan::Plan;
use crate::montecarlo::batch::{Next, blocks_in_order};
use crate::montecarlo::rare::estimate::Tally;
use crate::montecarlo::rare::excursion::Steering;
use crate::montecarlo::rare::replication::{Manner, Replicator, Told};
use crate::montecarlo::rare::ways::Example;
use crate::stats::level::Level;
use crate::stats::paired_ratio::PairedRatio;
use crate::stats::stopping::{is_reached, next_look};

/// Replications in a block. Part of the results: sums are made block by block.
pub const BLOCK: u64 = 100;

/// Blocks per worker that are handed out together.
const ROUND: u64 = 4;

/// Replications of a pilot.
const PILOT: u64 = 200;

/// Departures per replication, and events of branches for one of the trial.
const LEAST_DEPARTURES: f64 = 8.0;
const MOST_DEPARTURES: f64 = 128.0;
const PER_TRIAL: f64 = 4.0;

/// Below this many replications of equal weight in the pilot, steering is in doubt.
const FEW_EFFECTIVE: f64 = 20.0;

/// What is to be found out, and how long it may take.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Wish {
    /// One number per run.
    pub seed: u64,
    /// Half-width over value that is wanted of each probability; nothing if all replications are
    /// to be run.
    pub share: Option<f64>,
    /// Of the intervals.
    pub level: Level,
    /// Replications at most; at least one.
    pub most: u64,
    /// How the ends of lives are chosen; nothing to find out.
    pub steering: Option<Steering>,
    /// Workers; at least one.
    pub threads: usize,
}

/// What is known of a policy.
#[derive(Clone, PartialEq, Debug)]
pub struct Found {
    /// How excursions were made.
    pub manner: Manner,
    /// What replications came to.
    pub tally: Tally,
    /// This probability over that of the reference; empty for the reference itself.
    pub ratio: PairedRatio,
    /// States of the chains of the guide.
    pub guide_states: usize,
}

impl Found {
    /// Before anything is known, not even how excursions are to be made.
    pub fn nothing() -> Found {
        Found {
            manner: Manner { steering: Steering::Guide, departures: 1 },
            tally: Tally::default(),
            ratio: PairedRatio::default(),
            guide_states: 0,
        }
    }
}

/// Why a loss cannot be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Untold {
    /// Excursions are split, and the parts of one that were not lost are no longer there.
    IsSplit,
    /// The replication has no such branch.
    NoBranch,
    /// The branch comes to no loss.
    NoLoss,
}

/// Policies with their guides and how each is to be run.
#[derive(Debug)]
pub struct Study<'p> {
    seats: Vec<(&'p Plan, Guide, Manner)>,
    reference: usize,
    wish: Wish,
}

/// What is done before the first replication, of the policy at a position.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Preparing {
    /// Its guide is built.
    Guide(usize),
    /// Some replications say how it is to be run.
    Pilot(usize),
}

impl<'p> Study<'p> {
    /// Builds the guides of the policies and finds out how to run them; `reference` is the
    /// position of the one that the others are compared with.
    pub fn new(plans: &[&'p Plan], reference: usize, wish: Wish) -> Self {
        let never = AtomicBool::new(false);
        Study::prepare((plans, reference), wish, |_| (), &never).expect("nobody stops it")
    }

    /// The same; `listener` hears what is being done, and if `stop` is set before it is done there
    /// is no study.
    pub fn prepare(
        (plans, reference): (&[&'p Plan], usize),
        wish: Wish,
        mut listener: impl FnMut(Preparing),
        stop: &AtomicBool,
    ) -> Option<Self> {
        let mut seats = Vec::with_capacity(plans.len());
        for (place, plan) in plans.iter().enumerate() {
            listener(Preparing::Guide(place));
            let guide = Guide::unless_stopped(plan, stop)?;
            listener(Preparing::Pilot(place));
            let manner = pilot((plan, &guide), wish, stop)?;
            seats.push((*plan, guide, manner));
        }
        Some(Study { seats, reference, wish })
    }

    /// Runs replications until every probability is known as precisely as was wished, or there are
    /// enough of them. `listener` hears of what there is now and then; `stop` ends it soon, with
    /// whole blocks.
    pub fn run(&self, mut listener: impl FnMut(&[Found]), stop: &AtomicBool) -> Vec<Found> {
        let hear = |found: &[Found]| {
            listener(found);
            Next::GoOn
        };
        self.run_while(hear, stop)
    }

    /// The same; `listener` may find that there is enough.
    pub fn run_while(
        &self,
        mut listener: impl FnMut(&[Found]) -> Next,
        stop: &AtomicBool,
    ) -> Vec<Found> {
        let fresh = |(_, guide, manner): &(&Plan, Guide, Manner)| Found {
            manner: *manner,
            guide_states: guide.n_states(),
            ..Found::nothing()
        };
        let mut found: Vec<Found> = self.seats.iter().map(fresh).collect();
        let mut done = 0;
        let mut look = next_look(0);
        let end = self.wish.most.next_multiple_of(BLOCK);
        while done < end && !stop.load(Ordering::Relaxed) {
            let round = ROUND * self.wish.threads as u64 * BLOCK;
            let until = (done + round).min(look).min(end);
            let begin = || self.replicators();
            let work = |memory: &mut Vec<_>, block| self.block(memory, block, stop);
            let blocks = done / BLOCK..until / BLOCK;
            // Up to the first block that was broken off.
            let whole = blocks_in_order(blocks, self.wish.threads, (begin, work));
            for block in whole.into_iter().map_while(|block| block) {
                for (found, (tally, ratio)) in found.iter_mut().zip(&block) {
                    found.tally.merge(tally);
                    found.ratio.merge(ratio);
                }
            }
            done = until;
            if listener(&found) == Next::Enough {
                break;
            }
            if done == look {
                look = next_look(look);
                if self.is_enough(&found) {
                    break;
                }
            }
        }
        found
    }

    /// Tells `observer` how the loss came about that is the example of a way, from the start of the
    /// trial to the loss.
    pub fn replay<O: Observer>(
        &self,
        policy: usize,
        example: Example,
        observer: &mut O,
    ) -> Result<Told, Untold> {
        let (plan, guide, manner) = &self.seats[policy];
        if manner.steering == Steering::Split {
            return Err(Untold::IsSplit);
        }
        let mut replicator = Replicator::new((plan, guide), self.wish.seed, *manner);
        let told = replicator.replay(example, observer).ok_or(Untold::NoBranch)?;
        match told.ending.lost {
            Some(_) => Ok(told),
            None => Err(Untold::NoLoss),
        }
    }

    /// How each policy is run.
    pub fn manners(&self) -> impl Iterator<Item = Manner> {
        self.seats.iter().map(|(_, _, manner)| *manner)
    }

    fn replicators(&self) -> Vec<Replicator<'_, '_>> {
        let mut replicators = Vec::with_capacity(self.seats.len());
        for (plan, guide, manner) in &self.seats {
            replicators.push(Replicator::new((plan, guide), self.wish.seed, *manner));
        }
        replicators
    }

    /// Nothing if it is stopped within.
    fn block(
        &self,
        memory: &mut [Replicator<'_, '_>],
        block: u64,
        stop: &AtomicBool,
    ) -> Option<Vec<(Tally, PairedRatio)>> {
        let mut found = vec![(Tally::default(), PairedRatio::default()); memory.len()];
        let mut values = vec![0.0; memory.len()];
        for number in block * BLOCK..((block + 1) * BLOCK).min(self.wish.most) {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            for (place, replicator) in memory.iter_mut().enumerate() {
                values[place] = replicator.run(number, &mut found[place].0);
            }
            for place in (0..memory.len()).filter(|place| *place != self.reference) {
                found[place].1.add(values[place], values[self.reference]);
            }
        }
        Some(found)
    }

    fn is_enough(&self, found: &[Found]) -> bool {
        let is_known = |found: &Found, share: f64| {
            let tally = &found.tally;
            is_reached(&tally.estimate(self.wish.level), share, tally.hits)
        };
        self.wish.share.is_some_and(|share| found.iter().all(|found| is_known(found, share)))
    }
}

/// How a policy is run. It has so many departures per replication that most of the time goes into
/// branches: what a trial was like before makes little difference to them, so that they are worth
/// nearly as much as those of other replications. Nothing if it is stopped before.
fn pilot(of: (&Plan, &Guide), wish: Wish, stop: &AtomicBool) -> Option<Manner> {
    let steering = wish.steering.unwrap_or(Steering::Guide);
    let (tally, manner) = tried(of, (wish.seed, steering), stop)?;
    let is_doubtful = tally.hits == 0 || tally.effective() < FEW_EFFECTIVE;
    if wish.steering.is_some() || !is_doubtful {
        return Some(manner);
    }
    let (split, splitting) = tried(of, (wish.seed, Steering::Split), stop)?;
    Some(match split.effort() < tally.effort() {
        true => splitting,
        false => manner,
    })
}

fn tried(
    of: (&Plan, &Guide),
    (seed, steering): (u64, Steering),
    stop: &AtomicBool,
) -> Option<(Tally, Manner)> {
    let manner = Manner { steering, departures: 1 };
    let mut replicator = Replicator::new(of, seed, manner);
    let mut tally = Tally::default();
    for number in 0..PILOT {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        replicator.run(number, &mut tally);
    }
    let per_branch = tally.branch_events as f64 / tally.excursions.max(1) as f64;
    let per_trial = tally.main_events as f64 / PILOT as f64;
    let departures = PER_TRIAL * per_trial / per_branch.max(1.0);
    let departures = departures.clamp(LEAST_DEPARTURES, MOST_DEPARTURES) as u32;
    Some((tally, Manner { departures, ..manner }))
}
