//! What happens on the market, in order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use orb_core::{Price, Session, Span, SymbolId, Timestamp};

use super::halt::HaltReason;
use super::path::{Print, Quote};
use super::revision::Revision;
use super::tape::{Tape, Trade};
use super::timeframe::{TapeBar, midnight};

/// Time from a bar's publication to that of its correction.
pub(crate) const CORRECTION_DELAY: Span = Span::from_seconds(30);

const MINUTE: Span = Span::from_minutes(1);

/// Tells one thing that happens on the market.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum MarketEvent {
    Trade(SymbolId, Trade),
    Quote(SymbolId, Quote),
    /// A minute's bar is published.
    Bar(SymbolId, TapeBar),
    /// A published bar is corrected.
    Updated(SymbolId, TapeBar),
    /// The day's bar so far is published.
    Daily(SymbolId, TapeBar),
    Halt(SymbolId, HaltReason),
    Resume(SymbolId, HaltReason),
    /// A trade that was published is corrected or taken back.
    Revised(Revision),
    /// The price's bands, from lower to upper.
    Bands(SymbolId, Price, Price),
    /// A session and what follows it are over; nothing happens until an instant, `None` when nothing happens ever.
    Over(Option<Timestamp>),
}

/// What the timeline remembers of a symbol.
#[derive(Clone, Copy, Debug, Default)]
struct Recent {
    quote: Option<Quote>,
    day: Option<TapeBar>,
    bands_around: Option<Price>,
}

/// Puts the tape into order, an interval of bars at a time.
#[derive(Debug)]
pub(crate) struct Timeline {
    tape: Arc<Tape>,
    sessions: VecDeque<Session>,
    /// Start of the next interval to put into order.
    next_interval: Option<Timestamp>,
    due: BTreeMap<(Timestamp, u64), MarketEvent>,
    next_number: u64,
    recent: Vec<Recent>,
    lead: Span,
    bands_percent: i64,
}

/// Time after a session's close in which orders and bars still come to rest.
pub(crate) const AFTER_CLOSE: Span = Span::from_minutes(5);

impl Timeline {
    /// Makes the timeline; `lead` is the time before an open at which a session begins for clients.
    pub(crate) fn new(tape: Arc<Tape>, lead: Span) -> Self {
        let sessions: VecDeque<Session> = tape.sessions().iter().copied().collect();
        let next_interval = sessions.front().map(|session| session.open);
        let recent = vec![Recent::default(); tape.symbols().len()];
        let mut timeline = Self {
            tape,
            sessions,
            next_interval,
            due: BTreeMap::new(),
            next_number: 0,
            recent,
            lead,
            bands_percent: 5,
        };
        timeline.schedule_halts();
        timeline.schedule_revisions();
        timeline
    }

    /// Returns when the next thing happens; `None` when nothing does any more.
    pub(crate) fn next_at(&mut self) -> Option<Timestamp> {
        while let Some(next) = self.next_interval
            && self.due.first_key_value().is_none_or(|((at, _), _)| *at >= next)
        {
            self.fill(next);
        }
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the next thing that happens at or before an instant.
    pub(crate) fn next_until(&mut self, now: Timestamp) -> Option<(Timestamp, MarketEvent)> {
        if self.next_at()? > now {
            return None;
        }
        self.due.pop_first().map(|((at, _), event)| (at, event))
    }

    fn push(&mut self, at: Timestamp, event: MarketEvent) {
        self.due.insert((at, self.next_number), event);
        self.next_number += 1;
    }

    fn schedule_halts(&mut self) {
        let tape = Arc::clone(&self.tape);
        for halt in tape.halts() {
            self.push(halt.from, MarketEvent::Halt(halt.symbol, halt.reason));
            self.push(halt.to, MarketEvent::Resume(halt.symbol, halt.reason));
        }
    }

    fn schedule_revisions(&mut self) {
        let tape = Arc::clone(&self.tape);
        for revision in tape.revisions() {
            self.push(revision.at, MarketEvent::Revised(*revision));
            let at = tape.in_bars_from(revision);
            let into_minute = revision.original.print.at.micros().rem_euclid(MINUTE.micros());
            let start = revision.original.print.at - Span::from_micros(into_minute);
            // A bar that was published as it is now needs no update, and one without a trade left cannot be told.
            if at > revision.at
                && let Some(bar) = tape.minutes(revision.symbol, start, start + MINUTE, at).pop()
            {
                self.push(at, MarketEvent::Updated(revision.symbol, bar));
            }
        }
    }

    /// Puts the bars of one start into order and goes on to the next interval.
    fn fill(&mut self, start: Timestamp) {
        let Some(session) = self.sessions.front().copied() else {
            self.next_interval = None;
            return;
        };
        let tape = Arc::clone(&self.tape);
        let mut prints: Vec<(Timestamp, SymbolId, Trade)> = Vec::new();
        let mut minutes: Vec<(SymbolId, TapeBar)> = Vec::new();
        for (symbol, _) in tape.symbols().iter() {
            let at_start = tape.source_bars(symbol, start, start + Span::from_micros(1));
            let Some(bar) = at_start.first() else { continue };
            let trades = tape.trades_in(bar);
            let known = tape.trades_of_bar(bar, None);
            minutes.extend(tape.minutes_of(bar, &known).into_iter().map(|minute| (symbol, minute)));
            prints.extend(trades.into_iter().map(|trade| (trade.print.at, symbol, trade)));
        }
        prints.sort_by_key(|(at, symbol, trade)| (*at, *symbol, trade.id));
        prints.into_iter().for_each(|(at, symbol, trade)| self.print(at, symbol, trade));
        minutes.sort_by_key(|(symbol, minute)| (minute.start, *symbol));
        minutes.iter().for_each(|(symbol, minute)| self.publish(*symbol, minute, session));
        self.go_on(session, start);
    }

    fn go_on(&mut self, session: Session, start: Timestamp) {
        let next = start + self.tape.bar_length();
        if next < session.close {
            self.next_interval = Some(next);
            return;
        }
        self.sessions.pop_front();
        self.recent.iter_mut().for_each(|recent| recent.day = None);
        self.next_interval = self.sessions.front().map(|session| session.open);
        let resume_at = self.next_interval.map(|open| open - self.lead);
        self.push(session.close + AFTER_CLOSE, MarketEvent::Over(resume_at));
    }

    fn print(&mut self, at: Timestamp, symbol: SymbolId, trade: Trade) {
        let print = Print { at, ..trade.print };
        let quote = self.tape.quote_at(symbol, &print);
        let recent = &mut self.recent[symbol.index()];
        if recent.quote != Some(quote) {
            recent.quote = Some(quote);
            self.push(at, MarketEvent::Quote(symbol, quote));
        }
        self.push(at, MarketEvent::Trade(symbol, trade));
    }

    fn publish(&mut self, symbol: SymbolId, minute: &TapeBar, session: Session) {
        let at = self.tape.known_at(minute);
        self.push(at, MarketEvent::Bar(symbol, *minute));
        let recent = &mut self.recent[symbol.index()];
        let day = recent.day.map_or(TapeBar { start: midnight(session.date), ..*minute }, |day| day.and(minute));
        recent.day = Some(day);
        let has_moved =
            recent.bands_around.is_none_or(|around| around.distance(minute.close).micros() * 100 >= around.micros());
        self.push(at, MarketEvent::Daily(symbol, day));
        if has_moved {
            self.recent[symbol.index()].bands_around = Some(minute.close);
            let width = minute.close.micros() * self.bands_percent / 100;
            let (lower, upper) = (minute.close.offset(-width), minute.close.offset(width));
            let round = orb_core::side::round_half_up;
            self.push(at, MarketEvent::Bands(symbol, round(lower), round(upper)));
        }
        let name = self.tape.symbols().name(symbol).clone();
        if let Some(corrected) = self.tape.faults().correction(&name, minute) {
            self.push(at + CORRECTION_DELAY, MarketEvent::Updated(symbol, corrected));
        }
    }
}

#[cfg(test)]
#[expect(clippy::wildcard_enum_match_arm, reason = "a test looks at some events")]
mod tests {
    use super::*;
    use crate::market::rig::{DELAY, minute, session, tape};

