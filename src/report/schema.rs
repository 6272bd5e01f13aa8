//! The JSON Schemas of what is printed as JSON: the summary of a run, exact answers, and the lines
//! of a trace.
//!
//! The types here describe the format and are never made; their comments become descriptions.
//! `tests/it/schema` holds them against real output. Further fields may come in any version;
//! `schema` rises when one changes its meaning or goes.

#![expect(dead_code, reason = "these types describe the format; nobody makes one")]

use schemars::{JsonSchema, Schema};

use crate::scenario::schema::{exactly_one, settings};

/// The schema of what `ecsim run --format json` prints.
pub fn summary() -> Schema {
    settings().for_serialize().into_generator().into_root_schema_for::<super::summary::Summary>()
}

/// The schema of what `ecsim exact --format json` prints.
pub fn exact() -> Schema {
    settings().for_serialize().into_generator().into_root_schema_for::<super::exact::Answers>()
}

/// The schema of each line that `ecsim replay --format json` prints.
pub fn trace() -> Schema {
    settings().for_serialize().into_generator().into_root_schema_for::<Line>()
}

/// A schema as text, on several lines.
pub fn printed(schema: &Schema) -> String {
    serde_json::to_string_pretty(schema).expect("a schema is JSON") + "\n"
}

/// Version of the form; this one is 1.
#[derive(JsonSchema)]
#[schemars(inline, extend("const" = super::summary::SCHEMA))]
struct Version(u32);

/// What a trial yields, by name; the unit is the name's end.
#[derive(JsonSchema)]
#[schemars(rename = "Metrics_of_{T}")]
pub(super) struct Metrics<T> {
    /// Seconds until writers reach a primary again, weighted by the shards' shares of the slots.
    write_outage_s: T,
    /// The same, ending at promotion: without the endpoint.
    server_write_outage_s: T,
    /// Seconds in which at least one shard accepted no write.
    write_outage_any_shard_s: T,
    /// Number of such intervals.
    write_outages: T,
    /// The longest of them in seconds.
    longest_write_outage_s: T,
    /// Share of the observed time in which writers reached no primary.
    write_unavailability: T,
    /// Completed promotions.
    failovers: T,
    /// Times that a primary's own slot was recreated and filled from a replica.
    primary_recreations: T,
    /// Acknowledged writes that are in no history any more, without those that went with a
    /// dataset; clients do not know.
    lost_writes: T,
    /// The same in bytes.
    lost_bytes: T,
    /// Age in seconds of the oldest write that was lost at once in such a way, the largest.
    loss_window_s: T,
    /// Times that a shard lost its last complete copy, or that a migration was completed by force
    /// before its target had one: lost for the application, though the source still has the data.
    dataset_losses: T,
    /// Acknowledged writes that went with it.
    dataset_lost_writes: T,
    /// Bytes of data that went with it, with what was there at the start.
    dataset_lost_bytes: T,
    /// Writes that nobody acknowledged: offered in an outage and taken by no node, or left to WAIT
    /// in vain; the clients know.
    rejected_writes: T,
    /// Those of them that a primary took, and that WAIT failed or had not confirmed when they went.
    unconfirmed_writes: T,
    /// Seconds in which no node served reads, weighted by the shards' shares of the slots.
    read_outage_s: T,
    /// Seconds with fewer complete copies than configured, weighted likewise.
    reduced_redundancy_s: T,
    /// Whole clock minutes in which all shards accepted no write.
    sla_minutes: T,
    handovers: T,
    handover_pause_s: T,
    refused_operations: T,
    /// Reads that missed while a cache that had lost its data was filled again.
    missed_reads: T,
    /// Seconds times the number of full syncs that serving primaries fed.
    sync_load_s: T,
    /// Bytes of the full syncs that serving primaries began to feed.
    sync_bytes: T,
    /// Seconds of backups that delayed writes, summed over groups.
    forkless_backup_s: T,
    /// Seconds in which a shard's primary is in another AZ than at the start, weighted by slot
    /// share.
    primary_displaced_s: T,
    /// The most primaries of one group that one AZ held at any time.
    most_primaries_in_one_az: T,
    /// Seconds from an accepted StartMigration until all shards were in sync, or until that was
    /// over, or until the end.
    migration_sync_s: T,
    /// Times that all shards of a migration's target were in sync, the first after each start.
    migrations_in_sync: T,
    /// Completed migrations.
    migrations_completed: T,
    /// Full syncs from the source of a migration to its target.
    migration_full_syncs: T,
    /// Those of the lost writes that the source took after the completion.
    diverged_writes: T,
    /// Those of the lost writes, with a dataset or not, that a completion or a roll-back brought
    /// back.
    regained_writes: T,
    /// Writes that a roll-back at the end would lose.
    roll_back_price_writes: T,
    /// Seconds for which the source's writes waited for the forks of full syncs, weighted by slot
    /// share.
    fork_pause_s: T,
    /// Seconds from an accepted StartMigration to the first write on the target after the
    /// completion, the last time that there was one; zero if there was none.
    no_return_s: T,
    /// Those of migrations_in_sync before which the operator had to stop clients.
    migrations_in_sync_stopped: T,
    /// Seconds from an accepted StartMigration until all shards were in sync and all nodes of the
    /// target held a complete copy, or until that was over, or until the end.
    migration_safe_s: T,
    /// Times that this was so, the first after each start.
    migrations_safe: T,
}

