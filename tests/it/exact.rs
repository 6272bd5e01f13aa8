//! Exact answers: cases whose solutions were computed elsewhere, for the solver and for batches;
//! and the two against each other on random small plans.
//!
//! Fixed seeds and a band of 4 standard errors: a right program fails none of these, and the
//! seeds never change.

use elasticache_sim::exact::size::TOO_LARGE;
use elasticache_sim::exact::{self, Exact};
use elasticache_sim::montecarlo::batch::{self, BatchSpec};
use elasticache_sim::montecarlo::tally::Tally;
use elasticache_sim::observe::metrics::Metric;
use serde_json::Value;

use crate::support::exact_cases::{case, cases, scenario_text};
use crate::support::{parse, root};

const HOUR_S: f64 = 3600.0;
const YEAR_S: f64 = 365.0 * 86_400.0;

#[track_caller]
fn agrees(what: &str, found: f64, expected: &Value) {
    let expected = expected.as_f64().expect("a number");
    assert!((found / expected - 1.0).abs() < 1e-9, "{what}: {found:e} instead of {expected:e}");
}

/// The metric that counts what the case calls a failover.
fn returns(case: &Value) -> Metric {
    match case["multi_az"].as_bool() {
        Some(true) => Metric::Failovers,
        _ => Metric::PrimaryRecreations,
    }
}

/// What lag costs where any replica is promoted, as far as that is published.
fn check_random_replica(id: &str) {
    let case = case(id);
    let published = &case["exact"]["expected_lag_lost_writes_per_year_random_replica"];
    if published.is_null() {
        return;
    }
    let text = scenario_text(&case).replacen("[rules]\n", "[rules]\npromotion = \"random\"\n", 1);
    let exact = exact::solve(&parse(&text).plan).expect("a Markov chain");
    let lost = exact.long_run(Metric::LostWrites).expect("one part") * YEAR_S;
    agrees(&format!("{id}, any replica"), lost, published);
}

/// All published numbers of a case, to nine digits.
fn check_exact(id: &str) {
    let case = case(id);
    let exact = exact::solve(&parse(&scenario_text(&case)).plan).expect("a Markov chain");
    let long_run = |metric| exact.long_run(metric).expect("one part") * YEAR_S;
    let horizon = |metric| exact.horizon(metric).expect("one part");
    let any = Metric::WriteOutageAnyShard;
    let numbers = [
        ("steady_write_unavail_any_shard", long_run(any) / YEAR_S),
        ("steady_write_unavail_mean_per_shard", long_run(Metric::WriteOutage) / YEAR_S),
        ("failovers_per_year", long_run(returns(&case))),
        ("primary_failures_per_year", long_run(Metric::WriteOutages)),
        ("data_loss_events_per_year", long_run(Metric::DatasetLosses)),
        ("expected_lag_lost_writes_per_year_lowest_lag", long_run(Metric::LostWrites)),
        ("fh_expected_write_downtime_hours_0_1y", horizon(any) / HOUR_S),
        ("fh_failovers_0_1y", horizon(returns(&case))),
        ("fh_data_loss_events_0_1y", horizon(Metric::DatasetLosses)),
        ("fh_lag_lost_writes_lowest_lag_0_1y", horizon(Metric::LostWrites)),
        ("p_loss_1y", exact.loss),
    ];
    // Outages of several shards at once are one outage of the group.
    let is_one_shard = case["nodes_shard_az"]
        .as_array()
        .is_some_and(|nodes| nodes.iter().all(|node| node[0] == nodes[0][0]));
    let is_given = |key: &str| match key {
        "primary_failures_per_year" => is_one_shard,
        _ => !case["exact"][key].is_null(),
    };
    let given = numbers.iter().filter(|(key, _)| is_given(key));
    let mut n = 0;
    for (key, found) in given {
        agrees(&format!("{id} {key}"), *found, &case["exact"][*key]);
        n += 1;
    }
    assert!(n >= 5, "{id} has numbers");
    is_in_the_document(id, &exact);
}

/// The row of `docs/exact.md` on the case has what comes out.
fn is_in_the_document(id: &str, exact: &Exact) {
    let document = std::fs::read_to_string(root().join("docs/exact.md")).expect("readable");
    let row = document.lines().find(|line| line.starts_with(&format!("| {id} |")));
    let cells: Vec<&str> = row.expect("each case has a row").split(" | ").collect();
    assert_eq!(cells[2].replace(',', ""), exact.n_states.to_string(), "{id}");
    assert_eq!(cells[3].trim_end_matches(" |"), format!("{:.8e}", exact.loss), "{id}");
}

