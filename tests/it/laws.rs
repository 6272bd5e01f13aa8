//! The laws against statrs, against themselves and against their definitions.
//!
//! statrs is the oracle here and nowhere near a draw. Its quantile functions are bisections, so
//! its distribution functions judge our quantiles instead.

use std::fmt::Debug;

use elasticache_sim::engine::law::{Law, LawError, standard_exponential, uniform};
use elasticache_sim::engine::time::Span;
use statrs::distribution::{ContinuousCDF, Exp, Gamma, LogNormal, Triangular, Uniform, Weibull};
use statrs::statistics::Distribution;

const MS: f64 = 1e6;
const SEC: f64 = 1e9;
const HOUR: f64 = 3600.0 * SEC;
const YEAR: f64 = 8760.0 * HOUR;
/// Below this many nanoseconds floats run out of digits. No draw shows it: draws are whole.
const NO_DIGITS: f64 = 1e-200;

/// What statrs knows about a law.
struct Oracle {
    cdf: Box<dyn Fn(f64) -> f64>,
    sf: Box<dyn Fn(f64) -> f64>,
    mean: f64,
    variance: f64,
}

fn oracle<D, E>(law: Result<D, E>) -> Oracle
where
    D: ContinuousCDF<f64, f64> + Distribution<f64> + Clone + 'static,
    E: Debug,
{
    let law = law.expect("the parameters come from a law that was accepted");
    let (mean, variance) = (law.mean(), law.variance());
    let again = law.clone();
    Oracle {
        cdf: Box::new(move |t| law.cdf(t)),
        sf: Box::new(move |t| again.sf(t)),
        mean: mean.expect("every law here has a mean"),
        variance: variance.expect("every law here has a variance"),
    }
}

/// The same law by statrs; none for a law that statrs lacks.
fn by_statrs(law: &Law) -> Option<Oracle> {
    match *law {
        Law::Uniform { low, high } => Some(oracle(Uniform::new(low, high))),
        Law::Exponential { mean } => Some(oracle(Exp::new(1.0 / mean))),
        Law::Lognormal { mu, sigma } => Some(oracle(LogNormal::new(mu, sigma))),
        Law::Weibull { scale, shape } => Some(oracle(Weibull::new(shape, scale))),
        Law::Gamma { scale, shape } => Some(oracle(Gamma::new(shape, 1.0 / scale))),
        Law::Triangular { low, mode, high } => Some(oracle(Triangular::new(low, high, mode))),
        Law::Fixed(_) | Law::Empirical(_) => None,
    }
}

fn made(law: Result<Law, LawError>) -> Law {
    law.expect("the tests name legal parameters")
}

fn sample(nanos: &[u64]) -> Law {
    made(Law::empirical(nanos.iter().map(|&n| Span::from_nanos(n)).collect::<Vec<_>>()))
}

/// Continuous laws on bounded and unbounded supports, over the shapes that scenarios use and
/// well beyond.
fn continuous_laws() -> Vec<Law> {
    let mut laws = vec![
        made(Law::uniform(5.0 * SEC, 15.0 * SEC)),
        made(Law::uniform(0.0, 1.0)),
        made(Law::triangular(10.0 * SEC, 12.0 * SEC, 40.0 * SEC)),
        made(Law::triangular(0.0, HOUR, HOUR)),
        made(Law::triangular(SEC, SEC, 3.0 * SEC)),
    ];
    laws.extend(endless_laws());
    laws
}

fn endless_laws() -> Vec<Law> {
    let mut laws = vec![
        made(Law::exponential(50.0 * MS)),
        made(Law::exponential(200.0 * YEAR)),
        made(Law::lognormal_median_p95(18.0 * SEC, 60.0 * SEC)),
        made(Law::lognormal_median_p99(2.0 * MS, 2.1 * MS)),
        made(Law::lognormal_mean_sd(HOUR, 5.0 * HOUR)),
        made(Law::lognormal_mean_sd(HOUR, 0.01 * HOUR)),
    ];
    for shape in [0.3, 0.7, 1.0, 1.5, 3.0, 12.0] {
        laws.push(made(Law::weibull_mean_shape(0.5 * YEAR, shape)));
    }
    for shape in [0.01, 0.1, 0.5, 0.99, 1.0, 1.01, 2.5, 9.99, 10.0, 33.3, 1e3, 1e4] {
        laws.push(made(Law::gamma_mean_shape(HOUR, shape)));
    }
    for stages in [1, 2, 4, 20, 500] {
        laws.push(made(Law::erlang(6.0 * 60.0 * SEC, stages)));
    }
    laws
}

