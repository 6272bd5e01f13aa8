//! What arithmetic alone tells of a migration: whether the target ever catches up, whether a full
//! sync is dropped again and again, and whether the source's memory holds what one needs.
//!
//! All are rates × time against sizes, with the means of laws, as the model has it (`follow`,
//! `link`): while a full sync is saved, sent and loaded nobody reads what is written meanwhile.

use super::codes::Code;
use super::diagnostics::{Covers, Place};
use super::reader::Context;
use super::topology::Topology;
use crate::engine::time::{NANOS_PER_SEC, Span};
use crate::model::plan::{CutOver, FullSync, LinkPlan, MigrationPlan, Shard, Workload};

/// Bytes and seconds of the full sync of a shard.
struct Sums<'a> {
    shard: &'a Shard,
    group: &'a str,
    /// Bytes of writes per second.
    rate: f64,
    /// Bytes of data.
    data: f64,
    /// Seconds for which the source forks.
    forked: f64,
    /// Seconds for which it forks and writes its copy to disk.
    saved: f64,
    /// Seconds for which the data is sent.
    sent: f64,
    /// Seconds for which it is loaded.
    loaded: f64,
}

/// Warns of what cannot come right, each of the shard for which it is worst.
pub(super) fn check(
    plan: &MigrationPlan,
    (topology, workload): (&Topology, Workload),
    place: &Place,
    cx: &mut Context<'_>,
) {
    // From a number that could not be read nothing is to be reckoned.
    if cx.errors.has_errors() {
        return;
    }
    let sums = of_shards(plan, topology, workload);
    let group = &topology.groups[plan.source.idx()];
    let place = Place { covers: Covers::Key, ..place.clone() };
    check_lag(plan, &place, cx);
    if let Some(least) = sums.iter().map(|sums| sums.shard).min_by_key(|it| it.writes_per_sec) {
        check_cohorts(least, (plan.clients.cohorts, &group.id), &place, cx);
    }
    if let Some(worst) = sums.iter().max_by(|a, b| a.rate.total_cmp(&b.rate)) {
        check_bandwidth(worst, &plan.link, &place, cx);
    }
    let waiting = |sums: &Sums<'_>| sums.waiting();
    if let Some(worst) = sums.iter().max_by(|a, b| waiting(a).total_cmp(&waiting(b))) {
        check_buffer(worst, &plan.link, &place, cx);
    }
    let page = plan.link.page_bytes as f64 / workload.write_bytes as f64;
    let needed = |sums: &Sums<'_>| sums.memory(page);
    if let Some(worst) = sums.iter().max_by(|a, b| needed(a).total_cmp(&needed(b))) {
        check_memory(worst, (&plan.link, page), &place, cx);
    }
}

/// The sums of each shard of the source.
fn of_shards<'a>(
    plan: &MigrationPlan,
    topology: &'a Topology,
    workload: Workload,
) -> Vec<Sums<'a>> {
    let group = &topology.groups[plan.source.idx()];
    let shards = group.shards.clone().map(|shard| &topology.shards[usize::from(shard)]);
    shards.map(|shard| Sums::of(shard, (&group.id, &plan.link), workload)).collect()
}

/// How long a full sync of the largest shard takes in the mean: saved, sent and loaded.
pub(super) fn full_sync(plan: &MigrationPlan, topology: &Topology, workload: Workload) -> Span {
    let sums = of_shards(plan, topology, workload);
    let longest = sums.iter().map(|sums| sums.saved + sums.sent + sums.loaded).fold(0.0, f64::max);
    Span::from_nanos_f64(longest * NANOS_PER_SEC as f64)
}

