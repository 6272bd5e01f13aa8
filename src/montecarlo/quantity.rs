//! [`Quantity`]: the numbers that a batch comes to, by the names that results, `expect` and
//! `--precision` share.

use std::fmt;

use crate::observe::metrics::Metric;

/// A number that the trials of a policy come to together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quantity {
    /// A statistic over the trials of what each yields, in the metric's unit.
    Metric {
        /// What each trial yields.
        metric: Metric,
        /// Which statistic.
        statistic: Statistic,
    },
    /// The share of trials in which something happens at all.
    Probability(Probability),
    /// A statistic over all outages of all trials: their lengths in seconds.
    OutageLength(Statistic),
    /// A statistic over all failovers of all trials: their lengths in seconds.
    FailoverLength(Statistic),
    /// The share of outages that are longer than `objectives.rto`.
    RtoMissed,
    /// The share of failovers that lose writes older than `objectives.rpo`.
    RpoMissed,
}

/// A number that stands for many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Statistic {
    /// Their mean.
    Mean,
    /// Their standard deviation.
    Sd,
    /// Their median.
    P50,
    /// Their 95 % quantile.
    P95,
    /// Their 99 % quantile.
    P99,
    /// The largest of them.
    Max,
    /// The share of them that is exactly zero.
    Zero,
}

/// Something that happens in a trial or does not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Probability {
    /// A shard loses its last complete copy.
    DatasetLoss,
    /// Acknowledged writes are lost short of that.
    WriteLoss,
    /// A shard has no primary that writers reach.
    WriteOutage,
}

/// What a quantity is counted in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// A pure number from 0 to 1.
    Share,
    /// The unit that the metric's name ends with, or plain counting.
    Count,
}

/// Why a text names no quantity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotAQuantity {
    /// What it names is none of [`Quantity::subjects`].
    Subject,
    /// What it names has no such statistic; it has these.
    Statistic(&'static [Statistic]),
    /// What it names is one number and has no statistics.
    NoStatistic,
}

impl Statistic {
    /// All of them, in the order of results.
    pub const ALL: [Statistic; 7] = [
        Statistic::Mean,
        Statistic::Sd,
        Statistic::P50,
        Statistic::P95,
        Statistic::P99,
        Statistic::Max,
        Statistic::Zero,
    ];
    /// Those of lengths, none of which is zero.
    pub const OF_LENGTHS: &'static [Statistic] =
        &[Statistic::Mean, Statistic::P50, Statistic::P95, Statistic::P99, Statistic::Max];

    /// The name in results.
    pub fn name(self) -> &'static str {
        match self {
            Statistic::Mean => "mean",
            Statistic::Sd => "sd",
            Statistic::P50 => "p50",
            Statistic::P95 => "p95",
            Statistic::P99 => "p99",
            Statistic::Max => "max",
            Statistic::Zero => "zero",
        }
    }
}

impl Probability {
    /// All of them, in the order of results.
    pub const ALL: [Probability; 3] =
        [Probability::DatasetLoss, Probability::WriteLoss, Probability::WriteOutage];

    /// The name in results.
    pub fn name(self) -> &'static str {
        match self {
            Probability::DatasetLoss => "dataset_loss",
            Probability::WriteLoss => "write_loss",
            Probability::WriteOutage => "write_outage",
        }
    }
}

/// What stands before the name of a statistic, if there is one.
#[derive(Clone, Copy)]
enum Subject {
    Metric(Metric),
    Probability(Probability),
    OutageLength,
    FailoverLength,
    RtoMissed,
    RpoMissed,
}

impl Subject {
    fn all() -> impl Iterator<Item = Subject> {
        let metrics = Metric::ALL.into_iter().map(Subject::Metric);
        let probabilities = Probability::ALL.into_iter().map(Subject::Probability);
        metrics.chain(probabilities).chain([
            Subject::OutageLength,
            Subject::RtoMissed,
            Subject::FailoverLength,
            Subject::RpoMissed,
        ])
    }

    fn name(self) -> &'static str {
        match self {
            Subject::Metric(metric) => metric.name(),
            Subject::Probability(probability) => probability.name(),
            Subject::OutageLength => "outages.length_s",
            Subject::FailoverLength => "failovers.length_s",
            Subject::RtoMissed => "outages.rto_missed",
            Subject::RpoMissed => "failovers.rpo_missed",
        }
    }

    /// The statistics that it has; none if it is one number.
    fn statistics(self) -> &'static [Statistic] {
        match self {
            Subject::Metric(_) => &Statistic::ALL,
            Subject::OutageLength | Subject::FailoverLength => Statistic::OF_LENGTHS,
            Subject::Probability(_) | Subject::RtoMissed | Subject::RpoMissed => &[],
        }
    }

    /// Its quantity, with this statistic where it has one.
    fn with(self, statistic: Statistic) -> Quantity {
        match self {
            Subject::Metric(metric) => Quantity::Metric { metric, statistic },
            Subject::Probability(probability) => Quantity::Probability(probability),
            Subject::OutageLength => Quantity::OutageLength(statistic),
            Subject::FailoverLength => Quantity::FailoverLength(statistic),
            Subject::RtoMissed => Quantity::RtoMissed,
            Subject::RpoMissed => Quantity::RpoMissed,
        }
    }
}

