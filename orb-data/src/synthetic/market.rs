//! The symbols of the made-up market and their history.

use chrono::{Datelike as _, NaiveDate};
use orb_core::{Bar, Calendar, Date, Session, Span, Symbol, SymbolTable};

use super::day::{Habit, Profile, generate};
use super::random::Random;
use crate::bars::{BarSet, Dropped, Loaded};

/// Sessions before the first one to trade, so that averages over 14 sessions exist in it.
pub const HISTORY_SESSIONS: usize = 16;

/// Invented names with a price in dollars around which each begins. US tickers have at most five letters, so none of
/// these can be one.
const LISTED: [(&str, f64); 24] = [
    ("ALDVIN", 131.5),
    ("BRONEK", 44.6),
    ("CELTRO", 18.3),
    ("DRAVEK", 268.4),
    ("ESTOMB", 61.8),
    ("FLIMON", 8.4),
    ("GRELTA", 97.6),
    ("HUSKEL", 389.3),
    ("IMBRAK", 27.5),
    ("JINTOR", 158.7),
    ("KABREL", 70.4),
    ("LOMVIK", 11.2),
    ("MOLTEX", 586.2),
    ("NERBOL", 38.2),
    ("OBTREK", 187.2),
    ("PLOVAN", 23.7),
    ("QUARBO", 112.3),
    ("RUNDAK", 52.3),
    ("SKEDAR", 321.6),
    ("TROVEL", 14.9),
    ("UMDREL", 84.1),
    ("VULPEK", 224.9),
    ("WEXLAR", 31.9),
    ("ZEBLIN", 471.8),
];

/// Positions in [`LISTED`] of the symbols with a habit.
const HABITS: [(usize, Habit); 3] = [(1, Habit::Halted), (2, Habit::Sparse), (4, Habit::Late)];

/// The date number of what is drawn once for a symbol.
const NO_DATE: u32 = u32::MAX;

/// Says which part of the made-up market to generate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntheticOptions {
    /// Number of symbols, at least 1; 24 by default.
    pub symbols: usize,
    /// Number of sessions to trade, at least 1; 1 by default.
    pub sessions: usize,
    /// The first session is that of this date, or the next one when the exchange is closed.
    pub first_date: Date,
}

impl Default for SyntheticOptions {
    /// Twenty-four symbols over the session of 2026-03-02.
    fn default() -> Self {
        let first_date = NaiveDate::from_ymd_opt(2026, 3, 2).expect("a date");
        Self { symbols: LISTED.len(), sessions: 1, first_date }
    }
}

/// Explains why a market cannot be generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyntheticError {
    /// No symbol or no session is asked for.
    #[error("a market needs at least one symbol and one session")]
    Empty,
    /// The calendar does not reach far enough.
    #[error(
        "the calendar lacks some of the {sessions} sessions from {first_date} on or of the {HISTORY_SESSIONS} before: \
         choose a date within it"
    )]
    BeyondCalendar {
        /// The first date asked for.
        first_date: Date,
        /// The number of sessions asked for.
        sessions: usize,
    },
}

/// Generates one-minute bars of made-up symbols, the same for the same seed on every platform.
///
/// Volume and volatility are highest at the open; days trend, chop or reverse; prices gap overnight. One symbol is
/// halted for a while in each session to trade, one has minutes without trades, and one does not trade in the first
/// minutes.
///
/// ```
/// use orb_data::synthetic::{SyntheticMarket, SyntheticOptions};
///
/// let calendar = orb_data::nyse_calendar(2026, 2026);
/// let market = SyntheticMarket::new(7, SyntheticOptions::default()).generate(&calendar)?;
/// assert_eq!(market.trade.sessions().len(), 1);
/// assert_eq!(market.warmup.sessions().len(), 16);
/// # Ok::<(), orb_data::synthetic::SyntheticError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyntheticMarket {
    seed: u64,
    options: SyntheticOptions,
}

impl SyntheticMarket {
    /// Chooses a market; nothing is generated yet.
    #[must_use]
    pub const fn new(seed: u64, options: SyntheticOptions) -> Self {
        Self { seed, options }
    }

    /// Returns the name of the symbol at a position.
    fn symbol(position: usize) -> Symbol {
        let name = LISTED.get(position).map_or_else(|| format!("SYN{position:04}"), |(name, _)| (*name).to_owned());
        Symbol::new(&name).expect("the invented names are symbols")
    }

