//! Which moments of a long trial are shown: those around losses and outages, whole episodes at a
//! time, the worst ones first.

use std::cmp::Reverse;
use std::ops::Range;

use crate::engine::time::{SimTime, Span};
use crate::model::fact::{BackupFact, Fact};
use crate::model::plan::Plan;
use crate::report::timeline::Health;

/// The most frames that a scene has beside its start, its end and those that stand for omissions.
pub const MOST_FRAMES: usize = 400;

/// By moment of a trial that ended at `until`: whether it is shown.
pub(super) fn which(plan: &Plan, moments: &[&[(SimTime, Fact)]], until: SimTime) -> Vec<bool> {
    if moments.len() <= MOST_FRAMES {
        return vec![true; moments.len()];
    }
    let mut shown = vec![false; moments.len()];
    let mut room = MOST_FRAMES;
    for Episode { moments, worst_at, .. } in by_rank(episodes(plan, moments, until)) {
        let part = part(moments, worst_at, room);
        room -= part.len();
        shown[part].fill(true);
    }
    show_ends_of_omissions(&mut shown);
    shown
}

/// What is worst comes first, and among equals what comes first; but before all else come the worst
/// loss and the longest outage.
fn by_rank(mut episodes: Vec<Episode>) -> Vec<Episode> {
    let longest = episodes.iter().map(|episode| episode.outage).max().unwrap_or(Span::ZERO);
    let worst = episodes.iter().map(|episode| episode.loss).max().unwrap_or_default();
    let is_first = |episode: &Episode| {
        let is_longest = longest > Span::ZERO && episode.outage == longest;
        is_longest || (worst > Loss::default() && episode.loss == worst)
    };
    episodes.sort_by_key(|episode| {
        let rank = (is_first(episode), episode.loss, episode.outage);
        (Reverse(rank), episode.moments.start)
    });
    episodes
}

/// The part of an episode for which there is room: of one that is too long what is around its worst
/// moment, more of it afterwards than before.
fn part(moments: Range<usize>, worst_at: usize, room: usize) -> Range<usize> {
    if moments.len() <= room {
        return moments;
    }
    let start = worst_at.saturating_sub(room / 4).clamp(moments.start, moments.end - room);
    start..start + room
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
    /// The worst of what is lost in it at once.
    loss: Loss,
    /// The longest of its outages.
    outage: Span,
    /// The moment of that loss, or where nothing is lost the one at which that outage begins.
    worst_at: usize,
}

/// What is lost at once: datasets, then acknowledged writes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Loss {
    datasets: u64,
    writes: u128,
}

impl Loss {
    fn of(fact: &Fact) -> Self {
        match *fact {
            Fact::DatasetLost { writes, .. } => Loss { datasets: 1, writes },
            Fact::Backup(BackupFact::ArchiveLost { writes, .. }) => Loss { datasets: 0, writes },
            _ => Loss { datasets: 0, writes: fact.loss().map_or(0, |(_, loss)| loss.writes) },
        }
    }
}

impl Episode {
    fn begin(n: usize) -> Self {
        Episode { moments: n..n, loss: Loss::default(), outage: Span::ZERO, worst_at: n }
    }

    /// A shard's outage ends that began at a moment.
    fn takes_outage(&mut self, length: Span, began_at: usize) {
        if length > self.outage {
            self.outage = length;
            if self.loss == Loss::default() {
                self.worst_at = began_at;
            }
        }
    }

    fn takes_loss(&mut self, loss: Loss, at: usize) {
        if loss > self.loss {
            (self.loss, self.worst_at) = (loss, at);
        }
    }
}

fn episodes(plan: &Plan, moments: &[&[(SimTime, Fact)]], until: SimTime) -> Vec<Episode> {
    let mut episodes = Vec::new();
    let mut health = Health::new(plan);
    let mut open: Option<Episode> = None;
    // By shard: the moment and the instant at which its writes stopped.
    let mut stopped: Vec<Option<(usize, SimTime)>> = vec![None; plan.shards.len()];
    for (n, facts) in moments.iter().enumerate() {
        let mut episode = open.take().unwrap_or_else(|| Episode::begin(n));
        episode.moments.end = n + 1;
        for (now, fact) in facts.iter() {
            health.take_in(plan, fact);
            episode.takes_loss(Loss::of(fact), n);
            match *fact {
                Fact::WritesStopped { shard, .. } => stopped[shard.idx()] = Some((n, *now)),
                Fact::WritesResumed { shard, .. } => {
                    if let Some((began_at, from)) = stopped[shard.idx()].take() {
                        episode.takes_outage(now.since(from), began_at);
                    }
                }
                _ => {}
            }
        }
        match health.whole() {
            true => episodes.push(episode),
            false => open = Some(episode),
        }
    }
    if let Some(mut episode) = open {
        for (began_at, from) in stopped.into_iter().flatten() {
            episode.takes_outage(until.since(from), began_at);
        }
        episodes.push(episode);
    }
    episodes
}
