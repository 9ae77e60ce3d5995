//! Everything that happens to each symbol, as a function of time.
//!
//! Nothing is recorded while time passes: trades, quotes and bars of any moment follow from the bars, the path inside
//! them or the trades that were recorded, the halts and the market's faults. So what the streams showed and what history
//! answers is the same.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use orb_core::{Bar, Calendar, Date, Price, Session, Span, SymbolId, SymbolTable, Timestamp};
use orb_data::synthetic::SyntheticPast;
use orb_data::trades::Trade as RecordedTrade;

use super::halt::Halt;
use super::path::{PathConfig, Print, Quote};
use super::revision::{Revision, TradeUpdate};
use super::source::Material;
use super::timeframe::{TapeBar, Timeframe, aggregate};
use super::timeline::CORRECTION_DELAY;
use crate::faults::MarketFaults;

const MINUTE: Span = Span::from_minutes(1);

/// Knows everything that happens on the market.
#[derive(Debug)]
pub(crate) struct Tape {
    symbols: Arc<SymbolTable>,
    calendar: Arc<Calendar>,
    bar_length: Span,
    by_symbol: Vec<Vec<Bar>>,
    /// Days before that are made when they are asked for; `None` where all bars are there.
    past: Option<SyntheticPast>,
    /// The trades that were recorded, by symbol and in order of time.
    recorded: Vec<Vec<RecordedTrade>>,
    sessions: Vec<Session>,
    path: PathConfig,
    /// Time from the end of a bar until it is known.
    bar_delay: Span,
    halts: Vec<Halt>,
    /// By the trade that they are about.
    revisions: BTreeMap<TradeKey, Revision>,
    faults: MarketFaults,
    /// Daily bars of the days before the first one to play, by symbol; made when they are first asked for.
    days_before: Vec<OnceLock<Vec<TapeBar>>>,
}

/// Represents a trade with its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trade {
    /// Unique within a symbol and day.
    pub(crate) id: i64,
    pub(crate) print: Print,
}

/// Tells of the last session of a symbol that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PreviousSession {
    pub(crate) date: Date,
    pub(crate) close: Price,
    /// Its low was at 90% of the close before it, or below (rule 201); false where that close is not known.
    pub(crate) restricts_short_sales: bool,
}

/// Names a trade: whose, when, and its number.
type TradeKey = (SymbolId, Timestamp, i64);

const fn key_of(symbol: SymbolId, trade: &Trade) -> TradeKey {
    (symbol, trade.print.at, trade.id)
}

/// Says what else shapes a tape.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TapeOptions {
    pub(crate) path: PathConfig,
    pub(crate) bar_delay: Span,
    /// A hole in a symbol's bars of at least this length is a halt; `None` for none.
    pub(crate) halts_from_holes: Option<Span>,
}

impl Tape {
    pub(crate) fn new(material: Material, options: TapeOptions, faults: MarketFaults) -> Self {
        let by_symbol = by_symbol(material.symbols.len(), material.bars);
        let mut tape = Self {
            days_before: by_symbol.iter().map(|_| OnceLock::new()).collect(),
            symbols: Arc::new(material.symbols),
            calendar: Arc::new(material.calendar),
            bar_length: material.bar_length,
            by_symbol,
            past: material.past,
            recorded: material.trades,
            sessions: material.sessions,
            path: options.path,
            bar_delay: options.bar_delay,
            halts: Vec::new(),
            revisions: BTreeMap::new(),
            faults,
        };
        tape.halts = tape.all_halts(options.halts_from_holes);
        tape.revisions = tape.all_revisions();
        tape
    }

    fn all_halts(&self, from_holes: Option<Span>) -> Vec<Halt> {
        let mut halts = self.faults.halts(&self.symbols, &self.sessions);
        if let Some(least) = from_holes {
            for session in &self.sessions {
                halts.extend(self.symbols.iter().flat_map(|(id, _)| self.holes(id, session, least)));
            }
        }
        halts.sort_by_key(|halt| (halt.from, halt.symbol));
        halts
    }

    /// Finds the trades of which the plan says that they are corrected or taken back; each is only once.
    fn all_revisions(&self) -> BTreeMap<TradeKey, Revision> {
        let mut revisions = BTreeMap::new();
        for plan in self.faults.revisions(&self.symbols, &self.sessions) {
            let Some(original) = self.last_print(plan.symbol, plan.at - Span::from_micros(1)) else { continue };
            if original.print.at >= plan.since {
                let revision = || Revision::of(&plan, original);
                revisions.entry(key_of(plan.symbol, &original)).or_insert_with(revision);
            }
        }
        revisions
    }

