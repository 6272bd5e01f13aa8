//! What a migration comes to in numbers.

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::engine::time::SimTime;
use elasticache_sim::model::fact::{Cause, Fact, Intake, MigrationFact, Observer, Phase};
use elasticache_sim::model::plan::{
    Action, CutOver, CutOverBegins, FullSync, GroupId, HASH_SLOTS, MigrationCall, NodeFailures,
    Obstacle, Plan, Scripted, ScriptedFault,
};
use elasticache_sim::model::state::WRITE;
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::observe::episodes::{Episodes, Trouble};
use elasticache_sim::observe::metrics::{Ending, Mechanism, Metric, Metrics, Outcome};

use super::{FROM, SOURCE, TARGET, TO, call, of, plan};
use crate::support::{cases, run, secs};

/// A second in nanoseconds.
const S: u128 = 1_000_000_000;

fn outcome(plan: &Plan) -> Outcome {
    run(plan, 1, 0).1
}

/// So many writes in the metric, whatever a fraction is.
#[track_caller]
fn assert_writes(outcome: &Outcome, metric: Metric, writes: u128) {
    assert_eq!(outcome.raw(metric), writes * WRITE, "{}", metric.name());
}

fn lost(outcome: &Outcome, mechanism: Mechanism) -> u128 {
    outcome.lost_by_mechanism[mechanism as usize]
}

/// All hosts of a group fail.
pub fn group_fails(plan: &mut Plan, at: u64, group: GroupId) {
    let action = Action::Fault(ScriptedFault::FailGroup(group));
    let address = plan.script.len() as u32;
    plan.script.push(Scripted { at: Law::fixed(secs(at)), action, address });
}

#[test]
fn one_of_four_parts_of_the_clients_moves() {
    let mut plan = plan();
    of(&mut plan).clients.cohorts = 4;
    of(&mut plan).clients.stray = 3;
    let outcome = outcome(&plan);
    // 2 s on the way, of a quarter of the clients.
    assert_eq!(outcome.get(Metric::WriteOutage, &plan), 0.5);
    let weight = u128::from(HASH_SLOTS);
    assert_eq!(outcome.raw(Metric::WriteOutage), 2 * S * weight);
    assert_eq!(outcome.by_cause[Cause::Migration as usize], 2 * S * weight);
    assert_eq!(outcome.by_ending[Ending::CutOver as usize], 2 * S * weight);
    assert_eq!(outcome.by_phase[Phase::Endpoint as usize], 2 * S * weight);
    assert_eq!(outcome.get(Metric::LongestWriteOutage, &plan), 2.0);
    assert_writes(&outcome, Metric::RejectedWrites, 2_000);
    // From 60 s to 272.5 s.
    assert_eq!(outcome.get(Metric::MigrationSync, &plan), 212.5);
    assert_eq!(outcome.raw(Metric::MigrationsInSync), 1);
    assert_eq!(outcome.raw(Metric::MigrationsCompleted), 1);
    assert_eq!(outcome.raw(Metric::MigrationFullSyncs), 1);
    assert_eq!(outcome.get(Metric::ForkPause, &plan), 1.5);
    // From 60 s to 317 s.
    assert_eq!(outcome.get(Metric::NoReturn, &plan), 257.0);
    // From 305 s to 315 s all write to the source still, and three quarters of them until 1000 s.
    let diverged = 10 * 4_000 + 685 * 3_000;
    assert_writes(&outcome, Metric::DivergedWrites, diverged);
    assert_eq!(lost(&outcome, Mechanism::Diverged), diverged * WRITE);
    assert_eq!(lost(&outcome, Mechanism::Migration), 400 * WRITE);
    assert_writes(&outcome, Metric::LostWrites, diverged + 400);
    assert_eq!(outcome.lost_by_cause[Cause::Migration as usize], (diverged + 400) * WRITE);
    assert_writes(&outcome, Metric::RollBackPrice, 683 * 1_000);
    assert_writes(&outcome, Metric::RegainedWrites, 0);
    assert_eq!(outcome.raw(Metric::DatasetLosses), 0);
}

