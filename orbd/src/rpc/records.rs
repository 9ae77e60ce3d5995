//! Reading the records from a service, and their rows in the words of the wire.

use orb_api::v1;
use orb_core::Money;
use tonic::Status;

use super::convert;
use crate::store::{
    AttemptKey, DecisionRow, FillRow, PageRequest, Reader, SignalRow, StoreError, TradeRow, TradeStatus,
};

/// Runs a query on a thread that may wait.
pub(super) async fn read<T: Send + 'static>(
    reader: &Reader,
    query: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Status> {
    let reader = reader.pinned();
    match tokio::task::spawn_blocking(move || query(&reader)).await {
        Ok(result) => result.map_err(|error| failure(&error)),
        Err(_) => Err(Status::internal("reading the records ended abnormally; the log says more")),
    }
}

/// Tells the client what it can do; the log has the rest.
fn failure(error: &StoreError) -> Status {
    if matches!(error, StoreError::PageToken) {
        return Status::invalid_argument(format!("page_token: {error}"));
    }
    if error.is_transient() || matches!(error, StoreError::Open { .. }) {
        tracing::warn!(component = "Api", %error, "the records cannot be read");
        return Status::unavailable("the database does not answer; trading state and commands work, try again later");
    }
    tracing::error!(component = "Api", %error, "the records cannot be read");
    Status::internal("the database failed to answer; the log says more")
}

/// Asks for the page that a request names.
pub(super) fn page(size: u32, token: &str) -> PageRequest {
    PageRequest { size, token: (!token.is_empty()).then(|| token.to_owned()) }
}

pub(super) fn signal(ledger_id: &str, row: SignalRow) -> v1::Signal {
    v1::Signal {
        id: row.attempt.to_string(),
        ledger_id: ledger_id.to_owned(),
        date: convert::date(row.attempt.date),
        strategy: row.attempt.strategy,
        symbol: row.attempt.symbol,
        side: convert::side(row.side).into(),
        time: Some(convert::instant(row.at)),
        status: convert::signal_status(row.status).into(),
        score: row.score_e6.map(|score| f64::from(score) / 1e6),
        level: convert::price(row.level),
        stop_price: convert::known(row.stop),
        target_price: row.target.map(convert::price),
        quantity: row.quantity.shares(),
        filled_quantity: row.filled.shares(),
        fill_price: row.fill_price.map(convert::price),
        client_order_id: row.client_order_id,
        broker_order_id: row.broker_order_id,
        submitted_time: row.sent_at.map(convert::instant),
        acknowledged_time: row.submitted_at.map(convert::instant),
        filled_time: row.filled_at.map(convert::instant),
        reason_detail: row.reason.map(|_| row.detail),
        reason: row.reason.map(|reason| reason.code().to_owned()),
    }
}

pub(super) fn decision(ledger_id: &str, row: DecisionRow) -> v1::Decision {
    v1::Decision {
        ledger_id: ledger_id.to_owned(),
        date: convert::date(row.attempt.date),
        strategy: row.attempt.strategy,
        symbol: row.attempt.symbol,
        reason: row.reason.code().to_owned(),
        detail: row.detail,
    }
}

pub(super) fn fill(ledger_id: &str, row: FillRow) -> v1::Fill {
    v1::Fill {
        id: row.id,
        ledger_id: ledger_id.to_owned(),
        strategy: row.attempt.strategy,
        symbol: row.attempt.symbol,
        side: convert::order_side(row.side).into(),
        quantity: row.quantity.shares(),
        price: convert::price(row.price),
        fee: Some(convert::money(row.fee)),
        time: Some(convert::instant(row.at)),
        client_order_id: row.client_order_id,
        broker_order_id: row.broker_order_id,
        taken_back_time: row.taken_back.map(convert::instant),
    }
}

pub(super) fn trade(ledger_id: &str, row: TradeRow) -> v1::Trade {
    let is_closed = row.status() == TradeStatus::Closed;
    let (id, TradeRow { attempt, trade }) = (row.attempt.to_string(), row);
    let AttemptKey { date, strategy, symbol, .. } = attempt;
    let status = if is_closed { v1::TradeStatus::Closed } else { v1::TradeStatus::Open };
    let exit_time = trade.exit_time.filter(|_| is_closed);
    let result = |amount: Money| is_closed.then(|| convert::money(amount));
    v1::Trade {
        signal_id: Some(id.clone()),
        id,
        ledger_id: ledger_id.to_owned(),
        strategy,
        symbol,
        date: convert::date(date),
        side: convert::side(trade.side).into(),
        status: status.into(),
        quantity: trade.entered.shares(),
        entry_time: Some(convert::instant(trade.entry_time)),
        entry_price: convert::price(trade.entry_price()),
        exit_time: exit_time.map(convert::instant),
        exit_price: trade.exit_price().filter(|_| is_closed).map(convert::price),
        exit_reason: trade.exit_reason.filter(|_| is_closed).map(|reason| reason.code().to_owned()),
        gross_pnl: result(trade.gross()),
        fees: convert::money(trade.fees),
        net_pnl: result(trade.net()),
        r_multiple: trade.r_multiple_e4().filter(|_| is_closed).map(crate::trades_csv::four_decimals),
        duration: exit_time.map(|exit| orb_api::time::duration_from_micros((exit - trade.entry_time).micros())),
        unprotected: Some(orb_api::time::duration_from_micros(trade.unprotected.micros())),
    }
}
