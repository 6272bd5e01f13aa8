//! From the tree of one policy to a checked [`Plan`], section by section.

use std::collections::BTreeMap;
use std::path::Path;

use super::codes::Code;
use super::control_plane;
use super::detectors;
use super::diagnostics::{Covers, Diagnostic, Errors, Place, is_visible, listed, nearest};
use super::faults::{self, Faults};
use super::groups::{self, EngineKind, GroupDraft, Switch};
use super::migration::{self, Surroundings};
use super::migration_calls;
use super::migration_times;
use super::node_types;
use super::operations;
use super::overlay;
use super::persistence;
use super::reader::{Context, Item, Table};
use super::region;
use super::sample::Samples;
use super::schedule;
use super::script::Addresses;
use super::sections::{self, BacklogEra, Run};
use super::source::At;
use super::sources;
use super::topology::{self, AzNumbers, Topology};
use super::tree::Tree;
use super::units::shown_size;
use super::uses::Uses;
use super::{Assumption, Origin};
use crate::engine::law::Law;
use crate::engine::time::SimTime;
use crate::model::plan::{Action, Apply, GroupId, Keeper, Operation, Plan, Scripted, Window};
use crate::montecarlo::objectives::Objectives;

/// The version of the format that is read.
const SCHEMA: u64 = 1;

/// What one tree comes to.
pub(super) struct Checked {
    /// Input of a trial.
    pub plan: Plan,
    /// What is asked of outages and failovers.
    pub objectives: Objectives,
    /// The seed.
    pub seed: u64,
    /// Number of trials.
    pub trials: u64,
    /// Defaults, and values without a source.
    pub assumptions: Vec<Assumption>,
    /// The ranges that the document states for means, by the path of what has the mean.
    pub ranges: BTreeMap<String, (String, String)>,
    /// The choices that a rule has, by its path, as TOML.
    pub choices: BTreeMap<String, Vec<String>>,
}

/// What all that is read for one experiment shares.
#[derive(Clone, Default, Debug)]
pub(super) struct Shared {
    /// The numbers of AZs.
    pub azs: AzNumbers,
    /// The sample files.
    pub samples: Samples,
}

/// Reads and checks the document `tree`, which begins at `at`; files that it names are relative
/// to `base_dir`. What is found stands in the order of the text; without a plan there is an error
/// among it.
pub(super) fn check(
    tree: &Tree,
    (at, stem): (&At, &str),
    base_dir: &Path,
    shared: &mut Shared,
) -> (Option<Checked>, Vec<Diagnostic>) {
    let mut cx = Context::new(base_dir);
    cx.samples = std::mem::take(&mut shared.samples);
    let mut root = Table::root(tree, at.clone());
    let checked = sections(&mut root, stem, &mut shared.azs, &mut cx);
    // Taken out before, but nevertheless what a misspelt section may have meant.
    root.allow(&["policy", "sweep", "expect"]);
    let sources = root.get("sources");
    let mut paths = Vec::new();
    if root.has_others() {
        overlay::walk(tree, &mut |path, _| paths.push(path.to_owned()));
        paths.extend(cx.assumptions.iter().map(|assumption| assumption.path.clone()));
    }
    root.finish_among(&mut cx.errors, &[], &paths);
    let assumptions = match sources {
        Some(item) => {
            let mut defaults = BTreeMap::new();
            if let Some(tree) = sources::without_defaults(&item, tree) {
                let mut scratch = Context::new(base_dir);
                scratch.samples = cx.samples.clone();
                let mut root = Table::root(&tree, at.clone());
                sections(&mut root, stem, &mut AzNumbers::default(), &mut scratch);
                defaults.extend(scratch.assumptions.into_iter().map(|a| (a.path, a.value)));
            }
            sources::settle(&item, tree, &defaults, &mut cx)
        }
        None => std::mem::take(&mut cx.assumptions),
    };
    let is_valid = !cx.errors.has_errors();
    let mut checked = checked.filter(|_| is_valid);
    assert!(checked.is_some() || !is_valid, "a section that could not be read has reported why");
    if let Some(checked) = &mut checked {
        checked.assumptions = assumptions;
        checked.ranges = std::mem::take(&mut cx.ranges);
        checked.choices = std::mem::take(&mut cx.choices);
        for assumption in &mut checked.assumptions {
            assumption.range = stated_range(assumption, &checked.ranges);
        }
    }
    shared.samples = cx.samples;
    (checked, cx.errors.into_list())
}