    fn all(plan: &str) -> Vec<(Timestamp, MarketEvent)> {
        let mut timeline = Timeline::new(Arc::new(tape(plan)), Span::from_minutes(5));
        std::iter::from_fn(|| timeline.next_until(Timestamp::MAX)).collect()
    }

    #[test]
    fn everything_comes_in_order_and_ends() {
        let all = all("");
        assert!(all.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        assert_eq!(all.last(), Some(&(session().close + AFTER_CLOSE, MarketEvent::Over(None))));
    }

    #[test]
    fn a_quote_comes_before_its_trade_and_lies_around_it() {
        let mut quotes = [None; 2];
        for (_, event) in all("") {
            match event {
                MarketEvent::Quote(symbol, quote) => quotes[symbol.index()] = Some(quote),
                MarketEvent::Trade(symbol, trade) => {
                    let quote = quotes[symbol.index()].expect("a quote comes first");
                    assert!(quote.bid < trade.print.price && trade.print.price < quote.ask);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn the_bars_that_are_published_are_those_of_the_source() {
        let bars: Vec<_> = all("")
            .into_iter()
            .filter_map(|(at, event)| match event {
                MarketEvent::Bar(symbol, bar) => Some((at, symbol, bar)),
                _ => None,
            })
            .collect();
        let tape = tape("");
        assert_eq!(bars.len(), 12 + 6);
        for (at, symbol, bar) in bars {
            let source = tape.source_bars(symbol, bar.start, bar.start + Span::from_micros(1))[0];
            assert_eq!((bar.open, bar.high, bar.low, bar.close), (source.open, source.high, source.low, source.close));
            assert_eq!((bar.volume, at), (source.volume, bar.start + Span::from_minutes(1) + DELAY));
        }
    }

    #[test]
    fn a_hole_is_a_halt_from_the_last_bar_to_the_next() {
        let halts: Vec<_> = all("")
            .into_iter()
            .filter(|(_, event)| matches!(event, MarketEvent::Halt(..) | MarketEvent::Resume(..)))
            .collect();
        let times: Vec<_> = halts.iter().map(|(at, _)| *at).collect();
        assert_eq!(times, [minute(3), minute(9)]);
    }

    #[test]
    fn a_correction_follows_its_bar() {
        let plan = "[[market]]\nfault = { stretched_cents = 3 }\nsymbol = 'AAA'\nat = '09:32:00'";
        let updated: Vec<_> = all(plan)
            .into_iter()
            .filter_map(|(at, event)| match event {
                MarketEvent::Updated(_, bar) => Some((at, bar)),
                _ => None,
            })
            .collect();
        let [(at, bar)] = updated.as_slice() else { panic!("{updated:?}") };
        assert_eq!(*at, minute(3) + DELAY + CORRECTION_DELAY);
        assert_eq!((bar.high.micros(), bar.low.micros()), (10_110_000, 9_940_000));
    }
}
