//! Scenarios that are written from the bytes, each in two orders: nearly all are accepted, so that
//! this target reaches what happens behind the reader.

#![no_main]

#[path = "../../tests/it/scenario/properties.rs"]
mod properties;
#[path = "../../tests/it/scenario/writer.rs"]
mod writer;

use std::path::Path;

use elasticache_sim::scenario::Overrides;
use libfuzzer_sys::fuzz_target;
use writer::Choices;

fuzz_target!(|bytes: &[u8]| {
    // Two bytes decide as well as four, and are sooner found.
    let words = bytes.chunks_exact(2).map(|pair| u32::from_be_bytes([pair[0], pair[1], 0, 0]));
    let words: Vec<u32> = words.collect();
    let document = writer::scenario(&mut Choices::new(&words));
    let turned: Vec<u32> = words.iter().rev().copied().collect();
    let other = document.shuffled(&mut Choices::new(&turned));
    let base_dir = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data"));
    let is_valid =
        |text: &str| properties::check_all(text, base_dir, &Overrides::default()).is_some();
    assert_eq!(is_valid(&document.text()), is_valid(&other.text()), "the order means nothing");
});
