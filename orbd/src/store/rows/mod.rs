//! Rows: as tables hold them, as readers see them, and as the engine's facts.
//!
//! Each file holds one table's three forms: a stored row of plain columns, a public row of typed values and names,
//! and the conversions fact -> stored -> row -> fact.

mod alarm;
mod attempt;
mod audit;
mod bar;
mod closing;
mod command;
mod decision;
mod equity;
mod explanation;
mod fill;
mod hold;
mod journal;
mod limits;
mod log;
mod order;
mod parity;
mod session;
mod signal;
mod step;
mod stored;
mod strategy_stop;
mod trade;

pub use attempt::AttemptKey;
pub use bar::BarRow;
pub use command::Audit;
pub use decision::DecisionRow;
pub use equity::EquityRow;
pub use fill::FillRow;
pub use order::OrderRow;
pub use parity::ParityRow;
pub use session::SessionRow;
pub use signal::SignalRow;
pub use step::{OrderStep, StepRow};
pub use trade::{TradeRow, TradeStatus};

pub(in crate::store) use alarm::StoredAlarm;
pub(in crate::store) use audit::StoredAudit;
pub(in crate::store) use bar::StoredBar;
pub(in crate::store) use closing::StoredClosing;
pub(in crate::store) use command::StoredCommand;
pub(in crate::store) use decision::StoredDecision;
pub(in crate::store) use equity::StoredEquity;
pub(in crate::store) use explanation::StoredExplanation;
pub(in crate::store) use fill::StoredFill;
pub(in crate::store) use hold::StoredHold;
pub(in crate::store) use journal::StoredJournal;
pub(in crate::store) use limits::StoredLimits;
pub(in crate::store) use log::{NewLog, StoredLog};
pub(in crate::store) use order::StoredOrder;
pub(in crate::store) use parity::StoredParity;
pub(in crate::store) use session::StoredSession;
pub(in crate::store) use signal::StoredSignal;
pub(in crate::store) use step::StoredStep;
pub(in crate::store) use stored::{Replacing, Upsert, upsert};
pub(in crate::store) use strategy_stop::StoredStrategyStop;
pub(in crate::store) use trade::StoredTrade;

use super::names::Names;

/// Holds what every row of a commit needs.
#[derive(Clone, Copy)]
pub(in crate::store) struct Context<'a> {
    /// The ledger's id.
    pub(in crate::store) ledger: &'a str,
    /// Names for the fact's numbers.
    pub(in crate::store) names: &'a Names,
}
