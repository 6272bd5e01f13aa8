//! `[[policy]]` as written, and the presets that policies name.
//!
//! A preset as a policy is an overlay: of the preset's own file it takes the values that make the
//! way of running a group, and lays them over the scenario, below what the policy sets itself.
//! The workload, the faults, the names and the AZs stay the scenario's.

use super::check;
use super::codes::Code;
use super::diagnostics::{Errors, Place, join};
use super::domains::region_name;
use super::experiment::{self, CommonTo, MOST_CELLS};
use super::overlay;
use super::presets::{self, PRESETS, Preset, SHAPE, Way};
use super::reader::{self, Item, Table};
use super::source::{At, Source, SourceKind};
use super::toml_text;
use super::tree::{Entry, Node, Style, Tree, Value};
use super::victims::ANY;

/// Bytes of a policy's name: long enough for the values of many axes, since a resolved scenario
/// has a policy for each cell.
const LONGEST_NAME: usize = 1 << 16;

/// A policy as written.
pub(super) struct PolicyDraft {
    /// What results call it.
    pub name: String,
    /// Where it stands; `None` for the file itself.
    pub place: Option<Place>,
    /// What it changes.
    pub overlay: Tree,
    /// The preset that it names, until that is part of the overlay.
    preset: Option<Chosen>,
}

impl PolicyDraft {
    /// The file itself.
    pub fn of_file(name: String) -> PolicyDraft {
        PolicyDraft { name, place: None, overlay: Tree::default(), preset: None }
    }
}

/// A preset that a policy names.
struct Chosen {
    preset: &'static Preset,
    /// What it takes from its file beyond the shape of the group.
    beyond: &'static [&'static str],
    place: Place,
}

const HINT: &str =
    r#"write [[policy]], name = "…", and set = { group.replicas = 1 } for what it changes"#;

/// Reads `[[policy]]`.
pub(super) fn read(node: &Node, errors: &mut Errors) -> Vec<PolicyDraft> {
    let item = Item::new("policy".to_owned(), node);
    let mut items = item.array(errors, "an array of tables", HINT).unwrap_or_default();
    if items.len() > MOST_CELLS {
        let message = format!("there are {} policies", items.len());
        let hint = format!("at most {MOST_CELLS} are possible");
        errors.report(Code::TooManyCells, &item.place, message).hint(hint);
        items.truncate(1);
    }
    let mut drafts: Vec<PolicyDraft> = Vec::new();
    for item in &items {
        let Some(draft) = item.table(errors, HINT).and_then(|table| draft(table, errors)) else {
            continue;
        };
        if let Some(place) = draft.place.as_ref().filter(|_| is_taken(&draft.name, &drafts)) {
            let message = "another policy has this name";
            let hint = "results are told apart by it: choose another";
            errors.report(Code::NotUnique, place, message).hint(hint);
        }
        drafts.push(draft);
    }
    drafts
}

fn is_taken(name: &str, drafts: &[PolicyDraft]) -> bool {
    drafts.iter().any(|other| other.name == name)
}

/// Reads one policy; `None` if it has no name.
fn draft(mut table: Table<'_>, errors: &mut Errors) -> Option<PolicyDraft> {
    let preset_item = table.get("preset");
    let name = match (table.get("name"), &preset_item) {
        (Some(name), _) => Some(name),
        (None, Some(_)) => None,
        (None, None) => table.require("name", errors, "each policy has its own name"),
    };
    // A policy without a name is called after its preset.
    let names = name.or_else(|| table.peek("preset").filter(Item::is_text));
    let place = names.as_ref().map_or_else(|| table.place.clone(), |name| name.place.clone());
    let name = names.and_then(|name| check::title(&name, LONGEST_NAME, errors));
    let n_before = errors.count();
    let preset = preset_item.and_then(|item| chosen(&item, errors));
    let mut overlay = match table.get("set") {
        None => Tree::default(),
        Some(item) => match item.node().as_table() {
            Some(tree) => tree.clone(),
            None => {
                item.expected(errors, "a table", HINT);
                Tree::default()
            }
        },
    };
    table.finish(errors, &[]);
    overlay.entries.retain(|entry| {
        let path = join("", &entry.key);
        experiment::check_common(&path, &entry.key_at, CommonTo::Cells, errors)
    });
    errors.name_policy_since(n_before, name.as_deref()?);
    Some(PolicyDraft { name: name?, place: Some(place), overlay, preset })
}

