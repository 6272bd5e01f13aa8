//! Numbers of a chain: in the long run, and over a horizon from the start.
//!
//! Over a horizon that is long against the slowest relaxation of the chain, a mean is that of the
//! long run plus a constant for the start (the bias of Markov decision theory, Puterman 1994, 8.2),
//! and the time to the first dataset loss is exponential but for a constant that differs from one
//! by the order of the chance of a loss during one relaxation (quasi-stationary laws; Darroch and
//! Seneta 1967).
//! Otherwise a short horizon is stepped through by uniformization (Jensen 1953), a long one in
//! large steps ([`super::stepping`]).

use super::chain::{Chain, N_REWARDS};
use super::elimination::{Absorbing, Factors};
use super::stepping;

/// What a chain comes to.
#[derive(Clone, Debug)]
pub struct Solution {
    /// Number of states.
    pub n_states: usize,
    /// Rewards per second in the long run.
    pub long_run: [f64; N_REWARDS],
    /// Rewards over the horizon, from the start.
    pub horizon: [f64; N_REWARDS],
    /// Probability of a dataset loss within the horizon, from the start.
    pub loss: f64,
}

/// Relaxation times after which what is left of a start is below 1e-17.
const RELAXATIONS: f64 = 40.0;

/// The relaxation is estimated, so it is taken so many times as long.
const CAUTION: f64 = 2.0;

/// Steps of one sparse product that are cheaper than any thought about the horizon.
const CHEAP: f64 = 3e6;

/// Up to this chance of a loss per relaxation what a start is ahead is as good as its first term;
/// above, the constant itself has enough digits.
const RARE: f64 = 1e-7;

/// Up to this chance inverse iteration gains two digits with every step.
const SELDOM: f64 = 1e-2;

/// Solves a chain, over so many seconds; nothing where the digits cannot be had.
pub fn solve(chain: &Chain, seconds: f64) -> Option<Solution> {
    let steady = Steady::of(chain);
    let stepped = Steps::of(chain);
    let is_cheap = stepped.products(seconds) * (chain.n_exits() as f64) < CHEAP;
    let is_settled = seconds > RELAXATIONS * CAUTION * steady.relaxation;
    if is_cheap {
        let (horizon, loss) = (stepped.rewards(chain, seconds), stepped.loss(chain, seconds));
        let loss = as_share(loss);
        let n_states = chain.n_states();
        return Some(Solution { n_states, long_run: steady.per_sec, horizon, loss });
    }
    let horizon = match is_settled {
        true => steady.rewards(seconds),
        false => {
            let all = |reward: usize| chain.rewards.iter().map(|all| all[reward]).collect();
            let rewards: Vec<Vec<f64>> = (0..N_REWARDS).map(all).collect();
            let totals = stepping::totals(chain, Absorbing::Nothing, (&rewards, seconds))?;
            std::array::from_fn(|reward| totals[reward])
        }
    };
    let rare = if is_settled { steady.first_loss(chain, seconds) } else { None };
    let loss = match rare {
        Some(loss) => loss,
        None => {
            let losses = std::slice::from_ref(&chain.losses);
            stepping::totals(chain, Absorbing::Losses, (losses, seconds))?[0]
        }
    };
    let (n_states, loss) = (chain.n_states(), as_share(loss));
    Some(Solution { n_states, long_run: steady.per_sec, horizon, loss })
}

/// A probability whose last digits may have left it above 1, or below 0.
fn as_share(probability: f64) -> f64 {
    probability.clamp(0.0, 1.0)
}

/// The long run of a chain, and how it comes there.
struct Steady {
    per_sec: [f64; N_REWARDS],
    /// Rewards that the start is ahead of the long run.
    bias: [f64; N_REWARDS],
    /// Slowest relaxation, in seconds.
    relaxation: f64,
}

impl Steady {
    fn of(chain: &Chain) -> Steady {
        let factors = Factors::of(chain, Absorbing::Nothing);
        assert!(factors.is_regular(), "every state leads back to the start");
        let stationary = factors.stationary();
        let mean = |values: &[f64]| dot(&stationary, values);
        let times = factors.until_start(&vec![1.0; chain.n_states()]);
        let (mut per_sec, mut bias) = ([0.0; N_REWARDS], [0.0; N_REWARDS]);
        for reward in 0..N_REWARDS {
            let rewards: Vec<f64> = chain.rewards.iter().map(|all| all[reward]).collect();
            per_sec[reward] = mean(&rewards);
            // Relative to the start, whose value is zero then.
            let collected = factors.until_start(&rewards);
            bias[reward] = per_sec[reward] * mean(&times) - mean(&collected);
        }
        let relaxation = relaxation(&factors, &stationary, &times);
        Steady { per_sec, bias, relaxation }
    }