impl<'a> Sums<'a> {
    fn of(shard: &'a Shard, (group, link): (&'a str, &LinkPlan), workload: Workload) -> Sums<'a> {
        let data = shard.dataset_bytes as f64;
        Sums {
            shard,
            group,
            rate: shard.writes_per_sec as f64 * workload.write_bytes as f64,
            data,
            forked: mean_seconds(&link.fork_pause, shard.dataset_bytes),
            saved: mean_seconds(&link.fork_pause, shard.dataset_bytes)
                + mean_seconds(&link.save, shard.dataset_bytes),
            sent: data / link.bytes_per_sec as f64,
            loaded: mean_seconds(&link.load, shard.dataset_bytes),
        }
    }

    /// Bytes that wait for the target when it has loaded the data.
    fn waiting(&self) -> f64 {
        self.rate * (self.saved + self.sent + self.loaded)
    }

    /// Bytes that are written while a child of the source writes its copy: to disk, or into the
    /// link where there is nothing to be saved.
    fn written(&self) -> f64 {
        self.rate * if self.saved > self.forked { self.saved } else { self.saved + self.sent }
    }

    /// Bytes of pages that exist twice when that ends, if each byte that is written copies `page`
    /// bytes.
    fn copied(&self, page: f64) -> f64 {
        (self.written() * page).min(self.data)
    }

    /// The most bytes that the source takes: data, copied pages, and what waits then; or data and
    /// all that waits at the end.
    fn memory(&self, page: f64) -> f64 {
        self.data + (self.copied(page) + self.written()).max(self.waiting())
    }
}

/// A target whose lag is never short enough is in sync only once nobody writes.
fn check_lag(plan: &MigrationPlan, place: &Place, cx: &mut Context<'_>) {
    let shortest = plan.link.lag.range().map_or(Span::ZERO, |(shortest, _)| shortest);
    if shortest <= plan.in_sync_lag {
        return;
    }
    let message = format!(
        "the target trails by {shortest} or more, and is in sync up to {}: never while clients \
         write",
        plan.in_sync_lag,
    );
    let hint = match plan.cut_over {
        CutOver::StopWritesFirst => {
            "raise migration.in-sync-lag or lower migration.lag; a cut-over that stops the clients \
             gets in sync, one that waits for the target to be in sync never begins"
        }
        CutOver::SwitchOnTheFly | CutOver::Force => {
            "raise migration.in-sync-lag, lower migration.lag, or let cut-over stop the clients first"
        }
    };
    cx.errors.report(Code::LagAboveSync, place, message).hint(hint);
}

/// Each cohort writes whole writes a second: with fewer of them than cohorts some write nothing.
fn check_cohorts(
    shard: &Shard,
    (cohorts, group): (u16, &str),
    place: &Place,
    cx: &mut Context<'_>,
) {
    let rate = shard.writes_per_sec;
    if rate == 0 || rate >= u64::from(cohorts) {
        return;
    }
    let message = format!(
        "shard `{}` of `{group}` takes {rate} writes/s, and the clients fall into {cohorts} \
         cohorts: {} of them write nothing to it, and the others as if they were as many as all",
        shard.id,
        u64::from(cohorts) - rate,
    );
    let hint = "lower migration.clients.cohorts to the writes per second of the shard";
    cx.errors.report(Code::CohortsWithoutWrites, place, message).hint(hint);
}

fn check_bandwidth(sums: &Sums<'_>, link: &LinkPlan, place: &Place, cx: &mut Context<'_>) {
    if sums.rate == 0.0 || sums.rate < link.bytes_per_sec as f64 {
        return;
    }
    let message = format!(
        "shard `{}` of `{}` takes {}/s of writes, and the link carries {}/s: the target never \
         catches up",
        sums.shard.id,
        sums.group,
        amount(sums.rate),
        amount(link.bytes_per_sec as f64),
    );
    let hint = "raise migration.bandwidth, or migrate while less is written: lower the rate or \
                write-size of [workload]";
    cx.errors.report(Code::LinkTooSlow, place, message).hint(hint);
}