#[test]
fn every_published_case_is_solved_to_nine_digits() {
    let ids: Vec<String> =
        cases().iter().map(|case| case["id"].as_str().expect("an id").to_owned()).collect();
    assert_eq!(ids.len(), 9);
    // C13, by far the largest, has a test of its own, which runs beside this one.
    for id in ids.iter().filter(|id| *id != "C13") {
        check_exact(id);
        check_random_replica(id);
    }
}

#[test]
fn three_shards_that_share_their_azs_are_solved_to_nine_digits() {
    check_exact("C13");
}

fn within_four_errors(case: &str, summary: &Tally, metric: Metric, expected: f64) {
    let moments = summary.of(metric);
    let error = moments.standard_error().expect("many trials");
    assert!(
        (moments.mean() - expected).abs() <= 4.0 * error,
        "{case}: {} is {} ± {error}, exactly {expected}",
        metric.name(),
        moments.mean()
    );
}

fn check(id: &str, trials: u64) {
    let case = case(id);
    let scenario = parse(&scenario_text(&case));
    let spec = BatchSpec { seed: 20_261_121, trials };
    let summary = batch::run(&scenario.plan, spec).expect("a sound trial");
    let exact = |key: &str| case["exact"][key].as_f64();
    let hours = exact("fh_expected_write_downtime_hours_0_1y").expect("always given");
    within_four_errors(id, &summary, Metric::WriteOutageAnyShard, hours * HOUR_S);
    if let Some(failovers) = exact("fh_failovers_0_1y") {
        within_four_errors(id, &summary, returns(&case), failovers);
    }
    // Over a year the rate of the variance has all but settled.
    let rate = exact("asymptotic_var_rate_write_downtime_h2_per_h").expect("always given");
    let variance = rate * YEAR_S / HOUR_S * HOUR_S * HOUR_S;
    let moments = summary.of(Metric::WriteOutageAnyShard);
    let found = moments.sd().expect("many trials").powi(2);
    let spread = (moments.kurtosis().expect("many trials") - 1.0) / trials as f64;
    let error = found * spread.sqrt();
    assert!(
        (found - variance).abs() <= 4.0 * error + 2e-3 * variance,
        "{id}: variance {found} ± {error}, {variance} as time goes on"
    );
    if let Some(lost) = exact("fh_lag_lost_writes_lowest_lag_0_1y") {
        within_four_errors(id, &summary, Metric::LostWrites, lost);
    }
    let losses = exact("fh_data_loss_events_0_1y").expect("always given");
    if losses * trials as f64 > 20.0 {
        within_four_errors(id, &summary, Metric::DatasetLosses, losses);
    } else {
        // A Poisson count with so small a mean: more than this has a chance below 1e-4.
        let seen = summary.of(Metric::DatasetLosses).mean() * trials as f64;
        let mean = losses * trials as f64;
        assert!(seen <= mean + 5.0 * mean.sqrt() + 2.0, "{id}: {seen} losses, {mean} expected");
    }
}

#[test]
fn c01_one_node() {
    check("C01", 60_000);
}

#[test]
fn c02_one_replica() {
    check("C02", 400_000);
}

#[test]
fn c03_one_replica_without_failover() {
    check("C03", 400_000);
}

#[test]
fn c05_one_replica_with_az_failures() {
    check("C05", 200_000);
}

#[test]
fn c07_two_replicas_with_az_failures() {
    check("C07", 100_000);
}

#[test]
fn c11_five_replicas_that_fail_all_the_time() {
    check("C11", 2_000);
}

#[test]
fn c12_two_replicas_with_rare_az_failures() {
    check("C12", 200_000);
}

#[test]
fn c13_three_shards_that_share_their_azs() {
    check("C13", 40_000);
}

#[test]
fn v07c_replacements_that_do_not_wait_for_their_az() {
    check("V07c", 100_000);
}

