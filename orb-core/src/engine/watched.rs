//! The symbols whose day is not settled.

use super::Engine;
use crate::config::StrategyId;
use crate::event::SymbolReference;
use crate::money::Price;
use crate::side::Side;
use crate::signal_machine::{Setup, Watch};
use crate::symbol::SymbolId;

/// Shows a symbol of a strategy whose day is not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The strategy.
    pub strategy: StrategyId,
    /// Which symbol.
    pub symbol: SymbolId,
    /// Its levels are watched; false while its opening range is not decided.
    pub is_armed: bool,
    /// The only side that may be traded; `None` where that is open.
    pub side: Option<Side>,
    /// What it is traded by; `None` while its opening range is not decided.
    pub setup: Option<Setup>,
    /// Close of the session before; `None` when unknown.
    pub previous_close: Option<Price>,
    /// Simple mean of the true ranges of 14 sessions; `None` when unknown.
    pub atr14: Option<Price>,
}

impl Engine {
    /// Lists the symbols whose day is not settled, by strategy and symbol; none before the first session.
    pub fn watched(&self) -> impl Iterator<Item = Watched> + '_ {
        let days = self.strategies.iter().zip(0..).filter(|_| self.session.is_some());
        days.flat_map(move |(day, strategy)| {
            let count = u32::try_from(self.config.symbols.iter().count()).unwrap_or(u32::MAX);
            (0..count).map(SymbolId).filter_map(move |symbol| {
                let is_armed = match day.signals.watch(symbol) {
                    Watch::Waiting => false,
                    Watch::Armed => true,
                    Watch::Outside | Watch::Absent | Watch::Ordered | Watch::Done => return None,
                };
                let setup = day.signals.setup(symbol).copied();
                let side = setup.and_then(|setup| setup.side);
                let SymbolReference { previous_close, atr14, .. } = self.reference[symbol.index()];
                let strategy = StrategyId(strategy);
                Some(Watched { strategy, symbol, is_armed, side, setup, previous_close, atr14 })
            })
        })
    }
}
