//! Scales and axes: where a value stands, which values are marked, and what is said of it.

use super::canvas::{Anchor, Canvas, EDGE, Font, GREY, INK, Point, Stroke};
use crate::report::numbers::{seconds, significant};
use crate::stats::level::Estimate;

/// The font of marks on an axis.
pub(super) const TICK: Font = Font::Prose(18);
/// The font of what an axis is of.
pub(super) const AXIS: Font = Font::Prose(20);

/// What a number counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unit {
    /// Seconds.
    Seconds,
    /// Plain counting.
    Count,
    /// A share of a whole.
    Share,
}

impl Unit {
    /// A value to about three digits.
    pub(super) fn told(self, value: f64) -> String {
        let sign = if value < 0.0 { "−" } else { "" };
        let size = value.abs();
        let text = match self {
            _ if size == 0.0 => "0".to_owned(),
            Unit::Seconds if size >= 120.0 => seconds(size),
            Unit::Seconds if size < 1e-3 => format!("{size:.1e} s"),
            Unit::Seconds => format!("{} s", significant(size, 3)),
            Unit::Count if size >= 1e6 => short_count(size),
            Unit::Count => significant(size, 3),
            Unit::Share if size < 1e-5 => format!("{size:.1e}"),
            // Close to one, what is missing to it is what counts.
            Unit::Share if size > 0.99 && size < 1.0 => {
                let digits = 2 + (-(1.0 - size).log10()).floor().clamp(0.0, 8.0) as usize;
                format!("{} %", significant(size * 100.0, digits))
            }
            Unit::Share => format!("{} %", significant(size * 100.0, 2)),
        };
        format!("{sign}{text}")
    }

    /// A value with its interval: `19.8 s (19.5 s to 20.1 s)`.
    pub(super) fn estimated(self, estimate: &Estimate) -> String {
        let value = self.told(estimate.value);
        let at_most = |high: f64| self.told(high);
        match (estimate.low, estimate.high) {
            (Some(low), Some(high)) if low == high => format!("{value} (all alike)"),
            (Some(low), Some(high)) => format!("{value} ({} to {})", self.told(low), at_most(high)),
            (Some(low), None) => format!("{value} ({} or more)", self.told(low)),
            (None, Some(high)) => format!("{value} (up to {})", at_most(high)),
            (None, None) => format!("{value} (no interval)"),
        }
    }
}

/// A large number in words that stay short.
fn short_count(value: f64) -> String {
    match value {
        v if v < 1e6 => significant(v, 3),
        v if v < 1e9 => format!("{} million", significant(v / 1e6, 3)),
        v if v < 1e12 => format!("{} billion", significant(v / 1e9, 3)),
        v => format!("{v:.1e}"),
    }
}

/// How values are laid out along an axis.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    /// Evenly.
    Linear,
    /// Evenly, as places that are told apart.
    Places,
    /// By their logarithm; all are above zero.
    Log,
    /// By their logarithm, with a lane for zero at the beginning.
    LogAndZero,
    /// Evenly up to this size, by their logarithm beyond it, on both sides of zero.
    BothWays(f64),
}

/// Where values stand along an axis.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Scale {
    kind: Kind,
    low: f64,
    high: f64,
}

/// The part of an axis that is the lane of zero.
const LANE: f64 = 0.08;
/// From this ratio of the largest to the smallest on, values are laid out by their logarithm.
const WIDE: f64 = 30.0;

impl Scale {
    /// From zero up to the largest of `values`, which are not negative.
    pub(super) fn from_zero(values: impl Iterator<Item = f64>) -> Self {
        let high = values.filter(|value| value.is_finite()).fold(0.0, f64::max);
        let high = if high > 0.0 { high * 1.04 } else { 1.0 };
        Scale { kind: Kind::Linear, low: 0.0, high }
    }

