//! A histogram of integers of any size whose memory does not grow with their number.

use serde::{Deserialize, Serialize};

use crate::stats::level::Level;
use crate::stats::ranks::{enclosing_ranks, rank};

/// A log-linear histogram of integers: exact below 2^11, bins of relative width 2^-10 above.
///
/// Each bin keeps its count, its lowest trial and that trial's value (the least of them if it has
/// several there), so that every reported value occurred and can be replayed. Zeros are only
/// counted. Pages of bins are allocated as values fall into them: memory follows the number of
/// octaves that the values span. What a histogram holds does not depend on the order in which
/// values were added or histograms merged.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(into = "Stored", from = "Stored")]
pub struct Histogram {
    n: u64,
    zeros: u64,
    /// The lowest trial with a zero; means nothing while there is none.
    zero_trial: u64,
    /// The least value above zero, and the lowest trial that had it.
    least: Option<Extreme>,
    greatest: Option<Extreme>,
    /// Empty until there is a value above zero, then one place per page.
    pages: Vec<Option<Box<Page>>>,
}

/// An extreme value and the lowest trial that had it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Extreme {
    value: u128,
    trial: u64,
}

/// Values between two edges.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
struct Bin {
    count: u64,
    trial: u64,
    value: u128,
}

type Page = [Bin; PAGE];

/// Bins per page.
const PAGE: usize = 64;
/// Bins per octave above the exact ones, as a power of two.
const PRECISION: u32 = 10;
/// Values below this have a bin each.
const EXACT: u128 = 1 << (PRECISION + 1);
/// Bins up to that of `u128::MAX`.
const N_BINS: usize = bin_of(u128::MAX) + 1;

/// A quantile of a histogram with its interval.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quantile {
    /// A value that occurred, in the same bin as the quantile.
    pub value: u128,
    /// The lowest trial in which it occurred.
    pub trial: u64,
    /// Lower end; `None` if the values cannot bound it.
    pub low: Option<u128>,
    /// Upper end; `None` if the values cannot bound it.
    pub high: Option<u128>,
}

impl Histogram {
    /// A histogram of no values.
    pub fn new() -> Self {
        Histogram::default()
    }

    /// Takes in one more value, which occurred in `trial`.
    #[inline]
    pub fn add(&mut self, value: u128, trial: u64) {
        self.n += 1;
        if value == 0 {
            self.count_zeros(1, trial);
        } else {
            self.add_bin(&Bin { count: 1, trial, value });
            self.add_extremes(Some(Extreme { value, trial }), Some(Extreme { value, trial }));
        }
    }

    /// Takes in so many zeros, the first of which occurred in `trial`.
    pub fn add_zeros(&mut self, count: u64, trial: u64) {
        if count > 0 {
            self.n += count;
            self.count_zeros(count, trial);
        }
    }

    /// Takes in the same value above zero so many times, first in `trial`.
    pub fn add_many(&mut self, value: u128, trial: u64, count: u64) {
        assert!(value > 0, "zeros have a way of their own");
        if count > 0 {
            self.n += count;
            self.add_bin(&Bin { count, trial, value });
            self.add_extremes(Some(Extreme { value, trial }), Some(Extreme { value, trial }));
        }
    }

    /// Takes in all values of `other`.
    pub fn merge(&mut self, other: &Histogram) {
        self.n += other.n;
        if other.zeros > 0 {
            self.count_zeros(other.zeros, other.zero_trial);
        }
        self.add_extremes(other.least, other.greatest);
        for bin in other.bins() {
            self.add_bin(bin);
        }
    }

    #[inline]
    fn count_zeros(&mut self, count: u64, trial: u64) {
        if self.zeros == 0 || trial < self.zero_trial {
            self.zero_trial = trial;
        }
        self.zeros += count;
    }

    #[inline]
    fn add_extremes(&mut self, least: Option<Extreme>, greatest: Option<Extreme>) {
        if let Some(new) = least
            && self.least.is_none_or(|old| (new.value, new.trial) < (old.value, old.trial))
        {
            self.least = least;
        }
        if let Some(new) = greatest
            && self.greatest.is_none_or(|old| {
                new.value > old.value || new.value == old.value && new.trial < old.trial
            })
        {
            self.greatest = greatest;
        }
    }

    #[inline]
    fn add_bin(&mut self, new: &Bin) {
        let index = bin_of(new.value);
        if self.pages.is_empty() {
            self.pages.resize(N_BINS.div_ceil(PAGE), None);
        }
        let page = self.pages[index / PAGE].get_or_insert_with(|| Box::new([Bin::default(); PAGE]));
        let bin = &mut page[index % PAGE];
        if bin.count == 0 || (new.trial, new.value) < (bin.trial, bin.value) {
            bin.trial = new.trial;
            bin.value = new.value;
        }
        bin.count += new.count;
    }

