//! Intervals from resampling.

use super::day::daily_returns;
use super::random::SplitMix64;
use super::ratios::SESSIONS_PER_YEAR;
use super::sample::Sample;
use super::trade_stats::{r_multiple, r_multiple_net};
use crate::fact::Trade;

/// Holds a range that a figure's true value lies in with a given confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end, never below the lower.
    pub high: f64,
}

impl Interval {
    /// Tells whether a value lies in the range, its ends included.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// Holds the intervals of a sample; each is `None` where its figure is, and under two days.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Confidence {
    /// Of the mean R multiple before fees.
    pub expectancy_r: Option<Interval>,
    /// Of the mean R multiple after fees.
    pub expectancy_r_net: Option<Interval>,
    /// Of the annualised Sharpe ratio.
    pub sharpe: Option<Interval>,
}

/// Says how intervals are drawn. The same values and the same sample give the same intervals on every platform.
///
/// The ends are percentiles of the resampled figures. Source: Efron & Tibshirani 1993, "An Introduction to the
/// Bootstrap", section 13.3.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bootstrap {
    /// Resamples, at least one; 2,000 by default.
    pub resamples: u32,
    /// Confidence between 0 and 1; 0.95 by default.
    pub level: f64,
    /// Start of the series of random numbers.
    pub seed: u64,
    /// Mean length of the stationary bootstrap's blocks in sessions, at least 1; `None` for the cube root of the
    /// number of sessions.
    pub mean_block: Option<f64>,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self { resamples: 2_000, level: 0.95, seed: 1, mean_block: None }
    }
}

impl Bootstrap {
    /// Returns the interval of the annualised Sharpe ratio of daily returns, in order; `None` where it has none.
    ///
    /// Resampled by the stationary bootstrap: blocks of geometrically distributed length, wrapped around the end, so
    /// that neighbouring days stay together. Source: Politis & Romano 1994, "The Stationary Bootstrap". The default
    /// mean length n^(1/3) has the rate that is best for the variance of a mean: Hall, Horowitz & Jing 1995, "On
    /// Blocking Rules for the Bootstrap with Dependent Data". Resamples without variation are left out.
    #[must_use]
    pub fn sharpe(&self, returns: &[f64]) -> Option<Interval> {
        super::sharpe(returns)?;
        let days = returns.len();
        let mean = returns.iter().sum::<f64>() / days as f64;
        // Centred first, so that the sums of squares lose no digits.
        let centred: Vec<f64> = returns.iter().map(|value| value - mean).collect();
        let mean_block = self.mean_block.unwrap_or_else(|| libm::cbrt(days as f64)).max(1.0);
        let mut blocks = Blocks { random: SplitMix64::new(self.seed), ends: ends_below(mean_block) };
        let sharpes = (0..self.resamples).filter_map(|_| blocks.sharpe(&centred, mean)).collect();
        self.interval(sharpes)
    }

    /// Returns the interval of the mean of all values where those of one day belong together; `None` under two days.
    ///
    /// Whole days are drawn with replacement, because what is traded on one day moves together; days without a value
    /// are left out. Source: Field & Welsh 2007, "Bootstrapping clustered data", the cluster bootstrap.
    #[must_use]
    pub fn mean_by_day(&self, days: &[Vec<f64>]) -> Option<Interval> {
        let filled = days.iter().filter(|day| !day.is_empty());
        let sums: Vec<(f64, f64)> = filled.map(|day| (day.iter().sum(), day.len() as f64)).collect();
        if sums.len() < 2 {
            return None;
        }
        let mut random = SplitMix64::new(self.seed);
        let mut resample = || {
            let drawn = (0..sums.len()).map(|_| sums[random.below(sums.len())]);
            let (sum, count) = drawn.fold((0.0, 0.0), |(sum, count), day| (sum + day.0, count + day.1));
            sum / count
        };
        self.interval((0..self.resamples).map(|_| resample()).collect())
    }

    fn interval(&self, mut figures: Vec<f64>) -> Option<Interval> {
        figures.sort_unstable_by(f64::total_cmp);
        let outside = (1.0 - self.level) / 2.0;
        Some(Interval { low: percentile(&figures, outside)?, high: percentile(&figures, 1.0 - outside)? })
    }
}

impl Sample<'_> {
    /// Computes the intervals of the period's figures.
    #[must_use]
    pub fn confidence(&self, bootstrap: &Bootstrap) -> Confidence {
        Confidence {
            expectancy_r: bootstrap.mean_by_day(&self.by_day(r_multiple)),
            expectancy_r_net: bootstrap.mean_by_day(&self.by_day(r_multiple_net)),
            sharpe: bootstrap.sharpe(&daily_returns(self.days())),
        }
    }

    /// Returns a value of the trades that have one, those of each day together.
    fn by_day(&self, value: impl Fn(&Trade) -> Option<f64>) -> Vec<Vec<f64>> {
        let mut trades = self.trades().to_vec();
        trades.sort_by_key(|trade| trade.attempt);
        let days = trades.chunk_by(|a, b| a.attempt.date == b.attempt.date);
        days.map(|day| day.iter().filter_map(|trade| value(trade)).collect()).collect()
    }
}

/// Draws the stationary bootstrap's resamples.
struct Blocks {
    random: SplitMix64,
    /// A block ends after a day where the next random number is below this.
    ends: u64,
}

impl Blocks {
    /// Returns the annualised Sharpe ratio of one resample, from returns less their mean; `None` without variation.
    fn sharpe(&mut self, centred: &[f64], mean: f64) -> Option<f64> {
        let days = centred.len();
        let (mut sum, mut squares) = (0.0, 0.0);
        let mut index = self.random.below(days);
        for _ in 0..days {
            let value = centred[index];
            sum += value;
            squares += value * value;
            index += 1;
            if self.random.next() < self.ends {
                index = self.random.below(days);
            } else if index == days {
                index = 0;
            }
        }
        let count = days as f64;
        let variance = (squares - sum * sum / count) / (count - 1.0);
        // What is smaller is the rounding of equal days.
        let is_varied = variance > squares * f64::EPSILON;
        is_varied.then(|| (mean + sum / count) / variance.sqrt() * SESSIONS_PER_YEAR.sqrt())
    }
}

/// Returns the bound that a random number of 64 bits lies below once in `mean_block` times.
fn ends_below(mean_block: f64) -> u64 {
    // The cast saturates where a block is one day.
    (u64::MAX as f64 / mean_block) as u64
}

/// Returns the quantile of sorted values, interpolated between neighbours; `None` without a value.
fn percentile(sorted: &[f64], fraction: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = fraction.clamp(0.0, 1.0) * last as f64;
    let below = (position as usize).min(last);
    let above = (below + 1).min(last);
    let part = position - below as f64;
    Some(sorted[below] + (sorted[above] - sorted[below]) * part)
}
