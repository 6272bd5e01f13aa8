//! What a user wrote, as a tree of values each of which knows where it stands: the common ground
//! of the file, its policies, its sweep and the command line, on which they are merged.

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml_writer::{ToTomlKey as _, ToTomlValue as _, TomlKeyBuilder, TomlStringBuilder};

use super::source::{At, Source, SourceKind};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Where: the value itself, or the header or opening brace of a table.
    pub at: At,
    /// What.
    pub value: Value,
}

/// A TOML value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// A string.
    Text(String),
    /// An integer as written, and the base of its digits.
    Integer(String, u32),
    /// A float as written.
    Float(String),
    /// `true` or `false`.
    Boolean(bool),
    /// A date, a time or both, as written.
    Datetime(String),
    /// An array.
    Array(Vec<Node>),
    /// A table.
    Table(Tree),
}

/// A table: its entries in the order of the text.
#[derive(Clone, Default, Debug)]
pub(super) struct Tree {
    /// The entries; no key comes twice.
    pub entries: Vec<Entry>,
    /// How it is written.
    pub style: Style,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_at: At,
    /// Its value.
    pub node: Node,
}

/// How a table is written, which decides what an overlay does with it.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) enum Style {
    /// Under a header, or through dotted keys: an overlay reaches inside.
    #[default]
    Open,
    /// In braces: one value.
    Braces,
}

impl Tree {
    /// The tree of a table that was parsed from the text of `source` behind the byte `offset`.
    pub fn of(table: &DeTable<'_>, source: &Arc<Source>, offset: usize) -> Tree {
        let mut entries: Vec<Entry> = table
            .iter()
            .map(|(key, value)| Entry {
                key: key.get_ref().to_string(),
                key_at: at(key.span(), source, offset),
                node: Node::of(value, source, offset),
            })
            .collect();
        entries.sort_by_key(|entry| entry.key_at.span.start);
        Tree { entries, style: Style::Open }
    }

    /// The entry of `key`.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// How many values it holds, tables and arrays included.
    pub fn n_values(&self) -> usize {
        self.entries.iter().map(|entry| entry.node.n_values()).sum()
    }

    /// Takes out the entry of `key`.
    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| entry.key == key)?;
        Some(self.entries.remove(at))
    }
}

/// Bytes of `source`, counted from `offset`.
fn at(span: Range<usize>, source: &Arc<Source>, offset: usize) -> At {
    At { source: source.clone(), span: span.start + offset..span.end + offset }
}

