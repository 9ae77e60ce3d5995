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

/// Represents consecutive bars of one session from one unit of work, in the order of its rows.
#[derive(Debug)]
pub(super) struct Stretch {
    /// Which unit of work they came from.
    pub(super) unit: usize,
    /// Never empty; `symbol` is still the number within the unit.
    pub(super) bars: Vec<Bar>,
}

/// Takes the bars of a unit of work, a session's stretch at a time.
pub(super) trait Sink {
    /// Takes bars of the session at a position of the calendar; never an empty list.
    fn add(&mut self, session: usize, bars: Vec<Bar>);

    /// Makes an empty list for about so many bars.
    fn room(&self, bars: usize) -> Vec<Bar> {
        Vec::with_capacity(bars)
    }
}

/// Piles up the bars of all units of work, one pile for each session of the calendar.
pub(super) struct Collector {
    /// Piles of bars to trade on, and of those for features only.
    piles: [Vec<Mutex<Vec<Stretch>>>; 2],
}

impl Collector {
    /// Makes empty piles.
    pub(super) fn new(calendar: &Calendar) -> Self {
        let piles = || calendar.sessions().iter().map(|_| Mutex::default()).collect();
        Self { piles: [piles(), piles()] }
    }

    /// Returns the sink of one unit of work.
    pub(super) const fn sink(&self, unit: usize, is_warmup: bool) -> impl Sink {
        PileSink { collector: self, unit, is_warmup }
    }

    /// Takes the piles of one session: bars to trade on, and those for features only.
    pub(super) fn take(&self, session: usize) -> [Vec<Stretch>; 2] {
        let taken = |piles: &Vec<Mutex<Vec<Stretch>>>| {
            std::mem::take(&mut *piles[session].lock().expect("no thread panicked while it added bars"))
        };
        [taken(&self.piles[0]), taken(&self.piles[1])]
    }
}

struct PileSink<'a> {
    collector: &'a Collector,
    unit: usize,
    is_warmup: bool,
}

impl Sink for PileSink<'_> {
    fn add(&mut self, session: usize, bars: Vec<Bar>) {
        let pile = &self.collector.piles[usize::from(self.is_warmup)][session];
        pile.lock().expect("no thread panics while it adds bars").push(Stretch { unit: self.unit, bars });
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

/// Room for the first stretch of a unit of work, in bars: a session of one symbol, in minutes.
const FIRST_STRETCH_BARS: usize = 390;

/// Checks the rows of one unit of work and passes their bars to a sink, a session's stretch at a time.
pub(super) struct UnitCollector<'a, S> {
    calendar: &'a Calendar,
    label: Label,
    source: &'a Source,
    /// The session of the row before, by position in the calendar.
    session: Option<(usize, Session)>,
    stretch: Vec<Bar>,
    tracks: Vec<Track>,
    dropped: Dropped,
    pub(super) sink: S,
}

impl<'a, S: Sink> UnitCollector<'a, S> {
    pub(super) fn new(calendar: &'a Calendar, label: Label, source: &'a Source, sink: S) -> Self {
        let (stretch, tracks) = (sink.room(FIRST_STRETCH_BARS), Vec::new());
        Self { calendar, label, source, session: None, stretch, tracks, dropped: Dropped::default(), sink }
    }

    /// Returns the position of the session of the latest bar; `None` before the first one.
    pub(super) fn session(&self) -> Option<usize> {
        self.session.map(|(index, _)| index)
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
        // The bar is not taken out of the result: it stays in registers then.
        if let Err(source) = bar.validated() {
            return Err(self.invalid(row.number, source));
        }
        if self.is_in_session(start) || self.enter_session(start, row.number)? {
            self.keep(bar);
        } else {
            self.dropped.outside_hours += 1;
        }
        Ok(())
    }

    /// Keeps a bar of the current session.
    #[inline]
    fn keep(&mut self, bar: Bar) {
        self.stretch.push(bar);
        let Some((_, session)) = &self.session else { return };
        if self.label.is_cut_off(bar.start, session) {
            return;
        }
        let track = &mut self.tracks[bar.symbol.index()];
        track.bars += 1;
        // Everything is a multiple of one minute, so once the step is down to it, it stays.
        if track.step_minutes != 1 {
            let minutes = ((bar.start - session.open).micros() / MINUTE) as u32;
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

    /// Tells whether the row with a label is of the current session.
    #[inline]
    fn is_in_session(&self, label: Timestamp) -> bool {
        let instant = self.label.instant_within(label);
        self.session.as_ref().is_some_and(|(_, session)| session.contains(instant))
    }

    /// Makes the session of the row with a label the current one; `false` outside regular hours.
    #[cold]
    fn enter_session(&mut self, label: Timestamp, number: u64) -> Result<bool, DataError> {
        let Some(session) = self.calendar.session_at(self.label.instant_within(label)) else {
            return self.check_reach(label, number).map(|()| false);
        };
        self.flush();
        let index = self.calendar.index_of(session.date).expect("a session of the calendar has a position in it");
        self.session = Some((index, *session));
        Ok(true)
    }

    /// Refuses a row that the calendar knows nothing about.
    #[cold]
    fn check_reach(&self, label: Timestamp, number: u64) -> Result<(), DataError> {
        let sessions = self.calendar.sessions();
        let reach = sessions.first().zip(sessions.last()).map(|(first, last)| (first.open, last.close));
        let (first, last) = reach.unwrap_or_default();
        let margin = Span::from_minutes(24 * 60);
        if first - margin <= label && label <= last + margin {
            return Ok(());
        }
        Err(DataError::BeyondCalendar { place: self.source.place(number), ts: label, first, last })
    }

    #[cold]
    fn invalid(&self, number: u64, source: orb_core::BarError) -> DataError {
        DataError::InvalidBar { place: self.source.place(number), source }
    }

    /// Passes on what is complete; the next stretch is expected to be about as long.
    fn flush(&mut self) {
        if let (Some((session, _)), false) = (self.session, self.stretch.is_empty()) {
            let room = self.stretch.len() + self.stretch.len() / 16;
            let stretch = std::mem::replace(&mut self.stretch, self.sink.room(room));
            self.sink.add(session, stretch);
        }
    }

    /// Passes on what is left and sums up.
    pub(super) fn finish(&mut self, book: &SymbolBook, rows: u64) -> UnitSummary {
        self.flush();
        self.stretch = Vec::new();
        let tracks = std::mem::take(&mut self.tracks);
        UnitSummary { names: book.names().to_vec(), tracks, rows, dropped: self.dropped }
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
