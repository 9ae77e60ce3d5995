//! The broker as a value: what it holds, what enters it, and how its time passes.

use std::collections::BTreeMap;
use std::sync::Arc;

use orb_core::{Money, Price, Span, Symbol, SymbolId, SymbolTable, Timestamp};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use serde_json::Value;
use uuid::Uuid;

use super::account::{Account, CashKind, CashMovement, Execution, Position};
use super::asset::{Asset, BorrowStatus, MarginRequirement};
use super::book::OrderBook;
use super::config::BrokerConfig;
use super::history::EquityHistory;
use super::hours::Hours;
use super::ids::{Ids, stable_id};
use super::market::Market;
use super::order::{Order, OrderKey};
use super::settings::Settings;
use super::shares::Shares;
use super::timers::{Due, Timers};
use crate::http::{Reply, Request};
use crate::order_faults::OrderFaultSource;
use crate::tick::Tick;

/// Simulates one account at Alpaca.
///
/// Time enters with each call and never goes back: an earlier instant counts as the latest that was seen.
pub struct Broker {
    pub(super) config: BrokerConfig,
    pub(super) symbols: Arc<SymbolTable>,
    pub(super) hours: Hours,
    pub(super) faults: Box<dyn OrderFaultSource>,
    pub(super) random: ChaCha8Rng,
    pub(super) ids: Ids,
    pub(super) account_id: Uuid,
    pub(super) settings: Settings,
    pub(super) assets: Vec<Asset>,
    pub(super) markets: Vec<Market>,
    pub(super) book: OrderBook,
    pub(super) account: Account,
    pub(super) history: EquityHistory,
    pub(super) timers: Timers,
    pub(super) updates: Vec<Value>,
    pub(super) now: Timestamp,
    pub(super) started: Option<Timestamp>,
    /// How old the positions are that are shown.
    pub(super) positions_lag: Span,
}

impl core::fmt::Debug for Broker {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Broker").field("now", &self.now).field("account", &self.account).finish_non_exhaustive()
    }
}

impl Broker {
    /// Opens an account with nothing but cash.
    #[must_use]
    pub fn new(config: BrokerConfig, faults: Box<dyn OrderFaultSource>) -> Self {
        let symbols = Arc::clone(&config.symbols);
        Self {
            hours: Hours::new(Arc::clone(&config.calendar)),
            faults,
            random: ChaCha8Rng::seed_from_u64(config.seed),
            ids: Ids::new(config.seed),
            account_id: stable_id("account", &config.seed.to_string()),
            settings: Settings::default(),
            assets: symbols.iter().map(|(_, name)| Asset::new(name.clone())).collect(),
            markets: vec![Market::default(); symbols.len()],
            book: OrderBook::default(),
            account: Account::new(config.cash),
            history: EquityHistory::default(),
            timers: Timers::default(),
            updates: Vec::new(),
            now: Timestamp::MIN,
            started: None,
            positions_lag: Span::ZERO,
            symbols,
            config,
        }
    }

    /// Answers a request of the trading REST API.
    pub fn request(&mut self, now: Timestamp, request: &Request) -> Reply {
        self.advance(now);
        let reply = self.route(request);
        // What is due at once happens now, after the reply was made: it tells of the order as it was sent.
        self.advance(now);
        reply
    }

    /// Takes what happened on the market, and fills what it fills. A tick of an unknown symbol, or a price that is
    /// none, is ignored.
    pub fn on_tick(&mut self, now: Timestamp, tick: &Tick) {
        self.advance(now);
        match *tick {
            Tick::Trade { symbol, price, size: _ } => self.on_trade(symbol, price),
            Tick::Quote { symbol, bid, ask, bid_size: _, ask_size: _ } => self.on_quote(symbol, bid, ask),
            Tick::Halt { symbol } => self.set_halted(symbol, true),
            Tick::Resume { symbol } => self.set_halted(symbol, false),
        }
        self.advance(now);
    }

    /// Returns when something is due next; `None` when nothing ever is.
    #[must_use]
    pub fn next_wakeup(&self) -> Option<Timestamp> {
        self.timers.next()
    }

    /// Does what is due by now.
    pub fn on_wakeup(&mut self, now: Timestamp) {
        self.advance(now);
    }

