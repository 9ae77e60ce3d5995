//! From what is committed to the channels, beside everything else: nobody waits for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::{self, error::RecvError, error::TryRecvError};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::channel::Channel;
use super::config::ChannelConfig;
use super::follow::Follower;
use super::lane::Lane;
use super::notice::Notice;
use crate::monitoring::Meters;
use crate::view::Update;

/// How long the end of the daemon waits for the last messages.
const FAREWELL: Duration = Duration::from_secs(3);

/// Gives notices to every channel that wants them; clones give to the same ones. Waits for nothing.
#[derive(Clone, Debug, Default)]
pub struct Teller {
    lanes: Vec<Lane>,
}

impl Teller {
    /// Tells one thing that is committed.
    pub fn tell(&self, notice: &Notice) {
        self.lanes.iter().for_each(|lane| lane.tell(notice));
    }
}

/// Tells the channels what happens, until it is finished.
#[derive(Debug)]
pub(crate) struct Notifier {
    teller: Teller,
    tasks: Vec<JoinHandle<()>>,
    follower: Option<JoinHandle<()>>,
    stop: CancellationToken,
}

impl Notifier {
    /// Starts a task for each channel, and one that follows what is committed from now on.
    ///
    /// Only what comes after this call is told, and what was in force before is told as such: a restart repeats nothing.
    /// A channel that cannot be used is told in the log and left out: notices never keep orb from trading.
    pub(crate) fn start(
        channels: &[ChannelConfig],
        updates: broadcast::Receiver<Arc<Update>>,
        after_crash: bool,
        meters: &Meters,
    ) -> Self {
        let (mut teller, mut tasks, stop) = (Teller::default(), Vec::new(), CancellationToken::new());
        for config in channels {
            match Channel::open(config) {
                Ok(channel) => {
                    let (lane, task) = Lane::open(channel, meters);
                    teller.lanes.push(lane);
                    tasks.push(tokio::spawn(task));
                }
                Err(error) => {
                    let name = &config.name;
                    tracing::warn!(component = "Api", channel = name, "the channel {name} is left out: {error}");
                }
            }
        }
        let follow = follow(updates, Follower::new(after_crash), teller.clone(), stop.clone());
        let follower = (!teller.lanes.is_empty()).then(|| tokio::spawn(follow));
        Self { teller, tasks, follower, stop }
    }

    /// Returns what tells the channels of what is committed elsewhere.
    pub(crate) fn teller(&self) -> Teller {
        self.teller.clone()
    }

    /// Tells what is still to be told and a last notice, within a few seconds; what did not go out by then is counted.
    pub(crate) async fn finish(self, last: &Notice) {
        self.stop.cancel();
        if let Some(follower) = self.follower {
            // It only takes what is there.
            let _ = follower.await;
        }
        self.teller.tell(last);
        self.teller.lanes.iter().for_each(Lane::end);
        let deadline = tokio::time::Instant::now() + FAREWELL;
        for mut task in self.tasks {
            if tokio::time::timeout_at(deadline, &mut task).await.is_err() {
                task.abort();
                let _ = task.await;
            }
        }
        self.teller.lanes.iter().for_each(Lane::give_up);
    }
}

/// Takes every update as it comes; each takes microseconds, so that none is missed.
async fn follow(
    mut updates: broadcast::Receiver<Arc<Update>>,
    mut follower: Follower,
    teller: Teller,
    stop: CancellationToken,
) {
    let tell = |notices: Vec<Notice>| notices.iter().for_each(|notice| teller.tell(notice));
    loop {
        let update = tokio::select! {
            biased;
            update = updates.recv() => update,
            () = stop.cancelled() => break,
        };
        match update {
            Ok(update) => tell(follower.on_update(&update)),
            Err(RecvError::Lagged(missed)) => tell(follower.on_missed(missed)),
            Err(RecvError::Closed) => break,
        }
    }
    // The engine has ended: what it committed last is there.
    loop {
        match updates.try_recv() {
            Ok(update) => tell(follower.on_update(&update)),
            Err(TryRecvError::Lagged(missed)) => tell(follower.on_missed(missed)),
            Err(TryRecvError::Empty | TryRecvError::Closed) => return,
        }
    }
}
