//! Figures of a series of daily returns.

use super::moments::Moments;

/// Sessions in a year, for annualised figures.
pub const SESSIONS_PER_YEAR: f64 = 252.0;

/// Returns what the returns compound to, as a fraction: the product of 1 + return, less 1.
///
/// 0 without a day. Money that is paid in or out does not count (time-weighted return).
#[must_use]
pub fn total_return(returns: &[f64]) -> f64 {
    returns.iter().map(|value| 1.0 + value).product::<f64>() - 1.0
}

/// Returns the yearly rate that compounds to the total: (1 + total)^(252 / sessions) - 1.
///
/// `None` without a session, and where the account lost more than it had or the rate is beyond any number. A year has [`SESSIONS_PER_YEAR`], whatever
/// the calendar says; a span of a few sessions is blown up beyond meaning.
#[must_use]
pub fn annualised_return(returns: &[f64]) -> Option<f64> {
    let years = returns.len() as f64 / SESSIONS_PER_YEAR;
    let growth = 1.0 + total_return(returns);
    let has_rate = years > 0.0 && growth >= 0.0;
    has_rate.then(|| libm::pow(growth, 1.0 / years) - 1.0).filter(|rate| rate.is_finite())
}

/// Returns the annualised Sharpe ratio: mean over sample deviation of the daily returns, times sqrt(252), rate 0.
///
/// `None` under two days or without variation. Source: Sharpe 1994, "The Sharpe Ratio".
#[must_use]
pub fn sharpe(returns: &[f64]) -> Option<f64> {
    Moments::of(returns).map(|moments| moments.sharpe())
}

/// Returns the annualised Sortino ratio: mean of the daily returns over their downside deviation against 0 (root of
/// the mean of squared negative returns over all days), times sqrt(252).
///
/// `None` without a losing day. Source: Sortino & Price 1994, "Performance Measurement in a Downside Risk Framework".
#[must_use]
pub fn sortino(returns: &[f64]) -> Option<f64> {
    let count = returns.len() as f64;
    let mean = returns.iter().sum::<f64>() / count;
    let downside = returns.iter().map(|value| value.min(0.0) * value.min(0.0)).sum::<f64>() / count;
    (downside > 0.0).then(|| mean / downside.sqrt() * SESSIONS_PER_YEAR.sqrt())
}

/// Returns the Calmar ratio: annualised return over the greatest drawdown, a positive fraction.
///
/// `None` without a drawdown. Source: Young 1991, "Calmar Ratio: A Smoother Tool"; over the whole period, not over
/// its 36 months.
#[must_use]
pub fn calmar(annualised_return: f64, max_drawdown_fraction: f64) -> Option<f64> {
    (max_drawdown_fraction > 0.0).then(|| annualised_return / max_drawdown_fraction)
}
