//! [`Losses`]: what a study of rare dataset losses came to, and of which policies its estimates
//! stand in the place of what the trials of a batch say.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::engine::time::SimTime;
use crate::model::plan::Plan;
use crate::montecarlo::batch::Next;
use crate::montecarlo::rare::clocks::LATER;
use crate::montecarlo::rare::estimate::{Doubt, Tally};
use crate::montecarlo::rare::study::{Found, Preparing, Study, Wish};
use crate::stats::level::{Estimate, Level};
use crate::stats::stopping::{is_reached, next_look};

/// What a study of rare losses came to, beside the trials of a batch.
#[derive(Clone, PartialEq, Debug)]
pub struct Losses {
    /// By policy.
    pub found: Vec<Found>,
    /// By policy: whose estimate stands.
    pub stands: Vec<Stands>,
    /// Replications that were asked for, at most.
    pub asked: u64,
    /// Half-width over value that was asked for.
    pub share: f64,
    /// Why there are no more replications.
    pub ended: StudyEnded,
}

/// Whose estimate of the probability of a dataset loss stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stands {
    /// That of the study.
    Study,
    /// That of the trials.
    Trials(WhyTrials),
}

/// Why the estimate of the trials stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyTrials {
    /// They reach the precision that is asked for.
    Precise,
    /// The study saw no loss.
    Unseen,
    /// Nobody could stand behind an interval of the study.
    Doubt(Doubt),
}

/// Why a study ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StudyEnded {
    /// All that it was for is precise enough.
    Precise,
    /// All replications are done, or more of them would find nothing, and something is not.
    Imprecise,
    /// Somebody interrupted it.
    Interrupted,
}

/// What the trials know of a policy before a study.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Known {
    /// Its probability, as precisely as is asked.
    Precisely,
    /// Less than that, or nobody wants to know it from them.
    Otherwise,
}

/// Why a plan's probability of a dataset loss is none that a study estimates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Obstacle {
    /// Losses in the warm-up are not counted by trials, and are by a study.
    WarmUp,
    /// Of a migration two histories count, of which a study knows nothing.
    Migration,
    /// The end of a life cannot be put off beyond such a horizon.
    Horizon,
}

/// Replications, or events, after which a policy without any loss is given up: the latter are some
/// seconds' work of one thread.
const HOPELESS: (u64, u64) = (20_000, 50_000_000);

/// Events after which a policy is given up that has no interval yet: some minutes' work of one
/// thread, in which a large fleet has few replications.
const MOST_EVENTS: u64 = 1_000_000_000;

/// Whether more replications of a policy are of no use.
pub fn is_hopeless(tally: &Tally) -> bool {
    let (replications, events) = HOPELESS;
    let is_long = tally.values.n() >= replications || tally.n_events() >= events;
    let is_unseen = tally.hits == 0 && is_long;
    let is_doubtful = || tally.doubt().is_some() && tally.n_events() >= MOST_EVENTS;
    is_unseen || is_doubtful()
}

/// Why a study does not estimate what trials count; nothing if it does.
pub fn obstacle(plan: &Plan) -> Option<Obstacle> {
    if plan.migration.is_some() {
        Some(Obstacle::Migration)
    } else if plan.warm_up > SimTime::START {
        Some(Obstacle::WarmUp)
    } else if plan.horizon >= LATER {
        Some(Obstacle::Horizon)
    } else {
        None
    }
}

/// How far a study is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Stage<'a> {
    /// It has not begun.
    Preparing(Preparing),
    /// What there is by policy.
    Running(&'a [Found]),
}

