//! How much of the time and of the money was at work.

use super::day::{DayResult, dollars};
use super::ratios::SESSIONS_PER_YEAR;
use crate::fact::Trade;
use crate::money::Money;
use crate::time::{Date, Timestamp};

/// Returns the fraction of regular session time with at least one open position, from 0 to 1.
///
/// A position is open from its first entry fill to its last exit fill; simulated fills carry the start of their bar.
/// `days` are in order of date; trades of other days are left out. `None` where no day's hours are known.
#[must_use]
pub fn exposure<'a>(trades: impl IntoIterator<Item = &'a Trade>, days: &[DayResult]) -> Option<f64> {
    let total: i64 = days.iter().map(|day| (day.close - day.open).micros()).sum();
    let mut held: Vec<(Timestamp, Timestamp)> =
        trades.into_iter().filter_map(|trade| held_in_session(trade, days)).collect();
    held.sort_unstable();
    let (mut sum, mut until) = (0, Timestamp::MIN);
    for (from, to) in held {
        sum += (to.max(until) - from.max(until)).micros();
        until = until.max(to);
    }
    (total > 0).then(|| sum as f64 / total as f64)
}

/// Returns the traded notional of a year over the mean equity at the opens, both entries and exits counted.
///
/// Notional / mean equity x 252 / sessions. `None` without a session or without equity. A position that is opened and
/// closed with the whole equity once a session gives 504.
#[must_use]
pub fn turnover(notional: Money, days: &[DayResult]) -> Option<f64> {
    let equity: f64 = days.iter().map(|day| dollars(day.equity_open)).sum();
    // Mean equity times sessions is the sum of equity.
    (equity > 0.0).then(|| dollars(notional) / equity * SESSIONS_PER_YEAR)
}

/// Returns the day of a date, `days` in order of date.
pub(super) fn day_of(days: &[DayResult], date: Date) -> Option<&DayResult> {
    days.binary_search_by_key(&date, |day| day.date).ok().map(|index| &days[index])
}

fn held_in_session(trade: &Trade, days: &[DayResult]) -> Option<(Timestamp, Timestamp)> {
    let day = day_of(days, trade.attempt.date)?;
    let (from, to) = (trade.entry_time.max(day.open), trade.exit_time?.min(day.close));
    (from < to).then_some((from, to))
}
