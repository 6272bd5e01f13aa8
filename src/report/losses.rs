//! What is said below a table of a study of rare dataset losses: how it was made, and what its
//! estimates rest on.

use std::fmt::Write as _;

use crate::montecarlo::estimate::Estimator;
use crate::montecarlo::losses::{self, Losses, Stands, StudyEnded, WhyTrials};
use crate::montecarlo::quantity::Probability;
use crate::montecarlo::rare::estimate::Doubt;
use crate::montecarlo::rare::excursion::Steering;
use crate::montecarlo::rare::study::Found;
use crate::report::labels::Labels;
use crate::report::numbers::{count, significant, small};
use crate::report::study::Study;
use crate::report::table::{Caption, LossesBy};
use crate::report::ways;

/// What is said of the policy at a position, which stands alone.
pub fn render((study, position): (&Study<'_>, usize), caption: &Caption<'_>, text: &mut String) {
    let Some(losses) = study.losses else {
        hint(is_worth_a_study(&study.estimator(position)), caption, text);
        return;
    };
    let _ = writeln!(text, " {}", heading(losses));
    for line in lines((study, losses), position) {
        let _ = writeln!(text, "   {line}");
    }
}

/// What is said of all policies of a study, in the order of the rows.
pub fn compared(
    (study, order): (&Study<'_>, &[usize]),
    labels: &Labels,
    caption: &Caption<'_>,
    text: &mut String,
) {
    const MOST: usize = 8;
    let Some(losses) = study.losses else {
        let is_worth = |n: &usize| is_worth_a_study(&study.estimator(*n));
        hint(order.iter().any(is_worth), caption, text);
        return;
    };
    let _ = writeln!(
        text,
        " {}; all policies leave the same trials, and what fails then is chosen for each apart",
        heading(losses)
    );
    let shown = if order.len() == MOST + 1 { MOST + 1 } else { MOST };
    for &n in order.iter().take(shown) {
        let mut lines = lines((study, losses), n);
        if let Some(ratio) = study.loss_ratio(n) {
            let of = |value: Option<f64>| value.map_or("–".to_owned(), |v| significant(v, 3));
            let (value, low, high) = (of(Some(ratio.value)), of(ratio.low), of(ratio.high));
            let reference = &labels.short[study.reference];
            let gain = losses.pairing_gain(n, study.reference);
            let gain = gain
                .map_or(String::new(), |gain| format!("; pairing gains {}×", significant(gain, 2)));
            let ratio = format!(
                "a loss is {value} times as likely as with `{reference}` ({low} to {high}{gain})"
            );
            lines.insert(0, ratio);
        }
        let _ = writeln!(text, "   {}:", labels.short[n]);
        for line in lines {
            let _ = writeln!(text, "     {line}");
        }
    }
    if order.len() > shown {
        let n = order.len() - shown;
        let _ = writeln!(text, "   and {n} more policies: --policy NAME tells of one");
    }
}

/// The option with which `ecsim replay --loss` finds again what a study found in a manner.
pub fn replay_option(steering: Steering) -> &'static str {
    match steering {
        Steering::Guide | Steering::Split => "",
        Steering::Balanced => " --loss-method biased",
    }
}

/// How the losses happen that the study found of the policy at a position.
pub fn ways((study, position): (&Study<'_>, usize), caption: &Caption<'_>, text: &mut String) {
    let found = study.losses.and_then(|losses| losses.standing(position));
    let Some(found) = found else { return };
    let policy = study.policies[position];
    let replay = format!("{}{}", (caption.replay)(policy), replay_option(found.manner.steering));
    text.push_str(&ways::render(&policy.plan, found, (&replay, study.level)));
}

/// The same of several policies, in the order of the rows: of all, if there are few.
pub fn ways_compared(
    (study, order): (&Study<'_>, &[usize]),
    labels: &Labels,
    caption: &Caption<'_>,
    text: &mut String,
) {
    const FEW: usize = 3;
    for &n in order.iter().filter(|n| order.len() <= FEW || **n == study.reference) {
        let mut told = String::new();
        ways((study, n), caption, &mut told);
        if !told.is_empty() {
            let _ = write!(text, " {}:\n{told}", labels.short[n]);
        }
    }
}

/// What can be done where few trials lost a dataset.
const HINT: &str = "dataset lost: in fewer than 10 trials; --precision dataset_loss=5% estimates \
                    how likely it is, however rare";

/// Says what a study would do, where it would say more and nobody has ruled it out.
fn hint(is_worth: bool, caption: &Caption<'_>, text: &mut String) {
    match caption.losses_by {
        LossesBy::TrialsSoFar if is_worth => {
            let _ = writeln!(text, " {HINT}");
        }
        LossesBy::TrialsSoFar | LossesBy::TrialsOnly => {}
    }
}

/// Whether a study of rare losses would say more than the trials.
fn is_worth_a_study(estimator: &Estimator<'_>) -> bool {
    const FEW: u64 = 10;
    estimator.tally.hits(Probability::DatasetLoss) < FEW
        && estimator.plan.has_random_faults()
        && losses::obstacle(estimator.plan).is_none()
}

fn heading(losses: &Losses) -> String {
    let done = count(u128::from(losses.replications()));
    let so_far = match losses.ended {
        StudyEnded::Precise | StudyEnded::Imprecise => String::new(),
        StudyEnded::Interrupted => {
            format!(" of {} (interrupted)", count(u128::from(losses.asked)))
        }
    };
    format!("dataset lost: a study of rare losses beside the trials, {done} replications{so_far}")
}

/// What is said of a policy, a line each.
fn lines((study, losses): (&Study<'_>, &Losses), position: usize) -> Vec<String> {
    let found = &losses.found[position];
    let stands = losses.stands[position];
    let mut lines = vec![method(found)];
    match stands {
        Stands::Study => lines.extend(evidence(found)),
        Stands::Trials(WhyTrials::Precise) => {
            lines.push("the trials alone are precise enough, and the number is theirs".to_owned());
        }
        Stands::Trials(WhyTrials::Unseen) => lines.push(format!(
            "no loss seen in {} excursions: no interval but that of the trials; either nothing \
             can lose the dataset, or this study does not find what does{}",
            count(u128::from(found.tally.excursions)),
            match found.manner.steering {
                Steering::Guide => "",
                Steering::Balanced | Steering::Split => ": try --loss-method guided",
            }
        )),
        Stands::Trials(WhyTrials::Doubt(doubt)) => {
            let value = significant(found.tally.probability(), 2);
            lines.push(format!(
                "no interval, and the number of the trials is shown: {}; as far as that goes, {value}",
                reason(doubt, found)
            ));
            lines.push(remedy(doubt).to_owned());
            lines.extend(evidence(found));
        }
    }
    if let (Stands::Study, n @ 1..) = (stands, study.progress.tallies[position].trials) {
        let hits = study.progress.tallies[position].hits(Probability::DatasetLoss);
        let [hits, n] = [hits, n].map(|n| count(u128::from(n)));
        lines.push(format!("lost in {hits} of the {n} trials"));
    }
    lines
}

/// How excursions were made, and how many there were.
fn method(found: &Found) -> String {
    let tally = &found.tally;
    let how = match found.manner.steering {
        Steering::Guide if found.guide_states == 0 => {
            "guided by the number of complete copies (its Markov chain is too large)".to_owned()
        }
        Steering::Split if found.guide_states == 0 => {
            "splitting, by the number of complete copies (its Markov chain is too large)".to_owned()
        }
        Steering::Guide => {
            format!("guided by a Markov chain of {}", states(found.guide_states))
        }
        Steering::Balanced => "balanced failure biasing".to_owned(),
        Steering::Split => {
            format!("splitting, by a Markov chain of {} states", count(found.guide_states as u128))
        }
    };
    format!(
        "{how}: {} excursions, {} losses seen (hits)",
        count(u128::from(tally.excursions)),
        count(u128::from(tally.hits))
    )
}

fn states(n: usize) -> String {
    match n {
        1 => "1 state".to_owned(),
        n => format!("{} states", count(n as u128)),
    }
}

/// What the estimate rests on.
fn evidence(found: &Found) -> Vec<String> {
    let tally = &found.tally;
    // Where nearly all come to a loss, those few carry it that do not: it is no test then.
    let nearly_all = tally.hits as f64 > 0.9 * tally.excursions as f64;
    let ratio = tally.ratios.standard_error().filter(|_| !nearly_all);
    let ratio = ratio.map_or(String::new(), |error| {
        format!(
            " · mean likelihood ratio {} (standard error), expected 1",
            small(tally.ratios.mean(), error),
        )
    });
    let mut lines = vec![format!(
        "effective sample size {} · largest weight {} % of all{ratio}",
        count(tally.effective() as u128),
        significant(tally.largest_share() * 100.0, 2),
    )];
    if let Some(trials) = tally.crude_trials() {
        lines.push(format!(
            "crude Monte Carlo would take about {} trials for the same precision",
            rough(trials)
        ));
    }
    lines
}

/// A number of trials, to two digits.
pub fn rough(trials: f64) -> String {
    match trials >= 1e9 {
        true => format!("{trials:.1e}"),
        false => {
            let unit = 10f64.powf((trials.max(1.0).log10().floor() - 1.0).max(0.0));
            count(((trials / unit).round() * unit) as u128)
        }
    }
}

/// Why there is no interval.
fn reason(doubt: Doubt, found: &Found) -> String {
    let tally = &found.tally;
    match doubt {
        Doubt::FewHits => {
            format!("only {} excursions came to a loss", count(u128::from(tally.hits)))
        }
        Doubt::FewEffective => format!(
            "few large weights carry the estimate, worth {} that are alike",
            count(tally.effective() as u128)
        ),
        Doubt::LargestWeight => format!(
            "one replication alone makes up {} % of the estimate",
            significant(tally.largest_share() * 100.0, 2)
        ),
    }
}

/// What to do where there is no interval.
pub fn remedy(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::FewHits => "more replications may do (--trials), or another --loss-method",
        Doubt::FewEffective | Doubt::LargestWeight => {
            "another --loss-method may do better, or more replications (--trials)"
        }
    }
}
