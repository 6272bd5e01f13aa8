//! Probability laws of lengths of time: what a scenario may say about a life, a repair or a
//! delay, and how one random word becomes one length.
//!
//! All parameters are `f64` nanoseconds unless their name says otherwise. A length is drawn in one
//! of two ways from one 64-bit word: [`Law::duration`] inverts the law at a uniform,
//! [`Law::lifetime`] spends an Exp(1) budget at the law's hazard rate. Where words come from is
//! the caller's business; the normal and gamma functions are in `special`.

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::engine::special;
use crate::engine::time::Span;

/// A probability law of positive lengths. Made by the constructors, which check; a law in hand
/// draws from any word without a panic or a NaN, and what 64 bits cannot hold is
/// [`Span::FOREVER`].
#[derive(Clone, PartialEq, Debug)]
pub enum Law {
    /// Always this length, to the nanosecond.
    Fixed(Span),
    /// Equally likely anywhere between two lengths, which may be equal.
    Uniform {
        /// Shortest length in nanoseconds.
        low: f64,
        /// Longest length in nanoseconds.
        high: f64,
    },
    /// No memory: 1 − F(t) = e^(−t/mean).
    Exponential {
        /// Mean in nanoseconds.
        mean: f64,
    },
    /// The logarithm of the length is normal.
    Lognormal {
        /// Mean of ln(length in nanoseconds).
        mu: f64,
        /// Standard deviation of that logarithm.
        sigma: f64,
    },
    /// 1 − F(t) = e^(−(t/scale)^shape): the hazard rate falls with age for a shape below 1 and
    /// rises above.
    Weibull {
        /// The 63.2 % quantile in nanoseconds. It underflows to zero for a shape near 0.001; so
        /// does then every length that a word can give.
        scale: f64,
        /// Exponent of the cumulative hazard, a pure number.
        shape: f64,
    },
    /// Density proportional to t^(shape − 1) e^(−t/scale); Erlang if the shape is whole.
    Gamma {
        /// Mean over shape, in nanoseconds.
        scale: f64,
        /// Number of exponential stages, not necessarily whole.
        shape: f64,
    },
    /// The density rises in a straight line from `low` to `mode` and falls to `high`.
    Triangular {
        /// Shortest length in nanoseconds.
        low: f64,
        /// Most likely length in nanoseconds.
        mode: f64,
        /// Longest length in nanoseconds.
        high: f64,
    },
    /// Plain resampling of observed lengths: nanoseconds, sorted, at least one.
    Empirical(Arc<[u64]>),
}

