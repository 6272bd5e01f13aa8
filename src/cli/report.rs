//! `ecsim report`.

use std::path::PathBuf;

use clap::Args;

use super::plot::unbroken;
use super::{Failure, Talk, keep, quoted, say};
use crate::report::diagnostic::{self, Colour};
use crate::report::page::report::{Material, html};
use crate::report::{picture, results};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// A folder that `ecsim run` or `ecsim compare` wrote, as in results/
    results: PathBuf,
    /// The page; without it report.html in the folder
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, talk: Talk) -> Result<(), Failure> {
    let folder = &arguments.results;
    let results = results::read(folder).map_err(|error| keep::failure(error, unbroken))?;
    let gallery = picture::all(&results);
    let remarks = &results.kept.experiment.remarks;
    let warnings = match remarks.is_empty() {
        true => String::new(),
        false => diagnostic::render(remarks, Colour::Off),
    };
    let page = html(&Material {
        results: &results,
        gallery: &gallery,
        warnings: &warnings,
        folder: &folder.display().to_string(),
    });
    let path = arguments.output.clone().unwrap_or_else(|| folder.join("report.html"));
    std::fs::write(&path, page)
        .map_err(|cause| Failure::Environment(format!("write {}", path.display()), cause))?;
    if talk == Talk::Normal {
        say(&format!("note: the report is {}\n", quoted(&path.display().to_string())));
    }
    Ok(())
}
