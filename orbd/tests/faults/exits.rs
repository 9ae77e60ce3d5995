//! Modes 11 and 18: exits that are refused, ended by the broker, or that both fill.

use orb_core::fact::ExitReason;
use orb_core::{Span, SymbolId};
use orb_exec::alpaca::BracketSupport;
use orb_sim::broker::{OrderClass, OrderStatus};
use orbd::rehearsal::Rehearsal;

use crate::rig::{breakout, classic, day, price, range, story, survive};

#[test]
fn mode_18_both_exits_fill_and_the_flip_is_closed() {
    let minutes = breakout("AAA").stay(3).to(price("98"));
    let plan = "[[order]]\nfault = { both_legs_fill = true }\nside = \"sell\"\n";
    let outcome = survive(day(vec![minutes], classic()), plan);
    assert!(outcome.said("beyond flat"), "{}", story(&outcome));
    let executions = outcome.executions(SymbolId(0)).count();
    assert_eq!(executions, 4, "entry, both exits, and the close of the flip\n{}", story(&outcome));
    assert_eq!(outcome.trades.last().and_then(|row| row.trade.exit_reason), Some(ExitReason::Unprotected));
}

#[test]
fn mode_11_a_stop_beyond_the_market_closes_the_position() {
    // The order takes so long that it fills below its own stop: no stop can be placed there any more.
    let minutes = range("AAA").to(price("101.1")).gap(price("99.5"));
    let mut rehearsal = Rehearsal { brackets: BracketSupport::None, ..day(vec![minutes], classic()) };
    rehearsal.latencies.fill = Span::from_seconds(8);
    // The close takes its time as well, and there is no stop that could be placed.
    rehearsal.unprotected_max = Span::from_seconds(9);
    let outcome = survive(rehearsal, "");
    assert_eq!(outcome.trades[0].trade.exit_reason, Some(ExitReason::Unprotected), "{}", story(&outcome));
}

/// Stops of some classes stand two dollars below where they were ordered, and cannot be moved.
fn displaced(class: &str) -> String {
    let fault = "fault = { displaced_cents = -200, replace_rejected = true }";
    format!("[[order]]\n{fault}\nside = \"sell\"\ntype = \"stop\"\n{class}\n")
}

#[test]
fn a_stop_that_risks_more_than_was_ordered_and_cannot_be_moved_is_placed_anew() {
    let outcome = survive(day(vec![breakout("AAA")], classic()), &displaced("class = \"bracket\""));
    assert!(outcome.said("could not be moved to 100: it is cancelled and placed anew"), "{}", story(&outcome));
    let stops = outcome.broker.orders.iter().filter(|order| order.is_stop() && order.class == OrderClass::Oco);
    let prices: Vec<_> = stops.map(|order| order.prices.stop).collect();
    assert_eq!(prices, [Some(price("100"))], "{}", story(&outcome));
    assert_eq!(outcome.trades[0].trade.exit_reason, Some(ExitReason::TimeExit), "{}", story(&outcome));
}

#[test]
fn a_position_whose_stop_stands_wrong_however_often_it_is_placed_is_closed() {
    let outcome = survive(day(vec![breakout("AAA")], classic()), &displaced(""));
    assert!(outcome.said("could not be moved to 100"), "{}", story(&outcome));
    let stops = outcome.broker.orders.iter().filter(|order| order.is_stop() && order.replaces.is_none());
    assert_eq!(stops.count(), 4, "the entry's, and three more\n{}", story(&outcome));
    assert_eq!(outcome.trades.len(), 1, "{}", story(&outcome));
    assert_eq!(outcome.trades[0].trade.exit_reason, Some(ExitReason::Unprotected), "{}", story(&outcome));
}

#[test]
fn legs_that_the_broker_rejects_are_made_anew() {
    let plan = "[[order]]\nfault = { legs_rejected = true }\nside = \"buy\"\n";
    let outcome = survive(day(vec![breakout("AAA")], classic()), plan);
    let rejected = outcome.broker.orders.iter().filter(|order| order.status == OrderStatus::Rejected).count();
    assert_eq!(rejected, 2, "both legs of the entry\n{}", story(&outcome));
    let pairs = outcome.broker.orders.iter().filter(|order| order.class == OrderClass::Oco && order.is_stop());
    assert_eq!(pairs.count(), 1, "a stop beside a target, made anew\n{}", story(&outcome));
    assert_eq!(outcome.trades.len(), 1, "{}", story(&outcome));
    assert_eq!(outcome.trades[0].trade.exit_reason, Some(ExitReason::TimeExit), "{}", story(&outcome));
}
