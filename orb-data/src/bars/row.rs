//! One row as a reader hands it on, and the symbols that rows are numbered by.

use std::collections::{BTreeMap, HashMap};

use orb_core::symbol::SymbolError;
use orb_core::{Price, Symbol, Timestamp};

/// Represents a row whose fields are read, and not yet checked against each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct RawRow {
    /// The symbol's number in the reader's [`SymbolBook`].
    pub(super) symbol: u32,
    /// The time in the row: the bar's start or end.
    pub(super) label: Timestamp,
    /// Open, high, low, close.
    pub(super) prices: [Price; 4],
    pub(super) volume: u64,
    /// The line or row in the file.
    pub(super) number: u64,
}

/// Numbers the symbols of a file in the order in which they appear.
#[derive(Debug, Default)]
pub(crate) struct SymbolBook {
    names: Vec<Symbol>,
    numbers: BTreeMap<Symbol, u32>,
    by_text: HashMap<Vec<u8>, u32>,
    last: (Vec<u8>, u32),
}

impl SymbolBook {
    /// Returns the number of the symbol that a text spells.
    #[inline]
    pub(crate) fn number(&mut self, text: &[u8]) -> Result<u32, SymbolError> {
        if self.last.0 == text && !text.is_empty() {
            return Ok(self.last.1);
        }
        let number = match self.by_text.get(text) {
            Some(number) => *number,
            None => self.learn(text)?,
        };
        self.last.0.clear();
        self.last.0.extend_from_slice(text);
        self.last.1 = number;
        Ok(number)
    }

    fn learn(&mut self, text: &[u8]) -> Result<u32, SymbolError> {
        let symbol = Symbol::new(&String::from_utf8_lossy(text))?;
        let next = u32::try_from(self.names.len()).expect("a file has fewer than 2^32 symbols");
        let number = *self.numbers.entry(symbol.clone()).or_insert(next);
        if number == next {
            self.names.push(symbol);
        }
        self.by_text.insert(text.to_vec(), number);
        Ok(number)
    }

    /// Returns the symbol with a number.
    pub(super) fn name(&self, number: u32) -> &Symbol {
        &self.names[number as usize]
    }

    /// Returns all symbols by number.
    pub(crate) fn names(&self) -> &[Symbol] {
        &self.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_symbol_has_one_number_however_it_is_spelt() {
        let mut book = SymbolBook::default();
        let numbers: Vec<_> = ["SPY", "spy", "AAPL", " SPY", "SPY"].map(|text| book.number(text.as_bytes())).into();
        assert_eq!(numbers, [Ok(0), Ok(0), Ok(1), Ok(0), Ok(0)]);
        assert_eq!(book.names().len(), 2);
        assert!(book.number(b"").is_err() && book.number(b"A B").is_err());
    }
}
