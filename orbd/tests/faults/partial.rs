//! Mode 7, partly filled entries: what is held is protected, whatever becomes of the rest.

use orb_core::fact::ExitReason;
use orb_exec::alpaca::BracketSupport;
use orbd::rehearsal::{Outcome, Rehearsal};

use crate::rig::{breakout, classic, day, price, story, survive};

const STOPS_HALFWAY: &str =
    "[[order]]\nfault = { pieces = { count = 4, every_ms = 400, stops_after = 2 } }\nside = \"buy\"\n";

#[track_caller]
fn half(outcome: &Outcome) {
    let row = outcome.orders.iter().find(|order| order.role == orb_core::order::OrderRole::Entry).expect("an entry");
    assert!(row.filled.shares() > 0 && row.filled < row.quantity, "{}", story(outcome));
}

#[test]
fn mode_7_the_rest_of_an_entry_is_cancelled_and_what_was_filled_gets_its_stop() {
    let outcome = survive(day(vec![breakout("AAA")], classic()), STOPS_HALFWAY);
    half(&outcome);
    assert!(outcome.said("shares wait for their stop"), "{}", story(&outcome));
    assert_eq!(outcome.trades[0].trade.exit_reason, Some(ExitReason::TimeExit), "{}", story(&outcome));
}

#[test]
fn mode_7_what_was_filled_is_stopped_out() {
    let minutes = breakout("AAA").stay(3).to(price("98"));
    let outcome = survive(day(vec![minutes], classic()), STOPS_HALFWAY);
    half(&outcome);
    assert_eq!(outcome.trades[0].trade.exit_reason, Some(ExitReason::Stop), "{}", story(&outcome));
}

#[test]
fn mode_7_an_entry_without_legs_is_protected_piece_by_piece() {
    let rehearsal = Rehearsal { brackets: BracketSupport::None, ..day(vec![breakout("AAA")], classic()) };
    let outcome = survive(rehearsal, STOPS_HALFWAY);
    half(&outcome);
    assert_eq!(outcome.trades[0].trade.exit_reason, Some(ExitReason::TimeExit), "{}", story(&outcome));
}

#[test]
fn mode_7_a_target_filled_in_pieces_shrinks_the_stop() {
    let minutes = breakout("AAA").stay(3).to(price("104"));
    let plan = "[[order]]\nfault = { pieces = { count = 3, every_ms = 700 } }\nside = \"sell\"\ntype = \"limit\"\n";
    let outcome = survive(day(vec![minutes], classic()), plan);
    assert!(outcome.broker.executions.len() > 2, "{}", story(&outcome));
    assert_eq!(outcome.trades[0].trade.exit_reason, Some(ExitReason::Target), "{}", story(&outcome));
}
