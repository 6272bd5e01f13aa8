//! Painting a [`Canvas`]: one function over plotters' backends makes SVG and PNG of the same marks.
//!
//! SVG keeps text as text, in whatever font the reader has of a generic family. PNG has the letters
//! of DejaVu, which come with the program, at twice the size so that they are sharp.

use std::fmt::Write as _;
use std::sync::Once;

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea as _};
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color as _, FontFamily, FontStyle, FontTransform, IntoTextStyle as _, RGBColor, ShapeStyle,
    register_font,
};

use super::canvas::{Anchor, Canvas, Color, Font, Mark, Point, Turn, WHITE};

/// What can go wrong in a drawing: nothing, since it is made in memory.
const IN_MEMORY: &str = "drawing into memory cannot fail";
/// How much larger a PNG is than its SVG.
const SHARP: i32 = 2;

/// How a backend is painted on.
#[derive(Clone, Copy)]
struct Medium {
    scale: i32,
    /// What a font's size is multiplied by, so that an em is as many pixels as its size says.
    em: f64,
    /// How far texts are moved down, in thousandths of their size.
    drop: i32,
}

/// plotters' SVG divides sizes by 1.24.
const SVG: Medium = Medium { scale: 1, em: 1.24, drop: 0 };
/// Its bitmaps take a size for that of a line, which is 1.164 em in DejaVu, and set the middle of
/// the line higher than SVG does.
const PNG: Medium = Medium { scale: SHARP, em: 1.164, drop: 160 };

/// What is said of a picture beside it.
#[derive(Clone, Copy)]
pub(super) struct Described<'a> {
    /// A name for its ids, of letters, digits and hyphens.
    pub(super) name: &'a str,
    /// Its title.
    pub(super) title: &'a str,
    /// What one sees.
    pub(super) alt: &'a str,
}

/// A picture as SVG.
pub(super) fn svg(canvas: &Canvas, described: Described<'_>) -> String {
    let mut text = String::new();
    let size = (canvas.size.0.unsigned_abs(), canvas.size.1.unsigned_abs());
    let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
    area.fill(&rgb(WHITE)).expect(IN_MEMORY);
    paint(canvas, &area, SVG);
    drop(area);
    // Opaque is what everything is unless it says otherwise.
    let text = text.replace(" opacity=\"1\"", "");
    let (start, rest) = text.split_once(">\n").expect("a picture has a first tag");
    let Described { name, title, alt } = described;
    let mut whole = String::with_capacity(text.len() + title.len() + alt.len() + 200);
    let (title, alt) = (escaped(title), escaped(alt));
    let _ = write!(
        whole,
        "{start} role=\"img\" aria-labelledby=\"{name}-title {name}-desc\">\n\
         <title id=\"{name}-title\">{title}</title>\n<desc id=\"{name}-desc\">{alt}</desc>\n{rest}"
    );
    whole
}

/// Text as it stands in XML; letters that XML cannot have are left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// A picture as the bytes of a PNG.
pub(super) fn png(canvas: &Canvas) -> Result<Vec<u8>, png::EncodingError> {
    register_fonts();
    let size = [canvas.size.0, canvas.size.1].map(|side| (side * SHARP).unsigned_abs());
    // All white.
    let mut pixels = vec![255; size[0] as usize * size[1] as usize * 3];
    let area = BitMapBackend::with_buffer(&mut pixels, size.into()).into_drawing_area();
    paint(canvas, &area, PNG);
    drop(area);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size[0], size[1]);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(bytes)
}

/// Makes the letters of PNG known, once.
fn register_fonts() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let fonts = [
            ("sans-serif", FontStyle::Normal, dejavu::sans::regular()),
            ("sans-serif", FontStyle::Bold, dejavu::sans::bold()),
            ("monospace", FontStyle::Normal, dejavu::sans_mono::regular()),
        ];
        for (family, style, bytes) in fonts {
            assert!(register_font(family, style, bytes).is_ok(), "DejaVu is a font");
        }
    });
}

fn paint<B: DrawingBackend>(canvas: &Canvas, area: &DrawingArea<B, Shift>, medium: Medium) {
    for mark in &canvas.marks {
        paint_mark(mark, area, medium);
    }
    area.present().expect(IN_MEMORY);
}

fn rgb(Color(red, green, blue): Color) -> RGBColor {
    RGBColor(red, green, blue)
}

fn paint_mark<B: DrawingBackend>(mark: &Mark, area: &DrawingArea<B, Shift>, medium: Medium) {
    let place = |(x, y): Point| (x * medium.scale, y * medium.scale);
    let places = |points: &[Point]| points.iter().copied().map(place).collect::<Vec<Point>>();
    let stroke = |color: Color, width: u32| -> ShapeStyle {
        rgb(color).stroke_width(width * medium.scale.unsigned_abs())
    };
    let painted = match mark {
        Mark::Line { points, color, width } => {
            area.draw(&PathElement::new(places(points), stroke(*color, *width)))
        }
        Mark::Area { points, color, percent: 100 } => {
            area.draw(&Polygon::new(places(points), rgb(*color).filled()))
        }
        Mark::Area { points, color, percent } => {
            let color = rgb(*color).mix(f64::from(*percent) / 100.0);
            area.draw(&Polygon::new(places(points), color.filled()))
        }
        Mark::Filled { corners, color } => {
            area.draw(&Rectangle::new(corners.map(place), rgb(*color).filled()))
        }
        Mark::Outlined { corners, color } => {
            area.draw(&Rectangle::new(corners.map(place), stroke(*color, 1)))
        }
        Mark::Disc { center, radius, color } => {
            let radius = *radius * medium.scale.unsigned_abs();
            area.draw(&Circle::new(place(*center), radius, rgb(*color).filled()))
        }
        Mark::Text { text, at, anchor, turn, font, color } => {
            let (family, style) = match font {
                Font::Mono(_) => (FontFamily::Monospace, FontStyle::Normal),
                Font::Prose(_) => (FontFamily::SansSerif, FontStyle::Normal),
                Font::Title(_) => (FontFamily::SansSerif, FontStyle::Bold),
            };
            let across = match anchor {
                Anchor::Left => HPos::Left,
                Anchor::Middle => HPos::Center,
                Anchor::Right => HPos::Right,
            };
            let size = font.size() * medium.scale;
            let (x, y) = place(*at);
            let down = size * medium.drop / 1_000;
            let (at, turn) = match turn {
                Turn::Level => ((x, y + down), FontTransform::None),
                Turn::Up => ((x + down, y), FontTransform::Rotate270),
            };
            let color = rgb(*color);
            let style = (family, f64::from(size) * medium.em, style)
                .into_text_style(area)
                .color(&color)
                .transform(turn)
                .pos(Pos::new(across, VPos::Center));
            area.draw(&Text::new(text.clone(), at, style))
        }
    };
    painted.expect(IN_MEMORY);
}
