//! One unit of work, read a batch at a time.

use orb_core::{Bar, Calendar, SymbolId, SymbolTable};

use super::super::collect::{Sink, UnitCollector, UnitSummary};
use super::super::error::DataError;
use super::super::load::{Label, Unit};
use super::super::parquet::PartReader;
use super::super::row::SymbolBook;
use super::super::source::Source;
use super::super::spare::SpareBars;

/// Tells that the files are not what they seemed: something in them is wrong, or they cannot be read session by
/// session. Which of the two it is, reading them whole tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trouble;

impl From<DataError> for Trouble {
    fn from(_: DataError) -> Self {
        Self
    }
}

/// What all lanes share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surroundings<'a> {
    pub(super) sources: &'a [Source],
    pub(super) calendar: &'a Calendar,
    pub(super) label: Label,
    pub(super) symbols: &'a SymbolTable,
    pub(super) batch_rows: usize,
    pub(super) spare: &'a SpareBars,
}

/// Collects the sessions that a lane has left behind.
#[derive(Debug)]
struct Finished<'a> {
    sessions: Vec<(usize, Vec<Bar>)>,
    spare: &'a SpareBars,
}

impl Sink for Finished<'_> {
    fn add(&mut self, session: usize, bars: Vec<Bar>) {
        self.sessions.push((session, bars));
    }

    fn room(&self, bars: usize) -> Vec<Bar> {
        self.spare.take(bars)
    }
}

/// Reads one unit of work, a batch at a time.
pub(super) struct Lane<'a> {
    surroundings: Surroundings<'a>,
    unit: &'a Unit,
    source: &'a Source,
    begins_several_symbols: bool,
    reader: Option<PartReader>,
    book: SymbolBook,
    collector: UnitCollector<'a, Finished<'a>>,
    /// Numbers of the table by number of the book.
    ids: Vec<SymbolId>,
}

/// Represents what a lane made of a batch.
#[derive(Debug)]
pub(super) struct Step {
    /// Bars by position of their session, their symbols numbered by the table.
    pub(super) stretches: Vec<(usize, Vec<Bar>)>,
    /// Position of the session that the lane is in; `None` before its first bar.
    pub(super) session: Option<usize>,
    /// What there was in all, once the lane is at its end.
    pub(super) summary: Option<UnitSummary>,
}

impl<'a> Lane<'a> {
    pub(super) fn new(surroundings: Surroundings<'a>, unit: &'a Unit, begins_several_symbols: bool) -> Self {
        let Surroundings { sources, calendar, label, spare, .. } = surroundings;
        let source = &sources[unit.source];
        let collector = UnitCollector::new(calendar, label, source, Finished { sessions: Vec::new(), spare });
        let (book, ids) = (SymbolBook::default(), Vec::new());
        Self { surroundings, unit, source, begins_several_symbols, reader: None, book, collector, ids }
    }

    /// Reads the next batch.
    pub(super) fn step(&mut self) -> Result<Step, Trouble> {
        let is_first = self.reader.is_none();
        let mut reader = self.reader.take().map_or_else(|| self.open(), Ok)?;
        let collector = &mut self.collector;
        let has_more = reader.next_rows(self.source, &mut self.book, &mut |book, row| collector.on_row(book, row))?;
        let summary = (!has_more).then(|| self.collector.finish(&self.book, reader.rows()));
        self.reader = has_more.then_some(reader);
        let stretches = self.finished()?;
        if is_first && self.begins_several_symbols && self.ids.len() == 1 && !stretches.is_empty() {
            // Several symbols, and the first sessions have one only: it seems to go symbol by symbol.
            return Err(Trouble);
        }
        Ok(Step { stretches, session: self.collector.session(), summary })
    }

    fn open(&self) -> Result<PartReader, Trouble> {
        let (file, part) = self.unit.part.as_ref().ok_or(Trouble)?;
        Ok(file.part(self.source, *part, self.surroundings.batch_rows)?)
    }

    /// Takes the sessions that are left behind, their symbols numbered by the table.
    fn finished(&mut self) -> Result<Vec<(usize, Vec<Bar>)>, Trouble> {
        for name in &self.book.names()[self.ids.len()..] {
            self.ids.push(self.surroundings.symbols.id(name).ok_or(Trouble)?);
        }
        let mut finished = std::mem::take(&mut self.collector.sink.sessions);
        let is_as_in_table = self.ids.iter().enumerate().all(|(number, id)| id.index() == number);
        if !is_as_in_table {
            for bar in finished.iter_mut().flat_map(|(_, bars)| bars) {
                bar.symbol = self.ids[bar.symbol.index()];
            }
        }
        Ok(finished)
    }
}