    fn rewards(&self, seconds: f64) -> [f64; N_REWARDS] {
        std::array::from_fn(|reward| self.per_sec[reward] * seconds + self.bias[reward])
    }

    /// The probability of a dataset loss, if losses are rare against the relaxation.
    fn first_loss(&self, chain: &Chain, seconds: f64) -> Option<f64> {
        if chain.losses.iter().all(|loss| *loss == 0.0) {
            return Some(0.0);
        }
        let factors = Factors::of(chain, Absorbing::Losses);
        // Inverse iteration gains the ratio of the two slowest rates with every step.
        let n = chain.n_states();
        let mut law = vec![1.0 / n as f64; n];
        for _ in 0..8 {
            law = factors.times_before_exit(&law);
            let total: f64 = law.iter().sum();
            law.iter_mut().for_each(|weight| *weight /= total);
        }
        let rate = dot(&law, &chain.losses);
        if rate * self.relaxation > SELDOM {
            return None;
        }
        if rate * self.relaxation > RARE {
            // P(no loss before t) tends to c e^(−rate t): c is the start's entry in the right
            // eigenvector that belongs to the law.
            let mut values = vec![1.0; n];
            for _ in 0..8 {
                values = factors.until_exit(&values);
                let mean = dot(&law, &values);
                values.iter_mut().for_each(|value| *value /= mean);
            }
            return Some(1.0 - values[0] * (-rate * seconds).exp());
        }
        let soon = dot(&law, &factors.until_start(&chain.losses));
        let times = dot(&law, &factors.until_start(&vec![1.0; n]));
        let ahead = (rate * times - soon) / (1.0 - soon);
        Some(-(-rate * seconds).exp_m1() + ahead * (-rate * seconds).exp())
    }
}

/// The slowest relaxation in seconds, by power iteration with the inverse of the generator on what
/// has mean zero.
fn relaxation(factors: &Factors, stationary: &[f64], times: &[f64]) -> f64 {
    const ITERATIONS: usize = 30;
    // Nothing special: it must not be orthogonal to the slowest mode.
    let mut values: Vec<f64> = (0..times.len()).map(|i| 1.0 + (i % 7) as f64).collect();
    let mut slowest: f64 = 0.0;
    for iteration in 0..ITERATIONS {
        let mean = dot(stationary, &values);
        values.iter_mut().for_each(|value| *value -= mean);
        let size = largest(&values);
        if size == 0.0 {
            break;
        }
        let mut next = factors.until_start(&values);
        let mean = dot(stationary, &next);
        next.iter_mut().for_each(|value| *value -= mean);
        if iteration >= ITERATIONS / 2 {
            slowest = slowest.max(largest(&next) / size);
        }
        let scale = largest(&next).max(f64::MIN_POSITIVE);
        values = next.iter().map(|value| value / scale).collect();
    }
    slowest
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most, value| value.abs().max(most))
}

/// Uniformization: steps of a chain in discrete time, as many as a Poisson process has.
struct Steps {
    /// Events of that process per second.
    per_sec: f64,
}

impl Steps {
    fn of(chain: &Chain) -> Steps {
        let leaving = |(from, exits): (usize, &Vec<super::chain::Exit>)| {
            let others = exits.iter().filter(|exit| exit.to as usize != from);
            chain.losses[from] + others.map(|exit| exit.per_sec).sum::<f64>()
        };
        let fastest = chain.exits.iter().enumerate().map(leaving).fold(0.0, f64::max);
        // Above the fastest, so that no state is left for certain.
        Steps { per_sec: 1.02 * fastest.max(f64::MIN_POSITIVE) }
    }

    fn products(&self, seconds: f64) -> f64 {
        let mean = self.per_sec * seconds;
        mean + 12.0 * mean.sqrt() + 60.0
    }

    fn rewards(&self, chain: &Chain, seconds: f64) -> [f64; N_REWARDS] {
        let mut sums = [0.0; N_REWARDS];
        self.walk(chain, (seconds, Absorbing::Nothing), |law, weight| {
            for (share, rewards) in law.iter().zip(&chain.rewards) {
                let share = share * weight;
                sums.iter_mut().zip(rewards).for_each(|(sum, reward)| *sum += share * reward);
            }
        });
        sums
    }

    fn loss(&self, chain: &Chain, seconds: f64) -> f64 {
        let mut loss = 0.0;
        self.walk(chain, (seconds, Absorbing::Losses), |law, weight| {
            loss += weight * dot(law, &chain.losses);
        });
        loss
    }

