//! Batches against exact answers: Markov chains whose solutions were computed elsewhere.
//!
//! Fixed seeds and a band of 4 standard errors: a right program fails none of these, and the
//! seeds never change.

use elasticache_sim::montecarlo::batch::{self, BatchSpec};
use elasticache_sim::montecarlo::tally::Tally;
use elasticache_sim::observe::metrics::Metric;
use serde_json::Value;

use crate::support::parse;

const HOUR_S: f64 = 3600.0;

/// The scenario of a case, in the form that the cases' semantics prescribe: one exponential for
/// the whole failover (as detection), repair that starts at the failure, no resync.
fn scenario_text(case: &Value) -> String {
    let params = &case["params"];
    let hours = |key: &str| 1.0 / params[key].as_f64().expect("a rate");
    let nodes = case["nodes_shard_az"].as_array().expect("nodes");
    let replicas = nodes.len() - 1;
    let azs: Vec<String> = nodes.iter().map(|n| format!("\"az{}\"", n[1])).collect();
    let failover = case["multi_az"].as_bool().expect("a switch") && replicas > 0;
    let nanos = |hours: f64| format!("{}ns", (hours * HOUR_S * 1e9).round());
    let mut text = format!(
        r#"
schema = 1
[run]
horizon = "1y"
[group]
id = "g"
azs = [{azs}]
replicas = {replicas}
multi-az = {failover}
automatic-failover = {failover}
[workload]
writes-per-second = {w}
[replication]
lag = {{ exponential = {{ mean = "{lag}" }} }}
[timing]
detection = {{ exponential = {{ mean = "{delta}" }} }}
promotion = "0s"
endpoint = "0s"
replacement = {{ exponential = {{ mean = "{rho}" }} }}
full-sync = {{ exponential = {{ mean = "{sigma}" }} }}
cold-start = {{ exponential = {{ mean = "{delta}" }} }}
[rules]
replacement-starts = "at-failure"
resync-after-failover = "none"
cold-start-node = "first-ready"
[[fault]]
node-failure = {{ mttf = "{node}" }}
"#,
        azs = azs.join(", "),
        w = params["w"].as_f64().expect("a rate") as u64,
        lag = nanos(params["L"].as_f64().expect("seconds") / HOUR_S),
        delta = nanos(hours("delta")),
        rho = nanos(hours("rho")),
        sigma = nanos(hours("sigma")),
        node = nanos(hours("lam_n")),
    );
    if params["lam_a"].as_f64().expect("a rate") > 0.0 {
        text.push_str(&format!(
            "[[fault]]\naz-failure = {{ mttf = \"{}\", duration = {{ exponential = {{ mean = \
             \"{}\" }} }} }}\n",
            nanos(hours("lam_a")),
            nanos(hours("mu_a")),
        ));
    }
    text
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
    let cases: Value =
        serde_json::from_str(include_str!("../data/exact-cases.json")).expect("valid JSON");
    let case = cases["cases"]
        .as_array()
        .and_then(|cases| cases.iter().find(|case| case["id"] == id))
        .expect("the case is there");
    let scenario = parse(&scenario_text(case));
    let spec = BatchSpec { seed: 20_261_121, trials };
    let summary = batch::run(&scenario.plan, spec).expect("a sound trial");
    let exact = |key: &str| case["exact"][key].as_f64();
    let hours = exact("fh_expected_write_downtime_hours_0_1y").expect("always given");
    within_four_errors(id, &summary, Metric::WriteOutage, hours * HOUR_S);
    let promotions = match case["multi_az"].as_bool() {
        Some(true) => Metric::Failovers,
        _ => Metric::PrimaryRecreations,
    };
    if let Some(failovers) = exact("fh_failovers_0_1y") {
        within_four_errors(id, &summary, promotions, failovers);
    }
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
