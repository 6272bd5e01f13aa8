//! Overlays: what a policy, a sweep, `--set` or `--sweep` puts in place of the file's values.
//!
//! An overlay is a tree like the file. Sections, and elements of arrays that it addresses by their
//! id, are merged key by key; dotted keys reach inside a value; a value in braces replaces it. A
//! key displaces those that exclude it, so that a law can be replaced by another law, and what
//! changes a value drops its `source`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use super::codes::Code;
use super::diagnostics::{Covers, Diagnostic, Errors, Place, excerpt, hint_names, join};
use super::faults;
use super::groups;
use super::laws;
use super::operations;
use super::script;
use super::source::{At, Source, SourceKind};
use super::tree::{Entry, Node, Style, Tree, Value};

/// A value for a path, from a sweep or from the command line.
#[derive(Clone, Debug)]
pub(super) struct Assignment {
    /// The dotted path, as shown.
    pub path: String,
    /// The tree that holds the value at that path and nothing else.
    pub tree: Tree,
    /// Where the path stands.
    pub at: At,
    /// Where the value stands, or the range that it is part of.
    pub value_at: At,
    /// The value as shown: short.
    pub shown: String,
}

/// One dimension of a sweep.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    /// The dotted path, as shown.
    pub path: String,
    /// Where the path stands.
    pub at: At,
    /// An assignment per value.
    pub values: Vec<Assignment>,
}

/// So many values can be swept at once; two of each would be a million cells.
const MOST_AXES: usize = 20;
/// A sweep of more values is surely a slip.
const MOST_VALUES: i64 = 1_000;

/// What excludes what: of each family only one alternative can stand in a table.
fn families() -> Vec<Vec<Vec<&'static str>>> {
    let each = |keys: Vec<&'static str>| keys.into_iter().map(|key| vec![key]).collect();
    vec![
        each(laws::keys().chain(["per-gib"]).collect()),
        each(faults::kinds().collect()),
        each(vec!["mttf", "lifetime"]),
        each(vec!["writes-per-second", "writes-per-second-per-shard"]),
        vec![vec!["azs", "shards", "replicas"], vec!["shard"]],
        each(vec!["fork-pause", "fork-pause-per-gib"]),
        each(vec!["save", "save-per-gib"]),
        each(vec!["load", "load-per-gib"]),
        each(vec!["cut-over-after-sync", "cut-over-after-start"]),
    ]
}

/// The kinds of operations, of which each has one; elsewhere the same words are keys that go
/// together.
fn operation_family() -> Vec<Vec<&'static str>> {
    operations::kinds().map(|kind| vec![kind]).collect()
}

/// Puts `over` on `base`; both are whole documents.
pub(super) fn apply(base: &mut Tree, over: &Tree, errors: &mut Errors) {
    let explained = explained(base);
    forget_sources(base, over);
    let families = families();
    let mut merge = Merge { families: &families, errors };
    merge.table(base, over, Level::Section, "");
    forget_absent(base, &explained);
}

/// Whether braces merge or replace.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    /// A section of the document or an element that is addressed by its id.
    Section,
    /// Below that.
    Value,
}

struct Merge<'a> {
    families: &'a [Vec<Vec<&'static str>>],
    errors: &'a mut Errors,
}

