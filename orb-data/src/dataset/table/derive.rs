//! Answers of a broker into the tables, and what bars say into the tables.

use std::collections::BTreeMap;

use orb_core::config::RANGE_MINUTES;
use orb_core::{Bar, Calendar, Date, Session, Span, Symbol, SymbolTable};

use super::super::Dataset;
use super::super::error::DatasetError;
use super::Table;
use crate::reference::{Asset, CorporateAction, DailyBar, OpeningVolume, opening_volume};

impl DailyBar {
    /// Sums up the bars of one symbol's regular session, in order of start; `None` when there are none.
    #[must_use]
    pub fn of(symbol: &Symbol, bars: &[Bar]) -> Option<Self> {
        let (first, last) = (bars.first()?, bars.last()?);
        Some(Self {
            symbol: symbol.clone(),
            open: first.open,
            high: bars.iter().map(|bar| bar.high).max()?,
            low: bars.iter().map(|bar| bar.low).min()?,
            close: last.close,
            volume: bars.iter().map(|bar| bar.volume).sum(),
        })
    }

    /// Tells whether it keeps the rules of a bar: shares changed hands, and no price lies outside of low and high.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        let within = |price| self.low <= price && price <= self.high;
        self.volume > 0 && self.low.micros() > 0 && within(self.open) && within(self.close)
    }
}

impl Dataset {
    /// Adds the days of a session that answer a question for some symbols, and remembers who was asked for. Returns how
    /// many are new or others than before.
    ///
    /// # Errors
    /// When files cannot be read or written.
    ///
    /// # Panics
    /// When the dataset was opened for reading, or two days are of one symbol.
    pub fn add_daily(&mut self, date: Date, asked: &[Symbol], days: &[DailyBar]) -> Result<u64, DatasetError> {
        self.assert_writer();
        self.add_rows(Table::Daily, date, asked, days)
    }

    /// Adds the opening ranges of a session that follow from one-minute bars of its first minutes, and remembers who was
    /// asked for; `minutes` are the lengths, none longer than what was asked for. Returns how many are new or others.
    ///
    /// # Errors
    /// When files cannot be read or written.
    ///
    /// # Panics
    /// When the dataset was opened for reading.
    pub fn add_openings(
        &mut self,
        session: &Session,
        minutes: &[u32],
        asked: &[Symbol],
        (symbols, bars): (&SymbolTable, &[Bar]),
    ) -> Result<u64, DatasetError> {
        self.assert_writer();
        let by_symbol = by_symbol(symbols, bars);
        let mut changed = 0;
        for &minutes in minutes {
            let range = |symbol| opening_volume(symbol, minutes, session, by_symbol.get(symbol)?);
            let ranges: Vec<OpeningVolume> = asked.iter().filter_map(range).collect();
            changed += self.add_rows(Table::Opening(minutes), session.date, asked, &ranges)?;
        }
        Ok(changed)
    }

    /// Makes a listing that of a session's morning.
    ///
    /// # Errors
    /// When files cannot be read or written.
    ///
    /// # Panics
    /// When the dataset was opened for reading.
    pub fn set_assets(&mut self, date: Date, assets: Vec<Asset>) -> Result<u64, DatasetError> {
        self.assert_writer();
        self.replace_rows(Table::Assets, date, assets)
    }

    /// Makes corporate actions those that became effective after the session before one, up to it.
    ///
    /// # Errors
    /// When files cannot be read or written.
    ///
    /// # Panics
    /// When the dataset was opened for reading.
    pub fn set_actions(&mut self, date: Date, actions: Vec<CorporateAction>) -> Result<u64, DatasetError> {
        self.assert_writer();
        self.replace_rows(Table::Actions, date, actions)
    }

    /// Sums up the minutes' bars of a session that it has for symbols that the tables were not asked for: nobody has to
    /// be asked for what follows from them. Returns how many rows are new.
    ///
    /// Ranges follow from bars of a length that divides them.
    ///
    /// # Errors
    /// When a file is missing or damaged, or cannot be written.
    ///
    /// # Panics
    /// When the dataset was opened for reading.
    pub fn derive(&mut self, session: &Session, calendar: &Calendar) -> Result<u64, DatasetError> {
        let asked = self.symbols_asked(session.date)?;
        let missing = self.missing(Table::Daily, session.date, &asked)?;
        if missing.is_empty() { Ok(0) } else { self.sum_up(session, calendar, &missing, false) }
    }

    /// Sums up the bars of a session that it has, whatever the tables say of them. Returns how many rows are new or others
    /// than before.
    ///
    /// # Errors
    /// As [`Self::derive`].
    ///
    /// # Panics
    /// When the dataset was opened for reading.
    pub fn derive_again(&mut self, session: &Session, calendar: &Calendar) -> Result<u64, DatasetError> {
        let asked = self.symbols_asked(session.date)?;
        self.sum_up(session, calendar, &asked, true)
    }

    fn symbols_asked(&self, date: Date) -> Result<Vec<Symbol>, DatasetError> {
        Ok(self.asked(date)?.iter().filter_map(|name| Symbol::new(name).ok()).collect())
    }

    /// Sums up the bars of some symbols; ranges that are known are left as they are, unless `again` is said.
    fn sum_up(
        &mut self,
        session: &Session,
        calendar: &Calendar,
        names: &[Symbol],
        again: bool,
    ) -> Result<u64, DatasetError> {
        self.assert_writer();
        let date = session.date;
        let set = self.session(date, calendar)?;
        let bars = set.as_ref().and_then(|set| Some((set.symbols(), set.session(date)?.bars())));
        let by_symbol = bars.map(|(symbols, bars)| by_symbol(symbols, bars)).unwrap_or_default();
        let day = |symbol: &Symbol| DailyBar::of(symbol, by_symbol.get(symbol)?);
        let days: Vec<DailyBar> = names.iter().filter_map(day).collect();
        let mut changed = 0;
        if self.header.bar_length() == Span::from_minutes(1) {
            for minutes in RANGE_MINUTES {
                let table = Table::Opening(minutes);
                let asked = if again { names.to_vec() } else { self.missing(table, date, names)? };
                let range = |symbol| opening_volume(symbol, minutes, session, by_symbol.get(symbol)?);
                let ranges: Vec<OpeningVolume> = asked.iter().filter_map(range).collect();
                changed += self.add_rows(Table::Opening(minutes), date, &asked, &ranges)?;
            }
        }
        // Last, because it tells that all of it is done.
        Ok(changed + self.add_rows(Table::Daily, date, names, &days)?)
    }
}

fn by_symbol(symbols: &SymbolTable, bars: &[Bar]) -> BTreeMap<Symbol, Vec<Bar>> {
    let mut by_symbol: BTreeMap<Symbol, Vec<Bar>> = BTreeMap::new();
    for bar in bars {
        by_symbol.entry(symbols.name(bar.symbol).clone()).or_default().push(*bar);
    }
    by_symbol
}
