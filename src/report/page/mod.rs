//! Pages in HTML: one self-contained file each, that asks nothing of any network.
//!
//! The only place that names askama, which escapes whatever a scenario calls things. `replay` puts
//! scenes of trials into a page that plays them, `data` into the JSON that its player reads; [`report`]
//! makes the page of a study.

mod data;
mod replay;
pub mod report;

pub use replay::{Panel, Replay, render};
