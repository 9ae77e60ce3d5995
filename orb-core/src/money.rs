//! Exact money: prices, amounts and share counts as integers of micro-dollars and whole shares.

use core::fmt;
use core::iter::Sum;
use core::ops::{Add, AddAssign, Neg, Sub, SubAssign};
use core::str::FromStr;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

/// Micro-dollars in a dollar.
pub const MICROS: i64 = 1_000_000;

/// Represents a price of one share, in micro-dollars (1e-6 USD).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(i64);

/// Represents an amount of money, in micro-dollars (1e-6 USD); negative for a loss or a debt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i64);

/// Represents a number of whole shares; negative only where a signed position is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(i64);

/// Explains why a text or a decimal is not an exact amount of micro-dollars.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// The text is not a decimal number.
    #[error("`{0}` is not a decimal number")]
    NotANumber(String),
    /// The number does not fit the range of micro-dollars in 64 bits.
    #[error("{0} is beyond the largest amount that orb can hold (about 9.2 trillion dollars)")]
    OutOfRange(String),
}

fn micros_from_decimal(value: Decimal) -> Result<i64, MoneyError> {
    let scaled = value.checked_mul(Decimal::from(MICROS)).ok_or_else(|| MoneyError::OutOfRange(value.to_string()))?;
    scaled
        .round_dp_with_strategy(0, rust_decimal::RoundingStrategy::MidpointAwayFromZero)
        .to_i64()
        .ok_or_else(|| MoneyError::OutOfRange(value.to_string()))
}

fn parse_micros(text: &str) -> Result<i64, MoneyError> {
    let text = text.trim();
    if let Some(micros) = parse_plain(text.as_bytes()) {
        return Ok(micros);
    }
    let value = Decimal::from_str(text)
        .or_else(|_| Decimal::from_scientific(text))
        .map_err(|_| MoneyError::NotANumber(text.to_owned()))?;
    micros_from_decimal(value)
}

/// Parses `123.4567` without going through a decimal type; `None` asks for the slow and general path.
fn parse_plain(text: &[u8]) -> Option<i64> {
    if text.is_empty() || text.len() > 15 {
        return None;
    }
    let (mut value, mut decimals) = (0_i64, None::<u32>);
    for &byte in text {
        match byte {
            b'0'..=b'9' => {
                value = value * 10 + i64::from(byte - b'0');
                if let Some(count) = decimals.as_mut() {
                    *count += 1;
                }
            }
            b'.' if decimals.is_none() => decimals = Some(0),
            _ => return None,
        }
    }
    match decimals {
        Some(count @ 1..=6) if text.len() > count as usize + 1 => Some(value * 10_i64.pow(6 - count)),
        None if text.len() <= 12 => Some(value * MICROS),
        Some(_) | None => None,
    }
}

fn write_micros(f: &mut fmt::Formatter<'_>, micros: i64) -> fmt::Result {
    let sign = if micros < 0 { "-" } else { "" };
    let (whole, fraction) = (micros.unsigned_abs() / 1_000_000, micros.unsigned_abs() % 1_000_000);
    if fraction == 0 {
        return f.pad(&format!("{sign}{whole}"));
    }
    let digits = format!("{fraction:06}");
    f.pad(&format!("{sign}{whole}.{}", digits.trim_end_matches('0')))
}

