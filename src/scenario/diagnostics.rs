//! [`Diagnostic`]: one mistake of a scenario, told to the person who made it.
//!
//! All mistakes of a file are collected and shown at once, in file order, without cascades: what
//! failed to decode gets no further complaints, and while the TOML itself is broken nobody is
//! told that something is missing. This file knows texts and places, not what is right or wrong.

use std::fmt;
use std::ops::Range;

/// One mistake. Prints as `error: FILE:LINE:COLUMN: PATH = VALUE: MESSAGE`, then its hints,
/// in whole lines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// The file with the mistake, as the user named it.
    pub file: String,
    /// Line in that file, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Bytes of the scenario's text; for a mistake in a file that the scenario names, the bytes
    /// that name it.
    pub span: Range<usize>,
    /// Dotted path of the key; empty where there is none.
    pub path: String,
    /// The offending text, shortened; empty where it would not help.
    pub value: String,
    /// What is wrong: a fragment in lower case.
    pub message: String,
    /// What is allowed, what was perhaps meant, or which rule says so.
    pub hints: Vec<String>,
    /// Which complaints it may silence, or be silenced by.
    kind: Kind,
}

/// What a complaint is about, as far as cascades are concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// The text is not TOML.
    Syntax,
    /// A key is absent.
    Missing,
    /// A key is not known, at least not where it stands.
    Unknown,
    /// A value is wrong.
    Wrong,
}

impl Diagnostic {
    /// Adds a hint.
    pub(super) fn hint(&mut self, hint: impl Into<String>) -> &mut Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}:{}:{}: ", self.file, self.line, self.column)?;
        match (self.path.as_str(), self.value.as_str()) {
            ("", "") => {}
            (path, "") => write!(f, "{path}: ")?,
            ("", value) => write!(f, "{value}: ")?,
            (path, value) => write!(f, "{path} = {value}: ")?,
        }
        writeln!(f, "{}", self.message)?;
        for hint in &self.hints {
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
    /// Bytes of the text.
    pub span: Range<usize>,
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

/// Collects the mistakes of one file.
pub(super) struct Errors<'a> {
    file: &'a str,
    text: &'a str,
    line_starts: Vec<usize>,
    list: Vec<Diagnostic>,
}

impl<'a> Errors<'a> {
    /// No mistakes yet in `text`, which came from `file`.
    pub fn new(file: &'a str, text: &'a str) -> Self {
        let breaks = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        let line_starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        Errors { file, text, line_starts, list: Vec::new() }
    }

    /// Something at `place` is wrong.
    pub fn report(&mut self, place: &Place, message: impl Into<String>) -> &mut Diagnostic {
        self.push(Kind::Wrong, place, message.into())
    }

    /// `key` is absent from the table at `place`.
    pub fn missing(&mut self, place: &Place, key: &str) -> &mut Diagnostic {
        let path = join(&place.path, key);
        let place = Place { path, span: place.span.clone(), covers: Covers::Key };
        self.push(Kind::Missing, &place, "is missing".to_owned())
    }

    /// The key at `place` is not known there.
    pub fn unknown(&mut self, place: &Place) -> &mut Diagnostic {
        self.push(Kind::Unknown, place, "unknown key".to_owned())
    }

    /// The text is not TOML.
    pub fn syntax(&mut self, span: Range<usize>, message: &str) -> &mut Diagnostic {
        let covers = if span.is_empty() { Covers::Key } else { Covers::Value };
        let place = Place { path: String::new(), span, covers };
        self.push(Kind::Syntax, &place, message.to_owned())
    }

    /// Line `line` of `file`, which the scenario names at `place`, is wrong.
    pub fn elsewhere(
        &mut self,
        place: &Place,
        (file, line): (String, usize),
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        let found = self.push(Kind::Wrong, place, message.into());
        found.file = file;
        found.line = line;
        found.column = 1;
        found.value = String::new();
        found
    }

