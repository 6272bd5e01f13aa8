//! The online migrations of the library, by hand: with fixed times every number is arithmetic, and
//! must come out to the nanosecond and to the nano-write.
//!
//! All begin alike: `StartMigration` is called at 600 s and connects 120 s later; of 6 GiB a full
//! sync takes 6 * 24 = 144 s, in which 144,000 writes come. The link carries a GiB in 16 s, which is
//! 2^26 / 512 = 131,072 writes a second, so that 130,072 fewer wait each second from then on.

use elasticache_sim::engine::time::{SimTime, Span};
use elasticache_sim::model::fact::{Fact, Hindrance, MigrationFact, Phase};
use elasticache_sim::model::plan::{HASH_SLOTS, Obstacle, Plan};
use elasticache_sim::model::state::WRITE;
use elasticache_sim::observe::metrics::{Mechanism, Metric, Outcome};

use crate::support::{load, run, secs, with_fixed_times};

/// A second in nanoseconds.
const S: u128 = 1_000_000_000;

/// A millisecond in nanoseconds.
const MS: u128 = 1_000_000;

/// From `StartMigration` until nothing waits for the target: 120 s, the full sync of 144 s, and
/// 144,000 / 130,072 s, to the next nanosecond.
const SYNC: u128 = (120 + 144) * S + (144_000 * S).div_ceil(130_072);

/// Exact numbers of a trial. Seconds, writes and times count; lengths in `_ns` are nanoseconds.
#[derive(PartialEq, Eq, Debug, Default)]
struct Expected {
    /// Seconds of outage, each as often as there are parts of the clients that it concerns.
    outage_ms: u128,
    outages: u128,
    longest_ms: u128,
    phases_ms: Vec<(Phase, u128)>,
    rejected_writes: u128,
    lost_writes: Vec<(Mechanism, u128)>,
    regained_writes: u128,
    failovers: u128,
    in_sync: u128,
    completed: u128,
    full_syncs: u128,
    sync_ns: u128,
    /// Nanoseconds for which all clients waited for forks.
    fork_ns: u128,
    price_writes: u128,
}

/// A trial with fixed times: its plan, its facts and what it came to.
fn trial(name: &str) -> (Plan, Vec<(SimTime, Fact)>, Outcome) {
    let plan = with_fixed_times(load(name).plan);
    let (facts, outcome) = run(&plan, 42, 0);
    (plan, facts, outcome)
}

/// Checks the numbers of a story in which whole groups wait; gives the facts.
fn check(name: &str, expected: &Expected) -> Vec<(SimTime, Fact)> {
    let (plan, facts, outcome) = trial(name);
    let exactly = |what: &str, raw: u128, unit: u128| {
        assert_eq!(raw % unit, 0, "{name}: {what} is {raw}, not whole in {unit}");
        raw / unit
    };
    let metric = |metric: Metric, unit: u128| exactly(metric.name(), outcome.raw(metric), unit);
    let slots = u128::from(HASH_SLOTS);
    let all_clients = slots * u128::from(plan.n_cohorts());
    let phases = Phase::ALL
        .into_iter()
        .map(|phase| (phase, exactly(phase.name(), outcome.by_phase[phase as usize], MS * slots)));
    let ways = Mechanism::ALL
        .into_iter()
        .map(|way| (way, exactly(way.name(), outcome.lost_by_mechanism[way as usize], WRITE)));
    let got = Expected {
        outage_ms: metric(Metric::WriteOutage, MS * slots),
        outages: metric(Metric::WriteOutages, 1),
        longest_ms: metric(Metric::LongestWriteOutage, MS),
        phases_ms: phases.filter(|(_, length)| *length > 0).collect(),
        rejected_writes: metric(Metric::RejectedWrites, WRITE),
        lost_writes: ways.filter(|(_, writes)| *writes > 0).collect(),
        regained_writes: metric(Metric::RegainedWrites, WRITE),
        failovers: metric(Metric::Failovers, 1),
        in_sync: metric(Metric::MigrationsInSync, 1),
        completed: metric(Metric::MigrationsCompleted, 1),
        full_syncs: metric(Metric::MigrationFullSyncs, 1),
        sync_ns: metric(Metric::MigrationSync, 1),
        fork_ns: metric(Metric::ForkPause, all_clients),
        price_writes: metric(Metric::RollBackPrice, WRITE),
    };
    assert_eq!(got, *expected, "{name}");
    check_sums(name, &outcome);
    // What nobody writes to lacks no copy, and no story loses a dataset or is refused a call.
    for metric in [Metric::ReducedRedundancy, Metric::DatasetLosses, Metric::RefusedOperations] {
        assert_eq!(outcome.raw(metric), 0, "{name}: {}", metric.name());
    }
    facts
}

