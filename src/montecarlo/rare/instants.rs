//! [`Instants`]: where a replication leaves its trial, and how much time each place stands for.
//!
//! Evenly spread instants suit lives that end as readily at any age. A life that is likeliest to
//! end when it is young (a Weibull law with a shape below 1) has a hazard rate without bound at age
//! zero: weighed at even instants it would have a huge variance, none at all from shape 1/2
//! downwards, and where it is finite the few very young lives that are met would carry too much for
//! any interval. So instants then come at a pace that is even by half and by half goes with the
//! hazard rate of the young lives that run at the time, and each stands for one over that pace (the
//! balance heuristic; Veach and Guibas, "Optimally combining sampling techniques for Monte Carlo
//! rendering", SIGGRAPH 1995): no weight is larger than a constant. The pace may depend on the
//! history so far, as the intensity of a point process may.

use crate::engine::law::uniform;
use crate::engine::rng::{self, Address, TrialKey};
use crate::engine::time::{SimTime, Span};
use crate::model::lives::LifeOf;
use crate::model::plan::Plan;
use crate::montecarlo::rare::clocks;
use crate::montecarlo::trial::Trial;

/// Address of the instants: an entity and purpose that no model uses.
const INSTANTS: Address = Address { entity: u64::MAX - 2, purpose: u8::MAX, line: 0, n: 0 };

/// The age at which the growth of a hazard is taken, in nanoseconds: young for any life.
const YOUNG: f64 = 1e9;

/// A cumulative hazard that grows with a power of age below this is one of a life that ends young.
const ENDS_YOUNG: f64 = 0.999;

/// One instant.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Instant {
    /// Its number, whatever its place.
    pub number: u32,
    /// When.
    pub at: SimTime,
    /// The time that it stands for, in nanoseconds.
    pub stands_for: f64,
}

/// Finds the instants of one trial after the other.
#[derive(Clone, Debug)]
pub struct Instants {
    key: TrialKey,
    /// Nanoseconds.
    horizon: f64,
    /// Instants wanted per trial.
    n: u32,
    /// Lives that end young.
    young: Vec<LifeOf>,
    /// What those spend of their hazard in a trial, on average, as far as it is known.
    spent: f64,
    /// The instant that comes next.
    number: u32,
    /// How much of the pace is left until then, where it is not even.
    left: f64,
    /// Up to where the pace has been counted.
    counted: SimTime,
}

impl Instants {
    /// As suits the lives of a plan: `n` of them in each trial, on average.
    pub fn of(plan: &Plan, n: u32, key: TrialKey) -> Self {
        let horizon = plan.horizon.since(SimTime::START).as_nanos() as f64;
        let ends_young = |life: &LifeOf| {
            let law = life.law(plan);
            let [young, twice] = [YOUNG, 2.0 * YOUNG].map(|age| law.cumulative_hazard(age));
            law.hazard(1.0).is_some() && young > 0.0 && (twice / young).log2() < ENDS_YOUNG
        };
        let young: Vec<LifeOf> = LifeOf::all(plan).into_iter().filter(ends_young).collect();
        let spent = |life: &LifeOf| {
            let law = life.law(plan);
            law.cumulative_hazard(horizon).max(horizon / law.mean())
        };
        let spent = young.iter().map(spent).sum();
        let (number, left, counted) = (0, 0.0, SimTime::START);
        Instants { key, horizon, n, young, spent, number, left, counted }
    }

    /// Goes on with a trial that is at its start.
    pub fn begin(&mut self, key: TrialKey) {
        (self.key, self.number, self.counted) = (key, 0, SimTime::START);
        self.left = self.place(0);
    }

    /// The next instant, if it comes before `due`, up to which nothing happens in the trial.
    pub fn next_before(&mut self, due: SimTime, trial: &Trial<'_>) -> Option<Instant> {
        match self.young.is_empty() {
            true => self.next_even(due),
            false => self.next_paced(due, trial),
        }
    }

    /// One in each of `n` equal parts of the horizon.
    fn next_even(&mut self, due: SimTime) -> Option<Instant> {
        let n = f64::from(self.n);
        let share = (f64::from(self.number) + self.place(self.number)) / n;
        let at = SimTime::START + Span::from_nanos_f64(share * self.horizon);
        let comes = self.number < self.n && at < due;
        comes.then(|| {
            self.number += 1;
            Instant { number: self.number - 1, at, stands_for: self.horizon / n }
        })
    }

    /// One in each unit of the pace.
    fn next_paced(&mut self, due: SimTime, trial: &Trial<'_>) -> Option<Instant> {
        let from = self.counted.max(trial.now());
        let ages = self.ages(trial, from);
        let most = due.since(from).as_nanos();
        let passed = |nanos: u64| self.passed(&ages, nanos as f64, trial);
        let all = passed(most);
        if all <= self.left {
            self.left -= all;
            self.counted = due;
            return None;
        }
        // The last nanosecond before it is passed.
        let (mut early, mut late) = (0, most);
        while late - early > 1 {
            let middle = early + (late - early) / 2;
            match passed(middle) <= self.left {
                true => early = middle,
                false => late = middle,
            }
        }
        let at = from + Span::from_nanos(early);
        let [even, per_hazard] = self.shares();
        let rate = |(life, age): &(LifeOf, f64)| {
            let law = life.law(trial.plan());
            law.hazard((age + early as f64).max(1.0)).expect("its law has a hazard")
        };
        let pace = even + per_hazard * ages.iter().map(rate).sum::<f64>();
        let rest = self.left - passed(early);
        let number = self.number;
        self.number += 1;
        // What is left of this unit, and the place in the next one.
        self.left = rest + (1.0 - self.place(number)) + self.place(self.number);
        self.counted = at;
        Some(Instant { number, at, stands_for: 1.0 / pace })
    }

    /// Instants per nanosecond, and per hazard that is spent.
    fn shares(&self) -> [f64; 2] {
        let half = 0.5 * f64::from(self.n);
        [half / self.horizon, half / self.spent]
    }

    /// What passes of the pace in so many nanoseconds.
    fn passed(&self, ages: &[(LifeOf, f64)], nanos: f64, trial: &Trial<'_>) -> f64 {
        let [even, per_hazard] = self.shares();
        let spent = |(life, age): &(LifeOf, f64)| {
            let law = life.law(trial.plan());
            law.cumulative_hazard(age + nanos) - law.cumulative_hazard(*age)
        };
        even * nanos + per_hazard * ages.iter().map(spent).sum::<f64>()
    }

    /// The young lives that run, with their ages in nanoseconds at `from`.
    fn ages(&self, trial: &Trial<'_>, from: SimTime) -> Vec<(LifeOf, f64)> {
        let waited = from.since(trial.now()).as_nanos() as f64;
        let runs = |life: &&LifeOf| life.runs(trial.plan(), trial.state());
        let age = |life: &LifeOf| (*life, clocks::age_in(trial, *life) as f64 + waited);
        self.young.iter().filter(runs).map(age).collect()
    }

    /// Where in its part or unit an instant lies.
    fn place(&self, number: u32) -> f64 {
        uniform(rng::draw(self.key, Address { n: number, ..INSTANTS }))
    }
}
