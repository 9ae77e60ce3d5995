//! Requests for orders and replacements, read and checked for what needs no knowledge of the account.

use orb_core::Price;
use orb_core::side::OrderSide;
use rust_decimal::Decimal;

use super::fields::{Fields, parse_object, shorten};
use super::order::{Amount, OrderClass, OrderType, PositionIntent, Prices, TimeInForce, Trail};
use super::refusal::Refusal;
use super::shares::Shares;

/// Characters that a client's identifier may have.
const CLIENT_ORDER_ID_MAX: usize = 48;

/// Describes an order that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OrderForm {
    pub(super) symbol: String,
    pub(super) side: OrderSide,
    pub(super) order_type: OrderType,
    pub(super) time_in_force: TimeInForce,
    pub(super) class: OrderClass,
    pub(super) amount: Amount,
    pub(super) prices: Prices,
    pub(super) take_profit: Option<Price>,
    pub(super) stop_loss: Option<StopLoss>,
    pub(super) extended_hours: bool,
    pub(super) client_order_id: Option<String>,
    pub(super) intent: Option<PositionIntent>,
}

/// Describes the leg that limits the loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StopLoss {
    pub(super) stop: Price,
    pub(super) limit: Option<Price>,
}

/// Describes a replacement that is asked for; `None` keeps what is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ReplaceForm {
    pub(super) shares: Option<Shares>,
    pub(super) time_in_force: Option<TimeInForce>,
    pub(super) limit: Option<Price>,
    pub(super) stop: Option<Price>,
    pub(super) trail: Option<Decimal>,
    pub(super) client_order_id: Option<String>,
}

