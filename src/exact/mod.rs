//! Exact answers: the Markov chain of a plan, unfolded from the model's own rules, and solved.
//!
//! [`obstacles`] finds what no chain can have; [`symbols`] makes the laws of a plan into names;
//! [`explore`] applies the rules to every state, with [`code`] to recognize states that are alike
//! and [`lags`] for what a promotion loses; [`chain`] is what comes of it, [`lump`] merges what has
//! the same future, [`elimination`], [`mod@solve`] and [`stepping`] give the numbers; [`size`] says
//! how large a chain may be. Shards that nothing connects are solved apart.
//!
//! [`guide`] says how near any state is to a dataset loss, by the chain of the [`rough`] plan: what
//! studies of rare losses are steered by, for any laws.

pub mod chain;
pub mod code;
pub mod elimination;
pub mod explore;
pub mod guide;
pub mod lags;
pub mod lump;
pub mod obstacles;
pub mod rough;
pub mod size;
pub mod solve;
pub mod stepping;
pub mod symbols;

use crate::engine::time::SimTime;
use crate::model::plan::{AzId, GroupId, Plan, Promotion, ShardId};
use crate::observe::metrics::Metric;

use chain::{N_REWARDS, place};
use explore::{Explorer, Part};
use lags::{AsksForIds, Lags};
use size::Size;
use solve::Solution;
use symbols::{Obstacle, Symbols};

/// The exact numbers of a plan.
#[derive(Clone, Debug)]
pub struct Exact {
    /// States of the chains that were solved, all parts together.
    pub n_states: usize,
    /// States that were found before those that are alike were merged.
    pub n_explored: usize,
    /// Parts that nothing connects; of those that are alike one was solved.
    pub n_parts: usize,
    long_run: [Option<f64>; N_REWARDS],
    horizon: [Option<f64>; N_REWARDS],
    /// Probability of a dataset loss in any shard within the horizon, from a fresh start.
    pub loss: f64,
    /// What shards that are alike come to, each looked at alone.
    pub by_shard: Vec<OfShards>,
}

/// The numbers of each of some shards that are alike.
#[derive(Clone, PartialEq, Debug)]
pub struct OfShards {
    /// Which shards.
    pub shards: Vec<ShardId>,
    /// The share of time without writes in the long run.
    pub out: f64,
    /// Seconds without writes over the horizon from a fresh start, on average.
    pub out_in_horizon: f64,
    /// Probability of a dataset loss within the horizon, from a fresh start.
    pub loss: f64,
}

impl OfShards {
    /// Whether the numbers of both agree to all digits that are sure.
    fn is_like(&self, other: &OfShards) -> bool {
        let close = |a: f64, b: f64| (a - b).abs() <= 1e-11 * a.abs().max(b.abs());
        close(self.out, other.out)
            && close(self.out_in_horizon, other.out_in_horizon)
            && close(self.loss, other.loss)
    }
}

impl Exact {
    /// The mean of a metric per second in the long run; nothing for metrics that a chain does not
    /// know, or does not know of parts that are solved apart.
    pub fn long_run(&self, metric: Metric) -> Option<f64> {
        self.long_run[place(metric)?]
    }

    /// The mean of a metric over the horizon from a fresh start.
    pub fn horizon(&self, metric: Metric) -> Option<f64> {
        self.horizon[place(metric)?]
    }
}

/// Why a horizon is refused over which a chain changes in more ways than steps tell apart.
const TOO_MANY_STEPS: &str = "takes more steps than are made to be sure of the digits; a shorter \
                              one, or a much longer one, takes fewer";

/// What a part came to, and how many there are that are like it.
struct Solved {
    code: Vec<u64>,
    solution: Solution,
    n_explored: usize,
    n: usize,
}

/// Solves the plan, or says everything that stands in the way: rules and keys that no chain can
/// have, and laws that something waits for and that have a memory.
pub fn solve(plan: &Plan) -> Result<Exact, Vec<Obstacle>> {
    let mut found = obstacles::found(plan);
    if found.is_empty() {
        return solve_parts(plan);
    }
    let rest = obstacles::without(plan);
    found.extend(rest.iter().flat_map(laws_with_memory));
    Err(found)
}

