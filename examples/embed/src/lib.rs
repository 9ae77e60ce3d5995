//! A made-up fortnight that the examples trade: where your own program would have bars of its own.

use std::sync::Arc;

use orb_core::{Bar, Calendar, Date, Price, Session, Span, Symbol, SymbolTable, Timestamp};

/// Length of the bars.
pub const BAR_LENGTH: Span = Span::from_minutes(5);

/// Holds sessions, symbols and bars.
#[derive(Clone, Debug)]
pub struct Market {
    /// Ten sessions, of winter: open at 14:30 UTC.
    pub calendar: Arc<Calendar>,
    /// ACME and WIDGET.
    pub symbols: Arc<SymbolTable>,
    /// Two hours of bars in each session, by start, then symbol.
    pub bars: Vec<Bar>,
}

impl Market {
    /// Makes the market, always the same one.
    ///
    /// # Errors
    /// Never: what is made is valid. The checks of the library are asked all the same, as your program would.
    pub fn made_up() -> anyhow::Result<Self> {
        let sessions: Vec<Session> = (2..=13).filter_map(session).collect();
        let symbols = SymbolTable::new([Symbol::new("ACME")?, Symbol::new("WIDGET")?]);
        let mut seed = 1;
        let mut prices = [10_000, 4_000];
        let mut bars = Vec::new();
        for session in &sessions {
            for number in 0..24 {
                for ((symbol, _), price) in symbols.iter().zip(&mut prices) {
                    let start = session.open + Span::from_minutes(5 * number);
                    let open = *price;
                    let close = open + step(&mut seed, open / 200);
                    let (high, low) = (open.max(close) + open / 1_000, open.min(close) - open / 1_000);
                    *price = close;
                    let [open, high, low, close] = [open, high, low, close].map(Price::from_cents);
                    bars.push(Bar { symbol, start, open, high, low, close, volume: 10_000 }.validated()?);
                }
            }
        }
        Ok(Self { calendar: Arc::new(Calendar::new(sessions)?), symbols: Arc::new(symbols), bars })
    }
}

/// Returns the session of a day of February 2026; `None` on a weekend.
fn session(day: u32) -> Option<Session> {
    let date = Date::from_ymd_opt(2026, 2, day).filter(|_| !matches!(day % 7, 0 | 1))?;
    let open = Timestamp::parse_rfc3339(&format!("{date}T14:30:00Z"))?;
    Some(Session { date, open, close: open + Span::from_minutes(390) })
}

/// Draws a step of at most so many cents up or down, from a generator that needs no crate.
fn step(seed: &mut i64, most: i64) -> i64 {
    *seed = (*seed * 1_103_515_245 + 12_345) % (1 << 31);
    (*seed >> 16) % (2 * most + 1) - most
}
