//! Whether the sessions so far speak for trading real money, criterion by criterion.
//!
//! Nothing here permits or forbids anything: it says what the records show. The thresholds are orb's own and are judged
//! over the last [`SESSIONS_WANTED`] sessions, so that an old fault does not count for ever.

mod criteria;
#[cfg(test)]
mod tests;

use core::fmt;

pub use criteria::{SESSIONS_WANTED, SLIPPAGE_R_E4_MAX, UNPROTECTED_MAX};

use orb_core::fact::HoldRecord;
use orb_core::hold::{Clearing, HoldKind};
use orb_core::session_clock::SESSION_END_GRACE;
use orb_core::{Date, Money, Span, Timestamp};

use crate::store::{DateRange, ParityRow, Reader, SessionRow, StoreError};
use crate::view::Environment;

/// Holds what the sessions of a ledger say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// In a fixed order.
    pub criteria: Vec<Criterion>,
    /// Every session that has ended, the oldest first.
    pub days: Vec<ReadyDay>,
}

/// Holds one thing that is asked of the sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Criterion {
    /// Its name, as files and the API carry it.
    pub name: &'static str,
    /// Whether it is met.
    pub verdict: Judgement,
    /// What is wanted, in words.
    pub wanted: String,
    /// What there is, in words.
    pub found: String,
}

/// Says whether a criterion is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It is.
    Met,
    /// It is not.
    NotMet,
    /// It cannot be told from the records.
    Unknown,
}

/// Holds one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadyDay {
    /// The trading date.
    pub date: Date,
    /// Closed trades, as the comparison with the backtest counted them; 0 without one.
    pub trades: u32,
    /// Result after fees.
    pub net: Money,
    /// How often books and broker differed.
    pub reconcile_breaks: u32,
    /// How often orb ended abnormally before.
    pub crashes: u32,
    /// Names of the other holds that an operator had to clear, but for pauses and kills; in the order in which they arose.
    pub holds: Vec<&'static str>,
    /// How it compares with its backtest; `None` without a report.
    pub parity: Option<DayParity>,
    /// How long positions were without a stop that covers them; `None` where it was not measured.
    pub unprotected: Option<Span>,
}

/// Holds how a session compares with its backtest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayParity {
    /// Differences that no reason explains.
    pub unexplained: u32,
    /// The result less that of the pessimistic backtest.
    pub net_difference: Money,
    /// Trades that both sides made.
    pub trades_both: u32,
    /// What their fills cost beyond those of the backtest, in 1e-4 R, summed; negative in favour.
    pub slippage_r_e4: i64,
}

impl Readiness {
    /// Reads what the sessions of a ledger say.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub fn of(reader: &Reader, environment: Environment) -> Result<Self, StoreError> {
        let sessions: Vec<SessionRow> =
            reader.sessions(DateRange::default())?.into_iter().filter(|session| session.ended).collect();
        let holds = reader.holds(Timestamp::MIN, Timestamp::MAX)?;
        let reports = reader.parity_reports(DateRange::default())?;
        let mut days: Vec<ReadyDay> = sessions.iter().map(begin).collect();
        for hold in &holds {
            let place = sessions.partition_point(|session| session.close + SESSION_END_GRACE <= hold.hold.since);
            // What comes after the last session is told with it.
            if let Some(last) = days.len().checked_sub(1) {
                days[place.min(last)].note(hold);
            }
        }
        for (date, span) in reader.unprotected_times()? {
            if let Some(day) = days.iter_mut().find(|day| day.date == date) {
                day.unprotected = Some(day.unprotected.unwrap_or_default() + span);
            }
        }
        for report in &reports {
            if let Some(day) = days.iter_mut().find(|day| day.date == report.date) {
                day.trades = report.trades;
                day.parity = Some(parity(report)?);
            }
        }
        let criteria = criteria::judge(environment, &days);
        Ok(Self { criteria, days })
    }

    /// Tells whether every criterion is met.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.criteria.iter().all(|criterion| criterion.verdict == Judgement::Met)
    }
}

impl Judgement {
    /// Judges by a condition.
    #[must_use]
    pub const fn of(is_met: bool) -> Self {
        if is_met { Self::Met } else { Self::NotMet }
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Met => "met",
            Self::NotMet => "not met",
            Self::Unknown => "unknown",
        })
    }
}

fn begin(session: &SessionRow) -> ReadyDay {
    ReadyDay {
        date: session.date,
        trades: 0,
        net: session.realized_net,
        reconcile_breaks: 0,
        crashes: 0,
        holds: Vec::new(),
        parity: None,
        unprotected: Some(Span::ZERO),
    }
}

impl ReadyDay {
    fn note(&mut self, record: &HoldRecord) {
        let kind = record.hold.kind;
        match kind {
            HoldKind::ReconcileBreak => self.reconcile_breaks += 1,
            HoldKind::Crashed => self.crashes += 1,
            // What a person wants is no fault.
            HoldKind::OperatorPause | HoldKind::Kill | HoldKind::EnvironmentSwitched => {}
            HoldKind::Breaker
            | HoldKind::ForeignActivity
            | HoldKind::DailyLoss
            | HoldKind::Starting
            | HoldKind::Reconciling
            | HoldKind::StaleData
            | HoldKind::StoreDegraded
            | HoldKind::ClockSkew
            | HoldKind::BrokerUnavailable
            | HoldKind::Flattening => {
                if kind.clearing() == Clearing::Operator {
                    self.holds.push(kind.name());
                }
            }
        }
    }
}

fn parity(row: &ParityRow) -> Result<DayParity, StoreError> {
    let figures = row.report()?.figures;
    // The report has it with four decimals.
    let slippage_r_e4 = figures.slippage_r.replace('.', "").parse().unwrap_or_default();
    Ok(DayParity {
        unexplained: row.unexplained,
        net_difference: row.net - row.net_pessimistic,
        trades_both: figures.trades_both,
        slippage_r_e4,
    })
}
