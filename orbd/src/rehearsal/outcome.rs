//! What became of a rehearsal: the broker's word, and orb's records.

use std::collections::BTreeMap;
use std::sync::Arc;

use orb_core::event::Command;
use orb_core::{Money, Quantity, Span, SymbolId, SymbolTable, Timestamp};
use orb_sim::Running as Simulator;
use orb_sim::broker::{Execution, Order, Position, Role};

use super::{LastView, Rehearsal};
use crate::store::{
    DateRange, DecisionFilter, DecisionRow, FillFilter, FillRow, LogFilter, OrderFilter, OrderRow, Page, PageRequest,
    Reader, SignalFilter, SignalRow, StoreError, TradeRow,
};
use crate::summary;
use crate::view::{LogView, View};

/// Holds the state of the account at the broker.
#[derive(Clone, Debug)]
pub struct AtBroker {
    /// Every order that was ever made, legs included.
    pub orders: Vec<Order>,
    /// Every execution; busted ones are marked.
    pub executions: Vec<Execution>,
    /// Open positions.
    pub positions: BTreeMap<SymbolId, Position>,
    /// The cash at the end.
    pub cash: Money,
    /// When that was.
    pub at: Timestamp,
}

impl AtBroker {
    /// Reads it; `None` when the simulator has stopped.
    pub(super) async fn of(simulator: &Simulator) -> Option<Self> {
        let at = simulator.clock().now();
        let read = simulator.with_broker(move |broker| Self {
            orders: broker.orders().cloned().collect(),
            executions: broker.executions().to_vec(),
            positions: broker.positions().clone(),
            cash: broker.cash(),
            at,
        });
        read.await
    }
}

/// Holds what became of a rehearsal.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The account at the broker.
    pub broker: AtBroker,
    /// The recorded trades, oldest first.
    pub trades: Vec<TradeRow>,
    /// The recorded orders.
    pub orders: Vec<OrderRow>,
    /// The recorded executions.
    pub fills: Vec<FillRow>,
    /// The recorded signals.
    pub signals: Vec<SignalRow>,
    /// The recorded decisions.
    pub decisions: Vec<DecisionRow>,
    /// The log, oldest line first.
    pub logs: Vec<LogView>,
    /// The last view: holds, positions and signals as clients see them.
    pub view: Arc<View>,
    /// The commands, each with the instant from which it was in force.
    pub commands: Vec<(Timestamp, Command)>,
    /// The names of the symbols.
    pub symbols: Arc<SymbolTable>,
    /// The cash at the beginning.
    pub initial: Money,
    /// Most positions at one time.
    pub positions_max: usize,
    /// How long a position may be without a stop that covers it, not counting the time in which its close hangs at the
    /// broker by the plan.
    pub unprotected_max: Span,
    /// The rules of the plan, for requests, messages and orders, that have never applied, as `stream 2`.
    pub rules_never_applied: Vec<String>,
    /// Requests for market data that the broker was sent, without websockets.
    pub data_requests: u64,
}

impl Outcome {
    pub(super) fn gather(
        rehearsal: &Rehearsal,
        broker: AtBroker,
        view: LastView,
        commands: Vec<(Timestamp, Command)>,
        reader: &Reader,
    ) -> anyhow::Result<Self> {
        let session = &rehearsal.session;
        let dates = DateRange::day(session.date());
        let orders = OrderFilter { dates, ..OrderFilter::default() };
        let fills = FillFilter { dates, ..FillFilter::default() };
        let signals = SignalFilter { dates, ..SignalFilter::default() };
        let decisions = DecisionFilter { dates, ..DecisionFilter::default() };
        let mut logs = all(|page| reader.list_logs(&LogFilter::default(), page))?;
        logs.reverse();
        let own = session.run.strategies.iter().map(|strategy| strategy.max_positions).max().unwrap_or(0);
        Ok(Self {
            broker,
            trades: summary::all_trades(reader, session.date())?,
            orders: all(|page| reader.list_orders(&orders, page))?,
            fills: all(|page| reader.list_fills(&fills, page))?,
            signals: all(|page| reader.list_signals(&signals, page))?,
            decisions: all(|page| reader.list_decisions(&decisions, page))?,
            logs,
            view,
            commands,
            symbols: Arc::clone(&session.market.symbols),
            initial: session.run.initial_equity,
            positions_max: session.run.account_max_positions.unwrap_or(own) as usize,
            unprotected_max: rehearsal.unprotected_max,
            rules_never_applied: Vec::new(),
            data_requests: 0,
        })
    }

    /// Tells whether a line of the log has these words in it.
    #[must_use]
    pub fn said(&self, words: &str) -> bool {
        self.logs.iter().any(|line| line.message.contains(words))
    }

    /// Lists a symbol's executions at the broker, busted ones left out.
    pub fn executions(&self, symbol: SymbolId) -> impl Iterator<Item = &Execution> {
        self.broker.executions.iter().filter(move |one| one.symbol == symbol && one.busted.is_none())
    }

    /// Returns a symbol's signed position at the broker after each of its executions.
    pub(super) fn positions_of(&self, symbol: SymbolId) -> Vec<(Timestamp, Quantity)> {
        let mut moves: Vec<(Timestamp, i64)> = Vec::new();
        for one in self.broker.executions.iter().filter(|one| one.symbol == symbol) {
            let shares = one.signed().quantity().shares();
            moves.push((one.at, shares));
            moves.extend(one.busted.map(|at| (at, -shares)));
        }
        moves.sort_by_key(|(at, _)| *at);
        let mut held = 0;
        let step = |(at, shares): (Timestamp, i64)| {
            held += shares;
            (at, Quantity::new(held))
        };
        moves.into_iter().map(step).collect()
    }
}

/// Tells whether an order was to open a position: by its place in its group, or by the name that orb gave it.
///
/// The broker's own names are hexadecimal and may end in anything.
#[must_use]
pub fn is_entry(order: &Order) -> bool {
    let leg = order.client_order_id.rsplit('-').next().and_then(|last| last.strip_suffix('e'));
    let is_named = leg.is_some_and(|attempt| attempt.parse::<u16>().is_ok());
    order.role == Role::Entry || (order.parent.is_none() && is_named)
}

fn all<T>(mut list: impl FnMut(&PageRequest) -> Result<Page<T>, StoreError>) -> Result<Vec<T>, StoreError> {
    let (mut rows, mut page) = (Vec::new(), PageRequest::first(1_000));
    loop {
        let found = list(&page)?;
        rows.extend(found.rows);
        match found.next {
            Some(token) => page.token = Some(token),
            None => return Ok(rows),
        }
    }
}
