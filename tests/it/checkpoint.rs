//! What a batch gathers survives being written down: the same to the bit, and small.

use elasticache_sim::stats::histogram::Histogram;
use elasticache_sim::stats::moments::Moments;
use elasticache_sim::stats::ratio::RatioMoments;
use serde_json::{from_str, to_string};

#[test]
fn accumulators_survive_being_written_down() {
    let mut moments = Moments::default();
    let mut ratio = RatioMoments::default();
    let mut histogram = Histogram::new();
    for n in 0..1_000u64 {
        let value = n * n % 997 * (n % 3);
        moments.add(value as f64 / 7.0);
        ratio.add(value as f64 / 3.0, (n % 3) as f64);
        histogram.add(u128::from(value) << (n % 7 * 12), 1_000 - n);
    }
    let text = to_string(&moments).expect("numbers");
    assert_eq!(from_str::<Moments>(&text).expect("the same"), moments);
    let text = to_string(&ratio).expect("numbers");
    assert_eq!(from_str::<RatioMoments>(&text).expect("the same"), ratio);
    let text = to_string(&histogram).expect("numbers");
    assert_eq!(from_str::<Histogram>(&text).expect("the same"), histogram);
    assert!(text.len() < 60_000, "{} bytes for at most 667 bins", text.len());
    let empty = to_string(&Histogram::new()).expect("numbers");
    assert_eq!(from_str::<Histogram>(&empty).expect("the same"), Histogram::new());
}
