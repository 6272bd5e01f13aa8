//! What a result depends on: each assumption moved alone over its range, on the same faults.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::montecarlo::estimate::is_shown;
use crate::montecarlo::quantity::{Probability, Statistic};
use crate::observe::metrics::Metric;
use crate::report::compare::{signed, signed_seconds};
use crate::report::numbers::count;
use crate::report::study::Study;
use crate::report::summary::{SCHEMA, rounded};
use crate::report::table::{mean_cell, mean_seconds_cell, percent, probability_cell, wrap};
use crate::scenario::Assumption;
use crate::scenario::sensitivity::{RangeOrigin, Skipped, Variant, Variants};
use crate::stats::level::Estimate;

/// What assumptions are ranked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ranked {
    Mean(Metric),
    DatasetLoss,
}

const RANKED: [Ranked; 3] =
    [Ranked::Mean(Metric::WriteOutage), Ranked::Mean(Metric::LostWrites), Ranked::DatasetLoss];

impl Ranked {
    /// What it is now: its name and its value; `None` where no trial had any.
    fn now(self, study: &Study<'_>) -> Option<(&'static str, String)> {
        let reference = study.estimator(study.reference);
        let is_seen = |metric| !reference.tally.of(metric).is_all_zero();
        match self {
            Ranked::Mean(Metric::WriteOutage) => is_seen(Metric::WriteOutage).then(|| {
                ("the mean write outage", mean_seconds_cell(&reference, Metric::WriteOutage))
            }),
            Ranked::Mean(metric) => {
                is_seen(metric).then(|| ("the mean of lost writes", mean_cell(&reference, metric)))
            }
            Ranked::DatasetLoss => is_seen(Metric::DatasetLosses).then(|| {
                let share = probability_cell(&reference, Probability::DatasetLoss);
                ("the share of trials that lose a dataset", share)
            }),
        }
    }

    /// How the policy at `position` differs from the reference.
    fn difference(self, study: &Study<'_>, position: usize) -> Estimate {
        let differences = &study.progress.differences[position];
        let estimator = study.estimator(position);
        match self {
            Ranked::Mean(metric) => {
                estimator.difference(metric, (differences, study.reference_tally())).paired
            }
            Ranked::DatasetLoss => {
                estimator.probability_difference(Probability::DatasetLoss, differences)
            }
        }
    }

    /// The number that is ranked for, by its name in results, and what it is now.
    fn quantity(self, study: &Study<'_>) -> (&'static str, Estimate) {
        let reference = study.estimator(study.reference);
        match self {
            Ranked::Mean(metric) => {
                let mean = reference.metric(metric, Statistic::Mean);
                (metric.name(), mean.expect("a batch has trials"))
            }
            Ranked::DatasetLoss => {
                let of = Probability::DatasetLoss;
                (of.name(), reference.probability(of))
            }
        }
    }

    fn told(self, difference: &Estimate) -> String {
        match self {
            Ranked::Mean(Metric::WriteOutage) => signed_seconds(difference),
            Ranked::Mean(_) | Ranked::DatasetLoss => signed(difference),
        }
    }
}

/// The ranking of the variants, which are the policies of `study` behind the reference, in order.
pub fn render(study: &Study<'_>, Variants { variants, skipped }: &Variants) -> String {
    let mut text = String::new();
    let policy = study.policies[study.reference];
    for ranked in RANKED {
        if let Some((name, now)) = ranked.now(study) {
            let _ = writeln!(
                text,
                " what {name} depends on; it is {now} at {}, and each assumption is moved alone on \
                 the same faults:",
                percent(study.level)
            );
            let effects = effects(study, variants, ranked);
            render_effects((ranked, &policy.assumptions), &effects, &mut text);
        }
    }
    if text.is_empty() {
        text.push_str(" sensitivity: no trial had a write outage, and none lost anything\n");
    }
    render_refused(study, variants, &mut text);
    if !skipped.is_empty() {
        text.push_str(" not moved:\n");
        for Skipped { what, reason, .. } in skipped {
            let _ = writeln!(text, "   {what}  ({reason})");
        }
    }
    let is_moved = |path: &String| {
        variants.iter().any(|it| it.path == *path) || skipped.iter().any(|it| it.path == *path)
    };
    let sourced: Vec<String> = policy.resolved.sourced().filter(|path| !is_moved(path)).collect();
    if !sourced.is_empty() {
        wrap(" not moved, for they have a source and no `range`:", &sourced, &mut text);
    }
    text
}

