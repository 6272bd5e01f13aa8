//! Loss against outage of all policies: a point with its intervals both ways for each, and the
//! front of those that no other policy beats in both.

use super::axis::{Frame, Scale, Unit, draw_interval, draw_upright_interval};
use super::canvas::{Anchor, BLUE, GREY, INK, Point, Stroke, VERMILION};
use super::scope::{LABEL, MARGIN, SLIDE, Scope, Sheet, TOP};
use super::{Drawn, missing};
use crate::stats::level::Estimate;

/// Up to so many policies, all have their names beside them.
const MOST_NAMED: usize = 12;

/// What the vertical axis is of.
struct Of {
    name: &'static str,
    title: &'static str,
    axis: &'static str,
    unit: Unit,
    what: Loss,
}

/// A loss.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Loss {
    Writes,
    Dataset,
}

const ALL: [Of; 2] = [
    Of {
        name: "tradeoff-lost-writes",
        title: "Lost writes against write outage",
        axis: "mean lost writes of a trial",
        unit: Unit::Count,
        what: Loss::Writes,
    },
    Of {
        name: "tradeoff-dataset-loss",
        title: "Dataset loss against write outage",
        axis: "trials that lose a dataset",
        unit: Unit::Share,
        what: Loss::Dataset,
    },
];

