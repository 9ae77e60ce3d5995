//! What an order must fulfil beside its form: the rules that need the account, the market or the clock.

use orb_core::side::OrderSide;
use orb_core::{Money, Price, Span, SymbolId};

use super::buying_power::Cost;
use super::engine::Broker;
use super::form::OrderForm;
use super::hours::new_york_date;
use super::order::{Amount, Order, OrderClass, OrderKey, OrderStatus, OrderType, PositionIntent, Role, TimeInForce};
use super::refusal::Refusal;
use super::shares::Shares;

/// Least distance of an exit from the price it is measured by.
const EXIT_DISTANCE: Price = Price::from_cents(1);
/// Below this equity the rule on pattern day traders holds.
const PDT_EQUITY: Money = Money::from_cents(2_500_000);
/// Day trades within five sessions that it allows.
const PDT_TRADES: usize = 3;
/// Orders for the opening auction are refused from so long before the open.
const OPG_DEADLINE: Span = Span::from_minutes(2);
/// Orders for the closing auction are refused from so long before the close.
const CLS_DEADLINE: Span = Span::from_minutes(10);
/// Orders for the next auctions are taken so long after the close.
const AUCTION_PAUSE: Span = Span::from_minutes(180);

/// Holds the prices of two exits; `None` for one that is not there.
#[derive(Clone, Copy, Debug)]
struct Exits {
    /// The side that opened the position.
    entry: OrderSide,
    target: Option<Price>,
    stop: Option<Price>,
}

impl Broker {
    /// Checks an order against everything but its form; returns its symbol and what it does to the position.
    pub(super) fn check_order(&self, form: &OrderForm) -> Result<(SymbolId, PositionIntent), Refusal> {
        self.check_account()?;
        let symbol = self.find_symbol(&form.symbol).ok_or_else(|| Refusal::AssetUnknown(form.symbol.clone()))?;
        self.check_asset(symbol, form)?;
        let intent = self.check_intent(symbol, form)?;
        self.check_class(form, intent)?;
        self.check_exits(symbol, form)?;
        self.check_auction(form.time_in_force)?;
        if intent.is_closing() {
            self.check_available(symbol, form.side, self.requested(symbol, form)?)?;
            self.check_day_trades(symbol)?;
        } else if form.side == OrderSide::Sell {
            self.check_short(symbol, form)?;
        }
        self.check_wash_trade(symbol, form)?;
        if !intent.is_closing() {
            let OrderForm { side, order_type, prices, amount, .. } = *form;
            self.check_buying_power(&Cost { symbol, side, order_type, prices, amount })?;
        }
        Ok((symbol, intent))
    }

    fn check_account(&self) -> Result<(), Refusal> {
        if self.settings.trading_blocked {
            return Err(Refusal::AccountBlocked("trading on this account is blocked"));
        }
        if self.settings.suspend_trade {
            return Err(Refusal::AccountBlocked("new orders are rejected by user request"));
        }
        Ok(())
    }

    fn check_asset(&self, symbol: SymbolId, form: &OrderForm) -> Result<(), Refusal> {
        let asset = &self.assets[symbol.index()];
        let name = || asset.symbol.to_string();
        if !asset.tradable {
            return Err(Refusal::NotTradable(name()));
        }
        if form.is_fractional() && !(asset.fractionable && self.settings.fractional_trading) {
            return Err(Refusal::NotFractionable(name()));
        }
        Ok(())
    }

    fn check_intent(&self, symbol: SymbolId, form: &OrderForm) -> Result<PositionIntent, Refusal> {
        let closing = self.account.shares(symbol).signum() * form.side.sign() < 0;
        let inferred = PositionIntent::of(form.side, closing);
        match form.intent {
            Some(given) if given != inferred => Err(Refusal::IntentMismatch { inferred, given }),
            Some(_) | None => Ok(inferred),
        }
    }

