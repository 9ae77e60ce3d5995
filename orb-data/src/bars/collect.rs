//! Rows checked one by one and piled up by session.

use std::sync::Mutex;

use orb_core::{Bar, Calendar, Session, Span, Symbol, SymbolId, Timestamp};

use super::error::DataError;
use super::load::Label;
use super::row::{RawRow, SymbolBook};
use super::set::Dropped;
use super::source::Source;

/// Microseconds in a minute.
pub(super) const MINUTE: i64 = 60_000_000;

/// Holds the bars of one session as they come in; `symbol` is still the number within the unit of work.
#[derive(Debug, Default)]
pub(super) struct Pile {
    pub(super) bars: Vec<Bar>,
    /// Which unit of work each stretch of `bars` came from.
    pub(super) stretches: Vec<Stretch>,
}

/// Represents bars that one unit of work added at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) unit: usize,
    pub(super) bars: usize,
}

/// Piles up the bars of all units of work, one pile for each session of the calendar.
pub(super) struct Collector<'a> {
    calendar: &'a Calendar,
    label: Label,
    /// Room to make in a pile at once, in bars.
    expected_bars: usize,
    /// Piles of bars to trade on, and of those for features only.
    piles: [Vec<Mutex<Pile>>; 2],
}

impl<'a> Collector<'a> {
    /// Makes empty piles; `expected_bars` is a guess of how many come to a session.
    pub(super) fn new(calendar: &'a Calendar, label: Label, expected_bars: usize) -> Self {
        let piles = || calendar.sessions().iter().map(|_| Mutex::default()).collect();
        Self { calendar, label, expected_bars, piles: [piles(), piles()] }
    }

    fn add(&self, is_warmup: bool, session: usize, unit: usize, bars: &[Bar]) {
        let pile = &self.piles[usize::from(is_warmup)][session];
        let mut pile = pile.lock().expect("no thread panics while it adds bars");
        if pile.stretches.is_empty() {
            pile.bars.reserve_exact(self.expected_bars.max(bars.len()));
        }
        pile.bars.extend_from_slice(bars);
        pile.stretches.push(Stretch { unit, bars: bars.len() });
    }

    /// Takes the piles of one session: bars to trade on, and those for features only.
    pub(super) fn take(&self, session: usize) -> [Pile; 2] {
        let taken = |piles: &Vec<Mutex<Pile>>| {
            std::mem::take(&mut *piles[session].lock().expect("no thread panicked while it added bars"))
        };
        [taken(&self.piles[0]), taken(&self.piles[1])]
    }
}

/// Summarises the rows of one symbol within a unit of work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Track {
    /// Time and number of the first row.
    pub(super) first: (Timestamp, u64),
    /// Time of the last row.
    pub(super) last: Timestamp,
    /// Bars in regular hours whose label is on the grid.
    pub(super) bars: u64,
    /// Largest number of minutes that all bars' distances from the open are multiples of; 0 when all are at the open.
    pub(super) step_minutes: u32,
}

/// Summarises a unit of work: a file or a part of one.
#[derive(Debug)]
pub(super) struct UnitSummary {
    pub(super) names: Vec<Symbol>,
    /// By number in `names`.
    pub(super) tracks: Vec<Track>,
    pub(super) rows: u64,
    pub(super) dropped: Dropped,
}

/// Checks the rows of one unit of work and passes their bars to the collector, a session's stretch at a time.
pub(super) struct UnitCollector<'a> {
    collector: &'a Collector<'a>,
    source: &'a Source,
    unit: usize,
    /// The session of the row before, by position in the calendar.
    session: Option<(usize, Session)>,
    stretch: Vec<Bar>,
    tracks: Vec<Track>,
    dropped: Dropped,
}

impl<'a> UnitCollector<'a> {
    pub(super) fn new(collector: &'a Collector<'a>, source: &'a Source, unit: usize) -> Self {
        let (stretch, tracks) = (Vec::with_capacity(512), Vec::new());
        Self { collector, source, unit, session: None, stretch, tracks, dropped: Dropped::default() }
    }

    /// Checks a row and keeps its bar when it is one in regular hours.
    #[inline]
    pub(super) fn on_row(&mut self, book: &SymbolBook, row: RawRow) -> Result<(), DataError> {
        self.check_time(book, &row)?;
        if row.volume == 0 {
            self.dropped.no_volume += 1;
            return Ok(());
        }
        let [open, high, low, close] = row.prices;
        let (symbol, start) = (SymbolId(row.symbol), row.label);
        let bar = Bar { symbol, start, open, high, low, close, volume: row.volume };
        let bar = bar.validated().map_err(|source| self.invalid(&row, source))?;
        match self.enter_session(&row)? {
            Some(session) => self.keep(bar, session),
            None => self.dropped.outside_hours += 1,
        }
        Ok(())
    }