    /// Shows the law after each step, with the seconds that it holds on average within the horizon.
    fn walk(
        &self,
        chain: &Chain,
        (seconds, absorbing): (f64, Absorbing),
        mut visit: impl FnMut(&[f64], f64),
    ) {
        let n = chain.n_states();
        let mut law = vec![0.0; n];
        law[0] = 1.0;
        let mut next = vec![0.0; n];
        for weight in poisson_tails(self.per_sec * seconds, self.products(seconds) as usize) {
            visit(&law, weight / self.per_sec);
            next.fill(0.0);
            for (from, exits) in chain.exits.iter().enumerate() {
                let share = law[from];
                let mut left = match absorbing {
                    Absorbing::Nothing => 0.0,
                    Absorbing::Losses => chain.losses[from],
                };
                for exit in exits.iter().filter(|exit| exit.to as usize != from) {
                    let rate = match absorbing {
                        Absorbing::Nothing => exit.per_sec,
                        Absorbing::Losses => exit.safe_per_sec,
                    };
                    next[exit.to as usize] += share * (rate / self.per_sec);
                    left += rate;
                }
                next[from] += share * (1.0 - left / self.per_sec);
            }
            std::mem::swap(&mut law, &mut next);
        }
    }
}

/// P(N > k) for k from 0 to `most` and N Poisson with this mean: from its probabilities relative to
/// the mode, summed from the far end (Fox and Glynn 1988).
fn poisson_tails(mean: f64, most: usize) -> Vec<f64> {
    let mode = (mean as usize).min(most);
    let mut relative = vec![0.0; most + 2];
    relative[mode] = 1.0;
    for k in mode + 1..relative.len() {
        relative[k] = relative[k - 1] * mean / k as f64;
    }
    for k in (0..mode).rev() {
        relative[k] = relative[k + 1] * (k + 1) as f64 / mean;
    }
    let mut tail = 0.0;
    let mut tails = vec![0.0; most + 1];
    for k in (0..=most).rev() {
        tail += relative[k + 1];
        tails[k] = tail;
    }
    let total = tail + relative[0];
    tails.iter_mut().for_each(|tail| *tail /= total);
    tails
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::chain::Exit;

    /// Two machines that break so often per second each and are repaired at rate 1; both broken is
    /// a loss, after which both are new. The rewards are the time with one broken.
    fn machines(breaks: f64) -> Chain {
        let exit = |to, per_sec, safe_per_sec| Exit { to, per_sec, safe_per_sec };
        let mut chain = Chain::new(1);
        chain.exits =
            vec![vec![exit(1, 2.0 * breaks, 2.0 * breaks)], vec![exit(0, 1.0 + breaks, 1.0)]];
        chain.losses = vec![0.0, breaks];
        chain.rewards = vec![[0.0; N_REWARDS], [1.0; N_REWARDS]];
        chain
    }

    /// The closed forms: two rates of decay, and an alternation.
    fn closed(breaks: f64, seconds: f64) -> (f64, f64) {
        let (sum, product) = (3.0 * breaks + 1.0, 2.0 * breaks * breaks);
        let fast = (sum + (sum * sum - 4.0 * product).sqrt()) / 2.0;
        let slow = product / fast;
        let loss = (fast * -(-slow * seconds).exp_m1() - slow * -(-fast * seconds).exp_m1())
            / (fast - slow);
        let (down, both) = (2.0 * breaks, 1.0 + 3.0 * breaks);
        let spent = down / both * (seconds + (-both * seconds).exp_m1() / both);
        (loss, spent)
    }

    /// Short and long horizons, rare and ordinary losses: each goes its own way in `solve`.
    #[test]
    fn two_machines_have_their_closed_forms() {
        for breaks in [1e-9, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0] {
            for seconds in [0.1, 10.0, 1e3, 1e6, 1e8] {
                let solution = solve(&machines(breaks), seconds).expect("few steps do");
                let (loss, spent) = closed(breaks, seconds);
                let close = |found: f64, expected: f64| (found / expected - 1.0).abs() < 1e-9;
                let at = format!("{breaks} per second over {seconds} s");
                assert!(close(solution.loss, loss), "{at}: {} not {loss}", solution.loss);
                let found = solution.horizon[0];
                assert!(close(found, spent), "{at}: {found} not {spent}");
                let share = 2.0 * breaks / (1.0 + 3.0 * breaks);
                assert!(close(solution.long_run[0], share), "{at}");
            }
        }
    }
}
