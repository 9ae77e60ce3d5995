//! What is known of symbols before a session, brought together from the tables.

use std::collections::BTreeMap;

use orb_core::config::RANGE_MINUTES;
use orb_core::event::SymbolReference;
use orb_core::history::{DaySummary, History, LOOKBACK, Split};
use orb_core::{Calendar, Date, Money, Price, Session, Span, Symbol, SymbolId};

use super::coverage::{Coverage, ThinFeed};
use super::name::Lineage;
use super::rows::{ActionKind, Asset, CorporateAction, DailyBar, OpeningVolume};
use crate::dataset::Feed;

/// Says what is to be known.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The session before whose open it is to be known.
    pub session: &'a Session,
    /// The symbols, by their names on that date, in any order; duplicates count once.
    pub symbols: &'a [Symbol],
    /// How many sessions of the calendar before it count: 16 for means of 14, more for Wilder's.
    pub sessions: usize,
}

impl Wanted<'_> {
    /// Returns the sessions before, the oldest first, with the position of the first in the calendar; none when the
    /// calendar does not have the session.
    #[must_use]
    pub fn past<'a>(&self, calendar: &'a Calendar) -> (usize, &'a [Session]) {
        let Some(index) = calendar.index_of(self.session.date) else { return (0, &[]) };
        let first = index.saturating_sub(self.sessions);
        (first, &calendar.sessions()[first..index])
    }
}

/// Holds rows of the tables, by date; rows of dates or symbols that are not needed do no harm.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    /// Days, by date and symbol.
    pub daily: BTreeMap<Date, BTreeMap<Symbol, DailyBar>>,
    /// Opening ranges, by date, symbol and minutes.
    pub openings: BTreeMap<Date, BTreeMap<(Symbol, u32), OpeningVolume>>,
    /// The active assets of the session's morning; empty when they are not known.
    pub assets: BTreeMap<Symbol, Asset>,
    /// Corporate actions of any dates.
    pub actions: Vec<CorporateAction>,
}

/// Holds what is known of symbols before a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The session's date.
    pub date: Date,
    /// Where all bars were recorded.
    pub feed: Feed,
    /// What is known of each symbol that was asked for, by its name on that date.
    pub symbols: BTreeMap<Symbol, Facts>,
}

/// Holds what is known of a symbol before a session, on the basis of that session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The broker's listing that morning; `None` when it is not active, or nothing is known of that morning.
    pub asset: Option<Asset>,
    /// The sessions before in which it traded, the oldest first.
    pub days: Vec<PastDay>,
    /// The opening ranges of the 14 calendar sessions before, the oldest first.
    pub openings: Vec<OpeningDay>,
    /// The splits that were applied to these, in order of date.
    pub splits: Vec<(Date, Split)>,
    /// What the engine takes: previous close, ATR14, sums of volumes, rule 201.
    pub engine: SymbolReference,
}

/// Sums up a past session on the basis of the session that is prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PastDay {
    /// Its date.
    pub date: Date,
    /// First price, dollars per share.
    pub open: Price,
    /// Highest price, dollars per share.
    pub high: Price,
    /// Lowest price, dollars per share.
    pub low: Price,
    /// Last price, dollars per share.
    pub close: Price,
    /// Shares.
    pub volume: u64,
}

/// Tells the volumes of a past session's opening ranges on the basis of the session that is prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpeningDay {
    /// Its date.
    pub date: Date,
    /// Shares in the range of each of [`RANGE_MINUTES`]; `None` where it is not complete or not known.
    pub volumes: [Option<u64>; RANGE_MINUTES.len()],
}

impl Facts {
    /// Returns the close of the session before; `None` when nothing is known.
    #[must_use]
    pub fn previous_close(&self) -> Option<Price> {
        self.engine.previous_close
    }

    /// Returns the mean of close times volume over the last 14 days that it traded, in dollars rounded down to the
    /// micro-dollar; `None` when there are fewer.
    #[must_use]
    pub fn dollar_volume(&self) -> Option<Money> {
        let latest = &self.days[self.days.len().checked_sub(LOOKBACK)?..];
        let sum: i128 = latest.iter().map(|day| i128::from(day.close.micros()) * i128::from(day.volume)).sum();
        Some(Money::from_micros(i64::try_from(sum / LOOKBACK as i128).unwrap_or(i64::MAX)))
    }
}

impl Reference {
    /// Brings rows together.
    #[must_use]
    pub fn of(wanted: &Wanted<'_>, feed: Feed, calendar: &Calendar, tables: &Tables) -> Self {
        let lineage = Lineage::of(&tables.actions);
        let (first, past) = wanted.past(calendar);
        let facts = |symbol: &Symbol| {
            let mut telling = Telling::new(symbol, wanted.session.date, tables, &lineage);
            for (index, session) in (first..).zip(past) {
                telling.session(index, session.date);
            }
            (symbol.clone(), telling.facts(first + past.len(), past))
        };
        Self { date: wanted.session.date, feed, symbols: wanted.symbols.iter().map(facts).collect() }
    }

