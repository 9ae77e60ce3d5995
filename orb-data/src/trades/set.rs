//! Trades in memory, arranged by symbol.

use orb_core::{Bar, Price, Span, SymbolId, SymbolTable, Timestamp};

use crate::bars::VOLUME_MAX;

const MINUTE: Span = Span::from_minutes(1);

/// Represents a trade of a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    /// When it took place, within regular hours.
    pub at: Timestamp,
    /// Dollars per share, above zero.
    pub price: Price,
    /// Shares, at least 1.
    pub size: u64,
}

/// Holds trades by symbol, each symbol's in order of time, and those of one instant in the order of their file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TradeSet {
    symbols: SymbolTable,
    by_symbol: Vec<Vec<Trade>>,
}

impl TradeSet {
    /// Makes a set of a list of trades for each symbol of the table, in its order.
    ///
    /// What [`super::load_trades`] checks is the caller's to keep: prices above zero, sizes of at least 1, and times
    /// within the calendar's sessions.
    ///
    /// # Panics
    /// When there is not one list for each symbol, or one is not in order of time.
    #[must_use]
    pub fn from_lists(symbols: SymbolTable, by_symbol: Vec<Vec<Trade>>) -> Self {
        assert_eq!(symbols.len(), by_symbol.len(), "each symbol has a list of its own");
        let is_ordered = |trades: &Vec<Trade>| trades.is_sorted_by_key(|trade| trade.at);
        assert!(by_symbol.iter().all(is_ordered), "trades are in order of time");
        Self { symbols, by_symbol }
    }

    /// Returns the table that numbers the symbols, alphabetically.
    #[must_use]
    pub const fn symbols(&self) -> &SymbolTable {
        &self.symbols
    }

    /// Returns a symbol's trades in order of time.
    ///
    /// # Panics
    /// When the symbol is not of the table.
    #[must_use]
    pub fn of(&self, symbol: SymbolId) -> &[Trade] {
        &self.by_symbol[symbol.index()]
    }

    /// Returns the number of trades.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_symbol.iter().map(Vec::len).sum()
    }

    /// Tells whether there is no trade.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Builds the bars of one minute that the trades make, by symbol and then by start.
    ///
    /// A bar begins on the minute and takes what happens from then on until just before the next one: its open is the
    /// first price, its close the last, its volume the sum of the sizes. A minute without trades has no bar.
    #[must_use]
    pub fn minutes(&self) -> Vec<Bar> {
        let of_symbol = |(symbol, _)| {
            let minutes = self.of(symbol).chunk_by(|one, next| minute_of(one.at) == minute_of(next.at));
            minutes.map(move |trades| bar_of(symbol, trades))
        };
        self.symbols.iter().flat_map(of_symbol).collect()
    }
}

fn minute_of(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.micros() - at.micros().rem_euclid(MINUTE.micros()))
}

/// Builds the bar of one minute's trades, of which there is at least one.
fn bar_of(symbol: SymbolId, trades: &[Trade]) -> Bar {
    let (first, last) = (trades[0], trades[trades.len() - 1]);
    let prices = || trades.iter().map(|trade| trade.price);
    let volume = trades.iter().fold(0, |sum: u64, trade| sum.saturating_add(trade.size)).min(VOLUME_MAX);
    Bar {
        symbol,
        start: minute_of(first.at),
        open: first.price,
        high: prices().max().unwrap_or(first.price),
        low: prices().min().unwrap_or(first.price),
        close: last.price,
        volume,
    }
}

#[cfg(test)]
mod tests {
    use orb_core::Symbol;
    use proptest::prelude::*;

    use super::*;

    fn set(trades: Vec<Trade>) -> TradeSet {
        TradeSet::from_lists(SymbolTable::new([Symbol::new("AAA").expect("a symbol")]), vec![trades])
    }

    fn trade(second: i64, cents: i64, size: u64) -> Trade {
        let at = Timestamp::from_micros(1_800_000_000_000_000 + second * 1_000_000);
        Trade { at, price: Price::from_cents(cents), size }
    }

    #[test]
    fn a_minute_is_what_its_trades_make() {
        let set = set(vec![trade(0, 1_000, 5), trade(59, 990, 7), trade(59, 1_010, 1), trade(60, 1_020, 2)]);
        let minutes = set.minutes();
        let [first, second] = minutes.as_slice() else { panic!("{minutes:?}") };
        let prices = [first.open, first.high, first.low, first.close].map(|price| price.micros() / 10_000);
        assert_eq!((prices, first.volume, first.start), ([1_000, 1_010, 990, 1_010], 13, trade(0, 1, 1).at));
        assert_eq!((second.start, second.open, second.volume), (trade(60, 1, 1).at, Price::from_cents(1_020), 2));
    }

    proptest! {
        #[test]
        fn every_minute_is_a_bar(rows in prop::collection::vec((0_i64..600, 1_i64..10_000, 1_u64..1_000_000), 0..60)) {
            let mut trades: Vec<Trade> = rows.into_iter().map(|(second, cents, size)| trade(second, cents, size)).collect();
            trades.sort_by_key(|trade| trade.at);
            let shares: u64 = trades.iter().map(|trade| trade.size).sum();
            let minutes = set(trades).minutes();
            prop_assert!(minutes.iter().all(|bar| bar.validated().is_ok()));
            prop_assert!(minutes.windows(2).all(|pair| pair[0].start < pair[1].start));
            prop_assert_eq!(minutes.iter().map(|bar| bar.volume).sum::<u64>(), shares);
        }
    }
}
