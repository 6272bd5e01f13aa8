//! `[sources]`: where values come from, by their dotted path, for those that cannot carry
//! `source = "…"` themselves. A resolved scenario says here what its defaults rest on.

use std::collections::{BTreeMap, BTreeSet};

use super::codes::Code;
use super::diagnostics::{Covers, Place, excerpt, is_visible, nearest};
use super::laws;
use super::overlay;
use super::reader::{Context, Item};
use super::tree::{Entry, Node, Tree};
use super::{Assumption, Origin};

/// The document without the values that the table `item` calls defaults, so that reading it tells
/// what the defaults are; `None` if it calls none so.
pub(super) fn without_defaults(item: &Item<'_>, document: &Tree) -> Option<Tree> {
    let table = item.node().as_table()?;
    let claimed: BTreeSet<&str> = table
        .entries
        .iter()
        .filter(|entry| entry.node.as_text().is_some_and(|text| Origin::read(text).is_claim()))
        .map(|entry| entry.key.as_str())
        .collect();
    (!claimed.is_empty()).then(|| overlay::without(document, &claimed))
}

/// Gives the assumptions so far the origins that the table `item` names, and adds the values that
/// it explains. Reports sources of values that are not in `document`, and those that call a value
/// a default that is not the one in `defaults`.
pub(super) fn settle(
    item: &Item<'_>,
    document: &Tree,
    defaults: &BTreeMap<String, String>,
    cx: &mut Context<'_>,
) -> Vec<Assumption> {
    let mut assumptions = std::mem::take(&mut cx.assumptions);
    let hint = r#"write [sources], and below it "timing.detection" = "our last game day""#;
    let Some(table) = item.node().as_table() else {
        item.expected(&mut cx.errors, "a table", hint);
        return assumptions;
    };
    let mut values: BTreeMap<String, &Node> = BTreeMap::new();
    overlay::walk(document, &mut |path, node| {
        if !overlay::is_in("sources", path) {
            values.insert(path.to_owned(), node);
        }
    });
    let noted: BTreeMap<String, usize> =
        assumptions.iter().enumerate().map(|(n, a)| (a.path.clone(), n)).collect();
    for entry in &table.entries {
        let path = format!("{}.{}", item.place.path, super::tree::key(&entry.key));
        let source = Item::new(path.clone(), &entry.node);
        if source.is_table() {
            let what = "text that says where the value comes from";
            let hint = r#"write the whole path in quotes, as in "timing.detection" = "…""#;
            source.expected(&mut cx.errors, what, hint);
            continue;
        }
        let Some(text) = laws::source_text(&source, cx) else {
            continue;
        };
        let why = Origin::read(&on_one_line(text));
        let covered: Vec<usize> = noted
            .range(entry.key.clone()..)
            .take_while(|(path, _)| path.starts_with(&entry.key))
            .filter(|(path, _)| overlay::is_in(&entry.key, path))
            .map(|(_, &n)| n)
            .collect();
        let claim = Claim { path: &path, entry, why: &why, defaults };
        if !covered.is_empty() {
            for n in covered {
                let Assumption { path: at, value, why: before, .. } = &mut assumptions[n];
                let node = values.get(at.as_str()).filter(|_| *before == Origin::Unsourced);
                *before = match node {
                    Some(node) => claim.checked(at, value, node, cx),
                    None => why.clone(),
                };
            }
        } else if let Some(node) = values.get(&entry.key) {
            let value = node.printed_without(&laws::BESIDE);
            let why = claim.checked(&entry.key, &value, node, cx);
            // A value that is simply given is nothing to explain.
            if why != Origin::Unsourced {
                assumptions.push(Assumption { path: entry.key.clone(), value, why, range: None });
            }
        } else {
            let place = Place { path, at: entry.key_at.clone(), covers: Covers::Key };
            let message = "the scenario has no such value";
            let is_full = cx.errors.is_full();
            let diagnostic = cx.errors.report(Code::SourceOfNothing, &place, message);
            if is_full {
                continue;
            }
            let known: Vec<&str> = noted.keys().chain(values.keys()).map(String::as_str).collect();
            if let Some(meant) = nearest(&entry.key, &known) {
                diagnostic.hint(format!("did you mean `{}`?", excerpt(meant)));
            }
            diagnostic.hint("`ecsim check --explain` lists all values by their paths");
        }
    }
    assumptions
}

/// What an entry says of a value that is given.
struct Claim<'a> {
    path: &'a str,
    entry: &'a Entry,
    why: &'a Origin,
    defaults: &'a BTreeMap<String, String>,
}

impl Claim<'_> {
    /// Its origin, unless it calls a value a default that is none, which is reported.
    fn checked(&self, at: &str, value: &str, node: &Node, cx: &mut Context<'_>) -> Origin {
        let default = self.defaults.get(at);
        if !self.why.is_claim() || default.is_some_and(|default| default == value) {
            return self.why.clone();
        }
        let (path, at) = (self.path.to_owned(), self.entry.key_at.clone());
        let place = Place { path, at, covers: Covers::Key };
        let message = "calls a value a default that is none";
        let diagnostic = cx.errors.report(Code::StaleSource, &place, message);
        diagnostic.hint(match default {
            Some(default) => format!("the default is {default}"),
            None => "there is no default for it".to_owned(),
        });
        diagnostic.hint("say where the value comes from, or leave the entry out");
        diagnostic.relate(&node.at, "the value");
        Origin::Unsourced
    }
}

/// A source as it can stand in a remark and in a table: without line breaks and other characters
/// that a terminal would obey.
fn on_one_line(text: &str) -> String {
    let visible: String =
        text.chars().filter(|&c| c == '\n' || c == '\t' || is_visible(c)).collect();
    visible.split_whitespace().collect::<Vec<&str>>().join(" ")
}
