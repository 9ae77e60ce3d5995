//! What is committed is there, once, and whole.

use orb_core::fact::{AlarmRecord, ClosingStep, ExitReason, Fact, Fill, SignalStatus, Trade};
use orb_core::hold::HoldKind;
use orb_core::order::{Order, OrderKind, OrderRole, OrderStatus, Rejection, RejectionKind};
use orb_core::{Money, Price, Quantity, Reason};

use super::Database;
use super::samples::{
    alarm, attempt, cleared, closed, closing, commit, date, decision, fill, hold, journal_row, limits, one_of_each,
    order, refused, refused_leg, session, signal, strategy_stop, trade,
};
use crate::store::text::Text;
use crate::store::{Commit, DateRange, EquityRow, StoreError};

pub(super) fn every_fact_comes_back(database: &Database) {
    let (first, second) = (attempt(2, 1), attempt(1, 1));
    let facts = [
        one_of_each(),
        vec![
            Fact::Signal(refused(second)),
            Fact::Order(refused_leg(first)),
            Fact::Fill(fill(first, "x-2")),
            Fact::Trade(Trade { exit_time: None, exit_reason: None, ..closed(second) }),
            Fact::Decision(decision(3)),
        ],
    ]
    .concat();
    let equity = EquityRow {
        at: super::samples::at(60),
        equity: Money::from_cents(2_500_100),
        realized: Money::from_cents(-5),
        unrealized: Money::from_cents(105),
    };
    let mut writer = database.writer();
    let journal = Some(journal_row(1));
    writer.commit(&Commit { journal, facts: &facts, equity: &[equity], ..Commit::default() }).expect("a commit");
    drop(writer);
    let restored = database.writer().load().expect("the records");
    assert_eq!(restored.session, Some(session()));
    assert_eq!(restored.signals, [signal(first), refused(second)]);
    assert_eq!(restored.orders, [order(first), refused_leg(first)]);
    assert_eq!(restored.fills, [fill(first, "x-1"), fill(first, "x-2")]);
    let second_trade = Trade { exit_time: None, exit_reason: None, ..closed(second) };
    assert_eq!(restored.trades, [second_trade, trade(first)], "of one entry time by symbol");
    assert_eq!(restored.decisions, [decision(0), decision(3)]);
    assert_eq!(restored.holds, [hold(HoldKind::Kill, 10).hold]);
    assert_eq!(restored.closings, [closing(first, ClosingStep::Closing)]);
    assert_eq!(restored.limits, Some(limits()));
    assert_eq!(restored.strategy_stops, [strategy_stop()]);
    assert_eq!(restored.alarms, [alarm().alarm]);
    let mut writer = database.writer();
    commit(&mut writer, &[Fact::Alarm(AlarmRecord { ended: Some(super::samples::at(60)), ..alarm() })]);
    drop(writer);
    assert_eq!(database.writer().load().expect("the records").alarms, [], "one that is over is not taken up");
    let reader = database.reader();
    assert_eq!(reader.sessions(DateRange::day(date())).expect("sessions"), [session()]);
    assert_eq!(reader.equity(equity.at, super::samples::at(61)).expect("equity"), [equity]);
    assert_eq!(reader.equity(super::samples::at(0), equity.at).expect("equity"), []);
}

pub(super) fn every_listed_value_comes_back(database: &Database) {
    let mut writer = database.writer();
    let mut facts = vec![Fact::Session(session())];
    let mut number = 0;
    let mut next = || {
        number += 1;
        attempt(0, number)
    };
    facts.extend(SignalStatus::ALL.iter().map(|&status| {
        let reason = (status == SignalStatus::Rejected).then_some(Reason::Hold);
        Fact::Signal(orb_core::fact::Signal { status, reason, ..signal(next()) })
    }));
    for &status in OrderStatus::ALL {
        for &role in OrderRole::ALL {
            facts.push(Fact::Order(Order { status, role, ..order(next()) }));
        }
    }
    for kind in [OrderKind::Market, OrderKind::Limit(Price::from_micros(1)), OrderKind::Stop(Price::from_micros(-1))] {
        facts.push(Fact::Order(Order { kind, ..order(next()) }));
    }
    facts.extend(RejectionKind::VALUES.iter().map(|&kind| {
        let rejection =
            Some(Rejection { code: 0, message: String::new(), related_orders: Vec::new(), available: None, kind });
        Fact::Order(Order { rejection, ..order(next()) })
    }));
    facts.extend(
        ExitReason::ALL.iter().map(|&reason| Fact::Trade(Trade { exit_reason: Some(reason), ..trade(next()) })),
    );
    facts.extend(HoldKind::ALL.iter().map(|&kind| Fact::Hold(hold(kind, 1))));
    facts.extend(Reason::ALL.iter().zip(0..).map(|(&reason, place)| {
        let mut found = decision(place % 4);
        found.attempt.date = super::samples::day(1 + place / 4);
        found.reason = reason;
        Fact::Decision(found)
    }));
    commit(&mut writer, &facts);
    let restored = writer.load().expect("the records");
    let mut again = vec![Fact::Session(session())];
    again.extend(restored.signals.into_iter().map(Fact::Signal));
    again.extend(restored.orders.into_iter().map(Fact::Order));
    again.extend(restored.trades.into_iter().map(Fact::Trade));
    again.extend(restored.holds.into_iter().map(|hold| Fact::Hold(orb_core::fact::HoldRecord { hold, cleared: None })));
    facts.retain(|fact| !matches!(fact, Fact::Decision(_)));
    assert_eq!(again.len(), facts.len());
    assert!(facts.iter().all(|fact| again.contains(fact)), "{again:?}");
    let page = database.reader().list_decisions(&Default::default(), &crate::store::PageRequest::first(1000));
    assert_eq!(page.expect("decisions").rows.len(), Reason::ALL.len());
}