    /// Between two values.
    pub(super) fn between(low: f64, high: f64) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Scale { kind: Kind::Linear, low, high }
    }

    /// Around values that are only told apart, such as those of a sweep: where it begins says
    /// nothing, and nothing is remarked.
    pub(super) fn around(low: f64, high: f64) -> Self {
        Scale { kind: Kind::Places, low, high }
    }

    /// By the logarithm, between two values above zero.
    pub(super) fn log(low: f64, high: f64) -> Self {
        assert!(low > 0.0, "zero has no logarithm");
        Scale { kind: Kind::Log, low, high: high.max(low * 1.5) }
    }

    /// From zero for values that are not negative: evenly, unless they are too far apart for that.
    pub(super) fn fitting(values: &[f64]) -> Self {
        let positive = || values.iter().copied().filter(|value| *value > 0.0);
        let (low, high) =
            (positive().fold(f64::INFINITY, f64::min), positive().fold(0.0, f64::max));
        match high / low > WIDE {
            true => Scale { kind: Kind::LogAndZero, low: low / 1.5, high: high * 1.5 },
            false => Scale::from_zero(positive()),
        }
    }

    /// For values of either sign, with zero in sight: evenly, unless they are too far apart.
    pub(super) fn around_zero(values: &[f64]) -> Self {
        let sizes = || values.iter().map(|value| value.abs()).filter(|size| *size > 0.0);
        let largest = sizes().fold(0.0, f64::max);
        if largest == 0.0 {
            return Scale { kind: Kind::Linear, low: -1.0, high: 1.0 };
        }
        let mut sorted: Vec<f64> = sizes().collect();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted[sorted.len() / 2];
        let low = values.iter().copied().fold(0.0, f64::min);
        let high = values.iter().copied().fold(0.0, f64::max);
        if largest / middle <= WIDE {
            let room = (high - low) * 0.05;
            let below = if low < 0.0 { low - room } else { -room };
            let above = if high > 0.0 { high + room } else { room };
            return Scale { kind: Kind::Linear, low: below, high: above };
        }
        let even = 10f64.powf((middle / 3.0).log10().floor());
        let least = even * 2.0;
        let (low, high) = ((low * 1.5).min(-least), (high * 1.5).max(least));
        Scale { kind: Kind::BothWays(even), low, high }
    }

    /// What must be said of it, if anything.
    pub(super) fn remark(&self, unit: Unit) -> Option<String> {
        match self.kind {
            Kind::Linear if self.low > 0.0 => Some("not from zero".to_owned()),
            Kind::Linear | Kind::Places => None,
            Kind::Log => Some("logarithmic".to_owned()),
            Kind::LogAndZero => Some("logarithmic, zero apart".to_owned()),
            Kind::BothWays(even) => {
                Some(format!("logarithmic beyond ±{}", tick_text(even, unit, self)))
            }
        }
    }

    /// Where a value stands, from 0 at the beginning to 1 at the end; beyond them at the end.
    pub(super) fn share(&self, value: f64) -> f64 {
        let logs = |value: f64| (value / self.low).ln() / (self.high / self.low).ln();
        let share = match self.kind {
            Kind::Linear | Kind::Places => (value - self.low) / (self.high - self.low),
            Kind::Log if value <= 0.0 => 0.0,
            Kind::Log => logs(value),
            Kind::LogAndZero if value <= 0.0 => LANE / 2.0,
            Kind::LogAndZero => LANE + (1.0 - LANE) * logs(value).max(0.0),
            Kind::BothWays(even) => {
                let bent = |value: f64| (value.abs() / even).ln_1p().copysign(value);
                (bent(value) - bent(self.low)) / (bent(self.high) - bent(self.low))
            }
        };
        share.clamp(0.0, 1.0)
    }

    /// Values to be marked, with their texts.
    pub(super) fn ticks(&self, unit: Unit) -> Vec<(f64, String)> {
        let named = |value: f64| (value, tick_text(value, unit, self));
        match self.kind {
            Kind::Linear | Kind::Places => {
                even_ticks(self.low, self.high, unit).into_iter().map(named).collect()
            }
            Kind::Log => log_ticks(self.low, self.high, unit).into_iter().map(named).collect(),
            Kind::LogAndZero => {
                let logs = log_ticks(self.low, self.high, unit);
                std::iter::once(0.0).chain(logs).map(named).collect()
            }
            Kind::BothWays(even) => {
                let up = |high: f64| -> Vec<f64> {
                    match high > even {
                        true => log_ticks(even, high, unit),
                        false => Vec::new(),
                    }
                };
                let below = up(-self.low).into_iter().rev().map(|value| -value);
                let ticks = below.chain([0.0]).chain(up(self.high));
                ticks.map(named).collect()
            }
        }
    }
}

