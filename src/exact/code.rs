//! One code for all states that differ only in the names of nodes, shards, groups and AZs.
//!
//! A state is written down as a tree: groups, in them shards, in each shard by AZ the nodes. Nodes
//! of one shard and AZ, shards of one group, and groups are sorted by what is written of them, and
//! of all orders of the AZs the one is taken that comes first. Since everything is written that the
//! rules ask about, two states with one code have the same future: the chain may take them for one
//! (strong lumping, Kemeny and Snell, Finite Markov Chains, 6.3).

use crate::engine::queue::EventQueue;
use crate::model::Event;
use crate::model::plan::{AzId, Group, NodeId, Plan, Shard, ShardId, Slots};
use crate::model::state::{Data, Failover, Life, LifeClock, Process, Replacement, Serving};

use super::explore::{Part, Point};

/// Above so many AZs their order is kept: all orders would take longer than more states.
const MOST_AZS: usize = 5;

/// What is written where nothing is pending.
const NOTHING: u64 = 0;

/// A life that is stopped, with a symbol for what is left.
const PAUSED: u64 = 1 << 63;

/// Writes states down.
#[derive(Debug)]
pub struct Coder {
    slots: Slots,
    part: Part,
    /// All orders of the part's AZs that are tried.
    orders: Vec<Vec<usize>>,
    /// By node: what distinguishes it for ever.
    ids: Vec<u64>,
    /// By shard and by group: numbers that those share which are alike.
    shard_kinds: Vec<u64>,
    group_kinds: Vec<u64>,
    /// By shard and AZ of the part: its nodes there.
    nodes_at: Vec<Vec<Vec<NodeId>>>,
    shard_of: Vec<ShardId>,
    nodes_of: Vec<Vec<NodeId>>,
    shards_of: Vec<Vec<ShardId>>,
    n_lines: [usize; 3],
    /// Whether it matters who starts cold.
    names_starters: bool,
}

impl Coder {
    /// For this part of the plan; where ids decide, no node is like another.
    pub fn new(plan: &Plan, part: &Part, by_id: bool) -> Coder {
        let n_azs = part.azs.len();
        let orders = match n_azs <= MOST_AZS {
            true => permutations(n_azs),
            false => vec![(0..n_azs).collect()],
        };
        let ids = plan.nodes.iter().map(|node| u64::from(by_id) * u64::from(node.rank));
        let in_part = |group: usize| {
            let shards = part.shards.iter();
            shards.copied().filter(|s| plan.shards[s.idx()].group.idx() == group).collect()
        };
        Coder {
            slots: plan.slots(),
            part: part.clone(),
            orders,
            ids: ids.collect(),
            shard_kinds: kinds(&plan.shards, alike_shards),
            group_kinds: kinds(&plan.groups, alike_groups),
            nodes_at: plan.shards.iter().map(|shard| nodes_at(plan, shard, &part.azs)).collect(),
            shard_of: plan.nodes.iter().map(|node| node.shard).collect(),
            nodes_of: plan.shards.iter().map(|shard| shard.node_ids().collect()).collect(),
            shards_of: (0..plan.groups.len()).map(in_part).collect(),
            names_starters: by_id,
            n_lines: [plan.node_failures.len(), plan.az_failures.len(), plan.group_failures.len()],
        }
    }

    /// The code of a state.
    pub fn code(&self, point: &Point) -> Vec<u64> {
        let mut nodes = Vec::with_capacity(self.ids.len() * self.node_words());
        for node in 0..self.ids.len() as u16 {
            self.node(point, NodeId(node), &mut nodes);
        }
        let azs: Vec<Vec<u64>> = self.part.azs.iter().map(|az| self.az(point, *az)).collect();
        // The AZs are written first, so that the first of all orders has them sorted.
        let is_sorted = |order: &&Vec<usize>| order.is_sorted_by_key(|az| &azs[*az]);
        let sorted = self.orders.iter().filter(is_sorted);
        let all = sorted.map(|order| self.in_order(point, order, (&nodes, &azs)));
        all.min().unwrap_or_else(|| self.in_order(point, &self.orders[0], (&nodes, &azs)))
    }

