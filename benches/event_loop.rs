//! The innermost loop: one trial after the other in one reused workspace, nobody watching.
//!
//! W2 calm and harsh (a year of one shard in three AZs), the same with metrics, and a group of 90
//! shards with 4 replicas each. The table at the end gives ratios of the time per event, each from
//! the fastest sample, to harsh W2: what observing costs, and what size costs.
//!
//! `cargo bench --bench event_loop`

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::Criterion;
use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::model::plan::Plan;
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::observe::metrics::Metrics;
use elasticache_sim::scenario;

/// Nanoseconds per event of the fastest sample, by name.
type Fastest = RefCell<BTreeMap<&'static str, f64>>;

fn library(name: &str) -> Plan {
    let path = format!("{}/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let experiment = scenario::load(path.as_ref(), &scenario::Overrides::default());
    experiment.expect("a valid scenario").policies[0].plan.clone()
}

/// 90 shards with 4 replicas each, over the cluster bus, with the laws of harsh W2.
fn large() -> Plan {
    let path = format!("{}/scenarios/w2-harsh.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("readable");
    let shards = "replicas = 4\nshards = 90\ncluster-mode = \"enabled\"";
    let text = text.replace("replicas = 2", shards);
    let experiment = scenario::parse("large", &text, ".".as_ref(), &scenario::Overrides::default());
    experiment.expect("a valid scenario").policies[0].plan.clone()
}

fn measure(c: &mut Criterion, fastest: &Fastest, name: &'static str, plan: &Plan, watched: bool) {
    let mut keys = TrialKeys::new(1);
    let mut trial = Trial::begin(plan, keys.key(0));
    let mut metrics = Metrics::new(plan);
    let mut n = 0;
    c.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| {
            let (mut spent, mut events) = (Duration::ZERO, 0);
            for _ in 0..iterations {
                n += 1;
                let key = keys.key(n);
                let start = Instant::now();
                trial.restart(key);
                if watched {
                    trial.finish(&mut metrics);
                    black_box(metrics.finish(trial.now()));
                    metrics.restart();
                } else {
                    trial.finish(&mut ());
                }
                spent += start.elapsed();
                events += trial.n_events();
            }
            let per_event = spent.as_nanos() as f64 / events as f64;
            let mut fastest = fastest.borrow_mut();
            let best = fastest.entry(name).or_insert(f64::INFINITY);
            *best = best.min(per_event);
            spent
        });
    });
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let fastest = Fastest::default();
    let (calm, harsh, large) = (library("w2-calm"), library("w2-harsh"), large());
    measure(&mut criterion, &fastest, "w2-harsh", &harsh, false);
    measure(&mut criterion, &fastest, "w2-harsh with metrics", &harsh, true);
    measure(&mut criterion, &fastest, "w2-calm", &calm, false);
    measure(&mut criterion, &fastest, "90 shards of 1+4", &large, false);
    let fastest = fastest.into_inner();
    let Some(base) = fastest.get("w2-harsh") else { return };
    println!("\nper event, as a ratio to w2-harsh ({base:.0} ns here and now):");
    for (name, per_event) in &fastest {
        println!("  {name:<24} {:.2}", per_event / base);
    }
}
