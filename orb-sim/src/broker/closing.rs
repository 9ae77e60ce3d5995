//! Closing positions at the market.

use orb_core::{Side, SymbolId};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::engine::Broker;
use super::fields::{parse_decimal, shares_of, shorten};
use super::form::OrderForm;
use super::order::{OrderKey, OrderStatus};
use super::query;
use super::refusal::Refusal;
use super::shares::Shares;
use crate::http::Request;

impl Broker {
    /// Sends an order that closes a position, or the part of it that the query names.
    pub(super) fn close_position(&mut self, symbol: &str, request: &Request) -> Result<OrderKey, Refusal> {
        let symbol = self.find_symbol(symbol).ok_or(Refusal::PositionNotFound)?;
        let all = self.account.shares(symbol);
        if all.is_zero() {
            return Err(Refusal::PositionNotFound);
        }
        let shares = parse_part(all.abs(), request)?;
        self.close_shares(symbol, shares)
    }

    fn close_shares(&mut self, symbol: SymbolId, shares: Shares) -> Result<OrderKey, Refusal> {
        let held = Shares::whole(self.account.shares(symbol).signum()).quantity();
        let side = Side::of(held).ok_or(Refusal::PositionNotFound)?;
        let name = self.symbol_name(symbol).to_owned();
        self.submit(&OrderForm::closing(name, side.exit(), shares))
    }

    /// Closes every position, after the cancel of every order where that is asked for.
    pub(super) fn close_all(&mut self, request: &Request) -> Result<Vec<Value>, Refusal> {
        if query::flag(request, "cancel_orders")? {
            self.cancel_at_once();
        }
        let positions: Vec<(SymbolId, Shares)> =
            self.account.positions.iter().map(|(&symbol, position)| (symbol, position.shares.abs())).collect();
        let mut results = Vec::new();
        for (symbol, shares) in positions {
            let result = self.close_shares(symbol, shares);
            results.push(self.closing_result(symbol, result));
        }
        Ok(results)
    }

    /// Cancels all orders, and confirms the cancels that nothing holds up.
    fn cancel_at_once(&mut self) {
        let _results = self.cancel_all();
        let pending: Vec<OrderKey> = self
            .book
            .open()
            .filter(|order| order.status == OrderStatus::PendingCancel && order.faults.pending_cancel.is_none())
            .map(|order| order.key)
            .collect();
        for key in pending {
            if self.book[key].is_open() {
                self.finish_cancel(key);
            }
        }
    }

    fn closing_result(&self, symbol: SymbolId, result: Result<OrderKey, Refusal>) -> Value {
        let symbol = self.symbol_name(symbol);
        match result {
            Ok(key) => json!({ "symbol": symbol, "status": 200, "body": self.order_json(key, true) }),
            Err(refusal) => json!({ "symbol": symbol, "status": refusal.status(), "body": refusal.body() }),
        }
    }
}

/// Reads how much of a position is to be closed; all of it where nothing is said.
fn parse_part(all: Shares, request: &Request) -> Result<Shares, Refusal> {
    let number = |field: &'static str| match request.parameter(field).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => match parse_decimal(text) {
            Some(number) if number > Decimal::ZERO => Ok(Some(number)),
            Some(_) => Err(Refusal::NotPositive { field }),
            None => Err(Refusal::Invalid { field, value: shorten(text) }),
        },
    };
    match (number("qty")?, number("percentage")?) {
        (None, None) => Ok(all),
        (Some(shares), None) => shares_of("qty", shares),
        (None, Some(percentage)) if percentage > Decimal::ONE_HUNDRED => {
            Err(Refusal::OutOfRange { field: "percentage", most: 100 })
        }
        (None, Some(percentage)) => percentage_of(all, percentage),
        (Some(_), Some(_)) => Err(Refusal::Both("qty", "percentage")),
    }
}

fn percentage_of(all: Shares, percentage: Decimal) -> Result<Shares, Refusal> {
    // A billionth of a per cent is as fine as a share's fraction.
    let part = Shares::from_decimal(percentage.round_dp(9)).ok_or(Refusal::FineQuantity)?;
    let shares = all.billionths() * part.billionths() / (100 * Shares::ONE.billionths());
    match shares {
        0 => Err(Refusal::NotPositive { field: "percentage" }),
        shares => Ok(Shares::from_billionths(shares)),
    }
}
