//! The sentences of a trial, fact by fact: what the text of `ecsim replay` and its page both say.

use super::lanes::Lanes;
use super::migration::Story;
use crate::engine::time::SimTime;
use crate::model::fact::Fact;
use crate::model::plan::Plan;
use crate::report::aws_events::{Announcer, AwsEvent};
use crate::report::words::{Line, Words};

/// Something that is said of a fact.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::report) enum Saying {
    /// A line of the story.
    Line(Line),
    /// An entry of ElastiCache's event log.
    Event(AwsEvent),
}

/// Tells a trial; fed with its facts in order, it knows what came before.
pub(in crate::report) struct Teller<'p> {
    pub(super) lanes: Lanes<'p>,
    announcer: Announcer<'p>,
    story: Story<'p>,
}

impl<'p> Teller<'p> {
    /// One for a trial of `plan` that begins.
    pub(in crate::report) fn new(plan: &'p Plan) -> Self {
        Teller { lanes: Lanes::new(plan), announcer: Announcer::new(plan), story: Story::new(plan) }
    }

    /// What is said of the next fact.
    pub(in crate::report) fn tell(&mut self, at: SimTime, fact: &Fact) -> Vec<Saying> {
        let words = Words::new(self.lanes.plan());
        let outage_ended = self.lanes.follow_outage(at, fact);
        self.lanes.take_in(fact);
        let told = match self.story.instead_of_words(fact) {
            Some(line) => vec![line],
            None => words.of(fact),
        };
        let beside = self.story.beside(at, fact, &self.lanes);
        let ended = outage_ended.map(|text| Line { kind: "writes", text });
        let primaries = self.lanes.primaries_now(fact);
        let lines = told.into_iter().chain(primaries).chain(beside).chain(ended);
        let events = self.announcer.entries(fact).into_iter().map(Saying::Event);
        lines.map(Saying::Line).chain(events).collect()
    }
}
