//! The nearest plan that is a Markov chain: what a guide to rare events is made from.
//!
//! Every law becomes the exponential one of the same mean, and what comes at set times or trails by
//! amounts is left out. Numbers of such a plan are no answers about the real one; they only say
//! which way to look.

use crate::engine::law::Law;
use crate::engine::time::Span;
use crate::model::plan::{
    FullSync, Group, GroupId, NodeId, Plan, Promotion, Shard, ShardId, Share,
};

use super::obstacles::stripped;

/// The nearest plan without memory.
pub fn without_memory(plan: &Plan) -> Plan {
    let mut rough = stripped(plan);
    for group in &mut rough.groups {
        // So that replicas are alike.
        group.promotion = group.promotion.map(|_| Promotion::LeastLag);
    }
    forget_ages(&mut rough);
    rough
}

/// The plan of one shard alone, as if there were no others; AZs keep their numbers.
pub fn alone(plan: &Plan, shard: ShardId) -> Plan {
    let mut alone = plan.clone();
    let of = &plan.shards[shard.idx()];
    let first = of.nodes.start;
    alone.nodes = plan.nodes[of.node_range()].to_vec();
    for node in &mut alone.nodes {
        (node.shard, node.chained_to) = (ShardId(0), None);
    }
    let n_nodes = alone.nodes.len() as u16;
    alone.shards = vec![Shard { group: GroupId(0), nodes: 0..n_nodes, ..of.clone() }];
    alone.groups = vec![Group { shards: 0..1, ..plan.groups[of.group.idx()].clone() }];
    for az in &mut alone.azs {
        let ours = az.nodes.iter().filter(|node| of.nodes.contains(&node.0));
        az.nodes = ours.map(|node| NodeId(node.0 - first)).collect();
    }
    alone.group_failures.retain(|failures| failures.group.is_none_or(|group| group == of.group));
    alone.group_failures.iter_mut().for_each(|failures| failures.group = None);
    alone
}

fn forget_ages(rough: &mut Plan) {
    let timing = &mut rough.timing;
    let largest = rough.shards.iter().map(|shard| shard.dataset_bytes).max().unwrap_or(0);
    timing.full_sync = FullSync::Law(match &timing.full_sync {
        FullSync::Law(law) => law.clone(),
        FullSync::PerGib(span) => {
            let gib = largest as f64 / (1_u64 << 30) as f64;
            Law::fixed(Span::from_nanos_f64(span.as_nanos() as f64 * gib))
        }
    });
    if let FullSync::Law(law) = &mut timing.full_sync {
        forget_age(law);
    }
    for law in [
        &mut timing.detection,
        &mut timing.promotion,
        &mut timing.endpoint,
        &mut timing.replacement,
        &mut timing.cold_start,
        &mut timing.reboot,
    ] {
        forget_age(law);
    }
    rough.node_failures.iter_mut().for_each(|failures| forget_age(&mut failures.life));
    rough.group_failures.iter_mut().for_each(|failures| forget_age(&mut failures.life));
    for failures in &mut rough.az_failures {
        forget_age(&mut failures.life);
        forget_age(&mut failures.duration);
        if let Share::Uniform { low, high } = failures.share {
            let mean = (low + high) / 2.0;
            failures.share = Share::Uniform { low: mean, high: mean };
        }
    }
}

fn forget_age(law: &mut Law) {
    let mean = law.mean();
    *law = match mean.is_finite() && mean >= 1.0 {
        true => Law::Exponential { mean },
        false => Law::fixed(Span::ZERO),
    };
}
