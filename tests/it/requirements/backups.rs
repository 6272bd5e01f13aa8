//! Snapshots, restores, the append-only file, and the loads that a loss and a failover bring
//! (BK-01 to BK-04, MZ-34, MZ-58, MZ-63).

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::engine::time::{SimTime, Span};
use elasticache_sim::model::api::{Call, Refusal};
use elasticache_sim::model::fact::{BackupFact, BackupFailure, Fact, OperationFact};
use elasticache_sim::model::persistence::{
    AfterLoss, BackupKind, Forkless, Fsync, LogPlan, Method, SnapshotPlan,
};
use elasticache_sim::model::plan::{
    Action, Apply, Changes, ClusterMode, FullSync, GroupId, NodeId, Operation, Plan, Scripted,
    ShardId, Switch,
};
use elasticache_sim::model::state::{NanoWrites, WRITE};
use elasticache_sim::observe::endpoints::{Endpoints, Record, Target};
use elasticache_sim::observe::metrics::{Mechanism, Metric, Outcome};
use elasticache_sim::report::describe::{self, Answer};
use elasticache_sim::report::event_log::{self, Entry};
use elasticache_sim::report::{endpoints, timeline};
use serde_json::Value;

use super::story::state_at;
use super::{count, last_state, once, times};
use crate::support::{parse, run, secs, with_fixed_times};

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
const GROUP: GroupId = GroupId(0);
const SHARD: ShardId = ShardId(0);

/// A group of one shard with so many replicas, 1000 writes a second of 512 B and 8 GiB of data,
/// whose snapshots are taken daily at midnight and kept for a day; fixed times: a decision takes
/// 15 min, provisioning 8 min, reading 5 s per GiB, re-pointing 5 min, a backup 10 s per GiB.
fn daily(replicas: u8, horizon: &str, faults: &str) -> Plan {
    let text = format!(
        "schema = 1\n[run]\nhorizon = \"{horizon}\"\n[group]\nid = \"g\"\nazs = [\"a\", \"b\"]\n\
         replicas = {replicas}\nsnapshot-retention = 1\n[workload]\nwrites-per-second = 1_000\n\
         dataset = \"8 GiB\"\n{faults}"
    );
    with_fixed_persistence(with_fixed_times(parse(&text).plan))
}

fn with_fixed_persistence(mut plan: Plan) -> Plan {
    for group in &mut plan.groups {
        group.backups.window.first = SimTime::START;
    }
    let fixed = |s| Law::fixed(secs(s));
    plan.snapshots = SnapshotPlan {
        after_dataset_loss: AfterLoss::Restore,
        take: FullSync::PerGib(secs(10)),
        fork: FullSync::PerGib(Span::from_nanos(10_000_000)),
        decision: fixed(15 * 60),
        provision: fixed(8 * 60),
        load: FullSync::PerGib(secs(5)),
        re_pointing: fixed(5 * 60),
    };
    plan.log = LogPlan { fsync: Fsync::EverySecond, replay: FullSync::PerGib(secs(14)) };
    plan
}

fn group_fails(at: &str) -> String {
    format!("[[fault]]\nat = \"{at}\"\nfail-group = {{}}\n")
}

fn writes(n: u64) -> NanoWrites {
    NanoWrites::from(n) * WRITE
}

fn at(secs_: u64) -> SimTime {
    SimTime::START + secs(secs_)
}

/// Adds a call at a time of the trial.
fn call(plan: &mut Plan, after_secs: u64, operation: Operation) {
    plan.script.push(Scripted {
        at: Law::fixed(secs(after_secs)),
        action: Action::Operation(operation),
        address: 0x0070_0000 + after_secs as u32,
    });
}

/// Checks that every acknowledged write at the end is where the outcome says; gives the outcome.
#[track_caller]
fn balanced(plan: &Plan) -> (Vec<(SimTime, Fact)>, Outcome) {
    let (facts, outcome) = run(plan, 1, 0);
    let state = last_state(plan, 1, 0);
    let sum = |of: fn(&elasticache_sim::model::state::ShardLedger) -> NanoWrites| {
        state.ledger.shards.iter().map(of).sum::<NanoWrites>()
    };
    assert_eq!(sum(|books| books.lost), outcome.raw(Metric::LostWrites));
    assert_eq!(sum(|books| books.dataset_lost), outcome.raw(Metric::DatasetLostWrites));
    assert_eq!(
        sum(|books| books.acknowledged),
        sum(|books| books.offset + books.archived + books.lost + books.dataset_lost)
    );
    (facts, outcome)
}

