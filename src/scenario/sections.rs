//! The sections of a scenario that hold numbers and choices: `[run]`, `[workload]`,
//! `[replication]`, `[timing]`, `[rules]`, `[objectives]`, with their defaults and where those come
//! from.

use std::ops::Range;
use std::path::Path;

use super::codes::Code;
use super::diagnostics::{Place, join};
use super::failover_times::{self, FailoverTimes};
use super::groups::Switch;
use super::laws;
use super::reader::{Context, Item, Table};
use super::source::{Source, SourceKind};
use super::topology::{Load, Topology, WriteRate};
use super::tree;
use super::uses::{Need, Use, Uses};
use super::{Confidence, Origin};
use crate::engine::law::Law;
use crate::engine::time::{NANOS_PER_SEC, SimTime, Span, YEAR};
use crate::model::plan::{
    ColdStartNode, DuringFailover, Fencing, FullSync, Membership, Promotion, ReplacementAz,
    ReplacementStarts, Replication, Resync, ResyncSource, Rules, Shard, SubDetection, SyncingCopy,
    SyncingNodes, Timing, Wait, WaitTimeout, Workload,
};
use crate::montecarlo::objectives::Objectives;

use Confidence::{Assumed, Derived, Documented, Reported};

/// A value for a key that is absent.
pub(super) struct Default {
    /// The key.
    pub key: &'static str,
    /// The value, as TOML.
    pub toml: &'static str,
    /// Where it comes from.
    pub origin: Origin,
}

/// A default for the key of a section.
pub(super) const fn default(
    key: &'static str,
    toml: &'static str,
    confidence: Confidence,
    source: &'static str,
) -> Default {
    Default { key, toml, origin: Origin::default(confidence, source) }
}

