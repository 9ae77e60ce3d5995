//! Whatever nonsense comes, nothing panics, nothing spins, and a killed engine enters nothing.

use orb_core::effect::EffectId;
use orb_core::event::{Authorised, BrokerSnapshot, Command, Event, FeedState, MarketData, Origin, Outcome};
use orb_core::hold::HoldKind;
use orb_core::order::{
    BrokerOrder, BrokerOrderId, ClientOrderId, Execution, OrderEvent, OrderKind, OrderStatus, OrderUpdate, Rejection,
    RejectionKind,
};
use orb_core::{Money, OrderSide, Price, Quantity, SymbolId};
use proptest::prelude::*;

use crate::Case;
use crate::harness::is_entry;
use crate::market::Dice;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn nonsense_is_survived(seed in any::<u64>()) {
        case(seed);
    }
}

#[track_caller]
fn case(seed: u64) {
    let (case, mut dice) = Case::new(seed);
    let mut quiet = case.harness();
    case.run(&mut quiet, &mut |_, _| {});
    // Real orders of the quiet run: the same are likely to be made again.
    let orders: Vec<BrokerOrder> = quiet
        .log
        .iter()
        .filter_map(|step| match &step.event {
            Event::Order(update) => Some(update.order.clone()),
            Event::Outcome(_, Outcome::Accepted(order)) => Some(order.clone()),
            Event::Market(..) | Event::Snapshot(_) | Event::Reference(_) | Event::Outcome(..) => None,
            Event::Command(_) | Event::Limits(_) | Event::Feed(_) | Event::Wakeup => None,
        })
        .collect();
    let mut harness = case.harness();
    let length = i64::try_from(quiet.log.len()).expect("small");
    for _ in 0..dice.between(1, 60) {
        let at = usize::try_from(dice.between(2, length)).expect("positive");
        let event = nonsense(&mut dice, &orders, case.config.symbols.len());
        harness.injected.insert(at, event);
    }
    let mut killed = false;
    case.run(&mut harness, &mut |harness, step| {
        assert!(
            !killed || !step.effects.iter().any(is_entry),
            "an entry after a kill at {}: {}",
            step.now,
            case.name()
        );
        killed = harness.engine.holds().get(HoldKind::Kill).is_some();
        for trade in harness.engine.open_trades() {
            assert!(harness.engine.desk(trade.attempt.symbol).is_some(), "no desk at {}: {}", step.now, case.name());
        }
    });
}

fn nonsense(dice: &mut Dice, orders: &[BrokerOrder], symbols: usize) -> Event {
    let symbol = SymbolId(u32::try_from(dice.between(0, i64::try_from(symbols).expect("small"))).expect("small"));
    match dice.between(0, 10) {
        0..=4 => Event::Order(update(dice, orders, symbol)),
        5 => {
            let outcome = outcome(dice, orders, symbol);
            Event::Outcome(EffectId(dice.next() % 60), outcome)
        }
        6 => Event::Snapshot(BrokerSnapshot {
            orders: (0..dice.between(0, 4)).map(|_| order(dice, orders, symbol)).collect(),
            foreign: if dice.chance(20) { vec!["somebody".to_owned()] } else { Vec::new() },
            transfers: None,
            ..BrokerSnapshot::default()
        }),
        7 => Event::Feed(if dice.chance(50) {
            FeedState::Trouble(*dice.pick(HoldKind::ALL))
        } else {
            FeedState::Recovered(*dice.pick(HoldKind::ALL))
        }),
        8 => {
            let price = |dice: &mut Dice| Price::from_micros(dice.between(-1_000_000, 200_000_000));
            let (bid, ask) = (price(dice), price(dice));
            Event::Market(Origin::Live, MarketData::Quote { symbol, bid, ask })
        }
        _ => {
            let kind = *dice.pick(HoldKind::ALL);
            let choices = [
                Command::Kill { flatten: true },
                Command::Kill { flatten: false },
                Command::Pause,
                Command::Clear(kind),
                Command::Close(symbol),
                Command::CloseAll,
            ];
            let text = || "test".to_owned();
            let command = *dice.pick(&choices);
            Event::Command(Authorised { request_id: text(), actor: text(), reason: text(), command })
        }
    }
}

fn update(dice: &mut Dice, orders: &[BrokerOrder], symbol: SymbolId) -> OrderUpdate {
    let order = order(dice, orders, symbol);
    let event = *dice.pick(OrderEvent::ALL);
    let at = orb_core::Timestamp::from_micros(dice.between(0, 1_000));
    let fills = matches!(event, OrderEvent::Fill | OrderEvent::PartialFill);
    let execution = (fills || dice.chance(5)).then(|| Execution {
        id: format!("n{}", dice.next() % 40),
        price: Price::from_micros(dice.between(1, 200_000_000)),
        quantity: Quantity::new(dice.between(1, 2_000)),
        fee: Money::from_micros(dice.between(0, 1_000_000)),
        at,
        at_data_end: dice.chance(10),
    });
    let rejection = dice.chance(10).then(|| rejection(dice));
    OrderUpdate { event, order, execution, rejection, at }
}

fn outcome(dice: &mut Dice, orders: &[BrokerOrder], symbol: SymbolId) -> Outcome {
    match dice.between(0, 7) {
        0 => Outcome::Accepted(order(dice, orders, symbol)),
        1 => Outcome::Found(order(dice, orders, symbol)),
        2 => Outcome::Rejected(rejection(dice)),
        3 => Outcome::Unknown,
        4 => Outcome::NotFound,
        5 => Outcome::Positions(Vec::new()),
        _ => Outcome::Done,
    }
}

fn rejection(dice: &mut Dice) -> Rejection {
    let kinds = [
        RejectionKind::EntryBeyondStop,
        RejectionKind::DuplicateId,
        RejectionKind::NotShortable,
        RejectionKind::Insufficient,
        RejectionKind::NotSent,
        RejectionKind::Other,
    ];
    let kind = *dice.pick(&kinds);
    Rejection { code: 1, message: "no".to_owned(), related_orders: Vec::new(), available: None, kind }
}

/// Returns an order of the account, perhaps changed, or one of somebody else.
fn order(dice: &mut Dice, orders: &[BrokerOrder], symbol: SymbolId) -> BrokerOrder {
    if !orders.is_empty() && dice.chance(85) {
        let real = dice.pick(orders).clone();
        let status = if dice.chance(50) { real.status } else { *dice.pick(OrderStatus::ALL) };
        return BrokerOrder { status, ..real };
    }
    BrokerOrder {
        broker_id: BrokerOrderId::new(&format!("other-{}", dice.next() % 5)),
        client_id: dice.chance(50).then(|| ClientOrderId::new("hand-made")),
        parent: None,
        replaces: None,
        symbol,
        side: *dice.pick(&[OrderSide::Buy, OrderSide::Sell]),
        quantity: Quantity::new(dice.between(1, 1_000)),
        kind: OrderKind::Market,
        status: *dice.pick(OrderStatus::ALL),
        filled: Quantity::ZERO,
        legs: Vec::new(),
    }
}
