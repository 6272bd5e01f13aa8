//! The test suite: one binary, one module per subject.

mod attribution;
mod blocks;
mod checkpoint;
mod cli;
mod completions;
mod docs;
mod enumeration;
mod exact;
mod explain;
mod golden;
mod interplay;
mod laws;
mod layers;
mod library;
mod metamorphic;
mod presets;
mod queue;
mod random_configurations;
mod readme;
mod requirements;
mod rng;
mod rules;
mod scenario;
mod schema;
mod support;
mod topology;
