//! Operations: calls of the API in simulated time, with their preconditions, errors and effects.
//!
//! A call is answered at once: refused, which changes nothing, or accepted. What it asks for then
//! takes its time as the group's one workflow. A modification switches Multi-AZ when it is
//! accepted and automatic failover when it is complete, so protection ends, and begins, with the
//! completion (MZ-57). What the service does on its own is in `maintenance`.
//!
//! Preconditions ask what the control plane can know (`policy::ControlView`): a node that stopped
//! and was not missed yet is available to them. What is then commanded meets the truth. What the
//! API says of itself (the switches, the workflow, AZs that are down) is true.

use crate::engine::time::Span;
use crate::model::api::{Call, Refusal};
use crate::model::draws::Purpose;
use crate::model::fact::{Cause, Fact, Observer, OperationFact, Target};
use crate::model::node::Haste;
use crate::model::plan::{
    Answer, Apply, Changes, ClusterMode, Direction, ExternalReplicas, GroupId, InAzOutage, Keeper,
    NodeId, Operation, RebootBy, ShardId, Support, Switch,
};
use crate::model::policy::ControlView;
use crate::model::state::{
    AutomaticFailover, Az, Belief, ByHand, Data, Dataset, Failover, Process, PromotionStep,
    Replacement, Serving, Workflow,
};
use crate::model::{Event, Step};

/// How long somebody waits before a refused last step of a manual promotion is tried again
/// (assumed).
const PATIENCE: Span = Span::from_secs(60);

impl Changes {
    /// Whether one modification can make all these changes, whatever the group is (MZ-57, MZ-58,
    /// MZ-66).
    pub fn go_together(&self) -> Result<(), Refusal> {
        let is_protected = [self.automatic_failover, self.multi_az].contains(&Some(Switch::On));
        match (self.multi_az, self.automatic_failover, self.append_only_file) {
            (Some(Switch::On), Some(Switch::Off), _) => Err(Refusal::MultiAzNeedsFailover),
            (Some(Switch::On), _, Some(Switch::On)) => Err(Refusal::AppendOnlyFile),
            _ if self.primary.is_some() && is_protected => Err(Refusal::PromotionIsProtected),
            _ => Ok(()),
        }
    }
}

