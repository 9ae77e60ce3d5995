//! Bars in memory, arranged by session and instant.

use std::sync::Arc;

use orb_core::{Bar, BarError, Calendar, Date, Session, Span, SymbolId, SymbolTable, Timestamp};

use super::field::VOLUME_MAX;

/// Holds the bars of one session, sorted by start and then by symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionBars {
    pub(crate) session: Session,
    pub(crate) bars: Vec<Bar>,
}

impl SessionBars {
    /// Returns the session: its date in New York and its regular hours.
    #[must_use]
    pub const fn session(&self) -> Session {
        self.session
    }

    /// Returns all bars, sorted by start and then by symbol; never empty.
    #[must_use]
    pub fn bars(&self) -> &[Bar] {
        &self.bars
    }

    /// Iterates over the batches of the session: all bars of one start, sorted by symbol. Allocates nothing.
    pub fn batches(&self) -> impl Iterator<Item = &[Bar]> {
        self.bars.chunk_by(|one, next| one.start == next.start)
    }
}

/// Holds bars of one length by session, with the table that their symbols are numbered by.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use orb_core::{Bar, Price, Span, Symbol, SymbolId, SymbolTable};
/// use orb_data::BarSet;
///
/// let calendar = orb_data::nyse_calendar(2026, 2026);
/// let start = calendar.sessions()[0].open;
/// let price = Price::from_cents(1000);
/// let bar = Bar { symbol: SymbolId(0), start, open: price, high: price, low: price, close: price, volume: 100 };
/// let set = BarSet::from_bars(SymbolTable::new([Symbol::new("ZEBLIN")?]), Span::from_minutes(1), &calendar, vec![bar])?;
/// for session in set.sessions() {
///     for batch in session.batches() {
///         assert_eq!(batch[0].start, session.session().open);
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BarSet {
    symbols: Arc<SymbolTable>,
    bar_length: Span,
    sessions: Vec<SessionBars>,
    present: Vec<bool>,
}

/// Explains why a list of bars is not a set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BarSetError {
    /// A bar breaks the rules of a bar.
    #[error("the bar that starts at {start} is invalid")]
    Invalid {
        /// Start of the bar.
        start: Timestamp,
        /// The rule that is broken.
        source: BarError,
    },
    /// A bar has more shares than a reader accepts.
    #[error("the bar that starts at {start} has a volume of {volume}: at most {VOLUME_MAX} shares are accepted")]
    TooMuchVolume {
        /// Start of the bar.
        start: Timestamp,
        /// Its volume in shares.
        volume: u64,
    },
    /// A bar's symbol is not in the table.
    #[error("the symbol number {0} is not in the table")]
    UnknownSymbol(u32),
    /// A bar lies outside regular hours or off the grid of its length.
    #[error("the bar that starts at {0} is outside regular hours or off the grid that begins at the session's open")]
    OffGrid(Timestamp),
    /// A symbol has two bars of one start.
    #[error("{symbol} has two bars that start at {start}")]
    Duplicate {
        /// The symbol.
        symbol: String,
        /// Start of both bars.
        start: Timestamp,
    },
}

impl BarSet {
    /// Checks bars, in any order, and arranges them.
    ///
    /// # Errors
    /// When a bar is invalid, of an unknown symbol, outside regular hours, off the grid or there twice.
    ///
    /// # Panics
    /// When the bar length is not positive.
    pub fn from_bars(
        symbols: SymbolTable,
        bar_length: Span,
        calendar: &Calendar,
        mut bars: Vec<Bar>,
    ) -> Result<Self, BarSetError> {
        assert!(bar_length > Span::ZERO, "a bar has a length");
        bars.sort_by_key(|bar| (bar.start, bar.symbol));
        let mut sessions: Vec<SessionBars> = Vec::new();
        for bar in bars {
            let session = checked(&bar, &symbols, bar_length, calendar)?;
            match sessions.last_mut() {
                Some(last) if last.session == session => push_next(&mut last.bars, bar, &symbols)?,
                Some(_) | None => sessions.push(SessionBars { session, bars: vec![bar] }),
            }
        }
        let mut present = vec![false; symbols.len()];
        sessions.iter().flat_map(|session| &session.bars).for_each(|bar| present[bar.symbol.index()] = true);
        Ok(Self::arranged(Arc::new(symbols), bar_length, sessions, present))
    }