fn is_backup(fact: &Fact, matches: fn(&BackupFact) -> bool) -> bool {
    match fact {
        Fact::Backup(fact) => matches(fact),
        _ => false,
    }
}

#[test]
fn bk_01_after_the_loss_of_everything_what_is_missing_is_as_old_as_the_last_snapshot() {
    for (hours, age) in [(12, 12 * HOUR), (30, 6 * HOUR)] {
        let mut plan = daily(0, "2d", &group_fails(&format!("{hours}h")));
        plan.timing.cold_start = Law::fixed(secs(100 * DAY));
        let (facts, outcome) = balanced(&plan);
        let lost = outcome.raw(Metric::DatasetLostWrites);
        assert_eq!(lost, writes(1_000 * age), "{hours} h");
        assert_eq!(outcome.raw(Metric::DatasetLosses), 1);
        assert_eq!(outcome.raw(Metric::DatasetLostBytes), 0, "the snapshot has what was there");
        let restored = once(&facts, |f| is_backup(f, |f| matches!(f, BackupFact::Restored { .. })));
        // 15 min + 8 min + 8 GiB at 5 s each + 5 min after the loss.
        assert_eq!(restored, at(hours * HOUR + 28 * 60 + 40));
        let age_told = facts.iter().find_map(|(_, fact)| match fact {
            Fact::Backup(BackupFact::RestoreBegan { age, .. }) => Some(*age),
            _ => None,
        });
        assert_eq!(age_told, Some(secs(age)));
    }
}

#[test]
fn bk_01_the_named_node_is_copied_else_the_last_replica_else_the_primary() {
    let source = |plan: &Plan| {
        let (facts, _) = run(plan, 1, 0);
        let copies = facts.iter().find_map(|(_, fact)| match *fact {
            Fact::Backup(BackupFact::Copies { node, behind, .. }) => Some((node, behind)),
            _ => None,
        });
        copies.expect("a backup at midnight")
    };
    let quiet = "[[fault]]\nat = \"20h\"\nfail-node = { node = \"g-001\" }\n";
    let mut plan = daily(2, "1d", quiet);
    plan.groups[0].backups.window.first = at(HOUR);
    // The replica trails by 100 ms of 1000 writes a second.
    assert_eq!(source(&plan), (NodeId(2), writes(100)));
    plan.groups[0].backups.node = Some(NodeId(1));
    assert_eq!(source(&plan), (NodeId(1), writes(100)));
    plan.groups[0].backups.node = Some(NodeId(0));
    assert_eq!(source(&plan), (NodeId(0), 0));
    let mut alone = daily(0, "1d", quiet);
    alone.groups[0].backups.window.first = at(HOUR);
    assert_eq!(source(&alone), (NodeId(0), 0));
}

#[test]
fn bk_01_a_snapshot_is_kept_for_the_retention_period_and_a_manual_one_for_ever() {
    // Snapshots are switched off after the first; it is kept for a day.
    let losses = |loss_at: &str, retention: u8, manual: bool| {
        let mut plan = daily(0, "4d", &group_fails(loss_at));
        plan.groups[0].backups.retention_days = retention;
        let off = Changes { snapshot_retention: Some(0), ..Changes::NONE };
        let off = Operation::Modify { group: GROUP, changes: off, apply: Apply::Immediately };
        call(&mut plan, HOUR, off);
        if manual {
            call(&mut plan, 2 * HOUR, Operation::CreateSnapshot { group: GROUP });
        }
        let (facts, outcome) = balanced(&plan);
        let n = count(&facts, |f| is_backup(f, |f| matches!(f, BackupFact::Restored { .. })));
        (n, outcome.raw(Metric::DatasetLostWrites))
    };
    assert_eq!(losses("23h 59m 59s", 1, false), (1, writes(1_000 * (DAY - 1))));
    assert_eq!(losses("24h", 1, false), (0, writes(1_000 * DAY)), "it has expired");
    assert_eq!(losses("24h", 2, false), (1, writes(1_000 * DAY)));
    assert_eq!(losses("72h", 1, true), (1, writes(1_000 * 70 * HOUR)));
    assert_eq!(losses("12h", 0, false), (0, writes(1_000 * 12 * HOUR)), "0 switches them off");
}

