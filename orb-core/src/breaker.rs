//! Hard caps that no sound day reaches: passing one means that something is wrong, and entries are held.
//!
//! The breaker never stops an exit: exits count towards the rates, but only entries are refused.

use std::collections::{BTreeMap, VecDeque};

use crate::exit_desk::STOP_REPAIRS_MAX;
use crate::money::{Money, Price, Quantity};
use crate::symbol::SymbolId;
use crate::time::{Span, Timestamp};

/// Holds the caps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerCaps {
    /// Notional of one order, and of all positions and working entries, in percent of leverage times equity.
    pub notional_percent: i64,
    /// Shares of one order.
    pub shares_max: i64,
    /// Distance of an entry's price from the last one, in percent of it.
    pub distance_percent: i64,
    /// Orders within a minute.
    pub orders_per_minute: usize,
    /// Orders within a day.
    pub orders_per_day: usize,
    /// Entries in one symbol within a day.
    pub attempts_per_symbol: u32,
    /// Refusals by the broker without an acceptance between them.
    pub rejects_in_a_row: u32,
    /// Times that the stop of a position is restored; then it is closed.
    pub stop_repairs: u32,
}

impl Default for BreakerCaps {
    fn default() -> Self {
        Self {
            notional_percent: 110,
            shares_max: 1_000_000,
            distance_percent: 5,
            orders_per_minute: 60,
            orders_per_day: 1_000,
            attempts_per_symbol: 3,
            rejects_in_a_row: 5,
            stop_repairs: STOP_REPAIRS_MAX,
        }
    }
}

/// Describes an entry that is about to be ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerEntry {
    /// When it would be sent.
    pub at: Timestamp,
    /// Which symbol.
    pub symbol: SymbolId,
    /// Shares.
    pub quantity: Quantity,
    /// Price at which a fill is expected.
    pub price: Price,
    /// The last known price; `None` when there is none.
    pub last: Option<Price>,
    /// Value of all positions and working entries with this one.
    pub gross: Money,
    /// Leverage times equity.
    pub ceiling: Money,
}

/// Counts what the caps are about.
#[derive(Clone, Debug, Default)]
pub struct Breaker {
    caps: Option<BreakerCaps>,
    recent: VecDeque<Timestamp>,
    today: usize,
    attempts: BTreeMap<SymbolId, u32>,
    rejects: u32,
}

impl Breaker {
    /// Puts caps in force; without them the breaker is inactive, as in backtests.
    #[must_use]
    pub fn with_caps(caps: BreakerCaps) -> Self {
        Self { caps: Some(caps), ..Self::default() }
    }

    /// Returns the caps in force; `None` when the breaker is inactive.
    #[must_use]
    pub const fn caps(&self) -> Option<&BreakerCaps> {
        self.caps.as_ref()
    }

    /// Begins a day.
    pub fn begin_day(&mut self) {
        self.today = 0;
        self.attempts.clear();
        self.rejects = 0;
    }

    /// Tells whether caps are in force.
    #[must_use]
    pub const fn is_active(&self) -> bool {
        self.caps.is_some()
    }

    /// Returns how often the stop of a position may be restored; the usual number where no caps are in force.
    #[must_use]
    pub fn stop_repairs(&self) -> u32 {
        self.caps.map_or(STOP_REPAIRS_MAX, |caps| caps.stop_repairs)
    }

    /// Counts an order of the day that was sent before a restart.
    pub fn restore(&mut self, symbol: SymbolId, is_entry: bool) {
        self.today += 1;
        if is_entry {
            *self.attempts.entry(symbol).or_default() += 1;
        }
    }

    /// Returns which cap an entry would pass, as a sentence; `None` when it passes none.
    #[must_use]
    pub fn entry_trip(&self, entry: &BreakerEntry) -> Option<String> {
        let caps = self.caps?;
        let most = Money::from_micros(entry.ceiling.micros() / 100 * caps.notional_percent);
        let notional = entry.quantity.at(entry.price);
        if notional > most {
            return Some(format!("an order of {notional} is above the cap of {most}"));
        }
        if entry.gross > most {
            return Some(format!("a gross exposure of {} is above the cap of {most}", entry.gross));
        }
        if entry.quantity.shares() > caps.shares_max {
            return Some(format!("{} shares are above the cap of {}", entry.quantity, caps.shares_max));
        }
        if let Some(last) = entry.last
            && is_beyond(entry.price, last, caps.distance_percent)
        {
            return Some(format!(
                "a price of {} is more than {}% from the last, {last}",
                entry.price, caps.distance_percent
            ));
        }
        let attempts = self.attempts.get(&entry.symbol).copied().unwrap_or(0);
        if attempts >= caps.attempts_per_symbol {
            return Some(format!("{attempts} entries were ordered in the symbol today"));
        }
        let recent = self.recent.iter().filter(|&&at| at + Span::from_minutes(1) > entry.at).count();
        rate(recent + 1, self.today + 1, &caps)
    }

