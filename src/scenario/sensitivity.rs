//! [`variants`]: a policy with one assumption moved to an end of its range, one at a time, to see
//! how much a result depends on it.
//!
//! The range of a law is that of its mean: the one that is stated beside it or for its default,
//! else half to double. All lengths of the law are scaled by one factor, so its shape stays.
//! Counts and sizes are halved and doubled, and of a rule each other choice is taken. A variant is
//! the same document with another value, read and checked like any other, and meets the same
//! random numbers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::check::{self, Checked, Shared};
use super::codes::Severity;
use super::diagnostics::Errors;
use super::experiment;
use super::laws;
use super::overlay;
use super::reader::{Context, Item};
use super::resolved::Resolved;
use super::source::{At, Source, SourceKind};
use super::tree::{self, Node, Tree, Value, quoted};
use super::units::{self, shown_size};
use super::{Policy, RandomNumbers};
use crate::engine::time::Span;

/// A policy in which one assumption is another.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Which: its dotted path.
    pub path: String,
    /// The difference in words: "timing.detection: mean 5s instead of 11.7s".
    pub what: String,
    /// The argument of `--set` that makes it, unless the value is swept.
    pub set: String,
    /// The policy, under the same name.
    pub policy: Policy,
    /// Who says that the value may be this.
    pub range_origin: RangeOrigin,
}

/// Who says how far an assumption may be moved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RangeOrigin {
    /// The scenario, or what is known about the default.
    Stated,
    /// Nobody: half to double is a convention.
    Convention,
    /// There are no other choices.
    Choices,
}

/// A variant that there is not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Skipped {
    /// The dotted path of the assumption.
    pub path: String,
    /// The difference in words.
    pub what: String,
    /// Why it is none.
    pub reason: String,
}

/// The variants of a policy.
#[derive(Clone, Debug, Default)]
pub struct Variants {
    /// Those that can be run, by assumption in the order of the resolved scenario; of each the low
    /// end first.
    pub variants: Vec<Variant>,
    /// Those that cannot, or that change no number.
    pub skipped: Vec<Skipped>,
}

impl Variants {
    /// The policies of all variants, each called by what is different in it.
    pub fn policies(&self) -> Vec<Policy> {
        let called = |it: &Variant| Policy { name: it.what.clone(), ..it.policy.clone() };
        self.variants.iter().map(called).collect()
    }
}

/// What a policy was read from, to read it again with another value.
#[derive(Clone, Debug)]
pub(super) struct Origins {
    /// The document of the cell.
    pub tree: Tree,
    /// Where the file begins.
    pub start: At,
    /// The file's stem.
    pub stem: String,
    /// Files that it names are relative to this directory.
    pub base_dir: PathBuf,
    /// Numbers of AZs, and samples.
    pub shared: Shared,
}

impl Policy {
    /// The policy that a document came to.
    pub(super) fn new(name: String, base: String, checked: &mut Checked, read: Origins) -> Policy {
        let mut assumptions = std::mem::take(&mut checked.assumptions);
        let resolved = Resolved::new(read.tree.clone(), &mut assumptions);
        assumptions.retain(|assumption| assumption.why.is_told());
        Policy {
            name,
            base,
            file: PathBuf::new(),
            name_in_file: None,
            random_numbers: RandomNumbers::OfFile,
            plan: checked.plan.clone(),
            objectives: checked.objectives,
            assumptions,
            resolved,
            ranges: std::mem::take(&mut checked.ranges),
            choices: std::mem::take(&mut checked.choices),
            read: Arc::new(read),
        }
    }
}

/// The variants of `policy`: of each of its assumptions, and of each other law with a stated range.
///
/// ```
/// use elasticache_sim::scenario::{self, Overrides, sensitivity};
///
/// let file = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/primary-failure.toml");
/// let experiment = scenario::load(file.as_ref(), &Overrides::default()).expect("it is valid");
/// let found = sensitivity::variants(&experiment.policies[0]);
/// let slow = found.variants.iter().find(|variant| variant.set == "rules.promotion=\"random\"");
/// assert_eq!(
///     slow.expect("promotion has other choices").what,
///     "rules.promotion: random instead of least-lag"
/// );
/// ```
pub fn variants(policy: &Policy) -> Variants {
    let mut found = Variants::default();
    for Target { path, node, range } in targets(policy) {
        let choices = policy.choices.get(&path).map(Vec::as_slice).unwrap_or_default();
        for step in moves(&path, &node, range.as_ref(), choices) {
            let Move { what, value, range_origin } = step;
            let what = format!("{path}: {what}");
            let made = value.and_then(|value| {
                let set = format!("{path}={value}");
                read_with(policy, &set).map(|policy| (set, policy))
            });
            let path = path.clone();
            match made {
                Ok((set, policy)) => {
                    found.variants.push(Variant { path, what, set, policy, range_origin });
                }
                Err(reason) => found.skipped.push(Skipped { path, what, reason }),
            }
        }
    }
    found
}

/// Something that can be moved.
struct Target {
    path: String,
    node: Node,
    /// What is stated for its mean.
    range: Option<(String, String)>,
}

