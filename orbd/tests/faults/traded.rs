//! What was traded on a day, to be compared with another.

use orbd::rehearsal::Outcome;

/// Writes what was traded and decided, line by line. Parts of a second are left out: by how many milliseconds a close
/// follows its cause is up to a machine under load.
pub(crate) fn traded(outcome: &Outcome) -> String {
    let second = |at: orb_core::Timestamp| at.micros() / 1_000_000;
    let trades = outcome.trades.iter().map(|row| {
        let trade = &row.trade;
        let (entry, exit) = (second(trade.entry_time), trade.exit_time.map(second));
        let notional = (trade.entry_notional, trade.exit_notional, trade.fees, trade.stop, trade.target);
        format!(
            "{} {} {} {entry} {exit:?} {notional:?} {:?}",
            row.attempt, trade.entered, trade.exited, trade.exit_reason
        )
    });
    let fills = outcome.fills.iter().map(|fill| {
        format!("{} {} {} at {} {}", fill.client_order_id, fill.side, fill.quantity, fill.price, second(fill.at))
    });
    let signals = outcome.signals.iter().map(|signal| {
        format!("{} {:?} {:?} {} {}", signal.attempt, signal.status, signal.reason, signal.filled, second(signal.at))
    });
    let decisions = outcome.decisions.iter().map(|row| format!("{} {:?}", row.attempt, row.reason));
    let mut lines: Vec<String> = trades.chain(fills).chain(signals).chain(decisions).collect();
    lines.sort();
    lines.join("\n")
}
