//! Whether the account takes a stop entry that carries its exits: tried out, because the documents do not say.

use std::sync::Arc;

use orb_core::bar::PRICE_MAX;
use orb_core::order::BrokerOrderId;
use orb_core::side::round_up;
use orb_core::{Calendar, Price, Symbol, SymbolTable};
use serde_json::json;

use super::{Finding, unanswered};
use crate::alpaca::config::{AlpacaConfig, ConfigError, Environment};
use crate::alpaca::rest::{CallError, Manner, Rest, Verb, paths};
use crate::alpaca::wire::order::Order;

/// How many times the last price the trial's stop lies above it: it can never be touched before it is cancelled.
const STOP_AWAY: i64 = 3;
/// What the finding is called.
const ITEM: &str = "stop brackets";

/// Says what to try out with.
#[derive(Clone, Debug)]
pub struct BracketProbe {
    /// Which symbol.
    pub symbol: Symbol,
    /// About where it trades, dollars per share.
    pub last_price: Price,
    /// An identifier that was never used, at most 48 characters.
    pub client_id: String,
}

/// Sends a stop entry for one share, far above the market, with a stop as its leg, and cancels it at once.
///
/// It sends an order, so it is asked for by itself and never with real money.
///
/// # Errors
/// When an address cannot be used.
pub async fn probe_brackets(config: &AlpacaConfig, probe: &BracketProbe) -> Result<Finding, ConfigError> {
    if config.environment == Environment::Live {
        return Ok(Finding::warn(ITEM, "not tried out with real money", "try it out on paper"));
    }
    let symbols = Arc::new(SymbolTable::new([probe.symbol.clone()]));
    let rest = Rest::new(config, symbols, Arc::new(Calendar::default()))?;
    let answer: Result<Order, CallError> =
        rest.trading(&Manner::once(), Verb::Post, paths::new_order(trial(probe))).await;
    Ok(match answer {
        Ok(order) => take_back(&rest, &order).await,
        Err(CallError::Refused(refusal)) => Finding::warn(
            ITEM,
            format!("the account does not take them: {refusal}"),
            "keep brackets = \"limit_entries_only\"",
        ),
        Err(error) => unanswered(ITEM, &error),
    })
}

fn trial(probe: &BracketProbe) -> Vec<u8> {
    let last = probe.last_price.min(PRICE_MAX);
    let (stop, exit) = (round_up(Price::from_micros(last.micros() * STOP_AWAY)), round_up(last));
    let order = json!({
        "symbol": probe.symbol.as_str(), "qty": "1", "side": "buy", "type": "stop", "time_in_force": "day",
        "stop_price": stop.to_string(), "client_order_id": probe.client_id, "order_class": "oto",
        "stop_loss": {"stop_price": exit.to_string()},
    });
    order.to_string().into_bytes()
}

async fn take_back(rest: &Rest, order: &Order) -> Finding {
    let id = BrokerOrderId::new(&order.id);
    match rest.send_to_trading(&Manner::once(), Verb::Delete, paths::cancel(&id)).await {
        Ok(_) => Finding::pass(ITEM, "the account takes stop entries with a leg"),
        Err(error) => Finding::fail(
            ITEM,
            format!("the trial's order {id} was taken and could not be cancelled: {error}"),
            "cancel it on Alpaca's page",
        ),
    }
}