/// Reads all sections; `None` only after a report.
fn sections(
    root: &mut Table<'_>,
    stem: &str,
    azs: &mut AzNumbers,
    cx: &mut Context<'_>,
) -> Option<Checked> {
    schema(root, cx);
    let name = match root.get("name") {
        Some(item) => title(&item, LONGEST_NAME, &mut cx.errors),
        None => {
            cx.assume("name", super::tree::quoted(stem), Origin::convention("the file's name"));
            Some(stem.to_owned())
        }
    };
    let run = sections::run(root, cx);
    let sketches = operations::sketches(root);
    let mut uses = Uses::of(root, &sketches);
    let mut groups = groups(root, &mut uses, cx);
    if let Some(groups) = &mut groups {
        operations::add_nodes(&sketches, groups, cx);
        let managed = groups.iter().filter(|group| group.self_hosted.is_none());
        uses.keep(&managed.map(GroupDraft::handover).collect::<Vec<_>>());
    }
    let start = schedule::start(root, &uses, cx);
    let drafts = groups.as_deref().unwrap_or_default();
    let mut table = sections::section(root, "control-plane", cx);
    let detection = detectors::detection(&mut table, drafts, cx);
    let control_plane = control_plane::read(table, &uses, &detection, cx);
    let workload = sections::section(root, "workload", cx);
    let workload_place = workload.place.clone();
    let (load, workload) = sections::workload(workload, cx);
    let replication = sections::section(root, "replication", cx);
    let lag_shown = replication.peek("lag").map(|item| item.printed());
    let (replication, asked) = sections::replication(replication, backlog_era(drafts), cx);
    let mut table = sections::section(root, "timing", cx);
    let promoting = detection.use_of_promotion(drafts, &uses);
    let timing = sections::timing(&mut table, (&uses, promoting), cx);
    let used = persistence::use_of_snapshots(drafts, &uses);
    persistence::check_restored_ids(used, drafts, cx);
    let backup = sections::section(root, "backup", cx);
    let snapshots = persistence::snapshots(backup, &mut table, used, cx);
    let used = persistence::use_of_log(root, drafts);
    let log = persistence::log(sections::section(root, "persistence", cx), used, cx);
    let durable_log = sections::section(root, "durability", cx);
    let durable_log = persistence::durable_log(durable_log, drafts, cx);
    let region = region::read(root, drafts, cx);
    table.finish(&mut cx.errors, &[]);
    let rules = sections::section(root, "rules", cx);
    let failover = groups.as_ref().map(|groups| {
        Switch::from(groups.iter().any(|group| group.automatic_failover == Switch::On))
    });
    let (rules, promotion) = sections::rules(rules, failover, &uses, cx);
    let objectives = sections::section(root, "objectives", cx);
    let objectives = sections::objectives(objectives, cx);
    let mut topology = topology::number(drafts, load, (promotion, start), azs, cx);
    let managed = topology.groups.iter_mut().filter(|group| group.keeper == Keeper::ElastiCache);
    managed.for_each(|group| group.detector = detection.of(group.cluster_mode));
    topology.is_complete &= groups.is_some();
    let surroundings = Surroundings {
        workload,
        workload_place: &workload_place,
        lag: &replication.lag,
        lag_shown: lag_shown.as_deref(),
        second_region: Switch::from(region.is_some()),
    };
    let migration_place = root.peek("migration").map(|item| item.place);
    let migration = migration::read(root, (drafts, &mut topology), &surroundings, cx);
    check_memory(drafts, &topology, cx);
    sections::check_wait(workload, &workload_place, &topology, cx);
    persistence::check_log_rate(workload.write_bytes, &topology, &workload_place, cx);
    if let Some(place) = asked {
        sections::check_min_replicas(replication.min_replicas, &place, &topology, cx);
    }
    let mut addresses = Addresses::default();
    let fault_item = root.get("fault");
    let mut faults = match &fault_item {
        Some(item) => faults::read(item, &topology, run.horizon, &mut addresses, cx),
        None => Faults::default(),
    };
    faults.check_lives(&timing.replacement, cx);
    let mut operations = Vec::new();
    if let Some(item) = root.get("operation") {
        let (read, n_off) = operations::read(&item, &topology, run.horizon, &mut addresses, cx);
        operations = read;
        faults.n_off += n_off;
    }
    if let (Some(plan), Some(place)) = (&migration, &migration_place) {
        migration_times::check(plan, &operations, (&topology, workload), place, cx);
    }
    faults.script.extend(operations.into_iter().map(|(scripted, _)| scripted));
    // Those that can come earliest first; of equal ones faults before operations, in file order.
    faults.script.sort_by_key(|scripted| scripted.at.range().map(|(earliest, _)| earliest));
    let fault_place = fault_item.map_or_else(|| root.place.clone(), |item| item.place);
    if let Some(horizon) = run.horizon {
        let shards = &topology.shards;
        let write_bytes = workload.write_bytes;
        sections::check_amounts(shards, write_bytes, horizon, &workload_place, cx);
        check_activity(&faults, (&topology, &run, horizon), &fault_place, cx);
        check_windows(&faults, drafts, (&topology, horizon), cx);
        persistence::check_intervals(drafts, horizon, cx);
    }
    let plan = Plan {
        name: name?,
        horizon: run.horizon?,
        start,
        warm_up: run.warm_up,
        groups: topology.groups,
        shards: topology.shards,
        nodes: topology.nodes,
        azs: topology.azs,
        workload,
        replication,
        timing,
        rules,
        control_plane,
        snapshots,
        log,
        durable_log,
        region,
        migration,
        script: faults.script,
        node_failures: faults.node_failures,
        az_failures: faults.az_failures,
        group_failures: faults.group_failures,
        service_updates: faults.service_updates,
    };
    let (seed, trials) = (run.seed, run.trials);
    Some(Checked {
        plan,
        objectives,
        seed,
        trials,
        assumptions: Vec::new(),
        ranges: BTreeMap::new(),
        choices: BTreeMap::new(),
    })
}

