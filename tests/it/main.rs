//! The test suite: one binary, one module per subject.

mod cli;
mod enumeration;
mod exact;
mod golden;
mod interplay;
mod laws;
mod layers;
mod library;
mod metamorphic;
mod queue;
mod random_configurations;
mod readme;
mod rng;
mod rules;
mod scenario;
mod support;