#[test]
fn bk_02_a_restore_is_a_new_group_and_what_the_old_one_took_meanwhile_is_gone() {
    let plan = daily(1, "1d", &group_fails("6h"));
    let (facts, outcome) = balanced(&plan);
    let resumed = times(&facts, |f| matches!(f, Fact::WritesResumed { .. }));
    // Detected after 10 s, replaced after 480 s, started cold after 5 s.
    assert_eq!(resumed, [at(6 * HOUR + 495)]);
    let cold = RE_POINTED - (6 * HOUR + 495);
    assert_eq!(outcome.raw(Metric::LostWrites), writes(1_000 * cold));
    assert_eq!(outcome.lost_by_mechanism[Mechanism::Restore as usize], writes(1_000 * cold));
    let number = facts.iter().find_map(|(when, fact)| match fact {
        Fact::Backup(BackupFact::Restored { number, .. }) => Some((*when, *number)),
        _ => None,
    });
    assert_eq!(number, Some((at(RE_POINTED), 1)));
    let state = last_state(&plan, 1, 0);
    assert_eq!(state.archive.group(GROUP).restored, 1);
    // What the new group has: the snapshot, taken of a replica with nothing written before it, and
    // what it took since.
    assert_eq!(state.books(SHARD).offset, writes(1_000 * (DAY - RE_POINTED)));
    let name = elasticache_sim::report::backups::restored_id(&plan, GROUP, 1);
    assert_eq!(name, "g-restored-1");
}

/// What the API says of the only group after so many seconds.
fn described(plan: &Plan, after: u64) -> Value {
    let state = state_at(plan, after);
    let text = describe::document(plan, &state, GROUP, Answer::Describe);
    let mut document: Value = serde_json::from_str(&text).expect("JSON");
    document["ReplicationGroups"][0].take()
}

/// Where the names of a trial lead, in the end and on the way.
fn followed(plan: &Plan) -> (Endpoints, String) {
    let (facts, _) = run(plan, 1, 0);
    let endpoints = endpoints::follow(plan, TrialKeys::new(1).key(0), &facts);
    let table = endpoints::table(plan, &endpoints);
    (endpoints, table)
}

/// The moment at which the application writes to the new group, in the plans of these tests.
const RE_POINTED: u64 = 6 * HOUR + 28 * 60 + 40;

#[test]
fn bk_02_the_new_group_has_its_own_id_and_names() {
    let plan = daily(1, "1d", &group_fails("6h"));
    let addresses = |group: &Value| {
        let shard = &group["NodeGroups"][0];
        [
            &group["ReplicationGroupId"],
            &group["MemberClusters"][1],
            &shard["PrimaryEndpoint"]["Address"],
            &shard["ReaderEndpoint"]["Address"],
            &shard["NodeGroupMembers"][1]["ReadEndpoint"]["Address"],
        ]
        .map(|name| name.as_str().expect("a name").to_owned())
    };
    let first_part = |name: String| name.split('.').next().expect("a part").to_owned();
    let names = |at| addresses(&described(&plan, at)).map(first_part);
    assert_eq!(names(RE_POINTED - 1), ["g", "g-002", "g", "g-ro", "g-002"]);
    let new = ["g-restored-1", "g-restored-1-002", "g-restored-1", "g-restored-1-ro"];
    assert_eq!(names(RE_POINTED)[..4], new);
    assert_eq!(names(RE_POINTED)[4], "g-restored-1-002");
    let group = described(&plan, RE_POINTED);
    let arn = group["ARN"].as_str().expect("an ARN");
    assert!(arn.ends_with(":g-restored-1"), "{arn}");
    // It was begun once somebody had decided, after 15 min.
    let created = |group: &Value| group["ReplicationGroupCreateTime"].to_string();
    assert!(created(&described(&plan, RE_POINTED - 1)).contains("T00:00:00"));
    assert!(created(&group).contains("T06:15:00"), "{}", created(&group));
}

#[test]
fn bk_02_old_names_lead_nowhere_after_a_restore_and_new_ones_to_new_nodes() {
    let disabled = daily(1, "1d", &group_fails("6h"));
    let mut enabled = disabled.clone();
    enabled.groups[0].cluster_mode = ClusterMode::Enabled;
    let (primary, reader) = (Record::Primary(SHARD), Record::Reader(SHARD));
    let (slots, all) = (Record::Slots(SHARD), Record::Configuration(GROUP));
    let nodes = |ids: &[u16]| Target::Nodes(ids.iter().copied().map(NodeId).collect());
    let own = (Record::Node(NodeId(1)), Target::Host(1));
    let first = Target::Node(NodeId(0));
    let of_disabled = [(primary, first.clone()), (reader, nodes(&[1])), own.clone()];
    let of_enabled = [(slots, first), (all, nodes(&[0, 1])), own];
    for (plan, expected) in [(disabled, of_disabled), (enabled, of_enabled)] {
        let (endpoints, table) = followed(&plan);
        let ends = |record| {
            let changes = endpoints.changes.iter().filter(move |change| change.record == record);
            let changes = changes.filter(|change| change.at == at(RE_POINTED));
            changes.map(|change| (change.group_number, change.to.clone())).collect::<Vec<_>>()
        };
        for (record, target) in expected {
            assert_eq!(ends(record), [(0, Target::Nothing), (1, target)], "{record:?}");
        }
        let lines = table.lines().filter(|line| line.contains(" g-restored-1"));
        let old = |line: &str| line.split_whitespace().any(|word| word.starts_with("g-00"));
        assert_eq!(lines.filter(|line| old(line)).count(), 0, "{table}");
    }
}

