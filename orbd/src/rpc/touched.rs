//! What a command touched: the entries that it cancelled, the positions that it closed, and what is left.

use std::{collections::BTreeMap, sync::Arc};

use orb_api::v1;
use orb_core::{
    Quantity, Side,
    fact::{ClosingStep, SignalStatus, Trade},
};
use tonic::Status;

use super::{Handle, convert, records};
use crate::{
    store::{FillFilter, FillRow, PageRequest, Reader, StoreError},
    view::{EntryView, PositionView, View},
};

/// Fills of one trade that a reply shows, at most.
const FILLS_MAX: u32 = 1000;

/// Collects the entries and positions that were there while a command was followed.
#[derive(Clone, Debug, Default)]
pub(super) struct Touched {
    entries: BTreeMap<Arc<str>, EntryView>,
    positions: BTreeMap<Arc<str>, PositionView>,
}

impl Touched {
    /// Takes up what a view shows; a position counts with the most shares that it was seen with.
    pub(super) fn see(&mut self, view: &View) {
        for entry in view.working_entries.iter() {
            self.entries.insert(Arc::clone(&entry.client_order_id), entry.clone());
        }
        for position in view.positions.iter() {
            let known = self.positions.entry(Arc::clone(&position.trade_id)).or_insert_with(|| position.clone());
            if known.quantity < position.quantity {
                *known = position.clone();
            }
        }
    }

    /// Takes up one position only.
    pub(super) fn see_position(&mut self, position: &PositionView) {
        self.positions.insert(Arc::clone(&position.trade_id), position.clone());
    }

    /// Lists the entries that work no more and were not filled.
    pub(super) fn cancelled(&self, last: &View) -> Vec<v1::OrderRef> {
        let works = |id: &str| last.working_entries.iter().any(|entry| &*entry.client_order_id == id);
        let gone = self.entries.values().filter(|entry| !works(&entry.client_order_id));
        gone.filter(|entry| !is_filled(last, entry)).map(|entry| convert::order_ref(last, entry)).collect()
    }

    /// Lists the entries that still work.
    pub(super) fn working(&self, last: &View) -> Vec<v1::OrderRef> {
        let is_meant = |entry: &&EntryView| self.entries.contains_key(&entry.client_order_id);
        last.working_entries.iter().filter(is_meant).map(|entry| convert::order_ref(last, entry)).collect()
    }

    /// Lists the positions that are still open.
    pub(super) fn open(&self, last: &View) -> Vec<v1::RemainingPosition> {
        let is_meant = |position: &&PositionView| self.positions.contains_key(&position.trade_id);
        last.positions.iter().filter(is_meant).map(|position| remaining(last, position)).collect()
    }

    /// Lists the entries that work no more because they were filled.
    pub(super) fn filled(&self, last: &View) -> Vec<v1::OrderRef> {
        let works = |id: &str| last.working_entries.iter().any(|entry| &*entry.client_order_id == id);
        let gone = self.entries.values().filter(|entry| !works(&entry.client_order_id));
        gone.filter(|entry| is_filled(last, entry)).map(|entry| convert::order_ref(last, entry)).collect()
    }

    /// Lists the positions of which shares were closed, with the fills and the result that the records have.
    pub(super) async fn closed(&self, handle: &Handle, last: &View) -> Vec<v1::ClosedPosition> {
        let mut closed = Vec::new();
        for position in self.positions.values() {
            let open = last.positions.iter().find(|open| open.trade_id == position.trade_id);
            let quantity = position.quantity - open.map_or(Quantity::ZERO, |open| open.quantity);
            if quantity > Quantity::ZERO {
                closed.push(closed_position(handle, last, position, quantity).await);
            }
        }
        closed
    }
}

fn is_filled(view: &View, entry: &EntryView) -> bool {
    view.signals.iter().any(|signal| {
        let order = signal.signal.order.as_ref();
        signal.signal.status == SignalStatus::Filled
            && order.is_some_and(|order| order.as_str() == &*entry.client_order_id)
    })
}

async fn closed_position(
    handle: &Handle,
    view: &View,
    position: &PositionView,
    quantity: Quantity,
) -> v1::ClosedPosition {
    let (id, side) = (position.trade_id.to_string(), position.side);
    let read = records::read(&handle.reader, move |reader| exits(reader, id, side, quantity)).await;
    let (fills, trade) = read.unwrap_or_else(|status: Status| {
        // The close itself is done; only its figures are missing.
        let reason = status.message();
        tracing::warn!(component = "Api", reason, trade = &*position.trade_id, "no figures of a closed position");
        (Vec::new(), None)
    });
    let result = trade.map(|trade| trade.gross_at(trade.entry_price()) - trade.fees);
    v1::ClosedPosition {
        ledger_id: view.ledger.id.to_string(),
        strategy: position.strategy.to_string(),
        symbol: position.symbol.to_string(),
        side: convert::side(side).into(),
        quantity: quantity.shares(),
        fills: fills.into_iter().map(|fill| records::fill(&view.ledger.id, fill)).collect(),
        net_pnl: result.map(convert::money).unwrap_or_default(),
    }
}

/// Reads the last fills that close `quantity` shares of a trade, oldest first, and the trade.
fn exits(
    reader: &Reader,
    trade_id: String,
    side: Side,
    quantity: Quantity,
) -> Result<(Vec<FillRow>, Option<Trade>), StoreError> {
    let trade = reader.trade(&trade_id)?.map(|row| row.trade);
    let filter = FillFilter { attempts: vec![trade_id], sides: vec![side.exit()], ..FillFilter::default() };
    let mut left = quantity;
    let newest_first = reader.list_fills(&filter, &PageRequest::first(FILLS_MAX))?.rows.into_iter();
    let mut fills: Vec<FillRow> = newest_first
        .take_while(|fill| {
            let is_needed = left > Quantity::ZERO;
            left -= fill.quantity;
            is_needed
        })
        .collect();
    fills.reverse();
    Ok((fills, trade))
}

/// Shows a position that is still open.
pub(super) fn remaining(view: &View, position: &PositionView) -> v1::RemainingPosition {
    v1::RemainingPosition {
        ledger_id: view.ledger.id.to_string(),
        strategy: position.strategy.to_string(),
        symbol: position.symbol.to_string(),
        side: convert::side(position.side).into(),
        quantity: position.quantity.shares(),
        protected_quantity: position.protected.shares(),
        closing: position.closing.is_some(),
        detail: why_open(position).to_owned(),
    }
}

fn why_open(position: &PositionView) -> &'static str {
    match position.closing.map(|closing| closing.step) {
        None if position.protected >= position.quantity => "kept, with its stop in place",
        None => "kept, and its stop does not cover it",
        Some(ClosingStep::Cancelling) => "its orders are being cancelled before the close",
        Some(ClosingStep::Sizing) => "the broker is asked how many shares there are to close",
        Some(ClosingStep::Closing) => "the closing order works and is not filled",
        Some(ClosingStep::Verifying | ClosingStep::Flat) => "the broker is asked whether it is flat",
        Some(ClosingStep::Escalated) => "the close could not be completed; look at the broker",
    }
}
