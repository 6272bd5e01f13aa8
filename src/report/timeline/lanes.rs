//! The lanes of a chart: what each node is doing, and whether each shard takes writes.

use crate::engine::time::{SimTime, Span};
use crate::model::fact::{
    BackupFact, Fact, Intake, MigrationFact, OperationFact, Phase, ReplicasFact, Stop,
};
use crate::model::plan::{GroupId, Membership, NodeId, Plan, ShardId};
use crate::report::words::{Line, Words};

/// What each node is doing, as glyphs, and whether each shard takes writes.
#[derive(Clone)]
pub(super) struct Lanes<'p> {
    plan: &'p Plan,
    nodes: Vec<char>,
    writing: Vec<bool>,
    /// By shard: whether WAIT fails.
    waiting: Vec<bool>,
    /// By shard.
    clients: Vec<Clients>,
    /// By shard: whether clients that are not held reach a primary, as far as a migration tells.
    intake: Vec<Intake>,
    /// By shard: what its primary is in a migration.
    roles: Vec<InMigration>,
    /// By shard.
    primaries: Vec<NodeId>,
    /// Since when, and what its outage was made of so far.
    outages: Vec<Option<OutageSoFar>>,
}

#[derive(Clone)]
struct OutageSoFar {
    since: SimTime,
    phase: Option<(Phase, SimTime)>,
    parts: Vec<(Phase, Span)>,
    clients: Clients,
}

/// Who writes to a shard, or is to.
#[derive(Clone, Copy)]
enum Clients {
    /// Somebody.
    There,
    /// Some, and others are stopped or on their way.
    Parted,
    /// Nobody.
    Gone,
}

/// What the primary of a shard is to the source of a migration.
#[derive(Clone, Copy)]
enum InMigration {
    /// Its own master.
    Master,
    /// It copies everything from the source.
    Copies,
    /// It is a replica of the source.
    Follows,
}

impl<'p> Lanes<'p> {
    /// At the start of a trial.
    pub(super) fn new(plan: &'p Plan) -> Self {
        let glyph = |membership| match membership {
            Membership::Member => '-',
            Membership::Absent => ' ',
        };
        let mut nodes: Vec<char> = plan.nodes.iter().map(|n| glyph(n.membership)).collect();
        let first = |shard: &crate::model::plan::Shard| NodeId(shard.nodes.start);
        let primaries: Vec<NodeId> = plan.shards.iter().map(first).collect();
        for primary in &primaries {
            nodes[primary.idx()] = '=';
        }
        let n_shards = plan.shards.len();
        let clients = |shard| Clients::of(plan.cohorts_at_start(shard), 0);
        Lanes {
            plan,
            nodes,
            writing: vec![true; n_shards],
            waiting: vec![false; n_shards],
            clients: plan.shard_ids().map(clients).collect(),
            intake: vec![Intake::Taken; n_shards],
            roles: vec![InMigration::Master; n_shards],
            primaries,
            outages: vec![None; n_shards],
        }
    }

