//! Streams of one topic, and their messages.

use orb_api::v1;
use tonic::Status;

use super::{
    board::Board,
    equity::EquityTopic,
    fills::FillsTopic,
    follow::{Envelope, Source, Told},
    logs::LogsTopic,
    positions::PositionsTopic,
    signals::SignalsTopic,
    status::StatusTopic,
    topic::{News, Subscription, Topic},
};

/// Has a stream of its own.
pub(super) trait Streamed: Topic + Sized {
    /// A message of that stream.
    type Message: Send + 'static;

    /// Makes a message.
    fn message(envelope: Envelope, event: Told<News<Self>>) -> Self::Message;

    /// Returns the sequence up to which all was told; the board's but where the topic has numbers of its own.
    fn position(&self, board: &Board) -> u64 {
        board.sequence
    }
}

/// Tells of one topic.
#[derive(Debug)]
pub(super) struct Single<T>(Subscription<T>);

impl<T: Topic> Single<T> {
    /// Makes the source of a client that knows nothing.
    pub(super) const fn new(topic: T) -> Self {
        Self(Subscription::new(topic))
    }
}

impl<T: Streamed> Source for Single<T> {
    type Message = T::Message;
    type News = News<T>;

    fn resume(&mut self, board: &Board, after: u64) -> bool {
        self.0.resume(board, after)
    }

    fn mark(&mut self, board: &Board) -> bool {
        self.0.mark(board)
    }

    async fn prepare(&mut self) -> Result<(), Status> {
        self.0.prepare().await
    }

    fn collect(&mut self, board: &Board, out: &mut Vec<News<T>>) {
        out.extend(self.0.collect(board));
    }

    fn is_behind(&self, board: &Board) -> bool {
        self.0.is_behind(board)
    }

    fn position(&self, board: &Board) -> u64 {
        self.0.topic().position(board)
    }

    fn message(envelope: Envelope, event: Told<News<T>>) -> T::Message {
        T::message(envelope, event)
    }
}

/// Gives topics streams of their own, whose messages all have the same fields.
macro_rules! streamed {
    ($($topic:ty, $response:ident, $module:ident $(, $position:item)?;)+) => {
        $(impl Streamed for $topic {
            type Message = v1::$response;

            fn message(envelope: Envelope, event: Told<News<Self>>) -> Self::Message {
                use v1::$module::Event;
                let event = match event {
                    Told::News(News::Snapshot(snapshot)) => Event::Snapshot(snapshot),
                    Told::News(News::Update(update)) => Event::Update(update),
                    Told::Heartbeat(beat) => Event::Heartbeat(beat),
                    Told::Resumed(resumed) => Event::Resumed(resumed),
                    Told::LedgerChanged(changed) => Event::LedgerChanged(changed),
                };
                let Envelope { sequence, ledger_id, server_time, stream_epoch } = envelope;
                v1::$response { sequence, ledger_id, server_time, stream_epoch, event: Some(event) }
            }

            $($position)?
        })+
    };
}

streamed! {
    StatusTopic, WatchStatusResponse, watch_status_response;
    PositionsTopic, StreamPositionsResponse, stream_positions_response;
    FillsTopic, StreamFillsResponse, stream_fills_response;
    EquityTopic, StreamEquityResponse, stream_equity_response;
    SignalsTopic, StreamSignalsResponse, stream_signals_response;
    // Lines have numbers of their own.
    LogsTopic, StreamLogsResponse, stream_logs_response, fn position(&self, _: &Board) -> u64 {
        self.last()
    };
}