/// A policy.
struct Dot<'a> {
    label: &'a str,
    outage: Estimate,
    loss: Estimate,
    /// Whether a dataset was lost in any of its trials, which lost writes do not tell.
    dataset: Datasets,
    front: Front,
    rank: Rank,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Datasets {
    Kept,
    Lost,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Front {
    On,
    Behind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rank {
    Reference,
    Other,
}

/// Both pictures.
pub(super) fn draw(scope: &Scope<'_>) -> Vec<Drawn> {
    ALL.iter().map(|of| draw_one(scope, of)).collect()
}

fn draw_one(scope: &Scope<'_>, of: &Of) -> Drawn {
    if scope.subjects.len() < 2 {
        return missing(of.name, "there is one policy, and no trade-off; add a [[policy]]");
    }
    let dots = dots(scope, of);
    if dots.iter().all(|dot| dot.loss.value == 0.0) {
        let what = match of.what {
            Loss::Writes => "no write",
            Loss::Dataset => "no dataset",
        };
        let why = format!("{what} was lost in any trial; {}", scope.what_would_show());
        return missing(of.name, &why);
    }
    let remark = format!("{} intervals", scope.level());
    let mut sheet = Sheet::new(scope, (of.title, &remark));
    let end = sheet.notes(&notes(of, &dots));
    let frame = Frame { left: 150, right: SLIDE.0 - MARGIN - 20, top: TOP, bottom: end - 66 };
    let values = |it: fn(&Dot<'_>) -> Estimate| -> Vec<f64> {
        let ends = |it: Estimate| [Some(it.value), it.low, it.high].into_iter().flatten();
        dots.iter().flat_map(|dot| ends(it(dot))).collect()
    };
    let scales =
        [Scale::fitting(&values(|dot| dot.outage)), Scale::fitting(&values(|dot| dot.loss))];
    let (x, y) = (&scales[0], &scales[1]);
    frame.draw_x(&mut sheet.canvas, x, (Unit::Seconds, "mean write outage of a trial"));
    frame.draw_y(&mut sheet.canvas, y, (of.unit, of.axis));
    let front = front(&frame, [x, y], &dots);
    sheet.canvas.stroke(&front, Stroke { color: BLUE, width: 3, dashes: &[16, 6] });
    for dot in &dots {
        let at = frame.at([x, y], (dot.outage.value, dot.loss.value));
        let stroke = Stroke::new(GREY, 2);
        draw_interval(&mut sheet.canvas, (&frame, x), (at.1, &dot.outage), stroke);
        draw_upright_interval(&mut sheet.canvas, (&frame, y), (at.0, &dot.loss), stroke);
    }
    for dot in &dots {
        draw_dot(&mut sheet, frame.at([x, y], (dot.outage.value, dot.loss.value)), dot);
    }
    draw_names(&mut sheet, (&frame, [x, y]), &dots, &front);
    let told: Vec<String> = dots.iter().take(MOST_NAMED).map(|dot| told(dot, of)).collect();
    let best = dots.iter().filter(|dot| dot.front == Front::On).map(|dot| dot.label);
    let best: Vec<&str> = best.collect();
    let best = if best.is_empty() { "nobody".to_owned() } else { best.join(", ") };
    let alt = format!("On the front: {best}. {}.", told.join("; "));
    sheet.done(scope, of.name, &alt)
}

fn told(dot: &Dot<'_>, of: &Of) -> String {
    let (outage, loss) = (Unit::Seconds.estimated(&dot.outage), of.unit.estimated(&dot.loss));
    let what = match of.what {
        Loss::Writes => "lost writes",
        Loss::Dataset => "dataset loss",
    };
    format!("{}: outage {outage}, {what} {loss}", dot.label)
}

fn dots<'a>(scope: &'a Scope<'_>, of: &Of) -> Vec<Dot<'a>> {
    let subjects = scope.subjects.iter().enumerate();
    let mut dots: Vec<Dot<'a>> = subjects
        .filter_map(|(n, subject)| {
            let entry = subject.entry;
            let loss = match of.what {
                Loss::Writes => entry.metric("lost_writes", "mean")?,
                Loss::Dataset => entry.probability("dataset_loss")?,
            };
            let lost = entry.probability("dataset_loss").is_some_and(|it| it.value > 0.0);
            let is_reference = n == scope.reference;
            Some(Dot {
                label: &subject.label,
                outage: entry.metric("write_outage_s", "mean")?,
                loss,
                dataset: if lost { Datasets::Lost } else { Datasets::Kept },
                front: Front::Behind,
                rank: if is_reference { Rank::Reference } else { Rank::Other },
            })
        })
        .collect();
    // Who lost datasets did not save the writes that went with them.
    let stands = |dot: &Dot<'_>| of.what == Loss::Dataset || dot.dataset == Datasets::Kept;
    let pair = |dot: &Dot<'_>| (dot.outage.value, dot.loss.value);
    let pairs: Vec<(f64, f64)> = dots.iter().filter(|dot| stands(dot)).map(pair).collect();
    for dot in dots.iter_mut().filter(|dot| stands(dot)) {
        let own = pair(dot);
        let beats = |other: &(f64, f64)| other.0 <= own.0 && other.1 <= own.1 && *other != own;
        if !pairs.iter().any(beats) {
            dot.front = Front::On;
        }
    }
    dots
}

fn notes(of: &Of, dots: &[Dot<'_>]) -> Vec<String> {
    let named = match dots.len() {
        n if n > MOST_NAMED => " Only those on it and the reference are named.",
        _ => "",
    };
    let front = format!(
        "The line is the front: by these means no other policy does as well in both and better in \
         one. Where intervals overlap the order may be chance.{named}"
    );
    let has_lost = dots.iter().any(|dot| dot.dataset == Datasets::Lost);
    let datasets = "A hollow triangle also lost datasets: the writes that went with them are not \
                    counted here, and it is not on the front.";
    let lost = "A hollow triangle lost datasets, a full dot lost none in any trial.";
    match of.what {
        Loss::Writes if has_lost => vec![front, datasets.to_owned()],
        Loss::Dataset if has_lost => vec![front, lost.to_owned()],
        Loss::Writes | Loss::Dataset => vec![front],
    }
}

/// The step line through those on the front.
fn front(frame: &Frame, scales: [&Scale; 2], dots: &[Dot<'_>]) -> Vec<Point> {
    let mut front: Vec<(f64, f64)> = dots
        .iter()
        .filter(|dot| dot.front == Front::On)
        .map(|dot| (dot.outage.value, dot.loss.value))
        .collect();
    front.sort_by(|a, b| a.0.total_cmp(&b.0));
    let places: Vec<Point> = front.into_iter().map(|pair| frame.at(scales, pair)).collect();
    let mut path: Vec<Point> = Vec::new();
    if let Some(first) = places.first() {
        path.push((first.0, frame.top));
    }
    for place in &places {
        if let Some(last) = path.last().copied() {
            path.push((place.0, last.1));
        }
        path.push(*place);
    }
    if let Some(last) = places.last() {
        path.push((frame.right, last.1));
    }
    path
}

fn draw_dot(sheet: &mut Sheet, (x, y): Point, dot: &Dot<'_>) {
    let canvas = &mut sheet.canvas;
    match (dot.dataset, dot.rank) {
        (Datasets::Lost, _) => canvas.triangle((x, y), VERMILION),
        (Datasets::Kept, Rank::Reference) => {
            canvas.filled([(x - 9, y - 9), (x + 9, y + 9)], INK);
        }
        (Datasets::Kept, Rank::Other) => canvas.disc((x, y), 8, BLUE),
    }
}

/// Names beside their points where they cover nothing.
fn draw_names(
    sheet: &mut Sheet,
    (frame, scales): (&Frame, [&Scale; 2]),
    dots: &[Dot<'_>],
    front: &[Point],
) {
    let place = |dot: &Dot<'_>| frame.at(scales, (dot.outage.value, dot.loss.value));
    let (mut taken, lines) = obstacles((frame, scales), dots, front);
    let named = |dot: &&Dot<'_>| {
        dots.len() <= MOST_NAMED || dot.front == Front::On || dot.rank == Rank::Reference
    };
    for dot in dots.iter().filter(named) {
        let (at, label) = (place(dot), name(dot));
        let label = LABEL.fitted(&label, 400);
        let width = LABEL.width(&label);
        let is_free = |corners: &[Point; 2]| {
            let is_inside = corners[0].0 >= frame.left + 2
                && corners[1].0 <= SLIDE.0 - 10
                && corners[0].1 >= frame.top - 8
                && corners[1].1 <= frame.bottom - 2;
            is_inside && !taken.iter().any(|other| overlap(corners, other))
        };
        let crosses = |corners: &[Point; 2]| lines.iter().any(|line| overlap(corners, line));
        let spots: Vec<([Point; 2], Distance)> =
            spots(at, width).into_iter().chain(anywhere(frame, at, width)).collect();
        // A name on a line can be read; one on a point or on a name cannot.
        let best = spots.iter().find(|(it, _)| is_free(it) && !crosses(it));
        let Some((corners, far)) = best.or_else(|| spots.iter().find(|(it, _)| is_free(it))) else {
            continue;
        };
        let (corners, far) = (*corners, *far);
        let middle = (corners[0].1 + corners[1].1) / 2;
        let (end, anchor) = match corners[0].0 > at.0 {
            true => (corners[0].0, Anchor::Left),
            false => (corners[1].0, Anchor::Right),
        };
        if far == Distance::Far {
            sheet.canvas.line(&[at, (end, middle)], GREY);
        }
        sheet.canvas.text(&label, ((end, middle), anchor), LABEL, INK);
        taken.push(corners);
    }
}

/// What names must not cover, points, and what they should not: intervals, the front.
fn obstacles(
    (frame, scales): (&Frame, [&Scale; 2]),
    dots: &[Dot<'_>],
    front: &[Point],
) -> (Vec<[Point; 2]>, Vec<[Point; 2]>) {
    let (mut points, mut lines): (Vec<[Point; 2]>, Vec<[Point; 2]>) = (Vec::new(), Vec::new());
    for dot in dots {
        let (x, y) = frame.at(scales, (dot.outage.value, dot.loss.value));
        points.push([(x - 12, y - 12), (x + 12, y + 12)]);
        let along = |value: Option<f64>, open: i32| value.map_or(open, |it| frame.x(scales[0], it));
        let up = |value: Option<f64>, open: i32| value.map_or(open, |it| frame.y(scales[1], it));
        let (left, right) =
            (along(dot.outage.low, frame.left), along(dot.outage.high, frame.right));
        lines.push([(left, y - 3), (right, y + 3)]);
        lines.push([(x - 3, up(dot.loss.high, y - 42)), (x + 3, up(dot.loss.low, y + 42))]);
    }
    let steps = front.windows(2).map(|two| {
        let (left, right) = (two[0].0.min(two[1].0), two[0].0.max(two[1].0));
        let (top, bottom) = (two[0].1.min(two[1].1), two[0].1.max(two[1].1));
        [(left - 3, top - 3), (right + 3, bottom + 3)]
    });
    lines.extend(steps);
    (points, lines)
}

fn name(dot: &Dot<'_>) -> String {
    match dot.rank {
        Rank::Reference => format!("{} (reference)", dot.label),
        Rank::Other => dot.label.to_owned(),
    }
}

/// Whether a name needs a line to its point.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Distance {
    Near,
    Far,
}

/// Where a name of that width may stand, the best place first.
fn spots((x, y): Point, width: i32) -> Vec<([Point; 2], Distance)> {
    let boxed = |left: i32, middle: i32| [(left, middle - 12), (left + width, middle + 12)];
    let near = [
        boxed(x + 16, y),
        boxed(x + 12, y - 22),
        boxed(x + 12, y + 22),
        boxed(x - width - 16, y),
        boxed(x - width - 12, y - 22),
        boxed(x - width - 12, y + 22),
    ];
    let far = (2..10).flat_map(|n| {
        let step = 22 * n;
        [
            boxed(x + 24, y - step),
            boxed(x + 24, y + step),
            boxed(x - width - 24, y - step),
            boxed(x - width - 24, y + step),
        ]
    });
    let near = near.into_iter().map(|corners| (corners, Distance::Near));
    near.chain(far.map(|corners| (corners, Distance::Far))).collect()
}

/// Everywhere else where a name of that width may stand, what is near the point first.
fn anywhere(frame: &Frame, at: Point, width: i32) -> Vec<([Point; 2], Distance)> {
    let lefts = || (frame.left + 4..SLIDE.0 - 10 - width).step_by(24);
    let middles = (frame.top + 6..frame.bottom - 14).step_by(12);
    let boxed = |left: i32, middle: i32| [(left, middle - 12), (left + width, middle + 12)];
    let mut all: Vec<[Point; 2]> =
        middles.flat_map(|middle| lefts().map(move |left| boxed(left, middle))).collect();
    let distance = |corners: &[Point; 2]| {
        let aside = (corners[0].0 - at.0).max(at.0 - corners[1].0).max(0);
        let above = (corners[0].1 + corners[1].1) / 2 - at.1;
        aside.pow(2) + above.pow(2)
    };
    all.sort_by_key(distance);
    all.into_iter().map(|corners| (corners, Distance::Far)).collect()
}

fn overlap(one: &[Point; 2], other: &[Point; 2]) -> bool {
    one[0].0 < other[1].0 && other[0].0 < one[1].0 && one[0].1 < other[1].1 && other[0].1 < one[1].1
}
