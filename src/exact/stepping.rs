//! Long horizons in a few large steps, whatever is slow in the chain: a rational approximation of
//! the exponential with one real pole, R(z) = P(z) / (1 − γz)⁸ of order 8, L-stable, so that one
//! factorization does for all steps and what is fast is forgotten as it should be (Nørsett 1974;
//! Hairer and Wanner, Solving Ordinary Differential Equations II, IV.6). Means over time follow
//! from the same powers, so that what leaves a state and what is left of it always agree.

use super::chain::Chain;
use super::elimination::{Absorbing, Factors};

/// Solves with the factors in a step.
const STAGES: usize = 8;

/// 1/γ, the fourth zero of the Laguerre polynomial of degree 8.
const POLE: f64 = 4.266_700_170_287_659;

/// Steps of the first attempt.
const STEPS: usize = 16;

/// Digits that an answer is to have, and the doublings that are tried for them.
const ACCURACY: f64 = 1e-11;
const DOUBLINGS: u32 = 6;

/// Digits without which there is no answer, when all doublings are done.
const LEAST_ACCURACY: f64 = 1e-9;

/// Mean totals over so many seconds from the start, of each of several rewards per second; nothing
/// where as many steps as are made do not give the digits.
pub fn totals(
    chain: &Chain,
    absorbing: Absorbing,
    (rewards, seconds): (&[Vec<f64>], f64),
) -> Option<Vec<f64>> {
    let order = (1_u64 << STAGES) as f64 - 1.0;
    let mut coarse = in_steps(chain, absorbing, (rewards, seconds, STEPS));
    for doubling in 1..=DOUBLINGS {
        let fine = in_steps(chain, absorbing, (rewards, seconds, STEPS << doubling));
        // The error of the finer one, by Richardson.
        let errors = fine.iter().zip(&coarse).map(|(fine, coarse)| (fine - coarse) / order);
        let errors: Vec<f64> = errors.collect();
        let has = |digits: f64| {
            errors.iter().zip(&fine).all(|(error, fine)| error.abs() <= digits * fine.abs())
        };
        if has(ACCURACY) || (doubling == DOUBLINGS && has(LEAST_ACCURACY)) {
            return Some(fine.iter().zip(&errors).map(|(fine, error)| fine + error).collect());
        }
        coarse = fine;
    }
    None
}

fn in_steps(
    chain: &Chain,
    absorbing: Absorbing,
    (rewards, seconds, n_steps): (&[Vec<f64>], f64, usize),
) -> Vec<f64> {
    let step = seconds / n_steps as f64;
    let rate = POLE / step;
    let factors = Factors::with_clock(chain, absorbing, rate);
    let (values, means) = coefficients();
    let mut law = vec![0.0; chain.n_states()];
    law[0] = 1.0;
    let mut sums = vec![0.0; rewards.len()];
    for _ in 0..n_steps {
        let mut next = vec![0.0; law.len()];
        for stage in 0..STAGES {
            law = factors.times_before_exit(&law);
            law.iter_mut().for_each(|share| *share *= rate);
            for (sum, reward) in sums.iter_mut().zip(rewards) {
                let mean: f64 = law.iter().zip(reward).map(|(share, reward)| share * reward).sum();
                *sum += step * means[stage] * mean;
            }
            next.iter_mut().zip(&law).for_each(|(next, share)| *next += values[stage] * share);
        }
        law = next;
    }
    sums
}