    /// Words that are written of a node.
    fn node_words(&self) -> usize {
        3 + self.n_lines[0]
    }

    fn in_order(
        &self,
        point: &Point,
        order: &[usize],
        (nodes, azs): (&[u64], &[Vec<u64>]),
    ) -> Vec<u64> {
        let mut code = Vec::with_capacity(2 * nodes.len() + 64);
        order.iter().for_each(|az| code.extend_from_slice(&azs[*az]));
        write_sorted(&mut code, &self.part.groups, |group, code| {
            code.push(self.group_kinds[group.idx()]);
            for line in 0..self.n_lines[2] as u16 {
                code.push(pending(&point.queue, self.slots.group_life(line, *group)));
            }
            let shards = &self.shards_of[group.idx()];
            code.push(shards.len() as u64);
            write_sorted(code, shards, |shard, code| {
                self.shard((point, *shard), (order, nodes), code);
            });
        });
        code
    }

    fn shard(
        &self,
        (point, shard): (&Point, ShardId),
        (order, nodes): (&[usize], &[u64]),
        written: &mut Vec<u64>,
    ) {
        let state = point.state.shard(shard);
        let serving = match state.serving {
            Serving::Yes => 0,
            Serving::Interrupted => 1,
            Serving::No => 2,
        };
        written.extend([
            self.shard_kinds[shard.idx()],
            serving,
            state.window as u64,
            state.dataset as u64,
            u64::from(point.state.ledger.shards[shard.idx()].accepting),
            kind_of_failover(state.failover),
            pending(&point.queue, self.slots.detection(shard)),
            pending(&point.queue, self.slots.failover(shard)),
        ]);
        let chosen = &point.chosen[shard.idx()];
        written.push(chosen.len() as u64);
        written.extend(chosen.iter().map(|chosen| u64::from(chosen.of)));
        let words = self.node_words();
        for az in order {
            let here = &self.nodes_at[shard.idx()][*az];
            written.push(here.len() as u64);
            write_sorted(written, here, |node, written| {
                written.extend_from_slice(&nodes[node.idx() * words..(node.idx() + 1) * words]);
            });
        }
    }

    fn az(&self, point: &Point, az: AzId) -> Vec<u64> {
        let mut written = vec![
            point.state.config.azs[az.idx()] as u64,
            pending(&point.queue, self.slots.az_return(az)),
        ];
        let n_azs = point.state.config.azs.len();
        for line in 0..self.n_lines[1] {
            let clock = &point.state.clocks.az_lives[line * n_azs + az.idx()];
            written.push(life(clock, pending(&point.queue, self.slots.az_life(line as u16, az))));
        }
        written
    }

    fn node(&self, point: &Point, id: NodeId, written: &mut Vec<u64>) {
        let node = point.state.node(id);
        let shard_id = self.shard_of[id.idx()];
        let shard = point.state.shard(shard_id);
        let process = match node.process {
            Process::Running => 0,
            Process::Lost => 1,
            Process::Crashed => 2,
            Process::Rebooting(_) => 3,
            Process::Absent => 4,
        };
        let replacement = match node.replacement {
            Replacement::Idle => 0,
            Replacement::WaitingForAz => 1,
            Replacement::Provisioning => 2,
            Replacement::Scheduled => 3,
        };
        let upstream = match node.upstream {
            None => 0,
            Some(other) if other == shard.primary => 1,
            Some(_) => 2,
        };
        let readers = self.nodes_of[shard_id.idx()]
            .iter()
            .filter(|other| point.state.node(**other).upstream == Some(id) && id != shard.primary);
        let is_target = shard.failover == Failover::ColdStarting(id) && self.names_starters;
        let roles = u64::from(shard.primary == id)
            | u64::from(shard.endpoint == id) << 1
            | u64::from(is_target) << 2;
        let chosen = point.chosen[shard_id.idx()].iter().position(|chosen| chosen.node == id);
        let holds = node.data == Data::Complete;
        let chosen = chosen.filter(|_| holds).map_or(0, |place| place as u64 + 1);
        let packed = [process, replacement, upstream, roles, chosen, node.data as u64]
            .into_iter()
            .chain([node.belief as u64, readers.count() as u64])
            .fold(0, |word, part| word << 8 | part);
        written.extend([self.ids[id.idx()], packed, pending(&point.queue, self.slots.service(id))]);
        let n_nodes = self.ids.len();
        for line in 0..self.n_lines[0] {
            let clock = &point.state.clocks.node_lives[line * n_nodes + id.idx()];
            let ends = pending(&point.queue, self.slots.node_life(line as u16, id));
            written.push(life(clock, ends));
        }
    }
}

