//! Orders, fills and intraday equity, from the records.

use orb_api::v1;
use orb_core::order::{OrderKind, OrderRole, OrderStatus};
use tonic::Status;

use super::{Handle, convert, records, validate};
use crate::store::{DateRange, EquityRow, FillFilter, OrderFilter, OrderRow};

/// Points of a session's equity where none are asked for, and the most there may be.
const POINTS_DEFAULT: usize = 1_000;
const POINTS_MAX: usize = 10_000;

pub(super) async fn list_orders(
    handle: &Handle,
    request: &v1::ListOrdersRequest,
) -> Result<v1::ListOrdersResponse, Status> {
    let page = records::page(validate::page_size(request.page_size)?, &request.page_token);
    let filter = OrderFilter {
        symbols: validate::symbols(&request.symbols)?,
        statuses: validate::order_statuses(&request.statuses)?,
        roles: validate::order_roles(&request.roles)?,
        strategies: validate::strategies(&request.strategies)?,
        dates: validate::date_range(&request.date_from, &request.date_to)?,
        order: validate::sort_order(request.order)?,
        ..OrderFilter::default()
    };
    let is_none = filter.statuses.is_empty() && !request.statuses.is_empty();
    let ledger = Some(convert::ledger(&handle.current().ledger));
    if is_none {
        return Ok(v1::ListOrdersResponse { ledger, orders: Vec::new(), next_page_token: String::new() });
    }
    let id = handle.reader.ledger_id().to_owned();
    let found = records::read(&handle.reader, move |reader| reader.list_orders(&filter, &page)).await?;
    let orders = found.rows.into_iter().map(|row| order(&id, row)).collect();
    Ok(v1::ListOrdersResponse { ledger, orders, next_page_token: found.next.unwrap_or_default() })
}

pub(super) async fn list_fills(
    handle: &Handle,
    request: &v1::ListFillsRequest,
) -> Result<v1::ListFillsResponse, Status> {
    let page = records::page(validate::page_size(request.page_size)?, &request.page_token);
    let filter = FillFilter {
        symbols: validate::symbols(&request.symbols)?,
        sides: validate::order_sides(&request.sides)?,
        strategies: validate::strategies(&request.strategies)?,
        dates: validate::date_range(&request.date_from, &request.date_to)?,
        order: validate::sort_order(request.order)?,
        ..FillFilter::default()
    };
    let ledger = Some(convert::ledger(&handle.current().ledger));
    let id = handle.reader.ledger_id().to_owned();
    let found = records::read(&handle.reader, move |reader| reader.list_fills(&filter, &page)).await?;
    let fills = found.rows.into_iter().map(|row| records::fill(&id, row)).collect();
    Ok(v1::ListFillsResponse { ledger, fills, next_page_token: found.next.unwrap_or_default() })
}

pub(super) async fn intraday_equity(
    handle: &Handle,
    request: &v1::GetIntradayEquityRequest,
) -> Result<v1::GetIntradayEquityResponse, Status> {
    let date = validate::date("date", &request.date)?;
    let most = points_max(request.max_points)?;
    let found = records::read(&handle.reader, move |reader| {
        let range = date.map_or_else(DateRange::default, DateRange::day);
        let Some(session) = reader.sessions(range)?.pop() else { return Ok(None) };
        // The last point is of the end of the last bar, at the close itself.
        let end = session.close + orb_core::session_clock::SESSION_END_GRACE;
        Ok(Some((session.date, reader.equity(session.open, end)?)))
    })
    .await?;
    let which = || date.map_or_else(|| "any session".to_owned(), |date| date.to_string());
    let Some((date, rows)) = found.filter(|(_, rows)| !rows.is_empty()) else {
        return Err(Status::not_found(format!("there are no points of equity of {}", which())));
    };
    Ok(v1::GetIntradayEquityResponse {
        ledger: Some(convert::ledger(&handle.current().ledger)),
        date: convert::date(date),
        points: thinned(&rows, most).into_iter().map(point).collect(),
    })
}

fn points_max(wanted: i32) -> Result<usize, Status> {
    match usize::try_from(wanted) {
        Ok(0) => Ok(POINTS_DEFAULT),
        Ok(wanted) => Ok(wanted.min(POINTS_MAX)),
        Err(_) => Err(validate::invalid("max_points", format!("{wanted} is negative; give 1 to {POINTS_MAX}, or 0"))),
    }
}