    /// Bins that hold something, ascending; zeros are in none.
    fn bins(&self) -> impl Iterator<Item = &Bin> {
        self.pages.iter().flatten().flat_map(|page| page.iter()).filter(|bin| bin.count > 0)
    }

    /// How many values there were.
    pub fn n(&self) -> u64 {
        self.n
    }

    /// How many of them were zero.
    pub fn zeros(&self) -> u64 {
        self.zeros
    }

    /// The greatest value, exactly, and the lowest trial that had it.
    pub fn max(&self) -> Option<(u128, u64)> {
        let zero = (self.zeros > 0).then_some((0, self.zero_trial));
        self.greatest.map(|greatest| (greatest.value, greatest.trial)).or(zero)
    }

    /// The least value, exactly, and the lowest trial that had it.
    pub fn min(&self) -> Option<(u128, u64)> {
        let zero = (self.zeros > 0).then_some((0, self.zero_trial));
        zero.or(self.least.map(|least| (least.value, least.trial)))
    }

    /// The least value above zero, exactly, and the lowest trial that had it.
    pub fn least_above_zero(&self) -> Option<(u128, u64)> {
        self.least.map(|least| (least.value, least.trial))
    }

    /// How many values are at most `value`; those in the same bin, which may be larger by a share
    /// of 2^-10, are counted with them. Exact below 2^11 and outside the range of the values.
    pub fn count_at_most(&self, value: u128) -> u64 {
        match (self.least, self.greatest) {
            (Some(least), _) if value < least.value => self.zeros,
            (_, Some(greatest)) if value >= greatest.value => self.n,
            _ => {
                let edge = bin_of(value);
                let below = self.bins().take_while(|bin| bin_of(bin.value) <= edge);
                self.zeros + below.map(|bin| bin.count).sum::<u64>()
            }
        }
    }

    /// How many values are greater than zero and than edges of bins, ascending, up to the greatest
    /// value, which none exceeds; no count is an estimate. Bins are left out as long as the count
    /// falls to no less than `1 / ratio` of that of the point before: so few points are enough, and
    /// a greater fall from one point to the next happens at the second of them.
    pub fn survival(&self, ratio: f64) -> Vec<(u128, u64)> {
        let mut points = vec![(0, self.n - self.zeros)];
        let Some(greatest) = self.greatest else { return points };
        let mut above = self.n - self.zeros;
        // The last bin that was left out.
        let mut skipped: Option<(u128, u64)> = None;
        for bin in self.bins() {
            above -= bin.count;
            let point = (upper_edge(bin.value).min(greatest.value), above);
            let last = points[points.len() - 1].1;
            if (above as f64) * ratio >= last as f64 {
                skipped = Some(point);
                continue;
            }
            points.extend(skipped.take());
            points.push(point);
        }
        points
    }

    /// The `p`-quantile, `0 < p < 1`, of independent values, with the interval between two order
    /// statistics: each end is moved outwards to the edge of its bin, but not beyond the least and
    /// the greatest value. `None` for no values.
    pub fn quantile(&self, p: f64, level: Level) -> Option<Quantile> {
        self.quantile_clustered(p, level, self.n as f64)
    }

    /// The same for values of which several came from one trial and depend on each other, so that
    /// they are worth `effective_n` independent ones: the order statistics are those of so many
    /// values, at the same shares of the distribution (Woodruff, "Confidence intervals for medians
    /// and other position measures", JASA 47, 1952), widened to whole ranks.
    pub fn quantile_clustered(&self, p: f64, level: Level, effective_n: f64) -> Option<Quantile> {
        let (value, trial) = self.at_rank(rank(self.n, p))?;
        let effective = (effective_n as u64).clamp(1, self.n);
        let (r, s) = enclosing_ranks(effective, p, level);
        let scaled = |rank: u64| u128::from(rank) * u128::from(self.n) / u128::from(effective);
        let (min, max) = (self.min()?.0, self.max()?.0);
        let low = (r > 0).then(|| {
            let (value, _) = self.at_rank(scaled(r - 1) as u64 + 1)?;
            Some(lower_edge(value).max(min))
        });
        let high = (s <= effective).then(|| {
            let up = u128::from(s) * u128::from(self.n);
            let (value, _) = self.at_rank(up.div_ceil(u128::from(effective)) as u64)?;
            Some(upper_edge(value).min(max))
        });
        Some(Quantile { value, trial, low: low.flatten(), high: high.flatten() })
    }

    /// The representative of the bin that holds the value with this rank, counted from 1.
    fn at_rank(&self, rank: u64) -> Option<(u128, u64)> {
        if rank <= self.zeros {
            return (self.zeros > 0).then_some((0, self.zero_trial));
        }
        let mut seen = self.zeros;
        let bin = self.bins().find(|bin| {
            seen += bin.count;
            seen >= rank
        })?;
        Some((bin.value, bin.trial))
    }
}

