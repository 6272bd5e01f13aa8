//! The committed results of the library: `results/reference/<scenario>/summary.json`.
//!
//! They show every change of a number. `REFERENCE=overwrite cargo test --test it reference` writes
//! them anew; `ecsim run scenarios/<scenario>.toml` keeps the same file. Numbers may differ in
//! their last digits, for not all machines have the same logarithm.

use elasticache_sim::scenario::{self, Overrides};

use crate::support::{ecsim, library, root, summary_text};

/// How far numbers may be apart, as a share of themselves.
const TOLERANCE: f64 = 1e-9;

fn is_same(one: &str, other: &str) -> bool {
    match (one.parse::<f64>(), other.parse::<f64>()) {
        (Ok(one), Ok(other)) => (one - other).abs() <= TOLERANCE * one.abs(),
        _ => one == other,
    }
}

/// The first lines in which two texts differ.
fn difference(one: &str, other: &str) -> Option<String> {
    const BETWEEN: [char; 4] = [' ', ',', '[', ']'];
    let differ = |one: &str, other: &str| {
        let (one, other): (Vec<&str>, Vec<&str>) =
            (one.split(BETWEEN).collect(), other.split(BETWEEN).collect());
        one.len() != other.len() || one.iter().zip(&other).any(|(one, other)| !is_same(one, other))
    };
    let mut pairs = one.lines().zip(other.lines()).enumerate();
    let found = pairs.find(|(_, (one, other))| differ(one, other));
    match found {
        Some((n, (one, other))) => Some(format!("line {}: {one} is now {other}", n + 1)),
        None if one.lines().count() == other.lines().count() => None,
        None => Some("one is longer".to_owned()),
    }
}

#[test]
fn the_library_comes_to_what_it_came_to() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let is_overwriting = std::env::var("REFERENCE").is_ok_and(|value| value == "overwrite");
    let mut changed = Vec::new();
    for name in library() {
        let file = root().join("scenarios").join(format!("{name}.toml"));
        let experiment = scenario::load(&file, &Overrides::default()).expect("valid");
        let now = summary_text(&experiment, experiment.trials, threads);
        let folder = root().join("results/reference").join(&name);
        let path = folder.join("summary.json");
        if is_overwriting {
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(&path, &now).expect("written");
            continue;
        }
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        changed.extend(difference(&before, &now).map(|difference| format!("{name}: {difference}")));
    }
    let hint = "if that is meant: REFERENCE=overwrite cargo test --test it reference";
    assert!(changed.is_empty(), "\n{}\n{hint}", changed.join("\n"));
}

/// The pictures of the capacity study that the README shows.
const SHOWN: [&str; 2] = ["survival-write-outage.svg", "tradeoff-lost-writes.svg"];

/// Whether two pictures have the same words, and all numbers within a pixel.
fn look_alike(one: &str, other: &str) -> bool {
    let between = |c: char| c.is_whitespace() || "\"=,<>".contains(c);
    let (one, other): (Vec<&str>, Vec<&str>) =
        (one.split(between).collect(), other.split(between).collect());
    let is_near = |(one, other): (&&str, &&str)| match (one.parse::<f64>(), other.parse::<f64>()) {
        (Ok(one), Ok(other)) => (one - other).abs() <= 1.01,
        _ => one == other,
    };
    one.len() == other.len() && one.iter().zip(&other).all(is_near)
}

#[test]
fn the_pictures_of_the_readme_are_those_of_the_study() {
    let is_overwriting = std::env::var("REFERENCE").is_ok_and(|value| value == "overwrite");
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme-pictures");
    let shown = folder.display().to_string();
    let run =
        ["run", "scenarios/capacity-study.toml", "-o", &shown, "--rows", "never", "--overwrite"];
    for arguments in [&run[..], &["plot", &shown, "--format", "svg"]] {
        let output = ecsim(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let kept = root().join("results/reference/capacity-study/plots");
    for name in SHOWN {
        let now = std::fs::read_to_string(folder.join("plots").join(name)).expect("a picture");
        if is_overwriting {
            std::fs::create_dir_all(&kept).expect("a folder");
            std::fs::write(kept.join(name), &now).expect("written");
            continue;
        }
        let before = std::fs::read_to_string(kept.join(name)).unwrap_or_default();
        let hint = "if that is meant: REFERENCE=overwrite cargo test --test it reference";
        assert!(look_alike(&before, &now), "{name} has changed; {hint}");
    }
}

#[test]
fn a_change_is_seen() {
    let text = "{\n  \"value\": 1.5,\n  \"ci\": [1.0, null]\n}\n";
    let check = |from: &str, to: &str, is_change: bool| {
        let other = text.replace(from, to);
        assert_eq!(difference(text, &other).is_some(), is_change, "{from} to {to}");
    };
    check("1.5", "1.5000000001", false);
    check("1.5", "1.50000001", true);
    check("null", "2.0", true);
    check("value", "share", true);
    check("\n}\n", "\n}\n}\n", true);
    check("1.0, null", "1.0", true);
}
