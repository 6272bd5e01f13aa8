//! `[[expect]]`: limits that results must keep, and whether a result keeps one.

use super::codes::Code;
use super::diagnostics::{Diagnostic, Errors, Place, hint_names};
use super::reader::{Item, Table};
use super::tree::{Node, quoted};
use crate::engine::time::Span;
use crate::montecarlo::objectives::Objectives;
use crate::montecarlo::quantity::{NotAQuantity, Quantity, Statistic, Unit};

/// A limit that a result must keep.
#[derive(Clone, PartialEq, Debug)]
pub struct Expectation {
    /// The policy or cell that is meant; `None` for each of them.
    pub policy: Option<String>,
    /// The quantity as written.
    pub metric: String,
    /// The quantity.
    pub quantity: Quantity,
    /// On which side of which limit it has to be.
    pub bound: Bound,
    /// The limit for people: "60 s", "2m", "1e-4".
    pub limit_shown: String,
}

/// A limit, and on which side of it a quantity has to be; the limit itself is on neither side. In
/// the quantity's unit.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Bound {
    /// Smaller than this.
    Below(f64),
    /// Larger than this.
    Above(f64),
}

/// What a result says about an expectation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It is kept, whatever the value within its interval.
    Pass,
    /// It is missed, whatever the value within its interval.
    Fail,
    /// The interval holds values of both kinds.
    Undecided,
}

impl Bound {
    /// What a value with the interval from `low` to `high` says: it passes if all of the interval
    /// is on the right side of the limit, fails if none of it is, and is undecided otherwise. An
    /// end that is `None` is not known: everything beyond the value is possible. The limit is on
    /// neither side: an interval that ends at the limit of `below` does not pass, and one that
    /// begins there fails.
    ///
    /// ```
    /// use elasticache_sim::scenario::expect::{Bound, Verdict};
    ///
    /// let below = Bound::Below(60.0);
    /// assert_eq!(below.judge(40.7, Some(40.2), Some(41.1)), Verdict::Pass);
    /// assert_eq!(below.judge(59.7, Some(59.1), Some(60.2)), Verdict::Undecided);
    /// assert_eq!(below.judge(59.7, Some(59.1), None), Verdict::Undecided);
    /// assert_eq!(below.judge(60.2, Some(60.0), Some(60.4)), Verdict::Fail);
    /// ```
    pub fn judge(&self, value: f64, low: Option<f64>, high: Option<f64>) -> Verdict {
        // The value belongs to its interval even where rounding has put it beside.
        let known = |end: Option<f64>| end.filter(|end| !end.is_nan());
        let low = known(low).map_or(f64::NEG_INFINITY, |low| low.min(value));
        let high = known(high).map_or(f64::INFINITY, |high| high.max(value));
        if value.is_nan() {
            return Verdict::Undecided;
        }
        let (is_kept, is_missed) = match *self {
            Bound::Below(limit) => (high < limit, low >= limit),
            Bound::Above(limit) => (low > limit, high <= limit),
        };
        match (is_kept, is_missed) {
            (true, _) => Verdict::Pass,
            (false, true) => Verdict::Fail,
            (false, false) => Verdict::Undecided,
        }
    }

    /// Its limit, in the quantity's unit.
    pub fn limit(&self) -> f64 {
        match *self {
            Bound::Below(limit) | Bound::Above(limit) => limit,
        }
    }

    /// "<" or ">".
    pub fn sign(&self) -> &'static str {
        match self {
            Bound::Below(_) => "<",
            Bound::Above(_) => ">",
        }
    }

    /// The key of the file.
    pub fn key(&self) -> &'static str {
        match self {
            Bound::Below(_) => "below",
            Bound::Above(_) => "above",
        }
    }
}

impl Expectation {
    /// As [`Bound::judge`]; of the largest of a batch it is only known that larger ones are
    /// possible, so that it never passes as being below a limit.
    pub fn judge(&self, value: f64, low: Option<f64>, high: Option<f64>) -> Verdict {
        match self.quantity.statistic() {
            Some(Statistic::Max) => self.bound.judge(value, Some(value), None),
            Some(
                Statistic::Mean
                | Statistic::Sd
                | Statistic::P50
                | Statistic::P95
                | Statistic::P99
                | Statistic::Zero,
            )
            | None => self.bound.judge(value, low, high),
        }
    }

