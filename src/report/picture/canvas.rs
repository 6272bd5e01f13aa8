//! [`Canvas`]: what a picture is made of, before anybody paints it: lines, areas and texts at whole
//! pixels, in the few colours of the palette. `paint` makes SVG and PNG of the same marks.
//!
//! Nobody measures text here, so that pictures are the same on every machine: every text is given
//! more room than it needs. Lengths are pixels.

use std::cmp::Reverse;

/// A colour of the palette; a page may put another in the place of each in dark mode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Color(pub u8, pub u8, pub u8);

/// Text and the lines that matter.
pub const INK: Color = Color(0x22, 0x22, 0x22);
/// Text beside the point, and lines that connect.
pub const GREY: Color = Color(0x66, 0x66, 0x66);
/// Edges and grids.
pub const EDGE: Color = Color(0xaa, 0xaa, 0xaa);
/// The ground of boxes.
pub const PAPER: Color = Color(0xf5, 0xf5, 0xf5);
/// The ground of the page.
pub const WHITE: Color = Color(0xff, 0xff, 0xff);
// The palette of Okabe and Ito, told apart by every eye; what it says is always said by a form, a
// pattern or a letter too.
/// Okabe and Ito's blue.
pub const BLUE: Color = Color(0x00, 0x72, 0xb2);
/// Their vermilion.
pub const VERMILION: Color = Color(0xd5, 0x5e, 0x00);
/// Their bluish green.
pub const GREEN: Color = Color(0x00, 0x9e, 0x73);
/// Their orange.
pub const ORANGE: Color = Color(0xe6, 0x9f, 0x00);
/// Their sky blue.
pub const SKY: Color = Color(0x56, 0xb4, 0xe9);
/// Their reddish purple.
pub const PURPLE: Color = Color(0xcc, 0x79, 0xa7);
/// Their yellow, for areas with an edge only: on white it is hardly seen.
pub const YELLOW: Color = Color(0xf0, 0xe4, 0x42);

/// A place: pixels from the left, pixels from the top.
pub type Point = (i32, i32);

/// A font by its size in pixels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Font {
    /// For names, all letters alike.
    Mono(i32),
    /// For prose.
    Prose(i32),
    /// For titles.
    Title(i32),
}

impl Font {
    /// Its size.
    pub fn size(self) -> i32 {
        match self {
            Font::Mono(size) | Font::Prose(size) | Font::Title(size) => size,
        }
    }

    /// No fewer pixels than `text` needs: in a monospaced font letters are 0.6 em wide, elsewhere
    /// those of Verdana are the widest of the usual fonts.
    pub fn width(self, text: &str) -> i32 {
        let in_prose = |c: char| match c {
            ' ' | '.' | ',' | ':' | ';' | '·' | '(' | ')' | 'I' => 460,
            'f' | 'i' | 'j' | 'l' | 'r' | 't' => 460,
            'm' | 'w' | 'M' | 'W' | '@' | '%' => 1_080,
            'a'..='z' | '0'..='9' | '-' | '/' => 640,
            c if c.is_ascii() => 850,
            _ => 1_100,
        };
        let per_mille = |c: char| match self {
            _ if is_isolate(c) => 0,
            Font::Mono(_) if c.is_ascii() => 610,
            Font::Mono(_) => 1_100,
            Font::Prose(_) => in_prose(c),
            Font::Title(_) => in_prose(c) * 9 / 8,
        };
        let em: i32 = text.chars().map(per_mille).sum();
        (em * self.size() + 999) / 1_000
    }

    /// `text` in lines no wider than `width`; what is longer than a line is cut between letters.
    pub fn wrapped(self, text: &str, width: i32) -> Vec<String> {
        let mut lines = vec![String::new()];
        for word in text.split(' ') {
            let line = lines.last_mut().expect("there is a line from the start");
            let longer = format!("{line}{}{word}", if line.is_empty() { "" } else { " " });
            if self.width(&longer) <= width {
                *line = longer;
                continue;
            }
            let mut rest = String::new();
            for c in word.chars() {
                if self.width(&format!("{rest}{c}")) > width {
                    lines.push(std::mem::take(&mut rest));
                }
                rest.push(c);
            }
            lines.push(rest);
        }
        lines.retain(|line| !line.is_empty());
        lines
    }

