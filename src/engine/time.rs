//! Simulated time: whole nanoseconds, as instants ([`SimTime`]) and lengths ([`Span`]).
//!
//! Integers, so that events at one instant are exactly at one instant and sums of outages are
//! exact. 64 bits hold 584 years; what lies beyond is [`SimTime::NEVER`], which no trial reaches.
//! Floats become times in one place, [`Span::from_nanos_f64`]. Reading durations from text is the
//! scenario's business; printing them is done here.

use std::fmt;
use std::ops::Add;

/// Nanoseconds in a second.
pub const NANOS_PER_SEC: u64 = 1_000_000_000;
/// A day of 24 hours.
pub const DAY: Span = Span(24 * 3600 * NANOS_PER_SEC);
/// A year has 365 days of 24 hours, here and in every rate "per year".
pub const YEAR: Span = Span(365 * 24 * 3600 * NANOS_PER_SEC);

/// An instant: nanoseconds since the start of the trial.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct SimTime(u64);

/// A length of time in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Span(u64);

impl SimTime {
    /// The start of a trial.
    pub const START: SimTime = SimTime(0);
    /// Later than every horizon: what happens never.
    pub const NEVER: SimTime = SimTime(u64::MAX);

    /// The instant `nanos` nanoseconds after the start.
    pub const fn from_nanos(nanos: u64) -> Self {
        SimTime(nanos)
    }

    /// Nanoseconds since the start.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The length from `earlier` to this instant. Panics if `earlier` is later.
    #[inline]
    pub fn since(self, earlier: SimTime) -> Span {
        assert!(earlier <= self, "an interval must not end before it begins");
        Span(self.0 - earlier.0)
    }

    /// The instant so long before this one, or the start.
    #[inline]
    pub fn before(self, span: Span) -> SimTime {
        SimTime(self.0.saturating_sub(span.0))
    }
}

/// Beyond 584 years the sum is [`SimTime::NEVER`].
impl Add<Span> for SimTime {
    type Output = SimTime;

    #[inline]
    fn add(self, span: Span) -> SimTime {
        SimTime(self.0.saturating_add(span.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);
    /// Longer than every horizon.
    pub const FOREVER: Span = Span(u64::MAX);

    /// A length of `nanos` nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Self {
        Span(nanos)
    }

    /// This length `n` times. Saturates at [`Span::FOREVER`].
    #[must_use]
    pub const fn times(self, n: u64) -> Self {
        Span(self.0.saturating_mul(n))
    }

    /// This length and `other`. Saturates at [`Span::FOREVER`].
    #[must_use]
    pub const fn plus(self, other: Span) -> Self {
        Span(self.0.saturating_add(other.0))
    }

    /// A length of whole seconds. Saturates at [`Span::FOREVER`].
    pub const fn from_secs(secs: u64) -> Self {
        Span(secs.saturating_mul(NANOS_PER_SEC))
    }

    /// So many thousandths of this length; at most [`Span::FOREVER`].
    pub fn scaled_permille(self, permille: u32) -> Self {
        let nanos = u128::from(self.0) * u128::from(permille) / 1000;
        Span(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// The length nearest to `nanos`; negative and NaN become zero, what does not fit becomes
    /// [`Span::FOREVER`]. The only place where a drawn float becomes a time.
    #[inline]
    pub fn from_nanos_f64(nanos: f64) -> Self {
        // Above 2^52 every float is an integer already, and adding one half could move it.
        let half = if nanos < 4_503_599_627_370_496.0 { 0.5 } else { 0.0 };
        Span((nanos + half) as u64)
    }

    /// The length in nanoseconds.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The length in seconds, for output only.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SEC as f64
    }
}

/// Prints what [`SimTime`] is as a clock: `1:02:03.456`, with days in front when there are any
/// (`12d 01:02:03.456`). Digits below a millisecond are cut, not rounded, so that a clock never
/// shows an instant that has not come.
impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == SimTime::NEVER {
            return f.pad("never");
        }
        let millis = self.0 / 1_000_000;
        let (secs, ms) = (millis / 1000, millis % 1000);
        let (days, h, m, s) = (secs / 86_400, secs / 3600 % 24, secs / 60 % 60, secs % 60);
        if days > 0 {
            f.pad(&format!("{days}d {h:02}:{m:02}:{s:02}.{ms:03}"))
        } else {
            f.pad(&format!("{h:02}:{m:02}:{s:02}.{ms:03}"))
        }
    }
}

