//! What nodes, AZs and shards are, as the facts of a trial tell it.

use super::{AzIs, Ending, Lag, NodeIs, NodeView, OutageView, Reach, ShardView, Writes};
use crate::engine::time::SimTime;
use crate::model::fact::{
    BackupFact, Fact, Intake, IsolationFact, MigrationFact, OperationFact, Phase, ReplicasFact,
    Role, Stop,
};
use crate::model::plan::{AzId, GroupId, Membership, NodeId, Plan, ShardId};
use crate::model::state::AutomaticFailover;

/// Folds the facts of a trial, in order.
#[derive(Clone)]
pub(in crate::report) struct Fold<'p> {
    plan: &'p Plan,
    nodes: Vec<NodeState>,
    azs_down: Vec<bool>,
    shards: Vec<ShardState>,
    /// By group: whether a lost primary is followed by a replica.
    failover: Vec<AutomaticFailover>,
    /// Those that are over.
    outages: Vec<OutageView>,
}

#[derive(Clone, Copy)]
struct NodeState {
    view: NodeView,
    /// Since when its process does not run.
    stopped: Option<SimTime>,
}

#[derive(Clone)]
struct ShardState {
    primary: NodeId,
    endpoint: NodeId,
    outage: Option<OutageView>,
    /// Writes that WAIT fails, per second.
    failing: u64,
    /// Cohorts of clients that write to it, or are to, and those of them that are held.
    clients: (u16, u16),
    /// Whether clients that are not held reach a primary, as far as a migration tells.
    intake: Intake,
    /// When its primary came back empty, the last time.
    came_back_empty: Option<SimTime>,
    /// What its primary is to the source of a migration.
    in_migration: NodeIs,
    /// The primary that gets a new node as planned, which then copies what the old one keeps.
    recreated: Option<NodeId>,
    kept: u64,
    astray: u64,
}

impl<'p> Fold<'p> {
    /// At the start of a trial.
    pub(in crate::report) fn new(plan: &'p Plan) -> Self {
        let view = |is| NodeView { is, reach: Reach::Open, lag: None };
        let node = |place: &crate::model::plan::Node| NodeState {
            view: view(match place.membership {
                Membership::Member => NodeIs::Replica,
                Membership::Absent => NodeIs::Absent,
            }),
            stopped: None,
        };
        let mut nodes: Vec<NodeState> = plan.nodes.iter().map(node).collect();
        for shard in &plan.shards {
            nodes[usize::from(shard.nodes.start)].view.is = NodeIs::Primary;
        }
        let shard = |id: ShardId| {
            let primary = NodeId(plan.shards[id.idx()].nodes.start);
            ShardState {
                primary,
                endpoint: primary,
                outage: None,
                failing: 0,
                clients: (plan.cohorts_at_start(id), 0),
                intake: Intake::Taken,
                came_back_empty: None,
                in_migration: NodeIs::Primary,
                recreated: None,
                kept: 0,
                astray: 0,
            }
        };
        let failover = |group: &crate::model::plan::Group| match group.promotes_at_start() {
            Some(_) => AutomaticFailover::Enabled,
            None => AutomaticFailover::Disabled,
        };
        Fold {
            plan,
            nodes,
            azs_down: vec![false; plan.azs.len()],
            shards: plan.shard_ids().map(shard).collect(),
            failover: plan.groups.iter().map(failover).collect(),
            outages: Vec::new(),
        }
    }

    /// All nodes as a picture shows them.
    pub(in crate::report) fn nodes(&self) -> Vec<NodeView> {
        self.plan.node_ids().map(|node| self.node(node)).collect()
    }

    /// A node: the primary of a shard that follows the source of a migration is a replica.
    pub(in crate::report) fn node(&self, node: NodeId) -> NodeView {
        let view = self.nodes[node.idx()].view;
        let shard = self.plan.nodes[node.idx()].shard;
        match view.is {
            NodeIs::Primary => NodeView { is: self.shards[shard.idx()].in_migration, ..view },
            _ => view,
        }
    }

    /// Since when the node's process does not run.
    pub(in crate::report) fn stopped(&self, node: NodeId) -> Option<SimTime> {
        self.nodes[node.idx()].stopped
    }