impl Quantity {
    /// What quantities are about: the names without the statistic.
    pub fn subjects() -> impl Iterator<Item = &'static str> {
        Subject::all().map(Subject::name)
    }

    /// Reads the name of a quantity; one that has statistics and names none is its mean.
    ///
    /// ```
    /// use elasticache_sim::montecarlo::quantity::Quantity;
    ///
    /// let quantity = Quantity::parse("lost_writes").expect("it is one");
    /// assert_eq!(quantity.name(), "lost_writes.mean");
    /// assert!(Quantity::parse("lost_writes.p42").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Quantity, NotAQuantity> {
        let rest_of = |subject: Subject| {
            let rest = text.strip_prefix(subject.name())?;
            (rest.is_empty() || rest.starts_with('.')).then_some((subject, rest))
        };
        // The longest name counts: `failovers` is a metric, and `failovers.length_s` is not.
        let found = Subject::all().filter_map(rest_of).min_by_key(|(_, rest)| rest.len());
        let (subject, rest) = found.ok_or(NotAQuantity::Subject)?;
        let statistics = subject.statistics();
        match (rest.strip_prefix('.'), statistics) {
            (None, _) => Ok(subject.with(Statistic::Mean)),
            (Some(_), []) => Err(NotAQuantity::NoStatistic),
            (Some(name), _) => {
                let statistic = statistics.iter().find(|statistic| statistic.name() == name);
                let statistic = statistic.ok_or(NotAQuantity::Statistic(statistics))?;
                Ok(subject.with(*statistic))
            }
        }
    }

    fn subject(self) -> (Subject, Option<Statistic>) {
        match self {
            Quantity::Metric { metric, statistic } => (Subject::Metric(metric), Some(statistic)),
            Quantity::Probability(probability) => (Subject::Probability(probability), None),
            Quantity::OutageLength(statistic) => (Subject::OutageLength, Some(statistic)),
            Quantity::FailoverLength(statistic) => (Subject::FailoverLength, Some(statistic)),
            Quantity::RtoMissed => (Subject::RtoMissed, None),
            Quantity::RpoMissed => (Subject::RpoMissed, None),
        }
    }

    /// Its whole name, which [`Quantity::parse`] reads.
    pub fn name(self) -> String {
        self.to_string()
    }

    /// Which statistic it is, if it is one.
    pub fn statistic(self) -> Option<Statistic> {
        self.subject().1
    }

    /// What it is counted in.
    pub fn unit(self) -> Unit {
        match self.subject() {
            (_, Some(Statistic::Zero)) => Unit::Share,
            (Subject::Metric(Metric::WriteUnavailability), _) => Unit::Share,
            (Subject::Metric(metric), _) if metric.name().ends_with("_s") => Unit::Seconds,
            (Subject::Metric(_), _) => Unit::Count,
            (Subject::OutageLength | Subject::FailoverLength, _) => Unit::Seconds,
            (Subject::Probability(_) | Subject::RtoMissed | Subject::RpoMissed, _) => Unit::Share,
        }
    }
}

/// The whole name.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.subject() {
            (subject, Some(statistic)) => write!(f, "{}.{}", subject.name(), statistic.name()),
            (subject, None) => f.write_str(subject.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_as_what_it_names() {
        for subject in Subject::all() {
            let statistics = subject.statistics();
            for &statistic in statistics {
                let quantity = subject.with(statistic);
                assert_eq!(Quantity::parse(&quantity.name()), Ok(quantity), "{quantity}");
            }
            let mean = subject.with(Statistic::Mean);
            assert_eq!(Quantity::parse(subject.name()), Ok(mean), "{mean}");
        }
    }

    #[test]
    fn other_names_are_refused() {
        let check = |text: &str, why: NotAQuantity| {
            assert_eq!(Quantity::parse(text), Err(why), "{text}");
        };
        check("", NotAQuantity::Subject);
        check("write_outages_s", NotAQuantity::Subject);
        check("outages", NotAQuantity::Subject);
        check("lost_writes.", NotAQuantity::Statistic(&Statistic::ALL));
        check("lost_writes.p95.p99", NotAQuantity::Statistic(&Statistic::ALL));
        check("outages.length_s.zero", NotAQuantity::Statistic(Statistic::OF_LENGTHS));
        check("write_outage.mean", NotAQuantity::NoStatistic);
        check("outages.rto_missed.p95", NotAQuantity::NoStatistic);
    }

    #[test]
    fn units_are_those_of_the_names() {
        let check = |text: &str, unit: Unit| {
            assert_eq!(Quantity::parse(text).map(Quantity::unit), Ok(unit), "{text}");
        };
        check("write_outage_s.p99", Unit::Seconds);
        check("write_outage_s.zero", Unit::Share);
        check("write_unavailability", Unit::Share);
        check("lost_writes.max", Unit::Count);
        check("write_outage", Unit::Share);
        check("failovers.length_s.p95", Unit::Seconds);
        check("failovers.rpo_missed", Unit::Share);
        check("failovers.mean", Unit::Count);
    }
}
