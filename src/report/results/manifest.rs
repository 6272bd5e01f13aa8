//! [`Manifest`]: what a folder of results is of, and how it came about.
//!
//! Equal inputs give equal bytes in every file of the folder but for the manifest's `invocation`.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::report::summary::SCHEMA;
use crate::scenario::{Experiment, Input, InputKind, resolved};

/// What a folder of results is of, and how it came about: `manifest.json`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the form.
    pub schema: u32,
    /// Whether the folder is complete.
    pub status: Status,
    /// All that decides the results.
    pub inputs: Inputs,
    /// The files that the folder has when it is complete, by their paths in it.
    pub files: Vec<String>,
    /// How they came about; no result depends on it.
    pub invocation: Invocation,
}

/// Whether a folder is complete.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// A batch writes to it, or did so until it was killed.
    Running,
    /// The batch was interrupted, and can go on.
    Interrupted,
    /// It is complete.
    Finished,
}

/// All that decides the results.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Inputs {
    /// Version of ecsim.
    pub ecsim: String,
    /// Name of the experiment.
    pub scenario: String,
    /// The files that were read, each scenario in front of its samples.
    pub files: Vec<InputFile>,
    /// SHA-256 of the scenario with every default filled in, in hexadecimal digits.
    pub resolved_sha256: String,
    /// What the command line said.
    pub options: Options,
    /// SHA-256 of all of this, in hexadecimal digits.
    pub digest: String,
}

/// A file that was read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct InputFile {
    /// What it is.
    pub kind: FileKind,
    /// Its name: of a scenario without the folder, of a sample as the scenario names it.
    pub name: String,
    /// Where the folder keeps it; null for a sample with an absolute path, which is not kept.
    pub kept_as: Option<String>,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
}

/// What a file is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// A scenario.
    Scenario,
    /// Observed lengths of an empirical law.
    Sample,
}

/// Options that decide results, with what they came to.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Options {
    /// Each `--set`.
    pub set: Vec<String>,
    /// Each `--sweep`.
    pub sweep: Vec<String>,
    /// Each `--policy`; none for all of them.
    pub policy: Vec<String>,
    /// The policy that the others are compared with.
    pub reference: String,
    /// The seed, given or not.
    pub seed: u64,
    /// Trials, at most.
    pub trials: u64,
    /// Each `--precision`.
    pub precision: Vec<String>,
    /// The `--loss-method`, where a precision of dataset losses is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_method: Option<String>,
    /// Replications of a study of rare losses, at most; where there may be one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replications: Option<u64>,
    /// With `--sensitivity`, how many variants of the policy were run beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variants: Option<u64>,
    /// Level of the intervals.
    pub level: f64,
    /// Whether there are rows.
    pub rows: RowsKept,
    /// Trials that were chosen to be traced.
    pub keep: Vec<u64>,
}

/// Whether a folder has the rows of trials and outages.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowsKept {
    /// It has.
    Kept,
    /// It has not.
    None,
}

/// How results came about.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Invocation {
    /// The command line.
    pub command: String,
    /// How many threads worked.
    pub threads: usize,
    /// Revision of the git work tree that it was run in; null outside of one.
    pub git: Option<String>,
    /// When it began, in UTC.
    pub started: String,
    /// How long it took, in seconds of wall time; of a batch that went on, the last part of it.
    pub wall_s: f64,
    /// Operating system and processor.
    pub os: String,
}

/// A SHA-256 in hexadecimal digits.
fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Inputs {
    /// The inputs of an experiment that is run with `options`.
    pub fn new(experiment: &Experiment, options: Options) -> Self {
        let mut inputs = Inputs {
            ecsim: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: experiment.name.clone(),
            files: input_files(&experiment.inputs),
            resolved_sha256: sha256(resolved::render(experiment).as_bytes()),
            options,
            digest: String::new(),
        };
        inputs.digest = sha256(&serde_json::to_vec(&inputs).expect("inputs are JSON"));
        inputs
    }

    /// In what `other` differs, one line each.
    pub fn differences(&self, other: &Inputs) -> Vec<String> {
        let mut lines = Vec::new();
        let mut differ = |what: &str, there: String, here: String| {
            if there != here {
                lines.push(format!("{what}: {there} there, {here} here"));
            }
        };
        differ("ecsim", self.ecsim.clone(), other.ecsim.clone());
        differ("scenario", self.scenario.clone(), other.scenario.clone());
        let names = |inputs: &Inputs| {
            let names: Vec<&str> = inputs.files.iter().map(|file| file.name.as_str()).collect();
            names.join(" ")
        };
        differ("files", names(self), names(other));
        let options =
            |inputs: &Inputs| serde_json::to_value(&inputs.options).expect("options are JSON");
        let (there, here) = (options(self), options(other));
        let keys = |options: &serde_json::Value| -> Vec<String> {
            options.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
        };
        let mut all = keys(&there);
        all.extend(keys(&here).into_iter().filter(|key| there.get(key).is_none()));
        for key in all {
            differ(&key, there[&key].to_string(), here[&key].to_string());
        }
        for (there, here) in self.files.iter().zip(&other.files) {
            if there.name == here.name && there.sha256 != here.sha256 {
                lines.push(format!("{} holds something else", here.name));
            }
        }
        if lines.is_empty() && self.digest != other.digest {
            lines.push("the scenario comes to something else".to_owned());
        }
        lines
    }

    /// The scenarios, each with the names of its samples.
    pub fn scenarios(&self) -> Vec<(&InputFile, Vec<&str>)> {
        let mut scenarios: Vec<(&InputFile, Vec<&str>)> = Vec::new();
        for file in &self.files {
            match (file.kind, scenarios.last_mut()) {
                (FileKind::Sample, Some((_, samples))) => samples.push(&file.name),
                (FileKind::Sample | FileKind::Scenario, _) => scenarios.push((file, Vec::new())),
            }
        }
        scenarios
    }

    /// The folder within the results that the n-th scenario finds its samples from, with slashes.
    pub fn sample_base(&self, n: usize) -> String {
        let scenarios = self.scenarios();
        let samples = scenarios.get(n).map_or(&[][..], |(_, samples)| samples);
        let names: Vec<&Path> = samples.iter().map(|name| Path::new(*name)).collect();
        sample_base(n, &names).components().fold(String::new(), |path, part| {
            let slash = if path.is_empty() { "" } else { "/" };
            format!("{path}{slash}{}", part.as_os_str().to_string_lossy())
        })
    }

    /// Whether `experiment` was made of the same bytes.
    pub fn are_of(&self, experiment: &Experiment) -> bool {
        let digests = |files: &[InputFile]| -> Vec<String> {
            files.iter().map(|file| file.sha256.clone()).collect()
        };
        digests(&self.files) == digests(&input_files(&experiment.inputs))
    }
}

