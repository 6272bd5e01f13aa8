//! How fast failovers are: detection, promotion and endpoint of `[timing]`, and `timing.preset`,
//! which chooses their defaults. Nobody publishes how long the managed control plane takes, so
//! there are several answers to choose from; a law that is written wins over all of them. Where the
//! nodes watch each other, they have times of their own, and the service's matter to repairs only.

use super::Confidence::{Assumed, Derived};
use super::Origin;
use super::codes::Code;
use super::diagnostics::join;
use super::laws;
use super::reader::{Context, Item, Table};
use super::sections::{self, Default, default};
use super::uses::Use;
use crate::engine::law::Law;

/// The parts of a failover.
pub(super) struct FailoverTimes {
    /// From a failure to the decision that the node is gone.
    pub detection: Law,
    /// From detection to the replica being primary.
    pub promotion: Law,
    /// From promotion to the endpoint naming the new primary.
    pub endpoint: Law,
}

/// Which defaults the parts have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Preset {
    /// What ecsim takes.
    Typical,
    /// A quick detector.
    Fast,
    /// A slow detector.
    Slow,
    /// What the guide says of the whole failover.
    Documented,
}

const PRESETS: [(&str, Preset); 4] = [
    ("typical", Preset::Typical),
    ("fast", Preset::Fast),
    ("slow", Preset::Slow),
    ("documented", Preset::Documented),
];

/// The keys of the parts.
const PARTS: [&str; 3] = ["detection", "promotion", "endpoint"];

const FEW_SECONDS: &str = "preset documented: the guide's few seconds for the whole failover \
                           (MZ-03); how they are split is our reading";
const DOCUMENTED_DETECTION: &str = r#"{ uniform = ["1s", "3s"] }"#;

const DETECTION: Default = default(
    "detection",
    r#"{ lognormal = { median = "10s", p95 = "25s" } }"#,
    Assumed,
    "preset typical: nothing is published about the managed detector",
);
const PROMOTION: Default = default(
    "promotion",
    r#"{ uniform = ["1s", "5s"] }"#,
    Assumed,
    "documented only as a few seconds for the whole failover",
);
const ENDPOINT: Default =
    default("endpoint", r#"{ uniform = ["1s", "5s"] }"#, Assumed, "nothing is published");
const FAST: Default = default(
    "detection",
    r#"{ fixed = "5s" }"#,
    Assumed,
    "preset fast: the shortest timeout with which people run clusters",
);
const SLOW: Default = default(
    "detection",
    r#"{ fixed = "30s" }"#,
    Assumed,
    "preset slow: AWS expects a failover within 30 s of the power loss of an AZ",
);

impl Preset {
    /// The defaults of the parts.
    fn defaults(self) -> [Default; 3] {
        let documented = |key, toml| default(key, toml, Derived, FEW_SECONDS);
        match self {
            Preset::Typical => [DETECTION, PROMOTION, ENDPOINT],
            Preset::Fast => [FAST, PROMOTION, ENDPOINT],
            Preset::Slow => [SLOW, PROMOTION, ENDPOINT],
            Preset::Documented => [
                documented("detection", DOCUMENTED_DETECTION),
                documented("promotion", r#"{ uniform = ["0.5s", "1.5s"] }"#),
                documented("endpoint", r#"{ uniform = ["0.5s", "1.5s"] }"#),
            ],
        }
    }

    /// The parts of which it says something of its own.
    fn decides(self) -> &'static [&'static str] {
        match self {
            Preset::Typical => &[],
            Preset::Fast | Preset::Slow => &["detection"],
            Preset::Documented => &PARTS,
        }
    }
}

/// Whether a default is what the guide says of detection, as we read it.
pub(super) fn is_documented(value: &str) -> bool {
    value == DOCUMENTED_DETECTION
}

/// Reads the preset and the parts; `promoting` is whether the service ever promotes anybody.
pub(super) fn read(table: &mut Table<'_>, promoting: Use, cx: &mut Context<'_>) -> FailoverTimes {
    let given = table.get("preset");
    let preset = match &given {
        Some(item) => item.choice(&mut cx.errors, &PRESETS),
        None => {
            if PARTS.iter().any(|key| table.peek(key).is_none()) {
                let why = "the middle of what is plausible; each value says what it rests on";
                let path = join(&table.place.path, "preset");
                cx.assume(&path, "\"typical\"", Origin::convention(why));
            }
            Some(Preset::Typical)
        }
    };
    let preset = preset.unwrap_or(Preset::Typical);
    let defaults = preset.defaults();
    let [of_detection, of_promotion, of_endpoint] = &defaults;
    let detection = sections::law(table, of_detection, cx);
    let promotion = match (promoting, table.get(of_promotion.key)) {
        (Use::Unused | Use::SwitchedOff, None) => of_default(of_promotion),
        (Use::Used, _) => sections::law(table, of_promotion, cx),
        (Use::Unused | Use::SwitchedOff, Some(item)) => {
            watched(&item, "the service promotes nobody", cx);
            sections::law(table, of_promotion, cx)
        }
    };
    let endpoint = sections::law(table, of_endpoint, cx);
    let differs = |(default, law): (&Default, &Law)| {
        let is_decided = preset.decides().contains(&default.key);
        !is_decided || table.peek(default.key).is_some() && *law != of_default(default)
    };
    let laws = [&detection, &promotion, &endpoint];
    // A resolved scenario has the preset beside the laws that it chose.
    let is_idle = !preset.decides().is_empty() && defaults.iter().zip(laws).all(differs);
    if let Some(item) = given.filter(|_| is_idle) {
        let message = "each law that it chooses is given";
        let hint = "what is given wins: leave out the preset, or the laws";
        cx.errors.report(Code::WithoutEffect, &item.place, message).hint(hint);
    }
    let is_chosen = preset != Preset::Typical && promoting != Use::Used;
    if let Some(item) = table.get("preset").filter(|_| is_chosen && !is_idle) {
        let message = match preset.decides().contains(&"endpoint") {
            true => "no failover has its detection and promotion",
            false => "no failover has its detection: it decides on repairs only",
        };
        watched(&item, message, cx);
    }
    FailoverTimes { detection, promotion, endpoint }
}

/// Warns of a time of the service where the nodes, or Sentinels, notice a lost primary.
fn watched(item: &Item<'_>, message: &str, cx: &mut Context<'_>) {
    let hint = "what a failover takes is in [control-plane] with the detectors cluster-bus and \
                sentinel";
    cx.errors.report(Code::WithoutEffect, &item.place, message).hint(hint);
}

fn of_default(default: &Default) -> Law {
    sections::with_default(default, laws::read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_can_be_read() {
        for (_, preset) in PRESETS {
            for (default, key) in preset.defaults().iter().zip(PARTS) {
                assert_eq!(default.key, key);
                assert!(of_default(default).mean() > 0.0, "{preset:?}");
            }
        }
    }
}