/// Takes rows at even distances, `most` at most: the first and the last are among them where there is room for two.
fn thinned(rows: &[EquityRow], most: usize) -> Vec<&EquityRow> {
    let last = rows.len().saturating_sub(1);
    if rows.len() <= most {
        return rows.iter().collect();
    }
    if most == 1 {
        return rows.last().into_iter().collect();
    }
    (0..most).filter_map(|place| rows.get(place * last / (most - 1))).collect()
}

fn point(row: &EquityRow) -> v1::IntradayEquityPoint {
    v1::IntradayEquityPoint {
        time: Some(convert::instant(row.at)),
        equity: convert::money(row.equity),
        realized: convert::money(row.realized),
        unrealized: convert::money(row.unrealized),
    }
}

/// Says an engine's status in the words of the wire.
pub(super) const fn status(status: OrderStatus) -> v1::OrderStatus {
    match status {
        // An order is in the records before it is sent, and sent right after: the safe reading is that it may be there.
        OrderStatus::PendingSubmit => v1::OrderStatus::Submitted,
        OrderStatus::Working | OrderStatus::Held | OrderStatus::PendingCancel => v1::OrderStatus::Working,
        OrderStatus::PartiallyFilled => v1::OrderStatus::PartiallyFilled,
        OrderStatus::Filled => v1::OrderStatus::Filled,
        OrderStatus::Cancelled | OrderStatus::Replaced => v1::OrderStatus::Cancelled,
        OrderStatus::Expired => v1::OrderStatus::Expired,
        OrderStatus::Rejected => v1::OrderStatus::Rejected,
        OrderStatus::Unknown => v1::OrderStatus::Unknown,
    }
}

pub(super) const fn role(role: OrderRole) -> v1::OrderRole {
    match role {
        OrderRole::Entry => v1::OrderRole::Entry,
        OrderRole::Stop => v1::OrderRole::Stop,
        OrderRole::Target => v1::OrderRole::Target,
        OrderRole::Close => v1::OrderRole::Exit,
    }
}

/// Converts an order's row.
pub(super) fn order(ledger_id: &str, row: OrderRow) -> v1::Order {
    let mean = row.average_price().map(convert::price);
    let (reject_code, reject_message) =
        row.rejection.map_or((None, None), |found| (Some(found.code).filter(|code| *code != 0), Some(found.message)));
    v1::Order {
        ledger_id: ledger_id.to_owned(),
        signal_id: row.attempt.to_string(),
        date: convert::date(row.attempt.date),
        strategy: row.attempt.strategy,
        symbol: row.attempt.symbol,
        client_order_id: row.client_order_id,
        broker_order_id: row.broker_order_id,
        parent_client_order_id: row.parent,
        role: role(row.role).into(),
        side: convert::order_side(row.side).into(),
        r#type: kind(row.kind).to_owned(),
        quantity: row.quantity.shares(),
        price: row.kind.price().map(convert::price),
        status: status(row.status).into(),
        filled_quantity: row.filled.shares(),
        fill_price: mean,
        create_time: Some(convert::instant(row.created_at)),
        update_time: Some(convert::instant(row.updated_at)),
        reject_message,
        reject_code,
    }
}

const fn kind(kind: OrderKind) -> &'static str {
    match kind {
        OrderKind::Market => "market",
        OrderKind::Limit(_) => "limit",
        OrderKind::Stop(_) => "stop",
    }
}

#[cfg(test)]
mod tests {
    use orb_core::{Money, Timestamp};

    use super::*;

    #[test]
    fn points_are_thinned_evenly_between_the_first_and_the_last() {
        let (equity, realized, unrealized) = (Money::ZERO, Money::ZERO, Money::ZERO);
        let row = |at| EquityRow { at: Timestamp::from_micros(at), equity, realized, unrealized };
        let rows: Vec<_> = (0..=100).map(row).collect();
        let times = |most| thinned(&rows, most).into_iter().map(|row| row.at.micros()).collect::<Vec<_>>();
        assert_eq!(times(5), [0, 25, 50, 75, 100]);
        assert_eq!(times(2), [0, 100]);
        assert_eq!(times(1), [100]);
        assert_eq!(times(101).len(), 101);
        assert!(thinned(&[], 5).is_empty());
    }
}
