//! How likely a Sharpe ratio is more than luck.

use super::moments::Moments;
use super::normal::{normal_cdf, normal_quantile};
use super::ratios::SESSIONS_PER_YEAR;

/// The Euler-Mascheroni constant.
const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;

/// Returns the probability that the true Sharpe ratio is above a benchmark, from 0 to 1.
///
/// `benchmark`: annualised, rate 0. With the Sharpe ratios S and B of one day, n days, skewness g3 and kurtosis g4
/// it is N((S - B) sqrt(n - 1) / sqrt(1 - g3 S + (g4 - 1) / 4 S^2)). `None` where that root is zero.
/// Source: Bailey & Lopez de Prado 2012, "The Sharpe Ratio Efficient Frontier".
#[must_use]
pub fn probabilistic_sharpe(moments: &Moments, benchmark: f64) -> Option<f64> {
    above(moments, benchmark / SESSIONS_PER_YEAR.sqrt())
}

/// Returns the probability that the true Sharpe ratio of the best of several trials is above zero, from 0 to 1.
///
/// It is the probabilistic Sharpe ratio against the best one that the trials would show by luck alone,
/// [`Trials::expected_max`]. `moments`: of the best trial's daily returns. With one trial it equals
/// [`probabilistic_sharpe`] against 0. `None` where that has none.
/// Source: Bailey & Lopez de Prado 2014, "The Deflated Sharpe Ratio".
#[must_use]
pub fn deflated_sharpe(moments: &Moments, trials: Trials) -> Option<f64> {
    above(moments, trials.expected_max_daily())
}

fn above(moments: &Moments, benchmark_daily: f64) -> Option<f64> {
    let sharpe = moments.daily_sharpe();
    let variance = 1.0 - moments.skewness * sharpe + (moments.kurtosis - 1.0) / 4.0 * sharpe * sharpe;
    let days = moments.count as f64 - 1.0;
    (variance > 0.0).then(|| normal_cdf((sharpe - benchmark_daily) * (days / variance).sqrt()))
}

/// Says how many configurations were tried and how much their Sharpe ratios differed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Trials {
    /// Independent trials. Every configuration that was looked at counts, those without a trade included; trials that
    /// resemble each other make the true number smaller and the deflated ratio too severe.
    pub count: usize,
    /// Sample variance of the trials' Sharpe ratios of one day, not annualised.
    pub variance: f64,
}

impl Trials {
    /// Counts trials and computes the variance of their annualised Sharpe ratios; a trial without one is a 0.
    #[must_use]
    pub fn of_annualised(sharpes: &[Option<f64>]) -> Self {
        let count = sharpes.len();
        let daily = || sharpes.iter().map(|sharpe| sharpe.unwrap_or(0.0) / SESSIONS_PER_YEAR.sqrt());
        let mean = daily().sum::<f64>() / count as f64;
        let squares = daily().map(|sharpe| (sharpe - mean) * (sharpe - mean)).sum::<f64>();
        Self { count, variance: if count < 2 { 0.0 } else { squares / (count as f64 - 1.0) } }
    }

    /// Returns the annualised Sharpe ratio that the best trial is expected to show although none has an edge.
    ///
    /// sqrt(V) ((1 - g) Q(1 - 1/N) + g Q(1 - 1/(N e))), Q the normal quantile, g the Euler-Mascheroni constant, times
    /// sqrt(252); 0 with one trial. Source: as [`deflated_sharpe`].
    #[must_use]
    pub fn expected_max(self) -> f64 {
        self.expected_max_daily() * SESSIONS_PER_YEAR.sqrt()
    }

    fn expected_max_daily(self) -> f64 {
        if self.count < 2 {
            return 0.0;
        }
        let count = self.count as f64;
        let usual = normal_quantile(1.0 - 1.0 / count);
        let extreme = normal_quantile(1.0 - 1.0 / (count * core::f64::consts::E));
        self.variance.sqrt() * ((1.0 - EULER_GAMMA) * usual + EULER_GAMMA * extreme)
    }
}
