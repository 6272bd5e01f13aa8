//! The operator of an online migration: who leads the cut-over, gives it up, and goes back.
//!
//! With `stop-writes-first` he stops the clients, waits until the target has everything, and
//! completes the migration; otherwise he completes it while they write. If that does not succeed
//! while he has patience, the clients go on with the source; a call that is under way then is
//! waited for. Who rolls back tries to stop the migration until it is stopped.

use crate::engine::law::Law;
use crate::engine::time::{SimTime, Span};
use crate::model::api::{Call, Refusal};
use crate::model::draws::Purpose;
use crate::model::fact::{Fact, Hindrance, MigrationFact, Observer};
use crate::model::plan::{CutOver, CutOverBegins, GroupId};
use crate::model::state::{Completion, Link, Operator, Side, Stage, Workflow};
use crate::model::{Event, Step};

impl<O: Observer> Step<'_, O> {
    /// The migration is started: what the operator did before is over, and he may go on as planned
    /// so long after the start.
    pub(super) fn operator_starts(&mut self) {
        self.operator_rests();
        if let Some(CutOverBegins::AfterStart(law)) = &self.migration_plan().cut_over_begins {
            self.schedule_cut_over(law);
        }
    }

    /// The target is in sync for the first time: he may go on so long after that.
    pub(super) fn operator_sees_sync(&mut self) {
        if let Some(CutOverBegins::AfterSync(law)) = &self.migration_plan().cut_over_begins
            && self.state.migration.operator == Operator::Idle
        {
            self.schedule_cut_over(law);
        }
    }

    /// He has nothing to do.
    pub(super) fn operator_rests(&mut self) {
        self.state.migration.operator = Operator::Idle;
        self.queue.clear(self.slots.operator());
    }

    fn schedule_cut_over(&mut self, law: &Law) {
        let n = self.state.migration.clock.cut_overs;
        self.state.migration.clock.cut_overs += 1;
        let after = self.group_time(law, self.target(), Purpose::CutOver, n);
        self.state.migration.operator = Operator::Scheduled;
        self.operator_next(self.now + after);
    }

    fn operator_next(&mut self, at: SimTime) {
        self.queue.schedule(self.slots.operator(), at, Event::OperatorDue);
    }

    /// How long until he tries again.
    fn again(&mut self) -> Span {
        let n = self.state.migration.clock.again;
        self.state.migration.clock.again += 1;
        let law = &self.migration_plan().timing.again;
        self.group_time(law, self.target(), Purpose::MigrationAgain, n)
    }

    /// He looks again later.
    fn looks_again(&mut self) {
        let again = self.again();
        self.operator_next(self.now + again);
    }

    /// He does what he does next.
    pub(super) fn operator_due(&mut self) {
        let is_on_its_way = self.is_on_its_way();
        match self.state.migration.operator {
            // Nothing is connected yet: he looks again later.
            Operator::Scheduled | Operator::Stopping if is_on_its_way => self.looks_again(),
            Operator::Scheduled => {
                self.state.migration.operator = Operator::Idle;
                self.begin_cut_over(self.target());
            }
            Operator::Completing(until) if self.now < until => {
                self.operator_next(until);
                self.link_may_be_in_sync();
            }
            // A call under way is waited for.
            Operator::Completing(_) if self.is_being_completed() => {}
            Operator::Completing(_) => {
                self.cut_over_is_given_up();
                self.tell_both_sides();
            }
            Operator::Stopping => self.stop_for_good(),
            Operator::Idle | Operator::Done => {
                unreachable!("an operator that is due has something to do")
            }
        }
    }

    /// Whether the migration was started and the target is no replica yet.
    fn is_on_its_way(&self) -> bool {
        matches!(
            self.state.group(self.target()).workflow,
            Workflow::Migrating(Stage::Preparing | Stage::Resharding | Stage::Connecting(_))
        )
    }

    /// Whether a call to complete or stop the migration is under way.
    fn is_being_completed(&self) -> bool {
        matches!(
            self.state.group(self.target()).workflow,
            Workflow::Migrating(Stage::Completing(_))
        )
    }

    /// He begins with the cut-over.
    pub(super) fn begin_cut_over(&mut self, target: GroupId) {
        let answer = match self.state.migration.operator {
            _ if !self.is_replica(target) && !self.is_on_its_way() => {
                Err(Refusal::NotUnderMigration)
            }
            Operator::Stopping => Err(Refusal::GroupIsModifying),
            Operator::Idle | Operator::Scheduled | Operator::Completing(_) | Operator::Done => {
                Ok(())
            }
        };
        if answer.is_err() {
            self.answer(Call::CompleteMigration, target, answer);
            return;
        }
        if self.is_on_its_way() {
            // The call would be refused until the target is a replica (OM-12): he waits for that.
            self.state.migration.operator = Operator::Scheduled;
            self.looks_again();
            return;
        }
        let until = self.now + self.migration_plan().timing.patience;
        self.state.migration.operator = Operator::Completing(until);
        self.note(Fact::Migration(MigrationFact::CutOverBegan { group: target }));
        self.operator_next(until);
        if self.migration_plan().cut_over == CutOver::StopWritesFirst {
            self.stop_clients();
        }
        self.complete_if_ready();
        self.tell_both_sides();
    }

    /// He calls `CompleteMigration`, unless he has, or waits for the target first.
    pub(super) fn complete_if_ready(&mut self) {
        let target = self.target();
        let is_running = self.state.group(target).workflow == Workflow::Migrating(Stage::Running);
        let completion = match self.migration_plan().cut_over {
            CutOver::StopWritesFirst if !self.all_caught_up() => return,
            CutOver::StopWritesFirst if self.drained_at() > self.now => {
                let drained = self.drained_at();
                self.operator_next(drained.min(self.patience_ends()));
                return;
            }
            CutOver::StopWritesFirst | CutOver::SwitchOnTheFly => Completion::Ensured,
            CutOver::Force => Completion::Forced,
        };
        if is_running {
            self.complete_migration(target, completion);
        }
    }

    /// Whether nothing waits for the target in any shard.
    fn all_caught_up(&self) -> bool {
        self.state.migration.links.iter().all(|link| link.is_caught_up(self.now))
    }

    /// When what the clients wrote before they were stopped has arrived everywhere.
    fn drained_at(&self) -> SimTime {
        let links = &self.state.migration.links;
        let slowest = links.iter().map(Link::trails).max().unwrap_or(Span::ZERO);
        self.state.migration.stopped + slowest
    }

    /// When he gives the cut-over up.
    fn patience_ends(&self) -> SimTime {
        match self.state.migration.operator {
            Operator::Completing(until) => until,
            Operator::Idle | Operator::Scheduled | Operator::Done | Operator::Stopping => {
                SimTime::NEVER
            }
        }
    }

    /// What he called for could not be done: he tries again, as long as he has patience.
    pub(super) fn completion_failed(&mut self, why: Hindrance) {
        let until = match self.state.migration.operator {
            Operator::Completing(until) if self.now < until => until,
            Operator::Completing(_) => {
                self.cut_over_is_given_up();
                self.tell_both_sides();
                return;
            }
            Operator::Stopping => SimTime::NEVER,
            Operator::Idle | Operator::Scheduled | Operator::Done => return,
        };
        let waits_for_sync = self.migration_plan().cut_over == CutOver::StopWritesFirst
            && self.state.migration.operator != Operator::Stopping;
        let again = self.again();
        let due = match why {
            // He is told when it is in sync.
            Hindrance::NotInSync if waits_for_sync => until,
            Hindrance::NotInSync | Hindrance::NodeIsReplaced | Hindrance::NoPrimary => {
                until.min(self.now + again)
            }
        };
        self.operator_next(due);
    }

    /// He gives the cut-over up, if there is one: clients that he stopped go on with the source.
    pub(super) fn cut_over_is_given_up(&mut self) {
        let group = self.target();
        match self.state.migration.operator {
            Operator::Completing(_) => {
                self.note(Fact::Migration(MigrationFact::CutOverGivenUp { group }));
                self.operator_rests();
                self.release_clients();
            }
            Operator::Idle | Operator::Scheduled | Operator::Stopping => self.operator_rests(),
            Operator::Done => {}
        }
    }

    /// He brings everybody back to the source, and stops a migration that is under way.
    pub(super) fn roll_back(&mut self, target: GroupId) {
        let is_away = |side: Side| side == Side::Target;
        let anybody = self.state.migration.cohorts.iter().any(|cohort| is_away(cohort.side));
        let is_under_way = self.is_replica(target) || self.is_on_its_way();
        if !anybody && !is_under_way && !is_away(self.state.migration.truth) {
            self.answer(Call::CompleteMigration, target, Err(Refusal::NotUnderMigration));
            return;
        }
        self.note(Fact::Migration(MigrationFact::RollBackBegan { group: target }));
        self.cut_over_is_given_up();
        if is_under_way {
            self.state.migration.operator = Operator::Stopping;
            self.stop_for_good();
        } else {
            self.operator_rests();
        }
        self.source_is_truth_again(target);
        self.give_up_restore(target);
        self.clients_go_back();
        self.tell_both_sides();
    }

    /// He stops the migration, whatever is being done to it.
    fn stop_for_good(&mut self) {
        let target = self.target();
        if self.is_on_its_way() {
            self.looks_again();
        } else if self.is_replica(target) {
            self.set_workflow(target, Workflow::Migrating(Stage::Running));
            self.complete_migration(target, Completion::Stopped);
        } else {
            self.operator_rests();
        }
    }
}
