//! Texts that a scenario is made of, and places in them: the file, and each `--set` and `--sweep`.

use std::ops::Range;
use std::sync::Arc;

/// One text and its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// How the user knows it: the file as named, or the option with its argument.
    pub name: String,
    /// The text.
    pub text: String,
    /// What it is.
    pub kind: SourceKind,
    line_starts: Vec<usize>,
}

/// What a text is, in the order in which diagnostics are shown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum SourceKind {
    /// A scenario file.
    File,
    /// The argument of an option, in which quotes around text may be left out.
    Argument,
    /// A preset that a policy names.
    Preset,
    /// A default of ours, or anything else that no user wrote.
    Internal,
}

impl Source {
    /// The text called `name`.
    pub fn new(name: impl Into<String>, text: impl Into<String>, kind: SourceKind) -> Arc<Self> {
        let (name, text) = (name.into(), text.into());
        let breaks = text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n');
        let line_starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        Arc::new(Source { name, text, kind, line_starts })
    }

    /// Line and column, both from 1, the column in characters, of the byte `at`.
    pub fn line_and_column(&self, at: usize) -> (usize, usize) {
        let line = self.line_starts.partition_point(|&start| start <= at);
        let start = self.line_starts[line - 1];
        let before = self.text.get(start..at).unwrap_or_default();
        (line, before.chars().count() + 1)
    }

    /// The bytes of the lines that `span` touches, without the last line break.
    pub fn lines_of(&self, span: &Range<usize>) -> Range<usize> {
        let start = span.start.min(self.text.len());
        let end = span.end.clamp(start, self.text.len());
        let first = self.line_starts.partition_point(|&line| line <= start) - 1;
        let last = match end > start {
            true => self.line_starts.partition_point(|&line| line < end) - 1,
            false => first,
        };
        let stop = self.line_starts.get(last + 1).map_or(self.text.len(), |&next| next - 1);
        self.line_starts[first]..stop.max(self.line_starts[first])
    }
}

/// Bytes of one of the texts.
#[derive(Clone, Debug)]
pub(super) struct At {
    /// Which text.
    pub source: Arc<Source>,
    /// Its bytes.
    pub span: Range<usize>,
}

impl At {
    /// The bytes themselves.
    pub fn text(&self) -> &str {
        self.source.text.get(self.span.clone()).unwrap_or_default()
    }
}