fn check_buffer(sums: &Sums<'_>, link: &LinkPlan, place: &Place, cx: &mut Context<'_>) {
    let waiting = sums.waiting();
    let is_hard = link.hard_limit.filter(|limit| waiting > *limit as f64);
    let is_soft = link.soft_limit.filter(|limit| {
        // From the crossing on the way up to the one on the way down, at what the link can spare.
        let above = waiting - *limit as f64;
        let spare = link.bytes_per_sec as f64 - sums.rate;
        let seconds = match spare > 0.0 {
            true => above / sums.rate + above / spare,
            false => f64::INFINITY,
        };
        above > 0.0 && seconds > seconds_of(link.soft_for)
    });
    let hard = is_hard.map(|limit| ("output-buffer-hard-limit", size(limit as f64)));
    let soft = is_soft.map(|limit| {
        let limit = format!("{} for more than {}", size(limit as f64), link.soft_for);
        ("output-buffer-soft-limit", limit)
    });
    let too_low: Vec<(&str, String)> = hard.into_iter().chain(soft).collect();
    if too_low.is_empty() {
        return;
    }
    let limits: Vec<&str> = too_low.iter().map(|(_, limit)| limit.as_str()).collect();
    let message = format!(
        "while shard `{}` of `{}` is saved ({}), sent ({}) and loaded ({}), {} wait for the \
         target, and the source drops it above {}: the full sync begins again and again",
        sums.shard.id,
        sums.group,
        shown_seconds(sums.saved),
        shown_seconds(sums.sent),
        shown_seconds(sums.loaded),
        size(waiting),
        limits.join(", and above "),
    );
    let keys: Vec<&str> = too_low.iter().map(|(key, _)| *key).collect();
    let hint = format!(
        "raise {} of the source above {}, raise migration.bandwidth, or migrate while less is \
         written",
        keys.join(" and "),
        size(waiting),
    );
    cx.errors.report(Code::BufferTooSmall, place, message).hint(hint);
}

fn check_memory(
    sums: &Sums<'_>,
    (link, page): (&LinkPlan, f64),
    place: &Place,
    cx: &mut Context<'_>,
) {
    let needed = sums.memory(page);
    let Some(memory) = link.source_memory.filter(|memory| needed > *memory as f64) else {
        return;
    };
    let message = format!(
        "a full sync of shard `{}` of `{}` takes {} of memory ({} of data, up to {} of copied \
         pages, up to {} that wait), and its process has {}: it dies",
        sums.shard.id,
        sums.group,
        size(needed),
        size(sums.data),
        size(sums.copied(page)),
        size(sums.waiting()),
        size(memory as f64),
    );
    let hint = "raise `memory` of the source or migration.bandwidth, or migrate while less is \
                written";
    cx.errors.report(Code::SourceTooSmall, place, message).hint(hint);
}

/// The mean of a time that may grow with so many bytes, in seconds.
fn mean_seconds(takes: &FullSync, bytes: u64) -> f64 {
    match takes {
        FullSync::Law(law) => law.mean() / NANOS_PER_SEC as f64,
        FullSync::PerGib(span) => seconds_of(*span) * bytes as f64 / (1_u64 << 30) as f64,
    }
}

fn seconds_of(span: Span) -> f64 {
    span.as_nanos() as f64 / NANOS_PER_SEC as f64
}

/// A length for people.
fn shown_seconds(seconds: f64) -> String {
    Span::from_nanos_f64((seconds * 10.0).round() / 10.0 * NANOS_PER_SEC as f64).to_string()
}

/// Bytes of memory for people, in the units of limits: rounded up, with a digit behind the point
/// unless that is nought.
fn size(bytes: f64) -> String {
    const UNITS: [(f64, &str); 4] = [
        ((1_u64 << 40) as f64, "TiB"),
        ((1 << 30) as f64, "GiB"),
        ((1 << 20) as f64, "MiB"),
        ((1 << 10) as f64, "KiB"),
    ];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => {
            let tenths = (bytes / unit * 10.0).ceil();
            format!("{} {name}", tenths / 10.0)
        }
        None => format!("{bytes:.0} B"),
    }
}

/// Bytes, or bytes per second, for people: in thousands, with a digit behind the point.
pub(super) fn amount(bytes: f64) -> String {
    const UNITS: [(f64, &str); 4] = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", bytes / unit),
        None => format!("{bytes:.0} B"),
    }
}
