//! Clients that send WAIT, by hand: what is lost, what was never acknowledged, and what a time-out
//! means. With one shard, 1000 writes a second, and fixed times.

use elasticache_sim::engine::law::Law;
use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::engine::time::SimTime;
use elasticache_sim::model::fact::{Fact, ReplicasFact};
use elasticache_sim::model::plan::{NodeId, Plan, ShardId};
use elasticache_sim::model::state::{NanoWrites, WRITE};
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::observe::metrics::{Mechanism, Metric, Outcome};
use elasticache_sim::report::timeline;

use crate::support::{codes, experiment, parse, run, with_fixed_times};

const SHARD: ShardId = ShardId(0);

/// Detection after 10 s, promotion 2 s and endpoint 3 s later; a replacement in 8 min, a full sync
/// in 18 s. Replicas lag by 0.1 s. Faults are at 600 s.
fn plan(replicas: u8, wait: &str, rules: &str, faults: &str) -> Plan {
    let text = format!(
        "schema = 1\n[run]\nhorizon = \"2h\"\n[group]\nid = \"g\"\nazs = [\"a\", \"b\", \"c\"]\n\
         replicas = {replicas}\n[workload]\nwrites-per-second = 1_000\ndataset = \"1 GiB\"\n\
         {wait}\n[rules]\n{rules}\n{faults}"
    );
    with_fixed_times(parse(&text).plan)
}

const PRIMARY: &str = "[[fault]]\nat = \"10m\"\nfail-primary = {}\n";
const REPLICA: &str = "[[fault]]\nat = \"10m\"\nfail-node = { node = \"g-002\" }\n";

fn wait(replicas: u8, share: &str) -> String {
    format!("wait = {{ replicas = {replicas}, share = {share} }}")
}

fn writes(n: u128) -> NanoWrites {
    n * WRITE
}

/// What came of the trial, with books that agree: offered is acknowledged and rejected, and what
/// was acknowledged is kept or lost.
#[track_caller]
fn told(plan: &Plan) -> (Vec<(SimTime, Fact)>, Outcome) {
    let (facts, outcome) = run(plan, 1, 0);
    let mut trial = Trial::begin(plan, TrialKeys::new(1).key(0));
    trial.finish(&mut ());
    let books = trial.state().books(SHARD);
    assert_eq!(books.acknowledged, books.offset + books.lost + books.dataset_lost + books.archived);
    assert_eq!(books.acknowledged + books.rejected, writes(1_000 * 7_200), "offered");
    assert_eq!(outcome.raw(Metric::RejectedWrites), books.rejected);
    assert_eq!(outcome.raw(Metric::LostWrites), books.lost);
    assert_eq!(outcome.raw(Metric::DatasetLostWrites), books.dataset_lost);
    (facts, outcome)
}

/// Lost and rejected writes.
#[track_caller]
fn check(plan: &Plan, lost: NanoWrites, rejected: NanoWrites) -> Outcome {
    let (_, outcome) = told(plan);
    assert_eq!(
        (outcome.raw(Metric::LostWrites), outcome.raw(Metric::RejectedWrites)),
        (lost, rejected)
    );
    outcome
}

/// The outage of 15 s rejects 15,000; of the 100 that the replica lacks the share that waits was
/// never acknowledged.
#[test]
fn what_waits_is_not_lost_by_lag() {
    check(&plan(1, "", "", PRIMARY), writes(100), writes(15_000));
    let outcome = check(&plan(1, &wait(1, "1.0"), "", PRIMARY), 0, writes(15_100));
    assert_eq!(outcome.raw(Metric::LossWindow), 0, "nothing is lost, however old");
    let outcome = check(&plan(1, &wait(1, "0.25"), "", PRIMARY), writes(75), writes(15_025));
    assert_eq!(outcome.raw(Metric::LossWindow), 100_000_000, "the oldest is as old as without");
    assert_eq!(outcome.lost_by_mechanism[Mechanism::Lag as usize], writes(75));
    let (facts, _) = told(&plan(1, &wait(1, "0.25"), "", PRIMARY));
    let taken_back = facts.iter().filter_map(|(_, fact)| match *fact {
        Fact::Replicas(ReplicasFact::Unconfirmed { writes, .. }) => Some(writes),
        _ => None,
    });
    assert_eq!(taken_back.collect::<Vec<_>>(), [writes(25)]);
    // The share is of whole writes a second, rounded down: none of 1000, two of them.
    check(&plan(1, &wait(1, "0.0009"), "", PRIMARY), writes(100), writes(15_000));
    let two = WRITE / 10 * 2;
    check(&plan(1, &wait(1, "0.0029"), "", PRIMARY), writes(100) - two, writes(15_000) + two);
}

