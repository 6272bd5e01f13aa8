//! [`Labels`]: what the policies of a study are called in a table, where their names are too long.
//!
//! The name of a sweep's cell holds the path and the value of every axis. In a table the paths
//! stand once, above their values. What is long all the same gets a number and a legend.

use crate::report::study::Study;
use crate::scenario::Policy;

/// From so many characters on, in all columns together, policies are numbered.
const WIDEST: usize = 30;

/// The names of a study's policies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Labels {
    /// Headings of the columns that tell the policies apart.
    pub heads: Vec<String>,
    /// By policy, in the study's order: the text of each of these columns.
    pub rows: Vec<Vec<String>>,
    /// By policy: its name in a sentence.
    pub short: Vec<String>,
    /// What the numbers stand for; empty where there are none.
    pub legend: Vec<String>,
    /// Paths whose values differ between the policies, as the columns show; in their order.
    pub axes: Vec<String>,
    /// Values of a sweep that all policies share.
    pub common: Vec<String>,
}

/// An assignment of a cell.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Value<'a> {
    path: &'a str,
    value: &'a str,
}

impl Labels {
    /// Those of a study's policies.
    pub fn of(study: &Study<'_>) -> Labels {
        Labels::of_policies(study.policies)
    }

    /// Those of policies where there is room for their names: none is numbered.
    pub fn unnumbered(policies: &[&Policy]) -> Labels {
        of_names(&names_of(policies))
    }

    fn of_policies(policies: &[&Policy]) -> Labels {
        let names = names_of(policies);
        let labels = of_names(&names);
        match width(&labels) > WIDEST {
            true => numbered(labels, &names),
            false => labels,
        }
    }

    /// The names in a sentence of the policies at these positions.
    pub fn list(&self, positions: &[usize]) -> String {
        let join = |names: Vec<&str>, by: &str| names.join(by);
        match (self.legend.is_empty(), positions) {
            (true, _) => join(positions.iter().map(|&n| self.short[n].as_str()).collect(), " · "),
            (false, [n]) => self.short[*n].clone(),
            (false, _) => {
                let numbers = positions.iter().map(|&n| self.rows[n][0].as_str()).collect();
                format!("policies {}", join(numbers, ", "))
            }
        }
    }
}

/// A key in which policies differ, with its value in each of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Axis {
    /// Its dotted path; `policy` for what is named without one.
    pub path: String,
    /// By policy: the value as it stands in the name.
    pub values: Vec<String>,
}

/// In which keys the cells of a sweep differ; `None` where policies are no cells of one sweep.
pub fn axes(policies: &[&Policy]) -> Option<Vec<Axis>> {
    let labels = of_names(&names_of(policies));
    if labels.axes.is_empty() {
        return None;
    }
    let n_bases = labels.heads.len() - labels.axes.len();
    let bases = (0..n_bases).map(|_| "policy".to_owned());
    let paths = bases.chain(labels.axes.iter().cloned()).enumerate();
    let values = |n: usize| labels.rows.iter().map(|row| row[n].clone()).collect();
    Some(paths.map(|(n, path)| Axis { path, values: values(n) }).collect())
}

fn names_of<'p>(policies: &[&'p Policy]) -> Vec<(&'p str, &'p str)> {
    policies.iter().map(|policy| (policy.base.as_str(), policy.name.as_str())).collect()
}

/// Columns for the base and for each axis; one column with the names where they have no axes.
fn of_names(names: &[(&str, &str)]) -> Labels {
    let cells: Option<Vec<Vec<Value<'_>>>> = names.iter().map(|name| values(name)).collect();
    let Some(cells) = cells.filter(|cells| have_the_same_paths(cells)) else {
        return plain(names);
    };
    let Some(first) = cells.first().filter(|first| !first.is_empty()) else {
        return plain(names);
    };
    let differs = |axis: &usize| cells.iter().any(|cell| cell[*axis] != first[*axis]);
    let (axes, common): (Vec<usize>, Vec<usize>) = (0..first.len()).partition(differs);
    let heads: Vec<&str> = axes.iter().map(|&axis| head(first, axis)).collect();
    let bases_differ = names.iter().any(|name| name.0 != names[0].0);
    let row = |(name, cell): (&(&str, &str), &Vec<Value<'_>>)| {
        let base = bases_differ.then(|| name.0.to_owned());
        base.into_iter().chain(axes.iter().map(|&axis| cell[axis].value.to_owned())).collect()
    };
    let rows: Vec<Vec<String>> = names.iter().zip(&cells).map(row).collect();
    let base_head = bases_differ.then_some("");
    let all_heads: Vec<String> =
        base_head.into_iter().chain(heads.iter().copied()).map(str::to_owned).collect();
    let short = |row: &Vec<String>| {
        let parts = row.iter().zip(&all_heads).map(|(text, head)| match head.as_str() {
            "" => text.clone(),
            head => format!("{head}={text}"),
        });
        parts.collect::<Vec<String>>().join(", ")
    };
    Labels {
        short: rows.iter().map(short).collect(),
        rows,
        heads: all_heads,
        legend: Vec::new(),
        axes: axes.iter().map(|&axis| first[axis].path.to_owned()).collect(),
        common: common
            .iter()
            .map(|&axis| format!("{}={}", first[axis].path, first[axis].value))
            .collect(),
    }
}