    /// All AZs as a picture shows them.
    pub(in crate::report) fn azs(&self) -> Vec<AzIs> {
        (0..self.plan.azs.len()).map(|az| self.az(AzId(az as u16))).collect()
    }

    /// An AZ.
    pub(in crate::report) fn az(&self, az: AzId) -> AzIs {
        if self.azs_down[az.idx()] {
            return AzIs::Down;
        }
        let nodes = self.plan.azs[az.idx()].nodes.iter().map(|node| self.nodes[node.idx()].view);
        let mut there = nodes.filter(|view| view.is != NodeIs::Absent).peekable();
        let is_cut_off = there.peek().is_some() && there.all(|view| view.reach == Reach::CutOff);
        if is_cut_off { AzIs::CutOff } else { AzIs::Up }
    }

    /// All shards as a picture shows them.
    pub(in crate::report) fn shards(&self) -> Vec<ShardView> {
        self.shards.iter().map(ShardState::view).collect()
    }

    /// Who has the role of primary in a shard, or had it last.
    pub(in crate::report) fn primary(&self, shard: ShardId) -> NodeId {
        self.shards[shard.idx()].primary
    }

    /// When the primary of a shard came back empty, the last time.
    pub(in crate::report) fn came_back_empty(&self, shard: ShardId) -> Option<SimTime> {
        self.shards[shard.idx()].came_back_empty
    }

    /// Whether a shard takes writes.
    pub(in crate::report) fn is_writing(&self, shard: ShardId) -> bool {
        self.outage(shard).is_none()
    }

    /// Whether no client writes to a shard, or is to.
    pub(in crate::report) fn is_left(&self, shard: ShardId) -> bool {
        self.shards[shard.idx()].clients.0 == 0
    }

    /// The outage of a shard, if it takes no writes.
    pub(in crate::report) fn outage(&self, shard: ShardId) -> Option<&OutageView> {
        self.shards[shard.idx()].outage.as_ref()
    }

    /// The replicas of a group that are there, and hold no complete copy.
    pub(in crate::report) fn without_copy(&self, group: GroupId) -> Vec<NodeId> {
        let shards = self.plan.groups[group.idx()].shards.clone().map(ShardId);
        let nodes = shards.flat_map(|shard| self.plan.shards[shard.idx()].node_ids());
        let lacks_copy = |node: &NodeId| match self.nodes[node.idx()].view.is {
            NodeIs::Primary | NodeIs::FormerPrimary | NodeIs::Replica | NodeIs::Absent => false,
            NodeIs::Syncing
            | NodeIs::Reading
            | NodeIs::Empty
            | NodeIs::Down
            | NodeIs::ProcessDown
            | NodeIs::Rebooting
            | NodeIs::WaitingForAz
            | NodeIs::Provisioning => true,
        };
        nodes.filter(lacks_copy).collect()
    }

    /// Whether a lost primary of the group is followed by a replica now.
    pub(in crate::report) fn failover(&self, group: GroupId) -> AutomaticFailover {
        self.failover[group.idx()]
    }

    /// All outages of a trial that ended at `until`, in the order in which they began.
    pub(in crate::report) fn outages(mut self, until: SimTime) -> Vec<OutageView> {
        let open = self.shards.iter_mut().filter_map(|shard| shard.outage.take());
        self.outages.extend(open.map(|outage| OutageView { to: until, ..outage }));
        self.outages.sort_by_key(|outage| (outage.from, outage.shard));
        self.outages
    }