    pub(super) fn plan(&self) -> &'p Plan {
        self.plan
    }

    /// Whether the shard takes writes.
    pub(super) fn is_writing(&self, shard: ShardId) -> bool {
        self.writing[shard.idx()]
    }

    /// What the lane of each node shows: the primary of a shard that follows the source of a
    /// migration is a replica.
    pub(super) fn glyphs(&self) -> impl Iterator<Item = char> {
        self.nodes.iter().zip(&self.plan.nodes).map(|(glyph, node)| {
            match (glyph, self.roles[node.shard.idx()]) {
                ('=', InMigration::Follows) => '-',
                ('=', InMigration::Copies) => '~',
                (other, _) => *other,
            }
        })
    }

    /// Takes in a fact; gives the node's mark at this moment, if it deserves one.
    pub(super) fn take_in(&mut self, fact: &Fact) -> Option<(NodeId, char)> {
        let (node, glyph, mark) = match *fact {
            Fact::NodeDown { node, stop, .. } => (node, stopped(stop), Some('X')),
            Fact::ReplacementStarted { node }
            | Fact::Operation(OperationFact::RecreationBegan { node, .. })
            | Fact::Operation(OperationFact::NodeAdded { node }) => (node, 'r', None),
            Fact::Operation(OperationFact::NodeRemoved { node }) => (node, ' ', Some('X')),
            Fact::ReplacementWaits { node } => (node, '.', None),
            Fact::NodeReplaced { node } | Fact::ProcessBack { node } => (node, 'o', None),
            Fact::Flushed { node } => (node, 'o', Some('W')),
            Fact::SyncStarted { node, .. }
            | Fact::Backup(BackupFact::DurableLogRead { node, .. }) => (node, '~', None),
            Fact::SyncStopped { node } => (node, 'o', None),
            Fact::Synced { node }
            | Fact::Reattached { node, .. }
            | Fact::Backup(BackupFact::NodeRestored { node }) => (node, '-', None),
            Fact::Backup(BackupFact::ShardRestored { shard, node, .. }) => {
                self.primaries[shard.idx()] = node;
                return None;
            }
            Fact::Promoted { shard, to, .. } => {
                self.move_role(shard, to);
                (to, '=', Some('P'))
            }
            Fact::HandedOver { shard, to, .. } => {
                self.move_role(shard, to);
                (to, '=', Some('H'))
            }
            Fact::ColdStarted { shard, node }
            | Fact::Backup(BackupFact::ServedFromDurableLog { shard, node, .. }) => {
                self.move_role(shard, node);
                (node, '=', None)
            }
            Fact::PrimaryServes { node, .. } => (node, '=', None),
            Fact::WritesStopped { shard, .. } => {
                self.writing[shard.idx()] = false;
                return None;
            }
            Fact::WritesResumed { shard, .. } => {
                self.writing[shard.idx()] = true;
                return None;
            }
            Fact::Replicas(ReplicasFact::WaitFails { shard, per_sec }) => {
                self.waiting[shard.idx()] = per_sec > 0;
                return None;
            }
            Fact::Migration(ref fact) => {
                let promoted = self.take_in_migration(fact)?;
                (promoted, '=', Some('P'))
            }
            _ => return None,
        };
        self.nodes[node.idx()] = glyph;
        mark.map(|mark| (node, mark))
    }

    /// Takes in a fact of a migration; gives the node that it promotes.
    fn take_in_migration(&mut self, fact: &MigrationFact) -> Option<NodeId> {
        match *fact {
            MigrationFact::Connected { group } | MigrationFact::AttemptFailed { group, .. } => {
                self.become_in_migration(group, InMigration::Follows);
            }
            MigrationFact::GaveUp { group, .. }
            | MigrationFact::Stopped { group }
            | MigrationFact::Completed { group, .. } => {
                self.become_in_migration(group, InMigration::Master);
            }
            MigrationFact::LinkSyncBegan { to, .. } => {
                let shard = self.plan.nodes[to.idx()].shard;
                self.roles[shard.idx()] = InMigration::Copies;
            }
            MigrationFact::LinkStreams { shard, .. } | MigrationFact::LinkLost { shard, .. } => {
                self.roles[shard.idx()] = InMigration::Follows;
            }
            MigrationFact::Clients { shard, cohorts, held, .. } => {
                self.clients[shard.idx()] = Clients::of(cohorts, held);
            }
            MigrationFact::Access { shard, intake } => self.intake[shard.idx()] = intake,
            MigrationFact::ShardCompleted { node, .. } => return Some(node),
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
        None
    }

    fn become_in_migration(&mut self, group: GroupId, role: InMigration) {
        let shards = self.plan.groups[group.idx()].shards.clone();
        shards.map(ShardId).for_each(|shard| self.roles[shard.idx()] = role);
    }

    /// What the lane of each shard's writes shows.
    pub(super) fn writes(&self) -> impl Iterator<Item = char> {
        (0..self.writing.len()).map(|shard| {
            match (self.clients[shard], self.writing[shard], self.waiting[shard]) {
                (Clients::Gone, ..) => '.',
                (Clients::Parted, false, _) if self.intake[shard] == Intake::Taken => '/',
                (Clients::There | Clients::Parted, false, _) => 'x',
                (Clients::There | Clients::Parted, true, true) => 'w',
                (Clients::There | Clients::Parted, true, false) => '=',
            }
        })
    }

    /// The replicas of a group that are there, and hold no complete copy.
    pub(super) fn without_copy(&self, group: GroupId) -> Vec<NodeId> {
        let shards = self.plan.groups[group.idx()].shards.clone().map(ShardId);
        let nodes = shards.flat_map(|shard| self.plan.shards[shard.idx()].node_ids());
        nodes.filter(|node| !matches!(self.nodes[node.idx()], '=' | '-' | ' ')).collect()
    }

    /// The node that has, or had last, the role of primary.
    pub(super) fn primary(&self, shard: ShardId) -> NodeId {
        self.primaries[shard.idx()]
    }

    /// The role of primary goes to `to`; its former holder is a replica, if it still answers.
    fn move_role(&mut self, shard: ShardId, to: NodeId) {
        let from = std::mem::replace(&mut self.primaries[shard.idx()], to);
        if self.nodes[from.idx()] == '=' {
            self.nodes[from.idx()] = '-';
        }
    }

    /// After a change of roles: where the primaries of the group are now.
    pub(super) fn primaries_now(&self, fact: &Fact) -> Option<Line> {
        let (Fact::Promoted { shard, .. }
        | Fact::HandedOver { shard, .. }
        | Fact::ColdStarted { shard, .. }) = *fact
        else {
            return None;
        };
        Words::new(self.plan).primaries(shard, |shard| self.primaries[shard.idx()])
    }

    /// Follows the phases of an outage; at its end gives its length and what it was made of.
    pub(super) fn follow_outage(&mut self, now: SimTime, fact: &Fact) -> Option<String> {
        match *fact {
            Fact::WritesStopped { shard, .. } => {
                let clients = Clients::There;
                let outage = OutageSoFar { since: now, phase: None, parts: Vec::new(), clients };
                self.outages[shard.idx()] = Some(outage);
                None
            }
            Fact::PhaseBegan { shard, phase } => {
                let outage = self.outages[shard.idx()].as_mut()?;
                outage.close_phase(now);
                outage.phase = Some((phase, now));
                None
            }
            Fact::Migration(MigrationFact::Clients { shard, cohorts: 0, .. }) => {
                self.outages[shard.idx()].as_mut()?.clients = Clients::Gone;
                None
            }
            Fact::WritesResumed { shard, node } => {
                let mut outage = self.outages[shard.idx()].take()?;
                outage.close_phase(now);
                let words = Words::new(self.plan);
                let length = now.since(outage.since);
                let parts: Vec<String> =
                    outage.parts.iter().map(|(p, span)| format!("{} {span}", p.name())).collect();
                let how = match outage.clients {
                    Clients::There | Clients::Parted => format!("resume on {}", words.node(node)),
                    Clients::Gone => {
                        format!("go elsewhere than {}", words.node(node))
                    }
                };
                Some(format!("{how} after {length} ({})", parts.join(", ")))
            }
            _ => None,
        }
    }
}

impl Clients {
    /// Of a shard that so many cohorts write to, or are to, of whom so many are held.
    fn of(cohorts: u16, held: u16) -> Self {
        match (cohorts, held) {
            (0, _) => Clients::Gone,
            (all, some) if 0 < some && some < all => Clients::Parted,
            _ => Clients::There,
        }
    }
}

/// What is left to see of a node that stopped.
fn stopped(stop: Stop) -> char {
    match stop {
        Stop::HostLost | Stop::TakenOffline => '.',
        Stop::Crashed | Stop::Rebooted | Stop::Patched => 'c',
        Stop::Removed => ' ',
    }
}

impl OutageSoFar {
    fn close_phase(&mut self, now: SimTime) {
        let Some((phase, since)) = self.phase.take() else { return };
        let span = now.since(since);
        if span == Span::ZERO {
            return;
        }
        match self.parts.iter_mut().find(|(known, _)| *known == phase) {
            Some((_, sum)) => *sum = Span::from_nanos(sum.as_nanos() + span.as_nanos()),
            None => self.parts.push((phase, span)),
        }
    }
}
