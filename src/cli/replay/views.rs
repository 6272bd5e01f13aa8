//! What else `ecsim replay` can show of a trial: its event log, the answers of the API, its
//! endpoints, INFO of its nodes.

use clap::{Args, ValueEnum};

use super::Format;
use crate::cli::{Failure, quoted};
use crate::engine::rng::TrialKey;
use crate::engine::time::{SimTime, Span};
use crate::model::api::ApiError;
use crate::model::fact::Fact;
use crate::model::plan::{GroupId, Keeper, MigrationCall, Operation, Plan, ShardId};
use crate::model::state::State;
use crate::report::aws_events::SourceType;
use crate::report::describe::{self, Answer};
use crate::report::endpoint_names::EndpointNames;
use crate::report::event_log::{self, KEPT_MINUTES, Page, Query, When};
use crate::report::{endpoints, info, remarks};
use crate::scenario::units;

#[derive(Args, Debug)]
pub(super) struct Views {
    /// Print ElastiCache's event log instead: the whole trial, unless the filters below say
    /// otherwise (DescribeEvents itself begins an hour ago); as JSON newest first
    #[arg(long, group = "view")]
    events: bool,
    #[command(flatten)]
    filters: Filters,
    /// Print the JSON that the API would answer at this simulated time: 90s, "1h 30m"
    #[arg(long, group = "view", value_name = "TIME", value_parser = units::parse_span)]
    #[arg(conflicts_with_all = ["until", "Filters"])]
    describe_at: Option<Span>,
    /// As the answer of which command
    #[arg(long = "as", value_enum, requires = "describe_at", value_name = "COMMAND")]
    #[arg(conflicts_with_all = ["events", "endpoints", "info_at"])]
    answer: Option<Command>,
    /// Of which group; the default is the only one. A restored one has the id of its own, too
    #[arg(long, requires = "describe_at", value_name = "ID")]
    #[arg(conflicts_with_all = ["events", "endpoints", "info_at"])]
    group: Option<String>,
    /// Print what INFO replication says on every node at this simulated time, and what the operator
    /// of a migration sees: 90s, "1h 30m"
    #[arg(long, group = "view", value_name = "TIME", value_parser = units::parse_span)]
    #[arg(conflicts_with_all = ["until", "Filters"])]
    info_at: Option<Span>,
    /// Print what the endpoints lead to at the start, and every change
    #[arg(long, group = "view", conflicts_with = "Filters")]
    endpoints: bool,
}

/// The parameters of `DescribeEvents`.
#[derive(Args, Debug)]
#[command(next_help_heading = "Filters of --events")]
struct Filters {
    /// Only events of nodes, or of groups
    #[arg(long, value_enum, requires = "events", value_name = "TYPE")]
    source_type: Option<Kind>,
    /// Only events of this node or group
    #[arg(long, requires = "events", value_name = "ID")]
    source_identifier: Option<String>,
    /// Only events from then on: 90s after the start, or 2026-01-05T00:01:30Z
    #[arg(long, requires = "events", value_name = "WHEN", value_parser = When::parse)]
    start_time: Option<When>,
    /// Only events until then
    #[arg(long, requires = "events", value_name = "WHEN", value_parser = When::parse)]
    end_time: Option<When>,
    /// Only events of so many minutes: after the start time, or before the end
    #[arg(long, requires = "events", value_name = "MINUTES")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=KEPT_MINUTES))]
    duration: Option<u64>,
    /// Only events whose message contains this; the console's "Recovery completed" finds the end
    /// of a recovery
    #[arg(long, requires = "events", value_name = "TEXT")]
    message: Option<String>,
    /// In JSON: events per page, 20 to 100
    #[arg(long, requires = "events", value_name = "N", default_value = "100")]
    #[arg(value_parser = clap::value_parser!(u64).range(20..=100))]
    max_records: u64,
    /// In JSON: the Marker that the page before ended with
    #[arg(long, requires = "events", default_value = "0")]
    marker: usize,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// Of nodes
    CacheCluster,
    /// Of groups
    ReplicationGroup,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Command {
    /// The state, with all its fields
    DescribeReplicationGroups,
    /// What a modification answers
    ModifyReplicationGroup,
    /// What a test failover answers
    TestFailover,
    /// What a test of a migration answers
    TestMigration,
    /// What the start of a migration answers
    StartMigration,
    /// What the completion of a migration answers, also when the operator's cut-over calls it
    CompleteMigration,
}

impl Command {
    /// The call's name on AWS's command line.
    fn name(self) -> &'static str {
        match self {
            Command::DescribeReplicationGroups => "describe-replication-groups",
            Command::ModifyReplicationGroup => "modify-replication-group",
            Command::TestFailover => "test-failover",
            Command::TestMigration => "test-migration",
            Command::StartMigration => "start-migration",
            Command::CompleteMigration => "complete-migration",
        }
    }

