//! How often the intervals of rare dataset losses hold the true value.
//!
//! Each row runs a study, pilot and all, with 2,000 seeds, and counts the intervals at 95 % that
//! hold the truth: the exact probability, or, for plans that no chain has, that of one study of a
//! hundred times as many replications with a seed of its own, whose half-width is printed beside
//! it. Two of these are held against plain trials, too.
//!
//! A method of exactly 95 % falls outside 93.5 to 96.5 % once in 500 rows of 2,000 seeds. With fewer
//! seeds the band is wider, so that this stays so. What a study refuses to give an interval for is no
//! interval, right or wrong: the shares are of the others. The mean is that of the estimates of all
//! seeds, refused or not, less the truth: it should be zero but for chance.

use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::exact;
use elasticache_sim::model::plan::Plan;
use elasticache_sim::montecarlo::rare::excursion::LossWatch;
use elasticache_sim::montecarlo::rare::study::{Found, Study, Wish};
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::stats::level::{Estimate, Level};

use crate::clock::{Clock, told};
use crate::exact_cases::case;
use crate::plans::{Laws, loss_of, one_and_five, published, with_memory};

/// Half the width of the band around 95 %, in percent, with so many seeds.
const BAND: (f64, f64) = (1.5, 2_000.0);
/// Fewer intervals than this are not judged.
const MIN_SHOWN: u64 = 100;
/// A share of refusals from here on is said beside the verdict.
const OFTEN: f64 = 0.1;
/// Replications of a reference for one of a seed's study, and its seed.
const REFERENCE: u64 = 100;
const REFERENCE_SEED: u64 = 20_261_123;
/// Replications at most where a study stops by itself.
const MOST: u64 = 1_000_000;
/// Standard errors between a reference and plain trials at most.
const FAR: f64 = 4.0;

/// When a study ends.
#[derive(Clone, Copy)]
enum Ends {
    After(u64),
    /// At this half-width over value; a reference takes it for so many replications.
    At(f64, u64),
}

/// Where the truth comes from.
enum Truth {
    Exact(f64),
    /// A long study.
    Study,
    /// The same, held against so many plain trials.
    Checked(u64),
}

struct Row {
    name: &'static str,
    /// One policy, or two whose ratio is estimated, second over first.
    plans: fn() -> Vec<Plan>,
    truth: fn() -> Truth,
    ends: Ends,
}

const fn laws(life: Option<f64>, repair: Option<f64>, outage: Option<f64>) -> Laws {
    Laws { life, repair, outage }
}

/// Lives that wear out, or of which many are short; a repair that mostly is quick.
const OLD: Laws = laws(Some(2.0), None, None);
const YOUNG: Laws = laws(Some(0.7), None, None);
const REPAIR: Laws = laws(None, Some(2.0), None);
const OLD_REPAIR: Laws = laws(Some(2.0), Some(2.0), None);
const ALL_OLD: Laws = laws(Some(2.0), Some(2.0), Some(1.5));
const ALL_YOUNG: Laws = laws(Some(0.7), Some(2.0), Some(1.5));

fn exactly(id: &str) -> Truth {
    Truth::Exact(loss_of(&case(id)))
}

/// Published cases and what is exact beside them.
const CHAINS: [Row; 10] = [
    Row {
        name: "C01",
        plans: || vec![published("C01")],
        truth: || exactly("C01"),
        ends: Ends::After(1_000),
    },
    Row {
        name: "C02",
        plans: || vec![published("C02")],
        truth: || exactly("C02"),
        ends: Ends::After(1_000),
    },
    Row {
        name: "C05",
        plans: || vec![published("C05")],
        truth: || exactly("C05"),
        ends: Ends::After(1_000),
    },
    Row {
        name: "C07",
        plans: || vec![published("C07")],
        truth: || exactly("C07"),
        ends: Ends::After(500),
    },
    Row {
        name: "C11, 1+5",
        plans: || vec![published("C11")],
        truth: || exactly("C11"),
        ends: Ends::After(120),
    },
    Row {
        name: "C12",
        plans: || vec![published("C12")],
        truth: || exactly("C12"),
        ends: Ends::After(500),
    },
    Row {
        name: "1+5 in three AZs",
        plans: || vec![one_and_five()],
        truth: || Truth::Exact(exact::solve(&one_and_five()).expect("a Markov chain").loss),
        ends: Ends::After(500),
    },
    Row {
        name: "C02 stopped at 1.5 %",
        plans: || vec![published("C02")],
        truth: || exactly("C02"),
        ends: Ends::At(0.015, MOST),
    },
    Row {
        name: "C07 stopped at 3 %",
        plans: || vec![published("C07")],
        truth: || exactly("C07"),
        ends: Ends::At(0.03, MOST),
    },
    Row {
        name: "C07 over C05",
        plans: || vec![published("C05"), published("C07")],
        truth: || Truth::Exact(loss_of(&case("C07")) / loss_of(&case("C05"))),
        ends: Ends::After(500),
    },
];

