//! What desks ask for, as text.

use super::*;
use crate::config::StrategyId;
use crate::money::Money;
use crate::order::OrderStatus;
use crate::protection::StopRule;
use crate::side::{OrderSide, Side};
use crate::symbol::SymbolId;
use crate::time::Date;

const START: Timestamp = Timestamp::from_micros(0);

fn attempt() -> AttemptId {
    AttemptId { date: Date::default(), strategy: StrategyId(0), symbol: SymbolId(0), attempt: 1 }
}

fn desk() -> ExitDesk {
    let protection = Protection { side: Side::Long, stop: StopRule::At(Price::from_cents(99)), target: None };
    ExitDesk::new(attempt(), protection)
}

/// Makes an order from `stop es/e HELD 99 40`: role, name and parent, status, shares, shares filled.
#[track_caller]
fn order(text: &str) -> Order {
    let words: Vec<&str> = text.split(' ').collect();
    let role = OrderRole::ALL.iter().copied().find(|role| role.name() == words[0]).expect(text);
    let (id, parent) = words[1].split_once('/').map_or((words[1], None), |(id, parent)| (id, Some(parent)));
    let shares = |index: usize| Quantity::new(words.get(index).map_or(0, |word| word.parse().expect(text)));
    Order {
        id: ClientOrderId::new(id),
        broker_id: None,
        parent: parent.map(ClientOrderId::new),
        attempt: attempt(),
        role,
        side: OrderSide::Sell,
        quantity: shares(3),
        kind: OrderKind::Market,
        status: OrderStatus::from_name(words[2]).expect(text),
        filled: shares(4),
        filled_notional: Money::ZERO,
        created_at: START,
        updated_at: START,
        rejection: None,
    }
}

/// Lets a desk look at a long position and orders, and returns its acts as text.
#[track_caller]
fn look(desk: &mut ExitDesk, now: Timestamp, position: i64, orders: &[&str]) -> String {
    let orders: Vec<Order> = orders.iter().map(|text| order(text)).collect();
    let filled = orders.iter().filter(|order| order.role == OrderRole::Entry && order.status == OrderStatus::Filled);
    let view = DeskView {
        position: Quantity::new(position),
        prices: (position != 0).then_some((Price::from_cents(99), None)),
        parents_filled: filled.map(|order| order.id.clone()).collect(),
        live: orders.iter().filter(|order| !order.status.is_terminal()).collect(),
        tradable: true,
    };
    let acts = desk.review(now, &view);
    let show = |act: &DeskAct| match act {
        DeskAct::Cancel(id) => format!("cancel {id}"),
        DeskAct::Submit { role, quantity, number, .. } => format!("{} {quantity} #{number}", role.name()),
        DeskAct::Replace { order, price } => format!("move {order} to {price}"),
        DeskAct::Verify => "verify".to_owned(),
        DeskAct::Step(closing) => closing.step.name().to_owned(),
        DeskAct::Compare => "compare".to_owned(),
        DeskAct::Alarm(..) => "alarm".to_owned(),
        DeskAct::GiveUp(_) => "give up".to_owned(),
        DeskAct::Finished => "finished".to_owned(),
    };
    acts.iter().map(show).collect::<Vec<_>>().join(", ")
}

/// Checks what a fresh desk asks for at once, and what once the grace is over.
#[track_caller]
fn check(position: i64, orders: &[&str], at_once: &str, after_grace: &str) {
    let mut desk = desk();
    assert_eq!(look(&mut desk, START, position, orders), at_once, "at once: {orders:?}");
    assert_eq!(look(&mut desk, START + COVERAGE_GRACE, position, orders), after_grace, "later: {orders:?}");
}

#[test]
fn a_covered_position_asks_for_nothing() {
    check(99, &["stop s WORKING 99"], "", "");
    check(99, &["stop s PARTIALLY_FILLED 120 21"], "", "");
    check(99, &["entry e FILLED 99 99", "stop es/e HELD 99", "target et/e WORKING 99"], "", "");
    check(99, &["target t WORKING 99", "stop ts/t HELD 99"], "", "");
    check(99, &["target t PARTIALLY_FILLED 120 21", "stop ts/t HELD 99"], "", "");
}

#[test]
fn a_held_leg_counts_only_under_a_live_pair_or_a_filled_entry() {
    // The entry is only partly filled: the rest of it is cut when the grace is over.
    let partial = ["entry e PARTIALLY_FILLED 99 40", "stop es/e HELD 99", "target et/e HELD 99"];
    check(40, &partial, "", "alarm, cancel e");
    // The pair's target is being cancelled: its stop will go with it.
    check(99, &["target t PENDING_CANCEL 99", "stop ts/t HELD 99"], "", "alarm, cancel ts");
    check(99, &["stop es/e HELD 99"], "", "alarm, cancel es");
}

