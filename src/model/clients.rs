//! The clients of an online migration: cohorts that write to the source, are stopped, move over,
//! and may have to go back.
//!
//! Who is on the way writes to nobody. Some clients hear of nothing that the operator says
//! (`operator`), and some move before anybody told them.

use crate::engine::time::SimTime;
use crate::model::draws::Purpose;
use crate::model::fact::{Cause, Fact, MigrationFact, Observer};
use crate::model::plan::{CutOver, ShardId};
use crate::model::state::{NextMove, Offer, Operator, Side, Voice, WayBack};
use crate::model::{Event, Step};

impl<O: Observer> Step<'_, O> {
    /// Some clients move too early: schedules when.
    pub(super) fn schedule_early_clients(&mut self) {
        let Some(migration) = &self.plan.migration else { return };
        // Nobody can move where the API refuses to pair the shards.
        if migration.clients.early == 0 || migration.pairs.is_empty() {
            return;
        }
        let after = self.cohort_time(&migration.clients.early_at, 0, Purpose::EarlyMove, 0);
        for cohort in 0..migration.clients.early {
            self.cohort_next(cohort, NextMove::Leaves(Side::Target), SimTime::START + after);
        }
    }

    /// What the cohort does next, and when.
    fn cohort_next(&mut self, cohort: u16, next: NextMove, at: SimTime) {
        self.state.migration.cohorts[usize::from(cohort)].next = next;
        let slot = self.slots.cohort(self.plan, cohort);
        self.queue.schedule(slot, at, Event::CohortDue(cohort));
    }

    /// The cohort moves on.
    pub(super) fn cohort_due(&mut self, cohort: u16) {
        let state = &mut self.state.migration.cohorts[usize::from(cohort)];
        match std::mem::replace(&mut state.next, NextMove::Stays) {
            NextMove::Stays => unreachable!("a cohort that is due has something to do"),
            NextMove::Leaves(to) => self.cohort_leaves(cohort, to),
            NextMove::Arrives => self.cohort_arrives(cohort),
            NextMove::ArrivesAndLeaves(at) => {
                let other = self.state.migration.cohorts[usize::from(cohort)].side.other();
                self.cohort_arrives(cohort);
                self.cohort_next(cohort, NextMove::Leaves(other), at.max(self.now));
            }
        }
        self.tell_both_sides();
    }

    /// The cohort is where it is to write.
    fn cohort_arrives(&mut self, cohort: u16) {
        let at = self.state.migration.cohorts[usize::from(cohort)].side;
        let voice = self.voice_on_arrival(cohort, at);
        self.state.migration.cohorts[usize::from(cohort)].voice = voice;
        self.note(Fact::Migration(MigrationFact::CohortArrived { cohort, at }));
        self.count_clients();
        self.no_return_from_here();
    }

    /// Who comes back to the source while the operator has stopped the others is stopped as well.
    fn voice_on_arrival(&self, cohort: u16, at: Side) -> Voice {
        let is_stopped = matches!(self.state.migration.operator, Operator::Completing(_))
            && self.migration_plan().cut_over == CutOver::StopWritesFirst;
        match at {
            Side::Source if is_stopped && self.hears(cohort) => Voice::Stopped,
            Side::Source | Side::Target => Voice::Writing,
        }
    }

    /// Whether the cohort hears of what the operator says.
    fn hears(&self, cohort: u16) -> bool {
        let clients = &self.migration_plan().clients;
        cohort < clients.cohorts - clients.stray
    }

    /// The operator stops all clients of the source that hear of it.
    pub(super) fn stop_clients(&mut self) {
        self.state.migration.stopped = self.now;
        for cohort in self.led_cohorts() {
            let state = &mut self.state.migration.cohorts[usize::from(cohort)];
            if state.voice == Voice::Writing {
                state.voice = Voice::Stopped;
            }
        }
        self.count_clients();
    }

    /// Clients that were stopped at the source write to it again.
    pub(super) fn release_clients(&mut self) {
        for cohort in &mut self.state.migration.cohorts {
            if cohort.side == Side::Source && cohort.voice == Voice::Stopped {
                cohort.voice = Voice::Writing;
            }
        }
        self.count_clients();
    }

    /// Everybody goes back to the source once he hears of it, or stays there.
    pub(super) fn clients_go_back(&mut self) {
        self.state.migration.clock.moves += 1;
        for cohort in 0..self.state.migration.cohorts.len() as u16 {
            self.cohort_is_told(cohort, Side::Source, Purpose::CohortReturn);
        }
        self.release_clients();
    }

    /// The cohort is told where to write: it leaves when it hears of that, and arrives first if it
    /// is on its way to the other side. What it was told before and did not hear yet is void.
    fn cohort_is_told(&mut self, cohort: u16, to: Side, purpose: Purpose) {
        let law = &self.migration_plan().clients.moves;
        let n = self.state.migration.clock.moves;
        let hears = self.now + self.cohort_time(law, cohort, purpose, n);
        let slot = self.slots.cohort(self.plan, cohort);
        let state = &mut self.state.migration.cohorts[usize::from(cohort)];
        let is_there = state.side == to;
        match state.next {
            NextMove::Leaves(_) if is_there => {
                state.next = NextMove::Stays;
                self.queue.clear(slot);
            }
            NextMove::ArrivesAndLeaves(_) if is_there => state.next = NextMove::Arrives,
            NextMove::Stays | NextMove::Arrives if is_there => {}
            NextMove::Arrives => state.next = NextMove::ArrivesAndLeaves(hears),
            NextMove::Stays => self.cohort_next(cohort, NextMove::Leaves(to), hears),
            // It was told before to leave, and leaves when it hears of either.
            NextMove::ArrivesAndLeaves(at) => {
                state.next = NextMove::ArrivesAndLeaves(at.min(hears));
            }
            NextMove::Leaves(_) => {
                let due = self.queue.pending(slot).map_or(hears, |due| due.min(hears));
                self.cohort_next(cohort, NextMove::Leaves(to), due);
            }
        }
    }

    /// The cohort is on its way, and writes to nobody.
    pub(super) fn cohort_leaves(&mut self, cohort: u16, to: Side) {
        let state = &mut self.state.migration.cohorts[usize::from(cohort)];
        state.side = to;
        state.voice = Voice::Travelling;
        self.note(Fact::Migration(MigrationFact::CohortMoves { cohort, to }));
        self.count_clients();
        let law = &self.migration_plan().clients.repoint;
        let n = self.state.migration.clock.moves;
        let takes = self.cohort_time(law, cohort, Purpose::CohortRepoint, n);
        self.cohort_next(cohort, NextMove::Arrives, self.now + takes);
    }

    /// Sums up who writes where.
    fn count_clients(&mut self) {
        for link in 0..self.state.migration.links.len() {
            let (target, source) = self.plan.pair(link);
            let all = self.plan.shards[source.idx()].writes_per_sec;
            for (shard, side) in [(source, Side::Source), (target, Side::Target)] {
                let offer = self.offer_of(side, all);
                let was = self.state.books(shard).offer;
                if !was.is_by_the_same(&offer) {
                    let sent_before = was.sent();
                    let (cohorts, held) = (offer.cohorts, offer.held);
                    let (rate, held_rate) = (offer.rate, offer.held_rate);
                    self.settle(shard);
                    let fact = MigrationFact::Clients { shard, cohorts, held, rate, held_rate };
                    self.note(Fact::Migration(fact));
                    self.change_access(shard, Cause::Migration, |books| {
                        books.offer = Offer { sent_before, ..offer };
                    });
                }
            }
            // Once nobody writes to the other side any more, it is known what went astray.
            let sent = |shard: ShardId| self.state.books(shard).offer.sent();
            match self.state.migration.truth {
                Side::Target if sent(source) == 0 => self.tell_diverged(link),
                Side::Source if sent(target) == 0 => self.abandon_targets_writes(link),
                Side::Source | Side::Target => {}
            }
        }
    }

    /// What the clients of one side offer to a shard to which all clients would send `all`.
    fn offer_of(&self, side: Side, all: u64) -> Offer {
        let plan = self.migration_plan();
        let since = self.now;
        let nobody = Offer { rate: 0, held_rate: 0, cohorts: 0, held: 0, since, sent_before: 0 };
        let there = self.state.migration.cohorts.iter().enumerate();
        there.filter(|(_, cohort)| cohort.side == side).fold(nobody, |sum, (k, cohort)| {
            let rate = plan.share(all, k as u16);
            let (held, held_rate) = match cohort.voice {
                Voice::Writing => (0, 0),
                Voice::Stopped | Voice::Travelling => (1, rate),
            };
            Offer {
                rate: sum.rate + rate,
                held_rate: sum.held_rate + held_rate,
                cohorts: sum.cohorts + 1,
                held: sum.held + held,
                ..sum
            }
        })
    }

    /// Tells what changed in all shards that clients move from and to.
    pub(super) fn tell_both_sides(&mut self) {
        for link in 0..self.state.migration.links.len() {
            let (target, source) = self.plan.pair(link);
            self.tell_changes(source);
            self.tell_changes(target);
        }
    }

    /// Clients write to a target that is the application's database: from here on a roll-back loses
    /// writes.
    fn no_return_from_here(&mut self) {
        let migration = &self.state.migration;
        let cohorts = &migration.cohorts;
        let writes = cohorts
            .iter()
            .any(|cohort| cohort.side == Side::Target && cohort.voice == Voice::Writing);
        if migration.truth == Side::Target && migration.way_back == WayBack::Free && writes {
            self.state.migration.way_back = WayBack::Costs;
            let group = self.target();
            self.note(Fact::Migration(MigrationFact::PointOfNoReturn { group }));
        }
    }

    /// The migration is complete: the cohorts that hear of it move over, each in its time.
    pub(super) fn clients_may_move(&mut self) {
        self.state.migration.operator = Operator::Done;
        self.queue.clear(self.slots.operator());
        self.no_return_from_here();
        self.state.migration.clock.moves += 1;
        for cohort in 0..self.state.migration.cohorts.len() as u16 {
            if self.hears(cohort) {
                self.cohort_is_told(cohort, Side::Target, Purpose::CohortMove);
            }
        }
    }

    /// The cohorts that write to the source and hear of what the operator says.
    fn led_cohorts(&self) -> Vec<u16> {
        let cohorts = &self.state.migration.cohorts;
        let is_at_source = |cohort: &u16| cohorts[usize::from(*cohort)].side == Side::Source;
        let all = 0..cohorts.len() as u16;
        all.filter(|cohort| self.hears(*cohort)).filter(is_at_source).collect()
    }
}
