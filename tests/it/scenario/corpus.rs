//! Golden diagnostics: what `ecsim check` says about each file of `tests/data/bad`, and about
//! options that are wrong, reviewed by eye. `SNAPSHOTS=overwrite cargo test corpus` writes them
//! anew, and the diff is part of the change.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Output;

use elasticache_sim::scenario::codes::Code;

use crate::support::{program, root};

/// Options that are wrong, on top of a scenario of the library.
const OPTIONS: [(&str, &[&str]); 5] = [
    (
        "set",
        &[
            "--set=group.replicas",
            "--set==1",
            "--set=group.replicas=six",
            "--set=timing.detecton=5s",
            "--set=timing.detection=5 parsecs",
            "--set=timing.promotion={ uniform = [\"5s\"] }",
            "--set=fault.fail-primary-2.at=1h",
            "--set=schema=2",
            "--set=group..replicas=1",
        ],
    ),
    (
        "sweep",
        &[
            "--sweep=group.replicas=3..0",
            "--sweep=group.replicas=",
            "--sweep=timing.detection=5s,soon,10s",
            "--sweep=run.horizon=1y,2y",
            "--sweep=workload.writes-per-second=1..100000",
        ],
    ),
    ("sweep-twice", &["--sweep=group.replicas=0..1", "--sweep=group.replicas=2..3"]),
    ("skipped-cells", &["--set=group.multi-az=true", "--sweep=group.replicas=0..6"]),
    ("conflict", &["--set=group.automatic-failover=false", "--set=group.multi-az=true"]),
];

fn check(file: &str, options: &[&str]) -> Output {
    program()
        .current_dir(root())
        .args(["check", file, "--color", "never"])
        .args(options)
        .output()
        .expect("ecsim runs")
}

fn golden(name: &str) -> PathBuf {
    root().join("tests/golden/diagnostics").join(format!("{name}.txt"))
}

/// Checks what is said, and that the exit code tells whether there is an error.
fn compare(name: &str, output: Output) {
    let said = String::from_utf8(output.stderr).expect("diagnostics are UTF-8");
    let is_raw = |c: char| c.is_control() && c != '\n';
    assert!(!said.contains(is_raw), "{name}: a terminal would obey this: {said:?}");
    let has_error = said.lines().any(|line| line.starts_with("error["));
    assert_eq!(output.status.code(), Some(if has_error { 3 } else { 0 }), "{name}: {said}");
    assert!(!said.is_empty(), "{name}: there is something to say");
    // Taken as it is: paths with a backslash would be no concern of ours here.
    snapbox::assert_data_eq!(said, snapbox::Data::read_from(&golden(name), None).raw());
}

/// Names of the files of `tests/data/bad`, without `.toml`, sorted.
fn corpus() -> Vec<String> {
    let files = fs::read_dir(root().join("tests/data/bad")).expect("the corpus is there");
    let paths = files.map(|file| file.expect("readable").path());
    let mut names: Vec<String> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| path.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn every_bad_file_is_told_what_is_wrong() {
    for name in corpus() {
        compare(&name, check(&format!("tests/data/bad/{name}.toml"), &[]));
    }
}

#[test]
fn options_are_told_what_is_wrong() {
    for (name, options) in OPTIONS {
        compare(&format!("option-{name}"), check("scenarios/primary-failure.toml", options));
    }
}

/// The corpus leaves no kind of mistake out, and no golden is left over.
#[test]
fn the_corpus_has_every_code() {
    let mut said = String::new();
    let mut files = BTreeSet::new();
    for file in fs::read_dir(root().join("tests/golden/diagnostics")).expect("it is there") {
        let path = file.expect("readable").path();
        said.push_str(&fs::read_to_string(&path).expect("UTF-8"));
        files.insert(path.file_stem().expect("a name").to_string_lossy().into_owned());
    }
    let options = OPTIONS.iter().map(|(name, _)| format!("option-{name}"));
    let expected: BTreeSet<String> = corpus().into_iter().chain(options).collect();
    assert_eq!(files, expected, "each golden has its file, and each file its golden");
    for code in Code::ALL {
        // A file that is too large would be a burden on the repository, a second file has no place
        // here, and the other is not said yet.
        let is_elsewhere =
            matches!(code, Code::TooLarge | Code::FilesDisagree | Code::SeveralRegions);
        let is_there = said.contains(&format!("[{}]", code.id()));
        assert!(
            is_there || is_elsewhere,
            "no bad file brings {} about: {}",
            code.id(),
            code.title()
        );
    }
}
