//! Pictures with a row per policy: its name on the left, a mark along an axis, its numbers
//! on the right.

use super::axis::{Frame, Scale, Unit, draw_interval};
use super::canvas::{Anchor, Canvas, EDGE, GREY, INK, Stroke};
use super::scope::{LABEL, MARGIN, SLIDE, TOP};
use crate::stats::level::Estimate;

/// Rows that a slide has room for.
pub(super) const MOST: usize = 16;
/// Names are no wider, so that the axis has room.
const WIDEST_NAME: i32 = 380;
/// Nor are numbers.
const WIDEST_NUMBER: i32 = 380;

/// A row.
pub(super) struct Row {
    /// What it is of.
    pub(super) name: String,
    /// What stands on the right.
    pub(super) number: String,
}

/// Where rows go.
pub(super) struct Layout {
    /// What the axis encloses.
    pub(super) frame: Frame,
    /// Height of a row.
    pub(super) height: i32,
    names: i32,
}

impl Layout {
    /// For these rows, down to `end`.
    pub(super) fn of(rows: &[Row], end: i32) -> Self {
        let widest = |texts: &mut dyn Iterator<Item = &str>, most: i32| {
            texts.map(|text| LABEL.width(text)).max().unwrap_or(0).min(most)
        };
        let names = widest(&mut rows.iter().map(|row| row.name.as_str()), WIDEST_NAME);
        let numbers = widest(&mut rows.iter().map(|row| row.number.as_str()), WIDEST_NUMBER);
        let room = end - 66 - TOP;
        let height = (room / rows.len().max(1) as i32).clamp(24, 96);
        let frame = Frame {
            left: MARGIN + names + 18,
            right: SLIDE.0 - MARGIN - numbers - 18,
            top: TOP,
            bottom: TOP + height * rows.len() as i32,
        };
        Layout { frame, height, names }
    }

    /// The middle of the n-th row.
    pub(super) fn middle(&self, n: usize) -> i32 {
        self.frame.top + self.height * n as i32 + self.height / 2
    }

    /// Draws the axis, the names and the numbers.
    pub(super) fn draw(
        &self,
        canvas: &mut Canvas,
        rows: &[Row],
        (scale, unit, of): (&Scale, Unit, &str),
    ) {
        let Frame { left, right, top, .. } = self.frame;
        canvas.line(&[(left, top), (right, top)], EDGE);
        self.frame.draw_x(canvas, scale, (unit, of));
        for (n, row) in rows.iter().enumerate() {
            let y = self.middle(n);
            let name = LABEL.fitted(&row.name, self.names);
            canvas.text(&name, ((left - 14, y), Anchor::Right), LABEL, INK);
            let number = LABEL.fitted(&row.number, SLIDE.0 - MARGIN - right - 14);
            canvas.text(&number, ((right + 14, y), Anchor::Left), LABEL, INK);
        }
    }

    /// Draws the line of zero through all rows.
    pub(super) fn draw_zero(&self, canvas: &mut Canvas, scale: &Scale) {
        let (frame, x) = (&self.frame, self.frame.x(scale, 0.0));
        canvas.stroke(&[(x, frame.top), (x, frame.bottom)], Stroke::new(GREY, 2));
    }

    /// Draws the dot and the whiskers of the n-th row.
    pub(super) fn draw_dot(
        &self,
        canvas: &mut Canvas,
        scale: &Scale,
        (n, estimate, dot): (usize, &Estimate, Dot),
    ) {
        let y = self.middle(n);
        let stroke = Stroke::new(INK, 3);
        if dot != Dot::Bare {
            draw_interval(canvas, (&self.frame, scale), (y, estimate), stroke);
        }
        let at = (self.frame.x(scale, estimate.value), y);
        match dot {
            Dot::Bare => canvas.disc(at, 5, INK),
            Dot::Full => canvas.disc(at, 8, INK),
            Dot::Hollow => canvas.ring(at, 6, INK),
        }
    }
}

/// What a dot says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Dot {
    /// That its interval excludes zero, or that zero is nothing special.
    Full,
    /// That it does not.
    Hollow,
    /// That there is none, since all trials are alike.
    Bare,
}
