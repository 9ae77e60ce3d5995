//! The topics that streams tell of, one each and several in one, and how a stream goes on after a break.

use std::{sync::Arc, time::Duration};

use orb_api::v1::{
    self, control_service_server::ControlService as _, portfolio_service_server::PortfolioService as _,
    stream_equity_response::Event as EquityEvent, stream_fills_response::Event as FillEvent,
    stream_logs_response::Event as LogEvent, stream_signals_response::Event as SignalEvent,
    watch_response::Event as WatchEvent, watch_status_response::Event as StatusEvent,
};
use orb_core::{
    Date, OrderSide, Quantity, Timestamp,
    fact::SignalStatus,
    hold::{Hold, HoldKind, TradingState},
};
use tokio::time::timeout;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Code, Request, Status};

use super::fixture::{Fixture, at, date, dollars, price, signal_view};
use crate::{
    auth::{Caller, Role},
    rpc::{Control, Portfolio, Streams},
    store::{Commit, EquityRow, Ledger, Writer},
    view::{Change, Environment, FillView, LogView, SessionPhase, SessionView, View},
};

async fn next<T>(stream: &mut (impl Stream<Item = Result<T, Status>> + Unpin)) -> T {
    timeout(Duration::from_secs(10), stream.next()).await.unwrap().unwrap().unwrap()
}

/// Returns the next of a stream's messages that is wanted; a stream of heartbeats alone ends the search.
async fn find<T, R>(
    stream: &mut (impl Stream<Item = Result<T, Status>> + Unpin),
    wanted: impl Fn(T) -> Option<R>,
) -> R {
    for _ in 0..50 {
        if let Some(found) = wanted(next(stream).await) {
            return found;
        }
    }
    panic!("it did not come within 50 messages")
}

fn fill(id: &str, symbol: &str) -> Arc<FillView> {
    Arc::new(FillView {
        id: id.into(),
        trade_id: format!("2026-02-13/orb-classic/{symbol}/1").into(),
        strategy: "orb-classic".into(),
        symbol: symbol.into(),
        side: OrderSide::Buy,
        quantity: Quantity::new(10),
        price: price("100"),
        fee: Some(dollars("1")),
        at: at(13, 15, 1),
        taken_back: None,
        client_order_id: "order-0".into(),
        broker_order_id: None,
    })
}

fn session(date: Date) -> SessionView {
    SessionView {
        date,
        phase: SessionPhase::Entries,
        open: at(13, 14, 30),
        range_end: at(13, 14, 35),
        entry_cutoff: None,
        flatten_at: at(13, 20, 55),
        close: at(13, 21, 0),
    }
}

/// Publishes that a session has begun, and returns a fixture that serves it.
async fn in_session() -> Fixture {
    let fixture = Fixture::start().await;
    fixture.runtime.publish(|view| view.session = Some(session(date(13))));
    // The server's hub takes it within its spacing; what a stream begins with is then of the session.
    tokio::time::sleep(Duration::from_millis(100)).await;
    fixture
}

fn publish_fill(fixture: &Fixture, fill: &Arc<FillView>) {
    fixture.runtime.publish_with(vec![Change::Fill(Arc::clone(fill))], |view| {
        view.now = view.now.map(|now| now + orb_core::Span::from_millis(1));
        view.fills = view.fills.iter().cloned().chain([Arc::clone(fill)]).collect();
    });
}

fn publish_line(fixture: &Fixture, id: u64) {
    let line = LogView {
        id,
        at: at(13, 15, 0),
        engine_time: None,
        severity: None,
        component: orb_core::effect::Component::Api,
        message: format!("line {id}"),
        fields: Vec::new(),
        strategy: None,
    };
    fixture.handle.logs.send(Arc::new(line)).unwrap();
}

