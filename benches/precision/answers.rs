//! The published cases: what is known, what `exact` says, what a study estimates, and how long each
//! of them takes.
//!
//! Times are CPU seconds of one thread. To know a probability within a standard error of 1 % takes
//! the guide and the pilot, and then so many replications as their variance asks for. The gain is
//! that of equal work: the variance of a plain trial, p (1 − p), times its time, over the variance of
//! a replication times its time. Plain trials are timed with nobody watching but for losses.

use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use elasticache_sim::engine::rng::TrialKeys;
use elasticache_sim::exact::guide::Guide;
use elasticache_sim::exact::{self, Exact};
use elasticache_sim::model::plan::Plan;
use elasticache_sim::montecarlo::rare::estimate::Tally;
use elasticache_sim::montecarlo::rare::excursion::{LossWatch, Steering};
use elasticache_sim::montecarlo::rare::study::{Study, Wish};
use elasticache_sim::montecarlo::trial::Trial;
use elasticache_sim::stats::level::Level;

use crate::clock::{Clock, fastest, told};
use crate::exact_cases::cases;
use crate::plans::{loss_of, one_and_five, published};

/// The standard error that is wanted, over the value.
const WANTED: f64 = 0.01;
/// Replications at most with the guide, and with balanced biasing, which is there to be compared.
const MOST: u64 = 400_000;
const MOST_BALANCED: u64 = 4_000;
/// The same where a trial has a hundred times as many events.
const MOST_BALANCED_BUSY: u64 = 200;
/// So often a plan is solved, and its guide is built, for the fastest time.
const SOLVED: u32 = 3;
/// CPU seconds for which plain trials are timed.
const TIMED: f64 = 0.1;

/// What is known of a row before.
struct Case {
    name: String,
    plan: Plan,
    /// As published; nothing where only `exact` knows it.
    published: Option<f64>,
}

/// What a way to estimate came to.
struct Estimated {
    tally: Tally,
    /// Guide, or none, and pilot.
    set_up: f64,
    run: f64,
}

impl Estimated {
    fn per_replication(&self) -> f64 {
        self.run / self.tally.values.n() as f64
    }

    /// The square of the standard error over the value, of one replication.
    fn variance(&self) -> f64 {
        let sd = self.tally.values.sd().expect("many replications");
        (sd / self.tally.probability()).powi(2)
    }

    fn to_wanted(&self) -> f64 {
        self.set_up + self.variance() / (WANTED * WANTED) * self.per_replication()
    }

    /// Against plain trials of this length, of a loss that has probability `p`.
    fn gain(&self, p: f64, per_trial: f64) -> f64 {
        (1.0 - p) / p * per_trial / (self.variance() * self.per_replication())
    }
}

fn estimated(plan: &Plan, steering: Option<Steering>, most: u64) -> Estimated {
    let level = Level::default();
    let share = match steering {
        Some(_) => None,
        None => Some(WANTED * level.z()),
    };
    let wish = Wish { seed: 20_261_122, share, level, most, steering, threads: 1 };
    let clock = Clock::start();
    let study = Study::new(&[plan], 0, wish);
    let set_up = clock.seconds();
    let clock = Clock::start();
    let found = study.run(|_| (), &AtomicBool::new(false)).pop().expect("one policy");
    Estimated { tally: found.tally, set_up, run: clock.seconds() }
}

/// Seconds per plain trial.
fn per_trial(plan: &Plan) -> f64 {
    let mut keys = TrialKeys::new(1);
    let mut trial = Trial::begin(plan, keys.key(0));
    let mut run = |trials: u64| {
        let clock = Clock::start();
        for n in 0..trials {
            trial.restart(keys.key(n));
            trial.finish(&mut LossWatch::default());
        }
        clock.seconds()
    };
    let mut trials = 100;
    loop {
        let seconds = run(trials);
        if seconds >= TIMED {
            return seconds / trials as f64;
        }
        trials *= 2;
    }
}

/// A row, with all that was measured for it.
struct Row {
    case: Case,
    exact: Exact,
    solved_in: f64,
    guide: f64,
    per_trial: f64,
    guided: Estimated,
    balanced: Estimated,
}

impl Row {
    fn of(case: Case) -> Self {
        let plan = &case.plan;
        // The fastest of some: others on the machine slow down even what is CPU time.
        let (exact, solved_in) = fastest(SOLVED, || exact::solve(plan).expect("a Markov chain"));
        let (_, guide) = fastest(SOLVED, || Guide::of(plan));
        let per_trial = per_trial(plan);
        let guided = estimated(plan, None, MOST);
        let busy = per_trial > 1e-4;
        let most = if busy { MOST_BALANCED_BUSY } else { MOST_BALANCED };
        let balanced = estimated(plan, Some(Steering::Balanced), most);
        Row { case, exact, solved_in, guide, per_trial, guided, balanced }
    }

    /// The best that is known.
    fn truth(&self) -> f64 {
        self.case.published.unwrap_or(self.exact.loss)
    }

    fn solver_off(&self) -> Option<f64> {
        self.case.published.map(|published| self.exact.loss / published - 1.0)
    }