impl OrderForm {
    /// Reads and checks a body.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let object = parse_object(body)?;
        let fields = Fields::new(&object);
        let form = Self {
            symbol: fields.text("symbol")?.ok_or(Refusal::Missing("symbol"))?.to_owned(),
            side: fields.word("side", parse_side)?.ok_or(Refusal::Missing("side"))?,
            order_type: fields.word("type", OrderType::parse)?.ok_or(Refusal::Missing("type"))?,
            time_in_force: fields
                .word("time_in_force", TimeInForce::parse)?
                .ok_or(Refusal::Missing("time_in_force"))?,
            class: fields.word("order_class", OrderClass::parse)?.unwrap_or(OrderClass::Simple),
            amount: parse_amount(fields)?,
            prices: parse_prices(fields)?,
            take_profit: parse_take_profit(fields)?,
            stop_loss: parse_stop_loss(fields)?,
            extended_hours: fields.flag("extended_hours")?.unwrap_or(false),
            client_order_id: parse_client_order_id(fields)?,
            intent: fields.word("position_intent", PositionIntent::parse)?,
        };
        form.check()?;
        Ok(form.with_target())
    }

    /// Makes the order that closes so many shares at the market.
    pub(super) fn closing(symbol: String, side: OrderSide, shares: Shares) -> Self {
        Self {
            symbol,
            side,
            order_type: OrderType::Market,
            time_in_force: TimeInForce::Day,
            class: OrderClass::Simple,
            amount: Amount::Shares(shares),
            prices: Prices::default(),
            take_profit: None,
            stop_loss: None,
            extended_hours: false,
            client_order_id: None,
            intent: Some(PositionIntent::of(side, true)),
        }
    }

    /// Gives an OCO order the limit of its target.
    fn with_target(mut self) -> Self {
        if self.class == OrderClass::Oco {
            self.prices.limit = self.take_profit.or(self.prices.limit);
        }
        self
    }

    fn check(&self) -> Result<(), Refusal> {
        self.check_prices()?;
        self.check_class()?;
        self.check_time_in_force()?;
        self.check_fraction()
    }

    fn check_prices(&self) -> Result<(), Refusal> {
        let order_type = self.order_type;
        let is_oco = self.class == OrderClass::Oco;
        let wants_limit = matches!(order_type, OrderType::Limit | OrderType::StopLimit) && !is_oco;
        let wants_stop = matches!(order_type, OrderType::Stop | OrderType::StopLimit);
        let wants_trail = order_type == OrderType::TrailingStop;
        check_price(order_type, "limit_price", wants_limit, self.prices.limit.is_some(), is_oco)?;
        check_price(order_type, "stop_price", wants_stop, self.prices.stop.is_some(), false)?;
        check_price(order_type, "trail_price or trail_percent", wants_trail, self.prices.trail.is_some(), false)
    }

    fn check_class(&self) -> Result<(), Refusal> {
        let class = self.class;
        let legs = (self.take_profit.is_some(), self.stop_loss.is_some());
        match (class, legs) {
            (OrderClass::Simple, (true, _)) => Err(Refusal::LegUnwanted { class, field: "take_profit" }),
            (OrderClass::Simple, (_, true)) => Err(Refusal::LegUnwanted { class, field: "stop_loss" }),
            (OrderClass::Simple, (false, false)) => Ok(()),
            (OrderClass::Bracket, (false, _)) => Err(Refusal::LegMissing { class, field: "take_profit.limit_price" }),
            (OrderClass::Bracket | OrderClass::Oco, (_, false)) => {
                Err(Refusal::LegMissing { class, field: "stop_loss.stop_price" })
            }
            (OrderClass::Oco, (false, true)) if self.prices.limit.is_none() => {
                Err(Refusal::LegMissing { class, field: "take_profit.limit_price" })
            }
            (OrderClass::Oco, _) if self.order_type != OrderType::Limit => {
                Err(Refusal::ClassType { class, types: "limit" })
            }
            (OrderClass::Oto, (true, true) | (false, false)) => Err(Refusal::OtoLegs),
            (OrderClass::Bracket | OrderClass::Oto | OrderClass::Oco, _) => Ok(()),
        }
    }

    fn check_time_in_force(&self) -> Result<(), Refusal> {
        let lasting = matches!(self.time_in_force, TimeInForce::Day | TimeInForce::Gtc);
        if self.class != OrderClass::Simple && !lasting {
            return Err(Refusal::ClassTimeInForce(self.class));
        }
        if self.extended_hours {
            let fits = self.order_type == OrderType::Limit && self.time_in_force == TimeInForce::Day;
            if !fits || self.class != OrderClass::Simple {
                return Err(Refusal::ExtendedHours);
            }
        }
        let plain = matches!(self.order_type, OrderType::Market | OrderType::Limit);
        if !lasting && !plain {
            let time_in_force = self.time_in_force.as_str();
            return Err(Refusal::TimeInForceType { time_in_force, types: "market or limit" });
        }
        Ok(())
    }

    fn check_fraction(&self) -> Result<(), Refusal> {
        if !self.is_fractional() {
            return Ok(());
        }
        if self.class != OrderClass::Simple {
            return Err(Refusal::FractionalSimple);
        }
        if self.time_in_force != TimeInForce::Day {
            return Err(Refusal::FractionalDay);
        }
        if self.order_type == OrderType::TrailingStop {
            return Err(Refusal::FractionalType);
        }
        Ok(())
    }

    /// Tells whether a fraction of a share may come of it.
    pub(super) const fn is_fractional(&self) -> bool {
        match self.amount {
            Amount::Shares(shares) => !shares.is_whole(),
            Amount::Notional(_) => true,
        }
    }
}

impl ReplaceForm {
    /// Reads and checks a body.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let object = parse_object(body)?;
        let fields = Fields::new(&object);
        let form = Self {
            shares: fields.shares("qty")?,
            time_in_force: fields.word("time_in_force", TimeInForce::parse)?,
            limit: fields.price("limit_price", "limit_price")?,
            stop: fields.price("stop_price", "stop_price")?,
            trail: fields.positive("trail")?,
            client_order_id: parse_client_order_id(fields)?,
        };
        match form.shares {
            Some(shares) if !shares.is_whole() => Err(Refusal::QuantityNotWhole),
            Some(_) | None => Ok(form),
        }
    }
}

fn parse_side(word: &str) -> Option<OrderSide> {
    match word {
        "buy" => Some(OrderSide::Buy),
        "sell" => Some(OrderSide::Sell),
        _ => None,
    }
}