/// What can be moved, in the order of the resolved scenario, and behind it laws that have a source
/// and yet a range.
fn targets(policy: &Policy) -> Vec<Target> {
    let mut targets: Vec<Target> = Vec::new();
    for assumption in &policy.assumptions {
        let source = Source::new("assumption", assumption.value.clone(), SourceKind::Internal);
        let node = tree::value(&source).expect("an assumption is TOML");
        let (path, range) = (assumption.path.clone(), assumption.range.clone());
        targets.push(Target { path, node, range });
    }
    let mut nodes: BTreeMap<String, &Node> = BTreeMap::new();
    overlay::walk(&policy.read.tree, &mut |path, node| {
        nodes.insert(path.to_owned(), node);
    });
    for (path, range) in &policy.ranges {
        let below = ["mttf", "lifetime"].map(|key| format!("{path}.{key}"));
        let path = below.iter().find(|path| nodes.contains_key(*path)).unwrap_or(path);
        let is_new = targets.iter().all(|target| target.path != *path);
        if let Some(&node) = nodes.get(path).filter(|_| is_new) {
            let (path, node, range) = (path.clone(), node.clone(), Some(range.clone()));
            targets.push(Target { path, node, range });
        }
    }
    targets
}

/// One way to move a value.
struct Move {
    /// What it becomes, in words.
    what: String,
    /// What it becomes, as TOML; or why it cannot.
    value: Result<String, String>,
    range_origin: RangeOrigin,
}

/// All ways to move the value `node`.
fn moves(
    path: &str,
    node: &Node,
    range: Option<&(String, String)>,
    choices: &[String],
) -> Vec<Move> {
    let shown = |toml: &str| toml.trim_matches('"').to_owned();
    let instead = |other: &str, value: Result<String, String>, range_origin| {
        let now = shown(&node.printed());
        Move { what: format!("{} instead of {now}", shown(other)), value, range_origin }
    };
    let choice = |other: &str| instead(other, Ok(other.to_owned()), RangeOrigin::Choices);
    let by_convention = |other: String| instead(&other, Ok(other.clone()), RangeOrigin::Convention);
    let now = node.printed();
    match &node.value {
        _ if !choices.is_empty() => {
            choices.iter().filter(|other| **other != now).map(|other| choice(other)).collect()
        }
        Value::Boolean(on) => vec![choice(&(!on).to_string())],
        Value::Table(_) => law_moves(path, node, range),
        Value::Text(text) if units::duration(text).is_ok() => law_moves(path, node, range),
        Value::Text(text) => match (units::size(text), units::rate(text)) {
            (Ok(bytes), _) => halved_and_doubled(bytes)
                .map(|bytes| by_convention(quoted(&shown_size(bytes))))
                .into(),
            (Err(_), Ok(rate)) => halved_and_doubled(rate)
                .map(|rate| by_convention(quoted(&format!("{}/s", shown_size(rate)))))
                .into(),
            (Err(_), Err(_)) => {
                let reason = match path {
                    "control-plane.detector" => {
                        "the other detectors are those of other groups: with cluster mode, or run \
                         by their owner"
                    }
                    _ => "no other value is modelled",
                };
                let reason = reason.to_owned();
                vec![instead("another value", Err(reason), RangeOrigin::Choices)]
            }
        },
        Value::Integer(..) | Value::Float(_) if path.ends_with(".share") => {
            let share: f64 = now.parse().unwrap_or(1.0);
            let others = [0.5 * share, (2.0 * share).min(1.0)];
            let others = others.into_iter().filter(|other| *other != share);
            others.map(|other| by_convention(other.to_string())).collect()
        }
        Value::Integer(..) | Value::Float(_) => match units::count(&now) {
            Ok(count) => {
                halved_and_doubled(count).map(|count| by_convention(count.to_string())).into()
            }
            Err(_) => Vec::new(),
        },
        Value::Array(_) | Value::Datetime(_) => Vec::new(),
    }
}

fn halved_and_doubled(count: u64) -> [u64; 2] {
    [count.div_ceil(2), count.saturating_mul(2)]
}

/// The law `node` with its mean at each end of its range.
fn law_moves(path: &str, node: &Node, range: Option<&(String, String)>) -> Vec<Move> {
    let (range_origin, ends) = match range {
        Some((low, high)) => {
            let nanos = |end: &String| units::duration(end).map(|end| end.as_nanos_f64());
            (RangeOrigin::Stated, [low, high].map(|end| nanos(end).unwrap_or(0.0)))
        }
        None => (RangeOrigin::Convention, [0.5, 2.0]),
    };
    let one = |what: &str, reason: &str| {
        let (what, value) = (what.to_owned(), Err(reason.to_owned()));
        vec![Move { what, value, range_origin }]
    };
    let Some(mean) = mean_of(path, node) else {
        return one("another mean", "a sample is what was observed, and is not scaled");
    };
    if mean == 0.0 && range.is_none() {
        return one("another mean", "the mean is zero, which has no half and no double");
    }
    let to_end = |end: f64| {
        let target = if range.is_some() { end } else { end * mean };
        let shown = |nanos: f64| Span::from_nanos_f64(nanos).to_string();
        let scaled = match mean == 0.0 {
            true => quoted(&written(target)),
            false => scaled(node, target / mean).printed_without(&laws::BESIDE),
        };
        let what = format!("mean {} instead of {}", shown(target), shown(mean));
        Move { what, value: Ok(scaled), range_origin }
    };
    ends.map(to_end).into()
}

