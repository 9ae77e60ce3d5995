//! What the account may still buy or sell short.

use orb_core::side::OrderSide;
use orb_core::{Money, Price, SymbolId};

use super::engine::Broker;
use super::matching::trailed;
use super::order::{Amount, Order, OrderType, PositionIntent, Prices, stop_collar};
use super::refusal::Refusal;
use super::shares::Shares;

/// Below this equity nothing may be borrowed and nothing sold short.
const MARGIN_EQUITY_MIN: Money = Money::from_cents(200_000);

/// Describes an order for the reckoning of what it takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    pub(super) symbol: SymbolId,
    pub(super) side: OrderSide,
    pub(super) order_type: OrderType,
    pub(super) prices: Prices,
    pub(super) amount: Amount,
}

/// Holds the figures of the account that follow from its positions and orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Figures {
    pub(super) equity: Money,
    pub(super) long_value: Money,
    /// Negative.
    pub(super) short_value: Money,
    pub(super) initial_margin: Money,
    pub(super) maintenance_margin: Money,
    pub(super) multiplier: u8,
    pub(super) buying_power: Money,
    pub(super) regt_buying_power: Money,
    pub(super) non_marginable_buying_power: Money,
}

impl Broker {
    /// Reckons the account's figures.
    pub(super) fn figures(&self) -> Figures {
        let values = || self.account.positions.keys().map(|&symbol| self.market_value(symbol));
        let long_value: Money = values().filter(|value| value.micros() > 0).sum();
        let short_value: Money = values().filter(|value| value.micros() < 0).sum();
        let equity = self.account.cash + long_value + short_value;
        let multiplier = self.multiplier_at(equity);
        let free = |multiplier: u8| (times(equity, multiplier) - self.used(multiplier)).or_zero_if_negative();
        let regt = free(multiplier.min(2));
        Figures {
            equity,
            long_value,
            short_value,
            initial_margin: self.margin(self.config.margin.initial_percent),
            maintenance_margin: self.margin(0),
            multiplier,
            buying_power: free(multiplier),
            regt_buying_power: regt,
            non_marginable_buying_power: if multiplier == 1 { regt } else { percent(regt, 50) },
        }
    }

    /// Returns the multiple of the equity that may be used.
    #[must_use]
    pub fn multiplier(&self) -> u8 {
        self.multiplier_at(self.equity())
    }

    fn multiplier_at(&self, equity: Money) -> u8 {
        if equity < MARGIN_EQUITY_MIN {
            return 1;
        }
        self.config.margin.multiplier.min(self.settings.max_margin_multiplier).clamp(1, 4)
    }

    /// Tells whether the account may sell short.
    pub(super) fn may_short(&self) -> bool {
        !self.settings.no_shorting && self.multiplier() > 1
    }

    /// Returns what part of a position's value its owner must have, per cent.
    fn required(&self, symbol: SymbolId, opens: OrderSide) -> u16 {
        let required = self.assets[symbol.index()].requirement(self.config.margin.maintenance_percent);
        match opens {
            OrderSide::Buy => required.long,
            OrderSide::Sell => required.short,
        }
    }

    /// Returns what a value takes of the buying power. Of an asset that requires more than is usual, the account's own
    /// money must pay that part: so it takes that part as often as the equity may be used, and never less than itself.
    fn taken(&self, symbol: SymbolId, opens: OrderSide, value: Money, multiplier: u8) -> Money {
        let required = self.required(symbol, opens);
        if required <= u16::from(self.config.margin.maintenance_percent) {
            return value;
        }
        scaled(value, i128::from(required) * i128::from(multiplier), 100).max(value)
    }

    /// Returns what positions, and open orders that open some, take of the buying power.
    fn used(&self, multiplier: u8) -> Money {
        let held: Money =
            self.holdings().map(|(symbol, side, value)| self.taken(symbol, side, value, multiplier)).sum();
        let opening = self.book.open().filter(|order| !order.intent.is_closing());
        let opening = opening.filter(|order| order.matching.predecessor.is_none());
        let reserved = |order: &Order| self.taken(order.symbol, order.side, self.reserved_by(order), multiplier);
        held + opening.map(reserved).sum()
    }

    /// Returns the positions with the side that opened them and their value, never negative.
    fn holdings(&self) -> impl Iterator<Item = (SymbolId, OrderSide, Money)> {
        self.account.positions.keys().map(|&symbol| {
            let value = self.market_value(symbol);
            let is_short = value.micros() < 0;
            let side = if is_short { OrderSide::Sell } else { OrderSide::Buy };
            (symbol, side, if is_short { -value } else { value })
        })
    }

    /// Returns what must be there for all positions: of each what its asset requires, and at least so many per cent.
    fn margin(&self, percent_min: u8) -> Money {
        let of = |(symbol, side, value)| {
            scaled(value, i128::from(self.required(symbol, side).max(u16::from(percent_min))), 100)
        };
        self.holdings().map(of).sum()
    }

    /// Returns what an open order reserves: while it is replaced, the larger of the two.
    fn reserved_by(&self, order: &Order) -> Money {
        let own = self.cost_of(order);
        order.matching.successor.map_or(own, |successor| own.max(self.cost_of(&self.book[successor])))
    }

    fn cost_of(&self, order: &Order) -> Money {
        let amount = match order.amount {
            Amount::Shares(shares) => Amount::Shares(shares - order.filled),
            Amount::Notional(amount) => Amount::Notional(amount - order.filled_value),
        };
        let Order { symbol, side, order_type, prices, .. } = *order;
        // An order without any price fills nothing, so it takes nothing.
        self.cost(&Cost { symbol, side, order_type, prices, amount }).unwrap_or_default()
    }

