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
    /// The states in the order in which they are eliminated.
    order: Vec<usize>,
    /// Row by row what is not zero, and where: below the diagonal f, above it u.
    below: Rows,
    above: Rows,
    pivots: Vec<f64>,
}

/// A matrix, row by row: where a row is mostly zero what is not, else all from its first entry to
/// its last.
#[derive(Debug, Default)]
struct Rows {
    rows: Vec<Row>,
    columns: Vec<u32>,
    entries: Vec<f64>,
}

/// Where the entries of a row are.
#[derive(Clone, Copy, Debug)]
enum Row {
    /// These entries, at the columns of the same positions behind the second number.
    Sparse { begin: usize, columns: usize, n: usize },
    /// These entries, from this column on.
    Dense { begin: usize, first: usize, n: usize },
}

impl Rows {
    /// Adds a row that begins with this column.
    fn push(&mut self, column: usize, row: &[f64]) {
        let nonzero = row.iter().filter(|entry| **entry != 0.0).count();
        let first = row.iter().position(|entry| *entry != 0.0).unwrap_or(0);
        let last = row.iter().rposition(|entry| *entry != 0.0).map_or(first, |last| last + 1);
        let begin = self.entries.len();
        if 2 * nonzero >= last - first {
            self.entries.extend_from_slice(&row[first..last]);
            self.rows.push(Row::Dense { begin, first: column + first, n: last - first });
            return;
        }
        let columns = self.columns.len();
        for (at, entry) in row.iter().enumerate().filter(|(_, entry)| **entry != 0.0) {
            self.columns.push((column + at) as u32);
            self.entries.push(*entry);
        }
        self.rows.push(Row::Sparse { begin, columns, n: nonzero });
    }

    /// Row i times a vector.
    #[inline]
    fn times(&self, i: usize, x: &[f64]) -> f64 {
        match self.rows[i] {
            Row::Sparse { begin, columns, n } => {
                let entries = self.columns[columns..columns + n].iter();
                let entries = entries.zip(&self.entries[begin..begin + n]);
                entries.map(|(column, entry)| entry * x[*column as usize]).sum()
            }
            Row::Dense { begin, first, n } => {
                dot(&self.entries[begin..begin + n], &x[first..first + n])
            }
        }
    }

    /// Adds so many times row i to a vector.
    #[inline]
    fn add(&self, i: usize, (times, x): (f64, &mut [f64])) {
        match self.rows[i] {
            Row::Sparse { begin, columns, n } => {
                let entries = self.columns[columns..columns + n].iter();
                let entries = entries.zip(&self.entries[begin..begin + n]);
                entries.for_each(|(column, entry)| x[*column as usize] += times * entry);
            }
            Row::Dense { begin, first, n } => {
                add(&mut x[first..first + n], (times, &self.entries[begin..begin + n]));
            }
        }
    }
}

/// The sum of products, in four parts side by side.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    const LANES: usize = 4;
    let mut sums = [0.0; LANES];
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    rest + sums.iter().sum::<f64>()
}

/// Adds so many times a vector to another.
fn add(to: &mut [f64], (times, what): (f64, &[f64])) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += times * what);
}

/// A matrix on its way to its factors.
struct Dense {
    n: usize,
    entries: Vec<f64>,
    pivots: Vec<f64>,
}

impl Factors {
    /// Eliminates the states of a chain, those with the fewest neighbours first.
    pub fn of(chain: &Chain, absorbing: Absorbing) -> Factors {
        Factors::with_clock(chain, absorbing, 0.0)
    }

