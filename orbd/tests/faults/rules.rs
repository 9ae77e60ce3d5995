//! Rules of the engine that keep an order from being sent, over the whole way to a broker that would say something else.

use orb_core::breaker::BreakerCaps;
use orb_core::order::OrderRole;
use orb_core::{Reason, Symbol};
use orb_sim::broker::MarginRequirement;
use orbd::rehearsal::Rehearsal;
use rust_decimal::Decimal;

use crate::rig::{at, breakout, classic, day, entries, price, range, resting, story, survive};

#[test]
fn resting_entries_ask_for_no_more_than_the_broker_reserves() {
    // Each of five stops at 101.01 takes a fifth of four times the equity, and the broker reserves 2.5% more for each.
    let mut run = resting();
    run.strategies[0].risk_fraction = Decimal::new(1, 1);
    let minutes = ["AAA", "BBB", "CCC", "DDD", "EEE"].map(breakout).to_vec();
    let outcome = survive(day(minutes, run), "");
    assert_eq!(entries(&outcome), 5, "{}", story(&outcome));
    let ordered = outcome.orders.iter().filter(|order| order.role == OrderRole::Entry);
    let mut shares: Vec<i64> = ordered.map(|order| order.quantity.shares()).collect();
    shares.sort_unstable();
    // The broker would have refused the last one as a whole.
    assert!(outcome.orders.iter().all(|order| order.rejection.is_none()), "{}", story(&outcome));
    assert_eq!(shares[1..], [792; 4], "{}", story(&outcome));
    assert!((600..792).contains(&shares[0]), "{shares:?}\n{}", story(&outcome));
}

/// Three symbols of which each would take a fifth of four times the equity, at an account that may use so many times it.
fn wide(multiplier: u8) -> Rehearsal {
    let mut run = classic();
    run.strategies[0].risk_fraction = Decimal::new(1, 1);
    run.daily_loss_limit = Decimal::new(5, 1);
    let mut rehearsal = day(["AAA", "BBB", "CCC"].map(breakout).to_vec(), run);
    rehearsal.margin.multiplier = multiplier;
    rehearsal
}

/// Returns the shares of the entries, the most first; none of them was refused, and none was left out but for the reason
/// that the broker leaves too little.
#[track_caller]
fn entered(rehearsal: Rehearsal) -> Vec<i64> {
    let outcome = survive(rehearsal, "");
    assert!(outcome.orders.iter().all(|order| order.rejection.is_none()), "{}", story(&outcome));
    let entries = outcome.orders.iter().filter(|order| order.role == OrderRole::Entry);
    let mut shares: Vec<i64> = entries.map(|order| order.quantity.shares()).collect();
    shares.sort_unstable_by(|one, other| other.cmp(one));
    let left_out = outcome.decisions.iter().filter(|one| one.reason == Reason::NoBuyingPower).count();
    assert_eq!(shares.len() + left_out, 3, "{}", story(&outcome));
    shares
}

#[test]
fn what_must_be_paid_whole_leaves_less_for_the_others_and_nothing_is_refused() {
    let mut rehearsal = wide(4);
    let name = Symbol::new("AAA").expect("a symbol");
    rehearsal.margin_requirements.insert(name, MarginRequirement::of_both(100));
    let shares = entered(rehearsal);
    // The first takes four times its value; the broker would refuse the second as a whole.
    assert_eq!((shares.len(), shares[0]), (2, 792), "{shares:?}");
    assert!((700..792).contains(&shares[1]), "{shares:?}");
}

#[test]
fn an_account_that_may_borrow_less_than_is_configured_is_asked_for_no_more() {
    let shares = entered(wide(2));
    assert_eq!((shares.len(), &shares[..2]), (3, &[792, 792][..]), "{shares:?}");
    assert!((300..400).contains(&shares[2]), "{shares:?}");
    let own = entered(wide(1));
    assert_eq!((own.len(), own[0]), (2, 792), "{own:?}");
}

/// A price that leaps by more than 5% at 9:36; each of its trades is twenty seconds after the one before, which is too
/// late for it to confirm the first one.
fn leap(caps: Option<BreakerCaps>) -> orbd::rehearsal::Outcome {
    let mut rehearsal = day(vec![range("AAA").gap(price("106.5")).stay(1)], classic());
    rehearsal.path.steps_max = 1;
    rehearsal.caps = caps;
    survive(rehearsal, "")
}

#[test]
fn a_single_trade_far_from_the_one_before_triggers_nothing_until_its_minute_confirms_it() {
    // A process keeps the log of its first session alone.
    for (caps, expected) in [(Some(BreakerCaps::default()), "09:37:00"), (None, "09:36:00")] {
        let outcome = leap(caps);
        let entry = outcome.broker.orders.iter().find(|order| orbd::rehearsal::is_entry(order)).expect("an entry");
        let after = (entry.times.created - at(expected)).micros();
        assert!((0..1_000_000).contains(&after), "{expected}: {}\n{}", entry.times.created, story(&outcome));
        assert!(!outcome.said("entries held: breaker"), "{}", story(&outcome));
    }
}
