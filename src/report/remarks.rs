//! Lines under the tables of results: what a reader of the numbers has to know beside them. A table
//! has only those that say something.

mod migration;

use std::cmp::Reverse;

use crate::engine::law::Law;
use crate::model::api::{Call, Refusal};
use crate::model::persistence::Durability;
use crate::model::plan::{Action, ExternalReplicas, Group, GroupId, Operation, Plan, Switch};
use crate::montecarlo::noted::Noted;
use crate::montecarlo::quantity::Probability;
use crate::montecarlo::tally::Tally;
use crate::observe::metrics::Mechanism;
use crate::report::numbers::count;
use crate::report::table::{shares, trials};

pub use migration::{length_of_migration, of_migration, outcome_of_migration, share};

/// How acknowledged writes came to be lost, in words that follow "lost".
pub fn how_lost(mechanism: Mechanism) -> &'static str {
    match mechanism {
        Mechanism::Lag => "by lag",
        Mechanism::RefillLag => "by lag of a refill",
        Mechanism::Restore => "by a restore",
        Mechanism::AofTail => "from the end of a log file",
        Mechanism::SplitBrain => "in a split brain",
        Mechanism::Log => "by lag of the durable log",
        Mechanism::Region => "by lag of the second region",
        Mechanism::Migration => "in the completion of a migration",
        Mechanism::Diverged => "in the source after a migration",
        Mechanism::Wiped => "in a target that was wiped",
        Mechanism::RollBack => "by rolling back a migration",
    }
}

/// A line: what it is about, and what is to be said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Remark {
    /// What it is about.
    pub label: &'static str,
    /// What is to be said.
    pub text: String,
}

/// How writes were lost, the most frequent way first; `None` where none was.
pub fn lost_by(tally: &Tally) -> Option<Remark> {
    let text = shares(&Mechanism::ALL.map(how_lost), &tally.parts.lost_by_mechanism)?;
    Some(Remark { label: HOW_LOST, text })
}

/// The label of ways in which writes are lost.
pub const HOW_LOST: &str = "how writes were lost";

/// The heading of writes that nobody acknowledged.
pub const REJECTED: &str = "writes rejected";

/// The heading of writes that the source of a migration took after the completion.
pub const DIVERGED: &str = "writes diverged";

/// The heading of writes that WAIT did not confirm.
pub const UNCONFIRMED: &str = "writes unconfirmed";

/// What becomes of them, in words that follow their number.
pub const NO_OUTAGE: &str = "WAIT failed them, or they went before it was answered; they are \
                             rejected, in no outage and no loss";

/// That what a write waits for is in no figure; `None` where none waits for more than its primary.
pub fn latency(plan: &Plan) -> Option<&'static str> {
    let waits_for_log = |group: &Group| match group.durability {
        Durability::Disabled | Durability::Async => false,
        Durability::Sync => true,
    };
    match (plan.workload.wait.is_some(), plan.groups.iter().any(waits_for_log)) {
        (false, false) => None,
        (true, false) => {
            Some("how long each write waits for its replicas is in none of the figures")
        }
        (false, true) => Some("how long each write waits for the log is in none of the figures"),
        (true, true) => {
            Some("how long each write waits for replicas and the log is in none of the figures")
        }
    }
}

/// What a single outage is in a migration.
pub const SINGLE_OUTAGES: &str = "those of source and target count apart, a client that moves may \
                                  have a part in both";

/// What counts as a lost dataset beside what the heading says, where a migration may have had that;
/// `None` where no dataset was lost.
pub fn lost_for_application(plan: &Plan, tally: &Tally) -> Option<&'static str> {
    let is_lost = tally.hits(Probability::DatasetLoss) > 0;
    (plan.migration.is_some() && is_lost).then_some(
        "dataset lost: also where a migration was completed by force before its target had a copy: \
         lost for the application, the source still has the data",
    )
}