/// Two replicas, 0.1 s and 0.3 s behind by chance; who asks for both is told later.
#[test]
fn who_asks_for_more_replicas_is_told_later() {
    let mut seen = [false; 2];
    for seed in 0..40 {
        let lags = |share: &str, n: u8, rule: &str| {
            let mut plan = plan(2, &wait(n, share), rule, PRIMARY);
            plan.replication.lag = Law::uniform(0.0, 400e6).expect("a law");
            let (facts, outcome) = run(&plan, seed, 0);
            let mut behind: Vec<(NodeId, NanoWrites)> = facts
                .iter()
                .filter_map(|(_, fact)| match *fact {
                    Fact::LagFrozen { node, behind, .. } => Some((node, behind)),
                    _ => None,
                })
                .collect();
            behind.sort_by_key(|(_, behind)| *behind);
            let to = facts.iter().find_map(|(_, fact)| match *fact {
                Fact::Promoted { to, .. } => Some(to),
                _ => None,
            });
            let first = to == Some(behind[0].0);
            let of = behind.into_iter().map(|(_, behind)| behind).collect::<Vec<_>>();
            (of, first, outcome.raw(Metric::LostWrites))
        };
        // The better of the two follows: all that it lacks was not confirmed, by one or by two.
        assert_eq!(lags("1.0", 1, "").2, 0);
        assert_eq!(lags("1.0", 2, "").2, 0);
        // Any of the two: who has heard of one may lose what the other one lacks.
        let (behind, first, lost) = lags("1.0", 1, "promotion = \"random\"");
        assert_eq!(lost, if first { 0 } else { behind[1] - behind[0] });
        assert_eq!(lags("1.0", 2, "promotion = \"random\"").2, 0);
        seen[usize::from(first)] = true;
        let (behind, first, lost) = lags("0.5", 1, "promotion = \"random\"");
        let expected = match first {
            true => behind[0] - behind[0] / 2,
            false => behind[1] - behind[0] / 2,
        };
        assert_eq!(lost, expected, "half of what nobody had, rounded down");
    }
    assert_eq!(seen, [true; 2], "chance has promoted either");
}

/// The replica is away for 508 s. Who proceeds notices nothing; who fails counts as rejected what
/// nobody has copied, and there is no outage.
#[test]
fn a_time_out_means_what_the_client_makes_of_it() {
    check(&plan(1, &wait(1, "1.0"), "", REPLICA), 0, 0);
    let fail = "wait-timeout = \"fail\"";
    let outcome = check(&plan(1, &wait(1, "1.0"), fail, REPLICA), 0, writes(508_000));
    assert_eq!(outcome.raw(Metric::WriteOutage), 0);
    check(&plan(1, &wait(1, "0.2"), fail, REPLICA), 0, writes(508 * 200));
    check(&plan(2, &wait(1, "1.0"), fail, REPLICA), 0, 0);
    check(&plan(2, &wait(2, "0.2"), fail, REPLICA), 0, writes(508 * 200));
    // After a failover it waits for the first sync.
    check(&plan(2, &wait(1, "0.2"), fail, PRIMARY), writes(80), writes(15_020 + 15 * 200));
}