fn all_laws() -> Vec<Law> {
    let mut laws = continuous_laws();
    laws.push(Law::fixed(Span::from_secs(60)));
    laws.push(made(Law::uniform(SEC, SEC)));
    laws.push(sample(&[7]));
    laws.push(sample(&[9, 1, 4, 4, 1_000_000_007, u64::MAX]));
    laws
}

/// Evenly spread words from zero to the last.
fn words(count: u64) -> impl Iterator<Item = u64> {
    (0..count).map(move |i| i * (u64::MAX / (count - 1)))
}

fn relative_error(actual: f64, expected: f64) -> f64 {
    if actual == expected { 0.0 } else { (actual - expected).abs() / expected.abs() }
}

#[test]
fn the_hazard_rate_is_the_slope_of_the_cumulative_hazard() {
    let bounded = [
        made(Law::uniform(2.0 * SEC, 9.0 * SEC)),
        made(Law::triangular(SEC, 3.0 * SEC, 10.0 * SEC)),
    ];
    for law in continuous_laws().iter().chain(&bounded) {
        for u in [0.02, 0.3, 0.7, 0.98] {
            let t = law.quantile(u);
            // Where the hazard hardly moves over a step, the middle of the step has its slope.
            let step = t * 1e-5;
            if t < 1e6 || law.cumulative_hazard(t) < 1e-9 {
                continue;
            }
            let rise = law.cumulative_hazard(t + step) - law.cumulative_hazard(t - step);
            let rate = law.hazard(t).expect("a density");
            let error = relative_error(rate, rise / (2.0 * step));
            assert!(error < 1e-4, "{law:?} at {u}: {rate}, slope {}", rise / (2.0 * step));
        }
    }
    let young = made(Law::uniform(2.0 * SEC, 9.0 * SEC));
    assert_eq!(young.hazard(SEC), Some(0.0));
    assert_eq!(Law::fixed(Span::from_secs(60)).hazard(SEC), None);
    assert_eq!(sample(&[7]).hazard(SEC), None);
}

#[test]
fn probabilities_agree_with_statrs() {
    // Relative: what statrs keeps of the error function, and of the incomplete gamma function of a
    // large shape. Absolute: next to an end of a bounded law t is rounded, and everywhere so
    // are 1 - u and the cdf of statrs.
    fn check(law: &Law, u: f64) {
        let Some(oracle) = by_statrs(law) else { return };
        let t = law.quantile(u);
        if t < NO_DIGITS {
            return;
        }
        let hazard = law.cumulative_hazard(t);
        let (lower, upper) = (-libm::expm1(-hazard), libm::exp(-hazard));
        let (relative, absolute) = match *law {
            Law::Gamma { shape, .. } if shape > 100.0 => (2e-9, 0.0),
            Law::Lognormal { .. } => (1e-9, 0.0),
            Law::Uniform { .. } | Law::Triangular { .. } => (1e-12, 1e-15),
            _ => (1e-12, 0.0),
        };
        let rounding = absolute + 4e-16;
        let rest = 1.0 - u;
        for (what, actual, expected, tolerance) in [
            ("F", lower, u, 1e-11 * u + absolute),
            ("1 - F", upper, rest, 1e-11 * rest + rounding),
            ("cdf", (oracle.cdf)(t), u, relative * u + rounding),
            ("sf", (oracle.sf)(t), rest, relative * rest + rounding),
        ] {
            let error = (actual - expected).abs();
            assert!(
                error <= tolerance,
                "{what} of {law:?} at its quantile of {u:e}: {actual:e}, off by {error:.1e}"
            );
        }
    }
    for law in continuous_laws() {
        for exponent in 1..=12 {
            let tail = libm::pow(10.0, -f64::from(exponent));
            check(&law, tail);
            check(&law, 1.0 - tail);
        }
        for percent in 1..100 {
            check(&law, f64::from(percent) / 100.0);
        }
    }
}

