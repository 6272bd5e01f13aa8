//! The clients of an online migration: cohorts that write to the source, are stopped, move over, and
//! may have to go back; and the operator who leads them.
//!
//! With `stop-writes-first` the operator stops the clients, waits until the target has everything,
//! and completes the migration; otherwise he completes it while they write. Then each cohort moves
//! when it hears of it, and writes to nobody on its way. If the migration cannot be completed in
//! time, the clients go on with the source. Some clients hear of nothing, and some move too early.

use crate::engine::law::Law;
use crate::engine::time::{SimTime, Span};
use crate::model::api::{Call, Refusal};
use crate::model::draws::Purpose;
use crate::model::fact::{Cause, Fact, Hindrance, Intake, MigrationFact, Observer};
use crate::model::plan::{CutOver, CutOverBegins, GroupId, ShardId};
use crate::model::state::{
    Completion, NextMove, Offer, Run, ShardLedger, Side, Stage, Voice, WayBack, Workflow,
};
use crate::model::{Event, Step};

impl<O: Observer> Step<'_, O> {
    /// Changes who writes to the shard, or whether they are heard: outages begin and end with it.
    pub(super) fn change_access(
        &mut self,
        shard: ShardId,
        cause: Cause,
        change: impl FnOnce(&mut ShardLedger),
    ) {
        let before = *self.state.books(shard);
        self.settle(shard);
        change(self.state.books_mut(shard));
        let accepting = self.state.books(shard).accepting;
        if self.plan.migration.is_some() && accepting != before.accepting {
            let intake = match accepting {
                true => Intake::Taken,
                false => Intake::Refused,
            };
            self.note(Fact::Migration(MigrationFact::Access { shard, intake }));
        }
        match (before.is_out(), self.state.books(shard).is_out()) {
            (false, true) => {
                let told = &mut self.state.told[shard.idx()];
                told.phase = None;
                told.cause = cause;
                self.note(Fact::WritesStopped { shard, cause });
            }
            (true, false) => {
                self.state.told[shard.idx()].phase = None;
                let node = self.state.shard(shard).primary;
                self.note(Fact::WritesResumed { shard, node });
            }
            (false, false) | (true, true) => {}
        }
    }

    /// Some clients move too early: schedules when.
    pub(super) fn schedule_early_clients(&mut self) {
        let Some(migration) = &self.plan.migration else { return };
        if migration.clients.early == 0 {
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
            NextMove::Arrives => {
                state.voice = Voice::Writing;
                let at = state.side;
                self.note(Fact::Migration(MigrationFact::CohortArrived { cohort, at }));
                self.count_clients();
                self.no_return_from_here();
            }
        }
        self.tell_both_sides();
    }

    /// The cohort is on its way, and writes to nobody.
    fn cohort_leaves(&mut self, cohort: u16, to: Side) {
        let state = &mut self.state.migration.cohorts[usize::from(cohort)];
        state.side = to;
        state.voice = Voice::Held;
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
            if self.state.migration.truth == Side::Target {
                self.tell_diverged(link);
            }
            let all = self.plan.shards[source.idx()].writes_per_sec;
            for (shard, side) in [(source, Side::Source), (target, Side::Target)] {
                let offer = self.offer_of(side, all);
                let was = self.state.books(shard).offer;
                let is_same = (was.rate, was.held_rate, was.cohorts, was.held)
                    == (offer.rate, offer.held_rate, offer.cohorts, offer.held);
                if !is_same {
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
                Voice::Held => (1, rate),
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
        self.state.migration.run = Run::Done;
        self.queue.clear(self.slots.operator());
        self.no_return_from_here();
        self.state.migration.clock.moves += 1;
        let n = self.state.migration.clock.moves;
        for cohort in self.led_cohorts() {
            let law = &self.migration_plan().clients.moves;
            let after = self.cohort_time(law, cohort, Purpose::CohortMove, n);
            self.cohort_next(cohort, NextMove::Leaves(Side::Target), self.now + after);
        }
    }

    /// The cohorts that write to the source and hear of what the operator says.
    fn led_cohorts(&self) -> Vec<u16> {
        let stray = self.migration_plan().clients.stray;
        let cohorts = &self.state.migration.cohorts;
        let n_led = cohorts.len() as u16 - stray;
        let is_at_source = |cohort: &u16| cohorts[usize::from(*cohort)].side == Side::Source;
        (0..n_led).filter(is_at_source).collect()
    }

    /// The operator goes on as planned so long after the start.
    pub(super) fn cut_over_after_start(&mut self) {
        if let Some(CutOverBegins::AfterStart(law)) = &self.migration_plan().cut_over_begins {
            let law = law.clone();
            self.schedule_cut_over(&law);
        }
    }

    /// The same so long after the target was in sync first.
    pub(super) fn cut_over_after_sync(&mut self) {
        if let Some(CutOverBegins::AfterSync(law)) = &self.migration_plan().cut_over_begins {
            let law = law.clone();
            self.schedule_cut_over(&law);
        }
    }

    fn schedule_cut_over(&mut self, law: &Law) {
        if self.state.migration.run == Run::Idle {
            let n = self.state.migration.clock.cut_overs;
            self.state.migration.clock.cut_overs += 1;
            let after = self.group_time(law, self.target(), Purpose::CutOver, n);
            self.state.migration.run = Run::Scheduled;
            self.queue.schedule(self.slots.operator(), self.now + after, Event::OperatorDue);
        }
    }

    /// The operator does what he does next.
    pub(super) fn operator_due(&mut self) {
        match self.state.migration.run {
            Run::Scheduled if self.is_on_its_way() => {
                let again = self.again();
                self.queue.schedule(self.slots.operator(), self.now + again, Event::OperatorDue);
            }
            Run::Scheduled => {
                self.state.migration.run = Run::Idle;
                self.begin_cut_over(self.target());
            }
            Run::Completing(until) if self.now < until => {
                self.queue.schedule(self.slots.operator(), until, Event::OperatorDue);
                self.complete_if_ready();
            }
            Run::Completing(_) => {
                self.cut_over_is_given_up();
                self.tell_both_sides();
            }
            Run::Idle | Run::Done => unreachable!("an operator that is due has something to do"),
        }
    }

    /// Whether the migration was started and the target is no replica yet: whoever wants to cut over
    /// waits for that.
    fn is_on_its_way(&self) -> bool {
        matches!(
            self.state.group(self.target()).workflow,
            Workflow::Migrating(Stage::Preparing | Stage::Resharding | Stage::Connecting(_))
        )
    }

    /// How long until the operator tries again.
    fn again(&mut self) -> Span {
        let n = self.state.migration.clock.again;
        self.state.migration.clock.again += 1;
        let law = &self.migration_plan().timing.again;
        self.group_time(law, self.target(), Purpose::MigrationAgain, n)
    }

    /// The operator begins with the cut-over.
    pub(super) fn begin_cut_over(&mut self, target: GroupId) {
        if !self.is_migrating(target) {
            self.answer(Call::CompleteMigration, target, Err(Refusal::NotUnderMigration));
            return;
        }
        let until = self.now + self.migration_plan().timing.patience;
        self.state.migration.run = Run::Completing(until);
        self.note(Fact::Migration(MigrationFact::CutOverBegan { group: target }));
        self.queue.schedule(self.slots.operator(), until, Event::OperatorDue);
        if self.migration_plan().cut_over == CutOver::StopWritesFirst {
            for cohort in self.led_cohorts() {
                self.state.migration.cohorts[usize::from(cohort)].voice = Voice::Held;
            }
            self.count_clients();
        }
        self.complete_if_ready();
        self.tell_both_sides();
    }

    /// The operator calls `CompleteMigration`, unless he has, or waits for the target first.
    pub(super) fn complete_if_ready(&mut self) {
        let target = self.target();
        let is_running = self.state.group(target).workflow == Workflow::Migrating(Stage::Running);
        let in_sync = self.state.migration.links.iter().all(|link| link.is_in_sync(self.now));
        let completion = match self.migration_plan().cut_over {
            CutOver::StopWritesFirst if !in_sync => return,
            CutOver::StopWritesFirst | CutOver::SwitchOnTheFly => Completion::Ensured,
            CutOver::Force => Completion::Forced,
        };
        if is_running {
            self.complete_migration(target, completion);
        }
    }

    /// The migration could not be completed: the operator tries again, as long as he has patience.
    pub(super) fn completion_failed(&mut self, why: Hindrance) {
        let Run::Completing(until) = self.state.migration.run else { return };
        let takes = self.again();
        let due = match (why, self.migration_plan().cut_over) {
            // He is told when it is in sync.
            (Hindrance::NotInSync, CutOver::StopWritesFirst) => until,
            _ => until.min(self.now + takes),
        };
        self.queue.schedule(self.slots.operator(), due, Event::OperatorDue);
    }

    /// The operator gives the cut-over up, if there is one: clients that he stopped go on with the
    /// source.
    pub(super) fn cut_over_is_given_up(&mut self) {
        let run = std::mem::replace(&mut self.state.migration.run, Run::Idle);
        self.queue.clear(self.slots.operator());
        match run {
            Run::Completing(_) => {
                let group = self.target();
                self.note(Fact::Migration(MigrationFact::CutOverGivenUp { group }));
                self.release_clients();
            }
            Run::Idle | Run::Scheduled => {}
            Run::Done => self.state.migration.run = Run::Done,
        }
    }

    /// Clients that were stopped at the source write to it again.
    fn release_clients(&mut self) {
        for cohort in &mut self.state.migration.cohorts {
            if cohort.side == Side::Source && cohort.next != NextMove::Arrives {
                cohort.voice = Voice::Writing;
            }
        }
        self.count_clients();
    }

    /// The operator brings everybody back to the source, and stops a migration that runs.
    pub(super) fn roll_back(&mut self, target: GroupId) {
        if self.state.migration.truth == Side::Source && !self.is_migrating(target) {
            self.answer(Call::CompleteMigration, target, Err(Refusal::NotUnderMigration));
            return;
        }
        if self.is_migrating(target) {
            self.set_workflow(target, Workflow::Migrating(Stage::Running));
            self.complete_migration(target, Completion::Stopped);
        }
        self.source_is_truth_again(target);
        self.abandon_targets_writes();
        self.cut_over_is_given_up();
        self.state.migration.clock.moves += 1;
        for cohort in 0..self.state.migration.cohorts.len() as u16 {
            let state = self.state.migration.cohorts[usize::from(cohort)];
            match (state.side, state.next) {
                (Side::Target, _) => {
                    self.cohort_leaves(cohort, Side::Source);
                }
                (Side::Source, NextMove::Leaves(_)) => {
                    self.state.migration.cohorts[usize::from(cohort)].next = NextMove::Stays;
                    self.queue.clear(self.slots.cohort(self.plan, cohort));
                }
                (Side::Source, NextMove::Stays | NextMove::Arrives) => {}
            }
        }
        self.release_clients();
        self.tell_both_sides();
    }
}
