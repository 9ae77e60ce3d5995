//! Rows to trades by symbol, with the checks that need more than one field.

use std::collections::BTreeMap;

use orb_core::bar::PRICE_MAX;
use orb_core::{Calendar, Price, Session, Symbol, SymbolTable};

use super::error::TradesError;
use super::row::RawTrade;
use super::set::{Trade, TradeSet};
use crate::bars::row::SymbolBook;
use crate::bars::source::Source;

/// Holds the trades of a symbol that come from one file.
struct Piece {
    source: usize,
    /// The line or row of the first one.
    number: u64,
    trades: Vec<Trade>,
}

/// Collects the rows of files, one file after the other.
pub(super) struct Collector<'a> {
    calendar: &'a Calendar,
    sources: &'a [Source],
    /// The session of the row before: most rows share it.
    session: Option<Session>,
    /// The pieces of the file that is being read, by the symbol's number in its book.
    open: Vec<Option<(Symbol, Piece)>>,
    pieces: BTreeMap<Symbol, Vec<Piece>>,
}

impl<'a> Collector<'a> {
    pub(super) const fn new(calendar: &'a Calendar, sources: &'a [Source]) -> Self {
        Self { calendar, sources, session: None, open: Vec::new(), pieces: BTreeMap::new() }
    }

    /// Checks a row of a file and keeps it.
    pub(super) fn on_row(&mut self, source: usize, book: &SymbolBook, row: RawTrade) -> Result<(), TradesError> {
        let RawTrade { symbol, at, price, size, number } = row;
        let place = || self.sources[source].place(number);
        let name = || book.names()[symbol as usize].clone();
        if price <= Price::ZERO || price > PRICE_MAX {
            return Err(TradesError::BadPrice { place: place(), price });
        }
        if size == 0 {
            return Err(TradesError::BadSize { place: place(), text: size.to_string() });
        }
        if self.session.is_none_or(|session| !session.contains(at)) {
            self.session = self.calendar.session_at(at).copied();
        }
        if self.session.is_none() {
            return Err(TradesError::OutsideSession { place: place(), symbol: name(), ts: at });
        }
        let index = symbol as usize;
        if self.open.len() <= index {
            self.open.resize_with(index + 1, || None);
        }
        let before = self.open[index].as_ref().and_then(|(_, piece)| piece.trades.last()).map(|trade| trade.at);
        if let Some(previous) = before.filter(|previous| *previous > at) {
            return Err(TradesError::Unordered { place: place(), symbol: name(), ts: at, previous });
        }
        let empty = || (name(), Piece { source, number, trades: Vec::new() });
        self.open[index].get_or_insert_with(empty).1.trades.push(Trade { at, price, size });
        Ok(())
    }

    /// Ends a file; the next one numbers its symbols anew.
    pub(super) fn end_file(&mut self) {
        for (symbol, piece) in self.open.drain(..).flatten() {
            self.pieces.entry(symbol).or_default().push(piece);
        }
    }

    /// Joins the pieces of each symbol in order of time.
    pub(super) fn finish(mut self) -> Result<TradeSet, TradesError> {
        let symbols = SymbolTable::new(self.pieces.keys().cloned());
        let mut by_symbol = Vec::with_capacity(symbols.len());
        for (_, symbol) in symbols.iter() {
            let mut pieces = self.pieces.remove(symbol).unwrap_or_default();
            pieces.sort_by_key(|piece| piece.trades[0].at);
            for pair in pieces.windows(2) {
                self.check_follows(symbol, &pair[0], &pair[1])?;
            }
            by_symbol.push(pieces.into_iter().flat_map(|piece| piece.trades).collect());
        }
        Ok(TradeSet::from_lists(symbols, by_symbol))
    }

    fn check_follows(&self, symbol: &Symbol, one: &Piece, next: &Piece) -> Result<(), TradesError> {
        let (until, ts) = (one.trades[one.trades.len() - 1].at, next.trades[0].at);
        if until < ts {
            return Ok(());
        }
        let [first, second] = [one, next].map(|piece| self.sources[piece.source].place(piece.number));
        Err(TradesError::Overlap { first, second, symbol: symbol.clone(), ts, until })
    }
}