fn check_sums(name: &str, outcome: &Outcome) {
    let outage = outcome.raw(Metric::WriteOutage);
    assert_eq!(outcome.by_phase.iter().sum::<u128>(), outage, "{name}");
    assert_eq!(outcome.by_cause.iter().sum::<u128>(), outage, "{name}");
    let lost = outcome.raw(Metric::LostWrites);
    assert_eq!(outcome.lost_by_mechanism.iter().sum::<u128>(), lost, "{name}");
    let diverged = outcome.lost_by_mechanism[Mechanism::Diverged as usize];
    assert_eq!(outcome.raw(Metric::DivergedWrites), diverged, "{name}");
}

/// When something was told of the migration, in nanoseconds, and what.
fn told<T>(
    facts: &[(SimTime, Fact)],
    what: impl Fn(&MigrationFact) -> Option<T>,
) -> Vec<(u128, T)> {
    let of = |(at, fact): &(SimTime, Fact)| match fact {
        Fact::Migration(fact) => what(fact).map(|it| (u128::from(at.as_nanos()), it)),
        _ => None,
    };
    facts.iter().filter_map(of).collect()
}

/// A migration that is in sync once, after one full sync; the fork takes 6 * 0.5 s.
fn one_sync() -> Expected {
    Expected { in_sync: 1, full_syncs: 1, sync_ns: SYNC, fork_ns: 3 * S, ..Expected::default() }
}

/// The completion at 3,660 s, for 7,200 s in all: 30 s later all clients leave, and write to the
/// target from 3,692 s on.
fn completed_at_an_hour() -> Expected {
    Expected {
        outage_ms: 2_000,
        outages: 1,
        longest_ms: 2_000,
        phases_ms: vec![(Phase::Endpoint, 2_000)],
        rejected_writes: 2_000,
        completed: 1,
        price_writes: (7_200 - 3_692) * 1_000,
        ..one_sync()
    }
}

#[test]
fn all_goes_well() {
    // Four parts of the clients are stopped at 2,400 s. What they wrote has arrived 100 ms later, when
    // the call is made; the target is promoted after 60 s, the clients leave 30 s later, and are
    // there after another 2 s.
    let expected = Expected {
        outage_ms: 4 * 92_100,
        outages: 1,
        longest_ms: 92_100,
        phases_ms: vec![
            (Phase::Promotion, 4 * 60_000),
            (Phase::Endpoint, 4 * (30_000 + 2_000)),
            (Phase::Draining, 4 * 100),
        ],
        rejected_writes: 92_100,
        completed: 1,
        price_writes: 7_200_000 - 2_492_100,
        ..one_sync()
    };
    let facts = check("migration", &expected);
    let tested = told(&facts, |fact| match fact {
        MigrationFact::Tested { obstacle, .. } => Some(*obstacle),
        _ => None,
    });
    assert_eq!(tested, [(360 * S, None)], "called at 300 s, it takes 60 s");
}

/// Attempts that fail: when, and why.
fn failed(facts: &[(SimTime, Fact)]) -> Vec<(u128, Obstacle)> {
    told(facts, |fact| match fact {
        MigrationFact::AttemptFailed { obstacle, .. } => Some(*obstacle),
        _ => None,
    })
}

