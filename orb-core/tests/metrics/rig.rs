//! Days and trades for tests.

use chrono::{Days, NaiveTime};
use orb_core::config::StrategyId;
use orb_core::fact::{ExitReason, Trade};
use orb_core::metrics::DayResult;
use orb_core::order::AttemptId;
use orb_core::{Date, Money, Price, Quantity, Side, Span, SymbolId, Timestamp};

/// Returns a day; number 0 is Monday, 2024-01-01, and weekends count as sessions.
pub(crate) fn date(number: u64) -> Date {
    Date::from_ymd_opt(2024, 1, 1).expect("a date") + Days::new(number)
}

pub(crate) fn open(number: u64) -> Timestamp {
    let half_past_nine = NaiveTime::from_hms_opt(14, 30, 0).expect("a time");
    Timestamp::from_datetime(date(number).and_time(half_past_nine).and_utc())
}

pub(crate) fn dollars(dollars: i64) -> Money {
    Money::from_cents(dollars * 100)
}

/// Makes the days of an account from its equity in micro-dollars: at the first open, then at each end.
pub(crate) fn days_of_micros(equities: &[i64]) -> Vec<DayResult> {
    let mut peak = equities[0];
    let day = |(number, pair): (usize, &[i64])| {
        let number = number as u64;
        peak = peak.max(pair[1]);
        DayResult {
            date: date(number),
            open: open(number),
            close: open(number) + Span::from_minutes(390),
            equity_open: Money::from_micros(pair[0]),
            equity: Money::from_micros(pair[1]),
            realized: Money::from_micros(pair[1] - pair[0]),
            fees: Money::ZERO,
            drawdown: Money::from_micros(peak - pair[1]),
        }
    };
    equities.windows(2).enumerate().map(day).collect()
}

/// Makes the days of an account from its equity in dollars: at the first open, then at each end.
pub(crate) fn days_of(equities: &[i64]) -> Vec<DayResult> {
    days_of_micros(&equities.iter().map(|equity| equity * 1_000_000).collect::<Vec<_>>())
}

/// Makes a closed long trade of 100 shares from 50 dollars with a stop at 49, so that its risk is 100 dollars.
pub(crate) fn trade(day: u64, result: i64) -> Trade {
    Trade {
        attempt: AttemptId { date: date(day), strategy: StrategyId(0), symbol: SymbolId(0), attempt: 1 },
        side: Side::Long,
        entered: Quantity::new(100),
        exited: Quantity::new(100),
        entry_time: open(day) + Span::from_minutes(5),
        exit_time: Some(open(day) + Span::from_minutes(65)),
        entry_notional: dollars(5_000),
        exit_notional: dollars(5_000 + result),
        fees: Money::ZERO,
        stop: Price::from_cents(4_900),
        target: None,
        exit_reason: Some(ExitReason::TimeExit),
        unprotected: Span::ZERO,
    }
}

/// Sets when a trade was open, in minutes after its session's open.
pub(crate) fn held(mut trade: Trade, day: u64, from: i64, to: i64) -> Trade {
    let at = |minute| open(day) + Span::from_minutes(minute);
    (trade.entry_time, trade.exit_time) = (at(from), Some(at(to)));
    trade
}

#[track_caller]
pub(crate) fn assert_close(found: f64, expected: f64, tolerance: f64) {
    let bound = tolerance * expected.abs().max(1e-300);
    assert!((found - expected).abs() <= bound, "found {found}, expected {expected} within {tolerance} of it");
}
