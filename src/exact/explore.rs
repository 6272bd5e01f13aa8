//! Unfolds the Markov chain of a plan by applying the model's own rules to every pending event of
//! every state that they reach.
//!
//! Time never passes here (see [`super::symbols`]), so no writes are taken and all copies would be
//! alike. Two things that a trial decides by its clocks are decided by chance instead. Which of
//! several frozen copies goes furthest: any of them, since lags are independent and alike; what a
//! promotion loses is reckoned from the number of candidates. And who starts cold by the rule
//! `first-ready`: any node that is live when the cold start ends (assumed, as in the published
//! cases; a trial takes the one that was ready first, whom a chain would have to remember).

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;

use crate::engine::outcomes::Outcomes;
use crate::engine::queue::{EventQueue, Slot};
use crate::engine::time::SimTime;
use crate::model::draws::Chance;
use crate::model::fact::{Fact, Observer};
use crate::model::plan::{
    AzId, ColdStartNode, GroupId, NodeId, Plan, Promotion, ShardId, Share, Slots,
};
use crate::model::state::{Belief, Copy, Data, Dataset, Failover, Recovery, State, Window};
use crate::model::{Event, Step};

use super::chain::{Chain, Effects, Impulse, is_any_out};
use super::code::Coder;
use super::lags::Lags;
use super::size::{self, Size};
use super::symbols::{Obstacle, Symbols};

/// Shards that nothing connects with others, and all that they depend on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// Its shards, in order.
    pub shards: Vec<ShardId>,
    /// The groups of these.
    pub groups: Vec<GroupId>,
    /// The AZs in which they have nodes.
    pub azs: Vec<AzId>,
}

/// A state as the rules have it, at the one instant that there is.
pub struct Point {
    /// The model's state; its amounts are of no meaning.
    pub state: State,
    /// What is pending, at symbols.
    pub queue: EventQueue<Event>,
    /// By shard: the copies from which a lost primary's slot began to copy, the furthest first,
    /// and of how many each was the furthest.
    pub chosen: Vec<Vec<Chosen>>,
}

impl Clone for Point {
    fn clone(&self) -> Self {
        let Point { state, queue, chosen } = self;
        Point { state: state.clone(), queue: queue.clone(), chosen: chosen.clone() }
    }

    /// Derived, this would allocate anew.
    fn clone_from(&mut self, other: &Self) {
        let Point { state, queue, chosen } = other;
        self.state.clone_from(state);
        self.queue.clone_from(queue);
        self.chosen.clone_from(chosen);
    }
}

/// A frozen copy that was found to be the furthest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Chosen {
    /// Whose it is.
    pub node: NodeId,
    /// Of how many that had not been chosen before.
    pub of: u8,
}

/// Whose copies are the furthest, shard by shard, and how likely that is.
type Order = (Vec<NodeId>, f64);
/// Who starts cold, if that is not decided yet, and how likely that is.
type Starter = (Option<Failover>, f64);

/// Books of a shard at the one instant: so many nano-writes were taken.
const TAKEN: u128 = 1000;
/// So far a frozen copy goes, and the best of several.
const FROZEN: u128 = 900;
const FURTHEST: u128 = 950;

/// What an event did, as far as a result counts it.
#[derive(Clone, Debug, Default)]
struct Seen {
    effects: Effects,
    /// Candidates of each promotion.
    promoted: Vec<(ShardId, u8)>,
    /// What each recreated primary was filled from.
    recreated: Vec<(ShardId, NodeId)>,
    /// Who lost its dataset: an AZ may take that of a shard which is not looked at.
    lost: Vec<ShardId>,
}

impl Observer for Seen {
    fn on_fact(&mut self, _: SimTime, fact: Fact) {
        if let Fact::Promoted { shard, candidates, .. } = fact {
            self.effects.count(Impulse::Failover);
            self.promoted.push((shard, candidates));
        } else if let Fact::PrimaryRecreated { shard, from, .. } = fact {
            self.effects.count(Impulse::PrimaryRecreation);
            self.recreated.push((shard, from));
        } else if let Fact::DatasetLost { shard, .. } = fact {
            self.lost.push(shard);
        }
    }
}

