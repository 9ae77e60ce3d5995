//! Trades as one CSV file, in pieces.

use orb_api::v1;

use super::{
    Handle, convert,
    feed::{Ended, Sink},
    records,
};
use crate::store::{PageRequest, TradeFilter, TradeRow};
use crate::trades_csv::{self, TradeNames};

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
    let mut text = trades_csv::header();
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
    let names = TradeNames { strategy: &attempt.strategy, symbol: &attempt.symbol, date: attempt.date };
    trades_csv::trade_line(names, trade)
}
