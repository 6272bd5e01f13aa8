//! [`Trial`]: one simulated history, from the start to the horizon.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::engine::queue::EventQueue;
use crate::engine::rng::TrialKey;
use crate::engine::time::SimTime;
use crate::model::draws::Chance;
use crate::model::fact::Observer;
use crate::model::invariants::{self, View};
use crate::model::lives::LifeOf;
use crate::model::plan::{Plan, Slots};
use crate::model::state::State;
use crate::model::{Event, Step};

/// One of our own assertions failed in a trial.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Broken {
    /// When in simulated time.
    pub at: SimTime,
}

/// Whether debug builds look over the whole state after every event, which takes as long as the
/// trial itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Checks {
    /// After every event.
    Every,
    /// Never.
    None,
}

impl Checks {
    /// In a batch: the first trials, and one in sixteen of the others.
    pub fn in_batch(number: u64) -> Self {
        if number < 100 || number.is_multiple_of(16) { Checks::Every } else { Checks::None }
    }
}

/// One simulated history. It can be cloned in the middle, and both copies then go on alike; it
/// can be restarted with another key without allocating.
#[derive(Debug)]
pub struct Trial<'p> {
    plan: &'p Plan,
    slots: Slots,
    key: TrialKey,
    now: SimTime,
    state: State,
    queue: EventQueue<Event>,
    n_events: u64,
    checks: Checks,
}

impl Clone for Trial<'_> {
    fn clone(&self) -> Self {
        let (state, queue) = (self.state.clone(), self.queue.clone());
        Trial { state, queue, ..*self }
    }

    /// Derived, this would allocate anew.
    fn clone_from(&mut self, other: &Self) {
        let Trial { plan, slots, key, now, state, queue, n_events, checks } = other;
        self.state.clone_from(state);
        self.queue.clone_from(queue);
        (self.plan, self.slots, self.key) = (plan, *slots, *key);
        (self.now, self.n_events, self.checks) = (*now, *n_events, *checks);
    }
}

impl<'p> Trial<'p> {
    /// A trial of `plan` at its start.
    pub fn begin(plan: &'p Plan, key: TrialKey) -> Self {
        let slots = plan.slots();
        let mut trial = Trial {
            plan,
            slots,
            key,
            now: SimTime::START,
            state: State::new(plan),
            queue: EventQueue::with_slots(slots.n_slots()),
            n_events: 0,
            checks: Checks::Every,
        };
        trial.step(&mut ()).begin();
        trial
    }

    /// Puts the trial back to its start, with another key.
    pub fn restart(&mut self, key: TrialKey) {
        self.key = key;
        self.now = SimTime::START;
        self.state.restart(self.plan);
        self.queue.reset();
        self.n_events = 0;
        self.step(&mut ()).begin();
    }

    fn step<'a, O: Observer>(&'a mut self, observer: &'a mut O) -> Step<'a, O> {
        Step {
            now: self.now,
            chance: Chance::Drawn(self.key),
            plan: self.plan,
            slots: self.slots,
            state: &mut self.state,
            queue: &mut self.queue,
            observer,
        }
    }

    /// Lets everything happen that is due until `until`, or until the horizon if that is earlier.
    pub fn run_until<O: Observer>(&mut self, until: SimTime, observer: &mut O) {
        let until = until.min(self.plan.horizon);
        while self.advance_until(until, observer).is_some() {}
        self.now = until.max(self.now);
    }

    /// Runs to the horizon and settles the books there.
    pub fn finish<O: Observer>(&mut self, observer: &mut O) {
        self.run_until(self.plan.horizon, observer);
        self.step(observer).finish();
    }

    /// Settles the books now, wherever the trial stands.
    pub fn settle<O: Observer>(&mut self, observer: &mut O) {
        self.step(observer).finish();
    }

    /// As [`Self::run_until`], and to the end of the books at the horizon; but one of our own
    /// assertions that fails becomes an error that says when. The trial must be restarted then.
    pub fn run_guarded<O: Observer>(
        &mut self,
        until: SimTime,
        observer: &mut O,
    ) -> Result<(), Broken> {
        let run = || {
            self.run_until(until, observer);
            self.step(observer).finish();
        };
        match catch_unwind(AssertUnwindSafe(run)) {
            Ok(()) => Ok(()),
            Err(_) => Err(Broken { at: self.now }),
        }
    }

    /// Lets the next thing happen, if it is due by the horizon, and says what it was.
    pub fn advance<O: Observer>(&mut self, observer: &mut O) -> Option<Event> {
        self.advance_until(self.plan.horizon, observer)
    }

    /// The same for what is due by `until`, which must not be later than the horizon.
    #[inline]
    pub fn advance_until<O: Observer>(
        &mut self,
        until: SimTime,
        observer: &mut O,
    ) -> Option<Event> {
        let (at, event) = self.queue.pop_until(until)?;
        self.now = at;
        self.n_events += 1;
        self.step(observer).apply(event);
        if cfg!(debug_assertions) && self.checks == Checks::Every {
            let Trial { plan, slots, state, queue, now, .. } = self;
            invariants::check(View { plan, slots, state, queue, now: *now });
        }
        Some(event)
    }

    /// Goes on to an instant before which nothing is due.
    pub fn wait_until(&mut self, at: SimTime) {
        assert!(self.queue.peek().is_none_or(|(due, _)| due >= at), "nothing may be passed over");
        self.now = at.max(self.now);
    }

    /// What is due next, and when.
    pub fn next(&self) -> Option<(SimTime, Event)> {
        let (at, slot) = self.queue.peek()?;
        Some((at, self.queue.event(slot).expect("a pending slot has an event")))
    }

    /// From now on it is checked so; a restart does not change that.
    pub fn look_over(&mut self, checks: Checks) {
        self.checks = checks;
    }

    /// From now on its numbers are those of another key.
    pub fn rekey(&mut self, key: TrialKey) {
        self.key = key;
    }

    /// The key of its random numbers.
    pub fn key(&self) -> TrialKey {
        self.key
    }

    /// When a life ends as things stand; nothing if it does not run or ends never.
    pub fn life_ends(&self, of: LifeOf) -> Option<SimTime> {
        self.queue.pending(of.slot(self.slots))
    }

    /// Lets a life end at another instant, not before the present.
    pub fn end_life_at(&mut self, of: LifeOf, at: SimTime) {
        self.queue.schedule(of.slot(self.slots), at, of.end());
    }

    /// What it runs.
    pub fn plan(&self) -> &'p Plan {
        self.plan
    }

    /// The current instant.
    pub fn now(&self) -> SimTime {
        self.now
    }

    /// The state, for those who check or draw it.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Events applied since the start.
    pub fn n_events(&self) -> u64 {
        self.n_events
    }
}
