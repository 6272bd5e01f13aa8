//! `[control-plane]` beside its detector: what an AZ outage does to the service, and in which
//! order it announces a failover.

use super::codes::Code;
use super::detectors::Detection;
use super::diagnostics::join;
use super::reader::{Context, Table};
use super::sections;
use super::uses::{Need, Use, Uses};
use super::{Confidence, Origin};
use crate::model::plan::{ControlPlane, EventOrder, InAzOutage};

/// More would be a slip: replacements of minutes would take weeks.
const MOST: f64 = 1000.0;

/// Reads the rest of `[control-plane]`, of which the detectors have been read.
pub(super) fn read(
    mut table: Table<'_>,
    uses: &Uses,
    detection: &Detection,
    cx: &mut Context<'_>,
) -> ControlPlane {
    let slowdown = slowdown(&mut table, uses.of_need(Need::AzOutage), cx);
    let of_tests = uses.of_need(Need::TestFailover);
    let ways = [("blocked", InAzOutage::Blocked), ("allowed", InAzOutage::Allowed)];
    let why = (Confidence::Documented, "ElastiCache user guide (MZ-47)");
    let test_failover_in_az_outage =
        sections::rule_if(&mut table, "test-failover-in-az-outage", &ways, why, of_tests, cx);
    let orders = [("documented", EventOrder::Documented), ("jittered", EventOrder::Jittered)];
    let path = join(&table.place.path, "event-order");
    let event_order = match table.get("event-order") {
        Some(item) => item.choice(&mut cx.errors, &orders).unwrap_or(EventOrder::Documented),
        None => {
            if of_tests == Use::Used {
                let why = Origin::convention("the likely order (MZ-45)");
                cx.assume(&path, "\"documented\"", why);
            }
            EventOrder::Documented
        }
    };
    table.finish(&mut cx.errors, &[]);
    ControlPlane {
        az_event_slowdown_permille: slowdown,
        test_failover_in_az_outage,
        event_order,
        bus: detection.bus.clone(),
        sentinel: detection.sentinel.clone(),
    }
}

/// How many times longer replacements take around an AZ outage, in thousandths.
fn slowdown(table: &mut Table<'_>, used: Use, cx: &mut Context<'_>) -> u32 {
    const OFF: u32 = 1000;
    let path = join(&table.place.path, "az-event-slowdown");
    let Some(item) = table.get("az-event-slowdown") else {
        if used == Use::Used {
            let why = Origin::convention("off; two to five times are plausible");
            cx.assume(&path, "1", why);
        }
        return OFF;
    };
    match used {
        Use::Used => cx.assume(&path, item.node().printed(), Origin::Unsourced),
        Use::SwitchedOff => {}
        Use::Unused => sections::report_unused(&item, cx),
    }
    let Some(factor) = item.number(&mut cx.errors) else {
        return OFF;
    };
    if !(1.0..=MOST).contains(&factor) {
        let hint = "how many times longer replacements take, as in az-event-slowdown = 3";
        cx.errors.report(Code::OutOfRange, &item.place, "must be from 1 to 1000").hint(hint);
        return OFF;
    }
    (factor * 1000.0).round() as u32
}