    /// Returns what an opening order takes; `None` when no price is known for it.
    pub(super) fn cost(&self, order: &Cost) -> Option<Money> {
        match order.amount {
            Amount::Notional(amount) => Some(amount),
            Amount::Shares(shares) => self.reserve_price(order).map(|price| shares.at(price)),
        }
    }

    /// Returns the price at which an opening order is reckoned: for a purchase the worst at which it may fill, at the
    /// market as for a stop; for a short sale the greatest of its limit, its stop and 3% above the ask.
    fn reserve_price(&self, order: &Cost) -> Option<Price> {
        let ask = self.markets[order.symbol.index()].far(OrderSide::Buy);
        match order.side {
            OrderSide::Buy => match order.order_type {
                OrderType::Limit | OrderType::StopLimit => order.prices.limit,
                OrderType::Stop | OrderType::TrailingStop => self.stop_of(order).map(stop_collar),
                OrderType::Market => ask.map(stop_collar),
            },
            OrderSide::Sell => {
                let above = ask.map(|ask| Price::from_micros(percent(Money::from_micros(ask.micros()), 103).micros()));
                order.prices.limit.max(self.stop_of(order)).max(above)
            }
        }
    }

    /// Returns the stop of an order; of one that trails and does not work yet, where it would be now.
    fn stop_of(&self, order: &Cost) -> Option<Price> {
        let market = &self.markets[order.symbol.index()];
        let best = || market.last_trade().or_else(|| market.far(order.side));
        let trailing = || order.prices.trail.and_then(|trail| best().map(|best| trailed(order.side, best, trail)));
        order.prices.stop.or_else(trailing)
    }

    /// Checks that the buying power suffices for an order that opens.
    pub(super) fn check_buying_power(&self, cost: &Cost) -> Result<(), Refusal> {
        let no_price = || Refusal::NoPrice(self.symbol_name(cost.symbol).to_owned());
        let cost_basis = self.cost(cost).ok_or_else(no_price)?;
        self.check_amount(cost.symbol, cost.side, cost_basis)
    }

    /// Checks that the buying power suffices for what a new order takes more than the one it replaces.
    pub(super) fn check_funds_of_replacement(&self, old: &Order, new: &Order) -> Result<(), Refusal> {
        if new.intent.is_closing() {
            return self.check_shares_of_replacement(old, new);
        }
        self.check_amount(new.symbol, new.side, (self.cost_of(new) - self.cost_of(old)).or_zero_if_negative())
    }

    fn check_amount(&self, symbol: SymbolId, opens: OrderSide, cost_basis: Money) -> Result<(), Refusal> {
        let Figures { buying_power, multiplier, .. } = self.figures();
        if self.taken(symbol, opens, cost_basis, multiplier) > buying_power {
            return Err(Refusal::BuyingPower { buying_power, cost_basis });
        }
        Ok(())
    }

    fn check_shares_of_replacement(&self, old: &Order, new: &Order) -> Result<(), Refusal> {
        let (Some(before), Some(after)) = (old.shares(), new.shares()) else { return Ok(()) };
        let more = after - (before - old.filled);
        // Legs whose entry is open hold nothing yet.
        if more.signum() <= 0 || self.book.waits_for_entry(old.key) {
            return Ok(());
        }
        self.check_available(new.symbol, new.side, more)
    }

    /// Checks that so many shares of a position are not held by orders that close it already.
    pub(super) fn check_available(&self, symbol: SymbolId, side: OrderSide, requested: Shares) -> Result<(), Refusal> {
        let existing = self.account.shares(symbol);
        let (held, related) = self.held(symbol, side);
        let available = (existing.abs() - held).max(Shares::ZERO);
        if requested <= available {
            return Ok(());
        }
        let symbol = self.symbol_name(symbol).to_owned();
        Err(Refusal::Quantity { symbol, requested, available, existing, held, related })
    }

    /// Returns the shares that open orders of a side hold of the position, and those orders' identifiers. Of two exits
    /// of which one cancels the other, the target counts for both.
    pub(super) fn held(&self, symbol: SymbolId, side: OrderSide) -> (Shares, Vec<uuid::Uuid>) {
        let closing = PositionIntent::of(side, true);
        let holds = |order: &&Order| {
            order.symbol == symbol
                && order.intent == closing
                && order.matching.predecessor.is_none()
                && !self.book.waits_for_entry(order.key)
                && !self.shares_with_target(order)
        };
        let orders: Vec<&Order> = self.book.open().filter(holds).collect();
        let held = orders.iter().map(|order| self.held_by(order)).sum();
        (held, orders.iter().map(|order| order.id).collect())
    }

    fn shares_with_target(&self, order: &Order) -> bool {
        let sibling = self.book.sibling(order.key).map(|sibling| &self.book[sibling]);
        order.role == super::order::Role::Stop && sibling.is_some_and(Order::is_open)
    }

    fn held_by(&self, order: &Order) -> Shares {
        let price = self.mark(order.symbol);
        let own = order.remaining(price);
        let successor = order.matching.successor.map(|successor| self.book[successor].remaining(price));
        successor.map_or(own, |successor| own.max(successor)).max(Shares::ZERO)
    }
}

/// Returns an amount times a small number, bounded by what [`Money`] can hold.
fn times(amount: Money, factor: u8) -> Money {
    scaled(amount, i128::from(factor), 1)
}

/// Returns so many hundredths of an amount, towards zero.
fn percent(amount: Money, hundredths: u8) -> Money {
    scaled(amount, i128::from(hundredths), 100)
}

fn scaled(amount: Money, by: i128, of: i128) -> Money {
    let bound = i128::from(i64::MAX / 4);
    let value = (i128::from(amount.micros()) * by / of).clamp(-bound, bound);
    Money::from_micros(i64::try_from(value).expect("the bound fits 64 bits"))
}