#[test]
fn clients_that_are_stopped_first_lose_time_and_no_write() {
    let mut plan = plan();
    of(&mut plan).cut_over = CutOver::StopWritesFirst;
    let outcome = outcome(&plan);
    // Stopped at 300 s, they write at 317.1 s, for what they wrote takes 100 ms to arrive: to the
    // source no more, to the target not yet. That is one outage, though of two shards.
    assert_eq!(outcome.get(Metric::WriteOutage, &plan), 17.1);
    assert_eq!(outcome.raw(Metric::WriteOutages), 1);
    assert_eq!(outcome.get(Metric::LongestWriteOutage, &plan), 17.1);
    assert_eq!(outcome.get(Metric::WriteOutageAnyShard, &plan), 17.1);
    let part = |phase: Phase| outcome.by_phase[phase as usize] / u128::from(HASH_SLOTS);
    assert_eq!(part(Phase::Draining), S / 10);
    assert_eq!([part(Phase::Promotion), part(Phase::Endpoint)], [5 * S, 12 * S]);
    assert_eq!(outcome.by_ending[Ending::CutOver as usize], outcome.raw(Metric::WriteOutage));
    assert_writes(&outcome, Metric::RejectedWrites, 17 * 4_000 + 400);
    assert_writes(&outcome, Metric::LostWrites, 0);
    assert_writes(&outcome, Metric::RollBackPrice, 683 * 4_000 - 400);
}

#[test]
fn a_target_in_sync_is_safe_once_its_replicas_have_it_too() {
    let mut plan = plan();
    // They begin at 191.5 s, and it is in sync at 272.5 s.
    let soon = outcome(&plan);
    assert_eq!(soon.get(Metric::MigrationSafe, &plan), 212.5);
    plan.timing.full_sync = FullSync::Law(Law::fixed(secs(100)));
    let late = outcome(&plan);
    assert_eq!(late.get(Metric::MigrationSync, &plan), 212.5);
    assert_eq!(late.get(Metric::MigrationSafe, &plan), 231.5);
    assert_eq!(late.raw(Metric::MigrationsSafe), 1);
    // What it got is gone before they have it, and comes again later.
    group_fails(&mut plan, 280, TARGET);
    let lost = outcome(&plan);
    assert_eq!(lost.get(Metric::MigrationSync, &plan), 212.5);
    assert!(lost.get(Metric::MigrationSafe, &plan) > 300.0);
    // Where nothing is in sync it lasts until that is over.
    of(&mut plan).obstacles = vec![Obstacle::Auth];
    let never = outcome(&plan);
    assert_eq!(never.get(Metric::MigrationSafe, &plan), 30.0);
    assert_eq!(never.raw(Metric::MigrationsSafe), 0);
}

#[test]
fn a_target_that_is_in_sync_since_clients_are_stopped_is_told_apart() {
    let mut plan = plan();
    assert_eq!(outcome(&plan).raw(Metric::MigrationsInSyncStopped), 0);
    of(&mut plan).cut_over = CutOver::StopWritesFirst;
    of(&mut plan).cut_over_begins = Some(CutOverBegins::AfterStart(Law::fixed(secs(140))));
    let outcome = outcome(&plan);
    // At 200 s 435,000 writes wait, and none comes any more.
    assert_eq!(outcome.get(Metric::MigrationSync, &plan), 183.5);
    assert_eq!(outcome.raw(Metric::MigrationsInSync), 1);
    assert_eq!(outcome.raw(Metric::MigrationsInSyncStopped), 1);
}