#[test]
fn bk_02_the_chart_and_the_event_log_know_the_new_group() {
    // The third node is being replaced when the new group, which has all of its nodes, is there.
    let again = "[[fault]]\nat = \"6h 28m\"\nfail-node = { node = \"g-002\" }\n\
                 [[fault]]\nat = \"12h\"\nfail-node = { node = \"g-001\" }\n";
    let plan = daily(1, "1d", &(group_fails("6h") + again));
    let (facts, outcome) = run(&plan, 1, 0);
    let story = timeline::render(&plan, &facts, &outcome);
    let last = story.lines().rfind(|line| line.starts_with("g-002")).expect("a lane");
    assert!(last.contains("a ---") || last.contains("b ---"), "a replica is there: {last}");
    let log = event_log::entries(&plan, &facts);
    let (before, after): (Vec<&Entry>, Vec<&Entry>) =
        log.iter().partition(|entry| entry.at < at(RE_POINTED));
    let is_new = |entry: &&Entry| entry.event.source.starts_with("g-restored-1");
    assert!(!before.iter().any(is_new) && !after.is_empty() && after.iter().all(is_new));
    let message = "Failover from primary node g-restored-1-001 to replica node g-restored-1-002";
    assert!(after.iter().any(|entry| entry.event.message.starts_with(message)));
}

#[test]
fn bk_02_whoever_starts_cold_has_nothing_of_the_snapshot() {
    let mut plan = daily(1, "1d", &group_fails("6h"));
    plan.snapshots.after_dataset_loss = AfterLoss::StartCold;
    let (facts, outcome) = balanced(&plan);
    assert_eq!(outcome.raw(Metric::LostWrites), 0);
    assert_eq!(outcome.raw(Metric::DatasetLostWrites), writes(1_000 * 6 * HOUR));
    assert_eq!(outcome.raw(Metric::DatasetLostBytes), 8 << 30);
    assert_eq!(count(&facts, |f| is_backup(f, |f| matches!(f, BackupFact::Restored { .. }))), 0);
}

#[test]
fn bk_02_one_shard_of_several_is_not_restored_and_its_part_of_the_snapshot_is_lost() {
    let text = "schema = 1\n[run]\nhorizon = \"1d\"\n[control-plane]\ndetector = \"managed\"\n\
                [group]\nid = \"g\"\ncluster-mode = \"enabled\"\nazs = [\"a\", \"b\"]\nshards = 2\n\
                replicas = 0\nsnapshot-retention = 1\n[workload]\nwrites-per-second = 2_000\n\
                dataset = \"8 GiB\"\n[[fault]]\nat = \"6h\"\nfail-node = { node = \"g-0001-001\" }\n";
    let mut plan = with_fixed_persistence(with_fixed_times(parse(text).plan));
    plan.groups[0].backups.window.first = at(HOUR);
    let (facts, outcome) = balanced(&plan);
    assert_eq!(outcome.raw(Metric::DatasetLostWrites), writes(1_000 * 6 * HOUR));
    assert_eq!(outcome.raw(Metric::DatasetLostBytes), 4 << 30);
    let given_up = facts.iter().find_map(|(when, fact)| match *fact {
        Fact::Backup(BackupFact::ArchiveLost { writes, .. }) => Some((*when, writes)),
        _ => None,
    });
    assert_eq!(given_up, Some((at(6 * HOUR + 495), writes(1_000 * HOUR))));
    assert_eq!(count(&facts, |f| is_backup(f, |f| matches!(f, BackupFact::Restored { .. }))), 0);
}

