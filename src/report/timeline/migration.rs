//! What a timeline says of a migration beside its facts: how many clients have moved, whether the
//! target is held by more than its primaries, and what a lost copy means.

use crate::engine::time::SimTime;
use crate::model::api::Call;
use crate::model::fact::{Fact, MigrationFact, OperationFact};
use crate::model::plan::{GroupId, NodeId, Plan, ShardId};
use crate::model::state::Side;
use crate::report::numbers::bytes;
use crate::report::status::Fold;
use crate::report::words::{Line, Words};

/// How far a migration is, as its facts tell it.
pub(super) struct Story<'p> {
    plan: &'p Plan,
    /// By cohort: where it arrived last.
    arrived: Vec<Side>,
    /// By shard: cohorts that write to it, or are to, and those of them that are held.
    clients: Vec<(u16, u16)>,
    /// By shard: whether it holds what the source had.
    synced: Vec<bool>,
    truth: Side,
    started: SimTime,
    safety: Safety,
}

/// Whether the replicas of the target have what their primaries have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Safety {
    /// Nobody asks.
    Unasked,
    /// It was told that they do not.
    Awaited,
}

impl<'p> Story<'p> {
    /// At the start of a trial.
    pub(super) fn new(plan: &'p Plan) -> Self {
        let clients = |shard| (plan.cohorts_at_start(shard), 0);
        Story {
            plan,
            arrived: vec![Side::Source; usize::from(plan.n_cohorts())],
            clients: plan.shard_ids().map(clients).collect(),
            synced: vec![false; plan.shards.len()],
            truth: Side::Source,
            started: SimTime::START,
            safety: Safety::Unasked,
        }
    }

    /// A line in the place of what [`Words`] say, for they do not know what came before.
    pub(super) fn instead_of_words(&self, fact: &Fact) -> Option<Line> {
        match *fact {
            Fact::DatasetLost { shard, bytes, .. } => self.copy_is_lost(shard, bytes),
            Fact::Migration(MigrationFact::CohortArrived { cohort, at }) => {
                let mut line = Words::new(self.plan).of(fact).pop()?;
                line.text.push_str(&self.have_moved(usize::from(cohort), at));
                Some(line)
            }
            _ => None,
        }
    }

    /// A copy that is lost is not the application's dataset.
    fn copy_is_lost(&self, shard: ShardId, size: u64) -> Option<Line> {
        let migration = self.plan.migration.as_ref()?;
        let words = Words::new(self.plan);
        let group = self.plan.shards[shard.idx()].group;
        let (kind, text) = match self.truth {
            Side::Source if group == migration.target && self.clients[shard.idx()].0 == 0 => {
                let (shard, source) = (words.shard(shard), words.group(migration.source));
                let size = bytes(size);
                ("copy", format!("{shard} has lost it, {size}: the data is in {source}"))
            }
            Side::Target if group == migration.source => {
                let (shard, target) = (words.shard(shard), words.group(migration.target));
                ("copy", format!("{shard} has lost what it had: the data is in {target}"))
            }
            Side::Source | Side::Target => return None,
        };
        Some(Line { kind, text })
    }

    /// Takes in a fact that the status has taken in; gives a line that goes with it.
    pub(super) fn beside(&mut self, now: SimTime, fact: &Fact, status: &Fold<'_>) -> Option<Line> {
        let target = self.plan.migration.as_ref()?.target;
        match *fact {
            Fact::Operation(OperationFact::Accepted { call: Call::StartMigration, .. }) => {
                self.started = now;
                self.safety = Safety::Unasked;
                self.synced.fill(false);
            }
            Fact::DatasetLost { shard, .. } => self.synced[shard.idx()] = false,
            Fact::Migration(fact) => return self.of_migration(fact, (target, status)),
            _ => {}
        }
        let awaited = self.safety == Safety::Awaited && self.is_synced(target);
        (awaited && status.without_copy(target).is_empty()).then(|| {
            self.safety = Safety::Unasked;
            let group = Words::new(self.plan).group(target);
            let took = now.since(self.started);
            let text = format!("all nodes of {group} hold what it got, {took} after the start");
            Line { kind: "verify", text }
        })
    }

    fn of_migration(
        &mut self,
        fact: MigrationFact,
        (target, status): (GroupId, &Fold<'_>),
    ) -> Option<Line> {
        match fact {
            MigrationFact::Clients { shard, cohorts, held, .. } => {
                self.clients[shard.idx()] = (cohorts, held);
            }
            MigrationFact::CaughtUp { shard } => self.synced[shard.idx()] = true,
            MigrationFact::Completed { .. } => self.truth = Side::Target,
            MigrationFact::RolledBack { .. } => self.truth = Side::Source,
            MigrationFact::GaveUp { .. } | MigrationFact::Stopped { .. } => {
                self.safety = Safety::Unasked;
            }
            MigrationFact::CohortArrived { cohort, at } => {
                self.arrived[usize::from(cohort)] = at;
            }
            MigrationFact::AllInSync { .. } => return self.is_in_sync(target, status),
            _ => {}
        }
        None
    }

    fn is_synced(&self, target: GroupId) -> bool {
        self.plan.groups[target.idx()].shards.clone().all(|shard| self.synced[usize::from(shard)])
    }

    /// How many cohorts are where this one arrives.
    fn have_moved(&self, cohort: usize, at: Side) -> String {
        let n = self.arrived.len();
        let is_there = |(k, side): &(usize, &Side)| *k == cohort || **side == at;
        let there = self.arrived.iter().enumerate().filter(is_there).count();
        match (n, at) {
            (1, _) => String::new(),
            (_, Side::Target) => format!(" ({there} of {n} have moved)"),
            (_, Side::Source) => format!(" ({there} of {n} are there)"),
        }
    }

    /// What being in sync does not mean.
    fn is_in_sync(&mut self, target: GroupId, status: &Fold<'_>) -> Option<Line> {
        let words = Words::new(self.plan);
        let group = words.group(target);
        let mut but = Vec::new();
        if self.is_source_held() {
            but.push(format!(
                "only since clients are stopped: nothing says that {group} keeps up with them"
            ));
        }
        let without = status.without_copy(target);
        if !without.is_empty() {
            self.safety = Safety::Awaited;
            but.push(self.in_danger(&without, status));
        }
        let text = format!("but {}", but.join("; and "));
        (!but.is_empty()).then_some(Line { kind: "verify", text })
    }

    /// What the loss of a primary would cost before these replicas have a copy.
    fn in_danger(&self, without: &[NodeId], status: &Fold<'_>) -> String {
        let words = Words::new(self.plan);
        let shard_of = |node: &NodeId| self.plan.nodes[node.idx()].shard;
        let mut shards: Vec<ShardId> = without.iter().map(shard_of).collect();
        shards.dedup();
        let group = self.plan.group_of(shards[0]);
        let all: usize =
            group.shards.clone().map(|shard| self.plan.n_replicas(ShardId(shard))).sum();
        let primary = match shards.as_slice() {
            [shard] => words.node(status.primary(*shard)),
            _ => "a primary of it",
        };
        format!(
            "{} of {all} replicas of {} have no copy yet: to lose {primary} is to lose what it got",
            without.len(),
            group.id
        )
    }

    fn is_source_held(&self) -> bool {
        let source = self.plan.migration.as_ref().map(|migration| migration.source);
        let of_source = |shard: &ShardId| Some(self.plan.shards[shard.idx()].group) == source;
        self.plan.shard_ids().filter(of_source).any(|shard| self.clients[shard.idx()].1 > 0)
    }
}
