//! [`Window`]: the part of a trial that a timeline shows, and what it is of the whole trial.

use std::cmp::Reverse;

use super::loss::Loss;
use crate::engine::time::{SimTime, Span};
use crate::model::plan::{Plan, ShardId};
use crate::observe::metrics::{Metric, Outcome};
use crate::report::numbers::count;
use crate::report::results::Notable;
use crate::report::scene::{LossMark, Scene};
use crate::report::status::OutageView;

/// What a timeline shows where there is a loss and no outage, on either side of it.
const AROUND_LOSS: f64 = 30.0;

/// The part of a trial that is drawn.
pub(super) struct Window {
    pub(super) shard: ShardId,
    /// The instant from which times are counted.
    pub(super) origin: SimTime,
    pub(super) from: f64,
    pub(super) to: f64,
    /// What happens at its origin, and which of how many of the trial that is.
    pub(super) of: Of,
}

/// What happens at the origin of a window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Of {
    /// Writes stop.
    Outage,
    /// Something is lost while writes are taken.
    Loss,
}

impl Window {
    /// The instants at which it begins and ends.
    pub(super) fn ends(&self) -> (SimTime, SimTime) {
        let span = |seconds: f64| Span::from_nanos_f64(seconds.abs() * 1e9);
        let before = span(self.from).min(self.origin.since(SimTime::START));
        (self.origin.before(before), self.origin + span(self.to))
    }

    /// Seconds since its origin.
    pub(super) fn time(&self, at: SimTime) -> f64 {
        match at >= self.origin {
            true => at.since(self.origin).as_secs_f64(),
            false => -self.origin.since(at).as_secs_f64(),
        }
    }

    /// Whether an instant is in it.
    pub(super) fn has(&self, at: SimTime) -> bool {
        (self.from..=self.to).contains(&self.time(at))
    }

    /// Whether a loss is seen in it: of its shard, or of a migration, both sides of which are seen.
    pub(super) fn shows(&self, plan: &Plan, mark: &LossMark) -> bool {
        (mark.shard == self.shard || plan.migration.is_some()) && self.has(mark.at)
    }

    fn around(outage: &OutageView) -> Self {
        let long = outage.to.since(outage.from).as_secs_f64().max(1.0);
        let (shard, origin) = (outage.shard, outage.from);
        Window { shard, origin, from: -0.15 * long, to: 1.5 * long, of: Of::Outage }
    }

    fn around_loss(mark: &LossMark) -> Self {
        let (shard, origin) = (mark.shard, mark.at);
        Window { shard, origin, from: -AROUND_LOSS, to: AROUND_LOSS, of: Of::Loss }
    }

    /// Which of the trial's outages it shows, and how long they are together, as the metric has it
    /// by which trials are ranked.
    pub(super) fn place(&self, plan: &Plan, scene: &Scene, outcome: &Outcome) -> String {
        let outages = counting(plan, scene);
        let total = Span::from_nanos_f64(outcome.get(Metric::WriteOutage, plan) * 1e9);
        let (whose, weighed) = match plan.shards.len() {
            1 => ("", ""),
            _ if plan.migration.is_some() => (" of shards", " by the share of the clients"),
            _ => (" of shards", " by the share of the slots"),
        };
        let total = format!("{total} in all{weighed}");
        let all = |n: usize| format!("{} outages{whose}, {total}", count(n as u128));
        let only = |outage: &OutageView| counted(plan, outage);
        let is_it = |outage: &&OutageView| {
            self.of == Of::Outage && (outage.shard, outage.from) == (self.shard, self.origin)
        };
        let longest = longest(plan, &outages);
        match (outages.iter().position(is_it), outages.len()) {
            (Some(place), 1) => format!("its only outage, {}", only(outages[place])),
            (Some(_), n) if longest.as_ref().is_some_and(is_it) => {
                format!("the longest of {}", all(n))
            }
            (Some(place), n) => {
                let (place, n) = (count(place as u128 + 1), count(n as u128));
                format!("outage {place} of {n}{whose}, {total}")
            }
            (None, 0) => "without an outage".to_owned(),
            (None, 1) => format!("outside of its only outage, {}", only(outages[0])),
            (None, n) => format!("outside of its {}", all(n)),
        }
    }
}

/// How much of an outage counts: nothing does before the end of the warm-up.
pub(super) fn counted(plan: &Plan, outage: &OutageView) -> Span {
    let (from, to) = (outage.from.max(plan.warm_up), outage.to.min(plan.horizon));
    if from < to { to.since(from) } else { Span::ZERO }
}

/// The outages of which some counts, in order.
fn counting<'s>(plan: &Plan, scene: &'s Scene) -> Vec<&'s OutageView> {
    scene.outages.iter().filter(|outage| counted(plan, outage) > Span::ZERO).collect()
}

/// The first of the longest.
fn longest<'s>(plan: &Plan, outages: &[&'s OutageView]) -> Option<&'s OutageView> {
    outages.iter().copied().min_by_key(|outage| Reverse(counted(plan, outage)))
}

/// What is worth drawing of a scene with these losses; `None` if there is neither an outage nor a
/// loss.
pub(super) fn window(
    (plan, scene): (&Plan, &Scene),
    losses: &[(LossMark, Loss)],
    which: Notable,
) -> Option<Window> {
    let outages = counting(plan, scene);
    match which {
        Notable::WorstOutage | Notable::MildestOutage | Notable::Median => {
            let longest = longest(plan, &outages).map(Window::around);
            longest.or_else(|| most_lost(&outages, losses))
        }
        Notable::WorstLoss => most_lost(&outages, losses),
    }
}

/// Around the outage in which most is lost, or around what is lost at once without one.
fn most_lost(outages: &[&OutageView], losses: &[(LossMark, Loss)]) -> Option<Window> {
    let mut places: Vec<(Option<&OutageView>, &LossMark, Loss)> = Vec::new();
    for (mark, loss) in losses {
        let is_in = |outage: &&OutageView| {
            outage.shard == mark.shard && outage.from <= mark.at && mark.at <= outage.to
        };
        let outage = outages.iter().copied().find(is_in);
        match places.iter_mut().find(|place| outage.is_some() && place.0 == outage) {
            Some(place) => place.2.add(*loss),
            None => places.push((outage, mark, *loss)),
        }
    }
    let (outage, mark, _) = places.into_iter().min_by_key(|place| Reverse(place.2.rank()))?;
    Some(outage.map_or_else(|| Window::around_loss(mark), Window::around))
}
