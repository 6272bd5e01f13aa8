//! A strict reader of the HTML that we write: what it does not understand is a mistake of ours.

use std::collections::BTreeSet;

/// Elements that have no end.
const VOID: [&str; 4] = ["meta", "link", "br", "img"];
/// Elements whose text is not markup.
const RAW: [&str; 2] = ["style", "script"];

/// An element as it begins.
#[derive(Debug)]
pub struct Element {
    /// Its name in small letters.
    pub name: String,
    /// Its attributes as written, without references resolved.
    pub attributes: Vec<(String, String)>,
    /// The text up to the next tag.
    pub text: String,
}

impl Element {
    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// All elements of a page; panics where tags do not nest, an id comes twice, or an attribute has no
/// quotes.
pub fn elements(page: &str) -> Vec<Element> {
    let body = page.strip_prefix("<!doctype html>").expect("a page says that it is HTML");
    let (mut elements, mut open): (Vec<Element>, Vec<String>) = (Vec::new(), Vec::new());
    let mut ids = BTreeSet::new();
    let mut rest = body;
    while let Some(at) = rest.find('<') {
        let (text, tag) = rest.split_at(at);
        assert!(!text.contains('>'), "a bare > in {text:?}");
        if let Some(last) = elements.last_mut() {
            last.text.push_str(text);
        }
        if let Some(comment) = tag.strip_prefix("<!--") {
            rest = comment.split_once("-->").expect("a comment ends").1;
            continue;
        }
        let end = end_of(tag);
        let inner = &tag[1..end];
        rest = &tag[end + 1..];
        if let Some(name) = inner.strip_prefix('/') {
            let last = open.pop();
            assert_eq!(last.as_deref(), Some(name.trim()), "tags nest, near {:.80}", rest);
            continue;
        }
        let is_closed = inner.ends_with('/');
        let element = element(inner.trim_end_matches('/'));
        if let Some(id) = element.get("id") {
            assert!(ids.insert(id.to_owned()), "the id {id} comes twice");
        }
        let name = element.name.clone();
        elements.push(element);
        if RAW.contains(&name.as_str()) {
            let end = format!("</{name}>");
            let (text, after) = rest.split_once(&end).expect("raw text ends");
            elements.last_mut().expect("it was pushed").text.push_str(text);
            rest = after;
        } else if !is_closed && !VOID.contains(&name.as_str()) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?} never end");
    elements
}

/// Where a tag ends, past quotes.
fn end_of(tag: &str) -> usize {
    let mut is_quoted = false;
    for (n, c) in tag.char_indices() {
        match c {
            '"' => is_quoted = !is_quoted,
            '>' if !is_quoted => return n,
            _ => {}
        }
    }
    panic!("a tag never ends: {tag:.80}");
}

fn element(inner: &str) -> Element {
    let (name, mut rest) = inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        let Some(after) = after.strip_prefix('=') else {
            attributes.push((key.to_owned(), String::new()));
            rest = after;
            continue;
        };
        let value =
            after.strip_prefix('"').unwrap_or_else(|| panic!("no quotes at {key} in {inner}"));
        let (value, after) = value.split_once('"').expect("quotes end");
        attributes.push((key.to_owned(), value.to_owned()));
        rest = after;
    }
    Element { name: name.to_lowercase(), attributes, text: String::new() }
}

/// Panics unless a page stands alone and can be read by everybody: nothing from elsewhere, no
/// script unless it may have one, one main heading, no level of headings left out, every table with
/// headings, every picture with words.
pub fn is_sound(page: &str) {
    let all = elements(page);
    let mut level = 0;
    for element in &all {
        for key in ["src", "href", "xlink:href", "action"] {
            let is_inside = |value: &str| value.starts_with('#') || value.starts_with("data:");
            assert!(element.get(key).is_none_or(is_inside), "from elsewhere: {element:?}");
        }
        if let Some(digit) = element.name.strip_prefix('h').and_then(|n| n.parse::<u32>().ok()) {
            assert!(digit <= level + 1, "after a heading of level {level}: {element:?}");
            level = digit;
        }
        if element.name == "svg" {
            let names = element.get("aria-labelledby").or(element.get("aria-label"));
            assert!(names.is_some() || element.get("aria-hidden").is_some(), "{element:?}");
        }
        if element.name == "style" {
            assert!(!element.text.contains("url(") && !element.text.contains("@import"));
        }
        if let Some(target) = element.get("href").and_then(|href| href.strip_prefix('#')) {
            assert!(all.iter().any(|it| it.get("id") == Some(target)), "no {target}");
        }
    }
    let n = |name: &str| all.iter().filter(|element| element.name == name).count();
    // Pictures have titles, too; those have ids.
    let titles = all.iter().filter(|it| it.name == "title" && it.get("id").is_none()).count();
    assert_eq!((n("h1"), titles, n("main")), (1, 1, 1));
    assert!(n("th") > 0 || n("table") == 0);
    let language = all.iter().find(|it| it.name == "html").and_then(|it| it.get("lang"));
    assert_eq!(language, Some("en"));
}
