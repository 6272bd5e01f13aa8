//! [`LifeOf`]: everything that can fail by chance, one clock each.
//!
//! A trial draws how long a life lasts when it begins. Who wants to make failures more likely than
//! they are needs the clock itself: its law, its place in the queue, and how long it has run.

use crate::engine::law::Law;
use crate::engine::queue::Slot;
use crate::engine::rng::TrialKey;
use crate::engine::time::Span;
use crate::model::Event;
use crate::model::draws;
use crate::model::plan::{AzId, GroupId, NodeId, Plan, Slots};
use crate::model::state::{Life, State};

/// Whose life it is, by which line of random failures.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LifeOf {
    /// A node's host, by a line of node failures.
    Node(u16, NodeId),
    /// The time up of an AZ, by a line of AZ failures.
    Az(u16, AzId),
    /// The time to the next failure of a whole group, by a line of group failures.
    Group(u16, GroupId),
}

impl LifeOf {
    /// All lives of a plan: of groups, AZs and nodes, line by line.
    pub fn all(plan: &Plan) -> Vec<LifeOf> {
        let lines = |n: usize| 0..n as u16;
        let groups = lines(plan.group_failures.len()).flat_map(|line| {
            let only = plan.group_failures[usize::from(line)].group;
            let struck = plan.group_ids().filter(move |group| only.is_none_or(|it| it == *group));
            struck.map(move |group| LifeOf::Group(line, group))
        });
        let azs = lines(plan.az_failures.len())
            .flat_map(|line| plan.az_ids().map(move |az| LifeOf::Az(line, az)));
        let nodes = lines(plan.node_failures.len()).flat_map(|line| {
            (0..plan.nodes.len() as u16).map(move |node| LifeOf::Node(line, NodeId(node)))
        });
        groups.chain(azs).chain(nodes).collect()
    }

    /// Where its end is pending.
    pub fn slot(self, slots: Slots) -> Slot {
        match self {
            LifeOf::Node(line, node) => slots.node_life(line, node),
            LifeOf::Az(line, az) => slots.az_life(line, az),
            LifeOf::Group(line, group) => slots.group_life(line, group),
        }
    }

    /// What happens when it ends.
    pub fn end(self) -> Event {
        match self {
            LifeOf::Node(line, node) => Event::NodeFails { line, node },
            LifeOf::Az(line, az) => Event::AzFails { line, az },
            LifeOf::Group(line, group) => Event::GroupFails { line, group },
        }
    }

    /// The life that an event ends, if it ends one.
    pub fn ended_by(event: Event) -> Option<LifeOf> {
        match event {
            Event::NodeFails { line, node } => Some(LifeOf::Node(line, node)),
            Event::AzFails { line, az } => Some(LifeOf::Az(line, az)),
            Event::GroupFails { line, group } => Some(LifeOf::Group(line, group)),
            _ => None,
        }
    }

    /// How long it lasts.
    pub fn law(self, plan: &Plan) -> &Law {
        match self {
            LifeOf::Node(line, _) => &plan.node_failures[usize::from(line)].life,
            LifeOf::Az(line, _) => &plan.az_failures[usize::from(line)].life,
            LifeOf::Group(line, _) => &plan.group_failures[usize::from(line)].life,
        }
    }

    /// Lives that were drawn so far, the current one included.
    pub fn drawn(self, plan: &Plan, state: &State) -> u32 {
        let clocks = &state.clocks;
        match self {
            LifeOf::Node(line, node) => clocks.node_lives[plan.node_clock(line, node)].drawn,
            LifeOf::Az(line, az) => clocks.az_lives[plan.az_clock(line, az)].drawn,
            LifeOf::Group(line, group) => {
                clocks.group_lives[usize::from(line) * plan.groups.len() + group.idx()]
            }
        }
    }

    /// Whether it is being lived: it can end as time passes.
    pub fn runs(self, plan: &Plan, state: &State) -> bool {
        let clock = match self {
            LifeOf::Node(line, node) => &state.clocks.node_lives[plan.node_clock(line, node)],
            LifeOf::Az(line, az) => &state.clocks.az_lives[plan.az_clock(line, az)],
            LifeOf::Group(..) => return self.drawn(plan, state) > 0,
        };
        clock.life == Life::Running
    }

    /// What is left of it where it is stopped for now.
    pub fn paused(self, plan: &Plan, state: &State) -> Option<Span> {
        let clock = match self {
            LifeOf::Node(line, node) => &state.clocks.node_lives[plan.node_clock(line, node)],
            LifeOf::Az(line, az) => &state.clocks.az_lives[plan.az_clock(line, az)],
            LifeOf::Group(..) => return None,
        };
        match clock.life {
            Life::Paused(left) => Some(left),
            Life::Ended | Life::Running => None,
        }
    }

    /// How long the life that was drawn last was to be in the trial of `key`.
    pub fn length(self, plan: &Plan, state: &State, key: TrialKey) -> Span {
        let last = self.drawn(plan, state).saturating_sub(1);
        draws::life_length(self, plan, key, last)
    }
}
