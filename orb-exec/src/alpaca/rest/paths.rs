//! Where each thing is on the two hosts.

use orb_core::Timestamp;
use orb_core::order::{BrokerOrderId, ClientOrderId};
use url::form_urlencoded::{Serializer, byte_serialize};

use super::endpoint::Call;

/// Orders in one page: the most that Alpaca gives.
pub(super) const ORDERS_PAGE: usize = 500;
/// Activities in one page: the most that Alpaca gives.
pub(super) const ACTIVITIES_PAGE: usize = 100;
/// Corporate actions in one page: the most that Alpaca gives.
const ACTIONS_PAGE: usize = 1_000;
/// Bars in one page: the most that Alpaca gives.
const BARS_PAGE: usize = 10_000;

/// Names what is asked for on a host.
pub(crate) fn call(path: &str, query: &[(&str, &str)]) -> Call {
    let mut text = Serializer::new(String::new());
    for (name, value) in query {
        text.append_pair(name, value);
    }
    Call { path: path.to_owned(), query: text.finish(), body: Vec::new() }
}

/// Returns a text as one segment of a path.
fn segment(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

/// Names the place where orders are made.
pub(crate) fn new_order(body: Vec<u8>) -> Call {
    Call { body, ..call("/v2/orders", &[]) }
}

/// Names an order with its legs.
pub(crate) fn order(id: &BrokerOrderId) -> Call {
    call(&format!("/v2/orders/{}", segment(id.as_str())), &[("nested", "true")])
}

/// Names an order to be cancelled.
pub(crate) fn cancel(id: &BrokerOrderId) -> Call {
    call(&format!("/v2/orders/{}", segment(id.as_str())), &[])
}

/// Names an order to be replaced.
pub(crate) fn replace(id: &BrokerOrderId, body: Vec<u8>) -> Call {
    Call { body, ..cancel(id) }
}

/// Names an order by our identifier.
pub(crate) fn order_by_client_id(id: &ClientOrderId) -> Call {
    call("/v2/orders:by_client_order_id", &[("client_order_id", id.as_str())])
}

/// Names a page of orders with their legs, the oldest first; `after` leaves out what came before it.
pub(super) fn orders(status: &str, after: Option<Timestamp>) -> Call {
    let (limit, after) = (ORDERS_PAGE.to_string(), after.map(|after| after.to_string()));
    let mut query = vec![("status", status), ("limit", &limit), ("direction", "asc"), ("nested", "true")];
    query.extend(after.as_deref().map(|after| ("after", after)));
    call("/v2/orders", &query)
}

/// Names what is paid into or out of an account: deposits, withdrawals and journals.
pub(crate) const PAYMENTS: [&str; 3] = ["CSD", "CSW", "JNLC"];

/// Names a page of executions and payments, the oldest first; `page_token` is the last one of the page before.
pub(super) fn fills(after: Timestamp, page_token: Option<&str>) -> Call {
    let (size, after) = (ACTIVITIES_PAGE.to_string(), after.to_string());
    let types = format!("FILL,{}", PAYMENTS.join(","));
    let mut query =
        vec![("activity_types", types.as_str()), ("after", after.as_str()), ("direction", "asc"), ("page_size", &size)];
    query.extend(page_token.map(|token| ("page_token", token)));
    call("/v2/account/activities", &query)
}

/// Names what is held of a symbol.
pub(crate) fn position(symbol: &str) -> Call {
    call(&format!("/v2/positions/{}", segment(symbol)), &[])
}

/// Names an asset.
pub(crate) fn asset(symbol: &str) -> Call {
    call(&format!("/v2/assets/{}", segment(symbol)), &[])
}

/// Says which bars are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct BarsQuery<'a> {
    /// Symbols, separated by commas.
    pub(super) symbols: &'a str,
    /// Length of the bars in the host's word.
    pub(super) timeframe: &'static str,
    /// Start of the first bar.
    pub(super) from: Timestamp,
    /// Start of the last bar.
    pub(super) last: Timestamp,
    /// Name of the feed.
    pub(super) feed: &'static str,
    /// The date whose names the symbols are, `YYYY-MM-DD`; `None` for today's.
    pub(super) as_of: Option<&'a str>,
    /// What the page before gave; `None` for the first.
    pub(super) page_token: Option<&'a str>,
}

/// Names a page of bars on the data host.
pub(super) fn bars(wanted: BarsQuery<'_>) -> Call {
    let (from, last, limit) = (wanted.from.to_string(), wanted.last.to_string(), BARS_PAGE.to_string());
    let mut query = vec![
        ("symbols", wanted.symbols),
        ("timeframe", wanted.timeframe),
        ("start", &from),
        ("end", &last),
        ("limit", &limit),
        ("adjustment", "raw"),
        ("feed", wanted.feed),
        ("sort", "asc"),
    ];
    query.extend(wanted.as_of.map(|date| ("asof", date)));
    query.extend(wanted.page_token.map(|token| ("page_token", token)));
    call("/v2/stocks/bars", &query)
}

/// Names the list of all active stocks and funds.
pub(super) fn assets() -> Call {
    call("/v2/assets", &[("status", "active"), ("asset_class", "us_equity")])
}

/// Names a page of corporate actions on the data host; both dates are included.
pub(super) fn corporate_actions(types: &str, first: &str, last: &str, page_token: Option<&str>) -> Call {
    let limit = ACTIONS_PAGE.to_string();
    let mut query = vec![("types", types), ("start", first), ("end", last), ("limit", &limit), ("sort", "asc")];
    query.extend(page_token.map(|token| ("page_token", token)));
    call("/v1/corporate-actions", &query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_encoded_where_they_stand() {
        let odd = order(&BrokerOrderId::new("a/b?c"));
        assert_eq!((odd.path.as_str(), odd.query.as_str()), ("/v2/orders/a%2Fb%3Fc", "nested=true"));
        assert_eq!(asset("BRK.B").path, "/v2/assets/BRK.B");
        let by_ours = order_by_client_id(&ClientOrderId::new("2026&x=1"));
        assert_eq!(by_ours.query, "client_order_id=2026%26x%3D1");
        let at = Timestamp::parse_rfc3339("2026-11-27T14:30:00.5Z");
        assert_eq!(
            orders("all", at).query,
            "status=all&limit=500&direction=asc&nested=true&after=2026-11-27T14%3A30%3A00.5Z"
        );
    }
}
