//! `[global-datastore]`: a second region that has a copy of every group, and what of that
//! ElastiCache allows.

use std::collections::BTreeSet;

use super::Confidence::{Assumed, Reported};
use super::codes::Code;
use super::diagnostics::{Diagnostic, Place, excerpt};
use super::domains::region_name;
use super::groups::{EngineKind, GroupDraft};
use super::reader::{Context, Item, Table};
use super::sections::{self, Default, default};
use super::topology::answer;
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

/// Reads `[global-datastore]`; its absence is no second region.
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
    let name = name.and_then(|item| region(&item, drafts, cx));
    let lag = sections::law(&mut table, &LAG, cx);
    let decision = sections::law(&mut table, &DECISION, cx);
    let promotion = sections::law(&mut table, &PROMOTION, cx);
    let endpoint = sections::law(&mut table, &ENDPOINT, cx);
    table.finish(&mut cx.errors, &[]);
    for draft in drafts {
        check_group(draft, &place, cx);
    }
    Some(RegionPlan { name: name?, lag, decision, promotion, endpoint })
}

/// The name of a region in which no group stands.
fn region(item: &Item<'_>, drafts: &[GroupDraft], cx: &mut Context<'_>) -> Option<String> {
    let name = item.text(&mut cx.errors, "the name of a region")?;
    let is_visible = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if name.is_empty() || name.len() > 40 || !name.chars().all(is_visible) {
        let message = "must be letters, digits and hyphens, at most 40 of them";
        let hint = r#"as in region = "eu-west-1""#;
        cx.errors.report(Code::NotAName, &item.place, message).hint(hint);
        return None;
    }
    let shards = drafts.iter().flat_map(|draft| &draft.shards);
    let azs = shards.flat_map(|shard| &shard.nodes).map(|node| node.az.as_str());
    let own: BTreeSet<&str> = azs.filter_map(region_name).collect();
    if own.contains(name) {
        let message = "is the region in which the nodes stand already";
        let hint = "the second region has to be another one";
        cx.errors.report(Code::RegionUnsupported, &item.place, message).hint(hint);
    }
    Some(name.to_owned())
}

/// Whether ElastiCache would take the group into a Global Datastore.
fn check_group(draft: &GroupDraft, place: &Place, cx: &mut Context<'_>) {
    let id = excerpt(&draft.id);
    let mut report = |message: String, hint: &str| {
        let diagnostic: &mut Diagnostic =
            cx.errors.report(Code::RegionUnsupported, place, message).hint(hint);
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
