//! How the trials of each policy spread: for how many of them a metric is above a value, as CSV.
//!
//! Made of histograms, not of trials, so that a curve is as short for a million trials as for ten.

use crate::observe::metrics::Metric;
use crate::report::study::Study;
use crate::report::summary::rounded;

/// The columns.
pub const COLUMNS: [&str; 4] = ["policy", "metric", "value", "trials_above"];
/// The metrics that have a curve.
pub const METRICS: [Metric; 2] = [Metric::WriteOutage, Metric::LostWrites];
/// By what factor a curve falls at most from one of its points to just before the next.
pub const FALL: f64 = 1.05;

/// The curves of all policies of a study.
pub fn csv(study: &Study<'_>) -> String {
    const IN_MEMORY: &str = "memory takes all that is written";
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    writer.write_record(COLUMNS).expect(IN_MEMORY);
    for (policy, estimator) in study.entries() {
        for metric in METRICS {
            let divisor = metric.divisor(estimator.plan);
            for (raw, above) in estimator.tally.values(metric).survival(FALL) {
                let (value, above) = (rounded(raw as f64 / divisor), above.to_string());
                let value = value.to_string();
                let row = [policy.name.as_str(), metric.name(), &value, &above];
                writer.write_record(row).expect(IN_MEMORY);
            }
        }
    }
    let bytes = writer.into_inner().expect(IN_MEMORY);
    String::from_utf8(bytes).expect("CSV of texts is text")
}
