//! Calls of the API as AWS writes them, in place of a kind of `[[operation]]`: a command line of
//! the AWS CLI, or a request of the query API (MZ-18, MZ-20, MZ-50).
//!
//! Both come down to the name of an action and its parameters, and those to the table that the
//! operation would be in TOML. So there is one decoder, and one set of rules.

mod cli;
mod endpoints;
mod others;
mod query;

use super::codes::Code;
use super::diagnostics::{Covers, Diagnostic, Errors, Place, excerpt, hint_names, nearest};
use super::reader::Item;
use super::source::At;
use super::topology::answer;
use super::tree::{Entry, Node, Style, Tree, Value};
use crate::model::api::ApiError;

/// How a call is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// A command line.
    Cli,
    /// A URL.
    Request,
}

/// The keys of the two forms.
pub(super) const FORMS: [(&str, Form); 2] = [("cli", Form::Cli), ("request", Form::Request)];

/// A call that could be read.
pub(super) struct Call {
    /// The kind of the operation that it is.
    pub kind: &'static str,
    /// The table of that operation, whose values stand where the text has them.
    pub table: Node,
    /// The region that it is sent to, if it says so, and where.
    pub region: Option<(String, At)>,
}

/// What a text says, before anybody asks whether it makes sense.
#[derive(Default)]
struct Words {
    action: String,
    /// Names and values of parameters, in their order.
    given: Vec<(String, String)>,
    region: Option<String>,
}

/// What is wrong with a text.
struct Mistake {
    code: Code,
    message: String,
    hints: Vec<String>,
    /// The part of the text that is meant; nothing for the whole.
    part: String,
    /// Names of which one was perhaps meant.
    known: Vec<&'static str>,
    /// What the API says to it, where it comes so far.
    answer: Option<ApiError>,
}

impl Mistake {
    fn new(message: impl Into<String>, hint: &str) -> Self {
        let (message, hints) = (message.into(), vec![hint.to_owned()]);
        let (part, known) = (String::new(), Vec::new());
        Mistake { code: Code::NotACall, message, hints, part, known, answer: None }
    }

    /// A name that is none of `known`.
    fn unknown(what: &str, name: &str, known: Vec<&'static str>) -> Self {
        let message = format!("`{}` is not {what}", excerpt(name));
        let (hints, part) = (Vec::new(), name.to_owned());
        Mistake { code: Code::NotACall, message, hints, part, known, answer: None }
    }

    /// Something that AWS has and that is not modelled, and perhaps what does the same here.
    fn later(name: &str, instead: Option<&str>) -> Self {
        let message = format!("`{}` is not in this version", excerpt(name));
        let later = Mistake::new(message, "");
        let hints = instead.into_iter().map(str::to_owned).collect();
        Mistake { code: Code::NotInThisVersion, part: name.to_owned(), hints, ..later }
    }

    /// The same, with what the API says to it.
    fn answered(self, error: ApiError) -> Self {
        Mistake { answer: Some(error), ..self }
    }
}

/// An action of the API that is an operation here.
struct Action {
    /// As the query API calls it.
    name: &'static str,
    /// As the CLI does.
    command: &'static str,
    /// The kind of the operation.
    kind: &'static str,
    parameters: &'static [Parameter],
}

/// A parameter of an action.
struct Parameter {
    /// As the query API calls it.
    name: &'static str,
    /// As the CLI does, without the dashes.
    flag: &'static str,
    takes: Takes,
    means: Means,
    need: Need,
}

/// What a parameter takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    Text,
    Switch,
    Count,
    /// One value or several; the guide's samples have one.
    List,
    /// Addresses and ports of nodes, one or several.
    Endpoints,
}

/// What a parameter is here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Means {
    /// A key of the operation.
    Key(&'static str),
    /// Nothing that a simulation would notice.
    Nothing,
    /// Something that is not modelled.
    Later,
    /// Something of migrations into serverless caches, which are not modelled.
    Serverless,
}

/// Whether the API insists on a parameter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Required,
    Optional,
    /// Required unless the call is about a serverless cache.
    WithoutServerless,
}

const fn parameter(
    (name, flag): (&'static str, &'static str),
    takes: Takes,
    means: Means,
    need: Need,
) -> Parameter {
    Parameter { name, flag, takes, means, need }
}

use Means::{Key, Later, Nothing, Serverless};
use Need::{Optional, Required, WithoutServerless};
use Takes::{Count, Endpoints, List, Switch, Text};

/// The parameter that makes a call one about a serverless cache.
const SERVERLESS_CACHE: &str = "ServerlessCacheName";

const GROUP: Parameter =
    parameter(("ReplicationGroupId", "replication-group-id"), Text, Key("group"), Required);