/// The same for programs: each number that is ranked for, with all differences of all variants.
pub fn json(study: &Study<'_>, Variants { variants, skipped }: &Variants) -> String {
    let ranked = RANKED.map(|ranked| {
        let (quantity, now) = ranked.quantity(study);
        let step = |(n, variant): (usize, &Variant)| {
            let difference = ranked.difference(study, n + 1);
            json!({
                "path": variant.path,
                "what": variant.what,
                "origin": origin_name(variant.range_origin),
                "difference": estimate(&difference),
                "shown": is_shown(&difference),
            })
        };
        let moves: Vec<Value> = variants.iter().enumerate().map(step).collect();
        json!({ "quantity": quantity, "now": estimate(&now), "moves": moves })
    });
    let not_moved: Vec<Value> =
        skipped.iter().map(|it| json!({ "what": it.what, "reason": it.reason })).collect();
    let whole = json!({
        "schema": SCHEMA,
        "policy": study.policies[study.reference].name,
        "level": study.level.get(),
        "ranked": ranked,
        "not_moved": not_moved,
    });
    serde_json::to_string_pretty(&whole).expect("values are JSON") + "\n"
}

/// An estimate as the summary has it.
fn estimate(estimate: &Estimate) -> Value {
    let Estimate { value, low, high } = *estimate;
    json!({ "value": rounded(value), "ci": [low.map(rounded), high.map(rounded)] })
}

fn origin_name(origin: RangeOrigin) -> &'static str {
    match origin {
        RangeOrigin::Stated => "stated",
        RangeOrigin::Convention => "convention",
        RangeOrigin::Choices => "choice",
    }
}

/// Variants in which calls were refused more or less often than as it is now: a call that is
/// refused changes what comes after.
fn render_refused(study: &Study<'_>, variants: &[Variant], text: &mut String) {
    let of = |n: usize| study.progress.tallies[n].of(Metric::RefusedOperations);
    let n_refused = |n: usize| (of(n).mean() * of(n).n() as f64).round();
    let reference = n_refused(study.reference);
    let differs = |(n, variant): (usize, &Variant)| {
        let refused = n_refused(n + 1);
        let times = count(refused as u128);
        (refused != reference).then(|| format!("{times} at {}", variant.what))
    };
    let told: Vec<String> = variants.iter().enumerate().filter_map(differs).collect();
    if !told.is_empty() {
        let now = count(reference as u128);
        wrap(&format!(" refused calls, which are {now} as it is now:"), &told, text);
    }
}

/// What moving one assumption does: its variants' differences.
struct Effect<'a> {
    path: &'a str,
    moves: Vec<(&'a Variant, Estimate)>,
}

impl Effect<'_> {
    /// The largest difference that is shown; zero where none is.
    fn size(&self) -> f64 {
        let shown = self.moves.iter().filter(|(_, difference)| is_shown(difference));
        shown.map(|(_, difference)| difference.value.abs()).fold(0.0, f64::max)
    }
}

/// The assumptions, the one that matters most first.
fn effects<'a>(study: &Study<'_>, variants: &'a [Variant], ranked: Ranked) -> Vec<Effect<'a>> {
    let mut effects: Vec<Effect<'a>> = Vec::new();
    for (n, variant) in variants.iter().enumerate() {
        let step = (variant, ranked.difference(study, n + 1));
        match effects.iter_mut().find(|effect| effect.path == variant.path) {
            Some(effect) => effect.moves.push(step),
            None => effects.push(Effect { path: &variant.path, moves: vec![step] }),
        }
    }
    effects.sort_by(|a, b| b.size().total_cmp(&a.size()));
    effects
}

fn render_effects(
    (ranked, assumptions): (Ranked, &[Assumption]),
    effects: &[Effect<'_>],
    text: &mut String,
) {
    let is_strong = |effect: &&Effect<'_>| effect.size() > 0.0;
    for (variant, difference) in effects.iter().filter(is_strong).flat_map(|it| &it.moves) {
        if difference.value == 0.0 {
            continue;
        }
        let told = ranked.told(difference);
        let doubt = if is_shown(difference) { " " } else { "≈" };
        let is_founded = |it: &Assumption| it.path == variant.path && !it.why.is_unfounded();
        let now = match assumptions.iter().any(is_founded) {
            true => "  (as it is now is documented, reported or derived)",
            false => "",
        };
        let _ = writeln!(text, "  {doubt}{told:<24} {}{}{now}", variant.what, origin(variant));
    }
    let weak = effects.iter().filter(|effect| !is_strong(effect));
    let weak: Vec<String> = weak.map(|effect| effect.path.to_owned()).collect();
    if !weak.is_empty() {
        wrap("   no difference shown:", &weak, text);
    }
}

/// Who says that the value may be this.
fn origin(variant: &Variant) -> &'static str {
    match variant.range_origin {
        RangeOrigin::Stated => "  (stated range)",
        RangeOrigin::Convention => "  (half to double, a convention)",
        RangeOrigin::Choices => "",
    }
}