const REPLACEMENT: Default = default(
    "replacement",
    r#"{ lognormal = { median = "8m", p95 = "20m" } }"#,
    Reported,
    "AWS maintenance FAQ (a few minutes) and service-update timelines",
);
const FULL_SYNC: Default = default(
    "full-sync",
    r#"{ per-gib = "18s" }"#,
    Derived,
    "save, transfer and load times in the log of redis issue 2315",
);
const COLD_START: Default =
    default("cold-start", r#""0s""#, Assumed, "an empty node takes writes at once");
const REBOOT: Default = default(
    "reboot",
    r#"{ uniform = ["1m", "3m"] }"#,
    Documented,
    "AWS FIS template: primary node reboot",
);
const MODIFY: Default =
    default("modify", r#"{ uniform = ["30s", "2m"] }"#, Assumed, "nothing is published");
const TEST_FAILOVER: Default = default(
    "test-failover",
    r#"{ triangular = ["52s", "60s", "115s"] }"#,
    Reported,
    "call to completion 63 s in a published log, 1 to 2 min over runs; less the promotion",
);
const MAINTENANCE_STEP: Default = default(
    "maintenance-step",
    r#"{ uniform = ["30s", "90s"] }"#,
    Reported,
    "39 s, 72 s, 73 s and 83 s in three published timelines",
);
const HANDOVER_START: Default = default(
    "handover-start",
    r#"{ uniform = ["30s", "3m"] }"#,
    Reported,
    "46 s and 165 s in two published timelines",
);
const HANDOVER_PAUSE: Default = default(
    "handover-pause",
    r#"{ uniform = ["0s", "1s"] }"#,
    Reported,
    "documented as none; half a second was seen",
);
const HANDOVER_GAP: Default = default(
    "handover-gap",
    r#"{ uniform = ["1s", "5s"] }"#,
    Documented,
    "up to a few seconds (MZ-09)",
);
const PLANNED_REPLACEMENT: Default = default(
    "planned-replacement",
    r#"{ lognormal = { median = "10m", p95 = "10m 49s" } }"#,
    Reported,
    "9m53, 9m59 and 10m18 in two published timelines",
);
const PATCH_RESTART: Default = default(
    "patch-restart",
    r#"{ fixed = "2s" }"#,
    Reported,
    "2 s for each of three nodes in a published timeline",
);
const PATCH: Default = default(
    "patch",
    r#"{ lognormal = { median = "53s", p95 = "61s" } }"#,
    Reported,
    "53 s, 53 s and 54 s in a published timeline",
);
pub(super) const LAG: Default = default(
    "lag",
    r#"{ exponential = { mean = "200ms" } }"#,
    Assumed,
    "healthy links are faster; load and spikes are not modelled",
);

/// Where the means of defaults may be, as far as something is known; for the others it is half to
/// double. Detection: a cluster node timeout of 5 s, as some run it, and the 30 s in which AWS
/// expects the failover after a power loss of an AZ. Full sync: without a disk, and over the
/// slowest network (save 8.4 s, transfer 11 s and load 5 s per GiB).
const RANGES: [(&str, (&str, &str)); 2] =
    [("timing.detection", ("5s", "30s")), ("timing.full-sync", ("10s", "24s"))];

/// The range of the default `value` at a path, if one is stated. What the guide says of the whole
/// failover is far below the range of detection.
pub(super) fn default_range(path: &str, value: &str) -> Option<(&'static str, &'static str)> {
    let range = RANGES.iter().find(|(of, _)| *of == path);
    range.filter(|_| !failover_times::is_documented(value)).map(|(_, range)| *range)
}

/// What `[run]` says.
#[derive(Clone, Copy)]
pub(super) struct Run {
    /// End of simulated time, if it could be read.
    pub horizon: Option<SimTime>,
    /// Start of what is counted.
    pub warm_up: SimTime,
    /// Number of trials.
    pub trials: u64,
    /// The seed.
    pub seed: u64,
}

/// The most trials of a batch, which keeps 16 bytes of each for the quantiles.
pub const MAX_TRIALS: u64 = 100_000_000;
/// Simulated time ends at 584 years; what a trial schedules beyond its horizon needs room.
const MAX_HORIZON: Span = Span::from_nanos(500 * YEAR.as_nanos());

/// Reads `[run]`.
pub(super) fn run(root: &mut Table<'_>, cx: &mut Context<'_>) -> Run {
    let mut run = Run { horizon: None, warm_up: SimTime::START, trials: 10_000, seed: 42 };
    let hint = r#"write [run] and below it horizon = "1y""#;
    let section = root.require("run", &mut cx.errors, hint);
    let section = section.and_then(|item| item.table(&mut cx.errors, "write [run]"));
    let Some(mut table) = section else {
        return run;
    };
    let hint = r#"the simulated time of one trial, as in horizon = "1y""#;
    if let Some(item) = table.require("horizon", &mut cx.errors, hint)
        && let Some(length) = item.length(&mut cx.errors)
    {
        match length.as_span() {
            Some(span) if span > Span::ZERO && span < MAX_HORIZON => {
                run.horizon = Some(SimTime::START + span);
            }
            Some(_) | None => {
                let message = "must be above zero and below 500 years";
                cx.errors.report(Code::DurationRange, &item.place, message);
            }
        }
    }
    match table.get("trials") {
        Some(item) => {
            run.trials = item.count(&mut cx.errors, 1..=MAX_TRIALS).unwrap_or(run.trials);
        }
        None => {
            let why = Origin::convention("decides how wide the intervals are");
            cx.assume("run.trials", run.trials.to_string(), why);
        }
    }
    match table.get("seed") {
        Some(item) => run.seed = item.count(&mut cx.errors, 0..=u64::MAX).unwrap_or(run.seed),
        None => {
            let why = Origin::convention("any seed is as good");
            cx.assume("run.seed", run.seed.to_string(), why);
        }
    }
    match table.get("warm-up") {
        Some(item) => {
            if let Some(span) = item.span(&mut cx.errors) {
                run.warm_up = SimTime::START + span;
                check_warm_up(run, &item, cx);
            }
        }
        None => {
            let why = Origin::convention("counting begins with everybody up");
            cx.assume("run.warm-up", "\"0s\"", why);
        }
    }
    // It is read where windows are.
    table.allow(&["start"]);
    table.finish(&mut cx.errors, &[]);
    run
}

fn check_warm_up(run: Run, item: &Item<'_>, cx: &mut Context<'_>) {
    if let Some(horizon) = run.horizon
        && run.warm_up >= horizon
    {
        let hint = format!("the horizon is {}", horizon.since(SimTime::START));
        let message = "must be shorter than the horizon";
        cx.errors.report(Code::WarmUpTooLong, &item.place, message).hint(hint);
    }
}

/// A section that may be absent.
pub(super) fn section<'a>(
    root: &mut Table<'a>,
    key: &'static str,
    cx: &mut Context<'_>,
) -> Table<'a> {
    let hint = format!("write [{key}]");
    let found = root.get(key).and_then(|item| item.table(&mut cx.errors, &hint));
    found.unwrap_or_else(|| root.absent(key))
}

