//! The documents as a whole: every link leads somewhere, every page is in an index, and all
//! lessons have the same parts. What single pages say is compared by `docs`, `exact`, `results`,
//! `requirements` and `timelines`; the commands that they show are run by `readme`.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::root;

fn text_of(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).expect("readable")
}

/// All documents: those of the root and everything under `docs`, by their paths from the root.
fn documents() -> Vec<String> {
    let mut found = vec!["README.md".to_owned(), "ARCHITECTURE.md".to_owned()];
    let mut folders = vec!["docs".to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(root().join(&folder)).expect("a folder") {
            let entry = entry.expect("readable");
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.file_type().expect("readable").is_dir() {
                folders.push(path);
            } else if path.ends_with(".md") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The lines of a Markdown text that are prose: those outside fenced blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_fenced = false;
    text.lines().filter(move |line| {
        let is_fence = line.starts_with("```");
        is_fenced ^= is_fence;
        !is_fenced && !is_fence
    })
}

/// What forges call a heading in an address: small letters, digits, `-` and `_`.
fn slug(heading: &str) -> String {
    let small = heading.trim().to_lowercase().replace(' ', "-");
    small.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

/// The addresses of all headings of a text; one that comes again is numbered from 1.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let headings = prose(text).filter(|line| line.starts_with('#'));
    let named = headings.map(|line| slug(line.trim_start_matches('#')));
    named
        .map(|slug| {
            let n = seen.entry(slug.clone()).or_default();
            *n += 1;
            if *n == 1 { slug } else { format!("{slug}-{}", *n - 1) }
        })
        .collect()
}

/// The targets of all links of a text that lead to a place in the repository.
fn links(text: &str) -> Vec<String> {
    let text = prose(text).collect::<Vec<_>>().join("\n");
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://")).map(str::to_owned).collect()
}

/// The path that a link of a document leads to, from the root; `..` goes up.
fn target_of(document: &str, link: &str) -> String {
    let path = link.split('#').next().expect("a text has a first part");
    if path.is_empty() {
        return document.to_owned();
    }
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            ".." => assert!(parts.pop().is_some(), "{document}: {link} leaves the repository"),
            "." | "" => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn every_link_leads_somewhere() {
    let mut n = 0;
    for document in documents() {
        for link in links(&text_of(&document)) {
            n += 1;
            let target = target_of(&document, &link);
            assert!(root().join(&target).exists(), "{document}: no {target} for ({link})");
            if let Some((_, anchor)) = link.split_once('#') {
                let has = anchors(&text_of(&target)).contains(anchor);
                assert!(has, "{document}: no heading for ({link})");
            }
        }
    }
    assert!(n > 50, "{n} links were found");
}

#[test]
fn headings_are_addressed_as_forges_do() {
    assert_eq!(slug(" `[[fault]]`"), "fault");
    assert_eq!(slug("Three ways, many times"), "three-ways-many-times");
    assert_eq!(slug("`group.self-hosted`"), "groupself-hosted");
    let text = "# How\n```sh\n# not this\n```\n## How\n";
    assert_eq!(anchors(text), BTreeSet::from(["how".to_owned(), "how-1".to_owned()]));
    assert_eq!(target_of("docs/lessons/a.md", "../b.md#c"), "docs/b.md");
    assert_eq!(target_of("docs/lessons/a.md", "#c"), "docs/lessons/a.md");
}

#[test]
fn every_document_is_in_an_index() {
    let indexes = ["docs/README.md", "docs/lessons/README.md"];
    let listed: BTreeSet<String> = indexes
        .iter()
        .flat_map(|index| links(&text_of(index)).into_iter().map(|link| target_of(index, &link)))
        .collect();
    for document in documents().iter().filter(|document| **document != indexes[0]) {
        assert!(listed.contains(document), "{document} is in no index");
    }
}

#[test]
fn every_lesson_has_the_same_parts() {
    const PARTS: [&str; 6] = ["Predict", "Run it", "What you see", "Why", "Try", "Discuss"];
    let lessons = documents();
    let lessons = lessons.iter().filter(|document| document.starts_with("docs/lessons/"));
    let lessons = lessons.filter(|document| !document.ends_with("/README.md"));
    let mut n = 0;
    for lesson in lessons {
        n += 1;
        let text = text_of(lesson);
        let parts: Vec<&str> = prose(&text).filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(parts, PARTS, "{lesson}");
        let has = |what: &str| assert!(text.contains(what), "{lesson} has no {what}");
        has("**You need**");
        has("```console\n");
        has("--format html");
        has("<details>");
        assert!(text.lines().count() <= 140, "{lesson} is a short class");
    }
    assert_eq!(n, 8, "lessons");
}
