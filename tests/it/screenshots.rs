//! Pictures of pages, compared with their structure: what the elements of a page say is where they
//! say, in colours that can be told from the ground, and what changes by a step is seen to change.
//! Where no Chromium is installed these tests pass, and say so on stderr.

use std::io::Cursor;

use serde_json::Value;

use crate::support::browser::{PROJECTED, Theme, Window, open, screenshot};
use crate::support::ecsim;

/// A picture, as red, green and blue.
struct Shot {
    width: usize,
    pixels: Vec<[u8; 3]>,
}

/// An element's box, in whole pixels: left, top, right, bottom.
#[derive(Clone, Copy, Debug)]
struct Area(usize, usize, usize, usize);

impl Shot {
    fn read(bytes: Vec<u8>) -> Self {
        let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().expect("a PNG");
        let mut buffer = vec![0; reader.output_buffer_size().expect("it fits")];
        let info = reader.next_frame(&mut buffer).expect("a whole PNG");
        let samples = info.color_type.samples();
        assert!(samples >= 3, "a picture in colours");
        let used = &buffer[..info.buffer_size()];
        let pixels = used.chunks_exact(samples).map(|it| [it[0], it[1], it[2]]).collect();
        Shot { width: info.width as usize, pixels }
    }

    fn at(&self, x: usize, y: usize) -> [u8; 3] {
        self.pixels[y * self.width + x]
    }

    /// The colours within an area that is wholly on the picture.
    fn within(&self, Area(left, top, right, bottom): Area) -> impl Iterator<Item = [u8; 3]> {
        (top..bottom).flat_map(move |y| (left..right).map(move |x| self.at(x, y)))
    }

    /// The colour that most pixels of an area have.
    fn ground(&self, area: Area) -> [u8; 3] {
        let mut counts = std::collections::BTreeMap::new();
        self.within(area).for_each(|color| *counts.entry(color).or_insert(0) += 1);
        counts.into_iter().max_by_key(|(_, n)| *n).expect("an area has pixels").0
    }

    /// The share of an area that can be told from a colour.
    fn ink(&self, area: Area, ground: [u8; 3]) -> f64 {
        let (mut ink, mut all) = (0, 0);
        for color in self.within(area) {
            ink += u32::from(distance(color, ground) > 24);
            all += 1;
        }
        f64::from(ink) / f64::from(all.max(1))
    }

    /// The share of an area that another picture has in other colours.
    fn change(&self, other: &Shot, area: Area) -> f64 {
        let pairs = self.within(area).zip(other.within(area));
        let (mut changed, mut all) = (0, 0);
        for (one, other) in pairs {
            changed += u32::from(distance(one, other) > 24);
            all += 1;
        }
        f64::from(changed) / f64::from(all.max(1))
    }
}

/// How far two colours are apart, in the channel in which they are furthest.
fn distance(one: [u8; 3], other: [u8; 3]) -> u8 {
    let channels = one.iter().zip(other).map(|(a, b)| a.abs_diff(b));
    channels.max().expect("three channels")
}

fn area(value: &Value) -> Area {
    let side = |name: &str| value[name].as_f64().expect("a number").round() as usize;
    Area(side("left"), side("top"), side("right"), side("bottom"))
}

fn areas(value: &Value) -> Vec<Area> {
    value.as_array().expect("a list").iter().map(area).collect()
}

const STRUCTURE: &str = "
    const all = (what) => [...document.querySelectorAll(what)].map(box);
    return {
      lanes: all('.az'), bad: all('.az.bad'), nodes: all('.node'), texts: all('.node *'),
      clients: all('.clients'), out: all('.times .out'), marks: all('#times .mark'),
    };";

/// The structure of a page at an address; nothing where there is no browser.
fn structure(page: &str, address: &str) -> Option<Value> {
    let seen = open(page, (address, PROJECTED), STRUCTURE)?;
    seen.is_quiet();
    Some(seen.result)
}

/// Its picture, in a theme.
fn shot(page: &str, address: &str, theme: Theme) -> Option<Shot> {
    let window = Window { theme, ..PROJECTED };
    let shot = Shot::read(screenshot(page, (address, window))?);
    assert_eq!(shot.width, window.width as usize);
    Some(shot)
}

