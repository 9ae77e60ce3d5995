//! Trades eight bars of one symbol with orb's engine over the simulated exchange.

use std::io::Write as _;
use std::sync::Arc;

use orb_backtest::{Backtest, FillModel};
use orb_core::config::preset;
use orb_core::{Bar, Calendar, Date, EngineConfig, Price, RunConfig, Session, Span, Symbol, SymbolTable, Timestamp};

/// Open, high, low and close of each minute from 09:30 in New York, in cents.
const MINUTES: [[i64; 4]; 8] = [
    [10_000, 10_040, 9_980, 10_020], // The opening range: 99.80 to 100.60.
    [10_020, 10_060, 10_010, 10_050],
    [10_050, 10_055, 10_015, 10_030],
    [10_030, 10_050, 10_020, 10_040],
    [10_040, 10_058, 10_035, 10_055],
    [10_055, 10_090, 10_050, 10_085], // Crosses 100.61: long at 100.62, with the stop at 99.80.
    [10_085, 10_150, 10_080, 10_140],
    [10_140, 10_230, 10_130, 10_225], // Reaches the target of 2R at 102.26.
];

fn main() -> anyhow::Result<()> {
    // Sessions come in as data: a library that reads no clock knows no calendar by itself.
    let date = Date::from_ymd_opt(2026, 2, 13).expect("a date");
    let open = Timestamp::parse_rfc3339("2026-02-13T14:30:00Z").expect("an instant");
    let session = Session { date, open, close: open + Span::from_minutes(390) };

    let symbols = Arc::new(SymbolTable::new([Symbol::new("ACME")?]));
    let acme = symbols.id(&Symbol::new("ACME")?).expect("it was just added");
    let bars: Vec<Bar> = (0..)
        .zip(MINUTES)
        .map(|(minute, cents)| {
            let [open, high, low, close] = cents.map(Price::from_cents);
            let start = session.open + Span::from_minutes(minute);
            Bar { symbol: acme, start, open, high, low, close, volume: 10_000 }.validated()
        })
        .collect::<Result<_, _>>()?;

    let mut run = RunConfig::of(preset("orb-classic")?);
    run.set("risk_fraction", "0.02")?;
    run.validate()?;
    let calendar = Arc::new(Calendar::new(vec![session])?);
    let config = EngineConfig::new(run, symbols.clone(), calendar, Span::from_minutes(1));

    let mut backtest = Backtest::new(config, FillModel::Pessimistic);
    backtest.run_bars(bars);
    let report = backtest.finish();

    let mut out = std::io::stdout().lock();
    for trade in &report.trades {
        let (symbol, side, shares) = (symbols.name(trade.attempt.symbol), trade.side, trade.entered);
        let exit = trade.exit_price().expect("reported trades are closed");
        let reason = trade.exit_reason.expect("reported trades are closed").code();
        writeln!(out, "{symbol} {side} {shares} at {}, out at {exit} ({reason})", trade.entry_price())?;
        writeln!(out, "net {} after fees of {}", trade.net(), trade.fees)?;
    }
    Ok(())
}
