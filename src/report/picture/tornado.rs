//! A tornado: what moving each assumption alone changes, a bar per move from zero with its
//! interval, the assumption that matters most on top.

use super::axis::{Scale, Unit, draw_interval};
use super::canvas::{EDGE, INK, SKY, Stroke, WHITE};
use super::rows::{Layout, Row};
use super::scope::{Scope, Sheet};
use super::{Drawn, missing};
use crate::report::results::{Effects, Move};

/// Bars that a slide has room for.
const MOST: usize = 14;

/// A number whose assumptions are ranked.
struct Of {
    quantity: &'static str,
    name: &'static str,
    title: &'static str,
    axis: &'static str,
    unit: Unit,
}

const ALL: [Of; 3] = [
    Of {
        quantity: "write_outage_s",
        name: "tornado-write-outage",
        title: "What the write outage depends on",
        axis: "change of the mean write outage of a trial",
        unit: Unit::Seconds,
    },
    Of {
        quantity: "lost_writes",
        name: "tornado-lost-writes",
        title: "What the lost writes depend on",
        axis: "change of the mean lost writes of a trial",
        unit: Unit::Count,
    },
    Of {
        quantity: "dataset_loss",
        name: "tornado-dataset-loss",
        title: "What the dataset loss depends on",
        axis: "change of the share of trials that lose a dataset",
        unit: Unit::Share,
    },
];

/// All three pictures; one sentence where no assumption was moved.
pub(super) fn draw(scope: &Scope<'_>) -> Vec<Drawn> {
    if scope.results.effects.is_empty() {
        let why = "no assumption was moved; `ecsim run … --sensitivity` keeps what that does";
        return vec![missing("tornado", why)];
    }
    let found = |of: &Of| {
        let effects = scope.results.effects.iter().find(|it| it.quantity == of.quantity);
        match effects {
            Some(effects) => draw_one(scope, effects, of),
            None => missing(of.name, "sensitivity.json does not have it"),
        }
    };
    ALL.iter().map(found).collect()
}

fn draw_one(scope: &Scope<'_>, effects: &Effects, of: &Of) -> Drawn {
    let moves = ranked(&effects.moves);
    let (shown, n_left_out) = match moves.len() {
        n if n > MOST => (&moves[..MOST], n - MOST),
        _ => (&moves[..], 0),
    };
    if shown.is_empty() {
        return missing(of.name, "moving the assumptions changes it in no trial");
    }
    let row = |it: &&Move| {
        let plus = if it.difference.value > 0.0 { "+" } else { "" };
        Row { name: name(it), number: format!("{plus}{}", of.unit.estimated(&it.difference)) }
    };
    let rows: Vec<Row> = shown.iter().map(row).collect();
    let now = of.unit.estimated(&effects.now);
    let remark = format!("{} intervals", scope.level());
    let mut sheet = Sheet::new(scope, (of.title, &remark));
    let mut notes = vec![format!("Zero is as it is now: {now}. Each assumption is moved alone.")];
    if n_left_out > 0 {
        let least = "smaller changes are in sensitivity.json";
        notes.push(format!("{n_left_out} {least}."));
    }
    let end = sheet.notes(&notes);
    let layout = Layout::of(&rows, end);
    let ends = |it: &&Move| {
        let it = it.difference;
        [Some(it.value), it.low, it.high].into_iter().flatten().collect::<Vec<f64>>()
    };
    let values: Vec<f64> = shown.iter().flat_map(ends).collect();
    let scale = Scale::around_zero(&values);
    layout.draw(&mut sheet.canvas, &rows, (&scale, of.unit, of.axis));
    for (n, it) in shown.iter().enumerate() {
        let (y, half) = (layout.middle(n), (layout.height * 32 / 100).min(14));
        let zero = layout.frame.x(&scale, 0.0);
        let end = layout.frame.x(&scale, it.difference.value);
        let corners = [(zero.min(end), y - half), (zero.max(end), y + half)];
        sheet.canvas.filled(corners, SKY);
        sheet.canvas.outlined(corners, INK);
        let frame = (&layout.frame, &scale);
        draw_interval(&mut sheet.canvas, frame, (y, &it.difference), Stroke::new(WHITE, 6));
        draw_interval(&mut sheet.canvas, frame, (y, &it.difference), Stroke::new(INK, 2));
        // Moves of one assumption stand together.
        if n > 0 && shown[n - 1].path != it.path {
            let top = layout.frame.top + layout.height * n as i32;
            sheet.canvas.line(&[(layout.frame.left, top), (layout.frame.right, top)], EDGE);
        }
    }
    layout.draw_zero(&mut sheet.canvas, &scale);
    let told: Vec<String> =
        shown.iter().zip(&rows).map(|(it, row)| format!("{}: {}", it.what, row.number)).collect();
    let alt = format!("The {}. {}.", of.axis, told.join("; "));
    sheet.done(scope, of.name, &alt)
}

/// Moves that change something, those of the assumption with the largest change first.
fn ranked(moves: &[Move]) -> Vec<&Move> {
    let size = |path: &str| {
        let own = moves.iter().filter(|it| it.path == path);
        own.map(|it| it.difference.value.abs()).fold(0.0, f64::max)
    };
    let mut order: Vec<&Move> = moves.iter().filter(|it| it.difference.value != 0.0).collect();
    order.sort_by(|a, b| size(&b.path).total_cmp(&size(&a.path)).then(a.path.cmp(&b.path)));
    order
}

/// What is moved to what, with the last two parts of its path.
fn name(it: &Move) -> String {
    let parts: Vec<&str> = it.path.split('.').collect();
    let short = parts[parts.len().saturating_sub(2)..].join(".");
    let rest = it.what.strip_prefix(it.path.as_str()).unwrap_or(&it.what);
    let (rest, _) = rest.split_once(" instead of ").unwrap_or((rest, ""));
    format!("{short}{rest}")
}
