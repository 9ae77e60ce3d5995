//! Ticker symbols and their dense numbering.

use core::fmt;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Names a stock or fund as the broker does, as in `SPY` or `BRK.B`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(Arc<str>);

/// Numbers a symbol within one [`SymbolTable`], from 0 without holes, in alphabetical order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SymbolId(pub u32);

/// Explains why a text is not a symbol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a symbol: expected 1 to 12 of A-Z, 0-9, `.`, `-` and `/`, the first a letter or digit")]
pub struct SymbolError(pub String);

impl Symbol {
    /// Checks and keeps a symbol; lower case is made upper case.
    ///
    /// # Errors
    /// When the text is empty, longer than 12 characters or holds others than letters, digits, `.`, `-`, `/`.
    pub fn new(text: &str) -> Result<Self, SymbolError> {
        let trimmed = text.trim();
        let first = trimmed.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        let all = trimmed.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-/".contains(&byte));
        if !first || !all || trimmed.len() > 12 {
            return Err(SymbolError(text.to_owned()));
        }
        Ok(Self(trimmed.to_ascii_uppercase().into()))
    }

    /// Returns the symbol's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl SymbolId {
    /// Returns the number as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// Holds the symbols of an engine, so that everything inside speaks of small numbers.
///
/// The numbers follow the alphabet, so comparing two [`SymbolId`] of a table compares the symbols.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SymbolTable {
    names: Vec<Symbol>,
    ids: BTreeMap<Symbol, SymbolId>,
}

impl SymbolTable {
    /// Numbers the symbols; duplicates count once.
    ///
    /// # Panics
    /// When there are more than 2^32 symbols.
    pub fn new(symbols: impl IntoIterator<Item = Symbol>) -> Self {
        let mut names: Vec<Symbol> = symbols.into_iter().collect();
        names.sort();
        names.dedup();
        let number = |index: usize| SymbolId(u32::try_from(index).expect("a symbol table has fewer than 2^32 symbols"));
        let ids = names.iter().enumerate().map(|(index, name)| (name.clone(), number(index))).collect();
        Self { names, ids }
    }

    /// Returns the number of a symbol, or `None` when it is not in the table.
    #[must_use]
    pub fn id(&self, symbol: &Symbol) -> Option<SymbolId> {
        self.ids.get(symbol).copied()
    }

    /// Returns the symbol with a number.
    ///
    /// # Panics
    /// When the number is not of this table.
    #[must_use]
    pub fn name(&self, id: SymbolId) -> &Symbol {
        &self.names[id.index()]
    }

    /// Returns how many symbols there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.names.len()
    }

    /// Tells whether the table is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Lists the symbols with their numbers, in order.
    pub fn iter(&self) -> impl Iterator<Item = (SymbolId, &Symbol)> {
        self.names.iter().zip(0..).map(|(name, index)| (SymbolId(index), name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_the_alphabet() {
        let table = SymbolTable::new(["SPY", "aapl", "SPY", "BRK.B"].map(|text| Symbol::new(text).expect(text)));
        let names: Vec<_> = table.iter().map(|(id, name)| (id.0, name.as_str())).collect();
        assert_eq!(names, [(0, "AAPL"), (1, "BRK.B"), (2, "SPY")]);
        assert!(Symbol::new("").is_err() && Symbol::new("A B").is_err() && Symbol::new("ABCDEFGHIJKLM").is_err());
    }
}
