//! Timelines of single trials: what each node of a shard was around the worst moment, whether
//! writes were taken, what was lost.

use std::cmp::Ordering;

use super::axis::{Frame, Scale, Unit};
use super::canvas::{
    Anchor, BLUE, Canvas, Color, EDGE, Font, GREY, INK, ORANGE, PAPER, Point, SKY, Stroke,
    VERMILION, WHITE, YELLOW,
};
use super::scope::{LABEL, MARGIN, SLIDE, Scope, Sheet, Subject, TOP};
use super::{Drawn, missing};
use crate::engine::rng::TrialKeys;
use crate::engine::time::{SimTime, Span};
use crate::model::plan::{NodeId, Plan, ShardId};
use crate::montecarlo::trial::Trial;
use crate::observe::trace::Recorder;
use crate::report::numbers::{count, seconds, writes};
use crate::report::results::Notable;
use crate::report::scene::{LossMark, Scene};
use crate::report::status::{Ending, NodeIs, NodeView, OutageView, Writes};
use crate::report::words::Words;

/// Policies of which trials are drawn, at most.
const MOST_POLICIES: usize = 2;
/// Nodes that have a row, at most.
const MOST_NODES: usize = 8;
/// Width of the column with names.
const NAMES: i32 = 200;
/// Where the rows of nodes begin.
const ROWS: i32 = TOP + 68;
/// What a timeline shows where there is a loss and no outage, on either side of it.
const AROUND_LOSS: f64 = 30.0;

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

/// The part of a trial that is drawn.
struct Window {
    shard: ShardId,
    /// The instant from which times are counted.
    origin: SimTime,
    from: f64,
    to: f64,
}

impl Window {
    /// The instants at which it begins and ends.
    fn ends(&self) -> (SimTime, SimTime) {
        let span = |seconds: f64| Span::from_nanos_f64(seconds.abs() * 1e9);
        let before = span(self.from).min(self.origin.since(SimTime::START));
        (self.origin.before(before), self.origin + span(self.to))
    }
}