/// A number per kind of fault.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub(super) struct Causes {
    /// Single hosts.
    node: f64,
    /// Several replicas at once.
    replicas: f64,
    /// AZs.
    az: f64,
    /// Whole groups.
    group: f64,
    /// Processes that died.
    crash: f64,
    /// Reboots by the customer.
    customer_reboot: f64,
    /// Reboots by the service.
    service_reboot: f64,
    /// Planned work, and promotions by hand.
    planned: f64,
    /// Test failovers.
    test_failover: f64,
    /// Nodes that run and could not be reached.
    isolation: f64,
    /// Migrations: clients were stopped or moved, or the target was a replica.
    migration: f64,
}

/// A number per phase of an outage.
#[derive(JsonSchema)]
pub(super) struct Phases {
    /// The control plane did not know yet.
    detection: f64,
    /// A replica was being promoted, or the copy in a second region.
    promotion: f64,
    /// The endpoint still named the old primary, or the application wrote to the old group.
    endpoint: f64,
    /// A replacement, or a new group, waited for its AZ.
    waiting_for_az: f64,
    /// A replacement, or a new group, was being provisioned.
    provisioning: f64,
    /// The recreated primary copied the data from a replica.
    sync: f64,
    /// An empty node was being made primary.
    cold_start: f64,
    /// A process restarted on its host.
    restart: f64,
    /// The primary read its append-only file.
    replay: f64,
    /// The primaries of the cluster had no majority.
    no_majority: f64,
    /// The primary had fewer good replicas than writes ask for.
    too_few_replicas: f64,
    /// A person had to decide on a restore, or on a switch to a second region.
    decision: f64,
    /// A snapshot was being loaded into a new group.
    loading: f64,
    /// Writes to the source of a migration were stopped, and the target caught up.
    draining: f64,
    /// The target of a migration was a replica.
    following: f64,
}

/// A number per way in which an outage ends.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub(super) struct Endings {
    /// A replica was promoted.
    failover: f64,
    /// The primary's own slot was recreated and filled from a replica.
    refill: f64,
    /// An empty node was made primary.
    cold_start: f64,
    /// The primary's process came back.
    restart: f64,
    /// DNS named the node that the role was handed over to.
    handover: f64,
    /// The primary's process came back and read its append-only file.
    replay: f64,
    /// The application wrote to a new group, restored from a snapshot.
    restore: f64,
    /// The primaries of the cluster had a majority again.
    majority: f64,
    /// The primary had enough good replicas again.
    replica: f64,
    /// The application wrote to the group of another region.
    region: f64,
    /// A migration was completed or ended, or its clients arrived, left or were released.
    cut_over: f64,
    /// Nothing had by the end of the trial.
    open: f64,
}

