//! The one stream of everything, over the recorded replies.

use orb_api::v1::{live_service_server::LiveService, watch_response::Event, *};
use tonic::Request;

use super::{
    Shared, replies,
    services::{Messages, Reply, messages, ok},
};

#[tonic::async_trait]
impl LiveService for Shared {
    type WatchStream = Messages<WatchResponse>;

    async fn watch(&self, request: Request<WatchRequest>) -> Reply<Self::WatchStream> {
        self.note(request);
        let status = StatusSnapshot { status: Some(replies::status()), resync: false, dropped: 0 };
        let positions = PositionsSnapshot {
            ledger: replies::ledger(),
            positions: vec![replies::position()],
            ..PositionsSnapshot::default()
        };
        let signals =
            SignalsSnapshot { ledger: replies::ledger(), signals: vec![replies::signal()], ..Default::default() };
        let logs =
            LogsSnapshot { ledger: replies::ledger(), entries: vec![replies::log_entry(1)], ..Default::default() };
        let events = [
            Event::StatusSnapshot(status),
            Event::Account(replies::account()),
            Event::PositionsSnapshot(positions),
            Event::SignalsSnapshot(signals),
            Event::EquitySnapshot(EquitySnapshot::default()),
            Event::LogsSnapshot(logs),
        ];
        let message = |event| WatchResponse {
            sequence: 1,
            stream_epoch: "run-1".to_owned(),
            event: Some(event),
            ..WatchResponse::default()
        };
        ok(messages(events.map(message).into()))
    }
}
