//! The machine that brings an account to rest: look, do one step for each symbol, look again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use orb_core::order::{ClientOrderId, OrderRole};
use orb_core::{Price, Span, Timestamp};
use orb_exec::alpaca::{CallError, Emergency, Life, Reduction};
use rust_decimal::Decimal;

use super::holdings::{Holding, Holdings, foreign_symbols};
use super::report::{FlattenReport, Leftover, SymbolReport};
use super::step::{Goal, Limits, Step, Track, reducing};

/// How far back orders are read, to tell which positions are orb's: more than a long weekend.
const LOOK_BACK: Span = Span::from_minutes(7 * 24 * 60);

/// Says what is meant by flat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// orb's orders and positions.
    Own,
    /// Everything in the account.
    Everything,
    /// What is not orb's, in symbols in which orb has nothing.
    Foreign,
    /// orb's entries; positions stay and keep their stops.
    EntriesOnly,
}

/// Says how fast things go, on the machine's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Time between two looks.
    pub look_every: Duration,
    /// An order that closes and has not filled by then gives way to the stop again: trading may be halted.
    pub close_within: Duration,
    /// When closing is given up and what is left gets its stop back.
    pub within: Duration,
    /// How long that may take.
    pub protect_within: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            look_every: Duration::from_secs(1),
            close_within: Duration::from_secs(20),
            within: Duration::from_secs(120),
            protect_within: Duration::from_secs(30),
        }
    }
}

/// Brings an account to rest.
#[derive(Debug)]
pub struct Flattener<'a> {
    broker: &'a Emergency,
    scope: Scope,
    pace: Pace,
    tracks: BTreeMap<String, Track>,
    /// Identifiers of the orders that this one cancelled, by symbol.
    cancelled: BTreeMap<String, BTreeSet<String>>,
    /// Identifiers of the orders that close, by symbol.
    closes: BTreeMap<String, BTreeSet<String>>,
    report: FlattenReport,
}

impl<'a> Flattener<'a> {
    /// Makes one; nothing is asked yet.
    #[must_use]
    pub fn new(broker: &'a Emergency, scope: Scope, pace: Pace) -> Self {
        let (tracks, cancelled, closes) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { broker, scope, pace, tracks, cancelled, closes, report: FlattenReport::default() }
    }

    /// Works until the broker says that nothing is left, or no more can be done, or `may_go_on` says no.
    ///
    /// Failures are not the end: it looks again. Whatever has not come about when time is up is in the report.
    pub async fn run(mut self, may_go_on: impl Fn() -> bool) -> FlattenReport {
        let begun = Instant::now();
        let mut last = None;
        loop {
            if !may_go_on() {
                self.report.trouble(stopped(self.scope).to_owned());
                break;
            }
            match look(self.broker).await {
                Ok(holdings) => {
                    self.step(&holdings, &may_go_on).await;
                    let is_done = self.is_done(&holdings);
                    last = Some(holdings);
                    if is_done {
                        self.report.is_verified = true;
                        break;
                    }
                }
                Err(error) => {
                    let is_hopeless = error.is_key_refused();
                    self.report.trouble(format!("the broker's state cannot be read: {error}"));
                    if is_hopeless {
                        break;
                    }
                }
            }
            let spent = begun.elapsed();
            if spent >= self.pace.within + self.pace.protect_within {
                self.report.trouble("time was up".to_owned());
                break;
            }
            if spent >= self.pace.within {
                self.tracks.values_mut().for_each(|track| track.give_up("it could not be closed in time"));
            }
            tokio::time::sleep(self.pace.look_every).await;
        }
        self.conclude(last)
    }

