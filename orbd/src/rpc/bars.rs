//! The bars of a symbol on a day, as the engine received them.

use orb_api::v1;
use orb_core::Date;
use tonic::Status;

use super::records::{page, read};
use super::{Handle, chain, convert, validate};
use crate::store::{BarFilter, BarRow, PageRequest, Reader, StoreError};

/// Bars of a page where none are asked for: those of a regular session fit.
const PAGE_SIZE: u32 = 1_000;

/// What the records have.
enum Found {
    NoSession,
    /// Nothing of the symbol on that date.
    Nothing(Date),
    Page(Date, Vec<BarRow>, Option<String>),
}

pub(super) async fn list(handle: &Handle, request: &v1::ListBarsRequest) -> Result<v1::ListBarsResponse, Status> {
    let symbol = validate::symbol("symbol", &request.symbol)?;
    let asked = validate::date("date", &request.date)?;
    let from = validate::time_range(request.time_from.as_ref(), None)?.from;
    let size = if request.page_size == 0 { PAGE_SIZE } else { validate::page_size(request.page_size)? };
    let page = page(size, &request.page_token);
    let name = symbol.to_string();
    let found = read(&handle.reader, move |reader| {
        let Some(date) = chain::session_date(reader, asked)? else { return Ok(Found::NoSession) };
        find(reader, &BarFilter { date, symbol: name, from }, &page)
    })
    .await?;
    let view = handle.current();
    let is_watched = |date| {
        let is_today = view.session.is_some_and(|session| session.date == date);
        is_today && view.symbols.iter().any(|(_, known)| known.as_str() == symbol.as_str())
    };
    let (date, rows, next) = match found {
        Found::Page(date, rows, next) => (date, rows, next),
        // Its first bar may be still to come.
        Found::Nothing(date) if is_watched(date) => (date, Vec::new(), None),
        Found::Nothing(date) => {
            let remedy = "`ListUniverse` shows the symbols of a day";
            return Err(Status::not_found(format!("orb received no bars of {symbol} on {date}; {remedy}")));
        }
        Found::NoSession => {
            let which = asked.map_or_else(|| "any day".to_owned(), |date| date.to_string());
            return Err(Status::not_found(format!("there are no bars of {symbol}: there was no session of {which}")));
        }
    };
    Ok(v1::ListBarsResponse {
        ledger: Some(convert::ledger(&view.ledger)),
        symbol: symbol.to_string(),
        date: convert::date(date),
        length: rows.first().map(|row| orb_api::time::duration_from_micros(row.length.micros())),
        bars: rows.iter().map(bar).collect(),
        next_page_token: next.unwrap_or_default(),
    })
}

fn find(reader: &Reader, filter: &BarFilter, page: &PageRequest) -> Result<Found, StoreError> {
    let found = reader.list_bars(filter, page)?;
    if !found.rows.is_empty() {
        return Ok(Found::Page(filter.date, found.rows, found.next));
    }
    // None from some instant on is no error where there are any.
    let any = BarFilter { from: None, ..filter.clone() };
    let is_known = !reader.list_bars(&any, &PageRequest::first(1))?.rows.is_empty();
    Ok(if is_known { Found::Page(filter.date, Vec::new(), None) } else { Found::Nothing(filter.date) })
}

fn bar(row: &BarRow) -> v1::Bar {
    v1::Bar {
        start_time: Some(convert::instant(row.at)),
        open: convert::price(row.open),
        high: convert::price(row.high),
        low: convert::price(row.low),
        close: convert::price(row.close),
        volume: row.volume,
    }
}
