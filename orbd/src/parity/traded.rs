//! A day as its journal tells it.

use std::collections::BTreeMap;
use std::sync::Arc;

use orb_core::effect::Effect;
use orb_core::event::{Event, MarketData, Outcome, SymbolReference};
use orb_core::fact::{Decision, Fact, SessionRecord, Signal, Trade};
use orb_core::order::AttemptId;
use orb_core::{Bar, Calendar, Date, RunConfig, Session, Span, StrategyId, SymbolId, SymbolTable};

use super::ParityError;
use super::bars::PackedBars;
use crate::journal::{Entry, Header};
use crate::replay::{JournalDay, ReplayError, run_config};
use crate::store::Reader;

/// Holds a day's inputs and what became of it; numbers are of the last start's tables.
#[derive(Debug)]
pub(super) struct TradedDay {
    pub(super) build: String,
    pub(super) run: RunConfig,
    pub(super) symbols: Arc<SymbolTable>,
    pub(super) calendar: Arc<Calendar>,
    pub(super) bar_length: Span,
    pub(super) session: Session,
    pub(super) reference: Vec<SymbolReference>,
    /// Those of the session.
    pub(super) bars: PackedBars,
    pub(super) signals: BTreeMap<AttemptId, Signal>,
    pub(super) trades: BTreeMap<AttemptId, Trade>,
    pub(super) decisions: BTreeMap<AttemptId, Decision>,
}

impl TradedDay {
    /// Reads a day from a ledger's journal.
    pub(super) fn read(reader: &Reader, date: Date) -> Result<Self, ParityError> {
        let journal = JournalDay::open(reader, date)?;
        let span = journal.span();
        let mut told = Told::default();
        for batch in journal {
            let batch = batch?;
            if let Some(header) = batch.header {
                told.rename(header);
            }
            let of_day = batch.entries.into_iter().filter(|entry| (span.first..=span.last).contains(&entry.sequence));
            of_day.for_each(|entry| told.take(date, entry));
        }
        told.finish(date, reader.ledger_id())
    }
}

/// What has been told so far.
#[derive(Debug, Default)]
struct Told {
    header: Header,
    record: Option<SessionRecord>,
    reference: Vec<SymbolReference>,
    bars: PackedBars,
    signals: BTreeMap<AttemptId, Signal>,
    trades: BTreeMap<AttemptId, Trade>,
    decisions: BTreeMap<AttemptId, Decision>,
}

impl Told {
    /// Takes the tables of another start; what it does not know any more is left out.
    fn rename(&mut self, header: Header) {
        let before = core::mem::replace(&mut self.header, header);
        if (&before.symbols, &before.strategies) == (&self.header.symbols, &self.header.strategies) {
            return;
        }
        let (symbols, strategies) = (&self.header.symbols, &self.header.strategies);
        let symbol = |id: SymbolId| symbols.id(before.symbols.name(id));
        let strategy = |id: StrategyId| {
            let name = before.strategies.get(id.index())?;
            let place = strategies.iter().position(|other| other == name)?;
            u16::try_from(place).ok().map(StrategyId)
        };
        let attempt =
            |old: AttemptId| Some(AttemptId { strategy: strategy(old.strategy)?, symbol: symbol(old.symbol)?, ..old });
        self.bars.rename(symbol);
        macro_rules! renamed {
            ($($list:ident),+) => {
                $(self.$list = core::mem::take(&mut self.$list)
                    .into_iter()
                    .filter_map(|(old, mut fact)| {
                        fact.attempt = attempt(old)?;
                        Some((fact.attempt, fact))
                    })
                    .collect();)+
            };
        }
        renamed!(signals, trades, decisions);
        // It is told again after every start.
        self.reference.clear();
    }

    fn take(&mut self, date: Date, entry: Entry) {
        let count = self.header.symbols.len();
        let is_known = |bar: &&Bar| bar.symbol.index() < count;
        match entry.event {
            Event::Market(_, MarketData::Bars(bars)) | Event::Outcome(_, Outcome::Bars(bars)) => {
                // What came first was traded on; what history says later may differ by corrections.
                bars.iter().filter(is_known).for_each(|bar| self.bars.add(bar));
            }
            Event::Market(_, MarketData::Correction(bar)) => {
                if is_known(&&bar) {
                    self.bars.correct(&bar);
                }
            }
            Event::Reference(reference) if reference.date == date => self.reference = reference.symbols,
            Event::Reference(_)
            | Event::Market(_, MarketData::Trade { .. } | MarketData::Quote { .. } | MarketData::Halt { .. })
            | Event::Order(_)
            | Event::Snapshot(_)
            | Event::Outcome(..)
            | Event::Command(_)
            | Event::Limits(_)
            | Event::Feed(_)
            | Event::Wakeup => {}
        }
        for effect in entry.effects {
            if let Effect::Record(fact) = effect {
                self.note(date, fact);
            }
        }
    }

    /// Keeps the latest state of what is of the day.
    fn note(&mut self, date: Date, fact: Fact) {
        match fact {
            Fact::Session(session) if session.date == date => self.record = Some(session),
            Fact::Signal(signal) if signal.attempt.date == date => drop(self.signals.insert(signal.attempt, signal)),
            Fact::Trade(trade) if trade.attempt.date == date => drop(self.trades.insert(trade.attempt, trade)),
            Fact::Decision(decision) if decision.attempt.date == date => {
                drop(self.decisions.insert(decision.attempt, decision));
            }
            Fact::Session(_)
            | Fact::Signal(_)
            | Fact::Order(_)
            | Fact::Fill(_)
            | Fact::Trade(_)
            | Fact::Decision(_)
            | Fact::Explained(_)
            | Fact::Hold(_)
            | Fact::Closing(_)
            | Fact::Limits(_)
            | Fact::StrategyStop(_)
            | Fact::Alarm(_) => {}
        }
    }

    fn finish(mut self, date: Date, ledger: &str) -> Result<TradedDay, ParityError> {
        let no_session = || ParityError::NoSession { ledger: ledger.to_owned(), date };
        let no_setup = || ReplayError::NoSetup { build: self.header.build.clone() };
        let start = self.header.start.as_ref().ok_or_else(no_setup)?;
        let record = self.record.ok_or_else(no_session)?;
        if self.reference.len() != self.header.symbols.len() {
            return Err(no_session());
        }
        let session = Session { date, open: record.open, close: record.close };
        let mut run = run_config(&self.header)?;
        run.initial_equity = record.equity_open;
        self.bars.retain(|start| session.contains(start));
        let (calendar, bar_length) = (Arc::clone(&start.calendar), start.bar_length);
        Ok(TradedDay {
            run,
            calendar,
            bar_length,
            session,
            build: self.header.build,
            symbols: Arc::new(self.header.symbols),
            reference: self.reference,
            bars: self.bars,
            signals: self.signals,
            trades: self.trades,
            decisions: self.decisions,
        })
    }
}