    /// Does one step for each symbol.
    async fn step(&mut self, holdings: &Holdings, may_go_on: &impl Fn() -> bool) {
        let (scope, limits) = (self.scope, Limits { close_within: self.pace.close_within });
        for (symbol, holding) in &holdings.0 {
            let is_followed = self.tracks.contains_key(symbol) && (scope != Scope::Foreign || !has_own(holding));
            if !concerns(scope, holding) && !is_followed {
                continue;
            }
            let track = self.tracks.entry(symbol.clone()).or_insert_with(|| Track::new(goal(scope)));
            let step = track.next(holding, Instant::now(), limits);
            if !may_go_on() {
                return;
            }
            self.act(symbol, holding, step).await;
        }
    }

    async fn act(&mut self, symbol: &str, holding: &Holding, step: Step) {
        let done = match step {
            Step::Wait | Step::Done => Ok(()),
            Step::Cancel(orders) => {
                let mut done = Ok(());
                for order in orders {
                    self.cancelled.entry(symbol.to_owned()).or_default().insert(order.as_str().to_owned());
                    done = done.and(self.broker.cancel(&order).await);
                }
                done
            }
            Step::Close(shares) => match self.reduction(symbol, holding, shares, OrderRole::Close) {
                Some(reduction) => self.broker.close(&reduction).await,
                None => Ok(()),
            },
            Step::CloseWhole => self.broker.close_whole(symbol).await,
            Step::Protect(shares, stop) => self.protect(symbol, holding, shares, stop).await,
        };
        if let Err(error) = done {
            // The next look tells what has become of it.
            self.report.trouble(format!("{symbol}: {error}"));
        }
    }

    async fn protect(
        &mut self,
        symbol: &str,
        holding: &Holding,
        shares: Decimal,
        stop: Price,
    ) -> Result<(), CallError> {
        match self.reduction(symbol, holding, shares, OrderRole::Stop) {
            Some(reduction) => self.broker.protect(&reduction, stop).await,
            None => Ok(()),
        }
    }

    /// Makes an order that reduces a position, named as the engine would name it.
    fn reduction(&mut self, symbol: &str, holding: &Holding, shares: Decimal, role: OrderRole) -> Option<Reduction> {
        // A position that is orb's was made by an order of orb's, whose name is known.
        let id = holding.next_id(role)?;
        if role == OrderRole::Close {
            self.closes.entry(symbol.to_owned()).or_default().insert(id.clone());
        }
        let id = ClientOrderId::new(&id);
        Some(Reduction { symbol: symbol.to_owned(), side: reducing(shares), shares: shares.abs(), id })
    }

    /// Tells whether every symbol is done, those among them that nothing was known of before.
    fn is_done(&self, holdings: &Holdings) -> bool {
        let is_done = |symbol: &str| self.tracks.get(symbol).is_some_and(Track::is_done);
        let concerned = holdings.0.iter().filter(|(_, holding)| concerns(self.scope, holding));
        self.tracks.values().all(Track::is_done) && concerned.map(|(symbol, _)| symbol).all(|symbol| is_done(symbol))
    }

    /// Writes the report from the last look.
    fn conclude(mut self, last: Option<Holdings>) -> FlattenReport {
        let holdings = match last {
            Some(holdings) => holdings,
            None => {
                self.report.is_verified = false;
                return self.report;
            }
        };
        for (symbol, track) in &self.tracks {
            let holding = holdings.0.get(symbol).cloned().unwrap_or_default();
            let found = self.symbol_report(symbol, &holding, track);
            self.report.is_verified &= found.left.is_none();
            self.report.symbols.push(found);
        }
        if matches!(self.scope, Scope::Own | Scope::EntriesOnly) {
            self.report.foreign = foreign_symbols(&holdings).into_iter().map(ToOwned::to_owned).collect();
        }
        self.report
    }