/// The range of an assumption: that of the document, which for lives stands beside them, or that
/// of the default.
fn stated_range(
    assumption: &Assumption,
    ranges: &BTreeMap<String, (String, String)>,
) -> Option<(String, String)> {
    let path = assumption.path.as_str();
    let beside = path.rsplit_once('.').filter(|(_, key)| ["mttf", "lifetime"].contains(key));
    let given = ranges.get(path).or_else(|| ranges.get(beside?.0));
    if given.is_some() || !assumption.why.is_claim() {
        return given.cloned();
    }
    sections::default_range(path, &assumption.value)
        .map(|(low, high)| (low.to_owned(), high.to_owned()))
}

fn schema(root: &mut Table<'_>, cx: &mut Context<'_>) {
    let hint = "write schema = 1 at the top";
    if let Some(item) = root.require("schema", &mut cx.errors, hint)
        && let Some(schema) = item.count(&mut cx.errors, 0..=u64::MAX)
        && schema != SCHEMA
    {
        let message = "is not a known schema";
        cx.errors
            .report(Code::UnknownSchema, &item.place, message)
            .hint("this version reads schema 1");
    }
}

/// Bytes of a scenario's name.
const LONGEST_NAME: usize = 200;

/// A name of at most `longest` bytes: one line of text.
pub(super) fn title(item: &Item<'_>, longest: usize, errors: &mut Errors) -> Option<String> {
    let text = item.text(errors, "a name")?;
    if text.trim().is_empty() || text.len() > longest || !text.chars().all(is_visible) {
        let message = format!("must be one line of at most {longest} bytes");
        let hint = r#"as in name = "AZ loss, 1+2""#;
        errors.report(Code::NotAName, &item.place, message).hint(hint);
        return None;
    }
    Some(text.to_owned())
}

