//! Files to sets of bars.

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;

use orb_core::{Calendar, Session, Span, SymbolId, SymbolTable, Timestamp};

use super::arrange::{Arranged, Clash, SymbolMaps, arrange, number};
use super::collect::{Collector, UnitCollector, UnitSummary, order_error};
use super::csv as csv_rows;
use super::error::{DataError, Place};
use super::length::{self, Regularity, Steps};
use super::parallel::{available_threads, in_parallel};
use super::parquet::{Extent, ParquetFile, Part};
use super::row::{RawRow, SymbolBook};
use super::set::{BarSet, Dropped, Loaded, SessionBars};
use super::source::{Format, Source, find};

/// Tells which end of a bar its time names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Label {
    /// The start, as orb itself has it.
    #[default]
    Left,
    /// The end; the bars are shifted by their length as they are read.
    Right,
}

impl Label {
    /// Returns an instant that lies within the bar that has this label.
    pub(super) fn instant_within(self, label: Timestamp) -> Timestamp {
        match self {
            Self::Left => label,
            Self::Right => Timestamp::from_micros(label.micros().saturating_sub(1)),
        }
    }

    /// Tells whether the label is the session's end, which is not on the grid when the last bar is cut short.
    pub(super) fn is_cut_off(self, label: Timestamp, session: Session) -> bool {
        self == Self::Right && label == session.close
    }

    /// Returns the start of the bar that has this label.
    fn start(self, label: Timestamp, session: Session, length: Span) -> Timestamp {
        let within = self.instant_within(label) - session.open;
        session.open + Span::from_micros(within.micros() / length.micros() * length.micros())
    }
}

/// Says how to read bars.
#[derive(Clone, Copy, Debug)]
pub struct LoadOptions<'a> {
    /// The sessions: bars outside of their hours are dropped.
    pub calendar: &'a Calendar,
    /// Which end of a bar its time names; the start by default.
    pub label: Label,
    /// The length of all bars; inferred from them by default.
    pub bar_length: Option<Span>,
    /// Threads to use at most; by default as many as the machine runs at once.
    pub threads: Option<NonZero<usize>>,
}

impl<'a> LoadOptions<'a> {
    /// Makes the default options for a calendar.
    #[must_use]
    pub const fn new(calendar: &'a Calendar) -> Self {
        Self { calendar, label: Label::Left, bar_length: None, threads: None }
    }
}

/// Loads all bars of some files and folders.
///
/// Folders are searched recursively for `.csv`, `.csv.gz` and `.parquet` files. Each file has the columns `symbol`,
/// `ts` (UTC, start of the bar), `open`, `high`, `low`, `close` (dollars) and `volume` (shares) in any order. A symbol
/// may be spread over files as long as no two bars have the same start. Rows of volume 0 and bars outside regular
/// hours are left out. All bars have one length: the smallest distance of two consecutive bars of a symbol within a
/// session, or one minute where no session has two.
///
/// # Errors
/// The first thing that is wrong with the first file that has something wrong; then nothing is loaded.
pub fn load(paths: &[PathBuf], options: LoadOptions<'_>) -> Result<BarSet, DataError> {
    load_with_warmup(paths, &[], options).map(|loaded| loaded.trade)
}

/// Loads bars to trade on and bars that only build features, of one length and under one table of symbols.
///
/// # Errors
/// As [`load`], over both; a bar may not be in both.
pub fn load_with_warmup(paths: &[PathBuf], warmup: &[PathBuf], options: LoadOptions<'_>) -> Result<Loaded, DataError> {
    if let Some(length) = options.bar_length.filter(|length| !length::is_supported(*length)) {
        return Err(DataError::UnsupportedBarLength { minutes: length.minutes() });
    }
    if paths.is_empty() {
        return Err(DataError::NothingGiven);
    }
    let mut sources = find(paths, false)?;
    sources.extend(find(warmup, true)?);
    let units = plan(&sources)?;
    let threads = options.threads.map_or_else(available_threads, NonZero::get);
    let collector = Collector::new(options.calendar);
    let summaries = in_parallel(threads, units.len(), |index| {
        units[index].summarise(&sources, options, &collector, index)
    })?;
    let load = Load { options, threads, sources: &sources, units: &units, summaries: &summaries };
    load.check_files()?;
    load.finish(&collector)
}

