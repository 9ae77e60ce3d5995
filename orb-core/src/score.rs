//! The setup score: one number in [0, 1] that describes a setup.
//!
//! It is a description, not a probability: on recorded data it did not predict the R multiple (their rank correlation
//! was about zero). No size rests on it, and it filters only where a smallest score is configured.

#![expect(clippy::float_arithmetic, reason = "the score is a description, not money")]

use crate::bar::Bar;
use crate::money::Price;
use crate::range_book::OpeningRange;
use crate::ranker::RelativeVolume;
use crate::side::Side;

/// Holds what a score is computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Long or short.
    pub side: Side,
    /// The opening range.
    pub range: OpeningRange,
    /// Price that the size rests on: the entry level, or the range's close for a market entry.
    pub level: Price,
    /// The bar that broke out, where its close makes the entry; `None` otherwise.
    pub breakout: Option<Bar>,
    /// Relative volume; `None` when unknown.
    pub rvol: Option<RelativeVolume>,
    /// ATR14; `None` when unknown.
    pub atr14: Option<Price>,
    /// Close of the previous session; `None` when unknown.
    pub previous_close: Option<Price>,
}

/// Holds a score and its parts, each in millionths from 0 to 1,000,000, rounded to nearest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    /// 0.35 relative volume + 0.20 width + 0.10 gap + 0.20 close location + 0.15 distance from VWAP.
    pub total_e6: u32,
    /// cl(ln(rvol) / ln 4).
    pub relative_volume_e6: u32,
    /// cl(1 - |ln(width of the range / (0.28 ATR14))| / ln 4).
    pub width_e6: u32,
    /// cl(0.5 + 0.5 k (open - previous close) / ATR14), k = +1 long and -1 short.
    pub gap_e6: u32,
    /// Where the close lies in its bar, 1 at the extreme in the direction of the trade: the range as one bar, or the
    /// bar that broke out.
    pub close_location_e6: u32,
    /// cl(0.5 + 2 k (level - VWAP of the range) / ATR14).
    pub vwap_e6: u32,
}

/// The usual width of an opening range as a fraction of ATR14, at which the width's part is 1.
const USUAL_WIDTH: f64 = 0.28;

impl Setting {
    /// Tells whether an input is missing that no later bar can bring.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        let atr = self.atr14.filter(|atr| *atr > Price::ZERO);
        self.rvol.is_none_or(|rvol| rvol.volume == 0)
            || atr.is_none()
            || self.previous_close.is_none()
            || self.range.high == self.range.low
    }

    /// Computes the score; `None` when an input is missing, or the bar of the close location has no height.
    #[must_use]
    pub fn score(&self) -> Option<Score> {
        if self.is_incomplete() {
            return None;
        }
        let (rvol, atr, previous) = (self.rvol?, dollars(self.atr14?), dollars(self.previous_close?));
        let range = &self.range;
        let k = if self.side == Side::Long { 1.0 } else { -1.0 };
        let ln4 = libm::log(4.0);
        // The mean of the 14 before is a fourteenth of their sum.
        let ratio = rvol.volume as f64 * 14.0 / rvol.sum14 as f64;
        let relative_volume = clamp(libm::log(ratio) / ln4);
        let width = dollars(range.high) - dollars(range.low);
        let width = clamp(1.0 - (libm::log(width / (USUAL_WIDTH * atr)) / ln4).abs());
        let gap = clamp(0.5 + 0.5 * k * (dollars(range.open) - previous) / atr);
        let close_location = self.close_location()?;
        let vwap = clamp(0.5 + 2.0 * k * (dollars(self.level) - dollars(range.vwap)) / atr);
        let total = 0.35 * relative_volume + 0.20 * width + 0.10 * gap + 0.20 * close_location + 0.15 * vwap;
        Some(Score {
            total_e6: millionths(total),
            relative_volume_e6: millionths(relative_volume),
            width_e6: millionths(width),
            gap_e6: millionths(gap),
            close_location_e6: millionths(close_location),
            vwap_e6: millionths(vwap),
        })
    }

    fn close_location(&self) -> Option<f64> {
        let (high, low, close) = match &self.breakout {
            Some(bar) => (bar.high, bar.low, bar.close),
            None => (self.range.high, self.range.low, self.range.close),
        };
        if high == low {
            return None;
        }
        let into = match self.side {
            Side::Long => close.distance(low),
            Side::Short => high.distance(close),
        };
        Some(dollars(into) / dollars(high.distance(low)))
    }
}

