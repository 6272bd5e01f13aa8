//! `ecsim plot`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{Failure, Talk, keep, quoted, say};
use crate::montecarlo::batch::BrokenTrial;
use crate::report::picture::{self, Picture};
use crate::report::results;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// A folder that `ecsim run` or `ecsim compare` wrote, as in results/
    results: PathBuf,
    /// Where pictures go; without it into plots/ in the folder
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// What files are written
    #[arg(long, value_enum, default_value_t = Format::Both)]
    format: Format,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Format {
    /// For pages: sharp at any size, text stays text
    Svg,
    /// For slides: 2400 by 1350 pixels
    Png,
    /// Both
    Both,
}

pub(super) fn run(arguments: &Arguments, talk: Talk) -> Result<(), Failure> {
    let results =
        results::read(&arguments.results).map_err(|error| keep::failure(error, unbroken))?;
    let gallery = picture::all(&results);
    let folder = match &arguments.output {
        Some(folder) => folder.clone(),
        None => arguments.results.join("plots"),
    };
    let failed = |doing: &str, path: &Path| format!("{doing} {}", path.display());
    std::fs::create_dir_all(&folder)
        .map_err(|cause| Failure::Environment(failed("create", &folder), cause))?;
    for picture in &gallery.pictures {
        for (extension, bytes) in files(picture, arguments.format)? {
            let path = folder.join(format!("{}.{extension}", picture.name));
            std::fs::write(&path, bytes)
                .map_err(|cause| Failure::Environment(failed("write", &path), cause))?;
        }
        note(talk, &format!("{}: {}", picture.name, picture.title));
    }
    let unset = gallery.pictures.iter().filter(|picture| !picture.is_settable());
    let unset: Vec<&str> = unset.map(|picture| picture.name.as_str()).collect();
    if arguments.format != Format::Svg && !unset.is_empty() {
        say(&format!(
            "warning: some names are in scripts that the letters of PNG lack, and numbers stand for \
             them; SVG has them. So it is in {}\n",
            unset.join(", ")
        ));
    }
    for missing in &gallery.missing {
        note(talk, &format!("no {}: {}", missing.name, missing.why));
    }
    let n = gallery.pictures.len();
    let what = if n == 1 { "1 picture".to_owned() } else { format!("{n} pictures") };
    note(talk, &format!("{what} in {}", quoted(&folder.display().to_string())));
    Ok(())
}

/// The files of a picture: the extension and the bytes of each.
fn files(picture: &Picture, format: Format) -> Result<Vec<(&'static str, Vec<u8>)>, Failure> {
    let svg = || ("svg", picture.svg().into_bytes());
    let png = || match picture.png() {
        Ok(bytes) => Ok(("png", bytes)),
        Err(cause) => Err(Failure::Environment(
            format!("make {}.png", picture.name),
            std::io::Error::other(cause),
        )),
    };
    Ok(match format {
        Format::Svg => vec![svg()],
        Format::Png => vec![png()?],
        Format::Both => vec![svg(), png()?],
    })
}

/// Says what was done.
fn note(talk: Talk, text: &str) {
    match talk {
        Talk::Normal => say(&format!("{text}\n")),
        Talk::Quiet => {}
    }
}

/// A trial of the folder breaks an assertion when it is run again.
pub(super) fn unbroken(broken: BrokenTrial) -> Failure {
    Failure::Bug { files: String::new(), options: String::new(), broken }
}
