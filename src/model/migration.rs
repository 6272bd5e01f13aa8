//! Online migration: the calls, their answers, and how far the target is in the control plane's
//! eyes.
//!
//! `StartMigration` makes every shard of the target a replica of the source's shard with the same
//! hash slots, which are moved first where they differ. If that cannot be done, it is tried some
//! times more, and then the target is its own master again. While it follows (`follow`) all other
//! calls are refused. `CompleteMigration` promotes the target if it is in sync, or else leaves
//! everything as it is and tells why; with force it promotes it whatever it lacks. The completion
//! begins a new history in the books of the target, which branches off from the source's: what the
//! target lacked is only in the source from then on, and so is what the source takes later.

use crate::engine::time::Span;
use crate::model::api::{Call, Refusal};
use crate::model::draws::Purpose;
use crate::model::fact::{Cause, Fact, Hindrance, Loss, MigrationFact, Observer};
use crate::model::plan::{
    Force, GroupId, Layout, MigrationCall, MigrationPlan, Obstacle, Plan, ShardId, SourceEndpoint,
    Switch,
};
use crate::model::replication::age_of_oldest;
use crate::model::state::{
    Completion, Copy, LinkHeld, LinkStage, NanoWrites, Node, Operator, Process, Replacement, Side,
    SlotLayout, Stage, Synced, WayBack, Workflow,
};
use crate::model::{Event, Step};

impl<'a, O: Observer> Step<'a, O> {
    /// The migration of the plan; what is of a migration happens only where there is one.
    pub(super) fn migration_plan(&self) -> &'a MigrationPlan {
        let plan: &'a Plan = self.plan;
        plan.migration.as_ref().expect("what is of a migration happens only in one")
    }
}