/// A random plan that is a Markov chain, small and harsh enough for a batch to see all of it.
pub fn random_scenario(n: u64) -> String {
    let mut state = n;
    let mut pick = |of: u64| {
        // SplitMix64.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % of
    };
    let replicas = pick(4);
    let failover = replicas > 0 && pick(3) > 0;
    let n_azs = 1 + pick(3).min(replicas);
    let azs: Vec<String> = (0..n_azs).map(|k| format!("\"az{k}\"")).collect();
    let mut law = |from: u64, to: u64| {
        let mean = from + pick(to - from);
        match pick(4) {
            0 => format!("{{ erlang = {{ mean = \"{mean}s\", stages = {} }} }}", 2 + pick(2)),
            _ => format!("{{ exponential = {{ mean = \"{mean}s\" }} }}"),
        }
    };
    let [detection, promotion, endpoint, cold] =
        [(60, 600), (10, 300), (10, 300), (60, 900)].map(|(from, to)| law(from, to));
    let [replacement, sync] = [(300, 3_000), (300, 3_000)].map(|(from, to)| law(from, to));
    let starts = ["at-failure", "after-detection", "after-failover"][pick(3) as usize];
    let resync = ["none", "full"][pick(2) as usize];
    let [waits, syncing] = [0, 0].map(|_| pick(2) == 0);
    let during = ["continue", "restart"][pick(2) as usize];
    let cold_node = ["first-ready", "primary-slot"][pick(2) as usize];
    let promotes = ["least-lag", "random", "lowest-id"][pick(3) as usize];
    let lag = 1 + pick(4);
    let mut text = format!(
        r#"
schema = 1
[run]
horizon = "30d"
[group]
id = "g"
azs = [{}]
replicas = {replicas}
multi-az = {}
automatic-failover = {failover}
[workload]
writes-per-second = 100
[replication]
lag = {{ exponential = {{ mean = "{lag}ms" }} }}
[control-plane]
detector = "managed"
[timing]
detection = {detection}
promotion = {promotion}
endpoint = {endpoint}
replacement = {replacement}
full-sync = {sync}
cold-start = {cold}
[rules]
replacement-starts = "{starts}"
replacement-waits-for-az = {waits}
resync-after-failover = "{resync}"
syncing-nodes-can-fail = {syncing}
failure-during-failover = "{during}"
cold-start-node = "{cold_node}"
promotion = "{promotes}"
[[fault]]
node-failure = {{ mttf = "{}h" }}
"#,
        azs.join(", "),
        failover && n_azs > 1,
        6 + pick(30),
    );
    if pick(2) == 0 {
        let (up, down) = (20 + pick(60), 600 + pick(5_000));
        // Who is left when some may be hit is known to nobody who never promotes.
        let may_miss = failover || replicas < 2;
        let share = if may_miss && pick(2) == 0 { ", share = 0.6" } else { "" };
        let failure =
            format!("mttf = \"{up}h\", duration = {{ exponential = {{ mean = \"{down}s\" }} }}");
        text += &format!("[[fault]]\naz-failure = {{ {failure}{share} }}\n");
    }
    if pick(4) == 0 {
        text += &format!("[[fault]]\ngroup-failure = {{ mttf = \"{}h\" }}\n", 100 + pick(200));
    }
    text
}

/// Solved and simulated, a random plan gives the same numbers. `EXACT_CASES` sets how many.
#[test]
fn batches_agree_with_the_chains_of_random_plans() {
    let n_cases = std::env::var("EXACT_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(5);
    let trials = 3_000;
    // Several numbers of many plans: 4.5 standard errors are exceeded once in a hundred thousand.
    let band = 4.5;
    let mut n_solved = 0;
    for n in 0..n_cases {
        let text = random_scenario(n);
        let plan = parse(&text).plan;
        let exact = match exact::solve(&plan) {
            Ok(exact) => exact,
            // Several Erlang laws of four nodes: more states than are solved, and said so.
            Err(obstacles) if obstacles.iter().all(|it| it.key == TOO_LARGE) => continue,
            Err(obstacles) => panic!("case {n}: {obstacles:?}\n{text}"),
        };
        n_solved += 1;
        let summary = batch::run(&plan, BatchSpec { seed: 7, trials }).expect("a sound trial");
        for metric in exact::chain::METRICS {
            let expected = exact.horizon(metric).expect("one part");
            let moments = summary.of(metric);
            let error = moments.standard_error().expect("many trials");
            // What is rare has no error to be trusted: a Poisson count bounds it.
            let least = (expected / trials as f64).sqrt();
            let error = if metric == Metric::DatasetLosses { error.max(least) } else { error };
            assert!(
                (moments.mean() - expected).abs() <= band * error + 1e-9 * expected,
                "case {n}: {} is {} ± {error}, exactly {expected}\n{text}",
                metric.name(),
                moments.mean()
            );
        }
    }
    assert!(n_solved * 10 >= n_cases * 8, "{n_solved} of {n_cases} plans were solved");
}
