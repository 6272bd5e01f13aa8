//! [`Replicator`]: one replication after the other, from their numbers.

use crate::engine::rng::TrialKeys;
use crate::engine::time::SimTime;
use crate::exact::guide::Guide;
use crate::model::Event;
use crate::model::fact::Observer;
use crate::model::lives::LifeOf;
use crate::model::plan::{Plan, ShardId};
use crate::montecarlo::rare::estimate::Tally;
use crate::montecarlo::rare::excursion::{Ending, Excursion, LossWatch, Steering};
use crate::montecarlo::rare::instants::{Instant, Instants};
use crate::montecarlo::rare::ways::{Example, SCHEDULED};
use crate::montecarlo::rare::wellness::{Is, Wellness};
use crate::montecarlo::trial::{Checks, Trial};

/// How excursions are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Manner {
    /// How the ends of lives are chosen.
    pub steering: Steering,
    /// Instants per replication at which something fails, at least one.
    pub departures: u32,
}

/// A branch that was told to an observer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Told {
    /// What it came to.
    pub ending: Ending,
    /// Its weight among the losses of its replication, if it came to one.
    pub weight: f64,
    /// When it left the trial; until then everything was as in the trial of that number.
    pub left: SimTime,
    /// When it ended: with the loss, once all that was at stake was well again, or at the
    /// horizon.
    pub ended: SimTime,
    /// How many failures were chosen, not drawn.
    pub n_chosen: u32,
}

/// The memory of replications, used again and again.
#[derive(Debug)]
pub struct Replicator<'p, 'g> {
    plan: &'p Plan,
    guide: &'g Guide,
    manner: Manner,
    keys: TrialKeys,
    main: Trial<'p>,
    /// Which shards of it are well, and which have just ceased to be.
    wellness: Wellness,
    left: Vec<ShardId>,
    copy: Trial<'p>,
    excursion: Excursion<'p, 'g>,
    instants: Instants,
}

impl<'p, 'g> Replicator<'p, 'g> {
    /// For a plan with its guide.
    pub fn new((plan, guide): (&'p Plan, &'g Guide), seed: u64, manner: Manner) -> Self {
        let mut keys = TrialKeys::new(seed);
        let main = Trial::begin(plan, keys.key(0));
        let excursion = Excursion::new(plan, guide, manner.steering);
        let instants = Instants::of(plan, manner.departures, keys.key(0));
        let copy = main.clone();
        let (wellness, left) = (Wellness::default(), Vec::new());
        Replicator { plan, guide, manner, keys, main, wellness, left, copy, excursion, instants }
    }

    /// Runs replication `number` and adds it to the tally; gives the sum of the weights of its
    /// losses.
    pub fn run(&mut self, number: u64, tally: &mut Tally) -> f64 {
        let value = self.walk(&mut Walk::new(number, Wanted::All), &mut (), tally);
        tally.add(value);
        tally.main_events += self.main.n_events();
        value
    }

    /// Tells `observer` what leads to one of the branches of a replication, and what comes of it,
    /// from the start of the trial on; nothing if there is no such branch. Of a split
    /// excursion it tells the beginning only.
    pub fn replay<O: Observer>(&mut self, example: Example, observer: &mut O) -> Option<Told> {
        let Example { replication, branch } = example;
        let mut walk = Walk::new(replication, Wanted::Branch(branch));
        self.walk(&mut walk, observer, &mut Tally::default());
        if walk.told.is_some() {
            self.copy.settle(observer);
        }
        walk.told
    }

    /// Gives the sum of the weights of all losses.
    fn walk<O: Observer>(&mut self, walk: &mut Walk, observer: &mut O, tally: &mut Tally) -> f64 {
        self.main.restart(self.keys.key(walk.number));
        self.main.look_over(Checks::in_batch(walk.number));
        self.instants.begin(self.main.key());
        self.wellness.look(self.guide, self.main.state());
        self.left.clear();
        self.left.extend(self.plan.shard_ids().filter(|it| self.wellness.of(*it) == Is::Unwell));
        if !self.left.is_empty() {
            self.scheduled(walk, None, (observer, tally));
        }
        self.run_main(walk, (observer, tally));
        walk.sum
    }

    /// Runs the trial as it is. At each instant a branch leaves it in which a life ends; and where
    /// shards leave the well state by anything else, one does that does so too.
    fn run_main<O: Observer>(&mut self, walk: &mut Walk, (observer, tally): (&mut O, &mut Tally)) {
        let horizon = self.plan.horizon;
        while !walk.is_over() {
            let due = self.main.next().map_or(horizon, |(due, _)| due.min(horizon));
            if let Some(instant) = self.instants.next_before(due, &self.main) {
                self.main.wait_until(instant.at);
                self.departs(instant, walk, (observer, tally));
                continue;
            }
            let event = self.main.advance_until(horizon, &mut (&mut walk.watch, &mut *observer));
            let Some(event) = event else {
                self.main.wait_until(horizon);
                return;
            };
            let (left, state) = (&mut self.left, self.main.state());
            left.clear();
            let changed = self.excursion.reach().of(event);
            self.wellness.notice(changed, (self.guide, state), |shard| left.push(shard));
            if !self.left.is_empty() && !self.is_steered(event) {
                self.scheduled(walk, Some(event), (observer, tally));
            }
        }
    }