/// The primary is lost while the replica is away: what WAIT cannot prevent.
#[test]
fn the_loss_of_both_nodes_is_the_loss_of_all() {
    let both = format!("{REPLICA}[[fault]]\nat = \"11m\"\nfail-node = {{ node = \"g-001\" }}\n");
    let lost = |rules: &str, share: &str| {
        told(&plan(1, &wait(1, share), rules, &both)).1.raw(Metric::DatasetLostWrites)
    };
    assert_eq!(lost("", "1.0"), writes(660_000));
    // Those of the last minute were refused by those who fail.
    assert_eq!(lost("wait-timeout = \"fail\"", "1.0"), writes(600_000));
    assert_eq!(lost("wait-timeout = \"fail\"", "0.2"), writes(600_000 + 60 * 800));
    // The replica goes after the primary, with what it had: only that was acknowledged.
    let after =
        format!("{PRIMARY}[[fault]]\nat = \"10m 1s\"\nfail-node = {{ node = \"g-002\" }}\n");
    let lost = told(&plan(1, &wait(1, "1.0"), "", &after)).1.raw(Metric::DatasetLostWrites);
    assert_eq!(lost, writes(600_000 - 100));
}

/// The primary and a replica go at one instant: what that replica had confirmed is lost with it,
/// whichever of the two went first.
#[test]
fn who_goes_with_the_primary_had_confirmed_what_it_had() {
    let at_once = |faults: &str, replicas: u8, seed: u64| {
        let mut plan = plan(2, &wait(replicas, "1.0"), "", faults);
        plan.replication.lag = Law::uniform(0.0, 1e9).expect("a law");
        let outcome = run(&plan, seed, 0).1;
        (outcome.raw(Metric::LostWrites), outcome.raw(Metric::RejectedWrites))
    };
    let primary_first = format!("{PRIMARY}{REPLICA}");
    let replica_first = format!("{REPLICA}{PRIMARY}");
    let mut n_lost = 0;
    for seed in 0..20 {
        let of_one = at_once(&primary_first, 1, seed);
        assert_eq!(at_once(&replica_first, 1, seed), of_one, "seed {seed}");
        n_lost += u32::from(of_one.0 > 0);
        // What two replicas had the one that is promoted has.
        assert_eq!(at_once(&primary_first, 2, seed).0, 0, "seed {seed}");
        assert_eq!(at_once(&replica_first, 2, seed).0, 0, "seed {seed}");
    }
    assert!((3..18).contains(&n_lost), "the replica that went was ahead in {n_lost} of 20");
}

/// A shard that begins with too few replicas answers no WAIT from the beginning.
#[test]
fn a_wait_that_nobody_answers_fails_from_the_start() {
    let fail = "wait-timeout = \"fail\"";
    check(&plan(1, &wait(2, "1.0"), fail, ""), 0, writes(7_200_000));
    check(&plan(1, &wait(2, "0.2"), fail, ""), 0, writes(1_440_000));
    // Nothing that clients took for failed is lost.
    check(&plan(1, &wait(2, "1.0"), fail, PRIMARY), 0, writes(7_200_000));
}

/// On the small side of a cut nobody answers: who proceeds loses, who fails does not.
#[test]
fn beside_a_cut_nobody_answers() {
    let cut = "[[fault]]\nat = \"10m\"\nisolate-node = { node = \"g-001\", duration = \"10m\", \
               writers-beside = 400 }\n";
    let lost = |rules: &str, share: &str| {
        told(&plan(1, &wait(1, share), rules, cut)).1.raw(Metric::LostWrites)
    };
    assert_eq!(lost("", "1.0"), writes(12 * 400), "the lag is rejected, the rest was taken");
    assert_eq!(lost("wait-timeout = \"fail\"", "1.0"), 0);
    assert_eq!(lost("wait-timeout = \"fail\"", "0.25"), writes(75 + 12 * 300));
    let astray = "wait-timeout = \"fail\"\nfencing = \"on-return\"";
    assert_eq!(lost(astray, "0.25"), writes(75 + 600 * 300));
    // A cut that is over before anybody follows takes nothing back.
    let short = cut.replace("duration = \"10m\"", "duration = \"9s\"");
    let (_, outcome) = told(&plan(1, &wait(1, "1.0"), "", &short));
    assert_eq!(outcome.raw(Metric::LostWrites), 0);
    assert_eq!(outcome.raw(Metric::RejectedWrites), writes(9 * 600));
}

