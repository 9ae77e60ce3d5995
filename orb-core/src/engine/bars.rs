//! What the engine makes of prices.

use super::Engine;
use crate::bar::Bar;
use crate::config::{EntryKind, StrategyId};
use crate::effect::Effects;
use crate::event::Origin;
use crate::money::Price;
use crate::ranker::Barrier;
use crate::reason::Reason;
use crate::session_clock::Windows;
use crate::side::Side;
use crate::symbol::SymbolId;

/// A quote wider than this fraction of its bid never marks a position.
const SPREAD_MAX_DIVISOR: i64 = 20;

impl Engine {
    pub(super) fn take_bars(&mut self, origin: Origin, bars: &[Bar], out: &mut Effects) {
        self.expect_fills(bars);
        let mut restricts = false;
        let quotes_mark = self.is_live() && !self.positions.open().is_empty();
        for bar in bars {
            let index = bar.symbol.index();
            // Live, a position stays marked at the side at which it could be left.
            if !(quotes_mark && self.prices.quoted[index]) {
                self.prices.symbols[index].last = bar.close;
            }
            restricts |= bar.low <= self.prices.symbols[index].restricting_low;
        }
        // A fill of the same instant may have moved the result already, with nothing open any more.
        self.prices.moved |= !self.positions.open().is_empty();
        for (index, number) in (0..self.strategies.len()).zip(0..) {
            self.route_bars(StrategyId(number), index, origin, bars, out);
        }
        if self.strategies.iter().any(|day| matches!(day.barrier, Barrier::Waiting { .. })) {
            // The last bar that was missing ends the wait.
            self.advance_barriers(out);
        }
        // The restriction counts from the next bar on.
        if restricts {
            for bar in bars {
                let index = bar.symbol.index();
                self.prices.restricted[index] |= bar.low <= self.prices.symbols[index].restricting_low;
            }
        }
    }

    /// Takes the bars of a range that were asked for; its last one is the latest price where the stream is behind.
    pub(super) fn take_missing_bars(&mut self, id: StrategyId, bars: &[Bar]) {
        let (now, length) = (self.now, self.config.bar_length);
        let range_end = self.clock.windows(id).map(|windows| windows.range_end);
        let day = &mut self.strategies[id.index()];
        for bar in bars {
            let end = bar.start + length;
            if range_end == Some(end) && now < end + length && !day.ranges.has_last_bar(bar.symbol) {
                self.prices.symbols[bar.symbol.index()].last = bar.close;
            }
            day.ranges.on_bar(bar);
        }
        day.answered = true;
    }

    fn route_bars(&mut self, id: StrategyId, index: usize, origin: Origin, bars: &[Bar], out: &mut Effects) {
        let day = &mut self.strategies[index];
        if day.barrier != Barrier::Fired {
            bars.iter().for_each(|bar| day.ranges.on_bar(bar));
            return;
        }
        self.route_crossings(id, index, origin, bars, out);
    }

    /// Finds the levels that bars cross after the range, and does what follows.
    pub(super) fn route_crossings(
        &mut self,
        id: StrategyId,
        index: usize,
        origin: Origin,
        bars: &[Bar],
        out: &mut Effects,
    ) {
        let day = &self.strategies[index];
        if !day.signals.is_watching() {
            return;
        }
        let mut crossings = core::mem::take(&mut self.crossings);
        let mut arrived = core::mem::take(&mut self.arrived);
        day.signals.scan(bars, &mut crossings, &mut arrived);
        for symbol in arrived.drain(..) {
            self.decide(id, symbol, Reason::RangeNoFirstBar, String::new(), out);
        }
        for crossing in crossings.drain(..) {
            let forbidden = self.strategies[index].stopped.contains(&crossing.symbol);
            match origin {
                _ if !self.in_entry_window(id, &crossing.bar) => {}
                // No entry would have been missed: the loss limit had ended it.
                Origin::Backfill if forbidden => self.on_crossing(id, &crossing, out),
                Origin::Live => self.on_crossing(id, &crossing, out),
                Origin::Backfill => self.decide(id, crossing.symbol, Reason::MissedBreakout, String::new(), out),
            }
        }
        (self.crossings, self.arrived) = (crossings, arrived);
    }

    fn in_entry_window(&self, id: StrategyId, bar: &Bar) -> bool {
        let day = &self.strategies[id.index()];
        // An entry after the close of a bar is made in the next one, which must lie in the window too.
        let entry_bar = match self.strategy(id).entry {
            EntryKind::Close if !day.stopped.contains(&bar.symbol) => bar.start + self.config.bar_length,
            EntryKind::Stop | EntryKind::Market | EntryKind::Close => bar.start,
        };
        let inside = |windows: &Windows| windows.range_end <= bar.start && entry_bar < windows.entry_end;
        day.entries_open && self.clock.windows(id).is_some_and(inside)
    }

    /// Marks a position by the side at which it could be left; crossed, empty and over-wide quotes never mark.
    pub(super) fn on_quote(&mut self, symbol: SymbolId, bid: Price, ask: Price) {
        let sane = bid > Price::ZERO && ask > bid && ask.distance(bid).micros() <= bid.micros() / SPREAD_MAX_DIVISOR;
        let Some(side) = Side::of(self.positions.position(symbol)).filter(|_| sane) else { return };
        self.prices.symbols[symbol.index()].last = if side == Side::Long { bid } else { ask };
        self.prices.quoted[symbol.index()] = true;
        self.prices.moved = true;
    }
}