#[test]
fn times_count_from_the_start_if_what_ends_them_is_observed() {
    let mut plan = plan();
    plan.warm_up = SimTime::START + secs(100);
    let early = outcome(&plan);
    assert_eq!(early.get(Metric::MigrationSync, &plan), 212.5);
    assert_eq!(early.get(Metric::NoReturn, &plan), 257.0);
    plan.warm_up = SimTime::START + secs(280);
    let later = outcome(&plan);
    assert_eq!(later.raw(Metric::MigrationsInSync), 0);
    assert_eq!(later.raw(Metric::MigrationSync), 0);
    assert_eq!(later.get(Metric::NoReturn, &plan), 257.0);
}

#[test]
fn what_stands_in_the_way_of_a_migration_is_counted() {
    let mut plan = plan();
    of(&mut plan).obstacles = vec![Obstacle::Auth];
    let mut episodes = Episodes::new(&plan);
    for (now, fact) in run(&plan, 1, 0).0 {
        episodes.on_fact(now, fact);
    }
    let three = (Trouble::Attempt(Obstacle::Auth), 3);
    assert_eq!(episodes.troubles.into_iter().collect::<Vec<_>>(), [three]);
    for (number, trouble) in Trouble::ALL.into_iter().enumerate() {
        assert_eq!(usize::from(trouble.number()), number, "{trouble:?}");
    }
}

#[test]
fn without_a_completion_there_is_a_way_back() {
    let mut plan = plan();
    of(&mut plan).cut_over_begins = None;
    let outcome = outcome(&plan);
    assert_eq!(outcome.raw(Metric::MigrationsInSync), 1);
    assert_eq!(outcome.raw(Metric::NoReturn), 0);
    assert_eq!(outcome.raw(Metric::RollBackPrice), 0);
}

#[test]
fn minutes_in_which_nobody_writes_are_whole_across_the_move() {
    let mut plan = plan();
    of(&mut plan).cut_over = CutOver::StopWritesFirst;
    of(&mut plan).clients.repoint = Law::fixed(secs(120));
    let all = outcome(&plan);
    // From 300 s to 435.1 s are the minutes that begin at 300 s and 360 s.
    assert_eq!(all.raw(Metric::SlaMinutes), 2);
    // While one of two parts writes, not everything is down.
    of(&mut plan).clients.cohorts = 2;
    of(&mut plan).clients.stray = 1;
    let half = outcome(&plan);
    assert_eq!(half.raw(Metric::SlaMinutes), 0);
    assert_eq!(half.get(Metric::WriteOutage, &plan), 0.5 * 135.1);
}

#[test]
fn rolling_back_brings_some_writes_back_and_loses_others() {
    let mut plan = plan();
    call(&mut plan, 600, MigrationCall::RollBack);
    let outcome = outcome(&plan);
    let of_source = 400 + 10 * 4_000;
    // The clients hear of it 10 s later.
    let of_target = (610 - 317) * 4_000;
    assert_writes(&outcome, Metric::LostWrites, of_source + of_target);
    assert_eq!(lost(&outcome, Mechanism::RollBack), of_target * WRITE);
    assert_writes(&outcome, Metric::RegainedWrites, of_source);
    assert_writes(&outcome, Metric::RollBackPrice, 0);
    // 2 s there, and 2 s back.
    assert_eq!(outcome.get(Metric::WriteOutage, &plan), 4.0);
    assert_eq!(outcome.raw(Metric::WriteOutages), 2);
    assert_eq!(outcome.by_ending[Ending::CutOver as usize], outcome.raw(Metric::WriteOutage));
}

#[test]
fn who_is_on_the_way_arrives_before_he_goes_back() {
    // Under way from 315 s to 317 s, and told at 326 s.
    let mut later = plan();
    call(&mut later, 316, MigrationCall::RollBack);
    let told_later = outcome(&later);
    assert_eq!(lost(&told_later, Mechanism::RollBack), (326 - 317) * 4_000 * WRITE);
    assert_eq!(told_later.get(Metric::WriteOutage, &later), 4.0);
    // Under way from 305 s to 317 s, and told at 316 s.
    let mut at_once = later;
    of(&mut at_once).clients.moves = Law::fixed(secs(0));
    of(&mut at_once).clients.repoint = Law::fixed(secs(12));
    let told_at_once = outcome(&at_once);
    assert_eq!(lost(&told_at_once, Mechanism::RollBack), 0);
    assert_eq!(told_at_once.get(Metric::WriteOutage, &at_once), 24.0);
}

