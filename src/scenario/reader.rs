//! A decoder over the tree of what was written that collects every mistake instead of stopping at
//! one.
//!
//! A [`Table`] remembers which keys it was asked for; [`Table::finish`] reports all others. A
//! method that returns `None` has reported why, unless it says that the key may be absent.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::Path;

use super::aws_names;
use super::codes::Code;
use super::diagnostics::{Covers, Diagnostic, Errors, Place, hint_names, join, listed, nearest};
use super::laws;
use super::overlay;
use super::sample::Samples;
use super::source::{At, SourceKind};
use super::tree::{Node, Tree, Value};
use super::units::{self, Complaint, Length};
use super::{Assumption, Origin};
use crate::engine::time::Span;

/// What every section of a scenario is read with.
pub(super) struct Context<'a> {
    /// Mistakes so far.
    pub errors: Errors,
    /// Files named in the scenario are relative to this directory.
    pub base_dir: &'a Path,
    /// The sample files that were read so far.
    pub samples: Samples,
    /// Defaults, and values that no source backs, in the order of reading.
    pub assumptions: Vec<Assumption>,
    /// The ranges that are stated for means, by the path of what has the mean.
    pub ranges: BTreeMap<String, (String, String)>,
    /// The choices that a rule has, by its path, as TOML.
    pub choices: BTreeMap<String, Vec<String>>,
}

impl<'a> Context<'a> {
    /// Nothing read yet.
    pub fn new(base_dir: &'a Path) -> Self {
        Context {
            errors: Errors::default(),
            base_dir,
            samples: Samples::default(),
            assumptions: Vec::new(),
            ranges: BTreeMap::new(),
            choices: BTreeMap::new(),
        }
    }

    /// Notes a value for which somebody may ask why.
    pub fn assume(&mut self, path: &str, value: impl Into<String>, why: Origin) {
        let (path, value) = (path.to_owned(), value.into());
        self.assumptions.push(Assumption { path, value, why, range: None });
    }
}

/// A value and where it stands.
pub(super) struct Item<'a> {
    /// Where.
    pub place: Place,
    node: &'a Node,
}

impl<'a> Item<'a> {
    /// The value at a path.
    pub fn new(path: String, node: &'a Node) -> Self {
        let covers = if node.as_table().is_some() { Covers::Key } else { Covers::Value };
        Item { place: Place { path, at: node.at.clone(), covers }, node }
    }

