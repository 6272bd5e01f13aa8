//! Plans whose laws are names: what lets the model's own rules unfold a Markov chain.
//!
//! A law that has no memory needs no clock: what matters of a pending event is by which law it
//! comes, not when. So every law of a plan is replaced by a fixed length that stands for it, a
//! *symbol*, and the rules run at one instant that never passes. Whatever they schedule then waits
//! at a time that names its law. An Erlang law is a row of exponential stages; its symbol counts
//! those that are left.
//!
//! A law that no chain can have gets a symbol as well: the exploration goes on as if it had one
//! stage, and objects to it where something really waits for it.
//!
//! What the rules do with a length beyond adding it to the present (comparing, scaling) would be
//! nonsense with symbols. The plans in which they do are refused, with the key that asks for it
//! (see [`super::obstacles`]), and an unknown time in the queue stops the exploration. A rule that
//! compares symbols gives another chain once they are numbered backwards; a test does that.

use crate::engine::law::Law;
use crate::engine::time::{SimTime, Span};
use crate::model::plan::{FullSync, Plan};

use super::obstacles;

/// Why there is no exact answer: what asks for something that a Markov chain cannot have.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Obstacle {
    /// The key of the scenario, as in "timing.detection". Of random faults it is their kind and
    /// their place among those of it that are on, from 1, with the key below: as in
    /// "fault.az-failure\[2\].duration"; of whatever comes at set times it is [`SCHEDULED`].
    pub key: String,
    /// What is the matter with it, as in "is uniform".
    pub why: String,
    /// The mean of the law that stands in the way, if it is one; of a full sync by size that of the
    /// largest dataset.
    pub mean: Option<Span>,
}

impl Obstacle {
    /// One that has nothing to do with a law.
    pub fn new(key: &str, why: impl Into<String>) -> Obstacle {
        Obstacle { key: key.to_owned(), why: why.into(), mean: None }
    }
}

/// The key of faults and operations that come at a set time, each of which has an `at`.
pub const SCHEDULED: &str = "at";

/// In which order laws are numbered; it makes no difference unless a rule compares symbols.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Numbering {
    /// The first law has the smallest symbol.
    Forwards,
    /// The first law has the largest.
    Backwards,
}

/// A law without memory, or a row of such.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Stages {
    /// How many there are.
    pub n: u32,
    /// How often each ends, per second.
    pub per_sec: f64,
}

/// A plan of names, and what they mean.
#[derive(Debug)]
pub struct Symbols {
    /// The plan.
    pub plan: Plan,
    laws: Vec<Named>,
    numbering: Numbering,
}

/// A law that has a symbol.
#[derive(Debug)]
struct Named {
    key: String,
    /// Its stages; one that stands in for it where there is an objection.
    stages: Stages,
    objection: Option<Obstacle>,
}

/// The lower part of a symbol: the stages that are left.
const STAGE_BITS: u32 = 32;

/// Bytes in a GiB.
const BYTES_PER_GIB: f64 = (1_u64 << 30) as f64;

/// More laws than any plan has: numbers count down from here where they go backwards.
const MOST_LAWS: u64 = 1 << 20;

impl Symbols {
    /// The plan with symbols for laws, or everything in it that no Markov chain has whatever its
    /// laws are.
    pub fn of(plan: &Plan) -> Result<Symbols, Vec<Obstacle>> {
        Symbols::numbered(plan, Numbering::Forwards)
    }

    /// The same with laws numbered in this order.
    pub fn numbered(plan: &Plan, numbering: Numbering) -> Result<Symbols, Vec<Obstacle>> {
        let obstacles = obstacles::found(plan);
        if !obstacles.is_empty() {
            return Err(obstacles);
        }
        Ok(Symbols::unchecked(plan, numbering))
    }

    /// The same for a plan that is known to have nothing in it that stands in the way.
    pub fn unchecked(plan: &Plan, numbering: Numbering) -> Symbols {
        let mut symbols = Symbols { plan: plan.clone(), laws: Vec::new(), numbering };
        let mut named = plan.clone();
        for (key, law) in timing_laws(&mut named) {
            symbols.name(format!("timing.{key}"), law);
        }
        symbols.name_full_sync(&mut named);
        for (line, failures) in named.node_failures.iter_mut().enumerate() {
            symbols.name(format!("fault.node-failure[{}].lifetime", line + 1), &mut failures.life);
        }
        for (line, failures) in named.az_failures.iter_mut().enumerate() {
            symbols.name(format!("fault.az-failure[{}].lifetime", line + 1), &mut failures.life);
            let key = format!("fault.az-failure[{}].duration", line + 1);
            symbols.name(key, &mut failures.duration);
        }
        for (line, failures) in named.group_failures.iter_mut().enumerate() {
            symbols.name(format!("fault.group-failure[{}].lifetime", line + 1), &mut failures.life);
        }
        // Every copy is complete up to the present: what it lacks is reckoned apart.
        named.replication.lag = Law::fixed(Span::ZERO);
        symbols.plan = named;
        symbols
    }

    /// Puts a symbol in the place of a law; what takes no time needs none.
    fn name(&mut self, key: String, law: &mut Law) {
        if *law == Law::Fixed(Span::ZERO) {
            return;
        }
        let (stages, objection) = match stages_of(law) {
            Ok(stages) => (stages, None),
            Err(why) => {
                let mean = Some(Span::from_nanos_f64(law.mean()));
                let objection = Obstacle { key: key.clone(), why: why.to_owned(), mean };
                (Stages { n: 1, per_sec: 1.0 }, Some(objection))
            }
        };
        let symbol = self.number(self.laws.len()) << STAGE_BITS | u64::from(stages.n);
        self.laws.push(Named { key, stages, objection });
        *law = Law::fixed(Span::from_nanos(symbol));
    }

