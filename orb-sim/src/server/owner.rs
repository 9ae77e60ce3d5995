//! The task that owns broker, market and connections, and moves time.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::socket;
use crate::broker::Broker;
use crate::clock::{Busy, SimClock, Step};
use crate::config::End;
use crate::exchange::{Exchange, Incoming, Outcome};
use crate::faults::HttpFault;
use crate::http::Request;
use crate::streams::hub::{ConnectionId, Endpoint, Link};
use crate::streams::wire::Codec;

/// Commands that may wait.
const COMMANDS_MAX: usize = 1_024;

/// Tells the owner what to do. Whatever holds time comes along, and is let go when it is done.
pub(super) enum Command {
    /// A request came.
    Request(Box<Incoming>, oneshot::Sender<Outcome>, Busy),
    /// A websocket is asked for: is it to go wrong?
    Admit(Box<Request>, oneshot::Sender<Option<HttpFault>>),
    /// A websocket was opened.
    Open { endpoint: Endpoint, codec: Codec, is_observer: bool, reply: oneshot::Sender<Link> },
    /// A client said something on a websocket.
    Said { id: ConnectionId, is_text: bool, bytes: bytes::Bytes, hold: Busy },
    /// A client did not authenticate in time.
    TimedOut(ConnectionId),
    /// A websocket ended, on which so many frames were written.
    Closed { id: ConnectionId, written: u64 },
    /// Somebody in this process wants to do something with the broker.
    WithBroker(Box<dyn FnOnce(&mut Broker) + Send>, Busy),
}

pub(super) struct Owner {
    exchange: Exchange,
    clock: SimClock,
    end: End,
    commands: mpsc::Receiver<Command>,
    stop: CancellationToken,
}

/// Events after which other tasks get their turn, at the highest speed.
const EVENTS_IN_A_ROW: u32 = 64;

impl Owner {
    pub(super) fn new(
        exchange: Exchange,
        clock: SimClock,
        end: End,
        stop: CancellationToken,
    ) -> (Self, mpsc::Sender<Command>) {
        let (sender, commands) = mpsc::channel(COMMANDS_MAX);
        (Self { exchange, clock, end, commands, stop }, sender)
    }

    /// Runs until it is stopped, or everything was played and that ends it.
    pub(super) async fn run(mut self) {
        let mut in_a_row = 0;
        while !self.stop.is_cancelled() {
            while let Ok(command) = self.commands.try_recv() {
                self.obey(command);
            }
            if self.end == End::Stop && self.exchange.is_over() {
                self.finish().await;
                break;
            }
            let next = self.exchange.next_at();
            match self.clock.step(next) {
                Step::Event(now) => {
                    self.exchange.advance(now);
                    self.clock.expect(self.exchange.next_at());
                    in_a_row += 1;
                    if in_a_row >= EVENTS_IN_A_ROW {
                        in_a_row = 0;
                        tokio::task::yield_now().await;
                    }
                }
                Step::Woken => {}
                Step::Held(recheck) => self.wait(recheck).await,
                Step::Early(wait) => self.wait(Some(wait)).await,
                Step::Idle => self.wait(None).await,
            }
        }
        self.stop.cancel();
        self.exchange.hub.cut_all();
    }

    /// Gives every client what waits for it, and ends its connection.
    async fn finish(&mut self) {
        self.exchange.hub.finish_all();
        let all_closed = async {
            while !self.exchange.hub.is_empty() {
                let Some(command) = self.commands.recv().await else { return };
                self.obey(command);
                self.exchange.hub.finish_all();
            }
        };
        // A client that does not read its last frames misses them.
        let _ = tokio::time::timeout(socket::FAREWELL * 2, all_closed).await;
    }

    /// Waits for a command, a change of what holds time, the end, or a time on the machine's clock.
    async fn wait(&mut self, at_most: Option<Duration>) {
        let timer = async {
            match at_most {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.stop.cancelled() => {}
            command = self.commands.recv() => match command {
                Some(command) => self.obey(command),
                None => self.stop.cancel(),
            },
            () = self.clock.changed() => {}
            () = timer => {}
        }
    }

    /// Does what it is told. Whoever waited for an answer may be gone; that is no failure.
    fn obey(&mut self, command: Command) {
        match command {
            Command::Request(incoming, reply, hold) => {
                let outcome = self.exchange.request(&incoming);
                self.expect();
                let _ = reply.send(outcome);
                drop(hold);
            }
            Command::Admit(request, reply) => {
                let _ = reply.send(self.exchange.admit(&request));
            }
            Command::Open { endpoint, codec, is_observer, reply } => {
                let link = self.exchange.open(endpoint, codec, is_observer);
                if let Err(link) = reply.send(link) {
                    self.exchange.hub.closed(link.id, 0);
                }
            }
            Command::Said { id, is_text, bytes, hold } => {
                self.exchange.said(id, is_text, &bytes);
                drop(hold);
            }
            Command::TimedOut(id) => self.exchange.hub.timed_out(id),
            Command::Closed { id, written } => self.exchange.hub.closed(id, written),
            Command::WithBroker(act, hold) => {
                self.exchange.with_broker(act);
                self.expect();
                drop(hold);
            }
        }
    }

    /// Tells the clock what is next before anything that held time is let go.
    fn expect(&mut self) {
        let next = self.exchange.next_at();
        self.clock.expect(next);
    }
}