/// Runs a study of policies, of which `reference` is the position of the one that the others are
/// compared with, until all are precise enough of which the trials do not know enough, or as long
/// as the wish allows. `listener` hears how far it is now and then; `stop` ends it soon.
pub fn study(
    (plans, reference): (&[&Plan], usize),
    (wish, share): (Wish, f64),
    known: &[Known],
    mut listener: impl FnMut(Stage<'_>),
    stop: &AtomicBool,
) -> Losses {
    let level = wish.level;
    let wish = Wish { share: Some(share), ..wish };
    let prepare = |preparing| listener(Stage::Preparing(preparing));
    let prepared = Study::prepare((plans, reference), wish, prepare, stop);
    let mut look = next_look(0);
    let hear = |found: &[Found]| {
        listener(Stage::Running(found));
        // Only where a study looks itself: other places depend on the number of threads.
        if replications(found) >= look {
            while look <= replications(found) {
                look = next_look(look);
            }
            let mut pairs = found.iter().zip(known);
            if pairs.all(|pair| is_settled(pair, (share, level))) {
                return Next::Enough;
            }
        }
        Next::GoOn
    };
    let found = match prepared {
        Some(study) => study.run_while(hear, stop),
        None => vec![Found::nothing(); plans.len()],
    };
    let is_precise = |(found, known): (&Found, &Known)| match known {
        Known::Precisely => true,
        Known::Otherwise => is_known(found, (share, level)),
    };
    let pairs = || found.iter().zip(known);
    let is_settled = pairs().all(|pair| is_settled(pair, (share, level)));
    let is_cut_short = stop.load(Ordering::Relaxed) && replications(&found) < wish.most;
    let ended = match pairs().all(is_precise) {
        true => StudyEnded::Precise,
        false if is_cut_short && !is_settled => StudyEnded::Interrupted,
        false => StudyEnded::Imprecise,
    };
    let stands = pairs().map(stands).collect();
    Losses { found, stands, asked: wish.most, share, ended }
}

fn replications(found: &[Found]) -> u64 {
    found.first().map_or(0, |found| found.tally.values.n())
}

fn is_known(found: &Found, (share, level): (f64, Level)) -> bool {
    is_reached(&found.tally.estimate(level), share, found.tally.hits)
}

/// Whether more replications are of no use to a policy.
fn is_settled((found, known): (&Found, &Known), wanted: (f64, Level)) -> bool {
    *known == Known::Precisely || is_hopeless(&found.tally) || is_known(found, wanted)
}

fn stands((found, known): (&Found, &Known)) -> Stands {
    match (known, found.tally.hits, found.tally.doubt()) {
        (Known::Precisely, ..) => Stands::Trials(WhyTrials::Precise),
        (Known::Otherwise, 0, _) => Stands::Trials(WhyTrials::Unseen),
        (Known::Otherwise, _, Some(doubt)) => Stands::Trials(WhyTrials::Doubt(doubt)),
        (Known::Otherwise, _, None) => Stands::Study,
    }
}

impl Losses {
    /// Replications that were run.
    pub fn replications(&self) -> u64 {
        replications(&self.found)
    }

    /// What was found of the policy at `position`, where that stands.
    pub fn standing(&self, position: usize) -> Option<&Found> {
        match self.stands[position] {
            Stands::Study => Some(&self.found[position]),
            Stands::Trials(_) => None,
        }
    }

    /// Half-width over value of the policy at `position` so far; nothing without an interval.
    pub fn reached(&self, position: usize, level: Level) -> Option<f64> {
        let estimate = self.found[position].tally.estimate(level);
        Some(estimate.half_width()? / estimate.value)
    }

    /// The probability of the policy at `position` over that of the one at `reference`; nothing
    /// where the trials stand for both, or the study knows too little of either.
    pub fn ratio(&self, position: usize, reference: usize, level: Level) -> Option<Estimate> {
        self.pair(position, reference)?.ratio.estimate(level)
    }

    /// The same for the difference of the two.
    pub fn difference(&self, position: usize, reference: usize, level: Level) -> Option<Estimate> {
        self.pair(position, reference)?.ratio.difference(level)
    }

    /// How much larger the variance of that ratio would be, had each policy replications of its own.
    pub fn pairing_gain(&self, position: usize, reference: usize) -> Option<f64> {
        self.pair(position, reference)?.ratio.gain()
    }

    fn pair(&self, position: usize, reference: usize) -> Option<&Found> {
        let both = [position, reference];
        let stands = both.iter().any(|n| self.stands[*n] == Stands::Study);
        let is_sound = both.iter().all(|n| self.found[*n].tally.doubt().is_none());
        (position != reference && stands && is_sound).then(|| &self.found[position])
    }
}
