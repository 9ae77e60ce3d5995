//! Trades as one CSV file, in pieces.

use orb_api::v1;
use orb_core::Timestamp;

use super::{
    Handle, convert,
    feed::{Ended, Sink},
    records,
};
use crate::store::{PageRequest, TradeFilter, TradeRow};

/// The first line of the file.
const HEADER: [&str; 14] = [
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

/// Bytes of a piece, at most.
const PIECE_BYTES: usize = 64 * 1024;
/// Trades that are read at a time: a piece's worth.
const READ_ROWS: u32 = 500;

/// Sends the trades that a filter selects, a page of the records at a time, so that any number of them fits.
pub(super) async fn send(
    handle: Handle,
    filter: TradeFilter,
    sink: Sink<v1::ExportTradesResponse>,
) -> Result<(), Ended> {
    let mut sequence = 0;
    let mut text = line(HEADER);
    let mut request = PageRequest::first(READ_ROWS);
    loop {
        let (wanted, asked) = (filter.clone(), request.clone());
        let page = match records::read(&handle.reader, move |reader| reader.list_trades(&wanted, &asked)).await {
            Ok(page) => page,
            Err(status) => return Err(sink.fail(status).await),
        };
        for row in &page.rows {
            text.push_str(&trade_line(row));
        }
        for piece in text.as_bytes().chunks(PIECE_BYTES) {
            sequence += 1;
            sink.send(message(&handle, sequence, piece)).await?;
        }
        text.clear();
        match page.next {
            None => return Ok(()),
            token @ Some(_) => request.token = token,
        }
    }
}

fn message(handle: &Handle, sequence: u64, piece: &[u8]) -> v1::ExportTradesResponse {
    v1::ExportTradesResponse {
        sequence,
        ledger_id: handle.reader.ledger_id().to_owned(),
        server_time: Some(convert::instant(convert::wall_clock())),
        data: piece.to_vec(),
    }
}

fn trade_line(row: &TradeRow) -> String {
    let TradeRow { attempt, trade } = row;
    let price = |price| convert::price(price);
    line([
        attempt.strategy.as_str(),
        attempt.symbol.as_str(),
        &convert::date(attempt.date),
        &trade.side.to_string(),
        &trade.entered.to_string(),
        &seconds(trade.entry_time),
        &price(trade.entry_price()),
        &trade.exit_time.map(seconds).unwrap_or_default(),
        &trade.exit_price().map(price).unwrap_or_default(),
        trade.exit_reason.map_or("", |reason| reason.code()),
        &convert::money(trade.gross()),
        &convert::money(trade.fees),
        &convert::money(trade.net()),
        &trade.r_multiple_e4().map(convert::four_decimals).unwrap_or_default(),
    ])
}

/// Writes an instant to the second: `2026-02-13T14:35:00Z`.
fn seconds(at: Timestamp) -> String {
    Timestamp::from_micros(at.micros() - at.micros().rem_euclid(1_000_000)).to_string()
}

/// Writes a row; a field with a comma, a quote or a line break is quoted (RFC 4180).
fn line(fields: [&str; 14]) -> String {
    let quoted = |field: &str| {
        if field.contains([',', '"', '\r', '\n']) {
            format!("\"{}\"", field.replace('"', "\"\""))
        } else {
            field.to_owned()
        }
    };
    let fields: Vec<_> = fields.into_iter().map(quoted).collect();
    fields.join(",") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must() {
        let mut fields = [""; 14];
        fields[..3].copy_from_slice(&["a,b", "say \"no\"", "BRK.B"]);
        assert_eq!(line(fields), "\"a,b\",\"say \"\"no\"\"\",BRK.B,,,,,,,,,,,\n");
    }

    #[test]
    fn times_are_to_the_second() {
        let time = Timestamp::parse_rfc3339("2026-02-13T14:35:00.25Z").unwrap();
        assert_eq!(seconds(time), "2026-02-13T14:35:00Z");
    }
}
