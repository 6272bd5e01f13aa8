//! Diagnostics for people, in the style of rustc, and for editors, as JSON.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde_json::{Value, json};

use crate::scenario::codes::Severity;
use crate::scenario::{Diagnostic, Source, SourceKind};

/// Whether text may carry colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Colour {
    /// For a terminal.
    On,
    /// For files, pipes, and whoever asked for it.
    Off,
}

/// Lines longer than this are not quoted: they would fill the screen.
const LONGEST_LINE: usize = 1_000;
/// So many diagnostics are drawn; the rest is counted.
const MOST: usize = 100;

/// The diagnostics as frames around the text that they are about, with a count at the end.
pub fn render(diagnostics: &[Diagnostic], colour: Colour) -> String {
    let renderer = match colour {
        Colour::On => Renderer::styled(),
        Colour::Off => Renderer::plain(),
    };
    let renderer = renderer.term_width(110).decor_style(DecorStyle::Ascii);
    // Where there are too many, what stops the scenario comes before what does not.
    let mut shown: Vec<(usize, &Diagnostic)> = diagnostics.iter().enumerate().collect();
    shown.sort_by_key(|(n, diagnostic)| (diagnostic.severity(), *n));
    shown.truncate(MOST);
    shown.sort_by_key(|(n, _)| *n);
    let mut text = String::new();
    for (_, diagnostic) in shown {
        text.push_str(&frame(diagnostic, &renderer));
        text.push_str("\n\n");
    }
    text.push_str(&count(diagnostics));
    // The renderer shows other control characters as symbols; terminals obey these too.
    text.replace(|c| ('\u{80}'..='\u{9f}').contains(&c), "\u{fffd}")
}

fn frame(diagnostic: &Diagnostic, renderer: &Renderer) -> String {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Advice => Level::HELP.with_name("advice"),
    };
    let title = level.primary_title(diagnostic.summary()).id(diagnostic.code.id());
    let is_elsewhere = diagnostic.file != diagnostic.source.name;
    let mut notes: Vec<String> = diagnostic.whereabouts().into_iter().collect();
    if is_elsewhere {
        notes.push(format!("at {}:{}", diagnostic.file, diagnostic.line));
    }
    let mut lines = Quote::of(&diagnostic.source, &diagnostic.span);
    let mut others: Vec<(&Source, Quote<'_>)> = Vec::new();
    if let Some(quote) = &mut lines {
        quote.mark(&diagnostic.span, AnnotationKind::Primary, label(diagnostic));
    }
    for related in &diagnostic.related {
        let is_here = related.source == diagnostic.source;
        let known = match is_here {
            true => lines.as_mut(),
            false => others
                .iter_mut()
                .find(|(source, _)| **source == *related.source)
                .map(|(_, quote)| quote),
        };
        if let Some(quote) = known {
            quote.widen(&related.span);
            quote.mark(&related.span, AnnotationKind::Context, Some(&related.label));
        } else if let Some(mut quote) = Quote::of(&related.source, &related.span) {
            quote.mark(&related.span, AnnotationKind::Context, Some(&related.label));
            others.push((&related.source, quote));
        }
    }
    let mut group = annotate_snippets::Group::with_title(title);
    match lines.filter(|quote| !quote.marks.is_empty()) {
        Some(quote) => group = group.element(quote.snippet()),
        None => {
            let (file, line) = (&diagnostic.source.name, diagnostic.line);
            group = group.element(
                annotate_snippets::Origin::path(file.as_str())
                    .line(line)
                    .char_column(diagnostic.column),
            );
        }
    }
    for (_, quote) in others {
        group = group.element(quote.snippet());
    }
    let notes = notes.into_iter().map(|note| Level::NOTE.message(note));
    let hints = diagnostic.hints.iter().map(|hint| Level::HELP.message(hint.as_str()));
    renderer.render(&[group.elements(notes).elements(hints)])
}

/// What stands behind the carets: only what the title does not say already.
fn label(diagnostic: &Diagnostic) -> Option<&str> {
    (!diagnostic.related.is_empty()).then_some(diagnostic.message.as_str())
}

/// The bytes of the lines that `span` touches, without the last line break.
fn quoted_lines(source: &Source, span: &std::ops::Range<usize>) -> std::ops::Range<usize> {
    let lines = source.lines_of(span);
    let text = source.text.get(lines.clone()).unwrap_or_default();
    lines.start..lines.end - usize::from(text.ends_with('\r'))
}

/// Lines of a text with marks.
struct Quote<'a> {
    source: &'a Source,
    span: std::ops::Range<usize>,
    marks: Vec<(std::ops::Range<usize>, AnnotationKind, Option<&'a str>)>,
}

