//! Convergence: the means of the reference over more and more trials, each with its interval.

use super::axis::{Frame, Scale, Unit, guide};
use super::canvas::{Anchor, BLUE, INK, Point, Stroke};
use super::scope::{LABEL, SLIDE, Scope, Sheet, TOP};
use super::{Drawn, missing};
use crate::observe::metrics::Metric;
use crate::report::results::Settling;
use crate::stats::level::Estimate;

const NAME: &str = "convergence";

/// The picture.
pub(super) fn draw(scope: &Scope<'_>) -> Drawn {
    let settling = &scope.results.settling;
    if settling.is_empty() {
        let why = "the folder has no trials.csv: `--rows always` keeps the rows it is made of";
        return missing(NAME, why);
    }
    let is_seen = |it: &&Settling| {
        let bounded = it.points.iter().filter(|point| point.1.half_width().is_some());
        bounded.count() >= 2 && it.points.iter().any(|point| point.1.value > 0.0)
    };
    let panels: Vec<&Settling> = settling.iter().filter(is_seen).collect();
    if panels.is_empty() {
        let why = "too few trials have an outage or lose writes for a mean with an interval; run \
                   more of them";
        return missing(NAME, why);
    }
    let remark = format!("bands: {} intervals", scope.level());
    let title = format!("How the means of {} settle", scope.its_reference().label);
    let mut sheet = Sheet::new(scope, (&title, &remark));
    let end = sheet.notes(&[
        "The dotted line is the mean of all trials; a band that narrows around it says that more \
         trials change little."
            .to_owned(),
    ]);
    let width = (SLIDE.0 - 60) / panels.len() as i32;
    let mut told = Vec::new();
    for (n, panel) in panels.iter().enumerate() {
        let left = 150 + width * n as i32;
        let right = width * (n as i32 + 1) - 10;
        let frame = Frame { left, right, top: TOP + 14, bottom: end - 66 };
        told.push(draw_panel(&mut sheet, &frame, panel));
    }
    sheet.done(scope, NAME, &told.join(" "))
}

/// What a panel is of: its axis and its unit. Outages and lost writes are followed.
fn of(metric: Metric) -> (&'static str, Unit) {
    match metric == Metric::WriteOutage {
        true => ("mean write outage", Unit::Seconds),
        false => ("mean lost writes", Unit::Count),
    }
}

/// Draws a panel; gives what one sees as a sentence.
fn draw_panel(sheet: &mut Sheet, frame: &Frame, panel: &Settling) -> String {
    let (axis, unit) = of(panel.metric);
    let bounded: Vec<(u64, Estimate)> =
        panel.points.iter().copied().filter(|point| point.1.half_width().is_some()).collect();
    let (n_first, n_last) = (bounded[0].0, bounded[bounded.len() - 1].0);
    let last = bounded[bounded.len() - 1].1;
    // The first means are of so few trials that their intervals would make all others flat.
    let most = last.value * 3.0;
    let high = bounded.iter().filter_map(|it| it.1.high).fold(last.value, f64::max).min(most);
    let low = bounded.iter().filter_map(|it| it.1.low).fold(last.value, f64::min);
    let room = (high - low) * 0.05;
    let y = Scale::between((low - room).max(0.0), high + room);
    let x = Scale::log(n_first as f64, n_last as f64);
    frame.draw_x(&mut sheet.canvas, &x, (Unit::Count, "trials"));
    frame.draw_y(&mut sheet.canvas, &y, (unit, axis));
    let at = |n: u64, value: f64| frame.at([&x, &y], (n as f64, value));
    let upper = bounded.iter().map(|it| at(it.0, it.1.high.unwrap_or(it.1.value)));
    let lower = bounded.iter().rev().map(|it| at(it.0, it.1.low.unwrap_or(it.1.value)));
    sheet.canvas.band(upper.chain(lower).collect(), BLUE);
    let level = frame.y(&y, last.value);
    sheet.canvas.stroke(&[(frame.left, level), (frame.right, level)], guide());
    let middle: Vec<Point> = bounded.iter().map(|it| at(it.0, it.1.value)).collect();
    sheet.canvas.stroke(&middle, Stroke::new(BLUE, 3));
    let text = unit.estimated(&last);
    let place = ((frame.right, frame.top - 14), Anchor::Right);
    sheet.canvas.text(&text, place, LABEL, INK);
    let first = bounded[0].1;
    format!(
        "The {axis} is {} after {n_first} trials and {text} after {n_last}.",
        unit.estimated(&first)
    )
}