#[test]
fn hazard_and_inverse_undo_each_other() {
    fn check(law: &Law, hazard: f64, tolerance: f64) {
        let t = law.inverse_hazard(hazard);
        let back = law.cumulative_hazard(t);
        assert!(
            relative_error(back, hazard) <= tolerance,
            "{law:?}: hazard {hazard:e} is at {t:e} ns, where it is {back:e}"
        );
    }
    for law in endless_laws() {
        // A relative rounding of t moves H by t times the hazard rate, which is up to the shape
        // (or z/sigma) times H.
        let steepness = match law {
            Law::Weibull { shape, .. } => shape,
            Law::Gamma { shape, .. } => shape.max(1.0),
            Law::Lognormal { mu, sigma } => 40.0 * mu / sigma,
            _ => 1.0,
        };
        for i in 0..120 {
            let hazard = 500.0 * libm::pow(0.8, f64::from(i));
            if law.inverse_hazard(hazard) > NO_DIGITS {
                check(&law, hazard, 2e-13 + 1e-15 * steepness);
            }
        }
    }
    for law in [made(Law::uniform(SEC, HOUR)), made(Law::triangular(SEC, 9.0 * SEC, HOUR))] {
        for hazard in [1e-9, 1e-3, 0.1, 0.5, 0.9, 3.0, 9.0] {
            check(&law, hazard, 1e-6);
        }
    }
}

#[test]
fn hazards_are_infinite_beyond_the_support_and_zero_before() {
    fn check(law: &Law, before: f64, end: f64) {
        assert_eq!(law.cumulative_hazard(before), 0.0, "{law:?} before its support");
        assert_eq!(law.cumulative_hazard(end), f64::INFINITY, "{law:?} at its end");
        assert_eq!(law.inverse_hazard(1e9), end, "{law:?}, all of its hazard");
        assert_eq!(law.quantile(1.0), end, "{law:?}, all of its probability");
    }
    check(&Law::fixed(Span::from_nanos(7)), 6.9, 7.0);
    check(&made(Law::uniform(3.0, 5.0)), 2.9, 5.0);
    check(&made(Law::uniform(3.0, 3.0)), 2.9, 3.0);
    check(&made(Law::triangular(1.0, 2.0, 4.0)), 0.9, 4.0);
    check(&made(Law::triangular(2.0, 2.0, 2.0)), 1.9, 2.0);
    check(&sample(&[5, 3, 9]), 2.9, 9.0);
    for law in endless_laws() {
        assert_eq!(law.cumulative_hazard(0.0), 0.0, "{law:?} at birth");
        assert_eq!(law.cumulative_hazard(-1.0), 0.0, "{law:?} before birth");
        assert_eq!(law.inverse_hazard(0.0), 0.0, "{law:?} with no budget");
        assert_eq!(law.cumulative_hazard(f64::INFINITY), f64::INFINITY, "{law:?} at last");
        assert_eq!(law.inverse_hazard(f64::INFINITY), f64::INFINITY, "{law:?} with every budget");
    }
}

#[test]
fn moments_agree_with_statrs() {
    for law in continuous_laws() {
        let Some(oracle) = by_statrs(&law) else {
            continue;
        };
        let check = |actual: f64, expected: f64, what: &str| {
            assert!(
                relative_error(actual, expected) <= 1e-11,
                "{what} of {law:?}: {actual:e}, expected {expected:e}"
            );
        };
        check(law.mean(), oracle.mean, "mean");
        check(law.variance(), oracle.variance, "variance");
    }
    let observed = sample(&[1, 2, 2, 7]);
    assert_eq!((observed.mean(), observed.variance()), (3.0, 5.5));
    let fixed = Law::fixed(Span::from_secs(1));
    assert_eq!((fixed.mean(), fixed.variance()), (SEC, 0.0));
}

