//! From files of bars to the days of a run.

use std::path::PathBuf;
use std::sync::Arc;

use super::holes::{HoleCounter, Holes};
use super::past_days::PastDays;
use orb_core::config::ConfigError;
use orb_core::event::SymbolReference;
use orb_core::history::History;
use orb_core::{Bar, Calendar, Date, RunConfig, Session, Span, Symbol, SymbolId, SymbolTable};
use orb_data::DatasetError;
use orb_data::bars::{DataError, Day, LoadOptions, Loaded, SessionBars, load_with_warmup};

/// Names the bars and the dates of a run.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Files or folders of bars to trade.
    pub bars: Vec<PathBuf>,
    /// Files or folders of bars for features only.
    pub warmup: Vec<PathBuf>,
    /// First date to trade; `None` for the first of the bars.
    pub from: Option<Date>,
    /// Last date to trade; `None` for the last of the bars.
    pub to: Option<Date>,
}

/// Holds the bars of a run with what is known before each of its days.
#[derive(Debug)]
pub struct Market {
    /// Every symbol of the bars and of the warm-up.
    pub symbols: Arc<SymbolTable>,
    /// The exchange's sessions.
    pub calendar: Arc<Calendar>,
    /// Length of the bars.
    pub bar_length: Span,
    /// The days of the run, those without bars included.
    pub days: Vec<MarketDay>,
    loaded: Loaded,
}

/// Tells what a run covers, without its bars.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// Every symbol of the bars and of the warm-up.
    pub symbols: Arc<SymbolTable>,
    /// Length of the bars.
    pub bar_length: Span,
    /// The sessions of the run, those without bars included.
    pub sessions: Vec<Session>,
    /// How many bars were traded on.
    pub bars: usize,
    /// What is missing among them.
    pub holes: Holes,
}

/// Holds one day of a run.
#[derive(Clone, Debug)]
pub struct MarketDay {
    /// Its hours.
    pub session: Session,
    /// What is known of each symbol before it.
    pub reference: Vec<SymbolReference>,
}

/// Explains why a run cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The bars could not be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The tables of a dataset could not be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// Keys of the configuration contradict each other, or the bars.
    #[error("configuration: {0}")]
    Config(#[from] ConfigError),
    /// A symbol of the configuration has no bars.
    #[error("symbols: there are no bars of {symbol} in --bars; the bars have {known}")]
    UnknownSymbol {
        /// The symbol.
        symbol: Symbol,
        /// Some that there are.
        known: String,
    },
    /// The dates leave no session.
    #[error("--from/--to: no session lies in the chosen dates; the bars have {first} to {last}")]
    NoSession {
        /// First date of the bars.
        first: Date,
        /// Last date of the bars.
        last: Date,
    },
    /// The bars have no bar in regular hours.
    #[error("--bars: none of the bars lies in the regular hours of an NYSE session; is `ts` the UTC start of the bar?")]
    NoBars,
}

/// Loads the bars of a run and settles which symbols each strategy trades.
///
/// # Errors
/// When the bars cannot be read, or the configuration does not fit them.
pub fn load(selection: &Selection, run: &mut RunConfig) -> Result<Market, InputError> {
    run.validate()?;
    let calendar = Arc::new(orb_data::calendar::nyse_calendar(2005, 2100));
    let loaded = load_with_warmup(&selection.bars, &selection.warmup, LoadOptions::new(&calendar))?;
    Market::new(loaded, calendar, selection, run)
}

impl Market {
    /// Prepares bars that are loaded already.
    ///
    /// # Errors
    /// When the configuration does not fit them.
    pub fn new(
        loaded: Loaded,
        calendar: Arc<Calendar>,
        selection: &Selection,
        run: &mut RunConfig,
    ) -> Result<Self, InputError> {
        // What fits is checked first: it is quick, and the features of every day are not.
        run.validate_bar_length(loaded.bar_length())?;
        settle_symbols(loaded.symbols(), |symbol| loaded.is_tradable(symbol), run)?;
        Self::prepare(loaded, calendar, selection)
    }