#[tokio::test]
async fn fills_are_those_of_the_session_then_new_ones() {
    let fixture = in_session().await;
    publish_fill(&fixture, &fill("x1", "NVDA"));
    publish_fill(&fixture, &fill("x2", "AAPL"));
    let mut portfolio = fixture.client().await.portfolio();
    let nvda = v1::StreamFillsRequest { symbols: vec!["NVDA".to_owned()], ..Default::default() };
    let mut stream = portfolio.stream_fills(nvda).await.unwrap().into_inner();
    let ids = |fills: &[v1::Fill]| fills.iter().map(|fill| fill.id.clone()).collect::<Vec<_>>();
    let Some(FillEvent::Snapshot(snapshot)) = next(&mut stream).await.event else { panic!("no snapshot") };
    let mut known = ids(&snapshot.fills);
    publish_fill(&fixture, &fill("x3", "AAPL"));
    publish_fill(&fixture, &fill("x4", "NVDA"));
    while known.last().map(String::as_str) != Some("x4") {
        let update = |message: v1::StreamFillsResponse| match message.event {
            Some(FillEvent::Update(update)) => Some(update),
            _ => None,
        };
        known.extend(ids(&find(&mut stream, update).await.fills));
    }
    assert_eq!(known, ["x1", "x4"]);
    // The next session begins with nothing.
    fixture.runtime.publish(|view| {
        view.session = Some(session(date(14)));
        view.fills = Arc::default();
    });
    let snapshot = |message: v1::StreamFillsResponse| match message.event {
        Some(FillEvent::Snapshot(snapshot)) => Some(snapshot),
        _ => None,
    };
    let snapshot = find(&mut stream, snapshot).await;
    assert_eq!((snapshot.fills.len(), snapshot.resync), (0, false));
}

#[tokio::test]
async fn equity_has_a_point_each_second_and_at_once_after_a_fill() {
    let fixture = in_session().await;
    let mut portfolio = fixture.client().await.portfolio();
    let mut stream = portfolio.stream_equity(v1::StreamEquityRequest::default()).await.unwrap().into_inner();
    let Some(EquityEvent::Snapshot(snapshot)) = next(&mut stream).await.event else { panic!("no snapshot") };
    assert_eq!(snapshot.points.len(), 0);
    let equity = |text: &'static str| move |view: &mut View| view.account.equity = dollars(text);
    fixture.runtime.publish(equity("10000"));
    publish_fill(&fixture, &fill("x1", "NVDA"));
    let update = |message: v1::StreamEquityResponse| match message.event {
        Some(EquityEvent::Update(update)) => Some(update),
        _ => None,
    };
    let at_once = find(&mut stream, update).await.points;
    assert_eq!((at_once.len(), at_once[0].equity.as_str()), (1, "10000"));
    fixture.runtime.publish(|view| {
        equity("10007")(view);
        view.now = Some(at(13, 15, 2));
    });
    assert_eq!(find(&mut stream, update).await.points[0].equity, "10007");
    let mut again = portfolio.stream_equity(v1::StreamEquityRequest::default()).await.unwrap().into_inner();
    let Some(EquityEvent::Snapshot(snapshot)) = next(&mut again).await.event else { panic!("no snapshot") };
    assert_eq!(snapshot.points.len(), 2);
}

#[tokio::test]
async fn the_curve_of_other_books_is_what_their_records_have() {
    let fixture = in_session().await;
    let mut portfolio = fixture.client().await.portfolio();
    let mut stream = portfolio.stream_equity(v1::StreamEquityRequest::default()).await.unwrap().into_inner();
    let Some(EquityEvent::Snapshot(snapshot)) = next(&mut stream).await.event else { panic!("no snapshot") };
    assert_eq!(snapshot.points.len(), 0);
    let other = Ledger::new(Environment::Paper, "another");
    let row = |minute, text| {
        let (at, equity, realized) = (at(13, 14, minute), dollars(text), dollars("0"));
        EquityRow { at, equity, realized, unrealized: realized }
    };
    let rows = [row(31, "500"), row(32, "501")];
    let mut writer = Writer::open(&fixture.url, other.clone(), super::fixture::names()).unwrap();
    writer.commit(&Commit { equity: &rows, ..Commit::default() }).unwrap();
    // First the daemon shows that the engine of other books begins, then that engine shows itself; it counts anew.
    fixture.handle.reader.turn_to(&other);
    fixture.runtime.publish(|view| {
        let (session, symbols) = (view.session, Arc::clone(&view.symbols));
        *view = View { ledger: other.view(), session, symbols, ..View::default() };
    });
    fixture.runtime.publish(|view| view.now = Some(at(13, 15, 0)));
    let curve = |message: v1::StreamEquityResponse| match message.event {
        Some(EquityEvent::Snapshot(snapshot)) if !snapshot.points.is_empty() => Some(snapshot),
        _ => None,
    };
    let curve = find(&mut stream, curve).await;
    assert_eq!(curve.ledger.unwrap().id, other.id());
    let equity: Vec<_> = curve.points.iter().map(|point| point.equity.as_str()).collect();
    assert_eq!(equity[..2], ["500", "501"]);
}