    fn push(&mut self, kind: Kind, place: &Place, message: String) -> &mut Diagnostic {
        let (line, column) = self.line_and_column(place.span.start);
        let value = match place.covers {
            Covers::Value => excerpt(self.text.get(place.span.clone()).unwrap_or_default()),
            Covers::Key => String::new(),
        };
        let at = self.list.len();
        self.list.push(Diagnostic {
            file: self.file.to_owned(),
            line,
            column,
            span: place.span.clone(),
            path: place.path.clone(),
            value,
            message,
            hints: Vec::new(),
            kind,
        });
        &mut self.list[at]
    }

    /// Line and column, both from 1, of the byte `at`.
    fn line_and_column(&self, at: usize) -> (usize, usize) {
        let line = self.line_starts.partition_point(|&start| start <= at);
        let start = self.line_starts[line - 1];
        let before = self.text.get(start..at).unwrap_or_default();
        (line, before.chars().count() + 1)
    }

    /// Whether anything was reported.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Everything reported, in file order and without cascades: where the text is broken, lines
    /// may be lost, and under a broken header keys stand in the wrong table.
    pub fn into_list(mut self) -> Vec<Diagnostic> {
        let mut list = std::mem::take(&mut self.list);
        list.sort_by_key(|d| d.span.start);
        let syntax = || list.iter().filter(|d| d.kind == Kind::Syntax);
        let broken: Vec<usize> = syntax().map(|d| d.line).collect();
        let has_broken_header =
            syntax().any(|d| d.message != "duplicate key" && self.is_header(d.line));
        let mut last_syntax_line = 0;
        list.retain(|d| match d.kind {
            Kind::Syntax => std::mem::replace(&mut last_syntax_line, d.line) != d.line,
            Kind::Missing => broken.is_empty(),
            Kind::Unknown if has_broken_header => false,
            Kind::Unknown | Kind::Wrong => broken.binary_search(&d.line).is_err(),
        });
        list
    }

    /// Whether the line, from 1, begins like a table header.
    fn is_header(&self, line: usize) -> bool {
        let start = self.line_starts.get(line - 1).copied().unwrap_or_default();
        self.text
            .get(start..)
            .is_some_and(|rest| rest.trim_start_matches([' ', '\t']).starts_with('['))
    }
}

/// `path.key`, with the key quoted where TOML demands it.
pub(super) fn join(path: &str, key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let key = match key.chars().all(is_bare) && !key.is_empty() {
        true => key.to_owned(),
        false => format!("\"{}\"", excerpt(key)),
    };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

/// Text fit for one line of output: short, and without control characters.
pub(super) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut lines = text.trim().lines();
    let first = lines.next().unwrap_or_default().trim_end();
    let mut shown = String::new();
    for (n, c) in first.chars().enumerate() {
        if n == LONGEST {
            break;
        }
        match c.is_control() {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    if first.chars().nth(LONGEST).is_some() || lines.next().is_some() {
        shown.push('…');
    }
    shown
}

/// Names in backticks, separated by commas.
pub(super) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    const MOST: usize = 20;
    let names: Vec<&str> = names.into_iter().collect();
    let mut shown: Vec<String> =
        names.iter().take(MOST).map(|name| format!("`{}`", excerpt(name))).collect();
    if names.len() > MOST {
        shown.push(format!("and {} more", names.len() - MOST));
    }
    shown.join(", ")
}

/// Hints for a name that is not among `known`: what was perhaps meant, and what there is.
pub(super) fn hint_names(diagnostic: &mut Diagnostic, name: &str, known: &[&str]) {
    /// Below this similarity (Jaro–Winkler) a suggestion would be a guess.
    const SIMILAR: f64 = 0.8;
    /// Nobody misspells a word into this.
    const LONGEST: usize = 100;
    let near = |other: &&str| strsim::jaro_winkler(name, other);
    if name.len() <= LONGEST
        && let Some(best) = known.iter().copied().max_by(|a, b| near(a).total_cmp(&near(b)))
        && near(&best) >= SIMILAR
    {
        diagnostic.hint(format!("did you mean `{}`?", excerpt(best)));
    }
    if !known.is_empty() {
        diagnostic.hint(format!("allowed: {}", listed(known.iter().copied())));
    }
}