    #[inline]
    fn keep(&mut self, bar: Bar, session: Session) {
        self.stretch.push(bar);
        if self.collector.label.is_cut_off(bar.start, session) {
            return;
        }
        let track = &mut self.tracks[bar.symbol.index()];
        track.bars += 1;
        let minutes = ((bar.start - session.open).micros() / MINUTE) as u32;
        if !minutes.is_multiple_of(track.step_minutes) {
            track.step_minutes = greatest_common_divisor(track.step_minutes, minutes);
        }
    }

    /// Checks that the time is a whole minute and later than that of the symbol's row before it.
    #[inline]
    fn check_time(&mut self, book: &SymbolBook, row: &RawRow) -> Result<(), DataError> {
        if row.label.micros() % MINUTE != 0 {
            return Err(DataError::OffMinute { place: self.source.place(row.number), ts: row.label });
        }
        match self.tracks.get_mut(row.symbol as usize) {
            Some(track) if track.last < row.label => track.last = row.label,
            Some(track) => {
                return Err(order_error(self.source, book.name(row.symbol), track.last, row.label, row.number));
            }
            None => {
                assert_eq!(row.symbol as usize, self.tracks.len(), "symbols are numbered as they appear");
                self.tracks.push(Track { first: (row.label, row.number), last: row.label, bars: 0, step_minutes: 0 });
            }
        }
        Ok(())
    }

    /// Makes the row's session the current one; `None` outside regular hours.
    #[inline]
    fn enter_session(&mut self, row: &RawRow) -> Result<Option<Session>, DataError> {
        let instant = self.collector.label.instant_within(row.label);
        if let Some((_, session)) = self.session.filter(|(_, session)| session.contains(instant)) {
            return Ok(Some(session));
        }
        let calendar = self.collector.calendar;
        let Some(session) = calendar.session_at(instant) else {
            return self.check_reach(row).map(|()| None);
        };
        self.flush();
        let index = calendar.index_of(session.date).expect("a session of the calendar has a position in it");
        self.session = Some((index, *session));
        Ok(Some(*session))
    }

    /// Refuses a row that the calendar knows nothing about.
    #[cold]
    fn check_reach(&self, row: &RawRow) -> Result<(), DataError> {
        let sessions = self.collector.calendar.sessions();
        let reach = sessions.first().zip(sessions.last()).map(|(first, last)| (first.open, last.close));
        let (first, last) = reach.unwrap_or_default();
        let margin = Span::from_minutes(24 * 60);
        if first - margin <= row.label && row.label <= last + margin {
            return Ok(());
        }
        Err(DataError::BeyondCalendar { place: self.source.place(row.number), ts: row.label, first, last })
    }

    #[cold]
    fn invalid(&self, row: &RawRow, source: orb_core::BarError) -> DataError {
        DataError::InvalidBar { place: self.source.place(row.number), source }
    }

    fn flush(&mut self) {
        if let (Some((session, _)), false) = (self.session, self.stretch.is_empty()) {
            self.collector.add(self.source.is_warmup, session, self.unit, &self.stretch);
            self.stretch.clear();
        }
    }

    /// Passes on what is left and sums up.
    pub(super) fn finish(mut self, book: &SymbolBook, rows: u64) -> UnitSummary {
        self.flush();
        UnitSummary { names: book.names().to_vec(), tracks: self.tracks, rows, dropped: self.dropped }
    }
}

/// Explains a row that does not come after the symbol's row before it.
#[cold]
pub(super) fn order_error(
    source: &Source,
    symbol: &Symbol,
    previous: Timestamp,
    ts: Timestamp,
    number: u64,
) -> DataError {
    let (place, symbol) = (source.place(number), symbol.clone());
    match previous == ts {
        true => DataError::Duplicate { place, symbol, ts },
        false => DataError::Unordered { place, symbol, ts, previous },
    }
}

/// Returns the greatest common divisor, in which 0 is a multiple of everything.
pub(super) fn greatest_common_divisor(one: u32, other: u32) -> u32 {
    match other {
        0 => one,
        _ => greatest_common_divisor(other, one % other),
    }
}
