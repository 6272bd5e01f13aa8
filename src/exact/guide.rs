//! A guide to dataset losses: how likely a shard loses its data before it is well again, from
//! every look that it may have, and after everything that may happen next.
//!
//! It is the solution of the chain of one shard of the nearest plan without memory (see
//! [`super::rough`]), averaged over the states that look alike. A guide says where rare events are
//! to be sought; it may be wrong without any estimate being wrong (L'Ecuyer and Tuffin,
//! "Approximating zero-variance importance sampling in a reliability setting", Annals of Operations
//! Research 189, 2011).

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::engine::time::SimTime;
use crate::model::Event;
use crate::model::plan::{AzId, GroupId, NodeId, Plan, ShardId};
use crate::model::state::{Az, Data, Failover, Process, Serving, State};

use super::chain::{Chain, Exit, Impulse};
use super::code::kind_of_failover;
use super::elimination::{Absorbing, Factors};
use super::explore::{Explorer, Part, Transition, Until};
use super::lags::{AsksForIds, Lags};
use super::lump;
use super::rough::{alone, without_memory};
use super::symbols::{Numbering, Symbols};

/// More states than these take longer than a guide may.
const MOST_STATES: usize = 20_000;
const MOST_GUIDED: usize = 1_500;

/// What one complete copy less makes of the chance of a loss, where nothing better is known.
const PER_COPY: f64 = 1e-3;

/// How near to a dataset loss each shard of a plan is.
#[derive(Clone, Debug)]
pub struct Guide {
    /// By shard.
    places: Vec<Place>,
    /// By shard: which of the tables is its own.
    tables: Vec<usize>,
    known: Vec<Table>,
}

/// Where the nodes of a shard are.
#[derive(Clone, Debug)]
struct Place {
    shard: ShardId,
    group: GroupId,
    /// By AZ in which it has nodes.
    azs: Vec<(AzId, Vec<NodeId>)>,
}

/// What is known of shards that are alike.
#[derive(Clone, Debug, Default)]
struct Table {
    /// By look.
    values: HashMap<Vec<u32>, f64>,
    /// By look with a mark at what is about to happen.
    next: HashMap<Vec<u32>, f64>,
    /// By the number of complete copies, for looks that the chain does not know.
    by_copies: Vec<Mean>,
    n_states: usize,
}

/// A running mean.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum: f64,
    n: f64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.n += 1.0;
    }

    fn get(self) -> Option<f64> {
        (self.n > 0.0).then(|| self.sum / self.n)
    }
}

/// What a look marks: where something is about to happen, and what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Mark {
    Nowhere,
    Node(NodeId, u32),
    Az(AzId, u32),
    Shard(ShardId, u32),
    Group(GroupId, u32),
}

impl Guide {
    /// The guide of a plan; nothing if `stop` is set before it is made.
    pub fn unless_stopped(plan: &Plan, stop: &AtomicBool) -> Option<Guide> {
        let mut guide = Guide { places: Vec::new(), tables: Vec::new(), known: Vec::new() };
        let mut kinds = Vec::new();
        for shard in plan.shard_ids() {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            guide.places.push(Place::of(plan, shard));
            let alone = without_memory(&alone(plan, shard));
            let symbols = Symbols::unchecked(&alone, Numbering::Forwards);
            let lags = Lags::new(&alone.replication.lag, AsksForIds::No);
            let place = Place::of(&alone, ShardId(0));
            let part = Part {
                shards: vec![place.shard],
                groups: vec![place.group],
                azs: place.azs.iter().map(|(az, _)| *az).collect(),
            };
            let explorer = Explorer::new(&symbols, &lags, part);
            let group = &alone.groups[0];
            let rules = (group.promotion, group.automatic_failover, group.cluster_mode);
            let kind = (explorer.start_code(), rules, alone.timing.full_sync.clone());
            let known = kinds.iter().position(|other| *other == kind);
            guide.tables.push(known.unwrap_or(kinds.len()));
            if known.is_none() {
                kinds.push(kind);
                guide.known.push(Table::of((&alone, &place), explorer, stop)?);
            }
        }
        Some(guide)
    }

    /// The guide of a plan.
    pub fn of(plan: &Plan) -> Guide {
        let never = AtomicBool::new(false);
        Guide::unless_stopped(plan, &never).expect("nobody stops it")
    }

