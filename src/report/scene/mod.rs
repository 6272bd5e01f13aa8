//! [`Scene`]: one trial as pictures in order of time, for pages and slides.
//!
//! A frame is an instant at which something became true: what each node, AZ and shard is after it,
//! what has been lost so far, the sentences that `ecsim replay` prints for it, and for each
//! decision what was known then. Everything comes from facts alone, so that a trial that was
//! steered to a loss makes a scene as well. `status` has what nodes and shards are, `why` the
//! decisions, `keep` which moments of a long trial are shown.

mod keep;
mod why;

use crate::engine::time::SimTime;
use crate::model::fact::{Fact, Observer};
use crate::model::plan::{NodeId, Plan, ShardId};
use crate::model::state::NanoWrites;
use crate::observe::metrics::{Metric, Metrics, Outcome};
use crate::report::status::{AzIs, NodeView, OutageView, ShardView};
use crate::report::timeline::{Saying, Teller};

pub use keep::MOST_FRAMES;
pub use why::{Choice, Decision, Verdict, Why};

/// What a trial has come to at an instant; nothing before the end of the warm-up counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// Acknowledged, then lost, short of a dataset loss.
    pub lost: NanoWrites,
    /// Datasets lost.
    pub datasets: u64,
    /// Acknowledged writes of which no copy is left after a dataset loss.
    pub dataset_lost: NanoWrites,
    /// Offered during outages so far; the clients know.
    pub rejected: NanoWrites,
    /// Completed promotions.
    pub failovers: u64,
}

impl Totals {
    fn of(outcome: &Outcome) -> Self {
        let small = |metric| u64::try_from(outcome.raw(metric)).unwrap_or(u64::MAX);
        Totals {
            lost: outcome.raw(Metric::LostWrites),
            datasets: small(Metric::DatasetLosses),
            dataset_lost: outcome.raw(Metric::DatasetLostWrites),
            rejected: outcome.raw(Metric::RejectedWrites),
            failovers: small(Metric::Failovers),
        }
    }
}

/// What a frame is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameKind {
    /// The start of the trial.
    Start,
    /// Something happens.
    Moment,
    /// Something happens, and so many moments before it are left out.
    AfterOmission(usize),
    /// Where the replay ends.
    End,
}

/// An instant at which something became true, and how everything is after it.
#[derive(Clone, PartialEq, Debug)]
pub struct Frame {
    /// When.
    pub at: SimTime,
    /// What it is.
    pub kind: FrameKind,
    /// By node.
    pub nodes: Vec<NodeView>,
    /// By AZ.
    pub azs: Vec<AzIs>,
    /// By shard.
    pub shards: Vec<ShardView>,
    /// What the trial has come to.
    pub totals: Totals,
    /// What the text of `ecsim replay` says of it, in order.
    pub told: Vec<Told>,
    /// The decisions, and what was known then.
    pub whys: Vec<Why>,
    /// The nodes whose data is gone since the instant, though they run.
    pub emptied: Vec<(NodeId, Emptied)>,
}

/// How a node that runs has lost its data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Emptied {
    /// It flushed its copy, for its primary has another history.
    DroppedCopy,
    /// It serves as primary, and has nothing.
    ServesNothing,
}

impl Emptied {
    fn by(fact: &Fact) -> Option<(NodeId, Self)> {
        match *fact {
            Fact::Flushed { node } => Some((node, Emptied::DroppedCopy)),
            Fact::EmptyPrimary { node, .. } | Fact::ColdStarted { node, .. } => {
                Some((node, Emptied::ServesNothing))
            }
            _ => None,
        }
    }

    /// As a picture says it.
    pub fn says(self) -> &'static str {
        match self {
            Emptied::DroppedCopy => "dropped its copy",
            Emptied::ServesNothing => "has no data",
        }
    }
}

/// Something that is said of an instant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Told {
    /// A sentence, and in one word what kind of thing it is about.
    Line {
        /// The word.
        kind: &'static str,
        /// The sentence.
        text: String,
    },
    /// An entry of ElastiCache's event log.
    Event {
        /// `SourceIdentifier`.
        source: String,
        /// `Message`.
        message: String,
    },
}

impl From<Saying> for Told {
    fn from(saying: Saying) -> Self {
        match saying {
            Saying::Line(line) => Told::Line { kind: line.kind, text: line.text },
            Saying::Event(event) => Told::Event { source: event.source, message: event.message },
        }
    }
}

/// Acknowledged writes that a shard loses at an instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LossMark {
    /// The shard.
    pub shard: ShardId,
    /// When that was decided.
    pub at: SimTime,
    /// How many, beside those of a dataset loss.
    pub writes: NanoWrites,
    /// How many datasets.
    pub datasets: u64,
    /// How many writes went with those, or with a snapshot that had the rest of one.
    pub dataset_writes: NanoWrites,
}

/// One trial as pictures in order of time.
#[derive(Clone, PartialEq, Debug)]
pub struct Scene {
    /// In order of time; the first is the start, the last the end of the scene.
    pub frames: Vec<Frame>,
    /// All outages, in the order in which they began, whether there are frames of them or not.
    pub outages: Vec<OutageView>,
    /// All losses, likewise.
    pub losses: Vec<LossMark>,
    /// Moments that no frame shows.
    pub n_left_out: usize,
}

