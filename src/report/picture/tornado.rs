//! A tornado: what moving each assumption alone changes, a bar per move from zero with its
//! interval, the assumption that matters most on top.

use super::axis::{Scale, Unit, draw_interval};
use super::canvas::{EDGE, INK, SKY, Stroke, WHITE};
use super::rows::{Layout, Row};
use super::scope::{Scope, Sheet};
use super::{Drawn, missing};
use crate::montecarlo::estimate::is_shown;
use crate::report::results::{Effects, Move};
use crate::stats::level::Estimate;

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

/// Moves that change something, in the order of the tables of `ecsim run --sensitivity`: those of
/// the assumption with the largest change that is shown first, those without an interval last.
fn ranked(moves: &[Move]) -> Vec<&Move> {
    let largest = |path: &str, counts: fn(&Estimate) -> bool| {
        let own = moves.iter().map(|it| (it, it.difference));
        let own = own.filter(|(it, difference)| it.path == path && counts(difference));
        own.map(|(_, difference)| difference.value.abs()).fold(0.0, f64::max)
    };
    let sizes = |it: &Move| {
        let bounded = |it: &Estimate| it.half_width().is_some();
        [largest(&it.path, is_shown), largest(&it.path, bounded), largest(&it.path, |_| true)]
    };
    // Moves of one assumption stay together, whatever is equal.
    let place = |it: &Move| moves.iter().position(|other| other.path == it.path);
    let mut order: Vec<&Move> = moves.iter().filter(|it| it.difference.value != 0.0).collect();
    order.sort_by(|a, b| {
        let mut by_size = sizes(b).into_iter().zip(sizes(a)).map(|(b, a)| b.total_cmp(&a));
        let differs = by_size.find(|order| order.is_ne());
        differs.unwrap_or_else(|| place(a).cmp(&place(b)))
    });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_interval_comes_last() {
        let bounded = |value: f64, half: f64| Estimate {
            value,
            low: Some(value - half),
            high: Some(value + half),
        };
        let all = [
            ("unknown", Estimate::unbounded(9.0)),
            ("hidden", bounded(5.0, 8.0)),
            ("small", bounded(1.0, 0.5)),
            ("large", bounded(-3.0, 0.5)),
            ("small", bounded(-0.5, 0.6)),
            ("nothing", Estimate::unbounded(0.0)),
        ];
        let moves = all.map(|(path, difference)| Move {
            path: path.to_owned(),
            what: String::new(),
            difference,
        });
        let order: Vec<&str> = ranked(&moves).iter().map(|it| it.path.as_str()).collect();
        assert_eq!(order, ["large", "small", "small", "hidden", "unknown"]);
    }
}