fn solve_parts(plan: &Plan) -> Result<Exact, Vec<Obstacle>> {
    let symbols = Symbols::of(plan)?;
    let lags = Lags::new(&plan.replication.lag, asks_for_ids(plan));
    let seconds = plan.horizon.since(SimTime::START).as_secs_f64();
    let mut solved: Vec<Solved> = Vec::new();
    let (mut refused, mut codes_refused) = (Vec::new(), Vec::new());
    for part in parts(plan) {
        let explorer = Explorer::new(&symbols, &lags, part);
        let code = explorer.start_code();
        if let Some(same) = solved.iter_mut().find(|other| other.code == code) {
            same.n += 1;
        } else if !codes_refused.contains(&code) {
            match solve_part(explorer, (&symbols, seconds)) {
                Ok((solution, n_explored)) => {
                    solved.push(Solved { code, solution, n_explored, n: 1 });
                }
                Err(obstacles) => {
                    add_new(&mut refused, obstacles);
                    codes_refused.push(code);
                }
            }
        }
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    let by_shard = each_shard((&symbols, &lags), &solved, seconds)?;
    Ok(Exact { by_shard, ..together(&solved) })
}

/// The numbers of each shard: shards share what strikes them and nothing else, so that each has
/// a chain of its own. `solved` has those that nothing connects with others.
fn each_shard(
    (symbols, lags): (&Symbols, &Lags),
    solved: &[Solved],
    seconds: f64,
) -> Result<Vec<OfShards>, Vec<Obstacle>> {
    let plan = &symbols.plan;
    let mut kinds: Vec<(Vec<u64>, OfShards)> = Vec::new();
    for shard in plan.shard_ids() {
        let explorer = Explorer::new(symbols, lags, part(plan, &[shard]));
        let code = explorer.start_code();
        if let Some((_, kind)) = kinds.iter_mut().find(|(other, _)| *other == code) {
            kind.shards.push(shard);
            continue;
        }
        let solution = match solved.iter().find(|part| part.code == code) {
            Some(part) => part.solution.clone(),
            None => solve_part(explorer, (symbols, seconds))?.0,
        };
        let out = place(Metric::WriteOutageAnyShard).expect("it is one of them");
        let kind = OfShards {
            shards: vec![shard],
            out: solution.long_run[out],
            out_in_horizon: solution.horizon[out],
            loss: solution.loss,
        };
        kinds.push((code, kind));
    }
    // Shards that differ in their shares of the slots alone come to the same.
    let mut by_shard: Vec<OfShards> = Vec::new();
    for (_, kind) in kinds {
        match by_shard.iter_mut().find(|other| other.is_like(&kind)) {
            Some(other) => other.shards.extend(kind.shards),
            None => by_shard.push(kind),
        }
    }
    Ok(by_shard)
}

/// The laws with a memory that a plan without other obstacles is soon found to use, each shard
/// looked at alone.
fn laws_with_memory(plan: &Plan) -> Vec<Obstacle> {
    match Symbols::of(plan) {
        Ok(symbols) => objections(&symbols, &plan.shard_ids().collect::<Vec<_>>()),
        Err(_) => Vec::new(),
    }
}

fn objections(symbols: &Symbols, shards: &[ShardId]) -> Vec<Obstacle> {
    let plan = &symbols.plan;
    let lags = Lags::new(&plan.replication.lag, asks_for_ids(plan));
    let (mut found, mut codes) = (Vec::new(), Vec::new());
    for shard in shards {
        let explorer = Explorer::new(symbols, &lags, part(plan, &[*shard]));
        let code = explorer.start_code();
        if !codes.contains(&code) {
            codes.push(code);
            add_new(&mut found, explorer.objections());
        }
    }
    found
}

fn add_new(all: &mut Vec<Obstacle>, more: Vec<Obstacle>) {
    for obstacle in more {
        if !all.contains(&obstacle) {
            all.push(obstacle);
        }
    }
}

fn solve_part(
    explorer: Explorer<'_>,
    (symbols, seconds): (&Symbols, f64),
) -> Result<(Solution, usize), Vec<Obstacle>> {
    let (plan, part) = (&symbols.plan, explorer.part().clone());
    let most = size::most_explored(plan);
    let least = size::least(plan, &part);
    let too_large = |size| vec![size::too_large(symbols, &part, size)];
    if least > most as u128 {
        let laws = objections(symbols, &part.shards).into_iter();
        return Err(laws.chain(too_large(Size::AtLeast(least))).collect());
    }
    let chain = explorer.chain(most)?;
    let lumped = lump::lumped(&chain);
    let (explored, left) = (chain.n_states(), lumped.n_states());
    match left > size::MOST_SOLVED {
        true => Err(too_large(Size::Merged { explored, left })),
        false => match solve::solve(&lumped, seconds) {
            Some(solution) => Ok((solution, explored)),
            None => Err(vec![Obstacle::new("run.horizon", TOO_MANY_STEPS)]),
        },
    }
}

/// Puts parts together that have nothing to do with each other.
fn together(solved: &[Solved]) -> Exact {
    let n_parts = solved.iter().map(|part| part.n).sum();
    let (mut long_run, mut horizon) = ([Some(0.0); N_REWARDS], [Some(0.0); N_REWARDS]);
    let (mut ln_none_out, mut ln_kept) = (0.0, 0.0);
    let any = place(Metric::WriteOutageAnyShard).expect("it is one of them");
    for Solved { solution, n, .. } in solved {
        let n = *n as f64;
        for reward in 0..N_REWARDS {
            long_run[reward] = long_run[reward].map(|sum| sum + n * solution.long_run[reward]);
            horizon[reward] = horizon[reward].map(|sum| sum + n * solution.horizon[reward]);
        }
        ln_none_out += n * (-solution.long_run[any].min(1.0)).ln_1p();
        ln_kept += n * (-solution.loss).ln_1p();
    }
    if n_parts > 1 {
        // What any shard does is no sum; in the long run its outages are independent.
        for metric in [Metric::WriteOutageAnyShard, Metric::WriteOutages] {
            let reward = place(metric).expect("it is one of them");
            (long_run[reward], horizon[reward]) = (None, None);
        }
        long_run[any] = Some(-f64::exp_m1(ln_none_out));
    }
    Exact {
        n_states: solved.iter().map(|part| part.solution.n_states).sum(),
        n_explored: solved.iter().map(|part| part.n_explored).sum(),
        n_parts,
        long_run,
        horizon,
        // No loss is 0, not −0.
        loss: 0.0 - f64::exp_m1(ln_kept),
        by_shard: Vec::new(),
    }
}

fn asks_for_ids(plan: &Plan) -> AsksForIds {
    let lowest = plan.shard_ids().any(|shard| {
        let rule = plan.group_of(shard).promotes_at_start();
        plan.n_replicas(shard) > 1 && rule == Some(Promotion::LowestId)
    });
    match lowest {
        true => AsksForIds::Yes,
        false => AsksForIds::No,
    }
}

/// Shards that a fault can strike together belong together: those with nodes in one AZ, if AZs
/// fail, and those of one group, if groups do.
pub fn parts(plan: &Plan) -> Vec<Part> {
    let mut part_of: Vec<usize> = (0..plan.shards.len()).collect();
    let mut join = |a: ShardId, b: ShardId| {
        let (from, to) = (part_of[a.idx()], part_of[b.idx()]);
        part_of.iter_mut().filter(|part| **part == from).for_each(|part| *part = to);
    };
    for az in plan.azs.iter().filter(|_| !plan.az_failures.is_empty()) {
        let shards = || az.nodes.iter().map(|node| plan.nodes[node.idx()].shard);
        shards().zip(shards().skip(1)).for_each(|(a, b)| join(a, b));
    }
    for group in plan.groups.iter().filter(|_| !plan.group_failures.is_empty()) {
        let shards = || group.shards.clone().map(ShardId);
        shards().zip(shards().skip(1)).for_each(|(a, b)| join(a, b));
    }
    let mut numbers = part_of.clone();
    numbers.sort_unstable();
    numbers.dedup();
    let holding = |number: &usize| -> Vec<ShardId> {
        plan.shard_ids().filter(|shard| part_of[shard.idx()] == *number).collect()
    };
    numbers.iter().map(|number| part(plan, &holding(number))).collect()
}

/// These shards, with all that they depend on.
fn part(plan: &Plan, shards: &[ShardId]) -> Part {
    let holds = |shard: ShardId| shards.contains(&shard);
    let groups = plan
        .group_ids()
        .filter(|group: &GroupId| plan.groups[group.idx()].shards.clone().map(ShardId).any(holds));
    let azs = plan.az_ids().filter(|az: &AzId| {
        plan.azs[az.idx()].nodes.iter().any(|node| holds(plan.nodes[node.idx()].shard))
    });
    Part { groups: groups.collect(), azs: azs.collect(), shards: shards.to_vec() }
}
