//! Timelines of single trials: what each node of a shard was around the worst moment, whether
//! writes were taken, what was lost.

mod lanes;
mod loss;
mod stage;
mod window;

use std::cmp::Ordering;

use self::lanes::{has_warm_up, lanes, legend, rows_below};
use self::loss::Loss;
use self::stage::{NAMES, Stage};
use self::window::{Window, window};
use super::axis::{Frame, Scale};
use super::canvas::{Anchor, Font, GREY};
use super::scope::{LABEL, MARGIN, SLIDE, Scope, Sheet, Subject, TOP};
use super::{Drawn, missing};
use crate::engine::rng::TrialKeys;
use crate::model::plan::{NodeId, Plan};
use crate::montecarlo::trial::Trial;
use crate::observe::metrics::Metrics;
use crate::observe::trace::Recorder;
use crate::report::numbers::count;
use crate::report::results::Notable;
use crate::report::scene::{LossMark, Scene};
use crate::report::status::NodeIs;
use crate::report::words::Words;

/// Policies of which trials are drawn, at most.
const MOST_POLICIES: usize = 2;
/// Nodes that have a row, at most.
const MOST_NODES: usize = 8;
/// The top of the frame, below two lines of what is shown.
const FRAME: i32 = TOP + 18;

/// What the timeline of a trial is called.
fn title(which: Notable) -> &'static str {
    match which {
        Notable::WorstOutage => "The trial with the most time without writes",
        Notable::WorstLoss => "The trial that lost most",
        Notable::MildestOutage => "The trial with the least time without writes above zero",
        Notable::Median => "The trial in the middle by time without writes",
    }
}

/// Notable trials in the order in which they are drawn.
const ORDER: [Notable; 4] =
    [Notable::WorstOutage, Notable::WorstLoss, Notable::MildestOutage, Notable::Median];

/// The timelines of the reference and of the policy that lost most.
pub(super) fn draw(scope: &Scope<'_>) -> Vec<Drawn> {
    let mut order: Vec<usize> = (0..scope.subjects.len()).collect();
    let lost = |position: usize| {
        let mean = |metric| scope.subjects[position].entry.metric(metric, "mean");
        let of = |metric| mean(metric).map_or(0.0, |mean| mean.value);
        [of("dataset_losses"), of("lost_writes"), of("write_outage_s")]
    };
    order.sort_by(|a, b| {
        let is_behind = |position: usize| position != scope.reference;
        let by_loss = || lost(*b).partial_cmp(&lost(*a)).unwrap_or(Ordering::Equal);
        is_behind(*a).cmp(&is_behind(*b)).then_with(by_loss).then(a.cmp(b))
    });
    let mut drawn = Vec::new();
    if let Some(others) = order.len().checked_sub(MOST_POLICIES).filter(|others| *others > 0) {
        let those = match others {
            1 => "the other".to_owned(),
            n => format!("the {} others", count(n as u128)),
        };
        let why = format!(
            "there are those of the reference and of the policy that lost most; `ecsim replay \
             FOLDER --policy NAME --trial worst-outage --format html` shows those of {those}"
        );
        drawn.push(missing("timeline of other policies", &why));
    }
    for position in order.into_iter().take(MOST_POLICIES) {
        let subject = &scope.subjects[position];
        let mut seen: Vec<(u64, u64, u64)> = Vec::new();
        for which in ORDER {
            let name = format!("timeline-{}-{}", position + 1, which.name());
            let Some(number) = subject.entry.kept_trial(which.key()) else {
                drawn.push(missing(&name, "summary.json does not say which trial it is"));
                continue;
            };
            drawn.extend(draw_one(scope, subject, (which, number, &name), &mut seen));
        }
    }
    drawn
}