/// Where times and rows are.
struct Stage<'a> {
    plan: &'a Plan,
    scene: &'a Scene,
    window: &'a Window,
    frame: Frame,
    scale: Scale,
}

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
        let why = format!(
            "there are those of the reference and of the policy that lost most; `ecsim replay \
             FOLDER --policy NAME --trial worst-outage --format html` shows those of the {others} \
             others"
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
    let mut recorder = Recorder::default();
    if trial.run_guarded(plan.horizon, &mut recorder).is_err() {
        let why = format!("trial {number} breaks an assertion of ecsim: please report it");
        return Some(missing(name, &why));
    }
    let all = Scene::of(plan, &recorder.facts, plan.horizon);
    let Some(window) = window(&all, which) else {
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
    let outages = match all.outages.len() {
        0 | 1 => String::new(),
        n => format!(" · one of its {} outages", count(n as u128)),
    };
    let mut sheet = Sheet::new(scope, (&title, &format!("trial {number}{of}{outages}")));
    // A migration is seen on both of its sides.
    let nodes: Vec<NodeId> = match plan.migration {
        Some(_) if plan.nodes.len() <= MOST_NODES => plan.node_ids().collect(),
        Some(_) | None => plan.shards[window.shard.idx()].node_ids().collect(),
    };
    let is_there = |node: &NodeId| {
        scene.frames.iter().any(|frame| frame.nodes[node.idx()].is != NodeIs::Absent)
    };
    let nodes: Vec<NodeId> = nodes.into_iter().filter(is_there).collect();
    let mut notes = vec![
        "P primary · R replica · ~ full sync · … waiting for an AZ or a node · x lost or down. \
         Lag is known from the loss of the primary on."
            .to_owned(),
    ];
    if nodes.len() > MOST_NODES {
        notes.push(format!("{} more nodes are not shown.", nodes.len() - MOST_NODES));
    }
    let ecsim = &scope.results.kept.manifest.inputs.ecsim;
    if ecsim != env!("CARGO_PKG_VERSION") {
        notes.push(format!("The numbers are of ecsim {ecsim}, and this trial may differ now."));
    }
    let end = sheet.notes(&notes);
    let n_rows = nodes.len().clamp(1, MOST_NODES) as i32;
    let height = ((end - 66 - ROWS) / n_rows).min(170);
    let (left, right) = (MARGIN + NAMES, SLIDE.0 - MARGIN);
    let frame = Frame { left, right, top: TOP - 6, bottom: ROWS + height * n_rows };
    let scale = Scale::around(window.from, window.to);
    let stage = Stage { plan, scene: &scene, window: &window, frame, scale };
    let told = stage.draw(&mut sheet.canvas, &nodes[..nodes.len().min(MOST_NODES)]);
    let alt = format!("Trial {number} of {}. {told}", subject.label);
    Some(sheet.done(scope, name, &alt))
}

/// What is worth drawing of a scene; `None` if there is neither an outage nor a loss.
fn window(scene: &Scene, which: Notable) -> Option<Window> {
    let length = |outage: &&OutageView| outage.to.since(outage.from);
    let longest = || scene.outages.iter().max_by_key(length);
    let rank = |loss: &&LossMark| (loss.datasets, loss.dataset_writes + loss.writes);
    let worst = scene.losses.iter().max_by_key(rank);
    let of_loss = worst.and_then(|loss| {
        scene.outages_of(loss.shard).find(|it| it.from <= loss.at && loss.at <= it.to)
    });
    let outage = match which {
        Notable::WorstOutage | Notable::MildestOutage | Notable::Median => longest(),
        Notable::WorstLoss => of_loss,
    };
    match (outage, worst) {
        (Some(outage), _) => {
            let long = outage.to.since(outage.from).as_secs_f64().max(1.0);
            let (shard, origin) = (outage.shard, outage.from);
            Some(Window { shard, origin, from: -0.15 * long, to: 1.5 * long })
        }
        (None, Some(loss)) => {
            let (shard, origin) = (loss.shard, loss.at);
            Some(Window { shard, origin, from: -AROUND_LOSS, to: AROUND_LOSS })
        }
        (None, None) => None,
    }
}

/// What a node's bar looks like, and the sign of it.
fn look(is: NodeIs) -> (Color, &'static str) {
    match is {
        NodeIs::Primary => (BLUE, "P"),
        NodeIs::FormerPrimary => (ORANGE, "(P)"),
        NodeIs::Replica => (WHITE, "R"),
        NodeIs::Syncing => (YELLOW, "~"),
        NodeIs::Reading => (SKY, "log"),
        NodeIs::Empty => (PAPER, "empty"),
        NodeIs::Down | NodeIs::ProcessDown | NodeIs::Rebooting => (GREY, "x"),
        NodeIs::WaitingForAz | NodeIs::Provisioning => (EDGE, "…"),
        NodeIs::Absent => (WHITE, ""),
    }
}

/// Whether a text on a ground is set in white.
fn text_on(ground: Color) -> Color {
    match ground == BLUE || ground == GREY {
        true => WHITE,
        false => INK,
    }
}

impl Stage<'_> {
    /// Seconds since the window's origin.
    fn time(&self, at: SimTime) -> f64 {
        match at >= self.window.origin {
            true => at.since(self.window.origin).as_secs_f64(),
            false => -self.window.origin.since(at).as_secs_f64(),
        }
    }

    fn x(&self, at: SimTime) -> i32 {
        self.frame.x(&self.scale, self.time(at))
    }

    fn is_inside(&self, at: SimTime) -> bool {
        (self.window.from..=self.window.to).contains(&self.time(at))
    }

    /// The outages of the shard that are in sight.
    fn outages(&self) -> impl Iterator<Item = &OutageView> {
        self.scene.outages_of(self.window.shard).filter(|outage| {
            self.time(outage.to) >= self.window.from && self.time(outage.from) <= self.window.to
        })
    }

    /// Draws everything; gives what one sees, in sentences.
    fn draw(&self, canvas: &mut Canvas, nodes: &[NodeId]) -> String {
        let Frame { left, right, top, bottom } = self.frame;
        for outage in self.outages() {
            let (from, to) = (self.x(outage.from), self.x(outage.to));
            let corners = vec![(from, top), (to, top), (to, bottom), (from, bottom)];
            canvas.band(corners, VERMILION);
        }
        let since = format!(
            "time since {} of the trial{}",
            self.window.origin.since(SimTime::START),
            if self.scene.outages.is_empty() { "" } else { ", when writes stopped" }
        );
        self.frame.draw_x(canvas, &self.scale, (Unit::Seconds, &since));
        canvas.text("writes", ((MARGIN, top + 22), Anchor::Left), LABEL, INK);
        self.draw_writes(canvas, top + 22);
        self.draw_phases(canvas, top + 54);
        let height = (bottom - ROWS) / nodes.len().max(1) as i32;
        for (n, node) in nodes.iter().enumerate() {
            let y = ROWS + height * n as i32;
            canvas.line(&[(MARGIN, y), (right, y)], EDGE);
            self.draw_name(canvas, (y, height), *node);
            self.draw_node(canvas, (y, height), *node);
        }
        canvas.stroke(&[(left, top), (left, bottom)], Stroke::new(INK, 2));
        let losses = self.draw_losses(canvas, top);
        let told: Vec<String> = self.outages().map(told).chain(losses).collect();
        format!("{}.", told.join(". "))
    }

    fn draw_name(&self, canvas: &mut Canvas, (y, height): (i32, i32), node: NodeId) {
        let it = &self.plan.nodes[node.idx()];
        let az = &self.plan.azs[it.az.idx()].name;
        let room = NAMES - 12;
        let (first, step) = if height < 56 { (y + height / 2, 0) } else { (y + 20, 23) };
        let name = LABEL.fitted(&it.name, room);
        canvas.text(&name, ((MARGIN, first), Anchor::Left), LABEL, INK);
        if step > 0 {
            let az = LABEL.fitted(az, room);
            canvas.text(&az, ((MARGIN, first + step), Anchor::Left), LABEL, GREY);
        }
    }

    /// The line of the writes: taken or not.
    fn draw_writes(&self, canvas: &mut Canvas, y: i32) {
        // What an outage waits for has a line of its own.
        let plain = |writes: Writes| match writes {
            Writes::Refused(_) => Writes::Refused(None),
            Writes::Accepted | Writes::Unconfirmed(_) => Writes::Accepted,
            Writes::Parted | Writes::Nobody => writes,
        };
        let shard = self.window.shard.idx();
        for (view, from, to) in self.spans(|frame| plain(frame.shards[shard].writes)) {
            match view {
                Writes::Accepted | Writes::Unconfirmed(_) => {
                    canvas.stroke(&[(from, y), (to, y)], Stroke::new(BLUE, 8));
                    draw_inside(canvas, (from, to, y + 1), "accepted", INK);
                }
                Writes::Parted => {
                    let stroke = Stroke { color: BLUE, width: 8, dashes: &[12, 8] };
                    canvas.stroke(&[(from, y), (to, y)], stroke);
                }
                Writes::Refused(_) => draw_inside(canvas, (from, to, y), "refused", VERMILION),
                Writes::Nobody => draw_inside(canvas, (from, to, y), "nobody writes", GREY),
            }
        }
    }

    /// What outages wait for.
    fn draw_phases(&self, canvas: &mut Canvas, y: i32) {
        for outage in self.outages() {
            for (n, (phase, from)) in outage.phases.iter().enumerate() {
                let to = outage.phases.get(n + 1).map_or(outage.to, |next| next.1);
                let (from, to) = (self.x(*from), self.x(to));
                if to - from < 3 {
                    continue;
                }
                canvas.line(&[(from, y - 12), (from, y + 12)], VERMILION);
                draw_inside(canvas, (from, to, y), phase.name(), INK);
            }
        }
    }

    /// Parts of the window over which something stays the same.
    fn spans<T: Copy + PartialEq>(
        &self,
        of: impl Fn(&crate::report::scene::Frame) -> T,
    ) -> Vec<(T, i32, i32)> {
        let mut spans: Vec<(T, i32, i32)> = Vec::new();
        let frames = &self.scene.frames;
        for (n, frame) in frames.iter().enumerate() {
            let until = frames.get(n + 1).map_or(self.plan.horizon, |next| next.at);
            if self.time(until) < self.window.from || self.time(frame.at) > self.window.to {
                continue;
            }
            let (from, to, now) = (self.x(frame.at), self.x(until), of(frame));
            match spans.last_mut() {
                Some(last) if last.0 == now => last.2 = to,
                Some(_) | None if to > from => spans.push((now, from, to)),
                Some(_) | None => {}
            }
        }
        spans
    }

    fn draw_node(&self, canvas: &mut Canvas, (y, height): (i32, i32), node: NodeId) {
        let half = (height * 30 / 100).clamp(10, 17);
        let middle = if height < 56 { y + height / 2 } else { y + 22 };
        for (is, from, to) in self.spans(|frame| frame.nodes[node.idx()].is) {
            if is == NodeIs::Absent {
                continue;
            }
            let (ground, sign) = look(is);
            let corners = [(from, middle - half), (to, middle + half)];
            canvas.filled(corners, ground);
            if is == NodeIs::Syncing {
                for x in (from + 6..to).step_by(12) {
                    canvas.line(&[(x, middle - half), (x, middle + half)], GREY);
                }
            }
            canvas.outlined(corners, INK);
            let text = [format!("{sign} {}", is.name()), sign.to_owned()];
            let fits = text.into_iter().find(|text| LABEL.width(text) + 8 <= to - from);
            if let Some(text) = fits {
                if is == NodeIs::Syncing {
                    let room = LABEL.width(&text) / 2;
                    let at = (from + to) / 2;
                    canvas.filled([(at - room, middle - 10), (at + room, middle + 10)], WHITE);
                }
                let at = (((from + to) / 2, middle), Anchor::Middle);
                canvas.text(&text, at, LABEL, text_on(ground));
            }
        }
        if height >= 56 {
            self.draw_lag(canvas, middle + half + 14, node);
        }
    }

    /// How far a replica trailed when the primary was lost.
    fn draw_lag(&self, canvas: &mut Canvas, y: i32, node: NodeId) {
        let view = |frame: &crate::report::scene::Frame| -> NodeView { frame.nodes[node.idx()] };
        let mut before = None;
        for frame in &self.scene.frames {
            let now = view(frame).lag;
            if let Some(lag) = now.filter(|_| before.is_none() && self.is_inside(frame.at)) {
                let text = format!("lag {}, {} writes behind", lag.time, writes(lag.behind));
                let x = self.x(frame.at).min(self.frame.right - LABEL.width(&text));
                canvas.text(&text, ((x, y), Anchor::Left), LABEL, INK);
            }
            before = now;
        }
    }

    /// Red marks where writes are lost, with how many where there is room; gives the same in words.
    fn draw_losses(&self, canvas: &mut Canvas, top: i32) -> Vec<String> {
        let bottom = self.frame.bottom;
        // A migration is seen on both of its sides.
        let is_of =
            |loss: &&LossMark| loss.shard == self.window.shard || self.plan.migration.is_some();
        let losses = self.scene.losses.iter().filter(is_of).filter(|loss| self.is_inside(loss.at));
        let losses: Vec<&LossMark> = losses.collect();
        let around = |loss: &&LossMark| (self.x(loss.at) - 12, self.x(loss.at) + 12);
        let mut taken: Vec<(i32, i32)> = losses.iter().map(around).collect();
        // The last first: where two are close, one has its words on the right and one on the left.
        for loss in losses.iter().rev() {
            let x = self.x(loss.at);
            let stroke = Stroke { color: VERMILION, width: 3, dashes: &[4, 4] };
            canvas.stroke(&[(x, top), (x, bottom)], stroke);
            canvas.area(vec![(x, top + 8), (x - 10, top - 10), (x + 10, top - 10)], VERMILION);
            let (text, font) = (what_is_lost(loss), Font::Title(18));
            let width = font.width(&text);
            let sides: [(i32, i32, Point, Anchor); 2] = [
                (x + 13, x + 14 + width, (x + 14, top - 6), Anchor::Left),
                (x - 14 - width, x - 13, (x - 14, top - 6), Anchor::Right),
            ];
            let is_free = |(from, to, _, _): &(i32, i32, Point, Anchor)| {
                *to <= self.frame.right
                    && taken.iter().all(|other| other.1 < *from || *to < other.0)
            };
            if let Some((from, to, at, anchor)) = sides.into_iter().find(is_free) {
                taken.push((from, to));
                canvas.text(&text, (at, anchor), font, VERMILION);
            }
        }
        let told = |loss: &&LossMark| {
            format!("{} after {}", what_is_lost(loss), Unit::Seconds.told(self.time(loss.at)))
        };
        losses.iter().map(told).collect()
    }
}

