//! Mode 1, ambiguous requests: what became of an order that got no clear answer is looked up, and never sent again
//! blindly.

use orb_core::fact::ExitReason;
use orb_exec::alpaca::BracketSupport;
use orbd::rehearsal::{Outcome, Rehearsal};

use crate::rig::{breakout, classic, day, entries, story, survive};

fn one() -> Rehearsal {
    day(vec![breakout("AAA")], classic())
}

fn first_order(fault: &str) -> String {
    format!("[[http]]\nfault = {fault}\npath = \"/v2/orders\"\nmethod = \"POST\"\nwhen = {{ nth = [1] }}\n")
}

const UNCLEAR: &str = "what became of a request is not known";

#[track_caller]
fn landed(fault: &str) {
    let outcome = survive(one(), &first_order(fault));
    assert!(outcome.said(UNCLEAR), "{}", story(&outcome));
    assert_eq!(entries(&outcome), 1, "{}", story(&outcome));
    assert_eq!(outcome.trades.len(), 1, "{}", story(&outcome));
    assert_eq!(outcome.trades[0].trade.exit_reason, Some(ExitReason::TimeExit));
}

#[track_caller]
fn never_landed(fault: &str) {
    let outcome = survive(one(), &first_order(fault));
    assert!(outcome.said(UNCLEAR), "{}", story(&outcome));
    assert_eq!((entries(&outcome), outcome.trades.len()), (0, 0), "{}", story(&outcome));
    let rejection = outcome.orders.iter().find_map(|order| order.rejection.as_ref()).expect("a rejection");
    // One answer of "not found" may only mean that it is not there yet.
    assert!(rejection.message.contains("after 3 questions: it was never made"), "{}", rejection.message);
}

#[test]
fn mode_1_an_entry_that_timed_out_after_it_landed() {
    landed("\"timeout_after\"");
}

#[test]
fn mode_1_an_entry_answered_by_a_failure_after_it_landed() {
    landed("{ status_after = 504 }");
}

#[test]
fn mode_1_an_entry_whose_answer_was_cut_off() {
    landed("\"truncated\"");
}

#[test]
fn mode_1_an_entry_that_timed_out_before_it_landed() {
    never_landed("\"timeout_before\"");
}

#[test]
fn mode_1_an_entry_answered_by_a_failure_before_it_landed() {
    never_landed("{ status = 503 }");
}

#[test]
fn mode_1_an_entry_answered_by_a_page_for_people() {
    never_landed("\"html\"");
}

/// A day on which prices go on after the breakout, and so many of its first requests for an entry are refused because
/// the market has passed their exits.
fn refused(times: usize) -> Outcome {
    let nth: Vec<String> = (1..=times).map(|number| number.to_string()).collect();
    let plan = first_order("\"beyond_market\"").replace("[1]", &format!("[{}]", nth.join(", ")));
    let mut rehearsal = day(vec![breakout("AAA").to(crate::rig::price("101.6"))], classic());
    // A print each quarter of a second: a fresh price is not long in coming.
    (rehearsal.path.steps_max, rehearsal.path.step_micros) = (240, 5_000);
    survive(rehearsal, &plan)
}

#[test]
fn mode_11_an_entry_whose_exits_the_market_has_passed_is_anchored_once_anew() {
    let outcome = refused(1);
    assert_eq!((entries(&outcome), outcome.trades.len()), (1, 1), "{}", story(&outcome));
    let made = outcome.broker.orders.iter().find(|order| orbd::rehearsal::is_entry(order)).expect("an entry");
    assert!(made.client_order_id.ends_with("-AAA-2e"), "{}", story(&outcome));
    assert_eq!(outcome.trades[0].trade.exit_reason, Some(ExitReason::TimeExit), "{}", story(&outcome));
}

#[test]
fn mode_11_an_entry_that_is_refused_twice_is_not_sent_again() {
    let outcome = refused(2);
    assert_eq!((entries(&outcome), outcome.trades.len()), (0, 0), "{}", story(&outcome));
    let refused = outcome.orders.iter().filter(|order| order.rejection.is_some()).count();
    assert_eq!(refused, 2, "{}", story(&outcome));
    assert_eq!(outcome.decisions[0].reason, orb_core::Reason::RejectedByBroker, "{}", story(&outcome));
}

/// The exits are orders of their own here, sent at the fill: the second request is the position's protection.
#[track_caller]
fn protection(fault: &str) -> Outcome {
    let rehearsal = Rehearsal { brackets: BracketSupport::None, ..one() };
    let second = first_order(fault).replace("[1]", "[2]");
    let outcome = survive(rehearsal, &second);
    assert!(outcome.said(UNCLEAR), "{}", story(&outcome));
    assert_eq!(outcome.trades.len(), 1, "{}", story(&outcome));
    assert_eq!(outcome.trades[0].trade.exit_reason, Some(ExitReason::TimeExit), "{}", story(&outcome));
    outcome
}

fn pairs(outcome: &Outcome) -> usize {
    outcome.broker.orders.iter().filter(|order| order.class.as_str() == "oco" && order.parent.is_none()).count()
}

#[test]
fn mode_1_a_stop_that_landed_without_an_answer() {
    let outcome = protection("\"timeout_after\"");
    assert_eq!(pairs(&outcome), 1, "{}", story(&outcome));
}

#[test]
fn mode_1_a_stop_that_never_landed_is_made_again() {
    let outcome = protection("\"timeout_before\"");
    assert_eq!(pairs(&outcome), 1, "{}", story(&outcome));
    let lost = outcome.orders.iter().filter(|order| order.rejection.is_some()).count();
    assert_eq!(lost, 1, "{}", story(&outcome));
}

#[track_caller]
fn close(fault: &str) -> Outcome {
    let plan = format!(
        "[[http]]\nfault = {fault}\npath = \"/v2/orders\"\nmethod = \"POST\"\nwhen = {{ at = \"10:00:00\" }}\n"
    );
    let outcome = survive(one(), &plan);
    assert!(outcome.said(UNCLEAR), "{}", story(&outcome));
    let exits = outcome.executions(outcome.broker.executions[0].symbol).count();
    assert_eq!(exits, 2, "one entry and one exit\n{}", story(&outcome));
    outcome
}

#[test]
fn mode_1_a_close_that_landed_without_an_answer_is_not_repeated() {
    close("\"timeout_after\"");
}

#[test]
fn mode_1_a_close_that_never_landed_is_made_again() {
    let outcome = close("\"timeout_before\"");
    assert_eq!(outcome.orders.iter().filter(|order| order.rejection.is_some()).count(), 1);
}
