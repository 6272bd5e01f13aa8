//! Sweeps: where policies are the cells of a sweep over a number, lines over that number with bands
//! of intervals; where something else is swept too, one line for each value of it.

use super::axis::{Frame, Scale, Unit, draw_upright_interval};
use super::canvas::{Anchor, INK, Point, Stroke};
use super::scope::{
    LABEL, Look, MARGIN, SLIDE, Scope, Sheet, TOP, draw_badge, letter, plain_lists,
};
use super::survival::badges;
use super::{Drawn, missing};
use crate::report::labels;
use crate::report::results::Entry;
use crate::scenario::codes::Code;
use crate::scenario::{Policy, units};
use crate::stats::level::Estimate;

/// Lines that are told apart, at most.
const MOST_LINES: usize = 7;
/// From this ratio of the largest to the smallest value on, they stand by their logarithm.
const WIDE: f64 = 30.0;

/// What a picture is of.
struct Of {
    name: &'static str,
    title: &'static str,
    axis: &'static str,
    unit: Unit,
    value: fn(Entry<'_>) -> Option<Estimate>,
    counts: Counts,
}

/// Whether a value tells of all that is lost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Counts {
    /// It does.
    All,
    /// Not of what went with a dataset.
    ButDatasets,
}

/// A cell on a line.
#[derive(Clone, Copy)]
struct Cell {
    /// Its value of the swept number.
    along: f64,
    estimate: Estimate,
    datasets: Datasets,
}

/// Whether a cell lost a dataset in any trial, of which its value tells nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Datasets {
    Kept,
    Lost,
}

const ALL: [Of; 3] = [
    Of {
        name: "sweep-write-outage",
        title: "Write outage over the sweep",
        axis: "mean write outage of a trial",
        unit: Unit::Seconds,
        value: |entry| entry.metric("write_outage_s", "mean"),
        counts: Counts::All,
    },
    Of {
        name: "sweep-lost-writes",
        title: "Lost writes over the sweep",
        axis: "mean lost writes of a trial",
        unit: Unit::Count,
        value: |entry| entry.metric("lost_writes", "mean"),
        counts: Counts::ButDatasets,
    },
    Of {
        name: "sweep-dataset-loss",
        title: "Dataset loss over the sweep",
        axis: "share of trials that lose a dataset",
        unit: Unit::Share,
        value: |entry| entry.probability("dataset_loss"),
        counts: Counts::All,
    },
];

/// What was swept: a number along the axis, and perhaps something that lines are told apart by.
struct Sweep {
    path: String,
    /// The swept values with their texts, ascending.
    ticks: Vec<(f64, String)>,
    /// What lines are of; empty where there is one.
    other: String,
    lines: Vec<Line>,
}

/// A line.
struct Line {
    /// What it is of: a value of the other axis.
    label: String,
    /// Values of the number, each with the position of its policy.
    points: Vec<(f64, usize)>,
}

/// All three pictures; none where nothing was swept.
pub(super) fn draw(scope: &Scope<'_>) -> Vec<Drawn> {
    let policies: Vec<&Policy> = scope.subjects.iter().map(|subject| subject.policy).collect();
    let Some(axes) = labels::axes(&policies) else { return Vec::new() };
    match sweep(axes) {
        Ok(sweep) => ALL.iter().map(|of| draw_one(scope, &sweep, of)).collect(),
        Err(why) => vec![missing("sweep", &why)],
    }
}

/// A swept value as a number, in whatever unit it is.
fn number(text: &str) -> Option<f64> {
    let text = text.trim_matches('"');
    if let Ok(number) = text.replace('_', "").parse::<f64>() {
        return number.is_finite().then_some(number);
    }
    let length = units::duration(text).ok().map(|length| length.as_nanos_f64() / 1e9);
    length.or_else(|| units::size(text).ok().map(|bytes| bytes as f64))
}

