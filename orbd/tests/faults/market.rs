//! Modes 5, 13 and 16: a market that stands still, an account that lags or is away, and clocks that differ.

use orb_core::fact::ExitReason;
use orb_core::{Reason, Span};

use crate::rig::{breakout, classic, day, price, story, survive};

#[test]
fn mode_13_a_halt_with_a_position_ends_at_its_stop_after_it() {
    let minutes = breakout("AAA").stay(4).silent(5).to(price("98"));
    let plan = "[[market]]\nfault = { halt_seconds = 300 }\nsymbol = \"AAA\"\nreason = \"LUDP\"\nat = \"09:41:00\"\n";
    let outcome = survive(day(vec![minutes], classic()), plan);
    assert_eq!(outcome.trades[0].trade.exit_reason, Some(ExitReason::Stop), "{}", story(&outcome));
}

#[test]
fn mode_13_a_flatten_during_a_halt_is_done_after_it() {
    let plan = "[[market]]\nfault = { halt_seconds = 120 }\nsymbol = \"AAA\"\nreason = \"T1\"\nat = \"09:59:30\"\n";
    let mut rehearsal = day(vec![breakout("AAA")], classic());
    rehearsal.unprotected_max = Span::from_seconds(125);
    let outcome = survive(rehearsal, plan);
    assert!(outcome.said("the close is still"), "{}", story(&outcome));
    assert_eq!(outcome.trades[0].trade.exit_reason, Some(ExitReason::TimeExit), "{}", story(&outcome));
}

#[test]
fn mode_13_no_entry_in_a_symbol_that_is_halted() {
    // Only bars are heard: that of 9:36, in which the level is crossed, comes while the symbol is halted.
    let plan = "[[market]]\nfault = { halt_seconds = 60 }\nsymbol = \"AAA\"\nreason = \"LUDP\"\nat = \"09:36:50\"\n";
    let mut rehearsal = day(vec![breakout("AAA")], classic());
    rehearsal.streams.ticks = Some(Vec::new());
    rehearsal.streams.stale_after = Some(Span::from_seconds(90));
    let outcome = survive(rehearsal, plan);
    assert_eq!((crate::rig::entries(&outcome), outcome.trades.len()), (0, 0), "{}", story(&outcome));
    assert_eq!(outcome.decisions[0].reason, Reason::Halted, "{}", story(&outcome));
}

#[test]
fn mode_5_a_position_list_that_fails_is_asked_again_before_flat_is_believed() {
    let plan =
        "[[http]]\nfault = { status = 500 }\npath = \"/v2/positions\"\nwhen = { from = \"10:00:00\", times = 3 }\n";
    let outcome = survive(day(vec![breakout("AAA")], classic()), plan);
    assert_eq!(outcome.trades[0].trade.exit_reason, Some(ExitReason::TimeExit), "{}", story(&outcome));
    assert!(outcome.said("verified flat"), "{}", story(&outcome));
}

#[test]
fn mode_5_a_position_list_that_lags_is_not_believed_at_once() {
    let plan = "[[account]]\nfault = { positions_lag_ms = 1500 }\n";
    let outcome = survive(day(vec![breakout("AAA")], classic()), plan);
    assert!(outcome.said("the books are flat, but the broker still shows 198 shares"), "{}", story(&outcome));
    assert!(!outcome.said("reconcile_break"), "{}", story(&outcome));
    assert_eq!(outcome.trades[0].trade.exit_reason, Some(ExitReason::TimeExit), "{}", story(&outcome));
    assert!(outcome.said("verified flat"), "{}", story(&outcome));
}

const SKEW: &str = "[[account]]\nfault = { clock_skew_ms = 2000 }\nwhen = { from = ";

#[test]
fn mode_16_a_clock_that_differs_holds_entries_until_it_agrees() {
    let plan = format!("{SKEW}\"09:33:00\", to = \"09:38:00\" }}\n");
    let outcome = survive(day(vec![breakout("AAA")], classic()), &plan);
    assert!(outcome.said("entries held: clock_skew"), "{}", story(&outcome));
    assert!(outcome.said("hold clock_skew cleared"), "{}", story(&outcome));
    assert!(outcome.trades.is_empty(), "{}", story(&outcome));
    assert_eq!(outcome.decisions[0].reason, Reason::Hold, "{}", story(&outcome));
}

#[test]
fn mode_16_a_clock_that_differs_hinders_no_exit() {
    let plan = format!("{SKEW}\"09:40:00\" }}\n");
    let outcome = survive(day(vec![breakout("AAA")], classic()), &plan);
    assert!(outcome.said("entries held: clock_skew"), "{}", story(&outcome));
    assert_eq!(outcome.trades[0].trade.exit_reason, Some(ExitReason::TimeExit), "{}", story(&outcome));
}

#[test]
fn mode_16_a_half_day_is_left_by_its_own_close() {
    // The day after Thanksgiving closes at 13:00: three hours before that is 10:00.
    let outcome = survive(day(vec![breakout("AAA")], classic()), "");
    let left = outcome.trades[0].trade.exit_time.expect("left");
    assert!(left >= crate::rig::at("10:00:00") && left < crate::rig::at("10:00:05"), "{left}");
}

#[test]
fn a_broker_that_is_away_for_a_while_costs_nothing_but_entries() {
    let plan = "[[http]]\nfault = { status = 503 }\nwhen = { from = \"09:40:00\", to = \"09:50:00\" }\n";
    let outcome = survive(day(vec![breakout("AAA")], classic()), plan);
    assert!(outcome.said("entries held: broker_unavailable"), "{}", story(&outcome));
    assert_eq!(outcome.trades[0].trade.exit_reason, Some(ExitReason::TimeExit), "{}", story(&outcome));
}