#[test]
fn bk_02_a_restore_waits_for_the_azs_of_its_nodes() {
    let az = "[[fault]]\nat = \"6h\"\nfail-az = { az = \"a\", duration = \"3h\" }\n";
    let plan = daily(0, "1d", az);
    let (facts, _) = balanced(&plan);
    let waits = once(&facts, |f| is_backup(f, |f| matches!(f, BackupFact::RestoreWaits { .. })));
    assert_eq!(waits, at(6 * HOUR + 15 * 60));
    let restored = once(&facts, |f| is_backup(f, |f| matches!(f, BackupFact::Restored { .. })));
    assert_eq!(restored, at(9 * HOUR + 13 * 60 + 40));
}

/// How calls were refused, in order.
fn refusals(facts: &[(SimTime, Fact)]) -> Vec<(Call, Refusal)> {
    facts
        .iter()
        .filter_map(|(_, fact)| match *fact {
            Fact::Operation(OperationFact::Refused { call, refusal, .. }) => Some((call, refusal)),
            _ => None,
        })
        .collect()
}

#[test]
fn bk_03_the_twenty_first_manual_backup_of_a_node_in_24_hours_is_refused() {
    let quiet = "[[fault]]\nat = \"40h\"\nfail-node = { node = \"g-001\" }\n";
    let mut plan = daily(0, "2d", quiet);
    plan.groups[0].backups.retention_days = 0;
    for n in 0..21 {
        call(&mut plan, HOUR + n * 600, Operation::CreateSnapshot { group: GROUP });
    }
    // The first is 24 hours old then, and a second before it is not.
    call(&mut plan, 25 * HOUR - 1, Operation::CreateSnapshot { group: GROUP });
    call(&mut plan, 25 * HOUR, Operation::CreateSnapshot { group: GROUP });
    let (facts, _) = run(&plan, 1, 0);
    let refused = (Call::CreateSnapshot, Refusal::SnapshotQuota);
    assert_eq!(refusals(&facts), [refused, refused]);
    let complete = |f: &BackupFact| matches!(f, BackupFact::Completed { .. });
    let done = times(&facts, |f| is_backup(f, complete));
    assert_eq!(done.len(), 21);
    assert_eq!(*done.last().expect("backups"), at(25 * HOUR) + Span::from_nanos(80_080_000_000));
}

#[test]
fn bk_03_a_backup_blocks_all_other_calls() {
    let quiet = "[[fault]]\nat = \"20h\"\nfail-node = { node = \"g-001\" }\n";
    let mut plan = daily(1, "1d", quiet);
    plan.groups[0].backups.window.first = at(HOUR);
    // The backup takes 80 s of copying and 80 ms of forking.
    let answer = elasticache_sim::model::plan::Answer::Continue;
    call(&mut plan, HOUR + 20, Operation::TestFailover { shard: SHARD, answer });
    let changes = Changes { multi_az: Some(Switch::Off), ..Changes::NONE };
    let modify = Operation::Modify { group: GROUP, changes, apply: Apply::Immediately };
    call(&mut plan, HOUR + 40, modify.clone());
    call(&mut plan, HOUR + 60, Operation::CreateSnapshot { group: GROUP });
    call(&mut plan, HOUR + 81, modify);
    let (facts, _) = run(&plan, 1, 0);
    let busy = |call| (call, Refusal::GroupIsSnapshotting);
    let expected =
        [Call::TestFailover, Call::ModifyReplicationGroup, Call::CreateSnapshot].map(busy);
    assert_eq!(refusals(&facts), expected);
}

#[test]
fn bk_03_a_backup_fails_with_the_node_that_it_copies() {
    let strikes = "[[fault]]\nat = \"1h 40s\"\nfail-node = { node = \"g-002\" }\n";
    let mut plan = daily(1, "1d", strikes);
    plan.groups[0].backups.window.first = at(HOUR);
    let (facts, _) = run(&plan, 1, 0);
    let why = facts.iter().find_map(|(when, fact)| match *fact {
        Fact::Backup(BackupFact::Failed { why, .. }) => Some((*when, why)),
        _ => None,
    });
    assert_eq!(why, Some((at(HOUR + 40), BackupFailure::NodeStopped)));
    assert_eq!(count(&facts, |f| is_backup(f, |f| matches!(f, BackupFact::Completed { .. }))), 0);
    assert_eq!(last_state(&plan, 1, 0).group(GROUP).backup, None);
}

