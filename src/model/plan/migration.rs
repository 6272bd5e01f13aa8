//! What an online migration is planned to be: from where to where, over which link, what stands in
//! its way, and how the clients move over.

use crate::engine::law::Law;
use crate::engine::time::Span;
use crate::model::api::Refusal;
use crate::model::plan::{FullSync, GroupId, NodeId, ShardId};

/// An online migration from a self-hosted tree to a replication group.
#[derive(Clone, PartialEq, Debug)]
pub struct MigrationPlan {
    /// The self-hosted tree, whose clients move.
    pub source: GroupId,
    /// The replication group that they move to. Nobody writes to it before.
    pub target: GroupId,
    /// For each shard of the target, in order, the shard of the source that owns the same hash
    /// slots once the migration runs (OM-08). Empty where their numbers differ, which the API
    /// refuses.
    pub pairs: Vec<ShardId>,
    /// Whether source and target agree on hash slots from the start.
    pub layout: Layout,
    /// Hash slots of each shard of the target as it was created, in order; once it is resharded,
    /// each has those of its partner in `pairs`, as the shards of the plan say.
    pub created_slots: Vec<u32>,
    /// What the API answers to every attempt because of how the two are set up, in the order in
    /// which it looks; empty where all is well.
    pub refusals: Vec<Refusal>,
    /// What every attempt to connect finds in its way, because of how the source is set up.
    pub obstacles: Vec<Obstacle>,
    /// The link from the source to the target, one per shard.
    pub link: LinkPlan,
    /// How long the calls take.
    pub timing: MigrationTiming,
    /// The control plane takes a target for in sync that trails by no more.
    pub in_sync_lag: Span,
    /// How the clients move.
    pub clients: Clients,
    /// What is done first when the migration is completed.
    pub cut_over: CutOver,
    /// When the operator begins with that by himself, if he does.
    pub cut_over_begins: Option<CutOverBegins>,
}

impl MigrationPlan {
    /// Writes per second that the cohort sends to a shard to which all of them send `rate`: whole
    /// ones, and those of all cohorts sum to `rate`.
    pub fn share(&self, rate: u64, cohort: u16) -> u64 {
        let (n, k) = (u64::from(self.clients.cohorts), u64::from(cohort));
        rate * (k + 1) / n - rate * k / n
    }
}

/// Whether target and source agree on hash slots.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Layout {
    /// They do.
    Same,
    /// The target is resharded before the live migration (OM-08).
    Resharded {
        /// How many hash slots change their shard.
        slots: u32,
    },
}

/// A reason for which the target cannot become a replica of the source, found when it is tried
/// (prerequisites of the guide's stage "prepare").
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Obstacle {
    /// Nobody listens at the address.
    WrongAddress,
    /// A security group, a route or `bind` keeps ElastiCache's nodes out, or the link is cut.
    BlockedNetwork,
    /// The source wants a password (`requirepass`).
    Auth,
    /// `protected-mode yes`.
    ProtectedMode,
    /// A command that the migration needs is renamed.
    RenamedCommand,
    /// The source is older than what can be migrated.
    SourceTooOld,
    /// The instances of the source listen on different ports.
    UnequalPorts,
    /// The node of the source does not answer, or has nothing to copy.
    SourceDown,
    /// A shard of the target has no primary to make a replica of.
    TargetDown,
    /// The memory of a shard of the target does not hold its source's data besides what is
    /// reserved: a test tells it, and the links of such shards find it when the target loads.
    TargetTooSmall,
}

