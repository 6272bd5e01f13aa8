//! [`Stage`]: where times and rows of a timeline are, and what is drawn there.

use super::lanes::{FIRST_LANE, LANE, Lane, LaneOf, has_warm_up, rows_below};
use super::loss::Loss;
use super::window::{Of, Window, counted};
use crate::engine::time::{SimTime, Span};
use crate::model::fact::Phase;
use crate::model::plan::{NodeId, Plan, ShardId};
use crate::report::numbers::{count, seconds, writes};
use crate::report::picture::axis::{Frame, Scale, Unit};
use crate::report::picture::canvas::{
    Anchor, BLUE, Canvas, Color, EDGE, Font, GREY, INK, ORANGE, PAPER, Point, SKY, Stroke,
    VERMILION, WHITE, YELLOW,
};
use crate::report::picture::scope::{LABEL, MARGIN};
use crate::report::scene::{Frame as SceneFrame, LossMark, Scene};
use crate::report::status::{Ending, NodeIs, NodeView, OutageView, Writes};

/// Width of the column with names.
pub(super) const NAMES: i32 = 200;

/// Where times and rows are.
pub(super) struct Stage<'a> {
    pub(super) plan: &'a Plan,
    pub(super) scene: &'a Scene,
    pub(super) window: &'a Window,
    pub(super) losses: &'a [(LossMark, Loss)],
    pub(super) lanes: Vec<Lane>,
    pub(super) frame: Frame,
    pub(super) scale: Scale,
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
    fn time(&self, at: SimTime) -> f64 {
        self.window.time(at)
    }

    fn x(&self, at: SimTime) -> i32 {
        self.frame.x(&self.scale, self.time(at))
    }

    /// The outages of the shard that are in sight.
    fn outages(&self) -> impl Iterator<Item = &OutageView> {
        self.scene.outages_of(self.window.shard).filter(|outage| {
            self.time(outage.to) >= self.window.from && self.time(outage.from) <= self.window.to
        })
    }

    /// Draws everything; gives what one sees, in sentences.
    pub(super) fn draw(&self, canvas: &mut Canvas, nodes: &[NodeId]) -> String {
        let Frame { left, right, top, bottom } = self.frame;
        for outage in self.outages().filter(|it| counted(self.plan, it) > Span::ZERO) {
            let (from, to) = (self.x(outage.from.max(self.plan.warm_up)), self.x(outage.to));
            let corners = vec![(from, top), (to, top), (to, bottom), (from, bottom)];
            canvas.band(corners, VERMILION);
        }
        let what = match self.window.of {
            Of::Outage => ", when writes stopped",
            Of::Loss => "",
        };
        let origin = self.window.origin.since(SimTime::START);
        let since = format!("time since {origin} of the trial{what}");
        let rows = top + rows_below(self.lanes.len());
        // No line of the grid runs through the words of the lanes.
        let grid = Frame { top: rows, ..self.frame };
        grid.draw_x(canvas, &self.scale, (Unit::Seconds, &since));
        self.draw_warm_up(canvas);
        let beside = self.draw_lanes(canvas);
        let height = (bottom - rows) / nodes.len().max(1) as i32;
        for (n, node) in nodes.iter().enumerate() {
            let y = rows + height * n as i32;
            canvas.line(&[(MARGIN, y), (right, y)], EDGE);
            self.draw_name(canvas, (y, height), *node);
            self.draw_node(canvas, (y, height), *node);
        }
        canvas.stroke(&[(left, top), (left, bottom)], Stroke::new(INK, 2));
        let losses = self.draw_losses(canvas, top);
        let outages = self.outages().map(|outage| told_of(self.plan, outage));
        let told: Vec<String> = outages.chain(beside).chain(losses).collect();
        format!("{}.", told.join(". "))
    }

    /// Draws the lanes; gives what is taken beside a cut, in words.
    fn draw_lanes(&self, canvas: &mut Canvas) -> Vec<String> {
        let mut told = Vec::new();
        for (n, lane) in self.lanes.iter().enumerate() {
            let y = self.frame.top + FIRST_LANE + LANE * n as i32;
            let name = LABEL.fitted(&lane.name, NAMES - 12);
            canvas.text(&name, ((MARGIN, y), Anchor::Left), LABEL, INK);
            match lane.of {
                LaneOf::Writes(shard) => self.draw_writes(canvas, shard, y),
                LaneOf::Beside => told.extend(self.draw_beside(canvas, y)),
                LaneOf::Phases => self.draw_phases(canvas, y),
            }
        }
        told
    }

    /// The end of the warm-up, where it is in sight.
    fn draw_warm_up(&self, canvas: &mut Canvas) {
        if !has_warm_up(self.plan, self.window) {
            return;
        }
        let x = self.x(self.plan.warm_up);
        let stroke = Stroke { color: INK, width: 3, dashes: &[3, 5] };
        canvas.stroke(&[(x, self.frame.top), (x, self.frame.bottom)], stroke);
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

    /// The line of a shard's writes: taken or not.
    fn draw_writes(&self, canvas: &mut Canvas, shard: ShardId, y: i32) {
        // What an outage waits for has a line of its own.
        let plain = |writes: Writes| match writes {
            Writes::Refused(_) => Writes::Refused(None),
            Writes::Accepted | Writes::Unconfirmed(_) => Writes::Accepted,
            Writes::Parted | Writes::Nobody => writes,
        };
        for (view, from, to) in self.spans(|frame| plain(frame.shards[shard.idx()].writes)) {
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

    /// The writes that a cut-off primary takes from clients on its side; gives the same in words.
    fn draw_beside(&self, canvas: &mut Canvas, y: i32) -> Vec<String> {
        let shard = self.window.shard;
        let of = |frame: &SceneFrame| {
            let view = frame.shards[shard.idx()];
            (view.kept, view.astray, view.primary)
        };
        let mut told = Vec::new();
        for ((kept, astray, primary), from, to) in self.spans(of) {
            if kept + astray == 0 {
                continue;
            }
            let is_end = |mark: &LossMark| mark.shard == shard && self.x(mark.at) == to;
            let is_lost = self.losses.iter().any(|(mark, _)| is_end(mark));
            let name = &self.plan.nodes[primary.idx()].name;
            let (taker, fate) = match astray {
                0 if is_lost => (name.as_str(), ", lost later"),
                0 => (name.as_str(), ""),
                _ => ("a former primary", ", lost at once"),
            };
            let rate = format!("{} writes/s", count(u128::from(kept + astray)));
            let dashes: &[i32] = if astray > 0 { &[12, 8] } else { &[] };
            canvas.stroke(&[(from, y), (to, y)], Stroke { color: BLUE, width: 4, dashes });
            let texts = [format!("{rate} to {taker}{fate}"), format!("{rate}{fate}"), rate];
            told.push(format!("Beside the cut {}", texts[0]));
            let fits = |text: &&String| LABEL.width(text) + 8 <= to - from;
            if let Some(text) = texts.iter().find(fits) {
                clear(canvas, ((from + to) / 2, y), text);
                draw_inside(canvas, (from, to, y), text, INK);
            }
        }
        told
    }

    /// What outages wait for.
    fn draw_phases(&self, canvas: &mut Canvas, y: i32) {
        for outage in self.outages() {
            for (phase, from, to) in outage.phases_until(outage.to) {
                let (from, to) = (self.x(from), self.x(to));
                if to - from < 3 {
                    continue;
                }
                canvas.line(&[(from, y - 12), (from, y + 12)], VERMILION);
                draw_inside(canvas, (from, to, y), phase.name(), INK);
            }
        }
    }

    /// Parts of the window over which something stays the same.
    fn spans<T: Copy + PartialEq>(&self, of: impl Fn(&SceneFrame) -> T) -> Vec<(T, i32, i32)> {
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
        let view = |frame: &SceneFrame| -> NodeView { frame.nodes[node.idx()] };
        let mut before = None;
        for frame in &self.scene.frames {
            let now = view(frame).lag;
            if let Some(lag) = now.filter(|_| before.is_none() && self.window.has(frame.at)) {
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
        let is_seen = |loss: &&(LossMark, Loss)| self.window.shows(self.plan, &loss.0);
        let losses: Vec<&(LossMark, Loss)> = self.losses.iter().filter(is_seen).collect();
        let around = |loss: &&(LossMark, Loss)| (self.x(loss.0.at) - 12, self.x(loss.0.at) + 12);
        let mut taken: Vec<(i32, i32)> = losses.iter().map(around).collect();
        // The last first: where two are close, one has its words on the right and one on the left.
        for (mark, loss) in losses.iter().copied().rev() {
            let x = self.x(mark.at);
            let stroke = Stroke { color: VERMILION, width: 3, dashes: &[4, 4] };
            canvas.stroke(&[(x, top), (x, bottom)], stroke);
            canvas.area(vec![(x, top + 8), (x - 10, top - 10), (x + 10, top - 10)], VERMILION);
            let (text, font) = (loss.at_once(), Font::Title(18));
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
        let told = |(mark, loss): &&(LossMark, Loss)| match mark.at == self.window.origin {
            true => format!("{} at that instant", loss.told()),
            false => format!("{} after {}", loss.told(), Unit::Seconds.told(self.time(mark.at))),
        };
        losses.iter().map(told).collect()
    }
}

/// White behind a text, so that no line runs through it.
fn clear(canvas: &mut Canvas, (x, y): Point, text: &str) {
    let half = LABEL.width(text) / 2;
    canvas.filled([(x - half, y - 11), (x + half, y + 11)], WHITE);
}

/// A text between two places on a line, if there is room for it.
fn draw_inside(canvas: &mut Canvas, (from, to, y): (i32, i32, i32), text: &str, color: Color) {
    if LABEL.width(text) + 8 > to - from {
        return;
    }
    let middle = (from + to) / 2;
    if color == INK && text == "accepted" {
        clear(canvas, (middle, y), text);
    }
    canvas.text(text, ((middle, y), Anchor::Middle), LABEL, color);
}

/// An outage in words.
fn told_of(plan: &Plan, outage: &OutageView) -> String {
    let long: Span = outage.to.since(outage.from);
    let ending = match outage.ending {
        Ending::Over => "",
        Ending::Open => ", and goes on at the end",
    };
    let counted = match counted(plan, outage) {
        Span::ZERO => ", which does not count before the end of the warm-up".to_owned(),
        counted if counted < long => format!(", of which {counted} count after the warm-up"),
        _ => String::new(),
    };
    let told = |(phase, from, to): (Phase, SimTime, SimTime)| {
        format!("{} {}", phase.name(), seconds(to.since(from).as_secs_f64()))
    };
    let phases: Vec<String> = outage.phases_until(outage.to).map(told).collect();
    format!("Writes stop for {long}{ending}{counted}: {}", phases.join(", "))
}
