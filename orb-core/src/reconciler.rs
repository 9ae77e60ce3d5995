//! Compares the books with the broker's word.

use crate::event::BrokerSnapshot;
use crate::money::Quantity;
use crate::position_keeper::PositionKeeper;
use crate::symbol::{SymbolId, SymbolTable};

/// Lists, as sentences, the symbols in which the books and the broker hold different positions.
#[must_use]
pub fn differences(books: &PositionKeeper, snapshot: &BrokerSnapshot, symbols: &SymbolTable) -> Vec<String> {
    let held = snapshot.positions.iter().map(|position| position.symbol);
    let booked = books.open().iter().map(|trade| trade.attempt.symbol);
    let mut all: Vec<SymbolId> = held.chain(booked).collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter().filter_map(|symbol| difference(books, snapshot, symbols, symbol)).collect()
}

fn difference(
    books: &PositionKeeper,
    snapshot: &BrokerSnapshot,
    symbols: &SymbolTable,
    symbol: SymbolId,
) -> Option<String> {
    let at_broker = snapshot.positions.iter().find(|position| position.symbol == symbol);
    let broker = at_broker.map_or(Quantity::ZERO, |position| position.quantity);
    let own = books.position(symbol);
    let name = symbols.name(symbol);
    (broker != own).then(|| format!("position in {name}: the broker holds {broker} shares, the books {own}"))
}