    /// Takes in the next fact.
    pub(in crate::report) fn take_in(&mut self, now: SimTime, fact: &Fact) {
        match *fact {
            Fact::AzDown { az } => self.azs_down[az.idx()] = true,
            Fact::AzUp { az } => self.azs_down[az.idx()] = false,
            Fact::NodeDown { node, stop, .. } => self.stops(now, node, stop),
            Fact::LagFrozen { node, lag, behind } => {
                self.view(node).lag = Some(Lag { time: lag, behind });
            }
            Fact::WritesStopped { shard, cause } => {
                let (from, to, ending) = (now, now, Ending::Open);
                let outage = OutageView { shard, cause, from, to, ending, phases: Vec::new() };
                self.shards[shard.idx()].outage = Some(outage);
            }
            Fact::PhaseBegan { shard, phase } => {
                if let Some(outage) = &mut self.shards[shard.idx()].outage {
                    outage.phase_begins(phase, now);
                }
            }
            Fact::WritesResumed { shard, .. } => self.outage_ends(now, shard),
            Fact::Promoted { shard, to, .. }
            | Fact::HandedOver { shard, to, .. }
            | Fact::ColdStarted { shard, node: to }
            | Fact::PrimaryServes { shard, node: to } => self.is_primary(shard, to),
            Fact::EmptyPrimary { shard, node } => {
                self.is_primary(shard, node);
                self.shards[shard.idx()].came_back_empty = Some(now);
            }
            Fact::EndpointUpdated { shard, node } => self.shards[shard.idx()].endpoint = node,
            Fact::ReplacementWaits { node } => self.turns_into(node, NodeIs::WaitingForAz),
            Fact::ReplacementStarted { node } => self.turns_into(node, NodeIs::Provisioning),
            Fact::NodeReplaced { node } if self.is_recreated(node) => {
                self.turns_into(node, NodeIs::Syncing);
            }
            Fact::NodeReplaced { node }
            | Fact::ProcessBack { node }
            | Fact::Flushed { node }
            | Fact::SyncStopped { node } => self.turns_into(node, NodeIs::Empty),
            Fact::SyncStarted { node, .. } => self.turns_into(node, NodeIs::Syncing),
            Fact::Synced { node } | Fact::Reattached { node, .. } => {
                self.turns_into(node, NodeIs::Replica);
            }
            Fact::Operation(ref fact) => self.take_in_operation(fact),
            Fact::Backup(fact) => self.take_in_backup(fact),
            Fact::Isolation(fact) => self.take_in_isolation(fact),
            Fact::Replicas(ReplicasFact::WaitFails { shard, per_sec }) => {
                self.shards[shard.idx()].failing = per_sec;
            }
            Fact::Migration(ref fact) => self.take_in_migration(fact),
            // They change nothing that a picture shows.
            Fact::FaultStruck { .. }
            | Fact::FaultMissed { .. }
            | Fact::PrimaryStopped { .. }
            | Fact::NodeDetected { .. }
            | Fact::FailoverBegan { .. }
            | Fact::FailoverFailed { .. }
            | Fact::FailoverGivenUp { .. }
            | Fact::PrimaryRecreated { .. }
            | Fact::Recovered { .. }
            | Fact::DatasetLost { .. }
            | Fact::ColdStartBegan { .. }
            | Fact::Copies { .. }
            | Fact::Bus(_)
            | Fact::Replicas(_) => {}
        }
    }

    fn view(&mut self, node: NodeId) -> &mut NodeView {
        &mut self.nodes[node.idx()].view
    }

    fn turns_into(&mut self, node: NodeId, is: NodeIs) {
        if is.runs() {
            self.nodes[node.idx()].stopped = None;
        }
        // What it trailed by was said of what it held then.
        let view = self.view(node);
        (view.is, view.lag) = (is, None);
    }

    fn is_recreated(&self, node: NodeId) -> bool {
        self.shards[self.plan.nodes[node.idx()].shard.idx()].recreated == Some(node)
    }

    fn stops(&mut self, now: SimTime, node: NodeId, stop: Stop) {
        if self.is_recreated(node) {
            self.shards[self.plan.nodes[node.idx()].shard.idx()].recreated = None;
        }
        let is = match stop {
            Stop::HostLost | Stop::TakenOffline => NodeIs::Down,
            Stop::Crashed => NodeIs::ProcessDown,
            Stop::Rebooted | Stop::Patched => NodeIs::Rebooting,
            Stop::Removed => NodeIs::Absent,
        };
        let node = &mut self.nodes[node.idx()];
        node.view = NodeView { is, reach: Reach::Open, lag: None };
        node.stopped.get_or_insert(now);
    }

