//! No allocation per event and none per trial: a test binary of its own, since it counts through
//! the global allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::montecarlo::batch::{self, BatchSpec};
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::observe::metrics::Metrics;
use elasticache_sim::scenario::{self, Overrides};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call is handed to the system's allocator as it came; counting touches no memory
// that it hands out.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn check(name: &str, trials: u64) {
    let path = format!("{}/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let plan = scenario::load(path.as_ref(), &Overrides::default()).expect("a valid scenario");
    let plan = plan.policies[0].plan.clone();
    let mut keys = TrialKeys::new(1);
    let mut metrics = Metrics::new(&plan);
    let mut trial = Trial::begin(&plan, keys.key(0));
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    let mut events = 0;
    for n in 0..trials {
        trial.restart(keys.key(n));
        trial.finish(&mut metrics);
        metrics.finish(trial.now());
        metrics.restart();
        events += trial.n_events();
    }
    let allocations = ALLOCATIONS.load(Ordering::Relaxed) - before;
    assert!(events > trials, "{name}: {events} events are not worth counting");
    assert_eq!(allocations, 0, "{name}: allocations in {trials} trials of {events} events");
}

/// A batch allocates when it begins and once in a while per block, never per trial.
fn check_batch(name: &str) {
    let path = format!("{}/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let plan = scenario::load(path.as_ref(), &Overrides::default()).expect("a valid scenario");
    let plan = plan.policies[0].plan.clone();
    let allocations = |trials| {
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        batch::run(&plan, BatchSpec { seed: 1, trials }).expect("a sound trial");
        ALLOCATIONS.load(Ordering::Relaxed) - before
    };
    let (few, many) = (allocations(1_000), allocations(11_000));
    let per_block = (many - few) / 100;
    assert!(per_block < 100, "{name}: {per_block} allocations per block of 100 trials");
}

#[test]
fn the_loop_does_not_allocate() {
    check_batch("w2-harsh");
    check("w2-harsh", 2_000);
    check("w2-calm", 2_000);
    check("two-shards-az-outage", 2_000);
    check("customer-reboot", 500);
    check("given-a-node-fails", 2_000);
    check_batch("given-a-node-fails");
}