#[tokio::test]
async fn the_status_comes_whole_whenever_it_changes() {
    let fixture = Fixture::start().await;
    let mut control = fixture.client().await.control();
    let mut stream = control.watch_status(v1::WatchStatusRequest::default()).await.unwrap().into_inner();
    let Some(StatusEvent::Snapshot(snapshot)) = next(&mut stream).await.event else { panic!("no snapshot") };
    let first = snapshot.status.unwrap();
    assert_eq!((first.state(), first.open_positions), (v1::TradingState::Active, 1));
    let kill = Hold {
        kind: HoldKind::Kill,
        reason: "news".to_owned(),
        actor: "ann".to_owned(),
        since: Timestamp::from_micros(1),
    };
    fixture.runtime.publish(|view| {
        view.holds.push(kill);
        view.state = TradingState::Halted;
    });
    let update = |message: v1::WatchStatusResponse| match message.event {
        Some(StatusEvent::Update(status)) => Some(status),
        _ => None,
    };
    let killed = find(&mut stream, update).await;
    assert_eq!((killed.state(), killed.holds.len(), killed.open_positions), (v1::TradingState::Halted, 1, 1));
    let beat = next(&mut stream).await;
    assert!(matches!(beat.event, Some(StatusEvent::Heartbeat(_))), "{beat:?}");
}

fn all_topics() -> Vec<i32> {
    use v1::Topic::{Account, Equity, Fills, Logs, Positions, Signals, Status};
    [Status, Account, Positions, Fills, Equity, Signals, Logs].map(i32::from).to_vec()
}

#[tokio::test]
async fn one_stream_tells_of_all_topics_with_one_numbering() {
    let fixture = in_session().await;
    let mut live = fixture.client().await.live();
    let request = v1::WatchRequest { topics: all_topics(), ..Default::default() };
    let mut stream = live.watch(request).await.unwrap().into_inner();
    let mut first = Vec::new();
    for _ in 0..7 {
        first.push(next(&mut stream).await);
    }
    let kinds: Vec<_> = first.iter().map(|message| message.event.clone().unwrap()).collect();
    assert!(
        matches!(
            kinds.as_slice(),
            [
                WatchEvent::StatusSnapshot(_),
                WatchEvent::Account(_),
                WatchEvent::PositionsSnapshot(_),
                WatchEvent::FillsSnapshot(_),
                WatchEvent::EquitySnapshot(_),
                WatchEvent::SignalsSnapshot(_),
                WatchEvent::LogsSnapshot(_),
            ]
        ),
        "{kinds:?}"
    );
    // A break in the midst of the snapshots is no place to go on from.
    assert!(first[..6].iter().all(|message| message.sequence == 0), "{first:?}");
    let mut last = first[6].sequence;
    assert!(last > 0);
    publish_fill(&fixture, &fill("x1", "NVDA"));
    publish_line(&fixture, 1);
    let (mut fills, mut points, mut lines, mut accounts) = (0, 0, 0, 0);
    for _ in 0..100 {
        if fills > 0 && points > 0 && lines > 0 && accounts > 0 {
            break;
        }
        let message = next(&mut stream).await;
        assert!(message.sequence >= last, "{} after {last}", message.sequence);
        last = message.sequence;
        match message.event.unwrap() {
            WatchEvent::FillsUpdate(update) => fills += update.fills.len(),
            WatchEvent::EquityUpdate(update) => points += update.points.len(),
            WatchEvent::LogsUpdate(update) => lines += update.entries.len(),
            WatchEvent::Account(_) => accounts += 1,
            WatchEvent::Heartbeat(_)
            | WatchEvent::Resumed(_)
            | WatchEvent::LedgerChanged(_)
            | WatchEvent::StatusSnapshot(_)
            | WatchEvent::StatusUpdate(_)
            | WatchEvent::PositionsSnapshot(_)
            | WatchEvent::PositionsUpdate(_)
            | WatchEvent::FillsSnapshot(_)
            | WatchEvent::EquitySnapshot(_)
            | WatchEvent::SignalsSnapshot(_)
            | WatchEvent::SignalsUpdate(_)
            | WatchEvent::LogsSnapshot(_) => {}
        }
    }
    assert_eq!((fills, lines), (1, 1));
    assert!(points > 0 && accounts > 0, "{points} {accounts}");
}

