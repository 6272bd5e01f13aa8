//! The mean write outage taken apart, by what it waited for and by the fault that opened it: a bar
//! per policy in parts that are told apart by colour, by pattern and by letter.

use super::axis::{Scale, Unit, draw_interval};
use super::canvas::{
    Anchor, BLUE, Canvas, Color, EDGE, Font, GREEN, GREY, INK, ORANGE, PURPLE, Point, SKY, Stroke,
    VERMILION, WHITE, YELLOW,
};
use super::rows::{Layout, Row};
use super::scope::{LABEL, MARGIN, SLIDE, Scope, Sheet, letter};
use super::{Drawn, missing};
use crate::model::fact::Phase;
use crate::report::summary::phase_key;
use crate::stats::level::Estimate;

/// Bars of which a slide has room, with a legend.
const MOST: usize = 12;
/// Parts that are told apart; the smaller ones are one.
const MOST_PARTS: usize = 8;
/// From this ratio of the longest to the shortest bar on, all are as long as each other.
const WIDE: f64 = 12.0;

/// How bars are taken apart.
struct Of {
    by: &'static str,
    name: &'static str,
    title: &'static str,
    word: &'static str,
}

const ALL: [Of; 2] = [
    Of {
        by: "by_phase",
        name: "outage-by-phase",
        title: "What writers wait for in an outage",
        word: "what was waited for",
    },
    Of {
        by: "by_fault",
        name: "outage-by-fault",
        title: "Which faults the write outage comes from",
        word: "the fault that opened it",
    },
];

/// A policy's bar.
struct Bar {
    total: Estimate,
    /// By part: what it adds to the total.
    parts: Vec<f64>,
}

/// Whether the lengths of bars say anything.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lengths {
    /// They are the totals.
    Totals,
    /// All are a whole.
    Shares,
}

/// Both pictures.
pub(super) fn draw(scope: &Scope<'_>) -> Vec<Drawn> {
    ALL.iter().map(|of| draw_one(scope, of)).collect()
}

fn draw_one(scope: &Scope<'_>, of: &Of) -> Drawn {
    let chosen = scope.spread(MOST, ("write_outage_s", "the write outage"));
    let names = names(scope, of, &chosen.positions);
    if names.is_empty() {
        return missing(of.name, "no trial has a write outage, so there is nothing to take apart");
    }
    let bar = |n: &usize| bar(scope, of, &names, *n);
    let bars: Vec<Bar> = chosen.positions.iter().map(bar).collect();
    let row = |(n, bar): (&usize, &Bar)| Row {
        name: scope.subjects[*n].label.clone(),
        number: Unit::Seconds.estimated(&bar.total),
    };
    let rows: Vec<Row> = chosen.positions.iter().zip(&bars).map(row).collect();
    let totals = || bars.iter().map(|bar| bar.total.value).filter(|total| *total > 0.0);
    let (least, most) = (totals().fold(f64::INFINITY, f64::min), totals().fold(0.0, f64::max));
    let lengths = if most / least > WIDE { Lengths::Shares } else { Lengths::Totals };
    let remark = format!("totals with {} intervals", scope.level());
    let mut sheet = Sheet::new(scope, (of.title, &remark));
    let notes: Vec<String> = chosen.note.into_iter().collect();
    let end = sheet.notes(&notes);
    let end = draw_legend(&mut sheet.canvas, &names, end);
    let layout = Layout::of(&rows, end);
    let (scale, unit, axis) = match lengths {
        Lengths::Totals => {
            let ends = bars.iter().flat_map(|bar| [Some(bar.total.value), bar.total.high]);
            let scale = Scale::from_zero(ends.flatten());
            (scale, Unit::Seconds, "mean write outage of a trial")
        }
        Lengths::Shares => {
            let axis = "share of the mean write outage (bars are equal, totals are not)";
            (Scale::between(0.0, 1.0), Unit::Share, axis)
        }
    };
    layout.draw(&mut sheet.canvas, &rows, (&scale, unit, axis));
    for (n, bar) in bars.iter().enumerate() {
        draw_bar(&mut sheet.canvas, &layout, &scale, (n, bar, lengths));
    }
    let told: Vec<String> = rows
        .iter()
        .zip(&bars)
        .map(|(row, bar)| format!("{}: {}, of it {}", row.name, row.number, shares(bar, &names)))
        .collect();
    let alt = format!("The mean write outage by {}. {}.", of.word, told.join("; "));
    sheet.done(scope, of.name, &alt)
}

