//! Where the bars of a simulated market come from.

use std::path::PathBuf;

use chrono::{Datelike as _, NaiveDate};
use orb_core::{Bar, Calendar, Date, Session, Span, SymbolTable};
use orb_data::bars::load_with_warmup;
use orb_data::synthetic::{SyntheticError, SyntheticMarket, SyntheticOptions};
use orb_data::{DataError, LoadOptions, Loaded};

/// Says where the bars come from.
#[derive(Clone, Debug, PartialEq)]
pub enum MarketSource {
    /// Recorded bars.
    Files {
        /// Files or folders with bars to play.
        bars: Vec<PathBuf>,
        /// Files or folders with bars of days before, which are history from the start; may be empty.
        warmup: Vec<PathBuf>,
    },
    /// A made-up market.
    Synthetic {
        /// Its seed.
        seed: u64,
        /// What to generate: symbols, sessions and the first date.
        options: SyntheticOptions,
    },
    /// Bars that are in memory already.
    Loaded(Box<Loaded>),
}

impl MarketSource {
    /// Returns the made-up market of a seed, with its usual symbols and date.
    #[must_use]
    pub fn synthetic(seed: u64) -> Self {
        Self::Synthetic { seed, options: SyntheticOptions::default() }
    }
}

/// Explains why there is no market.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A file cannot be read or is not valid.
    #[error(transparent)]
    Files(#[from] DataError),
    /// The made-up market cannot be made.
    #[error(transparent)]
    Synthetic(#[from] SyntheticError),
    /// Nothing can be played on the dates asked for.
    #[error("there are no bars from {first} to {last}: the bars cover {covered}")]
    NoSession {
        /// First date asked for.
        first: Date,
        /// Last date asked for.
        last: Date,
        /// The dates that there are.
        covered: String,
    },
}

/// Holds the bars of a market, and the sessions to play.
#[derive(Debug)]
pub(crate) struct Material {
    pub(crate) symbols: SymbolTable,
    pub(crate) bar_length: Span,
    /// All bars, in order of start and symbol.
    pub(crate) bars: Vec<Bar>,
    /// Sessions to play, in order, at least one.
    pub(crate) sessions: Vec<Session>,
    pub(crate) calendar: Calendar,
}

impl Material {
    /// Loads or makes the bars. Sessions before the first one to play are history.
    pub(crate) fn prepare(source: MarketSource, first: Option<Date>, last: Option<Date>) -> Result<Self, SourceError> {
        let calendar = orb_data::nyse_calendar(orb_data::calendar::FIRST_YEAR, LAST_YEAR);
        let loaded = load(source, first, &calendar)?;
        let played = played(&loaded, first, last)?;
        let mut bars: Vec<Bar> = loaded.warmup.iter().chain(loaded.trade.iter()).copied().collect();
        bars.sort_by_key(|bar| (bar.start, bar.symbol));
        let (symbols, bar_length) = (loaded.symbols().clone(), loaded.bar_length());
        Ok(Self { symbols, bar_length, bars, sessions: played, calendar })
    }
}

/// The calendar's last year: Alpaca's own reaches a few years ahead.
const LAST_YEAR: i32 = 2030;

fn load(source: MarketSource, first: Option<Date>, calendar: &Calendar) -> Result<Loaded, SourceError> {
    match source {
        MarketSource::Files { bars, warmup } => Ok(load_with_warmup(&bars, &warmup, LoadOptions::new(calendar))?),
        MarketSource::Synthetic { seed, mut options } => {
            if let Some(first) = first {
                options.first_date = first;
            }
            Ok(SyntheticMarket::new(seed, options).generate(calendar)?)
        }
        MarketSource::Loaded(loaded) => Ok(*loaded),
    }
}

fn played(loaded: &Loaded, first: Option<Date>, last: Option<Date>) -> Result<Vec<Session>, SourceError> {
    let all: Vec<Session> = loaded.trade.sessions().iter().map(orb_data::SessionBars::session).collect();
    // Without dates the last session is played, for it has the longest history; of a made-up market all of it.
    let from = first.unwrap_or_else(|| all.first().map_or(NaiveDate::MIN, |session| session.date));
    let to = last.unwrap_or(NaiveDate::MAX);
    let chosen: Vec<Session> =
        all.iter().filter(|session| from <= session.date && session.date <= to).copied().collect();
    if chosen.is_empty() {
        let covered = match (all.first(), all.last()) {
            (Some(one), Some(other)) => format!("{} to {}", one.date, other.date),
            (Some(_) | None, None) | (None, Some(_)) => "nothing".to_owned(),
        };
        let last = if to == NaiveDate::MAX {
            from.max(NaiveDate::from_ymd_opt(from.year(), 12, 31).unwrap_or(from))
        } else {
            to
        };
        return Err(SourceError::NoSession { first: from, last, covered });
    }
    Ok(chosen)
}