#[test]
fn clients_that_are_early_lose_what_they_wrote_and_then_wait() {
    let mut plan = plan();
    of(&mut plan).clients.cohorts = 4;
    of(&mut plan).clients.early = 1;
    // The source has fewer writes, so that the target is in sync sooner.
    of(&mut plan).cut_over_begins = Some(CutOverBegins::AfterStart(Law::fixed(secs(240))));
    let outcome = outcome(&plan);
    // On their way from 10 s to 12 s, heard until 70 s, and again from 305 s on; three quarters
    // are on their way for 2 s.
    assert_eq!(lost(&outcome, Mechanism::Wiped), 58 * 1_000 * WRITE);
    assert_eq!(outcome.get(Metric::WriteOutage, &plan), 0.25 * (2.0 + 235.0) + 0.75 * 2.0);
    assert_writes(&outcome, Metric::RejectedWrites, 1_000 * 237 + 3_000 * 2);
    assert_eq!(outcome.by_ending[Ending::CutOver as usize], outcome.raw(Metric::WriteOutage));
    let following = outcome.by_phase[Phase::Following as usize];
    assert_eq!(following, 235 * S * u128::from(HASH_SLOTS));
}

#[test]
fn reads_miss_where_the_clients_are() {
    // A million reads fill the shard if all miss; half of so many miss until it is full.
    let missed = |change: &dyn Fn(&mut Plan)| {
        let mut plan = plan();
        plan.horizon = SimTime::START + secs(5_000);
        plan.shards[FROM.idx()].reads_per_sec = 10_000;
        change(&mut plan);
        outcome(&plan).raw(Metric::MissedReads)
    };
    assert_eq!(missed(&|_| ()), 0);
    // All have moved.
    assert_eq!(missed(&|plan| group_fails(plan, 700, TARGET)), 500_000 * WRITE);
    assert_eq!(missed(&|plan| group_fails(plan, 700, SOURCE)), 0);
    // Nobody has.
    assert_eq!(missed(&|plan| group_fails(plan, 20, TARGET)), 0);
    // A half stays with the source: each side is filled in twice the time.
    let half_fails = |plan: &mut Plan, group: GroupId| {
        of(plan).clients.cohorts = 2;
        of(plan).clients.stray = 1;
        group_fails(plan, 700, group);
    };
    for group in [SOURCE, TARGET] {
        assert_eq!(missed(&|plan| half_fails(plan, group)), 500_000 * WRITE, "{group:?}");
    }
    // Who forces a target that has nothing fills it from nothing.
    let by_force = |plan: &mut Plan| {
        of(plan).cut_over = CutOver::Force;
        of(plan).cut_over_begins = Some(CutOverBegins::AfterStart(Law::fixed(secs(30))));
    };
    assert_eq!(missed(&by_force), 500_000 * WRITE);
}

#[test]
fn a_target_that_nobody_writes_to_yet_is_only_a_copy() {
    let mut plan = plan();
    group_fails(&mut plan, 20, TARGET);
    let outcome = outcome(&plan);
    assert_eq!(outcome.raw(Metric::DatasetLosses), 0);
    assert_eq!(outcome.raw(Metric::DatasetLostBytes), 0);
    assert_eq!(outcome.raw(Metric::WriteOutage), 0);
    assert_eq!(outcome.raw(Metric::ReadOutage), 0);
    assert_eq!(outcome.raw(Metric::ReducedRedundancy), 0);
}

