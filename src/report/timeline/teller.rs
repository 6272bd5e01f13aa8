//! The sentences of a trial, fact by fact: what the text of `ecsim replay` and its page both say.

use super::migration::Story;
use crate::engine::time::{SimTime, Span};
use crate::model::fact::{Fact, Phase};
use crate::model::plan::Plan;
use crate::report::aws_events::{Announcer, AwsEvent};
use crate::report::status::{Fold, OutageView};
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
    plan: &'p Plan,
    status: Fold<'p>,
    announcer: Announcer<'p>,
    story: Story<'p>,
}

impl<'p> Teller<'p> {
    /// One for a trial of `plan` that begins.
    pub(in crate::report) fn new(plan: &'p Plan) -> Self {
        let (status, announcer, story) = (Fold::new(plan), Announcer::new(plan), Story::new(plan));
        Teller { plan, status, announcer, story }
    }

    /// What everything is after the facts so far.
    pub(in crate::report) fn status(&self) -> &Fold<'p> {
        &self.status
    }

    /// All outages of a trial that ended at `until`, in the order in which they began.
    pub(in crate::report) fn outages(self, until: SimTime) -> Vec<OutageView> {
        self.status.outages(until)
    }

    /// What is said of the next fact.
    pub(in crate::report) fn tell(&mut self, at: SimTime, fact: &Fact) -> Vec<Saying> {
        let words = Words::new(self.plan);
        let ended = self.outage_ends(at, fact);
        self.status.take_in(at, fact);
        let told = match self.story.instead_of_words(fact) {
            Some(line) => vec![line],
            None => words.of(fact),
        };
        let beside = self.story.beside(at, fact, &self.status);
        let primaries = self.primaries_now(fact);
        let lines = told.into_iter().chain(primaries).chain(beside).chain(ended);
        let events = self.announcer.entries(fact).into_iter().map(Saying::Event);
        lines.map(Saying::Line).chain(events).collect()
    }

    /// After a change of roles: where the primaries of the group are now.
    fn primaries_now(&self, fact: &Fact) -> Option<Line> {
        let (Fact::Promoted { shard, .. }
        | Fact::HandedOver { shard, .. }
        | Fact::ColdStarted { shard, .. }) = *fact
        else {
            return None;
        };
        Words::new(self.plan).primaries(shard, |shard| self.status.primary(shard))
    }

    /// At the end of an outage, that the fact brings: its length and what it was made of.
    fn outage_ends(&self, now: SimTime, fact: &Fact) -> Option<Line> {
        let Fact::WritesResumed { shard, node } = *fact else { return None };
        let outage = self.status.outage(shard)?;
        let node = Words::new(self.plan).node(node);
        let length = now.since(outage.from);
        let how = match self.status.is_left(shard) {
            true => format!("go elsewhere than {node}"),
            false => format!("resume on {node}"),
        };
        let part = |(phase, span): &(Phase, Span)| format!("{} {span}", phase.name());
        let parts: Vec<String> = parts(outage, now).iter().map(part).collect();
        let text = format!("{how} after {length} ({})", parts.join(", "));
        Some(Line { kind: "writes", text })
    }
}

/// How long an outage that ends now waited for what, in the order in which that began first.
fn parts(outage: &OutageView, now: SimTime) -> Vec<(Phase, Span)> {
    let mut parts: Vec<(Phase, Span)> = Vec::new();
    for (phase, since, end) in outage.phases_until(now) {
        let span = end.since(since);
        match parts.iter_mut().find(|(known, _)| *known == phase) {
            Some((_, sum)) => *sum = Span::from_nanos(sum.as_nanos() + span.as_nanos()),
            None if span == Span::ZERO => {}
            None => parts.push((phase, span)),
        }
    }
    parts
}
