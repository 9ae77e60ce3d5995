//! Puts orb's risk gate alone in front of somebody else's strategy: it sizes, limits, and counts slots.

use std::io::Write as _;

use orb_core::config::preset;
use orb_core::order::AttemptId;
use orb_core::risk_gate::{EntryProposal, RiskContext, RiskGate};
use orb_core::{Date, Money, Price, RunConfig, Side, Span, StrategyId, SymbolId, Timestamp};

/// What the other strategy wants: symbol, side, entry and stop.
const WANTED: [(u32, Side, &str, &str); 4] = [
    (0, Side::Long, "50", "49.60"),
    (1, Side::Short, "120", "121"),
    (2, Side::Long, "8", "7.99"), // A stop so tight that leverage bounds the size.
    (3, Side::Long, "30", "29.50"),
];

fn main() -> anyhow::Result<()> {
    // The account's limits are those of a configuration; the strategy in it gives sizing and slots.
    let mut run = RunConfig::of(preset("orb-classic")?);
    run.set("max_positions", "3")?;
    run.validate()?;
    let date = Date::from_ymd_opt(2026, 2, 13).expect("a date");
    let mut now = Timestamp::parse_rfc3339("2026-02-13T15:00:00Z").expect("an instant");
    let mut gate = RiskGate::default();
    let mut context = RiskContext::at_open(Money::from_cents(10_000_000));

    let mut out = std::io::stdout().lock();
    for (symbol, side, entry, stop) in WANTED {
        let attempt = AttemptId { date, strategy: StrategyId(0), symbol: SymbolId(symbol), attempt: 1 };
        let (level, stop): (Price, Price) = (entry.parse()?, stop.parse()?);
        match gate.approve(now, &run, EntryProposal::new(attempt, side, level, stop), &context) {
            Ok(approved) => writeln!(out, "{symbol}: {side} {} at {entry}", approved.quantity())?,
            Err(refused) => writeln!(out, "{symbol}: {}", refused.reason)?,
        }
        now = now + Span::from_minutes(1);
    }

    // The first position was stopped out: its slot is free, and the loss counts against the day.
    gate.release(now, AttemptId { date, strategy: StrategyId(0), symbol: SymbolId(0), attempt: 1 });
    context.realized_net = Money::from_cents(-490_000);
    let attempt = AttemptId { date, strategy: StrategyId(0), symbol: SymbolId(4), attempt: 1 };
    let proposal = EntryProposal::new(attempt, Side::Long, "50".parse()?, "49.60".parse()?);
    if let Err(refused) = gate.approve(now + Span::from_minutes(1), &run, proposal, &context) {
        writeln!(out, "4: {} {}", refused.reason, refused.detail)?;
    }
    Ok(())
}
