//! Pure functions of numbers: accumulators that can be merged, intervals, when to stop.
//!
//! Which estimator stands behind which printed number, and how often its interval was right when
//! measured, is in `docs/statistics.md`.

pub mod histogram;
pub mod intervals;
pub mod level;
pub mod moments;
pub mod paired_ratio;
pub mod probability;
pub mod ranks;
pub mod ratio;
pub mod stopping;