/// More writes than any group takes.
const MAX_RATE: u64 = 1_000_000_000;
/// The engines' longest value, 512 MiB (`proto-max-bulk-len`).
const MAX_WRITE_BYTES: u64 = 512 << 20;
/// More data than the largest group holds: 1 PiB.
pub(super) const MAX_DATASET_BYTES: u64 = 1 << 50;

/// Checks that the bytes of all that is written fit the 128 bits in which they are counted.
pub(super) fn check_amounts(
    shards: &[Shard],
    write_bytes: u64,
    horizon: SimTime,
    place: &Place,
    cx: &mut Context<'_>,
) {
    let rate: u128 = shards.iter().map(|shard| u128::from(shard.writes_per_sec)).sum();
    let fits = rate
        .checked_mul(u128::from(horizon.as_nanos()))
        .and_then(|writes| writes.checked_mul(u128::from(write_bytes)))
        .is_some_and(|amount| amount <= u128::MAX / 2);
    if !fits {
        let hint = "lower the write rate, the size of a write, or the horizon";
        cx.errors
            .report(
                Code::TooMuchToCount,
                place,
                "writes more bytes until the horizon than can be counted",
            )
            .hint(hint);
    }
}

/// Reads `[workload]`: what the groups take, and what the writes are like.
pub(super) fn workload(mut table: Table<'_>, cx: &mut Context<'_>) -> (Load, Workload) {
    const WHY: Origin = Origin::default(Assumed, "an example");
    let per_group = table.get("writes-per-second");
    let per_shard = table.get("writes-per-second-per-shard");
    let rate = match (per_group, per_shard) {
        (Some(per_group), Some(per_shard)) => {
            let message =
                "`writes-per-second` and `writes-per-second-per-shard` exclude each other";
            cx.errors
                .report(Code::Exclusive, &per_shard.place, message)
                .hint("the first is for a whole group, split by slots; the second for each shard")
                .relate(&per_group.place.at, "the rate of a whole group");
            None
        }
        (Some(item), None) => item.count(&mut cx.errors, 0..=MAX_RATE).map(WriteRate::PerGroup),
        (None, Some(item)) => item.count(&mut cx.errors, 0..=MAX_RATE).map(WriteRate::PerShard),
        (None, None) => {
            cx.assume(&join(&table.place.path, "writes-per-second"), "1000", WHY);
            Some(WriteRate::PerGroup(1000))
        }
    };
    let mut size = |key: &'static str, range, (bytes, shown): (u64, &str)| match table.get(key) {
        Some(item) => item.size(&mut cx.errors, range).unwrap_or(bytes),
        None => {
            cx.assume(&join(&table.place.path, key), shown, WHY);
            bytes
        }
    };
    let write_bytes = size("write-size", 1..=MAX_WRITE_BYTES, (512, "\"512 B\""));
    let dataset_bytes = size("dataset", 0..=MAX_DATASET_BYTES, (1 << 30, "\"1 GiB\""));
    let wait = table.get("wait").and_then(|item| wait(&item, cx));
    let reads_per_sec = match table.get("reads-per-second") {
        Some(item) => item.count(&mut cx.errors, 0..=MAX_RATE).unwrap_or(0),
        None => {
            let why = Origin::convention("all that reads change is the count of those that miss");
            cx.assume(&join(&table.place.path, "reads-per-second"), "0", why);
            0
        }
    };
    table.finish(&mut cx.errors, &[]);
    let rate = rate.unwrap_or(WriteRate::PerGroup(0));
    (Load { rate, reads_per_sec, dataset_bytes }, Workload { write_bytes, wait })
}

