//! Everything that is encoded is read back.

use orb_core::alarm::{Acknowledgement, Alarm, AlarmId, AlarmKind};
use orb_core::effect::{Action, Alert, BrokerEffect, Component, Effect, EffectClass, EffectId, Severity};
use orb_core::event::{
    Authorised, BrokerAccount, BrokerFill, BrokerPosition, BrokerSnapshot, Command, Event, FeedState, MarketData,
    Origin, Outcome, ReferenceData, RiskLimits, SymbolReference,
};
use orb_core::fact::{
    AlarmRecord, ClosingRecord, ClosingStep, Decision, ExitReason, Fact, Fill, HoldRecord, LimitsRecord, SessionRecord,
    Signal, SignalStatus, StrategyStop, Trade,
};
use orb_core::hold::{Hold, HoldClearance, HoldKind};
use orb_core::order::{
    AttemptId, BrokerOrder, BrokerOrderId, ClientOrderId, Execution, Order, OrderEvent, OrderKind, OrderRequest,
    OrderRole, OrderStatus, OrderUpdate, Rejection, RejectionKind, TimeInForce, Trigger,
};
use orb_core::protection::TargetRule;
use orb_core::symbol::{Symbol, SymbolTable};
use orb_core::{
    Bar, Date, Money, OrderSide, Price, Protection, Quantity, Reason, Side, StopRule, StrategyId, SymbolId, Timestamp,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::Decimal;

use super::*;

proptest! {
    #[test]
    fn every_event_and_effect_is_read_back(entries in vec((any::<u64>(), time(), event(), vec(effect(), 0..4)), 0..6)) {
        let lent: Vec<EntryRef<'_>> = entries
            .iter()
            .map(|(sequence, now, event, effects)| EntryRef { sequence: *sequence, now: *now, event, effects })
            .collect();
        let read = decode(&Encoder::default().encode(None, &lent)).expect("what was encoded");
        prop_assert!(read.header.is_none());
        let read: Vec<_> = read.entries.into_iter().map(|e| (e.sequence, e.now, e.event, e.effects)).collect();
        prop_assert_eq!(read, entries);
    }

    #[test]
    fn damaged_bytes_are_an_error_and_no_panic(mut bytes in vec(any::<u8>(), 0..200), form in 0_u8..3) {
        if let Some(first) = bytes.first_mut() {
            *first = form;
        }
        drop(decode(&bytes));
    }
}

#[test]
fn a_header_names_the_symbols_of_the_entries() {
    let symbols = SymbolTable::new(["SPY", "BRK.B", "AAPL"].map(|text| Symbol::new(text).expect(text)));
    let header = Header {
        build: "0.1.0 (abcdef)".to_owned(),
        settings: vec![("max_positions".to_owned(), "5".to_owned()), ("leverage".to_owned(), "4".to_owned())],
        symbols,
        strategies: vec!["orb-classic".to_owned(), "orb-etf".to_owned()],
        start: None,
    };
    let read = decode(&Encoder::default().encode(Some(&header), &[])).expect("what was encoded");
    assert_eq!(read, Batch { header: Some(header), entries: Vec::new() });
}

#[test]
fn a_long_batch_is_compressed_and_the_memory_is_used_again() {
    let bar = |symbol| Bar {
        symbol: SymbolId(symbol),
        start: Timestamp::from_micros(1_770_993_000_000_000),
        open: Price::from_cents(10_000),
        high: Price::from_cents(10_100),
        low: Price::from_cents(9_900),
        close: Price::from_cents(10_050),
        volume: 1_000,
    };
    let event = Event::Market(Origin::Live, MarketData::Bars((0..500).map(bar).collect()));
    let now = Timestamp::from_micros(1_770_993_060_000_000);
    let entry = EntryRef { sequence: 9, now, event: &event, effects: &[] };
    let mut encoder = Encoder::default();
    let bytes = encoder.encode(None, &[entry]);
    assert!(bytes.len() < 8_000, "{} bytes", bytes.len());
    assert_eq!(encoder.encode(None, &[entry]), bytes);
    assert_eq!(decode(&bytes).expect("what was encoded").entries[0].event, event);
}

#[test]
fn what_is_not_known_is_named() {
    let error = |bytes: &[u8]| decode(bytes).expect_err("damaged bytes").to_string();
    assert_eq!(error(&[]), "the journal's row is empty");
    assert_eq!(error(&[7, 1]), "the journal's row has the form 7, which this version does not know");
    assert_eq!(error(&[1, 1, 2, 3]), "the journal's row cannot be decompressed");
    // An entry without an event, as from a newer version that knows more kinds.
    assert_eq!(error(&[0, 0x12, 2, 0x08, 1]), "the journal's row lacks an event");
}

/// The bytes of a known batch: they must never change, so that past journals stay readable.
#[test]
fn the_bytes_of_the_first_version_are_read() {
    let event = Event::Command(Authorised {
        request_id: "r1".to_owned(),
        actor: "ann".to_owned(),
        reason: String::new(),
        command: Command::Clear(HoldKind::Kill),
    });
    let entry = EntryRef { sequence: 3, now: Timestamp::from_micros(200), event: &event, effects: &[] };
    let golden = [
        0, 0x12, 22, 8, 3, 16, 200, 1, 90, 15, 10, 2, b'r', b'1', 18, 3, b'a', b'n', b'n', 50, 4, b'k', b'i', b'l',
        b'l',
    ];
    assert_eq!(Encoder::default().encode(None, &[entry]), golden);
    assert_eq!(decode(&golden).expect("the first version").entries[0].event, event);
}

fn time() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp::from_micros)
}

