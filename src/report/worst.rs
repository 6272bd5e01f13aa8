//! Trials worth a look, under the tables of results: which lost most, which had the longest outage,
//! and the command that tells their story.

use std::cmp::Ordering;
use std::fmt::Write as _;

use crate::montecarlo::estimate::Estimator;
use crate::montecarlo::quantity::Probability;
use crate::observe::metrics::Metric;
use crate::report::labels::Labels;
use crate::report::study::Study;
use crate::report::table::Caption;
use crate::scenario::Policy;

/// Those of a policy.
pub fn render(
    (policy, estimator): (&Policy, &Estimator<'_>),
    caption: &Caption<'_>,
    text: &mut String,
) {
    for worst in Worst::ALL {
        if worst.is_seen(estimator) {
            render_look(worst.label(), (policy, worst.trial(estimator)), caption, text);
        }
    }
}

/// Those of the reference of a study, and of whoever fares worst, if that is another. Beside the
/// study the positions of its policies in the order of the rows.
pub fn compared(
    (study, order): (&Study<'_>, &[usize]),
    labels: &Labels,
    caption: &Caption<'_>,
    text: &mut String,
) {
    for worst in Worst::ALL {
        let is_seen = |n: &usize| worst.is_seen(&study.estimator(*n));
        let mut look = |whose: &str, n: usize| {
            let what = format!("{}{whose} ({})", worst.label(), labels.short[n]);
            let trial = worst.trial(&study.estimator(n));
            render_look(&what, (study.policies[n], trial), caption, text);
        };
        if is_seen(&study.reference) {
            look("", study.reference);
        }
        // Of equals the first: the reference, if it is one of them.
        let seen = order.iter().copied().filter(is_seen).rev();
        let of_all = seen.max_by(|&a, &b| worst.compare(study, [a, b]));
        if let Some(n) = of_all.filter(|n| *n != study.reference) {
            look(" of all policies", n);
        }
    }
}

/// What makes a trial worth a look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Worst {
    /// It lost most.
    Loss,
    /// It has the longest write outage.
    Outage,
}

impl Worst {
    /// All there are.
    const ALL: [Worst; 2] = [Worst::Loss, Worst::Outage];

    /// What a line calls it.
    fn label(self) -> &'static str {
        match self {
            Worst::Loss => "worst loss",
            Worst::Outage => "worst outage",
        }
    }

    /// Whether any trial of the policy has anything of it.
    fn is_seen(self, estimator: &Estimator<'_>) -> bool {
        let seen = |probability| estimator.tally.hits(probability) > 0;
        match self {
            Worst::Loss => seen(Probability::WriteLoss) || seen(Probability::DatasetLoss),
            Worst::Outage => seen(Probability::WriteOutage),
        }
    }

    /// The policy's worst trial.
    fn trial(self, estimator: &Estimator<'_>) -> u64 {
        match self {
            Worst::Loss => estimator.tally.worst_loss(),
            Worst::Outage => estimator.tally.worst_outage(),
        }
    }

    /// Which of two policies has the worse trial.
    fn compare(self, study: &Study<'_>, policies: [usize; 2]) -> Ordering {
        let tally = |n: usize| &study.progress.tallies[n];
        match self {
            Worst::Loss => {
                let [a, b] = policies.map(|n| tally(n).most_lost());
                a.cmp(&b)
            }
            Worst::Outage => {
                let [a, b] = policies.map(|n| {
                    let divisor = Metric::WriteOutage.divisor(&study.policies[n].plan);
                    let longest = tally(n).values(Metric::WriteOutage).max();
                    longest.map_or(0.0, |(raw, _)| raw as f64 / divisor)
                });
                a.total_cmp(&b)
            }
        }
    }
}

/// How to look at a trial of a policy, which `what` says something of.
fn render_look(
    what: &str,
    (policy, trial): (&Policy, u64),
    caption: &Caption<'_>,
    text: &mut String,
) {
    let replay = (caption.replay)(policy);
    let _ = writeln!(text, " {what}: trial {trial} → ecsim replay {replay} --trial {trial}");
}
