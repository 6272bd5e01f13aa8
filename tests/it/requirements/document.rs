//! docs/requirements.md, written from the table, and the table held against the sources: the tests
//! it lists and the citations in src. `SNAPSHOTS=overwrite cargo test requirements` writes the
//! document anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::table::{ROWS, Row};
use crate::support::root;

/// The families of ids in the order of the document.
const FAMILIES: [&str; 4] = ["MZ", "BK", "OM", "D"];

const INTRODUCTION: &str = "\
# Requirements and where they come from

The code, and some messages, name rules of ElastiCache's behaviour by number. This page says what
each number means, in our words, who says so, which files under `src` follow it, which tests hold
them to it, and what is still missing. *Guide* is the ElastiCache user guide: its page \"Minimizing
downtime by using Multi-AZ\" unless another is named. Where nobody says, it is our decision; a
number that begins with D answers a question that the guide does not raise.

Tests whose name has no module stand in `tests/it/requirements`, where the table of this page
stands too; `SNAPSHOTS=overwrite cargo test requirements` writes the page anew.

| row | what it says | who says so | in the code | tests | not yet |
|---|---|---|---|---|---|
";

const END: &str = "
Times and rates have their sources beside their values: `ecsim run` names those that nobody
published.
";

/// All Rust files under `dir`, and their text.
fn sources(dir: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("readable") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("UTF-8");
            found.push((path, text));
        }
    }
    found.sort();
    found
}

/// The ids that a text cites.
fn cited(text: &str) -> BTreeSet<&str> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let is_id = |word: &&str| {
        FAMILIES.iter().any(|family| {
            let number = word.strip_prefix(family).and_then(|rest| rest.strip_prefix('-'));
            number.is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()))
        })
    };
    text.split(|c: char| !is_word(c)).filter(is_id).collect()
}

/// The files under src that cite each id.
fn citations() -> BTreeMap<String, Vec<String>> {
    let src = root().join("src");
    let mut citations: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, text) in sources(&src) {
        let path = path.strip_prefix(&src).expect("under src").to_string_lossy().into_owned();
        for id in cited(&text) {
            citations.entry(id.to_owned()).or_default().push(path.clone());
        }
    }
    citations
}

/// The tests that a text defines and that are not ignored.
fn tests_in(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if line == "#[test]" {
            is_test = true;
        } else if line.starts_with("#[ignore") {
            is_test = false;
        } else if let Some(rest) = line.strip_prefix("fn ")
            && std::mem::take(&mut is_test)
        {
            names.extend(rest.split('(').next());
        }
    }
    names
}

/// The tests of this folder.
fn own_tests() -> BTreeSet<String> {
    let files = sources(&root().join("tests/it/requirements"));
    files.iter().flat_map(|(_, text)| tests_in(text)).map(str::to_owned).collect()
}

/// How the name of a test begins that belongs to the row: "mz_24_".
fn prefix(id: &str) -> String {
    id.to_lowercase().replace('-', "_") + "_"
}

fn code_list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| format!("`{item}`")).collect();
    items.join(", ")
}

/// docs/requirements.md.
fn document() -> String {
    let citations = citations();
    let mut text = INTRODUCTION.to_owned();
    for Row { id, says, source, tests, not_yet } in ROWS {
        let files = citations.get(*id).into_iter().flatten().map(String::as_str);
        let (files, tests) = (code_list(files), code_list(tests.iter().copied()));
        let not_yet = not_yet.unwrap_or("");
        writeln!(text, "| {id} | {says} | {source} | {files} | {tests} | {not_yet} |")
            .expect("a string takes it");
    }
    text + END
}

#[test]
fn the_document_says_what_the_table_says() {
    let path = root().join("docs/requirements.md");
    snapbox::assert_data_eq!(document(), snapbox::Data::read_from(&path, None).raw());
}

#[test]
fn the_rows_are_in_order_and_say_something() {
    let key = |row: &Row| {
        let (family, number) = row.id.split_once('-').expect("an id is a family and a number");
        let family = FAMILIES.iter().position(|known| *known == family);
        (family.expect("a known family"), number.parse::<u32>().expect("a number"))
    };
    assert!(ROWS.is_sorted_by(|a, b| key(a) < key(b)), "in ascending order, each once");
    let multi_az = (1..=70).map(|n| format!("MZ-{n:02}"));
    let backups = (1..=4).map(|n| format!("BK-{n:02}"));
    for id in multi_az.chain(backups) {
        assert!(ROWS.iter().any(|row| row.id == id), "{id} has no row");
    }
    for row in ROWS {
        assert!(!row.tests.is_empty(), "{} has no test", row.id);
        let texts = [row.says, row.source, row.not_yet.unwrap_or("-")];
        assert!(texts.iter().all(|text| !text.is_empty()), "{} has an empty field", row.id);
        assert!(!texts.concat().contains(['|', '\n']), "{} would break the table", row.id);
    }
}

#[test]
fn every_listed_test_exists() {
    let own = own_tests();
    for row in ROWS {
        for test in row.tests {
            let exists = match test.split_once("::") {
                None => own.contains(*test),
                Some((module, name)) => {
                    let path = root().join("tests/it").join(module).with_extension("rs");
                    let text = std::fs::read_to_string(path).expect("a module of the tests");
                    tests_in(&text).contains(&name)
                }
            };
            assert!(exists, "{}: there is no test {test}", row.id);
        }
    }
}

#[test]
fn every_test_of_a_row_is_listed_under_it() {
    for test in own_tests() {
        let family = test.split('_').next().unwrap_or("").to_uppercase();
        if !FAMILIES.contains(&family.as_str()) {
            continue;
        }
        let row = ROWS.iter().find(|row| test.starts_with(&prefix(row.id)));
        let row = row.unwrap_or_else(|| panic!("{test} belongs to no row"));
        assert!(row.tests.contains(&test.as_str()), "{test} is not listed under {}", row.id);
    }
    for row in ROWS {
        for test in row.tests.iter().filter(|test| !test.contains("::")) {
            assert!(test.starts_with(&prefix(row.id)), "{test} is not of {}", row.id);
        }
    }
}

#[test]
fn every_row_is_cited_in_the_code() {
    let citations = citations();
    let missing: Vec<&str> =
        ROWS.iter().map(|row| row.id).filter(|id| !citations.contains_key(*id)).collect();
    assert!(missing.is_empty(), "no file under src cites {}", missing.join(", "));
}

#[test]
fn every_cited_row_is_explained() {
    for dir in ["src", "tests/it"] {
        for (path, text) in sources(&root().join(dir)) {
            for id in cited(&text) {
                let is_row = ROWS.iter().any(|row| row.id == id);
                assert!(is_row, "{} cites {id}, which has no row", path.display());
            }
        }
    }
}

#[test]
fn citations_and_tests_are_seen() {
    let ids = |text: &'static str| cited(text).into_iter().collect::<Vec<_>>();
    assert_eq!(ids("as it is (MZ-24, MZ-26). See D-1:"), ["D-1", "MZ-24", "MZ-26"]);
    assert_eq!(ids("AMZ-24 MZ-x MZ- P-D-1 MZ-24b mz-24"), Vec::<&str>::new());
    let text = "#[test]\nfn a() {}\nfn b() {}\n#[test]\n#[ignore = \"slow\"]\nfn c() {}\n\
                /// D\n#[test]\nfn d() {\n";
    assert_eq!(tests_in(text), ["a", "d"]);
}
