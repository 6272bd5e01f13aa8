//! Gaussian elimination without subtraction for the generators of Markov chains.
//!
//! The negative of a generator, with what leaves the chain altogether kept apart, has pivots that
//! are sums of rates; so every entry of the factors, and of solutions for right-hand sides that are
//! not negative, keeps nearly all its digits however small it is (Grassmann, Taksar and Heyman
//! 1985; for the factors: O'Cinneide, Numerische Mathematik 73, 1996).

use super::chain::Chain;

/// Which transitions count as leaving the chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Absorbing {
    /// None: the chain goes on for ever.
    Nothing,
    /// Dataset losses.
    Losses,
}

/// L and U of the negative generator, the start last: unit lower with −f, upper with pivots and −u.
#[derive(Debug)]
pub struct Factors {
    n: usize,
    /// Row by row what is not zero, and where: below the diagonal f, above it u.
    below: Rows,
    above: Rows,
    pivots: Vec<f64>,
}

/// A sparse matrix, row by row.
#[derive(Debug, Default)]
struct Rows {
    ends: Vec<usize>,
    entries: Vec<(u32, f64)>,
}

impl Rows {
    fn push(&mut self, row: impl Iterator<Item = (usize, f64)>) {
        let nonzero = row.filter(|(_, entry)| *entry != 0.0);
        self.entries.extend(nonzero.map(|(column, entry)| (column as u32, entry)));
        self.ends.push(self.entries.len());
    }

    #[inline]
    fn row(&self, i: usize) -> &[(u32, f64)] {
        let begin = if i == 0 { 0 } else { self.ends[i - 1] };
        &self.entries[begin..self.ends[i]]
    }

    /// Row i times a vector.
    #[inline]
    fn times(&self, i: usize, x: &[f64]) -> f64 {
        self.row(i).iter().map(|(column, entry)| entry * x[*column as usize]).sum()
    }

    /// Adds so many times row i to a vector.
    #[inline]
    fn add(&self, i: usize, (times, x): (f64, &mut [f64])) {
        self.row(i).iter().for_each(|(column, entry)| x[*column as usize] += times * entry);
    }
}

/// A matrix on its way to its factors.
struct Dense {
    n: usize,
    entries: Vec<f64>,
    pivots: Vec<f64>,
}

impl Factors {
    /// Eliminates the states of a chain, the one found last first.
    pub fn of(chain: &Chain, absorbing: Absorbing) -> Factors {
        Factors::with_clock(chain, absorbing, 0.0)
    }

    /// The same for a chain that a clock stops as well, so many times per second.
    pub fn with_clock(chain: &Chain, absorbing: Absorbing, per_sec: f64) -> Factors {
        let n = chain.n_states();
        let mut entries = vec![0.0; n * n];
        let mut leaves = vec![per_sec; n];
        for (from, exits) in chain.exits.iter().enumerate() {
            let row = n - 1 - from;
            for exit in exits.iter().filter(|exit| exit.to as usize != from) {
                entries[row * n + (n - 1 - exit.to as usize)] += match absorbing {
                    Absorbing::Nothing => exit.per_sec,
                    Absorbing::Losses => exit.safe_per_sec,
                };
            }
            if absorbing == Absorbing::Losses {
                leaves[row] += chain.losses[from];
            }
        }
        let mut dense = Dense { n, entries, pivots: vec![0.0; n] };
        let mut ahead = Vec::new();
        for k in 0..n {
            dense.eliminate(k, &mut leaves, &mut ahead);
        }
        let (mut below, mut above) = (Rows::default(), Rows::default());
        for i in 0..n {
            let row = |j: usize| (j, dense.entries[i * n + j]);
            below.push((0..i).map(row));
            above.push((i + 1..n).map(row));
        }
        Factors { n, below, above, pivots: dense.pivots }
    }

    /// Whether every state but the start leads on to it, or out of the chain.
    pub fn is_regular(&self) -> bool {
        self.pivots[..self.n - 1].iter().all(|pivot| *pivot > 0.0)
    }

    /// The stationary law, by state; the chain must lose nothing.
    pub fn stationary(&self) -> Vec<f64> {
        let n = self.n;
        let mut weights = vec![0.0; n];
        weights[n - 1] = 1.0;
        for i in (1..n).rev() {
            // All that comes to the state is known; what goes on from it to those before it.
            let weight = weights[i];
            self.below.add(i, (weight, &mut weights));
        }
        let total: f64 = weights.iter().sum();
        weights.iter().rev().map(|weight| weight / total).collect()
    }

    /// By state: what is collected on average until the start is reached, or the chain left, at so
    /// much per second.
    pub fn until_start(&self, per_sec: &[f64]) -> Vec<f64> {
        let mut solution = self.column(per_sec, self.n - 1);
        solution.push(0.0);
        solution.reverse();
        solution
    }

