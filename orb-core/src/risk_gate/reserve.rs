//! What the broker reserves of the buying power for an entry while it works.

use crate::money::{Money, Price};
use crate::order::OrderKind;
use crate::side::Side;

/// Returns the price at which Alpaca reckons a share of an entry while it works, on micro-dollars, rounded up.
///
/// A purchase takes its limit, and a stop the limit that Alpaca gives it: 4% beyond a stop below 50 dollars, else 2.5%.
/// A short sale takes 3% more than the ask, and half a percent is added for the spread: the ask is not watched before
/// a position is held. `latest` is the latest price, or the one at which the entry is expected.
#[must_use]
pub fn reserve_price(side: Side, kind: OrderKind, latest: Price) -> Price {
    let beyond = |price: Price, per_mille: i64| {
        let more = i128::from(price.micros()) * i128::from(1_000 + per_mille);
        Price::from_micros(i64::try_from((more + 999) / 1_000).unwrap_or(i64::MAX / 2))
    };
    match (side, kind) {
        (Side::Long, OrderKind::Limit(limit)) => limit,
        (Side::Long, OrderKind::Stop(stop)) => collar(stop, beyond),
        (Side::Long, OrderKind::Market) => collar(latest, beyond),
        (Side::Short, kind) => beyond(kind.price().unwrap_or(latest).max(latest), 35),
    }
}

/// Returns the limit that Alpaca gives a stop that buys.
fn collar(stop: Price, beyond: impl Fn(Price, i64) -> Price) -> Price {
    beyond(stop, if stop < Price::from_cents(5_000) { 40 } else { 25 })
}

/// Returns what an entry of before a restart takes at most, whatever its price: 4% above its value.
pub(super) fn reserve_of_stop(notional: Money) -> Money {
    notional + Money::from_micros(notional.micros() / 25)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_reckoned_at_the_worst_price_that_the_broker_allows_for() {
        let reserve = |side, kind| reserve_price(side, kind, Price::from_cents(5_000)).micros();
        assert_eq!(reserve(Side::Long, OrderKind::Limit(Price::from_cents(5_010))), 50_100_000);
        assert_eq!(
            reserve(Side::Long, OrderKind::Stop(Price::from_cents(5_000))),
            51_250_000,
            "2.5% from 50 dollars on"
        );
        assert_eq!(reserve(Side::Long, OrderKind::Stop(Price::from_cents(4_999))), 51_989_600, "4% below");
        assert_eq!(
            reserve(Side::Short, OrderKind::Limit(Price::from_cents(4_990))),
            51_750_000,
            "3.5% above the latest"
        );
    }
}
