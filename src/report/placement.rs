//! Rows of a placement: the shards of a group, those with the same placement in one row. What
//! text and pictures of a topology share; neither knows how the other prints.

use std::collections::BTreeMap;

use crate::model::plan::{AzId, GroupId, HASH_SLOTS, NodeId, Plan, ShardId};
use crate::report::numbers::count;
use crate::scenario::domains::{Hit, Map};

/// How much of a large topology is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detail {
    /// Shards with the same placement in one row, and no more than [`MOST_ROWS`] rows.
    Folded,
    /// Every shard in a row of its own.
    Every,
}

/// Rows of one group that are shown folded: more would not be read.
pub const MOST_ROWS: usize = 12;

/// Shards of one group whose primaries stand in one AZ, and whose replicas in the same AZs.
pub struct Row {
    /// The shards in ascending order.
    pub shards: Vec<ShardId>,
    /// The nodes of the first of them by AZ, a primary before its replicas.
    pub cells: BTreeMap<AzId, Vec<NodeId>>,
}

impl Row {
    /// The shard that stands for all of the row.
    pub fn first(&self) -> ShardId {
        self.shards[0]
    }

    /// Weight of all its shards at the start, whoever uses their slots.
    pub fn weight(&self, plan: &Plan) -> Hit {
        let writes = |shard: &ShardId| u128::from(plan.shards[shard.idx()].writes_per_sec);
        let slots = |shard: &ShardId| u64::from(plan.slots_at_start(*shard));
        Hit {
            shards: self.shards.clone(),
            hash_slots: self.shards.iter().map(slots).sum(),
            writes_per_sec: self.shards.iter().map(writes).sum(),
        }
    }
}

/// The rows of a group, and how many shards are in rows that are not shown.
pub struct Rows {
    /// Rows in the order of their first shards.
    pub shown: Vec<Row>,
    /// Shards in further rows.
    pub n_left_out: usize,
}

/// The rows of `group`.
pub fn rows(map: &Map<'_>, group: GroupId, detail: Detail) -> Rows {
    let mut shown: Vec<Row> = Vec::new();
    let mut row_of: BTreeMap<(AzId, Vec<AzId>), usize> = BTreeMap::new();
    let mut n_left_out = 0;
    for shard in map.shards_of(group) {
        let primary = map.primary(shard);
        let replicas = map.replicas(shard);
        let mut azs: Vec<AzId> = replicas.iter().map(|node| map.az_of(*node)).collect();
        azs.sort_unstable();
        let placement = (map.az_of(primary), azs);
        let row = match detail {
            Detail::Folded => row_of.get(&placement).copied(),
            Detail::Every => None,
        };
        match row {
            Some(row) => shown[row].shards.push(shard),
            None if detail == Detail::Folded && shown.len() == MOST_ROWS => n_left_out += 1,
            None => {
                let mut cells: BTreeMap<AzId, Vec<NodeId>> = BTreeMap::new();
                for node in std::iter::once(primary).chain(replicas) {
                    cells.entry(map.az_of(node)).or_default().push(node);
                }
                row_of.insert(placement, shown.len());
                shown.push(Row { shards: vec![shard], cells });
            }
        }
    }
    Rows { shown, n_left_out }
}

/// Ids of shards of one group, short: "0001–0090 (90)", "0001, 0004, … 0088 (30)",
/// "0001–0003, 0007, … 0050 (18)".
pub fn shard_list(plan: &Plan, shards: &[ShardId]) -> String {
    const MOST: usize = 4;
    let id = |shard: ShardId| plan.shards[shard.idx()].id.as_str();
    let (Some(&first), Some(&last)) = (shards.first(), shards.last()) else {
        return String::new();
    };
    let step = shards.get(1).map_or(1, |second| second.0 - first.0);
    let is_even = shards.windows(2).all(|pair| pair[1].0 - pair[0].0 == step);
    let n = shards.len();
    if is_even && step > 1 && n > MOST {
        return format!("{}, {}, … {} ({n})", id(first), id(shards[1]), id(last));
    }
    let runs: Vec<String> = shards
        .chunk_by(|a, b| b.0 - a.0 == 1)
        .flat_map(|run| match run {
            [first, _, .., last] => vec![format!("{}–{}", id(*first), id(*last))],
            few => few.iter().map(|shard| id(*shard).to_owned()).collect(),
        })
        .collect();
    let number = if n > 2 { format!(" ({n})") } else { String::new() };
    match runs.as_slice() {
        few if few.len() <= MOST => format!("{}{number}", few.join(", ")),
        many => {
            let end = many.last().expect("there are more than a few");
            format!("{}, … {end}{number}", many[..2].join(", "))
        }
    }
}

/// The share of hash slots among those of `n_groups` groups, in percent.
pub fn slot_share(hash_slots: u64, n_groups: usize) -> String {
    let all = u64::from(HASH_SLOTS) * n_groups as u64;
    let percent = hash_slots as f64 / all as f64 * 100.0;
    match percent {
        p if hash_slots == 0 || hash_slots == all => format!("{p:.0} %"),
        p if p < 0.1 => "< 0.1 %".to_owned(),
        p => format!("{p:.1} %"),
    }
}

/// A number of things: "1 node", "3 nodes".
pub fn plural(n: usize, thing: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {thing}{s}", count(n as u128))
}
