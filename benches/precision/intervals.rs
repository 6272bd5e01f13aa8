//! How often the intervals of `stats` hold the true value, on laws whose true values are known.
//!
//! Nothing here reads a clock. Each row draws 2,000 batches from their addresses and counts the
//! intervals at 95 % that hold the truth. With that many batches a method of exactly 95 % falls
//! outside 93.5 to 96.5 % once in 500 rows: that is the band. "conservative" lies above it, "below"
//! is a method to be mended. Batches too small for an interval are counted as withheld, and the
//! share is of the others. "above" and "below" are the intervals that lie above or below the truth;
//! the half-width is relative to the truth.
//!
//! `cargo bench --bench precision -- intervals`; the first table in `docs/statistics.md` is this one.

use std::ops::Range;

use elasticache_sim::engine::rng::{Address, TrialKey, TrialKeys, draw};
use elasticache_sim::stats::histogram::{Histogram, Quantile};
use elasticache_sim::stats::intervals::{mean, sd, signed_mean, unpaired};
use elasticache_sim::stats::level::{Estimate, Level};
use elasticache_sim::stats::moments::Moments;
use elasticache_sim::stats::probability::{Discordant, clopper_pearson, paired_probability};
use elasticache_sim::stats::ratio::RatioMoments;
use elasticache_sim::stats::stopping::{is_reached, next_look};

/// Batches per row.
const BATCHES: u64 = 2_000;
/// Fewer intervals than this are not judged.
const MIN_SHOWN: u64 = 200;
/// A batch that should stop gives up here.
const MOST_TRIALS: u64 = 20_000_000;

/// The random numbers of one batch.
struct Draws {
    key: TrialKey,
    row: u64,
    n: u32,
}

