//! A decoder over toml's spanned tree that collects every mistake instead of stopping at one.
//!
//! A [`Table`] remembers which keys it was asked for; [`Table::finish`] reports all others. A
//! method that returns `None` has reported why, unless it says that the key may be absent.

use std::ops::RangeInclusive;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::diagnostics::{Covers, Diagnostic, Errors, Place, hint_names, join};
use super::units::{self, Complaint, Length};
use super::{Assumption, Origin};
use crate::engine::time::Span;

/// What every section of a scenario is read with.
pub(super) struct Context<'a> {
    /// Mistakes so far.
    pub errors: Errors<'a>,
    /// Files named in the scenario are relative to this directory.
    pub base_dir: &'a Path,
    /// Values that no source backs, in the order of reading.
    pub assumptions: Vec<Assumption>,
}

impl Context<'_> {
    /// Notes a value for which somebody may ask why.
    pub fn assume(&mut self, path: &str, value: impl Into<String>, why: Origin) {
        let (path, value) = (path.to_owned(), value.into());
        self.assumptions.push(Assumption { path, value, why });
    }
}

/// A value and where it stands.
pub(super) struct Item<'a> {
    /// Where.
    pub place: Place,
    value: &'a DeValue<'a>,
}

impl<'a> Item<'a> {
    /// The value at a path, for values that stand in no table.
    pub fn new(place: Place, value: &'a DeValue<'a>) -> Self {
        Item { place, value }
    }

    /// The value as TOML on one line, without the key `source`.
    pub fn printed(&self) -> String {
        printed(self.value)
    }

    /// Reports that something else was expected here.
    pub fn expected(&self, errors: &mut Errors<'_>, what: &str, hint: &str) {
        // Where the value itself is broken TOML, the parser has complained and left a stand-in.
        let stand_in = self.place.span.is_empty() && !self.value.is_table();
        if !stand_in {
            let found = self.value.type_str();
            let article = if found.starts_with(['a', 'i']) { "an" } else { "a" };
            let message = format!("expected {what}, found {article} {found}");
            let diagnostic = errors.report(&self.place, message);
            if !hint.is_empty() {
                diagnostic.hint(hint);
            }
        }
    }

    /// Whether it is a string.
    pub fn is_text(&self) -> bool {
        self.value.is_str()
    }

    /// Whether it is a table.
    pub fn is_table(&self) -> bool {
        self.value.is_table()
    }

    /// Whether it is an integer or a float.
    pub fn is_number(&self) -> bool {
        self.value.is_integer() || self.value.is_float()
    }