    /// The document with which it answers.
    fn answer(self) -> Answer {
        match self {
            Command::DescribeReplicationGroups => Answer::Describe,
            Command::ModifyReplicationGroup => Answer::Modify,
            Command::TestFailover => Answer::TestFailover,
            Command::TestMigration | Command::StartMigration | Command::CompleteMigration => {
                Answer::Migration
            }
        }
    }

    /// Whether the trial calls it of the group.
    fn is_called(self, plan: &Plan, group: GroupId) -> bool {
        let of_group = |shard: ShardId| plan.shards[shard.idx()].group == group;
        let migrated = |of: GroupId, call: MigrationCall| {
            let calls = match call {
                MigrationCall::Test(_) => Some(Command::TestMigration),
                MigrationCall::Start(_) => Some(Command::StartMigration),
                MigrationCall::Complete(_) | MigrationCall::Stop | MigrationCall::CutOver => {
                    Some(Command::CompleteMigration)
                }
                MigrationCall::RollBack => None,
            };
            of == group && calls == Some(self)
        };
        let is_this = |operation: &Operation| match operation {
            Operation::Migration { target, call } => migrated(*target, *call),
            Operation::Modify { group: of, .. } => {
                self == Command::ModifyReplicationGroup && *of == group
            }
            // A manual promotion is four modifications.
            Operation::PromoteReplica { node } => {
                let shard = plan.nodes[node.idx()].shard;
                self == Command::ModifyReplicationGroup && of_group(shard)
            }
            Operation::TestFailover { shard, .. } => {
                self == Command::TestFailover && of_group(*shard)
            }
            _ => false,
        };
        // The operator cuts over by himself where the scenario says when.
        let by_itself = plan.migration.as_ref().is_some_and(|migration| {
            let cuts_over = migration.target == group && migration.cut_over_begins.is_some();
            cuts_over && self == Command::CompleteMigration
        });
        self == Command::DescribeReplicationGroups
            || by_itself
            || remarks::operations(plan).any(is_this)
    }
}

/// What is to be printed.
pub(super) enum View {
    /// The story, or all facts.
    Story,
    /// The event log.
    Events(Query, Page),
    /// The answer of the API.
    Described(Chosen, Answer),
    /// The endpoints.
    Endpoints,
    /// INFO of all nodes.
    Info,
}

/// The group that is described.
#[derive(Clone, Copy)]
pub(super) struct Chosen {
    group: GroupId,
    /// Which of those that were restored in its place, from 1, if the user names one.
    number: Option<u32>,
}

/// A trial that was run.
pub(super) struct Replayed<'a> {
    pub(super) plan: &'a Plan,
    pub(super) key: TrialKey,
    pub(super) facts: &'a [(SimTime, Fact)],
    pub(super) state: &'a State,
    pub(super) until: SimTime,
}

impl Views {
    /// The instant at which the trial is to stop, if the view has one.
    pub(super) fn instant(&self) -> Option<Span> {
        self.describe_at.or(self.info_at)
    }