    fn holes(&self, symbol: SymbolId, session: &Session, least: Span) -> Vec<Halt> {
        let bars = self.source_bars(symbol, session.open, session.close);
        let hole = |pair: &[Bar]| {
            let (from, to) = (pair[0].start + self.bar_length, pair[1].start);
            let reason = super::HaltReason::default();
            (to - from >= least).then_some(Halt { symbol, from, to, reason })
        };
        bars.windows(2).filter_map(hole).collect()
    }

    pub(crate) const fn symbols(&self) -> &Arc<SymbolTable> {
        &self.symbols
    }

    pub(crate) const fn calendar(&self) -> &Arc<Calendar> {
        &self.calendar
    }

    pub(crate) const fn bar_length(&self) -> Span {
        self.bar_length
    }

    pub(crate) fn sessions(&self) -> &[Session] {
        &self.sessions
    }

    pub(crate) fn halts(&self) -> &[Halt] {
        &self.halts
    }

    pub(crate) fn revisions(&self) -> impl Iterator<Item = &Revision> {
        self.revisions.values()
    }

    pub(crate) const fn faults(&self) -> &MarketFaults {
        &self.faults
    }

    /// Returns the bars that start in an interval, its end excluded, as they are in the source.
    pub(crate) fn source_bars(&self, symbol: SymbolId, from: Timestamp, to: Timestamp) -> Cow<'_, [Bar]> {
        let bars = &self.by_symbol[symbol.index()];
        let first = bars.partition_point(|bar| bar.start < from);
        let last = bars.partition_point(|bar| bar.start < to);
        let here = &bars[first.min(last)..last];
        let mut made = self.past.as_ref().map_or_else(Vec::new, |past| past.bars(symbol, from, to));
        if made.is_empty() {
            return Cow::Borrowed(here);
        }
        made.extend_from_slice(here);
        Cow::Owned(made)
    }

    /// Returns the trades inside a bar that take place, as they are published then.
    pub(crate) fn trades_in(&self, bar: &Bar) -> Vec<Trade> {
        if self.faults.is_missing(&self.symbols, bar) {
            return Vec::new();
        }
        // Bars of a day have starts that differ in the minute, and a minute has far fewer than a million trades.
        let first = bar.start.micros().div_euclid(MINUTE.micros()).rem_euclid(1_000_000) * 1_000_000 + 1;
        let trades = (first..).zip(self.prints_in(bar)).map(|(id, print)| Trade { id, print });
        trades.filter(|trade| !self.is_halted(bar.symbol, trade.print.at)).collect()
    }

    /// Returns the recorded trades of a bar's time, or those of the path inside it where there are none.
    fn prints_in(&self, bar: &Bar) -> Vec<Print> {
        let all = &self.recorded[bar.symbol.index()];
        let cut = |at| all.partition_point(|trade| trade.at < at);
        match &all[cut(bar.start)..cut(bar.start + self.bar_length)] {
            [] => self.path.walk(bar, self.bar_length),
            recorded => recorded.iter().map(|&RecordedTrade { at, price, size }| Print { at, price, size }).collect(),
        }
    }

    fn revision_of(&self, symbol: SymbolId, trade: &Trade) -> Option<&Revision> {
        if self.revisions.is_empty() { None } else { self.revisions.get(&key_of(symbol, trade)) }
    }

    /// Returns from when on bars are what a revision makes of them: at once where it becomes known before the bar is
    /// published, else when the updated bar is.
    pub(crate) fn in_bars_from(&self, revision: &Revision) -> Timestamp {
        if revision.at < self.publication_of(&revision.original) { revision.at } else { revision.at + CORRECTION_DELAY }
    }

    /// Returns when the minute's bar is published in which a trade lies.
    fn publication_of(&self, trade: &Trade) -> Timestamp {
        let into_minute = trade.print.at.micros().rem_euclid(MINUTE.micros());
        trade.print.at - Span::from_micros(into_minute) + MINUTE + self.bar_delay
    }

    /// Returns the trades that make a bar as it is known at an instant; `None` for when each minute is published.
    pub(crate) fn trades_of_bar(&self, bar: &Bar, now: Option<Timestamp>) -> Vec<Trade> {
        self.trades_in(bar).into_iter().filter_map(|trade| self.as_in_bars(bar.symbol, trade, now)).collect()
    }

    fn as_in_bars(&self, symbol: SymbolId, trade: Trade, now: Option<Timestamp>) -> Option<Trade> {
        let Some(revision) = self.revision_of(symbol, &trade) else { return Some(trade) };
        let now = now.unwrap_or_else(|| self.publication_of(&trade));
        if self.in_bars_from(revision) <= now { revision.corrected } else { Some(trade) }
    }

    /// Tells whether a symbol's trading is halted at an instant.
    pub(crate) fn is_halted(&self, symbol: SymbolId, at: Timestamp) -> bool {
        self.halts.iter().any(|halt| halt.symbol == symbol && halt.contains(at))
    }

    /// Returns the quote that stands with a trade.
    pub(crate) fn quote_at(&self, symbol: SymbolId, print: &Print) -> Quote {
        self.faults.quote(self.symbols.name(symbol), print.at, self.path.quote(print.price))
    }

    /// Returns the minute bars inside a bar of the source: what its trades make.
    pub(crate) fn minutes_of(&self, bar: &Bar, trades: &[Trade]) -> Vec<TapeBar> {
        let mut minutes: BTreeMap<Timestamp, TapeBar> = BTreeMap::new();
        for Trade { print, .. } in trades {
            let within = (print.at - bar.start).micros();
            let start = bar.start + Span::from_micros(within - within % MINUTE.micros());
            let alone = TapeBar {
                start,
                open: print.price,
                high: print.price,
                low: print.price,
                close: print.price,
                volume: print.size,
                trades: 1,
                turnover_micros: i128::from(print.price.micros()) * i128::from(print.size),
            };
            minutes.entry(start).and_modify(|minute| *minute = minute.and(&alone)).or_insert(alone);
        }
        let mut minutes: Vec<TapeBar> = minutes.into_values().collect();
        if let [only] = minutes.as_mut_slice() {
            // Of a bar with fewer shares than turning points, the prints have more shares than the bar.
            only.volume = only.volume.min(bar.volume);
        }
        minutes
    }

    /// Returns the minute bars of a symbol that start in an interval, its end excluded, and are known at an instant.
    pub(crate) fn minutes(&self, symbol: SymbolId, from: Timestamp, to: Timestamp, now: Timestamp) -> Vec<TapeBar> {
        let (length, first) = (self.bar_length, self.sessions[0].open);
        let before = self.source_bars(symbol, from - length, to.min(first));
        let mut minutes: Vec<TapeBar> = before.iter().flat_map(|bar| self.minutes_before(bar)).collect();
        for bar in self.source_bars(symbol, (from - length).max(first), to.max(first)).iter() {
            if bar.start + MINUTE + self.bar_delay > now {
                break;
            }
            minutes.extend(self.minutes_of(bar, &self.trades_of_bar(bar, Some(now))));
        }
        let name = self.symbols.name(symbol);
        minutes.retain(|bar| from <= bar.start && bar.start < to && bar.start + MINUTE + self.bar_delay <= now);
        minutes.into_iter().map(|bar| self.faults.corrected_at(name, bar, self.known_at(&bar), now)).collect()
    }

    /// Returns the daily bars of a symbol in the days before the first one to play.
    pub(crate) fn days_before(&self, symbol: SymbolId) -> &[TapeBar] {
        self.days_before[symbol.index()].get_or_init(|| {
            let bars = self.source_bars(symbol, Timestamp::MIN, self.sessions[0].open);
            aggregate(bars.iter().flat_map(|bar| self.minutes_before(bar)), Timeframe::Day)
        })
    }

    /// Returns the minute bars inside a bar of a day before the first one to play.
    ///
    /// Nobody saw the trades of such a day. Where it has a bar for a minute, that bar is told without walking through
    /// it, which for thousands of symbols would take minutes: with a trade for every hundred shares, at the mean of its
    /// four prices.
    fn minutes_before(&self, bar: &Bar) -> Vec<TapeBar> {
        let is_plain = self.bar_length == MINUTE && self.halts.is_empty() && self.revisions.is_empty();
        if !is_plain || !self.recorded[bar.symbol.index()].is_empty() {
            return self.minutes_of(bar, &self.trades_in(bar));
        }
        if self.faults.is_missing(&self.symbols, bar) {
            return Vec::new();
        }
        let sum: i128 = [bar.open, bar.high, bar.low, bar.close].iter().map(|price| i128::from(price.micros())).sum();
        vec![TapeBar {
            start: bar.start,
            open: bar.open,
            high: bar.high,
            low: bar.low,
            close: bar.close,
            volume: bar.volume,
            trades: bar.volume.div_ceil(100),
            turnover_micros: sum * i128::from(bar.volume) / 4,
        }]
    }

    /// Returns when a minute bar is known.
    pub(crate) fn known_at(&self, bar: &TapeBar) -> Timestamp {
        bar.start + MINUTE + self.bar_delay
    }

    /// Returns the trades of a symbol in an interval, both ends included, that have happened at an instant, as they were
    /// published.
    pub(crate) fn trades(&self, symbol: SymbolId, from: Timestamp, to: Timestamp, now: Timestamp) -> Vec<Trade> {
        let to = to.min(now);
        if to < from {
            return Vec::new();
        }
        let bars = self.source_bars(symbol, from - self.bar_length, just_after(to));
        let all = bars.iter().flat_map(|bar| self.trades_in(bar));
        all.filter(|trade| from <= trade.print.at && trade.print.at <= to).collect()
    }

    /// Returns the trades of an interval as they are known at an instant: with a word on those that were corrected or
    /// taken back, each followed by its correction.
    pub(crate) fn trades_known(
        &self,
        symbol: SymbolId,
        (from, to): (Timestamp, Timestamp),
        now: Timestamp,
    ) -> Vec<(Trade, Option<TradeUpdate>)> {
        let mut known = Vec::new();
        for trade in self.trades(symbol, from, to, now) {
            match self.revision_of(symbol, &trade).filter(|revision| revision.at <= now) {
                None => known.push((trade, None)),
                Some(Revision { corrected: None, .. }) => known.push((trade, Some(TradeUpdate::Canceled))),
                Some(Revision { corrected: Some(corrected), .. }) => {
                    known.push((trade, Some(TradeUpdate::Incorrect)));
                    known.push((*corrected, Some(TradeUpdate::Corrected)));
                }
            }
        }
        known
    }

    /// Returns the last trade at or before an instant, as it was published; `None` when there was none yet.
    pub(crate) fn last_print(&self, symbol: SymbolId, now: Timestamp) -> Option<Trade> {
        self.find_last(symbol, now, Some)
    }

    /// Returns the last trade at or before an instant that is valid as far as is known then; `None` when there is none.
    pub(crate) fn last_trade(&self, symbol: SymbolId, now: Timestamp) -> Option<Trade> {
        let valid = |trade: Trade| match self.revision_of(symbol, &trade).filter(|revision| revision.at <= now) {
            Some(revision) => revision.corrected,
            None => Some(trade),
        };
        self.find_last(symbol, now, valid)
    }

    fn find_last<T>(&self, symbol: SymbolId, now: Timestamp, choose: impl Fn(Trade) -> Option<T>) -> Option<T> {
        let latest = |bar: &Bar| {
            let trades = self.trades_in(bar).into_iter().rev().filter(|trade| trade.print.at <= now);
            trades.into_iter().find_map(&choose)
        };
        self.find_latest(symbol, just_after(now), latest)
    }

    /// Returns what is known of the last session before an instant in which a symbol has bars and which was over then;
    /// `None` when there is none.
    pub(crate) fn previous_session(&self, symbol: SymbolId, before: Timestamp) -> Option<PreviousSession> {
        let next = self.calendar.sessions().iter().find(|session| session.close > before);
        let bars = self.source_bars(symbol, Timestamp::MIN, next.map_or(before, |session| session.open));
        let last = bars.last()?;
        let session = self.calendar.session_at(last.start)?;
        let (earlier, of_session) = bars.split_at(bars.partition_point(|bar| bar.start < session.open));
        let low = of_session.iter().map(|bar| bar.low).min()?;
        let is_low = |close: Price| i128::from(low.micros()) * 10 <= i128::from(close.micros()) * 9;
        let restricts_short_sales = earlier.last().is_some_and(|bar| is_low(bar.close));
        Some(PreviousSession { date: session.date, close: last.close, restricts_short_sales })
    }

    /// Returns the last minute bar that is known at an instant; `None` when there is none yet.
    pub(crate) fn last_minute(&self, symbol: SymbolId, now: Timestamp) -> Option<TapeBar> {
        let latest = |bar: &Bar| self.minutes(symbol, bar.start, bar.start + self.bar_length, now).pop();
        self.find_latest(symbol, now, latest)
    }

    /// Looks for the latest bar before an instant that gives something: in the sessions to play, then in those before.
    fn find_latest<T>(&self, symbol: SymbolId, to: Timestamp, choose: impl Fn(&Bar) -> Option<T>) -> Option<T> {
        let first = self.sessions[0].open;
        let played = self.source_bars(symbol, first, to);
        let found = played.iter().rev().find_map(&choose);
        found.or_else(|| self.source_bars(symbol, Timestamp::MIN, to.min(first)).iter().rev().find_map(&choose))
    }
}

/// Deals bars out to their symbols; each list has no more room than it needs.
fn by_symbol(symbols: usize, bars: Vec<Bar>) -> Vec<Vec<Bar>> {
    let mut counts = vec![0; symbols];
    bars.iter().for_each(|bar| counts[bar.symbol.index()] += 1);
    let mut by_symbol: Vec<Vec<Bar>> = counts.into_iter().map(Vec::with_capacity).collect();
    for bar in bars {
        by_symbol[bar.symbol.index()].push(bar);
    }
    by_symbol
}

/// Returns the first instant after one, so that what happens at it is not left out.
fn just_after(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.micros().saturating_add(1))
}
