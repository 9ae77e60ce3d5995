//! What the broker knows about the market of a symbol.

use orb_core::side::OrderSide;
use orb_core::{Date, Price, Timestamp};

/// No price is higher: ten million dollars.
const PRICE_MAX: Price = Price::from_cents(1_000_000_000);

/// Tells whether a number can be a price.
pub(super) fn is_price(price: Price) -> bool {
    price.micros() > 0 && price <= PRICE_MAX
}

/// Holds the latest prices of a symbol; `None` for what was not seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Market {
    trade: Option<Price>,
    traded_at: Timestamp,
    bid: Option<Price>,
    ask: Option<Price>,
    quoted_at: Timestamp,
    pub(super) halted: bool,
    /// When the latest halt began: nothing trades at older prices.
    halted_at: Option<Timestamp>,
    /// The last trade of the latest session that ended.
    last_close: Option<(Date, Price)>,
    /// The same of the session before.
    close_before: Option<(Date, Price)>,
    /// Short sales are restricted until then.
    restricted_until: Timestamp,
}

impl Market {
    /// Takes a new quote; a side without a price counts as unknown.
    pub(super) fn set_quote(&mut self, now: Timestamp, bid: Price, ask: Price) {
        let known = |price: Price| is_price(price).then_some(price);
        (self.bid, self.ask, self.quoted_at) = (known(bid), known(ask), now);
    }

    /// Takes a new trade.
    pub(super) const fn set_trade(&mut self, now: Timestamp, price: Price) {
        (self.trade, self.traded_at) = (Some(price), now);
    }

    /// Begins or ends a halt.
    pub(super) const fn set_halted(&mut self, now: Timestamp, halted: bool) {
        if halted && !self.halted {
            self.halted_at = Some(now);
        }
        self.halted = halted;
    }

    /// Returns the latest trade, however old.
    pub(super) const fn last_trade(&self) -> Option<Price> {
        self.trade
    }

    /// Returns the price on the side that an order of a side trades with, however old; the last trade stands for an
    /// unknown quote.
    pub(super) fn far(&self, side: OrderSide) -> Option<Price> {
        self.quoted(side).or(self.trade)
    }

    /// Returns the price at which an order of a side trades at once: like [`Self::far`], of nothing that was seen
    /// before an instant or the latest halt.
    pub(super) fn far_since(&self, side: OrderSide, since: Timestamp) -> Option<Price> {
        let quoted = self.quoted(side).filter(|_| self.is_fresh(self.quoted_at, since));
        quoted.or_else(|| self.trade_since(since))
    }

    /// Returns the latest trade if it was seen since an instant and the latest halt.
    pub(super) fn trade_since(&self, since: Timestamp) -> Option<Price> {
        self.trade.filter(|_| self.is_fresh(self.traded_at, since))
    }

    /// Tells whether a trade lies within the quote, as far as that was seen since an instant.
    pub(super) fn is_inside(&self, price: Price, since: Timestamp) -> bool {
        let known = self.is_fresh(self.quoted_at, since);
        !known || (self.bid.is_none_or(|bid| bid <= price) && self.ask.is_none_or(|ask| price <= ask))
    }

    const fn quoted(&self, side: OrderSide) -> Option<Price> {
        match side {
            OrderSide::Buy => self.ask,
            OrderSide::Sell => self.bid,
        }
    }

    fn is_fresh(&self, at: Timestamp, since: Timestamp) -> bool {
        at >= since && self.halted_at.is_none_or(|halt| at >= halt)
    }

    /// Returns the price that positions are valued at.
    pub(super) fn mark(&self) -> Option<Price> {
        self.trade.or(self.bid).or(self.ask)
    }

    /// Keeps the last trade as a session's close.
    pub(super) const fn close(&mut self, date: Date) {
        if let Some(price) = self.trade {
            self.set_last_close(date, price);
        }
    }

    /// Keeps the close of the latest session that ended.
    pub(super) const fn set_last_close(&mut self, date: Date, price: Price) {
        self.close_before = self.last_close;
        self.last_close = Some((date, price));
    }

    /// Tells whether a trade is at 90% of the last close or below; an unknown close restricts nothing.
    pub(super) fn has_fallen_to(&self, trade: Price) -> bool {
        let is_low = |(_, close): (Date, Price)| i128::from(trade.micros()) * 10 <= i128::from(close.micros()) * 9;
        self.last_close.is_some_and(is_low)
    }

    /// Restricts short sales until an instant.
    pub(super) fn restrict_until(&mut self, until: Timestamp) {
        self.restricted_until = self.restricted_until.max(until);
    }

    /// Tells whether short sales are restricted at an instant.
    pub(super) fn is_restricted(&self, now: Timestamp) -> bool {
        now < self.restricted_until
    }

    /// Returns the close of the latest session before a date.
    pub(super) fn close_before(&self, today: Date) -> Option<Price> {
        let before = |close: Option<(Date, Price)>| close.filter(|&(date, _)| date < today).map(|(_, price)| price);
        before(self.last_close).or_else(|| before(self.close_before))
    }
}