/// What a mark on an axis says.
fn tick_text(value: f64, unit: Unit, scale: &Scale) -> String {
    let sign = if value < 0.0 { "−" } else { "" };
    let size = value.abs();
    if size == 0.0 {
        return "0".to_owned();
    }
    let text = match unit {
        Unit::Seconds => {
            let largest = match scale.kind {
                Kind::Linear | Kind::Places => scale.high.abs().max(scale.low.abs()),
                Kind::Log | Kind::LogAndZero | Kind::BothWays(_) => size,
            };
            let (divisor, name) = time_unit(largest);
            format!("{} {name}", plain(size / divisor))
        }
        Unit::Count => match size {
            v if v >= 1e6 => short_count(v),
            v => plain(v),
        },
        Unit::Share if size < 1e-5 => format!("{size:.0e}"),
        Unit::Share => format!("{} %", plain(size * 100.0)),
    };
    format!("{sign}{text}")
}

/// A round number without needless digits.
fn plain(value: f64) -> String {
    let text = significant(value, 4);
    match text.contains('.') && !text.contains('e') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// The unit in which lengths up to `largest` seconds are marked, with its length.
fn time_unit(largest: f64) -> (f64, &'static str) {
    match largest {
        v if v >= 86_400.0 => (86_400.0, "d"),
        v if v >= 3_600.0 => (3_600.0, "h"),
        v if v >= 60.0 => (60.0, "min"),
        v if v >= 0.09 => (1.0, "s"),
        _ => (1e-3, "ms"),
    }
}

/// Round values between two ends, about six of them.
fn even_ticks(low: f64, high: f64, unit: Unit) -> Vec<f64> {
    let divisor = match unit {
        Unit::Seconds => time_unit(high.abs().max(low.abs())).0,
        Unit::Count | Unit::Share => 1.0,
    };
    let rough = (high - low) / divisor / 6.0;
    let power = 10f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    let step = steps.into_iter().find(|step| *step >= rough * 0.999).unwrap_or(power) * divisor;
    let (first, last) = ((low / step - 1e-9).ceil() as i64, (high / step + 1e-9).floor() as i64);
    (first..=last).map(|n| n as f64 * step).collect()
}

/// Round values by their logarithm.
fn log_ticks(low: f64, high: f64, unit: Unit) -> Vec<f64> {
    const FEW: usize = 3;
    let inside = |value: &f64| (low * 0.999..=high * 1.001).contains(value);
    let powers = |digits: &'static [f64]| {
        let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
        (first..=last).flat_map(move |n| digits.iter().map(move |digit| digit * 10f64.powi(n)))
    };
    let lengths = |of_clock: &[f64], digits: &'static [f64]| -> Vec<f64> {
        let below = powers(digits).filter(|value| *value < 59.0);
        let days = powers(digits).map(|days| days * 86_400.0).filter(|value| *value > 80_000.0);
        below.chain(of_clock.iter().copied()).chain(days).filter(inside).collect()
    };
    let coarse: Vec<f64> = match unit {
        Unit::Seconds => lengths(&[60.0, 600.0, 3_600.0, 36_000.0], &[1.0]),
        Unit::Count | Unit::Share => powers(&[1.0]).filter(inside).collect(),
    };
    if coarse.len() >= FEW {
        return thinned(coarse);
    }
    let fine: Vec<f64> = match unit {
        Unit::Seconds => lengths(
            &[60.0, 120.0, 300.0, 600.0, 1_200.0, 1_800.0, 3_600.0, 7_200.0, 18_000.0, 36_000.0],
            &[1.0, 2.0, 5.0],
        ),
        Unit::Count | Unit::Share => powers(&[1.0, 2.0, 5.0]).filter(inside).collect(),
    };
    match fine.len() {
        0 | 1 => even_ticks(low, high, unit),
        _ => fine,
    }
}

/// At most nine of many powers.
fn thinned(values: Vec<f64>) -> Vec<f64> {
    let step = values.len().div_ceil(9);
    values.into_iter().step_by(step).collect()
}

/// The part of a picture that axes enclose.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) left: i32,
    pub(super) right: i32,
    pub(super) top: i32,
    pub(super) bottom: i32,
}

impl Frame {
    /// Where a share of the width is.
    pub(super) fn x(&self, scale: &Scale, value: f64) -> i32 {
        self.left + (f64::from(self.right - self.left) * scale.share(value)).round() as i32
    }