#[test]
fn a_wrong_address() {
    // Ten attempts, half a second apart: the last of them 4.5 s after the first, at 720 s. The
    // second call, at 1,200 s, has the right address.
    let gave_up = 120 * S + 9 * S / 2;
    let facts =
        check("migration-wrong-address", &Expected { sync_ns: gave_up + SYNC, ..one_sync() });
    let expected: Vec<(u128, Obstacle)> =
        (0..10).map(|n| (720 * S + n * S / 2, Obstacle::WrongAddress)).collect();
    assert_eq!(failed(&facts), expected);
}

#[test]
fn a_network_that_is_blocked() {
    // Likewise, and nobody tries again.
    let gave_up = 120 * S + 9 * S / 2;
    let facts =
        check("migration-blocked-network", &Expected { sync_ns: gave_up, ..Expected::default() });
    let expected: Vec<(u128, Obstacle)> =
        (0..10).map(|n| (720 * S + n * S / 2, Obstacle::BlockedNetwork)).collect();
    assert_eq!(failed(&facts), expected);
    let tested = told(&facts, |fact| match fact {
        MigrationFact::Tested { obstacle, .. } => Some(*obstacle),
        _ => None,
    });
    assert_eq!(tested, [(360 * S, Some(Obstacle::BlockedNetwork))]);
}

/// Full syncs: when they begin, and of how many bytes.
fn began(facts: &[(SimTime, Fact)]) -> Vec<(u128, u64)> {
    told(facts, |fact| match fact {
        MigrationFact::LinkSyncBegan { bytes, .. } => Some(*bytes),
        _ => None,
    })
}

#[test]
fn a_target_that_is_too_small() {
    // Each try takes 144 s and half a second until the next: from 720 s on the thirteenth begins at
    // 720 + 12 * 144.5 = 2,454 s. It is stopped at 2,460 s, 60 s after the call.
    let expected = Expected {
        full_syncs: 13,
        sync_ns: (2_460 - 600) * S,
        fork_ns: 13 * 3 * S,
        ..Expected::default()
    };
    let facts = check("migration-target-too-small", &expected);
    let began: Vec<u128> = began(&facts).into_iter().map(|(at, _)| at).collect();
    let expected: Vec<u128> = (0..13).map(|n| 720 * S + n * 289 * S / 2).collect();
    assert_eq!(began, expected);
}

#[test]
fn a_link_that_breaks() {
    // Neither break tells anybody but the source: a second full sync of 144 s, with its fork.
    let expected = Expected { full_syncs: 2, fork_ns: 2 * 3 * S, ..one_sync() };
    let facts = check("migration-link-breaks", &expected);
    // The first lasts for 1 s, is tried half a second later, and the target trailed by 100 ms:
    // 1,600 writes, and the backlog has 2^20 / 512 = 2,048 of them.
    let back = told(&facts, |fact| match fact {
        MigrationFact::LinkBack { missed, .. } => Some(*missed),
        _ => None,
    });
    assert_eq!(back, [(2_401 * S + S / 2, 1_600 * WRITE)]);
    // The second lasts for 30 s, and 30,600 writes do not fit.
    let streams = told(&facts, |fact| match fact {
        MigrationFact::LinkStreams { behind, .. } => Some(*behind),
        _ => None,
    });
    let expected = [720 * S, 3_030 * S + S / 2].map(|at| (at + 144 * S, 144_000 * WRITE));
    assert_eq!(streams, expected);
}

#[test]
fn a_target_that_fails() {
    // Its failover takes 10 + 2 s from 1,800 s on, costs nobody anything, and makes the new primary
    // copy everything, half a second later. At 1,860 s the migration cannot be completed, since the
    // lost node is back after 490 s; at 3,660 s it can. The target trails by 100 ms then, and the
    // clients write to the source for 30 s more.
    let expected = Expected {
        failovers: 1,
        full_syncs: 2,
        fork_ns: 2 * 3 * S,
        lost_writes: vec![(Mechanism::Migration, 100), (Mechanism::Diverged, 30_000)],
        ..completed_at_an_hour()
    };
    let facts = check("migration-target-fails", &expected);
    let not = told(&facts, |fact| match fact {
        MigrationFact::NotCompleted { why, .. } => Some(*why),
        _ => None,
    });
    assert_eq!(not, [(1_920 * S, Hindrance::NodeIsReplaced)]);
    let all = 6 << 30;
    assert_eq!(began(&facts), [(720 * S, all), (1_812 * S + S / 2, all)]);
}

