//! How large a chain may be, and what to say of one that is larger.

use crate::model::plan::Plan;

use super::explore::Part;
use super::symbols::{Obstacle, Symbols};

/// The key under which a chain that is too large is refused.
pub const TOO_LARGE: &str = "the Markov chain";

/// The most states of one part that are explored, and that are left once those that are alike have
/// been merged: what a minute and a gigabyte are enough for.
const MOST_EXPLORED: usize = 60_000;
/// The most states of a part that are solved.
pub const MOST_SOLVED: usize = 5_000;

/// What exploring one state costs grows with all nodes of a plan and with all that may be pending;
/// so many of these are seen within half a minute, and within a moment.
const MOST_WORK: usize = 100_000_000;
const LITTLE_WORK: usize = 500_000;

/// By then one shard has met what it can meet, or nearly so.
const FEWEST_LOOKED_AT: usize = 64;

/// How large a chain was found to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Size {
    /// At least so many states, by the numbers of nodes alone.
    AtLeast(u128),
    /// The exploration ended when there were more than so many.
    MoreThan(usize),
    /// All were explored and merged.
    Merged {
        /// So many before.
        explored: usize,
        /// So many after.
        left: usize,
    },
}

/// The most states that are explored of a part of the plan.
pub fn most_explored(plan: &Plan) -> usize {
    (MOST_WORK / work(plan)).clamp(1, MOST_EXPLORED)
}

/// After so many states it is known which laws a plan uses.
pub fn to_look_at(plan: &Plan) -> usize {
    (LITTLE_WORK / work(plan)).max(FEWEST_LOOKED_AT)
}

fn work(plan: &Plan) -> usize {
    (plan.nodes.len() * plan.slots().n_slots()).max(1)
}

/// A number of states that the part has at least, where nodes fail one by one: of shards that are
/// alike, only how many have how many nodes down.
pub fn least(plan: &Plan, part: &Part) -> u128 {
    if plan.node_failures.is_empty() {
        return 1;
    }
    let n_nodes = part.shards.iter().map(|shard| plan.n_replicas(*shard) + 1).min().unwrap_or(0);
    let n_shards = part.shards.len() as u128;
    // The number of multisets: of so many shards, each with 0 to n nodes down.
    (1..=n_nodes as u128).fold(1_u128, |ways, k| ways.saturating_mul(n_shards + k) / k)
}

/// That a chain is too large, and what makes it so.
pub fn too_large(symbols: &Symbols, part: &Part, size: Size) -> Obstacle {
    let size = match size {
        Size::AtLeast(n) => format!("at least {}", grouped(n)),
        Size::MoreThan(n) => format!("more than {}", grouped(n as u128)),
        Size::Merged { explored, left } => format!(
            "{}, {} after merging (at most {} are solved)",
            grouped(explored as u128),
            grouped(left as u128),
            grouped(MOST_SOLVED as u128)
        ),
    };
    let causes = causes(symbols, part).join(", ");
    Obstacle::new(TOO_LARGE, format!("has too many states: {size}; what makes them many: {causes}"))
}

/// What makes a chain large: what to have less of.
fn causes(symbols: &Symbols, part: &Part) -> Vec<String> {
    let plan = &symbols.plan;
    let mut causes = Vec::new();
    if part.shards.len() > 1 {
        causes.push(format!("{} shards that fail together", part.shards.len()));
    }
    let most = part.shards.iter().map(|shard| plan.n_replicas(*shard) + 1).max().unwrap_or(0);
    causes.push(format!("{most} nodes in a shard"));
    if part.azs.len() > 1 && !plan.az_failures.is_empty() {
        causes.push(format!("{} AZs", part.azs.len()));
    }
    let staged = symbols.staged();
    causes
        .extend(staged.map(|(key, n)| format!("{n} stages of {key} (an exponential law has one)")));
    causes
}

/// A whole number with thousands separators.
fn grouped(n: u128) -> String {
    let digits = n.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).expect("digits"))
        .collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (n, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(grouped(n), text);
        }
    }
}