    /// Tells whether a price is farther from another than an entry's may be from the last one.
    #[must_use]
    pub fn is_far(&self, price: Price, last: Price) -> bool {
        self.caps.is_some_and(|caps| is_beyond(price, last, caps.distance_percent))
    }

    /// Counts an order that is sent; returns which rate it passes, `None` when it passes none.
    #[must_use]
    pub fn on_order(&mut self, now: Timestamp, symbol: SymbolId, is_entry: bool) -> Option<String> {
        let caps = self.caps?;
        self.today += 1;
        if is_entry {
            *self.attempts.entry(symbol).or_default() += 1;
        }
        while self.recent.front().is_some_and(|&at| at + Span::from_minutes(1) <= now) {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        rate(self.recent.len(), self.today, &caps)
    }

    /// Counts a refusal by the broker; returns a sentence when there were too many in a row.
    #[must_use]
    pub fn on_reject(&mut self) -> Option<String> {
        let caps = self.caps?;
        self.rejects += 1;
        (self.rejects >= caps.rejects_in_a_row).then(|| format!("{} orders were refused in a row", self.rejects))
    }

    /// Notes that the broker took an order.
    pub const fn on_accept(&mut self) {
        self.rejects = 0;
    }
}

fn is_beyond(price: Price, last: Price, percent: i64) -> bool {
    i128::from(price.distance(last).micros()) * 100 > i128::from(last.micros()) * i128::from(percent)
}

/// Returns which rate so many orders pass, as a sentence; `None` when they pass none.
fn rate(recent: usize, today: usize, caps: &BreakerCaps) -> Option<String> {
    if recent > caps.orders_per_minute {
        return Some(format!("{recent} orders within a minute"));
    }
    (today > caps.orders_per_day).then(|| format!("{today} orders today"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> BreakerEntry {
        BreakerEntry {
            at: Timestamp::from_micros(0) + Span::from_seconds(600),
            symbol: SymbolId(0),
            quantity: Quantity::new(100),
            price: Price::from_cents(5_000),
            last: Some(Price::from_cents(5_000)),
            gross: Money::from_cents(500_000),
            ceiling: Money::from_cents(40_000_000),
        }
    }

    #[track_caller]
    fn trips(entry: BreakerEntry, sentence: &str) {
        let message = Breaker::with_caps(BreakerCaps::default()).entry_trip(&entry).expect(sentence);
        assert!(message.contains(sentence), "{message}");
        assert_eq!(Breaker::default().entry_trip(&entry), None, "without caps nothing trips");
    }

    #[test]
    fn an_entry_beyond_a_cap_trips_the_breaker() {
        let sound = Breaker::with_caps(BreakerCaps::default());
        assert_eq!(sound.entry_trip(&entry()), None);
        trips(BreakerEntry { quantity: Quantity::new(8_801), ..entry() }, "above the cap of 440000");
        trips(BreakerEntry { gross: Money::from_cents(44_000_001), ..entry() }, "gross exposure");
        let cheap = BreakerEntry { price: Price::from_cents(1), last: None, ..entry() };
        trips(BreakerEntry { quantity: Quantity::new(1_000_001), ..cheap }, "shares are above");
        trips(BreakerEntry { price: Price::from_micros(52_500_001), ..entry() }, "more than 5%");
        assert_eq!(sound.entry_trip(&BreakerEntry { price: Price::from_micros(52_500_000), ..entry() }), None);
    }

    #[test]
    fn rates_attempts_and_refusals_trip_the_breaker() {
        let mut breaker = Breaker::with_caps(BreakerCaps::default());
        let at = |second: i64| Timestamp::from_micros(0) + Span::from_seconds(second);
        for second in 0..60 {
            assert_eq!(breaker.on_order(at(second), SymbolId(1), false), None);
        }
        assert_eq!(breaker.on_order(at(60), SymbolId(1), false), None, "the first is a minute ago");
        assert!(breaker.on_order(at(60), SymbolId(1), false).is_some(), "61 within a minute");
        for _ in 0..3 {
            assert_eq!(breaker.entry_trip(&entry()), None);
            let _ = breaker.on_order(at(600), SymbolId(0), true);
        }
        assert!(breaker.entry_trip(&entry()).is_some(), "a fourth attempt");
        for _ in 0..4 {
            assert_eq!(breaker.on_reject(), None);
        }
        breaker.on_accept();
        for _ in 0..4 {
            assert_eq!(breaker.on_reject(), None);
        }
        assert!(breaker.on_reject().is_some(), "five in a row");
    }
}
