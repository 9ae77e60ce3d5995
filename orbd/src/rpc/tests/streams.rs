//! Streams: a snapshot, then updates above it, heartbeats, a resync after a lag, and an end at shutdown.

use std::{sync::Arc, time::Duration};

use orb_api::v1::{
    self, LogsSnapshot, signal_service_server::SignalService as _, stream_logs_response::Event as LogEvent,
    stream_positions_response::Event as PositionEvent, stream_signals_response::Event as SignalEvent,
};
use orb_core::{
    effect::{Component, Severity},
    fact::SignalStatus,
};
use tokio::time::timeout;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Status};

use super::fixture::{Fixture, at, dollars, position, signal_view};
use crate::{
    rpc::{Signals, Streams},
    store::{LogLine, LogOptions, LogWriter},
};

async fn next<T>(stream: &mut (impl Stream<Item = Result<T, Status>> + Unpin)) -> T {
    timeout(Duration::from_secs(5), stream.next()).await.unwrap().unwrap().unwrap()
}

#[tokio::test]
async fn positions_are_a_snapshot_then_changes() {
    let fixture = Fixture::start().await;
    let mut portfolio = fixture.client().await.portfolio();
    let mut stream = portfolio.stream_positions(v1::StreamPositionsRequest::default()).await.unwrap().into_inner();
    let first = next(&mut stream).await;
    assert!(first.sequence >= 1 && !first.stream_epoch.is_empty(), "{first:?}");
    let Some(PositionEvent::Snapshot(snapshot)) = &first.event else { panic!("{first:?}") };
    assert_eq!((snapshot.positions.len(), snapshot.resync), (1, false));
    fixture.runtime.publish(|view| {
        let moved = crate::view::PositionView { unrealized: Some(dollars("5")), ..position(1, "NVDA") };
        view.positions = [moved, position(2, "SPY")].into_iter().collect();
    });
    let update = next(&mut stream).await;
    assert!(update.sequence > first.sequence, "{update:?}");
    let Some(PositionEvent::Update(update)) = update.event else { panic!("{update:?}") };
    assert_eq!((update.changed.len(), update.removed.len()), (2, 0));
    fixture.runtime.publish(|view| view.positions = [position(2, "SPY")].into_iter().collect());
    let last = next(&mut stream).await;
    let Some(PositionEvent::Update(update)) = last.event else { panic!("no update") };
    assert_eq!((update.changed.len(), update.removed[0].symbol.as_str()), (0, "NVDA"));
    let beat = next(&mut stream).await;
    assert!(matches!(beat.event, Some(PositionEvent::Heartbeat(_))), "{beat:?}");
    assert_eq!((beat.sequence, &beat.stream_epoch), (last.sequence, &first.stream_epoch));
}

#[tokio::test]
async fn another_ledger_brings_another_snapshot() {
    let fixture = Fixture::start().await;
    let mut portfolio = fixture.client().await.portfolio();
    let mut stream = portfolio.stream_positions(v1::StreamPositionsRequest::default()).await.unwrap().into_inner();
    next(&mut stream).await;
    fixture.runtime.publish(|view| {
        view.ledger.id = "paper-1".into();
        view.positions = Arc::default();
    });
    let told = next(&mut stream).await;
    assert_eq!(told.ledger_id, "paper-1");
    let Some(PositionEvent::LedgerChanged(changed)) = told.event else { panic!("{told:?}") };
    assert_eq!(changed.ledger.unwrap().id, "paper-1");
    let message = next(&mut stream).await;
    assert_eq!(message.ledger_id, "paper-1");
    let Some(PositionEvent::Snapshot(snapshot)) = message.event else { panic!("{message:?}") };
    assert_eq!((snapshot.positions.len(), snapshot.resync), (0, false));
}

#[tokio::test]
async fn signals_are_a_snapshot_then_updates_above_it() {
    let fixture = Fixture::start().await;
    let mut signals = fixture.client().await.signals();
    let working = v1::StreamSignalsRequest {
        statuses: vec![v1::SignalStatus::Working.into()],
        ..v1::StreamSignalsRequest::default()
    };
    let mut stream = signals.stream_signals(working).await.unwrap().into_inner();
    let first = next(&mut stream).await;
    let Some(SignalEvent::Snapshot(snapshot)) = first.event else { panic!("{first:?}") };
    assert_eq!((snapshot.signals.len(), snapshot.signals[0].symbol.as_str()), (1, "AAPL"));
    // Not wanted, then one that leaves what is wanted, which is told once.
    fixture.runtime.publish_signal(&signal_view(2, "SPY", SignalStatus::Rejected));
    fixture.runtime.publish_signal(&signal_view(0, "AAPL", SignalStatus::Filled));
    fixture.runtime.publish_signal(&signal_view(0, "AAPL", SignalStatus::Filled));
    let update = next(&mut stream).await;
    let Some(SignalEvent::Update(changes)) = &update.event else { panic!("{update:?}") };
    assert_eq!((changes.signals.len(), changes.signals[0].status()), (1, v1::SignalStatus::Filled));
    assert!(update.sequence > first.sequence);
    let beat = next(&mut stream).await;
    assert!(matches!(beat.event, Some(SignalEvent::Heartbeat(_))), "{beat:?}");
}