    fn check_class(&self, form: &OrderForm, intent: PositionIntent) -> Result<(), Refusal> {
        let class = form.class;
        match class {
            OrderClass::Simple => Ok(()),
            OrderClass::Oco if intent.is_closing() => Ok(()),
            OrderClass::Oco => Err(Refusal::MustBeExit),
            OrderClass::Bracket | OrderClass::Oto => {
                if intent.is_closing() {
                    return Err(Refusal::MustBeEntry(class));
                }
                let plain = matches!(form.order_type, OrderType::Market | OrderType::Limit);
                if !plain && !self.config.stop_entry_brackets {
                    return Err(Refusal::ClassType { class, types: "market or limit" });
                }
                Ok(())
            }
        }
    }

    /// Checks that exits lie beyond the price at which the position is expected to open, or the market.
    fn check_exits(&self, symbol: SymbolId, form: &OrderForm) -> Result<(), Refusal> {
        if form.class == OrderClass::Simple {
            return Ok(());
        }
        let stop = form.stop_loss.map(|leg| leg.stop);
        let market = self.markets[symbol.index()].far(form.side);
        if form.class == OrderClass::Oco {
            let exits = Exits { entry: opposite(form.side), target: None, stop };
            for base in [form.prices.limit, market].into_iter().flatten() {
                exits.check_base(base)?;
            }
            return Ok(());
        }
        let exits = Exits { entry: form.side, target: form.take_profit, stop };
        if let Some(base) = form.prices.limit.or(form.prices.stop).or(market) {
            exits.check_base(base)?;
        }
        exits.check_order()
    }

    /// Checks a replacement within a group: exits stay on their sides.
    pub(super) fn check_replaced_group(&self, old: OrderKey, new: &Order) -> Result<(), Refusal> {
        if new.role == Role::Entry {
            let leg = |role| new_leg_price(self.book[old].legs.iter().map(|&leg| &self.book[leg]), role);
            let exits = Exits { entry: new.side, target: leg(Role::Target), stop: leg(Role::Stop) };
            return new.prices.limit.or(new.prices.stop).map_or(Ok(()), |base| exits.check_base(base));
        }
        let sibling = self.book.sibling(old).map(|sibling| &self.book[sibling]);
        let orders = || sibling.into_iter().chain([new]);
        let exits = Exits {
            entry: opposite(new.side),
            target: new_leg_price(orders(), Role::Target),
            stop: new_leg_price(orders(), Role::Stop),
        };
        exits.check_order()?;
        let market = self.markets[new.symbol.index()].far(new.side);
        if new.role == Role::Stop
            && !self.book.waits_for_entry(old)
            && let Some(base) = market
        {
            return Exits { target: None, ..exits }.check_base(base);
        }
        Ok(())
    }

    fn requested(&self, symbol: SymbolId, form: &OrderForm) -> Result<Shares, Refusal> {
        match form.amount {
            Amount::Shares(shares) => Ok(shares),
            Amount::Notional(amount) => match form.prices.limit.or(self.markets[symbol.index()].mark()) {
                Some(price) => Ok(Shares::bought_with(amount, price)),
                None => Err(Refusal::NoPrice(self.symbol_name(symbol).to_owned())),
            },
        }
    }

    fn check_short(&self, symbol: SymbolId, form: &OrderForm) -> Result<(), Refusal> {
        if form.is_fractional() {
            return Err(Refusal::FractionalShort);
        }
        if !self.may_short() {
            return Err(Refusal::NoShorting);
        }
        if !self.assets[symbol.index()].may_be_shorted() {
            return Err(Refusal::NotShortable(self.symbol_name(symbol).to_owned()));
        }
        self.check_short_sale(symbol, form)
    }

    fn check_day_trades(&self, symbol: SymbolId) -> Result<(), Refusal> {
        let today = new_york_date(self.now);
        let opened_today = self.account.positions.get(&symbol).is_some_and(|one| one.opened == Some(today));
        let exhausted = self.day_trades() >= PDT_TRADES && self.equity() < PDT_EQUITY;
        if self.config.pdt_rule && opened_today && exhausted { Err(Refusal::DayTrades) } else { Ok(()) }
    }

