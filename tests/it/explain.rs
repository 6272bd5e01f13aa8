//! The pages of `ecsim explain`: each code has one, and what its examples are said to bring about
//! they bring about.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use elasticache_sim::scenario::codes::{Code, Severity};
use elasticache_sim::scenario::{self, Diagnostic, LoadError, Overrides};

use crate::blocks::{self, Block};
use crate::support::root;

/// Codes that no text of a scenario brings about, and bytes that do.
fn of_bytes(code: Code) -> Option<Vec<u8>> {
    match code.id() {
        "E0101" => Some(b"schema = 1 # \xe9t\xe9\n".to_vec()),
        "E0102" => Some(vec![b'\n'; (1 << 20) + 1]),
        _ => None,
    }
}

/// Everything that is said about an example.
fn said(block: &Block<'_>, dir: &Path) -> Vec<Diagnostic> {
    let (text, overrides) = match block.kind {
        "toml" => (blocks::whole(block.text), Overrides::default()),
        _ => (blocks::whole(""), options(block.text)),
    };
    match scenario::parse("my.toml", &text, dir, &overrides) {
        Ok(experiment) => experiment.remarks,
        Err(mistakes) => mistakes,
    }
}

/// The options of `$ ecsim run my.toml --set KEY=VALUE`.
fn options(console: &str) -> Overrides {
    let mut words = console
        .trim()
        .strip_prefix("$ ecsim run my.toml ")
        .into_iter()
        .flat_map(|c| c.split(' ').map(str::to_owned));
    let mut overrides = Overrides::default();
    while let Some(option) = words.next() {
        let value = words.next().expect("an option has a value");
        match option.as_str() {
            "--set" => overrides.set.push(value),
            "--sweep" => overrides.sweep.push(value),
            other => panic!("{other} in\n{console}"),
        }
    }
    assert_ne!(overrides, Overrides::default(), "options are to be read in\n{console}");
    overrides
}

/// The code that no single file brings about.
const TAKES_TWO_FILES: &str = "E0808";

/// The two files of its page bring it about together, and nothing else.
fn check_two_files(examples: &[Block<'_>], dir: &Path) {
    let paths: Vec<PathBuf> = (1..=examples.len()).map(|n| dir.join(format!("{n}.toml"))).collect();
    for (path, example) in paths.iter().zip(examples) {
        std::fs::write(path, blocks::whole(example.text)).expect("a file of our own");
    }
    match scenario::load_all(&paths, &Overrides::default()) {
        Err(LoadError::Invalid(found)) => assert_eq!(codes(&found), [TAKES_TWO_FILES].into()),
        other => panic!("{:?}", other.map(|experiment| experiment.name)),
    }
    let horizon = Overrides { set: vec!["run.horizon=3y".to_owned()], ..Overrides::default() };
    assert!(scenario::load_all(&paths, &horizon).is_ok(), "an option makes them agree");
}

fn codes(said: &[Diagnostic]) -> BTreeSet<&'static str> {
    said.iter().map(|diagnostic| diagnostic.code.id()).collect()
}

fn errors(said: &[Diagnostic]) -> BTreeSet<&'static str> {
    let errors = said.iter().filter(|diagnostic| diagnostic.severity() == Severity::Error);
    errors.map(|diagnostic| diagnostic.code.id()).collect()
}

#[test]
fn every_page_opens_with_its_code_and_fits_a_terminal() {
    for code in Code::ALL {
        let page = code.page();
        let title = format!("# {}: {}", code.id(), code.title());
        assert_eq!(page.lines().next(), Some(title.as_str()));
        assert!(page.lines().count() > 5, "{}: a page says something", code.id());
        for line in page.lines() {
            assert!(line.chars().count() <= 80, "{}: {line}", code.id());
        }
    }
}

/// The first example of a page brings its code about, and of errors no other; the second brings
/// about neither.
#[test]
fn every_example_does_what_its_page_says() {
    for &code in Code::ALL {
        let (id, page) = (code.id(), code.page());
        let dir = blocks::samples(page, id);
        let found = blocks::blocks(page);
        let examples: Vec<&Block<'_>> =
            found.iter().filter(|block| ["toml", "console"].contains(&block.kind)).collect();
        if id == TAKES_TWO_FILES {
            check_two_files(&found, &dir);
            continue;
        }
        if let Some(bytes) = of_bytes(code) {
            let file = dir.join("my.toml");
            std::fs::write(&file, bytes).expect("a file of our own");
            match scenario::load(&file, &Overrides::default()) {
                Err(LoadError::Invalid(mistakes)) => {
                    assert_eq!(codes(&mistakes), [id].into(), "{id}");
                }
                other => panic!("{id}: {other:?}"),
            }
            continue;
        }
        let [wrong, right] = examples.as_slice() else {
            panic!("{id}: {} examples, where one is to be wrong and one right", examples.len());
        };
        let about_wrong = said(wrong, &dir);
        let about_right = said(right, &dir);
        let expected = match code.severity() {
            Severity::Error => [id].into(),
            Severity::Warning | Severity::Advice => BTreeSet::new(),
        };
        assert!(codes(&about_wrong).contains(id), "{id}: is not said of\n{}", wrong.text);
        assert_eq!(errors(&about_wrong), expected, "{id}: is said of\n{}", wrong.text);
        assert!(!codes(&about_right).contains(id), "{id}: is said of\n{}", right.text);
        assert_eq!(errors(&about_right), [].into(), "{id}: is said of\n{}", right.text);
    }
}

#[test]
fn what_pages_refer_to_is_there() {
    let rules = std::fs::read_to_string(root().join("docs/requirements.md")).expect("readable");
    for code in Code::ALL {
        for rule in blocks::numbered(code.page(), &["MZ-", "D-"]) {
            assert!(rules.contains(&format!("| {rule} |")), "{}: no rule {rule}", code.id());
        }
        for other in blocks::numbered(code.page(), &["E0", "W0"]) {
            assert!(Code::find(other).is_some(), "{}: no code {other}", code.id());
        }
    }
}

/// An error says what to do, or at least what there is.
#[test]
fn every_error_of_a_page_comes_with_a_hint() {
    let is_of_text = |code: &&Code| of_bytes(**code).is_none() && code.id() != TAKES_TWO_FILES;
    for &code in Code::ALL.iter().filter(is_of_text) {
        let page = code.page();
        let dir = blocks::samples(page, code.id());
        let found = blocks::blocks(page);
        let first = found.iter().find(|block| ["toml", "console"].contains(&block.kind));
        let said = said(first.expect("a page has an example"), &dir);
        let own = said.iter().filter(|diagnostic| diagnostic.code == code);
        for diagnostic in own.filter(|diagnostic| !WITHOUT_HINT.contains(&diagnostic.code.id())) {
            assert!(!diagnostic.hints.is_empty(), "{diagnostic}");
        }
    }
}

/// Codes whose message says what is allowed by itself.
const WITHOUT_HINT: [&str; 3] = ["E0103", "E0302", "E0305"];
