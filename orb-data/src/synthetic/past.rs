//! The days before those to trade, made when they are asked for.

use chrono::Datelike as _;
use orb_core::{Bar, Calendar, Session, Span, SymbolId, SymbolTable, Timestamp};

use super::day::{Profile, generate};
use super::market::{SyntheticError, SyntheticMarket};
use super::random::Random;
use crate::bars::BarSet;

/// Makes the bars of the [`HISTORY_SESSIONS`](super::HISTORY_SESSIONS) before the sessions to trade, a session of a symbol
/// at a time.
///
/// Held as bars, those of three thousand symbols would take a gigabyte; what is kept here is the close before each.
#[derive(Clone, Debug)]
pub struct SyntheticPast {
    seed: u64,
    sessions: Vec<Session>,
    /// By number of the symbol.
    symbols: Vec<Known>,
}

/// What it takes to make the days of a symbol.
#[derive(Clone, Debug)]
struct Known {
    profile: Profile,
    stream: u32,
    /// The close before each session, in dollars.
    closes: Vec<f64>,
}

impl SyntheticMarket {
    /// Generates the sessions to trade, and what it takes to make the bars of those before them, which are the same as
    /// those of [`Self::generate`].
    ///
    /// # Errors
    /// As [`Self::generate`].
    pub fn generate_with_past(&self, calendar: &Calendar) -> Result<(BarSet, SyntheticPast), SyntheticError> {
        let (history, sessions) = self.sessions(calendar)?;
        let symbols = SymbolTable::new(self.names());
        let (mut trade, mut aside) = (Vec::new(), Vec::new());
        let mut known = Vec::new();
        for (profile, stream, mut close) in self.profiles(&symbols) {
            let mut closes = Vec::with_capacity(history.len());
            for session in history {
                closes.push(close);
                close = generate(&profile, *session, true, close, &mut self.random(stream, session), &mut aside);
                aside.clear();
            }
            for session in sessions {
                close = generate(&profile, *session, false, close, &mut self.random(stream, session), &mut trade);
            }
            known.push(Known { profile, stream, closes });
        }
        known.sort_by_key(|known| known.profile.symbol);
        let past = SyntheticPast { seed: self.seed(), sessions: history.to_vec(), symbols: known };
        let trade = BarSet::from_bars(symbols, Span::from_minutes(1), calendar, trade);
        Ok((trade.expect("generated bars are valid, on the grid and distinct"), past))
    }
}

impl SyntheticPast {
    /// Returns the sessions, the oldest first.
    #[must_use]
    pub fn sessions(&self) -> &[Session] {
        &self.sessions
    }

    /// Makes the bars of a symbol that start in an interval, its end excluded, in order of start.
    #[must_use]
    pub fn bars(&self, symbol: SymbolId, from: Timestamp, to: Timestamp) -> Vec<Bar> {
        let Some(Known { profile, stream, closes }) = self.symbols.get(symbol.index()) else { return Vec::new() };
        let mut bars = Vec::new();
        for (session, close) in self.sessions.iter().zip(closes) {
            if session.open < to && from < session.close {
                let date = session.date.num_days_from_ce().cast_unsigned();
                generate(profile, *session, true, *close, &mut Random::new(self.seed, *stream, date), &mut bars);
            }
        }
        bars.retain(|bar| from <= bar.start && bar.start < to);
        bars
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::SyntheticOptions;

    #[test]
    fn what_is_made_when_it_is_asked_for_is_what_is_made_at_once() {
        let calendar = crate::nyse_calendar(2026, 2026);
        let options = SyntheticOptions { symbols: 30, sessions: 2, ..SyntheticOptions::default() };
        let market = SyntheticMarket::new(3, options);
        let whole = market.generate(&calendar).expect("a market");
        let (trade, past) = market.generate_with_past(&calendar).expect("a market");
        assert_eq!(trade, whole.trade);
        let before: Vec<_> = whole.warmup.sessions().iter().map(|session| session.session()).collect();
        assert_eq!(past.sessions(), before);
        for (symbol, name) in whole.warmup.symbols().iter() {
            let expect: Vec<Bar> = whole.warmup.iter().filter(|bar| bar.symbol == symbol).copied().collect();
            assert_eq!(past.bars(symbol, Timestamp::MIN, Timestamp::MAX), expect, "{name}");
            let (from, to) = (before[4].open + Span::from_minutes(3), before[5].open + Span::from_minutes(2));
            let within: Vec<Bar> = expect.into_iter().filter(|bar| from <= bar.start && bar.start < to).collect();
            assert_eq!(past.bars(symbol, from, to), within, "{name}");
        }
    }
}
