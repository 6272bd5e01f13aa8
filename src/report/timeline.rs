//! One trial as a story: episodes, each with a chart of its nodes and a line per fact.
//!
//! An episode lasts from the first fault until every shard is whole again. Its moments are
//! numbered; the chart has one column group per moment, not to scale, and the lines below name the
//! moment they belong to.

mod chart;
mod migration;
mod teller;

use std::fmt::Write as _;

use crate::engine::time::{SimTime, Span};
use crate::model::api::Call;
use crate::model::fact::{BackupFact, Fact, MigrationFact, OperationFact, Status};
use crate::model::persistence::BackupKind;
use crate::model::plan::Plan;
use crate::observe::metrics::{Mechanism, Metric, Outcome};
use crate::report::numbers::{bytes, count, writes};
use crate::report::remarks::{self, UNCONFIRMED, how_lost};
use crate::report::words::Words;

pub(in crate::report) use teller::{Saying, Teller};

/// The timeline of a trial: all episodes and what it came to.
pub fn render(plan: &Plan, facts: &[(SimTime, Fact)], outcome: &Outcome) -> String {
    let mut text = String::new();
    let episodes = episodes(plan, facts);
    let mut teller = Teller::new(plan);
    if !episodes.is_empty() {
        text.push_str(&chart::legend(plan, facts, &episodes));
    }
    let mut rest = episodes.as_slice();
    while let Some((episode, others)) = rest.split_first() {
        text.push('\n');
        let kind = episode.quiet_backup();
        let is_alike = |other: &&Episode<'_>| kind.is_some() && other.quiet_backup() == kind;
        let n_backups = rest.iter().take_while(is_alike).count();
        if let Some(kind) = kind.filter(|_| n_backups > 1) {
            fold_backups(&rest[..n_backups], kind, &mut text);
            rest = &rest[n_backups..];
            continue;
        }
        chart::render(plan, episode, teller.status(), &mut text);
        tell_episode(episode, &mut teller, &mut text);
        rest = others;
    }
    if episodes.is_empty() {
        text.push_str("nothing happens\n");
    }
    text.push('\n');
    render_outcome(plan, outcome, &mut text);
    render_migration(plan, (facts, outcome), &mut text);
    render_hazard(plan, facts, &mut text);
    for shard in plan.shard_ids().filter(|shard| !teller.status().is_writing(*shard)) {
        let _ = writeln!(
            text,
            "still open            {} accepts no writes yet: what that costs is not known",
            Words::new(plan).shard(shard)
        );
    }
    text
}

/// All facts of one instant.
struct Moment<'a> {
    at: SimTime,
    facts: &'a [(SimTime, Fact)],
}

/// The moments from the first fault until everything is whole again.
struct Episode<'a> {
    moments: Vec<Moment<'a>>,
}

impl Episode<'_> {
    /// The kind of the backup, if it is nothing but one that nobody disturbed.
    fn quiet_backup(&self) -> Option<BackupKind> {
        let facts = || self.moments.iter().flat_map(|moment| moment.facts);
        let completed = facts().find_map(|(_, fact)| match fact {
            Fact::Backup(BackupFact::Completed { kind, .. }) => Some(*kind),
            _ => None,
        })?;
        let is_quiet = |(_, fact): &(SimTime, Fact)| match fact {
            Fact::Backup(BackupFact::Began { kind, .. } | BackupFact::Completed { kind, .. }) => {
                *kind == completed
            }
            Fact::Operation(OperationFact::Accepted { call: Call::CreateSnapshot, .. }) => {
                completed == BackupKind::Manual
            }
            Fact::Backup(BackupFact::Copies { .. })
            | Fact::Operation(OperationFact::GroupChanged { .. }) => true,
            _ => false,
        };
        facts().all(is_quiet).then_some(completed)
    }

    /// When it begins, and how long it takes.
    fn extent(&self) -> (SimTime, Span) {
        let at = |moment: Option<&Moment<'_>>| moment.expect("an episode has a moment").at;
        let first = at(self.moments.first());
        (first, at(self.moments.last()).since(first))
    }
}