    /// Counts how many opening ranges of a length are complete.
    #[must_use]
    pub fn coverage(&self, minutes: u32) -> Coverage {
        let Some(length) = RANGE_MINUTES.iter().position(|&one| one == minutes) else { return Coverage::default() };
        let mut coverage = Coverage { symbols: self.symbols.len() as u64, ..Coverage::default() };
        for facts in self.symbols.values() {
            let first = facts.openings.first().map(|opening| opening.date);
            coverage.ranges +=
                facts.days.iter().filter(|day| first.is_some_and(|first| first <= day.date)).count() as u64;
            coverage.complete += facts.openings.iter().filter(|day| day.volumes[length].is_some()).count() as u64;
            coverage.rankable += u64::from(facts.engine.opening_volume_sum14[length].is_some());
        }
        coverage
    }

    /// Refuses a feed that is too thin for relative volume over a range.
    ///
    /// # Errors
    /// Tells how many ranges are complete, and the remedy.
    pub fn check_feed(&self, minutes: u32) -> Result<(), ThinFeed> {
        self.coverage(minutes).check(self.feed, minutes)
    }

    /// Returns what the engine takes of each symbol of a table, in its order; of one that was not asked for, nothing.
    #[must_use]
    pub fn for_engine(&self, symbols: &orb_core::SymbolTable) -> Vec<SymbolReference> {
        let of = |(_, name): (SymbolId, &Symbol)| self.symbols.get(name).map(|facts| facts.engine).unwrap_or_default();
        symbols.iter().map(of).collect()
    }
}

/// Goes through the sessions of one symbol, the oldest first.
struct Telling<'a> {
    symbol: &'a Symbol,
    today: Date,
    tables: &'a Tables,
    lineage: &'a Lineage,
    history: History,
    facts: Facts,
    /// The session before; actions after it and up to the next are applied before that one.
    last: Option<Date>,
}

/// The only symbol of a history of one.
const ONLY: SymbolId = SymbolId(0);

impl<'a> Telling<'a> {
    fn new(symbol: &'a Symbol, today: Date, tables: &'a Tables, lineage: &'a Lineage) -> Self {
        let history = History::new(1, Span::from_minutes(1));
        Self { symbol, today, tables, lineage, history, facts: Facts::default(), last: None }
    }

    fn session(&mut self, index: usize, date: Date) {
        self.act(date);
        let Some(name) = self.lineage.name_at(self.symbol, self.today, date) else { return };
        let opening = self.tables.openings.get(&date);
        let volume = |minutes: u32| opening?.get(&(name.clone(), minutes))?.volume;
        let volumes = RANGE_MINUTES.map(volume);
        self.facts.openings.push(OpeningDay { date, volumes });
        let Some(day) = self.tables.daily.get(&date).and_then(|days| days.get(&name)) else { return };
        let DailyBar { open, high, low, close, volume, .. } = *day;
        self.facts.days.push(PastDay { date, open, high, low, close, volume });
        let summary = DaySummary { symbol: ONLY, high, low, close, volume, opening_volume: volumes };
        self.history.add_summaries(index, &[summary]);
    }

    /// Applies the actions that became effective after the last session and up to this one.
    fn act(&mut self, date: Date) {
        let Some(last) = self.last.replace(date) else { return };
        let names = [last, date].map(|at| self.lineage.name_at(self.symbol, self.today, at));
        let is_its = |action: &&CorporateAction| {
            last < action.date && action.date <= date && names.iter().flatten().any(|name| *name == action.symbol)
        };
        let mut done: Vec<&CorporateAction> = Vec::new();
        let tables = self.tables;
        for action in tables.actions.iter().filter(is_its) {
            // A list that was asked for twice tells of the same split twice.
            if !done.contains(&action) {
                self.apply(action);
                done.push(action);
            }
        }
    }

    fn apply(&mut self, action: &CorporateAction) {
        match action.kind {
            ActionKind::Split(split) => {
                self.history.split(ONLY, split);
                self.facts.days.iter_mut().for_each(|day| *day = day.split(split));
                let openings = self.facts.openings.iter_mut();
                openings.for_each(|day| day.volumes = day.volumes.map(|one| one.map(|volume| split.volume(volume))));
                self.facts.splits.push((action.date, split));
            }
            ActionKind::Unclear => {
                self.history.forget(ONLY);
                self.facts = Facts::default();
            }
            ActionKind::Rename { .. } => {}
        }
    }

    /// Sums up before the session at a position of the calendar.
    fn facts(mut self, index: usize, past: &[Session]) -> Facts {
        self.act(self.today);
        let first = past.iter().rev().nth(LOOKBACK - 1).map(|session| session.date);
        self.facts.openings.retain(|day| first.is_none_or(|first| first <= day.date));
        let asset = self.tables.assets.get(self.symbol).cloned();
        // Without any assets nothing is known of lending; with them, what is not among them is not lent.
        let unshortable = !self.tables.assets.is_empty() && !asset.as_ref().is_some_and(Asset::may_be_shorted);
        let engine = self.history.reference(index).first().copied().unwrap_or_default();
        let margins = asset.as_ref().map(|asset| (asset.margin_long, asset.margin_short));
        let (margin_long, margin_short) = margins.unwrap_or_default();
        Facts { asset, engine: SymbolReference { unshortable, margin_long, margin_short, ..engine }, ..self.facts }
    }
}

impl PastDay {
    fn split(self, split: Split) -> Self {
        Self {
            date: self.date,
            open: split.price(self.open),
            high: split.price(self.high),
            low: split.price(self.low),
            close: split.price(self.close),
            volume: split.volume(self.volume),
        }
    }
}