#[test]
fn what_cannot_be_is_refused() {
    let check = |wait: &str, expected: &[&str]| {
        let text = format!(
            "schema = 1\n[run]\nhorizon = \"2h\"\n[group]\nid = \"g\"\nazs = [\"a\", \"b\", \
             \"c\"]\nreplicas = 2\n[workload]\n{wait}\n[[fault]]\nat = \"1h\"\n\
             fail-primary = {{}}\n"
        );
        assert_eq!(codes(&text), expected, "{wait}");
    };
    check("wait = { replicas = 2 }", &[]);
    check("wait = { replicas = 3 }", &["W0914"]);
    check("wait = { replicas = 6 }", &["E0305"]);
    check("wait = { replicas = 0 }", &["E0305"]);
    check("wait = { share = 0.5 }", &["E0202"]);
    check("wait = { replicas = 1, share = 0 }", &["E0404"]);
    check("wait = { replicas = 1, share = 0.000_000_1 }", &["E0404"]);
    check("wait = { replicas = 1, share = 1.1 }", &["E0404"]);
    check("wait = { replicas = 1, share = nan }", &["E0404"]);
    check("wait = 1", &["E0206"]);
    check("[rules]\nwait-timeout = \"fail\"", &["W0914"]);
}

/// Which writes wait is no matter of who fails when: outages are the same, trial by trial.
#[test]
fn waiting_changes_no_outage() {
    let text = "schema = 1\n[run]\nhorizon = \"30d\"\n[group]\nid = \"g\"\nazs = [\"a\", \"b\"]\n\
                replicas = 1\n[[fault]]\nnode-failure = { mttf = \"3d\" }\n[[policy]]\n\
                preset = \"multi-az-1x2\"\n[[policy]]\npreset = \"wait-1\"\n[[policy]]\n\
                name = \"fails\"\npreset = \"wait-1\"\nset = { rules.wait-timeout = \"fail\" }\n";
    let study = experiment(text);
    let [plain, waits, fails] = study.policies.as_slice() else {
        panic!("{} policies", study.policies.len());
    };
    for trial in 0..50 {
        let of = |plan: &Plan| run(plan, 42, trial).1;
        let (plain, waits, fails) = (of(&plain.plan), of(&waits.plan), of(&fails.plan));
        for metric in [Metric::WriteOutage, Metric::Failovers, Metric::DatasetLosses] {
            assert_eq!(plain.raw(metric), waits.raw(metric));
            assert_eq!(plain.raw(metric), fails.raw(metric));
        }
        let gone = |outcome: &Outcome| {
            outcome.raw(Metric::LostWrites) + outcome.raw(Metric::DatasetLostWrites)
        };
        let rejected = |outcome: &Outcome| outcome.raw(Metric::RejectedWrites);
        assert_eq!(waits.raw(Metric::LostWrites), 0);
        assert!(gone(&waits) <= gone(&plain) && gone(&fails) <= gone(&waits));
        assert_eq!(gone(&waits) + rejected(&waits), gone(&plain) + rejected(&plain));
        assert!(rejected(&fails) >= rejected(&waits));
    }
}

#[test]
fn writes_that_wait_in_vain_are_told_apart_from_an_outage() {
    let plan = plan(1, &wait(1, "1.0"), "wait-timeout = \"fail\"", PRIMARY);
    let (facts, outcome) = told(&plan);
    // The lag of 0.1 s, then from the endpoint (615 s) until the replacement follows (1108 s).
    let unconfirmed = writes(100 + 493_000);
    assert_eq!(outcome.raw(Metric::UnconfirmedWrites), unconfirmed);
    assert_eq!(outcome.raw(Metric::RejectedWrites), writes(15_000) + unconfirmed);
    let story = timeline::render(&plan, &facts, &outcome);
    let lane = story.lines().find(|line| line.starts_with("writes  ")).expect("a lane");
    assert!(lane.contains("=xx") && lane.contains("xww") && lane.contains("w="), "{lane}");
    assert!(story.contains("w taken, and WAIT fails"), "{story}");
    assert!(story.contains("nothing that was acknowledged: "), "{story}");
    assert!(story.contains("\nwrites unconfirmed    493,100 of them"), "{story}");
    let proceeds = self::plan(1, &wait(1, "1.0"), "", PRIMARY);
    let (facts, outcome) = told(&proceeds);
    assert_eq!(outcome.raw(Metric::UnconfirmedWrites), writes(100));
    let story = timeline::render(&proceeds, &facts, &outcome);
    assert!(!story.contains("WAIT fails"), "{story}");
}