impl Manifest {
    /// For a batch that begins.
    pub fn new(inputs: Inputs, files: Vec<String>, invocation: Invocation) -> Self {
        Manifest { schema: SCHEMA, status: Status::Running, inputs, files, invocation }
    }

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a manifest is JSON");
        bytes.push(b'\n');
        bytes
    }
}

/// The files of an experiment, and where a folder of results keeps them.
fn input_files(inputs: &[Input]) -> Vec<InputFile> {
    let mut files: Vec<InputFile> = Vec::new();
    for (n, group) in groups(inputs).enumerate() {
        let (scenario, samples) = group.split_first().expect("a group has a scenario");
        let name = scenario.path.file_name().unwrap_or(scenario.path.as_os_str());
        files.push(InputFile {
            kind: FileKind::Scenario,
            name: name.to_string_lossy().into_owned(),
            kept_as: Some(format!("{}.toml", numbered("scenario", n))),
            sha256: sha256(&scenario.bytes),
        });
        let names: Vec<&Path> = samples.iter().map(|sample| sample.path.as_path()).collect();
        let base = sample_base(n, &names);
        files.extend(samples.iter().map(|sample| InputFile {
            kind: FileKind::Sample,
            name: sample.path.to_string_lossy().into_owned(),
            kept_as: sample.path.is_relative().then(|| in_folder(&base.join(&sample.path))),
            sha256: sha256(&sample.bytes),
        }));
    }
    files
}

/// Each scenario with its samples.
pub(super) fn groups(inputs: &[Input]) -> impl Iterator<Item = &[Input]> {
    inputs.chunk_by(|_, next| match next.kind {
        InputKind::Scenario => false,
        InputKind::Sample => true,
    })
}

/// A name for the first of several things, and for those after it.
fn numbered(name: &str, n: usize) -> String {
    match n {
        0 => name.to_owned(),
        n => format!("{name}-{}", n + 1),
    }
}

/// The folder within the results that the n-th scenario's samples are relative to: deep enough
/// that none of them, however it is named, leaves the results.
pub(super) fn sample_base(n: usize, names: &[&Path]) -> PathBuf {
    let n_up = names.iter().map(|name| n_up(name)).max().unwrap_or(0);
    let mut base = PathBuf::from(numbered("samples", n));
    base.extend(std::iter::repeat_n("up", n_up));
    base
}

/// How many folders a path climbs above where it starts.
fn n_up(path: &Path) -> usize {
    let (mut depth, mut highest) = (0_isize, 0_isize);
    for component in path.components() {
        match component {
            Component::ParentDir => depth -= 1,
            Component::Normal(_) => depth += 1,
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
        highest = highest.min(depth);
    }
    highest.unsigned_abs()
}

/// The path of a file in the folder, without detours, with slashes.
fn in_folder(path: &Path) -> String {
    let mut parts: Vec<String> = Vec::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(parts.pop()),
            Component::Normal(name) => parts.push(name.to_string_lossy().into_owned()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(names: &[&str]) -> Vec<String> {
        let names: Vec<&Path> = names.iter().map(Path::new).collect();
        let base = sample_base(0, &names);
        names.iter().map(|name| in_folder(&base.join(name))).collect()
    }

    #[test]
    fn samples_stay_in_the_folder_and_apart() {
        assert_eq!(kept(&["a.csv", "x/a.csv"]), ["samples/a.csv", "samples/x/a.csv"]);
        assert_eq!(kept(&["../a.csv", "a.csv"]), ["samples/a.csv", "samples/up/a.csv"]);
        assert_eq!(kept(&["x/../../y/a.csv"]), ["samples/y/a.csv"]);
        assert_eq!(kept(&["../../../a.csv"]), ["samples/a.csv"]);
    }
}
