//! Survival curves: in which share of the trials a metric is above a value, on two logarithmic
//! axes, with the interval of each share. Zero is nowhere on such an axis, and is said in words.

use super::axis::{Frame, Scale, Unit};
use super::canvas::{Anchor, GREY, INK, Point};
use super::scope::{LABEL, LOST, Look, MARGIN, SLIDE, Scope, Sheet, TOP, draw_badge, letter};
use super::{Drawn, missing};
use crate::observe::metrics::Metric;
use crate::report::distributions::FALL;
use crate::report::numbers::count;
use crate::report::results::Curve;
use crate::stats::probability::clopper_pearson;

/// Policies of which curves are drawn, at most.
const MOST: usize = 6;
/// Width of the column with the letters' names.
const LEGEND: i32 = 390;

/// What a picture is of.
struct Of {
    metric: Metric,
    name: &'static str,
    title: &'static str,
    axis: &'static str,
    unit: Unit,
    /// What there is none of in trials at zero.
    what: &'static str,
}

const ALL: [Of; 2] = [
    Of {
        metric: Metric::WriteOutage,
        name: "survival-write-outage",
        title: "How likely is a write outage longer than this?",
        axis: "write outage in a trial",
        unit: Unit::Seconds,
        what: "outage",
    },
    Of {
        metric: Metric::LostWrites,
        name: "survival-lost-writes",
        title: "How likely are more lost writes than this?",
        axis: "lost writes in a trial",
        unit: Unit::Count,
        what: "lost writes",
    },
];

/// A policy's curve.
struct Line<'a> {
    /// Its place among those shown.
    n: usize,
    label: &'a str,
    trials: u64,
    curve: &'a Curve,
    /// [`LOST`], where it tells of lost writes only and there is more that is lost.
    mark: &'static str,
}

impl Line<'_> {
    /// Trials with anything at all.
    fn hits(&self) -> u64 {
        self.curve.points.first().map_or(0, |(_, above)| *above)
    }
}

/// Both pictures.
pub(super) fn draw(scope: &Scope<'_>) -> Vec<Drawn> {
    ALL.iter().map(|of| draw_one(scope, of)).collect()
}

fn draw_one(scope: &Scope<'_>, of: &Of) -> Drawn {
    let word = format!("the mean {}", of.axis);
    let chosen = scope.spread(MOST, (of.metric.name(), &word));
    let mut positions = chosen.positions;
    // The reference has the first look, whatever its place.
    positions.sort_by_key(|position| (*position != scope.reference, *position));
    let line = |(n, position): (usize, &usize)| {
        let subject = &scope.subjects[*position];
        let curve = scope.results.curve(subject.entry.name(), of.metric)?;
        let is_more_lost =
            of.metric == Metric::LostWrites && scope.loses_datasets(*position).is_some();
        let mark = if is_more_lost { LOST } else { "" };
        Some(Line { n, label: &subject.label, trials: subject.entry.trials(), curve, mark })
    };
    let lines: Option<Vec<Line<'_>>> = positions.iter().enumerate().map(line).collect();
    let Some(lines) = lines else {
        return missing(
            of.name,
            "the folder has no distributions.csv: an older ecsim wrote it; run the scenario again \
             with --overwrite",
        );
    };
    if lines.iter().all(|line| line.hits() == 0) {
        let (n, what) = (count(u128::from(lines[0].trials)), of.what);
        let why = format!("none of {n} trials has any {what}; {}", scope.what_would_show());
        return missing(of.name, &why);
    }
    let remark = format!("bands: {} of each share", scope.level());
    let mut sheet = Sheet::new(scope, (of.title, &remark));
    let mut notes = vec!["Each curve ends at the largest value that was seen.".to_owned()];
    notes.extend(chosen.note);
    if of.metric == Metric::LostWrites {
        notes.extend(scope.lost_datasets(&positions).map(|note| format!("{LOST} {note}")));
    }
    let end = sheet.narrow_notes(&notes, SLIDE.0 - LEGEND - MARGIN - 20);
    let frame = Frame { left: 130, right: SLIDE.0 - LEGEND - 40, top: TOP, bottom: end - 66 };
    let scales = scales(&lines);
    frame.draw_x(&mut sheet.canvas, &scales[0], (of.unit, of.axis));
    frame.draw_y(&mut sheet.canvas, &scales[1], (Unit::Share, "share of trials with more"));
    draw_lines(&mut sheet, scope, (&frame, &scales), &lines);
    let alt = draw_legend(&mut sheet, &lines, of);
    sheet.done(scope, of.name, &format!("Survival curves of the {}. {alt}", of.axis))
}