/// Why parameters make no law; prints as a fragment like `p95 must be above the median`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LawError {
    /// The named length must be in [`LENGTHS`].
    NotPositive(&'static str),
    /// The named length must be zero or in [`LENGTHS`].
    Negative(&'static str),
    /// `upper` must be above `lower`.
    NotAbove {
        /// The parameter that is too small.
        upper: &'static str,
        /// The parameter that it must exceed.
        lower: &'static str,
    },
    /// `upper` must not be below `lower`.
    Below {
        /// The parameter that is too small.
        upper: &'static str,
        /// The parameter that it must reach.
        lower: &'static str,
    },
    /// The shape must be in [`SHAPES`].
    Shape,
    /// The number of stages must be from 1 to the largest of [`SHAPES`].
    Stages,
    /// A sample must hold a length.
    EmptySample,
}

/// The lengths in nanoseconds that a parameter may name, where zero is not allowed: far below a
/// nanosecond and far beyond [`Span::FOREVER`], yet no square or quotient of them overflows.
pub const LENGTHS: RangeInclusive<f64> = 1e-30..=1e30;
/// The shapes of a Weibull or gamma law. At the low end nearly every length rounds to zero; at the
/// high end the spread is 1 % (gamma) or less, and the gamma series grow with the shape's root.
pub const SHAPES: RangeInclusive<f64> = 1e-3..=1e4;

/// The 95 % quantile of the standard normal distribution.
const Z_95: f64 = 1.644_853_626_951_472_7;
/// The 99 % quantile of the standard normal distribution.
const Z_99: f64 = 2.326_347_874_040_841;

/// The uniform of a word: one of 2^52 evenly spaced numbers strictly inside (0, 1), symmetric
/// about one half, so that 1 − u is exact.
#[inline]
pub fn uniform(word: u64) -> f64 {
    const STEP: f64 = 1.0 / (1_u64 << 52) as f64;
    ((word >> 12) as f64 + 0.5) * STEP
}

/// The standard exponential of a word, −ln(1 − u): above zero, at most 36.8, and rising with
/// [`uniform`].
#[inline]
pub fn standard_exponential(word: u64) -> f64 {
    -libm::log(1.0 - uniform(word))
}

/// Constructors. All lengths are in nanoseconds.
impl Law {
    /// Always `length`.
    pub fn fixed(length: Span) -> Law {
        Law::Fixed(length)
    }

    /// Equally likely anywhere from `low` to `high` nanoseconds.
    pub fn uniform(low: f64, high: f64) -> Result<Law, LawError> {
        rising(&[("low", low), ("high", high)])?;
        Ok(Law::Uniform { low, high })
    }

    /// Exponential with this mean in nanoseconds.
    pub fn exponential(mean: f64) -> Result<Law, LawError> {
        positive("the mean", mean)?;
        Ok(Law::Exponential { mean })
    }

    /// Lognormal by its median and its 95 % quantile, both in nanoseconds.
    pub fn lognormal_median_p95(median: f64, p95: f64) -> Result<Law, LawError> {
        lognormal_by_quantile(median, ("p95", p95), Z_95)
    }

    /// Lognormal by its median and its 99 % quantile, both in nanoseconds.
    pub fn lognormal_median_p99(median: f64, p99: f64) -> Result<Law, LawError> {
        lognormal_by_quantile(median, ("p99", p99), Z_99)
    }

    /// Lognormal by its mean and standard deviation, both in nanoseconds: σ² = ln(1 + (sd/mean)²),
    /// μ = ln(mean) − σ²/2 (Johnson, Kotz and Balakrishnan, Continuous Univariate Distributions,
    /// vol. 1, 14.3).
    pub fn lognormal_mean_sd(mean: f64, sd: f64) -> Result<Law, LawError> {
        positive("the mean", mean)?;
        positive("the standard deviation", sd)?;
        // Beyond these bounds the square would leave the range of floats; no draw can show it.
        let relative = (sd / mean).clamp(1e-100, 1e100);
        let variance = libm::log1p(relative * relative);
        Ok(Law::Lognormal { mu: libm::log(mean) - 0.5 * variance, sigma: libm::sqrt(variance) })
    }

    /// Weibull by its mean in nanoseconds and its shape: mean = scale Γ(1 + 1/shape).
    pub fn weibull_mean_shape(mean: f64, shape: f64) -> Result<Law, LawError> {
        positive("the mean", mean)?;
        checked_shape(shape)?;
        Ok(Law::Weibull { scale: mean / libm::tgamma(1.0 + 1.0 / shape), shape })
    }

    /// Gamma by its mean in nanoseconds and its shape: mean = scale · shape.
    pub fn gamma_mean_shape(mean: f64, shape: f64) -> Result<Law, LawError> {
        positive("the mean", mean)?;
        checked_shape(shape)?;
        Ok(Law::Gamma { scale: mean / shape, shape })
    }

    /// The sum of `stages` exponential lengths, with this mean of the sum in nanoseconds.
    pub fn erlang(mean: f64, stages: u32) -> Result<Law, LawError> {
        let shape = f64::from(stages);
        if stages == 0 || !SHAPES.contains(&shape) {
            return Err(LawError::Stages);
        }
        Law::gamma_mean_shape(mean, shape)
    }

    /// Triangular from `low` over the most likely length `mode` to `high`, all in nanoseconds.
    pub fn triangular(low: f64, mode: f64, high: f64) -> Result<Law, LawError> {
        rising(&[("low", low), ("mode", mode), ("high", high)])?;
        Ok(Law::Triangular { low, mode, high })
    }

    /// Plain resampling of these lengths, each as likely as the next.
    pub fn empirical(lengths: impl Into<Vec<Span>>) -> Result<Law, LawError> {
        let mut lengths: Vec<Span> = lengths.into();
        if lengths.is_empty() {
            return Err(LawError::EmptySample);
        }
        lengths.sort_unstable();
        Ok(Law::Empirical(lengths.into_iter().map(Span::as_nanos).collect()))
    }
}

/// Draws: one word in, one length out, and a larger word never gives a shorter length but for
/// the last digits of neighbouring words.
impl Law {
    /// The quantile of the word's [`uniform`].
    #[inline]
    pub fn duration(&self, word: u64) -> Span {
        match self {
            Law::Fixed(length) => *length,
            Law::Empirical(sample) => Span::from_nanos(sample[nth(sample.len(), uniform(word))]),
            Law::Uniform { .. } | Law::Lognormal { .. } | Law::Triangular { .. } => {
                Span::from_nanos_f64(self.quantile(uniform(word)))
            }
            // Their quantile is made of the hazard; 1 − u is exact here, so this is the same.
            Law::Exponential { .. } | Law::Weibull { .. } | Law::Gamma { .. } => {
                Span::from_nanos_f64(self.inverse_hazard(standard_exponential(word)))
            }
        }
    }

    /// The age at which a life with the word's [`standard_exponential`] as budget, spent at the
    /// hazard rate, comes to its end. The same law as [`Law::duration`], and up to rounding the
    /// same length.
    #[inline]
    pub fn lifetime(&self, word: u64) -> Span {
        match self {
            Law::Fixed(length) => *length,
            Law::Empirical(sample) => {
                let lower = -libm::expm1(-standard_exponential(word));
                Span::from_nanos(sample[nth(sample.len(), lower)])
            }
            Law::Uniform { .. }
            | Law::Exponential { .. }
            | Law::Lognormal { .. }
            | Law::Weibull { .. }
            | Law::Gamma { .. }
            | Law::Triangular { .. } => {
                Span::from_nanos_f64(self.inverse_hazard(standard_exponential(word)))
            }
        }
    }

    /// The shortest and the longest length that the law knows; `None` if it knows no longest.
    pub fn range(&self) -> Option<(Span, Span)> {
        match *self {
            Law::Fixed(length) => Some((length, length)),
            Law::Uniform { low, high } | Law::Triangular { low, high, .. } => {
                Some((Span::from_nanos_f64(low), Span::from_nanos_f64(high)))
            }
            // A sample is sorted.
            Law::Empirical(ref sample) => {
                let ends = sample.first().zip(sample.last());
                ends.map(|(low, high)| (Span::from_nanos(*low), Span::from_nanos(*high)))
            }
            Law::Exponential { .. }
            | Law::Lognormal { .. }
            | Law::Weibull { .. }
            | Law::Gamma { .. } => None,
        }
    }

    /// The longest length that any word gives, by [`Law::duration`] or [`Law::lifetime`].
    pub fn longest(&self) -> Span {
        self.duration(u64::MAX).max(self.lifetime(u64::MAX))
    }
}

/// The law as functions. Formulas without a source follow from the definition of the variant.
impl Law {
    /// H(t) = −ln(1 − F(t)), the hazard rate integrated up to the age `t` in nanoseconds;
    /// infinite where the law has ended.
    pub fn cumulative_hazard(&self, t: f64) -> f64 {
        // For the laws that begin at zero.
        let age = t.max(0.0);
        match *self {
            Law::Fixed(length) => {
                if t < length.as_nanos() as f64 {
                    0.0
                } else {
                    f64::INFINITY
                }
            }
            Law::Empirical(ref sample) => {
                let passed = sample.partition_point(|&length| length as f64 <= t);
                hazard_of_parts(passed as f64, (sample.len() - passed) as f64)
            }
            Law::Uniform { low, high } => {
                if t < low {
                    0.0
                } else if t >= high {
                    f64::INFINITY
                } else {
                    hazard_of_parts(t - low, high - t)
                }
            }
            Law::Triangular { low, mode, high } => {
                if t < low {
                    0.0
                } else if t >= high {
                    f64::INFINITY
                } else if t < mode {
                    let width = high - low;
                    -libm::log1p(-(t - low) / width * ((t - low) / (mode - low)))
                } else {
                    let width = high - low;
                    -libm::log((high - t) / width * ((high - t) / (high - mode)))
                }
            }
            Law::Exponential { mean } => age / mean,
            Law::Weibull { scale: 0.0, .. } => f64::INFINITY,
            Law::Weibull { scale, shape } => libm::pow(age / scale, shape),
            Law::Lognormal { mu, sigma } => special::normal_hazard((libm::log(age) - mu) / sigma),
            Law::Gamma { scale, shape: 1.0 } => age / scale,
            Law::Gamma { scale, shape } => special::gamma_hazard(shape, age / scale),
        }
    }

    /// h(t) = H'(t), the hazard rate per nanosecond at the age `t` in nanoseconds; nothing for laws
    /// that have atoms, and infinite where the law ends.
    pub fn hazard(&self, t: f64) -> Option<f64> {
        let root_of_two_pi = libm::sqrt(2.0 * core::f64::consts::PI);
        // The density over what is left, which is e^(−H).
        let beyond = || libm::exp(self.cumulative_hazard(t));
        Some(match *self {
            Law::Fixed(_) | Law::Empirical(_) => return None,
            Law::Exponential { mean } => 1.0 / mean,
            Law::Uniform { low, high } => match t < low {
                true => 0.0,
                false => 1.0 / (high - t).max(0.0),
            },
            Law::Triangular { low, .. } if t < low => 0.0,
            Law::Triangular { low, mode, high } if t < mode => {
                2.0 * (t - low) / (high - low) / (mode - low) * beyond()
            }
            Law::Triangular { high, .. } => 2.0 / (high - t).max(0.0),
            Law::Weibull { scale, shape } => shape / scale * libm::pow(t / scale, shape - 1.0),
            Law::Lognormal { mu, sigma } => {
                let z = (libm::log(t) - mu) / sigma;
                let ln_beyond = special::normal_hazard(z);
                libm::exp(ln_beyond - z * z / 2.0) / (t * sigma * root_of_two_pi)
            }
            Law::Gamma { scale, shape: 1.0 } => 1.0 / scale,
            Law::Gamma { scale, shape } => {
                let x = t / scale;
                let ln_density = (shape - 1.0) * libm::log(x) - x - libm::lgamma(shape);
                libm::exp(ln_density + special::gamma_hazard(shape, x)) / scale
            }
        })
    }

    /// The smallest age in nanoseconds at which the cumulative hazard has reached `hazard` ≥ 0.
    #[inline]
    pub fn inverse_hazard(&self, hazard: f64) -> f64 {
        match *self {
            Law::Exponential { mean } => mean * hazard,
            Law::Fixed(length) => length.as_nanos() as f64,
            Law::Uniform { low, high } => (low + (high - low) * -libm::expm1(-hazard)).min(high),
            Law::Lognormal { mu, sigma } => {
                libm::exp(mu + sigma * special::normal_inverse_hazard(hazard))
            }
            Law::Weibull { scale, shape } => weibull_age(scale, shape, hazard),
            Law::Gamma { scale, shape: 1.0 } => scale * hazard,
            Law::Gamma { scale, shape } => scale * special::gamma_inverse_hazard(shape, hazard),
            Law::Triangular { low, mode, high } => {
                triangular_age([low, mode, high], -libm::expm1(-hazard), libm::exp(-hazard))
            }
            Law::Empirical(ref sample) => sample[nth(sample.len(), -libm::expm1(-hazard))] as f64,
        }
    }

    /// The smallest length in nanoseconds at which F has reached the probability `u`.
    #[inline]
    pub fn quantile(&self, u: f64) -> f64 {
        match *self {
            Law::Uniform { low, high } => (low + (high - low) * u).min(high),
            Law::Fixed(length) => length.as_nanos() as f64,
            Law::Lognormal { mu, sigma } => libm::exp(mu + sigma * special::normal_quantile(u)),
            Law::Triangular { low, mode, high } => triangular_age([low, mode, high], u, 1.0 - u),
            Law::Empirical(ref sample) => sample[nth(sample.len(), u)] as f64,
            Law::Exponential { .. } | Law::Weibull { .. } | Law::Gamma { .. } => {
                self.inverse_hazard(-libm::log1p(-u))
            }
        }
    }

    /// The mean in nanoseconds (sources as for [`Law::variance`]).
    pub fn mean(&self) -> f64 {
        match *self {
            Law::Fixed(length) => length.as_nanos() as f64,
            Law::Uniform { low, high } => low + 0.5 * (high - low),
            Law::Exponential { mean } => mean,
            Law::Lognormal { mu, sigma } => libm::exp(mu + 0.5 * sigma * sigma),
            Law::Weibull { scale: 0.0, .. } => 0.0,
            Law::Weibull { scale, shape } => scale * libm::tgamma(1.0 + 1.0 / shape),
            Law::Gamma { scale, shape } => scale * shape,
            Law::Triangular { low, mode, high } => (low + mode + high) / 3.0,
            Law::Empirical(ref sample) => {
                let sum: u128 = sample.iter().map(|&length| u128::from(length)).sum();
                sum as f64 / sample.len() as f64
            }
        }
    }

    /// The variance in square nanoseconds (Johnson, Kotz and Balakrishnan, Continuous Univariate
    /// Distributions, chapters 14 lognormal, 17 gamma, 21 Weibull, 26 uniform; Kotz and van Dorp,
    /// Beyond Beta, chapter 1, triangular).
    pub fn variance(&self) -> f64 {
        match *self {
            Law::Fixed(_) => 0.0,
            Law::Uniform { low, high } => (high - low) * (high - low) / 12.0,
            Law::Exponential { mean } => mean * mean,
            Law::Lognormal { mu, sigma } => {
                // e^(2μ + σ²) (e^σ² − 1), in one exponential because either factor may overflow.
                let square = sigma * sigma;
                libm::exp(2.0 * mu + 2.0 * square + libm::log(-libm::expm1(-square)))
            }
            Law::Weibull { scale: 0.0, .. } => 0.0,
            Law::Weibull { shape, .. } => {
                // scale² (Γ(1 + 2/shape) − Γ(1 + 1/shape)²), as a multiple of the squared mean.
                let ln_first = libm::lgamma(1.0 + 1.0 / shape);
                let ln_second = libm::lgamma(1.0 + 2.0 / shape);
                let mean = self.mean();
                mean * mean * libm::expm1(ln_second - 2.0 * ln_first)
            }
            Law::Gamma { scale, shape } => scale * scale * shape,
            Law::Triangular { low, mode, high } => {
                let (width, rise) = (high - low, mode - low);
                (width * width - width * rise + rise * rise) / 18.0
            }
            Law::Empirical(ref sample) => {
                let mean = self.mean();
                let square = |&length: &u64| (length as f64 - mean) * (length as f64 - mean);
                sample.iter().map(square).sum::<f64>() / sample.len() as f64
            }
        }
    }
}

/// −ln(1 − F) where F = `passed` / (`passed` + `left`), accurate for either part small.
fn hazard_of_parts(passed: f64, left: f64) -> f64 {
    let whole = passed + left;
    if passed < left { -libm::log1p(-passed / whole) } else { -libm::log(left / whole) }
}

/// The Weibull age scale · hazard^(1/shape). With shape 1 this is the exponential to the bit, as
/// `pow` returns its first argument.
fn weibull_age(scale: f64, shape: f64, hazard: f64) -> f64 {
    let power = libm::pow(hazard, 1.0 / shape);
    if power.is_finite() {
        scale * power
    } else if hazard == f64::INFINITY {
        f64::INFINITY
    } else {
        // A tiny scale may bring an overflowing power back, and ln 0 = −∞ keeps zero at zero.
        libm::exp(libm::log(scale) + libm::log(hazard) / shape)
    }
}

/// The triangular age by its lower and upper tail probability, each exact where it is small
/// (Kotz and van Dorp, Beyond Beta, 2004, chapter 1).
fn triangular_age([low, mode, high]: [f64; 3], lower: f64, upper: f64) -> f64 {
    let width = high - low;
    if lower * width < mode - low {
        low + libm::sqrt(lower * width * (mode - low))
    } else {
        high - libm::sqrt(upper * width * (high - mode))
    }
}

/// The index in a sorted sample of `size` at which its distribution function first reaches the
/// probability `lower`.
#[inline]
fn nth(size: usize, lower: f64) -> usize {
    /// A probability that went through a logarithm may come back a little too large; it must
    /// still find its own step.
    const SLACK: f64 = 1.0 - 4.0 * f64::EPSILON;
    // A negative float casts to zero.
    ((lower * SLACK * size as f64).ceil() as usize).clamp(1, size) - 1
}

/// Lognormal by its median and a higher quantile, at which the standard normal is `z`:
/// σ = ln(quantile/median)/z.
fn lognormal_by_quantile(
    median: f64,
    (name, quantile): (&'static str, f64),
    z: f64,
) -> Result<Law, LawError> {
    positive("the median", median)?;
    positive(name, quantile)?;
    if quantile <= median {
        return Err(LawError::NotAbove { upper: name, lower: "the median" });
    }
    // A ratio that overflows is as good as the largest one.
    let ratio = (quantile / median).min(f64::MAX);
    Ok(Law::Lognormal { mu: libm::log(median), sigma: libm::log(ratio) / z })
}

fn positive(name: &'static str, length: f64) -> Result<(), LawError> {
    if LENGTHS.contains(&length) { Ok(()) } else { Err(LawError::NotPositive(name)) }
}

/// Checks named lengths that may be zero and must not fall from one to the next.
fn rising(lengths: &[(&'static str, f64)]) -> Result<(), LawError> {
    for &(name, length) in lengths {
        if length != 0.0 && !LENGTHS.contains(&length) {
            return Err(LawError::Negative(name));
        }
    }
    for pair in lengths.windows(2) {
        let ((lower, shorter), (upper, longer)) = (pair[0], pair[1]);
        if longer < shorter {
            return Err(LawError::Below { upper, lower });
        }
    }
    Ok(())
}

fn checked_shape(shape: f64) -> Result<(), LawError> {
    if SHAPES.contains(&shape) { Ok(()) } else { Err(LawError::Shape) }
}

impl fmt::Display for LawError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((shortest, longest), (lowest, highest)) = (LENGTHS.into_inner(), SHAPES.into_inner());
        match self {
            LawError::NotPositive(name) => {
                write!(f, "{name} must be above zero ({shortest:e} to {longest:e} ns)")
            }
            LawError::Negative(name) => {
                write!(f, "{name} must be zero or above ({shortest:e} to {longest:e} ns)")
            }
            LawError::NotAbove { upper, lower } => write!(f, "{upper} must be above {lower}"),
            LawError::Below { upper, lower } => write!(f, "{upper} must not be below {lower}"),
            LawError::Shape => write!(f, "the shape must be from {lowest} to {highest}"),
            LawError::Stages => write!(f, "the number of stages must be from 1 to {highest}"),
            LawError::EmptySample => write!(f, "the sample must hold at least one length"),
        }
    }
}

impl std::error::Error for LawError {}