/// Which writes wait for replicas, and for how many.
fn wait(item: &Item<'_>, cx: &mut Context<'_>) -> Option<Wait> {
    const HINT: &str = "write wait = { replicas = 1, share = 0.5 }";
    let mut table = item.table(&mut cx.errors, HINT)?;
    let replicas = table.require("replicas", &mut cx.errors, HINT);
    let replicas = replicas.and_then(|item| item.count(&mut cx.errors, 1..=MOST_REPLICAS));
    let share_ppm = match table.get("share") {
        Some(item) => share_ppm(&item, cx),
        None => {
            let why = Origin::convention("every write waits");
            cx.assume(&join(&table.place.path, "share"), "1.0", why);
            Some(WHOLE_PPM)
        }
    };
    table.finish(&mut cx.errors, &[]);
    Some(Wait { replicas: replicas? as u8, share_ppm: share_ppm? })
}

/// All writes, in millionths.
const WHOLE_PPM: u32 = 1_000_000;

fn share_ppm(item: &Item<'_>, cx: &mut Context<'_>) -> Option<u32> {
    let share = item.number(&mut cx.errors)?;
    let millionths = (share * f64::from(WHOLE_PPM)).round();
    // Written so that NaN fails it.
    let is_valid = millionths >= 1.0 && share <= 1.0;
    if !is_valid {
        let message = "a share lies above 0 and up to 1";
        let hint = "at least a millionth waits; leave `wait` out if no write does";
        cx.errors.report(Code::NotAShare, &item.place, message).hint(hint);
        return None;
    }
    Some(millionths as u32)
}

/// Whether the default backlog of a group's engine grew to 10 MB (Valkey 8.0 and later).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum BacklogEra {
    /// 1 MiB.
    Small,
    /// 10 MiB.
    Large,
}

/// Reads `[replication]`; gives also where it says how many replicas writes ask for.
pub(super) fn replication(
    mut table: Table<'_>,
    era: BacklogEra,
    cx: &mut Context<'_>,
) -> (Replication, Option<Place>) {
    let lag = law(&mut table, &LAG, cx);
    let backlog_bytes = match table.get("backlog") {
        Some(item) => item.size(&mut cx.errors, 0..=MAX_DATASET_BYTES).unwrap_or(0),
        None => {
            let (mib, shown) = match era {
                BacklogEra::Small => (1, "\"1 MiB\""),
                BacklogEra::Large => (10, "\"10 MiB\""),
            };
            let source = "repl-backlog-size of the engine version";
            let why = Origin::derived(Documented, source);
            cx.assume(&join(&table.place.path, "backlog"), shown, why);
            mib << 20
        }
    };
    let asked = table.get("min-replicas-to-write");
    let min_replicas = match &asked {
        Some(item) => item.count(&mut cx.errors, 0..=MOST_REPLICAS).unwrap_or(0) as u8,
        None => {
            let why = Origin::convention("off, as in the parameter groups of ElastiCache");
            cx.assume(&join(&table.place.path, "min-replicas-to-write"), "0", why);
            0
        }
    };
    let max_lag = max_lag(&mut table, (min_replicas, asked.is_some()), cx);
    table.finish(&mut cx.errors, &["link"]);
    let asked = asked.filter(|_| min_replicas > 0).map(|item| item.place);
    (Replication { lag, backlog_bytes, min_replicas, max_lag }, asked)
}

/// Replicas of a shard, at most: a limit of ElastiCache.
const MOST_REPLICAS: u64 = 5;