/// The preset that `item` names, if it can be a policy.
fn chosen(item: &Item<'_>, errors: &mut Errors) -> Option<Chosen> {
    let named = item.node().as_text().and_then(presets::find);
    if let Some(Preset { name, way: Way::StandIn(missing), .. }) = named {
        let hint = format!(
            "{missing}; `ecsim new --preset {name} my.toml` writes a scenario that comes near it, \
             and says what its figures mean"
        );
        reader::not_in_this_version(errors, &item.place).hint(hint);
        return None;
    }
    if let Some(Preset { name, way: Way::Apart(why), .. }) = named {
        let hint =
            format!("{why}; `ecsim new --preset {name} my.toml` writes a scenario of its own");
        let message = "cannot be a policy of another scenario";
        errors.report(Code::PresetMisfit, &item.place, message).hint(hint);
        return None;
    }
    let of_policies = |preset: &'static Preset| match preset.way {
        Way::Laid(beyond) => Some((preset.name, (preset, beyond))),
        Way::StandIn(_) | Way::Apart(_) => None,
    };
    let choices: Vec<_> = PRESETS.iter().filter_map(of_policies).collect();
    let (preset, beyond) = item.choice(errors, &choices)?;
    Some(Chosen { preset, beyond, place: item.place.clone() })
}

/// Puts the preset that `policy` names below what the policy sets itself. `others` are what sweeps
/// and options put on top of it.
pub(super) fn lay_preset(
    policy: &mut PolicyDraft,
    base: &Tree,
    others: &[&Tree],
    errors: &mut Errors,
) {
    let Some(chosen) = policy.preset.take() else {
        return;
    };
    let n_before = errors.count();
    lay(policy, &chosen, (base, others), errors);
    errors.name_policy_since(n_before, &policy.name);
}

/// Puts the preset `chosen` below what the policy sets.
fn lay(
    policy: &mut PolicyDraft,
    chosen: &Chosen,
    (base, others): (&Tree, &[&Tree]),
    errors: &mut Errors,
) {
    let Some((id, group)) = the_group(base, chosen, errors) else {
        return;
    };
    let at = &chosen.place.at;
    let mut laid = taken(chosen);
    rest(&mut laid, base, group, chosen);
    second_region(&mut laid, base, group, chosen);
    let azs = azs_of(&laid);
    if let Some((azs, given)) = azs.zip(group.get("azs").and_then(Node::as_array)) {
        let is_named = others.iter().copied().chain([&policy.overlay]).any(|o| names_azs(o, id));
        match given.get(..azs) {
            Some(first) => name_azs(section(&mut laid, "group", at), first),
            // Which AZs there are is said on top.
            None if is_named => drop(section(&mut laid, "group", at).remove("azs")),
            None => {
                let message = format!("needs {azs} AZs, and the scenario has {}", given.len());
                let diagnostic = errors.report(Code::PresetMisfit, &chosen.place, message);
                diagnostic.hint(format!("name {azs} in group.azs, or in the `set` of the policy"));
                return;
            }
        }
    }
    if let Some(id) = id {
        address(&mut laid, id);
    }
    overlay::apply(&mut laid, &policy.overlay, errors);
    policy.overlay = laid;
}

/// The one group of the scenario, and its id where it has to be addressed by it.
fn the_group<'b>(
    base: &'b Tree,
    chosen: &Chosen,
    errors: &mut Errors,
) -> Option<(Option<&'b str>, &'b Tree)> {
    let (id, group) = match &base.get("group")?.value {
        Value::Table(group) => (None, group),
        Value::Array(groups) => match groups.as_slice() {
            [group] => {
                let group = group.as_table()?;
                (Some(group.get("id")?.as_text()?), group)
            }
            [] => return None,
            [_, _, ..] => {
                let message = "is one way of running one group, and the scenario has several";
                let hint = "say what the policy changes in each group, as in \
                            set = { group.shop.replicas = 1 }";
                errors.report(Code::PresetMisfit, &chosen.place, message).hint(hint);
                return None;
            }
        },
        Value::Text(_)
        | Value::Integer(..)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_) => return None,
    };
    if let Some(shard) = group.entry("shard") {
        let message = "places nodes anew, and the scenario places each by itself";
        let hint = "write azs and replicas in place of [[group.shard]], or say with `set` what \
                    the policy changes";
        let diagnostic = errors.report(Code::PresetMisfit, &chosen.place, message);
        diagnostic.hint(hint).relate(&shard.key_at, "the exact placement");
        return None;
    }
    Some((id, group))
}

/// What the preset takes from its own file.
fn taken(chosen: &Chosen) -> Tree {
    let Chosen { preset, beyond, .. } = chosen;
    let name = format!("preset {}", preset.name);
    let source = Source::new(name, preset.text, SourceKind::Preset);
    let mut file = toml_text::parse(&source, &mut Errors::default());
    let mut taken = Tree::default();
    for path in SHAPE.iter().chain(beyond.iter()) {
        let (name, key) = path.split_once('.').unwrap_or((path, ""));
        let Some(position) = file.entries.iter().position(|entry| entry.key == name) else {
            continue;
        };
        if key.is_empty() {
            taken.entries.push(file.entries.remove(position));
            continue;
        }
        let Value::Table(of_file) = &mut file.entries[position].node.value else {
            continue;
        };
        if let Some(entry) = of_file.remove(key) {
            section(&mut taken, name, &chosen.place.at).entries.push(entry);
        }
    }
    taken
}

