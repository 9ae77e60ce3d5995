//! Prints the signals that a strategy finds in one's own bars, and what it left alone.

use std::io::Write as _;

use embed::{BAR_LENGTH, Market};
use orb_backtest::{Backtest, FillModel};
use orb_core::config::preset;
use orb_core::{EngineConfig, RunConfig};

fn main() -> anyhow::Result<()> {
    let Market { calendar, symbols, bars } = Market::made_up()?;
    let run = RunConfig::of(preset("orb-classic")?);
    let mut backtest =
        Backtest::new(EngineConfig::new(run, symbols.clone(), calendar, BAR_LENGTH), FillModel::default());
    backtest.run_bars(bars);
    let report = backtest.finish();

    let mut out = std::io::stdout().lock();
    for signal in report.signals.iter().take(4) {
        let (symbol, side, at) = (symbols.name(signal.attempt.symbol), signal.side, signal.at);
        writeln!(out, "{at} {symbol} {side} at {}, stop {}, {} shares", signal.level, signal.stop, signal.quantity)?;
    }
    writeln!(out, "{} signals, {} symbol-days without a trade", report.signals.len(), report.decisions.len())?;
    Ok(())
}
