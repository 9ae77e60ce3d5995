//! Figures that describe a series of trades and days. The only floats of the core are here.
//!
//! A [`Sample`] holds the closed trades and the sessions of a period. From it come the [`Metrics`], their
//! breakdowns ([`Group`]) and, by the [`Bootstrap`], intervals that say how little a short series tells. Where
//! the best of many trials is shown, [`deflated_sharpe`] says what is left of its Sharpe ratio.
//!
//! Logarithms, powers and the error function come from `libm`, because those of the standard library vary by
//! platform; the same trades give the same figures everywhere.

#![expect(clippy::float_arithmetic, reason = "ratios of results are not money")]

mod bootstrap;
mod breakdown;
mod daily_stats;
mod day;
mod drawdown;
mod exposure;
mod moments;
mod normal;
mod random;
mod ratios;
mod sample;
mod significance;
mod trade_stats;

pub use bootstrap::{Bootstrap, Confidence, Interval};
pub use breakdown::{Group, SessionHour};
pub use daily_stats::DailyStats;
pub use day::{DayResult, daily_returns};
pub use drawdown::{Drawdown, drawdowns};
pub use exposure::{exposure, turnover};
pub use moments::Moments;
pub use normal::{normal_cdf, normal_quantile};
pub use ratios::{SESSIONS_PER_YEAR, annualised_return, calmar, sharpe, sortino, total_return};
pub use sample::{Metrics, Sample};
pub use significance::{Trials, deflated_sharpe, probabilistic_sharpe};
pub use trade_stats::{TRADES_MIN, TradeStats};
