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
use crate::model::plan::Plan;
use crate::montecarlo::trial::Trial;

/// An instant beyond every horizon: half of what fits, some 292 years.
const LATER: SimTime = SimTime::from_nanos(u64::MAX / 2);

/// Lives with a hazard rate, in the order of [`LifeOf::all`].
#[derive(Clone, Debug)]
pub struct Clocks<'p> {
    clocks: Vec<Clock<'p>>,
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
    pub fn new(plan: &'p Plan) -> Self {
        let all = LifeOf::all(plan).into_iter().map(|of| (of, of.law(plan)));
        let clock = |(of, law): (LifeOf, &'p Law)| {
            let at_once = law.hazard(1.0)?;
            let rate = matches!(law, Law::Exponential { .. }).then_some(at_once);
            Some(Clock { of, law, rate, runs: Runs::No, drawn: 0, span: 0 })
        };
        Clocks { clocks: all.filter_map(clock).collect() }
    }

    /// How many there are.
    pub fn n_clocks(&self) -> usize {
        self.clocks.len()
    }

    /// Whose it is.
    pub fn of(&self, clock: usize) -> LifeOf {
        self.clocks[clock].of
    }

    /// Takes all lives of a trial over, at the age that they have.
    pub fn take_over(&mut self, trial: &mut Trial<'p>) {
        let plan = trial.plan();
        for clock in &mut self.clocks {
            clock.drawn = clock.of.drawn(plan, trial.state());
            clock.runs = runs(clock.of, trial);
            let Runs::Yes = clock.runs else { continue };
            let age = match clock.rate {
                Some(_) => 0,
                None => age_in(trial, clock.of),
            };
            clock.put_off(age, trial);
        }
    }

    /// Notices what an event has begun, stopped or drawn anew.
    pub fn notice(&mut self, trial: &mut Trial<'p>) {
        let plan = trial.plan();
        for clock in &mut self.clocks {
            clock.runs = runs(clock.of, trial);
            let drawn = clock.of.drawn(plan, trial.state());
            if drawn != clock.drawn {
                clock.drawn = drawn;
                if clock.runs == Runs::Yes {
                    clock.put_off(0, trial);
                }
            }
        }
    }

    /// The cumulative hazard of each from now to `window` nanoseconds later, zero for those that do
    /// not run; gives the sum.
    pub fn hazards(&self, trial: &Trial<'p>, window: f64, hazards: &mut Vec<f64>) -> f64 {
        hazards.clear();
        let hazard = |clock: &Clock<'_>| match (clock.runs, clock.rate) {
            (Runs::No, _) => 0.0,
            (Runs::Yes, Some(rate)) => rate * window,
            (Runs::Yes, None) => {
                let age = clock.age(trial);
                clock.law.cumulative_hazard(age + window) - clock.law.cumulative_hazard(age)
            }
        };
        hazards.extend(self.clocks.iter().map(hazard));
        hazards.iter().sum()
    }

    /// The hazard rate of each per nanosecond, zero for those that do not run.
    pub fn rates(&self, trial: &Trial<'p>, rates: &mut Vec<f64>) {
        rates.clear();
        let rate = |clock: &Clock<'_>| match (clock.runs, clock.rate) {
            (Runs::No, _) => 0.0,
            (Runs::Yes, Some(rate)) => rate,
            (Runs::Yes, None) => {
                clock.law.hazard(clock.age(trial).max(1.0)).expect("its law has a hazard")
            }
        };
        rates.extend(self.clocks.iter().map(rate));
    }

    /// After how many nanoseconds one of them has spent so much of its hazard.
    pub fn time_for(&self, clock: usize, (trial, hazard): (&Trial<'p>, f64)) -> f64 {
        let clock = &self.clocks[clock];
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

/// How long a life has lasted that the trial drew itself, in nanoseconds. One that never ends has
/// begun with the trial, as far as can be told.
fn age_in(trial: &Trial<'_>, of: LifeOf) -> u64 {
    match trial.life_ends(of) {
        Some(ends) => {
            let length = of.length(trial.plan(), trial.state(), trial.key());
            length.as_nanos().saturating_sub(ends.since(trial.now()).as_nanos())
        }
        None => trial.now().as_nanos(),
    }
}