    /// `text`, or as much of its beginning and its end as fits, with an ellipsis between them:
    /// names of cells differ at the end.
    pub fn fitted(self, text: &str, width: i32) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let letters: Vec<char> = text.chars().collect();
        let cut = |kept: usize| {
            let (head, tail) = (kept.div_ceil(2), kept / 2);
            let head: String = letters[..head].iter().collect();
            let tail: String = letters[letters.len() - tail..].iter().collect();
            format!("{}…{}", head.trim_end(), tail.trim_start())
        };
        let fits = (1..letters.len()).rev().map(cut).find(|text| self.width(text) <= width);
        fits.unwrap_or_else(|| "…".to_owned())
    }
}

/// Which of its ends stands at a text's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Anchor {
    /// Its left end.
    Left,
    /// Its middle.
    Middle,
    /// Its right end.
    Right,
}

/// How a text lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// As people read.
    Level,
    /// From below upwards, beside an axis.
    Up,
}

/// A stroke of a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stroke {
    /// Its colour.
    pub color: Color,
    /// Its width.
    pub width: u32,
    /// Lengths of dash and gap in turn; none for an unbroken line.
    pub dashes: &'static [i32],
}

impl Stroke {
    /// An unbroken line.
    pub fn new(color: Color, width: u32) -> Self {
        Stroke { color, width, dashes: &[] }
    }
}

/// What is painted, in this order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Mark {
    /// A line through points.
    Line { points: Vec<Point>, color: Color, width: u32 },
    /// A filled polygon, so many per cent opaque.
    Area { points: Vec<Point>, color: Color, percent: u8 },
    /// A filled rectangle.
    Filled { corners: [Point; 2], color: Color },
    /// The edge of a rectangle.
    Outlined { corners: [Point; 2], color: Color },
    /// A filled circle.
    Disc { center: Point, radius: u32, color: Color },
    /// A text.
    Text { text: String, at: Point, anchor: Anchor, turn: Turn, font: Font, color: Color },
}

/// A picture in the making.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Canvas {
    pub(super) size: (i32, i32),
    pub(super) marks: Vec<Mark>,
}

impl Canvas {
    /// An empty one.
    pub fn new(size: (i32, i32)) -> Self {
        Canvas { size, marks: Vec::new() }
    }

    /// A text on a line whose middle is at `at`.
    pub fn text(&mut self, text: &str, (at, anchor): (Point, Anchor), font: Font, color: Color) {
        let text = text.replace(char::is_control, " ");
        self.marks.push(Mark::Text { text, at, anchor, turn: Turn::Level, font, color });
    }

    /// A text beside an axis, read from below upwards, its middle at `at`.
    pub fn upright(&mut self, text: &str, at: Point, font: Font, color: Color) {
        let (text, anchor) = (text.replace(char::is_control, " "), Anchor::Middle);
        self.marks.push(Mark::Text { text, at, anchor, turn: Turn::Up, font, color });
    }

    /// A filled rectangle.
    pub fn filled(&mut self, corners: [Point; 2], color: Color) {
        self.marks.push(Mark::Filled { corners, color });
    }

    /// The edge of a rectangle.
    pub fn outlined(&mut self, corners: [Point; 2], color: Color) {
        self.marks.push(Mark::Outlined { corners, color });
    }

    /// A filled polygon.
    pub fn area(&mut self, points: Vec<Point>, color: Color) {
        self.marks.push(Mark::Area { points, color, percent: 100 });
    }

    /// A band through which what is behind it is seen.
    pub fn band(&mut self, points: Vec<Point>, color: Color) {
        self.marks.push(Mark::Area { points, color, percent: 20 });
    }

