//! [`Diagnostic`]: one mistake of a scenario, told to the person who made it.
//!
//! All mistakes of a scenario are collected and shown at once, in the order of the text, without
//! cascades: what failed to decode gets no further complaints, and while the TOML itself is broken
//! nobody is told that something is missing. This file knows texts and places, not what is right
//! or wrong; `report::diagnostic` draws the frames.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::codes::{Code, Severity};
use super::source::{At, Source, SourceKind};
use super::tree::key;

/// One mistake, warning or advice. Prints as `error[E0201]: FILE:LINE:COLUMN: PATH = VALUE:
/// MESSAGE`, then its hints, in whole lines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// What kind of mistake.
    pub code: Code,
    /// The text with the mistake: the file, or an option.
    pub source: Arc<Source>,
    /// Bytes of that text; for a mistake in a file that the scenario names, the bytes that name
    /// it.
    pub span: Range<usize>,
    /// The file with the mistake, as the user named it; or the option.
    pub file: String,
    /// Line in that file, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Dotted path of the key; empty where there is none.
    pub path: String,
    /// The offending text, shortened; empty where it would not help.
    pub value: String,
    /// What is wrong: a fragment in lower case.
    pub message: String,
    /// What is allowed, what was perhaps meant, or which rule says so.
    pub hints: Vec<String>,
    /// Other places that have to do with it, and what.
    pub related: Vec<Related>,
    /// The policies in which it comes up, unless it comes up in all.
    pub policies: Vec<String>,
    /// Which complaints it may silence, or be silenced by.
    kind: Kind,
}

/// A place that has to do with a mistake elsewhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Related {
    /// The text.
    pub source: Arc<Source>,
    /// Its bytes.
    pub span: Range<usize>,
    /// What it has to do with it.
    pub label: String,
}

/// What a complaint is about, as far as cascades are concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// The text is not TOML.
    Syntax,
    /// A key is absent.
    Missing,
    /// Anything else.
    Wrong,
}

impl Diagnostic {
    /// Adds a hint.
    pub(super) fn hint(&mut self, hint: impl Into<String>) -> &mut Self {
        self.hints.push(hint.into());
        self
    }

    /// Points at another place that has to do with it.
    pub(super) fn relate(&mut self, at: &At, label: impl Into<String>) -> &mut Self {
        let (source, span, label) = (at.source.clone(), at.span.clone(), label.into());
        self.related.push(Related { source, span, label });
        self
    }

    /// How much it matters.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// `PATH = VALUE: MESSAGE`, as far as there is a path or a value.
    pub fn summary(&self) -> String {
        match (self.path.as_str(), self.value.as_str()) {
            ("", "") => self.message.clone(),
            (path, "") => format!("{path}: {}", self.message),
            ("", value) => format!("{value}: {}", self.message),
            (path, value) => format!("{path} = {value}: {}", self.message),
        }
    }

    /// The policies in which it comes up, in words; `None` if it comes up in all.
    pub fn whereabouts(&self) -> Option<String> {
        const MOST: usize = 4;
        if self.policies.is_empty() {
            return None;
        }
        let names: Vec<String> =
            self.policies.iter().take(MOST).map(|name| format!("`{}`", cell(name))).collect();
        let mut names = names.join(", ");
        if self.policies.len() > MOST {
            names.push_str(&format!(" and {} more", self.policies.len() - MOST));
        }
        let noun = if self.policies.len() == 1 { "policy" } else { "policies" };
        Some(format!("in the {noun} {names}"))
    }

    /// Files before options, then the order of the text.
    pub(super) fn order(&self) -> (SourceKind, usize) {
        (self.source.kind, self.span.start)
    }

    /// Whether both say the same about the same place.
    pub(super) fn is_same(&self, other: &Diagnostic) -> bool {
        self.code == other.code
            && Arc::ptr_eq(&self.source, &other.source)
            && self.span == other.span
            && (&self.path, &self.message) == (&other.path, &other.message)
            && (&self.file, self.line) == (&other.file, other.line)
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, id) = (self.severity().name(), self.code.id());
        let (file, line, column) = (&self.file, self.line, self.column);
        writeln!(f, "{name}[{id}]: {file}:{line}:{column}: {}", self.summary())?;
        for hint in self.whereabouts().iter().chain(&self.hints) {
            writeln!(f, "hint: {hint}")?;
        }
        Ok(())
    }
}

/// Where in the scenario something stands.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Dotted path of the key.
    pub path: String,
    /// The bytes.
    pub at: At,
    /// Whether those bytes are the value itself.
    pub covers: Covers,
}

/// What the bytes of a [`Place`] are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Covers {
    /// A value: worth showing.
    Value,
    /// A table header or a key: the path says it already.
    Key,
}

/// More are counted, not kept: nobody reads them.
const MOST: usize = 200;

