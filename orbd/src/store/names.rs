//! Names for the engine's numbers, and back.

use orb_core::order::AttemptId;
use orb_core::symbol::{Symbol, SymbolId, SymbolTable};
use orb_core::{Date, StrategyId};

use super::error::StoreError;
use super::rows::AttemptKey;

/// Maps the numbers of symbols and strategies to the names that rows hold, and back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The symbols that the engine knows.
    pub symbols: SymbolTable,
    /// The strategies' names; the position is the strategy's number.
    pub strategies: Vec<String>,
}

impl Names {
    /// Returns the name of a strategy.
    ///
    /// # Panics
    /// When the number is not of this configuration.
    #[must_use]
    pub fn strategy(&self, id: StrategyId) -> &str {
        &self.strategies[id.index()]
    }

    /// Returns the name of a symbol.
    ///
    /// # Panics
    /// When the number is not of this table.
    #[must_use]
    pub fn symbol(&self, id: SymbolId) -> &str {
        self.symbols.name(id).as_str()
    }

    /// Names an attempt as rows and the API do; its text form is `2026-02-13/orb-classic/NVDA/1`.
    ///
    /// # Panics
    /// When a number is not of this configuration.
    #[must_use]
    pub fn attempt(&self, id: AttemptId) -> AttemptKey {
        AttemptKey {
            date: id.date,
            strategy: self.strategy(id.strategy).to_owned(),
            symbol: self.symbol(id.symbol).to_owned(),
            attempt: id.attempt,
        }
    }

    /// Returns the numbers of an attempt.
    ///
    /// # Errors
    /// When the strategy or the symbol is not known.
    pub fn attempt_id(&self, key: &AttemptKey) -> Result<AttemptId, StoreError> {
        Ok(AttemptId {
            date: key.date,
            strategy: self.strategy_id(&key.strategy, key.date)?,
            symbol: self.symbol_id(&key.symbol, key.date)?,
            attempt: key.attempt,
        })
    }

    /// Returns the number of a strategy; `date` names the row in an error.
    ///
    /// # Errors
    /// When the strategy is not known.
    pub fn strategy_id(&self, name: &str, date: Date) -> Result<StrategyId, StoreError> {
        let index = self.strategies.iter().position(|known| known == name);
        let id = index.and_then(|index| u16::try_from(index).ok()).map(StrategyId);
        id.ok_or_else(|| unknown("strategy", name, date))
    }

    /// Returns the number of a symbol; `None` when it is not known.
    #[must_use]
    pub fn known_symbol(&self, name: &str) -> Option<SymbolId> {
        Symbol::new(name).ok().and_then(|symbol| self.symbols.id(&symbol))
    }

    fn symbol_id(&self, name: &str, date: Date) -> Result<SymbolId, StoreError> {
        self.known_symbol(name).ok_or_else(|| unknown("symbol", name, date))
    }
}

fn unknown(what: &'static str, name: &str, date: Date) -> StoreError {
    StoreError::UnknownName { what, name: name.to_owned(), date: date.to_string() }
}
