//! Lengths of time, sizes and counts as people write them.
//!
//! The grammar of durations is jiff's ("1h 30m", "200ms", ISO 8601 "PT1H"); what a day and a year
//! are is decided here: 24 hours, 365 days. A month has no length and is refused.

use crate::engine::time::Span;

/// Why a text is no duration, size or count.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Complaint {
    /// What is wrong, as a fragment.
    pub message: String,
    /// How to write it.
    pub hint: String,
}

fn complaint<T>(message: &str, hint: &str) -> Result<T, Complaint> {
    Err(Complaint { message: message.to_owned(), hint: hint.to_owned() })
}

/// A length of time as written: whole nanoseconds, perhaps more than a [`Span`] holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Length(u128);

impl Length {
    /// For the parameters of laws, which may be far longer than a trial.
    pub fn as_nanos_f64(self) -> f64 {
        self.0 as f64
    }

    /// For instants and constants, unless it is longer than 584 years.
    pub fn as_span(self) -> Option<Span> {
        u64::try_from(self.0).ok().map(Span::from_nanos)
    }
}

/// Reads a duration that fits simulated time, for the command line.
pub fn parse_span(text: &str) -> Result<Span, String> {
    match duration(text) {
        Ok(length) => length.as_span().ok_or("at most 584 years fit here".to_owned()),
        Err(complaint) => Err(format!("{}; {}", complaint.message, complaint.hint)),
    }
}

const DURATION_HINT: &str = r#"write a duration like "1h 30m", "200ms", "30d", "1y" or "PT1H""#;

/// Reads a duration.
pub fn duration(text: &str) -> Result<Length, Complaint> {
    let Ok(span) = text.trim().parse::<jiff::Span>() else {
        return not_a_duration(text.trim());
    };
    if span.get_months() != 0 {
        let hint = r#"a month has no fixed length: write days, as in "30d", or years"#;
        return complaint("months are not accepted", hint);
    }
    let nanos = [
        (i128::from(span.get_years()), 365 * 86_400 * 1_000_000_000),
        (i128::from(span.get_weeks()), 7 * 86_400 * 1_000_000_000),
        (i128::from(span.get_days()), 86_400 * 1_000_000_000),
        (i128::from(span.get_hours()), 3_600 * 1_000_000_000),
        (i128::from(span.get_minutes()), 60 * 1_000_000_000),
        (i128::from(span.get_seconds()), 1_000_000_000),
        (i128::from(span.get_milliseconds()), 1_000_000),
        (i128::from(span.get_microseconds()), 1_000),
        (i128::from(span.get_nanoseconds()), 1),
    ];
    // Each count is at most 64 bits and each unit below 2^55, so the sum fits.
    let nanos: i128 = nanos.iter().map(|&(count, unit)| count * unit).sum();
    match u128::try_from(nanos) {
        Ok(nanos) => Ok(Length(nanos)),
        Err(_) => complaint("a duration must not be negative", DURATION_HINT),
    }
}