/// The bin of a value.
const fn bin_of(value: u128) -> usize {
    if value < EXACT {
        return value as usize;
    }
    let shift = value.ilog2() - PRECISION;
    ((shift as usize) << PRECISION) + (value >> shift) as usize
}

/// How far the bin of a value is shifted: its width is two to the power of this.
fn shift_of(value: u128) -> u32 {
    match value < EXACT {
        true => 0,
        false => value.ilog2() - PRECISION,
    }
}

/// The least value in the bin of a value.
fn lower_edge(value: u128) -> u128 {
    let shift = shift_of(value);
    value >> shift << shift
}

/// The greatest value in the bin of a value.
fn upper_edge(value: u128) -> u128 {
    lower_edge(value) | ((1 << shift_of(value)) - 1)
}

/// A histogram as it is written to a checkpoint: bins that hold something.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Stored {
    zeros: u64,
    zero_trial: u64,
    least: Option<Extreme>,
    greatest: Option<Extreme>,
    bins: Vec<Bin>,
}

impl From<Histogram> for Stored {
    fn from(histogram: Histogram) -> Self {
        Stored {
            zeros: histogram.zeros,
            zero_trial: histogram.zero_trial,
            least: histogram.least,
            greatest: histogram.greatest,
            bins: histogram.bins().copied().collect(),
        }
    }
}

impl From<Stored> for Histogram {
    fn from(stored: Stored) -> Self {
        let mut histogram = Histogram {
            n: stored.zeros,
            zeros: stored.zeros,
            zero_trial: stored.zero_trial,
            least: stored.least,
            greatest: stored.greatest,
            pages: Vec::new(),
        };
        for bin in &stored.bins {
            histogram.n += bin.count;
            histogram.add_bin(bin);
        }
        histogram
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values without structure over many octaves, a third of them zero.
    fn values(n: usize) -> Vec<u128> {
        let mut word = 7u128;
        let mut next = || {
            word = word.wrapping_mul(0x2360_ED05_1FC6_5DA4_4385_DF64_9FCC_F645).wrapping_add(99);
            word >> 64
        };
        (0..n)
            .map(|_| {
                let bits = next() % 150;
                if bits < 50 { 0 } else { (next() << 36) >> (149 - bits) }
            })
            .collect()
    }

    fn of(values: &[u128]) -> Histogram {
        let mut histogram = Histogram::new();
        for (trial, value) in values.iter().enumerate() {
            histogram.add(*value, trial as u64);
        }
        histogram
    }

    #[test]
    fn bins_are_exact_below_2048_and_narrow_above() {
        for value in 0..2 * EXACT {
            assert_eq!(bin_of(value), (value.min(EXACT) + (value.max(EXACT) - EXACT) / 2) as usize);
        }
        for value in values(10_000).into_iter().chain([u128::MAX, u128::MAX >> 1, EXACT - 1]) {
            let (low, high) = (lower_edge(value), upper_edge(value));
            assert!(low <= value && value <= high && (high - low) <= low >> PRECISION);
            assert_eq!((bin_of(low), bin_of(high)), (bin_of(value), bin_of(value)));
            assert!(high == u128::MAX || bin_of(high + 1) == bin_of(value) + 1);
            assert!(low == 0 || bin_of(low - 1) == bin_of(value) - 1);
        }
        // 117 octaves of 1,024 bins follow the 2,048 exact ones.
        assert_eq!(N_BINS, 2_048 + 117 * 1_024);
    }

    #[test]
    fn quantiles_agree_with_the_sorted_values() {
        let values = values(5_000);
        assert!(values.iter().any(|value| *value > 1 << 98));
        let histogram = of(&values);
        let mut sorted = values.clone();
        sorted.sort_unstable();
        let near = |got: u128, expected: u128| {
            assert!(got.abs_diff(expected) <= expected >> PRECISION, "{got}, not {expected}");
        };
        let level = Level::default();
        for p in [0.01, 0.3, 0.4, 0.5, 0.77, 0.95, 0.99, 0.999] {
            let quantile = histogram.quantile(p, level).expect("many values");
            near(quantile.value, sorted[rank(5_000, p) as usize - 1]);
            assert_eq!(values[quantile.trial as usize], quantile.value, "it occurred");
            let (r, s) = enclosing_ranks(5_000, p, level);
            let (low, high) = (sorted[r as usize - 1], sorted[s as usize - 1]);
            near(quantile.low.expect("bounded"), low);
            near(quantile.high.expect("bounded"), high);
            assert!(quantile.low <= Some(low) && quantile.high >= Some(high));
        }
        for value in [0, 1, 2_047, 1 << 20, 1 << 40, 1 << 90, u128::MAX] {
            let bound = upper_edge(value);
            let expected = sorted.partition_point(|other| *other <= bound) as u64;
            assert_eq!(histogram.count_at_most(value), expected, "{value}");
        }
        assert_eq!(histogram.zeros(), histogram.count_at_most(0));
    }

    #[test]
    fn merging_is_adding_all_in_any_order() {
        let values = values(3_000);
        let whole = of(&values);
        let mut parts = [Histogram::new(), Histogram::new(), Histogram::new()];
        for (trial, value) in values.iter().enumerate().rev() {
            parts[trial % 3].add(*value, trial as u64);
        }
        let [mut first, second, third] = parts;
        first.merge(&third);
        first.merge(&Histogram::new());
        first.merge(&second);
        assert_eq!(first, whole);
        assert_eq!(first.n(), 3_000);
    }

    #[test]
    fn a_survival_curve_counts_what_is_greater() {
        let values = values(5_000);
        let histogram = of(&values);
        let greater = |than: u128| values.iter().filter(|other| **other > than).count() as u64;
        for ratio in [1.0, 1.05, 2.0] {
            let curve = histogram.survival(ratio);
            for (value, above) in &curve {
                assert_eq!(*above, greater(*value), "above {value}");
            }
            // What is left out between two points is all before the bin that ends at the second.
            for two in curve.windows(2) {
                let is_left_out =
                    |value: &&u128| two[0].0 < **value && bin_of(**value) < bin_of(two[1].0);
                for value in values.iter().filter(is_left_out) {
                    let (now, before) = (greater(*value), two[0].1);
                    assert!(now as f64 * ratio >= before as f64, "{value}: {now} after {before}");
                }
            }
            assert!(curve.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 >= two[1].1));
            assert_eq!(curve.last().map(|point| point.1), Some(0));
        }
        assert!(histogram.survival(1.05).len() < histogram.survival(1.0).len() / 2);
        assert_eq!(Histogram::new().survival(1.05), [(0, 0)]);
        assert_eq!(of(&[0, 7, 7]).survival(1.05), [(0, 2), (7, 0)]);
    }

