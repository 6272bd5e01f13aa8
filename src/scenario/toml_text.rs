//! From text to a [`Tree`], with every syntax mistake and no cascades.
//!
//! The parser recovers from a mistake by guessing, and after a bracket that is never closed it
//! guesses wrongly for the rest of the text. So only its first complaint counts: that line is
//! blanked out, byte for byte so that all places stay, and the text is parsed again.

use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, Error};

use super::codes::Code;
use super::diagnostics::{Errors, excerpt};
use super::source::{At, Source};
use super::tree::Tree;

/// So many mistakes are found one by one; more than that, and the text is no TOML at all.
const MOST_PASSES: usize = 50;
/// Of the complaints that are left then, so many are told.
const MOST_COMPLAINTS: usize = 300;
/// So many bytes are parsed in all, which bounds the time that a large broken text takes.
const MOST_BYTES: usize = 2 << 20;

/// Parses the text of `source`; what could not be read is left out and reported.
pub(super) fn parse(source: &Arc<Source>, errors: &mut Errors) -> Tree {
    let mut text = source.text.clone();
    for pass in 1.. {
        let (root, complaints) = DeTable::parse_recoverable(&text);
        // Complaints come in the order of the parser's steps, which is not that of the text.
        let breaking = complaints.iter().filter(|error| !is_duplicate(error));
        let breaking = breaking.min_by_key(|error| place_of(error, &text).start);
        let is_last = pass == MOST_PASSES || pass * text.len() > MOST_BYTES;
        let statement =
            breaking.map(|error| Statement::around(&text, place_of(error, &text).start));
        let broken = statement.as_ref().map(|statement| statement.broken(&text));
        // What is blank already cannot be blanked out: that would go on forever.
        let broken = broken.filter(|broken| !is_last && !text[broken.clone()].trim().is_empty());
        let (Some(error), Some(statement), Some(broken)) = (breaking, statement, broken) else {
            for error in complaints.iter().take(MOST_COMPLAINTS) {
                report(error, source, errors);
            }
            return Tree::of(root.get_ref(), source, 0);
        };
        if !statement.is_stumble(&text) {
            report(error, source, errors);
        }
        // What is open behind the stumble may be no bracket at all.
        if let Some(span) = statement.unclosed.filter(|unclosed| unclosed.start < statement.at) {
            let at = At { source: source.clone(), span };
            let message = format!("`{}` is never closed", at.text());
            let hint = match at.text() {
                "[" => "close it with `]`".to_owned(),
                "{" => "close it with `}`".to_owned(),
                quotes => format!("close it with `{quotes}`"),
            };
            errors.syntax(Code::Syntax, at, &message).hint(hint);
        }
        let broken = with_its_section(&text, broken);
        let blank: String = text[broken.clone()]
            .chars()
            .flat_map(|c| {
                let fill = if c == '\n' { '\n' } else { ' ' };
                std::iter::repeat_n(fill, c.len_utf8())
            })
            .collect();
        text.replace_range(broken, &blank);
    }
    Tree::default()
}

fn is_duplicate(error: &Error) -> bool {
    error.message() == "duplicate key"
}

fn report(error: &Error, source: &Arc<Source>, errors: &mut Errors) {
    let at = At { source: source.clone(), span: place_of(error, &source.text) };
    if is_duplicate(error) {
        let hint = "keep one of them; what differs between policies belongs into [[policy]]";
        let message = format!("`{}` comes twice", excerpt(at.text()));
        errors.syntax(Code::DuplicateKey, at, &message).hint(hint);
        return;
    }
    let (before, rest) = source.text.split_at(at.span.start.min(source.text.len()));
    let (message, hint) = in_words(error.message(), before, rest);
    let diagnostic = errors.syntax(Code::Syntax, at, &message);
    if let Some(hint) = hint {
        diagnostic.hint(hint);
    }
}