fn parse_amount(fields: Fields<'_>) -> Result<Amount, Refusal> {
    match (fields.shares("qty")?, fields.notional("notional")?) {
        (Some(shares), None) => Ok(Amount::Shares(shares)),
        (None, Some(notional)) => Ok(Amount::Notional(notional)),
        (Some(_), Some(_)) => Err(Refusal::Both("qty", "notional")),
        (None, None) => Err(Refusal::Missing("qty or notional")),
    }
}

fn parse_prices(fields: Fields<'_>) -> Result<Prices, Refusal> {
    let trail = match (fields.price("trail_price", "trail_price")?, fields.positive("trail_percent")?) {
        (None, None) => None,
        (Some(price), None) => Some(Trail::Price(price)),
        (None, Some(percent)) => Some(trail_percent(percent)?),
        (Some(_), Some(_)) => return Err(Refusal::Both("trail_price", "trail_percent")),
    };
    let limit = fields.price("limit_price", "limit_price")?;
    Ok(Prices { limit, stop: fields.price("stop_price", "stop_price")?, trail })
}

/// Checks a distance in per cent: below 100, so that a price remains.
pub(super) fn trail_percent(percent: Decimal) -> Result<Trail, Refusal> {
    if percent >= Decimal::ONE_HUNDRED {
        return Err(Refusal::TooLarge { field: "trail_percent" });
    }
    if percent.normalize().scale() > 6 {
        return Err(Refusal::Invalid { field: "trail_percent", value: shorten(&percent.to_string()) });
    }
    Ok(Trail::Percent(percent))
}

fn parse_take_profit(fields: Fields<'_>) -> Result<Option<Price>, Refusal> {
    let Some(leg) = fields.object("take_profit")? else { return Ok(None) };
    let limit = leg.price("limit_price", "take_profit.limit_price")?;
    limit.map(Some).ok_or(Refusal::Missing("take_profit.limit_price"))
}

fn parse_stop_loss(fields: Fields<'_>) -> Result<Option<StopLoss>, Refusal> {
    let Some(leg) = fields.object("stop_loss")? else { return Ok(None) };
    let stop = leg.price("stop_price", "stop_loss.stop_price")?.ok_or(Refusal::Missing("stop_loss.stop_price"))?;
    Ok(Some(StopLoss { stop, limit: leg.price("limit_price", "stop_loss.limit_price")? }))
}

fn parse_client_order_id(fields: Fields<'_>) -> Result<Option<String>, Refusal> {
    match fields.text("client_order_id")? {
        Some(id) if id.chars().count() > CLIENT_ORDER_ID_MAX => Err(Refusal::ClientOrderIdLong),
        id => Ok(id.map(str::to_owned)),
    }
}

