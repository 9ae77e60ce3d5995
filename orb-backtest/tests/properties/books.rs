//! Positions, cash, slots and money balance at every moment.

use std::collections::BTreeMap;

use orb_core::effect::{Action, Effect};
use orb_core::event::{Event, MarketData};
use orb_core::fact::{Fact, Trade};
use orb_core::order::{ClientOrderId, OrderKind, OrderRequest, OrderRole};
use orb_core::{Bar, Money, Price, Quantity, Side, SymbolId};
use proptest::prelude::*;

use crate::Case;
use crate::harness::{Harness, Step};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn books_and_exchange_agree(seed in any::<u64>()) {
        case(seed);
    }
}

/// Follows a run from its facts alone.
#[derive(Default)]
struct Ledger {
    fills: BTreeMap<SymbolId, i64>,
    /// Entries that are submitted and neither filled nor over, with the value that they are expected to take.
    working: BTreeMap<ClientOrderId, Money>,
    /// Trades and decisions of each symbol and session.
    outcomes: BTreeMap<(orb_core::Date, SymbolId), (u32, u32)>,
    latest_bars: Vec<Bar>,
}

#[track_caller]
fn case(seed: u64) {
    let (case, _) = Case::new(seed);
    let mut harness = case.harness();
    let mut ledger = Ledger::default();
    case.run(&mut harness, &mut |harness, step| {
        ledger.watch(harness, step, &case);
        agree(harness, step, &ledger, &case);
    });
    for day in &case.days {
        for symbol in (0..case.config.symbols.len()).map(|index| SymbolId(u32::try_from(index).expect("small"))) {
            let found = ledger.outcomes.get(&(day.session.date, symbol)).copied().unwrap_or_default();
            assert!(found == (1, 0) || found == (0, 1), "{symbol:?} {}: {found:?} {}", day.session.date, case.name());
        }
    }
    assert!(harness.engine.open_trades().is_empty(), "flat at the close: {}", case.name());
    assert_eq!(harness.engine.slots_used(), 0, "{}", case.name());
    assert!(harness.engine.holds().permits_entries() || case.settings.contains("daily_loss"), "{}", case.name());
    let net: Money = harness.trades.iter().map(Trade::net).sum();
    assert_eq!(harness.exchange.account().cash, case.config.run.initial_equity + net, "{}", case.name());
}

impl Ledger {
    fn watch(&mut self, harness: &Harness, step: &Step, case: &Case) {
        if let Event::Market(_, MarketData::Bars(bars)) = &step.event {
            self.latest_bars.clone_from(bars);
        }
        for effect in &step.effects {
            match effect {
                Effect::Record(fact) => self.record(fact),
                Effect::Broker(effect) => {
                    if let Action::Submit(request) = &effect.action
                        && request.role == OrderRole::Entry
                    {
                        self.submit(harness, request, case);
                    }
                }
                Effect::Alert(_) => {}
            }
        }
        // The facts of an order come last: what is over works no more.
        for effect in &step.effects {
            if let Effect::Record(Fact::Order(order)) = effect
                && (order.status.is_terminal() || !order.filled.is_zero())
            {
                self.working.remove(&order.id);
            }
        }
    }

    fn record(&mut self, fact: &Fact) {
        match fact {
            Fact::Fill(fill) => {
                let shares = fill.side.sign() * fill.execution.quantity.shares();
                *self.fills.entry(fill.attempt.symbol).or_default() += shares;
            }
            Fact::Trade(trade) if trade.is_closed() => {
                self.outcomes.entry((trade.attempt.date, trade.attempt.symbol)).or_default().0 += 1;
            }
            Fact::Decision(decision) => {
                self.outcomes.entry((decision.attempt.date, decision.attempt.symbol)).or_default().1 += 1;
            }
            Fact::Explained(_)
            | Fact::Trade(_)
            | Fact::Session(_)
            | Fact::Signal(_)
            | Fact::Order(_)
            | Fact::Hold(_)
            | Fact::Closing(_)
            | Fact::Limits(_)
            | Fact::StrategyStop(_)
            | Fact::Alarm(_) => {}
        }
    }

