//! [`Instants`]: where a replication leaves its trial, and how much time each place stands for.
//!
//! Evenly spread instants suit lives that end as readily at any age. A life that is likeliest to
//! end when it is young (a Weibull law with a shape below 1) has a hazard rate without bound at age
//! zero, and every life begins with the trial: weighed at even instants it would have a huge
//! variance, none at all from shape 1/2 downwards. So half of the instants are then spread evenly
//! over the cumulative hazard of such a life, which grows like a power of time, and each stands for
//! one over the density of both halves together (the balance heuristic; Veach and Guibas,
//! "Optimally combining sampling techniques for Monte Carlo rendering", SIGGRAPH 1995).

use crate::engine::law::uniform;
use crate::engine::rng::{self, Address, TrialKey};
use crate::engine::special::power;
use crate::engine::time::{SimTime, Span};
use crate::model::lives::LifeOf;
use crate::model::plan::Plan;

/// Address of the instants: an entity and purpose that no model uses.
const INSTANTS: Address = Address { entity: u64::MAX - 2, purpose: u8::MAX, line: 0, n: 0 };

/// The age at which the growth of a hazard is taken, in nanoseconds: young for any life.
const YOUNG: f64 = 1e9;

/// The least power that is followed: lives that are steeper still than this are hardly lives.
const LEAST_POWER: f64 = 0.05;

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

/// How instants are spread.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Instants {
    /// Nanoseconds.
    horizon: f64,
    /// The power of time by which the steepest cumulative hazard begins, at most 1.
    power: f64,
}

impl Instants {
    /// As suits the lives of a plan.
    pub fn of(plan: &Plan) -> Self {
        let growth = |life: LifeOf| {
            let law = life.law(plan);
            let [young, twice] = [YOUNG, 2.0 * YOUNG].map(|age| law.cumulative_hazard(age));
            (law.hazard(1.0).is_some() && young > 0.0).then(|| (twice / young).log2())
        };
        let powers = LifeOf::all(plan).into_iter().filter_map(growth);
        let horizon = plan.horizon.since(SimTime::START).as_nanos() as f64;
        Instants { horizon, power: powers.fold(1.0, f64::min).max(LEAST_POWER) }
    }

    /// Writes `n` instants of a trial into `instants`, the earliest first, one in each of `n` equal
    /// strata of what they are spread over.
    pub fn draw(&self, key: TrialKey, n: u32, instants: &mut Vec<Instant>) {
        instants.clear();
        instants.extend((0..n).map(|number| {
            let place = uniform(rng::draw(key, Address { n: number, ..INSTANTS }));
            let share = (f64::from(number) + place) / f64::from(n);
            let share = self.place(share);
            let at = SimTime::START + Span::from_nanos_f64(share * self.horizon);
            let stands_for = self.horizon / (f64::from(n) * self.density(share));
            Instant { number, at, stands_for }
        }));
        if self.power < 1.0 {
            instants.sort_by_key(|instant| instant.at);
        }
    }

    /// The share of the horizon that belongs to a share of the spread.
    fn place(&self, share: f64) -> f64 {
        if self.power == 1.0 {
            share
        } else if share < 0.5 {
            2.0 * share
        } else {
            power(2.0 * share - 1.0, 1.0 / self.power)
        }
    }

    /// How densely instants lie there, 1 on average.
    fn density(&self, share: f64) -> f64 {
        if self.power == 1.0 {
            return 1.0;
        }
        0.5 + 0.5 * self.power * power(share, self.power - 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::rng::TrialKeys;

    /// The mean of a function over the horizon, by its values at instants.
    fn integral(instants: Instants, f: impl Fn(f64) -> f64) -> (f64, f64) {
        let mut all = Vec::new();
        let mut keys = TrialKeys::new(3);
        let mut sums = crate::stats::moments::Moments::default();
        for number in 0..4_000 {
            instants.draw(keys.key(number), 5, &mut all);
            assert!(all.windows(2).all(|pair| pair[0].at <= pair[1].at));
            let share = |at: SimTime| at.since(SimTime::START).as_nanos() as f64 / instants.horizon;
            let of = |it: &Instant| f(share(it.at)) * it.stands_for / instants.horizon;
            sums.add(all.iter().map(of).sum());
        }
        (sums.mean(), sums.standard_error().expect("many"))
    }

    #[test]
    fn they_stand_for_the_whole_horizon() {
        for power in [1.0, 0.7, 0.4] {
            let instants = Instants { horizon: 1e16, power };
            let (mean, error) = integral(instants, |share| share * share);
            assert!((mean - 1.0 / 3.0).abs() < 4.0 * error, "{power}: {mean} ± {error}");
        }
    }

    #[test]
    fn a_hazard_without_bound_is_weighed_within_bounds() {
        let hazard = |share: f64| 0.4 * share.powf(-0.6);
        let (mean, error) = integral(Instants { horizon: 1e16, power: 0.4 }, hazard);
        assert!((mean - 1.0).abs() < 4.0 * error && error < 0.01, "{mean} ± {error}");
    }
}