fn az_outage() -> String {
    let output = ecsim(&["replay", "scenarios/az-outage.toml", "--format", "html"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("pages are UTF-8")
}

/// What the structure has is painted, in a theme.
fn is_painted(structure: &Value, shot: &Shot, theme: Theme) {
    let [lanes, nodes] = ["lanes", "nodes"].map(|what| areas(&structure[what]));
    assert_eq!((lanes.len(), nodes.len()), (3, 3), "three AZs with a node each");
    for lane in &lanes {
        let ground = shot.ground(*lane);
        let inside = nodes.iter().filter(|it| lane.0 <= it.0 && it.2 <= lane.2);
        for node in inside {
            // The outline, and what is written within.
            let Area(left, top, right, bottom) = *node;
            let edge = Area(left, top + (bottom - top) / 4, left + 3, bottom - (bottom - top) / 4);
            assert!(shot.ink(edge, ground) > 0.2, "{theme:?}: no outline at {node:?}");
            let inside = Area(left + 4, top + 4, right - 4, bottom - 4);
            let text = shot.ink(inside, shot.ground(inside));
            assert!((0.01..0.7).contains(&text), "{theme:?}: {text} of {node:?} is ink");
        }
    }
    // The write stream leaves the clients downwards, and is seen between them and the first node.
    let clients = area(&structure["clients"][0]);
    let first = nodes.iter().map(|node| node.1).min().expect("nodes");
    assert!(clients.3 < first, "clients stand above");
    let gap = Area(clients.0, clients.3 + 1, clients.2, clients.3 + 4);
    assert!(shot.ink(gap, shot.ground(gap)) > 0.0, "{theme:?}: no write stream");
}

/// What a step to the moment of a fault changes is seen to change, and what it does not is not.
fn shows_the_fault(structure: &Value, [before, after]: [&Shot; 2]) {
    let (lanes, bad) = (areas(&structure["lanes"]), areas(&structure["bad"]));
    let [down] = bad.as_slice() else { panic!("one AZ is down: {bad:?}") };
    let struck = before.change(after, *down);
    assert!(struck > 0.02, "an AZ that fails looks as before: {struck}");
    for lane in lanes.iter().filter(|lane| lane.0 != down.0) {
        let other = before.change(after, *lane);
        assert!(other < struck / 2.0, "{other} of an AZ that is up, {struck} of the other");
    }
}

/// An outage stands out from the time before it, and a loss from the outage.
fn shows_outage_and_loss(structure: &Value, shot: &Shot) {
    let out = areas(&structure["out"]);
    let (first, bar) = (out[0], out.last().expect("phases"));
    let before =
        Area(first.0.saturating_sub(6), first.1 + 2, first.0.saturating_sub(2), first.3 - 2);
    let middle = Area(bar.0 + 1, bar.1 + 2, bar.2 - 1, bar.3 - 2);
    let apart = distance(shot.ground(before), shot.ground(middle));
    assert!(apart > 10, "an outage is shaded: {apart}");
    let mark = areas(&structure["marks"])[0];
    let is_red = |[r, g, b]: [u8; 3]| r > 120 && r.saturating_sub(g.max(b)) > 60;
    assert!(shot.within(mark).any(is_red), "a loss is a red mark");
}

#[test]
fn pictures_of_a_replay_have_what_its_structure_has() {
    let page = az_outage();
    let Some(fault) = structure(&page, "#event=1") else { return };
    let seen = |address, theme| shot(&page, address, theme).expect("there is a browser");
    let [light, dark] = [Theme::Light, Theme::Dark].map(|theme| seen("#event=1", theme));
    for (theme, shot) in [(Theme::Light, &light), (Theme::Dark, &dark)] {
        is_painted(&fault, shot, theme);
        let Area(_, _, right, bottom) = area(&fault["lanes"][2]);
        let corner = shot.at(right + 2, bottom + 2);
        let is_dark = corner.iter().all(|channel| *channel < 80);
        assert_eq!(is_dark, theme == Theme::Dark, "the page is {corner:?} in {theme:?}");
    }
    shows_the_fault(&fault, [&seen("#event=0", Theme::Light), &light]);
    let end = structure(&page, "#event=999").expect("there is a browser");
    shows_outage_and_loss(&end, &seen("#event=999", Theme::Light));
}
