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
use super::parquet::{ParquetFile, Part};
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
    pub(super) fn is_cut_off(self, label: Timestamp, session: &Session) -> bool {
        self == Self::Right && label == session.close
    }

    /// Returns the start of the bar that has this label.
    pub(super) fn start(self, label: Timestamp, session: Session, length: Span) -> Timestamp {
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

    /// Returns how many threads are to be used at most.
    pub(super) fn threads_at_most(&self) -> usize {
        self.threads.map_or_else(available_threads, NonZero::get)
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
    load_sources(&inputs(paths, warmup, options)?, options)
}

/// Lists the files to read and checks what was asked for.
pub(super) fn inputs(
    paths: &[PathBuf],
    warmup: &[PathBuf],
    options: LoadOptions<'_>,
) -> Result<Vec<Source>, DataError> {
    if let Some(length) = options.bar_length.filter(|length| !length::is_supported(*length)) {
        return Err(DataError::UnsupportedBarLength { minutes: length.minutes() });
    }
    if paths.is_empty() {
        return Err(DataError::NothingGiven);
    }
    let mut sources = find(paths, false)?;
    sources.extend(find(warmup, true)?);
    Ok(sources)
}

/// Loads all bars of some files.
pub(super) fn load_sources(sources: &[Source], options: LoadOptions<'_>) -> Result<Loaded, DataError> {
    let units = units_of(sources)?;
    let collector = Collector::new(options.calendar);
    let summaries = in_parallel(options.threads_at_most(), units.len(), |index| {
        units[index].summarise(sources, options, &collector, index)
    })?;
    let load = Load { options, sources, units: &units };
    load.check_files(&summaries)?;
    load.finish(&collector, &summaries)
}

/// Represents a file or a part of one, read by one thread.
pub(super) struct Unit {
    pub(super) source: usize,
    pub(super) part: Option<(Arc<ParquetFile>, Part)>,
}

/// Opens the files and divides them into units of work, in the order of the files.
pub(super) fn units_of(sources: &[Source]) -> Result<Vec<Unit>, DataError> {
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

/// Numbers the symbols of each unit by the table; `None` when it lacks one.
pub(super) fn symbol_maps(summaries: &[UnitSummary], table: &SymbolTable) -> Option<SymbolMaps> {
    summaries.iter().map(|summary| summary.names.iter().map(|name| table.id(name)).collect()).collect()
}

/// Counts the rows that became no bars.
pub(super) fn dropped(summaries: &[UnitSummary]) -> Dropped {
    summaries.iter().fold(Dropped::default(), |sum, summary| Dropped {
        no_volume: sum.no_volume + summary.dropped.no_volume,
        outside_hours: sum.outside_hours + summary.dropped.outside_hours,
    })
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

/// Knows what is read, and checks it once all rows are.
#[derive(Clone, Copy)]
pub(super) struct Load<'a> {
    pub(super) options: LoadOptions<'a>,
    pub(super) sources: &'a [Source],
    pub(super) units: &'a [Unit],
}

impl Load<'_> {
    /// Checks what only whole files tell: that there are rows, and that the order holds from part to part.
    pub(super) fn check_files(&self, summaries: &[UnitSummary]) -> Result<(), DataError> {
        let mut last = std::collections::BTreeMap::new();
        for (unit, summary) in self.units.iter().zip(summaries) {
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

    fn finish(&self, collector: &Collector, summaries: &[UnitSummary]) -> Result<Loaded, DataError> {
        let names = summaries.iter().flat_map(|summary| &summary.names).cloned();
        let table = Arc::new(SymbolTable::new(names));
        let maps = symbol_maps(summaries, &table).expect("the table holds every name of every file");
        let regularity = self.regularity(summaries, &maps);
        let find = Find { load: self, summaries, table: &table, regularity };
        let mut sessions = self.arrange(collector, &maps, &find)?;
        let dropped = dropped(summaries);
        if sessions.iter().all(|session| session.trade.is_none()) {
            let Dropped { no_volume, outside_hours } = dropped;
            return Err(DataError::NoBars { outside_hours, no_volume });
        }
        let length = find.bar_length(&sessions)?;
        sessions.iter_mut().for_each(|session| session.shift(self.options.label, length));
        let (trade, warmup): (Vec<_>, Vec<_>) = sessions.into_iter().map(|both| (both.trade, both.warmup)).unzip();
        let set = |sessions: Vec<Option<SessionBars>>, is_warmup| {
            let sessions = sessions.into_iter().flatten().collect();
            BarSet::arranged(Arc::clone(&table), length, sessions, self.present(&table, &maps, is_warmup))
        };
        Ok(Loaded { trade: set(trade, false), warmup: set(warmup, true), dropped })
    }

    fn arrange(&self, collector: &Collector, maps: &SymbolMaps, find: &Find<'_>) -> Result<Vec<Arranged>, DataError> {
        let sessions = self.options.calendar.sessions();
        let arranged = in_parallel(self.options.threads_at_most(), sessions.len(), |index| {
            let mut piles = collector.take(index);
            number(&mut piles, maps);
            arrange(sessions[index], &mut piles, find.table.len(), self.options.label, Vec::with_capacity)
        });
        arranged.map_err(|clash| find.overlap(clash))
    }

    /// Tells which symbols a set's files name.
    pub(super) fn present(&self, table: &SymbolTable, maps: &SymbolMaps, is_warmup: bool) -> Vec<bool> {
        let mut present = vec![false; table.len()];
        for (unit, map) in self.units.iter().zip(maps) {
            if self.sources[unit.source].is_warmup == is_warmup {
                map.iter().for_each(|symbol| present[symbol.index()] = true);
            }
        }
        present
    }

    /// Sums up how the bars of each symbol and file lie on the minutes.
    pub(super) fn regularity(&self, summaries: &[UnitSummary], maps: &SymbolMaps) -> Regularity {
        let mut regularity = Regularity::default();
        for ((unit, summary), map) in self.units.iter().zip(summaries).zip(maps) {
            for (symbol, track) in map.iter().zip(&summary.tracks) {
                regularity.add(unit.source, *symbol, Steps { bars: track.bars, minutes: track.step_minutes });
            }
        }
        regularity
    }
}

/// Finds where something is wrong that only all files together tell.
struct Find<'a> {
    load: &'a Load<'a>,
    summaries: &'a [UnitSummary],
    table: &'a SymbolTable,
    regularity: Regularity,
}

impl Find<'_> {
    /// Decides the length of all bars and checks that they have it.
    fn bar_length(&self, sessions: &[Arranged]) -> Result<Span, DataError> {
        let closest = sessions.iter().filter_map(|session| session.closest).min();
        let inferred = || {
            length::infer(closest).map_err(|gap| DataError::NoBarLength {
                place: self.places(gap.symbol, gap.later).swap_remove(0),
                symbol: self.table.name(gap.symbol).clone(),
                minutes: gap.minutes,
            })
        };
        let length = self.load.options.bar_length.map_or_else(inferred, Ok)?;
        if self.regularity.fits(length, closest) {
            return Ok(length);
        }
        if let Some(symbol) = self.regularity.off_grid(length).next() {
            return Err(self.off_grid(sessions, symbol, length));
        }
        self.regularity.first_longer(length).map_or(Ok(length), |(file, symbol, minutes)| {
            let (path, symbol) = (self.load.sources[file].path.clone(), self.table.name(symbol).clone());
            Err(DataError::MixedBarLengths { path, symbol, minutes, expected: length.minutes() })
        })
    }

    fn off_grid(&self, sessions: &[Arranged], symbol: SymbolId, length: Span) -> DataError {
        let label = self.load.options.label;
        let is_off = |session: Session, ts: Timestamp| {
            !label.is_cut_off(ts, &session) && (ts - session.open).micros() % length.micros() != 0
        };
        let sets = sessions.iter().flat_map(|session| [&session.trade, &session.warmup]).flatten();
        let mut found = sets.flat_map(|set| set.bars.iter().map(|bar| (set.session, bar)));
        let (_, bar) = found
            .find(|(session, bar)| bar.symbol == symbol && is_off(*session, bar.start))
            .expect("a symbol whose steps are off the grid has a bar off the grid");
        let place = self.places(symbol, bar.start).swap_remove(0);
        DataError::OffGrid { place, symbol: self.table.name(symbol).clone(), ts: bar.start, minutes: length.minutes() }
    }

    /// Explains two bars of one symbol and time: bars of two lengths, or one length twice.
    fn overlap(&self, clash: Clash) -> DataError {
        let (symbol, ts) = (self.table.name(clash.symbol).clone(), clash.label);
        if let Some((file, minutes, expected)) = self.regularity.two_lengths(clash.symbol) {
            let path = self.load.sources[file].path.clone();
            return DataError::MixedBarLengths { path, symbol, minutes, expected };
        }
        let mut places = self.places(clash.symbol, clash.label);
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
    fn places(&self, symbol: SymbolId, label: Timestamp) -> Vec<Place> {
        let (name, mut places) = (self.table.name(symbol), Vec::new());
        for (unit, summary) in self.load.units.iter().zip(self.summaries) {
            if !summary.names.contains(name) {
                continue;
            }
            let source = &self.load.sources[unit.source];
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