fn price() -> impl Strategy<Value = Price> {
    any::<i64>().prop_map(Price::from_micros)
}

fn money() -> impl Strategy<Value = Money> {
    any::<i64>().prop_map(Money::from_micros)
}

fn quantity() -> impl Strategy<Value = Quantity> {
    any::<i64>().prop_map(Quantity::new)
}

fn symbol() -> impl Strategy<Value = SymbolId> {
    any::<u32>().prop_map(SymbolId)
}

fn date() -> impl Strategy<Value = Date> {
    (1970_i32..2200, 1_u32..366).prop_map(|(year, day)| Date::from_yo_opt(year, day).expect("a day of a year"))
}

fn text() -> impl Strategy<Value = String> {
    "[a-z é0-9]{0,12}"
}

fn side() -> impl Strategy<Value = Side> {
    select(&[Side::Long, Side::Short][..])
}

fn order_side() -> impl Strategy<Value = OrderSide> {
    select(&[OrderSide::Buy, OrderSide::Sell][..])
}

fn client_id() -> impl Strategy<Value = ClientOrderId> {
    text().prop_map(|text| ClientOrderId::new(&text))
}

fn broker_id() -> impl Strategy<Value = BrokerOrderId> {
    text().prop_map(|text| BrokerOrderId::new(&text))
}

fn attempt() -> impl Strategy<Value = AttemptId> {
    (date(), any::<u16>(), symbol(), any::<u16>()).prop_map(|(date, strategy, symbol, attempt)| AttemptId {
        date,
        strategy: StrategyId(strategy),
        symbol,
        attempt,
    })
}

fn kind() -> impl Strategy<Value = OrderKind> {
    prop_oneof![Just(OrderKind::Market), price().prop_map(OrderKind::Limit), price().prop_map(OrderKind::Stop)]
}

fn bar() -> impl Strategy<Value = Bar> {
    (symbol(), time(), price(), price(), price(), price(), any::<u64>()).prop_map(
        |(symbol, start, open, high, low, close, volume)| Bar { symbol, start, open, high, low, close, volume },
    )
}

fn execution() -> impl Strategy<Value = Execution> {
    (text(), price(), quantity(), money(), time(), any::<bool>())
        .prop_map(|(id, price, quantity, fee, at, at_data_end)| Execution { id, price, quantity, fee, at, at_data_end })
}

fn fill() -> impl Strategy<Value = Fill> {
    (attempt(), client_id(), order_side(), execution(), of(time()))
        .prop_map(|(attempt, order, side, execution, taken_back)| Fill { attempt, order, side, execution, taken_back })
}

fn rejection() -> impl Strategy<Value = Rejection> {
    let kinds = [
        RejectionKind::EntryBeyondStop,
        RejectionKind::Blocked,
        RejectionKind::BeyondMarket,
        RejectionKind::DuplicateId,
        RejectionKind::NotShortable,
        RejectionKind::Insufficient,
        RejectionKind::NotSent,
        RejectionKind::Other,
    ];
    (any::<i64>(), text(), vec(broker_id(), 0..3), of(quantity()), select(kinds.to_vec())).prop_map(
        |(code, message, related_orders, available, kind)| Rejection { code, message, related_orders, available, kind },
    )
}

