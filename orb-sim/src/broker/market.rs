//! What the broker knows about the market of a symbol.

use orb_core::side::OrderSide;
use orb_core::{Date, Price};

/// Holds the latest prices of a symbol; `None` for what was not seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Market {
    pub(super) trade: Option<Price>,
    bid: Option<Price>,
    ask: Option<Price>,
    pub(super) halted: bool,
    /// The last trade of the latest session that ended.
    last_close: Option<(Date, Price)>,
    /// The same of the session before.
    close_before: Option<(Date, Price)>,
}

impl Market {
    /// Takes a new quote; a side without a price counts as unknown.
    pub(super) fn set_quote(&mut self, bid: Price, ask: Price) {
        let known = |price: Price| (price.micros() > 0).then_some(price);
        (self.bid, self.ask) = (known(bid), known(ask));
    }

    /// Returns the price at which an order of a side trades at once; the last trade stands for an unknown quote.
    pub(super) fn far(&self, side: OrderSide) -> Option<Price> {
        match side {
            OrderSide::Buy => self.ask.or(self.trade),
            OrderSide::Sell => self.bid.or(self.trade),
        }
    }

    /// Tells whether a trade lies within the quote, as far as that is known.
    pub(super) fn is_inside(&self, price: Price) -> bool {
        self.bid.is_none_or(|bid| bid <= price) && self.ask.is_none_or(|ask| price <= ask)
    }

    /// Returns the price that positions are valued at.
    pub(super) fn mark(&self) -> Option<Price> {
        self.trade.or(self.bid).or(self.ask)
    }

    /// Keeps the last trade as a session's close.
    pub(super) const fn close(&mut self, date: Date) {
        if let Some(price) = self.trade {
            self.close_before = self.last_close;
            self.last_close = Some((date, price));
        }
    }

    /// Returns the close of the latest session before a date.
    pub(super) fn close_before(&self, today: Date) -> Option<Price> {
        let before = |close: Option<(Date, Price)>| close.filter(|&(date, _)| date < today).map(|(_, price)| price);
        before(self.last_close).or_else(|| before(self.close_before))
    }
}
