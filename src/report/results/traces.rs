//! The trials of a policy that are kept with every fact, and the names of their files.

use std::collections::BTreeSet;

use super::disk::KeepError;
use crate::engine::rng::TrialKeys;
use crate::montecarlo::batch::BrokenTrial;
use crate::montecarlo::estimate::Estimator;
use crate::montecarlo::trial::Trial;
use crate::observe::metrics::Metrics;
use crate::observe::trace::Recorder;
use crate::report::json::{self, TraceHeader};
use crate::scenario::Policy;

/// Policies of which trials are kept, at most: more would be many files that nobody opens.
pub const MOST_TRACED: usize = 100;

/// A trial that is worth a look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notable {
    /// The one that lost most.
    WorstLoss,
    /// The one with the longest write outage.
    WorstOutage,
    /// The one with the shortest write outage of those that have one.
    MildestOutage,
    /// The one whose write outage is in the middle of all.
    Median,
}

impl Notable {
    /// All of them.
    pub const ALL: [Notable; 4] =
        [Notable::WorstLoss, Notable::WorstOutage, Notable::MildestOutage, Notable::Median];

    /// Its name on the command line and in names of files.
    pub fn name(self) -> &'static str {
        match self {
            Notable::WorstLoss => "worst-loss",
            Notable::WorstOutage => "worst-outage",
            Notable::MildestOutage => "mildest-outage",
            Notable::Median => "median",
        }
    }

    /// Its key among the kept trials of a summary.
    pub fn key(self) -> &'static str {
        match self {
            Notable::WorstLoss => "worst_loss",
            Notable::WorstOutage => "worst_outage",
            Notable::MildestOutage => "mildest_outage",
            Notable::Median => "median",
        }
    }

    /// Its number, in the trials of a policy.
    pub fn number(self, estimator: &Estimator<'_>) -> u64 {
        match self {
            Notable::WorstLoss => estimator.tally.worst_loss(),
            Notable::WorstOutage => estimator.tally.worst_outage(),
            Notable::MildestOutage => estimator.tally.mildest_outage(),
            Notable::Median => estimator.median_trial(),
        }
    }
}

/// What the files of policies are called after: each its own name, in letters that every file
/// system takes.
pub(super) fn slugs(policies: &[&Policy]) -> Vec<String> {
    let names: Vec<&str> = policies.iter().map(|policy| policy.name.as_str()).collect();
    slugs_of(&names)
}

fn slugs_of(names: &[&str]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let unique = |name: &&str| {
        let slug = slug(name);
        let others = (2..).map(|n: u64| format!("{slug}-{n}"));
        let mut candidates = std::iter::once(slug.clone()).chain(others);
        let free = candidates.find(|candidate| !taken.contains(candidate));
        let free = free.expect("there are more numbers than policies");
        taken.insert(free.clone());
        free
    };
    names.iter().map(unique).collect()
}

/// Small letters, digits and hyphens.
fn slug(name: &str) -> String {
    const LONGEST: usize = 60;
    let mut slug = String::new();
    for c in name.to_lowercase().chars() {
        match c {
            'a'..='z' | '0'..='9' => slug.push(c),
            _ if slug.ends_with('-') || slug.is_empty() => {}
            _ => slug.push('-'),
        }
        if slug.len() >= LONGEST {
            break;
        }
    }
    match slug.trim_end_matches('-') {
        "" => "policy".to_owned(),
        slug => slug.to_owned(),
    }
}

/// The file of a notable trial.
pub(super) fn file_of_notable(slug: &str, notable: Notable) -> String {
    format!("traces/{slug}.{}.jsonl", notable.name())
}

/// The file of a chosen trial.
pub(super) fn file_of_number(slug: &str, number: u64) -> String {
    format!("traces/{slug}.trial-{number}.jsonl")
}

/// A trial with every fact, as JSON lines.
pub(super) fn trace(
    (policy, position): (&Policy, usize),
    (seed, number): (u64, u64),
) -> Result<String, KeepError> {
    let plan = &policy.plan;
    let mut trial = Trial::begin(plan, TrialKeys::new(seed).key(number));
    let mut observers = (Metrics::new(plan), Recorder::default());
    trial.run_guarded(plan.horizon, &mut observers).map_err(|broken| {
        KeepError::Broken(BrokenTrial { seed, trial: number, policy: position, at: broken.at })
    })?;
    let outcome = observers.0.finish(plan.horizon);
    let header = TraceHeader { seed, trial: number, until: plan.horizon, steered: None };
    Ok(json::trace(plan, header, &observers.1.facts, &outcome))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_has_a_file_name_of_its_own() {
        let names = ["1x3 Multi-AZ", "1x3 multi az", "1x3-multi-az-2", "../..", "…", "a\\b:c*"];
        let expected =
            ["1x3-multi-az", "1x3-multi-az-2", "1x3-multi-az-2-2", "policy", "policy-2", "a-b-c"];
        assert_eq!(slugs_of(&names), expected);
        assert!(slug(&"long ".repeat(50)).len() <= 60);
    }
}