impl Draws {
    /// Uniform between 0 and 1, never either.
    fn uniform(&mut self) -> f64 {
        self.n += 1;
        let address = Address { entity: self.row, purpose: 0, line: 0, n: self.n };
        ((draw(self.key, address) >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    /// Exponential with mean 1.
    fn exponential(&mut self) -> f64 {
        -self.uniform().ln()
    }

    /// Lognormal with median 1 and the given standard deviation of the logarithm.
    fn lognormal(&mut self, sd: f64) -> f64 {
        let radius = (2.0 * self.exponential()).sqrt();
        (sd * radius * (std::f64::consts::TAU * self.uniform()).cos()).exp()
    }

    /// Trials until the next one in which an event of this probability happens.
    fn gap(&mut self, probability: f64) -> u64 {
        (self.uniform().ln() / (-probability).ln_1p()) as u64
    }

    /// Poisson, by counting exponential gaps.
    fn poisson(&mut self, mean: f64) -> u32 {
        let (mut n, mut at) = (0, self.exponential());
        while at < mean {
            n += 1;
            at += self.exponential();
        }
        n
    }
}

/// A law of the value in one trial: zero but for a share of the trials.
#[derive(Clone, Copy)]
struct Rare {
    share: f64,
    law: fn(&mut Draws) -> f64,
    mean: f64,
    second: f64,
}

const EXPONENTIAL: Rare = Rare { share: 1.0, law: Draws::exponential, mean: 1.0, second: 2.0 };
const UNIFORM: Rare = Rare { share: 1.0, law: Draws::uniform, mean: 0.5, second: 1.0 / 3.0 };
const CONSTANT: Rare = Rare { share: 1.0, law: |_| 1.0, mean: 1.0, second: 1.0 };

fn lognormal() -> Rare {
    Rare { share: 1.0, law: |draws| draws.lognormal(1.0), mean: 0.5f64.exp(), second: 2.0f64.exp() }
}

impl Rare {
    fn in_a_share(self, share: f64) -> Self {
        Rare { share, ..self }
    }

    fn mean(self) -> f64 {
        self.share * self.mean
    }

    fn sd(self) -> f64 {
        (self.share * self.second - self.mean().powi(2)).sqrt()
    }
}

/// A stream of trials of a law, which need not visit the zeros one by one to know where they are.
struct Stream {
    law: Rare,
    next: u64,
}

impl Stream {
    fn new(law: Rare, draws: &mut Draws) -> Self {
        let next = if law.share < 1.0 { draws.gap(law.share) } else { 0 };
        Stream { law, next }
    }

    fn value(&mut self, trial: u64, draws: &mut Draws) -> f64 {
        if trial < self.next {
            return 0.0;
        }
        self.next = trial + 1;
        if self.law.share < 1.0 {
            self.next += draws.gap(self.law.share);
        }
        (self.law.law)(draws)
    }

    /// Adds the values of some trials.
    fn fill(&mut self, moments: &mut Moments, trials: Range<u64>, draws: &mut Draws) {
        let mut trial = trials.start;
        while trial < trials.end {
            if trial < self.next {
                let end = self.next.min(trials.end);
                moments.merge(&zeros(end - trial));
                trial = end;
            } else {
                moments.add(self.value(trial, draws));
                trial += 1;
            }
        }
    }
}

/// So many zeros, by doubling.
fn zeros(mut n: u64) -> Moments {
    let (mut zeros, mut power) = (Moments::default(), Moments::default());
    power.add(0.0);
    while n > 0 {
        if n % 2 == 1 {
            zeros.merge(&power);
        }
        let half = power;
        power.merge(&half);
        n /= 2;
    }
    zeros
}

/// What became of the intervals of a row.
#[derive(Default)]
struct Tally {
    batches: u64,
    shown: u64,
    too_high: u64,
    too_low: u64,
    width: f64,
    trials: u64,
}

impl Tally {
    /// Counts an interval; an open end is taken for withheld.
    fn add(&mut self, estimate: Option<Estimate>, truth: f64, trials: u64) {
        self.batches += 1;
        self.trials += trials;
        let Some((low, high)) = estimate.and_then(|e| Some((e.low?, e.high?))) else { return };
        // A hair for quantities that both sides computed.
        let hair = 1e-12 * truth.abs();
        self.shown += 1;
        self.too_high += u64::from(low > truth + hair);
        self.too_low += u64::from(high < truth - hair);
        self.width += 0.5 * (high - low) / truth.abs();
    }
}

struct Report {
    keys: TrialKeys,
    row: u64,
    below: u32,
}

impl Report {
    fn heading(&self, text: &str) {
        println!("\n{text}\n");
        println!("| {:57} |  trials | shown |    held | above | below | half-width | |", "case");
        println!("|{}|--------:|------:|--------:|------:|------:|-------:|---|", "-".repeat(59));
    }

    fn row(&mut self, what: &str, mut batch: impl FnMut(&mut Draws, &mut Tally)) {
        self.row += 1;
        let mut tally = Tally::default();
        for n in 0..BATCHES {
            batch(&mut Draws { key: self.keys.key(n), row: self.row, n: 0 }, &mut tally);
        }
        let percent = |n: u64, of: u64| 100.0 * n as f64 / of as f64;
        let held = percent(tally.shown - tally.too_high - tally.too_low, tally.shown);
        let mark = match held {
            _ if tally.shown < MIN_SHOWN => "withheld",
            held if held < 93.5 => "BELOW",
            held if held > 96.5 => "conservative",
            _ => "in the band",
        };
        self.below += u32::from(mark == "BELOW");
        let trials = tally.trials / tally.batches;
        let shown = percent(tally.shown, tally.batches);
        print!("| {what:57} | {trials:>7} | {shown:>3.0} % | ");
        match mark {
            "withheld" => print!("     – |     – |     – |"),
            _ => print!(
                "{held:>5.1} % | {:>3.1} % | {:>3.1} % |",
                percent(tally.too_high, tally.shown),
                percent(tally.too_low, tally.shown),
            ),
        }
        match 100.0 * tally.width / tally.shown as f64 {
            width if width.is_finite() => println!(" {width:>6.1} % | {mark} |"),
            _ => println!("      – | {mark} |"),
        }
    }
}

fn moments(law: Rare, n: u64, draws: &mut Draws) -> Moments {
    let mut stream = Stream::new(law, draws);
    let mut moments = Moments::default();
    stream.fill(&mut moments, 0..n, draws);
    moments
}

fn means(report: &mut Report) {
    let level = Level::default();
    report.heading("Means");
    let mut row = |what: &str, law: Rare, n: u64| {
        report.row(&format!("mean, {what}"), |draws, tally| {
            tally.add(Some(mean(&moments(law, n, draws), level)), law.mean(), n);
        });
    };
    for n in [200, 1_000, 10_000] {
        row("uniform", UNIFORM, n);
        row("exponential", EXPONENTIAL, n);
        row("lognormal, sd of the logarithm 1", lognormal(), n);
    }
    for n in [200, 400] {
        row("one, in half of the trials", CONSTANT.in_a_share(0.5), n);
        row("lognormal, in half of the trials", lognormal().in_a_share(0.5), n);
        row("exponential, in a tenth of the trials", EXPONENTIAL.in_a_share(0.1), n);
        row("lognormal, in a tenth of the trials", lognormal().in_a_share(0.1), n);
    }
    for (per, share) in [("hundredth", 0.01), ("thousandth", 0.001)] {
        for hits in [10, 30, 100] {
            let n = (f64::from(hits) / share) as u64;
            row(&format!("one, in a {per} of the trials"), CONSTANT.in_a_share(share), n);
            row(&format!("exponential, in a {per}"), EXPONENTIAL.in_a_share(share), n);
            row(&format!("lognormal, in a {per}"), lognormal().in_a_share(share), n);
        }
    }
}

fn sds(report: &mut Report) {
    let level = Level::default();
    report.heading("Standard deviations");
    let mut row = |what: &str, law: Rare, n: u64| {
        report.row(&format!("sd, {what}"), |draws, tally| {
            tally.add(sd(&moments(law, n, draws), level), law.sd(), n);
        });
    };
    for n in [1_000, 10_000] {
        row("uniform", UNIFORM, n);
        row("exponential", EXPONENTIAL, n);
        row("lognormal, sd of the logarithm 1", lognormal(), n);
    }
    for n in [1_000, 3_000, 10_000, 100_000] {
        row("one, in a hundredth of the trials", CONSTANT.in_a_share(0.01), n);
        row("exponential, in a hundredth", EXPONENTIAL.in_a_share(0.01), n);
        row("lognormal, in a hundredth", lognormal().in_a_share(0.01), n);
    }
}

/// A value as a whole number of units that a histogram counts.
fn whole(value: f64) -> u128 {
    (value * 1e9).round() as u128
}

/// A quantile of a histogram of [`whole`] values in the unit of the values.
fn in_units(quantile: Quantile) -> Estimate {
    let value = |whole: u128| whole as f64 / 1e9;
    let (low, high) = (quantile.low.map(value), quantile.high.map(value));
    Estimate { value: value(quantile.value), low, high }
}

fn quantiles(report: &mut Report) {
    let level = Level::default();
    report.heading("Quantiles");
    for (share, n) in [(1.0, 100), (1.0, 1_000), (1.0, 10_000), (0.3, 1_000), (0.03, 10_000)] {
        let law = EXPONENTIAL.in_a_share(share);
        for p in [0.5, 0.95, 0.99] {
            let what =
                format!("p{:.0}, exponential, zero in {:.0} %", 100.0 * p, 100.0 * (1.0 - share));
            let truth = (share / (1.0 - p)).max(1.0).ln();
            report.row(&what, |draws, tally| {
                let mut stream = Stream::new(law, draws);
                let mut histogram = Histogram::new();
                for trial in 0..n {
                    histogram.add(whole(stream.value(trial, draws)), trial);
                }
                tally.add(histogram.quantile(p, level).map(in_units), truth, n);
            });
        }
    }
}

fn probabilities(report: &mut Report) {
    let level = Level::default();
    report.heading("Probabilities");
    for (p, n) in [(0.3, 100), (0.01, 1_000), (0.001, 1_000), (0.001, 10_000), (0.001, 100_000)] {
        report.row(&format!("Clopper-Pearson, probability {p}"), |draws, tally| {
            let hits = moments(CONSTANT.in_a_share(p), n, draws).n_nonzero();
            tally.add(Some(clopper_pearson(hits, n, level)), p, n);
        });
    }
    let cases = [
        (0.2, 0.1, 100),
        (0.02, 0.0, 100),
        (0.003, 0.001, 1_000),
        (0.003, 0.0, 1_000),
        (0.01, 0.01, 1_000),
        (0.03, 0.01, 10_000),
    ];
    for (this, reference, n) in cases {
        let what = format!("paired probability, {this} this only, {reference} reference only");
        report.row(&what, |draws, tally| {
            let (mut only_this, mut only_reference) = (0, 0);
            for _ in 0..n {
                let u = draws.uniform();
                only_this += u64::from(u < this);
                only_reference += u64::from((this..this + reference).contains(&u));
            }
            let discordant = Discordant { only_this, only_reference, n };
            tally.add(Some(paired_probability(discordant, level)), this - reference, n);
        });
    }
}

fn ratios(report: &mut Report) {
    let level = Level::default();
    report.heading("Ratios: outages are Poisson in number, their lengths share a factor per trial");
    let cases = [(2.0, 100), (2.0, 1_000), (0.1, 300), (0.1, 1_000), (0.1, 3_000), (0.01, 10_000)];
    for (mean, n) in cases {
        report.row(&format!("mean length, {mean} outages per trial"), |draws, tally| {
            tally.add(outages(draws, mean, n).0.estimate(level), 1.0, n);
        });
    }
    for (mean, n) in [(0.1, 2_000), (2.0, 300), (2.0, 1_000)] {
        report.row(&format!("mean length, lognormal, {mean} outages per trial"), |draws, tally| {
            let mut ratio = RatioMoments::default();
            for _ in 0..n {
                let outages = draws.poisson(mean);
                let sum: f64 = (0..outages).map(|_| draws.lognormal(1.0)).sum();
                ratio.add(sum, f64::from(outages));
            }
            tally.add(ratio.estimate(level), lognormal().mean, n);
        });
    }
    for limit in [0.5, 6.0] {
        for (mean, n) in cases {
            let what = format!("share above {limit} mean lengths, {mean} outages per trial");
            report.row(&what, |draws, tally| {
                tally.add(missed(draws, mean, n, limit).share(level), share_above(limit), n);
            });
        }
    }
    for (p, mean, n) in [(0.5, 2.0, 1_000), (0.95, 2.0, 1_000), (0.5, 0.1, 1_000)] {
        let what = format!("p{:.0} of lengths, {mean} outages per trial", 100.0 * p);
        let truth = quantile_of_lengths(p);
        report.row(&what, |draws, tally| {
            let (ratio, histogram) = outages(draws, mean, n);
            let quantile = histogram.quantile_clustered(p, level, ratio.effective_n());
            tally.add(quantile.map(in_units), truth, n);
        });
    }
}

/// A factor per trial, 0.5 or 1.5, times an exponential length.
fn lengths(draws: &mut Draws, mean: f64) -> impl Iterator<Item = f64> {
    let outages = draws.poisson(mean);
    let factor = if draws.uniform() < 0.5 { 0.5 } else { 1.5 };
    (0..outages).map(move |_| factor * draws.exponential())
}

fn share_above(limit: f64) -> f64 {
    0.5 * (-limit / 0.5).exp() + 0.5 * (-limit / 1.5).exp()
}

fn quantile_of_lengths(p: f64) -> f64 {
    let (mut low, mut high) = (0.0, 100.0);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if share_above(middle) > 1.0 - p { low = middle } else { high = middle }
    }
    low
}

fn outages(draws: &mut Draws, mean: f64, n: u64) -> (RatioMoments, Histogram) {
    let (mut ratio, mut histogram) = (RatioMoments::default(), Histogram::new());
    for trial in 0..n {
        let (mut sum, mut count) = (0.0, 0.0);
        for length in lengths(draws, mean) {
            histogram.add(whole(length), trial);
            sum += length;
            count += 1.0;
        }
        ratio.add(sum, count);
    }
    (ratio, histogram)
}

fn missed(draws: &mut Draws, mean: f64, n: u64, limit: f64) -> RatioMoments {
    let mut ratio = RatioMoments::default();
    for _ in 0..n {
        let (mut above, mut count) = (0.0, 0.0);
        for length in lengths(draws, mean) {
            above += f64::from(u8::from(length > limit));
            count += 1.0;
        }
        ratio.add(above, count);
    }
    ratio
}

fn differences(report: &mut Report) {
    let level = Level::default();
    report.heading("Differences of means; the policies share half of what happens");
    for (share, n) in [
        (1.0, 200),
        (1.0, 1_000),
        (0.1, 500),
        (0.1, 1_000),
        (0.01, 4_000),
        (0.01, 5_000),
        (0.01, 20_000),
    ] {
        for paired in ["paired", "unpaired"] {
            report.row(
                &format!("{paired}, exponential in {share} of the trials"),
                |draws, tally| {
                    let (mut both, mut this, mut reference) =
                        (Moments::default(), Moments::default(), Moments::default());
                    let law = EXPONENTIAL.in_a_share(share);
                    let mut streams = [(); 4].map(|()| Stream::new(law, draws));
                    for trial in 0..n {
                        let [a, b, c, d] = streams.each_mut().map(|s| s.value(trial, draws));
                        // Unpaired are two batches; the pairs have `a` in common.
                        both.add(a + 2.0 * b - (a + c));
                        this.add(a + 2.0 * b);
                        reference.add(d + c);
                    }
                    let estimate = match paired {
                        "paired" => signed_mean(&both, level),
                        _ => unpaired(&this, &reference, level),
                    };
                    tally.add(Some(estimate), law.mean(), n);
                },
            );
        }
    }
}

fn stopped(report: &mut Report) {
    report.heading("After stopping at a half-width below 2, 5, 10 % of the value");
    let laws = [
        ("uniform", UNIFORM),
        ("exponential", EXPONENTIAL),
        ("lognormal", lognormal()),
        ("exponential in a hundredth", EXPONENTIAL.in_a_share(0.01)),
        ("lognormal in a hundredth", lognormal().in_a_share(0.01)),
    ];
    for share in [0.02, 0.05, 0.1] {
        // To 2 % some of them need millions of trials, which takes too long here.
        let quick = |what: &str| share > 0.02 || what == "exponential";
        for (what, law) in laws.into_iter().filter(|(what, _)| quick(what)) {
            report.row(&format!("mean, {what}, to {share}"), |draws, tally| {
                stop(law, share, draws, tally, |moments| mean(moments, Level::default()));
            });
        }
        for p in [0.3, 0.01] {
            report.row(&format!("probability {p}, to {share}"), |draws, tally| {
                stop(CONSTANT.in_a_share(p), share, draws, tally, |moments| {
                    let (hits, n) = (moments.n_nonzero(), moments.n());
                    // The exact interval is slow and never so much narrower than the normal one.
                    let normal = Level::default().z() * ((1.0 - p) / hits as f64).sqrt();
                    match normal > 1.3 * share {
                        true => Estimate::unbounded(hits as f64 / n as f64),
                        false => clopper_pearson(hits, n, Level::default()),
                    }
                });
            });
        }
    }
}

fn stop(
    law: Rare,
    share: f64,
    draws: &mut Draws,
    tally: &mut Tally,
    estimate: impl Fn(&Moments) -> Estimate,
) {
    let mut stream = Stream::new(law, draws);
    let mut moments = Moments::default();
    let mut look = 0;
    while look < MOST_TRIALS {
        let from = look;
        look = next_look(look);
        stream.fill(&mut moments, from..look, draws);
        let estimate = estimate(&moments);
        if is_reached(&estimate, share, moments.n_nonzero()) {
            tally.add(Some(estimate), law.mean(), look);
            return;
        }
    }
    tally.add(None, law.mean(), look);
}

/// Prints a table for each kind of number.
pub fn print() {
    let mut report = Report { keys: TrialKeys::new(2026), row: 0, below: 0 };
    means(&mut report);
    sds(&mut report);
    quantiles(&mut report);
    probabilities(&mut report);
    ratios(&mut report);
    differences(&mut report);
    stopped(&mut report);
    println!("\n{} rows, {} below the band", report.row, report.below);
}
