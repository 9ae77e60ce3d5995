//! Lists of orders, and orders by their identifiers.

use orb_core::{OrderSide, SymbolId, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use super::engine::Broker;
use super::fields::shorten;
use super::order::{Order, OrderKey, OrderStatus};
use super::query::{self, Direction};
use super::refusal::Refusal;
use crate::http::Request;

const LIMIT_DEFAULT: usize = 50;
const LIMIT_MAX: usize = 500;

/// Tells which orders are listed by their status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Open,
    Closed,
    All,
}

/// Describes a list of orders that is asked for.
#[derive(Clone, Debug)]
struct Filter {
    wanted: Wanted,
    after: Option<Timestamp>,
    until: Option<Timestamp>,
    side: Option<OrderSide>,
    symbols: Option<Vec<SymbolId>>,
}

impl Broker {
    /// Lists orders as the query asks.
    pub(super) fn list_orders(&self, request: &Request) -> Result<Value, Refusal> {
        let filter = self.parse_filter(request)?;
        let limit = query::count(request, "limit", LIMIT_DEFAULT, LIMIT_MAX)?;
        let nested = query::flag(request, "nested")?;
        let fits = |order: &&Order| {
            filter.fits_side_and_time(order)
                && if nested { self.fits_nested(order, &filter) } else { filter.fits_status(order) }
        };
        let orders = self.book.all().iter().filter(fits).map(|order| order.key);
        let keys: Vec<OrderKey> = match query::direction(request)? {
            Direction::Ascending => orders.take(limit).collect(),
            Direction::Descending => orders.rev().take(limit).collect(),
        };
        Ok(keys.into_iter().map(|key| self.order_json(key, nested)).collect())
    }

    fn parse_filter(&self, request: &Request) -> Result<Filter, Refusal> {
        let wanted = match request.parameter("status") {
            None | Some("" | "open") => Wanted::Open,
            Some("closed") => Wanted::Closed,
            Some("all") => Wanted::All,
            Some(other) => return Err(Refusal::Invalid { field: "status", value: shorten(other) }),
        };
        let side = match request.parameter("side") {
            None | Some("") => None,
            Some("buy") => Some(OrderSide::Buy),
            Some("sell") => Some(OrderSide::Sell),
            Some(other) => return Err(Refusal::Invalid { field: "side", value: shorten(other) }),
        };
        // A symbol that does not exist has no orders.
        let symbols = query::list(request, "symbols")
            .map(|names| names.into_iter().filter_map(|name| self.find_symbol(name)).collect());
        let (after, until) = (query::instant(request, "after")?, query::instant(request, "until")?);
        Ok(Filter { wanted, after, until, side, symbols })
    }

    /// Tells whether a group is listed: by its main order, when that or any of its legs has the status.
    fn fits_nested(&self, order: &Order, filter: &Filter) -> bool {
        let legs = || order.legs.iter().map(|&leg| &self.book[leg]);
        order.parent.is_none() && (filter.fits_status(order) || legs().any(|leg| filter.fits_status(leg)))
    }

    /// Finds an order by the broker's identifier, with dashes or without.
    pub(super) fn find_order(&self, id: &str) -> Result<OrderKey, Refusal> {
        let uuid = Uuid::parse_str(id).map_err(|_| Refusal::Invalid { field: "order_id", value: shorten(id) })?;
        self.book.find(uuid).ok_or_else(|| Refusal::OrderNotFound(uuid.to_string()))
    }

    /// Finds an order by the client's identifier.
    pub(super) fn find_client_order(&self, request: &Request) -> Result<OrderKey, Refusal> {
        let id = request.parameter("client_order_id").filter(|id| !id.is_empty());
        let id = id.ok_or(Refusal::Missing("client_order_id"))?;
        self.book.find_client_id(id).ok_or_else(|| Refusal::OrderNotFound(shorten(id)))
    }
}

impl Filter {
    fn fits_side_and_time(&self, order: &Order) -> bool {
        let at = order.times.submitted;
        self.side.is_none_or(|side| side == order.side)
            && self.after.is_none_or(|after| at > after)
            && self.until.is_none_or(|until| at < until)
            && self.symbols.as_ref().is_none_or(|symbols| symbols.contains(&order.symbol))
    }

    /// Held legs are neither open nor closed to Alpaca: a list shows them only within their group.
    fn fits_status(&self, order: &Order) -> bool {
        match self.wanted {
            Wanted::Open => order.is_open() && order.status != OrderStatus::Held,
            Wanted::Closed => !order.is_open(),
            Wanted::All => true,
        }
    }
}