#[test]
fn named_parameters_come_back() {
    fn check(law: Result<Law, LawError>, value: impl Fn(&Law) -> f64, expected: f64) {
        let law = made(law);
        let actual = value(&law);
        assert!(
            relative_error(actual, expected) <= 1e-12,
            "{law:?}: {actual:e}, expected {expected:e}"
        );
    }
    for (median, high) in [(18.0 * SEC, 60.0 * SEC), (2.0 * MS, 2.000_1 * MS), (1.0, YEAR)] {
        check(Law::lognormal_median_p95(median, high), |law| law.quantile(0.5), median);
        check(Law::lognormal_median_p95(median, high), |law| law.quantile(0.95), high);
        check(Law::lognormal_median_p99(median, high), |law| law.quantile(0.5), median);
        check(Law::lognormal_median_p99(median, high), |law| law.quantile(0.99), high);
    }
    check(Law::lognormal_mean_sd(HOUR, SEC), Law::mean, HOUR);
    check(Law::lognormal_mean_sd(HOUR, YEAR), |law| libm::sqrt(law.variance()), YEAR);
    for shape in [0.01, 0.4, 1.0, 2.0, 30.0] {
        check(Law::weibull_mean_shape(HOUR, shape), Law::mean, HOUR);
        check(Law::gamma_mean_shape(HOUR, shape), Law::mean, HOUR);
    }
    check(Law::erlang(HOUR, 3), Law::mean, HOUR);
    check(Law::erlang(HOUR, 4), |law| libm::sqrt(law.variance()), HOUR / 2.0);
}

#[test]
fn shape_one_is_the_exponential_to_the_bit() {
    fn check(law: Result<Law, LawError>, mean: f64) {
        let (law, exponential) = (made(law), made(Law::exponential(mean)));
        for word in words(10_007) {
            assert_eq!(law.lifetime(word), exponential.lifetime(word), "{law:?}, {word:#x}");
            assert_eq!(law.duration(word), exponential.duration(word), "{law:?}, {word:#x}");
        }
    }
    for mean in [50.0 * MS, 1.0 / 3.0 * YEAR, 200.0 * YEAR] {
        check(Law::weibull_mean_shape(mean, 1.0), mean);
        check(Law::gamma_mean_shape(mean, 1.0), mean);
        check(Law::erlang(mean, 1), mean);
    }
}

#[test]
fn words_become_exact_symmetric_uniforms() {
    let half_step = 1.0 / (1_u64 << 53) as f64;
    assert_eq!(uniform(0), half_step);
    assert_eq!(uniform(u64::MAX), 1.0 - half_step);
    assert_eq!(standard_exponential(0), half_step);
    assert_eq!(standard_exponential(u64::MAX), -libm::log(half_step));
    for word in words(1001) {
        assert_eq!(uniform(!word), 1.0 - uniform(word), "{word:#x} and its complement");
    }
}

#[test]
fn a_larger_word_never_gives_a_shorter_length() {
    fn check(law: &Law, draw: impl Fn(&Law, u64) -> Span) {
        let longest = law.longest();
        let mut last = Span::ZERO;
        for word in words(4096) {
            let length = draw(law, word);
            assert!(last <= length, "{law:?}: {word:#x} gives {length:?} after {last:?}");
            assert!(length <= longest, "{law:?}: {length:?} is beyond {longest:?}");
            last = length;
        }
    }
    for law in all_laws() {
        check(&law, Law::duration);
        check(&law, Law::lifetime);
    }
}

#[test]
fn durations_and_lifetimes_are_one_law() {
    for law in all_laws() {
        for word in words(1009) {
            let (duration, lifetime) = (law.duration(word), law.lifetime(word));
            let error = relative_error(duration.as_nanos() as f64, lifetime.as_nanos() as f64);
            // Half a nanosecond may round either way.
            let one_apart = duration.as_nanos().abs_diff(lifetime.as_nanos()) <= 1;
            assert!(
                error <= 1e-12 || one_apart,
                "{law:?}, {word:#x}: {duration:?} and {lifetime:?}"
            );
        }
    }
}

