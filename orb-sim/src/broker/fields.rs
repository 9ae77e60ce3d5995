//! Reading the fields of a JSON body: numbers may be strings or numbers, `null` and `""` count as absent.

use core::str::FromStr as _;

use orb_core::{Money, Price};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::refusal::Refusal;
use super::shares::Shares;

/// Most dollars a price may be.
const PRICE_MAX: i64 = 10_000_000;
/// Most dollars that a notional amount may be.
const NOTIONAL_MAX: i64 = 1_000_000_000;

/// Holds the fields of a JSON object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(&'a Map<String, Value>);

/// Reads a body as a JSON object.
pub(super) fn parse_object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) | Err(_) => Err(Refusal::Body),
    }
}

impl<'a> Fields<'a> {
    pub(super) const fn new(fields: &'a Map<String, Value>) -> Self {
        Self(fields)
    }

    fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null() && value.as_str() != Some(""))
    }

    /// Returns a text.
    pub(super) fn text(self, name: &str) -> Result<Option<&'a str>, Refusal> {
        self.get(name).map(|value| value.as_str().ok_or(Refusal::Body)).transpose()
    }

    /// Returns a truth value.
    pub(super) fn flag(self, name: &str) -> Result<Option<bool>, Refusal> {
        self.get(name).map(|value| value.as_bool().ok_or(Refusal::Body)).transpose()
    }

    /// Returns the fields of an object within the object.
    pub(super) fn object(self, name: &str) -> Result<Option<Self>, Refusal> {
        self.get(name).map(|value| value.as_object().map(Self).ok_or(Refusal::Body)).transpose()
    }

    /// Returns one of the words that `parse` knows.
    pub(super) fn word<T>(self, field: &'static str, parse: fn(&str) -> Option<T>) -> Result<Option<T>, Refusal> {
        let Some(word) = self.text(field)? else { return Ok(None) };
        parse(word).map(Some).ok_or_else(|| Refusal::Invalid { field, value: shorten(word) })
    }

    /// Returns a number.
    pub(super) fn number(self, field: &'static str) -> Result<Option<Decimal>, Refusal> {
        let Some(value) = self.get(field) else { return Ok(None) };
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return Err(Refusal::Body),
        };
        if let Some(number) = parse_decimal(&text) {
            return Ok(Some(number));
        }
        // A number that a decimal cannot hold is at fault for its size, not for its form.
        let huge = text.trim().parse::<f64>().is_ok_and(|number| number.abs() > 1e15 && number.is_finite());
        Err(if huge { Refusal::TooLarge { field } } else { Refusal::Invalid { field, value: shorten(&text) } })
    }

    /// Returns a number above zero.
    pub(super) fn positive(self, field: &'static str) -> Result<Option<Decimal>, Refusal> {
        let number = self.number(field)?;
        match number {
            Some(number) if number <= Decimal::ZERO => Err(Refusal::NotPositive { field }),
            Some(_) | None => Ok(number),
        }
    }

    /// Returns a price that may be quoted: in cents from a dollar on, in hundredths of a cent below.
    ///
    /// `shown` is the field's whole name.
    pub(super) fn price(self, field: &'static str, shown: &'static str) -> Result<Option<Price>, Refusal> {
        let Some(number) = self.positive(field)? else { return Ok(None) };
        if number > Decimal::from(PRICE_MAX) {
            return Err(Refusal::TooLarge { field: shown });
        }
        let decimals = if number >= Decimal::ONE { 2 } else { 4 };
        if number.normalize().scale() > decimals {
            return Err(Refusal::SubPenny { field: shown, value: number.normalize().to_string() });
        }
        Price::from_decimal(number).map(Some).map_err(|_| Refusal::TooLarge { field: shown })
    }

    /// Returns a number of shares above zero.
    pub(super) fn shares(self, field: &'static str) -> Result<Option<Shares>, Refusal> {
        self.positive(field)?.map(|number| shares_of(field, number)).transpose()
    }

    /// Returns an amount of dollars above zero.
    pub(super) fn notional(self, field: &'static str) -> Result<Option<Money>, Refusal> {
        let Some(number) = self.positive(field)? else { return Ok(None) };
        if number > Decimal::from(NOTIONAL_MAX) {
            return Err(Refusal::TooLarge { field });
        }
        if number < Decimal::ONE {
            return Err(Refusal::NotionalSmall);
        }
        if number.normalize().scale() > 2 {
            return Err(Refusal::NotionalFine);
        }
        Money::from_decimal(number).map(Some).map_err(|_| Refusal::TooLarge { field })
    }
}

/// Converts a positive number to shares.
pub(super) fn shares_of(field: &'static str, number: Decimal) -> Result<Shares, Refusal> {
    if number.normalize().scale() > 9 {
        return Err(Refusal::FineQuantity);
    }
    Shares::from_decimal(number).ok_or(Refusal::TooLarge { field })
}

/// Reads a decimal number, in scientific notation too.
pub(super) fn parse_decimal(text: &str) -> Option<Decimal> {
    let text = text.trim();
    Decimal::from_str(text).or_else(|_| Decimal::from_scientific(text)).ok()
}

/// Keeps what is quoted in a message readable.
pub(super) fn shorten(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn price(value: &Value) -> Result<Option<Price>, Refusal> {
        let Value::Object(fields) = json!({ "limit_price": value }) else { unreachable!("an object was made") };
        Fields::new(&fields).price("limit_price", "limit_price")
    }

    #[test]
    fn numbers_come_as_texts_and_as_floats() {
        let expected = Ok(Some(Price::from_cents(1_250)));
        assert_eq!(price(&json!("12.5")), expected);
        assert_eq!(price(&json!(12.5)), expected);
        assert_eq!(price(&json!("1.25e1")), expected);
        assert_eq!(price(&json!("12.500")), expected);
        assert_eq!(price(&json!(null)), Ok(None));
        assert_eq!(price(&json!("")), Ok(None));
    }

    #[test]
    fn what_is_no_price_is_refused() {
        assert_eq!(price(&json!([1])), Err(Refusal::Body));
        assert_eq!(price(&json!(true)), Err(Refusal::Body));
        assert_eq!(price(&json!("twelve")), Err(Refusal::Invalid { field: "limit_price", value: "twelve".into() }));
        assert_eq!(price(&json!(-1)), Err(Refusal::NotPositive { field: "limit_price" }));
        assert_eq!(price(&json!(0)), Err(Refusal::NotPositive { field: "limit_price" }));
        assert_eq!(price(&json!(1e12)), Err(Refusal::TooLarge { field: "limit_price" }));
        assert!(price(&json!(1e300)).is_err());
        assert!(price(&json!("9".repeat(4_000))).is_err());
    }

    #[test]
    fn sub_penny_prices_are_refused_from_a_dollar_on() {
        let refusal = price(&json!("12.345")).expect_err("too fine");
        let shown = "invalid limit_price 12.345. sub-penny increment does not fulfill minimum pricing criteria";
        assert_eq!(refusal.to_string(), shown);
        assert_eq!(price(&json!("0.1234")), Ok(Some(Price::from_micros(123_400))));
        assert!(price(&json!("0.12345")).is_err());
    }
}