/// The largest parts, in the order in which they come in an outage; what is left over is the last.
fn names(scope: &Scope<'_>, of: &Of, positions: &[usize]) -> Vec<String> {
    let mut sums: Vec<(String, f64)> = Vec::new();
    for position in positions {
        let entry = scope.subjects[*position].entry;
        let total = entry.metric("write_outage_s", "mean").map_or(0.0, |mean| mean.value);
        for (name, value) in entry.parts(of.by, "write_outage_s") {
            // Each policy has the same say, however long its outages are.
            let share = if total > 0.0 { value / total } else { 0.0 };
            match sums.iter_mut().find(|sum| sum.0 == name) {
                Some(sum) => sum.1 += share,
                None => sums.push((name.to_owned(), share)),
            }
        }
    }
    let order: Vec<String> = sums.iter().map(|sum| sum.0.clone()).collect();
    sums.retain(|sum| sum.1 > 0.0);
    sums.sort_by(|a, b| b.1.total_cmp(&a.1));
    let is_cut = sums.len() > MOST_PARTS;
    sums.truncate(if is_cut { MOST_PARTS - 1 } else { MOST_PARTS });
    let kept = |name: &String| sums.iter().any(|sum| sum.0 == *name);
    let mut names: Vec<String> = order.into_iter().filter(kept).collect();
    if is_cut {
        names.push(OTHERS.to_owned());
    }
    names
}

/// The name of all parts that are too small to be told apart.
const OTHERS: &str = "others";

fn bar(scope: &Scope<'_>, of: &Of, names: &[String], position: usize) -> Bar {
    let entry = scope.subjects[position].entry;
    let total = entry.metric("write_outage_s", "mean").unwrap_or(Estimate::unbounded(0.0));
    let mut parts = vec![0.0; names.len()];
    for (name, value) in entry.parts(of.by, "write_outage_s") {
        let place = names.iter().position(|it| it == name);
        let place = place.or_else(|| names.iter().position(|it| it == OTHERS));
        if let Some(place) = place {
            parts[place] += value;
        }
    }
    Bar { total, parts }
}

/// A part as people say it.
fn word(name: &str) -> String {
    if let Some(phase) = Phase::ALL.into_iter().find(|phase| phase_key(*phase) == name) {
        return phase.name().to_owned();
    }
    let word = match name {
        "node" => "node failures",
        "replicas" => "replica failures",
        "az" => "AZ failures",
        "group" => "group failures",
        "crash" => "crashes",
        "customer-reboot" => "reboots by the customer",
        "service-reboot" => "reboots by the service",
        "planned" => "planned work",
        "test-failover" => "test failovers",
        other => return other.replace(['-', '_'], " "),
    };
    word.to_owned()
}

/// The parts of a bar in words.
fn shares(bar: &Bar, names: &[String]) -> String {
    let whole = bar.total.value;
    let told = |(name, part): (&String, &f64)| {
        (*part > 0.0).then(|| format!("{} {}", word(name), Unit::Share.told(part / whole)))
    };
    let told: Vec<String> = names.iter().zip(&bar.parts).filter_map(told).collect();
    if told.is_empty() { "nothing".to_owned() } else { told.join(", ") }
}

/// What parts look like, by their place.
fn look(n: usize) -> (Color, Pattern) {
    const LOOKS: [(Color, Pattern); MOST_PARTS] = [
        (SKY, Pattern::Plain),
        (ORANGE, Pattern::Falling),
        (GREEN, Pattern::Rising),
        (YELLOW, Pattern::Upright),
        (PURPLE, Pattern::Level),
        (BLUE, Pattern::Crossed),
        (VERMILION, Pattern::Plain),
        (WHITE, Pattern::Plain),
    ];
    LOOKS[n % LOOKS.len()]
}

/// A pattern on a part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pattern {
    Plain,
    Falling,
    Rising,
    Upright,
    Level,
    Crossed,
}