/// The groups of `[group]` or `[[group]]`; `None` unless all could be read.
fn groups(root: &mut Table<'_>, uses: &mut Uses, cx: &mut Context<'_>) -> Option<Vec<GroupDraft>> {
    let hint = "write [group], with id, azs and replicas";
    let item = root.require("group", &mut cx.errors, hint)?;
    let items = match item.node().as_array() {
        Some(_) => item.elements(&mut cx.errors, "write [[group]]")?,
        None => vec![item],
    };
    if items.is_empty() {
        cx.errors.missing(&root.place, "group").hint(hint);
        return None;
    }
    if items.len() > topology::MAX_GROUPS {
        let message = format!("there are {} groups", items.len());
        let hint = format!("at most {} are possible", topology::MAX_GROUPS);
        cx.errors.report(Code::TooMany, &items[0].place, message).hint(hint);
        return None;
    }
    let drafts: Vec<Option<GroupDraft>> =
        items.iter().map(|item| groups::read(item, uses, cx)).collect();
    drafts.into_iter().collect()
}

/// Engines before Valkey 8.0 keep a small backlog; with several groups the smallest counts.
fn backlog_era(drafts: &[GroupDraft]) -> BacklogEra {
    let is_large =
        |g: &GroupDraft| g.engine.kind == EngineKind::Valkey && g.engine.version >= [8, 0, 0];
    if drafts.iter().all(is_large) { BacklogEra::Large } else { BacklogEra::Small }
}

/// Warns of node types that nobody knows and of data that they do not hold.
fn check_memory(drafts: &[GroupDraft], topology: &Topology, cx: &mut Context<'_>) {
    for draft in drafts {
        let Some((name, place)) = &draft.node_type else {
            continue;
        };
        let Some(usable) = node_types::usable_bytes(name) else {
            let known: Vec<&str> = node_types::names().collect();
            let code = match node_types::is_plausible(name) {
                true => Code::UnknownMemory,
                false => Code::UnknownNodeType,
            };
            let message = "its memory is not known: whether the data fits is not checked";
            let diagnostic = cx.errors.report(code, place, message);
            if let Some(meant) = nearest(name, &known).filter(|_| code == Code::UnknownNodeType) {
                diagnostic.hint(format!("did you mean `{meant}`?"));
            }
            diagnostic.hint(format!("known: {}", listed(known)));
            continue;
        };
        let Some(nth) = topology.groups.iter().position(|group| group.id == draft.id) else {
            continue;
        };
        let shards = topology.groups[nth].shards.clone();
        let shards = usize::from(shards.start)..usize::from(shards.end);
        let most = topology.shards[shards].iter().max_by_key(|shard| shard.dataset_bytes);
        if let Some(shard) = most.filter(|shard| shard.dataset_bytes > usable) {
            let is_target = migration_calls::target(topology).is_some_and(|id| id.idx() == nth);
            let so = if is_target { ": the migration never gets in sync" } else { "" };
            let message = format!(
                "shard `{}` holds {}, and such a node has room for {}{so}",
                shard.id,
                approximately(shard.dataset_bytes),
                approximately(usable),
            );
            let larger = match node_types::smallest_for(shard.dataset_bytes, name) {
                Some(larger) => format!("a larger node type ({larger} has room)"),
                None => "a larger node type".to_owned(),
            };
            let hint = format!(
                "maxmemory less {} % reserved memory: lower workload.dataset, take {larger} or \
                 more shards",
                node_types::RESERVED_PERCENT
            );
            cx.errors.report(Code::DoesNotFit, place, message).hint(hint);
        }
    }
}

/// A size for people: in GiB with two digits, unless it is a round one.
fn approximately(bytes: u64) -> String {
    let exact = shown_size(bytes);
    match exact.len() <= 8 {
        true => exact,
        false => format!("{:.2} GiB", bytes as f64 / (1_u64 << 30) as f64),
    }
}