fn broker_order() -> impl Strategy<Value = BrokerOrder> {
    let one = || {
        (
            (broker_id(), of(client_id()), of(broker_id()), of(broker_id()), symbol(), order_side()),
            (quantity(), kind(), select(OrderStatus::ALL), quantity()),
        )
    };
    let leaf = || {
        one().prop_map(|((broker_id, client_id, parent, replaces, symbol, side), (quantity, kind, status, filled))| {
            let legs = Vec::new();
            BrokerOrder { broker_id, client_id, parent, replaces, symbol, side, quantity, kind, status, filled, legs }
        })
    };
    (leaf(), vec(leaf(), 0..3)).prop_map(|(order, legs)| BrokerOrder { legs, ..order })
}

fn order_update() -> impl Strategy<Value = OrderUpdate> {
    (select(OrderEvent::ALL), broker_order(), of(execution()), of(rejection()), time())
        .prop_map(|(event, order, execution, rejection, at)| OrderUpdate { event, order, execution, rejection, at })
}

fn position() -> impl Strategy<Value = BrokerPosition> {
    (symbol(), quantity()).prop_map(|(symbol, quantity)| BrokerPosition { symbol, quantity })
}

fn account() -> impl Strategy<Value = BrokerAccount> {
    (money(), money(), any::<Option<u8>>()).prop_map(|(equity, cash, multiplier)| BrokerAccount {
        equity,
        cash,
        multiplier,
    })
}

fn snapshot() -> impl Strategy<Value = BrokerSnapshot> {
    let fill = (broker_order(), execution()).prop_map(|(order, execution)| BrokerFill { order, execution });
    (vec(broker_order(), 0..3), vec(position(), 0..3), vec(fill, 0..3), account(), vec(text(), 0..3), of(money()))
        .prop_map(|(orders, positions, fills, account, foreign, transfers)| BrokerSnapshot {
            orders,
            positions,
            fills,
            account,
            foreign,
            transfers,
        })
}

fn reference() -> impl Strategy<Value = ReferenceData> {
    let prices = (of(price()), of(price()), of(price()));
    let symbol = (prices, of(any::<u64>()), any::<[Option<u64>; 5]>(), any::<[bool; 2]>(), any::<[Option<u16>; 2]>())
        .prop_map(|((previous_close, atr14, atr14_wilder), volume_sum14, opening_volume_sum14, flags, margins)| {
            SymbolReference {
                previous_close,
                atr14,
                atr14_wilder,
                volume_sum14,
                opening_volume_sum14,
                restricted: flags[0],
                unshortable: flags[1],
                margin_long: margins[0],
                margin_short: margins[1],
            }
        });
    (date(), money(), vec(symbol, 0..4)).prop_map(|(date, equity_open, symbols)| ReferenceData {
        date,
        equity_open,
        symbols,
    })
}

fn market() -> impl Strategy<Value = MarketData> {
    prop_oneof![
        vec(bar(), 0..20).prop_map(MarketData::Bars),
        bar().prop_map(MarketData::Correction),
        (symbol(), price(), price()).prop_map(|(symbol, bid, ask)| MarketData::Quote { symbol, bid, ask }),
        (symbol(), price(), any::<u64>()).prop_map(|(symbol, price, size)| MarketData::Trade { symbol, price, size }),
        (symbol(), any::<bool>()).prop_map(|(symbol, halted)| MarketData::Halt { symbol, halted }),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        broker_order().prop_map(Outcome::Accepted),
        rejection().prop_map(Outcome::Rejected),
        Just(Outcome::Unknown),
        broker_order().prop_map(Outcome::Found),
        Just(Outcome::NotFound),
        Just(Outcome::Done),
        vec(position(), 0..3).prop_map(Outcome::Positions),
        account().prop_map(Outcome::Account),
        vec(bar(), 0..3).prop_map(Outcome::Bars),
    ]
}

fn hold_kind() -> impl Strategy<Value = HoldKind> {
    select(HoldKind::ALL)
}