    /// Returns the symbol that is halted for a while; `None` when it is not among those asked for.
    #[must_use]
    pub fn halted(&self) -> Option<Symbol> {
        self.with_habit(Habit::Halted)
    }

    /// Returns the symbol that has minutes without trades; `None` when it is not among those asked for.
    #[must_use]
    pub fn sparse(&self) -> Option<Symbol> {
        self.with_habit(Habit::Sparse)
    }

    /// Returns the symbol that does not trade in the first minutes; `None` when it is not among those asked for.
    #[must_use]
    pub fn late(&self) -> Option<Symbol> {
        self.with_habit(Habit::Late)
    }

    fn with_habit(&self, habit: Habit) -> Option<Symbol> {
        let (position, _) = HABITS.into_iter().find(|(_, other)| *other == habit)?;
        (position < self.options.symbols).then(|| Self::symbol(position))
    }

    /// Generates the sessions to trade and, as warm-up, the [`HISTORY_SESSIONS`] before them.
    ///
    /// # Errors
    /// When nothing is asked for, or the calendar does not reach far enough.
    pub fn generate(&self, calendar: &Calendar) -> Result<Loaded, SyntheticError> {
        let (history, sessions) = self.sessions(calendar)?;
        let symbols = SymbolTable::new(self.names());
        let (mut warmup, mut trade) = (Vec::new(), Vec::new());
        for (profile, stream, mut close) in self.profiles(&symbols) {
            let mut day = |session: &Session, is_history, bars: &mut Vec<Bar>| {
                close = generate(&profile, *session, is_history, close, &mut self.random(stream, session), bars);
            };
            history.iter().for_each(|session| day(session, true, &mut warmup));
            sessions.iter().for_each(|session| day(session, false, &mut trade));
        }
        let set = |bars| {
            let set = BarSet::from_bars(symbols.clone(), Span::from_minutes(1), calendar, bars);
            set.expect("generated bars are valid, on the grid and distinct")
        };
        Ok(Loaded { trade: set(trade), warmup: set(warmup), dropped: Dropped::default() })
    }

    /// Returns the names of all symbols.
    pub(super) fn names(&self) -> impl Iterator<Item = Symbol> {
        (0..self.options.symbols).map(Self::symbol)
    }

    /// Returns what each symbol is like, the stream that is drawn from for it, and its close before the history.
    pub(super) fn profiles(&self, symbols: &SymbolTable) -> impl Iterator<Item = (Profile, u32, f64)> {
        (0..self.options.symbols).map(|position| {
            let symbol = symbols.id(&Self::symbol(position)).expect("the table holds all names");
            let stream = u32::try_from(position).expect("there are fewer than 2^32 symbols");
            let (profile, close) = self.profile(position, symbol, stream);
            (profile, stream, close)
        })
    }

    pub(super) const fn seed(&self) -> u64 {
        self.seed
    }

    /// Begins what is drawn for a session of a symbol.
    pub(super) fn random(&self, stream: u32, session: &Session) -> Random {
        Random::new(self.seed, stream, session.date.num_days_from_ce().cast_unsigned())
    }

    pub(super) fn sessions<'a>(
        &self,
        calendar: &'a Calendar,
    ) -> Result<(&'a [Session], &'a [Session]), SyntheticError> {
        let SyntheticOptions { symbols, sessions, first_date } = self.options;
        if symbols == 0 || sessions == 0 {
            return Err(SyntheticError::Empty);
        }
        let beyond = SyntheticError::BeyondCalendar { first_date, sessions };
        let first = calendar.sessions().partition_point(|session| session.date < first_date);
        let history = first.checked_sub(HISTORY_SESSIONS).ok_or(beyond)?;
        let last = first.checked_add(sessions).ok_or(beyond)?;
        let traded = calendar.sessions().get(first..last).ok_or(beyond)?;
        Ok((&calendar.sessions()[history..first], traded))
    }

    /// Draws what a symbol is like, and its close before the history.
    fn profile(&self, position: usize, symbol: orb_core::SymbolId, stream: u32) -> (Profile, f64) {
        let mut random = Random::new(self.seed, stream, NO_DATE);
        let price = LISTED[position % LISTED.len()].1 * random.between(0.95, 1.05);
        let habit =
            HABITS.into_iter().find(|(other, _)| *other == position).map_or(Habit::Ordinary, |(_, habit)| habit);
        let (volatility, daily_volume) = (random.between(0.015, 0.04), random.between(1.2e6, 2.0e7));
        (Profile { symbol, volatility, daily_volume, habit }, price)
    }
}