/// The link, as the scenario gives it.
#[derive(Clone, PartialEq, Debug)]
pub struct LinkPlan {
    /// Bytes per second that it carries, per shard.
    pub bytes_per_sec: u64,
    /// How far the target trails the source while nothing waits, in time.
    pub lag: Law,
    /// The source drops a reader for which more bytes wait; `None` for no limit.
    pub hard_limit: Option<u64>,
    /// It drops a reader for which more bytes have waited all the time of `soft_for`.
    pub soft_limit: Option<u64>,
    /// For how long.
    pub soft_for: Span,
    /// Bytes that a reader may have missed and still go on where it was.
    pub backlog_bytes: u64,
    /// How long the source's writes wait for the fork of a full sync.
    pub fork_pause: FullSync,
    /// How long the source then writes its copy to disk, before it sends any of it.
    pub save: FullSync,
    /// How long the target loads what it was sent.
    pub load: FullSync,
    /// Bytes of memory that the source's process may take, where that is known: data, pages that
    /// change while it is copied, and what waits for the target.
    pub source_memory: Option<u64>,
    /// Bytes of memory that a write makes the source copy while a full sync is sent.
    pub page_bytes: u64,
    /// How long the source's process is gone when it had no memory left.
    pub restart: Law,
    /// Bytes of data for which a node of the target has room, where that is known.
    pub room: Option<u64>,
    /// How long until an attempt to become replicas that failed is made again. Never zero.
    pub retry: Law,
    /// How long until a link that broke is tried again, once nothing stands in its way. Never
    /// zero.
    pub reconnect: Law,
    /// How often the target tries to become a replica before it gives up. At least once.
    pub attempts: u16,
}

impl LinkPlan {
    /// Whether a node of the target is known to be too small for so many bytes of data.
    pub fn has_no_room_for(&self, bytes: u64) -> bool {
        self.room.is_some_and(|room| room < bytes)
    }
}

/// How long the calls of a migration take.
#[derive(Clone, PartialEq, Debug)]
pub struct MigrationTiming {
    /// `TestMigration`: from the call to its result.
    pub test: Law,
    /// `StartMigration`: from the call to the first attempt to connect.
    pub start: Law,
    /// Resharding the target, per hash slot that moves.
    pub reshard_slot: Span,
    /// `CompleteMigration`: from the call to the promotion, or to the event that tells why not.
    pub complete: Law,
    /// How long until `CompleteMigration` is called again when it could not be completed. Never
    /// zero.
    pub again: Law,
    /// How long the operator tries before he gives up the cut-over.
    pub patience: Span,
}

/// How clients move from the source to the target.
#[derive(Clone, PartialEq, Debug)]
pub struct Clients {
    /// Into how many parts of equal size the clients fall; each moves as one. At least one.
    pub cohorts: u16,
    /// When a cohort begins to move, from the completion of the migration; or back, from a
    /// roll-back.
    pub moves: Law,
    /// How long it reaches neither of the two then.
    pub repoint: Law,
    /// How many of the last cohorts never hear of anything: neither stop to write nor move.
    pub stray: u16,
    /// How many of the first cohorts move before anybody told them.
    pub early: u16,
    /// When these do, from the start of the trial.
    pub early_at: Law,
}

/// What is done first when a migration is completed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum CutOver {
    /// The clients stop to write, the target catches up, then the migration is completed.
    StopWritesFirst,
    /// The migration is completed while clients write; those that have not moved go on with the
    /// source.
    SwitchOnTheFly,
    /// It is completed at once, whatever the target lacks (`--force`).
    Force,
}

/// When the operator begins with the cut-over by himself.
#[derive(Clone, PartialEq, Debug)]
pub enum CutOverBegins {
    /// So long after the target was in sync for the first time.
    AfterSync(Law),
    /// So long after `StartMigration` was accepted.
    AfterStart(Law),
}

/// What is called, or done by the operator, in a migration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MigrationCall {
    /// `TestMigration`.
    Test(SourceEndpoint),
    /// `StartMigration`.
    Start(SourceEndpoint),
    /// `CompleteMigration`.
    Complete(Force),
    /// "Stop data migration" in the console: `CompleteMigration` with force, to abort.
    Stop,
    /// The operator begins with the cut-over.
    CutOver,
    /// The operator brings the clients back to the source, and stops a migration that runs.
    RollBack,
}

/// Whether `CompleteMigration` ensures that the target is in sync.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Force {
    /// It does.
    No,
    /// It does not (`--force`).
    Yes,
}

/// What `CustomerNodeEndpointList` names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SourceEndpoint {
    /// This node of the source.
    Node(NodeId),
    /// An address at which nobody listens.
    Unknown,
    /// Something that the API refuses at once.
    Refused(Refusal),
}