/// Prints a length for people: the two largest units that say something (`2m 5s`, `18.4s`,
/// `1.9ms`, `1y 12d`), three digits where there is only one.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Span::FOREVER {
            return f.pad("forever");
        }
        f.pad(&humane(self.0))
    }
}

/// Text of a length, see [`Span`]'s `Display`: rounded first, so that 59.96 s reads `1m`.
fn humane(nanos: u64) -> String {
    const SEC: u64 = NANOS_PER_SEC;
    /// From this length on, round to that.
    const STEPS: [(u64, u64); 12] = [
        (365 * 86_400 * SEC, 86_400 * SEC),
        (86_400 * SEC, 3_600 * SEC),
        (3_600 * SEC, 60 * SEC),
        (60 * SEC, SEC),
        (10 * SEC, SEC / 10),
        (SEC, SEC / 100),
        (SEC / 10, SEC / 1_000),
        (SEC / 100, SEC / 10_000),
        (SEC / 1_000, SEC / 100_000),
        (SEC / 10_000, SEC / 1_000_000),
        (SEC / 100_000, 100),
        (SEC / 1_000_000, 10),
    ];
    let step = STEPS.iter().find(|(from, _)| nanos >= *from).map_or(1, |(_, step)| *step);
    let nanos = nanos.saturating_add(step / 2) / step * step;
    const UNITS: [(u64, &str, u64, &str); 4] = [
        (365 * 86_400 * SEC, "y", 86_400 * SEC, "d"),
        (86_400 * SEC, "d", 3_600 * SEC, "h"),
        (3_600 * SEC, "h", 60 * SEC, "m"),
        (60 * SEC, "m", SEC, "s"),
    ];
    if let Some(&(unit, name, next, next_name)) = UNITS.iter().find(|unit| nanos >= unit.0) {
        return match nanos % unit / next {
            0 => format!("{}{name}", nanos / unit),
            rest => format!("{}{name} {rest}{next_name}", nanos / unit),
        };
    }
    let (unit, name) = match nanos {
        0 => return "0s".to_owned(),
        1_000_000_000.. => (1e9, "s"),
        1_000_000.. => (1e6, "ms"),
        1_000.. => (1e3, "us"),
        _ => (1.0, "ns"),
    };
    // Rounded already: what prints more digits is the float's last one.
    let text = format!("{:.2}", nanos as f64 / unit);
    format!("{}{name}", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_read_like_a_person_would_say_them() {
        let check = |nanos: u64, expected: &str| {
            assert_eq!(Span::from_nanos(nanos).to_string(), expected, "{nanos} ns");
        };
        check(0, "0s");
        check(17, "17ns");
        check(1_900_000, "1.9ms");
        check(18_400_000_000, "18.4s");
        check(59_940_000_000, "59.9s");
        check(59_999_000_000, "1m");
        check(26_796_000_000, "26.8s");
        check(241_600_000, "242ms");
        check(3_599_800_000_000, "1h");
        check(125_000_000_000, "2m 5s");
        check(7_200_000_000_000, "2h");
        check(YEAR.as_nanos() + 12 * 86_400 * NANOS_PER_SEC, "1y 12d");
        assert_eq!(Span::FOREVER.to_string(), "forever");
    }

    #[test]
    fn clocks_cut_and_never_round_up() {
        assert_eq!(SimTime::from_nanos(3_723_456_999_999).to_string(), "01:02:03.456");
        assert_eq!(SimTime::from_nanos(90_000 * NANOS_PER_SEC).to_string(), "1d 01:00:00.000");
    }

    #[test]
    fn floats_become_times_by_rounding_and_saturating() {
        assert_eq!(Span::from_nanos_f64(1.5), Span::from_nanos(2));
        assert_eq!(Span::from_nanos_f64(-3.0), Span::ZERO);
        assert_eq!(Span::from_nanos_f64(f64::NAN), Span::ZERO);
        assert_eq!(Span::from_nanos_f64(1e300), Span::FOREVER);
        assert_eq!(SimTime::from_nanos(5) + Span::FOREVER, SimTime::NEVER);
    }
}