impl Merge<'_> {
    /// All of `over` at once: alternatives that it names side by side are not displaced, since
    /// that they exclude each other must be told.
    fn table(&mut self, base: &mut Tree, over: &Tree, level: Level, path: &str) {
        let of_operation = path.starts_with("operation.").then(operation_family);
        for family in self.families.iter().chain(&of_operation) {
            let is_named =
                |alternative: &Vec<&str>| alternative.iter().any(|key| over.get(key).is_some());
            if family.iter().any(is_named) {
                let others = family.iter().filter(|alternative| !is_named(alternative));
                let displaced: Vec<&str> = others.flatten().copied().collect();
                base.entries.retain(|entry| !displaced.contains(&entry.key.as_str()));
            }
        }
        for entry in &over.entries {
            self.entry(base, entry, level, path);
        }
    }

    fn entry(&mut self, base: &mut Tree, over: &Entry, level: Level, path: &str) {
        let path = join(path, &over.key);
        let Some(found) = base.entries.iter_mut().find(|entry| entry.key == over.key) else {
            base.entries.push(over.clone());
            return;
        };
        found.key_at = over.key_at.clone();
        self.node(&mut found.node, over, level, &path);
    }

    fn node(&mut self, base: &mut Node, over: &Entry, level: Level, path: &str) {
        let is_open = |node: &Node| node.as_table().is_some() || node.as_array().is_some();
        if level == Level::Section && is_open(base) != is_open(&over.node) {
            // Either would wipe the section without a word.
            let (at, what) = match is_open(base) {
                true => (&over.node.at, "a section cannot be replaced by a value"),
                false => (&base.at, "a section was expected, which an overlay changes"),
            };
            let is_root = !path.contains('.') && !["schema", "name"].contains(&path);
            if is_root {
                let place = Place { path: path.to_owned(), at: at.clone(), covers: Covers::Value };
                let hint = format!("write [{path}], and its keys below it");
                self.errors.report(Code::WrongType, &place, what).hint(hint);
                return;
            }
        }
        let Value::Table(table) = &over.node.value else {
            *base = over.node.clone();
            return;
        };
        let is_merged = table.style == Style::Open || level == Level::Section;
        match &mut base.value {
            Value::Array(array) => {
                for entry in &table.entries {
                    self.element(array, entry, path);
                }
            }
            Value::Table(base) if is_merged => {
                let is_changed = |entry: &Entry| !laws::BESIDE.contains(&entry.key.as_str());
                // Of a section `source` is a key like others: where a migration comes from.
                if level == Level::Value && table.entries.iter().any(is_changed) {
                    // Of another value neither the source nor the range is known.
                    let gone = laws::BESIDE.iter().filter(|key| table.get(key).is_none());
                    gone.for_each(|key| drop(base.remove(key)));
                }
                self.table(base, table, Level::Value, path);
            }
            Value::Text(_)
            | Value::Integer(..)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Table(_) => *base = over.node.clone(),
        }
    }

    /// Reaches into the element of an array that has the id `over.key`.
    fn element(&mut self, array: &mut [Node], over: &Entry, path: &str) {
        let names = names_in(array, path);
        let found = names.iter().position(|name| name.as_deref() == Some(&over.key));
        let Some(n) = found else {
            let place =
                Place { path: join(path, &over.key), at: over.key_at.clone(), covers: Covers::Key };
            let known: Vec<&str> = names.iter().flatten().map(String::as_str).collect();
            if array.iter().all(|element| element.as_table().is_none()) {
                let message = "is part of a list, which can only be set as a whole";
                let hint = format!(r#"as in {path} = ["…", "…"]"#);
                self.errors.report(Code::UnknownId, &place, message).hint(hint);
                return;
            }
            let message = format!("names nothing in [[{path}]]");
            let diagnostic = self.errors.report(Code::UnknownId, &place, message);
            hint_names(diagnostic, &over.key, &known);
            return;
        };
        self.node(&mut array[n], over, Level::Section, &join(path, &over.key));
    }
}

/// Whether the document still has the value that was assigned; an overlay that came later may have
/// put another in its place, or displaced it.
pub(super) fn holds(document: &Tree, assignment: &Assignment) -> bool {
    let mut is_there = false;
    walk(document, &mut |path, node| {
        if path == assignment.path {
            let is_its = Arc::ptr_eq(&node.at.source, &assignment.value_at.source)
                && node.at.span == assignment.value_at.span;
            // A section keeps its place when it is merged.
            is_there |= is_its || node.as_table().is_some();
        }
    });
    is_there
}

/// The kinds of the elements of the array at `path`, if they have kinds.
fn kinds(path: &str) -> Vec<&'static str> {
    match path {
        "fault" => faults::kinds().collect(),
        "operation" => operations::kinds().collect(),
        _ => Vec::new(),
    }
}

/// How the elements of the array at `path` can be addressed: by their id, faults and operations
/// without one by kind and position among their kind, shards by their number.
fn names_in(array: &[Node], path: &str) -> Vec<Option<String>> {
    let mut n_of_kind = BTreeMap::new();
    let name = |(n, node): (usize, &Node)| {
        let table = node.as_table()?;
        let kind = kinds(path).into_iter().find(|kind| table.get(kind).is_some());
        let position = kind.map(|kind| {
            let n = n_of_kind.entry(kind).or_insert(0_usize);
            *n += 1;
            *n
        });
        if let Some(id) = table.get("id").and_then(Node::as_text) {
            return Some(id.to_owned());
        }
        match path {
            "fault" | "operation" => Some(script::default_id(kind?, position?)),
            _ if path.ends_with(".shard") => Some(groups::shard_id(n)),
            _ => None,
        }
    };
    array.iter().enumerate().map(name).collect()
}