    /// What was written.
    pub fn node(&self) -> &'a Node {
        self.node
    }

    /// The value as TOML on one line, without what is said about it.
    pub fn printed(&self) -> String {
        self.node.printed_without(&laws::BESIDE)
    }

    /// Reports that something else was expected here.
    pub fn expected(&self, errors: &mut Errors, what: &str, hint: &str) {
        let found = match &self.node.value {
            Value::Text(_) => "a string",
            Value::Integer(..) => "an integer",
            Value::Float(_) => "a float",
            Value::Boolean(_) => "a boolean",
            Value::Datetime(_) => "a datetime",
            Value::Array(_) => "an array",
            Value::Table(_) => "a table",
        };
        let message = format!("expected {what}, found {found}");
        let diagnostic = errors.report(Code::WrongType, &self.place, message);
        if !hint.is_empty() {
            diagnostic.hint(hint);
        }
    }

    /// The text: a string, or in the argument of an option a number as well, since there quotes
    /// may be left out.
    fn as_text(&self) -> Option<&'a str> {
        let is_argument = self.place.at.source.kind == SourceKind::Argument;
        match &self.node.value {
            Value::Text(text) => Some(text),
            Value::Integer(digits, 10) | Value::Float(digits) if is_argument => Some(digits),
            Value::Integer(..)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Array(_)
            | Value::Table(_) => None,
        }
    }

    /// Whether it is a string.
    pub fn is_text(&self) -> bool {
        self.as_text().is_some()
    }

    /// Whether it is a table.
    pub fn is_table(&self) -> bool {
        self.node.as_table().is_some()
    }

    /// Whether it is an integer or a float.
    pub fn is_number(&self) -> bool {
        matches!(self.node.value, Value::Integer(..) | Value::Float(_))
    }

    /// Its text.
    pub fn text(&self, errors: &mut Errors, what: &str) -> Option<&'a str> {
        let text = self.as_text();
        if text.is_none() {
            self.expected(errors, what, "");
        }
        text
    }

    /// `true` or `false`.
    pub fn boolean(&self, errors: &mut Errors) -> Option<bool> {
        match self.node.value {
            Value::Boolean(boolean) => Some(boolean),
            Value::Text(_)
            | Value::Integer(..)
            | Value::Float(_)
            | Value::Datetime(_)
            | Value::Array(_)
            | Value::Table(_) => {
                self.expected(errors, "true or false", "write true or false, without quotes");
                None
            }
        }
    }

    /// One of the named values.
    pub fn choice<T: Copy>(&self, errors: &mut Errors, among: &[(&str, T)]) -> Option<T> {
        let names = || among.iter().map(|&(name, _)| name).collect::<Vec<&str>>();
        let Some(text) = self.as_text() else {
            let hint = format!("write one of {}", listed_in_quotes(&names()));
            self.expected(errors, "a string", &hint);
            return None;
        };
        let found = among.iter().find(|(name, _)| *name == text);
        if found.is_none() {
            let message = "is not one of the choices";
            let diagnostic = errors.report(Code::NotAChoice, &self.place, message);
            hint_names(diagnostic, text, &names());
        }
        found.map(|&(_, value)| value)
    }

    /// A whole number within `range`, written as an integer, a whole float or text like "1e4".
    pub fn count(&self, errors: &mut Errors, range: RangeInclusive<u64>) -> Option<u64> {
        let read = match &self.node.value {
            Value::Integer(digits, 10) | Value::Float(digits) => units::count(digits),
            Value::Integer(digits, radix) => {
                u64::from_str_radix(digits, *radix).or_else(|_| units::too_large())
            }
            Value::Text(text) => units::count(text),
            Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
                self.expected(errors, "a whole number", "");
                return None;
            }
        };
        match read {
            Ok(count) if range.contains(&count) => Some(count),
            Ok(_) => {
                let (low, high) = range.into_inner();
                let message = match high {
                    u64::MAX => format!("must be at least {low}"),
                    _ if low == high => format!("must be {low}"),
                    _ => format!("must be from {low} to {high}"),
                };
                errors.report(Code::OutOfRange, &self.place, message);
                None
            }
            Err(complaint) => self.complain(errors, Code::NotACount, complaint),
        }
    }

    /// A number, perhaps infinite or NaN.
    pub fn number(&self, errors: &mut Errors) -> Option<f64> {
        let (Value::Integer(digits, 10) | Value::Float(digits)) = &self.node.value else {
            self.expected(errors, "a number", "");
            return None;
        };
        let number = digits.parse().ok();
        if number.is_none() {
            errors.report(Code::WrongType, &self.place, "is not a number");
        }
        number
    }

    /// A duration of any length.
    pub fn length(&self, errors: &mut Errors) -> Option<Length> {
        let Some(text) = self.as_text() else {
            self.expected(errors, "a duration", r#"write it as text with a unit, as in "30s""#);
            return None;
        };
        match units::duration(text) {
            Ok(length) => Some(length),
            Err(complaint) => self.complain(errors, Code::NotADuration, complaint),
        }
    }

    /// A duration that fits simulated time.
    pub fn span(&self, errors: &mut Errors) -> Option<Span> {
        let span = self.length(errors)?.as_span();
        if span.is_none() {
            let hint = "at most 584 years fit here";
            errors.report(Code::DurationRange, &self.place, "is too long").hint(hint);
        }
        span
    }

    /// A size in bytes within `range`, as text or as a whole number.
    pub fn size(&self, errors: &mut Errors, range: RangeInclusive<u64>) -> Option<u64> {
        if self.is_number() {
            return self.count(errors, range);
        }
        let Some(text) = self.as_text() else {
            self.expected(errors, "a size", r#"write it like "512 B" or "8 GiB""#);
            return None;
        };
        match units::size(text) {
            Ok(bytes) if range.contains(&bytes) => Some(bytes),
            Ok(_) => {
                let (low, high) = range.into_inner();
                let (low, high) = (units::shown_size(low), units::shown_size(high));
                let message = format!("must be from {low} to {high}");
                errors.report(Code::OutOfRange, &self.place, message);
                None
            }
            Err(complaint) => self.complain(errors, Code::NotASize, complaint),
        }
    }

    /// A rate in bytes per second within `range`, as text or as a whole number.
    pub fn rate(&self, errors: &mut Errors, range: RangeInclusive<u64>) -> Option<u64> {
        if self.is_number() {
            return self.count(errors, range);
        }
        let Some(text) = self.as_text() else {
            self.expected(errors, "a rate", r#"write it like "100 MB/s" or "1 Gbit/s""#);
            return None;
        };
        match units::rate(text) {
            Ok(rate) if range.contains(&rate) => Some(rate),
            Ok(_) => {
                let (low, high) = range.into_inner();
                let (low, high) = (units::shown_size(low), units::shown_size(high));
                let message = format!("must be from {low}/s to {high}/s");
                errors.report(Code::OutOfRange, &self.place, message);
                None
            }
            Err(complaint) => self.complain(errors, Code::NotARate, complaint),
        }
    }

    fn complain<T>(&self, errors: &mut Errors, code: Code, complaint: Complaint) -> Option<T> {
        errors.report(code, &self.place, complaint.message).hint(complaint.hint);
        None
    }

    /// The elements of an array.
    pub fn array(&self, errors: &mut Errors, what: &str, hint: &str) -> Option<Vec<Item<'a>>> {
        let Some(array) = self.node.as_array() else {
            self.expected(errors, what, hint);
            return None;
        };
        let element = |(n, node)| Item::new(format!("{}[{n}]", self.place.path), node);
        Some(array.iter().enumerate().map(element).collect())
    }

    /// The elements of an array of tables, each under the name by which overlays address it.
    pub fn elements(&self, errors: &mut Errors, hint: &str) -> Option<Vec<Item<'a>>> {
        let Some(array) = self.node.as_array() else {
            self.expected(errors, "an array of tables", hint);
            return None;
        };
        let paths = overlay::element_paths(array, &self.place.path);
        Some(paths.into_iter().zip(array).map(|(path, node)| Item::new(path, node)).collect())
    }

    /// A table.
    pub fn table(&self, errors: &mut Errors, hint: &str) -> Option<Table<'a>> {
        let Some(tree) = self.node.as_table() else {
            self.expected(errors, "a table", hint);
            return None;
        };
        let place = Place { covers: Covers::Key, ..self.place.clone() };
        Some(Table { place, tree: Some(tree), asked: Vec::new() })
    }
}