    /// A thin unbroken line.
    pub fn line(&mut self, points: &[Point], color: Color) {
        self.marks.push(Mark::Line { points: points.to_vec(), color, width: 1 });
    }

    /// A line with a stroke of its own.
    pub fn stroke(&mut self, points: &[Point], stroke: Stroke) {
        let Stroke { color, width, dashes } = stroke;
        if dashes.is_empty() {
            self.marks.push(Mark::Line { points: simplified(points), color, width });
            return;
        }
        for points in dashed(points, dashes) {
            self.marks.push(Mark::Line { points: simplified(&points), color, width });
        }
    }

    /// A filled circle.
    pub fn disc(&mut self, center: Point, radius: u32, color: Color) {
        self.marks.push(Mark::Disc { center, radius, color });
    }

    /// A circle with an edge, which hides what is behind it.
    pub fn ring(&mut self, center: Point, radius: u32, edge: Color) {
        self.disc(center, radius + 3, edge);
        self.disc(center, radius, WHITE);
    }

    /// A hollow triangle with a thick edge, around its middle.
    pub fn triangle(&mut self, (x, y): Point, edge: Color) {
        self.area(vec![(x, y - 13), (x - 13, y + 10), (x + 13, y + 10)], edge);
        self.area(vec![(x, y - 6), (x - 7, y + 6), (x + 7, y + 6)], WHITE);
    }

    /// A line to the right that ends in an arrowhead.
    pub fn arrow(&mut self, (x, y): Point, to_x: i32) {
        self.line(&[(x, y), (to_x, y)], GREY);
        self.area(vec![(to_x, y), (to_x - 6, y - 3), (to_x - 6, y + 3)], GREY);
    }
}

impl Canvas {
    /// The same without letters that DejaVu lacks or cannot join: names are replaced by their
    /// aliases, other letters by a box.
    pub(super) fn settable(&self, aliases: &[(String, String)]) -> Canvas {
        let mut canvas = self.clone();
        let is_unset = |it: &&(String, String)| !it.0.chars().all(is_settable);
        let mut aliases: Vec<&(String, String)> = aliases.iter().filter(is_unset).collect();
        // A name may be a part of another one.
        aliases.sort_by_key(|(name, _)| Reverse(name.chars().count()));
        for mark in &mut canvas.marks {
            let Mark::Text { text, .. } = mark else { continue };
            if text.chars().all(is_settable) {
                continue;
            }
            text.retain(|c| !is_isolate(c));
            for (name, alias) in &aliases {
                // Where a name did not fit, its beginning and its end stand.
                let cut = text.split_once('…').filter(|cut| !cut.0.is_empty());
                match cut.is_some_and(|cut| name.starts_with(cut.0) && name.ends_with(cut.1)) {
                    true => *text = alias.clone(),
                    false => *text = text.replace(name, alias),
                }
            }
            *text = text.chars().map(|c| if is_settable(c) { c } else { '□' }).collect();
        }
        canvas
    }
}

/// Text that is read from right to left would take numbers behind it along: this keeps it apart.
/// What has no such letters stays as it is.
pub fn isolated(name: &str) -> String {
    let is_from_right = |c: char| {
        matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}')
            || matches!(c, '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
    };
    match name.chars().any(is_from_right) {
        true => format!("\u{2068}{name}\u{2069}"),
        false => name.to_owned(),
    }
}

/// Whether it begins or ends a part of a text that is kept apart, and is not seen.
fn is_isolate(c: char) -> bool {
    matches!(c, '\u{2066}'..='\u{2069}')
}

/// Whether DejaVu has a letter, and sets it without joining it to others: Latin, Greek, Cyrillic,
/// punctuation, symbols.
fn is_settable(c: char) -> bool {
    let is_known =
        matches!(c, '\u{20}'..='\u{52f}' | '\u{1e00}'..='\u{1fff}' | '\u{2010}'..='\u{27ff}');
    is_known && !is_isolate(c)
}

