//! Differences of the policies from the reference, from trials in pairs on the same faults: a dot
//! and its interval each.

use super::axis::{Scale, Unit};
use super::rows::{Dot, Layout, MOST, Row};
use super::scope::{LOST, Scope, Sheet};
use super::{Drawn, missing};
use crate::montecarlo::estimate::is_shown;
use crate::stats::level::Estimate;

/// What a picture is of.
struct Of {
    metric: &'static str,
    name: &'static str,
    title: &'static str,
    axis: &'static str,
    unit: Unit,
}

const ALL: [Of; 3] = [
    Of {
        metric: "write_outage_s",
        name: "difference-write-outage",
        title: "Write outage: what each policy changes",
        axis: "difference of the mean write outage of a trial",
        unit: Unit::Seconds,
    },
    Of {
        metric: "lost_writes",
        name: "difference-lost-writes",
        title: "Lost writes: what each policy changes",
        axis: "difference of the mean lost writes of a trial",
        unit: Unit::Count,
    },
    Of {
        metric: "dataset_loss",
        name: "difference-dataset-loss",
        title: "Dataset loss: what each policy changes",
        axis: "difference of the share of trials that lose a dataset",
        unit: Unit::Share,
    },
];

/// All three pictures.
pub(super) fn draw(scope: &Scope<'_>) -> Vec<Drawn> {
    ALL.iter().map(|of| draw_one(scope, of)).collect()
}

fn draw_one(scope: &Scope<'_>, of: &Of) -> Drawn {
    if scope.subjects.len() < 2 {
        let why = "there is one policy, and nothing to compare it with; add a [[policy]]";
        return missing(of.name, why);
    }
    let chosen = scope.chosen(MOST, (of.metric, of.axis));
    let compared: Vec<(usize, Estimate)> = chosen
        .positions
        .iter()
        .filter_map(|n| Some((*n, scope.difference(*n, of.metric)?)))
        .collect();
    if compared.iter().all(|(_, difference)| difference.value == 0.0) {
        let why = "no policy differs from the reference in any trial; more trials or harsher \
                   faults would show whether they do";
        return missing(of.name, why);
    }
    let signed = |estimate: &Estimate| {
        if is_nothing(estimate) {
            return "0 in every trial".to_owned();
        }
        let plus = if estimate.value > 0.0 { "+" } else { "" };
        // Between shares: percentage points.
        let told = of.unit.estimated(estimate);
        format!("{plus}{}", if of.unit == Unit::Share { told.replace(" %", " pp") } else { told })
    };
    let is_more_lost = |n: usize| of.metric == "lost_writes" && scope.loses_datasets(n).is_some();
    let row = |(n, difference): &(usize, Estimate)| Row {
        name: scope.subjects[*n].label.clone(),
        number: match is_more_lost(*n) {
            true => format!("{} {LOST}", signed(difference)),
            false => signed(difference),
        },
    };
    let rows: Vec<Row> = compared.iter().map(row).collect();
    let remark = format!("{} intervals, trials in pairs on the same faults", scope.level());
    let mut sheet = Sheet::new(scope, (of.title, &remark));
    let reference = &scope.its_reference().label;
    let mut notes = vec![format!(
        "Zero is {reference}. A hollow dot: no difference is shown, since the interval holds zero or \
         trials are too few for one."
    )];
    notes.extend(chosen.note);
    if of.metric == "lost_writes" {
        let lost = scope.lost_datasets(&chosen.positions);
        notes.extend(lost.map(|note| format!("{LOST} {note}")));
    }
    let end = sheet.notes(&notes);
    let layout = Layout::of(&rows, end);
    let ends = |(_, it): &(usize, Estimate)| {
        [Some(it.value), it.low, it.high].into_iter().flatten().collect::<Vec<f64>>()
    };
    let values: Vec<f64> = compared.iter().flat_map(ends).collect();
    let scale = Scale::around_zero(&values);
    layout.draw(&mut sheet.canvas, &rows, (&scale, of.unit, of.axis));
    layout.draw_zero(&mut sheet.canvas, &scale);
    for (n, (_, difference)) in compared.iter().enumerate() {
        let dot = match is_shown(difference) {
            _ if is_nothing(difference) => Dot::Bare,
            true => Dot::Full,
            false => Dot::Hollow,
        };
        layout.draw_dot(&mut sheet.canvas, &scale, (n, difference, dot));
    }
    let told: Vec<String> =
        rows.iter().map(|row| format!("{}: {}", row.name, row.number)).collect();
    let alt = format!("The {} from {reference}. {}.", of.axis, told.join("; "));
    sheet.done(scope, of.name, &alt)
}

/// Whether a policy differs in no trial: a mean of zero has an interval otherwise.
fn is_nothing(difference: &Estimate) -> bool {
    *difference == Estimate::unbounded(0.0)
}
