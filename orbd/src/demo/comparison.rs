//! A demo's day beside the backtest of the same bars.

use std::fmt::Write as _;

use orb_core::Date;

use crate::parity;
use crate::store::Reader;

/// Compares what was recorded of the day with its pessimistic backtest, and tells every difference with its reason.
pub(super) fn with_backtest(date: Date, reader: &Reader) -> anyhow::Result<String> {
    let compared = parity::compare(reader, date)?;
    let mut text = String::from("\nbeside the pessimistic backtest of the same bars (ticks are against the trader):\n");
    for line in compared.parity.lines(&compared.symbols) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {line}");
    }
    Ok(text)
}