/// For how long a replica is good that is not heard of: whole seconds.
fn max_lag(
    table: &mut Table<'_>,
    (min_replicas, is_given): (u8, bool),
    cx: &mut Context<'_>,
) -> Span {
    const KEY: &str = "min-replicas-max-lag";
    const DEFAULT: Span = Span::from_secs(10);
    /// The engines count in seconds, in 31 bits.
    const MOST: Span = Span::from_secs((1 << 31) - 1);
    match table.get(KEY) {
        Some(item) => {
            if !is_given {
                let message = "nothing in the scenario uses it";
                let hint = "it matters with min-replicas-to-write above 0";
                cx.errors.report(Code::WithoutEffect, &item.place, message).hint(hint);
            }
            let Some(span) = item.span(&mut cx.errors) else { return DEFAULT };
            let is_whole = span.as_nanos().is_multiple_of(NANOS_PER_SEC);
            if span == Span::ZERO || span > MOST || !is_whole {
                let message = "must be whole seconds, at least one and below 2^31";
                let hint = "the engine takes no others; min-replicas-to-write = 0 switches it off";
                cx.errors.report(Code::DurationRange, &item.place, message).hint(hint);
            }
            span
        }
        None => {
            if min_replicas > 0 {
                let source = "the engine's own, in the parameter groups of ElastiCache";
                let why = Origin::default(Documented, source);
                cx.assume(&join(&table.place.path, KEY), "\"10s\"", why);
            }
            DEFAULT
        }
    }
}

/// How many replicas each shard begins with.
fn replicas_of(topology: &Topology) -> impl Iterator<Item = usize> + '_ {
    let members = |nodes: Range<u16>| {
        let nodes = &topology.nodes[usize::from(nodes.start)..usize::from(nodes.end)];
        nodes.iter().filter(|node| node.membership == Membership::Member).count()
    };
    topology.shards.iter().map(move |shard| members(shard.nodes.clone()).saturating_sub(1))
}

/// Where no shard has as many replicas as WAIT asks for, it is never answered.
pub(super) fn check_wait(
    workload: Workload,
    place: &Place,
    topology: &Topology,
    cx: &mut Context<'_>,
) {
    let most = replicas_of(topology).max().unwrap_or(0);
    if let Some(wait) = workload.wait.filter(|wait| usize::from(wait.replicas) > most) {
        let message = format!("no shard has {} replicas: every WAIT times out", wait.replicas);
        let hint = "lower wait.replicas, or give the shards more replicas";
        let place = Place { path: join(&place.path, "wait"), ..place.clone() };
        cx.errors.report(Code::WithoutEffect, &place, message).hint(hint);
    }
}

/// Writes that ask for more replicas than a shard has are never taken, and those that ask for all
/// of them wait for the repair of each.
pub(super) fn check_min_replicas(
    min_replicas: u8,
    place: &Place,
    topology: &Topology,
    cx: &mut Context<'_>,
) {
    let fewest = replicas_of(topology).min();
    let Some(fewest) = fewest.filter(|fewest| *fewest <= usize::from(min_replicas)) else {
        return;
    };
    let many = |n: usize, one: &str, more: &str| match n {
        1 => format!("1 {one}"),
        _ => format!("{n} {more}"),
    };
    let has = many(fewest, "replica", "replicas");
    if fewest < usize::from(min_replicas) {
        let message = format!("no write is ever taken in a shard with {has}");
        let hint = "lower it, or give every shard more replicas";
        cx.errors.report(Code::TooManyGoodReplicas, place, message).hint(hint);
    } else {
        let message = format!("a shard has {has}: writes stop whenever one is replaced or syncs");
        let hint = "one replica more would let writes go on";
        cx.errors.report(Code::EveryReplicaNeeded, place, message).hint(hint);
    }
}

