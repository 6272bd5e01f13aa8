//! [`Instants`]: where a replication leaves its trial, and how much time each place stands for.
//!
//! Evenly spread instants suit lives that end as readily at any age. A life that is likeliest to
//! end when it is young (a Weibull law with a shape below 1) has a hazard rate without bound at age
//! zero: weighed at even instants it would have a huge variance, none at all from shape 1/2
//! downwards. And where several such lives begin together, as all do with the trial, they also end
//! together: what comes of a departure is the likelier to be a loss, by powers of the hazard rate.
//! The few instants that are met so early would carry too much for any interval.
//!
//! So instants then come at a pace of three equal parts: even; as the hazard rates of the young
//! lives that run; and as one over their ages, which is as many in any power of ten of an age, and
//! grows faster than any hazard rate. Each stands for one over the pace (the balance heuristic;
//! Veach and Guibas, "Optimally combining sampling techniques for Monte Carlo rendering", SIGGRAPH
//! 1995). The pace may depend on the history so far, as the intensity of a point process may.

use std::cmp::Ordering;

use crate::engine::law::uniform;
use crate::engine::rng::{self, Address, TrialKey};
use crate::engine::special::log_1p;
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
    /// The same of the logarithms of their ages.
    grown: f64,
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
        let grown = |life: &LifeOf| {
            let mean = life.law(plan).mean();
            (1.0 + horizon / mean) * grown(0.0, horizon.min(mean))
        };
        let (spent, grown) = (young.iter().map(spent).sum(), young.iter().map(grown).sum());
        let (number, left, counted) = (0, 0.0, SimTime::START);
        Instants { key, horizon, n, young, spent, grown, number, left, counted }
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
        let passed = |nanos: f64| self.passed(&ages, nanos, trial);
        let all = passed(most as f64);
        if all <= self.left {
            self.left -= all;
            self.counted = due;
            return None;
        }
        let early = crossing(most as f64, |nanos| passed(nanos) - self.left);
        let early = (early as u64).min(most.saturating_sub(1));
        let at = from + Span::from_nanos(early);
        let [even, per_hazard, per_growth] = self.shares();
        let rate = |(life, age): &(LifeOf, f64)| {
            let (law, age) = (life.law(trial.plan()), age + early as f64);
            let hazard = law.hazard(age.max(1.0)).expect("its law has a hazard");
            per_hazard * hazard + per_growth / (age + YOUNG)
        };
        let pace = even + ages.iter().map(rate).sum::<f64>();
        let rest = (self.left - passed(early as f64)).max(0.0);
        let number = self.number;
        self.number += 1;
        // What is left of this unit, and the place in the next one.
        self.left = rest + (1.0 - self.place(number)) + self.place(self.number);
        self.counted = at;
        Some(Instant { number, at, stands_for: 1.0 / pace })
    }

    /// Instants per nanosecond, per hazard that is spent, and per logarithm that an age grows by.
    fn shares(&self) -> [f64; 3] {
        let third = f64::from(self.n) / 3.0;
        [third / self.horizon, third / self.spent, third / self.grown]
    }

    /// What passes of the pace in so many nanoseconds.
    fn passed(&self, ages: &[(LifeOf, f64)], nanos: f64, trial: &Trial<'_>) -> f64 {
        let [even, per_hazard, per_growth] = self.shares();
        let of = |(life, age): &(LifeOf, f64)| {
            let law = life.law(trial.plan());
            let spent = law.cumulative_hazard(age + nanos) - law.cumulative_hazard(*age);
            per_hazard * spent + per_growth * grown(*age, nanos)
        };
        even * nanos + ages.iter().map(of).sum::<f64>()
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

/// By how much the logarithm of an age grows, which is taken for no less than that of the young.
fn grown(age: f64, nanos: f64) -> f64 {
    log_1p(nanos / (age + YOUNG))
}

/// Where a function that ascends from below zero crosses it, between 0 and `most`, to a billionth of
/// where that is: by the Illinois variant of false position (Dowell and Jarratt, BIT 11, 1971).
fn crossing(most: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (0.0, most);
    let (mut at_low, mut at_high) = (f(low), f(high));
    let mut last = Ordering::Equal;
    for _ in 0..100 {
        if high - low <= 1e-9 * high || at_high == 0.0 {
            break;
        }
        let next = (low * at_high - high * at_low) / (at_high - at_low);
        let at_next = f(next);
        let side = at_next.total_cmp(&0.0);
        match side {
            Ordering::Less => (low, at_low) = (next, at_next),
            Ordering::Equal | Ordering::Greater => (high, at_high) = (next, at_next),
        }
        if side == last {
            match side {
                Ordering::Less => at_high *= 0.5,
                Ordering::Equal | Ordering::Greater => at_low *= 0.5,
            }
        }
        last = side;
    }
    if at_high == 0.0 { high } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crossing_is_found_wherever_it_is() {
        for power in [0.1_f64, 0.4, 0.7, 1.0, 3.0] {
            for place in [1e-12_f64, 1e-3, 0.5, 0.999, 1.0] {
                let most = 3e16;
                let level = (place * most).powf(power);
                let found = crossing(most, |x| x.powf(power) - level);
                let off = (found - place * most).abs();
                assert!(off <= 1e-6 * place * most, "{power} {place}: {found}");
            }
        }
        assert_eq!(crossing(5.0, |x| x), 0.0);
    }
}