    /// The role of primary is `to`'s; its former holder is a replica, if it still answers.
    fn is_primary(&mut self, shard: ShardId, to: NodeId) {
        let from = std::mem::replace(&mut self.shards[shard.idx()].primary, to);
        let former = self.view(from);
        if from != to && former.is == NodeIs::Primary {
            former.is = match former.reach {
                Reach::CutOff | Reach::Waiting => NodeIs::FormerPrimary,
                Reach::Open => NodeIs::Replica,
            };
        }
        self.shards[shard.idx()].recreated = None;
        self.turns_into(to, NodeIs::Primary);
    }

    fn outage_ends(&mut self, now: SimTime, shard: ShardId) {
        let outage = self.shards[shard.idx()].outage.take();
        let over = outage.map(|it| OutageView { to: now, ending: Ending::Over, ..it });
        self.outages.extend(over);
        // Whoever trailed the lost primary follows the new one, or will copy everything.
        for node in self.plan.shards[shard.idx()].node_ids() {
            self.view(node).lag = None;
        }
    }

    fn take_in_operation(&mut self, fact: &OperationFact) {
        match *fact {
            OperationFact::RecreationBegan { shard, node } => {
                self.shards[shard.idx()].recreated = Some(node);
                self.turns_into(node, NodeIs::Provisioning);
            }
            OperationFact::NodeAdded { node } => self.turns_into(node, NodeIs::Provisioning),
            OperationFact::NodeRemoved { node } => self.turns_into(node, NodeIs::Absent),
            OperationFact::GroupChanged { group, automatic_failover, .. } => {
                self.failover[group.idx()] = automatic_failover;
            }
            OperationFact::Accepted { .. }
            | OperationFact::Refused { .. }
            | OperationFact::TestFailoverCalled { .. }
            | OperationFact::TestFailoverCancelled { .. }
            | OperationFact::ChangesPending { .. }
            | OperationFact::UpdatePending { .. }
            | OperationFact::UpdateBegan { .. }
            | OperationFact::UpdateEnded { .. }
            | OperationFact::Patched { .. }
            | OperationFact::ExternalReplicaAttached { .. }
            | OperationFact::FailoverHindered { .. } => {}
        }
    }

    fn take_in_backup(&mut self, fact: BackupFact) {
        match fact {
            BackupFact::DurableLogRead { node, .. } => self.turns_into(node, NodeIs::Syncing),
            BackupFact::ReplayBegan { node } => self.turns_into(node, NodeIs::Reading),
            BackupFact::NodeRestored { node } => self.turns_into(node, NodeIs::Replica),
            BackupFact::Replayed { shard, node, .. }
            | BackupFact::ServedFromDurableLog { shard, node, .. }
            | BackupFact::ShardSwitched { shard, node, .. }
            | BackupFact::ShardRestored { shard, node, .. } => {
                self.is_primary(shard, node);
                self.shards[shard.idx()].endpoint = node;
            }
            BackupFact::Began { .. }
            | BackupFact::Copies { .. }
            | BackupFact::Completed { .. }
            | BackupFact::Failed { .. }
            | BackupFact::RestoreBegan { .. }
            | BackupFact::RestoreWaits { .. }
            | BackupFact::RestoreStep { .. }
            | BackupFact::Restored { .. }
            | BackupFact::SwitchBegan { .. }
            | BackupFact::Switched { .. }
            | BackupFact::ArchiveLost { .. }
            | BackupFact::LogKept { .. }
            | BackupFact::DurableLogEnds { .. }
            | BackupFact::OnlyInDurableLog { .. } => {}
        }
    }

    fn take_in_isolation(&mut self, fact: IsolationFact) {
        match fact {
            IsolationFact::Began { node, .. } => self.view(node).reach = Reach::CutOff,
            IsolationFact::Ended { node } => self.view(node).reach = Reach::Open,
            IsolationFact::Waits { node, role, .. } => {
                let view = self.view(node);
                view.reach = Reach::Waiting;
                if role == Role::Replica && view.is == NodeIs::Primary {
                    view.is = NodeIs::FormerPrimary;
                }
            }
            IsolationFact::Takes { shard, node } => {
                self.view(node).reach = Reach::Open;
                self.is_primary(shard, node);
            }
            IsolationFact::Beside { shard, kept, astray } => {
                let shard = &mut self.shards[shard.idx()];
                (shard.kept, shard.astray) = (kept, astray);
            }
            IsolationFact::Refuses { .. } | IsolationFact::SplitBrain { .. } => {}
        }
    }