/// The mean of a law, or of what is given as one length, in nanoseconds; of a sample none.
fn mean_of(path: &str, node: &Node) -> Option<f64> {
    if let Some(table) = node.as_table() {
        if table.get("empirical").is_some() {
            return None;
        }
        if let Some(per_gib) = table.get("per-gib") {
            return mean_of(path, per_gib);
        }
    }
    if let Some(length) = node.as_text().and_then(|text| units::duration(text).ok()) {
        // A mean life may be longer than simulated time.
        return Some(length.as_nanos_f64());
    }
    let mut scratch = Context::new(Path::new(""));
    laws::read(&Item::new(path.to_owned(), node), &mut scratch).map(|law| law.mean())
}

/// The value with all its lengths multiplied by `factor`.
fn scaled(node: &Node, factor: f64) -> Node {
    let mut node = node.clone();
    match &mut node.value {
        Value::Text(text) => {
            if let Ok(length) = units::duration(text) {
                *text = written(length.as_nanos_f64() * factor);
            }
        }
        Value::Array(array) => {
            array.iter_mut().for_each(|element| *element = scaled(element, factor));
        }
        Value::Table(tree) => {
            for entry in &mut tree.entries {
                // What is said about a law is no part of it.
                if !laws::BESIDE.contains(&entry.key.as_str()) {
                    entry.node = scaled(&entry.node, factor);
                }
            }
        }
        Value::Integer(..) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
    }
    node
}

/// A length as a scenario writes it, to the nanosecond: "5s", "4.291845493s", "20y".
fn written(nanos: f64) -> String {
    const UNITS: [(u128, &str); 8] = [
        (365 * 86_400 * 1_000_000_000, "y"),
        (86_400 * 1_000_000_000, "d"),
        (3_600 * 1_000_000_000, "h"),
        (60 * 1_000_000_000, "m"),
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
        (1_000, "us"),
        (1, "ns"),
    ];
    const SECOND: u128 = 1_000_000_000;
    let nanos = nanos.round() as u128;
    if nanos == 0 {
        return "0s".to_owned();
    }
    if nanos > SECOND && !nanos.is_multiple_of(SECOND) {
        let fraction = format!("{:09}", nanos % SECOND);
        return format!("{}.{}s", nanos / SECOND, fraction.trim_end_matches('0'));
    }
    let unit = UNITS.iter().find(|(unit, _)| nanos.is_multiple_of(*unit));
    let (unit, name) = unit.expect("every whole number is a multiple of one");
    format!("{}{name}", nanos / unit)
}

/// The policy, read again with `set`; or why that gives none, or one with the same numbers.
fn read_with(policy: &Policy, set: &str) -> Result<Policy, String> {
    let read = &policy.read;
    let mut errors = Errors::default();
    let mut tree = read.tree.clone();
    if let Some(assignment) = overlay::set(set, &mut errors) {
        overlay::apply(&mut tree, &assignment.tree, &mut errors);
    }
    let mut shared = read.shared.clone();
    let at = (&read.start, read.stem.as_str());
    let (checked, mut found) = check::check(&tree, at, &read.base_dir, &mut shared);
    found.extend(errors.into_list());
    let mistake = found.iter().find(|diagnostic| diagnostic.severity() == Severity::Error);
    let mut checked = match (checked, mistake) {
        (Some(checked), None) => checked,
        (_, Some(mistake)) => return Err(format!("{}: {}", mistake.code.id(), mistake.summary())),
        (None, None) => return Err("it gives no plan".to_owned()),
    };
    if experiment::are_alike(&checked.plan, &policy.plan) {
        return Err("it changes no number".to_owned());
    }
    let again = Origins { tree, shared, ..Origins::clone(read) };
    let (name, base) = (policy.name.clone(), policy.base.clone());
    let varied = Policy::new(name, base, &mut checked, again);
    let (file, name_in_file) = (policy.file.clone(), policy.name_in_file.clone());
    Ok(Policy { file, name_in_file, random_numbers: policy.random_numbers, ..varied })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_as_they_are_read() {
        let check = |nanos: f64, expected: &str| {
            assert_eq!(written(nanos), expected);
            let read = units::duration(expected).map(|length| length.as_nanos_f64());
            assert_eq!(read, Ok(nanos), "{expected}");
        };
        check(0.0, "0s");
        check(1.0, "1ns");
        check(1_500.0, "1500ns");
        check(200e6, "200ms");
        check(5e9, "5s");
        check(4_291_845_493.0, "4.291845493s");
        check(2.5e9, "2.5s");
        check(480e9, "8m");
        check(20.0 * 365.0 * 86_400e9, "20y");
        check(2_737.5 * 86_400e9, "65700h");
    }
}
