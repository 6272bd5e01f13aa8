//! `[control-plane]`: who notices that a primary is gone, and the numbers of each detector.

use super::codes::Code;
use super::diagnostics::{Place, excerpt, join};
use super::groups::GroupDraft;
use super::reader::{Context, Item, Table};
use super::sections::{self, Default, default, law, rule};
use super::uses::{Need, Use, Uses};
use super::{Confidence, Origin};
use crate::engine::time::Span;
use crate::model::plan::{Bus, ClusterMode, Detector, Minority, Sentinel};

use Confidence::{Assumed, Documented};

/// The names of the detectors.
const DETECTORS: [(&str, Detector); 3] = [
    ("managed", Detector::Managed),
    ("cluster-bus", Detector::ClusterBus),
    ("sentinel", Detector::Sentinel),
];

/// The longest node timeout and limit of Sentinels: a day.
const LONGEST: Span = Span::from_secs(24 * 3600);
/// The shortest: a hundredth of a second.
const SHORTEST: Span = Span::from_nanos(10_000_000);

const NODE_TIMEOUT: Default = default(
    "node-timeout",
    "\"15s\"",
    Assumed,
    "the engine's default; ElastiCache does not publish its own",
);
const GOSSIP: Default = default(
    "gossip",
    r#"{ uniform = ["0.5s", "2s"] }"#,
    Assumed,
    "the specification says only that a majority must hear within two node timeouts",
);
const TAKEOVER: Default = default(
    "takeover",
    r#"{ uniform = ["30s", "60s"] }"#,
    Assumed,
    "nothing is published; a test failover of a single shard took 63 s",
);
const DOWN_AFTER: Default =
    default("down-after", "\"30s\"", Documented, "down-after-milliseconds of Sentinel");
const FAILOVER_TIMEOUT: Default =
    default("failover-timeout", "\"3m\"", Documented, "failover-timeout of Sentinel");

/// What `[control-plane]` says of detectors.
pub(super) struct Detection {
    /// The detector that the scenario names for all groups.
    detector: Option<Detector>,
    /// The cluster bus.
    pub bus: Bus,
    /// Sentinel.
    pub sentinel: Sentinel,
}

impl Detection {
    /// The detector of a group: the one named, or its own default.
    pub fn of(&self, mode: ClusterMode) -> Detector {
        self.detector.unwrap_or_else(|| default_detector(mode))
    }

    /// Whether the service promotes anybody in the time that `[timing]` gives: after a detection of
    /// its own, or since somebody asks for it.
    pub fn use_of_promotion(&self, groups: &[GroupDraft], uses: &Uses) -> Use {
        let is_managed = |group: &GroupDraft| {
            group.self_hosted.is_none() && self.of(group.cluster_mode) == Detector::Managed
        };
        let calls =
            [Need::Modify, Need::TestFailover, Need::Step, Need::HandoverStart, Need::Isolation];
        let is_asked = calls.iter().any(|need| uses.of_need(*need) != Use::Unused);
        match groups.is_empty() || groups.iter().any(is_managed) || is_asked {
            true => Use::Used,
            false => Use::Unused,
        }
    }
}

fn default_detector(mode: ClusterMode) -> Detector {
    match mode {
        ClusterMode::Disabled => Detector::Managed,
        ClusterMode::Enabled => Detector::ClusterBus,
    }
}

fn name(detector: Detector) -> &'static str {
    let named = DETECTORS.iter().find(|(_, known)| *known == detector);
    named.expect("every detector has a name").0
}

/// Reads the keys of the detectors. Those of a detector that no group has are read, and without
/// effect.
pub(super) fn detection(
    table: &mut Table<'_>,
    groups: &[GroupDraft],
    cx: &mut Context<'_>,
) -> Detection {
    let managed: Vec<&GroupDraft> =
        groups.iter().filter(|group| group.self_hosted.is_none()).collect();
    let detector = detector(table, &managed, cx);
    let of = |group: &GroupDraft| match &group.self_hosted {
        Some(own) => own.detector,
        None => Some(detector.unwrap_or_else(|| default_detector(group.cluster_mode))),
    };
    let uses = |wanted| groups.iter().any(|group| of(group) == Some(wanted));
    let keys = ["node-timeout", "gossip", "takeover", "minority"];
    let bus = with_use(table, &keys, uses(Detector::ClusterBus), cx, bus);
    let keys = ["down-after", "sentinels", "quorum", "failover-timeout"];
    let sentinel = with_use(table, &keys, uses(Detector::Sentinel), cx, sentinel);
    Detection { detector, bus, sentinel }
}

