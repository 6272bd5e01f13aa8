//! Numbers as people read them.

use crate::engine::time::Span;
use crate::model::state::{NanoWrites, WRITE};

/// A whole number with thousands separators: `1,234,567`.
pub fn count(n: u128) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// An amount of writes, whole, with separators; what is above zero never reads as zero.
pub fn writes(amount: NanoWrites) -> String {
    match amount {
        0 => "0".to_owned(),
        amount if amount < WRITE => "<1".to_owned(),
        amount => count((amount + WRITE / 2) / WRITE),
    }
}

/// Bytes in binary units: `8 GiB`, `1.5 MiB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [(&str, u32); 4] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)];
    for (name, shift) in UNITS {
        if n >> shift > 0 {
            let value = n as f64 / (1u64 << shift) as f64;
            let text = format!("{value:.1}");
            return format!("{} {name}", text.strip_suffix(".0").unwrap_or(&text));
        }
    }
    format!("{n} B")
}

/// A number to about `digits` significant digits, with separators above a thousand and
/// scientific notation below a thousandth.
pub fn significant(value: f64, digits: usize) -> String {
    let magnitude = value.abs();
    if magnitude == 0.0 {
        return "0".to_owned();
    }
    if !(1e-3..1e15).contains(&magnitude) {
        return format!("{value:.*e}", digits.saturating_sub(1));
    }
    with_decimals(value, decimals_for(magnitude, digits))
}

/// Decimals that show `digits` significant digits of a number.
fn decimals_for(magnitude: f64, digits: usize) -> usize {
    let whole_digits = magnitude.log10().floor() as i32 + 1;
    usize::try_from(digits as i32 - whole_digits).unwrap_or(0)
}

/// A number with so many decimals, and separators above a thousand.
fn with_decimals(value: f64, decimals: usize) -> String {
    let magnitude = value.abs();
    let text = format!("{magnitude:.decimals$}");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let whole = count(whole.parse().expect("formatting a float below 1e15 gives digits"));
    let sign = if value < 0.0 { "-" } else { "" };
    match fraction {
        "" => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{fraction}"),
    }
}

/// A mean with the half-width of its interval, both to the decimals that the half-width's first
/// two digits need.
pub fn mean(mean: f64, half_width: f64) -> String {
    if half_width == 0.0 {
        return format!("{} (all alike)", significant(mean, 3));
    }
    if !(1e-3..1e15).contains(&half_width) || mean.abs() >= 1e15 {
        return format!("{} ± {}", significant(mean, 3), significant(half_width, 2));
    }
    let decimals = decimals_for(half_width, 2);
    format!("{} ± {}", with_decimals(mean, decimals), with_decimals(half_width, decimals))
}

/// A number that may be very small with the half-width of its interval, to the digits that the
/// half-width's first two need; below a thousandth both as parts of one power of ten.
pub fn small(value: f64, half_width: f64) -> String {
    if half_width == 0.0 || half_width >= 1e-3 {
        return mean(value, half_width);
    }
    let power = value.abs().max(half_width).log10().floor();
    let (unit, digits) = if power < -3.0 { (10f64.powf(power), power) } else { (1.0, 0.0) };
    let decimals = (digits - half_width.log10().floor() + 1.0).clamp(0.0, 12.0) as usize;
    let [value, half_width] = [value, half_width].map(|x| with_decimals(x / unit, decimals));
    match digits == 0.0 {
        true => format!("{value} ± {half_width}"),
        false => format!("({value} ± {half_width})e{digits}"),
    }
}

/// A mean of seconds with the half-width of its interval; from ten minutes on as lengths.
pub fn mean_seconds(value: f64, half_width: f64) -> String {
    match value {
        v if v >= 600.0 && half_width > 0.0 => {
            format!("{} ± {}", seconds(value), seconds(half_width))
        }
        _ if half_width == 0.0 => format!("{} (all alike)", seconds(value)),
        _ => format!("{} s", mean(value, half_width)),
    }
}

/// A probability to two significant digits of itself or, near one, of what is missing to one.
pub fn probability(p: f64) -> String {
    match p {
        p if p >= 1.0 => "1".to_owned(),
        p if p > 0.9 => with_decimals(p, decimals_for(1.0 - p, 2).min(15)),
        p => significant(p, 2),
    }
}

/// Seconds as a length people read; above a day, in the largest units.
pub fn seconds(value: f64) -> String {
    Span::from_nanos_f64(value * 1e9).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(999), "999");
        assert_eq!(writes(64 * WRITE + 400_000_000), "64");
        assert_eq!(writes(WRITE * 5 / 2), "3");
        assert_eq!(writes(1), "<1");
        assert_eq!(writes(0), "0");
        assert_eq!(bytes(8 << 30), "8 GiB");
        assert_eq!(bytes(1_572_864), "1.5 MiB");
        assert_eq!(bytes(17), "17 B");
        assert_eq!(significant(19.8123, 3), "19.8");
        assert_eq!(significant(12_345.6, 3), "12,346");
        assert_eq!(significant(-0.000_012_34, 3), "-1.23e-5");
        assert_eq!(significant(0.0, 3), "0");
        assert_eq!(mean(495.123, 9.687), "495.1 ± 9.7");
        assert_eq!(mean(17.723, 0.1424), "17.72 ± 0.14");
        assert_eq!(mean(12_345.6, 234.0), "12,346 ± 234");
        assert_eq!(mean(2.0, 0.0), "2.00 (all alike)");
        assert_eq!(small(1.109e-7, 5.2e-9), "(1.109 ± 0.052)e-7");
        assert_eq!(small(1.2e-9, 3.4e-9), "(1.2 ± 3.4)e-9");
        assert_eq!(small(0.012_342, 0.000_61), "0.01234 ± 0.00061");
        assert_eq!(small(0.34, 0.012), "0.340 ± 0.012");
        assert_eq!(mean_seconds(17.723, 0.1424), "17.72 ± 0.14 s");
        assert_eq!(mean_seconds(7_685.0, 14.0), "2h 8m ± 14s");
        assert_eq!(probability(0.999_631), "0.99963");
        assert_eq!(probability(1.0), "1");
        assert_eq!(probability(0.000_46), "4.6e-4");
    }
}