#[tokio::test]
async fn topics_are_asked_for_each_once() {
    let fixture = Fixture::start().await;
    let mut live = fixture.client().await.live();
    let status = v1::Topic::Status.into();
    for topics in [vec![], vec![0], vec![99], vec![status, status]] {
        let refused = live.watch(v1::WatchRequest { topics: topics.clone(), ..Default::default() }).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{topics:?}");
        assert!(refused.message().starts_with("topics"), "{refused}");
    }
    let logs = Some(v1::StreamLogsRequest::default());
    let refused = live.watch(v1::WatchRequest { topics: vec![status], logs, resume_after: None }).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
}

fn resume(epoch: &str, sequence: u64) -> Option<v1::ResumePoint> {
    Some(v1::ResumePoint { stream_epoch: epoch.to_owned(), sequence })
}

#[tokio::test]
async fn a_stream_goes_on_where_an_earlier_one_ended() {
    let fixture = Fixture::start().await;
    let mut signals = fixture.client().await.signals();
    let working = |resume_after| v1::StreamSignalsRequest {
        statuses: vec![v1::SignalStatus::Working.into()],
        resume_after,
        ..Default::default()
    };
    let mut stream = signals.stream_signals(working(None)).await.unwrap().into_inner();
    let first = next(&mut stream).await;
    drop(stream);
    fixture.runtime.publish_signal(&signal_view(2, "SPY", SignalStatus::Working));
    fixture.runtime.publish_signal(&signal_view(0, "AAPL", SignalStatus::Filled));
    let point = resume(&first.stream_epoch, first.sequence);
    let mut stream = signals.stream_signals(working(point)).await.unwrap().into_inner();
    let resumed = next(&mut stream).await;
    assert_eq!(resumed.sequence, first.sequence);
    let Some(SignalEvent::Resumed(told)) = resumed.event else { panic!("{resumed:?}") };
    assert_eq!(told.after_sequence, first.sequence);
    let mut symbols = Vec::new();
    while symbols.len() < 2 {
        let update = |message: v1::StreamSignalsResponse| match message.event {
            Some(SignalEvent::Update(update)) => Some(update),
            _ => None,
        };
        symbols.extend(find(&mut stream, update).await.signals.into_iter().map(|signal| signal.symbol));
    }
    // AAPL has left the status that the earlier stream told of, which is told.
    assert_eq!(symbols, ["SPY", "AAPL"]);
}

#[tokio::test]
async fn where_something_would_be_missing_a_stream_begins_with_a_snapshot() {
    let fixture = Fixture::start().await;
    let mut signals = fixture.client().await.signals();
    let ask = |resume_after| v1::StreamSignalsRequest { resume_after, ..Default::default() };
    let mut stream = signals.stream_signals(ask(None)).await.unwrap().into_inner();
    let first = next(&mut stream).await;
    let of_another_run = resume("another run", first.sequence);
    let of_before = resume(&first.stream_epoch, 0);
    for point in [of_another_run, of_before] {
        let mut stream = signals.stream_signals(ask(point.clone())).await.unwrap().into_inner();
        let message = next(&mut stream).await;
        assert!(matches!(message.event, Some(SignalEvent::Snapshot(_))), "{point:?}: {message:?}");
    }
    // Other books have nothing to do with what the client knows.
    fixture.runtime.publish(|view| view.ledger.id = "paper-1".into());
    while !matches!(next(&mut stream).await.event, Some(SignalEvent::LedgerChanged(_))) {}
    let point = resume(&first.stream_epoch, first.sequence);
    let mut stream = signals.stream_signals(ask(point)).await.unwrap().into_inner();
    let message = next(&mut stream).await;
    assert!(matches!(message.event, Some(SignalEvent::Snapshot(_))), "{message:?}");
}

