//! Seconds of CPU time of one thread: what others do on the machine makes little difference to them.

use std::time::{Duration, Instant};

/// Measures from now on.
pub struct Clock {
    since: Instant,
    cpu: Option<f64>,
}

impl Clock {
    /// Starts.
    pub fn start() -> Self {
        Clock { cpu: cpu_seconds(), since: Instant::now() }
    }

    /// Seconds since the start: CPU time of this thread where the system tells it (Linux does), the
    /// time of day otherwise.
    pub fn seconds(&self) -> f64 {
        let wall = self.since.elapsed().as_secs_f64();
        match (self.cpu, cpu_seconds()) {
            (Some(start), Some(now)) => now - start,
            _ => wall,
        }
    }
}

/// The first number of `schedstat` is in nanoseconds, and brought up to date when the thread gives
/// way: hence the short sleep.
fn cpu_seconds() -> Option<f64> {
    std::thread::sleep(Duration::from_nanos(1));
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanos: f64 = text.split_whitespace().next()?.parse().ok()?;
    (nanos > 0.0).then_some(nanos / 1e9)
}

/// What `work` gives, and the seconds of the fastest of so many times.
pub fn fastest<T>(times: u32, mut work: impl FnMut() -> T) -> (T, f64) {
    let mut once = || {
        let clock = Clock::start();
        let result = work();
        (result, clock.seconds())
    };
    let (mut result, mut best) = once();
    for _ in 1..times {
        let (again, seconds) = once();
        (result, best) = (again, best.min(seconds));
    }
    (result, best)
}

/// Seconds in three digits, in the unit that suits them.
pub fn told(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s < 1e-3 => (s * 1e6, "µs"),
        s if s < 1.0 => (s * 1e3, "ms"),
        s if s < 7_200.0 => (s, "s"),
        s if s < 2.0 * 86_400.0 => (s / 3_600.0, "h"),
        s => (s / 86_400.0, "d"),
    };
    let digits = match value {
        v if v < 10.0 => 2,
        v if v < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}
