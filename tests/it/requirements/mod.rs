//! The requirements: what ElastiCache's documents and our decisions ask of the model, row by row.
//!
//! `table` lists the rows, `document` writes docs/requirements.md from them and holds both against
//! the sources. A test of a row begins with the row's id; whoever adds a row adds its line to the
//! table, cites its id where src implements it, and writes its tests into the file of its subject.

mod backups;
mod document;
mod endpoints;
mod events;
mod failures;
mod isolation;
mod limits;
mod migration;
mod operations;
mod planned;
mod replacement;
mod responses;
mod story;
mod switches;
pub mod table;
mod texts;

use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::engine::time::{SimTime, Span};
use elasticache_sim::model::fact::Fact;
use elasticache_sim::model::plan::{NodeId, Plan};
use elasticache_sim::model::state::{NanoWrites, State};
use elasticache_sim::montecarlo::trial::Trial;

/// A step of a story: what it is called, and the fact that it is.
type Milestone<'a> = (&'a str, fn(&Fact) -> bool);

/// When the facts that match became true.
fn times(facts: &[(SimTime, Fact)], matches: impl Fn(&Fact) -> bool) -> Vec<SimTime> {
    facts.iter().filter(|(_, fact)| matches(fact)).map(|(at, _)| *at).collect()
}

/// How many facts match.
fn count(facts: &[(SimTime, Fact)], matches: impl Fn(&Fact) -> bool) -> usize {
    times(facts, matches).len()
}

/// When the only fact that matches became true.
#[track_caller]
fn once(facts: &[(SimTime, Fact)], matches: impl Fn(&Fact) -> bool) -> SimTime {
    let times = times(facts, matches);
    assert_eq!(times.len(), 1, "exactly one fact of the kind");
    times[0]
}

/// Checks that each of the steps became true, none of them for the first time before the one above.
#[track_caller]
fn in_order(facts: &[(SimTime, Fact)], steps: &[Milestone<'_>]) {
    let mut earliest = 0;
    for (name, step) in steps {
        let first = facts.iter().position(|(_, fact)| step(fact));
        let first = first.unwrap_or_else(|| panic!("{name} never happened"));
        assert!(first >= earliest, "{name} came before the step that it follows");
        earliest = first;
    }
}

/// What each replica lacked when its primary was lost for the first time, in node order.
fn lags(facts: &[(SimTime, Fact)]) -> Vec<(NodeId, Span, NanoWrites)> {
    let loss = facts.iter().find(|(_, fact)| matches!(fact, Fact::LagFrozen { .. }));
    let at = loss.expect("a primary was lost").0;
    let of_loss = facts.iter().filter(|(when, _)| *when == at);
    of_loss
        .filter_map(|(_, fact)| match *fact {
            Fact::LagFrozen { node, lag, behind } => Some((node, lag, behind)),
            _ => None,
        })
        .collect()
}

/// The one promotion of a trial: the promoted node, and the writes lost.
#[track_caller]
fn promotion(facts: &[(SimTime, Fact)]) -> (NodeId, NanoWrites) {
    let promotions: Vec<_> = facts
        .iter()
        .filter_map(|(_, fact)| match *fact {
            Fact::Promoted { to, loss, .. } => Some((to, loss.writes)),
            _ => None,
        })
        .collect();
    assert_eq!(promotions.len(), 1, "one promotion");
    promotions[0]
}

/// When the number of nodes that serve reads changed, in seconds after the first fault, and to
/// what.
fn readers(facts: &[(SimTime, Fact)]) -> Vec<(u64, u8)> {
    let mut changes: Vec<(u64, u8)> = Vec::new();
    for (at, fact) in facts {
        if let Fact::Copies { readers, .. } = *fact
            && changes.last().is_none_or(|(_, before)| *before != readers)
        {
            changes.push((at.as_nanos() / 1_000_000_000 - 600, readers));
        }
    }
    changes
}

/// The state in which a trial ends.
fn last_state(plan: &Plan, seed: u64, trial: u64) -> State {
    let mut run = Trial::begin(plan, TrialKeys::new(seed).key(trial));
    run.finish(&mut ());
    run.state().clone()
}