/// Reads the detector, which must fit each group; its absence stands for each group's own. What is
/// self-hosted has another.
fn detector(
    table: &mut Table<'_>,
    groups: &[&GroupDraft],
    cx: &mut Context<'_>,
) -> Option<Detector> {
    if groups.iter().all(|group| group.cluster_mode == ClusterMode::Enabled) {
        // Sentinel is no other choice for groups of a service: it is another world.
        let choices = [Detector::ClusterBus, Detector::Managed];
        let choices = choices.map(|detector| format!("\"{}\"", name(detector)));
        cx.choices.insert(join(&table.place.path, "detector"), choices.to_vec());
    }
    let Some(item) = table.get("detector") else {
        let mut defaults = groups.iter().map(|group| default_detector(group.cluster_mode));
        let first = defaults.next().unwrap_or(Detector::Managed);
        // Where groups differ no one value could be written.
        if defaults.all(|other| other == first) {
            let source = match first {
                Detector::Managed => "ElastiCache user guide (MZ-23)",
                Detector::ClusterBus | Detector::Sentinel => {
                    "with cluster mode the nodes watch each other"
                }
            };
            let why = Origin::default(Documented, source);
            let value = format!("\"{}\"", name(first));
            cx.assume(&join(&table.place.path, "detector"), value, why);
        }
        return None;
    };
    let detector = item.choice(&mut cx.errors, &DETECTORS)?;
    let misfit = match detector {
        Detector::Managed => None,
        Detector::ClusterBus => Some((ClusterMode::Disabled, "has cluster mode disabled")),
        Detector::Sentinel => Some((ClusterMode::Enabled, "has cluster mode enabled")),
    };
    let Some((mode, how)) = misfit else { return Some(detector) };
    if let Some(group) = groups.iter().find(|group| group.cluster_mode == mode) {
        let message = format!("group `{}` {how}", excerpt(&group.id));
        let hint = match detector {
            Detector::Managed | Detector::ClusterBus => {
                "the bus connects the nodes of a cluster: write detector = \"managed\", or leave \
                 it out"
            }
            Detector::Sentinel => {
                "Sentinel watches groups without cluster mode: write detector = \"cluster-bus\", \
                 or leave it out"
            }
        };
        cx.errors.report(Code::DetectorMode, &item.place, message).hint(hint);
    }
    Some(detector)
}

/// Reads `keys` with `read`. Where no group uses them nothing is assumed, and a warning says so of
/// those that are there.
fn with_use<T>(
    table: &mut Table<'_>,
    keys: &[&'static str],
    is_used: bool,
    cx: &mut Context<'_>,
    read: impl FnOnce(&mut Table<'_>, &mut Context<'_>) -> T,
) -> T {
    let given: Vec<Place> =
        keys.iter().filter_map(|key| table.get(key)).map(|item| item.place).collect();
    let assumed = cx.assumptions.len();
    let value = read(table, cx);
    if !is_used {
        cx.assumptions.truncate(assumed);
        for place in given {
            let message = "no group has the detector that this belongs to";
            let hint = "leave it out, or name the detector";
            cx.errors.report(Code::WithoutEffect, &place, message).hint(hint);
        }
    }
    value
}

fn bus(table: &mut Table<'_>, cx: &mut Context<'_>) -> Bus {
    let node_timeout = length(table, &NODE_TIMEOUT, cx);
    let gossip = law(table, &GOSSIP, cx);
    let takeover = law(table, &TAKEOVER, cx);
    let ways = [("refuse", Minority::Refuses), ("serve", Minority::Serves)];
    let why = (Documented, "a primary that sees no majority stops taking writes");
    let minority = rule(table, "minority", &ways, why, cx);
    Bus::new(node_timeout, gossip, takeover, minority)
}

fn sentinel(table: &mut Table<'_>, cx: &mut Context<'_>) -> Sentinel {
    let down_after = length(table, &DOWN_AFTER, cx);
    let most = u64::from(Sentinel::MOST);
    let why = "three Sentinels, two of which agree, as the documentation begins";
    let sentinels = count(table, ("sentinels", most), (3, why), cx);
    let quorum = count(table, ("quorum", u64::from(sentinels)), (2.min(sentinels), why), cx);
    let failover_timeout = length(table, &FAILOVER_TIMEOUT, cx);
    Sentinel { down_after, sentinels, quorum, failover_timeout }
}

/// A length of which no law is made.
fn length(table: &mut Table<'_>, default: &Default, cx: &mut Context<'_>) -> Span {
    let read = |item: &Item<'_>, cx: &mut Context<'_>| {
        let span = item.span(&mut cx.errors)?;
        if span < SHORTEST || span > LONGEST {
            let message = "must be between 10 ms and a day";
            cx.errors.report(Code::DurationRange, &item.place, message);
            return None;
        }
        Some(span)
    };
    match table.get(default.key) {
        Some(item) => read(&item, cx).unwrap_or(SHORTEST),
        None => {
            let path = join(&table.place.path, default.key);
            cx.assume(&path, default.toml, default.origin.clone());
            sections::with_default(default, read)
        }
    }
}

/// A number from 1 to `most`.
fn count(
    table: &mut Table<'_>,
    (key, most): (&'static str, u64),
    (number, why): (u8, &'static str),
    cx: &mut Context<'_>,
) -> u8 {
    match table.get(key) {
        Some(item) => {
            let count = item.count(&mut cx.errors, 1..=most);
            count.map_or(1, |count| count as u8)
        }
        None => {
            let path = join(&table.place.path, key);
            cx.assume(&path, number.to_string(), Origin::default(Documented, why));
            number
        }
    }
}
