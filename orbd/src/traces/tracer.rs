//! From what is committed to the collector, beside everything else: nobody waits for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::{self, error::RecvError, error::TryRecvError};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::OtelConfig;
use super::export::open;
use super::follow::Follower;
use super::over::Over;
use super::sender::Sender;
use crate::monitoring::{Exported, Meters, Outlet};
use crate::rpc::Handle;
use crate::store::Reader;
use crate::view::Update;

/// Signals that may wait to be read.
const ROOM: usize = 1024;
/// How long the end of the daemon waits for the last spans.
const FAREWELL: Duration = Duration::from_secs(2);

/// Makes traces until it is finished.
#[derive(Debug)]
pub(crate) struct Tracer {
    tasks: Option<(JoinHandle<()>, JoinHandle<()>)>,
    stop: CancellationToken,
}

impl Tracer {
    /// Follows what is committed from now on, where a collector is configured.
    ///
    /// What keeps it from sending is told in the log: traces never keep orb from trading.
    pub(crate) fn start(config: &OtelConfig, handle: &Handle) -> Self {
        let (stop, meters) = (CancellationToken::new(), handle.meters.clone());
        let Some(url) = &config.endpoint else { return Self { tasks: None, stop } };
        let exporter = match open(url, config.authority.as_deref()) {
            Ok(exporter) => exporter,
            Err(error) => {
                tracing::warn!(component = "Api", "no traces are sent: {error}");
                return Self { tasks: None, stop };
            }
        };
        let (sender, over) = mpsc::channel(ROOM);
        let follow = Follow {
            reader: handle.reader.clone(),
            follower: Follower::default(),
            over: sender,
            meters: meters.clone(),
        };
        let sender = Sender::new(exporter, over, meters.clone(), stop.clone());
        let follower = tokio::spawn(follow.run(handle.updates.subscribe(), stop.clone()));
        Self { tasks: Some((follower, tokio::spawn(sender.run()))), stop }
    }

    /// Sends what is still to be sent, within two seconds.
    pub(crate) async fn finish(self) {
        self.stop.cancel();
        let Some((follower, mut sender)) = self.tasks else { return };
        // It only takes what is there.
        let _ = follower.await;
        if tokio::time::timeout(FAREWELL, &mut sender).await.is_err() {
            sender.abort();
            // What it still has is counted as it goes.
            let _ = sender.await;
            tracing::warn!(component = "Api", "the last traces did not reach the collector");
        }
    }
}

/// Takes every update as it comes; each takes microseconds, so that none is missed.
struct Follow {
    reader: Reader,
    follower: Follower,
    over: mpsc::Sender<Over>,
    meters: Meters,
}

impl Follow {
    async fn run(mut self, mut updates: broadcast::Receiver<Arc<Update>>, stop: CancellationToken) {
        loop {
            let update = tokio::select! {
                biased;
                update = updates.recv() => update,
                () = stop.cancelled() => break,
            };
            match update {
                Ok(update) => self.take(&update),
                Err(RecvError::Lagged(_)) => self.follower.on_missed(),
                Err(RecvError::Closed) => break,
            }
        }
        // The engine has ended: what it committed last is there.
        loop {
            match updates.try_recv() {
                Ok(update) => self.take(&update),
                Err(TryRecvError::Lagged(_)) => self.follower.on_missed(),
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    fn take(&mut self, update: &Update) {
        for (id, trade) in self.follower.on_update(update) {
            let over = Over { id, trade, mode: update.view.ledger.environment, reader: self.reader.pinned() };
            if self.over.try_send(over).is_err() {
                self.meters.exported(Outlet::Spans, Exported::Dropped, 1);
            }
        }
    }
}
