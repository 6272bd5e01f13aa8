//! Rare dataset losses: estimates against exact answers where there are such, and against plain
//! trials of plans that no chain has; whatever the steering, the laws and the rules.
//!
//! Fixed seeds and a band of 4 standard errors, as for the exact answers.

use std::sync::atomic::AtomicBool;

use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::engine::time::SimTime;
use elasticache_sim::exact;
use elasticache_sim::model::plan::Plan;
use elasticache_sim::montecarlo::batch::{self, BatchSpec};
use elasticache_sim::montecarlo::quantity::Probability;
use elasticache_sim::montecarlo::rare::excursion::Steering;
use elasticache_sim::montecarlo::rare::instants::Instants;
use elasticache_sim::montecarlo::rare::study::{Found, Study, Wish};
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::stats::level::Level;
use elasticache_sim::stats::moments::Moments;

use crate::exact::random_scenario;
use crate::support::exact_cases::{case, cases, scenario_text};
use crate::support::parse;

fn level() -> Level {
    Level::new(0.95).expect("a level")
}

fn wish(share: f64, most: u64) -> Wish {
    let share = Some(share);
    Wish { seed: 20_261_122, share, level: level(), most, steering: None, threads: 1 }
}

fn study(plans: &[&Plan], wish: Wish) -> Vec<Found> {
    Study::new(plans, 0, wish).run(|_| (), &AtomicBool::new(false))
}

fn found(plan: &Plan, wish: Wish) -> Found {
    study(&[plan], wish).pop().expect("one policy")
}

#[track_caller]
fn agrees(what: &str, found: &Found, expected: f64) {
    let tally = &found.tally;
    let error = tally.values.standard_error().expect("many replications");
    let p = tally.probability();
    assert!((p - expected).abs() <= 4.0 * error, "{what}: {p:e} ± {error:e}, exactly {expected:e}");
    // Most of the weights are alike, or there would be no telling from a few replications.
    let largest = tally.largest_share();
    assert!(error < 0.2 * expected, "{what}: {p:e} ± {error:e} says little; largest {largest}");
}

/// All likelihood ratios together are 1 on average, whatever was steered.
#[track_caller]
fn is_whole(what: &str, found: &Found) {
    let ratios = &found.tally.ratios;
    let error = ratios.standard_error().expect("many excursions");
    let mean = ratios.mean();
    assert!((mean - 1.0).abs() < 5.0 * error + 1e-12, "{what}: {mean} ± {error}");
}

#[test]
fn every_published_case_is_estimated() {
    for case in cases() {
        let id = case["id"].as_str().expect("an id");
        let plan = parse(&scenario_text(&case)).plan;
        let most = if id == "C11" { 200 } else { 4_000 };
        let found = found(&plan, wish(0.05, most));
        let exact = case["exact"]["p_loss_1y"].as_f64().expect("always given");
        agrees(id, &found, exact);
        is_whole(id, &found);
        assert_eq!(found.manner.steering, Steering::Guide, "{id}");
    }
}

#[test]
fn balanced_biasing_is_unbiased_too() {
    for id in ["C02", "C05", "C07"] {
        let case = case(id);
        let plan = parse(&scenario_text(&case)).plan;
        let steering = Some(Steering::Balanced);
        let found = found(&plan, Wish { steering, ..wish(0.05, 6_000) });
        agrees(id, &found, case["exact"]["p_loss_1y"].as_f64().expect("always given"));
        is_whole(id, &found);
    }
}

/// Copies of who comes nearer to a loss, on a plan in which many steps lead to it.
#[test]
fn splitting_is_unbiased_too() {
    let text = HARSH.replace("replicas = 1", "replicas = 3").replace("az-b\"", "az-b\", \"az-c\"");
    let plan = parse(&text).plan;
    let expected = exact::solve(&plan).expect("a Markov chain").loss;
    let steering = Some(Steering::Split);
    let found = found(&plan, Wish { steering, ..wish(0.05, 3_000) });
    agrees("four nodes", &found, expected);
    assert_eq!(found.tally.ratios.n(), 0, "copies have weights, not likelihood ratios");
}