fn is_completed((_, fact): &(SimTime, Fact)) -> bool {
    matches!(fact, Fact::Backup(BackupFact::Completed { .. }))
}

/// Backups of one kind one after the other, in a line.
fn fold_backups(episodes: &[Episode<'_>], kind: BackupKind, text: &mut String) {
    let extents = || episodes.iter().map(Episode::extent);
    let begun = |(at, _): (SimTime, Span)| at;
    let (first, last) = (extents().map(begun).min(), extents().map(begun).max());
    let lengths = || extents().map(|(_, length)| length);
    let (Some(first), Some(last)) = (first, last) else { return };
    let (Some(shortest), Some(longest)) = (lengths().min(), lengths().max()) else { return };
    let facts = episodes.iter().flat_map(|episode| &episode.moments).flat_map(|it| it.facts);
    let n = facts.filter(|fact| is_completed(fact)).count();
    let took = match shortest == longest {
        true => format!("after {longest}"),
        false => format!("after {shortest} to {longest}"),
    };
    let what = match kind {
        BackupKind::Automatic => "daily backups",
        BackupKind::Manual => "manual backups",
    };
    let _ = writeln!(text, "{n} {what} from {first} to {last}, each complete {took}");
}

fn episodes<'a>(plan: &Plan, facts: &'a [(SimTime, Fact)]) -> Vec<Episode<'a>> {
    let mut episodes: Vec<Episode<'a>> = Vec::new();
    let mut health = Health::new(plan);
    let mut open = false;
    for facts in facts.chunk_by(|a, b| a.0 == b.0) {
        if !open {
            episodes.push(Episode { moments: Vec::new() });
        }
        let episode = episodes.last_mut().expect("an episode was just opened");
        episode.moments.push(Moment { at: facts[0].0, facts });
        facts.iter().for_each(|(_, fact)| health.take_in(plan, fact));
        open = !health.whole();
    }
    episodes
}

/// Whether every shard is whole and every AZ up.
pub(in crate::report) struct Health {
    configured: Vec<u8>,
    complete: Vec<u8>,
    writing: Vec<bool>,
    /// By group: whether the control plane works on it as a whole.
    busy: Vec<bool>,
    /// By group: whether a test failover was called and its recovery is not over.
    testing: Vec<bool>,
    azs_down: usize,
}

impl Health {
    /// At the start of a trial.
    pub(in crate::report) fn new(plan: &Plan) -> Self {
        let configured: Vec<u8> =
            plan.shard_ids().map(|shard| plan.n_members(shard) as u8).collect();
        Health {
            complete: configured.clone(),
            writing: vec![true; configured.len()],
            configured,
            busy: vec![false; plan.groups.len()],
            testing: vec![false; plan.groups.len()],
            azs_down: 0,
        }
    }

    /// Takes in the next fact.
    pub(in crate::report) fn take_in(&mut self, plan: &Plan, fact: &Fact) {
        match *fact {
            Fact::Copies { shard, complete, configured, .. } => {
                self.complete[shard.idx()] = complete;
                self.configured[shard.idx()] = configured;
            }
            Fact::Operation(OperationFact::GroupChanged { group, status, .. }) => {
                self.busy[group.idx()] = status != Status::Available;
            }
            Fact::Operation(OperationFact::UpdateBegan { group, .. }) => {
                self.busy[group.idx()] = true;
            }
            Fact::Operation(OperationFact::UpdateEnded { group }) => {
                self.busy[group.idx()] = false;
            }
            Fact::Operation(OperationFact::TestFailoverCalled { shard }) => {
                self.testing[plan.shards[shard.idx()].group.idx()] = true;
            }
            Fact::Recovered { node } => {
                let shard = plan.nodes[node.idx()].shard;
                self.testing[plan.shards[shard.idx()].group.idx()] = false;
            }
            Fact::WritesStopped { shard, .. } => self.writing[shard.idx()] = false,
            Fact::WritesResumed { shard, .. } => self.writing[shard.idx()] = true,
            Fact::AzDown { .. } => self.azs_down += 1,
            Fact::AzUp { .. } => self.azs_down -= 1,
            _ => {}
        }
    }