/// The document without the values at these paths.
pub(super) fn without(document: &Tree, paths: &BTreeSet<&str>) -> Tree {
    let mut document = document.clone();
    remove_in(&mut document, "", paths);
    document
}

fn remove_in(tree: &mut Tree, path: &str, paths: &BTreeSet<&str>) {
    tree.entries.retain_mut(|entry| {
        let path = join(path, &entry.key);
        if paths.contains(path.as_str()) {
            return false;
        }
        match &mut entry.node.value {
            Value::Table(table) => remove_in(table, &path, paths),
            Value::Array(array) => {
                let elements = element_paths(array, &path);
                for (node, path) in array.iter_mut().zip(&elements) {
                    if let Value::Table(table) = &mut node.value {
                        remove_in(table, path, paths);
                    }
                }
            }
            Value::Text(_)
            | Value::Integer(..)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_) => {}
        }
        true
    });
}

/// Whether an element of the array at `path` has a name if it has this key.
pub(super) fn is_name(path: &str, key: &str) -> bool {
    key == "id" || kinds(path).contains(&key)
}

/// The paths of the elements of the array at `path`: by name, or by position from 0 where there
/// is no name or where it is not the only one of its kind.
pub(super) fn element_paths(array: &[Node], path: &str) -> Vec<String> {
    let names = names_in(array, path);
    let mut n_of_name: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names.iter().flatten() {
        *n_of_name.entry(name).or_insert(0) += 1;
    }
    let path_of = |(n, name): (usize, &Option<String>)| match name {
        Some(name) if n_of_name.get(name.as_str()) == Some(&1) => join(path, name),
        Some(_) | None => format!("{path}[{n}]"),
    };
    names.iter().enumerate().map(path_of).collect()
}

/// Calls `visit` with every value of the document and its path, tables before what is in them.
pub(super) fn walk<'t>(tree: &'t Tree, visit: &mut impl FnMut(&str, &'t Node)) {
    for entry in &tree.entries {
        walk_node(&entry.node, &join("", &entry.key), visit);
    }
}

fn walk_node<'t>(node: &'t Node, path: &str, visit: &mut impl FnMut(&str, &'t Node)) {
    visit(path, node);
    match &node.value {
        Value::Table(tree) => {
            for entry in &tree.entries {
                walk_node(&entry.node, &join(path, &entry.key), visit);
            }
        }
        Value::Array(array) => {
            for (path, node) in element_paths(array, path).iter().zip(array) {
                walk_node(node, path, visit);
            }
        }
        Value::Text(_)
        | Value::Integer(..)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_) => {}
    }
}

/// Drops the entries of `[sources]` whose values `over` changes.
fn forget_sources(base: &mut Tree, over: &Tree) {
    let mut changed = Vec::new();
    for entry in &over.entries {
        leaves(entry, "", &mut |path, _| changed.push(path.to_owned()));
    }
    let touches =
        |source: &str| changed.iter().any(|path| is_in(path, source) || is_in(source, path));
    let sources = base.entries.iter_mut().find(|entry| entry.key == "sources");
    if let Some(Value::Table(sources)) = sources.map(|entry| &mut entry.node.value) {
        sources.entries.retain(|entry| !touches(&entry.key));
    }
}