/// Two or more nodes that fail often, by laws without memory.
const HARSH: &str = r#"
schema = 1
[run]
horizon = "30d"
[group]
id = "g"
azs = ["az-a", "az-b"]
replicas = 1
multi-az = true
automatic-failover = true
[workload]
writes-per-second = 100
[replication]
lag = { exponential = { mean = "2ms" } }
[control-plane]
detector = "managed"
[timing]
detection = { exponential = { mean = "30s" } }
promotion = { exponential = { mean = "10s" } }
endpoint = "0s"
replacement = { exponential = { mean = "30m" } }
full-sync = { exponential = { mean = "20m" } }
cold-start = { exponential = { mean = "60s" } }
[rules]
resync-after-failover = "none"
[[fault]]
node-failure = { mttf = "4d" }
[[fault]]
az-failure = { mttf = "60d", duration = { exponential = { mean = "1h" } } }
"#;

/// Solved and estimated, a random plan has the same probability of a loss. `EXACT_CASES` sets how
/// many.
#[test]
fn estimates_agree_with_the_chains_of_random_plans() {
    let n_cases = std::env::var("EXACT_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(8);
    for n in 100..100 + n_cases {
        let text = random_scenario(n);
        let plan = parse(&text).plan;
        let Ok(exact) = exact::solve(&plan) else { continue };
        let found = found(&plan, wish(0.02, 600));
        let error = found.tally.values.standard_error().expect("many replications");
        let p = found.tally.probability();
        let off = (p - exact.loss).abs();
        assert!(
            off <= 4.5 * error,
            "case {n}: {p:e} ± {error:e}, exactly {:e}\n{text}",
            exact.loss
        );
        is_whole(&format!("case {n}"), &found);
    }
}

/// Thirty shards that nothing connects: somebody is down half of the time, and each of them may be
/// solved alone. Copies end while others are still down, and only lives of their own shards are
/// steered in them.
#[test]
fn a_fleet_is_estimated_shard_by_shard() {
    let az = HARSH.rfind("[[fault]]").expect("AZ failures come last");
    let text = HARSH[..az]
        .replace("id = \"g\"", "id = \"g\"\ncluster-mode = \"enabled\"\nshards = 30")
        .replace("replicas = 1", "replicas = 2")
        .replace("az-b\"", "az-b\", \"az-c\"");
    let plan = parse(&text).plan;
    let exact = exact::solve(&plan).expect("a Markov chain");
    assert_eq!(exact.n_parts, 30);
    let found = found(&plan, Wish { steering: Some(Steering::Guide), ..wish(0.06, 70) });
    agrees("thirty shards", &found, exact.loss);
    is_whole("thirty shards", &found);
}

/// Lives that are stopped when a copy is taken go on in it at the age that they had: an AZ that was
/// taken down, and that seldom stays up for long.
#[test]
fn stopped_lives_go_on_in_copies() {
    let old = "az-failure = { mttf = \"60d\", duration = { exponential = { mean = \"1h\" } } }";
    let law = "az-failure = { lifetime = { weibull = { mean = \"2h\", shape = 3 } }, duration = { \
               exponential = { mean = \"20m\" } } }";
    assert!(HARSH.contains(old));
    let text = HARSH.replace(old, law).replace("\"30d\"", "\"4h\"");
    let text = text.replace("replicas = 1", "replicas = 2").replace("az-b\"", "az-b\", \"az-c\"");
    let script = "[[fault]]\nat = \"1h\"\nfail-az = { az = \"az-b\", duration = \"1h\" }\n";
    // Half of the likelihood is in excursions without a loss, which steering hardly ever walks.
    found_as_by_trials("an AZ that comes back", &format!("{text}{script}"), 12_000);
}

/// The share of plain trials with a dataset loss, and its standard error.
fn crude(plan: &Plan, trials: u64) -> (f64, f64) {
    let summary = batch::run(plan, BatchSpec { seed: 5, trials }).expect("a sound trial");
    let share = summary.hits(Probability::DatasetLoss) as f64 / trials as f64;
    (share, (share * (1.0 - share) / trials as f64).sqrt())
}

#[track_caller]
fn agrees_with_trials(what: &str, text: &str, trials: u64) {
    is_whole(what, &found_as_by_trials(what, text, trials));
}

/// What a study finds of a plan, which is what trials find.
#[track_caller]
fn found_as_by_trials(what: &str, text: &str, trials: u64) -> Found {
    let plan = parse(text).plan;
    let found = found(&plan, wish(0.05, 3_000));
    let (share, spread) = crude(&plan, trials);
    let error = found.tally.values.standard_error().expect("many replications");
    let p = found.tally.probability();
    assert!(share * trials as f64 > 50.0, "{what}: {share} of the trials is too few to compare");
    let both = error.hypot(spread);
    assert!((p - share).abs() <= 4.0 * both, "{what}: {p} ± {error}, in trials {share} ± {spread}");
    found
}

/// Lives that wear out or get better with age, repairs that are nearly always short.
#[test]
fn no_law_makes_a_difference_to_who_is_right() {
    let with = |life: &str, repair: &str| {
        let text = HARSH.replace("node-failure = { mttf = \"4d\" }", life);
        let old = "replacement = { exponential = { mean = \"30m\" } }";
        text.replace(old, &format!("replacement = {repair}"))
    };
    let weibull = |shape: &str| {
        format!(
            "node-failure = {{ lifetime = {{ weibull = {{ mean = \"4d\", shape = {shape} }} }} }}"
        )
    };
    let lognormal = "{ lognormal = { median = \"20m\", p95 = \"2h\" } }";
    let uniform = "{ uniform = [\"5m\", \"50m\"] }";
    for (what, life, repair) in [
        ("young nodes fail", weibull("0.6"), lognormal),
        ("newborn nodes fail", weibull("0.4"), lognormal),
        ("old nodes fail", weibull("3"), uniform),
        (
            "lives of gamma law",
            "node-failure = { lifetime = { gamma = { mean = \"4d\", shape = 2.5 } } }".to_owned(),
            "\"25m\"",
        ),
        (
            "lives of set length",
            "node-failure = { lifetime = { uniform = [\"2d\", \"6d\"] } }".to_owned(),
            lognormal,
        ),
    ] {
        agrees_with_trials(what, &with(&life, repair), 5_000);
    }
}

/// Instants stand for the whole horizon, and where lives end young none for more of the hazard than
/// its share: also of those that begin in the middle.
#[test]
fn instants_go_with_the_hazard_of_young_lives() {
    let young = "node-failure = { lifetime = { weibull = { mean = \"4d\", shape = 0.4 } } }";
    for (life, is_young) in [("node-failure = { mttf = \"4d\" }", false), (young, true)] {
        let text = HARSH.replace("node-failure = { mttf = \"4d\" }", life);
        let plan = parse(&text).plan;
        let mut keys = TrialKeys::new(11);
        let mut trial = Trial::begin(&plan, keys.key(0));
        let mut instants = Instants::of(&plan, 6, keys.key(0));
        let mut stands_for = Moments::default();
        let (mut n, mut most) = (0, 0.0_f64);
        for number in 0..2_000 {
            trial.restart(keys.key(number));
            instants.begin(trial.key());
            let mut sum = 0.0;
            loop {
                let due = trial.next().map_or(plan.horizon, |(due, _)| due.min(plan.horizon));
                if let Some(instant) = instants.next_before(due, &trial) {
                    assert!(trial.now() <= instant.at && instant.at < due);
                    trial.wait_until(instant.at);
                    sum += instant.stands_for;
                    most = most.max(instant.stands_for);
                    n += 1;
                } else if trial.advance(&mut ()).is_none() {
                    break;
                }
            }
            stands_for.add(sum);
        }
        let horizon = plan.horizon.since(SimTime::START).as_nanos() as f64;
        let error = stands_for.standard_error().expect("many trials");
        let off = (stands_for.mean() - horizon).abs();
        assert!(off <= 4.0 * error + 1e-9 * horizon, "{life}: {off} ± {error}");
        let share = if is_young { 1.0 / 3.0 } else { 1.0 };
        assert!(most <= horizon / (6.0 * share) * (1.0 + 1e-9), "{life}: {most}");
        assert!(is_young || n == 12_000, "{n} instants");
        assert!(n > 4_000, "{n} instants");
    }
}

/// Lives that are fixed or drawn from a sample have no hazard: they end when they end, and what
/// follows is steered where it can be.
#[test]
fn lives_without_a_hazard_are_let_be() {
    let life = "node-failure = { lifetime = \"9d\" }\n[[fault]]\nnode-failure = { mttf = \"8d\" }";
    agrees_with_trials("fixed", &HARSH.replace("node-failure = { mttf = \"4d\" }", life), 12_000);
}

/// What comes at set times starts excursions of its own.
#[test]
fn scheduled_faults_lead_to_losses_too() {
    let script = "[[fault]]\nat = \"3d\"\nfail-primary = {}\n[[fault]]\nat = { uniform = [\"5d\", \
                  \"20d\"] }\nfail-az = { az = \"az-b\", duration = \"3h\" }\n";
    agrees_with_trials("scheduled", &format!("{HARSH}{script}"), 12_000);
    let wiped = "[[fault]]\nat = \"4d\"\nfail-group = {}\n";
    let plan = parse(&format!("{HARSH}{wiped}")).plan;
    let found = found(&plan, wish(0.03, 1_000));
    let p = found.tally.probability();
    let error = found.tally.values.standard_error().unwrap_or(0.0);
    assert!((p - 1.0).abs() <= 4.0 * error + 1e-9, "everything is lost for certain, not {p}");
}

/// Rules that no chain has: votes, backups and maintenance go on within excursions.
#[test]
fn no_rule_makes_a_difference_to_who_is_right() {
    let bus = HARSH
        .replace("id = \"g\"", "id = \"g\"\ncluster-mode = \"enabled\"\nshards = 3")
        .replace("[control-plane]\ndetector = \"managed\"\n", "");
    agrees_with_trials("a cluster", &bus, 6_000);
    let busy = HARSH.replace("id = \"g\"", "id = \"g\"\nsnapshot-retention = 3");
    let update = "[[fault]]\nservice-update = { every = \"9d\" }\n";
    agrees_with_trials("backups and updates", &format!("{busy}{update}"), 8_000);
    let engine =
        HARSH.replace("resync-after-failover = \"none\"", "resync-after-failover = \"full\"");
    let group = "[[fault]]\ngroup-failure = { mttf = \"900d\" }\n";
    agrees_with_trials("full resync and whole groups", &format!("{engine}{group}"), 8_000);
}

#[test]
fn threads_make_no_difference() {
    let case = case("C05");
    let plan = parse(&scenario_text(&case)).plan;
    let with = |threads| found(&plan, Wish { threads, ..wish(0.05, 3_000) });
    let one = with(1);
    assert_eq!(one, with(2));
    assert_eq!(one, with(7));
}

/// The ratio of two probabilities, against that of the exact ones.
#[test]
fn policies_are_compared_by_a_ratio() {
    let plans = ["C05", "C07", "C12"].map(|id| parse(&scenario_text(&case(id))).plan);
    let found = study(&plans.each_ref(), wish(0.03, 10_000));
    let exact = |plan: &Plan| exact::solve(plan).expect("a Markov chain").loss;
    for (plan, found) in plans.iter().zip(&found).skip(1) {
        let ratio = found.ratio.estimate(level()).expect("both lose");
        let expected = exact(plan) / exact(&plans[0]);
        let half = (ratio.high.expect("many pairs") / ratio.value).ln();
        let off = (ratio.value / expected).ln();
        // Twice the half-width of 95 % is about four standard errors.
        assert!(off.abs() <= 2.0 * half, "{} instead of {expected}", ratio.value);
        assert!(half < 0.1);
    }
    assert_eq!(found[0].ratio.estimate(level()), None, "the reference is compared with nothing");
}

/// An estimate that few replications carry has no interval, and says why.
#[test]
fn what_cannot_be_stood_behind_is_not_said() {
    let plan = parse(&scenario_text(&case("C07"))).plan;
    let few = found(&plan, wish(0.05, 10));
    assert!(few.tally.doubt().is_some());
    assert_eq!(few.tally.estimate(level()).half_width(), None);
    let safe = parse(&HARSH.replace("\"4d\"", "\"500y\"").replace("\"60d\"", "\"500y\""));
    let never = Wish { steering: Some(Steering::Split), ..wish(0.05, 1_000) };
    let found = found(&safe.plan, never);
    assert!(found.tally.values.is_all_zero() || found.tally.doubt().is_some());
}