    /// States of the chains that it was made from, all together.
    pub fn n_states(&self) -> usize {
        self.known.iter().map(|table| table.n_states).sum()
    }

    /// Shards of the plan.
    pub fn n_shards(&self) -> usize {
        self.places.len()
    }

    /// Everything that the guide sees of a shard in one number; two states with the same number
    /// have the same values. Nothing for a shard too large for one number.
    pub fn sight(&self, state: &State, shard: ShardId) -> Option<u128> {
        let (mut sight, mut bits) = (phase(state, shard), 8);
        for (az, nodes) in &self.places[shard.idx()].azs {
            sight |= u128::from(az_word(state, *az)).checked_shl(bits)?;
            bits += 1;
            for node in nodes {
                sight |= u128::from(node_word(state, (shard, *node))).checked_shl(bits)?;
                bits += 3;
            }
        }
        (bits <= u128::BITS).then_some(sight)
    }

    /// Whether nothing of a shard is down, under way or incomplete.
    pub fn is_well(&self, state: &State, shard: ShardId) -> bool {
        self.places[shard.idx()].is_well(state)
    }

    /// The chance of a loss before the shard is well again.
    pub fn value(&self, state: &State, shard: ShardId) -> f64 {
        let place = &self.places[shard.idx()];
        if place.is_well(state) {
            return 0.0;
        }
        let table = &self.known[self.tables[shard.idx()]];
        let known = table.values.get(&place.look(state, Mark::Nowhere)).copied();
        known.unwrap_or_else(|| table.by_copies(place.n_copies(state)))
    }

    /// The same after an event has happened; nothing where the guide knows nothing of it.
    pub fn after(&self, state: &State, shard: ShardId, event: Event) -> Option<f64> {
        let place = &self.places[shard.idx()];
        let mark = mark_of(event).filter(|mark| place.is_concerned(*mark))?;
        let table = &self.known[self.tables[shard.idx()]];
        let next = table.next.get(&place.look(state, mark)).copied();
        let is_loss = matches!(
            event,
            Event::NodeFails { .. } | Event::AzFails { .. } | Event::GroupFails { .. }
        );
        let fewer = || table.by_copies(place.n_copies(state).saturating_sub(1));
        next.or_else(|| is_loss.then(fewer))
    }
}

impl Place {
    fn of(plan: &Plan, shard: ShardId) -> Place {
        let mut azs: Vec<(AzId, Vec<NodeId>)> = Vec::new();
        for node in plan.shards[shard.idx()].node_ids() {
            let az = plan.nodes[node.idx()].az;
            match azs.iter_mut().find(|(other, _)| *other == az) {
                Some((_, nodes)) => nodes.push(node),
                None => azs.push((az, vec![node])),
            }
        }
        Place { shard, group: plan.shards[shard.idx()].group, azs }
    }

    fn is_well(&self, state: &State) -> bool {
        let is_whole = |node: &NodeId| {
            let node = state.node(*node);
            match node.process {
                Process::Running => node.data == Data::Complete,
                Process::Absent => true,
                Process::Crashed | Process::Rebooting(_) | Process::Lost => false,
            }
        };
        let of = state.shard(self.shard);
        of.serving == Serving::Yes
            && of.failover == Failover::Idle
            && self.azs.iter().all(|(az, nodes)| {
                state.config.azs[az.idx()] == Az::Up && nodes.iter().all(is_whole)
            })
    }

    fn is_concerned(&self, mark: Mark) -> bool {
        match mark {
            Mark::Node(node, _) => self.azs.iter().any(|(_, nodes)| nodes.contains(&node)),
            Mark::Az(az, _) => self.azs.iter().any(|(other, _)| *other == az),
            Mark::Shard(shard, _) => self.shard == shard,
            Mark::Group(group, _) => self.group == group,
            Mark::Nowhere => true,
        }
    }

    fn n_copies(&self, state: &State) -> usize {
        let nodes = self.azs.iter().flat_map(|(_, nodes)| nodes);
        nodes.filter(|node| state.node(**node).data == Data::Complete).count()
    }

