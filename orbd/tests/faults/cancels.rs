//! Modes 6, 9, 10, 14 and 15: orders that hang, stand in each other's way, are moved or closed while they fill, and a
//! broker that is asked too often.

use orb_core::event::Command;
use orb_core::fact::ExitReason;
use orb_core::{Reason, Span, SymbolId};
use orbd::rehearsal::{Outcome, Rehearsal, unprotected};

use crate::rig::{at, breakout, classic, day, price, resting, story, survive};

fn one() -> Rehearsal {
    day(vec![breakout("AAA")], classic())
}

fn order(fault: &str, which: &str) -> String {
    format!("[[order]]\nfault = {{ {fault} }}\n{which}\n")
}

#[track_caller]
fn left(outcome: &Outcome, reason: ExitReason) {
    assert_eq!(outcome.trades.len(), 1, "{}", story(outcome));
    assert_eq!(outcome.trades[0].trade.exit_reason, Some(reason), "{}", story(outcome));
}

#[test]
fn mode_6_an_entry_stuck_in_pending_new_holds_entries() {
    let outcome = survive(one(), &order("pending_new_ms = 40000", "side = \"buy\""));
    assert!(outcome.said("entries held: reconciling (no answer from the broker"), "{}", story(&outcome));
    assert!(outcome.trades.is_empty(), "it is cancelled before it works\n{}", story(&outcome));
}

#[test]
fn mode_6_a_stuck_pending_cancel_delays_the_close_and_nothing_is_sent_meanwhile() {
    let outcome = survive(one(), &order("pending_cancel_ms = 25000", "side = \"sell\""));
    assert!(outcome.said("no answer from the broker"), "{}", story(&outcome));
    assert!(outcome.said("the close is still"), "{}", story(&outcome));
    let last = outcome.broker.executions.last().expect("an exit");
    assert!(last.at >= at("10:00:25"), "{}", story(&outcome));
    left(&outcome, ExitReason::TimeExit);
}

#[test]
fn mode_6_a_late_confirmation_that_nobody_hears_is_asked_for_again() {
    // The stop's cancel is confirmed after the first question for it, while the stream is mute.
    let mute = "[[stream]]\nfault = { mute_seconds = 20 }\nstream = \"trade_updates\"\nwhen = { at = \"09:59:59\" }\n";
    let outcome = survive(one(), &(order("pending_cancel_ms = 3500", "side = \"sell\"") + mute));
    left(&outcome, ExitReason::TimeExit);
}

#[test]
fn mode_9_a_stop_refused_as_a_wash_trade_is_placed_once_the_entry_is_gone() {
    // A pair of exits is exempt from the broker's check, a plain stop is not.
    let mut run = resting();
    run.strategies[0].target = None;
    let pieces = "pieces = { count = 4, every_ms = 400, stops_after = 2 }";
    let outcome = survive(day(vec![breakout("AAA")], run), &order(pieces, "side = \"buy\""));
    let refused = outcome.orders.iter().filter_map(|order| order.rejection.as_ref());
    assert!(refused.into_iter().any(|one| one.message.contains("wash trade")), "{}", story(&outcome));
    left(&outcome, ExitReason::TimeExit);
}

#[test]
fn mode_10_a_replacement_that_is_rejected_leaves_the_exit_where_it_is() {
    let outcome = survive(one(), &order("replace_rejected = true", "side = \"sell\"\ntype = \"limit\""));
    let successors = outcome.broker.orders.iter().filter(|order| order.replaces.is_some());
    // It is tried again, but neither at once nor for ever.
    assert_eq!(successors.count(), 3, "{}", story(&outcome));
    assert!(!outcome.said("reconcile_break"), "{}", story(&outcome));
    // Then it is told.
    assert!(outcome.said("and could not be moved to"), "{}", story(&outcome));
    assert!(!outcome.said("it is cancelled and placed anew"), "a target may stay\n{}", story(&outcome));
    left(&outcome, ExitReason::TimeExit);
}

#[test]
fn mode_10_an_exit_that_fills_while_it_is_replaced() {
    let outcome = survive(one(), &order("fills_while_replaced = true", "side = \"sell\"\ntype = \"limit\""));
    assert_eq!(outcome.trades.len(), 1, "{}", story(&outcome));
    assert_eq!(outcome.trades[0].trade.exit_reason, Some(ExitReason::Target), "{}", story(&outcome));
}

