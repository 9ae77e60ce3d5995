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
}

/// Says what leaves the market for a position: its stop, and its target where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protection {
    /// Direction of the position.
    pub side: Side,
    /// The protective stop.
    pub stop: StopRule,
    /// Distance of the target from the executed price in R; `None` without a target.
    pub target_r: Option<Decimal>,
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
            StopRule::FromFill(distance) => {
                let raw = executed.offset(-self.side.sign() * distance.micros());
                round_outward(self.side.opposite(), raw)
            }
        };
        let risk = executed.distance(stop);
        let target = self.target_r.map(|multiple| target_price(self.side, executed, risk, multiple));
        ExitPrices { stop, target }
    }
}

/// Returns the price `multiple` times `risk` beyond `executed`, on the tick, at least one tick above zero.
fn target_price(side: Side, executed: Price, risk: Price, multiple: Decimal) -> Price {
    let distance = (Decimal::from(risk.micros()) * multiple).ceil().to_i64().unwrap_or(i64::MAX / 4);
    let raw = executed.offset(side.sign() * distance);
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
        let protection = Protection { side: Side::Short, stop: StopRule::FromFill(price("0.5")), target_r: None };
        assert_eq!(protection.resolve(price("174.44")), ExitPrices { stop: price("174.94"), target: None });
    }

    #[test]
    fn targets_round_away_from_the_market() {
        let long = Protection { side: Side::Long, stop: StopRule::At(price("99.5")), target_r: Some(Decimal::TWO) };
        assert_eq!(long.resolve(price("100.013")).target, Some(price("101.04")));
        let short = Protection { side: Side::Short, stop: StopRule::At(price("100.5")), target_r: Some(Decimal::TWO) };
        assert_eq!(short.resolve(price("100.013")).target, Some(price("99.03")));
        let low = Protection { side: Side::Short, stop: StopRule::At(price("3")), target_r: Some(Decimal::TEN) };
        assert_eq!(low.resolve(price("2")).target, Some(price("0.0001")));
    }
}
