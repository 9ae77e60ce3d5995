//! Rules of the engine that keep an order from being sent, over the whole way to a broker that would say something else.

use orb_core::breaker::BreakerCaps;
use orb_core::order::OrderRole;
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