/// A number per way in which writes are lost.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub(super) struct Mechanisms {
    /// The promoted replica trailed.
    lag: f64,
    /// The replica trailed from which the primary's slot was filled.
    refill_lag: f64,
    /// A restored group replaced the one that took them.
    restore: f64,
    /// The end of the append-only file had not been brought to the disk.
    aof_tail: f64,
    /// An isolated primary took them, and nobody else.
    split_brain: f64,
    /// The durable log trailed.
    log: f64,
    /// The other region's copy trailed.
    region: f64,
    /// The target of a migration lacked them when it was completed.
    migration: f64,
    /// The source of a migration took them after it was completed.
    diverged: f64,
    /// The target of a migration had taken them before the source's data replaced them.
    wiped: f64,
    /// The target of a migration had taken them, and the application went back to the source.
    roll_back: f64,
}

/// One line of `ecsim replay --format json`: the first is the header, then come the facts of the
/// trial in order, and last the outcome.
#[derive(JsonSchema)]
#[schemars(title = "Line of an ecsim trace", untagged)]
#[expect(clippy::large_enum_variant, reason = "it describes a form, and none is ever made")]
enum Line {
    Header(Header),
    Fact(Fact),
}

/// The first line: which trial this is.
#[derive(JsonSchema)]
struct Header {
    /// Version of the form; this one is 1.
    schema: Version,
    /// The scenario's name.
    scenario: String,
    /// The seed of all random numbers.
    seed: u64,
    /// Number of the trial.
    trial: u64,
    /// How far the trial was run, in seconds.
    until_s: f64,
    /// Only where `--loss` was given: how the trial was led to a dataset loss.
    #[schemars(skip_serializing_if = "Option::is_none", with = "Steered")]
    steered: Option<Steered>,
}

/// A trial in which failures were chosen.
#[derive(JsonSchema)]
struct Steered {
    /// What `--loss` was given.
    loss: String,
    /// Until then it is the trial of that number as it is, in seconds.
    from_s: f64,
    /// Failures that were chosen, not drawn.
    chosen: u32,
    /// How likely what was chosen is, to how likely it was chosen.
    likelihood_ratio: f64,
    /// Its weight among the losses of its replication.
    weight: f64,
}

