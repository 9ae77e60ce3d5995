//! Numbers of shares, which may be fractions of one.

use core::fmt;
use core::iter::Sum;
use core::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use orb_core::{Money, Price, Quantity};
use rust_decimal::Decimal;

/// Billionths in a share: the wire allows nine decimals.
const BILLION: i128 = 1_000_000_000;

/// Represents a number of shares in billionths of a share; negative for a short position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shares(i128);

impl Shares {
    /// No shares.
    pub const ZERO: Self = Self(0);
    /// One share.
    pub const ONE: Self = Self(BILLION);

    /// Makes a number of whole shares.
    #[must_use]
    pub const fn whole(shares: i64) -> Self {
        Self(shares as i128 * BILLION)
    }

    /// Makes a number of billionths of a share.
    #[must_use]
    pub const fn from_billionths(billionths: i128) -> Self {
        Self(billionths)
    }

    /// Returns the billionths of a share.
    #[must_use]
    pub const fn billionths(self) -> i128 {
        self.0
    }

    /// Converts a decimal number; `None` with more than nine decimals, or beyond a billion shares.
    #[must_use]
    pub fn from_decimal(value: Decimal) -> Option<Self> {
        let value = value.normalize();
        if value.scale() > 9 || value.abs() > Decimal::from(BILLION) {
            return None;
        }
        let scale = 10_i128.pow(9 - value.scale());
        Some(Self(value.mantissa() * scale))
    }

    /// Returns how many shares an amount of money buys at a price, rounded down to a billionth; none at no price.
    #[must_use]
    pub fn bought_with(amount: Money, price: Price) -> Self {
        if price.micros() <= 0 {
            return Self::ZERO;
        }
        Self(i128::from(amount.micros()) * BILLION / i128::from(price.micros()))
    }

    /// Returns the value at a price, rounded half away from zero to the micro-dollar, and bounded by what
    /// a sum of [`Money`] can hold: about nine billion dollars.
    #[must_use]
    pub fn at(self, price: Price) -> Money {
        let value = self.0.saturating_mul(i128::from(price.micros()));
        let rounded = (value.abs() + BILLION / 2) / BILLION * value.signum();
        // A thousandth of the range, so that sums of many values fit too.
        let bound = i128::from(i64::MAX / 1_000);
        Money::from_micros(i64::try_from(rounded.clamp(-bound, bound)).expect("the bound fits 64 bits"))
    }

    /// Returns the whole shares in it, towards zero.
    #[must_use]
    pub fn quantity(self) -> Quantity {
        let whole = self.0 / BILLION;
        Quantity::new(i64::try_from(whole).unwrap_or(if whole < 0 { i64::MIN } else { i64::MAX }))
    }

    /// Returns the number without its sign.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self(self.0.abs())
    }

    /// Returns +1, 0 or -1.
    #[must_use]
    pub const fn signum(self) -> i64 {
        self.0.signum() as i64
    }

    /// Tells whether there are no shares.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Tells whether there is no fraction of a share.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.0 % BILLION == 0
    }

    /// Returns one of so many equal parts, in whole shares where the number is whole; the number itself for one.
    #[must_use]
    pub fn part(self, count: u32) -> Self {
        let part = self.0 / i128::from(count.max(1));
        if self.is_whole() { Self((part / BILLION * BILLION).max(BILLION)) } else { Self(part.max(1)) }
    }
}

impl fmt::Display for Shares {
    /// Writes shares without padding: `100`, `-3.5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, fraction) = (self.0.unsigned_abs() / 1_000_000_000, self.0.unsigned_abs() % 1_000_000_000);
        if fraction == 0 {
            return f.pad(&format!("{sign}{whole}"));
        }
        let digits = format!("{fraction:09}");
        f.pad(&format!("{sign}{whole}.{}", digits.trim_end_matches('0')))
    }
}

impl Add for Shares {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Shares {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for Shares {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl AddAssign for Shares {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl SubAssign for Shares {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

impl Sum for Shares {
    fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
        values.fold(Self::ZERO, Add::add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn shares(text: &str) -> Shares {
        Shares::from_decimal(text.parse().expect(text)).expect(text)
    }

    #[test]
    fn writes_fractions_without_padding() {
        for text in ["0", "1", "-3.5", "0.000000001", "1000000000"] {
            assert_eq!(shares(text).to_string(), text);
        }
        assert_eq!(Shares::from_decimal("0.0000000001".parse().expect("a number")), None);
        assert_eq!(Shares::from_decimal("1000000001".parse().expect("a number")), None);
    }

    #[test]
    fn values_are_exact_for_whole_shares_and_rounded_for_fractions() {
        let price: Price = "12.34".parse().expect("a price");
        assert_eq!(Shares::whole(-7).at(price), "-86.38".parse().expect("an amount"));
        assert_eq!(shares("0.333333333").at(price), "4.113333".parse().expect("an amount"));
        assert_eq!(Shares::bought_with("10".parse().expect("an amount"), price).to_string(), "0.810372771");
        assert_eq!(Shares::bought_with(Money::from_cents(100), Price::from_micros(0)), Shares::ZERO);
    }

    #[test]
    fn parts_are_whole_where_the_number_is() {
        assert_eq!(Shares::whole(10).part(3), Shares::whole(3));
        assert_eq!(Shares::whole(2).part(5), Shares::ONE);
        assert_eq!(shares("1.5").part(3), shares("0.5"));
    }
}
