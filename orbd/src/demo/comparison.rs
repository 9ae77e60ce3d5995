//! A demo's day beside the backtest of the same bars.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Context as _;
use orb_backtest::parity::{Day, Parity, Run};
use orb_backtest::{Backtest, FillModel, Report};
use orb_core::fact::{Decision, Trade};
use orb_core::order::AttemptId;
use orb_core::{StrategyId, Symbol};

use super::DemoSession;
use crate::store::{AttemptKey, DateRange, DecisionFilter, PageRequest, Reader};
use crate::summary;

/// Compares what was recorded of the day with its pessimistic backtest, and tells every difference with its reason.
pub(super) fn with_backtest(session: &DemoSession, reader: &Reader) -> anyhow::Result<String> {
    let parity = parity(session, reader)?;
    let mut text = String::from("\nbeside the pessimistic backtest of the same bars (ticks are against the trader):\n");
    for line in parity.lines(&session.market.symbols) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {line}");
    }
    Ok(text)
}

/// Compares what was recorded of the day with its pessimistic backtest.
pub(crate) fn parity(session: &DemoSession, reader: &Reader) -> anyhow::Result<Parity> {
    let expected = backtest(session);
    let names = Names::of(session);
    let trades = summary::all_trades(reader, session.date())?;
    let trades: Vec<Trade> = trades
        .into_iter()
        .filter_map(|row| Some(Trade { attempt: names.attempt(&row.attempt)?, ..row.trade }))
        .collect();
    let decisions = decisions(session, reader, &names)?;
    let day = &session.market.days[0];
    let bars = session.market.bars_of(day);
    let compared = Day { bars, bar_length: session.market.bar_length };
    let expected = Run { trades: &expected.trades, decisions: &expected.decisions };
    Ok(Parity::of(&compared, expected, Run { trades: &trades, decisions: &decisions }))
}

fn backtest(session: &DemoSession) -> Report {
    let config = crate::backtest::engine_config(&session.market, &session.run);
    let mut backtest = Backtest::new(config, FillModel::Pessimistic);
    let day = &session.market.days[0];
    backtest.run_session(&orb_backtest::SessionBars {
        session: &day.session,
        bars: session.market.bars_of(day),
        reference: &day.reference,
    });
    backtest.finish()
}

fn decisions(session: &DemoSession, reader: &Reader, names: &Names) -> anyhow::Result<Vec<Decision>> {
    let filter = DecisionFilter { dates: DateRange::day(session.date()), ..DecisionFilter::default() };
    let mut found = Vec::new();
    let mut page = PageRequest::first(1000);
    loop {
        let listed = reader.list_decisions(&filter, &page)?;
        for row in listed.rows {
            let attempt = names.attempt(&row.attempt).context("a decision is of another symbol or strategy")?;
            found.push(Decision { attempt, reason: row.reason, detail: row.detail, at: row.at });
        }
        match listed.next {
            Some(token) => page.token = Some(token),
            None => return Ok(found),
        }
    }
}

/// Turns the names of the records into the numbers of the session.
struct Names {
    strategies: BTreeMap<String, StrategyId>,
    symbols: std::sync::Arc<orb_core::SymbolTable>,
}

impl Names {
    fn of(session: &DemoSession) -> Self {
        let numbered = session.run.strategies.iter().zip(0..);
        let strategies = numbered.map(|(strategy, number)| (strategy.name.clone(), StrategyId(number))).collect();
        Self { strategies, symbols: std::sync::Arc::clone(&session.market.symbols) }
    }

    fn attempt(&self, key: &AttemptKey) -> Option<AttemptId> {
        let symbol = self.symbols.id(&Symbol::new(&key.symbol).ok()?)?;
        let strategy = *self.strategies.get(&*key.strategy)?;
        Some(AttemptId { date: key.date, strategy, symbol, attempt: key.attempt })
    }
}
