//! Lists, metrics and the export, over a real database.

use orb_api::v1;
use tokio_stream::StreamExt as _;
use tonic::{Code, Status};

use super::fixture::{Fixture, position};

#[track_caller]
fn check_refused<T: std::fmt::Debug>(result: Result<T, Status>, field: &str) {
    let status = result.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    assert!(status.message().starts_with(&format!("{field}: ")), "{}", status.message());
}

#[tokio::test]
async fn status_and_account_come_from_the_view() {
    let fixture = Fixture::start().await;
    let client = fixture.client().await;
    let status = client.control().get_status(v1::GetStatusRequest {}).await.unwrap().into_inner();
    assert_eq!((status.state(), status.open_positions, status.working_entries), (v1::TradingState::Active, 1, 1));
    assert_eq!(status.ledger.unwrap().environment(), v1::Environment::Sim);
    let account = client.portfolio().get_account(v1::GetAccountRequest {}).await.unwrap().into_inner();
    assert_eq!((account.gross_exposure.as_str(), account.session_open_equity), ("1010", None));
}

#[tokio::test]
async fn positions_come_in_pages() {
    let fixture = Fixture::start().await;
    fixture.runtime.publish(|view| {
        view.positions = [position(2, "SPY"), position(1, "NVDA"), position(0, "AAPL")].into_iter().collect();
    });
    let mut portfolio = fixture.client().await.portfolio();
    let first = v1::ListPositionsRequest { page_size: 2, ..Default::default() };
    let page = portfolio.list_positions(first.clone()).await.unwrap().into_inner();
    let symbols = |page: &v1::ListPositionsResponse| -> Vec<_> {
        page.positions.iter().map(|position| position.symbol.clone()).collect()
    };
    assert_eq!(symbols(&page), ["AAPL", "NVDA"]);
    let other = v1::ListPositionsRequest {
        page_token: page.next_page_token.clone(),
        symbols: vec!["SPY".to_owned()],
        ..first.clone()
    };
    check_refused(portfolio.list_positions(other).await, "page_token");
    let next = v1::ListPositionsRequest { page_token: page.next_page_token, ..first };
    let page = portfolio.list_positions(next.clone()).await.unwrap().into_inner();
    assert_eq!((symbols(&page), page.next_page_token.as_str()), (vec!["SPY".to_owned()], ""));
    let bad = v1::ListPositionsRequest { page_token: "x".to_owned(), ..Default::default() };
    check_refused(portfolio.list_positions(bad).await, "page_token");
    let other = v1::ListPositionsRequest { symbols: vec!["SPY".to_owned()], ..next.clone() };
    check_refused(portfolio.list_positions(other).await, "page_token");
    fixture.runtime.publish(|view| view.ledger.id = "paper-1".into());
    check_refused(portfolio.list_positions(next).await, "page_token");
    let bad = v1::ListPositionsRequest { page_size: -1, ..Default::default() };
    check_refused(portfolio.list_positions(bad).await, "page_size");
}

#[tokio::test]
async fn signals_are_filtered_and_paged() {
    let fixture = Fixture::start().await;
    let mut signals = fixture.client().await.signals();
    let first = v1::ListSignalsRequest { page_size: 2, ..Default::default() };
    let page = signals.list_signals(first.clone()).await.unwrap().into_inner();
    assert_eq!(page.signals.len(), 2);
    assert_eq!(page.signals[0].id, "2026-02-13/orb-etf/SPY/1");
    assert_eq!(page.signals[0].reason.as_deref(), Some("no_slot"));
    let next = v1::ListSignalsRequest { page_token: page.next_page_token, ..first };
    assert_eq!(signals.list_signals(next).await.unwrap().into_inner().signals.len(), 1);
    let filled = v1::SignalStatus::Filled.into();
    let only = v1::ListSignalsRequest { statuses: vec![filled], ..Default::default() };
    let page = signals.list_signals(only).await.unwrap().into_inner();
    assert_eq!((page.signals.len(), page.signals[0].symbol.as_str()), (1, "NVDA"));
    let bad = v1::ListSignalsRequest { page_token: "x".to_owned(), ..Default::default() };
    check_refused(signals.list_signals(bad).await, "page_token");
    let bad = v1::ListSignalsRequest { date_from: "yesterday".to_owned(), ..Default::default() };
    check_refused(signals.list_signals(bad).await, "date_from");
    let bad = v1::ListDecisionsRequest { reasons: vec!["because".to_owned()], ..Default::default() };
    check_refused(signals.list_decisions(bad).await, "reasons");
    let page = signals.list_decisions(v1::ListDecisionsRequest::default()).await.unwrap().into_inner();
    assert_eq!((page.decisions[0].reason.as_str(), page.decisions[0].detail.as_str()), ("no_trigger", "range 1.2"));
}