impl<O: Observer> Step<'_, O> {
    /// A call, or work that the scenario has the service begin.
    pub(super) fn operation_due(&mut self, operation: &Operation) {
        match *operation {
            Operation::Migration { target, call } => self.migration_call(target, call),
            Operation::Modify { group, changes, apply } => self.modify(group, changes, apply),
            Operation::PromoteReplica { node } => self.promote_by_hand(node),
            Operation::TestFailover { shard, answer } => self.test_failover(shard, answer),
            Operation::Reboot { node } => self.reboot_by_customer(node),
            Operation::SetReplicas { group, count, direction, apply } => {
                self.set_replicas(group, (direction, count), apply);
            }
            Operation::AttachExternalReplica { group, hinders_permille } => {
                self.attach_external_replica(group, hinders_permille);
            }
            Operation::CreateSnapshot { group } => {
                let answer = self.create_snapshot(group);
                self.answer(Call::CreateSnapshot, group, answer);
            }
            Operation::ServiceUpdate { group, apply, method } => {
                self.service_update(group, apply, method);
            }
        }
    }

    /// Tells how a call was answered; says whether it was accepted.
    pub(super) fn answer(
        &mut self,
        call: Call,
        group: GroupId,
        answer: Result<(), Refusal>,
    ) -> bool {
        let fact = match answer {
            Ok(()) => OperationFact::Accepted { call, group },
            Err(refusal) => OperationFact::Refused { call, group, refusal },
        };
        self.note(Fact::Operation(fact));
        answer.is_ok()
    }

    /// Tells what the API says of the group now.
    pub(super) fn tell_group(&mut self, group: GroupId) {
        let state = *self.state.group(group);
        self.note(Fact::Operation(OperationFact::GroupChanged {
            group,
            status: state.status(),
            automatic_failover: state.automatic_failover,
            multi_az: state.multi_az,
        }));
    }

    /// From now on this is what the control plane is doing to the group; nothing of it is due yet.
    pub(super) fn set_workflow(&mut self, group: GroupId, workflow: Workflow) {
        self.state.group_mut(group).workflow = workflow;
        self.queue.clear(self.slots.workflow(group));
    }

    pub(super) fn shards_of(
        &self,
        group: GroupId,
    ) -> impl Iterator<Item = ShardId> + Clone + use<O> {
        self.plan.groups[group.idx()].shards.clone().map(ShardId)
    }

    /// Whether the API knows the group.
    pub(super) fn runs_in_elasticache(&self, group: GroupId) -> Result<(), Refusal> {
        match self.plan.groups[group.idx()].keeper {
            Keeper::ElastiCache => Ok(()),
            Keeper::Users => Err(Refusal::NotInElastiCache),
        }
    }

    /// Whether nothing is being done to the group as a whole.
    pub(super) fn is_available(&self, group: GroupId) -> Result<(), Refusal> {
        self.runs_in_elasticache(group)?;
        if self.state.group(group).backup.is_some() {
            return Err(Refusal::GroupIsSnapshotting);
        }
        match self.state.group(group).workflow {
            Workflow::Idle => Ok(()),
            // Whoever waits to go on with a promotion by hand does something else instead.
            Workflow::Modifying(_, Some(ByHand { step: PromotionStep::WaitingToGoOn, .. })) => {
                Ok(())
            }
            Workflow::TestCalled(_) => Err(Refusal::TestInProgress),
            Workflow::Modifying(..) | Workflow::Updating(_) | Workflow::Scaling => {
                Err(Refusal::GroupIsModifying)
            }
            Workflow::Migrating(_) => Err(Refusal::GroupIsMigrating),
        }
    }

    /// The replicas of the shard that are part of it, available or not.
    fn replicas(&self, shard: ShardId) -> impl Iterator<Item = NodeId> + '_ {
        let primary = self.state.shard(shard).primary;
        let is_member = |node: &NodeId| self.state.node(*node).process != Process::Absent;
        let nodes = self.plan.shards[shard.idx()].node_ids();
        nodes.filter(move |node| *node != primary).filter(is_member)
    }

    /// Whether the node answers and holds a complete copy.
    fn is_complete(&self, node: NodeId) -> bool {
        self.state.answers(node) && self.state.node(node).data == Data::Complete
    }

    /// What a precondition may ask about the shard: beliefs, and what nodes reported.
    pub(super) fn view(&self, shard: ShardId) -> ControlView<'_> {
        ControlView::new(self.plan, self.state, shard)
    }

    /// Whether the shard has a replica that counts as available.
    fn has_replica(&self, shard: ShardId) -> Result<(), Refusal> {
        if self.replicas(shard).next().is_none() {
            return Err(Refusal::NoReplica);
        }
        let view = self.view(shard);
        match self.replicas(shard).any(|node| view.seems_available(node)) {
            true => Ok(()),
            false => Err(Refusal::NoAvailableReplica),
        }
    }

    /// `ModifyReplicationGroup`. What is applied at once takes along what waits for the window
    /// (MZ-22), and what is to wait must go together with what waits already.
    fn modify(&mut self, group: GroupId, changes: Changes, apply: Apply) {
        let all = changes.over(&self.state.group(group).pending);
        let asked = match apply {
            Apply::Immediately => all,
            Apply::InWindow => changes,
        };
        let answer = self
            .is_available(group)
            .and_then(|()| all.go_together())
            .and_then(|()| self.may_modify(group, &asked));
        if !self.answer(Call::ModifyReplicationGroup, group, answer) {
            return;
        }
        match apply {
            Apply::Immediately => {
                self.state.group_mut(group).pending = Changes::NONE;
                self.begin_modification(group, all, None);
            }
            Apply::InWindow => {
                self.state.group_mut(group).pending = all;
                self.note(Fact::Operation(OperationFact::ChangesPending { group }));
                self.pending_work(group);
            }
        }
    }

    /// Whether the group may become what the changes make of it (MZ-14, MZ-15, MZ-57, MZ-58,
    /// MZ-66).
    pub(super) fn may_modify(&self, group: GroupId, changes: &Changes) -> Result<(), Refusal> {
        let state = self.state.group(group);
        let mode = self.plan.groups[group.idx()].cluster_mode;
        let failover = changes.automatic_failover.unwrap_or(match state.automatic_failover {
            AutomaticFailover::Enabled | AutomaticFailover::Enabling => Switch::On,
            AutomaticFailover::Disabled | AutomaticFailover::Disabling => Switch::Off,
        });
        let multi_az = changes.multi_az.unwrap_or(state.multi_az);
        if changes.automatic_failover == Some(Switch::Off) && mode == ClusterMode::Enabled {
            return Err(Refusal::FailoverIsMandatory);
        }
        if multi_az == Switch::On && failover == Switch::Off {
            return Err(Refusal::MultiAzNeedsFailover);
        }
        let of_plan = &self.plan.groups[group.idx()];
        if changes.multi_az == Some(Switch::On) && of_plan.multi_az_support == Support::Unsupported
        {
            return Err(Refusal::MultiAzUnsupported);
        }
        let logs = changes.append_only_file == Some(Switch::On);
        if logs && of_plan.append_only_support == Support::Unsupported {
            return Err(Refusal::AppendOnlyUnsupported);
        }
        let file = changes.append_only_file.unwrap_or(state.append_only_file);
        if multi_az == Switch::On && file == Switch::On {
            return Err(Refusal::AppendOnlyFile);
        }
        if [changes.automatic_failover, changes.multi_az].contains(&Some(Switch::On)) {
            for shard in self.shards_of(group) {
                self.has_replica(shard)?;
            }
        }
        if changes.snapshotting_node.is_some() && mode == ClusterMode::Enabled {
            return Err(Refusal::SnapshottingNodeInClusterMode);
        }
        match changes.primary {
            // Whoever is promoted by hand is protected by the last step, not by the same call.
            Some(_) if mode == ClusterMode::Enabled => Err(Refusal::PromotionInClusterMode),
            Some(_) if multi_az == Switch::On || failover == Switch::On => {
                Err(Refusal::PromotionIsProtected)
            }
            Some(node) => self.may_be_promoted(node),
            None => Ok(()),
        }
    }

    /// Whether a person may promote the node now (MZ-57).
    fn may_be_promoted(&self, node: NodeId) -> Result<(), Refusal> {
        let shard = self.plan.nodes[node.idx()].shard;
        let group = self.plan.shards[shard.idx()].group;
        let state = self.state.group(group);
        if self.plan.groups[group.idx()].cluster_mode == ClusterMode::Enabled {
            return Err(Refusal::PromotionInClusterMode);
        }
        if state.automatic_failover.protects() || state.multi_az == Switch::On {
            return Err(Refusal::PromotionIsProtected);
        }
        if self.state.shard(shard).primary == node {
            return Err(Refusal::AlreadyPrimary);
        }
        match self.view(shard).seems_available(node) {
            true => Ok(()),
            false => Err(Refusal::NodeNotAvailable),
        }
    }

    /// Whether the node obeys the command to become primary, which is where belief meets the truth.
    fn obeys(&self, node: NodeId) -> Result<(), Refusal> {
        match self.is_complete(node) {
            true => Ok(()),
            false => Err(Refusal::NodeNotAvailable),
        }
    }

    /// The modification begins: Multi-AZ is switched at once, automatic failover when it is done
    /// (MZ-19). The group is then what it would be had it been created so (MZ-13).
    pub(super) fn begin_modification(
        &mut self,
        group: GroupId,
        changes: Changes,
        by_hand: Option<ByHand>,
    ) {
        self.set_workflow(group, Workflow::Modifying(changes, by_hand));
        let state = self.state.group_mut(group);
        if let Some(multi_az) = changes.multi_az {
            state.multi_az = multi_az;
        }
        state.automatic_failover = match (changes.automatic_failover, state.automatic_failover) {
            (Some(Switch::On), AutomaticFailover::Disabled) => AutomaticFailover::Enabling,
            (Some(Switch::Off), AutomaticFailover::Enabled) => AutomaticFailover::Disabling,
            (_, now) => now,
        };
        let n = self.state.clocks.groups[group.idx()].modifications;
        self.state.clocks.groups[group.idx()].modifications += 1;
        let takes = self.group_time(&self.plan.timing.modify, group, Purpose::Modify, n);
        self.queue.schedule(
            self.slots.workflow(group),
            self.now + takes,
            Event::WorkflowDue(group),
        );
        self.tell_group(group);
    }

    /// The next step of what the control plane does to the group is due.
    pub(super) fn workflow_due(&mut self, group: GroupId) {
        match self.state.group(group).workflow {
            Workflow::Modifying(changes, by_hand) => {
                self.modification_done(group, &changes, by_hand);
            }
            Workflow::TestCalled(shard) => self.test_strikes(group, shard),
            Workflow::Updating(method) => self.update_step_due(group, method),
            Workflow::Migrating(stage) => self.migration_step_due(group, stage),
            Workflow::Idle | Workflow::Scaling => unreachable!("nothing is due"),
        }
    }

    fn modification_done(&mut self, group: GroupId, changes: &Changes, by_hand: Option<ByHand>) {
        let state = self.state.group_mut(group);
        state.workflow = Workflow::Idle;
        state.automatic_failover = match state.automatic_failover {
            AutomaticFailover::Enabling => AutomaticFailover::Enabled,
            AutomaticFailover::Disabling => AutomaticFailover::Disabled,
            now @ (AutomaticFailover::Enabled | AutomaticFailover::Disabled) => now,
        };
        if let Some(file) = changes.append_only_file {
            state.append_only_file = file;
        }
        self.change_backups(group, changes);
        if changes.automatic_failover.is_some() {
            self.failover_was_switched(group);
        }
        if let Some(node) = changes.primary {
            match self.may_be_promoted(node).and_then(|()| self.obeys(node)) {
                Ok(()) => self.give_primary_to(node),
                refused => {
                    self.answer(Call::ModifyReplicationGroup, group, refused);
                }
            }
        }
        self.tell_group(group);
        match by_hand {
            Some(by_hand) => self.promotion_by_hand_goes_on(group, by_hand),
            None => self.pending_work(group),
        }
    }

    /// Automatic failover is on or off from now: who waits for a primary, waits for another one.
    fn failover_was_switched(&mut self, group: GroupId) {
        for shard in self.shards_of(group) {
            let state = *self.state.shard(shard);
            let is_waiting = state.serving != Serving::Yes
                && state.failover == Failover::Idle
                && state.dataset == Dataset::Held;
            let is_known = self.state.node(state.primary).belief == Belief::Down
                || state.serving == Serving::No;
            // Those who watch the primary decide on its successor, whatever is switched; and one
            // that reads its file is about to serve.
            let is_left_alone = self.is_left_to_watchers(shard) || self.reads_file(shard);
            if is_waiting && is_known && !is_left_alone {
                match self.successor_rule(shard) {
                    Some(_) => self.start_promotion(shard),
                    None => self.nobody_follows(shard),
                }
                self.tell_changes(shard);
            }
        }
    }

    /// A person makes the node primary: by a hand-over where there is a primary to hand over from.
    fn give_primary_to(&mut self, node: NodeId) {
        let shard = self.plan.nodes[node.idx()].shard;
        if self.state.serves(shard) {
            self.hand_over(shard, node);
        } else {
            self.state.shard_mut(shard).failover = Failover::Idle;
            self.queue.clear(self.slots.failover(shard));
            self.promote(shard, node, 1);
        }
        self.repair_shard(shard);
        self.tell_changes(shard);
    }

    /// The four steps of a manual promotion begin (MZ-57).
    fn promote_by_hand(&mut self, node: NodeId) {
        let shard = self.plan.nodes[node.idx()].shard;
        let group = self.plan.shards[shard.idx()].group;
        let state = *self.state.group(group);
        let is_clustered = self.plan.groups[group.idx()].cluster_mode == ClusterMode::Enabled;
        let on = |is_on: bool| is_on.then_some(Switch::On);
        let back = Changes {
            multi_az: on(state.multi_az == Switch::On),
            automatic_failover: on(state.automatic_failover.protects()),
            ..Changes::NONE
        };
        let mode = match is_clustered {
            true => Err(Refusal::PromotionInClusterMode),
            false => Ok(()),
        };
        let answer = self.is_available(group).and(mode);
        if answer.is_err() {
            self.answer(Call::ModifyReplicationGroup, group, answer);
            return;
        }
        let by_hand = ByHand { node, step: PromotionStep::MultiAzOff, back };
        self.promotion_step(group, by_hand);
    }

    /// A step of a manual promotion is complete, or was not needed.
    fn promotion_by_hand_goes_on(&mut self, group: GroupId, by_hand: ByHand) {
        let step = match by_hand.step {
            PromotionStep::MultiAzOff => PromotionStep::FailoverOff,
            PromotionStep::FailoverOff => PromotionStep::Promote,
            PromotionStep::Promote | PromotionStep::WaitingToGoOn => PromotionStep::BackOn,
            PromotionStep::BackOn => {
                self.pending_work(group);
                return;
            }
        };
        self.promotion_step(group, ByHand { step, ..by_hand });
    }

    /// Calls for one step of a manual promotion; one that changes nothing is passed over.
    fn promotion_step(&mut self, group: GroupId, by_hand: ByHand) {
        let off = |was: Option<Switch>| was.map(|_| Switch::Off);
        let changes = match by_hand.step {
            PromotionStep::MultiAzOff => {
                Changes { multi_az: off(by_hand.back.multi_az), ..Changes::NONE }
            }
            PromotionStep::FailoverOff => {
                let automatic_failover = off(by_hand.back.automatic_failover);
                Changes { automatic_failover, ..Changes::NONE }
            }
            PromotionStep::Promote => Changes { primary: Some(by_hand.node), ..Changes::NONE },
            PromotionStep::BackOn | PromotionStep::WaitingToGoOn => by_hand.back,
        };
        if changes == Changes::NONE {
            self.promotion_by_hand_goes_on(group, by_hand);
            return;
        }
        let answer = self.may_modify(group, &changes);
        if self.answer(Call::ModifyReplicationGroup, group, answer) {
            self.begin_modification(group, changes, Some(by_hand));
            return;
        }
        // What was switched off goes on again all the same, as soon as that is possible.
        let waiting = ByHand { step: PromotionStep::WaitingToGoOn, ..by_hand };
        let is_hopeless = matches!(answer, Err(Refusal::NoReplica | Refusal::AppendOnlyFile));
        if waiting.back == Changes::NONE || is_hopeless {
            self.pending_work(group);
            return;
        }
        self.set_workflow(group, Workflow::Modifying(Changes::NONE, Some(waiting)));
        let slot = self.slots.workflow(group);
        self.queue.schedule(slot, self.now + PATIENCE, Event::WorkflowDue(group));
    }

    /// `TestFailover`: whether it is accepted (MZ-40 to MZ-48), and its beginning. Each group has
    /// its own workflow, so several groups can be tested at a time (MZ-42).
    fn test_failover(&mut self, shard: ShardId, answer: Answer) {
        if answer == Answer::Cancel {
            self.note(Fact::Operation(OperationFact::TestFailoverCancelled { shard }));
            return;
        }
        let group = self.plan.shards[shard.idx()].group;
        let may = self.may_test(shard, group).and_then(|()| {
            // A call that is refused uses nothing up, so the quota is asked last.
            match self.state.clocks.tests.take(self.now) {
                true => Ok(()),
                false => Err(Refusal::TestQuota),
            }
        });
        if !self.answer(Call::TestFailover, group, may) {
            return;
        }
        let primary = self.state.shard(shard).primary;
        self.set_workflow(group, Workflow::TestCalled(shard));
        self.state.group_mut(group).testing = Some(primary);
        self.note(Fact::Operation(OperationFact::TestFailoverCalled { shard }));
        let n = self.state.clocks.groups[group.idx()].tests;
        self.state.clocks.groups[group.idx()].tests += 1;
        let law = &self.plan.timing.test_failover;
        let takes = self.group_time(law, group, Purpose::TestFailover, n);
        let slot = self.slots.workflow(group);
        self.queue.schedule(slot, self.now + takes, Event::WorkflowDue(group));
    }

    fn may_test(&self, shard: ShardId, group: GroupId) -> Result<(), Refusal> {
        self.is_available(group)?;
        let state = self.state.group(group);
        if state.testing.is_some() {
            return Err(Refusal::TestInProgress);
        }
        let is_large_event = self.is_home(group) && self.state.config.azs.contains(&Az::Down);
        let blocks = self.plan.control_plane.test_failover_in_az_outage == InAzOutage::Blocked;
        if is_large_event && blocks {
            return Err(Refusal::LargeEvent);
        }
        if self.replicas(shard).next().is_none() {
            return Err(Refusal::NoReplica);
        }
        if self.successor_rule(shard).is_none() {
            return Err(Refusal::FailoverOff);
        }
        if state.multi_az == Switch::Off {
            return Err(Refusal::MultiAzOff);
        }
        if !self.view(shard).seems_served(shard) {
            return Err(Refusal::NoPrimary);
        }
        self.has_replica(shard)
    }

    /// The control plane takes the tested primary offline and fails over at once: there is nothing
    /// to detect. If another primary has taken its place, or its replicas are gone meanwhile, there
    /// is nothing left to test (assumed: a test does not lose a dataset).
    fn test_strikes(&mut self, group: GroupId, shard: ShardId) {
        let state = self.state.group_mut(group);
        state.workflow = Workflow::Idle;
        let primary = self.state.shard(shard).primary;
        let (cause, target) = (Cause::TestFailover, Target::Primary(shard));
        let is_same = self.state.group(group).testing == Some(primary);
        let has_replica = self.replicas(shard).any(|node| self.is_complete(node));
        let can_fail_over = self.state.serves(shard) && has_replica;
        if !is_same || !can_fail_over {
            self.state.group_mut(group).testing = None;
            self.note(Fact::FaultMissed { cause, target });
        } else {
            self.note(Fact::FaultStruck { cause, target });
            self.node_stops(primary, Process::Lost, cause);
            self.state.node_mut(primary).belief = Belief::Down;
            self.state.node_mut(primary).replacement = Replacement::Scheduled;
            self.shard_loses(shard, cause);
            self.start_promotion(shard);
            self.tell_changes(shard);
        }
        self.pending_work(group);
    }

    /// After the failover of a test the control plane recovers the old primary.
    pub(super) fn recover_tested(&mut self, from: NodeId) {
        if self.state.node(from).replacement == Replacement::Scheduled {
            let takes = self.planned_step(from);
            let slot = self.slots.service(from);
            self.queue.schedule(slot, self.now + takes, Event::RecoveryDue(from));
        }
    }

    /// The recovery that a workflow scheduled begins.
    pub(super) fn recovery_due(&mut self, node: NodeId) {
        self.begin_replacement(node, Haste::Planned);
        self.tell_changes(self.plan.nodes[node.idx()].shard);
    }

    /// The failover that scheduled recoveries wait for does not come: they begin like others.
    pub(super) fn release_scheduled(&mut self, shard: ShardId) {
        for node in self.plan.shards[shard.idx()].node_ids() {
            let pending = self.queue.pending(self.slots.service(node));
            let state = self.state.node_mut(node);
            if state.replacement == Replacement::Scheduled && pending.is_none() {
                state.replacement = Replacement::Idle;
            }
        }
    }

    /// Once the old primary of a test is back with a complete copy, or was removed, the next test
    /// may come (MZ-43).
    pub(super) fn test_may_be_over(&mut self, group: GroupId) {
        let Some(node) = self.state.group(group).testing else { return };
        if self.is_complete(node) || self.state.node(node).process == Process::Absent {
            self.state.group_mut(group).testing = None;
        }
    }

    /// `RebootCacheCluster` (MZ-60).
    fn reboot_by_customer(&mut self, node: NodeId) {
        let shard = self.plan.nodes[node.idx()].shard;
        let group = self.plan.shards[shard.idx()].group;
        let is_clustered = self.plan.groups[group.idx()].cluster_mode == ClusterMode::Enabled;
        let answer = self.is_available(group).and_then(|()| {
            if is_clustered {
                Err(Refusal::RebootInClusterMode)
            } else if self.may_be_rebooted(node) {
                Ok(())
            } else {
                Err(Refusal::NodeNotAvailable)
            }
        });
        if self.answer(Call::RebootCacheCluster, group, answer) {
            self.reboot(node, RebootBy::Customer);
        }
    }

    /// Whether the node counts as running, complete or not. A reboot of one that is not does
    /// nothing.
    fn may_be_rebooted(&self, node: NodeId) -> bool {
        let shard = self.plan.nodes[node.idx()].shard;
        self.state.answers(node) || self.view(shard).seems_available(node)
    }

    /// A node outside ElastiCache follows the group (MZ-64, MZ-65).
    fn attach_external_replica(&mut self, group: GroupId, hinders_permille: u16) {
        let answer = match self.plan.groups[group.idx()].external_replicas {
            ExternalReplicas::Refused => Err(Refusal::ExternalReplicas),
            ExternalReplicas::Hazard => Ok(()),
        };
        if self.answer(Call::AttachExternalReplica, group, answer) {
            self.state.group_mut(group).hindered_permille = hinders_permille;
            self.note(Fact::Operation(OperationFact::ExternalReplicaAttached { group }));
        }
    }

    /// Whether an external replica makes the promotion of this instant fail; it can while Multi-AZ
    /// is on (MZ-65; with which chance is assumed).
    pub(super) fn failover_is_hindered(&mut self, shard: ShardId) -> bool {
        let state = self.state.group(self.plan.shards[shard.idx()].group);
        let permille = state.hindered_permille;
        let is_hindered =
            permille > 0 && state.multi_az == Switch::On && self.is_hindered(shard, permille);
        if is_hindered {
            self.note(Fact::Operation(OperationFact::FailoverHindered { shard }));
        }
        is_hindered
    }

    /// `IncreaseReplicaCount` and `DecreaseReplicaCount`.
    fn set_replicas(&mut self, group: GroupId, (direction, count): (Direction, u8), apply: Apply) {
        let call = match direction {
            Direction::Increase => Call::IncreaseReplicaCount,
            Direction::Decrease => Call::DecreaseReplicaCount,
        };
        let answer = self
            .is_available(group)
            .and_then(|()| self.may_set_replicas(group, (direction, count), apply));
        if !self.answer(call, group, answer) {
            return;
        }
        self.state.group_mut(group).replicas = count;
        for shard in self.shards_of(group) {
            match direction {
                Direction::Increase => self.add_replicas(shard, count),
                Direction::Decrease => self.remove_replicas(shard, count),
            }
        }
        if direction == Direction::Decrease {
            // The tested node may be among the removed ones.
            self.pending_work(group);
        }
        if direction == Direction::Increase {
            self.set_workflow(group, Workflow::Scaling);
            self.tell_group(group);
        }
    }

    fn may_set_replicas(
        &self,
        group: GroupId,
        (direction, count): (Direction, u8),
        apply: Apply,
    ) -> Result<(), Refusal> {
        let state = self.state.group(group);
        if apply == Apply::InWindow {
            return Err(Refusal::ReplicaCountAtOnce);
        }
        let is_change = match direction {
            Direction::Increase => count > state.replicas,
            Direction::Decrease => count < state.replicas,
        };
        if !is_change {
            return Err(Refusal::ReplicaCountDirection);
        }
        let needs_one = state.multi_az == Switch::On || state.automatic_failover.protects();
        if count == 0 && needs_one {
            return Err(Refusal::TooFewReplicas);
        }
        // The number changes at once, with commands to the primaries: they meet the truth.
        match self.shards_of(group).all(|shard| self.state.serves(shard)) {
            true => Ok(()),
            false => Err(Refusal::NoPrimary),
        }
    }

    /// Provisions new replicas until the shard has so many.
    fn add_replicas(&mut self, shard: ShardId, count: u8) {
        for node in self.plan.shards[shard.idx()].node_ids() {
            let n_replicas = self.replicas(shard).count();
            let is_absent = self.state.node(node).process == Process::Absent;
            if is_absent && n_replicas < usize::from(count) {
                let state = self.state.node_mut(node);
                state.process = Process::Lost;
                state.belief = Belief::Down;
                self.note(Fact::Operation(OperationFact::NodeAdded { node }));
                self.begin_replacement(node, Haste::Addition);
            }
        }
        self.tell_changes(shard);
    }

    /// Removes the replicas with the largest ids until the shard has so many.
    fn remove_replicas(&mut self, shard: ShardId, count: u8) {
        while self.replicas(shard).count() > usize::from(count) {
            let rank = |node: &NodeId| self.plan.nodes[node.idx()].rank;
            let last = self.replicas(shard).max_by_key(rank).expect("there is one too many");
            self.node_stops(last, Process::Absent, Cause::Planned);
            self.state.node_mut(last).belief = Belief::Up;
            self.note(Fact::Operation(OperationFact::NodeRemoved { node: last }));
        }
        self.test_may_be_over(self.plan.shards[shard.idx()].group);
        self.sync_sources_lost(shard);
        self.close_window_if_settled(shard);
        self.tell_changes(shard);
    }
}