#[test]
fn stratified_words_reproduce_the_mean() {
    const STRATA: u64 = 1 << 16;
    fn check(law: &Law) {
        let length = |i: u64| law.duration((i << 48) | (1 << 47)).as_nanos() as f64;
        let mean = (0..STRATA).map(length).sum::<f64>() / STRATA as f64;
        assert!(
            relative_error(mean, law.mean()) <= 1e-3,
            "{law:?} draws {mean:e} in the mean, not {:e}",
            law.mean()
        );
    }
    check(&made(Law::uniform(5.0 * SEC, 15.0 * SEC)));
    check(&made(Law::exponential(30.0 * 24.0 * HOUR)));
    check(&made(Law::lognormal_median_p95(18.0 * SEC, 60.0 * SEC)));
    check(&made(Law::weibull_mean_shape(HOUR, 0.7)));
    check(&made(Law::weibull_mean_shape(HOUR, 3.0)));
    check(&made(Law::gamma_mean_shape(HOUR, 0.5)));
    check(&made(Law::erlang(HOUR, 3)));
    check(&made(Law::triangular(SEC, 2.0 * SEC, 9.0 * SEC)));
    check(&Law::fixed(Span::from_nanos(12_345)));
    check(&sample(&[3, 1000, 20_000, 77, 5]));
}

#[test]
fn a_sample_is_resampled_evenly() {
    let values: Vec<u64> = (1..=1000).map(|i| i * i).collect();
    let law = sample(&values);
    for (i, &value) in values.iter().enumerate() {
        let (from, to) = (i as f64 / 1000.0, (i + 1) as f64 / 1000.0);
        assert_eq!(law.quantile(0.5 * (from + to)), value as f64, "the middle of step {i}");
        assert_eq!(law.quantile(to), value as f64, "the end of step {i}");
        let hazard = law.cumulative_hazard(value as f64);
        assert_eq!(law.inverse_hazard(hazard), value as f64, "the hazard of step {i}");
    }
}

#[test]
fn fixed_and_observed_lengths_are_exact() {
    let beyond_floats = Span::from_nanos((1 << 60) + 1);
    for law in [Law::fixed(beyond_floats), made(Law::empirical([beyond_floats]))] {
        assert_eq!(law.duration(12_345), beyond_floats, "{law:?}");
        assert_eq!(law.lifetime(12_345), beyond_floats, "{law:?}");
        assert_eq!(law.longest(), beyond_floats, "{law:?}");
    }
}

#[test]
fn bad_parameters_are_refused_with_a_reason() {
    fn check(law: Result<Law, LawError>, reason: &str) {
        match law {
            Ok(law) => panic!("{law:?} was accepted, expected: {reason}"),
            Err(error) => assert_eq!(error.to_string(), reason),
        }
    }
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e31] {
        let reason = "the mean must be above zero (1e-30 to 1e30 ns)";
        check(Law::exponential(bad), reason);
        check(Law::lognormal_mean_sd(bad, 1.0), reason);
        check(Law::weibull_mean_shape(bad, 1.0), reason);
        check(Law::gamma_mean_shape(bad, 1.0), reason);
        check(Law::erlang(bad, 1), reason);
    }
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 2e4] {
        check(Law::weibull_mean_shape(SEC, bad), "the shape must be from 0.001 to 10000");
        check(Law::gamma_mean_shape(SEC, bad), "the shape must be from 0.001 to 10000");
    }
    let low = "low must be zero or above (1e-30 to 1e30 ns)";
    check(Law::uniform(-1.0, 1.0), low);
    check(Law::triangular(f64::NAN, 1.0, 2.0), low);
    check(Law::uniform(0.0, f64::NAN), "high must be zero or above (1e-30 to 1e30 ns)");
    check(Law::uniform(2.0, 1.0), "high must not be below low");
    check(Law::triangular(2.0, 1.0, 3.0), "mode must not be below low");
    check(Law::triangular(1.0, 3.0, 2.0), "high must not be below mode");
    check(Law::lognormal_median_p95(2.0, 2.0), "p95 must be above the median");
    check(Law::lognormal_median_p99(2.0, 1.0), "p99 must be above the median");
    let median = "the median must be above zero (1e-30 to 1e30 ns)";
    check(Law::lognormal_median_p95(0.0, 1.0), median);
    let sd = "the standard deviation must be above zero (1e-30 to 1e30 ns)";
    check(Law::lognormal_mean_sd(1.0, 0.0), sd);
    check(Law::erlang(SEC, 0), "the number of stages must be from 1 to 10000");
    check(Law::erlang(SEC, 10_001), "the number of stages must be from 1 to 10000");
    check(Law::empirical([]), "the sample must hold at least one length");
}

