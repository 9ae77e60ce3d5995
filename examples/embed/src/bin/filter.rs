//! Adds a filter of one's own: no symbol whose opening range is wider than a bound.

use std::io::Write as _;
use std::sync::Arc;

use embed::{BAR_LENGTH, Market};
use orb_backtest::{Backtest, FillModel};
use orb_core::config::preset;
use orb_core::filter::{Candidacy, Filter};
use orb_core::{EngineConfig, Price, Reason, RunConfig};

/// Refuses ranges that are wider than this.
#[derive(Debug)]
struct NarrowRange(Price);

impl Filter for NarrowRange {
    fn check(&self, candidacy: &Candidacy<'_>) -> Result<(), String> {
        let width = candidacy.range.high.distance(candidacy.range.low);
        if width > self.0 {
            return Err(format!("the range is {width} wide, more than {}", self.0));
        }
        Ok(())
    }
}

fn main() -> anyhow::Result<()> {
    let Market { calendar, symbols, bars } = Market::made_up()?;
    let run = RunConfig::of(preset("orb-classic")?);
    let config = EngineConfig::new(run, symbols.clone(), calendar, BAR_LENGTH)
        .with_filter(Arc::new(NarrowRange(Price::from_cents(40))));
    let mut backtest = Backtest::new(config, FillModel::default());
    backtest.run_bars(bars);
    let report = backtest.finish();

    let mut out = std::io::stdout().lock();
    for decision in report.decisions.iter().filter(|decision| decision.reason == Reason::CustomFilter).take(3) {
        let (date, symbol) = (decision.attempt.date, symbols.name(decision.attempt.symbol));
        writeln!(out, "{date} {symbol}: {}", decision.detail)?;
    }
    writeln!(out, "{} trades", report.trades.len())?;
    Ok(())
}