fn check_price(
    order_type: OrderType,
    field: &'static str,
    wanted: bool,
    given: bool,
    optional: bool,
) -> Result<(), Refusal> {
    match (wanted, given) {
        (true, false) => Err(Refusal::PriceMissing { order_type, field }),
        (false, true) if !optional => Err(Refusal::PriceUnwanted { order_type, field }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn with(changes: &Value) -> Result<OrderForm, Refusal> {
        let mut body = json!({ "symbol": "SPY", "qty": "10", "side": "buy", "type": "market", "time_in_force": "day" });
        let (Some(fields), Some(changes)) = (body.as_object_mut(), changes.as_object()) else {
            unreachable!("both are objects")
        };
        fields.extend(changes.clone());
        OrderForm::parse(body.to_string().as_bytes())
    }

    #[track_caller]
    fn refused(changes: &Value, message: &str) {
        let refusal = with(changes).expect_err(message);
        assert_eq!(refusal.to_string(), message, "{changes}");
    }

    #[test]
    fn missing_fields_are_named() {
        for field in ["symbol", "side", "type", "time_in_force"] {
            refused(&json!({ field: null }), &format!("{field} is required"));
        }
        refused(&json!({ "qty": null }), "qty or notional is required");
        refused(&json!({ "notional": 5 }), "only one of qty or notional is accepted");
    }

    #[test]
    fn broken_bodies_are_refused() {
        for body in ["", "{", "[]", "null", "<html>", "{\"symbol\":1e999}", "{\"symbol\":7}"] {
            assert_eq!(OrderForm::parse(body.as_bytes()), Err(Refusal::Body), "{body}");
        }
        refused(&json!({ "side": "hold" }), "invalid side hold");
        refused(&json!({ "type": "iceberg" }), "invalid type iceberg");
        refused(&json!({ "extended_hours": "yes" }), "request body format is invalid");
        refused(&json!({ "take_profit": 5 }), "request body format is invalid");
        refused(&json!({ "qty": "1e30" }), "qty is too large");
        refused(&json!({ "qty": "0.0000000001" }), "qty increment must be at least 1e-9");
    }

    #[test]
    fn each_type_has_its_prices() {
        refused(&json!({ "type": "limit" }), "limit orders require limit_price");
        refused(&json!({ "type": "stop" }), "stop orders require stop_price");
        refused(&json!({ "type": "stop_limit", "stop_price": 5 }), "stop_limit orders require limit_price");
        refused(&json!({ "limit_price": 5 }), "market orders must not have limit_price");
        refused(
            &json!({ "type": "limit", "limit_price": 5, "stop_price": 4 }),
            "limit orders must not have stop_price",
        );
        refused(&json!({ "type": "trailing_stop" }), "trailing_stop orders require trail_price or trail_percent");
        let both = json!({ "type": "trailing_stop", "trail_price": 1, "trail_percent": 1 });
        refused(&both, "only one of trail_price or trail_percent is accepted");
    }

    #[test]
    fn classes_have_their_legs() {
        let (profit, loss) = (json!({ "limit_price": "12" }), json!({ "stop_price": "9" }));
        refused(
            &json!({ "order_class": "bracket", "stop_loss": loss }),
            "bracket orders require take_profit.limit_price",
        );
        refused(
            &json!({ "order_class": "bracket", "take_profit": profit }),
            "bracket orders require stop_loss.stop_price",
        );
        let oto = "oto orders require exactly one of take_profit or stop_loss";
        refused(&json!({ "order_class": "oto" }), oto);
        refused(&json!({ "order_class": "oto", "take_profit": profit, "stop_loss": loss }), oto);
        refused(&json!({ "stop_loss": loss }), "simple orders must not have stop_loss");
        let oco = json!({ "order_class": "oco", "take_profit": profit, "stop_loss": loss });
        refused(&oco, "oco orders must be limit orders");
        let oco = json!({ "order_class": "oco", "type": "limit", "take_profit": profit, "stop_loss": loss });
        assert_eq!(with(&oco).expect("an order").prices.limit, Some(Price::from_cents(1_200)));
    }

    #[test]
    fn times_in_force_go_with_types() {
        let legs = json!({ "limit_price": "12" });
        let ioc = json!({ "order_class": "oto", "take_profit": legs, "time_in_force": "ioc" });
        refused(&ioc, "oto orders must be day or gtc orders");
        let stop = json!({ "type": "stop", "stop_price": 5, "time_in_force": "opg" });
        refused(&stop, "opg orders must be market or limit orders");
        refused(&json!({ "extended_hours": true }), "extended hours order must be DAY limit orders");
        refused(&json!({ "time_in_force": "gtd" }), "invalid time_in_force gtd");
    }

    #[test]
    fn fractions_are_simple_and_for_the_day() {
        refused(&json!({ "qty": "1.5", "time_in_force": "gtc" }), "fractional orders must be DAY orders");
        let oto = json!({ "qty": 1.5, "order_class": "oto", "take_profit": { "limit_price": 12 } });
        refused(&oto, "fractional orders must be simple orders");
        refused(&json!({ "qty": null, "notional": "0.99" }), "notional amount must be >= 1.00");
        assert!(with(&json!({ "qty": 1.5 })).expect("an order").is_fractional());
    }

    #[test]
    fn long_client_order_ids_are_refused() {
        refused(&json!({ "client_order_id": "x".repeat(49) }), "client_order_id must be no more than 48 characters");
        assert!(with(&json!({ "client_order_id": "x".repeat(48) })).is_ok());
    }
}
