//! Finding folders of results again, and the experiment that one is of.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::disk::{self, KeepError, failed};
use super::manifest::{self, Inputs, Manifest};
use super::read::no_summary;
use super::traces::Notable;
use super::{MANIFEST, SUMMARY_JSON};
use crate::report::shell::quoted;
use crate::scenario::{self, Experiment, LoadError, Overrides, Text};

/// The folder for results of `inputs` where none is named: `<base>/<stem>`, or the next number
/// behind it that is free or of the same inputs.
pub fn default_folder(base: &Path, stem: &str, inputs: &Inputs) -> Result<PathBuf, KeepError> {
    let mut n = 1u64;
    loop {
        let folder = match n {
            1 => base.join(stem),
            n => base.join(format!("{stem}-{n}")),
        };
        let is_fit = match manifest_of(&folder)? {
            Some(manifest) => manifest.inputs.digest == inputs.digest,
            None => !folder.exists(),
        };
        if is_fit {
            return Ok(folder);
        }
        n += 1;
    }
}

/// The manifest of a folder; `None` if it has none of ours.
fn manifest_of(folder: &Path) -> Result<Option<Manifest>, KeepError> {
    let bytes = disk::read(&folder.join(MANIFEST))?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Which folder to name instead of one that holds no results itself.
fn where_results_are(folder: &Path) -> String {
    const MOST: usize = 8;
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let holds_some = |path: &PathBuf| matches!(manifest_of(path), Ok(Some(_)));
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(holds_some).collect();
    found.sort_unstable();
    if found.is_empty() {
        return "name a folder that `ecsim run` wrote, as in results/primary-failure".to_owned();
    }
    let named = found.iter().take(MOST).map(|path| quoted(&path.display().to_string()));
    let named: Vec<String> = named.collect();
    let others = match found.len().saturating_sub(MOST) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    format!("folders in it do: {}{others}", named.join(" · "))
}

/// Results that are there.
#[derive(Debug)]
pub struct Kept {
    folder: PathBuf,
    /// What they are of.
    pub manifest: Manifest,
    /// What was run.
    pub experiment: Experiment,
}

/// Reads what the results in `folder` are of.
pub fn load(folder: &Path) -> Result<Kept, KeepError> {
    let shown = folder.display();
    let refused = |message: String| Err(KeepError::Refused(message));
    if folder.is_file() {
        return refused(format!(
            "error: {shown} is a file, and no folder of results\n\
             hint: if it is a scenario, `ecsim run {shown}` makes a folder of results, and says which\n"
        ));
    }
    if !folder.exists() {
        return refused(format!(
            "error: there is no folder {shown}\n\
             hint: `ecsim run` says in which folder it keeps results, as in results/\n"
        ));
    }
    let Some(manifest) = manifest_of(folder)? else {
        return refused(format!(
            "error: {shown} holds no results of ecsim\nhint: {}\n",
            where_results_are(folder)
        ));
    };
    let mut texts = Vec::new();
    for (n, (file, samples)) in manifest.inputs.scenarios().into_iter().enumerate() {
        let kept_as = file.kept_as.as_deref().filter(|path| disk::is_inside(Path::new(path)));
        let path = folder.join(kept_as.unwrap_or_default());
        let bytes = std::fs::read(&path).map_err(failed("read", &path))?;
        let names: Vec<&Path> = samples.iter().map(Path::new).collect();
        let base_dir = folder.join(manifest::sample_base(n, &names));
        texts.push(Text { name: file.name.clone(), bytes, base_dir });
    }
    if texts.is_empty() {
        return refused(format!(
            "error: the manifest of {shown} names no scenario\n\
             hint: it was changed since the run; replay the scenario file\n"
        ));
    }
    let options = &manifest.inputs.options;
    let (set, sweep) = (options.set.clone(), options.sweep.clone());
    let overrides = Overrides { trials: None, seed: Some(options.seed), set, sweep };
    let experiment = scenario::parse_all(&texts, &overrides)
        .map_err(|mistakes| KeepError::Load(LoadError::Invalid(mistakes)))?;
    match manifest.inputs.are_of(&experiment) {
        true => Ok(Kept { folder: folder.to_owned(), manifest, experiment }),
        false => refused(format!(
            "error: the scenario in {shown}, or a sample, is not the one that was run\n\
             hint: it was changed since; run it into another folder\n"
        )),
    }
}

impl Kept {
    /// The number of a notable trial of `policy`.
    pub fn number(&self, policy: &str, notable: Notable) -> Result<u64, KeepError> {
        let path = self.folder.join(SUMMARY_JSON);
        let bytes = disk::read(&path)?;
        let bytes = bytes.ok_or_else(|| no_summary(&self.folder, self.manifest.status))?;
        let summary: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let policies = summary["policies"].as_array().into_iter().flatten();
        let found = policies
            .filter(|entry| entry["name"] == policy)
            .find_map(|entry| entry["kept_trials"][notable.key()].as_u64());
        found.ok_or_else(|| {
            KeepError::Refused(format!(
                "error: {} has no {} trial of the policy `{policy}`\n\
                 hint: choose one by its number with --trial\n",
                path.display(),
                notable.name()
            ))
        })
    }
}
