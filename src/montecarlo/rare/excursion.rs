//! [`Excursion`]: from the instant at which something happens to shards that were well, to a
//! dataset loss or until all of them are well again, with failures made as likely as the guide
//! says.
//!
//! Repairs, failovers and everything else that takes a drawn time go as the trial draws them. Only
//! the ends of lives that concern shards at stake are chosen. Between now and the next thing that
//! is due, the *window*, either some of these lives ends or none does. By the true laws none does
//! with probability e^(−Λ), where Λ is the hazard that all of them spend in the window, and life i
//! is the first to end at t with the density h_i(t) e^(−Λ(t)). Instead what happens is chosen by
//! its chance times what the guide says of the state after it, and the time of an end by the hazard
//! of that life. The likelihood ratio is e^(−Λ) / p for none, and Λ_i e^(−Λ(t)) / p_i for life i.
//! Nothing is ever scaled by more than a window, so that weights stay bounded whatever the law of a
//! repair is.
//!
//! Whatever the guide says, a part of the choice is by the true chances and a part is even among
//! all lives: what it overlooks is found, and a likelihood ratio is bounded by what these parts
//! leave (a defensive mixture, Hesterberg, "Weighted average importance sampling and defensive
//! mixture distributions", Technometrics 37, 1995).

use crate::engine::law::uniform;
use crate::engine::rng::{self, Address, TrialKey, TrialKeys};
use crate::engine::time::{SimTime, Span};
use crate::exact::guide::Guide;
use crate::model::Event;
use crate::model::fact::{Fact, Observer};
use crate::model::lives::LifeOf;
use crate::model::plan::{Plan, ShardId};
use crate::montecarlo::rare::clocks::Clocks;
use crate::montecarlo::rare::outlook::Outlook;
use crate::montecarlo::rare::reach::Reach;
use crate::montecarlo::rare::ways::Path;
use crate::montecarlo::rare::wellness::{Is, Wellness};
use crate::montecarlo::trial::Trial;

/// How the ends of lives are chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Steering {
    /// By the guide.
    Guide,
    /// A failure or none with equal chances, and all lives alike: balanced failure biasing
    /// (Shahabuddin 1994).
    Balanced,
    /// By the true chances; who comes nearer to a loss is split.
    Split,
}

/// The part of a choice that is by the true chances, and the part that is even among lives.
const BY_CHANCE: f64 = 0.04;
const EVEN: f64 = 0.02;

/// The largest hazard of a window; a longer one is looked at again in between.
const MOST_HAZARD: f64 = 0.3;

/// Address of the choices: an entity and purpose that no model uses.
const CHOICES: Address = Address { entity: u64::MAX - 1, purpose: u8::MAX, line: 0, n: 0 };

/// By what factor a split excursion must come nearer, to be split again, and into how many.
const LEVEL: f64 = 0.1;
const COPIES: u32 = 8;
/// So often one excursion is split in a row at most.
const MOST_LEVELS: f64 = 24.0;

/// What an excursion came to.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Ending {
    /// The shard that lost its dataset first, if any did.
    pub lost: Option<ShardId>,
    /// The likelihood ratio of the whole excursion; of one that was split the sum of the weights of
    /// the copies that came to a loss.
    pub likelihood_ratio: f64,
}

/// A copy of a split trial that came to a loss.
#[derive(Clone, PartialEq, Debug)]
pub struct SplitLoss {
    /// The shard that lost its dataset.
    pub shard: ShardId,
    /// Its weight among the copies of the excursion.
    pub weight: f64,
    /// Its failures.
    pub path: Path,
}

/// Notices the first dataset loss.
#[derive(Clone, Copy, Debug, Default)]
pub struct LossWatch {
    /// The shard.
    pub lost: Option<ShardId>,
}

impl Observer for LossWatch {
    fn on_fact(&mut self, _: SimTime, fact: Fact) {
        if let Fact::DatasetLost { shard, .. } = fact
            && self.lost.is_none()
        {
            self.lost = Some(shard);
        }
    }
}

