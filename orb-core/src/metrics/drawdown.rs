//! Falls of the equity below its earlier peak.

use super::day::{DayResult, dollars};
use crate::money::Money;
use crate::time::Date;

/// Holds one fall of the end-of-day equity below its earlier peak, until it is back there or the period ends.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Drawdown {
    /// The last day at the peak; `None` when the peak is the equity at the first open.
    pub peak: Option<Date>,
    /// The first day of the lowest equity.
    pub trough: Date,
    /// The first day back at the peak or above; `None` when the period ended before.
    pub recovery: Option<Date>,
    /// Peak less trough, above zero.
    pub amount: Money,
    /// Amount over the peak; 0 where the peak is not positive.
    pub fraction: f64,
    /// Sessions after the peak until the recovery, that one included, or until the end of the period.
    pub sessions: usize,
}

/// Lists the drawdowns of a period in order; `days` are in order of date.
#[must_use]
pub fn drawdowns(days: &[DayResult]) -> Vec<Drawdown> {
    let mut found = Vec::new();
    let (mut peak, mut peak_date) = (days.first().map_or(Money::ZERO, |day| day.equity_open), None);
    let mut current: Option<Drawdown> = None;
    for day in days {
        if let Some(drawdown) = &mut current {
            drawdown.sessions += 1;
        }
        if day.equity < peak {
            let drawdown = current.get_or_insert(Drawdown {
                peak: peak_date,
                trough: day.date,
                recovery: None,
                amount: Money::ZERO,
                fraction: 0.0,
                sessions: 1,
            });
            drawdown.sink_to(peak - day.equity, day.date);
            continue;
        }
        found.extend(current.take().map(|drawdown| Drawdown { recovery: Some(day.date), ..drawdown }.of_peak(peak)));
        (peak, peak_date) = (day.equity, Some(day.date));
    }
    found.extend(current.map(|drawdown| drawdown.of_peak(peak)));
    found
}

impl Drawdown {
    fn sink_to(&mut self, amount: Money, date: Date) {
        if amount > self.amount {
            (self.amount, self.trough) = (amount, date);
        }
    }

    fn of_peak(self, peak: Money) -> Self {
        let fraction = if peak > Money::ZERO { dollars(self.amount) / dollars(peak) } else { 0.0 };
        Self { fraction, ..self }
    }
}