    /// Its keys as TOML, with `policy` in place of its own.
    pub(super) fn toml(&self, policy: Option<&str>) -> String {
        let mut text = format!("metric = {}\n", quoted(&self.metric));
        if let Some(policy) = policy {
            text.push_str(&format!("policy = {}\n", quoted(policy)));
        }
        let number = self.limit_shown.strip_suffix(" s").unwrap_or(&self.limit_shown);
        let limit = match number.parse::<f64>() {
            Ok(_) => number.to_owned(),
            Err(_) => quoted(&self.limit_shown),
        };
        text.push_str(&format!("{} = {limit}\n", self.bound.key()));
        text
    }
}

/// An expectation as read, and where it stands.
pub(super) struct Draft {
    expectation: Expectation,
    /// Where its metric stands, its limit, and its policy.
    metric_place: Place,
    limit_place: Place,
    policy_place: Option<Place>,
}

/// What an expectation may be about: a policy with the values of a cell.
pub(super) struct Subject {
    /// Its name.
    pub name: String,
    /// Its name without the values of the cell.
    pub base: String,
    /// What has become of it.
    pub fate: Fate,
}

/// What has become of a cell.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is run, with these objectives.
    Run(Objectives),
    /// It is invalid, which has been told.
    Invalid,
    /// It is invalid, and others of its policy are run.
    Skipped,
}

impl Subject {
    fn is_called(&self, name: &str) -> bool {
        self.name == name || self.base == name
    }
}

const HINT: &str = r#"write [[expect]], and below it metric = "write_outage_s.p99" and below = 60"#;
/// More would be a slip.
const MOST: usize = 1_000;

/// Reads `[[expect]]`.
pub(super) fn read(node: &Node, errors: &mut Errors) -> Vec<Draft> {
    let item = Item::new("expect".to_owned(), node);
    let items = item.array(errors, "an array of tables", HINT).unwrap_or_default();
    if items.len() > MOST {
        let message = format!("there are {} expectations", items.len());
        let hint = format!("at most {MOST} are possible");
        errors.report(Code::TooMany, &item.place, message).hint(hint);
        return Vec::new();
    }
    items.iter().filter_map(|item| draft(item, errors)).collect()
}

fn draft(item: &Item<'_>, errors: &mut Errors) -> Option<Draft> {
    let mut table = item.table(errors, HINT)?;
    let hint = r#"name what is expected, as in metric = "write_outage_s.p99""#;
    let metric = table.require("metric", errors, hint);
    let quantity = metric.as_ref().and_then(|metric| quantity(metric, errors));
    let policy = table.get("policy");
    let policy_place = policy.as_ref().map(|policy| policy.place.clone());
    let policy = policy.map(|policy| policy.text(errors, "the name of a policy"));
    let (below, above) = (table.get("below"), table.get("above"));
    let limit = match (below, above) {
        (Some(below), Some(above)) => {
            let hint = "write a second [[expect]] for the other limit";
            let message = "`below` and `above` exclude each other";
            let diagnostic = errors.report(Code::Exclusive, &above.place, message).hint(hint);
            diagnostic.relate(&below.place.at, "the other limit");
            None
        }
        (Some(below), None) => Some((below, Bound::Below as fn(f64) -> Bound)),
        (None, Some(above)) => Some((above, Bound::Above as fn(f64) -> Bound)),
        (None, None) => {
            no_limit(&table, errors);
            None
        }
    };
    let is_complete = quantity.is_some() && limit.is_some() && policy.as_ref() != Some(&None);
    let limit = limit.zip(quantity).and_then(|((limit, side), quantity)| {
        let (number, shown) = number(&limit, quantity, errors)?;
        is_possible(side(number), quantity, &limit.place, errors).then_some((
            side(number),
            shown,
            limit.place,
        ))
    });
    table.finish(errors, &[]);
    let (bound, limit_shown, limit_place) = limit.filter(|_| is_complete)?;
    let metric = metric?;
    let expectation = Expectation {
        policy: policy.flatten().map(str::to_owned),
        metric: metric.node().as_text()?.to_owned(),
        quantity: quantity?,
        bound,
        limit_shown,
    };
    Some(Draft { expectation, metric_place: metric.place, limit_place, policy_place })
}

