//! From a request to a reply.

use serde_json::{Value, json};

use super::engine::Broker;
use super::form::{OrderForm, ReplaceForm};
use super::hours::{Phase, new_york, new_york_date, new_york_text};
use super::query;
use super::refusal::Refusal;
use crate::http::{Reply, Request};

impl Broker {
    /// Answers a request.
    pub(super) fn route(&mut self, request: &Request) -> Reply {
        let path = request.path.trim_end_matches('/');
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let reply = match parts.as_slice() {
            ["v2", "account", rest @ ..] => self.route_account(rest, request),
            ["v2", "orders:by_client_order_id"] if request.method == "GET" => {
                self.find_client_order(request).map(|key| Reply::ok(self.order_json(key, true)))
            }
            ["v2", "orders", rest @ ..] => self.route_orders(rest, request),
            // Symbols may hold a slash of their own.
            ["v2", "positions", rest @ ..] => self.route_positions(&rest.join("/"), request),
            ["v2", "assets", rest @ ..] => self.route_assets(&rest.join("/"), request),
            ["v2", "calendar"] if request.method == "GET" => self.calendar_json(request).map(Reply::ok),
            ["v2", "clock"] if request.method == "GET" => Ok(Reply::ok(self.clock_json())),
            _ => Err(Refusal::EndpointNotFound),
        };
        reply.unwrap_or_else(|refusal| refusal.reply())
    }

    fn route_account(&mut self, rest: &[&str], request: &Request) -> Result<Reply, Refusal> {
        match (request.method.as_str(), rest) {
            ("GET", []) => Ok(Reply::ok(self.account_json())),
            ("GET", ["configurations"]) => Ok(Reply::ok(self.settings.to_json())),
            ("PATCH", ["configurations"]) => {
                self.settings = self.settings.changed(&request.body)?;
                Ok(Reply::ok(self.settings.to_json()))
            }
            ("GET", ["activities"]) => self.list_activities(None, request).map(Reply::ok),
            ("GET", ["activities", of_type]) => self.list_activities(Some(of_type), request).map(Reply::ok),
            ("GET", ["portfolio", "history"]) => self.portfolio_history(request).map(Reply::ok),
            _ => Err(Refusal::EndpointNotFound),
        }
    }

    fn route_orders(&mut self, rest: &[&str], request: &Request) -> Result<Reply, Refusal> {
        match (request.method.as_str(), rest) {
            ("GET", []) => self.list_orders(request).map(Reply::ok),
            ("POST", []) => {
                let key = self.submit(&OrderForm::parse(&request.body)?)?;
                Ok(Reply::ok(self.order_json(key, true)))
            }
            ("DELETE", []) => Ok(Reply { status: 207, body: Some(self.cancel_all().into()) }),
            ("GET", [id]) => {
                let key = self.find_order(id)?;
                Ok(Reply::ok(self.order_json(key, true)))
            }
            ("PATCH", [id]) => {
                let key = self.find_order(id)?;
                let new = self.request_replace(key, &ReplaceForm::parse(&request.body)?)?;
                Ok(Reply::ok(self.order_json(new, true)))
            }
            ("DELETE", [id]) => {
                let key = self.find_order(id)?;
                self.request_cancel(key)?;
                Ok(Reply { status: 204, body: None })
            }
            _ => Err(Refusal::EndpointNotFound),
        }
    }

    fn route_positions(&mut self, symbol: &str, request: &Request) -> Result<Reply, Refusal> {
        match (request.method.as_str(), symbol) {
            ("GET", "") => {
                let positions = self.symbols.iter().filter_map(|(symbol, _)| self.position_json(symbol));
                Ok(Reply::ok(positions.collect()))
            }
            ("DELETE", "") => Ok(Reply { status: 207, body: Some(self.close_all(request)?.into()) }),
            ("GET", symbol) => {
                let position = self.find_symbol(symbol).and_then(|symbol| self.position_json(symbol));
                position.map(Reply::ok).ok_or(Refusal::PositionNotFound)
            }
            ("DELETE", symbol) => {
                let key = self.close_position(symbol, request)?;
                Ok(Reply::ok(self.order_json(key, true)))
            }
            _ => Err(Refusal::EndpointNotFound),
        }
    }

    fn route_assets(&self, symbol: &str, request: &Request) -> Result<Reply, Refusal> {
        let (percent, old_field) = (self.config.margin.maintenance_percent, self.config.easy_to_borrow_field);
        match (request.method.as_str(), symbol) {
            ("GET", "") => {
                let wanted = |field, word| query::list(request, field).is_none_or(|words| words.contains(&word));
                let is_wanted = wanted("asset_class", "us_equity");
                let all = self.assets.iter().chain(&self.unpriced);
                let assets = all.filter(|asset| {
                    is_wanted && wanted("status", asset.status()) && wanted("exchange", &asset.exchange)
                });
                Ok(Reply::ok(assets.map(|asset| asset.to_json(percent, old_field)).collect()))
            }
            ("GET", symbol) => {
                let priced = self.find_symbol(symbol).map(|found| &self.assets[found.index()]);
                let unpriced = || self.unpriced.iter().find(|asset| asset.symbol.as_str() == symbol);
                let found = priced.or_else(unpriced).ok_or_else(|| Refusal::AssetNotFound(symbol.to_owned()))?;
                Ok(Reply::ok(found.to_json(percent, old_field)))
            }
            _ => Err(Refusal::EndpointNotFound),
        }
    }

    /// Writes the market's clock. Beyond the end of the calendar the next open and close are null.
    fn clock_json(&self) -> Value {
        let sessions = self.hours.sessions();
        let next_close = self.hours.session_ahead(self.now, false).map(|index| sessions[index].close);
        json!({
            "timestamp": new_york_text(self.now),
            "is_open": self.hours.phase(self.now) == Phase::Regular,
            "next_open": self.hours.next_start(self.now, false).map(new_york_text),
            "next_close": next_close.map(new_york_text),
        })
    }

    fn calendar_json(&self, request: &Request) -> Result<Value, Refusal> {
        let sessions = self.hours.sessions();
        let today = new_york_date(self.now);
        let first = query::date(request, "start")?.or_else(|| sessions.first().map(|session| session.date));
        let last = query::date(request, "end")?.or_else(|| sessions.last().map(|session| session.date));
        let days = self.hours.between(first.unwrap_or(today), last.unwrap_or(today));
        let day = |session: &orb_core::Session| {
            let after = sessions.partition_point(|other| other.date <= session.date);
            let settlement = sessions.get(after).map(|next| next.date.to_string());
            json!({
                "date": session.date.to_string(),
                "open": new_york(session.open).format("%H:%M").to_string(),
                "close": new_york(session.close).format("%H:%M").to_string(),
                "session_open": "0400",
                "session_close": "2000",
                "settlement_date": settlement,
            })
        };
        Ok(days.iter().map(day).collect())
    }
}