    /// Returns the bars as they were loaded.
    #[must_use]
    pub const fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// Prepares bars that are loaded already for configurations that are not known yet.
    ///
    /// # Errors
    /// When the dates leave no session.
    pub fn prepare(loaded: Loaded, calendar: Arc<Calendar>, selection: &Selection) -> Result<Self, InputError> {
        let days = chosen_days(&loaded, &calendar, selection)?;
        let symbols = Arc::new(loaded.symbols().clone());
        let bar_length = loaded.bar_length();
        Ok(Self { symbols, calendar, bar_length, days, loaded })
    }

    /// Settles which symbols each strategy trades: every one of the bars where it names none.
    ///
    /// # Errors
    /// When a strategy names a symbol without bars.
    pub fn settle_symbols(&self, run: &mut RunConfig) -> Result<(), InputError> {
        settle_symbols(self.loaded.symbols(), |symbol| self.loaded.is_tradable(symbol), run)
    }

    /// Returns the regular bars of a day by start, then symbol; empty where there are none.
    #[must_use]
    pub fn bars_of(&self, day: &MarketDay) -> &[Bar] {
        self.loaded.trade.session(day.session.date).map_or(&[], |session| session.bars())
    }

    /// Returns how many bars there are to trade on.
    #[must_use]
    pub fn bar_count(&self) -> usize {
        self.days.iter().map(|day| self.bars_of(day).len()).sum()
    }

    /// Returns what a run over this market covers.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        let mut holes = HoleCounter::new(self.symbols.len(), self.bar_length);
        self.days.iter().for_each(|day| holes.add(&day.session, self.bars_of(day)));
        Coverage {
            holes: holes.holes(),
            symbols: self.symbols.clone(),
            bar_length: self.bar_length,
            sessions: self.days.iter().map(|day| day.session).collect(),
            bars: self.bar_count(),
        }
    }
}

/// Makes "every symbol of the bars" explicit, and refuses symbols that have none.
///
/// A preset's own list of symbols is meant for live runs.
pub(super) fn settle_symbols(
    symbols: &SymbolTable,
    is_tradable: impl Fn(SymbolId) -> bool,
    run: &mut RunConfig,
) -> Result<(), InputError> {
    let tradable = || symbols.iter().filter(|&(id, _)| is_tradable(id)).map(|(_, name)| name.clone());
    for strategy in &mut run.strategies {
        if strategy.symbols.is_empty() {
            strategy.symbols = tradable().collect();
        }
        let missing = strategy.symbols.iter().find(|&symbol| !tradable().any(|known| known == *symbol));
        if let Some(symbol) = missing {
            let known: Vec<_> = tradable().take(12).map(|name| name.to_string()).collect();
            return Err(InputError::UnknownSymbol { symbol: symbol.clone(), known: known.join(", ") });
        }
    }
    Ok(())
}

fn chosen_days(loaded: &Loaded, calendar: &Calendar, selection: &Selection) -> Result<Vec<MarketDay>, InputError> {
    let dates = || loaded.trade.sessions().iter().map(|session| session.session().date);
    let (Some(first), Some(last)) = (dates().min(), dates().max()) else { return Err(InputError::NoBars) };
    let mut agenda = Agenda::new(selection, calendar, loaded.symbols(), loaded.bar_length())?;
    let days: Vec<_> = loaded.days().flat_map(|day| agenda.pass(&day)).collect();
    if days.is_empty() { Err(InputError::NoSession { first, last }) } else { Ok(days) }
}

