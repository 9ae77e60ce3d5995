//! Bars that are made by hand, minute by minute, for exact situations.

use std::sync::Arc;

use anyhow::Context as _;
use orb_core::{Bar, Date, Price, RunConfig, Span, Symbol, SymbolTable};
use orb_data::bars::{BarSet, Dropped, Loaded};

use crate::backtest::{Market, Selection};
use crate::demo::DemoSession;

/// Shares that are traded in each minute.
const VOLUME: u64 = 10_000;
/// How far a minute's high and low lie beyond its open and close, in micro-dollars.
const BREADTH: i64 = 20_000;

/// Describes one symbol's minutes from the open on, and the sessions before as far as they are known.
#[derive(Clone, Debug)]
pub struct Minutes {
    symbol: Symbol,
    /// Low and close of the sessions before, the latest last.
    before: Vec<[Price; 2]>,
    last: Price,
    bars: Vec<Option<[Price; 4]>>,
}

impl Minutes {
    /// Begins the minutes of a symbol at a price; at the same price the session before has closed.
    #[must_use]
    pub fn new(symbol: Symbol, open: Price) -> Self {
        Self { symbol, before: vec![[open, open]], last: open, bars: Vec::new() }
    }

    /// Says what is known of the sessions before: low and close of each, the latest last; none for nothing.
    #[must_use]
    pub fn after(mut self, before: &[[Price; 2]]) -> Self {
        self.before = before.to_vec();
        self
    }

    /// Adds a minute that goes from the last price to another one, and no further.
    #[must_use]
    pub fn to(mut self, price: Price) -> Self {
        let (low, high) = (self.last.min(price), self.last.max(price));
        self.bars.push(Some([self.last, high, low, price]));
        self.last = price;
        self
    }

    /// Lets the next minute open at another price.
    #[must_use]
    pub const fn gap(mut self, price: Price) -> Self {
        self.last = price;
        self
    }

    /// Adds minutes that stay around the last price.
    #[must_use]
    pub fn stay(mut self, minutes: usize) -> Self {
        let (low, high) = (self.last.offset(-BREADTH), self.last.offset(BREADTH));
        self.bars.extend(core::iter::repeat_n(Some([self.last, high, low, self.last]), minutes));
        self
    }

    /// Adds minutes without a trade.
    #[must_use]
    pub fn silent(mut self, minutes: usize) -> Self {
        self.bars.extend(core::iter::repeat_n(None, minutes));
        self
    }

    /// Adds minutes around the last price until there are so many in all.
    #[must_use]
    pub fn until(self, minutes: usize) -> Self {
        let missing = minutes.saturating_sub(self.bars.len());
        self.stay(missing)
    }
}

/// Makes a session of minutes that were made by hand; of the days before it there are low and close, where the minutes
/// tell them.
///
/// # Errors
/// When the exchange is closed that day, a bar is invalid, or the configuration does not fit.
pub fn by_hand(date: Date, minutes: &[Minutes], mut run: RunConfig) -> anyhow::Result<DemoSession> {
    let calendar = Arc::new(orb_data::calendar::nyse_calendar(2005, 2100));
    let open = calendar.session(date).with_context(|| format!("the exchange is closed on {date}"))?.open;
    let symbols = SymbolTable::new(minutes.iter().map(|minutes| minutes.symbol.clone()));
    let (mut bars, mut past) = (Vec::new(), Vec::new());
    for Minutes { symbol, bars: of_symbol, before, .. } in minutes {
        let symbol = symbols.id(symbol).context("every symbol is in the table")?;
        let sessions = calendar.sessions().iter().rev().skip_while(|session| session.open >= open);
        for (session, [low, close]) in sessions.zip(before.iter().rev().copied()) {
            let start = session.close - Span::from_minutes(1);
            past.push(Bar { symbol, start, open: close, high: close, low, close, volume: VOLUME });
        }
        for (number, prices) in (0..).zip(of_symbol) {
            let Some([open_price, high, low, close]) = *prices else { continue };
            let start = open + Span::from_minutes(number);
            bars.push(Bar { symbol, start, open: open_price, high, low, close, volume: VOLUME });
        }
    }
    let minute = Span::from_minutes(1);
    let loaded = Loaded {
        trade: BarSet::from_bars(symbols.clone(), minute, &calendar, bars)?,
        warmup: BarSet::from_bars(symbols, minute, &calendar, past)?,
        dropped: Dropped::default(),
    };
    let market = Market::new(loaded, calendar, &Selection::default(), &mut run)?;
    Ok(DemoSession { run, market })
}