/// Reports that there is no limit, unless it is there under a misspelt name.
fn no_limit(table: &Table<'_>, errors: &mut Errors) {
    if !table.has_others() {
        let hint = "write below = 60, or above = 0.5";
        errors.report(Code::NoneOf, &table.place, "names no limit").hint(hint);
    }
}

fn quantity(item: &Item<'_>, errors: &mut Errors) -> Option<Quantity> {
    let text = item.text(errors, "the name of a quantity")?;
    let why = match Quantity::parse(text) {
        Ok(quantity) => return Some(quantity),
        Err(why) => why,
    };
    let (subject, statistic) = text.rsplit_once('.').unwrap_or((text, ""));
    match why {
        NotAQuantity::Subject => {
            let known: Vec<&str> = Quantity::subjects().collect();
            let message = "is not a quantity of the results";
            let diagnostic = errors.report(Code::NotAQuantity, &item.place, message);
            // What stands behind the last dot may be a statistic, or part of the name.
            let is_statistic = Statistic::ALL.iter().any(|s| s.name() == statistic);
            hint_names(diagnostic, if is_statistic { subject } else { text }, &known);
        }
        NotAQuantity::Statistic(among) => {
            let known: Vec<&str> = among.iter().map(|statistic| statistic.name()).collect();
            let message = format!("`{subject}` has no such statistic");
            let diagnostic = errors.report(Code::NotAQuantity, &item.place, message);
            hint_names(diagnostic, statistic, &known);
        }
        NotAQuantity::NoStatistic => {
            let message = "is a share of all, and has no statistics";
            let hint = format!(r#"write metric = "{subject}""#);
            errors.report(Code::NotAQuantity, &item.place, message).hint(hint);
        }
    }
    None
}

/// The limit in the quantity's unit, and as shown.
fn number(item: &Item<'_>, quantity: Quantity, errors: &mut Errors) -> Option<(f64, String)> {
    if quantity.unit() == Unit::Seconds && item.is_text() {
        let span = item.span(errors)?;
        return Some((span.as_secs_f64(), item.text(errors, "a duration")?.trim().to_owned()));
    }
    if !item.is_number() {
        let (what, hint) = match quantity.unit() {
            Unit::Seconds => ("a number of seconds or a duration", r#"as in 60, or "1m""#),
            Unit::Share => (
                "a number from 0 to 1",
                "as in 1e-4; lengths belong to quantities in seconds, as in write_outage_s.p99",
            ),
            Unit::Count => ("a number", "as in 1_000"),
        };
        item.expected(errors, what, hint);
        return None;
    }
    let number = item.number(errors)?;
    let (is_valid, message) = match quantity.unit() {
        Unit::Share => ((0.0..=1.0).contains(&number), "must be from 0 to 1"),
        Unit::Seconds => {
            ((0.0..=Span::FOREVER.as_secs_f64()).contains(&number), "must be from 0 to 584 years")
        }
        Unit::Count => {
            (number.is_finite() && number >= 0.0, "must be a number from 0 upwards, not infinite")
        }
    };
    if !is_valid {
        let hint = format!("`{quantity}` has no other values");
        errors.report(Code::OutOfRange, &item.place, message).hint(hint);
        return None;
    }
    let written = item.printed();
    Some(match quantity.unit() {
        Unit::Seconds => (number, format!("{written} s")),
        Unit::Share | Unit::Count => (number, written),
    })
}

/// Whether any value is on the right side of the limit; if none is, that is reported.
fn is_possible(bound: Bound, quantity: Quantity, place: &Place, errors: &mut Errors) -> bool {
    let largest = match quantity.unit() {
        Unit::Share => 1.0,
        Unit::Seconds | Unit::Count => f64::INFINITY,
    };
    let (is_possible, message, hint) = match bound {
        Bound::Below(limit) => (
            limit > 0.0,
            "no value is below 0",
            "the limit itself is not below it: write a small number, as in 1e-4, or 1 for counts",
        ),
        Bound::Above(limit) => (
            limit < largest,
            "no share is above 1",
            "the limit itself is not above it: write a number near 1, as in 0.999",
        ),
    };
    if !is_possible {
        errors.report(Code::OutOfRange, place, message).hint(hint);
    }
    is_possible
}

/// The expectations, after all cells are known; reports those that are about nothing that is run,
/// that need an objective which is not set, or that no result can keep together.
pub(super) fn settle(
    drafts: Vec<Draft>,
    subjects: &[Subject],
) -> (Vec<Expectation>, Vec<Diagnostic>) {
    let mut errors = Errors::default();
    let mut about: Vec<Vec<usize>> = Vec::new();
    for draft in &drafts {
        let named = draft.expectation.policy.as_deref();
        let is_meant = |s: &Subject| named.is_none_or(|name| s.is_called(name));
        let meant: Vec<usize> = (0..subjects.len()).filter(|&n| is_meant(&subjects[n])).collect();
        check_policy(draft, &meant, subjects, &mut errors);
        check_objectives(draft, &meant, subjects, &mut errors);
        about.push(meant);
    }
    for (n, draft) in drafts.iter().enumerate() {
        let shares = |other: &usize| about[*other].iter().any(|cell| about[n].contains(cell));
        let contradicts = |other: &usize| {
            let (one, other) = (&drafts[*other].expectation, &draft.expectation);
            one.quantity == other.quantity && exclude(one.bound, other.bound)
        };
        if let Some(first) = (0..n).filter(contradicts).find(shares) {
            let Expectation { quantity, limit_shown, bound, .. } = &drafts[first].expectation;
            let message = format!(
                "no value of `{quantity}` is also {} {limit_shown}, as another expectation asks",
                bound.key()
            );
            let diagnostic = errors.report(Code::Contradiction, &draft.limit_place, message);
            diagnostic.hint("change one of the limits, or name a policy for each");
            diagnostic.relate(&drafts[first].limit_place.at, "the other limit");
        }
    }
    (drafts.into_iter().map(|draft| draft.expectation).collect(), errors.into_list())
}

/// Whether no value keeps both.
fn exclude(one: Bound, other: Bound) -> bool {
    match (one, other) {
        (Bound::Below(below), Bound::Above(above)) | (Bound::Above(above), Bound::Below(below)) => {
            above >= below
        }
        (Bound::Below(_), Bound::Below(_)) | (Bound::Above(_), Bound::Above(_)) => false,
    }
}

/// Reports an expectation about a policy that is not there, or not run.
fn check_policy(draft: &Draft, meant: &[usize], subjects: &[Subject], errors: &mut Errors) {
    let (Some(name), Some(place)) = (&draft.expectation.policy, &draft.policy_place) else {
        return;
    };
    if meant.is_empty() {
        let mut known: Vec<&str> = Vec::new();
        for subject in subjects {
            for name in [&subject.base, &subject.name] {
                if !known.contains(&name.as_str()) {
                    known.push(name);
                }
            }
        }
        let message = "is neither a policy nor a cell of the scenario";
        hint_names(errors.report(Code::UnknownId, place, message), name, &known);
    } else if meant.iter().all(|&n| subjects[n].fate == Fate::Skipped) {
        let message = "is a cell that is invalid and skipped: nothing can keep the expectation";
        let hint = "W0913 says why it is invalid; leave out the expectation or the value";
        errors.report(Code::UnknownId, place, message).hint(hint);
    }
}

/// Reports an expectation about an objective that a policy does not have.
fn check_objectives(draft: &Draft, meant: &[usize], subjects: &[Subject], errors: &mut Errors) {
    let quantity = draft.expectation.quantity;
    let (key, example, objective): (_, _, fn(&Objectives) -> Option<Span>) = match quantity {
        Quantity::RtoMissed => ("rto", "60s", |objectives| objectives.rto),
        Quantity::RpoMissed => ("rpo", "1s", |objectives| objectives.rpo),
        Quantity::Metric { .. }
        | Quantity::Probability(_)
        | Quantity::OutageLength(_)
        | Quantity::FailoverLength(_) => return,
    };
    let lacks = |n: &&usize| match &subjects[**n].fate {
        Fate::Run(objectives) => objective(objectives).is_none(),
        Fate::Invalid | Fate::Skipped => false,
    };
    if let Some(&n) = meant.iter().find(lacks) {
        let message =
            format!("needs `objectives.{key}`, which `{}` does not set", subjects[n].name);
        let diagnostic = errors.report(Code::NeedsObjective, &draft.metric_place, message);
        diagnostic.hint(format!(r#"write [objectives], and below it {key} = "{example}""#));
    }
}