/// The memory of excursions, used again and again.
#[derive(Debug)]
pub struct Excursion<'p, 'g> {
    plan: &'p Plan,
    steering: Steering,
    reach: Reach,
    clocks: Clocks<'p>,
    outlook: Outlook<'g>,
    /// What happened since the outlook was asked last.
    last: Option<Event>,
    hazards: Vec<f64>,
    /// Of nothing, and of each life.
    chances: Vec<f64>,
    /// Those that a departure concerns.
    shards: Vec<ShardId>,
    key: TrialKey,
    choices: u32,
    path: Path,
    split_losses: Vec<SplitLoss>,
    split_events: u64,
}

/// Where a window ends.
struct Window {
    /// Nanoseconds.
    length: f64,
    /// What is due at its end; nothing at the horizon, or where it was cut short.
    next: Option<Event>,
    ends: Ends,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// With what is due.
    Due,
    /// At the horizon.
    Horizon,
    /// Somewhere in between.
    Short,
}

/// Whether an excursion goes on after a window.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    GoesOn,
    Horizon,
}

/// What is chosen.
enum Choice {
    Nothing,
    Life(usize),
}

impl<'p, 'g> Excursion<'p, 'g> {
    /// For the trials of a plan.
    pub fn new(plan: &'p Plan, guide: &'g Guide, steering: Steering) -> Self {
        let reach = Reach::new(plan);
        let clocks = Clocks::new(plan, &reach);
        Excursion {
            plan,
            steering,
            reach,
            outlook: Outlook::new(guide),
            clocks,
            last: None,
            hazards: Vec::new(),
            chances: Vec::new(),
            shards: Vec::new(),
            key: TrialKeys::new(0).key(0),
            choices: 0,
            path: Path::default(),
            split_losses: Vec::new(),
            split_events: 0,
        }
    }

    /// Whom events reach.
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// The failures of the last excursion.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes a trial over that is a branch, in which something has happened already by which these
    /// shards are no longer well: `event`, or nothing if the trial begins so. The numbers of the
    /// branch and the choices in it are those of `key`.
    pub fn begin(
        &mut self,
        (event, left): (Option<Event>, &[ShardId]),
        trial: &mut Trial<'p>,
        key: TrialKey,
    ) {
        self.clocks.take_over(trial, left);
        self.rekey(trial, key);
        self.path.begin(event, (self.plan, trial.state()));
        self.outlook.stake(left, trial.state(), &self.clocks);
    }

    fn rekey(&mut self, trial: &mut Trial<'p>, key: TrialKey) {
        trial.rekey(key);
        (self.key, self.choices, self.last) = (key, 0, None);
        self.path.clear();
    }

