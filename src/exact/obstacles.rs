//! What no Markov chain has, whatever the laws: found in a plan, and taken out of it, so that the
//! laws which such a plan uses can be told along with it.

use crate::engine::law::Law;
use crate::engine::time::SimTime;
use crate::model::persistence::Durability;
use crate::model::plan::{
    Detector, Group, Keeper, NodeFailures, Plan, Promotion, Resync, ResyncSource, Share, Switch,
    SyncingCopy,
};
use crate::model::state::WRITE;

use super::symbols::{Obstacle, SCHEDULED};

/// The smallest chance that one draw of a 64-bit word can show.
const NEGLIGIBLE: f64 = 1e-16;

/// The mean life of nodes that only scheduled faults strike, in nanoseconds: any will do.
const SOME_LIFE: f64 = 1e16;

/// A mean lag in nanoseconds: any will do.
const SOME_LAG: f64 = 1e6;

/// Replacements that take no longer in an AZ event, in thousandths.
const NO_SLOWDOWN: u32 = 1000;

/// Everything in the plan that a chain cannot have, whatever its laws.
pub fn found(plan: &Plan) -> Vec<Obstacle> {
    let mut found = Vec::new();
    let mut refuse = |is: bool, key: &str, why: &str| {
        if is {
            found.push(Obstacle::new(key, why));
        }
    };
    refuse(!plan.script.is_empty(), SCHEDULED, "comes at a set time");
    for place in 1..=plan.service_updates.len() {
        refuse(true, &format!("fault.service-update[{place}]"), "waits for a window");
    }
    refuse(plan.warm_up > SimTime::START, "run.warm-up", "is not 0s");
    refuse(plan.region.is_some(), "global-datastore", "is a copy that trails in time");
    refuse(plan.migration.is_some(), "migration", "goes by amounts and set times");
    refuse(plan.workload.wait.is_some(), "workload.wait", "has a time-out");
    let key = "replication.min-replicas-to-write";
    refuse(plan.replication.min_replicas > 0, key, "is not 0, and writes stop after a time-out");
    let slows = plan.control_plane.az_event_slowdown_permille != NO_SLOWDOWN;
    refuse(slows, "control-plane.az-event-slowdown", "is not 1, and lasts for a set time");
    refuse_groups(plan, &mut refuse);
    refuse_rules(plan, &mut refuse);
    refuse_shares(plan, &mut refuse);
    found
}

fn refuse_groups(plan: &Plan, refuse: &mut impl FnMut(bool, &str, &str)) {
    let any = |is: &dyn Fn(&Group) -> bool| plan.groups.iter().any(is);
    let is_self_hosted = any(&|group| group.keeper == Keeper::Users);
    refuse(is_self_hosted, "group.self-hosted", "has watchers that go by set times");
    let is_watched =
        any(&|group| group.keeper == Keeper::ElastiCache && group.detector != Detector::Managed);
    refuse(is_watched, "control-plane.detector", "is not \"managed\", and votes go by set times");
    let has_backups = any(&|group| group.backups.retention_days > 0);
    refuse(has_backups, "group.snapshot-retention", "is not 0, and backups come at set times");
    let has_calls = any(&|group| group.backups.every.is_some());
    refuse(has_calls, "group.snapshot-every", "takes copies that trail in time");
    let has_log = any(&|group| group.append_only_file == Switch::On);
    refuse(has_log, "group.append-only-file", "is a copy that trails in time");
    let is_durable = any(&|group| group.durability != Durability::Disabled);
    refuse(is_durable, "group.durability", "is a copy that trails in time");
}