    /// Keeps sessions that are already in order of date, none empty, each sorted and checked.
    pub(crate) const fn arranged(
        symbols: Arc<SymbolTable>,
        bar_length: Span,
        sessions: Vec<SessionBars>,
        present: Vec<bool>,
    ) -> Self {
        Self { symbols, bar_length, sessions, present }
    }

    /// Returns the table that numbers the symbols, alphabetically; it may hold symbols without bars in this set.
    #[must_use]
    pub fn symbols(&self) -> &SymbolTable {
        &self.symbols
    }

    /// Returns the table to keep.
    pub(crate) fn shared_symbols(&self) -> Arc<SymbolTable> {
        Arc::clone(&self.symbols)
    }

    /// Gives the sessions away.
    pub(crate) fn into_sessions(self) -> Vec<SessionBars> {
        self.sessions
    }

    /// Returns the length of every bar.
    #[must_use]
    pub const fn bar_length(&self) -> Span {
        self.bar_length
    }

    /// Returns the sessions that have bars, in order of date.
    #[must_use]
    pub fn sessions(&self) -> &[SessionBars] {
        &self.sessions
    }

    /// Returns the bars of a date, or `None` when there is none.
    #[must_use]
    pub fn session(&self, date: Date) -> Option<&SessionBars> {
        let index = self.sessions.binary_search_by_key(&date, |bars| bars.session.date).ok()?;
        Some(&self.sessions[index])
    }

    /// Returns the sessions with bars from one date to another, both included.
    #[must_use]
    pub fn between(&self, first: Date, last: Date) -> &[SessionBars] {
        let from = self.sessions.partition_point(|bars| bars.session.date < first);
        let to = self.sessions.partition_point(|bars| bars.session.date <= last);
        &self.sessions[from.min(to)..to]
    }

    /// Tells whether a symbol is of this set: a row of its files names it, even if none became a bar.
    #[must_use]
    pub fn has(&self, symbol: SymbolId) -> bool {
        self.present.get(symbol.index()).copied().unwrap_or(false)
    }

    /// Returns the number of bars.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sessions.iter().map(|session| session.bars.len()).sum()
    }

    /// Tells whether there is no bar.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// Iterates over all bars in order of start and symbol.
    pub fn iter(&self) -> impl Iterator<Item = &Bar> {
        self.sessions.iter().flat_map(|session| &session.bars)
    }
}

fn checked(bar: &Bar, symbols: &SymbolTable, length: Span, calendar: &Calendar) -> Result<Session, BarSetError> {
    bar.validated().map_err(|source| BarSetError::Invalid { start: bar.start, source })?;
    if bar.volume > VOLUME_MAX {
        return Err(BarSetError::TooMuchVolume { start: bar.start, volume: bar.volume });
    }
    if bar.symbol.index() >= symbols.len() {
        return Err(BarSetError::UnknownSymbol(bar.symbol.0));
    }
    let session = calendar.session_at(bar.start).ok_or(BarSetError::OffGrid(bar.start))?;
    match (bar.start - session.open).micros() % length.micros() {
        0 => Ok(*session),
        _ => Err(BarSetError::OffGrid(bar.start)),
    }
}

fn push_next(bars: &mut Vec<Bar>, bar: Bar, symbols: &SymbolTable) -> Result<(), BarSetError> {
    if bars.last().is_some_and(|last| (last.start, last.symbol) == (bar.start, bar.symbol)) {
        return Err(BarSetError::Duplicate { symbol: symbols.name(bar.symbol).to_string(), start: bar.start });
    }
    bars.push(bar);
    Ok(())
}

/// Counts the rows that were read and are no bars of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Rows of volume 0.
    pub no_volume: u64,
    /// Bars outside the calendar's regular hours.
    pub outside_hours: u64,
}

/// Holds what was loaded: bars to trade on, and bars that only build features, of one length under one symbol table.
///
/// A symbol may be traded in a session when it has bars in `trade`; what is in `warmup` gives histories (averages,
/// true ranges, previous closes) and is never traded on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// Bars to trade on.
    pub trade: BarSet,
    /// Bars for features only; empty when none were asked for.
    pub warmup: BarSet,
    /// Rows that were dropped, over all files.
    pub dropped: Dropped,
}

/// Shows one date of what was loaded: what is tradable in it and what is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Day<'a> {
    /// The session.
    pub session: Session,
    /// The bars to trade on, or `None` when the date is for features only.
    pub trade: Option<&'a SessionBars>,
    /// The bars for features only, or `None` when there are none.
    pub warmup: Option<&'a SessionBars>,
}

