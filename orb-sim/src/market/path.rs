//! The trades inside one bar.
//!
//! A bar tells four prices and a volume; the order in which they were reached is unknown. Here it is this: the open;
//! then whichever of high and low is nearer to the open (when both are equally near, the low of a bar that closes at
//! or above its open, else the high); then the other one; then the close. Between two of these prices the market walks
//! in equal steps, each rounded to the tick; the four prices themselves are met exactly. The trades are spread evenly
//! over the bar's time, from its start + 1 ms to its end - 1 ms, and the volume evenly over the trades, the first ones
//! having one share more where it does not divide.
//!
//! Where trades were recorded ([`super::MarketSource::Trades`]), a symbol's minute walks through its trades instead: at
//! their times, prices and sizes, those of one instant in the order of their file. The minute's bar is what they make:
//! its open the first price, its close the last, its volume the sum of the sizes, whatever a recorded bar says. A minute
//! of the symbol without any trade follows the path inside its recorded bar, or is silent where there is none.

use orb_core::side::{round_down, round_half_up, round_up};
use orb_core::{Bar, Price, Span, Timestamp};

/// How far the first trade is from the bar's start, and the last one from its end.
const MARGIN: Span = Span::from_millis(1);

/// Says how finely the market walks inside a bar, and how wide its quotes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathConfig {
    /// Largest step between two trades, in micro-dollars; 2 cents by default.
    pub step_micros: i64,
    /// Steps at most between two of the bar's four prices, at least 1; 40 by default. It wins over the step's size.
    pub steps_max: u32,
    /// Distance of bid and ask from the last trade, in micro-dollars; 1 cent by default.
    pub half_spread_micros: i64,
    /// Shares bid for and offered in every quote; 500 by default.
    pub quote_size: u64,
    /// Trades happen at multiples of this after the bar's first, in microseconds; 1, the default, lets each have an
    /// instant of its own. A coarse one makes a day of many symbols much faster: what happens at once is told at once.
    pub grid_micros: i64,
}

impl Default for PathConfig {
    fn default() -> Self {
        Self { step_micros: 20_000, steps_max: 40, half_spread_micros: 10_000, quote_size: 500, grid_micros: 1 }
    }
}

/// Represents one trade inside a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Print {
    /// When it happens.
    pub at: Timestamp,
    /// Dollars per share.
    pub price: Price,
    /// Shares, at least 1.
    pub size: u64,
}

/// Represents the best bid and ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Best bid, dollars per share.
    pub bid: Price,
    /// Best ask, dollars per share.
    pub ask: Price,
    /// Shares bid for.
    pub bid_size: u64,
    /// Shares offered.
    pub ask_size: u64,
}

impl PathConfig {
    /// Returns the quote around a trade: half a spread to either side, rounded outward to the tick, the bid at least
    /// one tick.
    #[must_use]
    pub fn quote(&self, price: Price) -> Quote {
        let lowest = Price::from_micros(100);
        Quote {
            bid: round_down(price.offset(-self.half_spread_micros)).max(lowest),
            ask: round_up(price.offset(self.half_spread_micros)).max(lowest),
            bid_size: self.quote_size,
            ask_size: self.quote_size,
        }
    }

    /// Walks through a bar of a length.
    ///
    /// The sizes add up to the bar's volume, but for a bar with fewer shares than turning points: each of those takes
    /// one share all the same.
    #[must_use]
    pub fn walk(&self, bar: &Bar, length: Span) -> Vec<Print> {
        let prices = self.prices(bar);
        let count = prices.len() as u64;
        let last = (count - 1).max(1).cast_signed();
        let span = length.micros() - 2 * MARGIN.micros();
        let (each, rest) = (bar.volume / count, bar.volume % count);
        let grid = self.grid_micros.max(1);
        let print = |(index, price): (u64, Price)| Print {
            at: bar.start + MARGIN + Span::from_micros(span * index.cast_signed() / last / grid * grid),
            price,
            size: (each + u64::from(index < rest)).max(1),
        };
        (0..).zip(prices).map(print).collect()
    }

    fn prices(&self, bar: &Bar) -> Vec<Price> {
        let turns = turning_points(bar);
        let shares = usize::try_from(bar.volume).unwrap_or(usize::MAX);
        let mut steps_max = self.steps_max.max(1);
        loop {
            let prices = self.walked(&turns, steps_max);
            if prices.len() <= shares || steps_max == 1 {
                return prices;
            }
            steps_max /= 2;
        }
    }

    fn walked(&self, turns: &[Price], steps_max: u32) -> Vec<Price> {
        let mut prices = vec![turns[0]];
        for pair in turns.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let way = to.micros() - from.micros();
            let steps = (way.abs().div_ceil_of(self.step_micros.max(1))).clamp(1, i64::from(steps_max));
            let (low, high) = (from.min(to), from.max(to));
            let inner = |step: i64| round_half_up(from.offset(way * step / steps)).clamp(low, high);
            prices.extend((1..steps).map(inner));
            prices.push(to);
        }
        prices
    }
}

/// Divides whole numbers, upwards; both are positive or zero.
trait DivCeil {
    fn div_ceil_of(self, by: Self) -> Self;
}

