//! Orders as the wire has them.

use orb_core::{Price, Timestamp};
use serde_json::{Value, json};

use super::engine::Broker;
use super::order::{Amount, OrderKey, Trail};

impl Broker {
    /// Writes an order, with its legs where asked; without legs the field is null.
    pub(super) fn order_json(&self, key: OrderKey, nested: bool) -> Value {
        let mut json = self.order_facts(key);
        let legs = &self.book[key].legs;
        let legs = (nested && !legs.is_empty())
            .then(|| legs.iter().map(|&leg| self.order_json(leg, false)).collect::<Vec<_>>());
        if let Some(fields) = json.as_object_mut() {
            fields.insert("legs".into(), legs.into());
            fields.extend(self.order_times(key));
        }
        json
    }

    fn order_facts(&self, key: OrderKey) -> Value {
        let order = &self.book[key];
        let (qty, notional) = match order.amount {
            Amount::Shares(shares) => (Some(shares.to_string()), None),
            Amount::Notional(amount) => (None, Some(amount.to_string())),
        };
        let (trail_price, trail_percent) = match order.prices.trail {
            Some(Trail::Price(price)) => (Some(price.to_string()), None),
            Some(Trail::Percent(percent)) => (None, Some(percent.normalize().to_string())),
            None => (None, None),
        };
        json!({
            "id": order.id,
            "client_order_id": order.client_order_id,
            "replaced_by": order.replaced_by,
            "replaces": order.replaces,
            "asset_id": self.assets[order.symbol.index()].id,
            "symbol": self.symbol_name(order.symbol),
            "asset_class": "us_equity",
            "notional": notional,
            "qty": qty,
            "filled_qty": order.filled.to_string(),
            "filled_avg_price": text(order.average_price()),
            "order_class": order.class.as_str(),
            "order_type": order.order_type.as_str(),
            "type": order.order_type.as_str(),
            "side": side_word(order.side),
            "position_intent": order.intent.as_str(),
            "time_in_force": order.time_in_force.as_str(),
            "limit_price": text(order.prices.limit),
            "stop_price": text(order.prices.stop),
            "status": order.status.as_str(),
            "extended_hours": order.extended_hours,
            "trail_percent": trail_percent,
            "trail_price": trail_price,
            "hwm": text(order.high_water),
            "subtag": null,
            "source": null,
        })
    }

    fn order_times(&self, key: OrderKey) -> [(String, Value); 9] {
        let times = &self.book[key].times;
        [
            ("created_at", Some(times.created)),
            ("updated_at", Some(times.updated)),
            ("submitted_at", Some(times.submitted)),
            ("filled_at", times.filled),
            ("expired_at", times.expired),
            ("expires_at", times.expires),
            ("canceled_at", times.canceled),
            ("failed_at", times.failed),
            ("replaced_at", times.replaced),
        ]
        .map(|(name, time)| (name.to_owned(), time.map(|time: Timestamp| time.to_string()).into()))
    }
}

fn text(price: Option<Price>) -> Option<String> {
    price.map(|price| price.to_string())
}

pub(super) const fn side_word(side: orb_core::OrderSide) -> &'static str {
    match side {
        orb_core::OrderSide::Buy => "buy",
        orb_core::OrderSide::Sell => "sell",
    }
}