/// Plans with a memory.
const MEMORY: [Row; 10] = [
    Row {
        name: "1+1, Weibull 2",
        plans: || vec![with_memory("C02", OLD)],
        truth: || Truth::Study,
        ends: Ends::After(1_000),
    },
    Row {
        name: "1+1, Weibull 0.7",
        plans: || vec![with_memory("C02", YOUNG)],
        truth: || Truth::Checked(10_000_000),
        ends: Ends::After(1_000),
    },
    Row {
        name: "1+1, lognormal repair",
        plans: || vec![with_memory("C02", REPAIR)],
        truth: || Truth::Study,
        ends: Ends::After(1_000),
    },
    Row {
        name: "1+1, Weibull 2, lognormal repair and outage",
        plans: || vec![with_memory("C05", ALL_OLD)],
        truth: || Truth::Study,
        ends: Ends::After(1_000),
    },
    Row {
        name: "1+1, Weibull 0.7, lognormal repair and outage",
        plans: || vec![with_memory("C05", ALL_YOUNG)],
        truth: || Truth::Checked(4_000_000),
        ends: Ends::After(1_000),
    },
    Row {
        name: "1+2, Weibull 2, lognormal repair",
        plans: || vec![with_memory("C07", OLD_REPAIR)],
        truth: || Truth::Study,
        ends: Ends::After(1_000),
    },
    Row {
        name: "1+2, Weibull 2, lognormal repair and outage",
        plans: || vec![with_memory("C07", ALL_OLD)],
        truth: || Truth::Study,
        ends: Ends::After(1_000),
    },
    Row {
        name: "1+2, Weibull 0.7, lognormal repair and outage",
        plans: || vec![with_memory("C07", ALL_YOUNG)],
        truth: || Truth::Study,
        ends: Ends::After(1_000),
    },
    Row {
        name: "1+2, the same, stopped at 10 %",
        plans: || vec![with_memory("C07", ALL_YOUNG)],
        truth: || Truth::Study,
        ends: Ends::At(0.1, 2_000),
    },
    Row {
        name: "1+2 over 1+1, Weibull 0.7, lognormal repair and outage",
        plans: || vec![with_memory("C05", ALL_YOUNG), with_memory("C07", ALL_YOUNG)],
        truth: || Truth::Study,
        ends: Ends::After(1_000),
    },
];

/// Runs a study of a row; gives what it says, and its replications.
fn studied(plans: &[&Plan], seed: u64, (share, most): (Option<f64>, u64)) -> (Estimate, u64) {
    let level = Level::default();
    let wish = Wish { seed, share, level, most, steering: None, threads: 1 };
    let found = Study::new(plans, 0, wish).run(|_| (), &AtomicBool::new(false));
    let last = found.last().expect("a policy");
    let estimate = match found.len() {
        1 => last.tally.estimate(level),
        _ => ratio(&found, level),
    };
    (estimate, last.tally.values.n())
}

/// The ratio of the second to the first, with an interval if either has one.
fn ratio(found: &[Found], level: Level) -> Estimate {
    let is_sound = found.iter().all(|found| found.tally.doubt().is_none());
    let ratio = found.last().and_then(|last| last.ratio.estimate(level));
    match ratio {
        Some(ratio) if is_sound => ratio,
        Some(ratio) => Estimate::unbounded(ratio.value),
        None => Estimate::unbounded(0.0),
    }
}

/// What became of the intervals of a row.
#[derive(Default)]
struct Count {
    seeds: u64,
    shown: u64,
    /// Intervals above the truth, and below it.
    above: u64,
    below: u64,
    width: f64,
    /// Of the values of all seeds, with an interval or without, over the truth.
    values: f64,
    replications: u64,
}

impl Count {
    fn add(&mut self, (estimate, replications): (Estimate, u64), truth: f64) {
        self.seeds += 1;
        self.replications += replications;
        self.values += estimate.value / truth;
        let (Some(low), Some(high)) = (estimate.low, estimate.high) else { return };
        self.shown += 1;
        self.above += u64::from(low > truth);
        self.below += u64::from(high < truth);
        self.width += 0.5 * (high - low) / truth;
    }

    /// Percent of the intervals.
    fn percent(&self, n: u64) -> f64 {
        100.0 * n as f64 / self.shown as f64
    }

    fn held(&self) -> f64 {
        self.percent(self.shown - self.above - self.below)
    }

    fn verdict(&self, band: f64) -> Verdict {
        match self.held() {
            _ if self.shown < MIN_SHOWN => Verdict::NotJudged,
            held if held < 95.0 - band => Verdict::Below,
            held if held > 95.0 + band => Verdict::Conservative,
            _ => Verdict::Within,
        }
    }

    fn refused(&self) -> f64 {
        1.0 - self.shown as f64 / self.seeds as f64
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Within,
    Conservative,
    Below,
    NotJudged,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Verdict::Within => "within",
            Verdict::Conservative => "conservative",
            Verdict::Below => "BELOW",
            Verdict::NotJudged => "too few to judge",
        }
    }
}

