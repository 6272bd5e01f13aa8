//! [`Scope`]: what pictures are of: the policies of a folder, their labels and letters, and which
//! of many are shown; and [`Sheet`]: a slide with a title, what the numbers are of, and notes.

use super::axis::Unit;
use super::canvas::{
    Anchor, BLUE, Canvas, Color, Font, GREEN, GREY, INK, ORANGE, PURPLE, Point, SKY, Stroke,
    VERMILION, isolated,
};
use super::{Drawn, Picture};
use crate::engine::time::SimTime;
use crate::report::labels::Labels;
use crate::report::numbers::count;
use crate::report::results::{Entry, Results};
use crate::report::table::{percent, trials};
use crate::scenario::Policy;
use crate::stats::level::Estimate;

/// Size of a slide.
pub(super) const SLIDE: Point = (1_200, 675);
/// White space left and right.
pub(super) const MARGIN: i32 = 40;
/// The font of what stands in a picture.
pub(super) const LABEL: Font = Font::Prose(18);

/// What pictures are of.
pub(super) struct Scope<'a> {
    pub(super) results: &'a Results,
    /// The policies that are shown; at least one.
    pub(super) subjects: Vec<Subject<'a>>,
    /// The position of the reference among them.
    pub(super) reference: usize,
}

/// A policy in pictures.
#[derive(Clone)]
pub(super) struct Subject<'a> {
    pub(super) entry: Entry<'a>,
    pub(super) policy: &'a Policy,
    /// What it is called.
    pub(super) label: String,
}

/// Which of the subjects a picture shows.
pub(super) struct Chosen {
    /// Their positions, in order.
    pub(super) positions: Vec<usize>,
    /// Which are not shown, if any; a sentence.
    pub(super) note: Option<String>,
}

impl<'a> Scope<'a> {
    /// Of a folder; `None` if its numbers name no policy of its scenario.
    pub(super) fn of(results: &'a Results) -> Option<Self> {
        let experiment = &results.kept.experiment;
        let found = |entry: Entry<'a>| {
            let policy = experiment.policies.iter().find(|it| it.name == entry.name())?;
            Some((entry, policy))
        };
        let found: Vec<(Entry<'_>, &Policy)> =
            results.numbers.entries().filter_map(found).collect();
        let policies: Vec<&Policy> = found.iter().map(|(_, policy)| *policy).collect();
        let labels = Labels::unnumbered(&policies).short;
        let labels = labels.iter().map(|label| isolated(&plain_lists(label)));
        let subjects: Vec<Subject<'_>> = found
            .into_iter()
            .zip(labels)
            .map(|((entry, policy), label)| Subject { entry, policy, label })
            .collect();
        let is_reference = |it: &Subject<'_>| it.entry.name() == results.numbers.reference();
        let reference = subjects.iter().position(is_reference)?;
        Some(Scope { results, subjects, reference })
    }

