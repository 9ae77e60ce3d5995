//! A day as it was traded beside its own bars: what the backtest makes of them, by both fill models.
//!
//! Everything comes from the journal: the bars that reached the engine, the configuration that it was started with, what
//! was known before the open, and what became of signals, orders and trades. The comparison is made after each session,
//! off the engine's thread, and kept; the demo prints the same one.

mod bars;
mod keeper;
mod report;
mod text;
mod traded;

pub(crate) use keeper::Keeper;
pub use report::{Note, ParityFigures, ParityReport, TradeParity, UnmatchedTrade};

use std::sync::Arc;

use orb_backtest::parity::{Day, Parity, Run, SignalParity};
use orb_backtest::{Backtest, FillModel, Report};
use orb_core::fact::Trade;
use orb_core::{Date, EngineConfig, SymbolTable};

use crate::replay::ReplayError;
use crate::store::{DatabaseUrl, ParityRow, Reader, StoreError};
use traded::TradedDay;

/// Explains why a day cannot be compared with its backtest.
#[derive(Debug, thiserror::Error)]
pub enum ParityError {
    /// The journal cannot be read, or does not tell enough.
    #[error(transparent)]
    Journal(#[from] ReplayError),
    /// No session of the day was begun: nothing was known before its open.
    #[error(
        "the ledger {ledger} began no session of {date}: without what is known before the open there is no backtest"
    )]
    NoSession {
        /// The ledger.
        ledger: String,
        /// The day.
        date: Date,
    },
    /// The report cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Holds a day's comparison.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The report, as it is kept.
    pub report: ParityReport,
    /// Every difference from the pessimistic backtest.
    pub parity: Parity,
    /// Names of the symbols in it.
    pub symbols: Arc<SymbolTable>,
}

/// Compares a day of a ledger with the backtest of its bars.
///
/// # Errors
/// When the journal has nothing of the day, does not tell enough, or cannot be read.
pub fn compare(reader: &Reader, date: Date) -> Result<Compared, ParityError> {
    let day = TradedDay::read(reader, date)?;
    let (pessimistic, optimistic) = (backtest(&day, FillModel::Pessimistic), backtest(&day, FillModel::Optimistic));
    let (closed, open): (Vec<Trade>, Vec<Trade>) = day.trades.values().cloned().partition(Trade::is_closed);
    let (signals, decisions): (Vec<_>, Vec<_>) =
        (day.signals.values().cloned().collect(), day.decisions.values().cloned().collect());
    let judged = Day { bars: &day.bars, bar_length: day.bar_length };
    let expected = Run { trades: &pessimistic.trades, decisions: &pessimistic.decisions };
    let found = Run { trades: &closed, decisions: &decisions };
    let parity = Parity::of(&judged, expected, found);
    let signals = SignalParity::of(&judged, (expected, &pessimistic.signals), (found, &signals));
    let sides = report::Sides { pessimistic: &pessimistic, optimistic: &optimistic, found: &closed, open: open.len() };
    let report = report::report(&day, reader.ledger_id(), &sides, &parity, &signals);
    Ok(Compared { report, parity, symbols: Arc::clone(&day.symbols) })
}

/// Keeps a report, in the place of an earlier one of the day.
///
/// # Errors
/// When it cannot be written.
pub fn keep(url: &DatabaseUrl, reader: &Reader, report: &ParityReport) -> Result<(), ParityError> {
    Ok(ParityRow::of(report).save(url, reader.ledger_id())?)
}

fn backtest(day: &TradedDay, fills: FillModel) -> Report {
    let (symbols, calendar) = (Arc::clone(&day.symbols), Arc::clone(&day.calendar));
    let config = EngineConfig::new(day.run.clone(), symbols, calendar, day.bar_length);
    let mut backtest = Backtest::new(config, fills);
    backtest.run_batches(&day.session, &day.reference, day.bars.batches());
    backtest.finish()
}
