//! The figures of trades.

use orb_core::fact::{ExitReason, Trade};
use orb_core::metrics::{Metrics, Sample, TRADES_MIN, TradeStats, exposure, turnover};
use orb_core::{Money, Price, Quantity, Side, Span};

use crate::rig::{assert_close, days_of, dollars, held, open, trade};

fn with_fees(mut trade: Trade, fees: i64) -> Trade {
    trade.fees = dollars(fees);
    trade
}

#[test]
fn wins_and_losses_are_judged_after_fees() {
    let trades = [trade(0, 300), with_fees(trade(1, 50), 60), trade(2, -100), with_fees(trade(3, 20), 20)];
    let stats = TradeStats::of(&trades, &[]);
    assert_eq!((stats.count, stats.wins, stats.losses), (4, 1, 2));
    assert_eq!((stats.gross, stats.fees, stats.net), (dollars(270), dollars(80), dollars(190)));
    assert_eq!((stats.average_win, stats.average_loss), (Some(dollars(300)), Some(dollars(-55))));
    assert_eq!(stats.expectancy, Some(Money::from_cents(4_750)));
    assert_eq!(stats.win_rate, Some(0.25));
    assert_close(stats.profit_factor.unwrap(), 300.0 / 110.0, 1e-15);
    assert_close(stats.payoff.unwrap(), 300.0 / 55.0, 1e-15);
    // The risk of each is 100 dollars: 3 + 0.5 - 1 + 0.2, and 3 - 0.1 - 1 + 0 after fees.
    assert_close(stats.expectancy_r.unwrap(), 2.7 / 4.0, 1e-15);
    assert_close(stats.expectancy_r_net.unwrap(), 1.9 / 4.0, 1e-15);
}

#[test]
fn figures_without_their_trades_are_absent() {
    let none = TradeStats::of([], &[]);
    assert_eq!(none, TradeStats::default());
    assert_eq!((none.win_rate, none.expectancy, none.average_holding), (None, None, None));
    let win = TradeStats::of(&[trade(0, 10)], &[]);
    assert_eq!((win.profit_factor, win.payoff, win.average_loss), (None, None, None));
    let loss = TradeStats::of(&[trade(0, -10)], &[]);
    assert_eq!((loss.profit_factor, loss.payoff, loss.average_win), (Some(0.0), None, None));
    assert_eq!((loss.fees_share, loss.slippage_share, loss.costs_share()), (None, None, None));
    let open = Trade { exited: Quantity::new(40), ..trade(0, 10) };
    assert_eq!(TradeStats::of(&[open], &[]).count, 0);
    let riskless = Trade { stop: Price::from_cents(5_000), ..trade(0, 10) };
    assert_eq!(TradeStats::of(&[riskless], &[]).expectancy_r, None);
}

#[test]
fn slippage_is_paid_at_entries_and_at_exits_but_not_at_targets() {
    let two_cents = [Price::from_cents(2)];
    let cost = |reason| {
        let trade = Trade { exit_reason: Some(reason), ..trade(0, 100) };
        TradeStats::of(&[trade], &two_cents).slippage
    };
    for reason in ExitReason::ALL {
        let sides = if *reason == ExitReason::Target { 1 } else { 2 };
        assert_eq!(cost(*reason), dollars(2 * sides), "{reason:?}");
    }
    let mut other = trade(0, 100);
    other.attempt.strategy = orb_core::config::StrategyId(1);
    assert_eq!(TradeStats::of(&[other], &two_cents).slippage, Money::ZERO);
}

#[test]
fn costs_are_shares_of_the_result_before_them() {
    let stats = TradeStats::of(&[with_fees(trade(0, 96), 10)], &[Price::from_cents(2)]);
    assert_eq!((stats.before_costs(), stats.costs(), stats.net), (dollars(100), dollars(14), dollars(86)));
    assert_eq!((stats.fees_share, stats.slippage_share), (Some(0.1), Some(0.04)));
    assert_close(stats.costs_share().unwrap(), 0.14, 1e-15);
}

#[test]
fn a_losing_streak_goes_by_the_time_of_the_exit() {
    // In order of exit: lost, won, lost, lost, even, lost.
    let results = [(40, -5), (10, -5), (20, 5), (50, 0), (60, -5), (30, -5)];
    let trades = results.map(|(exit, result)| held(trade(0, result), 0, 5, exit));
    assert_eq!(TradeStats::of(&trades, &[]).longest_losing_streak, 2);
    assert_eq!(TradeStats::of(&trades[2..4], &[]).longest_losing_streak, 0);
}

#[test]
fn holding_time_is_a_mean() {
    let trades = [held(trade(0, 5), 0, 10, 20), held(trade(0, 5), 0, 10, 41)];
    assert_eq!(TradeStats::of(&trades, &[]).average_holding, Some(Span::from_seconds(1_230)));
}

#[test]
fn exposure_counts_a_minute_once_and_only_in_sessions() {
    let days = days_of(&[100_000, 100_000, 100_000]);
    let of = |trades: &[Trade]| exposure(trades, &days).unwrap() * 780.0;
    assert_close(of(&[held(trade(0, 0), 0, 10, 49)]), 39.0, 1e-12);
    // Overlapping, nested and separate: [10, 40) and [60, 70).
    let spans = [(10, 30), (20, 40), (25, 35), (60, 70)].map(|(from, to)| held(trade(0, 0), 0, from, to));
    assert_close(of(&spans), 40.0, 1e-12);
    // The same minutes of two days are two times.
    assert_close(of(&[held(trade(0, 0), 0, 0, 5), held(trade(1, 0), 1, 0, 5)]), 10.0, 1e-12);
    // Before the open, after the close, and on a day that is not of the period.
    assert_close(of(&[held(trade(0, 0), 0, -30, 400)]), 390.0, 1e-12);
    assert_eq!(of(&[held(trade(0, 0), 0, 395, 400)]), 0.0);
    assert_eq!(of(&[held(trade(9, 0), 9, 10, 20)]), 0.0);
    let unknown: Vec<_> = days.iter().map(|day| orb_core::metrics::DayResult { close: day.open, ..*day }).collect();
    assert_eq!(exposure(&[trade(0, 0)], &unknown), None);
}

#[test]
fn turnover_of_the_whole_equity_each_session_is_two_times_252() {
    let days = days_of(&[5_000, 5_000, 5_000]);
    let trades = [trade(0, 0), trade(1, 0)];
    let metrics = Metrics::of(&trades, &days);
    assert_eq!(metrics.trades.notional, dollars(20_000));
    assert_close(metrics.turnover.unwrap(), 504.0, 1e-15);
    assert_eq!(turnover(dollars(10), &[]), None);
}

#[test]
fn fewer_than_a_hundred_trades_are_thin() {
    let trades: Vec<Trade> = (0..TRADES_MIN as u64).map(|day| trade(day, 1)).collect();
    assert!(!Sample::new(&trades, &[]).metrics().is_thin());
    assert!(Sample::new(&trades[1..], &[]).metrics().is_thin());
}

#[test]
fn shorts_gain_when_prices_fall() {
    let short = Trade { side: Side::Short, stop: Price::from_cents(5_100), ..trade(0, -200) };
    let stats = TradeStats::of(&[short], &[]);
    assert_eq!((stats.net, stats.expectancy_r), (dollars(200), Some(2.0)));
    assert_eq!(held(trade(0, 1), 0, 0, 1).entry_time, open(0));
}