impl<'a> Quote<'a> {
    /// The lines of `span`; `None` if they are too long or there are none.
    fn of(source: &'a Source, span: &std::ops::Range<usize>) -> Option<Self> {
        let lines = quoted_lines(source, span);
        let text = source.text.get(lines.clone())?;
        let is_fit = text.lines().all(|line| line.len() <= LONGEST_LINE) && !text.is_empty();
        is_fit.then(|| Quote { source, span: lines, marks: Vec::new() })
    }

    /// Takes in further lines, unless they are too long.
    fn widen(&mut self, span: &std::ops::Range<usize>) {
        let lines = quoted_lines(self.source, span);
        let wide = self.span.start.min(lines.start)..self.span.end.max(lines.end);
        let text = self.source.text.get(wide.clone()).unwrap_or_default();
        if text.lines().all(|line| line.len() <= LONGEST_LINE) {
            self.span = wide;
        }
    }

    fn mark(
        &mut self,
        span: &std::ops::Range<usize>,
        kind: AnnotationKind,
        label: Option<&'a str>,
    ) {
        // A mark may lie in the line break, which is not quoted and has two bytes at most.
        if self.span.start <= span.start && span.start < self.span.end + 2 {
            let end = self.span.end;
            self.marks.push((span.start.min(end)..span.end.min(end), kind, label));
        }
    }

    fn snippet(self) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
        let text = &self.source.text[self.span.clone()];
        let (line, _) = self.source.line_and_column(self.span.start);
        let start = self.span.start;
        let marks = self.marks.into_iter().map(move |(span, kind, label)| {
            // A mark of several lines would draw a long bracket: its first line is enough.
            let first_line = text[span.start - start..].lines().next().unwrap_or_default();
            let end = (span.end - start).min(span.start - start + first_line.trim_end().len());
            kind.span(span.start - start..end.max(span.start - start)).label(label)
        });
        // A carriage return is a blank at the end of a line, not a sign to be shown. Control
        // characters of two bytes, which the renderer would let through, give way to a visible one
        // of as many, so that all places stay.
        let is_c1 = |c: char| ('\u{80}'..='\u{9f}').contains(&c);
        let shown = text.replace('\r', " ").replace(is_c1, "\u{b7}");
        let snippet = Snippet::source(shown).path(self.source.name.as_str()).annotations(marks);
        match self.source.kind {
            SourceKind::File | SourceKind::Preset => snippet.line_start(line),
            SourceKind::Argument | SourceKind::Internal => snippet.line_numbering(false),
        }
    }
}

/// "2 errors, 1 warning", with where to learn more.
fn count(diagnostics: &[Diagnostic]) -> String {
    let of = |severity| diagnostics.iter().filter(|d| d.severity() == severity).count();
    let words = |n: usize, one: &str, several: &str| match n {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{n} {several}")),
    };
    let counts: Vec<String> = [
        words(of(Severity::Error), "error", "errors"),
        words(of(Severity::Warning), "warning", "warnings"),
        words(of(Severity::Advice), "piece of advice", "pieces of advice"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let worst = diagnostics.iter().min_by_key(|diagnostic| diagnostic.severity());
    let Some(worst) = worst else {
        return String::new();
    };
    let shown = match diagnostics.len() > MOST {
        true => format!(", {MOST} of them shown"),
        false => String::new(),
    };
    format!("{}{shown} · `ecsim explain {}` tells more\n", counts.join(", "), worst.code.id())
}

/// The diagnostics for programs.
pub fn json(diagnostics: &[Diagnostic]) -> Value {
    diagnostics.iter().map(diagnostic_json).collect()
}

fn diagnostic_json(diagnostic: &Diagnostic) -> Value {
    let (end_line, end_column) = match diagnostic.file == diagnostic.source.name {
        true => diagnostic.source.line_and_column(diagnostic.span.end),
        false => (diagnostic.line, diagnostic.column),
    };
    let related: Vec<Value> = diagnostic
        .related
        .iter()
        .map(|related| {
            let (line, column) = related.source.line_and_column(related.span.start);
            json!({
                "file": related.source.name,
                "line": line,
                "column": column,
                "span": [related.span.start, related.span.end],
                "label": related.label,
            })
        })
        .collect();
    json!({
        "code": diagnostic.code.id(),
        "severity": diagnostic.severity().name(),
        "message": diagnostic.message,
        "file": diagnostic.file,
        "line": diagnostic.line,
        "column": diagnostic.column,
        "end_line": end_line,
        "end_column": end_column,
        "span": [diagnostic.span.start, diagnostic.span.end],
        "path": diagnostic.path,
        "value": diagnostic.value,
        "hints": diagnostic.hints,
        "related": related,
        "policies": diagnostic.policies,
    })
}