    /// The same for a chain that a clock stops as well, so many times per second.
    pub fn with_clock(chain: &Chain, absorbing: Absorbing, per_sec: f64) -> Factors {
        let n = chain.n_states();
        let order = order(chain);
        let mut place = vec![0; n];
        order.iter().enumerate().for_each(|(at, state)| place[*state] = at);
        let mut entries = vec![0.0; n * n];
        let mut leaves = vec![per_sec; n];
        for (from, exits) in chain.exits.iter().enumerate() {
            let row = place[from];
            for exit in exits.iter().filter(|exit| exit.to as usize != from) {
                entries[row * n + place[exit.to as usize]] += match absorbing {
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
            let row = &dense.entries[i * n..(i + 1) * n];
            below.push(0, &row[..i]);
            above.push(i + 1, &row[i + 1..]);
        }
        Factors { n, order, below, above, pivots: dense.pivots }
    }

    /// What is known in the order of elimination, by state.
    fn by_state(&self, found: &[f64]) -> Vec<f64> {
        let mut values = vec![0.0; self.n];
        for (state, value) in self.order.iter().zip(found) {
            values[*state] = *value;
        }
        values
    }

    /// What is known by state, in the order of elimination.
    fn in_order(&self, values: &[f64]) -> Vec<f64> {
        self.order.iter().map(|state| values[*state]).collect()
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
        weights.iter_mut().for_each(|weight| *weight /= total);
        self.by_state(&weights)
    }

    /// By state: what is collected on average until the start is reached, or the chain left, at so
    /// much per second.
    pub fn until_start(&self, per_sec: &[f64]) -> Vec<f64> {
        self.by_state(&self.column(per_sec, self.n - 1))
    }

    /// By state: what is collected on average until the chain is left, at so much per second.
    /// Something must leave it.
    pub fn until_exit(&self, per_sec: &[f64]) -> Vec<f64> {
        self.by_state(&self.column(per_sec, self.n))
    }

    /// Solves for the first `m` states in the order of elimination.
    fn column(&self, per_sec: &[f64], m: usize) -> Vec<f64> {
        let mut x = self.in_order(per_sec);
        x.truncate(m);
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
        let mut y = self.in_order(from);
        for k in 0..n {
            y[k] /= self.pivots[k];
            let done = y[k];
            self.above.add(k, (done, &mut y));
        }
        for i in (0..n).rev() {
            let done = y[i];
            self.below.add(i, (done, &mut y));
        }
        self.by_state(&y)
    }
}

/// An order of elimination that fills little in: always one of those states next to the fewest that
/// are left, the start last (minimum degree; Tinney and Walker 1967). Of equal ones the one found
/// last.
fn order(chain: &Chain) -> Vec<usize> {
    const WORD: usize = u64::BITS as usize;
    let n = chain.n_states();
    let words = n.div_ceil(WORD);
    let mut near = vec![0_u64; n * words];
    let mut join = |a: usize, b: usize| near[a * words + b / WORD] |= 1 << (b % WORD);
    for (from, exits) in chain.exits.iter().enumerate() {
        for to in exits.iter().map(|exit| exit.to as usize).filter(|to| *to != from) {
            join(from, to);
            join(to, from);
        }
    }
    let count = |row: &[u64]| row.iter().map(|word| word.count_ones()).sum::<u32>();
    let mut degrees: Vec<u32> = near.chunks(words).map(count).collect();
    let mut order = Vec::with_capacity(n);
    let mut left: Vec<usize> = (1..n).collect();
    let mut shared = vec![0_u64; words];
    while let Some(at) = (0..left.len()).rev().min_by_key(|at| degrees[left[*at]]) {
        let state = left.remove(at);
        order.push(state);
        // All its neighbours become neighbours of each other.
        shared.copy_from_slice(&near[state * words..(state + 1) * words]);
        for neighbour in bits(&shared) {
            let row = &mut near[neighbour * words..(neighbour + 1) * words];
            row.iter_mut().zip(&shared).for_each(|(word, more)| *word |= more);
            row[neighbour / WORD] &= !(1 << (neighbour % WORD));
            row[state / WORD] &= !(1 << (state % WORD));
            degrees[neighbour] = count(row);
        }
    }
    order.push(0);
    order
}

/// The places of the bits that are set.
fn bits(words: &[u64]) -> impl Iterator<Item = usize> {
    words.iter().enumerate().flat_map(|(at, word)| {
        let mut word = *word;
        std::iter::from_fn(move || {
            let bit = (word != 0).then(|| word.trailing_zeros() as usize)?;
            word &= word - 1;
            Some(at * u64::BITS as usize + bit)
        })
    })
}

impl Dense {
    fn eliminate(&mut self, k: usize, leaves: &mut [f64], ahead: &mut Vec<(usize, f64)>) {
        let n = self.n;
        let (done, left) = self.entries.split_at_mut((k + 1) * n);
        let row = &done[k * n + k + 1..];
        ahead.clear();
        let rates = row.iter().enumerate().filter(|(_, rate)| **rate > 0.0);
        ahead.extend(rates.map(|(j, rate)| (j, *rate)));
        let pivot = leaves[k] + ahead.iter().map(|(_, rate)| rate).sum::<f64>();
        self.pivots[k] = pivot;
        let is_dense = 4 * ahead.len() >= row.len();
        for (i, entries) in left.chunks_exact_mut(n).enumerate() {
            let entry = entries[k];
            if entry == 0.0 {
                continue;
            }
            let f = entry / pivot;
            entries[k] = f;
            // What comes to the diagonal so is never read.
            let entries = &mut entries[k + 1..];
            match is_dense {
                true => add(entries, (f, row)),
                false => ahead.iter().for_each(|(j, rate)| entries[*j] += f * rate),
            }
            leaves[k + 1 + i] += f * leaves[k];
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
