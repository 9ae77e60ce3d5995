//! Facts to be recorded.

use orb_core::alarm::{Acknowledgement, Alarm, AlarmId, AlarmKind};
use orb_core::event::RiskLimits;
use orb_core::fact::{
    AlarmRecord, ClosingRecord, ClosingStep, Decision, ExitReason, Fact, Fill, HoldRecord, LimitsRecord, SessionRecord,
    Signal, SignalStatus, StrategyStop, Trade,
};
use orb_core::hold::{Hold, HoldClearance, HoldKind};
use orb_core::order::{
    AttemptId, BrokerOrderId, ClientOrderId, Execution, Order, OrderKind, OrderRole, OrderStatus, Rejection,
    RejectionKind,
};
use orb_core::symbol::{Symbol, SymbolTable};
use orb_core::{Date, Money, OrderSide, Price, Quantity, Reason, Side, StrategyId, SymbolId, Timestamp};

use crate::store::{Commit, JournalRow, Names, Writer};

/// Numbers in the table: AAPL 0, BRK.B 1, NVDA 2, SPY 3.
pub(super) fn names() -> Names {
    let symbols = ["NVDA", "SPY", "AAPL", "BRK.B"].map(|text| Symbol::new(text).expect(text));
    Names { symbols: SymbolTable::new(symbols), strategies: vec!["orb-classic".to_owned(), "orb-etf".to_owned()] }
}

pub(super) fn date() -> Date {
    day(13)
}

/// Returns a day of February 2026.
pub(super) fn day(day: u32) -> Date {
    Date::from_ymd_opt(2026, 2, day).expect("a day of February")
}

/// Returns an instant so many seconds after the open.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(1_770_993_000_000_000 + seconds * 1_000_000)
}

pub(super) fn attempt(symbol: u32, attempt: u16) -> AttemptId {
    AttemptId { date: date(), strategy: StrategyId(0), symbol: SymbolId(symbol), attempt }
}

pub(super) fn session() -> SessionRecord {
    SessionRecord {
        date: date(),
        open: at(0),
        close: at(23_400),
        equity_open: Money::from_cents(2_500_000),
        realized_net: Money::from_cents(-1_234),
        fees: Money::from_micros(350_001),
        ended: false,
        transfers_open: Some(Money::from_cents(-100)),
    }
}

pub(super) fn signal(attempt: AttemptId) -> Signal {
    Signal {
        attempt,
        side: Side::Short,
        at: at(301),
        level: Price::from_micros(123_456_789),
        stop: Price::from_cents(12_400),
        quantity: Quantity::new(40),
        status: SignalStatus::PartiallyFilled,
        reason: None,
        detail: String::new(),
        order: Some(entry_id(attempt)),
        broker_order: Some(BrokerOrderId::new("b-1")),
        submitted_at: Some(at(302)),
        filled_at: Some(at(303)),
        fill_price: Some(Price::from_cents(12_345)),
        score_e6: Some(668_543),
    }
}

pub(super) fn refused(attempt: AttemptId) -> Signal {
    Signal {
        status: SignalStatus::Rejected,
        quantity: Quantity::ZERO,
        reason: Some(Reason::NoSlot),
        detail: "5 of 5 slots are taken; it's \"full\"".to_owned(),
        order: None,
        broker_order: None,
        submitted_at: None,
        filled_at: None,
        fill_price: None,
        score_e6: None,
        ..signal(attempt)
    }
}

pub(super) fn entry_id(attempt: AttemptId) -> ClientOrderId {
    ClientOrderId::new(&format!("{}-{}-{}-{}-e", attempt.date, attempt.strategy.0, attempt.symbol.0, attempt.attempt))
}

pub(super) fn order(attempt: AttemptId) -> Order {
    Order {
        id: entry_id(attempt),
        broker_id: Some(BrokerOrderId::new("b-1")),
        parent: None,
        attempt,
        role: OrderRole::Entry,
        side: OrderSide::Sell,
        quantity: Quantity::new(40),
        kind: OrderKind::Stop(Price::from_cents(12_345)),
        status: OrderStatus::PartiallyFilled,
        filled: Quantity::new(15),
        filled_notional: Money::from_cents(185_175),
        created_at: at(301),
        updated_at: at(303),
        rejection: None,
    }
}

pub(super) fn refused_leg(attempt: AttemptId) -> Order {
    Order {
        id: ClientOrderId::new(&format!("{}-s", entry_id(attempt))),
        broker_id: None,
        parent: Some(entry_id(attempt)),
        role: OrderRole::Stop,
        kind: OrderKind::Market,
        status: OrderStatus::Rejected,
        rejection: Some(Rejection {
            code: 40_310_000,
            message: "insufficient qty available for order (requested: 40, available: 15)".to_owned(),
            related_orders: vec![BrokerOrderId::new("b-1"), BrokerOrderId::new("\"odd\"")],
            available: Some(Quantity::new(15)),
            kind: RejectionKind::Insufficient,
        }),
        ..order(attempt)
    }
}

