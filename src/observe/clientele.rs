//! [`Clientele`]: who writes to which shard, and which of source and target of a migration is the
//! application's database; for observers that have to know whom an outage or a loss concerns.

use crate::model::fact::{Intake, MigrationFact};
use crate::model::plan::{Obstacle, Plan, ShardId};
use crate::model::state::Side;

/// Of which group of a migration a shard is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    /// Of none.
    Apart,
    /// Of the source.
    Source,
    /// Of the target.
    Target,
}

/// The clients of a shard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Clients {
    /// Cohorts that write to it, or are to.
    pub cohorts: u16,
    /// Those of them that are held.
    pub held: u16,
    /// Writes per second that all of them offer.
    pub rate: u64,
    /// Those of the held ones.
    pub held_rate: u64,
    /// Whether those that are not held reach a primary that takes writes.
    pub intake: Intake,
    part: Part,
}

impl Clients {
    /// Cohorts that an outage concerns.
    pub fn concerned(&self) -> u16 {
        match self.intake {
            Intake::Taken => self.held,
            Intake::Refused => self.cohorts,
        }
    }
}

/// The clients of all shards.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Clientele {
    at_start: Vec<Clients>,
    shards: Vec<Clients>,
    truth: Side,
}

impl Clientele {
    /// That of a trial of `plan` that begins.
    pub fn new(plan: &Plan) -> Self {
        let clients = |shard: ShardId| {
            let group = plan.shards[shard.idx()].group;
            let part = match &plan.migration {
                Some(migration) if migration.source == group => Part::Source,
                Some(migration) if migration.target == group => Part::Target,
                Some(_) | None => Part::Apart,
            };
            Clients {
                cohorts: plan.cohorts_at_start(shard),
                held: 0,
                rate: plan.shards[shard.idx()].writes_per_sec,
                held_rate: 0,
                intake: Intake::Taken,
                part,
            }
        };
        let at_start: Vec<Clients> = plan.shard_ids().map(clients).collect();
        let shards = at_start.clone();
        Clientele { at_start, shards, truth: Side::Source }
    }

    /// Goes back to the start of a trial, keeping the memory.
    pub fn restart(&mut self) {
        self.shards.copy_from_slice(&self.at_start);
        self.truth = Side::Source;
    }

    /// The clients of a shard.
    pub fn of(&self, shard: ShardId) -> Clients {
        self.shards[shard.idx()]
    }

    /// Whether clients of the source of a migration are stopped, or on their way back to it.
    pub fn is_source_held(&self) -> bool {
        let is_held = |clients: &Clients| clients.part == Part::Source && clients.held > 0;
        self.shards.iter().any(is_held)
    }

    /// What a fact of a migration changes.
    pub fn on_fact(&mut self, fact: MigrationFact) {
        match fact {
            MigrationFact::Clients { shard, cohorts, held, rate, held_rate } => {
                let clients = &mut self.shards[shard.idx()];
                *clients = Clients { cohorts, held, rate, held_rate, ..*clients };
            }
            MigrationFact::Access { shard, intake } => self.take(shard, intake),
            MigrationFact::Completed { .. } => self.truth = Side::Target,
            MigrationFact::RolledBack { .. } => self.truth = Side::Source,
            MigrationFact::Prepared { .. }
            | MigrationFact::RollBackBegan { .. }
            | MigrationFact::Tested { .. }
            | MigrationFact::ReshardBegan { .. }
            | MigrationFact::AttemptFailed { .. }
            | MigrationFact::GaveUp { .. }
            | MigrationFact::Connected { .. }
            | MigrationFact::LinkSyncBegan { .. }
            | MigrationFact::LinkLoading { .. }
            | MigrationFact::TargetWiped { .. }
            | MigrationFact::LinkStreams { .. }
            | MigrationFact::LinkBack { .. }
            | MigrationFact::CaughtUp { .. }
            | MigrationFact::AllInSync { .. }
            | MigrationFact::LinkLost { .. }
            | MigrationFact::NetworkCut
            | MigrationFact::NetworkBack
            | MigrationFact::NotCompleted { .. }
            | MigrationFact::ShardCompleted { .. }
            | MigrationFact::Stopped { .. }
            | MigrationFact::CutOverBegan { .. }
            | MigrationFact::CutOverGivenUp { .. }
            | MigrationFact::CohortMoves { .. }
            | MigrationFact::CohortArrived { .. }
            | MigrationFact::PointOfNoReturn { .. }
            | MigrationFact::Diverged { .. }
            | MigrationFact::PriceOfReturn { .. }
            | MigrationFact::ShardRolledBack { .. } => {}
        }
    }

    /// Whether writers of the shard that are not held reach a primary, from now on.
    pub fn take(&mut self, shard: ShardId, intake: Intake) {
        self.shards[shard.idx()].intake = intake;
    }

    /// Whether writes that the shard loses are missing to the application: after the completion
    /// those of the source are in the target, or were counted as diverged.
    pub fn is_missed(&self, shard: ShardId) -> bool {
        (self.of(shard).part, self.truth) != (Part::Source, Side::Target)
    }

    /// Whether the application loses its dataset with the shard's. That of a target that nobody
    /// writes to is only a copy until the completion.
    pub fn is_dataset_missed(&self, shard: ShardId) -> bool {
        let clients = self.of(shard);
        let is_copy = clients.part == Part::Target && clients.cohorts == 0;
        self.is_missed(shard) && !(is_copy && self.truth == Side::Source)
    }

    /// The shards whose outages end because of the fact, if they end now: clients arrived, left or
    /// were released, or the target takes writes since the migration is over.
    pub fn freed_by(&self, fact: MigrationFact) -> Vec<ShardId> {
        if let MigrationFact::Clients { shard, .. } = fact {
            let clients = self.of(shard);
            let is_free = clients.held == 0 && clients.intake == Intake::Taken;
            return if is_free || clients.cohorts == 0 { vec![shard] } else { Vec::new() };
        }
        // A target whose primary is gone takes none.
        let is_over =
            matches!(fact, MigrationFact::Completed { .. } | MigrationFact::Stopped { .. })
                || matches!(fact, MigrationFact::GaveUp { obstacle, .. }
                if obstacle != Obstacle::TargetDown);
        let is_target = |(_, clients): &(usize, &Clients)| clients.part == Part::Target;
        let all = self.shards.iter().enumerate();
        let targets = all.filter(is_target).map(|(shard, _)| ShardId(shard as u16));
        targets.filter(|_| is_over).collect()
    }
}
