//! Names and numbers in the sentences and tables of a page.

use askama::filters::{Html, Safe, escape};
use askama::{Result, Values};

use crate::report::numbers::{bytes, probability, significant};
use crate::report::table::quantile_text;
use crate::stats::level::Estimate;

/// What begins a name whose letters may run in another direction than the text around it.
const ISOLATE: char = '\u{2068}';
/// What ends it.
const POP: char = '\u{2069}';

/// A name that somebody chose, whose direction does not touch the text around it.
pub(super) fn isolated(name: &str) -> String {
    let name: String = name.chars().filter(|c| ![ISOLATE, POP].contains(c)).collect();
    format!("{ISOLATE}{name}{POP}")
}

/// The same in quotes.
pub(super) fn named(name: &str) -> String {
    format!("“{}”", isolated(name))
}

/// Text in which isolated names are elements of their own, which nest however the marks stand.
#[askama::filter_fn]
pub(super) fn bdi(text: impl std::fmt::Display, _: &dyn Values) -> Result<Safe<String>> {
    let Ok(escaped) = escape(text, Html);
    Ok(Safe(elements(&escaped.to_string())))
}

fn elements(escaped: &str) -> String {
    let (mut html, mut depth) = (String::with_capacity(escaped.len()), 0_usize);
    for c in escaped.chars() {
        match c {
            ISOLATE => {
                html.push_str("<bdi>");
                depth += 1;
            }
            POP if depth > 0 => {
                html.push_str("</bdi>");
                depth -= 1;
            }
            POP => {}
            c => html.push(c),
        }
    }
    html + &"</bdi>".repeat(depth)
}

/// Shares below this are no percentages.
const LEAST_PERCENT: f64 = 1e-4;

/// A share in per cent to two digits of itself or, near one, of what is missing to one; one that
/// is very small as a number.
fn percent(share: f64) -> String {
    let percent = 100.0 * share;
    match 100.0 - percent {
        missing if share > 0.9 && missing > 0.0 => {
            let decimals = (1.0 - missing.log10().floor()).clamp(0.0, 12.0) as usize;
            format!("{percent:.decimals$}\u{a0}%")
        }
        _ => format!("{}\u{a0}%", significant(percent, 2)),
    }
}

/// A share with its interval.
pub(super) fn share_text(share: &Estimate) -> String {
    let largest = share.high.map_or(share.value, |high| high.max(share.value));
    match largest < LEAST_PERCENT && largest > 0.0 {
        true => quantile_text(share, probability),
        false => quantile_text(share, percent),
    }
}

/// A bound of a share.
pub(super) fn bound(high: f64) -> String {
    if high < LEAST_PERCENT { probability(high) } else { percent(high) }
}

fn sign(value: f64) -> &'static str {
    match value {
        value if value < 0.0 => "-",
        value if value > 0.0 => "+",
        _ => "",
    }
}

/// A difference of shares with its sign, in percentage points.
pub(super) fn points(difference: &Estimate) -> String {
    let ends = [Some(difference.value), difference.low, difference.high];
    let is_tiny = ends.into_iter().flatten().all(|end| end.abs() < LEAST_PERCENT);
    quantile_text(difference, |value| {
        let sign = sign(value);
        match is_tiny {
            true => format!("{sign}{}", probability(value.abs())),
            false => format!("{sign}{}\u{a0}pp", significant(100.0 * value.abs(), 2)),
        }
    })
}

/// Amounts from here on are words in tables as well.
const LARGE: f64 = 1e7;

/// Whether an amount has so many digits that words are easier to read.
pub(super) fn is_large(estimate: &Estimate) -> bool {
    estimate.value.abs() >= LARGE
}

/// An amount in a sentence, to three digits: "27.5 billion".
fn amount(value: f64) -> String {
    const WORDS: [(f64, &str); 3] = [(1e12, " trillion"), (1e9, " billion"), (1e6, " million")];
    // Rounded first: what rounds to a thousand of one unit is one of the next.
    let unit = 10f64.powf(value.abs().max(1.0).log10().floor() - 2.0);
    let value = if value.abs() >= 1000.0 { (value / unit).round() * unit } else { value };
    match WORDS.into_iter().find(|(unit, _)| value.abs() >= *unit) {
        Some((unit, word)) => format!("{}{word}", significant(value / unit, 3)),
        None => significant(value, 3),
    }
}

/// An amount with its interval in a sentence.
pub(super) fn amount_text(estimate: &Estimate) -> String {
    quantile_text(estimate, amount)
}

/// A difference of amounts with its sign and interval in a sentence.
pub(super) fn signed_amount(difference: &Estimate) -> String {
    quantile_text(difference, |value| format!("{}{}", sign(value), amount(value.abs())))
}

/// Bytes in a sentence.
pub(super) fn size(mean: &Estimate) -> String {
    bytes(mean.value.max(0.0) as u64)
}

/// How seldom something is, where that is seldom: in which number of years it comes once.
pub(super) fn once_in(probability: f64, years: f64) -> Option<String> {
    const SELDOM: f64 = 0.01;
    let is_seldom = probability > 0.0 && probability < SELDOM && years > 0.0;
    is_seldom.then(|| {
        let years = years / probability;
        let unit = 10f64.powf((years.log10().floor() - 1.0).max(0.0));
        format!("once in {} years", amount((years / unit).round() * unit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn isolated_names_nest() {
        let name = format!("a{POP}b{ISOLATE}");
        assert_eq!(elements(&isolated(&name)), "<bdi>ab</bdi>");
        assert_eq!(elements(&name), "ab<bdi></bdi>");
    }

    #[test]
    fn shares_are_percentages_unless_they_are_tiny() {
        let of = |value, low, high| Estimate { value, low: Some(low), high: Some(high) };
        let spaced = |text: String| text.replace('\u{a0}', " ");
        assert_eq!(spaced(share_text(&of(0.0172, 0.012, 0.024))), "1.7 % [1.2 %, 2.4 %]");
        let high = share_text(&of(0.99963, 0.9995, 0.9997));
        assert_eq!(spaced(high), "99.963 % [99.950 %, 99.970 %]");
        assert_eq!(share_text(&of(6.1e-6, 6.0e-6, 6.3e-6)), "6.1e-6 [6.0e-6, 6.3e-6]");
        assert_eq!(spaced(points(&of(0.3058, 0.293, 0.319))), "+31 pp [+29 pp, +32 pp]");
        assert_eq!(points(&of(-6.1e-6, -6.2e-6, -5.9e-6)), "-6.1e-6 [-6.2e-6, -5.9e-6]");
        assert_eq!(spaced(bound(0.000_74)), "0.074 %");
    }

    #[test]
    fn amounts_have_three_digits() {
        assert_eq!(amount(27_457_310_210.7), "27.5 billion");
        assert_eq!(amount(999_999.0), "1.00 million");
        assert_eq!(amount(39_659.5), "39,700");
        assert_eq!(amount(186.76), "187");
        assert_eq!(once_in(6.167e-6, 1.0).as_deref(), Some("once in 160,000 years"));
        assert_eq!(once_in(0.3, 1.0), None);
    }
}
