//! What scheduled faults and operations have in common: when they come, whether they are switched
//! on, their names, and the addresses of their random numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::Origin;
use super::codes::Code;
use super::diagnostics::{Place, excerpt, join};
use super::groups::{self, Switch};
use super::laws;
use super::reader::{Context, Item, Table};
use crate::engine::law::Law;
use crate::engine::time::SimTime;

/// The two arrays whose elements are scheduled.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Section {
    /// `[[fault]]`.
    Fault,
    /// `[[operation]]`.
    Operation,
}

impl Section {
    /// What an element is called.
    pub fn noun(self) -> &'static str {
        match self {
            Section::Fault => "fault",
            Section::Operation => "operation",
        }
    }

    /// What it does at its moment.
    fn verb(self) -> &'static str {
        match self {
            Section::Fault => "strike",
            Section::Operation => "come",
        }
    }
}

/// How an element without an id is addressed in overlays: the `n`-th of its kind, from 1.
pub(super) fn default_id(kind: &str, n: usize) -> String {
    format!("{kind}-{n}")
}

/// Whether an element is switched on, as it is by default.
pub(super) fn enabled(table: &mut Table<'_>, section: Section, cx: &mut Context<'_>) -> Switch {
    let why = match section {
        Section::Fault => "a fault strikes unless it is switched off",
        Section::Operation => "an operation comes unless it is switched off",
    };
    switched(table, why, cx)
}

/// Whether something is switched on, as it is by default: the key `enabled`.
pub(super) fn switched(table: &mut Table<'_>, why: &'static str, cx: &mut Context<'_>) -> Switch {
    let Some(item) = table.get("enabled") else {
        cx.assume(&join(&table.place.path, "enabled"), "true", Origin::convention(why));
        return Switch::On;
    };
    // A broken one has been reported.
    item.boolean(&mut cx.errors).map_or(Switch::On, Switch::from)
}

/// When it comes: a time before the horizon, or a law of such times.
pub(super) fn moment(
    item: &Item<'_>,
    section: Section,
    horizon: Option<SimTime>,
    cx: &mut Context<'_>,
) -> Option<Law> {
    let law = laws::read_scripted(item, cx)?;
    let (noun, verb) = (section.noun(), section.verb());
    let Some((earliest, latest)) = law.range() else {
        let message = format!("knows no latest time, and the {noun} must {verb} in every trial");
        let hint =
            r#"take uniform, triangular or empirical, as in at = { uniform = ["1d", "300d"] }"#;
        cx.errors.report(Code::UnboundedMoment, &item.place, message).hint(hint);
        return None;
    };
    let Some(horizon) = horizon else {
        return Some(law);
    };
    let last = SimTime::START + latest;
    // Where every moment in between is possible, none strikes the last one.
    let is_dense = matches!(law, Law::Uniform { .. } | Law::Triangular { .. });
    if last < horizon || last == horizon && is_dense && earliest < latest {
        return Some(law);
    }
    let what = if earliest < latest { "can be" } else { "is" };
    let when = if last > horizon { "after the horizon" } else { "at the horizon, the end" };
    let length = horizon.since(SimTime::START);
    let hint = format!("the horizon is {length}: raise run.horizon or {verb} earlier");
    cx.errors.report(Code::AfterHorizon, &item.place, format!("{what} {when}")).hint(hint);
    None
}

/// Addresses of lines: a hash of the id, or of kind and position among its kind, so that adding a
/// fault or an operation elsewhere moves nobody's random numbers.
#[derive(Default)]
pub(super) struct Addresses {
    /// Lines so far by section and kind.
    n_of_kind: BTreeMap<(Section, &'static str), usize>,
    /// Which line has which address.
    taken: BTreeMap<u32, String>,
    /// The names by which overlays address them.
    names: BTreeSet<(Section, String)>,
}

impl Addresses {
    /// The address of the next line, which stands at `place`; `None` if another has it.
    pub fn line(
        &mut self,
        (section, kind): (Section, &'static str),
        id: Option<&Item<'_>>,
        place: &Place,
        cx: &mut Context<'_>,
    ) -> Option<u32> {
        let n = self.n_of_kind.entry((section, kind)).or_insert(0);
        *n += 1;
        let (key, name) = match id {
            Some(id) => {
                let name = groups::name(id, cx)?;
                (format!("id:{name}"), name)
            }
            None => match section {
                Section::Fault => (format!("{kind}#{n}"), default_id(kind, *n)),
                Section::Operation => (format!("operation:{kind}#{n}"), default_id(kind, *n)),
            },
        };
        let line = address(&key);
        let place = id.map_or(place, |id| &id.place);
        // An id is the only one of its name in both sections; a default name in its own.
        let other = [Section::Fault, Section::Operation].into_iter().find(|other| {
            (*other == section || id.is_some()) && self.names.contains(&(*other, name.clone()))
        });
        if let Some(other) = other {
            let message = format!("another {} has the id `{}`", other.noun(), excerpt(&name));
            let hint = "ids name faults and operations in overlays; one without is called by its \
                        kind and position, as in `fail-az-1`";
            cx.errors.report(Code::NotUnique, place, message).hint(hint);
            return None;
        }
        self.names.insert((section, name.clone()));
        match self.taken.insert(line, name) {
            None => Some(line),
            Some(other) => {
                let message = format!("has the same random numbers as `{}`", excerpt(&other));
                cx.errors
                    .report(Code::SameRandomNumbers, place, message)
                    .hint("give one of them another id");
                None
            }
        }
    }
}

/// FNV-1a of `key` (Fowler, Noll, Vo; 32 bits).
pub(super) fn fnv(key: &str) -> u32 {
    let mix = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    key.bytes().fold(0x811c_9dc5, mix)
}

/// A hash of `key`, folded to 24 bits and never zero.
fn address(key: &str) -> u32 {
    let hash = fnv(key);
    ((hash >> 24) ^ (hash & 0x00ff_ffff)).max(1)
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn addresses_never_change() {
        // FNV-1a of the empty text and of "foobar" are published test vectors.
        assert_eq!(address(""), 0x81 ^ 0x1c_9dc5);
        assert_eq!(address("foobar"), 0xbf ^ 0x9c_f968);
        assert!(address("node-failure#1") < 1 << 24);
    }
}