#[test]
fn a_source_that_fails() {
    let name = "migration-source-fails";
    let (plan, facts, outcome) = trial(name);
    let when = |is: &dyn Fn(&Fact) -> bool| {
        let found = facts.iter().find(|(_, fact)| is(fact));
        found.expect("it happens").0
    };
    let stopped = when(&|fact| matches!(fact, Fact::WritesStopped { .. }));
    let resumed = when(&|fact| matches!(fact, Fact::WritesResumed { .. }));
    assert_eq!(stopped, SimTime::START + secs(1_800));
    // How long Sentinels take is no law: `down-after` of 30 s, a ping within the next second, two
    // ticks of 1/19 to 1/10 s, and 1.05 s until the next primary is named.
    let outage = resumed.since(stopped);
    assert!((Span::from_nanos(31_155_000_000)..Span::from_nanos(32_250_000_000)).contains(&outage));
    let outage = u128::from(outage.as_nanos());
    let all_clients = u128::from(HASH_SLOTS) * u128::from(plan.n_cohorts());
    assert_eq!(outcome.raw(Metric::WriteOutage), outage * all_clients);
    assert_eq!(outcome.raw(Metric::LongestWriteOutage), outage);
    assert_eq!(outcome.raw(Metric::RejectedWrites), outage * 1_000, "1,000 a second");
    assert_eq!(outcome.raw(Metric::WriteOutages), 1);
    assert_eq!(outcome.raw(Metric::Failovers), 1);
    // The promoted replica trailed by 100 ms; what the target lacks is no loss, for it is stopped.
    assert_eq!(outcome.raw(Metric::LostWrites), 100 * WRITE);
    assert_eq!(outcome.lost_by_mechanism[Mechanism::Lag as usize], 100 * WRITE);
    // The lost node is detected after 10 s, replaced after 480 s, and copies 6 GiB at 18 s each.
    let reduced = (10 + 480 + 6 * 18) * S * all_clients;
    assert_eq!(outcome.raw(Metric::ReducedRedundancy), reduced);
    // Two migrations, each in sync; the second one from the node that is primary now.
    assert_eq!(outcome.raw(Metric::MigrationsInSync), 2);
    assert_eq!(outcome.raw(Metric::MigrationsCompleted), 0);
    assert_eq!(outcome.raw(Metric::MigrationFullSyncs), 2);
    assert_eq!(outcome.raw(Metric::MigrationSync), 2 * SYNC);
    assert_eq!(outcome.raw(Metric::ForkPause), 2 * 3 * S * all_clients);
    assert_eq!(outcome.raw(Metric::RollBackPrice), 0);
    check_sums(name, &outcome);
}

#[test]
fn a_completion_that_comes_too_early() {
    // The full sync ends at 720 + 144 = 864 s, after the first completion was to be done, at 840 s.
    // From 1,800 s on the network is cut, and at 3,660 s the target lacks 1,860 s of writes and the
    // 100 ms by which it trailed. The clients write to the source for 30 s more, in two parts.
    let once = completed_at_an_hour();
    let expected = Expected {
        outage_ms: 2 * once.outage_ms,
        phases_ms: vec![(Phase::Endpoint, 2 * 2_000)],
        lost_writes: vec![(Mechanism::Migration, 1_860_100), (Mechanism::Diverged, 30_000)],
        ..once
    };
    let facts = check("migration-completed-too-early", &expected);
    let not = told(&facts, |fact| match fact {
        MigrationFact::NotCompleted { why, .. } => Some(*why),
        _ => None,
    });
    assert_eq!(not, [(840 * S, Hindrance::NotInSync)]);
}