fn sweep(axes: Vec<labels::Axis>) -> Result<Sweep, String> {
    let distinct = |axis: &labels::Axis| {
        let mut values = axis.values.clone();
        values.sort();
        values.dedup();
        values.len()
    };
    let is_number = |axis: &&labels::Axis| axis.values.iter().all(|it| number(it).is_some());
    let along = axes.iter().filter(is_number).max_by_key(|axis| distinct(axis));
    let Some(along) = along else {
        return Err("what was swept are no numbers, which have no place on an axis".to_owned());
    };
    let others: Vec<&labels::Axis> = axes.iter().filter(|axis| axis.path != along.path).collect();
    let other = match others[..] {
        [] => None,
        [other] if distinct(other) <= MOST_LINES => Some(other),
        [other] => {
            return Err(format!(
                "`{}` has {} values, and {MOST_LINES} lines can be told apart; sweep fewer",
                other.path,
                distinct(other)
            ));
        }
        [..] => {
            let hint = "--policy or fewer sweeps choose a part";
            return Err(format!("{} keys differ, and lines show two of them; {hint}", axes.len()));
        }
    };
    let mut found = Sweep {
        path: along.path.clone(),
        ticks: Vec::new(),
        other: other.map_or_else(String::new, |other| other.path.clone()),
        lines: Vec::new(),
    };
    for (position, text) in along.values.iter().enumerate() {
        let value = number(text).expect("all values are numbers");
        let label = other.map_or_else(String::new, |other| other.values[position].clone());
        if !found.ticks.iter().any(|tick| tick.0 == value) {
            found.ticks.push((value, text.trim_matches('"').to_owned()));
        }
        match found.lines.iter_mut().find(|line| line.label == label) {
            Some(line) => line.points.push((value, position)),
            None => found.lines.push(Line { label, points: vec![(value, position)] }),
        }
    }
    found.ticks.sort_by(|a, b| a.0.total_cmp(&b.0));
    for line in &mut found.lines {
        line.points.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    Ok(found)
}

fn draw_one(scope: &Scope<'_>, sweep: &Sweep, of: &Of) -> Drawn {
    let value = |position: usize| (of.value)(scope.subjects[position].entry);
    let estimates: Vec<Estimate> = sweep
        .lines
        .iter()
        .flat_map(|line| line.points.iter().filter_map(|(_, position)| value(*position)))
        .collect();
    if estimates.iter().all(|estimate| estimate.value == 0.0) {
        let why = format!("the {} is zero in every cell, so that all lines are one", of.axis);
        return missing(of.name, &why);
    }
    let remark = format!("bands: {} intervals", scope.level());
    let mut sheet = Sheet::new(scope, (of.title, &remark));
    let legend = sweep.lines.len() > 1;
    let end = sheet.notes(&notes(scope, of));
    let right = if legend { SLIDE.0 - 330 } else { SLIDE.0 - MARGIN - 30 };
    let frame = Frame { left: 150, right, top: TOP, bottom: end - 60 };
    let ends = |it: &Estimate| [Some(it.value), it.low, it.high].into_iter().flatten();
    let values: Vec<f64> = estimates.iter().flat_map(ends).collect();
    let along = along(sweep);
    let scales = [along, Scale::fitting(&values)];
    let ticks = sweep.ticks.iter().map(|tick| (frame.x(&along, tick.0), tick.1.clone()));
    frame.draw_x_ticks(&mut sheet.canvas, ticks.collect());
    let title = match along.remark(Unit::Count) {
        Some(remark) => format!("{} ({remark})", sweep.path),
        None => sweep.path.clone(),
    };
    frame.draw_x_title(&mut sheet.canvas, &title);
    frame.draw_y(&mut sheet.canvas, &scales[1], (of.unit, of.axis));
    let mut shapes: Vec<(usize, Vec<Point>)> = Vec::new();
    for (n, line) in sweep.lines.iter().enumerate() {
        let cells = line.points.iter().filter_map(|point| cell(scope, of, *point));
        shapes.push((n, draw_line(&mut sheet, (&frame, &scales), (n, cells.collect()))));
    }
    if legend {
        for (n, at) in badges(&frame, &shapes) {
            draw_badge(&mut sheet.canvas, at, (&letter(n), Look::of(n).color));
        }
        draw_legend(&mut sheet, sweep);
    }
    let told = |line: &Line| {
        let of_point = |(x, position): &(f64, usize)| {
            let tick = sweep.ticks.iter().find(|tick| tick.0 == *x)?;
            Some(format!("{} at {}", of.unit.told(value(*position)?.value), tick.1))
        };
        let points: Vec<String> = line.points.iter().filter_map(of_point).collect();
        match line.label.as_str() {
            "" => points.join(", "),
            label => format!("{label}: {}", points.join(", ")),
        }
    };
    let lines: Vec<String> = sweep.lines.iter().map(told).collect();
    let alt = format!("The {} over {}. {}.", of.axis, sweep.path, lines.join("; "));
    sheet.done(scope, of.name, &alt)
}

/// What has to be said of cells that are not there or whose values leave something out.
fn notes(scope: &Scope<'_>, of: &Of) -> Vec<String> {
    let remarks = &scope.results.kept.experiment.remarks;
    let skipped = match remarks.iter().filter(|it| it.code == Code::CellSkipped).count() {
        0 => None,
        1 => Some("One cell of the sweep is invalid and was skipped.".to_owned()),
        n => Some(format!("{n} cells of the sweep are invalid and were skipped.")),
    };
    let all: Vec<usize> = (0..scope.subjects.len()).collect();
    let lost = match of.counts {
        Counts::All => None,
        Counts::ButDatasets => scope.lost_datasets(&all),
    };
    let triangle = "A hollow triangle lost datasets, and is joined to no line.";
    lost.map(|lost| format!("{triangle} {lost}")).into_iter().chain(skipped).collect()
}

fn cell(scope: &Scope<'_>, of: &Of, (along, position): (f64, usize)) -> Option<Cell> {
    let entry = scope.subjects[position].entry;
    let has_lost = || entry.probability("dataset_loss").is_some_and(|share| share.value > 0.0);
    let datasets = match of.counts {
        Counts::ButDatasets if has_lost() => Datasets::Lost,
        Counts::ButDatasets | Counts::All => Datasets::Kept,
    };
    Some(Cell { along, estimate: (of.value)(entry)?, datasets })
}

/// The scale of the swept number; its values need some room on either side.
fn along(sweep: &Sweep) -> Scale {
    let (first, last) = (sweep.ticks[0].0, sweep.ticks[sweep.ticks.len() - 1].0);
    if first > 0.0 && last / first > WIDE {
        return Scale::log(first / 1.3, last * 1.3);
    }
    let room = if last > first { (last - first) * 0.04 } else { 1.0 };
    // Where it begins does not matter: values are compared by their height.
    Scale::around(first - room, last + room)
}

/// Draws a line with its band; gives where it runs.
fn draw_line(
    sheet: &mut Sheet,
    (frame, scales): (&Frame, &[Scale; 2]),
    (n, cells): (usize, Vec<Cell>),
) -> Vec<Point> {
    let [x, y] = [&scales[0], &scales[1]];
    let look = Look::of(n);
    let end = |it: &Cell, bound: Option<f64>, open: i32| -> Point {
        (frame.x(x, it.along), bound.map_or(open, |bound| frame.y(y, bound)))
    };
    let place = |it: &Cell| frame.at([x, y], (it.along, it.estimate.value));
    let is_joined = |a: &Cell, b: &Cell| [a, b].iter().all(|it| it.datasets == Datasets::Kept);
    let mut shape: Vec<Point> = cells.iter().map(place).collect();
    let parts: Vec<&[Cell]> = cells.chunk_by(is_joined).collect();
    for part in &parts {
        if let [only] = part {
            let (at, stroke) = ((place(only).0, &only.estimate), Stroke::new(look.color, 3));
            draw_upright_interval(&mut sheet.canvas, (frame, y), at, stroke);
            continue;
        }
        let upper = part.iter().map(|it| end(it, it.estimate.high, frame.top));
        let lower = part.iter().rev().map(|it| end(it, it.estimate.low, frame.bottom));
        sheet.canvas.band(upper.chain(lower).collect(), look.color);
        let middle: Vec<Point> = part.iter().map(place).collect();
        sheet.canvas.stroke(&middle, look.stroke());
        // Its letter stands on what is drawn.
        if parts.len() > 1 {
            shape = middle;
        }
    }
    for it in &cells {
        match it.datasets {
            Datasets::Kept => sheet.canvas.disc(place(it), 5, look.color),
            Datasets::Lost => sheet.canvas.triangle(place(it), look.color),
        }
    }
    shape
}

fn draw_legend(sheet: &mut Sheet, sweep: &Sweep) {
    let left = SLIDE.0 - 310;
    let room = SLIDE.0 - MARGIN - left - 34;
    let heading = LABEL.fitted(&sweep.other, room + 34);
    sheet.canvas.text(&heading, ((left, TOP + 10), Anchor::Left), LABEL, INK);
    let mut y = TOP + 48;
    for (n, line) in sweep.lines.iter().enumerate() {
        let look = Look::of(n);
        draw_badge(&mut sheet.canvas, (left + 11, y), (&letter(n), look.color));
        let label = LABEL.fitted(&plain_lists(&format!("={}", line.label))[1..], room);
        sheet.canvas.text(&label, ((left + 34, y), Anchor::Left), LABEL, INK);
        let sample = [(left + 34, y + 19), (left + 154, y + 19)];
        sheet.canvas.stroke(&sample, look.stroke());
        y += 58;
    }
}
