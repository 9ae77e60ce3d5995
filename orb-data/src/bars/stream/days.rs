//! The days of a market, one after the other.

use std::iter::Peekable;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use orb_core::{Session, Span, SymbolId, SymbolTable};

use super::super::error::DataError;
use super::super::load::{Load, LoadOptions, inputs, load_sources, units_of};
use super::super::set::{Day, Dropped, Loaded, SessionBars};
use super::super::source::Source;
use super::super::spare::SpareBars;
use super::board::Board;
use super::lane::{Lane, Surroundings, Trouble};
use super::live::{EndOnDrop, Live, Shared};
use super::plan::Plan;

/// Holds one session of a market: the bars to trade on and those for features only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamedDay {
    /// The session.
    pub session: Session,
    /// The bars to trade on, or `None` when the date is for features only.
    pub trade: Option<SessionBars>,
    /// The bars for features only, or `None` when there are none.
    pub warmup: Option<SessionBars>,
}

impl StreamedDay {
    /// Shows the day as one of a market in memory.
    #[must_use]
    pub const fn as_day(&self) -> Day<'_> {
        Day { session: self.session, trade: self.trade.as_ref(), warmup: self.warmup.as_ref() }
    }
}

/// Explains why there is no next day.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// Something is wrong with the files: the same that loading them tells.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The days that were given are not those of the files, which only turned out further on: the files do not go by
    /// time, or they are not what they announce. Here is all that they hold, in order.
    #[error("the files do not go by time: begin again with the bars in memory")]
    Restart(Box<Loaded>),
}

/// Gives the days of a market in order of date, while its files are still being read.
pub struct DayStream<'a> {
    origin: Origin<'a>,
    symbols: Arc<SymbolTable>,
    tradable: Vec<bool>,
    bar_length: Span,
    has_given: bool,
}

enum Origin<'a> {
    Memory(Box<LoadedDays>),
    Files { live: Box<Live<'a>>, sources: &'a [Source], options: LoadOptions<'a> },
}