#[tokio::test]
async fn a_client_that_lags_gets_a_new_snapshot() {
    let fixture = Fixture::start().await;
    // Without a connection in between, nothing but the stream's own queue hides the lag.
    let service = Signals::new(fixture.handle.clone(), Streams::start(&fixture.handle, &fixture.stop));
    let request = Request::new(v1::StreamSignalsRequest::default());
    let mut stream = service.stream_signals(request).await.unwrap().into_inner();
    next(&mut stream).await;
    for round in 0..2000 {
        fixture.runtime.publish_signal(&signal_view(0, "AAPL", SignalStatus::Working));
        if round % 50 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let newest = fixture.handle.current().sequence;
    let mut last = 0;
    let resync = loop {
        let message = next(&mut stream).await;
        assert!(message.sequence > last, "{} after {last}", message.sequence);
        last = message.sequence;
        if let Some(SignalEvent::Snapshot(snapshot)) = message.event {
            break snapshot;
        }
    };
    assert!(resync.resync && resync.dropped > 0, "{resync:?}");
    fixture.runtime.publish_signal(&signal_view(1, "NVDA", SignalStatus::Filled));
    while last <= newest {
        last = next(&mut stream).await.sequence;
    }
}

fn line(message: &str, severity: Severity) -> LogLine {
    LogLine {
        at: at(13, 15, 0),
        engine_time: None,
        severity: Some(severity),
        component: Component::Executor,
        message: message.to_owned(),
        fields: Vec::new(),
        ledger_id: None,
        strategy: None,
    }
}

#[tokio::test]
async fn logs_follow_their_backlog_without_repetition() {
    let fixture = Fixture::start().await;
    let publish = fixture.handle.logs.clone();
    let writer = LogWriter::open(&fixture.url, LogOptions::default(), move |lines| {
        for line in lines {
            let _ = publish.send(Arc::new(line));
        }
    })
    .unwrap();
    writer.sender().send(line("order rejected", Severity::Warn));
    assert!(writer.flush(Duration::from_secs(5)));
    let mut logs = fixture.client().await.logs();
    let request = v1::StreamLogsRequest {
        severity_min: v1::Severity::Warn.into(),
        search: "ORDER rej".to_owned(),
        ..v1::StreamLogsRequest::default()
    };
    let mut stream = logs.stream_logs(request).await.unwrap().into_inner();
    let Some(LogEvent::Snapshot(LogsSnapshot { entries, resync, .. })) = next(&mut stream).await.event else {
        panic!("no snapshot")
    };
    assert_eq!((entries.len(), entries[0].message.as_str(), resync), (1, "order rejected", false));
    writer.sender().send(line("order filled", Severity::Warn));
    writer.sender().send(line("order rejected again", Severity::Info));
    writer.sender().send(line("order rejected twice", Severity::Error));
    let update = next(&mut stream).await;
    let Some(LogEvent::Update(changes)) = &update.event else { panic!("{update:?}") };
    assert_eq!((changes.entries.len(), changes.entries[0].message.as_str()), (1, "order rejected twice"));
    assert_eq!(update.sequence, changes.entries[0].id);
    let page = logs.list_logs(v1::ListLogsRequest { page_size: 2, ..Default::default() }).await.unwrap().into_inner();
    assert_eq!((page.entries.len(), page.next_page_token.is_empty()), (2, false));
}

#[tokio::test]
async fn streams_and_the_server_end_at_shutdown() {
    let fixture = Fixture::start().await;
    let mut portfolio = fixture.client().await.portfolio();
    let mut stream = portfolio.stream_positions(v1::StreamPositionsRequest::default()).await.unwrap().into_inner();
    next(&mut stream).await;
    fixture.stop.cancel();
    assert!(timeout(Duration::from_secs(5), stream.next()).await.unwrap().is_none());
    timeout(Duration::from_secs(5), fixture.served).await.unwrap().unwrap().unwrap();
}