#[test]
fn what_is_missing_is_placed_at_once_and_what_is_on_its_way_is_awaited() {
    check(99, &[], "stop 99 #1", "stop 99 #2");
    check(99, &["stop s WORKING 60"], "stop 39 #1", "stop 39 #2");
    check(99, &["stop s PENDING_SUBMIT 99"], "", "alarm");
    check(99, &["target t PENDING_SUBMIT 99"], "", "alarm");
    check(99, &["target t WORKING 99"], "", "alarm, cancel t");
}

#[test]
fn what_is_too_much_goes_after_the_grace() {
    check(40, &["stop s WORKING 99"], "", "cancel s");
}

#[test]
fn a_fourth_repair_is_a_close() {
    let mut desk = desk();
    assert_eq!(look(&mut desk, START, 99, &["stop es/e WORKING 99"]), "");
    for number in 1..=STOP_REPAIRS_MAX {
        assert_eq!(look(&mut desk, START, 99, &[]), format!("stop 99 #{number}"));
    }
    assert_eq!(look(&mut desk, START, 99, &[]), "give up, verify, sizing");
    assert_eq!(desk.closing().map(|closing| closing.reason), Some(ExitReason::Unprotected));
}

#[test]
fn a_flat_symbol_keeps_its_entry_and_drops_orphans() {
    check(0, &[], "finished", "finished");
    check(0, &["entry e WORKING 99", "stop es/e HELD 99"], "", "");
    check(0, &["stop es/e HELD 99", "target et/e WORKING 99"], "", "cancel es");
}

#[test]
fn a_close_waits_for_every_order_that_may_live() {
    for status in ["PENDING_SUBMIT", "PENDING_CANCEL", "UNKNOWN"] {
        let mut desk = desk();
        desk.close(START, ExitReason::ForceClose);
        let stop = format!("stop s {status} 99");
        assert_eq!(look(&mut desk, START, 99, &[&stop]), "", "{status}: nothing is sold");
        assert_eq!(look(&mut desk, START, 99, &[]), "verify, sizing");
        assert_eq!(look(&mut desk, START, 99, &[]), "", "{status}: nothing is sold before the broker has answered");
        assert_eq!(desk.on_verified(START, Quantity::new(99)), []);
        assert_eq!(look(&mut desk, START, 99, &[]), "close 99 #1, closing");
    }
    let mut desk = desk();
    desk.close(START, ExitReason::ForceClose);
    assert_eq!(look(&mut desk, START, 99, &["target t WORKING 99", "stop ts/t HELD 99"]), "cancel t");
    assert_eq!(look(&mut desk, START, 99, &["close x WORKING 99"]), "closing");
    assert_eq!(look(&mut desk, START, 0, &[]), "verifying, verify");
    assert_eq!(look(&mut desk, START, 0, &[]), "", "the broker is asked once");
}

#[test]
fn the_broker_s_word_ends_the_close() {
    let mut desk = desk();
    assert_eq!(desk.on_verified(START, Quantity::ZERO), [], "nothing was asked");
    desk.close(START, ExitReason::TimeExit);
    desk.close(START, ExitReason::ForceClose);
    assert_eq!(look(&mut desk, START, 0, &[]), "verifying, verify");
    assert!(matches!(desk.on_verified(START, Quantity::new(5))[..], [DeskAct::Alarm(..), DeskAct::Compare]));
    assert_eq!(desk.next_wakeup(), Some(START + COVERAGE_GRACE));
    assert_eq!(look(&mut desk, START + COVERAGE_GRACE, 0, &[]), "verify");
    let acts = desk.on_verified(START, Quantity::ZERO);
    assert!(matches!(acts[..], [DeskAct::Step(Closing { reason: ExitReason::TimeExit, .. }), DeskAct::Finished]));
}

#[test]
fn a_close_that_failed_is_repeated_after_the_grace() {
    let mut desk = desk();
    desk.close(START, ExitReason::ForceClose);
    assert_eq!(look(&mut desk, START, 99, &[]), "verify, sizing");
    desk.verify_later(START);
    assert_eq!(look(&mut desk, START, 99, &[]), "close 99 #1, closing", "without an answer the books count");
    assert_eq!(look(&mut desk, START, 99, &[]), "");
    assert_eq!(desk.next_wakeup(), Some(START + COVERAGE_GRACE));
    let later = START + COVERAGE_GRACE;
    assert_eq!(look(&mut desk, later, 99, &[]), "verify, sizing");
    assert_eq!(desk.on_verified(later, Quantity::new(99)), []);
    assert_eq!(look(&mut desk, later, 99, &[]), "alarm, close 99 #2, closing");
    // The pause doubles.
    assert_eq!(look(&mut desk, later, 99, &[]), "");
    assert_eq!(desk.next_wakeup(), Some(later + COVERAGE_GRACE + COVERAGE_GRACE));
}