/// Something that became true at `t_ns`.
#[derive(JsonSchema)]
#[schemars(tag = "fact", rename_all = "snake_case", transform = add_time)]
enum Fact {
    /// A fault struck; what it did follows.
    FaultStruck(Strike),
    /// A fault found nothing to strike.
    FaultMissed(Strike),
    /// The AZ is down; which nodes it took follows.
    AzDown { az: String },
    /// The AZ is up again.
    AzUp { az: String },
    /// A node stopped.
    NodeDown { node: String, stop: Stop, role: Role, cause: Cause },
    /// How far a replica trailed its primary when that was lost: the age of its newest write in
    /// seconds, and the writes it lacks.
    LagFrozen { node: String, lag_s: f64, behind_writes: f64 },
    /// No node accepts the shard's writes any more.
    PrimaryStopped { shard: ShardName },
    /// A node accepts the shard's writes.
    PrimaryServes { shard: ShardName, node: String },
    /// Writers reach no primary: the outage begins.
    WritesStopped { shard: ShardName, cause: Cause },
    /// Writers reach a primary: the outage ends.
    WritesResumed { shard: ShardName, node: String },
    /// What the outage waits for from now on.
    PhaseBegan { shard: ShardName, phase: Phase },
    /// The control plane knows that the node is gone.
    NodeDetected { node: String },
    /// The control plane begins to promote a replica.
    FailoverBegan { shard: ShardName },
    /// No replica was left to promote.
    FailoverFailed { shard: ShardName },
    /// The failover is called off before anybody was promoted: it begins anew, or nobody needs it.
    FailoverGivenUp { shard: ShardName },
    /// A replica became primary: from and to whom, among how many candidates, and the acknowledged
    /// writes that this lost, with the age of the oldest in seconds.
    Promoted {
        shard: ShardName,
        from: String,
        to: String,
        candidates: u8,
        announced: Announced,
        lost_writes: f64,
        loss_window_s: f64,
    },
    /// The primary's own slot serves again, filled from a replica, and what that lost.
    PrimaryRecreated {
        shard: ShardName,
        node: String,
        from: String,
        lost_writes: f64,
        loss_window_s: f64,
    },
    /// The primary endpoint names the node.
    EndpointUpdated { shard: ShardName, node: String },
    /// A replacement is to be made once the AZ is up.
    ReplacementWaits { node: String },
    /// A replacement is being provisioned.
    ReplacementStarted { node: String },
    /// An empty node answers in the place of the lost one.
    NodeReplaced { node: String },
    /// The process answers again, empty.
    ProcessBack { node: String },
    /// The node dropped what it had, because it attaches to a primary with another history.
    Flushed { node: String },
    /// A full sync began: from which copy, and how many bytes.
    SyncStarted { node: String, from: String, bytes: u64 },
    /// The full sync stopped, its source is gone.
    SyncStopped { node: String },
    /// The node holds a complete copy and follows.
    Synced { node: String },
    /// The node follows the primary without a full sync, and had so many writes to catch up.
    Reattached { node: String, missing_writes: f64 },
    /// The control plane is done with the node that it recovered.
    Recovered { node: String },
    /// The last complete copy is gone: the acknowledged writes and the bytes that went with it, and
    /// those of the writes, if any, that the other side of a migration holds still.
    DatasetLost {
        shard: ShardName,
        writes: f64,
        bytes: u64,
        #[schemars(skip_serializing_if = "Option::is_none", with = "f64")]
        elsewhere_writes: Option<f64>,
    },
    /// An empty node is being made primary.
    ColdStartBegan { shard: ShardName, node: String },
    /// An empty node is primary.
    ColdStarted { shard: ShardName, node: String },
    /// The primary came back empty; whoever follows it loses what it had.
    EmptyPrimary { shard: ShardName, node: String },
    /// The numbers of complete copies and of nodes that serve reads changed.
    Copies { shard: ShardName, complete: u8, configured: u8, readers: u8 },
    /// The role of primary was handed over as planned, without loss; writes waited for so many
    /// seconds, or were refused by an old engine.
    HandedOver { shard: ShardName, from: String, to: String, pause_s: f64, announced: Announced },
    /// A call of the API was accepted, or work of the service begins.
    CallAccepted { call: Call, group: String },
    /// A call was refused and nothing changed: the error of the API by code and HTTP status, our
    /// explanation, and the requirement that says so.
    CallRefused {
        call: Call,
        group: String,
        error: String,
        http_status: u16,
        message: String,
        rule: String,
    },
    /// A test failover was called.
    TestFailoverCalled { shard: ShardName },
    /// A test failover was begun in the console and not confirmed: nothing happens.
    TestFailoverCancelled { shard: ShardName },
    /// What the API says of the group changed.
    GroupChanged {
        group: String,
        status: GroupStatus,
        automatic_failover: AutomaticFailover,
        multi_az: Switch,
    },
    /// Changes wait for the maintenance window.
    ChangesPending { group: String },
    /// A service update was announced and waits for the maintenance window.
    UpdatePending { group: String },
    /// A service update begins.
    UpdateBegan { group: String, method: UpdateMethod },
    /// All nodes are updated.
    UpdateEnded { group: String },
    /// Planned: the primary serves nobody until its slot has a new node with its data.
    RecreationBegan { shard: ShardName, node: String },
    /// The node is patched.
    Patched { node: String },
    /// A replica is being added.
    NodeAdded { node: String },
    /// The replica is no longer part of the group.
    NodeRemoved { node: String },
    /// A node outside ElastiCache follows the primaries of the group.
    ExternalReplicaAttached { group: String },
    /// An external replica made a promotion fail; it is tried again.
    FailoverHindered { shard: ShardName },
    /// A backup begins.
    BackupBegan { group: String, kind: BackupKind, method: BackupMethod },
    /// Which node the backup copies, and the writes that the copy lacks.
    BackupCopies { shard: ShardName, node: String, behind_writes: f64 },
    /// A backup is complete: there is a new snapshot.
    BackupCompleted { group: String, kind: BackupKind },
    /// A backup failed.
    BackupFailed { group: String, kind: BackupKind, why: String },
    /// Everything is lost, and a snapshot of that age is to be restored.
    RestoreBegan { group: String, age_s: f64 },
    /// A restore waits for AZs to be up.
    RestoreWaits { group: String },
    /// A step of a restore begins.
    RestoreStep { group: String, step: RestoreStep },
    /// The application writes to a new group, filled from a snapshot of that age.
    Restored { group: String, new_group: String, age_s: f64 },
    /// A shard of the new group, and what the old one took meanwhile.
    ShardRestored { shard: ShardName, node: String, lost_writes: f64, loss_window_s: f64 },
    /// A node of the new group is in the place of an old one.
    NodeRestored { node: String },
    /// Everything is lost, and the second region has a copy: somebody is to decide.
    SwitchBegan { group: String },
    /// The application writes to the group of the second region.
    Switched { group: String, region: String },
    /// A shard of that group, and what the copy lacked.
    ShardSwitched { shard: ShardName, node: String, lost_writes: f64, loss_window_s: f64 },
    /// What a snapshot still had of a lost dataset is given up.
    ArchiveLost { shard: ShardName, writes: f64, bytes: u64 },
    /// The primary's process is gone, its append-only file is not; it lacks so much.
    LogKept { node: String, tail_s: f64, behind_writes: f64 },
    /// The primary reads its append-only file.
    ReplayBegan { node: String },
    /// The primary serves what its append-only file had.
    Replayed { shard: ShardName, node: String, lost_writes: f64, loss_window_s: f64 },
    /// The primary of a durable shard is gone: how far the log trailed, and what it lacks.
    DurableLogEnds { shard: ShardName, lag_s: f64, behind_writes: f64 },
    /// No node has a complete copy of a durable shard any more; the log has its data.
    OnlyInDurableLog { shard: ShardName },
    /// A node begins to read so much from the durable log.
    DurableLogRead { node: String, bytes: u64 },
    /// A node serves what the durable log had.
    ServedFromDurableLog { shard: ShardName, node: String, lost_writes: f64, loss_window_s: f64 },
    /// The lost primary is suspected, and a majority of the primaries is there to hear of it.
    Suspected { node: String },
    /// The primaries have no majority to agree on the failure, or to elect anybody.
    NoAgreement { shard: ShardName },
    /// The failure is agreed on, and so many replicas stand for election.
    ElectionBegan { shard: ShardName, candidates: u8 },
    /// The managed control plane promotes a replica, since the primaries cannot.
    TakeoverBegan { shard: ShardName },
    /// Enough Sentinels find the primary down.
    ObjectivelyDown { node: String },
    /// The votes of the Sentinels split: they try again much later.
    VoteSplit { shard: ShardName },
    /// The serving primaries of a group are no majority any more.
    MajorityLost { group: String, serving: u16, majority: u16 },
    /// The primaries that are left have noticed, and refuse writes.
    WritesRefused { group: String, serving: u16 },
    /// The serving primaries are a majority again.
    MajorityBack { group: String, serving: u16 },
    /// The primaries take writes again.
    WritesTaken { group: String },
    /// A node that runs is cut off.
    IsolationBegan { node: String, role: Role },
    /// The isolated node is reached again.
    IsolationEnded { node: String },
    /// The isolated primary sees no majority of its peers, and takes writes from nobody.
    PrimaryRefuses { node: String },
    /// Who was primary in a minority and is reached again waits before it takes writes, or follows
    /// its successor.
    RejoinWaits { shard: ShardName, node: String, role: Role },
    /// The primary that was in a minority takes writes again.
    PrimaryTakesWrites { shard: ShardName, node: String },
    /// How many writes a second isolated nodes take from now on: the primary in its history, former
    /// primaries astray.
    WritesBeside { shard: ShardName, kept_per_second: u64, astray_per_second: u64 },
    /// What a former primary took while it was isolated is lost.
    SplitBrain { shard: ShardName, node: String, lost_writes: f64, loss_window_s: f64 },
    /// The primary has too few good replicas, and refuses writes.
    TooFewReplicas { shard: ShardName, good: u8, needed: u8 },
    /// The primary has enough good replicas again.
    EnoughReplicas { shard: ShardName, good: u8, needed: u8 },
    /// Writes that WAIT had not confirmed are gone with their primary; they count as rejected.
    Unconfirmed { shard: ShardName, writes: f64 },
    /// So many writes a second wait in vain from now on, and count as rejected.
    WaitFails { shard: ShardName, per_second: u64 },
    /// The target is prepared, as far as the API can see: a call to test or start was accepted.
    MigrationPrepared { group: String },
    /// The operator begins to bring everybody back to the source.
    RollBackBegan { group: String },
    /// The result of TestMigration.
    MigrationTested { group: String, obstacle: Obstacle },
    /// The target of a migration is resharded: so many hash slots move.
    ReshardBegan { group: String, slots: u32 },
    /// The target could not become a replica of the source.
    MigrationAttemptFailed { group: String, obstacle: Obstacle, attempt: u16, attempts: u16 },
    /// It has tried often enough, and is its own master again.
    MigrationGivenUp { group: String, obstacle: Obstacle },
    /// Every shard of the target is a replica of the source.
    MigrationConnected { group: String },
    /// A full sync from the source begins; its writes wait for so many seconds for the fork.
    LinkSyncBegan { shard: ShardName, from: String, to: String, bytes: u64, pause_s: f64 },
    /// The copy was sent, and the target loads it; so many writes wait in the source.
    LinkLoading { shard: ShardName, bytes: u64, behind_writes: f64 },
    /// What the target's shard had is gone, and with it acknowledged writes of its own.
    TargetWiped { shard: ShardName, lost_writes: f64, loss_window_s: f64 },
    /// The full sync is done and the target follows; so many writes wait.
    LinkStreams { shard: ShardName, behind_writes: f64 },
    /// The link is up again without a full sync.
    LinkBack { shard: ShardName, missing_writes: f64 },
    /// Nothing waits for the target's shard.
    CaughtUp { shard: ShardName },
    /// All shards of the target are in sync, so many seconds after the start.
    AllInSync { group: String, took_s: f64 },
    /// The link is lost; so many writes waited.
    LinkLost { shard: ShardName, why: LinkLoss, behind_writes: f64 },
    /// The network between source and target is cut.
    MigrationNetworkCut {},
    /// It is whole again.
    MigrationNetworkBack {},
    /// The migration could not be completed.
    MigrationNotCompleted { group: String, why: Hindrance },
    /// A shard of the target is promoted, and what it lacked.
    ShardCompleted {
        shard: ShardName,
        node: String,
        lost_writes: f64,
        loss_window_s: f64,
        regained_writes: f64,
        missing_bytes: u64,
    },
    /// The migration is complete, by force or not.
    MigrationCompleted { group: String, force: bool },
    /// The migration is stopped: the clients stay with the source.
    MigrationStopped { group: String },
    /// The operator begins with the cut-over.
    CutOverBegan { group: String },
    /// The operator gives the cut-over up.
    CutOverGivenUp { group: String },
    /// A part of the clients, from 0, begins to move, and writes to nobody.
    CohortMoves { cohort: u16, to: Side },
    /// It has arrived.
    CohortArrived { cohort: u16, at: Side },
    /// Who writes to a shard changed: parts of the clients, those of them that are held, and the
    /// writes per second that each offer.
    Clients { shard: ShardName, cohorts: u16, held: u16, per_second: u64, held_per_second: u64 },
    /// Whether clients that are not held reach a primary that takes writes, in a migration.
    Access { shard: ShardName, taken: bool },
    /// The first write on the target after the completion: rolling back loses writes from here on.
    PointOfNoReturn { group: String },
    /// Acknowledged writes that the source took after the completion.
    Diverged { shard: ShardName, lost_writes: f64, loss_window_s: f64 },
    /// Writes that a roll-back at the end would lose.
    PriceOfReturn { shard: ShardName, writes: f64 },
    /// The application goes back to the source.
    RolledBack { group: String },
    /// What that loses of a shard, and the lost writes that it brings back.
    ShardRolledBack { shard: ShardName, lost_writes: f64, loss_window_s: f64, regained_writes: f64 },
    /// The entry that ElastiCache's event log would hold.
    AwsEvent { source_type: SourceType, source: String, message: String },
    /// The last line: what the trial came to.
    Outcome { metrics: Metrics<f64> },
}

