//! A discrete-event kernel that has never heard of a cache: time, random numbers, laws, a queue.

pub mod law;
pub mod outcomes;
pub mod queue;
pub mod rng;
pub mod special;
pub mod time;