/// Goes through the days of the bars and tells which sessions are traded, and what is known before each.
///
/// Traded are the calendar's sessions from the first to the last that has a bar to trade on, as far as they lie in the
/// chosen dates; those in between without bars too. What is known comes from all earlier bars, traded or not.
pub(super) struct Agenda<'a> {
    selection: &'a Selection,
    calendar: &'a Calendar,
    /// How many symbols the bars have; the history remembers other names of theirs beyond these.
    symbols: usize,
    history: History,
    merged: Vec<Bar>,
    past: PastDays,
    /// Position of the session that the history is to be told of next; `None` before the first.
    untold: Option<usize>,
    /// Position of the session after the latest day; `None` before the first one with bars to trade on.
    next: Option<usize>,
    /// Sessions without bars to trade on since; traded only if one with bars follows.
    pending: Vec<MarketDay>,
}

impl<'a> Agenda<'a> {
    /// Begins, with what the datasets among the paths say of days without bars.
    pub(super) fn new(
        selection: &'a Selection,
        calendar: &'a Calendar,
        symbols: &SymbolTable,
        bar_length: Span,
    ) -> Result<Self, DatasetError> {
        let past = PastDays::read(selection.bars.iter().chain(&selection.warmup), symbols)?;
        let history = History::new(past.names(), bar_length);
        Ok(Self {
            selection,
            calendar,
            symbols: symbols.len(),
            history,
            merged: Vec::new(),
            past,
            untold: None,
            next: None,
            pending: Vec::new(),
        })
    }

    /// Passes a day, in order of date, and returns the sessions that are now certain to be traded: earlier ones without
    /// bars, and last the day's own if it has bars to trade on.
    pub(super) fn pass(&mut self, day: &Day<'_>) -> Vec<MarketDay> {
        let Some(index) = self.calendar.index_of(day.session.date) else { return Vec::new() };
        let has_bars = day.trade.is_some();
        let first = self.past.first_before(day.session.date).and_then(|first| self.calendar.index_of(first));
        let begin = self.untold.or(first).unwrap_or(index).min(index);
        if has_bars {
            self.next.get_or_insert(index);
        }
        for at in begin..=index {
            self.come_to(at);
            if at < index {
                self.past.tell(&mut self.history, at, self.calendar.sessions()[at].date, &[]);
            }
        }
        self.untold = Some(index + 1);
        let bars = match (day.trade, day.warmup) {
            (Some(bars), None) | (None, Some(bars)) => bars.bars(),
            (Some(trade), Some(warmup)) => merge(trade, warmup, &mut self.merged),
            (None, None) => &[],
        };
        self.history.add_session(index, &day.session, bars);
        self.past.tell(&mut self.history, index, day.session.date, bars);
        if has_bars { std::mem::take(&mut self.pending) } else { Vec::new() }
    }

    /// Comes to the morning of a session: it is one to trade from the first with bars on, if it was chosen.
    fn come_to(&mut self, index: usize) {
        let session = self.calendar.sessions()[index];
        let before = index.checked_sub(1).map(|before| self.calendar.sessions()[before].date);
        self.past.act(&mut self.history, before, session.date);
        if self.next.is_none_or(|next| index < next) {
            return;
        }
        if self.selection.includes(session.date) {
            let mut reference = self.history.reference(index);
            reference.truncate(self.symbols);
            self.pending.push(MarketDay { session, reference });
        }
        self.next = Some(index + 1);
    }
}

impl Selection {
    /// Tells whether a date is one to trade.
    fn includes(&self, date: Date) -> bool {
        self.from.is_none_or(|from| from <= date) && self.to.is_none_or(|to| date <= to)
    }
}

/// Puts a day's bars together; where a symbol has bars to trade on, those of the warm-up are left out.
fn merge<'a>(trade: &SessionBars, warmup: &SessionBars, merged: &'a mut Vec<Bar>) -> &'a [Bar] {
    merged.clear();
    merged.extend(trade.bars());
    let mut traded: Vec<_> = merged.iter().map(|bar| bar.symbol).collect();
    traded.sort_unstable();
    traded.dedup();
    merged.extend(warmup.bars().iter().filter(|bar| traded.binary_search(&bar.symbol).is_err()));
    merged
}