/// Whether the path `inner` is `outer` or below it.
pub(super) fn is_in(outer: &str, inner: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Calls `visit` for every value that `over` puts in place of others: its path, and where its key
/// stands.
pub(super) fn each_value(over: &Tree, visit: &mut impl FnMut(&str, &At)) {
    for entry in &over.entries {
        leaves(entry, "", &mut |path, entry| visit(path, &entry.key_at));
    }
}

/// The values that are there and that `[sources]` explains.
fn explained(base: &Tree) -> Vec<String> {
    let Some(sources) = base.get("sources").and_then(Node::as_table) else {
        return Vec::new();
    };
    let keys: BTreeSet<&str> = sources.entries.iter().map(|entry| entry.key.as_str()).collect();
    let mut explained = Vec::new();
    walk(base, &mut |path, _| {
        if keys.contains(path) {
            explained.push(path.to_owned());
        }
    });
    explained
}

/// Drops the entries of `[sources]` whose values, `explained` before, were displaced.
fn forget_absent(base: &mut Tree, explained: &[String]) {
    if explained.is_empty() {
        return;
    }
    let mut absent: BTreeSet<&str> = explained.iter().map(String::as_str).collect();
    walk(base, &mut |path, _| {
        absent.remove(path);
    });
    let sources = base.entries.iter_mut().find(|entry| entry.key == "sources");
    if let Some(Value::Table(sources)) = sources.map(|entry| &mut entry.node.value) {
        sources.entries.retain(|entry| !absent.contains(entry.key.as_str()));
    }
}

/// Calls `visit` for every value below an entry that is not an open table.
fn leaves(entry: &Entry, path: &str, visit: &mut impl FnMut(&str, &Entry)) {
    let path = join(path, &entry.key);
    match &entry.node.value {
        Value::Table(tree) if tree.style == Style::Open => {
            for entry in &tree.entries {
                leaves(entry, &path, visit);
            }
        }
        Value::Text(_)
        | Value::Integer(..)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_)
        | Value::Table(_) => visit(&path, entry),
    }
}

/// Reads `--set KEY=VALUE`.
pub(super) fn set(text: &str, errors: &mut Errors) -> Option<Assignment> {
    let source = Source::new(format!("--set '{}'", excerpt(text)), text, SourceKind::Argument);
    let (key, value) = halves(&source, errors)?;
    let path = path_of(&source, key, errors)?;
    let node = value_of(&source, value, errors)?;
    Some(path.assign(node))
}

/// Reads `--sweep KEY=A..B` or `--sweep KEY=V,V,V`.
pub(super) fn sweep(text: &str, errors: &mut Errors) -> Option<Axis> {
    let name = format!("--sweep '{}'", excerpt(text));
    let source = Source::new(name, text, SourceKind::Argument);
    let (key, value) = halves(&source, errors)?;
    let path = path_of(&source, key, errors)?;
    let whole = value_of(&source, value.clone(), &mut Errors::default());
    let whole = whole.unwrap_or_else(|| {
        let at = At { source: source.clone(), span: value.clone() };
        Node { at, value: Value::Text(source.text[value.clone()].to_owned()) }
    });
    if whole.as_array().is_some() {
        return axis(&path, &whole, errors);
    }
    if let Some(ends) = range(&source.text[value.clone()]) {
        return axis_of_range(&path, ends, &whole.at, errors);
    }
    let mut values = Vec::new();
    for part in parts(&source.text, value) {
        values.push(value_of(&source, part, errors)?);
    }
    let node = Node { at: whole.at, value: Value::Array(values) };
    axis(&path, &node, errors)
}

/// Reads the axes of `[sweep]`.
pub(super) fn sweep_table(node: &Node, errors: &mut Errors) -> Vec<Axis> {
    let Some(table) = node.as_table() else {
        let place = Place { path: "sweep".into(), at: node.at.clone(), covers: Covers::Value };
        errors.report(Code::WrongType, &place, "expected a table").hint(SWEEP_HINT);
        return Vec::new();
    };
    let mut axes = Vec::new();
    if table.entries.len() > MOST_AXES {
        let place = Place { path: "sweep".into(), at: node.at.clone(), covers: Covers::Key };
        let message = format!("sweeps {} values at once", table.entries.len());
        let hint = format!("at most {MOST_AXES}, of which all combinations are run");
        errors.report(Code::TooManyCells, &place, message).hint(hint);
        return axes;
    }
    for entry in &table.entries {
        axes_below(entry, &Path::default(), &mut axes, errors);
    }
    axes
}