/// How far a chain is followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Until {
    /// It goes on after a dataset loss.
    Ever,
    /// To a dataset loss, after which it is at the start again.
    FirstLoss,
}

/// One way out of a state.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Transition {
    /// What happens.
    pub event: Event,
    /// The state that follows.
    pub to: u32,
    /// How often per second.
    pub per_sec: f64,
    /// What is counted.
    pub effects: Effects,
}

/// The number of the state at the start.
const START: u32 = 0;

/// Explores one part of a plan.
pub struct Explorer<'s> {
    symbols: &'s Symbols,
    lags: &'s Lags,
    part: Part,
    slots: Slots,
    coder: Coder,
    /// The state at the start, from which amounts are taken that mean nothing.
    fresh: State,
    /// Whether rules take decisions that are no matter of clocks.
    decides: bool,
    /// By number: the states that are not visited yet.
    points: Vec<Option<Point>>,
    /// The memory of states that are of no more use.
    spare: Vec<Point>,
    known: HashMap<Vec<u64>, u32>,
    /// By place of the law: those that something waits for and that no chain can have.
    objections: BTreeMap<usize, Obstacle>,
}

impl<'s> Explorer<'s> {
    /// For this part of the plan.
    pub fn new(symbols: &'s Symbols, lags: &'s Lags, part: Part) -> Self {
        let plan = &symbols.plan;
        Explorer {
            symbols,
            lags,
            slots: plan.slots(),
            fresh: State::new(plan),
            decides: plan.groups.iter().any(|group| group.promotion == Some(Promotion::Random))
                || plan.az_failures.iter().any(|failures| failures.share != Share::All),
            coder: Coder::new(plan, &part, lags.decides_by_id()),
            part,
            points: Vec::new(),
            spare: Vec::new(),
            known: HashMap::new(),
            objections: BTreeMap::new(),
        }
    }

    /// The code of the state at the start: equal for parts that are alike.
    pub fn start_code(&self) -> Vec<u64> {
        let start = self.start();
        self.coder.code(&start)
    }

    /// The part that is explored.
    pub fn part(&self) -> &Part {
        &self.part
    }

    /// The chain, with at most so many states; or all laws that something was found to wait for and
    /// that no chain can have, or that there are more states.
    pub fn chain(mut self, most: usize) -> Result<Chain, Vec<Obstacle>> {
        let symbols = self.symbols;
        let part = self.part.clone();
        let mut chain = Chain::new(part.shards.len());
        self.unfold((most, Until::Ever), |point, transitions| {
            chain.begin_state(&symbols.plan, &part, point);
            for Transition { to, per_sec, effects, .. } in transitions {
                chain.add(*to, *per_sec, effects);
            }
            ControlFlow::Continue(())
        })?;
        chain.finish();
        match self.objections.is_empty() {
            true => Ok(chain),
            false => Err(self.objections.into_values().collect()),
        }
    }

    /// Tells every state with its transitions, state 0 first, of at most so many states. It ends
    /// before its time once enough states were seen to object to laws, or if `tell` breaks off.
    pub fn unfold(
        &mut self,
        (most, until): (usize, Until),
        mut tell: impl FnMut(&Point, &[Transition]) -> ControlFlow<()>,
    ) -> Result<(), Vec<Obstacle>> {
        let start = self.start();
        self.place(start);
        let mut next = 0;
        while next < self.points.len() {
            let has_seen_enough = next >= size::to_look_at(&self.symbols.plan);
            if has_seen_enough && !self.objections.is_empty() {
                break;
            }
            if self.points.len() > most {
                let too_large = size::too_large(self.symbols, &self.part, Size::MoreThan(most));
                let objections = std::mem::take(&mut self.objections).into_values();
                return Err(objections.chain([too_large]).collect());
            }
            let (point, transitions) = self.visit(next, until).map_err(|it| vec![it])?;
            let told = tell(&point, &transitions);
            self.spare.push(point);
            if told.is_break() {
                break;
            }
            next += 1;
        }
        Ok(())
    }