    /// The look of the shard: AZs in any order, and the nodes in each.
    fn look(&self, state: &State, mark: Mark) -> Vec<u32> {
        let marked = |here: bool, with: u32| if here { with << 8 } else { 0 };
        let of_node = |node: &NodeId| {
            let word = node_word(state, (self.shard, *node));
            match mark {
                Mark::Node(marks, with) => word | marked(marks == *node, with),
                Mark::Nowhere | Mark::Az(..) | Mark::Shard(..) | Mark::Group(..) => word,
            }
        };
        let of_az = |(az, nodes): &(AzId, Vec<NodeId>)| {
            let mut block: Vec<u32> = nodes.iter().map(of_node).collect();
            block.sort_unstable();
            let word = az_word(state, *az);
            block.push(match mark {
                Mark::Az(marks, with) => word | marked(marks == *az, with),
                Mark::Nowhere | Mark::Node(..) | Mark::Shard(..) | Mark::Group(..) => word,
            });
            block.push(u32::MAX);
            block
        };
        let mut blocks: Vec<Vec<u32>> = self.azs.iter().map(of_az).collect();
        blocks.sort_unstable();
        let mut look = blocks.concat();
        look.push(phase(state, self.shard) as u32);
        if let Mark::Shard(_, with) | Mark::Group(_, with) = mark {
            look.push(with);
        }
        look
    }
}