/// A quoted key may hold a whole path; tables below are more of the path.
fn axes_below(entry: &Entry, path: &Path, axes: &mut Vec<Axis>, errors: &mut Errors) {
    let below = match key_segments(&entry.key) {
        Some(segments) => path.below(segments, &entry.key_at),
        None => path.below(vec![entry.key.clone()], &entry.key_at),
    };
    match &entry.node.value {
        Value::Table(tree) => {
            for entry in &tree.entries {
                axes_below(entry, &below, axes, errors);
            }
        }
        Value::Text(text) => match range(text) {
            Some(ends) => axes.extend(axis_of_range(&below, ends, &entry.node.at, errors)),
            None => not_a_sweep(&below, &entry.node.at, errors),
        },
        Value::Array(_) => axes.extend(axis(&below, &entry.node, errors)),
        Value::Integer(..) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
            not_a_sweep(&below, &entry.node.at, errors);
        }
    }
}

const SWEEP_HINT: &str = r#"write a list, as in [0, 1, 2], or a range of integers, as in "0..2""#;

fn not_a_sweep(path: &Path, at: &At, errors: &mut Errors) {
    let place = Place { path: sweep_path(path), at: at.clone(), covers: Covers::Value };
    errors.report(Code::NotASweep, &place, "is not a list of values").hint(SWEEP_HINT);
}

fn sweep_path(path: &Path) -> String {
    format!("sweep.{}", super::tree::key(&path.shown()))
}

fn axis(path: &Path, node: &Node, errors: &mut Errors) -> Option<Axis> {
    let values = node.as_array().unwrap_or_default();
    if values.is_empty() {
        let place = Place { path: sweep_path(path), at: node.at.clone(), covers: Covers::Value };
        errors.report(Code::NotASweep, &place, "holds no value").hint(SWEEP_HINT);
        return None;
    }
    if values.len() as i64 > MOST_VALUES {
        let place = Place { path: sweep_path(path), at: path.at.clone(), covers: Covers::Key };
        let hint = format!("at most {MOST_VALUES}");
        errors.report(Code::TooManyCells, &place, "has too many values").hint(hint);
        return None;
    }
    let mut assignments: Vec<Assignment> = Vec::new();
    for value in values {
        let mut assignment = path.assign(value.clone());
        if assignments.iter().any(|other| other.shown == assignment.shown) {
            // Long values may begin alike.
            assignment.shown = value.printed();
        }
        if assignments.iter().any(|other| other.shown == assignment.shown) {
            let place =
                Place { path: sweep_path(path), at: value.at.clone(), covers: Covers::Value };
            let diagnostic = errors.report(Code::SetTwice, &place, "is in the list already");
            diagnostic.hint("each value makes a cell of its own: leave one out");
            return None;
        }
        assignments.push(assignment);
    }
    Some(Axis { path: path.shown(), at: path.at.clone(), values: assignments })
}

/// The ends of "0..3", both inclusive.
fn range(text: &str) -> Option<(i64, i64)> {
    let (low, high) = text.trim().split_once("..")?;
    Some((low.trim().parse().ok()?, high.trim().trim_start_matches('=').parse().ok()?))
}

fn axis_of_range(
    path: &Path,
    (low, high): (i64, i64),
    at: &At,
    errors: &mut Errors,
) -> Option<Axis> {
    let place = Place { path: sweep_path(path), at: at.clone(), covers: Covers::Value };
    if high < low {
        let hint = format!("both ends are included: write {high}..{low}");
        errors.report(Code::NotASweep, &place, "the range runs backwards").hint(hint);
        return None;
    }
    if high.saturating_sub(low) >= MOST_VALUES {
        let hint = format!("at most {MOST_VALUES}");
        errors.report(Code::TooManyCells, &place, "has too many values").hint(hint);
        return None;
    }
    let node = |n: i64| Node { at: at.clone(), value: Value::Integer(n.to_string(), 10) };
    let values = (low..=high).map(|n| path.assign(node(n))).collect();
    Some(Axis { path: path.shown(), at: path.at.clone(), values })
}

/// A dotted path and where it stands.
#[derive(Clone)]
struct Path {
    segments: Vec<String>,
    at: At,
}

impl Default for Path {
    fn default() -> Self {
        let source = Source::new("", "", SourceKind::Internal);
        Path { segments: Vec::new(), at: At { source, span: 0..0 } }
    }
}

impl Path {
    fn below(&self, segments: Vec<String>, at: &At) -> Path {
        let segments = self.segments.iter().cloned().chain(segments).collect();
        Path { segments, at: at.clone() }
    }

    fn shown(&self) -> String {
        self.segments.iter().fold(String::new(), |path, segment| join(&path, segment))
    }

