//! The figures of days.

use orb_core::metrics::{DailyStats, annualised_return, calmar, drawdowns, sharpe, sortino, total_return};

use crate::rig::{assert_close, date, days_of, dollars};

#[test]
fn sharpe_and_sortino_follow_their_formulas() {
    // Returns 2% and 1%: mean 1.5%, sample deviation 0.7071%: 1.5 / 0.7071 x sqrt(252) = 33.675.
    let stats = DailyStats::of(&days_of(&[100_000, 102_000, 103_020]));
    assert_close(stats.sharpe.unwrap(), 33.674_916_480_965_47, 1e-12);
    assert_eq!(stats.sortino, None);
    // Returns 2%, -1%, 0%: mean 1/3%, downside deviation sqrt(1/3)%, so sqrt(1/3) x sqrt(252) = sqrt(84).
    assert_close(sortino(&[0.02, -0.01, 0.0]).unwrap(), 84_f64.sqrt(), 1e-14);
}

#[test]
fn equal_days_have_no_ratio() {
    assert_eq!(DailyStats::of(&days_of(&[100_000, 100_000, 100_000])).sharpe, None);
    assert_eq!(sharpe(&[0.1; 7]), None);
    assert_eq!(sharpe(&[0.1]), None);
    assert_eq!(sortino(&[]), None);
}

#[test]
fn returns_compound_and_years_have_252_sessions() {
    assert_close(total_return(&[0.5, -0.5]), -0.25, 1e-15);
    assert_eq!((total_return(&[]), annualised_return(&[])), (0.0, None));
    assert_close(annualised_return(&[0.000_5; 252]).unwrap(), total_return(&[0.000_5; 252]), 1e-12);
    assert_close(annualised_return(&[0.000_5; 126]).unwrap(), total_return(&[0.000_5; 252]), 1e-12);
    // Everything is lost, then more than everything.
    assert_eq!(annualised_return(&[-1.0]), Some(-1.0));
    assert_eq!(annualised_return(&[-1.5]), None);
    assert_eq!(annualised_return(&[1e3; 1]), None);
    assert_eq!((calmar(0.3, 0.1), calmar(0.3, 0.0)), (Some(0.3 / 0.1), None));
}

#[test]
fn deposits_are_no_return() {
    let mut days = days_of(&[100_000, 101_000]);
    // Before the second day 99,000 dollars come in.
    days.extend(
        days_of(&[200_000, 202_000]).into_iter().map(|day| orb_core::metrics::DayResult { date: date(1), ..day }),
    );
    assert_close(DailyStats::of(&days).total_return.unwrap(), 1.01 * 1.01 - 1.0, 1e-14);
}

#[test]
fn a_drawdown_goes_from_its_last_peak_to_its_recovery() {
    let days = days_of(&[100, 110, 110, 99, 88, 88, 105, 110, 120, 114]);
    let found = drawdowns(&days);
    assert_eq!(found.len(), 2);
    let deep = found[0];
    assert_eq!((deep.peak, deep.trough, deep.recovery), (Some(date(1)), date(3), Some(date(6))));
    assert_eq!((deep.amount, deep.sessions), (dollars(22), 5));
    assert_close(deep.fraction, 0.2, 1e-15);
    let last = found[1];
    assert_eq!((last.peak, last.trough, last.recovery, last.sessions), (Some(date(7)), date(8), None, 1));
    let stats = DailyStats::of(&days);
    assert_eq!((stats.deepest_drawdown, stats.longest_drawdown), (Some(deep), 5));
    assert_eq!((stats.max_drawdown, stats.max_drawdown_fraction), (dollars(22), 0.2));
}

#[test]
fn the_first_equity_is_a_peak_too() {
    let found = drawdowns(&days_of(&[100, 90, 95]));
    assert_eq!((found[0].peak, found[0].trough, found[0].sessions), (None, date(0), 2));
    assert!(drawdowns(&days_of(&[100, 100, 101])).is_empty() && drawdowns(&[]).is_empty());
}

#[test]
fn the_deepest_drawdown_is_the_one_of_the_greatest_fraction() {
    // 20 of 100 is deeper than 30 of 200, but the amount is less.
    let stats = DailyStats::of(&days_of(&[100, 80, 200, 170]));
    assert_eq!((stats.max_drawdown, stats.max_drawdown_fraction), (dollars(30), 0.2));
    assert_eq!(stats.deepest_drawdown.unwrap().amount, dollars(20));
}

#[test]
fn best_and_worst_day_are_the_first_of_equals() {
    let stats = DailyStats::of(&days_of(&[100, 103, 101, 104, 102]));
    assert_eq!(stats.best_day, Some((date(0), dollars(3))));
    assert_eq!(stats.worst_day, Some((date(1), dollars(-2))));
    assert_eq!(DailyStats::of(&[]), DailyStats::default());
}