macro_rules! micro_amount {
    ($name:ident) => {
        impl $name {
            /// Zero dollars.
            pub const ZERO: Self = Self(0);

            /// Makes a value of so many micro-dollars.
            #[must_use]
            pub const fn from_micros(micros: i64) -> Self {
                Self(micros)
            }

            /// Makes a value of so many whole cents.
            #[must_use]
            pub const fn from_cents(cents: i64) -> Self {
                Self(cents * 10_000)
            }

            /// Returns the value in micro-dollars.
            #[must_use]
            pub const fn micros(self) -> i64 {
                self.0
            }

            /// Converts a decimal number of dollars, rounding half away from zero to the micro-dollar.
            ///
            /// # Errors
            /// When the value does not fit 64 bits of micro-dollars.
            pub fn from_decimal(dollars: Decimal) -> Result<Self, MoneyError> {
                micros_from_decimal(dollars).map(Self)
            }

            /// Returns the value as a decimal number of dollars, exactly.
            #[must_use]
            pub fn to_decimal(self) -> Decimal {
                Decimal::new(self.0, 6).normalize()
            }
        }

        impl FromStr for $name {
            type Err = MoneyError;

            /// Reads dollars, as in `123.45`; digits beyond the sixth decimal are rounded half away from zero.
            fn from_str(text: &str) -> Result<Self, MoneyError> {
                parse_micros(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            /// Writes dollars without padding: `174.44`, `-3.5`, `100`.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_micros(f, self.0)
            }
        }
    };
}

micro_amount!(Price);
micro_amount!(Money);

impl Price {
    /// Returns this price moved by so many micro-dollars.
    #[must_use]
    pub const fn offset(self, micros: i64) -> Self {
        Self(self.0 + micros)
    }

    /// Returns the distance to another price, in micro-dollars, never negative.
    #[must_use]
    pub const fn distance(self, other: Self) -> Self {
        Self((self.0 - other.0).abs())
    }
}

impl Money {
    /// Returns the greater of this amount and zero.
    #[must_use]
    pub fn or_zero_if_negative(self) -> Self {
        Self(self.0.max(0))
    }
}

impl Quantity {
    /// No shares.
    pub const ZERO: Self = Self(0);

    /// Makes a quantity of so many shares.
    #[must_use]
    pub const fn new(shares: i64) -> Self {
        Self(shares)
    }

    /// Returns the number of shares.
    #[must_use]
    pub const fn shares(self) -> i64 {
        self.0
    }

    /// Returns the quantity without its sign.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.abs())
    }

    /// Tells whether there are no shares.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Returns the value of these shares at a price.
    ///
    /// # Panics
    /// When the value does not fit 64 bits of micro-dollars (9.2 trillion dollars): quantities and prices are
    /// bounded where they enter, so that would be a broken invariant.
    #[must_use]
    pub fn at(self, price: Price) -> Money {
        Money(self.0.checked_mul(price.0).expect("the value of a position fits 64 bits of micro-dollars"))
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! additive {
    ($name:ident) => {
        impl Add for $name {
            type Output = Self;
            fn add(self, other: Self) -> Self {
                Self(self.0 + other.0)
            }
        }
        impl Sub for $name {
            type Output = Self;
            fn sub(self, other: Self) -> Self {
                Self(self.0 - other.0)
            }
        }
        impl Neg for $name {
            type Output = Self;
            fn neg(self) -> Self {
                Self(-self.0)
            }
        }
        impl AddAssign for $name {
            fn add_assign(&mut self, other: Self) {
                self.0 += other.0;
            }
        }
        impl SubAssign for $name {
            fn sub_assign(&mut self, other: Self) {
                self.0 -= other.0;
            }
        }
        impl Sum for $name {
            fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
                values.fold(Self(0), Add::add)
            }
        }
    };
}

additive!(Money);
additive!(Quantity);

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, micros: i64, shown: &str) {
        let price = Price::from_str(text).expect(text);
        assert_eq!(price.micros(), micros, "{text}");
        assert_eq!(price.to_string(), shown, "{text}");
    }

    #[test]
    fn reads_and_writes_dollars_exactly() {
        check("174.44", 174_440_000, "174.44");
        check("100", 100_000_000, "100");
        check("0.0001", 100, "0.0001");
        check("-3.50", -3_500_000, "-3.5");
        check("1e2", 100_000_000, "100");
        check("211.039993286", 211_039_993, "211.039993");
        check("0.0000005", 1, "0.000001");
        check(" 12.5 ", 12_500_000, "12.5");
        check("283.378", 283_378_000, "283.378");
    }

    #[test]
    fn refuses_what_is_no_number() {
        for text in ["", "abc", "1.2.3", ".", "NaN", "inf", "1,5", "99999999999999999"] {
            assert!(Price::from_str(text).is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn every_amount_survives_its_text(micros in i64::MIN / 2..i64::MAX / 2) {
            let money = Money::from_micros(micros);
            proptest::prop_assert_eq!(money.to_string().parse::<Money>(), Ok(money));
            proptest::prop_assert_eq!(Money::from_decimal(money.to_decimal()), Ok(money));
        }
    }
}