    /// Takes the updates since the last call, in their order: the `data` objects of the stream `trade_updates`.
    #[must_use]
    pub fn take_updates(&mut self) -> Vec<Value> {
        core::mem::take(&mut self.updates)
    }

    /// Lets time pass until now: everything that is due happens at its own instant.
    fn advance(&mut self, now: Timestamp) {
        let now = now.max(self.now);
        if self.started.is_none() {
            self.begin(now);
        }
        while let Some((at, due)) = self.timers.pop(now) {
            self.set_now(at);
            self.on_due(due);
        }
        self.set_now(now);
    }

    fn begin(&mut self, now: Timestamp) {
        self.started = Some(now);
        self.now = now;
        if let Some(index) = self.hours.session_ahead(now, false) {
            let session = self.hours.sessions()[index];
            if session.open > now {
                self.timers.plan(session.open, Due::SessionOpen(index));
            } else {
                self.timers.plan(session.close, Due::SessionClose(index));
            }
        }
    }

    fn set_now(&mut self, now: Timestamp) {
        if self.history.is_new_minute(now) {
            let equity = self.equity();
            self.history.record(now, equity);
        }
        self.now = self.now.max(now);
    }

    fn on_due(&mut self, due: Due) {
        match due {
            Due::SessionOpen(index) => self.open_session(index),
            Due::SessionClose(index) => self.close_session(index),
            Due::Acknowledge(key) => self.acknowledge(key),
            Due::Reject(key) => self.reject_after_all(key),
            Due::Match(key) => self.match_order(key, None),
            Due::CancelDone(key) => self.finish_cancel(key),
            Due::ReplaceDone { old, new } => self.finish_replace(old, new),
            Due::Expire(key) => self.expire(key),
            Due::ClosingAuction(key) => self.match_closing_auction(key),
            Due::Bust(index) => self.bust(index),
            Due::Correct(index, by) => self.correct(index, by),
        }
    }

    fn open_session(&mut self, index: usize) {
        self.timers.plan(self.hours.sessions()[index].close, Due::SessionClose(index));
        // Whatever rested overnight meets the market anew, as in the opening auction.
        for key in self.book.all_awake() {
            self.book[key].matching.resting = false;
        }
    }

    fn close_session(&mut self, index: usize) {
        let date = self.hours.sessions()[index].date;
        self.charge_fees();
        for market in &mut self.markets {
            market.close(date);
        }
        let equity = self.equity();
        self.account.closes.push((date, equity));
        if let Some(next) = self.hours.sessions().get(index + 1) {
            self.timers.plan(next.open, Due::SessionOpen(index + 1));
        }
    }

    fn charge_fees(&mut self) {
        let fees = core::mem::take(&mut self.account.accrued_fees);
        if fees != Money::ZERO {
            self.move_cash(CashKind::Fee, -fees);
        }
    }

    pub(super) fn move_cash(&mut self, kind: CashKind, amount: Money) {
        self.account.cash += amount;
        let movement = CashMovement { id: self.ids.next(), kind, at: self.now, amount };
        self.account.movements.push(movement);
    }

    /// Plans something after a time, or at once.
    pub(super) fn plan_after(&mut self, span: Span, due: Due) {
        self.timers.plan(self.now + span, due);
    }

    pub(super) fn symbol_name(&self, symbol: SymbolId) -> &str {
        self.symbols.name(symbol).as_str()
    }

    /// Finds a symbol by its name or by the identifier of its asset.
    pub(super) fn find_symbol(&self, text: &str) -> Option<SymbolId> {
        if let Ok(id) = Uuid::parse_str(text) {
            let index = self.assets.iter().position(|asset| asset.id == id)?;
            return Some(SymbolId(u32::try_from(index).ok()?));
        }
        self.symbols.id(&Symbol::new(text).ok()?)
    }
}