#[tokio::test]
async fn one_stream_of_several_topics_goes_on_too() {
    let fixture = in_session().await;
    let mut live = fixture.client().await.live();
    let topics = vec![v1::Topic::Fills.into(), v1::Topic::Positions.into()];
    let ask = |resume_after| v1::WatchRequest { topics: topics.clone(), logs: None, resume_after };
    let mut stream = live.watch(ask(None)).await.unwrap().into_inner();
    next(&mut stream).await;
    let second = next(&mut stream).await;
    drop(stream);
    publish_fill(&fixture, &fill("x1", "NVDA"));
    let point = resume(&second.stream_epoch, second.sequence);
    let mut stream = live.watch(ask(point)).await.unwrap().into_inner();
    let resumed = next(&mut stream).await;
    assert!(matches!(resumed.event, Some(WatchEvent::Resumed(_))), "{resumed:?}");
    let update = |message: v1::WatchResponse| match message.event {
        Some(WatchEvent::FillsUpdate(update)) => Some(update),
        Some(WatchEvent::FillsSnapshot(_)) => panic!("a snapshot of what was known"),
        _ => None,
    };
    assert_eq!(find(&mut stream, update).await.fills[0].id, "x1");
}

#[tokio::test]
async fn a_log_goes_on_behind_the_line_that_was_seen_last() {
    let fixture = Fixture::start().await;
    let mut logs = fixture.client().await.logs();
    let ask = |resume_after| v1::StreamLogsRequest { resume_after, ..Default::default() };
    let mut stream = logs.stream_logs(ask(None)).await.unwrap().into_inner();
    let epoch = next(&mut stream).await.stream_epoch;
    (7..=9).for_each(|id| publish_line(&fixture, id));
    let mut ids = Vec::new();
    let entries = |message: v1::StreamLogsResponse| match message.event {
        Some(LogEvent::Update(update)) => Some(update.entries),
        _ => None,
    };
    while ids.len() < 3 {
        ids.extend(find(&mut stream, entries).await.into_iter().map(|line| line.id));
    }
    assert_eq!(ids, [7, 8, 9]);
    let mut stream = logs.stream_logs(ask(resume(&epoch, 8))).await.unwrap().into_inner();
    let resumed = next(&mut stream).await;
    assert!(matches!(resumed.event, Some(LogEvent::Resumed(_))), "{resumed:?}");
    assert_eq!(find(&mut stream, entries).await[0].id, 9);
}

#[tokio::test]
async fn a_stream_ends_when_its_token_is_revoked() {
    let fixture = Fixture::start().await;
    let portfolio = Portfolio::new(fixture.handle.clone(), Streams::start(&fixture.handle, &fixture.stop));
    let caller = Caller::new("ann", Role::Viewer);
    let token = caller.ended.clone();
    let mut request = Request::new(v1::StreamFillsRequest::default());
    request.extensions_mut().insert(caller);
    let mut revoked = portfolio.stream_fills(request).await.unwrap().into_inner();
    let request = Request::new(v1::StreamFillsRequest::default());
    let mut other = portfolio.stream_fills(request).await.unwrap().into_inner();
    next(&mut revoked).await;
    next(&mut other).await;
    token.cancel();
    let end = timeout(Duration::from_secs(5), revoked.next()).await.unwrap().unwrap().unwrap_err();
    assert_eq!(end.code(), Code::Unauthenticated);
    assert!(revoked.next().await.is_none());
    next(&mut other).await;
}

#[tokio::test]
async fn a_token_has_so_many_streams_whatever_they_tell() {
    let fixture = Fixture::start().await;
    let streams = Streams::start(&fixture.handle, &fixture.stop);
    let portfolio = Portfolio::new(fixture.handle.clone(), streams.clone());
    let control = Control::new(fixture.handle.clone(), streams);
    let caller = |actor: &str| Caller::new(actor, Role::Viewer);
    let mut held = Vec::new();
    for _ in 0..32 {
        let mut request = Request::new(v1::StreamFillsRequest::default());
        request.extensions_mut().insert(caller("ann"));
        held.push(portfolio.stream_fills(request).await.unwrap());
    }
    let ask = |actor: &str| {
        let mut request = Request::new(v1::WatchStatusRequest::default());
        request.extensions_mut().insert(caller(actor));
        request
    };
    assert_eq!(control.watch_status(ask("ann")).await.unwrap_err().code(), Code::ResourceExhausted);
    assert!(control.watch_status(ask("bob")).await.is_ok());
    held.pop();
    assert!(control.watch_status(ask("ann")).await.is_ok());
}
