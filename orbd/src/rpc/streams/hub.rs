//! Brings what the engine publishes onto the board: one task, whatever the number of clients.
//!
//! The engine's thread wakes this task and no other, and shares no lock with anything that a client can hold.

use std::{
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use orb_core::Timestamp;
use tokio::{
    sync::{broadcast, watch},
    time::{MissedTickBehavior, interval_at, sleep},
};
use tonic::Status;

use super::board::Board;
use crate::{
    rpc::{Handle, records},
    store::EquityRow,
    view::{LogView, SessionView, Update, View},
};

/// Shortest time between two batches: what changes in between comes as one.
const SPACING: Duration = Duration::from_millis(20);
/// Time between two beats, which bring what prices move.
const BEAT: Duration = Duration::from_secs(1);

/// The board, as its hub and its readers share it.
#[derive(Debug)]
pub(super) struct Shared {
    board: RwLock<Board>,
}

impl Shared {
    /// Looks at the board. Nothing may be waited for meanwhile.
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Board> {
        // A panic within a batch leaves numbers and entries in order, and the next batch brings the newest state.
        self.board.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Board> {
        self.board.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps the board.
#[derive(Debug)]
pub(super) struct Hub {
    handle: Handle,
    shared: Arc<Shared>,
    updates: broadcast::Receiver<Arc<Update>>,
    lines: broadcast::Receiver<Arc<LogView>>,
    /// Tells readers that there is something new.
    news: watch::Sender<u64>,
    /// The books whose recorded equity is on the board; `None` before the first.
    recorded: Option<Arc<str>>,
}

impl Hub {
    /// Makes a hub over the newest view, which misses nothing that comes after it.
    pub(super) fn new(handle: Handle, epoch: Arc<str>) -> (Self, Arc<Shared>, watch::Receiver<u64>) {
        // Subscribed before the view is taken: what comes in between is left out by its sequence.
        let (updates, lines) = (handle.updates.subscribe(), handle.logs.subscribe());
        let board = Board::new(epoch, handle.current());
        let shared = Arc::new(Shared { board: RwLock::new(board) });
        let (news, readers) = watch::channel(0);
        (Self { handle, shared: Arc::clone(&shared), updates, lines, news, recorded: None }, shared, readers)
    }

    /// Keeps the board until the engine has gone.
    pub(super) async fn run(mut self) {
        self.take_recorded().await;
        let first = Arc::clone(&self.shared.read().view);
        let mut beat = interval_at(tokio::time::Instant::now() + BEAT, BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                update = self.updates.recv() => {
                    if !self.take(update, |update| is_after(update, &first)) {
                        return;
                    }
                    self.take_recorded().await;
                    self.tell();
                    sleep(SPACING).await;
                }
                line = self.lines.recv() => {
                    self.take_lines(line);
                    self.tell();
                }
                _ = beat.tick() => {
                    if self.handle.view.has_changed().is_err() {
                        return;
                    }
                    self.shared.write().beat();
                    self.tell();
                }
            }
        }
    }

    /// Takes all that waits as one batch; `false` when nothing can come any more.
    fn take(
        &mut self,
        first: Result<Arc<Update>, broadcast::error::RecvError>,
        is_new: impl Fn(&Arc<Update>) -> bool,
    ) -> bool {
        use broadcast::error::{RecvError, TryRecvError};
        let mut batch = Vec::new();
        let mut lost = 0;
        match first {
            Ok(update) => batch.extend(is_new(&update).then_some(update)),
            Err(RecvError::Lagged(count)) => lost += count,
            Err(RecvError::Closed) => return false,
        }
        loop {
            match self.updates.try_recv() {
                Ok(update) => batch.extend(is_new(&update).then_some(update)),
                Err(TryRecvError::Lagged(count)) => lost += count,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        if lost == 0 {
            self.shared.write().take(&batch);
        } else {
            let newest = batch.last().map_or_else(|| self.handle.current(), |update| Arc::clone(&update.view));
            self.shared.write().skip_to(newest, lost);
        }
        true
    }

    fn take_lines(&mut self, first: Result<Arc<LogView>, broadcast::error::RecvError>) {
        use broadcast::error::{RecvError, TryRecvError};
        let mut next = match first {
            Ok(line) => Ok(line),
            Err(RecvError::Lagged(count)) => Err(TryRecvError::Lagged(count)),
            Err(RecvError::Closed) => Err(TryRecvError::Closed),
        };
        let mut board = self.shared.write();
        loop {
            match next {
                Ok(line) => board.take_line(line),
                Err(TryRecvError::Lagged(count)) => board.lose_lines(count),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
            next = self.lines.try_recv();
        }
    }

    /// Takes the equity of the session that was recorded before this engine began: once for each change of the books,
    /// when their engine has shown where it is.
    async fn take_recorded(&mut self) {
        let view = Arc::clone(&self.shared.read().view);
        let Some(now) = view.now.filter(|_| self.recorded.as_ref() != Some(&view.ledger.id)) else { return };
        if *self.handle.reader.ledger_id() != *view.ledger.id {
            return;
        }
        self.recorded = Some(Arc::clone(&view.ledger.id));
        match self.equity_until(view.session, now).await {
            Ok(points) if points.is_empty() => {}
            Ok(points) => self.shared.write().take_recorded(points),
            Err(error) => {
                tracing::warn!(component = "Api", "the session's equity begins with this start: {}", error.message());
            }
        }
    }

    async fn equity_until(&self, session: Option<SessionView>, now: Timestamp) -> Result<Vec<EquityRow>, Status> {
        let Some(session) = session else { return Ok(Vec::new()) };
        records::read(&self.handle.reader, move |reader| reader.equity(session.open, now)).await
    }

    fn tell(&self) {
        self.news.send_modify(|round| *round += 1);
    }
}

/// Tells whether an update is of after a view. Other books count their own sequences.
fn is_after(update: &Update, first: &Arc<View>) -> bool {
    let is_newer = update.view.ledger != first.ledger || update.sequence >= first.sequence;
    is_newer && !Arc::ptr_eq(&update.view, first)
}