fn command() -> impl Strategy<Value = Authorised> {
    let command = prop_oneof![
        any::<bool>().prop_map(|flatten| Command::Kill { flatten }),
        Just(Command::Pause),
        hold_kind().prop_map(Command::Clear),
        symbol().prop_map(Command::Close),
        Just(Command::CloseAll),
        Just(Command::CancelEntries),
        attempt().prop_map(Command::CancelEntry),
        limits().prop_map(Command::Limit),
        any::<u64>().prop_map(|id| Command::AcknowledgeAlarms((id > 0).then_some(AlarmId(id)))),
    ];
    (text(), text(), text(), command).prop_map(|(request_id, actor, reason, command)| Authorised {
        request_id,
        actor,
        reason,
        command,
    })
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (select(&[Origin::Live, Origin::Backfill][..]), market())
            .prop_map(|(origin, data)| Event::Market(origin, data)),
        order_update().prop_map(Event::Order),
        snapshot().prop_map(Event::Snapshot),
        reference().prop_map(Event::Reference),
        (any::<u64>(), outcome()).prop_map(|(id, outcome)| Event::Outcome(EffectId(id), outcome)),
        command().prop_map(Event::Command),
        (any::<i64>(), any::<u32>())
            .prop_map(|(daily_loss_e6, max_positions)| Event::Limits(RiskLimits { daily_loss_e6, max_positions })),
        hold_kind().prop_map(|kind| Event::Feed(FeedState::Trouble(kind))),
        hold_kind().prop_map(|kind| Event::Feed(FeedState::Recovered(kind))),
        Just(Event::Wakeup),
    ]
}

fn protection() -> impl Strategy<Value = Protection> {
    let percent = || (1_i64..9_999).prop_map(|value| Decimal::new(value, 2));
    let stop = prop_oneof![
        price().prop_map(StopRule::At),
        price().prop_map(StopRule::FromFill),
        percent().prop_map(StopRule::Percent)
    ];
    let multiple = (any::<i64>(), 0_u32..10).prop_map(|(digits, scale)| Decimal::new(digits, scale));
    let target = of(prop_oneof![multiple.prop_map(TargetRule::Risk), percent().prop_map(TargetRule::Percent)]);
    (side(), stop, target).prop_map(|(side, stop, target)| Protection { side, stop, target })
}

fn request() -> impl Strategy<Value = OrderRequest> {
    (
        (client_id(), attempt(), select(OrderRole::ALL), order_side(), quantity()),
        (kind(), select(&[TimeInForce::Day, TimeInForce::GoodTillCancelled][..]), of(protection()), of(price())),
        of(time()),
    )
        .prop_map(
            |((id, attempt, role, side, quantity), (kind, time_in_force, attached, paired_stop), first_bar)| {
                let trigger = first_bar.map(|first_bar| Trigger { first_bar });
                OrderRequest { id, attempt, role, side, quantity, kind, time_in_force, attached, paired_stop, trigger }
            },
        )
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        request().prop_map(Action::Submit),
        (client_id(), broker_id(), price()).prop_map(|(order, broker_id, price)| Action::Replace {
            order,
            broker_id,
            price
        }),
        (client_id(), of(broker_id())).prop_map(|(order, broker_id)| Action::Cancel { order, broker_id }),
        client_id().prop_map(Action::Find),
        Just(Action::QueryPositions),
        Just(Action::QuerySnapshot),
        (vec(symbol(), 0..3), time(), time()).prop_map(|(symbols, from, to)| Action::QueryBars { symbols, from, to }),
    ]
}

fn effect() -> impl Strategy<Value = Effect> {
    let classes =
        [EffectClass::Exit, EffectClass::Protect, EffectClass::Cancel, EffectClass::Query, EffectClass::Entry];
    let components = [
        Component::Executor,
        Component::RiskManager,
        Component::Alpaca,
        Component::Strategy,
        Component::Store,
        Component::Api,
        Component::Data,
    ];
    let severities = [Severity::Info, Severity::Warn, Severity::Error];
    prop_oneof![
        (any::<u64>(), of(symbol()), select(classes.to_vec()), of(time()), action()).prop_map(
            |(id, symbol, class, not_after, action)| {
                Effect::Broker(BrokerEffect { id: EffectId(id), symbol, class, not_after, action })
            }
        ),
        (select(severities.to_vec()), select(components.to_vec()), of(symbol()), text()).prop_map(
            |(severity, component, symbol, message)| { Effect::Alert(Alert { severity, component, symbol, message }) }
        ),
        fact().prop_map(Effect::Record),
    ]
}