fn dollars(price: Price) -> f64 {
    price.micros() as f64 / 1e6
}

fn clamp(value: f64) -> f64 {
    value.clamp(0.0, 1.0)
}

/// Rounds a part of one to millionths; it lies in [0, 1], so the cast neither wraps nor truncates.
fn millionths(value: f64) -> u32 {
    libm::round(clamp(value) * 1e6) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::symbol::SymbolId;
    use crate::time::Timestamp;

    fn setting(side: Side) -> Setting {
        let cents = Price::from_cents;
        let range = OpeningRange {
            open: cents(10_100),
            high: cents(10_200),
            low: cents(10_000),
            close: cents(10_150),
            volume: 2_000,
            vwap: cents(10_100),
        };
        let level = if side == Side::Long { range.high } else { range.low };
        let rvol = Some(RelativeVolume { volume: 2_000, sum14: 14_000 });
        let (atr14, previous_close) = (Some(cents(500)), Some(cents(10_000)));
        Setting { side, range, level, breakout: None, rvol, atr14, previous_close }
    }

    #[test]
    fn each_part_follows_its_formula() {
        // By hand: rvol 2, so ln 2 / ln 4 = 0.5; width 2 / (0.28 x 5) = 1.428571, 1 - 0.356675 / 1.386294 = 0.742713;
        // gap 0.5 + 0.5 x 1 / 5 = 0.6; close location 1.5 / 2 = 0.75; VWAP 0.5 + 2 x 1 / 5 = 0.9.
        let score = setting(Side::Long).score().expect("a score");
        let parts = [score.relative_volume_e6, score.width_e6, score.gap_e6, score.close_location_e6, score.vwap_e6];
        assert_eq!(parts, [500_000, 742_713, 600_000, 750_000, 900_000]);
        // 0.175 + 0.1485426 + 0.06 + 0.15 + 0.135.
        assert_eq!(score.total_e6, 668_543);
        let short = setting(Side::Short).score().expect("a score");
        assert_eq!([short.gap_e6, short.close_location_e6, short.vwap_e6], [400_000, 250_000, 900_000]);
    }

    #[test]
    fn parts_stay_within_zero_and_one() {
        let mut extreme = setting(Side::Long);
        extreme.rvol = Some(RelativeVolume { volume: 100, sum14: 14_000 });
        extreme.previous_close = Some(Price::from_cents(5_000));
        let score = extreme.score().expect("a score");
        assert_eq!((score.relative_volume_e6, score.gap_e6), (0, 1_000_000));
    }

    #[test]
    fn the_bar_that_broke_out_gives_the_close_location() {
        let bar = |high: i64, close: i64| Bar {
            symbol: SymbolId(0),
            start: Timestamp::from_micros(0),
            open: Price::from_cents(10_190),
            high: Price::from_cents(high),
            low: Price::from_cents(10_190),
            close: Price::from_cents(close),
            volume: 1,
        };
        let by_close = |bar| Setting { breakout: Some(bar), ..setting(Side::Long) };
        assert_eq!(by_close(bar(10_230, 10_220)).score().expect("a score").close_location_e6, 750_000);
        assert_eq!(by_close(bar(10_190, 10_190)).score(), None, "a bar without height");
        assert!(!by_close(bar(10_190, 10_190)).is_incomplete(), "another bar may have one");
    }

    #[test]
    fn a_missing_input_leaves_no_score() {
        let complete = setting(Side::Long);
        let flat = OpeningRange { high: complete.range.low, ..complete.range };
        for missing in [
            Setting { rvol: None, ..complete },
            Setting { atr14: None, ..complete },
            Setting { atr14: Some(Price::ZERO), ..complete },
            Setting { previous_close: None, ..complete },
            Setting { range: flat, ..complete },
        ] {
            assert!(missing.is_incomplete() && missing.score().is_none());
        }
    }
}
