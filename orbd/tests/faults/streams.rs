//! Modes 2, 3, 4, 8 and 17: connections that are mute, refused or cut, and news that are lost, doubled or unheard of.

use orb_core::Reason;
use orb_core::fact::ExitReason;
use orb_exec::alpaca::BracketSupport;
use orbd::rehearsal::{Outcome, Rehearsal};

use crate::rig::{breakout, classic, day, price, range, resting, story, survive};

fn one() -> Rehearsal {
    day(vec![breakout("AAA")], classic())
}

fn stream(fault: &str, which: &str, when: &str) -> String {
    format!("[[stream]]\nfault = {fault}\n{which}\nwhen = {{ {when} }}\n")
}

const PRICES: &str = "stream = \"data\"";

#[track_caller]
fn left_at_the_end(outcome: &Outcome) {
    assert_eq!(outcome.trades.len(), 1, "{}", story(outcome));
    assert_eq!(outcome.trades[0].trade.exit_reason, Some(ExitReason::TimeExit), "{}", story(outcome));
}

#[test]
fn mode_2_a_mute_socket_holds_entries() {
    let outcome = survive(one(), &stream("{ mute_seconds = 150 }", PRICES, "at = \"09:35:10\""));
    assert!(outcome.said("entries held: stale_data"), "{}", story(&outcome));
    assert!(outcome.trades.is_empty(), "{}", story(&outcome));
    assert_eq!(outcome.decisions[0].reason, Reason::MissedBreakout, "{}", story(&outcome));
}

#[test]
fn mode_2_a_mute_socket_leaves_a_position_protected() {
    // The price falls through the stop while nothing is heard: the broker's stop does not need us.
    let minutes = breakout("AAA").stay(5).to(price("98"));
    let outcome =
        survive(day(vec![minutes], classic()), &stream("{ mute_seconds = 400 }", PRICES, "at = \"09:40:10\""));
    assert!(outcome.said("entries held: stale_data"), "{}", story(&outcome));
    assert_eq!(outcome.trades[0].trade.exit_reason, Some(ExitReason::Stop), "{}", story(&outcome));
}

#[test]
fn mode_3_a_dead_session_that_lingers_is_waited_for() {
    let outcome = survive(one(), &stream("{ linger = 90 }", PRICES, "at = \"09:40:10\""));
    assert!(outcome.said("connecting again"), "{}", story(&outcome));
    let refused = outcome.logs.iter().filter(|line| line.message.contains("406")).count();
    assert!((1..=4).contains(&refused), "{refused} attempts in 90 seconds: no storm\n{}", story(&outcome));
    left_at_the_end(&outcome);
}

#[test]
fn mode_3_a_connection_refused_for_too_many_requests() {
    let cut = stream("\"disconnect\"", PRICES, "at = \"09:40:10\"");
    let refused =
        "[[http]]\nfault = \"too_many_requests\"\npath = \"/v2/sip\"\nwhen = { from = \"09:40:00\", times = 2 }\n";
    let outcome = survive(one(), &(cut + refused));
    assert!(outcome.said("429"), "{}", story(&outcome));
    left_at_the_end(&outcome);
}

const FILLS: &str = "stream = \"trade_updates\"\nkind = \"fill\"";

#[test]
fn mode_4_a_fill_that_is_never_told() {
    let outcome = survive(one(), &stream("\"drop\"", FILLS, "nth = [1]"));
    left_at_the_end(&outcome);
}

#[test]
fn mode_4_a_fill_that_is_never_told_of_an_entry_without_legs() {
    // The entry should have filled: it is looked up after two seconds, long before the next comparison.
    let rehearsal = Rehearsal { brackets: BracketSupport::None, ..one() };
    let outcome = survive(rehearsal, &stream("\"drop\"", FILLS, "nth = [1]"));
    left_at_the_end(&outcome);
}

#[test]
fn mode_4_a_fill_that_is_never_told_of_an_entry_that_rests() {
    // A price beyond the entry's level was heard: it is looked up as well.
    let outcome = survive(day(vec![breakout("AAA")], resting()), &stream("\"drop\"", FILLS, "nth = [1]"));
    left_at_the_end(&outcome);
}

