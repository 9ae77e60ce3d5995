//! Where a position's stop and target lie, as rules that need the executed price.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use crate::money::Price;
use crate::side::{Side, round_outward};

/// Says where the protective stop lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopRule {
    /// At this price, already on the tick.
    At(Price),
    /// So many micro-dollars from the executed price, then rounded to the tick against the position.
    FromFill(Price),
    /// This percentage of the executed price from it, then rounded to the tick against the position.
    Percent(Decimal),
}

/// Says where the target lies, from the executed price and rounded to the tick away from the market.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetRule {
    /// So many times R, the distance from the executed price to the rounded stop.
    Risk(Decimal),
    /// This percentage of the executed price.
    Percent(Decimal),
}

/// Says what leaves the market for a position: its stop, and its target where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protection {
    /// Direction of the position.
    pub side: Side,
    /// The protective stop.
    pub stop: StopRule,
    /// The target; `None` without one.
    pub target: Option<TargetRule>,
}

/// Holds the prices that a [`Protection`] gives for an executed price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitPrices {
    /// The protective stop.
    pub stop: Price,
    /// The target; `None` without one.
    pub target: Option<Price>,
}

impl Protection {
    /// Returns the stop and target for an executed price.
    ///
    /// The stop is rounded away from the position (long down, short up), the target away from the market.
    /// R is the distance from the executed price to the rounded stop.
    #[must_use]
    pub fn resolve(&self, executed: Price) -> ExitPrices {
        let stop = match self.stop {
            StopRule::At(price) => price,
            StopRule::FromFill(distance) => self.stop_at(executed, distance),
            StopRule::Percent(percent) => self.stop_at(executed, multiple_of(executed, percent / Decimal::ONE_HUNDRED)),
        };
        let target = self.target.map(|rule| {
            let distance = match rule {
                TargetRule::Risk(multiple) => multiple_of(executed.distance(stop), multiple),
                TargetRule::Percent(percent) => multiple_of(executed, percent / Decimal::ONE_HUNDRED),
            };
            target_price(self.side, executed, distance)
        });
        ExitPrices { stop, target }
    }

    fn stop_at(&self, executed: Price, distance: Price) -> Price {
        round_outward(self.side.opposite(), executed.offset(-self.side.sign() * distance.micros()))
    }
}

/// Returns a multiple of a price, rounded up to the micro-dollar.
///
/// Stops and targets are rounded away from the entry afterwards, so this gives the same tick as the exact product.
#[must_use]
pub fn multiple_of(price: Price, multiple: Decimal) -> Price {
    let product = Decimal::from(price.micros()) * multiple;
    Price::from_micros(product.ceil().to_i64().unwrap_or(i64::MAX / 4))
}

/// Returns the price `distance` beyond `executed`, on the tick, at least one tick above zero.
fn target_price(side: Side, executed: Price, distance: Price) -> Price {
    let raw = executed.offset(side.sign() * distance.micros());
    round_outward(side, raw).max(Price::from_micros(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> Price {
        text.parse().expect(text)
    }

    #[test]
    fn resolves_the_published_example() {
        // Zarattini, Barbon & Aziz 2024: BLDR on 2024-01-23, short at 174.44, ATR 5, stop 10% of it away.
        let protection = Protection { side: Side::Short, stop: StopRule::FromFill(price("0.5")), target: None };
        assert_eq!(protection.resolve(price("174.44")), ExitPrices { stop: price("174.94"), target: None });
    }

    #[test]
    fn targets_round_away_from_the_market() {
        let long = Protection {
            side: Side::Long,
            stop: StopRule::At(price("99.5")),
            target: Some(TargetRule::Risk(Decimal::TWO)),
        };
        assert_eq!(long.resolve(price("100.013")).target, Some(price("101.04")));
        let short = Protection {
            side: Side::Short,
            stop: StopRule::At(price("100.5")),
            target: Some(TargetRule::Risk(Decimal::TWO)),
        };
        assert_eq!(short.resolve(price("100.013")).target, Some(price("99.03")));
        let low = Protection {
            side: Side::Short,
            stop: StopRule::At(price("3")),
            target: Some(TargetRule::Risk(Decimal::TEN)),
        };
        assert_eq!(low.resolve(price("2")).target, Some(price("0.0001")));
    }

    #[test]
    fn percentages_are_of_the_executed_price() {
        // 1% of 33.33 is 0.3333: the stop at 32.9967 rounds down to 32.99, the target at 33.9966 up to 34.00.
        let (stop, target) = (StopRule::Percent(Decimal::ONE), Some(TargetRule::Percent(Decimal::TWO)));
        let long = Protection { side: Side::Long, stop, target };
        assert_eq!(long.resolve(price("33.33")), ExitPrices { stop: price("32.99"), target: Some(price("34")) });
        let short = Protection { side: Side::Short, ..long };
        assert_eq!(short.resolve(price("33.33")), ExitPrices { stop: price("33.67"), target: Some(price("32.66")) });
    }
}
