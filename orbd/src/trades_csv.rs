//! Trades as CSV: the one form that backtests write and the API exports.

use orb_core::fact::Trade;
use orb_core::{Date, Timestamp};

/// Columns of the file, in order.
pub const COLUMNS: [&str; 14] = [
    "strategy",
    "symbol",
    "date",
    "side",
    "quantity",
    "entry_time",
    "entry_price",
    "exit_time",
    "exit_price",
    "exit_reason",
    "gross_pnl",
    "fees",
    "net_pnl",
    "r_multiple",
];

/// Names a trade for people.
#[derive(Clone, Copy, Debug)]
pub struct TradeNames<'a> {
    /// The strategy.
    pub strategy: &'a str,
    /// The ticker.
    pub symbol: &'a str,
    /// The trading date.
    pub date: Date,
}

/// Returns the header line.
#[must_use]
pub fn header() -> String {
    line(&COLUMNS.map(ToOwned::to_owned))
}

/// Returns the line of a trade; results are empty while it is open.
#[must_use]
pub fn trade_line(names: TradeNames<'_>, trade: &Trade) -> String {
    let closed = trade.is_closed();
    let result = |text: String| if closed { text } else { String::new() };
    line(&[
        names.strategy.to_owned(),
        names.symbol.to_owned(),
        names.date.to_string(),
        trade.side.to_string(),
        trade.entered.to_string(),
        seconds(trade.entry_time),
        trade.entry_price().to_string(),
        trade.exit_time.map(seconds).unwrap_or_default(),
        trade.exit_price().map(|price| price.to_string()).unwrap_or_default(),
        trade.exit_reason.map(|reason| reason.code().to_owned()).unwrap_or_default(),
        result(trade.gross().to_string()),
        trade.fees.to_string(),
        result(trade.net().to_string()),
        result(trade.r_multiple_e4().map(four_decimals).unwrap_or_default()),
    ])
}

/// Writes a row; a field with a comma, a quote or a line break is quoted (RFC 4180).
pub(crate) fn line(fields: &[String]) -> String {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    let bytes = writer
        .write_record(fields)
        .map_err(csv::Error::into)
        .and_then(|()| writer.into_inner().map_err(csv::IntoInnerError::into_error));
    let bytes = bytes.expect("writing a row to memory does not fail");
    String::from_utf8(bytes).expect("text makes text")
}

/// Writes an instant to the second: `2026-02-13T14:35:00Z`.
fn seconds(at: Timestamp) -> String {
    Timestamp::from_micros(at.micros() - at.micros().rem_euclid(1_000_000)).to_string()
}

/// Writes ten-thousandths with all four decimals: `-1.0500`.
#[must_use]
pub fn four_decimals(e4: i64) -> String {
    let sign = if e4 < 0 { "-" } else { "" };
    format!("{sign}{}.{:04}", e4.unsigned_abs() / 10_000, e4.unsigned_abs() % 10_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must() {
        let fields = ["a,b", "say \"no\"", "BRK.B"].map(ToOwned::to_owned);
        assert_eq!(line(&fields), "\"a,b\",\"say \"\"no\"\"\",BRK.B\n");
    }

    #[test]
    fn times_are_to_the_second() {
        let time = Timestamp::parse_rfc3339("2026-02-13T14:35:00.25Z").unwrap();
        assert_eq!(seconds(time), "2026-02-13T14:35:00Z");
    }

    #[test]
    fn multiples_of_risk_have_four_decimals() {
        for (e4, text) in [(0, "0.0000"), (-10_500, "-1.0500"), (-1, "-0.0001"), (136_200, "13.6200")] {
            assert_eq!(four_decimals(e4), text);
        }
    }
}