    /// By state: what is collected on average until the chain is left, at so much per second.
    /// Something must leave it.
    pub fn until_exit(&self, per_sec: &[f64]) -> Vec<f64> {
        let mut solution = self.column(per_sec, self.n);
        solution.reverse();
        solution
    }

    /// Solves for the first `m` states in the order of elimination.
    fn column(&self, per_sec: &[f64], m: usize) -> Vec<f64> {
        let mut x: Vec<f64> = per_sec.iter().rev().take(m).copied().collect();
        for i in 0..m {
            x[i] += self.below.times(i, &x);
        }
        // Nothing is collected at the states that are left out.
        x.resize(self.n, 0.0);
        for k in (0..m).rev() {
            x[k] = (x[k] + self.above.times(k, &x)) / self.pivots[k];
        }
        x.truncate(m);
        x
    }

    /// By state: the mean time spent there in seconds, from an initial law on, until the chain is
    /// left. Something must leave it.
    pub fn times_before_exit(&self, from: &[f64]) -> Vec<f64> {
        let n = self.n;
        let mut y: Vec<f64> = from.iter().rev().copied().collect();
        for k in 0..n {
            y[k] /= self.pivots[k];
            let done = y[k];
            self.above.add(k, (done, &mut y));
        }
        for i in (0..n).rev() {
            let done = y[i];
            self.below.add(i, (done, &mut y));
        }
        y.reverse();
        y
    }
}

impl Dense {
    fn eliminate(&mut self, k: usize, leaves: &mut [f64], ahead: &mut Vec<(usize, f64)>) {
        let n = self.n;
        let row = &self.entries[k * n..(k + 1) * n];
        ahead.clear();
        ahead.extend((k + 1..n).map(|j| (j, row[j])).filter(|(_, rate)| *rate > 0.0));
        let pivot = leaves[k] + ahead.iter().map(|(_, rate)| rate).sum::<f64>();
        self.pivots[k] = pivot;
        for i in k + 1..n {
            let entry = self.entries[i * n + k];
            if entry == 0.0 {
                continue;
            }
            let f = entry / pivot;
            self.entries[i * n + k] = f;
            for &(j, rate) in ahead.iter().filter(|(j, _)| *j != i) {
                self.entries[i * n + j] += f * rate;
            }
            leaves[i] += f * leaves[k];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::chain::{Exit, N_REWARDS};

    /// Machines that break at rate 1 each and are repaired one at a time at rate 4; all three
    /// broken is a loss, after which all begin anew.
    fn machines() -> Chain {
        let exit = |to, per_sec, safe_per_sec| Exit { to, per_sec, safe_per_sec };
        let mut chain = Chain::new(1);
        chain.exits = vec![
            vec![exit(1, 3.0, 3.0)],
            vec![exit(0, 4.0, 4.0), exit(2, 2.0, 2.0)],
            vec![exit(0, 1.0, 0.0), exit(1, 4.0, 4.0)],
        ];
        chain.losses = vec![0.0, 0.0, 1.0];
        chain.rewards = vec![[0.0; N_REWARDS]; 3];
        chain
    }

    fn close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() <= 1e-14 * expected.abs(), "{found} not {expected}");
        }
    }

    #[test]
    fn three_machines_by_hand() {
        let factors = Factors::of(&machines(), Absorbing::Nothing);
        assert!(factors.is_regular());
        // Balance: 3 a = 4 b + c, (4 + 1) c = 2 b, so that a : b : c = 22/15 : 1 : 2/5.
        let whole = 22.0 / 15.0 + 1.0 + 0.4;
        close(&factors.stationary(), &[22.0 / 15.0 / whole, 1.0 / whole, 0.4 / whole]);
        // From b: x = 1/6 + y/3, from c: y = 1/5 + 4x/5.
        let (x, y) = (7.0 / 22.0, 5.0 / 11.0);
        close(&factors.until_start(&[1.0; 3]), &[0.0, x, y]);
    }

    #[test]
    fn times_to_the_first_loss_by_hand() {
        let factors = Factors::of(&machines(), Absorbing::Losses);
        // c = 1/5 + 4/5 b, b = 1/6 + 2/3 a + 1/3 c, a = 1/3 + b.
        let b = 41.0 / 6.0;
        close(&factors.until_exit(&[1.0; 3]), &[1.0 / 3.0 + b, b, 0.2 + 0.8 * b]);
        // Seen the other way round: all that is spent from the start on.
        let spent = factors.times_before_exit(&[1.0, 0.0, 0.0]);
        close(&[spent.iter().sum()], &[1.0 / 3.0 + b]);
    }
}