    /// The upper part of the symbol of the law at `place`.
    fn number(&self, place: usize) -> u64 {
        match self.numbering {
            Numbering::Forwards => place as u64 + 1,
            Numbering::Backwards => MOST_LAWS - place as u64,
        }
    }

    /// A full sync that depends on the size takes as long as that says.
    fn name_full_sync(&mut self, plan: &mut Plan) {
        let key = "timing.full-sync".to_owned();
        let mut law = match &plan.timing.full_sync {
            FullSync::Law(law) => law.clone(),
            FullSync::PerGib(span) if *span == Span::ZERO => Law::fixed(Span::ZERO),
            FullSync::PerGib(_) if plan.shards.iter().all(|shard| shard.dataset_bytes == 0) => {
                Law::fixed(Span::ZERO)
            }
            FullSync::PerGib(span) => {
                let largest = plan.shards.iter().map(|shard| shard.dataset_bytes).max();
                let gibs = largest.unwrap_or(0) as f64 / BYTES_PER_GIB;
                Law::fixed(Span::from_nanos_f64(span.as_nanos() as f64 * gibs))
            }
        };
        self.name(key.clone(), &mut law);
        if let (FullSync::PerGib(_), Some(last)) = (&plan.timing.full_sync, self.laws.last_mut())
            && last.key == key
        {
            let why = "is proportional to the dataset, hence fixed".to_owned();
            let mean = last.objection.as_ref().and_then(|objection| objection.mean);
            last.objection = Some(Obstacle { key, why, mean });
        }
        plan.timing.full_sync = FullSync::Law(law);
    }

    /// What an event waits for that is pending at `at`: the stages of its law and how many of them
    /// are left.
    pub fn meaning(&self, at: SimTime) -> Result<(Stages, u32), Obstacle> {
        let left = at.as_nanos() as u32;
        match self.law(at) {
            Some(law) if (1..=law.stages.n).contains(&left) => Ok((law.stages, left)),
            Some(_) | None => {
                Err(Obstacle::new("rules", "make something wait for a time that is no law's"))
            }
        }
    }

    /// What is the matter with the law by which an event comes that is pending at `at`, and the
    /// place of that law.
    pub fn objection(&self, at: SimTime) -> Option<(usize, &Obstacle)> {
        let law = self.law(at)?;
        let place = self.laws.iter().position(|other| std::ptr::eq(other, law))?;
        Some((place, law.objection.as_ref()?))
    }

    /// The keys of laws that have several stages, and how many.
    pub fn staged(&self) -> impl Iterator<Item = (&str, u32)> {
        let laws = self.laws.iter().filter(|law| law.stages.n > 1);
        laws.map(|law| (law.key.as_str(), law.stages.n))
    }

    fn law(&self, at: SimTime) -> Option<&Named> {
        let number = at.as_nanos() >> STAGE_BITS;
        let place = match self.numbering {
            Numbering::Forwards => number.checked_sub(1),
            Numbering::Backwards => MOST_LAWS.checked_sub(number),
        };
        self.laws.get(usize::try_from(place?).ok()?)
    }

    /// The instant at which an event is pending whose law has one stage less left.
    pub fn one_stage_less(at: SimTime) -> SimTime {
        SimTime::from_nanos(at.as_nanos() - 1)
    }
}

/// The stages of a law, or what is the matter with it.
fn stages_of(law: &Law) -> Result<Stages, &'static str> {
    let nanos = 1e9;
    let stages = match *law {
        Law::Exponential { mean } => Stages { n: 1, per_sec: nanos / mean },
        Law::Weibull { scale, shape: 1.0 } => Stages { n: 1, per_sec: nanos / scale },
        Law::Gamma { scale, shape } if shape == shape.trunc() => {
            Stages { n: shape as u32, per_sec: nanos / scale }
        }
        Law::Fixed(_) => return Err("is fixed"),
        Law::Uniform { .. } => return Err("is uniform"),
        Law::Lognormal { .. } => return Err("is lognormal"),
        Law::Weibull { .. } => return Err("is a Weibull law"),
        Law::Gamma { .. } => return Err("is a gamma law whose shape is no whole number"),
        Law::Triangular { .. } => return Err("is triangular"),
        Law::Empirical(_) => return Err("is a sample"),
    };
    match stages.per_sec.is_finite() && stages.per_sec > 0.0 {
        true => Ok(stages),
        false => Err("is too short or too long for a rate"),
    }
}

/// The laws of `[timing]` by key, but for the full sync.
fn timing_laws(plan: &mut Plan) -> [(&'static str, &mut Law); 6] {
    let timing = &mut plan.timing;
    // The others belong to operations and maintenance, of which there are none here.
    [
        ("detection", &mut timing.detection),
        ("promotion", &mut timing.promotion),
        ("endpoint", &mut timing.endpoint),
        ("replacement", &mut timing.replacement),
        ("cold-start", &mut timing.cold_start),
        ("reboot", &mut timing.reboot),
    ]
}

/// Whether ties between copies are to be broken by chance: their lags differ for certain.
pub fn lags_differ(lag: &Law) -> bool {
    match *lag {
        Law::Fixed(_) | Law::Empirical(_) => false,
        Law::Uniform { low, high } | Law::Triangular { low, high, .. } => low < high,
        Law::Exponential { .. }
        | Law::Lognormal { .. }
        | Law::Weibull { .. }
        | Law::Gamma { .. } => true,
    }
}