/// Most bars of a session to make room for before they come.
const EXPECTED_BARS_MAX: usize = 262_144;

/// Represents a file or a part of one, read by one thread.
struct Unit {
    source: usize,
    part: Option<(Arc<ParquetFile>, Part)>,
}

fn plan(sources: &[Source]) -> Result<Vec<Unit>, DataError> {
    let mut units = Vec::new();
    for (index, source) in sources.iter().enumerate() {
        match source.format {
            Format::Csv | Format::CsvGz => units.push(Unit { source: index, part: None }),
            Format::Parquet => {
                let file = Arc::new(ParquetFile::open(source)?);
                let parts = file.parts();
                if parts.is_empty() {
                    return Err(DataError::NoRows { path: source.path.clone() });
                }
                units.extend(
                    parts.into_iter().map(|part| Unit { source: index, part: Some((Arc::clone(&file), part)) }),
                );
            }
        }
    }
    Ok(units)
}

/// Guesses how many bars come to a session, from what Parquet files say about themselves; 0 when nothing is known.
/// Too much costs only addresses, too little only time.
fn expected_bars(units: &[Unit], calendar: &Calendar) -> usize {
    let first_parts = units.iter().filter_map(|unit| unit.part.as_ref()).filter(|(_, part)| part.is_first());
    let extents: Vec<Extent> = first_parts.filter_map(|(file, _)| file.extent()).collect();
    let rows: usize = extents.iter().map(|extent| extent.rows).sum();
    let first = extents.iter().map(|extent| extent.first).min().unwrap_or(Timestamp::MAX);
    let last = extents.iter().map(|extent| extent.last).max().unwrap_or(Timestamp::MIN);
    let sessions = calendar.sessions().iter().filter(|session| first < session.close && session.open <= last).count();
    rows.checked_div(sessions).map_or(0, |mean| (mean + mean / 16).min(EXPECTED_BARS_MAX))
}

impl Unit {
    /// Reads the rows of this unit.
    fn read(
        &self,
        source: &Source,
        book: &mut SymbolBook,
        mut on_row: impl FnMut(&SymbolBook, RawRow) -> Result<(), DataError>,
    ) -> Result<u64, DataError> {
        match &self.part {
            None => csv_rows::read(source, book, &mut on_row),
            Some((file, part)) => file.read(source, *part, book, &mut on_row),
        }
    }

    fn summarise(
        &self,
        sources: &[Source],
        options: LoadOptions<'_>,
        collector: &Collector,
        index: usize,
    ) -> Result<UnitSummary, DataError> {
        let source = &sources[self.source];
        let mut book = SymbolBook::default();
        let sink = collector.sink(index, source.is_warmup);
        let mut rows_of_unit = UnitCollector::new(options.calendar, options.label, source, sink);
        let rows = self.read(source, &mut book, |book, row| rows_of_unit.on_row(book, row))?;
        Ok(rows_of_unit.finish(&book, rows))
    }
}

/// Holds what is known once all rows are read.
struct Load<'a> {
    options: LoadOptions<'a>,
    threads: usize,
    sources: &'a [Source],
    units: &'a [Unit],
    summaries: &'a [UnitSummary],
}