pub(super) fn fill(attempt: AttemptId, id: &str) -> Fill {
    Fill {
        attempt,
        order: entry_id(attempt),
        side: OrderSide::Sell,
        execution: Execution {
            id: id.to_owned(),
            price: Price::from_cents(12_345),
            quantity: Quantity::new(15),
            fee: Money::from_micros(52_500),
            at: at(303),
            at_data_end: true,
        },
        taken_back: None,
    }
}

pub(super) fn trade(attempt: AttemptId) -> Trade {
    Trade {
        attempt,
        side: Side::Short,
        entered: Quantity::new(40),
        exited: Quantity::new(15),
        entry_time: at(303),
        exit_time: Some(at(900)),
        entry_notional: Money::from_cents(493_800),
        exit_notional: Money::from_cents(184_000),
        fees: Money::from_micros(192_500),
        stop: Price::from_cents(12_400),
        target: Some(Price::from_cents(11_000)),
        exit_reason: Some(ExitReason::Target),
        unprotected: orb_core::Span::from_millis(1_500),
    }
}

pub(super) fn closed(attempt: AttemptId) -> Trade {
    Trade { exited: Quantity::new(40), exit_notional: Money::from_cents(490_000), target: None, ..trade(attempt) }
}

pub(super) fn decision(symbol: u32) -> Decision {
    Decision { attempt: attempt(symbol, 0), reason: Reason::Rvol, detail: "0.83 is below 1".to_owned(), at: at(300) }
}

pub(super) fn hold(kind: HoldKind, since: i64) -> HoldRecord {
    let hold = Hold { kind, reason: "it was time".to_owned(), actor: "ann".to_owned(), since: at(since) };
    HoldRecord { hold, cleared: None }
}

pub(super) fn cleared(record: HoldRecord) -> HoldRecord {
    let end = HoldClearance { actor: "bob".to_owned(), reason: "all is well".to_owned(), at: at(5_000) };
    HoldRecord { cleared: Some(end), ..record }
}

pub(super) fn closing(attempt: AttemptId, step: ClosingStep) -> ClosingRecord {
    ClosingRecord { attempt, reason: ExitReason::ForceClose, since: at(1_000), step }
}

pub(super) fn limits() -> LimitsRecord {
    let in_force = RiskLimits { daily_loss_e6: 20_000, max_positions: 3 };
    LimitsRecord { in_force, next: Some(RiskLimits { daily_loss_e6: 50_000, max_positions: 5 }), at: at(700) }
}

pub(super) fn strategy_stop() -> StrategyStop {
    StrategyStop { date: date(), strategy: StrategyId(0), reason: "it lost too much".to_owned(), at: at(800) }
}

pub(super) fn alarm() -> AlarmRecord {
    let by = Acknowledgement { actor: "ann".to_owned(), reason: "seen".to_owned(), at: at(900) };
    let alarm = Alarm {
        id: AlarmId(7),
        kind: AlarmKind::StopMissing,
        symbol: Some(attempt(2, 1).symbol),
        text: "5 shares wait for their stop".to_owned(),
        since: at(850),
        acknowledged: Some(by),
    };
    AlarmRecord { alarm, ended: None }
}

/// Returns one fact of each kind.
pub(super) fn one_of_each() -> Vec<Fact> {
    vec![
        Fact::Session(session()),
        Fact::Signal(signal(attempt(2, 1))),
        Fact::Order(order(attempt(2, 1))),
        Fact::Fill(fill(attempt(2, 1), "x-1")),
        Fact::Trade(trade(attempt(2, 1))),
        Fact::Decision(decision(0)),
        Fact::Hold(hold(HoldKind::Kill, 10)),
        Fact::Closing(closing(attempt(2, 1), ClosingStep::Closing)),
        Fact::Limits(limits()),
        Fact::StrategyStop(strategy_stop()),
        Fact::Alarm(alarm()),
    ]
}

/// Commits facts with the journal's next row.
pub(super) fn commit(writer: &mut Writer, facts: &[Fact]) {
    let sequence = writer.last_sequence() + 1;
    let journal = Some(journal_row(sequence));
    writer.commit(&Commit { journal, facts, ..Commit::default() }).expect("a commit");
}

pub(super) fn journal_row(sequence: u64) -> JournalRow<'static> {
    JournalRow {
        first_sequence: sequence,
        last_sequence: sequence,
        last_effect: sequence * 2,
        date: Some(date()),
        at: at(0),
        bytes: b"\0\x01\xff",
    }
}