    /// Whether it is so.
    pub(in crate::report) fn whole(&self) -> bool {
        let none = |flags: &[bool]| flags.iter().all(|flag| !flag);
        self.azs_down == 0
            && self.complete == self.configured
            && self.writing.iter().all(|w| *w)
            && none(&self.busy)
            && none(&self.testing)
    }
}

/// The lines of an episode: one per fact that deserves it, and the entries of the event log.
fn tell_episode(episode: &Episode<'_>, teller: &mut Teller<'_>, text: &mut String) {
    let mut before: Option<SimTime> = None;
    for (n, moment) in episode.moments.iter().enumerate() {
        let mut stamp = moment_stamp(n, moment.at, before);
        before = Some(moment.at);
        let mut push = |kind: &str, line: &str| {
            let _ = writeln!(text, "{stamp:<25} {kind:<9} {line}");
            stamp.clear();
        };
        for saying in moment.facts.iter().flat_map(|(at, fact)| teller.tell(*at, fact)) {
            match saying {
                Saying::Line(line) => push(line.kind, &line.text),
                Saying::Event(event) => {
                    push("event", &format!("{}  \"{}\"", event.source, event.message));
                }
            }
        }
    }
}

/// Number, clock and distance from the moment before.
fn moment_stamp(n: usize, at: SimTime, before: Option<SimTime>) -> String {
    let since = match before {
        Some(before) => format!("+{}", at.since(before)),
        None => String::new(),
    };
    format!("{:>2} {at} {since:>9}", n + 1)
}

/// So many of something: "1 shard", "36 moments".
fn so_many(n: usize, of: &str) -> String {
    format!("{} {of}{}", count(n as u128), if n == 1 { "" } else { "s" })
}

/// A group whose external replica can hinder failovers (MZ-65), and how often it did.
fn render_hazard(plan: &Plan, facts: &[(SimTime, Fact)], text: &mut String) {
    let Some(hazard) = remarks::hazard(plan) else { return };
    let is_hindered = |(_, fact): &&(SimTime, Fact)| {
        matches!(fact, Fact::Operation(OperationFact::FailoverHindered { .. }))
    };
    let told = match facts.iter().filter(is_hindered).count() {
        0 => "it did not".to_owned(),
        1 => "it did once".to_owned(),
        n => format!("it did {n} times"),
    };
    let _ = writeln!(text, "{:<21} {hazard}; {told}", "external replica");
}

/// Lost writes, and how they were lost: "743 by lag", or the sum and its parts.
fn lost_by(outcome: &Outcome) -> String {
    let told = |mechanism: Mechanism| {
        let amount = outcome.lost_by_mechanism[mechanism as usize];
        (amount > 0).then(|| format!("{} {}", writes(amount), how_lost(mechanism)))
    };
    let parts: Vec<String> = Mechanism::ALL.into_iter().filter_map(told).collect();
    match parts.as_slice() {
        [part] => part.clone(),
        parts => format!("{} ({})", writes(outcome.raw(Metric::LostWrites)), parts.join(", ")),
    }
}

/// Whether what outlives memory has all of each dataset that no node had any more.
fn is_nothing_lost_with_it(outcome: &Outcome) -> bool {
    outcome.raw(Metric::DatasetLostBytes) == 0 && outcome.raw(Metric::DatasetLostWrites) == 0
}

