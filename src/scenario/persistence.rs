//! What outlives memory: `[backup]` and its times, which stand in `[timing]`, `[persistence]` and
//! `[durability]`.
//!
//! Defaults are listed as assumptions only where something can depend on them.

use super::Confidence::{Assumed, Documented, Reported};
use super::Origin;
use super::codes::Code;
use super::diagnostics::Place;
use super::faults::{SHORTEST_MEAN_LIFE, SHORTEST_MEDIAN_LIFE};
use super::groups::{EngineKind, GroupDraft};
use super::laws;
use super::node_types;
use super::reader::{Context, Item, Table};
use super::sections::{self, Default, default};
use super::topology::Topology;
use super::uses::{Need, Use, Uses};
use crate::engine::law::Law;
use crate::engine::time::{DAY, SimTime, Span};
use crate::model::archive::MANUAL_QUOTA;
use crate::model::persistence::{
    AfterLoss, Durability, DurableLogPlan, Forkless, Fsync, LogPlan, SnapshotPlan,
};
use crate::model::plan::{FullSync, Shard, Switch};

const SNAPSHOT: Default = default(
    "snapshot",
    r#"{ per-gib = "8.4s" }"#,
    Reported,
    "120 MB/s: save times in the log of redis issue 2315",
);
const FORK: Default = default(
    "fork",
    r#"{ per-gib = "10ms" }"#,
    Documented,
    "Redis documentation, latency: 10 ms per GB on current instances",
);
const RESTORE_DECISION: Default =
    default("restore-decision", r#"{ fixed = "15m" }"#, Assumed, "somebody is on call");
const RESTORE_PROVISION: Default = default(
    "restore-provision",
    r#"{ lognormal = { median = "8m", p95 = "25m" } }"#,
    Reported,
    "creation times in issues of terraform and its AWS provider",
);
const SNAPSHOT_LOAD: Default =
    default("snapshot-load", r#"{ per-gib = "5.4s" }"#, Assumed, "200 MB/s");
const RE_POINTING: Default = default(
    "re-pointing",
    r#"{ fixed = "5m" }"#,
    Assumed,
    "a new endpoint in the application's configuration",
);
const REPLAY: Default = default(
    "replay",
    r#"{ per-gib = "14s" }"#,
    Assumed,
    "75 MB/s, and a file as large as the data",
);

const LOG_LAG: Default = default(
    "log-lag",
    r#"{ uniform = ["0s", "10s"] }"#,
    Assumed,
    "only the bound of 10 s is documented; our reading: a failover loses what the log lacks, even \
     if the replica has it",
);
const LOG_RESTORE: Default =
    default("restore", r#"{ per-gib = "18s" }"#, Assumed, "as long as a full sync");

/// Whether snapshots may be taken: automatic ones, or those that somebody calls for.
pub(super) fn use_of_snapshots(drafts: &[GroupDraft], uses: &Uses) -> Use {
    let is_daily = drafts.iter().any(|draft| draft.schedule.retention > 0);
    let is_called = uses.of_need(Need::Snapshot) != Use::Unused;
    if is_daily || is_called { Use::Used } else { Use::Unused }
}

/// Reads the law of the time between two snapshots that users call for. It is part of the question,
/// and no assumption.
pub(super) fn interval(item: &Item<'_>, cx: &mut Context<'_>) -> Option<Law> {
    let law = laws::read_scripted(item, cx)?;
    let is_short = law.mean() < SHORTEST_MEAN_LIFE || law.quantile(0.5) < SHORTEST_MEDIAN_LIFE;
    if is_short {
        let message = "snapshots follow each other too fast";
        let hint = "the mean must be at least 1s and the median 1ms, as in snapshot-every = \"6h\"";
        cx.errors.report(Code::LifeTooShort, &item.place, message).hint(hint);
        return None;
    }
    Some(law)
}

/// Warns of snapshots of users that all come after the end, or more often than ElastiCache takes
/// them (BK-03).
pub(super) fn check_intervals(drafts: &[GroupDraft], horizon: SimTime, cx: &mut Context<'_>) {
    for (law, place) in drafts.iter().filter_map(|draft| draft.schedule.every.as_ref()) {
        let length = horizon.since(SimTime::START);
        if law.range().is_some_and(|(shortest, _)| shortest >= length) {
            let message = format!("no snapshot comes in the {length}");
            let hint = "write a shorter time, or raise run.horizon";
            cx.errors.report(Code::WithoutEffect, place, message).hint(hint);
        } else if law.mean() * (MANUAL_QUOTA as f64) < DAY.as_nanos() as f64 {
            let message = format!(
                "asks for a snapshot every {} on average, and a node gives {MANUAL_QUOTA} in 24 \
                 hours: the others are refused",
                Span::from_nanos_f64(law.mean())
            );
            let hint = "write snapshot-every = \"72m\" or more (BK-03)";
            cx.errors.report(Code::TooManySnapshots, place, message).hint(hint);
        }
    }
}

/// Whether any group has an append-only file.
pub(super) fn use_of_log(root: &Table<'_>, drafts: &[GroupDraft]) -> Use {
    let is_on = drafts.iter().any(|draft| draft.append_only_file == Switch::On);
    match is_on || root.peek("persistence").is_some() {
        true => Use::Used,
        false => Use::Unused,
    }
}

/// Reads `[backup]`, and the times of snapshots in `[timing]`.
pub(super) fn snapshots(
    mut table: Table<'_>,
    timing: &mut Table<'_>,
    used: Use,
    cx: &mut Context<'_>,
) -> SnapshotPlan {
    if let (Use::Unused, Some(item)) = (used, table.get("after-dataset-loss")) {
        let message = "no snapshot is taken";
        let hint = "write snapshot-retention in [group], as in snapshot-retention = 7, or leave \
                    this out";
        cx.errors.report(Code::WithoutEffect, &item.place, message).hint(hint);
    }
    quietly(used, cx, |cx| {
        let ways = [("restore", AfterLoss::Restore), ("start-cold", AfterLoss::StartCold)];
        let why = (Assumed, "who takes snapshots uses them");
        let after_dataset_loss = sections::rule(&mut table, "after-dataset-loss", &ways, why, cx);
        table.finish(&mut cx.errors, &[]);
        SnapshotPlan {
            after_dataset_loss,
            take: sections::full_sync(timing, &SNAPSHOT, cx),
            fork: sections::full_sync(timing, &FORK, cx),
            decision: sections::law(timing, &RESTORE_DECISION, cx),
            provision: sections::law(timing, &RESTORE_PROVISION, cx),
            load: sections::full_sync(timing, &SNAPSHOT_LOAD, cx),
            re_pointing: sections::law(timing, &RE_POINTING, cx),
        }
    })
}

/// Reads `[persistence]`.
pub(super) fn log(mut table: Table<'_>, used: Use, cx: &mut Context<'_>) -> LogPlan {
    quietly(used, cx, |cx| {
        let ways = [("everysec", Fsync::EverySecond), ("always", Fsync::Always), ("no", Fsync::No)];
        let why = (Documented, "appendfsync of the engine");
        let fsync = sections::rule(&mut table, "fsync", &ways, why, cx);
        let replay: FullSync = sections::full_sync(&mut table, &REPLAY, cx);
        table.finish(&mut cx.errors, &[]);
        LogPlan { fsync, replay }
    })
}

/// Reads `[durability]`: what of it durable groups need, and of the lag those with `async`.
pub(super) fn durable_log(
    mut table: Table<'_>,
    drafts: &[GroupDraft],
    cx: &mut Context<'_>,
) -> DurableLogPlan {
    let has = |level: &dyn Fn(Durability) -> bool| match drafts.iter().any(|d| level(d.durability))
    {
        true => Use::Used,
        false => Use::Unused,
    };
    let trails = has(&|level| level == Durability::Async);
    let lag = quietly(trails, cx, |cx| sections::law(&mut table, &LOG_LAG, cx));
    let is_read = has(&|level| level != Durability::Disabled);
    let restore = quietly(is_read, cx, |cx| sections::full_sync(&mut table, &LOG_RESTORE, cx));
    table.finish(&mut cx.errors, &[]);
    DurableLogPlan { lag, restore }
}

/// Bytes of writes per second that a durable primary takes (user guide, durability).
const MOST_LOGGED: u128 = 100 << 20;

/// Warns of durable shards that are offered more writes than their log takes: the model lets them
/// pass.
pub(super) fn check_log_rate(
    write_bytes: u64,
    topology: &Topology,
    place: &Place,
    cx: &mut Context<'_>,
) {
    let is_durable =
        |shard: &&Shard| topology.groups[shard.group.idx()].durability != Durability::Disabled;
    let bytes = |shard: &Shard| u128::from(shard.writes_per_sec) * u128::from(write_bytes);
    let most = topology.shards.iter().filter(is_durable).max_by_key(|shard| bytes(shard));
    if let Some(shard) = most.filter(|shard| bytes(shard) > MOST_LOGGED) {
        let message = format!(
            "shard `{}` is offered {} MiB of writes per second, and a durable primary takes 100",
            shard.id,
            bytes(shard) >> 20
        );
        let hint = "the model lets them pass: take more shards, or lower the rate or write-size";
        cx.errors.report(Code::LogTooSlow, place, message).hint(hint);
    }
}

/// No group may be called as another one is that was restored.
pub(super) fn check_restored_ids(used: Use, drafts: &[GroupDraft], cx: &mut Context<'_>) {
    if used != Use::Used {
        return;
    }
    for draft in drafts {
        let Some((id, number)) = draft.id.rsplit_once("-restored-") else {
            continue;
        };
        let is_number = number.parse::<u32>().is_ok();
        if is_number && drafts.iter().any(|other| other.id == id) {
            let message = format!("the group that is restored for `{id}` may be called so");
            let hint = "a restored group has the id of the lost one and a number: choose another";
            cx.errors.report(Code::NotUnique, &draft.place, message).hint(hint);
        }
    }
}

/// Reads, and forgets the defaults and choices that nothing depends on.
pub(super) fn quietly<'a, T>(
    used: Use,
    cx: &mut Context<'a>,
    read: impl FnOnce(&mut Context<'a>) -> T,
) -> T {
    let n_assumptions = cx.assumptions.len();
    let choices = cx.choices.clone();
    let value = read(cx);
    if used != Use::Used {
        let defaults = cx.assumptions.split_off(n_assumptions);
        // What is written, and has no source, is an assumption all the same.
        let is_written = |why: &Origin| matches!(why, Origin::Unsourced);
        cx.assumptions.extend(defaults.into_iter().filter(|given| is_written(&given.why)));
        cx.choices = choices;
    }
    value
}

impl GroupDraft {
    /// Bytes of memory of its nodes, with what is reserved, where the node type is known.
    pub(super) fn memory_bytes(&self) -> Option<u64> {
        if let Some(own) = &self.self_hosted {
            return own.memory;
        }
        self.node_type.as_ref().and_then(|(name, _)| node_types::memory_bytes(name))
    }

    /// Whether its engine can back up without forking (BK-04).
    pub(super) fn forkless(&self) -> Forkless {
        match self.engine.kind {
            EngineKind::Redis if self.engine.version < [2, 8, 22] => Forkless::Missing,
            EngineKind::Redis | EngineKind::Valkey => Forkless::Available,
        }
    }
}