/// Reads bars to trade on and bars that only build features, and passes their days to `consume` while the rest is still
/// being decoded.
///
/// The days are those that [`super::super::load_with_warmup`] gives, and so are the errors; what differs is when they
/// are told: an error far inside the files comes after the days before it, and they are void then, as any error means
/// that nothing is to be used. How much is in memory depends on the number of symbols, not on that of years.
///
/// Parquet files can be read so when each goes by time: one for each symbol, for each day or month, or one in order of
/// time. Other files are loaded whole, and their days given from memory. Files that only turn out not to go by time
/// when days were given already make [`StreamError::Restart`].
///
/// # Errors
/// When the files cannot be opened; when they had to be loaded at once, all that loading tells.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use orb_data::LoadOptions;
/// use orb_data::bars::stream;
/// use orb_data::synthetic::{SyntheticMarket, SyntheticOptions};
///
/// let calendar = orb_data::nyse_calendar(2026, 2026);
/// let options = SyntheticOptions { symbols: 2, sessions: 3, ..SyntheticOptions::default() };
/// let market = SyntheticMarket::new(7, options).generate(&calendar)?;
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("bars.parquet");
/// orb_data::write::write(&path, &market.trade)?;
/// let bars = stream(&[path], &[], LoadOptions::new(&calendar), |days| {
///     let mut bars = 0;
///     while let Some(day) = days.next_day()? {
///         bars += day.trade.map_or(0, |session| session.bars().len());
///     }
///     Ok::<_, orb_data::bars::StreamError>(bars)
/// })??;
/// assert_eq!(bars, market.trade.len());
/// # Ok(()) }
/// ```
pub fn stream<R>(
    paths: &[PathBuf],
    warmup: &[PathBuf],
    options: LoadOptions<'_>,
    consume: impl FnOnce(&mut DayStream<'_>) -> R,
) -> Result<R, DataError> {
    let sources = inputs(paths, warmup, options)?;
    let units = units_of(&sources)?;
    let Some(plan) = Plan::of(&sources, &units, options.calendar) else {
        return load_sources(&sources, options).map(|loaded| consume(&mut DayStream::from_memory(loaded)));
    };
    let (calendar, label, batch_rows) = (options.calendar, options.label, plan.batch_rows);
    let (symbols, spare) = (&plan.symbols, &SpareBars::default());
    let surroundings = Surroundings { sources: &sources, calendar, label, symbols, batch_rows, spare };
    let lanes = units.iter().zip(&plan.units);
    let lanes = lanes.map(|(unit, plan)| Lane::new(surroundings, unit, plan.begins_several_symbols)).collect();
    let shared = Shared::new(Board::new(&plan, lanes, |source| sources[source].is_warmup));
    let load = Load { options, sources: &sources, units: &units };
    thread::scope(|scope| {
        let _end = EndOnDrop(&shared);
        for _ in 0..options.threads_at_most() {
            scope.spawn(|| shared.work());
        }
        let mut days = match Live::begin(&shared, load, &plan, spare) {
            Ok(live) => DayStream::from_files(live, &plan, &sources, options),
            Err(Trouble) => {
                shared.give_up();
                DayStream::from_memory(load_sources(&sources, options)?)
            }
        };
        Ok(consume(&mut days))
    })
}

impl<'a> DayStream<'a> {
    fn from_memory(loaded: Loaded) -> Self {
        let symbols = loaded.trade.shared_symbols();
        let tradable = symbols.iter().map(|(symbol, _)| loaded.is_tradable(symbol)).collect();
        let bar_length = loaded.bar_length();
        let origin = Origin::Memory(Box::new(LoadedDays::new(loaded)));
        Self { origin, symbols, tradable, bar_length, has_given: false }
    }

    fn from_files(live: Live<'a>, plan: &Plan, sources: &'a [Source], options: LoadOptions<'a>) -> Self {
        let bar_length = live.bar_length();
        let origin = Origin::Files { live: Box::new(live), sources, options };
        let (symbols, tradable) = (Arc::clone(&plan.symbols), plan.tradable.clone());
        Self { origin, symbols, tradable, bar_length, has_given: false }
    }

    /// Returns the table that numbers the symbols of all days.
    #[must_use]
    pub const fn symbols(&self) -> &Arc<SymbolTable> {
        &self.symbols
    }

    /// Returns the length of every bar.
    #[must_use]
    pub const fn bar_length(&self) -> Span {
        self.bar_length
    }

    /// Tells whether a symbol is one to trade: a file of bars to trade on names it.
    #[must_use]
    pub fn is_tradable(&self, symbol: SymbolId) -> bool {
        self.tradable.get(symbol.index()).copied().unwrap_or(false)
    }

    /// Returns how many rows were no bars of a session; `None` until the last day was given.
    #[must_use]
    pub fn dropped(&self) -> Option<Dropped> {
        match &self.origin {
            Origin::Memory(days) => Some(days.dropped),
            Origin::Files { live, .. } => live.dropped(),
        }
    }

    /// Returns the next day that has bars, in order of date; `None` when there is none left, and only then are the
    /// files known to be in order.
    ///
    /// # Errors
    /// When something is wrong with the files, or when they do not go by time.
    pub fn next_day(&mut self) -> Result<Option<StreamedDay>, StreamError> {
        let next = match &mut self.origin {
            Origin::Memory(days) => return Ok(days.next()),
            Origin::Files { live, .. } => live.next(),
        };
        match next {
            Ok(Some(day)) => {
                self.has_given = true;
                Ok(Some(StreamedDay { session: day.session, trade: day.trade, warmup: day.warmup }))
            }
            Ok(None) => Ok(None),
            Err(Trouble) => self.load_after_all(),
        }
    }

    /// Takes back the bars of a day that are of no use any more: their memory holds those of a later day.
    pub fn take_back(&self, bars: SessionBars) {
        match &self.origin {
            Origin::Files { live, .. } => live.take_back(bars),
            Origin::Memory(_) => drop(bars),
        }
    }

    /// Reads the files whole, which tells what is wrong with them; if nothing is, the days are given from memory as
    /// long as nothing else was said before.
    #[cold]
    fn load_after_all(&mut self) -> Result<Option<StreamedDay>, StreamError> {
        let Origin::Files { live, sources, options } = &self.origin else { return Ok(None) };
        live.give_up();
        let loaded = load_sources(sources, *options)?;
        let tradable = self.symbols.iter().all(|(symbol, _)| loaded.is_tradable(symbol) == self.is_tradable(symbol));
        let is_as_said = tradable && *loaded.symbols() == *self.symbols && loaded.bar_length() == self.bar_length;
        if self.has_given || !is_as_said {
            return Err(StreamError::Restart(Box::new(loaded)));
        }
        *self = Self::from_memory(loaded);
        self.next_day()
    }
}

/// Gives the days of bars in memory, each once.
struct LoadedDays {
    trade: Peekable<std::vec::IntoIter<SessionBars>>,
    warmup: Peekable<std::vec::IntoIter<SessionBars>>,
    dropped: Dropped,
}

impl LoadedDays {
    fn new(loaded: Loaded) -> Self {
        let [trade, warmup] = [loaded.trade, loaded.warmup].map(|set| set.into_sessions().into_iter().peekable());
        Self { trade, warmup, dropped: loaded.dropped }
    }
}

impl Iterator for LoadedDays {
    type Item = StreamedDay;

    fn next(&mut self) -> Option<StreamedDay> {
        let next = [self.trade.peek(), self.warmup.peek()].into_iter().flatten().map(SessionBars::session);
        let session = next.min_by_key(|session| session.date)?;
        let of_day = |bars: &SessionBars| bars.session() == session;
        Some(StreamedDay { session, trade: self.trade.next_if(of_day), warmup: self.warmup.next_if(of_day) })
    }
}