    /// The laws that something waits for in the first states and that no chain can have.
    pub fn objections(mut self) -> Vec<Obstacle> {
        let start = self.start();
        self.place(start);
        for next in 0..size::to_look_at(&self.symbols.plan) {
            let has_more = next < self.points.len() && self.visit(next, Until::Ever).is_ok();
            if !has_more {
                break;
            }
        }
        self.objections.into_values().collect()
    }

    /// The state with this number and its transitions; finds the states that follow.
    fn visit(&mut self, number: usize, until: Until) -> Result<(Point, Vec<Transition>), Obstacle> {
        let point = self.points[number].take().expect("a state is visited once");
        let mut transitions = Vec::new();
        for slot in 0..self.slots.n_slots() as u32 {
            // A shard that is looked at alone has others beside it, which are let be.
            if point.queue.event(Slot(slot)).is_some_and(|event| self.concerns(event)) {
                self.follow((&point, Slot(slot)), until, &mut transitions)?;
            }
        }
        Ok((point, transitions))
    }

    /// Everybody up, with nothing pending that belongs to other parts.
    fn start(&self) -> Point {
        let plan = &self.symbols.plan;
        let mut point = Point {
            state: self.fresh.clone(),
            queue: EventQueue::with_slots(self.slots.n_slots()),
            chosen: vec![Vec::new(); plan.shards.len()],
        };
        self.step(&mut point, &Outcomes::default(), &mut Seen::default()).begin();
        for slot in 0..self.slots.n_slots() as u32 {
            let is_ours = point.queue.event(Slot(slot)).is_some_and(|event| self.concerns(event));
            if !is_ours {
                point.queue.clear(Slot(slot));
            }
        }
        self.forget(&mut point);
        point
    }

    /// Whether an event is about this part.
    fn concerns(&self, event: Event) -> bool {
        if let Event::AzFails { az, .. } = event {
            self.part.azs.contains(&az)
        } else if let Event::GroupFails { group, .. } = event {
            self.part.groups.contains(&group)
        } else {
            self.shard_of(event).is_none_or(|shard| self.part.shards.contains(&shard))
        }
    }

