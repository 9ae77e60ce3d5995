//! Where the bars and trades of a simulated market come from.

use std::path::PathBuf;

use chrono::{Datelike as _, NaiveDate};
use orb_core::{Bar, Calendar, Date, Session, Span, SymbolTable};
use orb_data::bars::load_with_warmup;
use orb_data::synthetic::{SyntheticError, SyntheticMarket, SyntheticOptions, SyntheticPast};
use orb_data::trades::{Trade, TradesError, load_trades};
use orb_data::{DataError, LoadOptions, Loaded};

use super::recorded::Recorded;

/// Says where bars and trades come from.
#[derive(Clone, Debug, PartialEq)]
pub enum MarketSource {
    /// Recorded bars.
    Files {
        /// Files or folders with bars to play.
        bars: Vec<PathBuf>,
        /// Files or folders with bars of days before, which are history from the start; may be empty.
        warmup: Vec<PathBuf>,
    },
    /// Recorded trades, and recorded bars for the minutes that have none. See [`super::path`].
    Trades {
        /// Files or folders with trades to play.
        trades: Vec<PathBuf>,
        /// Files or folders with bars of one minute to play; may be empty.
        bars: Vec<PathBuf>,
        /// Files or folders with bars of one minute of days before, which are history from the start; may be empty.
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
    /// A file of trades cannot be read or is not valid.
    #[error(transparent)]
    Trades(#[from] TradesError),
    /// There are trades beside bars that are longer than a minute.
    #[error(
        "trades are played minute by minute, and these bars are of {minutes} minutes: give bars of one minute beside \
         them, or none"
    )]
    LongBars {
        /// Length of the bars.
        minutes: i64,
    },
    /// The made-up market cannot be made.
    #[error(transparent)]
    Synthetic(#[from] SyntheticError),
    /// Nothing can be played on the dates asked for.
    #[error("there are no bars and no trades from {first} to {last}: what there is covers {covered}")]
    NoSession {
        /// First date asked for.
        first: Date,
        /// Last date asked for.
        last: Date,
        /// The dates that there are.
        covered: String,
    },
}

/// Holds the bars and trades of a market, and the sessions to play.
#[derive(Debug)]
pub(crate) struct Material {
    pub(crate) symbols: SymbolTable,
    pub(crate) bar_length: Span,
    /// All bars, in order of start and symbol; where there are trades, those that they make.
    pub(crate) bars: Vec<Bar>,
    /// Days before that are made when they are asked for; `None` where all bars are here.
    pub(crate) past: Option<SyntheticPast>,
    /// The recorded trades of each symbol, in order of time.
    pub(crate) trades: Vec<Vec<Trade>>,
    /// Sessions to play, in order, at least one.
    pub(crate) sessions: Vec<Session>,
    pub(crate) calendar: Calendar,
}

impl Material {
    /// Loads or makes bars and trades. Sessions before the first one to play are history.
    pub(crate) fn prepare(source: MarketSource, first: Option<Date>, last: Option<Date>) -> Result<Self, SourceError> {
        let calendar = orb_data::nyse_calendar(orb_data::calendar::FIRST_YEAR, LAST_YEAR);
        let mut recorded = read(source, first, &calendar)?;
        let bar_length = recorded.bar_length()?;
        let sessions = played(&recorded.sessions(&calendar), first, last)?;
        let symbols = recorded.symbols();
        let trades = recorded.trades(&symbols);
        let past = recorded.past.take();
        let bars = recorded.into_bars(&symbols);
        Ok(Self { symbols, bar_length, bars, past, trades, sessions, calendar })
    }
}

/// The calendar's last year: Alpaca's own reaches a few years ahead.
const LAST_YEAR: i32 = 2030;

fn read(source: MarketSource, first: Option<Date>, calendar: &Calendar) -> Result<Recorded, SourceError> {
    match source {
        MarketSource::Files { bars, warmup } => {
            Ok(load_with_warmup(&bars, &warmup, LoadOptions::new(calendar))?.into())
        }
        MarketSource::Trades { trades, bars, warmup } => {
            let trades = load_trades(&trades, calendar)?;
            Ok(Recorded { trades: Some(trades), ..read_bars(&bars, &warmup, calendar)? })
        }
        MarketSource::Synthetic { seed, mut options } => {
            if let Some(first) = first {
                options.first_date = first;
            }
            let (played, past) = SyntheticMarket::new(seed, options).generate_with_past(calendar)?;
            Ok(Recorded { played: Some(played), past: Some(past), ..Recorded::default() })
        }
        MarketSource::Loaded(loaded) => Ok(Recorded::from(*loaded)),
    }
}

/// Reads bars; of either kind there may be none where there are trades.
fn read_bars(bars: &[PathBuf], warmup: &[PathBuf], calendar: &Calendar) -> Result<Recorded, SourceError> {
    let options = LoadOptions::new(calendar);
    Ok(match (bars, warmup) {
        ([], []) => Recorded::default(),
        ([], warmup) => Recorded { warmup: Some(orb_data::load(warmup, options)?), ..Recorded::default() },
        (bars, warmup) => load_with_warmup(bars, warmup, options)?.into(),
    })
}

fn played(all: &[Session], first: Option<Date>, last: Option<Date>) -> Result<Vec<Session>, SourceError> {
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