/// "404 writes lost".
fn what_is_lost(loss: &LossMark) -> String {
    let with = || writes(loss.dataset_writes + loss.writes);
    match loss.datasets {
        0 => format!("{} writes lost", with()),
        1 => format!("dataset lost with {} writes", with()),
        n => format!("{} datasets lost with {} writes", count(u128::from(n)), with()),
    }
}

/// A text between two places on a line, if there is room for it.
fn draw_inside(canvas: &mut Canvas, (from, to, y): (i32, i32, i32), text: &str, color: Color) {
    let width = LABEL.width(text);
    if width + 8 > to - from {
        return;
    }
    let middle = (from + to) / 2;
    if color == INK && text == "accepted" {
        canvas.filled([(middle - width / 2, y - 11), (middle + width / 2, y + 11)], WHITE);
    }
    canvas.text(text, ((middle, y), Anchor::Middle), LABEL, color);
}

/// An outage in words.
fn told(outage: &OutageView) -> String {
    let long: Span = outage.to.since(outage.from);
    let ending = match outage.ending {
        Ending::Over => "",
        Ending::Open => ", and goes on at the end",
    };
    let phases = outage.phases.iter().enumerate().map(|(n, (phase, from))| {
        let to = outage.phases.get(n + 1).map_or(outage.to, |next| next.1);
        format!("{} {}", phase.name(), seconds(to.since(*from).as_secs_f64()))
    });
    let phases: Vec<String> = phases.collect();
    format!("Writes stop for {long}{ending}: {}", phases.join(", "))
}