impl Node {
    /// The node of a value that was parsed from the text of `source` behind the byte `offset`.
    pub fn of(value: &Spanned<DeValue<'_>>, source: &Arc<Source>, offset: usize) -> Node {
        let at = at(value.span(), source, offset);
        let value = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(integer) => {
                Value::Integer(integer.as_str().to_owned(), integer.radix())
            }
            DeValue::Float(float) => Value::Float(float.as_str().to_owned()),
            DeValue::Boolean(boolean) => Value::Boolean(*boolean),
            DeValue::Datetime(datetime) => Value::Datetime(datetime.to_string()),
            DeValue::Array(array) => {
                Value::Array(array.iter().map(|item| Node::of(item, source, offset)).collect())
            }
            DeValue::Table(table) => {
                let is_braces = at.text().starts_with('{');
                let style = if is_braces { Style::Braces } else { Style::Open };
                Value::Table(Tree { style, ..Tree::of(table, source, offset) })
            }
        };
        Node { at, value }
    }

    fn n_values(&self) -> usize {
        match &self.value {
            Value::Table(tree) => 1 + tree.n_values(),
            Value::Array(array) => 1 + array.iter().map(Node::n_values).sum::<usize>(),
            Value::Text(_)
            | Value::Integer(..)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_) => 1,
        }
    }

    /// The table that it is.
    pub fn as_table(&self) -> Option<&Tree> {
        match &self.value {
            Value::Table(tree) => Some(tree),
            Value::Text(_)
            | Value::Integer(..)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Array(_) => None,
        }
    }

    /// The elements of the array that it is.
    pub fn as_array(&self) -> Option<&[Node]> {
        match &self.value {
            Value::Array(array) => Some(array),
            Value::Text(_)
            | Value::Integer(..)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Table(_) => None,
        }
    }

    /// The text that it is.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Integer(..)
            | Value::Float(_)
            | Value::Boolean(_)
            | Value::Datetime(_)
            | Value::Array(_)
            | Value::Table(_) => None,
        }
    }

    /// The value as TOML on one line. The parser limits how deep values nest.
    pub fn printed(&self) -> String {
        self.printed_without(&[])
    }

    /// The same without the keys that are `left_out`.
    pub fn printed_without(&self, left_out: &[&str]) -> String {
        match &self.value {
            Value::Text(text) => quoted(text),
            Value::Integer(digits, 2) => format!("0b{digits}"),
            Value::Integer(digits, 8) => format!("0o{digits}"),
            Value::Integer(digits, 16) => format!("0x{digits}"),
            Value::Integer(digits, _) => digits.clone(),
            Value::Float(digits) | Value::Datetime(digits) => digits.clone(),
            Value::Boolean(boolean) => boolean.to_string(),
            Value::Array(array) => {
                let shown: Vec<String> =
                    array.iter().map(|item| item.printed_without(left_out)).collect();
                format!("[{}]", shown.join(", "))
            }
            Value::Table(tree) => {
                let shown: Vec<String> = tree
                    .entries
                    .iter()
                    .filter(|entry| !left_out.contains(&entry.key.as_str()))
                    .map(|entry| {
                        let value = entry.node.printed_without(left_out);
                        format!("{} = {value}", key(&entry.key))
                    })
                    .collect();
                match shown.is_empty() {
                    true => "{}".to_owned(),
                    false => format!("{{ {} }}", shown.join(", ")),
                }
            }
        }
    }
}

/// A text as a TOML string on one line.
pub(super) fn quoted(text: &str) -> String {
    TomlStringBuilder::new(text).as_basic().to_toml_value()
}

/// A key as TOML wants it: bare where that is possible.
pub(super) fn key(key: &str) -> String {
    TomlKeyBuilder::new(key).as_default().to_toml_key()
}

/// The value that is the whole text of `source`; `None` if it is no TOML value.
pub(super) fn value(source: &Arc<Source>) -> Option<Node> {
    DeValue::parse(&source.text).ok().map(|value| Node::of(&value, source, 0))
}

/// A value of a resolved scenario as TOML on one line, without the words on where its laws come
/// from: that at `key`, if it is a table that has one, and all of it otherwise.
pub fn value_without_sources(value: &str, key: Option<&str>) -> String {
    const NAME: &str = "value";
    let source = Source::new(NAME, format!("{NAME} = {value}"), SourceKind::Internal);
    let (table, _) = DeTable::parse_recoverable(&source.text);
    let tree = Tree::of(table.get_ref(), &source, 0);
    let whole = tree.get(NAME);
    let part = key.and_then(|key| whole?.as_table()?.get(key));
    part.or(whole).map_or_else(|| value.to_owned(), |node| node.printed_without(&["source"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lose_their_sources_and_nothing_else() {
        let check = |value: &str, key: Option<&str>, expected: &str| {
            assert_eq!(value_without_sources(value, key), expected);
        };
        check(r#""5s""#, None, r#""5s""#);
        check(r#"{ fixed = "5s", source = "a \"b\" c" }"#, None, r#"{ fixed = "5s" }"#);
        let nested = r#"{ d = { f = "1s", source = 'x' }, m = "2s" }"#;
        check(nested, None, r#"{ d = { f = "1s" }, m = "2s" }"#);
        check(nested, Some("d"), r#"{ f = "1s" }"#);
        check(nested, Some("e"), r#"{ d = { f = "1s" }, m = "2s" }"#);
    }
}
