//! The opening ranges of a strategy's symbols.

use crate::bar::Bar;
use crate::money::Price;
use crate::reason::Reason;
use crate::symbol::SymbolId;
use crate::time::{Span, Timestamp};

/// Holds a finished opening range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpeningRange {
    /// Open of the first bar.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Close of the last bar.
    pub close: Price,
    /// Shares traded.
    pub volume: u64,
    /// Mean of the bars' (high + low + close) / 3, weighted by their volumes, rounded half up to the micro-dollar.
    pub vwap: Price,
}

/// Holds the extreme prices after the range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extremes {
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Highest close of a bar.
    pub highest_close: Price,
    /// Lowest close of a bar.
    pub lowest_close: Price,
}

impl Extremes {
    const fn of(bar: &Bar) -> Self {
        Self { high: bar.high, low: bar.low, highest_close: bar.close, lowest_close: bar.close }
    }

    fn extend(&mut self, bar: &Bar) {
        self.high = self.high.max(bar.high);
        self.low = self.low.min(bar.low);
        self.highest_close = self.highest_close.max(bar.close);
        self.lowest_close = self.lowest_close.min(bar.close);
    }
}

#[derive(Clone, Debug, Default)]
struct Building {
    bars: Vec<Bar>,
    after: Option<Extremes>,
}

/// Collects the bars of the opening range until the clock freezes it.
///
/// The result depends on the set of bars, never on the order of their arrival.
#[derive(Clone, Debug, Default)]
pub struct RangeBook {
    open: Timestamp,
    end: Timestamp,
    bar_length: Span,
    symbols: Vec<Building>,
}

impl RangeBook {
    /// Begins a day: bars that start in [open, end) make the range.
    pub fn begin(&mut self, open: Timestamp, end: Timestamp, bar_length: Span, symbols: usize) {
        (self.open, self.end, self.bar_length) = (open, end, bar_length);
        self.symbols.resize_with(symbols, Building::default);
        for building in &mut self.symbols {
            building.bars.clear();
            building.after = None;
        }
    }

    /// Takes a bar; one that starts with an earlier one replaces it.
    pub fn on_bar(&mut self, bar: &Bar) {
        let building = &mut self.symbols[bar.symbol.index()];
        if bar.start >= self.end {
            building.after.get_or_insert(Extremes::of(bar)).extend(bar);
        } else if bar.start >= self.open {
            match building.bars.binary_search_by_key(&bar.start, |other| other.start) {
                Ok(index) => building.bars[index] = *bar,
                Err(index) => building.bars.insert(index, *bar),
            }
        }
    }

    /// Tells whether the symbol's last bar of the range is here.
    #[must_use]
    pub fn has_last_bar(&self, symbol: SymbolId) -> bool {
        self.symbols[symbol.index()].bars.last().is_some_and(|bar| bar.start + self.bar_length >= self.end)
    }

    /// Returns the extremes of the bars after the range that came before it was frozen; `None` without any.
    #[must_use]
    pub fn after_range(&self, symbol: SymbolId) -> Option<Extremes> {
        self.symbols[symbol.index()].after
    }

    /// Finishes a symbol's range.
    ///
    /// It needs the bar that starts at the open, and bars that together are no more than a minute short of it.
    ///
    /// # Errors
    /// Gives the reason for which there is no range.
    pub fn freeze(&self, symbol: SymbolId) -> Result<OpeningRange, Reason> {
        let bars = &self.symbols[symbol.index()].bars;
        let (Some(first), Some(last)) = (bars.first(), bars.last()) else {
            return Err(Reason::NoBars);
        };
        if first.start != self.open {
            return Err(Reason::RangeNoFirstBar);
        }
        let covered = i64::try_from(bars.len()).unwrap_or(i64::MAX).saturating_mul(self.bar_length.micros());
        if covered < (self.end - self.open).micros() - Span::from_minutes(1).micros() {
            return Err(Reason::RangeIncomplete);
        }
        Ok(OpeningRange {
            open: first.open,
            high: bars.iter().map(|bar| bar.high).max().unwrap_or(first.high),
            low: bars.iter().map(|bar| bar.low).min().unwrap_or(first.low),
            close: last.close,
            volume: bars.iter().map(|bar| bar.volume).sum(),
            vwap: vwap(bars),
        })
    }
}

/// Returns the mean of the typical prices (high + low + close) / 3, weighted by volume.
fn vwap(bars: &[Bar]) -> Price {
    let typical =
        |bar: &Bar| i128::from(bar.high.micros()) + i128::from(bar.low.micros()) + i128::from(bar.close.micros());
    let value: i128 = bars.iter().map(|bar| typical(bar) * i128::from(bar.volume)).sum();
    let thrice: i128 = bars.iter().map(|bar| 3 * i128::from(bar.volume)).sum();
    // A mean of prices is a price: it fits.
    Price::from_micros(i64::try_from((value + thrice / 2).div_euclid(thrice.max(1))).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(minute: i64, low: i64, high: i64) -> Bar {
        let start = Timestamp::from_micros(0) + Span::from_minutes(minute);
        let (open, close) = (Price::from_cents(low), Price::from_cents(high));
        Bar { symbol: SymbolId(0), start, open, high: close, low: open, close, volume: 10 }
    }

    #[track_caller]
    fn frozen(bars: &[Bar]) -> Result<OpeningRange, Reason> {
        let mut book = RangeBook::default();
        let open = Timestamp::from_micros(0);
        book.begin(open, open + Span::from_minutes(5), Span::from_minutes(1), 1);
        bars.iter().for_each(|bar| book.on_bar(bar));
        book.freeze(SymbolId(0))
    }

    #[test]
    fn one_minute_may_be_missing_but_not_the_first() {
        let minutes = |list: &[i64]| list.iter().map(|&minute| bar(minute, 100 + minute, 110)).collect::<Vec<_>>();
        assert_eq!(frozen(&[]), Err(Reason::NoBars));
        assert_eq!(frozen(&minutes(&[1, 2, 3, 4])), Err(Reason::RangeNoFirstBar));
        assert_eq!(frozen(&minutes(&[0, 1, 2])), Err(Reason::RangeIncomplete));
        assert!(frozen(&minutes(&[0, 1, 2, 3])).is_ok());
        assert!(frozen(&minutes(&[0, 1, 2, 4])).is_ok());
        assert_eq!(frozen(&minutes(&[4, 2, 0, 3, 1])), frozen(&minutes(&[0, 1, 2, 3, 4, 5, 6])));
    }

    #[test]
    fn the_mean_price_is_weighted_by_volume() {
        let weighted = |minute, cents: i64, volume| Bar { volume, ..bar(minute, cents, cents) };
        let bars =
            [weighted(0, 100, 1), weighted(1, 100, 1), weighted(2, 100, 1), weighted(3, 100, 1), weighted(4, 107, 3)];
        // (4 x 1.00 + 3 x 1.07) / 7 = 1.03.
        assert_eq!(frozen(&bars).expect("a range").vwap, Price::from_cents(103));
        // High 1.10 and close 1.10, low 1.00: (1.10 + 1.10 + 1.00) / 3 = 1.0666..., rounded to the micro-dollar.
        let same: Vec<Bar> = (0..5).map(|minute| bar(minute, 100, 110)).collect();
        assert_eq!(frozen(&same).expect("a range").vwap, Price::from_micros(1_066_667));
    }
}