    /// Refuses to draw what only text and JSON can show.
    pub(super) fn refuse_beside(&self, format: Format) -> Result<(), Failure> {
        let asked = [
            (self.events, "--events"),
            (self.endpoints, "--endpoints"),
            (self.describe_at.is_some(), "--describe-at"),
            (self.info_at.is_some(), "--info-at"),
        ];
        let Some((_, option)) = asked.into_iter().find(|(is_asked, _)| *is_asked) else {
            return Ok(());
        };
        let format = format.to_possible_value().map_or_else(String::new, |it| it.get_name().into());
        Err(Failure::Usage(format!(
            "error: --format {format} draws the story of a trial, and {option} is another view\n\
             hint: leave out {option}, or print it with --format text or json\n"
        )))
    }

    /// What is to be printed of a trial of `plan`.
    pub(super) fn view(&self, plan: &Plan) -> Result<View, Failure> {
        if self.describe_at.is_some() {
            let command = self.answer.unwrap_or(Command::DescribeReplicationGroups);
            let chosen = self.choose_group(plan)?;
            answered(plan, chosen.group, command)?;
            return Ok(View::Described(chosen, command.answer()));
        }
        if self.events {
            let filters = &self.filters;
            let page = Page { marker: filters.marker, max_records: filters.max_records as usize };
            return Ok(View::Events(filters.query(plan)?, page));
        }
        Ok(match (self.endpoints, self.info_at) {
            (true, _) => View::Endpoints,
            (false, Some(_)) => View::Info,
            (false, None) => View::Story,
        })
    }

    fn choose_group(&self, plan: &Plan) -> Result<Chosen, Failure> {
        // The API knows no group that its users run.
        let is_known = |group: &GroupId| plan.groups[group.idx()].keeper == Keeper::ElastiCache;
        let known: Vec<GroupId> = plan.group_ids().filter(is_known).collect();
        let ids = known.iter().map(|group| plan.groups[group.idx()].id.as_str());
        let ids: Vec<&str> = ids.collect();
        let hint = || format!("hint: name one with --group: {}\n", ids.join(", "));
        match (&self.group, known.as_slice()) {
            (Some(id), _) => {
                let found = plan.group_ids().find_map(|group| {
                    let rest = id.strip_prefix(&plan.groups[group.idx()].id)?;
                    if rest.is_empty() {
                        return Some(Chosen { group, number: None });
                    }
                    let number = rest.strip_prefix("-restored-")?.parse().ok()?;
                    (number > 0).then_some(Chosen { group, number: Some(number) })
                });
                let id = quoted(id);
                match found {
                    Some(chosen) if is_known(&chosen.group) => Ok(chosen),
                    Some(_) => Err(Failure::Usage(format!(
                        "error: {}: {id} is self-hosted, and ElastiCache has no group of \
                         that name\n{}",
                        ApiError::ReplicationGroupNotFound.code(),
                        hint()
                    ))),
                    None => {
                        Err(Failure::Usage(format!("error: there is no group {id}\n{}", hint())))
                    }
                }
            }
            (None, [only]) => Ok(Chosen { group: *only, number: None }),
            (None, _) => Err(Failure::Usage(format!(
                "error: the scenario has several groups, and one is described at a time\n{}",
                hint()
            ))),
        }
    }
}

/// Refuses to show the answer of a call that nobody makes.
fn answered(plan: &Plan, group: GroupId, command: Command) -> Result<(), Failure> {
    if command.is_called(plan, group) {
        return Ok(());
    }
    let made: Vec<&str> = Command::value_variants()
        .iter()
        .filter(|call| **call != Command::DescribeReplicationGroups)
        .filter(|call| call.is_called(plan, group))
        .map(|call| call.name())
        .collect();
    let instead = match made.as_slice() {
        [] => "leave out --as: it is describe-replication-groups then".to_owned(),
        made => format!("the scenario has {}; or leave out --as", made.join(", ")),
    };
    let (call, group) = (command.name(), quoted(&plan.groups[group.idx()].id));
    Err(Failure::Usage(format!(
        "error: the scenario calls no {call} of {group}, so there is no answer to show\n\
         hint: {instead}\n"
    )))
}