/// What the parser complains of between `before` and `rest`, in words for people who do not know
/// TOML, and what to do about it.
fn in_words(message: &str, before: &str, rest: &str) -> (String, Option<&'static str>) {
    // As much of the line as matters: there may be many complaints about a line that is endless.
    let line: String = rest.chars().take_while(|&c| c != '\n').take(80).collect();
    let line = line.trim();
    let word: String = line.chars().take_while(|c| c.is_alphanumeric()).collect();
    let is_switch = |word: &str| ["true", "false", "yes", "no", "on", "off"].contains(&word);
    let follows_digits = before.trim_end().ends_with(|c: char| c.is_ascii_digit());
    let (what, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    let (words, hint) = match what {
        "string values must be quoted" | "invalid boolean"
            if is_switch(&word.to_ascii_lowercase()) =>
        {
            let message = format!("`{word}` is not a value");
            return (message, Some("write true or false, in lower case"));
        }
        "string values must be quoted" if line.is_empty() || line.starts_with('#') => {
            return ("a value is missing".to_owned(), Some("write it behind the `=`"));
        }
        "invalid boolean" => {
            let message = "is neither text in quotes nor true or false".to_owned();
            return (message, Some("write true or false, or put the text in quotes"));
        }
        "string values must be quoted" => {
            let hint = r#"write it in quotes, as in "1y" or "us-west-2a""#;
            return ("text must be quoted".to_owned(), Some(hint));
        }
        "invalid basic string" | "invalid multi-line basic string"
            if expected.contains("visible") =>
        {
            let hint = r#"write it in a way that can be seen, as in "\u001b""#;
            return ("a control character must be escaped".to_owned(), Some(hint));
        }
        "recursion limit" | "cannot recurse further; max recursion depth met" => {
            return ("is nested too deeply".to_owned(), None);
        }
        "invalid basic string" | "invalid literal string" => ("a string is not closed", None),
        "unclosed table" | "unclosed array table" => ("a header is not closed", None),
        "carriage return must be followed by newline" => {
            let message = "a carriage return stands alone".to_owned();
            return (message, Some("end lines with LF, or with CR LF"));
        }
        "key with no value" if line.starts_with(':') => (what, Some("write `=` in place of `:`")),
        "unexpected key or value" if line.starts_with(',') && follows_digits => {
            (what, Some("digits are grouped with `_`, as in 10_000"))
        }
        _ => (what, None),
    };
    let expected = match expected {
        "newline, `#`" => "the end of the line",
        _ => expected,
    };
    match expected {
        "" => (words.to_owned(), hint),
        _ => (format!("{words}, expected {expected}"), hint),
    }
}

/// Where a complaint is. Of keys with too many dots the parser does not say where they are: in the
/// line with the most of them.
fn place_of(error: &Error, text: &str) -> Range<usize> {
    error.span().unwrap_or_else(|| {
        let (mut most, mut place, mut start) = (0, 0..0, 0);
        for line in text.split_inclusive('\n') {
            let n_dots = line.matches('.').count();
            if n_dots > most {
                (most, place) = (n_dots, start..start + line.trim_end().len());
            }
            start += line.len();
        }
        place
    })
}

/// What the parser was reading where it stumbled: a value with its key, or a header.
struct Statement {
    /// Whole lines. If something is not closed they end where the next statement seems to begin.
    lines: Range<usize>,
    /// Where the parser stumbled.
    at: usize,
    /// The outermost bracket, brace or quotes that are not closed.
    unclosed: Option<Range<usize>>,
}

/// Quotes, the longest first.
const QUOTES: [&str; 4] = ["\"\"\"", "'''", "\"", "'"];

impl Statement {
    /// The statement around the byte `at`; before that the text is whole.
    fn around(text: &str, at: usize) -> Self {
        let bytes = text.as_bytes();
        let mut open: Vec<usize> = Vec::new();
        let mut in_quotes: Option<Range<usize>> = None;
        // Where the statement begins, and where, though it is open, the next one seems to.
        let (mut start, mut next) = (0, None);
        let mut n = 0;
        while n < bytes.len() {
            let is_line_start = n == 0 || bytes[n - 1] == b'\n';
            if is_line_start && open.is_empty() {
                if n > at {
                    return Statement { lines: start..n, at, unclosed: None };
                }
                (start, next) = (n, None);
            } else if is_line_start && is_next(text, n, &open) {
                next = next.or(Some(n));
                if n > at {
                    break;
                }
            }
            if let Some(mark) = QUOTES.iter().find(|mark| text[n..].starts_with(**mark)) {
                match end_of_quotes(text, n, mark) {
                    Some(end) => n = end,
                    None => {
                        in_quotes = Some(n..n + mark.len());
                        break;
                    }
                }
                continue;
            }
            match bytes[n] {
                b'#' => n += line_of(text, n).len(),
                b'[' | b'{' => open.push(n),
                b']' | b'}' => {
                    let opener = if bytes[n] == b']' { b'[' } else { b'{' };
                    let depth = open.iter().rposition(|&at| bytes[at] == opener);
                    open.truncate(depth.unwrap_or(open.len()));
                }
                _ => {}
            }
            n = (n + 1..bytes.len()).find(|&n| text.is_char_boundary(n)).unwrap_or(bytes.len());
        }
        // Headers end with their line, and what is wrong about them is told without us.
        let first = line_of(text, start);
        if first.trim_start().starts_with('[') {
            return Statement { lines: start..start + first.len(), at, unclosed: None };
        }
        let bracket = open.first().map(|&bracket| bracket..bracket + 1);
        let here = text[..at].rfind('\n').map_or(0, |line| line + 1);
        let may_begin = |n: &usize| *n > start && looks_like_statement(line_of(text, *n));
        let next = match (&in_quotes, &bracket) {
            (Some(quotes), _) => {
                let breaks = text[quotes.end..].match_indices('\n');
                breaks.map(|(n, _)| quotes.end + n + 1).find(may_begin)
            }
            // What is begun on one line was meant to end there.
            (None, Some(bracket)) if !line_of(text, bracket.end).trim().is_empty() => {
                Some(here).filter(may_begin).into_iter().chain(next).min()
            }
            (None, _) => next,
        };
        let unclosed = bracket.or(in_quotes);
        let end = next.filter(|_| unclosed.is_some()).unwrap_or(text.len());
        Statement { lines: start..end, at, unclosed }
    }

    /// Whether what is unclosed is all that is wrong: the parser stumbled over the next statement,
    /// or over the end of the text.
    fn is_stumble(&self, text: &str) -> bool {
        let is_end = || text[self.at.min(text.len())..].trim().is_empty();
        self.unclosed.is_some() && (self.at >= self.lines.end || is_end())
    }

    /// The lines that must go: only that of the stumble if the statement is whole without it.
    fn broken(&self, text: &str) -> Range<usize> {
        let start = text[..self.at].rfind('\n').map_or(0, |line| line + 1);
        let end = text[start..].find('\n').map_or(text.len(), |line| start + line + 1);
        let is_whole = !text[start..end].contains(['[', ']', '{', '}', '"', '\'']);
        match self.unclosed.is_none() && is_whole && start > self.lines.start {
            true => start..end,
            false => self.lines.clone(),
        }
    }
}

/// Whether a statement seems to begin on the line at `n`, though brackets are open: a header, or a
/// key in an array. In braces, keys are nothing unusual.
fn is_next(text: &str, n: usize, open: &[usize]) -> bool {
    let line = line_of(text, n);
    let is_in_array = open.last().is_some_and(|&innermost| text.as_bytes()[innermost] == b'[');
    is_header(line) || is_in_array && is_key(line)
}

/// The rest of the line at `n`.
fn line_of(text: &str, n: usize) -> &str {
    text[n..].lines().next().unwrap_or_default()
}

/// Where the text in quotes that begins with `mark` at `n` ends; `None` if it never does.
fn end_of_quotes(text: &str, n: usize, mark: &str) -> Option<usize> {
    let mut n = n + mark.len();
    let is_one_line = mark.len() == 1;
    while n < text.len() {
        let rest = &text[n..];
        if rest.starts_with(mark) {
            return Some(n + mark.len());
        }
        let mut chars = rest.chars();
        let c = chars.next()?;
        if c == '\n' && is_one_line {
            return Some(n);
        }
        n += c.len_utf8();
        if c == '\\' && mark.starts_with('"') {
            n += chars.next().filter(|&c| c != '\n').map_or(0, char::len_utf8);
        }
    }
    is_one_line.then_some(n)
}

fn looks_like_statement(line: &str) -> bool {
    is_key(line) || is_header(line)
}

/// Whether a line looks like `[section]` or `[[section]]`.
fn is_header(line: &str) -> bool {
    let line = line.split('#').next().unwrap_or_default().trim();
    let name = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let inner =
        name.and_then(|name| name.strip_prefix('[')).and_then(|name| name.strip_suffix(']'));
    inner.or(name).is_some_and(|name| !name.trim().is_empty() && is_dotted(name))
}

/// Whether a line looks like `key = …`.
fn is_key(line: &str) -> bool {
    let Some((key, _)) = line.split_once('=') else {
        return false;
    };
    !key.trim().is_empty() && is_dotted(key)
}

/// Whether a text has no character that neither keys nor dots between them have.
fn is_dotted(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.\"' \t".contains(c))
}

/// What must go beside broken lines: under a broken header, keys would be taken for those of the
/// section before.
fn with_its_section(text: &str, broken: Range<usize>) -> Range<usize> {
    if !text[broken.clone()].trim_start().starts_with('[') {
        return broken;
    }
    let mut lines = text[broken.end..].split_inclusive('\n');
    let mut end = broken.end;
    if !text[broken.clone()].ends_with('\n') {
        // What is left of the header's line, perhaps only its end.
        end += lines.next().map_or(0, str::len);
    }
    for line in lines {
        if line.trim_start().starts_with('[') {
            break;
        }
        end += line.len();
    }
    broken.start..end
}