fn refuse_rules(plan: &Plan, refuse: &mut impl FnMut(bool, &str, &str)) {
    let several = has_several_replicas(plan);
    let rules = &plan.rules;
    let promotes = plan.groups.iter().any(|group| group.promotes_at_start().is_some());
    let reads_any = rules.resync_source == ResyncSource::AnyCopy && (several || promotes);
    let key = "rules.resync-needs-primary";
    refuse(reads_any, key, "is not true, and a copy of a copy shares its lag");
    let counts = rules.syncing == SyncingCopy::CountsAsComplete;
    let key = "rules.syncing-counts-as-complete";
    let why = "is not false, and an unfinished copy has a lag of its own";
    refuse(never_promotes(plan) && counts, key, why);
    let may_exceed = rules.resync == Resync::Engine && several && !fits_backlog(plan);
    let why = "is \"engine\", and a lag may exceed the backlog";
    refuse(may_exceed, "rules.resync-after-failover", why);
    let by_lag =
        plan.groups.iter().any(|group| group.promotes_at_start() == Some(Promotion::LeastLag));
    let is_sample = matches!(plan.replication.lag, Law::Empirical(_));
    let why = "is a sample, whose lags may be equal";
    refuse(several && by_lag && is_sample, "replication.lag", why);
}

fn refuse_shares(plan: &Plan, refuse: &mut impl FnMut(bool, &str, &str)) {
    let leaves_open = has_several_replicas(plan) && never_promotes(plan);
    for (line, failures) in plan.az_failures.iter().enumerate() {
        let key = format!("fault.az-failure[{}].share", line + 1);
        match failures.share {
            Share::All => {}
            Share::Uniform { low, high } if low != high => {
                refuse(true, &key, "is a range, not one number");
            }
            Share::Uniform { .. } => {
                refuse(leaves_open, &key, "is not 1, and leaves open whose copy is the furthest");
            }
        }
    }
}

fn has_several_replicas(plan: &Plan) -> bool {
    plan.shard_ids().any(|shard| plan.n_replicas(shard) > 1)
}

fn never_promotes(plan: &Plan) -> bool {
    plan.groups.iter().any(|group| group.promotes_at_start().is_none())
}

/// The plan without what [`found`] finds in it, to see which laws it uses; nothing where little
/// would be left. Where only scheduled faults strike, nodes fail by chance instead.
pub fn without(plan: &Plan) -> Option<Plan> {
    if plan.migration.is_some() || plan.groups.iter().any(|group| group.keeper == Keeper::Users) {
        return None;
    }
    let mut stripped = stripped(plan);
    if !plan.script.is_empty() && plan.node_failures.is_empty() {
        stripped.node_failures.push(NodeFailures {
            life: Law::exponential(SOME_LIFE).expect("a mean above zero"),
            address: 0,
        });
    }
    stripped.az_failures.iter_mut().for_each(|failures| failures.share = Share::All);
    Some(stripped)
}

/// The plan without anything that comes at set times, trails in time or goes by amounts.
pub fn stripped(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    plan.script.clear();
    plan.service_updates.clear();
    plan.warm_up = SimTime::START;
    (plan.region, plan.migration, plan.workload.wait) = (None, None, None);
    plan.replication.min_replicas = 0;
    plan.replication.lag = Law::exponential(SOME_LAG).expect("a mean above zero");
    plan.control_plane.az_event_slowdown_permille = NO_SLOWDOWN;
    for group in &mut plan.groups {
        group.keeper = Keeper::ElastiCache;
        group.detector = Detector::Managed;
        group.backups.retention_days = 0;
        group.backups.every = None;
        group.append_only_file = Switch::Off;
        group.durability = Durability::Disabled;
    }
    plan.rules.resync_source = ResyncSource::Primary;
    if never_promotes(&plan) {
        plan.rules.syncing = SyncingCopy::Incomplete;
    }
    if plan.rules.resync == Resync::Engine {
        plan.rules.resync = Resync::None;
    }
    plan
}

/// Whether the backlog holds what a replica lacks by any lag that a trial can show.
fn fits_backlog(plan: &Plan) -> bool {
    let longest = plan.replication.lag.quantile(1.0 - NEGLIGIBLE).max(0.0);
    let per_sec = plan.shards.iter().map(|shard| shard.writes_per_sec).max().unwrap_or(0);
    let nano_writes = longest * per_sec as f64;
    let bytes = nano_writes * plan.workload.write_bytes as f64;
    bytes <= plan.replication.backlog_bytes as f64 * WRITE as f64
}
