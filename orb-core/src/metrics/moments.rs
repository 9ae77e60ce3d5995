//! The first four moments of a series of returns.

use super::ratios::SESSIONS_PER_YEAR;

/// Holds count, mean, deviation, skewness and kurtosis of daily returns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// Days, at least two.
    pub count: usize,
    /// Mean daily return.
    pub mean: f64,
    /// Sample deviation of the daily returns (divisor n - 1), above zero.
    pub deviation: f64,
    /// Skewness m3 / m2^1.5 of the central moments (divisor n); 0 for a symmetrical series.
    pub skewness: f64,
    /// Kurtosis m4 / m2^2 of the central moments (divisor n), not in excess: 3 for the normal distribution.
    pub kurtosis: f64,
}

impl Moments {
    /// Computes the moments of daily returns; `None` under two days or without variation.
    #[must_use]
    pub fn of(returns: &[f64]) -> Option<Self> {
        let count = returns.len();
        if count < 2 {
            return None;
        }
        let days = count as f64;
        let mean = returns.iter().sum::<f64>() / days;
        let (mut m2, mut m3, mut m4) = (0.0, 0.0, 0.0);
        for value in returns {
            let centred = value - mean;
            let square = centred * centred;
            m2 += square;
            m3 += square * centred;
            m4 += square * square;
        }
        let deviation = (m2 / (days - 1.0)).sqrt();
        // Equal returns differ from their computed mean by rounding alone.
        if deviation <= 16.0 * f64::EPSILON * mean.abs() {
            return None;
        }
        let (m2, m3, m4) = (m2 / days, m3 / days, m4 / days);
        Some(Self { count, mean, deviation, skewness: m3 / (m2 * m2.sqrt()), kurtosis: m4 / (m2 * m2) })
    }

    /// Returns the Sharpe ratio of one day, not annualised, rate 0.
    #[must_use]
    pub fn daily_sharpe(&self) -> f64 {
        self.mean / self.deviation
    }

    /// Returns the annualised Sharpe ratio, rate 0.
    #[must_use]
    pub fn sharpe(&self) -> f64 {
        self.daily_sharpe() * SESSIONS_PER_YEAR.sqrt()
    }
}
