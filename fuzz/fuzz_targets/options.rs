//! Any lines as arguments of `--set` and `--sweep`, in turns, on top of a scenario that has
//! something to set: policies, a sweep, sources, faults with and without an id.

#![no_main]

#[path = "../../tests/it/scenario/properties.rs"]
mod properties;

use std::path::Path;

use elasticache_sim::scenario::Overrides;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let mut overrides = Overrides::default();
    for (n, line) in text.lines().take(4).enumerate() {
        match n % 2 {
            0 => overrides.set.push(line.to_owned()),
            _ => overrides.sweep.push(line.to_owned()),
        }
    }
    let base_dir = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data"));
    properties::check_all(include_str!("options.toml"), base_dir, &overrides);
});
