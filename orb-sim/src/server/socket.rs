//! Websockets, from the connection to the owner and back.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::sync::oneshot;

use super::owner::Command;
use super::rest::Front;
use crate::streams::hub::{ConnectionId, Ending, Endpoint, Frame, Link};
use crate::streams::wire::Codec;

/// How long a data connection may take to authenticate, on the machine's clock.
const AUTHENTICATION: Duration = Duration::from_secs(10);

/// How long a client may take for its last frames, on the machine's clock.
pub(super) const FAREWELL: Duration = Duration::from_secs(5);

/// Serves one websocket to its end.
pub(super) async fn serve(
    front: Arc<Front>,
    websocket: WebSocket,
    endpoint: Endpoint,
    codec: Codec,
    is_observer: bool,
) {
    let (reply, opened) = oneshot::channel();
    let open = Command::Open { endpoint, codec, is_observer, reply };
    if front.commands.send(open).await.is_err() {
        return;
    }
    let Ok(link) = opened.await else { return };
    let id = link.id;
    let (mut sink, stream) = websocket.split();
    let mut written = 0;
    tokio::select! {
        () = listen(&front, id, stream) => {}
        () = tell(link, &mut sink, &mut written) => {}
        () = expire(&front, id, endpoint) => {}
    }
    let _ = front.commands.send(Command::Closed { id, written }).await;
}

/// Hands on what the client says, until it says no more.
async fn listen(front: &Front, id: ConnectionId, mut stream: SplitStream<WebSocket>) {
    while let Some(Ok(message)) = stream.next().await {
        let (is_text, bytes) = match message {
            Message::Text(text) => (true, text.into()),
            Message::Binary(bytes) => (false, bytes),
            // The library answers them as it is asked for the next message.
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => continue,
        };
        let hold = front.clock.busy();
        if front.commands.send(Command::Said { id, is_text, bytes, hold }).await.is_err() {
            return;
        }
    }
}

/// Sends what there is to send, until the end.
async fn tell(mut link: Link, sink: &mut SplitSink<WebSocket, Message>, written: &mut u64) {
    let ending = loop {
        tokio::select! {
            biased;
            ending = &mut link.ending => break ending.unwrap_or(Ending::Cut),
            frame = link.frames.recv() => {
                let Some(frame) = frame else { break Ending::Cut };
                // A client that does not read must not keep the end from coming.
                tokio::select! {
                    biased;
                    sent = sink.send(message(frame)) => match sent {
                        Ok(()) => *written += 1,
                        Err(_) => return,
                    },
                    ending = &mut link.ending => break ending.unwrap_or(Ending::Cut),
                }
            }
        }
    };
    let farewell = async {
        while let Ok(frame) = link.frames.try_recv() {
            sink.send(message(frame)).await?;
            *written += 1;
        }
        let Ending::Told(last) = ending else { return Ok(()) };
        if let Some(frame) = last {
            sink.send(message(frame)).await?;
            *written += 1;
        }
        sink.close().await
    };
    // A client that is too slow for its last frames misses them.
    let _ = tokio::time::timeout(FAREWELL, farewell).await;
}

/// Tells the owner when a data connection has had its time to authenticate; then waits for ever.
async fn expire(front: &Front, id: ConnectionId, endpoint: Endpoint) {
    if endpoint != Endpoint::TradeUpdates {
        tokio::time::sleep(AUTHENTICATION).await;
        let _ = front.commands.send(Command::TimedOut(id)).await;
    }
    std::future::pending::<()>().await;
}

fn message(frame: Frame) -> Message {
    if !frame.is_text {
        return Message::Binary(frame.bytes);
    }
    match axum::extract::ws::Utf8Bytes::try_from(frame.bytes) {
        Ok(text) => Message::Text(text),
        // Text frames are made of JSON, which is text.
        Err(_) => Message::Text(axum::extract::ws::Utf8Bytes::from_static("[]")),
    }
}