pub(super) fn a_later_fact_replaces_the_one_of_its_key(database: &Database) {
    let (first, second) = (attempt(2, 1), attempt(1, 1));
    let mut writer = database.writer();
    commit(&mut writer, &one_of_each());
    let later_session = orb_core::fact::SessionRecord { ended: true, ..session() };
    let later_order = Order { status: OrderStatus::Filled, filled: Quantity::new(40), ..order(first) };
    // The same key twice in one commit too.
    let facts = [
        Fact::Order(order(second)),
        Fact::Order(Order { status: OrderStatus::Working, ..later_order.clone() }),
        Fact::Order(later_order.clone()),
        Fact::Signal(refused(first)),
        Fact::Trade(closed(first)),
        Fact::Hold(cleared(hold(HoldKind::Kill, 10))),
        Fact::Closing(closing(first, ClosingStep::Flat)),
        Fact::Session(later_session),
        Fact::Limits(orb_core::fact::LimitsRecord { next: None, ..limits() }),
    ];
    commit(&mut writer, &facts);
    let restored = writer.load().expect("the records");
    assert_eq!(restored.orders, [later_order, order(second)], "a changed order keeps its place");
    assert_eq!(restored.signals, [refused(first)]);
    assert_eq!(restored.trades, [closed(first)]);
    assert_eq!(restored.session, Some(later_session));
    assert_eq!(restored.limits.map(|record| record.next), Some(None));
    assert_eq!((restored.holds.len(), restored.closings.len()), (0, 0));
}

pub(super) fn what_was_taken_back_is_marked_and_a_trade_that_never_was_has_no_row(database: &Database) {
    let (first, second) = (attempt(1, 1), attempt(2, 1));
    let mut writer = database.writer();
    let both = [Fact::Trade(closed(first)), Fact::Trade(closed(second)), Fact::Fill(fill(first, "x-1"))];
    commit(&mut writer, &[vec![Fact::Session(session())], both.to_vec()].concat());
    let back = Fill { taken_back: Some(super::samples::at(400)), ..fill(first, "x-1") };
    let void = |attempt| Fact::Trade(Trade { entered: Quantity::ZERO, exited: Quantity::ZERO, ..closed(attempt) });
    // In one commit the last word of a trade counts, whichever it is.
    let facts = [Fact::Fill(back.clone()), void(first), Fact::Trade(trade(first)), void(first), void(second)];
    commit(&mut writer, &[facts.to_vec(), vec![Fact::Trade(closed(second))]].concat());
    drop(writer);
    let restored = database.writer().load().expect("the records");
    assert_eq!(restored.fills, [back]);
    assert_eq!(restored.trades, [closed(second)]);
}

pub(super) fn a_commit_is_kept_whole_or_not_at_all(database: &Database) {
    let mut writer = database.writer();
    commit(&mut writer, &[Fact::Session(session())]);
    let again = Commit { journal: Some(journal_row(1)), ..Commit::default() };
    assert!(matches!(writer.commit(&again), Err(StoreError::Sequence { first: 1, last: 1 })));
    // A row that the table refuses, after others that it would take.
    database.tamper("DROP TABLE equity_points");
    let equity =
        [EquityRow { at: super::samples::at(0), equity: Money::ZERO, realized: Money::ZERO, unrealized: Money::ZERO }];
    let facts = one_of_each();
    let failing = Commit { journal: Some(journal_row(2)), facts: &facts, equity: &equity, ..Commit::default() };
    let error = writer.commit(&failing).expect_err("the table is gone");
    assert!(matches!(error, StoreError::Failed { doing: "commit", .. }), "{error}");
    let restored = writer.load().expect("the records");
    assert_eq!((restored.last_sequence, restored.orders.len(), restored.holds.len()), (1, 0, 0));
    // The writer can go on, with the same numbers.
    writer.commit(&Commit { equity: &[], ..failing }).expect("a commit without the failing row");
    let restored = writer.load().expect("the records");
    assert_eq!((restored.last_sequence, restored.last_effect, restored.orders.len()), (2, 4, 1));
}

pub(super) fn many_rows_fit_into_one_commit(database: &Database) {
    let mut writer = database.writer();
    let mut facts = vec![Fact::Session(session())];
    facts.extend((1..=2_500).map(|number| Fact::Order(order(attempt(0, number)))));
    commit(&mut writer, &facts);
    assert_eq!(writer.load().expect("the records").orders.len(), 2_500);
}