#[test]
fn clients_that_are_late_or_early() {
    // Four parts with 250 writes a second each. The first moves at 2,100 s and is refused until the
    // completion at 2,460 s. The second and the third leave at 2,490 s, the fourth never does.
    let early = 360;
    let expected = Expected {
        outage_ms: (early + 2 * 2) * 1_000,
        outages: 2,
        longest_ms: early * 1_000,
        phases_ms: vec![(Phase::Endpoint, 2 * 2_000), (Phase::Following, early * 1_000)],
        rejected_writes: (early + 2 * 2) * 250,
        // 100 ms of three parts; 30 s of the same, and the rest of the 7,200 s of one.
        lost_writes: vec![
            (Mechanism::Migration, 75),
            (Mechanism::Diverged, 30 * 750 + (7_200 - 2_490) * 250),
        ],
        completed: 1,
        price_writes: (7_200 - 2_460) * 250 + (7_200 - 2_492) * 2 * 250,
        ..one_sync()
    };
    check("migration-late-clients", &expected);
}

/// Each shard at its own pace, and all of them in sync with the last.
#[test]
fn a_cluster_that_moves() {
    let name = "migration-cluster";
    let (plan, facts, outcome) = trial(name);
    // The target's shards have 5,462, 5,461 and 5,461 slots. Slots 5,462 to 7,999 move into the
    // first, and 10,923 to 12,999 into the second: 2,538 and 2,077 of them, 100 ms each.
    let resharded = told(&facts, |fact| match fact {
        MigrationFact::ReshardBegan { slots, .. } => Some(*slots),
        _ => None,
    });
    assert_eq!(resharded, [(720 * S, 4_615)]);
    let connected = (720 + 461) * S + S / 2;
    // A hash slot has 2^33 / 2^14 = 2^19 bytes, and 2^11 of them a GiB: 24 s.
    let shards = [8_000, 5_000, 3_384].into_iter().zip(&plan.shards);
    let synced = shards.map(|(slots, shard)| {
        assert_eq!(u128::from(shard.hash_slots), slots);
        let (rate, took) = (u128::from(shard.writes_per_sec), slots * 24 * S / 2_048);
        connected + took + (took * rate).div_ceil(131_072 - rate)
    });
    let mut synced: Vec<u128> = synced.collect();
    let all = synced[0];
    synced.sort_unstable();
    let in_sync = told(&facts, |fact| matches!(fact, MigrationFact::CaughtUp { .. }).then_some(()));
    assert_eq!(in_sync.iter().map(|(at, ())| *at).collect::<Vec<_>>(), synced);
    assert_eq!(outcome.raw(Metric::MigrationSync), all - 600 * S, "since the call");
    assert_eq!(outcome.raw(Metric::MigrationFullSyncs), 3);
    // Of each slot the fork takes 0.5 / 2,048 s.
    let forks: u128 = [8_000, 5_000, 3_384].iter().map(|slots| slots * slots * S / 4_096).sum();
    assert_eq!(outcome.raw(Metric::ForkPause), forks);
    // Ten minutes later all clients are stopped, in one part; what they wrote has arrived 100 ms
    // later, the completion takes 60 s, they hear of it after 30 s, and are on their way for 2 s.
    let arrived = all + (600 + 92) * S + 100 * MS;
    let slots = u128::from(HASH_SLOTS);
    assert_eq!(outcome.raw(Metric::WriteOutage), 92_100 * MS * slots);
    assert_eq!(outcome.by_phase[Phase::Draining as usize], 100 * MS * slots);
    assert_eq!(outcome.by_phase[Phase::Promotion as usize], 60 * S * slots);
    assert_eq!(outcome.by_phase[Phase::Endpoint as usize], 32 * S * slots);
    assert_eq!(outcome.raw(Metric::WriteOutages), 1, "of all shards at once");
    assert_eq!(outcome.raw(Metric::RejectedWrites), 92_100 * 3 * WRITE);
    assert_eq!(outcome.raw(Metric::LostWrites), 0);
    // 3,000 writes a second from then on until 3 h are over.
    assert_eq!(outcome.raw(Metric::RollBackPrice), (10_800 * S - arrived) * 3_000);
    check_sums(name, &outcome);
}