impl<O: Observer> Step<'_, O> {
    /// The group to which data is migrated.
    pub(super) fn target(&self) -> GroupId {
        self.migration_plan().target
    }

    /// A call of a migration, or what its operator does.
    pub(super) fn migration_call(&mut self, target: GroupId, call: MigrationCall) {
        match call {
            MigrationCall::Test(endpoint) => self.test_migration(target, endpoint),
            MigrationCall::Start(endpoint) => self.start_migration(target, endpoint),
            MigrationCall::Complete(Force::No) => {
                self.complete_migration(target, Completion::Ensured);
            }
            MigrationCall::Complete(Force::Yes) => {
                self.complete_migration(target, Completion::Forced);
            }
            MigrationCall::Stop => {
                self.complete_migration(target, Completion::Stopped);
            }
            MigrationCall::CutOver => self.begin_cut_over(target),
            MigrationCall::RollBack => self.roll_back(target),
        }
    }

    /// Whether data may be migrated from there into the group as it is now (OM-01 to OM-05).
    fn may_migrate(&self, target: GroupId, endpoint: SourceEndpoint) -> Result<(), Refusal> {
        if let Workflow::Migrating(_) = self.state.group(target).workflow {
            return Err(Refusal::AlreadyUnderMigration);
        }
        self.is_available(target)?;
        if let SourceEndpoint::Refused(refusal) = endpoint {
            return Err(refusal);
        }
        if let Some(refusal) = self.migration_plan().refusals.first() {
            return Err(*refusal);
        }
        if self.state.group(target).multi_az == Switch::Off {
            return Err(Refusal::MigrationNeedsMultiAz);
        }
        match self.shards_of(target).all(|shard| self.view(shard).seems_served(shard)) {
            true => Ok(()),
            false => Err(Refusal::NoPrimary),
        }
    }

    /// `TestMigration`: checks, and changes nothing.
    fn test_migration(&mut self, target: GroupId, endpoint: SourceEndpoint) {
        let is_tested = self.queue.pending(self.slots.migration_test()).is_some();
        let answer = self.may_migrate(target, endpoint).and(match is_tested {
            true => Err(Refusal::MigrationIsTested),
            false => Ok(()),
        });
        if self.answer(Call::TestMigration, target, answer) {
            self.note(Fact::Migration(MigrationFact::Prepared { group: target }));
            self.state.migration.tested = endpoint;
            let n = self.state.migration.clock.tests;
            self.state.migration.clock.tests += 1;
            let law = &self.migration_plan().timing.test;
            let takes = self.group_time(law, target, Purpose::MigrationTest, n);
            let slot = self.slots.migration_test();
            self.queue.schedule(slot, self.now + takes, Event::MigrationTested);
        }
    }

    /// The result of the test is there.
    pub(super) fn migration_tested(&mut self) {
        let aim = self.state.migration.tested;
        let obstacle = match self.obstacle(aim) {
            None if self.is_any_target_too_small() => Some(Obstacle::TargetTooSmall),
            obstacle => obstacle,
        };
        let group = self.target();
        self.note(Fact::Migration(MigrationFact::Tested { group, obstacle }));
    }

    /// Whether a shard of the target has no room for what it would copy now.
    fn is_any_target_too_small(&mut self) -> bool {
        let links = 0..self.state.migration.links.len();
        let mut sources = links.map(|link| self.plan.pair(link).1);
        sources.any(|source| {
            self.settle(source);
            self.migration_plan().link.has_no_room_for(self.held_bytes(source))
        })
    }

    /// `StartMigration` (OM-06).
    fn start_migration(&mut self, target: GroupId, endpoint: SourceEndpoint) {
        let answer = self.may_migrate(target, endpoint);
        if !self.answer(Call::StartMigration, target, answer) {
            return;
        }
        self.note(Fact::Migration(MigrationFact::Prepared { group: target }));
        let migration = &mut self.state.migration;
        migration.aim = endpoint;
        migration.started = self.now;
        migration.synced = Synced::NotYet;
        let n = migration.clock.starts;
        migration.clock.starts += 1;
        self.give_up_restore(target);
        self.set_workflow(target, Workflow::Migrating(Stage::Preparing));
        let law = &self.migration_plan().timing.start;
        let takes = self.group_time(law, target, Purpose::MigrationStart, n);
        self.next_step_in(target, takes);
        self.tell_group(target);
        self.operator_starts();
    }

    fn next_step_in(&mut self, group: GroupId, takes: Span) {
        let slot = self.slots.workflow(group);
        self.queue.schedule(slot, self.now + takes, Event::WorkflowDue(group));
    }

    /// The next step of the migration is due.
    pub(super) fn migration_step_due(&mut self, group: GroupId, stage: Stage) {
        match stage {
            Stage::Preparing => match (self.migration_plan().layout, self.state.migration.layout) {
                (Layout::Resharded { slots }, SlotLayout::Created) => {
                    self.set_workflow(group, Workflow::Migrating(Stage::Resharding));
                    let per_slot = self.migration_plan().timing.reshard_slot;
                    self.next_step_in(group, per_slot.times(u64::from(slots)));
                    self.note(Fact::Migration(MigrationFact::ReshardBegan { group, slots }));
                }
                (Layout::Same, _) | (_, SlotLayout::AsInSource) => self.attempt(group, 1),
            },
            Stage::Resharding => {
                self.state.migration.layout = SlotLayout::AsInSource;
                self.attempt(group, 1);
            }
            Stage::Connecting(failed) => self.attempt(group, failed + 1),
            Stage::Completing(completion) => self.try_to_complete(group, completion),
            Stage::Running => unreachable!("a migration that runs waits for a call"),
        }
    }

    /// What keeps the target from following the source at that endpoint.
    fn obstacle(&self, aim: SourceEndpoint) -> Option<Obstacle> {
        let SourceEndpoint::Node(node) = aim else {
            return Some(Obstacle::WrongAddress);
        };
        let of_plan = self.migration_plan().obstacles.first();
        let links = 0..self.state.migration.links.len();
        let of_link = |link: usize| self.link_obstacle(link, self.upstream_at(link, node));
        of_plan.copied().or_else(|| links.filter_map(of_link).next())
    }

    /// The target's primaries try to become replicas of the source (OM-07, OM-08).
    fn attempt(&mut self, group: GroupId, attempt: u16) {
        if let SourceEndpoint::Node(node) = self.state.migration.aim {
            for link in 0..self.state.migration.links.len() {
                self.link_mut(link).upstream = self.upstream_at(link, node);
            }
        }
        self.become_replicas(group);
        let Some(obstacle) = self.obstacle(self.state.migration.aim) else {
            self.set_workflow(group, Workflow::Migrating(Stage::Running));
            self.tell_group(group);
            self.note(Fact::Migration(MigrationFact::Connected { group }));
            self.source_is_truth_again(group);
            (0..self.state.migration.links.len()).for_each(|link| self.connect(link));
            self.tell_targets();
            return;
        };
        let attempts = self.migration_plan().link.attempts;
        let fact = MigrationFact::AttemptFailed { group, obstacle, attempt, attempts };
        self.note(Fact::Migration(fact));
        if attempt < attempts {
            self.set_workflow(group, Workflow::Migrating(Stage::Connecting(attempt)));
            let n = self.state.migration.clock.attempts;
            self.state.migration.clock.attempts += 1;
            let law = &self.migration_plan().link.retry;
            let takes = self.group_time(law, group, Purpose::MigrationAttempt, n);
            self.next_step_in(group, takes);
            return;
        }
        self.note(Fact::Migration(MigrationFact::GaveUp { group, obstacle }));
        self.operator_rests();
        self.targets_are_masters();
        self.migration_is_over(group);
    }

    /// The target's primaries take no writes from now on.
    fn become_replicas(&mut self, group: GroupId) {
        for link in 0..self.state.migration.links.len() {
            if self.link(link).stage == LinkStage::Off {
                self.link_mut(link).stage = LinkStage::Down;
            }
        }
        self.shards_of(group).for_each(|shard| {
            self.writers_lose_primary(shard, Cause::Migration);
        });
        self.tell_shards(group);
    }

    /// The target's primaries are masters again, with what they have.
    fn targets_are_masters(&mut self) {
        for link in 0..self.state.migration.links.len() {
            let (target, source) = self.plan.pair(link);
            self.settle(source);
            self.freeze_link(link);
            let node = self.state.shard(target).primary;
            let upstream = self.link(link).upstream;
            if self.state.node(node).upstream == Some(upstream) {
                self.state.node_mut(node).upstream = None;
            }
            let state = self.link_mut(link);
            state.stage = LinkStage::Off;
            state.ends = None;
            state.history = None;
            self.queue.clear(self.slots.migration_link(link));
        }
    }

    /// The group is available again, and takes writes.
    fn migration_is_over(&mut self, group: GroupId) {
        self.set_workflow(group, Workflow::Idle);
        self.tell_group(group);
        for shard in self.shards_of(group) {
            self.writers_retry(shard);
        }
        self.tell_shards(group);
        self.pending_work(group);
    }

    /// Whether the migration may be completed, or stopped, now.
    fn may_complete(&self, target: GroupId, completion: Completion) -> Result<(), Refusal> {
        match (self.state.group(target).workflow, completion) {
            (Workflow::Migrating(Stage::Running), _) => Ok(()),
            // To force it, or to stop, is possible while it is being completed otherwise.
            (
                Workflow::Migrating(Stage::Completing(Completion::Ensured)),
                Completion::Forced | Completion::Stopped,
            ) => Ok(()),
            (Workflow::Migrating(_), _) => Err(Refusal::GroupIsModifying),
            _ => Err(Refusal::NotUnderMigration),
        }
    }

    /// `CompleteMigration`; says whether it was accepted (OM-09).
    pub(super) fn complete_migration(&mut self, target: GroupId, completion: Completion) -> bool {
        let answer =
            self.runs_in_elasticache(target).and_then(|()| self.may_complete(target, completion));
        if !self.answer(Call::CompleteMigration, target, answer) {
            return false;
        }
        self.set_workflow(target, Workflow::Migrating(Stage::Completing(completion)));
        let n = self.state.migration.clock.completions;
        self.state.migration.clock.completions += 1;
        let law = &self.migration_plan().timing.complete;
        let takes = self.group_time(law, target, Purpose::MigrationComplete, n);
        self.next_step_in(target, takes);
        self.tell_both_sides();
        true
    }

    /// What keeps the migration from being completed so.
    fn hindrance(&self, group: GroupId, completion: Completion) -> Option<Hindrance> {
        if !self.shards_of(group).all(|shard| self.state.serves(shard)) {
            return Some(Hindrance::NoPrimary);
        }
        if completion != Completion::Ensured {
            return None;
        }
        let is_replaced = |node: &Node| {
            node.process == Process::Lost
                || matches!(node.replacement, Replacement::Provisioning | Replacement::WaitingForAz)
        };
        let mut shards = self.shards_of(group);
        if shards.any(|shard| self.nodes_of(shard).iter().any(is_replaced)) {
            return Some(Hindrance::NodeIsReplaced);
        }
        (!self.all_in_sync()).then_some(Hindrance::NotInSync)
    }

    /// The target is to be promoted now, if it can.
    fn try_to_complete(&mut self, group: GroupId, completion: Completion) {
        // A target that trails by a lag gets in sync when nobody has written for as long.
        self.tell_if_in_sync();
        if let Some(why) = self.hindrance(group, completion) {
            self.set_workflow(group, Workflow::Migrating(Stage::Running));
            self.note(Fact::Migration(MigrationFact::NotCompleted { group, why }));
            self.tell_both_sides();
            self.completion_failed(why);
            return;
        }
        self.targets_are_masters();
        match completion {
            Completion::Stopped => {
                self.note(Fact::Migration(MigrationFact::Stopped { group }));
                self.cut_over_is_given_up();
            }
            Completion::Ensured | Completion::Forced => {
                for link in 0..self.state.migration.links.len() {
                    self.promote_target(link);
                }
                self.state.migration.truth = Side::Target;
                let force = match completion {
                    Completion::Forced => Force::Yes,
                    Completion::Ensured | Completion::Stopped => Force::No,
                };
                self.note(Fact::Migration(MigrationFact::Completed { group, force }));
            }
        }
        self.migration_is_over(group);
        if completion != Completion::Stopped {
            self.clients_may_move();
        }
        self.tell_both_sides();
    }

    /// The shard of the target is the application's from now on: its books take over what it has of
    /// the source's history, and what it lacks is in no target.
    fn promote_target(&mut self, link: usize) {
        let (shard, source) = self.plan.pair(link);
        self.settle(shard);
        self.settle(source);
        let link_state = *self.link(link);
        let from = *self.state.books(source);
        let inherited = match link_state.held {
            LinkHeld::Own | LinkHeld::Nothing => 0,
            LinkHeld::Migrated => link_state.copy.offset,
        };
        // What the source lost since the target got it comes back with the target.
        let common = inherited.min(link_state.common).min(from.offset);
        let books = self.state.books_mut(shard);
        books.inherited += inherited;
        books.offset += inherited;
        books.branch = Copy { history: books.history, offset: books.offset };
        books.history.0 += 1;
        let (now, began) = (self.now, books.history);
        let state = self.link_mut(link);
        state.began = Some(began);
        (state.shared, state.archived) = (common, 0);
        state.told = from.acknowledged;
        state.completed = now;
        let writes = from.offset - common;
        let window = self.age_of_last(source, writes);
        let loss = Loss { writes, beside: 0, window };
        let node = self.state.shard(shard).primary;
        let missing_bytes = match link_state.held {
            LinkHeld::Own | LinkHeld::Nothing => self.held_bytes(source),
            LinkHeld::Migrated => 0,
        };
        let regained = inherited - common;
        let fact = MigrationFact::ShardCompleted { shard, node, loss, regained, missing_bytes };
        self.note(Fact::Migration(fact));
    }

    /// The source's data is the application's from now on, if it was the target's.
    pub(super) fn source_is_truth_again(&mut self, group: GroupId) {
        if self.state.migration.truth == Side::Source {
            return;
        }
        (0..self.state.migration.links.len()).for_each(|link| self.roll_back_application(link));
        self.state.migration.truth = Side::Source;
        self.state.migration.went_back = self.now;
        self.state.migration.way_back = WayBack::Free;
        self.note(Fact::Migration(MigrationFact::RolledBack { group }));
    }

    /// Nobody writes any more to a target that is not the application's database: what clients
    /// wrote to it is lost with their way back.
    pub(super) fn abandon_targets_writes(&mut self, link: usize) {
        let (shard, _) = self.plan.pair(link);
        self.settle(shard);
        let books = self.state.books(shard);
        let writes = books.offset + books.archived;
        if writes > 0 {
            // All of them are its own.
            let window = self.age_of_targets_own(shard, writes);
            self.empty_books(shard);
            self.tell_rolled_back(shard, Loss { writes, beside: 0, window }, 0);
        }
    }

    /// The application goes back to the source (OM-13): what only the target has is lost, and what
    /// only the source had is not any more.
    fn roll_back_application(&mut self, link: usize) {
        self.tell_diverged(link);
        let (shard, source) = self.plan.pair(link);
        self.settle(shard);
        let of_source = self.state.books(source).offset;
        let books = self.state.books(shard);
        let of_target = books.offset + books.archived;
        let window = self.now.since(self.link(link).completed);
        let common = self.link(link).common_since().min(of_source).min(of_target);
        self.empty_books(shard);
        let loss = Loss { writes: of_target - common, beside: 0, window };
        self.tell_rolled_back(shard, loss, of_source - common);
    }

    fn tell_rolled_back(&mut self, shard: ShardId, loss: Loss, regained: NanoWrites) {
        let fact = MigrationFact::ShardRolledBack { shard, loss, regained };
        self.note(Fact::Migration(fact));
    }

    /// Nothing that the target's shard has is the application's, and a new history begins in its
    /// books.
    fn empty_books(&mut self, shard: ShardId) {
        let books = self.state.books_mut(shard);
        // What only a snapshot has, and was to be restored, is the target's as well.
        books.lost += std::mem::take(&mut books.offset) + std::mem::take(&mut books.archived);
        books.branch = Copy { history: books.history, offset: 0 };
        books.history.0 += 1;
        let copy = Copy { history: books.history, offset: 0 };
        self.state.archive.shard_mut(shard).cut(0);
        self.state.archive.shard_mut(shard).kept = None;
        self.take_archived_common(shard);
        if !self.state.serves(shard) {
            // Whatever its nodes hold.
            let nodes = self.plan.shards[shard.idx()].node_range();
            self.state.ledger.copies[nodes].fill(copy);
        }
    }

    /// What the source took since the completion and nobody was told of.
    pub(super) fn tell_diverged(&mut self, link: usize) {
        let (_, shard) = self.plan.pair(link);
        self.settle(shard);
        let books = *self.state.books(shard);
        let writes = books.acknowledged - self.link(link).told;
        self.link_mut(link).told = books.acknowledged;
        if writes > 0 {
            let window = self.now.since(self.link(link).completed);
            let loss = Loss { writes, beside: 0, window };
            self.note(Fact::Migration(MigrationFact::Diverged { shard, loss }));
        }
    }

    /// What clients wrote to a target that is not the application's database is in no source.
    fn tell_targets_own(&mut self, link: usize) {
        let (shard, _) = self.plan.pair(link);
        let writes = self.state.books(shard).offset;
        if writes > 0 {
            let window = self.age_of_targets_own(shard, writes);
            let loss = Loss { writes, beside: 0, window };
            self.note(Fact::Migration(MigrationFact::Diverged { shard, loss }));
        }
    }

    /// Age of the oldest of the writes that a target has which is not the application's database:
    /// none is from before the application went back.
    fn age_of_targets_own(&self, shard: ShardId, writes: NanoWrites) -> Span {
        let went_back = self.now.since(self.state.migration.went_back);
        self.age_of_last(shard, writes).min(went_back)
    }

    /// Age of the oldest of the last `writes` that the shard took.
    pub(super) fn age_of_last(&self, shard: ShardId, writes: NanoWrites) -> Span {
        if writes == 0 {
            return Span::ZERO;
        }
        let books = self.state.books(shard);
        let (rate, until) = match (books.accepting, books.offer.sent()) {
            (false, _) => (books.offer.sent().max(books.offer.sent_before), books.stopped),
            (true, 0) => (books.offer.sent_before, books.offer.since),
            (true, sent) => (sent, self.now),
        };
        age_of_oldest(writes, rate).plus(self.now.since(until))
    }

    /// The end of the trial: what went astray, and what a way back would cost.
    pub(super) fn tell_migration(&mut self) {
        for link in 0..self.state.migration.links.len() {
            let (shard, _) = self.plan.pair(link);
            if self.state.migration.truth == Side::Source {
                self.tell_targets_own(link);
                continue;
            }
            self.tell_diverged(link);
            let writes = self.state.price_of_return(self.plan, link);
            self.note(Fact::Migration(MigrationFact::PriceOfReturn { shard, writes }));
        }
    }

    /// Whether the target is a replica of the source, and may be about to be promoted.
    pub(super) fn is_replica(&self, group: GroupId) -> bool {
        matches!(
            self.state.group(group).workflow,
            Workflow::Migrating(Stage::Running | Stage::Completing(_))
        )
    }

    /// Nothing waits for a shard of the target any more, or it trails by less: all may be in sync,
    /// and an operator who completes the migration may go on.
    pub(super) fn link_may_be_in_sync(&mut self) {
        self.tell_if_in_sync();
        if let Operator::Completing(_) = self.state.migration.operator {
            self.complete_if_ready();
        }
    }

    /// All links are in sync, for the first time since the start.
    fn tell_if_in_sync(&mut self) {
        if self.state.migration.synced == Synced::NotYet && self.all_in_sync() {
            self.state.migration.synced = Synced::Once;
            let took = self.now.since(self.state.migration.started);
            let group = self.target();
            self.note(Fact::Migration(MigrationFact::AllInSync { group, took }));
            self.operator_sees_sync();
        }
    }
}