#[test]
fn extremes_saturate_and_are_never_nan() {
    fn check(law: Result<Law, LawError>) {
        let law = made(law);
        let ages = [-1.0, 0.0, 5e-324, 1e-30, 1.0, 1e9, 1e30, f64::MAX, f64::INFINITY];
        for t in ages {
            let hazard = law.cumulative_hazard(t);
            assert!(hazard >= 0.0, "{law:?} has hazard {hazard} at {t:e}");
        }
        for h in [0.0, 5e-324, 1e-300, 1e-9, 0.7, 36.7, 500.0, 701.0, 1e9, f64::INFINITY] {
            let t = law.inverse_hazard(h);
            assert!(t >= 0.0, "{law:?} is {t} at hazard {h:e}");
        }
        for u in [0.0, 5e-324, 1e-300, 1e-9, 0.5, 1.0 - 1e-16, 1.0] {
            let t = law.quantile(u);
            assert!(t >= 0.0, "{law:?} is {t} at u = {u:e}");
        }
        assert!(law.mean() >= 0.0, "mean of {law:?}");
        assert!(law.variance() >= 0.0, "variance of {law:?}");
        for word in words(101) {
            assert!(law.duration(word) <= law.longest(), "{law:?}, {word:#x}");
            assert!(law.lifetime(word) <= law.longest(), "{law:?}, {word:#x}");
        }
    }
    for mean in [1e-30, 1.0, YEAR, 1e30] {
        for shape in [1e-3, 4e-3, 0.01, 1.0, 1e4] {
            check(Law::weibull_mean_shape(mean, shape));
            check(Law::gamma_mean_shape(mean, shape));
        }
        check(Law::exponential(mean));
        check(Law::erlang(mean, 10_000));
        for relative in [1e-9, 1e-6, 1.0, 1e6] {
            let sd = (mean * relative).clamp(1e-30, 1e30);
            check(Law::lognormal_mean_sd(mean, sd));
        }
    }
    check(Law::lognormal_mean_sd(1e-30, 1e30));
    check(Law::lognormal_mean_sd(1e30, 1e-30));
    check(Law::lognormal_median_p95(1e-30, 1e30));
    check(Law::lognormal_median_p99(1.0, 1.0 + f64::EPSILON));
    check(Law::uniform(0.0, 0.0));
    check(Law::uniform(0.0, 1e30));
    check(Law::triangular(0.0, 0.0, 1e30));
    check(Law::triangular(1e30, 1e30, 1e30));
    check(Ok(Law::fixed(Span::ZERO)));
    check(Ok(Law::fixed(Span::FOREVER)));
    assert_eq!(made(Law::exponential(1e30)).longest(), Span::FOREVER);
    assert_eq!(made(Law::lognormal_mean_sd(YEAR, 1e6 * YEAR)).longest(), Span::FOREVER);
}

/// The ends of the laws that have two, which no word leaves.
#[test]
fn ranges() {
    let ends = |low: u64, high: u64| Some((Span::from_nanos(low), Span::from_nanos(high)));
    let check = |law: Result<Law, LawError>, expected: Option<(Span, Span)>| {
        let law = law.expect("a law");
        assert_eq!(law.range(), expected, "{law:?}");
        if let Some((low, high)) = expected {
            for word in [0, 1 << 60, 1 << 63, u64::MAX] {
                assert!((low..=high).contains(&law.duration(word)), "{law:?}");
            }
        }
    };
    check(Ok(Law::fixed(Span::from_nanos(7))), ends(7, 7));
    check(Law::uniform(3.0, 9.0), ends(3, 9));
    check(Law::triangular(3.0, 4.0, 9.0), ends(3, 9));
    check(Law::empirical([5, 2, 8].map(Span::from_nanos)), ends(2, 8));
    check(Law::exponential(1e9), None);
    check(Law::lognormal_mean_sd(1e9, 1e9), None);
    check(Law::weibull_mean_shape(1e9, 2.0), None);
    check(Law::gamma_mean_shape(1e9, 2.0), None);
}