    /// Open and working positions together stay within leverage x equity when an order is submitted.
    fn submit(&mut self, harness: &Harness, request: &OrderRequest, case: &Case) {
        let signal = harness.engine.signals().find(|signal| signal.attempt == request.attempt).expect("a signal");
        let open: Money = harness.engine.open_trades().iter().map(|trade| trade.entry_notional).sum();
        let working: Money = self.working.values().copied().sum();
        let own = request.quantity.at(signal.level);
        let equity = harness.engine.session().expect("a session").equity_open.to_decimal();
        let ceiling = Money::from_decimal(case.config.run.strategies[0].leverage * equity).expect("in range");
        assert!(open + working + own <= ceiling, "{open} + {working} + {own} above {ceiling}: {}", case.name());
        self.working
            .insert(request.id.clone(), request.quantity.at(self.expected(request, signal.level, signal.side, case)));
    }

    /// Returns the price at which an entry that triggered in the latest bar fills: beyond its level after a gap.
    fn expected(&self, request: &OrderRequest, level: Price, side: Side, case: &Case) -> Price {
        let strategy = &case.config.run.strategies[0];
        let bar = self.latest_bars.iter().find(|bar| bar.symbol == request.attempt.symbol);
        let triggered = bar.filter(|bar| request.trigger.is_some_and(|trigger| trigger.first_bar == bar.start));
        let (OrderKind::Stop(_), Some(bar)) = (request.kind, triggered) else { return level };
        let base = if side == Side::Long { level.max(bar.open) } else { level.min(bar.open) };
        base.offset(side.sign() * strategy.costs.slippage.micros())
    }
}

fn agree(harness: &Harness, step: &Step, ledger: &Ledger, case: &Case) {
    let engine = &harness.engine;
    let most = case.config.run.strategies[0].max_positions as usize;
    assert!(
        engine.open_trades().len() <= most && engine.slots_used() <= most,
        "slots at {}: {}",
        step.now,
        case.name()
    );
    let books: BTreeMap<SymbolId, i64> =
        engine.open_trades().iter().map(|trade| (trade.attempt.symbol, trade.position().shares())).collect();
    let fills: BTreeMap<SymbolId, i64> =
        ledger.fills.iter().filter(|(_, shares)| **shares != 0).map(|(symbol, shares)| (*symbol, *shares)).collect();
    assert_eq!(books, fills, "positions are the sum of the fills at {}: {}", step.now, case.name());
    let waits = step.effects.iter().any(|effect| matches!(effect, Effect::Broker(_)));
    if !harness.is_settled() || waits {
        return;
    }
    let held: BTreeMap<SymbolId, i64> =
        harness.exchange.positions().iter().map(|position| (position.symbol, position.quantity.shares())).collect();
    assert_eq!(books, held, "books and exchange at {}: {}", step.now, case.name());
    let closed_now = step.effects.iter().filter_map(|effect| match effect {
        Effect::Record(Fact::Trade(trade)) if trade.is_closed() => Some(trade.net()),
        Effect::Record(_) | Effect::Broker(_) | Effect::Alert(_) => None,
    });
    let closed: Money = harness.trades.iter().map(Trade::net).chain(closed_now).sum();
    let open: Money = engine.open_trades().iter().map(|trade| trade.gross_at(Price::ZERO) - trade.fees).sum();
    let cash = harness.exchange.account().cash;
    assert_eq!(cash, case.config.run.initial_equity + closed + open, "cash at {}: {}", step.now, case.name());
    covered(harness, step, case);
}

/// Every open position has its stop, or is being closed.
fn covered(harness: &Harness, step: &Step, case: &Case) {
    for trade in harness.engine.open_trades() {
        let symbol = trade.attempt.symbol;
        let desk = harness.engine.desk(symbol).expect("a position has a desk");
        let protected = harness.engine.protected(symbol);
        let whole = protected == Quantity::new(trade.position().shares().abs());
        assert!(whole || desk.closing().is_some(), "{symbol:?} unprotected at {}: {}", step.now, case.name());
    }
}