/// Says what is wrong with a text that jiff does not read.
fn not_a_duration<T>(text: &str) -> Result<T, Complaint> {
    let is_numeric = |c: char| c.is_ascii_digit() || c == '.' || c == '_';
    if !text.is_empty() && text.chars().all(is_numeric) {
        return complaint("a duration needs a unit", r#"write a unit, as in "30s" or "200ms""#);
    }
    let unit = text.trim_start_matches(is_numeric).trim();
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    if digits > 4 && ["y", "w", "d", "h", "m", "s"].iter().any(|known| unit.starts_with(known)) {
        return complaint("is too long, or not a duration", "no duration is above 19998y");
    }
    if text.contains('.') && ["d", "w", "y"].iter().any(|long| unit.starts_with(long)) {
        let hint =
            r#"only hours and smaller units take a fraction: write "36h" for a day and a half"#;
        return complaint("is not a duration", hint);
    }
    complaint("is not a duration", DURATION_HINT)
}

const SIZE_HINT: &str =
    r#"write a size like "512 B", "8 GiB" or "1 MB", or a whole number of bytes"#;

/// Units of size. Case does not matter: nobody means bits or milli.
const SIZES: [(&str, u64); 10] = [
    ("", 1),
    ("b", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
];

/// Reads a size in bytes; a fraction of a byte is rounded.
pub fn size(text: &str) -> Result<u64, Complaint> {
    let text = text.trim();
    let is_numeric = |c: char| c.is_ascii_digit() || c == '.' || c == '_';
    let number_end = text.find(|c| !is_numeric(c)).unwrap_or(text.len());
    let (number, unit) = text.split_at(number_end);
    let unit = unit.trim().to_ascii_lowercase();
    let Some(&(_, bytes)) = SIZES.iter().find(|(name, _)| *name == unit) else {
        return complaint("is not a size", SIZE_HINT);
    };
    let number = number.replace('_', "");
    let (whole, fraction) = number.split_once('.').unwrap_or((number.as_str(), "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || fraction.len() > 18 {
        return complaint("is not a size", SIZE_HINT);
    }
    let scale = 10_u128.pow(fraction.len() as u32);
    let fraction: u128 = fraction.parse().unwrap_or(0);
    let rounded = (fraction * u128::from(bytes) + scale / 2) / scale;
    let total = whole
        .parse::<u64>()
        .ok()
        .map(|whole| u128::from(whole) * u128::from(bytes) + rounded)
        .and_then(|total| u64::try_from(total).ok());
    match total {
        Some(total) => Ok(total),
        None => complaint("is too large", "a size is below 16 EiB"),
    }
}

const RATE_HINT: &str =
    r#"write a rate like "100 MB/s" or "1 Gbit/s", or a whole number of bytes per second"#;

/// Reads a rate in bytes per second: a size with a unit and `/s`, or with `bit` in place of the
/// unit's `B`, eight of which are a byte.
pub fn rate(text: &str) -> Result<u64, Complaint> {
    let amount = text.trim().strip_suffix("/s").map(|amount| amount.trim_end());
    let amount = amount.map(str::to_ascii_lowercase).unwrap_or_default();
    let (bytes, parts) = match amount.strip_suffix("bit") {
        Some(number) => (size(&format!("{number}b")), 8),
        None if amount.ends_with('b') => (size(&amount), 1),
        None => return not_a_rate(text),
    };
    match bytes {
        Ok(bytes) => Ok(bytes / parts),
        Err(_) => not_a_rate(text),
    }
}

/// What was perhaps meant by a text that is no rate: "200 MB" is a size, "200 Mbps" are bits.
fn not_a_rate(text: &str) -> Result<u64, Complaint> {
    let text = text.trim();
    let cut = |end: &str, unit: &str| text.strip_suffix(end).map(|rest| format!("{rest}{unit}/s"));
    let meant = match (cut("Bps", "B"), cut("bps", "bit")) {
        (Some(bytes), _) => vec![bytes],
        (None, Some(bits)) => vec![bits],
        (None, None) => cut("B", "B").into_iter().chain(cut("B", "bit")).collect(),
    };
    let meant: Vec<String> = meant
        .into_iter()
        .filter(|meant| rate(meant).is_ok())
        .map(|meant| format!("\"{meant}\""))
        .collect();
    match meant.as_slice() {
        [] => complaint("is not a rate", RATE_HINT),
        meant => complaint("is not a rate", &format!("did you mean {}?", meant.join(" or "))),
    }
}

/// Reads a count: `10000`, `10_000` or `1e4`.
pub fn count(text: &str) -> Result<u64, Complaint> {
    /// Up to here every whole number is a float.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    const HINT: &str = r#"write it like 10000, 10_000 or "1e4""#;
    let digits = text.trim().replace('_', "");
    if let Ok(count) = digits.parse::<u64>() {
        return Ok(count);
    }
    if digits.starts_with('-') {
        return complaint("must not be negative", HINT);
    }
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return too_large();
    }
    let is_plain = digits.bytes().all(|b| b.is_ascii_digit() || b".eE+".contains(&b));
    match digits.parse::<f64>() {
        Ok(count) if is_plain && count <= EXACT && count.fract() == 0.0 => Ok(count as u64),
        Ok(count) if is_plain && count > EXACT => {
            complaint("is too large", "with an exponent, a whole number is up to 2^53")
        }
        _ => complaint("is not a whole number", HINT),
    }
}

/// The complaint about a whole number that nothing here can hold.
pub(super) fn too_large<T>() -> Result<T, Complaint> {
    complaint("is too large", "a whole number is below 2^64")
}

/// A size in the largest unit of which it is a whole number: "512 MiB".
pub fn shown_size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 5] =
        [(1 << 50, "PiB"), (1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.iter().find(|(unit, _)| bytes > 0 && bytes.is_multiple_of(*unit)) {
        Some((unit, name)) => format!("{} {name}", bytes / unit),
        None => format!("{bytes} B"),
    }
}
