//! Rare dataset losses: their probability within the horizon, without waiting for them.
//!
//! A shard is *well* while nothing of it is down, under way or incomplete. It leaves that state now
//! and then, and nearly always comes back: an *excursion*. The first dataset loss happens in one
//! shard, and lies in exactly one excursion of that shard: the one that began when it was well
//! last. So its probability is the mean number of excursions, begun before any loss, that come to
//! the first loss by the horizon. A *replication* runs a trial as it is, and from it
//!
//! - at [`instants`] spread over the horizon takes a copy, lets some life end at once, and weighs
//!   what comes of it by the hazard rate of all lives and the length of time that the instant
//!   stands for: the integral over all departures, by hazard rates instead of by waiting (their
//!   compensator), with one instant in each of equal strata of the horizon, or of a pace that goes
//!   with the hazard of lives that end young;
//! - for every departure that is no end of a life (a scheduled fault, an operation), takes a copy
//!   that goes on from there.
//!
//! *At stake* in a copy are the shards that were well before its departure and are not after. A
//! copy ends when all of them are well again, or with the first loss of any shard; that counts only
//! if the shard is one of those at stake, since any other left the well state at another time, for
//! which there are other copies. All else goes its way: in a large fleet somebody is always unwell,
//! and nobody waits for it. Only lives that concern a shard at stake are taken over and steered;
//! the others end when they were drawn to end, and are independent of these, so that hazard rates
//! are what they are whoever knows when.
//!
//! This is branching failure biasing, so called because the trial itself runs by its true laws and
//! only copies are biased: over a long horizon likelihood ratios would degenerate otherwise
//! (Heidelberger, Shahabuddin and Nicola, "Bounded relative error in estimating transient measures
//! of highly dependable non-Markovian systems", TOMACS 4, 1994). [`excursion`] goes on with a copy;
//! [`clocks`] holds its lives, [`outlook`] asks the guide, [`reach`] and [`wellness`] know whom an
//! event changes, [`ways`] tells what led to a loss.

pub mod clocks;
pub mod estimate;
pub mod excursion;
pub mod instants;
pub mod outlook;
pub mod reach;
pub mod replication;
pub mod study;
pub mod ways;
pub mod wellness;