/// Names in double quotes, separated by commas.
fn listed_in_quotes(names: &[&str]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<String>>().join(", ")
}

/// A table and the keys that it was asked for.
pub(super) struct Table<'a> {
    /// Where its header or its opening brace stands.
    pub place: Place,
    /// `None` for a section that is absent.
    tree: Option<&'a Tree>,
    asked: Vec<&'static str>,
}

impl<'a> Table<'a> {
    /// The whole document, which begins at `at`.
    pub fn root(tree: &'a Tree, at: At) -> Self {
        let place = Place { path: String::new(), at, covers: Covers::Key };
        Table { place, tree: Some(tree), asked: Vec::new() }
    }

    /// What stands in for the absent section `key` of a document: all its keys are absent.
    pub fn absent(&self, key: &str) -> Table<'a> {
        let place = Place { path: key.to_owned(), ..self.place.clone() };
        Table { place, tree: None, asked: Vec::new() }
    }

    /// The value of `key`, which may be absent.
    pub fn get(&mut self, key: &'static str) -> Option<Item<'a>> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        Some(Item::new(join(&self.place.path, key), self.tree?.get(key)?))
    }

    /// The value of `key` without asking for it.
    pub fn peek(&self, key: &str) -> Option<Item<'a>> {
        Some(Item::new(join(&self.place.path, key), self.tree?.get(key)?))
    }

    /// Allows keys that are read elsewhere.
    pub fn allow(&mut self, keys: &[&'static str]) {
        self.asked.extend(keys);
    }

    /// The value of `key`, which must not be absent.
    pub fn require(
        &mut self,
        key: &'static str,
        errors: &mut Errors,
        hint: &str,
    ) -> Option<Item<'a>> {
        let item = self.get(key);
        if item.is_none() {
            let diagnostic = errors.missing(&self.place, key);
            if !hint.is_empty() {
                diagnostic.hint(hint);
            }
        }
        item
    }

    /// Whether it has a key that it was not asked for yet.
    pub fn has_others(&self) -> bool {
        self.others().next().is_some()
    }

    fn others(&self) -> impl Iterator<Item = (&'a str, Place)> {
        let entries = self.tree.into_iter().flat_map(|tree| &tree.entries);
        entries.filter(|entry| !self.asked.contains(&entry.key.as_str())).map(|entry| {
            let path = join(&self.place.path, &entry.key);
            let place = Place { path, at: entry.key_at.clone(), covers: Covers::Key };
            (entry.key.as_str(), place)
        })
    }

    /// Reports every key that it was not asked for; those in `later` are of the format, but this
    /// version cannot do them.
    pub fn finish(self, errors: &mut Errors, later: &[&str]) {
        self.finish_among(errors, later, &[]);
    }

    /// The same; `paths` are those of all values, of which an option may have left out the
    /// beginning.
    pub fn finish_among(self, errors: &mut Errors, later: &[&str], paths: &[String]) {
        for (key, place) in self.others() {
            if later.contains(&key) {
                let hint = "leave it out: the answer is then that of a group without it";
                not_in_this_version(errors, &place).hint(hint);
            } else if errors.is_full() {
                errors.unknown(&place);
            } else {
                let alias = aws_names::find(key);
                let elsewhere = elsewhere(&place, paths);
                if !elsewhere.is_empty() {
                    errors.unknown(&place).hint(format!("did you mean {elsewhere}?"));
                    continue;
                }
                let near = nearest(key, &self.asked);
                // Who misspelt a key did not leave it out.
                if let Some(meant) = alias.map(|a| a.meant).or(near) {
                    errors.forgive_missing(&join(&self.place.path, meant));
                }
                let diagnostic = errors.unknown(&place);
                match (alias, near) {
                    (Some(aws_names::Alias { hint, .. }), _) => {
                        diagnostic.hint(*hint);
                    }
                    (None, Some(near)) => {
                        diagnostic.hint(format!("did you mean `{near}`?"));
                    }
                    (None, None) => hint_names(diagnostic, key, &self.asked),
                }
            }
        }
    }
}

/// The paths that end with what an option names, as far as they are few.
fn elsewhere(place: &Place, paths: &[String]) -> String {
    const FEW: usize = 3;
    if place.at.source.kind != SourceKind::Argument {
        return String::new();
    }
    let end = format!(".{}", place.path);
    let mut found: Vec<&str> =
        paths.iter().map(String::as_str).filter(|path| path.ends_with(&end)).collect();
    found.sort_unstable();
    found.dedup();
    listed(found.into_iter().take(FEW))
}

/// Reports something that the format names and this version does not model.
pub(super) fn not_in_this_version<'e>(errors: &'e mut Errors, place: &Place) -> &'e mut Diagnostic {
    errors.report(Code::NotInThisVersion, place, "is not in this version")
}
