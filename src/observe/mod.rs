//! Observers: they fold the facts of a trial into numbers, or record them.

mod clientele;
pub mod endpoints;
pub mod episodes;
mod load;
pub mod metrics;
pub mod trace;