fn fact() -> impl Strategy<Value = Fact> {
    prop_oneof![
        session().prop_map(Fact::Session),
        signal().prop_map(Fact::Signal),
        order().prop_map(Fact::Order),
        fill().prop_map(Fact::Fill),
        trade().prop_map(Fact::Trade),
        (attempt(), select(Reason::ALL), text(), time())
            .prop_map(|(attempt, reason, detail, at)| Fact::Decision(Decision { attempt, reason, detail, at })),
        hold().prop_map(Fact::Hold),
        (attempt(), select(ExitReason::ALL), time(), select(ClosingStep::ALL))
            .prop_map(|(attempt, reason, since, step)| Fact::Closing(ClosingRecord { attempt, reason, since, step })),
        (limits(), of(limits()), time()).prop_map(|(in_force, next, at)| Fact::Limits(LimitsRecord {
            in_force,
            next,
            at
        })),
        (attempt(), text(), time()).prop_map(|(AttemptId { date, strategy, .. }, reason, at)| {
            Fact::StrategyStop(StrategyStop { date, strategy, reason, at })
        }),
        alarm_record().prop_map(Fact::Alarm),
    ]
}

fn alarm_record() -> impl Strategy<Value = AlarmRecord> {
    let by = (text(), text(), time()).prop_map(|(actor, reason, at)| Acknowledgement { actor, reason, at });
    let alarm = (any::<u64>(), select(AlarmKind::ALL), of(symbol()), text(), time(), of(by));
    let alarm = alarm.prop_map(|(id, kind, symbol, text, since, acknowledged)| Alarm {
        id: AlarmId(id),
        kind,
        symbol,
        text,
        since,
        acknowledged,
    });
    (alarm, of(time())).prop_map(|(alarm, ended)| AlarmRecord { alarm, ended })
}

fn limits() -> impl Strategy<Value = RiskLimits> {
    (any::<i64>(), any::<u32>()).prop_map(|(daily_loss_e6, max_positions)| RiskLimits { daily_loss_e6, max_positions })
}

fn session() -> impl Strategy<Value = SessionRecord> {
    (date(), time(), time(), money(), money(), money(), any::<bool>(), of(money())).prop_map(
        |(date, open, close, equity_open, realized_net, fees, ended, transfers_open)| SessionRecord {
            date,
            open,
            close,
            equity_open,
            realized_net,
            fees,
            ended,
            transfers_open,
        },
    )
}

fn signal() -> impl Strategy<Value = Signal> {
    (
        (attempt(), side(), time(), price(), price(), quantity(), select(SignalStatus::ALL)),
        (of(select(Reason::ALL)), text(), of(client_id()), of(broker_id())),
        (of(time()), of(time()), of(price()), of(any::<u32>())),
    )
        .prop_map(
            |(
                (attempt, side, at, level, stop, quantity, status),
                (reason, detail, order, broker_order),
                (submitted_at, filled_at, fill_price, score_e6),
            )| Signal {
                attempt,
                side,
                at,
                level,
                stop,
                quantity,
                status,
                reason,
                detail,
                order,
                broker_order,
                submitted_at,
                filled_at,
                fill_price,
                score_e6,
            },
        )
}

fn order() -> impl Strategy<Value = Order> {
    (
        (client_id(), of(broker_id()), of(client_id()), attempt(), select(OrderRole::ALL), order_side()),
        (quantity(), kind(), select(OrderStatus::ALL), quantity(), money()),
        (time(), time(), of(rejection())),
    )
        .prop_map(
            |(
                (id, broker_id, parent, attempt, role, side),
                (quantity, kind, status, filled, filled_notional),
                (created_at, updated_at, rejection),
            )| Order {
                id,
                broker_id,
                parent,
                attempt,
                role,
                side,
                quantity,
                kind,
                status,
                filled,
                filled_notional,
                created_at,
                updated_at,
                rejection,
            },
        )
}

fn trade() -> impl Strategy<Value = Trade> {
    (
        (attempt(), side(), quantity(), quantity(), time(), of(time())),
        (money(), money(), money(), price(), of(price()), of(select(ExitReason::ALL)), any::<i64>()),
    )
        .prop_map(
            |(
                (attempt, side, entered, exited, entry_time, exit_time),
                (entry_notional, exit_notional, fees, stop, target, exit_reason, unprotected),
            )| Trade {
                attempt,
                side,
                entered,
                exited,
                entry_time,
                exit_time,
                entry_notional,
                exit_notional,
                fees,
                stop,
                target,
                exit_reason,
                unprotected: orb_core::Span::from_micros(unprotected),
            },
        )
}

fn hold() -> impl Strategy<Value = HoldRecord> {
    let clearance = (text(), text(), time()).prop_map(|(actor, reason, at)| HoldClearance { actor, reason, at });
    (hold_kind(), text(), text(), time(), of(clearance)).prop_map(|(kind, reason, actor, since, cleared)| HoldRecord {
        hold: Hold { kind, reason, actor, since },
        cleared,
    })
}