    /// Returns the number of day trades within the latest five sessions.
    pub(super) fn day_trades(&self) -> usize {
        let today = new_york_date(self.now);
        let sessions = self.hours.sessions();
        let end = sessions.partition_point(|session| session.date <= today);
        let first = sessions[end.saturating_sub(5)..end].first().map_or(today, |session| session.date);
        self.account.day_trades.iter().filter(|&&date| date >= first).count()
    }

    /// Refuses a simple order that might trade with an own order of the other side.
    fn check_wash_trade(&self, symbol: SymbolId, form: &OrderForm) -> Result<(), Refusal> {
        if form.class != OrderClass::Simple {
            return Ok(());
        }
        let opposite = self.book.open().filter(|order| {
            order.symbol == symbol
                && order.side != form.side
                && order.status != OrderStatus::Held
                && !self.book.waits_for_entry(order.key)
        });
        for order in opposite {
            let plain = |order_type| order_type == OrderType::Limit;
            let reason = if !plain(order.order_type) {
                "opposite side market/stop order exists"
            } else if !plain(form.order_type) || limits_cross(form, order) {
                "opposite side limit order exists"
            } else {
                continue;
            };
            return Err(Refusal::WashTrade { existing: order.id, reason });
        }
        Ok(())
    }

    fn check_auction(&self, time_in_force: TimeInForce) -> Result<(), Refusal> {
        let closed = |from: Span, opening: bool| {
            let today = self.hours.sessions().iter().find(|session| session.close + AUCTION_PAUSE > self.now);
            let start = |session: &orb_core::Session| if opening { session.open } else { session.close } - from;
            today.is_some_and(|session| self.now >= start(session))
        };
        let refused = match time_in_force {
            TimeInForce::Opg => closed(OPG_DEADLINE, true),
            TimeInForce::Cls => closed(CLS_DEADLINE, false),
            TimeInForce::Day | TimeInForce::Gtc | TimeInForce::Ioc | TimeInForce::Fok => false,
        };
        if refused { Err(Refusal::AuctionClosed(time_in_force.as_str())) } else { Ok(()) }
    }
}

impl Exits {
    /// Checks that each exit lies a cent beyond a price.
    fn check_base(self, base: Price) -> Result<(), Refusal> {
        let long = self.entry == OrderSide::Buy;
        check_side("take_profit.limit_price", self.target, base, long)?;
        check_side("stop_loss.stop_price", self.stop, base, !long)
    }

    /// Checks that the target lies beyond the stop.
    fn check_order(self) -> Result<(), Refusal> {
        let (Some(target), Some(stop)) = (self.target, self.stop) else { return Ok(()) };
        match self.entry {
            OrderSide::Buy if target <= stop => Err(Refusal::LegsCrossed(">")),
            OrderSide::Sell if target >= stop => Err(Refusal::LegsCrossed("<")),
            OrderSide::Buy | OrderSide::Sell => Ok(()),
        }
    }
}

fn check_side(field: &'static str, price: Option<Price>, base: Price, above: bool) -> Result<(), Refusal> {
    let Some(price) = price else { return Ok(()) };
    let distance = EXIT_DISTANCE.micros();
    let fits = if above { price >= base.offset(distance) } else { price <= base.offset(-distance) };
    let (relation, sign) = if above { (">=", '+') } else { ("<=", '-') };
    if fits { Ok(()) } else { Err(Refusal::BasePrice { field, relation, sign, base }) }
}

fn limits_cross(form: &OrderForm, order: &Order) -> bool {
    let (Some(new), Some(old)) = (form.prices.limit, order.prices.limit) else { return true };
    match form.side {
        OrderSide::Buy => new >= old,
        OrderSide::Sell => new <= old,
    }
}

fn new_leg_price<'a>(mut orders: impl Iterator<Item = &'a Order>, role: Role) -> Option<Price> {
    let order = orders.find(|order| order.role == role)?;
    match role {
        Role::Target => order.prices.limit,
        Role::Stop => order.prices.stop,
        Role::Single | Role::Entry => None,
    }
}

const fn opposite(side: OrderSide) -> OrderSide {
    match side {
        OrderSide::Buy => OrderSide::Sell,
        OrderSide::Sell => OrderSide::Buy,
    }
}