const APPLY: Parameter = parameter(
    ("ApplyImmediately", "apply-immediately"),
    Switch,
    Key("apply-immediately"),
    Optional,
);
const NEW_COUNT: Parameter =
    parameter(("NewReplicaCount", "new-replica-count"), Count, Key("to"), Required);

/// What a migration is tested and started with; of those into serverless caches, too.
const MIGRATION: [Parameter; 5] = [
    parameter(
        ("ReplicationGroupId", "replication-group-id"),
        Text,
        Key("group"),
        WithoutServerless,
    ),
    parameter(
        ("CustomerNodeEndpointList", "customer-node-endpoint-list"),
        Endpoints,
        Key("endpoints"),
        WithoutServerless,
    ),
    parameter((SERVERLESS_CACHE, "serverless-cache-name"), Text, Key("serverless-cache"), Optional),
    parameter(("AutoCutover", "auto-cutover"), Switch, Serverless, Optional),
    parameter(("ClearTargetCacheData", "clear-target-cache-data"), Switch, Serverless, Optional),
];

const ACTIONS: [Action; 9] = [
    Action {
        name: "ModifyReplicationGroup",
        command: "modify-replication-group",
        kind: "modify",
        parameters: &[
            GROUP,
            APPLY,
            parameter(
                ("AutomaticFailoverEnabled", "automatic-failover-enabled"),
                Switch,
                Key("automatic-failover"),
                Optional,
            ),
            parameter(("MultiAZEnabled", "multi-az-enabled"), Switch, Key("multi-az"), Optional),
            parameter(("PrimaryClusterId", "primary-cluster-id"), Text, Key("primary"), Optional),
            parameter(
                ("SnapshottingClusterId", "snapshotting-cluster-id"),
                Text,
                Key("snapshotting-node"),
                Optional,
            ),
            parameter(
                ("SnapshotRetentionLimit", "snapshot-retention-limit"),
                Count,
                Key("snapshot-retention"),
                Optional,
            ),
            parameter(("SnapshotWindow", "snapshot-window"), Text, Later, Optional),
            parameter(
                ("PreferredMaintenanceWindow", "preferred-maintenance-window"),
                Text,
                Later,
                Optional,
            ),
            parameter(("CacheNodeType", "cache-node-type"), Text, Later, Optional),
            parameter(("Engine", "engine"), Text, Later, Optional),
            parameter(("EngineVersion", "engine-version"), Text, Later, Optional),
            parameter(("ClusterMode", "cluster-mode"), Text, Later, Optional),
            parameter(
                ("ReplicationGroupDescription", "replication-group-description"),
                Text,
                Nothing,
                Optional,
            ),
        ],
    },
    Action {
        name: "TestFailover",
        command: "test-failover",
        kind: "test-failover",
        parameters: &[
            GROUP,
            parameter(("NodeGroupId", "node-group-id"), Text, Key("shard"), Required),
        ],
    },
    Action {
        name: "RebootCacheCluster",
        command: "reboot-cache-cluster",
        kind: "reboot",
        parameters: &[
            parameter(("CacheClusterId", "cache-cluster-id"), Text, Key("node"), Required),
            parameter(
                ("CacheNodeIdsToReboot", "cache-node-ids-to-reboot"),
                List,
                Nothing,
                Required,
            ),
        ],
    },
    Action {
        name: "IncreaseReplicaCount",
        command: "increase-replica-count",
        kind: "increase-replica-count",
        parameters: &[
            GROUP,
            NEW_COUNT,
            APPLY,
            parameter(("ReplicaConfiguration", "replica-configuration"), List, Later, Optional),
        ],
    },
    Action {
        name: "DecreaseReplicaCount",
        command: "decrease-replica-count",
        kind: "decrease-replica-count",
        parameters: &[
            GROUP,
            NEW_COUNT,
            APPLY,
            parameter(("ReplicaConfiguration", "replica-configuration"), List, Later, Optional),
            parameter(("ReplicasToRemove", "replicas-to-remove"), List, Later, Optional),
        ],
    },
    Action {
        name: "CreateSnapshot",
        command: "create-snapshot",
        kind: "create-snapshot",
        parameters: &[
            GROUP,
            parameter(("SnapshotName", "snapshot-name"), Text, Nothing, Required),
            parameter(("CacheClusterId", "cache-cluster-id"), Text, Later, Optional),
        ],
    },
    Action {
        name: "TestMigration",
        command: "test-migration",
        kind: "test-migration",
        parameters: &MIGRATION,
    },
    Action {
        name: "StartMigration",
        command: "start-migration",
        kind: "start-migration",
        parameters: &MIGRATION,
    },
    Action {
        name: "CompleteMigration",
        command: "complete-migration",
        kind: "complete-migration",
        parameters: &[GROUP, parameter(("Force", "force"), Switch, Key("force"), Optional)],
    },
];

