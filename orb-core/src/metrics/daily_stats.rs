//! The figures of a period's days.

use super::day::{DayResult, daily_returns};
use super::drawdown::{Drawdown, drawdowns};
use super::moments::Moments;
use super::ratios::{annualised_return, calmar, sortino, total_return};
use super::significance::probabilistic_sharpe;
use crate::money::Money;
use crate::time::Date;

/// Holds the figures of the sessions of a period, those without trades included, net of all costs.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct DailyStats {
    /// Sessions.
    pub sessions: usize,
    /// What the daily returns compound to, a fraction; `None` without a session.
    pub total_return: Option<f64>,
    /// The yearly rate of that, 252 sessions a year; see [`annualised_return`].
    pub annualised_return: Option<f64>,
    /// Annualised Sharpe ratio; see [`sharpe`](super::sharpe).
    pub sharpe: Option<f64>,
    /// Annualised Sortino ratio; see [`sortino`].
    pub sortino: Option<f64>,
    /// Annualised return over the greatest drawdown; see [`calmar`].
    pub calmar: Option<f64>,
    /// Probability that the true Sharpe ratio is above 0, for a single trial; see [`probabilistic_sharpe`].
    pub probabilistic_sharpe: Option<f64>,
    /// Moments of the daily returns; `None` under two days or without variation.
    pub moments: Option<Moments>,
    /// Greatest amount below an earlier highest end-of-day equity.
    pub max_drawdown: Money,
    /// Greatest drawdown as a fraction of the highest equity before it, from 0.
    pub max_drawdown_fraction: f64,
    /// The drawdown of the greatest fraction, the first of equals; `None` when equity never fell.
    pub deepest_drawdown: Option<Drawdown>,
    /// Sessions of the longest drawdown, 0 without one.
    pub longest_drawdown: usize,
    /// The day of the greatest gain; `None` without a day.
    pub best_day: Option<(Date, Money)>,
    /// The day of the greatest loss; `None` without a day.
    pub worst_day: Option<(Date, Money)>,
}

impl DailyStats {
    /// Computes the figures of days in order of date.
    #[must_use]
    pub fn of(days: &[DayResult]) -> Self {
        let returns = daily_returns(days);
        let moments = Moments::of(&returns);
        let mut stats = Self {
            sessions: days.len(),
            total_return: (!days.is_empty()).then(|| total_return(&returns)),
            annualised_return: annualised_return(&returns),
            sharpe: moments.map(|moments| moments.sharpe()),
            sortino: sortino(&returns),
            probabilistic_sharpe: moments.and_then(|moments| probabilistic_sharpe(&moments, 0.0)),
            moments,
            ..Self::default()
        };
        stats.add_drawdowns(&drawdowns(days));
        stats.calmar = stats.annualised_return.and_then(|rate| calmar(rate, stats.max_drawdown_fraction));
        let results = || days.iter().map(|day| (day.date, day.result()));
        stats.best_day = results().max_by_key(|&(date, result)| (result, core::cmp::Reverse(date)));
        stats.worst_day = results().min_by_key(|&(date, result)| (result, date));
        stats
    }

    fn add_drawdowns(&mut self, drawdowns: &[Drawdown]) {
        for drawdown in drawdowns {
            self.max_drawdown = self.max_drawdown.max(drawdown.amount);
            self.longest_drawdown = self.longest_drawdown.max(drawdown.sessions);
            if self.deepest_drawdown.is_none_or(|deepest| drawdown.fraction > deepest.fraction) {
                self.deepest_drawdown = Some(*drawdown);
                self.max_drawdown_fraction = drawdown.fraction;
            }
        }
    }
}
