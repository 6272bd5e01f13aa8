//! Pictures of results, for slides and pages: survival curves, differences, breakdowns, trade-offs,
//! sweeps, sensitivities, convergence, timelines, topologies.
//!
//! One function per picture puts marks on a `canvas`, which `paint` makes SVG and PNG of; `scope`
//! says what is shown, `axis` where values stand. Numbers come from the folder; for timelines
//! its trials are run again.
//! `docs/pictures.md` says how to read each of them.

mod axis;
mod breakdown;
mod canvas;
mod convergence;
mod differences;
mod nines;
mod paint;
mod rows;
mod scope;
mod survival;
mod sweep;
mod timeline;
mod topology;
mod tornado;
mod tradeoff;

pub use topology::topology_svg;

use self::canvas::Canvas;
use self::paint::Described;
use self::scope::Scope;
use crate::report::results::Results;

/// A picture.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Picture {
    /// Its name, as of a file: small letters, digits and hyphens.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What one sees, with the numbers, for who does not.
    pub alt: String,
    canvas: Canvas,
    /// Names that a PNG may be unable to set, with what stands for them there.
    aliases: Vec<(String, String)>,
}

/// A picture that there is not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missing {
    /// The name that it would have.
    pub name: String,
    /// Why there is none, and what to do; a sentence without its full stop.
    pub why: String,
}

/// What came of drawing a picture.
enum Drawn {
    Picture(Picture),
    Missing(Missing),
}

/// All pictures of a folder.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Gallery {
    /// Those that there are, in the order in which one looks at them.
    pub pictures: Vec<Picture>,
    /// Those that there are not.
    pub missing: Vec<Missing>,
}

impl Picture {
    /// As SVG, which can stand in a page: it has a title and a description for who does not see,
    /// needs nothing from elsewhere, and has only the colours of the palette.
    pub fn svg(&self) -> String {
        let Picture { name, title, alt, .. } = self;
        paint::svg(&self.canvas, Described { name, title, alt })
    }

    /// As the bytes of a PNG, of twice the size. Names in scripts for which there are no letters
    /// are replaced by numbers.
    pub fn png(&self) -> Result<Vec<u8>, String> {
        let canvas = self.canvas.settable(&self.aliases);
        paint::png(&canvas).map_err(|error| error.to_string())
    }

    /// Whether its PNG has all names as they are.
    pub fn is_settable(&self) -> bool {
        self.canvas == self.canvas.settable(&self.aliases)
    }
}

/// All pictures of results.
pub fn all(results: &Results) -> Gallery {
    let mut gallery = Gallery::default();
    let Some(scope) = Scope::of(results) else {
        let why = "its numbers name no policy of its scenario; run it again with --overwrite";
        gallery.take([missing("all", why)]);
        return gallery;
    };
    gallery.take(survival::draw(&scope));
    gallery.take(differences::draw(&scope));
    gallery.take(breakdown::draw(&scope));
    gallery.take([nines::draw(&scope)]);
    gallery.take(tradeoff::draw(&scope));
    gallery.take(sweep::draw(&scope));
    gallery.take(tornado::draw(&scope));
    gallery.take([convergence::draw(&scope)]);
    gallery.take(timeline::draw(&scope));
    gallery.take(topology::draw(&scope));
    gallery
}

impl Gallery {
    fn take(&mut self, drawn: impl IntoIterator<Item = Drawn>) {
        for drawn in drawn {
            match drawn {
                Drawn::Picture(picture) => self.pictures.push(picture),
                Drawn::Missing(missing) => self.missing.push(missing),
            }
        }
    }
}

fn missing(name: &str, why: &str) -> Drawn {
    Drawn::Missing(Missing { name: name.to_owned(), why: why.to_owned() })
}
