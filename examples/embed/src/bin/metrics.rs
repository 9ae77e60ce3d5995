//! Backtests in memory with both fill models and prints figures of each, with an interval for the one that counts.

use std::io::Write as _;

use embed::{BAR_LENGTH, Market};
use orb_backtest::{Backtest, FillModel};
use orb_core::config::preset;
use orb_core::metrics::Bootstrap;
use orb_core::{EngineConfig, RunConfig};

fn main() -> anyhow::Result<()> {
    let market = Market::made_up()?;
    let mut run = RunConfig::of(preset("orb-classic")?);
    run.set("slippage", "0.01")?;
    run.validate()?;

    let mut out = std::io::stdout().lock();
    for (name, model) in [("pessimistic", FillModel::Pessimistic), ("optimistic", FillModel::Optimistic)] {
        let config = EngineConfig::new(run.clone(), market.symbols.clone(), market.calendar.clone(), BAR_LENGTH);
        let mut backtest = Backtest::new(config, model);
        backtest.run_bars(market.bars.clone());
        let report = backtest.finish();
        let figures = report.metrics();
        let (trades, daily) = (&figures.trades, &figures.daily);
        writeln!(out, "{name}: {} trades, {} sessions", trades.count, daily.sessions)?;
        writeln!(
            out,
            "  gross {}, fees {}, slippage {}, net {}",
            trades.gross, trades.fees, trades.slippage, trades.net
        )?;
        writeln!(
            out,
            "  largest drawdown {}, Sharpe ratio {:.2}",
            daily.max_drawdown,
            daily.sharpe.unwrap_or(f64::NAN)
        )?;
        if let Some(interval) = report.sample().confidence(&Bootstrap::default()).expectancy_r {
            let verdict = if interval.contains(0.0) { "no edge is shown" } else { "zero is outside" };
            writeln!(out, "  a trade makes {:.2} to {:.2} R: {verdict}", interval.low, interval.high)?;
        }
    }
    Ok(())
}