/// How outages of several shards, or of some clients, add up; `None` where there is one shard.
pub fn weights(plan: &Plan) -> Option<&'static str> {
    if plan.migration.is_some() {
        return Some(
            "an outage of some clients, or of one shard, counts by their share, here and in each \
             trial",
        );
    }
    (plan.shards.len() > 1).then_some(
        "an outage of one shard counts by its share of the slots, here and in each trial",
    )
}

/// What happened to calls, and to failovers beside an external replica.
pub fn of_operations(plan: &Plan, tally: &Tally) -> Vec<Remark> {
    let refused = refused(tally).into_iter().map(|text| Remark { label: "refused", text });
    refused.chain(hindered(plan, tally)).collect()
}

/// Which calls were refused, and with which errors, the most frequent first.
fn refused(tally: &Tally) -> Vec<String> {
    const MOST: usize = 5;
    let mut refused: Vec<(Call, Refusal, Noted)> = tally.noted.refusals().collect();
    refused.sort_by_key(|(.., noted)| Reverse(noted.times));
    let shown = if refused.len() == MOST + 1 { MOST + 1 } else { MOST };
    let line = |(call, refusal, noted): &(Call, Refusal, Noted)| {
        let error = refusal.error().code();
        let often = how_often(*noted, tally.trials);
        format!("{} {often}: {error}: {}", call.name(), refusal.says())
    };
    let mut lines: Vec<String> = refused.iter().take(shown).map(line).collect();
    let rest: u64 = refused.iter().skip(shown).map(|(.., noted)| noted.times).sum();
    if rest > 0 {
        lines.push(format!("{} more calls in other ways", count(u128::from(rest))));
    }
    lines
}

fn how_often(noted: Noted, n: u64) -> String {
    let times = match noted.times {
        1 => "1 time".to_owned(),
        times => format!("{} times", count(u128::from(times))),
    };
    format!("{times}, in {} of {}", count(u128::from(noted.trials)), trials(n))
}

/// Groups whose external replica can hinder failovers (MZ-65), and how often that happened.
fn hindered(plan: &Plan, tally: &Tally) -> Option<Remark> {
    let hazard = hazard(plan)?;
    let noted = tally.noted.hindered;
    let text = match noted.times {
        0 => format!("{hazard}; it did not"),
        _ => format!("{hazard}; it did {}", how_often(noted, tally.trials)),
    };
    Some(Remark { label: "external replica", text })
}

/// The warning that an external replica can hinder failovers; `None` where none is attached to a
/// group while it has Multi-AZ.
pub fn hazard(plan: &Plan) -> Option<String> {
    let has_hazard = |group: &GroupId| {
        let its = &plan.groups[group.idx()];
        let is_attached = |operation: &Operation| match operation {
            Operation::AttachExternalReplica { group: to, .. } => to == group,
            _ => false,
        };
        let switches_on = |operation: &Operation| match operation {
            Operation::Modify { group: of, changes, .. } => {
                of == group && changes.multi_az == Some(Switch::On)
            }
            _ => false,
        };
        its.external_replicas == ExternalReplicas::Hazard
            && operations(plan).any(is_attached)
            && (its.multi_az == Switch::On || operations(plan).any(switches_on))
    };
    let groups = plan.group_ids().filter(has_hazard);
    let names: Vec<&str> = groups.map(|group| plan.groups[group.idx()].id.as_str()).collect();
    (!names.is_empty()).then(|| {
        let names = names.join(", ");
        format!("{names}: while Multi-AZ is on, the external replica can hinder failovers (MZ-65)")
    })
}

/// The operations of a scenario.
pub fn operations(plan: &Plan) -> impl Iterator<Item = &Operation> {
    scripted(plan).map(|(_, operation)| operation)
}

/// The same, and when they come.
fn scripted(plan: &Plan) -> impl Iterator<Item = (&Law, &Operation)> {
    plan.script.iter().filter_map(|scripted| match &scripted.action {
        Action::Operation(operation) => Some((&scripted.at, operation)),
        Action::Fault(_) => None,
    })
}