/// Puts back what other ways of running a group need and this one has no word of.
fn rest(laid: &mut Tree, base: &Tree, group: &Tree, chosen: &Chosen) {
    let at = &chosen.place.at;
    let mut put_back = |name: &str, key: &str, value: Value| {
        let section = section(laid, name, at);
        if section.get(key).is_none() {
            let node = Node { at: at.clone(), value };
            section.entries.push(Entry { key: key.to_owned(), key_at: at.clone(), node });
        }
    };
    if group.get("shards").is_some() {
        put_back("group", "shards", Value::Integer("1".to_owned(), 10));
    }
    if group.get("append-only-file").is_some() {
        put_back("group", "append-only-file", Value::Boolean(false));
    }
    if group.get("snapshotting-node").is_some() {
        // Its nodes are others.
        put_back("group", "snapshotting-node", Value::Text(ANY.to_owned()));
    }
    let replication = base.get("replication").and_then(Node::as_table);
    if replication.is_some_and(|table| table.get("min-replicas-to-write").is_some()) {
        put_back("replication", "min-replicas-to-write", Value::Integer("0".to_owned(), 10));
    }
    if group.get("durability").is_some() {
        put_back("group", "durability", Value::Text("disabled".to_owned()));
    }
    let control_plane = base.get("control-plane").and_then(Node::as_table);
    let detector = control_plane.and_then(|table| table.get("detector"));
    // Sentinel needs no cluster, and whoever has it compares groups that run by themselves.
    if detector.and_then(Node::as_text) == Some("cluster-bus") {
        put_back("control-plane", "detector", Value::Text("managed".to_owned()));
    }
}

/// Switches the scenario's second region off where the preset has none. Where it has one, that is
/// the scenario's own, or another than that of its nodes.
fn second_region(laid: &mut Tree, base: &Tree, group: &Tree, chosen: &Chosen) {
    const NAME: &str = "global-datastore";
    const OTHER: &str = "us-west-2";
    let at = &chosen.place.at;
    let own = base.get(NAME).and_then(Node::as_table);
    let has_one = laid.get(NAME).is_some();
    if own.is_some() {
        let key = "enabled".to_owned();
        let node = Node { at: at.clone(), value: Value::Boolean(has_one) };
        section(laid, NAME, at).entries.push(Entry { key, key_at: at.clone(), node });
    }
    if !has_one {
        return;
    }
    let laid = section(laid, NAME, at);
    if own.is_some_and(|own| own.get("region").is_some()) {
        drop(laid.remove("region"));
    }
    let azs = group.get("azs").and_then(Node::as_array).unwrap_or_default();
    let mut home = azs.iter().filter_map(|az| region_name(az.as_text()?));
    let entry = laid.entries.iter_mut().find(|entry| entry.key == "region");
    if let Some(entry) = entry
        && home.any(|home| entry.node.as_text() == Some(home))
    {
        entry.node.value = Value::Text(OTHER.to_owned());
    }
}

/// The section `name` of `tree`, which is there from then on; `at` is where it is asked for.
fn section<'t>(tree: &'t mut Tree, name: &str, at: &At) -> &'t mut Tree {
    let found = tree.entries.iter().position(|entry| entry.key == name);
    let position = found.unwrap_or_else(|| {
        let node = Node { at: at.clone(), value: Value::Table(Tree::default()) };
        tree.entries.push(Entry { key: name.to_owned(), key_at: at.clone(), node });
        tree.entries.len() - 1
    });
    match &mut tree.entries[position].node.value {
        Value::Table(section) => section,
        Value::Text(_)
        | Value::Integer(..)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_) => unreachable!("the sections of presets are tables"),
    }
}

/// Puts what is said of the group below its id.
fn address(laid: &mut Tree, id: &str) {
    if let Some(Entry { key, key_at, node }) = laid.remove("group") {
        let at = node.at.clone();
        let of_id = Entry { key: id.to_owned(), key_at: key_at.clone(), node };
        let by_id = Tree { entries: vec![of_id], style: Style::Open };
        laid.entries.push(Entry { key, key_at, node: Node { at, value: Value::Table(by_id) } });
    }
}

/// How many AZs the preset has.
fn azs_of(laid: &Tree) -> Option<usize> {
    let azs = laid.get("group")?.as_table()?.get("azs")?.as_array()?;
    Some(azs.len())
}

/// Whether an overlay says which AZs the group is in.
fn names_azs(overlay: &Tree, id: Option<&str>) -> bool {
    let group = overlay.get("group").and_then(Node::as_table);
    let of_id = id.and_then(|id| group?.get(id)?.as_table());
    [group, of_id].into_iter().flatten().any(|group| group.get("azs").is_some())
}

/// Puts the scenario's AZs in place of the preset's.
fn name_azs(group: &mut Tree, azs: &[Node]) {
    if let Some(entry) = group.entries.iter_mut().find(|entry| entry.key == "azs") {
        entry.node = Node { at: entry.node.at.clone(), value: Value::Array(azs.to_vec()) };
    }
}
