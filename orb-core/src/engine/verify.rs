//! The range once more, as the broker's history tells it: the stream may have lost or altered a bar.

use super::{Engine, Pending};
use crate::bar::Bar;
use crate::config::StrategyId;
use crate::effect::{Action, Component, Effects, Severity};
use crate::order::{ClientOrderId, OrderRole, OrderStatus};
use crate::range_book::OpeningRange;
use crate::reason::Reason;
use crate::side::tick;
use crate::signal_machine::Watch;
use crate::symbol::SymbolId;

impl Engine {
    /// Asks for the bars of the ranges that are traded by, after the first orders went out: the answer is in no hurry,
    /// and the orders are.
    pub(super) fn ask_to_verify(&mut self, id: StrategyId, out: &mut Effects) {
        if !self.is_live() {
            return;
        }
        let signals = &self.strategies[id.index()].signals;
        let symbols: Vec<SymbolId> = signals.having(Watch::Armed).chain(signals.having(Watch::Ordered)).collect();
        let (Some(session), Some(windows)) = (self.session, self.clock.windows(id)) else { return };
        if !symbols.is_empty() {
            let action = Action::QueryBars { symbols, from: session.open, to: windows.range_end };
            self.ask(None, Pending::Verify(id), action, out);
        }
    }

    /// Compares the ranges with the broker's history: where a level is off by more than a tick, the symbol is left
    /// alone, and an entry that is not filled is cancelled.
    pub(super) fn verify_ranges(&mut self, id: StrategyId, bars: &[Bar], out: &mut Effects) {
        let signals = &self.strategies[id.index()].signals;
        let watched: Vec<SymbolId> = signals.having(Watch::Armed).chain(signals.having(Watch::Ordered)).collect();
        for symbol in watched {
            let Some(range) = self.strategies[id.index()].signals.setup(symbol).map(|setup| setup.range) else {
                continue;
            };
            if let Some(difference) = difference(&range, bars.iter().filter(|bar| bar.symbol == symbol)) {
                self.leave_alone(id, symbol, &difference, out);
            }
        }
    }

    fn leave_alone(&mut self, id: StrategyId, symbol: SymbolId, difference: &str, out: &mut Effects) {
        let name = self.config.symbols.name(symbol);
        out.alert(Severity::Warn, Component::Data, Some(symbol), format!("{name}: {difference}"));
        if self.strategies[id.index()].signals.watch(symbol) == Watch::Armed {
            return self.decide(id, symbol, Reason::RangeIncomplete, difference.to_owned(), out);
        }
        let unfilled: Vec<ClientOrderId> = self
            .orders
            .live(symbol)
            .filter(|order| order.role == OrderRole::Entry && order.attempt.strategy == id && order.filled.is_zero())
            .filter(|order| order.status != OrderStatus::PendingCancel)
            .map(|order| order.id.clone())
            .collect();
        for order in unfilled {
            self.cancel(&order, out);
        }
    }
}

/// Tells in what a range differs from the bars of the history; nothing where the history has none.
fn difference<'a>(range: &OpeningRange, bars: impl Iterator<Item = &'a Bar> + Clone) -> Option<String> {
    let (high, low) = (bars.clone().map(|bar| bar.high).max()?, bars.map(|bar| bar.low).min()?);
    let allowed = tick(range.high);
    let off = range.high.distance(high).micros() > allowed || range.low.distance(low).micros() > allowed;
    off.then(|| format!("the range was {} to {}, and the history has {low} to {high}", range.low, range.high))
}
