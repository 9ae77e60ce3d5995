//! Many clients, and what they cannot do to the engine.

use std::time::Duration;

use orb_api::v1::{
    self, live_service_server::LiveService as _, portfolio_service_server::PortfolioService as _,
    signal_service_server::SignalService as _, stream_positions_response::Event as PositionEvent,
    stream_signals_response::Event as SignalEvent,
};
use orb_core::fact::SignalStatus;
use tokio::time::timeout;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Status};

use super::fixture::{Fixture, dollars, position, signal_view};
use crate::{
    auth::{Caller, Role},
    rpc::{Live, Portfolio, Signals, Streams},
    view::PositionView,
};

async fn next<T>(stream: &mut (impl Stream<Item = Result<T, Status>> + Unpin)) -> T {
    timeout(Duration::from_secs(20), stream.next()).await.unwrap().unwrap().unwrap()
}

/// Makes a call of one of many callers.
fn call<T>(number: usize, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let actor = format!("caller-{}", number / 32);
    request.extensions_mut().insert(Caller::new(&actor, Role::Viewer));
    request
}

fn move_position(fixture: &Fixture, round: i64) {
    fixture.runtime.publish(|view| {
        let moved = PositionView { unrealized: Some(dollars(&round.to_string())), ..position(1, "NVDA") };
        view.positions = [moved].into_iter().collect();
    });
}

/// Streams that are never read, others that were read once, and the one thing that counts: what the engine's side of
/// the channels sees of them.
#[tokio::test]
async fn however_many_clients_there_are_the_engine_wakes_one_task_and_waits_for_none() {
    let fixture = Fixture::start().await;
    let streams = Streams::start(&fixture.handle, &fixture.stop);
    let portfolio = Portfolio::new(fixture.handle.clone(), streams.clone());
    let signals = Signals::new(fixture.handle.clone(), streams.clone());
    let live = Live::new(streams);
    let listeners = || (fixture.handle.updates.receiver_count(), fixture.handle.logs.receiver_count());
    let before = (listeners(), fixture.runtime.viewers());
    let topics = vec![v1::Topic::Status.into(), v1::Topic::Positions.into(), v1::Topic::Signals.into()];
    let mut greedy = Vec::new();
    for number in 0..400 {
        let request = v1::WatchRequest { topics: topics.clone(), ..Default::default() };
        greedy.push(live.watch(call(number, request)).await.unwrap().into_inner());
    }
    let mut slow = Vec::new();
    for number in 400..600 {
        let request = call(number, v1::StreamSignalsRequest::default());
        slow.push(signals.stream_signals(request).await.unwrap().into_inner());
        next(slow.last_mut().unwrap()).await;
    }
    let request = call(700, v1::StreamPositionsRequest::default());
    let mut quick = portfolio.stream_positions(request).await.unwrap().into_inner();
    next(&mut quick).await;
    assert_eq!((listeners(), fixture.runtime.viewers()), before, "a client listens to the engine itself");
    // This thread is the only one: were anything of a client needed for these to return, they never would.
    for round in 1..=3000 {
        fixture.runtime.publish_signal(&signal_view(0, "AAPL", SignalStatus::Working));
        move_position(&fixture, round);
    }
    let result = loop {
        if let Some(PositionEvent::Update(update)) = next(&mut quick).await.event {
            break update.changed[0].unrealized_pnl.clone();
        }
        move_position(&fixture, 3001);
    };
    assert!(matches!(result.as_deref(), Some("3000" | "3001")), "{result:?}");
    // Whoever comes late is told how much it has lost, and is whole again.
    for stream in &mut slow {
        let message = next(stream).await;
        let Some(SignalEvent::Snapshot(snapshot)) = message.event else { panic!("{message:?}") };
        assert!(snapshot.resync && snapshot.dropped > 1000, "{} {}", snapshot.resync, snapshot.dropped);
        assert_eq!(snapshot.signals.len(), 2);
    }
    // Places are given back by those that go.
    drop(greedy);
    let request = call(0, v1::StreamPositionsRequest::default());
    assert!(portfolio.stream_positions(request).await.is_ok());
}

/// What is not lost but only late comes as one: a position's last state.
#[tokio::test]
async fn a_slow_client_gets_the_last_state_of_each_position_in_one_message() {
    let fixture = Fixture::start().await;
    let streams = Streams::start(&fixture.handle, &fixture.stop);
    let portfolio = Portfolio::new(fixture.handle.clone(), streams);
    let open = async |number| {
        let request = call(number, v1::StreamPositionsRequest::default());
        let mut stream = portfolio.stream_positions(request).await.unwrap().into_inner();
        next(&mut stream).await;
        stream
    };
    let (mut quick, mut slow) = (open(0).await, open(40).await);
    let mut updates = 0;
    for round in 1..=20 {
        move_position(&fixture, round);
        while !matches!(next(&mut quick).await.event, Some(PositionEvent::Update(_))) {}
        updates += 1;
    }
    fixture.runtime.publish(|view| view.positions = [position(2, "SPY")].into_iter().collect());
    while !matches!(next(&mut quick).await.event, Some(PositionEvent::Update(_))) {}
    let message = next(&mut slow).await;
    let Some(PositionEvent::Update(update)) = message.event else { panic!("{message:?}") };
    assert_eq!(updates, 20);
    let symbols: Vec<_> = update.changed.iter().map(|position| position.symbol.as_str()).collect();
    assert_eq!((symbols, update.removed[0].symbol.as_str()), (vec!["SPY"], "NVDA"));
}

/// A real connection that takes nothing holds up neither the others nor the end of the daemon.
#[tokio::test]
async fn clients_that_take_nothing_hold_up_neither_the_others_nor_the_end() {
    let fixture = Fixture::start().await;
    let mut dead = Vec::new();
    for _ in 0..20 {
        let mut portfolio = fixture.client().await.portfolio();
        let stream = portfolio.stream_positions(v1::StreamPositionsRequest::default()).await.unwrap();
        dead.push((portfolio, stream));
    }
    let mut portfolio = fixture.client().await.portfolio();
    let request = v1::StreamPositionsRequest::default();
    let mut quick = portfolio.stream_positions(request).await.unwrap().into_inner();
    next(&mut quick).await;
    for round in 1..=50 {
        move_position(&fixture, round);
        while !matches!(next(&mut quick).await.event, Some(PositionEvent::Update(_))) {}
    }
    fixture.stop.cancel();
    timeout(Duration::from_secs(10), fixture.served).await.unwrap().unwrap().unwrap();
    drop(dead);
}