/// The truth of a row with the half-width of its own interval over it.
fn truth_of(row: &Row, plans: &[&Plan], notes: &mut Vec<Note>) -> (f64, Option<f64>) {
    let trials = match (row.truth)() {
        Truth::Exact(p) => return (p, None),
        Truth::Study => 0,
        Truth::Checked(trials) => trials,
    };
    let replications = match row.ends {
        Ends::After(n) | Ends::At(_, n) => n,
    };
    let (estimate, _) = studied(plans, REFERENCE_SEED, (None, REFERENCE * replications));
    let half = estimate.half_width().expect("a reference that is sound");
    if trials > 0 {
        let (share, spread) = plain(plans[0], trials);
        let far = (estimate.value - share) / spread.hypot(half / Level::default().z());
        notes.push(Note { name: row.name, trials, share, spread, reference: estimate.value, far });
    }
    (estimate.value, Some(half / estimate.value))
}

/// How a reference compares with plain trials.
struct Note {
    name: &'static str,
    trials: u64,
    share: f64,
    spread: f64,
    reference: f64,
    far: f64,
}

/// The share of plain trials that lose a dataset, and its standard error.
fn plain(plan: &Plan, trials: u64) -> (f64, f64) {
    let mut keys = TrialKeys::new(REFERENCE_SEED + 1);
    let mut trial = Trial::begin(plan, keys.key(0));
    let mut lost = 0u64;
    for n in 0..trials {
        let mut watch = LossWatch::default();
        trial.restart(keys.key(n));
        trial.finish(&mut watch);
        lost += u64::from(watch.lost.is_some());
    }
    let share = lost as f64 / trials as f64;
    (share, (share * (1.0 - share) / trials as f64).sqrt())
}

/// Runs a row and prints it.
fn print_row(row: &Row, (seeds, band): (u64, f64), notes: &mut Vec<Note>) -> Verdict {
    let clock = Clock::start();
    let plans = (row.plans)();
    let plans: Vec<&Plan> = plans.iter().collect();
    let (truth, truth_half) = truth_of(row, &plans, notes);
    let ends = match row.ends {
        Ends::After(n) => (None, n),
        Ends::At(share, _) => (Some(share), MOST),
    };
    let mut count = Count::default();
    (1..=seeds).for_each(|seed| count.add(studied(&plans, seed, ends), truth));
    let verdict = count.verdict(band);
    let known = truth_half.map_or("exact".to_owned(), |half| format!("± {:.2} %", 100.0 * half));
    let shown = match verdict {
        Verdict::NotJudged => "– | – | – | –".to_owned(),
        Verdict::Within | Verdict::Conservative | Verdict::Below => format!(
            "{:.1} % | {:.1} % | {:.1} % | {:.1} %",
            count.held(),
            count.percent(count.above),
            count.percent(count.below),
            100.0 * count.width / count.shown as f64,
        ),
    };
    let refusal = if count.refused() >= OFTEN { ", announced refusal" } else { "" };
    println!(
        "| {} | {truth:.4e} | {known} | {} | {:+.1} % | {:.1} % | {shown} | {}{refusal} | {} |",
        row.name,
        count.replications / count.seeds,
        100.0 * (count.values / count.seeds as f64 - 1.0),
        100.0 * count.refused(),
        verdict.word(),
        told(clock.seconds()),
    );
    verdict
}

/// Prints the rows whose names begin like that.
pub fn print(beginning: &str, seeds: u64) -> ExitCode {
    let band = BAND.0 * (BAND.1 / seeds as f64).sqrt();
    let rows = || CHAINS.iter().chain(&MEMORY).filter(|row| row.name.starts_with(beginning));
    if rows().next().is_none() {
        eprintln!("no row begins like that; there are:");
        CHAINS.iter().chain(&MEMORY).for_each(|row| eprintln!("  {}", row.name));
        return ExitCode::from(2);
    }
    println!(
        "{seeds} seeds per row: the band is {:.1} to {:.1} %\n",
        95.0 - band,
        (95.0 + band).min(100.0)
    );
    println!(
        "| case | truth | known | replications | mean | refused | held | above | below | half-width | \
         verdict | CPU |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|--:|");
    let mut notes = Vec::new();
    let verdicts: Vec<Verdict> =
        rows().map(|row| print_row(row, (seeds, band), &mut notes)).collect();
    println!();
    for Note { name, trials, share, spread, reference, far } in &notes {
        let spread = 100.0 * spread / share;
        println!(
            "{name}: {share:.4e} of {trials} plain trials, ± {spread:.1} % (standard error); the \
             reference is {reference:.4e}, {far:+.1} standard errors from it"
        );
    }
    let below = verdicts.iter().filter(|verdict| **verdict == Verdict::Below).count();
    let far = notes.iter().filter(|note| note.far.abs() > FAR).count();
    println!("{} rows, {below} below the band", verdicts.len());
    match below + far {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