/// Refuses to look for events of somebody whom there is not.
fn known(plan: &Plan, id: &str) -> Result<(), Failure> {
    const MOST: usize = 6;
    let groups = || plan.groups.iter().map(|group| group.id.as_str());
    let nodes = plan.nodes.iter().map(|node| node.name.as_str());
    let is_restored =
        |group: &str| id.strip_prefix(group).is_some_and(|rest| rest.starts_with("-restored-"));
    let mut all = groups().chain(nodes);
    if all.clone().any(|known| known == id) || groups().any(is_restored) {
        return Ok(());
    }
    let mut some: Vec<&str> = all.by_ref().take(MOST).collect();
    some.extend(all.next().map(|_| "…"));
    Err(Failure::Usage(format!(
        "error: there is no group and no node {}\nhint: there are {}\n",
        quoted(id),
        some.join(", ")
    )))
}

impl Filters {
    fn query(&self, plan: &Plan) -> Result<Query, Failure> {
        if self.duration.is_some() && self.start_time.is_some() && self.end_time.is_some() {
            let text = "error: --duration goes with --start-time or with --end-time, not with \
                        both\nhint: leave out one of the three\n";
            return Err(Failure::Usage(text.to_owned()));
        }
        self.source_identifier.as_ref().map_or(Ok(()), |id| known(plan, id))?;
        let source_type = self.source_type.map(|kind| match kind {
            Kind::CacheCluster => SourceType::CacheCluster,
            Kind::ReplicationGroup => SourceType::ReplicationGroup,
        });
        Ok(Query {
            source_type,
            source: self.source_identifier.clone(),
            start: self.start_time,
            end: self.end_time,
            minutes: self.duration,
            message: self.message.clone(),
        })
    }
}

impl View {
    /// Refuses to show what is not there: a restored group at a time at which it is none.
    pub(super) fn check(&self, replayed: &Replayed<'_>) -> Result<(), Failure> {
        let View::Described(Chosen { group, number: Some(number) }, _) = *self else {
            return Ok(());
        };
        let (plan, until) = (replayed.plan, replayed.until.since(SimTime::START));
        let there = describe::numbers(replayed.state, group);
        if there.contains(&number) {
            return Ok(());
        }
        let names = EndpointNames::new(plan, group);
        let there: Vec<String> = there.iter().map(|n| quoted(&names.restored(*n).id())).collect();
        Err(Failure::Usage(format!(
            "error: there is no group {} at {until}\nhint: there is {}\n",
            quoted(&names.restored(number).id()),
            there.join(", ")
        )))
    }

    /// The view as text; the story is told elsewhere.
    pub(super) fn text(&self, replayed: &Replayed<'_>, format: Format) -> Option<String> {
        let Replayed { plan, key, facts, state, until } = *replayed;
        match self {
            View::Described(chosen, answer) => {
                let of = (chosen.group, chosen.number);
                Some(describe::document_of(plan, state, of, *answer))
            }
            View::Info => Some(info::text(plan, state, until)),
            View::Story | View::Events(..) | View::Endpoints => {
                self.of_facts((plan, key), (facts, until), format)
            }
        }
    }

    /// The same of a view that needs no more than the facts.
    pub(super) fn of_facts(
        &self,
        (plan, key): (&Plan, TrialKey),
        (facts, until): (&[(SimTime, Fact)], SimTime),
        format: Format,
    ) -> Option<String> {
        match self {
            View::Story | View::Described(..) | View::Info => None,
            View::Events(query, page) => {
                let entries = query.select(plan, event_log::entries(plan, facts), until);
                Some(match format {
                    Format::Json => event_log::document(plan, &entries, *page),
                    // Pictures are refused beside a view.
                    Format::Text | Format::Mermaid | Format::Html => {
                        event_log::table(plan, &entries)
                    }
                })
            }
            View::Endpoints => {
                let endpoints = endpoints::follow(plan, key, facts);
                Some(match format {
                    Format::Json => endpoints::lines(plan, &endpoints),
                    Format::Text | Format::Mermaid | Format::Html => {
                        endpoints::table(plan, &endpoints)
                    }
                })
            }
        }
    }
}
