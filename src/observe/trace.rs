//! [`Recorder`] keeps every fact of a trial, for golden tests, replay and pages.

use crate::engine::time::SimTime;
use crate::model::fact::{Fact, Observer};

/// All facts of a trial in the order in which they became true.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Recorder {
    /// When, and what.
    pub facts: Vec<(SimTime, Fact)>,
}

impl Observer for Recorder {
    fn on_fact(&mut self, now: SimTime, fact: Fact) {
        self.facts.push((now, fact));
    }
}