/// From below the least value to the largest, and from one trial in all to all of them.
fn scales(lines: &[Line<'_>]) -> [Scale; 2] {
    let values = || lines.iter().flat_map(|line| line.curve.points.iter().map(|point| point.0));
    let low = values().filter(|value| *value > 0.0).fold(f64::INFINITY, f64::min);
    let high = values().fold(0.0, f64::max);
    let rarest = lines.iter().map(|line| 1.0 / line.trials as f64).fold(1.0, f64::min);
    [Scale::log(low / 1.6, high * 1.25), Scale::log(rarest * 0.7, 1.0)]
}

fn draw_lines(
    sheet: &mut Sheet,
    scope: &Scope<'_>,
    (frame, scales): (&Frame, &[Scale; 2]),
    lines: &[Line<'_>],
) {
    let level = scope.results.numbers.level();
    let mut shapes: Vec<(usize, Vec<Point>)> = Vec::new();
    for line in lines.iter().filter(|line| line.hits() > 0) {
        let (mut middle, mut upper, mut lower) = (Vec::new(), Vec::new(), Vec::new());
        let points = &line.curve.points;
        for (two, next) in points.iter().zip(points.iter().skip(1)) {
            let ((value, above), until) = (*two, next.0);
            let (from, to) = (frame.x(&scales[0], value), frame.x(&scales[0], until));
            let share = clopper_pearson(above, line.trials, level);
            // The folder leaves out points as long as the curve falls no further than this.
            let before_next = (above as f64 / FALL).ceil() as u64;
            let least = clopper_pearson(before_next.max(next.1), line.trials, level);
            let heights = [share.value, share.high.unwrap_or(1.0), least.low.unwrap_or(0.0)]
                .map(|share| frame.y(&scales[1], share));
            for (path, y) in [&mut middle, &mut upper, &mut lower].into_iter().zip(heights) {
                path.extend([(from, y), (to, y)]);
            }
        }
        let look = Look::of(line.n);
        sheet.canvas.band(around(thinned(upper), thinned(lower)), look.color);
        shapes.push((line.n, thinned(middle)));
    }
    for (n, shape) in &shapes {
        sheet.canvas.stroke(shape, Look::of(*n).stroke());
        if let Some(end) = shape.last() {
            sheet.canvas.disc(*end, 5, Look::of(*n).color);
        }
    }
    for (n, at) in badges(frame, &shapes) {
        draw_badge(&mut sheet.canvas, at, (&letter(n), Look::of(n).color));
    }
}

/// Steps so small that nobody sees them are left out.
fn thinned(points: Vec<Point>) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::new();
    let last = points.last().copied();
    for point in points {
        let is_near = |other: &Point| (other.0 - point.0).abs().max((other.1 - point.1).abs()) < 3;
        if !kept.last().is_some_and(is_near) {
            kept.push(point);
        }
    }
    kept.extend(last.filter(|last| kept.last() != Some(last)));
    kept
}

/// A line there and another back.
fn around(there: Vec<Point>, back: Vec<Point>) -> Vec<Point> {
    there.into_iter().chain(back.into_iter().rev()).collect()
}

/// Where the letters stand: on their own line, as far from the others as can be.
pub(super) fn badges(frame: &Frame, shapes: &[(usize, Vec<Point>)]) -> Vec<(usize, Point)> {
    let mut placed: Vec<(usize, Point)> = Vec::new();
    for (n, shape) in shapes {
        let candidates = (1..40).filter_map(|step| {
            let x = frame.left + (frame.right - frame.left) * step / 40;
            Some((x, height_at(shape, x)?))
        });
        let room = |at: &Point| {
            let others = shapes.iter().filter(|other| other.0 != *n);
            let to_line = |other: &(usize, Vec<Point>)| {
                height_at(&other.1, at.0).map_or(i32::MAX, |y| (y - at.1).abs())
            };
            let lines = others.map(to_line).min().unwrap_or(i32::MAX).min(60);
            let to_badge = |other: &(usize, Point)| {
                f64::from(other.1.0 - at.0).hypot(f64::from(other.1.1 - at.1)) as i32
            };
            let badges = placed.iter().map(to_badge).min().unwrap_or(i32::MAX).min(120);
            let edge = (at.0 - frame.left).min(frame.right - at.0).min(at.1 - frame.top).min(40);
            // A letter on another letter cannot be read; one on another line can.
            lines + 2 * badges + edge
        };
        if let Some(at) = candidates.max_by_key(room) {
            placed.push((*n, at));
        }
    }
    placed
}

/// The height of a line at some place of the horizontal axis, if it is there.
fn height_at(shape: &[Point], x: i32) -> Option<i32> {
    let step = shape.windows(2).find(|two| two[0].0 <= x && x <= two[1].0)?;
    let [(x0, y0), (x1, y1)] = [step[0], step[1]];
    Some(if x1 == x0 { y0 } else { y0 + (y1 - y0) * (x - x0) / (x1 - x0) })
}

/// The names of the letters, with what is to be said of zero; gives that as sentences.
fn draw_legend(sheet: &mut Sheet, lines: &[Line<'_>], of: &Of) -> String {
    let left = SLIDE.0 - LEGEND;
    let room = SLIDE.0 - MARGIN - left - 34;
    let (mut y, mut alt) = (TOP + 14, String::new());
    for line in lines {
        let look = Look::of(line.n);
        let zero = zero(line, of.what);
        draw_badge(&mut sheet.canvas, (left + 8, y), (&letter(line.n), look.color));
        let label = LABEL.fitted(line.label, room);
        sheet.canvas.text(&label, ((left + 34, y), Anchor::Left), LABEL, INK);
        y += 25;
        for text in LABEL.wrapped(&zero, room) {
            sheet.canvas.text(&text, ((left + 34, y), Anchor::Left), LABEL, GREY);
            y += 23;
        }
        let stroke = look.stroke();
        if line.hits() > 0 {
            sheet.canvas.stroke(&[(left + 34, y - 4), (left + 154, y - 4)], stroke);
        }
        y += 20;
        alt.push_str(&format!("{}: {zero}", line.label));
        if let Some((largest, _)) = line.curve.points.last().filter(|_| line.hits() > 0) {
            alt.push_str(&format!(", at most {}", of.unit.told(*largest)));
        }
        alt.push_str(". ");
    }
    alt
}

/// What is to be said of trials at zero.
fn zero(line: &Line<'_>, what: &str) -> String {
    let text = match line.hits() {
        0 => format!("no {what} in any trial"),
        hits if hits == line.trials => format!("{what} in every trial"),
        hits => {
            let share = (line.trials - hits) as f64 / line.trials as f64;
            format!("no {what} in {} of trials", Unit::Share.told(share))
        }
    };
    if line.mark.is_empty() { text } else { format!("{text} {}", line.mark) }
}
