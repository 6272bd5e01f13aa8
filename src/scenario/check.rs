//! From the text of a scenario to a checked [`Plan`], section by section.

use std::path::Path;

use toml::de::DeTable;

use super::Scenario;
use super::diagnostics::{Covers, Diagnostic, Errors, Place, excerpt};
use super::faults::{self, Faults};
use super::groups::{self, EngineKind, GroupDraft};
use super::reader::{Context, Item, Table, not_in_this_version};
use super::sections::{self, BacklogEra};
use super::topology;
use crate::model::plan::{ClusterMode, Plan, Replication, Workload};

/// The version of the format that is read.
const SCHEMA: u64 = 1;
/// Sections of the format that come with later versions.
const LATER: [&str; 4] = ["sweep", "policy", "objectives", "expect"];

/// Reads and checks the scenario `text` from the file `name`; other files that it names are
/// relative to `base_dir`.
pub(super) fn scenario(
    name: &str,
    text: &str,
    base_dir: &Path,
) -> Result<Scenario, Vec<Diagnostic>> {
    let (root, syntax) = DeTable::parse_recoverable(text);
    let mut errors = Errors::new(name, text);
    for error in &syntax {
        errors.syntax(error.span().unwrap_or(0..0), error.message());
    }
    let mut cx = Context { errors, base_dir, assumptions: Vec::new() };
    let place = Place { path: String::new(), span: 0..0, covers: Covers::Key };
    let mut root = Table::new(place, root.get_ref());
    let stem = Path::new(name).file_stem().map_or("scenario".into(), |stem| stem.to_string_lossy());
    let scenario = sections(&mut root, &stem, &mut cx);
    root.finish(&mut cx.errors, &LATER);
    if !cx.errors.is_empty() {
        return Err(cx.errors.into_list());
    }
    let mut scenario = scenario.expect("a section that could not be read has reported why");
    scenario.assumptions = cx.assumptions;
    Ok(scenario)
}

/// Reads all sections; `None` only after a report.
fn sections(root: &mut Table<'_>, stem: &str, cx: &mut Context<'_>) -> Option<Scenario> {
    schema(root, cx);
    let name = match root.get("name") {
        Some(item) => title(&item, cx),
        None => Some(stem.to_owned()),
    };
    let run = sections::run(root, cx);
    let groups = groups(root, cx);
    let drafts = groups.as_deref().unwrap_or_default();
    detector(root, drafts, cx);
    let workload = sections::section(root, "workload", cx);
    let workload_place = workload.place.clone();
    let (load, write_bytes) = sections::workload(workload, cx);
    let replication = sections::section(root, "replication", cx);
    let (lag, backlog_bytes) = sections::replication(replication, backlog_era(drafts), cx);
    let timing = sections::section(root, "timing", cx);
    let timing = sections::timing(timing, cx);
    let rules = sections::section(root, "rules", cx);
    let (rules, promotion) = sections::rules(rules, cx);
    let mut topology = topology::number(drafts, load, promotion, cx);
    topology.is_complete &= groups.is_some();
    let faults = match root.get("fault") {
        Some(item) => faults::read(&item, &topology, run.horizon, cx),
        None => Faults::default(),
    };
    if let Some(horizon) = run.horizon {
        let shards = &topology.shards;
        sections::check_amounts(shards, write_bytes, horizon, &workload_place, cx);
    }
    let name = name?;
    let plan = Plan {
        name: name.clone(),
        horizon: run.horizon?,
        warm_up: run.warm_up,
        groups: topology.groups,
        shards: topology.shards,
        nodes: topology.nodes,
        azs: topology.azs,
        workload: Workload { write_bytes },
        replication: Replication { lag, backlog_bytes },
        timing,
        rules,
        script: faults.script,
        node_failures: faults.node_failures,
        az_failures: faults.az_failures,
        group_failures: faults.group_failures,
    };
    let (seed, trials, stem) = (run.seed, run.trials, stem.to_owned());
    Some(Scenario { name, stem, seed, trials, plan, assumptions: Vec::new() })
}

fn schema(root: &mut Table<'_>, cx: &mut Context<'_>) {
    let hint = "write schema = 1 at the top";
    if let Some(item) = root.require("schema", &mut cx.errors, hint)
        && let Some(schema) = item.count(&mut cx.errors, 0..=u64::MAX)
        && schema != SCHEMA
    {
        cx.errors.report(&item.place, "is not a known schema").hint("this version reads schema 1");
    }
}

/// The scenario's name: one line of text.
fn title(item: &Item<'_>, cx: &mut Context<'_>) -> Option<String> {
    const LONGEST: usize = 200;
    let text = item.text(&mut cx.errors, "a name")?;
    if text.trim().is_empty() || text.len() > LONGEST || text.chars().any(char::is_control) {
        let message = format!("must be one line of at most {LONGEST} bytes");
        cx.errors.report(&item.place, message);
        return None;
    }
    Some(text.to_owned())
}

/// The groups of `[group]` or `[[group]]`; `None` unless all could be read.
fn groups(root: &mut Table<'_>, cx: &mut Context<'_>) -> Option<Vec<GroupDraft>> {
    let hint = "write [group], with id, azs and replicas";
    let item = root.require("group", &mut cx.errors, hint)?;
    let items = match item.is_table() {
        true => vec![item],
        false => {
            item.array(&mut cx.errors, "a table", "write [group], or [[group]] for several")?
        }
    };
    if items.is_empty() {
        cx.errors.missing(&root.place, "group").hint(hint);
        return None;
    }
    let drafts: Vec<Option<GroupDraft>> = items.iter().map(|item| groups::read(item, cx)).collect();
    drafts.into_iter().collect()
}

/// Reads `[control-plane]`. Only the managed detector is modelled, so a cluster whose nodes
/// watch each other must say that it is content with it.
fn detector(root: &mut Table<'_>, drafts: &[GroupDraft], cx: &mut Context<'_>) {
    const HINT: &str = r#"write detector = "managed" under [control-plane]"#;
    let mut table = match root.get("control-plane") {
        Some(item) => match item.table(&mut cx.errors, "write [control-plane]") {
            Some(table) => table,
            None => return,
        },
        None => Table::absent("control-plane"),
    };
    let known = [("managed", true), ("cluster-bus", false), ("sentinel", false)];
    match table.get("detector") {
        Some(item) => {
            if item.choice(&mut cx.errors, &known) == Some(false) {
                not_in_this_version(&mut cx.errors, &item.place).hint(HINT);
            }
        }
        None => {
            let clustered = drafts.iter().find(|g| g.cluster_mode == ClusterMode::Enabled);
            if let Some(group) = clustered {
                let message = format!(
                    "group `{}` has cluster mode enabled, and detection over the cluster bus \
                     is not modelled yet",
                    excerpt(&group.id),
                );
                let path = "control-plane.detector".to_owned();
                let place = Place { path, ..table.place.clone() };
                cx.errors.report(&place, message).hint(HINT);
            }
        }
    }
    table.finish(&mut cx.errors, &[]);
}

/// Engines before Valkey 8.0 keep a small backlog; with several groups the smallest counts.
fn backlog_era(drafts: &[GroupDraft]) -> BacklogEra {
    let is_large =
        |g: &GroupDraft| g.engine.kind == EngineKind::Valkey && g.engine.version >= [8, 0, 0];
    if drafts.iter().all(is_large) { BacklogEra::Large } else { BacklogEra::Small }
}
