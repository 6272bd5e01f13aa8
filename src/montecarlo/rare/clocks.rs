//! [`Clocks`]: the lives of a trial, taken out of its hands so that somebody else decides when
//! they end.
//!
//! A trial that draws a life puts its end into the queue. Here the end is put off to beyond every
//! horizon, and what counts is the age: a life that has lasted so long ends at the hazard rate of
//! its law. A life that a rule stops and lets go on keeps its age, since what is left of it is kept
//! by the model. Laws with atoms (fixed lengths, samples) have no hazard: these lives end when they
//! were drawn to end.

use crate::engine::law::Law;
use crate::engine::time::SimTime;
use crate::model::lives::LifeOf;
use crate::model::plan::{Plan, ShardId};
use crate::montecarlo::rare::reach::Reach;
use crate::montecarlo::trial::Trial;

/// An instant beyond every horizon of a study: half of what fits, some 292 years.
pub const LATER: SimTime = SimTime::from_nanos(u64::MAX / 2);

/// Lives with a hazard rate, in the order of [`LifeOf::all`], and which of them were taken over:
/// those have a place each, in the same order.
#[derive(Clone, Debug)]
pub struct Clocks<'p> {
    clocks: Vec<Clock<'p>>,
    /// By shard: the lives whose end concerns it.
    of_shards: Vec<Vec<usize>>,
    /// By place: the life.
    taken: Vec<usize>,
    /// By life: its place, if it was taken over.
    places: Vec<Option<u32>>,
    /// By place: the rate per nanosecond of a life without memory that runs, zero for others.
    rates: Vec<f64>,
    /// Places of lives with a memory.
    ageing: Vec<usize>,
}

/// One of them.
#[derive(Clone, Debug)]
struct Clock<'p> {
    of: LifeOf,
    law: &'p Law,
    /// The rate per nanosecond of a law without memory.
    rate: Option<f64>,
    runs: Runs,
    /// Lives drawn when it was looked at last.
    drawn: u32,
    /// The age in nanoseconds of a life that was stopped when it was taken over, until it goes on.
    paused: Option<u64>,
    /// Age plus what seems to be left, in nanoseconds: both change alike as time passes.
    span: u64,
}

/// Whether a life is being lived.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Runs {
    Yes,
    No,
}

impl<'p> Clocks<'p> {
    /// The lives of a plan that have a hazard rate.
    pub fn new(plan: &'p Plan, reach: &Reach) -> Self {
        let all = LifeOf::all(plan).into_iter().map(|of| (of, of.law(plan)));
        let clock = |(of, law): (LifeOf, &'p Law)| {
            let at_once = law.hazard(1.0)?;
            let rate = matches!(law, Law::Exponential { .. }).then_some(at_once);
            Some(Clock { of, law, rate, runs: Runs::No, drawn: 0, paused: None, span: 0 })
        };
        let clocks: Vec<Clock<'p>> = all.filter_map(clock).collect();
        let mut of_shards = vec![Vec::new(); plan.shards.len()];
        for (life, clock) in clocks.iter().enumerate() {
            for shard in reach.of_life(clock.of) {
                of_shards[shard.idx()].push(life);
            }
        }
        Clocks {
            of_shards,
            taken: Vec::new(),
            places: vec![None; clocks.len()],
            rates: Vec::new(),
            ageing: Vec::new(),
            clocks,
        }
    }

    /// How many lives there are.
    pub fn n_lives(&self) -> usize {
        self.clocks.len()
    }

    /// Whose a life is.
    pub fn of(&self, life: usize) -> LifeOf {
        self.clocks[life].of
    }

    /// The lives whose end concerns a shard.
    pub fn of_shard(&self, shard: ShardId) -> &[usize] {
        &self.of_shards[shard.idx()]
    }

    /// How many lives were taken over.
    pub fn n_taken(&self) -> usize {
        self.taken.len()
    }

    /// The life at a place.
    pub fn at(&self, place: usize) -> usize {
        self.taken[place]
    }

    /// The place of a life, if it was taken over.
    pub fn place(&self, life: usize) -> Option<usize> {
        self.places[life].map(|place| place as usize)
    }