impl Table {
    /// Unfolds and solves the chain of a shard; what is too large leaves the table empty. Nothing
    /// if `stop` is set before.
    fn of(
        (plan, place): (&Plan, &Place),
        mut explorer: Explorer<'_>,
        stop: &AtomicBool,
    ) -> Option<Table> {
        let mut found = Found::default();
        let unfolded = explorer.unfold((MOST_STATES, Until::FirstLoss), |point, transitions| {
            let state = &point.state;
            found.looks.push(place.look(state, Mark::Nowhere));
            found.copies.push(place.n_copies(state));
            found.is_well.push(place.is_well(state));
            let of = |transition: &Transition| Way {
                look: mark_of(transition.event).map(|mark| place.look(state, mark)),
                to: transition.to,
                per_sec: transition.per_sec,
                loses: match transition.effects.n(Impulse::DatasetLoss) {
                    0 => Loses::Nothing,
                    _ => Loses::Dataset,
                },
            };
            found.ways.push(transitions.iter().map(of).collect());
            match stop.load(Ordering::Relaxed) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        let seconds = plan.horizon.since(SimTime::START).as_secs_f64();
        Some(match unfolded {
            Ok(()) => found.table(seconds),
            Err(_) => Table::default(),
        })
    }

    fn by_copies(&self, n: usize) -> f64 {
        let known = self.by_copies.get(n).copied().and_then(Mean::get);
        known.unwrap_or_else(|| PER_COPY.powi(n as i32))
    }
}

/// The chain of a shard, while it is being found.
#[derive(Default)]
struct Found {
    looks: Vec<Vec<u32>>,
    copies: Vec<usize>,
    is_well: Vec<bool>,
    ways: Vec<Vec<Way>>,
}

/// A transition, as far as a guide needs it.
struct Way {
    look: Option<Vec<u32>>,
    to: u32,
    per_sec: f64,
    loses: Loses,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Loses {
    Nothing,
    Dataset,
}

impl Found {
    /// Solves the chain that ends when the shard is well again, when its data is lost, and by a
    /// clock that rings about once per horizon.
    fn table(self, seconds: f64) -> Table {
        let target = |to: u32| if self.is_well[to as usize] { 0 } else { to };
        let (mut exits, mut losses) = (Vec::new(), Vec::new());
        for (from, ways) in self.ways.iter().enumerate() {
            let safe = ways.iter().filter(|way| way.loses == Loses::Nothing);
            let exit = |to: u32, per_sec: f64| Exit { to, per_sec, safe_per_sec: per_sec };
            let mut out: Vec<Exit> = safe.map(|way| exit(target(way.to), way.per_sec)).collect();
            if from > 0 {
                out.push(exit(0, 1.0 / seconds));
            }
            exits.push(out);
            let lost = ways.iter().filter(|way| way.loses == Loses::Dataset);
            losses.push(lost.map(|way| way.per_sec).sum());
        }
        let (lumped, class) = lump::with_classes(&Chain::of_losses(exits, losses));
        if lumped.n_states() > MOST_GUIDED {
            return Table::default();
        }
        let factors = Factors::of(&lumped, Absorbing::Losses);
        let values = factors.until_start(&lumped.losses);
        let value = |state: u32| match self.is_well[state as usize] {
            true => 0.0,
            false => values[class[state as usize] as usize],
        };
        self.tabulate(value)
    }

    fn tabulate(&self, value: impl Fn(u32) -> f64) -> Table {
        let mut values: HashMap<&Vec<u32>, Mean> = HashMap::new();
        let mut next: HashMap<&Vec<u32>, Mean> = HashMap::new();
        let most = self.copies.iter().max().copied().unwrap_or(0);
        let mut by_copies = vec![Mean::default(); most + 1];
        for (from, ways) in self.ways.iter().enumerate() {
            values.entry(&self.looks[from]).or_default().add(value(from as u32));
            if !self.is_well[from] {
                by_copies[self.copies[from]].add(value(from as u32));
            }
            for look in ways.iter().filter_map(|way| way.look.as_ref()) {
                let alike = || ways.iter().filter(|way| way.look.as_ref() == Some(look));
                let after = |way: &Way| match way.loses {
                    Loses::Dataset => 1.0,
                    Loses::Nothing => value(way.to),
                };
                let total: f64 = alike().map(|way| way.per_sec).sum();
                let sum: f64 = alike().map(|way| way.per_sec * after(way)).sum();
                next.entry(look).or_default().add(sum / total);
            }
        }
        let means = |all: HashMap<&Vec<u32>, Mean>| {
            let known =
                all.into_iter().filter_map(|(look, mean)| Some((look.clone(), mean.get()?)));
            known.collect()
        };
        let n_states = self.looks.len();
        Table { values: means(values), next: means(next), by_copies, n_states }
    }
}

/// Whether the shard serves, and what is under way: less than 8 bits.
fn phase(state: &State, shard: ShardId) -> u128 {
    let of = state.shard(shard);
    u128::from(state.serves(shard)) | u128::from(kind_of_failover(of.failover)) << 1
}

fn az_word(state: &State, az: AzId) -> u32 {
    match state.config.azs[az.idx()] {
        Az::Up => 1,
        Az::Down => 0,
    }
}

/// What there is of a node: 3 bits.
fn node_word(state: &State, (shard, id): (ShardId, NodeId)) -> u32 {
    let node = state.node(id);
    let holds = match (node.process, node.data) {
        (Process::Lost | Process::Crashed | Process::Rebooting(_) | Process::Absent, _) => 0,
        (Process::Running, Data::Empty | Data::Logged) => 1,
        (Process::Running, Data::Syncing) => 2,
        (Process::Running, Data::Complete) => 3,
    };
    holds | u32::from(state.shard(shard).primary == id) << 2
}

/// Where an event happens and what it is; the numbers only have to differ.
fn mark_of(event: Event) -> Option<Mark> {
    Some(match event {
        Event::NodeFails { node, .. } => Mark::Node(node, 1),
        Event::ProcessReturns(node) => Mark::Node(node, 2),
        Event::ReplacementReady(node) => Mark::Node(node, 3),
        Event::SyncEnds(node) => Mark::Node(node, 4),
        Event::AzFails { line, az } => Mark::Az(az, 2 + u32::from(line)),
        Event::AzReturns(az) => Mark::Az(az, 1),
        Event::GroupFails { group, .. } => Mark::Group(group, 1),
        Event::DetectionDue(shard) => Mark::Shard(shard, 2),
        Event::PromotionDue(shard) => Mark::Shard(shard, 3),
        Event::EndpointDue(shard) => Mark::Shard(shard, 4),
        Event::ColdStartDue(shard) => Mark::Shard(shard, 5),
        Event::ScriptDue
        | Event::UpdateAnnounced { .. }
        | Event::RecreationDue(_)
        | Event::RecoveryDue(_)
        | Event::WorkflowDue(_)
        | Event::WindowOpens(_)
        | Event::BackupWindowDue(_)
        | Event::SnapshotDue(_)
        | Event::BackupDue(_)
        | Event::RestoreDue(_)
        | Event::ReplayDue(_)
        | Event::WatchDue(_)
        | Event::QuorumDue(_)
        | Event::MinorityNoticed(_)
        | Event::IsolationEnds(_)
        | Event::LinkTimesOut(_)
        | Event::LinkDue(_)
        | Event::OperatorDue
        | Event::MigrationTested
        | Event::CutEnds
        | Event::CohortDue(_) => return None,
    })
}