/// One timeline; none if the same part of the same trial was drawn before.
fn draw_one(
    scope: &Scope<'_>,
    subject: &Subject<'_>,
    (which, number, name): (Notable, u64, &str),
    seen: &mut Vec<(u64, u64, u64)>,
) -> Option<Drawn> {
    let plan = &subject.policy.plan;
    let seed = scope.results.kept.manifest.inputs.options.seed;
    let mut trial = Trial::begin(plan, TrialKeys::new(seed).key(number));
    let mut observers = (Metrics::new(plan), Recorder::default());
    if trial.run_guarded(plan.horizon, &mut observers).is_err() {
        let why = format!("trial {number} breaks an assertion of ecsim: please report it");
        return Some(missing(name, &why));
    }
    let (mut metrics, recorder) = observers;
    let all = Scene::of(plan, &recorder.facts, plan.horizon);
    let losses = Loss::all(&all, &recorder.facts);
    let Some(window) = window((plan, &all), &losses, which) else {
        let why = match which {
            Notable::WorstLoss => "no trial loses writes".to_owned(),
            Notable::WorstOutage | Notable::MildestOutage | Notable::Median => {
                format!("nothing happens to writes in trial {number}")
            }
        };
        return Some(missing(name, &why));
    };
    let part = (number, window.origin.as_nanos(), u64::from(window.shard.0));
    if seen.contains(&part) {
        return None;
    }
    seen.push(part);
    // Of a long trial `all` has not every moment.
    let scene = Scene::between((plan, &recorder.facts), window.ends(), plan.horizon);
    let title = format!("{}: {}", title(which), subject.label);
    let of = match plan.shards.len() {
        1 => String::new(),
        _ => format!(" · {}", Words::new(plan).shard(window.shard)),
    };
    let outcome = metrics.finish(plan.horizon);
    let of_trial = format!("{} lost in this trial", Loss::of_trial(&outcome).amount());
    let place = format!("{} · {of_trial}", window.place(plan, &all, &outcome));
    let mut sheet = Sheet::new(scope, (&title, &format!("trial {number}{of}")));
    let room = SLIDE.0 - 2 * MARGIN;
    let font = if LABEL.width(&place) <= room { LABEL } else { Font::Prose(15) };
    let at = ((MARGIN, 102), Anchor::Left);
    sheet.canvas.text(&font.fitted(&place, room), at, font, GREY);
    let told = draw_stage(scope, &mut sheet, (plan, &scene, &window, &losses));
    let alt = format!("Trial {number} of {}: {place}. {told}", subject.label);
    Some(sheet.done(scope, name, &alt))
}

/// How much of what a trial loses is in sight, where that is not all; a sentence.
fn part_in_sight(plan: &Plan, window: &Window, losses: &[(LossMark, Loss)]) -> Option<String> {
    let (here, elsewhere): (Vec<_>, Vec<_>) =
        losses.iter().partition(|(mark, _)| window.shows(plan, mark));
    let mut seen = Loss::default();
    for (_, loss) in here {
        seen.add(loss);
    }
    let amount = seen.amount();
    (!elsewhere.is_empty()).then(|| format!("Of what is lost in this trial, in sight: {amount}."))
}

/// Draws what happens and the notes below it; gives what one sees, in sentences.
fn draw_stage(
    scope: &Scope<'_>,
    sheet: &mut Sheet,
    (plan, scene, window, losses): (&Plan, &Scene, &Window, &[(LossMark, Loss)]),
) -> String {
    // A migration is seen on both of its sides.
    let nodes: Vec<NodeId> = match plan.migration {
        Some(_) if plan.nodes.len() <= MOST_NODES => plan.node_ids().collect(),
        Some(_) | None => plan.shards[window.shard.idx()].node_ids().collect(),
    };
    let is_there = |node: &NodeId| {
        scene.frames.iter().any(|frame| frame.nodes[node.idx()].is != NodeIs::Absent)
    };
    let nodes: Vec<NodeId> = nodes.into_iter().filter(is_there).collect();
    let shown = &nodes[..nodes.len().min(MOST_NODES)];
    let signs = legend(scene, window, shown);
    let mut notes = vec![format!("{signs}. Lag is known from the loss of the primary on.")];
    if has_warm_up(plan, window) {
        let line = "The dotted line is the end of the warm-up: nothing counts before it.";
        notes.push(line.to_owned());
    }
    let part = part_in_sight(plan, window, losses);
    notes.extend(part.clone());
    if nodes.len() > MOST_NODES {
        notes.push(format!("{} more nodes are not shown.", nodes.len() - MOST_NODES));
    }
    let ecsim = &scope.results.kept.manifest.inputs.ecsim;
    if ecsim != env!("CARGO_PKG_VERSION") {
        notes.push(format!("The numbers are of ecsim {ecsim}, and this trial may differ now."));
    }
    let end = sheet.notes(&notes);
    let lanes = lanes(plan, scene, window);
    let rows = FRAME + rows_below(lanes.len());
    let n_rows = shown.len().max(1) as i32;
    let height = ((end - 66 - rows) / n_rows).min(170);
    let (left, right) = (MARGIN + NAMES, SLIDE.0 - MARGIN);
    let frame = Frame { left, right, top: FRAME, bottom: rows + height * n_rows };
    let scale = Scale::around(window.from, window.to);
    let stage = Stage { plan, scene, window, losses, lanes, frame, scale };
    let told = stage.draw(&mut sheet.canvas, shown);
    part.into_iter().chain([told]).collect::<Vec<String>>().join(" ")
}