impl Loaded {
    /// Returns the table that numbers the symbols of both sets.
    #[must_use]
    pub fn symbols(&self) -> &SymbolTable {
        self.trade.symbols()
    }

    /// Returns the length of every bar of both sets.
    #[must_use]
    pub const fn bar_length(&self) -> Span {
        self.trade.bar_length()
    }

    /// Tells whether a symbol is one to trade: a file of bars to trade on names it.
    #[must_use]
    pub fn is_tradable(&self, symbol: SymbolId) -> bool {
        self.trade.has(symbol)
    }

    /// Iterates over the dates of both sets in order.
    pub fn days(&self) -> impl Iterator<Item = Day<'_>> {
        let mut trade = self.trade.sessions.iter().peekable();
        let mut warmup = self.warmup.sessions.iter().peekable();
        std::iter::from_fn(move || {
            let next = [trade.peek(), warmup.peek()].into_iter().flatten().map(|bars| bars.session);
            let session = next.min_by_key(|session| session.date)?;
            let of_day = |bars: &&SessionBars| bars.session == session;
            Some(Day { session, trade: trade.next_if(of_day), warmup: warmup.next_if(of_day) })
        })
    }
}

#[cfg(test)]
mod tests {
    use orb_core::{Price, Symbol};

    use super::*;

    fn table() -> SymbolTable {
        SymbolTable::new(["AAA", "BBB"].map(|name| Symbol::new(name).expect(name)))
    }

    fn bar(symbol: u32, minute: i64, session: usize) -> Bar {
        let start = crate::nyse_calendar(2026, 2026).sessions()[session].open + Span::from_minutes(minute);
        let price = Price::from_cents(1_000);
        Bar { symbol: SymbolId(symbol), start, open: price, high: price, low: price, close: price, volume: 1 }
    }

    fn set(bars: Vec<Bar>) -> Result<BarSet, BarSetError> {
        BarSet::from_bars(table(), Span::from_minutes(5), &crate::nyse_calendar(2026, 2026), bars)
    }

    #[test]
    fn arranges_by_session_start_and_symbol() {
        let set = set(vec![bar(1, 5, 1), bar(0, 5, 1), bar(1, 0, 1), bar(1, 10, 0)]).expect("valid bars");
        let batches: Vec<Vec<_>> =
            set.sessions()[1].batches().map(|batch| batch.iter().map(|bar| bar.symbol.0).collect()).collect();
        assert_eq!(batches, [vec![1], vec![0, 1]]);
        assert_eq!((set.len(), set.sessions().len(), set.has(SymbolId(0))), (4, 2, true));
        assert_eq!(set.session(set.sessions()[1].session().date), Some(&set.sessions()[1]));
    }

    #[test]
    fn refuses_what_is_no_set() {
        assert!(matches!(set(vec![bar(2, 0, 0)]), Err(BarSetError::UnknownSymbol(2))));
        assert!(matches!(set(vec![bar(0, 1, 0)]), Err(BarSetError::OffGrid(_))));
        assert!(matches!(set(vec![bar(0, -5, 0)]), Err(BarSetError::OffGrid(_))));
        assert!(matches!(set(vec![bar(0, 0, 0), bar(0, 0, 0)]), Err(BarSetError::Duplicate { .. })));
        let volume = VOLUME_MAX + 1;
        assert!(matches!(set(vec![Bar { volume, ..bar(0, 0, 0) }]), Err(BarSetError::TooMuchVolume { .. })));
        assert!(matches!(set(vec![Bar { volume: 0, ..bar(0, 0, 0) }]), Err(BarSetError::Invalid { .. })));
    }

    #[test]
    fn days_pair_both_sets() {
        let trade = set(vec![bar(0, 0, 1), bar(0, 0, 2)]).expect("valid bars");
        let warmup = set(vec![bar(1, 0, 0), bar(1, 0, 2)]).expect("valid bars");
        let loaded = Loaded { trade, warmup, dropped: Dropped::default() };
        let days: Vec<_> = loaded.days().map(|day| (day.trade.is_some(), day.warmup.is_some())).collect();
        assert_eq!(days, [(false, true), (true, false), (true, true)]);
        assert!(loaded.is_tradable(SymbolId(0)) && !loaded.is_tradable(SymbolId(1)));
    }
}
