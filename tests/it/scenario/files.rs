//! Several files side by side: names, agreement, random numbers, and what was read.

use std::path::PathBuf;

use super::*;
use crate::support::run;
use elasticache_sim::scenario::{Experiment, InputKind, RandomNumbers};

/// A folder of files, gone when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, files: &[(&str, &str)]) -> Folder {
        let dir = std::env::temp_dir().join(format!("files-{name}-{}", std::process::id()));
        for (file, text) in files {
            let path = dir.join(file);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder of ours");
            std::fs::write(path, text).expect("a file of ours");
        }
        Folder(dir)
    }

    fn load(&self, files: &[&str], overrides: &Overrides) -> Result<Experiment, LoadError> {
        let paths: Vec<PathBuf> = files.iter().map(|file| self.0.join(file)).collect();
        scenario::load_all(&paths, overrides)
    }

    fn accepted(&self, files: &[&str]) -> Experiment {
        self.load(files, &Overrides::default()).unwrap_or_else(|error| panic!("{error}"))
    }

    /// What is said of these files.
    fn refused(&self, files: &[&str], overrides: &Overrides) -> Vec<Diagnostic> {
        match self.load(files, overrides) {
            Err(LoadError::Invalid(found)) => found,
            other => panic!("{:?}", other.map(|experiment| experiment.name)),
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn file(azs: &str, rest: &str) -> String {
    format!("{HEAD}[group]\nid = \"g\"\nazs = {azs}\nreplicas = 1\n{rest}")
}

const FAULT: &str = "[[fault]]\naz-failure = { mttf = \"30d\", duration = \"1h\" }\n";

fn names(experiment: &Experiment) -> Vec<(&str, &str, Option<&str>)> {
    experiment
        .policies
        .iter()
        .map(|policy| (&*policy.name, &*policy.base, policy.name_in_file.as_deref()))
        .collect()
}

#[test]
fn policies_are_called_after_their_files() {
    let policies = "[[policy]]\nname = \"p\"\n[[policy]]\nname = \"q\"\n\
                    set = { group.replicas = 0 }\n";
    let sweep = "[sweep]\n\"group.replicas\" = [0, 2]\n";
    let folder = Folder::new(
        "names",
        &[
            ("one.toml", &file("[\"a\", \"b\"]", "")),
            ("two.toml", &file("[\"a\", \"c\"]", policies)),
            ("three.toml", &file("[\"b\", \"c\"]", sweep)),
            ("sub/one.toml", &file("[\"c\", \"d\"]", "")),
        ],
    );
    let all = folder.accepted(&["one.toml", "two.toml", "three.toml"]);
    assert_eq!((all.name.as_str(), all.stem.as_str()), ("one + two + three", "one+two+three"));
    assert_eq!(
        names(&all),
        [
            ("one", "one", None),
            ("two: p", "two: p", Some("p")),
            ("two: q", "two: q", Some("q")),
            ("three: group.replicas=0", "three", Some("group.replicas=0")),
            ("three: group.replicas=2", "three", Some("group.replicas=2")),
        ]
    );
    assert_eq!(all.called("three").count(), 2);
    assert!(all.policies[1].file.ends_with("two.toml"));
    // Of one file it is what it always was.
    let alone = folder.accepted(&["two.toml"]);
    assert_eq!(names(&alone), [("p", "p", Some("p")), ("q", "q", Some("q"))]);
    // Files of the same stem go by their paths.
    let same = folder.accepted(&["one.toml", "sub/one.toml"]);
    let paths = ["one.toml", "sub/one.toml"].map(|name| folder.0.join(name).display().to_string());
    assert_eq!(same.policies.iter().map(|p| p.name.clone()).collect::<Vec<String>>(), paths);
    assert_eq!(same.name, "one + one");
}

#[test]
fn azs_have_one_number_over_all_files() {
    let folder = Folder::new(
        "azs",
        &[
            ("one.toml", &file("[\"a\", \"b\"]", FAULT)),
            ("other.toml", &file("[\"b\", \"c\"]", FAULT)),
            ("third.toml", &file("[\"a\", \"b\"]", FAULT)),
        ],
    );
    let all = folder.accepted(&["one.toml", "other.toml"]);
    let [one, other] = all.policies.as_slice() else { panic!("two policies") };
    let entity = |policy: &scenario::Policy, name: &str| {
        policy.plan.azs.iter().find(|az| az.name == name).map(|az| az.entity)
    };
    assert_eq!(entity(one, "b"), entity(other, "b"));
    assert_ne!(entity(one, "a"), entity(other, "b"));
    assert_eq!(one.random_numbers, RandomNumbers::OfFile);
    assert_eq!(other.random_numbers, RandomNumbers::OfAllFiles);
    // Where the file alone is said to give the same histories, it does; and else it does not.
    let history = |policy: &scenario::Policy| run(&policy.plan, 42, 0).0;
    for (policy, name) in [(one, "one.toml"), (other, "other.toml")] {
        let alone = folder.accepted(&[name]);
        let is_same = history(&alone.policies[0]) == history(policy);
        assert_eq!(is_same, policy.random_numbers == RandomNumbers::OfFile, "{name}");
    }
    let same = folder.accepted(&["one.toml", "third.toml"]);
    let told = same.remarks.iter().find(|d| d.code.id() == "W0912").expect("they are the same");
    assert_eq!(told.message, "`third` comes to the same as `one`");
    assert!(told.file.ends_with("third.toml"));
}

#[test]
fn files_agree_in_what_is_common() {
    let with =
        |run: &str| file("[\"a\", \"b\"]", FAULT).replace("[group]", &format!("{run}\n[group]"));
    let folder = Folder::new(
        "run",
        &[
            ("one.toml", &with("seed = 1\ntrials = 100")),
            ("two.toml", &with("seed = 2\ntrials = 1e2\nwarm-up = \"0s\"")),
            ("three.toml", &with("seed = 1\nwarm-up = \"1d\"")),
            ("four.toml", &with("seed = 1\ntrials = 100").replace("1y", "365d")),
        ],
    );
    let check = |files: &[&str], overrides: Overrides, expected: &[&str]| {
        let found = folder.refused(files, &overrides);
        let paths: Vec<&str> = found.iter().map(|d| d.path.as_str()).collect();
        assert_eq!(paths, expected, "{files:?}");
        for diagnostic in &found {
            let (first, said) = (folder.0.join(files[0]), &diagnostic.message);
            assert!(said.contains(&first.display().to_string()), "{said}");
            assert!(said.contains(&diagnostic.file), "{said}");
            assert_eq!(diagnostic.related.len(), 1);
        }
    };
    let seed = || Overrides { seed: Some(7), ..Overrides::default() };
    check(&["one.toml", "two.toml"], Overrides::default(), &["run.seed"]);
    check(&["one.toml", "three.toml"], seed(), &["run.trials", "run.warm-up"]);
    check(&["one.toml", "two.toml", "three.toml"], seed(), &["run.trials", "run.warm-up"]);
    let all = folder.load(&["one.toml", "two.toml"], &seed()).expect("the option decides");
    assert_eq!((all.seed, all.trials, all.policies.len()), (7, 100, 2));
    // Another word for the same length is no disagreement.
    assert_eq!(folder.accepted(&["one.toml", "four.toml"]).policies.len(), 2);
}

#[test]
fn all_mistakes_of_all_files_are_told() {
    let folder = Folder::new(
        "mistakes",
        &[
            ("b.toml", &file("[\"a\", \"b\"]", "[timing]\nzzz = 1\nreboot = 5\n")),
            ("a.toml", &file("[\"a\", \"b\"]", "[rules]\nyyy = 1\n")),
            ("fine.toml", &file("[\"a\", \"b\"]", "")),
        ],
    );
    let overrides = Overrides { set: vec!["group.zones=1".to_owned()], ..Overrides::default() };
    let found = folder.refused(&["b.toml", "fine.toml", "a.toml"], &overrides);
    let errors: Vec<(&str, &str)> = found
        .iter()
        .filter(|d| d.severity() == Severity::Error)
        .map(|d| (d.path.as_str(), d.file.rsplit('/').next().unwrap_or_default()))
        .collect();
    let expected = [
        ("timing.zzz", "b.toml"),
        ("timing.reboot", "b.toml"),
        ("rules.yyy", "a.toml"),
        ("group.zones", "--set 'group.zones=1'"),
    ];
    assert_eq!(errors, expected);
    match folder.load(&["a.toml", "fine.toml", "./fine.toml"], &Overrides::default()) {
        Err(LoadError::Twice(path)) => assert!(path.ends_with("fine.toml")),
        other => panic!("{:?}", other.map(|experiment| experiment.name)),
    }
}

#[test]
fn expectations_are_about_their_own_file() {
    let expect =
        |policy: &str| format!("[[expect]]\nmetric = \"lost_writes\"\nbelow = 5\n{policy}");
    let policies = "[[policy]]\nname = \"p\"\n[[policy]]\nname = \"q\"\n\
                    set = { group.multi-az = false }\n[sweep]\n\"group.replicas\" = [1, 2]\n";
    let several = format!(
        "{}{}{}",
        expect(""),
        expect("policy = \"q\"\n"),
        expect("policy = \"p, group.replicas=1\"\n")
    );
    let folder = Folder::new(
        "expect",
        &[
            ("one.toml", &file("[\"a\", \"b\"]", &expect(""))),
            ("two.toml", &file("[\"a\", \"b\"]", &format!("{policies}{several}"))),
        ],
    );
    let all = folder.accepted(&["one.toml", "two.toml"]);
    let about: Vec<Option<&str>> =
        all.expectations.iter().map(|expectation| expectation.policy.as_deref()).collect();
    let expected = ["one", "two: p", "two: q", "two: q", "two: p, group.replicas=1"];
    assert_eq!(about, expected.map(Some));
    assert!(about.iter().flatten().all(|name| all.called(name).count() > 0));
}

#[test]
fn what_was_read_is_kept() {
    let law = "{ empirical = { file = \"data/x.csv\" } }";
    let laws = format!(
        "[timing]\ndetection = {law}\nreboot = {law}\n[sweep]\n\"group.replicas\" = [1, 2]\n"
    );
    let (one, two) = (file("[\"a\", \"b\"]", &laws), file("[\"c\", \"d\"]", &laws));
    let folder = Folder::new(
        "inputs",
        &[
            ("one.toml", &one),
            ("two.toml", &two),
            ("sub/three.toml", &two),
            ("data/x.csv", "1\n2\n"),
            ("sub/data/x.csv", "3\n"),
        ],
    );
    let all = folder.accepted(&["one.toml", "two.toml", "sub/three.toml"]);
    let found: Vec<(PathBuf, &[u8], InputKind)> = all
        .inputs
        .iter()
        .map(|input| (input.path.clone(), input.bytes.as_slice(), input.kind))
        .collect();
    let (scenario, sample) = (InputKind::Scenario, InputKind::Sample);
    let expected: Vec<(PathBuf, &[u8], InputKind)> = vec![
        (folder.0.join("one.toml"), one.as_bytes(), scenario),
        ("data/x.csv".into(), b"1\n2\n", sample),
        (folder.0.join("two.toml"), two.as_bytes(), scenario),
        (folder.0.join("sub/three.toml"), two.as_bytes(), scenario),
        ("data/x.csv".into(), b"3\n", sample),
    ];
    assert_eq!(found, expected);
}