    fn step<'a>(
        &'a self,
        point: &'a mut Point,
        outcomes: &'a Outcomes,
        seen: &'a mut Seen,
    ) -> Step<'a, Seen> {
        Step {
            now: SimTime::START,
            chance: Chance::Decided(outcomes),
            plan: &self.symbols.plan,
            slots: self.slots,
            state: &mut point.state,
            queue: &mut point.queue,
            observer: seen,
        }
    }

    /// The number of a state that has been reached.
    fn place(&mut self, point: Point) -> u32 {
        let code = self.coder.code(&point);
        let next = self.points.len() as u32;
        let place = *self.known.entry(code).or_insert(next);
        match place == next {
            true => self.points.push(Some(point)),
            false => self.spare.push(point),
        }
        place
    }

    /// The same state once more, in memory that was used before where there is some.
    fn copy(&mut self, point: &Point) -> Point {
        let Some(mut copy) = self.spare.pop() else { return point.clone() };
        copy.clone_from(point);
        copy
    }

    /// Adds the transitions by what is pending in a slot.
    fn follow(
        &mut self,
        (point, slot): (&Point, Slot),
        until: Until,
        transitions: &mut Vec<Transition>,
    ) -> Result<(), Obstacle> {
        let Some(at) = point.queue.pending(slot) else { return Ok(()) };
        let (stages, left) = self.symbols.meaning(at)?;
        if let Some((place, objection)) = self.symbols.objection(at) {
            self.objections.entry(place).or_insert_with(|| objection.clone());
        }
        let event = point.queue.event(slot).expect("a pending slot has an event");
        let mut after = self.copy(point);
        if left > 1 {
            after.queue.schedule(slot, Symbols::one_stage_less(at), event);
            let to = self.place(after);
            let effects = Effects::default();
            transitions.push(Transition { event, to, per_sec: stages.per_sec, effects });
            return Ok(());
        }
        after.queue.clear(slot);
        let mut leaves = Vec::new();
        self.happens(after, event, (1.0, Effects::default()), &mut leaves);
        let was_out = is_any_out(&self.part, &point.state);
        for (end, probability, mut effects) in leaves {
            if !was_out && is_any_out(&self.part, &end.state) {
                effects.count(Impulse::WriteOutage);
            }
            let to = match until {
                Until::FirstLoss if effects.n(Impulse::DatasetLoss) > 0 => START,
                Until::FirstLoss | Until::Ever => self.place(end),
            };
            transitions.push(Transition {
                event,
                to,
                per_sec: stages.per_sec * probability,
                effects,
            });
        }
        Ok(())
    }

    /// Lets an event happen in every way in which it can, and all that follows without delay.
    fn happens(
        &self,
        point: Point,
        event: Event,
        so_far: (f64, Effects),
        leaves: &mut Vec<(Point, f64, Effects)>,
    ) {
        for (arranged, chance) in self.arranged(point, event) {
            for (mut after, probability, effects) in self.ways(arranged, event) {
                let probability = so_far.0 * chance * probability;
                let effects = so_far.1.plus(&effects);
                self.forget(&mut after);
                match after.queue.peek() {
                    Some((SimTime::START, slot)) => {
                        let event = after.queue.event(slot).expect("it is pending");
                        after.queue.clear(slot);
                        self.happens(after, event, (probability, effects), leaves);
                    }
                    Some(_) | None => leaves.push((after, probability, effects)),
                }
            }
        }
    }

    /// The state with everything in it that a clock would have decided and the event asks for.
    fn arranged(&self, point: Point, event: Event) -> Vec<(Point, f64)> {
        let (orders, starters) = (self.orders(&point, event), self.starters(&point, event));
        let all = orders.iter().flat_map(|order| starters.iter().map(move |it| (order, it)));
        let arranged = |(order, starter): (&Order, &Starter)| {
            let mut arranged = point.clone();
            for node in &order.0 {
                arranged.state.ledger.copies[node.idx()].offset = FURTHEST;
            }
            if let (Some(failover), Event::ColdStartDue(shard)) = (starter.0, event) {
                arranged.state.config.shards[shard.idx()].failover = failover;
            }
            (arranged, order.1 * starter.1)
        };
        match (orders.as_slice(), starters.as_slice()) {
            ([(nobody, _)], [(None, _)]) if nobody.is_empty() => vec![(point, 1.0)],
            _ => all.map(arranged).collect(),
        }
    }

    /// Who may have the furthest copy, in each shard without a primary, and how likely.
    fn orders(&self, point: &Point, event: Event) -> Vec<Order> {
        let mut orders = vec![(Vec::new(), 1.0)];
        if self.lags.decides_by_id() {
            return orders;
        }
        let only = self.shard_of(event);
        for &shard in self.part.shards.iter().filter(|shard| only.is_none_or(|o| o == **shard)) {
            let copies = self.furthest(point, shard, Some(event));
            if point.state.serves(shard) || copies.is_empty() {
                continue;
            }
            let chance = 1.0 / copies.len() as f64;
            let with = |(best, probability): &Order| {
                let extended =
                    |node: &NodeId| ([best, &[*node][..]].concat(), probability * chance);
                copies.iter().map(extended).collect::<Vec<_>>()
            };
            orders = orders.iter().flat_map(with).collect();
        }
        orders
    }

    /// Whose copy may be the furthest of those that outlive the event: the first of those that were
    /// chosen before, if it is still there, and anybody's otherwise.
    fn furthest(&self, point: &Point, shard: ShardId, event: Option<Event>) -> Vec<NodeId> {
        let plan = &self.symbols.plan;
        let copies = complete(plan, &point.state, shard);
        let copies: Vec<NodeId> = copies.filter(|node| !takes(plan, event, *node)).collect();
        let chosen = &point.chosen[shard.idx()];
        match chosen.iter().find(|chosen| copies.contains(&chosen.node)) {
            Some(first) => vec![first.node],
            None => copies,
        }
    }

    /// The one shard that an event concerns, if it is no event of several.
    fn shard_of(&self, event: Event) -> Option<ShardId> {
        let of = |node: NodeId| Some(self.symbols.plan.nodes[node.idx()].shard);
        if let Event::NodeFails { node, .. }
        | Event::ReplacementReady(node)
        | Event::ProcessReturns(node)
        | Event::SyncEnds(node) = event
        {
            of(node)
        } else if let Event::DetectionDue(shard)
        | Event::PromotionDue(shard)
        | Event::EndpointDue(shard)
        | Event::ColdStartDue(shard) = event
        {
            Some(shard)
        } else {
            None
        }
    }

    /// Applies an event in every way in which its decisions may fall.
    fn ways(&self, point: Point, event: Event) -> Vec<(Point, f64, Effects)> {
        let outcomes = Outcomes::default();
        if !self.decides {
            return vec![self.apply(point, event, &outcomes)];
        }
        let mut ways = Vec::new();
        loop {
            ways.push(self.apply(point.clone(), event, &outcomes));
            if !outcomes.advance() {
                return ways;
            }
        }
    }

    fn apply(&self, point: Point, event: Event, outcomes: &Outcomes) -> (Point, f64, Effects) {
        let mut after = point;
        let mut seen = Seen::default();
        self.step(&mut after, outcomes, &mut seen).apply(event);
        let effects = self.effects(&after.chosen, &seen);
        (self.remember(after), outcomes.probability(), effects)
    }

    /// Who may start cold now, how likely: any live node, where it is to be the first that is ready
    /// and nobody remembers who was. Nobody else otherwise.
    fn starters(&self, point: &Point, event: Event) -> Vec<Starter> {
        let plan = &self.symbols.plan;
        let Event::ColdStartDue(shard) = event else { return vec![(None, 1.0)] };
        if !self.forgets_starters(shard) {
            return vec![(None, 1.0)];
        }
        let live = plan.shards[shard.idx()].node_ids().filter(|node| point.state.answers(*node));
        let live: Vec<NodeId> = live.collect();
        let chance = 1.0 / live.len() as f64;
        live.into_iter().map(|node| (Some(Failover::ColdStarting(node)), chance)).collect()
    }

    fn forgets_starters(&self, shard: ShardId) -> bool {
        let plan = &self.symbols.plan;
        plan.rules.cold_start_node == ColdStartNode::FirstReady
            && plan.group_of(shard).promotes_at_start().is_some()
            && !self.lags.decides_by_id()
    }

    /// What the event did, with the writes that it lost on average.
    fn effects(&self, chosen: &[Vec<Chosen>], seen: &Seen) -> Effects {
        let mut effects = seen.effects;
        let plan = &self.symbols.plan;
        let rate = |shard: ShardId| plan.shards[shard.idx()].writes_per_sec as f64;
        for _ in seen.lost.iter().filter(|shard| self.part.shards.contains(shard)) {
            effects.count(Impulse::DatasetLoss);
        }
        for &(shard, candidates) in &seen.promoted {
            let by = plan.group_of(shard).promotion.expect("who promotes has a rule");
            let lag = match by {
                Promotion::LeastLag => self.lags.least_of(candidates),
                Promotion::Random | Promotion::LowestId => self.lags.least_of(1),
            };
            effects.lost_writes += rate(shard) * lag;
        }
        for &(shard, from) in &seen.recreated {
            let chosen = &chosen[shard.idx()];
            let place = chosen.iter().position(|chosen| chosen.node == from);
            let place = place.expect("a primary is recreated from a copy that was chosen");
            let of: Vec<u8> = chosen[..=place].iter().map(|chosen| chosen.of).collect();
            effects.lost_writes += rate(shard) * self.lags.after_choices(&of);
        }
        effects
    }

    /// Notes from whom a lost primary's slot began to copy.
    fn remember(&self, mut after: Point) -> Point {
        for &shard in &self.part.shards {
            let state = *after.state.shard(shard);
            if after.state.serves(shard) || state.dataset != Dataset::Held {
                after.chosen[shard.idx()].clear();
                continue;
            }
            let source = after.state.node(state.primary).upstream;
            let source = source.filter(|_| after.state.node(state.primary).data == Data::Syncing);
            let Some(node) = source else { continue };
            if after.chosen[shard.idx()].iter().all(|chosen| chosen.node != node) {
                let copies = self.furthest(&after, shard, None);
                after.chosen[shard.idx()].push(Chosen { node, of: copies.len() as u8 });
            }
        }
        after
    }

    /// Drops from a state what a chain does not know: amounts, numbers of draws, what was told.
    fn forget(&self, point: &mut Point) {
        let (plan, fresh, state) = (&self.symbols.plan, &self.fresh, &mut point.state);
        state.clocks.groups.clone_from(&fresh.clocks.groups);
        state.clocks.nodes.clone_from(&fresh.clocks.nodes);
        state.clocks.shards.clone_from(&fresh.clocks.shards);
        state.clocks.group_lives.clone_from(&fresh.clocks.group_lives);
        let lives = state.clocks.az_lives.iter_mut().chain(&mut state.clocks.node_lives);
        lives.for_each(|clock| clock.drawn = 0);
        state.clocks.slow_until = fresh.clocks.slow_until;
        state.archive.clone_from(&fresh.archive);
        state.told.clone_from(&fresh.told);
        for shard in plan.shard_ids() {
            let accepting = state.ledger.shards[shard.idx()].accepting;
            let mut books = fresh.ledger.shards[shard.idx()];
            books.accepting = accepting;
            books.history.0 += 1;
            books.offset = match state.shard(shard).dataset {
                Dataset::Held | Dataset::InLog => TAKEN,
                Dataset::Lost => 0,
            };
            let history = books.history;
            state.ledger.shards[shard.idx()] = books;
            for node in plan.shards[shard.idx()].node_ids() {
                state.ledger.copies[node.idx()] = Copy { history, offset: FROZEN };
            }
        }
        state.config.nodes.iter_mut().for_each(|node| node.recovery = Recovery::Settled);
        for &shard in &self.part.shards {
            let failover = point.state.shard(shard).failover;
            if matches!(failover, Failover::ColdStarting(_)) && self.forgets_starters(shard) {
                let mut nodes = plan.shards[shard.idx()].node_ids();
                let live = nodes.find(|node| point.state.answers(*node));
                let live = live.expect("somebody starts cold");
                point.state.config.shards[shard.idx()].failover = Failover::ColdStarting(live);
            }
        }
        if plan.rules.repairs_at_once() {
            self.forget_replicas(point);
        }
    }

    /// Where repair waits for no detection, nothing does that concerns replicas: whether they were
    /// missed yet makes no difference.
    fn forget_replicas(&self, point: &mut Point) {
        for &shard in &self.part.shards {
            let primary = point.state.shard(shard).primary;
            for node in self.symbols.plan.shards[shard.idx()].node_ids() {
                if node != primary {
                    point.state.config.nodes[node.idx()].belief = Belief::Up;
                }
            }
            let window = &mut point.state.config.shards[shard.idx()].window;
            if *window == Window::Replica {
                *window = Window::Closed;
                point.queue.clear(self.slots.detection(shard));
            }
        }
    }
}

/// Whether a random fault takes the node.
fn takes(plan: &Plan, event: Option<Event>, node: NodeId) -> bool {
    let of = &plan.nodes[node.idx()];
    match event {
        Some(Event::NodeFails { node: victim, .. }) => victim == node,
        Some(Event::AzFails { az, .. }) => of.az == az,
        Some(Event::GroupFails { group, .. }) => plan.shards[of.shard.idx()].group == group,
        Some(_) | None => false,
    }
}

/// The nodes of the shard with a complete copy.
fn complete<'a>(
    plan: &Plan,
    state: &'a State,
    shard: ShardId,
) -> impl Iterator<Item = NodeId> + use<'a> {
    let nodes = plan.shards[shard.idx()].node_ids();
    nodes.filter(|node| state.node(*node).data == Data::Complete)
}