    fn symbol_report(&self, symbol: &str, holding: &Holding, track: &Track) -> SymbolReport {
        let name = |order: &orb_exec::alpaca::SeenOrder| match &order.client_id {
            Some(id) => id.as_str().to_owned(),
            None => order.id.as_str().to_owned(),
        };
        let asked = self.cancelled.get(symbol);
        let closes = self.closes.get(symbol);
        let own = || holding.own.iter().map(|order| &order.seen);
        let cancelled = own()
            .filter(|order| order.life == Life::Over && asked.is_some_and(|asked| asked.contains(order.id.as_str())))
            .map(name);
        let is_open = |id: &str| holding.foreign.iter().any(|order| order.as_str() == id);
        let others = asked.into_iter().flatten().filter(|id| self.scope == Scope::Foreign && !is_open(id)).cloned();
        let closed = own()
            .filter(|order| !order.filled.is_zero())
            .filter(|order| {
                order.client_id.as_ref().is_some_and(|id| closes.is_some_and(|closes| closes.contains(id.as_str())))
            })
            .map(|order| {
                let is_sale = order.side == Some(orb_core::OrderSide::Sell);
                (if is_sale { order.filled } else { -order.filled }, order.filled_price)
            });
        SymbolReport {
            symbol: symbol.to_owned(),
            cancelled: cancelled.chain(others).collect(),
            closed: closed.collect(),
            left: self.leftover(holding, name),
            notes: track.notes().to_vec(),
        }
    }

    /// Returns what is left of what was to go.
    fn leftover(&self, holding: &Holding, name: impl Fn(&orb_exec::alpaca::SeenOrder) -> String) -> Option<Leftover> {
        if self.scope == Scope::Foreign {
            let orders: Vec<String> = holding.foreign.iter().map(|id| id.as_str().to_owned()).collect();
            let is_left = !holding.position.is_zero() || !orders.is_empty();
            return is_left.then_some(Leftover { shares: holding.position, orders, stop: None });
        }
        let concerns = |role: OrderRole| self.scope != Scope::EntriesOnly || role == OrderRole::Entry;
        let open = || holding.open().filter(|order| concerns(order.role)).map(|order| &order.seen);
        let shares = match self.scope {
            Scope::Own => holding.own_shares(),
            Scope::Everything | Scope::Foreign => holding.position,
            Scope::EntriesOnly if holding.has_open_stop() => Decimal::ZERO,
            Scope::EntriesOnly => holding.own_shares(),
        };
        if shares.is_zero() && open().next().is_none() {
            return None;
        }
        let stop = holding.last_stop().filter(|_| holding.has_open_stop());
        Some(Leftover { shares, orders: open().map(name).collect(), stop })
    }
}

/// Reads what an account has.
///
/// # Errors
/// When a part of it cannot be read.
pub(super) async fn look(broker: &Emergency) -> Result<Holdings, CallError> {
    let now = broker.time().await?;
    look_at(broker, now).await
}

/// Reads what an account has at the broker's time.
pub(crate) async fn look_at(broker: &Emergency, now: Timestamp) -> Result<Holdings, CallError> {
    let orders = broker.orders(now - LOOK_BACK).await?;
    Ok(Holdings::of(orders, &broker.positions().await?))
}

const fn goal(scope: Scope) -> Goal {
    match scope {
        Scope::Own => Goal::Flat,
        Scope::Everything | Scope::Foreign => Goal::FlatForAll,
        Scope::EntriesOnly => Goal::NoEntries,
    }
}

/// Tells whether something is to be done about a symbol.
fn concerns(scope: Scope, holding: &Holding) -> bool {
    let (has_own, has_any) = (has_own(holding), !holding.position.is_zero() || !holding.foreign.is_empty());
    match scope {
        Scope::Own => has_own,
        Scope::Everything => has_own || has_any,
        Scope::Foreign => has_any && !has_own,
        Scope::EntriesOnly => holding.open().any(|order| order.role == OrderRole::Entry),
    }
}

/// Tells whether orb has shares of a symbol, or orders that are not over.
fn has_own(holding: &Holding) -> bool {
    holding.open().next().is_some() || !holding.net.is_zero()
}

const fn stopped(scope: Scope) -> &'static str {
    match scope {
        Scope::Own | Scope::Everything | Scope::EntriesOnly => {
            "it was stopped: orbd is alive again, and has what is left"
        }
        Scope::Foreign => "it was stopped: entries are allowed again, or another account is traded",
    }
}