/// The seed's spelling of a parameter, and the service model's (MZ-20).
const OTHER_SPELLING: (&str, &str) = ("AutoFailover", "AutomaticFailoverEnabled");

/// Reads the call that `item` is; `None` only after a report.
pub(super) fn read(form: Form, item: &Item<'_>, errors: &mut Errors) -> Option<Call> {
    let text = item.text(errors, "a call of the API")?;
    let mut mistakes = Vec::new();
    let call = match form {
        Form::Cli => cli::words(text),
        Form::Request => query::words(text),
    };
    let call = match call {
        Ok(words) => resolved(form, &words, item, &mut mistakes),
        Err(mistake) => {
            mistakes.push(mistake);
            None
        }
    };
    for mistake in &mistakes {
        tell(mistake, item, errors);
    }
    call.filter(|_| mistakes.is_empty())
}

fn tell(mistake: &Mistake, item: &Item<'_>, errors: &mut Errors) {
    let at = spot(&mistake.part, item);
    let place = Place { at, covers: Covers::Value, ..item.place.clone() };
    let diagnostic: &mut Diagnostic = errors.report(mistake.code, &place, &mistake.message);
    if !mistake.known.is_empty() {
        hint_names(diagnostic, mistake.part.trim_start_matches("--"), &mistake.known);
    }
    for hint in &mistake.hints {
        diagnostic.hint(hint);
    }
    if let Some(error) = mistake.answer {
        diagnostic.hint(answer(error));
    }
}

/// Where `part` stands in the text as a word of its own, if it does; else the whole.
fn spot(part: &str, item: &Item<'_>) -> At {
    let At { source, span } = item.place.at.clone();
    let whole = &source.text[span.clone()];
    let is_inside = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_word = |start: &usize| {
        let (before, after) = (&whole[..*start], &whole[start + part.len()..]);
        !before.ends_with(is_inside) && !after.starts_with(is_inside)
    };
    let mut found = whole.match_indices(part).map(|(start, _)| start);
    match found.find(is_word).filter(|_| !part.is_empty()) {
        Some(start) => {
            let start = span.start + start;
            At { source, span: start..start + part.len() }
        }
        None => At { source, span },
    }
}

