//! `[global-datastore]`: a second region that has a copy of every group, and what of that
//! ElastiCache allows.

use std::collections::BTreeSet;

use super::Confidence::{Assumed, Reported};
use super::codes::Code;
use super::diagnostics::{Diagnostic, Place, excerpt};
use super::domains::region_name;
use super::groups::{EngineKind, GroupDraft, Switch};
use super::persistence;
use super::reader::{Context, Item, Table};
use super::script;
use super::sections::{self, Default, default};
use super::topology::answer;
use super::uses::Use;
use crate::model::api::ApiError;
use crate::model::persistence::{Durability, RegionPlan};

const LAG: Default = default(
    "lag",
    r#"{ uniform = ["0s", "1s"] }"#,
    Assumed,
    "disaster-recovery.workshop.aws says usually below 1 s",
);
const DECISION: Default = default(
    "decision",
    r#"{ lognormal = { median = "15m", p95 = "1h" } }"#,
    Assumed,
    "a person decides",
);
const PROMOTION: Default = default(
    "promotion",
    r#"{ fixed = "1m" }"#,
    Reported,
    "disaster-recovery.workshop.aws: about 1 minute",
);
const ENDPOINT: Default =
    default("endpoint", r#"{ fixed = "0s" }"#, Assumed, "the decision covers it");

/// Global Datastore begins with this Redis OSS (user guide, prerequisites and limitations).
const SINCE: [u32; 3] = [5, 0, 6];
/// Node types that have it (likewise).
const FAMILIES: [&str; 7] = ["m5", "m6g", "m7g", "r5", "r6g", "r6gd", "r7g"];

/// Reads `[global-datastore]`; without it, and where it is switched off, there is no second region.
/// What is switched off is checked, as far as it is about itself.
pub(super) fn read(
    root: &mut Table<'_>,
    drafts: &[GroupDraft],
    cx: &mut Context<'_>,
) -> Option<RegionPlan> {
    let item = root.get("global-datastore")?;
    let mut table = item.table(&mut cx.errors, "write [global-datastore]")?;
    let place = table.place.clone();
    let hint = r#"name the second region, as in region = "eu-west-1""#;
    let name = table.require("region", &mut cx.errors, hint);
    let enabled = script::switched(&mut table, "who writes the section has the region", cx);
    let drafts = if enabled == Switch::On { drafts } else { &[] };
    let name = name.and_then(|item| region(&item, drafts, cx));
    let used = if enabled == Switch::On { Use::Used } else { Use::SwitchedOff };
    let [lag, decision, promotion, endpoint] = persistence::quietly(used, cx, |cx| {
        [LAG, DECISION, PROMOTION, ENDPOINT]
            .each_ref()
            .map(|default| sections::law(&mut table, default, cx))
    });
    table.finish(&mut cx.errors, &[]);
    for draft in drafts.iter().filter(|draft| draft.self_hosted.is_none()) {
        check_group(draft, &place, cx);
    }
    let plan = RegionPlan { name: name?, lag, decision, promotion, endpoint };
    (enabled == Switch::On).then_some(plan)
}

/// The name of a region in which no group stands.
fn region(item: &Item<'_>, drafts: &[GroupDraft], cx: &mut Context<'_>) -> Option<String> {
    let name = item.text(&mut cx.errors, "the name of a region")?;
    // An AZ of a region is called after it, with a letter behind.
    if region_name(&format!("{name}a")) != Some(name) {
        let message = "is not called as a region of AWS is";
        let hint =
            r#"small letters and a number, without that of an AZ, as in region = "eu-west-1""#;
        let told = cx.errors.report(Code::RegionUnsupported, &item.place, message).hint(hint);
        told.hint(answer(ApiError::InvalidParameterValue));
        return None;
    }
    let shards = drafts.iter().flat_map(|draft| &draft.shards);
    let azs = shards.flat_map(|shard| &shard.nodes).map(|node| node.az.as_str());
    let own: BTreeSet<&str> = azs.filter_map(region_name).collect();
    if own.contains(name) {
        let message = "is the region in which the nodes stand already";
        let hint = "the second region has to be another one";
        let told = cx.errors.report(Code::RegionUnsupported, &item.place, message).hint(hint);
        told.hint("or switch it off: global-datastore.enabled = false");
        told.hint(answer(ApiError::InvalidParameterValue));
    }
    Some(name.to_owned())
}

/// Whether ElastiCache would take the group into a Global Datastore.
fn check_group(draft: &GroupDraft, place: &Place, cx: &mut Context<'_>) {
    let id = excerpt(&draft.id);
    let mut report = |message: String, hint: &str| {
        let diagnostic: &mut Diagnostic =
            cx.errors.report(Code::RegionUnsupported, place, message).hint(hint);
        diagnostic.hint("or switch it off: global-datastore.enabled = false");
        diagnostic.hint(answer(ApiError::InvalidParameterCombination));
        diagnostic.relate(&draft.place.at, "the group");
    };
    let engine = draft.engine;
    if engine.kind == EngineKind::Redis && engine.version < SINCE {
        let message = format!("the engine version of group `{id}` has no Global Datastore");
        report(message, "it begins with Redis OSS 5.0.6");
    }
    let family = draft.node_type.as_ref().and_then(|(name, _)| name.split('.').nth(1));
    if family.is_some_and(|family| !FAMILIES.contains(&family)) {
        let message = format!("the node type of group `{id}` has no Global Datastore");
        report(message, "it needs M5, M6g, M7g, R5, R6g, R6gd or R7g nodes");
    }
    if draft.durability != Durability::Disabled {
        let message = format!("group `{id}` is durable, and has no Global Datastore then");
        report(message, r#"write durability = "disabled", or leave the second region out"#);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::laws;

    #[test]
    fn every_default_can_be_read() {
        for default in [LAG, DECISION, PROMOTION, ENDPOINT] {
            sections::with_default(&default, laws::read);
        }
    }
}