    /// The policy that the others are compared with.
    pub(super) fn its_reference(&self) -> &Subject<'a> {
        &self.subjects[self.reference]
    }

    /// The level of intervals, as in `95 %`.
    pub(super) fn level(&self) -> String {
        percent(self.results.numbers.level())
    }

    /// How a policy differs from the reference; zero for the reference itself.
    pub(super) fn difference(&self, position: usize, metric: &str) -> Option<Estimate> {
        self.results.numbers.difference(self.subjects[position].entry.name(), metric)
    }

    /// At most `most` of the subjects: the reference, and those that differ most from it in what
    /// `metric` names.
    pub(super) fn chosen(&self, most: usize, (metric, word): (&str, &str)) -> Chosen {
        let n = self.subjects.len();
        if n <= most {
            return Chosen { positions: (0..n).collect(), note: None };
        }
        let size = |position: usize| match self.difference(position, metric) {
            _ if position == self.reference => f64::INFINITY,
            Some(difference) => difference.value.abs(),
            None => 0.0,
        };
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|a, b| size(*b).total_cmp(&size(*a)));
        order.truncate(most);
        order.sort_unstable();
        let note = format!(
            "Of {n} policies the reference and the {} that differ most from it in {word} are \
             shown; summary.csv has all.",
            most - 1
        );
        Chosen { positions: order, note: Some(note) }
    }

    /// At most `most` of the subjects: the reference, and those whose differences from it lie far
    /// from each other, so that they are told apart in a picture of curves.
    pub(super) fn spread(&self, most: usize, (metric, word): (&str, &str)) -> Chosen {
        let n = self.subjects.len();
        if n <= most {
            return Chosen { positions: (0..n).collect(), note: None };
        }
        let place = |position: usize| match position == self.reference {
            true => 0.0,
            false => self.difference(position, metric).map_or(0.0, |it| it.value),
        };
        let places: Vec<f64> = (0..n).map(place).collect();
        let mut positions = vec![self.reference];
        while positions.len() < most {
            let room = |position: &usize| {
                let to = |other: &usize| (places[*position] - places[*other]).abs();
                positions.iter().map(to).fold(f64::INFINITY, f64::min)
            };
            let rest = (0..n).filter(|position| !positions.contains(position)).rev();
            let farthest = rest.max_by(|a, b| room(a).total_cmp(&room(b)));
            positions.extend(farthest);
        }
        positions.sort_unstable();
        let note = format!(
            "Of {n} policies the reference and {} whose differences from it in {word} lie far \
             apart are shown; summary.csv has all.",
            most - 1
        );
        Chosen { positions, note: Some(note) }
    }

    /// The share of trials in which the subject lost a dataset, if it did in any.
    pub(super) fn loses_datasets(&self, position: usize) -> Option<f64> {
        let share = self.subjects[position].entry.probability("dataset_loss")?.value;
        (share > 0.0).then_some(share)
    }

    /// Who of those lost datasets as well, which a picture of lost writes does not show; a sentence.
    pub(super) fn lost_datasets(&self, positions: &[usize]) -> Option<String> {
        const MOST: usize = 3;
        let told = |n: &usize| {
            let share = self.loses_datasets(*n)?;
            Some(format!("{}: {}", self.subjects[*n].label, Unit::Share.told(share)))
        };
        let all: Vec<String> = positions.iter().filter_map(told).collect();
        let others = match all.len().checked_sub(MOST) {
            None | Some(0) => String::new(),
            Some(n) => format!(" · and {n} more"),
        };
        (!all.is_empty()).then(|| {
            format!(
                "Writes that go with a lost dataset are not counted here. Trials that lose one: \
                 {}{others}.",
                all[..all.len().min(MOST)].join(" · ")
            )
        })
    }

    /// What could show what no trial has seen, as the end of a sentence.
    pub(super) fn what_would_show(&self) -> &'static str {
        let can_strike = |it: &Subject<'_>| {
            let plan = &it.policy.plan;
            let is_random = !plan.node_failures.is_empty()
                || !plan.az_failures.is_empty()
                || !plan.group_failures.is_empty();
            is_random || !plan.script.is_empty()
        };
        match self.subjects.iter().any(can_strike) {
            true => "more trials or harsher faults would show whether there are any",
            false => "the scenario has no faults",
        }
    }

    /// What all numbers are of: `policy study · 10,000 trials of 1y · seed 42`.
    pub(super) fn facts(&self) -> String {
        format!("{}{}", self.scenario(), self.numbers_of())
    }

    /// The same without the scenario.
    fn numbers_of(&self) -> String {
        let Subject { entry, policy, .. } = self.its_reference();
        let horizon = policy.plan.horizon.since(SimTime::START);
        let (n, seed) = (trials(entry.trials()), self.results.kept.manifest.inputs.options.seed);
        let interrupted = self.results.interrupted_after().map_or("", |_| "interrupted after ");
        format!(" · {interrupted}{n} of {horizon} · seed {seed}")
    }

    /// What the scenario calls itself, as it stands in a text.
    fn scenario(&self) -> String {
        isolated(&self.results.kept.manifest.inputs.scenario)
    }

    /// What policies and the scenario are called where their names cannot be set, by what they are
    /// called otherwise.
    pub(super) fn aliases(&self) -> Vec<(String, String)> {
        let plain = |label: &str| label.replace(['\u{2068}', '\u{2069}'], "");
        let subjects = self.subjects.iter().enumerate();
        let policies = subjects.map(|(n, it)| (plain(&it.label), format!("policy {}", n + 1)));
        let scenario = self.results.kept.manifest.inputs.scenario.clone();
        policies.chain([(scenario, "this scenario".to_owned())]).collect()
    }

    /// A title with what has to be said of all of them.
    pub(super) fn title(&self, title: &str) -> String {
        match self.results.interrupted_after() {
            Some(n) => {
                format!("{title} — interrupted after {} trials", count(u128::from(n)))
            }
            None => title.to_owned(),
        }
    }
}

/// The mark of a number of lost writes beside which datasets were lost.
pub(super) const LOST: &str = "‡";

/// A label in which lists of names are written as sums: `azs=a+b` for `azs=["a", "b"]`.
pub(super) fn plain_lists(label: &str) -> String {
    let mut text = String::with_capacity(label.len());
    let mut rest = label;
    while let Some((before, after)) = rest.split_once("=[") {
        let Some((list, behind)) = after.split_once(']') else { break };
        let names: Vec<&str> = list.split(',').map(|name| name.trim().trim_matches('"')).collect();
        text.push_str(before);
        text.push('=');
        text.push_str(&names.join("+"));
        rest = behind;
    }
    text + rest
}