/// Warns of windows that open for the first time when the trial is over, if something waits for
/// them.
fn check_windows(
    faults: &Faults,
    drafts: &[GroupDraft],
    (topology, horizon): (&Topology, SimTime),
    cx: &mut Context<'_>,
) {
    for (draft, (n, group)) in drafts.iter().zip(topology.groups.iter().enumerate()) {
        let id = GroupId(n as u16);
        if group.keeper == Keeper::Users {
            continue;
        }
        let never = |window: Window, from: SimTime| {
            !window.is_open(from) && window.next_opening(from) >= horizon
        };
        let waits = |scripted: &&Scripted| match &scripted.action {
            Action::Operation(
                Operation::Modify { group, apply, .. }
                | Operation::ServiceUpdate { group, apply, .. },
            ) => *group == id && *apply == Apply::InWindow,
            Action::Operation(_) | Action::Fault(_) => false,
        };
        let starts = faults.script.iter().filter(waits).filter_map(|waiting| waiting.at.range());
        let mut starts: Vec<SimTime> = starts.map(|(from, _)| SimTime::START + from).collect();
        let updates = faults.service_updates.iter();
        starts.extend(
            updates.filter(|it| it.group.is_none_or(|of| of == id)).map(|_| SimTime::START),
        );
        let mut told = |name: &str, what: &str, window: Window| {
            let length = horizon.since(SimTime::START);
            let opens = window.first.since(SimTime::START);
            let message = format!("{what} for the {name}, which does not open in the {length}");
            let hint = format!(
                "it opens first after {opens}: raise run.horizon, or move {} or run.start",
                name.replace(' ', "-")
            );
            cx.errors.report(Code::WindowTooLate, &draft.place, message).hint(hint);
        };
        if starts.iter().any(|from| never(group.maintenance, *from)) {
            told("maintenance window", "something waits", group.maintenance);
        }
        if group.backups.retention_days > 0 && group.backups.window.first >= horizon {
            told("snapshot window", "the first backup waits", group.backups.window);
        }
    }
}

/// Warns of scenarios in which nothing, or hardly anything, can happen.
fn check_activity(
    faults: &Faults,
    (topology, run, horizon): (&Topology, &Run, SimTime),
    place: &Place,
    cx: &mut Context<'_>,
) {
    if cx.errors.has_errors() {
        return;
    }
    let is_random = !faults.node_failures.is_empty()
        || !faults.az_failures.is_empty()
        || !faults.group_failures.is_empty()
        || !faults.service_updates.is_empty();
    let place = &Place { covers: Covers::Key, ..place.clone() };
    if !is_random && faults.script.is_empty() {
        let (message, hint) = match faults.n_off {
            0 => (
                "nothing can fail: there is no fault",
                "add [[fault]], as in node-failure = { mttf = \"10y\" }",
            ),
            _ => (
                "nothing can fail: every fault is switched off",
                "leave out `enabled`, or write enabled = true",
            ),
        };
        let place = &Place { path: "fault".to_owned(), ..place.clone() };
        cx.errors.report(Code::NothingHappens, place, message).hint(hint);
        return;
    }
    if !faults.script.is_empty() {
        let latest = faults.script.iter().filter_map(|scripted| scripted.at.range());
        let last = latest.map(|(_, latest)| SimTime::START + latest).max();
        if !is_random && last.is_some_and(|last| last < run.warm_up) {
            let warm_up = run.warm_up.since(SimTime::START);
            let message = format!("all faults strike within the warm-up of {warm_up}");
            let hint = "what they do is counted only as far as it lasts beyond it";
            cx.errors.report(Code::OnlyDuringWarmUp, place, message).hint(hint);
        }
        return;
    }
    // First failures within the horizon, summed over all clocks; for rare ones the cumulative
    // hazard is their number.
    let length = horizon.since(SimTime::START);
    let share = |life: &Law| life.cumulative_hazard(length.as_nanos() as f64).min(1.0);
    let nodes: f64 = faults.node_failures.iter().map(|f| share(&f.life)).sum();
    let azs: f64 = faults.az_failures.iter().map(|f| share(&f.life)).sum();
    let groups: f64 = faults.group_failures.iter().map(|f| share(&f.life)).sum();
    let updates: f64 = faults.service_updates.iter().map(|f| share(&f.life)).sum();
    let per_trial = nodes * topology.nodes.len() as f64
        + azs * topology.azs.len() as f64
        + (groups + updates) * topology.groups.len() as f64;
    let expected = per_trial * run.trials as f64;
    if expected == 0.0 {
        let message = format!("no random fault can come within the {length} of a trial");
        let hint =
            "raise run.horizon, or shorten what comes again and again, as in every = \"30d\"";
        cx.errors.report(Code::HardlyAnythingHappens, place, message).hint(hint);
    } else if expected < 1.0 {
        let message = format!(
            "only {expected:.2e} random faults are to be expected in all {} trials of {length}",
            run.trials
        );
        let hint = "raise run.horizon or run.trials, or check the unit of mttf";
        cx.errors.report(Code::HardlyAnythingHappens, place, message).hint(hint);
    }
}
