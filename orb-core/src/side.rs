//! Directions of positions and orders, and the tick.

use core::fmt;

use crate::money::{Price, Quantity};

/// Tells whether a position gains when the price rises or when it falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Gains when the price rises.
    Long,
    /// Gains when the price falls.
    Short,
}

/// Tells whether an order adds shares or takes them away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderSide {
    /// Adds shares.
    Buy,
    /// Takes shares away.
    Sell,
}

impl Side {
    /// Returns +1 for long and -1 for short.
    #[must_use]
    pub const fn sign(self) -> i64 {
        match self {
            Self::Long => 1,
            Self::Short => -1,
        }
    }

    /// Returns the side of the order that opens such a position.
    #[must_use]
    pub const fn entry(self) -> OrderSide {
        match self {
            Self::Long => OrderSide::Buy,
            Self::Short => OrderSide::Sell,
        }
    }

    /// Returns the side of the order that closes such a position.
    #[must_use]
    pub const fn exit(self) -> OrderSide {
        self.opposite().entry()
    }

    /// Returns the other side.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Long => Self::Short,
            Self::Short => Self::Long,
        }
    }

    /// Returns the side of a signed position, or `None` when it is flat.
    #[must_use]
    pub const fn of(position: Quantity) -> Option<Self> {
        match position.shares() {
            0 => None,
            1.. => Some(Self::Long),
            _ => Some(Self::Short),
        }
    }

    /// Tells whether `price` is at or beyond `level` in the direction of this side's loss.
    #[must_use]
    pub fn reaches_stop(self, price: Price, level: Price) -> bool {
        match self {
            Self::Long => price <= level,
            Self::Short => price >= level,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Long => "long",
            Self::Short => "short",
        })
    }
}

impl OrderSide {
    /// Returns +1 for a buy and -1 for a sale.
    #[must_use]
    pub const fn sign(self) -> i64 {
        match self {
            Self::Buy => 1,
            Self::Sell => -1,
        }
    }

    /// Returns the direction of the position that such an order opens from flat.
    #[must_use]
    pub const fn opens(self) -> Side {
        match self {
            Self::Buy => Side::Long,
            Self::Sell => Side::Short,
        }
    }
}

impl fmt::Display for OrderSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        })
    }
}

/// Returns the smallest step of a quoted price, in micro-dollars: $0.01 at or above $1, $0.0001 below.
#[must_use]
pub const fn tick(price: Price) -> i64 {
    if price.micros() >= 1_000_000 { 10_000 } else { 100 }
}

/// Rounds down to the tick.
#[must_use]
pub const fn round_down(price: Price) -> Price {
    Price::from_micros(price.micros() - price.micros().rem_euclid(tick(price)))
}

/// Rounds up to the tick.
#[must_use]
pub const fn round_up(price: Price) -> Price {
    let below = round_down(price);
    if below.micros() == price.micros() { price } else { Price::from_micros(below.micros() + tick(price)) }
}

/// Rounds to the nearest tick, halves up.
#[must_use]
pub const fn round_half_up(price: Price) -> Price {
    round_down(Price::from_micros(price.micros() + tick(price) / 2))
}

/// Rounds away from the market on the profitable side: up for long, down for short.
///
/// Entry levels and targets round this way, stops the other.
#[must_use]
pub const fn round_outward(side: Side, price: Price) -> Price {
    match side {
        Side::Long => round_up(price),
        Side::Short => round_down(price),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_depend_on_the_price() {
        let price = |text: &str| text.parse::<Price>().expect(text);
        assert_eq!(round_down(price("12.349")), price("12.34"));
        assert_eq!(round_up(price("12.341")), price("12.35"));
        assert_eq!(round_up(price("12.34")), price("12.34"));
        assert_eq!(round_up(price("0.99995")), price("1"));
        assert_eq!(round_down(price("0.12345")), price("0.1234"));
        assert_eq!(round_half_up(price("12.345")), price("12.35"));
        assert_eq!(round_half_up(price("12.3449")), price("12.34"));
        assert_eq!(round_outward(Side::Short, price("12.349")), price("12.34"));
    }
}