/// Adds to every kind of fact when it became true.
fn add_time(schema: &mut Schema) {
    let kinds = schema.get_mut("oneOf").and_then(|kinds| kinds.as_array_mut());
    for kind in kinds.into_iter().flatten() {
        let time = schemars::json_schema!({
            "description": "Simulated time since the start of the trial, in nanoseconds.",
            "type": "integer",
            "minimum": 0,
        });
        kind["properties"]["t_ns"] = time.to_value();
        if let Some(required) = kind["required"].as_array_mut() {
            required.push("t_ns".into());
        }
    }
}

/// What a fault is, and what it was aimed at: a node, a shard, an AZ, a group, or the link of a
/// migration.
#[derive(JsonSchema)]
#[schemars(inline, transform = exactly_one(&["cause"]))]
struct Strike {
    cause: Cause,
    #[schemars(skip_serializing_if = "Option::is_none", with = "String")]
    node: Option<String>,
    #[schemars(skip_serializing_if = "Option::is_none", with = "ShardName")]
    shard: Option<ShardName>,
    #[schemars(skip_serializing_if = "Option::is_none", with = "String")]
    az: Option<String>,
    #[schemars(skip_serializing_if = "Option::is_none", with = "String")]
    group: Option<String>,
    #[schemars(skip_serializing_if = "Option::is_none", with = "String")]
    link: Option<String>,
}