/// Writes something of every item, and puts what is written into order.
fn write_sorted<T>(written: &mut Vec<u64>, items: &[T], mut write: impl FnMut(&T, &mut Vec<u64>)) {
    if let [only] = items {
        return write(only, written);
    }
    let start = written.len();
    let mut ends = Vec::with_capacity(items.len());
    for item in items {
        write(item, written);
        ends.push(written.len());
    }
    let starts = std::iter::once(start).chain(ends.iter().copied());
    let mut parts: Vec<&[u64]> = starts.zip(&ends).map(|(from, to)| &written[from..*to]).collect();
    if !parts.is_sorted() {
        parts.sort_unstable();
        let sorted = parts.concat();
        written.truncate(start);
        written.extend(sorted);
    }
}

/// What is under way in a shard, whoever it is that does it: less than 8.
pub fn kind_of_failover(failover: Failover) -> u64 {
    match failover {
        Failover::Idle => 0,
        Failover::Promoting => 1,
        Failover::UpdatingEndpoint => 2,
        Failover::ColdStarting(_) => 3,
        Failover::Recreating => 4,
        Failover::Refilling => 5,
    }
}

/// For what is waited in a slot: a symbol.
fn pending(queue: &EventQueue<Event>, slot: crate::engine::queue::Slot) -> u64 {
    queue.pending(slot).map_or(NOTHING, |at| at.as_nanos())
}

fn life(clock: &LifeClock, ends: u64) -> u64 {
    match clock.life {
        Life::Ended => NOTHING,
        Life::Running => ends,
        Life::Paused(left) => PAUSED | left.as_nanos(),
    }
}

/// By item: the number of the first one that is like it.
fn kinds<T>(items: &[T], alike: impl Fn(&T, &T) -> bool) -> Vec<u64> {
    let first = |item: &T| items.iter().position(|other| alike(item, other));
    items.iter().map(|item| first(item).expect("an item is like itself") as u64).collect()
}

/// Whether the rules and the results make no difference between the shards.
fn alike_shards(a: &Shard, b: &Shard) -> bool {
    a.writes_per_sec == b.writes_per_sec && a.hash_slots == b.hash_slots
}

fn alike_groups(a: &Group, b: &Group) -> bool {
    let of = |group: &Group| {
        (group.promotion, group.automatic_failover, group.multi_az, group.cluster_mode)
    };
    // Random failures of one group alone show in what is pending.
    of(a) == of(b)
}

/// By AZ: the nodes that a shard has there.
fn nodes_at(plan: &Plan, shard: &Shard, azs: &[AzId]) -> Vec<Vec<NodeId>> {
    let at = |az: &AzId| shard.node_ids().filter(|node| plan.nodes[node.idx()].az == *az).collect();
    azs.iter().map(at).collect()
}

/// All orders of `0..n`.
fn permutations(n: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for item in 0..n {
        let with = |order: &Vec<usize>| {
            (0..=order.len())
                .map(|place| {
                    let mut order = order.clone();
                    order.insert(place, item);
                    order
                })
                .collect::<Vec<_>>()
        };
        all = all.iter().flat_map(with).collect();
    }
    all
}
