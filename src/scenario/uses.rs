//! What of a scenario uses the values that only operations, service updates and AZ outages need:
//! their defaults are assumptions of those alone, and a given one may have no effect.
//!
//! This is known from the keys that are written, before any section is read, since operations are
//! checked last.

use std::collections::BTreeSet;

use super::groups::Switch;
use super::operations::{Kind, Sketch};
use super::reader::Table;
use super::tree::{Node, Tree, Value};
use crate::model::plan::Handover;

/// Something that not every scenario needs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Need {
    /// How long a modification takes.
    Modify,
    /// How long a test failover takes to begin, and whether it is blocked.
    TestFailover,
    /// From one step of a planned workflow to the next.
    Step,
    /// When a service update hands over.
    HandoverStart,
    /// How long writes wait in a hand-over.
    HandoverPause,
    /// How long writes are refused in a hand-over.
    HandoverGap,
    /// A planned replacement.
    Replace,
    /// A patch in place.
    Patch,
    /// The maintenance window.
    Window,
    /// The window and the retention of automatic backups.
    Backups,
    /// How long snapshots take, and what they are good for.
    Snapshot,
    /// What an AZ outage does to others' replacements.
    AzOutage,
    /// When an isolated primary is taken offline.
    Isolation,
    /// What a WAIT that is not answered means.
    Wait,
    /// A copy of the groups in another region.
    SecondRegion,
}

/// Whether something is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Use {
    /// It is.
    Used,
    /// By something that is switched off.
    SwitchedOff,
    /// By nothing.
    Unused,
}

/// The faults that cut a node off.
const ISOLATIONS: [&str; 2] = ["isolate-node", "isolate-primary"];

/// All that is needed.
#[derive(Default)]
pub(super) struct Uses {
    used: BTreeSet<Need>,
    off: BTreeSet<Need>,
    migration: Option<Ends>,
}

/// The groups that `[migration]` names, as far as it does.
struct Ends {
    source: Option<String>,
    target: Option<String>,
}

impl Uses {
    /// What the operations and the faults of a document need.
    pub fn of(root: &mut Table<'_>, operations: &[Sketch]) -> Uses {
        let mut uses = Uses::default();
        for operation in operations {
            uses.add(&of_operation(operation.kind, &operation.table), operation.enabled);
        }
        let workload = root.peek("workload");
        let workload = workload.as_ref().and_then(|item| item.node().as_table());
        if workload.is_some_and(|table| table.get("wait").is_some()) {
            uses.need(Need::Wait);
        }
        let region = root.peek("global-datastore");
        if let Some(table) = region.as_ref().and_then(|item| item.node().as_table()) {
            uses.add(&[Need::SecondRegion], enabled(table));
        }
        let migration = root.peek("migration");
        uses.migration = migration.as_ref().and_then(|item| item.node().as_table()).map(|table| {
            let named = |key| table.get(key).and_then(Node::as_text).map(str::to_owned);
            Ends { source: named("source"), target: named("target") }
        });
        let faults = root.get("fault");
        let faults = faults.as_ref().and_then(|item| item.node().as_array()).unwrap_or_default();
        for fault in faults.iter().filter_map(Node::as_table) {
            let enabled = enabled(fault);
            if let Some(update) = fault.get("service-update").and_then(Node::as_table) {
                uses.add(&of_operation(Kind::ServiceUpdate, update), enabled);
                uses.add(&[Need::Window], enabled);
            }
            if fault.get("fail-az").is_some() || fault.get("az-failure").is_some() {
                uses.add(&[Need::AzOutage], enabled);
            }
            if ISOLATIONS.iter().any(|kind| fault.get(kind).is_some()) {
                uses.add(&[Need::Isolation], enabled);
            }
        }
        uses
    }

    fn add(&mut self, needs: &[Need], enabled: Switch) {
        match enabled {
            Switch::On => self.used.extend(needs),
            Switch::Off => self.off.extend(needs),
        }
    }

    /// Whether data is migrated from the group of that id.
    pub fn of_source(&self, id: &str) -> Use {
        let source = self.migration.as_ref().and_then(|ends| ends.source.as_deref());
        if source == Some(id) { Use::Used } else { Use::Unused }
    }

    /// Whether data is migrated into the group of that id.
    pub fn of_target(&self, id: &str) -> Use {
        let target = self.migration.as_ref().and_then(|ends| ends.target.as_deref());
        if target == Some(id) { Use::Used } else { Use::Unused }
    }

    /// Adds a need.
    pub fn need(&mut self, need: Need) {
        self.used.insert(need);
    }

    /// Takes away the kind of hand-over that no group has.
    pub fn keep(&mut self, handovers: &[Handover]) {
        let kinds =
            [(Handover::Seamless, Need::HandoverPause), (Handover::DnsGap, Need::HandoverGap)];
        for (_, need) in kinds.iter().filter(|(kind, _)| !handovers.contains(kind)) {
            self.used.remove(need);
            self.off.remove(need);
        }
    }

    /// Whether something is used.
    pub fn of_need(&self, need: Need) -> Use {
        match (self.used.contains(&need), self.off.contains(&need)) {
            (true, _) => Use::Used,
            (false, true) => Use::SwitchedOff,
            (false, false) => Use::Unused,
        }
    }
}

/// Whether what has this table is switched on.
pub(super) fn enabled(table: &Tree) -> Switch {
    match table.get("enabled").map(|node| &node.value) {
        Some(Value::Boolean(false)) => Switch::Off,
        Some(_) | None => Switch::On,
    }
}

/// What an operation needs, by its kind and its table.
fn of_operation(kind: Kind, table: &Tree) -> Vec<Need> {
    let at_once = table.get("apply-immediately").map(|node| &node.value);
    let is_deferred = !matches!(at_once, Some(Value::Boolean(true)));
    let mut needs = match kind {
        Kind::Modify => {
            let mut needs = vec![Need::Modify];
            if table.get("primary").is_some() {
                needs.extend([Need::HandoverPause, Need::HandoverGap]);
            }
            let backs_up = ["snapshot-retention", "snapshotting-node"];
            if backs_up.iter().any(|key| table.get(key).is_some()) {
                needs.extend([Need::Backups, Need::Snapshot]);
            }
            needs
        }
        Kind::PromoteReplica => vec![Need::Modify, Need::HandoverPause, Need::HandoverGap],
        Kind::TestFailover => vec![Need::TestFailover, Need::Step, Need::Replace],
        Kind::IncreaseReplicaCount | Kind::DecreaseReplicaCount => vec![Need::Modify],
        Kind::ServiceUpdate => {
            let is_patch = table.get("method").and_then(Node::as_text) == Some("patch");
            let method = if is_patch { Need::Patch } else { Need::Replace };
            vec![Need::Step, Need::HandoverStart, Need::HandoverPause, Need::HandoverGap, method]
        }
        Kind::CreateSnapshot => vec![Need::Snapshot],
        Kind::Reboot | Kind::AttachExternalReplica | Kind::Migration(_) => Vec::new(),
    };
    let can_wait = matches!(kind, Kind::Modify | Kind::ServiceUpdate);
    if can_wait && is_deferred {
        needs.push(Need::Window);
    }
    needs
}
