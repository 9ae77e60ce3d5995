//! From files of bars to the days of a run.

use std::path::PathBuf;
use std::sync::Arc;

use orb_core::config::ConfigError;
use orb_core::event::SymbolReference;
use orb_core::history::History;
use orb_core::{Bar, Calendar, Date, RunConfig, Session, Span, Symbol, SymbolTable};
use orb_data::bars::{DataError, LoadOptions, Loaded, load_with_warmup};

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
        settle_symbols(&loaded, run)?;
        Self::prepare(loaded, calendar, selection)
    }

    /// Prepares bars that are loaded already for configurations that are not known yet.
    ///
    /// # Errors
    /// When the dates leave no session.
    pub fn prepare(loaded: Loaded, calendar: Arc<Calendar>, selection: &Selection) -> Result<Self, InputError> {
        let sessions = chosen_sessions(&loaded, &calendar, selection)?;
        let days = with_reference(&loaded, &calendar, &sessions);
        let symbols = Arc::new(loaded.symbols().clone());
        let bar_length = loaded.bar_length();
        Ok(Self { symbols, calendar, bar_length, days, loaded })
    }

    /// Settles which symbols each strategy trades: every one of the bars where it names none.
    ///
    /// # Errors
    /// When a strategy names a symbol without bars.
    pub fn settle_symbols(&self, run: &mut RunConfig) -> Result<(), InputError> {
        settle_symbols(&self.loaded, run)
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
}

/// Makes "every symbol of the bars" explicit, and refuses symbols that have none.
///
/// A preset's own list of symbols is meant for live runs.
fn settle_symbols(loaded: &Loaded, run: &mut RunConfig) -> Result<(), InputError> {
    let tradable = || loaded.symbols().iter().filter(|&(id, _)| loaded.is_tradable(id)).map(|(_, name)| name.clone());
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

fn chosen_sessions(loaded: &Loaded, calendar: &Calendar, selection: &Selection) -> Result<Vec<Session>, InputError> {
    let dates = || loaded.trade.sessions().iter().map(|session| session.session().date);
    let (Some(first), Some(last)) = (dates().min(), dates().max()) else { return Err(InputError::NoBars) };
    let from = selection.from.map_or(first, |from| from.max(first));
    let to = selection.to.map_or(last, |to| to.min(last));
    let sessions = calendar.between(from, to).to_vec();
    if sessions.is_empty() { Err(InputError::NoSession { first, last }) } else { Ok(sessions) }
}

/// Computes what is known before each session from all earlier bars, traded or not.
fn with_reference(loaded: &Loaded, calendar: &Calendar, sessions: &[Session]) -> Vec<MarketDay> {
    let mut history = History::new(loaded.symbols().len(), loaded.bar_length());
    let mut earlier = loaded.days().peekable();
    let mut merged = Vec::new();
    let mut days = Vec::with_capacity(sessions.len());
    for session in sessions {
        while let Some(day) = earlier.next_if(|day| day.session.date < session.date) {
            let Some(index) = calendar.index_of(day.session.date) else { continue };
            merge(&day, &mut merged);
            history.add_session(index, &day.session, &merged);
        }
        let index = calendar.index_of(session.date).unwrap_or(0);
        days.push(MarketDay { session: *session, reference: history.reference(index) });
    }
    days
}

/// Puts a day's bars together; where a symbol has bars to trade on, those of the warm-up are left out.
fn merge(day: &orb_data::bars::Day<'_>, merged: &mut Vec<Bar>) {
    merged.clear();
    merged.extend(day.trade.into_iter().flat_map(|bars| bars.bars()));
    let mut traded: Vec<_> = merged.iter().map(|bar| bar.symbol).collect();
    traded.sort_unstable();
    traded.dedup();
    let warmup = day.warmup.into_iter().flat_map(|bars| bars.bars());
    merged.extend(warmup.filter(|bar| traded.binary_search(&bar.symbol).is_err()));
}
