//! What a topic is, and where one client stands in it.

use std::{
    future::{Future, ready},
    sync::Arc,
};

use orb_api::v1;
use tonic::Status;

use super::{
    board::Board,
    ring::{Cursor, Ring},
};

/// Says what a client is told of one topic, for its filter.
pub(super) trait Topic: Send + 'static {
    /// What the board keeps of each change.
    type Entry: Send + Sync + 'static;
    /// The whole.
    type Snapshot: Send;
    /// What changed.
    type Update: Send;
    /// Entries that one update takes, at most.
    const ENTRIES_MAX: usize = usize::MAX;

    /// Returns the changes of this topic.
    fn ring(board: &Board) -> &Ring<Self::Entry>;

    /// Returns the whole as it is on the board; `entries` came while [`prepare`](Self::prepare) ran.
    fn snapshot(&mut self, board: &Board, entries: &[Arc<Self::Entry>], loss: Loss) -> Self::Snapshot;

    /// Returns what entries tell this client, oldest first, as one; `None` when they are not for it.
    fn update(&mut self, board: &Board, entries: &[Arc<Self::Entry>]) -> Option<Self::Update>;

    /// Gets ready for a snapshot what is not on the board.
    fn prepare(&mut self) -> impl Future<Output = Result<(), Status>> + Send {
        ready(Ok(()))
    }

    /// Notes that an earlier stream has told the client all up to a sequence.
    fn on_resume(&mut self, _after: u64) {}
}

/// Tells of messages that a snapshot replaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Loss {
    /// How many the client was too slow for.
    pub(super) dropped: u64,
}

impl Loss {
    /// Tells whether there were any.
    pub(super) const fn is_some(self) -> bool {
        self.dropped > 0
    }
}

/// Is told of a topic.
#[derive(Debug)]
pub(super) enum News<T: Topic> {
    /// The whole.
    Snapshot(T::Snapshot),
    /// What changed.
    Update(T::Update),
}

/// Holds where one client stands in one topic.
#[derive(Debug)]
pub(super) struct Subscription<T> {
    topic: T,
    /// The place up to which the client was told; `None` before its first snapshot.
    told: Option<Cursor>,
    /// The snapshot that is due, and the place from which on entries may be missing in what is being prepared for it.
    due: Option<(Loss, Cursor)>,
}

impl<T: Topic> Subscription<T> {
    /// Makes the subscription of a client that knows nothing.
    pub(super) const fn new(topic: T) -> Self {
        Self { topic, told: None, due: None }
    }

    /// Goes on behind a sequence; tells whether that is possible without a gap.
    pub(super) fn resume(&mut self, board: &Board, after: u64) -> bool {
        self.told = T::ring(board).after(after);
        if self.told.is_some() {
            self.topic.on_resume(after);
        }
        self.told.is_some()
    }

    /// Begins with a snapshot after all.
    pub(super) const fn start_over(&mut self) {
        self.told = None;
    }

    /// Notes whether a snapshot is due; then [`prepare`](Self::prepare) comes first.
    pub(super) fn mark(&mut self, board: &Board) -> bool {
        let ring = T::ring(board);
        let dropped = self.told.map_or(Some(0), |told| ring.lost(told));
        self.due = dropped.map(|dropped| (Loss { dropped }, ring.end()));
        self.due.is_some()
    }

    /// Gets ready for the snapshot that is due; does nothing where none is.
    pub(super) async fn prepare(&mut self) -> Result<(), Status> {
        if self.due.is_some() { self.topic.prepare().await } else { Ok(()) }
    }

    /// Returns what is new, and counts it as told; `None` when nothing is, or when it must be marked again.
    pub(super) fn collect(&mut self, board: &Board) -> Option<News<T>> {
        let ring = T::ring(board);
        match self.due.take() {
            Some((loss, since)) => {
                let (entries, end) = ring.read(since, usize::MAX)?;
                self.told = Some(end);
                Some(News::Snapshot(self.topic.snapshot(board, &entries, loss)))
            }
            None => {
                let (entries, end) = ring.read(self.told?, T::ENTRIES_MAX)?;
                self.told = Some(end);
                if entries.is_empty() { None } else { self.topic.update(board, &entries).map(News::Update) }
            }
        }
    }

    /// Tells whether the board has more than was told.
    pub(super) fn is_behind(&self, board: &Board) -> bool {
        self.told != Some(T::ring(board).end())
    }

    /// Returns the topic.
    pub(super) const fn topic(&self) -> &T {
        &self.topic
    }
}

/// Selects by ticker and strategy; an empty list lets all pass.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    symbols: Vec<String>,
    strategies: Vec<String>,
}

impl Names {
    /// Reads the lists of a request.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when one holds what is no ticker or no name.
    pub(super) fn read(symbols: &[String], strategies: &[String]) -> Result<Self, Status> {
        use crate::rpc::validate;
        Ok(Self { symbols: validate::symbols(symbols)?, strategies: validate::strategies(strategies)? })
    }

    /// Tells whether a row is selected.
    pub(super) fn pass(&self, symbol: &str, strategy: &str) -> bool {
        let among = |list: &[String], name: &str| list.is_empty() || list.iter().any(|known| known == name);
        among(&self.symbols, symbol) && among(&self.strategies, strategy)
    }
}

/// Returns the books that a board is of, for a snapshot.
pub(super) fn ledger(board: &Board) -> Option<v1::Ledger> {
    Some(crate::rpc::convert::ledger(&board.view.ledger))
}
