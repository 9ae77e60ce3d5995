//! A report as lines for people.

use std::fmt::Write as _;

use super::{Note, ParityReport, UnmatchedTrade};

impl ParityReport {
    /// Tells people how the day compares with its backtest; ticks, slippage and R are against the trader.
    #[must_use]
    pub fn lines(&self) -> String {
        let figures = &self.figures;
        let mut text = format!("{}, ledger {}: {} bars\n", self.date, self.ledger_id, figures.bars);
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "signals  {} of {} expected, {} identical",
            figures.signals_found, figures.signals_expected, figures.signals_identical
        );
        let _ = writeln!(
            text,
            "trades   {} of {} expected, {} on both sides, {} of them equal in everything; {} missed, {} extra",
            figures.trades_found,
            figures.trades_expected,
            figures.trades_both,
            figures.trades_equal,
            figures.missed,
            figures.extra
        );
        let _ = writeln!(
            text,
            "net      {} (backtest: {} pessimistic, {} optimistic), fees {} (backtest: {})",
            figures.net, figures.net_pessimistic, figures.net_optimistic, figures.fees, figures.fees_expected
        );
        let _ = writeln!(text, "slippage {}, {} R", figures.slippage, figures.slippage_r);
        let _ = writeln!(text, "{} differences, {} without a reason", figures.differences, figures.unexplained);
        self.signals.iter().chain(&self.decisions).for_each(|note| line(&mut text, note));
        for trade in &self.trades {
            trade.differences.iter().for_each(|note| line(&mut text, note));
        }
        self.missed.iter().for_each(|trade| lone(&mut text, "not traded", trade));
        self.extra.iter().for_each(|trade| lone(&mut text, "traded", trade));
        text
    }
}

fn line(text: &mut String, note: &Note) {
    let _ = writeln!(text, "  {}: {} [{}]", note.symbol, note.what, note.why);
}

fn lone(text: &mut String, what: &str, trade: &UnmatchedTrade) {
    let given = trade.reason.as_deref().unwrap_or("no reason was given");
    let UnmatchedTrade { symbol, side, quantity, net, why, .. } = trade;
    let _ = writeln!(text, "  {symbol}: {what} ({side} {quantity}, net {net}; {given}) [{why}]");
}