#[test]
fn what_a_source_loses_after_the_completion_is_not_lost_twice() {
    let (mut quiet, mut struck) = (plan(), plan());
    for plan in [&mut quiet, &mut struck] {
        of(plan).clients.moves = Law::fixed(secs(10));
    }
    group_fails(&mut struck, 700, SOURCE);
    let (quiet, struck) = (outcome(&quiet), outcome(&struck));
    for metric in [Metric::LostWrites, Metric::DatasetLosses, Metric::DatasetLostWrites] {
        assert_eq!(quiet.raw(metric), struck.raw(metric), "{}", metric.name());
    }
    // Before it the dataset of the source is the application's.
    let mut before = plan();
    group_fails(&mut before, 100, SOURCE);
    assert_eq!(outcome(&before).raw(Metric::DatasetLosses), 1);
}

#[test]
fn a_migration_that_cannot_start_is_on_its_way_until_it_gives_up() {
    let mut plan = plan();
    of(&mut plan).obstacles = vec![Obstacle::Auth];
    let outcome = outcome(&plan);
    // Attempts at 70 s, 80 s and 90 s.
    assert_eq!(outcome.get(Metric::MigrationSync, &plan), 30.0);
    assert_eq!(outcome.raw(Metric::MigrationsInSync), 0);
    assert_eq!(outcome.raw(Metric::WriteOutage), 0);
}

/// Whatever happens, outages are the sums of their parts, and rejected are the writes that the
/// books say.
#[test]
fn outages_and_rejected_writes_agree_with_the_books() {
    let mut parted = 0;
    for number in 0..cases(60) {
        let mut plan = plan();
        let migration = of(&mut plan);
        migration.clients.cohorts = 3;
        migration.timing.patience = secs(2_000);
        migration.clients.early = (number % 2) as u16;
        migration.clients.stray = (number / 2 % 2) as u16;
        migration.cut_over = [CutOver::StopWritesFirst, CutOver::SwitchOnTheFly, CutOver::Force]
            [(number % 3) as usize];
        if number % 5 == 0 {
            call(&mut plan, 500, MigrationCall::RollBack);
        }
        let life = Law::exponential(4e11).expect("a mean above zero");
        plan.node_failures.push(NodeFailures { life, address: 0 });
        let mut observers = (Metrics::new(&plan), Episodes::new(&plan));
        let mut trial = Trial::begin(&plan, TrialKeys::new(7).key(number));
        trial.finish(&mut observers);
        let outcome = observers.0.finish(trial.now());
        observers.1.finish(trial.now());
        let total = outcome.raw(Metric::WriteOutage);
        for parts in [&outcome.by_cause[..], &outcome.by_phase[..], &outcome.by_ending[..]] {
            assert_eq!(parts.iter().sum::<u128>(), total, "trial {number}");
        }
        let books = &trial.state().ledger.shards;
        let rejected: u128 = books.iter().map(|books| books.rejected).sum();
        assert_eq!(outcome.raw(Metric::RejectedWrites), rejected, "trial {number}");
        let lost: u128 = outcome.lost_by_mechanism.iter().sum();
        assert_eq!(lost, outcome.raw(Metric::LostWrites), "trial {number}");
        let of_outages = observers.1.outages.iter().map(|outage| outage.ending);
        parted += of_outages.filter(|ending| *ending == Ending::CutOver).count();
        let longest = outcome.raw(Metric::LongestWriteOutage);
        assert!(longest <= outcome.raw(Metric::WriteOutageAnyShard), "trial {number}");
    }
    assert!(parted > 0, "some outages end because clients move");
}

#[test]
fn access_is_told_where_it_changes() {
    let (facts, _) = run(&plan(), 1, 0);
    let access = facts.iter().filter_map(|(at, fact)| match fact {
        Fact::Migration(MigrationFact::Access { shard, intake }) => {
            Some((at.since(SimTime::START).as_nanos() / 1_000_000_000, *shard, *intake))
        }
        _ => None,
    });
    assert_eq!(access.collect::<Vec<_>>(), [(70, TO, Intake::Refused), (305, TO, Intake::Taken)]);
}
