//! Follows the board for one client: a snapshot or a resumption, updates, heartbeats, new snapshots after a loss.
//!
//! Nothing runs for a client and nothing waits for it: it is its connection that asks for the next message, when there
//! is room for one. What a slow client is behind by is the distance of its cursors from the end of the rings.

use std::{collections::VecDeque, future::Future, sync::Arc, time::Duration};

use orb_api::v1;
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};
use tokio_stream::Stream;
use tonic::Status;

use super::{board::Board, hub::Shared};
use crate::{rpc::convert, view::Ledger};

/// How long a stream is silent before it sends a heartbeat.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Makes the messages of one stream out of what is on the board.
pub(super) trait Source: Send + 'static {
    /// A message of the wire.
    type Message: Send + 'static;
    /// What it tells of topics.
    type News: Send;

    /// Goes on behind a sequence; tells whether that is possible without a gap.
    fn resume(&mut self, board: &Board, after: u64) -> bool;

    /// Notes which snapshots are due; tells whether any is.
    fn mark(&mut self, board: &Board) -> bool;

    /// Gets ready for the snapshots that are due.
    fn prepare(&mut self) -> impl Future<Output = Result<(), Status>> + Send;

    /// Appends what is new, in the order in which it is to be told.
    fn collect(&mut self, board: &Board, out: &mut Vec<Self::News>);

    /// Tells whether the board has more than was collected.
    fn is_behind(&self, board: &Board) -> bool;

    /// Returns the sequence up to which all has been collected.
    fn position(&self, board: &Board) -> u64;

    /// Makes a message.
    fn message(envelope: Envelope, event: Told<Self::News>) -> Self::Message;
}

/// Holds what every message says beside its event.
#[derive(Clone, Debug)]
pub(super) struct Envelope {
    pub(super) sequence: u64,
    pub(super) ledger_id: String,
    pub(super) server_time: Option<prost_types::Timestamp>,
    pub(super) stream_epoch: String,
}

/// Says what a message tells.
#[derive(Clone, Debug)]
pub(super) enum Told<N> {
    /// Something of a topic.
    News(N),
    /// Nothing new.
    Heartbeat(v1::Heartbeat),
    /// It goes on without a gap.
    Resumed(v1::Resumed),
    /// Other books from here on.
    LedgerChanged(v1::LedgerChanged),
}

/// Follows the board for one client.
#[derive(Debug)]
pub(super) struct Follower<S: Source> {
    shared: Arc<Shared>,
    news: watch::Receiver<u64>,
    source: S,
    /// Messages that are due, oldest first.
    due: VecDeque<S::Message>,
    /// The sequence of the last message.
    sequence: u64,
    ledger: Ledger,
    beat: Instant,
}

impl<S: Source> Follower<S> {
    /// Begins where `resume` says, if all that followed is still there, else with a snapshot.
    pub(super) fn new(
        shared: Arc<Shared>,
        news: watch::Receiver<u64>,
        source: S,
        resume: Option<&v1::ResumePoint>,
    ) -> Self {
        let ledger = shared.read().view.ledger.clone();
        let beat = Instant::now() + HEARTBEAT;
        let mut follower = Self { shared, news, source, due: VecDeque::new(), sequence: 0, ledger, beat };
        if let Some(point) = resume {
            follower.resume(point);
        }
        follower
    }

    /// Returns the messages; the stream ends after an error, and when the hub has ended.
    pub(super) fn into_stream(self) -> impl Stream<Item = Result<S::Message, Status>> + Send {
        futures_util::stream::unfold(Some(self), |follower| async {
            let mut follower = follower?;
            match follower.next().await? {
                Ok(message) => Some((Ok(message), Some(follower))),
                Err(status) => Some((Err(status), None)),
            }
        })
    }

    fn resume(&mut self, point: &v1::ResumePoint) {
        let shared = Arc::clone(&self.shared);
        let board = shared.read();
        if *point.stream_epoch == *board.epoch && self.source.resume(&board, point.sequence) {
            self.sequence = point.sequence;
            let resumed = v1::Resumed { after_sequence: point.sequence };
            self.tell(&board.epoch, Told::Resumed(resumed));
        }
    }

    /// Waits for the next message; `None` when there will be none.
    async fn next(&mut self) -> Option<Result<S::Message, Status>> {
        loop {
            if let Some(message) = self.due.pop_front() {
                self.beat = Instant::now() + HEARTBEAT;
                return Some(Ok(message));
            }
            // Before the board is read: what comes while it is read makes another round.
            self.news.mark_unchanged();
            match self.collect().await {
                Err(status) => return Some(Err(status)),
                Ok(true) => {}
                Ok(false) => tokio::select! {
                    biased;
                    news = self.news.changed() => news.ok()?,
                    () = sleep_until(self.beat) => self.tell_beat(),
                },
            }
        }
    }

    /// Makes messages of what is new; tells whether to look again before waiting.
    async fn collect(&mut self) -> Result<bool, Status> {
        let is_due = self.source.mark(&self.shared.read());
        if is_due {
            self.source.prepare().await?;
        }
        let shared = Arc::clone(&self.shared);
        let board = shared.read();
        let ledger = (board.view.ledger != self.ledger).then(|| board.view.ledger.clone());
        if let Some(ledger) = ledger {
            let changed = v1::LedgerChanged { ledger: Some(convert::ledger(&ledger)) };
            self.ledger = ledger;
            self.tell(&board.epoch, Told::LedgerChanged(changed));
        }
        let mut news = Vec::new();
        self.source.collect(&board, &mut news);
        let count = news.len();
        for (index, event) in news.into_iter().enumerate() {
            // Only the last one says that all up to the sequence was told: a client that loses the connection in
            // between is told again.
            if index + 1 == count {
                self.sequence = self.source.position(&board);
            }
            self.tell(&board.epoch, Told::News(event));
        }
        Ok(!self.due.is_empty() || self.source.is_behind(&board))
    }

    fn tell_beat(&mut self) {
        let shared = Arc::clone(&self.shared);
        let board = shared.read();
        let beat = v1::Heartbeat { engine_time: board.view.now.map(convert::instant) };
        self.tell(&board.epoch, Told::Heartbeat(beat));
    }

    fn tell(&mut self, epoch: &str, event: Told<S::News>) {
        let envelope = Envelope {
            sequence: self.sequence,
            ledger_id: self.ledger.id.to_string(),
            server_time: Some(convert::instant(convert::wall_clock())),
            stream_epoch: epoch.to_owned(),
        };
        self.due.push_back(S::message(envelope, event));
    }
}