#[tokio::test]
async fn trades_show_results_only_once_closed() {
    let fixture = Fixture::start().await;
    let mut history = fixture.client().await.history();
    let trades = history.list_trades(v1::ListTradesRequest::default()).await.unwrap().into_inner().trades;
    assert_eq!(trades.len(), 3);
    let open = trades.iter().find(|trade| trade.symbol == "NVDA").unwrap();
    assert_eq!((open.status(), &open.net_pnl, &open.duration), (v1::TradeStatus::Open, &None, &None));
    let closed = trades.iter().find(|trade| trade.symbol == "AAPL").unwrap();
    assert_eq!((closed.gross_pnl.as_deref(), closed.net_pnl.as_deref()), (Some("20"), Some("19")));
    assert_eq!((closed.r_multiple.as_deref(), closed.exit_reason.as_deref()), (Some("2.0000"), Some("stop")));
    assert_eq!(closed.duration.unwrap().seconds, 25 * 60);
    let bad = v1::ListTradesRequest { symbols: vec!["A B".to_owned()], ..Default::default() };
    check_refused(history.list_trades(bad).await, "symbols");
}

#[tokio::test]
async fn metrics_and_equity_are_those_of_the_sessions() {
    let fixture = Fixture::start().await;
    let mut history = fixture.client().await.history();
    let reply = history.get_metrics(v1::GetMetricsRequest::default()).await.unwrap().into_inner();
    assert_eq!((reply.date_from.as_deref(), reply.date_to.as_deref()), (Some("2026-02-12"), Some("2026-02-13")));
    let metrics = reply.metrics.unwrap();
    assert_eq!((metrics.trades, metrics.wins, metrics.losses, metrics.sessions), (2, 1, 1, 2));
    assert_eq!((metrics.net_pnl.as_str(), metrics.max_drawdown.as_str()), ("8", "11"));
    assert!(metrics.sharpe.is_some() && metrics.sortino.is_some());
    let curve = history.get_equity_curve(v1::GetEquityCurveRequest::default()).await.unwrap().into_inner();
    let equity: Vec<_> = curve.points.iter().map(|point| point.equity.as_str()).collect();
    assert_eq!(equity, ["10019", "10008"]);
    let only = v1::GetEquityCurveRequest { strategies: vec!["orb-etf".to_owned()], ..Default::default() };
    let curve = history.get_equity_curve(only).await.unwrap().into_inner();
    let equity: Vec<_> = curve.points.iter().map(|point| point.equity.as_str()).collect();
    assert_eq!(equity, ["10000", "9989"], "with the trades of that strategy alone");
}

#[tokio::test]
async fn the_export_is_one_file_of_closed_trades() {
    let fixture = Fixture::start().await;
    let mut history = fixture.client().await.history();
    let mut pieces = history.export_trades(v1::ExportTradesRequest::default()).await.unwrap().into_inner();
    let mut file = Vec::new();
    while let Some(piece) = pieces.next().await {
        file.extend(piece.unwrap().data);
    }
    let expect = "strategy,symbol,date,side,quantity,entry_time,entry_price,exit_time,exit_price,exit_reason,\
                  gross_pnl,fees,net_pnl,r_multiple\n\
                  orb-classic,AAPL,2026-02-12,long,10,2026-02-12T14:35:00Z,100,2026-02-12T15:00:00Z,102,stop,20,1,19,2.0000\n\
                  orb-etf,SPY,2026-02-13,long,10,2026-02-13T14:35:00Z,100,2026-02-13T15:00:00Z,99,stop,-10,1,-11,-1.0000\n";
    assert_eq!(String::from_utf8(file).unwrap(), expect);
}