/// Counts the moves and the alarms of a look at 100 long shares whose stop belongs to 99 and stands at a price.
#[track_caller]
fn look_at_stop(desk: &mut ExitDesk, now: Timestamp, cents: i64) -> [usize; 2] {
    let stop = Order { kind: OrderKind::Stop(Price::from_cents(cents)), ..order("stop s1 WORKING 100") };
    let view = DeskView {
        position: Quantity::new(100),
        prices: Some((Price::from_cents(99), None)),
        parents_filled: Vec::new(),
        live: vec![&stop],
        tradable: true,
    };
    let acts = desk.review(now, &view);
    let count = |is_it: fn(&DeskAct) -> bool| acts.iter().filter(|act| is_it(act)).count();
    [count(|act| matches!(act, DeskAct::Replace { .. })), count(|act| matches!(act, DeskAct::Alarm(..)))]
}

#[test]
fn a_move_that_is_refused_after_it_was_taken_is_tried_with_pauses_and_not_for_ever() {
    let mut desk = desk().moving_exits();
    let (mut moves, mut alarms) = (0, 0);
    for second in 0..60 {
        let now = START + Span::from_seconds(second);
        // The broker takes each move, and refuses it a moment later.
        for cents in [98, 99, 98] {
            let [moved, told] = look_at_stop(&mut desk, now, cents);
            (moves, alarms) = (moves + moved, alarms + told);
        }
        assert!(moves <= 1 + usize::try_from(second / 2).expect("a count"), "{moves} after {second} s");
    }
    assert_eq!((moves, alarms), (3, 3), "told after 6, 16 and 36 s");
    assert_eq!(desk.next_wakeup(), Some(START + Span::from_seconds(76)));
}

/// Returns the acts of a close of a long position in the books, of which the broker says what it holds.
#[track_caller]
fn sized(books: i64, broker: i64) -> String {
    let mut desk = desk();
    desk.close(START, ExitReason::ForceClose);
    assert_eq!(look(&mut desk, START, books, &[]), "verify, sizing");
    assert_eq!(desk.on_verified(START, Quantity::new(broker)), []);
    look(&mut desk, START, books, &[])
}

#[test]
fn a_close_is_of_what_the_books_and_the_broker_both_hold() {
    assert_eq!(sized(99, 99), "close 99 #1, closing");
    assert_eq!(sized(99, 40), "compare, close 40 #1, closing", "what the broker does not hold is not sold");
    assert_eq!(sized(99, 150), "close 99 #1, closing", "what is not orb's stays");
    assert_eq!(sized(99, 0), "compare, alarm");
    assert_eq!(sized(99, -5), "compare, alarm");
    assert_eq!(sized(-99, -40), "compare, close 40 #1, closing");
}

#[test]
fn while_nothing_can_be_sold_the_stop_stays() {
    let stop = order("stop s WORKING 99");
    let view = |live, tradable| DeskView {
        position: Quantity::new(99),
        prices: Some((Price::from_cents(99), None)),
        parents_filled: Vec::new(),
        live,
        tradable,
    };
    let mut desk = desk();
    assert_eq!(desk.review(START, &view(vec![&stop], false)), []);
    desk.close(START, ExitReason::TimeExit);
    assert_eq!(desk.review(START, &view(vec![&stop], false)), [], "the stop is not cancelled");
    let acts = desk.review(START, &view(Vec::new(), false));
    let lives_on = |act: &DeskAct| {
        matches!(act, DeskAct::Submit { role: OrderRole::Stop, time_in_force: TimeInForce::GoodTillCancelled, .. })
    };
    assert!(matches!(&acts[..], [act] if lives_on(act)), "a stop that has ended comes back: {acts:?}");
    let acts = desk.review(START + CLOSE_DEADLINE, &view(vec![&stop], false));
    assert!(matches!(acts[..], [DeskAct::Alarm(..), DeskAct::Step(_)]), "{acts:?}");
    assert_eq!(desk.closing().map(Closing::recorded_step), Some(crate::fact::ClosingStep::Escalated));
    assert_eq!(desk.review(START, &view(vec![&stop], true)), [DeskAct::Cancel(stop.id.clone())]);
}