/// How the backup at 1 h goes: its method, whether it fails, and the seconds that it delays writes.
fn method(memory_gib: u64, forkless: Forkless, writes_per_sec: u64) -> (Option<Method>, f64) {
    let quiet = "[[fault]]\nat = \"20h\"\nfail-node = { node = \"g-001\" }\n";
    let mut plan = daily(0, "1d", quiet);
    plan.groups[0].backups.window.first = at(HOUR);
    plan.groups[0].memory_bytes = Some(memory_gib << 30);
    plan.groups[0].forkless = forkless;
    plan.shards[0].writes_per_sec = writes_per_sec;
    let (facts, outcome) = run(&plan, 1, 0);
    let method = facts.iter().find_map(|(_, fact)| match *fact {
        Fact::Backup(BackupFact::Began { method, .. }) => Some(method),
        _ => None,
    });
    let no_memory =
        |f: &BackupFact| matches!(f, BackupFact::Failed { why: BackupFailure::NoMemory, .. });
    assert_eq!(count(&facts, |f| is_backup(f, no_memory)), usize::from(method.is_none()));
    (method, outcome.get(Metric::ForklessBackup, &plan))
}

#[test]
fn bk_04_a_backup_forks_where_memory_allows_else_delays_writes_and_fails_on_old_engines() {
    use Forkless::{Available, Missing};
    // 8 GiB of data and 80 s of backup: 1000 writes of 512 B a second make 39 MiB.
    assert_eq!(method(9, Available, 1_000), (Some(Method::Forked), 0.0));
    assert_eq!(method(8, Available, 1_000), (Some(Method::Forkless), 80.0));
    assert_eq!(method(8, Missing, 1_000), (None, 0.0));
    assert_eq!(method(9, Missing, 1_000), (Some(Method::Forked), 0.0));
    // 1 GiB in 80 s is 26,214.4 writes a second.
    assert_eq!(method(9, Available, 26_214), (Some(Method::Forked), 0.0));
    assert_eq!(method(9, Available, 26_215), (Some(Method::Forkless), 80.0));
    // No more than everything is copied.
    assert_eq!(method(16, Missing, 10_000_000), (Some(Method::Forked), 0.0));
}

/// One node of an old engine with an append-only file, and this fault at 10 min.
fn logged(fsync: Fsync, fault: &str) -> Plan {
    let text = format!(
        "schema = 1\n[run]\nhorizon = \"4h\"\n[group]\nid = \"g\"\nengine = \"redis\"\n\
         engine-version = \"2.8.21\"\nmulti-az = false\nappend-only-file = true\n\
         azs = [\"a\"]\nreplicas = 0\n[workload]\nwrites-per-second = 1_000\n\
         dataset = \"8 GiB\"\n[[fault]]\nat = \"10m\"\n{fault}\n"
    );
    let mut plan = with_fixed_persistence(with_fixed_times(parse(&text).plan));
    plan.log.fsync = fsync;
    plan
}

const CRASH: &str = "crash-node = { node = \"g-001\", restart-after = \"2s\" }";

#[test]
fn mz_58_the_append_only_file_keeps_what_a_crash_would_lose_up_to_its_tail() {
    let reboot = "reboot-node = { node = \"g-001\", by = \"customer\" }";
    let slow = "crash-node = { node = \"g-001\", restart-after = \"30s\" }";
    for (fsync, longest) in [(Fsync::EverySecond, 1_000), (Fsync::Always, 0), (Fsync::No, 30_000)] {
        // The process is gone for 2 s, 120 s or 30 s, and reads 8 GiB at 14 s each.
        for (fault, gone) in [(CRASH, 2), (reboot, 120), (slow, 30)] {
            let plan = logged(fsync, fault);
            let (facts, outcome) = balanced(&plan);
            let tail = outcome.raw(Metric::LostWrites);
            assert!(tail <= writes(longest), "{fsync:?}");
            assert_eq!(tail > 0, longest > 0, "{fsync:?}");
            assert_eq!(outcome.lost_by_mechanism[Mechanism::AofTail as usize], tail);
            assert_eq!(outcome.raw(Metric::DatasetLosses), 0);
            assert_eq!(outcome.get(Metric::WriteOutage, &plan), (gone + 112) as f64, "{fault}");
            let kept = facts.iter().find_map(|(_, fact)| match *fact {
                Fact::Backup(BackupFact::LogKept { behind, .. }) => Some(behind),
                _ => None,
            });
            assert_eq!(kept, Some(tail));
        }
    }
}