/// Draws a part from corner to corner.
fn draw_part(canvas: &mut Canvas, [from, to]: [Point; 2], n: usize) {
    let (color, pattern) = look(n);
    canvas.filled([from, to], color);
    let (width, height) = (to.0 - from.0, to.1 - from.1);
    let step = 12;
    // A line of slope one through the box, cut at its edges; `at` is where it meets the lower edge.
    let mut slanted = |rising: bool| {
        for at in (step / 2..width + height).step_by(step as usize) {
            let (near, far) = ((at - width).max(0), at.min(height));
            let place = |down: i32| {
                let along = at - down;
                let x = if rising { from.0 + along } else { to.0 - along };
                (x, from.1 + down)
            };
            canvas.line(&[place(near), place(far)], INK);
        }
    };
    match pattern {
        Pattern::Plain => {}
        Pattern::Falling => slanted(false),
        Pattern::Rising => slanted(true),
        Pattern::Crossed => {
            slanted(false);
            slanted(true);
        }
        Pattern::Upright => {
            for x in (from.0 + step / 2..to.0).step_by(step as usize) {
                canvas.line(&[(x, from.1), (x, to.1)], INK);
            }
        }
        Pattern::Level => {
            for y in (from.1 + 4..to.1).step_by(8) {
                canvas.line(&[(from.0, y), (to.0, y)], INK);
            }
        }
    }
    canvas.outlined([from, to], INK);
}

/// A letter on a white ground, which every pattern leaves legible.
fn draw_letter(canvas: &mut Canvas, at: Point, n: usize) {
    let (half, height) = (9, 10);
    canvas.filled([(at.0 - half, at.1 - height), (at.0 + half, at.1 + height)], WHITE);
    canvas.text(&letter(n), (at, Anchor::Middle), Font::Title(16), INK);
}

fn draw_bar(
    canvas: &mut Canvas,
    layout: &Layout,
    scale: &Scale,
    (n, bar, lengths): (usize, &Bar, Lengths),
) {
    /// A part is this wide if a letter fits into it.
    const LETTER: i32 = 26;
    let (y, half) = (layout.middle(n), (layout.height * 36 / 100).min(28));
    let whole = match lengths {
        Lengths::Totals => 1.0,
        Lengths::Shares => bar.total.value,
    };
    if bar.total.value == 0.0 {
        let at = (layout.frame.left + 10, y);
        canvas.text("no outage was seen", (at, Anchor::Left), LABEL, GREY);
        return;
    }
    let mut sum = 0.0;
    for (place, part) in bar.parts.iter().enumerate().filter(|(_, part)| **part > 0.0) {
        let left = layout.frame.x(scale, sum / whole);
        sum += part;
        let right = layout.frame.x(scale, sum / whole);
        draw_part(canvas, [(left, y - half), (right, y + half)], place);
        if right - left >= LETTER {
            draw_letter(canvas, ((left + right) / 2, y), place);
        }
    }
    if lengths == Lengths::Totals {
        let frame = (&layout.frame, scale);
        let stroke = Stroke::new(WHITE, 7);
        // An edge of white, so that the whisker is seen on the bar.
        draw_interval(canvas, frame, (y, &bar.total), stroke);
        draw_interval(canvas, frame, (y, &bar.total), Stroke::new(INK, 3));
    }
}

/// What the letters stand for, in lines above `end`; gives where the picture has to end.
fn draw_legend(canvas: &mut Canvas, names: &[String], end: i32) -> i32 {
    const SAMPLE: i32 = 46;
    let mut lines: Vec<Vec<(usize, String, i32)>> = vec![Vec::new()];
    let mut x = MARGIN;
    for (n, name) in names.iter().enumerate() {
        let word = word(name);
        let width = SAMPLE + 10 + LABEL.width(&word) + 12;
        if x + width > SLIDE.0 - MARGIN && x > MARGIN {
            lines.push(Vec::new());
            x = MARGIN;
        }
        lines.last_mut().expect("there is a line from the start").push((n, word, x));
        x += width;
    }
    let top = end - 36 * lines.len() as i32;
    canvas.line(&[(MARGIN, top - 6), (SLIDE.0 - MARGIN, top - 6)], EDGE);
    for (line, entries) in lines.iter().enumerate() {
        let y = top + 36 * line as i32 + 16;
        for (n, word, x) in entries {
            draw_part(canvas, [(*x, y - 13), (x + SAMPLE, y + 13)], *n);
            draw_letter(canvas, (x + SAMPLE / 2, y), *n);
            canvas.text(word, ((x + SAMPLE + 10, y), Anchor::Left), LABEL, INK);
        }
    }
    top - 8
}
