//! What a result depends on: each assumption moved alone over its range, on the same faults.

use std::fmt::Write as _;

use crate::montecarlo::estimate::is_shown;
use crate::observe::metrics::Metric;
use crate::report::compare::{signed, signed_seconds};
use crate::report::study::Study;
use crate::report::table::{mean_cell, mean_seconds_cell, percent};
use crate::scenario::sensitivity::{RangeOrigin, Skipped, Variant, Variants};
use crate::stats::level::Estimate;

/// The metrics that assumptions are ranked for.
const RANKED: [Metric; 2] = [Metric::WriteOutage, Metric::LostWrites];

/// The ranking of the variants, which are the policies of `study` behind the reference, in order.
pub fn render(study: &Study<'_>, Variants { variants, skipped }: &Variants) -> String {
    let mut text = String::new();
    for metric in RANKED {
        if !study.reference_tally().of(metric).is_all_zero() {
            render_metric(study, variants, metric, &mut text);
        }
    }
    if text.is_empty() {
        text.push_str(" sensitivity: no trial had a write outage or lost writes\n");
    }
    if !skipped.is_empty() {
        text.push_str(" not moved:\n");
        for Skipped { what, reason, .. } in skipped {
            let _ = writeln!(text, "   {what}  ({reason})");
        }
    }
    text
}

/// What moving one assumption does to a metric: its variants' differences.
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

fn effects<'a>(study: &Study<'_>, variants: &'a [Variant], metric: Metric) -> Vec<Effect<'a>> {
    let mut effects: Vec<Effect<'a>> = Vec::new();
    for (n, variant) in variants.iter().enumerate() {
        let difference = study.difference(n + 1, metric).expect("a variant is no reference");
        let step = (variant, difference.paired);
        match effects.iter_mut().find(|effect| effect.path == variant.path) {
            Some(effect) => effect.moves.push(step),
            None => effects.push(Effect { path: &variant.path, moves: vec![step] }),
        }
    }
    effects.sort_by(|a, b| b.size().total_cmp(&a.size()));
    effects
}

fn render_metric(study: &Study<'_>, variants: &[Variant], metric: Metric, text: &mut String) {
    let reference = study.estimator(study.reference);
    let (name, mean) = match metric {
        Metric::WriteOutage => ("write outage", mean_seconds_cell(&reference, metric)),
        _ => ("lost writes", mean_cell(&reference, metric)),
    };
    let _ = writeln!(
        text,
        " what the mean {name} depends on, now {mean} ({}): each assumption moved alone, on the \
         same faults",
        percent(study.level)
    );
    let effects = effects(study, variants, metric);
    let (strong, weak): (Vec<Effect<'_>>, Vec<Effect<'_>>) =
        effects.into_iter().partition(|effect| effect.size() > 0.0);
    for Effect { moves, .. } in &strong {
        for (variant, difference) in moves {
            let difference = match metric {
                Metric::WriteOutage => signed_seconds(difference),
                _ => signed(difference),
            };
            let _ = writeln!(text, "   {difference:<24} {}{}", variant.what, origin(variant));
        }
    }
    if !weak.is_empty() {
        let names: Vec<&str> = weak.iter().map(|effect| effect.path).collect();
        let _ = writeln!(text, "   no difference shown: {}", names.join(" · "));
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
