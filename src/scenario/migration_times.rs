//! What the moments of a migration's operations alone tell: that nothing starts it, that it is to
//! be completed before it is started, or that the cut-over begins before the data can be there.

use super::codes::Code;
use super::diagnostics::{Covers, Place};
use super::migration_sums;
use super::reader::Context;
use super::topology::Topology;
use crate::engine::law::Law;
use crate::engine::time::{NANOS_PER_SEC, SimTime, Span};
use crate::model::plan::{
    Action, CutOverBegins, Layout, MigrationCall, MigrationPlan, Operation, Scripted, Workload,
};

/// Warns of a migration whose operations, each with its place, come too early or not at all.
pub(super) fn check(
    plan: &MigrationPlan,
    operations: &[(Scripted, Place)],
    (topology, workload): (&Topology, Workload),
    place: &Place,
    cx: &mut Context<'_>,
) {
    // An operation that could not be read may be the one that is missing.
    if cx.errors.has_errors() {
        return;
    }
    let place = &Place { covers: Covers::Key, ..place.clone() };
    let calls = || operations.iter().filter_map(|(scripted, place)| Call::of(scripted, place));
    let is_start = |call: &Call<'_>| matches!(call.call, MigrationCall::Start(_));
    if !calls().any(|call| is_start(&call)) {
        let message = "no operation starts it: nothing is migrated";
        let id = &topology.groups[plan.target.idx()].id;
        let hint = format!("add [[operation]] with at = \"10m\" and start-migration = \"{id}\"");
        cx.errors.report(Code::NeverStarted, place, message).hint(hint);
        return;
    }
    let starts = calls().filter(is_start);
    let Some(start) = starts.map(|call| call.earliest).min() else {
        return;
    };
    let there = Arrival::of(plan, start, (topology, workload));
    for call in calls() {
        call.check(&there, cx);
    }
    if let Some(CutOverBegins::AfterStart(law)) = &plan.cut_over_begins
        && let Some(after) = fixed(law).filter(|after| start + *after < there.at)
    {
        there.warn(start + after, place, cx);
    }
}

/// A call of the migration, and when it comes.
struct Call<'a> {
    call: MigrationCall,
    earliest: SimTime,
    latest: SimTime,
    place: &'a Place,
}

impl<'a> Call<'a> {
    fn of(scripted: &Scripted, place: &'a Place) -> Option<Self> {
        let Action::Operation(Operation::Migration { call, .. }) = scripted.action else {
            return None;
        };
        let (earliest, latest) = scripted.at.range()?;
        let [earliest, latest] = [earliest, latest].map(|at| SimTime::START + at);
        Some(Call { call, earliest, latest, place })
    }

    fn check(&self, there: &Arrival, cx: &mut Context<'_>) {
        let place = Place { covers: Covers::Key, ..self.place.clone() };
        let is_cut_over = match self.call {
            MigrationCall::CutOver => true,
            MigrationCall::Complete(_) => false,
            MigrationCall::Test(_)
            | MigrationCall::Start(_)
            | MigrationCall::Stop
            | MigrationCall::RollBack => return,
        };
        if self.latest < there.start {
            let message = format!(
                "comes at {}, and the migration is started at {}: there is nothing to complete",
                shown(self.latest),
                shown(there.start)
            );
            let hint = "let it come after start-migration";
            cx.errors.report(Code::CompletedBeforeStart, &place, message).hint(hint);
        } else if is_cut_over && self.earliest == self.latest && self.latest < there.at {
            there.warn(self.latest, &place, cx);
        }
    }
}

/// From when on the target can have the data.
struct Arrival {
    /// The first start.
    start: SimTime,
    /// From the start until it connects, with the resharding before.
    prepared: Span,
    /// The full sync of the largest shard.
    copied: Span,
    /// When all of that is over.
    at: SimTime,
}

impl Arrival {
    fn of(
        plan: &MigrationPlan,
        start: SimTime,
        (topology, workload): (&Topology, Workload),
    ) -> Arrival {
        let resharded = match plan.layout {
            Layout::Same => Span::ZERO,
            Layout::Resharded { slots } => plan.timing.reshard_slot.times(u64::from(slots)),
        };
        let connecting = Span::from_nanos_f64(plan.timing.start.mean());
        let prepared = (SimTime::START + connecting + resharded).since(SimTime::START);
        let copied = migration_sums::full_sync(plan, topology, workload);
        Arrival { start, prepared, copied, at: start + prepared + copied }
    }

    fn warn(&self, at: SimTime, place: &Place, cx: &mut Context<'_>) {
        let message = format!(
            "the cut-over begins at {}, and the data cannot be there before {}: the migration is \
             started at {}, connects {} later, and copies for {}",
            shown(at),
            seconds(self.at.since(SimTime::START)),
            shown(self.start),
            seconds(self.prepared),
            seconds(self.copied),
        );
        let hint = "let it begin later, or write cut-over-after-sync = \"10m\" below [migration], \
                    which waits for the data";
        cx.errors.report(Code::CutOverTooEarly, place, message).hint(hint);
    }
}

/// The length of a law that has only one.
fn fixed(law: &Law) -> Option<Span> {
    law.range().filter(|(shortest, longest)| shortest == longest).map(|(only, _)| only)
}

/// A moment as the scenario writes it.
fn shown(at: SimTime) -> Span {
    at.since(SimTime::START)
}

/// A length in whole seconds, which is as exact as a mean has to be told.
fn seconds(span: Span) -> Span {
    Span::from_secs((span.as_nanos() + NANOS_PER_SEC / 2) / NANOS_PER_SEC)
}
