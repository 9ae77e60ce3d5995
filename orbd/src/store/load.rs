//! What a restart needs, to go on without deciding anything again.

use diesel::prelude::*;
use orb_core::Date;
use orb_core::alarm::Alarm;
use orb_core::fact::{
    ClosingRecord, ClosingStep, Decision, Fill, LimitsRecord, SessionRecord, Signal, StrategyStop, Trade,
};
use orb_core::hold::Hold;
use orb_core::order::Order;

use super::connect::AnyConn;
use super::error::{Doing as _, StoreError};
use super::names::Names;
use super::queries;
use super::rows::{Audit, StoredAlarm, StoredClosing, StoredHold, StoredLimits, StoredStrategyStop};
use super::schema::{alarms, closings, holds, limits, strategy_stops};
use super::text::Text as _;

/// Bounds the finished commands that are restored; older ones are found by [`Reader::command`](super::Reader::command).
const COMMANDS_MAX: i64 = 1_000;

/// Holds what a restart needs: the latest session's day and what is still in force.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Restored {
    /// The session that began last; `None` before the first. Signals, orders, fills, trades and decisions are its.
    pub session: Option<SessionRecord>,
    /// In the order in which they arose.
    pub signals: Vec<Signal>,
    /// In the order in which they were made, legs included.
    pub orders: Vec<Order>,
    /// In the order in which they were counted.
    pub fills: Vec<Fill>,
    /// By entry time.
    pub trades: Vec<Trade>,
    /// By symbol and strategy.
    pub decisions: Vec<Decision>,
    /// Trades of other days that are still open, by entry time.
    pub carried: Vec<Trade>,
    /// Holds in force, in the order in which they were set.
    pub holds: Vec<Hold>,
    /// Closes that are not done, of any day, the oldest first.
    pub closings: Vec<ClosingRecord>,
    /// The limits that were set while orb ran; `None` when none ever were.
    pub limits: Option<LimitsRecord>,
    /// Strategies that reached their own loss limit in the session.
    pub strategy_stops: Vec<StrategyStop>,
    /// Alarms whose causes had not ended, the oldest first, but for those of symbols that are not known any more.
    pub alarms: Vec<Alarm>,
    /// Number of the last journaled event; 0 when there is none.
    pub last_sequence: u64,
    /// Number of the last broker effect; 0 when there is none.
    pub last_effect: u64,
    /// The last 1000 commands that were finished, the oldest first: a repeated request gets the old answer.
    pub commands: Vec<Audit>,
}

/// Reads all that a restart needs, in one consistent state.
pub(in crate::store) fn load(conn: &mut AnyConn, ledger: &str, names: &Names) -> Result<Restored, StoreError> {
    let end = queries::load_journal_end(conn, ledger)?;
    let mut restored = Restored {
        session: queries::load_latest_session(conn, ledger)?,
        holds: load_holds(conn, ledger)?,
        closings: load_closings(conn, ledger, names)?,
        limits: load_limits(conn, ledger)?,
        alarms: load_alarms(conn, ledger, names)?,
        last_sequence: end.last_sequence,
        last_effect: end.last_effect,
        commands: queries::load_last_commands(conn, ledger, COMMANDS_MAX)?,
        ..Restored::default()
    };
    if let Some(session) = restored.session {
        load_day(conn, ledger, names, session.date, &mut restored)?;
    }
    Ok(restored)
}

fn load_day(
    conn: &mut AnyConn,
    ledger: &str,
    names: &Names,
    date: Date,
    restored: &mut Restored,
) -> Result<(), StoreError> {
    restored.strategy_stops = load_strategy_stops(conn, ledger, names, date)?;
    restored.signals = facts(queries::load_signals(conn, ledger, date)?, |row| row.into_fact(names))?;
    restored.orders = facts(queries::load_orders(conn, ledger, date)?, |row| row.into_fact(names))?;
    restored.fills = facts(queries::load_fills(conn, ledger, date)?, |row| row.into_fact(names))?;
    restored.decisions = facts(queries::load_decisions(conn, ledger, date)?, |row| row.into_fact(names))?;
    let trades = facts(queries::load_trades(conn, ledger, date)?, |row| row.into_fact(names))?;
    (restored.trades, restored.carried) = trades.into_iter().partition(|trade| trade.attempt.date == date);
    Ok(())
}

fn facts<R, F>(rows: Vec<R>, into_fact: impl FnMut(R) -> Result<F, StoreError>) -> Result<Vec<F>, StoreError> {
    rows.into_iter().map(into_fact).collect()
}

fn load_holds(conn: &mut AnyConn, ledger: &str) -> Result<Vec<Hold>, StoreError> {
    let rows: Vec<StoredHold> = holds::table
        .filter(holds::ledger_id.eq(ledger).and(holds::cleared_at.is_null()))
        .order(holds::ordinal.asc())
        .select(StoredHold::as_select())
        .load(conn)
        .doing("read the holds")?;
    rows.into_iter().map(|row| row.read().map(|record| record.hold)).collect()
}

fn load_alarms(conn: &mut AnyConn, ledger: &str, names: &Names) -> Result<Vec<Alarm>, StoreError> {
    let rows: Vec<StoredAlarm> = alarms::table
        .filter(alarms::ledger_id.eq(ledger).and(alarms::ended_at.is_null()))
        .order(alarms::id.asc())
        .select(StoredAlarm::as_select())
        .load(conn)
        .doing("read the alarms")?;
    rows.into_iter().filter_map(|row| row.read(names).transpose()).map(|read| read.map(|record| record.alarm)).collect()
}

fn load_closings(conn: &mut AnyConn, ledger: &str, names: &Names) -> Result<Vec<ClosingRecord>, StoreError> {
    let rows: Vec<StoredClosing> = closings::table
        .filter(closings::ledger_id.eq(ledger).and(closings::step.ne(ClosingStep::Flat.text())))
        .order((closings::since.asc(), closings::symbol.asc()))
        .select(StoredClosing::as_select())
        .load(conn)
        .doing("read the unfinished closes")?;
    facts(rows, |row| row.into_fact(names))
}

fn load_limits(conn: &mut AnyConn, ledger: &str) -> Result<Option<LimitsRecord>, StoreError> {
    let row = limits::table.find(ledger).select(StoredLimits::as_select()).first(conn).optional();
    row.doing("read the limits")?.map(StoredLimits::into_fact).transpose()
}

fn load_strategy_stops(
    conn: &mut AnyConn,
    ledger: &str,
    names: &Names,
    date: Date,
) -> Result<Vec<StrategyStop>, StoreError> {
    let rows: Vec<StoredStrategyStop> = strategy_stops::table
        .filter(strategy_stops::ledger_id.eq(ledger).and(strategy_stops::date.eq(date.to_string())))
        .order(strategy_stops::strategy.asc())
        .select(StoredStrategyStop::as_select())
        .load(conn)
        .doing("read the strategies that were stopped")?;
    facts(rows, |row| row.into_fact(names))
}
