//! Bars and the rules that make one valid.

use crate::money::Price;
use crate::symbol::SymbolId;
use crate::time::Timestamp;

/// Represents the trades of one symbol over one interval, labelled by the interval's start.
///
/// A bar exists only where shares changed hands: a row of volume 0 is no bar.
///
/// ```
/// use orb_core::{Bar, Price, SymbolId, Timestamp};
///
/// let start = Timestamp::parse_rfc3339("2026-02-13T14:30:00Z").expect("an instant");
/// let [open, high, low, close] = [10_000, 10_040, 9_980, 10_020].map(Price::from_cents);
/// let bar = Bar { symbol: SymbolId(0), start, open, high, low, close, volume: 1_200 };
/// assert!(bar.validated().is_ok());
/// assert!(Bar { high: low, ..bar }.validated().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Whose trades these are.
    pub symbol: SymbolId,
    /// Start of the interval, UTC.
    pub start: Timestamp,
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Shares traded, at least 1.
    pub volume: u64,
}

impl Bar {
    /// Makes the bar of a single trade.
    #[must_use]
    pub const fn of_trade(at: Timestamp, symbol: SymbolId, price: Price, size: u64) -> Self {
        Self { symbol, start: at, open: price, high: price, low: price, close: price, volume: size }
    }
}

/// Holds the largest price that a bar may carry: ten million dollars a share.
pub const PRICE_MAX: Price = Price::from_micros(10_000_000_000_000);

/// Explains why prices and a volume do not make a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BarError {
    /// A price is zero or negative.
    #[error("the {field} is {price}: a price must be above 0")]
    NotPositive {
        /// Which of open, high, low and close.
        field: &'static str,
        /// The price found.
        price: Price,
    },
    /// A price is above [`PRICE_MAX`].
    #[error("the {field} is {price}: a price may be at most {PRICE_MAX}")]
    TooHigh {
        /// Which of open, high, low and close.
        field: &'static str,
        /// The price found.
        price: Price,
    },
    /// The high is below the low.
    #[error("the high {high} is below the low {low}")]
    HighBelowLow {
        /// The high found.
        high: Price,
        /// The low found.
        low: Price,
    },
    /// The open or the close lies outside [low, high].
    #[error("the {field} {price} lies outside the bar's low {low} and high {high}")]
    OutsideRange {
        /// `open` or `close`.
        field: &'static str,
        /// The price found.
        price: Price,
        /// The bar's low.
        low: Price,
        /// The bar's high.
        high: Price,
    },
    /// No shares were traded.
    #[error("the volume is 0: an interval without trades is no bar")]
    NoVolume,
}

impl Bar {
    /// Checks the rules of a bar: positive prices, low <= open and close <= high, some volume.
    ///
    /// # Errors
    /// Names the first rule that is broken.
    #[inline]
    pub fn validated(self) -> Result<Self, BarError> {
        if self.keeps_all_rules() { Ok(self) } else { self.explained() }
    }

    /// Tells whether every rule holds, at once: nearly every bar of nearly every file keeps them.
    #[inline]
    fn keeps_all_rules(&self) -> bool {
        let Self { open, high, low, close, .. } = *self;
        let ordered = (low <= open) & (low <= close) & (open <= high) & (close <= high);
        ordered & (low > Price::ZERO) & (high <= PRICE_MAX) & (self.volume > 0)
    }

    /// Goes through the rules one by one.
    #[cold]
    fn explained(self) -> Result<Self, BarError> {
        let fields = [("open", self.open), ("high", self.high), ("low", self.low), ("close", self.close)];
        for (field, price) in fields {
            if price <= Price::ZERO {
                return Err(BarError::NotPositive { field, price });
            }
            if price > PRICE_MAX {
                return Err(BarError::TooHigh { field, price });
            }
        }
        let Self { high, low, .. } = self;
        if high < low {
            return Err(BarError::HighBelowLow { high, low });
        }
        for (field, price) in [("open", self.open), ("close", self.close)] {
            if price < low || price > high {
                return Err(BarError::OutsideRange { field, price, low, high });
            }
        }
        if self.volume == 0 {
            return Err(BarError::NoVolume);
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bar(ohlc: [i64; 4], volume: u64) -> Bar {
        let [open, high, low, close] = ohlc.map(Price::from_cents);
        Bar { symbol: SymbolId(0), start: Timestamp::from_micros(0), open, high, low, close, volume }
    }

    #[test]
    fn each_rule_has_its_error() {
        assert!(bar([10, 12, 9, 11], 1).validated().is_ok());
        assert!(matches!(bar([10, 12, 9, 11], 0).validated(), Err(BarError::NoVolume)));
        assert!(matches!(bar([10, 8, 9, 11], 1).validated(), Err(BarError::HighBelowLow { .. })));
        assert!(matches!(bar([13, 12, 9, 11], 1).validated(), Err(BarError::OutsideRange { field: "open", .. })));
        assert!(matches!(bar([10, 12, 9, 8], 1).validated(), Err(BarError::OutsideRange { field: "close", .. })));
        assert!(matches!(bar([10, 12, -9, 11], 1).validated(), Err(BarError::NotPositive { field: "low", .. })));
        assert!(matches!(bar([2_000_000_000; 4], 1).validated(), Err(BarError::TooHigh { .. })));
    }

    proptest! {
        #[test]
        fn all_rules_at_once_are_the_rules_one_by_one(
            cents in prop::array::uniform4(prop_oneof![8..12_i64, -1..2_i64, 999_999_999..1_000_000_002_i64]),
            volume in 0..3_u64,
        ) {
            let bar = bar(cents, volume);
            prop_assert_eq!(bar.keeps_all_rules(), bar.explained().is_ok());
        }
    }
}