/// A shard with its group: "redis1x3/0001".
#[derive(JsonSchema)]
struct ShardName(String);

/// What keeps the target of a migration from following the source.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum Obstacle {
    /// Nothing.
    None,
    /// Nobody listens at the address.
    WrongAddress,
    /// The network does not let it through.
    BlockedNetwork,
    /// The source wants a password.
    Auth,
    /// The source has protected-mode on.
    ProtectedMode,
    /// A command that is needed is renamed.
    RenamedCommand,
    /// The source is too old.
    SourceTooOld,
    /// The instances of the source have different ports.
    UnequalPorts,
    /// The source does not answer, or has nothing to copy.
    SourceDown,
    /// A shard of the target has no primary.
    TargetDown,
    /// The target's memory does not hold the data.
    TargetTooSmall,
}

/// Why the link of a migration is lost.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum LinkLoss {
    /// The network is cut.
    Network,
    /// The node of the source is gone, or follows another history.
    Source,
    /// The primary of the target's shard does not answer.
    Target,
    /// More waited in the source than its output buffer may hold.
    OutputBuffer,
    /// The source ran out of memory.
    OutOfMemory,
    /// The target's memory does not hold the copy.
    TargetTooSmall,
}

/// Why a migration could not be completed.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum Hindrance {
    /// A shard of the target is not in sync.
    NotInSync,
    /// A node of the target is being replaced.
    NodeIsReplaced,
    /// A shard of the target has no primary.
    NoPrimary,
}