    /// The tree that holds `node` here and nothing else.
    fn assign(&self, mut node: Node) -> Assignment {
        let (shown, value_at) = (shown(&node), node.at.clone());
        let mut tree = Tree::default();
        for segment in self.segments.iter().rev() {
            let (key, key_at) = (segment.clone(), self.at.clone());
            tree = Tree { entries: vec![Entry { key, key_at, node }], style: Style::Open };
            node = Node { at: self.at.clone(), value: Value::Table(tree.clone()) };
        }
        Assignment { path: self.shown(), tree, at: self.at.clone(), value_at, shown }
    }
}

/// A value as it stands in the name of a cell: text without quotes.
fn shown(node: &Node) -> String {
    let text = node.as_text().map_or_else(|| node.printed(), str::to_owned);
    excerpt(&text)
}

/// Where key and value of `KEY=VALUE` stand.
fn halves(source: &Arc<Source>, errors: &mut Errors) -> Option<(Range<usize>, Range<usize>)> {
    let text = &source.text;
    let Some(equals) = text.find('=').filter(|&at| !text[..at].trim().is_empty()) else {
        not_an_assignment(source, 0..text.len(), errors);
        return None;
    };
    Some((0..equals, equals + 1..text.len()))
}

fn not_an_assignment<'e>(
    source: &Arc<Source>,
    span: Range<usize>,
    errors: &'e mut Errors,
) -> &'e mut Diagnostic {
    let at = At { source: source.clone(), span };
    let place = Place { path: String::new(), at, covers: Covers::Value };
    errors.report(Code::NotAnAssignment, &place, "is not of the form KEY=VALUE").hint(
        "as in group.replicas=2, timing.detection=10s or fault.az-failure-1.az-failure.mttf=50y",
    )
}

fn path_of(source: &Arc<Source>, key: Range<usize>, errors: &mut Errors) -> Option<Path> {
    let Some(segments) = key_segments(&source.text[key.clone()]) else {
        not_an_assignment(source, key, errors);
        return None;
    };
    Some(Path { segments, at: At { source: source.clone(), span: key } })
}

/// The segments of a dotted key, as TOML reads it.
fn key_segments(text: &str) -> Option<Vec<String>> {
    let document = format!("{text} = 0");
    let table = DeTable::parse(&document).ok().filter(|_| !text.contains('\n'))?;
    let mut segments = Vec::new();
    let mut table = table.get_ref();
    loop {
        let (key, value) = table.iter().next()?;
        segments.push(key.get_ref().to_string());
        match value.get_ref().as_table() {
            Some(below) => table = below,
            None => return Some(segments),
        }
    }
}

/// A value as TOML reads it, or else text without quotes.
fn value_of(source: &Arc<Source>, span: Range<usize>, errors: &mut Errors) -> Option<Node> {
    let text = &source.text[span.clone()];
    let start = span.start + (text.len() - text.trim_start().len());
    let trimmed = text.trim();
    let at = At { source: source.clone(), span: start..start + trimmed.len() };
    match DeValue::parse(trimmed) {
        Ok(value) => Some(Node::of(&value, source, start)),
        // What begins so was meant as TOML, and as text it would be told to be no duration.
        Err(_) if trimmed.starts_with(['{', '[', '"', '\'']) => {
            let place = Place { path: String::new(), at, covers: Covers::Key };
            let message = "is not a TOML value";
            let hint = r#"close what is open; within brackets and braces text needs quotes, as in { uniform = ["5s", "15s"] }"#;
            errors.report(Code::NotAnAssignment, &place, message).hint(hint);
            None
        }
        Err(_) => Some(Node { at, value: Value::Text(trimmed.to_owned()) }),
    }
}

/// The parts of a list between commas that stand in no bracket and no quotes.
fn parts(text: &str, span: Range<usize>) -> Vec<Range<usize>> {
    let (mut parts, mut start) = (Vec::new(), span.start);
    let (mut depth, mut quote) = (0_usize, None);
    for (n, c) in text[span.clone()].char_indices() {
        match (quote, c) {
            (Some(mark), _) => quote = (c != mark).then_some(mark),
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(start..span.start + n);
                start = span.start + n + 1;
            }
            (None, _) => {}
        }
    }
    parts.push(start..span.end);
    parts
}