#[test]
fn mz_58_the_append_only_file_is_gone_with_the_host() {
    for fsync in [Fsync::EverySecond, Fsync::Always, Fsync::No] {
        let plan = logged(fsync, "fail-node = { node = \"g-001\" }");
        let (_, outcome) = balanced(&plan);
        assert_eq!(outcome.raw(Metric::DatasetLostWrites), writes(1_000 * 600));
        assert_eq!(outcome.raw(Metric::DatasetLostBytes), 8 << 30);
        assert_eq!(outcome.raw(Metric::LostWrites), 0);
    }
    // The host is lost while the process is gone, or reads the file.
    for second in ["10m 1s", "10m 50s"] {
        let fault =
            format!("{CRASH}\n[[fault]]\nat = \"{second}\"\nfail-node = {{ node = \"g-001\" }}");
        let plan = logged(Fsync::Always, &fault);
        let (_, outcome) = balanced(&plan);
        assert_eq!(outcome.raw(Metric::DatasetLostWrites), writes(1_000 * 600), "{second}");
    }
}

#[test]
fn mz_58_a_crash_while_the_file_is_read_begins_the_reading_anew() {
    let again = format!("{CRASH}\n[[fault]]\nat = \"11m\"\n{CRASH}");
    let plan = logged(Fsync::EverySecond, &again);
    let (facts, outcome) = balanced(&plan);
    let began = times(&facts, |f| is_backup(f, |f| matches!(f, BackupFact::ReplayBegan { .. })));
    assert_eq!(began.len(), 2);
    assert_eq!(outcome.get(Metric::WriteOutage, &plan), 60.0 + 2.0 + 112.0);
    assert!(outcome.raw(Metric::LostWrites) <= writes(1_000));
}

#[test]
fn mz_58_a_failover_that_is_due_before_the_process_returns_goes_ahead() {
    let crash = |gone: u64| {
        let text = format!(
            "schema = 1\n[run]\nhorizon = \"4h\"\n[group]\nid = \"g\"\nengine = \"redis\"\n\
             engine-version = \"2.8.21\"\nmulti-az = false\nautomatic-failover = true\n\
             append-only-file = true\nazs = [\"a\", \"b\"]\nreplicas = 1\n[workload]\n\
             writes-per-second = 1_000\ndataset = \"8 GiB\"\n[[fault]]\nat = \"10m\"\n\
             crash-node = {{ node = \"g-001\", restart-after = \"{gone}s\" }}\n"
        );
        let plan = with_fixed_persistence(with_fixed_times(parse(&text).plan));
        let (facts, outcome) = balanced(&plan);
        let replays = |f: &BackupFact| matches!(f, BackupFact::Replayed { .. });
        let promoted = count(&facts, |f| matches!(f, Fact::Promoted { .. }));
        (promoted, count(&facts, |f| is_backup(f, replays)), outcome.raw(Metric::LostWrites))
    };
    // Detection takes 10 s; the replica trails by 100 ms.
    let (promoted, replayed, lost) = crash(9);
    assert_eq!((promoted, replayed), (0, 1));
    assert!(lost > 0 && lost <= writes(1_000));
    assert_eq!(crash(11), (1, 0, writes(100)));
}

#[test]
fn mz_34_reads_miss_after_the_loss_of_everything_until_the_cache_is_filled_again() {
    // 100 reads a second that each write 512 B fill 51,200,000 B in 1000 s.
    let text = |horizon: &str, warm_up: &str| {
        format!(
            "schema = 1\n[run]\nhorizon = \"{horizon}\"\nwarm-up = \"{warm_up}\"\n[group]\n\
             id = \"g\"\nazs = [\"a\"]\nreplicas = 0\n[workload]\nwrites-per-second = 10\n\
             reads-per-second = 100\ndataset = \"50000 KiB\"\n[[fault]]\nat = \"10m\"\n\
             fail-node = {{ node = \"g-001\" }}\n"
        )
    };
    let missed = |horizon: &str, warm_up: &str| {
        let plan = with_fixed_times(parse(&text(horizon, warm_up)).plan);
        run(&plan, 1, 0).1.raw(Metric::MissedReads)
    };
    // It serves again 495 s after the fault, at 1095 s. Half of the reads of 1000 s miss.
    assert_eq!(missed("1d", "0s"), writes(50_000));
    // In the first half of that time three quarters of them.
    assert_eq!(missed("1595s", "0s"), writes(37_500));
    assert_eq!(missed("1d", "1595s"), writes(12_500));
    assert_eq!(missed("1095s", "0s"), 0);
}