    /// How many standard errors the estimate is above the truth.
    fn errors_off(&self) -> f64 {
        let values = &self.guided.tally.values;
        (values.mean() - self.truth()) / values.standard_error().expect("many replications")
    }

    fn print_answer(&self) {
        let Row { case, guided, .. } = self;
        let truth = self.truth();
        let estimate = guided.tally.estimate(Level::default());
        let half = estimate.half_width().map_or("–".to_owned(), |half| format!("{half:.1e}"));
        let published = case.published.map_or("–".to_owned(), |it| format!("{it:.11e}"));
        let solver = self.solver_off().map_or("–".to_owned(), |off| format!("{:.0e}", off.abs()));
        println!(
            "| {} | {published} | {:.11e} | {solver} | {:.4e} ± {half} | {:+.2} % | {:+.1} | {} | {} | {} |",
            case.name,
            self.exact.loss,
            estimate.value,
            100.0 * (estimate.value / truth - 1.0),
            self.errors_off(),
            told(guided.set_up + guided.run),
            told(guided.to_wanted()),
            rounded(guided.gain(truth, self.per_trial)),
        );
    }

    fn print_times(&self) {
        let (guided, balanced, truth) = (&self.guided, &self.balanced, self.truth());
        let crude = (1.0 - truth) / truth / (WANTED * WANTED) * self.per_trial;
        let (to_wanted, gain) = match balanced.tally.doubt() {
            Some(_) => ("–".to_owned(), "–".to_owned()),
            None => (told(balanced.to_wanted()), rounded(balanced.gain(truth, self.per_trial))),
        };
        println!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {to_wanted} | {gain} |",
            self.case.name,
            told(self.solved_in),
            told(self.guide),
            told(guided.set_up),
            guided.tally.values.n(),
            told(guided.per_replication()),
            told(guided.run),
            told(self.per_trial),
            told(crude),
        );
    }
}

/// A factor in two digits.
fn rounded(factor: f64) -> String {
    match factor {
        f if f < 9.95 => format!("{f:.1}"),
        f if f < 99.5 => format!("{f:.0}"),
        f if f < 1e4 => format!("{:.0}", (f / 10.0).round() * 10.0),
        f => format!("{f:.1e}"),
    }
}

fn rows() -> Vec<Row> {
    let case = |case: &serde_json::Value| {
        let name = case["id"].as_str().expect("an id").to_owned();
        Case { plan: published(&name), published: Some(loss_of(case)), name }
    };
    let mut all: Vec<Case> = cases().iter().map(case).collect();
    all.push(Case { name: "1+5".to_owned(), plan: one_and_five(), published: None });
    all.into_iter().map(Row::of).collect()
}

/// What must hold, with what was found; gives how many do not.
fn targets(rows: &[Row]) -> usize {
    let row = |name: &str| rows.iter().find(|row| row.case.name == name).expect("a row");
    let mut missed = 0;
    let mut target = |what: &str, found: String, holds: bool| {
        missed += usize::from(!holds);
        println!("- {}: {what}: {found}", if holds { "PASS" } else { "FAIL" });
    };
    let worst = rows.iter().filter_map(Row::solver_off).map(f64::abs).fold(0.0, f64::max);
    target("every case is solved to 1e-9", format!("{worst:.0e} at most"), worst < 1e-9);
    let furthest = rows.iter().map(|row| row.errors_off().abs()).fold(0.0, f64::max);
    let what = "every estimate is within 4 standard errors";
    target(what, format!("{furthest:.1} at most"), furthest <= 4.0);
    let shown = rows.iter().filter(|row| row.guided.tally.doubt().is_none()).count();
    let what = "every estimate has an interval";
    target(what, format!("{shown} of {}", rows.len()), shown == rows.len());
    for (name, what) in
        [("C07", "1+2 in three AZs (C07)"), ("C12", "1+2 in three AZs with rare AZ failures (C12)")]
    {
        let seconds = row(name).guided.to_wanted();
        let what = format!("time to 1 % on {what}, guide included, below 1 s");
        target(&what, told(seconds), seconds < 1.0);
    }
    for (name, what, limit) in [
        ("1+5", "exact for 1+5 in three AZs below 0.1 s", 0.1),
        ("C13", "exact for three interacting shards of 1+1 (C13) below 5 s", 5.0),
    ] {
        let seconds = row(name).solved_in;
        target(what, told(seconds), seconds < limit);
    }
    missed
}

/// Prints the tables and the targets.
pub fn print() -> ExitCode {
    let rows = rows();
    println!("Probability of a dataset loss within a year; times are CPU seconds of one thread\n");
    println!(
        "| case | published | solved | off by | estimate ± half-width, 95 % | off by | standard errors \
         | time | to 1 % | gain |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    rows.iter().for_each(Row::print_answer);
    println!("\nWhere the time goes; plain trials and balanced biasing beside it\n");
    println!(
        "| case | solved in | guide | guide and pilot | replications | each | together | plain trial \
         | plain to 1 % | balanced to 1 % | its gain |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    rows.iter().for_each(Row::print_times);
    println!();
    match targets(&rows) {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