/// How a policy is told apart from the others in a picture, in colour and without.
#[derive(Clone, Copy)]
pub(super) struct Look {
    pub(super) color: Color,
    pub(super) dashes: &'static [i32],
}

impl Look {
    /// How many there are.
    pub(super) const N: usize = 7;

    /// That of the n-th of those shown; the reference is the first.
    pub(super) fn of(n: usize) -> Self {
        const LOOKS: [(Color, &[i32]); Look::N] = [
            (INK, &[]),
            (BLUE, &[14, 6]),
            (VERMILION, &[22, 6, 4, 6, 4, 6]),
            (GREEN, &[22, 6, 6, 6]),
            (PURPLE, &[6, 6]),
            (ORANGE, &[30, 6, 14, 6]),
            (SKY, &[46, 8]),
        ];
        let (color, dashes) = LOOKS[n % LOOKS.len()];
        Look { color, dashes }
    }

    /// Its line.
    pub(super) fn stroke(self) -> Stroke {
        Stroke { color: self.color, width: 3, dashes: self.dashes }
    }
}

/// The letter of the n-th of those shown.
pub(super) fn letter(n: usize) -> String {
    let alphabet = b'A'..=b'Z';
    alphabet.clone().nth(n).map_or_else(|| (n + 1).to_string(), |c| char::from(c).to_string())
}

/// A letter in a ring.
pub(super) fn draw_badge(canvas: &mut Canvas, at: Point, (text, color): (&str, Color)) {
    canvas.ring(at, 11, color);
    canvas.text(text, (at, Anchor::Middle), Font::Title(16), INK);
}

/// A slide that is drawn on.
pub(super) struct Sheet {
    pub(super) canvas: Canvas,
    title: String,
}

/// Below the title and what the numbers are of.
pub(super) const TOP: i32 = 112;

impl Sheet {
    /// A slide with its title, and what the numbers are of with a remark on it.
    pub(super) fn new(scope: &Scope<'_>, (title, remark): (&str, &str)) -> Self {
        let mut canvas = Canvas::new(SLIDE);
        let room = SLIDE.0 - 2 * MARGIN;
        let fonts = [30, 27, 24, 22].map(Font::Title);
        let font = fonts.into_iter().find(|font| font.width(title) <= room);
        let font = font.unwrap_or(Font::Title(20));
        let shown = font.fitted(title, room);
        canvas.text(&shown, ((MARGIN, 40), Anchor::Left), font, INK);
        // The remark says what intervals are: a long name gives way.
        let remark = if remark.is_empty() { String::new() } else { format!(" · {remark}") };
        let rest = format!("{}{remark}", scope.numbers_of());
        let name = LABEL.fitted(&scope.scenario(), (room - LABEL.width(&rest)).max(100));
        let line = LABEL.fitted(&format!("{name}{rest}"), room);
        canvas.text(&line, ((MARGIN, 76), Anchor::Left), LABEL, GREY);
        // Alone, as in a list of pictures, the title says of what the slide is.
        Sheet { canvas, title: scope.title(title) }
    }

    /// Notes at the foot of the slide, the last one lowest; gives where the picture has to end.
    pub(super) fn notes(&mut self, notes: &[String]) -> i32 {
        self.narrow_notes(notes, SLIDE.0 - 2 * MARGIN)
    }

    /// The same in lines no wider than `room`.
    pub(super) fn narrow_notes(&mut self, notes: &[String], room: i32) -> i32 {
        let lines: Vec<String> = notes.iter().flat_map(|note| LABEL.wrapped(note, room)).collect();
        let mut y = SLIDE.1 - 20 - 24 * lines.len() as i32;
        let end = y;
        for line in lines {
            y += 24;
            self.canvas.text(&line, ((MARGIN, y - 6), Anchor::Left), LABEL, GREY);
        }
        end
    }

    /// The picture that is done.
    pub(super) fn done(self, scope: &Scope<'_>, name: &str, alt: &str) -> Drawn {
        let alt = format!("{alt} Numbers are of {}.", scope.facts());
        let (name, title, aliases) = (name.to_owned(), self.title, scope.aliases());
        Drawn::Picture(Picture { name, title, alt, canvas: self.canvas, aliases })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_told_apart_without_colours() {
        let dashes: std::collections::BTreeSet<&[i32]> =
            (0..Look::N).map(|n| Look::of(n).dashes).collect();
        assert_eq!(dashes.len(), Look::N);
    }

    #[test]
    fn lists_of_names_are_sums() {
        let check = |label: &str, expected: &str| assert_eq!(plain_lists(label), expected);
        check(r#"azs=["a", "b"], replicas=2"#, "azs=a+b, replicas=2");
        check("detection=[", "detection=[");
        check("<b>[x] & y", "<b>[x] & y");
    }
}