    /// Where a share of the height is.
    pub(super) fn y(&self, scale: &Scale, value: f64) -> i32 {
        self.bottom - (f64::from(self.bottom - self.top) * scale.share(value)).round() as i32
    }

    /// Where a pair of values is.
    pub(super) fn at(&self, [x, y]: [&Scale; 2], value: (f64, f64)) -> Point {
        (self.x(x, value.0), self.y(y, value.1))
    }

    /// Draws the horizontal axis: grid, marks and what it is of.
    pub(super) fn draw_x(&self, canvas: &mut Canvas, scale: &Scale, (unit, of): (Unit, &str)) {
        let ticks = scale.ticks(unit).into_iter().map(|(value, text)| (self.x(scale, value), text));
        self.draw_x_ticks(canvas, ticks.collect());
        let title = match scale.remark(unit) {
            Some(remark) => format!("{of} ({remark})"),
            None => of.to_owned(),
        };
        self.draw_x_title(canvas, &title);
    }

    /// Draws the marks of a horizontal axis; one that would touch another is left
    /// out, zero never.
    pub(super) fn draw_x_ticks(&self, canvas: &mut Canvas, ticks: Vec<(i32, String)>) {
        let mut taken: Vec<(i32, i32)> = Vec::new();
        let (zeros, others): (Vec<_>, Vec<_>) = ticks.into_iter().partition(|it| it.1 == "0");
        for (x, text) in zeros.into_iter().chain(others) {
            let half = TICK.width(&text) / 2;
            let (from, to) = (x - half - 3, x + half + 3);
            if taken.iter().any(|other| from < other.1 && other.0 < to) {
                continue;
            }
            taken.push((from, to));
            canvas.line(&[(x, self.top), (x, self.bottom)], EDGE);
            canvas.text(&text, ((x, self.bottom + 18), Anchor::Middle), TICK, INK);
        }
        canvas.stroke(&[(self.left, self.bottom), (self.right, self.bottom)], Stroke::new(INK, 2));
    }

    /// Says what a horizontal axis is of.
    pub(super) fn draw_x_title(&self, canvas: &mut Canvas, title: &str) {
        let (middle, room) = ((self.left + self.right) / 2, canvas.size.0 - 80);
        let title = AXIS.fitted(title, room);
        let half = AXIS.width(&title) / 2;
        // Centred under the axis, unless that would leave the page.
        let middle = middle.clamp(40 + half, (canvas.size.0 - 40 - half).max(40 + half));
        canvas.text(&title, ((middle, self.bottom + 46), Anchor::Middle), AXIS, INK);
    }

    /// Draws the vertical axis: grid, marks and what it is of.
    pub(super) fn draw_y(&self, canvas: &mut Canvas, scale: &Scale, (unit, of): (Unit, &str)) {
        let mut widest = 0;
        let mut free_from = i32::MAX;
        for (value, text) in scale.ticks(unit) {
            let y = self.y(scale, value);
            if y + 10 > free_from {
                continue;
            }
            canvas.line(&[(self.left, y), (self.right, y)], EDGE);
            free_from = y - 10;
            canvas.text(&text, ((self.left - 10, y), Anchor::Right), TICK, INK);
            widest = widest.max(TICK.width(&text));
        }
        canvas.stroke(&[(self.left, self.top), (self.left, self.bottom)], Stroke::new(INK, 2));
        let room = canvas.size.1 - 110;
        let whole = scale.remark(unit).map(|remark| (format!("{of} ({remark})"), remark));
        let title = match whole {
            Some((whole, _)) if AXIS.width(&whole) <= room => whole,
            Some((_, remark)) => {
                // What has no room beside the axis stands above it.
                canvas.text(&remark, ((self.left, self.top - 12), Anchor::Left), TICK, GREY);
                of.to_owned()
            }
            None => of.to_owned(),
        };
        let title = AXIS.fitted(&title, room);
        let half = AXIS.width(&title) / 2;
        let middle = ((self.top + self.bottom) / 2).max(90 + half);
        canvas.upright(&title, ((self.left - widest - 28).max(18), middle), AXIS, INK);
    }
}

