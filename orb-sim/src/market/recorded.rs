//! What was read or made for a market: bars, trades, or both, brought under one table of symbols.

use orb_core::{Bar, Calendar, Session, Span, SymbolId, SymbolTable};
use orb_data::synthetic::SyntheticPast;
use orb_data::trades::{Trade, TradeSet};
use orb_data::{BarSet, Loaded, SessionBars};

use super::source::SourceError;

const MINUTE: Span = Span::from_minutes(1);

/// Holds bars and trades as they came, each set with symbols of its own.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    /// Bars to play; `None` for none.
    pub(super) played: Option<BarSet>,
    /// Bars of days before; `None` for none.
    pub(super) warmup: Option<BarSet>,
    /// Trades; `None` for none.
    pub(super) trades: Option<TradeSet>,
    /// Days before that are made when they are asked for; `None` where all bars are here.
    pub(super) past: Option<SyntheticPast>,
}

impl From<Loaded> for Recorded {
    fn from(loaded: Loaded) -> Self {
        Self { played: Some(loaded.trade), warmup: Some(loaded.warmup), ..Self::default() }
    }
}

impl Recorded {
    fn bar_sets(&self) -> impl Iterator<Item = &BarSet> {
        self.played.iter().chain(&self.warmup)
    }

    /// Returns the length of all bars: of those that trades make it is a minute.
    ///
    /// # Errors
    /// When there are trades beside longer bars: a minute without trades would be one in which nothing happened, and
    /// part of a bar in which something did.
    pub(super) fn bar_length(&self) -> Result<Span, SourceError> {
        let length = self.bar_sets().next().map_or(MINUTE, BarSet::bar_length);
        match self.trades.is_some() && length != MINUTE {
            true => Err(SourceError::LongBars { minutes: length.minutes() }),
            false => Ok(length),
        }
    }

    /// Returns all symbols.
    pub(super) fn symbols(&self) -> SymbolTable {
        let of_bars = self.bar_sets().map(BarSet::symbols);
        let tables = of_bars.chain(self.trades.as_ref().map(TradeSet::symbols));
        SymbolTable::new(tables.flat_map(|table| table.iter().map(|(_, name)| name.clone())))
    }

    /// Returns the sessions that can be played, in order: those with bars to play, and those with trades, but for days
    /// that were given as days before.
    pub(super) fn sessions(&self, calendar: &Calendar) -> Vec<Session> {
        let of_set = |set: &BarSet| set.sessions().iter().map(SessionBars::session).collect::<Vec<_>>();
        let warmup = self.warmup.as_ref().map(of_set).unwrap_or_default();
        let mut sessions = self.played.as_ref().map(of_set).unwrap_or_default();
        if let Some(trades) = &self.trades {
            let instants = trades.symbols().iter().flat_map(|(symbol, _)| trades.of(symbol)).map(|trade| trade.at);
            let mut last: Option<Session> = None;
            for at in instants {
                if last.is_none_or(|session| !session.contains(at)) {
                    last = calendar.session_at(at).copied();
                    sessions.extend(last.filter(|session| !warmup.contains(session)));
                }
            }
        }
        sessions.sort_by_key(|session| session.open);
        sessions.dedup();
        sessions
    }

    /// Returns all bars in order of start and symbol. Where a symbol's minute has trades, its bar is what they make,
    /// whatever a recorded bar says.
    pub(super) fn into_bars(self, symbols: &SymbolTable) -> Vec<Bar> {
        let Self { played, warmup, trades, past: _ } = self;
        let sets = [&played, &warmup];
        let count: usize = sets.into_iter().flatten().map(BarSet::len).sum();
        let mut bars = Vec::with_capacity(count);
        if let Some(trades) = &trades {
            renumber(trades.minutes().iter(), trades.symbols(), symbols, &mut bars);
        }
        // A market of thousands of symbols is large: no set stays longer than it is needed.
        for set in [played, warmup].into_iter().flatten() {
            renumber(set.iter(), set.symbols(), symbols, &mut bars);
        }
        // The sort is stable: those of trades stay before the others, and the first one remains.
        bars.sort_by_key(|bar| (bar.start, bar.symbol));
        bars.dedup_by_key(|bar| (bar.start, bar.symbol));
        bars
    }

    /// Returns the trades of each symbol of a table, in order of time.
    pub(super) fn trades(&self, symbols: &SymbolTable) -> Vec<Vec<Trade>> {
        let Some(trades) = &self.trades else { return vec![Vec::new(); symbols.len()] };
        let of_symbol = |(_, name)| trades.symbols().id(name).map(|symbol| trades.of(symbol).to_vec());
        symbols.iter().map(|symbol| of_symbol(symbol).unwrap_or_default()).collect()
    }
}

fn renumber<'a>(bars: impl Iterator<Item = &'a Bar>, from: &SymbolTable, to: &SymbolTable, into: &mut Vec<Bar>) {
    let numbers: Vec<SymbolId> =
        from.iter().map(|(_, name)| to.id(name).expect("the table has the symbols of every set")).collect();
    into.extend(bars.map(|bar| Bar { symbol: numbers[bar.symbol.index()], ..*bar }));
}
