//! `ecsim`: run, print the error, choose the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    elasticache_sim::cli::main()
}
