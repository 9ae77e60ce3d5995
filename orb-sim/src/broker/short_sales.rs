//! Rule 201 of Regulation SHO, the restriction of short sales.
//!
//! A trade at 90% of the previous session's close or below restricts short sales in a symbol for the rest of that
//! session and all of the next one. While it holds, a sale that opens a short position trades above the best bid only:
//! it is refused unless it is a limit order above the bid, and what was working before waits for such a price.

use orb_core::side::OrderSide;
use orb_core::{Date, Price, SymbolId, Timestamp};

use super::engine::Broker;
use super::form::OrderForm;
use super::order::{OrderKey, OrderType, PositionIntent};
use super::refusal::Refusal;

impl Broker {
    /// Tells the broker of the session before its time: the close, and whether its lowest trade restricts short sales in
    /// the session after it. A date that is none of the calendar's restricts nothing.
    ///
    /// # Panics
    /// When the symbol is not of the broker's table.
    pub fn set_previous_session(&mut self, symbol: SymbolId, date: Date, close: Price, restricts: bool) {
        self.markets[symbol.index()].set_last_close(date, close);
        if restricts && let Ok(index) = self.hours.sessions().binary_search_by_key(&date, |session| session.date) {
            self.restrict_short_sales(symbol, index);
        }
    }

    /// Restricts short sales in a symbol if a trade has fallen far enough.
    pub(super) fn note_fall(&mut self, symbol: SymbolId, trade: Price) {
        if self.markets[symbol.index()].has_fallen_to(trade)
            && let Some(index) = self.hours.session_ahead(self.now, false)
        {
            self.restrict_short_sales(symbol, index);
        }
    }

    /// Restricts short sales until the close of the session after one.
    fn restrict_short_sales(&mut self, symbol: SymbolId, session: usize) {
        let next = self.hours.sessions().get(session + 1);
        self.markets[symbol.index()].restrict_until(next.map_or(Timestamp::MAX, |session| session.close));
    }

    /// Refuses an order that would sell short at the bid or below while that is restricted.
    pub(super) fn check_short_sale(&self, symbol: SymbolId, form: &OrderForm) -> Result<(), Refusal> {
        let limit = form.prices.limit.filter(|_| form.order_type == OrderType::Limit);
        if limit.is_some_and(|limit| self.may_be_sold_short_at(symbol, limit)) || !self.is_restricted(symbol) {
            return Ok(());
        }
        Err(Refusal::ShortSaleRestricted(self.symbol_name(symbol).to_owned()))
    }

    /// Tells whether an order may fill at a price: any but a short sale may at every price.
    pub(super) fn may_fill_at(&self, key: OrderKey, price: Price) -> bool {
        let order = &self.book[key];
        order.intent != PositionIntent::SellToOpen
            || !self.is_restricted(order.symbol)
            || self.may_be_sold_short_at(order.symbol, price)
    }

    fn is_restricted(&self, symbol: SymbolId) -> bool {
        self.markets[symbol.index()].is_restricted(self.now)
    }

    fn may_be_sold_short_at(&self, symbol: SymbolId, price: Price) -> bool {
        self.markets[symbol.index()].far(OrderSide::Sell).is_none_or(|bid| price > bid)
    }
}
