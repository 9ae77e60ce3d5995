//! Compares the books with the broker's word.

use crate::event::BrokerSnapshot;
use crate::money::Quantity;
use crate::order_book::OrderBook;
use crate::position_keeper::PositionKeeper;
use crate::symbol::{SymbolId, SymbolTable};

/// Holds what a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Sentences about the symbols in which books and broker hold different positions.
    pub differences: Vec<String>,
    /// Sentences about positions that are nobody's: orb holds none there and has ordered nothing.
    pub strangers: Vec<String>,
}

/// Compares positions.
#[must_use]
pub fn compare(
    books: &PositionKeeper,
    orders: &OrderBook,
    snapshot: &BrokerSnapshot,
    symbols: &SymbolTable,
) -> Comparison {
    let held = snapshot.positions.iter().map(|position| position.symbol);
    let booked = books.open().iter().map(|trade| trade.attempt.symbol);
    let mut all: Vec<SymbolId> = held.chain(booked).collect();
    all.sort_unstable();
    all.dedup();
    let mut comparison = Comparison::default();
    for symbol in all {
        let at_broker = snapshot.positions.iter().find(|position| position.symbol == symbol);
        let broker = at_broker.map_or(Quantity::ZERO, |position| position.quantity);
        let (own, name) = (books.position(symbol), symbols.name(symbol));
        if broker == own {
            continue;
        }
        if own.is_zero() && !orders.knows(symbol) {
            comparison.strangers.push(format!("position of {broker} shares in {name} is not orb's: it is left alone"));
        } else {
            let text = format!("position in {name}: the broker holds {broker} shares, the books {own}");
            comparison.differences.push(text);
        }
    }
    comparison
}