/// Source or target of a migration.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum Side {
    /// The self-hosted tree.
    Source,
    /// The replication group.
    Target,
}

/// How a node stopped.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum Stop {
    /// Its host is lost.
    HostLost,
    /// Its process died.
    Crashed,
    /// It was shut down to be rebooted.
    Rebooted,
    /// The control plane took it offline to replace it.
    TakenOffline,
    /// It was shut down to be patched in place.
    Patched,
    /// It was removed from its group.
    Removed,
}

/// Who asked for a backup.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum BackupKind {
    /// The daily window.
    Automatic,
    /// `CreateSnapshot`.
    Manual,
}

/// How a backup copies a node.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum BackupMethod {
    /// A child process writes the snapshot.
    Forked,
    /// Writes are delayed instead.
    Forkless,
}

/// Steps of a restore.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum RestoreStep {
    /// Somebody decides to restore.
    Deciding,
    /// The new group is provisioned.
    Provisioning,
    /// It reads the snapshot.
    Loading,
    /// The application is given the new endpoint.
    RePointing,
    /// The application is given the endpoint of the second region.
    Switching,
    /// The group of the second region is promoted.
    Promoting,
}

/// Whose event log announces a failover first.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum Announced {
    /// The node's, as documented.
    NodeFirst,
    /// The group's.
    GroupFirst,
}