/// What the powers 1 to 8 of the resolvent weigh, in the law after a step and in its mean over the
/// step.
fn coefficients() -> ([f64; STAGES], [f64; STAGES]) {
    // R as a polynomial of u = 1 / (1 − γz): Σ (−1)^s L^(s−j)(1/γ) u^(s−j) (u − 1)^j, of which the
    // last term vanishes.
    let mut polynomial = [0.0; STAGES + 1];
    for j in 0..STAGES {
        let derivative = laguerre_derivative(STAGES, STAGES - j);
        for i in 0..=j {
            let sign = if (j - i) % 2 == 0 { 1.0 } else { -1.0 };
            polynomial[STAGES - j + i] += derivative * sign * binomial(j, i);
        }
    }
    // (R − 1) / z with z = (u − 1) / (γu): R − 1 divided by u − 1, times γu.
    let mut quotient = [0.0; STAGES];
    let mut carry = 0.0;
    for power in (1..=STAGES).rev() {
        carry += polynomial[power];
        quotient[power - 1] = carry;
    }
    let values = std::array::from_fn(|stage| polynomial[stage + 1]);
    (values, std::array::from_fn(|stage| quotient[stage] / POLE))
}

/// The k-th derivative of the Laguerre polynomial of degree n at the pole.
fn laguerre_derivative(n: usize, k: usize) -> f64 {
    (k..=n)
        .map(|i| {
            let sign = if i % 2 == 0 { 1.0 } else { -1.0 };
            let factorial: f64 = (1..=i - k).map(|factor| factor as f64).product();
            sign * binomial(n, i) / factorial * POLE.powi((i - k) as i32)
        })
        .sum()
}

fn binomial(n: usize, k: usize) -> f64 {
    (0..k).map(|i| (n - i) as f64 / (k - i) as f64).product()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::chain::{Exit, N_REWARDS};

    /// The polynomial at a real or imaginary z, as real and imaginary part.
    fn at(coefficients: &[f64], (re, im): (f64, f64)) -> (f64, f64) {
        let gamma = 1.0 / POLE;
        let (a, b) = (1.0 - gamma * re, -gamma * im);
        let u = (a / (a * a + b * b), -b / (a * a + b * b));
        let mut power = (1.0, 0.0);
        let mut sum = (0.0, 0.0);
        for c in coefficients {
            power = (power.0 * u.0 - power.1 * u.1, power.0 * u.1 + power.1 * u.0);
            sum = (sum.0 + c * power.0, sum.1 + c * power.1);
        }
        sum
    }

    #[test]
    fn a_step_is_the_exponential_to_order_eight() {
        let (values, means) = coefficients();
        for z in [-1e-6, -0.01, -0.1, -0.3_f64] {
            let error = at(&values, (z, 0.0)).0 - z.exp();
            assert!(error.abs() < 1e-3 * z.abs().powi(9) + 1e-13, "{z}: {error}");
            let error = at(&means, (z, 0.0)).0 - z.exp_m1() / z;
            assert!(error.abs() < 1e-2 * z.abs().powi(8) + 1e-13, "{z}: {error}");
        }
    }

    /// Two states that alternate: what is spent in the second one has a closed form.
    #[test]
    fn two_states_have_their_closed_form() {
        let (down, up, seconds) = (0.2, 3.0, 7.0);
        let exit = |to, per_sec| vec![Exit { to, per_sec, safe_per_sec: per_sec }];
        let mut chain = Chain::new(1);
        chain.exits = vec![exit(1, down), exit(0, up)];
        chain.losses = vec![0.0; 2];
        chain.rewards = vec![[0.0; N_REWARDS]; 2];
        let spent = totals(&chain, Absorbing::Nothing, (&[vec![0.0, 1.0]], seconds));
        let spent = spent.expect("few steps do")[0];
        let both: f64 = down + up;
        let expected = down / both * (seconds + (-both * seconds).exp_m1() / both);
        assert!((spent / expected - 1.0).abs() < 1e-10, "{spent} instead of {expected}");
    }

    #[test]
    fn a_step_damps_whatever_turns_or_is_fast() {
        let (values, _) = coefficients();
        for i in 0..4000 {
            let y = 0.01 * 1.005_f64.powi(i);
            let (re, im) = at(&values, (0.0, y));
            assert!(re * re + im * im <= 1.0 + 1e-12, "{y}");
        }
        assert!(at(&values, (-1e9, 0.0)).0.abs() < 1e-7);
    }
}
