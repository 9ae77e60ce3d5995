//! What a position takes of the buying power beyond its value, by the margin that its asset requires.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use crate::money::{Money, Price};

/// One dollar of buying power for a dollar of a position.
const WHOLE: i64 = 10_000;
/// The requirement of ordinary stocks, per cent: up to it the whole multiple of the equity may be used.
const ORDINARY_PERCENT: u16 = 30;
/// The greatest weight there is: requirements are a few hundred per cent at most.
const WEIGHT_MAX: i64 = 1_000_000;

/// Says how much of the buying power a position takes for each dollar of its value, in ten-thousandths; never less than
/// its value.
///
/// An account with `m` times its equity to use lends less on an asset of which more than the ordinary 30% must be paid:
/// at `r` per cent it takes `m r / 100` times its value. So 100% take the whole price out of the account's own money,
/// whatever the multiplier. Alpaca tells the requirement of each asset; how it enters the buying power is not written
/// down anywhere, and this is the stricter reading.
///
/// ```
/// use orb_core::Money;
/// use orb_core::risk_gate::MarginWeight;
///
/// let hard = MarginWeight::of(4.into(), Some(100));
/// assert_eq!(hard.of_value(Money::from_cents(1_000)), Money::from_cents(4_000));
/// assert_eq!(MarginWeight::of(1.into(), Some(100)), MarginWeight::PLAIN, "nothing is lent anyway");
/// assert_eq!(MarginWeight::of(4.into(), Some(30)), MarginWeight::PLAIN);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MarginWeight(i64);

impl MarginWeight {
    /// A dollar for each dollar.
    pub const PLAIN: Self = Self(WHOLE);

    /// Returns the weight of an asset in an account that may use so many times its equity; `requirement` is in per cent
    /// of a position's value, `None` where the broker does not tell it.
    #[must_use]
    pub fn of(multiplier: Decimal, requirement: Option<u16>) -> Self {
        let Some(percent) = requirement.filter(|percent| *percent > ORDINARY_PERCENT) else { return Self::PLAIN };
        let weight = multiplier.checked_mul(Decimal::from(percent) * Decimal::ONE_HUNDRED);
        let weight = weight.and_then(|weight| weight.ceil().to_i64()).unwrap_or(WEIGHT_MAX);
        Self(weight.clamp(WHOLE, WEIGHT_MAX))
    }

    /// Returns what a share at a price takes, rounded up to the micro-dollar.
    #[must_use]
    pub fn of_price(self, price: Price) -> Price {
        Price::from_micros(self.scale(price.micros()))
    }

    /// Returns what a value, never negative, takes; rounded up to the micro-dollar.
    #[must_use]
    pub fn of_value(self, value: Money) -> Money {
        Money::from_micros(self.scale(value.micros()))
    }

    fn scale(self, micros: i64) -> i64 {
        let (scaled, whole) = (i128::from(micros) * i128::from(self.0), i128::from(WHOLE));
        i64::try_from((scaled + whole - 1).div_euclid(whole)).unwrap_or(i64::MAX / 4).min(i64::MAX / 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_takes_its_value_times_multiplier_and_requirement() {
        let of = |multiplier: &str, percent| MarginWeight::of(multiplier.parse().expect("a number"), Some(percent)).0;
        assert_eq!(
            [30, 31, 50, 75, 90, 100].map(|percent| of("4", percent)),
            [10_000, 12_400, 20_000, 30_000, 36_000, 40_000]
        );
        assert_eq!([30, 50, 75, 100].map(|percent| of("2", percent)), [10_000, 10_000, 15_000, 20_000]);
        assert_eq!([30, 100, 150].map(|percent| of("1", percent)), [10_000, 10_000, 15_000]);
        assert_eq!(of("2.5", 50), 12_500);
        assert_eq!(MarginWeight::of(4.into(), None), MarginWeight::PLAIN);
        assert_eq!(of("79228162514264337593543950335", 60_000), WEIGHT_MAX);
    }

    #[test]
    fn what_is_taken_is_rounded_up() {
        let weight = MarginWeight::of(4.into(), Some(31));
        assert_eq!(weight.of_price(Price::from_micros(3)), Price::from_micros(4));
        assert_eq!(weight.of_price(Price::from_micros(i64::MAX)), Price::from_micros(i64::MAX / 4));
        assert_eq!(weight.of_value(Money::ZERO), Money::ZERO);
    }
}
