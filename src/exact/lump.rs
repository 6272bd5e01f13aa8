//! Merges states of a chain with the same future: those from which the same classes are entered at
//! the same rates, with the same rewards (ordinary lumpability; Kemeny and Snell, Finite Markov
//! Chains, 6.3), by splitting classes until nothing differs within any (Derisavi, Hermanns and
//! Sanders 2003 have a faster way). What the control plane will never act on disappears so.

use std::collections::HashMap;

use super::chain::{Chain, Exit, N_REWARDS};

/// What is seen of a state: its class, where it goes, and what it collects.
type Signature = (u32, Vec<(u32, u64, u64)>);

/// The chain of the coarsest classes; the start is state 0 again.
pub fn lumped(chain: &Chain) -> Chain {
    with_classes(chain).0
}

/// The same, and the class of each state.
pub fn with_classes(chain: &Chain) -> (Chain, Vec<u32>) {
    let mut class = classes_by(chain.rewards.iter().zip(&chain.losses).map(|(rewards, loss)| {
        let mut seen: Vec<u64> = rewards.iter().map(|reward| rounded(*reward)).collect();
        seen.push(rounded(*loss));
        seen
    }));
    loop {
        let n_classes = class.iter().max().map_or(0, |last| *last as usize + 1);
        let refined =
            classes_by((0..chain.n_states()).map(|state| signature(chain, &class, state)));
        let n_refined = refined.iter().max().map_or(0, |last| *last as usize + 1);
        class = refined;
        if n_refined == n_classes {
            return (quotient(chain, &class, n_classes), class);
        }
    }
}

/// Numbers what is equal alike, in order of first appearance.
fn classes_by<T: std::hash::Hash + Eq>(seen: impl Iterator<Item = T>) -> Vec<u32> {
    let mut numbers: HashMap<T, u32> = HashMap::new();
    seen.map(|signature| {
        let next = numbers.len() as u32;
        *numbers.entry(signature).or_insert(next)
    })
    .collect()
}

fn signature(chain: &Chain, class: &[u32], state: usize) -> Signature {
    let exits = by_class(chain, class, state);
    let exits = exits.into_iter().filter(|exit| exit.to != class[state]);
    let exits = exits.map(|exit| (exit.to, rounded(exit.per_sec), rounded(exit.safe_per_sec)));
    (class[state], exits.collect())
}

/// Where a state goes, class by class.
fn by_class(chain: &Chain, class: &[u32], state: usize) -> Vec<Exit> {
    let mut exits: Vec<Exit> = chain.exits[state]
        .iter()
        .map(|exit| Exit { to: class[exit.to as usize], ..*exit })
        .collect();
    exits.sort_unstable_by_key(|exit| exit.to);
    let mut merged: Vec<Exit> = Vec::with_capacity(exits.len());
    for exit in exits {
        match merged.last_mut().filter(|last| last.to == exit.to) {
            Some(last) => {
                last.per_sec += exit.per_sec;
                last.safe_per_sec += exit.safe_per_sec;
            }
            None => merged.push(exit),
        }
    }
    merged
}

fn quotient(chain: &Chain, class: &[u32], n_classes: usize) -> Chain {
    let mut lumped = Chain::new(chain.n_shards());
    lumped.exits = vec![Vec::new(); n_classes];
    lumped.losses = vec![0.0; n_classes];
    lumped.rewards = vec![[0.0; N_REWARDS]; n_classes];
    let mut is_done = vec![false; n_classes];
    for state in 0..chain.n_states() {
        let into = class[state] as usize;
        if !std::mem::replace(&mut is_done[into], true) {
            lumped.exits[into] = by_class(chain, class, state);
            lumped.losses[into] = chain.losses[state];
            lumped.rewards[into] = chain.rewards[state];
        }
    }
    lumped
}

/// The number without its last digits, which differ by the order of a sum.
fn rounded(number: f64) -> u64 {
    const KEPT_BITS: u32 = 38;
    let half = 1 << (51 - KEPT_BITS);
    (number.to_bits() + half) >> (52 - KEPT_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(exits: Vec<Vec<(u32, f64)>>, rewards: Vec<f64>) -> Chain {
        let mut chain = Chain::new(1);
        let exit = |(to, per_sec)| Exit { to, per_sec, safe_per_sec: per_sec };
        chain.exits = exits.into_iter().map(|row| row.into_iter().map(exit).collect()).collect();
        chain.losses = vec![0.0; chain.exits.len()];
        chain.rewards = rewards.iter().map(|reward| [*reward; N_REWARDS]).collect();
        chain
    }

    fn rates(chain: &Chain) -> Vec<Vec<(u32, f64)>> {
        let row = |row: &Vec<Exit>| row.iter().map(|exit| (exit.to, exit.per_sec)).collect();
        chain.exits.iter().map(row).collect()
    }

    /// Two machines that break at rate 1 and are repaired at rate 4, told apart by name: what
    /// matters is how many are broken.
    #[test]
    fn machines_lose_their_names() {
        let exits = vec![
            vec![(1, 1.0), (2, 1.0)],
            vec![(0, 4.0), (3, 1.0)],
            vec![(0, 4.0), (3, 1.0)],
            vec![(1, 4.0), (2, 4.0)],
        ];
        let merged = lumped(&chain(exits.clone(), vec![0.0, 0.0, 0.0, 1.0]));
        let expected = vec![vec![(1, 2.0)], vec![(0, 4.0), (2, 1.0)], vec![(1, 8.0)]];
        assert_eq!(rates(&merged), expected);
        assert_eq!(merged.rewards[2][0], 1.0);
        // Where one of them counts more, names matter.
        assert_eq!(lumped(&chain(exits, vec![0.0, 0.5, 0.0, 1.0])).n_states(), 4);
    }

    #[test]
    fn a_rate_that_differs_keeps_states_apart() {
        let exits = vec![vec![(1, 1.0), (2, 1.0)], vec![(0, 4.0)], vec![(0, 4.001)]];
        assert_eq!(lumped(&chain(exits, vec![0.0; 3])).n_states(), 1, "nothing is seen of them");
        let exits = vec![vec![(1, 1.0), (2, 1.0)], vec![(0, 4.0)], vec![(0, 4.001)]];
        assert_eq!(lumped(&chain(exits, vec![0.0, 1.0, 1.0])).n_states(), 3);
    }
}