#[test]
fn mz_34_a_restored_group_has_no_cold_cache_and_an_emptied_primary_has() {
    let faults = group_fails("6h");
    let mut plan = daily(0, "1d", &faults);
    plan.shards[0].reads_per_sec = 1_000;
    plan.timing.cold_start = Law::fixed(secs(100 * DAY));
    assert_eq!(run(&plan, 1, 0).1.raw(Metric::MissedReads), 0);
    let crash = "[[fault]]\nat = \"6h\"\n\
                 crash-node = { node = \"g-001\", restart-after = \"2s\" }\n";
    let mut plan = daily(1, "10d", crash);
    plan.groups[0].backups.retention_days = 0;
    plan.shards[0].reads_per_sec = 1_000;
    // 8 GiB at 512,000 B a second, half of them misses: 2^33 / 512 / 2.
    assert_eq!(run(&plan, 1, 0).1.raw(Metric::MissedReads), writes((1 << 33) / 1_024));
}

#[test]
fn mz_63_full_syncs_load_the_new_primary_for_their_time_and_number() {
    let text = "schema = 1\n[run]\nhorizon = \"4h\"\n[group]\nid = \"g\"\nazs = [\"a\", \"b\", \"c\"]\n\
                replicas = 2\n[workload]\nwrites-per-second = 1_000\ndataset = \"8 GiB\"\n\
                [[fault]]\nat = \"10m\"\nfail-primary = {}\n";
    let plan = with_fixed_times(parse(text).plan);
    let (_, outcome) = run(&plan, 1, 0);
    // The other replica and the replacement of the lost node copy 8 GiB at 18 s each.
    assert_eq!(outcome.get(Metric::SyncLoad, &plan), 2.0 * 144.0);
    assert_eq!(outcome.raw(Metric::SyncBytes), 2 * (8 << 30));
    let mut none = plan.clone();
    none.rules.resync = elasticache_sim::model::plan::Resync::None;
    let (_, outcome) = run(&none, 1, 0);
    assert_eq!(outcome.get(Metric::SyncLoad, &none), 144.0, "the replacement only");
    // Half of the replacement's copying is before the horizon.
    let mut cut = plan;
    cut.horizon = at(600 + 10 + 480 + 72);
    let (_, outcome) = run(&cut, 1, 0);
    assert_eq!(outcome.get(Metric::SyncLoad, &cut), 144.0 + 72.0);
}

/// A service update of three nodes: what is copied from the node that took over counts as well.
#[test]
fn mz_63_full_syncs_after_a_hand_over_count_as_well() {
    let text = "schema = 1\n[run]\nhorizon = \"6h\"\n[group]\nid = \"g\"\n\
                azs = [\"a\", \"b\", \"c\"]\nreplicas = 2\n[workload]\nwrites-per-second = 1_000\ndataset = \"1 GiB\"\n\
                [[operation]]\nat = \"10m\"\nservice-update = { apply-immediately = true }\n";
    let plan = with_fixed_times(parse(text).plan);
    let (facts, outcome) = run(&plan, 1, 0);
    let (mut serving, mut from_heirs, mut syncs, mut copied) = (NodeId(0), 0, 0, 0);
    for (_, fact) in &facts {
        match *fact {
            Fact::HandedOver { to, .. } => serving = to,
            Fact::SyncStarted { from, bytes, .. } => {
                assert_eq!(from, serving);
                from_heirs += u64::from(from != NodeId(0));
                syncs += 1;
                copied += u128::from(bytes);
            }
            _ => {}
        }
    }
    assert!(outcome.raw(Metric::Handovers) > 0 && from_heirs > 0 && syncs > from_heirs);
    assert_eq!(outcome.get(Metric::SyncLoad, &plan), 18.0 * syncs as f64);
    assert_eq!(outcome.raw(Metric::SyncBytes), copied);
}

#[test]
fn bk_01_a_kind_of_backup_is_told_with_its_snapshot() {
    let quiet = "[[fault]]\nat = \"35h\"\nfail-node = { node = \"g-001\" }\n";
    let mut plan = daily(0, "36h", quiet);
    call(&mut plan, HOUR, Operation::CreateSnapshot { group: GROUP });
    let (facts, _) = run(&plan, 1, 0);
    let kinds: Vec<BackupKind> = facts
        .iter()
        .filter_map(|(_, fact)| match *fact {
            Fact::Backup(BackupFact::Completed { kind, .. }) => Some(kind),
            _ => None,
        })
        .collect();
    assert_eq!(kinds, [BackupKind::Automatic, BackupKind::Manual, BackupKind::Automatic]);
    let archive = *last_state(&plan, 1, 0).archive.group(GROUP);
    assert_eq!(archive.manual, Some(at(HOUR)));
    assert_eq!(archive.automatic.map(|(begun, _)| begun), Some(at(DAY)));
}