    fn take_in_migration(&mut self, fact: &MigrationFact) {
        match *fact {
            MigrationFact::Connected { group } | MigrationFact::AttemptFailed { group, .. } => {
                self.become_in_migration(group, NodeIs::Replica);
            }
            MigrationFact::GaveUp { group, .. }
            | MigrationFact::Stopped { group }
            | MigrationFact::Completed { group, .. } => {
                self.become_in_migration(group, NodeIs::Primary);
            }
            MigrationFact::LinkSyncBegan { to, .. } => {
                let shard = self.plan.nodes[to.idx()].shard;
                self.shards[shard.idx()].in_migration = NodeIs::Syncing;
            }
            MigrationFact::LinkStreams { shard, .. } | MigrationFact::LinkLost { shard, .. } => {
                self.shards[shard.idx()].in_migration = NodeIs::Replica;
            }
            MigrationFact::Clients { shard, cohorts, held, .. } => {
                self.shards[shard.idx()].clients = (cohorts, held);
            }
            MigrationFact::Access { shard, intake } => self.shards[shard.idx()].intake = intake,
            MigrationFact::ShardCompleted { node, .. } => {
                let shard = self.plan.nodes[node.idx()].shard;
                self.is_primary(shard, node);
            }
            MigrationFact::Prepared { .. }
            | MigrationFact::Tested { .. }
            | MigrationFact::ReshardBegan { .. }
            | MigrationFact::LinkLoading { .. }
            | MigrationFact::TargetWiped { .. }
            | MigrationFact::LinkBack { .. }
            | MigrationFact::CaughtUp { .. }
            | MigrationFact::AllInSync { .. }
            | MigrationFact::NetworkCut
            | MigrationFact::NetworkBack
            | MigrationFact::NotCompleted { .. }
            | MigrationFact::CutOverBegan { .. }
            | MigrationFact::CutOverGivenUp { .. }
            | MigrationFact::CohortMoves { .. }
            | MigrationFact::CohortArrived { .. }
            | MigrationFact::PointOfNoReturn { .. }
            | MigrationFact::Diverged { .. }
            | MigrationFact::PriceOfReturn { .. }
            | MigrationFact::RolledBack { .. }
            | MigrationFact::RollBackBegan { .. }
            | MigrationFact::ShardRolledBack { .. } => {}
        }
    }

    fn become_in_migration(&mut self, group: GroupId, is: NodeIs) {
        for shard in self.plan.groups[group.idx()].shards.clone() {
            self.shards[usize::from(shard)].in_migration = is;
        }
    }
}

impl ShardState {
    fn view(&self) -> ShardView {
        let ShardState { primary, endpoint, kept, astray, .. } = *self;
        ShardView { primary, endpoint, writes: self.writes(), kept, astray }
    }

    fn writes(&self) -> Writes {
        let (cohorts, held) = self.clients;
        let is_parted = 0 < held && held < cohorts && self.intake == Intake::Taken;
        match (&self.outage, self.failing) {
            _ if cohorts == 0 => Writes::Nobody,
            (Some(_), _) if is_parted => Writes::Parted,
            (Some(outage), _) => Writes::Refused(outage.phases.last().map(|(phase, _)| *phase)),
            (None, 0) => Writes::Accepted,
            (None, failing) => Writes::Unconfirmed(failing),
        }
    }
}

impl OutageView {
    /// A phase takes the place of another that began at the same instant.
    fn phase_begins(&mut self, phase: Phase, now: SimTime) {
        if self.phases.last().is_some_and(|(_, since)| *since == now) {
            self.phases.pop();
        }
        if self.phases.last().is_none_or(|(before, _)| *before != phase) {
            self.phases.push((phase, now));
        }
    }
}
