//! `[sources]`: where values come from, by their dotted path, for those that cannot carry
//! `source = "…"` themselves. A resolved scenario says here what its defaults rest on.

use std::collections::BTreeMap;

use super::codes::Code;
use super::diagnostics::{Covers, Place, excerpt, nearest};
use super::laws;
use super::overlay;
use super::reader::{Context, Item};
use super::tree::{Node, Tree};
use super::{Assumption, Origin};

/// Gives the assumptions so far the origins that the table `item` names, and adds the values that
/// it explains. Reports sources of values that are not in `document`.
pub(super) fn settle(item: &Item<'_>, document: &Tree, cx: &mut Context<'_>) -> Vec<Assumption> {
    let mut assumptions = std::mem::take(&mut cx.assumptions);
    let hint = r#"write [sources], and below it "timing.detection" = "our last game day""#;
    let Some(table) = item.node().as_table() else {
        item.expected(&mut cx.errors, "a table", hint);
        return assumptions;
    };
    let mut values: BTreeMap<String, &Node> = BTreeMap::new();
    overlay::walk(document, &mut |path, node| {
        if !path.starts_with("sources") {
            values.insert(path.to_owned(), node);
        }
    });
    let noted: BTreeMap<String, usize> =
        assumptions.iter().enumerate().map(|(n, a)| (a.path.clone(), n)).collect();
    for entry in &table.entries {
        let path = format!("{}.{}", item.place.path, super::tree::key(&entry.key));
        if cx.errors.is_full() {
            break;
        }
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
        if !covered.is_empty() {
            for n in covered {
                assumptions[n].why = why.clone();
            }
        } else if let Some(node) = values.get(&entry.key) {
            let value = node.printed_without("source");
            assumptions.push(Assumption { path: entry.key.clone(), value, why });
        } else {
            let place = Place { path, at: entry.key_at.clone(), covers: Covers::Key };
            let message = "the scenario has no such value";
            let diagnostic = cx.errors.report(Code::SourceOfNothing, &place, message);
            let known: Vec<&str> = noted.keys().chain(values.keys()).map(String::as_str).collect();
            if let Some(meant) = nearest(&entry.key, &known) {
                diagnostic.hint(format!("did you mean `{}`?", excerpt(meant)));
            }
            diagnostic.hint("`ecsim check --explain` lists all values by their paths");
        }
    }
    assumptions
}

/// A source as it can stand in a remark and in a table: without line breaks and other characters
/// that a terminal would obey.
fn on_one_line(text: &str) -> String {
    let visible: String = text.chars().filter(|c| c.is_whitespace() || !c.is_control()).collect();
    visible.split_whitespace().collect::<Vec<&str>>().join(" ")
}