/// Reads `[timing]`. What only operations and service updates use is listed where they are.
pub(super) fn timing(
    table: &mut Table<'_>,
    (uses, promoting): (&Uses, Use),
    cx: &mut Context<'_>,
) -> Timing {
    // In hints they come first.
    table.allow(&[
        "preset",
        "detection",
        "promotion",
        "endpoint",
        "replacement",
        "full-sync",
        "cold-start",
        "reboot",
    ]);
    let mut law_if = |default: &Default, need: Need, cx: &mut Context<'_>| {
        planned_law(table, default, uses.of_need(need), cx)
    };
    let modify = law_if(&MODIFY, Need::Modify, cx);
    let test_failover = law_if(&TEST_FAILOVER, Need::TestFailover, cx);
    let maintenance_step = law_if(&MAINTENANCE_STEP, Need::Step, cx);
    let handover_start = law_if(&HANDOVER_START, Need::HandoverStart, cx);
    let handover_pause = law_if(&HANDOVER_PAUSE, Need::HandoverPause, cx);
    let handover_gap = law_if(&HANDOVER_GAP, Need::HandoverGap, cx);
    let planned_replacement = law_if(&PLANNED_REPLACEMENT, Need::Replace, cx);
    let patch_restart = law_if(&PATCH_RESTART, Need::Patch, cx);
    let patch = law_if(&PATCH, Need::Patch, cx);
    let FailoverTimes { detection, promotion, endpoint } =
        failover_times::read(table, promoting, cx);
    Timing {
        detection,
        promotion,
        endpoint,
        replacement: law(table, &REPLACEMENT, cx),
        full_sync: full_sync(table, &FULL_SYNC, cx),
        cold_start: law(table, &COLD_START, cx),
        reboot: law(table, &REBOOT, cx),
        modify,
        test_failover,
        maintenance_step,
        handover_start,
        handover_pause,
        handover_gap,
        planned_replacement,
        patch_restart,
        patch,
    }
}

/// Reads `[objectives]`.
pub(super) fn objectives(mut table: Table<'_>, cx: &mut Context<'_>) -> Objectives {
    let mut length = |key| {
        let item: Item<'_> = table.get(key)?;
        let span = item.span(&mut cx.errors)?;
        if span == Span::ZERO {
            let hint = "leave it out if nothing is asked";
            cx.errors.report(Code::DurationRange, &item.place, "must be above zero").hint(hint);
            return None;
        }
        Some(span)
    };
    let (rto, rpo) = (length("rto"), length("rpo"));
    table.finish(&mut cx.errors, &[]);
    Objectives { rto, rpo }
}

/// What stands in for a law that could not be read; the scenario is refused anyway.
fn stand_in() -> Law {
    Law::fixed(Span::ZERO)
}

/// The law of a key, or its default.
pub(super) fn law(table: &mut Table<'_>, default: &Default, cx: &mut Context<'_>) -> Law {
    match table.get(default.key) {
        Some(item) => laws::read(&item, cx).unwrap_or_else(stand_in),
        None => {
            let path = join(&table.place.path, default.key);
            cx.assume(&path, default.toml, default.origin.clone());
            with_default(default, laws::read)
        }
    }
}

/// The law of a key that only planned work uses, or its default. One that nothing uses is checked
/// and no assumption.
fn planned_law(table: &mut Table<'_>, default: &Default, used: Use, cx: &mut Context<'_>) -> Law {
    if used == Use::Used {
        return law(table, default, cx);
    }
    let Some(item) = table.get(default.key) else {
        return with_default(default, laws::read);
    };
    if used == Use::Unused {
        report_unused(&item, cx);
    }
    laws::read_scripted(&item, cx).unwrap_or_else(stand_in)
}

/// Warns of a value that no fault and no operation of the scenario uses.
pub(super) fn report_unused(item: &Item<'_>, cx: &mut Context<'_>) {
    let message = "nothing in the scenario uses it";
    let hint = "it matters with an [[operation]] or a fault that needs it: leave it out without";
    cx.errors.report(Code::WithoutEffect, &item.place, message).hint(hint);
}

/// The time of a key that may depend on the size of the data, or its default.
pub(super) fn full_sync(
    table: &mut Table<'_>,
    default: &Default,
    cx: &mut Context<'_>,
) -> FullSync {
    match table.get(default.key) {
        Some(item) => read_full_sync(&item, cx).unwrap_or_else(|| FullSync::Law(stand_in())),
        None => {
            let path = join(&table.place.path, default.key);
            cx.assume(&path, default.toml, default.origin.clone());
            with_default(default, read_full_sync)
        }
    }
}

/// Reads `{ per-gib = "18s" }`, or a law.
fn read_full_sync(item: &Item<'_>, cx: &mut Context<'_>) -> Option<FullSync> {
    if !item.is_table() {
        return laws::read(item, cx).map(FullSync::Law);
    }
    let mut table = item.table(&mut cx.errors, "")?;
    let Some(per_gib) = table.get("per-gib") else {
        return laws::read_table(item, table, cx).map(FullSync::Law);
    };
    if laws::source(&mut table, cx) == laws::Source::Absent {
        cx.assume(&item.place.path, item.printed(), Origin::Unsourced);
    }
    table.finish(&mut cx.errors, &[]);
    per_gib.span(&mut cx.errors).map(FullSync::PerGib)
}