impl Scene {
    /// The scene of a trial of `plan` that ended at `until`. Of a long trial it has no more than
    /// [`MOST_FRAMES`] moments: those of the longest outage and of the worst loss before others.
    pub fn of(plan: &Plan, facts: &[(SimTime, Fact)], until: SimTime) -> Self {
        let moments = moments(facts);
        let shown = keep::which(plan, &moments, until);
        Scene::with((plan, &moments), shown, until)
    }

    /// The same with each moment of an interval, however many they are, the one before it, and no
    /// other.
    pub fn between(
        (plan, facts): (&Plan, &[(SimTime, Fact)]),
        (from, to): (SimTime, SimTime),
        until: SimTime,
    ) -> Self {
        let moments = moments(facts);
        let first = moments.partition_point(|facts| facts[0].0 < from).saturating_sub(1);
        let behind = moments.partition_point(|facts| facts[0].0 <= to);
        let shown = (0..moments.len()).map(|n| (first..behind).contains(&n)).collect();
        Scene::with((plan, &moments), shown, until)
    }

    fn with(
        (plan, moments): (&Plan, &[&[(SimTime, Fact)]]),
        shown: Vec<bool>,
        until: SimTime,
    ) -> Self {
        let mut scene = Scene {
            frames: Vec::new(),
            outages: Vec::new(),
            losses: Vec::new(),
            n_left_out: shown.iter().filter(|shown| !**shown).count(),
        };
        let mut watcher = Watcher {
            plan,
            teller: Teller::new(plan),
            metrics: Metrics::new(plan),
            losses: Vec::new(),
        };
        scene.frames.push(watcher.frame(SimTime::START, FrameKind::Start));
        let mut omitted = 0;
        for (facts, shown) in moments.iter().zip(shown) {
            let at = facts[0].0;
            let said = watcher.take_in(at, facts);
            if !shown {
                omitted += 1;
                continue;
            }
            let kind = match std::mem::take(&mut omitted) {
                0 => FrameKind::Moment,
                n => FrameKind::AfterOmission(n),
            };
            let frame = watcher.frame(at, kind);
            let Said { told, whys, emptied } = said;
            scene.frames.push(Frame { told, whys, emptied, ..frame });
        }
        scene.frames.push(watcher.frame(until, FrameKind::End));
        scene.losses = watcher.losses;
        scene.outages = watcher.teller.outages(until);
        scene
    }

    /// The outages of a shard, in order.
    pub fn outages_of(&self, shard: ShardId) -> impl Iterator<Item = &OutageView> {
        self.outages.iter().filter(move |outage| outage.shard == shard)
    }
}

/// What a trial has come to at each of the instants, which are in order.
pub fn totals_at(plan: &Plan, facts: &[(SimTime, Fact)], instants: &[SimTime]) -> Vec<Totals> {
    let mut metrics = Metrics::new(plan);
    let mut rest = facts;
    let totals = |at: &SimTime| {
        let (until, later) = rest.split_at(rest.partition_point(|(when, _)| when <= at));
        rest = later;
        until.iter().for_each(|(when, fact)| metrics.on_fact(*when, *fact));
        Totals::of(&metrics.clone().finish(*at))
    };
    instants.iter().map(totals).collect()
}

/// The facts of each instant.
fn moments(facts: &[(SimTime, Fact)]) -> Vec<&[(SimTime, Fact)]> {
    facts.chunk_by(|a, b| a.0 == b.0).collect()
}

/// What is said of a moment.
struct Said {
    told: Vec<Told>,
    whys: Vec<Why>,
    emptied: Vec<(NodeId, Emptied)>,
}

/// All that follows a trial.
struct Watcher<'p> {
    plan: &'p Plan,
    teller: Teller<'p>,
    metrics: Metrics<'p>,
    losses: Vec<LossMark>,
}

impl Watcher<'_> {
    fn take_in(&mut self, at: SimTime, facts: &[(SimTime, Fact)]) -> Said {
        let mut said = Said { told: Vec::new(), whys: Vec::new(), emptied: Vec::new() };
        for (_, fact) in facts {
            // A decision is explained by what was so before it.
            said.whys.extend(why::of((self.plan, self.teller.status()), at, fact));
            said.emptied.extend(Emptied::by(fact));
            let loser = fact.loser().map(|shard| (shard, self.totals(at)));
            self.metrics.on_fact(at, *fact);
            self.losses.extend(loser.and_then(|(shard, before)| self.loss(at, shard, before)));
            said.told.extend(self.teller.tell(at, fact).into_iter().map(Told::from));
        }
        said
    }

    fn totals(&self, at: SimTime) -> Totals {
        Totals::of(&self.metrics.clone().finish(at))
    }

    /// What a shard lost by the last fact, as the metrics count it; nothing if nothing counts.
    fn loss(&self, at: SimTime, shard: ShardId, before: Totals) -> Option<LossMark> {
        let now = self.totals(at);
        // A way back of a migration can make up for a loss.
        let mark = LossMark {
            shard,
            at,
            writes: now.lost.saturating_sub(before.lost),
            datasets: now.datasets - before.datasets,
            dataset_writes: now.dataset_lost.saturating_sub(before.dataset_lost),
        };
        (mark.writes > 0 || mark.datasets > 0 || mark.dataset_writes > 0).then_some(mark)
    }

    fn frame(&self, at: SimTime, kind: FrameKind) -> Frame {
        let status = self.teller.status();
        let (nodes, azs, shards) = (status.nodes(), status.azs(), status.shards());
        let totals = self.totals(at);
        let (told, whys, emptied) = (Vec::new(), Vec::new(), Vec::new());
        Frame { at, kind, nodes, azs, shards, totals, told, whys, emptied }
    }
}
