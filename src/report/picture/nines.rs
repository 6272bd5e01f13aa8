//! Availability in nines: a dot and its interval per policy.

use super::axis::{Scale, Unit};
use super::rows::{Dot, Layout, MOST, Row};
use super::scope::{Scope, Sheet};
use super::{Drawn, missing};
use crate::report::numbers::{seconds, significant};
use crate::stats::level::Estimate;

const NAME: &str = "availability";

/// The picture.
pub(super) fn draw(scope: &Scope<'_>) -> Drawn {
    let chosen = scope.spread(MOST, ("write_outage_s", "the write outage"));
    let of = |n: &usize| (*n, scope.subjects[*n].entry.nines());
    let all: Vec<(usize, Option<Estimate>)> = chosen.positions.iter().map(of).collect();
    if all.iter().all(|(_, nines)| nines.is_none()) {
        let is_scheduled = scope.subjects.iter().any(|it| !it.policy.plan.script.is_empty());
        let why = match is_scheduled {
            true => "faults are scheduled, which says nothing of how often they come",
            false => "no trial has an outage, so there is nothing that nines would count",
        };
        return missing(NAME, why);
    }
    let row = |(n, nines): &(usize, Option<Estimate>)| Row {
        name: scope.subjects[*n].label.clone(),
        number: nines.as_ref().map_or("no outage was seen".to_owned(), told),
    };
    let rows: Vec<Row> = all.iter().map(row).collect();
    let remark = format!("{} intervals", scope.level());
    let mut sheet = Sheet::new(scope, ("Availability for writes, in nines", &remark));
    let mut notes =
        vec!["Each nine is ten times less outage: 3 is 99.9 %, nearly 9 hours a year.".to_owned()];
    notes.extend(chosen.note);
    let end = sheet.notes(&notes);
    let layout = Layout::of(&rows, end);
    let ends = |it: Estimate| [Some(it.value), it.low, it.high].into_iter().flatten();
    let values: Vec<f64> = all.iter().filter_map(|(_, nines)| *nines).flat_map(ends).collect();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min).floor().max(0.0);
    let high = values.iter().copied().fold(0.0, f64::max).ceil();
    let scale = Scale::between(low, high);
    layout.draw(&mut sheet.canvas, &rows, (&scale, Unit::Count, "nines of the mean availability"));
    for (n, (_, nines)) in all.iter().enumerate() {
        if let Some(nines) = nines {
            layout.draw_dot(&mut sheet.canvas, &scale, (n, nines, Dot::Full));
        }
    }
    let lines: Vec<String> =
        rows.iter().map(|row| format!("{}: {}", row.name, row.number)).collect();
    sheet.done(scope, NAME, &format!("Nines of the write availability. {}.", lines.join("; ")))
}

/// Nines with their interval, and the outage of a year that they stand for.
fn told(nines: &Estimate) -> String {
    let nine = |value: f64| significant(value, 3);
    let year = 365.0 * 86_400.0 * 10f64.powf(-nines.value);
    let interval = match (nines.low, nines.high) {
        (Some(low), Some(high)) => format!("({} to {})", nine(low), nine(high)),
        (Some(low), None) => format!("({} or more)", nine(low)),
        (None, Some(high)) => format!("(up to {})", nine(high)),
        (None, None) => "(no interval)".to_owned(),
    };
    format!("{} {interval}: {} a year", nine(nines.value), seconds(year))
}