/// Collects the mistakes of one reading of a scenario.
#[derive(Default)]
pub(super) struct Errors {
    list: Vec<Diagnostic>,
    n_left_out: usize,
}

impl Errors {
    /// Something at `place` is wrong, or worth a word.
    pub fn report(
        &mut self,
        code: Code,
        place: &Place,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.push(code, Kind::Wrong, place, message.into())
    }

    /// `key` is absent from the table at `place`.
    pub fn missing(&mut self, place: &Place, key: &str) -> &mut Diagnostic {
        let path = join(&place.path, key);
        let place = Place { path, at: place.at.clone(), covers: Covers::Key };
        self.push(Code::MissingKey, Kind::Missing, &place, "is missing".to_owned())
    }

    /// The key at `place` is not known there.
    pub fn unknown(&mut self, place: &Place) -> &mut Diagnostic {
        self.push(Code::UnknownKey, Kind::Wrong, place, "unknown key".to_owned())
    }

    /// The text is not TOML.
    pub fn syntax(&mut self, code: Code, at: At, message: &str) -> &mut Diagnostic {
        let place = Place { path: String::new(), at, covers: Covers::Key };
        self.push(code, Kind::Syntax, &place, message.to_owned())
    }

    /// Line `line` of `file`, which the scenario names at `place`, is wrong.
    pub fn elsewhere(
        &mut self,
        place: &Place,
        (file, line): (String, usize),
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        let found = self.push(Code::BadSample, Kind::Wrong, place, message.into());
        found.file = file;
        found.line = line;
        found.column = 1;
        found.value = String::new();
        found
    }

    fn push(&mut self, code: Code, kind: Kind, place: &Place, message: String) -> &mut Diagnostic {
        let At { source, span } = &place.at;
        let (line, column) = source.line_and_column(span.start);
        let value = match place.covers {
            Covers::Value => excerpt(place.at.text()),
            Covers::Key => String::new(),
        };
        if self.list.len() > MOST {
            // What stops the scenario is never left out for what does not.
            let is_minor = |d: &Diagnostic| d.severity() != Severity::Error;
            self.list.remove(self.list.iter().rposition(is_minor).unwrap_or(MOST));
            self.n_left_out += 1;
        }
        let at = self.list.len();
        self.list.push(Diagnostic {
            code,
            source: source.clone(),
            span: span.clone(),
            file: source.name.clone(),
            line,
            column,
            path: place.path.clone(),
            value,
            message,
            hints: Vec::new(),
            related: Vec::new(),
            policies: Vec::new(),
            kind,
        });
        &mut self.list[at]
    }

    /// How many there are so far.
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// Says that the mistakes that came behind the first `n` are those of a policy.
    pub fn name_policy_since(&mut self, n: usize, policy: &str) {
        for diagnostic in self.list.iter_mut().skip(n) {
            diagnostic.policies = vec![policy.to_owned()];
        }
    }

    /// Adds a hint to the mistakes that came behind the first `n`, except to those of TOML's
    /// types, of which AWS knows nothing.
    pub fn hint_since(&mut self, n: usize, hint: &str) {
        let is_answered =
            |d: &&mut Diagnostic| d.severity() == Severity::Error && d.code != Code::WrongType;
        for diagnostic in self.list.iter_mut().skip(n).filter(is_answered) {
            diagnostic.hint(hint);
        }
    }

    /// Takes back what AWS answers to the mistakes that came behind the first `n`: they are of
    /// something of which it knows nothing.
    pub fn forgive_answers_since(&mut self, n: usize) {
        for diagnostic in self.list.iter_mut().skip(n) {
            diagnostic.hints.retain(|hint| !hint.starts_with("AWS answers"));
        }
    }

    /// Takes back that the key at `path` is missing, since it is there under another name.
    pub fn forgive_missing(&mut self, path: &str) {
        self.list.retain(|d| d.kind != Kind::Missing || d.path != path);
    }

    /// Whether so much was reported that further hints would not be shown.
    pub fn is_full(&self) -> bool {
        self.list.len() >= MOST
    }

    /// Whether something was reported that stops the scenario.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|d| d.severity() == Severity::Error)
    }

    /// Everything reported, in the order of the text, files before options, and without cascades:
    /// where the text is broken, lines may be lost.
    pub fn into_list(mut self) -> Vec<Diagnostic> {
        let mut list = std::mem::take(&mut self.list);
        if self.n_left_out > 0
            && let Some(last) = list.last_mut()
        {
            last.hints.push(format!("and {} more like this or other", self.n_left_out));
        }
        let is_broken = list.iter().any(|d| d.kind == Kind::Syntax);
        list.retain(|d| !(is_broken && d.kind == Kind::Missing));
        list.sort_by_key(Diagnostic::order);
        let mut said: Vec<Diagnostic> = Vec::new();
        for diagnostic in list {
            if !said.contains(&diagnostic) {
                said.push(diagnostic);
            }
        }
        said
    }
}

