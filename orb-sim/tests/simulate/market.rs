//! A synthetic market of a short session: trades of each symbol every few seconds, and the minutes they make.

use std::collections::BTreeMap;

use orb_core::{Bar, Price, Span, SymbolId, Timestamp};

use crate::dice::Dice;
use crate::plan::Plan;

/// The bars of a minute: their start, then one of each symbol that traded.
pub(crate) type Minute = (Timestamp, Vec<Bar>);

/// One symbol's walk.
#[derive(Debug)]
struct Walk {
    price: i64,
    /// Cents that a step moves at most.
    step: i64,
    /// Cents by which steps lean to one side.
    lean: i64,
    half_spread: i64,
}

/// What a step of a symbol shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Print {
    pub(crate) symbol: SymbolId,
    pub(crate) price: Price,
    pub(crate) bid: Price,
    pub(crate) ask: Price,
    pub(crate) size: u64,
}

/// Makes prices, and remembers them as minutes.
#[derive(Debug)]
pub(crate) struct Market {
    dice: Dice,
    walks: Vec<Walk>,
    pub(crate) halted: Vec<bool>,
    minutes: BTreeMap<Timestamp, BTreeMap<SymbolId, Bar>>,
    open: Timestamp,
}

const MINUTE: Span = Span::from_minutes(1);

impl Market {
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut dice = Dice::new(plan.seed, 1);
        let walks = plan.first_prices.iter().map(|first| {
            let price = first.micros() / 10_000;
            Walk {
                price,
                step: (price / *dice.pick(&[800, 1_500, 3_000])).max(1),
                lean: 0,
                half_spread: 1 + price / 8_000,
            }
        });
        let walks: Vec<Walk> = walks.collect();
        let halted = vec![false; walks.len()];
        Self { dice, walks, halted, minutes: BTreeMap::new(), open: plan.session.open }
    }

    /// Moves a symbol; nothing trades while it is halted.
    pub(crate) fn step(&mut self, now: Timestamp, symbol: SymbolId) -> Option<Print> {
        let dice = &mut self.dice;
        let walk = &mut self.walks[symbol.index()];
        if dice.hits(12) {
            // A new mood: the price drifts up, down or nowhere for a while.
            walk.lean = dice.between(-1, 1) * (walk.step / 4).max(1);
        }
        let jump = if dice.hits(2) { dice.between(-6, 6) * walk.step } else { 0 };
        let moved = dice.between(-walk.step, walk.step) + walk.lean + jump;
        walk.price = (walk.price + moved).max(200);
        let size = dice.below(900) + 100;
        if self.halted[symbol.index()] {
            return None;
        }
        let cents = Price::from_cents;
        let (bid, ask) = (cents(walk.price - walk.half_spread), cents(walk.price + walk.half_spread));
        let print = Print { symbol, price: cents(walk.price), bid, ask, size };
        self.remember(now, &print);
        Some(print)
    }

    fn remember(&mut self, now: Timestamp, print: &Print) {
        let start = self.open + Span::from_minutes((now - self.open).minutes());
        let minute = self.minutes.entry(start).or_default();
        let fresh = Bar { start, ..Bar::of_trade(start, print.symbol, print.price, 0) };
        let bar = minute.entry(print.symbol).or_insert(fresh);
        bar.high = bar.high.max(print.price);
        bar.low = bar.low.min(print.price);
        bar.close = print.price;
        bar.volume += print.size;
    }

    /// Returns the bars of the minute that ends at an instant.
    pub(crate) fn minute_before(&self, end: Timestamp) -> Vec<Bar> {
        self.minutes.get(&(end - MINUTE)).map(|bars| bars.values().copied().collect()).unwrap_or_default()
    }

    /// Returns the minutes that begin in [from, to) and are over by now.
    pub(crate) fn minutes(&self, from: Timestamp, to: Timestamp, now: Timestamp) -> Vec<Minute> {
        let over = |start: &&Timestamp| **start + MINUTE <= now;
        self.minutes
            .range(from..to.max(from))
            .filter(|(start, _)| over(start))
            .map(|(start, bars)| (*start, bars.values().copied().collect()))
            .collect()
    }
}