#[test]
fn mode_4_a_fill_during_a_cut_connection() {
    let outcome = survive(one(), &stream("\"disconnect\"", FILLS, "nth = [1]"));
    assert!(outcome.said("connecting again"), "{}", story(&outcome));
    left_at_the_end(&outcome);
}

#[test]
fn mode_4_an_exit_during_a_cut_connection() {
    let minutes = breakout("AAA").stay(3).to(price("98"));
    let outcome = survive(day(vec![minutes], classic()), &stream("\"disconnect\"", FILLS, "nth = [2]"));
    assert!(outcome.said("connecting again"), "{}", story(&outcome));
    assert_eq!(outcome.trades[0].trade.exit_reason, Some(ExitReason::Stop), "{}", story(&outcome));
}

#[test]
fn mode_4_news_that_come_twice_count_once() {
    let outcome = survive(one(), &stream("\"duplicate\"", "stream = \"trade_updates\"", ""));
    left_at_the_end(&outcome);
}

#[test]
fn mode_4_news_out_of_order() {
    let outcome = survive(one(), &stream("\"reorder\"", "stream = \"trade_updates\"", "rate = 0.5"));
    left_at_the_end(&outcome);
}

#[test]
fn mode_4_news_that_come_late() {
    let outcome = survive(one(), &stream("{ delay_ms = 2500 }", "stream = \"trade_updates\"", ""));
    left_at_the_end(&outcome);
}

#[test]
fn mode_8_a_held_stop_is_found_below_its_parent() {
    let outcome = survive(one(), &stream("\"disconnect\"", "stream = \"trade_updates\"", "at = \"09:36:30\""));
    left_at_the_end(&outcome);
    // Entry, target, stop; the target moved to where the fill put it, and the close.
    let stops = outcome.broker.orders.iter().filter(|order| order.is_stop()).count();
    assert_eq!(stops, 1, "no second stop is made\n{}", story(&outcome));
}

#[test]
fn mode_17_what_no_client_has_heard_of_is_passed_over() {
    let plan = stream("\"unknown_field\"", "", "rate = 0.2") + &stream("\"unknown_word\"", PRICES, "rate = 0.2");
    let plan = plan + &stream("\"unknown_type\"", PRICES, "rate = 0.1");
    let outcome = survive(one(), &plan);
    left_at_the_end(&outcome);
}

#[test]
fn mode_17_an_unheard_of_word_about_an_order() {
    let outcome = survive(one(), &stream("\"unknown_word\"", "stream = \"trade_updates\"", ""));
    left_at_the_end(&outcome);
}

#[test]
fn mode_12_a_bar_lost_on_the_way_at_the_range_s_end_is_asked_for() {
    // The bar that begins at 9:34 comes after 9:35.
    let lost = stream("\"drop\"", "stream = \"data\"\nkind = \"b\"", "at = \"09:34:59\"");
    let undisturbed = survive(one(), "");
    let outcome = survive(one(), &lost);
    left_at_the_end(&outcome);
    assert_eq!(outcome.trades[0].trade.stop, undisturbed.trades[0].trade.stop);
}

#[test]
fn mode_12_a_bar_that_cannot_be_asked_for_leaves_the_range_incomplete() {
    let lost = stream("\"drop\"", "stream = \"data\"\nkind = \"b\"", "at = \"09:34:59\"");
    let deaf = "[[http]]\nfault = { status = 500 }\npath = \"/v2/stocks/bars\"\n";
    let outcome = survive(one(), &(lost + deaf));
    assert!(outcome.trades.is_empty(), "{}", story(&outcome));
    assert_eq!(outcome.decisions[0].reason, Reason::RangeIncomplete, "{}", story(&outcome));
}

#[test]
fn mode_12_a_minute_without_trades_at_the_range_s_end() {
    let minutes = range("AAA").to(price("101.2"));
    let plan = "[[market]]\nfault = \"missing_bar\"\nsymbol = \"AAA\"\nat = \"09:34:00\"\n";
    let outcome = survive(day(vec![minutes], classic()), plan);
    left_at_the_end(&outcome);
}