/// The names as they are.
fn plain(names: &[(&str, &str)]) -> Labels {
    let short: Vec<String> = names.iter().map(|name| name.1.to_owned()).collect();
    Labels {
        heads: vec![String::new()],
        rows: short.iter().map(|name| vec![name.clone()]).collect(),
        short,
        legend: Vec::new(),
        axes: Vec::new(),
        common: Vec::new(),
    }
}

/// Numbers instead, and the whole names in the legend.
fn numbered(labels: Labels, names: &[(&str, &str)]) -> Labels {
    let number = |n: usize| (n + 1).to_string();
    Labels {
        heads: vec![String::new()],
        rows: (0..names.len()).map(|n| vec![number(n)]).collect(),
        short: (0..names.len()).map(|n| format!("policy {}", number(n))).collect(),
        legend: names.iter().map(|name| name.1.to_owned()).collect(),
        axes: labels.axes,
        common: Vec::new(),
    }
}

fn width(labels: &Labels) -> usize {
    let columns = labels.heads.iter().enumerate();
    let widest = |(n, head): (usize, &String)| {
        let texts = labels.rows.iter().map(|row| row[n].chars().count());
        texts.max().unwrap_or(0).max(head.chars().count())
    };
    columns.map(widest).sum()
}

/// The last part of an axis's path, or all of it where two axes have the same.
fn head<'a>(values: &[Value<'a>], axis: usize) -> &'a str {
    let last = |path: &'a str| path.rsplit('.').next().unwrap_or(path);
    let path = values[axis].path;
    let is_alone =
        values.iter().enumerate().all(|(n, value)| n == axis || last(value.path) != last(path));
    if is_alone { last(path) } else { path }
}

fn have_the_same_paths(cells: &[Vec<Value<'_>>]) -> bool {
    let mut neighbours = cells.windows(2);
    neighbours.all(|pair| {
        let [one, other] = [&pair[0], &pair[1]].map(|cell| cell.iter().map(|value| value.path));
        one.eq(other)
    })
}

/// The assignments that the name of a cell ends with; `None` if it reads otherwise.
fn values<'a>((base, name): &(&'a str, &'a str)) -> Option<Vec<Value<'a>>> {
    let rest = name.strip_prefix(base);
    if rest == Some("") {
        return Some(Vec::new());
    }
    // The cells of one of several files are called after the file.
    let shown = rest.and_then(|rest| rest.strip_prefix(", ").or(rest.strip_prefix(": ")));
    let shown = shown.unwrap_or(name);
    let assignment = |part: &'a str| {
        part.split_once('=').map(|(path, value)| Value { path: path.trim(), value: value.trim() })
    };
    parts(shown).into_iter().map(assignment).collect()
}

/// Splits at commas that stand in no brackets, braces or quotes.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth, mut quote) = (Vec::new(), 0, 0, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => depth -= 1,
            (None, ',') if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            (None, _) => {}
        }
    }
    parts.push(text[start..].trim());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paths_of_a_sweep_stand_above_their_values() {
        let names = [
            ("scenario", "group.replicas=0, timing.detection={ uniform = [\"1s\", \"5s\"] }"),
            ("scenario", "group.replicas=1, timing.detection=10s"),
        ];
        let labels = of_names(&names);
        assert_eq!(labels.heads, ["replicas", "detection"]);
        assert_eq!(labels.rows[0], ["0", "{ uniform = [\"1s\", \"5s\"] }"]);
        assert_eq!(labels.short[1], "replicas=1, detection=10s");
        assert_eq!(labels.axes, ["group.replicas", "timing.detection"]);
    }

    #[test]
    fn bases_that_differ_have_a_column_and_common_values_have_none() {
        let names = [
            ("a", "a, fault.x.node-failure.mttf=1y, fault.y.az-failure.mttf=2y"),
            ("b", "b, fault.x.node-failure.mttf=1y, fault.y.az-failure.mttf=3y"),
        ];
        let labels = of_names(&names);
        assert_eq!(labels.heads, ["", "fault.y.az-failure.mttf"]);
        assert_eq!(labels.rows, [["a", "2y"], ["b", "3y"]]);
        assert_eq!(labels.common, ["fault.x.node-failure.mttf=1y"]);
    }

    #[test]
    fn other_names_stay_as_they_are() {
        let names = [("a, b=1", "a, b=1"), ("c", "c")];
        let labels = of_names(&names);
        assert_eq!(labels.rows, [["a, b=1"], ["c"]]);
        let mixed = of_names(&[("a", "a"), ("b", "b, x=1")]);
        assert_eq!(mixed.short, ["a", "b, x=1"]);
    }

    #[test]
    fn long_names_are_numbered() {
        let long = "x".repeat(WIDEST + 1);
        let names = [("a", "a"), ("b", long.as_str())];
        let labels = numbered(of_names(&names), &names);
        assert!(width(&of_names(&names)) > WIDEST);
        assert_eq!(labels.rows, [["1"], ["2"]]);
        assert_eq!(labels.legend, ["a", &long]);
        assert_eq!(labels.list(&[0, 1]), "policies 1, 2");
        assert_eq!(labels.list(&[1]), "policy 2");
    }
}
