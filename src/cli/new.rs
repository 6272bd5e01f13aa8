//! `ecsim new`.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::{Failure, print, quoted, say};
use crate::scenario::presets::{self, PRESETS, Preset, STARTER};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Where to write it; - for stdout. What exists is never overwritten
    file: PathBuf,
    /// Which scenario. A `[[policy]]` of another one may name most of them too: preset = "NAME"
    #[arg(long, value_name = "NAME", default_value = STARTER, value_parser = preset_parser())]
    preset: &'static Preset,
}

/// One of the presets' names.
fn preset_parser() -> impl TypedValueParser<Value = &'static Preset> {
    let names = PRESETS.iter().map(|preset| PossibleValue::new(preset.name).help(preset.summary));
    PossibleValuesParser::new(names)
        .map(|name| presets::find(&name).expect("only names of presets are possible"))
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { file, preset } = arguments;
    if file == Path::new("-") {
        return print(preset.text);
    }
    write(file, preset.text)?;
    let name = quoted(&file.display().to_string());
    let run = format!("ecsim run {name}");
    let replay = format!("ecsim replay {name} --trial worst-outage");
    let width = replay.chars().count();
    say(&format!(
        "wrote {name} from the preset {}; next:\n  \
         {run:width$}   what it costs, over many trials\n  \
         {replay}   its worst trial, told as a story\n",
        preset.name
    ));
    Ok(())
}

/// Writes a file that is not there yet.
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    // Looking first and creating then would overwrite what appears in between.
    let mut file = File::create_new(path).map_err(|cause| refused(path, cause))?;
    file.write_all(text.as_bytes()).map_err(|cause| {
        // Half a scenario would be in the way of the next attempt. It is ours, and if it cannot be
        // removed either, the first cause is the one to tell.
        drop(fs::remove_file(path));
        Failure::Environment(format!("write {}", path.display()), cause)
    })
}

/// Why a file cannot be created.
fn refused(path: &Path, cause: io::Error) -> Failure {
    let shown = path.display();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists());
    match (cause.kind(), folder) {
        (io::ErrorKind::AlreadyExists, _) => Failure::Exists(path.to_owned()),
        (io::ErrorKind::NotFound, Some(folder)) => {
            let doing = format!("write {shown}: there is no folder {}", folder.display());
            Failure::Environment(doing, cause)
        }
        _ => Failure::Environment(format!("write {shown}"), cause),
    }
}