impl Load<'_> {
    /// Checks what only whole files tell: that there are rows, and that the order holds from part to part.
    fn check_files(&self) -> Result<(), DataError> {
        let mut last = std::collections::BTreeMap::new();
        for (unit, summary) in self.units.iter().zip(self.summaries) {
            let source = &self.sources[unit.source];
            if summary.rows == 0 {
                return Err(DataError::NoRows { path: source.path.clone() });
            }
            for (name, track) in summary.names.iter().zip(&summary.tracks) {
                let (ts, number) = track.first;
                match last.insert((unit.source, name), track.last) {
                    Some(previous) if previous >= ts => return Err(order_error(source, name, previous, ts, number)),
                    Some(_) | None => {}
                }
            }
        }
        Ok(())
    }

    fn dropped(&self) -> Dropped {
        self.summaries.iter().fold(Dropped::default(), |sum, summary| Dropped {
            no_volume: sum.no_volume + summary.dropped.no_volume,
            outside_hours: sum.outside_hours + summary.dropped.outside_hours,
        })
    }

    fn finish(&self, collector: &Collector) -> Result<Loaded, DataError> {
        let names = self.summaries.iter().flat_map(|summary| &summary.names).cloned();
        let table = Arc::new(SymbolTable::new(names));
        let id = |name| table.id(name).expect("the table holds every name of every file");
        let maps: SymbolMaps = self.summaries.iter().map(|summary| summary.names.iter().map(id).collect()).collect();
        let mut sessions = self.arrange(collector, &table, &maps)?;
        let dropped = self.dropped();
        if sessions.iter().all(|session| session.trade.is_none()) {
            let Dropped { no_volume, outside_hours } = dropped;
            return Err(DataError::NoBars { outside_hours, no_volume });
        }
        let length = self.bar_length(&sessions, &table, &maps)?;
        self.shift(&mut sessions, length);
        let (trade, warmup): (Vec<_>, Vec<_>) = sessions.into_iter().map(|both| (both.trade, both.warmup)).unzip();
        let set = |sessions: Vec<Option<SessionBars>>, is_warmup| {
            let sessions = sessions.into_iter().flatten().collect();
            BarSet::arranged(Arc::clone(&table), length, sessions, self.present(&table, &maps, is_warmup))
        };
        Ok(Loaded { trade: set(trade, false), warmup: set(warmup, true), dropped })
    }

    fn arrange(
        &self,
        collector: &Collector,
        table: &SymbolTable,
        maps: &SymbolMaps,
    ) -> Result<Vec<Arranged>, DataError> {
        let sessions = self.options.calendar.sessions();
        let arranged = in_parallel(self.threads, sessions.len(), |index| {
            let mut piles = collector.take(index);
            number(&mut piles, maps);
            arrange(sessions[index], piles, table.len(), self.options.label)
        });
        arranged.map_err(|clash| self.overlap(clash, table, maps))
    }

    /// Tells which symbols a set's files name.
    fn present(&self, table: &SymbolTable, maps: &SymbolMaps, is_warmup: bool) -> Vec<bool> {
        let mut present = vec![false; table.len()];
        for (unit, map) in self.units.iter().zip(maps) {
            if self.sources[unit.source].is_warmup == is_warmup {
                map.iter().for_each(|symbol| present[symbol.index()] = true);
            }
        }
        present
    }

    /// Decides the length of all bars and checks that they have it.
    fn bar_length(&self, sessions: &[Arranged], table: &SymbolTable, maps: &SymbolMaps) -> Result<Span, DataError> {
        let closest = sessions.iter().filter_map(|session| session.closest).min();
        let inferred = || {
            length::infer(closest).map_err(|gap| DataError::NoBarLength {
                place: self.places(table, gap.symbol, gap.later).swap_remove(0),
                symbol: table.name(gap.symbol).clone(),
                minutes: gap.minutes,
            })
        };
        let length = self.options.bar_length.map_or_else(inferred, Ok)?;
        let regularity = self.regularity(maps);
        if let Some(symbol) = regularity.off_grid(length).next() {
            return Err(self.off_grid(sessions, table, symbol, length));
        }
        let longer = closest.and_then(|_| regularity.first_longer(length));
        longer.map_or(Ok(length), |(file, symbol, minutes)| {
            let (path, symbol) = (self.sources[file].path.clone(), table.name(symbol).clone());
            Err(DataError::MixedBarLengths { path, symbol, minutes, expected: length.minutes() })
        })
    }

    fn regularity(&self, maps: &SymbolMaps) -> Regularity {
        let mut regularity = Regularity::default();
        for ((unit, summary), map) in self.units.iter().zip(self.summaries).zip(maps) {
            for (symbol, track) in map.iter().zip(&summary.tracks) {
                regularity.add(unit.source, *symbol, Steps { bars: track.bars, minutes: track.step_minutes });
            }
        }
        regularity
    }

    fn off_grid(&self, sessions: &[Arranged], table: &SymbolTable, symbol: SymbolId, length: Span) -> DataError {
        let label = self.options.label;
        let is_off = |session: Session, ts: Timestamp| {
            !label.is_cut_off(ts, session) && (ts - session.open).micros() % length.micros() != 0
        };
        let sets = sessions.iter().flat_map(|session| [&session.trade, &session.warmup]).flatten();
        let mut found = sets.flat_map(|set| set.bars.iter().map(|bar| (set.session, bar)));
        let (_, bar) = found
            .find(|(session, bar)| bar.symbol == symbol && is_off(*session, bar.start))
            .expect("a symbol whose steps are off the grid has a bar off the grid");
        let place = self.places(table, symbol, bar.start).swap_remove(0);
        DataError::OffGrid { place, symbol: table.name(symbol).clone(), ts: bar.start, minutes: length.minutes() }
    }

    /// Replaces labels by starts.
    fn shift(&self, sessions: &mut [Arranged], length: Span) {
        if self.options.label == Label::Left {
            return;
        }
        let sets = sessions.iter_mut().flat_map(|session| [&mut session.trade, &mut session.warmup]).flatten();
        for SessionBars { session, bars } in sets {
            for bar in bars {
                bar.start = self.options.label.start(bar.start, *session, length);
            }
        }
    }

    /// Explains two bars of one symbol and time: bars of two lengths, or one length twice.
    fn overlap(&self, clash: Clash, table: &SymbolTable, maps: &SymbolMaps) -> DataError {
        let (symbol, ts) = (table.name(clash.symbol).clone(), clash.label);
        if let Some((file, minutes, expected)) = self.regularity(maps).two_lengths(clash.symbol) {
            return DataError::MixedBarLengths { path: self.sources[file].path.clone(), symbol, minutes, expected };
        }
        let mut places = self.places(table, clash.symbol, clash.label);
        let (first, second) = (places.swap_remove(0), places.pop());
        match second {
            Some(second) => DataError::Overlap { first, second, symbol, ts },
            None => DataError::Duplicate { place: first, symbol, ts },
        }
    }

    /// Finds the rows of a symbol and time again, in the order of the files: rows are not kept, as this is only for
    /// telling what is wrong.
    ///
    /// # Panics
    /// When there is none: the files changed while they were read.
    fn places(&self, table: &SymbolTable, symbol: SymbolId, label: Timestamp) -> Vec<Place> {
        let (name, mut places) = (table.name(symbol), Vec::new());
        for (unit, summary) in self.units.iter().zip(self.summaries) {
            if !summary.names.contains(name) {
                continue;
            }
            let source = &self.sources[unit.source];
            let look = |book: &SymbolBook, row: RawRow| {
                if row.label == label && row.volume > 0 && book.name(row.symbol) == name {
                    places.push(source.place(row.number));
                }
                Ok(())
            };
            // An error is impossible unless the file changed, and then the place is not found.
            let _rows = unit.read(source, &mut SymbolBook::default(), look);
        }
        assert!(!places.is_empty(), "a bar that was read is in one of the files, unless they changed meanwhile");
        places
    }
}