impl DivCeil for i64 {
    fn div_ceil_of(self, by: Self) -> Self {
        self / by + Self::from(self % by != 0)
    }
}

/// Returns the bar's prices in the order in which they are met, without repetitions; two for a bar that stands still
/// with more than one share.
fn turning_points(bar: &Bar) -> Vec<Price> {
    let to_high = bar.high.micros() - bar.open.micros();
    let to_low = bar.open.micros() - bar.low.micros();
    let low_first = to_low < to_high || (to_low == to_high && bar.close >= bar.open);
    let (first, second) = if low_first { (bar.low, bar.high) } else { (bar.high, bar.low) };
    let mut turns = vec![bar.open, first, second, bar.close];
    turns.dedup();
    if turns.len() == 1 && bar.volume > 1 {
        turns.push(bar.close);
    }
    turns
}

#[cfg(test)]
mod tests {
    use orb_core::SymbolId;
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Span = Span::from_minutes(1);

    fn bar(open: i64, high: i64, low: i64, close: i64, volume: u64) -> Bar {
        let [open, high, low, close] = [open, high, low, close].map(Price::from_cents);
        Bar { symbol: SymbolId(0), start: Timestamp::from_micros(60_000_000), open, high, low, close, volume }
    }

    #[track_caller]
    fn check(bar: Bar, expected: &[i64]) {
        let config = PathConfig { steps_max: 1, ..PathConfig::default() };
        let found: Vec<_> = config.walk(&bar, MINUTE).iter().map(|print| print.price.micros() / 10_000).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_nearer_extreme_comes_first() {
        check(bar(1_000, 1_010, 995, 1_005, 99), &[1_000, 995, 1_010, 1_005]);
        check(bar(1_000, 1_004, 990, 1_001, 99), &[1_000, 1_004, 990, 1_001]);
    }

    #[test]
    fn equally_near_extremes_begin_with_the_low_of_a_rising_bar() {
        check(bar(1_000, 1_010, 990, 1_005, 99), &[1_000, 990, 1_010, 1_005]);
        check(bar(1_000, 1_010, 990, 1_000, 99), &[1_000, 990, 1_010, 1_000]);
        check(bar(1_000, 1_010, 990, 995, 99), &[1_000, 1_010, 990, 995]);
    }

    #[test]
    fn prices_that_coincide_are_met_once() {
        check(bar(1_000, 1_010, 1_000, 1_010, 99), &[1_000, 1_010]);
        check(bar(1_000, 1_000, 1_000, 1_000, 99), &[1_000, 1_000]);
        check(bar(1_000, 1_000, 1_000, 1_000, 1), &[1_000]);
    }

    #[test]
    fn steps_are_at_most_two_cents_by_default() {
        let prints = PathConfig::default().walk(&bar(1_000, 1_030, 985, 1_005, 10_000), MINUTE);
        let steps = prints.windows(2).map(|pair| pair[0].price.distance(pair[1].price).micros());
        assert!(steps.into_iter().all(|step| step <= 20_000));
        assert_eq!(prints[0].at, Timestamp::from_micros(60_001_000));
        assert_eq!(prints.last().map(|print| print.at), Some(Timestamp::from_micros(119_999_000)));
    }

    #[test]
    fn a_bar_with_few_shares_walks_in_few_steps() {
        let prints = PathConfig::default().walk(&bar(1_000, 1_030, 985, 1_005, 5), MINUTE);
        assert!(prints.len() <= 5 && prints.iter().map(|print| print.size).sum::<u64>() == 5);
        let prints = PathConfig::default().walk(&bar(1_000, 1_030, 985, 1_005, 1), MINUTE);
        assert_eq!(prints.len(), 4);
    }

    #[test]
    fn a_quote_lies_around_its_trade() {
        let quote = PathConfig::default().quote(Price::from_micros(10_005_000));
        assert_eq!((quote.bid.micros(), quote.ask.micros()), (9_990_000, 10_020_000));
        let quote = PathConfig::default().quote(Price::from_micros(300));
        assert_eq!(quote.bid.micros(), 100);
    }

    proptest! {
        #[test]
        fn a_walk_makes_its_bar_again(prices in prop::array::uniform4(1_i64..2_000_000_000), volume in 1_u64..1_000_000) {
            let [a, b, c, d] = prices.map(Price::from_micros);
            let high = a.max(b).max(c).max(d);
            let low = a.min(b).min(c).min(d);
            let bar = Bar { symbol: SymbolId(0), start: Timestamp::default(), open: a, high, low, close: b, volume };
            let prints = PathConfig::default().walk(&bar, MINUTE);
            prop_assert_eq!(prints[0].price, a);
            prop_assert_eq!(prints.last().map(|print| print.price), Some(b));
            prop_assert_eq!(prints.iter().map(|print| print.price).max(), Some(high));
            prop_assert_eq!(prints.iter().map(|print| print.price).min(), Some(low));
            prop_assert!(prints.windows(2).all(|pair| pair[0].at < pair[1].at));
            prop_assert!(prints.iter().all(|print| print.size > 0 && print.at < Timestamp::default() + MINUTE));
            if volume >= 4 {
                prop_assert_eq!(prints.iter().map(|print| print.size).sum::<u64>(), volume);
            }
        }
    }
}