    /// A branch in which a life ends at once, if there is a shard that can suffer from it.
    fn departs<O: Observer>(
        &mut self,
        Instant { number, stands_for, .. }: Instant,
        walk: &mut Walk,
        heard: (&mut O, &mut Tally),
    ) {
        if self.wellness.is_any_well() && walk.wants(number) {
            self.branch((number, Leaves::After(stands_for)), walk, heard);
        }
    }

    /// Whether it is the end of a life that has a hazard rate.
    fn is_steered(&self, event: Event) -> bool {
        LifeOf::ended_by(event).is_some_and(|life| life.law(self.plan).hazard(1.0).is_some())
    }

    /// A branch from the present on, in which something has happened as it was to happen: `event`,
    /// or nothing at the start.
    fn scheduled<O: Observer>(
        &mut self,
        walk: &mut Walk,
        event: Option<Event>,
        heard: (&mut O, &mut Tally),
    ) {
        let branch = SCHEDULED + walk.n_scheduled;
        walk.n_scheduled += 1;
        if walk.wants(branch) {
            self.branch((branch, Leaves::AsItIs(event)), walk, heard);
        }
    }

    /// Goes on with a copy of the trial.
    fn branch<O: Observer>(
        &mut self,
        (branch, leaves): (u32, Leaves),
        walk: &mut Walk,
        (observer, tally): (&mut O, &mut Tally),
    ) {
        self.copy.clone_from(&self.main);
        let key = self.main.key().branch(branch);
        let mut observers = (LossWatch { lost: walk.watch.lost }, observer);
        let weight = match leaves {
            Leaves::AsItIs(event) => {
                self.excursion.begin((event, &self.left), &mut self.copy, key);
                1.0
            }
            Leaves::After(nanos) => {
                let of = (&mut self.copy, &self.wellness);
                nanos * self.excursion.depart(of, key, &mut observers)
            }
        };
        let ending = match self.manner.steering {
            Steering::Guide | Steering::Balanced => {
                self.excursion.run(&mut self.copy, &mut observers)
            }
            Steering::Split => self.excursion.split(&self.copy, observers.0),
        };
        tally.excursions += 1;
        tally.branch_events += self.copy.n_events() - self.main.n_events();
        let example = Example { replication: walk.number, branch };
        match (self.manner.steering, ending.lost) {
            (Steering::Split, _) => {
                tally.branch_events += self.excursion.split_events();
                for loss in self.excursion.split_losses() {
                    let course = loss.path.course(loss.shard);
                    tally.ways.add(course, (weight * loss.weight, example));
                }
            }
            (Steering::Guide | Steering::Balanced, Some(shard)) => {
                tally.ratios.add(ending.likelihood_ratio);
                let course = self.excursion.path().course(shard);
                tally.ways.add(course, (weight * ending.likelihood_ratio, example));
            }
            (Steering::Guide | Steering::Balanced, None) => {
                tally.ratios.add(ending.likelihood_ratio);
            }
        }
        let weight = weight * ending.likelihood_ratio;
        if ending.lost.is_some() {
            walk.sum += weight;
            tally.hits += 1;
        }
        if walk.wanted == Wanted::Branch(branch) {
            let n_chosen = self.excursion.path().n_chosen();
            let (left, ended) = (self.main.now(), self.copy.now());
            walk.told = Some(Told { ending, weight, left, ended, n_chosen });
        }
    }
}

/// Which branches are run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Wanted {
    All,
    Branch(u32),
}

/// How a branch begins.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Leaves {
    /// Something has happened already: an event, or nothing at the start.
    AsItIs(Option<Event>),
    /// A life ends, for so many nanoseconds in which one might.
    After(f64),
}

/// A replication on its way.
struct Walk {
    number: u64,
    wanted: Wanted,
    told: Option<Told>,
    n_scheduled: u32,
    watch: LossWatch,
    sum: f64,
}

impl Walk {
    fn new(number: u64, wanted: Wanted) -> Walk {
        let watch = LossWatch::default();
        Walk { number, wanted, told: None, n_scheduled: 0, watch, sum: 0.0 }
    }

    fn wants(&self, branch: u32) -> bool {
        match self.wanted {
            Wanted::All => true,
            Wanted::Branch(wanted) => wanted == branch,
        }
    }

    /// Whether nothing more can come of it: a dataset is lost already, or what was wanted is told.
    fn is_over(&self) -> bool {
        self.watch.lost.is_some() || self.told.is_some()
    }
}