#[test]
fn mode_10_an_exit_that_was_replaced_is_followed_to_its_successor() {
    // No fault but the move itself: the target is placed with the limit and moved to where the fill puts it.
    let minutes = breakout("AAA").stay(3).to(price("104"));
    let outcome = survive(day(vec![minutes], classic()), "");
    let moved = outcome.broker.orders.iter().filter(|order| order.replaced_by.is_some()).count();
    assert!(moved >= 1, "{}", story(&outcome));
    left(&outcome, ExitReason::Target);
}

const CLOSE: (&str, Command) = ("09:45:00", Command::Close(SymbolId(0)));

fn closed() -> Rehearsal {
    let mut rehearsal = one();
    rehearsal.commands = vec![(at(CLOSE.0), CLOSE.1)];
    rehearsal
}

/// A close that is sent while another exit may be live would be refused for the shares that are held for that one: the
/// broker's check is the last line, and not the one to rely on.
#[track_caller]
fn nothing_refused(outcome: &Outcome) {
    assert!(outcome.orders.iter().all(|order| order.rejection.is_none()), "{}", story(outcome));
}

#[test]
fn mode_15_an_exit_that_fills_after_its_cancel_is_the_only_one() {
    for kind in ["stop", "limit"] {
        let plan = order("fills_after_cancel = true", &format!("side = \"sell\"\ntype = \"{kind}\""));
        let outcome = survive(closed(), &plan);
        assert_eq!(outcome.broker.executions.len(), 2, "one entry, one exit\n{}", story(&outcome));
        nothing_refused(&outcome);
        assert_eq!(outcome.trades.len(), 1, "{}", story(&outcome));
    }
}

#[test]
fn mode_15_a_close_beside_a_working_stop_waits_for_its_end() {
    let outcome = survive(closed(), &order("pending_cancel_ms = 3000", "side = \"sell\""));
    assert_eq!(outcome.broker.executions.len(), 2, "{}", story(&outcome));
    nothing_refused(&outcome);
    left(&outcome, ExitReason::ForceClose);
}

#[test]
fn an_entry_rejected_after_it_was_accepted_is_recorded() {
    let outcome = survive(one(), &order("rejected = \"no\"", "side = \"buy\""));
    assert!(outcome.trades.is_empty(), "{}", story(&outcome));
    assert_eq!(outcome.decisions[0].reason, Reason::RejectedByBroker, "{}", story(&outcome));
}

#[test]
fn a_kill_while_an_entry_hangs_lets_no_other_through() {
    let minutes = vec![breakout("AAA"), crate::rig::range("BBB").stay(3).to(price("101.2"))];
    let mut rehearsal = day(minutes, classic());
    rehearsal.commands = vec![(at("09:36:50"), Command::Kill { flatten: true })];
    let outcome = survive(rehearsal, &order("pending_new_ms = 20000", "side = \"buy\""));
    assert_eq!(crate::rig::entries(&outcome), 1, "{}", story(&outcome));
    assert!(outcome.said("entries held: kill"), "{}", story(&outcome));
}

const TWENTY: usize = 20;

#[test]
fn mode_14_a_flatten_of_twenty_symbols_under_429s() {
    let symbols = (0..TWENTY).map(|number| format!("S{number:02}"));
    let minutes = symbols.map(|symbol| breakout(&symbol)).collect();
    let mut run = classic();
    run.strategies[0].max_positions = 20;
    let refused = "[[http]]\nfault = \"too_many_requests\"\nwhen = { from = \"10:00:00\", rate = 0.3, times = 12 }\n";
    let outcome = survive(day(minutes, run), refused);
    assert_eq!(outcome.trades.len(), TWENTY, "{}", story(&outcome));
    assert!(outcome.said("too many requests"), "{}", story(&outcome));
}

#[test]
fn mode_6_a_close_stuck_in_pending_new_excuses_only_the_time_in_which_it_hangs() {
    let outcome = survive(one(), &order("pending_new_ms = 20000", "side = \"sell\"\ntype = \"market\""));
    let longest = unprotected(&outcome)[0];
    // No stop may stand beside the close: the position waits as long as that hangs, far beyond the bound.
    assert!(longest.lasted > outcome.unprotected_max, "{longest:?}\n{}", story(&outcome));
    assert!(longest.excused > Span::ZERO && longest.unexcused() < Span::from_seconds(1), "{longest:?}");
    left(&outcome, ExitReason::TimeExit);
}