/// What the trial came to, in a few lines.
fn render_outcome(plan: &Plan, outcome: &Outcome, text: &mut String) {
    let span = |metric: Metric| Span::from_nanos_f64(outcome.get(metric, plan) * 1e9).to_string();
    let mut line = |label: &str, value: String| {
        let _ = writeln!(text, "{label:<21} {value}");
    };
    let outages = outcome.raw(Metric::WriteOutages);
    let of_slots = match plan.shards.len() {
        _ if plan.migration.is_some() => ", by the share of the clients that it concerns,",
        1 => "",
        _ => ", each shard by its share of the slots,",
    };
    line(
        "write outage",
        format!(
            "{}{of_slots} in {outages} outage{}, the longest {}",
            span(Metric::WriteOutage),
            if outages == 1 { "" } else { "s" },
            span(Metric::LongestWriteOutage)
        ),
    );
    line(
        "rejected writes",
        format!("{} (the clients know)", writes(outcome.raw(Metric::RejectedWrites))),
    );
    if outcome.raw(Metric::UnconfirmedWrites) > 0 {
        let unconfirmed = writes(outcome.raw(Metric::UnconfirmedWrites));
        let text = "of them: WAIT failed them, or they went before it was answered";
        line(UNCONFIRMED, format!("{unconfirmed} {text}"));
    }
    line(
        "lost writes",
        match outcome.raw(Metric::LostWrites) {
            0 => "0".to_owned(),
            _ => format!(
                "{}: acknowledged, then gone; the oldest was {} old",
                lost_by(outcome),
                span(Metric::LossWindow)
            ),
        },
    );
    line(
        "dataset losses",
        match outcome.raw(Metric::DatasetLosses) {
            0 => "0".to_owned(),
            losses if is_nothing_lost_with_it(outcome) => {
                format!("{losses}: no node had a copy any more; nothing else was lost with it")
            }
            losses => {
                let size = outcome.raw(Metric::DatasetLostBytes);
                let size = bytes(u64::try_from(size).unwrap_or(u64::MAX));
                let data = match outcome.raw(Metric::DatasetLostBytes) {
                    0 => String::new(),
                    _ => format!("{size} of data; "),
                };
                // The other side of a migration may have some of them.
                let place = match plan.migration {
                    Some(_) => " there",
                    None => "",
                };
                format!(
                    "{losses}: {data}no copy is left{place} of {} acknowledged writes, overwritten \
                     or not",
                    writes(outcome.raw(Metric::DatasetLostWrites))
                )
            }
        },
    );
    line("reduced redundancy", span(Metric::ReducedRedundancy));
    line("failovers", count(outcome.raw(Metric::Failovers)));
}

/// What a migration came to, and what a way back costs if the target is, or was, the application's
/// database.
fn render_migration(
    plan: &Plan,
    (facts, outcome): (&[(SimTime, Fact)], &Outcome),
    text: &mut String,
) {
    if plan.migration.is_none() {
        return;
    }
    let so_many_of = |metric, of| so_many(outcome.raw(metric) as usize, of);
    let span = |metric| Span::from_nanos_f64(outcome.get(metric, plan) * 1e9);
    let waited = span(Metric::MigrationSync);
    let safe = match outcome.raw(Metric::MigrationsSafe) {
        0 => format!("{} in vain", span(Metric::MigrationSafe)),
        _ => span(Metric::MigrationSafe).to_string(),
    };
    let how = match outcome.raw(Metric::MigrationsInSyncStopped) {
        0 => "",
        _ => ", only after the clients were stopped",
    };
    let _ = writeln!(
        text,
        "{:<21} in sync {}{how}; waiting for it {waited}, until the replicas were, too, \
         {safe}; completed {}; {}",
        "migration",
        so_many_of(Metric::MigrationsInSync, "time"),
        so_many_of(Metric::MigrationsCompleted, "time"),
        so_many_of(Metric::MigrationFullSyncs, "full sync")
    );
    let decides = |(_, fact): &(SimTime, Fact)| {
        matches!(
            fact,
            Fact::Migration(MigrationFact::Completed { .. } | MigrationFact::RolledBack { .. })
        )
    };
    if facts.iter().any(decides) {
        let amount = |metric| writes(outcome.raw(metric));
        let _ = writeln!(
            text,
            "{:<21} brought back {} lost writes; at the end it would lose {}",
            "rolling back",
            amount(Metric::RegainedWrites),
            amount(Metric::RollBackPrice)
        );
    }
}