/// Inspection and control, for tests and for whoever runs the simulation.
impl Broker {
    /// Lists all orders that were ever made, in their order, legs included.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.book.all().iter()
    }

    /// Returns an order.
    ///
    /// # Panics
    /// When the number is of another broker's order.
    #[must_use]
    pub fn order(&self, key: OrderKey) -> &Order {
        &self.book[key]
    }

    /// Returns the open positions.
    #[must_use]
    pub const fn positions(&self) -> &BTreeMap<SymbolId, Position> {
        &self.account.positions
    }

    /// Lists all executions in their order; busted ones are marked.
    #[must_use]
    pub fn executions(&self) -> &[Execution] {
        &self.account.executions
    }

    /// Lists what moved cash without a trade, in its order.
    #[must_use]
    pub fn cash_movements(&self) -> &[CashMovement] {
        &self.account.movements
    }

    /// Returns the cash; negative when it was borrowed.
    #[must_use]
    pub const fn cash(&self) -> Money {
        self.account.cash
    }

    /// Returns cash and the value of all positions.
    #[must_use]
    pub fn equity(&self) -> Money {
        let value: Money = self.account.positions.keys().map(|&symbol| self.market_value(symbol)).sum();
        self.account.cash + value
    }

    /// Returns what a position is worth; negative for a short one, zero for none.
    #[must_use]
    pub fn market_value(&self, symbol: SymbolId) -> Money {
        self.account.shares(symbol).at(self.mark(symbol))
    }

    /// Returns the price that a symbol's position is valued at: the last trade, else the quote, else its own average.
    pub(super) fn mark(&self, symbol: SymbolId) -> Price {
        let entry = self.account.positions.get(&symbol).map(Position::entry_price);
        self.markets[symbol.index()].mark().or(entry).unwrap_or_default()
    }

    /// Returns the latest instant that was seen.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Returns the account's identifier.
    #[must_use]
    pub const fn account_id(&self) -> Uuid {
        self.account_id
    }

    /// Allows or forbids to trade a symbol.
    ///
    /// # Panics
    /// When the symbol is not of the broker's table; so do the other setters.
    pub fn set_tradable(&mut self, symbol: SymbolId, tradable: bool) {
        self.assets[symbol.index()].tradable = tradable;
    }

    /// Allows or forbids to sell a symbol short.
    pub fn set_shortable(&mut self, symbol: SymbolId, shortable: bool) {
        self.assets[symbol.index()].shortable = shortable;
    }

    /// Allows or forbids fractions of a symbol's shares.
    pub fn set_fractionable(&mut self, symbol: SymbolId, fractionable: bool) {
        self.assets[symbol.index()].fractionable = fractionable;
    }

    /// Sets whether a symbol's shares can be borrowed.
    pub fn set_borrow_status(&mut self, symbol: SymbolId, status: BorrowStatus) {
        self.assets[symbol.index()].borrow = status;
    }

    /// Sets what is required of positions in a symbol, in place of the account's usual.
    pub fn set_margin_requirement(&mut self, symbol: SymbolId, required: MarginRequirement) {
        self.assets[symbol.index()].margin = Some(required);
    }

    /// Blocks trading, or allows it again; what is working goes on.
    pub const fn set_trading_blocked(&mut self, blocked: bool) {
        self.settings.trading_blocked = blocked;
    }

    /// Shows the positions of so long ago, as a list that lags behind the fills; zero, the default, for those of now.
    pub const fn set_positions_lag(&mut self, lag: Span) {
        self.positions_lag = lag;
    }

    /// Pays money in.
    pub fn deposit(&mut self, now: Timestamp, amount: Money) {
        self.advance(now);
        self.move_cash(CashKind::Deposit, amount);
    }

    /// Takes money out, whatever the positions.
    pub fn withdraw(&mut self, now: Timestamp, amount: Money) {
        self.advance(now);
        self.move_cash(CashKind::Withdrawal, -amount);
    }

    /// Books money from another account; negative for money that goes there.
    pub fn journal(&mut self, now: Timestamp, amount: Money) {
        self.advance(now);
        self.move_cash(CashKind::Journal, amount);
    }

    /// Returns the shares of a symbol that its executions sum up to, busted ones left out: always its position.
    #[must_use]
    pub fn executed_shares(&self, symbol: SymbolId) -> Shares {
        let valid = self.account.executions.iter().filter(|one| one.symbol == symbol && one.busted.is_none());
        valid.map(Execution::signed).sum()
    }
}
