//! A line that reports the throughput.

use std::time::{Duration, Instant};

/// A clock for one step of an example.
pub(crate) struct Throughput {
    what: &'static str,
    began: Instant,
}

impl Throughput {
    /// Starts the clock.
    pub(crate) fn start(what: &'static str) -> Self {
        Self { what, began: Instant::now() }
    }

    /// Stops it and prints the line: `load: 1,938 rows in 3.1ms (625,161 rows/s)`.
    pub(crate) fn finish(self, count: u64, unit: &str) -> Duration {
        let took = self.began.elapsed();
        println!("{}", line(self.what, count, unit, took));
        took
    }
}

pub(crate) fn line(what: &str, count: u64, unit: &str, took: Duration) -> String {
    // If the clock did not advance, the rate is unknown.
    let nanos = took.as_nanos().max(1);
    let rate = u64::try_from(u128::from(count) * 1_000_000_000 / nanos).unwrap_or(u64::MAX);
    format!("{what}: {} {unit} in {took:.1?} ({} {unit}/s)", grouped(count), grouped(rate))
}

/// The number with a comma between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