/// `path.key`, with the key quoted where TOML demands it.
pub(super) fn join(path: &str, name: &str) -> String {
    let name = excerpt(&key(name));
    if path.is_empty() { name } else { format!("{path}.{name}") }
}

/// Whether a terminal shows a character as it is: no control character, none that turns the
/// direction of writing, no line separator.
pub(super) fn is_visible(c: char) -> bool {
    let is_hidden = matches!(
        c,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    );
    !c.is_control() && !is_hidden && !('\u{fff0}'..='\u{ffff}').contains(&c)
}

/// Text fit for one line of output: short, and without control characters. Names are never cut.
pub(super) fn excerpt(text: &str) -> String {
    /// Names have at most 63 characters, and paths are made of them.
    const LONGEST: usize = 64;
    let mut lines = text.trim().lines();
    let first = lines.next().unwrap_or_default().trim_end();
    let mut shown = String::new();
    for (n, c) in first.chars().enumerate() {
        if n == LONGEST {
            break;
        }
        match is_visible(c) {
            true => shown.push(c),
            false => shown.extend(c.escape_unicode()),
        }
    }
    if first.chars().nth(LONGEST).is_some() || lines.next().is_some() {
        shown.push('…');
    }
    shown
}

/// The name of a policy or of a cell of a sweep. That of a cell is made of keys and values, and
/// what is alike in all of them is left out, so that those of different cells are different.
fn cell(name: &str) -> String {
    let part = |part: &str| match part.split_once('=') {
        Some((key, value)) => {
            let key = key.rsplit_once('.').map_or(key, |(_, last)| last);
            format!("{}={}", excerpt(key), excerpt(value))
        }
        None => excerpt(part),
    };
    let short = excerpt(name);
    if !short.ends_with('…') {
        return short;
    }
    name.split(", ").map(part).collect::<Vec<_>>().join(", ")
}

/// Names in backticks, separated by commas.
pub(super) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    const MOST: usize = 40;
    let names: Vec<&str> = names.into_iter().collect();
    let mut shown: Vec<String> =
        names.iter().take(MOST).map(|name| format!("`{}`", excerpt(name))).collect();
    if names.len() > MOST {
        shown.push(format!("and {} more", names.len() - MOST));
    }
    shown.join(", ")
}

/// What of `known` was perhaps meant by `name`.
pub fn nearest<'n>(name: &str, known: &[&'n str]) -> Option<&'n str> {
    /// Below this similarity a suggestion would be a guess.
    const SIMILAR: f64 = 0.8;
    /// Nobody misspells a word into this.
    const LONGEST: usize = 100;
    /// More slips than these are another name, unless one is how the other begins or ends.
    const MOST_SLIPS: usize = 2;
    if name.len() > LONGEST {
        return None;
    }
    let begins_alike = |other: &str| {
        let alike = name.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
        let [one, two] = [name, other].map(|name| name.chars().count());
        4 * alike >= 3 * one.min(two) && 3 * one.min(two) >= one.max(two)
    };
    let is_near = |other: &&str| {
        begins_alike(other)
            || (!name.is_empty() && other.ends_with(name))
            || strsim::damerau_levenshtein(name, other) <= MOST_SLIPS
    };
    // Jaro–Winkler forgives endings, Damerau–Levenshtein a letter anywhere.
    let near = |other: &&str| {
        let edits = strsim::normalized_damerau_levenshtein(name, other);
        edits.max(strsim::jaro_winkler(name, other).min(0.85))
    };
    let known = known.iter().copied().filter(is_near);
    let best = known.max_by(|a, b| near(a).total_cmp(&near(b)))?;
    (near(&best) >= SIMILAR).then_some(best)
}

/// Hints for a name that is not among `known`: what was perhaps meant, and what there is.
pub(super) fn hint_names(diagnostic: &mut Diagnostic, name: &str, known: &[&str]) {
    if let Some(best) = nearest(name, known) {
        diagnostic.hint(format!("did you mean `{}`?", excerpt(best)));
    }
    if !known.is_empty() {
        diagnostic.hint(format!("allowed: {}", listed(known.iter().copied())));
    }
}

/// The same for names of which there may be many: those that are most like it.
pub(super) fn hint_likest(diagnostic: &mut Diagnostic, name: &str, mut known: Vec<&str>) {
    const MOST: usize = 6;
    if known.len() <= MOST {
        hint_names(diagnostic, name, &known);
        return;
    }
    if let Some(best) = nearest(name, &known) {
        diagnostic.hint(format!("did you mean `{}`?", excerpt(best)));
    }
    let likeness = |other: &str| strsim::jaro_winkler(name, other);
    known.sort_by(|a, b| likeness(b).total_cmp(&likeness(a)));
    let others = known.len() - MOST;
    let names = listed(known.into_iter().take(MOST));
    diagnostic.hint(format!("allowed: {names} and {others} others"));
}
