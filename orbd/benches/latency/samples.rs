//! Times that were taken, and the line that tells of them.

use std::time::Duration;

/// Collects the times of one way.
#[derive(Debug, Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// Prints the number of samples, the median, the 99th percentile, that of a thousand, and the greatest.
    pub(crate) fn print(mut self, name: &str) {
        self.0.sort_unstable();
        let micros = |time: Duration| format!("{:.1} us", time.as_secs_f64() * 1e6);
        // The nearest rank: the smallest time that so many of a thousand samples do not exceed.
        let of_thousand = |rank: usize| micros(self.0[(self.0.len() * rank).div_ceil(1_000).max(1) - 1]);
        let (median, p99, p999, most) = (of_thousand(500), of_thousand(990), of_thousand(999), of_thousand(1_000));
        println!("{name:<58} {:>7} {median:>10} {p99:>10} {p999:>10} {most:>10}", self.0.len());
    }
}
