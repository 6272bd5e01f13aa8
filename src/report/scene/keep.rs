//! Which moments of a long trial are shown: those around losses and outages, whole episodes at a
//! time, the worst ones first.

use std::cmp::Reverse;
use std::ops::Range;

use crate::engine::time::SimTime;
use crate::model::fact::{BackupFact, Fact, IsolationFact, MigrationFact};
use crate::model::plan::Plan;
use crate::report::timeline::Health;

/// The most frames that a scene has beside its start, its end and those that stand for omissions.
pub const MOST_FRAMES: usize = 400;

/// By moment: whether it is shown.
pub(super) fn which(plan: &Plan, moments: &[&[(SimTime, Fact)]]) -> Vec<bool> {
    if moments.len() <= MOST_FRAMES {
        return vec![true; moments.len()];
    }
    let mut episodes = episodes(plan, moments);
    // What is worst comes first, and among equals what comes first.
    episodes.sort_by_key(|episode| (Reverse(episode.rank), episode.moments.start));
    let mut shown = vec![false; moments.len()];
    let mut room = MOST_FRAMES;
    for Episode { moments, .. } in episodes {
        // Of an episode that is too long its beginning is shown.
        let end = moments.end.min(moments.start + room);
        shown[moments.start..end].fill(true);
        room -= end - moments.start;
    }
    show_ends_of_omissions(&mut shown);
    shown
}

/// The last moment of what is left out is shown, so that the next picture follows from it.
fn show_ends_of_omissions(shown: &mut [bool]) {
    for n in 0..shown.len() {
        if !shown[n] && shown.get(n + 1).copied().unwrap_or(true) {
            shown[n] = true;
        }
    }
}

/// Moments from the first fault until everything is whole again.
struct Episode {
    moments: Range<usize>,
    rank: Rank,
}

/// How much there is to see in an episode.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Nothing that clients notice.
    Quiet,
    /// Writers reach no primary.
    Outage,
    /// Acknowledged writes are lost.
    Loss,
    /// A dataset is lost.
    DatasetLoss,
}

fn rank(fact: &Fact) -> Rank {
    match fact {
        Fact::DatasetLost { .. } => Rank::DatasetLoss,
        Fact::Promoted { loss, .. }
        | Fact::PrimaryRecreated { loss, .. }
        | Fact::Isolation(IsolationFact::SplitBrain { loss, .. })
        | Fact::Migration(MigrationFact::Diverged { loss, .. })
        | Fact::Backup(
            BackupFact::Replayed { loss, .. } | BackupFact::ServedFromDurableLog { loss, .. },
        ) if loss.writes > 0 => Rank::Loss,
        Fact::WritesStopped { .. } => Rank::Outage,
        _ => Rank::Quiet,
    }
}

fn episodes(plan: &Plan, moments: &[&[(SimTime, Fact)]]) -> Vec<Episode> {
    let mut episodes = Vec::new();
    let mut health = Health::new(plan);
    let mut open: Option<Episode> = None;
    for (n, facts) in moments.iter().enumerate() {
        let mut episode = open.take().unwrap_or(Episode { moments: n..n, rank: Rank::Quiet });
        episode.moments.end = n + 1;
        for (_, fact) in facts.iter() {
            health.take_in(plan, fact);
            episode.rank = episode.rank.max(rank(fact));
        }
        match health.whole() {
            true => episodes.push(episode),
            false => open = Some(episode),
        }
    }
    episodes.extend(open);
    episodes
}