/// A point of an estimate with its interval from left to right; ends that are not bounded are
/// arrows to the end of the axis.
pub(super) fn draw_interval(
    canvas: &mut Canvas,
    (frame, scale): (&Frame, &Scale),
    (y, estimate): (i32, &Estimate),
    stroke: Stroke,
) {
    let end = |value: Option<f64>, beyond: i32| value.map_or(beyond, |it| frame.x(scale, it));
    let (low, high) = (end(estimate.low, frame.left), end(estimate.high, frame.right));
    canvas.stroke(&[(low, y), (high, y)], stroke);
    for (x, bound, out) in [(low, estimate.low, -1), (high, estimate.high, 1)] {
        match bound {
            Some(_) => canvas.stroke(&[(x, y - 7), (x, y + 7)], stroke),
            None => {
                let head = vec![(x, y), (x - out * 12, y - 7), (x - out * 12, y + 7)];
                canvas.area(head, stroke.color);
            }
        }
    }
}

/// The same from below upwards.
pub(super) fn draw_upright_interval(
    canvas: &mut Canvas,
    (frame, scale): (&Frame, &Scale),
    (x, estimate): (i32, &Estimate),
    stroke: Stroke,
) {
    // An open end is an arrow: one to the edge would cross what others have.
    const ARROW: i32 = 40;
    let middle = frame.y(scale, estimate.value);
    let low = estimate.low.map_or((middle + ARROW).min(frame.bottom), |it| frame.y(scale, it));
    let high = estimate.high.map_or((middle - ARROW).max(frame.top), |it| frame.y(scale, it));
    canvas.stroke(&[(x, low), (x, high)], stroke);
    for (y, bound, out) in [(low, estimate.low, 1), (high, estimate.high, -1)] {
        match bound {
            Some(_) => canvas.stroke(&[(x - 7, y), (x + 7, y)], stroke),
            None => {
                let head = vec![(x, y), (x - 7, y - out * 12), (x + 7, y - out * 12)];
                canvas.area(head, stroke.color);
            }
        }
    }
}

/// A thin line that leads the eye.
pub(super) fn guide() -> Stroke {
    Stroke { color: GREY, width: 2, dashes: &[3, 6] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(scale: Scale, unit: Unit) -> Vec<String> {
        scale.ticks(unit).into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn axes_are_marked_at_round_values() {
        let lengths = Scale::from_zero([95.0].into_iter());
        assert_eq!(texts(lengths, Unit::Seconds), ["0", "0.5 min", "1 min", "1.5 min"]);
        assert_eq!(texts(Scale::between(0.0, 10.0), Unit::Count), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(texts(Scale::log(1e-3, 1.0), Unit::Share), ["0.1 %", "1 %", "10 %", "100 %"]);
        let long = texts(Scale::log(0.5, 5e5), Unit::Seconds);
        assert_eq!(long, ["1 s", "10 s", "1 min", "10 min", "1 h", "10 h", "1 d"]);
    }

    #[test]
    fn zero_has_a_lane_and_both_signs_have_room() {
        let scale = Scale::fitting(&[0.0, 1.0, 1_000.0]);
        assert!(scale.share(0.0) > 0.0 && scale.share(0.0) < scale.share(1.0));
        let scale = Scale::around_zero(&[-1.0, 2.0, 1.5, -7_200.0]);
        assert!(scale.share(-1.0) < scale.share(0.0) && scale.share(0.0) < scale.share(2.0));
        assert!(scale.remark(Unit::Seconds).is_some_and(|it| it.starts_with("logarithmic beyond")));
        assert_eq!(Scale::around_zero(&[0.0]).remark(Unit::Count), None);
    }

    #[test]
    fn estimates_are_told_with_their_intervals() {
        let check = |unit: Unit, value: f64, low: f64, high: f64, expected: &str| {
            let estimate = Estimate { value, low: Some(low), high: Some(high) };
            assert_eq!(unit.estimated(&estimate), expected);
        };
        check(Unit::Seconds, 19.81, 19.5, 20.12, "19.8 s (19.5 s to 20.1 s)");
        check(Unit::Seconds, -7_200.0, -7_260.0, -7_140.0, "−2h (−2h 1m to −1h 59m)");
        check(Unit::Share, 0.0, 0.0, 3.7e-4, "0 (0 to 0.037 %)");
        check(Unit::Share, 0.99963, 0.9995, 1.0, "99.963 % (99.950 % to 100 %)");
        check(Unit::Count, 2.5e6, 2e6, 3e6, "2.50 million (2.00 million to 3.00 million)");
    }
}