    /// Takes a trial over that is a branch, and lets a life end in it, chosen by the guide; at
    /// stake are the shards that are well before and not after. Gives the hazard rate per
    /// nanosecond of the life, divided by the chance of the choice; zero if nothing can fail.
    pub fn depart<O: Observer>(
        &mut self,
        (trial, wellness): (&mut Trial<'p>, &Wellness),
        key: TrialKey,
        observer: &mut O,
    ) -> f64 {
        (self.key, self.choices) = (key, 0);
        let (life, rate_by_chance) = self.choose_departure(trial, wellness);
        let end = life.map(|life| self.clocks.of(life));
        let is_well = |shard: &&ShardId| wellness.of(**shard) == Is::Well;
        let concerned = end.iter().flat_map(|of| self.reach.of_life(*of));
        self.shards.clear();
        self.shards.extend(concerned.filter(is_well));
        self.clocks.take_over(trial, &self.shards);
        self.rekey(trial, key);
        if let (Some(life), Some(of)) = (life, end) {
            // The first choice of this key was which life ends.
            self.choices = 1;
            self.blow(life, trial, observer);
            let reached = self.reach.of(of.end());
            self.shards.clear();
            self.shards.extend(reached.iter().filter(is_well));
        }
        self.outlook.stake(&self.shards, trial.state(), &self.clocks);
        rate_by_chance
    }

    /// Which life ends, if one can, and its hazard rate over the chance that it was chosen.
    fn choose_departure(&mut self, trial: &Trial<'p>, wellness: &Wellness) -> (Option<usize>, f64) {
        self.clocks.rates_in(trial, &mut self.hazards);
        let total: f64 = self.hazards.iter().sum();
        if total == 0.0 {
            return (None, 0.0);
        }
        self.outlook.departures((trial.state(), wellness), &self.clocks, &mut self.chances);
        self.chances.insert(0, 0.0);
        for (chance, rate) in self.chances[1..].iter_mut().zip(&self.hazards) {
            *chance = match self.steering {
                Steering::Guide | Steering::Split => rate * *chance,
                Steering::Balanced => f64::from(u8::from(*rate > 0.0)),
            };
        }
        self.mix(0.0, total);
        match self.choose() {
            Choice::Life(life) => (Some(life), self.hazards[life] / self.chances[life + 1]),
            Choice::Nothing => (None, 0.0),
        }
    }

    /// Makes chances of what the steering asks for: scales, and mixes in the true chances (of
    /// nothing, and of each life by its share of `total`) and even ones.
    fn mix(&mut self, nothing: f64, total: f64) {
        let n = self.hazards.iter().filter(|hazard| **hazard > 0.0).count() as f64;
        let sum: f64 = self.chances.iter().sum();
        let (guided, by_chance) = match sum > 0.0 {
            true => ((1.0 - BY_CHANCE - EVEN) / sum, BY_CHANCE),
            false => (0.0, 1.0 - EVEN),
        };
        self.chances[0] = guided * self.chances[0] + by_chance * nothing;
        let per_hazard = by_chance * (1.0 - nothing) / total;
        for (chance, hazard) in self.chances[1..].iter_mut().zip(&self.hazards) {
            let even = if *hazard > 0.0 { EVEN / n } else { 0.0 };
            *chance = guided * *chance + per_hazard * hazard + even;
        }
    }

    fn number(&mut self) -> f64 {
        let address = Address { n: self.choices, ..CHOICES };
        self.choices += 1;
        uniform(rng::draw(self.key, address))
    }

    fn choose(&mut self) -> Choice {
        let total: f64 = self.chances.iter().sum();
        let mut left = self.number() * total;
        for (place, chance) in self.chances.iter().enumerate().filter(|(_, it)| **it > 0.0) {
            left -= chance;
            if left < 0.0 {
                return match place.checked_sub(1) {
                    Some(life) => Choice::Life(life),
                    None => Choice::Nothing,
                };
            }
        }
        // Rounding: the last one that can be.
        match self.chances.iter().rposition(|chance| *chance > 0.0) {
            Some(place) if place > 0 => Choice::Life(place - 1),
            Some(_) | None => Choice::Nothing,
        }
    }

    /// Ends a life now.
    fn blow<O: Observer>(&mut self, life: usize, trial: &mut Trial<'p>, observer: &mut O) {
        let of = self.clocks.of(life);
        self.path.choose(of, (self.plan, trial.state()));
        trial.end_life_at(of, trial.now());
        self.advance(trial, observer);
    }

    /// Lets the next thing happen.
    fn advance<O: Observer>(&mut self, trial: &mut Trial<'p>, observer: &mut O) {
        self.last = trial.advance(observer);
        if let Some(event) = self.last {
            self.clocks.notice(trial, self.reach.of(event));
        }
    }

    /// Whether nothing is at stake any more, or the loss is there; one of a shard that is not at
    /// stake belongs to the excursion in which that has left the well state.
    fn is_over(&mut self, trial: &Trial<'p>, watch: LossWatch) -> bool {
        if watch.lost.is_some() {
            return true;
        }
        if let Some(event) = self.last.take() {
            self.outlook.notice(self.reach.of(event), trial.state(), &self.clocks);
        }
        self.outlook.at_stake().is_empty()
    }

    /// The shard that was lost, if it is one of those at stake.
    fn lost(&self, watch: LossWatch) -> Option<ShardId> {
        watch.lost.filter(|shard| self.outlook.at_stake().contains(shard))
    }

    /// Runs to a loss, until all that is at stake is well, or to the horizon.
    pub fn run<O: Observer>(
        &mut self,
        trial: &mut Trial<'p>,
        observers: &mut (LossWatch, O),
    ) -> Ending {
        let mut ratio = 1.0;
        while !self.is_over(trial, observers.0) {
            let (factor, then) = self.step(trial, observers);
            ratio *= factor;
            if then == Then::Horizon {
                break;
            }
        }
        Ending { lost: self.lost(observers.0), likelihood_ratio: ratio }
    }

    /// The same by nearly the true chances, with copies of whoever comes nearer to a loss: the sum
    /// of the weights of those that come to one; [`Excursion::split_losses`] has them one by one.
    pub fn split(&mut self, trial: &Trial<'p>, watch: LossWatch) -> Ending {
        self.split_losses.clear();
        self.split_events = 0;
        if self.is_over(trial, watch) {
            let lost = self.lost(watch);
            if let Some(shard) = lost {
                let path = self.path.clone();
                self.split_losses.push(SplitLoss { shard, weight: 1.0, path });
            }
            return Ending { lost, likelihood_ratio: 1.0 };
        }
        self.outlook.look(&self.clocks);
        let base = self.outlook.value();
        let key = self.key;
        let mut branches = 0;
        let shards = self.outlook.at_stake().to_vec();
        let first = (trial.clone(), (self.clocks.clone(), shards), self.path.clone());
        let mut waiting = vec![(first, 0, 1.0)];
        while let Some(((mut trial, (clocks, shards), path), mut level, mut weight)) = waiting.pop()
        {
            let mut observers = (LossWatch::default(), ());
            let before = trial.n_events();
            (self.clocks, self.path) = (clocks, path);
            self.outlook.stake(&shards, trial.state(), &self.clocks);
            let branch = key.branch(branches);
            trial.rekey(branch);
            (self.key, self.choices, self.last) = (branch, 0, None);
            branches += 1;
            while !self.is_over(&trial, observers.0) {
                let reached = self.level(base);
                if reached > level {
                    let n = COPIES.pow((reached - level).min(2));
                    (level, weight) = (reached, weight / f64::from(n));
                    let shards = self.outlook.at_stake();
                    let lives = || (self.clocks.clone(), shards.to_vec());
                    let copy = || (trial.clone(), lives(), self.path.clone());
                    waiting.extend((1..n).map(|_| (copy(), level, weight)));
                }
                // The time of an end is spread over its window by hazard alone.
                let (ratio, then) = self.step(&mut trial, &mut observers);
                weight *= ratio;
                if then == Then::Horizon {
                    break;
                }
            }
            self.split_events += trial.n_events() - before;
            if let Some(shard) = self.lost(observers.0) {
                self.split_losses.push(SplitLoss { shard, weight, path: self.path.clone() });
            }
        }
        let likelihood_ratio = self.split_losses.iter().map(|loss| loss.weight).sum();
        Ending { lost: self.split_losses.first().map(|loss| loss.shard), likelihood_ratio }
    }

    /// The copies of the last split excursion that came to a loss.
    pub fn split_losses(&self) -> &[SplitLoss] {
        &self.split_losses
    }

    /// Events of all copies of the last split excursion.
    pub fn split_events(&self) -> u64 {
        self.split_events
    }

    /// How many times nearer to a loss than at the beginning, in powers of a level.
    fn level(&mut self, base: f64) -> u32 {
        self.outlook.look(&self.clocks);
        match base > 0.0 {
            true => {
                ((self.outlook.value() / base).ln() / -LEVEL.ln()).clamp(0.0, MOST_LEVELS) as u32
            }
            false => 0,
        }
    }

    /// One window: gives its likelihood ratio.
    fn step<O: Observer>(&mut self, trial: &mut Trial<'p>, observer: &mut O) -> (f64, Then) {
        let (window, total) = self.window(trial);
        if total == 0.0 {
            return (1.0, self.nothing_ends(&window, trial, observer));
        }
        let none = (-total).exp();
        self.steer((&window, trial), (none, total));
        match self.choose() {
            Choice::Nothing => {
                let ratio = none / self.chances[0];
                (ratio, self.nothing_ends(&window, trial, observer))
            }
            Choice::Life(place) => {
                let (hazard, chance) = (self.hazards[place], self.chances[place + 1]);
                let spent = self.number() * hazard;
                let time = self.clocks.time_for(place, (trial, spent)).clamp(0.0, window.length);
                let spent_by_all = self.clocks.hazards(trial, time, &mut self.hazards);
                trial.wait_until(later(trial.now(), time));
                self.blow(self.clocks.at(place), trial, observer);
                (hazard / chance * (-spent_by_all).exp(), Then::GoesOn)
            }
        }
    }

    /// No life ends in the window: what is due at its end happens.
    fn nothing_ends<O: Observer>(
        &mut self,
        window: &Window,
        trial: &mut Trial<'p>,
        observer: &mut O,
    ) -> Then {
        match window.ends {
            Ends::Horizon => return Then::Horizon,
            Ends::Short => trial.wait_until(later(trial.now(), window.length)),
            Ends::Due => self.happens(window.next, trial, observer),
        }
        Then::GoesOn
    }

    /// Lets happen what is due, and takes note of what fails by it: lives of laws without a hazard
    /// rate, and what is scheduled.
    fn happens<O: Observer>(
        &mut self,
        event: Option<Event>,
        trial: &mut Trial<'p>,
        observer: &mut O,
    ) {
        if let Some(life) = event.and_then(LifeOf::ended_by) {
            self.path.push(life, (self.plan, trial.state()));
        }
        let is_scheduled = event.is_some_and(may_take_nodes);
        if is_scheduled {
            self.path.look_before((self.plan, trial.state()));
        }
        self.advance(trial, observer);
        if is_scheduled {
            self.path.look_after((self.plan, trial.state()));
        }
    }

    /// The window from now on, with the hazard that is spent in it.
    fn window(&mut self, trial: &Trial<'p>) -> (Window, f64) {
        let (now, horizon) = (trial.now(), self.plan.horizon);
        let due = trial.next().filter(|(at, _)| *at <= horizon);
        let (end, next, ends) = match due {
            Some((at, event)) => (at, Some(event), Ends::Due),
            None => (horizon, None, Ends::Horizon),
        };
        let mut window = Window { length: end.since(now).as_nanos() as f64, next, ends };
        let mut total = self.clocks.hazards(trial, window.length, &mut self.hazards);
        while total > MOST_HAZARD && window.length > 1.0 {
            let share = (MOST_HAZARD / total).clamp(0.1, 0.9);
            window.length = (window.length * share).floor().max(1.0);
            (window.next, window.ends) = (None, Ends::Short);
            total = self.clocks.hazards(trial, window.length, &mut self.hazards);
        }
        (window, total)
    }

    /// Sets the chances of all that can be in a window.
    fn steer(&mut self, (window, trial): (&Window, &Trial<'p>), (none, total): (f64, f64)) {
        self.outlook.look(&self.clocks);
        self.chances.resize(self.hazards.len() + 1, 0.0);
        match self.steering {
            Steering::Guide => {
                let then = match (window.ends, window.next) {
                    (Ends::Due, Some(event)) => {
                        self.outlook.after(trial.state(), (event, self.reach.of(event)))
                    }
                    (Ends::Short, _) => self.outlook.value(),
                    (Ends::Due | Ends::Horizon, _) => 0.0,
                };
                self.chances[0] = none * then;
                let per_hazard = -f64::exp_m1(-total) / total;
                let after = self.outlook.after_lives();
                for (chance, (hazard, after)) in
                    self.chances[1..].iter_mut().zip(self.hazards.iter().zip(after))
                {
                    *chance = hazard * per_hazard * after;
                }
            }
            Steering::Balanced => {
                let n = self.hazards.iter().filter(|hazard| **hazard > 0.0).count() as f64;
                self.chances[0] = 0.5;
                for (chance, hazard) in self.chances[1..].iter_mut().zip(&self.hazards) {
                    *chance = if *hazard > 0.0 { 0.5 / n } else { 0.0 };
                }
            }
            Steering::Split => {
                self.chances[0] = none;
                let per_hazard = -f64::exp_m1(-total) / total;
                for (chance, hazard) in self.chances[1..].iter_mut().zip(&self.hazards) {
                    *chance = hazard * per_hazard;
                }
            }
        }
        if self.steering != Steering::Split {
            self.mix(none, total);
        }
    }
}

/// Whether an event is one of those by which what is scheduled takes nodes away: faults, and the
/// steps of operations and maintenance.
fn may_take_nodes(event: Event) -> bool {
    matches!(
        event,
        Event::ScriptDue
            | Event::WorkflowDue(_)
            | Event::RecreationDue(_)
            | Event::WindowOpens(_)
            | Event::UpdateAnnounced { .. }
            | Event::RestoreDue(_)
    )
}

fn later(now: SimTime, nanos: f64) -> SimTime {
    now + Span::from_nanos_f64(nanos)
}
