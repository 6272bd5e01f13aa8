//! Rare dataset losses: their probability within the horizon, without waiting for them.
//!
//! A system is *well* while nothing is down, under way or incomplete. It leaves that state now and
//! then, and nearly always comes back: an *excursion*. The first dataset loss lies in exactly one
//! excursion, so its probability is the mean number of excursions, begun before any loss, that come
//! to one by the horizon. A *replication* runs a trial as it is, and from it
//!
//! - at [`instants`] spread over the horizon, if the system is well there, takes a copy, lets some life
//!   end at once, and weighs what comes of it by the hazard rate of all lives and the length of
//!   time that the instant stands for: the integral over all departures, by hazard rates instead of
//!   by waiting (their compensator), with one instant in each of equal strata;
//! - for every departure that is no end of a life (a scheduled fault, an operation), takes a copy
//!   that goes on from there.
//!
//! This is branching failure biasing, so called because the trial itself runs by its true laws and
//! only copies are biased: over a long horizon likelihood ratios would degenerate otherwise
//! (Heidelberger, Shahabuddin and Nicola, "Bounded relative error in estimating transient measures
//! of highly dependable non-Markovian systems", TOMACS 4, 1994). [`excursion`] goes on with a copy;
//! [`clocks`] holds its lives, [`outlook`] asks the guide, [`ways`] tells what led to a loss.

pub mod clocks;
pub mod estimate;
pub mod excursion;
pub mod instants;
pub mod outlook;
pub mod replication;
pub mod study;
pub mod ways;
