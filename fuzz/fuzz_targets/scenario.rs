//! Any bytes as a scenario file.

#![no_main]

#[path = "../../tests/it/scenario/properties.rs"]
mod properties;

use std::path::Path;

use elasticache_sim::scenario::Overrides;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let base_dir = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data"));
    properties::check_all(&text, base_dir, &Overrides::default());
});