/// The call that the words make.
fn resolved(
    form: Form,
    words: &Words,
    item: &Item<'_>,
    mistakes: &mut Vec<Mistake>,
) -> Option<Call> {
    let called = |action: &Action| match form {
        Form::Cli => action.command,
        Form::Request => action.name,
    };
    let Some(action) = ACTIONS.iter().find(|action| called(action) == words.action) else {
        if let Some(instead) = others::find(form, &words.action) {
            mistakes.push(Mistake::later(&words.action, instead));
            return None;
        }
        let known = ACTIONS.iter().map(called).collect();
        let unknown = Mistake::unknown("an action that can be scheduled", &words.action, known);
        let hint = format!("an action that AWS has not: {}", answer(ApiError::InvalidAction));
        mistakes.push(Mistake { hints: vec![hint], ..unknown });
        return None;
    };
    let mut tree = Tree { style: Style::Braces, ..Tree::default() };
    let mut seen: Vec<&str> = Vec::new();
    let mut endpoints: Vec<(&str, &str)> = Vec::new();
    for (name, value) in &words.given {
        let Some(parameter) = find(form, action, name) else {
            mistakes.push(unknown_parameter(form, action, name));
            continue;
        };
        // Only the members of a list come with numbers, one parameter each.
        if parameter.takes == Endpoints && form == Form::Request {
            seen.push(parameter.name);
            endpoints.push((name, value));
            continue;
        }
        if seen.contains(&parameter.name) && parameter.takes != List {
            let hint = "leave one of the two out";
            let twice = Mistake::new(format!("`{}` is given twice", excerpt(name)), hint);
            let twice = twice.answered(ApiError::InvalidParameterCombination);
            mistakes.push(Mistake { part: name.clone(), ..twice });
            continue;
        }
        seen.push(parameter.name);
        match entry(parameter, (name, value), item) {
            Ok(found) => tree.entries.extend(found),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    match endpoints::of_request(&endpoints, item) {
        Ok(found) => tree.entries.extend(found),
        Err(mistake) => mistakes.push(mistake),
    }
    if mistakes.is_empty() {
        // Who misspelt a parameter did not leave it out.
        mistakes.extend(absent(form, action, &seen));
    }
    let at = item.place.at.clone();
    let region = words.region.clone().map(|region| {
        let at = spot(&region, item);
        (region, at)
    });
    Some(Call { kind: action.kind, table: Node { at, value: Value::Table(tree) }, region })
}

/// What is said of parameters that the action needs and that were not seen.
fn absent(form: Form, action: &Action, seen: &[&str]) -> Vec<Mistake> {
    let is_needed = |parameter: &Parameter| match parameter.need {
        Required => true,
        WithoutServerless => !seen.contains(&SERVERLESS_CACHE),
        Optional => false,
    };
    let missing = |parameter: &Parameter| {
        let name = written(form, parameter);
        let hint = format!("{} needs it", action.name);
        let missing = Mistake::new(format!("`{name}` is missing"), &hint);
        missing.answered(ApiError::MissingParameter)
    };
    let parameters = action.parameters.iter().filter(|parameter| is_needed(parameter));
    parameters.filter(|parameter| !seen.contains(&parameter.name)).map(missing).collect()
}

/// What is said of a parameter that the action does not have.
fn unknown_parameter(form: Form, action: &Action, name: &str) -> Mistake {
    let known = action.parameters.iter().map(|parameter| written(form, parameter));
    let unknown = Mistake::unknown("one of its parameters", name, known.collect());
    let mut hints = Vec::new();
    // Only switches have a form that begins so.
    if let (Form::Cli, Some(positive)) = (form, name.strip_prefix("--no-")) {
        let switches = action.parameters.iter().filter(|parameter| parameter.takes == Switch);
        let switches: Vec<&str> = switches.map(|parameter| parameter.flag).collect();
        let longer = switches.iter().copied().find(|flag| flag.starts_with(positive));
        if let Some(flag) = longer.or_else(|| nearest(positive, &switches)) {
            hints.push(format!("AWS writes it `--no-{flag}`"));
        }
    }
    let error = ApiError::InvalidParameterValue;
    hints.push(format!("a parameter that AWS has not: {}", answer(error)));
    Mistake { hints, ..unknown }
}

/// A parameter as the form writes it, in lists of what there is.
fn written(form: Form, parameter: &Parameter) -> &'static str {
    match form {
        Form::Cli => parameter.flag,
        Form::Request => parameter.name,
    }
}

/// The parameter of `action` that is called `name`.
fn find<'p>(form: Form, action: &'p Action, name: &str) -> Option<&'p Parameter> {
    let mut parameters = action.parameters.iter();
    match form {
        Form::Cli => {
            let flag = name.strip_prefix("--")?;
            let is_it = |flag: &str, parameter: &Parameter| parameter.flag == flag;
            let negated = flag.strip_prefix("no-");
            parameters.find(|parameter| {
                is_it(flag, parameter)
                    || parameter.takes == Switch
                        && negated.is_some_and(|flag| is_it(flag, parameter))
            })
        }
        Form::Request => {
            let (other, own) = OTHER_SPELLING;
            let name = if name == other { own } else { name };
            parameters.find(|parameter| {
                let inner = name.strip_prefix(parameter.name);
                inner.is_some_and(|rest| {
                    let is_list = matches!(parameter.takes, List | Endpoints);
                    rest.is_empty() || is_list && rest.starts_with('.')
                })
            })
        }
    }
}

/// What a parameter becomes, if anything.
fn entry(
    parameter: &Parameter,
    (name, value): (&str, &str),
    item: &Item<'_>,
) -> Result<Option<Entry>, Mistake> {
    let key = match parameter.means {
        Key(key) => key,
        Nothing => {
            let is_node_ids = parameter.takes == List;
            if is_node_ids && value.split(' ').any(|id| id != "0001") {
                let hint = "nodes of Valkey and Redis OSS have the one cache node 0001";
                let wrong = Mistake::new("there is no such cache node", hint);
                let wrong = wrong.answered(ApiError::InvalidParameterValue);
                return Err(Mistake { part: value.to_owned(), ..wrong });
            }
            return Ok(None);
        }
        Later => {
            return Err(Mistake::later(name, None));
        }
        Serverless => {
            return Err(Mistake::later(name, Some(others::SERVERLESS)));
        }
    };
    let value_of = match parameter.takes {
        Endpoints => return endpoints::of_command(value, (name, key), item).map(Some),
        Text | List => Value::Text(value.to_owned()),
        Count => Value::Integer(value.to_owned(), 10),
        Switch => match value.to_ascii_lowercase().as_str() {
            "true" => Value::Boolean(true),
            "false" => Value::Boolean(false),
            _ => {
                let wrong = Mistake::new(format!("`{name}` is true or false"), "write true");
                let wrong = wrong.answered(ApiError::InvalidParameterValue);
                return Err(Mistake { part: value.to_owned(), ..wrong });
            }
        },
    };
    let (key_at, at) = (spot(name, item), spot(value, item));
    let node = Node { at, value: value_of };
    Ok(Some(Entry { key: key.to_owned(), key_at, node }))
}
