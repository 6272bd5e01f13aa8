//! Pure decisions of the control plane, from what it can know.

use crate::model::persistence::Durability;
use crate::model::plan::{NodeId, Plan, Promotion, RebootBy, Shard, ShardId};
use crate::model::state::{Belief, Data, Failover, NanoWrites, Process, Serving, State};

/// What the control plane can know of a shard's nodes: its beliefs, what replicas report, and
/// who obeys a command. All that a policy may read.
pub struct ControlView<'a> {
    plan: &'a Plan,
    state: &'a State,
    shard: &'a Shard,
    /// Who cannot follow: the lost primary of a durable shard, which may be back with all data.
    out: Option<NodeId>,
}

impl<'a> ControlView<'a> {
    /// The view of one shard.
    pub fn new(plan: &'a Plan, state: &'a State, shard: ShardId) -> Self {
        let out = match plan.group_of(shard).durability {
            Durability::Disabled => None,
            Durability::Async | Durability::Sync => Some(state.shard(shard).primary),
        };
        ControlView { plan, state, shard: &plan.shards[shard.idx()], out }
    }

    /// The replicas that can be promoted, in node order: believed to be up, obeying the command,
    /// and reporting `data`.
    pub fn candidates(&self, data: Data) -> impl Iterator<Item = Candidate> + Clone + '_ {
        self.shard.node_ids().filter_map(move |node| {
            let state = self.state.node(node);
            let able = state.belief == Belief::Up && self.state.answers(node) && state.data == data;
            let rank = self.plan.nodes[node.idx()].rank;
            let reported_offset = self.state.reported_offset(self.plan, node);
            let able = able && self.out != Some(node) && !self.state.is_chained(self.plan, node);
            able.then_some(Candidate { node, rank, reported_offset })
        })
    }

    /// Whether the node counts as available: believed to be up, and complete by its last report.
    /// One that stopped and was not missed yet is taken for complete (assumed).
    pub fn seems_available(&self, node: NodeId) -> bool {
        let state = self.state.node(node);
        let reports = match state.process {
            Process::Running if state.reach.is_open() => state.data == Data::Complete,
            Process::Running | Process::Crashed | Process::Lost => true,
            Process::Rebooting(RebootBy::Service) => true,
            // These are no failures: the control plane did it, or was asked to.
            Process::Rebooting(RebootBy::Customer) | Process::Absent => false,
        };
        state.belief == Belief::Up && reports
    }

    /// Whether the shard counts as served: its primary serves, or is lost and not missed yet.
    pub fn seems_served(&self, shard: ShardId) -> bool {
        let of = self.state.shard(shard);
        let is_quiet = matches!(of.failover, Failover::Idle | Failover::UpdatingEndpoint);
        let is_unnoticed = !self.state.answers(of.primary) && self.seems_available(of.primary);
        of.serving == Serving::Yes || is_quiet && is_unnoticed
    }
}

/// A replica that can be promoted, as the control plane sees it. Its AZ has no part in the choice
/// (MZ-25).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// The replica.
    pub node: NodeId,
    /// Its place among all nodes by name: the smaller cache cluster id comes first.
    pub rank: u16,
    /// The offset it last reported. In the sampled lag model this is its true offset.
    pub reported_offset: NanoWrites,
}

/// The replica to promote. `pick` decides among the given number of equals.
pub fn successor(
    rule: Promotion,
    candidates: impl Iterator<Item = Candidate> + Clone,
    pick: impl FnOnce(u32) -> u32,
) -> Option<NodeId> {
    match rule {
        Promotion::LeastLag => candidates
            .max_by_key(|c| (c.reported_offset, std::cmp::Reverse(c.rank)))
            .map(|c| c.node),
        Promotion::LowestId => candidates.min_by_key(|c| c.rank).map(|c| c.node),
        Promotion::Random => {
            let n = candidates.clone().count() as u32;
            let chosen = if n > 1 { pick(n) } else { 0 };
            candidates.map(|c| c.node).nth(chosen as usize)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFSETS: [NanoWrites; 4] = [10, 50, 50, 20];

    fn check(rule: Promotion, expected: u16) {
        let candidates = OFFSETS
            .iter()
            .enumerate()
            // Ranks are by name, and need not follow the order in the file.
            .map(|(i, &reported_offset)| Candidate {
                node: NodeId(i as u16),
                rank: 9 - i as u16,
                reported_offset,
            });
        let pick = |n| {
            assert_eq!(n, 4);
            3
        };
        assert_eq!(successor(rule, candidates, pick), Some(NodeId(expected)));
    }

    #[test]
    fn each_rule_chooses_as_it_says() {
        // Equal offsets go to the smaller id.
        check(Promotion::LeastLag, 2);
        check(Promotion::LowestId, 3);
        check(Promotion::Random, 3);
    }

    #[test]
    fn nobody_is_promoted_where_there_is_nobody() {
        for rule in [Promotion::LeastLag, Promotion::LowestId, Promotion::Random] {
            assert_eq!(successor(rule, [].into_iter(), |_| 0), None);
        }
    }
}
