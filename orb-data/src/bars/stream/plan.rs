//! Whether files can be read session by session, and how far ahead.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use orb_core::{Calendar, Symbol, SymbolTable, Timestamp};

use super::super::load::Unit;
use super::super::parquet::{BATCH_ROWS, Extent, ParquetFile, Part};
use super::super::source::Source;

/// Bars that are decoded ahead of the consumer, about: 11 MB of them.
const BARS_AHEAD: usize = 200_000;

/// Sessions that are decoded ahead, at least and at most.
const SESSIONS_AHEAD: (usize, usize) = (2, 250);

/// Rows that all open units of work together decode in one round, about: their bars, 2 MB of them, wait for those of
/// the same session from the other units, and are to stay near the processor for so long.
const ROUND_ROWS: usize = 40_000;

/// Rows that one unit of work decodes at once, at least.
const BATCH_ROWS_MIN: usize = 1_024;

/// Units of work that may be under way at the same time, each with a file open.
const OPEN_UNITS_MAX: usize = 256;

/// Says how to read units of work session by session.
#[derive(Debug)]
pub(super) struct Plan {
    /// All symbols that the files announce.
    pub(super) symbols: Arc<SymbolTable>,
    /// Which of them files of bars to trade on announce.
    pub(super) tradable: Vec<bool>,
    /// By unit of work.
    pub(super) units: Vec<UnitPlan>,
    /// Sessions that are decoded ahead of the consumer.
    pub(super) ahead: usize,
    /// Rows that one unit of work decodes at once.
    pub(super) batch_rows: usize,
}

/// Says when a unit of work is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnitPlan {
    pub(super) source: usize,
    /// Position of the session before which it has no bar; 0 when nothing is known.
    pub(super) floor: usize,
    /// Position of the session in which its first row is expected; `None` when nothing is known.
    pub(super) expected: Option<usize>,
    /// Whether all bars begin with it and are of several symbols, so that its first rows tell whether they go symbol by
    /// symbol, before any day is given.
    pub(super) begins_several_symbols: bool,
}

impl Plan {
    /// Plans to read session by session; `None` where the files do not allow it: there is one that is no Parquet file,
    /// or whose row groups are not in order of time, or whose symbols cannot be told without reading it, or too many
    /// would have to be open at once.
    pub(super) fn of(sources: &[Source], units: &[Unit], calendar: &Calendar) -> Option<Self> {
        let parts: Option<Vec<(usize, &ParquetFile, Part)>> = units
            .iter()
            .map(|unit| unit.part.as_ref().map(|(file, part)| (unit.source, file.as_ref(), *part)))
            .collect();
        let parts = parts?;
        if !are_in_order(&parts) {
            return None;
        }
        let symbols = symbols_of(sources, &parts)?;
        let table = SymbolTable::new(symbols.values().flatten().cloned());
        let mut tradable = vec![false; table.len()];
        for name in symbols.iter().filter(|(source, _)| !sources[**source].is_warmup).flat_map(|(_, names)| names) {
            tradable[table.id(name)?.index()] = true;
        }
        let mut units: Vec<_> = parts.iter().map(|part| unit_plan(part, calendar)).collect();
        if let ([_], [first, ..]) = (sources, units.as_mut_slice()) {
            first.begins_several_symbols = table.len() > 1;
        }
        let open = open_at_once(&parts, calendar);
        (open <= OPEN_UNITS_MAX).then(|| Self {
            symbols: Arc::new(table),
            tradable,
            units,
            ahead: sessions_ahead(&parts, calendar),
            batch_rows: (ROUND_ROWS / open.max(1)).clamp(BATCH_ROWS_MIN, BATCH_ROWS),
        })
    }
}

/// Returns the position of the first session that a time can belong to, whichever end of a bar it labels.
fn session_from(calendar: &Calendar, time: Timestamp) -> usize {
    calendar.sessions().partition_point(|session| session.close < time)
}

fn unit_plan((source, file, part): &(usize, &ParquetFile, Part), calendar: &Calendar) -> UnitPlan {
    let position = |time: Timestamp| session_from(calendar, time);
    UnitPlan {
        source: *source,
        floor: file.extent(part).map_or(0, |extent| position(extent.first)),
        expected: file.expected_first(part).map(position),
        begins_several_symbols: false,
    }
}

/// Tells whether the row groups of each file follow each other in time, as far as the statistics tell.
fn are_in_order(parts: &[(usize, &ParquetFile, Part)]) -> bool {
    parts.windows(2).filter(|pair| pair[0].0 == pair[1].0).all(|pair| {
        let [one, next] = [0, 1].map(|index| pair[index].1.extent(&pair[index].2));
        let follows = |one: Extent, next: Extent| one == next || one.last <= next.first;
        one.zip(next).is_none_or(|(one, next)| follows(one, next))
    })
}

/// Finds the symbols of each file.
fn symbols_of(sources: &[Source], parts: &[(usize, &ParquetFile, Part)]) -> Option<BTreeMap<usize, BTreeSet<Symbol>>> {
    let mut symbols = BTreeMap::new();
    for (source, file, _) in parts {
        if !symbols.contains_key(source) {
            symbols.insert(*source, file.symbols(&sources[*source])?);
        }
    }
    Some(symbols)
}

/// Counts the units of work that cover a session, where most do; one for each file when nothing is known.
fn open_at_once(parts: &[(usize, &ParquetFile, Part)], calendar: &Calendar) -> usize {
    let mut changes: BTreeMap<usize, isize> = BTreeMap::new();
    for (_, file, part) in parts {
        let extent = file.extent(part);
        let from = extent.map_or(0, |extent| session_from(calendar, extent.first));
        let to = extent.map_or(calendar.sessions().len(), |extent| session_from(calendar, extent.last));
        *changes.entry(from).or_default() += 1;
        *changes.entry(to + 1).or_default() -= 1;
    }
    let running = changes.values().scan(0, |open: &mut isize, change| {
        *open += change;
        Some(*open)
    });
    running.max().unwrap_or(0).unsigned_abs()
}

fn sessions_ahead(parts: &[(usize, &ParquetFile, Part)], calendar: &Calendar) -> usize {
    let extents = || parts.iter().filter_map(|(_, file, part)| file.extent(part));
    let rows: usize = parts.iter().map(|(_, _, part)| part.rows()).sum();
    let first = extents().map(|extent| session_from(calendar, extent.first)).min().unwrap_or(0);
    let last = extents().map(|extent| session_from(calendar, extent.last)).max().unwrap_or(0);
    let bars_of_session = (rows / (last.saturating_sub(first) + 1)).max(1);
    (BARS_AHEAD / bars_of_session).clamp(SESSIONS_AHEAD.0, SESSIONS_AHEAD.1)
}
