//! From one trial to many: [`trial`] runs one, [`batch`] runs a plan's trials and summarises.

pub mod batch;
pub mod trial;