    /// Its text.
    pub fn text(&self, errors: &mut Errors<'_>, what: &str) -> Option<&'a str> {
        let text = self.value.as_str();
        if text.is_none() {
            self.expected(errors, what, "");
        }
        text
    }

    /// `true` or `false`.
    pub fn boolean(&self, errors: &mut Errors<'_>) -> Option<bool> {
        let boolean = self.value.as_bool();
        if boolean.is_none() {
            self.expected(errors, "true or false", "");
        }
        boolean
    }

    /// One of the named values.
    pub fn choice<T: Copy>(&self, errors: &mut Errors<'_>, among: &[(&str, T)]) -> Option<T> {
        let text = self.text(errors, "a string")?;
        let found = among.iter().find(|(name, _)| *name == text);
        if found.is_none() {
            let names: Vec<&str> = among.iter().map(|&(name, _)| name).collect();
            hint_names(errors.report(&self.place, "is not one of the choices"), text, &names);
        }
        found.map(|&(_, value)| value)
    }

    /// A whole number within `range`, written as an integer, a whole float or text like "1e4".
    pub fn count(&self, errors: &mut Errors<'_>, range: RangeInclusive<u64>) -> Option<u64> {
        let read = match self.value {
            DeValue::Integer(integer) if integer.radix() == 10 => units::count(integer.as_str()),
            DeValue::Integer(integer) => {
                u64::from_str_radix(integer.as_str(), integer.radix()).or_else(|_| units::count(""))
            }
            DeValue::Float(float) => units::count(float.as_str()),
            DeValue::String(text) => units::count(text),
            DeValue::Boolean(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                self.expected(errors, "a whole number", "");
                return None;
            }
        };
        if self.place.span.is_empty() {
            return None;
        }
        match read {
            Ok(count) if range.contains(&count) => Some(count),
            Ok(_) => {
                let (low, high) = range.into_inner();
                let message = match high {
                    u64::MAX => format!("must be at least {low}"),
                    _ => format!("must be from {low} to {high}"),
                };
                errors.report(&self.place, message);
                None
            }
            Err(complaint) => self.complain(errors, complaint),
        }
    }

    /// A number, perhaps infinite or NaN.
    pub fn number(&self, errors: &mut Errors<'_>) -> Option<f64> {
        let text = match self.value {
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
            DeValue::Float(float) => float.as_str(),
            DeValue::Integer(_)
            | DeValue::String(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => {
                self.expected(errors, "a number", "");
                return None;
            }
        };
        if self.place.span.is_empty() {
            return None;
        }
        let number = text.parse().ok();
        if number.is_none() {
            errors.report(&self.place, "is not a number");
        }
        number
    }

    /// A duration of any length.
    pub fn length(&self, errors: &mut Errors<'_>) -> Option<Length> {
        let Some(text) = self.value.as_str() else {
            self.expected(errors, "a duration", r#"write it as text with a unit, as in "30s""#);
            return None;
        };
        match units::duration(text) {
            Ok(length) => Some(length),
            Err(complaint) => self.complain(errors, complaint),
        }
    }

    /// A duration that fits simulated time.
    pub fn span(&self, errors: &mut Errors<'_>) -> Option<Span> {
        let span = self.length(errors)?.as_span();
        if span.is_none() {
            errors.report(&self.place, "is too long").hint("at most 584 years fit here");
        }
        span
    }

    /// A size in bytes within `range`, as text or as a whole number.
    pub fn size(&self, errors: &mut Errors<'_>, range: RangeInclusive<u64>) -> Option<u64> {
        let Some(text) = self.value.as_str() else {
            if self.is_number() {
                return self.count(errors, range);
            }
            self.expected(errors, "a size", r#"write it like "512 B" or "8 GiB""#);
            return None;
        };
        match units::size(text) {
            Ok(bytes) if range.contains(&bytes) => Some(bytes),
            Ok(_) => {
                let (low, high) = range.into_inner();
                errors.report(&self.place, format!("must be from {low} to {high} bytes"));
                None
            }
            Err(complaint) => self.complain(errors, complaint),
        }
    }

    fn complain<T>(&self, errors: &mut Errors<'_>, complaint: Complaint) -> Option<T> {
        errors.report(&self.place, complaint.message).hint(complaint.hint);
        None
    }

    /// The elements of an array.
    pub fn array(&self, errors: &mut Errors<'_>, what: &str, hint: &str) -> Option<Vec<Item<'a>>> {
        let Some(array) = self.value.as_array() else {
            self.expected(errors, what, hint);
            return None;
        };
        let element = |(n, value): (usize, &'a toml::Spanned<DeValue<'a>>)| {
            let covers = match value.get_ref().is_table() {
                true => Covers::Key,
                false => Covers::Value,
            };
            let path = format!("{}[{n}]", self.place.path);
            Item::new(Place { path, span: value.span(), covers }, value.get_ref())
        };
        Some(array.iter().enumerate().map(element).collect())
    }

    /// A table.
    pub fn table(&self, errors: &mut Errors<'_>, hint: &str) -> Option<Table<'a>> {
        let Some(table) = self.value.as_table() else {
            self.expected(errors, "a table", hint);
            return None;
        };
        let place = Place { covers: Covers::Key, ..self.place.clone() };
        Some(Table::new(place, table))
    }
}

/// A table and the keys that it was asked for.
pub(super) struct Table<'a> {
    /// Where its header or its opening brace stands.
    pub place: Place,
    /// `None` for a section that is absent.
    table: Option<&'a DeTable<'a>>,
    asked: Vec<&'static str>,
}

impl<'a> Table<'a> {
    /// A table that was asked for nothing yet.
    pub fn new(place: Place, table: &'a DeTable<'a>) -> Self {
        Table { place, table: Some(table), asked: Vec::new() }
    }

    /// What stands in for the absent section `key`: all its keys are absent.
    pub fn absent(key: &str) -> Self {
        let place = Place { path: key.to_owned(), span: 0..0, covers: Covers::Key };
        Table { place, table: None, asked: Vec::new() }
    }

    /// The value of `key`, which may be absent.
    pub fn get(&mut self, key: &'static str) -> Option<Item<'a>> {
        self.asked.push(key);
        let value = self.table?.get(key)?;
        let covers = if value.get_ref().is_table() { Covers::Key } else { Covers::Value };
        let path = join(&self.place.path, key);
        Some(Item::new(Place { path, span: value.span(), covers }, value.get_ref()))
    }

    /// The value of `key`, which must not be absent.
    pub fn require(
        &mut self,
        key: &'static str,
        errors: &mut Errors<'_>,
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

    /// The keys that it was asked for, which are the allowed ones.
    pub fn asked(&self) -> &[&'static str] {
        &self.asked
    }

    /// Whether it has a key that it was not asked for yet.
    pub fn has_others(&self) -> bool {
        self.others().next().is_some()
    }

    fn others(&self) -> impl Iterator<Item = (&'a str, Place)> {
        let entries = self.table.into_iter().flat_map(DeTable::iter);
        entries.filter(|(key, _)| !self.asked.contains(&key.get_ref().as_ref())).map(|(key, _)| {
            let path = join(&self.place.path, key.get_ref());
            (key.get_ref().as_ref(), Place { path, span: key.span(), covers: Covers::Key })
        })
    }

    /// Reports every key that it was not asked for; those in `later` are of the format, but this
    /// version cannot do them.
    pub fn finish(self, errors: &mut Errors<'_>, later: &[&str]) {
        for (key, place) in self.others() {
            if later.contains(&key) {
                not_in_this_version(errors, &place);
            } else {
                hint_names(errors.unknown(&place), key, &self.asked);
            }
        }
    }
}

/// Reports something that the format names and this version does not model.
pub(super) fn not_in_this_version<'e>(
    errors: &'e mut Errors<'_>,
    place: &Place,
) -> &'e mut Diagnostic {
    errors.report(place, "is not in this version")
}

/// A value as TOML on one line. The parser limits how deep values nest.
fn printed(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("\"{}\"", text.escape_debug()),
        DeValue::Integer(integer) => integer.to_string(),
        DeValue::Float(float) => float.to_string(),
        DeValue::Boolean(boolean) => boolean.to_string(),
        DeValue::Datetime(datetime) => datetime.to_string(),
        DeValue::Array(array) => {
            let shown: Vec<String> = array.iter().map(|v| printed(v.get_ref())).collect();
            format!("[{}]", shown.join(", "))
        }
        DeValue::Table(table) => {
            let shown: Vec<String> = table
                .iter()
                .filter(|(key, _)| key.get_ref() != "source")
                .map(|(key, v)| format!("{} = {}", join("", key.get_ref()), printed(v.get_ref())))
                .collect();
            format!("{{ {} }}", shown.join(", "))
        }
    }
}