    /// By life, whether taken over or not: the hazard rate per nanosecond in a trial that draws its
    /// lives itself; zero for those that do not run.
    pub fn rates_in(&self, trial: &Trial<'p>, rates: &mut Vec<f64>) {
        rates.clear();
        let rate = |clock: &Clock<'_>| match (runs(clock.of, trial), clock.rate) {
            (Runs::No, _) => 0.0,
            (Runs::Yes, Some(rate)) => rate,
            (Runs::Yes, None) => {
                let age = age_in(trial, clock.of) as f64;
                clock.law.hazard(age.max(1.0)).expect("its law has a hazard")
            }
        };
        rates.extend(self.clocks.iter().map(rate));
    }

    /// Takes the lives that concern some shards over from a trial, at the age that they have, and
    /// no others.
    pub fn take_over(&mut self, trial: &mut Trial<'p>, shards: &[ShardId]) {
        for life in self.taken.drain(..) {
            self.places[life] = None;
        }
        let concerned = shards.iter().flat_map(|shard| &self.of_shards[shard.idx()]);
        self.taken.extend(concerned);
        self.taken.sort_unstable();
        self.taken.dedup();
        self.rates.clear();
        self.ageing.clear();
        for (place, &life) in self.taken.iter().enumerate() {
            self.places[life] = Some(place as u32);
            let clock = &mut self.clocks[life];
            clock.drawn = clock.of.drawn(trial.plan(), trial.state());
            clock.runs = runs(clock.of, trial);
            self.rates.push(clock.running_rate());
            if clock.rate.is_none() {
                self.ageing.push(place);
            }
            clock.paused = age_if_paused(trial, clock.of);
            let Runs::Yes = clock.runs else { continue };
            let age = match clock.rate {
                Some(_) => 0,
                None => age_in(trial, clock.of),
            };
            clock.put_off(age, trial);
        }
    }

    /// Notices what an event has begun, stopped or drawn anew among the lives that concern the
    /// shards in its reach.
    pub fn notice(&mut self, trial: &mut Trial<'p>, changed: &[ShardId]) {
        for shard in changed {
            for &life in &self.of_shards[shard.idx()] {
                let Some(place) = self.places[life] else { continue };
                let clock = &mut self.clocks[life];
                clock.notice(trial);
                self.rates[place as usize] = clock.running_rate();
            }
        }
        debug_assert!(
            self.taken.iter().map(|life| &self.clocks[*life]).all(|clock| {
                clock.runs == runs(clock.of, trial)
                    && clock.drawn == clock.of.drawn(trial.plan(), trial.state())
            }),
            "an event changes no life beyond its reach"
        );
    }

    /// By place: the cumulative hazard from now to `window` nanoseconds later, zero for those that
    /// do not run; gives the sum.
    pub fn hazards(&self, trial: &Trial<'p>, window: f64, hazards: &mut Vec<f64>) -> f64 {
        hazards.clear();
        hazards.extend(self.rates.iter().map(|rate| rate * window));
        for &place in &self.ageing {
            let clock = &self.clocks[self.taken[place]];
            if clock.runs == Runs::Yes {
                let age = clock.age(trial);
                let law = clock.law;
                hazards[place] = law.cumulative_hazard(age + window) - law.cumulative_hazard(age);
            }
        }
        hazards.iter().sum()
    }

    /// After how many nanoseconds the life at a place has spent so much of its hazard.
    pub fn time_for(&self, place: usize, (trial, hazard): (&Trial<'p>, f64)) -> f64 {
        let clock = &self.clocks[self.taken[place]];
        match clock.rate {
            Some(rate) => hazard / rate,
            None => {
                let age = clock.age(trial);
                clock.law.inverse_hazard(clock.law.cumulative_hazard(age) + hazard) - age
            }
        }
    }
}

impl Clock<'_> {
    fn notice(&mut self, trial: &mut Trial<'_>) {
        self.runs = runs(self.of, trial);
        let drawn = self.of.drawn(trial.plan(), trial.state());
        if drawn != self.drawn {
            (self.drawn, self.paused) = (drawn, None);
            if self.runs == Runs::Yes {
                self.put_off(0, trial);
            }
        } else if self.runs == Runs::Yes
            && let Some(age) = self.paused.take()
        {
            self.put_off(age, trial);
        }
    }

    fn running_rate(&self) -> f64 {
        match (self.runs, self.rate) {
            (Runs::Yes, Some(rate)) => rate,
            (Runs::Yes, None) | (Runs::No, _) => 0.0,
        }
    }

    fn put_off(&mut self, age: u64, trial: &mut Trial<'_>) {
        trial.end_life_at(self.of, LATER);
        self.span = LATER.since(trial.now()).as_nanos() + age;
    }

    /// In nanoseconds.
    fn age(&self, trial: &Trial<'_>) -> f64 {
        let ends = trial.life_ends(self.of).unwrap_or(LATER);
        self.span.saturating_sub(ends.since(trial.now()).as_nanos()) as f64
    }
}

fn runs(of: LifeOf, trial: &Trial<'_>) -> Runs {
    match of.runs(trial.plan(), trial.state()) {
        true => Runs::Yes,
        false => Runs::No,
    }
}

/// How long a life has lasted that is stopped for now, if it is, in nanoseconds.
fn age_if_paused(trial: &Trial<'_>, of: LifeOf) -> Option<u64> {
    let left = of.paused(trial.plan(), trial.state())?;
    let length = of.length(trial.plan(), trial.state(), trial.key());
    Some(length.as_nanos().saturating_sub(left.as_nanos()))
}

/// How long a life has lasted that the trial drew itself, in nanoseconds. One that never ends has
/// begun with the trial, as far as can be told.
pub fn age_in(trial: &Trial<'_>, of: LifeOf) -> u64 {
    match trial.life_ends(of) {
        Some(ends) => {
            let length = of.length(trial.plan(), trial.state(), trial.key());
            length.as_nanos().saturating_sub(ends.since(trial.now()).as_nanos())
        }
        None => trial.now().as_nanos(),
    }
}