/// Reads a default through the same door as everything else, so that what is shown is what is
/// used.
pub(super) fn with_default<T>(
    default: &Default,
    read: impl FnOnce(&Item<'_>, &mut Context<'_>) -> Option<T>,
) -> T {
    let source = Source::new("default", default.toml, SourceKind::Internal);
    let node = tree::value(&source).expect("a default is TOML: a test reads them all");
    let read = read(&Item::new(String::new(), &node), &mut Context::new(Path::new("")));
    read.expect("a default is valid: a test reads them all")
}

/// As [`rule`], of one that matters only if something uses it.
pub(super) fn rule_if<T: Copy>(
    table: &mut Table<'_>,
    key: &'static str,
    among: &[(&str, T)],
    why: (Confidence, &'static str),
    used: Use,
    cx: &mut Context<'_>,
) -> T {
    let (_, first) = among[0];
    match (table.get(key), used) {
        (_, Use::Used) => rule(table, key, among, why, cx),
        (Some(item), Use::SwitchedOff | Use::Unused) => {
            if used == Use::Unused {
                report_unused(&item, cx);
            }
            item.choice(&mut cx.errors, among).unwrap_or(first)
        }
        (None, Use::SwitchedOff | Use::Unused) => first,
    }
}

/// The choice of a rule; the first of `among` is the default.
pub(super) fn rule<T: Copy>(
    table: &mut Table<'_>,
    key: &'static str,
    among: &[(&str, T)],
    (confidence, source): (Confidence, &'static str),
    cx: &mut Context<'_>,
) -> T {
    let (name, first) = among[0];
    let path = join(&table.place.path, key);
    let choices = among.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    cx.choices.insert(path.clone(), choices);
    match table.get(key) {
        Some(item) => item.choice(&mut cx.errors, among).unwrap_or(first),
        None => {
            let why = Origin::default(confidence, source);
            cx.assume(&path, format!("\"{name}\""), why);
            first
        }
    }
}

/// The choice of a rule that is written `true` or `false`; the first of the two is the default.
fn switch<T: Copy>(
    table: &mut Table<'_>,
    key: &'static str,
    [(first_name, first), (_, second)]: [(bool, T); 2],
    (confidence, source): (Confidence, &'static str),
    cx: &mut Context<'_>,
) -> T {
    match table.get(key) {
        Some(item) => match item.boolean(&mut cx.errors) {
            Some(on) if on != first_name => second,
            Some(_) | None => first,
        },
        None => {
            let why = Origin::default(confidence, source);
            cx.assume(&join(&table.place.path, key), first_name.to_string(), why);
            first
        }
    }
}

/// Reads `[rules]`: the model's, and who is promoted. Whether any group fails over, if that could
/// be read, decides whether the latter has an effect.
pub(super) fn rules(
    mut table: Table<'_>,
    failover: Option<Switch>,
    uses: &Uses,
    cx: &mut Context<'_>,
) -> (Rules, Option<Promotion>) {
    use ReplacementStarts::{AfterDetection, AfterFailover, AtFailure};
    let t = &mut table;
    let starts = [
        ("after-detection", AfterDetection),
        ("at-failure", AtFailure),
        ("after-failover", AfterFailover),
    ];
    let why = (Assumed, "nothing is repaired before it is known to be lost");
    let replacement_starts = rule(t, "replacement-starts", &starts, why, cx);
    let ways = [("full", Resync::Full), ("engine", Resync::Engine), ("none", Resync::None)];
    let why = (Documented, "ElastiCache user guide (MZ-62)");
    let resync = rule(t, "resync-after-failover", &ways, why, cx);
    let successors = [
        ("least-lag", Some(Promotion::LeastLag)),
        ("random", Some(Promotion::Random)),
        ("lowest-id", Some(Promotion::LowestId)),
        ("none", None),
    ];
    let why = (Documented, "ElastiCache user guide (MZ-24)");
    let promotion = rule(t, "promotion", &successors, why, cx);
    // The default rule beside a switch that is off is what a resolved scenario writes.
    let is_default = promotion == Some(Promotion::LeastLag);
    let is_idle = !is_default
        && failover.is_some_and(|failover| (failover == Switch::On) != promotion.is_some());
    let given = t.get("promotion").filter(|_| is_idle);
    if let Some(item) = given {
        let (message, hint) = match promotion {
            None => (
                "nobody is promoted, although automatic failover is on",
                "write another rule, or, without cluster mode, automatic-failover = false",
            ),
            Some(_) => (
                "nobody is promoted, since automatic failover is off",
                "write automatic-failover = true, or leave the rule out",
            ),
        };
        cx.errors.report(Code::WithoutEffect, &item.place, message).hint(hint);
    }
    let ways = [(true, ReplacementAz::Waits), (false, ReplacementAz::Ignores)];
    let why = (Documented, "ElastiCache user guide (MZ-59)");
    let replacement_az = switch(t, "replacement-waits-for-az", ways, why, cx);
    let ways = [(true, ResyncSource::Primary), (false, ResyncSource::AnyCopy)];
    let why = (Assumed, "replicas attach to a primary only");
    let resync_source = switch(t, "resync-needs-primary", ways, why, cx);
    let ways = [(false, SyncingCopy::Incomplete), (true, SyncingCopy::CountsAsComplete)];
    let why = (Derived, "only available replicas are candidates (MZ-30)");
    let syncing = switch(t, "syncing-counts-as-complete", ways, why, cx);
    let ways = [("continue", DuringFailover::Continue), ("restart", DuringFailover::Restart)];
    let why = (Assumed, "simultaneous failures are one scenario (MZ-36)");
    let failure_during_failover = rule(t, "failure-during-failover", &ways, why, cx);
    let ways = [(true, SyncingNodes::CanFail), (false, SyncingNodes::CannotFail)];
    let why = (Assumed, "a host's life begins when it joins");
    let syncing_nodes = switch(t, "syncing-nodes-can-fail", ways, why, cx);
    let ways =
        [("first-ready", ColdStartNode::FirstReady), ("primary-slot", ColdStartNode::PrimarySlot)];
    let why = (Assumed, "the guide leaves it open (MZ-33)");
    let cold_start_node = rule(t, "cold-start-node", &ways, why, cx);
    let ways = [("blip", SubDetection::Blip), ("failover", SubDetection::Failover)];
    let why = (Assumed, "what is never detected cannot start a failover");
    let sub_detection_fault = rule(t, "sub-detection-fault", &ways, why, cx);
    let ways = [("at-promotion", Fencing::AtPromotion), ("on-return", Fencing::OnReturn)];
    let why = (Assumed, "a failed primary is taken offline first (MZ-67)");
    let fencing = rule_if(t, "fencing", &ways, why, uses.of_need(Need::Isolation), cx);
    let ways = [("proceed", WaitTimeout::Proceed), ("fail", WaitTimeout::Fail)];
    let why = (Assumed, "the reply only counts replicas, and few clients look at it");
    let wait_timeout = rule_if(t, "wait-timeout", &ways, why, uses.of_need(Need::Wait), cx);
    let rules = Rules {
        replacement_starts,
        resync,
        replacement_az,
        resync_source,
        syncing,
        failure_during_failover,
        syncing_nodes,
        cold_start_node,
        sub_detection_fault,
        fencing,
        wait_timeout,
    };
    table.finish(&mut cx.errors, &[]);
    (rules, promotion)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_can_be_read() {
        let laws = [REPLACEMENT, COLD_START, REBOOT, LAG];
        let planned = [
            MODIFY,
            TEST_FAILOVER,
            MAINTENANCE_STEP,
            HANDOVER_START,
            HANDOVER_PAUSE,
            HANDOVER_GAP,
            PLANNED_REPLACEMENT,
            PATCH_RESTART,
            PATCH,
        ];
        let laws = laws.into_iter().chain(planned);
        for default in laws {
            with_default(&default, laws::read);
        }
        with_default(&FULL_SYNC, read_full_sync);
    }
}