/// The same line without points that lie between their neighbours.
fn simplified(points: &[Point]) -> Vec<Point> {
    let mut kept: Vec<Point> = Vec::new();
    for &point in points {
        if kept.last() == Some(&point) {
            continue;
        }
        if let [.., a, b] = kept[..] {
            let is_level = a.1 == b.1 && b.1 == point.1 && (b.0 - a.0) * (point.0 - b.0) >= 0;
            let is_upright = a.0 == b.0 && b.0 == point.0 && (b.1 - a.1) * (point.1 - b.1) >= 0;
            if is_level || is_upright {
                kept.pop();
            }
        }
        kept.push(point);
    }
    kept
}

/// The dashes of a line, whole ones as far as it goes.
fn dashed(points: &[Point], pattern: &[i32]) -> Vec<Vec<Point>> {
    let mut dashes = Vec::new();
    let Some((&first, rest)) = points.split_first() else { return dashes };
    let (mut from, mut n, mut left) = (first, 0, f64::from(pattern[0]));
    let mut dash = vec![first];
    for &to in rest {
        loop {
            let (dx, dy) = (f64::from(to.0 - from.0), f64::from(to.1 - from.1));
            let length = dx.hypot(dy);
            if length <= left {
                left -= length;
                dash.push(to);
                from = to;
                break;
            }
            let at = |whole: i32, d: f64| whole + (d * left / length).round() as i32;
            let point = (at(from.0, dx), at(from.1, dy));
            dash.push(point);
            let done = std::mem::replace(&mut dash, vec![point]);
            if n % 2 == 0 {
                dashes.push(done);
            }
            n += 1;
            left = f64::from(pattern[n % pattern.len()]);
            from = point;
        }
    }
    if n % 2 == 0 && dash.len() > 1 {
        dashes.push(dash);
    }
    dashes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_and_gaps_take_turns_around_corners() {
        let dashes = dashed(&[(0, 0), (10, 0), (10, 10)], &[8, 4]);
        assert_eq!(dashes, [vec![(0, 0), (8, 0)], vec![(10, 2), (10, 10)]]);
        assert_eq!(dashed(&[], &[8, 4]), Vec::<Vec<Point>>::new());
    }

    #[test]
    fn points_between_their_neighbours_go() {
        let line = [(0, 0), (3, 0), (9, 0), (9, 0), (9, 5), (9, 9)];
        assert_eq!(simplified(&line), [(0, 0), (9, 0), (9, 9)]);
    }

    #[test]
    fn the_longest_name_is_replaced_by_its_alias() {
        let aliases = [("日", "policy 1"), ("日本 café", "policy 2"), ("شرق", "this scenario")];
        let aliases = aliases.map(|(name, alias)| (name.to_owned(), alias.to_owned()));
        let check = |text: &str, expected: &str| {
            let mut canvas = Canvas::new((10, 10));
            canvas.text(text, ((0, 0), Anchor::Left), Font::Prose(18), INK);
            let settable = canvas.settable(&aliases);
            let [Mark::Text { text, .. }] = &settable.marks[..] else { panic!("it is a text") };
            assert_eq!(text, expected);
        };
        check("日本 café: 3", "policy 2: 3");
        check("日: 3", "policy 1: 3");
        check(&format!("{} · 20 trials", isolated("شرق")), "this scenario · 20 trials");
        check("café", "café");
    }

    #[test]
    fn names_from_right_to_left_are_kept_apart() {
        assert_eq!(isolated("شرق 2"), "\u{2068}شرق 2\u{2069}");
        assert_eq!(isolated("日本 café"), "日本 café");
        let font = Font::Prose(18);
        assert_eq!(font.width(&isolated("شرق")), font.width("شرق"));
    }

    #[test]
    fn what_does_not_fit_ends_with_an_ellipsis() {
        let font = Font::Mono(10);
        assert_eq!(font.fitted("abcdef", 100), "abcdef");
        assert_eq!(font.fitted("abcdefghij klm", 50), "abc…klm");
        assert!(font.width(&font.fitted("abcdefghijklmn", 50)) <= 50);
    }
}