    #[test]
    fn extremes_are_exact_and_from_the_earliest_trial() {
        let histogram = of(&[7, 1 << 60, 0, 1 << 60, (1 << 60) - 1, 0]);
        assert_eq!(histogram.max(), Some((1 << 60, 1)));
        assert_eq!(histogram.min(), Some((0, 2)));
        assert_eq!(of(&[9, 7, 7]).min(), Some((7, 1)));
        assert_eq!(of(&[0, 0]).max(), Some((0, 0)));
        assert_eq!((Histogram::new().max(), Histogram::new().min()), (None, None));
        assert_eq!(Histogram::new().quantile(0.5, Level::default()), None);
        assert_eq!(Histogram::new().count_at_most(5), 0);
    }

    #[test]
    fn several_values_of_a_trial_leave_the_least_as_its_representative() {
        let mut histogram = Histogram::new();
        for (value, trial) in [(100_003, 4), (100_001, 4), (100_000, 5)] {
            histogram.add(value, trial);
        }
        let median = histogram.quantile(0.5, Level::default()).expect("three values");
        assert_eq!((median.value, median.trial), (100_001, 4));
    }

    #[test]
    fn equal_values_have_intervals_of_zero_width() {
        let value = 15_000_000_123;
        let quantile = of(&[value; 400]).quantile(0.99, Level::default()).expect("400 values");
        assert_eq!((quantile.low, quantile.high), (Some(value), Some(value)));
        assert_eq!((quantile.value, quantile.trial), (value, 0));
    }

    #[test]
    fn quantiles_are_bounded_only_where_the_values_can() {
        let high = |n: usize, p: f64| {
            let values: Vec<u128> = (1..=n as u128).collect();
            of(&values).quantile(p, Level::default()).expect("some values").high
        };
        assert!(high(72, 0.95).is_some() && high(71, 0.95).is_none());
        assert!(high(368, 0.99).is_some() && high(367, 0.99).is_none());
    }

    #[test]
    fn dependent_values_have_wider_intervals() {
        let values: Vec<u128> = (1..=1_000).collect();
        let histogram = of(&values);
        let level = Level::default();
        let quantile = |n: f64| histogram.quantile_clustered(0.5, level, n).expect("values");
        assert_eq!(histogram.quantile(0.5, level), Some(quantile(1_000.0)));
        // Of 10 values the 2nd and 9th enclose the median: shares above 0.1 and up to 0.9.
        assert_eq!((quantile(10.7).low, quantile(10.7).high), (Some(101), Some(900)));
        assert_eq!(quantile(10.7).value, 500);
        assert_eq!((quantile(0.2).low, quantile(0.2).high), (None, None));
    }
}