/// A call of the API, or what comes without one.
#[derive(JsonSchema)]
enum Call {
    ModifyReplicationGroup,
    TestFailover,
    RebootCacheCluster,
    IncreaseReplicaCount,
    DecreaseReplicaCount,
    CreateSnapshot,
    TestMigration,
    StartMigration,
    CompleteMigration,
    /// A node outside ElastiCache follows the primary.
    #[schemars(rename = "attach-external-replica")]
    AttachExternalReplica,
    /// A service update.
    #[schemars(rename = "service-update")]
    ServiceUpdate,
}

/// `Status` of a group in the API.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum GroupStatus {
    /// It can be worked with.
    Available,
    /// A modification or a service update is under way.
    Modifying,
    /// A backup is running.
    Snapshotting,
    /// It is the target of a migration.
    Migrating,
}

/// `AutomaticFailover` of a group in the API.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum AutomaticFailover {
    /// On.
    Enabled,
    /// Off.
    Disabled,
    /// Off, and being switched on.
    Enabling,
    /// Still on, and being switched off.
    Disabling,
}

/// `MultiAZ` of a group in the API.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum Switch {
    /// On.
    Enabled,
    /// Off.
    Disabled,
}

/// How a service update brings a node to its version.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum UpdateMethod {
    /// By a new node in its place.
    Replace,
    /// In place, with a restart of the process.
    Patch,
}

/// The role in which a node stopped.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum Role {
    /// It was the primary.
    Primary,
    /// It was a replica.
    Replica,
}

/// The kind of a fault.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum Cause {
    /// A single host was lost.
    Node,
    /// Several replicas' hosts were lost at once.
    Replicas,
    /// An AZ.
    Az,
    /// A whole group.
    Group,
    /// A process died, its host did not.
    Crash,
    /// The customer rebooted a node.
    CustomerReboot,
    /// The service rebooted a node.
    ServiceReboot,
    /// Planned: maintenance, or a promotion by hand.
    Planned,
    /// A test failover.
    TestFailover,
    /// A node that runs could not be reached.
    Isolation,
    /// A migration: clients were stopped or moved, or the target is a replica.
    Migration,
}

/// What an outage waits for.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Phase {
    /// The control plane does not know yet.
    Detection,
    /// A replica is being promoted, or the copy in a second region.
    Promotion,
    /// The endpoint still names the old primary, or the application writes to the old group.
    Endpoint,
    /// A replacement, or a new group, waits for its AZ.
    WaitingForAz,
    /// A replacement, or a new group, is being provisioned.
    Provisioning,
    /// The recreated primary copies the data from a replica.
    Sync,
    /// An empty node is being made primary.
    ColdStart,
    /// A process restarts on its host.
    Restart,
    /// The primary reads its append-only file, or a node the durable log.
    Replay,
    /// The primaries of the cluster have no majority.
    NoMajority,
    /// The primary has fewer good replicas than writes ask for.
    TooFewReplicas,
    /// A person has to decide on a restore, or on a switch to a second region.
    Decision,
    /// A snapshot is being loaded into a new group.
    Loading,
    /// Writes to the source of a migration were stopped, and the target catches up.
    Draining,
    /// The target of a migration is a replica.
    Following,
}

/// What an entry of the event log is about.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
enum SourceType {
    /// A node.
    CacheCluster,
    /// A replication group.
    ReplicationGroup,
}
