//! Whole batches of W2, as `ecsim run` does them: keys, trials, metrics, summary.
//!
//! The table at the end gives the time per trial of a batch as a ratio to that of its bare event
//! loop in the same run: what everything around the loop costs.
//!
//! `cargo bench --bench batch`

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::Criterion;
use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::model::plan::Plan;
use elasticache_sim::montecarlo::batch::{self, BatchSpec};
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::scenario;

const TRIALS: u64 = 500;

fn library(name: &str) -> Plan {
    let path = format!("{}/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let experiment = scenario::load(path.as_ref(), &scenario::Overrides::default());
    experiment.expect("a valid scenario").policies[0].plan.clone()
}

fn bare_loop(plan: &Plan) {
    let mut keys = TrialKeys::new(1);
    let mut trial = Trial::begin(plan, keys.key(0));
    for n in 0..TRIALS {
        trial.restart(keys.key(n));
        trial.finish(&mut ());
    }
    black_box(trial.n_events());
}

fn whole_batch(plan: &Plan) {
    let summary = batch::run(plan, BatchSpec { seed: 1, trials: TRIALS });
    black_box(summary.expect("a sound trial"));
}

/// The fastest of the samples that criterion takes.
fn fastest(c: &mut Criterion, name: &str, work: impl Fn()) -> Duration {
    let mut best = Duration::MAX;
    c.bench_function(name, |bencher| {
        bencher.iter_custom(|iterations| {
            let mut spent = Duration::ZERO;
            for _ in 0..iterations {
                let start = Instant::now();
                work();
                let took = start.elapsed();
                best = best.min(took);
                spent += took;
            }
            spent
        });
    });
    best
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for name in ["w2-calm", "w2-harsh"] {
        let plan = library(name);
        let batch = fastest(&mut criterion, &format!("{name} batch"), || whole_batch(&plan));
        let bare = fastest(&mut criterion, &format!("{name} bare loop"), || bare_loop(&plan));
        let per_second = TRIALS as f64 / batch.as_secs_f64();
        let ratio = batch.as_secs_f64() / bare.as_secs_f64();
        println!("{name}: {ratio:.2} × its bare loop ({per_second:.0} trials/s here and now)\n");
    }
}