#[tokio::test]
async fn orders_fills_equity_and_audits_are_refused_what_they_cannot_be_asked() {
    let fixture = Fixture::start().await;
    let client = fixture.client().await;
    let (mut portfolio, mut logs) = (client.portfolio(), client.logs());
    let fills = portfolio.list_fills(v1::ListFillsRequest::default()).await.unwrap().into_inner();
    assert_eq!((fills.fills.len(), fills.fills[0].side()), (1, v1::OrderSide::Sell));
    assert_eq!(fills.fills[0].ledger_id, fills.ledger.unwrap().id);
    let buys = v1::ListFillsRequest { sides: vec![v1::OrderSide::Buy.into()], ..Default::default() };
    assert_eq!(portfolio.list_fills(buys).await.unwrap().into_inner().fills, []);
    let bad = v1::ListFillsRequest { sides: vec![0], ..Default::default() };
    check_refused(portfolio.list_fills(bad).await, "sides");
    let pending = v1::ListOrdersRequest { statuses: vec![v1::OrderStatus::Pending.into()], ..Default::default() };
    assert_eq!(portfolio.list_orders(pending).await.unwrap().into_inner().orders, []);
    let bad = |change: fn(&mut v1::ListOrdersRequest)| {
        let mut request = v1::ListOrdersRequest::default();
        change(&mut request);
        request
    };
    check_refused(portfolio.list_orders(bad(|order| order.statuses = vec![99])).await, "statuses");
    check_refused(portfolio.list_orders(bad(|order| order.roles = vec![0])).await, "roles");
    check_refused(portfolio.list_orders(bad(|order| order.order = 7)).await, "order");
    check_refused(portfolio.list_orders(bad(|order| order.page_size = -1)).await, "page_size");
    check_refused(portfolio.list_orders(bad(|order| order.page_token = "00".to_owned())).await, "page_token");
    check_refused(portfolio.list_orders(bad(|order| order.date_to = "soon".to_owned())).await, "date_to");
    let equity = v1::GetIntradayEquityRequest { date: "2026-02-13".to_owned(), max_points: 0 };
    assert_eq!(portfolio.get_intraday_equity(equity.clone()).await.unwrap_err().code(), Code::NotFound);
    let bad = v1::GetIntradayEquityRequest { max_points: -1, ..equity };
    check_refused(portfolio.get_intraday_equity(bad).await, "max_points");
    let bad = v1::ListAuditEntriesRequest { actors: vec![String::new()], ..Default::default() };
    check_refused(logs.list_audit_entries(bad).await, "actors");
    let audits = logs.list_audit_entries(v1::ListAuditEntriesRequest::default()).await.unwrap().into_inner();
    assert_eq!(audits.entries, []);
}

#[tokio::test]
async fn a_signal_is_shown_with_its_chain_and_an_unknown_one_is_not_found() {
    let fixture = Fixture::start().await;
    let mut signals = fixture.client().await.signals();
    let get = |id: &str| v1::GetSignalRequest { id: id.to_owned() };
    let found = signals.get_signal(get("2026-02-13/orb-classic/NVDA/1")).await.unwrap().into_inner();
    assert_eq!(found.signal.unwrap().symbol, "NVDA");
    assert_eq!((found.fills.len(), found.explanation), (1, None));
    assert_eq!((found.events[0].kind.as_str(), found.events[0].latency), ("decided", None));
    assert_eq!(signals.get_signal(get("nonsense")).await.unwrap_err().code(), Code::NotFound);
    check_refused(signals.get_signal(get("")).await, "id");
    let explain = |symbol: &str, date: &str| v1::ExplainSymbolRequest {
        symbol: symbol.to_owned(),
        date: date.to_owned(),
        strategies: Vec::new(),
    };
    assert_eq!(signals.explain_symbol(explain("NVDA", "2026-01-01")).await.unwrap_err().code(), Code::NotFound);
    check_refused(signals.explain_symbol(explain("", "")).await, "symbol");
    check_refused(signals.explain_symbol(explain("NVDA", "today")).await, "date");
    let found = signals.explain_symbol(explain("NVDA", "2026-02-13")).await.unwrap().into_inner();
    assert_eq!(found.signals.len(), 1);
}
