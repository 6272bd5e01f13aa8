//! Pure functions of numbers: moments and intervals.

pub mod intervals;
pub mod moments;
