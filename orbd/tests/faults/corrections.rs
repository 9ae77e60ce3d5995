//! Executions that the broker takes back or corrects after they were counted: the books follow, to the cent.

use orb_core::Reason;
use orb_core::fact::ExitReason;
use orbd::rehearsal::Outcome;

use crate::rig::{breakout, classic, day, price, story, survive};

const ENTRY_BUSTED: &str = "[[order]]\nfault = { busted_ms = 120000 }\nside = \"buy\"\ntype = \"limit\"\n";

#[track_caller]
fn reported(outcome: &Outcome, words: &str) {
    assert!(outcome.said(words), "{words}\n{}", story(outcome));
    assert!(outcome.said("entries held: reconcile_break"), "{}", story(outcome));
    let kinds: Vec<&str> = outcome.view.alarms.iter().map(|alarm| alarm.alarm.kind.name()).collect();
    assert_eq!(kinds, ["execution_corrected"], "{}", story(outcome));
    decided(outcome);
}

/// A day has a trade or a decision, and never both.
#[track_caller]
fn decided(outcome: &Outcome) {
    let reasons: Vec<Reason> = outcome.decisions.iter().map(|decision| decision.reason).collect();
    let expected: &[Reason] = if outcome.trades.is_empty() { &[Reason::RejectedByBroker] } else { &[] };
    assert_eq!(reasons, expected, "{}", story(outcome));
}

fn taken_back(outcome: &Outcome) -> usize {
    outcome.fills.iter().filter(|fill| fill.taken_back.is_some()).count()
}

#[test]
fn a_part_of_an_entry_that_is_taken_back_leaves_the_rest_protected_and_counted() {
    let plan = "[[order]]\nfault = { pieces = { count = 3, every_ms = 400 }, busted_ms = 120000 }\nside = \"buy\"\n";
    let outcome = survive(day(vec![breakout("AAA")], classic()), plan);
    reported(&outcome, "the broker took back 66 shares");
    assert_eq!((taken_back(&outcome), outcome.trades.len()), (1, 1), "{}", story(&outcome));
    let trade = &outcome.trades[0].trade;
    assert_eq!((trade.entered.shares(), trade.exit_reason), (132, Some(ExitReason::TimeExit)), "{}", story(&outcome));
}

#[test]
fn a_whole_entry_that_is_taken_back_was_no_trade_and_leaves_no_stop_behind() {
    let outcome = survive(day(vec![breakout("AAA")], classic()), ENTRY_BUSTED);
    reported(&outcome, "the broker took back 198 shares");
    assert_eq!((taken_back(&outcome), outcome.trades.len()), (1, 0), "{}", story(&outcome));
}

#[test]
fn an_exit_that_is_taken_back_is_made_again() {
    let minutes = breakout("AAA").stay(3).to(price("104"));
    let plan = "[[order]]\nfault = { busted_ms = 120000 }\nside = \"sell\"\ntype = \"limit\"\n";
    let outcome = survive(day(vec![minutes], classic()), plan);
    reported(&outcome, "the broker took back 198 shares");
    assert_eq!((taken_back(&outcome), outcome.trades.len()), (1, 1), "{}", story(&outcome));
    assert_eq!(outcome.trades[0].trade.exit_reason, Some(ExitReason::Unprotected), "{}", story(&outcome));
}

#[test]
fn an_entry_that_is_taken_back_after_its_exit_leaves_a_position_that_is_closed() {
    let minutes = breakout("AAA").stay(1).to(price("104"));
    let plan = ENTRY_BUSTED.replace("120000", "600000");
    let outcome = survive(day(vec![minutes], classic()), &plan);
    reported(&outcome, "the broker took back 198 shares");
    assert_eq!((taken_back(&outcome), outcome.trades.len()), (1, 1), "what was sold, bought back\n{}", story(&outcome));
    let trade = &outcome.trades[0].trade;
    assert_eq!((trade.side, trade.exit_reason), (orb_core::Side::Short, Some(ExitReason::Unprotected)));
}

#[test]
fn a_price_that_is_corrected_corrects_the_trade() {
    let plan = "[[order]]\nfault = { corrected = { after_ms = 120000, cents = -3 } }\nside = \"buy\"\n";
    let outcome = survive(day(vec![breakout("AAA")], classic()), plan);
    reported(&outcome, "the broker corrected 198 shares");
    // A process keeps the log of its first session alone.
    let plain = survive(day(vec![breakout("AAA")], classic()), "");
    let [before, after] = [&plain, &outcome].map(|outcome| outcome.trades[0].trade.clone());
    assert_eq!((before.entry_notional - after.entry_notional).micros(), 198 * 30_000, "{}", story(&outcome));
    assert_eq!((after.stop, after.exit_reason), (before.stop, Some(ExitReason::TimeExit)), "{}", story(&outcome));
}

#[test]
fn an_execution_that_is_taken_back_without_news_is_found_in_the_lists() {
    let lost = "[[stream]]\nfault = \"drop\"\nstream = \"trade_updates\"\nkind = \"trade_bust\"\n";
    let outcome = survive(day(vec![breakout("AAA")], classic()), &(ENTRY_BUSTED.to_owned() + lost));
    reported(&outcome, "the broker took back 198 shares");
    assert_eq!((taken_back(&outcome), outcome.trades.len()), (1, 0), "{}", story(&outcome));
}
