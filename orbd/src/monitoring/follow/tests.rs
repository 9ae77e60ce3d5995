use orb_core::fact::{Signal, SignalStatus};
use orb_core::order::AttemptId;
use orb_core::{Money, Quantity, StrategyId, SymbolId};
use prometheus_client::registry::Registry;

use super::*;

const TRADE: &str = "2026-03-02/orb/AAA/1";

fn at(millis: i64) -> Timestamp {
    Timestamp::from_micros(1_772_463_600_000_000 + millis * 1_000)
}

fn position(protected: i64) -> PositionView {
    PositionView {
        trade_id: TRADE.into(),
        strategy: "orb".into(),
        symbol: "AAA".into(),
        symbol_id: SymbolId(0),
        side: Side::Long,
        quantity: Quantity::new(10),
        entry_price: "100".parse().expect("a price"),
        last: None,
        stop: None,
        target: None,
        unrealized: None,
        unrealized_r_e4: None,
        notional: Money::ZERO,
        protected: Quantity::new(protected),
        entry_time: at(0),
        closing: None,
    }
}

fn fill(side: OrderSide) -> Change {
    Change::Fill(Arc::new(FillView {
        id: "x1".into(),
        trade_id: TRADE.into(),
        strategy: "orb".into(),
        symbol: "AAA".into(),
        side,
        quantity: Quantity::new(10),
        price: "100".parse().expect("a price"),
        fee: None,
        at: at(0),
        taken_back: None,
        client_order_id: "c1".into(),
        broker_order_id: None,
    }))
}

fn signal(submitted: Option<i64>) -> Change {
    let attempt = AttemptId {
        date: "2026-03-02".parse().expect("a date"),
        strategy: StrategyId(0),
        symbol: SymbolId(0),
        attempt: 1,
    };
    let signal = Signal {
        attempt,
        side: Side::Long,
        at: at(0),
        level: "100".parse().expect("a price"),
        stop: "99".parse().expect("a price"),
        quantity: Quantity::new(10),
        status: if submitted.is_some() { SignalStatus::Working } else { SignalStatus::Pending },
        reason: None,
        detail: String::new(),
        order: None,
        broker_order: None,
        submitted_at: submitted.map(at),
        filled_at: None,
        fill_price: None,
        score_e6: None,
    };
    let (id, strategy, symbol) = (TRADE.into(), "orb".into(), "AAA".into());
    let filled = Quantity::ZERO;
    Change::Signal(Arc::new(SignalView { id, strategy, symbol, signal, score: None, target: None, filled }))
}

/// Follows updates, each a time in milliseconds with the covered shares of the one position and the changes.
#[track_caller]
fn check(updates: Vec<(i64, Option<i64>, Vec<Change>)>, lines: &[&str]) {
    let meters = Meters::default();
    let mut follower = Follower::new(meters.clone());
    for (millis, protected, changes) in updates {
        let positions = protected.map(position).into_iter().collect();
        let view = Arc::new(View { now: Some(at(millis)), positions, ..View::default() });
        follower.on_update(&Update { sequence: view.sequence, view, changes });
    }
    let (mut registry, mut text) = (Registry::with_prefix("orb"), String::new());
    meters.register(&mut registry);
    prometheus_client::encoding::text::encode(&mut text, &registry).expect("text");
    for line in lines {
        assert!(text.lines().any(|written| written == *line), "{line} is not in\n{text}");
    }
}

#[test]
fn the_time_without_a_stop_is_counted_and_the_wait_for_one_measured() {
    let updates = vec![
        (0, None, Vec::new()),
        (100, Some(0), vec![fill(OrderSide::Buy)]),
        (250, Some(4), Vec::new()),
        (400, Some(10), Vec::new()),
        (900, Some(10), Vec::new()),
    ];
    check(
        updates,
        &[
            "orb_unprotected_seconds_total 0.3",
            "orb_fill_protection_seconds_count 1",
            "orb_fill_protection_seconds_sum 0.3",
        ],
    );
}

#[test]
fn a_position_whose_stop_came_with_its_fill_waited_for_none_and_an_exit_is_no_entry() {
    let updates = vec![
        (0, None, Vec::new()),
        (100, Some(10), vec![fill(OrderSide::Buy)]),
        (200, Some(10), vec![fill(OrderSide::Sell)]),
    ];
    check(
        updates,
        &[
            "orb_unprotected_seconds_total 0.0",
            "orb_fill_protection_seconds_count 1",
            "orb_fill_protection_seconds_sum 0.0",
        ],
    );
}

#[test]
fn the_broker_s_first_word_for_a_signal_is_measured_once() {
    let updates = vec![
        (0, None, vec![signal(None)]),
        (5, None, vec![signal(None)]),
        (80, None, vec![signal(Some(64))]),
        (90, None, vec![signal(Some(64))]),
    ];
    check(
        updates,
        &[
            "orb_signal_acknowledgement_seconds_count 1",
            "orb_signal_acknowledgement_seconds_sum 0.064",
            "orb_signal_acknowledgement_seconds_bucket{le=\"0.0512\"} 0",
        ],
    );
}
