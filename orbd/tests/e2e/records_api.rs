//! The lists of the records and the reckoning of a day by the API, over the real program.

use orb_api::v1;
use tempfile::TempDir;

use crate::{
    client::{connect, export, signals, status, trades},
    daemon::Demo,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn orders_fills_equity_and_reasons_are_those_of_the_day() {
    check_day(&[]).await;
}

/// Checks the records of a day that `database` says where to keep.
pub(crate) async fn check_day(database: &[&str]) {
    let folder = TempDir::new().unwrap();
    let mut demo = Demo::start(folder.path(), &[&["--speed", "max"], database].concat());
    demo.session_over();
    let client = connect(&demo).await;
    assert!(status(&client).await.last_reconcile_time.is_some(), "books and exchange agreed");
    let (trades, signals) = (trades(&client).await, signals(&client).await);
    let order = v1::SortOrder::OldestFirst.into();
    let request = v1::ListFillsRequest { page_size: 1000, order, ..Default::default() };
    let fills = client.portfolio().list_fills(request).await.unwrap().into_inner().fills;
    let shares: i64 = fills.iter().map(|fill| fill.quantity).sum();
    assert_eq!(shares, trades.iter().map(|trade| 2 * trade.quantity).sum::<i64>());
    assert!(fills.windows(2).all(|pair| pair[0].time.unwrap().seconds <= pair[1].time.unwrap().seconds));
    let entries = v1::ListOrdersRequest {
        page_size: 1000,
        roles: vec![v1::OrderRole::Entry.into()],
        statuses: vec![v1::OrderStatus::Filled.into()],
        ..Default::default()
    };
    let entries = client.portfolio().list_orders(entries).await.unwrap().into_inner().orders;
    assert_eq!(entries.len(), trades.len());
    for trade in &trades {
        let entry = entries.iter().find(|order| order.signal_id == trade.id).unwrap();
        assert_eq!((entry.fill_price.as_ref(), entry.filled_quantity), (Some(&trade.entry_price), trade.quantity));
        let id = trade.signal_id.clone().unwrap();
        let chain = client.signals().get_signal(v1::GetSignalRequest { id }).await.unwrap().into_inner();
        assert!(chain.explanation.unwrap().summary.contains("an entry was ordered"));
        assert_eq!(chain.fills.iter().map(|fill| fill.quantity).sum::<i64>(), 2 * trade.quantity);
        let ask = |kind: &str| chain.events.iter().find(|event| event.kind == kind).and_then(|event| event.time);
        let steps = ["decided", "committed", "sent", "acknowledged", "filled", "stop_working"];
        let times: Vec<_> = steps.iter().map(|kind| ask(kind).map(|time| (time.seconds, time.nanos))).collect();
        // A fill from bars has the time of its bar, which was over when it was decided on.
        assert!(times.iter().all(Option::is_some) && times[..4].is_sorted(), "{steps:?}: {times:?}");
        assert_eq!(chain.signal.unwrap().submitted_time, ask("sent"));
        let kinds: Vec<_> = chain.events.iter().map(|event| event.kind.as_str()).collect();
        assert!(kinds.contains(&"decided") && kinds.contains(&"filled") && kinds.contains(&"exit_filled"), "{kinds:?}");
    }
    let request = v1::GetIntradayEquityRequest::default();
    let points = client.portfolio().get_intraday_equity(request).await.unwrap().into_inner().points;
    let curve = client.history().get_equity_curve(v1::GetEquityCurveRequest::default()).await.unwrap().into_inner();
    assert_eq!(points.last().unwrap().equity, curve.points[0].equity);
    let refused = signals.iter().find(|signal| signal.status() == v1::SignalStatus::Rejected).unwrap();
    let request = v1::ExplainSymbolRequest { symbol: refused.symbol.clone(), ..Default::default() };
    let why = client.signals().explain_symbol(request).await.unwrap().into_inner();
    assert!(why.explanations.iter().any(|found| found.summary.contains("no trade, because")), "{why:#?}");
    assert!(why.signals.iter().any(|signal| signal.id == refused.id));
    let request = v1::ExplainSymbolRequest { symbol: "ZZZZ".to_owned(), ..Default::default() };
    let why = client.signals().explain_symbol(request).await.unwrap().into_inner();
    assert!(why.explanations.iter().all(|found| found.summary.contains("not in the universe")), "{why:#?}");
    let list = |page_size, page_token| v1::ListUniverseRequest { page_size, page_token, ..Default::default() };
    let whole = client.signals().list_universe(list(1000, String::new())).await.unwrap().into_inner().entries;
    let first = client.signals().list_universe(list(3, String::new())).await.unwrap().into_inner();
    let second = client.signals().list_universe(list(1000, first.next_page_token.clone())).await.unwrap().into_inner();
    assert_eq!([first.entries, second.entries].concat(), whole);
    let ranks: Vec<_> = whole.iter().filter_map(|entry| entry.features.as_ref()?.rank).collect();
    assert!(ranks.is_sorted() && !ranks.is_empty(), "{ranks:?}");
    assert!(whole.iter().filter(|entry| entry.state() == v1::UniverseState::Signalled).count() >= trades.len());
    let other = v1::ListUniverseRequest {
        page_token: first.next_page_token,
        states: vec![v1::UniverseState::Excluded.into()],
        ..Default::default()
    };
    let refused = client.signals().list_universe(other).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument, "a token of another filter");
    assert!(export(&client).await.lines().count() > trades.len());
    drop(client);
    demo.terminate();
}
