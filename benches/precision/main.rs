//! How right the numbers are: of plain batches, of exact answers, of rare dataset losses.
//!
//! - `cargo bench --bench precision -- intervals`: how often intervals hold the true value, of laws
//!   whose true values are known.
//! - `cargo bench --bench precision -- answers`: the published cases, solved and estimated, and what
//!   that takes; exits with 1 if a target is missed.
//! - `cargo bench --bench precision -- losses`: how often the intervals of rare dataset losses hold
//!   the true value. It takes an hour and more: the beginning of the name of a row after it runs
//!   those rows only, and `SEEDS=200` in the environment takes so many seeds instead of 2,000.
//!
//! Without an argument it prints the first two. One thread does all of it.

mod answers;
mod clock;
#[path = "../../tests/it/support/exact_cases.rs"]
mod exact_cases;
mod intervals;
mod losses;
mod plans;

use std::process::ExitCode;

/// Seeds per row of `losses`, if the environment does not say otherwise.
const SEEDS: u64 = 2_000;

fn seeds() -> u64 {
    let given = std::env::var("SEEDS").ok();
    given.map_or(SEEDS, |text| text.parse().expect("SEEDS is a whole number"))
}

fn main() -> ExitCode {
    // Cargo adds `--bench`.
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        [] => {
            intervals::print();
            println!();
            let verdict = answers::print();
            println!("\nHow often the intervals of rare losses are right: -- losses");
            verdict
        }
        ["intervals"] => {
            intervals::print();
            ExitCode::SUCCESS
        }
        ["answers"] => answers::print(),
        ["losses"] => losses::print("", seeds()),
        ["losses", row] => losses::print(row, seeds()),
        _ => {
            eprintln!("one of: intervals, answers, losses [beginning of the name of a row]");
            ExitCode::from(2)
        }
    }
}
